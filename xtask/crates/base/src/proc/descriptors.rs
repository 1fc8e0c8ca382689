//! Keeps this process's open files from its children. A child inherits every descriptor that isn't close-on-exec, and the
//! caller of this program (`flock 9`, `exec 3<`, make, a CI runner) may have left some open. A box would leak through them.

#[cfg(unix)]
use std::ffi::c_int;
use std::ffi::{OsStr, OsString};
#[cfg(unix)]
use std::os::fd::AsRawFd as _;

/// Bytes that a program reads from a separate descriptor, and the option that gives it the number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The option, such as `--seccomp`. It comes before all other arguments.
    pub option: &'static str,
    /// The bytes. They have to fit in a pipe.
    pub bytes: std::sync::Arc<[u8]>,
}

/// A descriptor for the one child that starts next.
#[cfg(unix)]
pub struct Passed(std::io::PipeReader);

#[cfg(unix)]
impl Passed {
    /// Puts the bytes where the child can read them.
    ///
    /// # Errors
    /// When this process has no descriptor left.
    pub fn new(given: &Given) -> std::io::Result<Self> {
        use std::io::Write as _;
        let (reader, mut writer) = std::io::pipe()?;
        writer.write_all(&given.bytes)?;
        Ok(Self(reader))
    }

    /// The number to give the child.
    pub fn number(&self) -> String {
        self.0.as_raw_fd().to_string()
    }

    /// Lets the child inherit it. No other process may start until it is dropped.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn open(&self) -> std::io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.0, rustix::io::FdFlags::empty())?)
    }
}

/// Makes every descriptor from 3 up close-on-exec. What this program opens is close-on-exec from the start; this is for what
/// it has inherited, and costs a microsecond.
#[cfg(unix)]
pub fn close_in_children() {
    if close_range() {
        return;
    }
    // Kernels before 5.11, and systems other than Linux.
    let listed = ["/proc/self/fd", "/dev/fd"].into_iter().find_map(|folder| std::fs::read_dir(folder).ok());
    match listed {
        Some(entries) => entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|&number| number > 2)
            .for_each(close_on_exec),
        None => (3..4096).for_each(close_on_exec),
    }
}

/// The descriptors that this process has inherited and could pass on.
#[derive(Debug, Default)]
pub struct Inherited(#[cfg(unix)] Vec<c_int>);

impl Inherited {
    /// The descriptors that are open and not close-on-exec now. Call this before the first child starts: after that
    /// none are left.
    #[must_use]
    pub fn now() -> Self {
        #[cfg(unix)]
        {
            let listed = ["/proc/self/fd", "/dev/fd"].into_iter().find_map(|folder| std::fs::read_dir(folder).ok());
            let numbers =
                listed.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            Self(numbers.filter(|&number| number > 2 && flags(number) == Some(0)).collect())
        }
        #[cfg(not(unix))]
        Self()
    }

    /// Restores them. The program that replaces this one has them again.
    #[cfg(unix)]
    pub fn pass_on(&self) {
        self.0.iter().for_each(|&number| set_flags(number, 0));
    }
}

/// Windows passes on only what it is told to.
#[cfg(not(unix))]
pub fn close_in_children() {}

/// All descriptors at once, where the kernel can do that.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "std and rustix can't change descriptors that this program doesn't own")]
fn close_range() -> bool {
    use std::ffi::{c_long, c_uint};
    // The same on all of Linux's architectures but one, which then takes the other way.
    const CLOSE_RANGE: c_long = 436;
    const ONLY_ON_EXEC: c_uint = 1 << 2;
    unsafe extern "C" {
        fn syscall(number: c_long, ...) -> c_long;
    }
    // SAFETY: the call takes three integers and no memory. With this flag it closes nothing in this process: it only sets a
    // flag of each descriptor, on which no code here depends.
    unsafe { syscall(CLOSE_RANGE, 3 as c_uint, c_uint::MAX, ONLY_ON_EXEC) == 0 }
}

#[cfg(all(unix, not(target_os = "linux")))]
fn close_range() -> bool {
    false
}

/// One descriptor; nothing happens if it isn't open.
#[cfg(unix)]
fn close_on_exec(number: c_int) {
    const ON_EXEC: c_int = 1;
    set_flags(number, ON_EXEC);
}

/// The flags of a descriptor, if it is open.
#[cfg(unix)]
#[expect(unsafe_code, reason = "std and rustix can't ask about descriptors that this program doesn't own")]
fn flags(number: c_int) -> Option<c_int> {
    // The same number on every Unix.
    const GET_FLAGS: c_int = 1;
    unsafe extern "C" {
        fn fcntl(number: c_int, command: c_int, ...) -> c_int;
    }
    // SAFETY: the call takes two integers and no memory, and changes nothing.
    let flags = unsafe { fcntl(number, GET_FLAGS) };
    (flags >= 0).then_some(flags)
}

/// Sets the flags of one descriptor; nothing happens if it isn't open.
#[cfg(unix)]
#[expect(unsafe_code, reason = "std and rustix can't change descriptors that this program doesn't own")]
fn set_flags(number: c_int, to: c_int) {
    // The same number on every Unix.
    const SET_FLAGS: c_int = 2;
    unsafe extern "C" {
        fn fcntl(number: c_int, command: c_int, ...) -> c_int;
    }
    // SAFETY: the call takes three integers and no memory. It sets a flag of a descriptor, on which no code here depends; for a
    // number that isn't open it fails and changes nothing.
    unsafe { fcntl(number, SET_FLAGS, to) };
}

/// Variables with which make and Cargo tell a child which descriptors a job server has.
const JOB_SERVERS: [&str; 3] = ["MAKEFLAGS", "MFLAGS", "CARGO_MAKEFLAGS"];

/// The variables of an environment that name descriptors which children don't get: they would take whatever has these numbers
/// for a job server. A job server that is a named pipe works without descriptors, so its variable stays.
pub fn job_servers(value: impl Fn(&str) -> Option<OsString>) -> impl Iterator<Item = &'static str> {
    JOB_SERVERS.into_iter().filter(move |name| value(name).is_some_and(|value| names_descriptors(&value)))
}

