//! Files that are written whole or not at all.

use crate::proc;
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What distinguishes one version of a file from another, without reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Its length in bytes.
    pub bytes: u64,
    /// When it last changed, in nanoseconds since 1970.
    pub modified: u128,
}

impl Stamp {
    /// For a file, or for what a link leads to.
    ///
    /// # Errors
    /// When there is no such file, or its file system keeps no times.
    pub fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        let modified = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        Ok(Self { bytes: metadata.len(), modified })
    }
}

/// Writes a file whole: to a temporary file in the same folder, synced to disk, then renamed over the old file.
/// Missing folders are made. A full disk, a lost race or Ctrl-C leaves the old file as it was.
///
/// # Errors
/// When a folder cannot be made or the file cannot be written.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes, true)
}

/// Writes a file that can be made again at any time: whole, but without waiting for the disk, which would take milliseconds
/// for each of thousands. A file that already has these bytes is left as it is.
///
/// # Errors
/// When a folder cannot be made or the file cannot be written.
pub fn write_derived(path: &Path, bytes: &[u8]) -> Result<()> {
    let is_same = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == bytes.len() as u64);
    if is_same && fs::read(path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    replace(path, bytes, false)
}

fn replace(path: &Path, bytes: &[u8], to_the_disk: bool) -> Result<()> {
    proc::uninterrupted(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        replace_now(path, bytes, to_the_disk)
    })
}

