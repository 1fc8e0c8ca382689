//! Shows who is missing from a class, and who in it is unknown: an instructor looks for these first.

use super::markup::{Html, el, text};
use super::{id_of, name, paragraph, prose, table, words};
use crate::report::{Gradebook, Row, file_name};
use base::numbers::plural;
use std::collections::{BTreeMap, BTreeSet};

/// Names up to this number are shown at once.
const FEW: usize = 40;

/// A link to a student's page.
pub(super) fn student(student: &str) -> Html {
    el("a", &[("href", &format!("students/{}.html", file_name(student)))], [id_of(student)])
}

/// Students who handed in nothing for any exercise, in order.
pub(super) fn handed_in_nothing(book: &Gradebook) -> Vec<&str> {
    let mut all: BTreeMap<&str, bool> = BTreeMap::new();
    for row in &book.rows {
        *all.entry(&row.student).or_default() |= row.is_handed_in();
    }
    // Without a roster for this report, an earlier run may have known more.
    for missing in &book.missing {
        all.entry(missing).or_default();
    }
    all.into_iter().filter(|(_, handed_in)| !handed_in).map(|(student, _)| student).collect()
}

/// The submissions that aren't graded yet, except those that failed on our side, in order.
pub(super) fn waiting(book: &Gradebook) -> Vec<&Row> {
    book.sorted().into_iter().filter(|row| row.status == "not-graded-yet").collect()
}

/// The lists, each under a heading; one sentence if all of them are empty.
pub(super) fn lists(book: &Gradebook) -> Vec<Html> {
    let mut content = Vec::new();
    if !book.unknown.is_empty() {
        content.push(heading("Not in the roster", book.unknown.len()));
        content.extend(unknown(book));
    }
    let nothing = handed_in_nothing(book);
    if !nothing.is_empty() {
        content.push(heading("Handed in nothing", nothing.len()));
        let with_page: BTreeSet<&str> = book.rows.iter().map(|row| row.student.as_str()).collect();
        let names = nothing.iter().map(|&id| if with_page.contains(id) { student(id) } else { id_of(id) });
        content.push(names_of(names.collect()));
    }
    let waiting = waiting(book);
    if !waiting.is_empty() {
        content.push(heading("Not graded yet", waiting.len()));
        let advice =
            "These were handed in and have no result. Grade again, or merge the part of the class that is missing.";
        content.push(paragraph(advice));
        let names = waiting.iter().map(|row| {
            let exercise = format!(" {}", row.exercise);
            Html::all([student(&row.student), text(&exercise)])
        });
        content.push(names_of(names.collect()));
    }
    if content.is_empty() {
        content.push(paragraph("Every student is known, has handed in something, and is graded."));
    }
    content
}

fn heading(words: &str, count: usize) -> Html {
    el("h3", &[], [text(&format!("{words}: {count}"))])
}

/// Names one after another; a long list is folded.
pub(super) fn names_of(names: Vec<Html>) -> Html {
    let count = names.len();
    let list = el("ul", &[("class", "names")], names.into_iter().map(|name| el("li", &[], [name])));
    if count <= FEW {
        return list;
    }
    el("details", &[], [el("summary", &[], [text(&format!("Show all {}", plural(count, "name")))]), list])
}

fn unknown(book: &Gradebook) -> Vec<Html> {
    let with_page: BTreeSet<&str> = book.rows.iter().map(|row| row.student.as_str()).collect();
    let advice = "These entries are graded under the names of their folders or files, so their points reach no \
                  student in the roster. Correct the roster or the entry's name, and write the report again.";
    if book.is_anonymous {
        let codes = book.unknown.iter().map(|unknown| student(&unknown.student));
        return vec![paragraph(advice), names_of(codes.collect())];
    }
    let rows = book.unknown.iter().map(|unknown| {
        let id = unknown.student.as_str();
        let who = if with_page.contains(id) { student(id) } else { id_of(id) };
        let nearest = unknown.nearest.as_deref().map_or_else(|| text("none"), id_of);
        vec![who, name(&crate::report::id(&unknown.entry)), nearest]
    });
    let columns = [words("graded as"), prose("entry"), words("nearest id in the roster")];
    vec![paragraph(advice), table("unknown", "Entries that match no student in the roster", &columns, rows)]
}
