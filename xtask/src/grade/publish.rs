//! Writes the reports of a grading run from its journal: they can be written again at any time, and a person's decisions and
//! the late policy are applied here and nowhere else.

use super::adopt;
use super::identity;
use super::journal::{self, Contents};
use super::model::{Record, Unknown};
use super::options::Options;
use super::policy::{self, Input, Late, Overrides, Person};
use super::roster::{self, Roster};
use crate::cli::GradeFormat;
use crate::exercise;
use crate::output;
use crate::report::grade::{self, Gradebook, csv, gradescope, html, json, junit};
use crate::tree;
use crate::units::plural;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

/// Every format, in the order in which they are written.
const ALL: [GradeFormat; 5] =
    [GradeFormat::Csv, GradeFormat::Json, GradeFormat::Junit, GradeFormat::Gradescope, GradeFormat::Html];

/// Writes the reports that were asked for, of all that a journal holds.
///
/// # Errors
/// When the roster or a person's decisions are malformed, or a report cannot be written.
pub fn write(root: &Path, out: &Path, options: &Options, contents: &Contents) -> Result<()> {
    let Gathered { book, notes, .. } = gather(root, out, options, contents)?;
    for note in &notes {
        output::note(note);
    }
    let formats = if options.formats.is_empty() { ALL.to_vec() } else { options.formats.clone() };
    // At once: some are one long text, others are thousands of short ones.
    thread::scope(|scope| {
        let book = &book;
        let reports: Vec<_> = formats.into_iter().map(|format| scope.spawn(move || one(out, format, book))).collect();
        reports.into_iter().try_for_each(joined)
    })
}

/// What all reports are made of.
#[derive(Debug)]
pub struct Gathered {
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
pub fn gather(root: &Path, out: &Path, options: &Options, contents: &Contents) -> Result<Gathered> {
    let roster = roster::wanted(root, options)?;
    let contents = match &roster {
        Some(roster) => &*adopt::adopt(contents, roster)?,
        None => contents,
    };
    let records = contents.records.as_slice();
    let exercises = exercise::all(root)?;
    let graded: BTreeSet<&str> = records.iter().map(|record| record.exercise.as_str()).collect();
    let shown: Vec<(String, u32)> = exercises
        .iter()
        .filter(|exercise| {
            if options.exercises.is_empty() {
                graded.contains(exercise.id.as_str())
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
            "{} {} judged in two ways though nothing had changed; look at {}, and grade again with --student ID --again if need be",
            plural(conflicts.len(), "submission"),
            if conflicts.len() == 1 { "was" } else { "were" },
            if conflicts.len() == 1 { "its row" } else { "their rows" },
        ));
    }
    if let Some(roster) = &roster {
        all_notes.extend(compare_with(roster, contents, &mut rows));
    }
    Ok(Gathered { book: book(records, rows), roster, notes: all_notes })
}

/// Flags the rows of students whom the roster doesn't have; says how many there are, and who handed in nothing.
fn compare_with(roster: &Roster, contents: &Contents, rows: &mut [policy::Row<'_>]) -> Vec<String> {
    let mut found: BTreeSet<String> = contents.students().into_iter().collect();
    found.extend(contents.records.iter().map(|record| record.student.clone()));
    let (unknown, missing) = identity::compare(found.iter().map(String::as_str), roster);
    let flags: BTreeMap<&str, &Unknown> = unknown.iter().map(|unknown| (unknown.student.as_str(), unknown)).collect();
    for row in rows {
        if let Some(unknown) = flags.get(row.person.id.as_str()) {
            row.review.push(identity::review(unknown));
        }
    }
    identity::summary(&unknown, &missing, found.len(), roster)
}

fn one(out: &Path, format: GradeFormat, book: &Gradebook) -> Result<()> {
    let write = |name: &str, text: String| tree::write_derived(&out.join(name), text.as_bytes());
    match format {
        // Words for people are about a dry run, and go to standard output.
        GradeFormat::Text => Ok(()),
        GradeFormat::Csv => write("grades.csv", csv::grades(book)?),
        GradeFormat::Json => write("grades.json", json::grades(book).context("cannot write the grades as JSON")?),
        GradeFormat::Junit => write("junit.xml", junit::grades(book)),
        GradeFormat::Gradescope => {
            for_each(book, |student, book| {
                let name = format!("gradescope/{}.json", grade::file_name(student));
                match gradescope::results(book, student).context("cannot write the grades as JSON")? {
                    Some(text) => write(&name, text)?,
                    // A partial sum would be a wrong grade, also one from an earlier run.
                    None => drop(fs::remove_file(out.join(&name))),
                }
                Ok(())
            })
        }
        GradeFormat::Html => {
            for_each(book, |student, book| {
                write(&format!("students/{}.html", grade::file_name(student)), html::student(book, student))
            })?;
            write("index.html", html::index(book))
        }
    }
}

/// Does something for each student, on all cores: a class of thousands has as many pages.
fn for_each(book: &Gradebook, work: impl Fn(&str, &Gradebook) -> Result<()> + Sync) -> Result<()> {
    let all: Vec<(&str, Gradebook)> = each(book).into_iter().collect();
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = all.len().div_ceil(cores).max(1);
    thread::scope(|scope| {
        let work = &work;
        let parts: Vec<_> = all
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().try_for_each(|(student, book)| work(student, book))))
            .collect();
        parts.into_iter().try_for_each(joined)
    })
}

