//! Reads the file of a program with care: a pipe, a device or a folder ends at once with a message, a file of another kind is
//! called by its name, and the holes of a sparse file take no memory.
//!
//! A universal Mach-O file holds one program for each kind of processor. One of them is chosen here, so that everything below
//! reads one program.

pub mod bytes;
pub mod kind;

use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::thousands;
use bytes::{BIG, Bytes};
use kind::{Kind, Other};
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::{Deref, Range};
use std::path::Path;

/// Bytes on the disk of the largest file that is read: all of them are held in memory.
const LARGEST: u64 = 1 << 30;

/// The largest size with holes that is read.
const LARGEST_SPARSE: u64 = 1 << 32;

/// Bytes at the beginning of a file that tell its kind.
const HEAD: u64 = 1 << 16;

/// What can be read, for a help.
pub const READABLE: &str = "ELF (Linux), PE (Windows), Mach-O (macOS) and WebAssembly programs, static libraries (.a, .lib, .rlib) and object files can be read";

/// A program, a library or an object that was read. It dereferences to its bytes.
#[derive(Debug)]
pub struct Content {
    bytes: Vec<u8>,
    part: Range<usize>,
    /// The kind of processor that was chosen, and the bytes of the universal file around it.
    pub chosen: Option<(String, u64)>,
}

impl Deref for Content {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.part.clone()]
    }
}

/// Reads a program, a library or an object, whole.
///
/// # Errors
/// When it cannot be read, or is of a kind that cannot be taken apart.
pub fn read(path: &Path) -> Result<Content> {
    read_for(path, None)
}

/// Reads the part of a universal file for a kind of processor, such as `arm64`; without one, a file that has one part only.
///
/// # Errors
/// When it cannot be read, is of a kind that cannot be taken apart, or has no such part.
pub fn read_for(path: &Path, arch: Option<&str>) -> Result<Content> {
    read_as(path, arch, kind::of)
}

/// Reads a file of symbols; of a universal file the part for a kind of processor.
///
/// # Errors
/// When it cannot be read, or has no symbols that can be.
pub fn read_symbols(path: &Path, arch: Option<&str>) -> Result<Content> {
    read_as(path, arch, kind::of_symbols)
}

/// Reads a file of the kinds that `kind` knows.
fn read_as(path: &Path, arch: Option<&str>, kind_of: fn(&[u8]) -> Result<Kind, Other>) -> Result<Content> {
    let metadata = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    regular(path, &metadata)?;
    let mut file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).map_err(|error| unreadable(path, &error))?;
    let kind = kind_of(&head).map_err(|other| other.refused(path))?;
    let (bytes, on_disk) = (metadata.len(), on_disk(&metadata));
    if on_disk > LARGEST || bytes > LARGEST_SPARSE {
        let message = format!("{} is too large to analyze: {} bytes", path.display(), thousands(bytes));
        bail!(Failure::new(Exit::Usage, message).help(
            "its debug information is probably most of it: read a copy without it, made by `strip --strip-debug -o COPY FILE`"
        ));
    }
    let bytes = whole(&mut file, head, bytes).map_err(|error| unreadable(path, &error))?;
    let mut content = Content { part: 0..bytes.len(), bytes, chosen: None };
    match kind {
        Kind::Universal => choose(path, &mut content, arch, kind_of)?,
        _ => {
            if let Some(arch) = arch {
                fits(path, &content, arch)?;
            }
        }
    }
    Ok(content)
}

/// A file, and nothing that only looks like one: a pipe has no end, and a device may have side effects.
fn regular(path: &Path, metadata: &Metadata) -> Result<()> {
    let name = path.display();
    if metadata.is_file() {
        if metadata.len() == 0 {
            bail!(Failure::new(Exit::Usage, format!("{name} is empty")).help("build or copy it again"));
        }
        return Ok(());
    }
    if metadata.is_dir() {
        let help = match path.extension().and_then(|extension| extension.to_str()) {
            Some("dSYM") => "a dSYM bundle holds debug information; pass the program that it belongs to",
            Some("app") => "the program of a macOS bundle is in its folder Contents/MacOS",
            Some("framework") => "pass the library in it, which has the framework's name",
            _ => "pass the path of a program in it, such as target/release/NAME",
        };
        bail!(Failure::new(Exit::Usage, format!("{name} is a folder")).help(help));
    }
    #[cfg(unix)]
    let what = {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = metadata.file_type();
        match () {
            () if kind.is_fifo() => "a named pipe",
            () if kind.is_socket() => "a socket",
            () if kind.is_char_device() || kind.is_block_device() => "a device",
            () => "not a regular file",
        }
    };
    #[cfg(not(unix))]
    let what = "not a regular file";
    bail!(
        Failure::new(Exit::Usage, format!("{name} is {what}"))
            .help("write the program to a file first, and pass the path of that file")
    )
}

/// The error of a file that isn't there, or may not be read.
fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    let (message, help) = match error.kind() {
        ErrorKind::NotFound => {
            (format!("there is no file {name}"), "a path is relative to the current folder; is the program built?")
        }
        ErrorKind::PermissionDenied => {
            (format!("{name} can't be read: permission denied"), "`ls -l` shows who may read it")
        }
        ErrorKind::NotADirectory => (format!("there is no file {name}"), "a part of this path is a file, not a folder"),
        _ => (format!("{name} can't be read: {error}"), "copy the file somewhere else, and try the copy"),
    };
    Failure::new(Exit::Usage, message).help(help)
}

