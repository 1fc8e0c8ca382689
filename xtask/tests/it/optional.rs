//! Exercises that not every machine can do: they are skipped with a line where something is missing, and don't count in any
//! sum. Exercise 17, which needs std's source, is checked for real where it is installed.

use predicates::str::contains;
use std::path::Path;
use testbed::class::has_boxes;
use testbed::course::{codes, verdict};
use testbed::project::{Project, call, json, stdout};
use testbed::schema;

/// Where Cargo looks for std's source in a toolchain.
const SOURCE: &str = "lib/rustlib/src/rust/library/Cargo.lock";

#[cfg(unix)]
mod skipped {
    use super::*;
    use assert_cmd::assert::Assert;
    use predicates::prelude::*;
    use std::os::unix::fs::PermissionsExt;
    use testbed::project::stderr;

    /// A course of two exercises, of which the second requires something, and a rustc whose toolchain is where `sysroot` is.
    struct Course {
        project: Project,
        path: String,
    }

    impl Course {
        fn new(requires: &str) -> Self {
            let project = Project::quick_course();
            for file in [
                "Cargo.toml",
                "Cargo.lock",
                "src/main.rs",
                "exercise.toml",
                "starter/Cargo.toml",
                "starter/src/main.rs",
            ] {
                if let Ok(text) = std::fs::read_to_string(project.path(&format!("exercises/ex1/{file}"))) {
                    project.write(&format!("exercises/ex2/{file}"), &text);
                }
            }
            project.write("solutions/ex2/Cargo.toml", &project.read("solutions/ex1/Cargo.toml"));
            project.edit("exercises/ex2/exercise.toml", "minutes = 5", &format!("minutes = 5\nrequires = {requires}"));
            let rustc = stdout(&call("sh").args(["-c", "command -v rustc"]).assert().success());
            let sysroot = project.path("toolchain");
            std::fs::create_dir(&sysroot).unwrap();
            let script = format!(
                "#!/bin/sh\nif [ \"$1 $2\" = '--print sysroot' ]; then echo '{}'; else exec '{}' \"$@\"; fi\n",
                sysroot.display(),
                rustc.trim()
            );
            project.write("bin/rustc", &script);
            std::fs::set_permissions(project.path("bin/rustc"), std::fs::Permissions::from_mode(0o755)).unwrap();
            let path = format!("{}:{}", project.path("bin").display(), std::env::var("PATH").unwrap());
            Self { project, path }
        }

        fn run(&self, words: &[&str]) -> Assert {
            self.project.verb(words[0]).env("PATH", &self.path).args(words).assert()
        }
    }

    const LINE: &str =
        "skipping ex2, which is optional, so its points don't count: the source of std isn't installed for rustc ";
    const STEP: &str = "`rustup component add rust-src`";

    #[test]
    fn what_a_machine_lacks_is_said_in_one_line_and_counts_in_no_sum() {
        let course = Course::new("[\"std-source\"]");
        let all = course.run(&["check", "--all", "--solution"]).success();
        assert!(stdout(&all).contains("1 of 1 exercises done, 1 skipped, 10 of 10 points\n"), "{}", stdout(&all));
        assert_eq!(stdout(&all).matches(LINE).count(), 1, "{}", stdout(&all));
        let document = schema::document(&stdout(&course.run(&["check", "ex1", "ex2", "--format", "json"]).code(1)));
        let second = &document["exercises"][1];
        assert_eq!((&second["verdict"], &second["points_max"]), (&"skip".into(), &0.into()), "{second:#}");
        assert!(second["skipped"].as_str().unwrap().contains("the source of std isn't installed"), "{second:#}");
        assert!(document["exercises"][0].get("skipped").is_none());

        let list = schema::document(&stdout(&course.run(&["list", "--format", "json"]).success()));
        assert_eq!((&list["exercises"][1]["points_max"], &list["minutes_left"]), (&0.into(), &5.into()), "{list:#}");
        for words in [&["list"][..], &["list", "--format", "markdown"], &[""]] {
            let words = if words == [""] { &[][..] } else { words };
            let said = match words {
                [] => stdout(&course.project.xtask().env("PATH", &course.path).assert().success()),
                _ => stdout(&course.run(words).success()),
            };
            assert!(said.contains(LINE) && said.contains(STEP) && said.contains("skipped"), "{said}");
            assert!(
                words == ["list"] || said.contains("0 of 1 exercises done, ") && said.contains(" of 10 points"),
                "{said}"
            );
        }
        // The next exercise is never one that can't be checked.
        std::fs::remove_dir_all(course.project.path(".workshop")).unwrap();
        course.project.write("exercises/ex1/Cargo.toml", &course.project.read("solutions/ex1/Cargo.toml"));
        course.run(&["check", "ex1"]).success().stdout(contains("Every exercise is done"));
    }

