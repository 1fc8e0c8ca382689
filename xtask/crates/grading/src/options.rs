//! Grading options, independent of the command line: the self-test and the tests use them as well.

use commands::{Attempts, GradeFormat, Sandbox};
use std::path::PathBuf;

/// How a class is graded and reported.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Where the journal and the reports go.
    pub out: PathBuf,
    /// The exercises, by name; all if none is named.
    pub exercises: Vec<String>,
    /// Submissions graded at once; one for each processor by default.
    pub jobs: Option<u16>,
    /// Which part of the class, as it was written.
    pub partition: Option<String>,
    /// The sandbox for submissions.
    pub sandbox: Sandbox,
    /// Seconds of CPU time for one build; by default, a multiple of what the course's own solution takes.
    pub build_seconds: Option<u32>,
    /// The class as a CSV.
    pub roster: Option<PathBuf>,
    /// A regular expression whose one group is the student's id in the name of a folder or file.
    pub student_from: Option<String>,
    /// Which of a student's several submissions counts.
    pub attempts: Attempts,
    /// Only these students; all if none is named.
    pub students: Vec<String>,
    /// Whether to grade again what is already graded.
    pub again: bool,
    /// Whether to leave names and addresses out of the pages.
    pub anonymous: bool,
    /// Which reports; all if none is named.
    pub formats: Vec<GradeFormat>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            out: PathBuf::from("grades"),
            exercises: Vec::new(),
            jobs: None,
            partition: None,
            sandbox: Sandbox::Auto,
            build_seconds: None,
            roster: None,
            student_from: None,
            attempts: Attempts::Last,
            students: Vec::new(),
            again: false,
            anonymous: false,
            formats: Vec::new(),
        }
    }
}

impl From<&commands::Grade> for Options {
    fn from(asked: &commands::Grade) -> Self {
        // Every field is named, so that a new flag can't be forgotten. The verb itself handles the fields that are
        // ignored here.
        let commands::Grade {
            dir: _,
            out,
            course: _,
            exercise,
            jobs,
            partition,
            sandbox,
            build_seconds,
            roster,
            student_from,
            attempts,
            student,
            again,
            list: _,
            similar: _,
            merge: _,
            report: _,
            export: _,
            template: _,
            anonymous,
            format,
            self_test: _,
        } = asked;
        Self {
            out: out.clone(),
            exercises: exercise.clone(),
            jobs: *jobs,
            partition: partition.clone(),
            sandbox: *sandbox,
            build_seconds: *build_seconds,
            roster: roster.clone(),
            student_from: student_from.clone(),
            attempts: *attempts,
            students: student.clone(),
            again: *again,
            anonymous: *anonymous,
            formats: format.clone(),
        }
    }
}
