//! What differs from the previous report, and that report itself, which is kept: no instructor can vouch for a grade
//! that changes without a trace.

use crate::gather::time;
use crate::journal;
use crate::model::Record;
use crate::report::{Change, Gradebook, Since, csv::cell, id};
use anyhow::{Context as _, Result};
use base::diagnostic::shown;
use base::files;
use base::output;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// Where earlier reports are kept, below the results folder.
const FOLDER: &str = "earlier";

/// Compares a report that is about to be written with the previous one: the existing report if it differs, else the
/// last one kept. So writing the same report again changes nothing. If `keep`, a report that differs is kept before it
/// is replaced.
///
/// # Errors
/// When a report cannot be read or kept.
pub(super) fn since(
    out: &Path,
    table: &str,
    book: &Gradebook,
    records: &[Record],
    keep: bool,
) -> Result<Option<Since>> {
    let current = out.join("grades.csv");
    let there = match fs::read(&current) {
        Ok(bytes) => Some(bytes).filter(|bytes| bytes != table.as_bytes()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| format!("can't read {}", shown(&current).display())),
    };
    let before = match there {
        Some(bytes) => {
            let written = fs::metadata(&current).and_then(|metadata| metadata.modified());
            let since_1970 = written.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
            let written = time(i64::try_from(since_1970.as_secs()).unwrap_or_default());
            if keep {
                self::keep(out, &written, &bytes)?;
            }
            Some((written, bytes))
        }
        None => latest(out)?,
    };
    let Some((written, bytes)) = before else { return Ok(None) };
    let (Some(before), Some(after)) = (Table::read(&bytes), Table::read(table.as_bytes())) else {
        output::note(&format!(
            "the grades.csv of {written} isn't in our format anymore, so this report doesn't say what has changed since"
        ));
        return Ok(None);
    };
    Ok(Some(Since { time: written, changes: compare(&before, &after, book, records) }))
}

/// Keeps a report under the time when it was written. An existing file with that name is never overwritten.
fn keep(out: &Path, written: &str, bytes: &[u8]) -> Result<()> {
    for number in 1.. {
        let path = out.join(FOLDER).join(name(written, number));
        match fs::read(&path) {
            Ok(there) if there == bytes => break,
            Ok(_) => {}
            Err(_) => {
                files::write_atomic(&path, bytes)?;
                break;
            }
        }
    }
    Ok(())
}

/// `2026-11-21T12-00-00Z-grades.csv`, in a form that Windows allows; with a number if several were written in that second.
fn name(written: &str, number: u32) -> String {
    let time = written.replace(':', "-");
    if number == 1 { format!("{time}-grades.csv") } else { format!("{time}-grades-{number}.csv") }
}

/// The report that was kept last, with its time.
fn latest(out: &Path) -> Result<Option<(String, Vec<u8>)>> {
    let Ok(entries) = fs::read_dir(out.join(FOLDER)) else { return Ok(None) };
    let mut kept: Vec<(String, u32, PathBuf)> = Vec::new();
    for entry in entries {
        let path = entry.context("can't read the folder of earlier reports")?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some((time, number)) = parse(&name) {
            kept.push((time, number, path));
        }
    }
    let Some((time, _, path)) = kept.into_iter().max() else { return Ok(None) };
    let bytes = fs::read(&path).with_context(|| format!("can't read {}", shown(&path).display()))?;
    Ok(Some((time, bytes)))
}

/// The time and the number in the name of a report that was kept.
fn parse(name: &str) -> Option<(String, u32)> {
    let (time, rest) = name.strip_suffix(".csv")?.split_once("-grades")?;
    let number = if rest.is_empty() { 1 } else { rest.strip_prefix('-')?.parse().ok()? };
    let (date, clock) = time.split_once('T')?;
    let is_time = date.len() == 10 && clock.len() == 9 && time.is_ascii();
    is_time.then(|| (format!("{date}T{}", clock.replace('-', ":")), number))
}

/// A grades.csv, by exercise and student.
struct Table {
    rows: BTreeMap<(String, String), Cells>,
    order: Vec<(String, String)>,
}

#[derive(Default, PartialEq)]
struct Cells {
    status: String,
    raw_score: String,
    penalty: String,
    score: String,
    reason: String,
    review: String,
}

impl Table {
    /// None if it doesn't have our columns, such as after a spreadsheet saved it in its own way.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut reader = csv::Reader::from_reader(bytes);
        let head = reader.headers().ok()?.clone();
        let at = |name: &str| head.iter().position(|cell| cell == name);
        let (exercise, student) = (at("assignment")?, at("student_id")?);
        let columns = ["status", "raw_score", "late_submission_penalty", "score", "override_reason", "needs_review"];
        let columns: Option<Vec<usize>> = columns.into_iter().map(at).collect();
        let columns = columns?;
        let mut table = Self { rows: BTreeMap::new(), order: Vec::new() };
        for record in reader.records() {
            let record = record.ok()?;
            let cell = |at: usize| record.get(at).unwrap_or_default().to_owned();
            let key = (cell(exercise), cell(student));
            let cells: Vec<String> = columns.iter().map(|&at| cell(at)).collect();
            let [status, raw_score, penalty, score, reason, review] = cells.try_into().ok()?;
            table.rows.insert(key.clone(), Cells { status, raw_score, penalty, score, reason, review });
            table.order.push(key);
        }
        Some(table)
    }
}

