//! Who handed in what: the submissions that are on the disk, each with the student of the roster that it belongs to.

use super::model::{Handle, RUN_SCHEMA, Run, Seen, Submission};
use super::options::Options;
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
/// When the folder or the roster cannot be read, or no student is found.
pub fn read(options: &Options, dir: &Path, exercises: &[Exercise]) -> Result<Class> {
    let _ = options;
    let edits: Vec<(&str, Vec<String>)> = exercises
        .iter()
        .map(|exercise| (exercise.id.as_str(), exercise.edits().map(str::to_owned).collect()))
        .collect();
    let found = submissions::find(dir, &edits)?;
    let mut handed_in: BTreeMap<&str, Vec<String>> =
        found.students.iter().map(|student| (student.as_str(), Vec::new())).collect();
    for submission in &found.submissions {
        handed_in.entry(&submission.student).or_default().push(submission.exercise.clone());
    }
    let students = handed_in
        .into_iter()
        .map(|(student, exercises)| Seen {
            student: student.to_owned(),
            handle: Handle { entry: student.to_owned(), ids: vec![student.to_owned()], ..Handle::default() },
            exercises,
        })
        .collect();
    let run = Run {
        schema: RUN_SCHEMA.to_owned(),
        exercises: exercises.iter().map(|exercise| exercise.id.clone()).collect(),
        students,
        ..Run::default()
    };
    Ok(Class { submissions: found.submissions, run, notes: found.notes })
}
