//! Tests of every rule, on literal records and files.

use super::*;
use crate::model::tests::record;
use base::failure::{Exit, Failure};
use base::files::write_atomic;

const DAY: i64 = 24 * 60 * 60;

fn graded(student: &str, points: u32) -> Record {
    record(student, "ex1", "a", Status::Graded, points)
}

fn person(id: &str) -> Person {
    Person { id: id.to_owned(), last_name: "Example".to_owned(), ..Person::default() }
}

fn late_person(id: &str, seconds: i64) -> Person {
    Person { due: Some(1_000), submitted: Some(1_000 + seconds), ..person(id) }
}

fn overrides(text: &str) -> Result<Overrides> {
    Overrides::parse(Path::new("overrides.toml"), text.to_owned())
}

fn override_of(student: &str, points: &str) -> Overrides {
    let text =
        format!("[[override]]\nstudent = \"{student}\"\nexercise = \"ex1\"\npoints = {points}\nreason = \"talked\"\n");
    overrides(&text).unwrap()
}

fn late(text: &str) -> Late {
    Late::parse(Path::new("policy.toml"), &format!("[late]\n{text}")).unwrap().unwrap()
}

fn rows_of<'a>(records: &'a [Record], people: &[Person], overrides: &Overrides, late: Option<&Late>) -> Vec<Row<'a>> {
    with_notes(records, people, overrides, late).unwrap().0
}

fn with_notes<'a>(
    records: &'a [Record],
    people: &[Person],
    overrides: &Overrides,
    late: Option<&Late>,
) -> Result<(Vec<Row<'a>>, Vec<String>)> {
    rows_in(records, people, &[("ex1", 10)], &BTreeSet::new(), overrides, late)
}

/// The rows of a class of which these people are the list.
fn rows_in<'a>(
    records: &'a [Record],
    people: &[Person],
    exercises: &[(&str, u32)],
    handed_in: &BTreeSet<Job>,
    overrides: &Overrides,
    late: Option<&Late>,
) -> Result<(Vec<Row<'a>>, Vec<String>)> {
    let exercises: Vec<_> = exercises.iter().map(|(id, points)| (String::from(*id), *points)).collect();
    let students: Vec<String> = people.iter().map(|person| person.id.clone()).collect();
    let known: BTreeMap<&str, &Person> = people.iter().map(|person| (person.id.as_str(), person)).collect();
    let person = |student: &str, _: &str| match known.get(student) {
        Some(person) => Person::clone(person),
        None => Person { id: student.to_owned(), ..Person::default() },
    };
    let input = Input {
        records,
        students: &students,
        person: &person,
        exercises: &exercises,
        questions: &[],
        handed_in,
        overrides,
        late,
    };
    rows(&input)
}

fn scores(row: &Row) -> [String; 4] {
    let shown = |score: Option<Hundredths>| score.map(|score| score.to_string()).unwrap_or_default();
    [shown(row.raw_score), shown(row.late_submission_penalty), shown(row.score), row.max_score.to_string()]
}

fn failure<T>(result: Result<T>) -> (Option<usize>, String) {
    let error = result.err().expect("it must fail");
    let failure = error.downcast_ref::<Failure>().unwrap();
    assert_eq!(failure.exit, Exit::Usage);
    (failure.place.as_ref().and_then(|place| place.line), failure.message.clone())
}

#[test]
fn everybody_has_a_row_for_each_exercise_in_the_order_of_the_class_and_the_course() {
    let exercises = [("ex2", 5), ("ex10", 20)];
    let people = [person("s002"), person("s001")];
    let records = [record("s001", "ex10", "a", Status::Graded, 7), record("s001", "ex3", "a", Status::Graded, 1)];
    let (rows, notes) = rows_in(&records, &people, &exercises, &BTreeSet::new(), &Overrides::default(), None).unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.person.id.as_str(), row.exercise.as_str(), scores(row))).collect();
    let expected = [
        ("s002", "ex2", ["0", "0", "0", "5"]),
        ("s002", "ex10", ["0", "0", "0", "20"]),
        ("s002", "ex3", ["0", "0", "0", "10"]),
        ("s001", "ex2", ["0", "0", "0", "5"]),
        ("s001", "ex10", ["7", "0", "7", "10"]),
        ("s001", "ex3", ["1", "0", "1", "10"]),
    ];
    assert_eq!(seen, expected.map(|(id, exercise, scores)| (id, exercise, scores.map(str::to_owned))));
    assert_eq!(rows[0].status, "not-handed-in");
    assert!(rows[0].record.is_none() && rows[0].review.is_empty());
    assert_eq!(rows[4].person.last_name, "Example");
    assert!(notes.is_empty());
}

