//! The whole command line. The comments here are the help text.

pub mod help;
mod learn;
mod sizes;
mod whatif;

use clap::{Args, Parser, Subcommand, ValueEnum};
pub use learn::{Check, Completions, Hint, List, ListFormat, Reset, Shell, Solution, Watch};
pub use sizes::{Sizes, SizesFormat, Subject};
use std::path::PathBuf;
pub use whatif::WhatIf;

/// The runner of the workshop on Rust binary size.
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
    /// Builds your exercise and the course's, runs both, judges every goal.
    Check(Check),
    /// Checks at every save, until you stop it.
    Watch(Watch),
    /// Gives the next hint, chosen by what is wrong now.
    Hint(Hint),
    /// Shows the course's solution beside yours, and explains it.
    Solution(Solution),
    /// Restores an exercise's files as they were at the start; saves yours first.
    Reset(Reset),
    /// Looks for the tools, and for anything in your environment that would change sizes.
    Doctor,
    /// Shows where the bytes of a program come from: by crate, by function, by section.
    Bloat(Bloat),
    /// Shows what has changed between two profiles, or two files: by section, crate and function.
    Diff(Diff),
    /// Adds and removes each setting of a profile on its own, and shows what it saves and costs.
    WhatIf(WhatIf),
    /// Writes one HTML file to explore: the ladder, where the bytes come from, treemaps, changes, tables.
    Report(Report),
    /// Packs a program into a container image that holds nothing else, without a daemon.
    Image(Image),
    /// Grades a folder of untrusted submissions; resumes an interrupted run.
    Grade(Grade),
    /// Makes a new exercise, or proves the course.
    #[command(subcommand)]
    Author(Author),
    /// Builds every profile in the size tables, checks that each program still works, shows the sizes.
    Sizes(Sizes),
    /// Rewrites what is generated in README.md and the book: numbers, tables, pictures, listings, output of commands.
    Docs(Docs),
    /// Prints a script with which your shell completes `cargo xtask`.
    Completions(Completions),
}

impl Verb {
    /// Whether the answer is wanted as JSON, also if it is an error.
    pub fn wants_json(&self) -> bool {
        match self {
            Self::List(List { format }) => *format == ListFormat::Json,
            Self::Check(Check { format, .. }) => *format == PlainFormat::Json,
            Self::Sizes(Sizes { format, .. }) => *format == SizesFormat::Json,
            Self::Bloat(Bloat { format, .. }) | Self::Diff(Diff { format, .. }) => *format == Format::Json,
            Self::WhatIf(WhatIf { format, .. }) | Self::Image(Image { format, .. }) => *format == PlainFormat::Json,
            Self::Grade(Grade { list, format, .. }) => *list && format.contains(&GradeFormat::Json),
            Self::Watch(_) | Self::Hint(_) | Self::Solution(_) | Self::Reset(_) | Self::Doctor => false,
            Self::Author(_) | Self::Docs(_) | Self::Report(_) | Self::Completions(_) => false,
        }
    }
}

/// `cargo xtask author`.
#[derive(Debug, Subcommand)]
pub enum Author {
    /// Makes a new exercise: a small one that `author verify` accepts, whose text says what to replace.
    New(New),
    /// Proves the course: every starter fails as it says, every solution passes, and no line of a solution is idle.
    Verify(Verify),
}

/// `cargo xtask author new`.
#[derive(Debug, Args)]
pub struct New {
    /// Its name: `ex` and a number that is free
    #[arg(value_name = "EXERCISE")]
    pub exercise: String,
}

/// `cargo xtask author verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The exercises, by name [default: all]
    #[arg(value_name = "EXERCISE")]
    pub exercises: Vec<String>,
    /// Write the digests of the files that learners do not change into exercise.toml, their copies into starter/, and aliases
    #[arg(long)]
    pub write_digests: bool,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlainFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document, also for errors.
    Json,
}

/// When to use color.
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