/// The caller holds off Ctrl-C, and the folder exists.
fn replace_now(path: &Path, bytes: &[u8], to_the_disk: bool) -> Result<()> {
    let name = path.file_name().with_context(|| format!("{} has no file name", path.display()))?;
    let temporary = path.with_file_name(temporary_name(&name.to_string_lossy(), std::process::id()));
    let written = File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        if to_the_disk {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written.with_context(|| format!("can't write {}", path.display()))
}

/// Writes several files below a folder, all of them or none. Existing files are replaced, missing folders are made. After an
/// error everything is as it was, except for what can't be restored; Ctrl-C waits until everything is written.
///
/// # Errors
/// When a folder cannot be made or a file cannot be written.
pub fn write_all_or_none(folder: &Path, files: &[(String, Vec<u8>)]) -> Result<()> {
    proc::uninterrupted(|| {
        let mut undo = Undo::default();
        for (relative, content) in files {
            if let Err(error) = undo.write(&folder.join(relative), content) {
                undo.all();
                return Err(error);
            }
        }
        Ok(())
    })
}

/// What was done, so that it can be taken back.
#[derive(Default)]
struct Undo {
    /// Folders that were made, the outer ones first.
    folders: Vec<PathBuf>,
    /// Files that were written, with what they held before.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl Undo {
    fn write(&mut self, path: &Path, content: &[u8]) -> Result<()> {
        let missing: Vec<&Path> = path.ancestors().skip(1).take_while(|folder| !folder.exists()).collect();
        for folder in missing.into_iter().rev() {
            fs::create_dir(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
            self.folders.push(folder.to_owned());
        }
        let before = match fs::read(path) {
            Ok(before) => Some(before),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("can't read {}", path.display())),
        };
        replace_now(path, content, true)?;
        self.files.push((path.to_owned(), before));
        Ok(())
    }

    /// Undoes as much as it can.
    fn all(self) {
        for (path, before) in self.files.into_iter().rev() {
            let _ = match before {
                Some(before) => replace_now(&path, &before, true),
                None => fs::remove_file(&path).map_err(Into::into),
            };
        }
        for folder in self.folders.into_iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The name of a file while it is being written.
fn temporary_name(name: &str, process: u32) -> String {
    format!(".{name}.{process}.tmp")
}

/// The process that is writing a file, or was when it was killed, by the file's name; none for any other file.
pub fn writer_of(name: &str) -> Option<u32> {
    name.strip_prefix('.')?.strip_suffix(".tmp")?.rsplit_once('.')?.1.parse().ok()
}

/// Why a user's text can't be read.
#[derive(Debug, PartialEq)]
pub struct Unreadable {
    /// What is wrong, in one sentence without a final full stop.
    pub message: String,
    /// The line, where there is one.
    pub line: Option<usize>,
    /// What to do next, where that is known here; how to restore a missing file isn't.
    pub help: Option<String>,
}

/// Reads a text that a user writes by hand. `largest` is in bytes; a device or a pipe is not read at all.
///
/// # Errors
/// When it is missing, not a file, too large, not UTF-8, or can't be read.
pub fn read_text(path: &Path, largest: u64) -> Result<String, Unreadable> {
    let bytes = read_bytes(path, largest)?;
    String::from_utf8(bytes).map_err(|error| {
        let name = path.file_name().unwrap_or_default().display();
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = String::from_utf8_lossy(good).matches('\n').count() + 1;
        let column = good.len() - good.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1) + 1;
        let message = format!("{name} isn't valid UTF-8: byte {column} of line {line} isn't part of a character");
        Unreadable { line: Some(line), message, help: Some("save the file as UTF-8 in your editor".to_owned()) }
    })
}

/// Reads the bytes of such a text, whatever its encoding is.
///
/// # Errors
/// When it is missing, not a regular file, too large, or cannot be read.
pub fn read_bytes(path: &Path, largest: u64) -> Result<Vec<u8>, Unreadable> {
    let name = path.file_name().unwrap_or_default().display();
    let unreadable =
        |message: String, help: Option<&str>| Unreadable { message, line: None, help: help.map(str::to_owned) };
    let broken = |error: io::Error| match error.kind() {
        ErrorKind::NotFound if path.is_symlink() => unreadable(format!("{name} is a broken link"), None),
        ErrorKind::NotFound => unreadable(format!("there is no {name}"), None),
        _ => unreadable(format!("can't read {name}: {error}"), Some("make the file readable")),
    };
    let metadata = fs::metadata(path).map_err(broken)?;
    if metadata.is_dir() {
        return Err(unreadable(format!("{name} is a folder, not a file"), None));
    }
    if !metadata.is_file() {
        return Err(unreadable(format!("{name} isn't a regular file"), None));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(largest + 1).read_to_end(&mut bytes)).map_err(broken)?;
    if bytes.len() as u64 > largest {
        let message = format!("{name} is {} bytes; the limit is {largest}", metadata.len());
        return Err(unreadable(message, None));
    }
    Ok(bytes)
}

/// The content of a regular file of sensible size. A device or a pipe is not read: it might never end.
pub fn content(path: &Path) -> Option<Vec<u8>> {
    const LARGEST: u64 = 64 << 20;
    let is_sensible = |metadata: &fs::Metadata| metadata.is_file() && metadata.len() <= LARGEST;
    fs::metadata(path).ok().filter(is_sensible)?;
    fs::read(path).ok()
}

/// The files below a folder, relative to it, in order. Links to folders are not followed.
///
/// # Errors
/// When a folder cannot be read.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        for entry in fs::read_dir(&current).with_context(|| format!("can't read {}", current.display()))? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Makes a folder contain exactly these files (relative path and content). A file that already has the same content
/// isn't touched, so that Cargo still treats what it built from it as fresh.
///
/// # Errors
/// When the folder cannot be written.
pub fn compose(folder: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    for path in self::files(folder)? {
        if !files.iter().any(|(file, _)| *file == path) {
            let path = folder.join(path);
            fs::remove_file(&path).with_context(|| format!("can't remove {}", path.display()))?;
        }
    }
    for (file, content) in files {
        let path = folder.join(file);
        if !fs::read(&path).is_ok_and(|there| there == *content) {
            write_atomic(&path, content)?;
        }
    }
    Ok(())
}

/// Lets every user write to a folder, and remove only their own files, as in `/tmp`.
///
/// # Errors
/// When the permissions cannot be set.
pub fn open_to_all(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o1777))
        .with_context(|| format!("can't make {} writable for the sandbox's user", folder.display()))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Lets every user read a folder and what is in it, whatever this process gives to new files (`umask 077`).
///
/// # Errors
/// When a folder can't be read, or permissions can't be set.
pub fn show_to_all(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let show = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .with_context(|| format!("can't make {} readable for the sandbox's user", path.display()))
        };
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("can't read {}", folder.display()))? {
                let entry = entry?;
                match entry.file_type()? {
                    kind if kind.is_dir() => open.push(entry.path()),
                    kind if kind.is_file() => show(&entry.path(), 0o644)?,
                    _ => {}
                }
            }
            show(&folder, 0o755)?;
        }
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Whether the disk below a folder still has room: 64 MiB, more than any step of a build needs.
pub fn has_room(folder: &Path) -> bool {
    free(folder).is_none_or(|free| free > 64 << 20)
}

