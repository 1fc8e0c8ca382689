//! Who handed in what: the submissions that are on the disk, each with the student of the roster that it belongs to.

use super::identity;
use super::model::{Handle, RUN_SCHEMA, Run, Seen, Submission};
use super::options::Options;
use super::roster::Roster;
use super::submissions;
use crate::exercise::Exercise;
use anyhow::Result;
use std::collections::BTreeMap;
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
    let found = submissions::find(dir, &edits)?;
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
    let submissions = once(submissions);
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

/// One submission for each student and exercise: where two entries are of one student, a person has to say which of them counts.
fn once(submissions: Vec<Submission>) -> Vec<Submission> {
    let mut same: BTreeMap<(String, String), Vec<Submission>> = BTreeMap::new();
    for submission in &submissions {
        let job = (submission.student.clone(), submission.exercise.clone());
        same.entry(job).or_default().push(submission.clone());
    }
    let name = |submission: &Submission| {
        let name = submission.origin.file_name().unwrap_or_default();
        identity::shown(&name.to_string_lossy())
    };
    let mut all = Vec::new();
    for submission in submissions {
        let job = (submission.student.clone(), submission.exercise.clone());
        let Some(several) = same.remove(&job) else { continue };
        let names: Vec<String> = several.iter().map(name).collect();
        all.push(match names.as_slice() {
            [_] => submission,
            _ => Submission {
                files: BTreeMap::new(),
                rejected: Some(format!("handed in more than once: {}; keep one", names.join(" and "))),
                ..submission
            },
        });
    }
    all
}
