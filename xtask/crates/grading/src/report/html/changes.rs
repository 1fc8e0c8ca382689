//! The page of what has changed since the previous report, so that an instructor who grades again reads only what is
//! new.

use super::listing::{self, Filter, listing};
use super::markup::{Html, el, text};
use super::people::student;
use super::{Column, frame, id_of, paragraph, prose, section, words};
use crate::report::{Change, Gradebook, Since};
use base::numbers::plural;
use std::collections::{BTreeMap, BTreeSet};

/// The page; none for the first report.
pub(crate) fn page(book: &Gradebook) -> Option<String> {
    let since = book.since.as_ref()?;
    let body = if since.changes.is_empty() {
        vec![section("changes", "Changes", [nothing(since)])]
    } else {
        vec![el("p", &[], [text(&format!("{}.", in_short(since)))]), everything(book, since)]
    };
    let back = el("p", &[], [el("a", &[("href", "index.html")], [text("The whole class")])]);
    let title = format!("{}: changes since {}", book.title, since.time);
    Some(frame(book, &title, Some(&super::LISTING), [back].into_iter().chain(body).collect()))
}

/// What the class page says about it.
pub(super) fn summary(since: &Since) -> Vec<Html> {
    if since.changes.is_empty() {
        return vec![nothing(since)];
    }
    let link = el("a", &[("href", "changes.html")], [text(&in_short(since))]);
    vec![el("p", &[], [link, text(&format!(", since the report of {}.", since.time))])]
}

fn nothing(since: &Since) -> Html {
    paragraph(&format!("No score, status or review has changed since the report of {}.", since.time))
}

fn in_short(since: &Since) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for change in &since.changes {
        *counts.entry(change.what).or_default() += 1;
    }
    let counts = counts.into_iter().map(|(what, count)| match what {
        "appeared" => format!("{} appeared", plural(count, "row")),
        "vanished" => format!("{} vanished", plural(count, "row")),
        "review" => plural(count, "changed review"),
        "status" => plural(count, "changed status").replace("statuss", "statuses"),
        _ => plural(count, "changed score"),
    });
    counts.collect::<Vec<_>>().join(", ")
}

fn everything(book: &Gradebook, since: &Since) -> Html {
    let with_page: BTreeSet<&str> = book.rows.iter().map(|row| row.student.as_str()).collect();
    let rows = since.changes.iter().map(|change| {
        let Change { student: id, exercise, what, before, after, why } = change;
        let who = if with_page.contains(id.as_str()) { student(id) } else { id_of(id) };
        listing::Row {
            cells: [who, text(exercise), text(what), text(before), text(after), text(why)]
                .map(|cell| (cell, None))
                .into(),
            values: vec![("data-exercise", vec![exercise.clone()]), ("data-change", vec![(*what).to_owned()])],
        }
    });
    let columns: [Column; 6] =
        [words("student"), words("exercise"), words("change"), prose("before"), prose("after"), prose("why")];
    let values = |of: &dyn Fn(&Change) -> String| {
        let all: BTreeSet<String> = since.changes.iter().map(of).collect();
        vec![(String::new(), all.into_iter().map(|value| (value.clone(), value)).collect())]
    };
    let filters = [
        Filter { key: "data-exercise", label: "Exercise", groups: values(&|change| change.exercise.clone()) },
        Filter { key: "data-change", label: "Change", groups: values(&|change| change.what.to_owned()) },
    ];
    let caption = format!("What differs from the report of {}", since.time);
    listing("changes", "Changes", &caption, "changes", &columns, &filters, rows)
}
