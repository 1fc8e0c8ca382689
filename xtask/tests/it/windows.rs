//! Windows, as Wine provides it: the runner is built for it and does a learner's and a practitioner's work there.
//! Commands that build nothing must print the same as on Linux; builds go through stand-ins for Cargo and rustc, which
//! aren't available there.

mod wine;

use crate::cross::{self, WINDOWS};
use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use std::path::Path;
use testbed::project::{call, json, repository, stderr, stdout};
use wine::{Wine, course, in_terminal, windows, wine};

/// A file's text with Windows line endings.
fn with_crlf(path: &Path, text: &str) {
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fs::write(path, text.replace("\r\n", "\n").replace('\n', "\r\n")).unwrap();
}

/// A call's output: both streams and the exit code, with Linux slashes. Wine itself writes to the same place, of its
/// services and of a connection that ended, at times without an end of line.
fn said(mut call: assert_cmd::Command) -> (String, Option<i32>) {
    let output = call.output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    let own: String = text.split_inclusive('\n').filter(|line| !line.starts_with("wine")).collect();
    (own.replace('\\', "/"), output.status.code())
}

#[test]
#[ignore = "builds the runner for Windows: .ci/run windows runs it"]
fn the_tests_of_the_libraries_pass_under_wine() {
    let Some(wine) = wine() else { return };
    let mut cargo = call("cargo");
    let words = ["test", "--quiet", "--no-fail-fast", "--lib", "--target", WINDOWS];
    cargo.current_dir(repository()).args(words).args(["-p", "weigh-base", "-p", "cargo-weigh", "-p", "course"]);
    cargo.envs(wine.variables()).env("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER", "wine");
    cargo.env("INSTA_WORKSPACE_ROOT", windows(&repository())).env("INSTA_UPDATE", "no");
    let output = cargo.assert().success();
    let passed = regex_lite::Regex::new(r"ok\. (\d+) passed").unwrap();
    let sum: u32 = passed.captures_iter(&stdout(&output)).map(|found| found[1].parse::<u32>().unwrap()).sum();
    assert!(sum > 500, "{}", stdout(&output));
}

#[test]
#[ignore = "runs under Wine: .ci/run windows runs it"]
fn a_learner_finds_their_way_and_their_progress_is_kept() {
    let Some(wine) = wine() else { return };
    let (project, folder) = course();
    let run = |words: &[&str]| wine.xtask(&folder).args(words).assert();
    run(&[]).success().stdout(contains("next: ex1").and(contains(r"read   exercises\ex1\README.md")));
    run(&["list"]).success().stdout(contains("ex14      todo"));
    // Each call shows one hint more, so the first has written what the second reads.
    run(&["hint", "ex1"]).success().stdout(contains("2 more"));
    run(&["hint", "ex1"]).success().stdout(contains("1 more"));
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(folder.join(".workshop/progress.json")).unwrap()).unwrap();
    assert_eq!(kept["exercises"]["ex1"]["hints"].as_array().unwrap().len(), 2, "{kept:#}");
    // A changed file comes back, and the change is saved, both with a Windows path.
    let manifest = folder.join("exercises/ex1/Cargo.toml");
    let starter = fs::read_to_string(&manifest).unwrap();
    with_crlf(&manifest, &format!("{starter}# mine\n"));
    let reset = run(&["reset", "ex1"]).success();
    let text = stdout(&reset) + &stderr(&reset);
    assert!(text.contains('\\') && fs::read_to_string(&manifest).unwrap() == starter, "{text}");
    // From a folder below, by a path with a drive and backslashes, and by its Linux path.
    let deep = folder.join("exercises/ex4/src");
    wine.xtask(&deep).arg("hint").assert().success().stdout(contains("ex4, a hint"));
    for path in [windows(&folder.join("exercises/ex1/Cargo.toml")), "..\\ex1\\nothing.toml".to_owned()] {
        let run = wine.xtask(&deep).args(["bloat", "--file", &path]).assert().code(2);
        assert!(stderr(&run).contains(&path), "{}", stderr(&run));
    }
    run(&["chek", "ex1"]).code(2).stderr(contains("check"));
    run(&["check", "ex1"]).code(3).stderr(contains("install Rust: https://rustup.rs"));
    drop(project);
}

