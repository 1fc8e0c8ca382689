//! Shortcuts: what the goals of an exercise would let through if they looked less closely, written down as data next to
//! the solution. Each is tried for real, and must be caught by what it names: a goal in a learner's own check, a goal
//! with the inputs that only grading has, or, where no goal can see it, a flag for the person who grades.

use super::prove::MUTANT;
use anyhow::{Context as _, Result};
use base::diagnostic::{self, shown};
use base::files;
use base::output;
use base::store;
use course::check::{Judgement, Verdict};
use course::checking::{self, Trial, Voice};
use course::diagnostic::Code;
use course::edits::{Before, Edit, changed};
use course::evidence::{self, Grading, Whose};
use course::exercise::{self, Check, Exercise, Goal, Tree};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The file, next to the solved ones.
pub(super) const FILE: &str = "shortcuts.toml";

/// Hidden inputs that can be repeated.
const HIDDEN: &str = "shortcuts";

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shortcuts {
    /// Settings for building a shortcut that an output goal catches: only its behavior matters, and most of the
    /// compiler's time goes to size.
    #[serde(default)]
    quick: BTreeMap<String, toml::Value>,
    shortcut: Vec<Shortcut>,
}

/// Files of a learner who wants points without the work.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Shortcut {
    /// What they do, in a few words.
    what: String,
    /// What they begin with.
    #[serde(default)]
    before: Before,
    edit: Vec<Edit>,
    caught: Caught,
}

/// What must notice it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Caught {
    /// This goal, in a learner's own check.
    Check(String),
    /// This goal, only when it is graded.
    Grade(String),
    /// The person who grades, by a flag with these words.
    Review(String),
}

/// All problems, one sentence each.
///
/// # Errors
/// When the environment fails.
pub(super) fn problems(
    root: &Path,
    exercise: &Exercise,
    starter: &[(String, Vec<u8>)],
    solution: &[(String, Vec<u8>)],
) -> Result<Vec<String>> {
    let id = &exercise.id;
    let file = exercise.solution.join(FILE);
    let Shortcuts { quick, shortcut } = read(&file)?;
    let quick = quick_exercise(root, exercise, &quick)?;
    let mut found = Vec::new();
    for (index, shortcut) in shortcut.iter().enumerate() {
        let place = format!("{id}: {}: the shortcut \"{}\"", shown(&file).display(), shortcut.what);
        let before = match shortcut.before {
            Before::Starter => starter,
            Before::Solution => solution,
        };
        match changed(before, &shortcut.edit) {
            Err(why) => found.push(format!("{place}: {why}")),
            Ok(files) => {
                let is_quick = |goal: &Goal| matches!(&shortcut.caught, Caught::Check(id) if id == goal.id.get_ref());
                let quick = quick.as_ref().filter(|quick| quick.data.goal.iter().any(is_quick));
                let why = try_once(root, quick.unwrap_or(exercise), index, shortcut, files)?;
                found.extend(why.map(|why| format!("{place}: {why}")));
            }
        }
    }
    if !shortcut.is_empty() {
        output::message(&format!("{id}: {} shortcuts tried", shortcut.len()));
    }
    Ok(found)
}

/// The shortcuts of a file; none if it isn't there.
fn read(file: &Path) -> Result<Shortcuts> {
    if !file.exists() {
        return Ok(Shortcuts::default());
    }
    let text = fs::read_to_string(file).with_context(|| format!("can't read {}", file.display()))?;
    toml::from_str(&text).map_err(|error| diagnostic::toml_error(file, &text, &error).into())
}

/// The same exercise for shortcuts that only change behavior, if they name settings for that: a shortcut that fails
/// there fails everywhere.
///
/// # Errors
/// When a file of the course is malformed.
pub(super) fn quick(root: &Path, exercise: &Exercise) -> Result<Option<Exercise>> {
    quick_exercise(root, exercise, &read(&exercise.solution.join(FILE))?.quick)
}

/// The same exercise with only its output goals, and with different settings for what they judge.
fn quick_exercise(root: &Path, exercise: &Exercise, set: &BTreeMap<String, toml::Value>) -> Result<Option<Exercise>> {
    if set.is_empty() {
        return Ok(None);
    }
    let mut quick = exercise::load(root, &exercise.id)?;
    let is_output = |goal: &Goal| matches!(&goal.check, Check::Output(_));
    quick.data.goal.retain(is_output);
    quick.data.goal.iter_mut().for_each(|goal| goal.needs.clear());
    let judged = quick.data.build.values_mut().filter(|build| build.tree == Tree::Learner);
    judged.for_each(|build| build.set.extend(set.clone()));
    Ok(Some(quick))
}

