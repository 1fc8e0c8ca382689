//! Who handed in what: the submissions that are on the disk, each with the student of the roster that it belongs to.

use super::identity;
use super::model::{Handle, RUN_SCHEMA, Run, Seen, Submission};
use super::options::Options;
use super::roster::Roster;
use super::submissions;
use crate::exercise::Exercise;
use crate::exit::{Exit, Failure};
use anyhow::{Result, bail};
use std::path::Path;

/// A class as it was found on the disk.
#[derive(Debug)]
pub struct Class {
    /// By student, and then in the order of the exercises.
    pub submissions: Vec<Submission>,
    /// What was found, as the journal keeps it; its part is not known here.
    pub run: Run,
    /// What the instructor should know, in order.
    pub notes: Vec<String>,
}

/// Finds a class below a folder.
///
/// # Errors
/// When the folder cannot be read, no student is found, or no entry matches the roster.
pub fn read(options: &Options, dir: &Path, exercises: &[Exercise], roster: Option<&Roster>) -> Result<Class> {
    let _ = options;
    let edits: Vec<(&str, Vec<String>)> = exercises
        .iter()
        .map(|exercise| (exercise.id.as_str(), exercise.edits().map(str::to_owned).collect()))
        .collect();
    let mut found = submissions::find(dir, &edits)?;
    if let Some(results) = results_in(dir, &options.out) {
        found.submissions.retain(|submission| submission.student != results);
        found.students.retain(|student| *student != results);
        found.notes.retain(|note| !note.starts_with(&format!("{results}: ")));
        if found.students.is_empty() {
            let message = format!("{} holds no submission besides the results", dir.display());
            bail!(
                Failure::new(Exit::Usage, message).help("name the folder with a folder or an archive for each student")
            );
        }
    }
    let handles: Vec<Handle> = found
        .students
        .iter()
        .map(|student| Handle { entry: student.clone(), ids: vec![student.clone()], ..Handle::default() })
        .collect();
    let resolved = identity::resolve(&handles, roster)?;
    let mut students = Vec::new();
    let mut submissions = Vec::new();
    for (handle, owners) in handles.into_iter().zip(resolved.students) {
        let own: Vec<&Submission> =
            found.submissions.iter().filter(|submission| submission.student == handle.entry).collect();
        let exercises: Vec<String> = own.iter().map(|submission| submission.exercise.clone()).collect();
        for student in owners {
            submissions.extend(own.iter().map(|&one| Submission { student: student.clone(), ..one.clone() }));
            students.push(Seen { student, handle: handle.clone(), exercises: exercises.clone() });
        }
    }
    submissions.sort_by(|a, b| a.student.cmp(&b.student));
    let run = Run {
        schema: RUN_SCHEMA.to_owned(),
        exercises: exercises.iter().map(|exercise| exercise.id.clone()).collect(),
        students,
        unknown: resolved.unknown,
        missing: resolved.missing,
        ..Run::default()
    };
    let notes = found.notes.into_iter().chain(resolved.notes).collect();
    Ok(Class { submissions, run, notes })
}

/// The name of the entry that holds the results of an earlier run, where they go into the folder of submissions itself: it is
/// no student.
fn results_in(dir: &Path, out: &Path) -> Option<String> {
    let (dir, out) = (dir.canonicalize().ok()?, out.canonicalize().ok()?);
    let below = out.strip_prefix(&dir).ok()?;
    let entry = below.components().next()?.as_os_str().to_str()?;
    // A folder of a student that holds results as well is theirs all the same.
    (below.components().count() == 1).then(|| entry.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn results_in_the_folder_of_submissions_are_no_student() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        fs::create_dir_all(dir.join("grades/students")).unwrap();
        assert_eq!(results_in(dir, &dir.join("grades")).as_deref(), Some("grades"));
        assert_eq!(results_in(&dir.join("."), &dir.join("grades/../grades")).as_deref(), Some("grades"));
        for other in [dir.join("grades/students"), dir.to_owned(), dir.join("not-there"), dir.join("..")] {
            assert_eq!(results_in(dir, &other), None, "{}", other.display());
        }
    }
}
