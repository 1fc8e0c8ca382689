//! The boxes of a grading run: whether there are any, whether they hold, and one pair of them for each worker.

use super::users;
use crate::cargo;
use crate::exit::{Exit, Failure};
use crate::proc::sandbox::{Kind, Limits, Sandbox};
use crate::proc::{self, Call, Status};
use crate::tree;
use anyhow::{Context as _, Result, bail};
use std::env;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// What a build may use. A build of the largest exercise takes about 20 seconds of processor time and 1 GB.
const BUILD: Limits = Limits {
    cpu_seconds: 300,
    memory: 4 << 30,
    processes: 256,
    file: 256 << 20,
    open_files: 4096,
    total: 2 << 30,
    disk: 384 << 20,
    output: 4 << 20,
};

/// What a run may use.
const RUN: Limits = Limits {
    cpu_seconds: 10,
    memory: 1 << 30,
    processes: 32,
    file: 16 << 20,
    open_files: 64,
    total: 1 << 30,
    disk: 0,
    output: 0,
};

/// The boxes of a worker.
pub type Pair = (Arc<Sandbox>, Arc<Sandbox>);

/// What boxes are made of.
#[derive(Clone, Debug)]
pub struct Recipe {
    toolchain: PathBuf,
    cargo_home: PathBuf,
    own: PathBuf,
    root: bool,
}

impl Recipe {
    /// Looks for bubblewrap and what it needs.
    ///
    /// # Errors
    /// When something is missing, with what to install.
    pub fn find(course: &Path) -> Result<Self> {
        let missing = |what: &str, help: &str| -> Failure {
            Failure::new(Exit::Environment, format!("submissions cannot be kept in a box: {what}"))
                .help(format!("{help}; or `--sandbox none`, if you trust every submission as your own code"))
        };
        if !cfg!(target_os = "linux") {
            bail!(missing("there is no bubblewrap on this system", "grade on Linux"));
        }
        for program in ["bwrap", "prlimit", "setpriv"] {
            if !Path::new("/usr/bin").join(program).is_file() {
                let package = if program == "bwrap" { "bubblewrap" } else { "util-linux" };
                bail!(missing(
                    &format!("there is no {program}"),
                    &format!("install it (Debian, Ubuntu: `apt install {package}`)")
                ));
            }
        }
        let asked = proc::run(&Call::new("rustc", course).args(["--print", "sysroot"]))?;
        let toolchain = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
        if asked.status != Status::Exited(0) {
            // Its words tell whether it is missing, or cannot start for want of memory.
            bail!(cargo::explain_failure(&asked, "rustc --print sysroot"));
        }
        if !toolchain.is_dir() {
            bail!(missing("rustc does not say where it is", "install Rust: https://rustup.rs"));
        }
        let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
        let own = proc::own_path()?.to_owned();
        Ok(Self { toolchain, cargo_home, own, root: is_root() })
    }

    /// The boxes of one worker, which share a folder.
    pub fn pair(&self, worker: u32, shared: &Path) -> Pair {
        let Self { toolchain, cargo_home, own, root } = self.clone();
        let users = root.then(|| users::of_worker(worker));
        let copy = copy_beside(shared, &own);
        let kind = Kind::Build { toolchain, cargo_home, own, copy };
        let build = Sandbox { kind, shared: shared.to_owned(), user: users.map(|(build, _)| build), limits: BUILD };
        let run = Sandbox { kind: Kind::Run, shared: shared.to_owned(), user: users.map(|(_, run)| run), limits: RUN };
        (Arc::new(build), Arc::new(run))
    }

    /// What a record depends on.
    pub fn describe(&self) -> String {
        format!("bwrap, build {BUILD:?}, run {RUN:?}, user {}", if self.root { "other" } else { "own" })
    }

