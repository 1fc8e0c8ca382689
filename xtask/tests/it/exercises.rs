//! The exercises themselves, on a copy of the whole course. What takes minutes is left to `.ci/run`
//! (`cargo xtask author verify`, and the tests that are ignored here).

use predicates::prelude::*;
use predicates::str::contains;
use std::path::{Path, PathBuf};
use testbed::course::{codes, verdict};
use testbed::project::{Project, call, json, repository, stderr, stdout};

#[test]
fn exercise_1_fails_fresh_and_passes_when_solved() {
    let project = Project::copy_of_the_repository();
    let document = json(&project.run(&["check", "ex1", "--format", "json"]).code(1));
    let found: Vec<String> = codes(&document).into_iter().map(|(code, _)| code).collect();
    assert_eq!(found, ["profile/missing-setting", "size/not-small-enough"]);
    project.write("exercises/ex1/Cargo.toml", &project.read("solutions/ex1/Cargo.toml"));
    project.run(&["check", "ex1"]).success().stdout(contains("10 of 10 points"));
}

#[test]
#[ignore = "builds exercise 1 several times: .ci/run runs it"]
fn exercise_1_passes_with_s_and_names_what_is_missing() {
    let project = Project::copy_of_the_repository();
    let solution = project.read("solutions/ex1/Cargo.toml").replace("\"z\"", "\"s\"");
    project.write("exercises/ex1/Cargo.toml", &solution);
    project.run(&["check", "ex1"]).success().stdout(contains("10 of 10 points"));
    // Speed instead of size: the check says so, and what is missing to the goal.
    project.edit("exercises/ex1/Cargo.toml", "opt-level = \"s\"", "opt-level = 3");
    project.run(&["check", "ex1"]).code(1).stderr(contains("this optimizes for speed"));
    project.edit("exercises/ex1/Cargo.toml", "strip = true", "");
    project.run(&["check", "ex1"]).code(1).stderr(
        contains("size/not-small-enough")
            .and(contains("of its settings, `strip` saves the most: alone it took word_freq from")),
    );
}

#[test]
fn exercise_2_looks_at_the_words_before_it_builds() {
    let project = Project::copy_of_the_repository();
    let document = json(&project.run(&["check", "ex2", "--format", "json"]).code(1));
    assert_eq!(codes(&document).len(), 6);
    assert!(codes(&document).iter().all(|(code, line)| code == "answer/missing" && line.is_some()), "{document:#}");
    assert!(document["builds"].as_array().unwrap().is_empty());
    let answers = project.read("exercises/ex2/answers.toml");
    project.write(
        "exercises/ex2/answers.toml",
        &answers
            .replace("largest-crate-size = \"\"", "largest-crate-size = \"a lot\"")
            .replace("functions = \"\"", "functions = \"backtraces\""),
    );
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert!(text.contains("answer/not-a-number") && text.contains("write bytes (24371)"), "{text}");
    assert!(text.contains("did you mean \"backtrace\"?"), "{text}");
    // A question that is misspelled, another one with a list, and a table above all of them.
    project.write(
        "exercises/ex2/answers.toml",
        &answers.replace("functions =", "function =").replace("why = \"\"", "why = [\"\"]"),
    );
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert!(text.contains("`function` isn't a question of this exercise"), "{text}");
    assert!(text.contains("did you mean `functions`?") && text.contains("`why` is a list"), "{text}");
    assert!(text.contains("4 questions have no answer yet"), "{text}");
    project.write("exercises/ex2/answers.toml", &format!("[answers]\n{answers}"));
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert_eq!(text.matches("answers.toml has a table [answers]").count(), 1, "{text}");
    // A file that no TOML reader sees.
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(project.path("exercises/ex2/answers.toml"), b"why = \"caf\xe9\"\n").unwrap();
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert!(text.contains("answers.toml isn't valid UTF-8: byte 11 of line 1"), "{text}");
    std::fs::remove_file(project.path("exercises/ex2/answers.toml")).unwrap();
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert!(text.contains("there is no answers.toml") && text.contains("cargo xtask reset"), "{text}");
    project.write("exercises/ex2/answers.toml", "largest-crate = serde_json\n");
    let text = stderr(&project.run(&["check", "ex2"]).code(1));
    assert!(text.contains("answer/syntax") && text.contains("answers.toml:1:17"), "{text}");
    assert!(!project.path("target/check/ex2/starter-target").exists(), "nothing was built");
}

