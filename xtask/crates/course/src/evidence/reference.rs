//! Whether the course's own builds and runs can be trusted. A comparison is only as good as what it compares with: where the
//! machine has ended the course's program, or its build, no submission may lose points for it.

use super::bench::Bench;
use super::{Attempt, Built, limits};
use crate::exercise::Tree;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::proc::Status;
use weigh::measure::{self, Run};

impl Bench<'_> {
    /// Whether a build is one of the course's own files.
    pub(super) fn is_of_the_course(&self, name: &str) -> bool {
        self.request.exercise.build(name).tree == Tree::Starter
    }

    /// Fails if the machine has ended one of the course's own builds, or a run of one.
    ///
    /// # Errors
    /// When it has, with what was ended and what to do.
    pub(super) fn trust(&self, name: &str, attempt: &Attempt) -> Result<()> {
        let help = "this doesn't affect any submission's grade. Close other programs, or grade with fewer `--jobs`, and try again";
        let failure = |what: String| Failure::new(Exit::Environment, what).help(help);
        match attempt {
            // A learner sees what Cargo says about the course; in graded work, none of it may become a grade.
            Attempt::Failed(problem) if problem.ended.is_some() || self.request.grading.is_some() => {
                bail!(failure(format!("the course's own build `{name}` failed here: {}", problem.message)))
            }
            Attempt::Failed(_) => Ok(()),
            Attempt::Built(built) => match ended(built) {
                Some(run) => {
                    let how = measure::ending(run.status, limits(self.request.exercise));
                    bail!(failure(format!("the course's own `{name}` program was {how}")))
                }
                None => Ok(()),
            },
        }
    }
}

/// The first run of a build that was ended.
fn ended(built: &Built) -> Option<&Run> {
    let work = built.work.values().map(|work| &work.run);
    built.runs.values().flatten().chain(work).find(|run| is_ended(run.status))
}

/// Whether the program was ended from outside, by a limit or by KILL. A panic or an abort is the program's own doing,
/// and in some exercises its purpose.
pub fn is_ended(status: Status) -> bool {
    // KILL, XCPU, XFSZ
    !matches!(status, Status::Exited(_) | Status::Signaled(_)) || matches!(status, Status::Signaled(9 | 24 | 25))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use weigh::measure::work::Work;

    fn run(status: Status) -> Run {
        Run { status, stdout: Vec::new(), stderr: Vec::new() }
    }

    #[test]
    fn what_a_program_does_by_itself_is_not_an_end_from_outside() {
        for status in [Status::Exited(0), Status::Exited(101), Status::Signaled(6), Status::Signaled(11)] {
            assert!(!is_ended(status), "{status:?}");
        }
        let limits = [Status::TimedOut, Status::OutputLimit, Status::MemoryLimit, Status::DiskLimit];
        for status in limits.into_iter().chain([9, 24, 25].map(Status::Signaled)) {
            assert!(is_ended(status), "{status:?}");
        }
    }

    #[test]
    fn one_run_of_many_is_enough_and_so_is_one_that_is_only_timed() {
        let mut built = Built::default();
        built.runs.insert("output".to_owned(), vec![run(Status::Exited(0)), run(Status::Signaled(6))]);
        assert_eq!(ended(&built), None);
        built.runs.insert("other".to_owned(), vec![run(Status::Exited(0)), run(Status::TimedOut)]);
        assert_eq!(ended(&built), Some(&run(Status::TimedOut)));
        let work = Work { run: run(Status::Signaled(9)), instructions: None, program: None };
        let built = Built { work: BTreeMap::from([("speed".to_owned(), work)]), ..Built::default() };
        assert_eq!(ended(&built), Some(&run(Status::Signaled(9))));
    }
}
