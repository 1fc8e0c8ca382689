//! Runs a build on the inputs of each goal.

use super::{Bench, Place};
use crate::evidence::{inputs_of, limits};
use crate::exercise::inputs;
use crate::exercise::kinds::{Answer, Caller, Check, Panic, Truth};
use crate::exit::{Exit, Failure};
use crate::measure::{self, Run};
use crate::proc::Status;
use crate::proc::sandbox::Sandbox;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The runs of each goal, and where the program has the name that a goal starts it under.
pub type Runs = (BTreeMap<String, Vec<Run>>, BTreeMap<String, PathBuf>);

/// What a build is run with for one goal.
#[derive(Debug)]
pub struct Job {
    inputs: Vec<inputs::Input>,
    /// The name that the program is started under, if not its own.
    called: Option<String>,
}

impl Bench<'_> {
    /// What a build is run with, by goal.
    pub fn jobs(&self, name: &str) -> BTreeMap<String, Job> {
        let mut jobs = BTreeMap::new();
        let hidden = self.request.grading.map(|grading| grading.hidden.as_str());
        for goal in &self.exercise().data.goal {
            if !goal.check.builds().iter().any(|build| build.get_ref() == name) {
                continue;
            }
            let id = goal.id.get_ref();
            let job = match &goal.check {
                Check::Output(output) => {
                    let mut inputs = inputs_of(self.exercise(), id, output, hidden);
                    let is_judged = output.build.get_ref() == name;
                    if is_judged {
                        inputs.iter_mut().for_each(|input| drop(input.args.splice(..0, output.first.iter().cloned())));
                    }
                    let called = output.called.as_ref().filter(|_| is_judged);
                    Job { inputs, called: called.map(|called| called.get_ref().clone()) }
                }
                Check::Panic(Panic { args, stdin, .. })
                | Check::Answer(Answer { truth: Truth::Caller(Caller { args, stdin, .. }), .. }) => {
                    let input = inputs::Input { args: args.clone(), stdin: stdin.clone() };
                    Job { inputs: vec![input], called: None }
                }
                _ => continue,
            };
            jobs.insert(id.clone(), job);
        }
        jobs
    }

    /// Runs a build for each goal.
    ///
    /// # Errors
    /// When it cannot be started, or the machine has ended one of the course's own runs.
    pub fn run(&self, name: &str, executable: &Path, place: &Place) -> Result<Runs> {
        let (mut runs, mut names) = Runs::default();
        for (goal, job) in self.jobs(name) {
            let program = self.named(executable, &job)?;
            if job.called.is_some() {
                names.insert(goal.clone(), program.clone());
            }
            let mut finished = Vec::new();
            for input in &job.inputs {
                let mut run = self.once(&program, &job, input, place)?;
                if self.is_of_the_course(name) && self.request.grading.is_some() && is_crash(run.status) {
                    // By design, or because the machine had no memory left? What is by design happens again.
                    let second = self.once(&program, &job, input, place)?;
                    if (second.status, &second.stdout) != (run.status, &run.stdout) {
                        run = self.once(&program, &job, input, place)?;
                    }
                    if (second.status, &second.stdout) != (run.status, &run.stdout) {
                        bail!(
                            Failure::new(
                                Exit::Environment,
                                format!("the course's own program of `{name}` ends differently from run to run")
                            )
                            .help("is there enough memory? close other programs, or grade with fewer `--jobs`")
                        );
                    }
                }
                // Whoever hands in a program that never ends shall not hold the others up once for each input.
                let is_decided = !matches!(run.status, Status::Exited(_) | Status::Signaled(_));
                finished.push(run);
                if is_decided && self.request.grading.is_some() {
                    break;
                }
            }
            runs.insert(goal, finished);
        }
        Ok((runs, names))
    }

    /// Runs a build on one input of a goal; none if there is no such input.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn one(&self, name: &str, executable: &Path, place: &Place, goal: &str, input: usize) -> Result<Option<Run>> {
        let jobs = self.jobs(name);
        let Some(job) = jobs.get(goal) else { return Ok(None) };
        let Some(input) = job.inputs.get(input) else { return Ok(None) };
        self.once(&self.named(executable, job)?, job, input, place).map(Some)
    }

    /// The program under the name that a goal starts it under. In a box it has the name without a file of its own.
    fn named(&self, executable: &Path, job: &Job) -> Result<PathBuf> {
        match &job.called {
            Some(called) if self.run_box().is_none() => {
                install(executable, &self.base.join(format!("{}-called", self.whose())), called)
            }
            _ => Ok(executable.to_owned()),
        }
    }

    fn run_box(&self) -> Option<&Arc<Sandbox>> {
        self.request.grading.and_then(|grading| Some(&grading.boxes.as_ref()?.1))
    }

    fn once(&self, program: &Path, job: &Job, input: &inputs::Input, place: &Place) -> Result<Run> {
        let (called, env) = (job.called.as_deref(), &place.cargo.env);
        let limits = limits(self.exercise());
        measure::run_in(self.run_box(), called, program, &input.args, &input.stdin, &place.folder, env, limits).map_err(
            |error| {
                Failure::new(Exit::Environment, format!("{error:#}"))
                    .help("is it built for another machine? look for `build.target` in Cargo's configuration files")
                    .into()
            },
        )
    }
}

/// Whether a program has crashed, which one of the course's own may do by design: by a panic, or by a signal.
fn is_crash(status: Status) -> bool {
    matches!(status, Status::Exited(101) | Status::Signaled(_))
}

/// Gives a program another name, as a package does that installs one program under several: by a link, where everybody
/// may make one.
fn install(executable: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let failed = || format!("cannot make {}", path.display());
    fs::create_dir_all(folder).with_context(failed)?;
    if fs::symlink_metadata(&path).is_ok() {
        fs::remove_file(&path).with_context(failed)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(executable, &path).with_context(failed)?;
    #[cfg(not(unix))]
    fs::copy(executable, &path).with_context(failed)?;
    Ok(path)
}
