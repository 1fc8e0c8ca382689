//! The results of a class as pages: one for the instructor, and one to hand out for each student. Each is one file that holds
//! all it needs and can load and run nothing, so it can be opened from a disk or sent by mail.

mod index;
mod markup;
mod student;
mod tally;

pub use index::page as index;
pub use student::page as student;

use super::{Gradebook, Row, points};
use crate::report::html::digest;
use crate::units::{change, thousands};
use markup::{Html, el, text};
use std::sync::LazyLock;

const STYLE: &str = concat!(include_str!("../html/base.css"), include_str!("html/page.css"));

/// What the policy of a page calls its style: the same for all pages, so it is found once.
static STYLE_DIGEST: LazyLock<String> = LazyLock::new(|| digest(STYLE));

/// A page around its content. No script may run, and no style but our own.
fn frame(book: &Gradebook, title: &str, body: Vec<Html>) -> String {
    let policy = format!("default-src 'none'; style-src '{}'; base-uri 'none'; form-action 'none'", *STYLE_DIGEST);
    let mut content = vec![el("h1", &[], [text(title)])];
    let made_with = format!("rustc {}, {}, sandbox: {}", book.toolchain, book.target, book.sandbox);
    content.push(el("p", &[("class", "muted")], [text(&made_with)]));
    if book.is_unprotected() {
        let stamp = "sandbox: none. Nothing kept a submission from reading the files of the course or from changing the \
                     results of others.";
        content.push(el("p", &[("class", "stamp")], [text(stamp)]));
    }
    // The browser must know the encoding and the policy before anything that a student wrote.
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n{}<main>\n{}</main>\n\
         </body>\n</html>\n",
        text(title),
        el("header", &[], content),
        Html::all(body),
    )
}

/// A column of a table.
struct Column {
    head: &'static str,
    class: &'static str,
}

const fn words(head: &'static str) -> Column {
    Column { head, class: "" }
}

/// Words that need some room in a narrow window.
const fn prose(head: &'static str) -> Column {
    Column { head, class: "prose" }
}

const fn number(head: &'static str) -> Column {
    Column { head, class: "number" }
}

/// A bar; its number stands in another column.
const fn picture(head: &'static str) -> Column {
    Column { head, class: "picture" }
}

/// A table whose first cells are the heads of their rows. It can be scrolled, by keys too, where the window is narrow.
fn table(id: &str, caption: &str, columns: &[Column], rows: impl IntoIterator<Item = Vec<Html>>) -> Html {
    let cell = |name: &'static str, scope: Option<&str>, class: &str, content: Html| {
        let mut attributes = Vec::new();
        attributes.extend(scope.map(|scope| ("scope", scope)));
        attributes.extend(Some(("class", class)).filter(|(_, class)| !class.is_empty()));
        el(name, &attributes, [content])
    };
    let head = columns.iter().map(|column| cell("th", Some("col"), column.class, text(column.head)));
    let head = el("thead", &[], [el("tr", &[], head)]);
    let rows = rows.into_iter().map(|row| {
        let cells = columns.iter().zip(row).enumerate().map(|(index, (column, content))| match index {
            0 => cell("th", Some("row"), column.class, content),
            _ => cell("td", None, column.class, content),
        });
        el("tr", &[], cells)
    });
    let body = el("tbody", &[], rows);
    let caption = el("caption", &[("id", id)], [el("span", &[], [text(caption)])]);
    let table = el("table", &[], [caption, head, body]);
    el("div", &[("class", "scroll"), ("role", "region"), ("aria-labelledby", id), ("tabindex", "0")], [table])
}

/// A part of a page under a heading. The heading names it for those who listen.
fn section(id: &str, heading: &str, content: impl IntoIterator<Item = Html>) -> Html {
    let title = format!("{id}-title");
    let heading = el("h2", &[("id", &title)], [text(heading)]);
    el("section", &[("id", id), ("aria-labelledby", &title)], [heading].into_iter().chain(content))
}

fn paragraph(content: &str) -> Html {
    el("p", &[], [text(content)])
}

/// A name in its own direction of writing.
fn name(content: &str) -> Html {
    el("bdi", &[], [text(content)])
}

/// `7.5 of 10`, or that there is no grade.
fn score(row: &Row) -> String {
    row.score
        .map_or_else(|| "no grade yet".to_owned(), |score| format!("{} of {}", points(score), points(row.max_score)))
}

/// The size, and its change against what it is compared with.
fn size(row: &Row) -> (String, String) {
    let bytes = row.size_bytes.map(thousands).unwrap_or_default();
    let change = row.size_bytes.zip(row.size_baseline).map(|(bytes, baseline)| change(bytes, baseline));
    // With the sign that a printed page would have, and a space that does not break.
    (bytes, change.unwrap_or_default().replace('-', "\u{2212}").replace(' ', "\u{a0}"))
}

#[cfg(test)]
mod tests;
