//! What was found for a goal, for machines: one variant for each kind of goal. It becomes JSON in one place (`json`), and
//! everything else that needs to know what was found reads these types.

mod json;

use base::numbers::{Bytes, Percent};
use weigh::cargo::Compiled;
use weigh::measure::linking::Linking;

/// What was found for a goal.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Data {
    /// Nothing was checked: the goal wasn't judged.
    #[default]
    NotJudged,
    /// What would be checked isn't there: a build failed, or a file can't be read.
    Nothing,
    /// A profile's settings.
    Profile(Profile),
    /// An answer.
    Answer(Answer),
    /// What a program does on some inputs.
    Output {
        /// The inputs.
        cases: usize,
        /// The inputs on which it behaves differently.
        different: usize,
    },
    /// Bytes of one build against others.
    Size(Size),
    /// The work of one build against another.
    Speed(Speed),
    /// What Cargo and rustc warned of.
    Warnings(Vec<String>),
    /// What an executable needs from the system that starts it.
    Binary {
        /// The build.
        build: String,
        /// What its file needs.
        linking: Linking,
    },
    /// Whether two builds have the same machine code.
    SameCode {
        /// The build.
        build: String,
        /// The build that it is compared with.
        same_as: String,
        /// The digest of its code.
        sha256: String,
    },
    /// How a run that panics ended.
    Panic {
        /// The build.
        build: String,
        /// How, in words.
        ended: String,
    },
    /// The crates that were compiled.
    Dependencies {
        /// The build.
        build: String,
        /// The packages; `None` where the manifest alone has decided.
        packages: Option<Vec<Compiled>>,
    },
    /// What a Containerfile makes.
    Image(Image),
    /// A size budget.
    Budget(Budget),
}

/// A profile's settings, and what differs from them.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Its name, such as `release`.
    pub(crate) name: String,
    /// The settings that matter, in a fixed order.
    pub(crate) settings: Vec<Setting>,
    /// The crates that are compiled differently from the program itself, a row for each setting.
    pub(crate) crates: Vec<Crate>,
}

/// A setting: what is set and where, what applies, what rustc gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Setting {
    /// The setting.
    pub(crate) key: String,
    /// What the manifest sets.
    pub(crate) asked: Option<toml::Value>,
    /// What applies.
    pub(crate) effective: Option<toml::Value>,
    /// What decides it: a table of the manifest, a variable, a file, or Cargo's default.
    pub(crate) from: String,
    /// The line of the manifest that decides it.
    pub(crate) line: Option<usize>,
    /// What rustc gets, if that is known.
    pub(crate) rustc: Option<String>,
}

/// A crate with a setting that is different from the program's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Crate {
    /// The crate's package.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// The setting.
    pub(crate) key: &'static str,
    /// What rustc gets for the crate.
    pub(crate) rustc: String,
    /// What it gets for the program.
    pub(crate) program: String,
    /// The table that causes it, and the line; `None` if the manifest doesn't.
    pub(crate) from: Option<(String, usize)>,
}

/// An answer of a learner.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The question.
    pub(crate) key: String,
    /// The answer, as it is written.
    pub(crate) given: String,
    /// It is in the learner's own words, so a person reads it.
    pub(crate) for_instructor: bool,
}

/// Bytes of one build against others.
#[derive(Clone, Debug, PartialEq)]
pub struct Size {
    /// The build that is judged.
    pub(crate) build: String,
    /// The builds that it is compared with.
    pub(crate) against: Vec<String>,
    /// Which part of them is compared.
    pub part: Part,
    /// Its bytes, including what has moved out of the code but stayed in the file.
    pub bytes: Bytes,
    /// The bytes of everything that it is compared with.
    pub against_bytes: Bytes,
    /// By how much it must be smaller.
    pub(crate) shrink: Percent,
}

/// What is measured of a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The whole file.
    File,
    /// Everything that can be executed.
    Code,
    /// A container image that contains only the file.
    Image,
}

impl Part {
    /// The words in the JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "the file",
            Self::Code => "the machine code",
            Self::Image => "the image",
        }
    }

    /// This part of some builds, in a sentence.
    pub(crate) fn of(self, builds: &str) -> String {
        match self {
            Self::File => builds.to_owned(),
            Self::Code | Self::Image => format!("{} of {builds}", self.name()),
        }
    }
}

/// The work of one build against another.
#[derive(Clone, Debug, PartialEq)]
pub struct Speed {
    /// The build that is judged.
    pub(crate) build: String,
    /// The build that it is compared with.
    pub(crate) against: String,
    /// What was measured; `None` if nothing could be compared.
    pub(crate) measured: Option<Measured>,
}

impl Speed {
    /// The instructions of the build that is judged and of the other one, where they were counted.
    pub(crate) fn instructions(&self) -> Option<(u64, u64)> {
        match &self.measured.as_ref()?.method {
            Method::Instructions { own, against, .. } => Some((*own, *against)),
            Method::Time { .. } => None,
        }
    }
}

