//! Brings together what reports are made from: the journal, the roster, and people's decisions. A person's decisions
//! and the late policy are applied here, and only here.

use super::adopt;
use super::identity;
use super::journal::{self, Contents};
use super::model::{Record, Seen, Unknown};
use super::options::Options;
use super::policy::{self, Input, Late, Overrides, Person, Question};
use super::roster::{self, Roster};
use crate::report::{self, Gradebook};
use anyhow::Result;
pub(crate) use base::dates::time;
use base::numbers::plural;
use course::exercise::kinds::{self, Check, Truth};
use course::exercise::{self, Exercise};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// What all reports are made of.
#[derive(Debug)]
pub(crate) struct Gathered<'a> {
    /// What the journal holds, under the roster's ids.
    pub contents: Cow<'a, Contents>,
    /// The rows, with people's decisions and lateness in them.
    pub book: Gradebook,
    /// The roster, if one was named.
    pub roster: Option<Roster>,
    /// What the instructor should know, in order.
    pub notes: Vec<String>,
}

/// Brings together what a journal holds, what the roster says, and what people decided.
///
/// # Errors
/// When the roster or a person's decisions are malformed.
pub(crate) fn gather<'a>(root: &Path, out: &Path, options: &Options, contents: &'a Contents) -> Result<Gathered<'a>> {
    let roster = roster::wanted(root, options)?;
    let adopted = match &roster {
        Some(roster) => adopt::adopt(contents, roster)?,
        None => Cow::Borrowed(contents),
    };
    let contents = &*adopted;
    let records = contents.records.as_slice();
    let exercises = exercise::all(root)?;
    let known = known_exercises(contents);
    let shown: Vec<(String, u32)> = exercises
        .iter()
        .filter(|exercise| {
            if options.exercises.is_empty() {
                known.contains(exercise.id.as_str())
            } else {
                options.exercises.contains(&exercise.id)
            }
        })
        .map(|exercise| (exercise.id.clone(), exercise.data.goal.iter().map(|goal| goal.points).sum()))
        .collect();
    let mut all_notes: Vec<String> = roster.iter().flat_map(|roster| roster.notes.clone()).collect();
    let students = students(roster.as_ref(), records, &contents.students());
    let (overrides, late) = (Overrides::find(out)?, Late::find(out)?);
    let (mut rows, notes) = policy::rows(&Input {
        records,
        students: &students,
        person: &|student, exercise| person(roster.as_ref(), student, exercise),
        exercises: &shown,
        questions: &questions(&exercises),
        handed_in: &contents.handed_in(),
        overrides: &overrides,
        late: late.as_ref(),
    })?;
    // Others may be in the journal.
    rows.retain(|row| shown.iter().any(|(exercise, _)| *exercise == row.exercise));
    all_notes.extend(notes);
    let conflicts = journal::conflicts(records);
    if !conflicts.is_empty() {
        all_notes.push(format!(
            "{} {} graded differently although nothing had changed; check {}, and if needed, grade again with --student ID --again",
            plural(conflicts.len(), "submission"),
            if conflicts.len() == 1 { "was" } else { "were" },
            if conflicts.len() == 1 { "its row" } else { "their rows" },
        ));
    }
    let mut book = book(contents, rows);
    book.questions = questions(&exercises)
        .into_iter()
        .map(|Question { exercise, key, goal, points }| ((exercise, key), report::Question { goal, points }))
        .collect();
    book.asked = asked(&exercises);
    flag_scripts(roster.as_ref(), &mut book);
    (book.unknown, book.missing) = match &roster {
        Some(roster) => compare_with(roster, contents, &mut book, &mut all_notes),
        None => (unknown(contents), missing(contents)),
    };
    flag_late(contents, &mut book);
    Ok(Gathered { contents: adopted, book, roster, notes: all_notes })
}

/// The exercises that rows are about: exercises with a result, or with work that waits for one. Where there is neither,
/// as in an empty folder, the exercises that the runs were meant to grade.
fn known_exercises(contents: &Contents) -> BTreeSet<&str> {
    let graded = contents.records.iter().map(|record| record.exercise.as_str());
    let runs = journal::found::current(&contents.runs);
    let waiting = runs.iter().flat_map(|run| &run.students).flat_map(|seen| &seen.exercises).map(String::as_str);
    let known: BTreeSet<&str> = graded.chain(waiting).collect();
    if known.is_empty() {
        return runs.into_iter().flat_map(|run| &run.exercises).map(String::as_str).collect();
    }
    known
}

/// Flags the rows of students whose id a person would misread, unless the roster has the id.
fn flag_scripts(roster: Option<&Roster>, book: &mut Gradebook) {
    let ids: Vec<String> = book.rows.iter().map(|row| row.student.clone()).collect();
    let listed = roster.into_iter().flat_map(Roster::students);
    let looks = identity::Looks::of(listed.chain(ids.iter().map(String::as_str)));
    let is_listed = |id: &str| roster.is_some_and(|roster| roster.canonical(id) == Some(id));
    for row in book.rows.iter_mut().filter(|row| !is_listed(&row.student)) {
        row.needs_review.extend(looks.review(&row.student));
    }
}

