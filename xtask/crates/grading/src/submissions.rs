//! Finds what was handed in below a folder, in the layouts that classrooms and learning platforms use. Only the files
//! that an exercise lets learners edit are taken, as data. Nothing follows a link, a student's name is never more than
//! text, and nothing that was handed in is skipped silently.

mod likeness;
mod locate;
mod take;
mod text;
mod walk;

use super::archive::{self, CAPS, Caps, shown};
use super::lms::{self, Lms, Meaning, Name, gradescope};
use super::model::{Handle, Submission};
use anyhow::{Context as _, Result};
use base::failure::{Exit, Failure};
use course::predictions::Forms;
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use walk::Piece;

/// How many names of one kind a note holds.
const NAMED: usize = 20;

/// An exercise, and what is looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// Its name, such as `ex1`.
    pub id: String,
    /// The files that learners edit.
    pub edits: Vec<String>,
    /// The course's own content of these files.
    pub starter: BTreeMap<String, Vec<u8>>,
    /// The forms of its guesses, of which a copy may have been handed in.
    pub guesses: Forms,
}

/// What to find, and how.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The exercises.
    pub exercises: &'a [Wanted],
    /// Where the grader writes its own results, which aren't a student's work.
    pub out: Option<&'a Path>,
    /// Where the student is in a name.
    pub student_from: Option<&'a Regex>,
    /// Whether the roster has a student of this name: then any file of that name is theirs.
    pub is_student: &'a dyn Fn(&str) -> bool,
    /// The limits.
    pub caps: Caps,
}

impl<'a> Ask<'a> {
    /// These exercises, and defaults for everything else.
    pub(crate) fn of(exercises: &'a [Wanted]) -> Self {
        Self { exercises, out: None, student_from: None, is_student: &|_| false, caps: CAPS }
    }
}

/// What was handed in.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// In the order of their names.
    pub entries: Vec<Entry>,
    /// What the instructor should know.
    pub notes: Vec<String>,
    /// What isn't a submission: its name, and why it was skipped.
    pub passed: Vec<(String, String)>,
}

/// What was handed in at one time, by one student or by a team.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The student it belongs to. Never empty; several are a team.
    pub handles: Vec<Handle>,
    /// The LMS that created it, if one did.
    pub lms: Option<Lms>,
    /// Whether `--student-from` doesn't match its name.
    pub is_unmatched: bool,
    /// Whether there is only a page that the LMS wrote: a text or a comment was handed in.
    pub is_page: bool,
    /// Whether it is a single file whose name refers to no student and to nothing that an exercise requires.
    pub is_stray: bool,
    /// Where it is.
    pub origin: PathBuf,
    /// What was found, in the order of the exercises. Whose it is comes later.
    pub work: Vec<Submission>,
    /// Why no work was found for the other exercises; none if they simply weren't handed in.
    pub missing: Option<String>,
}

/// Finds the submissions below a folder.
///
/// What is wrong with one of them is data in it; it never stops the others.
///
/// # Errors
/// When there is no such folder, it cannot be read, or no student is in it.
pub(crate) fn find(dir: &Path, ask: &Ask<'_>) -> Result<Found> {
    let layout = "it holds a folder or an archive for each student, such as s001/ex1/Cargo.toml or s002.zip, or what an LMS exports";
    let failure = |what: &str| Failure::new(Exit::Usage, format!("{} {what}", dir.display())).help(layout);
    match fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) if archive::ending(&dir.to_string_lossy()).is_some() => {
            return Err(failure("is an archive; unpack it, and name the folder").into());
        }
        Ok(_) => return Err(failure("is a file; grading needs the folder that holds all submissions").into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(failure("doesn't exist").into()),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", dir.display())),
    }
    let mut found = Found::default();
    let (dir, names) = names_in(dir, ask, &mut found)?;
    let mut entries = grouped(&dir, &names, ask, &mut found);
    // Each is independent, so they share the CPU cores.
    let workers = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let Ask { exercises, caps, .. } = *ask;
    let share = entries.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        for entries in entries.chunks_mut(share) {
            scope.spawn(move || entries.iter_mut().for_each(|(entry, pieces)| explore(entry, pieces, exercises, caps)));
        }
    });
    for (entry, _) in entries {
        let name = entry.origin.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_hidden = name.starts_with('.') && entry.lms.is_none() && entry.work.is_empty();
        if is_hidden {
            found.passed.push((name, "it is hidden and contains no exercise".to_owned()));
        } else {
            found.entries.push(entry);
        }
    }
    // Notes alone aren't a class.
    if found.entries.iter().all(|entry| entry.is_stray) {
        let why = || "it isn't a folder, an archive, or a file that an exercise requires".to_owned();
        found.passed.extend(found.entries.drain(..).map(|entry| (entry.handles[0].entry.clone(), why())));
    }
    found.notes.extend(notes_of(&found.passed));
    if found.entries.is_empty() {
        let passed: String = found.notes.iter().map(|note| format!("\n{note}")).collect();
        let is_one = found.passed.iter().any(|(name, _)| ask.exercises.iter().any(|all| all.edits.contains(name)));
        let one = if is_one { "; this looks like one student's work, so name the folder above it" } else { "" };
        return Err(failure(&format!("contains no submissions{one}{passed}")).into());
    }
    Ok(found)
}

