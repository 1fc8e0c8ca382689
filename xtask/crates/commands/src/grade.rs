//! The command line of `grade`.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `cargo xtask grade`.
#[derive(Debug, Args)]
pub struct Grade {
    /// Folder of submissions: DIR/STUDENT/ex1/…, a checkout for each student, archives, or an LMS's download
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Where the journal and the reports go
    #[arg(long, value_name = "OUT", default_value = "grades")]
    pub out: PathBuf,
    /// The workshop's folder [default: the one around the current folder]
    #[arg(long, value_name = "DIR")]
    pub course: Option<PathBuf>,
    /// Only these exercises
    #[arg(long, value_name = "EXERCISE", num_args = 1..)]
    pub exercise: Vec<String>,
    /// Submissions to grade at once [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
    /// Only a part, to share the work among machines: I/N, hash:I/N, or auto
    #[arg(long, value_name = "PART")]
    pub partition: Option<String>,
    /// How submissions are isolated
    #[arg(long, value_enum, default_value_t)]
    pub sandbox: Sandbox,
    /// Seconds of CPU time for one build [default: a multiple of what the course's own solution takes]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub build_seconds: Option<u32>,
    /// CSV with names, e-mail addresses and due dates, or an LMS's gradebook
    #[arg(long, value_name = "FILE")]
    pub roster: Option<PathBuf>,
    /// How to find a student's id in the name of a folder or file: a regular expression with one group
    #[arg(long, value_name = "REGEX")]
    pub student_from: Option<String>,
    /// Which of a student's several submissions counts
    #[arg(long, value_enum, default_value_t)]
    pub attempts: Attempts,
    /// Only these students
    #[arg(long, value_name = "ID", num_args = 1..)]
    pub student: Vec<String>,
    /// Regrade what is already graded
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
    /// Rewrite this folder's reports from its journal, without grading again
    #[arg(long, value_name = "OUT", conflicts_with_all = ["dir", "self_test"])]
    pub report: Option<PathBuf>,
    /// Fill in an LMS's own gradebook, and write feedback files for it
    #[arg(long, value_enum, value_name = "LMS", requires = "template", conflicts_with_all = ["dir", "self_test", "merge"])]
    pub export: Option<Lms>,
    /// The gradebook that --export fills in, as exported by the LMS
    #[arg(long, value_name = "FILE", requires = "export")]
    pub template: Option<PathBuf>,
    /// Leave names and addresses out of the pages, and replace each student's id with a random code
    #[arg(long)]
    pub anonymous: bool,
    /// Which reports [default: all]. With --list: text, json or csv
    #[arg(long, value_enum, value_delimiter = ',')]
    pub format: Vec<GradeFormat>,
    /// Run hostile submissions, and show what stopped each one
    #[arg(long, conflicts_with = "dir")]
    pub self_test: bool,
}

/// Which of several submissions counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Attempts {
    /// The last one, if the LMS records which that is
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
    /// A bubblewrap sandbox; without it, nothing is graded
    #[default]
    Auto,
    /// The same
    Bwrap,
    /// No isolation: every submission can do whatever you can; every record and report notes this
    None,
}

/// A report of grades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GradeFormat {
    /// grades.csv, for a learning management system
    Csv,
    /// grades.json, with everything
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
