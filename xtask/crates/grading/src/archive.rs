//! Reads a handed-in zip or tar without unpacking it: a list of its contents, and the bytes of the few files that are
//! requested. It comes from strangers, so everything has a limit and nothing is followed or written.

mod zip64;

use super::lms::visible;
use bzip2::read::MultiBzDecoder;
use flate2::read::GzDecoder;
use lzma_rust2::XzReader;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use tar::EntryType;
use zip::read::{ArchiveOffset, Config};
use zip::{CompressionMethod, ZipArchive};

/// Limits, in bytes unless stated otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// An archive's size on disk. Leaves room for a target folder that wasn't removed.
    pub archive: u64,
    /// Everything unpacked from one archive: from a zip only the requested files, from a tar everything.
    pub unpacked: u64,
    /// Entries of one archive, or files and folders of one folder.
    pub entries: usize,
    /// One requested file. The largest in any exercise is a few kilobytes.
    pub file: u64,
    /// The path of an entry.
    pub path: usize,
}

/// KiB of memory that an xz file may require. `xz -9` needs 64 MiB, and a file can claim 4 GiB before its first byte.
const XZ_MEMORY: u32 = 80 << 10;

/// Extensions of archives that are read.
pub(crate) const READ: [&str; 8] = [".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar", ".zip"];
/// Extensions of archives that aren't read: they are still work that was handed in.
pub(crate) const UNREAD: [&str; 14] = [
    ".tar.zst",
    ".tar.zstd",
    ".tzst",
    ".tar.lz",
    ".tar.z",
    ".rar",
    ".7z",
    ".gz",
    ".xz",
    ".bz2",
    ".zst",
    ".zstd",
    ".lzma",
    ".lz",
];

/// A name's archive extension, as written there, and whether such archives are read.
pub(crate) fn ending(name: &str) -> Option<(&str, bool)> {
    let lower = name.to_ascii_lowercase();
    let found = |endings: &[&str]| endings.iter().find(|ending| lower.ends_with(**ending)).map(|ending| ending.len());
    let (length, is_read) = match found(&READ) {
        Some(length) => (length, true),
        None => (found(&UNREAD)?, false),
    };
    name.get(name.len() - length..).filter(|ending| ending.len() < name.len()).map(|ending| (ending, is_read))
}

/// Why an archive with this extension isn't read, and what to do.
pub(crate) fn unread(name: &str) -> String {
    let kind = match ending(name).map(|(ending, _)| ending.to_ascii_lowercase()).as_deref() {
        Some(".rar") => "a RAR archive, which isn't supported",
        Some(".7z") => "a 7z archive, which isn't supported",
        Some(".tar.zst" | ".tar.zstd" | ".tzst" | ".zst" | ".zstd") => "compressed with zstd, which isn't supported",
        Some(".tar.lz" | ".lz" | ".lzma") => "compressed with lzip or LZMA, which isn't supported",
        Some(".tar.z") => "compressed with compress, which isn't supported",
        Some(".gz" | ".xz" | ".bz2") => "a single compressed file, not an archive, and isn't supported",
        _ => "not a zip, tar, tar.gz, tar.xz or tar.bz2, and isn't supported",
    };
    format!("{} is {kind}; unpack it, and put a folder or a zip in its place", shown(name))
}

/// The limits of grading.
pub(crate) const CAPS: Caps =
    Caps { archive: 256 << 20, unpacked: 64 << 20, entries: 10_000, file: 1 << 20, path: 1_024 };

/// What a path is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A requested file, whole.
    File(Vec<u8>),
    /// A file that wasn't requested, and wasn't read.
    Unread,
    /// A requested file that can't be read: why, such as `is larger than 1 MiB`.
    Refused(String),
    /// A folder.
    Folder,
    /// A symbolic or hard link. Never followed.
    Link,
    /// A device, a pipe, a socket, a file with holes.
    Other,
}

/// What is in an archive, or in a folder: kinds by path, with `/` between the parts, whatever the system.
pub(crate) type Listing = BTreeMap<String, Kind>;