/// What came of a thread; its panic goes on here.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A gradebook for each student, with nobody else in it: whoever looks for a student's rows need not look at all.
pub fn each(book: &Gradebook) -> BTreeMap<&str, Gradebook> {
    let mut all = BTreeMap::new();
    for row in &book.rows {
        let none = || Gradebook {
            title: book.title.clone(),
            toolchain: book.toolchain.clone(),
            target: book.target.clone(),
            sandbox: book.sandbox.clone(),
            rows: Vec::new(),
        };
        all.entry(row.student.as_str()).or_insert_with(none).rows.push(row.clone());
    }
    all
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

/// What the roster says of a student, as far as it is about this exercise.
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

fn book(records: &[Record], rows: Vec<policy::Row<'_>>) -> Gradebook {
    let latest = records.last();
    let unboxed = records.iter().any(|record| record.sandbox != "bwrap");
    let hundredths = |number: policy::Hundredths| i64::try_from(number.0).unwrap_or(i64::MAX);
    Gradebook {
        title: "The workshop on Rust binary size".to_owned(),
        toolchain: latest.map(|record| record.toolchain.clone()).unwrap_or_default(),
        target: latest.map(|record| record.target.clone()).unwrap_or_default(),
        sandbox: if unboxed { "none" } else { "bwrap" }.to_owned(),
        rows: rows
            .into_iter()
            .map(|row| {
                let policy::Row {
                    person,
                    exercise,
                    record,
                    raw_score,
                    late_submission_penalty,
                    score,
                    max_score,
                    override_reason,
                    status,
                    review,
                } = row;
                grade::Row {
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
                    sandbox: record.map(|record| record.sandbox.clone()).unwrap_or_default(),
                    size_bytes: record.and_then(|record| record.size_bytes),
                    size_baseline: record.and_then(|record| record.size_baseline),
                    due: person.due.map(time),
                    timestamp: person.submitted.map(time),
                    seconds: record.map_or(0.0, |record| record.seconds),
                    message: record.and_then(|record| record.message.clone()),
                    problems: record.iter().flat_map(|record| &record.problems).map(problem).collect(),
                    goals: record.iter().flat_map(|record| &record.goals).map(goal).collect(),
                    answers: record.map(|record| record.answers.clone()).unwrap_or_default(),
                    files: record.map(|record| record.files.clone()).unwrap_or_default(),
                    ignored: record.map(|record| record.ignored.clone()).unwrap_or_default(),
                    key: record.map(|record| record.key.clone()).unwrap_or_default(),
                }
            })
            .collect(),
    }
}

fn goal(goal: &super::model::Goal) -> grade::Goal {
    let super::model::Goal { id, text, verdict, points, points_max, problems, waits_for } = goal.clone();
    let problems = problems.iter().map(problem).collect();
    grade::Goal { id, text, verdict, points, points_max, problems, waits_for }
}

fn problem(problem: &super::model::Problem) -> grade::Problem {
    let super::model::Problem { code, message, file, line, help } = problem.clone();
    grade::Problem { code, message, file, line, help }
}

/// Seconds since 1970 as `2026-11-21T12:00:00Z`, by the rule of days that repeats every 400 years.
fn time(seconds: i64) -> String {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_people_read_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696, "2000-02-29T12:34:56Z"),
            (1_795_262_400, "2026-11-21T12:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }
}
