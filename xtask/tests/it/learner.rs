//! A learner's way through an exercise, wrong turns and machine trouble included.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use testbed::course::{QUICK_PROFILE, SOURCE, STARTER, codes, pin, settled, verdict};
use testbed::project::{Project, json, stderr, stdout};

#[test]
fn the_whole_journey_of_a_learner() {
    let project = Project::course();
    // Where am I? What do I type?
    let overview = stdout(&project.run(&[]).success());
    insta::assert_snapshot!("journey-1-overview", overview);
    // The fresh exercise fails, and shows the line and what to do next.
    let first = project.check().code(1);
    insta::assert_snapshot!("journey-2-first-check", settled(&without_times(&stdout(&first))));
    assert!(stderr(&first).contains("help: the file has no [profile.release] yet"), "{}", stderr(&first));
    // A nudge, where, what.
    for (hint, left) in [("nudge", "2 more"), ("where", "1 more"), ("what", "That was the last hint")] {
        project.run(&["hint", "ex1"]).success().stdout(contains(format!("  {hint}\n")).and(contains(left)));
    }
    project.run(&["solution", "ex1"]).code(1).stderr(contains("--reveal")).stdout("");
    // A wrong turn has its own hints, and they come first.
    project.profile("[profile.dev]\nopt-level = \"z\"\nlto = true\nstrip = true\n");
    project
        .run(&["hint", "ex1"])
        .success()
        .stdout(contains("look at the name of the table").and(contains("profile/wrong-table")));
    // Done.
    project.profile("[profile.release]\nopt-level = \"s\"\nlto = \"fat\"\nstrip = \"symbols\"\n");
    let last = project.check().success();
    let receipt = stdout(&last);
    let (since, rest): (Vec<&str>, Vec<&str>) =
        receipt.lines().partition(|line| line.starts_with("since the last check"));
    assert!(since.len() == 1 && since[0].contains("`after` is ") && since[0].contains(" bytes smaller: "), "{receipt}");
    insta::assert_snapshot!("journey-3-last-check", settled(&without_times(&rest.join("\n"))));
    let listed = json(&project.run(&["list", "--format", "json"]).success());
    assert_eq!(listed["schema"], "size-workshop/list/1");
    let own = listed["exercises"][0].as_object().unwrap();
    let promised = serde_json::json!({"id": "ex1", "title": "A tiny exercise", "level": "beginner", "minutes": 5, "state": "done", "points": 10, "points_max": 10});
    for (key, value) in promised.as_object().unwrap() {
        assert_eq!(&own[key], value, "{key}");
    }
    // What was saved, by the size goal of that check.
    assert!(own["bytes_after"].as_u64().unwrap() < own["bytes_before"].as_u64().unwrap(), "{own:?}");
    assert_eq!((own["toolchain"].as_str(), own["passed_on"].as_str().map(str::len)), (Some(pin().as_str()), Some(10)));
    assert_eq!((listed["minutes_left"].as_u64(), listed["next"].as_str()), (Some(0), None));
    let paper = stdout(&project.run(&["list", "--format", "markdown"]).success());
    assert!(paper.contains("| ex1: A tiny exercise | done | 10/10 | ") && paper.contains("Self-reported"), "{paper}");
    let done = stdout(&project.run(&[]).success());
    let (saved, rest): (Vec<&str>, Vec<&str>) = done.lines().partition(|line| line.starts_with("saved so far: "));
    assert!(saved.len() == 1 && saved[0].contains(" bytes in 1 exercise, "), "{done}");
    insta::assert_snapshot!("journey-4-overview", rest.join("\n"));
    project.run(&["hint", "ex1"]).success().stdout(contains("ex1 is done"));
    insta::assert_snapshot!("journey-5-solution", stdout(&project.run(&["solution", "ex1"]).success()));
    // Back to the start, and nothing is lost.
    let mine = project.read("exercises/ex1/Cargo.toml");
    let reset = stdout(&project.run(&["reset", "ex1"]).success());
    assert_eq!(project.read("exercises/ex1/Cargo.toml"), STARTER);
    let saved = reset.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(project.read(&format!("{saved}/Cargo.toml")), mine);
    project.run(&["reset", "ex1"]).success().stdout(contains("nothing to reset"));
    assert_eq!(json(&project.run(&["list", "--format", "json"]).success())["exercises"][0]["state"], "done");
}

