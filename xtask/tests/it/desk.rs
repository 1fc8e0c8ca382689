//! The command line at a learner's desk: from any folder, by any name, without git, in a narrow terminal, with single keys.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use std::path::Path;
use testbed::course::{QUICK_PROFILE, SOURCE, STARTER};
use testbed::project::{Project, call, json, repository, stderr, stdout};

/// `cargo xtask list` in a folder of the repository: whether it works, and what it prints as errors. Nothing is built: Cargo
/// runs what these tests were built with, or can't find it.
fn cargo_xtask(folder: &Path) -> (bool, String) {
    let mut call = call("cargo");
    // As the tests were built; a build with a different setting would take a minute.
    for name in ["CARGO_INCREMENTAL", "CARGO_TARGET_DIR"] {
        if let Some(value) = std::env::var_os(name) {
            call.env(name, value);
        }
    }
    let assert = call.env("CARGO_NET_OFFLINE", "true").current_dir(folder).args(["xtask", "list"]).assert();
    (assert.get_output().status.success(), stderr(&assert))
}

#[test]
#[ignore = "Cargo may have to build the runner in its own profile: .ci/run runs it"]
fn cargo_xtask_works_in_every_folder_of_an_exercise_or_says_where_it_does() {
    let root = repository();
    let works = [
        "",
        "exercises",
        "exercises/ex1",
        "exercises/ex9/src",
        "exercises/ex5/kernel",
        "exercises/ex5/kernel/src",
        "exercises/ex13/src/bin",
        "solutions",
        "solutions/ex1",
        "solutions/ex9/src",
        "docs/src",
        "docs/programs",
        "xtask/src",
        "word_freq/src",
    ];
    for folder in works {
        let (works, errors) = cargo_xtask(&root.join(folder));
        assert!(works, "{folder}: {errors}");
    }
    // Not an exercise of the course: a folder that a build or a learner has made.
    fs::create_dir_all(root.join("exercises/ex1/target/release")).unwrap();
    for folder in ["exercises/ex1/target/release", "exercises/ex9/starter/src", "docs/programs/words"] {
        let (works, errors) = cargo_xtask(&root.join(folder));
        assert!(
            !works && errors.contains("cargo-xtask-works-in-the-exercise-folder-and-in-the-main-folder"),
            "{folder}: {errors}"
        );
    }
}

#[test]
fn every_package_outside_the_workspace_has_the_alias() {
    let root = repository();
    for kind in ["docs/programs", "docs/pitfalls", "docs/diagnostics"] {
        let text = fs::read_to_string(root.join(kind).join(".cargo/config.toml")).unwrap();
        assert!(text.contains("xtask = \"run --manifest-path ../../.cargo/cargo-xtask-works-"), "{kind}: {text}");
    }
}

#[test]
fn an_exercise_is_meant_by_its_folder_and_by_any_usual_name() {
    let project = Project::quick_course();
    fs::create_dir_all(project.path("exercises/ex1/target/release")).unwrap();
    for folder in ["exercises/ex1", "exercises/ex1/src", "exercises/ex1/target/release", "solutions/ex1"] {
        let mut call = project.xtask();
        call.current_dir(project.path(folder))
            .args(["hint", "--all"])
            .assert()
            .success()
            .stdout(contains("ex1, every hint"));
    }
    for name in ["1", "EX1", "exercise1", "ex01", "exercises/ex1", "./exercises/ex1/src", "exercises/ex1/Cargo.toml"] {
        project.run(&["hint", "--all", name]).success().stdout(contains("ex1, every hint"));
    }
    let mut call = project.xtask();
    call.current_dir(project.path("exercises/ex1/src")).args(["hint", "--all", "."]).assert().success();
    for verb in ["check", "hint", "solution", "reset"] {
        let words = "no exercise was named, and the workshop's main folder doesn't belong to one";
        project.run(&[verb]).code(2).stderr(contains(words).and(contains(format!("`cargo xtask {verb} ex1`"))));
    }
    let error = json(&project.run(&["check", "exx1", "--format", "json"]).code(2));
    assert!(error["help"].as_str().unwrap().contains("did you mean `ex1`?"), "{error}");
    // One exercise under two names is one exercise.
    let document = json(&project.run(&["check", "1", "ex1", "--format", "json"]).code(1));
    assert_eq!(document["schema"], "size-workshop/check/1");
}

#[test]
fn paths_lead_from_the_folder_of_the_call() {
    let project = Project::quick_course();
    let mut call = project.xtask();
    let assert = call.current_dir(project.path("exercises/ex1/src")).arg("check").assert().code(1);
    assert!(stderr(&assert).contains("--> ../Cargo.toml"), "{}", stderr(&assert));
    let mut call = project.xtask();
    let overview = stdout(&call.current_dir(project.path("exercises/ex1/src")).assert().success());
    assert!(overview.contains("read   ../README.md\n"), "{overview}");
    let overview = stdout(&project.run(&[]).success());
    assert!(overview.contains("read   exercises/ex1/README.md\n"), "{overview}");
}

