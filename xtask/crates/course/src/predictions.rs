//! What a learner has guessed: `.workshop/predictions.json`. As with the progress, it is written whole, under a lock, and a damaged
//! file is set aside. A guess is closed once there is a measurement for it: after that it wouldn't be one.
//!
//! A copy of an exercise's guesses is in its folder, as `guesses.toml`: that is what a class hands in. It contains nothing
//! else.

use crate::check::{Judgement, Verdict};
use crate::evidence::Evidence;
use crate::exercise::questions::{Measure, Question, Value};
use crate::exercise::{Exercise, Tree};
use crate::kept::{self, Kept};
use anyhow::Result;
use base::files;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The version of the file that this program writes.
const VERSION: u32 = 1;

/// The copy of the guesses in an exercise's folder.
pub const HANDED_IN: &str = "guesses.toml";

/// The largest copy, in bytes. Ours are a tenth of that.
pub const LARGEST: usize = 8 << 10;

/// Everything in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Predictions {
    /// The version of this format.
    version: u32,
    /// Each exercise that has asked, by its name.
    pub exercises: BTreeMap<String, Asked>,
}

/// What an exercise has asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// A check has asked once. It doesn't ask again; `predict` does.
    pub offered: bool,
    /// The guesses, by the question's name.
    pub guesses: BTreeMap<String, Guess>,
    /// The questions that a check has answered before there was a guess.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub shown: BTreeSet<String>,
}

/// A guess.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Guess {
    /// What was guessed.
    pub guess: Value,
    /// What the first measurement after it found. With that, the guess is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Value>,
}

impl Default for Predictions {
    fn default() -> Self {
        Self { version: VERSION, exercises: BTreeMap::new() }
    }
}

/// A question with its guess, for a receipt.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// The question's name.
    pub name: String,
    /// The question.
    pub ask: String,
    /// What it is about, in a few words.
    pub about: String,
    /// The page that explains the result.
    pub page: String,
    /// The guess.
    pub guess: Value,
    /// What was measured, once it was.
    pub measured: Option<Value>,
    /// It was measured in this check.
    pub is_new: bool,
}

impl Predicted {
    /// Whether the guess is close; none until something is measured.
    pub fn is_close(&self) -> Option<bool> {
        Some(self.guess.is_close(self.measured?))
    }
}

impl Predictions {
    /// The guess for a question, if there is one and it still answers what the exercise asks.
    pub fn guess(&self, id: &str, question: &Question) -> Option<Guess> {
        let found = self.exercises.get(id)?.guesses.get(question.name.get_ref())?;
        let fits = |value| question.measure.fits(value);
        (fits(found.guess) && found.measured.is_none_or(fits)).then_some(*found)
    }

    /// Whether a check has answered a question before there was a guess, so that there can't be one anymore.
    pub fn is_shown(&self, id: &str, question: &Question) -> bool {
        let asked = self.exercises.get(id);
        self.guess(id, question).is_none() && asked.is_some_and(|asked| asked.shown.contains(question.name.get_ref()))
    }

    /// Whether a guess can still be made or changed.
    pub fn is_open(&self, id: &str, question: &Question) -> bool {
        self.guess(id, question).map_or(!self.is_shown(id, question), |guess| guess.measured.is_none())
    }

    /// How many guesses were close, and how many were measured.
    pub fn calibration(&self) -> (usize, usize) {
        let all = self.exercises.values().flat_map(|asked| asked.guesses.values());
        let measured: Vec<bool> = all.filter_map(|guess| Some(guess.guess.is_close(guess.measured?))).collect();
        (measured.iter().filter(|is_close| **is_close).count(), measured.len())
    }

    /// The exercise's questions that have a guess.
    pub fn of(&self, exercise: &Exercise) -> Vec<Predicted> {
        let predicted = |question: &Question| {
            let Guess { guess, measured } = self.guess(&exercise.id, question)?;
            Some(Predicted {
                name: question.name.get_ref().clone(),
                ask: question.ask.clone(),
                about: question.about.clone(),
                page: question.page.get_ref().clone(),
                guess,
                measured,
                is_new: false,
            })
        };
        exercise.data.predict.iter().filter_map(predicted).collect()
    }

