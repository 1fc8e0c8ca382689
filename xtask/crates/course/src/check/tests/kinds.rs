//! The kinds of goal that look at the file, at a panic, and at what was compiled.

use super::*;
use crate::exercise::kinds::Speed;
use weigh::cargo::Compiled;
use weigh::measure::linking::Linking;
use weigh::measure::work::{Race, Work};

/// An exercise with one goal.
pub(super) fn with_goal(check: &str) -> Known {
    let head = EXERCISE.split("[[goal]]").next().unwrap_or_default();
    done_with(&format!("{head}\n[[goal]]\nid = \"goal\"\npoints = 1\ntext = \"t\"\n{check}\n"))
}

pub(super) fn judged(known: &Known, codes: &str) {
    let expected: &[(&str, &str)] = if codes.is_empty() { &[] } else { &[("goal", codes)] };
    is(known.unmet(), expected);
}

#[test]
fn a_file_is_judged_by_its_symbols_sections_and_libraries() {
    let linked = |symbols, interpreter: Option<&str>, libraries: &[&str]| Linking {
        symbols,
        interpreter: interpreter.map(str::to_owned),
        libraries: libraries.iter().map(|&name| name.to_owned()).collect(),
    };
    let mut known = with_goal(
        r#"check.binary = { build = "after", symbols = false, interpreter = false, libraries = [], no-sections = [".debug_info"] }"#,
    );
    judged(&known, "");
    known.built("after").linking = linked(7, Some("/lib/ld.so"), &["libc.so.6"]);
    judged(&known, "binary/not-stripped binary/dynamically-linked binary/dynamically-linked");
    known.built("after").linking = linked(0, None, &[]);
    // A part of it is there as well under a longer name; what only begins alike is another section.
    for (name, codes) in [
        (".debug_info", "binary/wrong-sections"),
        (".debug_info.rest", "binary/wrong-sections"),
        (".debug_information", ""),
    ] {
        known.built("after").sections.push(Section { name: name.to_owned(), bytes: 9 });
        judged(&known, codes);
        known.built("after").sections.pop();
    }

    let mut known = with_goal(
        r#"check.binary = { build = "after", symbols = true, interpreter = true, libraries = ["libc.so.6"], sections = [".debug_info"] }"#,
    );
    known.built("after").linking = linked(0, None, &["libssl.so.3"]);
    let lacks = "binary/no-symbols binary/dynamically-linked binary/dynamically-linked binary/wrong-sections";
    judged(&known, lacks);
    known.built("after").sections.push(Section { name: ".debug_info".to_owned(), bytes: 0 });
    judged(&known, lacks);
}

