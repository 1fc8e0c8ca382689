//! The only place where a process starts. So every child has an output limit, ends when its time is up or when the user
//! presses Ctrl-C, and takes its children with it.

mod attend;
pub mod descriptors;
mod ends;
mod group;
pub mod sandbox;
pub mod terminal;
pub mod watch;

use crate::failure::Exit;
use anyhow::{Context as _, Result, bail};
use attend::{Stream, attend, channel, forward};
use descriptors::Given;
pub use ends::{In, Out};
use group::Group;
use sandbox::{Kind, Sandbox};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{PipeWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;
use watch::Watch;

/// A process to start.
#[derive(Clone, Debug)]
pub struct Call {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The folder it runs in.
    pub cwd: PathBuf,
    /// Changes to the inherited environment: `None` takes a variable out.
    pub env: BTreeMap<OsString, Option<OsString>>,
    /// What it reads from standard input; nothing if empty.
    pub stdin: Vec<u8>,
    /// Processor time, for it and all its descendants, after which it is ended. It doesn't depend on what else the machine
    /// does.
    pub cpu: Option<Duration>,
    /// Where standard input comes from.
    pub input: In,
    /// Where standard output goes.
    pub output: Out,
    /// What `argv[0]` is, if not the program's path. In a box: the path it is started by, or its name in `/called`.
    pub argv0: Option<String>,
    /// Time after which it is ended. With a limit on processor time, only time spent asleep counts.
    pub timeout: Option<Duration>,
    /// Bytes of standard output, and of standard error, after which the process is ended.
    pub output_limit: usize,
    /// Nothing of this process's environment is inherited.
    pub only_env: bool,
    /// There are no environment variables at all; in a box, not even the box's own.
    pub no_variables: bool,
    /// The box that it runs in; none for trusted code.
    pub sandbox: Option<Arc<Sandbox>>,
    /// What it may use together with everything that it starts; without one, nothing is checked.
    pub watch: Option<Watch>,
    /// The name that the program has in the box for runs.
    pub called: Option<String>,
    /// What it starts keeps running after it has ended, such as a browser.
    pub hands_over: bool,
    /// The folder that the box for builds lets it write in.
    pub writes: Option<PathBuf>,
    /// Bytes that it reads from a descriptor. It inherits no other descriptor.
    pub given: Option<Given>,
}

impl Call {
    /// A call with no time limit, which may print 256 MiB.
    pub fn new(program: impl Into<OsString>, cwd: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cwd: cwd.into(),
            env: BTreeMap::new(),
            stdin: Vec::new(),
            cpu: None,
            input: In::default(),
            output: Out::default(),
            argv0: None,
            timeout: None,
            output_limit: 256 << 20,
            only_env: false,
            no_variables: false,
            sandbox: None,
            watch: None,
            called: None,
            hands_over: false,
            writes: None,
            given: None,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It ended by itself with this exit code.
    Exited(i32),
    /// A signal ended it (Unix), by number.
    Signaled(i32),
    /// It was ended because it and its descendants used up their processor time, however busy the machine is.
    TimedOut,
    /// It was ended after so many seconds, without having used up its processor time: it mostly waited.
    Waited(u32),
    /// It wasn't started: the runs before it took so many seconds together.
    NotStarted(u32),
    /// It was stopped because it printed too much.
    OutputLimit,
    /// It was ended because it and what it started took too much memory.
    MemoryLimit,
    /// It was stopped because it wrote too much to the disk.
    DiskLimit,
}

/// What is left of a process that has ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: Status,
    /// Everything that it printed, up to the limit.
    pub stdout: Vec<u8>,
    /// Everything that it printed as errors, up to the limit.
    pub stderr: Vec<u8>,
    /// Processor time of it and its descendants, in hundredths of a second; nothing where no limit was set.
    pub cpu: Duration,
    /// The same, plus the time that it spent asleep.
    pub spent: Duration,
}

impl Finished {
    /// Nothing is known about it yet.
    fn empty() -> Self {
        Self {
            status: Status::Exited(-1),
            stdout: Vec::new(),
            stderr: Vec::new(),
            cpu: Duration::ZERO,
            spent: Duration::ZERO,
        }
    }
}

/// Runs a program to its end; `None` where it isn't installed.
///
/// # Errors
/// When it cannot be started for another reason.
pub fn run_if_installed(call: &Call) -> Result<Option<Finished>> {
    match run(call) {
        Ok(finished) => Ok(Some(finished)),
        // The system reports the same for a folder that isn't there.
        Err(error) if call.cwd.is_dir() && is_not_found(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a program could not be started because there is no such file.
pub fn is_not_found(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|cause| cause.kind() == std::io::ErrorKind::NotFound)
}

/// Runs a process to its end.
///
/// # Errors
/// When it cannot be started. A process that fails, hangs or prints for ever is a `Status`, not an error.
pub fn run(call: &Call) -> Result<Finished> {
    if let Some(sandbox) = &call.sandbox {
        let mut finished = run(&sandbox.wrap(call))?;
        for _ in 0..BOX_TRIES {
            let Some(why) = sandbox.is_missing(&finished) else { break };
            if !sandbox.kind.is_run() {
                bail!("there is no sandbox: {why}");
            }
            // The words may be the program's own. The same box with a program of ours tells whether it can be made now.
            let probe = run(&sandbox.wrap_nothing(call))?;
            if probe.status != Status::Exited(0) {
                bail!("can't create a sandbox: {}", String::from_utf8_lossy(&probe.stderr).trim());
            }
            finished = run(&sandbox.wrap(call))?;
        }
        if let Some(signal) = ended_from_outside(finished.status, &sandbox.kind) {
            bail!("a signal from outside the sandbox ({signal}) ended the program in it");
        }
        finished.status = from_a_box(finished.status, &sandbox.kind);
        return Ok(finished);
    }
    let (mut child, pieces) = start(call)?;
    let id = child.id();
    ends::feed(&mut child, call, pieces);
    let (sender, chunks) = channel();
    let out = child.stdout.take().map(|pipe| forward(pipe, Stream::Out, sender.clone()));
    let err = child.stderr.take().map(|pipe| forward(pipe, Stream::Err, sender));
    let result = attend(&mut child, call, &chunks);
    // Also after a limit or an error.
    let has_ended = result.as_ref().is_ok_and(|finished| matches!(finished.status, Status::Exited(_)));
    if !(call.hands_over && has_ended) {
        end_group(&mut child);
    }
    let _ = child.wait();
    live().children.remove(&id);
    drop(chunks);
    drop((out, err));
    if result.as_ref().is_ok_and(|finished| may_be_for_all(finished.status)) {
        thread::sleep(Duration::from_millis(500));
    }
    result.with_context(|| format!("can't wait for `{}`", call.program.display()))
}

/// A program that still prints what bwrap would print after so many tries prints it itself.
const BOX_TRIES: usize = 3;

/// Whether it was ended by a signal that a scheduler or a terminal sends to all processes of a job (HUP, INT, TERM). Ours has
/// then been sent as well: it must end us before what is left is taken for the work of a submission.
fn may_be_for_all(status: Status) -> bool {
    matches!(status, Status::Signaled(1 | 2 | 15) | Status::Exited(129 | 130 | 143))
}

/// The signal, where a box was ended from outside: nothing in a box can reach bwrap, and nothing that is compiled ends Cargo
/// like that.
fn ended_from_outside(status: Status, kind: &Kind) -> Option<i32> {
    match status {
        Status::Signaled(signal) => Some(signal),
        Status::Exited(code) if !kind.is_run() && may_be_for_all(status) => Some(code - 128),
        _ => None,
    }
}

/// The signal by which the kernel ends a process that has used up its processor time.
const XCPU: i32 = 24;

/// bwrap reports a signal by the exit code, as a shell does. Signals that end a broken program are reported as such.
fn from_a_box(status: Status, kind: &Kind) -> Status {
    match status {
        // ILL, ABRT, BUS, FPE, KILL, SEGV, XCPU, XFSZ, SYS
        Status::Exited(code) if kind.is_run() && matches!(code - 128, 4 | 6 | 7 | 8 | 9 | 11 | 24 | 25 | 31) => {
            match code - 128 {
                XCPU => Status::TimedOut,
                signal => Status::Signaled(signal),
            }
        }
        other => other,
    }
}

/// Runs a process in this one's place: same input, output and process group. For the compiler behind the recorder.
///
/// # Errors
/// When it cannot be started.
pub fn relay(program: &OsString, args: &[OsString]) -> Result<Status> {
    relay_from(program, args, None, &BTreeMap::new())
}

/// The same from another folder, with changes to the environment.
///
/// # Errors
/// When it cannot be started.
pub fn relay_from(
    program: &OsString,
    args: &[OsString],
    folder: Option<&Path>,
    env: &BTreeMap<OsString, Option<OsString>>,
) -> Result<Status> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let mut command = Command::new(program);
    command.args(args);
    if let Some(folder) = folder {
        command.current_dir(folder);
    }
    for (name, value) in env {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let status = command.status();
    status.map(status_of).with_context(|| format!("can't start `{}`", program.display()))
}

/// Replaces this process with a program: same process number, terminal, input, and environment. What was inherited is passed
/// on, so `/dev/fd/63` is still what the shell meant. Returns an exit code only on systems that can't replace a process.
///
/// # Errors
/// When it can't be started.
pub fn become_program(
    program: &Path,
    args: impl IntoIterator<Item = OsString>,
    inherited: &descriptors::Inherited,
) -> Result<Exit> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let mut command = Command::new(program);
    command.args(args);
    #[cfg(unix)]
    let error = {
        use std::os::unix::process::CommandExt as _;
        inherited.pass_on();
        command.exec()
    };
    #[cfg(not(unix))]
    let error = {
        let _ = inherited;
        match command.status() {
            Ok(status) => std::process::exit(status.code().unwrap_or(Exit::Environment as i32)),
            Err(error) => error,
        }
    };
    Err(error).with_context(|| format!("can't start `{}`", program.display()))
}

/// This program's file, as it was when this was first called: a new build may replace it in the meantime.
///
/// # Errors
/// When the system doesn't provide it.
pub fn own_path() -> Result<&'static Path> {
    static OWN: OnceLock<PathBuf> = OnceLock::new();
    if let Some(own) = OWN.get() {
        return Ok(own);
    }
    let own = std::env::current_exe().context("can't find the path of this program")?;
    Ok(OWN.get_or_init(|| own))
}

/// Ends this process by the signal that ended the process it stood in for. Returns where that cannot be done.
pub fn end_by(signal: i32) {
    #[cfg(unix)]
    if let Some(signal) = rustix::process::Signal::from_named_raw(signal) {
        let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
    }
    #[cfg(not(unix))]
    let _ = signal;
}

/// Ends every process that runs now, and starts no others until `resume`: their calls fail. For a check that a newer
/// save has made pointless.
pub fn cancel() {
    let mut live = live();
    live.cancelled = true;
    live.children.values().for_each(Group::end);
}

/// Lets processes start again.
pub fn resume() {
    live().cancelled = false;
}

/// A folder that Ctrl-C removes, until `keep` is called. Call it within `uninterrupted`, where the folder is made.
pub fn remove_when_interrupted(folder: &Path) {
    litter().insert(folder.to_owned());
}

/// Ctrl-C no longer removes this folder.
pub fn keep(folder: &Path) {
    litter().remove(folder);
}

/// What Ctrl-C prints before it ends this process: what is kept, and what to do next.
pub fn say_when_interrupted(words: &'static str) {
    *words_at_the_end() = Some(words);
}

fn words_at_the_end() -> MutexGuard<'static, Option<&'static str>> {
    static WORDS: Mutex<Option<&'static str>> = Mutex::new(None);
    WORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Apart from the live processes, whose lock `uninterrupted` holds.
fn litter() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    static LITTER: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    LITTER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes what is to be removed. A process that has only just been ended may still add a file, so a few tries are made.
fn remove_litter() {
    for folder in litter().iter() {
        for _ in 0..50 {
            if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Runs something that Ctrl-C must not interrupt: the signal waits until it is done.
pub fn uninterrupted<T>(work: impl FnOnce() -> T) -> T {
    let _guard = live();
    work()
}

fn start(call: &Call) -> Result<(Child, Option<PipeWriter>)> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let mut command = Command::new(&call.program);
    #[cfg(unix)]
    let passed = call.given.as_ref().map(descriptors::Passed::new).transpose().context("can't create a pipe")?;
    #[cfg(unix)]
    if let (Some(given), Some(passed)) = (&call.given, &passed) {
        command.arg(given.option).arg(passed.number());
    }
    command.args(&call.args).current_dir(&call.cwd);
    let (input, pieces) = ends::input(call)?;
    command.stdin(input).stdout(ends::output(call)?).stderr(Stdio::piped());
    #[cfg(unix)]
    if let Some(argv0) = &call.argv0 {
        std::os::unix::process::CommandExt::arg0(&mut command, argv0);
    }
    if call.only_env {
        command.env_clear().env("PATH", "/usr/bin:/bin");
    }
    for name in descriptors::job_servers(|name| std::env::var_os(name)) {
        command.env_remove(name);
    }
    if call.no_variables {
        command.env_clear();
    }
    for (name, value) in call.env.iter().filter(|_| !call.no_variables) {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);

    // The lock is held while the process starts: a signal finds it in the list, or finds it not started.
    let mut live = live();
    if live.cancelled {
        bail!("cancelled");
    }
    // Under the lock, so that what one child is given isn't inherited by another.
    descriptors::close_in_children();
    #[cfg(unix)]
    passed.as_ref().map(descriptors::Passed::open).transpose().context("can't pass on a file descriptor")?;
    let child = command.spawn().with_context(|| match call.cwd.is_dir() {
        true => format!("can't start `{}`", call.program.display()),
        false => format!("can't start `{}` in {}, which isn't a folder", call.program.display(), call.cwd.display()),
    })?;
    live.children.insert(child.id(), Group::of(&child));
    Ok((child, pieces))
}

fn status_of(status: std::process::ExitStatus) -> Status {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Status::Signaled(signal);
    }
    Status::Exited(status.code().unwrap_or(-1))
}

fn end_group(child: &mut Child) {
    if let Some(group) = live().children.get(&child.id()) {
        group.end();
    }
    // What could not be put into a group can still be ended by itself.
    #[cfg(not(unix))]
    let _ = child.kill();
}

/// The processes that run now.
struct Live {
    children: BTreeMap<u32, Group>,
    /// Nothing may start.
    cancelled: bool,
}

fn live() -> MutexGuard<'static, Live> {
    static LIVE: Mutex<Live> = Mutex::new(Live { children: BTreeMap::new(), cancelled: false });
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on Ctrl-C (and SIGTERM, SIGHUP) ends every child with its group, then this process, with exit code 128 + signal, as
/// a shell reports it. On Windows, the same codes stand for Ctrl-C, a closed console, and the end of a session.
///
/// # Errors
/// When the handlers cannot be installed.
pub fn end_children_on_signal() -> Result<()> {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
        let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])
            .context("can't watch for Ctrl-C")?;
        thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                end_everything(128 + signal);
            }
        });
    }
    #[cfg(windows)]
    if !group::windows::on_ctrl_c(end_everything) {
        bail!("can't watch for Ctrl-C");
    }
    Ok(())
}

/// The lock is kept until the process is gone: nothing new starts, nothing is half written.
fn end_everything(code: i32) {
    let live = live();
    live.children.values().for_each(Group::end);
    terminal::restore();
    remove_litter();
    if let Some(words) = *words_at_the_end() {
        let _ = writeln!(std::io::stderr(), "{words}");
    }
    std::process::exit(code);
}

#[cfg(all(test, unix))]
mod tests;
