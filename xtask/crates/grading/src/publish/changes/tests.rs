//! Reports written one after the other, as an instructor does it.

use super::*;
use crate::model::{Status, tests::record};
use crate::report::{Row, csv, tests::row};

fn book(rows: &[(&str, &str, Option<i64>)]) -> Gradebook {
    let rows = rows.iter().map(|(student, status, score)| Row {
        status: (*status).to_owned(),
        raw_score: *score,
        score: *score,
        ..row(student, "ex1")
    });
    Gradebook { rows: rows.collect(), ..Gradebook::default() }
}

/// Writes a report as `publish` does.
fn report(out: &Path, book: &Gradebook, records: &[Record]) -> Option<Since> {
    let table = csv::grades(book).unwrap();
    let since = since(out, &table, book, records, true).unwrap();
    files::write_derived(&out.join("grades.csv"), table.as_bytes()).unwrap();
    since
}

fn kept(out: &Path) -> usize {
    fs::read_dir(out.join(FOLDER)).map_or(0, Iterator::count)
}

fn told(since: &Since) -> Vec<String> {
    let one = |change: &Change| {
        let Change { student, what, before, after, why, .. } = change;
        format!("{student} {what}: {before} -> {after} ({why})")
    };
    since.changes.iter().map(one).collect()
}

#[test]
fn only_what_differs_is_told_and_the_report_before_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let first =
        book(&[("s001", "graded", Some(400)), ("s002", "not-handed-in", Some(0)), ("s003", "graded", Some(700))]);
    assert_eq!(report(out, &first, &[]), None, "there is nothing before the first report");
    assert_eq!(report(out, &first, &[]), None, "nor when it is written again");
    assert_eq!(kept(out), 0);

    let mut second =
        book(&[("s001", "graded", Some(1000)), ("s002", "graded", Some(500)), ("s004", "rejected", Some(0))]);
    second.rows[2].needs_review = vec!["it was rejected".to_owned()];
    let mut old = record("s001", "ex1", "a", Status::Graded, 4);
    let mut new = record("s001", "ex1", "b", Status::Graded, 10);
    old.files.insert("Cargo.toml".to_owned(), "1".to_owned());
    new.files.insert("Cargo.toml".to_owned(), "2".to_owned());
    let records = [old, new, record("s002", "ex1", "c", Status::Graded, 5)];
    let since = report(out, &second, &records).unwrap();
    let wanted = [
        "s001 score: 4 -> 10 (graded again: new files)",
        "s002 score: 0 -> 5 (handed in and graded since)",
        "s002 status: not-handed-in -> graded (handed in and graded since)",
        "s004 appeared:  -> 0 (rejected) ()",
        "s003 vanished: 7 (graded) ->  ()",
    ];
    assert_eq!(told(&since), wanted);
    assert_eq!(kept(out), 1);
    let again = report(out, &second, &records).unwrap();
    assert_eq!(again, since, "writing the same report again changes nothing");
    assert_eq!(kept(out), 1);
}

#[test]
fn a_decision_and_a_new_compiler_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    report(out, &book(&[("s001", "graded", Some(400)), ("s002", "graded", Some(400))]), &[]);
    let mut second = book(&[("s001", "graded", Some(600)), ("s002", "graded", Some(700))]);
    second.rows[0].override_reason = Some("explained it".to_owned());
    let records = [record("s002", "ex1", "a", Status::Graded, 4), record("s002", "ex1", "b", Status::Graded, 7)];
    let since = report(out, &second, &records).unwrap();
    let wanted = [
        "s001 score: 4 -> 6 (an instructor decided: explained it)",
        "s002 score: 4 -> 7 (graded again: the exercise, the compiler or the grader has changed)",
    ];
    assert_eq!(told(&since), wanted);
    let mut third = book(&[("s001", "graded", Some(400)), ("s002", "graded", Some(600))]);
    (third.rows[1].raw_score, third.rows[1].late_submission_penalty) = (Some(700), 100);
    let since = report(out, &third, &records).unwrap();
    let wanted = [
        "s001 score: 6 -> 4 (an instructor's decision was withdrawn)",
        "s002 score: 7 -> 6 (lateness costs 1 instead of 0 points)",
    ];
    assert_eq!(told(&since), wanted);
    assert_eq!(kept(out), 2);
}

#[test]
fn an_exercise_that_is_left_out_has_not_vanished() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let mut both = book(&[("s001", "graded", Some(400))]);
    both.rows.push(row("s001", "ex2"));
    report(out, &both, &[]);
    let since = report(out, &book(&[("s001", "graded", Some(400))]), &[]).unwrap();
    assert!(since.changes.is_empty(), "{since:?}");
}

#[test]
fn nothing_kept_is_overwritten_and_a_foreign_file_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    files::write_atomic(&out.join("grades.csv"), b"a;b\n1;2\n").unwrap();
    assert_eq!(report(out, &book(&[("s001", "graded", Some(400))]), &[]), None);
    assert_eq!(kept(out), 1, "it is kept all the same");
    for number in 1..4 {
        keep(out, "2026-11-21T12:00:00Z", format!("{number}").as_bytes()).unwrap();
        keep(out, "2026-11-21T12:00:00Z", format!("{number}").as_bytes()).unwrap();
    }
    assert_eq!(kept(out), 4);
    for (number, text) in [(1, "1"), (2, "2"), (3, "3")] {
        let name = name("2026-11-21T12:00:00Z", number);
        assert_eq!(fs::read_to_string(out.join(FOLDER).join(&name)).unwrap(), text);
        assert_eq!(parse(&name), Some(("2026-11-21T12:00:00Z".to_owned(), number)));
    }
    for other in
        ["x-grades.csv", "grades.csv", "2026-11-21T12-00-00Z-grades.csv.bak", "2026-11-21T12-00-00Z-grades-x.csv"]
    {
        assert_eq!(parse(other), None, "{other}");
    }
}
