//! The results of a class, for spreadsheets, course platforms, CI servers and people: one small serializer for each format.
//! Whatever a student has written is cleaned on its way into every one of them.

pub(crate) mod csv;
pub(crate) mod gradescope;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod junit;
pub(crate) mod similar;
mod text;

pub(crate) use text::{clean, clean_line, id, normalized};

use base::numbers::hex;
use course::check::Verdict;
use course::exercise::questions::Value;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Why a submission with free text needs a person. If there are many, they are read one after another.
pub(crate) const ANSWER_WAITS: &str = "an answer in the student's own words has no points yet";

/// Everything that one class's reports show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gradebook {
    /// The heading, such as the name of the course.
    pub title: String,
    /// The release of rustc, such as `1.95.0`.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// The submissions, in any order.
    pub rows: Vec<Row>,
    /// Entries that match no student in the roster.
    pub unknown: Vec<Unknown>,
    /// Students in the roster for whom nothing was found.
    pub missing: Vec<String>,
    /// The questions that students answer in their own words, by exercise and key in answers.toml.
    pub questions: BTreeMap<(String, String), Question>,
    /// The questions that students guess about, in the order of the course.
    pub asked: Vec<Asked>,
    /// What differs from the previous report; none for the first one.
    pub since: Option<Since>,
    /// Whether students have codes instead of ids, and no names.
    pub is_anonymous: bool,
}

/// A question that students guess about before anything is measured.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// The exercise.
    pub exercise: String,
    /// The question's name.
    pub name: String,
    /// The question.
    pub ask: String,
}

/// A question that students answer in their own words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Question {
    /// The goal that judges the answer.
    pub goal: String,
    /// What it is worth.
    pub points: u32,
}

/// An entry in the folder of submissions that matches no student in the roster.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Unknown {
    /// The student under whom the entry is graded.
    pub student: String,
    /// The name of the folder or file.
    pub entry: String,
    /// The id in the roster that looks most like it.
    pub nearest: Option<String>,
}

/// What differs from an earlier report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Since {
    /// When the earlier report was written, such as `2026-11-21T12:00:00Z`.
    pub time: String,
    /// Each difference, by exercise and student.
    pub changes: Vec<Change>,
}

/// One difference from an earlier report.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Change {
    /// The student, as the CSV names them.
    pub student: String,
    /// The exercise.
    pub exercise: String,
    /// What differs: `score`, `status`, `review`, `size`, `appeared` or `vanished`.
    pub what: &'static str,
    /// The earlier report's value.
    pub before: String,
    /// This report's value.
    pub after: String,
    /// Why, as far as known.
    pub why: String,
}

/// The result of one student's work for one exercise. All scores are hundredths of a point.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    /// The student, by the name of the folder or archive; rows are grouped by it.
    pub student: String,
    /// Everyone who handed in this submission together, this student included; empty for one student alone.
    pub team: Vec<String>,
    /// Which of several attempts counts, as the learning platform names it.
    pub attempt: Option<String>,
    /// The first name; empty if it is not known.
    pub first_name: String,
    /// The last name; empty if it is not known.
    pub last_name: String,
    /// The address for mail; empty if it is not known.
    pub email: String,
    /// The exercise, such as `ex1`.
    pub exercise: String,
    /// How it went: `graded`, `build-failed`, `rejected`, `timeout`, `oom`, `output-limit` or `infra-error`; where there is
    /// no result, `not-handed-in` or `not-graded-yet`.
    pub status: String,
    /// The score before any penalty; `None` if there is no grade yet.
    pub raw_score: Option<i64>,
    /// The deduction for lateness; never below 0.
    pub late_submission_penalty: i64,
    /// The score that counts; `None` if there is no grade yet.
    pub score: Option<i64>,
    /// The maximum score.
    pub max_score: i64,
    /// Why a person changed the score. The student reads this as well.
    pub override_reason: Option<String>,
    /// This submission's sandbox: `bwrap` or `none`; nothing if nothing ran.
    pub sandbox: Option<String>,
    /// What a person decided about answers, by the key in answers.toml.
    pub decisions: BTreeMap<String, Decision>,
    /// Why a person should look at it; empty if that isn't needed. Students never read it: it may be about other
    /// students.
    pub needs_review: Vec<String>,
    /// Bytes of the build whose size is judged.
    pub size_bytes: Option<u64>,
    /// Bytes of the build that it is compared with.
    pub size_baseline: Option<u64>,
    /// When it was due.
    pub due: Option<String>,
    /// When it was handed in.
    pub timestamp: Option<String>,
    /// Wall seconds that grading took.
    pub seconds: f64,
    /// For a submission that was not judged: why. One sentence without a final full stop.
    pub message: Option<String>,
    /// Each goal, as `check` judges it.
    pub goals: Vec<Goal>,
    /// Other findings, such as a Cargo warning.
    pub problems: Vec<Problem>,
    /// Answers in the student's own words, by the key in answers.toml.
    pub answers: BTreeMap<String, String>,
    /// SHA-256 of each file that was taken.
    pub files: BTreeMap<String, String>,
    /// What else was handed in but not taken.
    pub ignored: Vec<String>,
    /// What the student has guessed, by the question's name. Reports show it only for the class as a whole.
    pub guesses: BTreeMap<String, Value>,
    /// What was measured for the same questions.
    pub measured: BTreeMap<String, Value>,
    /// A digest of everything that the result depends on.
    pub key: String,
}

