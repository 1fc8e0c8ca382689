//! `cargo xtask author new`: a skeleton that the course accepts as it is, or nothing at all.

use predicates::prelude::*;
use predicates::str::contains;
use similar::TextDiff;
use std::fs;
use testbed::project::{Project, repository, stderr, stdout};

const SETTINGS: &str = ".vscode/settings.json";
const LISTS: [&str; 3] = ["exercises/README.md", SETTINGS, "docs/grading/classroom/classroom.yml"];

/// The repository, also with what editors read.
fn workshop() -> Project {
    let project = Project::copy_of_the_repository();
    project.write(SETTINGS, &fs::read_to_string(repository().join(SETTINGS)).unwrap());
    project
}

/// The name after the last one of the repository, with its number. A smaller number may be free.
fn next() -> (String, u32) {
    let is_there = |number: &u32| repository().join(format!("exercises/ex{number}")).exists();
    let number = (1..1000).rfind(is_there).unwrap_or_default() + 1;
    (format!("ex{number}"), number)
}

#[test]
fn a_skeleton_is_in_all_lists_and_the_course_accepts_it() {
    let project = workshop();
    let (id, number) = next();
    let before = LISTS.map(|list| project.read(list));
    // The number of the next exercise changes with the course, and so do the lines where the lists end.
    let settled = |text: &str| {
        let text = text.replace(&id, "ex15").replace(&format!("EX{number}_"), "EX15_");
        let text = text.replace(&format!("Exercise {number}"), "Exercise 15");
        regex_lite::Regex::new(r"(md|json|yml):\d+").unwrap().replace_all(&text, "$1:N").into_owned()
    };
    let made = project.run(&["author", "new", &id]).success();
    assert_eq!(stderr(&made), "");
    insta::assert_snapshot!(settled(&stdout(&made)));
    let mut changes = String::new();
    for (list, before) in LISTS.iter().zip(&before) {
        let now = project.read(list);
        // Two of the lists go on in a line that was there.
        let (manifest, runner) = (format!(", \"exercises/{id}/Cargo.toml\"]"), format!(",{id}\n"));
        for added in [manifest.as_str(), runner.as_str()].into_iter().filter(|added| now.contains(added)) {
            changes += &format!("{list}: {added}\n");
        }
        let whole = now.replace(&manifest, "]").replace(&runner, "\n");
        for change in TextDiff::from_lines(before.as_str(), &whole).iter_all_changes() {
            assert_ne!(change.tag(), similar::ChangeTag::Delete, "{list}: {}", change.value());
            if change.tag() == similar::ChangeTag::Insert {
                changes += &format!("{list}: {}", change.value());
            }
        }
    }
    insta::assert_snapshot!(settled(&changes));

    let verified = project.run(&["author", "verify", &id]).success();
    assert_eq!(stdout(&verified), "1 exercise verified, 0 problems\n");
    let text = stderr(&verified);
    assert!(text.contains(&format!("verified {id}: ok\nnote: {id} still says REPLACE: ")), "{text}");
    for place in ["README.md:1,", "exercise.toml:1,", "src/main.rs:3"] {
        assert!(text.contains(&format!("exercises/{id}/{place}")), "{place}: {text}");
    }
    assert!(text.contains(&format!("solutions/{id}/NOTES.md:1,3")) && text.contains("exercises/README.md:"), "{text}");
    let list = stdout(&project.run(&["list"]).success());
    assert!(list.contains("REPLACE this title"), "{list}");
    project.run(&["docs", "--check"]).success();
}

#[test]
fn names_that_are_taken_or_none_are_refused_and_nothing_is_changed() {
    let project = Project::course();
    project.write("solutions/ex4/NOTES.md", "# A stray one\n");
    let before = project.everything();
    let said = ["ex1", "ex4", "exercise15", "ex", "ex0", "ex015", "EX15", "../ex15", "ex+5", ""].map(|name| {
        let assert = project.run(&["author", "new", name]).code(2);
        assert_eq!(stdout(&assert), "");
        stderr(&assert)
    });
    insta::assert_snapshot!(said.concat());
    assert_eq!(project.everything(), before);
    project.run(&["author", "new"]).code(2).stderr(contains("<EXERCISE>"));
    // A free number below the last one is free.
    project.run(&["author", "new", "ex3"]).success();
    assert_eq!(project.read("solutions/ex4/NOTES.md"), "# A stray one\n");
}

#[test]
fn a_list_that_does_not_look_as_expected_is_left_and_named_with_what_to_add() {
    let project = Project::course();
    project.write(LISTS[0], "# Exercises\n\nThere is one: ex1.\n");
    project.write(LISTS[1], "{\n  \"rust-analyzer.linkedProjects\": []\n}\n");
    project.write(LISTS[2], "steps:\n  - name: One\n    id: ex1\n");
    let before = LISTS.map(|list| project.read(list));
    let assert = project.run(&["author", "new", "ex2"]).success();
    insta::assert_snapshot!(stderr(&assert) + &stdout(&assert));
    assert_eq!(LISTS.map(|list| project.read(list)), before);
    assert!(project.path("exercises/ex2/exercise.toml").is_file());

    // And one that names it already.
    fs::remove_dir_all(project.path("exercises/ex2")).unwrap();
    fs::remove_dir_all(project.path("solutions/ex2")).unwrap();
    let table = "| exercise |\n|---|\n| [ex2: Old](ex2/README.md) |\n";
    project.write(LISTS[0], table);
    project
        .run(&["author", "new", "ex2"])
        .success()
        .stderr(contains("note: exercises/README.md:3 already names ex2; check whether that is still right"));
    assert_eq!(project.read(LISTS[0]), table);
}

#[test]
fn what_cannot_be_written_leaves_nothing_behind() {
    let project = Project::course();
    fs::remove_dir_all(project.path("solutions")).unwrap();
    // A file in the folder's place: no folder can be made below it, whoever runs this.
    project.write("solutions", "in the way");
    let before = project.everything();
    project.run(&["author", "new", "ex2"]).code(3).stderr(
        contains("error: ex2 wasn't created, and nothing was changed: can't create the folder ")
            .and(contains("solutions")),
    );
    assert_eq!(project.everything(), before);
    assert!(!project.path("exercises/ex2").exists());
}