#[test]
fn an_error_of_ours_has_no_score_and_is_never_zero() {
    let records = [record("s001", "ex1", "a", Status::InfraError, 0)];
    let late = late("per-day-percent = 10");
    let rows = rows_of(&records, &[late_person("s001", 5 * DAY)], &Overrides::default(), Some(&late));
    assert_eq!(scores(&rows[0]), ["", "", "", "10"]);
    assert_eq!((rows[0].status.as_str(), !rows[0].review.is_empty()), ("infra-error", true));
    let after = [records[0].clone(), record("s001", "ex1", "a", Status::Graded, 3)];
    assert_eq!(scores(&rows_of(&after, &[], &Overrides::default(), None)[0]), ["3", "0", "3", "10"]);
    let decided = &rows_of(&records, &[], &override_of("s001", "4"), None)[0];
    assert_eq!((scores(decided)[2].as_str(), decided.status.as_str()), ("4", "infra-error"));
}

#[test]
fn what_was_handed_in_and_is_not_graded_yet_is_not_zero_either() {
    let handed_in = BTreeSet::from([("s001".to_owned(), "ex1".to_owned())]);
    let (rows, _) = rows_in(&[], &[], &[("ex1", 10)], &handed_in, &Overrides::default(), None).unwrap();
    assert_eq!(rows[0].status, "not-graded-yet");
    assert_eq!(scores(&rows[0]), ["", "", "", "10"]);
}

#[test]
fn every_other_end_is_a_grade() {
    for status in [Status::BuildFailed, Status::Rejected, Status::Timeout, Status::Oom, Status::OutputLimit] {
        let mut record = record("s001", "ex1", "a", status, 2);
        record.points_max = 0;
        let records = [record];
        let row = &rows_of(&records, &[], &Overrides::default(), None)[0];
        assert_eq!((scores(row)[2].as_str(), row.status.as_str()), ("2", status.name()));
        assert_eq!(scores(row)[3], "10", "what was not judged has no points of its own");
        assert_eq!(!row.review.is_empty(), status == Status::Rejected);
    }
}

#[test]
fn grading_again_keeps_an_override_and_takes_the_machines_points_nowhere() {
    let overrides = override_of("s001", "8.25");
    let mut first = graded("s001", 3);
    first.review = vec!["the file is smaller than the solution's".to_owned()];
    first.answers.insert("why".to_owned(), "because".to_owned());
    let again = record("s001", "ex1", "b", Status::Graded, 5);
    for records in [vec![first.clone()], vec![first.clone(), again]] {
        let row = &rows_of(&records, &[], &overrides, None)[0];
        assert_eq!(scores(row), ["8.25", "0", "8.25", "10"]);
        assert_eq!(row.override_reason.as_deref(), Some("talked"));
        assert_eq!(row.record, records.last());
        assert!(row.review.is_empty(), "a person has looked at it");
    }
    let records = [first];
    let row = &rows_of(&records, &[], &Overrides::default(), None)[0];
    assert_eq!((scores(row)[0].as_str(), row.review.len()), ("3", 2));
    let nothing = &rows_of(&[], &[person("s001")], &overrides, None)[0];
    assert_eq!((scores(nothing)[2].as_str(), nothing.status.as_str()), ("8.25", "not-handed-in"));
}

#[test]
fn an_override_that_cannot_be_is_shown_with_its_line() {
    let entry = |more: &str| format!("# by hand\n[[override]]\nstudent = \"s001\"\n{more}");
    let good = "exercise = \"ex1\"\npoints = 10\nreason = \"r\"\n";
    assert!(overrides(&entry(good)).is_ok() && overrides("").is_ok());
    let refused = |text: &str| failure(overrides(text));
    assert_eq!(refused(&entry(&good.replace("reason = \"r\"", "reason = \" \""))).0, Some(6));
    for points in ["-1", "7.125", "\"7\"", "nan", "inf", "1000001", "[]"] {
        assert_eq!(refused(&entry(&good.replace("10", points))).0, Some(5), "{points}");
    }
    let (line, message) = refused(&entry(&format!("{good}point = 3\n")));
    assert_eq!(line, Some(7));
    assert!(message.contains("unknown field `point`"), "{message}");
    assert!(refused(&entry("exercise = \"ex1\"\npoints = 1\n")).1.contains("missing field `reason`"));
    assert!(refused("[override]\nstudent = \"s001\"\n").0.is_some());
    let twice = format!("{}{}", entry(good), entry(good));
    assert_eq!(refused(&twice), (Some(9), "there are two overrides for s001 ex1".to_owned()));

    let refused = |text: &str| failure(with_notes(&[graded("s001", 1)], &[], &overrides(text).unwrap(), None));
    let too_many = entry(&good.replace("10", "10.5"));
    assert_eq!(refused(&too_many), (Some(5), "s001 can't have 10.5 of 10 points".to_owned()));
    assert_eq!(refused(&entry(&good.replace("ex1", "ex9"))), (Some(4), "there is no exercise `ex9`".to_owned()));
}

