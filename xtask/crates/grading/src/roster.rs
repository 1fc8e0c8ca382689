//! The class as a table that an instructor keeps or an LMS exports: who the students are, when work was due, and when
//! it arrived. Dates come from here and never from the files, because copying changes their times.

mod lms;
mod time;

pub(crate) use lms::Lms;
pub(crate) use time::Time;

use super::identity::{self, fold};
use super::options::Options;
use super::sheet::{Line, Sheet};
use anyhow::Result;
use course::exercise;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The columns of our own table that are read.
const COLUMNS: [&str; 12] = [
    "student_id",
    "first_name",
    "last_name",
    "email",
    "login",
    "lms_id",
    "submission",
    "team",
    "exercise",
    "due",
    "extension",
    "submitted",
];
/// Alternative names for some of them.
const ALIASES: [(&str, &str); 2] = [("student", "student_id"), ("group", "team")];
const HELP: &str = "the first line names the columns: student_id, and any of first_name, last_name, email, login, lms_id, \
                    submission, team, exercise, due, extension, submitted; a gradebook or roster exported by Canvas, Moodle, \
                    Brightspace, Blackboard, Gradescope or GitHub Classroom is read as it is";

/// The roster's contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Roster {
    /// The file it came from.
    pub path: PathBuf,
    /// The LMS that exported it; none for a table in our own format.
    pub lms: Option<Lms>,
    /// The rows in the order of the file.
    pub rows: Vec<Row>,
    /// What the instructor should know: columns that aren't read.
    pub notes: Vec<String>,
    /// Where each student's rows are, by the folded id: a class of thousands is looked up for each of its grades.
    of_student: BTreeMap<String, Vec<usize>>,
}

/// A line: a student, or a student and one exercise. Texts are empty if the file has no value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Row {
    /// The student, as in all reports.
    pub student: String,
    /// First name.
    pub first_name: String,
    /// Last name; the whole name if the file has it in one column without a comma.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// What else identifies the student: a login, a number of the LMS.
    pub also: Vec<String>,
    /// The name of the student's folder or file among the submissions, or a part of it.
    pub submission: String,
    /// The team that the student works in.
    pub team: String,
    /// The exercise that the row is about; if empty, every exercise.
    pub exercise: Option<String>,
    /// When the work is due.
    pub due: Option<Time>,
    /// When it is due for this student instead.
    pub extension: Option<Time>,
    /// When it was handed in.
    pub submitted: Option<Time>,
    /// The line of the file, from 1; 0 where several rows were put together.
    pub line: usize,
}

impl Roster {
    /// What is known of a student's work for an exercise: its own row first, then what holds for every exercise. A name or
    /// an address that neither has may come from a row for another exercise. Nothing if the student has no row at all.
    pub(crate) fn of(&self, student: &str, exercise: &str) -> Option<Row> {
        let own_rows = self.of_student.get(&fold(student))?;
        let rows = || own_rows.iter().map(|&at| &self.rows[at]);
        let own = rows().filter(|row| row.exercise.as_deref() == Some(exercise));
        let mut fitting = own.chain(rows().filter(|row| row.exercise.is_none())).peekable();
        let mut merged = Row { student: rows().next()?.student.clone(), ..Row::default() };
        merged.exercise = fitting.peek().and_then(|row| row.exercise.clone());
        for row in fitting {
            merged.due = merged.due.or_else(|| row.due.clone());
            merged.extension = merged.extension.or_else(|| row.extension.clone());
            merged.submitted = merged.submitted.or_else(|| row.submitted.clone());
        }
        let text = |of: fn(&Row) -> &String| {
            let mut known = rows().filter(|row| !of(row).is_empty()).map(|row| (row, of(row)));
            let best = known.clone().find(|(row, _)| row.exercise.as_deref().is_none_or(|of| of == exercise));
            best.or_else(|| known.next()).map(|(_, text)| text.clone()).unwrap_or_default()
        };
        merged.first_name = text(|row| &row.first_name);
        merged.last_name = text(|row| &row.last_name);
        merged.email = text(|row| &row.email);
        merged.submission = text(|row| &row.submission);
        merged.team = text(|row| &row.team);
        merged.also = rows().flat_map(|row| &row.also).cloned().collect();
        Some(merged)
    }

    /// A student's id as the roster writes it, if it is an id of the roster: case, surrounding space and Unicode form aside.
    pub(crate) fn canonical(&self, student: &str) -> Option<&str> {
        let at = *self.of_student.get(&fold(student))?.first()?;
        Some(&self.rows[at].student)
    }

