//! Joins the journals of partitions, which were graded on several machines, into one. Nothing is chosen silently: where
//! two journals contradict each other, both results are kept and the place is named.

use super::found::{self, Parts};
use super::{Index, Job, Lines, conflicts, latest, lock};
use crate::model::{Record, Run};
use anyhow::{Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What came of joining journals.
#[derive(Debug, PartialEq)]
pub(crate) struct MergeSummary {
    /// Records in the journal now.
    pub records: usize,
    /// How many of them are new.
    pub added: usize,
    /// Journals with an unfinished last line: a grader is still working there, or was killed.
    pub torn: Vec<PathBuf>,
    /// What a person must look at: one sentence each, without a final period.
    pub problems: Vec<String>,
}

/// Adds the records of other folders to the journal of one, which may be new. A record is kept once for each student,
/// exercise, key and result; a grade replaces an error of ours under the same key. A job that is in several folders
/// under different keys gets the result from the folder named last. Merging again changes nothing.
///
/// # Errors
/// When a folder has no journal, a line of one is damaged, another grader is working in `into`, or it can't be written.
pub(crate) fn merge(outs: &[PathBuf], into: &Path) -> Result<MergeSummary> {
    if outs.is_empty() {
        bail!(
            Failure::new(Exit::Usage, "there is nothing to merge").help("pass the folders that `grade --out` wrote to")
        );
    }
    // First of all, so that a wrong name creates no folder.
    let sources = outs.iter().map(|out| Lines::of(out)).collect::<Result<Vec<Lines>>>()?;
    let _lock = lock(into)?;
    let path = into.join(super::FILE);
    let there = if path.exists() { Lines::read(&path)? } else { Lines::default() };
    let before: BTreeSet<&str> = there.records.iter().map(|(_, line)| line.as_str()).collect();

    let all = [&there].into_iter().chain(&sources).flat_map(|lines| &lines.records);
    let kept = union(all);
    let runs = runs(into, &there, outs, &sources);
    let mut text = String::new();
    for (_, run) in &runs.runs {
        text.push_str(&serde_json::to_string(run)?);
        text.push('\n');
    }
    for (_, line) in &kept {
        text.push_str(line);
        text.push('\n');
    }
    if !fs::read(&path).is_ok_and(|old| old == text.as_bytes()) {
        files::write_atomic(&path, text.as_bytes())?;
    }

    let torn = outs.iter().zip(&sources).filter(|(_, lines)| lines.is_torn).map(|(out, _)| shown(out)).collect();
    let added = kept.iter().filter(|(_, line)| !before.contains(line.as_str())).count();
    let records: Vec<Record> = kept.iter().map(|(record, _)| record.clone()).collect();
    let latest = latest(&records);
    let mut problems = runs.problems(|job| latest.contains_key(job));
    problems.extend(contradictions(&records));
    problems.extend(different_files(outs, &sources, &latest));
    Ok(MergeSummary { records: records.len(), added, torn, problems })
}

/// What runs have found, by the folder of their journal. What is already in the result's folder counts unless a
/// different folder has newer notes, so that parts can be joined one after another.
fn runs(into: &Path, there: &Lines, outs: &[PathBuf], sources: &[Lines]) -> Parts {
    let current = |lines: &Lines| -> Vec<Run> {
        let all: Vec<Run> = lines.runs.iter().map(|(run, _)| run.clone()).collect();
        found::current(&all).into_iter().cloned().collect()
    };
    let mut runs: Vec<(PathBuf, Run)> = Vec::new();
    for (out, source) in outs.iter().zip(sources) {
        for run in current(source) {
            // A part that is named twice, or was copied, counts once.
            if !runs.iter().any(|(_, other)| *other == run) {
                runs.push((out.clone(), run));
            }
        }
    }
    let all: Vec<Run> = current(there).into_iter().chain(runs.iter().map(|(_, run)| run.clone())).collect();
    let of_before = found::current(&all).into_iter().filter(|run| !runs.iter().any(|(_, other)| other == *run));
    let of_before: Vec<(PathBuf, Run)> = of_before.map(|run| (into.to_owned(), run.clone())).collect();
    runs.splice(..0, of_before);
    Parts { runs }
}

/// The last of each result, by student and exercise, otherwise in the order in which they came.
fn union<'a>(all: impl Iterator<Item = &'a (Record, String)>) -> Vec<&'a (Record, String)> {
    let mut last = BTreeMap::new();
    let mut grades = BTreeSet::new();
    for (at, pair) in all.enumerate() {
        let Record { student, exercise, key, status, points, points_max, .. } = &pair.0;
        last.insert((student, exercise, key, *status, *points, *points_max), (at, pair));
        if status.is_final() {
            grades.insert((student, exercise, key));
        }
    }
    let mut kept: Vec<_> = last
        .into_iter()
        .filter(|((student, exercise, key, status, ..), _)| {
            status.is_final() || !grades.contains(&(*student, *exercise, *key))
        })
        .map(|((student, exercise, ..), (at, pair))| (student, exercise, at, pair))
        .collect();
    kept.sort_by_key(|&(student, exercise, at, _)| (student, exercise, at));
    kept.into_iter().map(|(.., pair)| pair).collect()
}

fn contradictions(records: &[Record]) -> Vec<String> {
    let words = |((student, exercise), verdicts): (Job, Vec<String>)| {
        let verdicts = verdicts.join(" and ");
        format!("{student} {exercise}: the same files were judged differently, {verdicts}; grade it again by hand")
    };
    conflicts(records).into_iter().map(words).collect()
}

/// Jobs that several folders have under different keys. If a folder has the other result as well, and the result that
/// counts came after it, there is no question: the student just handed in again.
fn different_files(outs: &[PathBuf], sources: &[Lines], winners: &BTreeMap<Job, &Record>) -> Vec<String> {
    let latest_of = |source: &Lines| Index::of(source.records.iter().map(|(record, _)| record)).latest;
    let latest: Vec<BTreeMap<Job, usize>> = sources.iter().map(latest_of).collect();
    let mut keys: BTreeMap<Job, Vec<BTreeSet<&str>>> = BTreeMap::new();
    for (at, source) in sources.iter().enumerate() {
        for (record, _) in &source.records {
            let job = (record.student.clone(), record.exercise.clone());
            keys.entry(job).or_insert_with(|| vec![BTreeSet::new(); sources.len()])[at].insert(&record.key);
        }
    }
    let mut problems = Vec::new();
    for (job, keys) in keys {
        let Some(winner) = winners.get(&job) else { continue };
        let ends_with_winner = |at: usize| {
            let last = latest[at].get(&job).map(|&place| &sources[at].records[place].0);
            last.is_some_and(|last| last.key == winner.key)
        };
        let settled: BTreeSet<&str> =
            (0..sources.len()).filter(|&at| ends_with_winner(at)).flat_map(|at| keys[at].iter().copied()).collect();
        for (out, others) in outs.iter().zip(&keys) {
            if !others.is_subset(&settled) {
                let (student, exercise) = &job;
                let out = shown(out);
                let verdict = super::verdict(winner);
                problems.push(format!(
                    "{student} {exercise}: {} has a result from different files or a different compiler; `{verdict}` \
                     is used, from the folder named last",
                    out.display()
                ));
            }
        }
    }
    problems
}