/// Without the build times.
fn without_times(text: &str) -> String {
    let mut plain = String::new();
    for line in text.lines() {
        let line = line.trim_end();
        let line = match line.rsplit_once(' ') {
            Some((rest, "s")) if rest.trim_end().ends_with(|c: char| c.is_ascii_digit()) => {
                let kept = rest.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                format!("{} N s", kept.trim_end())
            }
            _ => line.to_owned(),
        };
        plain += &(line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n");
    }
    plain
}

#[test]
fn the_document_of_a_check_is_what_was_promised() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let (code, document) = project.check_json();
    assert_eq!(code, 0);
    assert_eq!(document["schema"], "size-workshop/check/1");
    assert_eq!(document["exercise"], "ex1");
    assert_eq!(document["verdict"], "pass");
    assert_eq!((document["points"].as_u64(), document["points_max"].as_u64()), (Some(10), Some(10)));
    assert_eq!(document["toolchain"], pin().as_str());
    assert!(document["target"].as_str().unwrap().contains('-'));
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for key in ["id", "text", "verdict", "points", "points_max", "diagnostics", "data"] {
        assert!(keys(&document["goals"][0]).contains(&key.to_owned()), "{key}");
    }
    let build = document["builds"].as_array().unwrap().iter().find(|build| build["name"] == "after").unwrap();
    assert_eq!(build["profile"], "release");
    let executable = build["executable"].as_str().unwrap();
    assert_eq!(
        fs::metadata(executable).unwrap().len(),
        build["bytes"].as_u64().unwrap(),
        "the file is the learner's own"
    );
    assert!(build["seconds"].as_f64().is_some() && build["fresh"] == false);
    // The same again: nothing is built.
    let (_, document) = project.check_json();
    assert!(document["builds"].as_array().unwrap().iter().all(|build| build["fresh"] == true), "{document:#}");
    // A problem has everything that an editor needs.
    project.profile("[profile.release]\nopt-levl = \"z\"\nlto = true\nstrip = true\n");
    let (_, document) = project.check_json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&document["goals"][0]["diagnostics"]).unwrap());
    // Several at once, and errors, are also one document.
    let all = json(&project.run(&["check", "--all", "--solution", "--format", "json"]).success());
    assert_eq!(
        (all["schema"].as_str(), all["exercises"][0]["points"].as_u64()),
        (Some("size-workshop/checks/1"), Some(10))
    );
    let error = json(&project.run(&["check", "ex7", "--format", "json"]).code(2));
    assert_eq!(error["schema"], "size-workshop/error/1");
    assert_eq!(error["help"], "did you mean `ex1`? `cargo xtask list` shows all");
}

#[test]
fn the_solution_is_judged_without_touching_the_learners_files() {
    let project = Project::quick_course();
    project.profile("[profile.release]\nlto = \"thin\" # mine\n");
    let before = project.everything();
    project.run(&["check", "ex1", "--solution"]).success().stdout(contains("10 of 10 points"));
    let after = project.everything();
    let own = |files: &[(std::path::PathBuf, Vec<u8>, std::time::SystemTime)]| {
        files.iter().filter(|(path, ..)| !path.starts_with(project.path("target"))).cloned().collect::<Vec<_>>()
    };
    assert_eq!(own(&before), own(&after));
}

#[test]
fn other_approaches_are_measured_beside_the_solution() {
    let project = Project::quick_course();
    let file = "solutions/ex1/approaches.toml";
    let approach = |name: &str, from: &str, to: &str, misses: &str| {
        format!(
            "[[approach]]\nname = {name:?}\nwhat = \"What {name} gives up.\"\n{misses}\
             [[approach.edit]]\nfile = \"Cargo.toml\"\nfrom = {from:?}\nto = {to:?}\n"
        )
    };
    project.write(
        file,
        &(approach("named strip", "strip = true", "strip = \"symbols\"", "")
            + &approach("symbols kept", "strip = true", "strip = false", "misses = \"profile\"\n")),
    );
    let table = contains("named strip").and(contains("misses profile")).and(contains("What symbols kept gives up."));
    project.run(&["solution", "ex1", "--reveal"]).success().stdout(table.and(contains("\n yours ").not()));
    project.run(&["author", "verify", "ex1"]).success().stderr(contains("ex1: 2 approaches tried"));
    // A learner who is done sees their own row as well.
    project.profile(QUICK_PROFILE);
    project.check().success();
    project.run(&["solution", "ex1"]).success().stdout(contains("\n yours ").and(contains("\n the course's ")));
    project.profile("");
    // What is printed about one has to be true.
    project.edit(file, "misses = \"profile\"\n", "");
    project.run(&["author", "verify", "ex1"]).code(1).stderr(contains("\"symbols kept\" should meet every goal"));
    project.edit(file, "strip = \\\"symbols\\\"", "strip =");
    project.edit(file, "What named strip gives up.\"", "What named strip gives up.\"\nmisses = \"profile\"");
    project.run(&["author", "verify", "ex1"]).code(1).stderr(contains("isn't measured"));
    // A malformed file is named with its line, and the solution is shown anyway.
    project.write(file, "[[approach]]\nnam = \"a\"\n");
    let shown = project.run(&["solution", "ex1", "--reveal"]).code(2);
    shown.stdout(contains("strip = true")).stderr(contains("solutions/ex1/approaches.toml:2"));
}

