//! The whole command line. The comments here are the help text.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// The runner of the workshop on Rust binary size.
///
/// Exit codes: 0 all asked for is met; 1 something is not met (a size, an output, a stale document);
/// 2 usage, or a malformed file; 3 the environment failed (no toolchain, no network, a full disk, a missing tool).
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Cli {
    /// Colours: `auto` looks at the terminal, NO_COLOR and CLICOLOR_FORCE.
    #[arg(long, global = true, value_enum, default_value_t)]
    pub color: Color,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Builds every profile that the tables name, checks that each program still does its work, shows the sizes.
    Sizes(Sizes),
    /// Rewrites what is generated in README.md and docs/ from the committed measurement.
    Docs(Docs),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If the output is a terminal.
    #[default]
    Auto,
    /// Even if it is not.
    Always,
    /// Not even then.
    Never,
}

/// How the tables are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
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

/// `cargo xtask sizes`.
#[derive(Debug, Args)]
pub struct Sizes {
    /// The tables to make, by name; `all` for every one [default: the tables marked `default` in Cargo.toml]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    pub table: Vec<String>,
    /// The programs of the workshop to measure, by name [default: all]
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',', conflicts_with = "manifest_path")]
    pub program: Vec<String>,
    /// How to print the tables
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Compare with the committed measurement of this target and compiler; exit code 1 if a size is off
    #[arg(long, conflicts_with_all = ["accept", "manifest_path"])]
    pub check: bool,
    /// Measure every table, and replace the committed measurement of this target and compiler
    #[arg(long, conflicts_with_all = ["manifest_path", "table", "program"])]
    pub accept: bool,
    /// How many builds run at once [default: by the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Seconds after which a program under test is ended [default: 10]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub run_seconds: Option<u64>,
    /// Measure another crate, by its Cargo.toml; none of its files is touched
    #[arg(long, value_name = "PATH", help_heading = "Your own crate")]
    pub manifest_path: Option<PathBuf>,
    /// Its package, if there are several
    #[arg(long, short, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub package: Option<String>,
    /// Its binary, if there are several
    #[arg(long, value_name = "NAME", requires = "manifest_path", help_heading = "Your own crate")]
    pub bin: Option<String>,
    /// Run each binary with these arguments; exit code and standard output must be those of the first row's build
    #[arg(
        long,
        value_name = "ARGS",
        requires = "manifest_path",
        allow_hyphen_values = true,
        help_heading = "Your own crate"
    )]
    pub run: Option<String>,
    /// Features to switch on, as for `cargo build`
    #[arg(long, short = 'F', value_name = "FEATURES", requires = "manifest_path", help_heading = "Your own crate")]
    pub features: Vec<String>,
    /// Leave the default features off
    #[arg(long, requires = "manifest_path", help_heading = "Your own crate")]
    pub no_default_features: bool,
    /// Switch all features on
    #[arg(long, requires = "manifest_path", help_heading = "Your own crate")]
    pub all_features: bool,
}

/// `cargo xtask docs`.
#[derive(Debug, Args)]
pub struct Docs {
    /// Write nothing; exit code 1 if something is stale, naming file and line
    #[arg(long)]
    pub check: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
