//! What a learner has reached: `.workshop/progress.json`. Written whole, under a lock; a damaged file is set aside, never
//! silently replaced.

use crate::exercise::Exercise;
use crate::kept::{self, Kept};
use crate::machine;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use weigh::measure::binary::Section;

/// The version of the file that this program writes.
///
/// 1: state and points were from the last check. 2: they are the best so far, and `last` is the last check.
const VERSION: u32 = 2;

/// Everything in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The version of this format.
    version: u32,
    /// Each exercise that was checked or asked about, by its name.
    pub exercises: BTreeMap<String, Entry>,
}

/// A learner's progress on one exercise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// Its state. An exercise that is done stays done, even after a reset.
    pub state: State,
    /// The most points of any check.
    pub points: u32,
    /// The last check; none before the first, and after a reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last: Option<Last>,
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
    pub(crate) passed: Option<Passed>,
}

/// What the last check found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// Whether every goal was met.
    pub(crate) passed: bool,
    /// Its points.
    pub(crate) points: u32,
}

/// When an exercise was done, and what it has saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Passed {
    /// The day, in UTC, such as `2026-03-01`.
    pub(crate) on: String,
    /// The release of rustc.
    pub(crate) toolchain: String,
    /// The best sizes so far; none where no goal is about the size of a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) saved: Option<Saved>,
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
    /// Whether the other one is a smaller share of the original size.
    fn is_beaten_by(self, other: Self) -> bool {
        u128::from(other.after) * u128::from(self.before) < u128::from(self.after) * u128::from(other.before)
    }
}

impl Entry {
    /// Records what a check found. A failed check takes nothing away.
    pub fn checked(&mut self, passed: bool, points: u32) {
        self.last = Some(Last { passed, points });
        // The exercise's points may have been distributed differently since it was done.
        self.points = if passed { points } else { self.points.max(points) };
        if self.state != State::Done {
            self.state = if passed { State::Done } else { State::Started };
        }
    }

    /// Forgets what the last check found, because its files are gone. What was reached stays: the state and the most points.
    pub fn begin_again(&mut self) {
        self.last = None;
        (self.codes, self.files) = Default::default();
        (self.hints, self.sizes) = Default::default();
    }

    /// The points of the last check, if the exercise is done and that check failed.
    pub(crate) fn failed_since(&self) -> Option<u32> {
        self.last.filter(|last| self.state == State::Done && !last.passed).map(|last| last.points)
    }

    /// Whether the last check passed.
    pub fn passed_last(&self) -> bool {
        self.state == State::Done && self.failed_since().is_none()
    }

    /// From version 1, in which a failed check took "done" away; so did a reset, but that left it at "todo".
    fn migrate_from_1(&mut self) {
        if self.state != State::Todo {
            self.last = Some(Last { passed: self.state == State::Done, points: self.points });
        }
        if self.state == State::Started && self.passed.is_some() {
            self.state = State::Done;
        }
    }

    /// Records that every goal is met. It keeps the first day and the best sizes.
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

/// An exercise's state.
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
    pub(crate) fn name(self) -> &'static str {
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

    /// What is better done before an exercise, and isn't done yet.
    pub(crate) fn missing<'a>(&self, exercise: &'a Exercise) -> Vec<&'a str> {
        exercise.after().filter(|id| !self.is_done(id)).collect()
    }

    /// The exercise to do next: the first open one in the recommended order for which nothing is missing. A learner who leaves
    /// an exercise (`current`) that isn't done gets one that comes after it; exercises before it come last.
    pub fn next<'a>(&self, all: &'a [Exercise], current: Option<&str>) -> Option<&'a Exercise> {
        let mut order = recommended(all);
        let left = current.filter(|id| !self.is_done(id));
        if let Some(at) = order.iter().position(|exercise| Some(exercise.id.as_str()) == left) {
            order.rotate_left(at + 1);
        }
        order.retain(|exercise| !self.is_done(&exercise.id) && Some(exercise.id.as_str()) != current);
        // An exercise that this machine lacks something for is for a different machine.
        order.retain(|exercise| machine::lack(exercise).is_none());
        order.iter().find(|exercise| self.missing(exercise).is_empty()).or(order.first()).copied()
    }
}

/// The exercises in the order in which they are recommended: easier ones first, each after those that it builds on.
fn recommended(all: &[Exercise]) -> Vec<&Exercise> {
    let mut left: Vec<&Exercise> = all.iter().collect();
    let mut order: Vec<&Exercise> = Vec::new();
    while !left.is_empty() {
        let is_ready = |exercise: &Exercise| exercise.after().all(|id| order.iter().any(|placed| placed.id == id));
        // Of equal levels the first one is taken. None is ready only in a course with a cycle, which is refused elsewhere.
        let ready = left.iter().enumerate().filter(|(_, exercise)| is_ready(exercise));
        let at = ready.min_by_key(|(_, exercise)| exercise.data.level).map_or(0, |(at, _)| at);
        order.push(left.remove(at));
    }
    order
}