    #[test]
    fn a_call_about_that_exercise_alone_fails_as_the_machine_does() {
        let course = Course::new("[\"std-source\"]");
        for words in [&["check", "ex2"][..], &["check", "ex2", "--solution"], &["check", "ex2", "--format", "json"]] {
            let failed = course.run(words).code(3);
            let said = format!("{}{}", stdout(&failed), stderr(&failed));
            assert!(
                said.contains("ex2 can't be checked on this machine: the source of std isn't installed for rustc ")
                    && said.contains(STEP),
                "{said}"
            );
        }
        let verified = stderr(&course.run(&["author", "verify", "ex2"]).code(3));
        assert!(verified.contains("ex2 can't be verified on this machine") && verified.contains(STEP), "{verified}");
        let all = course.run(&["author", "verify"]);
        assert!(stderr(&all).contains(LINE) && stdout(&all).contains("1 exercise verified"), "{}", stderr(&all));
        // What needs no build works without.
        course.run(&["hint", "ex2"]).success();
        course.run(&["reset", "ex2"]).success();

        for student in ["s001", "s002"] {
            for exercise in ["ex1", "ex2"] {
                let text = course.project.read("solutions/ex1/Cargo.toml");
                course.project.write(&format!("class/{student}/{exercise}/Cargo.toml"), &text);
            }
        }
        let graded = course.run(&["grade", "class", "--sandbox", "none"]).success();
        assert!(stderr(&graded).contains(LINE), "{}", stderr(&graded));
        let grades = course.project.read("grades/grades.csv");
        assert!(
            grades.contains("ex1") && !grades.contains("ex2"),
            "a column of nothing would lower every sum: {grades}"
        );
        let named = course.run(&["grade", "class", "--sandbox", "none", "--exercise", "ex2"]).code(3);
        assert!(stderr(&named).contains("ex2 can't be graded on this machine"), "{}", stderr(&named));
    }

    #[test]
    fn where_nothing_is_missing_it_counts_like_any_other() {
        let course = Course::new("[\"std-source\", \"linux\"]");
        course.project.write(&format!("toolchain/{SOURCE}"), "");
        if cfg!(target_os = "linux") {
            let all = stdout(&course.run(&["check", "--all", "--solution"]).success());
            assert!(all.contains("2 of 2 exercises done, 20 of 20 points\n"), "{all}");
        } else {
            course.run(&["check", "ex2"]).code(3).stderr(contains("it needs Linux"));
        }
        course.project.edit("exercises/ex2/exercise.toml", "\"linux\"", "\"linx\"");
        course.run(&["list"]).code(2).stderr(
            contains("there is no requirement `linx`")
                .and(contains("did you mean `linux`?"))
                .and(contains("exercise.toml:5")),
        );
    }
}

/// Whether the toolchain that a check builds with has std's source. A test that needs it reports that it is left out.
pub(crate) fn has_source(project: &Project) -> bool {
    let rustc = call("rustc").current_dir(project.path("")).args(["--print", "sysroot"]).assert().success();
    let has_source = Path::new(stdout(&rustc).trim()).join(SOURCE).is_file();
    if !has_source {
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!(
                "LEFT OUT: the workshop's toolchain doesn't have the source of std: `rustup component add rust-src`"
            );
        }
    }
    has_source
}