/// Free bytes on the disk below a folder, where that is known.
pub fn free(folder: &Path) -> Option<u64> {
    #[cfg(unix)]
    {
        let found = rustix::fs::statvfs(folder).ok()?;
        Some(found.f_bavail.saturating_mul(found.f_frsize))
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// Finds out before a long job whether a file can be written below a folder that may not exist yet.
///
/// # Errors
/// When the nearest existing folder can't be written to.
pub fn check_writable(folder: &Path) -> Result<()> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".probe.{}.tmp", std::process::id()));
    proc::uninterrupted(|| File::create(&probe).and_then(|_| fs::remove_file(&probe)))
        .with_context(|| format!("can't write to the folder {}", existing.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        // A folder in the file's place: the rename cannot succeed, whoever runs this.
        let path = folder.path().join("sizes.json");
        fs::create_dir(&path).unwrap();
        fs::create_dir(path.join("kept")).unwrap();
        let error = write_atomic(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("can't write"), "{error}");
        assert!(path.join("kept").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn several_files_are_written_all_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let file = |name: &str| (name.to_owned(), b"new".to_vec());
        write_atomic(&root.join("list.md"), b"old").unwrap();
        // Where a file is, no folder can be made, whoever runs this.
        let wanted = ["ex15/src/main.rs", "ex15/Cargo.toml", "list.md", "list.md/Cargo.toml"].map(file);
        let error = write_all_or_none(root, &wanted).unwrap_err();
        assert!(format!("{error:#}").contains("list.md"), "{error:#}");
        assert_eq!(files(root).unwrap(), [Path::new("list.md")]);
        assert!(!root.join("ex15").exists());
        assert_eq!(fs::read(root.join("list.md")).unwrap(), b"old");

        write_all_or_none(root, &wanted[..3]).unwrap();
        assert_eq!(files(root).unwrap(), ["ex15/Cargo.toml", "ex15/src/main.rs", "list.md"].map(Path::new));
        assert_eq!(fs::read(root.join("list.md")).unwrap(), b"new");
    }

    #[test]
    fn a_derived_file_is_replaced_only_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("students/s001.html");
        let modified = || fs::metadata(&path).unwrap().modified().unwrap();
        write_derived(&path, b"one").unwrap();
        let before = modified();
        write_derived(&path, b"one").unwrap();
        assert_eq!(modified(), before);
        write_derived(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path().join("students")).unwrap().count(), 1);
    }

    #[test]
    fn the_writer_of_a_half_written_file_is_known() {
        assert_eq!(writer_of(&temporary_name("a.b.json", 4711)), Some(4711));
        for other in ["a.4711.tmp", ".a.tmp", ".a.x.tmp", ".a.4711", "4711.tmp", ".4711.tmp"] {
            assert_eq!(writer_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_text_that_cannot_be_read_is_described() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("Cargo.toml");
        let message = || read_text(&path, 10).unwrap_err().message;
        assert_eq!(message(), "there is no Cargo.toml");
        write_atomic(&path, b"a = 1\n").unwrap();
        assert_eq!(read_text(&path, 10).unwrap(), "a = 1\n");
        write_atomic(&path, b"12345678901").unwrap();
        assert!(message().contains("is 11 bytes"));
        write_atomic(&path, b"a\nb\xff\n").unwrap();
        assert_eq!(message(), "Cargo.toml isn't valid UTF-8: byte 2 of line 2 isn't part of a character");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert_eq!(message(), "Cargo.toml is a folder, not a file");
    }

    #[test]
    fn a_composed_folder_holds_what_it_should_and_equal_files_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| (PathBuf::from(name), text.as_bytes().to_vec());
        compose(folder.path(), &[file("Cargo.toml", "a"), file("src/main.rs", "b"), file("src/old.rs", "c")]).unwrap();
        let modified = || fs::metadata(folder.path().join("src/main.rs")).unwrap().modified().unwrap();
        let before = modified();
        compose(folder.path(), &[file("Cargo.toml", "new"), file("src/main.rs", "b")]).unwrap();
        assert_eq!(modified(), before);
        assert_eq!(fs::read_to_string(folder.path().join("Cargo.toml")).unwrap(), "new");
        assert!(!folder.path().join("src/old.rs").exists());
    }

    #[test]
    fn a_file_is_replaced_and_its_folder_made() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/sizes.json");
        write_atomic(&path, b"old").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
