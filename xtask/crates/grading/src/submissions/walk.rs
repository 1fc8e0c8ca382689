//! What an entry holds, as one list of paths: a folder, an archive, or several single files that were uploaded together.
//! Archives in it are opened only if the work isn't found otherwise.

use super::Wanted;
use super::locate::{edit_of, is_heap, names_any};
use crate::archive::{self, Caps, Kind, Listing, describe, shown, unread};
use crate::lms::order;
use course::predictions::HANDED_IN;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// How deep a folder is searched when work wasn't found in its usual place.
const DEEPEST: usize = 6;
/// Archives in an entry that are opened at most.
const ARCHIVES: usize = 20;
/// The largest archive within an archive, in bytes.
const NESTED: u64 = 32 << 20;

/// Something on the disk that belongs to an entry.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Where it is.
    pub path: PathBuf,
    /// Its name within the entry. None for a folder or an archive that is the whole entry.
    pub inner: Option<String>,
    /// Greater for what was uploaded later.
    pub order: String,
    /// Whether the LMS adds `-1` to the name of a file that is uploaded again.
    pub is_numbered: bool,
}

/// What is in an entry.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// Everything by its path. An archive that was opened is a folder.
    pub listing: Listing,
    /// Archives that were opened, and where their bytes are.
    opened: BTreeMap<String, Source>,
    /// What could not be read although it may hold work: its path, and why.
    pub unread: BTreeMap<String, String>,
    /// What a person should know about how it was put together.
    pub flags: Vec<String>,
}

#[derive(Clone, Debug)]
enum Source {
    Disk(PathBuf),
    Bytes(Vec<u8>),
}

/// Whether a file's content may be needed: it has the name of a file that learners edit, in any case, or a name that
/// contains the exercise.
fn could_be(path: &str, exercises: &[Wanted]) -> bool {
    let base = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let name = base(path);
    let is_wanted = |exercise: &Wanted| {
        exercise.edits.iter().any(|edit| base(edit).eq_ignore_ascii_case(&name)) || edit_of(&name, exercise).is_some()
    };
    let is_guesses = |exercise: &Wanted| !exercise.guesses.is_empty() && name == HANDED_IN;
    !path.split('/').any(is_heap) && exercises.iter().any(|exercise| is_wanted(exercise) || is_guesses(exercise))
}

/// Lists an entry, as deep as work usually is in it.
///
/// # Errors
/// Why it is refused as a whole: one sentence without a final full stop.
pub(super) fn first(pieces: &[Piece], exercises: &[Wanted], caps: &mut Caps) -> Result<Tree, String> {
    let mut tree = Tree::default();
    let mut uploads: BTreeMap<String, &Piece> = BTreeMap::new();
    for piece in pieces {
        let Some(inner) = &piece.inner else {
            whole(&mut tree, piece, exercises, caps)?;
            continue;
        };
        let name = if piece.is_numbered { unnumbered(inner, exercises) } else { inner.clone() };
        match uploads.get(&name) {
            // The same file twice: the later upload is what the student wants graded, if the LMS tells which one it is.
            Some(other) if other.order == piece.order || piece.order.is_empty() => {
                return Err(format!("{} was handed in more than once; keep one", shown(&name)));
            }
            Some(other) if order(&other.order) > order(&piece.order) => {}
            _ => {
                uploads.insert(name, piece);
            }
        }
    }
    for (name, piece) in uploads {
        upload(&mut tree, name, piece, exercises, caps);
    }
    Ok(tree)
}

/// The name of a file without the number that Canvas adds: `Cargo-1.toml`, if that is a file that is looked for.
fn unnumbered(name: &str, exercises: &[Wanted]) -> String {
    let Some((stem, ending)) = name.rsplit_once('.') else { return name.to_owned() };
    let number = stem.rsplit_once('-').filter(|(_, number)| number.bytes().all(|byte| byte.is_ascii_digit()));
    let plain = number.map(|(stem, _)| format!("{stem}.{ending}"));
    // `ex1_Cargo-1.toml` as well.
    let is_wanted = |plain: &String| {
        let mut edits = exercises.iter().flat_map(|exercise| &exercise.edits);
        edits.any(|edit| {
            let base = edit.rsplit('/').next().unwrap_or(edit).to_ascii_lowercase();
            plain.to_ascii_lowercase().ends_with(&base)
        })
    };
    plain.filter(is_wanted).unwrap_or_else(|| name.to_owned())
}