#[test]
#[ignore = "builds config_tool a dozen times: .ci/run runs it"]
fn exercise_3_names_the_wrong_turns() {
    let project = Project::copy_of_the_repository();
    let fresh = project.read("exercises/ex3/Cargo.toml");
    let problems = |profiles: &str| {
        project.write("exercises/ex3/Cargo.toml", &format!("{fresh}{profiles}"));
        let assert = project.run(&["check", "ex3", "--format", "json"]).code(1);
        let document = json(&assert);
        assert_eq!(verdict(&document, "size"), "skip", "{document:#}");
        codes(&document).into_iter().map(|(code, _)| code).filter(|code| code != "answer/missing").collect::<Vec<_>>()
    };
    assert_eq!(problems(""), ["profile/missing-setting"]);
    // All in the profile that should stay fast.
    let five = "opt-level = \"z\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = true\n";
    assert_eq!(problems(&format!("[profile.release]\n{five}")), ["profile/missing-setting"]);
    assert_eq!(problems(&format!("[profile.dist]\n{five}")), ["profile/no-inherits"]);
    assert_eq!(problems(&format!("[profile.dsit]\ninherits = \"release\"\n{five}")), ["profile/unknown-table"]);
    // `dist` is right, and `release` is no longer fast, but as small.
    let both = format!("[profile.release]\n{five}[profile.dist]\ninherits = \"release\"\n");
    project.write("exercises/ex3/Cargo.toml", &format!("{fresh}{both}"));
    let text = stderr(&project.run(&["check", "ex3"]).code(1));
    assert!(text.contains("`opt-level = \"z\"` doesn't suit this profile"), "{text}");
    assert!(text.contains("this optimizes for size"), "{text}");
    let settings = "also sets `opt-level`, `lto`, `codegen-units`, `panic` and `strip`: don't remove them";
    assert!(text.contains(&format!("[profile.release], the build that yours is compared with, {settings}")), "{text}");
}

#[test]
#[ignore = "builds a dozen exercises several times: .ci/run runs it"]
fn every_question_is_measured_by_the_time_the_solution_passes() {
    let project = Project::copy_of_the_repository();
    let list = json(&project.run(&["list", "--format", "json"]).success());
    let ids = list["exercises"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap());
    let mut asking = 0;
    for id in ids {
        let exercise: toml::Table = project.read(&format!("exercises/{id}/exercise.toml")).parse().unwrap();
        let Some(questions) = exercise.get("predict").and_then(toml::Value::as_array) else { continue };
        asking += 1;
        let answers = questions.iter().map(|question| {
            let is_word = question["measure"].get("order").is_some();
            format!("{}={}", question["name"].as_str().unwrap(), if is_word { "larger" } else { "7" })
        });
        let answers: Vec<String> = answers.flat_map(|answer| ["--answer".to_owned(), answer]).collect();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        project.run(&[&["predict", id], &answers[..]].concat()).success();
        // For the untouched exercise, only what doesn't depend on the learner's work is measured.
        let predictions =
            |code| json(&project.run(&["check", id, "--format", "json"]).code(code))["predictions"].clone();
        let (before, own) = (predictions(1), |name: &str| {
            questions
                .iter()
                .any(|question| question["name"].as_str() == Some(name) && question.get("when-met").is_some())
        });
        for one in before.as_array().unwrap() {
            let name = one["name"].as_str().unwrap();
            assert_eq!(one["measured"].is_null(), own(name), "{id} {name}: {one}");
        }
        for path in exercise["edits"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()) {
            let solution = project.read(&format!("solutions/{id}/{path}"));
            project.write(&format!("exercises/{id}/{path}"), &solution);
        }
        let after = predictions(0);
        assert_eq!(after.as_array().unwrap().len(), questions.len());
        assert!(after.as_array().unwrap().iter().all(|one| !one["measured"].is_null()), "{id}: {after:#}");
    }
    assert!(asking >= 8, "{asking} exercises ask");
}

/// Where cargo-bloat is: `.ci/run` has installed it, or Cargo does so once for all runs.
fn cargo_bloat() -> PathBuf {
    let root = repository().join("target").join("cargo-bloat");
    if root.join("bin/cargo-bloat").exists() {
        return root.join("bin");
    }
    let mut install = call("cargo");
    install.args(["install", "cargo-bloat", "--version", "0.12.1", "--locked", "--root"]).arg(&root).assert().success();
    root.join("bin")
}

