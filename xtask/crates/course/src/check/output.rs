//! Judges what a program does: standard output, standard error and exit code, whole, against another build.

use super::{Case, Data, Finding, shell};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence;
use crate::exercise::inputs::{Input, Stdin};
use crate::exercise::kinds::Output;
use base::proc::Status;
use similar::{ChangeTag, TextDiff};
use weigh::measure::{self, Limits, Run};

pub(super) fn judge(case: &Case<'_>, goal: &str, spec: &Output) -> Finding {
    let Output { build, same_as, .. } = spec;
    let runs = |name: &str| case.evidence?.built(name)?.runs.get(goal);
    let (Some(got), Some(expected)) = (runs(build.get_ref()), runs(same_as.get_ref())) else {
        return Finding::NeedsBuild;
    };
    let hidden = case.evidence.and_then(|evidence| evidence.hidden.as_deref());
    let inputs = evidence::inputs_of(case.exercise, goal, spec, hidden);
    let limits = evidence::limits(case.exercise);
    let built = case.evidence.and_then(|evidence| evidence.built(build.get_ref()));
    let wrong: Vec<_> = inputs
        .iter()
        .zip(expected.iter().zip(got))
        .enumerate()
        .filter_map(|(index, (input, (expected, got)))| {
            Some((index, input, problem(build.get_ref(), expected, got, limits)?))
        })
        .collect();
    let data = Data::Output { cases: inputs.len(), different: wrong.len() };
    let others = wrong.len().saturating_sub(1);
    // The first of those that fit on a line or two; an input of thousands of words only where no shorter input goes wrong.
    let Some((index, input, (code, words))) = wrong.into_iter().min_by_key(|(_, input, _)| length(input) / FEW) else {
        return Finding::Met(data);
    };
    let more = if others == 0 { String::new() } else { format!(" (and {others} more)") };
    let message = format!("input {} of {}{more}: {words}", index + 1, inputs.len());
    let executable = built.map(|built| match (built.called.get(goal), &input.called) {
        (Some(path), Some(called)) => path.with_file_name(format!("{}{}", called.file(), std::env::consts::EXE_SUFFIX)),
        _ => built.executable.clone(),
    });
    let shown = executable.map(|path| base::diagnostic::shown(&path).display().to_string()).unwrap_or_default();
    let problem = Diagnostic::new(code, message)
        .in_file(case.source())
        .help(format!("run it yourself: {}", shell::line(&shown, &spec.first, input)));
    Finding::NotMet(vec![problem], data)
}

/// Bytes of an input that are read at a glance.
const FEW: usize = 80;

/// Bytes of an input.
fn length(input: &Input) -> usize {
    let stdin = match &input.stdin {
        Stdin::Bytes(bytes) | Stdin::Pieces(bytes) => bytes.len(),
        Stdin::Repeated(_, bytes) => *bytes,
        Stdin::Unreadable => 0,
    };
    stdin + input.args.iter().map(Vec::len).sum::<usize>()
}

/// What is wrong with a run, if anything is.
fn problem(build: &str, expected: &Run, got: &Run, limits: Limits) -> Option<(Code, String)> {
    let how = measure::ending(got.status, limits);
    match got.status {
        Status::TimedOut | Status::Waited(_) | Status::NotStarted(_) => {
            Some((Code::RunTimeout, format!("the `{build}` program was {how}")))
        }
        Status::OutputLimit => Some((Code::RunOutputLimit, format!("the `{build}` program was {how}"))),
        Status::MemoryLimit | Status::DiskLimit => Some((Code::RunCrashed, format!("the `{build}` program was {how}"))),
        _ if expected == got => None,
        Status::Signaled(signal) if !matches!(expected.status, Status::Signaled(_)) => {
            let abort = if signal == 6 { " (an abort; a shell shows exit status 134)" } else { "" };
            let said = last_words(&got.stderr);
            Some((Code::RunCrashed, format!("the `{build}` program was {how}{abort}\n{said}")))
        }
        _ => {
            let mut words = format!("the `{build}` program doesn't behave like the program it's compared with");
            if expected.status != got.status {
                words += &format!("\nexpected {}, got {how}", measure::ending(expected.status, limits));
            }
            for (name, expected, got) in
                [("standard output", &expected.stdout, &got.stdout), ("standard error", &expected.stderr, &got.stderr)]
            {
                if expected != got {
                    words += &format!("\n{}", framed(name, expected, got));
                }
            }
            Some((Code::OutputDiffers, words))
        }
    }
}

/// What a program that a signal ended wrote to standard error before, whole. It isn't compared with anything, so no line
/// of it is marked.
fn last_words(stderr: &[u8]) -> String {
    if stderr.is_empty() {
        return "it wrote nothing to standard error".to_owned();
    }
    let lines = stderr.split_inclusive(|&byte| byte == b'\n').map(measure::printable);
    lines.fold("its standard error:".to_owned(), |said, line| format!("{said}\n  | {line}"))
}

/// Both texts, line by line, whole: `-` marks what was expected and didn't come, `+` what came instead.
fn framed(name: &str, expected: &[u8], got: &[u8]) -> String {
    let lines = |bytes: &[u8]| -> Vec<String> {
        bytes.split_inclusive(|&byte| byte == b'\n').map(measure::printable).collect()
    };
    let (expected, got) = (lines(expected), lines(got));
    let (old, new): (Vec<&str>, Vec<&str>) =
        (expected.iter().map(String::as_str).collect(), got.iter().map(String::as_str).collect());
    let mut frame = format!("{name} (- expected, + got):");
    for change in TextDiff::from_slices(&old, &new).iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        frame += &format!("\n{mark} | {}", change.value());
    }
    frame
}
