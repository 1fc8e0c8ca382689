//! Takes an exercise's files out of its place, and reports what was not taken.
//!
//! The rule, from the surest down: a file with exactly its name is taken. One whose name differs only in the case of its letters,
//! or that has the right name and lies in the wrong folder, is taken if it is the only one, and a person is told: Windows and
//! macOS ignore case, and an upload form has no folders. A name that was changed (`Cargo (1).toml`, `Cargo.toml.txt`)
//! is never taken: there was a different file with the plain name, and only the student knows which of the two is
//! meant. Files that aren't UTF-8 aren't taken either, because the learner's own `check` can't read them.

use super::likeness::{renamed, unfinished};
use super::locate::{
    EXERCISES, HEAPS, Place, below, edit_of, has_below, inside, instead_of_folder, is_heap, join, names_any, names_some,
};
use super::text::{is_blank, unreadable};
use super::walk::Tree;
use super::{Entry, Wanted};
use crate::archive::{Kind, Listing, describe, shown};
use crate::lms::{is_chaff, is_invisible};
use crate::model::Submission;
use course::predictions::{HANDED_IN, LARGEST};
use std::collections::BTreeSet;

/// How many of the files that weren't taken are named; the rest are counted.
const NAMED: usize = 20;
/// How many names a sentence holds.
const FEW: usize = 5;

/// Fills a submission with what is in its place. False if the exercise isn't there at all.
pub(super) fn take(
    submission: &mut Submission,
    exercise: &Wanted,
    place: &Place,
    tree: &Tree,
    places: &[Place],
) -> bool {
    let listing = &tree.listing;
    let own: Vec<String> = match place {
        Place::Nowhere => return false,
        Place::At(folder) => vec![folder.clone()],
        Place::Blocked(_) => Vec::new(),
        Place::Several(folders) => folders.clone(),
    };
    let mut taken = BTreeSet::new();
    if let Place::At(folder) = place {
        guesses(submission, exercise, folder, tree, &mut taken);
    }
    let problem = match place {
        Place::At(folder) => files(submission, exercise, folder, tree, &mut taken),
        Place::Blocked(why) => Err(why.clone()),
        Place::Several(folders) => {
            let all: Vec<String> = folders.iter().map(|folder| place_name(folder)).collect();
            let both = if all.len() == 2 { "both " } else { "" };
            Err(format!("there is {both}{}; keep one", all.join(" and ")))
        }
        Place::Nowhere => return false,
    };
    if let Err(problem) = problem {
        submission.files.clear();
        submission.review.clear();
        submission.rejected = Some(problem);
        taken = own.iter().flat_map(|folder| exercise.edits.iter().map(move |edit| join(folder, edit))).collect();
    }
    let others: Vec<String> = places
        .iter()
        .filter(|other| *other != place)
        .flat_map(|other| match other {
            Place::At(folder) if !folder.is_empty() => vec![folder.clone()],
            Place::Several(folders) => folders.clone(),
            _ => Vec::new(),
        })
        .collect();
    submission.ignored = ignored(listing, &own, &others, &taken);
    true
}

fn place_name(folder: &str) -> String {
    if folder.is_empty() { "a file at the top".to_owned() } else { shown(folder) }
}

/// Takes the copy of a student's guesses, if there is one. Nothing depends on it, so an odd one doesn't need attention:
/// one that can't be read is listed with what wasn't taken.
fn guesses(submission: &mut Submission, exercise: &Wanted, folder: &str, tree: &Tree, taken: &mut BTreeSet<String>) {
    let path = join(folder, HANDED_IN);
    if !exercise.guesses.is_empty()
        && let Some(Kind::File(bytes)) = tree.listing.get(&path)
        && bytes.len() <= LARGEST
    {
        submission.guesses = exercise.guesses.read(bytes);
        taken.insert(path);
    }
}

