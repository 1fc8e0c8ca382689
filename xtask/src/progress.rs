//! What a learner has reached: `.workshop/progress.json`. Written whole, under a lock; a damaged file is set aside, never
//! silently replaced.

use crate::exercise::Exercise;
use crate::exit::{Exit, Failure};
use crate::measure::binary::Section;
use crate::tree;
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// The file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of this format.
    version: u32,
    /// Each exercise that was checked or asked about.
    pub exercises: BTreeMap<String, Entry>,
}

/// An exercise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// How far it is.
    pub state: State,
    /// Points of the last check.
    pub points: u32,
    /// The digest of the files that were checked last.
    pub files: String,
    /// The codes of what was wrong then, the most important first.
    pub codes: Vec<String>,
    /// The hints that were shown.
    pub hints: BTreeSet<String>,
    /// The executables of the last check, by the build's name.
    pub sizes: BTreeMap<String, Sizes>,
    /// The first time that every goal was met; nothing before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passed: Option<Passed>,
}

/// When an exercise was done, and what it has saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Passed {
    /// The day, in UTC, such as `2026-03-01`.
    pub on: String,
    /// The release of rustc.
    pub toolchain: String,
    /// The best sizes so far; none where no goal is about the size of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saved: Option<Saved>,
}

/// The bytes of a file before and after, by one goal in one check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Bytes of the file that it was compared with.
    pub before: u64,
    /// Bytes of the learner's.
    pub after: u64,
}

impl Saved {
    /// Whether the other one is a smaller share of what there was.
    fn is_beaten_by(self, other: Self) -> bool {
        u128::from(other.after) * u128::from(self.before) < u128::from(self.after) * u128::from(other.before)
    }
}

impl Entry {
    /// Notes that every goal is met. The first day stays; of the sizes the best ones.
    pub fn pass(&mut self, today: String, toolchain: &str, saved: impl Iterator<Item = Saved>) {
        let passed = self.passed.get_or_insert_with(|| Passed { on: today, ..Passed::default() });
        for saved in saved {
            if passed.saved.is_none_or(|best| best.is_beaten_by(saved)) {
                passed.saved = Some(saved);
            }
        }
        toolchain.clone_into(&mut passed.toolchain);
    }
}

/// An executable of the last check.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sizes {
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of its parts.
    pub sections: Vec<Section>,
}

/// How far an exercise is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Never checked.
    #[default]
    Todo,
    /// Checked, and not every goal is met.
    Started,
    /// Every goal is met.
    Done,
}

impl State {
    /// The word that people see.
    pub fn name(self) -> &'static str {
        match self {
            Self::Todo => "todo",
            Self::Started => "started",
            Self::Done => "done",
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self { version: VERSION, exercises: BTreeMap::new() }
    }
}

impl Progress {
    /// Whether every goal of an exercise is met.
    pub fn is_done(&self, id: &str) -> bool {
        self.exercises.get(id).is_some_and(|entry| entry.state == State::Done)
    }

    /// What is better done before an exercise, and is not done.
    pub fn missing<'a>(&self, exercise: &'a Exercise) -> Vec<&'a str> {
        exercise.after().filter(|id| !self.is_done(id)).collect()
    }

    /// The exercise to do next: the first open one for which nothing is missing. Those after `current` come first.
    pub fn next<'a>(&self, all: &'a [Exercise], current: Option<&str>) -> Option<&'a Exercise> {
        let start = all.iter().position(|exercise| Some(exercise.id.as_str()) == current).map_or(0, |at| at + 1);
        let open = |exercise: &&&Exercise| !self.is_done(&exercise.id) && Some(exercise.id.as_str()) != current;
        let around: Vec<&Exercise> = all[start..].iter().chain(&all[..start]).collect();
        let open: Vec<&&Exercise> = around.iter().filter(open).collect();
        open.iter().find(|exercise| self.missing(exercise).is_empty()).or(open.first()).map(|exercise| **exercise)
    }
}

/// The folder for what belongs to the learner and to nobody else.
pub fn folder(root: &Path) -> PathBuf {
    root.join(".workshop")
}

