//! Which exercise is meant: by its name as people type it, by a path, or by the folder of the call.

use super::{Exercise, ids, read};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use std::env;
use std::path::{Component, Path, PathBuf};
use weigh::workshop::nearest;

/// The exercise with this name, or around this path.
///
/// # Errors
/// When there is none, or its exercise.toml is malformed (with its line).
pub fn load(root: &Path, name: &str) -> Result<Exercise> {
    let ids = ids(root)?;
    let here = env::current_dir().ok();
    let by_path = || here.as_deref().and_then(|here| of_path(root, &ids, &here.join(name)));
    match by_name(&ids, name).or_else(by_path) {
        Some(id) => read(root, &id),
        None => bail!(
            Failure::new(Exit::Usage, format!("there is no exercise `{}`", base::numbers::one_line(name)))
                .help(did_you_mean(&ids, name))
        ),
    }
}

/// The exercise with this name; without a name, the current folder's.
///
/// # Errors
/// When there is none, or its exercise.toml is malformed (with its line). `call` is what to type, such as `check`.
pub fn load_or_here(root: &Path, name: Option<&str>, call: &str) -> Result<Exercise> {
    if let Some(name) = name {
        return load(root, name);
    }
    if let Some(exercise) = here(root)? {
        return Ok(exercise);
    }
    let folder = env::current_dir().map(|here| shown_from(root, &here)).unwrap_or_default();
    let message = format!("no exercise was named, and {folder} doesn't belong to one");
    let help = format!(
        "name one, as in `cargo xtask {call} ex1`, or run the command in an exercise's folder; `cargo xtask list` shows all exercises"
    );
    bail!(Failure::new(Exit::Usage, message).help(help))
}

/// The exercise that the current folder belongs to, if it is the folder of an exercise or of a solution, or below one.
///
/// # Errors
/// When the course has no exercises, or exercise.toml is malformed (with its line).
pub fn here(root: &Path) -> Result<Option<Exercise>> {
    let ids = ids(root)?;
    let here = env::current_dir().context("can't find the current folder")?;
    of_path(root, &ids, &here).map(|id| read(root, &id)).transpose()
}

/// The exercise whose folder, or whose solution's folder, contains a path that exists.
fn of_path(root: &Path, ids: &[String], path: &Path) -> Option<String> {
    // The workshop may be reached through a link, or a path may go through one.
    let (root, path) = (root.canonicalize().ok()?, path.canonicalize().ok()?);
    let mut parts = path.strip_prefix(&root).ok()?.components();
    let mut next = || match parts.next()? {
        Component::Normal(part) => part.to_str().map(str::to_owned),
        _ => None,
    };
    let (kind, id) = (next()?, next()?);
    (matches!(kind.as_str(), "exercises" | "solutions") && ids.contains(&id)).then_some(id)
}

/// `ex1` for `ex1`, `EX1`, `1`, `ex01`, `exercise1`, `exercise-1`, and for a path that ends in one of these.
fn by_name(ids: &[String], name: &str) -> Option<String> {
    // `exercises/ex1/` is what shell completion makes of it.
    let last = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(name).trim();
    let exact = |wanted: &str| ids.iter().find(|id| *id == wanted).cloned();
    exact(last).or_else(|| exact(&plain(last)?))
}

/// The usual spelling of a name that consists of a word for "exercise" and a number.
fn plain(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let digits = name.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word = name[..name.len() - digits.len()].trim_end_matches([' ', '-', '_', '.', '#']);
    let number: u32 = digits.parse().ok()?;
    matches!(word, "" | "e" | "ex" | "exercise" | "exercises").then(|| format!("ex{number}"))
}

fn did_you_mean(ids: &[String], name: &str) -> String {
    let last = name.trim_end_matches(['/', '\\']).rsplit(['/', '\\']).next().unwrap_or(name).to_lowercase();
    let plain = plain(&last).unwrap_or(last);
    match nearest(&plain, ids.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`? `cargo xtask list` shows all"),
        None => format!("the exercises are {}", ids.join(", ")),
    }
}

/// A folder of the workshop by its path inside, any other folder by its full path.
fn shown_from(root: &Path, here: &Path) -> String {
    match here.strip_prefix(root) {
        Ok(below) if below.as_os_str().is_empty() => "the workshop's main folder".to_owned(),
        Ok(below) => below.display().to_string(),
        Err(_) => shown(&PathBuf::from(here)).display().to_string(),
    }
}

/// How to restore an exercise's file: half a sentence. The folder's name is the exercise's.
pub(crate) fn brings_back(file: &Path) -> String {
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default();
    let exercise = folder.to_str().filter(|name| name.starts_with("ex")).unwrap_or("EXERCISE");
    format!("`cargo xtask reset {exercise}` restores the exercise's file, and saves a copy of it as it is now")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> Vec<String> {
        ["ex1", "ex2", "ex9", "ex10", "ex14"].map(str::to_owned).into()
    }

    #[test]
    fn a_name_is_understood_as_people_type_it() {
        for name in [
            "ex1",
            "EX1",
            "Ex1",
            "1",
            "01",
            "ex01",
            "exercise1",
            "Exercise 1",
            "exercise-1",
            "ex-1",
            "ex_1",
            "#1",
            "e1",
            "exercises/ex1",
            "exercises/ex1/",
            "./exercises/ex1",
            "solutions\\ex1\\",
            "../ex1",
            " ex1 ",
        ] {
            assert_eq!(by_name(&ids(), name).as_deref(), Some("ex1"), "{name:?}");
        }
        assert_eq!(by_name(&ids(), "14").as_deref(), Some("ex14"));
        for name in ["", ".", "3", "ex3", "ex11", "x", "ex", "1ex", "ex1a", "ex1.5", "99999999999", "lex1", "-1-"] {
            assert_eq!(by_name(&ids(), name), None, "{name:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_gets_the_nearest_one() {
        for (name, near) in [("exx1", "ex1"), ("EXX1", "ex1"), ("ex99", "ex9"), ("3", "ex1"), ("exercises/ex15", "ex1")]
        {
            assert!(
                did_you_mean(&ids(), name).contains(&format!("did you mean `{near}`?")),
                "{name}: {}",
                did_you_mean(&ids(), name)
            );
        }
        assert_eq!(did_you_mean(&ids(), "banana"), "the exercises are ex1, ex2, ex9, ex10, ex14");
    }

    #[test]
    fn a_folder_of_an_exercise_or_of_its_solution_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in
            ["exercises/ex9/src/bin", "exercises/ex9/target/release", "solutions/ex9", "exercises/ex99", "docs/ex9"]
        {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let of = |path: &str| of_path(root, &ids(), &root.join(path));
        for path in ["exercises/ex9", "exercises/ex9/src/bin", "exercises/ex9/target/release", "solutions/ex9"] {
            assert_eq!(of(path).as_deref(), Some("ex9"), "{path}");
        }
        for path in ["", "exercises", "exercises/ex99", "docs/ex9", "exercises/ex9/nothing"] {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
