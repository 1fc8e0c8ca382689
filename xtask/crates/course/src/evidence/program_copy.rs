//! Takes a program out of the folder that it was built in. Whatever made it may have left something else at its path: a link to
//! a different file, a pipe that never ends, more than fits in memory. What is measured and run afterwards is the copy.

use anyhow::Result;
use base::files;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Bytes of the largest program that is read.
const LARGEST: u64 = 128 << 20;

/// Why a program isn't read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// It is larger than a program may be.
    TooLarge,
    /// It isn't what Cargo would have left: the end of a sentence that begins with the program.
    Strange(&'static str),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge => write!(f, "is larger than {} MiB", LARGEST >> 20),
            Self::Strange(why) => f.write_str(why),
        }
    }
}

/// Copies the file at a path below a folder. The inner error says why it was refused.
///
/// # Errors
/// When the copy cannot be written.
pub(super) fn take(folder: &Path, path: &Path, copy: PathBuf) -> Result<Result<PathBuf, Unfit>> {
    let bytes = match open(folder, path).map_err(Unfit::Strange).and_then(content) {
        Ok(bytes) => bytes,
        Err(refused) => return Ok(Err(refused)),
    };
    files::write_atomic(&copy, &bytes)?;
    #[cfg(unix)]
    std::fs::set_permissions(&copy, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(Ok(copy))
}

/// Opens a path below a folder; no part of it may be a link. Nothing waits for the other end of a pipe.
#[cfg(target_os = "linux")]
fn open(folder: &Path, path: &Path) -> Result<File, &'static str> {
    use rustix::fs::{Mode, OFlags, ResolveFlags};
    use rustix::io::Errno;
    let below = path.strip_prefix(folder).map_err(|_| "lies elsewhere")?;
    let folder = File::open(folder).map_err(|_| "can't be read")?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    rustix::fs::openat2(&folder, below, flags, Mode::empty(), resolve).map(File::from).map_err(|error| match error {
        Errno::LOOP | Errno::XDEV => "is a link, or is in a folder that is a link",
        Errno::NOENT => "is missing",
        Errno::NXIO => "isn't a regular file",
        _ => "can't be read",
    })
}

/// Opens a path below a folder; no part of it may be a link. There are no boxes on these systems, so there is nothing to race
/// with.
#[cfg(not(target_os = "linux"))]
fn open(folder: &Path, path: &Path) -> Result<File, &'static str> {
    let below = path.strip_prefix(folder).map_err(|_| "lies elsewhere")?;
    let mut reached = folder.to_owned();
    for part in below {
        reached.push(part);
        let metadata = std::fs::symlink_metadata(&reached).map_err(|_| "is missing")?;
        if metadata.is_symlink() {
            return Err("is a link, or is in a folder that is a link");
        }
        if reached == path && !metadata.is_file() {
            return Err("isn't a regular file");
        }
    }
    File::open(path).map_err(|_| "can't be read")
}

fn content(file: File) -> Result<Vec<u8>, Unfit> {
    let metadata = file.metadata().map_err(|_| Unfit::Strange("can't be read"))?;
    if !metadata.is_file() {
        return Err(Unfit::Strange("isn't a regular file"));
    }
    if metadata.len() > LARGEST {
        return Err(Unfit::TooLarge);
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).map_err(|_| Unfit::Strange("can't be read"))?;
    Ok(bytes)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn only_an_ordinary_file_of_the_folder_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("built");
        fs::create_dir_all(folder.join("release")).unwrap();
        files::write_atomic(&folder.join("release/good"), b"program").unwrap();
        files::write_atomic(&place.path().join("secret"), b"secret").unwrap();
        let strange = |why| Err(Unfit::Strange(why));
        let of = |name: &str| take(&folder, &folder.join(name), place.path().join("copy")).unwrap();

        assert_eq!(of("release/good"), Ok(place.path().join("copy")));
        assert_eq!(fs::read(place.path().join("copy")).unwrap(), b"program");

        symlink("../../secret", folder.join("release/link")).unwrap();
        symlink("release/good", folder.join("inner")).unwrap();
        symlink("release", folder.join("folder")).unwrap();
        for name in ["release/link", "inner", "folder/good"] {
            assert_eq!(of(name), strange("is a link, or is in a folder that is a link"), "{name}");
        }
        assert_eq!(of("release"), strange("isn't a regular file"));
        assert_eq!(of("none"), strange("is missing"));
        assert_eq!(
            take(&folder, Path::new("/etc/passwd"), place.path().join("copy")).unwrap(),
            strange("lies elsewhere")
        );
        assert_eq!(of("../secret").is_err(), cfg!(target_os = "linux"), "a path that climbs");

        let huge = File::create(folder.join("huge")).unwrap();
        huge.set_len(LARGEST + 1).unwrap();
        assert_eq!(of("huge"), Err(Unfit::TooLarge));
        assert_eq!(Unfit::TooLarge.to_string(), "is larger than 128 MiB");
        assert_eq!(fs::read(place.path().join("copy")).unwrap(), b"program", "nothing of these was copied");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_pipe_is_refused_and_nobody_waits_for_it() {
        let place = tempfile::tempdir().unwrap();
        let pipe = place.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        assert_eq!(
            take(place.path(), &pipe, place.path().join("copy")).unwrap(),
            Err(Unfit::Strange("isn't a regular file"))
        );
    }
}
