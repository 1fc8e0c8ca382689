//! The rosters and gradebooks that learning management systems export, distinguished by their header lines.
//!
//! Where the columns are documented:
//! - Canvas: its exporter and importer, `lib/gradebook_exporter.rb` and `lib/gradebook_importer.rb` in instructure/canvas-lms.
//!   The name is one column (`Student`, "Doe, Jane") or two (`LastName`, `FirstName`); `SIS User ID`, `Integration ID` and
//!   `Root Account` depend on who exports. A row of "Manual Posting" may come before "    Points Possible". The importer
//!   finds a student by `ID` first, so that is the id that reports use. The test student is exported as "Student, Test".
//! - Moodle, grading worksheet: `mod/assign/gradingtable.php` and `mod/assign/feedback/offline` in moodle/moodle. The
//!   importer reads the digits behind "Participant " in `Identifier`; names and addresses are missing from an anonymous
//!   one.
//! - Moodle, participants and gradebook: docs.moodle.org, "Participants" and "Grade export".
//! - Brightspace: community.d2l.com, "Importing grades". Ids begin with `#` so that spreadsheets keep their zeros.
//! - Blackboard: help.blackboard.com, "Download and upload grades": UTF-16 with tabs, or CSV. The key is `Username`.
//! - Gradescope: guides.gradescope.com, "Adding Students and Staff": a full name or two columns, `Email`, often `SID`.
//! - GitHub Classroom: `classroom_roster.csv` with `identifier,github_username,github_id,name`.

use super::{Roster, Row};
use crate::sheet::{Line, Sheet};
use anyhow::Result;
use base::numbers::plural;
use std::collections::BTreeSet;

/// A system whose tables we can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lms {
    /// Canvas.
    Canvas,
    /// Moodle: the worksheet of an assignment.
    MoodleWorksheet,
    /// Moodle: the list of participants, or the gradebook.
    MoodleClass,
    /// Brightspace, by D2L.
    Brightspace,
    /// Blackboard.
    Blackboard,
    /// Gradescope.
    Gradescope,
    /// GitHub Classroom.
    GithubClassroom,
}

/// A table of an LMS. Columns are in lower case.
#[derive(Debug)]
pub(super) struct Format {
    lms: Lms,
    /// What to call it.
    name: &'static str,
    /// It is this table if all columns of one of these lists are there.
    needs: &'static [&'static [&'static str]],
    /// The first of these that isn't empty is the student's id.
    id: &'static [&'static str],
    /// What else identifies the student.
    also: &'static [&'static str],
}

impl Lms {
    /// What to call its table in a message.
    pub(crate) fn table(self) -> &'static str {
        FORMATS.iter().find(|format| format.lms == self).map_or("", |format| format.name)
    }
}

impl Format {
    /// The system that exports it.
    pub(super) fn lms(&self) -> Lms {
        self.lms
    }
}

