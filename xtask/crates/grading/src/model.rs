//! What grading knows: submissions, and each one's result. A submission's record is one line of the journal.

use course::check::Verdict;
use course::exercise::questions::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The schema of a line of the journal.
pub(crate) const SCHEMA: &str = "size-workshop/grade/1";

/// The work of one student for one exercise: data, never run where it came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Submission {
    /// The student, as in all reports.
    pub student: String,
    /// The exercise, such as `ex1`.
    pub exercise: String,
    /// The contents of the files that the exercise lets learners edit, except files that weren't handed in.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The student's guesses, by the question's name. No result depends on them.
    pub guesses: BTreeMap<String, Value>,
    /// What else was handed in but not taken, by its path there; at most a few are named.
    pub ignored: Vec<String>,
    /// Why it cannot be graded at all: a link, too large a file, a damaged archive. One sentence without a final full stop.
    pub rejected: Option<String>,
    /// Why a person should look at how it was handed in, such as a file that has almost the right name.
    pub review: Vec<String>,
    /// Its order among several by the same student: later ones are greater. Empty if unknown.
    pub attempt: String,
    /// Where it came from, to be shown.
    pub origin: PathBuf,
}

/// What the name of a folder or file, and the LMS that chose it, tell of a student.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Handle {
    /// The name of the folder or file as it is in the folder of submissions.
    pub entry: String,
    /// What may be the student's id in a roster (an id, a login, an address, a number of the LMS), the surest first.
    pub ids: Vec<String>,
    /// The student's name as the LMS writes it.
    pub name: Option<String>,
    /// Whether the LMS says that the work came late.
    pub late: bool,
    /// The entry's order among several by one student: later ones are greater. Empty if the LMS doesn't say.
    pub attempt: String,
}

/// The schema of a line of the journal about a run.
pub(crate) const RUN_SCHEMA: &str = "size-workshop/grade-run/1";

/// What a run found before it graded anything: so a report can distinguish work that isn't graded yet from work that
/// was never handed in, and merging parts can name a missing one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    /// `size-workshop/grade-run/1`.
    pub schema: String,
    /// Which part of the class was graded, such as `2/5` or `hash:2/5`; none for the whole class.
    pub part: Option<String>,
    /// The exercises that were graded.
    pub exercises: Vec<String>,
    /// Everyone who was found, in all parts.
    pub students: Vec<Seen>,
    /// Entries that match no student in the roster. Empty without a roster.
    pub unknown: Vec<Unknown>,
    /// Everyone in the roster for whom nothing was found.
    pub missing: Vec<String>,
}

/// A student who was found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// The student, as in the records.
    pub student: String,
    /// What the entry reveals about the student.
    pub handle: Handle,
    /// The exercises for which something was handed in.
    pub exercises: Vec<String>,
}

/// An entry that matches no student of the roster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unknown {
    /// The student under whom the entry is graded.
    pub student: String,
    /// The name of the folder or file.
    pub entry: String,
    /// The id in the roster that looks most like it, if one does.
    pub nearest: Option<String>,
}

/// The result of a submission.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    /// `size-workshop/grade/1`.
    pub schema: String,
    /// A digest of everything that the result depends on: the files taken, the exercise, the compiler, this program,
    /// the sandbox.
    pub key: String,
    /// The student.
    pub student: String,
    /// The exercise.
    pub exercise: String,
    /// How it went.
    pub status: Status,
    /// Points.
    pub points: u32,
    /// The most points possible.
    pub points_max: u32,
    /// Each goal, as `check` judges it.
    pub goals: Vec<Goal>,
    /// Bytes of the build that the size goal judges.
    pub size_bytes: Option<u64>,
    /// Bytes of the build that it is compared with.
    pub size_baseline: Option<u64>,
    /// Why a person should look at it; empty if that isn't needed.
    pub review: Vec<String>,
    /// The items of `review` that are about how the files were handed in. Older journals don't have this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intake: Vec<String>,
    /// Which of several attempts it is, according to the LMS. Not in older journals.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attempt: String,
    /// Answers in the student's own words, by the key in answers.toml: a person gives the points for these.
    pub answers: BTreeMap<String, String>,
    /// For a submission that was not judged: why. One sentence without a final full stop.
    pub message: Option<String>,
    /// The sandbox: `bwrap` or `none`.
    pub sandbox: String,
    /// The release of rustc.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// Wall seconds that it took.
    pub seconds: f64,
    /// SHA-256 of each file that was taken, so that a student can see that it was theirs.
    pub files: BTreeMap<String, String>,
    /// What else was handed in but not taken. Older journals don't have this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<String>,
    /// What the student has guessed before anything was measured, by the question's name. No points depend on it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub guesses: BTreeMap<String, Value>,
    /// What was measured for the exercise's questions, by their names, even without a guess.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measured: BTreeMap<String, Value>,
    /// Other findings: why Cargo rejects the manifest, what Cargo warns about. Not in older journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
}

