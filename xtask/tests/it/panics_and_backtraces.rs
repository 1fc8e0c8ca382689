//! The wrong turns of exercises 6 and 7, taken on purpose: what the check says to each. And the commands that their
//! READMEs say to type, with the real tools.

use predicates::str::contains;
use serde_json::Value;
use testbed::course::{codes, verdict};
use testbed::project::{Project, json, stderr};

/// The codes of a check that fails, without the questions'.
fn problems(project: &Project, exercise: &str) -> (Value, Vec<String>) {
    let document = json(&project.run(&["check", exercise, "--format", "json"]).code(1));
    let found = codes(&document).into_iter().map(|(code, _)| code).filter(|code| code != "answer/missing").collect();
    (document, found)
}

#[test]
fn a_panic_strategy_for_one_package_is_refused_before_anything_is_built() {
    let project = Project::copy_of_the_repository();
    let manifest = "exercises/ex6/Cargo.toml";
    let fresh = project.read(manifest);
    // "abort for this package alone", the first idea of most.
    project.write(manifest, &format!("{fresh}\n[profile.release.package.line_mill]\npanic = \"unwind\"\n"));
    let assert = project.run(&["check", "ex6"]).code(1);
    let text = stderr(&assert);
    assert!(text.contains("profile/wrong-table"), "{text}");
    assert!(text.contains("`panic` isn't allowed in [profile.release.package.line_mill]"), "{text}");
    assert!(text.contains("exercises/ex6/Cargo.toml:19:1") && text.contains("move it to [profile.release]"), "{text}");
    assert!(!project.path("exercises/ex6/target").exists(), "nothing was built");
    // A profile from nowhere.
    let moved = project.read("solutions/ex6/Cargo.toml").replace("inherits = \"release\"\n", "");
    project.write(manifest, &moved);
    assert_eq!(problems(&project, "ex6").1, ["profile/no-inherits"]);
    // Words that aren't answers.
    project.edit("exercises/ex6/answers.toml", "tests = \"\"", "tests = \"unwind\"");
    project.run(&["check", "ex6"]).code(1).stderr(contains("did you mean \"unwinds\"?"));
}

#[test]
fn a_hint_helps_with_the_questions_when_the_rest_is_right() {
    let project = Project::copy_of_the_repository();
    project.run(&["hint", "ex6"]).success().stdout(contains("a hint for profile/wrong-table"));
    project.write("exercises/ex6/Cargo.toml", &project.read("solutions/ex6/Cargo.toml"));
    project.run(&["hint", "ex6"]).success().stdout(contains("a hint for answer/missing"));
}

#[test]
#[ignore = "builds exercise 6 a dozen times: .ci/run runs it"]
fn exercise_6_judges_how_the_programs_end() {
    let project = Project::copy_of_the_repository();
    let manifest = "exercises/ex6/Cargo.toml";
    let solved = project.read("solutions/ex6/Cargo.toml");
    // Unwinding in both: the tool inherits it.
    project.write(manifest, &solved.replace("panic = \"abort\"\n", ""));
    assert_eq!(problems(&project, "ex6").1, ["profile/missing-setting"]);
    // The manifest sets abort, and the environment overrides it: that is set aside.
    project.write(manifest, &solved);
    let checked = |variables: &[(&str, &str)]| {
        let mut xtask = project.xtask();
        xtask.args(["check", "ex6", "--format", "json"]).envs(variables.iter().copied());
        json(&xtask.assert())
    };
    let plain = checked(&[]);
    let given = [("CARGO_PROFILE_CLI_PANIC", "unwind"), ("RUSTFLAGS", "-C panic=unwind")];
    let document = checked(&given);
    assert_eq!((&document["points"], verdict(&document, "profile")), (&plain["points"], "pass"), "{document:#}");
    assert_eq!(document["diagnostics"].as_array().unwrap().len(), given.len(), "{document:#}");
    // All settings removed from the host, not only the one.
    project.write(manifest, &solved.replace("lto = true\ncodegen-units = 1\nstrip = true\n", ""));
    let (document, found) = problems(&project, "ex6");
    assert!(found.len() == 2 && found.iter().all(|code| code.starts_with("size/")), "{found:?}");
    assert_eq!(verdict(&document, "host"), "pass", "{document:#}");
}

/// The output of a tool that Exercise 7 uses.
#[cfg(target_os = "linux")]
fn tool(folder: &std::path::Path, line: &str) -> String {
    let mut shell = testbed::project::call("bash");
    testbed::project::stdout(&shell.current_dir(folder).args(["-c", line]).assert())
}

#[cfg(target_os = "linux")]
fn has_binutils() -> bool {
    let there = ["strip --version", "addr2line --version", "objcopy --version"]
        .iter()
        .all(|line| !tool(std::path::Path::new("."), &format!("{line} 2> /dev/null")).is_empty());
    if !there {
        testbed::browser::left_out("there is no strip, addr2line or objcopy (Debian, Ubuntu: apt install binutils)");
    }
    there
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "builds exercise 7 a dozen times: .ci/run runs it"]
fn exercise_7_agrees_with_addr2line_and_names_the_wrong_turns() {
    // One project for all: what is built once doesn't have to be built again.
    let project = Project::copy_of_the_repository();
    assert!(
        project.read("exercises/ex7/exercise.toml").contains(&project.read("exercises/ex7/june.txt")),
        "the check crashes the program with the file that learners crash it with"
    );
    profiles_that_lose_the_lines_are_named(&project);
    answers_are_read_as_people_write_them(&project);
    if has_binutils() {
        addr2line_says_the_same(&project);
    }
}

