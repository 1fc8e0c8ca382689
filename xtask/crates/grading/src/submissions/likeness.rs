//! Which names look like a required one, and how they came about: an editor, a browser or a hurried person changed
//! them. Such a file is never taken, and the reason lets a person fix it at a glance.

use super::Wanted;
use super::locate::names_some;
use crate::archive;
use crate::lms::is_chaff;

/// What browsers append to the name of an unfinished download.
const UNFINISHED: [&str; 5] = [".part", ".crdownload", ".download", ".partial", ".opdownload"];
const INTERRUPTED: &str = "an unfinished download";
/// What systems put in front of the name of a copy.
const COPY_OF: [&str; 9] =
    ["copy of ", "kopie von ", "copie de ", "copia de ", "copia di ", "kopia ", "kopie ", "cópia de ", "cópia "];
/// What people and systems put into the name of a copy.
const COPIES: [&str; 8] = ["copy", "kopie", "copie", "copia", "backup", "old", "new", "final"];
/// What separates a student and a file in a name.
const BETWEEN: [char; 4] = ['_', '-', ' ', '.'];

/// Why a name looks like a changed version of a different one; none if it doesn't.
pub(super) fn renamed(name: &str, wanted: &str) -> Option<&'static str> {
    let (name, wanted) = (name.to_lowercase(), wanted.to_lowercase());
    if name == wanted {
        return None;
    }
    if let Some(rest) = name.strip_prefix(&format!("{wanted}.")) {
        return match rest {
            "txt" => Some("Notepad adds .txt to a name"),
            "bak" | "orig" | "old" | "swp" => Some("an editor's backup"),
            _ if UNFINISHED.iter().any(|ending| ending[1..] == *rest) => Some(INTERRUPTED),
            _ => Some("an extension was added to its name"),
        };
    }
    let is_backup = [format!("{wanted}~"), format!("#{wanted}#"), format!(".{wanted}.swp")].contains(&name);
    if is_backup {
        return Some("an editor's backup");
    }
    if COPY_OF.iter().any(|copy| name.strip_prefix(copy).is_some_and(|rest| rest.trim() == wanted)) {
        return Some("a copy, going by its name");
    }
    within(&name, &wanted).or_else(|| {
        let distance = strsim::damerau_levenshtein(&name, &wanted);
        (distance <= wanted.chars().count() / 5).then_some("misspelled")
    })
}

/// The same for what was put between a name and its extension.
fn within(name: &str, wanted: &str) -> Option<&'static str> {
    let (stem, ending) = wanted.rsplit_once('.').map_or((wanted, None), |(stem, ending)| (stem, Some(ending)));
    let rest = name.strip_prefix(stem)?;
    if rest.is_empty() {
        return Some("its extension is missing");
    }
    let (rest, is_text) = match ending {
        Some(ending) => match rest.strip_suffix(ending).and_then(|rest| rest.strip_suffix('.')) {
            Some(rest) => (rest, false),
            None => (rest.strip_suffix(".txt")?, true),
        },
        None => (rest, false),
    };
    if is_text {
        return rest.is_empty().then_some("saved with a different extension");
    }
    let mark: String = rest.chars().filter(|c| c.is_alphanumeric()).collect();
    let is_number = !mark.is_empty() && mark.chars().all(|c| c.is_ascii_digit());
    let is_apart = rest.starts_with([' ', '(', '-', '_']);
    if is_apart && is_number {
        return Some("a second download or upload gets a name like this");
    }
    if COPIES.iter().any(|word| mark.contains(word)) {
        return Some("a copy, going by its name");
    }
    (is_apart && !names_some(rest)).then_some("something was added to its name")
}

/// Why an archive isn't complete, by its name: `ex1.zip.part`.
pub(super) fn unfinished(name: &str) -> Option<&'static str> {
    archive::ending(name_of_download(name)?).map(|_| INTERRUPTED)
}

/// The name that a download would have had.
fn name_of_download(name: &str) -> Option<&str> {
    let lower = name.to_ascii_lowercase();
    let ending = UNFINISHED.iter().find(|ending| lower.ends_with(**ending))?;
    name.get(..name.len() - ending.len()).filter(|rest| !rest.is_empty())
}