fn names_descriptors(flags: &OsStr) -> bool {
    let flags = flags.to_string_lossy();
    let after = |option: &str| flags.split(option).nth(1).is_some_and(|value| !value.starts_with("fifo:"));
    after("--jobserver-auth=") || after("--jobserver-fds=")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::proc::{Call, run};

    /// The descriptors that a child has, except for the descriptor that it lists them with.
    fn of_a_child() -> Vec<String> {
        let finished =
            run(&Call::new("sh", "/").args(["-c", "for fd in /dev/fd/*; do [ -e $fd ] && echo ${fd##*/}; done"]));
        let listed = String::from_utf8(finished.unwrap().stdout).unwrap();
        listed.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn no_child_inherits_a_file_a_folder_or_a_socket() {
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("f")).unwrap();
        let opened = std::fs::File::open(folder.path()).unwrap();
        let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let flags = rustix::io::FdFlags::empty();
        rustix::io::fcntl_setfd(&file, flags).unwrap();
        rustix::io::fcntl_setfd(&opened, flags).unwrap();
        rustix::io::fcntl_setfd(&socket, flags).unwrap();
        let numbers = [file.as_raw_fd(), opened.as_raw_fd(), socket.as_raw_fd()].map(|number| number.to_string());
        let inherited = of_a_child();
        assert!(inherited.contains(&"1".to_owned()), "{inherited:?}");
        assert!(numbers.iter().all(|number| !inherited.contains(number)), "{numbers:?} in {inherited:?}");
    }

    #[test]
    fn the_slow_way_closes_as_well() {
        let file = tempfile::tempfile().unwrap();
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).unwrap();
        close_on_exec(file.as_raw_fd());
        assert!(rustix::io::fcntl_getfd(&file).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
        // A number that isn't open does no harm.
        close_on_exec(1_000_000);
    }

    #[test]
    fn one_child_is_given_what_it_is_meant_to_have() {
        // `sh -s N` reads a script from standard input, and the number is its first argument.
        let mut call = Call::new("sh", "/");
        call.stdin = b"eval \"cat <&$1\"".to_vec();
        call.given = Some(Given { option: "-s", bytes: b"given".as_slice().into() });
        assert_eq!(run(&call).unwrap().stdout, b"given");
    }

    #[test]
    fn a_job_server_is_not_named_without_its_descriptors() {
        let of = |flags: &'static str| {
            let value = move |name: &str| (name == "MAKEFLAGS").then(|| OsString::from(flags));
            job_servers(value).collect::<Vec<_>>()
        };
        assert_eq!(of(" -j4 --jobserver-auth=3,4"), ["MAKEFLAGS"]);
        assert_eq!(of("--jobserver-fds=3,4 -j"), ["MAKEFLAGS"]);
        assert!(of("-j4 --jobserver-auth=fifo:/tmp/GMfifo7").is_empty() && of("-k").is_empty());
    }
}
