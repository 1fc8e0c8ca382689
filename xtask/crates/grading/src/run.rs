//! A grading run: a queue of submissions, workers over it, and a journal that gets each result as soon as there is one.

use super::alone::Gate;
use super::attempts::{self, Several};
use super::boxes::{Pair, Recipe};
use super::class::{self, Class};
use super::journal::{Contents, Journal, found};
use super::model::{Record, Run, Submission};
use super::options::Options;
use super::partition::Partition;
use super::place::{self, Place};
use super::roster;
use super::secret;
use super::settle::Doubtful;
use super::worker::{self, Bench, Course};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::output::{self, Progress};
use base::proc;
use base::queue::{Queue, joined};
use base::store;
use commands::Sandbox;
use course::check::Verdict;
use course::evidence::dependency_cache::Warm;
use course::evidence::{self, target_folder};
use course::exercise::{self, Exercise};
use course::machine;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use weigh::workshop::nearest;

/// A submission that is still to be graded, with others that have the same files.
struct Job<'a> {
    course: usize,
    key: String,
    submissions: Vec<&'a Submission>,
}

/// What a run has done.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    /// Submissions that were graded now.
    pub graded: usize,
    /// Submissions that had been graded before.
    pub known: usize,
    /// Submissions whose grading failed for reasons of our own.
    pub failed: usize,
    /// Everything in the journal now, so that it doesn't need to be read again.
    pub contents: Contents,
}

/// Grades what is in a folder. Other code writes the reports, from the journal.
///
/// # Errors
/// When the folder can't be read, the boxes don't hold, or the course's own solutions don't pass here.
pub(crate) fn run(root: &Path, options: &Options, dir: &Path) -> Result<Summary> {
    let exercises = possible(exercises(root, &options.exercises)?, !options.exercises.is_empty())?;
    let (found, partition) = find(root, options, dir, &exercises)?;
    let journal = open_journal(options)?;
    let recipe = boxes(root, options)?;
    let mut courses = courses(&exercises, recipe.as_ref())?;
    let secret = secret::of(&options.out)?;
    journal.note(&found.run)?;
    proc::say_when_interrupted("interrupted: what is graded is kept; run the same command again to grade the rest");
    if options.exercises.is_empty() && exercises.len() > 1 {
        output::note(&format!(
            "no --exercise was given: all {} are graded; the results go to {}",
            exercises.len(),
            options.out.display()
        ));
    }
    let Dealt { jobs, several, mut summary } = deal(options, &found, partition.as_ref(), &courses, &journal)?;
    if jobs.is_empty() {
        attempts::keep_best(&journal, &several)?;
        summary.contents = journal.into_contents();
        return Ok(summary);
    }
    if let Some(recipe) = &recipe {
        output::message("trying to break out of the sandbox");
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
        Bench::new(folder, boxes, warm.clone(), &secret)
    };
    references(root, &mut courses, &jobs, recipe.as_ref(), &bench(0)?)?;
    let workers = options.jobs.map_or_else(processors, usize::from);
    let count = jobs.values().map(|job| job.submissions.len()).sum();
    let hall = Hall {
        root,
        courses: &courses,
        journal: &journal,
        progress: Progress::of(count, "submissions", workers),
        queue: Queue::new(jobs.into_values()),
        doubtful: Mutex::default(),
        gate: Gate::default(),
        enough: workers * 2,
        summary: Mutex::new(summary),
    };
    let errors = hall.open(workers, &bench);
    let mut summary = hall.summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    if errors.is_empty() {
        attempts::keep_best(&journal, &several)?;
    }
    summary.contents = journal.into_contents();
    errors.into_iter().next().map_or(Ok(summary), Err)
}

/// The class: who handed in what, and which part of it is to be graded here.
fn find(root: &Path, options: &Options, dir: &Path, exercises: &[Exercise]) -> Result<(Class, Option<Partition>)> {
    let roster = roster::wanted(root, options)?;
    let mut found = class::read(options, dir, exercises, roster.as_ref())?;
    for note in &found.notes {
        output::note(note);
    }
    let partition =
        options.partition.as_deref().map(|text| Partition::parse(text, |name| env::var(name).ok())).transpose()?;
    found.run.part = partition.map(|part| part.to_string());
    known_students(&found.run, &options.students)?;
    Ok((found, partition))
}

