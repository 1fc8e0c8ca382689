//! All submissions of a class in one table, to be sorted, filtered and searched.

use super::{reasons, student, waits_for_a_reader};
use crate::report::html::listing::{self, Filter, listing};
use crate::report::html::markup::{Html, el, text};
use crate::report::html::{Column, name, number, prose, score, size, words};
use crate::report::{Gradebook, Row, id, points};
use course::check::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// The section's heading.
pub(super) const HEADING: &str = "All submissions";

/// Reasons to look for a row, with the words that a person reads.
const FLAGS: [(&str, &str); 10] = [
    ("review", "needs review"),
    ("answer", "has an unread answer"),
    ("override", "points set by hand"),
    ("late", "late"),
    ("full", "full points"),
    ("lost", "points lost"),
    ("no-grade", "no grade yet"),
    ("not-taken", "a file was ignored"),
    ("team", "handed in as a team"),
    ("unknown", "not in the roster"),
];

/// The section.
pub(super) fn section(book: &Gradebook) -> Html {
    let unknown: BTreeSet<&str> = book.unknown.iter().map(|unknown| unknown.student.as_str()).collect();
    let sorted = book.sorted();
    let boxed = |row: &&Row| row.sandbox.as_deref() == Some("bwrap");
    let mut found = Found { is_mixed: book.is_unprotected() && sorted.iter().any(boxed), ..Found::default() };
    let rows: Vec<listing::Row> = sorted.iter().map(|row| one(row, &unknown, &mut found)).collect();
    let mut columns = vec![
        words("student"),
        Column { head: "name", class: "who" },
        words("exercise"),
        Column { head: "status", class: "whole" },
        number("points"),
        number("bytes"),
        number("change"),
        prose("notes"),
    ];
    // Without names there is no column for them.
    if book.is_anonymous {
        columns.remove(1);
    }
    let rows = rows.into_iter().map(|mut row| {
        if book.is_anonymous {
            row.cells.remove(1);
        }
        row
    });
    listing("all", HEADING, "All submissions, by exercise and student", "submissions", &columns, &found.filters(), rows)
}

/// The values that occur, with the number of rows for each.
#[derive(Default)]
struct Found {
    /// Whether some submissions were graded in a sandbox, and some weren't.
    is_mixed: bool,
    exercises: Vec<String>,
    counts: BTreeMap<(&'static str, String), usize>,
}

impl Found {
    fn count(&mut self, key: &'static str, values: &[String]) {
        for value in values {
            *self.counts.entry((key, value.clone())).or_default() += 1;
        }
    }

    /// The values of a key with their counts, as options.
    fn options(&self, wanted: &str, words: impl Fn(&str) -> String) -> Vec<(String, String)> {
        let of_key = self.counts.iter().filter(|((key, _), _)| *key == wanted);
        of_key.map(|((_, value), count)| (value.clone(), format!("{} ({count})", words(value)))).collect()
    }