/// The folder for what belongs only to the learner.
pub fn folder(root: &Path) -> PathBuf {
    kept::folder(root)
}

impl Kept for Progress {
    const STEM: &'static str = "progress";
    const VERSION: u32 = VERSION;

    fn migrate(&mut self) {
        if self.version == 1 {
            self.exercises.values_mut().for_each(Entry::migrate_from_1);
            self.version = VERSION;
        }
    }

    fn damaged(error: &str, aside: &str) -> String {
        format!(
            "your progress file was damaged ({error}), so it was renamed to {aside}, and your progress starts over. Your exercises are untouched: to mark the finished ones as done again, run `cargo xtask check --all`"
        )
    }
}

/// Reads the file. Where there is none, nothing has been done yet. The second value is what was wrong with it.
///
/// # Errors
/// When the file is there and cannot be read, or was written by a newer version of the workshop.
pub fn load(root: &Path) -> Result<(Progress, Option<String>)> {
    kept::load(root)
}

/// Changes the file. Two calls at once wait for each other.
///
/// # Errors
/// When it cannot be written.
pub fn update(root: &Path, change: impl FnOnce(&mut Progress)) -> Result<Option<String>> {
    kept::update(root, change)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::files;
    use std::fs;

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
        let old = br#"{"version":1,"exercises":{
            "ex1":{"state":"done","points":10,"sizes":{"after":{"bytes":7,"sections":[]}}},
            "ex2":{"state":"started","points":4,"passed":{"on":"2026-03-01","toolchain":"1.95.0"}},
            "ex3":{"state":"started","points":4},
            "ex4":{"state":"todo","points":0,"passed":{"on":"2026-03-01","toolchain":"1.95.0"}}}}"#;
        files::write_atomic(&folder(root.path()).join("progress.json"), old).unwrap();
        let (progress, damage) = load(root.path()).unwrap();
        assert!(progress.is_done("ex1") && damage.is_none() && progress.exercises["ex1"].passed.is_none());
        assert!(progress.exercises["ex1"].passed_last());
        // It was passed once, and a failed check took that away; a reset of the learner's own did not.
        assert!(progress.is_done("ex2") && progress.exercises["ex2"].failed_since() == Some(4));
        assert_eq!((progress.exercises["ex3"].state, progress.exercises["ex4"].state), (State::Started, State::Todo));
        update(root.path(), |_| {}).unwrap();
        update(root.path(), |progress| progress.exercises.get_mut("ex3").unwrap().checked(true, 10)).unwrap();
        let written = fs::read_to_string(folder(root.path()).join("progress.json")).unwrap();
        assert!(written.contains("\"version\": 2"), "{written}");
        assert!(load(root.path()).unwrap().0.exercises["ex2"].failed_since() == Some(4), "{written}");
    }

    #[test]
    fn a_check_that_fails_takes_nothing_away() {
        let mut entry = Entry::default();
        assert!(!entry.passed_last());
        entry.checked(false, 6);
        entry.checked(false, 2);
        assert_eq!((entry.state, entry.points, entry.failed_since()), (State::Started, 6, None));
        entry.checked(true, 10);
        assert!(entry.passed_last());
        entry.checked(false, 4);
        assert_eq!((entry.state, entry.points, entry.failed_since()), (State::Done, 10, Some(4)));
        assert!(!entry.passed_last());
        entry.checked(true, 10);
        assert_eq!((entry.state, entry.failed_since()), (State::Done, None));
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_said() {
        let root = tempfile::tempdir().unwrap();
        let file = folder(root.path()).join("progress.json");
        for _ in 0..2 {
            files::write_atomic(&file, b"{\"version\":1,\"exer").unwrap();
            let damage = update(root.path(), |_| {}).unwrap().unwrap();
            assert!(damage.contains("was renamed to"), "{damage}");
        }
        assert_eq!(fs::read(file.with_file_name("progress.damaged-2.json")).unwrap(), b"{\"version\":1,\"exer");
        assert!(load(root.path()).unwrap().1.is_none());
    }

    #[test]
    fn a_newer_file_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let file = folder(root.path()).join("progress.json");
        files::write_atomic(&file, b"{\"version\":3,\"more\":[]}").unwrap();
        let error = update(root.path(), |_| {}).unwrap_err();
        assert!(error.to_string().contains("newer workshop"), "{error}");
        assert_eq!(fs::read(&file).unwrap(), b"{\"version\":3,\"more\":[]}");
    }
}
