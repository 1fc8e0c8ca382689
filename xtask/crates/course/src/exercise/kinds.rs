//! The kinds of goal, as exercise.toml writes them. A new kind is one variant here, and one file in `check/`.

mod truth;

pub use truth::*;

use super::inputs;
use base::numbers::Percent;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// How a goal is judged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The effective settings of a profile.
    Profile(Profile),
    /// What the program prints and returns.
    Output(Output),
    /// Bytes of one build against another.
    Size(Size),
    /// A key of answers.toml.
    Answer(Answer),
    /// What Cargo and rustc warn about.
    Warnings(Warnings),
    /// What is in the executable's file.
    Binary(Binary),
    /// How a run that panics ends.
    Panic(Panic),
    /// The crates and features that are compiled.
    Dependencies(Dependencies),
    /// Two builds with the same machine code.
    SameCode(SameCode),
    /// The work of one build against another.
    Speed(Speed),
    /// What a Containerfile makes.
    Image(Image),
    /// The size budget in the learner's manifest.
    Budget(Budget),
}

/// The settings of a profile that the manifest makes effective, after inheritance.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// The profile's name, such as `release`.
    pub profile: String,
    /// For each setting the values that are right.
    pub(crate) want: BTreeMap<Spanned<String>, Vec<toml::Value>>,
    /// For numeric settings, the largest right value.
    #[serde(default)]
    pub(crate) at_most: BTreeMap<Spanned<String>, i64>,
}

/// Standard output, standard error and exit code, whole, against another build of the same run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Output {
    /// The build that is judged.
    pub build: Spanned<String>,
    /// The build that does the right thing.
    pub same_as: Spanned<String>,
    /// How many inputs are made from the templates.
    #[serde(default)]
    pub(crate) cases: u32,
    /// Arguments with placeholders; see `inputs`.
    #[serde(default)]
    pub(crate) args: Vec<Spanned<String>>,
    /// Standard input with placeholders.
    #[serde(default)]
    pub(crate) stdin: Option<Spanned<String>>,
    /// Further inputs, as they are.
    #[serde(default)]
    pub(crate) fixed: Vec<inputs::Fixed>,
    /// How the program can be called: inputs of many shapes are made from it, different ones for each graded submission.
    #[serde(default)]
    pub interface: Option<Box<inputs::Interface>>,
    /// Arguments that only the judged build gets, before all others, such as a tool's name where the program contains
    /// several.
    #[serde(default)]
    pub(crate) first: Vec<String>,
    /// The name under which the judged build is started, as if it were installed under it.
    #[serde(default)]
    pub(crate) called: Option<Spanned<String>>,
}

/// Bytes of one build against another build of the same run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Size {
    /// The build that is judged.
    pub build: Spanned<String>,
    /// The build that it is compared with.
    pub against: Spanned<String>,
    /// Builds whose bytes are added to `against`'s.
    #[serde(default)]
    pub(crate) plus: Vec<Spanned<String>>,
    /// By how many percent it must be smaller.
    pub(crate) shrink_percent: Percent,
    /// The machine code instead of the file: everything that can be executed, whatever its section is called. What the rest
    /// of the file grows by counts as well, or code could become data.
    #[serde(default)]
    pub(crate) code: bool,
    /// The container image that contains only the file, as it is pulled, instead of the file.
    #[serde(default)]
    pub(crate) image: bool,
}

/// A key of answers.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    /// The key in answers.toml.
    pub key: String,
    /// What makes it right.
    pub truth: Truth,
    /// What to say about a wrong answer that deserves a comment.
    #[serde(default)]
    pub(crate) told: BTreeMap<String, String>,
}

/// What Cargo and rustc warn about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Warnings {
    /// The build.
    pub(crate) build: Spanned<String>,
}

/// What is in the executable's file. What isn't named may be either way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Binary {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// Whether it has a symbol table: `true` some symbols, `false` none.
    #[serde(default)]
    pub(crate) symbols: Option<bool>,
    /// Whether it names a dynamic loader; without one it runs in an empty folder.
    #[serde(default)]
    pub(crate) interpreter: Option<bool>,
    /// The shared libraries that it may need.
    #[serde(default)]
    pub(crate) libraries: Option<Vec<String>>,
    /// Sections that it must have.
    #[serde(default)]
    pub(crate) sections: Vec<String>,
    /// Sections that it must not have.
    #[serde(default)]
    pub(crate) no_sections: Vec<String>,
}

