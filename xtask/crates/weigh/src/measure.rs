//! Makes evidence of an executable: what is in its file, and what it does when it runs.

pub mod apart;
pub mod binary;
pub mod code;
pub mod crates;
pub mod file;
pub mod linking;
pub mod reasons;
pub mod work;

use crate::workshop::Case;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::proc::sandbox::Sandbox;
use base::proc::{self, Call, In, Out, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// All that is read in the file of an executable.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Its sections.
    pub binary: binary::Binary,
    /// What it asks of the system that starts it.
    pub linking: linking::Linking,
    /// Its machine code.
    pub machine: code::Code,
    /// Whose that is, if this was asked for and anything tells it.
    pub crates: Option<crates::Code>,
}

/// Reads an executable once, in whatever format the system's linker wrote it.
///
/// # Errors
/// When it cannot be read, or isn't an executable that is understood.
pub fn parts(executable: &Path, with_crates: bool) -> Result<Parts> {
    let data = binary::content(executable)?;
    let read = || -> Result<Parts, binary::Damaged> {
        let crates = match with_crates {
            true => match crates::owners(&data)? {
                crates::Owners::Known(code) => Some(code),
                crates::Owners::Unknown(_) => None,
            },
            false => None,
        };
        Ok(Parts {
            binary: binary::parse(&data)?,
            linking: linking::parse(&data)?,
            machine: code::parse(&data)?,
            crates,
        })
    };
    read().map_err(|error| binary::not_understood(executable, &error).into())
}

/// What a program may use while it is under test.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Processor time.
    pub time: Duration,
    /// Bytes of standard output.
    pub output: usize,
}

impl Limits {
    /// How long it may sleep: a program under test has nothing to wait for.
    pub fn idle(&self) -> Duration {
        self.time.max(Duration::from_secs(5))
    }

    /// How long all runs of a program may take together, asleep or not: there are many inputs, and each is small.
    pub fn together(&self) -> Duration {
        (self.time * 5).max(Duration::from_secs(30))
    }
}

/// How a run of a program ended, and what it printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// How it ended.
    pub status: Status,
    /// Its standard output, whole unless it was over the limit.
    pub stdout: Vec<u8>,
    /// Its standard error, likewise.
    pub stderr: Vec<u8>,
}

impl Run {
    /// What must come out of a case.
    pub fn expected(case: &Case) -> Self {
        Self { status: Status::Exited(case.exit), stdout: case.stdout.clone().into_bytes(), stderr: Vec::new() }
    }
}

/// Runs a program once.
///
/// # Errors
/// When it cannot be started.
pub fn run(
    executable: &Path,
    args: &[String],
    stdin: &str,
    cwd: &Path,
    env: &BTreeMap<OsString, Option<OsString>>,
    limits: Limits,
) -> Result<Run> {
    // The path differs from profile to profile, and a program may print what it is called.
    let argv0 = executable.file_name().and_then(OsStr::to_str);
    let start = Start { args, stdin: stdin.as_bytes(), argv0, ..Start::default() };
    run_in(None, &start, executable, cwd, env, limits).map(|(run, _)| run)
}

/// What a program is started with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start<'a, Arg = String> {
    /// The arguments.
    pub args: &'a [Arg],
    /// Standard input.
    pub stdin: &'a [u8],
    /// Where standard input comes from.
    pub input: In,
    /// Where standard output goes.
    pub output: Out,
    /// The name that it has in a box.
    pub called: Option<&'a str>,
    /// What `argv[0]` is, if not its path.
    pub argv0: Option<&'a str>,
    /// It finds no environment variable.
    pub no_variables: bool,
}

/// How long a run took.
#[derive(Clone, Copy, Debug)]
pub struct Took {
    /// Processor time, and time asleep.
    pub spent: Duration,
    /// Processor time alone; nothing where the system doesn't report it.
    pub cpu: Duration,
}

/// Runs a program once, in a box if there is one.
///
/// # Errors
/// When it cannot be started.
pub fn run_in<Arg: Into<OsString> + Clone>(
    sandbox: Option<&Arc<Sandbox>>,
    start: &Start<'_, Arg>,
    executable: &Path,
    cwd: &Path,
    env: &BTreeMap<OsString, Option<OsString>>,
    limits: Limits,
) -> Result<(Run, Took)> {
    let Start { args, stdin, input, output, called, argv0, no_variables } = start;
    let mut call = Call::new(executable, cwd).args(args.iter().cloned());
    call.stdin = stdin.to_vec();
    call.input = *input;
    call.output = *output;
    call.argv0 = argv0.map(str::to_owned);
    call.env.clone_from(env);
    call.no_variables = *no_variables;
    call.cpu = Some(limits.time);
    call.timeout = Some(limits.idle());
    call.output_limit = limits.output;
    call.sandbox = sandbox.cloned();
    call.called = called.map(str::to_owned);
    let proc::Finished { status, stdout, stderr, spent, cpu } = proc::run(&call)?;
    Ok((Run { status, stdout, stderr }, Took { spent, cpu }))
}