/// What was skipped, in a sentence for each reason.
fn notes_of(passed: &[(String, String)]) -> Vec<String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, why) in passed {
        by_reason.entry(why).or_default().push(name);
    }
    let mut notes = Vec::new();
    for (why, names) in by_reason {
        let all: Vec<String> = names.iter().take(NAMED).map(|name| shown(name)).collect();
        let more = names.len() - all.len();
        match (&all[..], more) {
            ([name], _) => notes.push(format!("{name} was skipped: {why}")),
            (_, 0) => notes.push(format!("{} were skipped: {why}", all.join(", "))),
            _ => notes.push(format!(
                "{} and {more} more were skipped (`--list --format csv` names each): {why}",
                all.join(", ")
            )),
        }
    }
    notes
}

/// Every name in the folder that may be a submission. Where an LMS has put one folder around all of them, it is entered.
fn names_in(dir: &Path, ask: &Ask<'_>, found: &mut Found) -> Result<(PathBuf, Vec<(OsString, Name)>)> {
    let cannot = || format!("can't read {}", dir.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        names.push((entry.file_name(), is_folder));
    }
    // Names that are text come first and stay as they are, so that no other name can be made to look like one of them.
    names.sort_by(|(a, _), (b, _)| (a.to_str().is_none(), a).cmp(&(b.to_str().is_none(), b)));
    let out = ask.out.and_then(|out| fs::canonicalize(out).ok());
    let mut all = Vec::new();
    let mut stems = BTreeSet::new();
    for (raw, is_folder) in names {
        let text = raw.to_string_lossy().into_owned();
        let path = dir.join(&raw);
        if lms::is_chaff(&text) {
            found.passed.push((text, "an operating system left it there".to_owned()));
            continue;
        }
        if lms::is_added(&text) && !is_folder {
            found.passed.push((text, "an LMS adds it to the submissions".to_owned()));
            continue;
        }
        let is_out = is_folder && (out.is_some() && fs::canonicalize(&path).ok() == out || is_journal(&path));
        if is_out {
            found.passed.push((text, "it holds grading results".to_owned()));
            continue;
        }
        let ending = archive::ending(&text).filter(|_| !is_folder).map_or(0, |(ending, _)| ending.len());
        let mut stem = text[..text.len() - ending].to_owned();
        if raw.to_str().is_none() {
            stem = format!("{stem} (bytes {})", base::numbers::hex(raw.as_encoded_bytes()));
            while stems.contains(&stem) {
                stem.push('+');
            }
        }
        stems.insert(stem.clone());
        let is_checkout = is_folder && path.join(".git").exists();
        all.push((raw, Name { text, is_folder, is_checkout, stem }));
    }
    // A download that was unpacked with the folder around it: what is in it must be an LMS's beyond doubt.
    if let [(raw, name)] = &all[..]
        && name.is_folder
        && (dir.join(raw).join(gradescope::FILE).is_file() || is_wrapped(&dir.join(raw)))
    {
        let inner = dir.join(raw);
        found.notes.push(format!("{} holds the submissions; they are read from there", shown(&name.text)));
        return names_in(&inner, ask, found);
    }
    Ok((dir.to_owned(), all))
}

