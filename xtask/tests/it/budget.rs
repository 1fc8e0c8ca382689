//! A size budget in your own crate: `cargo xtask sizes --budget`, and the workflow that calls it in a pull request.

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use testbed::project::{Project, json, repository, stderr, stdout};
use testbed::schema;

/// The tables of a manifest that follow the package.
const BUDGET: &str = "\n[profile.dist]\ninherits = \"release\"\nstrip = true\n\n[package.metadata.size-budget]\nprofile = \"dist\"\nmax = \"2 MiB\"\nmax-growth = \"1 %\"\n";

/// A crate that knows nothing of the workshop except for its budget, and a small workshop to measure it from.
fn project(tables: &str) -> Project {
    let project = Project::plain_workshop();
    manifest(&project, tables);
    project.write("crate/Cargo.lock", "version = 4\n\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\n");
    project.write("crate/src/main.rs", "fn main() { println!(\"hi\"); }\n");
    project
}

fn manifest(project: &Project, tables: &str) {
    let head = "[package]\nname = \"theirs\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\n[workspace]\n";
    project.write("crate/Cargo.toml", &format!("{head}{tables}"));
}

fn judge(project: &Project, words: &[&str]) -> Assert {
    project.xtask().args(["sizes", "--manifest-path", "crate", "--budget"]).args(words).assert()
}

/// A program that has grown by a table of 256 KiB, and by code.
const LARGER: &str = "static TABLE: [u64; 32768] = [7; 32768];\nfn main() { let n = std::env::args().count(); println!(\"hi {} {:?}\", TABLE[n], std::thread::spawn(move || n).join()); }\n";

