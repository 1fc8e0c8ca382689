//! `JUnit` XML as nextest writes it, for the pages that CI servers make of test results: a suite for each exercise, a case
//! for each student and goal. A `failure` is the student's, an `error` is ours.
//!
//! quick-junit would add 13 crates for every learner, including chrono and a second syn; we need only four elements of
//! the format.

use super::{Goal, Gradebook, Row, clean, clean_line, id};
use course::check::Verdict;
use std::fmt::Write as _;
use weigh::report::svg::escape;

/// The gradebook as a report of tests. What is not judged, because something else must come first, is `skipped`.
pub(crate) fn grades(book: &Gradebook) -> String {
    let rows = book.sorted();
    let mut suites = Vec::new();
    for rows in rows.chunk_by(|a, b| a.exercise == b.exercise) {
        suites.push((rows, rows.iter().flat_map(|row| cases(row)).collect::<Vec<Case>>()));
    }
    let all = suites.iter().flat_map(|(_, cases)| cases);
    let mut xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
    let _ = writeln!(xml, "<testsuites name=\"{}\" {}>", attribute(&book.title), totals(all, &rows));
    for (rows, cases) in &suites {
        let exercise = attribute(&rows[0].exercise);
        let _ = writeln!(xml, "    <testsuite name=\"{exercise}\" {}>", totals(cases.iter(), rows));
        xml.push_str("        <properties>\n");
        for (name, value) in
            [("toolchain", &book.toolchain), ("target", &book.target), ("sandbox", &book.sandbox().to_owned())]
        {
            let _ = writeln!(xml, "            <property name=\"{name}\" value=\"{}\"/>", attribute(value));
        }
        xml.push_str("        </properties>\n");
        for case in cases {
            write(&mut xml, &exercise, case);
        }
        xml.push_str("    </testsuite>\n");
    }
    xml + "</testsuites>\n"
}

/// A student's goal, or the submission as a whole if it was not simply judged.
struct Case {
    name: String,
    seconds: Option<f64>,
    result: Outcome,
}

enum Outcome {
    Passed,
    Skipped { message: String },
    Failure { kind: String, message: String, text: String },
    Error { kind: String, message: String, text: String },
}

fn cases(row: &Row) -> Vec<Case> {
    let case = |what: &str, result| Case { name: format!("{}: {what}", id(&row.student)), seconds: None, result };
    let whole = |kind: &str| (kind.to_owned(), row.explanation().unwrap_or_default());
    let mut cases = Vec::new();
    if !row.is_judged() && !row.is_ours() {
        // Nothing that could have failed: a server would count it against a student.
        cases.push(case("submission", Outcome::Skipped { message: row.explanation().unwrap_or_default() }));
    } else if row.is_ours() {
        let ((kind, message), text) = (whole(&row.status), row.message.clone().unwrap_or_default());
        cases.push(case("submission", Outcome::Error { kind, message, text }));
    } else {
        let is_told = row.goals.iter().any(|goal| goal.verdict == Verdict::Fail);
        if row.explanation().is_some() && (row.message.is_some() || !is_told) {
            let (kind, message) = whole(&row.status);
            cases.push(case("submission", Outcome::Failure { kind, message: message.clone(), text: message }));
        }
        cases.extend(row.goals.iter().map(|goal| case(&goal.id, outcome(goal))));
    }
    // The time of a single goal isn't known: the first case gets the total, so that a server's sum is right.
    if let Some(first) = cases.first_mut() {
        first.seconds = Some(row.seconds);
    }
    cases
}

