//! What is said of a file that is too large: by what is seen, and once.

use super::*;
use crate::check::Worth;

const SIZE: &str = r#"
title = "T"
level = "beginner"
minutes = 1
teaches = ["t"]
package = "tiny"
edits = ["Cargo.toml"]
starter-fails-with = []
hints = []
pristine = {}
build.before = { tree = "starter", profile = "release" }
build.lto = { tree = "starter", profile = "release", set = { lto = true } }
build.after = { profile = "release" }
[[goal]]
id = "size"
points = 1
text = "t"
check.size = { build = "after", against = "before", shrink-percent = 90 }
"#;

fn worth() -> Vec<Worth> {
    let worth = |key: &str, value: &str, after| Worth {
        key: key.to_owned(),
        value: value.to_owned(),
        before: 1000,
        after,
        source: "the workshop",
    };
    vec![
        worth("opt-level", "\"z\"", 950),
        worth("lto", "true", 800),
        worth("lto", "\"thin\"", 700),
        worth("codegen-units", "1", 990),
        worth("strip", "true", 600),
    ]
}

/// The help of the goal about the size.
fn help(exercise: &str, settings: &str, worth: &[Worth], prepare: impl Fn(&mut Known)) -> String {
    let mut known = done_with(exercise);
    let text = format!("[package]\nname = \"tiny\"\n{settings}");
    known.manifest(&text);
    prepare(&mut known);
    let judgement = judge(&Case { worth, ..known.case() });
    let size = judgement.outcomes.iter().find(|outcome| outcome.id == "size").unwrap();
    size.diagnostics[0].help.clone().unwrap()
}

const ALL: &str =
    "[profile.release]\nopt-level = \"s\"\nlto = \"fat\"\ncodegen-units = 1\npanic = \"abort\"\nstrip = \"symbols\"\n";

#[test]
fn a_setting_is_missing_by_its_value_and_the_one_that_saves_most_is_named() {
    let told = |settings: &str| help(SIZE, settings, &worth(), |_| ());
    let measured = "alone it took tiny from 1,000 to 800 bytes (-20.0 %) when the workshop measured it";
    for (lto, how) in [
        ("", "[profile.release] doesn't set `lto`"),
        ("lto = \"thin\"\n", "[profile.release] has `lto = \"thin\"` (line 5)"),
        ("lto = \"off\"\n", "[profile.release] has `lto = \"off\"` (line 5)"),
        ("lto = false\n", "[profile.release] has `lto = false` (line 5)"),
    ] {
        let settings = ALL.replace("lto = \"fat\"\n", lto).replace("codegen-units = 1\n", "");
        assert_eq!(told(&settings), format!("{how}; `lto = true` saves the most: {measured}"));
    }
    // A number for it alone says little when nothing else is missing.
    let settings = ALL.replace("\"s\"", "0");
    let how = "[profile.release] has `opt-level = 0` (line 4)";
    assert_eq!(told(&settings), format!("{how}; `opt-level = \"z\"` is the one setting left"));
    // Without a measurement of it, what is missing is named, and how it is.
    let settings = ALL.replace("panic = \"abort\"\n", "").replace("\"s\"", "3");
    assert_eq!(
        help(SIZE, &settings, &[], |_| ()),
        "[profile.release] has `opt-level = 3` (line 4), which keeps the file large, and doesn't set `panic`, which makes a file smaller"
    );
    assert!(told(ALL).starts_with("every setting that makes a file smaller is on;"), "{}", told(ALL));
}

#[test]
fn what_another_goal_needs_is_not_missing() {
    let unwinds = format!(
        "{SIZE}[[goal]]\nid = \"lives\"\npoints = 1\ntext = \"t\"\ncheck.panic = {{ build = \"after\", ends = \"unwinds\", exit = 1 }}\n"
    );
    let settings = ALL.replace("panic = \"abort\"\n", "").replace("strip = \"symbols\"\n", "");
    assert_eq!(
        help(&unwinds, &settings, &[], |_| ()),
        "[profile.release] doesn't set `strip`, which makes a file smaller"
    );
}

#[test]
fn where_speed_counts_a_level_for_some_packages_is_a_level_for_size() {
    let timed = format!(
        "{SIZE}[[goal]]\nid = \"speed\"\npoints = 1\ntext = \"t\"\ncheck.speed = {{ build = \"after\", against = \"before\", at-most-percent = 150, by-time.at-most-percent = 180 }}\n"
    );
    let settings = ALL.replace("\"s\"", "3");
    let told = help(&timed, &settings, &[], |_| ());
    assert!(told.starts_with("[profile.release] has `opt-level = 3` (line 4), which keeps"), "{told}");
    assert!(told.ends_with("; a [profile.release.package.NAME] table sets a level for some packages only"), "{told}");
    let settings = settings.replace("strip = \"symbols\"\n", "[profile.release.package.\"*\"]\nopt-level = \"s\"\n");
    let told = help(&timed, &settings, &[], |_| ());
    assert_eq!(told, "[profile.release] doesn't set `strip`, which makes a file smaller");
}

