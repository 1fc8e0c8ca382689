//! Judges how a run that panics ends, and what it prints before. It looks at the program, not the manifest: `panic = "abort"`
//! may come from anywhere.

use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence;
use crate::exercise::kinds::{Ends, Panic};
use crate::learner_manifest::effective::{Origin, effective};
use base::proc::Status;
use weigh::measure::{self, Run};

pub(super) fn judge(case: &Case<'_>, goal: &str, spec: &Panic) -> Finding {
    let Panic { build, ends, exit, .. } = spec;
    let run = case.evidence.and_then(|evidence| evidence.built(build.get_ref())?.runs.get(goal)?.first());
    let Some(run) = run else { return Finding::NeedsBuild };
    let build = build.get_ref();
    if let Some(finding) = message(case, goal, spec, run) {
        return finding;
    }
    let how = measure::ending(run.status, evidence::limits(case.exercise));
    let data = Data::Panic { build: build.clone(), ended: how.clone() };
    let profile = &case.exercise.build(build).profile;
    let aborted = aborts(run.status);
    let told = String::from_utf8_lossy(&run.stderr);
    let told = told
        .lines()
        .find(|line| !line.trim().is_empty())
        .map(|line| format!("\nit printed: {line}"))
        .unwrap_or_default();
    let (code, message, help) = match (run.status, ends) {
        (_, Ends::Aborts) if aborted => return Finding::Met(data),
        (Status::Exited(code), Ends::Unwinds) if !aborted && exit.is_none_or(|exit| exit == code) => {
            return Finding::Met(data);
        }
        (_, Ends::Unwinds) if aborted => (
            Code::PanicAborts,
            format!("a panic in the `{build}` program ends the whole process ({how}){told}"),
            format!("remove `panic = \"abort\"` from [profile.{profile}]; Cargo's default is \"unwind\""),
        ),
        (Status::Exited(code), Ends::Aborts) if code == 101 || *exit == Some(code) => (
            Code::PanicUnwinds,
            format!("a panic in the `{build}` program unwinds ({how})"),
            format!("to end the process at once, set `panic = \"abort\"` in [profile.{profile}]"),
        ),
        (Status::TimedOut | Status::Waited(_) | Status::NotStarted(_), _) => (
            Code::RunTimeout,
            format!("the `{build}` program was {how}"),
            "it should exit on its own, even after a panic".to_owned(),
        ),
        _ => (
            Code::OutputDiffers,
            match exit.filter(|_| *ends == Ends::Unwinds) {
                Some(exit) => format!("the `{build}` program should end with exit code {exit}: {how}{told}"),
                None => format!("the `{build}` program doesn't panic where it should: {how}{told}"),
            },
            "leave the program as it was; this exercise is about its profiles".to_owned(),
        ),
    };
    let source = &case.manifest.source;
    let now = effective(case.manifest, profile, "panic");
    let problem = Diagnostic::new(code, message).help(help);
    let problem = match (code, now.origin, now.asked) {
        (Code::PanicAborts, Origin::Manifest, Some((_, setting))) => {
            problem.at(source, setting.key.start..setting.span.end, "this ends the process on a panic")
        }
        (Code::PanicUnwinds, Origin::Manifest, Some((_, setting))) => {
            problem.at(source, setting.key.start..setting.span.end, "this unwinds the stack on a panic")
        }
        _ => problem.in_file(&source.file),
    };
    Finding::NotMet(vec![problem], data)
}

/// What is found of a panic's message, where it differs from the other build's.
fn message(case: &Case<'_>, goal: &str, spec: &Panic, run: &Run) -> Option<Finding> {
    let runs = |name: &str| case.evidence?.built(name)?.runs.get(goal)?.first();
    let Some(expected) = runs(spec.same_message_as.as_ref()?.get_ref()) else { return Some(Finding::NeedsBuild) };
    let build = spec.build.get_ref();
    let problem = changed_message(case, build, expected, run)?;
    let ended = measure::ending(run.status, evidence::limits(case.exercise));
    Some(Finding::NotMet(vec![problem], Data::Panic { build: build.clone(), ended }))
}

/// What is wrong with what a panic prints, if anything is: its message and its place, as the other build has them.
fn changed_message(case: &Case<'_>, build: &str, expected: &Run, run: &Run) -> Option<Diagnostic> {
    let Some(wanted) = Said::of(&expected.stderr) else {
        let message = "the panic that this one is compared with prints no message".to_owned();
        return Some(Diagnostic::new(Code::PanicSilent, message).in_file(case.at_fault()));
    };
    let got = Said::of(&run.stderr);
    if got.as_ref() == Some(&wanted) {
        return None;
    }
    let how = measure::ending(run.status, evidence::limits(case.exercise));
    let message = match got {
        None => format!(
            "a panic in the `{build}` program prints no message ({how})\nexpected: {wanted}\nit wrote {}",
            match run.stderr.trim_ascii() {
                [] => "nothing to standard error".to_owned(),
                said => format!("to standard error: {}", measure::printable(said)),
            }
        ),
        Some(got) => {
            format!("a panic in the `{build}` program prints something different\nexpected: {wanted}\n     got: {got}")
        }
    };
    Some(Diagnostic::new(Code::PanicSilent, message).in_file(case.at_fault()).help(
        "remove `panic=immediate-abort`, whether it's a flag or a setting: it strips every panic message and the code that prints \
         it; a panic hook that prints nothing has the same effect",
    ))
}

/// What a panic prints, without the thread's number and without a backtrace.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    place: String,
    message: String,
}

impl Said {
    /// Reads standard error; none if there is no message of a panic in it.
    fn of(stderr: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(stderr);
        let mut lines =
            text.lines().skip_while(|line| !(line.starts_with("thread '") && line.contains(" panicked at ")));
        let (_, place) = lines.next()?.split_once(" panicked at ")?;
        let is_end = |line: &str| line.starts_with("note: ") || line == "stack backtrace:";
        let message: Vec<&str> = lines.take_while(|line| !is_end(line)).collect();
        Some(Self { place: place.trim_end_matches(':').to_owned(), message: message.join("\n").trim_end().to_owned() })
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// Whether a process ended as `abort()` ends it: SIGABRT, which a shell and a box report as 134; on Windows
/// `STATUS_STACK_BUFFER_OVERRUN`, which is what `__fastfail` leaves.
fn aborts(status: Status) -> bool {
    matches!(status, Status::Signaled(6) | Status::Exited(134 | -1_073_740_791))
}
