//! The kinds of goal, as exercise.toml writes them. A new kind is one variant here, and one file in `check/`.

use super::inputs;
use crate::measure::crates;
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
    /// The size budget in the learner's manifest.
    Budget(Budget),
}

/// The effective settings of a profile, after inheritance, environment and configuration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Profile {
    /// The profile.
    pub profile: String,
    /// For each setting the values that are right.
    pub want: BTreeMap<Spanned<String>, Vec<toml::Value>>,
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
    pub cases: u32,
    /// Arguments with placeholders; see `inputs`.
    #[serde(default)]
    pub args: Vec<Spanned<String>>,
    /// Standard input with placeholders.
    #[serde(default)]
    pub stdin: Option<Spanned<String>>,
    /// Further inputs, as they are.
    #[serde(default)]
    pub fixed: Vec<inputs::Input>,
}

/// Bytes of one build against another build of the same run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Size {
    /// The build that is judged.
    pub build: Spanned<String>,
    /// The build that it is compared with.
    pub against: Spanned<String>,
    /// By how many percent it must be smaller.
    pub shrink_percent: f64,
    /// A section, such as `.text`; the whole file if none is named.
    #[serde(default)]
    pub section: Option<String>,
}

/// A key of answers.toml.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    /// The key.
    pub key: String,
    /// What makes it right.
    pub truth: Truth,
    /// For a wrong answer that is worth a word: what to say to it.
    #[serde(default)]
    pub told: BTreeMap<String, String>,
}

/// What makes an answer right. All but the last two are measured when they are judged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Truth {
    /// The name of the crate with the most code.
    LargestCrate(LargestCrate),
    /// Bytes of a crate's code, or its share of all code.
    CrateSize(CrateSize),
    /// The group of crates and modules with the most code.
    LargestGroup(LargestGroup),
    /// The build that makes a group of crates and modules smallest.
    Shrinks(Shrinks),
    /// The smaller one of some builds.
    Smallest(Smallest),
    /// One of some words.
    Choice(Choice),
    /// Text that a person reads.
    Text(Text),
}

/// The name of the crate with the most code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LargestCrate {
    /// The build.
    pub build: Spanned<String>,
    /// Whether the standard library, with everything that comes inside it, is left out.
    pub after_std: bool,
}

/// Bytes of a crate's code, or its share of all code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrateSize {
    /// The build.
    pub build: Spanned<String>,
    /// The crate.
    #[serde(rename = "crate")]
    pub krate: String,
    /// By how many percent an answer may be off.
    pub tolerance_percent: f64,
}

/// The group of crates and modules with the most code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LargestGroup {
    /// The build.
    pub build: Spanned<String>,
    /// For each answer the crates (`gimli`) and modules (`std::backtrace`) that it means.
    pub groups: BTreeMap<String, Vec<String>>,
}

/// The build that makes a group of crates and modules smallest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shrinks {
    /// The crates and modules.
    pub group: Vec<String>,
    /// The build that the others are compared with.
    pub from: Spanned<String>,
    /// The build that each answer stands for.
    pub builds: BTreeMap<String, Spanned<String>>,
    /// By how many percent the group must become smaller to count as smaller at all.
    pub least_percent: f64,
    /// The answer that is right if no build does so.
    pub nothing: String,
}

/// The smaller one of some builds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Smallest {
    /// The build that each answer stands for.
    pub builds: BTreeMap<String, Spanned<String>>,
}

/// One of some words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Choice {
    /// The words that are right.
    pub right: Vec<String>,
    /// All words.
    pub options: Vec<String>,
}

/// Text that a person reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Text {
    /// Words that it must have to count as an answer.
    pub words: usize,
}

/// What Cargo and rustc warn about.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Warnings {
    /// The build.
    pub build: Spanned<String>,
}

/// What is in the executable's file. What is not named may be either way.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Binary {
    /// The build.
    pub build: Spanned<String>,
    /// Whether it has a symbol table: `true` some symbols, `false` none.
    #[serde(default)]
    pub symbols: Option<bool>,
    /// Whether it names a dynamic loader; without one it runs in an empty folder.
    #[serde(default)]
    pub interpreter: Option<bool>,
    /// The shared libraries that it may ask for.
    #[serde(default)]
    pub libraries: Option<Vec<String>>,
    /// Sections that it must have.
    #[serde(default)]
    pub sections: Vec<String>,
    /// Sections that it must not have.
    #[serde(default)]
    pub no_sections: Vec<String>,
}

/// How a run that panics ends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Panic {
    /// The build.
    pub build: Spanned<String>,
    /// How it must end.
    pub ends: Ends,
    /// The exit code of a run that unwinds; any if none is named.
    #[serde(default)]
    pub exit: Option<i32>,
    /// The arguments that make it panic.
    #[serde(default)]
    pub args: Vec<String>,
    /// The standard input that makes it panic.
    #[serde(default)]
    pub stdin: String,
}

