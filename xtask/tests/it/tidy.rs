//! The rules of the house (docs/ARCHITECTURE.md), kept by reading the sources.

use crate::project::repository;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// From the top to the bottom: a module may use only modules below its own line. A module's submodules are part of it.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["learn", "author", "anatomy", "sizes", "image", "docs", "grade"],
    &["trial", "dissect"],
    &["subject"],
    &["output"],
    &["report"],
    &["check", "progress", "measurement"],
    &["evidence"],
    &["exercise"],
    &["measure", "surroundings"],
    &["profile", "budget"],
    &["manifest"],
    &["cargo"],
    &["cli", "diagnostic", "store", "oci"],
    &["tree", "units", "prose", "tokens"],
    &["proc", "exit"],
];

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

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| layer.contains(&module))
        .unwrap_or_else(|| panic!("`{module}` has no layer in {}", file!()))
}

#[test]
fn every_module_says_why_it_exists() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn arrows_between_modules_only_point_down() {
    for (path, text) in sources() {
        let own = module(&path);
        for used in text.match_indices("crate::").map(|(at, _)| {
            text[at + "crate::".len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()
        }) {
            assert!(used == own || layer(used) > layer(&own), "{}: `{own}` must not use `{used}`", path.display());
        }
    }
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
