//! One submission after another: files in, record out. The verdict is `check`'s; grading only adds the box, the hidden
//! inputs, and a look at sizes that are too good.

use super::boxes::Pair;
use super::doubt;
use super::model::{Goal, Problem, Record, SCHEMA, Status, Submission};
use super::settle::Graded;
use anyhow::{Context as _, Result};
use base::files;
use base::numbers::thousands;
use base::proc;
use base::store;
use course::check::Outcome;
use course::checking::{self, Trial};
use course::diagnostic::Diagnostic;
use course::evidence::dependency_cache::Warm;
use course::evidence::safe::{self, May};
use course::evidence::{self, Attempt, Evidence, Grading};
use course::exercise::kinds::{self, Check};
use course::exercise::questions::Value;
use course::exercise::{self, Exercise};
use course::predictions;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A size below this share of what the course's own solution reaches is reviewed by a person: settings alone can't make
/// that much difference.
const PLAUSIBLE: f64 = 0.95;

/// What all submissions for an exercise have in common.
pub(crate) struct Course<'a> {
    /// The exercise.
    pub exercise: &'a Exercise,
    /// The course's own version of the files that learners edit.
    pub starter: Vec<(String, Vec<u8>)>,
    /// Digest of the exercise, the compiler, this program and the boxes.
    pub digest: String,
    /// Bytes of the build that the size goal judges, of the course's own solution.
    pub reference: Option<u64>,
    /// Seconds of CPU time that a build may take; the limit of its box until the course's own solution is built.
    pub build_seconds: Option<u64>,
    /// What the course's own builds show for the questions that students guess about.
    pub measured: BTreeMap<String, Value>,
}

/// The place where one worker builds.
pub(crate) struct Bench {
    folder: PathBuf,
    boxes: Option<Pair>,
    warm: Option<Arc<Warm>>,
    pub(super) common: PathBuf,
    secret: String,
}

