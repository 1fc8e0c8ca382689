//! How much work a run of a program is: the instructions that it takes, where valgrind can count them; else the processor time,
//! in turn with another program. Instructions barely differ from run to run. Processor time doesn't count while the process is
//! stopped or waits for a processor; what is left of the noise is seen in how much equal runs differ. Where that is too much,
//! nothing was measured, and that is what is said.

use super::{Limits, Run, Start, Took, run_in};
use anyhow::Result;
use base::proc::sandbox::{COUNTER, SLOWER, Sandbox};
use base::proc::{self, Call, Status};
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Race {
    /// The time of the one in percent of the other's, each of them the shortest of all rounds: what disturbs a run makes it
    /// longer.
    pub percent: f64,
    /// How often each of them ran.
    pub rounds: usize,
    /// What was measured: `CPU time`, or `time` where the system doesn't report that.
    #[serde(default)]
    pub what: String,
    /// Why the number says nothing, if so.
    #[serde(default)]
    pub unsteady: Option<String>,
}

/// How often each program of a race runs, at least.
const ROUNDS: usize = 5;
/// And at most, where the rounds differ too much.
const MOST_ROUNDS: usize = 20;
/// By how much the shortest runs of a program may differ: a third of all rounds must be as fast as the fastest, so far.
const STEADY: f64 = 1.25;
/// A run must take so many seconds to be timed: the clock of processor time counts hundredths.
const SHORTEST: f64 = 0.05;

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
        self.time(executable).map(|(run, _)| run)
    }

    fn time(&self, executable: &Path) -> Result<(Run, Took)> {
        let Self { args, stdin, cwd, env, limits, sandbox } = *self;
        let start = Start { args, stdin: stdin.as_bytes(), ..Start::default() };
        run_in(sandbox, &start, executable, cwd, env, limits)
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

/// The number in the counter's words. A program may also print such a line, and then its origin is unknown.
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
    let mut times = [Times::default(), Times::default()];
    // The first round warms caches up.
    for round in 0..=MOST_ROUNDS {
        for (program, times) in [executable, against].into_iter().zip(&mut times) {
            let began = Instant::now();
            let (run, Took { cpu, .. }) = task.time(program)?;
            if !matches!(run.status, Status::Exited(_)) {
                return Ok(None);
            }
            if round > 0 {
                times.cpu.push(cpu.as_secs_f64());
                times.wall.push(began.elapsed().as_secs_f64());
            }
        }
        if round >= ROUNDS && compared(&times[0], &times[1]).unsteady.is_none() {
            break;
        }
    }
    Ok(Some(compared(&times[0], &times[1])))
}

/// The times of a program's rounds, in seconds.
#[derive(Debug, Default)]
struct Times {
    cpu: Vec<f64>,
    wall: Vec<f64>,
}

/// What the times of two programs say.
fn compared(own: &Times, other: &Times) -> Race {
    // Where the system reports no processor time, it is zero for all.
    let has_cpu = own.cpu.iter().chain(&other.cpu).any(|&seconds| seconds > 0.0);
    let (own, other, what) =
        if has_cpu { (&own.cpu, &other.cpu, "CPU time") } else { (&own.wall, &other.wall, "time") };
    let unsteady = [own, other].into_iter().find_map(|seconds| {
        let seconds = sorted(seconds);
        let (fastest, third) = (seconds[0], seconds[seconds.len() / 3]);
        if fastest < SHORTEST {
            return Some(format!("a run takes {fastest:.2} s of {what}, which is too short to be timed"));
        }
        (third > fastest * STEADY).then(|| {
            let slowest = seconds[seconds.len() - 1];
            format!("identical runs took between {fastest:.2} and {slowest:.2} s of {what}")
        })
    });
    let percent = 100.0 * sorted(own)[0] / sorted(other)[0].max(f64::MIN_POSITIVE);
    Race { percent, rounds: own.len(), what: what.to_owned(), unsteady }
}

fn sorted(seconds: &[f64]) -> Vec<f64> {
    let mut seconds = seconds.to_vec();
    seconds.sort_by(f64::total_cmp);
    seconds
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
        assert!(race.unsteady.unwrap().contains("too short to be timed"));
    }

    fn times(cpu: &[f64], wall: &[f64]) -> Times {
        Times { cpu: cpu.to_vec(), wall: wall.to_vec() }
    }

    #[test]
    fn what_disturbs_some_runs_changes_nothing() {
        let calm = [0.20; 9];
        let own = [0.30, 0.95, 0.31, 3.0, 0.30, 0.31, 0.77, 0.30, 0.50];
        let race = compared(&times(&own, &[60.0; 9]), &times(&calm, &[0.1; 9]));
        assert_eq!((race.percent.round() as u32, race.what.as_str(), race.unsteady), (150, "CPU time", None));
        // The same by the clock on the wall, where there is nothing else.
        let race = compared(&times(&[0.0; 9], &own), &times(&[0.0; 9], &calm));
        assert_eq!((race.percent.round() as u32, race.what.as_str(), race.unsteady), (150, "time", None));
    }

    #[test]
    fn times_that_say_nothing_are_no_result() {
        let calm = times(&[0.20; 9], &[0.2; 9]);
        let wild = times(&[0.20, 0.95, 0.31, 3.0, 0.40, 0.61, 0.77, 0.90, 0.50], &[0.2; 9]);
        for race in [compared(&wild, &calm), compared(&calm, &wild)] {
            assert_eq!(race.unsteady.unwrap(), "identical runs took between 0.20 and 3.00 s of CPU time");
        }
        let short = compared(&times(&[0.01; 9], &[0.2; 9]), &calm);
        assert_eq!(short.unsteady.unwrap(), "a run takes 0.01 s of CPU time, which is too short to be timed");
    }

    /// A program that works for about so long, and then waits: by the wall it is slow, and it does the same work.
    #[cfg(target_os = "linux")]
    fn works(folder: &Path, name: &str, steps: u32, asleep: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        let script = format!("#!/bin/sh\ni=0\nwhile [ $i -lt {steps} ]; do i=$((i+1)); done\nsleep {asleep}\n");
        base::files::write_atomic(&path, script.as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_program_that_had_to_wait_is_not_a_slower_one() {
        let folder = tempfile::tempdir().unwrap();
        let env = BTreeMap::new();
        let limits = Limits { time: Duration::from_secs(20), output: 1000 };
        let task = Task { args: &[], stdin: "", cwd: folder.path(), env: &env, limits, sandbox: None };
        let waits = works(folder.path(), "waits", 100_000, "0.3");
        let quick = works(folder.path(), "quick", 100_000, "0");
        let race = race(&waits, &quick, &task).unwrap().unwrap();
        assert_eq!(race.what, "CPU time");
        assert!(race.unsteady.is_some() || race.percent < 150.0, "{race:?}");
    }
}
