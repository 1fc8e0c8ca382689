//! A class that is graded in several runs: interrupted, in parts, one student again, from another folder. What is not graded yet
//! is never taken for what was not handed in.

use crate::stalls::{ONCE, course_with_source, program};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use std::collections::BTreeSet;
use std::fs;
use testbed::class::{Running, hand_in};
use testbed::class::{records, rows};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, stderr};
use testbed::schema;

/// Four right submissions, of which no two are equal.
fn class(project: &Project) {
    for number in 1..=4 {
        hand_in(project, &format!("s00{number}"), &format!("{STARTER}# {number}\n{QUICK_PROFILE}"));
    }
}

/// A roster in which all are late by a day, and one more person.
fn roster(project: &Project) {
    let mut text = "student_id,due,submitted\n".to_owned();
    for number in 1..=5 {
        text += &format!("s00{number},2026-05-04T12:00:00Z,2026-05-05T11:00:00Z\n");
    }
    project.write("roster.csv", &text);
    project.write("policy.toml", "[late]\nper-day-percent = 10\n");
}

#[test]
fn a_report_in_the_middle_tells_what_is_not_graded_yet_from_what_was_never_handed_in() {
    let project = Project::quick_course();
    class(&project);
    roster(&project);
    let mut running = Running::xtask(&project, &["grade", "class", "--sandbox", "none", "--jobs", "1"]);
    running.wait_for(" ex1: graded ");
    running.child.kill().unwrap();
    let (_, messages) = running.end();
    assert!(messages.starts_with("note: SANDBOX: NONE"), "{messages}");
    assert!(messages.contains("building the course's own solution of ex1 (1 of 1)\n"), "{messages}");

    project.run(&["grade", "--report", "grades", "--roster", "roster.csv"]).success();
    let found = rows(&project, "grades");
    assert_eq!(found.len(), 5, "{found:#?}");
    let of = |status: &str| found.iter().filter(|row| row.ends_with(status)).count();
    assert_eq!(of(" not-handed-in"), 1, "{found:#?}");
    assert_eq!(found[4], "s005 0 not-handed-in");
    assert!((1..4).contains(&of(" 9 graded")), "{found:#?}");
    // No score, nothing taken for lateness, and no need to look at it.
    let waiting = found.iter().filter(|row| row.ends_with("  not-graded-yet")).count();
    assert_eq!(waiting + of(" 9 graded"), 4, "{found:#?}");
    let csv = project.read("grades/grades.csv");
    let line = csv.lines().find(|line| line.contains("not-graded-yet")).unwrap();
    assert!(line.contains(",,0,,10,not-graded-yet,,,,,"), "{line}");
    assert!(project.read("grades/index.html").contains("not-graded-yet"));

    // Ended before the first result: all that is known is who handed in.
    let journal = project.read("grades/journal.jsonl");
    project.write("part/journal.jsonl", &format!("{}\n", journal.lines().next().unwrap()));
    let expected = ["s001  not-graded-yet", "s002  not-graded-yet", "s003  not-graded-yet", "s004  not-graded-yet"];
    project.run(&["grade", "--report", "part"]).success();
    assert_eq!(rows(&project, "part"), expected);
    project.run(&["grade", "--report", "part", "--roster", "roster.csv"]).success();
    assert_eq!(rows(&project, "part"), [&expected[..], &["s005 0 not-handed-in"]].concat());
    assert_eq!(project.read("part/grades.json").matches("not-graded-yet").count(), 4);
    let page = project.read("part/index.html");
    assert!(page.contains("not-graded-yet") && page.contains("nothing is graded yet"), "{page}");
    let merge = ["grade", "--merge", "part", "--out", "joined", "--roster", "roster.csv"];
    project.run(&merge).code(1).stderr(contains("4 of 4 submissions aren't graded yet"));
    assert_eq!(rows(&project, "joined"), rows(&project, "part"));

    project.run(&["grade", "class", "--sandbox", "none", "--roster", "roster.csv"]).success();
    assert_eq!(rows(&project, "grades")[..4], ["s001 9 graded", "s002 9 graded", "s003 9 graded", "s004 9 graded"]);
    let runs = || project.read("grades/journal.jsonl").matches("size-workshop/grade-run/1").count();
    assert_eq!(runs(), 2, "with the roster it is known who is missing");
    project.run(&["grade", "class", "--sandbox", "none", "--roster", "roster.csv"]).success();
    assert_eq!(runs(), 2, "nothing new was found");
}

