//! Exercises 10, 11 and 13: what a learner does wrong on the way, on a copy of the whole course.

use predicates::str::contains;
use testbed::course::codes;
use testbed::project::{Project, json, stderr};

/// The codes that a check finds, without unanswered questions.
fn found(project: &Project, exercise: &str) -> Vec<String> {
    let document = json(&project.run(&["check", exercise, "--format", "json"]).code(1));
    codes(&document).into_iter().map(|(code, _)| code).filter(|code| code != "answer/missing").collect()
}

const PIPELINE: &str = "exercises/ex10/src/pipeline.rs";

#[test]
#[ignore = "builds the program of exercise 10: .ci/run runs it"]
fn exercise_10_keeps_the_function_that_others_call() {
    let project = Project::copy_of_the_repository();
    // The closure as a trait object in the signature: its callers pass a value.
    let fresh = project.read(PIPELINE);
    let dynamic = fresh
        .replace("apply<F>(", "apply(")
        .replace("mut step: F)", "step: &mut dyn FnMut(&str) -> Result<String, String>)");
    project.write(PIPELINE, &dynamic.replace("where\n    F: FnMut(&str) -> Result<String, String>,\n", ""));
    let text = stderr(&project.run(&["check", "ex10"]).code(1));
    assert!(text.contains("build/failed") && text.contains("mismatched types"), "{text}");
    project.run(&["hint", "ex10"]).success().stdout(contains("keep the first line of"));
    // A change in the caller instead.
    project.write(PIPELINE, &fresh);
    project.edit(
        "exercises/ex10/src/steps.rs",
        "apply($name, lines, report, $step)",
        "apply($name, lines, report, &mut $step)",
    );
    let text = stderr(&project.run(&["check", "ex10"]).code(1));
    assert!(text.contains("edits/other-file-changed") && text.contains("src/pipeline.rs and answers.toml"), "{text}");
}

const COUNT: &str = "exercises/ex11/src/main.rs";

/// Solved, except for what `change` does to the solution.
fn nearly_solved(project: &Project, file: &str, changes: &[(&str, &str)]) {
    let solution =
        std::fs::read_to_string(testbed::project::repository().join(file.replace("exercises/", "solutions/"))).unwrap();
    project.write(file, &solution);
    for (from, to) in changes {
        project.edit(file, from, to);
    }
}

#[test]
fn exercise_11_shows_what_the_compiler_misses() {
    let project = Project::copy_of_the_repository();
    let handler = "#[panic_handler]\nfn on_panic(_: &PanicInfo<'_>) -> ! {\n    abort()\n}\n";
    for (changes, words) in [
        (
            vec![(handler, ""), ("use core::panic::PanicInfo;\n", "")],
            "`#[panic_handler]` function required, but not found",
        ),
        (vec![("let _ = File(2).write_str(message);", "eprintln!(\"{message}\");")], "cannot find macro `eprintln`"),
        (vec![("#[unsafe(no_mangle)]\n", "")], "undefined symbol: main"),
    ] {
        nearly_solved(&project, COUNT, &changes);
        let text = stderr(&project.run(&["check", "ex11"]).code(1));
        assert!(text.contains("build/failed") && text.contains(words), "{words}: {text}");
    }
    project.run(&["hint", "ex11"]).success().stdout(contains("Start with the first error"));
}

#[test]
#[ignore = "waits for a loop that never ends: .ci/run runs it"]
fn exercise_11_compares_codes_and_texts_and_ends_a_loop() {
    let project = Project::copy_of_the_repository();
    for (from, to, code, words) in [
        ("return fail(2, ", "return fail(1, ", "output/differs", "expected exit code 2, got exit code 1"),
        ("let _ = File(2)", "let _ = File(1)", "output/differs", "- | usage: count [-lwc] <FILE"),
        ("[0; 4096]", "[0; 0x40_0000_0000]", "run/crashed", "terminated by signal 11"),
    ] {
        nearly_solved(&project, COUNT, &[(from, to)]);
        let text = stderr(&project.run(&["check", "ex11"]).code(1));
        assert!(text.contains(code) && text.contains(words), "{words}: {text}");
    }
}

