//! Where an exercise is within what was handed in. Students name folders as they like, and LMSs and archive programs
//! wrap them in others. A place that is certain is taken; between two, only a person chooses.

use super::Wanted;
use crate::archive::{Kind, Listing, describe, ending, shown};
use std::collections::BTreeSet;

/// The folder of a checkout that holds the exercises.
pub(super) const EXERCISES: &str = "exercises";
/// Folders of artifacts and of Git: named as one, not looked into.
pub(super) const HEAPS: [&str; 3] = ["target", ".git", "node_modules"];
/// Folders of the course in which files of an exercise are not the learner's work.
const COURSES: [&str; 5] = ["starter", "solutions", "solution", "docs", "__macosx"];
/// How many folders may be around an exercise, at most.
const AROUND: usize = 4;
/// How many folders may be between a folder named for an exercise and its files.
const BETWEEN: usize = 2;

/// Where an exercise is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not here.
    Nowhere,
    /// In this folder; empty for the top.
    At(String),
    /// Something that isn't a folder is in its place: one sentence.
    Blocked(String),
    /// In several, and nothing says which one counts.
    Several(Vec<String>),
}

/// Whether a folder is named as one, and never looked into.
pub(super) fn is_heap(part: &str) -> bool {
    HEAPS.contains(&part)
}

/// `folder/path`, where the folder may be the top.
pub(super) fn join(folder: &str, path: &str) -> String {
    if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") }
}

/// What of a path is below a folder, which may be the top.
pub(super) fn below<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

/// The numbers of the exercises that a name mentions: 1 for `Ex1`, `exercise-1`, `Exercise 1 (2).zip`, `jane_ex01`.
fn numbers(name: &str) -> BTreeSet<String> {
    let stem = ending(name).map_or(name, |(ending, _)| &name[..name.len() - ending.len()]);
    // Runs of letters, of digits, and of what is neither.
    let class = |c: char| if c.is_alphabetic() { 0 } else { 1 + u8::from(c.is_ascii_digit()) };
    let mut runs: Vec<String> = Vec::new();
    for c in stem.to_lowercase().chars() {
        match runs.last_mut() {
            Some(run) if run.chars().next().map(class) == Some(class(c)) => run.push(c),
            _ => runs.push(c.to_string()),
        }
    }
    let words: Vec<&String> = runs.iter().filter(|run| run.chars().any(char::is_alphanumeric)).collect();
    let is_word = |word: &str| matches!(word, "ex" | "exercise" | "exercises");
    let pairs = words.windows(2).filter(|pair| is_word(pair[0]) && pair[1].starts_with(|c: char| c.is_ascii_digit()));
    let numbers = pairs.map(|pair| pair[1].trim_start_matches('0').to_owned());
    numbers.filter(|number| !number.is_empty()).collect()
}

/// Whether a name mentions this exercise and no other.
pub(super) fn names(name: &str, exercise: &str) -> bool {
    if name.eq_ignore_ascii_case(exercise) {
        return true;
    }
    let own = numbers(exercise);
    own.len() == 1 && numbers(name) == own
}

/// Whether a name mentions one of these exercises.
pub(super) fn names_any(name: &str, exercises: &[Wanted]) -> bool {
    exercises.iter().any(|exercise| names(name, &exercise.id))
}

/// Whether a name mentions any exercise, requested or not.
pub(super) fn names_some(name: &str) -> bool {
    !numbers(name).is_empty()
}

/// Every folder of a listing, including folders that an archive doesn't name; the top is the empty one.
fn folders(listing: &Listing) -> BTreeSet<&str> {
    let mut all = BTreeSet::from([""]);
    for (path, kind) in listing {
        all.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        if *kind == Kind::Folder {
            all.insert(path);
        }
    }
    all
}

/// Where each exercise is, in their order. `title` is the name of the whole entry: it may mention an exercise.
pub(super) fn all(listing: &Listing, title: &str, exercises: &[Wanted]) -> Vec<Place> {
    let folders = folders(listing);
    exercises.iter().map(|exercise| one(listing, &folders, title, exercise, exercises)).collect()
}

