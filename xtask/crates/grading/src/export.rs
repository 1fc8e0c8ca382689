//! An LMS's own gradebook with the grades in it. Only the cells of grades change; everything else stays as the LMS
//! wrote it, byte for byte, because its import finds students and assignments by that.

mod columns;
mod feedback;

use super::gather::{self, Gathered};
use super::identity::{Matcher, shown, some};
use super::journal::{Contents, Journal};
use super::model::{Handle, Seen};
use super::options::Options;
use super::roster::{self, Roster};
use super::sheet::Sheet;
use crate::report::{Gradebook, Row, points};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::plural;
use base::output;
use columns::{Column, number};
use commands::Lms;
use course::exercise;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Fills in a gradebook, and writes feedback files next to it.
///
/// # Errors
/// When nothing is graded, the template isn't this LMS's gradebook, or no column matches.
pub(crate) fn run(root: &Path, options: &Options, lms: Lms, template: &Path) -> Result<Exit> {
    let contents = Journal::read(&options.out)?;
    let gathered = gather::gather(root, &options.out, options, &contents)?;
    let titles: BTreeMap<String, String> =
        exercise::all(root)?.into_iter().map(|exercise| (exercise.id, exercise.data.title)).collect();
    let sheet = Sheet::read(template)?;
    let class = class(&sheet, lms)?;
    let exercises = exercises_of(&gathered.book);
    if exercises.is_empty() {
        let message = format!("there is no result to export in {}", options.out.display());
        bail!(Failure::new(Exit::Usage, message).help("grade first, or pass the results folder with --out"));
    }
    let (columns, mut notes) = columns::choose(&sheet, lms, &exercises, &titles, !options.exercises.is_empty())?;
    let seen = seen(&contents);
    let filled = fill(&sheet, lms, &class, &columns, &gathered, &seen);
    notes.extend(filled.notes);
    let folder = options.out.join("export");
    let file = folder.join(format!("{}.csv", name(lms)));
    files::write_derived(&file, &sheet.with(&filled.changes))?;
    let exported: BTreeSet<&str> = columns.iter().map(|column| column.exercise.as_str()).collect();
    let (zip, more) = feedback::zip(lms, &gathered.book, &seen, &exported)?;
    notes.extend(more);
    for note in &notes {
        output::note(note);
    }
    output::note(&format!("wrote {}", file.display()));
    if let Some(zip) = zip {
        let file = folder.join(format!("{}-feedback.zip", name(lms)));
        files::write_derived(&file, &zip)?;
        output::note(&format!("wrote {}", file.display()));
    }
    Ok(if filled.is_complete { Exit::Met } else { Exit::NotMet })
}

/// The name of a system in messages and files.
fn name(lms: Lms) -> &'static str {
    match lms {
        Lms::Canvas => "canvas",
        Lms::Moodle => "moodle",
        Lms::Brightspace => "brightspace",
    }
}

/// A template's students. Each row is identified by the line it begins on.
fn class(sheet: &Sheet, lms: Lms) -> Result<Roster> {
    let (wanted, what, where_from) = match lms {
        Lms::Canvas => (roster::Lms::Canvas, "a Canvas gradebook", "Gradebook > Export in Canvas"),
        Lms::Moodle => {
            let from = "the assignment's grading action `Download grading worksheet` in Moodle";
            (roster::Lms::MoodleWorksheet, "a Moodle grading worksheet", from)
        }
        Lms::Brightspace => {
            (roster::Lms::Brightspace, "a Brightspace gradebook", "Grades > Enter Grades > Export in Brightspace")
        }
    };
    let head = sheet.head()?.number;
    let help = format!("pass the file that you get from {where_from}, with the LMS set to English, as --template");
    match roster::recognized(sheet)? {
        Some(found) if found == wanted => roster::of_sheet(sheet, &[]),
        Some(found) => bail!(sheet.failure(head, format!("it isn't {what} but a {}", found.table()), help)),
        None => {
            let columns: Vec<String> = sheet.rows[0].texts().take(6).map(|text| format!("`{}`", shown(text))).collect();
            let message = format!("it isn't {what}; its columns begin with {}", columns.join(", "));
            bail!(sheet.failure(head, message, help))
        }
    }
}