#[test]
fn merging_one_of_two_parts_names_the_other_and_both_make_a_whole() {
    let project = Project::quick_course();
    class(&project);
    let part = |number: &str| {
        let out = format!("parts/part-{number}");
        let partition = format!("{number}/2");
        project.run(&["grade", "class", "--sandbox", "none", "--partition", &partition, "--out", &out]).success();
    };
    part("1");
    let half = project.run(&["grade", "--merge", "parts/part-1", "--out", "all"]).code(1);
    let words = "error: part 2/2 is missing, and with it 2 submissions: grade it with `--partition 2/2`, or add its folder after --merge";
    assert!(stderr(&half).contains(words), "{}", stderr(&half));
    assert_eq!(
        rows(&project, "all"),
        ["s001 10 graded", "s002  not-graded-yet", "s003 10 graded", "s004  not-graded-yet"]
    );
    part("2");
    project
        .run(&["grade", "--merge", "parts/part-1", "parts/part-2", "--out", "all"])
        .success()
        .stderr(contains("missing").not());
    assert_eq!(rows(&project, "all").iter().filter(|row| row.ends_with(" 10 graded")).count(), 4);
    assert!(!project.path("all/hidden-inputs.secret").exists(), "a merge needs no secret");

    // Work that came in between: one machine has seen it, and the other has not.
    hand_in(&project, "s000", &format!("{STARTER}# 0\n{QUICK_PROFILE}"));
    part("1");
    let assert = project.run(&["grade", "--merge", "parts/part-1", "parts/part-2", "--out", "new"]).code(1);
    let words = "error: parts/part-2 and parts/part-1 weren't given the same class";
    let other = "error: parts/part-1 and parts/part-2 weren't given the same class: only one of them has s000 ex1; grade every part again from the same folder";
    assert!(stderr(&assert).contains(other) && !stderr(&assert).contains(words), "{}", stderr(&assert));
    part("2");
    project.run(&["grade", "--merge", "parts/part-1", "parts/part-2", "--out", "new"]).success();
}

#[test]
fn one_student_is_graded_again_in_place_and_an_unknown_one_is_named() {
    let project = Project::quick_course();
    class(&project);
    let all = ["grade", "class", "--sandbox", "none"];
    let with = |more: &[&str]| project.run(&[&all[..], more].concat());
    let unknown = with(&["--student", "s0O2"]).code(2);
    assert!(stderr(&unknown).contains("there is no submission of `s0O2`"), "{}", stderr(&unknown));
    assert!(stderr(&unknown).contains("help: did you mean `s002`?"), "{}", stderr(&unknown));
    assert!(!project.path("grades").exists(), "nothing was begun");

    // Only some: the others are not graded yet.
    with(&["--student", "s002", "s003"]).success();
    let some = ["s001  not-graded-yet", "s002 10 graded", "s003 10 graded", "s004  not-graded-yet"];
    assert_eq!(rows(&project, "grades"), some);
    with(&["--student", "s002"]).success().stderr(contains("graded 0 submissions, 1 already known"));
    let again = with(&["--student", "s002", "--again"]).success();
    assert!(stderr(&again).contains("graded 1 submission, 0 already known"), "{}", stderr(&again));
    let of = |student: &str| records(&project, "grades").iter().filter(|record| record["student"] == student).count();
    assert_eq!([of("s002"), of("s003"), of("s001")], [2, 1, 0]);
    assert!(!project.read("grades/grades.csv").contains("judged"), "the same result twice isn't a contradiction");
    with(&["--again"]).success().stderr(contains("graded 4 submissions, 0 already known"));
    assert_eq!([of("s002"), of("s001")], [3, 1]);

    // A result that differs from the one before is told: the files are the same.
    let journal = project.read("grades/journal.jsonl");
    project.write("grades/journal.jsonl", &journal.replacen("\"points\":10", "\"points\":7", 1));
    project.run(&["grade", "--report", "grades"]).success().stderr(contains("1 submission was graded differently"));
    let csv = project.read("grades/grades.csv");
    assert!(
        csv.contains("the same files were judged differently: graded 10/10 and graded 7/10; the latest counts"),
        "{csv}"
    );
}