/// How a run that panics ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Panic {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// How it must end.
    pub(crate) ends: Ends,
    /// The exit code of a run that unwinds; any if none is set. Where the run must abort: the code, besides 101, that
    /// shows that a program has caught its panic.
    #[serde(default)]
    pub(crate) exit: Option<i32>,
    /// The arguments that make it panic.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// The standard input that makes it panic.
    #[serde(default)]
    pub(crate) stdin: String,
    /// The build whose panic message this one's must match: the same place, and the same message.
    #[serde(default)]
    pub(crate) same_message_as: Option<Spanned<String>>,
}

/// How a panic ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ends {
    /// The stack is unwound; the program may catch it, or end with an exit code.
    Unwinds,
    /// The process is ended at once, by a signal.
    Aborts,
}

/// The crates and features that are compiled for the program, with what its proc macros and build scripts need.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Dependencies {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// Crates that must be there.
    #[serde(default)]
    pub(crate) present: Vec<String>,
    /// Crates that must not.
    #[serde(default)]
    pub(crate) absent: Vec<String>,
    /// For each crate the features that it may have.
    #[serde(default)]
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// Two builds with the same machine code, so that what is known about one holds for the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SameCode {
    /// The build that is judged.
    pub(crate) build: Spanned<String>,
    /// The build that it must be the twin of.
    pub(crate) same_as: Spanned<String>,
}

/// The work of one run of a build against the same run of another one: counted in instructions where there is valgrind,
/// otherwise by time. Never against a stored number of seconds.
///
/// A program can tell that it is counted, and can stop newer versions of the counter. So this is for exercises in which
/// learners don't write what runs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Speed {
    /// The build that is judged.
    pub build: Spanned<String>,
    /// The build that it is compared with.
    pub against: Spanned<String>,
    /// How many percent of the other one's instructions it may take.
    pub(crate) at_most_percent: Spanned<Percent>,
    /// The arguments of the run.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// Its standard input.
    #[serde(default)]
    pub(crate) stdin: String,
    /// How it is judged where nothing counts instructions.
    pub(crate) by_time: ByTime,
}

/// A run that is long enough to be timed, and a limit with a margin that is wide enough.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ByTime {
    /// How many percent of the other one's time it may take.
    pub(crate) at_most_percent: Spanned<Percent>,
    /// The arguments of the run.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// Its standard input.
    #[serde(default)]
    pub(crate) stdin: String,
}

/// What a Containerfile makes, by its text. None of it is run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Image {
    /// What is required of it.
    pub(crate) wants: Vec<Spanned<Want>>,
}

/// What may be required of a Containerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Want {
    /// The last stage starts from `scratch`.
    EmptyBase,
    /// It gets only the program, from where Cargo has put it in a different stage.
    OnlyTheProgram,
    /// It starts the program without a shell.
    NoShell,
    /// The program runs as a numeric user that isn't root.
    NotRoot,
}

/// The size budget in the learner's manifest: it exists, it holds, and it is tight.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Budget {
    /// The build that it is about; its budget is the one for the build's profile.
    pub(crate) build: Spanned<String>,
    /// By how many percent `max` may be above what was measured.
    pub(crate) slack_percent: Percent,
    /// If `max-growth` must be there: how many percent it may be.
    #[serde(default)]
    pub(crate) growth_percent: Option<Percent>,
    /// The file that must contain the baseline: a learner's, like the manifest.
    #[serde(default)]
    pub(crate) baseline: Option<Spanned<String>>,
    /// A build of the same program that is larger: the budget must notice it.
    #[serde(default)]
    pub(crate) grown: Option<Spanned<String>>,
}

/// A place in exercise.toml (in bytes), and what is wrong there.
type Wrong = (Range<usize>, String);