impl Bench {
    /// Makes the folder, which no other worker uses, and one beside it for what all workers know. Hidden inputs are made from
    /// `secret` and from what is graded.
    ///
    /// # Errors
    /// When one of them cannot be made.
    pub(crate) fn new(folder: PathBuf, boxes: Option<Pair>, warm: Option<Arc<Warm>>, secret: &str) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        files::open_to_all(&folder)?;
        let common = folder.with_file_name("common");
        fs::create_dir_all(&common).with_context(|| format!("can't create the folder {}", common.display()))?;
        Ok(Self { folder, boxes, warm, common, secret: secret.to_owned() })
    }

    /// Judges the course's own solution as if it were a learner's. Every crate that a submission may choose is fetched first: a
    /// box has no network.
    ///
    /// # Errors
    /// When the environment fails: a full disk, no compiler, a crate that cannot be fetched.
    pub(crate) fn judge_solution(&self, root: &Path, course: &Course<'_>, is_repeat: bool) -> Result<Trial> {
        let exercise = course.exercise;
        if self.boxes.is_some() {
            evidence::fetch(exercise, &course.starter, &self.base(exercise)?.join("fetched"), false)
                .with_context(|| format!("this machine lacks a crate that {} may need", exercise.id))?;
        }
        let trial = self.judge(root, course, evidence::solution_files(exercise)?, "reference", is_repeat)?;
        // It was built where submissions are built, and nothing of it may remain when the first of them is.
        clear(&self.base(exercise)?)?;
        Ok(trial)
    }

    /// Builds and measures what the exercise's questions are about and no goal needs. It is the same for the whole
    /// class.
    ///
    /// # Errors
    /// When the environment fails. No grade depends on it.
    pub(crate) fn measure(&self, root: &Path, course: &Course<'_>) -> Result<BTreeMap<String, Value>> {
        let exercise = course.exercise;
        let asked = exercise.data.predict.iter().flat_map(|question| question.measure.builds());
        let of_the_course = asked.filter(|build| exercise.build(build.get_ref()).tree == exercise::Tree::Starter);
        let builds: BTreeSet<String> = of_the_course.map(|build| build.get_ref().clone()).collect();
        let evidence =
            checking::measure_for_a_class(root, exercise, &builds, &self.grading(course, "reference", false)?)?;
        clear(&self.base(exercise)?)?;
        Ok(predictions::measured(exercise, None, &[&evidence]))
    }

    /// The folder for an exercise, which the boxes can write.
    pub(super) fn base(&self, exercise: &Exercise) -> Result<PathBuf> {
        let base = self.folder.join(&exercise.id);
        fs::create_dir_all(&base).with_context(|| format!("can't create the folder {}", base.display()))?;
        files::open_to_all(&base)?;
        Ok(base)
    }

    /// How a submission's files are built and run.
    pub(super) fn grading(&self, course: &Course<'_>, key: &str, is_repeat: bool) -> Result<Grading> {
        let Self { boxes, warm, common, secret, .. } = self;
        let (warm, common) = (warm.clone(), common.clone());
        let limited = |(build, run): Pair| (Arc::new(build.with_build_seconds(course.build_seconds)), run);
        let boxes = boxes.clone().map(limited);
        // The same files have the same hidden inputs within a class. The key alone would reveal them: it is a digest of
        // what is public.
        let hidden = store::digest(&[secret.as_bytes(), key.as_bytes()]);
        Ok(Grading { base: self.base(course.exercise)?, boxes, hidden, warm, common, is_repeat })
    }

    /// Judges files as if they were a learner's.
    pub(super) fn judge(
        &self,
        root: &Path,
        course: &Course<'_>,
        files: Vec<(String, Vec<u8>)>,
        key: &str,
        is_repeat: bool,
    ) -> Result<Trial> {
        let exercise = course.exercise;
        let base = self.base(exercise)?;
        // Cargo considers earlier output fresh by its time alone, so nothing of an earlier submission may be left.
        clear(&base)?;
        let grading = self.grading(course, key, is_repeat)?;
        checking::grade(root, exercise, files, &grading)
    }

    /// Grades a submission. An error of ours is a record as well: `infra-error`.
    pub(crate) fn grade(&self, root: &Path, course: &Course<'_>, submission: &Submission, key: &str) -> Graded {
        self.graded(course, submission, key, || self.judge(root, course, files_of(course, submission), key, false))
    }

    pub(super) fn graded(
        &self,
        course: &Course<'_>,
        submission: &Submission,
        key: &str,
        judge: impl FnOnce() -> Result<Trial>,
    ) -> Graded {
        let (began, out_of_memory) = (Instant::now(), doubt::out_of_memory());
        let mut record = blank(course, submission, key);
        if self.boxes.is_some() { "bwrap" } else { "none" }.clone_into(&mut record.sandbox);
        if let Some(why) = submission.rejected.clone().or_else(|| too_large(submission)) {
            record.status = Status::Rejected;
            record.message = Some(why);
            return Graded { record, trial: None, out_of_memory };
        }
        let trial = match judge() {
            Err(error) => {
                infra(&mut record, &error);
                None
            }
            Ok(trial) => {
                self.fill(&mut record, course, &trial);
                Some(trial)
            }
        };
        record.seconds = (began.elapsed().as_secs_f64() * 100.0).round() / 100.0;
        Graded { record, trial, out_of_memory }
    }

    fn fill(&self, record: &mut Record, course: &Course<'_>, trial: &Trial) {
        let exercise = course.exercise;
        let base = self.folder.join(&exercise.id);
        let clean = |text: &str| {
            let text = text.replace(&base.join("submission").display().to_string(), &exercise.id);
            text.replace(&base.display().to_string(), &exercise.id).replace("/grade/submission", &exercise.id)
        };
        record.goals = trial.judgement.outcomes.iter().map(|outcome| goal(exercise, outcome, &clean)).collect();
        record.problems = trial.judgement.diagnostics.iter().map(|problem| told(exercise, problem, &clean)).collect();
        record.points = record.goals.iter().map(|goal| goal.points).sum();
        let asks = trial.judgement.outcomes.iter().filter_map(|outcome| outcome.data.review());
        record.review.extend(asks.map(|why| clean(&why)));
        let evidence = trial.evidence.as_ref();
        record.status = evidence.map_or(Status::Graded, |evidence| status(exercise, evidence));
        if let Some(evidence) = evidence {
            record.toolchain.clone_from(&evidence.toolchain);
            record.target.clone_from(&evidence.target);
            record.review.extend(evidence.unusual(exercise));
        }
        record.measured.clone_from(&course.measured);
        record.measured.extend(predictions::measured(exercise, Some(&trial.judgement), evidence.as_slice()));
        if let Some((build, against)) = size_goal(exercise) {
            let bytes = |name: &str| Some(evidence?.built(name)?.bytes);
            record.size_bytes = bytes(build);
            record.size_baseline = bytes(against);
        }
        // Where a goal is about speed, the solution may be larger than what it begins with.
        let smallest = course.reference.map(|reference| reference.min(record.size_baseline.unwrap_or(reference)));
        if let (Some(own), Some(reference), Some(smallest)) = (record.size_bytes, course.reference, smallest)
            && (own as f64) < PLAUSIBLE * smallest as f64
        {
            record.review.push(format!(
                "the file is {} bytes, the course's own solution {}: check how it got so small",
                thousands(own),
                thousands(reference)
            ));
        }
    }
}