#[test]
fn an_override_of_nobody_is_a_note() {
    let records = [graded("s001", 1)];
    let (rows, notes) = with_notes(&records, &[], &override_of("s010", "1"), None).unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        notes,
        ["overrides.toml:2: there is no student `s010`; this override does nothing; the nearest is `s001`"]
    );
}

#[test]
fn the_list_of_the_class_and_the_journal_may_differ() {
    let people = [person("s001"), person("s001")];
    let records = [graded("s009", 4)];
    let (rows, notes) = with_notes(&records, &people, &Overrides::default(), None).unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.person.id.as_str()).collect();
    assert_eq!(ids, ["s001", "s009"]);
    assert_eq!(notes.len(), 2, "{notes:?}");
    let (_, notes) = with_notes(&records, &[], &Overrides::default(), None).unwrap();
    assert!(notes.is_empty(), "without a list everybody belongs to it");
}

#[test]
fn a_day_counts_when_it_has_begun_after_the_grace() {
    let late = late("per-day-percent = 10\ngrace-minutes = 15\nmax-percent = 50\n");
    let grace = 15 * 60;
    for (seconds, days) in
        [(-5, 0), (0, 0), (grace, 0), (grace + 1, 1), (grace + DAY, 1), (grace + DAY + 1, 2), (grace + 100 * DAY, 100)]
    {
        assert_eq!(late.days(1_000, 1_000 + seconds), days, "{seconds}");
    }
    assert_eq!(late.days(i64::MAX, i64::MIN), 0);
    assert_eq!(late.days(i64::MIN, i64::MAX), u64::MAX.div_ceil(DAY as u64), "no overflow");
    let taken = |seconds, points| {
        let records = [graded("s001", points)];
        let rows = rows_of(&records, &[late_person("s001", seconds)], &Overrides::default(), Some(&late));
        scores(&rows[0])[1..3].join(" ")
    };
    assert_eq!(taken(grace, 8), "0 8");
    assert_eq!(taken(grace + 1, 8), "1 7");
    assert_eq!(taken(3 * DAY, 8), "3 5");
    assert_eq!(taken(90 * DAY, 8), "5 3");
    assert_eq!(taken(90 * DAY, 4), "4 0", "never below nothing, and the columns still add up");
    assert_eq!(taken(i64::MAX - 1_000, 8), "5 3");
}

#[test]
fn a_fraction_of_a_hundredth_is_left_to_the_student() {
    let late = late("per-day-percent = 0.33\n");
    let penalty = |days, max| late.penalty(days, Hundredths::whole(100), max).0;
    // 0.33 % of 10 points are 0.033.
    assert_eq!(penalty(1, Hundredths::whole(10)), 3);
    assert_eq!(penalty(2, Hundredths::whole(10)), 6);
    assert_eq!(penalty(u64::MAX, Hundredths::whole(10)), 1000);
    assert_eq!(penalty(u64::MAX, Hundredths(u64::MAX)), 10_000, "no overflow");
    for days in 0..1000 {
        for points in 0..20 {
            let raw = Hundredths::whole(points);
            assert!(late.penalty(days, raw, Hundredths::whole(20)) <= raw);
        }
    }
}

#[test]
fn lateness_is_taken_from_what_a_person_gave_too_and_never_guessed() {
    let late = late("per-day-percent = 25\n");
    let records = [graded("s001", 1)];
    let row = |person: Person, overrides: &Overrides, late| {
        let rows = rows_of(&records, &[person], overrides, late);
        rows.into_iter().next().unwrap()
    };
    let none = Overrides::default();
    let given = row(late_person("s001", 1), &override_of("s001", "7.5"), Some(&late));
    assert_eq!(scores(&given), ["7.5", "2.5", "5", "10"]);
    assert_eq!(scores(&row(late_person("s001", 1), &none, None))[1], "0", "no policy");
    let without_due = Person { due: None, ..late_person("s001", DAY) };
    assert!(row(without_due, &none, Some(&late)).review.is_empty());
    let unknown = row(Person { submitted: None, ..late_person("s001", DAY) }, &none, Some(&late));
    assert_eq!((scores(&unknown)[1].as_str(), !unknown.review.is_empty()), ("0", true));
    let nothing = rows_of(&[], &[late_person("s001", DAY)], &none, Some(&late));
    assert_eq!(scores(&nothing[0]), ["0", "0", "0", "10"]);
}

