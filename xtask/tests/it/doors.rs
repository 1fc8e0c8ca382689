//! The doors of the project: what contributors and reporters read, and what GitHub runs. Texts name only what exists,
//! and workflows give strangers nothing to exploit.

use predicates::str::contains;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::project::{Project, repository, stdout};

const DOORS: [&str; 4] = ["CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "CODE_OF_CONDUCT.md"];

fn read(file: impl AsRef<Path>) -> String {
    let file = repository().join(file);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The YAML files in a folder of the repository, by name.
fn yaml_files(folder: &str) -> Vec<(String, String)> {
    let paths = fs::read_dir(repository().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "yml")).collect();
    files.sort();
    files.into_iter().map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path))).collect()
}

/// The action that a line of a workflow uses, with its version.
fn used(line: &str) -> Option<&str> {
    line.trim().trim_start_matches("- ").strip_prefix("uses: ")
}

#[test]
fn every_action_is_pinned_to_a_commit() {
    let mut files = yaml_files(".github/workflows");
    files.push(("action.yml".into(), read(".github/actions/size/action.yml")));
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut found = 0;
    for (name, text) in files {
        for action in text.lines().filter_map(used) {
            let (_, version) = action.split_once('@').unwrap_or_else(|| panic!("{name}: {action}"));
            let (commit, tag) = version.split_once(" # v").unwrap_or_else(|| panic!("{name}: no tag behind {action}"));
            assert!(is_commit(commit) && tag.starts_with(|first: char| first.is_ascii_digit()), "{name}: {action}");
            found += 1;
        }
    }
    assert!(found >= 10, "{found}");
}

#[test]
fn every_job_ends_and_keeps_no_token() {
    let workflows = yaml_files(".github/workflows");
    assert!(workflows.len() >= 4);
    for (name, text) in workflows {
        let count = |words: &str| text.lines().filter(|line| line.trim_start().starts_with(words)).count();
        assert_eq!(count("runs-on: "), count("timeout-minutes: "), "{name}: a job without a time limit");
        let checkouts = text.lines().filter_map(used).filter(|action| action.starts_with("actions/checkout@")).count();
        assert_eq!(checkouts, count("persist-credentials: false"), "{name}: a checkout that keeps the token");
        assert!(text.contains("\npermissions:") && text.contains("\nconcurrency:"), "{name}");
    }
}

/// What is between backticks, and the commands of console blocks.
fn commands(text: &str) -> Vec<String> {
    let in_lines = text.split('`').skip(1).step_by(2).map(str::to_owned);
    let in_blocks = text.lines().filter_map(|line| line.strip_prefix("$ ")).map(str::to_owned);
    in_lines.chain(in_blocks).collect()
}

#[test]
fn contributing_names_only_steps_that_there_are() {
    let text = read("CONTRIBUTING.md");
    let script = read(".ci/run");
    let listed = script.split("<<'END'\n").nth(1).unwrap().split("\nEND\n").next().unwrap();
    let steps: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(steps.contains(&"fmt") && steps.len() > 20, "{steps:?}");
    let mut named = 0;
    for command in commands(&text) {
        for word in command.strip_prefix(".ci/run ").into_iter().flat_map(str::split_whitespace) {
            assert!(["--list", "STEP…"].contains(&word) || steps.contains(&word), "there is no step {word}: {command}");
            named += 1;
        }
    }
    assert!(named > 12, "{named}");
}

#[test]
fn contributing_names_only_verbs_and_options_that_there_are() {
    let project = Project::plain_workshop();
    let mut named = 0;
    for command in DOORS.iter().flat_map(|door| commands(&read(door))) {
        let Some(words) = command.strip_prefix("cargo xtask ") else { continue };
        let mut words = words.split_whitespace();
        let verb = words.next().unwrap();
        let help = stdout(&project.xtask().args([verb, "--help"]).assert().success());
        let is_lower = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        for word in words.filter(|word| is_lower(word)) {
            assert!(contains_word(&help, word), "`cargo xtask {verb}` knows no {word}: {command}\n{help}");
        }
        named += 1;
    }
    assert!(named > 8, "{named}");
    project.xtask().args(["shrink", "--help"]).assert().code(2).stderr(contains("shrink"));
}

fn contains_word(text: &str, word: &str) -> bool {
    text.split(|other: char| !other.is_ascii_alphanumeric() && other != '-').any(|other| other == word)
}

/// The targets of a page's links within the repository, without their anchors.
fn links(page: &str) -> Vec<&str> {
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://") && !target.starts_with('#')).collect()
}

#[test]
fn the_doors_are_there_and_the_readme_leads_to_them() {
    let readme = read("README.md");
    let to = links(&readme);
    for door in DOORS.iter().chain(&[".github/PULL_REQUEST_TEMPLATE.md", ".github/ISSUE_TEMPLATE"]) {
        assert!(to.contains(door), "README.md has no link to {door}");
    }
    for door in DOORS {
        let text = read(door);
        assert!(text.starts_with("# "), "{door}");
        for link in links(&text) {
            let path = link.split('#').next().unwrap();
            assert!(repository().join(path).exists(), "{door}: a dead link to {link}");
        }
    }
    for way in ["SECURITY.md", "CODE_OF_CONDUCT.md"] {
        let text = read(way);
        assert!(text.contains("**Report a vulnerability**") && !text.contains("mailto:"), "{way}");
    }
    let forms = yaml_files(".github/ISSUE_TEMPLATE");
    assert!(forms.len() >= 3);
    for (name, text) in forms.iter().filter(|(name, _)| name != "config.yml") {
        for key in ["name: ", "description: ", "body:"] {
            assert!(text.lines().any(|line| line.starts_with(key)), "{name} has no {key}");
        }
    }
}

/// The programs of a release, under the names that the README unpacks.
#[test]
fn the_readme_unpacks_what_a_release_packs() {
    let (readme, release) = (read("README.md"), read(".github/workflows/release.yml"));
    let packs = release.lines().find_map(|line| line.trim().strip_prefix("name=")).unwrap();
    let packed = packs.replace("$host", "x86_64-unknown-linux-gnu");
    assert!(readme.contains(&format!("$ tar -xzf {packed}.tar.gz -C ~/.cargo/bin xtask cargo-weigh\n")), "{packed}");
    assert!(release.contains("tar -czf \"../$name.tar.gz\" -- *") && release.contains("SHA256SUMS"));
    for program in ["xtask", "cargo-weigh"] {
        assert!(release.contains(&format!("\"target/release/{program}$end\"")), "{program}");
    }
}