/// Whether a folder contains a grader's journal, and next to it the file that no student has a reason to hand in.
fn is_journal(folder: &Path) -> bool {
    folder.join(super::journal::FILE).is_file() && folder.join(super::journal::LOCK).is_file()
}

/// Whether most of a folder's entries are named as only an LMS names them.
fn is_wrapped(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let names: Vec<Name> = entries
        .map(|entry| {
            let text = entry.file_name().to_string_lossy().into_owned();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            Name { stem: text.clone(), text, is_folder, is_checkout: false }
        })
        .filter(|name| !lms::is_chaff(&name.text) && !lms::is_added(&name.text))
        .take(1_000)
        .collect();
    let meanings = lms::read(&names, None, None);
    let named = meanings.iter().filter(|meaning| meaning.lms.is_some()).count();
    named > 0 && 2 * named > names.len()
}

/// What belongs to one entry: an LMS's submission with its attempt, or a student's name.
type Key = (Option<Lms>, String, String);

/// Puts together what was handed in together: several files of one upload, a team's folder.
fn grouped(dir: &Path, names: &[(OsString, Name)], ask: &Ask<'_>, found: &mut Found) -> Vec<(Entry, Vec<Piece>)> {
    let metadata =
        base::files::content(&dir.join(gradescope::FILE)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let metadata = metadata.map(|text| gradescope::parse(&text));
    let plain: Vec<Name> = names.iter().map(|(_, name)| name.clone()).collect();
    let meanings = lms::read(&plain, metadata.as_ref(), ask.student_from);
    let mut entries: Vec<(Entry, Vec<Piece>)> = Vec::new();
    let mut groups: BTreeMap<Key, usize> = BTreeMap::new();
    let mut pages: Vec<(&Name, &Meaning, PathBuf)> = Vec::new();
    for ((raw, name), meaning) in names.iter().zip(&meanings) {
        let path = dir.join(raw);
        if meaning.is_page {
            pages.push((name, meaning, path));
            continue;
        }
        let Some(Belonging { key, meaning, is_stray, missing }) = belonging(name, meaning, &path, ask) else {
            let why = "by its name, it is a class list or a grading result";
            found.passed.push((name.text.clone(), why.to_owned()));
            continue;
        };
        let at = key.as_ref().and_then(|key| groups.get(key).copied()).unwrap_or(entries.len());
        if at == entries.len() {
            let Meaning { lms, ref handles, is_unmatched, .. } = meaning;
            let (handles, origin) = (handles.clone(), path.clone());
            let entry = Entry { handles, lms, is_unmatched, is_stray, origin, missing, ..Entry::default() };
            entries.push((entry, Vec::new()));
            groups.extend(key.map(|key| (key, at)));
        }
        let (entry, pieces) = &mut entries[at];
        entry.is_stray &= is_stray;
        if entry.missing.is_none() {
            pieces.push(piece(entry, &meaning, path));
        }
    }
    for (name, meaning, path) in pages {
        add_page(&mut entries, name, meaning, path, found);
    }
    entries
}

/// Which entry a file or folder belongs to.
struct Belonging {
    /// The same for everything that belongs to one entry; none where it is an entry of its own.
    key: Option<Key>,
    /// What its name means, with the student of a single file.
    meaning: Meaning,
    is_stray: bool,
    /// Why it belongs to no student.
    missing: Option<String>,
}

/// Which entry something belongs to, by its name; none for a class list, which isn't work.
fn belonging(name: &Name, meaning: &Meaning, path: &Path, ask: &Ask<'_>) -> Option<Belonging> {
    let archive = archive::ending(&name.text).filter(|_| !name.is_folder);
    let mut meaning = meaning.clone();
    if let Some((lms, id, attempt)) = meaning.group() {
        // Each of Canvas's archives is a separate submission, and files that aren't archives belong together.
        let is_shared = lms != Lms::Canvas || archive.is_none();
        let key = is_shared.then(|| (Some(lms), id.to_owned(), attempt.to_owned()));
        return Some(Belonging { key, meaning, is_stray: false, missing: None });
    }
    if archive.is_some() || name.is_folder || path.is_symlink() {
        return Some(Belonging { key: None, meaning, is_stray: false, missing: None });
    }
    let Single { students, file, is_stray, missing } = single(name, &meaning, ask)?;
    if ask.student_from.is_none() {
        let ids = &mut meaning.handles[0].ids;
        let told = ids.split_off(1);
        *ids = students.iter().map(|student| lms::visible(student)).collect();
        ids.extend(told);
    }
    meaning.file = Some(file);
    // What belongs to no student isn't graded with a student's work.
    let key = missing.is_none().then(|| (None, meaning.handles[0].ids[0].clone(), String::new()));
    Some(Belonging { key, meaning, is_stray, missing })
}

/// A file or folder as a piece of an entry, which takes over its attempt if that is a later one.
fn piece(entry: &mut Entry, meaning: &Meaning, path: PathBuf) -> Piece {
    let (own, new) = (&mut entry.handles[0], &meaning.handles[0]);
    own.late |= new.late;
    let order = new.attempt.clone();
    if lms::order(&own.attempt) < lms::order(&order) {
        own.attempt.clone_from(&order);
        own.entry.clone_from(&new.entry);
    }
    // Blackboard's assignment is a folder around its files: it may name the exercise.
    let title = meaning.title.as_ref().map(|title| format!("{}/", title.replace(['/', '\\'], "_"))).unwrap_or_default();
    let inner = meaning.file.as_ref().map(|file| format!("{title}{}", file.replace(['/', '\\'], "_")));
    Piece { path, inner, order, is_numbered: meaning.lms == Some(Lms::Canvas) }
}

/// Takes a page that an LMS wrote: it goes with what was handed in, or is an entry without work.
fn add_page(entries: &mut Vec<(Entry, Vec<Piece>)>, name: &Name, meaning: &Meaning, path: PathBuf, found: &mut Found) {
    let id = meaning.handles[0].ids.first();
    let attempt = &meaning.handles[0].attempt;
    let is_same = |entry: &Entry| {
        let own = &entry.handles[0];
        entry.lms == meaning.lms
            && own.ids.first() == id
            && (meaning.lms != Some(Lms::Blackboard) || own.attempt == *attempt)
    };
    if entries.iter().any(|(entry, _)| is_same(entry)) {
        let lms = meaning.lms.map_or("the LMS", Lms::name);
        found.passed.push((name.text.clone(), format!("{lms} writes it next to the submissions")));
        return;
    }
    let missing = format!("{} is a text entry, a comment, or a link; no file was handed in with it", shown(&name.text));
    let entry = Entry {
        handles: meaning.handles.clone(),
        lms: meaning.lms,
        origin: path,
        is_page: true,
        missing: Some(missing),
        ..Entry::default()
    };
    entries.push((entry, Vec::new()));
}

/// A single file whose name is a student's and ends with one that an exercise requires: `s001_Cargo.toml`.
fn bare(name: &Name, meaning: &Meaning, ask: &Ask<'_>) -> Option<(String, String)> {
    let text = &name.text;
    let edits = ask.exercises.iter().flat_map(|exercise| &exercise.edits);
    let mut ends = edits.filter_map(|edit| {
        let base = edit.rsplit('/').next().unwrap_or(edit);
        let at = text.len().checked_sub(base.len())?;
        let student = text.get(..at)?.trim_end_matches(['_', '-', ' ', '.']);
        let fits = text.get(at..)?.eq_ignore_ascii_case(base) && !student.is_empty() && student.len() < at;
        fits.then(|| (student.to_owned(), text[at..].to_owned()))
    });
    let found = ends.next();
    // With an expression that has found the student, every file has a student.
    let is_told = ask.student_from.is_some() && !meaning.is_unmatched;
    // As in `s001.docx`, where an archive was expected.
    let student = text.rsplit_once('.').map_or(text.as_str(), |(stem, _)| stem);
    let of_roster = || (ask.is_student)(student).then(|| (student.to_owned(), text.clone()));
    found.or_else(|| is_told.then(|| (name.stem.clone(), text.clone()))).or_else(of_roster)
}

/// A single file, as its name tells.
struct Single {
    /// Whose it may be, the surest first. Never empty.
    students: Vec<String>,
    /// What it is called without the student.
    file: String,
    is_stray: bool,
    /// Why it belongs to no student.
    missing: Option<String>,
}

/// What a single file's name reveals; none for a class list, which isn't work.
fn single(name: &Name, meaning: &Meaning, ask: &Ask<'_>) -> Option<Single> {
    let (mut students, mut file) = likeness::guess(&name.text, ask.exercises);
    let bare = bare(name, meaning, ask);
    let is_bare = bare.is_some();
    if let Some((student, own)) = bare {
        students.retain(|other| *other != student);
        students.insert(0, student);
        // With an expression, the whole name is the file's, and where the likely name begins is noted.
        if own != name.text {
            file = own;
        }
    }
    let of_roster = students.iter().position(|student| (ask.is_student)(student));
    students[..=of_roster.unwrap_or(0)].rotate_right(1);
    let is_known = is_bare || of_roster.is_some();
    if !is_known && likeness::is_table(&name.text) {
        return None;
    }
    let edits = || ask.exercises.iter().flat_map(|exercise| &exercise.edits);
    let is_nameless =
        edits().any(|edit| edit.rsplit('/').next().is_some_and(|base| base.eq_ignore_ascii_case(&name.text)));
    let is_nobodys = !is_known && (is_nameless || locate::names_any(&students[0], ask.exercises));
    let why = || {
        format!(
            "the name of {} doesn't identify a student; put the student's id and a `_` in front of it",
            shown(&name.text)
        )
    };
    let is_plain = !name.stem.contains(|c: char| c.is_ascii_digit() || c == '_');
    Some(Single {
        is_stray: !is_known && (is_nameless || is_plain && !likeness::is_near(&name.text, ask.exercises)),
        missing: is_nobodys.then(why),
        students,
        file,
    })
}

/// Looks into an entry: where the exercises are in it, and which files are taken.
fn explore(entry: &mut Entry, pieces: &[Piece], exercises: &[Wanted], mut caps: Caps) {
    let blank = |exercise: &Wanted| Submission {
        exercise: exercise.id.clone(),
        origin: entry.origin.clone(),
        attempt: entry.handles[0].attempt.clone(),
        ..Submission::default()
    };
    if pieces.is_empty() {
        return;
    }
    let mut tree = match walk::first(pieces, exercises, &mut caps) {
        Ok(tree) => tree,
        Err(problem) => {
            let rejected = |exercise| Submission { rejected: Some(problem.clone()), ..blank(exercise) };
            entry.work = exercises.iter().map(rejected).collect();
            return;
        }
    };
    let title = entry.origin.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut places = locate::all(&tree.listing, &title, exercises);
    let is_complete = |places: &[locate::Place]| !places.contains(&locate::Place::Nowhere);
    if !is_complete(&places) && walk::wider(&mut tree, pieces, exercises, &mut caps) {
        places = locate::all(&tree.listing, &title, exercises);
    }
    for _ in 0..2 {
        if is_complete(&places) || !walk::open_archives(&mut tree, pieces, exercises, &mut caps) {
            break;
        }
        places = locate::all(&tree.listing, &title, exercises);
    }
    let flags = take::flags_of(&tree, entry);
    for (exercise, place) in exercises.iter().zip(&places) {
        let mut submission = blank(exercise);
        if take::take(&mut submission, exercise, place, &tree, &places) {
            submission.review.extend(flags.iter().cloned());
            entry.work.push(submission);
        }
    }
    if entry.work.is_empty() {
        entry.missing = take::why_nothing(&tree, exercises, entry.lms.is_some());
    } else {
        let stray = take::stray(&tree.listing, exercises, &places);
        entry.work.iter_mut().for_each(|work| work.review.extend(stray.iter().cloned()));
    }
}

#[cfg(test)]
mod tests;
