//! The main job: what `cargo xtask sizes` builds, checks, shows and rejects.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use testbed::project::{PLAIN_PROFILES, PLAIN_SIZES, Project, bytes, call, json, rows, stderr, stdout};

#[test]
fn the_ladder_of_word_freq_has_the_shape_that_the_tutorial_teaches() {
    let project = Project::copy_of_the_repository();
    let assert = project.run(&["sizes", "--program", "word_freq", "--table", "ladder", "--format", "json"]).success();
    let document = json(&assert);
    let rows = rows(&document, "ladder");
    let labels: Vec<_> = rows.iter().map(|row| row["label"].as_str().unwrap()).collect();
    let steps = [
        "release (default)",
        "+ opt-level = \"z\"",
        "+ lto = true",
        "+ codegen-units = 1",
        "+ panic = \"abort\"",
        "+ strip = true",
    ];
    assert_eq!(labels, steps, "one setting a step");
    let bytes: Vec<f64> = bytes(&document, "ladder").into_iter().map(|bytes| bytes as f64).collect();
    assert!(bytes[2] < bytes[1] * 0.9, "LTO saves more than 10 %: {bytes:?}");
    assert!(bytes[5] < bytes[4] * 0.9, "strip saves more than 10 %: {bytes:?}");
    assert!(bytes[5] < bytes[0] * 0.7, "the full profile is at least 30 % smaller: {bytes:?}");
    assert!((bytes[1] - bytes[0]).abs() < bytes[0] * 0.05, "opt-level z alone isn't a big win: {bytes:?}");
    assert!(rows.iter().all(|row| row["output_ok"] == true), "the output is equal everywhere");
    assert!(
        rows.iter().all(|row| row["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0)),
        "every build was timed"
    );
    for row in rows {
        let parts: u64 = row["sections"].as_array().unwrap().iter().map(|part| part["bytes"].as_u64().unwrap()).sum();
        assert_eq!(parts, row["bytes"].as_u64().unwrap(), "every byte of the file is accounted for");
    }
    let symbols = |row: usize| rows[row]["sections"].as_array().unwrap().iter().any(|part| part["name"] == ".symtab");
    if cfg!(target_os = "linux") {
        assert!(symbols(4) && !symbols(5), "strip takes out the symbol table");
    }
    for (row, name) in rows.iter().zip(["release", "ladder-1-opt-level-z", "ladder-2-lto", "ladder-3-codegen-units-1"])
    {
        let file =
            fs::metadata(project.path("target").join(name).join(format!("word_freq{}", std::env::consts::EXE_SUFFIX)))
                .unwrap();
        assert_eq!(
            file.len(),
            row["bytes"].as_u64().unwrap(),
            "the program is where `cargo build --profile {name}` puts it"
        );
    }
}

#[test]
fn a_second_call_builds_nothing_and_shows_the_same() {
    let project = Project::plain_workshop();
    let first = stdout(&project.run(&["sizes"]).success());
    let second =
        project.run(&["sizes"]).success().stderr(contains("built stripped: tiny").and(contains("(unchanged)")));
    assert_eq!(stdout(&second), first);
}

#[test]
fn a_changed_source_is_built_again_and_never_copied_from_another_profile() {
    let project = Project::workshop(
        "fn main() { println!(\"hi\"); }",
        "[profile.one]\ninherits = \"release\"\nstrip = true\n[profile.two]\ninherits = \"one\"",
        &PLAIN_SIZES.replace("\"release\"", "\"one\"").replace("\"stripped\"", "\"two\""),
    );
    // Both profiles have the same settings: the second one is a copy of the first.
    project.run(&["sizes"]).success();
    project.write("tiny/src/main.rs", "fn main() { println!(\"ho\"); }");
    let wrong = project.run(&["sizes"]).code(1);
    assert_eq!(stdout(&wrong).matches("WRONG").count(), 2, "{}", stdout(&wrong));
    // A profile folder that is empty again finds only the new program to copy.
    fs::remove_dir_all(project.path("target/two")).unwrap();
    project.write("tiny/src/main.rs", "fn main() { println!(\"hi\"); }");
    let right = stdout(&project.run(&["sizes"]).success());
    assert!(!right.contains("WRONG"), "{right}");
}

#[test]
fn a_profile_that_changes_what_the_program_does_fails_the_run() {
    let source = "fn main() { if cfg!(debug_assertions) { println!(\"\\u{1b}[31mho\"); std::process::exit(3) } println!(\"hi\"); }";
    let project =
        Project::workshop(source, "[profile.stripped]\ninherits = \"release\"\ndebug-assertions = true", PLAIN_SIZES);
    let assert = project.run(&["sizes"]).code(1);
    let table = stdout(&assert);
    assert!(table.lines().any(|line| line.contains("stripped") && line.ends_with("WRONG")), "{table}");
    assert!(table.lines().any(|line| line.contains("release") && line.ends_with("ok")), "{table}");
    let message = stderr(&assert);
    assert!(
        message.contains(
            "error: tiny built with the profile `stripped` doesn't behave as expected; to see it yourself, run"
        ),
        "{message}"
    );
    assert!(message.contains("expected, exit code 0:\n  | hi\ngot, exit code 3:\n  | \\u{1b}[31mho\n"), "{message}");
    let document = json(&project.run(&["sizes", "--format", "json"]).code(1));
    assert_eq!(rows(&document, "two")[1]["output_ok"], false);
    assert!(document["problems"][0].as_str().unwrap().contains("`stripped`"), "{document}");
}

#[test]
fn a_program_that_hangs_or_prints_for_ever_is_ended_and_named() {
    let source = "fn main() { if cfg!(debug_assertions) { loop { std::thread::park() } } if cfg!(overflow_checks) { loop { println!(\"y\") } } println!(\"hi\"); }";
    let project = Project::workshop(
        &format!("#![allow(unexpected_cfgs)]\n{source}").replace("cfg!(overflow_checks)", "cfg!(panic = \"abort\")"),
        "[profile.hangs]\ninherits = \"release\"\ndebug-assertions = true\n[profile.floods]\ninherits = \"release\"\npanic = \"abort\"",
        &PLAIN_SIZES
            .replace("\"release\", label = \"default\"", "\"floods\", label = \"default\"")
            .replace("\"stripped\"", "\"hangs\""),
    );
    project
        .run(&["sizes", "--run-seconds", "1"])
        .code(1)
        .stderr(contains("stopped because it wasn't finished after 5 s, most of it spent waiting"))
        .stderr(contains("stopped because it printed more than 100000 bytes"));
}

#[test]
fn check_compares_with_what_accept_wrote() {
    let project = Project::plain_workshop();
    project
        .run(&["sizes", "--check"])
        .code(1)
        .stderr(contains("there is no committed measurement for rustc").and(contains("sizes --accept")));
    project.run(&["sizes", "--accept"]).success().stderr(contains("(2 builds)"));
    project.run(&["sizes", "--check"]).success().stderr(contains("2 builds match"));
    let document = json(&project.run(&["sizes", "--check", "--format", "json"]).success());
    assert_eq!(document["check"]["verdict"], "pass");
    assert_eq!(rows(&document, "two")[0]["committed_bytes"], rows(&document, "two")[0]["bytes"]);

    project.edit("Cargo.toml", "strip = true\n\n[workspace.metadata", "strip = \"none\"\n\n[workspace.metadata");
    let assert = project.run(&["sizes", "--check"]).code(1);
    let message = stderr(&assert);
    assert!(message.contains("error: tiny, profile `stripped` (two: + strip = true): "), "{message}");
    assert!(
        message.contains(" larger than the committed ") && message.contains("(strip is \"none\", was true)"),
        "{message}"
    );
    assert!(message.contains("1 of 2 builds don't match"), "{message}");
    assert!(!message.contains("profile `release`"), "only the row that changed is named: {message}");
}

#[test]
fn a_table_that_rebuilds_std_is_refused_by_name_where_its_source_is_missing_and_left_out_of_all() {
    let rebuilt = "{ profile = \"stripped\", std = \"without-backtrace\", label = \"rebuilt\" }";
    let table =
        format!("\n[[workspace.metadata.sizes.tables]]\nname = \"std\"\ncaption = \"Std\"\nrows = [{rebuilt}]\n");
    let project =
        Project::workshop("fn main() { println!(\"hi\"); }", PLAIN_PROFILES, &format!("{PLAIN_SIZES}{table}"));
    let sysroot = stdout(&call("rustc").current_dir(project.path("")).args(["--print", "sysroot"]).assert().success());
    if std::path::Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library/Cargo.lock").exists() {
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!("LEFT OUT: this toolchain has the source of std");
        }
        return;
    }
    project
        .run(&["sizes", "--table", "std"])
        .code(3)
        .stdout("")
        .stderr(contains("the source of std isn't installed").and(contains("rustup component add rust-src")));
    assert!(!project.path("target").exists(), "it is said before the builds, not after them");
    let all = project.run(&["sizes", "--table", "all"]).success();
    assert!(stderr(&all).contains("note: skipping the table `std`: "), "{}", stderr(&all));
    assert_eq!(stdout(&all).matches("--table two").count(), 1);
    project.run(&["sizes", "--accept"]).success().stderr(contains("(2 builds)"));
}