    /// Tries to break out of a box below this folder, in ways that would change grades or harm the machine.
    ///
    /// # Errors
    /// When one of them succeeds, or the box cannot be made at all.
    pub fn prove(&self, place: &Path) -> Result<()> {
        let shared = place.join("canary");
        fs::create_dir_all(&shared).with_context(|| format!("cannot make the folder {}", shared.display()))?;
        tree::open_to_all(&shared)?;
        let result = self.try_to_break_out(&shared);
        let _ = fs::remove_dir_all(&shared);
        result
    }

    fn try_to_break_out(&self, shared: &Path) -> Result<()> {
        // Outside of the shared folder, where the grader's own things are.
        let secret = shared.with_extension("secret");
        tree::write_atomic(&secret, b"canary\n")?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("cannot listen on the loopback interface")?;
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        let (build, _) = self.pair(0, shared);
        let shell = |script: &str| {
            let mut call = Call::new("/usr/bin/bash", shared).args(["-c", script]);
            call.sandbox = Some(Arc::clone(&build));
            call.timeout = Some(Duration::from_secs(20));
            proc::run(&call)
        };
        let alive = shell("echo inside && touch /grade/written")?;
        if alive.status != Status::Exited(0) || alive.stdout != b"inside\n" {
            bail!(
                Failure::new(
                    Exit::Environment,
                    format!("bwrap cannot make a box here: {}", String::from_utf8_lossy(&alive.stderr).trim())
                )
                .help("in a container it needs the right to make namespaces; grade on the machine itself, or use `--sandbox none` if you trust every submission")
            );
        }
        let leaks = [
            ("read a file of the grader", format!("cat '{}'", secret.display())),
            ("read /etc/shadow", "cat /etc/shadow".to_owned()),
            ("write outside of its folder", "touch /usr/canary || touch /canary || touch /toolchain/canary".to_owned()),
            ("reach a server of this machine", format!("exec 3<>/dev/tcp/127.0.0.1/{port}")),
            ("use any amount of memory", "test \"$(ulimit -v)\" = unlimited".to_owned()),
            ("start any number of processes", "test \"$(ulimit -u)\" = unlimited".to_owned()),
            ("write files of any size", "test \"$(ulimit -f)\" = unlimited".to_owned()),
            ("fill the memory with files", "touch /dev/shm/canary".to_owned()),
            ("see the grader's environment", "tr '\\0' '\\n' < /proc/1/environ | grep -q '^HOME='".to_owned()),
        ];
        let mut broken = Vec::new();
        for (what, script) in &leaks {
            if shell(script)?.status == Status::Exited(0) {
                broken.push(*what);
            }
        }
        // A number of our own: what a killed grader has left is not what this box let out.
        let seconds = (86_400 + u64::from(std::process::id())).to_string();
        let daemon = shell(&format!("setsid sleep {seconds} > /dev/null 2>&1 & echo started"))?;
        thread::sleep(Duration::from_millis(100));
        if daemon.stdout == b"started\n" && is_running(&seconds) {
            broken.push("leave a process behind");
        }
        let _ = fs::remove_file(&secret);
        if broken.is_empty() {
            return Ok(());
        }
        bail!(
            Failure::new(Exit::Environment, format!("the box does not hold: code in it can {}", broken.join(", ")))
                .help("do not grade here; look at `bwrap --version` and at the kernel's settings for namespaces")
        )
    }
}

/// This program once more, beside a worker's folder: a class takes hours, and somebody may build a new one meanwhile. Where
/// there is no room for it, the one that runs.
fn copy_beside(shared: &Path, own: &Path) -> PathBuf {
    let copy = shared.with_file_name("runner");
    let is_there = copy.is_file() || fs::hard_link(own, &copy).is_ok() || fs::copy(own, &copy).is_ok();
    if is_there { copy } else { own.to_owned() }
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// Whether some process has this argument.
fn is_running(argument: &str) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok()).any(|line| {
        let words: Vec<&[u8]> = line.split(|&byte| byte == 0).collect();
        words.first().is_some_and(|program| program.ends_with(b"sleep")) && words.contains(&argument.as_bytes())
    })
}