/// Lists an archive, whose first bytes determine its kind. Files are read if `wanted` accepts their path.
///
/// Its cost is subtracted from `caps`, so that archives within archives share the limits of one submission.
///
/// # Errors
/// Why the archive is refused as a whole: one sentence without a final full stop, about "the archive".
pub(crate) fn read(path: &Path, caps: &mut Caps, wanted: &dyn Fn(&str) -> bool) -> Result<Listing, String> {
    let file = open(path).map_err(|problem| format!("the archive {problem}"))?;
    list(file, caps, wanted)
}

/// The same for an archive inside another.
///
/// # Errors
/// As `read`.
pub(crate) fn read_bytes(bytes: &[u8], caps: &mut Caps, wanted: &dyn Fn(&str) -> bool) -> Result<Listing, String> {
    list(Cursor::new(bytes), caps, wanted)
}

fn list(mut file: impl Read + Seek, caps: &mut Caps, wanted: &dyn Fn(&str) -> bool) -> Result<Listing, String> {
    let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length)).map_err(damaged)?;
    if length > caps.archive {
        return Err(format!("the archive is larger than {}", size(caps.archive)));
    }
    let mut start = Vec::new();
    (&mut file).take(6).read_to_end(&mut start).and_then(|_| file.rewind()).map_err(damaged)?;
    let whole = *caps;
    let contents = Contents { caps, whole, wanted, listing: Listing::new() };
    // The libraries should not panic, whatever they read. If one does, it ends this submission and not the batch.
    let listed = catch_unwind(AssertUnwindSafe(|| match start[..] {
        [] => Err("the archive is empty".to_owned()),
        [b'P', b'K', ..] => contents.zip(file),
        [0x1f, 0x8b, ..] => contents.tar(GzDecoder::new(BufReader::new(file))),
        [b'B', b'Z', b'h', ..] => contents.tar(MultiBzDecoder::new(BufReader::new(file))),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => {
            contents.tar(XzReader::new_mem_limit(BufReader::new(file), true, XZ_MEMORY))
        }
        [b'R', b'a', b'r', b'!', ..] => Err("the archive is a RAR archive, which isn't supported; use zip".to_owned()),
        [b'7', b'z', 0xbc, 0xaf, ..] => Err("the archive is a 7z archive, which isn't supported; use zip".to_owned()),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            Err("the archive is compressed with zstd, which isn't supported; use zip".to_owned())
        }
        _ => contents.tar(BufReader::new(file)),
    }));
    listed.unwrap_or_else(|_| Err("the archive is damaged".to_owned()))
}

/// Opens a regular file, and only that: it doesn't follow links or wait for pipes.
///
/// # Errors
/// What is wrong, as the rest of a sentence that begins with the file's name.
pub(crate) fn open(path: &Path) -> Result<File, String> {
    let unreadable = |error: io::Error| format!("can't be read: {error}");
    match kind(&fs::symlink_metadata(path).map_err(unreadable)?) {
        Kind::Unread => {}
        other => return Err(describe(&other)),
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        // It may have been replaced since it was checked.
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
    }
    let file = options.open(path).map_err(unreadable)?;
    match kind(&file.metadata().map_err(unreadable)?) {
        Kind::Unread => Ok(file),
        other => Err(describe(&other)),
    }
}

/// What the file system reports for a path; a file counts as not read.
pub(crate) fn kind(metadata: &fs::Metadata) -> Kind {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        Kind::Link
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_file() {
        Kind::Unread
    } else {
        Kind::Other
    }
}

/// Why a path isn't a file that can be taken, as the rest of a sentence that begins with its name.
pub(crate) fn describe(kind: &Kind) -> String {
    match kind {
        Kind::File(_) | Kind::Unread => "is a file".to_owned(),
        Kind::Refused(problem) => problem.clone(),
        Kind::Folder => "is a folder, not a file".to_owned(),
        Kind::Link => "is a link, and links aren't followed".to_owned(),
        Kind::Other => "isn't a regular file".to_owned(),
    }
}

/// Reads a requested file, up to the limit.
///
/// # Errors
/// When it cannot be read. That it is too large is a `Kind`.
pub(crate) fn bytes(reader: impl Read, caps: &Caps) -> io::Result<Kind> {
    let mut bytes = Vec::new();
    reader.take(caps.file + 1).read_to_end(&mut bytes)?;
    let fits = bytes.len() as u64 <= caps.file;
    Ok(if fits { Kind::File(bytes) } else { Kind::Refused(format!("is larger than {}", size(caps.file))) })
}