/// A folder or an archive that is a whole entry.
fn whole(tree: &mut Tree, piece: &Piece, exercises: &[Wanted], caps: &mut Caps) -> Result<(), String> {
    let name = piece.path.file_name().unwrap_or_default().to_string_lossy();
    match fs::symlink_metadata(&piece.path).map(|metadata| archive::kind(&metadata)) {
        Ok(Kind::Folder) => folder(&mut tree.listing, &piece.path, exercises, caps, false),
        Ok(Kind::Unread) if archive::ending(&name).is_some_and(|(_, is_read)| is_read) => {
            let listing = archive::read(&piece.path, caps, &|path| could_be(path, exercises))?;
            tree.listing.extend(listing);
            tree.opened.insert(String::new(), Source::Disk(piece.path.clone()));
            Ok(())
        }
        Ok(Kind::Unread) => Err(unread(&name)),
        Ok(other) => Err(format!("{} {}", shown(&name), describe(&other))),
        Err(error) => Err(format!("{} can't be read: {error}", shown(&name))),
    }
}

/// A single file that was uploaded.
fn upload(tree: &mut Tree, name: String, piece: &Piece, exercises: &[Wanted], caps: &mut Caps) {
    let kind = match fs::symlink_metadata(&piece.path).map(|metadata| archive::kind(&metadata)) {
        Ok(Kind::Unread) => match archive::ending(&name) {
            Some((_, true)) => match archive::read(&piece.path, caps, &|path| could_be(path, exercises)) {
                Ok(inside) => return opened(tree, &name, inside, Source::Disk(piece.path.clone())),
                Err(problem) => {
                    tree.unread.insert(name.clone(), problem);
                    Kind::Unread
                }
            },
            Some((_, false)) => {
                tree.unread.insert(name.clone(), unread(&name));
                Kind::Unread
            }
            None if could_be(&name, exercises) => content(&piece.path, caps),
            None => Kind::Unread,
        },
        Ok(other) => other,
        Err(error) => Kind::Refused(format!("can't be read: {error}")),
    };
    tree.listing.insert(name, kind);
}

fn content(path: &Path, caps: &Caps) -> Kind {
    let read = archive::open(path);
    read.and_then(|file| archive::bytes(file, caps).map_err(|error| format!("can't be read: {error}")))
        .unwrap_or_else(Kind::Refused)
}

/// Puts what is in an archive below its path.
fn opened(tree: &mut Tree, path: &str, inside: Listing, source: Source) {
    tree.listing.insert(path.to_owned(), Kind::Folder);
    tree.listing.extend(inside.into_iter().map(|(inner, kind)| (format!("{path}/{inner}"), kind)));
    tree.opened.insert(path.to_owned(), source);
}

/// Lists a folder as if it were an archive. Heaps aren't searched, and other folders only where an exercise may be.
fn folder(
    listing: &mut Listing,
    root: &Path,
    exercises: &[Wanted],
    caps: &mut Caps,
    is_wide: bool,
) -> Result<(), String> {
    let look_into = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let last = parts[parts.len() - 1];
        let is_usual = parts.len() == 1
            || last == ".cargo"
            || parts.len() == 2 && last == super::locate::EXERCISES
            || parts.iter().take(3).any(|part| names_any(part, exercises));
        !is_heap(last) && (is_usual || is_wide && parts.len() < DEEPEST && !last.starts_with('.'))
    };
    let mut open = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => return Err(format!("the folder can't be read: {error}")),
            Err(error) => {
                listing.insert(prefix, Kind::Refused(format!("can't be read: {error}")));
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else { return Err("the folder can't be read to its end".to_owned()) };
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = match fs::symlink_metadata(entry.path()).map(|metadata| archive::kind(&metadata)) {
                Ok(Kind::Unread) if could_be(&path, exercises) => content(&entry.path(), caps),
                Ok(kind) => kind,
                Err(error) => Kind::Refused(format!("can't be read: {error}")),
            };
            if kind == Kind::Folder && look_into(&path) {
                open.push((entry.path(), path.clone()));
            }
            listing.insert(path, kind);
            if listing.len() > caps.entries {
                let most = caps.entries;
                return Err(format!("the folder has more than {most} files; only a few belong to an exercise"));
            }
        }
    }
    Ok(())
}

/// Searches every folder of an entry, down to a depth. Returns whether there is more to see than before.
pub(super) fn wider(tree: &mut Tree, pieces: &[Piece], exercises: &[Wanted], caps: &mut Caps) -> bool {
    let before = tree.listing.len();
    for piece in pieces.iter().filter(|piece| piece.inner.is_none() && piece.path.is_dir()) {
        let mut listing = Listing::new();
        match folder(&mut listing, &piece.path, exercises, caps, true) {
            Ok(()) => tree.listing.extend(listing),
            Err(problem) => {
                tree.unread.insert(String::new(), problem);
            }
        }
    }
    tree.listing.len() > before
}

