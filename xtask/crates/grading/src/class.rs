//! Finds who handed in what: the submissions on disk, each with its student. First all entries are found, then each is
//! assigned to its students, and only then is it decided which of a student's several entries counts.

use super::archive::{self, shown};
use super::identity;
use super::lms::{Lms, order};
use super::model::{Handle, RUN_SCHEMA, Run, Seen, Submission, Unknown};
use super::options::Options;
use super::roster::Roster;
use super::submissions::{self, Ask, Entry, Wanted};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use commands::Attempts;
use course::evidence;
use course::exercise::Exercise;
use course::predictions::Forms;
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::path::Path;

/// A class as it was found on the disk.
#[derive(Debug)]
pub(crate) struct Class {
    /// By student, and then in the order of the exercises.
    pub submissions: Vec<Submission>,
    /// What was found, as the journal keeps it; its part is not known here.
    pub run: Run,
    /// What the instructor should know, in order.
    pub notes: Vec<String>,
    /// What isn't a submission: its name, and why it was skipped.
    pub passed: Vec<(String, String)>,
}

/// Finds a class below a folder.
///
/// # Errors
/// When the folder cannot be read, no student is found, no entry matches the roster, or `--student-from` makes no sense.
pub(crate) fn read(options: &Options, dir: &Path, exercises: &[Exercise], roster: Option<&Roster>) -> Result<Class> {
    let student_from = options.student_from.as_deref().map(expression).transpose()?;
    let wanted = exercises
        .iter()
        .map(|exercise| {
            let edits = exercise.edits().map(str::to_owned).collect();
            let starter = evidence::starter_files(exercise)?.into_iter().collect();
            Ok(Wanted { id: exercise.id.clone(), edits, starter, guesses: Forms::of(exercise) })
        })
        .collect::<Result<Vec<Wanted>>>()?;
    let is_student = |name: &str| roster.is_some_and(|roster| roster.canonical(name).is_some());
    let ask = Ask {
        out: Some(&options.out),
        student_from: student_from.as_ref(),
        is_student: &is_student,
        ..Ask::of(&wanted)
    };
    let found = submissions::find(dir, &ask)?;
    let handles: Vec<Handle> = found.entries.iter().flat_map(|entry| &entry.handles).cloned().collect();
    let resolved = identity::resolve(&handles, roster)?;
    let owners = owners(&found.entries, resolved.students);
    let (submissions, students, notes) = chosen(&found.entries, &owners, &wanted, options.attempts);
    let mut unknown = resolved.unknown;
    let unmatched = found.entries.iter().zip(&owners).filter(|(entry, _)| entry.is_unmatched);
    for (student, entry) in unmatched.flat_map(|(entry, owners)| owners.iter().map(move |(owner, _)| (owner, entry))) {
        if !unknown.iter().any(|unknown| unknown.student == *student) {
            let entry = entry.handles[0].entry.clone();
            unknown.push(Unknown { student: student.clone(), entry, nearest: None });
        }
    }
    let run = Run {
        schema: RUN_SCHEMA.to_owned(),
        exercises: exercises.iter().map(|exercise| exercise.id.clone()).collect(),
        students,
        unknown,
        missing: resolved.missing,
        ..Run::default()
    };
    Ok(Class {
        submissions,
        run,
        notes: found.notes.into_iter().chain(resolved.notes).chain(notes).collect(),
        passed: found.passed,
    })
}

/// The expression that finds the student in a name.
fn expression(text: &str) -> Result<Regex> {
    let help = "it needs one group, which is the student's id, such as '^(s[0-9]+)_', or one named `id`";
    let regex = match Regex::new(text) {
        Ok(regex) => regex,
        Err(error) => {
            let message = format!("--student-from isn't a regular expression: {error}");
            bail!(Failure::new(Exit::Usage, message).help(help));
        }
    };
    let has_id = regex.capture_names().flatten().any(|name| name == "id");
    match regex.captures_len() - 1 {
        1 => Ok(regex),
        _ if has_id => Ok(regex),
        0 => bail!(Failure::new(Exit::Usage, "--student-from has no group").help(help)),
        count => {
            bail!(
                Failure::new(Exit::Usage, format!("--student-from has {count} groups, and none is named `id`"))
                    .help(help)
            )
        }
    }
}