impl Check {
    /// The builds that it is judged by.
    pub fn builds(&self) -> Vec<&Spanned<String>> {
        match self {
            Self::Profile(_) | Self::Image(_) => Vec::new(),
            Self::Output(Output { build, same_as, .. }) | Self::SameCode(SameCode { build, same_as }) => {
                vec![same_as, build]
            }
            Self::Size(Size { build, against, plus, .. }) => [against].into_iter().chain(plus).chain([build]).collect(),
            Self::Speed(Speed { build, against, .. }) => vec![against, build],
            Self::Panic(Panic { build, same_message_as, .. }) => same_message_as.iter().chain([build]).collect(),
            Self::Budget(Budget { build, grown, .. }) => [build].into_iter().chain(grown).collect(),
            Self::Warnings(Warnings { build })
            | Self::Binary(Binary { build, .. })
            | Self::Dependencies(Dependencies { build, .. }) => vec![build],
            Self::Answer(Answer { truth, .. }) => match truth {
                Truth::LargestCrate(LargestCrate { build, .. })
                | Truth::CrateSize(CrateSize { build, .. })
                | Truth::GroupSize(GroupSize { build, .. })
                | Truth::LargestGroup(LargestGroup { build, .. })
                | Truth::Caller(Caller { build, .. }) => vec![build],
                Truth::Twins(Twins { build, same_as, .. }) => vec![same_as, build],
                Truth::Shrinks(Shrinks { from, builds, .. }) => [from].into_iter().chain(builds.values()).collect(),
                Truth::Smallest(Smallest { builds }) => builds.values().collect(),
                Truth::Times(Times { build, against, .. }) | Truth::Saved(Saved { build, against, .. }) => {
                    vec![against, build]
                }
                Truth::Choice(_) | Truth::Line(_) | Truth::Text(_) => Vec::new(),
            },
        }
    }

    /// The groups of crates and modules whose code is counted.
    pub(crate) fn groups(&self) -> Vec<&[String]> {
        match self {
            Self::Answer(Answer { truth: Truth::LargestGroup(LargestGroup { groups, .. }), .. }) => {
                groups.values().map(Vec::as_slice).collect()
            }
            Self::Answer(Answer {
                truth: Truth::Shrinks(Shrinks { group, .. }) | Truth::GroupSize(GroupSize { group, .. }),
                ..
            }) => vec![group],
            _ => Vec::new(),
        }
    }

    /// Looks for what `deny_unknown_fields` can't catch. `edits`: the files that learners edit.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub(crate) fn validate(&self, edits: &[Spanned<String>]) -> Result<(), Wrong> {
        match self {
            Self::Output(output) => output.validate(),
            Self::Profile(profile) => profile.validate(),
            Self::Speed(speed) => speed.validate(),
            Self::Binary(Binary { build, symbols, interpreter, libraries, sections, no_sections }) => {
                let nothing = symbols.is_none() && interpreter.is_none() && libraries.is_none();
                asks_for_something(build, !nothing || !sections.is_empty() || !no_sections.is_empty())
            }
            Self::Dependencies(Dependencies { build, present, absent, features }) => {
                asks_for_something(build, !present.is_empty() || !absent.is_empty() || !features.is_empty())
            }
            Self::Size(Size { build, code: true, image: true, .. }) => {
                Err((build.span(), "the machine code, or the image: a goal is about one of them".to_owned()))
            }
            Self::Answer(_)
            | Self::Size(_)
            | Self::Warnings(_)
            | Self::SameCode(_)
            | Self::Panic(_)
            | Self::Image(_) => Ok(()),
            Self::Budget(Budget { baseline, .. }) => match baseline {
                Some(file) if !edits.iter().any(|edit| edit.get_ref() == file.get_ref()) => {
                    Err((file.span(), format!("`{}` isn't in `edits`", file.get_ref())))
                }
                _ => Ok(()),
            },
        }
    }
}

fn asks_for_something(build: &Spanned<String>, asks: bool) -> Result<(), Wrong> {
    if asks { Ok(()) } else { Err((build.span(), "the goal requires nothing".to_owned())) }
}

