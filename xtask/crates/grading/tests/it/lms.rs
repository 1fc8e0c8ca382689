//! Students and gradebooks as learning management systems have them, through the real binary: who is whom, who is missing, and
//! files that the LMS's import takes.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use testbed::class::rows;
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, call, repository, stderr, stdout};

/// The table of an LMS, with invented people.
fn fixture(project: &Project, name: &str) {
    fs::copy(repository().join("docs/grading/lms").join(name), project.path(name)).unwrap();
}

/// A class named as people name folders: by number, login, address, name; and one with a slip of the pen.
fn class() -> Project {
    let project = Project::quick_course();
    let hand_in = |student: &str, text: &str| project.write(&format!("class/{student}/ex1/Cargo.toml"), text);
    let right = format!("{STARTER}{QUICK_PROFILE}");
    hand_in("10001", &right);
    hand_in("CRUZZ", STARTER);
    hand_in("linm", &right);
    // As macOS writes it: each accent is a character of its own.
    hand_in("Nu\u{301}n\u{303}ez, Jose\u{301}", &right);
    hand_in("oneilz", &right);
    for name in ["canvas.csv", "moodle.csv", "brightspace.csv"] {
        fixture(&project, name);
    }
    project
}

/// What an import by the LMS's documented rules takes; none if there is no Python.
fn imported(project: &Project, lms: &str, template: &str) -> Option<String> {
    let mut command = call("python3");
    let script = repository().join("docs/grading/lms.py");
    let filled = project.path("grades/export").join(format!("{lms}.csv"));
    command.arg(script).arg(lms).arg(project.path(template)).arg(filled);
    command.output().ok()?;
    Some(stdout(&command.assert().success()))
}

/// Grades the class by the roster that is a Canvas gradebook.
const GRADE: [&str; 6] = ["grade", "class", "--sandbox", "none", "--roster", "canvas.csv"];

#[test]
fn a_gradebook_is_the_roster() {
    let project = class();
    let assert = project.run(&GRADE).success();
    let expected = [
        "10001 10 graded",
        "10002 2 graded",
        "10003 10 graded",
        "10004 10 graded",
        "10005 0 not-handed-in",
        "oneilz 10 graded",
    ];
    assert_eq!(rows(&project, "grades"), expected);
    let csv = project.read("grades/grades.csv");
    assert!(csv.contains("not in the roster; the nearest is 10005"), "{csv}");
    assert!(csv.contains("Núñez,José"), "{csv}");
    let messages = stderr(&assert);
    for note in [
        "canvas.csv: read as a Canvas gradebook with 5 students",
        "1 of 5 entries match a student in canvas.csv by name alone",
        "not in canvas.csv: 1 of 5 students found: oneilz (near 10005)",
        "1 of 5 students in canvas.csv handed in nothing: 10005",
    ] {
        assert!(messages.contains(note), "{note}\n{messages}");
    }
}

#[test]
fn a_gradebook_comes_back_filled_in() {
    let project = class();
    project.run(&GRADE).success();
    // One grade has no row in the gradebook: everything else is written, and the exit code says so.
    let export = ["grade", "--export", "canvas", "--template", "canvas.csv", "--roster", "canvas.csv"];
    let lost = contains("ex1: 1 grade not exported, because the student isn't in the template: oneilz");
    project
        .run(&export)
        .code(1)
        .stderr(lost.and(contains("ex1: wrote 3 grades into `Exercise 1 (4101)` (1 had a different number)")));
    let (before, after) = (project.read("canvas.csv"), project.read("grades/export/canvas.csv"));
    let changed: Vec<(&str, &str)> = before.lines().zip(after.lines()).filter(|(old, new)| old != new).collect();
    assert_eq!(changed.len(), 3, "the 0 of 10005 could be the work of the entry that matches no student: {after}");
    assert!(after.contains("\"Doe, Jane\",10001,u1001,doej,\"CS 1, Mon\",5,10,,,100\n"), "{after}");
    assert!(after.contains("\"Lin, Mei\",10003,u1003,linm,\"CS 1, Tue\",,EX,,,\n"), "{after}");
    if let Some(imported) = imported(&project, "canvas", "canvas.csv") {
        let expected =
            ["10001: Exercise 1 (4101) = 10", "10002: Exercise 1 (4101) = 2", "10004: Exercise 1 (4101) = 10"];
        assert_eq!(imported.lines().collect::<Vec<_>>(), expected);
    }
    // Without the one that has no row, an export is complete.
    fs::remove_dir_all(project.path("class/oneilz")).unwrap();
    fs::remove_dir_all(project.path("grades")).unwrap();
    project.run(&GRADE).success();
    project.run(&["grade", "--export", "canvas", "--template", "canvas.csv"]).success();
    // Without the roster nothing says that someone handed in nothing.
    let kept = project.read("grades/export/canvas.csv");
    assert!(kept.contains("10005,u1005,oneils,\"CS 1, Tue\",3,,,,60\n"), "{kept}");
}

