//! What reports are made of, from literal journals.

use super::*;
use crate::model::{Handle, Run, Status, Unknown, tests::record};
use crate::report::html;

/// A run that found these students: the name of each, and of the entry.
fn run_of(students: &[(&str, &str)]) -> Run {
    let seen = |&(student, entry): &(&str, &str)| Seen {
        student: student.to_owned(),
        handle: Handle { entry: entry.to_owned(), attempt: "2026-05-30".to_owned(), ..Handle::default() },
        exercises: vec!["ex1".to_owned()],
    };
    Run { students: students.iter().map(seen).collect(), ..Run::default() }
}

#[test]
fn who_handed_in_together_is_shown_with_the_team_and_the_attempt_that_counts() {
    let entry = [("s001", "group 1.zip"), ("s002", "group 1.zip"), ("s003", "s003.zip"), ("s004", "s004.zip")];
    let records = ["s001", "s002", "s003", "s004"].map(|student| {
        let key = if student < "s003" { "team" } else { "equal by chance" };
        Record { attempt: "2026-05-30".to_owned(), ..record(student, "ex1", key, Status::Graded, 7) }
    });
    let contents = Contents { records: records.into(), runs: vec![run_of(&entry)] };
    let (rows, _) = policy::rows(&Input {
        records: &contents.records,
        students: &[],
        person: &|student, _| Person { id: student.to_owned(), ..Person::default() },
        exercises: &[("ex1".to_owned(), 10)],
        questions: &[],
        handed_in: &contents.handed_in(),
        overrides: &Overrides::default(),
        late: None,
    })
    .unwrap();
    let book = book(&contents, rows);
    let teams: Vec<&[String]> = book.rows.iter().map(|row| row.team.as_slice()).collect();
    let team = ["s001".to_owned(), "s002".to_owned()];
    assert_eq!(teams, [&team[..], &team, &[], &[]]);
    assert_eq!(book.rows[0].attempt.as_deref(), Some("2026-05-30"));
    let page = html::index(&book, &[]);
    assert!(page.contains("team: s001, s002"), "{page}");
}

#[test]
fn exercises_without_a_result_are_those_that_work_waits_for() {
    let of = |contents: &Contents| known_exercises(contents).into_iter().map(str::to_owned).collect::<Vec<_>>();
    let run = Run { exercises: vec!["ex1".to_owned(), "ex2".to_owned()], ..run_of(&[("s001", "s001")]) };
    let empty = Run { students: Vec::new(), ..run.clone() };
    let graded = vec![record("s001", "ex3", "k", Status::Graded, 5)];
    assert_eq!(of(&Contents { records: Vec::new(), runs: vec![run.clone()] }), ["ex1"]);
    assert_eq!(of(&Contents { records: graded, runs: vec![run] }), ["ex1", "ex3"]);
    assert_eq!(of(&Contents { records: Vec::new(), runs: vec![empty] }), ["ex1", "ex2"], "those of the run");
}

#[test]
fn an_entry_is_unknown_until_a_later_run_knows_it() {
    let unknown_of = |student: &str, entry: &str| Unknown {
        student: student.to_owned(),
        entry: entry.to_owned(),
        nearest: Some("s003".to_owned()),
    };
    let first = Run {
        unknown: vec![unknown_of("s0003", "s0003.zip"), unknown_of("x", "x.zip"), unknown_of("s009", "s009.zip")],
        missing: vec!["s003".to_owned(), "s005".to_owned()],
        ..run_of(&[("s0003", "s0003.zip"), ("x", "x.zip"), ("s009", "s009.zip")])
    };
    let second = run_of(&[("s003", "s0003.zip")]);
    let contents = Contents { records: Vec::new(), runs: vec![first, second] };
    let entries: Vec<String> = unknown(&contents).into_iter().map(|unknown| unknown.entry).collect();
    assert_eq!(entries, ["s009.zip", "x.zip"]);
    assert_eq!(missing(&contents), ["s005"], "s003 was found by the second run");
    let mut book = Gradebook { unknown: unknown(&contents), missing: missing(&contents), ..Gradebook::default() };
    book.unknown[0].nearest = None;
    let page = html::index(&book, &[]);
    for wanted in ["Not in the roster: 2", "x.zip", "<bdi>s003</bdi>", "Handed in nothing: 1", "<bdi>s005</bdi>"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
}

#[test]
fn an_id_that_looks_like_another_is_flagged_unless_the_roster_has_it() {
    use crate::report::tests::row;
    let flagged = |roster: Option<&str>| -> Vec<String> {
        let roster = roster.map(|text| {
            let text = text.as_bytes().to_vec();
            roster::of_sheet(&crate::sheet::Sheet::parse(Path::new("r.csv"), text).unwrap(), &[]).unwrap()
        });
        let rows = ["s001", "\u{455}001"].map(|id| report::Row { needs_review: Vec::new(), ..row(id, "ex1") });
        let mut book = Gradebook { rows: rows.into(), ..Gradebook::default() };
        flag_scripts(roster.as_ref(), &mut book);
        book.rows.into_iter().filter(|row| !row.needs_review.is_empty()).map(|row| row.student).collect()
    };
    assert_eq!(flagged(None), ["\u{455}001"]);
    assert_eq!(flagged(Some("student_id\ns001\n")), ["\u{455}001"]);
    assert!(flagged(Some("student_id\ns001\n\u{455}001\n")).is_empty());
}

#[test]
fn times_are_written_as_people_read_them() {
    for (seconds, text) in [
        (0, "1970-01-01T00:00:00Z"),
        (951_827_696, "2000-02-29T12:34:56Z"),
        (1_795_262_400, "2026-11-21T12:00:00Z"),
        (-1, "1969-12-31T23:59:59Z"),
        (4_107_542_400, "2100-03-01T00:00:00Z"),
    ] {
        assert_eq!(time(seconds), text);
    }
}