#[test]
fn code_that_is_moved_within_the_file_counts_as_code() {
    let mut known =
        with_goal(r#"check.size = { build = "after", against = "before", shrink-percent = 10, code = true }"#);
    let mut with = |before: (u64, u64), after: (u64, u64), codes: &str| {
        for (name, (bytes, code)) in [("before", before), ("after", after)] {
            known.built(name).bytes = bytes;
            known.built(name).code.bytes = code;
        }
        judged(&known, codes);
        judge(&known.case()).outcomes[0].diagnostics.first().map(|problem| problem.message.clone()).unwrap_or_default()
    };
    with((1000, 400), (940, 340), "");
    // The same code, and nothing of it gone: it is data now.
    let message = with((1000, 400), (1000, 340), "size/not-small-enough");
    assert!(
        message.contains("counting 340 bytes of code plus the 60 bytes by which the rest of the file grew"),
        "{message}"
    );
    // Compressed to half: what is left of it counts.
    with((1000, 400), (970, 340), "size/not-small-enough");
    with((1000, 400), (960, 340), "");
    // A smaller rest is no merit of the code.
    with((1000, 400), (700, 380), "size/not-small-enough");
}

#[test]
fn builds_are_twins_when_their_code_is_the_same() {
    let mut known = with_goal(r#"check.same-code = { build = "after", same-as = "before" }"#);
    judged(&known, "");
    known.built("after").code.sha256 = "0b".to_owned();
    judged(&known, "binary/different-code");
}

#[test]
fn a_panic_is_judged_by_how_the_process_ended() {
    let ended = |known: &mut Known, status| {
        let run = Run { status, stdout: Vec::new(), stderr: b"thread 'main' panicked".to_vec() };
        known.built("after").runs.insert("goal".to_owned(), vec![run]);
    };
    for (ends, status, codes) in [
        ("aborts", Status::Signaled(6), ""),
        ("aborts", Status::Exited(134), ""),
        ("aborts", Status::Exited(101), "panic/unwinds-but-should-abort"),
        ("aborts", Status::Exited(0), "output/differs"),
        // A program that has caught its panic ends with a code of its own.
        ("aborts", Status::Exited(3), "output/differs"),
        ("aborts\", exit = 3, args = [\"x", Status::Exited(3), "panic/unwinds-but-should-abort"),
        ("aborts\", exit = 3, args = [\"x", Status::Signaled(6), ""),
        ("aborts", Status::TimedOut, "run/timeout"),
        ("aborts", Status::Waited(5), "run/timeout"),
        ("unwinds\", exit = 3, args = [\"x", Status::Exited(3), ""),
        ("unwinds\", exit = 3, args = [\"x", Status::Exited(4), "output/differs"),
        ("unwinds", Status::Exited(101), ""),
        ("unwinds", Status::Signaled(6), "panic/aborts-but-must-unwind"),
        ("unwinds", Status::Signaled(11), "output/differs"),
    ] {
        let end = if ends.contains("args") { "\"] }" } else { "\" }" };
        let mut known = with_goal(&format!("check.panic = {{ build = \"after\", ends = \"{ends}{end}"));
        ended(&mut known, status);
        judged(&known, codes);
    }
}

#[test]
fn a_panic_has_to_say_the_same_in_the_same_place_whatever_its_thread_and_its_backtrace() {
    let wanted = "\nthread 'main' (77) panicked at src/main.rs:46:5:\nattempt to divide\nby zero\nnote: run with `RUST_BACKTRACE=1`\n";
    let judged_by = |wanted: &str, said: &str, status| {
        let run = |status, stderr: &str| Run { status, stdout: Vec::new(), stderr: stderr.as_bytes().to_vec() };
        let goal = "check.panic = { build = \"after\", same-message-as = \"before\", ends = \"aborts\" }";
        let mut known = with_goal(goal);
        known.built("before").runs.insert("goal".to_owned(), vec![run(Status::Signaled(6), wanted)]);
        known.built("after").runs.insert("goal".to_owned(), vec![run(status, said)]);
        known
    };
    for (said, status, codes) in [
        (wanted, Status::Signaled(6), ""),
        ("\nthread 'main' (1) panicked at src/main.rs:46:5:\nattempt to divide\nby zero\n", Status::Signaled(6), ""),
        (
            "thread 'main' panicked at src/main.rs:46:5:\nattempt to divide\nby zero\nstack backtrace:\n   0: main\n",
            Status::Exited(134),
            "",
        ),
        // It says all of it, and ends in a different way.
        (wanted, Status::Exited(101), "panic/unwinds-but-should-abort"),
        // An instruction that doesn't exist: what a silent panic ends with.
        ("", Status::Signaled(4), "panic/no-message"),
        ("", Status::Signaled(6), "panic/no-message"),
        ("attempt to divide\nby zero\n", Status::Signaled(6), "panic/no-message"),
        ("\nthread 'main' (1) panicked at src/main.rs:46:5:\n", Status::Signaled(6), "panic/no-message"),
        (
            "\nthread 'main' (1) panicked at src/main.rs:47:5:\nattempt to divide\nby zero\n",
            Status::Signaled(6),
            "panic/no-message",
        ),
        (
            "\nthread 'main' (1) panicked at src/main.rs:46:5:\nattempt to divide\n",
            Status::Signaled(6),
            "panic/no-message",
        ),
    ] {
        judged(&judged_by(wanted, said, status), codes);
    }
    // A goal that compares with nothing can't be met.
    judged(&judged_by("", "", Status::Signaled(6)), "panic/no-message");
}

#[test]
fn crates_and_features_are_judged_by_what_was_compiled() {
    let mut known = with_goal(
        r#"check.dependencies = { build = "after", present = ["regex"], absent = ["aho-corasick"], features = { regex = ["std"] } }"#,
    );
    let compiled = |name: &str, features: &[&str]| Compiled {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        features: features.iter().map(|&feature| feature.to_owned()).collect(),
    };
    known.built("after").packages = vec![compiled("regex", &["std"])];
    judged(&known, "");
    known.built("after").packages = vec![compiled("aho-corasick", &[]), compiled("regex", &["std", "unicode"])];
    judged(&known, "dependency/not-allowed dependency/feature");
    known.built("after").packages.clear();
    judged(&known, "dependency/missing");
}

#[test]
fn a_caller_is_found_by_the_addresses_that_the_program_tells() {
    let mut known =
        with_goal(r#"check.answer = { key = "caller", truth.caller = { build = "after", of = "tiny::cents" } }"#);
    let report = b"tiny has crashed: +0xno\n  tiny+0x910\n  tiny+0x105\n  tiny+0x33f\n  tiny+0x20a\n".to_vec();
    let run = Run { status: Status::Signaled(6), stdout: Vec::new(), stderr: report };
    known.built("after").runs.insert("goal".to_owned(), vec![run]);
    let functions = [(0x100, 16, "tiny::cents"), (0x200, 16, "tiny::main"), (0x300, 64, "tiny::fees::transfer")];
    known.built("after").functions = functions.map(|(start, bytes, name)| (start, bytes, name.to_owned())).into();
    for (answer, codes) in [
        ("tiny::fees::transfer", ""),
        ("transfer", ""),
        ("tiny::fees::transfer::h0123456789abcdef", ""),
        ("tiny::fees::transfer::hand", "answer/wrong"),
        ("tiny::main", "answer/wrong"),
        ("tiny::cents", "answer/wrong"),
        ("fees", "answer/wrong"),
        ("", "answer/missing"),
    ] {
        known.answers(&format!("caller = \"{answer}\"\n"));
        judged(&known, codes);
    }
    // One byte after the end of `transfer`: then it is `main` that comes next.
    known.answers("caller = \"transfer\"\n");
    known.built("after").functions[2].1 = 63;
    judged(&known, "answer/wrong");
    // Without symbols there is nothing to compare with, so no answer is right.
    known.built("after").functions.clear();
    judged(&known, "answer/wrong");
}

#[test]
fn whether_builds_are_twins_is_measured() {
    let mut known = with_goal(
        r#"check.answer = { key = "twin", truth.twins = { build = "after", same-as = "before", same = "yes", different = "no" } }"#,
    );
    for (code, answer, codes) in [
        ("0a", "yes", ""),
        ("0a", "no", "answer/wrong"),
        ("0b", "no", ""),
        ("0b", "yes", "answer/wrong"),
        ("0b", "perhaps", "answer/wrong"),
    ] {
        known.built("before").code.sha256 = "0a".to_owned();
        known.built("after").code.sha256 = code.to_owned();
        known.answers(&format!("twin = \"{answer}\"\n"));
        judged(&known, codes);
    }
}

/// A goal about speed whose builds took these instructions.
fn counted(own: Option<u64>, reference: Option<u64>) -> Known {
    let work = |instructions| Work {
        run: Run { status: Status::Exited(0), stdout: b"A\n".to_vec(), stderr: Vec::new() },
        instructions,
        program: None,
    };
    let mut known = with_goal(
        r#"check.speed = { build = "after", against = "before", at-most-percent = 150, by-time = { at-most-percent = 200 } }"#,
    );
    known.evidence.counter = Some("valgrind-3".to_owned());
    known.built("after").work.insert("goal".to_owned(), work(own));
    known.built("before").work.insert("goal".to_owned(), work(reference));
    known
}

/// The same whose builds raced, with nothing to count instructions by.
fn timed(percent: f64) -> Known {
    let mut known = counted(None, None);
    known.evidence.counter = None;
    known.evidence.races.insert("goal".to_owned(), race(percent));
    known
}

fn race(percent: f64) -> Race {
    Race { percent, rounds: 9, what: "CPU time".to_owned(), unsteady: None }
}

/// The verdict on the first goal, and what was found in words.
fn says(known: &Known) -> (Verdict, String) {
    let outcome = judge(&known.case()).outcomes.remove(0);
    (outcome.verdict, outcome.data.says().unwrap_or_default())
}

#[test]
fn speed_is_judged_by_instructions_and_says_so() {
    judged(&counted(Some(150), Some(100)), "");
    judged(&counted(Some(151), Some(100)), "speed/too-slow");
    let (verdict, words) = says(&counted(Some(3_000_000), Some(2_500_000)));
    assert_eq!(verdict, Verdict::Pass);
    assert_eq!(
        words,
        "120 % of the instructions of `before` (the limit is 150 %); 3.0 million instructions, compared with 2.5 million (valgrind-3)"
    );
    // What can be counted for the course is never judged by time for a learner.
    let mut uncounted = counted(None, Some(100));
    uncounted.evidence.races.insert("goal".to_owned(), race(90.0));
    judged(&uncounted, "run/crashed");
    let nothing = judge(&counted(None, None).case()).outcomes[0].verdict;
    assert!(matches!(nothing, Verdict::Skip), "nothing was measured");
}

#[test]
fn speed_by_time_has_its_own_limit_and_says_so() {
    judged(&timed(199.0), "");
    judged(&timed(201.0), "speed/too-slow");
    let (_, words) = says(&timed(99.6));
    assert!(
        words.starts_with(
            "100 % of the time of `before` (the limit is 200 %); measured by CPU time, the shortest of 9 alternating runs of each"
        ),
        "{words}"
    );
}

#[test]
fn where_equal_runs_differ_too_much_neither_a_pass_nor_a_fail_would_be_true() {
    let noisy = [50.0, 500.0].map(|percent| {
        let mut noisy = timed(percent);
        noisy.evidence.races.get_mut("goal").unwrap().unsteady = Some("equal runs took from 1.00 to 2.00 s".to_owned());
        let outcome = judge(&noisy.case()).outcomes.remove(0);
        assert_eq!((outcome.verdict, outcome.points), (Verdict::Skip, 0));
        outcome.waits_for.unwrap()
    });
    assert_eq!(noisy[0], noisy[1]);
    insta::assert_snapshot!(noisy[0], @"a less busy machine, or valgrind, which counts instructions instead (Linux). It couldn't be measured: equal runs took from 1.00 to 2.00 s");
}

#[test]
fn doing_less_is_not_being_faster() {
    for (status, stdout, code) in [
        (Status::Exited(0), "B\n", "output/differs"),
        (Status::Signaled(6), "A\n", "run/crashed"),
        (Status::TimedOut, "A\n", "run/timeout"),
    ] {
        let mut known = counted(Some(1), Some(100));
        let work = known.built("after").work.get_mut("goal").unwrap();
        work.run = Run { status, stdout: stdout.into(), stderr: Vec::new() };
        judged(&known, code);
    }
}

#[test]
fn a_limit_of_speed_that_nothing_can_keep_or_that_noise_can_break_is_refused() {
    let refused = |limits: &str| {
        let text = format!("build = \"after\"\nagainst = \"before\"\n{limits}");
        toml::from_str::<Speed>(&text).map(|speed| Check::Speed(speed).validate(&[]).unwrap_err().1).unwrap()
    };
    let message = refused("at-most-percent = 90\nby-time = { at-most-percent = 200 }");
    assert_eq!(message, "below 100 % nothing could be as fast as what it is compared with");
    let message = refused("at-most-percent = 150\nby-time = { at-most-percent = 160 }");
    assert_eq!(message, "time needs a wider margin than instructions: at least 20 % more");
}

#[test]
fn what_may_not_be_depended_on_is_told_by_the_goal_about_crates_and_stops_no_build() {
    let mut known = with_goal(r#"check.dependencies = { build = "after", present = ["regex"] }"#);
    let problem = Diagnostic::new(Code::DependencyNotAllowed, "the exercise doesn't let you depend on `x`");
    let problems = [problem];
    let codes = |case: &Case<'_>| judge(case).codes().into_iter().map(Code::name).collect::<Vec<_>>();
    let case = Case { not_allowed: &problems, evidence: None, ..known.case() };
    assert_eq!(codes(&case), ["dependency/not-allowed"]);
    // It is built without them, and the goal isn't met even so.
    assert_eq!(blocked(&case), None);
    known.built("after").packages.clear();
    let judged = Case { evidence: Some(&known.evidence), not_allowed: &problems, ..known.case() };
    assert_eq!(codes(&judged), ["dependency/not-allowed"]);
    // With no goal about crates it is an error of its own.
    let known = with_goal(r#"check.warnings = { build = "after" }"#);
    let case = Case { not_allowed: &problems, evidence: None, ..known.case() };
    assert_eq!(codes(&case), ["dependency/not-allowed"]);
}

#[test]
fn several_files_are_compared_with_one() {
    let mut known =
        with_goal(r#"check.size = { build = "after", against = "before", plus = ["lto"], shrink-percent = 50 }"#);
    let bytes = |known: &mut Known, after, before, lto| {
        for (build, bytes) in [("after", after), ("before", before), ("lto", lto)] {
            known.built(build).bytes = bytes;
        }
    };
    bytes(&mut known, 100, 120, 80);
    judged(&known, "");
    bytes(&mut known, 101, 120, 80);
    judged(&known, "size/not-small-enough");
    let text = judge(&known.case()).outcomes[0].diagnostics[0].message.clone();
    assert!(text.contains("`after` is 101 bytes, 49.5 % smaller than `before`, `lto` together (200)"), "{text}");
    bytes(&mut known, 201, 120, 80);
    judged(&known, "size/grew");
}

#[test]
fn the_code_of_a_module_is_an_answer() {
    let check = r#"check.answer = { key = "share", truth.group-size = { build = "before", group = ["a::b"], tolerance-percent = 10 } }"#;
    for (answer, codes) in
        [("50", ""), ("\"0.05KiB\"", ""), ("44", "answer/wrong"), ("\"much\"", "answer/not-a-number")]
    {
        let mut known = with_goal(check);
        known.built("before").groups.insert(group_key(&["a::b".to_owned()]), Some(50));
        known.answers(&format!("share = {answer}\n"));
        judged(&known, codes);
    }
}

#[test]
fn a_prediction_is_held_to_what_the_change_saves() {
    let check = r#"check.answer = { key = "saving", truth.saved = { build = "after", against = "before", tolerance-percent = 10 } }"#;
    let said = |answer: &str, before, after| {
        let mut known = with_goal(check);
        (known.built("before").bytes, known.built("after").bytes) = (before, after);
        known.answers(&format!("saving = {answer}\n"));
        let judgement = judge(&known.case());
        let problem = judgement.outcomes[0].diagnostics.first();
        problem.map(|problem| format!("{}: {}", problem.code.name(), problem.message)).unwrap_or_default()
    };
    for right in ["69_248", "62_324", "-76_172", "\"69,248\"", "\"67.6 KiB\"", "\"69 kB\"", "\"-65,822 bytes\""] {
        assert_eq!(said(right, 369_448, 300_200), "", "{right}");
    }
    insta::assert_snapshot!(
        [
            said("62_323", 369_448, 300_200),
            said("\"94 kB\"", 369_448, 300_200),
            said("0", 369_448, 300_200),
            // The program has not changed, or has grown: no number is a prediction of that.
            said("69_248", 369_448, 369_448),
            said("0", 369_448, 369_448),
            said("100", 369_448, 369_548),
            said("\"18.7 %\"", 369_448, 300_200),
            said("67.6", 369_448, 300_200),
        ]
        .join("\n"),
        @r"
        answer/wrong: `saving` isn't right: 62,323 bytes is too low: it's more than 10 % away from what your change saves
        answer/wrong: `saving` isn't right: 94,000 bytes is too high: it's more than 10 % away from what your change saves
        answer/wrong: `saving` isn't right: 0 bytes is too low: it's more than 10 % away from what your change saves
        answer/wrong: `saving` isn't right: the program isn't smaller than it was, so nothing was saved
        answer/wrong: `saving` isn't right: the program isn't smaller than it was, so nothing was saved
        answer/wrong: `saving` isn't right: the program isn't smaller than it was, so nothing was saved
        answer/not-a-number: `saving` isn't a number of bytes in a form that the check understands
        answer/not-a-number: `saving` isn't a number of bytes in a form that the check understands
        "
    );
}

#[test]
fn a_prediction_is_asked_for_before_there_is_a_change() {
    let check = "check.size = { build = \"after\", against = \"before\", shrink-percent = 10 }\n[[goal]]\nid = \"saving\"\npoints = 1\ntext = \"t\"\nneeds = [\"goal\"]\ncheck.answer = { key = \"saving\", truth.saved = { build = \"after\", against = \"before\", tolerance-percent = 10 } }";
    let mut known = with_goal(check);
    (known.built("before").bytes, known.built("after").bytes) = (1000, 1000);
    let mut said = |answers: &str| {
        known.answers(answers);
        let outcome = judge(&known.case()).outcomes.remove(1);
        let codes: Vec<_> = outcome.diagnostics.iter().map(|problem| problem.code.name()).collect();
        (codes.join(" "), outcome.waits_for.unwrap_or_default())
    };
    assert_eq!(said("saving = \"\"\n"), ("answer/missing".to_owned(), String::new()));
    assert_eq!(said("saving = \"a lot\"\n"), ("answer/not-a-number".to_owned(), String::new()));
    assert_eq!(said("saving = 100\n"), (String::new(), "the goal `goal`".to_owned()));
}

#[test]
fn a_section_has_the_name_that_elf_gives_it() {
    let section = |name: &str, bytes| Section { name: name.to_owned(), bytes };
    let built = Built {
        sections: vec![section("__TEXT,__text", 7), section("__TEXT", 8), section(".rodata", 9)],
        ..Built::default()
    };
    let parts = [".text", ".rodata", ".data", "__text"].map(|name| built.part(Some(name)));
    assert_eq!(parts, [Some(7), Some(9), None, Some(7)]);
}

#[test]
fn a_budget_must_be_there_hold_and_be_tight() {
    let mut known = with_goal(r#"check.budget = { build = "after", slack-percent = 10, growth-percent = 2 }"#);
    let bytes = known.built("after").bytes;
    let head = known.manifest.source.text.to_string();
    let mut with = |keys: &str, codes: &str| {
        let text = format!("{head}\n{keys}\n");
        known.manifest(&text);
        judged(&known, codes);
    };
    let table = "[package.metadata.size-budget]\nmax-growth = \"1 %\"\n";
    with("", "budget/missing");
    with(table, "budget/missing");
    with(&format!("{table}max = \"1 K\""), "budget/malformed");
    with(&format!("{table}max = {bytes}"), "");
    with(&format!("{table}max = {}", bytes + bytes / 10), "");
    with(&format!("{table}max = {}", bytes + bytes / 10 + 1), "budget/slack");
    with(&format!("{table}max = {}", bytes - 1), "budget/exceeded");
    with(&format!("{table}profile = \"dist\"\nmax = {bytes}"), "budget/missing");
    with(&format!("[package.metadata.size-budget]\nmax = {bytes}"), "budget/missing");
    with(&format!("[package.metadata.size-budget]\nmax = {bytes}\nmax-growth = \"50 %\""), "budget/slack");
    with("[package.metadata.size-budget]\nmax = 1\nmax-growth = \"50 %\"", "budget/slack budget/exceeded");
    with(&format!("{table}max = {bytes}\nbin = \"other\""), "budget/missing");
    with(&format!("{table}max = {bytes}\nbin = \"tiny\""), "");
}