/// The students of an entry, each with the handle that was found to be theirs.
type Owners<'a> = Vec<(String, &'a Handle)>;

/// The students of each entry. `students` lists each handle's students, for all entries in order.
fn owners(entries: &[Entry], students: Vec<Vec<String>>) -> Vec<Owners<'_>> {
    let mut students = students.into_iter();
    let mut all = Vec::new();
    for entry in entries {
        let of_handle = |handle| {
            let own = students.next().unwrap_or_default();
            own.into_iter().map(move |student| (student, handle))
        };
        all.push(entry.handles.iter().flat_map(of_handle).collect());
    }
    all
}

/// One submission for each student and exercise, or all attempts where the best counts; everyone who was found; and what to tell
/// the instructor.
fn chosen(
    entries: &[Entry],
    owners: &[Owners<'_>],
    exercises: &[Wanted],
    attempts: Attempts,
) -> (Vec<Submission>, Vec<Seen>, Vec<String>) {
    let mut by_student: BTreeMap<&str, Vec<(&Entry, &Handle)>> = BTreeMap::new();
    for (entry, owners) in entries.iter().zip(owners) {
        for (owner, handle) in owners {
            let own = by_student.entry(owner).or_default();
            // Someone who is named twice in a team is one member.
            if !own.iter().any(|(other, _)| std::ptr::eq(*other, entry)) {
                own.push((entry, handle));
            }
        }
    }
    let (mut submissions, mut students, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for (student, all) in by_student {
        let own: Vec<&Entry> = all.iter().map(|(entry, _)| *entry).collect();
        let has_work = own.iter().any(|entry| !entry.work.is_empty());
        let mut handed_in = Vec::new();
        for exercise in exercises {
            let of_exercise = own.iter().flat_map(|entry| {
                entry.work.iter().filter(|work| work.exercise == exercise.id).map(move |work| (*entry, work))
            });
            let of_exercise: Vec<_> = of_exercise.collect();
            let mut submission = match &of_exercise[..] {
                [] if has_work => continue,
                [] => match nothing(&own, exercise) {
                    Some(submission) => submission,
                    None => continue,
                },
                [(_, work)] => (*work).clone(),
                several => last(several, student, attempts, &mut notes),
            };
            if has_work {
                match later(&own, &submission).filter(|_| exercises.len() == 1) {
                    Some(entry) => submission = unread(entry, &submission),
                    None => beside(&own, &mut submission),
                }
            }
            student.clone_into(&mut submission.student);
            handed_in.push(exercise.id.clone());
            // What else is graded: earlier attempts, unless nothing shows that they are attempts.
            if attempts == Attempts::Best {
                let earlier = of_exercise.iter().filter(|(_, work)| order(&work.attempt) < order(&submission.attempt));
                submissions
                    .extend(earlier.map(|(_, work)| Submission { student: student.to_owned(), ..(*work).clone() }));
            }
            submissions.push(submission);
        }
        if handed_in.is_empty() {
            let wanted: Vec<&str> = exercises.iter().map(|exercise| exercise.id.as_str()).collect();
            notes.push(format!(
                "{}: there is work for other exercises, but none for {}",
                shown(student),
                wanted.join(" or ")
            ));
        }
        // An LMS goes by the latest entry.
        let latest = all.iter().max_by_key(|(entry, _)| order(&entry.handles[0].attempt));
        let mut handle = latest.map(|(_, handle)| (*handle).clone()).unwrap_or_default();
        handle.late |= own.iter().any(|entry| entry.handles[0].late);
        students.push(Seen { student: student.to_owned(), handle, exercises: handed_in });
    }
    (submissions, students, notes)
}

/// What was handed in after a submission, in files that no work could be taken from.
fn later<'a>(own: &[&'a Entry], submission: &Submission) -> Option<&'a Entry> {
    let is_later = |entry: &&&Entry| {
        // What Canvas exports of a student is one submission, whatever the numbers of its files.
        let is_files = entry.missing.is_some() && !entry.is_page && entry.lms != Some(Lms::Canvas);
        is_files && !submission.attempt.is_empty() && order(&entry.handles[0].attempt) > order(&submission.attempt)
    };
    own.iter().filter(is_later).max_by_key(|entry| order(&entry.handles[0].attempt)).copied()
}

