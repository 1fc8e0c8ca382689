//! The repository's rules (docs/ARCHITECTURE.md), checked by reading the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use testbed::project::repository;

/// The sources of every crate of ours, by their paths from the top of the repository.
fn sources() -> BTreeMap<PathBuf, String> {
    let root = repository();
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.join("xtask")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.insert(path.strip_prefix(&root).unwrap().to_owned(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    assert!(sources.len() > 300, "{}", sources.len());
    sources
}

#[test]
fn every_module_says_why_it_exists() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}

/// Cargo allows no cycles; this is about dependencies that are possible, but forbidden.
#[test]
fn a_crate_uses_only_those_below_it() {
    let below: [(&str, &[&str]); 8] = [
        ("weigh-base", &[]),
        ("cargo-weigh", &["weigh-base"]),
        ("commands", &["cargo-weigh", "weigh-base"]),
        ("course", &["cargo-weigh", "weigh-base"]),
        ("xtask", &["cargo-weigh", "commands", "course", "weigh-base"]),
        ("grading", &["cargo-weigh", "commands", "course", "weigh-base"]),
        ("book", &["cargo-weigh", "commands", "course", "weigh-base"]),
        // Only tests use it, by dev-dependencies.
        ("testbed", &["cargo-weigh", "weigh-base"]),
    ];
    let mut cargo = assert_cmd::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(repository());
    let metadata: serde_json::Value = serde_json::from_slice(&cargo.assert().success().get_output().stdout).unwrap();
    let ours = |name: &str| below.iter().any(|(other, _)| *other == name);
    let mut seen = 0;
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let Some((_, allowed)) = below.iter().find(|(other, _)| *other == name) else {
            assert!(["word_freq", "config_tool"].contains(&name), "say here which crates {name} may use");
            continue;
        };
        seen += 1;
        for dependency in package["dependencies"].as_array().unwrap().iter().filter(|one| one["kind"] != "dev") {
            let used = dependency["name"].as_str().unwrap();
            assert!(!ours(used) || allowed.contains(&used), "{name} must not use {used}");
        }
    }
    assert_eq!(seen, below.len());
}

#[test]
fn main_only_parses_and_dispatches() {
    assert!(sources()[Path::new("xtask/src/main.rs")].lines().count() < 80);
}

#[test]
fn rust_analyzer_knows_every_package_outside_the_workspace() {
    let settings = fs::read_to_string(repository().join(".vscode/settings.json")).unwrap();
    let mut manifests = vec!["Cargo.toml".to_owned()];
    for folder in fs::read_dir(repository().join("exercises")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.join("Cargo.toml").exists() {
            manifests.push(format!("exercises/{}/Cargo.toml", folder.file_name().unwrap().to_str().unwrap()));
        }
    }
    for manifest in manifests {
        assert!(settings.contains(&format!("\"{manifest}\"")), "add {manifest} to rust-analyzer.linkedProjects");
    }
}

#[test]
fn mdbook_and_cargo_bloat_have_one_version() {
    let root = repository();
    let said = [
        "docs/COMMANDS.md",
        "docs/src/setup.md",
        "docs/src/author.md",
        "xtask/src/learn/doctor.rs",
        "xtask/crates/book/src/site.rs",
        "xtask/crates/book/tests/it/site.rs",
    ];
    let mut found = 0;
    for file in said {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for (at, command) in text.match_indices("cargo install mdbook") {
            let rest = &text[at + command.len()..];
            assert!(rest.starts_with(" --version 0.5.4 --locked"), "{file}: {}", rest.lines().next().unwrap());
            found += 1;
        }
    }
    assert!(found >= 4, "{found}");
    // The checks install this version, and the one of cargo-bloat that the runner and its tests name.
    let pinned = fs::read_to_string(root.join(".ci/tools.sh")).unwrap();
    assert!(pinned.contains("\nMDBOOK=0.5.4\n"));
    assert!(pinned.contains("\nCARGO_BLOAT=0.12.1\n") && pinned.contains("-cargo-bloat==0.12.1\n"));
    for (file, words) in [
        ("xtask/src/learn/doctor.rs", "cargo-bloat --version 0.12.1 --locked"),
        ("xtask/tests/it/exercises.rs", r#""cargo-bloat", "--version", "0.12.1", "--locked""#),
    ] {
        assert!(fs::read_to_string(root.join(file)).unwrap().contains(words), "{file}");
    }
}

#[test]
fn every_long_test_runs_in_public_ci() {
    let workflow = fs::read_to_string(repository().join(".github/workflows/ci.yml")).unwrap();
    let filters: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("tests: "))
        .flat_map(|line| line.trim_matches('"').split(' '))
        .collect();
    let mut with_long_tests = BTreeSet::new();
    for (path, text) in sources() {
        // A file in a folder belongs to the module named after the folder.
        let top = path.ancestors().find(|file| file.parent().is_some_and(|folder| folder.ends_with("tests/it")));
        if let Some(top) = top
            && text.lines().any(|line| line.trim_start().starts_with("#[ignore = "))
        {
            with_long_tests.insert(format!("{}::", top.file_stem().unwrap().to_str().unwrap()));
        }
    }
    assert!(with_long_tests.len() > 10);
    let named: BTreeSet<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
    assert_eq!(
        named, with_long_tests,
        "the job `long` of .github/workflows/ci.yml must name each module with long tests"
    );
    assert_eq!(filters.len(), named.len(), "a module is named twice");
}