/// How a panic ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ends {
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
    pub build: Spanned<String>,
    /// Crates that must be there.
    #[serde(default)]
    pub present: Vec<String>,
    /// Crates that must not.
    #[serde(default)]
    pub absent: Vec<String>,
    /// For each crate the features that it may have.
    #[serde(default)]
    pub features: BTreeMap<String, Vec<String>>,
}

/// Two builds with the same machine code, so that what is known of one holds for the other.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SameCode {
    /// The build that is judged.
    pub build: Spanned<String>,
    /// The build that it must be the twin of.
    pub same_as: Spanned<String>,
}

/// The size budget in the learner's manifest: it is there, it holds, and it is tight.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Budget {
    /// The build that it is about; its budget is that of the build's profile.
    pub build: Spanned<String>,
    /// By how many percent `max` may be above what was measured.
    pub slack_percent: f64,
    /// If `max-growth` must be there: how many percent it may be.
    #[serde(default)]
    pub growth_percent: Option<f64>,
}

/// A place in exercise.toml (in bytes), and what is wrong there.
type Wrong = (Range<usize>, String);

impl Check {
    /// The builds that it is judged by.
    pub fn builds(&self) -> Vec<&Spanned<String>> {
        match self {
            Self::Profile(_) => Vec::new(),
            Self::Output(Output { build, same_as, .. }) | Self::SameCode(SameCode { build, same_as }) => {
                vec![same_as, build]
            }
            Self::Size(Size { build, against, .. }) => vec![against, build],
            Self::Warnings(Warnings { build })
            | Self::Binary(Binary { build, .. })
            | Self::Panic(Panic { build, .. })
            | Self::Budget(Budget { build, .. })
            | Self::Dependencies(Dependencies { build, .. }) => vec![build],
            Self::Answer(Answer { truth, .. }) => match truth {
                Truth::LargestCrate(LargestCrate { build, .. })
                | Truth::CrateSize(CrateSize { build, .. })
                | Truth::LargestGroup(LargestGroup { build, .. }) => vec![build],
                Truth::Shrinks(Shrinks { from, builds, .. }) => [from].into_iter().chain(builds.values()).collect(),
                Truth::Smallest(Smallest { builds }) => builds.values().collect(),
                Truth::Choice(_) | Truth::Text(_) => Vec::new(),
            },
        }
    }

    /// The groups of crates and modules whose code is counted.
    pub fn groups(&self) -> Vec<&[String]> {
        match self {
            Self::Answer(Answer { truth: Truth::LargestGroup(LargestGroup { groups, .. }), .. }) => {
                groups.values().map(Vec::as_slice).collect()
            }
            Self::Answer(Answer { truth: Truth::Shrinks(Shrinks { group, .. }), .. }) => vec![group],
            _ => Vec::new(),
        }
    }

    /// What `deny_unknown_fields` cannot see.
    pub fn validate(&self) -> Result<(), Wrong> {
        match self {
            Self::Output(Output { build, cases, args, stdin, fixed, .. }) => {
                for template in args.iter().chain(stdin) {
                    inputs::check(template.get_ref()).map_err(|message| (template.span(), message))?;
                }
                if *cases == 0 && fixed.is_empty() {
                    return Err((build.span(), "the goal runs the program with no input at all".to_owned()));
                }
                Ok(())
            }
            Self::Profile(Profile { want, .. }) => {
                let empty = want.iter().find(|(_, values)| values.is_empty());
                let unknown = want.keys().find(|key| !crate::profile::known::is_key(key.get_ref()));
                match empty.map(|(key, _)| key).or(unknown) {
                    Some(key) => Err((key.span(), format!("nothing can be wanted of `{}`", key.get_ref()))),
                    None => Ok(()),
                }
            }
            Self::Binary(Binary { build, symbols, interpreter, libraries, sections, no_sections }) => {
                let nothing = symbols.is_none() && interpreter.is_none() && libraries.is_none();
                if nothing && sections.is_empty() && no_sections.is_empty() {
                    return Err((build.span(), "the goal asks for nothing".to_owned()));
                }
                Ok(())
            }
            Self::Dependencies(Dependencies { build, present, absent, features }) => {
                if present.is_empty() && absent.is_empty() && features.is_empty() {
                    return Err((build.span(), "the goal asks for nothing".to_owned()));
                }
                Ok(())
            }
            Self::Panic(Panic { build, ends, exit, .. }) => {
                if *ends == Ends::Aborts && exit.is_some() {
                    return Err((build.span(), "a run that aborts has no exit code of its own".to_owned()));
                }
                Ok(())
            }
            Self::Answer(_) | Self::Size(_) | Self::Warnings(_) | Self::SameCode(_) | Self::Budget(_) => Ok(()),
        }
    }
}

/// Whether a crate is the standard library, or comes inside it.
pub fn is_std(krate: &str) -> bool {
    krate.starts_with('[') || crates::STD.contains(&krate)
}
