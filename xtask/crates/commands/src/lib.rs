//! The command line of `cargo xtask`. The front door and the programs behind it read it with the same types, so there is one
//! `--help`, and a mistake is reported before anything is built. The comments here are the help text.

mod grade;
mod help;
mod learn;
mod make;
mod measure;

pub use grade::{Attempts, Grade, GradeFormat, Lms, Sandbox};
pub use learn::{Check, Completions, Hint, List, ListFormat, Predict, Reset, Shell, Solution, Watch};
pub use make::{Author, Docs, New, Verify};
pub use measure::{Sizes, Subject};

use anyhow::Result;
use base::failure::{Exit, Failure};
use base::output;
use clap::{Parser, Subcommand, ValueEnum};
use std::env;
use std::process::ExitCode;
use weigh::cli::{Bloat, Diff, History, Image, Price, Report, Tune, WhatIf};
use weigh::options::{Format, PlainFormat, SizesFormat};

/// The start of the note that announces the build of a verb's program; the verb follows. The book leaves this line out.
pub const BUILDING: &str = "building what `cargo xtask ";

/// The command runner for the workshop on Rust binary size.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
pub struct Cli {
    /// When to use color: `auto` depends on the terminal, NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, default_value_t)]
    pub color: Color,
    /// What to do
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Shows every exercise: title, level, minutes, state, points.
    List(List),
    /// Prompts for your guesses before anything is measured, and records them.
    Predict(Predict),
    /// Builds your exercise and the course's, runs both, and judges every goal.
    Check(Check),
    /// Checks at every save, until you stop it.
    Watch(Watch),
    /// Gives the next hint, chosen by what is wrong now.
    Hint(Hint),
    /// Shows the course's solution next to yours, and explains it.
    Solution(Solution),
    /// Restores an exercise's starter files; saves yours first.
    Reset(Reset),
    /// Checks for the tools, and for anything in your environment that would change sizes.
    Doctor,
    /// Shows where the bytes of a program come from: by crate, by function, by section.
    Bloat(Bloat<Subject>),
    /// Shows what changed between two profiles or two files: by section, crate and function.
    Diff(Diff<Subject>),
    /// Adds and removes each setting of a profile on its own, and shows what it saves and costs.
    WhatIf(WhatIf<Subject>),
    /// Shows what lines of code cost: how much larger they make an empty program.
    Price(Price<Subject>),
    /// Searches for the best profile: builds a few combinations of settings, and chooses one.
    Tune(Tune<Subject>),
    /// Writes one HTML file to explore: the ladder, where the bytes come from, treemaps, changes, tables.
    Report(Report<Subject>),
    /// Shows the size at each commit or tag, and which ones changed it.
    History(History<Subject>),
    /// Packs a program into a container image with nothing else in it, without a daemon.
    Image(Image<Subject>),
    /// Grades a folder of untrusted submissions; resumes an interrupted run.
    Grade(Grade),
    /// Creates a new exercise, or verifies the course.
    #[command(subcommand)]
    Author(Author),
    /// Builds every profile in the size tables, checks that each program still works, and shows the sizes.
    Sizes(Sizes),
    /// Rewrites what is generated in README.md and the book: numbers, tables, pictures, listings, command output.
    Docs(Docs),
    /// Prints a script that lets your shell complete `cargo xtask`.
    Completions(Completions),
}

impl Verb {
    /// Whether the answer is wanted as JSON, even an error.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::List(List { format }) => *format == ListFormat::Json,
            Self::Check(Check { format, .. }) => *format == PlainFormat::Json,
            Self::Sizes(Sizes { format, .. }) => *format == SizesFormat::Json,
            Self::Bloat(Bloat { format, .. })
            | Self::Diff(Diff { format, .. })
            | Self::History(History { format, .. })
            | Self::Price(Price { format, .. }) => *format == Format::Json,
            Self::WhatIf(WhatIf { format, .. })
            | Self::Tune(Tune { format, .. })
            | Self::Image(Image { format, .. }) => *format == PlainFormat::Json,
            Self::Grade(Grade { list, format, .. }) => *list && format.contains(&GradeFormat::Json),
            Self::Watch(_) | Self::Hint(_) | Self::Solution(_) | Self::Reset(_) | Self::Doctor => false,
            Self::Predict(_) => false,
            Self::Author(_) | Self::Docs(_) | Self::Report(_) | Self::Completions(_) => false,
        }
    }
}

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// Color if the output is a terminal.
    #[default]
    Auto,
    /// Color in pipes and files as well.
    Always,
    /// No color.
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

/// A program behind `cargo xtask`: reads the command line, runs its verb, and reports how that went.
///
/// `dispatch` gets the verb (none if there is no word at all) and returns how it ends, or none if the program doesn't have that verb.
pub fn run(dispatch: impl FnOnce(Option<Verb>) -> Option<Result<Exit>>) -> ExitCode {
    let parse = || help::parse(env::args_os()).map(|Cli { color, verb }| (color.into(), verb));
    let wants_json = |verb: &Option<Verb>| verb.as_ref().is_some_and(Verb::wants_json);
    weigh::cli::run(parse, wants_json, |verb| dispatch(verb).unwrap_or_else(|| Err(not_here().into())))
}

fn not_here() -> Failure {
    Failure::new(Exit::Usage, "this program doesn't have this verb")
        .help("run `cargo xtask` with that verb: it finds the right program")
}

/// The command line as clap has it, for completions and tests.
pub fn command() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        super::command().debug_assert();
    }
}
