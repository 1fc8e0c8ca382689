//! A build that Cargo or rustc refused, or that took too long: whose fault it is, and what to tell them.

use super::Place;
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Attempt, Request, locked};
use anyhow::{Result, bail};
use base::failure::Exit;
use base::proc::Status;
use std::fs;
use weigh::cargo::{self, Refused};

/// A build that was ended because its time was up.
pub(super) fn out_of_time(name: &str, ended: Status, build_seconds: u64, place: &Place) -> Diagnostic {
    // The lower limit is what was reached.
    let most = place.cargo.sandbox.as_ref().map_or(build_seconds, |sandbox| sandbox.cpu_seconds().min(build_seconds));
    let (message, help) = match ended {
        Status::Waited(seconds) => (
            format!("the build `{name}` wasn't done after {seconds} s, most of it spent waiting"),
            "close other programs that build the same package, such as an editor, and try again",
        ),
        _ => (
            format!("the build `{name}` used more than {most} s of CPU time"),
            "look for a constant or a macro that keeps the compiler busy: the course's own solution takes a fraction of that",
        ),
    };
    let mut problem = Diagnostic::new(Code::BuildTimeout, message).in_file(place.named.join("Cargo.toml")).help(help);
    problem.ended = Some(ended);
    problem
}

/// What was set aside, without the explanation; none for what was kept.
fn named(problem: &Diagnostic) -> Option<&str> {
    let (what, _) = problem.message.split_once(": this check sets it aside")?;
    Some(what).filter(|_| problem.is_aside())
}

/// A refused build: the learner's fault is evidence, the environment's ends the call. `theirs`: whatever it says, it is the
/// learner's.
pub(super) fn refusal(
    profile: &str,
    request: &Request<'_>,
    place: &Place,
    refused: Refused,
    theirs: bool,
) -> Result<Attempt> {
    let Refused { mut failure, ended } = refused;
    let exercise = request.exercise;
    // On a machine that can't build without one of them, the user needs to know which.
    let aside: Vec<&str> = request.aside.iter().filter_map(named).collect();
    if !aside.is_empty() && request.grading.is_none() {
        failure.message += &format!(
            "\nThis check leaves out what your own build follows: {}. If this machine can't build without it, that's the cause.",
            aside.join("; ")
        );
    }
    if failure.exit == Exit::Environment && !theirs {
        bail!(failure);
    }
    let words = failure.message.split_once('\n').map_or(failure.message.as_str(), |(_, words)| words);
    let how = match ended {
        Some(Status::MemoryLimit) => "used more memory than a build may use; it",
        Some(Status::DiskLimit) => "wrote more to the disk than a build may write; it",
        Some(Status::OutputLimit) => "printed more than a build may print; it",
        _ => "failed; it",
    };
    let std = exercise.std_files().into_iter().next();
    let typed = match std {
        Some(file) => format!("cargo build --profile {profile} --config {file}"),
        None => format!("cargo build --profile {profile}"),
    };
    let message = format!("`{typed}` {how} says:\n{words}");
    let problem = Diagnostic::new(Code::BuildFailed, message);
    let mut problem = match cargo::first_place(words) {
        Some((file, line, column)) => problem.in_line(place.named.join(file), line, column),
        None => {
            let is_theirs = exercise.edits().any(|path| path == "Cargo.toml");
            let source = exercise.edits().find(|path| !is_theirs && path.ends_with(".rs"));
            problem.in_file(place.named.join(source.or(std.filter(|_| !is_theirs)).unwrap_or("Cargo.toml")))
        }
    };
    problem.ended = ended;
    // Cargo itself refuses, not rustc. A different lock file would be a different exercise, so the manifest has to follow.
    let mut help = None;
    if !cargo::is_compiler_error(words) {
        let manifest = place.folder.join("Cargo.toml");
        let theirs = fs::read_to_string(&manifest).unwrap_or_default();
        let course = fs::read_to_string(exercise.folder.join("starter/Cargo.toml")).unwrap_or(theirs.clone());
        if let Some((line, advice)) = locked::advice(&theirs, &course) {
            if let Some(line) = line {
                problem = problem.in_line(manifest, line, 1);
            }
            help = Some(advice);
        }
    }
    problem.help = help
        .or(failure.help)
        .or_else(|| Some(format!("fix what the first error names; `{typed}` in the exercise's folder shows it again")));
    Ok(Attempt::Failed(Box::new(problem)))
}