fn open_journal(options: &Options) -> Result<Journal> {
    let journal = Journal::open(&options.out)?;
    place::sweep_temporaries(&options.out);
    if journal.torn > 0 {
        output::note("the journal's last line was cut off by a kill or a full disk; it is graded again");
    }
    Ok(journal)
}

/// How boxes are created; none if `--sandbox none` was passed.
fn boxes(root: &Path, options: &Options) -> Result<Option<Recipe>> {
    match options.sandbox {
        Sandbox::Auto | Sandbox::Bwrap => Ok(Some(Recipe::find(root)?.with_build_seconds(options.build_seconds))),
        Sandbox::None => {
            output::note(
                "SANDBOX: NONE. Every submission can read and change whatever you can; every record notes this",
            );
            Ok(None)
        }
    }
}

/// What there is to do, and what is known already.
struct Dealt<'a> {
    /// By their keys: equal files are graded once.
    jobs: BTreeMap<String, Job<'a>>,
    /// Each submission that is one of a student's several, with its key.
    several: Vec<(&'a Submission, String)>,
    summary: Summary,
}

/// Deals out the submissions of this part that have no known result.
fn deal<'a>(
    options: &Options,
    found: &'a Class,
    partition: Option<&Partition>,
    courses: &[Course<'_>],
    journal: &Journal,
) -> Result<Dealt<'a>> {
    // Where each submission is in the list for all parts.
    let places: HashMap<(String, String), usize> =
        found::jobs(&found.run).enumerate().map(|(at, job)| (job, at)).collect();
    let of_several = Several::of(&found.submissions);
    let mut dealt = Dealt { jobs: BTreeMap::new(), several: Vec::new(), summary: Summary::default() };
    for submission in &found.submissions {
        let Submission { student, exercise, .. } = submission;
        if !options.students.is_empty() && !options.students.contains(student) {
            continue;
        }
        let at = places.get(&(student.clone(), exercise.clone())).copied().unwrap_or_default();
        if partition.is_some_and(|part| !part.takes(at, student, exercise)) {
            continue;
        }
        let Some(course) = courses.iter().position(|course| course.exercise.id == submission.exercise) else {
            continue;
        };
        let key = worker::key(&courses[course], submission);
        let is_one_of_several = of_several.contains(submission);
        if is_one_of_several {
            dealt.several.push((submission, key.clone()));
        }
        if !options.again && is_known(journal, submission, &key, is_one_of_several)? {
            dealt.summary.known += 1;
            continue;
        }
        let job = Job { course, key: key.clone(), submissions: Vec::new() };
        dealt.jobs.entry(key).or_insert(job).submissions.push(submission);
    }
    Ok(dealt)
}

/// Whether there is nothing to build for a submission. If there is a result for the same files, it is written for this
/// one as well.
fn is_known(journal: &Journal, submission: &Submission, key: &str, is_one_of_several: bool) -> Result<bool> {
    if is_one_of_several && journal.graded(key).is_some() {
        // Which attempt counts is decided once all are graded.
        return Ok(true);
    }
    if journal.is_current(&submission.student, &submission.exercise, key) && journal.has_guesses(submission) {
        return Ok(true);
    }
    // The same files, of another student or of an earlier day, or with other guesses: the same result, and nothing to build.
    let Some(record) = journal.graded(key) else { return Ok(false) };
    journal.append(&record.of(submission))?;
    Ok(true)
}

