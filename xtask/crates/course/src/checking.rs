//! A check from end to end: reads the files, reports what they alone show, builds, runs, measures, judges. Everything
//! that needs a verdict calls this, so no two verdicts can disagree.

use crate::check::{self, Case, Judgement, Worth};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{self, Attempt, Edits, Evidence, Grading, Request, Watcher, Whose};
use crate::exercise::answers::Answers;
use crate::exercise::build_std::BuildStd;
use crate::exercise::containerfile::{Containerfile, context::Context};
use crate::exercise::{self, CONTAINERFILE, Exercise, Tree};
use crate::learner_manifest::effective::{self, Origin};
use crate::learner_manifest::{Manifest, allowed, member};
use anyhow::Result;
use base::diagnostic::Source;
use base::files;
use base::numbers::thousands;
use base::output::{self, Progress};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use weigh::committed;
use weigh::inspect::whatif;
use weigh::profiles::{SETTINGS, canonical};

/// The largest saved baseline, in bytes. A small program's is a hundredth of it.
const LARGEST_BASELINE: u64 = 8 << 20;

/// How a check shows what it is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voice {
    /// Not at all.
    Silent,
    /// With a bar, where there is a terminal.
    Terminal,
    /// In lines that are never redrawn.
    Lines,
}

/// A verdict, and what it is based on.
#[derive(Debug)]
pub struct Trial {
    /// The verdict, goal by goal.
    pub judgement: Judgement,
    /// The builds, if there were any.
    pub evidence: Option<Evidence>,
}

/// Checks one exercise.
///
/// # Errors
/// When the environment or the course fails.
pub fn run(root: &Path, exercise: &Exercise, whose: &Whose, voice: Voice) -> Result<Trial> {
    judge(root, exercise, whose, voice, None)
}

/// Builds the course's own builds that learners have made guesses about but no goal needs. It is separate from the
/// check, so that no verdict waits for it or depends on it.
///
/// # Errors
/// When the environment or the course fails.
pub fn measure(root: &Path, exercise: &Exercise, builds: &BTreeSet<String>, voice: Voice) -> Result<Evidence> {
    let whose = &Whose::Learner;
    let Files { manifest, aside, .. } = &Files::read(exercise, whose);
    let request = Request { root, exercise, whose, manifest, aside, builds, grading: None };
    evidence::collect(&request, &Bar::new(builds.len(), voice))
}

/// The same where a class is graded.
///
/// # Errors
/// When the environment or the course fails.
pub fn measure_for_a_class(
    root: &Path,
    exercise: &Exercise,
    builds: &BTreeSet<String>,
    grading: &Grading,
) -> Result<Evidence> {
    let whose = &Whose::Other("submission".to_owned(), evidence::starter_files(exercise)?);
    let Files { manifest, aside, .. } = &Files::of_a_submission(exercise, whose);
    let request = Request { root, exercise, whose, manifest, aside, builds, grading: Some(grading) };
    evidence::collect(&request, &Bar::new(builds.len(), Voice::Silent))
}

/// Checks untrusted files, in the same way. What is in the exercise's folder and around it doesn't matter.
///
/// # Errors
/// When the environment or the course fails.
pub fn grade(root: &Path, exercise: &Exercise, files: Edits, grading: &Grading) -> Result<Trial> {
    judge(root, exercise, &Whose::Other("submission".to_owned(), files), Voice::Silent, Some(grading))
}

/// What was built from an untrusted submission, to be run again.
#[derive(Clone, Copy)]
pub struct Programs<'a> {
    /// What the first trial found about the builds.
    pub first: &'a Evidence,
    /// The folder with the copies of their executables.
    pub folder: &'a Path,
}

impl Programs<'_> {
    /// Runs everything that a trial has built again, and judges the results.
    ///
    /// # Errors
    /// When the environment or the course fails.
    pub fn again(self, root: &Path, exercise: &Exercise, files: Edits, grading: &Grading) -> Result<Trial> {
        self.request(root, exercise, files, grading, |files, request| {
            let evidence = evidence::again(request, self.first, self.folder)?;
            let case = Case { evidence: Some(&evidence), ..files.case(exercise) };
            let judgement = judgement(root, &case);
            Ok(Trial { judgement, evidence: Some(evidence) })
        })
    }

    /// Whether one input of a goal ends as it did.
    ///
    /// # Errors
    /// When the environment or the course fails.
    pub fn is_same(
        self,
        root: &Path,
        exercise: &Exercise,
        files: Edits,
        grading: &Grading,
        (goal, input): (&str, usize),
    ) -> Result<bool> {
        self.request(root, exercise, files, grading, |_, request| {
            evidence::is_same(request, self.first, self.folder, goal, input)
        })
    }

    fn request<T>(
        self,
        root: &Path,
        exercise: &Exercise,
        files: Edits,
        grading: &Grading,
        work: impl FnOnce(&Files, &Request<'_>) -> Result<T>,
    ) -> Result<T> {
        let whose = &Whose::Other("submission".to_owned(), files);
        let files = Files::of_a_submission(exercise, whose);
        let builds = &self.first.builds.keys().cloned().collect();
        let Files { manifest, aside, .. } = &files;
        work(&files, &Request { root, exercise, whose, manifest, aside, builds, grading: Some(grading) })
    }
}