fn bloat(bin: &Path, folder: &Path, variable: Option<(&str, &str)>, args: &[&str]) -> String {
    let mut call = call("cargo");
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths([bin.to_owned()].into_iter().chain(std::env::split_paths(&path))).unwrap();
    call.current_dir(folder).env("PATH", path).env("CARGO_TARGET_DIR", folder.join("target/bloat"));
    call.envs(variable);
    stdout(&call.args(["bloat", "--release"]).args(args).assert().success())
}

#[test]
#[ignore = "installs cargo-bloat and builds exercise 2 six times: .ci/run runs it"]
fn exercise_2_accepts_what_cargo_bloat_prints_and_tells_what_was_measured() {
    let project = Project::copy_of_the_repository();
    let bin = cargo_bloat();
    let folder = project.path("exercises/ex2");
    let table = bloat(&bin, &folder, None, &["--crates"]);
    // " 0.5%   7.5%  22.7KiB serde_json": the largest crate after std.
    let row: Vec<&str> = table.lines().nth(2).unwrap().split_whitespace().collect();
    let [_, share, size, name] = row.as_slice() else { panic!("{table}") };
    for printed in [share, size] {
        project.write(
            "exercises/ex2/answers.toml",
            &format!("largest-crate = \"{name}\"\nlargest-crate-size = \"{printed}\"\nfunctions = \"backtrace\"\nsetting = \"none\"\nkept-by = \"DisplayBacktrace\"\nwhy = \"The standard library comes compiled and is not touched.\"\n"),
        );
        project.run(&["check", "ex2"]).success().stdout(contains("10 of 10 points"));
    }
    // cargo-bloat sees the same as the check: no setting makes these functions a tenth smaller.
    let sum = |variable| last_kib(&bloat(&bin, &folder, variable, &["--filter", "gimli::", "-n", "3"]));
    let before = sum(None);
    for variable in [
        ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
        ("CARGO_PROFILE_RELEASE_STRIP", "true"),
        ("CARGO_PROFILE_RELEASE_LTO", "true"),
    ] {
        let after = sum(Some(variable));
        assert!(after > before * 0.9, "{variable:?}: {before} -> {after} KiB");
    }
    // Learners who answer with this workshop's original numbers see what was measured, not the answer.
    for claim in ["strip", "panic", "lto"] {
        project.edit("exercises/ex2/answers.toml", "setting = \"none\"", &format!("setting = \"{claim}\""));
        let text = stderr(&project.run(&["check", "ex2"]).code(1));
        assert!(text.contains("answer/wrong") && text.contains("bytes in the default release build, and"), "{text}");
        assert_eq!(text.contains("It is often said"), claim != "lto", "{text}");
        assert!(!text.contains("\"none\""), "{text}");
        project.edit("exercises/ex2/answers.toml", &format!("setting = \"{claim}\""), "setting = \"none\"");
    }
    for (key, right, wrong, words) in [
        ("largest-crate", *name, "memchr", "and there is a larger one"),
        ("largest-crate", *name, "gimli", "that is the standard library, or a part of it"),
        ("largest-crate", *name, "tokio", "no code from a crate with this name"),
        ("largest-crate-size", *size, "1KiB", "too low"),
        ("functions", "backtrace", "json", "% of the code, and a different group is larger"),
        ("kept-by", "DisplayBacktrace", "main", "can also panic"),
        ("kept-by", "DisplayBacktrace", "<DisplayBacktrace as Display>::fmt", "write just the word"),
    ] {
        project.edit("exercises/ex2/answers.toml", &format!("{key} = \"{right}\""), &format!("{key} = \"{wrong}\""));
        project.run(&["check", "ex2"]).code(1).stderr(contains(words));
        project.edit("exercises/ex2/answers.toml", &format!("{key} = \"{wrong}\""), &format!("{key} = \"{right}\""));
    }
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "builds exercise 2 four times: .ci/run runs it"]
fn exercise_2_is_right_about_what_keeps_gimli_in_the_program() {
    let project = Project::copy_of_the_repository();
    let why = || {
        let call = ["bloat", "--manifest-path", "exercises/ex2/Cargo.toml", "--why", "gimli", "-n", "0"];
        let printed = stdout(&project.run(&call).success());
        let (ways, keepers) = printed.split_once("removing any one of these").expect("what keeps it");
        (ways.to_owned(), keepers.to_owned())
    };
    // The default release build, and one with the settings of the book.
    let manifest = project.read("exercises/ex2/Cargo.toml");
    let small = "opt-level = \"z\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = true\n";
    for settings in ["", small] {
        project.write("exercises/ex2/Cargo.toml", &format!("{manifest}\n[profile.release]\n{settings}"));
        let (ways, keepers) = why();
        assert!(keepers.contains("DisplayBacktrace as core::fmt::Display>::fmt"), "{keepers}");
        for other in ["config_tool::main", "rust_oom", "panic_with_hook"] {
            assert!(!keepers.contains(other), "{keepers}");
        }
        assert!(ways.contains("panic_with_hook") || ways.contains("rust_oom"), "{ways}");
    }
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "builds exercise 16 five times: .ci/run runs it"]
fn exercise_16_is_right_about_the_forgotten_call() {
    let project = Project::copy_of_the_repository();
    let bloat = |view: &[&str]| {
        let call = ["bloat", "--manifest-path", "exercises/ex16/Cargo.toml"];
        project.run(&[&call[..], view].concat())
    };
    let printed = stdout(&bloat(&["--why", "regex_lite", "-n", "0"]).success());
    let keepers = printed.split_once("removing any one of these").expect("what keeps it").1;
    let names = |name: &str| keepers.lines().any(|line| line.ends_with(name));
    for keeper in ["shift_log::texts::is_rule", "shift_log::reading::explain", "shift_log::main"] {
        assert!(names(keeper), "{keeper}: {printed}");
    }
    // The functions that are never called are not in the program at all.
    assert!(!printed.contains("is_date") && !printed.contains("masked"), "{printed}");
    // Copying what is predicted here, and making the cut, gives all points.
    let predicted = stdout(&bloat(&["--without", "regex_lite"]).success());
    let saving = predicted.lines().find_map(|line| line.strip_suffix("  the whole file")).expect("the sum");
    project.write("exercises/ex16/src/texts.rs", &project.read("solutions/ex16/src/texts.rs"));
    let answers = format!("function = \"is_rule\"\nsaving = \"{}\"\n", saving.split_whitespace().next().unwrap());
    project.write("exercises/ex16/answers.toml", &answers);
    project.run(&["check", "ex16"]).success().stdout(contains("10 of 10 points"));
    // The crate is compiled, and not in the file.
    let cut = stderr(&bloat(&["--why", "regex_lite"]).code(2));
    assert!(cut.contains("`regex_lite` was compiled, but none of it is in the program"), "{cut}");
}

