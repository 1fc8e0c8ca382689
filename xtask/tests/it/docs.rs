//! Generated documents: what `cargo xtask docs` writes, and what `--check` finds.

use crate::project::{Project, stderr};
use predicates::prelude::*;
use predicates::str::contains;

#[test]
fn what_is_committed_is_up_to_date() {
    Project::copy_of_the_repository().run(&["docs", "--check"]).success().stderr(contains("files are up to date"));
}

#[test]
fn a_number_that_was_changed_by_hand_is_found_with_its_line_and_repaired() {
    let project = Project::copy_of_the_repository();
    let committed = project.read("README.md");
    let row = committed.lines().position(|line| line.starts_with("| + lto = true |")).unwrap();
    let line = committed.lines().nth(row).unwrap();
    project.edit("README.md", line, &line.replacen("0", "1", 1));
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains(format!("error: README.md:{}: stale", row + 1)).and(contains("cargo xtask docs")));
    project.run(&["docs"]).success().stderr(contains("wrote README.md"));
    assert_eq!(project.read("README.md"), committed);
    project.run(&["docs"]).success().stderr(contains("everything was up to date"));
}

#[test]
fn a_picture_that_is_missing_is_found_and_made() {
    let project = Project::copy_of_the_repository();
    let committed = project.read("docs/src/img/ladder-dark.svg");
    std::fs::remove_file(project.path("docs/src/img/ladder-dark.svg")).unwrap();
    project.run(&["docs", "--check"]).code(1).stderr(contains("docs/src/img/ladder-dark.svg:1: stale"));
    project.run(&["docs"]).success();
    assert_eq!(project.read("docs/src/img/ladder-dark.svg"), committed);
}

#[test]
fn a_marker_that_names_nothing_is_shown_with_its_line() {
    let project = Project::copy_of_the_repository();
    project.edit("README.md", "<!-- generated: sizes ladder -->", "<!-- generated: sizes lader -->");
    let before = project.read("README.md");
    let message = stderr(&project.run(&["docs"]).code(2));
    assert!(
        message.contains("nothing of this name can be generated") && message.contains("--> README.md:"),
        "{message}"
    );
    assert!(message.contains("the tables are ladder, s-z-3"), "{message}");
    assert_eq!(project.read("README.md"), before);
}

#[test]
fn without_a_measurement_there_is_nothing_to_generate_from() {
    let project = Project::plain_workshop();
    project.write("README.md", "");
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains("there is no measurement for rustc").and(contains("sizes --accept")));
}
