//! Finds what was handed in below a folder: a folder or an archive for each student, in the layouts that classrooms and
//! learning platforms make. Only the files that an exercise lets learners edit are taken, as data. Nothing follows a link,
//! and a student's name is never more than text.

use super::archive::{self, CAPS, Caps, Kind, Listing, describe, shown};
use super::model::Submission;
use crate::exit::{Exit, Failure};
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// How many of the files that were not taken are named; the rest is a number.
const NAMED: usize = 20;
/// Folders of artifacts and of Git: named as one, not looked into.
const HEAPS: [&str; 3] = ["target", ".git", "node_modules"];
/// The folder of a checkout that holds the exercises.
const EXERCISES: &str = "exercises";
/// How archives end that are read.
const READ: [&str; 4] = [".tar.gz", ".tgz", ".tar", ".zip"];
/// How archives end that are not: they are somebody's work all the same.
const UNREAD: [&str; 7] = [".tar.xz", ".tar.bz2", ".tar.zst", ".rar", ".7z", ".gz", ".xz"];

/// What was handed in.
#[derive(Debug)]
pub struct Found {
    /// By student, and then in the order in which the exercises were given.
    pub submissions: Vec<Submission>,
    /// What the instructor should know: what belongs to nobody, who handed in nothing that can be recognized.
    pub notes: Vec<String>,
    /// Everybody of whom there is a folder or an archive, in the order of their names.
    pub students: Vec<String>,
}

/// Finds the submissions of these exercises (name, and the files that learners edit) below a folder.
///
/// What is wrong with one submission is data in it; it never stops the others.
///
/// # Errors
/// When there is no such folder, it cannot be read, or no student is in it.
pub fn find(dir: &Path, exercises: &[(&str, Vec<String>)]) -> Result<Found> {
    find_within(dir, exercises, &CAPS)
}