fn outcome(goal: &Goal) -> Outcome {
    match goal.verdict {
        Verdict::Pass => Outcome::Passed,
        Verdict::Skip => {
            let waits_for = goal.waits_for.as_deref().map(|first| format!("not judged: it needs {first}"));
            Outcome::Skipped { message: waits_for.unwrap_or_else(|| "not judged".to_owned()) }
        }
        Verdict::Fail => {
            let kind = goal.problems.first().map_or_else(|| "goal".to_owned(), |problem| problem.code.clone());
            let problems = goal.problems.iter().map(super::Problem::plain);
            let text: Vec<String> = [format!("not met: {}", goal.text)].into_iter().chain(problems).collect();
            Outcome::Failure { kind, message: goal.text.clone(), text: text.join("\n") }
        }
    }
}

fn totals<'case>(cases: impl Iterator<Item = &'case Case>, rows: &[&Row]) -> String {
    let (mut tests, mut skipped, mut failures, mut errors) = (0, 0, 0, 0);
    for case in cases {
        tests += 1;
        match case.result {
            Outcome::Passed => {}
            Outcome::Skipped { .. } => skipped += 1,
            Outcome::Failure { .. } => failures += 1,
            Outcome::Error { .. } => errors += 1,
        }
    }
    // From 0.0: an empty sum of floating-point numbers is minus zero.
    let seconds = rows.iter().fold(0.0, |sum, row| sum + row.seconds);
    format!(r#"tests="{tests}" skipped="{skipped}" errors="{errors}" failures="{failures}" time="{seconds:.3}""#)
}

fn write(xml: &mut String, exercise: &str, case: &Case) {
    let time = case.seconds.map(|seconds| format!(" time=\"{seconds:.3}\"")).unwrap_or_default();
    let head = format!("        <testcase name=\"{}\" classname=\"{exercise}\"{time}", attribute(&case.name));
    let inner = match &case.result {
        Outcome::Passed => {
            let _ = writeln!(xml, "{head}/>");
            return;
        }
        Outcome::Skipped { message } => format!("<skipped message=\"{}\"/>", attribute(message)),
        Outcome::Failure { kind, message, text } => element("failure", kind, message, text),
        Outcome::Error { kind, message, text } => element("error", kind, message, text),
    };
    let _ = writeln!(xml, "{head}>\n            {inner}\n        </testcase>");
}

fn element(name: &str, kind: &str, message: &str, text: &str) -> String {
    let text = clean(text).lines().map(escape).collect::<Vec<_>>().join("\n");
    format!("<{name} message=\"{}\" type=\"{}\">{text}</{name}>", attribute(message), attribute(kind))
}

/// Text as it may appear in an attribute. `clean_line` has removed what XML can't hold.
fn attribute(text: &str) -> String {
    escape(&clean_line(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, sample};

    #[test]
    fn a_gradebook_as_junit() {
        insta::assert_snapshot!(grades(&sample()));
    }

    #[test]
    fn hostile_text_stays_within_its_element() {
        let mut book = sample();
        book.title = HOSTILE.to_owned();
        for row in &mut book.rows {
            (row.exercise, row.message) = (HOSTILE.to_owned(), Some(HOSTILE.to_owned()));
        }
        let xml = grades(&book);
        assert!(xml.chars().all(|c| c == '\n' || !c.is_control()), "{xml}");
        assert!(!xml.contains("<script") && !xml.contains("]]>") && !xml.contains("::error"), "{xml}");
        assert_eq!(xml.matches("<testsuite ").count(), 1);
    }

    #[test]
    fn an_error_of_ours_is_never_a_failure_of_theirs() {
        let mut book = sample();
        for row in &mut book.rows {
            row.status = "infra-error".to_owned();
        }
        let xml = grades(&book);
        assert!(!xml.contains("<failure") && xml.contains("failures=\"0\""), "{xml}");
        assert_eq!(xml.matches("<error ").count(), book.rows.len());
    }

    #[test]
    fn an_empty_gradebook_is_a_report_too() {
        let book = Gradebook { rows: Vec::new(), ..sample() };
        assert!(grades(&book).ends_with("time=\"0.000\">\n</testsuites>\n"), "{}", grades(&book));
    }
}
