//! `cargo weigh`: where the bytes of the crate in the current folder come from, and what each setting would save and cost. The
//! comments here are the help text.

use anyhow::Result;
use base::failure::Exit;
use base::{caller, output};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use weigh::cli::{Bloat, Diff, History, Image, Price, Report, Tune, WhatIf};
use weigh::options::{self, CrateType, Format, PlainFormat, SizesFormat};
use weigh::{history, image, inspect, sizes, tune};

/// Shows where the bytes of a Rust program come from, and what each setting of a profile saves and costs
#[derive(Debug, Parser)]
#[command(
    name = "cargo-weigh",
    bin_name = "cargo weigh",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = NOTES
)]
struct Weigh {
    /// When to use color: `auto` depends on the terminal, `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, default_value_t, display_order = 1000)]
    color: Color,
    /// What to do
    #[command(subcommand)]
    verb: Verb,
}

/// Below the verbs.
const NOTES: &str = "Nothing in your crate changes, except with `tune --write` and `budget --save`. Builds go below its target \
    folder, in size-workshop/.\n\
    Exit codes: 0: everything requested holds; 1: something isn't met (a budget, a limit on growth, an output); 2: wrong usage, \
    or a malformed file; 3: the environment failed (no toolchain, no network, a full disk, a missing tool).";

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    // No help for each: it would turn the one page of `--help` into two.
    #[default]
    Auto,
    Always,
    Never,
}