fn one(listing: &Listing, folders: &BTreeSet<&str>, title: &str, exercise: &Wanted, exercises: &[Wanted]) -> Place {
    let usual = usual(listing, exercise, exercises);
    match &usual[..] {
        [] => {}
        [folder] => {
            let is_folder = folders.contains(folder.as_str());
            if !is_folder && let Some(kind) = listing.get(folder) {
                return Place::Blocked(instead_of_folder(folder, kind));
            }
            let has_one = exercise.edits.iter().any(|edit| is_there(listing, folder, edit));
            if has_one {
                return Place::At(folder.clone());
            }
        }
        several => return Place::Several(several.to_vec()),
    }
    // A link or a file where the folder of the exercises should be hides every one of them.
    let top = only_folder(listing).map_or(String::new(), |top| format!("{top}/"));
    for above in [EXERCISES.to_owned(), format!("{top}{EXERCISES}")] {
        if let Some(kind) =
            listing.get(&above).filter(|kind| **kind != Kind::Folder && !folders.contains(above.as_str()))
        {
            return Place::Blocked(instead_of_folder(&above, kind));
        }
    }
    let named = |folder: &&&str| {
        let parts: Vec<&str> = folder.split('/').collect();
        let last = parts[parts.len() - 1];
        parts.len() <= AROUND + 1 && names(last, &exercise.id) && !parts.iter().any(|part| is_course(part))
    };
    let named: Vec<&str> = folders.iter().filter(named).copied().collect();
    let holders = holders(listing, folders, &named, exercise);
    match &holders[..] {
        [] => {}
        [folder] => return Place::At(folder.clone()),
        several => return Place::Several(several.to_vec()),
    }
    // It contains nothing of the exercise, but is named for it: what is missing is reported there.
    let shallowest = named.iter().min_by_key(|folder| folder.matches('/').count());
    if let Some(folder) = usual.first().cloned().or_else(|| shallowest.map(|folder| (*folder).to_owned())) {
        return Place::At(folder);
    }
    if let Some(place) = single_files(listing, exercise) {
        return place;
    }
    // Where one exercise alone is graded, its files may lie at the top, with folders around them.
    let is_checkout = folders.iter().any(|folder| folder.rsplit('/').next() == Some(EXERCISES));
    if (exercises.len() == 1 || names(title, &exercise.id)) && !is_checkout {
        return match &self::holders(listing, folders, &[""], exercise)[..] {
            [] => Place::Nowhere,
            [folder] => Place::At(folder.clone()),
            several => Place::Several(several.to_vec()),
        };
    }
    Place::Nowhere
}

/// The places that the workshop itself has: `ex1` and `exercises/ex1`, at the top or in the one folder there is.
fn usual(listing: &Listing, exercise: &Wanted, exercises: &[Wanted]) -> Vec<String> {
    let has = |path: &str| listing.contains_key(path) || has_below(listing, path);
    let both = |top: &str, id: &str| -> Vec<String> {
        let all = [join(top, id), join(top, &join(EXERCISES, id))];
        all.into_iter().filter(|path| has(path)).collect()
    };
    let is_at_top = exercises.iter().any(|exercise| !both("", &exercise.id).is_empty());
    let top = if is_at_top { String::new() } else { only_folder(listing).unwrap_or_default() };
    both(&top, &exercise.id)
}

/// Folders that hold files of an exercise, at or below others. Only the surest kind of them counts: files with exactly the
/// names, then names in another case, then the right names in the wrong folder.
fn holders(listing: &Listing, folders: &BTreeSet<&str>, at: &[&str], exercise: &Wanted) -> Vec<String> {
    let mut near: BTreeSet<&str> = BTreeSet::new();
    for start in at {
        near.extend(folders.iter().copied().filter(|folder| {
            let Some(rest) = (if folder == start { Some("") } else { below(folder, start) }) else { return false };
            let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
            let is_other = |part: &&str| names_some(part) && !names(part, &exercise.id);
            parts.len() <= BETWEEN && !parts.iter().any(|part| is_course(part) || is_other(part))
        }));
    }
    let surest = near.iter().filter_map(|folder| Some((sureness(listing, folder, exercise)?, *folder)));
    let all: Vec<(u8, &str)> = surest.collect();
    let best = all.iter().map(|(sureness, _)| *sureness).max();
    all.into_iter().filter(|(sureness, _)| Some(*sureness) == best).map(|(_, folder)| folder.to_owned()).collect()
}

fn sureness(listing: &Listing, folder: &str, exercise: &Wanted) -> Option<u8> {
    let inside: Vec<&str> = inside(listing, folder).collect();
    let mut edits = exercise.edits.iter();
    if edits.clone().any(|edit| inside.contains(&edit.as_str())) {
        return Some(3);
    }
    if edits.clone().any(|edit| inside.iter().any(|path| path.eq_ignore_ascii_case(edit))) {
        return Some(2);
    }
    // `main.rs` instead of `src/main.rs`: an upload form has no folders. A folder `src` isn't a separate place.
    let is_alone = |edit: &String| {
        let base = edit.rsplit('/').next().unwrap_or(edit);
        base.len() < edit.len() && inside.iter().any(|path| path.eq_ignore_ascii_case(base))
    };
    let is_inner = folder
        .rsplit('/')
        .next()
        .is_some_and(|last| exercise.edits.iter().any(|edit| edit.split('/').any(|part| part == last)));
    (!is_inner && edits.any(is_alone)).then_some(1)
}

