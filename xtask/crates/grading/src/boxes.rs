//! A grading run's sandboxes: whether there are any, whether they hold, and one pair of them for each worker.

pub(crate) mod canaries;

use super::users;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::proc::sandbox::{BUBBLEWRAP, Kind, Limits, Sandbox, System};
use base::proc::{self, Call, Status};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weigh::cargo;

/// What a build may use. A build of the largest exercise takes about 20 seconds of CPU time and 1 GB.
const BUILD: Limits = Limits {
    cpu_seconds: 300,
    idle_seconds: 20,
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
    idle_seconds: 10,
    memory: 1 << 30,
    processes: 32,
    file: 16 << 20,
    open_files: 64,
    total: 1 << 30,
    disk: 0,
    output: 0,
};

/// How many times as long as the course's own solution a build may take.
const MULTIPLE: f64 = 5.0;

/// Seconds of CPU time that every build gets.
const LEAST: f64 = 20.0;

/// The boxes of a worker.
pub(crate) type Pair = (Arc<Sandbox>, Arc<Sandbox>);

/// What boxes are made of.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    toolchain: PathBuf,
    cargo_home: PathBuf,
    own: PathBuf,
    root: bool,
    system: Arc<System>,
    /// Seconds of CPU time for a build, if the instructor has set them.
    build_seconds: Option<u32>,
}

impl Recipe {
    /// Looks for bubblewrap and what it needs.
    ///
    /// # Errors
    /// When something is missing, with what to install.
    pub(crate) fn find(course: &Path) -> Result<Self> {
        let missing = |what: &str, help: &str| -> Failure {
            Failure::new(Exit::Environment, format!("submissions can't be sandboxed: {what}"))
                .help(format!("{help}, or pass `--sandbox none` if you trust every submission like your own code"))
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
            // Its output shows whether it is missing, or can't start because memory ran out.
            bail!(cargo::explain_failure(&asked, "rustc --print sysroot"));
        }
        if !toolchain.is_dir() {
            bail!(missing("rustc doesn't report where it is installed", "install Rust: https://rustup.rs"));
        }
        let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let cargo_home = env::var_os("CARGO_HOME").map_or_else(|| home.join(".cargo"), PathBuf::from);
        let own = proc::own_path()?.to_owned();
        let system = System::find().ok_or_else(|| {
            missing(
                &format!("{BUBBLEWRAP} doesn't respond to `--help`"),
                "reinstall it (Debian, Ubuntu: `apt install --reinstall bubblewrap`)",
            )
        })?;
        let system = Arc::new(system);
        Ok(Self { toolchain, cargo_home, own, root: is_root(), system, build_seconds: None })
    }

    /// Sets what a build may take, whatever the course's own solution does.
    #[must_use]
    pub(crate) fn with_build_seconds(self, build_seconds: Option<u32>) -> Self {
        Self { build_seconds, ..self }
    }

    /// Seconds of CPU time for a build of what was handed in: a multiple of what the course's own solution takes here,
    /// unless the instructor has set them.
    pub(crate) fn build_seconds(&self, honest: f64) -> u64 {
        let most = BUILD.cpu_seconds as f64;
        self.build_seconds.map_or((honest * MULTIPLE).ceil().clamp(LEAST, most) as u64, u64::from)
    }

    /// The boxes of one worker, which share a folder.
    pub(crate) fn pair(&self, worker: u32, shared: &Path) -> Pair {
        let Self { toolchain, cargo_home, own, root, system, build_seconds } = self.clone();
        let users = root.then(|| users::of_worker(worker));
        let copy = copy_beside(shared, &own);
        let kind = Kind::Build { toolchain, cargo_home, own, copy };
        let of = |kind, user, limits| {
            let system = Arc::clone(&system);
            Arc::new(Sandbox { kind, shared: shared.to_owned(), user, limits, build_seconds: None, system })
        };
        // The instructor's limit also applies to the course's own builds, if it is higher.
        let cpu_seconds = BUILD.cpu_seconds.max(build_seconds.unwrap_or(0).into());
        let limits = Limits { cpu_seconds, ..BUILD };
        (of(kind, users.map(|(build, _)| build), limits), of(Kind::Run, users.map(|(_, run)| run), RUN))
    }

    /// What a record depends on.
    pub(crate) fn describe(&self) -> String {
        let user = if self.root { "other" } else { "own" };
        let seconds = self.build_seconds.map_or_else(|| format!("{MULTIPLE} times"), |seconds| seconds.to_string());
        format!("bwrap, build {BUILD:?} {seconds}, run {RUN:?}, user {user}, {}", self.system.describe())
    }
}

/// A copy of this program, next to a worker's folder: grading a class takes hours, and a new version may be built
/// meanwhile. If there is no room for a copy, the running program itself.
fn copy_beside(shared: &Path, own: &Path) -> PathBuf {
    let copy = shared.with_file_name("runner");
    let is_there = copy.is_file() || runs_for_all(own) && fs::hard_link(own, &copy).is_ok() || {
        let copied = fs::copy(own, &copy);
        #[cfg(unix)]
        let copied =
            copied.and_then(|_| fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o755)));
        copied.is_ok()
    };
    if is_there { copy } else { own.to_owned() }
}

/// Whether a box's user may run a file. A link to it would have its permissions, and they aren't ours to change.
#[cfg(unix)]
fn runs_for_all(file: &Path) -> bool {
    let mode = fs::metadata(file).map(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()));
    mode.is_ok_and(|mode| mode & 0o005 == 0o005)
}

#[cfg(not(unix))]
fn runs_for_all(_: &Path) -> bool {
    true
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
