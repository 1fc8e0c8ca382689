//! How it is called: by Cargo or by its own name, and what it says of itself.

use testbed::project::{Project, call, stderr, stdout};

/// `cargo weigh` in a folder, as a person would call it.
pub(crate) fn weigh(project: &Project) -> assert_cmd::Command {
    let mut command = call(env!("CARGO_BIN_EXE_cargo-weigh"));
    command.arg("weigh").current_dir(project.path(""));
    command
}

/// A crate without dependencies, with its lockfile.
pub(crate) fn plain() -> Project {
    let project = Project::empty();
    project.write("Cargo.toml", "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("Cargo.lock", "version = 3\n\n[[package]]\nname = \"plain\"\nversion = \"0.1.0\"\n");
    project.write("src/main.rs", "fn main() { println!(\"hi\"); }\n");
    project.write(".gitignore", "/target\n");
    project
}

#[test]
fn the_help_is_one_page() {
    let project = Project::empty();
    let long = stdout(&weigh(&project).arg("--help").assert().success());
    insta::assert_snapshot!(long);
    assert!(long.lines().count() < 30);
    assert_eq!(stdout(&weigh(&project).arg("-h").assert().success()), long);
}

#[test]
fn the_help_of_budget_names_no_option_that_only_the_workshop_has() {
    let help = stdout(&weigh(&Project::empty()).args(["budget", "--help"]).assert().success());
    assert!(help.contains("github: ") && !help.contains("--budget"), "{help}");
}

#[test]
fn cargo_and_a_person_get_the_same() {
    let project = Project::empty();
    for words in [&["--version"][..], &["help", "bloat"]] {
        let by_cargo = stdout(&weigh(&project).args(words).assert().success());
        let mut alone = call(env!("CARGO_BIN_EXE_cargo-weigh"));
        assert_eq!(stdout(&alone.args(words).assert().success()), by_cargo);
    }
    let version = stdout(&weigh(&project).arg("--version").assert().success());
    assert_eq!(version, format!("cargo-weigh {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn without_a_verb_the_help_is_shown_and_nothing_is_done() {
    let project = Project::empty();
    let said = stderr(&weigh(&project).assert().code(2));
    assert!(said.contains("Usage: cargo weigh"), "{said}");
}

#[test]
fn a_misspelled_verb_is_answered_with_the_right_one() {
    let project = Project::empty();
    let said = stderr(&weigh(&project).arg("blaot").assert().code(2));
    assert!(said.contains("a similar subcommand exists: 'bloat'") && said.contains("cargo weigh"), "{said}");
}

#[test]
fn wrong_usage_is_json_where_json_is_asked_for() {
    let project = Project::empty();
    let words = ["bloat", "--format", "json", "--nonsense"];
    let answer = testbed::project::json(&weigh(&project).args(words).assert().code(2));
    assert_eq!(answer["schema"], "size-workshop/error/1");
    assert_eq!(answer["exit"], 2);
}