impl Output {
    /// The names that the program is called by, the templates of its inputs, and that there is an input at all.
    fn validate(&self) -> Result<(), Wrong> {
        let Self { build, cases, args, stdin, fixed, called, interface, .. } = self;
        if let Some(name) = called
            && !is_file_name(name.get_ref())
        {
            return Err((name.span(), "a program's name is made of letters, digits, `-` and `_`".to_owned()));
        }
        let is_path = |name: &&String| name.split('/').all(is_file_name) && name.split('/').count() < 3;
        if let Some(name) = interface.iter().flat_map(|of| &of.called).find(|name| !is_path(name)) {
            let message = format!(
                "`{name}` can't be a program's name: use letters, digits, `-` and `_`, after at most one folder"
            );
            return Err((build.span(), message));
        }
        let more = interface.iter().flat_map(|of| of.templates());
        for template in args.iter().chain(stdin).chain(more) {
            inputs::check(template.get_ref()).map_err(|message| (template.span(), message))?;
        }
        let is_wrong =
            |fixed: &&inputs::Fixed| fixed.lines > inputs::MOST_LINES || fixed.lines > 0 && fixed.stdin.contains('\n');
        if fixed.iter().any(|fixed| is_wrong(&fixed)) {
            let message = format!(
                "with `lines`, `stdin` is one line without its end, repeated at most {} times",
                inputs::MOST_LINES
            );
            return Err((build.span(), message));
        }
        if *cases == 0 && fixed.is_empty() && interface.is_none() {
            return Err((build.span(), "the goal runs the program with no input at all".to_owned()));
        }
        Ok(())
    }
}

impl Profile {
    /// Settings that a profile doesn't have, or for which no value is right.
    fn validate(&self) -> Result<(), Wrong> {
        let Self { want, at_most, .. } = self;
        let empty = want.iter().find(|(_, values)| values.is_empty());
        let is_known = |key: &str| crate::learner_manifest::known::is_key(key);
        let unknown = want.keys().chain(at_most.keys()).find(|key| !is_known(key.get_ref()));
        match empty.map(|(key, _)| key).or(unknown) {
            Some(key) => Err((
                key.span(),
                format!("`{}` can't be wanted: no profile has it, or no value is right", key.get_ref()),
            )),
            None => Ok(()),
        }
    }
}

impl Speed {
    /// Limits that no program can keep, or that noise alone can break.
    fn validate(&self) -> Result<(), Wrong> {
        let Self { at_most_percent, by_time, .. } = self;
        let percent = *at_most_percent.get_ref();
        if percent < Percent::whole(100) {
            let message = "below 100 % nothing could be as fast as what it is compared with";
            return Err((at_most_percent.span(), message.to_owned()));
        }
        // Equal programs differ by some ten percent in time, and by nothing in instructions.
        if *by_time.at_most_percent.get_ref() < percent + Percent::whole(20) {
            let message = "time needs a wider margin than instructions: at least 20 % more";
            return Err((by_time.at_most_percent.span(), message.to_owned()));
        }
        Ok(())
    }
}

impl super::Exercise {
    /// The file of the size budget's baseline, where a goal is about it.
    pub fn baseline(&self) -> Option<&str> {
        self.data.goal.iter().find_map(|goal| match &goal.check {
            Check::Budget(Budget { baseline, .. }) => baseline.as_ref().map(|file| file.get_ref().as_str()),
            _ => None,
        })
    }
}

/// Whether a program can have this name on every system.
fn is_file_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_is_repeated_and_not_without_end() {
        let wrong = |fixed: &str| {
            let goal = format!("build = \"a\"\nsame-as = \"b\"\ncases = 1\nfixed = [{fixed}]\n");
            toml::from_str::<Output>(&goal).unwrap().validate().err().map(|(_, message)| message)
        };
        assert_eq!(wrong("{ stdin = \"air 1\", lines = 5000 }, { stdin = \"a\\nb\" }"), None);
        let words = "with `lines`, `stdin` is one line without its end, repeated at most 50000 times";
        assert_eq!(wrong("{ stdin = \"air 1\\n\", lines = 2 }").unwrap(), words);
        assert_eq!(wrong("{ stdin = \"air 1\", lines = 50001 }").unwrap(), words);
    }
}
