//! What a class believed before it measured: how its guesses are distributed, next to what was measured. It is about
//! the class as a whole: no names, and nothing where so few guessed that individuals could be identified.

use super::paragraph;
use crate::report::html::markup::{Html, marked, marks, text};
use crate::report::html::{number, picture, prose, table, words};
use crate::report::{Asked, Gradebook, Row};
use course::exercise::questions::{Order, Value};

/// With fewer guesses than this, none are shown.
const FEWEST: usize = 5;

/// The guesses as a table, one row for each question.
pub(super) fn list(book: &Gradebook) -> Vec<Html> {
    let rows: Vec<Vec<Html>> = book.asked.iter().filter_map(|asked| row(book, asked)).collect();
    if rows.is_empty() {
        return vec![paragraph("No guesses were handed in (guesses.toml, which `cargo xtask predict` writes).")];
    }
    let columns = [
        words("exercise"),
        prose("question"),
        number("guesses"),
        prose("what was guessed"),
        prose("what was measured"),
        number("close"),
        picture("each guess"),
    ];
    vec![
        paragraph(
            "Students guess before they measure; no points depend on it. A guess is close if it is within 10 % of \
             what was measured for the same submission, or within one percentage point. In the picture, each mark is \
             a guess, and the tall one is the median of what was measured. Questions with fewer than five guesses \
             aren't shown.",
        ),
        table("guesses-by-question", "Guesses of the class, by question", &columns, rows),
    ]
}

/// The row of a question; none as long as there are no guesses.
fn row(book: &Gradebook, Asked { exercise, name, ask }: &Asked) -> Option<Vec<Html>> {
    // Work that was handed in together has one guess.
    let is_first = |row: &&Row| row.team.iter().min().is_none_or(|first| *first == row.student);
    let own: Vec<&Row> = book.rows.iter().filter(|row| row.exercise == *exercise).filter(is_first).collect();
    let guesses: Vec<(Value, Option<Value>)> =
        own.iter().filter_map(|row| Some((*row.guesses.get(name)?, row.measured.get(name).copied()))).collect();
    if guesses.is_empty() {
        return None;
    }
    let question = [text(exercise), marked(ask)];
    if guesses.len() < FEWEST {
        let few = format!("fewer than {FEWEST} guesses, so they aren't shown");
        return Some(question.into_iter().chain([text("few"), text(&few), text(""), text(""), text("")]).collect());
    }
    let measured: Vec<Value> = own.iter().filter_map(|row| row.measured.get(name).copied()).collect();
    let judged: Vec<bool> = guesses.iter().filter_map(|(guess, measured)| Some(guess.is_close((*measured)?))).collect();
    let close = format!("{} of {}", judged.iter().filter(|is_close| **is_close).count(), judged.len());
    let guesses: Vec<Value> = guesses.into_iter().map(|(guess, _)| guess).collect();
    let cells = [
        text(&guesses.len().to_string()),
        text(&spread(&guesses)),
        text(&if measured.is_empty() { "not measured".to_owned() } else { spread(&measured) }),
        text(&if judged.is_empty() { String::new() } else { close }),
        drawn(&guesses, &measured),
    ];
    Some(question.into_iter().chain(cells).collect())
}

/// The numbers, sorted, without words.
fn sorted(values: &[Value]) -> Vec<Value> {
    let mut sorted: Vec<Value> = values.iter().copied().filter(|value| value.number().is_some()).collect();
    let number = |value: &Value| value.number().unwrap_or_default();
    sorted.sort_by(|a, b| number(a).total_cmp(&number(b)));
    sorted
}

/// The values in words: the range with the median, or how often each word was chosen.
fn spread(values: &[Value]) -> String {
    let sorted = sorted(values);
    if let (Some(least), Some(most)) = (sorted.first(), sorted.last()) {
        let middle = sorted[sorted.len() / 2];
        return if least == most { least.to_string() } else { format!("{least} to {most}; the median is {middle}") };
    }
    let said = |word: Order| values.iter().filter(|value| **value == Value::Order(word)).count();
    let words = [Order::Smaller, Order::Same, Order::Larger].map(|word| (word.word(), said(word)));
    match words.iter().filter(|(_, count)| *count > 0).collect::<Vec<_>>()[..] {
        [(word, _)] => (*word).to_owned(),
        _ => words.map(|(word, count)| format!("{word} {count}")).join(", "),
    }
}