/// The exercises of a gradebook, each once.
fn exercises_of(book: &Gradebook) -> Vec<String> {
    let mut known = BTreeSet::new();
    book.rows.iter().map(|row| &row.exercise).filter(|exercise| known.insert(exercise.as_str())).cloned().collect()
}

/// What was seen of each student for each exercise, according to the latest run.
fn seen(contents: &Contents) -> BTreeMap<(&str, &str), &Seen> {
    let all = contents.runs.iter().flat_map(|run| &run.students);
    all.flat_map(|seen| seen.exercises.iter().map(move |exercise| ((seen.student.as_str(), exercise.as_str()), seen)))
        .collect()
}

/// What a template becomes.
struct Filled {
    /// By row and column.
    changes: BTreeMap<(usize, usize), String>,
    notes: Vec<String>,
    /// Whether every grade found its row.
    is_complete: bool,
}

/// What came of the cells of one column.
#[derive(Default)]
struct Tally {
    written: usize,
    replaced: usize,
    same: usize,
    open: usize,
    nothing: usize,
    /// With nothing handed in, and left as they are: an entry that matches no student may be theirs.
    doubted: Vec<String>,
    excused: usize,
    locked: usize,
    review: usize,
    above: usize,
    maxima: BTreeSet<i64>,
}

fn fill(
    sheet: &Sheet,
    lms: Lms,
    class: &Roster,
    columns: &[Column],
    gathered: &Gathered,
    seen: &BTreeMap<(&str, &str), &Seen>,
) -> Filled {
    let mut filled = Filled { changes: BTreeMap::new(), notes: Vec::new(), is_complete: true };
    let places = Places::new(sheet, class, gathered, seen);
    let unmatched = unmatched(gathered, &places);
    for column in columns {
        let has_comma = columns::has_decimal_comma(sheet, column);
        let mut tally = Tally::default();
        let mut lost = Vec::new();
        let mut used: BTreeMap<usize, Vec<&Row>> = BTreeMap::new();
        for row in gathered.book.rows.iter().filter(|row| row.exercise == column.exercise) {
            match places.of_student.get(row.student.as_str()) {
                Some(&at) => used.entry(at).or_default().push(row),
                // Nothing was handed in and the LMS doesn't have the student: no grade is lost.
                None if row.status == "not-handed-in" && row.override_reason.is_none() => {}
                None => lost.push(shown(&row.student)),
            }
        }
        let mut clashes = Vec::new();
        for (&at, rows) in &used {
            if let [row] = rows.as_slice() {
                let cell = Cell { sheet, at, column };
                let text = cell.judge(lms, row, has_comma, !unmatched.is_empty(), &mut tally);
                filled.changes.extend(text.map(|text| ((at, column.at), text)));
            } else {
                let all: Vec<String> = rows.iter().map(|row| shown(&row.student)).collect();
                let (line, all) = (sheet.rows[at].number, all.join(" and "));
                clashes.push(format!(
                    "{}: line {line} of the template matches {all}; it is left unchanged",
                    column.exercise
                ));
            }
        }
        filled.is_complete &= clashes.is_empty();
        filled.notes.extend(clashes);
        let unused: Vec<&str> = class
            .rows
            .iter()
            .filter(|row| !used.contains_key(&places.of_line[&row.line]))
            .map(|row| row.student.as_str())
            .collect();
        filled.is_complete &= lost.is_empty() && tally.doubted.is_empty();
        filled.notes.extend(tally.doubts(column, &unmatched));
        filled.notes.extend(tally.notes(lms, column, &lost, &unused));
    }
    if places.by_name > 0 {
        let many = plural(places.by_name, "student");
        filled.notes.push(format!("{many} matched a row of the template by name alone; check these rows"));
    }
    filled
}

