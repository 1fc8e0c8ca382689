//! What keeps the files that learners do not change: their digests in exercise.toml, and their copies in `starter/`.

use crate::diagnostic::shown;
use crate::exercise::{self, Exercise, alias};
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
    !texts.iter().any(|text| first == *text)
        && !relative.ends_with(alias::FILE)
        && !exercise.edits().any(|path| Path::new(path) == relative)
}

/// Writes the digests into exercise.toml, the copies in `starter/` from which `cargo xtask reset` restores these files, and the
/// aliases.
///
/// # Errors
/// When the file has no table `[pristine]`, or something can't be written.
pub fn write(root: &Path, exercise: &Exercise) -> Result<()> {
    let file = exercise.folder.join("exercise.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let digests = of(exercise)?;
    let written = written_into(&text, &digests).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no table [pristine] to write the digests into").file(shown(&file))
    })?;
    let mut files = vec![(file, written.into_bytes())];
    for path in digests.keys() {
        let own = exercise.folder.join(path);
        let content = fs::read(&own).with_context(|| format!("cannot read {}", own.display()))?;
        files.push((exercise.starter().join(path), content));
    }
    if alias::are_used(root) {
        files.extend(alias::wanted(root, exercise).into_iter().map(|(file, text)| (file, text.into_bytes())));
    }
    for (file, content) in files {
        if !fs::read(&file).is_ok_and(|there| there == content) {
            tree::write_atomic(&file, &content)?;
            output::note(&format!("wrote {}", shown(&file).display()));
        }
    }
    // A file that the exercise no longer has.
    for relative in tree::files(&exercise.starter())? {
        let name = relative.to_string_lossy().replace('\\', "/");
        if exercise.data.pristine.contains_key(&name) && !digests.contains_key(&name) {
            let old = exercise.starter().join(relative);
            fs::remove_file(&old).with_context(|| format!("cannot remove {}", old.display()))?;
            output::note(&format!("removed {}", shown(&old).display()));
        }
    }
    Ok(())
}

/// The text of an exercise.toml with these digests; none if it has no table for them.
pub fn written_into(text: &str, digests: &BTreeMap<String, String>) -> Option<String> {
    let body = text.find("[pristine]\n")? + "[pristine]\n".len();
    // Up to the next table, or to the comment above it.
    let is_digest = |line: &&str| !line.trim().is_empty() && !line.starts_with(['[', '#']);
    let old: usize = text[body..].split_inclusive('\n').take_while(is_digest).map(str::len).sum();
    let lines: String = digests.iter().map(|(path, digest)| format!("\"{path}\" = \"{digest}\"\n")).collect();
    Some(format!("{}{lines}{}", &text[..body], &text[body + old..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_replace_those_that_are_there_and_nothing_else() {
        let digests = BTreeMap::from([("src/main.rs".to_owned(), "00".to_owned())]);
        let filled = |text: &str| written_into(text, &digests);
        let after = "\n# The first build.\n[build.before]\n";
        let wanted = format!("[pristine]\n\"src/main.rs\" = \"00\"\n{after}");
        assert_eq!(filled(&format!("[pristine]\n{after}")).unwrap(), wanted);
        assert_eq!(filled(&format!("[pristine]\n\"src/a.rs\" = \"11\"\n\"b\" = \"22\"\n{after}")).unwrap(), wanted);
        assert_eq!(filled(&wanted).unwrap(), wanted);
        assert_eq!(filled("[pristine]\n").unwrap(), "[pristine]\n\"src/main.rs\" = \"00\"\n");
        assert_eq!(filled("[build.before]\n"), None);
    }
}
