//! The dry run of grading: classes as LMSs export them are found without building anything.

use crate::project::{Project, clean, repository, stdout};
use assert_cmd::Command;
use predicates::str::contains;
use std::collections::BTreeMap;

fn list(project: &Project, words: &[&str]) -> serde_json::Value {
    let mut all = vec!["grade", "--list", "class", "--format", "json"];
    all.extend(words);
    let assert = project.run(&all);
    serde_json::from_str(&stdout(&assert)).unwrap()
}

#[test]
fn a_dry_run_says_who_was_found_and_writes_nothing() {
    let project = Project::quick_course();
    project.write("class/s001/Ex1/cargo.toml", "[package]\n");
    project.write("class/s002/ex1/Cargo.toml.txt", "[package]\n");
    project.write("class/linmei_10003_900003_Cargo.toml", "[package]\n");
    project.write("class/notes.md", "");
    let before = project.everything().len();
    let found = list(&project, &[]);
    assert_eq!(found["schema"], "size-workshop/grade-list/1");
    let exercise = |at: usize| &found["students"][at]["exercises"]["ex1"];
    assert_eq!(found["students"][0]["id"], "10003");
    assert_eq!(exercise(0)["taken"], serde_json::json!(["Cargo.toml"]));
    assert!(exercise(1)["needs_review"][0].as_str().unwrap().contains("only the case of its letters differs"));
    assert!(exercise(2)["rejected"].as_str().unwrap().contains("Notepad"));
    assert_eq!(found["passed_over"][0]["name"], "notes.md");
    assert_eq!(project.everything().len(), before, "something was written");

    // 1 because one is rejected, 0 once it is mended.
    project.run(&["grade", "--list", "class"]).code(1).stdout(contains("1 rejected, 1 to look at"));
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
    let none = project.run(&["grade", "--list", "nowhere", "--format", "json"]).code(2);
    let error: serde_json::Value = serde_json::from_str(&stdout(&none)).unwrap();
    assert_eq!((&error["schema"], &error["exit"]), (&"size-workshop/error/1".into(), &2.into()));
    project
        .run(&["grade", "--list", "class", "--student-from", "(s[0-9"])
        .code(2)
        .stderr(contains("--student-from isn't a regular expression"));
}

/// Every layout of docs/grading/class.py: each student who handed something in is found once, and nothing else is.
#[test]
fn a_class_in_every_layout_is_found_whole() {
    let project = Project::empty();
    for layout in ["canvas", "moodle", "moodle-flat", "blackboard", "brightspace", "gradescope", "classroom"] {
        let folder = project.path(layout);
        let mut python = Command::new("python3");
        clean(&mut python);
        python.current_dir(repository()).arg("docs/grading/class.py").arg(&folder).args(["--layout", layout, "ex1"]);
        python.assert().success();
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        clean(&mut xtask);
        xtask.current_dir(repository()).args(["grade", "--format", "json", "--exercise", "ex1", "--list"]);
        let assert = xtask.arg(folder.join("submissions")).assert().code(1);
        let found: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for student in found["students"].as_array().unwrap() {
            let work = &student["exercises"]["ex1"];
            assert_eq!(work["needs_review"], serde_json::json!([]), "{layout}: {student}");
            *counts.entry(if work["rejected"].is_null() { "graded" } else { "rejected" }).or_default() += 1;
        }
        let expected = project.read(&format!("{layout}/expected.csv"));
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        for status in expected.lines().skip(1).filter_map(|line| line.rsplit(',').next()) {
            *wanted.entry(status).or_default() += 1;
        }
        wanted.remove("not-handed-in");
        assert_eq!(counts, wanted, "{layout}");
    }
}