/// Without bytes, which depend on the compiler.
fn settled(text: &str) -> String {
    let mut plain = String::new();
    let mut number = false;
    for c in text.chars() {
        let part = c.is_ascii_digit() || (number && matches!(c, ',' | '.'));
        if part && !number {
            plain.push('N');
        }
        if !part {
            plain.push(c);
        }
        number = part;
    }
    plain.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
#[ignore = "builds a crate half a dozen times: .ci/run runs it"]
fn a_budget_is_judged_saved_and_exceeded() {
    let project = project(BUDGET);
    // Growth against what? Nothing is built to find that out.
    let text = stderr(&judge(&project, &[]).code(2).stdout(""));
    insta::assert_snapshot!("budget-1-no-baseline", text);
    assert!(!project.path("target/size-workshop").join("theirs").exists());
    // Save, judge: the same size isn't growth.
    judge(&project, &["--save"]).success().stderr(contains("wrote crate/size-baseline.json; commit it"));
    let met = stdout(&judge(&project, &[]).success());
    insta::assert_snapshot!("budget-2-within", settled(&met));
    // Its own profile was built, stripped, and only the sources of the crate and the baseline are in its folder.
    let baseline = schema::document(&project.read("crate/size-baseline.json"));
    assert_eq!(baseline["schema"], "size-workshop/size-baseline/1");
    let parts = &baseline["builds"][0]["parts"];
    let sum = |key: &str| parts[key].as_object().unwrap().values().map(|bytes| bytes.as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("sections"), parts["bytes"].as_u64().unwrap(), "sections sum to the byte");
    assert_eq!(
        (sum("crates"), sum("functions")),
        (parts["text_bytes"].as_u64().unwrap(), parts["text_bytes"].as_u64().unwrap())
    );
    assert!(!project.path("crate/target").exists());
    // It grows: the limit's line, and who did it.
    project.write("crate/src/main.rs", LARGER);
    let assert = judge(&project, &[]).code(1);
    let (table, told) = (stdout(&assert), stderr(&assert));
    assert!(table.contains("EXCEEDED") && table.contains("within"), "{table}");
    let section = table.lines().find(|line| line.contains(".rodata")).unwrap_or_else(|| panic!("{table}"));
    assert!(section.trim_start().starts_with("+26"), "the table of 262,144 bytes: {section}");
    assert!(table.contains("  theirs::main") || table.contains("std::thread"), "{table}");
    insta::assert_snapshot!("budget-3-exceeded", settled(&told));
    // Growth that is declared as noise doesn't count.
    manifest(&project, &format!("{BUDGET}min-growth = \"1 MiB\"\n"));
    judge(&project, &[]).success();
    // What programs read.
    manifest(&project, BUDGET);
    let document = json(&judge(&project, &["--format", "json"]).code(1));
    assert_eq!((document["schema"].as_str(), document["met"].as_bool()), (Some("size-workshop/budget/1"), Some(false)));
    let budget = &document["budgets"][0];
    assert_eq!(
        (budget["limits"][1]["key"].as_str(), budget["limits"][1]["line"].as_u64()),
        (Some("max-growth"), Some(15))
    );
    let (bytes, allowed) = (budget["bytes"].as_u64().unwrap(), budget["limits"][1]["allowed_bytes"].as_u64().unwrap());
    assert_eq!(budget["limits"][1]["over_bytes"].as_u64().unwrap(), bytes - allowed);
    assert!(budget["changes"]["sections"].as_array().unwrap().iter().any(|change| change["name"] == ".rodata"));
    judge(&project, &["--format", "github"])
        .code(1)
        .stdout(contains("::error file=crate/Cargo.toml,line=15,col=14,title=Size budget::"));
    judge(&project, &["--format", "csv"]).code(1).stdout(contains("theirs,dist,max-growth,1 %,"));
    // The growth is accepted: the new size is saved, and holds.
    judge(&project, &["--save"]).success();
    judge(&project, &[]).success();
}

#[test]
fn what_is_malformed_or_missing_is_never_met() {
    let project = project("");
    judge(&project, &[])
        .code(2)
        .stderr(contains("the manifest has no [package.metadata.size-budget]").and(contains("max = \"320 KiB\"")));
    manifest(&project, "[package.metadata.size-budget]\nmax = \"310 K\"\n");
    judge(&project, &[])
        .code(2)
        .stderr(contains("crate/Cargo.toml:8:7").and(contains("KiB (multiples of 1,024) or KB (multiples of 1,000)")));
    let document = json(&judge(&project, &["--format", "json"]).code(2));
    assert_eq!((document["schema"].as_str(), document["line"].as_u64()), (Some("size-workshop/error/1"), Some(8)));
    manifest(&project, "[package.metadata.size-budget]\nmax = \"310 KiB\"\nprofile = \"dsit\"\n");
    judge(&project, &[]).code(2).stderr(contains("there is no profile `dsit`").and(contains("crate/Cargo.toml:9:11")));
    manifest(&project, "[package.metadata.size-budget]\nmax = \"310 KiB\"\nbin = \"other\"\n");
    judge(&project, &[]).code(2).stderr(contains("there is no binary `other`").and(contains("crate/Cargo.toml:9:7")));
    project.write("crate/src/bin/second.rs", "fn main() {}\n");
    manifest(&project, "[package.metadata.size-budget]\nmax = \"310 KiB\"\n");
    judge(&project, &[]).code(2).stderr(contains("there are several binaries").and(contains("add `bin = \"NAME\"`")));
    std::fs::remove_dir_all(project.path("crate/src/bin")).unwrap();
    manifest(&project, BUDGET);
    project.write("crate/size-baseline.json", "{\"schema\": \"size-workshop/size-baseline/1\",\n \"builds\": [}");
    judge(&project, &[])
        .code(2)
        .stderr(contains("the baseline is damaged").and(contains("crate/size-baseline.json:2:13")));
    project.write("crate/size-baseline.json", "{\"schema\": \"size-workshop/size-baseline/9\", \"builds\": []}");
    judge(&project, &[]).code(2).stderr(contains("its schema is `size-workshop/size-baseline/9`"));
    // A baseline for a different target doesn't count for this one.
    project.write("crate/size-baseline.json", "{\"schema\": \"size-workshop/size-baseline/1\", \"builds\": []}");
    judge(&project, &[]).code(2).stderr(contains("has no measurement of theirs with [profile.dist] on "));
    project.run(&["sizes", "--format", "github"]).code(2).stderr(contains("add --budget"));
    project.run(&["sizes", "--budget"]).code(2).stderr(contains("--manifest-path"));
    project.write("crate/src/main.rs", "fn main() { no such thing }\n");
    manifest(&project, "[package.metadata.size-budget]\nmax = \"310 KiB\"\n");
    judge(&project, &[]).failure().stderr(contains("error: expected one of"));
}

/// The script of a step of a workflow.
#[cfg(unix)]
fn step(file: &str, name: &str) -> String {
    let text = std::fs::read_to_string(repository().join("docs/budget").join(file)).unwrap();
    let step = text.split(&format!("- name: {name}\n")).nth(1).unwrap_or_else(|| panic!("{file} has no step {name}"));
    let script = step.split("run: |\n").nth(1).unwrap();
    let lines = script.lines().take_while(|line| line.starts_with("          "));
    lines.map(|line| format!("{}\n", &line[10..])).collect()
}

/// A step as a runner calls it.
#[cfg(unix)]
fn bash(project: &Project, folder: &str, script: &str) -> (Option<i32>, String) {
    let (workspace, summary) = (project.path(""), project.path("summary.md"));
    let env = [
        ("MANIFEST", "Cargo.toml".as_ref()),
        ("GITHUB_WORKSPACE", workspace.as_os_str()),
        ("GITHUB_STEP_SUMMARY", summary.as_os_str()),
    ];
    testbed::project::run_step(&project.path(folder), script, &env)
}

#[test]
#[cfg(unix)]
fn the_workflow_judges_a_pull_request_and_its_comment_is_harmless() {
    let project = project(BUDGET);
    let own = repository().join("Cargo.toml");
    let alias = format!(
        "[alias]\nxtask = [\"run\", \"--quiet\", \"--manifest-path\", {own:?}, \"--package\", \"xtask\", \"--\"]\n"
    );
    project.write("workshop/.cargo/config.toml", &alias);
    for file in ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tiny/Cargo.toml", "tiny/src/main.rs"] {
        project.write(&format!("workshop/{file}"), &project.read(file));
    }
    let script = step("size-budget.yml", "Judge the budget");
    // No baseline: red, and nothing to comment.
    let (code, log) = bash(&project, "workshop", &script);
    assert!(code == Some(2) && log.contains("there is no baseline"), "{log}");
    assert!(!project.path("comment/comment.md").exists());
    judge(&project, &["--save"]).success();
    let (code, log) = bash(&project, "workshop", &script);
    assert!(code == Some(0) && log.contains("::notice file=Cargo.toml,line=14,"), "{log}");
    assert!(project.read("comment/comment.md").starts_with("### Size budget: within\n"));
    project.write("crate/src/main.rs", LARGER);
    let (code, log) = bash(&project, "workshop", &script);
    assert!(
        code == Some(1) && log.contains("::error file=Cargo.toml,line=15,col=14,title=Size budget::theirs"),
        "{log}"
    );
    let summary = project.read("summary.md");
    assert!(summary.contains("**exceeded**") && summary.contains("| `.rodata` | +26"), "{summary}");

    // The other workflow gets a file that may come from a stranger.
    let script = step("size-budget-comment.yml", "Make the text harmless");
    project.write("found/comment.md", &project.read("comment/comment.md"));
    assert_eq!(bash(&project, "", &script), (Some(0), String::new()));
    let comment = project.read("comment.md");
    assert!(
        comment.contains("| `.rodata` | +26") && comment.contains("**exceeded**") && !comment.contains("<details"),
        "{comment}"
    );
    let hostile = format!(
        "### Size budget: within\n@everyone ![x](https://evil.example/x.png) [a][b] www.evil.example <img src=x>\u{1b}[2J\u{0}\n{}",
        "x".repeat(100_000)
    );
    project.write("found/comment.md", &hostile);
    assert_eq!(bash(&project, "", &script), (Some(0), String::new()));
    let comment = project.read("comment.md");
    for active in ["@everyone", "](", "][", "://evil", "www.", "<img", "\u{1b}", "\u{0}"] {
        assert!(!comment.contains(active), "{active:?} in {comment:.200}");
    }
    assert!(comment.len() < 65_536 && comment.starts_with("### Size budget: within\n"));
}

#[test]
fn the_workflows_may_do_no_more_than_they_must() {
    let read = |name: &str| std::fs::read_to_string(repository().join("docs/budget").join(name)).unwrap();
    let (judge, comment) = (read("size-budget.yml"), read("size-budget-comment.yml"));
    assert!(
        judge.contains("\non: pull_request\n") && judge.contains("\npermissions:\n  contents: read\n\n"),
        "{judge}"
    );
    assert!(!judge.contains("secrets.") && !judge.contains("github.token"), "code of strangers runs here");
    assert!(comment.contains("\npermissions:\n  actions: read\n  pull-requests: write\n\n"), "{comment}");
    assert!(
        !comment.contains("actions/checkout") && !comment.contains("cargo "),
        "nothing of the pull request runs here"
    );
    // What a script reads from the event comes through the environment.
    for script in comment.split("run: |\n").skip(1) {
        let script: Vec<&str> = script.lines().take_while(|line| line.starts_with("          ")).collect();
        assert!(!script.join("\n").contains("${{"), "{script:?}");
    }
    assert!(
        comment
            .contains(&format!("workflows: [{}]", judge.lines().find_map(|line| line.strip_prefix("name: ")).unwrap()))
    );
}
