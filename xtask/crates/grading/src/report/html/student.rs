//! One student's page: what was judged and how, and how to check that it was judged correctly. It says nothing about
//! others.

use super::markup::{Html, el, lines, marked, text};
use super::{frame, number, paragraph, prose, score, section, size, table, words};
use crate::report::{Goal, Gradebook, Problem, Row, clean_line, id, points};
use base::numbers::{plural, thousands};
use course::check::Verdict;

/// The page to hand out to a student.
pub(crate) fn page(book: &Gradebook, student: &str) -> String {
    let rows = book.rows_of(student);
    let mut body = vec![total(&rows)];
    for (index, row) in (1..).zip(&rows) {
        body.push(section(&format!("part-{index}"), &row.exercise, exercise(row, index)));
    }
    body.push(section("appeal", "If you think this is wrong", appeal(book, &rows)));
    frame(book, &format!("{}: {}", book.title, who(book, &rows, student)), None, body)
}

/// The id, and the name if the roster has one.
fn who(book: &Gradebook, rows: &[&Row], student: &str) -> String {
    let names = rows.iter().map(|row| clean_line(&format!("{} {}", row.first_name, row.last_name)));
    let name = names.map(|name| name.trim().to_owned()).find(|name| !name.is_empty() && !book.is_anonymous);
    name.map_or_else(|| id(student), |name| format!("{}, {name}", id(student)))
}

fn total(rows: &[&Row]) -> Html {
    let graded = rows.iter().filter_map(|row| Some((row.score?, row.max_score)));
    let (got, of) = graded.fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1));
    let mut words = format!("{} of {} points", points(got), points(of));
    let open = rows.iter().filter(|row| row.score.is_none()).count();
    if open > 0 {
        words += &format!(" so far; {open} of {} exercises not graded yet", rows.len());
    }
    el("p", &[("class", "total")], [text(&words)])
}

fn exercise(row: &Row, index: usize) -> Vec<Html> {
    let mut content = vec![el("p", &[("class", "score")], [text(&score_in_words(row))])];
    content.extend(row.explanation().map(|explanation| el("p", &[("class", "stamp")], [text(&explanation)])));
    if let Some(reason) = &row.override_reason {
        content.push(paragraph(&format!("An instructor set the points: {reason}.")));
    }
    for (key, decision) in &row.decisions {
        let given = format!("An instructor read the answer `{key}` and gave {} points", points(decision.points));
        content.push(el("p", &[], [marked(&format!("{given}: {}.", decision.reason))]));
    }
    if !row.needs_review.is_empty() {
        content.push(paragraph("An instructor will review this submission before the points are final."));
    }
    if let Some(timestamp) = &row.timestamp {
        let due = row.due.as_ref().map(|due| format!("; it was due {due}")).unwrap_or_default();
        content.push(paragraph(&format!("Handed in {timestamp}{due}.")));
    }
    if !row.goals.is_empty() {
        let columns = [words("goal"), prose("what"), words("result"), number("points")];
        content.push(table(&format!("goals-{index}"), "Goals", &columns, row.goals.iter().map(goal)));
    }
    for goal in row.goals.iter().filter(|goal| !goal.problems.is_empty()) {
        content.push(el("h3", &[], [text(&format!("What is wrong with goal {}", goal.id))]));
        content.push(el("ul", &[("class", "problems")], goal.problems.iter().map(problem)));
    }
    if !row.problems.is_empty() {
        content.push(el("h3", &[], [text("Other findings")]));
        content.push(el("ul", &[("class", "problems")], row.problems.iter().map(problem)));
    }
    content.extend(size_of_executable(row));
    content.extend(answers(row));
    content.extend(files(row, index));
    content
}

/// How large the student's executable is, and what it is compared with.
fn size_of_executable(row: &Row) -> Vec<Html> {
    let mut content = Vec::new();
    if let Some(bytes) = row.size_bytes {
        content.push(el("h3", &[], [text("Size")]));
        let (_, change) = size(row);
        let compared = row.size_baseline.map(|baseline| match change.as_str() {
            "same" => ", the same as what it is compared with".to_owned(),
            _ => format!("; it is compared with a file of {} bytes ({change})", thousands(baseline)),
        });
        let words = format!("Your executable is {} bytes{}.", thousands(bytes), compared.unwrap_or_default());
        content.push(paragraph(&words));
    }
    content
}