#[test]
#[ignore = "runs under Wine: .ci/run windows runs it"]
fn what_the_files_alone_show_is_the_same_verdict() {
    let Some(wine) = wine() else { return };
    let (_project, folder) = course();
    let nothing = folder.join("nothing");
    fs::create_dir(&nothing).unwrap();
    let mut exercises: Vec<_> =
        fs::read_dir(folder.join("exercises")).unwrap().flatten().map(|entry| entry.path()).collect();
    exercises.retain(|exercise| exercise.join("exercise.toml").is_file());
    assert!(exercises.len() >= 14, "{exercises:?}");
    // Unchanged, with Windows line endings, and with a mistake in each manifest.
    for (round, slip) in ["", "\n[profile.realease]\nstirp = true\n"].into_iter().enumerate() {
        let (mut with_words, mut for_linux) = (0, Vec::new());
        for exercise in &exercises {
            let name = exercise.file_name().unwrap().to_str().unwrap();
            for file in ["Cargo.toml", "answers.toml", "Containerfile"].map(|file| exercise.join(file)) {
                if let Ok(text) = fs::read_to_string(&file) {
                    let slip = if file.ends_with("Cargo.toml") { slip } else { "" };
                    with_crlf(&file, &format!("{text}{slip}"));
                }
            }
            // Neither has a Cargo to ask, so both stop where building begins.
            let check = ["check", name];
            let mut here = call(env!("CARGO_BIN_EXE_xtask"));
            here.current_dir(&folder).env("PATH", &nothing).env_remove("CARGO").args(check);
            let mut there = wine.xtask(&folder);
            there.args(check);
            let ((linux, code), (windows, its_code)) = (said(here), said(there));
            let missing = "program not found";
            let linux = linux.replace("No such file or directory (os error 2)", missing);
            if windows.contains("can't be checked on this machine: it needs Linux") {
                assert_eq!(its_code, Some(3), "{name}: {windows}");
                for_linux.push(name.to_owned());
                continue;
            }
            assert_eq!((windows, its_code), (linux.clone(), code), "{name}, round {round}");
            with_words += usize::from(linux.contains("error["));
        }
        assert!(with_words > exercises.len() / 3, "round {round}: {with_words}");
        for_linux.sort();
        assert_eq!(for_linux, ["ex11", "ex12", "ex7"], "round {round}");
    }
}

#[test]
#[ignore = "runs under Wine: .ci/run windows runs it"]
fn a_program_is_taken_apart_as_on_linux() {
    let Some(wine) = wine() else { return };
    let built = cross::build(WINDOWS, &["--release", "--package", "word_freq", "--package", "config_tool"]);
    let [small, large] = ["word_freq", "config_tool"].map(|name| cross::named(&built, name));
    let (_project, folder) = course();
    let without_names = |mut document: Value| {
        for path in ["/file", "/program", "/a/name", "/b/name"] {
            if let Some(name) = document.pointer_mut(path) {
                name.take();
            }
        }
        document
    };
    let compare = |words: &[&str], files: &[&Path]| {
        let mut here = call(env!("CARGO_BIN_EXE_xtask"));
        here.current_dir(&folder).args(words).args(files);
        let mut there = wine.xtask(&folder);
        there.args(words).args(files.iter().map(|file| windows(file)));
        let (here, there) = (json(&here.assert().success()), json(&there.assert().success()));
        assert_eq!(without_names(there), without_names(here), "{words:?}");
    };
    for file in [small, large] {
        compare(&["bloat", "--format", "json", "-n", "0", "--file"], &[file]);
    }
    compare(&["diff", "--format", "json"], &[small, large]);
    // The same as a separate program, and a program that analyzes itself.
    let own = windows(&wine.program("cargo-weigh.exe"));
    let mut weigh = wine.call(&wine.program("cargo-weigh.exe"), &folder);
    weigh.args(["weigh", "bloat", "--crates", "--file", &own]).assert().success().stdout(contains("clap_builder"));
}

