//! Guess, then measure: the questions in a terminal and without one, what is saved, and what a receipt shows.

use predicates::prelude::*;
use predicates::str::contains;
use testbed::course::{QUICK_PROFILE, settled};
use testbed::project::{Project, json, stderr, stdout};

fn kept(project: &Project) -> serde_json::Value {
    let text = std::fs::read_to_string(project.path(".workshop/predictions.json")).unwrap_or_else(|_| "{}".to_owned());
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document["exercises"]["ex1"]["guesses"].clone()
}

#[test]
fn without_a_terminal_it_says_how_to_answer_and_takes_all_or_nothing() {
    let project = Project::asking_course();
    let assert = project.run(&["predict", "ex1"]).code(2);
    insta::assert_snapshot!("predict-no-terminal", stdout(&assert) + &stderr(&assert));
    let answer = |words: &[&str]| {
        let words: Vec<&str> = words.iter().flat_map(|word| ["--answer", word]).collect();
        project.run(&[&["predict", "ex1"], &words[..]].concat())
    };
    for (wrong, words) in [
        ("strip=much", "the guess for `strip` can't be read: `much`"),
        ("strip=\u{1b}[31m", "the guess for `strip` can't be read: `\\u{1b}[31m`"),
        ("strip", "the guess for `strip` can't be read: ``"),
        ("code=20 %", "write one of `smaller`, `same` and `larger`"),
        ("own=20 %", "`350000`, `350,000`, `350k` or `350 KB`"),
        ("strpi=20", "did you mean `strip`?"),
    ] {
        answer(&["code=same", wrong]).code(2).stderr(contains(words));
        assert!(kept(&project).is_null(), "{wrong}: one wrong answer keeps none of them");
    }
    answer(&["strip=20 %", "own=350,000"]).success().stdout(contains("no guess  code: And its machine code?"));
    answer(&["strip=30"]).success().stdout(contains("strip alone: you guessed 30 % smaller"));
    assert_eq!(
        project.read("exercises/ex1/guesses.toml").lines().skip(2).collect::<Vec<_>>(),
        ["strip = \"30 % smaller\"", "own = \"350,000 bytes smaller\""]
    );
    project.run(&["predict", "ex1"]).code(2).stderr(contains("NAME is code"));
    answer(&["code=same"]).success();
    project.run(&["predict", "ex1"]).success();
}

