//! What a download costs: `--compressed`, and the limits of a budget on it. The numbers are those of `gzip -9` and `zstd -19`.

#![cfg(unix)]

use crate::calls::{plain, weigh};
use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::os::unix::fs::symlink;
use testbed::project::{Project, call, json, stderr, stdout};

/// A crate whose download has a budget.
fn with_budget(keys: &str) -> Project {
    let project = plain();
    let table =
        format!("\n[profile.dist]\ninherits = \"release\"\nstrip = true\n\n[package.metadata.size-budget]\n{keys}");
    project.write("Cargo.toml", &(project.read("Cargo.toml") + &table));
    project
}

/// What a shell prints, as the author of a download would measure it.
fn counted(project: &Project, command: &str) -> u64 {
    let counted = call("sh").args(["-c", command]).current_dir(project.path("")).assert().success();
    stdout(&counted).trim().parse().unwrap()
}

/// Two files to compare, for which nothing is built, and a folder for the programs that are installed.
fn two_files() -> Project {
    let project = Project::empty();
    for (name, program) in [("a", "gzip"), ("b", "zstd")] {
        let found = stdout(&call("sh").args(["-c", &format!("command -v {program}")]).assert().success());
        std::fs::copy(found.trim(), project.path(name)).unwrap();
    }
    project.write("bin/note.txt", "");
    project
}

fn install(project: &Project, program: &str) {
    let found = stdout(&call("sh").args(["-c", &format!("command -v {program}")]).assert().success());
    symlink(found.trim(), project.path("bin").join(program)).unwrap();
}

#[test]
#[ignore = "builds a crate several times: .ci/run runs it"]
fn a_budget_for_the_download_is_judged_by_gzip_and_by_zstd() {
    let project = with_budget("profile = \"dist\"\nmax = \"9 MB\"\nmax-gzip = 400\nmax-zstd = \"9 MB\"\n");
    let call = weigh(&project).arg("budget").assert().code(1);
    let told = stderr(&call);
    // As it is written: a number has no quotes.
    assert!(told.contains("more than `max-gzip = 400` allows") && told.contains("after `gzip -9`"), "{told}");
    assert!(told.contains("to see where its bytes come from, run `cargo weigh bloat --profile dist`"), "{told}");
    let found = json(&weigh(&project).args(["budget", "--format", "json"]).assert().code(1));
    let limits = found["budgets"][0]["limits"].as_array().unwrap();
    let keys: Vec<&Value> = limits.iter().map(|limit| &limit["key"]).collect();
    assert_eq!(keys, ["max", "max-gzip", "max-zstd"]);
    // The command of the help shows the program that was judged.
    let words = ["bloat", "--profile", "dist", "--sections", "--format", "json"];
    let shown = json(&weigh(&project).args(words).assert().success());
    assert_eq!(shown["file_bytes"], limits[0]["bytes"]);
    let file = shown["file"].as_str().unwrap();
    assert_eq!(limits[1]["bytes"], counted(&project, &format!("gzip -9 -n -c {file} | wc -c")));
    assert_eq!(limits[2]["bytes"], counted(&project, &format!("zstd -19 -q -c {file} | wc -c")));
    assert_eq!(limits[2]["met"], true);
    weigh(&project)
        .args(["budget", "--format", "github"])
        .assert()
        .code(1)
        .stdout(contains("::error file=Cargo.toml,line=13,").and(contains("after `gzip -9`")));
}

#[test]
fn a_budget_that_cannot_be_measured_is_not_met() {
    let project = with_budget("max-zstd = 400\n");
    let call = weigh(&project).arg("budget").env("PATH", project.path("src")).assert().code(3);
    let told = stderr(&call);
    assert!(told.contains("`max-zstd` is measured with `zstd -19`, and zstd isn't installed"), "{told}");
    assert!(told.contains("apt install zstd") && !project.path("target").exists(), "{told}");
}

#[test]
fn both_sides_of_a_comparison_are_compressed() {
    let project = two_files();
    let found =
        json(&weigh(&project).args(["diff", "./a", "./b", "--compressed", "--format", "json"]).assert().success());
    for (side, file) in [("a", "./a"), ("b", "./b")] {
        assert_eq!(found[side]["gzip_bytes"], counted(&project, &format!("gzip -9 -n -c {file} | wc -c")));
        assert_eq!(found[side]["zstd_bytes"], counted(&project, &format!("zstd -19 -q -c {file} | wc -c")));
    }
    let text = stdout(&weigh(&project).args(["diff", "./a", "./b", "--compressed"]).assert().success());
    assert!(text.contains("\ngzip -9: ") && text.contains("\nzstd -19: "), "{text}");
    // Only where it was asked for.
    let plain = json(&weigh(&project).args(["diff", "./a", "./b", "--format", "json"]).assert().success());
    assert!(plain["a"].get("gzip_bytes").is_none());
    // Variables that would change a level.
    let mut call = weigh(&project);
    call.env("ZSTD_CLEVEL", "1").env("GZIP", "-1").args(["diff", "./a", "./b", "--compressed", "--format", "json"]);
    assert_eq!(json(&call.assert().success())["a"], found["a"]);
}

#[test]
fn a_program_that_is_missing_leaves_its_column_empty_and_two_end_the_call() {
    let project = two_files();
    let diff = |words: &[&str]| {
        let mut call = weigh(&project);
        call.env("PATH", project.path("bin")).args(["diff", "./a", "./b", "--compressed"]).args(words);
        call.assert()
    };
    let neither = stderr(&diff(&[]).code(3));
    assert!(neither.contains("neither is installed") && neither.contains("gzip and zstd"), "{neither}");
    install(&project, "gzip");
    let found = diff(&["--format", "json"]).success();
    assert!(stderr(&found).contains("`zstd -19` isn't measured: install the package zstd"), "{}", stderr(&found));
    let found = json(&found);
    assert!(found["a"]["gzip_bytes"].is_u64() && found["a"]["zstd_bytes"].is_null(), "{found}");
}

#[test]
#[ignore = "builds six profiles, twice for the page: .ci/run runs it"]
fn the_ladder_and_the_page_have_columns_for_the_download() {
    let project = plain();
    let words = ["ladder", "--table", "ladder", "--compressed"];
    let found = json(&weigh(&project).args(words).args(["--format", "json"]).assert().success());
    for row in found["tables"][0]["rows"].as_array().unwrap() {
        assert!(row["zstd_bytes"].as_u64() < row["gzip_bytes"].as_u64(), "{row}");
        assert!(row["gzip_bytes"].as_u64() < row["bytes"].as_u64(), "{row}");
    }
    let text = stdout(&weigh(&project).args(words).assert().success());
    assert!(text.contains("gzip -9") && text.contains("the download size"), "{text}");
    weigh(&project).args(["report", "--compressed", "--out", "page.html"]).assert().success();
    assert!(project.read("page.html").contains("\"gzip_bytes\":"));
    weigh(&project).args(["report", "--out", "page.html"]).assert().success();
    assert!(!project.read("page.html").contains("\"gzip_bytes\":"));
}
