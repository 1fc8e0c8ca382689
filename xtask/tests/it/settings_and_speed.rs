//! Exercises 4 and 5 on a copy of the whole course: the wrong turns that people take, and the messages they get.

use predicates::str::contains;
use testbed::course::{codes, settled, verdict};
use testbed::project::{Project, json, stderr, stdout};

/// What is wrong with exercise 4 when its settings are these: the codes, each once.
fn settings_of_ex4(project: &Project, settings: &str) -> Vec<String> {
    let fresh = project.read("exercises/ex4/starter/Cargo.toml");
    let head = fresh.split("[profile.release]").next().unwrap();
    project.write("exercises/ex4/Cargo.toml", &format!("{head}{settings}"));
    let document = json(&project.run(&["check", "ex4", "--format", "json"]));
    let mut codes: Vec<String> = codes(&document).into_iter().map(|(code, _)| code).collect();
    codes.dedup();
    codes
}

#[test]
#[ignore = "builds exercise 4 half a dozen times: .ci/run runs it"]
fn exercise_4_is_repaired_layer_by_layer() {
    let project = Project::copy_of_the_repository();
    let at = |settings: &str| settings_of_ex4(&project, settings);
    // The misspelled key hid a value of the wrong type: now Cargo rejects it.
    let refused = at(
        "[profile.release]\nopt-level = \"z\"\ncodegen-units = \"1\"\nlto = true\npanic = \"abort\"\nstrip = true\n",
    );
    assert_eq!(refused, ["profile/wrong-type"]);
    assert!(!project.path("exercises/ex4/target").exists(), "nothing was built");
    // Cargo doesn't warn, and two settings still do nothing.
    let silent = "[profile.release]\nopt-level = \"z\"\ncodegen-units = 1\nlto = true\n\n[profile.dev]\npanic = \"abort\"\nstrip = true\n";
    assert_eq!(at(silent), ["profile/wrong-table", "size/not-small-enough"]);
    let text = settled(&stderr(&project.run(&["check", "ex4"]).code(1)));
    let told: Vec<&str> = text.lines().take_while(|line| !line.starts_with("built")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    error[profile/wrong-table]: `panic` and `strip` are in [profile.dev], which this build doesn't read
      --> exercises/ex4/Cargo.toml:16:10
       |
    16 | [profile.dev]
       |          ^^^ `cargo build` without `--release` reads this
    17 | panic = "abort"
       | ----- has no effect there
       |
       = help: `cargo build --release` reads [profile.release]: move them there
    "#);
    let document = json(&project.run(&["check", "ex4", "--format", "json"]).code(1));
    assert_eq!(verdict(&document, "silent"), "pass");
    // Removing the lines makes Cargo silent as well.
    assert_eq!(at(""), ["profile/missing-setting", "size/not-small-enough"]);
    project.run(&["hint", "ex4"]).success().stdout(contains("make them work instead"));
}

#[test]
#[ignore = "builds the starter of exercise 4: .ci/run runs it"]
fn exercise_4_names_what_its_starter_does_not_do() {
    let project = Project::copy_of_the_repository();
    let text = settled(&stderr(&project.run(&["check", "ex4"]).code(1)));
    let told: Vec<&str> = text.lines().take_while(|line| !line.starts_with("built")).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    error[profile/unknown-table]: Cargo doesn't know the table [profiles.release]
      --> exercises/ex4/Cargo.toml:15:2
       |
    15 | [profiles.release]
       |  ^^^^^^^^ Cargo only warns, and ignores the whole table
       |
       = help: move `lto` to [profile.release], which begins on line 11

    error[profile/misspelled-key]: Cargo doesn't know the key `opt_level`
      --> exercises/ex4/Cargo.toml:12:1
       |
    12 | opt_level = "z"
       | ^^^^^^^^^ Cargo only warns, and builds without it
       |
       = help: did you mean `opt-level = "z"`?

    error[profile/misspelled-key]: Cargo doesn't know the key `codegen_units`
      --> exercises/ex4/Cargo.toml:13:1
       |
    13 | codegen_units = "1"
       | ^^^^^^^^^^^^^ Cargo only warns, and builds without it
       |
       = help: did you mean `codegen-units`? Its value is also wrong (this must be a number, without quotes): write `codegen-units = 1`

    error[profile/wrong-table]: `panic` and `strip` are in [profile.dev], which this build doesn't read
      --> exercises/ex4/Cargo.toml:18:10
       |
    18 | [profile.dev]
       |          ^^^ `cargo build` without `--release` reads this
    19 | panic = "abort"
       | ----- has no effect there
       |
       = help: `cargo build --release` reads [profile.release]: move them there
    "#);
    // With the settings in effect, either level for size works.
    let solution = project.read("solutions/ex4/Cargo.toml");
    project.write("exercises/ex4/Cargo.toml", &solution.replace("\"z\"", "\"s\""));
    project.run(&["check", "ex4"]).success().stdout(contains("10 of 10 points"));
}

#[test]
#[ignore = "builds exercise 5 a dozen times: .ci/run runs it"]
fn exercise_5_measures_the_wrong_turns() {
    let project = Project::copy_of_the_repository();
    let fresh = project.read("exercises/ex5/starter/Cargo.toml");
    let kernel = "\n[profile.release.package.kernel]\nopt-level = 3\n";
    let program = "\n[profile.release.package.soften]\nopt-level = 3\n";
    let at = |manifest: &str| {
        project.write("exercises/ex5/Cargo.toml", manifest);
        let document = json(&project.run(&["check", "ex5", "--format", "json"]));
        let codes: Vec<String> = codes(&document).into_iter().map(|(code, _)| code).collect();
        let speed = document["goals"].as_array().unwrap().iter().find(|goal| goal["id"] == "speed").unwrap();
        (codes.join(" "), speed["data"]["percent"].as_f64().unwrap())
    };
    // The level of the hot package alone goes no more than half of the way under LTO.
    let (codes, small) = at(&fresh);
    assert_eq!(codes, "speed/too-slow");
    let assert = project.run(&["check", "ex5"]).code(1);
    let figures = stdout(&assert).matches("(the limit is ").count() + stderr(&assert).matches("(the limit is ").count();
    assert_eq!(figures, 1, "{}\n{}", stderr(&assert), stdout(&assert));
    let (codes, half) = at(&format!("{fresh}{kernel}"));
    assert_eq!(codes, "speed/too-slow");
    assert!(half < small && half > 200.0, "{small} % and {half} %");
    // Without LTO it is fast but large, and the same with level 3 everywhere.
    let (codes, whole) = at(&format!("{}{kernel}", fresh.replace("lto = true", "lto = false")));
    assert_eq!(codes, "size/grew");
    assert!(whole < 150.0, "{whole} %");
    assert_eq!(at(&fresh.replace("opt-level = \"s\"\n", "")).0, "size/not-small-enough");
    // Cargo drops `strip` where the program's own package has a level.
    assert_eq!(at(&format!("{fresh}{kernel}{program}")).0, "size/grew");
    project.run(&["hint", "ex5"]).success().stdout(contains("forget the profile's `strip = true`"));
    assert_eq!(at(&format!("{fresh}{kernel}{program}strip = true\n")).0, "");
}

#[test]
#[cfg(unix)]
#[ignore = "builds exercise 5 four times: .ci/run runs it"]
fn exercise_5_is_judged_by_time_where_nothing_counts() {
    use predicates::prelude::{Predicate as _, PredicateBooleanExt as _, predicate};
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::atomic::{AtomicBool, Ordering};
    use testbed::project::stdout;
    let project = Project::copy_of_the_repository();
    // Before the real one in PATH.
    project.write("bin/valgrind", "#!/bin/sh\nexit 1\n");
    std::fs::set_permissions(project.path("bin/valgrind"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths(
        [project.path("bin")].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    let check = |args: &[&str]| project.xtask().env("PATH", &path).args(["check", "ex5"]).args(args).assert();
    let by_time = contains("by CPU time, the shortest of");
    let unknown = contains("It couldn't be measured: identical runs took between");
    // Several programs use every CPU core all the time. Nothing may fail because of that, and what is slow stays slow.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _at_the_end = Over(&is_over);
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        // Again with the course's own build known from before.
        for _ in 0..2 {
            let checked =
                check(&["--solution"]).code(predicate::in_iter([0, 1])).stderr(contains("speed/too-slow").not());
            checked.stdout(by_time.clone().or(unknown.clone()));
        }
        let slow = check(&[]).code(1);
        let too_slow = contains("speed/too-slow").and(contains("% of the time of `fast` (the limit is 180 %)"));
        assert!(too_slow.eval(&stderr(&slow)) || unknown.eval(&stdout(&slow)), "{}", stdout(&slow));
    });
}

/// Tells threads to stop, even if an assertion fails.
#[cfg(unix)]
struct Over<'a>(&'a std::sync::atomic::AtomicBool);

#[cfg(unix)]
impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

#[test]
#[ignore = "builds exercise 5 four times in boxes: .ci/run runs it"]
fn exercise_5_is_counted_in_boxes() {
    if !testbed::class::has_boxes() {
        return;
    }
    let project = Project::copy_of_the_repository();
    let solution = project.read("solutions/ex5/Cargo.toml");
    project.write("class/s001/ex5/Cargo.toml", &solution);
    project.write("class/s002/ex5/Cargo.toml", &project.read("exercises/ex5/starter/Cargo.toml"));
    project.run(&["grade", "class", "--exercise", "ex5"]).success();
    let grades = project.read("grades/grades.csv");
    let scores: Vec<&str> = grades.lines().skip(1).map(|line| line.split(',').nth(7).unwrap()).collect();
    assert_eq!(scores, ["10", "2"], "{grades}");
    let journal = project.read("grades/journal.jsonl");
    let counts = std::path::Path::new("/usr/bin/valgrind").exists();
    assert_eq!(journal.contains("% of the instructions of `fast`"), counts, "{journal}");
    assert_eq!(journal.contains("% of the time of `fast`"), !counts, "{journal}");
}
