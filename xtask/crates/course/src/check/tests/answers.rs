//! What is said of answers: right ones however they are written, wrong ones with what to change.

use super::*;

const QUESTIONS: &str = r#"
title = "T"
level = "beginner"
minutes = 1
teaches = ["t"]
package = "ledger"
edits = ["answers.toml"]
starter-fails-with = []
hints = []
pristine = {}
build.before = { tree = "starter", profile = "release" }
build.after = { profile = "release" }
build.lto = { tree = "starter", profile = "release", set = { lto = true } }
[[goal]]
id = "line"
points = 1
text = "t"
check.answer = { key = "line", truth.line = { file = "src/main.rs", right = 62 }, told.61 = "the call before" }
[[goal]]
id = "smaller"
points = 2
text = "t"
check.answer = { key = "smaller", truth.choice = { right = ["s"], options = ["s", "z", "opt-level"] }, told.z = "no, z" }
"#;

/// The points, and what is said of each goal that isn't met and of the file.
fn said(answers: &str) -> (u32, Vec<String>) {
    let mut known = done_with(QUESTIONS);
    known.answers(answers);
    let judgement = judge(&known.case());
    let words = |problem: &Diagnostic| {
        let line = problem.place.as_ref().and_then(|place| place.line).unwrap_or_default();
        format!("{} {line}: {}; {}", problem.code.name(), problem.message, problem.help.as_deref().unwrap_or_default())
    };
    (judgement.points(), judgement.all_diagnostics().map(words).collect())
}

#[test]
fn a_right_answer_is_right_however_it_is_written() {
    for line in ["62", "62.0", "\"62\"", "\"main.rs:62\"", "\"src/main.rs:62:5\"", "\"line 62\"", "\" `62`. \""] {
        for smaller in ["\"s\"", "\"S\"", "\" s \"", "\"“s”\"", "\"'s'.\"", "\"`s`\""] {
            assert_eq!(said(&format!("line = {line}\nsmaller = {smaller}\n")), (3, Vec::new()), "{line} {smaller}");
        }
    }
}

#[test]
fn a_wrong_answer_is_told_what_is_known_of_it_and_nothing_else() {
    let wrong = |line: &str, smaller: &str| said(&format!("line = {line}\nsmaller = {smaller}\n")).1.join("\n");
    insta::assert_snapshot!(
        [
            wrong("61", "\"Z\""),
            wrong("\"main.rs:61\"", "\"z\""),
            wrong("12", "\"opt_level\""),
            wrong("\"crash.rs:62\"", "\"it is s\""),
            wrong("\"in transfer\"", "\"small\""),
            wrong("[62]", "true"),
            wrong("{ at = 62 }", "2026-01-01"),
        ]
        .join("\n\n"),
        @r#"
        answer/wrong 1: `line` isn't right: it isn't line 61 of src/main.rs; the call before
        answer/wrong 2: `smaller` isn't right: a different answer fits better; no, z

        answer/wrong 1: `line` isn't right: it isn't line 61 of src/main.rs; the call before
        answer/wrong 2: `smaller` isn't right: a different answer fits better; no, z

        answer/wrong 1: `line` isn't right: it isn't line 12 of src/main.rs; for a hint, run `cargo xtask hint ex1`
        answer/wrong 2: `smaller` isn't right: a different answer fits better; for a hint, run `cargo xtask hint ex1`

        answer/wrong 1: `line` isn't right: the question is about src/main.rs, but this is a line of a different file; for a hint, run `cargo xtask hint ex1`
        answer/wrong 2: `smaller` isn't one of the possible answers; write just the word "s"

        answer/not-a-number 1: `line` isn't a line in a form that the check understands; write its number, 12, or the file and the number: "main.rs:12"
        answer/wrong 2: `smaller` isn't one of the possible answers; choose one of: s, z, opt-level

        answer/syntax 1: `line` is a list, but an answer has to be a single string or number; write `line = "…"`
        answer/wrong 2: `smaller` isn't one of the possible answers; choose one of: s, z, opt-level

        answer/syntax 1: `line` is a table, but an answer has to be a single string or number; write `line = "…"`
        answer/syntax 2: `smaller` is a date, but an answer has to be a single string or number; write `smaller = "…"`
        "#
    );
    // The right line is never said, nor those that look like it.
    for line in ["61", "12", "\"x\""] {
        let text = wrong(line, "\"s\"");
        assert!(!text.contains("62") && !text.contains("51"), "{text}");
    }
}

