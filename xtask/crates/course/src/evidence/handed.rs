//! What a learner hands in, as it would be built when it is graded: the files that the exercise names, and the part of a
//! manifest that it lets a learner decide. Where the folder has more that Cargo would pull in, a check builds elsewhere,
//! without it.

use super::safe::{self, May};
use super::{Edits, starter_files};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::exercise::Exercise;
use anyhow::Result;
use base::files;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A learner's files.
pub(crate) struct Handed {
    /// As they are built.
    pub(crate) files: Edits,
    /// A warning for each thing in the folder that isn't built.
    pub(crate) problems: Vec<Diagnostic>,
}

/// Other files in place of a learner's, as they are built with the course's own from `starter`.
pub(super) fn built(exercise: &Exercise, files: &[(String, Vec<u8>)], starter: &[(String, Vec<u8>)]) -> Edits {
    let safe = |(path, text): &(String, Vec<u8>)| (path.clone(), safe::of(path, text, starter, May::of(exercise)).0);
    files.iter().map(safe).collect()
}

/// Reads a learner's files.
///
/// # Errors
/// When the course is incomplete.
pub(crate) fn handed(exercise: &Exercise) -> Result<Handed> {
    let starter = starter_files(exercise)?;
    let (mut files, mut problems, mut sources) = (Vec::new(), Vec::new(), String::new());
    for path in exercise.edits() {
        let Some(content) = files::content(&exercise.folder.join(path)) else { continue };
        if path.ends_with(".rs") {
            sources += &String::from_utf8_lossy(&content);
        }
        let (built, replaced) = safe::of(path, &content, &starter, May::of(exercise));
        if !replaced.is_empty() {
            let message = format!(
                "{} in {path} differs from the course's: this check builds the course's version, as grading does",
                replaced.join(", ")
            );
            let help = format!("your own `cargo build` uses your version; starter/{path} has the course's");
            problems.push(aside(message, &exercise.folder.join(path)).help(help));
        }
        files.push((path.to_owned(), built));
    }
    let edits = exercise.edits().collect::<Vec<_>>().join(" and ");
    for path in extra(exercise, &sources) {
        let message =
            format!("{} isn't part of the exercise: this check builds without it, as grading does", path.display());
        let help = format!("your own build includes it, but you hand in only {edits}");
        problems.push(aside(message, &exercise.folder.join(&path)).help(help));
    }
    Ok(Handed { files, problems })
}

fn aside(message: String, file: &Path) -> Diagnostic {
    Diagnostic::new(Code::OtherFileChanged, message).severity(Severity::Warning).in_file(file)
}

/// What is in the folder besides the course's files and the files that learners edit, and would become part of the program:
/// what Cargo looks for by itself, and what a learner's sources name.
fn extra(exercise: &Exercise, sources: &str) -> Vec<PathBuf> {
    let known: BTreeSet<PathBuf> =
        exercise.edits().map(PathBuf::from).chain(exercise.data.pristine.keys().map(PathBuf::from)).collect();
    let folders: BTreeSet<&Path> = known.iter().flat_map(|path| path.ancestors().skip(1)).collect();
    let words: BTreeSet<&str> = sources.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut found = Vec::new();
    for folder in &folders {
        let Ok(entries) = fs::read_dir(exercise.folder.join(folder)) else { continue };
        for name in entries.flatten().map(|entry| entry.file_name()) {
            let path = folder.join(&name);
            if known.contains(&path) || folders.contains(path.as_path()) {
                continue;
            }
            let text = name.to_string_lossy();
            let is_folder = exercise.folder.join(&path).is_dir();
            let is_code = text.ends_with(".rs") || is_folder;
            let stem = text.strip_suffix(".rs").unwrap_or(&text);
            let of_cargo = match folder.file_name() {
                _ if known.contains(&folder.join("Cargo.toml")) => text == "build.rs",
                Some(last) if last == "src" => text == "lib.rs" || text == "bin",
                _ => false,
            };
            let is_ours = folder.as_os_str().is_empty()
                && (matches!(&*text, "starter" | "target" | "exercise.toml" | "README.md") || text.starts_with('.'));
            let is_named = if is_code { words.contains(stem) } else { sources.contains(&*text) };
            if of_cargo || is_named && !is_ours {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
