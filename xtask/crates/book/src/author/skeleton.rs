//! The skeleton of a new exercise: small and complete, with a mark wherever the author's own text belongs.

use anyhow::{Context as _, Result};
use base::diagnostic::shown;
use base::files;
use course::exercise::{self, Exercise, alias};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What marks a place where the author's own text belongs.
const MARK: &str = "REPLACE";

const MANIFEST: &str = include_str!("skeleton/manifest.toml");
const DATA: &str = include_str!("skeleton/exercise.toml");

/// The files that learners do not change, below the exercise's folder.
const PRISTINE: [(&str, &str); 2] =
    [("Cargo.lock", include_str!("skeleton/Cargo.lock")), ("src/main.rs", include_str!("skeleton/main.rs"))];

/// The files of a new exercise, by their paths in the course.
///
/// # Errors
/// When the skeleton has no place for its digests.
pub(super) fn files(id: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let digests = PRISTINE.map(|(path, text)| (path.to_owned(), exercise::digest(text.as_bytes())));
    let data = super::digests::written_into(DATA, "pristine", &BTreeMap::from(digests))
        .context("the skeleton has no [pristine]")?;
    let copy = ("Cargo.toml".to_owned(), exercise::digest(named(MANIFEST, id).as_bytes()));
    let data = super::digests::written_into(&data, "starter", &BTreeMap::from([copy]))
        .context("the skeleton has no [starter]")?;
    let solution = format!("{MANIFEST}{}", include_str!("skeleton/settings.toml"));
    let mut files: Vec<(String, String)> =
        PRISTINE.map(|(path, text)| (format!("exercises/exN/{path}"), text.to_owned())).into();
    files.extend(PRISTINE.map(|(path, text)| (format!("exercises/exN/starter/{path}"), text.to_owned())));
    for folder in ["exercises/exN", "exercises/exN/src", "solutions/exN"] {
        files.push((format!("{folder}/{}", alias::FILE), alias::text(folder.split('/').count())));
    }
    for (path, text) in [
        ("exercises/exN/Cargo.toml", MANIFEST),
        ("exercises/exN/starter/Cargo.toml", MANIFEST),
        ("exercises/exN/README.md", include_str!("skeleton/README.md")),
        ("solutions/exN/Cargo.toml", &solution),
        ("solutions/exN/NOTES.md", include_str!("skeleton/NOTES.md")),
        // Last: without it the folder isn't an exercise.
        ("exercises/exN/exercise.toml", &data),
    ] {
        files.push((path.to_owned(), text.to_owned()));
    }
    Ok(files.into_iter().map(|(path, text)| (named(&path, id), named(&text, id).into_bytes())).collect())
}

/// The line of a new exercise in exercises/README.md.
pub(super) fn row(id: &str) -> String {
    named(include_str!("skeleton/row.md"), id)
}

/// The points of a new exercise.
pub(super) fn points() -> u32 {
    DATA.lines().filter_map(|line| line.strip_prefix("points = ")?.parse::<u32>().ok()).sum()
}

fn named(template: &str, id: &str) -> String {
    template.replace("exN", id)
}

/// Where an exercise still says what its author should replace: each file with its lines.
///
/// # Errors
/// When a folder of the course cannot be read.
pub(super) fn marks(root: &Path, exercise: &Exercise) -> Result<Vec<String>> {
    let mut places = Vec::new();
    let mut look = |file: &Path, is_about: &dyn Fn(&str) -> bool| {
        let Ok(text) = fs::read_to_string(file) else { return };
        let mut lines = String::new();
        for (index, _) in text.lines().enumerate().filter(|(_, line)| line.contains(MARK) && is_about(line)) {
            let _ = write!(lines, "{}{}", if lines.is_empty() { ":" } else { "," }, index + 1);
        }
        if !lines.is_empty() {
            places.push(format!("{}{lines}", shown(file).display()));
        }
    };
    for folder in [&exercise.folder, &exercise.solution] {
        // What is built, and copies of the course's files.
        let is_other = |path: &Path| {
            let copy = path.strip_prefix("starter").ok();
            path.starts_with("target") || copy.is_some_and(|path| exercise.edits().all(|edited| path != edited))
        };
        for path in files::files(folder)?.iter().filter(|path| !is_other(path)) {
            look(&folder.join(path), &|_| true);
        }
    }
    let link = format!("({}/", exercise.id);
    look(&root.join("exercises/README.md"), &|line| line.contains(&link));
    Ok(places)
}
