//! `cargo xtask reset`: back to the start, with only the course's files: the learner's files, the files that the exercise
//! doesn't ask to change, and the alias for `cargo xtask`. What was there is saved first, whatever it is, and never lost.

use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::plural;
use base::output;
use course::evidence;
use course::exercise::{self, Exercise, alias};
use course::progress::{self, State};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file that has changed since the start: where it is, below the exercise's folder, and what it contained.
type Start = (String, Vec<u8>);

/// Runs `cargo xtask reset`.
///
/// # Errors
/// When something can't be saved or written; nothing is lost then.
pub(crate) fn run(options: &commands::Reset) -> Result<Exit> {
    let commands::Reset { exercise: name, course_files } = options;
    let root = super::root()?;
    let exercise = exercise::load_or_here(&root, name.as_deref(), "reset")?;
    let id = &exercise.id;
    let mut changed: Vec<Start> = Vec::new();
    if !course_files {
        let starter = evidence::starter_files(&exercise)?;
        changed.extend(starter.into_iter().filter(|(path, content)| {
            let file = exercise.folder.join(path);
            !is_plain(&file) || fs::read(&file).ok().as_ref() != Some(content)
        }));
    }
    let (of_the_course, lost) = changed_course_files(&root, &exercise);
    changed.extend(of_the_course);
    if changed.is_empty() && lost.is_empty() {
        let what = if *course_files {
            "the course's files are still as they were"
        } else {
            "all files are still as they were"
        };
        output::data(&format!("{id}: {what} at the start; there was nothing to reset\n"))?;
    } else if !changed.is_empty() {
        restore(&root, &exercise, &changed)?;
    }
    if !course_files {
        begin_again(&root, id);
    }
    if !lost.is_empty() {
        bail!(not_restored(&exercise, &lost));
    }
    Ok(Exit::Met)
}

/// Puts the files where they belong, after what was there is saved.
fn restore(root: &Path, exercise: &Exercise, changed: &[Start]) -> Result<()> {
    let saved = save(root, exercise, changed.iter().map(|(path, _)| path.as_str()))?;
    for (path, content) in changed {
        let file = exercise.folder.join(path);
        // A symlink, or a folder in the file's place, is saved; the course's file takes its place.
        if fs::symlink_metadata(&file).is_ok_and(|metadata| !metadata.is_file()) {
            remove(&file)?;
        }
        files::write_atomic(&file, content)?;
    }
    let names: Vec<&str> = changed.iter().map(|(path, _)| path.as_str()).collect();
    // The folder comes last: it is what the user copies.
    let where_to = match saved {
        Some(folder) => format!("; to get your version back, copy it from {}", shown(&folder).display()),
        None => String::new(),
    };
    output::data(&format!("{}: restored {}{where_to}\n", exercise.id, names.join(", ")))
}

/// Forgets the last check, not the points. Where nothing is known about the exercise, nothing has to be written.
fn begin_again(root: &Path, id: &str) {
    // If it can't be read, it can't be changed either, and that is reported below.
    if let Ok((progress, damage)) = progress::load(root) {
        super::say_damage(damage);
        if !progress.exercises.contains_key(id) {
            return;
        }
    }
    let mut kept = None;
    let reset = progress::update(root, |progress| {
        if let Some(entry) = progress.exercises.get_mut(id) {
            entry.begin_again();
            kept = (entry.state == State::Done).then_some(entry.points);
        }
    });
    match reset {
        Ok(damage) => {
            super::say_damage(damage);
            if let Some(points) = kept {
                output::note(&format!("{id} still counts as done, and keeps its {}", plural(points as usize, "point")));
            }
        }
        Err(error) => {
            output::note(&format!("the files were restored, but your progress couldn't be saved: {error:#}"));
        }
    }
}

/// The failure for files that have no correct copy left.
fn not_restored(exercise: &Exercise, lost: &[String]) -> Failure {
    let starter = shown(&exercise.starter());
    let is_there = |path: &String| exercise.starter().join(path).exists();
    let why = match (lost.iter().any(is_there), lost.iter().all(is_there), lost.len()) {
        (_, true, 1) => "the copy was changed as well",
        (_, true, _) => "the copies were changed as well",
        (false, _, 1) => "the copy is missing",
        (false, _, _) => "the copies are missing",
        _ => "the copies are missing or were changed as well",
    };
    let message = format!("{} can't be restored from {}: {why}", lost.join(", "), starter.display());
    let restored = evidence::restored(&starter);
    let help = format!("{restored}. Then type `cargo xtask reset {} --course-files`", exercise.id);
    Failure::new(Exit::Usage, message).help(help)
}

/// Whether there is a regular file, not a link to one.
fn is_plain(file: &Path) -> bool {
    fs::symlink_metadata(file).is_ok_and(|metadata| metadata.is_file())
}

/// The course's own files that were changed or are missing, and the names of those with no copy left that has the digest in
/// exercise.toml.
fn changed_course_files(root: &Path, exercise: &Exercise) -> (Vec<Start>, Vec<String>) {
    let (mut changed, mut lost) = (Vec::new(), Vec::new());
    for (path, digest) in &exercise.data.pristine {
        let is_right = |content: &Vec<u8>| exercise::digest(content) == *digest;
        let file = exercise.folder.join(path);
        if is_plain(&file) && files::content(&file).as_ref().is_some_and(is_right) {
            continue;
        }
        match files::content(&exercise.starter().join(path)).filter(is_right) {
            Some(content) => changed.push((path.clone(), content)),
            None => lost.push(path.clone()),
        }
    }
    if alias::are_used(root) {
        for (file, text) in alias::wanted(root, exercise) {
            // Git may have changed its line endings.
            let is_same = fs::read_to_string(&file).is_ok_and(|there| there.replace("\r\n", "\n") == text);
            if !is_same && let Ok(path) = file.strip_prefix(&exercise.folder) {
                changed.push((path.to_string_lossy().replace('\\', "/"), text.into_bytes()));
            }
        }
    }
    (changed, lost)
}

/// Copies what is there to a folder for that purpose, and returns its path. `None` if nothing was there.
fn save<'a>(root: &Path, exercise: &Exercise, paths: impl Iterator<Item = &'a str>) -> Result<Option<PathBuf>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let base = progress::folder(root).join("saved").join(&exercise.id);
    let folder = (now..=u64::MAX).map(|name| base.join(name.to_string())).find(|folder| !folder.exists());
    let folder = folder.context("can't find an unused name for the folder to save your files in")?;
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
    let place = || format!("can't save {}; nothing was reset", from.display());
    if from.is_dir() {
        fs::create_dir_all(to).with_context(place)?;
        for entry in fs::read_dir(from).with_context(place)? {
            let name = entry.with_context(place)?.file_name();
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    // A symlink to nowhere, or to a device, has no content but its target.
    let content = match fs::read_link(from) {
        Ok(target) if !from.is_file() => target.into_os_string().into_encoded_bytes(),
        _ => fs::read(from).with_context(place)?,
    };
    files::write_atomic(to, &content).with_context(place)
}

fn remove(path: &Path) -> Result<()> {
    let is_folder = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
    let removed = if is_folder { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.with_context(|| format!("can't replace {}", path.display()))
}