/// Removes everything of the last submission from the folder of an exercise.
fn clear(base: &Path) -> Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("submission")
            || name.starts_with("flags-submission")
            || name.starts_with("plan-")
            || name.starts_with("race-submission")
            || name.starts_with("solution")
        {
            let path = entry.path();
            if entry.file_type()?.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .with_context(|| format!("can't remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// The most bytes of a manifest, or of answers, that are read. The course's own are smaller than 4 KiB; the rules for
/// them look at every line as often as there are problems.
const LARGEST_TOML: usize = 64 << 10;

fn too_large(submission: &Submission) -> Option<String> {
    let large = |(path, text): &(&String, &Vec<u8>)| path.ends_with(".toml") && text.len() > LARGEST_TOML;
    let (path, text) = submission.files.iter().find(large)?;
    Some(format!("{path} is {} bytes; the limit is {LARGEST_TOML}", text.len()))
}

/// The learner's files on top of the course's: a file that wasn't handed in is unchanged.
pub(crate) fn files_of(course: &Course<'_>, submission: &Submission) -> Vec<(String, Vec<u8>)> {
    let handed_in = |(path, own): &(String, Vec<u8>)| (path.clone(), submission.files.get(path).unwrap_or(own).clone());
    course.starter.iter().map(handed_in).collect()
}

/// A record with only its names filled in.
fn blank(course: &Course<'_>, submission: &Submission, key: &str) -> Record {
    let Course { exercise, starter, .. } = course;
    let answers = submission.files.get("answers.toml").map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    let answers: toml::Table = answers.and_then(|text| text.parse().ok()).unwrap_or_default();
    let free = exercise.data.goal.iter().filter_map(|goal| match &goal.check {
        Check::Answer(kinds::Answer { key, truth: kinds::Truth::Text(_), .. }) => Some(key.as_str()),
        _ => None,
    });
    let free: BTreeMap<String, String> = free
        .filter_map(|key| Some((key.to_owned(), answers.get(key)?.as_str()?.trim().to_owned())))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    let mut review = submission.review.clone();
    for (path, text) in &submission.files {
        let replaced = safe::of(path, text, starter, May::of(exercise)).1;
        if !replaced.is_empty() {
            review.push(format!(
                "{path} changes {}, which is the course's: it was graded with the course's own",
                replaced.join(", ")
            ));
        }
    }
    Record {
        schema: SCHEMA.to_owned(),
        key: key.to_owned(),
        student: submission.student.clone(),
        exercise: submission.exercise.clone(),
        status: Status::Graded,
        points: 0,
        points_max: exercise.data.goal.iter().map(|goal| goal.points).sum(),
        goals: Vec::new(),
        size_bytes: None,
        size_baseline: None,
        review,
        intake: submission.review.clone(),
        attempt: submission.attempt.clone(),
        answers: free,
        message: None,
        sandbox: String::new(),
        toolchain: String::new(),
        target: String::new(),
        seconds: 0.0,
        files: submission.files.iter().map(|(path, content)| (path.clone(), exercise::digest(content))).collect(),
        ignored: submission.ignored.clone(),
        problems: Vec::new(),
        guesses: submission.guesses.clone(),
        measured: BTreeMap::new(),
    }
}

/// Turns a record into an error of ours.
pub(crate) fn infra(record: &mut Record, error: &anyhow::Error) {
    record.status = Status::InfraError;
    (record.points, record.goals) = (0, Vec::new());
    record.message = Some(format!("{error:#}"));
}

/// The builds that the exercise's size goal compares.
pub(crate) fn size_goal(exercise: &Exercise) -> Option<(&str, &str)> {
    exercise.data.goal.iter().find_map(|goal| match &goal.check {
        Check::Size(kinds::Size { build, against, .. }) => Some((build.get_ref().as_str(), against.get_ref().as_str())),
        _ => None,
    })
}

/// How the submission's own builds and runs went: the limit that ended one of them, else whether one of the builds failed.
/// In any case the goals are judged, and their points count. If the course's own builds fail, that isn't the
/// submission's fault; its goals then say so.
fn status(exercise: &Exercise, evidence: &Evidence) -> Status {
    let own = evidence.builds.iter().filter(|(name, _)| exercise.build(name).tree == exercise::Tree::Learner);
    let of_build = |attempt: &Attempt| match attempt {
        Attempt::Failed(problem) => problem.ended.and_then(|ended| limit(ended, b"")).unwrap_or(Status::BuildFailed),
        Attempt::Built(built) => {
            let mut runs = built.runs.values().flatten();
            runs.find_map(|run| limit(run.status, &run.stderr)).unwrap_or(Status::Graded)
        }
    };
    own.map(|(_, attempt)| of_build(attempt)).max().unwrap_or(Status::Graded)
}

/// The limit that ended a process.
fn limit(ended: proc::Status, stderr: &[u8]) -> Option<Status> {
    // What Rust prints before it aborts: an allocation is only told that a limit was reached.
    const REFUSED: &[u8] = b"memory allocation of ";
    match ended {
        proc::Status::TimedOut | proc::Status::Waited(_) | proc::Status::NotStarted(_) | proc::Status::Signaled(24) => {
            Some(Status::Timeout)
        }
        proc::Status::OutputLimit | proc::Status::DiskLimit | proc::Status::Signaled(25) => Some(Status::OutputLimit),
        proc::Status::MemoryLimit => Some(Status::Oom),
        proc::Status::Signaled(6) => stderr.windows(REFUSED.len()).any(|words| words == REFUSED).then_some(Status::Oom),
        proc::Status::Exited(_) | proc::Status::Signaled(_) => None,
    }
}

/// The most characters of a message that are kept: a compiler can be made to print much more than anyone reads.
const LONGEST: usize = 20_000;

/// Problems of a goal that are kept.
const MOST: usize = 50;

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}\n({} more characters)", &text[..end], text[end..].chars().count()),
        None => text,
    }
}