impl From<Color> for output::Color {
    fn from(asked: Color) -> Self {
        match asked {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows what each setting of a small profile saves, one on top of the other
    Ladder(Ladder),
    /// Shows where the program's bytes come from: by crate, by function, by section
    Bloat(Bloat<Crate>),
    /// Shows what changed between two profiles, two files, or a git revision and now
    Diff(Diff<Crate>),
    /// Adds and removes each setting of a profile on its own: what it saves and costs
    WhatIf(WhatIf<Crate>),
    /// Shows what lines of code cost: how much larger they make an empty program
    Price(Price<Crate>),
    /// Searches for the best profile: builds a few combinations of settings, and chooses one
    Tune(Tune<Crate>),
    /// Writes one HTML file to explore: the ladder, treemaps, changes, tables
    Report(Report<Crate>),
    /// Shows the size at each commit or tag, and which ones changed it
    History(History<Crate>),
    /// Packs the program into a container image that holds nothing else; needs no daemon
    Image(Image<Crate>),
    /// Compares the crate's own builds with [package.metadata.size-budget]
    Budget(Budget),
}

/// Tables of sizes.
#[derive(Debug, Args)]
struct Ladder {
    /// The tables to make: ladder, s-z-3, alone, opt-level, lto, strip, dev; `all` for every one [default: ladder and s-z-3]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    table: Vec<String>,
    /// How to print the tables
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How many builds run at once [default: depends on the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Measure what a download costs as well: its bytes after gzip -9 and zstd -19
    #[arg(long)]
    compressed: bool,
    /// Run each binary with these arguments; exit code and standard output must match the first row's build
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    run: Option<String>,
    /// Seconds after which a program under test is stopped [default: 10]
    #[arg(long, value_name = "SECONDS", requires = "run", value_parser = clap::value_parser!(u64).range(1..))]
    run_seconds: Option<u64>,
    /// What is measured
    #[command(flatten)]
    subject: Crate,
}

/// The budget of a crate.
#[derive(Debug, Args)]
struct Budget {
    /// Write what was measured into the baseline, for `max-growth`
    #[arg(long)]
    save: bool,
    /// How to print it; `github` prints GitHub Actions annotations
    #[arg(long, value_enum, default_value_t)]
    format: SizesFormat,
    /// What is measured
    #[command(flatten)]
    subject: Crate,
}

/// The crate that is measured.
#[derive(Debug, Args)]
#[group(id = "subject")]
struct Crate {
    /// Its Cargo.toml [default: the nearest one, from the current folder upwards]
    #[arg(long, value_name = "PATH", help_heading = "The crate")]
    manifest_path: Option<PathBuf>,
    /// Its package, if there are several
    #[arg(long, short, value_name = "NAME", help_heading = "The crate")]
    package: Option<String>,
    /// Its binary, if there are several; the ladder shows several at once, each with its own --bin
    #[arg(long, value_name = "NAME", help_heading = "The crate")]
    bin: Vec<String>,
    /// Its library: a cdylib or dylib as it is, a staticlib as linked into an empty C program
    #[arg(long, help_heading = "The crate")]
    lib: bool,
    /// Which form of the library, if it's built in several
    #[arg(long = "crate-type", value_name = "TYPE", value_enum, help_heading = "The crate")]
    form: Option<CrateType>,
    /// Its example
    #[arg(long, value_name = "NAME", help_heading = "The crate")]
    example: Vec<String>,
    /// Its integration test, with the test harness
    #[arg(long, value_name = "NAME", help_heading = "The crate")]
    test: Vec<String>,
    /// Its benchmark
    #[arg(long, value_name = "NAME", help_heading = "The crate")]
    bench: Vec<String>,
    /// The target to build for [default: Cargo's; for `image`, musl if installed, else glibc linked in]
    #[arg(long, value_name = "TRIPLE", help_heading = "The crate")]
    target: Option<String>,
    /// Features to turn on, as for `cargo build`
    #[arg(long, short = 'F', value_name = "FEATURES", help_heading = "The crate")]
    features: Vec<String>,
    /// Turn the default features off
    #[arg(long, help_heading = "The crate")]
    no_default_features: bool,
    /// Turn all features on
    #[arg(long, help_heading = "The crate")]
    all_features: bool,
}

impl From<Crate> for options::Subject {
    fn from(asked: Crate) -> Self {
        let Crate {
            manifest_path,
            package,
            bin,
            lib,
            form,
            example,
            test,
            bench,
            target,
            features,
            no_default_features,
            all_features,
        } = asked;
        Self {
            manifest_path,
            package,
            bin,
            lib,
            crate_type: form,
            example,
            test,
            bench,
            target,
            features,
            no_default_features,
            all_features,
            alone: true,
            ..Self::default()
        }
    }
}

impl Verb {
    /// Whether the answer is wanted as JSON, also if it is an error.
    fn wants_json(&self) -> bool {
        match self {
            Self::Ladder(Ladder { format, .. })
            | Self::Bloat(Bloat { format, .. })
            | Self::Diff(Diff { format, .. })
            | Self::History(History { format, .. })
            | Self::Price(Price { format, .. }) => *format == Format::Json,
            Self::WhatIf(WhatIf { format, .. })
            | Self::Tune(Tune { format, .. })
            | Self::Image(Image { format, .. }) => *format == PlainFormat::Json,
            Self::Budget(Budget { format, .. }) => *format == SizesFormat::Json,
            Self::Report(_) => false,
        }
    }
}

fn main() -> ExitCode {
    caller::set("cargo weigh");
    let parse = || Weigh::try_parse_from(words(env::args_os())).map(|Weigh { color, verb }| (color.into(), verb));
    weigh::cli::run(parse, Verb::wants_json, run)
}

/// The command line without what Cargo adds: it calls `cargo-weigh weigh …`, and a person may leave that word out.
fn words(mut args: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let program = args.next();
    let mut rest = args.peekable();
    rest.next_if(|word| word == "weigh");
    program.into_iter().chain(rest).collect()
}

fn run(verb: Verb) -> Result<Exit> {
    match verb {
        Verb::Ladder(Ladder { table, format, jobs, compressed, run, run_seconds, subject }) => {
            sizes::run(&options::Sizes {
                table,
                format: format.into(),
                jobs,
                compressed,
                run,
                run_seconds,
                subject: subject.into(),
                ..options::Sizes::default()
            })
        }
        Verb::Budget(Budget { save, format, subject }) => sizes::run(&options::Sizes {
            budget: true,
            save,
            format,
            subject: subject.into(),
            ..options::Sizes::default()
        }),
        Verb::Bloat(options) => inspect::bloat(&options.into()),
        Verb::Diff(options) => inspect::diff(&options.into()),
        Verb::WhatIf(options) => inspect::whatif::run(&options.into()),
        Verb::Price(options) => inspect::price::run(&options.into()),
        Verb::Tune(options) => tune::run(&options.into()),
        Verb::Report(options) => inspect::page::run(&options.into()),
        Verb::History(options) => history::run(&options.into()),
        Verb::Image(options) => image::run(&options.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Weigh::command().debug_assert();
    }

    #[test]
    fn cargo_and_people_may_call_it() {
        let of = |line: &str| words(line.split(' ').map(OsString::from));
        assert_eq!(of("cargo-weigh weigh bloat --bin weigh"), ["cargo-weigh", "bloat", "--bin", "weigh"]);
        assert_eq!(of("cargo-weigh diff weigh other"), ["cargo-weigh", "diff", "weigh", "other"]);
    }
}