/// Says how a run differs from what was expected, for people; `None` if it does not. A run that had to be ended is never
/// as expected: two programs that hang are not known to do the same.
pub fn difference(expected: &Run, got: &Run, limits: Limits) -> Option<String> {
    let ended_by_itself = matches!(got.status, Status::Exited(_) | Status::Signaled(_));
    if expected.status == got.status && expected.stdout == got.stdout && ended_by_itself {
        return None;
    }
    let how = |run: &Run| ending(run.status, limits);
    Some(format!(
        "expected, {}:\n{}\ngot, {}:\n{}",
        how(expected),
        frame(&expected.stdout, &got.stdout),
        how(got),
        frame(&got.stdout, &expected.stdout)
    ))
}

/// How a run ended, in words.
pub fn ending(status: Status, limits: Limits) -> String {
    match status {
        Status::Exited(code) => format!("exit code {code}"),
        Status::Signaled(signal) => format!("terminated by signal {signal}"),
        Status::TimedOut => {
            format!("stopped because it used more than {} s of CPU time", limits.time.as_secs_f64())
        }
        Status::Waited(seconds) => {
            format!("stopped because it wasn't finished after {seconds} s, most of it spent waiting")
        }
        Status::NotStarted(seconds) => {
            format!("not started, because its earlier runs took {seconds} s in total, over the limit")
        }
        Status::OutputLimit => format!("stopped because it printed more than {} bytes", limits.output),
        Status::MemoryLimit => "stopped because it used too much memory".to_owned(),
        Status::DiskLimit => "stopped because it wrote too much to the disk".to_owned(),
    }
}

/// Lines that are shown of an output before the rest is only counted.
const SHOWN_LINES: usize = 40;

/// An output with a bar before each line, control characters escaped. A long one is shown from the line before the
/// first difference.
fn frame(output: &[u8], other: &[u8]) -> String {
    let lines: Vec<&[u8]> = output.split_inclusive(|&byte| byte == b'\n').collect();
    if lines.is_empty() {
        return "  | (nothing)".to_owned();
    }
    let same = other.split_inclusive(|&byte| byte == b'\n').zip(&lines).take_while(|(a, b)| a == *b).count();
    let first = if lines.len() > SHOWN_LINES { same.saturating_sub(1).min(lines.len() - 1) } else { 0 };
    let shown = &lines[first..lines.len().min(first + SHOWN_LINES)];
    let mut frame: Vec<String> = shown.iter().map(|line| format!("  | {}", visible(line))).collect();
    if first > 0 {
        frame.insert(0, format!("  | ({first} equal lines before)"));
    }
    let after = lines.len() - first - shown.len();
    if after > 0 {
        frame.push(format!("  | ({after} more lines)"));
    }
    frame.join("\n")
}

/// A line as it can be shown safely, and no more of it than a screen can hold.
fn visible(line: &[u8]) -> String {
    const LONGEST: usize = 400;
    let shown = printable(line);
    match shown.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} more characters)", &shown[..end], shown[end..].chars().count()),
        None => shown,
    }
}

/// A line as it can be shown safely: what is not printable is escaped, and a missing line end is said.
pub fn printable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let (text, end) = match text.strip_suffix('\n') {
        Some(text) => (text, ""),
        None => (text.as_ref(), " (no line end)"),
    };
    base::text::escaped(text) + end
}

/// Writes a copy of an executable without symbols, made by the external command `strip`.
///
/// Returns `None` where there is no such command.
///
/// # Errors
/// When `strip` refuses the file.
pub fn strip(executable: &Path, copy: PathBuf) -> Result<Option<PathBuf>> {
    let folder = copy.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let call = Call::new("strip", folder).arg("-o").arg(&copy).arg(executable);
    let Some(finished) = proc::run_if_installed(&call)? else { return Ok(None) };
    if finished.status != Status::Exited(0) {
        let words = String::from_utf8_lossy(&finished.stderr);
        bail!(Failure::new(Exit::Environment, format!("`strip` failed: {}", words.trim())));
    }
    Ok(Some(copy))
}

/// A small program for Windows.
#[cfg(test)]
mod tests {
    use super::*;
    use testbed::made;

    const LIMITS: Limits = Limits { time: Duration::from_secs(10), output: 1000 };

