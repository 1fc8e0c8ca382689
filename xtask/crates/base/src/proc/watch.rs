//! Watches what a process and all its descendants use together: limits of the kernel hold for one process at a time, and only a
//! file system of its own limits a folder. Memory and processor time are looked at 20 times a second; a folder less often,
//! because its files have to be counted.
//!
//! A limit on time is one on processor time. Wall time depends on what else the machine does, so it only counts while every
//! thread sleeps: a process that is starved, or whose grader was suspended, loses nothing.

use super::{Call, Status};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often memory and processor time are looked at.
const PROCESSES: Duration = Duration::from_millis(50);
/// How often a folder is looked at, at most.
const FOLDER: Duration = Duration::from_millis(250);
/// Looking at a folder takes at most one part in this many of the time.
const SHARE: u32 = 50;

/// What a process and everything that it starts may use together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// Bytes of memory that are in use at the same time, without what is only mapped from files.
    pub memory: u64,
    /// A folder, and the bytes by which it may grow.
    pub folder: Option<(PathBuf, u64)>,
}

/// A watch over a process that runs.
#[derive(Debug)]
pub struct Guard<'a> {
    call: &'a Call,
    process: u32,
    /// Bytes of the folder when the process began.
    before: u64,
    next_look: Instant,
    next_folder: Instant,
    /// Processor time of the processes that there were at the last look.
    seen: Duration,
    /// Processor time of processes that had ended by the next look, unseen by their parents.
    lost: Duration,
    /// Time that has passed for this process since the last look.
    since: Duration,
    /// The total.
    awake: Duration,
    /// The part of it in which every thread slept.
    idle: Duration,
}

impl<'a> Guard<'a> {
    /// Begins to watch.
    pub fn new(call: &'a Call, process: u32) -> Self {
        let now = Instant::now();
        let before = call.watch.as_ref().and_then(|watch| watch.folder.as_ref());
        let before = before.map_or(0, |(folder, _)| bytes_below(folder));
        let zero = Duration::ZERO;
        let (next_look, next_folder) = (now + PROCESSES, now + FOLDER);
        Self {
            call,
            process,
            before,
            next_look,
            next_folder,
            seen: zero,
            lost: zero,
            since: zero,
            awake: zero,
            idle: zero,
        }
    }

    /// The limit that is passed, if one is. `passed`: the time since the last call. Does nothing most of the times.
    pub fn look(&mut self, passed: Duration) -> Option<Status> {
        if self.call.cpu.is_none() && self.call.timeout.is_none() && self.call.watch.is_none() {
            return None;
        }
        self.since += passed;
        let now = Instant::now();
        if now >= self.next_look {
            let reached = self.look_at_processes();
            if reached.is_some() {
                return reached;
            }
            self.next_look = Instant::now() + PROCESSES;
        }
        if now >= self.next_folder {
            let reached = self.last_look();
            self.next_folder = Instant::now() + FOLDER.max(now.elapsed() * SHARE);
            return reached;
        }
        None
    }

    fn look_at_processes(&mut self) -> Option<Status> {
        let since = std::mem::take(&mut self.since);
        self.awake += since;
        let Use { memory, cpu, is_busy } = used_by(self.process);
        // A process takes over the times of its children when it waits for them, and need not wait.
        self.lost += self.seen.saturating_sub(cpu);
        self.seen = cpu;
        if !is_busy {
            self.idle += since;
        }
        if self.call.watch.as_ref().is_some_and(|watch| memory > watch.memory) {
            return Some(Status::MemoryLimit);
        }
        match (self.call.cpu, self.call.timeout) {
            (Some(most), _) if self.cpu() > most => Some(Status::TimedOut),
            (Some(most), Some(longest)) => {
                (self.idle > longest || self.awake > whole(most, longest)).then(|| self.waited())
            }
            (None, Some(longest)) => (self.awake > longest).then(|| self.waited()),
            (_, None) => None,
        }
    }

    fn waited(&self) -> Status {
        Status::Waited(u32::try_from(self.awake.as_secs()).unwrap_or(u32::MAX))
    }