/// `cargo xtask bloat`.
#[derive(Debug, Args)]
pub struct Bloat {
    /// The profile; one that strips is read through a twin which does not
    #[arg(long, value_name = "PROFILE", default_value = "release")]
    pub profile: String,
    /// Show the crates only
    #[arg(long)]
    pub crates: bool,
    /// Show the functions only; the copies of a generic one are one row
    #[arg(long)]
    pub functions: bool,
    /// Show the sections only
    #[arg(long)]
    pub sections: bool,
    /// How many functions to show; 0 for all
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 15)]
    pub count: usize,
    /// Take this file apart instead of building a program
    #[arg(long, value_name = "PATH", conflicts_with_all = ["profile", "program", "manifest_path"])]
    pub file: Option<PathBuf>,
    /// The part of a universal Mach-O file to take apart, such as arm64 or x86_64
    #[arg(long, value_name = "NAME", requires = "file")]
    pub arch: Option<String>,
    /// Only functions whose name or crate fits this regular expression
    #[arg(long, value_name = "REGEX")]
    pub filter: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What is measured
    #[command(flatten)]
    pub subject: Subject,
}

/// `cargo xtask report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The profile that is compared with the default release profile
    #[arg(long, value_name = "PROFILE", default_value = "dist")]
    pub profile: String,
    /// Where the page is written [default: below target/size-workshop/]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long)]
    pub open: bool,
    /// What is measured
    #[command(flatten)]
    pub subject: Subject,
}

/// `cargo xtask image`.
#[derive(Debug, Args)]
pub struct Image {
    /// The profile that the program is built with
    #[arg(long, value_name = "PROFILE", default_value = "dist")]
    pub profile: String,
    /// The target [default: this machine's with musl if that is installed, else with glibc linked in]
    #[arg(long, value_name = "TRIPLE")]
    pub target: Option<String>,
    /// Pack this file instead of building a program
    #[arg(long, value_name = "PATH", conflicts_with_all = ["profile", "target", "program", "manifest_path"])]
    pub file: Option<PathBuf>,
    /// Where the archive is written [default: below target/size-workshop/, or beside the file]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
    /// What is packed
    #[command(flatten)]
    pub subject: Subject,
}

/// `cargo xtask diff`.
#[derive(Debug, Args)]
pub struct Diff {
    /// A profile, the file of a program, or `git:REV` for the program as it was then
    #[arg(value_name = "A")]
    pub a: String,
    /// Another one
    #[arg(value_name = "B")]
    pub b: String,
    /// The part of universal Mach-O files to compare, such as arm64 or x86_64
    #[arg(long, value_name = "NAME")]
    pub arch: Option<String>,
    /// Exit code 1 if B is more than this larger than A, such as `1%`
    #[arg(long, value_name = "PERCENT")]
    pub fail_if_grows: Option<String>,
    /// Growth by fewer bytes than this never fails
    #[arg(long, value_name = "BYTES", requires = "fail_if_grows", default_value_t = 0)]
    pub min_bytes: u64,
    /// How many changes of each kind to show; 0 for all
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 15)]
    pub count: usize,
    /// Add the changes to the summary of a GitHub Actions job
    #[arg(long)]
    pub github_summary: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What is measured
    #[command(flatten)]
    pub subject: Subject,
}

