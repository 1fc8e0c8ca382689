//! Writes what Gradescope reads as `results.json`: one document for each student, with a test for each goal.
//!
//! The keys are exactly those in <https://gradescope-autograders.readthedocs.io/en/latest/specs/>.

use super::json::in_points;
use super::{Gradebook, Row, clean, clean_line, points};
use course::check::Verdict;
use serde::Serialize;
use std::fmt::Write as _;
use weigh::report::json::document;

#[derive(Serialize)]
struct Results {
    /// Wins over the sum of the tests: a late penalty or a person's decision is in it.
    score: f64,
    execution_time: f64,
    output: String,
    output_format: &'static str,
    test_output_format: &'static str,
    test_name_format: &'static str,
    visibility: &'static str,
    stdout_visibility: &'static str,
    extra_data: Extra,
    tests: Vec<Test>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    leaderboard: Vec<Entry>,
}

/// Kept by Gradescope, and not shown.
#[derive(Serialize)]
struct Extra {
    toolchain: String,
    target: String,
    sandbox: String,
    keys: Vec<String>,
}

#[derive(Serialize)]
struct Test {
    score: f64,
    max_score: f64,
    status: &'static str,
    name: String,
    number: String,
    output: String,
    tags: Vec<String>,
    visibility: &'static str,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    value: u64,
    order: &'static str,
}

/// All results of a student; `None` if there are none, or if one is not graded yet: a sum without it would be a wrong grade.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn results(book: &Gradebook, student: &str) -> serde_json::Result<Option<String>> {
    let rows = book.rows_of(student);
    let scores: Option<Vec<i64>> = rows.iter().map(|row| row.score.filter(|_| !row.is_ours())).collect();
    let Some(scores) = scores.filter(|scores| !scores.is_empty()) else { return Ok(None) };
    let tests = (1..).zip(&rows).flat_map(|(number, row)| tests(row, number)).collect();
    let board = |row: &&Row| {
        let name = "Binary size (bytes)";
        // Gradescope has one leaderboard for each name; sizes of different programs can't be compared.
        let name = if rows.len() == 1 { name.to_owned() } else { format!("{}: {name}", clean_line(&row.exercise)) };
        Some(Entry { name, value: size_that_counts(row)?, order: "asc" })
    };
    let results = Results {
        score: in_points(scores.iter().sum()),
        execution_time: (rows.iter().fold(0.0, |sum, row| sum + row.seconds) * 100.0).round() / 100.0,
        output: rows.iter().map(|row| about(row)).collect::<Vec<_>>().join("\n"),
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: "visible",
        stdout_visibility: "hidden",
        extra_data: Extra {
            toolchain: clean(&book.toolchain),
            target: clean(&book.target),
            sandbox: book.sandbox().to_owned(),
            keys: rows.iter().map(|row| clean(&row.key)).collect(),
        },
        tests,
        leaderboard: rows.iter().filter_map(board).collect(),
    };
    document(&results).map(Some)
}

/// What changed the score, and what was graded, in a few lines.
pub(crate) fn about(row: &Row) -> String {
    let mut text = format!("{}:", clean_line(&row.exercise));
    if let Some(score) = row.score {
        let _ = write!(text, " {} of {} points.", points(score), points(row.max_score));
    }
    if let Some(explanation) = row.explanation() {
        let _ = write!(text, " {explanation}");
    }
    if row.late_submission_penalty > 0 {
        let _ = write!(text, " {} points were taken off because it was late.", points(row.late_submission_penalty));
    }
    if let Some(reason) = &row.override_reason {
        let _ = write!(text, " An instructor set the points: {}.", clean(reason));
    }
    for (key, decision) in &row.decisions {
        let (points, reason) = (points(decision.points), clean(&decision.reason));
        let _ = write!(text, " An instructor gave {points} points for the answer {}: {reason}.", clean_line(key));
    }
    if !row.needs_review.is_empty() {
        text.push_str(" An instructor will review it before the points are final.");
    }
    for (file, digest) in &row.files {
        let _ = write!(text, "\n  {} has the SHA-256 {}", clean_line(file), clean_line(digest));
    }
    text
}

fn tests(row: &Row, number: usize) -> Vec<Test> {
    let exercise = clean_line(&row.exercise);
    let test = |goal: usize, (score, max_score), is_passed, name: &str, output| Test {
        score: in_points(score),
        max_score: in_points(max_score),
        status: if is_passed { "passed" } else { "failed" },
        name: format!("{exercise}: {}", clean_line(name)),
        number: format!("{number}.{goal}"),
        output,
        tags: vec![exercise.clone()],
        visibility: "visible",
    };
    if row.goals.is_empty() {
        let output = row.explanation().unwrap_or_default();
        let score = (row.raw_score.unwrap_or_default(), row.max_score);
        return vec![test(1, score, row.explanation().is_none(), "submission", output)];
    }
    let of_goal = |(index, goal): (usize, &super::Goal)| {
        let mut output: Vec<String> = goal.problems.iter().map(super::Problem::plain).collect();
        if let Some(first) = goal.waits_for.as_deref().filter(|_| goal.verdict == Verdict::Skip) {
            output.push(format!("not judged: it needs {}", clean(first)));
        }
        let score = (goal.points, i64::from(goal.points_max) * 100);
        test(index, score, goal.verdict == Verdict::Pass, &goal.text, output.join("\n\n"))
    };
    (1..).zip(&row.goals).map(of_goal).collect()
}