    /// The ids of all students, each once, in the order of the file.
    pub(crate) fn students(&self) -> impl Iterator<Item = &str> {
        let is_first = |(at, row): &(usize, &Row)| {
            self.of_student.get(&fold(&row.student)).and_then(|rows| rows.first()).is_some_and(|first| first == at)
        };
        self.rows.iter().enumerate().filter(is_first).map(|(_, row)| row.student.as_str())
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Adds a row.
    ///
    /// # Errors
    /// When the id has an invisible character, or is in an earlier row: for the same exercise, or written differently.
    fn push(&mut self, sheet: &Sheet, row: Row, column: &str) -> Result<()> {
        if let Some(code) = identity::invisible(&row.student) {
            let message = format!("column {column}: {:?} contains an invisible character ({code})", row.student);
            return Err(sheet.failure(row.line, message, "delete the cell and type the id again").into());
        }
        let rows = self.of_student.entry(fold(&row.student)).or_default();
        let before = rows.iter().map(|&at| &self.rows[at]);
        if let Some(same) =
            before.clone().find(|before| before.exercise == row.exercise || before.student != row.student)
        {
            let message = if same.student == row.student {
                let what = row.exercise.as_ref().map_or_else(String::new, |exercise| format!(" for {exercise}"));
                format!("column {column}: {:?} is already in line {}{what}", row.student, same.line)
            } else {
                let (student, line) = (&same.student, same.line);
                format!(
                    "column {column}: {:?} and {student:?} in line {line} are the same id, written in two ways",
                    row.student
                )
            };
            let help = "ids are compared without regard to case, surrounding spaces and Unicode form; keep one of the two lines";
            return Err(sheet.failure(row.line, message, help).into());
        }
        rows.push(self.rows.len());
        self.rows.push(row);
        Ok(())
    }
}

/// The requested roster, checked against all exercises of the course.
///
/// # Errors
/// As `read`, and when the course cannot be read.
pub(crate) fn wanted(root: &Path, options: &Options) -> Result<Option<Roster>> {
    let Some(file) = &options.roster else { return Ok(None) };
    let exercises = exercise::all(root)?;
    let ids: Vec<&str> = exercises.iter().map(|exercise| exercise.id.as_str()).collect();
    read(file, &ids).map(Some)
}

/// Reads a roster. `exercises` are all of the course.
///
/// # Errors
/// When it cannot be read, isn't a roster, or a line of it is wrong: with the line, and the column by its name.
pub(crate) fn read(path: &Path, exercises: &[&str]) -> Result<Roster> {
    of_sheet(&Sheet::read(path)?, exercises)
}

/// A table as a roster.
///
/// # Errors
/// As `read`.
pub(crate) fn of_sheet(sheet: &Sheet, exercises: &[&str]) -> Result<Roster> {
    let head = sheet.head()?;
    let roster = match lms::recognize(head) {
        Some(format) => lms::read(sheet, format)?,
        None => own(sheet, exercises)?,
    };
    if roster.rows.is_empty() {
        return Err(sheet.failure(head.number, "the roster has no students", "add a line for each student").into());
    }
    Ok(roster)
}

/// Which LMS a table is from, if any.
///
/// # Errors
/// When there is nothing in it.
pub(crate) fn recognized(sheet: &Sheet) -> Result<Option<Lms>> {
    Ok(lms::recognize(sheet.head()?).map(lms::Format::lms))
}

/// Reads a table in our own format.
fn own(sheet: &Sheet, exercises: &[&str]) -> Result<Roster> {
    let mut roster = Roster { path: sheet.path.clone(), ..Roster::default() };
    let columns = columns(sheet, &mut roster.notes)?;
    sheet.check_widths()?;
    for line in &sheet.rows[1..] {
        let row = row(sheet, line, &columns, exercises)?;
        roster.push(sheet, row, COLUMNS[0])?;
    }
    Ok(roster)
}

fn row(sheet: &Sheet, line: &Line, columns: &BTreeMap<&str, usize>, exercises: &[&str]) -> Result<Row> {
    let cell = |column: &str| columns.get(column).map_or("", |&at| line.text(at)).to_owned();
    let time = |column: &str| -> Result<Option<Time>> {
        let text = cell(column);
        if text.is_empty() {
            return Ok(None);
        }
        let Some(time) = Time::parse(text.clone()) else {
            let message = format!("column {column}: {text:?} isn't a time");
            let help = "write it as 2026-05-31T23:59:00+02:00, or with Z instead of +02:00 for UTC";
            return Err(sheet.failure(line.number, message, help).into());
        };
        Ok(Some(time))
    };
    let row = Row {
        student: cell("student_id"),
        first_name: cell("first_name"),
        last_name: cell("last_name"),
        email: cell("email"),
        also: ["login", "lms_id"].into_iter().map(cell).filter(|id| !id.is_empty()).collect(),
        submission: cell("submission"),
        team: cell("team"),
        exercise: Some(cell("exercise")).filter(|exercise| !exercise.is_empty()),
        due: time("due")?,
        extension: time("extension")?,
        submitted: time("submitted")?,
        line: line.number,
    };
    if row.student.is_empty() {
        let help = "every line is about one student; give each an id";
        return Err(sheet.failure(line.number, "column student_id: the cell is empty", help).into());
    }
    if let Some(exercise) = row.exercise.as_deref().filter(|exercise| !exercises.contains(exercise)) {
        let message = format!("column exercise: there is no exercise {exercise:?}");
        let help = format!("the course has {}; an empty cell means all of them", exercises.join(", "));
        return Err(sheet.failure(line.number, message, help).into());
    }
    Ok(row)
}

/// Where each column is that is read.
fn columns(sheet: &Sheet, notes: &mut Vec<String>) -> Result<BTreeMap<&'static str, usize>> {
    let head = sheet.head()?;
    let lower: Vec<String> = head.texts().map(str::to_lowercase).collect();
    let known = |name: &str| {
        let name = ALIASES.into_iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        COLUMNS.into_iter().find(|column| *column == name)
    };
    let has_student = lower.iter().any(|name| known(name) == Some(COLUMNS[0]));
    if !lower.iter().any(|name| name == COLUMNS[0])
        && let Some((message, help)) = lms::nearly(head, has_student)
    {
        return Err(sheet.failure(head.number, message, help).into());
    }
    if !has_student {
        return Err(sheet.failure(head.number, "there is no column student_id", HELP).into());
    }
    let mut columns = BTreeMap::new();
    for (at, (cell, lower)) in head.texts().zip(&lower).enumerate() {
        let Some(column) = known(lower) else {
            notes.push(format!("{}: the column {cell:?} is ignored", sheet.path.display()));
            continue;
        };
        if columns.insert(column, at).is_some() {
            let message = format!("there are two columns {column}");
            return Err(sheet.failure(head.number, message, "keep one of them").into());
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