#[test]
#[ignore = "runs under Wine: .ci/run windows runs it"]
fn a_console_has_its_width_and_ctrl_c_ends_what_runs() {
    let Some(wine) = wine() else { return };
    let (_project, folder) = course();
    for columns in [60, 100] {
        let mut list = wine.xtask(&folder);
        list.args(["--color", "never", "list"]);
        let (text, code) = in_terminal(&list, columns, &[]);
        let widest = text.lines().map(|line| line.trim_end().chars().count()).max().unwrap();
        assert!(widest <= columns as usize && widest + 25 > columns as usize, "{columns}: {widest}\n{text}");
        assert_eq!((code, text.contains("ex14")), (Some(0), true), "{text}");
    }
    // The check of a watch starts a build, which takes a while; Ctrl-C comes first, or waits for the next save.
    let mut watch = wine.xtask_that_builds(&folder);
    watch.args(["--color", "never", "watch", "ex1"]);
    let (text, code) = in_terminal(&watch, 100, &[("watching ex1", "\u{3}")]);
    assert_eq!(code, Some(130), "{text}");
}

#[test]
#[ignore = "runs under Wine: .ci/run windows runs it"]
fn a_save_is_seen_and_read_with_the_lines_of_windows() {
    let Some(wine) = wine() else { return };
    let (_project, folder) = course();
    let manifest = folder.join("exercises/ex1/Cargo.toml");
    let starter = fs::read_to_string(&manifest).unwrap();
    let mut watch = wine.xtask(&folder);
    watch.args(["--color", "never", "watch", "ex1"]);
    let save = std::thread::spawn(move || {
        // After the first check, whose end the terminal waits for below.
        std::thread::sleep(std::time::Duration::from_secs(4));
        with_crlf(&manifest, &format!("{starter}\n[profile.release]\nstirp = true\n"));
    });
    let (text, code) = in_terminal(&watch, 100, &[("watching ex1", ""), ("misspelled-key", "q\r")]);
    save.join().unwrap();
    assert!(text.contains("did you mean `strip"), "{text}");
    assert_eq!(code, Some(0), "{text}");
}

/// Solves an exercise as a learner would with an editor for Windows, and checks it before and after.
fn solve(wine: &Wine, folder: &Path, exercise: &str, before: &str) {
    let run = |words: &[&str]| wine.xtask_that_builds(folder).args(words).assert();
    run(&["check", exercise]).code(1).stderr(contains(before));
    let solution = folder.join("solutions").join(exercise);
    for file in ["Cargo.toml", "answers.toml"] {
        if let Ok(text) = fs::read_to_string(solution.join(file)) {
            with_crlf(&folder.join("exercises").join(exercise).join(file), &text);
        }
    }
    run(&["check", exercise]).success().stdout(contains("10 of 10 points"));
}

#[test]
#[ignore = "builds under Wine: .ci/run windows runs it"]
fn exercises_are_checked_with_real_builds() {
    let Some(wine) = wine() else { return };
    let (_project, folder) = course();
    solve(wine, &folder, "ex1", "profile/missing-setting");
    solve(wine, &folder, "ex4", "profile/unknown-table");
    wine.xtask(&folder).assert().success().stdout(contains("2 of ").and(contains(" exercises done")));
    // The built program is a Windows program, and it runs.
    let document = json(&wine.xtask_that_builds(&folder).args(["check", "ex1", "--format", "json"]).assert().success());
    assert_eq!((document["points"].as_u64(), document["target"].as_str()), (Some(10), Some(WINDOWS)), "{document:#}");
    // It compiles a program, and runs it.
    let doctor = wine.xtask_that_builds(&folder).arg("doctor").assert();
    doctor.stdout(contains("found    rustc").and(contains("found    linker")));
}