#[test]
#[ignore = "waits for a loop that never ends, and builds with std: .ci/run runs it"]
fn exercise_11_is_not_met_by_half_a_step() {
    let project = Project::copy_of_the_repository();
    nearly_solved(&project, COUNT, &[("            Ok(0) => break,\n", "")]);
    // rustc sees that what follows the loop is never reached.
    assert_eq!(found(&project, "ex11"), ["run/timeout", "build/warning"]);
    // Without std's `main`, but with std.
    let handler = "#[panic_handler]\nfn on_panic(_: &PanicInfo<'_>) -> ! {\n    abort()\n}\n";
    let abort = "    safe fn abort() -> !;\n";
    nearly_solved(
        &project,
        COUNT,
        &[("#![no_std]\n", ""), (handler, ""), (abort, ""), ("use core::panic::PanicInfo;\n", "")],
    );
    // Its libraries wait for the size: with std, stubs of its own functions are enough to need no other library.
    assert_eq!(found(&project, "ex11"), ["size/not-small-enough"]);
    project.run(&["hint", "ex11"]).success().stdout(contains("#![no_main] alone keeps std"));
    // The profile is not what the exercise is about.
    project.edit("exercises/ex11/Cargo.toml", "strip = true", "strip = false");
    let text = stderr(&project.run(&["check", "ex11"]).code(1));
    assert!(text.contains("edits/other-file-changed"), "{text}");
}

const TOOLS: &str = "exercises/ex13/src/main.rs";

#[test]
#[ignore = "builds four programs and one five times: .ci/run runs it"]
fn exercise_13_tells_a_name_from_an_argument() {
    let project = Project::copy_of_the_repository();
    let unmet = |changes: &[(&str, &str)]| {
        nearly_solved(&project, TOOLS, changes);
        let document = json(&project.run(&["check", "ex13", "--format", "json"]).code(1));
        let goals = document["goals"].as_array().unwrap().iter();
        let failed: Vec<String> = goals
            .filter(|goal| goal["verdict"] == "fail")
            .map(|goal| {
                format!("{} {}", goal["id"].as_str().unwrap(), goal["diagnostics"][0]["code"].as_str().unwrap())
            })
            .collect();
        failed.join(", ")
    };
    // The name with its folder isn't a tool's name.
    assert_eq!(
        unmet(&[("Path::new(path).file_stem()?.to_str()", "Path::new(path).to_str()")]),
        "hex-by-name output/differs, rank-by-name output/differs, wrap-by-name output/differs"
    );
    let text = stderr(&project.run(&["check", "ex13"]).code(1));
    assert!(text.contains("target/check/ex13/learner-called/hex"), "{text}");
    // The tool gets its own name as an argument.
    assert_eq!(
        unmet(&[("run(&words[2..])", "run(&words[1..])")]),
        "hex output/differs, rank output/differs, wrap output/differs"
    );
    assert!(stderr(&project.run(&["check", "ex13"]).code(1)).contains("`3` is one argument too many"));
    // Without an argument there is no second word.
    let unchecked = ("words.get(1).and_then(|word| tool(word))", "tool(&words[1])");
    assert_eq!(unmet(&[unchecked]), "usage run/crashed");
    // Starting the other programs: they aren't where this one is installed.
    let elsewhere = "\nfn started(name: &str) -> ExitCode {\n    let here = env::current_exe().unwrap_or_default();\n    match std::process::Command::new(here.with_file_name(name)).status() {\n        Ok(_) => ExitCode::SUCCESS,\n        Err(_) => ExitCode::FAILURE,\n    }\n}\n\nfn usage() ";
    let failed = unmet(&[
        ("\nfn usage() ", elsewhere),
        ("return run(&words[2..]);", "let _ = run;\n        return started(&words[1]);"),
    ]);
    assert_eq!(failed, "hex output/differs, rank output/differs, wrap output/differs");
}

