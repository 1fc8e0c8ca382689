//! The dry run: who was found, as whom, which files are taken, what is skipped and why, who is missing. Builds nothing.

use super::archive::shown;
use super::class::{self, Class};
use super::lms::visible;
use super::model::{Handle, Seen, Submission};
use super::options::Options;
use super::roster;
use crate::report::csv::cell;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::{one_line, plural, wrap};
use base::output;
use commands::GradeFormat;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The text's width when it isn't for a terminal.
const WIDTH: usize = 80;
/// Names that a list in the text holds.
const NAMED: usize = 20;

/// `size-workshop/grade-list/1`.
#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    /// The exercises that were looked for.
    exercises: &'a [String],
    students: Vec<Student<'a>>,
    /// Everyone in the roster for whom nothing was found.
    missing: &'a [String],
    /// Entries that match no student in the roster, or don't match `--student-from`.
    unknown: &'a [super::model::Unknown],
    /// What isn't a submission.
    passed_over: Vec<Passed<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct Student<'a> {
    id: &'a str,
    /// The name of the folder or file.
    entry: &'a str,
    /// What may be the student's id, the surest first.
    ids: &'a [String],
    name: Option<&'a str>,
    late: bool,
    exercises: BTreeMap<&'a str, Work<'a>>,
}

#[derive(Serialize)]
struct Work<'a> {
    taken: Vec<&'a str>,
    passed_over: &'a [String],
    /// Why none of it is graded.
    rejected: Option<&'a str>,
    /// Why a person should look at it.
    needs_review: &'a [String],
}

#[derive(Serialize)]
struct Passed<'a> {
    name: &'a str,
    why: &'a str,
}

/// Runs `grade --list`. Exit code 1 when something was rejected, or a student isn't in the roster.
///
/// # Errors
/// When the folder, the roster or the course can't be read, or the format is a report's.
pub(crate) fn run(root: &Path, options: &Options, dir: &Path) -> Result<Exit> {
    let format = format(&options.formats)?;
    let exercises = super::run::exercises(root, &options.exercises)?;
    let mut class = class::read(options, dir, &exercises, roster::wanted(root, options)?.as_ref())?;
    super::run::known_students(&class.run, &options.students)?;
    limit(&mut class, &options.students);
    let list = List::of(&class);
    match format {
        GradeFormat::Json => output::data(&(serde_json::to_string_pretty(&list)? + "\n"))?,
        GradeFormat::Csv => output::data(&csv(&list)?)?,
        _ => output::data(&text(&list, output::width().unwrap_or(WIDTH).clamp(40, 120)))?,
    }
    let is_rejected = class.submissions.iter().any(|submission| submission.rejected.is_some());
    Ok(if is_rejected || !class.run.unknown.is_empty() { Exit::NotMet } else { Exit::Met })
}

/// Keeps only these students, if some are named. What was skipped belongs to no student, and stays.
fn limit(class: &mut Class, students: &[String]) {
    if students.is_empty() {
        return;
    }
    class.submissions.retain(|submission| students.contains(&submission.student));
    class.run.students.retain(|seen| students.contains(&seen.student));
    class.run.unknown.retain(|unknown| students.contains(&unknown.student));
    class.run.missing.retain(|student| students.contains(student));
}

/// The one requested format.
fn format(formats: &[GradeFormat]) -> Result<GradeFormat> {
    match formats {
        [] => Ok(GradeFormat::Text),
        [format @ (GradeFormat::Text | GradeFormat::Json | GradeFormat::Csv)] => Ok(*format),
        [_] => bail!(
            Failure::new(Exit::Usage, "--list can't be printed as a grade report")
                .help("choose --format text, json or csv")
        ),
        _ => bail!(Failure::new(Exit::Usage, "--list takes one format").help("choose --format text, json or csv")),
    }
}

impl<'a> List<'a> {
    fn of(class: &'a Class) -> Self {
        let mut work: BTreeMap<&str, Vec<&Submission>> = BTreeMap::new();
        for submission in &class.submissions {
            work.entry(&submission.student).or_default().push(submission);
        }
        let student = |seen: &'a Seen| {
            let Handle { entry, ids, name, late, .. } = &seen.handle;
            let own = work.get(seen.student.as_str()).into_iter().flatten().map(|submission| {
                let work = Work {
                    taken: submission.files.keys().map(String::as_str).collect(),
                    passed_over: &submission.ignored,
                    rejected: submission.rejected.as_deref(),
                    needs_review: &submission.review,
                };
                (submission.exercise.as_str(), work)
            });
            let exercises = own.collect();
            Student { id: &seen.student, entry, ids, name: name.as_deref(), late: *late, exercises }
        };
        Self {
            schema: "size-workshop/grade-list/1",
            exercises: &class.run.exercises,
            students: class.run.students.iter().map(student).collect(),
            missing: &class.run.missing,
            unknown: &class.run.unknown,
            passed_over: class.passed.iter().map(|(name, why)| Passed { name, why }).collect(),
            notes: &class.notes,
        }
    }
}

