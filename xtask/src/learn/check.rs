//! `cargo xtask check`: reports at once what the files alone show, then builds, runs, measures, judges.

use super::predict;
use anyhow::{Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::output;
use course::check::data::{Part, Size};
use course::check::{Data, Judgement, Verdict};
use course::checking::{self, Trial, Voice};
use course::evidence::{self, Attempt, Evidence, Whose};
use course::exercise::{self, Exercise};
use course::machine;
use course::predictions::{self, Predicted};
use course::progress::{self, Saved, Sizes};
use course::report::learner;
use course::report::receipt::{self, Checked};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Runs `cargo xtask check`.
///
/// # Errors
/// When the environment or the course fails; a goal that isn't met is an exit code.
pub(crate) fn run(options: &commands::Check) -> Result<Exit> {
    let commands::Check { exercises, all, solution, no_predict, format } = options;
    let root = super::root()?;
    let chosen = if *all { exercise::all(&root)? } else { named(&root, exercises)? };
    let several = chosen.len() > 1;
    let json = *format == weigh::options::PlainFormat::Json;
    let mut done = Vec::new();
    for exercise in chosen {
        if let Some(lack) = machine::lack(&exercise) {
            if !several {
                bail!(lack.failure(&exercise, "checked"));
            }
            let checked = Checked::skipped(exercise, lack);
            if !json {
                output::data(&format!("{}\n", receipt::text(&checked, output::width(), console::colors_enabled())))?;
            }
            done.push(checked);
            continue;
        }
        let whose = if *solution {
            Whose::Other("solution".to_owned(), evidence::solution_files(&exercise)?)
        } else {
            Whose::Learner
        };
        if !(*no_predict || *all || *solution || json) {
            predict::before_check(&root, &exercise);
        }
        let checked = one(&root, exercise, &whose, if json { Voice::Silent } else { Voice::Terminal })?;
        if !json {
            output::data(&receipt::text(&checked, output::width(), console::colors_enabled()))?;
            if several {
                output::data("\n")?;
            }
        }
        done.push(checked);
    }
    if json {
        output::data(&learner::checks(&done, several || *all)?)?;
    } else if several {
        output::data(&summary(&done))?;
    }
    let judged = || done.iter().filter(|checked| checked.lack.is_none());
    if judged().count() == 0 {
        // Each is named above, with what it needs.
        bail!(
            Failure::new(Exit::Environment, "none of these exercises can be checked on this machine")
                .help("each line above says what an exercise needs")
        );
    }
    let met = judged().all(|checked| checked.judgement.verdict() == Verdict::Pass);
    Ok(if met { Exit::Met } else { Exit::NotMet })
}

/// The exercises that were named, each once; the current folder's if none was.
fn named(root: &Path, names: &[String]) -> Result<Vec<Exercise>> {
    if names.is_empty() {
        return Ok(vec![exercise::load_or_here(root, None, "check")?]);
    }
    let mut chosen: Vec<Exercise> = Vec::new();
    for name in names {
        let exercise = exercise::load(root, name)?;
        // `check 1 ex1` names one exercise.
        if !chosen.iter().any(|other| other.id == exercise.id) {
            chosen.push(exercise);
        }
    }
    Ok(chosen)
}

fn summary(done: &[Checked]) -> String {
    let judged: Vec<&Checked> = done.iter().filter(|checked| checked.lack.is_none()).collect();
    let met = judged.iter().filter(|checked| checked.judgement.verdict() == Verdict::Pass).count();
    let points: u32 = judged.iter().map(|checked| checked.judgement.points()).sum();
    let most: u32 = judged.iter().map(|checked| checked.points_max()).sum();
    let skipped = done.len() - judged.len();
    let skipped = if skipped == 0 { String::new() } else { format!(", {skipped} skipped") };
    format!("{met} of {} exercises done{skipped}, {points} of {most} points\n", judged.len())
}

/// Checks one exercise, and records what was reached if it is the learner's own work.
///
/// # Errors
/// When the environment or the course fails.
pub(crate) fn one(root: &Path, exercise: Exercise, whose: &Whose, voice: Voice) -> Result<Checked> {
    if root.to_str().is_none() {
        let message = format!("the workshop's path, {}, isn't valid UTF-8, so Cargo can't build there", root.display());
        bail!(
            Failure::new(Exit::Environment, message)
                .help("move the workshop into a folder whose path has no unusual characters")
        );
    }
    if let Some(lack) = machine::lack(&exercise) {
        bail!(lack.failure(&exercise, "checked"));
    }
    let Trial { judgement, evidence } = checking::run(root, &exercise, whose, voice)?;
    let toolchain = match &evidence {
        Some(evidence) => (evidence.toolchain.clone(), evidence.target.clone()),
        // Nothing was built, so rustc hasn't been asked yet, and the JSON needs its version.
        None if voice == Voice::Silent => evidence::toolchain(&exercise)?,
        None => Default::default(),
    };
    let (mut next, mut before, mut predicted) = (String::new(), BTreeMap::new(), Vec::new());
    if *whose == Whose::Learner {
        predicted = guesses(root, &exercise, &judgement, evidence.as_ref(), voice).unwrap_or_else(|error| {
            output::note(&format!("your result counts, but your guesses couldn't be measured: {error:#}"));
            Vec::new()
        });
        before = remember(root, &exercise, &judgement, evidence.as_ref());
        next = next_step(root, &exercise, &judgement);
    } else if judgement.verdict() == Verdict::Pass {
        next = format!(
            "these are the results of the course's solution; to check your own, run `cargo xtask check {}`",
            exercise.id
        );
    } else {
        next += "this is the course's own solution, so a goal that it misses is a bug in the course, or a problem with this machine (see above)";
    }
    Ok(Checked { exercise, judgement, evidence, toolchain, before, predicted, next, lack: None })
}

/// The learner's guesses, with what this check has measured for them. Builds that no goal needs are made only for open guesses.
fn guesses(
    root: &Path,
    exercise: &Exercise,
    judgement: &Judgement,
    evidence: Option<&Evidence>,
    voice: Voice,
) -> Result<Vec<Predicted>> {
    let (kept, damage) = predictions::load(root)?;
    super::say_damage(damage);
    if exercise.data.predict.is_empty() {
        return Ok(Vec::new());
    }
    let is_there = |name: &String| evidence.is_some_and(|evidence| evidence.builds.contains_key(name));
    let more: BTreeSet<String> = kept.builds(exercise).into_iter().filter(|name| !is_there(name)).collect();
    let extra = if more.is_empty() { None } else { Some(checking::measure(root, exercise, &more, voice)?) };
    let all: Vec<&Evidence> = evidence.into_iter().chain(extra.as_ref()).collect();
    let measured = predictions::measured(exercise, Some(judgement), &all);
    let mut predicted = kept.of(exercise);
    for one in predicted.iter_mut().filter(|one| one.measured.is_none()) {
        one.measured = measured.get(&one.name).copied();
        one.is_new = one.measured.is_some();
    }
    let names = exercise.data.predict.iter().filter(|question| {
        let (name, id) = (question.name.get_ref(), &exercise.id);
        measured.contains_key(name) && kept.guess(id, question).is_none() && !kept.is_shown(id, question)
    });
    let shown: BTreeSet<String> = names.map(|question| question.name.get_ref().clone()).collect();
    if shown.is_empty() && !predicted.iter().any(|one| one.is_new) {
        return Ok(predicted);
    }
    let damage = predictions::update(root, |kept| {
        let asked = kept.exercises.entry(exercise.id.clone()).or_default();
        asked.shown.extend(shown);
        for one in predicted.iter().filter(|one| one.is_new) {
            // A guess that was changed in the meantime is still a guess: it was made before this was shown.
            let guess = asked.guesses.get_mut(&one.name).filter(|guess| guess.guess == one.guess);
            guess.into_iter().for_each(|guess| guess.measured = one.measured);
        }
    })?;
    super::say_damage(damage);
    Ok(predicted)
}

/// Records what was reached; returns the executables of the previous check.
fn remember(
    root: &Path,
    exercise: &Exercise,
    judgement: &Judgement,
    evidence: Option<&Evidence>,
) -> BTreeMap<String, Sizes> {
    let mut before = BTreeMap::new();
    let result = progress::update(root, |progress| {
        let entry = progress.exercises.entry(exercise.id.clone()).or_default();
        before.clone_from(&entry.sizes);
        let passed = judgement.verdict() == Verdict::Pass;
        entry.checked(passed, judgement.points());
        entry.files = super::hint::files_digest(exercise);
        let problems = judgement.all_diagnostics().filter(|problem| !problem.is_aside());
        let codes = problems.map(|problem| problem.code.name().to_owned());
        entry.codes = codes.collect();
        for (name, attempt) in evidence.iter().flat_map(|evidence| &evidence.builds) {
            if let Attempt::Built(built) = attempt
                && exercise.build(name).tree == exercise::Tree::Learner
            {
                let sizes = Sizes { bytes: built.bytes, sections: built.sections.clone() };
                entry.sizes.insert(name.clone(), sizes);
            }
        }
        if passed {
            entry.hints.clear();
            let toolchain = evidence.map(|evidence| evidence.toolchain.as_str()).unwrap_or_default();
            entry.pass(today(), toolchain, saved(judgement));
        }
    });
    match result {
        Ok(damage) => super::say_damage(damage),
        Err(error) => output::note(&format!("your result is correct, but your progress couldn't be saved: {error:#}")),
    }
    before
}

/// The sizes that goals were judged by: whole files, because no one ships a section.
fn saved(judgement: &Judgement) -> impl Iterator<Item = Saved> {
    judgement.outcomes.iter().filter_map(|outcome| match &outcome.data {
        Data::Size(Size { part: Part::File | Part::Image, bytes, against_bytes, .. }) => {
            Some(Saved { before: against_bytes.0, after: bytes.0 })
        }
        _ => None,
    })
}

fn today() -> String {
    base::dates::date(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs())
}

fn next_step(root: &Path, exercise: &Exercise, judgement: &Judgement) -> String {
    let id = &exercise.id;
    let progress = progress::load(root).map(|(progress, _)| progress).unwrap_or_default();
    if judgement.verdict() != Verdict::Pass {
        let first = judgement.outcomes.iter().find(|outcome| outcome.verdict == Verdict::Fail);
        let what = first.map_or("the problems shown above".to_owned(), |outcome| format!("the goal `{}`", outcome.id));
        let kept = if progress.is_done(id) {
            format!(". {id} still counts as done, because it passed before")
        } else {
            String::new()
        };
        return format!(
            "work on {what}, then run `cargo xtask check {id}` again; stuck? `cargo xtask hint {id}`{kept}"
        );
    }
    let all = exercise::all(root).unwrap_or_default();
    let own = format!("`cargo xtask solution {id}` shows and explains the course's own solution");
    match progress.next(&all, Some(id)) {
        Some(open) => {
            let readme = shown(&open.folder.join("README.md"));
            format!("{own}; then {}, {}: read {}", open.id, open.data.title, readme.display())
        }
        None => format!("{own}. Every exercise is done"),
    }
}
