//! Finds an exercise's column in a gradebook. Where several could match, or none does, a person decides: a grade in the
//! wrong column is worse than none.

use crate::identity::{shown, some};
use crate::sheet::Sheet;
use anyhow::{Result, bail};
use commands::Lms;
use std::collections::{BTreeMap, BTreeSet};

/// A column to fill in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    /// The exercise.
    pub exercise: String,
    /// Which column it is.
    pub at: usize,
    /// Its head, as the LMS writes it.
    pub name: String,
    /// The column that says whether a grade may be changed.
    pub lock: Option<usize>,
    max: Max,
}

/// Where the LMS gives the maximum.
#[derive(Clone, Debug, PartialEq)]
enum Max {
    /// For all students alike, in hundredths.
    Same(Option<i64>),
    /// In another column of the student's row.
    InColumn(usize),
}

impl Column {
    /// The most a student can get, in hundredths of a point, if the LMS gives it.
    pub(super) fn max_in(&self, sheet: &Sheet, row: usize) -> Option<i64> {
        match self.max {
            Max::Same(max) => max,
            Max::InColumn(column) => number(sheet.rows[row].text(column)),
        }
    }
}

/// The column of each exercise, and notes on exercises that have none.
///
/// # Errors
/// When no column matches, several do, or two exercises match the same one. `is_asked` means the exercises were named:
/// then each must have a column.
pub(super) fn choose(
    sheet: &Sheet,
    lms: Lms,
    exercises: &[String],
    titles: &BTreeMap<String, String>,
    is_asked: bool,
) -> Result<(Vec<Column>, Vec<String>)> {
    let candidates = candidates(sheet, lms)?;
    let line = sheet.head()?.number;
    if lms == Lms::Moodle {
        let [exercise] = exercises else {
            let message = format!("a grading worksheet is for one assignment, but {} are graded", exercises.join(", "));
            bail!(sheet.failure(line, message, "name this assignment's exercise, such as --exercise ex1"));
        };
        let columns = candidates.into_iter().map(|column| Column { exercise: exercise.clone(), ..column });
        return Ok((columns.collect(), Vec::new()));
    }
    if candidates.is_empty() {
        let (message, help) = no_column(lms);
        bail!(sheet.failure(line, message, help));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut without = Vec::new();
    for exercise in exercises {
        let title = titles.get(exercise).map_or("", String::as_str);
        match fitting(&candidates, exercise, title).as_slice() {
            [] => without.push(exercise.as_str()),
            [column] => columns.push(Column { exercise: exercise.clone(), ..(*column).clone() }),
            several => {
                let message =
                    format!("more than one column could be for {exercise}: {}", list(several.iter().copied()));
                let help = "delete the others from the template; the LMS imports the columns that are left";
                bail!(sheet.failure(line, message, help));
            }
        }
    }
    // One exercise and one column: there is nothing to confuse.
    if let ([exercise], [column], true) = (exercises, candidates.as_slice(), columns.is_empty()) {
        return Ok((vec![Column { exercise: exercise.clone(), ..column.clone() }], Vec::new()));
    }
    if columns.is_empty() || (is_asked && !without.is_empty()) {
        let message =
            format!("no column is named after {}; the template has {}", without.join(" or "), list(candidates.iter()));
        let help = "a column matches if its name contains the exercise, such as `ex1` or `Exercise 1`, or its title. \
                    If the name is different, keep only that grade column in the template, and name the exercise: \
                    --exercise ex1";
        bail!(sheet.failure(line, message, help));
    }
    let mut taken = BTreeMap::new();
    for column in &columns {
        if let Some(other) = taken.insert(column.at, &column.exercise) {
            let message =
                format!("the column `{}` could be for {other} or for {}", shown(&column.name), column.exercise);
            bail!(sheet.failure(line, message, "name the exercise that it is for, such as --exercise ex1"));
        }
    }
    let note = |exercise: &&str| format!("{exercise}: no column of the template has its name, so it isn't exported");
    Ok((columns, without.iter().map(note).collect()))
}

/// What is wrong with a template that has no place for grades, and what helps.
fn no_column(lms: Lms) -> (&'static str, &'static str) {
    match lms {
        Lms::Canvas => (
            "there is no assignment column; Canvas writes the assignment's id after its name, such as `Exercise 1 \
             (12345)`",
            "create the assignment in Canvas, publish it, and export the gradebook again",
        ),
        _ => (
            "there is no column for a numeric grade item, such as `Exercise 1 Points Grade`",
            "create the grade item, and export it with `Points grade` chosen",
        ),
    }
}

/// The columns named exactly after an exercise; if there are none, columns whose name contains it.
fn fitting<'a>(candidates: &'a [Column], exercise: &str, title: &str) -> Vec<&'a Column> {
    let exact = |column: &&Column| is_name_of(&plain(&column.name), exercise, title);
    let near = |column: &&Column| names(&plain(&column.name), exercise, title);
    let found: Vec<&Column> = candidates.iter().filter(exact).collect();
    if found.is_empty() { candidates.iter().filter(near).collect() } else { found }
}

