//! What a learner is told about a verdict: each problem once, all open questions as one, and if many goals find different
//! output, the first two. The verdict itself has everything.

use super::{Judgement, Outcome, Verdict};
use crate::diagnostic::{Code, Diagnostic};
use crate::learner_manifest::list;
use base::numbers::plural;
use std::collections::BTreeSet;

/// How many goals that find different output are shown with it. More usually have the same cause.
const DIFFERENCES: usize = 2;

/// The problems to show now. `seen`: what was shown before, as it was rendered.
pub(crate) fn told_once(judgement: &Judgement, seen: &mut BTreeSet<String>) -> Vec<Diagnostic> {
    let mut new = Vec::new();
    for problem in judgement.all_diagnostics() {
        if seen.insert(problem.render(false, None)) {
            new.push(problem);
        }
    }
    let open: Vec<&Diagnostic> = new.iter().copied().filter(|problem| is_open(problem)).collect();
    let other = judgement.outcomes.iter().filter(|outcome| differs(outcome)).skip(DIFFERENCES);
    let other: Vec<&Outcome> = other.collect();
    let is_other = |problem: &Diagnostic| {
        problem.code == Code::OutputDiffers
            && other.iter().flat_map(|outcome| &outcome.diagnostics).any(|other| std::ptr::eq(other, problem))
    };
    let mut told = Vec::new();
    let mut is_counted = false;
    for problem in new {
        if is_open(problem) && open.len() > 1 {
            if std::ptr::eq(problem, open[0]) {
                let message = format!("{} have no answer yet", plural(open.len(), "question"));
                told.push(problem.clone().with_lines_of(&open[1..], message));
            }
        } else if other.len() > 1 && is_other(problem) {
            if !is_counted {
                told.push(others(&other));
            }
            is_counted = true;
        } else {
            told.push(problem.clone());
        }
    }
    told
}

/// A question without an answer, in a file that exists.
fn is_open(problem: &Diagnostic) -> bool {
    problem.code == Code::AnswerMissing && problem.empty
}

fn differs(outcome: &Outcome) -> bool {
    let is_about = |problem: &Diagnostic| problem.code == Code::OutputDiffers;
    outcome.verdict == Verdict::Fail && !outcome.diagnostics.is_empty() && outcome.diagnostics.iter().all(is_about)
}

fn others(goals: &[&Outcome]) -> Diagnostic {
    let names: Vec<String> = goals.iter().map(|outcome| outcome.id.clone()).collect();
    let message = format!("{} more goals find different output: {}", goals.len(), list(&names));
    Diagnostic::new(Code::OutputDiffers, message).help("fix the problems shown above first, then check again")
}

#[cfg(test)]
mod tests {
    use super::super::Data;
    use super::*;
    use crate::diagnostic::Severity;
    use base::diagnostic::Source;

    fn judgement(problems: Vec<(&str, Diagnostic)>) -> Judgement {
        let outcome = |(id, problem): (&str, Diagnostic)| Outcome {
            id: id.to_owned(),
            text: String::new(),
            verdict: Verdict::Fail,
            points: 0,
            points_max: 1,
            diagnostics: vec![problem],
            waits_for: None,
            data: Data::Nothing,
        };
        Judgement { outcomes: problems.into_iter().map(outcome).collect(), diagnostics: Vec::new() }
    }

    fn told(judgement: &Judgement) -> Vec<String> {
        told_once(judgement, &mut BTreeSet::new()).into_iter().map(|problem| problem.message).collect()
    }

    fn different(words: &str) -> Diagnostic {
        Diagnostic::new(Code::OutputDiffers, words).in_file("src/main.rs")
    }

    #[test]
    fn open_questions_are_one_problem_with_all_their_lines() {
        let text = "a = \"\"\nb = \"\"\nc = \"\"\n";
        let source = Source { file: "answers.toml".into(), text: text.into() };
        let open = |key: &str, at: usize| {
            let problem = Diagnostic::new(Code::AnswerMissing, format!("`{key}` has no answer yet"));
            problem.at(&source, at..at + 2, "your answer goes here").help("look there").empty()
        };
        let all =
            judgement(vec![("a", open("a", 4)), ("x", different("x")), ("b", open("b", 11)), ("c", open("c", 18))]);
        let mut seen = BTreeSet::new();
        let problems = told_once(&all, &mut seen);
        assert_eq!(problems.len(), 2);
        insta::assert_snapshot!(problems[0].render(false, None), @r#"
        error[answer/missing]: 3 questions have no answer yet
         --> answers.toml:1:5
          |
        1 | a = ""
          |     ^^ your answer goes here
        2 | b = ""
          |     -- your answer goes here
        3 | c = ""
          |     -- your answer goes here
          |
          = help: look there
        "#);
        assert!(told_once(&all, &mut seen).is_empty(), "each of them is told once");
        // One is what it is.
        assert_eq!(told(&judgement(vec![("a", open("a", 4))])), ["`a` has no answer yet"]);
        // A key that isn't read has words of its own.
        let unread = Diagnostic::new(Code::AnswerMissing, "`n` isn't a question").severity(Severity::Warning);
        let both = judgement(vec![("a", open("a", 4)), ("n", unread.at(&source, 0..1, ""))]);
        assert_eq!(told(&both), ["`a` has no answer yet", "`n` isn't a question"]);
    }

    #[test]
    fn of_many_goals_with_different_output_two_are_shown() {
        let goals = |names: &[&str]| {
            let problems: Vec<_> = names.iter().map(|name| (*name, different(&format!("input 1: {name}")))).collect();
            let mut judgement = judgement(problems.iter().map(|(name, problem)| (*name, problem.clone())).collect());
            judgement.diagnostics.push(Diagnostic::new(Code::BuildWarning, "and this"));
            told(&judgement)
        };
        assert_eq!(goals(&["a", "b", "c"]), ["input 1: a", "input 1: b", "input 1: c", "and this"]);
        assert_eq!(
            goals(&["a", "b", "c", "d"]),
            ["input 1: a", "input 1: b", "2 more goals find different output: `c` and `d`", "and this"]
        );
    }

    #[test]
    fn the_same_problem_of_two_goals_is_told_once() {
        let same = || Diagnostic::new(Code::AnswersSyntax, "not valid").in_file("answers.toml");
        assert_eq!(told(&judgement(vec![("a", same()), ("b", same())])), ["not valid"]);
    }
}