/// The whole course, where std's source is installed.
fn with_source() -> Option<Project> {
    let project = Project::copy_of_the_repository();
    has_source(&project).then_some(project)
}

#[test]
#[ignore = "compiles std several times: .ci/run runs it"]
fn exercise_17_is_met_by_each_valid_form_and_by_no_silent_panic() {
    let Some(project) = with_source() else { return };
    let file = "exercises/ex17/build-std.toml";
    let fresh = json(&project.run(&["check", "ex17", "--format", "json"]).code(1));
    let found: Vec<String> = codes(&fresh).into_iter().map(|(code, _)| code).collect();
    assert_eq!(found, ["size/not-small-enough"]);
    for form in [
        "unstable.build-std = [\"std,panic_abort\"]\nunstable.build-std-features = [\"optimize_for_size\"]\n",
        // No feature at all, and the target named.
        "[build]\ntarget = \"host-tuple\"\n\n[unstable]\nbuild-std = [\"panic_abort\", \"std\"]\nbuild-std-features = []\n",
    ] {
        project.write(file, form);
        project.run(&["check", "ex17"]).success().stdout(contains("10 of 10 points"));
    }
    let silent = "[build]\ntarget = \"host-tuple\"\nrustflags = [\"-Z\", \"unstable-options\", \"-C\", \"panic=immediate-abort\"]\n";
    project.write(file, &format!("{silent}\n{}", project.read("solutions/ex17/build-std.toml")));
    let check = project.run(&["check", "ex17", "--format", "json"]).code(1);
    let document = schema::document(&stdout(&check));
    assert_eq!((verdict(&document, "size"), verdict(&document, "message")), ("pass", "fail"), "{document:#}");
    assert_eq!(codes(&document)[0].0, "panic/no-message");

    // The program isn't a file that learners change: neither is its panic.
    project.write(file, &project.read("solutions/ex17/build-std.toml"));
    project.edit("exercises/ex17/src/main.rs", "pieces / size", "pieces.checked_div(size).unwrap_or_default()");
    project.run(&["check", "ex17"]).code(1).stderr(contains("edits/other-file-changed"));
}

#[test]
#[ignore = "compiles std several times: .ci/run runs it"]
fn exercise_17_is_graded_in_boxes() {
    let Some(project) = with_source().filter(|_| has_boxes()) else { return };
    let solution = project.read("solutions/ex17/build-std.toml");
    let hand_in = |student: &str, text: &str| project.write(&format!("class/{student}/ex17/build-std.toml"), text);
    hand_in("s001", &solution);
    hand_in("s002", &solution.replace("\"optimize_for_size\"", "\"optimise_for_size\""));
    hand_in("s003", &format!("[build]\nrustc-wrapper = \"/usr/bin/env\"\n{solution}"));
    hand_in(
        "s004",
        &format!(
            "[build]\ntarget = \"host-tuple\"\nrustflags = \"-Zunstable-options -Cpanic=immediate-abort\"\n{solution}"
        ),
    );
    hand_in("s005", &format!("# The same settings, other words.\n{}", solution.replace('#', "# #")));
    project.run(&["grade", "class", "--exercise", "ex17", "--jobs", "1"]).success();
    let points = |student: &str| {
        let grades = testbed::class::records(&project, "grades");
        let own = grades.iter().find(|record| record["student"] == student).unwrap().clone();
        (own["status"].as_str().unwrap().to_owned(), own["points"].as_u64().unwrap())
    };
    let all = [("graded", 10), ("build-failed", 0), ("graded", 0), ("graded", 7), ("graded", 10)];
    let all = all.map(|(status, points)| (status.to_owned(), points));
    assert_eq!(["s001", "s002", "s003", "s004", "s005"].map(points), all);
}
