//! Judges an exercise: turns what is known about it into one outcome for each goal. Nothing here reads a file or starts a
//! process, so every verdict can be tested on literal data. One file for each kind of goal.

mod advice;
pub(crate) mod answer;
mod binary;
mod budget;
pub mod data;
mod dependencies;
mod image;
mod output;
mod panic;
mod profile;
mod shell;
mod size;
mod speed;
#[cfg(test)]
mod tests;
mod told;

pub use data::Data;
pub(crate) use told::told_once;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::evidence::{Attempt, Evidence};
use crate::exercise::answers::Answers;
use crate::exercise::build_std::BuildStd;
use crate::exercise::containerfile::Containerfile;
use crate::exercise::containerfile::recipe::{self, Recipe};
use crate::exercise::{Check, Exercise, Goal, Linking, Tree, kinds};
use crate::learner_manifest::{Manifest, list};
use base::diagnostic::Source;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use weigh::cargo;

/// Whether a goal is met, as far as that could be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It is met.
    Pass,
    /// It is not met.
    Fail,
    /// It could not be judged.
    Skip,
}

/// What became of one goal.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The goal's name in exercise.toml.
    pub id: String,
    /// What is reached when it is met.
    pub text: String,
    /// Whether it is met, if that could be judged.
    pub verdict: Verdict,
    /// The points that it brings now.
    pub points: u32,
    /// The points that it is worth.
    pub points_max: u32,
    /// Why it is not met.
    pub diagnostics: Vec<Diagnostic>,
    /// Why it could not be judged: what must come first.
    pub waits_for: Option<String>,
    /// What was found, for machines.
    pub data: Data,
}

impl Outcome {
    /// That of a goal that hasn't been looked at yet.
    fn not_judged(goal: &Goal) -> Self {
        Self {
            id: goal.id.get_ref().clone(),
            text: goal.text.clone(),
            verdict: Verdict::Skip,
            points: 0,
            points_max: goal.points,
            diagnostics: Vec::new(),
            waits_for: None,
            data: Data::NotJudged,
        }
    }
}

/// Everything that is known about an exercise.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The exercise.
    pub(crate) exercise: &'a Exercise,
    /// The manifest that is judged.
    pub(crate) manifest: &'a Manifest,
    /// The answers that are judged, where the exercise asks questions.
    pub(crate) answers: Option<&'a Answers>,
    /// The Containerfile that is judged, where the exercise is about one.
    pub(crate) containerfile: Option<&'a Containerfile>,
    /// The saved baseline of the size budget, where a goal is about one; no text where there is no such file.
    pub(crate) baseline: Option<&'a Source>,
    /// The settings of std that are judged, by their file, where learners decide how it is compiled.
    pub(crate) std: &'a BTreeMap<String, BuildStd>,
    /// Files that were changed and should not have been.
    pub(crate) changed: &'a [Diagnostic],
    /// What the manifest asks Cargo to take in, and the exercise does not allow.
    pub(crate) not_allowed: &'a [Diagnostic],
    /// What is set aside, so that it wins over nothing: a warning for each.
    pub(crate) aside: &'a [Diagnostic],
    /// The learner's own files, on the machine that they work on.
    pub(crate) own: bool,
    /// What one setting alone was worth in the committed measurement, for advice.
    pub(crate) worth: &'a [Worth],
    /// The builds; `None` before anything is built.
    pub(crate) evidence: Option<&'a Evidence>,
}

/// What one setting alone was worth for a program, on top of the default release profile.
#[derive(Clone, Debug)]
pub(crate) struct Worth {
    /// The setting.
    pub(crate) key: String,
    /// Its value, as it would be written.
    pub(crate) value: String,
    /// Bytes of the default release build.
    pub(crate) before: u64,
    /// Bytes with the setting.
    pub(crate) after: u64,
    /// The one who measured that, as the end of a sentence.
    pub(crate) source: &'static str,
}

/// The verdict on an exercise.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// One for each goal, in their order.
    pub outcomes: Vec<Outcome>,
    /// What belongs to no goal.
    pub diagnostics: Vec<Diagnostic>,
}

impl Judgement {
    /// Pass if every goal is met.
    pub fn verdict(&self) -> Verdict {
        if self.outcomes.iter().all(|outcome| outcome.verdict == Verdict::Pass) { Verdict::Pass } else { Verdict::Fail }
    }

    /// The points of the goals that are met.
    pub fn points(&self) -> u32 {
        self.outcomes.iter().map(|outcome| outcome.points).sum()
    }