/// Work that was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measured {
    /// How, and what was found.
    pub(crate) method: Method,
    /// The most that it may be, in percent of the other's.
    pub(crate) at_most: Percent,
}

/// How work was measured.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Method {
    /// Instructions were counted.
    Instructions {
        /// The judged build's.
        own: u64,
        /// The other build's.
        against: u64,
        /// What counted them.
        counter: String,
    },
    /// Runs were timed.
    Time {
        /// The time in percent of the other's.
        percent: f64,
        /// How often each of them ran.
        rounds: usize,
        /// Which time that is.
        what: String,
    },
}

impl Measured {
    /// The work in percent of the other's, to be printed.
    pub(crate) fn percent(&self) -> f64 {
        match &self.method {
            Method::Instructions { own, against, .. } => 100.0 * *own as f64 / *against as f64,
            Method::Time { percent, .. } => *percent,
        }
    }

    /// Whether it is no more than it may be.
    pub(crate) fn holds(&self) -> bool {
        match &self.method {
            Method::Instructions { own, against, .. } => *own <= self.at_most.of(*against),
            Method::Time { percent, .. } => Percent::of_number(*percent) <= self.at_most,
        }
    }
}

impl Speed {
    /// What was measured, in words.
    pub(crate) fn says(&self) -> Option<String> {
        let measured = self.measured.as_ref()?;
        let against = &self.against;
        let (method, told) = match &measured.method {
            Method::Instructions { own, against: all, counter } => (
                "instructions",
                format!("{} instructions, compared with {} ({counter})", millions(*own), millions(*all)),
            ),
            Method::Time { rounds, what, .. } => (
                "time",
                format!(
                    "measured by {what}, the shortest of {rounds} alternating runs of each, because nothing on this machine counts instructions (on Linux, valgrind does)"
                ),
            ),
        };
        let (percent, most) = (measured.percent(), measured.at_most);
        Some(format!("{percent:.0} % of the {method} of `{against}` (the limit is {most} %); {told}"))
    }
}

fn millions(number: u64) -> String {
    format!("{:.1} million", number as f64 / 1e6)
}

/// What a Containerfile makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// What its last stage starts from.
    pub(crate) base: String,
    /// Where the program is in the image.
    pub(crate) program: Option<String>,
    /// How the program is built, if it is.
    pub(crate) build: Option<ImageBuild>,
}

/// How a Containerfile builds a program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ImageBuild {
    /// The profile.
    pub(crate) profile: String,
    /// The target, if one is named.
    pub(crate) target: Option<String>,
    /// Whether the program needs no shared library.
    pub(crate) is_static: bool,
}

/// A size budget, and what was built.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The build.
    pub(crate) build: String,
    /// Its bytes and its limits; `None` where the manifest alone has decided.
    pub(crate) held: Option<Held>,
}

/// A budget that a build was held to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Held {
    /// Bytes of the file.
    pub(crate) bytes: Bytes,
    /// Bytes that it may be.
    pub(crate) allowed: Bytes,
    /// By how much the limit may be above what was measured.
    pub(crate) slack: Percent,
    /// The saved size that it is compared with, if it could be.
    pub(crate) baseline: Option<Saved>,
}

/// The size in a saved baseline.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Saved {
    /// From a machine like this one.
    Here {
        /// Bytes of the file.
        bytes: Bytes,
        /// Bytes of a build that the budget must notice, where there is one and it is larger.
        grown: Option<Bytes>,
    },
    /// From a different machine.
    Elsewhere {
        /// That machine's target.
        target: String,
        /// Bytes of the file there.
        bytes: Bytes,
        /// The target of this build.
        here: String,
    },
}

impl Budget {
    /// That the baseline is from a different machine, if it is.
    pub(crate) fn says(&self) -> Option<String> {
        match self.held.as_ref()?.baseline.as_ref()? {
            Saved::Here { .. } => None,
            Saved::Elsewhere { target, bytes, here } => Some(format!(
                "the baseline was saved on {target} ({bytes} bytes), so it can't be compared closely with this build for {here}"
            )),
        }
    }

    /// Why a person should look at it, where it is graded.
    pub(crate) fn review(&self) -> Option<String> {
        Some(format!("{}: check whether they work on such a machine", self.says()?))
    }
}

impl Data {
    /// What a learner is told about it, apart from the verdict.
    pub(crate) fn says(&self) -> Option<String> {
        match self {
            Self::Speed(speed) => speed.says(),
            Self::Budget(budget) => budget.says(),
            _ => None,
        }
    }

    /// Why a person should look at it, where it is graded.
    pub fn review(&self) -> Option<String> {
        match self {
            Self::Budget(budget) => budget.review(),
            _ => None,
        }
    }

    /// Whether a person reads it in any case.
    pub(crate) fn is_for_instructor(&self) -> bool {
        matches!(self, Self::Answer(Answer { for_instructor: true, .. }))
    }

    /// The settings of a profile, if that is what was judged.
    pub(crate) fn profile(&self) -> Option<&Profile> {
        match self {
            Self::Profile(profile) => Some(profile),
            _ => None,
        }
    }
}
