//! What a class has in common: which goals are hard, which problems many have, how points and sizes are distributed.

use crate::report::{Gradebook, Row};
use course::check::Verdict;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// The submissions for an exercise that have a problem of one code.
pub(super) struct Cluster<'book> {
    /// The exercise.
    pub exercise: &'book str,
    /// The code.
    pub code: &'book str,
    /// How many submissions for the exercise were judged.
    pub of: usize,
    /// Each submission once, no matter in how many goals and places it has the problem.
    pub rows: Vec<&'book Row>,
}

/// What submissions have in common, most frequent code first.
pub(super) fn clusters(book: &Gradebook) -> Vec<Cluster<'_>> {
    let mut clusters = Vec::new();
    for rows in judged(book).chunk_by(|a, b| a.exercise == b.exercise) {
        let mut by_code: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in rows {
            let problems = row.goals.iter().flat_map(|goal| &goal.problems);
            for code in problems.map(|problem| problem.code.as_str()).collect::<BTreeSet<_>>() {
                by_code.entry(code).or_default().push(row);
            }
        }
        let (exercise, of) = (rows[0].exercise.as_str(), rows.len());
        clusters.extend(by_code.into_iter().map(|(code, rows)| Cluster { exercise, code, of, rows }));
    }
    // Stable: equally common codes stay in the order of the exercises.
    clusters.sort_by_key(|cluster| Reverse(cluster.rows.len()));
    clusters
}

/// A goal, over all submissions.
pub(super) struct Hard<'book> {
    /// The exercise.
    pub exercise: &'book str,
    /// The goal's name.
    pub id: &'book str,
    /// What meeting it achieves.
    pub text: &'book str,
    /// How many met it.
    pub met: usize,
    /// How many submissions have it.
    pub of: usize,
}

/// The goals that not every submission met, hardest first.
pub(super) fn hard_goals(book: &Gradebook) -> Vec<Hard<'_>> {
    let mut goals: Vec<Hard<'_>> = Vec::new();
    for row in judged(book) {
        for goal in &row.goals {
            let (exercise, id) = (row.exercise.as_str(), goal.id.as_str());
            let known = goals.iter().position(|known| known.exercise == exercise && known.id == id);
            let at = known.unwrap_or_else(|| {
                goals.push(Hard { exercise, id, text: &goal.text, met: 0, of: 0 });
                goals.len() - 1
            });
            goals[at].of += 1;
            goals[at].met += usize::from(goal.verdict == Verdict::Pass);
        }
    }
    goals.retain(|goal| goal.met < goal.of);
    // Shares, compared without rounding.
    goals.sort_by(|a, b| (a.met * b.of).cmp(&(b.met * a.of)));
    goals
}

/// How many scores are in each tenth of the maximum; the last one is for full points and more.
pub(super) fn tenths(book: &Gradebook) -> [usize; 11] {
    let mut tenths = [0; 11];
    for row in judged(book) {
        if let Some(score) = row.score.filter(|_| row.max_score > 0) {
            tenths[(score * 10 / row.max_score).clamp(0, 10) as usize] += 1;
        }
    }
    tenths
}

/// A summary of some numbers.
#[derive(Debug, PartialEq)]
pub(super) struct Spread<T> {
    /// The smallest one.
    pub smallest: T,
    /// The median; of an even number of them, the lower one.
    pub median: T,
    /// The largest one.
    pub largest: T,
}

/// The spread of numbers; `None` if there are none.
pub(super) fn spread<T: Copy + Ord>(mut numbers: Vec<T>) -> Option<Spread<T>> {
    numbers.sort_unstable();
    let (smallest, largest) = (*numbers.first()?, *numbers.last()?);
    Some(Spread { smallest, median: numbers[(numbers.len() - 1) / 2], largest })
}

/// The submissions that have a grade, in order. What wasn't handed in isn't among them.
pub(super) fn judged(book: &Gradebook) -> Vec<&Row> {
    book.sorted().into_iter().filter(|row| row.is_judged()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{row, sample};

    #[test]
    fn a_submission_counts_once_for_each_code() {
        let mut book = sample();
        let again = book.rows[0].goals[0].clone();
        book.rows[0].goals.push(again);
        let clusters = clusters(&book);
        let counts: Vec<_> =
            clusters.iter().map(|cluster| (cluster.exercise, cluster.code, cluster.rows.len(), cluster.of)).collect();
        let wanted =
            [("ex1", "profile/wrong-table", 2, 4), ("ex1", "answer/wrong", 1, 4), ("ex10", "build/failed", 1, 1)];
        assert_eq!(counts, wanted);
    }

    #[test]
    fn the_hardest_goal_is_first_and_easy_ones_are_left_out() {
        let book = sample();
        let goals: Vec<_> = hard_goals(&book).iter().map(|goal| (goal.exercise, goal.id, goal.met, goal.of)).collect();
        let wanted =
            [("ex1", "notes", 0, 1), ("ex10", "builds", 0, 1), ("ex10", "size", 0, 1), ("ex1", "profile", 1, 3)];
        assert_eq!(goals, wanted);
    }

    #[test]
    fn points_are_counted_by_tenths() {
        let mut book = sample();
        book.rows =
            [0, 99, 100, 999, 1000, 1100, -50].map(|score| Row { score: Some(score), ..row("s001", "ex1") }).into();
        assert_eq!(tenths(&book), [3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        book.rows[0].max_score = 0;
        book.rows[1].score = None;
        book.rows[2].status = "infra-error".to_owned();
        assert_eq!(tenths(&book).iter().sum::<usize>(), 4);
    }

    #[test]
    fn what_was_not_handed_in_counts_nowhere() {
        let mut book = sample();
        let (codes, goals, shares) = (clusters(&book).len(), hard_goals(&book).len(), tenths(&book));
        for status in ["not-handed-in", "not-graded-yet"] {
            let nothing = Row { status: status.to_owned(), score: Some(0), ..row("s009", "ex1") };
            book.rows.push(Row { goals: Vec::new(), size_bytes: None, ..nothing });
        }
        assert_eq!((clusters(&book).len(), hard_goals(&book).len(), tenths(&book)), (codes, goals, shares));
        assert_eq!(clusters(&book)[0].of, 4);
    }

    #[test]
    fn numbers_in_short() {
        assert_eq!(spread(vec![3, 1, 2, 9]), Some(Spread { smallest: 1, median: 2, largest: 9 }));
        assert_eq!(spread(vec![5]), Some(Spread { smallest: 5, median: 5, largest: 5 }));
        assert_eq!(spread(Vec::<u64>::new()), None);
    }
}
