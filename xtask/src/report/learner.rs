//! The JSON documents and the tables for learners: `check`, `list` and the overview. Version 1: keys are added, never
//! changed.

use super::receipt::Checked;
use crate::check::{Outcome, Verdict};
use crate::diagnostic::problem::file_in;
use crate::diagnostic::{Diagnostic, Severity};
use crate::evidence::Attempt;
use crate::exercise::Exercise;
use crate::progress::{Progress, State};
use comfy_table::Table as Grid;
use comfy_table::presets::NOTHING;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;

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
    /// What belongs to no goal.
    diagnostics: Vec<Problem<'a>>,
    next: &'a str,
}

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
    data: &'a Value,
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
        [one] if !several => super::json::document(&check(one)),
        all => super::json::document(&Checks {
            schema: "size-workshop/checks/1",
            exercises: all.iter().map(check).collect(),
        }),
    }
}

fn check(checked: &Checked) -> Check<'_> {
    let Checked { exercise, judgement, evidence, toolchain: (toolchain, target), before: _, next } = checked;
    let builds = evidence.iter().flat_map(|evidence| &evidence.builds);
    Check {
        schema: "size-workshop/check/1",
        exercise: &exercise.id,
        verdict: judgement.verdict(),
        points: judgement.points(),
        points_max: exercise.points(),
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
        next,
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

/// `size-workshop/list/1`.
#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    exercises: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    level: &'static str,
    minutes: u32,
    state: State,
    points: u32,
    points_max: u32,
}

fn listed<'a>(exercises: &'a [Exercise], progress: &'a Progress) -> Vec<Listed<'a>> {
    let one = |exercise: &'a Exercise| {
        let entry = progress.exercises.get(&exercise.id);
        Listed {
            id: &exercise.id,
            title: &exercise.data.title,
            level: exercise.data.level.name(),
            minutes: exercise.data.minutes,
            state: entry.map(|entry| entry.state).unwrap_or_default(),
            points: entry.map(|entry| entry.points).unwrap_or_default(),
            points_max: exercise.points(),
        }
    };
    exercises.iter().map(one).collect()
}

/// The exercises as one document.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub fn list_json(exercises: &[Exercise], progress: &Progress) -> serde_json::Result<String> {
    super::json::document(&List { schema: "size-workshop/list/1", exercises: listed(exercises, progress) })
}

/// The exercises as a table.
pub fn list_text(exercises: &[Exercise], progress: &Progress) -> String {
    let mut grid = Grid::new();
    grid.load_style(NOTHING);
    grid.set_header(["exercise", "state", "points", "title", "level", "minutes"]);
    for Listed { id, title, level, minutes, state, points, points_max } in listed(exercises, progress) {
        let points = format!("{points}/{points_max}");
        grid.add_row([
            id.to_owned(),
            state.name().to_owned(),
            points,
            title.to_owned(),
            level.to_owned(),
            minutes.to_string(),
        ]);
    }
    let lines = grid.to_string();
    lines.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Everything a learner needs to begin or to go on.
pub fn overview(exercises: &[Exercise], progress: &Progress) -> String {
    let all = listed(exercises, progress);
    let (points, most): (u32, u32) =
        all.iter().fold((0, 0), |(points, most), one| (points + one.points, most + one.points_max));
    let done = all.iter().filter(|one| one.state == State::Done).count();
    let list = list_text(exercises, progress);
    let mut text = format!(
        "The workshop on Rust binary size: {done} of {} exercises done, {points} of {most} points\n\n{list}\n",
        all.len()
    );
    match all.iter().find(|one| one.state != State::Done) {
        Some(Listed { id, title, .. }) => {
            text += &format!(
                "next: {id}, {title}\n  read   exercises/{id}/README.md\n  check  cargo xtask check {id}    (or at every save: cargo xtask watch {id})\n  stuck  cargo xtask hint {id}\n"
            );
        }
        None => text += "Every exercise is done. Measure your own crate: cargo xtask sizes --manifest-path PATH\n",
    }
    text + "\nthe whole command line: cargo xtask --help    what this machine lacks: cargo xtask doctor\n"
}