    /// Every problem, with the goals' problems first.
    pub fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.outcomes.iter().flat_map(|outcome| &outcome.diagnostics).chain(&self.diagnostics)
    }

    /// The codes of all errors.
    pub fn codes(&self) -> std::collections::BTreeSet<Code> {
        let errors = self.all_diagnostics().filter(|problem| problem.severity == Severity::Error);
        errors.map(|problem| problem.code).collect()
    }
}

/// What a kind of goal finds.
enum Finding {
    /// It is met.
    Met(Data),
    /// It is not met.
    NotMet(Vec<Diagnostic>, Data),
    /// A build must come first.
    NeedsBuild,
    /// It could not be judged here: what that needs.
    Unknown(String),
}

impl Case<'_> {
    /// The file to name where the whole program is at fault: the manifest, or the first file that learners change in an
    /// exercise that leaves the manifest alone.
    fn at_fault(&self) -> PathBuf {
        let manifest = &self.manifest.source.file;
        let mut edits = self.exercise.edits().filter(|path| *path != "answers.toml").peekable();
        match edits.peek().copied() {
            Some(first) if edits.all(|path| path != "Cargo.toml") => manifest.with_file_name(first),
            _ => manifest.clone(),
        }
    }

    /// The file that is to be changed and makes the program do what it does.
    fn source(&self) -> PathBuf {
        let source = self.exercise.edits().find(|path| path.ends_with(".rs"));
        source.map_or_else(|| self.at_fault(), |path| self.manifest.source.file.with_file_name(path))
    }

    /// The settings of std by which a build of the learner's files is made, where there is something wrong with them.
    fn refused_std(&self, build: &str) -> Option<&BuildStd> {
        let build = self.exercise.build(build);
        let file = build.std.as_ref().filter(|_| build.tree == Tree::Learner)?;
        self.std.get(file.get_ref()).filter(|std| !std.problems.is_empty())
    }

    /// How the Containerfile builds the program, where it decides how this build is made.
    fn made_by(&self, build: &str) -> Option<(&Containerfile, recipe::Build)> {
        let file = self.containerfile.filter(|_| self.exercise.build(build).linking == Linking::Containerfile)?;
        Some((file, Recipe::of(file).build?))
    }
}

/// Why nothing is to be built, if so: the manifest, or a file that was changed and should not have been.
fn blocked(case: &Case<'_>) -> Option<String> {
    let manifest = case.manifest.is_refused().then(|| "a Cargo.toml that Cargo accepts".to_owned());
    let changed = case.changed.iter().any(|problem| problem.severity == Severity::Error);
    manifest.or_else(|| changed.then(|| "the course's own files, unchanged".to_owned()))
}

/// The builds that are still needed for a verdict, once everything is judged that needs none.
pub(crate) fn wanted_builds(case: &Case<'_>) -> std::collections::BTreeSet<String> {
    if blocked(case).is_some() {
        return std::collections::BTreeSet::new();
    }
    let judged = judge(&Case { evidence: None, ..*case });
    let mut wanted = std::collections::BTreeSet::new();
    // What a goal would judge is not built when it has failed already, or one that it needs, or one that that one needs.
    let mut hopeless: Vec<&str> = Vec::new();
    for goal in &case.exercise.data.goal {
        let id = goal.id.get_ref().as_str();
        let failed = judged.outcomes.iter().any(|outcome| outcome.id == id && outcome.verdict == Verdict::Fail);
        let is_refused = goal.check.builds().iter().any(|build| case.refused_std(build.get_ref()).is_some());
        if failed || is_refused || goal.needs.iter().any(|needed| hopeless.contains(&needed.get_ref().as_str())) {
            hopeless.push(id);
        } else {
            wanted.extend(goal.check.builds().iter().map(|build| build.get_ref().clone()));
            if let Check::Profile(kinds::Profile { profile, .. }) = &goal.check {
                wanted.extend(profile::proof(case.exercise, profile).map(str::to_owned));
            }
        }
    }
    wanted
}

/// What is said of an exercise that can't be judged on this machine: every goal is skipped, for the same reason.
pub fn skipped(exercise: &Exercise, why: &str) -> Judgement {
    let outcome = |goal: &Goal| Outcome { waits_for: Some(why.to_owned()), ..Outcome::not_judged(goal) };
    Judgement { outcomes: exercise.data.goal.iter().map(outcome).collect(), diagnostics: Vec::new() }
}

