//! The files that a person puts into the folder of the results, or beside it: found by name, and missed if the name is nearly right.

use super::secret;
use crate::diagnostic::shown;
use crate::exit::{Exit, Failure};
use crate::tree;
use anyhow::{Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of the largest file that is read: far more than people write by hand.
const LARGEST: u64 = 4 << 20;

/// The folder of the results, and the one that it is in.
fn places(out_dir: &Path) -> [PathBuf; 2] {
    let beside = match out_dir.parent() {
        Some(parent) if out_dir.file_name().is_some() => parent.to_owned(),
        // `.` and `..` have no parent in their name.
        _ => out_dir.join(".."),
    };
    [out_dir.to_owned(), beside]
}

/// The files that a person writes, by their names.
const FILES: [&str; 3] = ["overrides.toml", "policy.toml", secret::FILE];

/// Files whose names are so near to one that would be read that it was probably meant: one sentence each.
pub fn misnamed(out_dir: &Path) -> Vec<String> {
    let mut notes = Vec::new();
    for folder in places(out_dir) {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let mut names: Vec<String> = fs::read_dir(here)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        for name in names.iter().filter(|name| !FILES.contains(&name.as_str())) {
            // Editors of Windows add an ending of their own.
            let plain = name.to_ascii_lowercase();
            let plain = plain.strip_suffix(".txt").unwrap_or(&plain);
            let (stem, ending) = plain.rsplit_once('.').unwrap_or((plain, ""));
            let near = FILES.iter().find(|known| {
                let (known, wanted) = known.rsplit_once('.').unwrap_or((known, ""));
                ending == wanted && strsim::damerau_levenshtein(stem, known) <= 2
            });
            // Where capitals make no difference, it has been read.
            if let Some(near) = near.filter(|near| !folder.join(near).exists()) {
                let file = shown(&folder.join(name));
                notes.push(format!("{} is not read: did you mean {near}?", file.display()));
            }
        }
    }
    notes
}

/// The file in the folder of the results, or beside that folder, with its text.
///
/// # Errors
/// When there are two, or it cannot be read.
pub fn find(out_dir: &Path, name: &str) -> Result<Option<(PathBuf, String)>> {
    let there: Vec<PathBuf> =
        places(out_dir).map(|place| place.join(name)).into_iter().filter(|file| file.exists()).collect();
    let file = match there.as_slice() {
        [] => return Ok(None),
        [file] => file,
        [inner, outer, ..] => {
            let message = format!("there are two of {name}: {} and {}", shown(inner).display(), shown(outer).display());
            bail!(Failure::new(Exit::Usage, message).help("leave one of them"));
        }
    };
    match tree::read_text(file, LARGEST) {
        Ok(text) => Ok(Some((file.clone(), text))),
        // Its help is about the files of an exercise.
        Err(unreadable) => bail!(Failure::new(Exit::Usage, unreadable.message).file(shown(file))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remove(file: &Path) {
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn a_name_that_is_nearly_right_is_told_with_the_one_that_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("grades");
        let write = |path: &str| tree::write_atomic(&folder.path().join(path), b"").unwrap();
        for right in ["grades/overrides.toml", "policy.toml", "grades/hidden-inputs.secret"] {
            write(right);
        }
        for other in ["Cargo.toml", "roster.csv", "grades/journal.jsonl", "grades/grades.csv", "deny.toml", "policy.md"]
        {
            write(other);
        }
        assert_eq!(misnamed(&out), Vec::<String>::new());
        remove(&out.join("overrides.toml"));
        remove(&folder.path().join("policy.toml"));
        write("grades/override.toml");
        write("overides.toml");
        write("grades/Policy.toml");
        write("policy.toml.txt");
        let notes = misnamed(&out).join("\n").replace(&folder.path().display().to_string(), "class");
        let expected = "\
            class/grades/Policy.toml is not read: did you mean policy.toml?\n\
            class/grades/override.toml is not read: did you mean overrides.toml?\n\
            class/overides.toml is not read: did you mean overrides.toml?\n\
            class/policy.toml.txt is not read: did you mean policy.toml?";
        assert_eq!(notes, expected);
    }
}
