//! Every kind of problem that the workshop can name. A code is a promise: hints, tests and other people's scripts ask
//! for it.

/// Makes the enum and the one table that everything else about codes is read from.
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
        "The manifest cannot be read: it is missing, isn't valid TOML, or names no package.",
    DuplicateKey = "profile/duplicate-key":
        "A setting or a table appears twice in the manifest. TOML allows each one once, and Cargo refuses the file.",
    WrongType = "profile/wrong-type":
        "The value has the wrong type: text without quotes, a number in quotes, true or false in quotes.",
    ReservedName = "profile/reserved-name":
        "Cargo keeps this name for itself: no profile may be called so.",
    NoInherits = "profile/no-inherits":
        "A profile of your own must say which one it starts from: `inherits = \"release\"`.",
    InheritsCycle = "profile/inherits-cycle":
        "Profiles inherit from each other in a circle, so none of them has a beginning.",
    UnknownTable = "profile/unknown-table":
        "A table whose name Cargo does not know, or a profile that nobody builds, because its name is misspelled.",
    IgnoredInMember = "profile/ignored-in-member":
        "The manifest is a member of a workspace. Cargo reads `[profile]` in the workspace's root only, and just warns.",
    MisspelledKey = "profile/misspelled-key":
        "A key that Cargo does not know. It only warns that the key is unused, and builds without the setting.",
    WrongTable = "profile/wrong-table":
        "The settings stand in a table that this build does not read.",
    OverriddenByEnv = "profile/overridden-by-env":
        "An environment variable wins over the manifest in your own builds. A check sets it aside.",
    OverriddenByConfig = "profile/overridden-by-config":
        "One of Cargo's configuration files wins over the manifest in your own builds. A check sets it aside.",
    OtherToolchain = "toolchain/not-pinned":
        "The check was started with a different release of rustc than the one that the workshop is pinned to.",
    DiffersAtRustc = "profile/differs-at-rustc":
        "rustc was called with another setting than the manifest, the environment and the configuration ask for.",
    WrongValue = "profile/wrong-value":
        "The setting has a value that does not exist, or one that does not do what the exercise asks for.",
    MissingSetting = "profile/missing-setting":
        "The profile does not set this, so Cargo's default holds.",
    OtherFileChanged = "edits/other-file-changed":
        "A file was changed that the exercise does not ask you to change. Grading takes the original one.",
    ImageSyntax = "image/syntax":
        "The Containerfile cannot be read: it is missing, or has a line that is not understood.",
    ImageBase = "image/base":
        "The last stage starts from an image that brings files of its own, or the file has one stage only.",
    ImageNotTheProgram = "image/not-the-program":
        "The last stage gets something else than the program, or not the program from where Cargo has put it.",
    ImageShell = "image/shell":
        "The program can't be started, or isn't started alone: through a shell, by another path, with arguments, or without permission.",
    ImageUser = "image/user":
        "The program would run as root or in root's group, or as a user by name, and an empty image knows no names.",
    ImageBuild = "image/build":
        "An engine can't build the stages: Cargo, its files, a target or a folder isn't there, or a line fails for another reason.",
    ImageNotFollowed = "image/not-followed":
        "The check can't work out what a line does, or doesn't know what an image holds.",
    ImageFlags = "image/flags":
        "The Containerfile builds with flags or a profile that the check does not take.",
    StdSettings = "std/settings":
        "The file of settings for std can't be read, or has one that Cargo wouldn't follow or the check doesn't take.",
    AnswersSyntax = "answer/syntax":
        "answers.toml can't be read: it is missing, isn't valid TOML, or has a list or a table where an answer goes.",
    AnswerMissing = "answer/missing":
        "A question of answers.toml has no answer yet, or its name is misspelled.",
    AnswerNotANumber = "answer/not-a-number":
        "The answer isn't a number in a form that is understood, such as 24371, \"23.8KiB\", \"9.2%\", or \"main.rs:12\" for a line.",
    BuildFailed = "build/failed":
        "Cargo or rustc refused the build. Their own words are shown whole.",
    BuildTimeout = "build/timeout":
        "The build was ended because it took too long.",
    BuildWarning = "build/warning":
        "Cargo or rustc warned.",
    RunTimeout = "run/timeout":
        "The program was ended because it did not end by itself.",
    RunOutputLimit = "run/output-limit":
        "The program was ended because it printed too much.",
    RunCrashed = "run/crashed":
        "The program was ended by a signal, such as the one of an abort.",
    OutputDiffers = "output/differs":
        "The program no longer prints or returns what it did before.",
    SizeNotSmallEnough = "size/not-small-enough":
        "The executable is not as much smaller as the exercise asks for.",
    SizeGrew = "size/grew":
        "The executable is larger than the one that it is compared with.",
    TooSlow = "speed/too-slow":
        "The program takes more instructions, or longer, than the exercise allows for a fast one.",
    PanicAborts = "panic/aborts-but-must-unwind":
        "A panic ends the process at once, and the exercise asks for a program that lives on or ends in its own way.",
    PanicUnwinds = "panic/unwinds-but-should-abort":
        "A panic unwinds the stack, and the exercise asks for a program that ends at once.",
    PanicSilent = "panic/no-message":
        "A panic no longer prints its message and the place in the source, or prints a different one.",
    NotStripped = "binary/not-stripped":
        "The executable still has a symbol table.",
    NoSymbols = "binary/no-symbols":
        "The executable has no symbol table, and the exercise asks for one.",
    WrongSections = "binary/wrong-sections":
        "The executable has a section that it should not have, or lacks one.",
    DynamicallyLinked = "binary/dynamically-linked":
        "The executable asks for a loader or for shared libraries that will not be there.",
    NotATwin = "binary/different-code":
        "Two builds that should have the same machine code have not.",
    DependencyNotAllowed = "dependency/not-allowed":
        "A crate, a version of it, or a way to get it that the exercise does not allow.",
    DependencyMissing = "dependency/missing":
        "A crate is not compiled that the exercise asks for.",
    DependencyFeature = "dependency/feature":
        "A crate is compiled with a feature that the exercise asks you to do without.",
    BudgetMissing = "budget/missing":
        "The manifest says nothing about how large the program may become, or the budget or its saved baseline lacks something that the exercise requires.",
    BudgetMalformed = "budget/malformed":
        "The size budget in the manifest is not understood: an unknown key, a unit that does not exist, a limit of nothing.",
    BudgetExceeded = "budget/exceeded":
        "The executable is larger than its own manifest allows.",
    BudgetSlack = "budget/slack":
        "The budget would not notice that the program grows: it allows much more than the executable is, or compares with an old baseline.",
    AnswerWrong = "answer/wrong":
        "The answer is not what was measured just now.",
}

impl Code {
    /// The code of this name.
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