/// What the student wrote for a person to read.
fn answers(row: &Row) -> Vec<Html> {
    let mut content = Vec::new();
    if !row.answers.is_empty() {
        content.push(el("h3", &[], [text("Your answers in your own words")]));
        if row.answers.keys().any(|key| !row.decisions.contains_key(key)) {
            content.push(paragraph("An instructor will read these."));
        }
        let answers = row.answers.iter().flat_map(|(key, answer)| {
            [el("dt", &[], [el("code", &[], [text(key)])]), el("dd", &[("class", "kept")], [lines(answer)])]
        });
        content.push(el("dl", &[], answers));
    }
    content
}

/// The files that were judged, and the names of those that were not.
fn files(row: &Row, index: usize) -> Vec<Html> {
    let mut content = Vec::new();
    if !row.files.is_empty() {
        content.push(el("h3", &[], [text("What was graded")]));
        let files = row.files.iter().map(|(file, digest)| {
            vec![el("code", &[], [text(file)]), el("code", &[("class", "digest")], [text(digest)])]
        });
        let columns = [words("file"), words("SHA-256")];
        content.push(table(&format!("files-{index}"), "Files that were graded", &columns, files));
    }
    if !row.ignored.is_empty() {
        content.push(el("h3", &[], [text("Files that were ignored")]));
        let why = "Only the files that the exercise tells you to change are judged. These were handed in as well, but \
                   had no effect:";
        content.push(paragraph(why));
        let paths = el("ul", &[], row.ignored.iter().map(|path| el("li", &[], [el("code", &[], [text(path)])])));
        let summary = el("summary", &[], [text(&plural(row.ignored.len(), "name"))]);
        content.push(el("details", &[], [summary, paths]));
    }
    content
}

fn score_in_words(row: &Row) -> String {
    let mut words = score(row);
    if row.score.is_some() {
        words += " points";
    }
    if row.late_submission_penalty > 0 {
        let before = row.raw_score.map(|raw| format!("{} ", points(raw))).unwrap_or_default();
        words += &format!(" ({before}less {} because it was late)", points(row.late_submission_penalty));
    }
    words
}

fn goal(goal: &Goal) -> Vec<Html> {
    let result = match (goal.verdict, &goal.waits_for) {
        (Verdict::Pass, _) => "met".to_owned(),
        (Verdict::Skip, Some(first)) => format!("not judged: it needs {first}"),
        (Verdict::Skip, None) => "not judged".to_owned(),
        (Verdict::Fail, _) => "not met".to_owned(),
    };
    let result = if goal.verdict == Verdict::Fail { el("strong", &[], [text(&result)]) } else { marked(&result) };
    let points = format!("{} of {}", points(goal.points), goal.points_max);
    vec![text(&goal.id), marked(&goal.text), result, text(&points)]
}

fn problem(problem: &Problem) -> Html {
    let (first, rest) = problem.message_lines();
    let mut content = Vec::new();
    if let Some(place) = problem.place() {
        content.extend([el("code", &[], [text(&place)]), text(": ")]);
    }
    content.extend([
        marked(first),
        text(" "),
        el("code", &[("class", "muted")], [text(&format!("[{}]", problem.code))]),
    ]);
    if !rest.is_empty() {
        content.push(el("pre", &[("tabindex", "0")], [lines(rest)]));
    }
    if let Some(help) = &problem.help {
        content.push(el("p", &[("class", "help")], [el("b", &[], [text("What to do: ")]), marked(help)]));
    }
    el("li", &[], content)
}

fn appeal(book: &Gradebook, rows: &[&Row]) -> Vec<Html> {
    let command = |command: String| el("pre", &[("tabindex", "0")], [lines(&command)]);
    // A command is meant to be copied into a shell, so only plain names may appear in it.
    let is_plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c));
    let exercise = rows.iter().map(|row| row.exercise.as_str()).find(is_plain).unwrap_or("ex1");
    let files = rows.iter().flat_map(|row| row.files.keys()).map(String::as_str);
    let file = files.into_iter().find(is_plain).unwrap_or("Cargo.toml");
    let first = format!(
        "First check that the right file was judged. This page shows the SHA-256 of each judged file; compute your \
         file's and compare. On Linux, on macOS, and on Windows, for {exercise}:"
    );
    let second = format!(
        "Then run it yourself, with rustc {}. This gives the same verdict as grading; only sizes may be off by a few \
         hundred bytes, because a program contains paths:",
        book.toolchain
    );
    vec![
        paragraph(&first),
        command(format!("sha256sum {file}\nshasum -a 256 {file}\nGet-FileHash {file}")),
        paragraph(&second),
        command(format!("cargo xtask check {exercise}")),
        paragraph("If a digest or the verdict is different, send this page and what you saw to your instructor."),
    ]
}
