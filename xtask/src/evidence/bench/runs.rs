//! Runs a build on the inputs of each goal.

use super::{Bench, Place};
use crate::evidence::{inputs_of, limits};
use crate::exercise::inputs;
use crate::exercise::kinds::{Answer, Caller, Check, Panic, Truth};
use crate::exit::{Exit, Failure};
use crate::measure::{self, Run};
use crate::proc::Status;
use anyhow::{Context as _, Result};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

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
    pub(super) fn jobs(&self, name: &str) -> BTreeMap<String, Job> {
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

    pub(super) fn run(&self, name: &str, executable: &Path, place: &Place) -> Result<Runs> {
        let limits = limits(self.exercise());
        let sandbox = self.request.grading.and_then(|grading| Some(&grading.boxes.as_ref()?.1));
        let (mut runs, mut names) = Runs::default();
        for (goal, Job { inputs, called }) in self.jobs(name) {
            let mut program = executable.to_owned();
            if let Some(called) = &called {
                // In a box it has the name without a file of its own.
                if sandbox.is_none() {
                    program = install(executable, &self.base.join(format!("{}-called", self.whose())), called)?;
                }
                names.insert(goal.clone(), program.clone());
            }
            let run = |input: &inputs::Input| {
                let (called, env) = (called.as_deref(), &place.cargo.env);
                measure::run_in(sandbox, called, &program, &input.args, &input.stdin, &place.folder, env, limits)
            };
            let mut finished = Vec::new();
            for input in &inputs {
                let run = run(input).map_err(|error| {
                    Failure::new(Exit::Environment, format!("{error:#}"))
                        .help("is it built for another machine? look for `build.target` in Cargo's configuration files")
                })?;
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