/// Opens the archives in an entry, one level of them. Returns whether there were any.
pub(super) fn open_archives(tree: &mut Tree, pieces: &[Piece], exercises: &[Wanted], caps: &mut Caps) -> bool {
    let is_archive = |(path, kind): &(&String, &Kind)| {
        matches!(kind, Kind::Unread) && archive::ending(path).is_some() && !path.split('/').any(is_heap)
    };
    let mut found: Vec<String> = tree.listing.iter().filter(is_archive).map(|(path, _)| path.clone()).collect();
    found.retain(|path| !tree.unread.contains_key(path));
    // Those that are named for an exercise, and lie at the top, come first.
    found.sort_by_key(|path| {
        (!names_any(path.rsplit('/').next().unwrap_or(path), exercises), path.matches('/').count())
    });
    let mut is_any = false;
    for (at, path) in found.into_iter().enumerate() {
        let container = container_of(&path, &tree.opened);
        let depth = container.as_ref().map_or(0, |container| nesting(container, &tree.opened));
        let problem = if !archive::ending(&path).is_some_and(|(_, is_read)| is_read) {
            Some(unread(&path))
        } else if depth >= 2 {
            Some(format!("{} is nested too deeply: only archives inside an archive are opened", shown(&path)))
        } else if at >= ARCHIVES {
            Some(format!("{} wasn't opened: there are more than {ARCHIVES} archives", shown(&path)))
        } else {
            None
        };
        let read = match problem {
            Some(problem) => Err(problem),
            None => open_one(tree, &path, container, pieces, exercises, caps),
        };
        match read {
            Ok((inside, source)) => {
                is_any = true;
                opened(tree, &path, inside, source);
            }
            Err(problem) => {
                tree.unread.insert(path, problem);
            }
        }
    }
    is_any
}

fn open_one(
    tree: &Tree,
    path: &str,
    container: Option<String>,
    pieces: &[Piece],
    exercises: &[Wanted],
    caps: &mut Caps,
) -> Result<(Listing, Source), String> {
    let wanted = |path: &str| could_be(path, exercises);
    let Some(container) = container else {
        let folders = pieces.iter().filter(|piece| piece.inner.is_none());
        let on_disk = folders.map(|piece| piece.path.join(path)).find(|path| path.symlink_metadata().is_ok());
        let on_disk = on_disk.ok_or_else(|| format!("{} is gone", shown(path)))?;
        return archive::read(&on_disk, caps, &wanted)
            .map(|listing| (listing, Source::Disk(on_disk)))
            .map_err(|problem| format!("{}: {problem}", shown(path)));
    };
    let inner = if container.is_empty() { path } else { &path[container.len() + 1..] };
    // The container is read again, for this file only.
    let mut large = Caps { file: NESTED, entries: usize::MAX, ..*caps };
    let only = |path: &str| path == inner;
    let listing = match &tree.opened[&container] {
        Source::Disk(path) => archive::read(path, &mut large, &only),
        Source::Bytes(bytes) => archive::read_bytes(bytes, &mut large, &only),
    };
    caps.unpacked = large.unpacked;
    match listing.map(|mut listing| listing.remove(inner)) {
        Ok(Some(Kind::File(bytes))) => archive::read_bytes(&bytes, caps, &wanted)
            .map(|listing| (listing, Source::Bytes(bytes)))
            .map_err(|problem| format!("{}: {problem}", shown(path))),
        Ok(Some(kind)) => Err(format!("{} {}", shown(path), describe(&kind))),
        Ok(None) => Err(format!("{} is gone", shown(path))),
        Err(problem) => Err(format!("{}: {problem}", shown(path))),
    }
}

/// The innermost opened archive that a path is in.
fn container_of(path: &str, opened: &BTreeMap<String, Source>) -> Option<String> {
    let mut above = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    above.find(|above| opened.contains_key(*above)).or_else(|| opened.contains_key("").then_some("")).map(str::to_owned)
}

/// How many archives are around what is in an opened archive, itself included.
fn nesting(container: &str, opened: &BTreeMap<String, Source>) -> usize {
    let above = container.match_indices('/').map(|(at, _)| &container[..at]);
    let around = above.filter(|above| opened.contains_key(*above)).count();
    let root = usize::from(!container.is_empty() && opened.contains_key(""));
    1 + around + root
}