/// In the order in which they are tried, starting with the one least likely to be mistaken for another.
const FORMATS: [Format; 7] = [
    Format {
        lms: Lms::GithubClassroom,
        name: "GitHub Classroom roster",
        needs: &[&["identifier", "github_username"]],
        id: &["identifier"],
        also: &["github_username", "github_id"],
    },
    Format {
        lms: Lms::Brightspace,
        name: "Brightspace gradebook",
        needs: &[&["orgdefinedid"], &["username", "end-of-line indicator"]],
        id: &["orgdefinedid", "username"],
        also: &["username"],
    },
    Format {
        lms: Lms::Canvas,
        name: "Canvas gradebook",
        needs: &[&["student", "id", "section"], &["lastname", "firstname", "id", "section"]],
        id: &["id"],
        also: &["sis user id", "sis login id", "integration id"],
    },
    Format {
        lms: Lms::MoodleWorksheet,
        name: "Moodle grading worksheet",
        needs: &[&["identifier", "grade"], &["identifier", "full name"]],
        id: &["id number", "email address", "identifier"],
        also: &["username", "identifier"],
    },
    Format {
        lms: Lms::MoodleClass,
        name: "Moodle list of participants",
        needs: &[&["first name", "surname", "email address"], &["first name", "last name", "email address"]],
        id: &["id number", "username", "email address"],
        also: &["username"],
    },
    Format {
        lms: Lms::Blackboard,
        name: "Blackboard gradebook",
        needs: &[&["last name", "first name", "username"]],
        id: &["username"],
        also: &["student id"],
    },
    Format {
        lms: Lms::Gradescope,
        name: "Gradescope roster",
        needs: &[&["sid", "email"], &["first name", "last name", "email"], &["full name", "email"], &["name", "email"]],
        id: &["sid", "email"],
        also: &[],
    },
];
const FIRST: [&str; 2] = ["first name", "firstname"];
const LAST: [&str; 3] = ["last name", "surname", "lastname"];
const WHOLE: [&str; 3] = ["student", "full name", "name"];
const EMAIL: [&str; 2] = ["email", "email address"];
/// Gradescope has the staff in the same table.
const ROLE: [&str; 2] = ["role", "roles"];
const STAFF: [&str; 8] =
    ["instructor", "ta", "teaching assistant", "reader", "teacher", "non-editing teacher", "observer", "designer"];
const TEAM: [&str; 3] = ["group", "group name", "group_name"];

fn columns(head: &Line) -> Vec<String> {
    head.texts().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()).collect()
}

/// The format with this header line, if an LMS exports it. With a column `student_id`, the table is in our own format.
pub(super) fn recognize(head: &Line) -> Option<&'static Format> {
    let columns = columns(head);
    let has = |column: &str| columns.iter().any(|there| there == column);
    if has("student_id") {
        return None;
    }
    FORMATS.iter().find(|format| format.needs.iter().any(|all| all.iter().all(|column| has(column))))
}