#[test]
fn grading_starts_from_any_folder_and_paths_stay_relative_to_it() {
    let project = Project::quick_course();
    let elsewhere = Project::empty();
    elsewhere.write("class/s001/ex1/Cargo.toml", &format!("{STARTER}{QUICK_PROFILE}"));
    elsewhere.write("roster.csv", "student_id\ns001\ns002\n");
    let grade = |more: &[&str]| {
        let mut command = elsewhere.xtask();
        command.env_remove("CARGO_MANIFEST_DIR").args(["grade", "class", "--sandbox", "none"]).args(more).assert()
    };
    let lost = grade(&[]).code(2);
    assert!(stderr(&lost).contains("isn't inside the workshop"), "{}", stderr(&lost));
    assert!(stderr(&lost).contains("help: pass the workshop's folder: --course DIR"), "{}", stderr(&lost));
    let course = project.path("exercises/ex1").display().to_string();
    grade(&["--course", &course, "--roster", "roster.csv"]).success();
    assert_eq!(rows(&elsewhere, "grades"), ["s001 10 graded", "s002 0 not-handed-in"]);
    let missing = grade(&["--course", "nowhere"]).code(2);
    assert!(stderr(&missing).contains("there is no folder nowhere"), "{}", stderr(&missing));

    // Results in the folder of submissions, and a file that is nearly one of ours.
    for _ in 0..2 {
        grade(&["--course", &course, "--out", "class/results", "--roster", "roster.csv"]).success();
        assert_eq!(rows(&elsewhere, "class/results"), ["s001 10 graded", "s002 0 not-handed-in"]);
    }
    elsewhere.write("grades/override.toml", "");
    let refused = grade(&["--course", &course]).code(2);
    assert!(stderr(&refused).contains("error: grades/override.toml isn't read: it has to be called overrides.toml"));
    assert!(!stderr(&refused).contains("SANDBOX"), "before anything is graded: {}", stderr(&refused));
}

#[test]
fn ids_match_as_people_write_them_and_the_missing_folder_is_named() {
    let project = Project::quick_course();
    let work = format!("{STARTER}{QUICK_PROFILE}");
    for student in ["s001\u{a0}", "ｓ００２", "77", "\u{455}001"] {
        hand_in(&project, student, &work);
    }
    project.write("roster.csv", "student_id\ns001\ns002\n0077\n");
    let list = ["grade", "class", "--list", "--roster", "roster.csv", "--format", "json"];
    let listed = project.run(&list).code(1);
    let text = String::from_utf8(listed.get_output().stdout.clone()).unwrap();
    let json = schema::document(&text);
    let all = |key: &str, field: &str| -> Vec<String> {
        let entries = json[key].as_array().unwrap().iter();
        entries.map(|entry| entry[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(all("students", "id"), ["77", "s001", "s002", "\u{455}001"], "{text}");
    assert_eq!(all("unknown", "nearest"), ["0077", "s001"], "{text}");
    let lost = project.run(&["grade", "--student", "s001", "--again"]).code(2);
    assert!(stderr(&lost).contains("no folder with submissions was given"), "{}", stderr(&lost));
    assert!(stderr(&lost).contains("grade DIR --student ID --again"), "{}", stderr(&lost));
    let lost = project.run(&["grade"]).code(2);
    assert!(stderr(&lost).contains("pass it: `cargo xtask grade DIR`\n"), "{}", stderr(&lost));
}

#[test]
fn hidden_inputs_are_the_classs_own_and_are_in_no_report() {
    let project = course_with_source();
    // Without a box a program can tell what it was asked.
    let seen = project.path("seen").display().to_string();
    let tells = format!(
        "use std::io::Write as _;\n{}",
        ONCE.replace(
            "fn main() {\n",
            &format!(
                "fn main() {{\n    let mut seen = std::fs::File::options().append(true).create(true).open({seen:?}).unwrap();\n    \
                 writeln!(seen, \"{{:?}}\", std::env::args().skip(1).collect::<Vec<_>>()).unwrap();\n"
            )
        )
    );
    program(&project, "s001", &tells);
    let asked = |out: &str| -> BTreeSet<String> {
        let _ = fs::remove_file(project.path("seen"));
        project.run(&["grade", "class", "--sandbox", "none", "--out", out]).success();
        project.read("seen").lines().map(str::to_owned).collect()
    };
    let (one, two) = (asked("one"), asked("two"));
    assert!(one.len() > 3 && one != two, "{one:#?} {two:#?}");
    assert!(one.intersection(&two).count() >= 3, "those that learners know are the same");
    let shared = project.read("one/hidden-inputs.secret");
    project.write("parts/hidden-inputs.secret", &shared);
    assert_eq!(asked("parts/part-1"), one);
    assert!(!project.path("parts/part-1/hidden-inputs.secret").exists());
    for (path, text, _) in project.everything() {
        let is_it = path.file_name().is_some_and(|name| name == "hidden-inputs.secret");
        let text = String::from_utf8_lossy(&text);
        assert!(is_it || !text.contains(shared.trim()), "{}", path.display());
    }
}
