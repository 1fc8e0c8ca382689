//! For `--attempts best`, where the best of several attempts counts: all are graded, and the record of the best is
//! written to the journal last, because a student's last record for an exercise counts.

use super::journal::Journal;
use super::lms::order;
use super::model::Submission;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};

/// Students and exercises with more than one submission.
pub(crate) struct Several<'a>(BTreeSet<(&'a str, &'a str)>);

impl<'a> Several<'a> {
    /// Those among these submissions.
    pub(crate) fn of(submissions: &'a [Submission]) -> Self {
        let mut seen = BTreeSet::new();
        let twice = submissions.iter().map(|one| (one.student.as_str(), one.exercise.as_str()));
        Self(twice.filter(|job| !seen.insert(*job)).collect())
    }

    /// Whether a submission is one of several.
    pub(crate) fn contains(&self, submission: &Submission) -> bool {
        self.0.contains(&(submission.student.as_str(), submission.exercise.as_str()))
    }
}

/// Makes the best of each student's attempts the record that counts; if two are equal, the later one. As long as one of
/// them isn't graded, nothing is decided.
///
/// # Errors
/// When the journal cannot be written.
pub(crate) fn keep_best(journal: &Journal, attempts: &[(&Submission, String)]) -> Result<()> {
    let mut by_job: BTreeMap<(&str, &str), Vec<&(&Submission, String)>> = BTreeMap::new();
    for attempt in attempts {
        by_job.entry((&attempt.0.student, &attempt.0.exercise)).or_default().push(attempt);
    }
    for ((student, exercise), all) in by_job {
        let graded: Option<Vec<_>> =
            all.iter().map(|(submission, key)| Some((*submission, key, journal.graded(key)?))).collect();
        let best = graded.into_iter().flatten().max_by_key(|(one, _, record)| (record.points, order(&one.attempt)));
        if let Some((submission, key, record)) = best
            && !journal.is_current(student, exercise, key)
        {
            journal.append(&record.of(submission))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Status, tests::record};

    fn submission(attempt: &str) -> Submission {
        Submission {
            student: "s001".to_owned(),
            exercise: "ex1".to_owned(),
            attempt: attempt.to_owned(),
            ..Submission::default()
        }
    }

    #[test]
    fn the_best_of_all_attempts_counts_once_all_are_graded() {
        let folder = tempfile::tempdir().unwrap();
        let all = [submission("9"), submission("10"), submission("11")];
        assert!(Several::of(&all).contains(&all[0]) && !Several::of(&all[..1]).contains(&all[0]));
        let keyed: Vec<_> = all.iter().zip(["a", "b", "c"]).map(|(one, key)| (one, key.to_owned())).collect();
        let journal = Journal::open(folder.path()).unwrap();
        for (key, status, points) in [("a", Status::Graded, 8), ("b", Status::Graded, 8), ("c", Status::InfraError, 0)]
        {
            journal.append(&record("s001", "ex1", key, status, points)).unwrap();
        }
        keep_best(&journal, &keyed).unwrap();
        assert!(!journal.is_current("s001", "ex1", "b"), "one of them is not graded yet");
        journal.append(&record("s001", "ex1", "c", Status::Rejected, 0)).unwrap();
        keep_best(&journal, &keyed).unwrap();
        assert!(journal.is_current("s001", "ex1", "b"), "of equal ones the later, by number");
        // The same again writes nothing.
        keep_best(&journal, &keyed).unwrap();
        let records = journal.into_contents().records;
        assert_eq!((records.len(), records[4].attempt.as_str()), (5, "10"));
    }
}