/// Entries whose student is unknown to the roster and the template. Each may belong to a student of the template for
/// whom nothing was found.
fn unmatched(gathered: &Gathered, places: &Places<'_>) -> Vec<String> {
    let Gathered { book, roster, .. } = gathered;
    let graded = book.rows.iter().filter(|row| row.status != "not-handed-in").map(|row| row.student.as_str());
    let is_listed = |id: &&str| roster.as_ref().is_some_and(|roster| roster.canonical(id) == Some(*id));
    let all: BTreeSet<&str> = book.unknown.iter().map(|unknown| unknown.student.as_str()).chain(graded).collect();
    all.into_iter().filter(|id| !places.of_student.contains_key(id) && !is_listed(id)).map(shown).collect()
}

/// Which row of a template belongs to which of our students.
struct Places<'a> {
    of_student: BTreeMap<&'a str, usize>,
    of_line: BTreeMap<usize, usize>,
    by_name: usize,
}

impl<'a> Places<'a> {
    fn new(sheet: &Sheet, class: &Roster, gathered: &'a Gathered, seen: &BTreeMap<(&str, &str), &Seen>) -> Self {
        let of_line: BTreeMap<usize, usize> = sheet.rows.iter().enumerate().map(|(at, row)| (row.number, at)).collect();
        let rows: BTreeMap<&str, usize> =
            class.rows.iter().map(|row| (row.student.as_str(), of_line[&row.line])).collect();
        let matcher = Matcher::new(class);
        let mut of_student = BTreeMap::new();
        let mut by_name = 0;
        for row in &gathered.book.rows {
            let student = row.student.as_str();
            if of_student.contains_key(student) {
                continue;
            }
            let found = matcher.find(&handle(row, gathered.roster.as_ref(), seen));
            // A row of a template is one person; a team can't be meant.
            let [one] = found.students.as_slice() else { continue };
            by_name += usize::from(found.is_by_name);
            of_student.insert(student, rows[one]);
        }
        Self { of_student, of_line, by_name }
    }
}

/// Everything known about who a student is.
fn handle(row: &Row, roster: Option<&Roster>, seen: &BTreeMap<(&str, &str), &Seen>) -> Handle {
    let seen = seen.get(&(row.student.as_str(), row.exercise.as_str()));
    let listed = roster.and_then(|roster| roster.of(&row.student, &row.exercise));
    let mut ids = vec![row.student.clone()];
    ids.extend(listed.iter().flat_map(|listed| listed.also.iter().chain([&listed.email])).cloned());
    // A student whom the roster knows needs no guess about the end of a folder's name: it may be another student's
    // login.
    let is_guess = |entry: &str, id: &str| entry.strip_suffix(id).is_some_and(|rest| rest.ends_with('-'));
    let of_entry = seen.iter().flat_map(|seen| seen.handle.ids.iter().map(|id| (seen.handle.entry.as_str(), id)));
    ids.extend(of_entry.filter(|(entry, id)| listed.is_none() || !is_guess(entry, id)).map(|(_, id)| id.clone()));
    let name = format!("{} {}", row.first_name, row.last_name).trim().to_owned();
    let name = Some(name).filter(|name| !name.is_empty()).or_else(|| seen.and_then(|seen| seen.handle.name.clone()));
    Handle { entry: row.student.clone(), ids, name, ..Handle::default() }
}

/// A cell of a grade.
struct Cell<'a> {
    sheet: &'a Sheet,
    at: usize,
    column: &'a Column,
}

