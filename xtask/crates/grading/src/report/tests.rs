//! A gradebook with all that a format must cope with, and the tests of what every format relies on.

use super::*;

/// A name as no student has it.
pub(crate) const HOSTILE: &str =
    "=cmd|'/c calc'!A1\u{1b}[31m\n::error file=x::<script>alert(1)</script>&\"]]>\u{0}\u{7}\u{202e}é##[error]x";

fn problem(code: &str, message: &str, place: Option<(&str, usize)>, help: Option<&str>) -> Problem {
    Problem {
        code: code.to_owned(),
        message: message.to_owned(),
        file: place.map(|(file, _)| file.to_owned()),
        line: place.map(|(_, line)| line),
        help: help.map(str::to_owned),
    }
}

fn goal(id: &str, text: &str, verdict: Verdict, (points, points_max): (u32, u32), problems: Vec<Problem>) -> Goal {
    let waits_for = (verdict == Verdict::Skip).then(|| "output".to_owned());
    let [id, text] = [id, text].map(str::to_owned);
    Goal { id, text, verdict, points: i64::from(points) * 100, points_max, problems, waits_for }
}

/// A row in which everything went well.
pub(crate) fn row(student: &str, exercise: &str) -> Row {
    Row {
        student: student.to_owned(),
        team: Vec::new(),
        attempt: None,
        first_name: String::new(),
        last_name: String::new(),
        email: String::new(),
        exercise: exercise.to_owned(),
        status: "graded".to_owned(),
        raw_score: Some(1000),
        late_submission_penalty: 0,
        score: Some(1000),
        max_score: 1000,
        override_reason: None,
        sandbox: Some("none".to_owned()),
        decisions: BTreeMap::new(),
        needs_review: Vec::new(),
        size_bytes: Some(327_992),
        size_baseline: Some(503_360),
        due: Some("2026-10-01T12:00:00Z".to_owned()),
        timestamp: Some("2026-09-30T18:21:07Z".to_owned()),
        seconds: 2.8,
        message: None,
        goals: vec![
            goal("profile", "[profile.release] is set up for a small binary", Verdict::Pass, (4, 4), Vec::new()),
            goal("output", "the program still prints the same words", Verdict::Pass, (2, 2), Vec::new()),
            goal("size", "the file is at least 28 % smaller", Verdict::Pass, (4, 4), Vec::new()),
        ],
        problems: Vec::new(),
        answers: BTreeMap::new(),
        files: BTreeMap::from([("Cargo.toml".to_owned(), "9f86d081884c7d65".repeat(4))]),
        ignored: Vec::new(),
        guesses: BTreeMap::new(),
        measured: BTreeMap::new(),
        key: "c0ffee".to_owned(),
    }
}

/// A gradebook with every status but two, a penalty, an override, a review and a hostile student.
pub(crate) fn sample() -> Gradebook {
    Gradebook {
        title: "Binary size, autumn".to_owned(),
        toolchain: "1.95.0".to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        rows: vec![hostile(), build_failed(), late(), unchanged(), infra_error(), rejected()],
        unknown: vec![Unknown {
            student: HOSTILE.to_owned(),
            entry: HOSTILE.to_owned(),
            nearest: Some("s001".to_owned()),
        }],
        missing: vec!["s009".to_owned()],
        since: Some(Since {
            time: "2026-10-01T00:00:00Z".to_owned(),
            changes: vec![Change {
                student: HOSTILE.to_owned(),
                exercise: HOSTILE.to_owned(),
                what: "score",
                before: HOSTILE.to_owned(),
                after: "9".to_owned(),
                why: HOSTILE.to_owned(),
            }],
        }),
        questions: BTreeMap::from([(
            ("ex1".to_owned(), "why".to_owned()),
            Question { goal: "output".to_owned(), points: 2 },
        )]),
        ..Gradebook::default()
    }
}