/// `cargo xtask grade`.
#[derive(Debug, Args)]
pub struct Grade {
    /// Folder of submissions: DIR/STUDENT/ex1/…, a checkout for each student, archives, or an LMS's download
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Where the journal and the reports go
    #[arg(long, value_name = "OUT", default_value = "grades")]
    pub out: PathBuf,
    /// The workshop's folder; by default the one that holds the current folder
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
    /// Only these exercises
    #[arg(long, value_name = "EXERCISE", num_args = 1..)]
    pub exercise: Vec<String>,
    /// Submissions graded at once; by default one for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Only a part, to share the work among machines: I/N, hash:I/N, or auto
    #[arg(long, value_name = "PART")]
    pub partition: Option<String>,
    /// What keeps submissions from doing harm
    #[arg(long, value_enum, default_value_t)]
    pub sandbox: Sandbox,
    /// Seconds of processor time for one build; by default a multiple of what the course's own solution takes
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub build_seconds: Option<u32>,
    /// CSV with names, e-mail addresses and due dates, or an LMS's gradebook
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// Where a student's id is in the name of a folder or file: a regular expression with one group
    #[arg(long, value_name = "REGEX")]
    pub student_from: Option<String>,
    /// Which of a student's several submissions counts
    #[arg(long, value_enum, default_value_t)]
    pub attempts: Attempts,
    /// Only these students
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub student: Vec<String>,
    /// Grade again what has been graded
    #[arg(long)]
    pub again: bool,
    /// Dry run, builds nothing: who was found, what is taken, who is missing; exit code 1 if something is rejected or unknown
    #[arg(long, requires = "dir")]
    pub list: bool,
    /// Compare the files of all submissions with each other; builds nothing
    #[arg(long, requires = "dir", conflicts_with = "list")]
    pub similar: bool,
    /// Join the results of partitions into OUT
    #[arg(long, value_name = "OUT", num_args = 1.., conflicts_with_all = ["dir", "report", "self_test"])]
    pub merge: Vec<PathBuf>,
    /// Only write the reports of this folder again, from its journal
    #[arg(long, value_name = "OUT", conflicts_with_all = ["dir", "self_test"])]
    pub report: Option<PathBuf>,
    /// Fill in an LMS's own gradebook, and write feedback files for it
    #[arg(long, value_enum, value_name = "LMS", requires = "template", conflicts_with_all = ["dir", "self_test", "merge"])]
    pub export: Option<Lms>,
    /// The gradebook that --export fills in, as the LMS has exported it
    #[arg(long, value_name = "FILE", requires = "export")]
    pub template: Option<PathBuf>,
    /// Leave names and addresses out of the pages, and give each student a random code in place of the id
    #[arg(long)]
    pub anonymous: bool,
    /// Which reports; all if none is named. With --list: text, json or csv
    #[arg(long, value_enum, value_delimiter = ',')]
    pub format: Vec<GradeFormat>,
    /// Run hostile submissions, and show what stopped each one
    #[arg(long, conflicts_with = "dir")]
    pub self_test: bool,
}

/// Which of several submissions counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Attempts {
    /// The last one, where the LMS says which that is
    #[default]
    Last,
    /// The one with the most points
    Best,
}

/// A learning management system whose gradebook can be filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lms {
    /// Canvas: Gradebook > Export
    Canvas,
    /// Moodle: the assignment's grading worksheet
    Moodle,
    /// Brightspace: Grades > Export
    Brightspace,
}

/// What keeps submissions from doing harm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Sandbox {
    /// A box by bubblewrap; without it nothing is graded
    #[default]
    Auto,
    /// The same
    Bwrap,
    /// Nothing: every submission can do what you can; stamped on every record and report
    None,
}

/// A report of grades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GradeFormat {
    /// grades.csv, for a learning management system
    Csv,
    /// grades.json, all of it
    Json,
    /// junit.xml, for CI
    Junit,
    /// index.html, and a page for each student
    Html,
    /// gradescope/STUDENT.json
    Gradescope,
    /// For people, with --list
    Text,
}

/// `cargo xtask docs`.
#[derive(Debug, Args)]
pub struct Docs {
    /// Write nothing; exit code 1 if something is stale or wrong, naming file and line
    #[arg(long, conflicts_with_all = ["run", "record", "open"])]
    pub check: bool,
    /// Run every command of the book in a copy of the workspace, and compare what it prints with the page
    #[arg(long, conflicts_with_all = ["record", "open"])]
    pub run: bool,
    /// Run every command and measure every fact anew, keep what came of it, and rewrite the documents
    #[arg(long, conflicts_with = "open")]
    pub record: bool,
    /// With --run: also the commands that take long
    #[arg(long, requires = "run")]
    pub slow: bool,
    /// With --run: also measure every fact anew, and compare
    #[arg(long, requires = "run")]
    pub facts: bool,
    /// Build the book as a site with mdBook, in target/book/site
    #[arg(long, conflicts_with_all = ["check", "run", "record"])]
    pub site: bool,
    /// Build the site, and open it in the browser
    #[arg(long)]
    pub open: bool,
    /// How mdBook calls this program
    #[arg(long, hide = true, conflicts_with_all = ["check", "run", "record", "open"])]
    pub preprocess: bool,
    /// With --run or --record: only these chapters, such as `lto`
    #[arg(value_name = "CHAPTER")]
    pub chapters: Vec<String>,
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
