//! Answers in the students' own words that no person has decided about, to be read from top to bottom. Identical
//! answers appear once, with the lines that decide for everyone who gave them.

use super::{paragraph, waits_for_a_reader};
use crate::report::html::markup::{Html, el, lines, text};
use crate::report::html::{number, people, prose, table, words};
use crate::report::{Gradebook, Question, Row, clean_line, normalized, points};
use course::check::Verdict;
use std::collections::{BTreeMap, BTreeSet};

/// The answers as a table.
pub(super) fn list(book: &Gradebook) -> Vec<Html> {
    let mut by_text: BTreeMap<(&str, &str, String), Vec<&Row>> = BTreeMap::new();
    for row in book.sorted() {
        let waits = waits_for_a_reader(row);
        for (key, answer) in row.answers.iter().filter(|(key, _)| waits && !row.decisions.contains_key(*key)) {
            by_text.entry((&row.exercise, key, normalized(answer))).or_default().push(row);
        }
    }
    if by_text.is_empty() {
        return vec![paragraph("No answer is waiting to be read.")];
    }
    let rows = by_text.iter().map(|((exercise, key, _), rows)| {
        let who = rows.iter().map(|row| people::student(&row.student)).collect();
        let heading = [text(exercise), text(" "), el("code", &[], [text(key)])];
        let answer = &rows[0].answers[*key];
        let question = book.questions.get(&((*exercise).to_owned(), (*key).to_owned()));
        let given = given(question, rows);
        let lines = decide((exercise, key, answer), question, given.first().copied().unwrap_or_default(), rows.len());
        vec![
            Html::all(heading),
            Html::all([text(answer), lines]),
            text(&in_words(question, &given)),
            people::names_of(who),
        ]
    });
    let columns = [words("question"), prose("answer"), number("points so far"), prose("whose")];
    vec![
        paragraph(
            "The check only counts an answer's words. If you think an answer should get different points, copy the \
             lines below it into overrides.toml and change the number: they apply to everyone who gave that answer.",
        ),
        table("texts", "Answers in the students' own words; identical answers appear once", &columns, rows),
    ]
}

/// What grading gave for the same answer, in hundredths: one number, if everyone's goal was judged by the same rule.
fn given(question: Option<&Question>, rows: &[&Row]) -> BTreeSet<i64> {
    let goals = rows.iter().flat_map(|row| &row.goals);
    let judged =
        goals.filter(|goal| question.is_some_and(|question| goal.id == question.goal) && goal.verdict != Verdict::Skip);
    judged.map(|goal| goal.points).collect()
}

fn in_words(question: Option<&Question>, given: &BTreeSet<i64>) -> String {
    let of = question.map(|question| format!(" of {}", question.points)).unwrap_or_default();
    let all: Vec<String> = given.iter().map(|given| points(*given)).collect();
    // A goal that waits for a different one has 0 points, whatever the answer is.
    if all.is_empty() { "not judged".to_owned() } else { format!("{}{of}", all.join(" or ")) }
}

/// The lines for overrides.toml, with the points as they are. Both texts are as shown here, and mean the same as what
/// was handed in.
fn decide((exercise, key, answer): (&str, &str, &str), question: Option<&Question>, given: i64, count: usize) -> Html {
    let (given, of) = (points(given), question.map(|question| question.points).unwrap_or_default());
    let quoted = |text: &str| toml::Value::String(clean_line(text)).to_string();
    let words: Vec<String> = clean_line(answer).split_whitespace().map(str::to_owned).collect();
    let entry = format!(
        "[[answer]]\nexercise = {}\nkey = {}\ntext = {}\npoints = {given} # of {of}\nreason = \"\"",
        quoted(exercise),
        quoted(key),
        quoted(&words.join(" "))
    );
    let summary = match count {
        1 => "Decide about this answer".to_owned(),
        _ => format!("Decide for all {count} who gave this answer"),
    };
    let entry = el("pre", &[("tabindex", "0")], [lines(&entry)]);
    el("details", &[], [el("summary", &[], [text(&summary)]), entry])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, sample};

    #[test]
    fn what_is_copied_is_toml_and_the_same_answer() {
        for answer in [HOSTILE, "say \"it's\" \\ '''x'''", "two\nlines\tand ::error", "# [x] = 'a'"] {
            let mut book = sample();
            for row in &mut book.rows {
                row.answers.clear();
            }
            book.rows[0].answers.insert("why".to_owned(), answer.to_owned());
            book.rows[0].needs_review = vec![crate::report::ANSWER_WAITS.to_owned()];
            let page = Html::all(list(&book)).to_string();
            let entry = page.split("<pre tabindex=\"0\">").nth(1).unwrap().split("</pre>").next().unwrap();
            let entry = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
                .iter()
                .fold(entry.to_owned(), |text, (from, to)| text.replace(from, to));
            let table: toml::Table = entry.parse().unwrap_or_else(|error| panic!("{error}\n{entry}"));
            let pasted = table["answer"][0]["text"].as_str().unwrap();
            assert_eq!(normalized(pasted), normalized(answer), "{entry}");
            assert_eq!(table["answer"][0]["points"].as_integer(), Some(2));
        }
    }

    #[test]
    fn the_points_are_those_that_grading_gave() {
        let mut book = sample();
        book.rows.retain(|row| row.exercise == "ex1" && !row.goals.is_empty());
        for row in &mut book.rows {
            row.answers = BTreeMap::from([("why".to_owned(), "too short".to_owned())]);
            row.needs_review = vec![crate::report::ANSWER_WAITS.to_owned()];
            row.goals[1].id = "output".to_owned();
            (row.goals[1].verdict, row.goals[1].points) = (Verdict::Fail, 0);
        }
        let page = |book: &Gradebook| Html::all(list(book)).to_string();
        let html = page(&book);
        assert!(html.contains(">0 of 2<") && html.contains("points = 0 # of 2\n"), "{html}");
        assert!(!html.contains("points = 2"), "{html}");
        // A goal that isn't judged says nothing about the answer.
        book.rows[0].goals[1].verdict = Verdict::Skip;
        assert!(page(&book).contains(">0 of 2<"));
        (book.rows[1].goals[1].verdict, book.rows[1].goals[1].points) = (Verdict::Pass, 150);
        assert!(page(&book).contains(">0 or 1.5 of 2<"), "{}", page(&book));
        for row in &mut book.rows {
            row.goals[1].verdict = Verdict::Skip;
        }
        let html = page(&book);
        assert!(html.contains(">not judged<") && html.contains("points = 0 # of 2\n"), "{html}");
    }
}