#[test]
fn the_same_results_go_into_other_systems_by_a_roster_that_knows_their_ids() {
    let project = class();
    project.run(&GRADE).success();
    let roster = "student_id,first_name,last_name,email,login,lms_id\n\
                  10001,Jane,Doe,jane@example.org,doej,007001\n10002,Zoë,de la Cruz,zoe@example.org,cruzz,007002\n\
                  10003,Mei,Lin,mei@example.org,linm,007003\n10004,José,Núñez,jose@example.org,nunezj,007004\n\
                  10005,Sam,O'Neil,sam@example.org,oneils,007005\n";
    project.write("roster.csv", roster);
    for (lms, template, key, of) in [
        ("moodle", "moodle.csv", "Participant 2000", [1, 2, 4].as_slice()),
        ("brightspace", "brightspace.csv", "#00700", &[1, 2, 3, 4]),
    ] {
        let export = ["grade", "--export", lms, "--template", template, "--roster", "roster.csv"];
        project.run(&export).code(1).stderr(contains("the student isn't in the template: oneilz"));
        let Some(imported) = imported(&project, lms, template) else { continue };
        let grade = |number: &usize| [10, 2, 10, 10][number - 1];
        let lines: Vec<String> = imported.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), of.len(), "{imported}");
        for (line, number) in lines.iter().zip(of) {
            assert!(
                line.starts_with(&format!("{key}{number}: ")) && line.ends_with(&format!(" = {}", grade(number))),
                "{line}"
            );
        }
    }
}

#[test]
fn two_entries_of_one_student_are_a_question_for_a_person() {
    let project = class();
    for entry in ["10002", "linm", "oneilz"] {
        let _ = fs::remove_dir_all(project.path(&format!("class/{entry}")));
    }
    project.write("class/DOEJ/ex1/Cargo.toml", STARTER);
    project.run(&GRADE).success();
    let found = rows(&project, "grades");
    assert_eq!(found[..2], ["10001 0 rejected", "10002 2 graded"]);
    assert!(project.read("grades/grades.csv").contains("handed in more than once: `10001` and `DOEJ`; keep one"));
}

#[test]
fn a_roster_of_another_class_stops_before_anything_is_built() {
    let project = class();
    fixture(&project, "gradescope.csv");
    let refused = contains("no entry matches a student in gradescope.csv (5 tried). There are 10001, CRUZZ")
        .and(contains("the roster has 1001, 1002, 1003"))
        .and(contains("--student-from"));
    fs::remove_dir_all(project.path("class/Nu\u{301}n\u{303}ez, Jose\u{301}")).unwrap();
    project.write("class/x/ex1/Cargo.toml", STARTER);
    project.run(&["grade", "class", "--sandbox", "none", "--roster", "gradescope.csv"]).code(2).stderr(refused);
    assert!(!project.path("grades").exists() && !project.path("target").exists());
}

#[test]
fn the_table_of_every_lms_is_read_and_what_only_looks_like_one_is_explained() {
    let project = Project::quick_course();
    for student in ["doej", "jane@example.org", "jane-doe", "s301"] {
        project.write(&format!("class/{student}/ex1/Cargo.toml"), STARTER);
    }
    project.run(&["grade", "class", "--sandbox", "none"]).success();
    for (name, what, jane) in [
        ("canvas.csv", "a Canvas gradebook with 5 students", "10001"),
        ("moodle.csv", "a Moodle grading worksheet with 4 students", "jane@example.org"),
        ("moodle-participants.csv", "a Moodle list of participants with 4 students", "u1001"),
        ("brightspace.csv", "a Brightspace gradebook with 4 students", "007001"),
        ("blackboard.txt", "a Blackboard gradebook with 3 students", "s301"),
        ("gradescope.csv", "a Gradescope roster with 3 students", "1001"),
        ("classroom.csv", "a GitHub Classroom roster with 3 students", "s001"),
    ] {
        fixture(&project, name);
        // Graded before there was a roster: the points move to the roster's id.
        let report = ["grade", "--report", "grades", "--format", "csv", "--roster", name];
        project.run(&report).success().stderr(contains(what));
        let rows = rows(&project, "grades");
        assert!(rows.contains(&format!("{jane} 2 graded")), "{name}: {rows:?}");
    }
    project.write("renamed.csv", "Student,SIS Login ID,Section\n\"Doe, Jane\",doej,CS 1\n");
    let missing = contains("it looks like a Canvas gradebook")
        .and(contains("the column `id` is missing"))
        .and(contains("renamed.csv:1"));
    project.run(&["grade", "--report", "grades", "--roster", "renamed.csv"]).code(2).stderr(missing);
    let wrong = contains("it isn't a Canvas gradebook but a Moodle grading worksheet").and(contains("help:"));
    project.run(&["grade", "--export", "canvas", "--template", "moodle.csv"]).code(2).stderr(wrong);
}
