//! Which results are checked twice before they count. Whatever depends on how a process ran can be the machine's fault,
//! so it is run again, alone on the machine. What rustc says about a program, and what is read from files (settings,
//! sizes, sections, code, warnings, dependencies, images, budgets, and answers about them) comes out the same each
//! time, and is not.

use super::model::{Goal, Record};
use base::proc::Status;
use course::check::{Outcome, Verdict};
use course::checking::Trial;
use course::evidence::{Attempt, Evidence, is_ended};
use course::exercise::kinds::{Answer, Check, Truth};
use course::exercise::{Exercise, Goal as Spec, Tree};
use std::fs;
use weigh::cargo;

/// Which parts of a result could be the machine's fault.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Doubts {
    /// A build was stopped, by a limit or from outside, or one of its tools crashed. Everything is built again.
    pub build: bool,
    /// Goals that are not met because of how programs ran, each with an input that shows it, if one does.
    pub goals: Vec<(String, Option<usize>)>,
    /// The kernel may have killed something because memory ran out.
    pub killed: bool,
}

impl Doubts {
    /// Whether there are none: the result counts as it is.
    pub(crate) fn is_empty(&self) -> bool {
        !self.build && self.goals.is_empty()
    }
}

/// Which parts of a trial could be the machine's fault, and cost points.
pub(crate) fn of(exercise: &Exercise, trial: &Trial) -> Doubts {
    let Some(evidence) = &trial.evidence else { return Doubts::default() };
    let own = evidence.builds.iter().filter(|(name, _)| exercise.build(name).tree == Tree::Learner);
    let (mut build, mut killed) = (false, false);
    for (_, attempt) in own {
        match attempt {
            Attempt::Failed(problem) => {
                let is_killed = cargo::is_of_a_kill(&problem.message);
                killed |= is_killed;
                build |= is_killed || cargo::is_of_a_signal(&problem.message) || problem.ended.is_some();
            }
            Attempt::Built(built) => {
                killed |= built.runs.values().flatten().any(|run| run.status == Status::Signaled(9));
            }
        }
    }
    let outcomes = &trial.judgement.outcomes;
    let goals = exercise.data.goal.iter().zip(outcomes);
    let goals = goals.filter(|(goal, outcome)| is_doubtful(goal, outcome, outcomes, evidence));
    let goals = goals.map(|(goal, _)| (goal.id.get_ref().clone(), input(goal, evidence))).collect();
    Doubts { build, goals, killed }
}

/// Whether a goal is not met because of how programs ran.
fn is_doubtful(goal: &Spec, outcome: &Outcome, outcomes: &[Outcome], evidence: &Evidence) -> bool {
    let id = goal.id.get_ref();
    let is_met = |id: &str| outcomes.iter().any(|other| other.id == id && other.verdict == Verdict::Pass);
    let is_waiting = goal.needs.iter().any(|needed| !is_met(needed.get_ref()));
    let is_built = goal.check.builds().iter().all(|build| evidence.built(build.get_ref()).is_some());
    let is_run = match &goal.check {
        Check::Output(_) | Check::Panic(_) | Check::Answer(Answer { truth: Truth::Caller(_), .. }) => true,
        Check::Speed(speed) => {
            let work = |build: &str| evidence.built(build)?.work.get(id);
            match (work(speed.build.get_ref()), work(speed.against.get_ref())) {
                // Instructions are counted, and the machine can't add or remove any.
                (Some(own), Some(other)) => {
                    own.run != other.run || own.instructions.is_none() || other.instructions.is_none()
                }
                _ => true,
            }
        }
        Check::Profile(_)
        | Check::Size(_)
        | Check::Answer(_)
        | Check::Warnings(_)
        | Check::Binary(_)
        | Check::Dependencies(_)
        | Check::SameCode(_)
        | Check::Image(_)
        | Check::Budget(_) => false,
    };
    outcome.verdict != Verdict::Pass && is_run && is_built && !is_waiting
}