#[test]
fn what_if_tells_a_learner_what_a_missing_setting_would_bring() {
    let project = Project::quick_course();
    project.edit(
        "Cargo.toml",
        "[workspace.metadata.sizes]",
        "[profile.small]\ninherits = \"release\"\nstrip = true\n\n[workspace.metadata.sizes]",
    );
    project.check().code(1).stderr(contains("start with the goal `profile`: it names what is missing"));
    project.run(&["what-if", "--profile", "small"]).success();
    project.check().code(1).stderr(
        contains("of its settings, `strip` saves the most: alone it took tiny from")
            .and(contains("when `cargo xtask what-if` measured it")),
    );
}

fn first_problem(text: &str) -> String {
    let start = text.find("error[").unwrap_or_else(|| panic!("no problem: {text}"));
    text[start..].split("\n\n").next().unwrap().to_owned()
}

#[test]
fn a_build_that_fails_shows_rustcs_own_words_whole() {
    let project = Project::quick_course();
    project.edit(
        "exercises/ex1/exercise.toml",
        "edits = [\"Cargo.toml\"]",
        "edits = [\"Cargo.toml\", \"src/main.rs\"]",
    );
    let main = project.read("exercises/ex1/src/main.rs");
    for folder in ["exercises/ex1/starter", "solutions/ex1"] {
        project.write(&format!("{folder}/src/main.rs"), &main);
    }
    project.run(&["author", "verify", "--write-digests"]).success();
    project.write("exercises/ex1/src/main.rs", "fn main() {\n    let x: u32 = \"one\";\n    println!(\"{y}\");\n}\n");
    project.profile(QUICK_PROFILE);
    let assert = project.check().code(1);
    let text = stderr(&assert);
    for words in [
        "error[E0308]: mismatched types",
        "error[E0425]: cannot find value `y`",
        "--> src/main.rs:2:18",
        "build/failed",
    ] {
        assert!(text.contains(words), "{words}:\n{text}");
    }
    let (_, document) = project.check_json();
    assert_eq!(verdict(&document, "output"), "fail");
    let size = document["goals"].as_array().unwrap().iter().find(|goal| goal["id"] == "size").unwrap();
    assert_eq!((size["verdict"].as_str(), size["waits_for"].as_str()), (Some("skip"), Some("the goal `output`")));
}

#[test]
fn a_file_that_was_not_to_be_changed_is_named() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    project.write("exercises/ex1/src/main.rs", "fn main() {}\n");
    let (code, document) = project.check_json();
    assert_eq!(code, 1);
    assert_eq!(codes(&document), [("edits/other-file-changed".to_owned(), None)]);
    assert_eq!(verdict(&document, "size"), "skip");
    assert!(!project.was_built());
    let text = stderr(&project.check());
    insta::assert_snapshot!(first_problem(&text));
    // Line endings alone aren't a change: git makes them on Windows.
    project.write("exercises/ex1/src/main.rs", &SOURCE.replace('\n', "\r\n"));
    project.check().success();
}

/// What the program does instead, under the learner's profile only: Cargo sets `panic` for it.
fn misbehaves(how: &str) -> Project {
    let project = Project::quick_course();
    let source = format!(
        "fn main() {{\n    if cfg!(panic = \"abort\") {{ {how} }}\n    println!(\"right\");\n    println!(\"both\");\n}}\n"
    );
    project.write("exercises/ex1/src/main.rs", &source);
    project.run(&["author", "verify", "--write-digests"]).success();
    project.profile(&format!("{QUICK_PROFILE}panic = \"abort\"\n"));
    project
}