/// Flags what the LMS marks as late where the roster has no times: no points are deducted for that.
fn flag_late(contents: &Contents, book: &mut Gradebook) {
    let seen = contents.runs.iter().flat_map(|run| &run.students).filter(|seen| seen.handle.late);
    let late: BTreeSet<&str> = seen.map(|seen| seen.student.as_str()).collect();
    for row in book.rows.iter_mut().filter(|row| late.contains(row.student.as_str()) && row.status != "not-handed-in") {
        if row.due.is_none() || row.timestamp.is_none() {
            row.needs_review.push(
                "the LMS marks it as late; no points are deducted for that, because the roster has no times for it"
                    .to_owned(),
            );
        }
    }
}

/// Flags the rows of students who aren't in the roster; reports how many there are, and who handed in nothing.
fn compare_with(
    roster: &Roster,
    contents: &Contents,
    book: &mut Gradebook,
    notes: &mut Vec<String>,
) -> (Vec<report::Unknown>, Vec<String>) {
    let mut found: BTreeSet<String> = contents.students().into_iter().collect();
    found.extend(contents.records.iter().map(|record| record.student.clone()));
    let (unknown, missing) = identity::compare(found.iter().map(String::as_str), roster);
    notes.extend(identity::summary(&unknown, &missing, found.len(), roster));
    let flags: BTreeMap<&str, &Unknown> = unknown.iter().map(|unknown| (unknown.student.as_str(), unknown)).collect();
    for row in &mut book.rows {
        if let Some(unknown) = flags.get(row.student.as_str()) {
            row.needs_review.push(identity::review(unknown, roster));
        }
    }
    let entries: HashMap<&str, &str> = contents
        .runs
        .iter()
        .flat_map(|run| &run.students)
        .map(|seen| (seen.student.as_str(), seen.handle.entry.as_str()))
        .collect();
    let shown = |Unknown { student, entry, nearest }: &Unknown| report::Unknown {
        student: student.clone(),
        entry: entries.get(student.as_str()).map_or_else(|| entry.clone(), |&entry| entry.to_owned()),
        nearest: nearest.clone(),
    };
    (unknown.iter().map(shown).collect(), missing)
}

/// Everyone: the roster's people in its order, then those who handed something in, each once.
fn students(roster: Option<&Roster>, records: &[Record], found: &[String]) -> Vec<String> {
    let listed = roster.into_iter().flat_map(Roster::students);
    let mut seen = BTreeSet::new();
    listed
        .chain(found.iter().map(String::as_str))
        .chain(records.iter().map(|record| record.student.as_str()))
        .filter(|student| seen.insert((*student).to_owned()))
        .map(str::to_owned)
        .collect()
}

/// What the roster says about a student for this exercise.
fn person(roster: Option<&Roster>, student: &str, exercise: &str) -> Person {
    let Some(row) = roster.and_then(|roster| roster.of(student, exercise)) else {
        return Person { id: student.to_owned(), ..Person::default() };
    };
    let seconds = |time: Option<roster::Time>| time.map(|time| time.seconds);
    Person {
        id: student.to_owned(),
        first_name: row.first_name,
        last_name: row.last_name,
        email: row.email,
        due: seconds(row.extension.or(row.due)),
        submitted: seconds(row.submitted),
    }
}

/// The questions that students answer in their own words.
fn questions(exercises: &[Exercise]) -> Vec<Question> {
    let mut questions = Vec::new();
    for exercise in exercises {
        for goal in &exercise.data.goal {
            if let Check::Answer(kinds::Answer { key, truth: Truth::Text(_), .. }) = &goal.check {
                questions.push(Question {
                    exercise: exercise.id.clone(),
                    key: key.clone(),
                    goal: goal.id.get_ref().clone(),
                    points: goal.points,
                });
            }
        }
    }
    questions
}

/// The questions that students guess about, in the order of the course.
fn asked(exercises: &[Exercise]) -> Vec<report::Asked> {
    let of = |exercise: &Exercise| {
        let asked = |question: &exercise::questions::Question| report::Asked {
            exercise: exercise.id.clone(),
            name: question.name.get_ref().clone(),
            ask: question.ask.clone(),
        };
        exercise.data.predict.iter().map(asked).collect::<Vec<_>>()
    };
    exercises.iter().flat_map(of).collect()
}

/// Entries that no run could match, except those that a later run knows.
fn unknown(contents: &Contents) -> Vec<report::Unknown> {
    let mut unknown: BTreeMap<&str, report::Unknown> = BTreeMap::new();
    for run in &contents.runs {
        for seen in &run.students {
            unknown.remove(seen.handle.entry.as_str());
        }
        for Unknown { student, entry, nearest } in &run.unknown {
            let found = report::Unknown { student: student.clone(), entry: entry.clone(), nearest: nearest.clone() };
            unknown.insert(entry, found);
        }
    }
    unknown.into_values().collect()
}

/// Everyone for whom no run found anything.
fn missing(contents: &Contents) -> Vec<String> {
    let found: BTreeSet<String> = contents.students().into_iter().collect();
    let all: BTreeSet<&String> = contents.runs.iter().flat_map(|run| &run.missing).collect();
    all.into_iter().filter(|student| !found.contains(*student)).cloned().collect()
}