/// Bytes that a file takes on the disk: without its holes.
fn on_disk(metadata: &Metadata) -> u64 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        // What is compressed on the disk, or lies in its directory entry, is still read whole.
        let is_sparse = metadata.len() > LARGEST;
        if is_sparse { (metadata.blocks() * 512).min(metadata.len()) } else { metadata.len() }
    }
    #[cfg(not(unix))]
    metadata.len()
}

/// All bytes of a file whose beginning was read. Memory that is never written to costs nothing, so holes are left out.
fn whole(file: &mut File, mut head: Vec<u8>, bytes: u64) -> io::Result<Vec<u8>> {
    let size = usize::try_from(bytes).map_err(|_| io::Error::from(ErrorKind::FileTooLarge))?;
    if bytes <= LARGEST {
        head.reserve_exact(size.saturating_sub(head.len()));
        // A file that grows meanwhile is read as far as it went.
        file.take(bytes - (head.len() as u64).min(bytes)).read_to_end(&mut head)?;
        return Ok(head);
    }
    let mut all = vec![0; size];
    let mut at = 0;
    while let Some(next) = next_data(file, at)? {
        let end = next_hole(file, next)?.min(bytes);
        if next >= end {
            break;
        }
        let (from, to) = (usize::try_from(next).unwrap_or(size).min(size), usize::try_from(end).unwrap_or(size));
        file.seek(SeekFrom::Start(next))?;
        file.read_exact(&mut all[from..to])?;
        at = end;
    }
    Ok(all)
}

/// Where the next bytes are that aren't a hole; none up to the end.
fn next_data(file: &File, at: u64) -> io::Result<Option<u64>> {
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    {
        match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(at)) {
            Ok(next) => Ok(Some(next)),
            Err(rustix::io::Errno::NXIO) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
    {
        Ok((at < file.metadata()?.len()).then_some(at))
    }
}

/// Where the next hole is, or the end.
fn next_hole(file: &File, at: u64) -> io::Result<u64> {
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    {
        Ok(rustix::fs::seek(file, rustix::fs::SeekFrom::Hole(at))?)
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
    {
        let _ = at;
        Ok(file.metadata()?.len())
    }
}

/// The parts of a universal file: the kind of processor, offset, bytes.
fn parts(data: &[u8]) -> Vec<(String, u64, u64)> {
    let data = Bytes::new(data, BIG);
    let wide = data.u32(0) == Some(0xcafe_babf);
    let count = u64::from(data.u32(4).unwrap_or_default()).min(64);
    let part = |index: u64| {
        let at = 8 + index * if wide { 32 } else { 20 };
        let name = kind::processor(data.u32(at)?, data.u32(at + 4)?);
        Some(match wide {
            true => (name, data.u64(at + 8)?, data.u64(at + 16)?),
            false => (name, data.u32(at + 8)?.into(), data.u32(at + 12)?.into()),
        })
    };
    (0..count).map_while(part).collect()
}

/// Narrows a universal file to one of its parts.
fn choose(
    path: &Path,
    content: &mut Content,
    arch: Option<&str>,
    kind_of: fn(&[u8]) -> Result<Kind, Other>,
) -> Result<()> {
    let name = path.display();
    let parts = parts(content);
    let names = parts.iter().map(|part| part.0.as_str()).collect::<Vec<_>>().join(", ");
    let chosen = match (arch, parts.as_slice()) {
        (None, [one]) => one,
        (None, _) => bail!(
            Failure::new(
                Exit::Usage,
                format!("{name} is a universal file: it contains a separate program for each of {names}")
            )
            .help(format!("choose with --arch, such as --arch {}", parts.last().map_or("arm64", |part| &part.0)))
        ),
        (Some(arch), parts) => match parts.iter().find(|part| part.0 == canonical(arch)) {
            Some(part) => part,
            None => bail!(
                Failure::new(Exit::Usage, format!("{name} has no part for `{arch}`"))
                    .help(format!("choose one of its parts with --arch: {names}"))
            ),
        },
    };
    let whole = content.bytes.len();
    let place = |at: u64| usize::try_from(at).ok().filter(|at| *at <= whole);
    let (start, end) = (place(chosen.1), place(chosen.1.saturating_add(chosen.2)));
    let Some((start, end)) = start.zip(end).filter(|(start, end)| start < end) else {
        bail!(
            Failure::new(Exit::Usage, format!("{name} is truncated: its part for {} is incomplete", chosen.0))
                .help("copy or download the file again")
        )
    };
    content.part = start..end;
    content.chosen = Some((chosen.0.clone(), whole as u64));
    let head = &content.bytes[start..end.min(start.saturating_add(HEAD as usize))];
    if let Err(other) = kind_of(head) {
        bail!(other.refused(path));
    }
    Ok(())
}

/// Other names of a kind of processor, as Rust and Debian have them.
fn canonical(arch: &str) -> &str {
    match arch {
        "aarch64" => "arm64",
        "amd64" | "x86-64" | "x64" => "x86_64",
        "i686" | "x86" => "i386",
        other => other,
    }
}

/// A file with one part is taken if it is the part that was asked for.
fn fits(path: &Path, data: &[u8], arch: &str) -> Result<()> {
    let name = path.display();
    match kind::thin(data) {
        Some(only) if only == canonical(arch) => Ok(()),
        Some(only) => bail!(
            Failure::new(Exit::Usage, format!("{name} is for {only} only, not for `{arch}`"))
                .help("remove --arch: the file isn't a universal one")
        ),
        None => bail!(
            Failure::new(Exit::Usage, format!("--arch chooses a part of a universal Mach-O file, which {name} isn't"))
                .help("remove --arch")
        ),
    }
}

#[cfg(test)]
mod tests;
