//! The folders that a grader builds in. They are removed when it ends, even by Ctrl-C. The next grader removes the
//! folders of a grader that was killed or whose machine went down.

use anyhow::{Context as _, Result};
use base::files;
use base::proc;
use course::evidence::target_folder;
use std::fs::{self, DirBuilder, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;

/// How the names of all places begin; the number of the grader's process follows.
const PREFIX: &str = "size-workshop-";

/// The file in a place that its grader keeps locked, as long as it lives.
const LOCK: &str = "lock";

/// A folder for one grader alone.
pub(crate) struct Place {
    /// The folder. No other user can look into it.
    pub folder: PathBuf,
    /// Closed before the folder is removed.
    lock: Option<File>,
}

impl Place {
    /// A place to build in: in memory if there is room, because builds write and read the same small files again and again.
    /// Removes dead graders' folders.
    ///
    /// # Errors
    /// When the folder can't be created.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        const NEEDED: u64 = 2 << 30;
        let memory = Path::new("/dev/shm");
        // Even if this grader doesn't build in memory, which may be because of what dead graders left there.
        if cfg!(target_os = "linux") {
            sweep(memory);
        }
        if cfg!(target_os = "linux") && files::free(memory).is_some_and(|free| free > NEEDED) {
            Self::below(memory)
        } else {
            Self::on_disk(root)
        }
    }

    /// A place in the workshop's own folder for artifacts.
    fn on_disk(root: &Path) -> Result<Self> {
        let above = target_folder(root).join("grade");
        sweep(&above);
        Self::below(&above)
    }

    /// A place for attacks on a box: others could look into it, so only the box keeps them out.
    ///
    /// # Errors
    /// When the folder can't be created.
    pub(crate) fn of_attacks(root: &Path) -> Result<Self> {
        let place = Self::on_disk(root)?;
        #[cfg(unix)]
        fs::set_permissions(&place.folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .with_context(|| format!("can't open the folder {}", place.folder.display()))?;
        Ok(place)
    }

    fn below(above: &Path) -> Result<Self> {
        fs::create_dir_all(above).with_context(|| format!("can't create the folder {}", above.display()))?;
        // A name may be taken: by this grader's other place, or where processes have numbers of their own (containers).
        for number in 0..1000 {
            let end = if number == 0 { String::new() } else { format!("-{number}") };
            let folder = above.join(format!("{PREFIX}{}{end}", process::id()));
            match proc::uninterrupted(|| claim(&folder)) {
                Ok(Some(lock)) => return Ok(Self { folder, lock: Some(lock) }),
                Ok(None) => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("can't create the folder {}", folder.display()));
                }
            }
        }
        Err(io::Error::from(ErrorKind::AlreadyExists))
            .with_context(|| format!("can't create a folder below {}", above.display()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(self.lock.take());
        let _ = fs::remove_dir_all(&self.folder);
        proc::keep(&self.folder);
    }
}

/// Creates a folder and locks it; none if another grader has it, or has just removed it.
fn claim(folder: &Path) -> io::Result<Option<File>> {
    let builder = DirBuilder::new();
    #[cfg(unix)]
    let builder = {
        let mut private = builder;
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private
    };
    match builder.create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(error),
    }
    let path = folder.join(LOCK);
    let lock = match open_lock(&path) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            let _ = fs::remove_dir(folder);
            return Err(error);
        }
    };
    // A disk that can't lock at all isn't a reason to give up: the number in the name protects the folder.
    if matches!(lock.try_lock(), Err(TryLockError::WouldBlock)) || !path.exists() {
        return Ok(None);
    }
    proc::remove_when_interrupted(folder);
    Ok(Some(lock))
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