#[test]
fn a_program_that_does_something_else_is_shown_with_a_difference() {
    let project = misbehaves("println!(\"wrong\"); println!(\"both\"); eprintln!(\"oops\"); std::process::exit(3)");
    let text = stderr(&project.check().code(1));
    let problem = first_problem(&text);
    let (shown, command) = problem.split_once("run it yourself: ").unwrap();
    insta::assert_snapshot!(shown);
    // The command in the message can be run, and shows the same.
    let line = command.trim().lines().next().unwrap();
    if cfg!(unix) {
        let run = assert_cmd::Command::new("sh").args(["-c", line]).current_dir(project.path("")).assert().code(3);
        assert_eq!(stdout(&run), "wrong\nboth\n");
    }
}

#[test]
fn a_program_that_hangs_floods_or_crashes_is_ended_and_said() {
    for (how, code, words) in [
        ("loop { std::thread::sleep(std::time::Duration::from_secs(1)) }", "run/timeout", "wasn't finished after 5 s"),
        #[cfg(target_os = "linux")]
        ("loop { std::hint::spin_loop() }", "run/timeout", "used more than 2 s of CPU time"),
        ("loop { println!(\"y\") }", "run/output-limit", "printed more than 10000 bytes"),
        ("panic!(\"boom\")", "run/crashed", "terminated by signal 6"),
    ] {
        if code == "run/crashed" && !cfg!(unix) {
            continue;
        }
        let project = misbehaves(how);
        let (exit, document) = project.check_json();
        assert_eq!(exit, 1);
        assert_eq!(codes(&document), [(code.to_owned(), None)], "{document:#}");
        let output = document["goals"].as_array().unwrap().iter().find(|goal| goal["id"] == "output").unwrap();
        let message = output["diagnostics"][0]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert_eq!(verdict(&document, "size"), "skip");
    }
}

#[test]
fn a_damaged_record_is_set_aside_and_the_check_goes_on() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    project.write(".workshop/progress.json", "{\"version\":1,\"exercises\":{\"ex1\":{\"sta");
    project.check().success().stderr(contains("progress file was damaged").and(contains("progress.damaged-1.json")));
    assert!(project.path(".workshop/progress.damaged-1.json").is_file());
    project.run(&["list"]).success().stdout(contains("done")).stderr("");
}

#[test]
fn a_record_of_a_newer_workshop_is_left_alone() {
    let project = Project::quick_course();
    project.write(".workshop/progress.json", "{\"version\":99}");
    project.run(&["list"]).code(2).stderr(contains("newer workshop"));
    assert_eq!(project.read(".workshop/progress.json"), "{\"version\":99}");
}

#[cfg(unix)]
#[test]
fn a_check_that_is_killed_leaves_the_record_whole() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    project.check().success();
    let before = project.read(".workshop/progress.json");
    for moment in [1, 40, 120, 300] {
        project.profile(&format!("{QUICK_PROFILE}codegen-units = {moment}\n"));
        let mut call = project.xtask();
        call.args(["check", "ex1"]).timeout(std::time::Duration::from_millis(moment));
        let _ = call.output();
        let now = project.read(".workshop/progress.json");
        let document: serde_json::Value = serde_json::from_str(&now).unwrap();
        assert_eq!(document["version"], 2);
        assert!(now == before || document["exercises"]["ex1"]["state"] == "done", "{now}");
    }
    project.check().success();
}

#[test]
fn a_folder_that_cannot_be_written_is_named_and_a_verdict_survives_it() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    // No user, not even root, can create a folder where a file is.
    project.write("exercises/ex1/target", "in the way");
    let error = json(&project.run(&["check", "ex1", "--format", "json"]).code(3));
    assert!(error["help"].as_str().unwrap().contains("make the folder writable"), "{error}");
    fs::remove_file(project.path("exercises/ex1/target")).unwrap();
    project.write(".workshop", "in the way");
    project.check().success().stderr(contains("your result is correct, but your progress couldn't be saved"));
}

