//! The whole gradebook as one JSON document, version 1: keys are added, never changed.

use super::{Decision, Goal, Gradebook, Problem, clean, id};
use serde::Serialize;
use std::collections::BTreeMap;
use weigh::report::json::document;

/// `size-workshop/gradebook/1`. Scores in points, sizes in bytes; a score is null where there is no grade yet.
#[derive(Serialize)]
struct Book<'book> {
    schema: &'static str,
    title: String,
    toolchain: String,
    target: String,
    sandbox: String,
    rows: Vec<Row<'book>>,
}

#[derive(Serialize)]
struct Row<'book> {
    student: String,
    team: Vec<String>,
    attempt: Option<String>,
    first_name: String,
    last_name: String,
    email: String,
    exercise: String,
    status: String,
    raw_score: Option<f64>,
    late_submission_penalty: f64,
    score: Option<f64>,
    max_score: f64,
    override_reason: Option<String>,
    answer_decisions: &'book BTreeMap<String, Decision>,
    needs_review: Vec<String>,
    sandbox: Option<String>,
    size_bytes: Option<u64>,
    size_baseline: Option<u64>,
    due: Option<String>,
    timestamp: Option<String>,
    seconds: f64,
    message: Option<String>,
    goals: &'book [Goal],
    problems: &'book [Problem],
    answers: BTreeMap<String, String>,
    files: BTreeMap<String, String>,
    ignored: Vec<String>,
    key: String,
}

/// The gradebook as one document.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn grades(book: &Gradebook) -> serde_json::Result<String> {
    let Gradebook { title, toolchain, target, .. } = book;
    document(&Book {
        schema: "size-workshop/gradebook/1",
        title: clean(title),
        toolchain: clean(toolchain),
        target: clean(target),
        sandbox: book.sandbox().to_owned(),
        rows: book.sorted().into_iter().map(row).collect(),
    })
}

fn row(row: &super::Row) -> Row<'_> {
    let super::Row { student, first_name, last_name, email, exercise, status, raw_score, score, max_score, .. } = row;
    let super::Row {
        override_reason, needs_review, due, timestamp, message, goals, problems, answers, files, key, ..
    } = row;
    let optional = |text: &Option<String>| text.as_deref().map(clean);
    let map = |map: &BTreeMap<String, String>| map.iter().map(|(key, text)| (clean(key), clean(text))).collect();
    Row {
        student: id(student),
        team: row.team.iter().map(|member| id(member)).collect(),
        attempt: optional(&row.attempt),
        first_name: clean(first_name),
        last_name: clean(last_name),
        email: clean(email),
        exercise: clean(exercise),
        status: clean(status),
        raw_score: raw_score.map(in_points),
        late_submission_penalty: in_points(row.late_submission_penalty),
        score: score.map(in_points),
        max_score: in_points(*max_score),
        override_reason: optional(override_reason),
        answer_decisions: &row.decisions,
        sandbox: optional(&row.sandbox),
        needs_review: needs_review.iter().map(|reason| clean(reason)).collect(),
        size_bytes: row.size_bytes,
        size_baseline: row.size_baseline,
        due: optional(due),
        timestamp: optional(timestamp),
        seconds: (row.seconds * 100.0).round() / 100.0,
        message: optional(message),
        goals,
        problems,
        answers: map(answers),
        files: map(files),
        ignored: row.ignored.iter().map(|path| clean(path)).collect(),
        key: clean(key),
    }
}

/// Hundredths as points. A double holds every digit that is written.
pub(super) fn in_points(hundredths: i64) -> f64 {
    hundredths as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use crate::report::tests::{HOSTILE, sample};

    #[test]
    fn a_gradebook_as_json() {
        insta::assert_snapshot!(super::grades(&sample()).unwrap());
    }

    #[test]
    fn no_text_keeps_what_could_do_harm() {
        let mut book = sample();
        book.title = HOSTILE.to_owned();
        let text = super::grades(&book).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["schema"], "size-workshop/gradebook/1");
        assert!(!text.contains(r"\u001b") && !text.contains("::error") && !text.contains("##["), "{text}");
    }
}
