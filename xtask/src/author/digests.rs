//! The digests in exercise.toml of the files that learners do not change.

use crate::diagnostic::shown;
use crate::exercise::{self, Exercise};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::tree;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The files of the package that the learner does not change, with their digests.
///
/// # Errors
/// When the folder cannot be read.
pub fn of(exercise: &Exercise) -> Result<BTreeMap<String, String>> {
    let mut digests = BTreeMap::new();
    for relative in tree::files(&exercise.folder)?.iter().filter(|path| is_of_the_package(exercise, path)) {
        let path = exercise.folder.join(relative);
        let content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        digests.insert(relative.to_string_lossy().replace('\\', "/"), exercise::digest(&content));
    }
    Ok(digests)
}

/// Whether a file is built, or read by the build: not the texts of the exercise, not the alias for `cargo xtask`, not the learner's files.
fn is_of_the_package(exercise: &Exercise, relative: &Path) -> bool {
    let texts = ["README.md", "exercise.toml", "starter", "target", ".cargo"];
    let first = relative.iter().next().unwrap_or_default();
    !texts.iter().any(|text| first == *text) && !exercise.edits().any(|path| Path::new(path) == relative)
}

/// Writes the digests into exercise.toml.
///
/// # Errors
/// When the file has no table `[pristine]`, or cannot be written.
pub fn write(exercise: &Exercise) -> Result<()> {
    let file = exercise.folder.join("exercise.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let start = text.find("[pristine]\n").ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no table [pristine] to write the digests into").file(shown(&file))
    })?;
    let body = start + "[pristine]\n".len();
    let end = text[body..].find("\n[").map_or(text.len(), |at| body + at);
    let lines: String = of(exercise)?.iter().map(|(path, digest)| format!("\"{path}\" = \"{digest}\"\n")).collect();
    let written = format!("{}{lines}{}", &text[..body], &text[end..]);
    if written != text {
        tree::write_atomic(&file, written.as_bytes())?;
        output::note(&format!("wrote {}", shown(&file).display()));
    }
    Ok(())
}