#[test]
fn two_results_of_the_same_files_are_for_a_person_to_settle() {
    let records = [graded("s001", 4), graded("s001", 6)];
    let row = &rows_of(&records, &[], &Overrides::default(), None)[0];
    assert_eq!(row.review, ["the same files were judged differently: graded 4/10 and graded 6/10; the latest counts"]);
    assert!(rows_of(&records, &[], &override_of("s001", "5"), None)[0].review.is_empty());
}

#[test]
fn a_policy_that_cannot_be_is_shown_with_its_line() {
    let parse = |text: &str| Late::parse(Path::new("policy.toml"), text);
    assert_eq!(parse("").unwrap(), None);
    let late = parse("[late]\nper-day-percent = 12.5\n").unwrap().unwrap();
    assert_eq!((late.per_day_percent, late.grace_minutes, late.max_percent), (Hundredths(1250), 0, all_of_it()));
    for (text, line) in [
        ("[late]\nper-day-percent = 101\n", 1),
        ("[late]\nper-day-percent = 10\nmax-percent = 200\n", 1),
        ("[late]\nper-day-percent = -1\n", 2),
        ("[late]\nper-day-percent = 10\ngrace-minutes = -1\n", 3),
        ("[late]\nper-day-percent = 10\nper_day = 1\n", 3),
        ("[late]\n", 1),
        ("\n[later]\n", 2),
    ] {
        assert_eq!(failure(parse(text)).0, Some(line), "{text}");
    }
}

#[test]
fn files_are_found_in_the_folder_or_beside_it_but_not_in_both() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grades");
    std::fs::create_dir(&out).unwrap();
    assert!(Overrides::find(&out).unwrap().entries.is_empty());
    assert_eq!(Late::find(&out).unwrap(), None);
    write_atomic(&folder.path().join("policy.toml"), b"[late]\nper-day-percent = 1\n").unwrap();
    write_atomic(&folder.path().join("overrides.toml"), b"").unwrap();
    assert!(Late::find(&out).unwrap().is_some() && Late::find(&out.join(".")).unwrap().is_some());
    assert!(Overrides::find(&out).is_ok());
    write_atomic(&out.join("overrides.toml"), b"\xff").unwrap();
    assert!(failure(Overrides::find(&out)).1.starts_with("there are two overrides.toml files: "));
    std::fs::remove_file(folder.path().join("overrides.toml")).unwrap();
    assert!(failure(Overrides::find(&out)).1.contains("isn't valid UTF-8"));
}

#[test]
fn hundredths_are_shown_as_people_write_them() {
    let shown = [0, 5, 10, 100, 705, 750, 1000].map(|number| Hundredths(number).to_string());
    assert_eq!(shown, ["0", "0.05", "0.1", "1", "7.05", "7.5", "10"]);
    let json = serde_json::to_string(&[Hundredths(700), Hundredths(750), Hundredths(705)]).unwrap();
    assert_eq!(json, "[7,7.5,7.05]");
}

#[test]
fn a_class_of_five_thousand_has_ten_thousand_rows() {
    let people: Vec<Person> = (0..5_000).map(|number| person(&format!("s{number:04}"))).collect();
    let records: Vec<Record> = people
        .iter()
        .flat_map(|person| ["ex1", "ex2"].map(|exercise| record(&person.id, exercise, "a", Status::Graded, 3)))
        .collect();
    let rows = rows_of(&records, &people, &Overrides::default(), None);
    assert_eq!(rows.len(), 10_000);
    assert!(rows.iter().all(|row| row.score == Some(Hundredths(300))));
}

#[test]
fn a_file_with_nearly_the_right_name_is_not_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("grades");
    assert!(Overrides::find(&out).unwrap().entries.is_empty(), "neither folder has to be there");
    for name in ["override.toml", "Overrides.toml", "overides.toml"] {
        write_atomic(&out.join(name), b"").unwrap();
        let (_, message) = failure(Overrides::find(&out));
        assert!(message.ends_with("isn't read: it has to be called overrides.toml"), "{message}");
        std::fs::remove_file(out.join(name)).unwrap();
    }
    write_atomic(&folder.path().join("policies.toml"), b"").unwrap();
    assert!(Late::find(&out).unwrap().is_none(), "another word");
    write_atomic(&folder.path().join("polic.toml"), b"").unwrap();
    assert!(failure(Late::find(&out)).1.contains("policy.toml"));
}