fn text(list: &List<'_>, width: usize) -> String {
    let mut text = String::new();
    let mut line = |indent: usize, words: &str| {
        let words = wrap(&one_line(words), Some(width - indent), 4);
        for line in words.lines() {
            text.push_str(&format!("{}{}\n", " ".repeat(indent), line.trim_end()));
        }
    };
    list_students(list, &mut line);
    if !list.notes.is_empty() {
        line(0, " ");
    }
    for note in list.notes {
        line(0, &format!("note: {note}"));
    }
    text.push('\n');
    for words in totals(list) {
        text.push_str(&(wrap(&one_line(&words), Some(width), 4) + "\n"));
    }
    text
}

/// What was taken of each student, line by line with its indentation.
fn list_students(list: &List<'_>, mut line: impl FnMut(usize, &str)) {
    for student in &list.students {
        let late = if student.late { ", late" } else { "" };
        let entry = if student.entry == student.id { String::new() } else { format!("  ({})", visible(student.entry)) };
        line(0, &format!("{}{entry}{late}", student.id));
        if student.exercises.is_empty() {
            line(2, "nothing for these exercises");
        }
        let longest = student.exercises.keys().map(|id| id.len()).max().unwrap_or(0);
        // An archive that is refused is refused for each exercise: saying so once is enough.
        let mut reasons = student.exercises.values().map(|work| work.rejected);
        if let Some(Some(why)) = reasons.next()
            && student.exercises.len() > 1
            && reasons.all(|other| other == Some(why))
        {
            line(2, &format!("{} rejected: {why}", plural(student.exercises.len(), "exercise")));
            continue;
        }
        for id in list.exercises {
            let Some(work) = student.exercises.get(id.as_str()) else { continue };
            let Work { taken, passed_over, rejected, needs_review } = work;
            match rejected {
                Some(why) => line(2, &format!("{id:longest$}  rejected: {why}")),
                None => line(2, &format!("{id:longest$}  {}", taken.join(", "))),
            }
            for why in *needs_review {
                line(4 + longest, &format!("needs review: {why}"));
            }
            if !passed_over.is_empty() {
                line(4 + longest, &format!("skipped: {}", few(passed_over.iter().map(String::as_str))));
            }
        }
    }
}

/// The counts, who is missing, and what matches no student: a line each.
fn totals(list: &List<'_>) -> Vec<String> {
    let rejected = list.students.iter().flat_map(|student| student.exercises.values());
    let (rejected, review) = rejected.fold((0, 0), |(rejected, review), work| {
        (rejected + usize::from(work.rejected.is_some()), review + usize::from(!work.needs_review.is_empty()))
    });
    let submissions: usize = list.students.iter().map(|student| student.exercises.len()).sum();
    let mut lines = vec![format!(
        "{}, {}; {} rejected, {} to review",
        plural(list.students.len(), "student"),
        plural(submissions, "submission"),
        rejected,
        review
    )];
    if !list.missing.is_empty() {
        lines.push(format!(
            "in the roster, nothing handed in: {} ({})",
            list.missing.len(),
            few(list.missing.iter().map(String::as_str))
        ));
    }
    for unknown in list.unknown {
        let nearest = unknown.nearest.as_ref().map(|nearest| format!("; the nearest is {}", shown(nearest)));
        lines.push(format!("matches no student: {}{}", shown(&unknown.entry), nearest.unwrap_or_default()));
    }
    lines
}

fn few<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(NAMED);
    let names: Vec<&str> = names.take(NAMED).collect();
    if more == 0 { names.join(", ") } else { format!("{} and {more} more", names.join(", ")) }
}

/// A line for each student and exercise, and one for each who is missing or was not found in the roster.
fn csv(list: &List<'_>) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["student_id", "entry", "exercise", "status", "taken", "passed_over", "reason"])?;
    let mut row = |cells: [&str; 7]| writer.write_record(cells.map(cell));
    for student in &list.students {
        for (exercise, work) in &student.exercises {
            let Work { taken, passed_over, rejected, needs_review } = work;
            let status = match rejected {
                Some(_) => "rejected",
                None if !needs_review.is_empty() => "needs-review",
                None => "found",
            };
            let reasons: Vec<&str> = rejected.iter().copied().chain(needs_review.iter().map(String::as_str)).collect();
            let (taken, passed_over) = (taken.join("; "), passed_over.join("; "));
            row([student.id, student.entry, exercise, status, &taken, &passed_over, &reasons.join("; ")])?;
        }
        if student.exercises.is_empty() {
            row([student.id, student.entry, "", "nothing-found", "", "", ""])?;
        }
    }
    for unknown in list.unknown {
        let nearest = unknown.nearest.as_ref().map(|nearest| format!("the nearest is {nearest}")).unwrap_or_default();
        row([&unknown.student, &unknown.entry, "", "unknown", "", "", &nearest])?;
    }
    for student in list.missing {
        row([student, "", "", "missing", "", "", ""])?;
    }
    for passed in &list.passed_over {
        row(["", passed.name, "", "passed-over", "", "", passed.why])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

#[cfg(test)]
mod tests;
