//! The arguments for bwrap that make a box, in the order in which bwrap carries them out.

use super::{
    CALLED, CARGO_HOME, COUNTER, COUNTER_PARTS, HELPERS, INSIDE, Kind, Limits, OWN, PROGRAM, Sandbox, TOOLCHAIN,
    counter,
};
use crate::proc::descriptors::Given;
use crate::proc::watch::Watch;
use crate::proc::{Call, In};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What bwrap gets: its arguments, and the environment of what runs in the box.
#[derive(Default)]
struct Words {
    args: Vec<OsString>,
    env: BTreeMap<OsString, OsString>,
}

fn flag(word: &str) -> &OsStr {
    OsStr::new(word)
}

impl Words {
    fn add(&mut self, words: &[&OsStr]) {
        self.args.extend(words.iter().map(|word| (*word).to_owned()));
    }

    /// A folder that everyone may read. Folders that bwrap makes by itself would be closed to everyone but root.
    fn folder(&mut self, folder: &OsStr) {
        self.add(&[flag("--perms"), flag("0755"), flag("--dir"), folder]);
    }

    /// An empty `/tmp` of so many bytes.
    fn tmp(&mut self, bytes: &str) {
        self.add(&[flag("--perms"), flag("1777"), flag("--size"), flag(bytes), flag("--tmpfs"), flag("/tmp")]);
    }
}

impl Sandbox {
    /// The call that makes the box; what runs in it is the call, or only our own code.
    pub(super) fn wrap_as(&self, call: &Call, is_run: bool) -> Call {
        let mut wrapped = self.within_limits(call);
        let mut words = Words::default();
        self.add_namespaces(&mut words);
        add_system(&mut words);
        let program = match &self.kind {
            Kind::Build { toolchain, cargo_home, copy, .. } => {
                wrapped.output_limit = call.output_limit.min(self.limits.output);
                add_compiler(&mut words, toolchain, cargo_home, copy);
                self.add_sources(&mut words, call);
                self.seen(&call.program)
            }
            Kind::Run | Kind::Count => {
                self.add_helpers(&mut words);
                add_program(&mut words, call)
            }
        };
        let disk = matches!(self.kind, Kind::Build { .. }).then_some(self.limits.disk);
        let folder = call.writes.clone().zip(disk);
        wrapped.watch = Some(Watch { memory: self.limits.total, folder });
        self.add_environment(&mut words, call);
        // Without a separate user, the box's user would own /dev/shm, which has no size limit.
        for folder in ["/dev", "/"] {
            words.add(&[flag("--remount-ro"), flag(folder)]);
        }
        words.add(&[flag("--")]);
        self.add_call(&mut words, call, is_run.then_some(program));
        wrapped.args = words.args;
        wrapped
    }

    /// The call of bwrap, with its limits; it has no arguments yet.
    fn within_limits(&self, call: &Call) -> Call {
        // Not from the folder for temporary files: TMPDIR may name one that isn't there.
        let mut wrapped = Call::new(super::BUBBLEWRAP, "/");
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
        // bwrap's own environment can be read in the box (/proc/1/environ), so it gets none of the grader's.
        wrapped.only_env = true;
        wrapped.given = self.system.filter.clone().map(|bytes| Given { option: "--seccomp", bytes });
        wrapped
    }

    fn add_namespaces(&self, words: &mut Words) {
        for word in ["--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"] {
            words.add(&[flag(word)]);
        }
        if self.user.is_none() {
            words.add(&[flag("--unshare-user")]);
            if self.system.disables_namespaces {
                words.add(&[flag("--disable-userns")]);
            }
        }
        words.add(&[flag("--die-with-parent"), flag("--new-session"), flag("--hostname"), flag("box")]);
    }

    /// Only what this build reads and writes: its neighbors' files may be another student's.
    fn add_sources(&self, words: &mut Words, call: &Call) {
        let reads = call.cwd.starts_with(&self.shared).then_some(("--ro-bind", &call.cwd));
        let writes = call.writes.as_ref().map(|folder| ("--bind", folder));
        let mut above: BTreeSet<PathBuf> = BTreeSet::from([INSIDE.into()]);
        let mut binds = Vec::new();
        for (how, folder) in [reads, writes].into_iter().flatten() {
            let inside = PathBuf::from(self.seen(folder.as_os_str()));
            above.extend(inside.ancestors().skip(1).filter(|above| above.starts_with(INSIDE)).map(Path::to_owned));
            binds.push((how, folder, inside));
        }
        for folder in &above {
            words.folder(folder.as_os_str());
        }
        for (how, folder, inside) in binds {
            words.add(&[flag(how), folder.as_os_str(), inside.as_os_str()]);
        }
        words.add(&[flag("--chdir"), &self.seen(call.cwd.as_os_str())]);
    }

    /// What a program needs to run: libraries, what sets its limits, and what counts its instructions.
    fn add_helpers(&self, words: &mut Words) {
        for line in self.libraries() {
            words.add(&line.iter().map(OsString::as_os_str).collect::<Vec<_>>());
        }
        words.folder(flag(HELPERS));
        for helper in ["prlimit", "setpriv"] {
            let (outside, inside) = (format!("/usr/bin/{helper}"), format!("{HELPERS}/{helper}"));
            words.add(&[flag("--ro-bind"), flag(&outside), flag(&inside)]);
        }
        if let (Kind::Count, Some(counter)) = (&self.kind, counter()) {
            let inside = format!("{HELPERS}/{}", COUNTER[0]);
            words.add(&[flag("--ro-bind"), flag(counter), flag(&inside)]);
            words.folder(flag("/usr/libexec"));
            words.add(&[flag("--ro-bind-try"), flag(COUNTER_PARTS), flag(COUNTER_PARTS)]);
        }
    }