#[test]
fn a_receipt_shows_guesses_beside_what_was_measured_and_closes_them() {
    let project = Project::asking_course();
    let (code, before) = project.check_json();
    assert_eq!(
        (code, &before["predictions"]),
        (1, &serde_json::json!([])),
        "nothing is built for questions without a guess"
    );
    assert!(!project.path("target/check/ex1/starter-small.json").exists());
    project.run(&["predict", "ex1", "--answer", "strip=0", "--answer", "code=same", "--answer", "own=1"]).success();
    // A goal fails, and what the course's own builds show is measured anyway.
    let assert = project.check().code(1);
    insta::assert_snapshot!("predict-receipt-fails", settled(&stdout(&assert)));
    project.check().code(1).stdout(contains("your guesses").not());
    project
        .run(&["predict", "ex1", "--answer", "strip=17"])
        .code(2)
        .stderr(contains("`strip` is closed: you guessed 0 %, and ").and(contains("remove it from the command line")));
    project.run(&["predict", "ex1", "--answer", "own=2 larger"]).success();
    project.profile(QUICK_PROFILE);
    let (code, after) = project.check_json();
    let of = |name: &str| after["predictions"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap();
    assert_eq!((code, &after["points"]), (0, &before["points_max"]), "no points depend on a guess");
    assert_eq!((of("own")["new"].as_bool(), of("strip")["new"].as_bool()), (Some(true), Some(false)));
    assert_eq!((&of("own")["guess"], &of("own")["unit"]), (&serde_json::json!(-2), &serde_json::json!("saved-bytes")));
    assert!(of("own")["measured"].as_i64().unwrap() > 10_000, "{after}");
    assert_eq!((&of("code")["measured"], &of("code")["close"]), (&serde_json::json!("same"), &serde_json::json!(true)));
    project.run(&["predict", "ex1"]).success().stdout(contains("you can't change guesses that have been measured"));
    project.run(&["list"]).success().stdout(contains("your guesses: 1 of 3 within 10 %"));
    let list = json(&project.run(&["list", "--format", "json"]).success());
    assert_eq!((&list["guesses_close"], &list["guesses_measured"]), (&serde_json::json!(1), &serde_json::json!(3)));
    // A reset restores the files. Guesses and what was measured for them stay, because they aren't files of the exercise.
    project.run(&["reset", "ex1"]).success();
    project.run(&["predict", "ex1", "--answer", "strip=17"]).code(2).stderr(contains("is closed"));
}

#[test]
fn what_a_check_has_shown_can_not_be_guessed_afterwards() {
    let project = Project::asking_course();
    project.profile(QUICK_PROFILE);
    project.check().success();
    // What is measured only for a guess is open; the learner's own build was in the table of sizes.
    project.run(&["predict", "ex1", "--answer", "strip=17", "--answer", "own=1"]).code(2).stderr(
        contains("`own` is closed: a check has already shown the answer")
            .and(contains("remove it from the command line")),
    );
    project
        .run(&["predict", "ex1", "--answer", "strip=17", "--answer", "code=same"])
        .success()
        .stdout(contains("(measured before you guessed)").and(contains("no guess").not()));
    project.check().success().stdout(contains("you guessed").count(2));
    project.run(&["predict", "ex1"]).success().stdout(contains("closed    own: "));
}

#[test]
fn a_manifest_that_cargo_refuses_and_a_damaged_file_stop_neither_side() {
    let project = Project::asking_course();
    project.run(&["predict", "ex1", "--answer", "strip=20"]).success();
    project.profile("[profile.release\n");
    project.check().code(1).stdout(contains("strip alone: you guessed 20 % smaller; it is"));
    project.profile(QUICK_PROFILE);
    project.write(".workshop/predictions.json", "{\"version\":1,\"exer");
    project
        .check()
        .success()
        .stdout(contains("10 of 10 points"))
        .stderr(contains("the file with your guesses was damaged").and(contains("predictions.damaged-1.json")));
    assert_eq!(project.read(".workshop/predictions.damaged-1.json"), "{\"version\":1,\"exer");
    project.write(".workshop/predictions.json", "{\"version\":9}");
    let words = contains("your result counts, but your guesses couldn't be measured").and(contains("newer workshop"));
    project.check().success().stdout(contains("10 of 10 points")).stderr(words);
}

#[test]
fn a_course_whose_questions_make_no_sense_is_refused_with_the_line() {
    let project = Project::asking_course();
    for (from, to, words) in [
        ("when-met = [\"size\"]", "", "is the learner's build: name the goals that must be met"),
        ("when-met = [\"size\"]", "when-met = [\"sise\"]", "did you mean `size`?"),
        (
            "build = \"small\", against = \"before\" }",
            "build = \"smal\", against = \"before\" }",
            "did you mean `small`?",
        ),
        ("name = \"code\"", "name = \"strip\"", "two questions `strip`"),
        ("name = \"code\"", "name = \"<b>\"", "a question can't be named"),
        ("ask = \"And its machine code?\"", "ask = \" \"", "needs words in `ask`"),
        ("measure.order", "measure.ordre", "unknown variant `ordre`"),
    ] {
        let text = project.read("exercises/ex1/exercise.toml");
        project.edit("exercises/ex1/exercise.toml", from, to);
        project.run(&["list"]).code(2).stderr(contains(words).and(contains("exercise.toml:")));
        project.write("exercises/ex1/exercise.toml", &text);
    }
}

/// In a pseudo terminal, which `script` makes.
#[cfg(target_os = "linux")]
mod terminal {
    use super::*;
    use std::io::Write as _;
    use std::process::Stdio;
    use std::time::{Duration, Instant};
    use testbed::project::{call, in_background};

    fn script(project: &Project, words: &str) -> assert_cmd::Command {
        let mut script = call("script");
        let line = format!("{} {words}", testbed::own().display());
        script.current_dir(project.path("")).env("TERM", "dumb").env("SHELL", "/bin/sh");
        script.args(["-qefc", &line, "/dev/null"]);
        script
    }

    /// Types something, and takes what the terminal shows.
    fn typed(project: &Project, words: &str, keys: &str) -> (Option<i32>, String) {
        let output = script(project, words).write_stdin(keys).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).replace('\r', ""))
    }

    #[test]
    fn it_asks_a_line_for_each_and_again_what_it_does_not_understand() {
        let project = Project::asking_course();
        let (code, shown) = typed(&project, "predict ex1", "much\n-20 %\n\n350k\n");
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("1/3 How much smaller does strip make the file? (percent): "), "{shown}");
        assert!(shown.contains("That isn't a valid guess: write how many percent smaller"), "{shown}");
        assert!(shown.contains("  20 % smaller\n2/3 "), "{shown}");
        assert!(shown.contains("no guess  code") && shown.contains("you guessed 358,400 bytes smaller"), "{shown}");
        // Asked again, an old guess is shown, and stays unless there is a new one. Ctrl-D ends it.
        let (code, shown) = typed(&project, "predict ex1", "\nsame\n\u{4}");
        assert_eq!(code, Some(0), "{shown}");
        assert!(shown.contains("(percent; now 20 % smaller): "), "{shown}");
        assert_eq!(kept(&project).as_object().unwrap().len(), 3, "{shown}");
        assert_eq!(kept(&project)["strip"]["guess"]["saved-percent"], 20.0);
    }

    #[test]
    fn ctrl_c_loses_nothing_that_was_answered() {
        let project = Project::asking_course();
        let mut plain = in_background(&script(&project, "predict ex1"));
        plain.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = plain.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"20\n").unwrap();
        let end = Instant::now() + Duration::from_mins(1);
        while kept(&project)["strip"].is_null() {
            assert!(Instant::now() < end, "the answer was never kept");
            std::thread::sleep(Duration::from_millis(20));
        }
        stdin.write_all(b"\x03").unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(stdin);
        assert_eq!(kept(&project).as_object().unwrap().len(), 1);
    }

    #[test]
    fn the_first_check_asks_once_and_only_where_someone_can_answer() {
        let project = Project::asking_course();
        let question = "How much smaller does strip make the file?";
        for words in ["check ex1 --no-predict", "check --all", "check ex1 --solution", "check ex1 --format json"] {
            let (_, shown) = typed(&project, words, "");
            assert!(!shown.contains(question), "{words}: {shown}");
            let _ = std::fs::remove_dir_all(project.path(".workshop"));
        }
        for (name, value) in [("WORKSHOP_PREDICT", "off"), ("CI", "true")] {
            let output = script(&project, "check ex1").env(name, value).write_stdin("").output().unwrap();
            let shown = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(shown.contains("of 10 points") && !shown.contains(question), "{shown}");
            let _ = std::fs::remove_dir_all(project.path(".workshop"));
        }
        // Ctrl-D leaves out what is left, and the check goes on.
        let (code, shown) = typed(&project, "check ex1", "20 %\n\u{4}");
        assert_eq!(code, Some(1), "{shown}");
        assert!(shown.contains(question) && shown.contains("strip alone: you guessed 20 % smaller; it is"), "{shown}");
        let (_, shown) = typed(&project, "check ex1", "");
        assert!(!shown.contains(question) && shown.contains("of 10 points"), "{shown}");
    }

    #[test]
    fn an_exercise_that_was_begun_before_is_not_interrupted() {
        let project = Project::asking_course();
        project.check().code(1);
        let (_, shown) = typed(&project, "check ex1", "");
        assert!(!shown.contains("How much smaller"), "{shown}");
    }
}
