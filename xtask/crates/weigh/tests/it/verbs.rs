//! Each verb in a small crate without dependencies. Those that build many profiles are long.

use crate::calls::{plain, weigh};
use serde_json::Value;
use testbed::project::{Project, bytes, json, stderr, stdout};

/// A call that succeeds, and what it prints.
fn done(project: &Project, words: &[&str]) -> String {
    stdout(&weigh(project).args(words).assert().success())
}

/// The same as JSON.
fn answer(project: &Project, words: &[&str]) -> Value {
    json(&weigh(project).args(words).args(["--format", "json"]).assert().success())
}

/// A git repository around a crate, with one commit.
fn commit(project: &Project) {
    for words in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false", "commit", "-qm", "one"],
    ] {
        assert_cmd::Command::new("git").args(words).current_dir(project.path("")).assert().success();
    }
}

#[test]
fn bloat_says_whose_the_bytes_are_and_changes_nothing_of_the_crate() {
    let project = plain();
    let before = project.everything();
    let found = answer(&project, &["bloat"]);
    let sum: u64 = found["crates"].as_array().unwrap().iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
    assert_eq!(found["text_bytes"].as_u64(), Some(sum));
    assert_eq!(found["program"], "plain");
    assert_eq!(found["profile"], "release");
    let target = project.path("target");
    let after: Vec<_> = project.everything().into_iter().filter(|(path, ..)| !path.starts_with(&target)).collect();
    assert_eq!(after, before);
}

#[test]
fn a_folder_below_the_crate_is_as_good_as_its_own() {
    let project = plain();
    project.write("src/deep/er/note.txt", "");
    let mut call = weigh(&project);
    call.current_dir(project.path("src/deep/er")).args(["bloat", "--sections"]);
    let text = stdout(&call.assert().success());
    assert!(text.starts_with("plain, release: "), "{text}");
    assert!(!project.path("src/deep/er/target").exists());
}

#[test]
fn diff_compares_two_profiles_and_a_limit_on_growth_is_an_exit_code() {
    let project = plain();
    let found = answer(&project, &["diff", "release", "only-strip"]);
    assert!(found["a"]["bytes"].as_u64() > found["b"]["bytes"].as_u64(), "{found}");
    let call = weigh(&project).args(["diff", "only-strip", "release", "--fail-if-grows", "1%"]).assert().code(1);
    assert!(stderr(&call).contains("1 % is allowed"), "{}", stderr(&call));
}

#[test]
fn a_revision_without_a_lockfile_is_built_with_todays() {
    let project = plain();
    let lockfile = project.read("Cargo.lock");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    commit(&project);
    project.write("Cargo.lock", &lockfile);
    project.write("src/main.rs", "fn main() { println!(\"hi {:?}\", std::env::args().collect::<Vec<_>>()); }\n");
    let cache = Project::empty();
    let mut call = weigh(&project);
    let call = call.env("XDG_CACHE_HOME", cache.path("")).args(["diff", "git:HEAD", "release"]).assert().success();
    assert!(stdout(&call).starts_with("HEAD (release) -> release: "), "{}", stdout(&call));
    assert!(stderr(&call).contains("that revision has no Cargo.lock"), "{}", stderr(&call));
    // The one that was made for a crate without any holds for its revisions as well.
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    let mut call = weigh(&project);
    let call = call.env("XDG_CACHE_HOME", cache.path("")).args(["diff", "git:HEAD"]).assert().success();
    let said = stderr(&call);
    assert!(said.contains("that revision has no Cargo.lock") && !said.contains("out of date"), "{said}");
    assert!(!project.path("Cargo.lock").exists());
}

#[test]
fn a_budget_is_saved_and_then_kept() {
    let project = plain();
    let budget = "[package.metadata.size-budget]\nmax = \"9 MB\"\nmax-growth = \"1 %\"\n";
    project.write("Cargo.toml", &(project.read("Cargo.toml") + budget));
    done(&project, &["budget", "--save"]);
    assert!(project.path("size-baseline.json").is_file());
    let text = done(&project, &["budget"]);
    assert!(text.contains("within") && !text.contains("EXCEEDED"), "{text}");
    project.edit("Cargo.toml", "9 MB", "9 kB");
    let call = weigh(&project).arg("budget").assert().code(1);
    assert!(
        stderr(&call).contains("to see where its bytes come from, run `cargo weigh bloat --profile release`"),
        "{}",
        stderr(&call)
    );
}

#[test]
#[ignore = "builds six profiles: .ci/run runs it"]
fn the_ladder_goes_down() {
    let project = plain();
    let found = answer(&project, &["ladder", "--table", "ladder", "--run", ""]);
    let steps = bytes(&found, "ladder");
    assert_eq!(steps.len(), 6);
    assert!(steps[5] < steps[0] / 100 * 80, "{steps:?}");
    let text = done(&project, &["ladder", "--table", "ladder"]);
    assert!(text.contains("cargo build --profile dist") || text.contains("release (default)"), "{text}");
}

#[test]
#[ignore = "builds 32 combinations of settings: .ci/run runs it"]
fn what_if_adds_up() {
    let project = plain();
    let found = answer(&project, &["what-if"]);
    assert_eq!(found["schema"], "size-workshop/what-if/1");
    assert_eq!(found["settings"].as_array().unwrap().len(), 5, "{found}");
}

#[test]
#[ignore = "builds seven profiles: .ci/run runs it"]
fn the_report_is_one_file() {
    let project = plain();
    let text = done(&project, &["report", "--out", "page.html"]);
    assert!(text.starts_with("wrote page.html ("), "{text}");
    assert!(project.read("page.html").contains("What plain weighs"));
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "links twice across all crates: .ci/run runs it"]
fn an_image_holds_the_program() {
    let project = plain();
    let found = answer(&project, &["image", "--out", "plain.tar"]);
    assert_eq!(found["schema"], "size-workshop/image/1");
    assert!(project.path("plain.tar").is_file());
}