#[test]
fn check_says_of_which_compilers_there_is_a_measurement() {
    let project = Project::plain_workshop();
    let note = stderr(&project.run(&["sizes", "--accept"]).success());
    let file = note.split("wrote ").nth(1).unwrap().split(" (").next().unwrap().to_owned();
    let (folder, name) = file.rsplit_once('/').unwrap();
    fs::rename(project.path(&file), project.path(folder).join("rustc-1.0.0.json")).unwrap();
    let release = name.trim_start_matches("rustc-").trim_end_matches(".json");
    project
        .run(&["sizes", "--check"])
        .code(1)
        .stderr(contains(format!("there is no committed measurement for rustc {release} on ")))
        .stderr(contains("for this target, there's only one from rustc 1.0.0"));
}

#[test]
fn a_damaged_measurement_is_named_with_its_line_and_left_alone() {
    let project = Project::plain_workshop();
    let note = stderr(&project.run(&["sizes", "--accept"]).success());
    let file = note.split("wrote ").nth(1).unwrap().split(" (").next().unwrap().to_owned();
    project.edit(&file, "\"bytes\":", "\"bytes\"");
    let damaged = project.read(&file);
    project
        .run(&["sizes"])
        .code(2)
        .stderr(contains("the committed measurement is damaged").and(contains(format!("--> {file}:"))));
    assert_eq!(project.read(&file), damaged);
}