impl Record {
    /// The same result for a different submission with the same files. The student, what wasn't taken, how it was
    /// handed in, and the guesses are that submission's own.
    pub(crate) fn of(&self, submission: &Submission) -> Self {
        let judged = self.review.iter().filter(|why| !self.intake.contains(why));
        let review = judged.chain(&submission.review).cloned().collect();
        Self {
            student: submission.student.clone(),
            ignored: submission.ignored.clone(),
            intake: submission.review.clone(),
            attempt: submission.attempt.clone(),
            review,
            guesses: submission.guesses.clone(),
            ..self.clone()
        }
    }
}

/// How a submission went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Status {
    /// Judged; the points say how.
    Graded,
    /// Cargo or rustc rejected it. Everything that needs no build was judged.
    BuildFailed,
    /// Not taken: see `message`.
    Rejected,
    /// Stopped because it took too long.
    Timeout,
    /// Stopped because it used too much memory.
    Oom,
    /// Stopped because it printed or wrote too much.
    OutputLimit,
    /// Our fault, not the student's: it is retried, and is never a grade.
    InfraError,
}

impl Status {
    /// The word in the journal and in the reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Graded => "graded",
            Self::BuildFailed => "build-failed",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::Oom => "oom",
            Self::OutputLimit => "output-limit",
            Self::InfraError => "infra-error",
        }
    }

    /// Whether it is a grade. An error of ours never is.
    pub(crate) fn is_final(self) -> bool {
        self != Self::InfraError
    }
}

/// A goal of a record: what was found, in whole points, as it is read back from the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Goal {
    /// Its name.
    pub id: String,
    /// What meeting it achieves.
    pub text: String,
    /// How it was judged.
    pub verdict: Verdict,
    /// Its points.
    pub points: u32,
    /// What it is worth.
    pub points_max: u32,
    /// Why it is not met.
    pub problems: Vec<Problem>,
    /// What must come first, for a goal that could not be judged.
    pub waits_for: Option<String>,
}

/// A diagnostic of a goal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    /// Its code, such as `profile/wrong-table`.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// The file, relative to the exercise.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What to do.
    pub help: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A record of which only these things matter.
    pub(crate) fn record(student: &str, exercise: &str, key: &str, status: Status, points: u32) -> Record {
        Record {
            schema: SCHEMA.to_owned(),
            key: key.to_owned(),
            student: student.to_owned(),
            exercise: exercise.to_owned(),
            status,
            points,
            points_max: 10,
            goals: Vec::new(),
            size_bytes: None,
            size_baseline: None,
            review: Vec::new(),
            intake: Vec::new(),
            attempt: String::new(),
            answers: BTreeMap::new(),
            message: None,
            sandbox: "bwrap".to_owned(),
            toolchain: "1.95.0".to_owned(),
            target: "x86_64-unknown-linux-gnu".to_owned(),
            seconds: 1.5,
            files: BTreeMap::new(),
            ignored: Vec::new(),
            problems: Vec::new(),
            guesses: BTreeMap::new(),
            measured: BTreeMap::new(),
        }
    }
}