/// A penalty, a wrong answer and a student with all that a roster has.
fn late() -> Row {
    let mut late = row("s001", "ex1");
    (late.first_name, late.last_name) = ("Ada".to_owned(), "Müller, \"Dr.\"".to_owned());
    late.timestamp = Some("2026-10-02T07:00:00Z".to_owned());
    late.email = "s001@example.org".to_owned();
    (late.raw_score, late.late_submission_penalty, late.score) = (Some(800), 125, Some(675));
    late.goals[1] = goal(
        "notes",
        "the question is answered",
        Verdict::Fail,
        (0, 2),
        vec![problem(
            "answer/wrong",
            "the answer is 1,000 bytes off",
            Some(("answers.toml", 3)),
            Some("measure again"),
        )],
    );
    late.answers.insert("why".to_owned(), "Because core::fmt goes.\n::set-output name=x::1\n=1+1".to_owned());
    late
}

/// A program that rustc refused, with its words.
fn build_failed() -> Row {
    let mut refused = row("s001", "ex10");
    refused.status = "build-failed".to_owned();
    refused.problems =
        vec![problem("build/warning", "the build printed a warning:\nunused key", Some(("Cargo.toml", 9)), None)];
    (refused.raw_score, refused.score, refused.size_bytes) = (Some(0), Some(0), None);
    refused.goals = vec![
        goal(
            "builds",
            "it builds",
            Verdict::Fail,
            (0, 4),
            vec![problem("build/failed", "rustc refused it\n\u{1b}[31merror\u{1b}[0m: `x`\n::warning::y", None, None)],
        ),
        goal("size", "it is smaller", Verdict::Skip, (0, 6), Vec::new()),
    ];
    refused
}

/// A student with a hostile name wherever there is one, a review, and an override.
fn hostile() -> Row {
    let mut hostile = row(HOSTILE, "ex1");
    (hostile.first_name, hostile.last_name, hostile.email) =
        (HOSTILE.to_owned(), "+1".to_owned(), "@SUM(A1)".to_owned());
    hostile.needs_review = vec![format!("the same files as {HOSTILE}"), "far below the reference".to_owned()];
    hostile.override_reason = Some("-1 for style".to_owned());
    hostile.score = Some(900);
    hostile.answers.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    hostile.ignored = vec![HOSTILE.to_owned(), "ex1/.cargo/config.toml".to_owned()];
    hostile.files.insert(HOSTILE.to_owned(), HOSTILE.to_owned());
    hostile.goals[0] = goal("profile", HOSTILE, Verdict::Fail, (0, 4), vec![wrong_table()]);
    hostile
}

/// Settings in a table that no build reads.
fn wrong_table() -> Problem {
    problem("profile/wrong-table", HOSTILE, Some((HOSTILE, 7)), Some("move the settings to [profile.release]"))
}

/// A student who has set what no build reads.
fn unchanged() -> Row {
    let mut table = row("s003", "ex1");
    (table.raw_score, table.score, table.size_bytes) = (Some(200), Some(200), Some(503_360));
    table.goals[0] =
        goal("profile", "[profile.release] is set up for a small binary", Verdict::Fail, (0, 4), vec![wrong_table()]);
    table
}

/// A submission that wasn't taken.
fn rejected() -> Row {
    let mut rejected = row("s002", "ex1");
    (rejected.status, rejected.message) = ("rejected".to_owned(), Some("Cargo.toml is a link".to_owned()));
    (rejected.raw_score, rejected.score, rejected.size_bytes) = (Some(0), Some(0), None);
    (rejected.goals, rejected.files) = (Vec::new(), BTreeMap::new());
    rejected
}

/// A submission that failed for no fault of the student's.
fn infra_error() -> Row {
    let mut ours = row("s002", "ex2");
    (ours.status, ours.message) = ("infra-error".to_owned(), Some("no space left on /dev/sda".to_owned()));
    (ours.raw_score, ours.score, ours.size_bytes, ours.goals) = (None, None, None, Vec::new());
    ours
}