#[test]
fn accept_keeps_the_old_measurement_when_a_program_is_wrong_or_the_folder_is_in_the_way() {
    let project = Project::plain_workshop();
    project.write("docs/measurements", "a file where a folder is wanted");
    project
        .run(&["sizes", "--accept"])
        .code(3)
        .stderr(contains("docs/measurements").and(contains("make docs/measurements writable")));
    assert!(!project.path("target").exists(), "it is said before the builds, not after them");
    fs::remove_file(project.path("docs/measurements")).unwrap();
    project.edit("tiny/src/main.rs", "hi", "ho");
    project.run(&["sizes", "--accept"]).code(1);
    assert!(!project.path("docs/measurements").exists());
}

#[test]
fn names_that_are_nearly_right_get_a_suggestion() {
    let project = Project::plain_workshop();
    project
        .run(&["sizes", "--table", "tow"])
        .code(2)
        .stderr(contains("there is no table `tow`").and(contains("did you mean `two`?")));
    project.run(&["sizes", "--table", "everything"]).code(2).stderr(contains("the tables are two, and `all`"));
    project.run(&["sizes", "--program", "tinny"]).code(2).stderr(contains("did you mean `tiny`?"));
    let document = json(&project.run(&["sizes", "--table", "tow", "--format", "json"]).code(2));
    assert_eq!((document["schema"].as_str(), document["exit"].as_u64()), (Some("size-workshop/error/1"), Some(2)));
    assert_eq!(document["help"], "did you mean `two`?");
}

#[test]
fn wrong_usage_is_exit_code_2_and_json_where_that_was_asked_for() {
    let project = Project::plain_workshop();
    project.run(&["sizes", "--tabel", "two"]).code(2).stderr(contains("--table")).stdout("");
    let document = json(&project.run(&["sizes", "--tabel", "two", "--format", "json"]).code(2));
    assert!(document["message"].as_str().unwrap().contains("--tabel"), "{document}");
    project.run(&["sizes", "--jobs", "0"]).code(2);
    project.run(&["sizes", "--check", "--accept"]).code(2);
}

