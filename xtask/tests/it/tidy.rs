//! The rules of the house (docs/ARCHITECTURE.md), kept by reading the sources.

use crate::project::repository;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each line of the table in docs/ARCHITECTURE.md, from the top to the bottom. A module's submodules are part of it.
fn layers(architecture: &str) -> Vec<Vec<String>> {
    let (_, after) = architecture.split_once("\n## Modules of xtask\n").expect("a heading `Modules of xtask`");
    let section = after.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let layers: Vec<Vec<String>> = rows
        .map(|row| {
            let names = row.split('|').nth(1).unwrap();
            names.split(',').map(|name| name.trim().trim_matches('`').to_owned()).collect()
        })
        .collect();
    assert!(layers.len() > 10, "the table of modules can't be read: {layers:?}");
    layers
}

fn architecture() -> String {
    fs::read_to_string(repository().join("docs/ARCHITECTURE.md")).unwrap()
}

fn sources() -> BTreeMap<PathBuf, String> {
    let root = repository().join("xtask/src");
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.clone()];
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
    assert!(sources.len() > 10);
    sources
}

/// `sizes` for `sizes.rs` and for `sizes/workers.rs`.
fn module(path: &Path) -> String {
    path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}

/// What points up, or to a module that has no line.
fn wrong_arrows(layers: &[Vec<String>], sources: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let layer = |module: &str| layers.iter().position(|layer| layer.iter().any(|name| name == module));
    let mut wrong = Vec::new();
    for (path, text) in sources {
        let own = module(path);
        let Some(from) = layer(&own) else {
            wrong.push(format!("`{own}` is in no line of the table of docs/ARCHITECTURE.md"));
            continue;
        };
        for (at, _) in text.match_indices("crate::") {
            let used = text[at + "crate::".len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            if used != own && layer(used).is_none_or(|to| to <= from) {
                wrong.push(format!("{}: `{own}` must not use `{used}`", path.display()));
            }
        }
    }
    wrong
}

#[test]
fn every_module_says_why_it_exists() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn arrows_between_modules_only_point_down() {
    let layers = layers(&architecture());
    assert_eq!(wrong_arrows(&layers, &sources()), [""; 0]);
    // A line for what isn't there would let a new module of that name slip in anywhere.
    let modules: BTreeSet<String> = sources().keys().map(|path| module(path)).collect();
    let named: BTreeSet<String> = layers.into_iter().flatten().collect();
    assert_eq!(named, modules);
}

#[test]
fn the_table_in_the_architecture_is_the_one_that_counts() {
    let text = architecture();
    let line = |name: &str| text.lines().find(|line| line.starts_with(&format!("| `{name}"))).unwrap().to_owned();
    let (check, evidence) = (line("check"), line("evidence"));
    let swapped = text.replace(&check, "\u{1}").replace(&evidence, &check).replace('\u{1}', &evidence);
    assert!(!wrong_arrows(&layers(&swapped), &sources()).is_empty(), "two lines were swapped, and nothing was found");
    let without = text.replace(&format!("{evidence}\n"), "");
    assert!(wrong_arrows(&layers(&without), &sources()).iter().any(|wrong| wrong.contains("`evidence` is in no line")));
}

#[test]
fn no_module_is_longer_than_can_be_read_at_once() {
    for (path, text) in sources() {
        assert!(text.lines().count() <= 500, "{} wants to be two modules", path.display());
    }
}

#[test]
fn main_only_parses_and_dispatches() {
    assert!(sources()[Path::new("main.rs")].lines().count() < 80);
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
fn mdbook_is_installed_in_one_way() {
    let root = repository();
    let said = [
        "README.md",
        "docs/src/setup.md",
        "docs/src/author.md",
        "xtask/src/learn/doctor.rs",
        "xtask/src/docs/site.rs",
        "xtask/tests/it/site.rs",
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
    assert!(fs::read_to_string(root.join(".ci/run")).unwrap().contains("mdbook --version 0.5.4 --locked"));
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
    for entry in fs::read_dir(repository().join("xtask/tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if is_source
            && fs::read_to_string(&path).unwrap().lines().any(|line| line.trim_start().starts_with("#[ignore = "))
        {
            with_long_tests.insert(format!("{}::", path.file_stem().unwrap().to_str().unwrap()));
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
