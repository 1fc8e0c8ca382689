//! `cargo weigh`: where the bytes of the crate in the current folder come from, and what each setting would save and cost. The
//! comments here are the help text.

use anyhow::{Context as _, Result};
use base::failure::{self, Exit, Failure};
use base::{caller, output, proc};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use weigh::cli::{Bloat, Diff, Image, Report, WhatIf};
use weigh::options::{self, Format, PlainFormat, SizesFormat};
use weigh::{anatomy, image, sizes};

/// How Cargo calls it: `cargo-weigh weigh …`.
#[derive(Debug, Parser)]
#[command(name = "cargo", bin_name = "cargo", max_term_width = 100)]
enum Cargo {
    /// Where the bytes of a Rust program come from, and what each setting of a profile saves and costs
    #[command(version, subcommand_required = true, arg_required_else_help = true)]
    Weigh(Weigh),
}

#[derive(Debug, Args)]
#[command(after_help = NOTES)]
struct Weigh {
    /// When to use color: `auto` depends on the terminal, `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, default_value_t)]
    color: Color,
    /// What to do
    #[command(subcommand)]
    verb: Verb,
}

/// Below the verbs.
const NOTES: &str = "Nothing of your crate is changed. Builds go below its target folder, in size-workshop/.\n\
    Exit codes: 0: everything requested holds; 1: something isn't met (a budget, a limit on growth, an output); 2: wrong usage, \
    or a malformed file; 3: the environment failed (no toolchain, no network, a full disk, a missing tool).";

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    /// If the output is a terminal
    #[default]
    Auto,
    /// Even if it isn't
    Always,
    /// Not even then
    Never,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows what each setting of a small profile saves, one after the other
    Ladder(Ladder),
    /// Shows where the bytes of the program come from: by crate, by function, by section
    Bloat(Bloat<Crate>),
    /// Shows what has changed between two profiles, two files, or a git revision and now
    Diff(Diff<Crate>),
    /// Adds and removes each setting of a profile on its own, and shows what it saves and costs
    WhatIf(WhatIf<Crate>),
    /// Writes one HTML file to explore: the ladder, where the bytes come from, treemaps, changes, tables
    Report(Report<Crate>),
    /// Packs the program into a container image that holds nothing else, without a daemon
    Image(Image<Crate>),
    /// Judges the crate's own profiles by [package.metadata.size-budget]; exit code 1 if one is exceeded
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
    /// How many builds run at once [default: by the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    jobs: Option<u16>,
    /// Run each binary with these arguments; exit code and standard output must be those of the first row's build
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    run: Option<String>,
    /// Seconds after which a program under test is ended [default: 10]
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
    /// How to print it; `github` is what GitHub Actions shows beside the line
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
    /// Its binary, if there are several
    #[arg(long, value_name = "NAME", help_heading = "The crate")]
    bin: Option<String>,
    /// Features to switch on, as for `cargo build`
    #[arg(long, short = 'F', value_name = "FEATURES", help_heading = "The crate")]
    features: Vec<String>,
    /// Leave the default features off
    #[arg(long, help_heading = "The crate")]
    no_default_features: bool,
    /// Switch all features on
    #[arg(long, help_heading = "The crate")]
    all_features: bool,
}

impl From<Crate> for options::Subject {
    fn from(asked: Crate) -> Self {
        let Crate { manifest_path, package, bin, features, no_default_features, all_features } = asked;
        Self {
            manifest_path,
            package,
            bin,
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
            Self::Ladder(Ladder { format, .. }) => *format == Format::Json,
            Self::Bloat(Bloat { format, .. }) | Self::Diff(Diff { format, .. }) => *format == Format::Json,
            Self::WhatIf(WhatIf { format, .. }) | Self::Image(Image { format, .. }) => *format == PlainFormat::Json,
            Self::Budget(Budget { format, .. }) => *format == SizesFormat::Json,
            Self::Report(_) => false,
        }
    }

    /// Where the crate is, if that was said.
    fn manifest(&mut self) -> &mut Option<PathBuf> {
        match self {
            Self::Ladder(Ladder { subject, .. }) | Self::Budget(Budget { subject, .. }) => &mut subject.manifest_path,
            Self::Bloat(Bloat { subject, .. }) | Self::Diff(Diff { subject, .. }) => &mut subject.manifest_path,
            Self::WhatIf(WhatIf { subject, .. }) | Self::Report(Report { subject, .. }) => &mut subject.manifest_path,
            Self::Image(Image { subject, .. }) => &mut subject.manifest_path,
        }
    }

    /// Whether it takes files alone, and needs no crate.
    fn needs_no_crate(&self) -> bool {
        match self {
            Self::Bloat(Bloat { file, .. }) | Self::Image(Image { file, .. }) => file.is_some(),
            // Which of its sides is a file is told by looking; where none is a profile, no crate is asked for.
            Self::Diff(_) => nearest_manifest().is_err(),
            _ => false,
        }
    }
}

fn main() -> ExitCode {
    caller::set("cargo weigh");
    // Cargo may have called this program in rustc's place.
    if let Some(code) = weigh::cargo::plan::serve().or_else(weigh::cargo::record::serve) {
        return code;
    }
    let Cargo::Weigh(Weigh { color, verb }) = match Cargo::try_parse() {
        Ok(asked) => asked,
        Err(error) => return weigh::cli::usage(&error).into(),
    };
    output::set_color(match color {
        Color::Auto => output::Color::Auto,
        Color::Always => output::Color::Always,
        Color::Never => output::Color::Never,
    });
    let json = verb.wants_json();
    let result = proc::end_children_on_signal().and_then(|()| run(verb));
    let exit = result.unwrap_or_else(|error| {
        let failure = failure::failure_of(&error);
        output::failure(&failure, json);
        failure.exit
    });
    exit.into()
}

fn run(mut verb: Verb) -> Result<Exit> {
    if verb.manifest().is_none() && !verb.needs_no_crate() {
        *verb.manifest() = Some(nearest_manifest()?);
    }
    match verb {
        Verb::Ladder(Ladder { table, format, jobs, run, run_seconds, subject }) => sizes::run(&options::Sizes {
            table,
            format: match format {
                Format::Text => SizesFormat::Text,
                Format::Markdown => SizesFormat::Markdown,
                Format::Json => SizesFormat::Json,
                Format::Csv => SizesFormat::Csv,
            },
            jobs,
            run,
            run_seconds,
            subject: subject.into(),
            ..options::Sizes::default()
        }),
        Verb::Budget(Budget { save, format, subject }) => sizes::run(&options::Sizes {
            budget: true,
            save,
            format,
            subject: subject.into(),
            ..options::Sizes::default()
        }),
        Verb::Bloat(options) => anatomy::bloat(&options.into()),
        Verb::Diff(options) => anatomy::diff(&options.into()),
        Verb::WhatIf(options) => anatomy::whatif::run(&options.into()),
        Verb::Report(options) => anatomy::page::run(&options.into()),
        Verb::Image(options) => image::run(&options.into()),
    }
}

/// The manifest that Cargo would take: the nearest one, from the current folder upwards.
fn nearest_manifest() -> Result<PathBuf> {
    let here = env::current_dir().context("cannot tell the current folder")?;
    let found = here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file());
    found.ok_or_else(|| {
        let message = format!("there is no Cargo.toml in {} or above it", here.display());
        Failure::new(Exit::Usage, message)
            .help("go to the folder of a crate, or name its Cargo.toml: --manifest-path PATH")
            .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cargo::command().debug_assert();
    }
}