#[test]
fn a_key_that_is_not_a_question_is_named_with_the_one_that_is_meant() {
    insta::assert_snapshot!(
        [
            said("line = 62\nsmalest = \"s\"\n"),
            said("Line = 62\nsmaller = \"s\"\n"),
            said("line = 62\nsmaller = \"s\"\nnotes = \"later\"\n"),
            said("[answers]\nline = 62\nsmaller = \"s\"\n"),
            said("line = 62\nsmaller = \"s\"\nline = 61\n"),
            said("line = 62\nsmaller = “s”\n"),
            said("line = 62\nsmaller = s\n"),
            said("line = 62\nsmaller = \"…\"\n"),
            said(""),
        ]
        .map(|(points, said)| format!("{points}: {}", said.join("\n   ")))
        .join("\n"),
        @r#"
        1: answer/missing 2: `smalest` isn't a question of this exercise; write `smaller = …`, as in the exercise's starter/answers.toml
        2: answer/missing 1: `Line` isn't a question of this exercise; write `line = …`, as in the exercise's starter/answers.toml
        3: answer/missing 3: `notes` isn't a question of this exercise, so it's ignored; the questions are line, smaller
        0: answer/syntax 1: answers.toml has a table [answers], and the check doesn't read answers inside a table; write `key = "answer"`, one per line, with no [table] line above
           answer/syntax 1: answers.toml has a table [answers], and the check doesn't read answers inside a table; write `key = "answer"`, one per line, with no [table] line above
        0: answer/syntax 3: `line` is answered twice; a question is answered once: keep one of the two lines
           answer/syntax 3: `line` is answered twice; a question is answered once: keep one of the two lines
        0: answer/syntax 2: answers.toml isn't valid TOML: string values must be quoted, expected literal string; TOML accepts straight quotes only: write `smaller = "s"`
           answer/syntax 2: answers.toml isn't valid TOML: string values must be quoted, expected literal string; TOML accepts straight quotes only: write `smaller = "s"`
        0: answer/syntax 2: answers.toml isn't valid TOML: string values must be quoted, expected literal string; only whole numbers are written without quotes: write `smaller = "s"`
           answer/syntax 2: answers.toml isn't valid TOML: string values must be quoted, expected literal string; only whole numbers are written without quotes: write `smaller = "s"`
        1: answer/missing 2: `smaller` has no answer yet; README.md explains how to find the answer; for a hint, run `cargo xtask hint ex1`
        0: answer/missing 0: `line` has no answer yet; add a line `line = "…"` to answers.toml
           answer/missing 0: `smaller` has no answer yet; add a line `smaller = "…"` to answers.toml
        "#
    );
}

#[test]
fn a_percentage_is_told_as_a_number_of_times() {
    let mut known = kinds::with_goal(
        r#"check.answer = { key = "price", truth.times = { build = "after", against = "before", tolerance-percent = 5 } }"#,
    );
    for (given, help) in [
        (
            "350 %",
            "350 % of the other size is 3.5, and 350 % more is 4.5: write the one you mean, without a percent sign",
        ),
        ("350%", "350 % of the other size is 3.5, and"),
        ("162.5 percent", "162.5 % of the other size is 1.625, and 162.5 % more is 2.625:"),
        ("much", "divide one size by the other"),
        ("% 350", "divide one size by the other"),
    ] {
        known.answers(&format!("price = \"{given}\"\n"));
        let judgement = judge(&known.case());
        let problem = &judgement.outcomes[0].diagnostics[0];
        assert_eq!(problem.code, Code::AnswerNotANumber, "{given}");
        assert!(problem.help.as_ref().unwrap().contains(help), "{given}: {problem:?}");
    }
}