    /// The course's own builds that open guesses need.
    pub fn builds(&self, exercise: &Exercise) -> BTreeSet<String> {
        let is_open =
            |question: &&Question| self.guess(&exercise.id, question).is_some_and(|guess| guess.measured.is_none());
        let open = exercise.data.predict.iter().filter(is_open).flat_map(|question| question.measure.builds());
        let of_the_course = open.filter(|build| exercise.build(build.get_ref()).tree == Tree::Starter);
        of_the_course.map(|build| build.get_ref().clone()).collect()
    }
}

/// What these builds measure, by the question's name. The learner's own build counts once its goals are met.
pub fn measured(exercise: &Exercise, judgement: Option<&Judgement>, evidence: &[&Evidence]) -> BTreeMap<String, Value> {
    let is_met = |goal: &str| {
        let outcomes = judgement.iter().flat_map(|judgement| &judgement.outcomes);
        outcomes.into_iter().any(|outcome| outcome.id == goal && outcome.verdict == Verdict::Pass)
    };
    let built = |name: &str| evidence.iter().find_map(|evidence| evidence.built(name));
    let counts = |question: &&Question| question.when_met.iter().all(|goal| is_met(goal.get_ref()));
    let questions = exercise.data.predict.iter().filter(counts);
    questions
        .filter_map(|question| Some((question.name.get_ref().clone(), question.measure.measured(built)?)))
        .collect()
}

impl Kept for Predictions {
    const STEM: &'static str = "predictions";
    const VERSION: u32 = VERSION;

    fn damaged(error: &str, aside: &str) -> String {
        format!(
            "the file with your guesses was damaged ({error}), so it was renamed to {aside}, and your guesses start over. Your points and progress aren't affected"
        )
    }
}

/// Reads the file. Where there is none, nothing was guessed yet. The second value is what was wrong with it.
///
/// # Errors
/// When the file is there and cannot be read, or was written by a newer version of the workshop.
pub fn load(root: &Path) -> Result<(Predictions, Option<String>)> {
    kept::load(root)
}

/// Changes the file. Two calls at once wait for each other.
///
/// # Errors
/// When it cannot be written.
pub fn update(root: &Path, change: impl FnOnce(&mut Predictions)) -> Result<Option<String>> {
    kept::update(root, change)
}

/// Keeps a guess, and the copy that can be handed in. False if there is a measurement already: then it is closed.
///
/// # Errors
/// When it cannot be written.
pub fn keep(root: &Path, exercise: &Exercise, question: &Question, guess: Value) -> Result<(bool, Option<String>)> {
    let (mut is_kept, mut copy) = (false, String::new());
    let damage = update(root, |predictions| {
        is_kept = predictions.is_open(&exercise.id, question);
        if is_kept {
            let asked = predictions.exercises.entry(exercise.id.clone()).or_default();
            asked.guesses.insert(question.name.get_ref().clone(), Guess { guess, measured: None });
        }
        copy = handed_in(exercise, predictions);
    })?;
    if is_kept {
        files::write_atomic(&exercise.folder.join(HANDED_IN), copy.as_bytes())?;
    }
    Ok((is_kept, damage))
}

/// The text of the copy.
fn handed_in(exercise: &Exercise, predictions: &Predictions) -> String {
    let mut text = format!(
        "# Your guesses for {}, written by `cargo xtask predict`. No points depend on them. If you hand this file in, your\n\
         # class sees the distribution of guesses, without names. You may delete it.\n",
        exercise.id
    );
    for Predicted { name, guess, .. } in predictions.of(exercise) {
        let _ = writeln!(text, "{name} = \"{guess}\"");
    }
    text
}

/// The forms of guesses in an exercise, used to read a copy that was handed in.
#[derive(Clone, Debug, Default)]
pub struct Forms(Vec<(String, Measure)>);

impl Forms {
    /// The forms of an exercise's guesses.
    pub fn of(exercise: &Exercise) -> Self {
        let form = |question: &Question| (question.name.get_ref().clone(), question.measure.clone());
        Self(exercise.data.predict.iter().map(form).collect())
    }