/// The size for the leaderboard. A program that doesn't work, or that a person has yet to look at, doesn't compete.
fn size_that_counts(row: &Row) -> Option<u64> {
    let is_broken = |code: &str| ["build/", "run/", "output/"].iter().any(|kind| code.starts_with(kind));
    let mut failed = row.goals.iter().filter(|goal| goal.verdict != Verdict::Pass);
    let is_fair = row.status == "graded"
        && row.needs_review.is_empty()
        && failed
            .all(|goal| goal.verdict == Verdict::Fail && !goal.problems.iter().any(|problem| is_broken(&problem.code)));
    row.size_bytes.filter(|_| is_fair)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, sample};
    use serde_json::Value;

    fn of(book: &Gradebook, student: &str) -> Value {
        serde_json::from_str(&results(book, student).unwrap().unwrap()).unwrap()
    }

    #[test]
    fn results_of_a_student() {
        insta::assert_snapshot!(results(&sample(), "s001").unwrap().unwrap());
    }

    #[test]
    fn results_of_a_hostile_student() {
        insta::assert_snapshot!(results(&sample(), HOSTILE).unwrap().unwrap());
    }

    #[test]
    fn only_keys_that_gradescope_documents_are_written() {
        const TOP: [&str; 11] = [
            "score",
            "execution_time",
            "output",
            "output_format",
            "test_output_format",
            "test_name_format",
            "visibility",
            "stdout_visibility",
            "extra_data",
            "tests",
            "leaderboard",
        ];
        const TEST: [&str; 11] = [
            "score",
            "max_score",
            "status",
            "name",
            "name_format",
            "number",
            "output",
            "output_format",
            "tags",
            "visibility",
            "extra_data",
        ];
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let book = sample();
        for row in &book.rows {
            let Some(text) = results(&book, &row.student).unwrap() else { continue };
            let value: Value = serde_json::from_str(&text).unwrap();
            assert!(keys(&value).iter().all(|key| TOP.contains(&key.as_str())), "{value}");
            assert!(value["score"].is_f64() && value["execution_time"].is_f64());
            for test in value["tests"].as_array().unwrap() {
                assert!(keys(test).iter().all(|key| TEST.contains(&key.as_str())), "{test}");
                assert!(test["status"] == "passed" || test["status"] == "failed");
                assert!(test["score"].as_f64() <= test["max_score"].as_f64());
                assert!(
                    ["hidden", "after_due_date", "after_published", "visible"]
                        .contains(&test["visibility"].as_str().unwrap())
                );
            }
            for entry in value["leaderboard"].as_array().unwrap_or(&Vec::new()) {
                assert_eq!(keys(entry), ["name", "order", "value"]);
                assert!(entry["value"].is_u64() && entry["order"] == "asc");
            }
        }
    }

    #[test]
    fn an_error_of_ours_gives_no_results() {
        let mut book = sample();
        assert!(results(&book, "nobody").unwrap().is_none());
        book.rows.iter_mut().find(|row| row.student == "s001").unwrap().status = "infra-error".to_owned();
        assert!(results(&book, "s001").unwrap().is_none());
    }

    #[test]
    fn reasons_for_a_review_are_not_for_students() {
        let mut book = sample();
        book.rows[0].needs_review = vec!["the same files as s002".to_owned()];
        let text = results(&book, &book.rows[0].student).unwrap().unwrap();
        assert!(!text.contains("s002") && text.contains("An instructor will review it"), "{text}");
    }

    #[test]
    fn a_program_that_does_not_work_is_not_on_the_leaderboard() {
        let mut book = sample();
        book.rows.retain(|row| row.student == "s001" && row.exercise == "ex1");
        assert_eq!(of(&book, "s001")["leaderboard"][0]["name"], "Binary size (bytes)");
        for (verdict, code) in
            [(Verdict::Fail, "output/differs"), (Verdict::Fail, "run/crashed"), (Verdict::Skip, "answer/wrong")]
        {
            let mut broken = book.clone();
            let goal = &mut broken.rows[0].goals[1];
            goal.verdict = verdict;
            goal.problems[0].code = code.to_owned();
            assert!(of(&broken, "s001")["leaderboard"].is_null(), "{code}");
        }
        book.rows[0].needs_review = vec!["suspiciously small".to_owned()];
        assert!(of(&book, "s001")["leaderboard"].is_null());
    }
}