    fn add_environment(&self, words: &mut Words, call: &Call) {
        let given = call.env.iter().filter_map(|(name, value)| Some((name.clone(), self.seen(value.as_deref()?))));
        words.env.insert("LC_ALL".into(), "C.UTF-8".into());
        words.env.extend(given);
        let env = std::mem::take(&mut words.env);
        for (name, value) in env.iter().filter(|_| !call.no_variables) {
            words.add(&[flag("--setenv"), name, value]);
        }
    }

    /// What runs in the box: what sets limits, then the program with its arguments; without a program, only our own code.
    fn add_call(&self, words: &mut Words, call: &Call, program: Option<OsString>) {
        let limited = self.limited();
        let args = &mut words.args;
        args.extend(limited.iter().map(OsString::from));
        let Some(program) = program else {
            args.extend(limited.first().map(OsString::from));
            args.push("--version".into());
            return;
        };
        if self.kind == Kind::Count {
            args.push(format!("{HELPERS}/{}", COUNTER[0]).into());
            args.extend(COUNTER[1..].iter().map(OsString::from));
        }
        // It can be started by a path, but not without a name.
        let argv0 = call.argv0.as_ref().filter(|argv0| !argv0.is_empty());
        args.push(argv0.map_or(program, OsString::from));
        args.extend(call.args.iter().map(|arg| self.seen(arg)));
    }

    /// What puts the libraries in a run box: arguments for bwrap.
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

    /// The programs that set limits and give up rights, before the untrusted program.
    fn limited(&self) -> Vec<String> {
        let Limits { memory, processes, file, open_files, .. } = self.limits;
        let cpu_seconds = self.cpu_seconds();
        let folder = if self.kind.is_run() { HELPERS } else { "/usr/bin" };
        let mut words = vec![format!("{folder}/prlimit"), "--core=0".to_owned()];
        let limits = [("as", memory), ("nproc", processes), ("fsize", file), ("nofile", open_files)];
        words.extend(limits.iter().map(|(limit, value)| format!("--{limit}={value}")));
        // The first ends it with a signal that says why; a process that ignores it is killed by the second.
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
}

/// What every box has from the system.
fn add_system(words: &mut Words) {
    for folder in ["/usr", "/etc"] {
        words.folder(flag(folder));
    }
    for (link, target) in [("/lib", "usr/lib"), ("/lib64", "usr/lib64")] {
        words.add(&[flag("--symlink"), flag(target), flag(link)]);
    }
    words.add(&[flag("--ro-bind-try"), flag("/etc/ld.so.cache"), flag("/etc/ld.so.cache")]);
    words.add(&[flag("--proc"), flag("/proc"), flag("--dev"), flag("/dev")]);
}

/// What builds: the system's programs, the compiler, the crates that Cargo has fetched, and this program.
fn add_compiler(words: &mut Words, toolchain: &Path, cargo_home: &Path, copy: &Path) {
    words.add(&[flag("--ro-bind"), flag("/usr"), flag("/usr"), flag("--symlink"), flag("usr/bin"), flag("/bin")]);
    words.add(&[flag("--ro-bind-try"), flag("/etc/alternatives"), flag("/etc/alternatives")]);
    words.add(&[flag("--ro-bind"), toolchain.as_os_str(), flag(TOOLCHAIN)]);
    for folder in [CARGO_HOME, HELPERS] {
        words.folder(flag(folder));
    }
    let registry = cargo_home.join("registry");
    words.add(&[flag("--ro-bind-try"), registry.as_os_str(), flag("/cargo/registry")]);
    words.tmp("268435456");
    // After /tmp, because this program may itself lie below it.
    words.add(&[flag("--ro-bind"), copy.as_os_str(), flag(OWN)]);
    words.env.insert("PATH".into(), format!("{TOOLCHAIN}/bin:/usr/bin").into());
    words.env.insert("CARGO_HOME".into(), CARGO_HOME.into());
    words.env.insert("CARGO_NET_OFFLINE".into(), "true".into());
    words.env.insert("HOME".into(), "/tmp".into());
}

/// Puts the program in a run box; returns its path there.
fn add_program(words: &mut Words, call: &Call) -> OsString {
    let program = match &call.called {
        None => PROGRAM.into(),
        Some(name) => {
            let called = Path::new(CALLED).join(name);
            let above: Vec<&Path> = called.ancestors().skip(1).take_while(|above| above.parent().is_some()).collect();
            for folder in above.into_iter().rev() {
                words.folder(folder.as_os_str());
            }
            // By its bare name it is found as a shell finds it.
            words.env.insert("PATH".into(), CALLED.into());
            OsString::from(format!("{CALLED}/{name}"))
        }
    };
    // A link, as outside a box: looking up the program's path finds the file, not the name.
    words.add(&[flag("--ro-bind"), &call.program, flag(PROGRAM)]);
    if call.called.is_some() {
        words.add(&[flag("--symlink"), flag(PROGRAM), &program]);
    }
    words.tmp("16777216");
    words.add(&[flag("--chdir"), flag("/tmp")]);
    program
}