    /// Whether the exercise has no questions.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The guesses in a copy, which is untrusted: only answers to the exercise's questions are read.
    pub fn read(&self, content: &[u8]) -> BTreeMap<String, Value> {
        let text = std::str::from_utf8(content).ok().filter(|text| text.len() <= LARGEST);
        let table: toml::Table = text.and_then(|text| text.parse().ok()).unwrap_or_default();
        let read = |(name, measure): &(String, Measure)| {
            let value = match table.get(name)? {
                toml::Value::String(text) => measure.read(text),
                toml::Value::Integer(number) => measure.read(&number.to_string()),
                toml::Value::Float(number) => measure.read(&number.to_string()),
                _ => None,
            };
            Some((name.clone(), value?))
        };
        self.0.iter().filter_map(read).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::exercise::tests::{GOOD, literal};
    use std::fs;

    /// Questions for the exercise of other tests.
    pub(crate) const QUESTIONS: &str = r#"
[build.lto]
tree = "starter"
profile = "release"
set.lto = true

[[predict]]
name = "lto"
ask = "How much smaller is the file with LTO alone?"
about = "LTO alone"
page = "docs/src/lto.md"
measure.saved-percent = { build = "lto", against = "before" }

[[predict]]
name = "own"
ask = "How many bytes will your change save?"
about = "your change"
page = "docs/src/profile.md"
when-met = ["size"]
measure.saved-bytes = { build = "after", against = "before" }
"#;

    fn exercise() -> Exercise {
        literal(&format!("{GOOD}{QUESTIONS}"))
    }

    #[test]
    fn a_guess_is_kept_until_it_is_measured() {
        let root = tempfile::tempdir().unwrap();
        let exercise = Exercise { folder: root.path().join("exercises/ex1"), ..exercise() };
        let question = exercise.question("lto").unwrap();
        let keep = |percent| keep(root.path(), &exercise, question, Value::SavedPercent(percent)).unwrap().0;
        assert!(keep(20.0) && keep(30.0));
        let (predictions, _) = load(root.path()).unwrap();
        assert_eq!(predictions.builds(&exercise).into_iter().collect::<Vec<_>>(), ["before", "lto"]);
        update(root.path(), |predictions| {
            let asked = predictions.exercises.get_mut("ex1").unwrap();
            asked.guesses.get_mut("lto").unwrap().measured = Some(Value::SavedPercent(29.0));
        })
        .unwrap();
        assert!(!keep(29.0), "closed");
        let (predictions, damage) = load(root.path()).unwrap();
        assert_eq!(predictions.of(&exercise)[0].guess, Value::SavedPercent(30.0));
        assert_eq!((predictions.calibration(), damage), ((1, 1), None));
        assert!(predictions.builds(&exercise).is_empty());
        let copy = fs::read(exercise.folder.join(HANDED_IN)).unwrap();
        assert_eq!(Forms::of(&exercise).read(&copy), BTreeMap::from([("lto".to_owned(), Value::SavedPercent(30.0))]));
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_a_newer_one_is_not_touched() {
        let root = tempfile::tempdir().unwrap();
        let file = kept::folder(root.path()).join("predictions.json");
        files::write_atomic(&file, b"{\"version\":1,\"exer").unwrap();
        let damage = load(root.path()).unwrap().1.unwrap();
        assert!(damage.contains("predictions.damaged-1.json"), "{damage}");
        assert_eq!(fs::read(file.with_file_name("predictions.damaged-1.json")).unwrap(), b"{\"version\":1,\"exer");
        files::write_atomic(&file, b"{\"version\":2}").unwrap();
        assert!(update(root.path(), |_| {}).unwrap_err().to_string().contains("newer workshop"));
    }

    #[test]
    fn of_what_was_handed_in_only_answers_are_taken() {
        let exercise = exercise();
        let read = |text: &str| Forms::of(&exercise).read(text.as_bytes());
        assert_eq!(read("lto = 20\nown = \"350k\"\nother = \"x\"").len(), 2);
        for text in [
            "lto = \"<script>\"",
            "lto = 1000",
            "lto = [20]",
            "lto = nan",
            "lto = inf",
            "lto = \"20\"\nlto = \"30\"",
            "not toml",
            "lto = \"1e400\"",
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
        assert!(Forms::of(&exercise).read(b"\xff\xfe").is_empty());
        assert!(read(&format!("lto = 20\n{}", "#".repeat(LARGEST))).is_empty(), "too large");
    }

    #[test]
    fn a_guess_of_another_kind_is_none() {
        let exercise = exercise();
        let kept = Guess { guess: Value::Bytes(7), measured: None };
        let asked = Asked { offered: true, guesses: BTreeMap::from([("lto".to_owned(), kept)]), ..Asked::default() };
        let predictions = Predictions { exercises: BTreeMap::from([("ex1".to_owned(), asked)]), ..Default::default() };
        assert!(predictions.of(&exercise).is_empty());
    }
}
