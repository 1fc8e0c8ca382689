//! Where it is called: in folders with no crate, with a library, with several programs. Each message names the next step.

use crate::calls::{plain, weigh};
use testbed::project::{Project, stderr, stdout};

/// What a call says that ends with 2.
fn refused(project: &Project, words: &[&str]) -> String {
    stderr(&weigh(project).args(words).assert().code(2)).replace(project.path("").to_str().unwrap(), "HERE/")
}

#[test]
fn where_no_crate_is_every_verb_says_how_to_name_one() {
    let project = Project::empty();
    for verb in ["ladder", "bloat", "what-if", "tune", "report", "image", "budget"] {
        let said = refused(&project, &[verb]);
        assert!(said.contains("there is no Cargo.toml in") && said.contains("--manifest-path PATH"), "{verb}: {said}");
        assert!(!said.contains("xtask") && !said.contains("workshop"), "{verb}: {said}");
    }
    let said = refused(&project, &["diff", "release", "dist"]);
    assert!(said.contains("there is no Cargo.toml in"), "{said}");
}

#[test]
fn where_no_crate_is_files_can_be_read() {
    let project = Project::empty();
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-weigh"), project.path("a")).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_cargo-weigh"), project.path("b")).unwrap();
    let text = stdout(&weigh(&project).args(["bloat", "--file", "a", "--crates"]).assert().success());
    assert!(text.starts_with("a, as it is: "), "{text}");
    let text = stdout(&weigh(&project).args(["diff", "a", "b"]).assert().success());
    assert!(text.starts_with("a -> b: "), "{text}");
    insta::assert_snapshot!(refused(&project, &["diff", "a", "nothing"]), @r"
    error: there's no file nothing, and no crate here that could have a profile of that name
    help: pass two files, or name the crate's Cargo.toml: --manifest-path PATH
    ");
    insta::assert_snapshot!(refused(&project, &["bloat", "--file", "nothing"]), @r"
    error: there is no file nothing
    help: a path is relative to the current folder; is the program built?
    ");
}

#[test]
fn a_library_has_no_program_to_measure() {
    let project = Project::empty();
    project.write("Cargo.toml", "[package]\nname = \"only-lib\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("src/lib.rs", "");
    insta::assert_snapshot!(refused(&project, &["bloat"]), @r"
    error: only-lib builds no program: a library for other Rust crates has no executable to measure
    help: measure a program that uses the library: pass its Cargo.toml with --manifest-path, or its name with --package
    ");
}

#[test]
fn where_the_target_folder_cannot_be_written_a_different_one_is_proposed() {
    let project = plain();
    // In a folder's place: the user of a test may be one who can write everywhere.
    project.write("target", "");
    let said = stderr(&weigh(&project).args(["bloat"]).assert().code(3));
    assert!(said.contains("can't create the folder ") && said.contains("help: set CARGO_TARGET_DIR"), "{said}");
    let elsewhere = Project::empty();
    weigh(&project).env("CARGO_TARGET_DIR", elsewhere.path("")).args(["bloat", "--sections"]).assert().success();
}

#[test]
fn of_two_programs_one_must_be_chosen() {
    let project = Project::empty();
    project.write("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"a\", \"b\"]\n");
    for name in ["a", "b"] {
        let manifest = format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        project.write(&format!("{name}/Cargo.toml"), &manifest);
        project.write(&format!("{name}/src/main.rs"), "fn main() {}");
    }
    insta::assert_snapshot!(refused(&project, &["bloat"]), @r"
    error: there are several binaries: a (package a), b (package b)
    help: choose one with --bin NAME (and --package NAME)
    ");
    insta::assert_snapshot!(refused(&project, &["ladder", "--bin", "c"]), @r"
    error: there is no binary `c`
    help: the binaries are a (package a), b (package b)
    ");
    insta::assert_snapshot!(refused(&project, &["ladder", "--package", "c"]), @r"
    error: there is no package `c` in this workspace
    help: its packages are a, b
    ");
}

#[test]
fn a_profile_or_a_table_that_is_not_there_is_told_with_those_that_are() {
    let project = plain();
    insta::assert_snapshot!(refused(&project, &["bloat", "--profile", "dits"]), @r"
    error: there is no profile `dits`
    help: did you mean `dist`?
    ");
    let said = refused(&project, &["bloat", "--profile", "quick"]);
    assert!(said.contains("the crate has release, dev; the size tables have dist, dist-1, "), "{said}");
    insta::assert_snapshot!(refused(&project, &["ladder", "--table", "nope"]), @r"
    error: there is no table `nope`
    help: the tables are ladder, s-z-3, alone, opt-level, lto, strip, dev, std, and `all`
    ");
}

#[test]
fn a_budget_that_is_not_there_is_told_with_an_example() {
    insta::assert_snapshot!(refused(&plain(), &["budget"]), @r#"
    error: the manifest has no [package.metadata.size-budget]
      --> Cargo.toml
    help: add to it, for example

    [package.metadata.size-budget]
    max = "320 KiB"
    max-growth = "1 %"
    "#);
}

#[test]
fn messages_about_a_budget_name_what_is_there_to_call() {
    let project = plain();
    let manifest = project.read("Cargo.toml") + "[package.metadata.size-budget]\nmax-growth = \"1 %\"\n";
    project.write("Cargo.toml", &manifest);
    let said = refused(&project, &["budget"]);
    assert!(said.contains("to save one, run `cargo weigh budget --save`"), "{said}");
    project.write("size-baseline.json", "{");
    let said = refused(&project, &["budget"]);
    assert!(said.contains("measure again with `cargo weigh budget --save`"), "{said}");
}
