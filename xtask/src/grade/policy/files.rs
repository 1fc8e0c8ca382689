//! Where the files are that people write by hand: a decision that is passed over without a word would be a wrong grade.

use crate::diagnostic::shown;
use crate::exit::{Exit, Failure};
use crate::tree;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Bytes of such a file, at most: thousands of decisions.
const LARGEST: u64 = 4 << 20;

/// The file in the folder of the results, or beside that folder.
pub(super) fn find(out_dir: &Path, name: &str) -> Result<Option<(PathBuf, String)>> {
    let beside = match out_dir.parent() {
        Some(parent) if out_dir.file_name().is_some() => parent.join(name),
        // `.` and `..` have no parent in their name.
        _ => out_dir.join("..").join(name),
    };
    let there: Vec<PathBuf> = [out_dir.join(name), beside.clone()].into_iter().filter(|file| file.exists()).collect();
    let file = match there.as_slice() {
        [] => return misnamed(out_dir, &beside, name).map(|()| None),
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

/// A file whose name is nearly the one that is read would be passed over without a word.
fn misnamed(out_dir: &Path, beside: &Path, name: &str) -> Result<()> {
    for folder in [Some(out_dir), beside.parent()].into_iter().flatten() {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for other in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
            let lower = other.to_lowercase();
            if lower.ends_with(".toml") && strsim::damerau_levenshtein(&lower, name) <= 2 {
                let message =
                    format!("{} isn't read: it has to be called {name}", shown(&folder.join(&other)).display());
                bail!(Failure::new(Exit::Usage, message).help("rename it, so that what you decided counts"));
            }
        }
    }
    Ok(())
}