/// Judges every goal. Without evidence the goals that need builds are skipped.
pub fn judge(case: &Case<'_>) -> Judgement {
    let mut outcomes: Vec<Outcome> = Vec::new();
    let mut lints: Vec<&Diagnostic> = case.manifest.problems.iter().collect();
    let mut failed_builds: Vec<(String, String)> = Vec::new();
    for goal in &case.exercise.data.goal {
        let mut outcome = Outcome::not_judged(goal);
        let unmet = |id: &str| outcomes.iter().any(|other: &Outcome| other.id == id && other.verdict != Verdict::Pass);
        let needed = goal.needs.iter().find(|needed| unmet(needed.get_ref()));
        match needed {
            Some(needed) => match open(case, goal) {
                Some((problems, data)) => {
                    (outcome.verdict, outcome.diagnostics, outcome.data) = (Verdict::Fail, problems, data);
                }
                None => outcome.waits_for = Some(format!("the goal `{}`", needed.get_ref())),
            },
            None => match judge_goal(case, goal, &outcomes, &mut lints, &mut failed_builds) {
                Ok(Finding::Met(data)) => {
                    (outcome.verdict, outcome.points, outcome.data) = (Verdict::Pass, goal.points, data);
                }
                Ok(Finding::NotMet(diagnostics, data)) => {
                    (outcome.verdict, outcome.diagnostics, outcome.data) = (Verdict::Fail, diagnostics, data);
                }
                Ok(Finding::NeedsBuild) => {
                    outcome.waits_for = Some(blocked(case).unwrap_or_else(|| "its builds".to_owned()));
                }
                Ok(Finding::Unknown(waits_for)) | Err(waits_for) => outcome.waits_for = Some(waits_for),
            },
        }
        outcomes.push(outcome);
    }
    let mut diagnostics: Vec<Diagnostic> = lints.into_iter().cloned().collect();
    // What no goal requires is worth a mention, no more, as long as Cargo builds it.
    diagnostics.iter_mut().filter(|problem| !problem.refused).for_each(|problem| problem.severity = Severity::Warning);
    diagnostics.extend(case.changed.iter().cloned());
    // Most often a goal is about it; if not, it is an error all the same.
    let is_judged = |goal: &Goal| matches!(goal.check, Check::Dependencies(_));
    if !case.exercise.data.goal.iter().any(is_judged) {
        diagnostics.extend(case.not_allowed.iter().cloned());
    }
    diagnostics.extend(case.answers.iter().flat_map(|answers| answers.unread(case.exercise)));
    diagnostics.extend(warnings(case));
    diagnostics.extend(case.aside.iter().cloned());
    diagnostics.extend(case.evidence.iter().flat_map(|evidence| evidence.aside.clone()));
    Judgement { outcomes, diagnostics }
}

/// What is wrong with a prediction whatever is built: there is none, or its form isn't understood. It is asked for before there
/// is anything that it could be held to, so this doesn't wait for the goals that its goal needs.
fn open(case: &Case<'_>, goal: &Goal) -> Option<(Vec<Diagnostic>, Data)> {
    let Check::Answer(spec @ kinds::Answer { truth: kinds::Truth::Saved(_), .. }) = &goal.check else { return None };
    let answers = case.answers?;
    match answer::judge(&Case { evidence: None, ..*case }, answers, goal.id.get_ref(), spec) {
        Finding::NotMet(problems, data) => Some((problems, data)),
        _ => None,
    }
}

