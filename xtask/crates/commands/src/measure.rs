//! The command line of the verbs that measure a program of the workshop or anyone's crate.

use clap::Args;
use std::path::PathBuf;
use weigh::options::{self, CrateType, SizesFormat};

/// `cargo xtask sizes`.
#[derive(Debug, Args)]
pub struct Sizes {
    /// The tables to make, by name; `all` for every one [default: the tables marked `default` in Cargo.toml]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub table: Vec<String>,
    /// How to print the tables
    #[arg(long, value_enum, default_value_t)]
    pub format: SizesFormat,
    /// Compare with the committed measurement of this target and compiler; exit code 1 if a size is off
    #[arg(long, conflicts_with_all = ["accept", "manifest_path"])]
    pub check: bool,
    /// Measure every table, and replace the committed measurement of this target and compiler
    #[arg(long, conflicts_with_all = ["manifest_path", "table", "program"])]
    pub accept: bool,
    /// How many builds run at once [default: depends on the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Also measure download sizes: bytes after gzip -9 and zstd -19
    #[arg(long)]
    pub compressed: bool,
    /// Seconds after which a program under test is stopped [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub run_seconds: Option<u64>,
    /// Run each binary with these arguments; exit code and standard output must match the first row's build
    #[arg(
        long,
        value_name = "ARGS",
        requires = "manifest_path",
        allow_hyphen_values = true,
        help_heading = "Your own crate"
    )]
    pub run: Option<String>,
    /// Judge the crate's own profiles by [package.metadata.size-budget]; exit code 1 if one is exceeded
    #[arg(
        long,
        requires = "manifest_path",
        conflicts_with_all = [
            "table", "run", "jobs", "run_seconds", "compressed", "package", "bin", "lib", "example", "test", "bench",
        ],
        help_heading = "Your own crate"
    )]
    pub budget: bool,
    /// Write the measurement to the baseline, for `max-growth`
    #[arg(long, requires = "budget", help_heading = "Your own crate")]
    pub save: bool,
    /// What is measured
    #[command(flatten)]
    pub subject: Subject,
}

/// What is measured: programs of the workshop, or your own crate.
#[derive(Debug, Args)]
#[group(id = "subject")]
pub struct Subject {
    /// The workshop programs to measure, by name; `sizes` measures all of them by default, other verbs take one
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', conflicts_with = "manifest_path")]
    pub program: Vec<String>,
    /// Measure another crate, by its Cargo.toml; none of its files are changed
    #[arg(long, value_name = "PATH", help_heading = "Your own crate")]
    pub manifest_path: Option<PathBuf>,
    /// Its package, if there are several
    #[arg(long, short, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub package: Option<String>,
    /// Its binary, if there are several; `sizes` shows several at once, each with its own --bin
    #[arg(long, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub bin: Vec<String>,
    /// Its library: a cdylib or dylib as it is, a staticlib as linked into an empty C program
    #[arg(long, requires = "manifest_path", help_heading = "Your own crate")]
    pub lib: bool,
    /// Which form of the library, if it's built in several
    #[arg(long, value_name = "TYPE", value_enum, requires = "manifest_path", help_heading = "Your own crate")]
    pub crate_type: Option<CrateType>,
    /// Its example
    #[arg(long, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub example: Vec<String>,
    /// Its integration test, with the test harness
    #[arg(long, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub test: Vec<String>,
    /// Its benchmark
    #[arg(long, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub bench: Vec<String>,
    /// The target to build for; `sizes` runs its programs with Cargo's runner [default: Cargo's; for `image`, musl if installed, else glibc linked in]
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Features to turn on, as for `cargo build`
    #[arg(long, short = 'F', value_name = "FEATURES", requires = "manifest_path", help_heading = "Your own crate")]
    pub features: Vec<String>,
    /// Turn the default features off
    #[arg(long, requires = "manifest_path", help_heading = "Your own crate")]
    pub no_default_features: bool,
    /// Turn all features on
    #[arg(long, requires = "manifest_path", help_heading = "Your own crate")]
    pub all_features: bool,
}

impl From<Subject> for options::Subject {
    fn from(asked: Subject) -> Self {
        let Subject {
            program,
            manifest_path,
            package,
            bin,
            lib,
            crate_type,
            example,
            test,
            bench,
            target,
            features,
            no_default_features,
            all_features,
        } = asked;
        Self {
            program,
            manifest_path,
            package,
            bin,
            lib,
            crate_type,
            example,
            test,
            bench,
            target,
            features,
            no_default_features,
            all_features,
            ..Self::default()
        }
    }
}

impl From<Sizes> for options::Sizes {
    fn from(asked: Sizes) -> Self {
        let Sizes { table, format, check, accept, jobs, compressed, run_seconds, run, budget, save, subject } = asked;
        Self { table, format, check, accept, jobs, compressed, run_seconds, run, budget, save, subject: subject.into() }
    }
}