fn find_within(dir: &Path, exercises: &[(&str, Vec<String>)], caps: &Caps) -> Result<Found> {
    let layout = "it holds a folder or an archive for each student, such as s001/ex1/Cargo.toml or s002.zip";
    let failure = |what: &str| Failure::new(Exit::Usage, format!("{} {what}", dir.display())).help(layout);
    match fs::metadata(dir) {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => return Err(failure("is a file; grading wants the folder with everybody's submissions").into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(failure("is not there").into()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", dir.display())),
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("cannot read {}", dir.display()))? {
        names.push(entry.with_context(|| format!("cannot read {}", dir.display()))?.file_name());
    }
    let mut notes = Vec::new();
    let mut students = BTreeMap::new();
    for (student, sources) in by_student(dir, names, &mut notes) {
        let mut found = Vec::new();
        let (mut tops, mut hidden) = (BTreeSet::new(), true);
        for source in &sources {
            let name = source.file_name().unwrap_or_default().to_string_lossy();
            hidden &= name.starts_with('.') || name == "__MACOSX";
            match list(source, exercises, caps) {
                Ok(listing) => {
                    found.extend(sort(&student, source, &listing, exercises));
                    tops.extend(listing.keys().map(|path| path.split('/').next().unwrap_or(path).to_owned()));
                }
                Err(problem) => found.extend(exercises.iter().map(|(exercise, _)| Submission {
                    rejected: Some(problem.clone()),
                    ..empty(&student, exercise, source)
                })),
            }
        }
        if found.is_empty() && hidden {
            notes.push(format!("{} is hidden and holds no exercise; it was passed over", shown(&student)));
            continue;
        }
        if found.is_empty() {
            let there: Vec<String> = tops.iter().take(5).map(|name| shown(name)).collect();
            let there = if there.is_empty() { "nothing".to_owned() } else { there.join(", ") };
            let wanted: Vec<&str> = exercises.iter().map(|(exercise, _)| *exercise).collect();
            notes.push(format!("{}: no folder {}; there is {there}", shown(&student), wanted.join(" or ")));
        }
        students.insert(student, once(found, exercises));
    }
    if students.is_empty() {
        let passed: String = notes.iter().map(|note| format!("\n{note}")).collect();
        return Err(failure(&format!("holds no submission{passed}")).into());
    }
    let (students, submissions): (Vec<_>, Vec<_>) = students.into_iter().unzip();
    Ok(Found { submissions: submissions.into_iter().flatten().collect(), notes, students })
}

/// Folders and archives by the student that they are named after. What is neither gets a note.
fn by_student(dir: &Path, mut names: Vec<OsString>, notes: &mut Vec<String>) -> BTreeMap<String, Vec<PathBuf>> {
    // Names that are text come first and stay as they are, so that no other name can be made to look like one of them.
    names.sort_by(|a, b| (a.to_str().is_none(), a).cmp(&(b.to_str().is_none(), b)));
    let mut students: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for name in names {
        let path = dir.join(&name);
        let lossy = name.to_string_lossy();
        let is_folder = fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_dir());
        let is_link = path.is_symlink();
        let lower = lossy.to_ascii_lowercase();
        let ending = READ.iter().chain(&UNREAD).find(|ending| lower.ends_with(*ending)).filter(|_| !is_folder);
        if ending.is_none() && !is_folder && !is_link {
            notes.push(format!("{} is neither a folder nor an archive; it was passed over", shown(&lossy)));
            continue;
        }
        let mut student = lossy[..lossy.len() - ending.map_or(0, |ending| ending.len())].to_owned();
        if name.to_str().is_none() {
            let hex = crate::units::hex(name.as_encoded_bytes());
            student = format!("{student} (bytes {hex})");
            while students.contains_key(&student) {
                student.push('+');
            }
        }
        students.entry(student).or_default().push(path);
    }
    students
}

fn empty(student: &str, exercise: &str, origin: &Path) -> Submission {
    Submission {
        student: student.to_owned(),
        exercise: exercise.to_owned(),
        files: BTreeMap::new(),
        ignored: Vec::new(),
        rejected: None,
        origin: origin.to_owned(),
    }
}

/// One submission for each exercise: where a folder and an archive have the same, nobody can say which of them counts.
fn once(found: Vec<Submission>, exercises: &[(&str, Vec<String>)]) -> Vec<Submission> {
    let mut all = Vec::new();
    for (exercise, _) in exercises {
        let mut same = found.iter().filter(|submission| submission.exercise == *exercise);
        let Some(first) = same.next() else { continue };
        let name =
            |submission: &Submission| shown(&submission.origin.file_name().unwrap_or_default().to_string_lossy());
        let also: Vec<String> = same.map(name).collect();
        if also.is_empty() {
            all.push(first.clone());
        } else {
            let rejected = format!("handed in more than once: {} and {}; keep one", name(first), also.join(", "));
            all.push(Submission { rejected: Some(rejected), ..empty(&first.student, exercise, &first.origin) });
        }
    }
    all
}

/// What a student's folder or archive holds. Its files are read where an exercise could want them.
fn list(source: &Path, exercises: &[(&str, Vec<String>)], caps: &Caps) -> Result<Listing, String> {
    let wanted = |path: &str| {
        exercises.iter().any(|(exercise, edits)| {
            let before = edits.iter().filter_map(|edit| path.strip_suffix(edit.as_str())?.strip_suffix('/'));
            let mut folders = before.filter_map(|folder| folder.strip_suffix(exercise));
            folders.any(|above| {
                let above = above.trim_end_matches('/');
                let top = above.strip_suffix(EXERCISES).map_or(above, |top| top.trim_end_matches('/'));
                !top.contains('/')
            })
        })
    };
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    match fs::symlink_metadata(source).map(|metadata| archive::kind(&metadata)) {
        Ok(Kind::Folder) => walk(source, exercises, caps, &wanted),
        Ok(Kind::Unread) if READ.iter().any(|ending| name.to_ascii_lowercase().ends_with(ending)) => {
            archive::read(source, caps, &wanted)
        }
        Ok(Kind::Unread) => Err(format!("{} is no zip, tar or tar.gz; hand in one of these", shown(&name))),
        Ok(other) => Err(format!("{} {}", shown(&name), describe(&other))),
        Err(error) => Err(format!("{} cannot be read: {error}", shown(&name))),
    }
}

/// Lists a folder as if it were an archive. Heaps, and folders that cannot hold an exercise, are not looked into.
fn walk(
    root: &Path,
    exercises: &[(&str, Vec<String>)],
    caps: &Caps,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Listing, String> {
    let is_exercise = |part: &str| exercises.iter().any(|(exercise, _)| *exercise == part);
    let look_into = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let last = parts[parts.len() - 1];
        !HEAPS.contains(&last)
            && (parts.len() == 1
                || last == ".cargo"
                || parts.len() == 2 && last == EXERCISES
                || parts.iter().take(3).any(|part| is_exercise(part)))
    };
    let mut listing = Listing::new();
    let mut open = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = open.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => return Err(format!("the folder cannot be read: {error}")),
            Err(error) => {
                listing.insert(prefix, Kind::Refused(format!("cannot be read: {error}")));
                continue;
            }
        };
        for entry in entries {
            let Ok(entry) = entry else { return Err("the folder cannot be read to its end".to_owned()) };
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = match fs::symlink_metadata(entry.path()).map(|metadata| archive::kind(&metadata)) {
                Ok(Kind::Unread) if wanted(&path) => archive::open(&entry.path())
                    .and_then(|file| archive::bytes(file, caps).map_err(|error| format!("cannot be read: {error}")))
                    .unwrap_or_else(Kind::Refused),
                Ok(kind) => kind,
                Err(error) => Kind::Refused(format!("cannot be read: {error}")),
            };
            if kind == Kind::Folder && look_into(&path) {
                open.push((entry.path(), path.clone()));
            }
            listing.insert(path, kind);
            if listing.len() > caps.entries {
                return Err(format!(
                    "the folder has more than {} files; only a few belong to an exercise",
                    caps.entries
                ));
            }
        }
    }
    Ok(listing)
}