/// What a file with an entirely different name may be, by its extension.
pub(super) fn unnamed(name: &str, edit: &str) -> Option<String> {
    let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let (own, wanted) = (ending(name)?, ending(edit)?);
    if own == wanted {
        return Some(format!("it may be {edit} under a different name"));
    }
    (own == "txt").then(|| format!("it may be {edit}, renamed and saved as text, as Notepad does"))
}

/// The names of the files that learners edit, without their folders.
fn bases(exercises: &[Wanted]) -> impl Iterator<Item = &str> {
    exercises.iter().flat_map(|all| &all.edits).map(|edit| edit.rsplit('/').next().unwrap_or(edit))
}

/// Whether a name is a required one, or looks like it.
pub(super) fn is_near(name: &str, exercises: &[Wanted]) -> bool {
    bases(exercises).any(|base| name.eq_ignore_ascii_case(base) || renamed(name, base).is_some())
}

/// Whose a single file may be, the surest first, and its name without the student. The name isn't one that an exercise
/// requires, but may be close to it: `s002_Cargo.toml.txt`, `s003.toml`, `Cargo_s007.toml`. Never without a student.
pub(super) fn guess(text: &str, exercises: &[Wanted]) -> (Vec<String>, String) {
    let bases = || bases(exercises);
    let splits: Vec<(&str, &str)> = text
        .match_indices(BETWEEN)
        .map(|(at, between)| (text[..at].trim_end_matches(BETWEEN), &text[at + between.len()..]))
        .filter(|(student, rest)| !student.is_empty() && !rest.is_empty())
        .collect();
    let near = splits.iter().find(|(_, rest)| is_near(rest, exercises));
    let whole = stem(text);
    // The student may come after the file's own name instead.
    let behind = bases().find_map(|base| {
        let (own, ending) = base.rsplit_once('.')?;
        let rest = text.get(own.len()..).filter(|_| text[..own.len()].eq_ignore_ascii_case(own))?;
        let rest = rest.strip_suffix(ending).and_then(|rest| rest.strip_suffix('.')).unwrap_or(stem(rest));
        let student = rest.trim_matches(['_', '-', ' ']);
        (rest.starts_with(['_', '-', ' ']) && !rest.contains('(') && !student.is_empty()).then_some(student)
    });
    let by_underscore = text.split_once('_').filter(|(student, rest)| !student.is_empty() && !rest.is_empty());
    let mut students: Vec<String> = Vec::new();
    let all =
        near.map(|(student, _)| *student).into_iter().chain(behind).chain(by_underscore.map(|(student, _)| student));
    for student in all.chain([whole]).chain(splits.iter().map(|(student, _)| *student)) {
        if !students.iter().any(|other| other == student) {
            students.push(student.to_owned());
        }
    }
    let file = match (near, behind, by_underscore) {
        (Some((_, rest)), ..) => rest,
        (None, None, Some((_, rest))) => rest,
        _ => text,
    };
    (students, file.to_owned())
}

/// A name without its extensions: a download's, an archive's, or the last one.
fn stem(text: &str) -> &str {
    let text = name_of_download(text).unwrap_or(text);
    let stem = match archive::ending(text) {
        Some((ending, _)) => &text[..text.len() - ending.len()],
        None => text.rsplit_once('.').map_or(text, |(stem, _)| stem),
    };
    if stem.is_empty() { text } else { stem }
}

/// Whether a file next to the submissions is a class list or a grading result.
pub(super) fn is_table(name: &str) -> bool {
    const WORDS: [&str; 8] =
        ["roster", "gradebook", "grades", "gradesheet", "participants", "classlist", "journal", "summary"];
    let lower = name.to_lowercase();
    let Some((stem, ending)) = lower.rsplit_once('.') else { return is_chaff(name) };
    let is_named = || stem.split(|c: char| !c.is_alphanumeric()).any(|word| WORDS.contains(&word));
    match ending {
        "csv" | "tsv" => true,
        "xlsx" | "xls" | "ods" | "json" | "jsonl" | "lock" | "html" | "xml" | "md" | "txt" => is_named(),
        _ => false,
    }
}
