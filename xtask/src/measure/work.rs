//! How much work a run of a program is: the instructions that it takes, where valgrind can count them; else how long it takes,
//! in turn with another one. Instructions hardly differ from run to run; seconds depend on what else the machine does.

use super::{Limits, Run, Start, run_in};
use crate::proc::sandbox::{COUNTER, SLOWER, Sandbox};
use crate::proc::{self, Call, Status};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A run whose work is known, or is to be timed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// How it ended, and what it printed to standard output.
    pub run: Run,
    /// Instructions from the loader's first to the last one, without the kernel's; `None` where nothing counts them, or if the
    /// counter could not.
    pub instructions: Option<u64>,
    /// A copy of the executable, for a race; only where nothing counts instructions.
    pub program: Option<PathBuf>,
}

/// How two programs were compared by time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// Wall time of the one in percent of the other's: the median over all rounds.
    pub percent: f64,
    /// How often each of them ran.
    pub rounds: usize,
}

/// How often each program of a race runs.
const ROUNDS: usize = 9;

/// What a run is made with.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// The arguments.
    pub args: &'a [String],
    /// The standard input.
    pub stdin: &'a str,
    /// The folder it runs in.
    pub cwd: &'a Path,
    /// Changes to the environment.
    pub env: &'a BTreeMap<OsString, Option<OsString>>,
    /// What it may use.
    pub limits: Limits,
    /// The box that it runs in.
    pub sandbox: Option<&'a Arc<Sandbox>>,
}

impl Task<'_> {
    fn run(&self, executable: &Path) -> Result<Run> {
        let Self { args, stdin, cwd, env, limits, sandbox } = *self;
        let start = Start { args, stdin: stdin.as_bytes(), ..Start::default() };
        run_in(sandbox, &start, executable, cwd, env, limits).map(|(run, _)| run)
    }
}

/// What counts instructions on this machine, with its version, such as `valgrind-3.19.0`. With `boxed` it must also be where a
/// box can have it.
pub fn counter(boxed: Option<&Arc<Sandbox>>) -> Option<String> {
    if boxed.is_some_and(|sandbox| sandbox.counting().is_none()) {
        return None;
    }
    let mut call = Call::new(COUNTER[0], std::env::temp_dir()).arg("--version");
    call.timeout = Some(Duration::from_secs(10));
    let finished = proc::run(&call).ok().filter(|finished| finished.status == Status::Exited(0))?;
    let version = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
    version.starts_with(COUNTER[0]).then_some(version)
}

/// Runs a program and counts its instructions. If the counter cannot, the program runs without it, and nothing is counted.
///
/// # Errors
/// When it cannot be started.
pub fn count(executable: &Path, task: &Task<'_>) -> Result<Work> {
    // The time for sleeping follows from it.
    let limits = Limits { time: task.limits.time * u32::try_from(SLOWER).unwrap_or(u32::MAX), ..task.limits };
    let counted = match task.sandbox {
        Some(sandbox) => match sandbox.counting() {
            Some(counting) => Task { sandbox: Some(&Arc::new(counting)), limits, ..*task }.run(executable)?,
            None => return plain(executable, task),
        },
        None => {
            let mut args: Vec<String> = COUNTER[1..].iter().map(|&word| word.to_owned()).collect();
            args.push(executable.to_string_lossy().into_owned());
            args.extend_from_slice(task.args);
            Task { args: &args, limits, ..*task }.run(Path::new(COUNTER[0]))?
        }
    };
    match instructions(&String::from_utf8_lossy(&counted.stderr)) {
        Some(instructions) if matches!(counted.status, Status::Exited(_)) => {
            Ok(Work { run: Run { stderr: Vec::new(), ..counted }, instructions: Some(instructions), program: None })
        }
        _ => plain(executable, task),
    }
}

/// Runs a program, and counts nothing.
///
/// # Errors
/// When it cannot be started.
pub fn plain(executable: &Path, task: &Task<'_>) -> Result<Work> {
    let run = Run { stderr: Vec::new(), ..task.run(executable)? };
    Ok(Work { run, instructions: None, program: None })
}

/// The number in the counter's words. A program may print such a line, too, and then nobody knows whose it is.
fn instructions(words: &str) -> Option<u64> {
    let mut counts = words.lines().filter_map(|line| {
        let (name, number) = line.strip_prefix("==")?.split_once("== ")?.1.split_once(':')?;
        let is_count = name.split_whitespace().eq(["I", "refs"]);
        is_count.then(|| number.trim().replace(',', "").parse().ok())
    });
    counts.next().filter(|_| counts.next().is_none())?
}

/// Lets two programs do the same in turn, and compares their times; `None` if one of them had to be ended.
///
/// # Errors
/// When one cannot be started.
pub fn race(executable: &Path, against: &Path, task: &Task<'_>) -> Result<Option<Race>> {
    let mut ratios = Vec::new();
    // The first round warms caches up.
    for round in 0..=ROUNDS {
        let mut seconds = [0.0; 2];
        for (program, seconds) in [against, executable].into_iter().zip(&mut seconds) {
            let began = Instant::now();
            if !matches!(task.run(program)?.status, Status::Exited(_)) {
                return Ok(None);
            }
            *seconds = began.elapsed().as_secs_f64();
        }
        if round > 0 {
            ratios.push(100.0 * seconds[1] / seconds[0]);
        }
    }
    Ok(Some(Race { percent: median(ratios), rounds: ROUNDS }))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_read_and_two_counts_are_none() {
        let words = "==7== Cachegrind\nout\n==7== \n==7== I   refs:      100,166,025\n";
        assert_eq!(instructions(words), Some(100_166_025));
        // As valgrind 3.21 and later write it.
        assert_eq!(instructions("==7== I refs:        1,024\n"), Some(1024));
        assert_eq!(instructions(&format!("==1== I refs: 1\n{words}")), None, "one of them is the program's own");
        assert_eq!(instructions("I refs: 1\n==7== D refs: 2\n"), None);
    }

    #[test]
    #[cfg(unix)]
    fn a_program_is_counted_where_there_is_a_counter_and_timed_anywhere() {
        let (folder, env) = (std::env::temp_dir(), BTreeMap::new());
        let limits = Limits { time: Duration::from_secs(20), output: 1000 };
        let task = Task { args: &[], stdin: "", cwd: &folder, env: &env, limits, sandbox: None };
        let program = ["/bin/true", "/usr/bin/true"].map(Path::new).into_iter().find(|path| path.is_file()).unwrap();
        let counted = count(program, &task).ok();
        if counter(None).is_some() {
            let (first, second) = (counted.unwrap().instructions.unwrap(), count(program, &task).unwrap());
            let second = second.instructions.unwrap();
            assert!(first > 1000 && first.abs_diff(second) < first / 10, "{first} and {second} instructions");
        }
        assert_eq!(plain(program, &task).unwrap().instructions, None);
        let race = race(program, program, &task).unwrap().unwrap();
        assert!(race.percent > 0.0 && race.rounds == ROUNDS);
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        assert_eq!(median(vec![100.0, 900.0, 101.0, 99.0, 3.0]), 100.0);
    }
}
