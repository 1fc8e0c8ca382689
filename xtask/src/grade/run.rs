//! A grading run: a queue of submissions, workers over it, and a journal that each result goes to as soon as it is there.

use super::boxes::{Pair, Recipe};
use super::class;
use super::journal::{Contents, Journal};
use super::model::{Status, Submission};
use super::options::Options;
use super::partition::Partition;
use super::place::{self, Place};
use super::worker::{self, Bench, Course};
use crate::check::Verdict;
use crate::cli::Sandbox;
use crate::evidence::warm::Warm;
use crate::evidence::{self, target_folder};
use crate::exercise::{self, Exercise};
use crate::exit::{Exit, Failure};
use crate::output::{self, Progress};
use crate::store;
use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, VecDeque};
use std::env;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A submission that is still to be graded, with those that have the same files.
struct Job<'a> {
    course: usize,
    key: String,
    submissions: Vec<&'a Submission>,
}

/// What a run has done.
#[derive(Debug, Default)]
pub struct Summary {
    /// Submissions that were graded now.
    pub graded: usize,
    /// Submissions that had been graded before.
    pub known: usize,
    /// Submissions whose grading failed for reasons of our own.
    pub failed: usize,
    /// All that the journal holds now, so that it need not be read again.
    pub contents: Contents,
}

/// Grades what a folder holds. Reports are written by somebody else, from the journal.
///
/// # Errors
/// When the folder cannot be read, the boxes do not hold, or the course's own solutions do not pass here.
pub fn run(root: &Path, options: &Options, dir: &Path) -> Result<Summary> {
    let exercises = exercises(root, &options.exercises)?;
    let found = class::read(options, dir, &exercises)?;
    for note in &found.notes {
        output::note(note);
    }
    let partition =
        options.partition.as_deref().map(|text| Partition::parse(text, |name| env::var(name).ok())).transpose()?;
    let journal = Journal::open(&options.out)?;
    place::sweep_temporaries(&options.out);
    if journal.torn > 0 {
        output::note("the last line of the journal was torn, by a kill or a full disk; it is graded again");
    }
    let recipe = match options.sandbox {
        Sandbox::Auto | Sandbox::Bwrap => Some(Recipe::find(root)?),
        Sandbox::None => {
            output::note("SANDBOX: NONE. Every submission can read and change what you can; the records say so");
            None
        }
    };
    let mut courses = courses(&exercises, recipe.as_ref())?;
    let mut summary = Summary::default();
    let mut jobs: BTreeMap<String, Job<'_>> = BTreeMap::new();
    for (index, submission) in found.submissions.iter().enumerate() {
        if partition.as_ref().is_some_and(|part| !part.takes(index, &submission.student, &submission.exercise)) {
            continue;
        }
        let Some(course) = courses.iter().position(|course| course.exercise.id == submission.exercise) else {
            continue;
        };
        let key = worker::key(&courses[course], submission);
        if journal.is_current(&submission.student, &submission.exercise, &key) {
            summary.known += 1;
            continue;
        }
        // The same files, of somebody else or of an earlier day: the same result, and nothing to build.
        if let Some(record) = journal.graded(&key) {
            journal.append(&record.of(submission))?;
            summary.known += 1;
            continue;
        }
        let job = Job { course, key: key.clone(), submissions: Vec::new() };
        jobs.entry(key).or_insert(job).submissions.push(submission);
    }
    if jobs.is_empty() {
        summary.contents = Contents { runs: vec![found.run], ..journal.into_contents() };
        return Ok(summary);
    }
    if let Some(recipe) = &recipe {
        recipe.prove(&Place::of_attacks(root)?.folder)?;
    }
    let place = Place::new(root)?;
    let warm = match recipe {
        Some(_) => Some(Arc::new(Warm::open(target_folder(root).join("grade/warm"))?)),
        None => None,
    };
    let bench = |worker: u32| {
        let folder = place.folder.join(format!("w{worker}"));
        let boxes: Option<Pair> = recipe.as_ref().map(|recipe| recipe.pair(worker, &folder));
        Bench::new(folder, boxes, warm.clone())
    };
    let first = bench(0)?;
    for (index, course) in courses.iter_mut().enumerate() {
        if jobs.values().any(|job| job.course == index) {
            course.reference = reference(root, course, &first)?;
        }
    }
    let workers =
        usize::from(options.jobs.unwrap_or_else(|| {
            thread::available_parallelism().map_or(1, |count| u16::try_from(count.get()).unwrap_or(1))
        }));
    let progress = Progress::of(jobs.values().map(|job| job.submissions.len()).sum(), "submissions");
    let queue: Mutex<VecDeque<Job<'_>>> = Mutex::new(jobs.into_values().collect());
    let results: Mutex<(Summary, Option<anyhow::Error>)> = Mutex::new((summary, None));
    thread::scope(|scope| {
        for worker in 0..workers {
            let (queue, results, courses, journal, progress, bench) =
                (&queue, &results, &courses, &journal, &progress, &bench);
            scope.spawn(move || {
                let done = work(root, queue, courses, journal, progress, || bench(u32::try_from(worker).unwrap_or(0)));
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                match done {
                    Ok((graded, failed)) => {
                        results.0.graded += graded;
                        results.0.failed += failed;
                    }
                    Err(error) => results.1 = Some(error),
                }
            });
        }
    });
    let (mut summary, error) = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.contents = Contents { runs: vec![found.run], ..journal.into_contents() };
    error.map_or(Ok(summary), Err)
}

