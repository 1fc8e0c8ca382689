//! Writes the reports of a grading run from its journal: they can be written again at any time, and a person's decisions and
//! the late policy are applied here and nowhere else.

pub mod anonymous;
mod changes;

use super::journal::{self, Contents};
use super::model::{Record, Seen};
use super::options::Options;
use super::policy::{self, Input, Late, Overrides, Person, Question};
use super::roster::{self, Roster};
use crate::cli::GradeFormat;
use crate::exercise::kinds::{self, Check, Truth};
use crate::exercise::{self, Exercise};
use crate::output;
use crate::report::grade::{self, Gradebook, csv, gradescope, html, json, junit};
use crate::tree;
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    let roster = options.roster.as_ref().map(|file| read_roster(file, &exercises)).transpose()?;
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
    for note in &notes {
        output::note(note);
    }
    let conflicts = journal::conflicts(records);
    if !conflicts.is_empty() {
        output::note(&format!(
            "{} submissions were judged in two ways under one key; their rows need a review",
            conflicts.len()
        ));
    }
    let mut book = book(contents, rows);
    book.questions = questions(&exercises)
        .into_iter()
        .map(|question| ((question.exercise, question.key), question.points))
        .collect();
    book.unknown = unknown(contents, roster.as_ref());
    book.missing = missing(contents);
    let formats = if options.formats.is_empty() { ALL.to_vec() } else { options.formats.clone() };
    let is_wanted = |format| formats.contains(&format);
    let mut table = String::new();
    if is_wanted(GradeFormat::Csv) || is_wanted(GradeFormat::Html) {
        table = csv::grades(&book)?;
        book.since = changes::since(out, &table, &book, records, is_wanted(GradeFormat::Csv))?;
    }
    let pages = is_wanted(GradeFormat::Html).then(|| {
        let known = if options.anonymous { Some(anonymous::Names::of(out, &book, contents)?) } else { None };
        Ok::<_, anyhow::Error>(known.map(|names| names.book(&book)))
    });
    let pages = pages.transpose()?.flatten();
    // At once: some are one long text, others are thousands of short ones.
    thread::scope(|scope| {
        let (book, table, pages) = (&book, table.as_str(), pages.as_ref());
        let reports: Vec<_> = formats
            .iter()
            .map(|&format| {
                scope.spawn(move || match format {
                    GradeFormat::Csv => tables(out, table, book),
                    GradeFormat::Html => all_pages(out, pages.unwrap_or(book)),
                    _ => one(out, format, book),
                })
            })
            .collect();
        reports.into_iter().try_for_each(joined)
    })
}

/// The grades, and what has changed in them.
fn tables(out: &Path, table: &str, book: &Gradebook) -> Result<()> {
    if let Some(since) = &book.since {
        tree::write_derived(&out.join("changes.csv"), csv::changes(since)?.as_bytes())?;
    }
    tree::write_derived(&out.join("grades.csv"), table.as_bytes())
}

/// The pages of a class and of each student, and no page of an earlier report beside them: one with names must not stay there
/// when the others have none.
fn all_pages(out: &Path, book: &Gradebook) -> Result<()> {
    let write = |name: &str, text: &str| tree::write_derived(&out.join(name), text.as_bytes());
    let students = out.join("students");
    let mut there: BTreeSet<String> = BTreeSet::new();
    for row in &book.rows {
        there.insert(format!("{}.html", grade::file_name(&row.student)));
    }
    remove_pages(&students, &there)?;
    for_each(book, |student, book| {
        write(&format!("students/{}.html", grade::file_name(student)), &html::student(book, student))
    })?;
    match html::changes(book) {
        Some(page) => write("changes.html", &page)?,
        None => remove_page(&out.join("changes.html"))?,
    }
    let similar = similar_pages(out, book.is_anonymous)?;
    let also = [("similar/index.html", "Similar submissions")];
    write("index.html", &html::index(book, if similar { &also } else { &[] }))
}

/// Whether there are pages of similar submissions that may be shown beside these: pages with names go when these have none.
fn similar_pages(out: &Path, is_anonymous: bool) -> Result<bool> {
    let folder = out.join("similar");
    let Ok(index) = fs::read(folder.join("index.html")) else { return Ok(false) };
    if !is_anonymous || html::similar::is_anonymous(&index) {
        return Ok(html::is_ours(&index));
    }
    remove_pages(&folder, &BTreeSet::new())?;
    output::note(&format!(
        "the pages in {} had names and are removed; run `grade --similar` with --anonymous to get them without",
        crate::diagnostic::shown(&folder).display()
    ));
    Ok(false)
}

/// Removes the pages of ours in a folder, but for these.
pub fn remove_pages(folder: &Path, wanted: &BTreeSet<String>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.with_context(|| format!("cannot read {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".html") && !wanted.contains(&*name) {
            remove_page(&path)?;
        }
    }
    Ok(())
}