/// For a table that only looks like an LMS's: what was recognized and what is missing, and what to do. A table with a
/// column `student` may be one of our own; then only names that a single system uses count.
pub(super) fn nearly(head: &Line, may_be_ours: bool) -> Option<(String, String)> {
    let columns = columns(head);
    let has = |column: &str| columns.iter().any(|there| there == column);
    // Many tables have these; the other names are used by a single system.
    let is_common = |column: &str| {
        ["id", "username", "section", "grade"].contains(&column)
            || [&FIRST[..], &LAST, &WHOLE, &EMAIL].iter().any(|common| common.contains(&column))
    };
    let there = |all: &[&'static str], format: &Format| {
        let columns = all.iter().chain(format.id).chain(format.also).copied();
        columns.filter(|column| has(column)).collect::<BTreeSet<&str>>()
    };
    let all = FORMATS.iter().flat_map(|format| format.needs.iter().map(move |all| (format, *all)));
    let score = |(format, all): &(&Format, &[&'static str])| {
        let there = there(all, format);
        there.len() + 2 * there.iter().filter(|column| !is_common(column)).count()
    };
    let (format, all) = all.max_by_key(score)?;
    if score(&(format, all)) < if may_be_ours { 3 } else { 2 } {
        return None;
    }
    let quoted = |columns: Vec<&str>| columns.iter().map(|column| format!("`{column}`")).collect::<Vec<_>>();
    let message = format!(
        "it looks like a {} (it has {}), but the column {} is missing",
        format.name,
        quoted(there(all, format).into_iter().collect()).join(", "),
        quoted(all.iter().copied().filter(|column| !has(column)).collect()).join(" and the column ")
    );
    let help = "export it again with all columns of the students, and with the LMS set to English; or write a roster with the \
                column student_id";
    Some((message, help.to_owned()))
}

/// Reads the students of a table. Rows that aren't students are left out.
///
/// # Errors
/// When a row has too few or too many cells, or two rows have the same id.
pub(super) fn read(sheet: &Sheet, format: &Format) -> Result<Roster> {
    let columns = columns(sheet.head()?);
    sheet.check_widths()?;
    let at = |names: &[&str]| names.iter().find_map(|name| columns.iter().position(|column| column == name));
    let mut roster = Roster { path: sheet.path.clone(), lms: Some(format.lms), ..Roster::default() };
    let mut without = Vec::new();
    let mut staff = 0;
    for line in &sheet.rows[1..] {
        let cell = |names: &[&str]| at(names).map_or("", |at| line.text(at));
        let ids = |names: &'static [&'static str]| {
            names.iter().flat_map(|name| identifiers(cell(&[name]), *name == "identifier")).collect::<Vec<String>>()
        };
        let (mut first, mut last) = (cell(&FIRST).to_owned(), cell(&LAST).to_owned());
        let whole = plain(cell(&WHOLE));
        if first.is_empty() && last.is_empty() {
            (last, first) = match whole.split_once(',') {
                Some((last, first)) => (last.trim().to_owned(), first.trim().to_owned()),
                None => (whole.to_owned(), String::new()),
            };
        }
        if is_no_student(format.lms, line, &first, &last) {
            continue;
        }
        if STAFF.contains(&cell(&ROLE).to_lowercase().as_str()) {
            staff += 1;
            continue;
        }
        let mut all = ids(format.id).into_iter();
        let Some(student) = all.next() else {
            without.push(line.number.to_string());
            continue;
        };
        let mut also = Vec::new();
        for id in all.chain(ids(format.also)) {
            if id != student && !also.contains(&id) {
                also.push(id);
            }
        }
        let row = Row {
            student,
            first_name: first,
            last_name: last,
            email: cell(&EMAIL).to_owned(),
            also,
            team: cell(&TEAM).to_owned(),
            line: line.number,
            ..Row::default()
        };
        roster.push(sheet, row, format.id[0])?;
    }
    let (name, path) = (format.name, sheet.path.display());
    roster.notes.push(format!("{path}: read as a {name} with {}", plural(roster.rows.len(), "student")));
    if staff > 0 {
        let rows = plural(staff, "row");
        roster.notes.push(format!("{path}: skipped {rows} of staff, whose role isn't student"));
    }
    if !without.is_empty() {
        let lines = without.join(", ");
        roster.notes.push(format!("{path}: skipped {} without an id: line {lines}", plural(without.len(), "row")));
    }
    Ok(roster)
}

/// A cell without what keeps a spreadsheet from changing it: `="007"`.
fn plain(cell: &str) -> &str {
    cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell).trim()
}

/// The ids that a cell holds, the surest first: `007` for Brightspace's `#007`, and the number alone for Moodle's
/// "Participant 7". Moodle's importer takes the number as well; the word depends on the language.
fn identifiers(cell: &str, is_participant: bool) -> Vec<String> {
    let cell = plain(cell);
    let cell = cell.strip_prefix('#').unwrap_or(cell);
    if cell.is_empty() {
        return Vec::new();
    }
    let number = cell.split_once(' ').map(|(_, number)| number).filter(|number| is_participant && is_number(number));
    number.into_iter().chain([cell]).map(str::to_owned).collect()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Rows of a gradebook that are about an assignment, or about the student that an instructor tests with.
fn is_no_student(lms: Lms, line: &Line, first: &str, last: &str) -> bool {
    let is_test = first.eq_ignore_ascii_case("test") && last.eq_ignore_ascii_case("student");
    let says = |cell: &str| {
        let cell = cell.to_ascii_lowercase();
        cell.is_empty() || cell == "muted" || cell.starts_with("manual posting")
    };
    lms == Lms::Canvas && (is_test || line.text(0).contains("Points Possible") || line.texts().all(says))
        || line.texts().all(str::is_empty)
}
