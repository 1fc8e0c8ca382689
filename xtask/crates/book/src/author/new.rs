//! `cargo xtask author new`: a small, complete exercise, added to all lists, for an author to turn into a different
//! one.

use super::{lists, skeleton};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use weigh::workshop::Workshop;

/// Runs `cargo xtask author new`.
///
/// # Errors
/// When the name isn't free, or something can't be written; then nothing was changed.
pub(super) fn run(options: &commands::New) -> Result<Exit> {
    let commands::New { exercise: id } = options;
    let root = Workshop::find()?.root;
    check_name(&root, id)?;

    let mut files = skeleton::files(id)?;
    let (mut added, mut notes) = (Vec::new(), Vec::new());
    for lists::List { file, add, by_hand } in lists::ALL {
        let path = root.join(file);
        let outcome = match fs::read_to_string(&path) {
            Ok(text) => add(&text, id),
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(_) => lists::Added::NotTo(1),
        };
        let at = |line: usize| format!("{}:{line}", shown(&path).display());
        match outcome {
            lists::Added::To(text, line) => {
                files.push((file.to_owned(), text.into_bytes()));
                added.push(at(line));
            }
            lists::Added::Already(line) => {
                notes.push(format!("{} already names {id}; check whether that is still right", at(line)));
            }
            lists::Added::NotTo(line) => {
                let by_hand = by_hand(id);
                notes.push(format!(
                    "{}: this list doesn't look as expected and was left unchanged; add {by_hand}",
                    at(line)
                ));
            }
        }
    }
    files::write_all_or_none(&root, &files).with_context(|| format!("{id} wasn't created, and nothing was changed"))?;

    notes.iter().for_each(|note| output::note(note));
    output::data(&next_steps(&root, id, &added))?;
    Ok(Exit::Met)
}

/// Whether an exercise may get this name.
fn check_name(root: &Path, id: &str) -> Result<()> {
    let free = next_free(root);
    if lists::number(id).is_none() {
        let message =
            format!("`{id}` isn't a name for an exercise: use `ex` and a number from 1 up, without leading zeros");
        bail!(Failure::new(Exit::Usage, message).help(format!("the next free one: `cargo xtask author new {free}`")));
    }
    for folder in ["exercises", "solutions"] {
        let path = root.join(folder).join(id);
        // A dangling link also counts.
        if fs::symlink_metadata(&path).is_ok() {
            let message = format!("{} already exists, and nothing is overwritten", shown(&path).display());
            let help = format!("use the next free name, `cargo xtask author new {free}`, or move it away");
            bail!(Failure::new(Exit::Usage, message).help(help));
        }
    }
    Ok(())
}

/// The name after the last one that is taken.
fn next_free(root: &Path) -> String {
    let names = |folder: &str| fs::read_dir(root.join(folder)).into_iter().flatten().flatten();
    let taken = names("exercises").chain(names("solutions"));
    let last = taken.filter_map(|entry| lists::number(entry.file_name().to_str()?)).max();
    format!("ex{}", last.unwrap_or_default().saturating_add(1))
}

/// What was created, and what to do with it.
fn next_steps(root: &Path, id: &str, added: &[String]) -> String {
    let at = |path: &str| shown(&root.join(path.replace("exN", id))).display().to_string();
    let mut text =
        format!("created {} and {}: a working exercise for you to replace\n", at("exercises/exN"), at("solutions/exN"));
    if !added.is_empty() {
        text += &format!("added {id} to {}\n", added.join(", "));
    }
    text += "\nnext: write your own wherever a file says REPLACE\n";
    let mut steps = vec![
        ("exercises/exN/src/main.rs", "the program"),
        ("exercises/exN/starter", "the files that learners change; the same ones are in the folder above"),
        ("solutions/exN", "these files, solved, and NOTES.md, which explains them"),
        ("exercises/exN/exercise.toml", "its builds, goals, points and hints"),
        ("exercises/exN/README.md", "what learners read"),
        ("exercises/README.md", "its row"),
    ];
    if root.join("xtask/tests/it/turns").is_dir() {
        steps.push((
            "xtask/tests/it/turns/exN.toml",
            "three typical mistakes of learners; also add its name to turns.rs",
        ));
    }
    let width = steps.iter().map(|(path, _)| at(path).len()).max().unwrap_or_default();
    for (path, what) in steps {
        text += &format!("  {:width$}  {what}\n", at(path));
    }
    text += &format!(
        "then verify it\n  cargo xtask author verify --write-digests {id}\n  cargo xtask author verify {id}\n"
    );
    text
}
