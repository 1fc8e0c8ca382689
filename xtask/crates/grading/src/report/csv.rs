//! One line for each submission, with the columns that nbgrader exports and then our own, for spreadsheets and for scripts
//! that load grades into a course platform.

use super::{Change, Gradebook, Row, Since, clean_line, id, points};
use anyhow::Result;

/// nbgrader's columns in nbgrader's order, then ours.
const COLUMNS: [&str; 17] = [
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
    "status",
    "size_bytes",
    "size_baseline",
    "sandbox",
    "override_reason",
    "needs_review",
];

/// The gradebook as CSV with a head line. Scores in points, sizes in bytes; a cell is empty where nothing is known, and a
/// score is empty, not 0, where there is no grade yet.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn grades(book: &Gradebook) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in book.sorted() {
        let Row { student, first_name, last_name, email, exercise, status, max_score, .. } = row;
        let number = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
        let score = |value: Option<i64>| value.map(points).unwrap_or_default();
        let optional = |value: &Option<String>| cell(value.as_deref().unwrap_or_default());
        writer.write_record([
            cell(exercise),
            optional(&row.due),
            optional(&row.timestamp),
            cell(&id(student)),
            cell(last_name),
            cell(first_name),
            cell(email),
            score(row.raw_score),
            points(row.late_submission_penalty),
            score(row.score),
            points(*max_score),
            cell(status),
            number(row.size_bytes),
            number(row.size_baseline),
            optional(&row.sandbox),
            cell(&decided(row)),
            cell(&row.needs_review.join("; ")),
        ])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// What differs from the previous report, one difference per line. Cells that come from that report are as they are
/// there.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn changes(since: &Since) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["student_id", "exercise", "change", "before", "after", "why"])?;
    for Change { student, exercise, what, before, after, why } in &since.changes {
        writer.write_record([&cell(&id(student)), exercise, *what, before, after, &cell(why)])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

/// Why a person gave different points: for the whole submission, else for answers in it.
fn decided(row: &Row) -> String {
    let of_answers = row.decisions.iter().map(|(key, decision)| format!("answer {key}: {}", decision.reason));
    row.override_reason.clone().unwrap_or_else(|| of_answers.collect::<Vec<_>>().join("; "))
}

/// Text that stays text in a spreadsheet: one that would run as a formula gets an apostrophe before it. Numbers aren't
/// passed here, so a negative one stays a number.
pub(crate) fn cell(text: &str) -> String {
    // Some programs skip spaces, and in East Asia also recognize wide characters.
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    // A text that already looks as if it got an apostrophe gets one more, so that two texts never become one.
    let is_formula = |text: &str| text.trim_start().trim_start_matches('\'').starts_with(FORMULA);
    let (was_formula, text) = (is_formula(text), clean_line(text));
    if was_formula || is_formula(&text) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn a_gradebook_as_csv() {
        insta::assert_snapshot!(grades(&sample()).unwrap());
    }

    #[test]
    fn a_reader_gets_every_cell_back_and_no_formula() {
        let text = grades(&sample()).unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), sample().rows.len());
        assert_eq!(text.lines().count(), records.len() + 1, "no cell has more than one line");
        for record in records {
            for (column, cell) in COLUMNS.iter().zip(&record) {
                let is_number = column.contains("score") || column.contains("size") || column.ends_with("penalty");
                assert!(!is_number || cell.is_empty() || cell.parse::<f64>().is_ok(), "{column}: {cell}");
                assert!(is_number || !cell.trim_start().starts_with(['=', '+', '-', '@']), "{column}: {cell}");
            }
        }
    }

    #[test]
    fn what_begins_like_a_formula_is_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", " =1", "\u{1b}[1m=1", "\u{200b}=1", "＝1"] {
            assert!(cell(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(["s001", "a=b", "", "O'Neil"].map(cell), ["s001", "a=b", "", "O'Neil"]);
    }
}
