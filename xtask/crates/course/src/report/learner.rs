//! The JSON document of `check`. Version 1: keys are added, never changed.

use super::receipt::Checked;
use crate::check::{Data, Outcome, Verdict};
use crate::diagnostic::file_in;
use crate::diagnostic::{Diagnostic, Severity};
use crate::evidence::Attempt;
use crate::exercise::Exercise;
use crate::exercise::questions::Value;
use crate::predictions::Predicted;
use serde::Serialize;
use std::path::Path;
use weigh::report::json;

/// `size-workshop/check/1`.
#[derive(Serialize)]
struct Check<'a> {
    schema: &'static str,
    exercise: &'a str,
    verdict: Verdict,
    points: u32,
    points_max: u32,
    toolchain: &'a str,
    target: &'a str,
    goals: Vec<Goal<'a>>,
    builds: Vec<Build<'a>>,
    /// What doesn't belong to a goal.
    diagnostics: Vec<Problem<'a>>,
    /// What the learner has guessed.
    predictions: Vec<Prediction<'a>>,
    next: &'a str,
    /// What this machine lacks for an exercise that is skipped; no such key otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'a str>,
}

/// A guess, and what was measured for it. No points depend on it.
#[derive(Serialize)]
struct Prediction<'a> {
    name: &'a str,
    ask: &'a str,
    /// What the numbers mean: `saved-percent`, `saved-bytes`, `bytes`, or `order` for a word.
    unit: &'static str,
    guess: Answer,
    /// Null until something was measured.
    measured: Option<Answer>,
    close: Option<bool>,
    /// Whether this check has measured it.
    new: bool,
    page: &'a str,
}

/// A number or a word.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Number(f64),
    Whole(i64),
    Word(&'static str),
}

impl From<Value> for Answer {
    fn from(value: Value) -> Self {
        match value {
            Value::SavedPercent(percent) => Self::Number(percent),
            Value::SavedBytes(bytes) | Value::Bytes(bytes) => Self::Whole(bytes),
            Value::Order(order) => Self::Word(order.word()),
        }
    }
}

/// A goal in the document of a check. It borrows, and has more than a grading record: columns, and everything that was seen.
#[derive(Serialize)]
struct Goal<'a> {
    id: &'a str,
    text: &'a str,
    verdict: Verdict,
    points: u32,
    points_max: u32,
    diagnostics: Vec<Problem<'a>>,
    /// For a goal that was skipped: what must come first.
    waits_for: Option<&'a str>,
    data: &'a Data,
}

#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    severity: Severity,
    message: &'a str,
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

#[derive(Serialize)]
struct Build<'a> {
    name: &'a str,
    profile: &'a str,
    /// Null for a build that failed.
    bytes: Option<u64>,
    seconds: Option<f64>,
    fresh: Option<bool>,
    executable: Option<&'a Path>,
}

/// `size-workshop/checks/1`.
#[derive(Serialize)]
struct Checks<'a> {
    schema: &'static str,
    exercises: Vec<Check<'a>>,
}

/// One check as a document, several as one document.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub fn checks(checked: &[Checked], several: bool) -> serde_json::Result<String> {
    match checked {
        [one] if !several => json::document(&check(one)),
        all => json::document(&Checks { schema: "size-workshop/checks/1", exercises: all.iter().map(check).collect() }),
    }
}

fn check(checked: &Checked) -> Check<'_> {
    let Checked { exercise, judgement, evidence, toolchain: (toolchain, target), before: _, predicted, next, lack } =
        checked;
    let builds = evidence.iter().flat_map(|evidence| &evidence.builds);
    Check {
        schema: "size-workshop/check/1",
        exercise: &exercise.id,
        verdict: if lack.is_some() { Verdict::Skip } else { judgement.verdict() },
        points: judgement.points(),
        points_max: checked.points_max(),
        toolchain,
        target,
        goals: judgement.outcomes.iter().map(|outcome| goal(exercise, outcome)).collect(),
        builds: builds
            .map(|(name, attempt)| {
                let built = match attempt {
                    Attempt::Built(built) => Some(built),
                    Attempt::Failed(_) => None,
                };
                Build {
                    name,
                    profile: &exercise.build(name).profile,
                    bytes: built.map(|built| built.bytes),
                    seconds: built.map(|built| (built.seconds * 100.0).round() / 100.0),
                    fresh: built.map(|built| built.fresh),
                    executable: built.map(|built| built.executable.as_path()),
                }
            })
            .collect(),
        diagnostics: judgement.diagnostics.iter().map(|problem| diagnostic(exercise, problem)).collect(),
        predictions: predicted.iter().map(prediction).collect(),
        next,
        skipped: lack.as_ref().map(|lack| lack.why.as_str()),
    }
}

fn prediction(predicted: &Predicted) -> Prediction<'_> {
    let Predicted { name, ask, about: _, page, guess, measured, is_new } = predicted;
    let unit = match guess {
        Value::SavedPercent(_) => "saved-percent",
        Value::SavedBytes(_) => "saved-bytes",
        Value::Bytes(_) => "bytes",
        Value::Order(_) => "order",
    };
    Prediction {
        name,
        ask,
        unit,
        guess: (*guess).into(),
        measured: measured.map(Answer::from),
        close: predicted.is_close(),
        new: *is_new,
        page,
    }
}

fn goal<'a>(exercise: &Exercise, outcome: &'a Outcome) -> Goal<'a> {
    let Outcome { id, text, verdict, points, points_max, diagnostics, waits_for, data } = outcome;
    Goal {
        id,
        text,
        verdict: *verdict,
        points: *points,
        points_max: *points_max,
        diagnostics: diagnostics.iter().map(|problem| diagnostic(exercise, problem)).collect(),
        waits_for: waits_for.as_deref(),
        data,
    }
}

fn diagnostic<'a>(exercise: &Exercise, problem: &'a Diagnostic) -> Problem<'a> {
    Problem {
        code: problem.code.name(),
        severity: problem.severity,
        message: &problem.message,
        file: problem.place.as_ref().map(|place| file_in(&exercise.folder, place)),
        line: problem.place.as_ref().and_then(|place| place.line),
        column: problem.place.as_ref().and_then(|place| place.column),
        help: problem.help.as_deref(),
    }
}