impl Cell<'_> {
    /// What is written into it; nothing if it stays as it is.
    fn judge(&self, lms: Lms, row: &Row, has_comma: bool, is_doubtful: bool, tally: &mut Tally) -> Option<String> {
        let line = &self.sheet.rows[self.at];
        let now = line.text(self.column.at);
        let Some(score) = row.score else {
            tally.open += 1;
            return None;
        };
        // "EX" is a person's decision, and "N/A" an assignment that this student doesn't have.
        if lms == Lms::Canvas && (now.eq_ignore_ascii_case("EX") || now.eq_ignore_ascii_case("N/A")) {
            tally.excused += 1;
            return None;
        }
        if self.column.lock.is_some_and(|lock| line.text(lock).eq_ignore_ascii_case("no")) {
            tally.locked += 1;
            return None;
        }
        let is_nothing = row.status == "not-handed-in" && row.override_reason.is_none();
        if is_nothing && is_doubtful && number(now) != Some(score) {
            tally.doubted.push(shown(&row.student));
            return None;
        }
        let max = self.column.max_in(self.sheet, self.at);
        tally.maxima.extend(max.filter(|max| *max != row.max_score));
        tally.above += usize::from(max.is_some_and(|max| score > max));
        tally.review += usize::from(!row.needs_review.is_empty());
        tally.nothing += usize::from(is_nothing);
        if number(now) == Some(score) {
            tally.same += 1;
            return None;
        }
        tally.written += 1;
        tally.replaced += usize::from(number(now).is_some());
        let text = points(score);
        Some(if has_comma { text.replace('.', ",") } else { text })
    }
}

impl Tally {
    /// Which cells get no 0, and which entries must be matched first.
    fn doubts(&self, column: &Column, unmatched: &[String]) -> Option<String> {
        if self.doubted.is_empty() {
            return None;
        }
        let (exercise, cells) = (&column.exercise, plural(self.doubted.len(), "cell"));
        let entries = if unmatched.len() == 1 {
            "an entry matches".to_owned()
        } else {
            format!("{} entries match", unmatched.len())
        };
        Some(format!(
            "{exercise}: {cells} left unchanged instead of set to 0, because nothing was found from {}, and {entries} no student ({}). Add the missing student to the roster, then export again",
            some(&self.doubted),
            some(unmatched)
        ))
    }

    /// What the instructor should know about a column, the most important last.
    fn notes(&self, lms: Lms, column: &Column, lost: &[String], unused: &[&str]) -> Vec<String> {
        let (exercise, name) = (&column.exercise, shown(&column.name));
        let mut notes = Vec::new();
        if !self.maxima.is_empty() {
            let all: Vec<String> = self.maxima.iter().map(|max| points(*max)).collect();
            let all = all.join(" or ");
            notes.push(format!(
                "{exercise}: the maximum of `{name}` in the LMS is {all}, which differs from this course's; points aren't scaled"
            ));
        }
        if self.above > 0 {
            let what = match lms {
                Lms::Canvas => "Canvas takes them as extra credit",
                Lms::Moodle => "Moodle's import skips them",
                Lms::Brightspace => "Brightspace cuts them off at its maximum",
            };
            notes.push(format!("{exercise}: {} above the LMS's maximum; {what}", plural(self.above, "grade")));
        }
        let counted = [
            (self.open, "left unchanged: no grade yet"),
            (self.excused, "left unchanged: marked EX or N/A in the LMS"),
            (self.locked, "left unchanged: locked in the LMS (`Grade can be changed` is No)"),
            (self.nothing, "with 0: nothing was handed in"),
            (self.review, "with a grade that is still waiting for review"),
        ];
        let counted = counted.into_iter().filter(|(count, _)| *count > 0);
        notes.extend(counted.map(|(count, what)| format!("{exercise}: {} {what}", plural(count, "cell"))));
        if !unused.is_empty() {
            let ids: Vec<String> = unused.iter().map(|id| shown(id)).collect();
            notes.push(format!(
                "{exercise}: {} in the template without a result: {}",
                plural(ids.len(), "row"),
                some(&ids)
            ));
        }
        if !lost.is_empty() {
            let (many, lost) = (plural(lost.len(), "grade"), some(lost));
            notes.push(format!("{exercise}: {many} not exported, because the student isn't in the template: {lost}"));
        }
        let replaced =
            if self.replaced == 0 { String::new() } else { format!(" ({} had a different number)", self.replaced) };
        let same = if self.same == 0 { String::new() } else { format!("; {} already had it", self.same) };
        notes.push(format!("{exercise}: wrote {} into `{name}`{replaced}{same}", plural(self.written, "grade")));
        notes
    }
}

#[cfg(test)]
mod tests;