/// Reports what else the student handed in. A report uploaded along with the work doesn't need review.
fn beside(own: &[&Entry], submission: &mut Submission) {
    for entry in own.iter().filter(|entry| entry.missing.is_some()) {
        let name = entry.origin.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if entry.lms == Some(Lms::Canvas) && !entry.is_page && archive::ending(&name).is_none() {
            submission.ignored.push(name);
        } else {
            submission.review.extend(entry.missing.clone());
        }
    }
}

/// The last submission counts, even if it can't be read: then a person decides about the earlier one.
fn unread(entry: &Entry, earlier: &Submission) -> Submission {
    let name = earlier.origin.file_name().unwrap_or_default().to_string_lossy();
    Submission {
        rejected: entry.missing.clone(),
        files: BTreeMap::new(),
        ignored: vec![format!("{name} (handed in earlier)")],
        review: Vec::new(),
        attempt: entry.handles[0].attempt.clone(),
        origin: entry.origin.clone(),
        ..earlier.clone()
    }
}

/// A submission in which no work was found, with the reason, for a person to handle.
fn nothing(own: &[&Entry], exercise: &Wanted) -> Option<Submission> {
    let entry = own.iter().rev().find(|entry| entry.missing.is_some())?;
    Some(Submission {
        exercise: exercise.id.clone(),
        rejected: entry.missing.clone(),
        attempt: entry.handles[0].attempt.clone(),
        origin: entry.origin.clone(),
        ..Submission::default()
    })
}

/// The last of several submissions, if it can be determined.
fn last(several: &[(&Entry, &Submission)], student: &str, attempts: Attempts, notes: &mut Vec<String>) -> Submission {
    let name =
        |(entry, _): &(&Entry, &Submission)| shown(&entry.origin.file_name().unwrap_or_default().to_string_lossy());
    let rejected = |why: String| Submission {
        rejected: Some(why),
        files: BTreeMap::new(),
        ignored: Vec::new(),
        review: Vec::new(),
        attempt: String::new(),
        ..several[0].1.clone()
    };
    let all: Vec<String> = several.iter().map(name).collect();
    let (first, others) = (&all[0], all[1..].join(", "));
    let mut ordered: Vec<&(&Entry, &Submission)> = several.iter().collect();
    ordered.sort_by_key(|(_, work)| order(&work.attempt));
    let [earlier @ .., (latest, work)] = &ordered[..] else {
        return rejected("handed in more than once".to_owned());
    };
    let is_clear = earlier.iter().all(|(entry, other)| {
        !other.attempt.is_empty() && order(&other.attempt) < order(&work.attempt) && entry.lms == latest.lms
    });
    if !is_clear {
        return rejected(format!("handed in more than once: {first} and {others}; keep one"));
    }
    let lost = earlier.iter().find(|(_, other)| other.files.keys().any(|path| !work.files.contains_key(path)));
    // Canvas exports the files of the last submission alone: what one of them lacks and a different one has belongs
    // together.
    if lost.is_some() && latest.lms == Some(Lms::Canvas) && work.rejected.is_none() {
        return rejected(format!(
            "handed in as several parts with the same exercise: {first} and {others}; combine them"
        ));
    }
    let mut submission = (*work).clone();
    if let Some(other) = lost.filter(|_| work.rejected.is_none()) {
        let path = other.1.files.keys().find(|path| !work.files.contains_key(*path));
        let path = path.map(|path| shown(path)).unwrap_or_default();
        submission.review.push(format!("the last submission lacks {path}, which {} has", name(other)));
    }
    submission
        .ignored
        .extend(earlier.iter().map(|other| format!("{} (handed in earlier)", name(other).trim_matches('`'))));
    let which = if attempts == Attempts::Best { "best" } else { "last" };
    let (count, exercise) = (several.len(), &submission.exercise);
    notes.push(format!("{} {exercise}: the {which} of {count} submissions counts", shown(student)));
    submission
}

#[cfg(test)]
pub(crate) mod tests;
