//! The kinds of goal that look at the file, at a panic, and at what was compiled.

use super::*;
use crate::cargo::Compiled;
use crate::measure::linking::Linking;

/// An exercise with one goal.
fn with_goal(check: &str) -> Known {
    let head = EXERCISE.split("[[goal]]").next().unwrap_or_default();
    done_with(&format!("{head}\n[[goal]]\nid = \"goal\"\npoints = 1\ntext = \"t\"\n{check}\n"))
}

fn judged(known: &Known, codes: &str) {
    let expected: &[(&str, &str)] = if codes.is_empty() { &[] } else { &[("goal", codes)] };
    is(known.unmet(), expected);
}

#[test]
fn a_file_is_judged_by_its_symbols_sections_and_libraries() {
    let linked = |symbols, interpreter: Option<&str>, libraries: &[&str]| Linking {
        symbols,
        interpreter: interpreter.map(str::to_owned),
        libraries: libraries.iter().map(|&name| name.to_owned()).collect(),
        code: "0a".to_owned(),
    };
    let mut known = with_goal(
        r#"check.binary = { build = "after", symbols = false, interpreter = false, libraries = [], no-sections = [".debug_info"] }"#,
    );
    judged(&known, "");
    known.built("after").linking = linked(7, Some("/lib/ld.so"), &["libc.so.6"]);
    judged(&known, "binary/not-stripped binary/dynamically-linked binary/dynamically-linked");
    known.built("after").linking = linked(0, None, &[]);
    known.built("after").sections.push(Section { name: ".debug_info".to_owned(), bytes: 9 });
    judged(&known, "binary/wrong-sections");

    let mut known = with_goal(
        r#"check.binary = { build = "after", symbols = true, interpreter = true, libraries = ["libc.so.6"], sections = [".debug_info"] }"#,
    );
    known.built("after").linking = linked(0, None, &["libssl.so.3"]);
    judged(&known, "binary/no-symbols binary/dynamically-linked binary/dynamically-linked binary/wrong-sections");
}

#[test]
fn builds_are_twins_when_their_code_is_the_same() {
    let mut known = with_goal(r#"check.same-code = { build = "after", same-as = "before" }"#);
    judged(&known, "");
    known.built("after").linking.code = "0b".to_owned();
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
        ("aborts", Status::TimedOut, "run/timeout"),
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
fn a_budget_must_be_there_hold_and_be_tight() {
    let mut known = with_goal(r#"check.budget = { build = "after", slack-percent = 10, growth-percent = 2 }"#);
    let bytes = known.built("after").bytes;
    let head = known.manifest.source.text.to_string();
    let mut with = |keys: &str, codes: &str| {
        let text = format!("{head}\n{keys}\n");
        known.manifest = Manifest::parse(Source { file: "Cargo.toml".into(), text: text.into() });
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
}
