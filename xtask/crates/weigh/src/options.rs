//! What is asked of the verbs that measure, apart from any command line: two programs and every library user fill these in.

use crate::cargo::Form;
use std::path::PathBuf;

/// How tables are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Format {
    /// For people, as wide as the terminal.
    #[default]
    Text,
    /// For GitHub and mdBook.
    Markdown,
    /// One JSON document, also for errors.
    Json,
    /// For spreadsheets.
    Csv,
}

/// How a result is printed that isn't a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum PlainFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document, also for errors.
    Json,
}

/// How the tables of sizes are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum SizesFormat {
    /// For people, as wide as the terminal.
    #[default]
    Text,
    /// For GitHub and mdBook.
    Markdown,
    /// One JSON document, also for errors.
    Json,
    /// For spreadsheets.
    Csv,
    /// Only for a size budget: what is exceeded, as GitHub Actions annotations.
    Github,
}

impl SizesFormat {
    /// The format of a table; none for what only a budget has.
    pub fn of_tables(self) -> Option<Format> {
        match self {
            Self::Text => Some(Format::Text),
            Self::Markdown => Some(Format::Markdown),
            Self::Json => Some(Format::Json),
            Self::Csv => Some(Format::Csv),
            Self::Github => None,
        }
    }
}

impl From<Format> for SizesFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Text => Self::Text,
            Format::Markdown => Self::Markdown,
            Format::Json => Self::Json,
            Format::Csv => Self::Csv,
        }
    }
}

/// The forms of a library that are files of their own, as a manifest names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum CrateType {
    /// A shared library with a C interface.
    Cdylib,
    /// A shared library for other Rust crates.
    Dylib,
    /// An archive, linked into an empty C program.
    Staticlib,
}

impl From<CrateType> for Form {
    fn from(asked: CrateType) -> Self {
        match asked {
            CrateType::Cdylib => Self::Cdylib,
            CrateType::Dylib => Self::Dylib,
            CrateType::Staticlib => Self::Staticlib,
        }
    }
}

/// What is measured: programs of the workshop, or anyone's crate.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The programs of the workshop, by name; all if none is named.
    pub program: Vec<String>,
    /// Another crate's Cargo.toml, or the folder that holds it.
    pub manifest_path: Option<PathBuf>,
    /// Its package, if there are several.
    pub package: Option<String>,
    /// Its binaries, by name.
    pub bin: Vec<String>,
    /// Its library, as the file that others load or link.
    pub lib: bool,
    /// Which file of a library is meant, where there are several.
    pub crate_type: Option<CrateType>,
    /// Its examples, by name.
    pub example: Vec<String>,
    /// Its integration tests, by name.
    pub test: Vec<String>,
    /// Its benchmarks, by name.
    pub bench: Vec<String>,
    /// The target triple that it is built for; by default Cargo's configuration's, or this machine's.
    pub target: Option<String>,
    /// Features to turn on, as for `cargo build`.
    pub features: Vec<String>,
    /// The default features are left off.
    pub no_default_features: bool,
    /// All features are switched on.
    pub all_features: bool,
    /// The crate is measured by itself: with the profiles and tables of this library, below its own target folder. Without it
    /// there must be a workshop around the current folder.
    pub alone: bool,
    /// The crate's folder chooses the toolchain, even where rustup has chosen one for this program.
    pub own_toolchain: bool,
    /// The crate is a copy that was made for measuring, so its lockfile may change.
    pub is_copy: bool,
}

impl Subject {
    /// Whether someone's crate is meant, and not the workshop's own programs.
    pub fn is_foreign(&self) -> bool {
        self.alone || self.manifest_path.is_some()
    }

    /// Whether targets are named, and not left to Cargo's defaults.
    pub fn names_targets(&self) -> bool {
        let Self { bin, lib, crate_type, example, test, bench, .. } = self;
        *lib || crate_type.is_some() || [bin, example, test, bench].iter().any(|names| !names.is_empty())
    }
}