/// A place for files that carry the exercise in their own names: `ex1_Cargo.toml`.
fn single_files(listing: &Listing, exercise: &Wanted) -> Option<Place> {
    let is_named = |(path, kind): &(&String, &Kind)| {
        let name = path.rsplit('/').next().unwrap_or(path);
        **kind != Kind::Folder && names(name, &exercise.id) && edit_of(name, exercise).is_some()
    };
    let found: BTreeSet<&str> = listing
        .iter()
        .filter(is_named)
        .map(|(path, _)| path.rsplit_once('/').map_or("", |(folder, _)| folder))
        .collect();
    match found.into_iter().collect::<Vec<_>>()[..] {
        [] => None,
        [folder] if sureness(listing, folder, exercise) == Some(3) => {
            let why = "there are files that name the exercise and files that don't; keep one of each";
            Some(Place::Blocked(format!("{}: {why}", shown(&exercise.id))))
        }
        [folder] => Some(Place::At(folder.to_owned())),
        ref several => Some(Place::Several(several.iter().map(|folder| (*folder).to_owned()).collect())),
    }
}

/// The file that a name such as `ex1_Cargo.toml` or `Cargo_ex1.toml` refers to, if the name mentions only this
/// exercise.
pub(super) fn edit_of<'a>(name: &str, exercise: &'a Wanted) -> Option<&'a String> {
    if !names(name, &exercise.id) {
        return None;
    }
    let plain = |text: &str| text.to_ascii_lowercase().replace([' ', '-'], "_");
    let name = plain(name);
    exercise.edits.iter().find(|edit| {
        let base = plain(edit.rsplit('/').next().unwrap_or(edit));
        let (stem, ending) = base.rsplit_once('.').map_or((base.as_str(), ""), |(stem, ending)| (stem, ending));
        let starts = name.strip_prefix(stem).and_then(|rest| rest.strip_suffix(&format!(".{ending}")));
        name.ends_with(&format!("_{base}")) || starts.is_some_and(|middle| middle.starts_with('_'))
    })
}

/// Whether a file that learners edit, or something else of its name, is in a folder, whatever the case of its letters.
fn is_there(listing: &Listing, folder: &str, edit: &str) -> bool {
    listing.contains_key(&join(folder, edit))
        || has_below(listing, &join(folder, edit))
        || edit
            .match_indices('/')
            .any(|(at, _)| listing.get(&join(folder, &edit[..at])).is_some_and(|kind| *kind != Kind::Folder))
        || inside(listing, folder).any(|path| path.eq_ignore_ascii_case(edit))
}

/// Every path below a folder, relative to it.
pub(super) fn inside<'a>(listing: &'a Listing, folder: &'a str) -> impl Iterator<Item = &'a str> {
    let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let end = start.clone();
    let range = listing.range(start..).map(|(path, _)| path.as_str());
    range.take_while(move |path| path.starts_with(&end)).filter_map(move |path| below(path, folder))
}

/// Whether there is something below a path. An archive need not name the folders that its files are in.
pub(super) fn has_below(listing: &Listing, folder: &str) -> bool {
    inside(listing, folder).next().is_some()
}

/// The one folder at the top, as `workshop-main`, which GitHub and learning platforms put around everything.
fn only_folder(listing: &Listing) -> Option<String> {
    let plain = |part: &&str| !part.starts_with('.') && !part.eq_ignore_ascii_case("__MACOSX");
    let below = listing.iter().filter_map(|(path, kind)| match path.split_once('/') {
        Some((top, _)) => Some(top),
        None => (*kind == Kind::Folder).then_some(path.as_str()),
    });
    let tops: BTreeSet<&str> = below.filter(plain).collect();
    tops.first().filter(|top| tops.len() == 1 && !is_course(top)).map(|top| (*top).to_owned())
}

fn is_course(part: &str) -> bool {
    is_heap(part) || part.starts_with('.') || COURSES.iter().any(|course| part.eq_ignore_ascii_case(course))
}

/// Why a path isn't a folder that can be searched.
pub(super) fn instead_of_folder(path: &str, kind: &Kind) -> String {
    match kind {
        Kind::File(_) | Kind::Unread => format!("{} is a file, not a folder", shown(path)),
        kind => format!("{} {}", shown(path), describe(kind)),
    }
}
