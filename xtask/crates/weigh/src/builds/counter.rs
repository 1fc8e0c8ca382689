//! Counts the instructions of a program's run with valgrind: the same number each time, whatever else the machine does.

use crate::measure::{self, Limits};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::plural;
use base::output;
use base::proc::{self, Call, Status};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the program may take by itself.
const LIMIT: Duration = Duration::from_secs(20);
/// How many times slower it is under valgrind, with a margin.
const SLOWDOWN: u32 = 200;

/// A run whose instructions are counted.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The program's arguments.
    pub args: Vec<String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Changes to its environment.
    pub env: BTreeMap<OsString, Option<OsString>>,
    /// The exit code that a run must end with; any other code is worth a note.
    pub exit: i32,
}

impl Workload {
    /// Its arguments, as they would be typed.
    ///
    /// # Errors
    /// When one of them holds a byte that can't be typed.
    pub fn line(&self) -> Result<String> {
        Ok(shlex::try_join(self.args.iter().map(String::as_str))?)
    }
}

/// Counts the instructions of one workload.
#[derive(Debug)]
pub(super) struct Counter {
    workload: Workload,
    /// How the first build's run ended, and how long it took.
    status: Status,
    limit: Duration,
}

impl Counter {
    /// Runs the first build without valgrind, to learn how a run ends. `None` without valgrind.
    ///
    /// # Errors
    /// When the run crashes or doesn't end: its instructions would be a number about nothing.
    pub(super) fn new(workload: Workload, program: &Path) -> Result<Option<Self>> {
        let mut call = Call::new("valgrind", &workload.cwd).arg("--version");
        call.env.clone_from(&workload.env);
        if !proc::run(&call).is_ok_and(|finished| finished.status == Status::Exited(0)) {
            return Ok(None);
        }
        let limits = Limits { time: LIMIT, output: 64 << 20 };
        let began = std::time::Instant::now();
        let run = measure::run(program, &workload.args, "", &workload.cwd, &workload.env, limits)?;
        let took = began.elapsed();
        let line = line(program, &workload.args);
        match run.status {
            Status::Exited(code) if code == workload.exit => {}
            Status::Exited(code) => {
                let words = String::from_utf8_lossy(&run.stderr).into_owned();
                let said = words.lines().find(|line| !line.trim().is_empty());
                let said = said.map(|said| format!(" after `{}`", said.trim())).unwrap_or_default();
                output::note(&format!(
                    "`{line}` ends with exit code {code}{said}, and that's the run whose instructions are counted; pass --run arguments that make the program do its usual work"
                ));
            }
            other => {
                bail!(Failure::new(Exit::Usage, format!("`{line}`: {}", measure::ending(other, limits))).help(format!(
                    "instructions can be counted only for a run that exits on its own within {}: pass different arguments with --run",
                    plural(LIMIT.as_secs() as usize, "second")
                )))
            }
        }
        Ok(Some(Self { workload, status: run.status, limit: Duration::from_mins(1).max(took * SLOWDOWN) }))
    }

    /// The instructions of one run of this build. `None` if it ends in a different way than the first build's run, or can't be
    /// counted.
    pub(super) fn count(&self, program: &Path) -> Option<u64> {
        let Self { workload, status, limit } = self;
        let mut call =
            Call::new("valgrind", &workload.cwd).args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
        call = call.arg(program).args(&workload.args);
        call.env.clone_from(&workload.env);
        call.timeout = Some(*limit);
        let finished = proc::run(&call).ok().filter(|finished| finished.status == *status)?;
        collected(&String::from_utf8_lossy(&finished.stderr))
    }
}

/// The count in callgrind's words. The program's own words may come before.
fn collected(stderr: &str) -> Option<u64> {
    let line = stderr.lines().rev().find_map(|line| line.strip_prefix("==")?.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

/// A run as a person would type it.
fn line(program: &Path, args: &[String]) -> String {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let words = std::iter::once(name.as_str()).chain(args.iter().map(String::as_str));
    shlex::try_join(words).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_callgrinds_and_not_the_programs() {
        let words =
            "Collected : 7\n==12== Callgrind, a call-graph generating cache profiler\n==12== Collected : 232456\n";
        assert_eq!(collected(words), Some(232_456));
        assert_eq!(collected("Collected : 7\n"), None);
    }

    #[test]
    fn a_run_is_shown_as_it_would_be_typed() {
        let args = ["a b".to_owned(), "-v".to_owned()];
        assert_eq!(line(Path::new("/t/release/word_freq"), &args), "word_freq 'a b' -v");
    }
}