    fn filters(&self) -> [Filter; 5] {
        let alone = |options: Vec<(String, String)>| vec![(String::new(), options)];
        // In the order of the course.
        let mut exercises = self.options("data-exercise", str::to_owned);
        exercises.sort_by_key(|(value, _)| self.exercises.iter().position(|exercise| exercise == value));
        let goals = self.options("data-goal", |value| value.split_once('/').map_or(value, |(_, goal)| goal).to_owned());
        let of_exercise = |exercise: &String| {
            let of_this = |(value, _): &&(String, String)| value.split_once('/').is_some_and(|(of, _)| of == exercise);
            (exercise.clone(), goals.iter().filter(of_this).cloned().collect())
        };
        let flags = self.options("data-flag", str::to_owned);
        let flags = FLAGS.iter().filter_map(|(flag, words)| {
            let (_, count) = flags.iter().find(|(value, _)| value == flag)?;
            Some(((*flag).to_owned(), count.replacen(flag, words, 1)))
        });
        [
            Filter { key: "data-exercise", label: "Exercise", groups: alone(exercises) },
            Filter { key: "data-status", label: "Status", groups: alone(self.options("data-status", str::to_owned)) },
            Filter { key: "data-flag", label: "Flag", groups: alone(flags.collect()) },
            Filter {
                key: "data-goal",
                label: "Goal not met",
                groups: self.exercises.iter().map(of_exercise).collect(),
            },
            Filter { key: "data-code", label: "Problem", groups: alone(self.options("data-code", str::to_owned)) },
        ]
    }
}

fn one(row: &Row, unknown: &BTreeSet<&str>, found: &mut Found) -> listing::Row {
    let (bytes, change) = size(row);
    let cheats: Vec<&str> = row.ignored.iter().map(String::as_str).filter(|path| could_cheat(path)).collect();
    let full_name = format!("{} {}", row.first_name, row.last_name);
    let share = row.size_bytes.zip(row.size_baseline).filter(|(_, baseline)| *baseline > 0);
    let share = share.map(|(bytes, baseline)| format!("{:.6}", bytes as f64 / baseline as f64 - 1.0));
    let sort_points = row.score.map(|score| format!("{:.2}", score as f64 / 100.0));
    let cells = vec![
        (student(row), None),
        (name(full_name.trim()), Some(format!("{} {}", row.last_name, row.first_name).trim().to_owned())),
        (text(&row.exercise), None),
        (text(&row.status), None),
        (text(&score(row)), sort_points.or(Some(String::new()))),
        (text(&bytes), None),
        (text(&change), share.or(Some(String::new()))),
        (notes(row, &cheats, found.is_mixed), None),
    ];
    let is_unknown = unknown.contains(row.student.as_str());
    let flags = FLAGS.iter().map(|(flag, _)| *flag).filter(|flag| match *flag {
        "review" => !reasons(row).is_empty() || row.is_ours(),
        "answer" => waits_for_a_reader(row),
        "override" => row.override_reason.is_some() || !row.decisions.is_empty(),
        "late" => row.late_submission_penalty > 0,
        "full" => row.is_judged() && row.score.is_some_and(|score| score >= row.max_score),
        "lost" => row.is_judged() && row.score.is_some_and(|score| score < row.max_score),
        "no-grade" => row.score.is_none(),
        "not-taken" => !cheats.is_empty(),
        "team" => !row.team.is_empty(),
        _ => is_unknown,
    });
    let failed = row.goals.iter().filter(|goal| goal.verdict != Verdict::Pass);
    let codes =
        row.goals.iter().flat_map(|goal| &goal.problems).chain(&row.problems).map(|problem| problem.code.clone());
    let values = vec![
        ("data-exercise", vec![row.exercise.clone()]),
        ("data-status", vec![row.status.clone()]),
        ("data-flag", flags.map(str::to_owned).collect()),
        ("data-goal", failed.map(|goal| format!("{}/{}", row.exercise, goal.id)).collect()),
        ("data-code", codes.collect::<BTreeSet<_>>().into_iter().collect()),
    ];
    if found.exercises.last() != Some(&row.exercise) {
        found.exercises.push(row.exercise.clone());
    }
    for (key, values) in &values {
        found.count(key, values);
    }
    listing::Row { cells, values }
}

fn notes(row: &Row, cheats: &[&str], is_mixed: bool) -> Html {
    let mut notes: Vec<String> = Vec::new();
    if !row.team.is_empty() {
        notes.push(format!("team: {}", row.team.iter().map(|member| id(member)).collect::<Vec<_>>().join(", ")));
    }
    // The only attempt needs no number; grading keeps the names of those that don't count.
    let has_several = row.ignored.iter().any(|name| name.ends_with("(handed in earlier)"));
    let attempt = row.attempt.as_ref().filter(|_| has_several);
    notes.extend(attempt.map(|attempt| format!("attempt that counts: {attempt}")));
    if row.late_submission_penalty > 0 {
        notes.push(format!("late: {} points off", points(row.late_submission_penalty)));
    }
    notes.extend(row.override_reason.as_ref().map(|reason| format!("set by hand: {reason}")));
    for (key, decision) in &row.decisions {
        notes.push(format!("answer {key}: {} points by hand: {}", points(decision.points), decision.reason));
    }
    notes.extend(Some("needs review".to_owned()).filter(|_| !reasons(row).is_empty()));
    notes.extend(Some("has an unread answer".to_owned()).filter(|_| waits_for_a_reader(row)));
    notes.extend(row.message.clone());
    notes.extend(Some(format!("ignored: {}", cheats.join(", "))).filter(|_| !cheats.is_empty()));
    let unboxed = is_mixed && row.sandbox.as_deref() == Some("none");
    notes.extend(Some("graded without a sandbox".to_owned()).filter(|_| unboxed));
    // One element for each, so that a long note doesn't hide the next.
    match notes.as_slice() {
        [] => Html::default(),
        [note] => text(note),
        _ => el("ul", &[], notes.iter().map(|note| el("li", &[], [text(note)]))),
    }
}

/// Whether a file that was not taken is of a kind that has been used to cheat. A checkout has many others, which mean
/// nothing.
fn could_cheat(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    parts.any(|part| matches!(part, ".cargo" | "target" | "build.rs" | "rust-toolchain" | "rust-toolchain.toml"))
}
