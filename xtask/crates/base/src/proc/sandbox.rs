//! Sandboxes (boxes) for untrusted code, made by bubblewrap (`bwrap`): one to build in, one to run in. A box sees only what is
//! put into it, always at the same paths. It has no network, no privileges, and its own environment.
//!
//! As root no user namespace is used: there the box's processes become a different user for good (`setpriv`), so that
//! they can't read what only root may read. Any other user already is that user, in a separate namespace.

mod filter;
mod system;
mod wrapping;

use super::{Call, Finished, In, Out, Status};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
pub use system::{BUBBLEWRAP, System};

/// Where a box sees the folder that it shares with the grader.
pub const INSIDE: &str = "/grade";
/// Where a box sees the compiler.
const TOOLCHAIN: &str = "/toolchain";
/// Where a box sees the crates that Cargo has fetched.
const CARGO_HOME: &str = "/cargo";
/// Where a box sees the program that it runs.
const PROGRAM: &str = "/program";
/// Where it is if it has a different name.
const CALLED: &str = "/called";
/// Where a build box sees this program.
const OWN: &str = "/box/xtask";
/// What counts a program's instructions, and how it is called. Its options are cachegrind's, not callgrind's: a program can
/// make callgrind start counting again. Options of the user's own (`~/.valgrindrc`) don't count.
pub const COUNTER: [&str; 7] = [
    "valgrind",
    "--command-line-only=yes",
    "--tool=cachegrind",
    "--cache-sim=no",
    "--cachegrind-out-file=/dev/null",
    "--vgdb=no",
    "--",
];
/// Where the counter's own program is; what Debian calls `valgrind` is a script, and a run box has no shell.
const COUNTERS: [&str; 2] = ["/usr/bin/valgrind.bin", "/usr/bin/valgrind"];
/// Where the counter has its parts, if not below `/usr/lib`.
const COUNTER_PARTS: &str = "/usr/libexec/valgrind";
/// How many times as long a program may take while its instructions are counted.
pub const SLOWER: u64 = 12;
/// Where a run box sees what sets its limits.
const HELPERS: &str = "/box";

/// What may be used inside a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of processor time of all processes together, and so of each: unlike wall time it doesn't depend on what else the
    /// machine does.
    pub cpu_seconds: u64,
    /// Seconds that they may spend asleep, all together.
    pub idle_seconds: u64,
    /// Bytes of address space of a process.
    pub memory: u64,
    /// Processes and threads of the box's user.
    pub processes: u64,
    /// Bytes of one file.
    pub file: u64,
    /// Files that a process has open at once: memory can hide in files without a name.
    pub open_files: u64,
    /// Bytes of memory that all processes of the box have in use together.
    pub total: u64,
    /// Bytes by which the folder of a build may grow.
    pub disk: u64,
    /// Bytes that may be printed by a build; a run has the limit of its exercise.
    pub output: usize,
}

/// What is in a box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The compiler, the crates that Cargo has fetched, and a writable folder.
    Build {
        /// The folder of the toolchain (`rustc --print sysroot`).
        toolchain: PathBuf,
        /// Cargo's home, of which only `registry` is seen.
        cargo_home: PathBuf,
        /// This program as it was called, which runs between Cargo and rustc to record flags.
        own: PathBuf,
        /// A copy of it that isn't replaced.
        copy: PathBuf,
    },
    /// The program, the loader and C's library: nothing to shell out to.
    Run,
    /// The same with valgrind, through which the program is run: that counts its instructions.
    Count,
}

impl Kind {
    /// Whether a program under test runs in it.
    pub fn is_run(&self) -> bool {
        matches!(self, Self::Run | Self::Count)
    }
}

/// The counter's own program on this machine.
fn counter() -> Option<&'static str> {
    COUNTERS.into_iter().find(|program| Path::new(program).is_file())
}

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// What is in it.
    pub kind: Kind,
    /// The folder that a build box shares with the grader, seen as `/grade`.
    pub shared: PathBuf,
    /// The user that its processes become; `None` unless the grader is root.
    pub user: Option<u32>,
    /// What its processes may use.
    pub limits: Limits,
    /// Seconds of processor time for a build of untrusted files, if different.
    pub build_seconds: Option<u64>,
    /// What this machine has.
    pub system: Arc<System>,
}

impl Sandbox {
    /// The same box for untrusted files: a build may take so many seconds of processor time.
    #[must_use]
    pub fn with_build_seconds(&self, build_seconds: Option<u64>) -> Self {
        Self { build_seconds, ..self.clone() }
    }

    /// The same box for the course's own files.
    #[must_use]
    pub fn of_the_course(&self) -> Self {
        self.with_build_seconds(None)
    }

    /// Seconds of processor time that all processes may take together.
    pub fn cpu_seconds(&self) -> u64 {
        self.build_seconds.unwrap_or(self.limits.cpu_seconds)
    }

    /// The call that makes the box and runs another call in it. Paths below the shared folder become those that the box
    /// sees.
    pub fn wrap(&self, call: &Call) -> Call {
        self.wrap_as(call, true)
    }

    /// The call that makes the same box, and runs only our own code in it.
    pub fn wrap_nothing(&self, call: &Call) -> Call {
        // The probe itself has to be able to say something.
        Call { input: In::default(), output: Out::default(), ..self.wrap_as(call, false) }
    }

    /// Why there was no box, if so. What runs in a run box can print the same; in a build box Cargo prints first.
    pub fn is_missing(&self, finished: &Finished) -> Option<String> {
        let words = finished.stderr.split(|&byte| byte == b'\n').next().unwrap_or_default();
        let is_ours = [b"bwrap: ".as_slice(), b"prlimit: ", b"setpriv: "].iter().any(|maker| words.starts_with(maker));
        let failed = matches!(finished.status, Status::Exited(1 | 126 | 127));
        (failed && finished.stdout.is_empty() && is_ours).then(|| String::from_utf8_lossy(words).into_owned())
    }

    /// This run box with a counter in it, which makes a program about fifty times as slow; `None` where there is none.
    pub fn counting(&self) -> Option<Self> {
        counter()?;
        let Limits { cpu_seconds, idle_seconds, memory, .. } = self.limits;
        let (cpu_seconds, idle_seconds) = (cpu_seconds * SLOWER, idle_seconds * SLOWER);
        let limits = Limits { cpu_seconds, idle_seconds, memory: memory * 2, ..self.limits };
        Some(Self { kind: Kind::Count, limits, ..self.clone() })
    }

    /// A path, or text with paths, as the box sees it.
    fn seen(&self, text: &OsStr) -> OsString {
        if let Kind::Build { own, .. } = &self.kind
            && own.as_os_str() == text
        {
            return OWN.into();
        }
        match (text.to_str(), self.shared.to_str()) {
            (Some(text), Some(shared)) => text.replace(shared, INSIDE).into(),
            _ => text.to_owned(),
        }
    }

    /// A path from the box, as the grader sees it.
    pub fn outside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(INSIDE).map_or_else(|_| path.to_owned(), |below| self.shared.join(below))
    }
}

#[cfg(test)]
mod tests;