/// An untrusted name for use in a sentence: quoted, without control or invisible characters, and not too long.
pub(crate) fn shown(name: &str) -> String {
    const LONGEST: usize = 80;
    let short: String = name.chars().take(LONGEST).collect();
    let more = if short.len() < name.len() { "…" } else { "" };
    format!("`{}{more}`", visible(&short).escape_debug())
}

/// A limit in the form people use.
fn size(bytes: u64) -> String {
    if bytes >= 1 << 20 { format!("{} MiB", bytes >> 20) } else { format!("{bytes} bytes") }
}

fn too_many(entries: usize) -> String {
    format!("the archive has more than {entries} files; leave the target folder out")
}

fn damaged(error: impl std::fmt::Display) -> String {
    format!("the archive is damaged or cut off ({error})")
}

/// An archive while it is read.
struct Contents<'a> {
    /// What remains of the limits.
    caps: &'a mut Caps,
    /// The limits when this archive was begun.
    whole: Caps,
    wanted: &'a dyn Fn(&str) -> bool,
    listing: Listing,
}

impl Contents<'_> {
    fn zip(mut self, mut file: impl Read + Seek) -> Result<Listing, String> {
        zip64::check(&mut file, self.whole.entries)?;
        // An archive after other data isn't a submission, and searching for one takes long.
        let config = Config { archive_offset: ArchiveOffset::Known(0) };
        let mut archive = ZipArchive::with_config(config, BufReader::new(file)).map_err(damaged)?;
        if archive.has_duplicate_names() {
            return Err("the archive contains two files with the same name".to_owned());
        }
        // Windows PowerShell 5 writes `\\` between folders, and nothing else does so throughout an archive.
        let has = |c: char| archive.file_names().flatten().any(|name| name.contains(c));
        let is_from_windows = has('\\') && !has('/');
        for index in 0..archive.len() {
            let entry = archive.by_index_data(index).map_err(damaged)?;
            if entry.encrypted() {
                return Err("the archive is encrypted; hand it in without a password".to_owned());
            }
            let raw: String =
                entry.name().map_or_else(|_| String::from_utf8_lossy(entry.name_raw()).into(), Into::into);
            let raw = if is_from_windows { raw.replace('\\', "/") } else { raw };
            let is_folder = entry.is_dir() || raw.ends_with('/');
            let Some(path) = self.path(&raw)? else { continue };
            // The upper bits of a Unix mode give its kind. A zip from Windows has none.
            let kind = match entry.unix_mode().unwrap_or(0) & 0o170_000 {
                _ if is_folder => Kind::Folder,
                0 | 0o100_000 => Kind::Unread,
                0o040_000 => Kind::Folder,
                0o120_000 => Kind::Link,
                _ => Kind::Other,
            };
            let kind = if kind == Kind::Unread && (self.wanted)(&path) {
                if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
                    return Err(format!(
                        "the archive is compressed with {}, which isn't supported; save it as an ordinary zip \
                         (Deflate)",
                        entry.compression()
                    ));
                }
                let file = archive.by_index(index).map_err(damaged)?;
                // The sizes that the archive claims may be lies; what comes out counts.
                let kind = bytes(file, self.caps).map_err(damaged)?;
                let cost = if let Kind::File(bytes) = &kind { bytes.len() as u64 } else { self.caps.file };
                match self.caps.unpacked.checked_sub(cost) {
                    Some(left) => self.caps.unpacked = left,
                    None => return Err(self.too_large()),
                }
                kind
            } else {
                kind
            };
            self.add(path, kind);
        }
        Ok(self.listing)
    }

    fn tar(mut self, reader: impl Read) -> Result<Listing, String> {
        let room = self.caps.unpacked;
        let metered = Metered { reader, left: room, over: false };
        let mut archive = tar::Archive::new(metered);
        let entries_end = self.tar_entries(&mut archive);
        let mut metered = archive.into_inner();
        // The rest holds a gzip file's checksum, and shows whether the end is there at all.
        let entries_end =
            entries_end.and_then(|end| io::copy(&mut metered, &mut io::sink()).map(|_| end).map_err(damaged));
        if metered.over {
            return Err(self.too_large());
        }
        self.caps.unpacked = metered.left;
        let entries_end = entries_end?;
        // Every tar ends with two blocks of zeros. Without them it may have been cut off between two files.
        if room - metered.left < entries_end.saturating_add(1024) {
            return Err("the archive is cut off, or isn't an archive".to_owned());
        }
        Ok(self.listing)
    }

    /// Reads a tar's entries, and returns the byte at which the last one ends.
    fn tar_entries(&mut self, archive: &mut tar::Archive<impl Read>) -> Result<u64, String> {
        let mut end = 0;
        for entry in archive.entries().map_err(damaged)? {
            let entry = entry.map_err(damaged)?;
            // A file with holes has fewer bytes in the archive than its size.
            let is_sparse = entry.header().entry_type() == EntryType::GNUSparse;
            let packed = if is_sparse { 0 } else { entry.size() };
            end = entry.raw_file_position().saturating_add(packed).div_ceil(512).saturating_mul(512);
            let raw = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = match entry.header().entry_type() {
                // What `git archive` writes in front: the name of the commit.
                EntryType::XGlobalHeader => continue,
                EntryType::Directory => Kind::Folder,
                EntryType::Regular | EntryType::Continuous if raw.ends_with('/') => Kind::Folder,
                EntryType::Regular | EntryType::Continuous => Kind::Unread,
                EntryType::Link | EntryType::Symlink => Kind::Link,
                _ => Kind::Other,
            };
            let Some(path) = self.path(&raw)? else { continue };
            let kind = if kind == Kind::Unread && (self.wanted)(&path) {
                let claimed = entry.size();
                match bytes(entry, self.caps).map_err(damaged)? {
                    Kind::File(bytes) if (bytes.len() as u64) < claimed => {
                        return Err(format!("the archive is cut off in the middle of {}", shown(&path)));
                    }
                    kind => kind,
                }
            } else {
                kind
            };
            self.add(path, kind);
        }
        Ok(end)
    }

    /// The path of the next entry in one spelling; nothing for the root. A path that a careless program would write
    /// outside its folder is never an accident, so the whole archive is refused.
    fn path(&mut self, raw: &str) -> Result<Option<String>, String> {
        match self.caps.entries.checked_sub(1) {
            Some(left) => self.caps.entries = left,
            None => return Err(too_many(self.whole.entries)),
        }
        let refused = |why: &str| Err(format!("the archive contains a path that {why}: {}", shown(raw)));
        if raw.len() > self.caps.path {
            return refused("is too long");
        }
        if raw.contains('\\') {
            return refused("has a backslash (some old Windows programs write them)");
        }
        let has_drive = raw.as_bytes().get(1) == Some(&b':') && raw.starts_with(|c: char| c.is_ascii_alphabetic());
        if raw.starts_with('/') || has_drive {
            return refused("is absolute");
        }
        if raw.split('/').any(|part| part == "..") {
            return refused("leads out of it");
        }
        if raw.contains('\0') {
            return refused("has a zero byte");
        }
        let parts: Vec<&str> = raw.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        Ok((!parts.is_empty()).then(|| parts.join("/")))
    }

    /// Notes an entry. Two with the same path are refused, because programs disagree on which one counts.
    fn add(&mut self, path: String, kind: Kind) {
        let twice = self.listing.get(&path).is_some_and(|there| !(kind == Kind::Folder && *there == Kind::Folder));
        let kind = if twice { Kind::Refused("is in the archive more than once".to_owned()) } else { kind };
        self.listing.insert(path, kind);
    }

    fn too_large(&self) -> String {
        format!("the archive unpacks to more than {}; leave the target folder out", size(self.whole.unpacked))
    }
}

/// A reader that ends with an error at a limit, however little was packed.
struct Metered<R> {
    reader: R,
    left: u64,
    over: bool,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        match self.left.checked_sub(count as u64) {
            Some(left) => self.left = left,
            None => {
                self.over = true;
                return Err(io::Error::other("too large"));
            }
        }
        Ok(count)
    }
}

#[cfg(test)]
pub(crate) mod tests;