/// Takes the files out of a folder. A missing one isn't an error, unless all are missing.
fn files(
    submission: &mut Submission,
    exercise: &Wanted,
    folder: &str,
    tree: &Tree,
    taken: &mut BTreeSet<String>,
) -> Result<(), String> {
    let listing = &tree.listing;
    // Something may lie at the folder's own name, even where the exercise wants no file of it.
    if let Some(kind) = listing.get(folder).filter(|kind| **kind != Kind::Folder && !has_below(listing, folder)) {
        return Err(instead_of_folder(folder, kind));
    }
    let mut blank = Vec::new();
    for edit in &exercise.edits {
        let path = join(folder, edit);
        for (at, _) in path.match_indices('/') {
            if let Some(kind) = listing.get(&path[..at]).filter(|kind| **kind != Kind::Folder) {
                return Err(instead_of_folder(&path[..at], kind));
            }
        }
        let found = if listing.contains_key(&path) || has_below(listing, &path) {
            Some((path, None))
        } else {
            another(listing, folder, edit, exercise)?
        };
        let Some((path, flag)) = found else { continue };
        let bytes = match listing.get(&path) {
            Some(Kind::File(bytes)) => bytes,
            Some(kind) => return Err(format!("{} {}", shown(&path), describe(kind))),
            None => return Err(format!("{} {}", shown(&path), describe(&Kind::Folder))),
        };
        if let Some(problem) = unreadable(bytes) {
            return Err(format!("{} {problem}", shown(&path)));
        }
        submission.files.insert(edit.clone(), bytes.clone());
        submission.review.extend(flag);
        if is_blank(bytes) && !exercise.starter.get(edit).is_some_and(|own| is_blank(own)) {
            blank.push(format!("{} is empty", shown(&path)));
        }
        taken.insert(path);
    }
    let similar = similar(listing, folder, exercise, taken);
    if submission.files.is_empty() {
        return Err(nothing(tree, folder, exercise, &similar));
    }
    if blank.len() == submission.files.len() {
        let there = if similar.is_empty() { String::new() } else { format!(", and there is {}", listed(&similar)) };
        return Err(format!("{}{there}; the upload may have failed", blank.join(" and ")));
    }
    submission.review.extend(blank);
    let is_missing = submission.files.len() < exercise.edits.len();
    let is_starter = submission.files.iter().all(|(edit, bytes)| exercise.starter.get(edit) == Some(bytes));
    if (is_missing || is_starter) && !similar.is_empty() {
        let what = if is_starter {
            "the submitted files are the unchanged starter".to_owned()
        } else {
            let edits = exercise.edits.iter().filter(|edit| !submission.files.contains_key(*edit));
            format!("{} wasn't handed in", edits.map(|edit| shown(edit)).collect::<Vec<_>>().join(" and "))
        };
        submission.review.push(format!("{what}, and there is {}", listed(&similar)));
    }
    Ok(())
}

/// A file that is certainly meant although its name or place isn't exactly right, and what to say about it.
type Instead = Option<(String, Option<String>)>;

fn another(listing: &Listing, folder: &str, edit: &str, exercise: &Wanted) -> Result<Instead, String> {
    let one = |found: Vec<String>, why: &str| match &found[..] {
        [] => Ok(None),
        [path] => Ok(Some((path.clone(), Some(format!("{} was used as {edit}: {why}", shown(path)))))),
        [first, second, ..] => Err(format!("there is both {} and {}; keep one", shown(first), shown(second))),
    };
    let is_file = |path: &&str| listing.get(&join(folder, path)).is_some_and(|kind| *kind != Kind::Folder);
    let all: Vec<&str> = inside(listing, folder).filter(is_file).collect();
    let matching = |wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
        all.iter().filter(|path| wanted(path)).map(|path| join(folder, path)).collect()
    };
    let case = one(matching(&|path| path.eq_ignore_ascii_case(edit)), "only the case of its letters differs")?;
    if case.is_some() {
        return Ok(case);
    }
    let base = edit.rsplit('/').next().unwrap_or(edit);
    let is_only = exercise.edits.iter().filter(|other| other.rsplit('/').next() == Some(base)).count() == 1;
    let moved = if base.len() < edit.len() { base.to_owned() } else { format!("src/{base}") };
    if is_only {
        let moved =
            one(matching(&|path| path.eq_ignore_ascii_case(&moved)), "it has the right name, in the wrong folder")?;
        if moved.is_some() {
            return Ok(moved);
        }
    }
    let named = |path: &str| !path.contains('/') && edit_of(path, exercise).is_some_and(|found| found == edit);
    let named = one(matching(&named), "its name says so")?;
    // The LMS or the student put the exercise's name in front: that is how single files are told apart.
    Ok(named.map(|(path, _)| (path, None)))
}