    fn exited(code: i32, stdout: &str) -> Run {
        Run { status: Status::Exited(code), stdout: stdout.into(), stderr: Vec::new() }
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_called_by_its_name_in_whatever_folder_it_was_built() {
        let folder = tempfile::tempdir().unwrap();
        let called = ["release", "dist"].map(|profile| {
            let program = folder.path().join(profile).join("sh");
            std::fs::create_dir(program.parent().unwrap()).unwrap();
            std::os::unix::fs::symlink("/bin/sh", &program).unwrap();
            let args = ["-c".to_owned(), "echo $0".to_owned()];
            run(&program, &args, "", folder.path(), &BTreeMap::new(), LIMITS).unwrap()
        });
        assert_eq!(called, [exited(0, "sh\n"), exited(0, "sh\n")]);
    }

    /// What `check` reads of a build on Windows: the folder of the build holds a program in that system's format.
    #[test]
    fn a_build_for_windows_is_read_as_one_for_linux_is() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("target").join("release").join("hello.exe");
        let with = made::Pe { symbols: true, pdb: true, ..made::Pe::default() };
        let bytes = made::pe(with);
        base::files::write_atomic(&program, &bytes).unwrap();
        let Parts { binary, linking, machine, crates } = parts(&program, true).unwrap();
        assert_eq!(binary.bytes, bytes.len() as u64);
        assert_eq!(binary.sections.iter().map(|section| section.bytes).sum::<u64>(), binary.bytes);
        assert_eq!((binary.text.name.as_str(), binary.text.bytes), (".text", u64::from(made::TEXT)));
        assert_eq!((linking.symbols, linking.libraries), (3, vec!["KERNEL32.dll".to_owned()]));
        assert_eq!((linking.interpreter, machine.odd, machine.bytes), (None, Vec::new(), u64::from(made::TEXT)));
        let crates = crates.unwrap().crates();
        assert_eq!(crates, [("core".to_owned(), 0x180), ("hello".to_owned(), 0x100), ("[other]".to_owned(), 0x80)]);
        // As `strip = true` leaves it.
        base::files::write_atomic(&program, &made::pe(made::Pe::default())).unwrap();
        let stripped = parts(&program, true).unwrap();
        assert_eq!((stripped.linking.symbols, stripped.crates), (0, None));
        assert!(stripped.binary.bytes < bytes.len() as u64 && stripped.machine.sha256 == machine.sha256);
        base::files::write_atomic(&program, &bytes[..0x500]).unwrap();
        assert!(parts(&program, true).is_err());
    }

    #[test]
    fn equal_runs_do_not_differ_and_every_byte_counts() {
        assert_eq!(difference(&exited(0, "a\n"), &exited(0, "a\n"), LIMITS), None);
        assert!(difference(&exited(0, "a\n"), &exited(0, "a"), LIMITS).unwrap().contains("| a (no line end)"));
        assert!(
            difference(&exited(0, ""), &exited(134, ""), LIMITS)
                .unwrap()
                .contains("got, exit code 134:\n  | (nothing)")
        );
    }

    #[test]
    fn hostile_output_is_shown_harmlessly() {
        let text = difference(&exited(0, ""), &exited(0, "\x1b[31mred\r\x07\n"), LIMITS).unwrap();
        assert!(text.contains(r"| \u{1b}[31mred\r\u{7}"), "{text}");
    }

    #[test]
    fn a_long_output_is_shown_from_where_it_differs() {
        let lines = |count: usize, odd: usize| {
            (0..count).fold(String::new(), |all, line| all + if line == odd { "odd\n" } else { "even\n" })
        };
        let text = difference(&exited(0, &lines(500, 900)), &exited(0, &lines(500, 300)), LIMITS).unwrap();
        assert!(text.contains("(299 equal lines before)\n  | even\n  | odd\n"), "{text}");
        assert!(text.contains("(161 more lines)"), "{text}");
    }

    #[test]
    fn a_hang_and_a_flood_are_said_in_words() {
        let hang = Run { status: Status::TimedOut, stdout: Vec::new(), stderr: Vec::new() };
        assert!(difference(&exited(0, ""), &hang, LIMITS).unwrap().contains("used more than 10 s of CPU time"));
        let sleeps = Run { status: Status::Waited(12), stdout: Vec::new(), stderr: Vec::new() };
        assert!(
            difference(&exited(0, ""), &sleeps, LIMITS)
                .unwrap()
                .contains("stopped because it wasn't finished after 12 s, most of it spent waiting")
        );
        assert!(difference(&hang, &hang, LIMITS).is_some(), "two programs that hang are not known to do the same");
        let flood = Run { status: Status::OutputLimit, stdout: b"y\n".to_vec(), stderr: Vec::new() };
        assert!(difference(&exited(0, ""), &flood, LIMITS).unwrap().contains("more than 1000 bytes"));
    }
}
