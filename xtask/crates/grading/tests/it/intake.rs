//! The dry run of grading: classes as LMSs export them are found without building anything.

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use std::collections::BTreeMap;
use testbed::class::rows;
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, call, repository, stderr, stdout};
use testbed::schema;

fn list(project: &Project, words: &[&str]) -> serde_json::Value {
    let mut all = vec!["grade", "--list", "class", "--format", "json"];
    all.extend(words);
    let assert = project.run(&all);
    schema::document(&stdout(&assert))
}

#[test]
fn a_dry_run_says_who_was_found_and_writes_nothing() {
    let project = Project::quick_course();
    project.write("class/s001/Ex1/cargo.toml", "[package]\n");
    project.write("class/s002/ex1/Cargo.toml.txt", "[package]\n");
    project.write("class/linmei_10003_900003_Cargo.toml", "[package]\n");
    project.write("class/roster.csv", "");
    let before = project.everything().len();
    let found = list(&project, &[]);
    assert_eq!(found["schema"], "size-workshop/grade-list/1");
    let exercise = |at: usize| &found["students"][at]["exercises"]["ex1"];
    assert_eq!(found["students"][0]["id"], "10003");
    assert_eq!(exercise(0)["taken"], serde_json::json!(["Cargo.toml"]));
    assert!(exercise(1)["needs_review"][0].as_str().unwrap().contains("only the case of its letters differs"));
    assert!(exercise(2)["rejected"].as_str().unwrap().contains("Notepad"));
    assert_eq!(found["passed_over"][0]["name"], "roster.csv");
    assert_eq!(project.everything().len(), before, "something was written");

    // 1 because one is rejected, 0 once it is mended.
    project.run(&["grade", "--list", "class"]).code(1).stdout(contains("1 rejected, 1 to review"));
    project.write("class/s002/ex1/Cargo.toml", "[package]\n");
    let assert = project.run(&["grade", "--list", "class"]).success();
    assert!(stdout(&assert).lines().all(|line| line.chars().count() <= 80), "{}", stdout(&assert));
    let assert = project.run(&["grade", "--list", "class", "--format", "csv"]).success();
    assert!(stdout(&assert).starts_with("student_id,entry,exercise,status,taken,passed_over,reason\n"));
    assert!(!project.path("grades").exists());
}

#[test]
fn what_makes_no_sense_for_a_dry_run_is_a_usage_error_also_as_json() {
    let project = Project::quick_course();
    project.write("class/s001/ex1/Cargo.toml", "");
    for format in ["junit", "html", "gradescope", "csv,json"] {
        project.run(&["grade", "--list", "class", "--format", format]).code(2).stderr(contains("text, json or csv"));
    }
    project.run(&["grade", "class", "--format", "text"]).code(2).stderr(contains("--list"));
    project.run(&["grade", "--list"]).code(2);
    let unknown = ["grade", "--list", "class", "--student", "s002"];
    project
        .run(&unknown)
        .code(2)
        .stderr(contains("there is no submission of `s002`").and(contains("did you mean `s001`?")));
    let none = project.run(&["grade", "--list", "nowhere", "--format", "json"]).code(2);
    let error = schema::document(&stdout(&none));
    assert_eq!((&error["schema"], &error["exit"]), (&"size-workshop/error/1".into(), &2.into()));
    project
        .run(&["grade", "--list", "class", "--student-from", "(s[0-9"])
        .code(2)
        .stderr(contains("--student-from isn't a regular expression"));
}

/// Every layout of docs/grading/class.py, with a roster: each student who handed something in is found under the roster's id, each
/// other one is missing, and no entry is unknown.
#[test]
fn a_class_in_every_layout_is_found_whole() {
    let project = Project::empty();
    for layout in ["canvas", "moodle", "moodle-flat", "blackboard", "brightspace", "gradescope", "classroom"] {
        let folder = project.path(layout);
        let mut python = call("python3");
        python.current_dir(repository()).arg("docs/grading/class.py").arg(&folder).args(["--layout", layout, "ex1"]);
        python.assert().success();
        let mut xtask = call(env!("CARGO_BIN_EXE_grading"));
        xtask.current_dir(repository()).args(["grade", "--format", "json", "--exercise", "ex1", "--list"]);
        xtask.arg(folder.join("submissions")).arg("--roster").arg(folder.join("roster.csv"));
        let assert = xtask.assert().code(1);
        let found = schema::document(&stdout(&assert));
        let of = |student: &serde_json::Value| {
            let work = &student["exercises"]["ex1"];
            assert_eq!(work["needs_review"], serde_json::json!([]), "{layout}: {student}");
            let status = if work["rejected"].is_null() { "graded" } else { "rejected" };
            (student["id"].as_str().unwrap().to_owned(), status.to_owned())
        };
        let found_students: BTreeMap<String, String> = found["students"].as_array().unwrap().iter().map(of).collect();
        let expected = project.read(&format!("{layout}/expected.csv"));
        let rows: Vec<Vec<&str>> = expected.lines().skip(1).map(|line| line.split(',').collect()).collect();
        let (there, missing): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row[3] != "not-handed-in");
        let expected = there.iter().map(|row| (row[0].to_owned(), row[3].to_owned())).collect();
        assert_eq!(found_students, expected, "{layout}");
        assert_eq!(found["missing"], missing.iter().map(|row| row[0]).collect::<serde_json::Value>(), "{layout}");
        assert_eq!(found["unknown"], serde_json::json!([]), "{layout}");
    }
}

/// Two attempts as Brightspace exports them: the first is right, and the second is the starter.
#[test]
fn the_last_of_several_attempts_counts_or_the_best() {
    let project = Project::quick_course();
    let attempt = |time: &str| format!("class/123-456 - s001 - Nov {time} 1159 PM/Cargo.toml");
    project.write(&attempt("3, 2026"), &format!("{STARTER}{QUICK_PROFILE}"));
    project.write(&attempt("4, 2026"), STARTER);
    let grade = |attempts: &str| {
        let words = ["grade", "class", "--sandbox", "none", "--attempts", attempts];
        let assert = project.run(&words).success().stderr(contains(format!("the {attempts} of 2 submissions counts")));
        (rows(&project, "grades"), stderr(&assert))
    };
    assert_eq!(grade("last").0, ["s001 2 graded"]);
    assert_eq!(grade("best").0, ["s001 10 graded"]);
    // All is known now, and nothing is written again.
    let journal = project.read("grades/journal.jsonl");
    let (found, told) = grade("best");
    assert!(found == ["s001 10 graded"] && told.contains("graded 0 submissions"), "{told}");
    let records = |text: &str| text.lines().filter(|line| line.contains("\"points\"")).count();
    assert_eq!(records(&project.read("grades/journal.jsonl")), records(&journal));
    assert_eq!(grade("last").0, ["s001 2 graded"]);
    let list = list(&project, &["--attempts", "best"]);
    assert_eq!(list["students"][0]["exercises"]["ex1"]["taken"], serde_json::json!(["Cargo.toml"]));
}
