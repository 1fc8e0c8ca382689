//! Files that a person puts in the results folder, or next to it: found by name, and refused if the name is only nearly
//! right.

use anyhow::{Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes of the largest file that is read: far more than people write by hand.
const LARGEST: u64 = 4 << 20;

/// The results folder, and its parent.
fn places(out_dir: &Path) -> [PathBuf; 2] {
    let beside = match out_dir.parent() {
        Some(parent) if out_dir.file_name().is_some() => parent.to_owned(),
        // `.` and `..` have no parent in their name.
        _ => out_dir.join(".."),
    };
    [out_dir.to_owned(), beside]
}

/// A file whose name is so near to one that would be read that it was probably meant.
fn misnamed(out_dir: &Path, name: &str) -> Option<PathBuf> {
    let (known, wanted) = name.rsplit_once('.')?;
    for folder in places(out_dir) {
        let here = if folder.as_os_str().is_empty() { Path::new(".") } else { &folder };
        let entries = fs::read_dir(here).into_iter().flatten().flatten();
        let mut others: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        others.sort();
        for other in others {
            let plain = other.to_lowercase();
            // Editors add their own extension: on Windows in place of none, elsewhere to a copy of the file before.
            let plain =
                [".txt", "~", ".bak", ".old", ".orig"].iter().find_map(|end| plain.strip_suffix(end)).unwrap_or(&plain);
            let (stem, ending) = plain.rsplit_once('.').unwrap_or((plain, ""));
            let is_near =
                strsim::damerau_levenshtein(stem, known) <= 2 && strsim::damerau_levenshtein(ending, wanted) <= 1;
            // With no dot, or a different character in its place.
            if (is_near || strsim::damerau_levenshtein(plain, name) <= 2 || plain == known)
                && folder.join(&other).is_file()
            {
                return Some(folder.join(other));
            }
        }
    }
    None
}

/// The file in the results folder, or next to it, with its text.
///
/// # Errors
/// When there are two, it cannot be read, or there is one with nearly its name: silently ignoring a decision would lead
/// to a wrong grade.
pub(crate) fn find(out_dir: &Path, name: &str) -> Result<Option<(PathBuf, String)>> {
    let there: Vec<PathBuf> =
        places(out_dir).map(|place| place.join(name)).into_iter().filter(|file| file.exists()).collect();
    let file = match there.as_slice() {
        [] => match misnamed(out_dir, name) {
            None => return Ok(None),
            Some(other) => {
                let message = format!("{} isn't read: it has to be called {name}", shown(&other).display());
                bail!(
                    Failure::new(Exit::Usage, message)
                        .help("rename it, or move it to another folder if it is something else")
                );
            }
        },
        [file] => file,
        [inner, outer, ..] => {
            let message =
                format!("there are two {name} files: {} and {}", shown(inner).display(), shown(outer).display());
            bail!(Failure::new(Exit::Usage, message).help("keep one of them"));
        }
    };
    match files::read_text(file, LARGEST) {
        Ok(text) => Ok(Some((file.clone(), text))),
        // Its help is about the files of an exercise.
        Err(unreadable) => bail!(Failure::new(Exit::Usage, unreadable.message).file(shown(file))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_nearly_right_is_refused_with_the_one_that_was_meant() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("grades");
        let write = |path: &str| files::write_atomic(&folder.path().join(path), b"x").unwrap();
        for other in ["Cargo.toml", "roster.csv", "grades/journal.jsonl", "grades/grades.csv", "deny.toml", "policy.md"]
        {
            write(other);
        }
        let refused = |name: &str| {
            let error = find(&out, name).unwrap_err();
            error.to_string().replace(&folder.path().display().to_string(), "class")
        };
        assert_eq!(find(&out, "policy.toml").unwrap(), None);
        for (near, name) in [
            ("grades/override.toml", "overrides.toml"),
            ("overides.toml", "overrides.toml"),
            ("policy.toml.txt", "policy.toml"),
            ("grades/hidden-input.secret", "hidden-inputs.secret"),
            ("policy.tml", "policy.toml"),
            ("grades/policy.tml", "policy.toml"),
            ("grades/overrides.tml", "overrides.toml"),
            ("policy.toml~", "policy.toml"),
            ("overrides.toml.bak", "overrides.toml"),
            ("policytoml", "policy.toml"),
            ("policy", "policy.toml"),
            ("hidden-inputs.sercet", "hidden-inputs.secret"),
        ] {
            write(near);
            assert_eq!(refused(name), format!("class/{near} isn't read: it has to be called {name}"));
            fs::remove_file(folder.path().join(near)).unwrap();
        }
        // Where the file system distinguishes case; elsewhere it is the file itself.
        write("grades/Policy.TOML");
        if !out.join("policy.toml").exists() {
            assert_eq!(refused("policy.toml"), "class/grades/Policy.TOML isn't read: it has to be called policy.toml");
        }
        fs::remove_file(out.join("Policy.TOML")).unwrap();
        // A folder isn't a list of decisions.
        write("policy/notes.txt");
        assert_eq!(find(&out, "policy.toml").unwrap(), None);
        // When the right file exists, a similar name isn't a mistake.
        write("overrides.toml");
        write("override.toml");
        assert_eq!(find(&out, "overrides.toml").unwrap().unwrap().1, "x");
    }
}