/// Tries a shortcut, unless the same one was tried before on the same exercise. What is wrong with it, if anything is.
fn try_once(
    root: &Path,
    exercise: &Exercise,
    index: usize,
    shortcut: &Shortcut,
    files: Vec<(String, Vec<u8>)>,
) -> Result<Option<String>> {
    let key = key(exercise, &format!("{:?} {:?} {files:?}", shortcut.caught, exercise.data.build))?;
    let known = folder(root, exercise).join(format!("shortcut-{index}.json"));
    if store::load::<bool>(&known, &key) == Some(true) {
        return Ok(None);
    }
    let why = escapes(root, exercise, &shortcut.caught, files)?;
    if why.is_none() {
        store::save(&known, &key, &true)?;
    }
    Ok(why)
}

/// Why a shortcut isn't caught by what it names; `None` if it is.
fn escapes(root: &Path, exercise: &Exercise, caught: &Caught, files: Vec<(String, Vec<u8>)>) -> Result<Option<String>> {
    let whose = Whose::Other(MUTANT.to_owned(), files.clone());
    let Trial { judgement, .. } = checking::run(root, exercise, &whose, Voice::Silent)?;
    if let Some(problem) = judgement.all_diagnostics().find(|problem| problem.code == Code::BuildFailed) {
        return Ok(Some(format!("it isn't a shortcut, because it doesn't build: {}", problem.message)));
    }
    let passes = judgement.verdict() == Verdict::Pass;
    match caught {
        Caught::Check(goal) => Ok(not_failed(&judgement, goal)),
        Caught::Grade(_) | Caught::Review(_) if !passes => {
            Ok(Some(format!("a learner's own check notices it already: {}", codes(&judgement))))
        }
        Caught::Grade(goal) => Ok(not_failed(&graded(root, exercise, files, HIDDEN)?.judgement, goal)),
        Caught::Review(words) => {
            let Trial { judgement, evidence } = graded(root, exercise, files, HIDDEN)?;
            if judgement.verdict() != Verdict::Pass {
                return Ok(Some(format!("a goal already catches it during grading: {}", codes(&judgement))));
            }
            let flags = evidence.map(|evidence| evidence.unusual(exercise)).unwrap_or_default();
            let has = flags.iter().any(|flag| flag.contains(words.as_str()));
            Ok((!has).then(|| format!("it passes, and no flag says \"{words}\"; there are {flags:?}")))
        }
    }
}

fn codes(judgement: &Judgement) -> String {
    let failed = judgement.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
    failed.map(|outcome| outcome.id.as_str()).collect::<Vec<_>>().join(", ")
}

fn not_failed(judgement: &Judgement, goal: &str) -> Option<String> {
    let failed = judgement.outcomes.iter().any(|outcome| outcome.id == goal && outcome.verdict == Verdict::Fail);
    (!failed).then(|| format!("the goal `{goal}` doesn't notice it; these fail: [{}]", codes(judgement)))
}

/// Whether the solution passes with inputs that only grading has: if not, the fault isn't a shortcut, but a program
/// whose answer to some input is left open, or an input that the course's own program doesn't answer the same way
/// twice.
///
/// # Errors
/// When the environment fails.
pub(super) fn hidden_problems(root: &Path, exercise: &Exercise, solution: &[(String, Vec<u8>)]) -> Result<Vec<String>> {
    let has_interface = |goal: &Goal| matches!(&goal.check, Check::Output(output) if output.interface.is_some());
    if !exercise.data.goal.iter().any(has_interface) {
        return Ok(Vec::new());
    }
    let known = folder(root, exercise).join("hidden-inputs.json");
    let key = key(exercise, &format!("{solution:?}"))?;
    let mut found = Vec::new();
    if store::load::<bool>(&known, &key) != Some(true) {
        for hidden in ["first", "second", "third"] {
            let Trial { judgement, .. } = graded(root, exercise, solution.to_vec(), hidden)?;
            found.extend(judgement.all_diagnostics().map(|problem| {
                let help = problem.help.as_deref().unwrap_or_default();
                format!("{}: the solution fails when it is graded: {}\n{help}", exercise.id, problem.message)
            }));
        }
        if found.is_empty() {
            store::save(&known, &key, &true)?;
        }
    }
    Ok(found)
}

/// Where everything that isn't a learner's is built.
fn folder(root: &Path, exercise: &Exercise) -> PathBuf {
    evidence::target_folder(root).join("check").join(&exercise.id)
}

/// A digest of an exercise, its files, the compiler, and something else.
fn key(exercise: &Exercise, more: &str) -> Result<String> {
    let toolchain = evidence::toolchain(exercise)?;
    let data = files::content(&exercise.folder.join("exercise.toml")).unwrap_or_default();
    let starter = evidence::starter_files(exercise)?;
    let rest = format!("{toolchain:?} {starter:?} {:?} {more}", exercise.data.pristine);
    Ok(store::key(&[rest.as_bytes(), &data]))
}

/// Grading's verdict, but without sandboxes: what is tried here is the course's own.
fn graded(root: &Path, exercise: &Exercise, files: Vec<(String, Vec<u8>)>, hidden: &str) -> Result<Trial> {
    let base = folder(root, exercise);
    let (common, hidden) = (base.clone(), hidden.to_owned());
    checking::grade(root, exercise, files, &Grading { base, boxes: None, hidden, warm: None, common, is_repeat: false })
}