#[test]
fn text_that_is_shown_does_nothing() {
    for (text, wanted) in [
        ("plain, é, 漢, 👩‍👩‍👧", "plain, é, 漢, 👩‍👩‍👧"),
        ("\u{1b}[1;31mred\u{1b}[0m", "red"),
        ("a\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}", "alink"),
        ("\u{9b}31mred", "red"),
        ("a\u{1b}]0;title never ended\nb", "a\nb"),
        ("one\r\ntwo\rthree\u{2028}four", "one\ntwo\nthree\nfour"),
        ("tab\there\u{0}\u{8}", "tab here"),
        ("\u{202e}evil\u{2066}", "evil"),
        ("::error::x", ": :error::x"),
        ("  ::debug::", "  : :debug::"),
        (":\u{200b}:error", ": :error"),
        (":\u{1b}[0m:error", ": :error"),
        ("::::", ": : : :"),
        ("core::fmt::Write, <T as U>::f", "core::fmt::Write, <T as U>::f"),
        ("##[group]", "# #[group]"),
        ("###[group]", "## #[group]"),
        ("## a heading", "## a heading"),
    ] {
        let cleaned = clean(text);
        assert_eq!(clean(&cleaned), cleaned, "cleaning twice changes nothing");
        let starts = cleaned.split(char::is_whitespace).any(|word| word.starts_with("::"));
        assert!(!starts, "{cleaned}");
        assert_eq!(cleaned, wanted, "{text:?}");
    }
    assert_eq!(clean_line("a\n\tb  \r\nc"), "a b c");
}

#[test]
fn points_are_written_without_needless_digits() {
    assert_eq!([0, 700, 750, 725, 5, -150, -5].map(points), ["0", "7", "7.5", "7.25", "0.05", "-1.5", "-0.05"]);
}

#[test]
fn a_plain_name_is_its_own_file_name() {
    for name in ["s001", "ann_b-2", "com10", "console"] {
        assert_eq!(file_name(name), name);
    }
}

#[test]
fn file_names_are_safe_and_never_the_same() {
    let long = ["x".repeat(65), "x".repeat(300), "é".repeat(200)];
    let mut names: Vec<&str> = vec![
        "",
        " ",
        ".",
        "..",
        "...",
        "/",
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "a:b",
        "a b",
        "a-b",
        "Ann",
        "ann",
        "ANN",
        "con",
        "CON",
        "nul.txt",
        "lpt1",
        "-rf",
        "é",
        "e\u{301}",
        "a\u{0}b",
        "%2e%2e",
        "s001.",
        "s001",
        HOSTILE,
    ];
    names.extend(long.iter().map(String::as_str));
    let mut files: Vec<String> = names.iter().map(|name| file_name(name)).collect();
    for file in &files {
        assert!(file.len() <= 80 && !file.starts_with(['.', '-']) && !file.ends_with('.'), "{file}");
        assert!(file.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c)), "{file}");
        assert!(!is_device(file.split('.').next().unwrap()), "{file}");
    }
    // A name that looks like the file name of another student is none.
    files.extend(files.clone().iter().filter(|file| !names.contains(&file.as_str())).map(|file| file_name(file)));
    let count = files.len();
    files.sort();
    files.dedup();
    assert_eq!(files.len(), count, "{files:?}");
}

#[test]
fn exercises_come_in_the_order_of_their_numbers() {
    let book = sample();
    let order: Vec<_> = book.sorted().iter().map(|row| row.exercise.as_str()).collect();
    assert_eq!(order, ["ex1", "ex1", "ex1", "ex1", "ex2", "ex10"]);
    assert_eq!(book.rows_of("s001").len(), 2);
}

#[test]
fn goals_of_every_format_add_up_to_the_score_before_penalties() {
    let mut book = sample();
    book.rows.retain(|row| !row.goals.is_empty());
    for row in &mut book.rows {
        // A part of a point, as a person may give it.
        row.goals[0].points = 150;
        let all = row.goals.iter().map(|goal| goal.points).sum();
        (row.raw_score, row.score, row.late_submission_penalty) = (Some(all), Some(all), 0);
    }
    let sum = |goals: &serde_json::Value, key: &str| -> f64 {
        goals.as_array().unwrap().iter().map(|goal| goal[key].as_f64().unwrap()).sum()
    };
    let all: serde_json::Value = serde_json::from_str(&json::grades(&book).unwrap()).unwrap();
    for row in all["rows"].as_array().unwrap() {
        assert_eq!(row["raw_score"].as_f64(), Some(sum(&row["goals"], "points")), "{row}");
    }
    for row in &book.rows {
        let results: serde_json::Value =
            serde_json::from_str(&gradescope::results(&book, &row.student).unwrap().unwrap()).unwrap();
        assert_eq!(results["score"].as_f64(), Some(sum(&results["tests"], "score")), "{results}");
        let page = html::student(&book, &row.student);
        assert!(page.contains(&format!("1.5 of {}", row.goals[0].points_max)) && !page.contains("150 of"), "{page}");
    }
}