/// Builds the course's own solutions of all exercises that there are jobs for: they must pass here.
fn references(
    root: &Path,
    courses: &mut [Course<'_>],
    jobs: &BTreeMap<String, Job<'_>>,
    recipe: Option<&Recipe>,
    first: &Bench,
) -> Result<()> {
    let wanted: BTreeSet<usize> = jobs.values().map(|job| job.course).collect();
    for (number, index) in wanted.iter().enumerate() {
        let course = &mut courses[*index];
        let id = &course.exercise.id;
        output::message(&format!("building the course's own solution of {id} ({} of {})", number + 1, wanted.len()));
        let (bytes, seconds) = reference(root, course, first)?;
        course.reference = bytes;
        if jobs.values().any(|job| job.course == *index && job.submissions.iter().any(|own| !own.guesses.is_empty())) {
            course.measured = first.measure(root, course).unwrap_or_else(|error| {
                let id = &course.exercise.id;
                output::note(&format!(
                    "what {id} asks its students to predict couldn't be measured, which changes no grade: {error:#}"
                ));
                BTreeMap::new()
            });
        }
        course.build_seconds = recipe.map(|recipe| recipe.build_seconds(seconds));
    }
    Ok(())
}

/// How many processors there are.
fn processors() -> usize {
    thread::available_parallelism().map_or(1, |count| usize::from(u16::try_from(count.get()).unwrap_or(1)))
}

/// Fails if a student is named who was not found.
///
/// # Errors
/// With the nearest name, if there is one.
pub(crate) fn known_students(run: &Run, wanted: &[String]) -> Result<()> {
    let all: BTreeSet<&str> = run.students.iter().map(|seen| seen.student.as_str()).collect();
    let Some(unknown) = wanted.iter().find(|student| !all.contains(student.as_str())) else { return Ok(()) };
    let failure = Failure::new(Exit::Usage, format!("there is no submission of `{}`", output::one_line(unknown)));
    let help = match nearest(unknown, all.iter().copied()) {
        Some(near) => format!("did you mean `{}`?", output::one_line(near)),
        None => "`grade DIR --list` shows who was found".to_owned(),
    };
    bail!(failure.help(help))
}

/// Where all workers take jobs from, and bring their results to.
struct Hall<'a> {
    root: &'a Path,
    courses: &'a [Course<'a>],
    journal: &'a Journal,
    progress: Progress,
    queue: Queue<Job<'a>>,
    /// Results that are to be checked again. They are collected, because everything else must wait for them.
    doubtful: Mutex<Vec<(Job<'a>, Box<Doubtful>)>>,
    gate: Gate,
    /// How many of them are enough to let everything else wait.
    enough: usize,
    summary: Mutex<Summary>,
}

impl Hall<'_> {
    /// Lets this many workers take jobs until there are none, and returns what ended one of them.
    fn open(&self, workers: usize, bench: &(impl Fn(u32) -> Result<Bench> + Sync)) -> Vec<anyhow::Error> {
        thread::scope(|scope| {
            let start = |worker| scope.spawn(move || self.work(&bench(u32::try_from(worker).unwrap_or(0))?));
            let all: Vec<_> = (0..workers).map(start).collect();
            all.into_iter().filter_map(|worker| joined(worker).err()).collect()
        })
    }

    /// Takes jobs until there are none. A result that can't be saved ends the run: nothing may be lost unnoticed.
    fn work(&self, bench: &Bench) -> Result<()> {
        let done = self.all(bench);
        if done.is_err() {
            // What is not graded now is graded by the next run.
            self.queue.stop();
            locked(&self.doubtful).clear();
        }
        done
    }

    fn all(&self, bench: &Bench) -> Result<()> {
        loop {
            let beside = self.gate.beside_others();
            let Some(job) = self.queue.next() else { break };
            let Some(first) = job.submissions.first() else { continue };
            let course = &self.courses[job.course];
            let graded = bench.grade(self.root, course, first, &job.key);
            let result = bench.is_final(course, graded);
            drop(beside);
            match result {
                Ok(record) => self.finish(&job, &record)?,
                Err(doubtful) => {
                    let mut waiting = locked(&self.doubtful);
                    waiting.push((job, doubtful));
                    let is_enough = waiting.len() >= self.enough;
                    drop(waiting);
                    if is_enough {
                        self.settle(bench)?;
                    }
                }
            }
        }
        self.settle(bench)
    }

    /// Checks doubtful results again, one after another, while nothing else of this grader runs.
    fn settle(&self, bench: &Bench) -> Result<()> {
        if locked(&self.doubtful).is_empty() {
            return Ok(());
        }
        let _alone = self.gate.alone();
        loop {
            // Not in the loop's head: the lock would be held through its body.
            let Some((job, doubtful)) = locked(&self.doubtful).pop() else { return Ok(()) };
            let Some(first) = job.submissions.first() else { continue };
            let record = bench.settle(self.root, &self.courses[job.course], first, *doubtful);
            self.finish(&job, &record)?;
        }
    }

    /// Saves a result for each student who handed in the same files.
    fn finish(&self, job: &Job<'_>, record: &Record) -> Result<()> {
        for submission in &job.submissions {
            let own = record.of(submission);
            self.journal.append(&own)?;
            let mut summary = locked(&self.summary);
            if own.status.is_final() {
                summary.graded += 1;
            } else {
                summary.failed += 1;
            }
            drop(summary);
            self.progress.finished(&format!(
                "{} {}: {} {}/{}",
                output::one_line(&own.student),
                own.exercise,
                own.status.name(),
                own.points,
                own.points_max
            ));
        }
        Ok(())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The exercises with these names; all if none is named.
///
/// # Errors
/// When one doesn't exist or is malformed.
pub(crate) fn exercises(root: &Path, wanted: &[String]) -> Result<Vec<Exercise>> {
    if wanted.is_empty() { exercise::all(root) } else { wanted.iter().map(|id| exercise::load(root, id)).collect() }
}

/// The exercises that can be graded on this machine. One that can't be is left out with a note, and ends the run if it
/// was named: a gradebook without it would look as if nothing had been handed in.
fn possible(exercises: Vec<Exercise>, are_named: bool) -> Result<Vec<Exercise>> {
    let mut possible = Vec::new();
    for exercise in exercises {
        match machine::lack(&exercise) {
            None => possible.push(exercise),
            Some(lack) if are_named => bail!(lack.failure(&exercise, "graded")),
            Some(lack) => output::note(&lack.line(&exercise)),
        }
    }
    Ok(possible)
}

/// Raised with every change that may cause the same submission to be judged differently.
const JUDGE: u32 = 2;

/// The exercises with what their results depend on.
fn courses<'a>(exercises: &'a [Exercise], recipe: Option<&Recipe>) -> Result<Vec<Course<'a>>> {
    let mut courses = Vec::new();
    for exercise in exercises {
        let (release, host) = evidence::toolchain(exercise)?;
        let digest = store::digest(&[
            format!("{} {JUDGE}", env!("CARGO_PKG_VERSION")).as_bytes(),
            &store::everything_in(&exercise.folder.join("starter"))?,
            &fs::read(exercise.folder.join("exercise.toml")).context("can't read exercise.toml")?,
            format!("{:?} {release} {host}", exercise.data.pristine).as_bytes(),
            recipe.map_or_else(|| "none".to_owned(), Recipe::describe).as_bytes(),
        ]);
        let starter = evidence::starter_files(exercise)?;
        courses.push(Course {
            exercise,
            starter,
            digest,
            reference: None,
            build_seconds: None,
            measured: BTreeMap::new(),
        });
    }
    Ok(courses)
}

