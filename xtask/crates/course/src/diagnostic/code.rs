//! Every kind of problem that the workshop can name. A code is a promise: hints, tests and other people's scripts look
//! it up.

/// Defines the enum and the single table that everything else about codes is read from.
macro_rules! codes {
    ($($variant:ident = $name:literal: $meaning:literal,)*) => {
        /// A kind of problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $variant,)*
        }

        impl Code {
            /// Every code, the most important first: what stops Cargo, what does nothing, what is not enough.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name that people see, such as `profile/wrong-table`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it means, in one or two sentences.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

codes! {
    ManifestSyntax = "manifest/syntax":
        "The manifest can't be read: it is missing, isn't valid TOML, or names no package.",
    DuplicateKey = "profile/duplicate-key":
        "A setting or a table appears twice in the manifest. TOML allows each only once, and Cargo rejects the file.",
    WrongType = "profile/wrong-type":
        "The value has the wrong type: text without quotes, a number in quotes, true or false in quotes.",
    ReservedName = "profile/reserved-name":
        "Cargo reserves this name, so a profile can't have it.",
    NoInherits = "profile/no-inherits":
        "A custom profile must name the profile that it starts from: `inherits = \"release\"`.",
    InheritsCycle = "profile/inherits-cycle":
        "Profiles inherit from each other in a cycle, so none of them has a starting point.",
    UnknownTable = "profile/unknown-table":
        "Cargo doesn't know the table's name, or the table defines a profile that no build uses, because its name is misspelled.",
    IgnoredInMember = "profile/ignored-in-member":
        "The manifest is a member of a workspace. Cargo reads `[profile]` only in the workspace's root manifest, and here it only warns.",
    MisspelledKey = "profile/misspelled-key":
        "Cargo doesn't know this key. It only warns that the key is unused, and builds without the setting.",
    WrongTable = "profile/wrong-table":
        "The settings are in a table where they have no effect, or aren't allowed.",
    OverriddenByEnv = "profile/overridden-by-env":
        "In your own builds, an environment variable overrides the manifest. The check ignores the variable.",
    OverriddenByConfig = "profile/overridden-by-config":
        "In your own builds, one of Cargo's configuration files overrides the manifest. The check ignores that file's setting.",
    OtherToolchain = "toolchain/not-pinned":
        "The check was started with a rustc release other than the workshop's pinned one.",
    DiffersAtRustc = "profile/differs-at-rustc":
        "Cargo called rustc with a different setting than the manifest, the environment and the configuration specify.",
    WrongValue = "profile/wrong-value":
        "The setting's value isn't valid, or isn't one that the exercise needs.",
    MissingSetting = "profile/missing-setting":
        "The profile doesn't set this, so Cargo's default applies.",
    OtherFileChanged = "edits/other-file-changed":
        "You changed a file that isn't part of the exercise. Grading uses the original.",
    ImageSyntax = "image/syntax":
        "The Containerfile can't be read: it is missing, or has a line that the check doesn't understand.",
    ImageBase = "image/base":
        "The last stage starts from an image that has files of its own, or the file has only one stage.",
    ImageNotTheProgram = "image/not-the-program":
        "The last stage copies something other than the program, or doesn't copy the program from where Cargo put it.",
    ImageShell = "image/shell":
        "The image can't start the program, or doesn't start just the program: it uses a shell, a wrong path, or extra arguments, or the program isn't executable.",
    ImageUser = "image/user":
        "The program would run as root or in root's group, or as a user given by name, and an empty image has no user names.",
    ImageBuild = "image/build":
        "A container engine couldn't build the stages: Cargo, a file that it needs, a target, or a folder is missing, or a line fails for a different reason.",
    ImageNotFollowed = "image/not-followed":
        "The check can't work out what a line does, or doesn't know what is in an image.",
    ImageFlags = "image/flags":
        "The Containerfile builds with flags or a profile that the check doesn't accept.",
    StdSettings = "std/settings":
        "std's settings file can't be read, or has a setting that Cargo wouldn't follow or the check doesn't accept.",
    AnswersSyntax = "answer/syntax":
        "answers.toml can't be read: it is missing, isn't valid TOML, or has a list or a table in place of an answer.",
    AnswerMissing = "answer/missing":
        "A question in answers.toml has no answer yet, or its name is misspelled.",
    AnswerNotANumber = "answer/not-a-number":
        "The answer isn't a number in a form that the check understands, such as 24371, \"23.8KiB\", \"9.2%\", or \"main.rs:12\" for a line.",
    BuildFailed = "build/failed":
        "Cargo or rustc couldn't build the program. Their error messages are shown in full.",
    BuildTimeout = "build/timeout":
        "The build took too long and was stopped.",
    BuildWarning = "build/warning":
        "Cargo or rustc printed a warning.",
    RunTimeout = "run/timeout":
        "The program didn't exit on its own, and was stopped.",
    RunOutputLimit = "run/output-limit":
        "The program printed too much and was stopped.",
    RunCrashed = "run/crashed":
        "A signal ended the program, such as the signal that an abort raises.",
    OutputDiffers = "output/differs":
        "The program's output or exit code is no longer what it was before.",
    SizeNotSmallEnough = "size/not-small-enough":
        "The executable isn't as small as the exercise requires.",
    SizeGrew = "size/grew":
        "The executable is larger than the build that it is compared with.",
    TooSlow = "speed/too-slow":
        "The program takes more instructions or more time than the exercise allows, compared with a fast build.",
    PanicAborts = "panic/aborts-but-must-unwind":
        "A panic ends the process at once, but the exercise requires a program that survives the panic or ends in its own way.",
    PanicUnwinds = "panic/unwinds-but-should-abort":
        "A panic unwinds the stack, but the exercise requires a program that ends at once.",
    PanicSilent = "panic/no-message":
        "A panic no longer prints its message and source location, or prints something different.",
    NotStripped = "binary/not-stripped":
        "The executable still has a symbol table.",
    NoSymbols = "binary/no-symbols":
        "The executable has no symbol table, but the exercise requires one.",
    WrongSections = "binary/wrong-sections":
        "The executable has a section that it shouldn't have, or lacks a section that it needs.",
    DynamicallyLinked = "binary/dynamically-linked":
        "The executable needs a loader or shared libraries that won't be there.",
    NotATwin = "binary/different-code":
        "Two builds that should have the same machine code don't.",
    DependencyNotAllowed = "dependency/not-allowed":
        "The exercise doesn't allow this crate, this version of it, or this source for it.",
    DependencyMissing = "dependency/missing":
        "A crate that the exercise requires isn't compiled.",
    DependencyFeature = "dependency/feature":
        "A crate is compiled with a feature that the exercise doesn't allow.",
    BudgetMissing = "budget/missing":
        "The manifest has no size budget, or the budget or its baseline is missing something that the exercise requires.",
    BudgetMalformed = "budget/malformed":
        "The size budget or its baseline can't be used: a key, a unit, or a value is wrong.",
    BudgetExceeded = "budget/exceeded":
        "The executable is larger than its own manifest allows.",
    BudgetSlack = "budget/slack":
        "The budget wouldn't catch growth: it allows much more than the executable's size, or compares with an old baseline.",
    AnswerWrong = "answer/wrong":
        "The answer is wrong: it doesn't match what the check measured, or it's too short.",
}

impl Code {
    /// The code with this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_again_and_given_once() {
        for &code in Code::ALL {
            assert_eq!(Code::of(code.name()), Some(code));
            assert!(code.meaning().ends_with('.'), "{}", code.name());
        }
        assert_eq!(Code::of("profile/no-such-code"), None);
    }
}
