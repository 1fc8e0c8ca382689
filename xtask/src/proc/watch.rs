//! Watches what a process and all that it has started use together: limits of the kernel hold for one process at a time, and
//! nothing but a file system of its own limits a folder. Memory is looked at 20 times a second; a folder less often, because
//! its files have to be counted.

use super::Status;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often memory is looked at.
const MEMORY: Duration = Duration::from_millis(50);
/// How often a folder is looked at, at most.
const FOLDER: Duration = Duration::from_millis(250);
/// Looking at a folder takes at most one part in this many of the time.
const SHARE: u32 = 50;

/// What a process and all that it starts may use together.
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
    watch: &'a Watch,
    process: u32,
    /// Bytes of the folder when the process began.
    before: u64,
    next_memory: Instant,
    next_folder: Instant,
}

impl Watch {
    /// Begins to watch.
    pub fn guard(&self, process: u32) -> Guard<'_> {
        let now = Instant::now();
        let before = self.folder.as_ref().map_or(0, |(folder, _)| bytes_below(folder));
        Guard { watch: self, process, before, next_memory: now + MEMORY, next_folder: now + FOLDER }
    }
}

impl Guard<'_> {
    /// The limit that is passed, if one is. Does nothing most of the times it is called.
    pub fn look(&mut self) -> Option<Status> {
        let now = Instant::now();
        if now >= self.next_memory {
            self.next_memory = now + MEMORY;
            if memory_of(self.process) > self.watch.memory {
                return Some(Status::MemoryLimit);
            }
        }
        if now >= self.next_folder {
            let passed = self.last_look();
            self.next_folder = Instant::now() + FOLDER.max(now.elapsed() * SHARE);
            return passed;
        }
        None
    }

    /// Whether the folder has grown too much.
    pub fn last_look(&self) -> Option<Status> {
        let (folder, most) = self.watch.folder.as_ref()?;
        (bytes_below(folder) > self.before.saturating_add(*most)).then_some(Status::DiskLimit)
    }
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

/// Bytes of memory of a process and of all that it has started. 0 where there is no `/proc`.
fn memory_of(process: u32) -> u64 {
    let mut bytes = 0;
    let mut open = vec![process.to_string()];
    while let Some(process) = open.pop() {
        let folder = Path::new("/proc").join(&process);
        if let Ok(status) = fs::read_to_string(folder.join("status")) {
            let field = |name: &str| -> u64 {
                let value = status.lines().find_map(|line| line.strip_prefix(name));
                value.and_then(|value| value.trim().strip_suffix("kB")?.trim().parse().ok()).unwrap_or(0)
            };
            bytes += (field("RssAnon:") + field("RssShmem:")) * 1024;
        }
        for thread in fs::read_dir(folder.join("task")).into_iter().flatten().flatten() {
            let children = fs::read_to_string(thread.path().join("children")).unwrap_or_default();
            open.extend(children.split_whitespace().map(str::to_owned));
        }
    }
    bytes
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
