//! The class as a CSV that an instructor keeps: who the students are, when work was due, and when it came in. Dates come from
//! here and never from the files, whose times every copy changes.

use crate::exit::{Exit, Failure, Place};
use crate::tree::read_text;
use anyhow::Result;
use std::collections::BTreeMap;
use std::path::Path;

/// The largest roster, in bytes: room for ten thousands of rows.
const LARGEST: u64 = 16 << 20;
/// The columns that are read; `student` is another word for the first.
const COLUMNS: [&str; 8] =
    ["student_id", "first_name", "last_name", "email", "exercise", "due", "extension", "submitted"];
const HELP: &str = "the first line names the columns, with commas between them: student_id, and any of first_name, \
                    last_name, email, exercise, due, extension, submitted";

/// What the roster says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Roster {
    /// The rows in the order of the file.
    pub rows: Vec<Row>,
    /// What the instructor should know: columns that are not read.
    pub notes: Vec<String>,
    /// Where each student's rows are: a class of thousands is looked up for each of its grades.
    of_student: BTreeMap<String, Vec<usize>>,
}

/// A line: a student, or a student and one exercise. Texts are empty where the file says nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// The student, as the folder or archive is called.
    pub student: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Mail address.
    pub email: String,
    /// The exercise that the row is about; every exercise if there is none.
    pub exercise: Option<String>,
    /// When the work is due.
    pub due: Option<Time>,
    /// When it is due for this student instead.
    pub extension: Option<Time>,
    /// When it came in.
    pub submitted: Option<Time>,
    /// The line of the file, from 1; 0 where several rows were put together.
    pub line: usize,
}

/// A point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Time {
    /// As it was written.
    pub text: String,
    /// Seconds since 1970-01-01T00:00:00Z; negative before that. Parts of a second are cut off.
    pub seconds: i64,
}

impl Roster {
    /// What is known of a student's work for an exercise: its own row first, then what holds for every exercise. A name or
    /// an address that neither has may come from a row for another exercise. Nothing if the student has no row at all.
    pub fn of(&self, student: &str, exercise: &str) -> Option<Row> {
        let rows = || self.of_student.get(student).into_iter().flatten().map(|&at| &self.rows[at]);
        let own = rows().filter(|row| row.exercise.as_deref() == Some(exercise));
        let mut fitting = own.chain(rows().filter(|row| row.exercise.is_none())).peekable();
        rows().next()?;
        let mut merged = Row { student: student.to_owned(), ..Row::default() };
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
        Some(merged)
    }
}

/// Reads a roster. `exercises` are all of the course.
///
/// # Errors
/// When it cannot be read, or a line of it is wrong: with the line, and the column by its name.
pub fn read(path: &Path, exercises: &[&str]) -> Result<Roster> {
    let text = read_text(path, LARGEST).map_err(|unreadable| {
        let help = "name a CSV file in UTF-8 after --roster";
        failure(path, unreadable.line, unreadable.message, help)
    })?;
    parse(path, &text, exercises)
}

