//! Judges the work of one build against another: by instructions where they were counted, else by time, and says which.

use super::{Case, Finding};
use crate::evidence;
use crate::exercise::kinds::Speed;
use base::diagnostic::{Code, Diagnostic};
use base::proc::Status;
use serde_json::json;
use weigh::measure::{self, work::Race};

pub(super) fn judge(case: &Case<'_>, goal: &str, spec: &Speed) -> Finding {
    let Speed { build, against, at_most_percent, by_time, .. } = spec;
    let (build, against) = (build.get_ref().as_str(), against.get_ref().as_str());
    let work = |name: &str| case.evidence?.built(name)?.work.get(goal);
    let (Some(evidence), Some(own), Some(reference)) = (case.evidence, work(build), work(against)) else {
        return Finding::NeedsBuild;
    };
    let fail = |code, message: String, help: &str, data| {
        let problem = Diagnostic::new(code, message).in_file(&case.manifest.source.file).help(help);
        Finding::NotMet(vec![problem], data)
    };
    // A program that does less is no faster program.
    if let Some(difference) = measure::difference(&reference.run, &own.run, evidence::limits(case.exercise)) {
        let (code, help) = match own.run.status {
            Status::TimedOut | Status::Waited(_) | Status::NotStarted(_) => {
                (Code::RunTimeout, "the same run of the other program ends by itself")
            }
            Status::Signaled(_) => (Code::RunCrashed, "the same run of the other program ends by itself"),
            _ => (Code::OutputDiffers, "a program is faster only if it does the same"),
        };
        let message = format!("the program of `{build}` does not do what that of `{against}` does; {difference}");
        return fail(code, message, help, json!({ "build": build, "against": against }));
    }
    let counter = evidence.counter.as_deref().unwrap_or("valgrind");
    let (method, percent, most, found, told) = match (
        reference.instructions,
        own.instructions,
        evidence.races.get(goal),
    ) {
        (Some(all), Some(some), _) => (
            "instructions",
            100.0 * some as f64 / all as f64,
            *at_most_percent.get_ref(),
            json!({ "instructions": some, "against_instructions": all, "counter": counter }),
            format!("{} instructions, `{against}` {} ({counter})", millions(some), millions(all)),
        ),
        (Some(_), None, _) => {
            let message =
                format!("{counter} has counted the instructions of `{against}` and could not count those of `{build}`");
            let help =
                "was it built for this machine alone? take `target-cpu` out of RUSTFLAGS and of Cargo's configuration";
            return fail(Code::RunCrashed, message, help, json!({ "build": build, "against": against }));
        }
        (None, _, Some(Race { unsteady: Some(why), .. })) => {
            let counter = "or valgrind, which counts instructions instead (Linux)";
            return Finding::Unknown(format!("a machine with less to do, {counter}. It could not be measured: {why}"));
        }
        (None, _, Some(race)) => (
            "time",
            race.percent,
            *by_time.at_most_percent.get_ref(),
            json!({ "rounds": race.rounds }),
            format!(
                "by {}, the shortest of {} runs of each in turn: nothing here counts instructions (valgrind does, on Linux)",
                race.what, race.rounds
            ),
        ),
        (None, _, None) => return Finding::NeedsBuild,
    };
    let says = format!("{percent:.0} % of the {method} of `{against}`, at most {most} %; {told}");
    let mut data = json!({ "build": build, "against": against, "method": method, "says": says,
        "percent": (percent * 10.0).round() / 10.0, "at_most_percent": most });
    if let (Some(data), Some(found)) = (data.as_object_mut(), found.as_object()) {
        data.extend(found.clone());
    }
    if percent <= most {
        return Finding::Met(data);
    }
    let message = format!("the program of `{build}` takes {says}");
    let help = "which package computes, and at which level does the optimizer work on it? `opt-level` can be set for each package";
    fail(Code::TooSlow, message, help, data)
}

fn millions(number: u64) -> String {
    format!("{:.1} million", number as f64 / 1e6)
}