/// Files in a place that aren't taken but look like a required one, with the likely reason.
fn similar(listing: &Listing, folder: &str, exercise: &Wanted, taken: &BTreeSet<String>) -> Vec<String> {
    let mut found = Vec::new();
    for path in inside(listing, folder) {
        let whole = join(folder, path);
        if taken.contains(&whole) || path.split('/').any(is_heap) || listing.get(&whole) == Some(&Kind::Folder) {
            continue;
        }
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_starter = above.split('/').next().is_some_and(|part| part.eq_ignore_ascii_case("starter"));
        for edit in &exercise.edits {
            let (edit_above, base) = edit.rsplit_once('/').unwrap_or(("", edit));
            if is_starter && path.get("starter/".len()..).is_some_and(|rest| rest.eq_ignore_ascii_case(edit)) {
                // The course's own copy isn't work; an edited one is.
                let is_edited = match listing.get(&whole) {
                    Some(Kind::File(bytes)) => exercise.starter.get(edit).is_none_or(|own| !is_same_text(own, bytes)),
                    _ => true,
                };
                if is_edited {
                    found.push(format!(
                        "{} (the exercise's pristine copy was edited in place of the exercise)",
                        shown(path)
                    ));
                }
            } else if let Some(why) = renamed(name, base)
                && !is_starter
                && !exercise.edits.iter().any(|other| other.rsplit('/').next() == Some(name))
                && (above.is_empty() || above == edit_above)
            {
                found.push(format!("{} ({why})", shown(path)));
            }
        }
        if let Some(why) = unfinished(name).filter(|_| !is_starter) {
            found.push(format!("{} ({why})", shown(path)));
        }
    }
    found
}

fn is_same_text(a: &[u8], b: &[u8]) -> bool {
    let plain = |bytes: &[u8]| bytes.iter().copied().filter(|&byte| byte != b'\r').collect::<Vec<u8>>();
    a == b || plain(a) == plain(b)
}

/// Why nothing was taken from the place of an exercise.
fn nothing(tree: &Tree, folder: &str, exercise: &Wanted, similar: &[String]) -> String {
    let wanted = exercise.edits.iter().map(|edit| shown(edit)).collect::<Vec<_>>().join(" or ");
    let place = if folder.is_empty() {
        "no file was used".to_owned()
    } else {
        format!("no file in {} was used", shown(folder))
    };
    let there = if similar.is_empty() { what_is_there(tree, folder) } else { format!("only {}", listed(similar)) };
    format!("{place}: the exercise needs {wanted}, but there is {there}")
}

fn listed(names: &[String]) -> String {
    let few: Vec<&str> = names.iter().take(FEW).map(String::as_str).collect();
    let more = names.len().saturating_sub(FEW);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", few.join(", "))
}

/// What lies in a folder, as a reader would see it; archives that weren't read, with the reason.
fn what_is_there(tree: &Tree, folder: &str) -> String {
    let mut names = BTreeSet::new();
    for path in inside(&tree.listing, folder) {
        let name = path.split('/').next().unwrap_or(path);
        if !is_chaff(name) {
            names.insert(name);
        }
    }
    let all: Vec<String> = names.iter().map(|name| shown(name)).collect();
    let mut text = if all.is_empty() { "nothing".to_owned() } else { format!("only {}", listed(&all)) };
    let unread = tree.unread.iter().filter(|(path, _)| path.is_empty() || below(path, folder).is_some());
    for (_, why) in unread.take(2) {
        text.push_str(&format!("; {why}"));
    }
    text
}

/// Why an entry in which no exercise was found holds no work. None if it contains work for exercises that weren't
/// requested, as an honest student's may: `is_of_lms` says that it was handed in for this very assignment.
pub(super) fn why_nothing(tree: &Tree, exercises: &[Wanted], is_of_lms: bool) -> Option<String> {
    let listing = &tree.listing;
    let parts = listing.keys().flat_map(|path| path.split('/').take(4));
    let of_others = parts.filter(|part| names_some(part) && !names_any(part, exercises)).count() > 0;
    if of_others && !is_of_lms && tree.unread.is_empty() {
        return None;
    }
    let wanted: Vec<&str> = exercises.iter().map(|exercise| exercise.id.as_str()).collect();
    let wanted = match wanted.len() {
        0..=3 => wanted.join(" or "),
        count => format!("{} to {} ({count} exercises)", wanted[0], wanted[count - 1]),
    };
    // Changed names say more than a list does, wherever they are.
    let folders =
        listing.keys().map(|path| path.rsplit_once('/').map_or("", |(folder, _)| folder)).collect::<BTreeSet<_>>();
    let near = folders.iter().take(50).flat_map(|folder| {
        exercises.iter().flat_map(move |exercise| similar(listing, folder, exercise, &BTreeSet::new()))
    });
    let near: BTreeSet<String> = near.collect();
    if exercises.len() > 1
        && tree.unread.is_empty()
        && let Some(file) = loose(listing, exercises).first()
    {
        return Some(format!("the name of {} doesn't identify an exercise; name one with --exercise", shown(file)));
    }
    let there = match near.len() {
        0 => what_is_there(tree, "") + &guess(listing, exercises),
        _ => format!("only {}", listed(&near.into_iter().collect::<Vec<_>>())),
    };
    let edits: BTreeSet<&str> = exercises.iter().flat_map(|exercise| &exercise.edits).map(String::as_str).collect();
    let edits = if edits.len() > 3 {
        "the files that it edits".to_owned()
    } else {
        edits.into_iter().collect::<Vec<_>>().join(" or ")
    };
    let needs = match exercises {
        [_] => format!("{edits}, in a folder of that name or at the top"),
        _ => format!("a folder of that name with {edits}"),
    };
    Some(format!("found nothing for {wanted}, which needs {needs}; there is {there}"))
}

