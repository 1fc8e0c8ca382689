//! Exercises 10, 11 and 13: what a learner does wrong on the way, on a copy of the whole course.

use crate::course::{codes, verdict};
use crate::project::{Project, json, stderr};
use predicates::str::contains;

/// The codes that a check finds, without what is still to be answered.
fn found(project: &Project, exercise: &str) -> Vec<String> {
    let document = json(&project.run(&["check", exercise, "--format", "json"]).code(1));
    codes(&document).into_iter().map(|(code, _)| code).filter(|code| code != "answer/missing").collect()
}

const PIPELINE: &str = "exercises/ex10/src/pipeline.rs";

#[test]
fn exercise_10_keeps_the_function_that_others_call() {
    let project = Project::copy_of_the_repository();
    // The closure as a trait object in the signature: those who call it hand over a value.
    let fresh = project.read(PIPELINE);
    let dynamic = fresh
        .replace("apply<F>(", "apply(")
        .replace("mut step: F)", "step: &mut dyn FnMut(&str) -> Result<String, String>)");
    project.write(PIPELINE, &dynamic.replace("where\n    F: FnMut(&str) -> Result<String, String>,\n", ""));
    let text = stderr(&project.run(&["check", "ex10"]).code(1));
    assert!(text.contains("build/failed") && text.contains("mismatched types"), "{text}");
    project.run(&["hint", "ex10"]).success().stdout(contains("it stays as it is"));
    // A change of the caller instead.
    project.write(PIPELINE, &fresh);
    project.edit(
        "exercises/ex10/src/steps.rs",
        "apply($name, lines, report, $step)",
        "apply($name, lines, report, &mut $step)",
    );
    let text = stderr(&project.run(&["check", "ex10"]).code(1));
    assert!(text.contains("edits/other-file-changed") && text.contains("src/pipeline.rs and answers.toml"), "{text}");
}

#[test]
#[ignore = "builds the program of exercise 10 five times: .ci/run runs it"]
fn exercise_10_is_not_met_by_what_leaves_the_copies() {
    let project = Project::copy_of_the_repository();
    let fresh = project.read(PIPELINE);
    // A copy that is kept apart is a copy.
    project.write(PIPELINE, &fresh.replace("pub fn apply", "#[inline(never)]\npub fn apply"));
    assert_eq!(found(&project, "ex10"), ["size/not-small-enough"]);
    project.run(&["hint", "ex10"]).success().stdout(contains("it does not make fewer of them"));
    // An inner function that takes the type along.
    let solution =
        std::fs::read_to_string(crate::project::repository().join("solutions/ex10/src/pipeline.rs")).unwrap();
    let generic = solution.replace("fn apply_dyn(", "fn apply_dyn<F: FnMut(&str) -> Result<String, String>>(");
    project.write(PIPELINE, &generic.replace("step: &mut dyn FnMut(&str) -> Result<String, String>,", "step: &mut F,"));
    assert_eq!(found(&project, "ex10"), ["size/not-small-enough"]);
    let text = stderr(&project.run(&["check", "ex10"]).code(1));
    assert!(text.contains(".text of `after` has") && text.contains("no setting is asked for here"), "{text}");
    // Smaller, and no longer the same.
    let silent = solution.replace(
        "report.refused.push(format!(\"{name}: line {}: {why}: {line:?}\", index + 1));",
        "let _ = (index, why);",
    );
    assert_ne!(silent, solution);
    project.write(PIPELINE, &silent);
    assert_eq!(found(&project, "ex10"), ["output/differs"]);
    // One copy is not all of them.
    project.write(PIPELINE, &solution);
    project.edit("exercises/ex10/answers.toml", "copies = \"\"", "copies = \"1.5KiB\"");
    let document = json(&project.run(&["check", "ex10", "--format", "json"]).code(1));
    assert_eq!(verdict(&document, "size"), "pass", "{document:#}");
    assert_eq!(codes(&document).into_iter().map(|(code, _)| code).collect::<Vec<_>>(), ["answer/wrong"]);
    project.run(&["check", "ex10"]).code(1).stderr(contains("`copies` is not right: it is more than 12 % too little"));
}
