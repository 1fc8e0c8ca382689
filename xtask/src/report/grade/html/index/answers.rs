//! Answers in the students' own words that no person has decided about, to be read from the top to the bottom. The same answer
//! is there once, with the lines that decide about everyone who gave it.

use super::super::markup::{Html, el, lines, text};
use super::super::{people, prose, table, words};
use super::{paragraph, waits_for_a_reader};
use crate::report::grade::{Gradebook, Row, clean_line, normalized};
use std::collections::BTreeMap;

/// The answers as a table.
pub fn list(book: &Gradebook) -> Vec<Html> {
    let mut by_text: BTreeMap<(&str, &str, String), Vec<&Row>> = BTreeMap::new();
    for row in book.sorted() {
        let waits = waits_for_a_reader(row);
        for (key, answer) in row.answers.iter().filter(|(key, _)| waits && !row.decisions.contains_key(*key)) {
            by_text.entry((&row.exercise, key, normalized(answer))).or_default().push(row);
        }
    }
    if by_text.is_empty() {
        return vec![paragraph("No answer waits for a person.")];
    }
    let rows = by_text.iter().map(|((exercise, key, _), rows)| {
        let who = rows.iter().map(|row| people::student(&row.student)).collect();
        let question = [text(exercise), text(" "), el("code", &[], [text(key)])];
        let answer = &rows[0].answers[*key];
        let cells = [text(answer), decide(book, exercise, key, answer, rows.len())];
        vec![Html::all(question), Html::all(cells), people::names_of(who)]
    });
    let columns = [words("question"), prose("answer"), prose("whose")];
    vec![
        paragraph(
            "The check saw only that there is an answer, and has given its points. Where you think otherwise, copy the lines \
             below an answer into overrides.toml: they hold for everyone who gave it.",
        ),
        table("texts", "Answers in the students' own words; the same answer is there once", &columns, rows),
    ]
}

/// The lines for overrides.toml. Both of its texts are as they are shown here, and mean the same as what was handed in.
fn decide(book: &Gradebook, exercise: &str, key: &str, answer: &str, count: usize) -> Html {
    let points = book.questions.get(&(exercise.to_owned(), key.to_owned())).copied().unwrap_or_default();
    let quoted = |text: &str| toml::Value::String(clean_line(text)).to_string();
    let words: Vec<String> = clean_line(answer).split_whitespace().map(str::to_owned).collect();
    let entry = format!(
        "[[answer]]\nexercise = {}\nkey = {}\ntext = {}\npoints = {points} # of {points}\nreason = \"\"",
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
    use crate::report::grade::tests::{HOSTILE, sample};

    #[test]
    fn what_is_copied_is_toml_and_the_same_answer() {
        for answer in [HOSTILE, "say \"it's\" \\ '''x'''", "two\nlines\tand ::error", "# [x] = 'a'"] {
            let mut book = sample();
            for row in &mut book.rows {
                row.answers.clear();
            }
            book.rows[0].answers.insert("why".to_owned(), answer.to_owned());
            book.rows[0].needs_review = vec![crate::report::grade::ANSWER_WAITS.to_owned()];
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
}
