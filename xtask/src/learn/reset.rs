//! `cargo xtask reset`: back to the starter. What was there is saved first, whatever it is, and never lost.

use crate::cli;
use crate::diagnostic::shown;
use crate::evidence;
use crate::exercise::{self, Exercise};
use crate::exit::Exit;
use crate::output;
use crate::progress::{self, State};
use crate::tree;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs `cargo xtask reset`.
///
/// # Errors
/// When something cannot be saved or written; then nothing that was there is gone.
pub fn run(options: &cli::Reset) -> Result<Exit> {
    let cli::Reset { exercise: id } = options;
    let root = super::root()?;
    let exercise = exercise::load(&root, id)?;
    let starter = evidence::starter_files(&exercise)?;
    let differs = |(path, content): &&(String, Vec<u8>)| {
        let file = exercise.folder.join(path);
        let plain = fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file());
        !plain || fs::read(&file).ok().as_ref() != Some(content)
    };
    let changed: Vec<_> = starter.iter().filter(differs).collect();
    if changed.is_empty() {
        output::data(&format!("{id} is as it was at the start; there was nothing to reset\n"))?;
    } else {
        let saved = save(&root, &exercise, changed.iter().map(|(path, _)| path.as_str()))?;
        for (path, content) in &changed {
            let file = exercise.folder.join(path);
            // A symlink, or a folder in the file's place, is saved; the course's file takes its place.
            if fs::symlink_metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
                remove(&file)?;
            }
            tree::write_atomic(&file, content)?;
        }
        let names: Vec<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
        let where_to = match saved {
            Some(folder) => format!("; what you had is in {}", shown(&folder).display()),
            None => String::new(),
        };
        output::data(&format!("{id}: {} is as it was at the start{where_to}\n", names.join(", ")))?;
    }
    let reset = progress::update(&root, |progress| {
        if let Some(entry) = progress.exercises.get_mut(&exercise.id) {
            (entry.state, entry.points) = (State::Todo, 0);
            (entry.codes, entry.files) = Default::default();
            (entry.hints, entry.sizes) = Default::default();
        }
    })?;
    super::say_damage(reset);
    Ok(Exit::Met)
}

/// Copies what is there to a folder that is there for nothing else; says which one. `None` if nothing was there.
fn save<'a>(root: &Path, exercise: &Exercise, paths: impl Iterator<Item = &'a str>) -> Result<Option<PathBuf>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let base = progress::folder(root).join("saved").join(&exercise.id);
    let folder = (0..).map(|more| base.join(format!("{}", now + more))).find(|folder| !folder.exists());
    let folder = folder.context("there is no name left for a folder")?;
    let mut any = false;
    for path in paths {
        let file = exercise.folder.join(path);
        if fs::symlink_metadata(&file).is_ok() {
            copy(&file, &folder.join(path))?;
            any = true;
        }
    }
    Ok(any.then_some(folder))
}

/// Copies a file, what a symlink points to, or a folder.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let place = || format!("cannot save {}; nothing was reset", from.display());
    if from.is_dir() {
        fs::create_dir_all(to).with_context(place)?;
        for entry in fs::read_dir(from).with_context(place)? {
            let name = entry.with_context(place)?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    // A symlink to nowhere, or to a device, holds nothing but its direction.
    let content = match fs::read_link(from) {
        Ok(target) if !from.is_file() => target.into_os_string().into_encoded_bytes(),
        _ => fs::read(from).with_context(place)?,
    };
    tree::write_atomic(to, &content).with_context(place)
}

fn remove(path: &Path) -> Result<()> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("cannot replace {}", path.display()))
}