#[test]
fn course_files_are_restored_without_git_and_without_touching_the_learners_work() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    project.check().success();
    project.write("exercises/ex1/src/main.rs", "fn main() {}\n");
    fs::remove_file(project.path("exercises/ex1/Cargo.lock")).unwrap();
    project.check().code(1).stderr(contains("to restore it, run `cargo xtask reset ex1 --course-files`"));
    let reset = stdout(&project.run(&["reset", "ex1", "--course-files"]).success());
    assert!(reset.contains("ex1: restored Cargo.lock, src/main.rs"), "{reset}");
    let saved = reset.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(project.read(&format!("{saved}/src/main.rs")), "fn main() {}\n");
    assert_eq!(project.read("exercises/ex1/Cargo.toml"), format!("{STARTER}{QUICK_PROFILE}"));
    project.check().success();
    project.run(&["reset", "ex1", "--course-files"]).success().stdout(contains("nothing to reset"));

    // Without the option everything goes back, whatever is in a file's place.
    fs::remove_dir_all(project.path("exercises/ex1/src")).unwrap();
    project.write("exercises/ex1/src/main.rs/notes.txt", "mine");
    let reset = stdout(&project.run(&["reset", "ex1"]).success());
    let saved = reset.trim_end().rsplit(' ').next().unwrap();
    assert_eq!(project.read(&format!("{saved}/src/main.rs/notes.txt")), "mine");
    assert_eq!(
        (project.read("exercises/ex1/src/main.rs").as_str(), project.read("exercises/ex1/Cargo.toml").as_str()),
        (SOURCE, STARTER)
    );

    // A copy that was changed as well isn't taken for the course's, and the rest is restored anyway.
    for file in ["exercises/ex1/src/main.rs", "exercises/ex1/starter/src/main.rs"] {
        project.write(file, "fn main() {}\n");
    }
    project.profile(QUICK_PROFILE);
    project
        .run(&["reset", "ex1"])
        .code(2)
        .stderr(contains("src/main.rs can't be restored").and(contains("a new download of the workshop")));
    assert_eq!(project.read("exercises/ex1/Cargo.toml"), STARTER);

    // Without the copies, one thing is advised, and it doesn't cost the learner their work.
    fs::remove_dir_all(project.path("exercises/ex1/starter")).unwrap();
    project.profile(QUICK_PROFILE);
    for words in [&["reset", "ex1"][..], &["reset", "ex1", "--course-files"]] {
        let text = stderr(&project.run(words).code(2));
        assert!(text.matches("would replace your own files").count() == 1, "{text}");
        assert!(text.contains("git checkout -- exercises/ex1/starter`") && !text.contains("was changed"), "{text}");
    }
    assert_eq!(project.read("exercises/ex1/Cargo.toml"), format!("{STARTER}{QUICK_PROFILE}"));
}

#[test]
fn the_course_keeps_a_copy_of_every_file_that_reset_restores() {
    let root = repository();
    for entry in fs::read_dir(root.join("exercises")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(folder.join("exercise.toml")) else { continue };
        let data: toml::Table = text.parse().unwrap();
        for path in data["pristine"].as_table().unwrap().keys() {
            let (own, copy) = (fs::read(folder.join(path)), fs::read(folder.join("starter").join(path)));
            assert!(copy.is_ok() && own.ok() == copy.ok(), "{}: {path} is not as in starter/", folder.display());
        }
    }
}

#[test]
fn done_stays_done_after_a_check_that_fails_and_after_a_reset() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    project.check().success();
    project.profile("");
    project.check().code(1).stdout(contains("2 of 10 points").and(contains("ex1 still counts as done")));
    let listed = json(&project.run(&["list", "--format", "json"]).success());
    let own = &listed["exercises"][0];
    assert_eq!((own["state"].as_str(), own["points"].as_u64()), (Some("done"), Some(10)), "{own}");
    assert_eq!((own["last_passed"].as_bool(), own["last_points"].as_u64()), (Some(false), Some(2)), "{own}");
    project
        .run(&[])
        .success()
        .stdout(contains("done*").and(contains("the last check of ex1 failed, with 2 of 10 points")));
    // There are hints again, and the solution can still be shown.
    project.run(&["hint", "ex1"]).success().stdout(contains("nudge"));
    project.run(&["solution", "ex1"]).success();
    project.run(&["reset", "ex1"]).success().stderr(contains("ex1 still counts as done, and keeps its 10 points"));
    let listed = json(&project.run(&["list", "--format", "json"]).success());
    let own = &listed["exercises"][0];
    assert_eq!((own["state"].as_str(), own["points"].as_u64()), (Some("done"), Some(10)), "{own}");
    assert!(own["last_passed"].is_null() && own["last_points"].is_null(), "{own}");
    assert!(!stdout(&project.run(&[]).success()).contains("done*"));

    // What wasn't done keeps its points as well, and reset doesn't call it done.
    let text = project.read(".workshop/progress.json");
    let mut progress: serde_json::Value = serde_json::from_str(&text).unwrap();
    progress["exercises"]["ex1"]["state"] = "started".into();
    progress["exercises"]["ex1"]["points"] = 2.into();
    project.write(".workshop/progress.json", &progress.to_string());
    let reset = project.run(&["reset", "ex1"]).success();
    assert!(!stderr(&reset).contains("done"), "{}", stderr(&reset));
    let listed = json(&project.run(&["list", "--format", "json"]).success());
    assert_eq!(listed["exercises"][0]["points"].as_u64(), Some(2));
}

