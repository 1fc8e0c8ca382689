//! The files of the course: the starter, the solution, and what learners don't edit. A copy that isn't the course's any more is refused,
//! because everything is compared with it.

use super::Edits;
use crate::exercise::{self, Exercise};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use std::fs;
use std::path::{Path, PathBuf};

/// The course's own content of the files that the learner edits.
///
/// # Errors
/// When the course is incomplete, or a copy isn't the course's any more: every comparison would be with something else.
pub fn starter_files(exercise: &Exercise) -> Result<Edits> {
    let files = read_edits(exercise, &exercise.starter())?;
    for (path, content) in &files {
        if exercise.data.starter.get(path).is_some_and(|digest| exercise::digest(content) != *digest) {
            let file = exercise.starter().join(path);
            let message = format!(
                "{} was changed: it is the course's copy, which your work is compared with",
                shown(&file).display()
            );
            bail!(Failure::new(Exit::Usage, message).help(restored(&shown(&exercise.starter()))));
        }
    }
    Ok(files)
}

/// The solved content of the files that the learner edits.
///
/// # Errors
/// When the course is incomplete.
pub fn solution_files(exercise: &Exercise) -> Result<Edits> {
    read_edits(exercise, &exercise.solution)
}

/// Files that a learner edits, and the course's own files of the same package.
///
/// # Errors
/// When the course is incomplete.
pub(super) fn with_pristine(exercise: &Exercise, files: &[(String, Vec<u8>)]) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut all: Vec<(PathBuf, Vec<u8>)> = files.iter().map(|(path, text)| (path.into(), text.clone())).collect();
    for path in exercise.data.pristine.keys() {
        let source = exercise.folder.join(path);
        let content = fs::read(&source).with_context(|| format!("can't read {}", source.display()))?;
        all.push((path.into(), content));
    }
    Ok(all)
}

/// How to restore a folder of the course, without touching the learner's files. `folder`: as it is shown.
pub fn restored(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "restore the folder {folder}, and only this one: `git checkout -- {folder}`, or copy it from a new download of the workshop. Copying all of `exercises` would replace your own files"
    )
}

fn read_edits(exercise: &Exercise, folder: &Path) -> Result<Edits> {
    let read = |path: &str| {
        let file = folder.join(path);
        let content = fs::read(&file).map_err(|error| {
            let message = format!("the course is incomplete: can't read {}: {error}", shown(&file).display());
            Failure::new(Exit::Usage, message).help(restored(&shown(folder)))
        })?;
        Ok((path.to_owned(), content))
    };
    exercise.edits().map(read).collect()
}