#[test]
fn without_a_network_nothing_is_missing() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let home = tempfile::tempdir().unwrap();
    let assert =
        project.xtask().args(["check", "ex1"]).env("CARGO_NET_OFFLINE", "true").env("CARGO_HOME", home.path()).assert();
    assert.success();
}

#[test]
fn a_machine_without_cargo_is_told_what_to_install() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let empty = tempfile::tempdir().unwrap();
    let mut call = project.xtask();
    let assert =
        call.args(["check", "ex1", "--format", "json"]).env("PATH", empty.path()).env_remove("CARGO").assert().code(3);
    let error = json(&assert);
    assert_eq!((error["schema"].as_str(), error["exit"].as_u64()), (Some("size-workshop/error/1"), Some(3)));
    assert!(error["help"].as_str().unwrap().contains("https://rustup.rs"), "{error}");
}

#[test]
fn reset_saves_whatever_is_there() {
    let project = Project::quick_course();
    project.profile("# first\n");
    project.run(&["reset", "ex1"]).success();
    project.profile("# second\n");
    project.run(&["reset", "ex1"]).success();
    let mut saved: Vec<String> = Vec::new();
    for folder in fs::read_dir(project.path(".workshop/saved/ex1")).unwrap() {
        saved.push(fs::read_to_string(folder.unwrap().path().join("Cargo.toml")).unwrap());
    }
    saved.sort();
    assert_eq!(saved, [format!("{STARTER}# first\n"), format!("{STARTER}# second\n")], "two resets in one second");
    #[cfg(unix)]
    {
        // A link is saved as what it points to, and what it points to isn't overwritten.
        project.write("elsewhere.toml", "# elsewhere\n");
        let file = project.path("exercises/ex1/Cargo.toml");
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(project.path("elsewhere.toml"), &file).unwrap();
        project.run(&["reset", "ex1"]).success();
        assert_eq!(project.read("elsewhere.toml"), "# elsewhere\n");
        assert!(!file.is_symlink());
        // A link to something that never ends isn't followed.
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        project.check().code(1).stderr(contains("isn't a regular file"));
        project.run(&["reset", "ex1"]).success();
        assert_eq!(project.read("exercises/ex1/Cargo.toml"), STARTER);
    }
}

#[test]
fn a_course_that_is_incomplete_says_which_file() {
    let project = Project::quick_course();
    fs::remove_file(project.path("exercises/ex1/starter/Cargo.toml")).unwrap();
    project.run(&["check", "ex1"]).code(2).stderr(contains("starter").and(contains("git checkout")));
    project.edit("exercises/ex1/exercise.toml", "against = \"before\"", "against = \"befoer\"");
    project.run(&["list"]).code(2).stderr(contains("did you mean `before`?").and(contains("exercise.toml:")));
}

#[test]
fn the_doctor_says_what_is_there_and_what_is_not() {
    let project = Project::quick_course();
    let assert = project.run(&["doctor"]).success();
    let text = stdout(&assert);
    for name in ["rustc", "linker", "cargo", "cargo-bloat", "bwrap", "valgrind", "mdbook", "environment"] {
        assert!(text.lines().any(|line| line.split_whitespace().nth(1) == Some(name)), "{name}:\n{text}");
    }
    assert!(text.contains("a program was compiled, linked and run"), "{text}");
    let assert = project.xtask().arg("doctor").env("RUSTFLAGS", "-C target-cpu=native").assert().success();
    assert!(stdout(&assert).contains("RUSTFLAGS is set in your environment"), "{}", stdout(&assert));
    let empty = tempfile::tempdir().unwrap();
    let assert = project.xtask().arg("doctor").env("PATH", empty.path()).env_remove("CARGO").assert().code(3);
    assert!(stdout(&assert).contains("MISSING  rustc"), "{}", stdout(&assert));
}

#[test]
fn a_verb_or_an_exercise_that_is_missing_is_a_usage_error() {
    let project = Project::quick_course();
    project.run(&["check"]).code(2).stderr(contains("no exercise was named"));
    project.run(&["chek", "ex1"]).code(2).stderr(contains("check"));
    project
        .run(&["hint", "ex2"])
        .code(2)
        .stderr(contains("there is no exercise `ex2`").and(contains("did you mean `ex1`")));
    project.run(&["hint", "exercises/ex1/"]).success();
    let outside = Project::empty();
    outside.run(&[]).code(2).stderr(contains("isn't inside the workshop"));
}