/// Reads the file. Where there is none, nothing has been done yet. The second value says what was wrong with it.
///
/// # Errors
/// When the file is there and cannot be read, or was written by a newer version of the workshop.
pub fn load(root: &Path) -> Result<(Progress, Option<String>)> {
    let file = folder(root).join("progress.json");
    let bytes = match fs::read(&file) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Progress::default(), None)),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    if let Ok(Version { version }) = serde_json::from_slice(&bytes)
        && version > VERSION
    {
        let message = format!("{} was written by a newer workshop (version {version})", file.display());
        bail!(Failure::new(Exit::Usage, message).help("update the workshop (`git pull`), or move the file away"));
    }
    match serde_json::from_slice(&bytes) {
        Ok(progress) => Ok((progress, None)),
        Err(error) => {
            let aside = set_aside(&file)?;
            let shown = crate::diagnostic::shown(&aside);
            let words = format!(
                "your progress was damaged ({error}); it is set aside as {}, and begins anew. Your exercises are untouched: `cargo xtask check --all` finds out again what is done",
                shown.display()
            );
            Ok((Progress::default(), Some(words)))
        }
    }
}

/// Changes the file. Two calls at once wait for each other.
///
/// # Errors
/// When it cannot be written.
pub fn update(root: &Path, change: impl FnOnce(&mut Progress)) -> Result<Option<String>> {
    let folder = folder(root);
    fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let lock = folder.join("progress.lock");
    let guard = File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
    // Where files cannot be locked, two calls at once are the learner's own.
    let _ = guard.lock();
    let (mut progress, damage) = load(root)?;
    let before = progress.clone();
    change(&mut progress);
    let file = folder.join("progress.json");
    if progress != before || !file.exists() {
        let mut text = serde_json::to_vec_pretty(&progress)?;
        text.push(b'\n');
        tree::write_atomic(&file, &text)?;
    }
    Ok(damage)
}

fn set_aside(file: &Path) -> Result<PathBuf> {
    for number in 1.. {
        let aside = file.with_file_name(format!("progress.damaged-{number}.json"));
        if !aside.exists() {
            fs::rename(file, &aside).with_context(|| format!("cannot set {} aside", file.display()))?;
            return Ok(aside);
        }
    }
    unreachable!("there are numbers enough")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_again() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(load(root.path()).unwrap().0, Progress::default());
        update(root.path(), |progress| {
            progress.exercises.insert("ex1".to_owned(), Entry { state: State::Done, points: 10, ..Entry::default() });
        })
        .unwrap();
        let (progress, damage) = load(root.path()).unwrap();
        assert_eq!((progress.exercises["ex1"].points, damage), (10, None));
    }

    #[test]
    fn the_best_sizes_stay_and_so_does_the_first_day() {
        let mut entry = Entry::default();
        let saved = |before, after| [Saved { before, after }].into_iter();
        entry.pass("2026-03-01".to_owned(), "1.95.0", saved(1000, 700));
        entry.pass("2026-03-02".to_owned(), "1.96.0", saved(1000, 800));
        let passed = entry.passed.clone().unwrap();
        assert_eq!((passed.on.as_str(), passed.saved), ("2026-03-01", Some(Saved { before: 1000, after: 700 })));
        entry.pass(
            "2026-03-03".to_owned(),
            "1.96.0",
            [Saved { before: 500, after: 300 }, Saved { before: 9, after: 8 }].into_iter(),
        );
        assert_eq!(entry.passed.unwrap().saved, Some(Saved { before: 500, after: 300 }));
    }

    #[test]
    fn records_of_an_older_workshop_are_read() {
        let root = tempfile::tempdir().unwrap();
        let old = br#"{"version":1,"exercises":{"ex1":{"state":"done","points":10,"sizes":{"after":{"bytes":7,"sections":[]}}}}}"#;
        tree::write_atomic(&folder(root.path()).join("progress.json"), old).unwrap();
        let (progress, damage) = load(root.path()).unwrap();
        assert!(progress.is_done("ex1") && damage.is_none() && progress.exercises["ex1"].passed.is_none());
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_said() {
        let root = tempfile::tempdir().unwrap();
        let file = folder(root.path()).join("progress.json");
        for _ in 0..2 {
            tree::write_atomic(&file, b"{\"version\":1,\"exer").unwrap();
            let damage = update(root.path(), |_| {}).unwrap().unwrap();
            assert!(damage.contains("set aside"), "{damage}");
        }
        assert_eq!(fs::read(file.with_file_name("progress.damaged-2.json")).unwrap(), b"{\"version\":1,\"exer");
        assert!(load(root.path()).unwrap().1.is_none());
    }

    #[test]
    fn a_newer_file_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let file = folder(root.path()).join("progress.json");
        tree::write_atomic(&file, b"{\"version\":2,\"more\":[]}").unwrap();
        let error = update(root.path(), |_| {}).unwrap_err();
        assert!(error.to_string().contains("newer workshop"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"{\"version\":2,\"more\":[]}");
    }
}