/// Which tables of sizes to make, or which budget to judge.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// The tables, by name; those marked `default` if none is named, every one for `all`.
    pub table: Vec<String>,
    /// How to print them.
    pub format: SizesFormat,
    /// Compare with the committed measurement.
    pub check: bool,
    /// Measure every table, and replace the committed measurement.
    pub accept: bool,
    /// Builds at once; by the number of cores by default.
    pub jobs: Option<u16>,
    /// Wall-clock seconds after which a program under test is stopped; the workshop's setting by default.
    pub run_seconds: Option<u64>,
    /// Arguments to run each binary with: it must do the same as the first row's build.
    pub run: Option<String>,
    /// Measure what a download costs as well: `gzip -9` and `zstd -19`.
    pub compressed: bool,
    /// Judge the crate's own profiles by `[package.metadata.size-budget]`.
    pub budget: bool,
    /// Write what was measured into the baseline.
    pub save: bool,
    /// What is measured.
    pub subject: Subject,
}

/// Which program to take apart, and what to show of it.
#[derive(Clone, Debug)]
pub struct Bloat {
    /// The profile; a crate's own `release` by default.
    pub profile: Option<String>,
    /// Show the crates only.
    pub crates: bool,
    /// Show the functions only.
    pub functions: bool,
    /// Show the sections only.
    pub sections: bool,
    /// How many crates and functions to show, or ways to what is asked for; 0 for all. 15 rows and one way by default.
    pub count: Option<usize>,
    /// Show what keeps a crate, a module, a function, or a section.
    pub why: Option<String>,
    /// Show what would be left without these crates.
    pub without: Vec<String>,
    /// Analyze this file instead of building a program.
    pub file: Option<PathBuf>,
    /// The part of a universal Mach-O file.
    pub arch: Option<String>,
    /// Where the symbols of that file are, if they were taken out of it.
    pub symbols: Option<PathBuf>,
    /// Only functions whose name or crate matches this regular expression.
    pub filter: Option<String>,
    /// How to print it.
    pub format: Format,
    /// What is measured.
    pub subject: Subject,
}

impl Default for Bloat {
    fn default() -> Self {
        Self {
            profile: None,
            crates: false,
            functions: false,
            sections: false,
            count: None,
            why: None,
            without: Vec::new(),
            file: None,
            arch: None,
            symbols: None,
            filter: None,
            format: Format::Text,
            subject: Subject::default(),
        }
    }
}

/// Which two programs to compare.
#[derive(Clone, Debug)]
pub struct Diff {
    /// A profile, a file, `git:REV`, or `git:REV..REV` for both sides.
    pub a: String,
    /// Another one; where only a revision is given, the working tree's `release`.
    pub b: Option<String>,
    /// The part of universal Mach-O files.
    pub arch: Option<String>,
    /// By how many percent B may be larger than A, such as `1%`; any size by default.
    pub fail_if_grows: Option<String>,
    /// Never fail for growth of fewer bytes than this.
    pub min_bytes: u64,
    /// How many changes of each kind to show; 0 for all.
    pub count: usize,
    /// Add the changes to the summary of a GitHub Actions job.
    pub github_summary: bool,
    /// Compare what a download costs as well: `gzip -9` and `zstd -19`.
    pub compressed: bool,
    /// How to print it.
    pub format: Format,
    /// What is measured.
    pub subject: Subject,
}

impl Default for Diff {
    fn default() -> Self {
        Self {
            a: "release".to_owned(),
            b: Some("dist".to_owned()),
            arch: None,
            fail_if_grows: None,
            min_bytes: 0,
            count: 15,
            github_summary: false,
            compressed: false,
            format: Format::Text,
            subject: Subject::default(),
        }
    }
}

/// Which profile's settings to weigh one by one.
#[derive(Clone, Debug, Default)]
pub struct WhatIf {
    /// The profile; by default, a crate's own `release`, and `dist` for a program of the workshop.
    pub profile: Option<String>,
    /// Build each setting alone and each setting missing, not every combination.
    pub quick: bool,
    /// Take out each feature, and each dependency's default features, instead of settings.
    pub each_feature: bool,
    /// Arguments of a run whose instructions are counted.
    pub run: Option<String>,
    /// Builds at once; by the number of cores by default.
    pub jobs: Option<u16>,
    /// How to print it.
    pub format: PlainFormat,
    /// What is measured.
    pub subject: Subject,
}