/// Takes jobs until there are none. A result that cannot be kept ends the run: nothing may be lost unseen.
fn work(
    root: &Path,
    queue: &Mutex<VecDeque<Job<'_>>>,
    courses: &[Course<'_>],
    journal: &Journal,
    progress: &Progress,
    bench: impl Fn() -> Result<Bench>,
) -> Result<(usize, usize)> {
    let bench = bench()?;
    let (mut graded, mut failed) = (0, 0);
    loop {
        let Some(job) = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else {
            return Ok((graded, failed));
        };
        let Some(first) = job.submissions.first() else { continue };
        let mut record = bench.grade(root, &courses[job.course], first, &job.key);
        if record.status == Status::InfraError {
            // Once more, with nothing left of the first attempt.
            record = bench.grade(root, &courses[job.course], first, &job.key);
        }
        for submission in &job.submissions {
            let own = record.of(submission);
            if own.status.is_final() {
                graded += 1
            } else {
                failed += 1
            }
            if let Err(error) = journal.append(&own) {
                queue.lock().unwrap_or_else(PoisonError::into_inner).clear();
                return Err(error);
            }
            progress.finished(&format!(
                "{} {}: {} {}/{}",
                output::one_line(&own.student),
                own.exercise,
                own.status.name(),
                own.points,
                own.points_max
            ));
        }
    }
}

pub(super) fn exercises(root: &Path, wanted: &[String]) -> Result<Vec<Exercise>> {
    if wanted.is_empty() { exercise::all(root) } else { wanted.iter().map(|id| exercise::load(root, id)).collect() }
}

/// Raised with every change after which the same submission may be judged in another way.
const JUDGE: u32 = 2;

/// The exercises with what their results depend on.
fn courses<'a>(exercises: &'a [Exercise], recipe: Option<&Recipe>) -> Result<Vec<Course<'a>>> {
    let mut courses = Vec::new();
    for exercise in exercises {
        let (release, host) = evidence::toolchain(exercise)?;
        let digest = store::digest(&[
            format!("{} {JUDGE}", env!("CARGO_PKG_VERSION")).as_bytes(),
            &store::everything_in(&exercise.folder.join("starter"))?,
            &fs::read(exercise.folder.join("exercise.toml")).context("cannot read exercise.toml")?,
            format!("{:?} {release} {host}", exercise.data.pristine).as_bytes(),
            recipe.map_or_else(|| "none".to_owned(), Recipe::describe).as_bytes(),
        ]);
        let starter = evidence::starter_files(exercise)?;
        courses.push(Course { exercise, starter, digest, reference: None });
    }
    Ok(courses)
}

/// Bytes that the course's own solution reaches here. It must pass, or no grade would mean anything.
fn reference(root: &Path, course: &Course<'_>, bench: &Bench) -> Result<Option<u64>> {
    let exercise = course.exercise;
    let trial =
        bench.judge_solution(root, course).with_context(|| format!("cannot try the solution of {}", exercise.id))?;
    if trial.judgement.verdict() != Verdict::Pass {
        let missed = trial.judgement.outcomes.iter().find(|outcome| outcome.verdict != Verdict::Pass);
        let why = missed.map(|goal| {
            let problem = goal.diagnostics.first().map(|problem| problem.message.clone());
            format!(": the goal `{}`: {}", goal.id, problem.or_else(|| goal.waits_for.clone()).unwrap_or_default())
        });
        let why = why.unwrap_or_default();
        bail!(
            Failure::new(Exit::Environment, format!("the course's own solution of {} does not pass here{why}", exercise.id))
                .help("nobody is graded before it does; `cargo xtask author verify` shows whether it is the course or this machine")
        );
    }
    Ok(worker::size_goal(exercise).and_then(|(build, _)| Some(trial.evidence.as_ref()?.built(build)?.bytes)))
}