/// The roster that a text says; `path` is for messages.
fn parse(path: &Path, text: &str, exercises: &[&str]) -> Result<Roster> {
    // One kind of line end, so that lines are counted as an editor does.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut lines = reader.records();
    // A record begins after the empty lines that the reader passes over.
    let line_of = |position: Option<&csv::Position>| {
        let position = position?;
        let empty = text[position.byte() as usize..].bytes().take_while(|&byte| byte == b'\n').count();
        Some(position.line() as usize + empty)
    };
    let mut next = || -> Result<Option<(csv::StringRecord, usize)>> {
        match lines.next() {
            None => Ok(None),
            Some(Ok(record)) => {
                let line = line_of(record.position()).unwrap_or(1);
                Ok(Some((record, line)))
            }
            Some(Err(error)) => {
                let message = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("the line has {len} cells, and the first one {expected_len}")
                    }
                    _ => error.to_string(),
                };
                let help = "a cell with a comma in it stands in double quotes";
                Err(failure(path, line_of(error.position()), message, help).into())
            }
        }
    };
    let Some((header, line)) = next()? else {
        return Err(failure(path, None, "there is nothing in it", HELP).into());
    };
    let mut roster = Roster::default();
    let columns = columns(path, &header, line, &mut roster.notes)?;
    let mut seen = BTreeMap::new();
    while let Some((record, line)) = next()? {
        let cell = |column: &str| columns.get(column).and_then(|&at| record.get(at)).unwrap_or_default().to_owned();
        let time = |column: &str| -> Result<Option<Time>> {
            let text = cell(column);
            if text.is_empty() {
                return Ok(None);
            }
            let Some(seconds) = seconds(&text) else {
                let message = format!("column {column}: {text:?} is no time");
                let help = "write it as 2026-05-31T23:59:00+02:00, or with Z instead of +02:00 for UTC";
                return Err(failure(path, Some(line), message, help).into());
            };
            Ok(Some(Time { text, seconds }))
        };
        let row = Row {
            student: cell("student_id"),
            first_name: cell("first_name"),
            last_name: cell("last_name"),
            email: cell("email"),
            exercise: Some(cell("exercise")).filter(|exercise| !exercise.is_empty()),
            due: time("due")?,
            extension: time("extension")?,
            submitted: time("submitted")?,
            line,
        };
        if row.student.is_empty() {
            let help = "every line is about one student, named like the folder or archive";
            return Err(failure(path, Some(line), "column student_id: the cell is empty", help).into());
        }
        if let Some(exercise) = row.exercise.as_deref().filter(|exercise| !exercises.contains(exercise)) {
            let message = format!("column exercise: there is no exercise {exercise:?}");
            let help = format!("there is {}; an empty cell means all of them", exercises.join(", "));
            return Err(failure(path, Some(line), message, help).into());
        }
        if let Some(before) = seen.insert((row.student.clone(), row.exercise.clone()), line) {
            let what = row.exercise.map_or_else(String::new, |exercise| format!(" for {exercise}"));
            let message = format!("column student_id: {:?} stands in line {before}{what} already", row.student);
            return Err(failure(path, Some(line), message, "keep one of the two lines").into());
        }
        roster.of_student.entry(row.student.clone()).or_default().push(roster.rows.len());
        roster.rows.push(row);
    }
    Ok(roster)
}

/// Where each column is that is read.
fn columns(
    path: &Path,
    header: &csv::StringRecord,
    line: usize,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<&'static str, usize>> {
    let mut columns = BTreeMap::new();
    for (at, cell) in header.iter().enumerate() {
        let lower = cell.to_lowercase();
        let name = if lower == "student" { COLUMNS[0] } else { lower.as_str() };
        let Some(known) = COLUMNS.into_iter().find(|column| *column == name) else {
            notes.push(format!("{}: the column {cell:?} is not read", path.display()));
            continue;
        };
        if columns.insert(known, at).is_some() {
            let message = format!("there are two columns {known}");
            return Err(failure(path, Some(line), message, "keep one of them").into());
        }
    }
    if columns.contains_key(COLUMNS[0]) {
        return Ok(columns);
    }
    let tabs = header.iter().any(|cell| cell.contains([';', '\t']));
    let separator = if tabs { "; this file seems to have other separators" } else { "" };
    Err(failure(path, Some(line), "there is no column student_id", format!("{HELP}{separator}")).into())
}

fn failure(path: &Path, line: Option<usize>, message: impl Into<String>, help: impl Into<String>) -> Failure {
    let place = Place { file: path.to_owned(), line, column: None };
    Failure { place: Some(place), ..Failure::new(Exit::Usage, message).help(help) }
}

