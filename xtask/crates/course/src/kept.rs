//! What is kept for a learner in `.workshop/`: files that are read, changed under a lock, and written whole. A damaged one is set aside,
//! never lost.

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What one of these files contains.
pub(crate) trait Kept: Clone + Default + PartialEq + Serialize + DeserializeOwned {
    /// The file's name without its ending.
    const STEM: &'static str;
    /// The version that is written.
    const VERSION: u32;

    /// Updates what an older version wrote.
    fn migrate(&mut self) {}

    /// What to tell a learner whose file was damaged, from the error and the file's new name.
    fn damaged(error: &str, aside: &str) -> String;
}

/// The folder for what belongs to the learner and to no one else.
pub(crate) fn folder(root: &Path) -> PathBuf {
    root.join(".workshop")
}

fn file<T: Kept>(root: &Path) -> PathBuf {
    folder(root).join(format!("{}.json", T::STEM))
}

/// Reads the file. Where there is none, it is as if nothing had been done. The second value is what was wrong with it.
///
/// # Errors
/// When the file is there and cannot be read, or was written by a newer version of the workshop.
pub(crate) fn load<T: Kept>(root: &Path) -> Result<(T, Option<String>)> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let file = file::<T>(root);
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((T::default(), None)),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", file.display())),
    };
    if let Ok(Version { version }) = serde_json::from_slice(&bytes)
        && version > T::VERSION
    {
        let message = format!("{} was written by a newer workshop (version {version})", file.display());
        bail!(Failure::new(Exit::Usage, message).help("update the workshop (`git pull`), or move the file away"));
    }
    match serde_json::from_slice::<T>(&bytes) {
        Ok(mut kept) => {
            kept.migrate();
            Ok((kept, None))
        }
        Err(error) => {
            let aside = set_aside(&file)?;
            let shown = base::diagnostic::shown(&aside).display().to_string();
            Ok((T::default(), Some(T::damaged(&error.to_string(), &shown))))
        }
    }
}

/// Changes the file. Two calls at once wait for each other.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn update<T: Kept>(root: &Path, change: impl FnOnce(&mut T)) -> Result<Option<String>> {
    let (folder, file) = (folder(root), file::<T>(root));
    fs::create_dir_all(&folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    let lock = folder.join(format!("{}.lock", T::STEM));
    let guard = File::create(&lock).with_context(|| format!("can't write {}", lock.display()))?;
    // Where files cannot be locked, two calls at once are the learner's own.
    let _ = guard.lock();
    let (mut kept, damage) = load::<T>(root)?;
    let before = kept.clone();
    change(&mut kept);
    if kept != before || !file.exists() {
        let mut text = serde_json::to_vec_pretty(&kept)?;
        text.push(b'\n');
        files::write_atomic(&file, &text)?;
    }
    Ok(damage)
}

/// Moves a damaged file away, under a name that says so and that is free.
fn set_aside(file: &Path) -> Result<PathBuf> {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    for number in 1.. {
        let aside = file.with_file_name(format!("{stem}.damaged-{number}.json"));
        if !aside.exists() {
            fs::rename(file, &aside).with_context(|| format!("can't set {} aside", file.display()))?;
            return Ok(aside);
        }
    }
    unreachable!("there are numbers enough")
}