fn compare(before: &Table, after: &Table, book: &Gradebook, records: &[Record]) -> Vec<Change> {
    let shown: BTreeSet<String> = after.order.iter().map(|(exercise, _)| exercise.clone()).collect();
    let students: BTreeMap<String, &str> =
        book.rows.iter().map(|row| (cell(&id(&row.student)), row.student.as_str())).collect();
    let history = History::of(records);
    let mut changes = Vec::new();
    // Rows that are gone come last; an exercise that this report leaves out isn't gone.
    let gone = before.order.iter().filter(|key| shown.contains(&key.0) && !after.rows.contains_key(*key));
    for key in after.order.iter().chain(gone) {
        let (exercise, named) = key;
        let student = students.get(named).map_or_else(|| named.clone(), |student| (*student).to_owned());
        let mut change = |what, before: &str, after: &str, why: String| {
            changes.push(Change {
                student: student.clone(),
                exercise: exercise.clone(),
                what,
                before: before.to_owned(),
                after: after.to_owned(),
                why,
            });
        };
        match (before.rows.get(key), after.rows.get(key)) {
            (Some(old), Some(new)) if old != new => {
                let again = || history.why(&student, exercise, old);
                if old.score != new.score {
                    change("score", &old.score, &new.score, why_score(old, new, again));
                }
                if old.status != new.status {
                    change("status", &old.status, &new.status, again());
                }
                if old.review != new.review {
                    change("review", &old.review, &new.review, String::new());
                }
                // The same points by chance, for other reasons.
                if old.score == new.score && old.reason != new.reason {
                    change("score", &old.score, &new.score, why_score(old, new, again));
                }
            }
            (None, Some(new)) => change("appeared", "", &in_short(new), String::new()),
            (Some(old), None) => change("vanished", &in_short(old), "", String::new()),
            _ => {}
        }
    }
    changes
}

fn in_short(cells: &Cells) -> String {
    if cells.score.is_empty() { cells.status.clone() } else { format!("{} ({})", cells.score, cells.status) }
}

fn why_score(old: &Cells, new: &Cells, again: impl Fn() -> String) -> String {
    if old.reason != new.reason {
        return match new.reason.as_str() {
            "" => "an instructor's decision was withdrawn".to_owned(),
            reason => format!("an instructor decided: {reason}"),
        };
    }
    if old.raw_score == new.raw_score {
        return format!("lateness costs {} instead of {} points", points(&new.penalty), points(&old.penalty));
    }
    again()
}

fn points(cell: &str) -> &str {
    if cell.is_empty() { "0" } else { cell }
}

/// All results of each student and exercise, in the order in which they came.
struct History<'a> {
    of: HashMap<(&'a str, &'a str), Vec<&'a Record>>,
    latest: BTreeMap<journal::Job, &'a Record>,
}

impl<'a> History<'a> {
    fn of(records: &'a [Record]) -> Self {
        let mut of: HashMap<(&str, &str), Vec<&Record>> = HashMap::new();
        for record in records {
            of.entry((&record.student, &record.exercise)).or_default().push(record);
        }
        Self { of, latest: journal::latest(records) }
    }

    /// Why a result differs from an earlier report's.
    fn why(&self, student: &str, exercise: &str, old: &Cells) -> String {
        let Some(&now) = self.latest.get(&(student.to_owned(), exercise.to_owned())) else { return String::new() };
        match old.status.as_str() {
            "not-handed-in" => return "handed in and graded since".to_owned(),
            "not-graded-yet" => return "graded since".to_owned(),
            _ => {}
        }
        let all = self.of.get(&(student, exercise)).map(Vec::as_slice).unwrap_or_default();
        let earlier = || all.iter().rev().filter(|record| !std::ptr::eq(**record, now));
        let fits = |record: &&&Record| {
            record.status.name() == old.status
                && (old.raw_score.is_empty() || old.raw_score == record.points.to_string())
        };
        let Some(before) = earlier().find(fits).or_else(|| earlier().next()) else { return String::new() };
        if before.files != now.files {
            "graded again: new files".to_owned()
        } else if before.key != now.key {
            "graded again: the exercise, the compiler or the grader has changed".to_owned()
        } else {
            "graded again".to_owned()
        }
    }
}

#[cfg(test)]
mod tests;
