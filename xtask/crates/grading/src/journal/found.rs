//! What runs have noted about a class: which notes are current, and which work isn't graded yet.

use super::Job;
use crate::model::Run;
use crate::partition::Partition;
use base::diagnostic::shown;
use base::numbers::{one_line, plural};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many submissions a message names.
const NAMED: usize = 3;

/// All submissions that a run has found, in the order in which they are dealt out to the parts.
pub(crate) fn jobs(run: &Run) -> impl Iterator<Item = Job> + '_ {
    let of = |student: &str, exercises: &[String]| -> Vec<Job> {
        exercises.iter().map(|exercise| (student.to_owned(), exercise.clone())).collect()
    };
    run.students.iter().flat_map(move |seen| of(&seen.student, &seen.exercises))
}

/// The part of a run; none for the whole class.
fn part(run: &Run) -> Option<Partition> {
    Partition::parse(run.part.as_deref()?, |_| None).ok()
}

/// Runs cover the same work if they graded the same exercises of the same part.
fn subject(run: &Run) -> (Option<&str>, &[String]) {
    (run.part.as_deref(), &run.exercises)
}

/// Whether earlier runs already noted what this one found, so that it doesn't need to be noted again.
pub(crate) fn is_known(runs: &[Run], run: &Run) -> bool {
    let division = |run: &Run| part(run).map(Partition::division);
    let last = runs.iter().rposition(|other| subject(other) == subject(run));
    // A run that split the class differently has come since, so the last note is no longer current.
    last.is_some_and(|last| runs[last] == *run && runs[last..].iter().all(|later| division(later) == division(run)))
}

/// The runs that count: the last one for each part and for the same exercises, among those that split the class as the
/// last run of these exercises did.
pub(crate) fn current(runs: &[Run]) -> Vec<&Run> {
    let mut kept: BTreeMap<_, (usize, &Run)> = BTreeMap::new();
    for (at, run) in runs.iter().enumerate() {
        let division = part(run).map(Partition::division);
        let is_other = |(_, other): &(usize, &Run)| part(other).map(Partition::division) != division;
        kept.retain(|_, other| other.1.exercises != run.exercises || !is_other(other));
        kept.insert(subject(run), (at, run));
    }
    let mut kept: Vec<(usize, &Run)> = kept.into_values().collect();
    // A run of all exercises comes after runs of some of them, and knows what they knew.
    let newer = |at: usize, run: &Run| {
        let holds = |other: &Run| run.exercises.iter().all(|exercise| other.exercises.contains(exercise));
        runs.iter().skip(at + 1).any(|later| later.exercises != run.exercises && holds(later))
    };
    kept.retain(|(at, run)| !newer(*at, run));
    kept.sort_by_key(|(at, _)| *at);
    kept.into_iter().map(|(_, run)| run).collect()
}

/// The runs of several journals that count, each with the folder of its journal.
pub(crate) struct Parts {
    /// In the order of the folders.
    pub runs: Vec<(PathBuf, Run)>,
}

impl Parts {
    /// What is missing from the class: one sentence each, without a final period. `is_graded` says which jobs have a
    /// result.
    pub(crate) fn problems(&self, is_graded: impl Fn(&Job) -> bool) -> Vec<String> {
        let mut problems = Vec::new();
        let mut divisions: BTreeMap<_, Vec<(&PathBuf, &Run, Partition)>> = BTreeMap::new();
        for (folder, run) in &self.runs {
            if let Some(part) = part(run) {
                divisions.entry(part.division()).or_default().push((folder, run, part));
            } else {
                let all: BTreeSet<Job> = jobs(run).collect();
                problems.extend(ungraded("", folder, &all, &is_graded));
            }
        }
        if divisions.len() > 1 {
            let all: Vec<String> = divisions
                .values()
                .filter_map(|parts| parts.first())
                .map(|(folder, _, part)| format!("{} has part {part}", shown(folder).display()))
                .collect();
            problems.push(format!(
                "the class was split in different ways: {}; grade every part again with the same number of parts",
                all.join(", ")
            ));
        }
        for parts in divisions.values() {
            problems.extend(different_lists(parts));
            let Some((_, _, any)) = parts.first() else { continue };
            let mut lost: BTreeSet<Job> =
                parts.iter().flat_map(|(_, run, _)| jobs(run)).filter(|job| !is_graded(job)).collect();
            for part in any.all() {
                let share = |run: &Run| -> BTreeSet<Job> {
                    let all = jobs(run).enumerate();
                    all.filter(|(at, (student, exercise))| part.takes(*at, student, exercise))
                        .map(|(_, job)| job)
                        .collect()
                };
                let own: Vec<_> = parts.iter().filter(|(_, _, other)| *other == part).collect();
                for (folder, run, _) in &own {
                    let share = share(run);
                    lost.retain(|job| !share.contains(job));
                    problems.extend(ungraded(&format!("part {part}"), folder, &share, &is_graded));
                }
                if own.is_empty() {
                    let all: BTreeSet<Job> = parts.iter().flat_map(|(_, run, _)| share(run)).collect();
                    lost.retain(|job| !all.contains(job));
                    let missing = all.iter().filter(|job| !is_graded(job)).count();
                    if missing > 0 {
                        problems.push(format!(
                            "part {part} is missing, and with it {}: grade it with `--partition {part}`, or add its \
                             folder after --merge",
                            plural(missing, "submission")
                        ));
                    }
                }
            }
            if !lost.is_empty() {
                let few: Vec<&Job> = lost.iter().collect();
                problems.push(format!("{} missing from every part: {}", plural(lost.len(), "submission"), named(&few)));
            }
        }
        problems
    }
}

