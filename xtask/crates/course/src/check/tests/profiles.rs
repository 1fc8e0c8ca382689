//! Verdicts on profiles: what a line, an inherited setting or a table for some packages makes of a goal.

use super::*;
use crate::evidence::Linked;

const HEAD: &str = r#"
title = "T"
level = "beginner"
minutes = 1
teaches = ["t"]
package = "tiny"
edits = ["Cargo.toml"]
starter-fails-with = []
hints = []
pristine = {}
build.release = { profile = "release" }
build.dist = { profile = "dist" }

[[goal]]
id = "dist"
points = 1
text = "made for size"
check.profile = { profile = "dist", want = { opt-level = ["s", "z"], strip = [true] } }

[[goal]]
id = "release"
points = 1
text = "made for speed"
check.profile = { profile = "release", want = { opt-level = [3], lto = [false, "thin", true, "fat"] }, at-most.codegen-units = 16 }
"#;

const DIST: &str = "[profile.dist]\ninherits = \"release\"\nopt-level = \"z\"\nstrip = true\n";

/// rustc's settings, as a release build has them.
fn rustc(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
    let settings = [
        ("opt-level", "3"),
        ("lto", "thin-local"),
        ("codegen-units", "16"),
        ("panic", "unwind"),
        ("strip", "debuginfo"),
        ("debug-assertions", "false"),
        ("overflow-checks", "false"),
    ];
    settings.iter().chain(changes).map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// What a goal says about a manifest and the crates of the release build.
fn told(tables: &str, goal: &str, linked: &[(&str, &[(&str, &str)])]) -> String {
    let mut known = done_with(HEAD);
    let text = format!("[package]\nname = \"tiny\"\nversion = \"0.1.0\"\n{tables}");
    known.manifest(&text);
    known.evidence = Evidence::default();
    let linked = |of_goal: &str| {
        let own = linked.iter().filter(|_| of_goal == goal);
        own.map(|(package, changes)| Linked {
            package: (*package).to_owned(),
            version: "1.0.2".to_owned(),
            rustc: rustc(changes),
        })
        .collect()
    };
    for (name, changes) in [("release", [("", ""), ("", "")]), ("dist", [("opt-level", "z"), ("strip", "symbols")])] {
        let built = Built { rustc: Some(rustc(&changes)), linked: linked(name), ..Built::default() };
        known.evidence.builds.insert(name.to_owned(), Attempt::Built(Box::new(built)));
    }
    let judgement = judge(&known.case());
    let outcome = judgement.outcomes.iter().find(|outcome| outcome.id == goal).unwrap();
    let problems = outcome.diagnostics.iter().map(|problem| problem.render(false, None));
    problems.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn what_makes_no_build_slower_may_be_set() {
    for tables in [
        "",
        "[profile.release]\npanic = \"abort\"\nstrip = true\nlto = \"thin\"\ncodegen-units = 1\n",
        "[profile.release]\ndebug = true\nrpath = true\n",
        "[profile.release]\nopt-level = 3\ndebug-assertions = false\n",
        "[profile.release.build-override]\nopt-level = \"z\"\n",
        "[profile.dev]\nopt-level = 1\n[profile.dev.package.\"*\"]\nopt-level = 3\n",
    ] {
        assert_eq!(told(&format!("{DIST}{tables}"), "release", &[("a", &[])]), "", "{tables}");
        assert_eq!(told(&format!("{DIST}{tables}"), "dist", &[("a", &[("opt-level", "z")])]), "", "{tables}");
    }
    let own = "[profile.release.package.tiny]\nopt-level = 3\n[profile.release.package.\"*\"]\nopt-level = 3\n";
    assert_eq!(told(&format!("{DIST}{own}"), "release", &[("a", &[])]), "");
    // Two levels for size are both made for size.
    let mixed = format!("{DIST}[profile.dist.package.\"*\"]\nopt-level = \"s\"\n");
    assert_eq!(told(&mixed, "dist", &[("a", &[("opt-level", "s")])]), "");
}

#[test]
fn what_makes_the_program_slower_is_named_with_its_line() {
    let all = [
        "[profile.release]\ndebug-assertions = true\n",
        "[profile.release]\noverflow-checks = true\n",
        "[profile.release]\nincremental = true\n",
        "[profile.release]\nlto = \"off\"\n",
        "[profile.release]\ncodegen-units = 256\n",
        "[profile.release]\nopt-level = 2\n",
        "[profile.release.package.tiny]\nopt-level = \"s\"\n",
    ];
    let texts = all.map(|tables| told(&format!("{DIST}{tables}"), "release", &[]));
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:#?}");
    insta::assert_snapshot!(texts.join("\n\n"));
}

#[test]
fn a_line_that_is_wrong_is_wrong_also_where_cargo_ignores_it() {
    let mut known = done_with(HEAD);
    let text = format!("[package]\nname = \"tiny\"\n{DIST}[profile.release]\nopt-level = \"s\"\n");
    known.manifest(&text);
    let ignored = Diagnostic::new(Code::IgnoredInMember, "Cargo ignores it").explains(["opt-level", "strip"]);
    known.manifest.problems.push(ignored);
    known.evidence = Evidence::default();
    let ignored = "profile/ignored-in-member";
    is(known.unmet(), &[("dist", ignored), ("release", "profile/wrong-value")]);
}

#[test]
fn crates_that_are_linked_in_count_after_overrides() {
    let z: &[(&str, &str)] = &[("opt-level", "z")];
    let release =
        |tables: &str, linked: &[(&str, &[(&str, &str)])]| told(&format!("{DIST}{tables}"), "release", linked);
    let texts = [
        release(
            "[profile.release.package.\"*\"]\nopt-level = \"z\"\n",
            &[("a", z), ("b", z), ("c", z), ("d", z), ("e", z), ("f", z)],
        ),
        release("[profile.release.package.\"b@1.0\"]\nopt-level = \"z\"\n", &[("a", &[]), ("b", z)]),
        release(
            "[profile.release.package.\"https://github.com/rust-lang/crates.io-index#b\"]\nopt-level = \"z\"\n",
            &[("b", z)],
        ),
        // The profile itself is made for size, and only the package of the program is taken out of that.
        release("[profile.release]\nopt-level = \"z\"\n[profile.release.package.tiny]\nopt-level = 3\n", &[("a", z)]),
        release(
            "[profile.release.package.a]\ndebug-assertions = true\ncodegen-units = 64\n",
            &[("a", &[("debug-assertions", "true"), ("codegen-units", "64")])],
        ),
        // Nothing in the manifest says so.
        release("", &[("a", z)]),
        told(&format!("{DIST}[profile.dist.package.a]\nopt-level = 3\n"), "dist", &[("a", &[])]),
    ];
    assert!(texts.iter().all(|text| !text.is_empty()), "{texts:#?}");
    insta::assert_snapshot!(texts.join("\n\n"));
    // The line that is wrong for the program and for all crates is told once.
    let once = release("[profile.release]\nopt-level = \"z\"\n", &[("a", z), ("b", z)]);
    assert_eq!(once.matches("error[").count(), 1, "{once}");
}

#[test]
fn what_comes_with_dev_is_named_with_the_line_that_brings_it() {
    let dev = DIST.replace("inherits = \"release\"", "inherits = \"dev\"");
    let between = "[profile.dist]\ninherits = \"mid\"\nopt-level = \"z\"\nstrip = true\noverflow-checks = false\n[profile.mid]\ninherits = \"dev\"\n";
    insta::assert_snapshot!([told(&dev, "dist", &[]), told(between, "dist", &[])].join("\n\n"));
    // What `dev` turns on and the profile turns off again is off.
    let off = "debug-assertions = false\noverflow-checks = false\nincremental = false\n";
    assert_eq!(told(&format!("{dev}{off}"), "dist", &[]), "");
}

#[test]
fn a_table_for_the_programs_package_makes_cargo_forget_strip() {
    let texts = [
        "[profile.dist.package.tiny]\n",
        "[profile.release.package.tiny]\nopt-level = 3\n",
        "[profile.release.package.\"tiny@0.1\"]\ncodegen-units = 1\n",
    ]
    .map(|table| told(&format!("{DIST}{table}"), "dist", &[]));
    insta::assert_snapshot!(texts.join("\n\n"));
    for table in [
        "[profile.dist.package.tiny]\nopt-level = \"s\"\nstrip = true\n",
        "[profile.dist.package.\"tiny@2\"]\nopt-level = \"s\"\n",
        "[profile.dist.package.\"*\"]\nopt-level = \"s\"\n",
        "[profile.dist.build-override]\nopt-level = 3\n",
    ] {
        assert_eq!(told(&format!("{DIST}{table}"), "dist", &[]), "", "{table}");
    }
}

#[test]
fn the_table_shows_the_crates_that_differ_from_the_program() {
    let mut known = done_with(HEAD);
    let text = format!("[package]\nname = \"tiny\"\n{DIST}[profile.release.package.b]\nopt-level = \"z\"\n");
    known.manifest(&text);
    let of = |package: &str, changes: &[(&str, &str)]| Linked {
        package: package.to_owned(),
        version: "1.0.2".to_owned(),
        rustc: rustc(changes),
    };
    let linked = vec![of("a", &[]), of("b", &[("opt-level", "z")])];
    let built = Built { rustc: Some(rustc(&[])), linked, ..Built::default() };
    known.evidence = Evidence::default();
    known.evidence.builds.insert("release".to_owned(), Attempt::Built(Box::new(built)));
    let judgement = judge(&known.case());
    let [row] = &judgement.outcomes[1].data.profile().unwrap().crates[..] else { panic!("{judgement:?}") };
    assert_eq!((row.name.as_str(), row.rustc.as_str()), ("b", "z"));
    assert_eq!(row.from, Some(("[profile.release.package.b]".to_owned(), 8)));
}