/// Reports what surrounds an exercise and is set aside, where no check does.
pub fn say_aside(exercise: &Exercise) {
    let Files { aside, .. } = Files::read(exercise, &Whose::Learner);
    let diagnostics = aside.into_iter().filter(Diagnostic::is_aside).collect();
    Said { aloud: true, seen: BTreeSet::new() }.problems(&Judgement { outcomes: Vec::new(), diagnostics });
}

/// Whether a goal fails because of the files alone, so that no build could change the verdict.
pub fn is_lost(exercise: &Exercise, whose: &Whose) -> bool {
    let files = Files::read(exercise, whose);
    let judgement = check::judge(&files.case(exercise));
    judgement.outcomes.iter().any(|outcome| outcome.verdict == check::Verdict::Fail)
}

fn judge(root: &Path, exercise: &Exercise, whose: &Whose, voice: Voice, grading: Option<&Grading>) -> Result<Trial> {
    let files = match grading {
        None => Files::read(exercise, whose),
        Some(_) => Files::of_a_submission(exercise, whose),
    };
    let case = Case { own: *whose == Whose::Learner, ..files.case(exercise) };
    let mut said = Said { aloud: voice != Voice::Silent, seen: BTreeSet::new() };
    said.problems(&check::judge(&case));
    let builds = check::wanted_builds(&case);
    let evidence = if builds.is_empty() {
        None
    } else {
        let bar = Bar::new(builds.len(), voice);
        let Files { manifest, aside, .. } = &files;
        let request = Request { root, exercise, whose, manifest, aside, builds: &builds, grading };
        Some(evidence::collect(&request, &bar)?)
    };
    let case = Case { evidence: evidence.as_ref(), ..case };
    let judgement = judgement(root, &case);
    said.problems(&judgement);
    Ok(Trial { judgement, evidence })
}

/// The verdict, with advice on what each setting saves where a size is the problem.
fn judgement(root: &Path, case: &Case<'_>) -> Judgement {
    let judgement = check::judge(case);
    let is_size = |problem: &Diagnostic| matches!(problem.code, Code::SizeNotSmallEnough | Code::SizeGrew);
    match case.evidence.filter(|_| judgement.all_diagnostics().any(is_size)) {
        Some(evidence) => {
            let worth = worth(root, evidence, &case.exercise.data.package);
            check::judge(&Case { worth: &worth, ..*case })
        }
        None => judgement,
    }
}

/// What an exercise's files show, before anything is built.
pub struct Files {
    /// The learner's manifest.
    pub(crate) manifest: Manifest,
    /// Their answers, where the exercise has questions.
    pub(crate) answers: Option<Answers>,
    /// Their Containerfile, where a goal is about one.
    pub(crate) containerfile: Option<Containerfile>,
    /// Their settings for std, by file, where a build follows some.
    pub(crate) std: BTreeMap<String, BuildStd>,
    /// The saved baseline of the size budget, where a goal is about one.
    pub(crate) baseline: Option<Source>,
    /// Files that were changed and should not have been.
    pub(crate) changed: Vec<Diagnostic>,
    /// What the manifest makes Cargo pull in, and the exercise doesn't allow.
    pub(crate) not_allowed: Vec<Diagnostic>,
    /// What a check sets aside, so that it overrides nothing: a warning for each.
    pub(crate) aside: Vec<Diagnostic>,
}