/// The submissions that a listing holds, in the order of the exercises.
fn sort(student: &str, origin: &Path, listing: &Listing, exercises: &[(&str, Vec<String>)]) -> Vec<Submission> {
    let has = |folder: &str| listing.contains_key(folder) || has_below(listing, folder);
    let folders = |top: &str, exercise: &str| {
        [format!("{top}{exercise}"), format!("{top}{EXERCISES}/{exercise}")]
            .into_iter()
            .filter(|folder| has(folder))
            .collect()
    };
    let is_there = |top: &str| {
        exercises.iter().any(|(exercise, _)| !Vec::is_empty(&folders(top, exercise)))
            || listing.get(&format!("{top}{EXERCISES}")).is_some_and(|kind| *kind != Kind::Folder)
    };
    let top = if is_there("") { String::new() } else { only_folder(listing).unwrap_or_default() };
    let mut submissions = Vec::new();
    for (exercise, edits) in exercises {
        let mut submission = empty(student, exercise, origin);
        let found = folders(&top, exercise);
        let above = format!("{top}{EXERCISES}");
        let problem = match &found[..] {
            // A link or a file where the folder of the exercises should be hides every one of them.
            [] => match listing.get(&above).filter(|kind| **kind != Kind::Folder) {
                Some(kind) => Err(instead_of_folder(&above, kind)),
                None => continue,
            },
            [folder] => take(&mut submission, folder, listing, edits),
            _ => Err(format!("there is both {} and {}; keep one", shown(&found[0]), shown(&found[1]))),
        };
        if let Err(problem) = problem {
            submission.files.clear();
            submission.rejected = Some(problem);
        }
        let taken: BTreeSet<String> =
            found.iter().flat_map(|folder| edits.iter().map(move |edit| format!("{folder}/{edit}"))).collect();
        let others: Vec<String> = exercises
            .iter()
            .filter(|(other, _)| other != exercise)
            .flat_map(|(other, _)| folders(&top, other))
            .collect();
        submission.ignored = ignored(listing, &found, &others, &taken);
        submissions.push(submission);
    }
    submissions
}

