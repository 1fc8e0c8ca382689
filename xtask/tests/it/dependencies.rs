//! Exercises 8 and 9, in which learners choose crates and features: wrong turns on purpose, and how they are graded.

use predicates::prelude::*;
use predicates::str::contains;
use std::path::Path;
use testbed::browser::left_out;
use testbed::course::{codes, verdict};
use testbed::project::{Project, json, stderr, stdout};

const MANIFEST: &str = "exercises/ex8/Cargo.toml";

/// Replaces the line that learners change.
fn depend_on(project: &Project, exercise: &str, line: &str) {
    let manifest = project.read(&format!("exercises/{exercise}/starter/Cargo.toml"));
    let from = manifest.find("[dependencies]\n").unwrap() + "[dependencies]\n".len();
    let to = from + manifest[from..].find("\n\n").unwrap();
    project
        .write(&format!("exercises/{exercise}/Cargo.toml"), &format!("{}{line}{}", &manifest[..from], &manifest[to..]));
}

fn found(project: &Project, exercise: &str) -> Vec<String> {
    let document = json(&project.run(&["check", exercise, "--format", "json"]).code(1));
    codes(&document).into_iter().map(|(code, _)| code).collect()
}

#[test]
#[ignore = "builds exercise 8 without what isn't allowed: .ci/run runs it"]
fn what_may_not_be_depended_on_is_named_first_and_not_built() {
    let project = Project::copy_of_the_repository();
    let said = |line: &str| {
        depend_on(&project, "ex8", line);
        let text = stderr(&project.run(&["check", "ex8"]).code(1));
        let (first, rest) = text.split_once("\nwarning[edits/other-file-changed]").unwrap_or((&text, ""));
        assert!(rest.contains("this check builds the course's own") && !rest.contains("dependency/"), "{text}");
        first.replace(project.path("").to_str().unwrap(), "")
    };
    insta::assert_snapshot!(said("regex = { version = \"1\", default_features = false, features = [\"std\"] }"), @r#"
    error[dependency/not-allowed]: Cargo doesn't accept the key `default_features`, which needs a hyphen
      --> exercises/ex8/Cargo.toml:12:26
       |
    12 | regex = { version = "1", default_features = false, features = ["std"] }
       |                          ^^^^^^^^^^^^^^^^ allowed: version, features, default-features, package, optional
       |
       = help: did you mean `default-features`?
    "#);
    insta::assert_snapshot!(said("regex = { version = \"1\", default-features = false, features = [\"std\", \"perl\"] }"), @r#"
    error[dependency/not-allowed]: the exercise doesn't list a feature `perl` of regex
      --> exercises/ex8/Cargo.toml:12:71
       |
    12 | regex = { version = "1", default-features = false, features = ["std", "perl"] }
       |                                                                       ^^^^^^ not known
       |
       = help: did you mean `unicode-perl`?
    "#);
    insta::assert_snapshot!(said("regex-lite = \"0.1\""), @r#"
    error[dependency/not-allowed]: the exercise doesn't let you depend on `regex-lite`
      --> exercises/ex8/Cargo.toml:12:1
       |
    12 | regex-lite = "0.1"
       | ^^^^^^^^^^ allowed: regex
       |
       = help: remove this line, and solve the exercise with what is allowed
    "#);
    insta::assert_snapshot!(said("regex = { path = \"../../../regex\" }"), @r#"
    error[dependency/not-allowed]: the exercise doesn't allow `path` in a dependency
      --> exercises/ex8/Cargo.toml:12:11
       |
    12 | regex = { path = "../../../regex" }
       |           ^^^^ allowed: version, features, default-features, package, optional
       |
       = help: use regex from the registry, and give its version: `version = "1"`
    "#);
    insta::assert_snapshot!(said("regex = \"1.5.4, <1.6\""), @r#"
    error[dependency/not-allowed]: `1.5.4, <1.6` doesn't include regex 1.13.1, the version in the course's Cargo.lock. The check builds with `--locked`, which keeps that file unchanged so that sizes can be compared
      --> exercises/ex8/Cargo.toml:12:9
       |
    12 | regex = "1.5.4, <1.6"
       |         ^^^^^^^^^^^^^ a different version
       |
       = help: write "1"
    "#);
    // The other goals are judged by what is built without it.
    let document = json(&project.run(&["check", "ex8", "--format", "json"]).code(1));
    assert_eq!(verdict(&document, "output"), "pass", "{document:#}");
    let text = project.read("exercises/ex8/starter/Cargo.toml");
    let from = text.find("[target").unwrap();
    project.write(MANIFEST, &format!("{}{}", &text[..from], &text[text.find("# Already").unwrap()..]));
    project.run(&["check", "ex8"]).code(1).stderr(contains("the course's table `target` is missing"));
}

#[test]
#[ignore = "asks Cargo about two dozen manifests: .ci/run runs it"]
fn a_requirement_is_refused_where_cargo_would_change_the_lock_file() {
    let project = Project::copy_of_the_repository();
    for requirement in [
        "1",
        "1.*",
        "1.13.*",
        "*",
        "^1",
        "~1.13",
        "=1.13.1",
        "=1.13",
        ">=1.13, <2",
        ">1.12,<1.14",
        "<=1.13.1",
        " 1 ",
        "1.99",
        "2",
        "~1.2",
        "1.12.*",
        "=1.11.1",
        "<1.13",
        "=1.13.1-rc.1",
        "",
        "latest",
        "1.13.1.0",
        "v1",
    ] {
        let line = format!("regex = {{ version = \"{requirement}\", default-features = false, features = [\"std\"] }}");
        depend_on(&project, "ex8", &line);
        let mut cargo = testbed::project::call("cargo");
        cargo.current_dir(project.path("exercises/ex8")).args(["tree", "--locked", "--offline"]);
        let accepted = cargo.output().unwrap().status.success();
        // What is built is wrong because features are missing; what isn't built is the question.
        project.write("exercises/ex8/src/main.rs", "!");
        let text = stderr(&project.run(&["check", "ex8"]).code(1));
        assert_eq!(!text.contains("dependency/not-allowed"), accepted, "{requirement}: {text}");
    }
}

#[test]
fn the_doctor_names_the_exercises_whose_crates_are_not_here_yet() {
    let project = Project::copy_of_the_repository();
    let mut nothing = project.xtask();
    let text = stdout(&nothing.env("CARGO_HOME", project.path("cargo-home")).arg("doctor").assert().success());
    let line = text.lines().find(|line| line.starts_with("missing  crates")).unwrap_or_else(|| panic!("{text}"));
    let names: Vec<&str> = line.split([' ', ',']).collect();
    assert!(names.contains(&"ex8") && names.contains(&"ex9") && line.contains("need crates"), "{text}");
    assert!(!names.contains(&"ex1"), "exercise 1 has no dependencies: {text}");
    assert!(text.contains("cargo fetch --locked"), "{text}");
}

#[test]
#[ignore = "builds regex with five sets of features: .ci/run runs it"]
fn exercise_8_notices_a_feature_too_few_and_one_too_many() {
    let project = Project::copy_of_the_repository();
    let with = |features: &str| {
        let line = format!("regex = {{ version = \"1\", default-features = false, features = [{features}] }}");
        depend_on(&project, "ex8", &line);
        found(&project, "ex8")
    };
    let lock = project.read("exercises/ex8/Cargo.lock");
    // It builds, and is smaller than the solution; what it lacks shows at run time.
    assert_eq!(with("\"std\""), ["output/differs"]);
    assert_eq!(with("\"std\", \"unicode-perl\""), ["output/differs"]);
    assert_eq!(with("\"std\", \"unicode\""), ["dependency/feature", "size/not-small-enough"]);
    let text = stderr(&project.run(&["check", "ex8"]).code(1));
    assert!(text.contains("^ not needed, or only in part"), "{text}");
    // This one shows at once.
    assert_eq!(with("\"unicode-case\", \"unicode-perl\""), ["build/failed"]);
    assert_eq!(project.read("exercises/ex8/Cargo.lock"), lock, "no choice changes a version");
}

#[test]
#[ignore = "builds clap, lexopt and pico-args: .ci/run runs it"]
fn exercise_9_notices_behavior_that_was_lost_with_the_crate() {
    let project = Project::copy_of_the_repository();
    let lock = project.read("exercises/ex9/Cargo.lock");
    // clap stays, and only its extras go.
    depend_on(
        &project,
        "ex9",
        "clap = { version = \"4\", default-features = false, features = [\"std\", \"derive\"] }",
    );
    assert_eq!(found(&project, "ex9"), ["dependency/not-allowed", "size/not-small-enough"]);
    let text = stderr(&project.run(&["check", "ex9"]).code(1));
    assert!(text.contains("^^^^ a crate in this table is compiled, used or not"), "{text}");
    // The new crate is there, and the source still uses the old one.
    depend_on(&project, "ex9", "lexopt = \"0.3\"");
    project.run(&["check", "ex9"]).code(1).stderr(contains("build/failed").and(contains("clap")));
    // The smallest crate, as its documentation shows it.
    depend_on(&project, "ex9", "pico-args = \"0.5\"");
    let source = project.read("solutions/ex9/src/main.rs");
    let parse = source.find("fn parse()").unwrap();
    let end = source.find("fn main()").unwrap();
    let pico = "fn parse() -> Result<Options, pico_args::Error> {\n    let mut arguments = pico_args::Arguments::from_env();\n    let ignore_case = arguments.contains([\"-i\", \"--ignore-case\"]);\n    let top = arguments.opt_value_from_str([\"-n\", \"--top\"])?.unwrap_or(10);\n    let skipped = arguments.finish().into_iter().map(|word| word.to_string_lossy().into_owned()).collect();\n    Ok(Options { ignore_case, top, skipped })\n}\n\n";
    let source = format!("{}{pico}{}", &source[..parse], &source[end..]).replace("use lexopt::prelude::*;\n\n", "");
    project.write("exercises/ex9/src/main.rs", &source);
    project.run(&["check", "ex9"]).code(1).stderr(contains("output/differs").and(contains("-in2")));
    assert_eq!(project.read("exercises/ex9/Cargo.lock"), lock, "no choice changes a version");
}

#[test]
#[ignore = "grades submissions with other crates than the course's: .ci/run runs it"]
fn a_submission_brings_the_crates_that_the_exercise_allows_and_no_others() {
    if !Path::new("/usr/bin/bwrap").is_file() {
        left_out("grading of chosen crates: there is no bubblewrap");
        return;
    }
    let project = Project::copy_of_the_repository();
    let hand_in = |student: &str, manifest: &str, source: &str| {
        project.write(&format!("class/{student}/ex9/Cargo.toml"), manifest);
        project.write(&format!("class/{student}/ex9/src/main.rs"), source);
    };
    let solution = project.read("solutions/ex9/Cargo.toml");
    let source = project.read("solutions/ex9/src/main.rs");
    let starter = project.read("exercises/ex9/starter/src/main.rs");
    hand_in("s001", &solution, &source);
    // What the course's own build left in the cache of compiled crates isn't what this build needs.
    let lean = "clap = { version = \"4\", default-features = false, features = [\"std\", \"derive\"] }";
    hand_in("s002", &solution.replacen("lexopt = \"0.3\"", lean, 1), &starter);
    // An allowed crate next to one that isn't: neither is built, and the source needs it.
    hand_in("s003", &solution.replacen("lexopt = \"0.3\"", "lexopt = \"0.3\"\nevil = { path = \"/etc\" }", 1), &source);
    project
        .run(&["grade", "class", "--exercise", "ex9", "--out", "out", "--jobs", "1"])
        .code(predicate::in_iter([0, 1]));
    let journal = project.read("out/journal.jsonl");
    let record = |student: &str| -> serde_json::Value {
        let of_student =
            |line: &&str| line.contains("grade/1\"") && line.contains(&format!("\"student\":\"{student}\""));
        let line = journal.lines().find(of_student).unwrap();
        serde_json::from_str(line).unwrap()
    };
    let points = ["s001", "s002", "s003"].map(|student| record(student)["points"].as_u64().unwrap());
    assert_eq!(points, [10, 4, 0], "{journal}");
    assert_eq!(record("s003")["status"], "build-failed");
    assert!(record("s003").to_string().contains("dependency/not-allowed"), "{journal}");
    let bytes = |student: &str, key: &str| record(student)[key].as_u64().unwrap();
    assert!(bytes("s001", "size_bytes") < bytes("s002", "size_bytes"), "{journal}");
    assert!(bytes("s002", "size_bytes") < bytes("s002", "size_baseline"), "{journal}");
}
