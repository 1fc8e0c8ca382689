//! Tries to break out of a sandbox before anything is graded in one, in ways that would change grades or harm the
//! machine. Whatever works here would work for a submission.

use super::Recipe;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use base::proc::{self, Call, Finished, Status};
use std::fs;
#[cfg(unix)]
use std::fs::File;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

impl Recipe {
    /// Tries to break out of a box below this folder.
    ///
    /// # Errors
    /// When that succeeds, or the box can't be made at all.
    pub(crate) fn prove(&self, place: &Path) -> Result<()> {
        if self.system.filter.is_none() {
            output::note(
                "no system-call filter on this machine: the sandbox relies on namespaces, users and limits alone",
            );
        }
        let shared = place.join("canary");
        let result = self.try_to_break_out(&shared);
        let _ = fs::remove_dir_all(&shared);
        result
    }

    fn try_to_break_out(&self, shared: &Path) -> Result<()> {
        let (own, writes, neighbor) = (shared.join("own"), shared.join("writes"), shared.join("neighbor"));
        for folder in [&own, &writes, &neighbor] {
            fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
            files::open_to_all(folder)?;
        }
        // Outside the shared folder, where the grader's own files are.
        let secret = shared.with_extension("secret");
        for file in [&secret, &neighbor.join("secret")] {
            files::write_atomic(file, b"canary\n")?;
        }
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("can't listen on the loopback interface")?;
        let port = listener.local_addr()?.port();
        listener.set_nonblocking(true)?;
        let (build, _) = self.pair(0, shared);
        let shell = |script: &str| {
            let mut call = Call::new("/usr/bin/bash", &own).args(["-c", script]);
            call.sandbox = Some(Arc::clone(&build));
            call.writes = Some(writes.clone());
            call.timeout = Some(Duration::from_secs(20));
            proc::run(&call)
        };
        is_alive(&shell("echo inside && touch /grade/writes/written")?)?;
        let mut broken = Vec::new();
        {
            let inherited = Inherited::new(&secret, &neighbor)?;
            for (what, script) in attempts(&secret, port, inherited.numbers()) {
                inherited.offer()?;
                if shell(&script)?.status == Status::Exited(0) {
                    broken.push(what);
                }
            }
        }
        // A filter that the kernel doesn't apply is worse than none.
        let nested = "unshare --user true || unshare --mount true";
        if (self.system.filter.is_some() || self.system.disables_namespaces)
            && shell(nested)?.status == Status::Exited(0)
        {
            broken.push("create its own namespace");
        }
        if leaves_a_process(shell)? {
            broken.push("leave a process behind");
        }
        let _ = fs::remove_file(&secret);
        if broken.is_empty() {
            return Ok(());
        }
        bail!(
            Failure::new(Exit::Environment, format!("the sandbox leaks: code in it can {}", broken.join(", ")))
                .help("don't grade here; check `bwrap --version` and the kernel's namespace settings")
        )
    }
}