/// What `cargo deny` also finds, where it can't be installed: each learner compiles every version of a crate.
#[test]
fn no_crate_is_there_in_two_versions() {
    let lock = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let mut names = BTreeSet::new();
    let all: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
    assert!(all.len() > 50);
    for name in all {
        assert!(
            names.insert(name),
            "{name} is in Cargo.lock in two versions; `cargo tree --invert` shows who needs them"
        );
    }
}

#[test]
fn the_table_of_what_is_tested_where_names_what_is_run() {
    let root = repository();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let workflow = fs::read_to_string(root.join(".github/workflows/ci.yml")).unwrap();
    let steps = fs::read_to_string(root.join(".ci/run")).unwrap();
    let table = readme.split("## What's tested, and where").nth(1).unwrap().split("\n## ").next().unwrap();
    // The rows are the systems of the workflow, in its order.
    let runners = workflow.lines().find_map(|line| line.trim().strip_prefix("os: [")).unwrap().trim_end_matches(']');
    let runners: BTreeSet<&str> = runners.split(", ").collect();
    let rows = [("Linux, x86-64", "ubuntu-latest"), ("Windows", "windows-latest"), ("macOS", "macos-latest")];
    assert_eq!(runners, rows.iter().map(|row| row.1).collect());
    for (name, _) in rows {
        assert!(table.contains(&format!("\n| {name} | lints")), "{name}:\n{table}");
    }
    for (words, run) in [
        ("lints", "run: cargo clippy --workspace --all-targets -- -D warnings"),
        ("quick tests", "run: cargo test --workspace"),
        ("`author verify`", "run: cargo xtask author verify"),
        ("every test", "run: cargo test --workspace --test it -- --ignored $TESTS"),
    ] {
        assert!(table.contains(words) && workflow.contains(run), "{words}: {run}");
    }
    let step = |name: &str| steps.split(&format!("\n{name}() {{")).nth(1).unwrap().split("\n}").next().unwrap();
    assert!(step("lints_for").contains("cargo clippy --workspace"));
    let (windows, others) = (step("step_windows"), step("step_other_systems"));
    assert!(windows.contains("lints_for x86_64-pc-windows-gnu"), "{windows}");
    assert!(windows.contains("--ignored --nocapture windows:: formats::built::"), "{windows}");
    assert!(others.contains("lints_for aarch64-apple-darwin"), "{others}");
    // What one skips, the other runs.
    assert!(windows.contains("--skip %s") && others.contains("--nocapture \"${OTHER_SYSTEMS[@]}\""), "{others}");
    let names = steps.lines().find_map(|line| line.strip_prefix("OTHER_SYSTEMS=(")).unwrap().trim_end_matches(')');
    let tests = fs::read_to_string(root.join("xtask/tests/it/windows.rs")).unwrap()
        + &fs::read_to_string(root.join("xtask/tests/it/formats/built.rs")).unwrap();
    for name in names.split(' ') {
        assert!(tests.contains(&format!("fn {name}()")), "{name}");
    }
}

#[test]
fn every_nightly_step_runs_in_public_ci() {
    let root = repository();
    let steps = fs::read_to_string(root.join(".ci/run")).unwrap();
    let nightly: BTreeSet<&str> =
        steps.lines().filter(|line| line.ends_with(" (nightly)")).map(|line| line.split(' ').next().unwrap()).collect();
    assert!(nightly.len() > 3, "{nightly:?}");
    let workflow = fs::read_to_string(root.join(".github/workflows/nightly.yml")).unwrap();
    let matrix = workflow.lines().find_map(|line| line.trim().strip_prefix("step: [")).unwrap().trim_end_matches(']');
    let by_itself = workflow.lines().filter_map(|line| line.trim().strip_prefix("run: .ci/run "));
    let named: BTreeSet<&str> =
        matrix.split(", ").chain(by_itself.filter(|step| !step.starts_with('"') && *step != "tools")).collect();
    assert_eq!(named, nightly);
    let full_run = steps.split("\nall() {").nth(1).unwrap().split("\n}").next().unwrap();
    for step in nightly {
        assert!(!full_run.split_whitespace().any(|word| word == step), "{step} is part of the full run");
    }
}
