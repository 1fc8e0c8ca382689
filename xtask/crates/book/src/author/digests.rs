//! Maintains the files that learners don't change: their digests in exercise.toml, and their copies in `starter/`.

use anyhow::{Context as _, Result};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use course::exercise::{self, Exercise, alias};
use course::predictions::HANDED_IN;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The package's files that the learner doesn't change, with their digests.
///
/// # Errors
/// When the folder cannot be read.
pub(super) fn of(exercise: &Exercise) -> Result<BTreeMap<String, String>> {
    let mut digests = BTreeMap::new();
    for relative in files::files(&exercise.folder)?.iter().filter(|path| is_of_the_package(exercise, path)) {
        let path = exercise.folder.join(relative);
        let content = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        digests.insert(relative.to_string_lossy().replace('\\', "/"), exercise::digest(&content));
    }
    Ok(digests)
}

/// The copies in `starter/` of the files that learners edit, with their digests.
///
/// # Errors
/// When one can't be read.
pub(super) fn of_copies(exercise: &Exercise) -> Result<BTreeMap<String, String>> {
    let of = |path: &str| {
        let file = exercise.starter().join(path);
        let content = fs::read(&file).with_context(|| format!("can't read {}", file.display()))?;
        Ok((path.to_owned(), exercise::digest(&content)))
    };
    exercise.edits().map(of).collect()
}

/// Whether a file is built, or read by the build: not the texts of the exercise, not the alias for `cargo xtask`,
/// not the learner's files.
fn is_of_the_package(exercise: &Exercise, relative: &Path) -> bool {
    // Authors may have made guesses as well.
    let texts = ["README.md", "exercise.toml", "starter", "target", ".cargo", HANDED_IN];
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
pub(super) fn write(root: &Path, exercise: &Exercise) -> Result<()> {
    let file = exercise.folder.join("exercise.toml");
    let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let digests = of(exercise)?;
    let written = written_into(&text, "pristine", &digests).ok_or_else(|| {
        Failure::new(Exit::Usage, "there is no table [pristine] to write the digests into").file(shown(&file))
    })?;
    let copies = of_copies(exercise)?;
    let written = written_into(&written, "starter", &copies)
        .or_else(|| with_table(&written, "starter", &copies))
        .context("the digests of starter/ have no place in exercise.toml")?;
    let mut files = vec![(file, written.into_bytes())];
    for path in digests.keys() {
        let own = exercise.folder.join(path);
        let content = fs::read(&own).with_context(|| format!("can't read {}", own.display()))?;
        files.push((exercise.starter().join(path), content));
    }
    if alias::are_used(root) {
        files.extend(alias::wanted(root, exercise).into_iter().map(|(file, text)| (file, text.into_bytes())));
    }
    for (file, content) in files {
        if !fs::read(&file).is_ok_and(|there| there == content) {
            files::write_atomic(&file, &content)?;
            output::note(&format!("wrote {}", shown(&file).display()));
        }
    }
    // A file that the exercise no longer has.
    for relative in files::files(&exercise.starter())? {
        let name = relative.to_string_lossy().replace('\\', "/");
        let is_edited = exercise.edits().any(|path| path == name);
        if exercise.data.pristine.contains_key(&name) && !digests.contains_key(&name) && !is_edited {
            let old = exercise.starter().join(relative);
            fs::remove_file(&old).with_context(|| format!("can't remove {}", old.display()))?;
            output::note(&format!("removed {}", shown(&old).display()));
        }
    }
    Ok(())
}

/// The text of an exercise.toml with these digests in a table of this name; none if it has no such table.
pub(super) fn written_into(text: &str, table: &str, digests: &BTreeMap<String, String>) -> Option<String> {
    let head = format!("[{table}]\n");
    let body = text.find(&head)? + head.len();
    // Up to the next table, or to the comment above it.
    let is_digest = |line: &&str| !line.trim().is_empty() && !line.starts_with(['[', '#']);
    let old: usize = text[body..].split_inclusive('\n').take_while(is_digest).map(str::len).sum();
    Some(format!("{}{}{}", &text[..body], lines(digests), &text[body + old..]))
}

/// The text of an exercise.toml with a new table of this name below `[pristine]`.
fn with_table(text: &str, table: &str, digests: &BTreeMap<String, String>) -> Option<String> {
    let head = "[pristine]\n";
    let body = text.find(head)? + head.len();
    let is_digest = |line: &&str| !line.trim().is_empty() && !line.starts_with(['[', '#']);
    let end = body + text[body..].split_inclusive('\n').take_while(is_digest).map(str::len).sum::<usize>();
    Some(format!("{}\n[{table}]\n{}{}", &text[..end], lines(digests), &text[end..]))
}

fn lines(digests: &BTreeMap<String, String>) -> String {
    digests.iter().map(|(path, digest)| format!("\"{path}\" = \"{digest}\"\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_replace_those_that_are_there_and_nothing_else() {
        let digests = BTreeMap::from([("src/main.rs".to_owned(), "00".to_owned())]);
        let filled = |text: &str| written_into(text, "pristine", &digests);
        let after = "\n# The first build.\n[build.before]\n";
        let wanted = format!("[pristine]\n\"src/main.rs\" = \"00\"\n{after}");
        assert_eq!(filled(&format!("[pristine]\n{after}")).unwrap(), wanted);
        assert_eq!(filled(&format!("[pristine]\n\"src/a.rs\" = \"11\"\n\"b\" = \"22\"\n{after}")).unwrap(), wanted);
        assert_eq!(filled(&wanted).unwrap(), wanted);
        assert_eq!(filled("[pristine]\n").unwrap(), "[pristine]\n\"src/main.rs\" = \"00\"\n");
        assert_eq!(filled("[build.before]\n"), None);
        let both = with_table(&wanted, "starter", &digests).unwrap();
        let line = "\"src/main.rs\" = \"00\"\n";
        assert_eq!(both, format!("[pristine]\n{line}\n[starter]\n{line}{after}"));
        assert_eq!(written_into(&both, "starter", &digests).unwrap(), both);
    }
}