#[cfg(target_os = "linux")]
fn profiles_that_lose_the_lines_are_named(project: &Project) {
    let manifest = "exercises/ex7/Cargo.toml";
    let solved = project.read("solutions/ex7/Cargo.toml");
    // Debug information is requested, but stripped anyway.
    project.write(manifest, &solved.replace("debug =", "strip = true\ndebug ="));
    let (document, found) = problems(project, "ex7");
    assert_eq!(found, ["profile/wrong-value"]);
    assert_eq!(verdict(&document, "caller"), "skip", "{document:#}");
    // Names without lines: enough for the function, not for the line.
    project.write(manifest, &solved.replace("debug = \"line-tables-only\"", "strip = \"none\""));
    assert_eq!(problems(project, "ex7").1, ["profile/missing-setting"]);
    // Lines in a separate file, which `strip` in the profile would make useless; here they leave the program.
    project.write(manifest, &solved.replace("debug =", "split-debuginfo = \"packed\"\ndebug ="));
    let (_, found) = problems(project, "ex7");
    assert!(found.is_empty(), "split line tables still leave `.debug_line` in the program: {found:?}");
}

/// With the solution's profile, and then its answers.
#[cfg(target_os = "linux")]
fn answers_are_read_as_people_write_them(project: &Project) {
    use predicates::prelude::PredicateBooleanExt as _;
    let answers = "exercises/ex7/answers.toml";
    project.write("exercises/ex7/Cargo.toml", &project.read("solutions/ex7/Cargo.toml"));
    project.write(answers, &project.read("solutions/ex7/answers.toml"));
    project.run(&["check", "ex7"]).success().stdout(contains("10 of 10 points"));
    for (right, wrong, words) in [
        (
            "caller = \"ledger::transfer\"",
            "caller = \"ledger::deposit\"",
            "the crash's call stack has no function by this name",
        ),
        ("line = 62", "line = 60", "it isn't line 60 of src/main.rs"),
        ("line = 62", "line = \"crash.rs:62\"", "the question is about src/main.rs"),
        ("line = 62", "line = 61", "it isn't line 61 of src/main.rs"),
    ] {
        project.edit(answers, right, wrong);
        project.run(&["check", "ex7"]).code(1).stderr(contains("answer/wrong").and(contains(words)));
        project.edit(answers, wrong, right);
    }

    // The same answers as addr2line and people write them.
    for (right, same) in [
        ("caller = \"ledger::transfer\"", "caller = \"`transfer()`\""),
        ("line = 62", "line = \"/home/me/ex7/src/main.rs:62 (discriminator 2)\""),
        ("second-build = \"different\"", "second-build = \"Different.\""),
    ] {
        project.edit(answers, right, same);
    }
    project.run(&["check", "ex7"]).success().stdout(contains("10 of 10 points"));
}

/// The solved exercise as a person looks into it with binutils.
#[cfg(target_os = "linux")]
fn addr2line_says_the_same(project: &Project) {
    let folder = project.path("exercises/ex7");
    let made = "cp target/ship/ledger target/kept && cp target/ship/ledger target/shipped && strip target/shipped";
    tool(&folder, made);
    let report = tool(&folder, "./target/shipped < june.txt 2>&1 | grep -o '0x.*'");
    assert!(report.lines().count() > 5, "{report}");
    assert_eq!(report, tool(&folder, "./target/kept < june.txt 2>&1 | grep -o '0x.*'"), "the same addresses");
    let lines = tool(&folder, &format!("addr2line -fiCe target/kept {}", report.replace('\n', " ")));
    let at = lines.find("ledger::transfer\n").unwrap_or_else(|| panic!("{lines}"));
    assert!(lines[..at].contains("ledger::cents\n"), "{lines}");
    assert!(lines[at..].lines().nth(1).is_some_and(|line| line.ends_with("src/main.rs:62")), "{lines}");
    let nothing = tool(&folder, &format!("addr2line -fiCe target/shipped {}", report.replace('\n', " ")));
    assert!(!nothing.contains("ledger::"), "{nothing}");
    // The file itself instead of a copy: Cargo doesn't see it, and no line of the manifest is to blame.
    tool(&folder, "strip target/ship/ledger");
    let told = stderr(&project.run(&["check", "ex7"]).code(1));
    assert!(told.contains("nothing in [profile.ship] removes it; did you run `strip` on the file itself?"), "{told}");
    assert!(told.contains("`cargo clean --profile ship` in exercises/ex7"), "{told}");
    tool(&folder, "cargo clean --profile ship");
    project.run(&["check", "ex7"]).success();
}