/// Removes the places of dead graders. What cannot be removed is left: it may be another user's.
fn sweep(above: &Path) {
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(process) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let process: Option<u32> = process.split('-').next().and_then(|number| number.parse().ok());
        let folder = entry.path();
        if process.is_none_or(is_alive) || !is_own(&folder) {
            continue;
        }
        // Its grader may run where this process can't see it, in another container: then the file is locked.
        let Ok(lock) = open_lock(&folder.join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            end_boxes(&name.to_string_lossy());
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Ends what still runs in a dead grader's boxes. They die with it, except a box that was being created at that very
/// moment: its parent was gone before it had asked the kernel to be told. The mounts of a process tell whose box it is
/// in.
#[cfg(target_os = "linux")]
fn end_boxes(place: &str) {
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let id = process.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(id) = id.and_then(rustix::process::Pid::from_raw) else { continue };
        let mounts = fs::read_to_string(process.path().join("mountinfo")).unwrap_or_default();
        if mounts.contains(&format!("/{place}/")) {
            let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
        }
    }
}

/// Elsewhere there are no boxes.
#[cfg(not(target_os = "linux"))]
fn end_boxes(_place: &str) {}

/// Whether it is a real folder of this user. In `/dev/shm` any user can create one with any name.
fn is_own(folder: &Path) -> bool {
    let Ok(metadata) = fs::symlink_metadata(folder) else { return false };
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::uid(&metadata) != rustix::process::geteuid().as_raw() {
        return false;
    }
    metadata.is_dir()
}

#[cfg(unix)]
fn is_alive(process: u32) -> bool {
    let Some(id) = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    // A process of another user is alive as well.
    !matches!(rustix::process::test_kill_process(id), Err(rustix::io::Errno::SRCH))
}

/// Windows has no cheap way to find out; the lock is enough.
#[cfg(not(unix))]
fn is_alive(_process: u32) -> bool {
    false
}

/// Removes dead processes' half-written files from the results folder. They are hidden, but a thousand kills would fill
/// a disk.
pub(crate) fn sweep_temporaries(out: &Path) {
    for folder in [out.to_owned(), out.join("students"), out.join("gradescope")] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let process = name.to_str().and_then(files::writer_of);
            if process.is_some_and(|process| !is_alive(process)) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number that no process has: one that has just ended.
    fn dead() -> u32 {
        (100_000..u32::MAX).find(|&process| !is_alive(process)).unwrap()
    }

    #[test]
    fn a_place_is_gone_when_it_is_dropped_and_nobody_sweeps_it_before() {
        let above = tempfile::tempdir().unwrap();
        let place = Place::below(above.path()).unwrap();
        let other = Place::below(above.path()).unwrap();
        assert_ne!(place.folder, other.folder);
        sweep(above.path());
        assert!(place.folder.join(LOCK).is_file() && other.folder.is_dir());
        let folder = place.folder.clone();
        drop(place);
        assert!(!folder.exists() && other.folder.exists());
    }

    #[test]
    fn only_places_of_dead_graders_that_nobody_has_locked_are_swept() {
        let above = tempfile::tempdir().unwrap();
        let make = |name: String| {
            let folder = above.path().join(name);
            fs::create_dir_all(folder.join("w0/ex1")).unwrap();
            files::write_atomic(&folder.join("w0/ex1/Cargo.toml"), b"x").unwrap();
            folder
        };
        let left = make(format!("{PREFIX}{}", dead()));
        let second = make(format!("{PREFIX}{}-1", dead()));
        let elsewhere = make(format!("{PREFIX}{}-2", dead()));
        let others = [make(format!("{PREFIX}{}", process::id())), make(PREFIX.to_owned()), make("w0".to_owned())];
        let lock = open_lock(&elsewhere.join(LOCK)).unwrap();
        lock.lock().unwrap();
        sweep(above.path());
        assert!(!left.exists() && !second.exists());
        assert!(elsewhere.exists(), "its grader lives in another container");
        assert!(others.iter().all(|folder| folder.join("w0/ex1/Cargo.toml").is_file()));
        drop(lock);
        sweep(above.path());
        assert!(!elsewhere.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_with_the_name_of_a_place_is_not_followed() {
        let above = tempfile::tempdir().unwrap();
        let precious = tempfile::tempdir().unwrap();
        files::write_atomic(&precious.path().join("kept"), b"x").unwrap();
        std::os::unix::fs::symlink(precious.path(), above.path().join(format!("{PREFIX}{}", dead()))).unwrap();
        sweep(above.path());
        assert_eq!(fs::read_dir(precious.path()).unwrap().count(), 1);
    }

    #[test]
    fn half_written_files_of_the_dead_are_removed_and_nothing_else() {
        let out = tempfile::tempdir().unwrap();
        let write = |name: String| {
            fs::create_dir_all(out.path().join("students")).unwrap();
            File::create(out.path().join(&name)).unwrap();
            out.path().join(name)
        };
        let dead = dead();
        let gone = [write(format!(".grades.csv.{dead}.tmp")), write(format!("students/.s001.html.{dead}.tmp"))];
        let kept = [
            write(format!(".grades.csv.{}.tmp", process::id())),
            write("grades.csv".to_owned()),
            write(".notes.tmp".to_owned()),
            write(format!("s001.{dead}.tmp")),
        ];
        sweep_temporaries(out.path());
        assert_eq!(gone.map(|file| file.exists()), [false; 2]);
        assert_eq!(kept.map(|file| file.exists()), [true; 4]);
    }
}