/// Removes a page of ours, and no other file.
fn remove_page(path: &Path) -> Result<()> {
    match fs::read(path) {
        Ok(page) if html::is_ours(&page) => {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn one(out: &Path, format: GradeFormat, book: &Gradebook) -> Result<()> {
    let write = |name: &str, text: String| tree::write_derived(&out.join(name), text.as_bytes());
    match format {
        // Words for people are about a dry run, and go to standard output. The others have functions of their own.
        GradeFormat::Text | GradeFormat::Csv | GradeFormat::Html => Ok(()),
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
fn each(book: &Gradebook) -> BTreeMap<&str, Gradebook> {
    let mut all = BTreeMap::new();
    for row in &book.rows {
        let none = || Gradebook {
            title: book.title.clone(),
            toolchain: book.toolchain.clone(),
            target: book.target.clone(),
            is_anonymous: book.is_anonymous,
            ..Gradebook::default()
        };
        all.entry(row.student.as_str()).or_insert_with(none).rows.push(row.clone());
    }
    all
}

fn read_roster(file: &Path, exercises: &[Exercise]) -> Result<Roster> {
    let ids: Vec<&str> = exercises.iter().map(|exercise| exercise.id.as_str()).collect();
    let roster = roster::read(file, &ids)?;
    for note in &roster.notes {
        output::note(note);
    }
    Ok(roster)
}

/// Everyone: the roster's people in its order, then those who handed something in, each once.
fn students(roster: Option<&Roster>, records: &[Record], found: &[String]) -> Vec<String> {
    let listed = roster.into_iter().flat_map(|roster| &roster.rows).map(|row| &row.student);
    let mut seen = BTreeSet::new();
    listed
        .chain(found)
        .chain(records.iter().map(|record| &record.student))
        .filter(|student| seen.insert(student.as_str().to_owned()))
        .cloned()
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

/// Entries that no run could match, but for those that a later run or the roster of this report knows.
fn unknown(contents: &Contents, roster: Option<&Roster>) -> Vec<grade::Unknown> {
    let mut unknown: BTreeMap<&str, grade::Unknown> = BTreeMap::new();
    for run in &contents.runs {
        for seen in &run.students {
            unknown.remove(seen.handle.entry.as_str());
        }
        for super::model::Unknown { student, entry, nearest } in &run.unknown {
            let found = grade::Unknown { student: student.clone(), entry: entry.clone(), nearest: nearest.clone() };
            unknown.insert(entry, found);
        }
    }
    let listed: BTreeSet<&str> =
        roster.into_iter().flat_map(|roster| &roster.rows).map(|row| row.student.as_str()).collect();
    unknown.into_values().filter(|unknown| !listed.contains(unknown.student.as_str())).collect()
}

/// Everyone of whom no run found anything.
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
    let hundredths = |number: policy::Hundredths| i64::try_from(number.0).unwrap_or(i64::MAX);
    Gradebook {
        title: "The workshop on Rust binary size".to_owned(),
        toolchain: latest.map(|record| record.toolchain.clone()).unwrap_or_default(),
        target: latest.map(|record| record.target.clone()).unwrap_or_default(),
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
                    decided,
                    status,
                    review,
                } = row;
                let of_entry = seen.get(person.id.as_str());
                let shared = of_entry.zip(record).and_then(|(seen, record)| {
                    teams.get(&(seen.handle.entry.as_str(), record.exercise.as_str(), record.key.as_str()))
                });
                let points = |goal: &super::model::Goal| {
                    let decided = decided.values().find(|decided| decided.goal == goal.id);
                    hundredths(decided.map_or(policy::Hundredths::whole(goal.points), |decided| decided.points))
                };
                grade::Row {
                    team: shared.into_iter().flatten().map(|member| (*member).to_owned()).collect(),
                    attempt: of_entry
                        .map(|seen| seen.handle.attempt.clone())
                        .filter(|attempt| record.is_some() && !attempt.is_empty()),
                    goals: record.iter().flat_map(|record| &record.goals).map(|own| goal(own, points(own))).collect(),
                    sandbox: record.map(|record| record.sandbox.clone()).filter(|sandbox| !sandbox.is_empty()),
                    decisions: decided
                        .iter()
                        .map(|(key, decided)| {
                            let policy::Decided { goal: _, points, reason } = decided.clone();
                            (key.clone(), grade::Decision { points: hundredths(points), reason })
                        })
                        .collect(),
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
                    key: record.map(|record| record.key.clone()).unwrap_or_default(),
                }
            })
            .collect(),
        ..Gradebook::default()
    }
}

/// A goal with the points that a person gave, or that grading has found.
fn goal(goal: &super::model::Goal, points: i64) -> grade::Goal {
    let super::model::Goal { id, text, verdict, points: _, points_max, problems, waits_for } = goal.clone();
    let problems = problems.iter().map(problem).collect();
    grade::Goal { id, text, verdict, points, points_max, problems, waits_for }
}

fn problem(problem: &super::model::Problem) -> grade::Problem {
    let super::model::Problem { code, message, file, line, help } = problem.clone();
    grade::Problem { code, message, file, line, help }
}

/// Seconds since 1970 as `2026-11-21T12:00:00Z`, by the rule of days that repeats every 400 years.
pub(super) fn time(seconds: i64) -> String {
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
mod tests;