/// The students who share a submission: the same entry, with the same result for the exercise.
fn teams<'a>(
    contents: &'a Contents,
    seen: &HashMap<&str, &'a Seen>,
) -> HashMap<(&'a str, &'a str, &'a str), Vec<&'a str>> {
    let mut teams: HashMap<(&str, &str, &str), Vec<&str>> = HashMap::new();
    for ((_, _), record) in journal::latest(&contents.records) {
        if let Some(seen) = seen.get(record.student.as_str()).filter(|seen| !seen.handle.entry.is_empty()) {
            let shared = (seen.handle.entry.as_str(), record.exercise.as_str(), record.key.as_str());
            teams.entry(shared).or_default().push(&record.student);
        }
    }
    teams.retain(|_, members| members.len() > 1);
    teams
}

fn book(contents: &Contents, rows: Vec<policy::Row<'_>>) -> Gradebook {
    let latest = contents.records.last();
    let mut seen: HashMap<&str, &Seen> = HashMap::new();
    for found in contents.runs.iter().flat_map(|run| &run.students) {
        seen.insert(&found.student, found);
    }
    let teams = teams(contents, &seen);
    let with_team = |row: policy::Row<'_>| {
        let team = seen.get(row.person.id.as_str()).zip(row.record).and_then(|(seen, record)| {
            teams.get(&(seen.handle.entry.as_str(), record.exercise.as_str(), record.key.as_str()))
        });
        report_row(row, team.into_iter().flatten().map(|member| (*member).to_owned()).collect())
    };
    Gradebook {
        title: "The workshop on Rust binary size".to_owned(),
        toolchain: latest.map(|record| record.toolchain.clone()).unwrap_or_default(),
        target: latest.map(|record| record.target.clone()).unwrap_or_default(),
        rows: rows.into_iter().map(with_team).collect(),
        ..Gradebook::default()
    }
}

/// A row as the reports show it, with the students who share the submission.
fn report_row(row: policy::Row<'_>, team: Vec<String>) -> report::Row {
    let policy::Row {
        person,
        exercise,
        record,
        raw_score,
        late_submission_penalty,
        score,
        max_score,
        override_reason,
        decided,
        status,
        review,
    } = row;
    report::Row {
        team,
        attempt: record.map(|record| record.attempt.clone()).filter(|attempt| !attempt.is_empty()),
        goals: record.iter().flat_map(|record| &record.goals).map(|own| goal(own, &decided)).collect(),
        sandbox: record.map(|record| record.sandbox.clone()).filter(|sandbox| !sandbox.is_empty()),
        decisions: decided.into_iter().map(|(key, decided)| (key, decision(decided))).collect(),
        student: person.id,
        first_name: person.first_name,
        last_name: person.last_name,
        email: person.email,
        exercise,
        status,
        raw_score: raw_score.map(hundredths),
        late_submission_penalty: late_submission_penalty.map_or(0, hundredths),
        score: score.map(hundredths),
        max_score: hundredths(max_score),
        override_reason,
        needs_review: review,
        size_bytes: record.and_then(|record| record.size_bytes),
        size_baseline: record.and_then(|record| record.size_baseline),
        due: person.due.map(time),
        timestamp: person.submitted.map(time),
        seconds: record.map_or(0.0, |record| record.seconds),
        message: record.and_then(|record| record.message.clone()),
        problems: record.iter().flat_map(|record| &record.problems).map(problem).collect(),
        answers: record.map(|record| record.answers.clone()).unwrap_or_default(),
        files: record.map(|record| record.files.clone()).unwrap_or_default(),
        ignored: record.map(|record| record.ignored.clone()).unwrap_or_default(),
        guesses: record.map(|record| record.guesses.clone()).unwrap_or_default(),
        measured: record.map(|record| record.measured.clone()).unwrap_or_default(),
        key: record.map(|record| record.key.clone()).unwrap_or_default(),
    }
}

fn hundredths(number: policy::Hundredths) -> i64 {
    i64::try_from(number.0).unwrap_or(i64::MAX)
}

fn decision(decided: policy::Decided) -> report::Decision {
    let policy::Decided { goal: _, points, reason } = decided;
    report::Decision { points: hundredths(points), reason }
}

/// A goal with the points that a person gave, or that grading has found.
fn goal(goal: &super::model::Goal, decided: &BTreeMap<String, policy::Decided>) -> report::Goal {
    let super::model::Goal { id, text, verdict, points, points_max, problems, waits_for } = goal.clone();
    let by_person = decided.values().find(|decided| decided.goal == id);
    let points = hundredths(by_person.map_or(policy::Hundredths::whole(points), |decided| decided.points));
    let problems = problems.iter().map(problem).collect();
    report::Goal { id, text, verdict, points, points_max, problems, waits_for }
}

fn problem(problem: &super::model::Problem) -> report::Problem {
    let super::model::Problem { code, message, file, line, help } = problem.clone();
    report::Problem { code, message, file, line, help }
}

#[cfg(test)]
mod tests;