    /// Takes what a process that has ended, and was not waited for yet, has used up to its end.
    pub fn at_its_end(&mut self) {
        if cfg!(target_os = "linux")
            && self.call.cpu.is_some()
            && let Some((_, cpu)) = stat(&Path::new("/proc").join(self.process.to_string()))
        {
            self.lost += self.seen.saturating_sub(cpu);
            self.seen = cpu;
        }
    }

    /// Processor time that was used until the last look.
    pub fn cpu(&self) -> Duration {
        self.seen + self.lost
    }

    /// Processor time and time asleep until the last look: how long it would have taken on a machine of its own.
    pub fn spent(&self) -> Duration {
        self.cpu() + self.idle
    }

    /// Whether the folder has grown too much.
    pub fn last_look(&self) -> Option<Status> {
        let (folder, most) = self.call.watch.as_ref()?.folder.as_ref()?;
        (bytes_below(folder) > self.before.saturating_add(*most)).then_some(Status::DiskLimit)
    }
}

/// How long a process may be there at all, asleep or not: for one that sleeps whenever it is looked at.
fn whole(cpu: Duration, timeout: Duration) -> Duration {
    cpu * 10 + timeout + Duration::from_secs(30)
}

/// What processes use together.
struct Use {
    /// Bytes of memory.
    memory: u64,
    /// Processor time, including children that were waited for.
    cpu: Duration,
    /// A thread runs, or waits for a processor or a disk.
    is_busy: bool,
}

/// What a process and everything that it started use. Nothing on systems other than Linux, even with a `/proc`: Wine shows
/// Linux's, where Windows process numbers belong to unrelated processes.
fn used_by(process: u32) -> Use {
    let mut all = Use { memory: 0, cpu: Duration::ZERO, is_busy: false };
    let mut open = if cfg!(target_os = "linux") { vec![process.to_string()] } else { Vec::new() };
    while let Some(process) = open.pop() {
        let folder = Path::new("/proc").join(&process);
        let mut memory = memory_of(&folder);
        all.cpu += stat(&folder).map_or(Duration::ZERO, |(_, cpu)| cpu);
        for thread in fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let thread = thread.path();
            // A process whose first thread has ended tells of no memory; its other threads still do.
            if memory == 0 {
                memory = memory_of(&thread);
            }
            all.is_busy = all.is_busy || is_busy(&thread);
            let children = fs::read_to_string(thread.join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().map(str::to_owned));
        }
        all.memory += memory;
    }
    all
}

/// Bytes of memory of a process or thread that are in use, without what is only mapped from files.
fn memory_of(folder: &Path) -> u64 {
    let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
    let field = |name: &str| -> u64 {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        value.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
    };
    (field("RssAnon:") + field("RssShmem:")) * 1024
}

/// Whether a thread runs, or waits for a processor or a disk.
fn is_busy(thread: &Path) -> bool {
    match stat(thread) {
        Some(('R', _)) => true,
        // A parent waits in the same state for the child that it has made with `vfork`, for as long as that one likes.
        Some(('D', _)) => {
            let place = fs::read_to_string(thread.join("wchan")).unwrap_or_default();
            !["fork", "clone"].iter().any(|words| place.contains(words))
        }
        _ => false,
    }
}

/// The state of a process or thread, and its processor time, including children that were waited for.
fn stat(folder: &Path) -> Option<(char, Duration)> {
    // A program's name may hold anything: bytes that are no UTF-8, spaces, parentheses.
    let bytes = fs::read(folder.join("stat")).ok()?;
    let after = bytes.iter().rposition(|&byte| byte == b')')? + 1;
    let mut fields = std::str::from_utf8(&bytes[after..]).ok()?.split_whitespace();
    let state = fields.next()?.chars().next()?;
    let ticks: u64 = fields.skip(10).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    // Linux tells programs of a hundred ticks a second, whatever it counts itself.
    Some((state, Duration::from_millis(ticks * 10)))
}