fn judge_goal<'a>(
    case: &Case<'a>,
    goal: &Goal,
    outcomes: &[Outcome],
    lints: &mut Vec<&'a Diagnostic>,
    failed_builds: &mut Vec<(String, String)>,
) -> Result<Finding, String> {
    // What the manifest itself says comes before what a build made of the rest of it.
    if let Check::Dependencies(spec) = &goal.check
        && !case.not_allowed.is_empty()
    {
        return Ok(dependencies::judge(case, spec));
    }
    for build in goal.check.builds() {
        let Some(std) = case.refused_std(build.get_ref()) else { continue };
        if let Some((_, by)) = failed_builds.iter().find(|(name, _)| name == build.get_ref()) {
            return Err(format!("the goal `{by}`, whose settings for std were rejected"));
        }
        failed_builds.push((build.get_ref().clone(), goal.id.get_ref().clone()));
        return Ok(Finding::NotMet(std.problems.clone(), Data::Nothing));
    }
    // A build that failed is one goal's failure; the others wait for that one.
    if let Some(evidence) = case.evidence {
        for build in goal.check.builds() {
            if let Some((_, by)) = failed_builds.iter().find(|(name, _)| name == build.get_ref()) {
                return Err(format!("the goal `{by}`, whose build failed"));
            }
            if let Some(Attempt::Failed(problem)) = evidence.builds.get(build.get_ref()) {
                // It is built with dependencies that the program may not be written for.
                if let Some(by) = advice::refused_by(case)
                    && case.exercise.build(build.get_ref()).tree == Tree::Learner
                {
                    return Err(format!(
                        "the goal `{by}`, because one of your dependencies isn't allowed, and the program doesn't build with the course's"
                    ));
                }
                failed_builds.push((build.get_ref().clone(), goal.id.get_ref().clone()));
                return Ok(Finding::NotMet(vec![(**problem).clone()], Data::Nothing));
            }
        }
    }
    let finding = match &goal.check {
        Check::Profile(spec) => profile::judge(case, spec, lints),
        Check::Answer(spec) => match case.answers {
            Some(answers) => answer::judge(case, answers, goal.id.get_ref(), spec),
            None => Finding::NeedsBuild,
        },
        Check::Output(spec) => output::judge(case, goal.id.get_ref(), spec),
        Check::Size(spec) => size::judge(case, spec, outcomes),
        Check::Speed(spec) => speed::judge(case, goal.id.get_ref(), spec),
        Check::Warnings(spec) => judge_warnings(case, spec),
        Check::Binary(spec) => binary::judge(case, spec),
        Check::SameCode(spec) => binary::judge_same_code(case, spec),
        Check::Panic(spec) => panic::judge(case, goal.id.get_ref(), spec),
        Check::Dependencies(spec) => dependencies::judge(case, spec),
        Check::Image(spec) => match case.containerfile {
            Some(file) => image::judge(case, file, spec),
            None => Finding::NeedsBuild,
        },
        Check::Budget(spec) => budget::judge(case, spec),
    };
    Ok(finding)
}

fn judge_warnings(case: &Case<'_>, kinds::Warnings { build }: &kinds::Warnings) -> Finding {
    let Some(built) = case.evidence.and_then(|evidence| evidence.built(build.get_ref())) else {
        return Finding::NeedsBuild;
    };
    // What a rule has named, with its line and what to write, is not told a second time in Cargo's words.
    let unused = |text: &str| Some(text.split_once("unused manifest key: ")?.1.lines().next()?.trim().to_owned());
    let is_named = |key: &str| {
        let last = key.rsplit('.').next().unwrap_or(key);
        let words = |text: &str| text.split(['`', '[', ']', '.']).any(|word| word == last);
        case.manifest.problems.iter().any(|problem| words(&problem.message))
    };
    let (named, others): (Vec<&String>, Vec<&String>) =
        built.warnings.iter().partition(|text| unused(text).is_some_and(|key| is_named(&key)));
    let mut problems: Vec<_> = others.into_iter().map(|text| warning(case, text, Severity::Error)).collect();
    if !named.is_empty() {
        let keys: Vec<String> = named.iter().filter_map(|text| unused(text)).collect();
        let message = format!("Cargo also warned about the problem above: unused manifest key {}", list(&keys));
        let problem = Diagnostic::new(Code::BuildWarning, message).in_file(&case.manifest.source.file);
        problems.push(problem.help("fix these lines, and Cargo stops warning"));
    }
    let data = Data::Warnings(built.warnings.clone());
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

fn warning(case: &Case<'_>, text: &str, severity: Severity) -> Diagnostic {
    let problem = Diagnostic::new(Code::BuildWarning, format!("the build printed a warning:\n{text}"));
    let problem = problem.severity(severity);
    let manifest = &case.manifest.source.file;
    match cargo::first_place(text) {
        Some((file, line, column)) => problem.in_line(manifest.with_file_name(file), line, column),
        None => problem.in_file(manifest),
    }
}

/// What Cargo and rustc said about the learner's builds, each thing once, and not what a goal or a rule said better.
fn warnings(case: &Case<'_>) -> Vec<Diagnostic> {
    let judged = |name: &str| {
        let goals = case.exercise.data.goal.iter();
        goals.into_iter().any(|goal| matches!(&goal.check, Check::Warnings(spec) if spec.build.get_ref() == name))
    };
    let mut texts: Vec<&String> = Vec::new();
    for (name, attempt) in case.evidence.iter().flat_map(|evidence| &evidence.builds) {
        if let Attempt::Built(built) = attempt
            && case.exercise.build(name).tree == Tree::Learner
            && !judged(name)
        {
            let own = built.warnings.iter().filter(|text| {
                let by_rule = text.contains("unused manifest key") && !case.manifest.problems.is_empty();
                !by_rule && !texts.contains(text)
            });
            let own: Vec<_> = own.collect();
            texts.extend(own);
        }
    }
    texts.into_iter().map(|text| warning(case, text, Severity::Warning)).collect()
}