/// What a single file that was handed in may be, if its name reveals only who handed it in.
fn guess(listing: &Listing, exercises: &[Wanted]) -> String {
    let [exercise] = exercises else { return String::new() };
    let files: Vec<&String> = listing.keys().filter(|path| !path.split('/').any(is_chaff)).collect();
    match files[..] {
        [file] if !file.contains('/') => {
            let mut edits = exercise.edits.iter();
            edits.find_map(|edit| super::likeness::unnamed(file, edit)).map_or(String::new(), |why| format!(" ({why})"))
        }
        _ => String::new(),
    }
}

/// Files with a required name that aren't in any exercise's folder.
fn loose(listing: &Listing, exercises: &[Wanted]) -> Vec<String> {
    let is_wanted = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        parts.len() <= 3
            && !parts.iter().any(|part| names_some(part) || is_heap(part) || part.starts_with('.'))
            && exercises.iter().flat_map(|exercise| &exercise.edits).any(|edit| edit.rsplit('/').next() == Some(name))
    };
    listing.keys().filter(is_wanted).cloned().collect()
}

/// What a person should know about files next to the exercises that were found.
pub(super) fn stray(listing: &Listing, exercises: &[Wanted], places: &[Place]) -> Option<String> {
    let is_checkout = listing.keys().any(|path| path.split('/').take(3).any(|part| part == EXERCISES));
    let is_placed = |path: &String| {
        places.iter().any(|place| match place {
            Place::At(folder) => below(path, folder).is_some(),
            Place::Several(folders) => folders.iter().any(|folder| below(path, folder).is_some()),
            _ => false,
        })
    };
    let loose: Vec<String> = loose(listing, exercises).into_iter().filter(|path| !is_placed(path)).collect();
    let names: Vec<String> = loose.iter().map(|path| shown(path)).collect();
    (!is_checkout && !names.is_empty())
        .then(|| format!("ignored, because it isn't clear which exercise this is for: {}", listed(&names)))
}

/// What a person should know about an entry as a whole.
pub(super) fn flags_of(tree: &Tree, entry: &Entry) -> Vec<String> {
    let mut flags = tree.flags.clone();
    let name = &entry.handles[0].entry;
    if name.chars().any(is_invisible) {
        flags.push(format!("the name {} contains invisible characters", shown(name)));
    }
    if entry.is_unmatched {
        flags.push(format!("--student-from doesn't match the name {}", shown(name)));
    }
    flags
}

/// What was not taken: below the exercise every file, elsewhere only what lies beside the folders that lead to it.
/// Files of kinds that have been used to cheat are named first, so that no heap of other files can hide them.
fn ignored(listing: &Listing, own: &[String], others: &[String], taken: &BTreeSet<String>) -> Vec<String> {
    let within = |path: &str, folder: &String| below(path, folder).is_some();
    let mut names = BTreeSet::new();
    for (path, kind) in listing {
        let is_other = others.iter().any(|folder| path == folder || within(path, folder));
        if taken.contains(path) || is_other || *kind == Kind::Folder && has_below(listing, path) {
            continue;
        }
        let parts: Vec<&str> = path.split('/').collect();
        let leads = |count: usize| own.iter().any(|folder| within(folder, &parts[..count].join("/")));
        let is_own = own.iter().any(|folder| within(path, folder));
        // How much of the path is named: up to a heap, or up to the first folder that doesn't lead to the exercise.
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