fn goal(exercise: &Exercise, outcome: &Outcome, clean: &impl Fn(&str) -> String) -> Goal {
    Goal {
        id: outcome.id.clone(),
        text: outcome.text.clone(),
        verdict: outcome.verdict,
        points: outcome.points,
        points_max: outcome.points_max,
        problems: outcome.diagnostics.iter().take(MOST).map(|problem| told(exercise, problem, clean)).collect(),
        waits_for: outcome.waits_for.clone(),
    }
}

fn told(exercise: &Exercise, problem: &Diagnostic, clean: &impl Fn(&str) -> String) -> Problem {
    let file = problem.place.as_ref().map(|place| {
        let own = place.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let edited = exercise.edits().find(|path| place.file.ends_with(path));
        edited.map_or(own, str::to_owned)
    });
    Problem {
        code: problem.code.name().to_owned(),
        message: shortened(clean(&problem.message)),
        file,
        line: problem.place.as_ref().and_then(|place| place.line),
        help: problem.help.as_deref().map(clean).map(shortened),
    }
}

/// What a result depends on, except the student: equal keys have equal results.
pub(crate) fn key(course: &Course<'_>, submission: &Submission) -> String {
    let mut parts: Vec<&[u8]> = vec![course.digest.as_bytes(), course.exercise.id.as_bytes()];
    for (path, content) in &submission.files {
        parts.extend([path.as_bytes(), content.as_slice()]);
    }
    parts.push(submission.rejected.as_deref().unwrap_or_default().as_bytes());
    // Not this program's own file: the key, and with it the hidden inputs, must be the same on another machine.
    store::digest(&parts)
}