/// An input by which the goal is not met: one is enough for the verdict. Preferably one that ends by itself, which is soon seen.
fn input(goal: &Spec, evidence: &Evidence) -> Option<usize> {
    let runs = |build: &str| evidence.built(build)?.runs.get(goal.id.get_ref());
    match &goal.check {
        Check::Output(output) => {
            let (own, expected) = (runs(output.build.get_ref())?, runs(output.same_as.get_ref())?);
            let wrong = || own.iter().zip(expected).enumerate().filter(|(_, (own, expected))| own != expected);
            let soon = wrong().find(|(_, (own, _))| !is_ended(own.status));
            soon.or_else(|| wrong().next()).map(|(input, _)| input)
        }
        Check::Panic(_) | Check::Answer(_) => Some(0),
        _ => None,
    }
}

/// Whether two results are the same grade: what went wrong may be worded differently.
pub(crate) fn is_same(first: &Record, second: &Record) -> bool {
    let verdicts = |record: &Record| -> Vec<(String, Verdict, u32)> {
        record.goals.iter().map(|Goal { id, verdict, points, .. }| (id.clone(), *verdict, *points)).collect()
    };
    first.status == second.status && verdicts(first) == verdicts(second)
}

/// The better of two results that differ, flagged for review; if their points are equal, the result of the run alone.
pub(crate) fn better(first: Record, second: Record) -> Record {
    let words = |record: &Record| format!("`{}` with {} of {}", record.status.name(), record.points, record.points_max);
    let differ = first.goals.iter().zip(&second.goals).filter(|(one, other)| one.verdict != other.verdict);
    let differ: Vec<String> = differ.map(|(goal, _)| format!("`{}`", goal.id)).collect();
    let goals = match differ.as_slice() {
        [] => String::new(),
        [one] => format!(" (the goal {one})"),
        more => format!(" (the goals {})", more.join(", ")),
    };
    let why = format!(
        "it was run twice, and the results differ{goals}: {} points at first, and {} when it ran alone on the machine. The better result counts",
        words(&first),
        words(&second)
    );
    let mut better = if first.points > second.points { first } else { second };
    better.review.push(why);
    better
}

/// How many processes the kernel has killed for lack of memory since boot. If the number hasn't changed, none of ours.
pub(crate) fn out_of_memory() -> u64 {
    ended_for_memory(&fs::read_to_string("/proc/vmstat").unwrap_or_default())
}

fn ended_for_memory(text: &str) -> u64 {
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{self, tests::record};

    fn goal(id: &str, points: u32) -> Goal {
        Goal {
            id: id.to_owned(),
            text: String::new(),
            verdict: if points > 0 { Verdict::Pass } else { Verdict::Fail },
            points,
            points_max: 4,
            problems: Vec::new(),
            waits_for: None,
        }
    }

    fn graded(status: model::Status, goals: [u32; 2]) -> Record {
        let goals = vec![goal("output", goals[0]), goal("size", goals[1])];
        Record { points: goals.iter().map(|goal| goal.points).sum(), goals, ..record("s001", "ex1", "k", status, 0) }
    }

    #[test]
    fn the_better_of_two_counts_and_a_person_is_told_what_differed() {
        let (worse, right) = (graded(model::Status::Timeout, [0, 4]), graded(model::Status::Graded, [4, 4]));
        assert!(is_same(&worse, &worse) && !is_same(&worse, &right));
        let kept = better(worse.clone(), right.clone());
        assert_eq!((kept.points, kept.status), (8, model::Status::Graded));
        let why = "it was run twice, and the results differ (the goal `output`): `timeout` with 4 of 10 points at first, and `graded` with 8 of 10 when it ran alone on the machine. The better result counts";
        assert_eq!(kept.review, [why]);
        assert_eq!(better(right, worse).points, 8, "whichever came first");
    }

    #[test]
    fn the_same_points_for_other_goals_are_another_result() {
        let (one, other) = (graded(model::Status::Graded, [4, 0]), graded(model::Status::Graded, [0, 4]));
        assert!(!is_same(&one, &other));
        let kept = better(one, other.clone());
        assert_eq!(kept.goals, other.goals, "that of the quiet machine");
        assert!(kept.review[0].contains("(the goals `output`, `size`)"));
    }

    #[test]
    fn the_kernels_count_is_read_and_none_is_zero() {
        assert_eq!(ended_for_memory("pgfault 17\noom_kill 3\noom_kill_process 9\n"), 3);
        assert_eq!(ended_for_memory("pgfault 17\n"), 0);
    }
}
