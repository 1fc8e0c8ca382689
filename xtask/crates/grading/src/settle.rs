//! From a first result to one that is final: what could be the machine's fault is run again, alone, before it counts.

use super::doubt::{self, Doubts};
use super::model::{Record, Submission};
use super::worker::{Bench, Course, files_of, infra};
use anyhow::{Result, anyhow};
use course::checking::{Programs, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A submission's result, and what it is based on.
pub(crate) struct Graded {
    /// The result.
    pub record: Record,
    /// What was built and judged; none if nothing was.
    pub trial: Option<Trial>,
    /// What the kernel had killed for lack of memory before.
    pub out_of_memory: u64,
}

/// A result that could be the machine's fault: it isn't final.
pub(crate) struct Doubtful {
    graded: Graded,
    doubts: Doubts,
    /// Copies of the executables, which outlive the worker's folder.
    programs: PathBuf,
}

impl Drop for Doubtful {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.programs);
    }
}

impl Graded {
    fn doubts(&self, course: &Course<'_>) -> Doubts {
        self.trial.as_ref().map(|trial| doubt::of(course.exercise, trial)).unwrap_or_default()
    }
}

impl Bench {
    /// A result that is final, or a result that could be the machine's fault, with the copies of the executables needed
    /// to check.
    pub(crate) fn is_final(&self, course: &Course<'_>, graded: Graded) -> Result<Record, Box<Doubtful>> {
        let mut doubts = graded.doubts(course);
        if graded.record.status.is_final() && doubts.is_empty() {
            return Ok(graded.record);
        }
        // Whatever a worker builds next replaces what is there.
        static KEPT: AtomicU64 = AtomicU64::new(0);
        let number = KEPT.fetch_add(1, Ordering::Relaxed);
        let programs = self.common.with_file_name("kept").join(number.to_string());
        if !doubts.is_empty() && !doubts.build && self.keep(course, &programs).is_err() {
            // There is no room for them, so everything is built again.
            doubts.build = true;
        }
        Err(Box::new(Doubtful { graded, doubts, programs }))
    }

    /// Keeps the programs that were measured. The next build makes new files, so a link is enough.
    fn keep(&self, course: &Course<'_>, to: &Path) -> Result<()> {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(self.base(course.exercise)?)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().contains("-taken-") {
                let (from, to) = (entry.path(), to.join(entry.file_name()));
                fs::hard_link(&from, &to).or_else(|_| fs::copy(&from, &to).map(|_| ()))?;
            }
        }
        Ok(())
    }

    /// Makes a doubtful result final by running what it is based on again. Nothing else of this grader may run
    /// meanwhile.
    pub(crate) fn settle(
        &self,
        root: &Path,
        course: &Course<'_>,
        submission: &Submission,
        mut doubtful: Doubtful,
    ) -> Record {
        let key = doubtful.graded.record.key.clone();
        let files = || files_of(course, submission);
        let grade = || self.graded(course, submission, &key, || self.judge(root, course, files(), &key, true));
        let before = doubtful.graded.out_of_memory;
        if !doubtful.graded.record.status.is_final() || doubtful.doubts.killed {
            // There is no result yet: it was our fault, or a process was ended from outside.
            let graded = grade();
            let doubts = graded.doubts(course);
            if doubts.killed && doubt::out_of_memory() > before {
                return out_of_memory(graded.record);
            }
            // One that ends itself by KILL has now done so twice.
            let is_settled = doubts.killed && doubtful.doubts.killed;
            match self.is_final(course, graded) {
                Ok(record) => return record,
                Err(next) if is_settled || !next.graded.record.status.is_final() => return next.graded.record.clone(),
                Err(next) => doubtful = *next,
            }
        }
        let Doubtful { graded: first, doubts, programs } = &doubtful;
        let kept = first.trial.as_ref().and_then(|trial| trial.evidence.as_ref());
        let kept = kept.map(|first| Programs { first, folder: programs });
        let second = match kept.filter(|_| !doubts.build) {
            None => grade(),
            Some(programs) => {
                let shown = doubts.goals.iter().all(|(goal, input)| {
                    let Some(input) = *input else { return false };
                    let grading = self.grading(course, &key, true);
                    let is_same = |grading| programs.is_same(root, course.exercise, files(), &grading, (goal, input));
                    grading.and_then(is_same).unwrap_or(false)
                });
                if shown {
                    return first.record.clone();
                }
                self.graded(course, submission, &key, || {
                    let grading = self.grading(course, &key, true)?;
                    programs.again(root, course.exercise, files(), &grading)
                })
            }
        };
        if !second.record.status.is_final() {
            return second.record;
        }
        if second.doubts(course).killed && doubt::out_of_memory() > before {
            return out_of_memory(second.record);
        }
        if doubt::is_same(&first.record, &second.record) {
            return first.record.clone();
        }
        doubt::better(first.record.clone(), second.record)
    }
}

/// A record of a submission whose processes the kernel killed: that isn't a grade.
fn out_of_memory(mut record: Record) -> Record {
    let why = "the kernel killed processes because this machine ran out of memory; grade with fewer `--jobs`, or on a \
               machine with more memory";
    infra(&mut record, &anyhow!(why));
    record
}
