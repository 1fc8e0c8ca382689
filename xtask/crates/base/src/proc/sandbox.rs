//! Boxes for code that nobody trusts, made by bubblewrap (`bwrap`): one to build in, one to run in. A box sees only what is
//! put into it, always at the same paths, has no network, no privileges and an environment of its own.
//!
//! As root no user namespace is used: there the box's processes become another user for good (`setpriv`), so that what
//! only root may read stays closed to them. Anybody else is that user already, in a namespace of its own.

mod filter;
mod system;

use super::descriptors::Given;
use super::watch::Watch;
use super::{Call, Finished, In, Out, Status};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
pub use system::System;

/// Where a box sees the folder that it shares with the grader.
pub const INSIDE: &str = "/grade";
/// Where a box sees the compiler.
const TOOLCHAIN: &str = "/toolchain";
/// Where a box sees the crates that Cargo has fetched.
const CARGO_HOME: &str = "/cargo";
/// Where a box sees the program that it runs.
const PROGRAM: &str = "/program";
/// Where it is if it has a name of its own.
const CALLED: &str = "/called";
/// Where a build box sees this program.
const OWN: &str = "/box/xtask";
/// What counts the instructions of a program, and how it is called. Its options are those of cachegrind and not of callgrind,
/// which programs can tell to count from the beginning again.
/// Options of the user's own (`~/.valgrindrc`) don't count.
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
/// How many times as long a program that is counted may take.
pub const SLOWER: u64 = 12;
/// Where a run box sees what sets its limits.
const HELPERS: &str = "/box";

/// What is in a box may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds of processor time of all processes together, and so of each: unlike wall time it doesn't depend on what else the
    /// machine does.
    pub cpu_seconds: u64,
    /// Seconds that they may all spend asleep.
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
    /// The compiler, the crates that Cargo has fetched, and a folder that can be written.
    Build {
        /// The folder of the toolchain (`rustc --print sysroot`).
        toolchain: PathBuf,
        /// Cargo's home, of which only `registry` is seen.
        cargo_home: PathBuf,
        /// This program as it was called, which stands between Cargo and rustc to note flags.
        own: PathBuf,
        /// A copy of it that nobody replaces.
        copy: PathBuf,
    },
    /// The program, the loader and C's library: nothing to shell out to.
    Run,
    /// The same with valgrind, through which the program is run: that counts its instructions.
    Count,
}

impl Kind {
    /// Whether a program under test is what runs in it.
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
    /// Seconds of processor time for a build of files that aren't trusted, if not as many.
    pub build_seconds: Option<u64>,
    /// What this machine has.
    pub system: Arc<System>,
}

impl Sandbox {
    /// The same box for files that aren't trusted: a build may take so many seconds of processor time.
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

    /// The call that makes the same box, and runs nothing in it that is not ours.
    pub fn wrap_nothing(&self, call: &Call) -> Call {
        // The probe itself has to be able to say something.
        Call { input: In::default(), output: Out::default(), ..self.wrap_as(call, false) }
    }

