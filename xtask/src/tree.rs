//! Files that are written whole or not at all.

use crate::proc;
use anyhow::{Context as _, Result};
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

/// Writes a file whole: into a temporary file of the same folder, to the disk, then renamed over the old one.
/// Missing folders are made. A full disk, a lost race or Ctrl-C leaves the old file as it was.
///
/// # Errors
/// When a folder cannot be made or the file cannot be written.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    proc::uninterrupted(|| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let name = path.file_name().with_context(|| format!("{} names no file", path.display()))?;
        let temporary = folder.join(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id()));
        let written = File::create(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        });
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written.with_context(|| format!("cannot write {}", path.display()))
    })
}

/// Finds out before a long job whether a file can be written below a folder that may not be there yet.
///
/// # Errors
/// When the nearest folder that is there cannot be written.
pub fn check_writable(folder: &Path) -> Result<()> {
    let existing = folder.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."));
    let probe = existing.join(format!(".probe.{}.tmp", std::process::id()));
    proc::uninterrupted(|| File::create(&probe).and_then(|_| fs::remove_file(&probe)))
        .with_context(|| format!("cannot write to the folder {}", existing.display()))
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
        assert!(error.to_string().contains("cannot write"), "{error}");
        assert!(path.join("kept").is_dir());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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
