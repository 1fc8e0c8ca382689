//! The kinds of goal that look at the file, at a panic, and at what was compiled.

use super::*;
use crate::cargo::Compiled;
use crate::measure::linking::Linking;

/// An exercise with one goal.
pub fn with_goal(check: &str) -> Known {
    let head = EXERCISE.split("[[goal]]").next().unwrap_or_default();
    done_with(&format!("{head}\n[[goal]]\nid = \"goal\"\npoints = 1\ntext = \"t\"\n{check}\n"))
}

pub fn judged(known: &Known, codes: &str) {
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