/// Ways out of a box by files, the network, limits and what the grader has open: what code could then do, and a script that
/// succeeds if it can.
fn attempts(secret: &Path, port: u16, open: [i32; 3]) -> [(&'static str, String); 14] {
    let has = |number: i32| format!("test -e /proc/self/fd/{number}");
    [
        ("read one of the grader's files", format!("cat '{}'", secret.display())),
        ("read a file next to its own", "cat /grade/neighbor/secret".to_owned()),
        ("read /etc/shadow", "cat /etc/shadow".to_owned()),
        ("write outside its folder", "touch /usr/canary || touch /canary || touch /toolchain/canary".to_owned()),
        ("change what it is built from", "touch /grade/own/canary || touch /grade/canary".to_owned()),
        ("reach a server on this machine", format!("exec 3<>/dev/tcp/127.0.0.1/{port}")),
        ("use any amount of memory", "test \"$(ulimit -v)\" = unlimited".to_owned()),
        ("start any number of processes", "test \"$(ulimit -u)\" = unlimited".to_owned()),
        ("write files of any size", "test \"$(ulimit -f)\" = unlimited".to_owned()),
        ("fill the memory with files", "touch /dev/shm/canary".to_owned()),
        ("see the grader's environment", "tr '\\0' '\\n' < /proc/1/environ | grep -q '^HOME='".to_owned()),
        ("use a file that the grader has open", has(open[0])),
        ("use a folder that the grader has open", has(open[1])),
        ("use a connection that the grader has open", has(open[2])),
    ]
}

/// Whether a process that was started in a box runs on when the box has ended.
fn leaves_a_process(shell: impl Fn(&str) -> Result<Finished>) -> Result<bool> {
    // A number of our own, because what a killed grader left behind isn't what this box let out.
    let seconds = (86_400 + u64::from(std::process::id())).to_string();
    let daemon = shell(&format!("setsid sleep {seconds} > /dev/null 2>&1 & echo started"))?;
    thread::sleep(Duration::from_millis(100));
    // Some other program may have been given the same number.
    let is_it = |words: &[&[u8]]| {
        words.first().is_some_and(|program| program.ends_with(b"sleep")) && words.contains(&seconds.as_bytes())
    };
    Ok(daemon.stdout == b"started\n" && is_running(is_it))
}

fn is_alive(finished: &Finished) -> Result<()> {
    if finished.status == Status::Exited(0) && finished.stdout == b"inside\n" {
        return Ok(());
    }
    bail!(
        Failure::new(
            Exit::Environment,
            format!("bwrap can't create a sandbox here: {}", String::from_utf8_lossy(&finished.stderr).trim())
        )
        .help(
            "in a container it needs permission to create namespaces; grade on the host itself, or pass `--sandbox \
             none` if you trust every submission"
        )
    );
}

/// A file, a folder and a connection that every child of this process would inherit, if `proc` let it.
#[cfg(unix)]
pub(crate) struct Inherited {
    file: File,
    folder: File,
    connection: std::os::unix::net::UnixStream,
    /// The data read from the connection.
    other_end: std::os::unix::net::UnixStream,
}

#[cfg(unix)]
impl Inherited {
    /// Opens them. The file can be read and written.
    ///
    /// # Errors
    /// When one can't be opened.
    pub(crate) fn new(file: &Path, folder: &Path) -> Result<Self> {
        let file = File::options().read(true).append(true).open(file)?;
        let folder = File::open(folder)?;
        let (connection, other_end) = std::os::unix::net::UnixStream::pair()?;
        other_end.set_nonblocking(true)?;
        let inherited = Self { file, folder, connection, other_end };
        inherited.offer()?;
        Ok(inherited)
    }

    /// Makes them inheritable again: starting a process undoes it.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn offer(&self) -> Result<()> {
        let flags = rustix::io::FdFlags::empty();
        rustix::io::fcntl_setfd(&self.file, flags)?;
        rustix::io::fcntl_setfd(&self.folder, flags)?;
        rustix::io::fcntl_setfd(&self.connection, flags)?;
        Ok(())
    }

    /// Their numbers: the file's, the folder's, the connection's.
    pub(crate) fn numbers(&self) -> [i32; 3] {
        use std::os::fd::AsRawFd as _;
        [self.file.as_raw_fd(), self.folder.as_raw_fd(), self.connection.as_raw_fd()]
    }

    /// Whether something came out of the connection.
    pub(crate) fn was_reached(&self) -> bool {
        use std::io::Read as _;
        (&self.other_end).read(&mut [0; 16]).is_ok_and(|bytes| bytes > 0)
    }
}

/// There are no boxes on systems without such descriptors.
#[cfg(not(unix))]
pub(crate) struct Inherited;

#[cfg(not(unix))]
#[expect(clippy::unused_self, reason = "they are called as on Unix")]
impl Inherited {
    /// Opens nothing.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn new(_: &Path, _: &Path) -> Result<Self> {
        Ok(Self)
    }

    /// Offers nothing.
    ///
    /// # Errors
    /// Never.
    pub(crate) fn offer(&self) -> Result<()> {
        Ok(())
    }

    /// No numbers of anything.
    pub(crate) fn numbers(&self) -> [i32; 3] {
        [-1; 3]
    }

    /// Nothing came out of it.
    pub(crate) fn was_reached(&self) -> bool {
        false
    }
}

/// Whether some process on this machine has a command line like this. Where there is no `/proc`, none has.
pub(crate) fn is_running(is_meant: impl Fn(&[&[u8]]) -> bool) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| is_meant(&line.split(|&byte| byte == 0).collect::<Vec<_>>()))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_found_by_its_command_line() {
        let own = std::env::args().next().unwrap();
        assert!(is_running(|words| words[0] == own.as_bytes()));
        assert!(!is_running(|words| words.contains(&b"no-process-is-called-with-this".as_slice())));
    }
}
