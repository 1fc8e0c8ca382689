//! Runs a build on the inputs of each goal.

use super::{Bench, Place};
use crate::evidence::{inputs_of, limits};
use crate::exercise::inputs;
use crate::exercise::kinds::{Answer, Caller, Check, Panic, Truth};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::proc::Status;
use base::proc::sandbox::Sandbox;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use weigh::measure::{self, Run, Start, Took};
use weigh::surroundings;

/// The runs of each goal, and the path with the name that a goal starts the program under.
pub(crate) type Runs = (BTreeMap<String, Vec<Run>>, BTreeMap<String, PathBuf>);

impl Bench<'_> {
    /// What a build is run with, by goal.
    pub(crate) fn jobs(&self, name: &str) -> BTreeMap<String, Vec<inputs::Input>> {
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
                    for input in &mut inputs {
                        if is_judged {
                            let first = output.first.iter().map(|word| word.clone().into_bytes());
                            input.args.splice(..0, first);
                        } else {
                            // The program that does the right thing has its own name.
                            input.called = None;
                        }
                    }
                    inputs
                }
                Check::Panic(Panic { args, stdin, .. })
                | Check::Answer(Answer { truth: Truth::Caller(Caller { args, stdin, .. }), .. }) => {
                    vec![inputs::Input::from(&inputs::Fixed { args: args.clone(), stdin: stdin.clone(), lines: 0 })]
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
    pub(crate) fn run(&self, name: &str, executable: &Path, place: &Place) -> Result<Runs> {
        let (mut runs, mut names) = Runs::default();
        let (mut spent, most) = (Duration::ZERO, limits(self.exercise()).together());
        for (goal, inputs) in self.jobs(name) {
            let mut finished = Vec::new();
            for input in &inputs {
                if spent > most && self.request.grading.is_some() && !self.is_of_the_course(name) {
                    // A program that is a little slow each time would hold up a worker once for each input.
                    let status = Status::NotStarted(u32::try_from(spent.as_secs()).unwrap_or(u32::MAX));
                    finished.push(Run { status, stdout: Vec::new(), stderr: Vec::new() });
                    break;
                }
                let program = self.named(executable, input)?;
                if input.called.is_some() {
                    let place = self.run_box().is_none().then(|| self.called().join("name"));
                    names.insert(goal.clone(), place.unwrap_or_else(|| program.clone()));
                }
                let (mut run, took) = self.once(&program, input, place)?;
                spent += took.spent;
                if self.is_of_the_course(name) && self.request.grading.is_some() && is_crash(run.status) {
                    // By design, or because the machine had no memory left? What is by design happens again.
                    let (second, _) = self.once(&program, input, place)?;
                    if (second.status, &second.stdout) != (run.status, &run.stdout) {
                        (run, _) = self.once(&program, input, place)?;
                    }
                    if (second.status, &second.stdout) != (run.status, &run.stdout) {
                        bail!(
                            Failure::new(
                                Exit::Environment,
                                format!("the course's own `{name}` program ends differently from run to run")
                            )
                            .help("is there enough memory? close other programs, or grade with fewer `--jobs`")
                        );
                    }
                }
                // A program that never ends would take its time once for each input.
                let is_decided = !matches!(run.status, Status::Exited(_) | Status::Signaled(_));
                finished.push(run);
                if is_decided {
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
    pub(crate) fn one(
        &self,
        name: &str,
        executable: &Path,
        place: &Place,
        goal: &str,
        input: usize,
    ) -> Result<Option<Run>> {
        let jobs = self.jobs(name);
        let Some(input) = jobs.get(goal).and_then(|inputs| inputs.get(input)) else { return Ok(None) };
        self.once(&self.named(executable, input)?, input, place).map(|(run, _)| Some(run))
    }

    /// The program under the name that an input starts it under. In a box it has the name without a separate file.
    fn named(&self, executable: &Path, input: &inputs::Input) -> Result<PathBuf> {
        match &input.called {
            Some(called) if self.run_box().is_none() => install(executable, &self.called(), &called.file()),
            _ => Ok(executable.to_owned()),
        }
    }

    /// The folder in which a program gets other names.
    fn called(&self) -> PathBuf {
        self.base.join(format!("{}-called", self.whose()))
    }

    fn run_box(&self) -> Option<&Arc<Sandbox>> {
        self.request.grading.and_then(|grading| Some(&grading.boxes.as_ref()?.1))
    }

    /// What a program finds in its environment. A box has its own.
    pub(crate) fn run_env(&self) -> BTreeMap<OsString, Option<OsString>> {
        if self.run_box().is_some() { BTreeMap::new() } else { surroundings::of_runs() }
    }

    fn once(&self, program: &Path, input: &inputs::Input, place: &Place) -> Result<(Run, Took)> {
        let args: Vec<OsString> = input.args.iter().map(|arg| text(arg)).collect();
        let start = Start {
            args: &args,
            stdin: &input.stdin.bytes(),
            input: input.stdin.source(),
            output: input.stdout,
            called: input.called.as_ref().map(|called| called.name.as_str()),
            argv0: input.called.as_ref().and_then(|called| called.argv0.as_deref()),
            no_variables: input.no_variables,
        };
        let limits = limits(self.exercise());
        measure::run_in(self.run_box(), &start, program, &place.folder, &self.run_env(), limits).map_err(|error| {
            Failure::new(Exit::Environment, format!("{error:#}"))
                .help("is it built for a different machine? look for `build.target` in Cargo's configuration files")
                .into()
        })
    }
}

/// Whether a program has crashed, which the course's own may do by design: by a panic, or by a signal.
fn is_crash(status: Status) -> bool {
    matches!(status, Status::Exited(101) | Status::Signaled(_))
}

/// An argument. Where the system takes only text, all inputs are text.
fn text(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec());
    #[cfg(not(unix))]
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// Gives a program a different name, as a package does that installs one program under several: by a link, where every user
/// may make one.
fn install(executable: &Path, folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    let failed = || format!("can't create {}", path.display());
    fs::create_dir_all(path.parent().unwrap_or(folder)).with_context(failed)?;
    if fs::symlink_metadata(&path).is_ok() {
        fs::remove_file(&path).with_context(failed)?;
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink(executable, &path).with_context(failed)?;
    #[cfg(not(unix))]
    fs::copy(executable, &path).with_context(failed)?;
    Ok(path)
}
