//! Builds points with Cargo, and looks at what each one's run does.

use super::choice::Found;
use super::manifest;
use super::point::Point;
use super::search::Outcome;
use crate::builds::counter::Workload;
use crate::builds::{Bench, Fact, Variant};
use crate::cargo::Form;
use crate::inspect::tiny::{self, Tiny};
use crate::measure::{self, Limits, Run};
use crate::profiles::Profiles;
use crate::subject::Subject;
use anyhow::Result;
use base::output;
use base::proc::Status;
use object::{Object as _, ObjectSection as _};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The linker flag for packed relative relocations, as rustc takes it.
const PACK: [&str; 2] = ["-C", "link-arg=-Wl,-z,pack-relative-relocs"];

/// What a run may take.
const LIMITS: Limits = Limits { time: Duration::from_secs(20), output: 64 << 20 };

/// Everything that the builds have in common.
pub(super) struct Trial<'a> {
    subject: &'a Subject,
    bench: &'a Bench<'a>,
    release: &'a Profiles,
    run: Option<Expected>,
    packs: bool,
}

/// What the release build's run does.
struct Expected {
    workload: Workload,
    run: Run,
    /// It prints the same each time.
    is_steady: bool,
}

impl<'a> Trial<'a> {
    /// Runs the release build, and tries whether relocations can be packed here.
    ///
    /// # Errors
    /// When the release build can't be run.
    pub(super) fn new(
        subject: &'a Subject,
        bench: &'a Bench<'a>,
        workload: Option<Workload>,
        release: &'a Profiles,
    ) -> Result<Self> {
        let base = bench.base()?;
        let run = match workload {
            None => None,
            Some(workload) => {
                let first = once(&workload, &base.executable)?;
                let second = once(&workload, &base.executable)?;
                let is_steady = first.stdout == second.stdout;
                if !is_steady {
                    output::note(
                        "the run's output changes from run to run, so only exit codes are compared: a build that prints something wrong isn't noticed",
                    );
                }
                Some(Expected { workload, run: first, is_steady })
            }
        };
        Ok(Self { subject, bench, release, run, packs: can_pack(subject) })
    }

    /// The profiles whose `release` the builds begin with.
    pub(super) fn release(&self) -> &Profiles {
        self.release
    }

    /// The arguments of the run.
    pub(super) fn line(&self) -> Option<String> {
        self.run.as_ref().map(|run| run.workload.args.join(" "))
    }

    /// Whether packed relative relocations can be had.
    pub(super) fn packs(&self) -> bool {
        self.packs
    }

    /// What a configuration file has to have for packed relocations.
    pub(super) fn packing(&self) -> String {
        format!("[target.{}]\nrustflags = [\"{}\", \"{}\"]\n", self.subject.host, PACK[0], PACK[1])
    }

    /// Cargo's arguments and environment that a point needs beside its profile.
    pub(super) fn flags(&self, point: Point) -> (Vec<OsString>, Option<(OsString, OsString)>) {
        if point.packed { flags(self.subject) } else { (Vec::new(), None) }
    }

    /// Builds and runs.
    ///
    /// # Errors
    /// When Cargo or a program can't be started. A point that doesn't build is an outcome.
    pub(super) fn measure(&self, points: &[Point], jobs: Option<usize>) -> Result<Vec<Outcome>> {
        let variant = |point: &Point| {
            let (args, env) = self.flags(*point);
            Variant {
                name: point.to_string(),
                settings: manifest::on_top_of_release(self.release, &point.settings()),
                args,
                env: env.into_iter().map(|(name, value)| (name, Some(value))).collect(),
                ..Variant::default()
            }
        };
        let variants: Vec<Variant> = points.iter().map(variant).collect();
        let outcomes = self.bench.measure(&variants, jobs)?;
        points
            .iter()
            .zip(outcomes)
            .map(|(point, outcome)| match outcome {
                Err(refused) => Ok(Err(refused.reason)),
                Ok(Fact { bytes, seconds, instructions, executable, packages: _ }) => {
                    let wrong = self.wrong(&executable)?;
                    Ok(Ok(Found { point: *point, bytes, instructions, seconds, wrong }))
                }
            })
            .collect()
    }

    /// What a build's run does differently than the release build's.
    fn wrong(&self, executable: &Path) -> Result<Option<String>> {
        let Some(Expected { workload, run, is_steady }) = &self.run else { return Ok(None) };
        let got = once(workload, executable)?;
        Ok(difference(run, &got, *is_steady))
    }
}

fn once(workload: &Workload, executable: &Path) -> Result<Run> {
    let Workload { args, cwd, env, exit: _ } = workload;
    measure::run(executable, args, "", cwd, env, LIMITS)
}

fn difference(expected: &Run, got: &Run, is_steady: bool) -> Option<String> {
    if expected.status != got.status || !matches!(got.status, Status::Exited(_) | Status::Signaled(_)) {
        let ending = |run: &Run| measure::ending(run.status, LIMITS);
        return Some(format!("{}, not {}", ending(got), ending(expected)));
    }
    (is_steady && expected.stdout != got.stdout).then(|| "prints something else".to_owned())
}

/// How the linker is told to pack relocations.
fn flags(subject: &Subject) -> (Vec<OsString>, Option<(OsString, OsString)>) {
    subject.cargo.further_flags(&subject.host, &PACK)
}

/// Whether the linker packs relocations, and a program so made runs here.
fn can_pack(subject: &Subject) -> bool {
    // What is built for another machine can't be tried here.
    if !subject.host.contains("linux") || subject.built_for() != subject.host {
        return false;
    }
    let (mut args, env) = flags(subject);
    args.extend(subject.target.iter().flat_map(|target| ["--target".into(), target.into()]));
    let mut cargo = subject.cargo.clone();
    cargo.env.extend(env.map(|(name, value)| (name, Some(value))));
    let folder = subject.out_dir.join("size-workshop").join("packing");
    let packing = Tiny {
        name: "packing",
        source: "fn main() { println!(\"ran\"); }\n",
        form: Form::Executable,
        profile: "release",
        config: &args,
    };
    let Ok(path) = tiny::build(&cargo, &folder, &packing) else {
        return false;
    };
    let ran = measure::run(&path, &[], "", &folder, &cargo.env, LIMITS);
    is_packed(&path) && ran.is_ok_and(|run| run.stdout == b"ran\n")
}

/// Whether an executable has packed relative relocations.
fn is_packed(path: &Path) -> bool {
    let Ok(bytes) = fs::read(path) else { return false };
    let Ok(file) = object::File::parse(&*bytes) else { return false };
    file.sections().any(|section| section.name() == Ok(".relr.dyn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(code: i32, stdout: &str) -> Run {
        Run { status: Status::Exited(code), stdout: stdout.into(), stderr: Vec::new() }
    }

    #[test]
    fn a_run_must_end_and_print_as_before() {
        assert_eq!(difference(&ran(0, "a"), &ran(0, "a"), true), None);
        assert_eq!(difference(&ran(0, "a"), &ran(0, "b"), true).unwrap(), "prints something else");
        assert_eq!(difference(&ran(0, "a"), &ran(0, "b"), false), None);
        assert_eq!(difference(&ran(101, "a"), &ran(1, "a"), false).unwrap(), "exit code 1, not exit code 101");
        let aborted = Run { status: Status::Signaled(6), ..ran(0, "a") };
        assert_eq!(difference(&ran(101, "a"), &aborted, true).unwrap(), "terminated by signal 6, not exit code 101");
        let hangs = Run { status: Status::TimedOut, ..ran(0, "a") };
        assert!(difference(&hangs, &hangs, true).is_some());
    }
}