    fn wrap_as(&self, call: &Call, is_run: bool) -> Call {
        // Not from the folder for temporary files: TMPDIR may name one that isn't there.
        let mut wrapped = Call::new("bwrap", "/");
        wrapped.stdin.clone_from(&call.stdin);
        let least = |asked: Option<Duration>, seconds| {
            let most = Duration::from_secs(seconds);
            Some(asked.map_or(most, |asked| asked.min(most)))
        };
        wrapped.cpu = least(call.cpu, self.cpu_seconds());
        wrapped.timeout = least(call.timeout, self.limits.idle_seconds.min(self.build_seconds.unwrap_or(u64::MAX)));
        wrapped.input = if call.input == In::Folder { In::Unreadable } else { call.input };
        wrapped.output = call.output;
        wrapped.output_limit = call.output_limit;
        let mut watch = Watch { memory: self.limits.total, folder: None };
        // bwrap's own environment can be read in the box (/proc/1/environ), so it gets none of the grader's.
        wrapped.only_env = true;
        wrapped.given = self.system.filter.clone().map(|bytes| Given { option: "--seccomp", bytes });
        let seen = |path: &OsStr| self.seen(path);
        let mut args: Vec<OsString> = Vec::new();
        let mut add = |words: &[&OsStr]| args.extend(words.iter().map(|word| (*word).to_owned()));
        let flag = OsStr::new;
        for word in ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"] {
            add(&[flag(word)]);
        }
        if self.user.is_none() {
            add(&[flag("--unshare-user")]);
            if self.system.disables_namespaces {
                add(&[flag("--disable-userns")]);
            }
        }
        add(&[flag("--die-with-parent"), flag("--new-session"), flag("--hostname"), flag("box")]);
        // Folders that bwrap makes by itself would be closed to all but root.
        for folder in ["/usr", "/etc"] {
            add(&[flag("--perms"), flag("0755"), flag("--dir"), flag(folder)]);
        }
        for (link, target) in [("/lib", "usr/lib"), ("/lib64", "usr/lib64")] {
            add(&[flag("--symlink"), flag(target), flag(link)]);
        }
        add(&[flag("--ro-bind-try"), flag("/etc/ld.so.cache"), flag("/etc/ld.so.cache")]);
        add(&[flag("--proc"), flag("/proc"), flag("--dev"), flag("/dev")]);
        let mut env: BTreeMap<OsString, OsString> = BTreeMap::new();
        let program;
        match &self.kind {
            Kind::Build { toolchain, cargo_home, copy, .. } => {
                add(&[flag("--ro-bind"), flag("/usr"), flag("/usr"), flag("--symlink"), flag("usr/bin"), flag("/bin")]);
                add(&[flag("--ro-bind-try"), flag("/etc/alternatives"), flag("/etc/alternatives")]);
                add(&[flag("--ro-bind"), toolchain.as_os_str(), flag(TOOLCHAIN)]);
                for folder in [CARGO_HOME, HELPERS] {
                    add(&[flag("--perms"), flag("0755"), flag("--dir"), flag(folder)]);
                }
                let registry = cargo_home.join("registry");
                add(&[flag("--ro-bind-try"), registry.as_os_str(), flag("/cargo/registry")]);
                add(&[flag("--perms"), flag("1777"), flag("--size"), flag("268435456"), flag("--tmpfs"), flag("/tmp")]);
                // After /tmp, because this program may itself lie below it.
                add(&[flag("--ro-bind"), copy.as_os_str(), flag(OWN)]);
                wrapped.output_limit = call.output_limit.min(self.limits.output);
                // Only what this build reads and writes: its neighbors' files may be another student's.
                let reads = call.cwd.starts_with(&self.shared).then_some(("--ro-bind", &call.cwd));
                let writes = call.writes.as_ref().map(|folder| ("--bind", folder));
                let mut above: BTreeSet<PathBuf> = BTreeSet::from([INSIDE.into()]);
                let mut binds = Vec::new();
                for (how, folder) in [reads, writes].into_iter().flatten() {
                    let inside = PathBuf::from(seen(folder.as_os_str()));
                    above.extend(
                        inside.ancestors().skip(1).filter(|above| above.starts_with(INSIDE)).map(Path::to_owned),
                    );
                    binds.push((how, folder, inside));
                }
                for folder in &above {
                    add(&[flag("--perms"), flag("0755"), flag("--dir"), folder.as_os_str()]);
                }
                for (how, folder, inside) in binds {
                    add(&[flag(how), folder.as_os_str(), inside.as_os_str()]);
                }
                watch.folder = call.writes.clone().map(|folder| (folder, self.limits.disk));
                env.insert("PATH".into(), format!("{TOOLCHAIN}/bin:/usr/bin").into());
                env.insert("CARGO_HOME".into(), CARGO_HOME.into());
                env.insert("CARGO_NET_OFFLINE".into(), "true".into());
                env.insert("HOME".into(), "/tmp".into());
                program = seen(&call.program);
                let cwd = seen(call.cwd.as_os_str());
                add(&[flag("--chdir"), &cwd]);
            }
            Kind::Run | Kind::Count => {
                for words in self.libraries() {
                    add(&words.iter().map(OsString::as_os_str).collect::<Vec<_>>());
                }
                add(&[flag("--perms"), flag("0755"), flag("--dir"), flag(HELPERS)]);
                for helper in ["prlimit", "setpriv"] {
                    let (outside, inside) = (format!("/usr/bin/{helper}"), format!("{HELPERS}/{helper}"));
                    add(&[flag("--ro-bind"), flag(&outside), flag(&inside)]);
                }
                if let (Kind::Count, Some(counter)) = (&self.kind, counter()) {
                    let inside = format!("{HELPERS}/{}", COUNTER[0]);
                    add(&[flag("--ro-bind"), flag(counter), flag(&inside)]);
                    add(&[flag("--perms"), flag("0755"), flag("--dir"), flag("/usr/libexec")]);
                    add(&[flag("--ro-bind-try"), flag(COUNTER_PARTS), flag(COUNTER_PARTS)]);
                }
                program = match &call.called {
                    None => PROGRAM.into(),
                    Some(name) => {
                        let called = Path::new(CALLED).join(name);
                        let above: Vec<&Path> =
                            called.ancestors().skip(1).take_while(|above| above.parent().is_some()).collect();
                        for folder in above.into_iter().rev() {
                            add(&[flag("--perms"), flag("0755"), flag("--dir"), folder.as_os_str()]);
                        }
                        // By its bare name it is found as a shell finds it.
                        env.insert("PATH".into(), CALLED.into());
                        OsString::from(format!("{CALLED}/{name}"))
                    }
                };
                // A link, as outside of a box: who asks where the program is finds the file, not the name.
                add(&[flag("--ro-bind"), &call.program, flag(PROGRAM)]);
                if call.called.is_some() {
                    add(&[flag("--symlink"), flag(PROGRAM), &program]);
                }
                add(&[flag("--perms"), flag("1777"), flag("--size"), flag("16777216"), flag("--tmpfs"), flag("/tmp")]);
                add(&[flag("--chdir"), flag("/tmp")]);
            }
        }
        env.insert("LC_ALL".into(), "C.UTF-8".into());
        env.extend(call.env.iter().filter_map(|(name, value)| Some((name.clone(), seen(value.as_deref()?)))));
        for (name, value) in env.iter().filter(|_| !call.no_variables) {
            add(&[flag("--setenv"), name, value]);
        }
        // Without a user of its own the box's would own /dev/shm, which has no size.
        for folder in ["/dev", "/"] {
            add(&[flag("--remount-ro"), flag(folder)]);
        }
        add(&[flag("--")]);
        wrapped.watch = Some(watch);
        let limited = self.limited();
        if is_run {
            args.extend(limited.into_iter().map(OsString::from));
            if self.kind == Kind::Count {
                args.push(format!("{HELPERS}/{}", COUNTER[0]).into());
                args.extend(COUNTER[1..].iter().map(OsString::from));
            }
            // By a path it can be started, and not without a name.
            let argv0 = call.argv0.as_ref().filter(|argv0| !argv0.is_empty());
            args.push(argv0.map_or(program, OsString::from));
            args.extend(call.args.iter().map(|arg| seen(arg)));
        } else {
            args.extend(limited.iter().map(OsString::from));
            args.extend(limited.first().map(OsString::from));
            args.push("--version".into());
        }
        wrapped.args = args;
        wrapped
    }

    /// What puts the libraries into a run box: words for bwrap.
    fn libraries(&self) -> Vec<Vec<OsString>> {
        let libraries = &self.system.libraries;
        let words = |words: &[&OsStr]| words.iter().map(|word| (*word).to_owned()).collect();
        let flag = OsStr::new;
        if libraries.is_empty() {
            return vec![
                words(&[flag("--ro-bind"), flag("/usr/lib"), flag("/usr/lib")]),
                words(&[flag("--ro-bind-try"), flag("/usr/lib64"), flag("/usr/lib64")]),
            ];
        }
        let folders: BTreeSet<&Path> = libraries
            .iter()
            .flat_map(|file| file.ancestors().skip(1))
            .filter(|folder| folder.iter().count() > 2)
            .collect();
        let folders = folders
            .into_iter()
            .map(|folder| words(&[flag("--perms"), flag("0755"), flag("--dir"), folder.as_os_str()]));
        let files = libraries.iter().map(|file| words(&[flag("--ro-bind"), file.as_os_str(), file.as_os_str()]));
        folders.chain(files).collect()
    }

    /// The programs that set limits and give up rights, before the one that is not trusted.
    fn limited(&self) -> Vec<String> {
        let Limits { memory, processes, file, open_files, .. } = self.limits;
        let cpu_seconds = self.cpu_seconds();
        let folder = if self.kind.is_run() { HELPERS } else { "/usr/bin" };
        let mut words = vec![format!("{folder}/prlimit"), "--core=0".to_owned()];
        let limits = [("as", memory), ("nproc", processes), ("fsize", file), ("nofile", open_files)];
        words.extend(limits.iter().map(|(limit, value)| format!("--{limit}={value}")));
        // The first ends it by a signal that says why; a process that does not mind is killed by the second.
        words.push(format!("--cpu={cpu_seconds}:{}", cpu_seconds + 2));
        words.push("--".to_owned());
        words.push(format!("{folder}/setpriv"));
        if let Some(user) = self.user {
            words.extend([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
            words.push("--bounding-set=-all".to_owned());
        }
        words.extend(["--inh-caps=-all", "--no-new-privs", "--"].map(str::to_owned));
        words
    }

    /// Why there was no box, if so. What runs in a run box can print the same; in a build box Cargo speaks first.
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

    /// A path that the box names, as the grader sees it.
    pub fn outside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(INSIDE).map_or_else(|_| path.to_owned(), |below| self.shared.join(below))
    }
}

#[cfg(test)]
mod tests;
