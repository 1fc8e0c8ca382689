//! `cargo xtask author verify`: a course with a fault does not pass, and every fault is named.

use predicates::str::contains;
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, stderr, stdout};

#[test]
fn a_sound_course_passes() {
    let project = Project::quick_course();
    let assert = project.run(&["author", "verify"]).success();
    assert_eq!(stdout(&assert), "1 exercise verified, 0 problems\n");
    assert!(stderr(&assert).contains("3 lines of Cargo.toml removed"), "{}", stderr(&assert));
}

#[test]
fn a_line_that_no_goal_asks_for_is_found() {
    let project = Project::quick_course();
    project.write("solutions/ex1/Cargo.toml", &format!("{STARTER}{QUICK_PROFILE}codegen-units = 1\n"));
    project
        .run(&["author", "verify"])
        .code(1)
        .stderr(contains("solutions/ex1/Cargo.toml:12: no goal fails without this line: codegen-units = 1"));
}

#[test]
fn a_solution_that_does_not_pass_is_found() {
    let project = Project::quick_course();
    project.write("solutions/ex1/Cargo.toml", &format!("{STARTER}[profile.release]\nstrip = true\n"));
    project.run(&["author", "verify"]).code(1).stderr(contains(
        "ex1: the solution gets 6 of 10 points: profile/missing-setting: [profile.release] doesn't set `opt-level`",
    ));
}

#[test]
fn a_starter_that_fails_otherwise_than_it_says_is_found() {
    let project = Project::quick_course();
    project.edit(
        "exercises/ex1/exercise.toml",
        "\"profile/missing-setting\", \"size/not-small-enough\"",
        "\"profile/wrong-table\", \"size/not-small-enough\"",
    );
    project
        .run(&["author", "verify"])
        .code(1)
        .stderr(contains("also reports [profile/missing-setting], and doesn't report [profile/wrong-table]"));
}

#[test]
fn a_starter_with_many_points_is_found() {
    let project = Project::quick_course();
    project.edit("exercises/ex1/exercise.toml", "points = 2", "points = 6");
    project.run(&["author", "verify"]).code(1).stderr(contains(
        "ex1: the untouched exercise gets 6 of 14 points, for output: make that goal depend on another one (`needs`), or give it fewer points",
    ));
}

#[test]
fn every_untidiness_is_said_at_once() {
    let project = Project::quick_course();
    project.edit("exercises/ex1/exercise.toml", "hints = [\"nudge\", \"where\", \"what\"]", "hints = [\"nudge\"]");
    project.edit("exercises/ex1/README.md", "`cargo xtask hint ex1`", "[the cat](cat.md)");
    project.write("exercises/ex1/notes.txt", "stray");
    project.write(".cargo/cargo-xtask-works-in-the-exercise-folder-and-in-the-main-folder/about.txt", "");
    project.write("solutions/ex1/src/main.rs", "stray");
    project.write("exercises/ex1/Cargo.toml", &format!("{STARTER}{QUICK_PROFILE}"));
    project.write("exercises/ex1/src/main.rs", "fn main() {}\n");
    let text = stderr(&project.run(&["author", "verify"]).code(1));
    for words in [
        "1 hint instead of three",
        "exercises/ex1/README.md:3: there is no cat.md",
        "README.md doesn't contain `cargo xtask hint ex1`",
        "the digest of notes.txt is out of date",
        "the digest of src/main.rs is out of date",
        "solutions/ex1/src/main.rs isn't a file that learners edit",
        "exercises/ex1/Cargo.toml isn't the same as in starter/",
        "exercises/ex1/src/.cargo/config.toml: `cargo xtask` doesn't work in this folder",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

#[test]
fn questions_before_a_check_are_few_and_short_and_lead_to_a_page_that_is_there() {
    let project = Project::asking_course();
    project.write("docs/src/strip.md", "# strip\n\n## What it saves\n");
    project.edit("exercises/ex1/README.md", "# A tiny exercise\n", "# A tiny exercise\n\n`cargo xtask predict ex1`\n");
    let verify = || project.run(&["author", "verify"]);
    verify()
        .code(1)
        .stderr(contains("the question `own` refers to a page or heading that doesn't exist: there is no page docs/src/profile.md in docs/src/"));
    project.write("docs/src/profile.md", "# The release profile\n");
    // An author's own guesses don't belong to the exercise.
    project.run(&["author", "verify", "--write-digests"]).success();
    project.write("exercises/ex1/guesses.toml", "strip = \"20 %\"\n");
    verify().success();
    let file = "exercises/ex1/exercise.toml";
    let text = project.read(file);
    project.edit(file, "docs/src/profile.md", "docs/src/strip.md#what-it-saves");
    verify().success();
    project.edit(file, "strip.md#what-it-saves", "strip.md#what-it-costs");
    project.edit(file, "And its machine code?", &"And its machine code? ".repeat(9));
    project.edit(file, "measure.saved-percent = { build = \"small\"", "measure.saved-percent = { build = \"before\"");
    project.edit(file, "measure.order = { build = \"small\"", "measure.order = { build = \"before\"");
    project.edit("exercises/ex1/README.md", "`cargo xtask predict ex1`", "");
    let said = stderr(&verify().code(1));
    for words in [
        "no heading of docs/src/strip.md has the anchor `what-it-costs`",
        "the question `code` is longer than 140 characters",
        "no goal and no question uses the build `small`",
        "README.md doesn't contain `cargo xtask predict ex1`, but the exercise has questions",
    ] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let last = text.rfind("[[predict]]").unwrap();
    let first = text.find("[[predict]]").unwrap();
    project.write(file, &format!("{}{}", &text[..first], &text[last..]));
    assert!(stderr(&verify().code(1)).contains("[[predict]] has 1 question; two to 5"));
}