#[test]
fn what_a_goal_about_settings_has_said_is_not_said_again() {
    let profile = "[[goal]]\nid = \"profile\"\npoints = 1\ntext = \"t\"\ncheck.profile = { profile = \"release\", want = { lto = [true], strip = [true] } }\n[[goal]]";
    let exercise = SIZE.replacen("[[goal]]", profile, 1);
    let told = help(&exercise, "", &worth(), |_| ());
    assert!(
        told.starts_with("start with the goal `profile`; of its settings, `strip` saves the most: alone"),
        "{told}"
    );
    assert!(!told.contains("true"), "the value is the exercise: {told}");
    let told = help(&exercise, "", &[], |_| ());
    assert_eq!(told, "start with the goal `profile`: it names what is missing, or has no effect");
    let others = "[profile.release]\nopt-level = \"s\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\n";
    let told = help(&exercise, others, &worth(), |_| ());
    assert_eq!(told, "start with the goal `profile`: one of its settings is still missing, or has no effect");
    // That goal is met, and the rest is this one's to say.
    let told = help(&exercise, "[profile.release]\nlto = true\nstrip = true\n", &worth(), |_| ());
    assert!(
        told.starts_with("[profile.release] doesn't set `opt-level`; `opt-level = \"z\"` saves the most"),
        "{told}"
    );
}

#[test]
fn a_symbol_table_that_should_be_gone_has_a_cause() {
    let settings = format!("{ALL}[profile.release.package.tiny]\nopt-level = 3\n");
    let symbols = |known: &mut Known| known.built("after").linking.symbols = 7;
    let told = help(SIZE, &settings, &worth(), symbols);
    assert_eq!(
        told,
        "Cargo drops a profile's `strip` for a package that has its own table: write `strip = \"symbols\"` in [profile.release.package.tiny] as well, or remove that table"
    );
    // A table for the dependencies isn't the cause.
    let told = help(SIZE, &settings.replace("package.tiny", "package.\"*\""), &worth(), symbols);
    assert!(told.starts_with("every setting"), "{told}");
}

#[test]
fn a_refused_dependency_comes_before_the_size_of_a_program_without_it() {
    let crates = format!(
        "{SIZE}[[goal]]\nid = \"crates\"\npoints = 1\ntext = \"t\"\ncheck.dependencies = {{ build = \"after\", present = [\"regex\"] }}\n"
    );
    let mut known = done_with(&crates);
    known.manifest(&format!("[package]\nname = \"tiny\"\n{ALL}"));
    let refused = [Diagnostic::new(Code::DependencyNotAllowed, "`2` doesn't include regex 1.13.1")];
    let judgement = judge(&Case { not_allowed: &refused, ..known.case() });
    let size = judgement.outcomes.iter().find(|outcome| outcome.id == "size").unwrap();
    assert_eq!(
        size.diagnostics[0].help.as_deref(),
        Some(
            "start with the goal `crates`: while a dependency isn't allowed, this check builds the course's own [dependencies] in place of yours"
        )
    );
    // Nor is it the learner's mistake that their program doesn't build with the course's own.
    let failed = Diagnostic::new(Code::BuildFailed, "cannot find module or crate `regex`");
    known.evidence.builds.insert("after".to_owned(), Attempt::Failed(Box::new(failed)));
    let judgement = judge(&Case { not_allowed: &refused, ..known.case() });
    let codes: Vec<_> = judgement.codes().into_iter().map(Code::name).collect();
    assert_eq!(codes, ["dependency/not-allowed"]);
    let size = judgement.outcomes.iter().find(|outcome| outcome.id == "size").unwrap();
    assert_eq!(size.verdict, Verdict::Skip);
}

#[test]
fn where_crates_are_the_matter_no_setting_is_blamed() {
    let crates = format!(
        "{SIZE}[[goal]]\nid = \"crates\"\npoints = 1\ntext = \"t\"\ncheck.dependencies = {{ build = \"after\", absent = [\"clap\"] }}\n"
    );
    let told = help(&crates, ALL, &worth(), |_| ());
    assert!(told.starts_with("no setting is missing, so look at the crates and their features: `cargo tree"), "{told}");
    let code = SIZE.replace("edits = [\"Cargo.toml\"]", "edits = [\"src/main.rs\"]");
    let told = help(&code, "", &worth(), |_| ());
    assert!(told.starts_with("leave the settings as they are;"), "{told}");
}

#[test]
fn a_size_is_compared_in_words() {
    let told = |after: u64| {
        let mut known = done_with(&SIZE.replace("90", "30"));
        known.built("after").bytes = after;
        judge(&known.case()).outcomes[0].diagnostics[0].message.clone()
    };
    let goal = "it has to be at least 30 % smaller, so";
    assert_eq!(
        told(1500),
        format!("`after` is 1,500 bytes, 25.0 % smaller than `before` (2,000); {goal} 100 bytes still have to go")
    );
    assert_eq!(
        told(2000),
        format!("`after` is 2,000 bytes, the same as `before` (2,000); {goal} 600 bytes still have to go")
    );
    assert_eq!(
        told(2100),
        format!("`after` is 2,100 bytes, 5.0 % larger than `before` (2,000); {goal} 700 bytes still have to go")
    );
}
