//! Approaches: different ways to solve an exercise, written as data next to the course's solution, built and judged like a
//! learner's work. Learners who have solved an exercise see what each way saves and what it gives up, measured on their own
//! machine.

use crate::check::{Data, Judgement, Verdict};
use crate::checking::{self, Trial, Voice};
use crate::edits::{Before, Edit, Files, changed};
use crate::evidence::{Evidence, Whose, solution_files, starter_files};
use crate::exercise::{Check, Exercise};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::{self, shown};
use base::failure::{Exit, Failure};
use serde::Deserialize;
use std::fs;
use std::path::Path;

/// The file, next to the solved ones.
pub const FILE: &str = "approaches.toml";

/// The folder that approaches are built in. They share its compiled dependencies.
const FOLDER: &str = "approach";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Approaches {
    approach: Vec<Approach>,
}

/// A different way to solve an exercise, or one that looks like it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approach {
    /// Its name, in a few words.
    pub name: String,
    /// What it gives up, or why it isn't enough: a sentence.
    pub what: String,
    /// What is changed.
    #[serde(default)]
    before: Before,
    edit: Vec<Edit>,
    /// The goal that it doesn't meet; none if it solves the exercise.
    pub misses: Option<String>,
}

impl Approach {
    /// Its files.
    ///
    /// # Errors
    /// When an edit doesn't find what it replaces.
    pub fn files(&self, exercise: &Exercise) -> Result<Files> {
        let before = match self.before {
            Before::Starter => starter_files(exercise)?,
            Before::Solution => solution_files(exercise)?,
        };
        changed(&before, &self.edit).map_err(|why| {
            let file = exercise.solution.join(FILE);
            Failure::new(Exit::Usage, format!("{}: {:?}: {why}", shown(&file).display(), self.name)).into()
        })
    }
}

/// An exercise's approaches; most have none.
///
/// # Errors
/// When the file is malformed.
pub fn of(exercise: &Exercise) -> Result<Vec<Approach>> {
    let file = exercise.solution.join(FILE);
    if !file.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    let Approaches { approach } =
        toml::from_str(&text).map_err(|error| diagnostic::toml_error(&file, &text, &error))?;
    for one in &approach {
        let is_goal = |goal: &String| exercise.data.goal.iter().any(|other| other.id.get_ref() == goal);
        if let Some(goal) = one.misses.as_ref().filter(|goal| !is_goal(goal)) {
            bail!(Failure::new(
                Exit::Usage,
                format!(
                    "{}: {:?} misses the goal `{goal}`, and there is no goal with this name",
                    shown(&file).display(),
                    one.name
                )
            ));
        }
    }
    Ok(approach)
}

/// What was measured of one way to solve an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Measured {
    /// What it is called.
    pub name: String,
    /// What it gives up.
    pub what: String,
    /// Bytes of the file that the exercise is about; none if it could not be built.
    pub bytes: Option<u64>,
    /// The instructions of the program and of what it is compared with, where a goal counts them.
    pub work: Option<(u64, u64)>,
    /// The goals that it doesn't meet.
    pub missed: Vec<String>,
}

/// Builds and judges some files of an exercise, and measures what the exercise is about.
///
/// # Errors
/// When the environment or the course fails.
pub fn measured(root: &Path, exercise: &Exercise, name: &str, what: &str, whose: &Whose) -> Result<Measured> {
    let Trial { judgement, evidence } = checking::run(root, exercise, whose, Voice::Silent)?;
    Ok(of_trial(exercise, name, what, &judgement, evidence.as_ref()))
}

/// The same for an approach.
///
/// # Errors
/// When the environment or the course fails.
pub fn tried(root: &Path, exercise: &Exercise, approach: &Approach) -> Result<Measured> {
    let whose = Whose::Other(FOLDER.to_owned(), approach.files(exercise)?);
    measured(root, exercise, &approach.name, &approach.what, &whose)
}

fn of_trial(
    exercise: &Exercise,
    name: &str,
    what: &str,
    judgement: &Judgement,
    evidence: Option<&Evidence>,
) -> Measured {
    let build = exercise.data.goal.iter().find_map(|goal| match &goal.check {
        Check::Size(size) => Some(size.build.get_ref()),
        _ => None,
    });
    let missed = judgement.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
    Measured {
        name: name.to_owned(),
        what: what.to_owned(),
        bytes: build.and_then(|build| Some(evidence?.built(build)?.bytes)),
        work: judgement.outcomes.iter().find_map(|outcome| match &outcome.data {
            Data::Speed(speed) => speed.instructions(),
            _ => None,
        }),
        missed: missed.map(|outcome| outcome.id.clone()).collect(),
    }
}