#[test]
fn a_malformed_table_is_shown_with_its_line_before_anything_is_built() {
    let cases = [
        (PLAIN_SIZES.replace("caption", "captoin"), "unknown field `captoin`", "captoin = \"Two builds\""),
        (
            PLAIN_SIZES.replace("\"stripped\"", "\"striped\""),
            "there is no profile `striped`",
            "did you mean `stripped`?",
        ),
        (
            PLAIN_SIZES.replace("default = true", "default = true\nprograms = [\"huge\"]"),
            "there is no program `huge`",
            "the programs are tiny",
        ),
        (
            PLAIN_SIZES.replace("stdout = \"hi\\n\" }", "stdout = 1 }"),
            "invalid type: integer `1`, expected a string",
            "cases = ",
        ),
    ];
    for (sizes, message, more) in cases {
        let project = Project::workshop("fn main() {}", PLAIN_PROFILES, &sizes);
        let assert = project
            .run(&["sizes"])
            .code(2)
            .stderr(contains(message).and(contains(more)).and(contains("--> Cargo.toml:")));
        assert!(!project.path("target").exists(), "{}", stderr(&assert));
    }
}

#[test]
fn outside_the_workshop_nothing_is_guessed() {
    Project::empty().run(&["sizes"]).code(2).stderr(contains("isn't inside the workshop").and(contains("help: ")));
}

#[test]
fn every_format_holds_every_row() {
    let project = Project::plain_workshop();
    let csv = stdout(&project.run(&["sizes", "--format", "csv"]).success());
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.lines().nth(2).unwrap().starts_with("two,tiny,stripped,'+ strip = true,"), "{csv}");
    let markdown = stdout(&project.run(&["sizes", "--format", "markdown"]).success());
    assert_eq!(markdown.matches("as expected |").count(), 2, "{markdown}");
    let document = json(&project.run(&["sizes", "--format", "json"]).success());
    let sizes = bytes(&document, "two");
    assert!(sizes[1] < sizes[0], "{sizes:?}");
    let change = rows(&document, "two")[1]["change_from_first"].as_f64().unwrap();
    assert!((change - (sizes[1] as f64 / sizes[0] as f64 - 1.0)).abs() < 1e-5, "{change}");
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let project = Project::plain_workshop();
    let plain = stdout(&project.run(&["sizes"]).success());
    assert!(!plain.contains('\u{1b}'), "no terminal, no color: {plain}");
    assert!(stdout(&project.run(&["sizes", "--color", "always"]).success()).contains("\u{1b}[1m"));
    assert!(stdout(&project.xtask().arg("sizes").env("CLICOLOR_FORCE", "1").assert().success()).contains("\u{1b}[1m"));
    let both = project.xtask().arg("sizes").env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").assert().success();
    assert_eq!(stdout(&both), plain);
}

#[test]
fn a_failed_build_is_shown_in_rustcs_own_words() {
    let project = Project::workshop("fn main() { let x: u8 = \"no\"; }", PLAIN_PROFILES, PLAIN_SIZES);
    project.run(&["sizes"]).code(1).stdout("").stderr(
        contains("error[E0308]: mismatched types")
            .and(contains("src/main.rs:1:25"))
            .and(contains("help: fix the build first")),
    );
}

#[test]
fn what_cargo_says_about_the_manifest_is_passed_on_once() {
    let project = Project::workshop(
        "fn main() { println!(\"hi\"); }",
        &format!("{PLAIN_PROFILES}\nopt-levl = \"z\""),
        PLAIN_SIZES,
    );
    let message = stderr(&project.run(&["sizes"]).success());
    assert_eq!(message.matches("unused manifest key: profile.stripped.opt-levl").count(), 1, "{message}");
}

#[test]
fn help_is_data_and_names_the_exit_codes() {
    let project = Project::empty();
    project
        .run(&["--help"])
        .success()
        .stdout(contains("Exit codes: 0: everything requested holds").and(contains("sizes")))
        .stderr("");
    project
        .run(&["sizes", "--help"])
        .success()
        .stdout(contains("--manifest-path <PATH>").and(contains("Your own crate")));
}