impl Files {
    /// Reads the learner's files, or other contents for those that the exercise lets the learner edit.
    pub fn read(exercise: &Exercise, whose: &Whose) -> Self {
        let of_other = |name: &str| match whose {
            Whose::Learner => None,
            Whose::Other(_, files) => {
                files.iter().find(|(path, _)| path == name).map(|(_, content)| content.as_slice())
            }
        };
        let manifest = match of_other("Cargo.toml") {
            Some(text) => Manifest::of(&exercise.manifest(), text),
            None => {
                let mut manifest = Manifest::read(&exercise.manifest());
                manifest.problems.extend(member::ignored(&manifest));
                manifest
            }
        };
        let answers = exercise.edits().any(|path| path == "answers.toml").then(|| {
            let file = exercise.folder.join("answers.toml");
            match of_other("answers.toml") {
                Some(text) => Answers::of(&file, text),
                None => Answers::read(&file),
            }
        });
        let containerfile = exercise.edits().any(|path| path == CONTAINERFILE).then(|| {
            let file = exercise.folder.join(CONTAINERFILE);
            let context = Arc::new(Context::of(exercise));
            match of_other(CONTAINERFILE) {
                Some(text) => Containerfile::of(&file, text, context),
                None => Containerfile::read(&file, context),
            }
        });
        let baseline = exercise.baseline().map(|name| {
            let file = exercise.folder.join(name);
            let text = match of_other(name) {
                Some(text) => String::from_utf8_lossy(text).into_owned(),
                // What can't be read counts as missing; a check of its text reports that.
                None => files::read_text(&file, LARGEST_BASELINE).unwrap_or_default(),
            };
            Source { file, text: text.into() }
        });
        let std = exercise.std_files().into_iter().map(|name| {
            let file = exercise.folder.join(name);
            let read = of_other(name).map_or_else(|| BuildStd::read(&file), |text| BuildStd::of(&file, text));
            (name.to_owned(), read)
        });
        let std = std.collect();
        let changed = changed_files(exercise);
        let not_allowed = not_allowed(exercise, &manifest);
        let aside = aside(exercise, whose, &manifest);
        Self { manifest, answers, containerfile, std, baseline, changed, not_allowed, aside }
    }

    /// Reads an untrusted submission. What is in the exercise's folder and around it doesn't matter.
    fn of_a_submission(exercise: &Exercise, whose: &Whose) -> Self {
        Self { changed: Vec::new(), aside: Vec::new(), ..Self::read(exercise, whose) }
    }

    /// What is known before anything is built.
    pub fn case<'a>(&'a self, exercise: &'a Exercise) -> Case<'a> {
        let Self { manifest, answers, containerfile, std, baseline, changed, not_allowed, aside } = self;
        Case {
            exercise,
            manifest,
            answers: answers.as_ref(),
            containerfile: containerfile.as_ref(),
            baseline: baseline.as_ref(),
            std,
            changed,
            not_allowed,
            aside,
            own: false,
            worth: &[],
            evidence: None,
        }
    }
}

/// What a check sets aside: what surrounds the files, and what in the learner's folder doesn't belong to them.
fn aside(exercise: &Exercise, whose: &Whose, manifest: &Manifest) -> Vec<Diagnostic> {
    let theirs = crate::theirs::overrides(&exercise.folder);
    let builds = exercise.data.build.values().filter(|build| build.tree == Tree::Learner);
    let profiles: BTreeSet<&str> = builds.map(|build| build.profile.as_str()).collect();
    let settings = || profiles.iter().flat_map(|profile| SETTINGS.map(|key| (*profile, key)));
    // The line of the manifest that has no effect on the learner's own build.
    let line = |origin: &Origin| {
        settings().find_map(|(profile, key)| {
            let now = effective::effective_under(manifest, &theirs, profile, key);
            let (_, setting) = now.asked.filter(|_| now.origin == *origin)?;
            let differs = canonical(key, &setting.value) != canonical(key, &now.value?);
            differs.then_some(setting)
        })
    };
    let outside = crate::outside::outside(&[&exercise.folder]).found.into_iter();
    let mut problems: Vec<Diagnostic> = outside
        .map(|(origin, problem)| match line(&origin).filter(|_| matches!(origin, Origin::Variable(_))) {
            Some(setting) => {
                let span = setting.key.start..setting.span.end;
                problem.at(&manifest.source, span, "overridden in your own build")
            }
            None => problem,
        })
        .collect();
    if *whose == Whose::Learner {
        // A course that is incomplete ends the check when it builds.
        let handed = evidence::handed(exercise).map(|handed| handed.problems).unwrap_or_default();
        // If a manifest can't be parsed, only that is reported, not what it has in place of the course's.
        let is_said = |problem: &Diagnostic| {
            !manifest.readable && problem.place.as_ref().is_some_and(|place| place.file == manifest.source.file)
        };
        problems.extend(handed.into_iter().filter(|problem| !is_said(problem)));
    }
    problems
}

/// What a manifest makes Cargo pull in that the exercise doesn't allow, where it lets learners choose.
fn not_allowed(exercise: &Exercise, manifest: &Manifest) -> Vec<Diagnostic> {
    let list = &exercise.data.dependency;
    // Where the file isn't TOML, only that is reported: nothing can be said about the rest.
    if list.is_empty() || !manifest.readable {
        return Vec::new();
    }
    let course = fs::read_to_string(exercise.folder.join("starter/Cargo.toml")).unwrap_or_default();
    allowed::problems(&manifest.source, list, &course)
}