/// What a person decided about everyone who gave the same answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Decision {
    /// The points for the answer, in hundredths.
    #[serde(serialize_with = "in_points")]
    pub points: i64,
    /// Why. The student reads it.
    #[serde(serialize_with = "cleaned")]
    pub reason: String,
}

/// A goal of a row. Its points can have been changed by a person, so they are hundredths; and untrusted text is cleaned
/// when it is written. A record's goal, in the journal, is what was found, byte for byte.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Goal {
    /// Its name.
    #[serde(serialize_with = "cleaned")]
    pub id: String,
    /// What meeting it achieves.
    #[serde(serialize_with = "cleaned")]
    pub text: String,
    /// How it was judged.
    pub verdict: Verdict,
    /// Its points, in hundredths.
    #[serde(serialize_with = "in_points")]
    pub points: i64,
    /// What it is worth.
    pub points_max: u32,
    /// Why it is not met.
    pub problems: Vec<Problem>,
    /// What must come first, for a goal that could not be judged.
    #[serde(serialize_with = "cleaned_option")]
    pub waits_for: Option<String>,
}

/// A diagnostic of a goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Problem {
    /// Its code, such as `profile/wrong-table`.
    #[serde(serialize_with = "cleaned")]
    pub code: String,
    /// What is wrong; more lines may follow.
    #[serde(serialize_with = "cleaned")]
    pub message: String,
    /// The file, relative to the exercise.
    #[serde(serialize_with = "cleaned_option")]
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// What to do.
    #[serde(serialize_with = "cleaned_option")]
    pub help: Option<String>,
}

/// Whole points as a whole number, as other programs expect them.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn in_points<S: Serializer>(hundredths: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    match hundredths % 100 {
        0 => serializer.serialize_i64(hundredths / 100),
        _ => serializer.serialize_f64(*hundredths as f64 / 100.0),
    }
}

fn cleaned<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&clean(text))
}

#[expect(clippy::ref_option, reason = "serde calls it so")]
fn cleaned_option<S: Serializer>(text: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().map(clean).serialize(serializer)
}

impl Gradebook {
    /// Whether submissions ran without anything that kept them from doing harm.
    fn is_unprotected(&self) -> bool {
        self.rows.iter().any(|row| row.sandbox.as_deref() == Some("none"))
    }

    /// What kept submissions from doing harm: `none` if any of them ran without a box.
    fn sandbox(&self) -> &'static str {
        if self.is_unprotected() { "none" } else { "bwrap" }
    }

    /// The rows by exercise, and by student within one.
    fn sorted(&self) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by_cached_key(|row| (in_order(&row.exercise), in_order(&row.student)));
        rows
    }

    /// The rows of a student by exercise.
    fn rows_of(&self, student: &str) -> Vec<&Row> {
        self.sorted().into_iter().filter(|row| row.student == student).collect()
    }
}