/// Each guess as a mark between the smallest and the largest number; nothing for words.
fn drawn(guesses: &[Value], measured: &[Value]) -> Html {
    let (guesses, measured) = (sorted(guesses), sorted(measured));
    let middle = measured.get(measured.len() / 2);
    let all: Vec<f64> = guesses.iter().chain(middle).filter_map(|value| value.number()).collect();
    let ends =
        all.iter().copied().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| (a.min(value), b.max(value)));
    if guesses.is_empty() {
        return text("");
    }
    // A mark at the end must have room for its width.
    let at =
        |value: &Value| (value.number().unwrap_or_default() - ends.0) / (ends.1 - ends.0).max(f64::MIN_POSITIVE) * 0.99;
    let mut shown: Vec<(f64, f64, &str)> = guesses.iter().map(|guess| (at(guess), 0.006, "mark")).collect();
    shown.extend(middle.map(|middle| (at(middle), 0.008, "baseline")));
    marks(&shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::{HOSTILE, sample};
    use std::collections::BTreeMap;

    /// A class in which so many have guessed so.
    fn class(guesses: &[Value], measured: Value) -> Gradebook {
        let mut book = sample();
        let row = book.rows.iter().find(|row| row.exercise == "ex1").unwrap().clone();
        book.rows = guesses
            .iter()
            .enumerate()
            .map(|(index, guess)| Row {
                student: format!("student-{index}"),
                guesses: BTreeMap::from([("lto".to_owned(), *guess)]),
                measured: BTreeMap::from([("lto".to_owned(), measured)]),
                ..row.clone()
            })
            .collect();
        let asked = Asked { exercise: "ex1".to_owned(), name: "lto".to_owned(), ask: HOSTILE.to_owned() };
        book.asked = vec![asked];
        book
    }

    fn page(book: &Gradebook) -> String {
        Html::all(list(book)).to_string()
    }

    #[test]
    fn the_spread_is_beside_what_was_measured_and_names_nobody() {
        let percent = [20.0, -5.0, 14.0, 15.0, 60.0, 14.5].map(Value::SavedPercent);
        let html = page(&class(&percent, Value::SavedPercent(14.5)));
        assert!(html.contains("5 % larger to 60 % smaller; the median is 15 % smaller"), "{html}");
        assert!(html.contains(">14.5 % smaller<") && html.contains(">3 of 6<"), "{html}");
        assert_eq!((html.matches("class=\"mark\"").count(), html.matches("class=\"baseline\"").count()), (6, 1));
        assert!(!html.contains("student-") && !html.contains("<b>") && !html.contains("<script"), "{html}");
        let words = [Order::Same, Order::Same, Order::Larger, Order::Same, Order::Same].map(Value::Order);
        let html = page(&class(&words, Value::Order(Order::Larger)));
        assert!(html.contains("smaller 0, same 4, larger 1") && html.contains(">larger<") && html.contains(">1 of 5<"));
        let same = [Value::Bytes(5); 5];
        assert!(page(&class(&same, Value::Bytes(5))).contains(">5 of 5<"), "no distance to divide by");
    }

    #[test]
    fn of_few_guesses_nothing_is_shown_and_a_team_has_one() {
        let four = [77.0, 78.0, 79.0, 80.0].map(Value::SavedPercent);
        let html = page(&class(&four, Value::SavedPercent(14.5)));
        assert!(html.contains("fewer than 5 guesses") && !html.contains('7') && !html.contains("14.5"), "{html}");
        let mut book = class(&[Value::SavedPercent(77.0); 5], Value::SavedPercent(14.5));
        for row in &mut book.rows[..2] {
            row.team = vec!["student-1".to_owned(), "student-0".to_owned()];
        }
        assert!(page(&book).contains("fewer than 5 guesses"));
        book.rows.iter_mut().for_each(|row| row.guesses.clear());
        assert!(page(&book).contains("No guesses were handed in"));
    }
}