/// Seconds since 1970 of a time as RFC 3339 has it, `2026-05-31T23:59:00Z` or with an offset instead of Z. A time without an
/// offset could be any of 38 hours, so it is none. A library for these few lines would be the runner's slowest.
fn seconds(text: &str) -> Option<i64> {
    // The digits of a number at a place; `-3` is not a number of two digits.
    let number = |at: usize, digits: usize| {
        let digits = text.get(at..at + digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let is = |at: usize, wanted: u8| text.as_bytes().get(at) == Some(&wanted);
    if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok()?.checked_sub(1)?;
    let length = *lengths.get(before)?;
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < fraction.len()).then_some(())?;
    }
    let offset = if rest == "Z" {
        0
    } else {
        let at = text.len() - rest.len();
        let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
        if rest.len() != 6 || !is(at + 3, b':') || hours > 23 || minutes > 59 {
            return None;
        }
        match rest.as_bytes()[0] {
            b'+' => hours * 3600 + minutes * 60,
            b'-' => -(hours * 3600 + minutes * 60),
            _ => return None,
        }
    };
    // Days from 0001-01-01, which would be day 1, to the year's first, then to the day; 1970-01-01 is day 719163.
    let past = year - 1;
    let days = past * 365 + past.div_euclid(4) - past.div_euclid(100)
        + past.div_euclid(400)
        + lengths[..before].iter().sum::<i64>()
        + day
        - 719_163;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::failure_of;

    fn parsed(text: &str) -> Result<Roster, Box<Failure>> {
        parse(Path::new("class.csv"), text, &["ex1", "ex2"]).map_err(|error| Box::new(failure_of(&error)))
    }

    /// The line, and the message.
    fn refused(text: &str) -> (usize, String) {
        let failure = parsed(text).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.help.is_some());
        let place = failure.place.unwrap();
        assert_eq!(place.file, Path::new("class.csv"));
        (place.line.unwrap_or(0), failure.message)
    }

    #[test]
    fn columns_come_in_any_order_and_spelling_with_a_byte_order_mark_and_crlf() {
        let text = "\u{feff}Email, LAST_NAME ,student,First_Name,due\r\n\
                    s1@example.org,\"Doe, Jr.\",s001,Jo,2026-05-31T23:59:00+02:00\r\n\r\n,,=cmd(),,\r\n";
        let roster = parsed(text).unwrap();
        assert_eq!(roster.notes, Vec::<String>::new());
        let due = Time { text: "2026-05-31T23:59:00+02:00".into(), seconds: 1_780_264_740 };
        let first = Row {
            student: "s001".into(),
            first_name: "Jo".into(),
            last_name: "Doe, Jr.".into(),
            email: "s1@example.org".into(),
            due: Some(due),
            line: 2,
            ..Row::default()
        };
        assert_eq!(roster.rows, [first, Row { student: "=cmd()".into(), line: 4, ..Row::default() }]);
    }

    #[test]
    fn a_column_that_is_not_read_is_a_note() {
        let roster = parsed("student_id,Section\ns001,7\n").unwrap();
        assert_eq!(roster.notes, ["class.csv: the column \"Section\" is not read"]);
        assert_eq!(roster.rows.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_column() {
        assert_eq!(refused(""), (0, "there is nothing in it".into()));
        assert_eq!(refused("name\ns001\n"), (1, "there is no column student_id".into()));
        assert_eq!(refused("student,Student_ID\n"), (1, "there are two columns student_id".into()));
        assert_eq!(refused("student,due\n\ns001,\n\ns002,tomorrow\n").0, 5);
        assert_eq!(refused("student,due\ns001,tomorrow\n").1, "column due: \"tomorrow\" is no time");
        assert_eq!(refused("student,due\r\ns001,\r\n ,\r\n"), (3, "column student_id: the cell is empty".into()));
        assert_eq!(refused("student,due\n\"s\n1\",\ns2,x\n").0, 4);
        let ragged = refused("student,due\ns001,,\n");
        assert_eq!(ragged, (2, "the line has 3 cells, and the first one 2".into()));
        let unknown = refused("student,exercise\ns001,ex01\n");
        assert_eq!(unknown, (2, "column exercise: there is no exercise \"ex01\"".into()));
    }

    #[test]
    fn a_file_with_semicolons_is_told_that_commas_are_wanted() {
        let help = parsed("student_id;due\ns001;\n").unwrap_err().help.unwrap();
        assert!(help.ends_with("this file seems to have other separators"), "{help}");
    }

    #[test]
    fn two_rows_of_the_same_student_and_exercise_are_an_error() {
        let twice = refused("student,email\ns001,a\ns001,b\n");
        assert_eq!(twice, (3, "column student_id: \"s001\" stands in line 2 already".into()));
        let twice = refused("student,exercise\ns001,\ns001,ex1\ns001,ex1\n");
        assert_eq!(twice, (4, "column student_id: \"s001\" stands in line 3 for ex1 already".into()));
    }

    #[test]
    fn a_row_for_one_exercise_wins_over_the_row_for_all() {
        let roster = parsed(
            "student,exercise,due,submitted,email\n\
             s001,,2026-05-01T00:00:00Z,2026-04-30T00:00:00Z,a@example.org\n\
             s001,ex2,2026-06-01T00:00:00Z,,\n\
             s002,ex2,2026-06-01T00:00:00Z,,b@example.org\n",
        )
        .unwrap();
        let due = |student: &str, exercise: &str| roster.of(student, exercise)?.due.map(|due| due.text);
        assert_eq!(due("s001", "ex1").as_deref(), Some("2026-05-01T00:00:00Z"));
        assert_eq!(due("s001", "ex2").as_deref(), Some("2026-06-01T00:00:00Z"));
        assert_eq!(roster.of("s001", "ex2").unwrap().submitted.unwrap().text, "2026-04-30T00:00:00Z");
        assert_eq!(due("s002", "ex1"), None);
        assert_eq!(roster.of("s002", "ex1").unwrap().email, "b@example.org");
        assert_eq!(roster.of("s003", "ex1"), None);
    }

    #[test]
    fn times_are_those_of_rfc_3339_and_nothing_else() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-05-31T23:59:00+02:00", 1_780_264_740),
            ("2026-05-31T21:59:00.999Z", 1_780_264_740),
            ("2026-05-31T16:29:00-05:30", 1_780_264_740),
            ("2038-01-19T03:14:08-00:00", 1 << 31),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-05-31",
            "2026-05-31T23:59:00",
            "2026-05-31 23:59:00Z",
            "2026-05-31t23:59:00z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-13-10T00:00:00Z",
            "2026-05-00T00:00:00Z",
            "2026-05-31T24:00:00Z",
            "2026-05-31T23:60:00Z",
            "2026-05-31T23:59:60Z",
            "2026-05-31T23:59:00.Z",
            "2026-05-31T23:59:00+0200",
            "2026-05-31T23:59:00+24:00",
            "2026-05-31T23:59:00+02:00x",
            "2026-05-31T23:59:00 02:00",
            "+026-05-31T23:59:00Z",
            "2026-05-31T23:59:-1Z",
            "２０２６-05-31T23:59:00Z",
            "2026-05-31T23:59:00é1:00",
            "31.05.2026 23:59",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn a_file_that_is_no_text_or_not_there_is_a_failure_with_help() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.csv");
        let failed = || failure_of(&read(&path, &[]).unwrap_err());
        assert_eq!((failed().exit, failed().message), (Exit::Usage, "there is no class.csv".to_owned()));
        crate::tree::write_atomic(&path, b"student\nJos\xe9\n").unwrap();
        assert_eq!(failed().place.unwrap().line, Some(2));
        crate::tree::write_atomic(&path, b"student\ns001\n").unwrap();
        assert_eq!(read(&path, &[]).unwrap().rows.len(), 1);
    }
}