#[test]
fn a_program_is_started_under_another_name_and_compared_with_several() {
    let project = Project::course();
    let main = "fn main() {\n    let words: Vec<String> = std::env::args().collect();\n    let name = std::path::Path::new(&words[0]).file_stem().unwrap().to_owned();\n    println!(\"{} {}\", name.display(), words[1..].join(\" \"));\n}\n";
    project.write("exercises/ex1/src/main.rs", main);
    project.write(
        "exercises/ex1/src/bin/other.rs",
        "fn main() {\n    println!(\"other {}\", std::env::args().nth(1).unwrap());\n}\n",
    );
    let exercise = "exercises/ex1/exercise.toml";
    project.edit(
        exercise,
        "[build.after]",
        "[build.other]\ntree = \"starter\"\nprofile = \"release\"\nbin = \"other\"\n\n[build.after]",
    );
    project.edit(exercise, "same-as = \"before\"", "same-as = \"other\"\ncalled = \"other\"");
    project.edit(exercise, "args = [\"{words}\", \"{number}\"]", "args = [\"{number}\"]");
    project.edit(exercise, "against = \"before\"", "against = \"before\"\nplus = [\"other\"]");
    project.run(&["author", "verify", "--write-digests"]).success();
    project.profile("[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n");
    project.check().success().stdout(contains("10 of 10 points"));
    // Under its own name it is a different program; the run can be repeated as it was.
    project.edit(exercise, "called = \"other\"", "called = \"another\"");
    let text = stderr(&project.check().code(1));
    assert!(text.contains("+ | another ") && text.contains("learner-called/another"), "{text}");
    // Arguments of the judged program only.
    project.edit(exercise, "called = \"another\"", "called = \"other\"\nfirst = [\"x\"]");
    let text = stderr(&project.check().code(1));
    assert!(text.contains("+ | other x ") && text.contains("learner-called/other x "), "{text}");
    project.edit(exercise, "called = \"other\"", "called = \"../other\"");
    let text = stderr(&project.check().code(2));
    assert!(
        text.contains("a program's name is made of letters, digits, `-` and `_`") && text.contains("exercise.toml:"),
        "{text}"
    );
    project.edit(exercise, "called = \"../other\"", "called = \"other\"");
    project.edit(exercise, "bin = \"other\"", "bin = \"missing\"");
    let text = stderr(&project.check().code(3));
    assert!(
        text.contains("the course's own files don't build") && text.contains("no bin target named `missing`"),
        "{text}"
    );
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "builds a program several times: .ci/run runs it"]
fn inputs_of_unusual_shapes_are_shown_as_a_line_for_a_shell() {
    let project = Project::course();
    // What the learner's profile decides here is what a learner's source decides elsewhere.
    let main = "use std::io::{Read, Write};\n\nfn main() {\n    let careless = cfg!(debug_assertions);\n    let mut text = Vec::new();\n    let read = std::io::stdin().read_to_end(&mut text).is_ok();\n    let length = |word: std::ffi::OsString| if careless { word.to_string_lossy().len() } else { word.len() };\n    let first: usize = std::env::args_os().skip(1).map(length).sum();\n    let written = writeln!(std::io::stdout(), \"{first} {}\", text.len()).is_ok();\n    std::process::exit(i32::from(!careless && !(read && written)));\n}\n";
    project.write("exercises/ex1/src/main.rs", main);
    let exercise = "exercises/ex1/exercise.toml";
    let unusual = |keys: &str, shown: &str| {
        project.write("exercises/ex1/Cargo.toml", &project.read("exercises/ex1/starter/Cargo.toml"));
        let text = project.read(exercise);
        let (head, rest) = text.split_once("[goal.check.output]\n").unwrap();
        let goal = "build = \"after\"\nsame-as = \"before\"\n\n[goal.check.output.interface]\n";
        let rest = &rest[rest.find("\n[[goal]]").unwrap()..];
        project.write(exercise, &format!("{head}[goal.check.output]\n{goal}{keys}\n{rest}"));
        project.run(&["author", "verify", "--write-digests"]).success();
        project.profile("[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\ndebug-assertions = true\n");
        let text = stderr(&project.check().code(1));
        assert!(text.contains("output/differs") && text.contains(shown), "{shown}: {text}");
    };
    unusual("words = [\"a\"]\nfull = true", " > /dev/full");
    unusual("stdin = [\"a\"]\nunreadable = true", " < /");
    unusual("words = [\"a\"]\nodd-arguments = true", r"\x");
}