/// Bytes on the disk below a folder. What vanishes meanwhile counts nothing, and no link is followed.
fn bytes_below(folder: &Path) -> u64 {
    let mut bytes = 0;
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(metadata) = entry.metadata() else { continue };
            if metadata.is_dir() {
                open.push(entry.path());
            } else {
                bytes += on_disk(&metadata);
            }
        }
    }
    bytes
}

/// A file with holes is as large as what is written of it.
fn on_disk(metadata: &fs::Metadata) -> u64 {
    #[cfg(unix)]
    {
        // A file that has two names is counted once, in halves.
        use std::os::unix::fs::MetadataExt as _;
        metadata.blocks() * 512 / metadata.nlink().max(1)
    }
    #[cfg(not(unix))]
    metadata.len()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::{Call, run};
    use super::*;

    fn shell(script: &str, watch: Watch) -> Call {
        let mut call = Call::new("bash", std::env::temp_dir()).args(["-c", script]);
        call.timeout = Some(Duration::from_secs(30));
        call.watch = Some(watch);
        call
    }

    #[test]
    fn memory_of_all_processes_together_is_limited() {
        // Each takes about 30 MB, and waits.
        let script = "hold() { x=$(head -c 15000000 /dev/zero | tr '\\0' x); sleep 20; }; for n in 1 2 3 4; do hold & done; wait";
        let watch = Watch { memory: 40 << 20, folder: None };
        let began = Instant::now();
        assert_eq!(run(&shell(script, watch)).unwrap().status, Status::MemoryLimit);
        assert!(began.elapsed() < Duration::from_secs(15));
        let one = "x=$(head -c 1000000 /dev/zero | tr '\\0' x); sleep 0.3";
        assert_eq!(run(&shell(one, Watch { memory: 200 << 20, folder: None })).unwrap().status, Status::Exited(0));
    }

    #[test]
    fn memory_counts_when_the_first_thread_of_a_process_has_ended() {
        // Python's main thread ends itself alone (the system call `exit`), and another one takes 60 MB and waits.
        let script = "exec python3 -c \"import ctypes, threading, time\ndef hold():\n    x = bytearray(60 << 20)\n    time.sleep(20)\nthreading.Thread(target=hold).start()\ntime.sleep(0.5)\nctypes.CDLL(None).syscall(60 if __import__('platform').machine() == 'x86_64' else 93, 0)\"";
        let watch = Watch { memory: 50 << 20, folder: None };
        let began = Instant::now();
        assert_eq!(run(&shell(script, watch)).unwrap().status, Status::MemoryLimit);
        assert!(began.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn a_parent_that_waits_for_its_child_is_asleep() {
        let waits = "exec python3 -c \"import ctypes\nlibc = ctypes.CDLL(None)\nlibc.vfork() or libc.pause()\"";
        let mut call = Call::new("bash", std::env::temp_dir()).args(["-c", waits]);
        (call.cpu, call.timeout) = (Some(Duration::from_secs(10)), Some(Duration::from_secs(1)));
        let began = Instant::now();
        assert!(matches!(run(&call).unwrap().status, Status::Waited(_)));
        assert!(began.elapsed() < Duration::from_secs(30), "not only when it is there for too long");
    }

    #[test]
    fn a_folder_may_grow_so_far_and_what_was_there_before_does_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let write = |name: &str, end: &str| {
            let script = format!("mkdir -p '{path}/below'; head -c 3000000 /dev/zero > '{path}/below/{name}'; {end}");
            let watch = Watch { memory: u64::MAX, folder: Some((folder.path().to_owned(), 4 << 20)) };
            run(&shell(&script, watch)).unwrap().status
        };
        assert_eq!(write("a", "true"), Status::Exited(0));
        assert_eq!(write("b", "true"), Status::Exited(0), "what is there does not count");
        assert_eq!(write("c", &format!("head -c 3000000 /dev/zero > '{path}/d'; sleep 20")), Status::DiskLimit);
        // Also what is written and left at the very end.
        assert_eq!(write("e", &format!("head -c 3000000 /dev/zero > '{path}/f'")), Status::DiskLimit);
        // A file with holes takes no room.
        assert_eq!(write("g", &format!("truncate -s 100M '{path}/h'")), Status::Exited(0));
    }
}