/// Files that were changed although the exercise doesn't ask for it.
fn changed_files(exercise: &Exercise) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for (path, digest) in &exercise.data.pristine {
        let file = exercise.folder.join(path);
        let what = match files::content(&file) {
            Some(content) if exercise::digest(&content) == *digest => continue,
            Some(_) => "was changed",
            None => "is missing, or isn't a regular file",
        };
        let edits: Vec<&str> = exercise.edits().collect();
        let message = format!("{path} {what}; in this exercise you edit only {}", edits.join(" and "));
        let id = &exercise.id;
        let help = format!(
            "to restore it, run `cargo xtask reset {id} --course-files`, which keeps your own work, and saves a copy of the file as it is now; `cargo xtask reset {id}` restores the whole exercise"
        );
        problems.push(Diagnostic::new(Code::OtherFileChanged, message).in_file(&file).help(help));
    }
    problems
}

/// Problems are reported once, as soon as they are known.
struct Said {
    aloud: bool,
    seen: BTreeSet<String>,
}

impl Said {
    fn problems(&mut self, judgement: &Judgement) {
        if !self.aloud {
            return;
        }
        for problem in check::told_once(judgement, &mut self.seen) {
            if problem.is_aside() && !first_time(&problem.message) {
                continue;
            }
            output::message(&format!(
                "{}\n",
                problem.render(console::colors_enabled_stderr(), output::width_of_messages())
            ));
        }
    }
}

/// What surrounds all exercises is reported once, however many are checked, and however often.
fn first_time(message: &str) -> bool {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    SAID.lock().unwrap_or_else(PoisonError::into_inner).insert(message.to_owned())
}

/// The builds' progress.
struct Bar {
    progress: Option<Progress>,
    running: Mutex<Vec<String>>,
}

impl Bar {
    fn new(builds: usize, voice: Voice) -> Self {
        let progress = match voice {
            Voice::Silent => None,
            Voice::Terminal => Some(Progress::new(builds)),
            Voice::Lines => Some(Progress::lines(builds)),
        };
        Self { progress, running: Mutex::default() }
    }
}

impl Watcher for Bar {
    fn began(&self, build: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.push(build.to_owned());
        self.progress.iter().for_each(|progress| progress.running(&running));
    }

    fn ended(&self, build: &str, attempt: &Attempt) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|other| other != build);
        let how = match attempt {
            Attempt::Built(built) if built.fresh => format!("{} bytes (unchanged)", thousands(built.bytes)),
            Attempt::Built(built) => format!("{} bytes ({:.1} s)", thousands(built.bytes), built.seconds),
            Attempt::Failed(_) => "failed".to_owned(),
        };
        if let Some(progress) = &self.progress {
            progress.running(&running);
            progress.finished(&format!("built {build}: {how}"));
        }
    }
}

/// What each setting alone saved for a program of this name: from `cargo xtask what-if` on this machine, or else from
/// the committed measurement, where there is one for this compiler and target.
fn worth(root: &Path, evidence: &Evidence, package: &str) -> Vec<Worth> {
    if let Some(found) = what_if(root, package) {
        return found;
    }
    let Ok(Some(committed)) = committed::load(root, &evidence.target, &evidence.toolchain) else { return Vec::new() };
    let Some(release) = committed.find(package, "release", false) else { return Vec::new() };
    let mut found = Vec::new();
    for build in
        committed.builds.iter().filter(|build| build.program == package && !build.strip_command && build.std.is_none())
    {
        let different: Vec<_> =
            build.settings.iter().filter(|(key, value)| release.settings.get(*key) != Some(value)).collect();
        if let [(key, value)] = different.as_slice() {
            found.push(Worth {
                key: (*key).clone(),
                value: (*value).clone(),
                before: release.bytes,
                after: build.bytes,
                source: "the workshop",
            });
        }
    }
    found
}

/// What `cargo xtask what-if` has found, if it was run.
fn what_if(root: &Path, package: &str) -> Option<Vec<Worth>> {
    #[derive(Deserialize)]
    struct WhatIf {
        before_bytes: u64,
        settings: Vec<Setting>,
    }
    #[derive(Deserialize)]
    struct Setting {
        key: String,
        value: String,
        alone_bytes: u64,
    }
    let folder = evidence::target_folder(root).join("size-workshop").join("what-if").join(package);
    let WhatIf { before_bytes, settings } =
        serde_json::from_slice(&fs::read(folder.join(whatif::RESULT)).ok()?).ok()?;
    let worth = |Setting { key, value, alone_bytes }| Worth {
        key,
        value,
        before: before_bytes,
        after: alone_bytes,
        source: "`cargo xtask what-if`",
    };
    Some(settings.into_iter().map(worth).collect())
}