/// What to price.
#[derive(Clone, Debug, Default)]
pub struct Price {
    /// The rows of the list, by name; all if none is named.
    pub names: Vec<String>,
    /// The profile; by default, a crate's own `release`, and `dist` in the workshop.
    pub profile: Option<String>,
    /// Show the rows, and build nothing.
    pub list: bool,
    /// Show the programs, and build nothing.
    pub source: bool,
    /// Builds at once; by the number of cores by default.
    pub jobs: Option<u16>,
    /// How to print it.
    pub format: Format,
    /// Whose profiles are meant.
    pub subject: Subject,
}

/// What a program may do at a panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum OnPanic {
    /// Unwind the stack, as Cargo does by default.
    Unwind,
    /// End the process.
    Abort,
}

/// For what the best profile is searched.
#[derive(Clone, Debug, Default)]
pub struct Tune {
    /// Arguments of a run whose instructions are counted, and which must do the same in each build.
    pub run: Option<String>,
    /// How many percent more instructions than in the release build are allowed, such as `10%`.
    pub max_slowdown: Option<String>,
    /// The largest size allowed, such as `300 KiB`.
    pub max_bytes: Option<String>,
    /// What the chosen profile may do at a panic; what the release profile does by default.
    pub panic: Option<OnPanic>,
    /// The choice may have packed relative relocations.
    pub packed_relocations: bool,
    /// Write the chosen settings into this profile of the manifest.
    pub write: Option<String>,
    /// Plot bytes against instructions into this SVG file.
    pub svg: Option<PathBuf>,
    /// Builds at once; by the number of cores by default.
    pub jobs: Option<u16>,
    /// How to print it.
    pub format: PlainFormat,
    /// What is measured.
    pub subject: Subject,
}

/// Which page to write.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The profile that is compared with `release`; `dist` by default.
    pub profile: Option<String>,
    /// Compare it with Cargo's built-in release profile, not a crate's own `release`.
    pub default_release: bool,
    /// Where the page is written; in our own target folder by default.
    pub out: Option<PathBuf>,
    /// Open it in the browser.
    pub open: bool,
    /// Show what a download of each row costs: `gzip -9` and `zstd -19`.
    pub compressed: bool,
    /// What is measured.
    pub subject: Subject,
}

/// Which revisions of a program to measure.
#[derive(Clone, Debug)]
pub struct History {
    /// `REV..REV`, or where to end; the newest revisions by default.
    pub range: Option<String>,
    /// Only each n-th of them, and the oldest.
    pub every: usize,
    /// The tags of the range instead of its commits.
    pub tags: bool,
    /// How many of the newest, 0 for all; 10 if no range is given either, and 100 to search in.
    pub count: Option<usize>,
    /// Search the revision by which it has grown by so much, in percent or bytes.
    pub bisect: Option<String>,
    /// The profile; the crate's own `release` by default.
    pub profile: Option<String>,
    /// Where to draw the sizes.
    pub svg: Option<PathBuf>,
    /// How to print it.
    pub format: Format,
    /// What is measured.
    pub subject: Subject,
}

impl Default for History {
    fn default() -> Self {
        Self {
            range: None,
            every: 1,
            tags: false,
            count: None,
            bisect: None,
            profile: None,
            svg: None,
            format: Format::Text,
            subject: Subject::default(),
        }
    }
}

/// Which program to pack into a container image.
#[derive(Clone, Debug)]
pub struct Image {
    /// The profile; by default, a crate's own `release`, and `dist` for a program of the workshop.
    pub profile: Option<String>,
    /// The target triple; by default, one for this machine that needs no shared library.
    pub target: Option<String>,
    /// Pack this file instead of building a program.
    pub file: Option<PathBuf>,
    /// Where the archive is written; by default in our own target folder, or beside the file.
    pub out: Option<PathBuf>,
    /// How to print it.
    pub format: PlainFormat,
    /// What is packed.
    pub subject: Subject,
}

impl Default for Image {
    fn default() -> Self {
        Self {
            profile: None,
            target: None,
            file: None,
            out: None,
            format: PlainFormat::Text,
            subject: Subject::default(),
        }
    }
}
