//! What makes an answer right.

use base::numbers::Percent;
use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// What makes an answer right. All but the last three are measured when they are judged.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Truth {
    /// The name of the crate with the most code.
    LargestCrate(LargestCrate),
    /// Bytes of a crate's code, or its share of all code.
    CrateSize(CrateSize),
    /// Bytes of the code of some crates and modules, or its share of all code.
    GroupSize(GroupSize),
    /// The group of crates and modules with the most code.
    LargestGroup(LargestGroup),
    /// The build that makes a group of crates and modules smallest.
    Shrinks(Shrinks),
    /// The smallest of some builds.
    Smallest(Smallest),
    /// The function that called another one when the program crashed.
    Caller(Caller),
    /// Whether two builds have the same machine code.
    Twins(Twins),
    /// How many times as large one build is as another.
    Times(Times),
    /// By how many bytes one build is smaller than another.
    Saved(Saved),
    /// One of some words.
    Choice(Choice),
    /// A line of a source file.
    Line(Line),
    /// Text that a person reads.
    Text(Text),
}

/// The name of the crate with the most code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LargestCrate {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// Whether the standard library, with everything that comes inside it, is left out.
    pub(crate) after_std: bool,
}

/// Bytes of a crate's code, or its share of all code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CrateSize {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// The crate.
    #[serde(rename = "crate")]
    pub(crate) krate: String,
    /// By how many percent an answer may be off.
    pub(crate) tolerance_percent: Percent,
}

/// Bytes of the code of some crates and modules, or its share of all code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GroupSize {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// The crates (`gimli`) and modules (`std::backtrace`).
    pub(crate) group: Vec<String>,
    /// By how many percent an answer may be off.
    pub(crate) tolerance_percent: Percent,
}

/// The group of crates and modules with the most code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LargestGroup {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// For each answer the crates (`gimli`) and modules (`std::backtrace`) that it means.
    pub(crate) groups: BTreeMap<String, Vec<String>>,
}

/// The build that makes a group of crates and modules smallest.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Shrinks {
    /// The crates and modules.
    pub(crate) group: Vec<String>,
    /// The build that the others are compared with.
    pub(crate) from: Spanned<String>,
    /// The build that each answer means.
    pub(crate) builds: BTreeMap<String, Spanned<String>>,
    /// By how many percent the group must become smaller to count as smaller at all.
    pub(crate) least_percent: Percent,
    /// The answer that is right if no build does so.
    pub(crate) nothing: String,
}

/// The smallest of some builds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Smallest {
    /// The build that each answer means.
    pub(crate) builds: BTreeMap<String, Spanned<String>>,
}

/// The function that called another one when the program crashed. The program prints the addresses of its calls itself,
/// the last one first, each as `NAME+0x1234`; the symbol table of the same file shows whose they are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Caller {
    /// The build, which has symbols.
    pub(crate) build: Spanned<String>,
    /// The function that was called, with its path: `ledger::cents`.
    pub(crate) of: String,
    /// The arguments that make the program crash.
    #[serde(default)]
    pub(crate) args: Vec<String>,
    /// The standard input that makes it crash.
    #[serde(default)]
    pub(crate) stdin: String,
}

/// Whether two builds have the same machine code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Twins {
    /// One build.
    pub(crate) build: Spanned<String>,
    /// The other build.
    pub(crate) same_as: Spanned<String>,
    /// The answer that is right if they do.
    pub(crate) same: String,
    /// The answer that is right if they don't.
    pub(crate) different: String,
}

/// How many times as large one build is as another.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Times {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// The build that the size is compared with.
    pub(crate) against: Spanned<String>,
    /// By how many percent an answer may be off.
    pub(crate) tolerance_percent: Percent,
}

/// By how many bytes one build is smaller than another: a prediction, compared with what the learner's own change does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Saved {
    /// The build that is smaller.
    pub(crate) build: Spanned<String>,
    /// The build that it is compared with.
    pub(crate) against: Spanned<String>,
    /// By how many percent an answer may be off.
    pub(crate) tolerance_percent: Percent,
}

/// One of some words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Choice {
    /// The words that are right.
    pub(crate) right: Vec<String>,
    /// All words.
    pub(crate) options: Vec<String>,
}

/// A line of a source file. A list of options would give it away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Line {
    /// The file, in the exercise's folder.
    pub(crate) file: String,
    /// The line.
    pub(crate) right: u64,
}

/// Text that a person reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Text {
    /// Words that it must have to count as an answer.
    pub words: usize,
}