#[cfg(unix)]
#[test]
fn bash_completes_verbs_options_values_and_exercises() {
    let project = Project::quick_course();
    project.write("xtask/Cargo.toml", "");
    project.write("complete.sh", &stdout(&project.run(&["completions", "bash"]).success()));
    let complete = |words: &[&str]| {
        let script = "source \"$1\"; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($#-1)); COMPREPLY=(); _cargo_or_xtask; echo \"${COMPREPLY[*]}\"";
        let mut call = assert_cmd::Command::new("bash");
        call.args(["--norc", "-c", script, "bash"]).arg(project.path("complete.sh")).args(words);
        stdout(&call.current_dir(project.path("exercises/ex1/src")).assert().success()).trim_end().to_owned()
    };
    assert_eq!(complete(&["cargo", "xtask", "ch"]), "check");
    assert_eq!(complete(&["cargo", "xtask", "check", ""]), "ex1");
    assert_eq!(complete(&["cargo", "xtask", "check", "ex1", "--so"]), "--solution");
    assert_eq!(complete(&["cargo", "xtask", "check", "--format", ""]), "text json");
    assert_eq!(complete(&["cargo", "xtask", "list", "--format", "=", "m"]), "markdown");
    assert_eq!(complete(&["cargo", "xtask", "--color", "always", "rep"]), "report");
    assert_eq!(complete(&["cargo", "xtask", "author", "v"]), "verify");
    assert_eq!(complete(&["cargo", "xtask", "author", "verify", ""]), "ex1");
    assert_eq!(complete(&["cargo", "xt"]), "xtask");
}

/// Watches in a terminal that `script` makes, presses these keys one after another, and returns what was shown.
#[cfg(target_os = "linux")]
fn watch_with_keys(project: &Project, keys: &[(&str, &str)]) -> String {
    use std::io::{Read as _, Write as _};
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    let mut call = testbed::project::in_background(&call("script"));
    call.env("TERM", "xterm");
    let line = format!("trap : INT; stty cols 60 rows 40; '{}' watch; stty -a", env!("CARGO_BIN_EXE_xtask"));
    call.args(["--quiet", "--return", "--command", &line, "/dev/null"]).current_dir(project.path("exercises/ex1/src"));
    let mut child = call.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, chunks) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = out.read(&mut bytes) {
            if sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    let (mut all, mut seen) = (String::new(), 0);
    let end = Instant::now() + Duration::from_mins(2);
    for (wait_for, key) in keys {
        while !all[seen..].contains(wait_for) {
            match chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(chunk) => all += &chunk,
                Err(_) => {
                    let _ = child.kill();
                    panic!("{wait_for:?} was never shown:\n{all}");
                }
            }
        }
        seen += all[seen..].find(wait_for).unwrap() + wait_for.len();
        stdin.write_all(key.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
    while let Ok(chunk) = chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
        all += &chunk;
    }
    let _ = child.wait();
    all
}

#[cfg(target_os = "linux")]
#[test]
fn watch_takes_single_keys_in_a_terminal_and_gives_it_back() {
    let project = Project::quick_course();
    let status = "[ex1: 2/10 points | 0/1 done | c h n l q ?]";
    let shown = watch_with_keys(
        &project,
        &[(status, "h"), ("nudge", ""), (status, "x"), ("isn't one of c, h, n, l, q", ""), (status, "q")],
    );
    assert!(shown.contains("press a key: c check again"), "{shown}");
    assert!(shown.contains("--> \u{1b}[0m../Cargo.toml") || shown.contains("--> ../Cargo.toml"), "{shown}");
    // The status makes room for what comes after it.
    assert!(shown.contains(&format!("{status}\r\u{1b}[Kex1, a hint")), "{shown}");
    let restored = |shown: &str| {
        let modes: Vec<&str> = shown.rsplit("speed ").next().unwrap_or_default().split_whitespace().collect();
        modes.contains(&"icanon") && modes.contains(&"echo")
    };
    assert!(restored(&shown), "{shown}");
    // Ctrl-C.
    let shown = watch_with_keys(&project, &[(status, "\u{3}")]);
    assert!(restored(&shown), "{shown}");
}