#[test]
#[ignore = "installs cargo-bloat: .ci/run runs it"]
fn our_own_table_agrees_with_that_of_cargo_bloat_on_the_same_file() {
    let project = Project::copy_of_the_repository();
    let bin = cargo_bloat();
    let folder = project.path("exercises/ex2");
    let theirs: serde_json::Value =
        serde_json::from_str(&bloat(&bin, &folder, None, &["--crates", "-n", "0", "--message-format", "json"]))
            .unwrap();
    let file = folder.join("target/bloat/release/config_tool");
    let ours = json(&project.run(&["bloat", "--format", "json", "--file", file.to_str().unwrap()]).success());
    assert_eq!(ours["text_bytes"], theirs["text-section-size"], "the same .text");
    assert_eq!(ours["file_bytes"], theirs["file-size"]);
    let rows = |document: &serde_json::Value| document["crates"].as_array().unwrap().clone();
    let size_of = |name: &str| {
        let row =
            rows(&theirs).into_iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {theirs:#}"));
        row["size"].as_f64().unwrap()
    };
    let bytes_of = |chosen: &dyn Fn(&serde_json::Value) -> bool| -> f64 {
        rows(&ours).iter().filter(|row| chosen(row)).map(|row| row["bytes"].as_f64().unwrap()).sum()
    };
    // There are two ways to decide which crate a generic function belongs to: cargo-bloat also goes by where it was
    // compiled.
    for (name, most) in [("serde_json", 0.06), ("config_tool", 0.0), ("memchr", 0.0), ("itoa", 0.0)] {
        // cargo-bloat doesn't distinguish std's memchr from the program's own.
        let named = |row: &serde_json::Value| row["name"].as_str().unwrap().split(' ').next() == Some(name);
        let (own, other) = (bytes_of(&named), size_of(name));
        assert!((own - other).abs() <= other * most, "{name}: {own} by us, {other} by cargo-bloat");
    }
    let (own, other) = (bytes_of(&|row| row["standard"] == true), size_of("std"));
    assert!((own - other).abs() <= other * 0.02, "std: {own} by us, {other} by cargo-bloat");
}

/// The KiB in the last line of cargo-bloat's table.
fn last_kib(table: &str) -> f64 {
    let mut words = table.lines().rfind(|line| line.contains("filtered data size")).unwrap().split_whitespace();
    words.find_map(|word| word.strip_suffix("KiB")).unwrap().parse().unwrap()
}