/// The columns that grades can go into.
fn candidates(sheet: &Sheet, lms: Lms) -> Result<Vec<Column>> {
    let head = sheet.head()?;
    let find = |wanted: &str| head.texts().position(|text| text.eq_ignore_ascii_case(wanted));
    let column =
        |at: usize, max: Max| Column { exercise: String::new(), at, name: head.text(at).to_owned(), lock: None, max };
    match lms {
        Lms::Canvas => {
            // The importer finds the row by these words, whatever is around them.
            let possible = sheet.rows.iter().find(|row| row.text(0).contains("Points Possible"));
            let max = |at: usize| possible.map_or("", |row| row.text(at));
            let is_grade = |at: &usize| assignment(head.text(*at)).is_some() && !max(*at).contains("read only");
            let all = (0..head.cells.len()).filter(is_grade);
            Ok(all.map(|at| column(at, Max::Same(number(max(at))))).collect())
        }
        Lms::Moodle => {
            let (Some(at), Some(_)) = (find("Grade"), find("Last modified (grade)")) else {
                let message = "the worksheet has no column `Grade`, or no column `Last modified (grade)`; Moodle imports \
                               neither without the other";
                let help = "download the worksheet again, with Moodle set to English";
                bail!(sheet.failure(head.number, message, help));
            };
            let max = find("Maximum grade").map_or(Max::Same(None), Max::InColumn);
            Ok(vec![Column { lock: find("Grade can be changed"), ..column(at, max) }])
        }
        Lms::Brightspace => {
            let all = (0..head.cells.len()).filter_map(|at| Some((at, item(head.text(at))?.1)));
            Ok(all.map(|(at, max)| column(at, Max::Same(max))).collect())
        }
    }
}

/// The name of a Canvas assignment without the id behind it: `\A(.*)\s\((\d+)\)\z`, as its importer reads it.
fn assignment(head: &str) -> Option<&str> {
    let (name, id) = head.strip_suffix(')')?.rsplit_once(" (")?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(name)
}

/// The name of a Brightspace grade item, and its maximum: `NAME Points Grade <Numeric MaxPoints:10 Weight:5>`.
fn item(head: &str) -> Option<(&str, Option<i64>)> {
    let (head, kind) = match head.strip_suffix('>').and_then(|head| head.rsplit_once('<')) {
        Some((head, kind)) => (head.trim_end(), Some(kind)),
        None => (head, None),
    };
    let name = head.strip_suffix(" Points Grade")?;
    if kind.is_some_and(|kind| kind.split(' ').next() != Some("Numeric")) {
        return None;
    }
    let max = kind.and_then(|kind| kind.split(' ').find_map(|word| word.strip_prefix("MaxPoints:")));
    Some((name, max.and_then(number)))
}

/// The words of a column's name without what the LMS adds.
fn plain(name: &str) -> Vec<String> {
    let name = assignment(name).or_else(|| item(name).map(|(name, _)| name)).unwrap_or(name);
    words(name)
}

fn words(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What an exercise is called: `ex1`, `exercise1`, `exercise 1`, its title.
fn called(exercise: &str, title: &str) -> BTreeSet<Vec<String>> {
    let number = exercise.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut all = BTreeSet::from([words(exercise), words(title)]);
    if !number.is_empty() {
        all.extend([
            words(&format!("exercise {number}")),
            words(&format!("exercise{number}")),
            words(&format!("ex {number}")),
        ]);
    }
    all.retain(|name| !name.is_empty());
    all
}

/// Whether a column has just the exercise's name, or its name and title.
fn is_name_of(column: &[String], exercise: &str, title: &str) -> bool {
    let all = called(exercise, title);
    let title = words(title);
    all.contains(column) || (!title.is_empty() && all.iter().any(|name| [name.as_slice(), &title].concat() == column))
}

/// Whether a column's name contains an exercise's name, as whole words.
fn names(column: &[String], exercise: &str, title: &str) -> bool {
    called(exercise, title).iter().any(|name| column.windows(name.len()).any(|words| words == name.as_slice()))
}

fn list<'a>(columns: impl Iterator<Item = &'a Column>) -> String {
    let all: Vec<String> = columns.map(|column| format!("`{}`", shown(&column.name))).collect();
    some(&all)
}

/// Whether the LMS writes `7,5` in this column, or for its maximum.
pub(super) fn has_decimal_comma(sheet: &Sheet, column: &Column) -> bool {
    let max = match column.max {
        Max::Same(_) => None,
        Max::InColumn(at) => Some(at),
    };
    let texts =
        sheet.rows[1..].iter().flat_map(|row| [Some(column.at), max].into_iter().flatten().map(|at| row.text(at)));
    texts.filter(|text| number(text).is_some()).any(|text| text.contains(','))
}

/// A number of points, in hundredths: `7`, `7.5`, `7,50`, `10.00000`. None for words, and for more than two decimals that count.
pub(super) fn number(text: &str) -> Option<i64> {
    let (whole, decimals) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) || whole.len() > 9 {
        return None;
    }
    let decimals = decimals.trim_end_matches('0');
    let hundredths = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<i64>().ok()? * 10,
        2 => decimals.parse::<i64>().ok()?,
        _ => return None,
    };
    Some(whole.parse::<i64>().ok()? * 100 + hundredths)
}