impl Row {
    /// Whether there was something to judge, and it was judged. A score of 0 for nothing says nothing about a goal.
    fn is_judged(&self) -> bool {
        self.is_handed_in() && !self.is_ours() && self.status != "not-graded-yet"
    }

    /// Whether anything was handed in.
    fn is_handed_in(&self) -> bool {
        self.status != "not-handed-in"
    }

    /// Whether the fault is ours, so that this isn't a grade.
    fn is_ours(&self) -> bool {
        self.status == "infra-error"
    }

    /// Why it was not simply judged: a sentence that students read as well.
    fn explanation(&self) -> Option<String> {
        let what = match self.status.as_str() {
            "graded" => return None,
            "build-failed" => "Cargo or rustc rejected the build. Everything that needs no build was judged",
            "rejected" => "The submission was rejected",
            "timeout" => "It was stopped because it took too long",
            "oom" => "It was stopped because it used too much memory",
            "output-limit" => "It was stopped because it printed or wrote too much",
            "not-handed-in" => "Nothing was handed in",
            "not-graded-yet" => "It isn't graded yet",
            "infra-error" => "It isn't graded yet, because of a problem on our side; it will be retried",
            other => other,
        };
        // Students don't need to know what broke on our side.
        let message = self.message.as_deref().filter(|_| !self.is_ours());
        Some(message.map_or_else(|| format!("{what}."), |message| format!("{what}: {}.", clean(message))))
    }
}

impl Problem {
    /// `Cargo.toml:7`, as far as it is known.
    fn place(&self) -> Option<String> {
        let file = clean_line(self.file.as_deref()?);
        Some(self.line.map_or_else(|| file.clone(), |line| format!("{file}:{line}")))
    }

    /// The first line of the message, and the others.
    fn message_lines(&self) -> (&str, &str) {
        self.message.split_once('\n').unwrap_or((&self.message, ""))
    }

    /// The whole problem as a few lines of plain text.
    pub(crate) fn plain(&self) -> String {
        let (first, rest) = self.message_lines();
        let place = self.place().map(|place| format!("{place}: ")).unwrap_or_default();
        let mut lines = vec![format!("{place}{first} [{}]", clean_line(&self.code))];
        lines.extend(Some(rest.to_owned()).filter(|rest| !rest.is_empty()));
        lines.extend(self.help.as_ref().map(|help| format!("help: {help}")));
        clean(&lines.join("\n"))
    }
}

/// A key that sorts `ex2` before `ex10`.
fn in_order(name: &str) -> (String, u64, String) {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    (stem.to_owned(), name[stem.len()..].parse().unwrap_or_default(), name.to_owned())
}

/// Hundredths of a point as people write them: `7`, `7.5` or `7.25`.
pub(crate) fn points(hundredths: i64) -> String {
    let (sign, hundredths) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
    match (hundredths / 100, hundredths % 100) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, part) if part % 10 == 0 => format!("{sign}{whole}.{}", part / 10),
        (whole, part) => format!("{sign}{whole}.{part:02}"),
    }
}

/// The name, without an extension, of the files that belong to a student: safe on every file system and in a link, never
/// the same for two students. A plain name stays what it is; any other gets a digest behind a point, which plain names
/// cannot have.
pub(crate) fn file_name(student: &str) -> String {
    let is_plain = |c: char| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
    // No capitals: on some file systems Ann and ann are one file.
    let is_short = (1..=64).contains(&student.len());
    if is_short && student.chars().all(is_plain) && !student.starts_with('-') && !is_device(student) {
        return student.to_owned();
    }
    let slug = student.chars().take(32).map(|c| c.to_ascii_lowercase()).map(|c| if is_plain(c) { c } else { '-' });
    let mut slug = slug.collect::<String>().trim_matches('-').to_owned();
    if slug.is_empty() || is_device(&slug) {
        slug = format!("student-{slug}");
    }
    format!("{slug}.{}", &hex(&hmac_sha256::Hash::hash(student.as_bytes()))[..16])
}

/// Whether Windows takes the name for a device, whatever extension it has.
fn is_device(name: &str) -> bool {
    let numbered = |prefix| name.strip_prefix(prefix).is_some_and(|rest| rest.len() == 1);
    ["con", "prn", "aux", "nul"].contains(&name) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
pub(crate) mod tests;