/// Whether there is something below a path. An archive need not name the folders that its files are in.
fn has_below(listing: &Listing, folder: &str) -> bool {
    let below = format!("{folder}/");
    listing.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below))
}

/// The one folder at the top, as `workshop-main/`, which GitHub and learning platforms put around everything.
fn only_folder(listing: &Listing) -> Option<String> {
    let plain = |part: &&str| !part.starts_with('.') && *part != "__MACOSX";
    let below = listing.iter().filter_map(|(path, kind)| match path.split_once('/') {
        Some((top, _)) => Some(top),
        None => (*kind == Kind::Folder).then_some(path.as_str()),
    });
    let tops: BTreeSet<&str> = below.filter(plain).collect();
    (tops.len() == 1).then(|| format!("{}/", tops.iter().next().unwrap_or(&"")))
}

/// Takes the files of an exercise out of its folder. One that is not there is not an error: the check says so better.
fn take(submission: &mut Submission, folder: &str, listing: &Listing, edits: &[String]) -> Result<(), String> {
    for edit in edits {
        let path = format!("{folder}/{edit}");
        for (at, _) in path.match_indices('/') {
            if let Some(kind) = listing.get(&path[..at]).filter(|kind| **kind != Kind::Folder) {
                return Err(instead_of_folder(&path[..at], kind));
            }
        }
        match listing.get(&path) {
            None => {}
            Some(Kind::File(bytes)) => {
                submission.files.insert(edit.clone(), bytes.clone());
            }
            Some(kind) => return Err(format!("{} {}", shown(&path), describe(kind))),
        }
    }
    // Something may lie at the folder's own name, even where the exercise wants no file of it.
    match listing.get(folder).filter(|kind| **kind != Kind::Folder) {
        Some(kind) => Err(instead_of_folder(folder, kind)),
        None => Ok(()),
    }
}

fn instead_of_folder(path: &str, kind: &Kind) -> String {
    match kind {
        Kind::File(_) | Kind::Unread => format!("{} is a file, not a folder", shown(path)),
        kind => format!("{} {}", shown(path), describe(kind)),
    }
}

/// What was not taken: below the exercise every file, elsewhere only what lies beside the folders that lead to it. What has
/// been used to cheat is named first, so that no heap of other files can hide it.
fn ignored(listing: &Listing, own: &[String], others: &[String], taken: &BTreeSet<String>) -> Vec<String> {
    let within =
        |path: &str, folder: &String| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'));
    let mut names = BTreeSet::new();
    for (path, kind) in listing {
        let is_other = others.iter().any(|folder| path == folder || within(path, folder));
        if taken.contains(path) || is_other || *kind == Kind::Folder && has_below(listing, path) {
            continue;
        }
        let parts: Vec<&str> = path.split('/').collect();
        let leads = |count: usize| own.iter().any(|folder| within(folder, &parts[..count].join("/")));
        let is_own = own.iter().any(|folder| within(path, folder));
        // How much of the path is named: to a heap, or to the first folder that does not lead to the exercise.
        let heap = parts.iter().position(|part| HEAPS.contains(part)).map(|at| at + 1);
        let beside = (1..=parts.len()).find(|&count| !leads(count)).filter(|_| !is_own && !parts.contains(&".cargo"));
        let shown = heap.into_iter().chain(beside).min().unwrap_or(parts.len());
        let folder = if shown < parts.len() || *kind == Kind::Folder { "/" } else { "" };
        let last = parts[shown - 1];
        let is_suspect = parts.contains(&".cargo")
            || HEAPS[0] == last
            || matches!(last, "build.rs" | "rust-toolchain" | "rust-toolchain.toml")
            || *kind == Kind::Link;
        names.insert((!is_suspect, format!("{}{folder}", parts[..shown].join("/"))));
    }
    let more = names.len().saturating_sub(NAMED);
    let mut names: Vec<String> = names.into_iter().take(NAMED).map(|(_, name)| name).collect();
    if more > 0 {
        names.push(format!("and {more} more"));
    }
    names
}

#[cfg(test)]
mod tests;
