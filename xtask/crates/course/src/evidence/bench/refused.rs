//! A build that Cargo or rustc refused, or that took too long: whose fault it is, and what to tell them.

use super::Place;
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::build_settings::How;
use crate::evidence::{Attempt, Request, locked};
use anyhow::{Result, bail};
use base::failure::Exit;
use base::proc::Status;
use std::fs;
use weigh::cargo::target::STATIC;
use weigh::cargo::{self, Refused};

/// A build that was ended because its time was up.
pub(super) fn out_of_time(name: &str, ended: Status, build_seconds: u64, place: &Place) -> Diagnostic {
    // The lower limit is what was reached.
    let most = place.cargo.sandbox.as_ref().map_or(build_seconds, |sandbox| sandbox.cpu_seconds().min(build_seconds));
    let (message, help) = match ended {
        Status::Waited(seconds) => (
            format!("the `{name}` build wasn't finished after {seconds} s, most of it spent waiting"),
            "close other programs that build the same package, such as an editor, and try again",
        ),
        _ => (
            format!("the `{name}` build used more than {most} s of CPU time"),
            "look for a constant or a macro that keeps the compiler busy; the course's own solution builds in a fraction of that time",
        ),
    };
    let mut problem = Diagnostic::new(Code::BuildTimeout, message).in_file(place.named.join("Cargo.toml")).help(help);
    problem.ended = Some(ended);
    problem
}

/// What was set aside, without the explanation; none for what was kept.
fn named(problem: &Diagnostic) -> Option<&str> {
    let (what, _) = problem.message.split_once(": this check ignores it")?;
    Some(what).filter(|_| problem.is_aside())
}

/// The command that a learner would type to see the same.
fn typed(how: &How, std: Option<&str>) -> String {
    let flags = if how.is_static { format!("RUSTFLAGS=\"-C {STATIC}\" ") } else { String::new() };
    let target = how.target.as_ref().filter(|_| how.run.is_some() || how.is_static);
    let target = target.map(|target| format!(" --target {target}")).unwrap_or_default();
    let config = std.map(|file| format!(" --config {file}")).unwrap_or_default();
    format!("{flags}cargo build --profile {}{target}{config}", how.profile)
}

/// What to do where a procedural macro would have to be static as well.
fn without_target(how: &How, words: &str) -> Option<String> {
    let is_about_macros = words.contains("cannot produce proc-macro");
    (how.is_static && how.target.is_none() && is_about_macros).then(|| {
        "without `--target`, procedural macros and build scripts get the program's flags as well: add `--target` with the \
         triple that `rustc --print host-tuple` prints; the program is then in target/TRIPLE/"
            .to_owned()
            + &how.profile
    })
}

/// A refused build: the learner's fault is evidence, the environment's ends the call. `theirs`: whatever it says, it is the
/// learner's.
pub(super) fn refusal(
    how: &How,
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
            "\nThis check ignores settings that your own build uses: {}. If this machine can't build without it, that's the cause.",
            aside.join("; ")
        );
    }
    if failure.exit == Exit::Environment && !theirs {
        bail!(failure);
    }
    let words = failure.message.split_once('\n').map_or(failure.message.as_str(), |(_, words)| words);
    let ending = match ended {
        Some(Status::MemoryLimit) => "used more memory than a build may use",
        Some(Status::DiskLimit) => "wrote more to the disk than a build may write",
        Some(Status::OutputLimit) => "printed more than a build may print",
        _ => "failed",
    };
    let std = exercise.std_files().into_iter().next();
    let typed = typed(how, std);
    let message = format!("`{typed}` {ending}:\n{words}");
    let problem = Diagnostic::new(Code::BuildFailed, message);
    let mut problem = match (cargo::first_place(words), &how.run) {
        (Some((file, line, column)), _) => problem.in_line(place.named.join(file), line, column),
        (None, Some((file, line))) => problem.in_line(file, *line, 1),
        (None, None) => {
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
        .or_else(|| without_target(how, words))
        .or(failure.help)
        .or_else(|| Some(format!("fix the first error; to see it again, run `{typed}` in the exercise's folder")));
    Ok(Attempt::Failed(Box::new(problem)))
}
