//! Judges the work of one build against another: by instructions where they were counted, otherwise by time, and reports which.

use super::data::{Measured, Method, Speed};
use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence;
use crate::exercise::kinds;
use base::proc::Status;
use weigh::measure::{self, work::Race};

pub(super) fn judge(case: &Case<'_>, goal: &str, spec: &kinds::Speed) -> Finding {
    let kinds::Speed { build, against, at_most_percent, by_time, .. } = spec;
    let (build, against) = (build.get_ref().as_str(), against.get_ref().as_str());
    let work = |name: &str| case.evidence?.built(name)?.work.get(goal);
    let (Some(evidence), Some(own), Some(reference)) = (case.evidence, work(build), work(against)) else {
        return Finding::NeedsBuild;
    };
    let data = |measured| Speed { build: build.to_owned(), against: against.to_owned(), measured };
    let fail = |code, message: String, help: &str, data| {
        let problem = Diagnostic::new(code, message).in_file(&case.manifest.source.file).help(help);
        Finding::NotMet(vec![problem], Data::Speed(data))
    };
    // A program that does less isn't a faster program.
    if let Some(difference) = measure::difference(&reference.run, &own.run, evidence::limits(case.exercise)) {
        let (code, help) = match own.run.status {
            Status::TimedOut | Status::Waited(_) | Status::NotStarted(_) => {
                (Code::RunTimeout, "the same run of the other program ends by itself")
            }
            Status::Signaled(_) => (Code::RunCrashed, "the same run of the other program ends by itself"),
            _ => (Code::OutputDiffers, "a program is faster only if it does the same"),
        };
        let message = format!("the `{build}` program doesn't do what the `{against}` program does; {difference}");
        return fail(code, message, help, data(None));
    }
    let counter = evidence.counter.as_deref().unwrap_or("valgrind");
    let race = evidence.races.get(goal);
    let (method, at_most) = match (reference.instructions, own.instructions, race) {
        (Some(against), Some(own), _) => {
            (Method::Instructions { own, against, counter: counter.to_owned() }, *at_most_percent.get_ref())
        }
        (Some(_), None, _) => {
            let message = format!(
                "{counter} counted the instructions of `{against}`, but couldn't count the instructions of `{build}`"
            );
            let help =
                "was it built only for this machine? remove `target-cpu` from RUSTFLAGS and from Cargo's configuration";
            return fail(Code::RunCrashed, message, help, data(None));
        }
        (None, _, Some(Race { unsteady: Some(why), .. })) => {
            let counter = "or valgrind, which counts instructions instead (Linux)";
            return Finding::Unknown(format!("a less busy machine, {counter}. It couldn't be measured: {why}"));
        }
        (None, _, Some(Race { percent, rounds, what, unsteady: None })) => (
            Method::Time { percent: *percent, rounds: *rounds, what: what.clone() },
            *by_time.at_most_percent.get_ref(),
        ),
        (None, _, None) => return Finding::NeedsBuild,
    };
    let measured = Measured { method, at_most };
    let holds = measured.holds();
    let data = data(Some(measured));
    if holds {
        return Finding::Met(Data::Speed(data));
    }
    let says = data.says().unwrap_or_default();
    let message = format!("the `{build}` program takes {says}");
    let help =
        "which package does the computing, and at which level is it optimized? `opt-level` can be set for each package";
    fail(Code::TooSlow, message, help, data)
}