/// Bytes that the course's own solution reaches here, and the seconds of CPU time of its longest build. It must pass,
/// or no grade would mean anything.
fn reference(root: &Path, course: &Course<'_>, bench: &Bench) -> Result<(Option<u64>, f64)> {
    let exercise = course.exercise;
    let tried = |is_repeat| {
        let trial = bench.judge_solution(root, course, is_repeat);
        trial.with_context(|| format!("can't try the solution of {}", exercise.id))
    };
    // Try again before a whole class has to wait: the machine may have been asleep.
    let trial = match tried(false) {
        Ok(trial) if trial.judgement.verdict() == Verdict::Pass => trial,
        _ => tried(true)?,
    };
    if trial.judgement.verdict() != Verdict::Pass {
        let missed = trial.judgement.outcomes.iter().find(|outcome| outcome.verdict != Verdict::Pass);
        let why = missed.map(|goal| {
            let problem = goal.diagnostics.first().map(|problem| problem.message.clone());
            format!(": the goal `{}`: {}", goal.id, problem.or_else(|| goal.waits_for.clone()).unwrap_or_default())
        });
        let why = why.unwrap_or_default();
        bail!(
            Failure::new(
                Exit::Environment,
                format!("the course's own solution of {} doesn't pass here{why}", exercise.id)
            )
            .help(
                "nothing is graded until it does; `cargo xtask author verify` shows whether the course or this \
                       machine is to blame"
            )
        );
    }
    let bytes = worker::size_goal(exercise).and_then(|(build, _)| Some(trial.evidence.as_ref()?.built(build)?.bytes));
    let builds =
        trial.evidence.iter().flat_map(|evidence| evidence.builds.keys().filter_map(|name| evidence.built(name)));
    Ok((bytes, builds.map(|built| built.cpu_seconds).fold(0.0, f64::max)))
}