fn ungraded(part: &str, folder: &Path, share: &BTreeSet<Job>, is_graded: &impl Fn(&Job) -> bool) -> Option<String> {
    let missing: Vec<&Job> = share.iter().filter(|job| !is_graded(job)).collect();
    if missing.is_empty() {
        return None;
    }
    let of = if part.is_empty() { String::new() } else { format!(" of {part}") };
    Some(format!(
        "{}: {} of {}{of} {} graded yet ({}); run the same command again there, then merge again",
        shown(folder).display(),
        missing.len(),
        plural(share.len(), "submission"),
        if missing.len() == 1 { "isn't" } else { "aren't" },
        named(&missing)
    ))
}

/// The first few, and how many more there are.
fn named(jobs: &[&Job]) -> String {
    let mut words: Vec<String> =
        jobs.iter().take(NAMED).map(|(student, exercise)| format!("{} {exercise}", one_line(student))).collect();
    if jobs.len() > NAMED {
        words.push(format!("{} more", jobs.len() - NAMED));
    }
    words.join(", ")
}

/// Parts whose machines saw different lists: if work is dealt out in turns, some of it may then be in no part at all.
fn different_lists(parts: &[(&PathBuf, &Run, Partition)]) -> Vec<String> {
    let mut problems = Vec::new();
    let Some((first_folder, first, _)) = parts.first() else { return problems };
    let seen: BTreeSet<Job> = jobs(first).collect();
    for (folder, run, _) in &parts[1..] {
        let other: BTreeSet<Job> = jobs(run).collect();
        let comparable = run.exercises == first.exercises;
        let differ: Vec<&Job> = seen.symmetric_difference(&other).collect();
        if comparable && !differ.is_empty() {
            problems.push(format!(
                "{} and {} weren't given the same class: only one of them has {}; grade every part again from the same folder",
                shown(first_folder).display(),
                shown(folder).display(),
                named(&differ)
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{RUN_SCHEMA, Seen};

    fn run(part: Option<&str>, students: &[&str]) -> Run {
        of(part, &["ex1"], students)
    }

    fn of(part: Option<&str>, exercises: &[&str], students: &[&str]) -> Run {
        let exercises: Vec<String> = exercises.iter().map(|&exercise| exercise.to_owned()).collect();
        let seen =
            |student: &&str| Seen { student: (*student).to_owned(), exercises: exercises.clone(), ..Seen::default() };
        Run {
            schema: RUN_SCHEMA.to_owned(),
            part: part.map(str::to_owned),
            exercises: exercises.clone(),
            students: students.iter().map(seen).collect(),
            ..Run::default()
        }
    }

    const CLASS: [&str; 4] = ["s001", "s002", "s003", "s004"];

    fn problems(runs: &[(&str, Run)], graded: &[&str]) -> Vec<String> {
        let runs = runs.iter().map(|(folder, run)| (PathBuf::from(folder), run.clone())).collect();
        Parts { runs }.problems(|(student, _)| graded.contains(&student.as_str()))
    }

    #[test]
    fn a_missing_part_is_named_with_what_to_do() {
        let one = ("out-1", run(Some("1/2"), &CLASS));
        let expected = "part 2/2 is missing, and with it 2 submissions: grade it with `--partition 2/2`, or add its folder after --merge";
        assert_eq!(problems(std::slice::from_ref(&one), &["s001", "s003"]), [expected]);
        let two = ("out-2", run(Some("2/2"), &CLASS));
        assert_eq!(problems(&[one.clone(), two.clone()], &CLASS), Vec::<String>::new());
        assert_eq!(
            problems(&[one.clone(), two.clone(), one.clone(), two], &CLASS),
            Vec::<String>::new(),
            "twice is fine"
        );
        // An older journal does not tell its part, and has the results.
        assert_eq!(problems(&[one], &CLASS), Vec::<String>::new());
        // The fifth part of four submissions is empty.
        let few: Vec<(&str, Run)> =
            ["1/5", "2/5", "3/5", "4/5"].iter().map(|part| ("out", run(Some(part), &CLASS))).collect();
        assert_eq!(problems(&few, &CLASS), Vec::<String>::new());
    }

    #[test]
    fn a_part_that_was_interrupted_is_named_with_its_folder() {
        let parts = [("out-1", run(Some("1/2"), &CLASS)), ("out-2", run(Some("2/2"), &CLASS))];
        let expected = "out-2: 1 of 2 submissions of part 2/2 isn't graded yet (s004 ex1); run the same command again there, then merge again";
        assert_eq!(problems(&parts, &["s001", "s002", "s003"]), [expected]);
        let whole = [("out", run(None, &["s1", "s2", "s3", "s4", "s5"]))];
        let expected = "out: 5 of 5 submissions aren't graded yet (s1 ex1, s2 ex1, s3 ex1, 2 more); run the same command again there, then merge again";
        assert_eq!(problems(&whole, &[]), [expected]);
    }

    #[test]
    fn parts_that_do_not_belong_together_are_named() {
        let parts = [("out-1", run(Some("1/2"), &CLASS)), ("out-2", run(Some("2/3"), &CLASS))];
        let found = problems(&parts, &CLASS);
        let expected = "the class was split in different ways: out-1 has part 1/2, out-2 has part 2/3; grade every part again with the same number of parts";
        assert_eq!(found, [expected]);
        let ways = [("out-1", run(Some("1/2"), &CLASS)), ("out-2", run(Some("hash:2/2"), &CLASS))];
        assert!(problems(&ways, &CLASS)[0].contains("out-2 has part hash:2/2"));
        let lists = [("out-1", run(Some("1/2"), &CLASS)), ("out-2", run(Some("2/2"), &CLASS[1..]))];
        let expected = "out-1 and out-2 weren't given the same class: only one of them has s001 ex1; grade every part again from the same folder";
        assert_eq!(problems(&lists, &CLASS), [expected]);
        // What no part has taken is named as well.
        assert_eq!(
            problems(&lists, &["s001", "s003"]),
            [expected, "2 submissions missing from every part: s002 ex1, s004 ex1"]
        );
    }

    #[test]
    fn the_last_run_counts_of_each_part_and_of_the_same_exercises() {
        let (old, new) = (run(None, &["s001", "s002"]), run(None, &["s001"]));
        assert_eq!(current(&[old.clone(), new.clone()]), [&new]);
        let halves = [run(Some("1/2"), &CLASS), run(Some("2/2"), &CLASS)];
        assert_eq!(current(&[halves[0].clone(), halves[1].clone()]).len(), 2);
        let third = run(Some("1/3"), &CLASS);
        assert_eq!(
            current(&[halves[0].clone(), halves[1].clone(), third.clone()]),
            [&third],
            "divided differently since"
        );
        let (one, other) = (of(None, &["ex1"], &["s001"]), of(None, &["ex2"], &["s002"]));
        assert_eq!(current(&[one.clone(), other.clone()]).len(), 2, "each knows of its own exercise");
        let all = of(None, &["ex1", "ex2"], &["s002"]);
        assert_eq!(current(&[one, other, all.clone()]), [&all]);
    }

    #[test]
    fn what_is_known_is_not_noted_again() {
        let (half, other, third) = (run(Some("1/2"), &CLASS), run(Some("2/2"), &CLASS), run(Some("1/3"), &CLASS));
        assert!(!is_known(&[], &half));
        assert!(is_known(&[half.clone(), other.clone()], &half) && is_known(&[half.clone(), other.clone()], &other));
        assert!(!is_known(std::slice::from_ref(&half), &run(Some("1/2"), &CLASS[1..])), "one has gone");
        assert!(!is_known(&[half.clone(), third], &half), "the last word is the last line");
    }
}
