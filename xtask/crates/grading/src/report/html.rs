//! The results of a class as pages: one for the instructor, one with what has changed, and one to hand out for each
//! student. Each is one file that contains everything it needs and loads nothing, so it can be opened from disk or sent
//! by mail. Pages with long tables have one script, which the page's policy names by its digest; no other script runs.

mod changes;
mod index;
mod listing;
mod markup;
mod people;
pub(crate) mod similar;
mod student;
mod tally;

pub(crate) use changes::page as changes;
pub(crate) use index::page as index;
pub(crate) use student::page as student;

use super::{Gradebook, Row, id, points};
use base::numbers::{change, plural, thousands};
use markup::{Html, el, text};
use std::sync::LazyLock;
use weigh::report::html::{BASE_STYLE, digest};

static STYLE: LazyLock<String> = LazyLock::new(|| BASE_STYLE.to_owned() + include_str!("html/page.css"));

/// The hash of a page's style in its policy: the same for all pages, so it is found once.
static STYLE_DIGEST: LazyLock<String> = LazyLock::new(|| digest(&STYLE));

/// A page's script, as its policy names it.
struct Script {
    text: &'static str,
    digest: LazyLock<String>,
}

/// For pages with a table of thousands of rows.
static LISTING: Script =
    Script { text: include_str!("html/listing.js"), digest: LazyLock::new(|| digest(include_str!("html/listing.js"))) };

/// A page of a gradebook around its content.
fn frame(book: &Gradebook, title: &str, script: Option<&Script>, body: Vec<Html>) -> String {
    let sandbox = match (book.is_unprotected(), book.rows.iter().any(|row| row.sandbox.as_deref() == Some("bwrap"))) {
        (true, true) => {
            let count = book.rows.iter().filter(|row| row.sandbox.as_deref() == Some("none")).count();
            format!("none for {} of {}, bwrap for the others", count, plural(book.rows.len(), "submission"))
        }
        (true, false) => "none".to_owned(),
        (false, _) => "bwrap".to_owned(),
    };
    let made_with = if book.toolchain.is_empty() {
        "nothing is graded yet".to_owned()
    } else {
        format!("rustc {}, {}, sandbox: {sandbox}", book.toolchain, book.target)
    };
    let mut content = vec![el("p", &[("class", "muted")], [text(&made_with)])];
    if book.is_unprotected() {
        let stamp = "sandbox: none. Nothing kept a submission from reading the files of the course or from changing the \
                     results of others.";
        content.push(el("p", &[("class", "stamp")], [text(stamp)]));
    }
    page(title, content, script, body)
}

/// A page around its content. Only the given script may run, and only our own style applies.
fn page(title: &str, head: Vec<Html>, script: Option<&Script>, body: Vec<Html>) -> String {
    let allowed = script.map(|script| format!(" script-src '{}';", *script.digest)).unwrap_or_default();
    let policy =
        format!("default-src 'none'; style-src '{}';{allowed} base-uri 'none'; form-action 'none'", *STYLE_DIGEST);
    let content = Html::all([el("h1", &[], [text(title)])].into_iter().chain(head));
    let script = script.map(|script| format!("<script>{}</script>\n", script.text)).unwrap_or_default();
    // The browser must know the encoding and the policy before anything that a student wrote.
    format!(
        "{OPENING}\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{}<main>\n{}</main>\n\
         {script}</body>\n</html>\n",
        text(title),
        *STYLE,
        el("header", &[], [content]),
        Html::all(body),
    )
}

/// The first line of each of our pages.
const OPENING: &str = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">";

/// Whether a file is a page of ours, so that it may be removed when it is out of date.
pub(crate) fn is_ours(page: &[u8]) -> bool {
    let rest = page.strip_prefix(OPENING.as_bytes());
    rest.is_some_and(|rest| {
        rest.starts_with(b"\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'")
    })
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

/// A bar; its number is in a different column.
const fn picture(head: &'static str) -> Column {
    Column { head, class: "picture" }
}

/// A table whose first cells are the heads of their rows. It can be scrolled, including by keyboard, where the window
/// is narrow.
fn table(id: &str, caption: &str, columns: &[Column], rows: impl IntoIterator<Item = Vec<Html>>) -> Html {
    let rows = rows.into_iter().map(|row| el("tr", &[], cells(columns, row.into_iter().map(|cell| (cell, None)))));
    table_of(id, caption, columns, rows)
}

/// A row's cells, each with an optional sort key.
fn cells(columns: &[Column], row: impl IntoIterator<Item = (Html, Option<String>)>) -> Vec<Html> {
    let cells = columns.iter().zip(row).enumerate().map(|(index, (column, (content, sort)))| match index {
        0 => cell("th", Some("row"), column.class, sort.as_deref(), content),
        _ => cell("td", None, column.class, sort.as_deref(), content),
    });
    cells.collect()
}

fn cell(name: &'static str, scope: Option<&str>, class: &str, sort: Option<&str>, content: Html) -> Html {
    let mut attributes = Vec::new();
    attributes.extend(scope.map(|scope| ("scope", scope)));
    attributes.extend(Some(("class", class)).filter(|(_, class)| !class.is_empty()));
    attributes.extend(sort.map(|sort| ("data-sort", sort)));
    el(name, &attributes, [content])
}

/// A table around existing rows.
fn table_of(id: &str, caption: &str, columns: &[Column], rows: impl IntoIterator<Item = Html>) -> Html {
    let head = columns.iter().map(|column| cell("th", Some("col"), column.class, None, text(column.head)));
    let head = el("thead", &[], [el("tr", &[], head)]);
    let caption = el("caption", &[("id", id)], [el("span", &[], [text(caption)])]);
    let table = el("table", &[], [caption, head, el("tbody", &[], rows)]);
    el("div", &[("class", "scroll"), ("role", "region"), ("aria-labelledby", id), ("tabindex", "0")], [table])
}

/// A part of a page under a heading. The heading names it for screen readers.
fn section(id: &str, heading: &str, content: impl IntoIterator<Item = Html>) -> Html {
    let title = format!("{id}-title");
    let heading = el("h2", &[("id", &title)], [text(heading)]);
    el("section", &[("id", id), ("aria-labelledby", &title)], [heading].into_iter().chain(content))
}

fn paragraph(content: &str) -> Html {
    el("p", &[], [text(content)])
}

/// A name in its own writing direction.
fn name(content: &str) -> Html {
    el("bdi", &[], [text(content)])
}

/// A student's id, shown so that no two look the same.
fn id_of(student: &str) -> Html {
    name(&id(student))
}

/// `7.5 of 10`, or that there is no grade.
fn score(row: &Row) -> String {
    row.score
        .map_or_else(|| "no grade yet".to_owned(), |score| format!("{} of {}", points(score), points(row.max_score)))
}

/// The size, and how it differs from the one it is compared with.
fn size(row: &Row) -> (String, String) {
    let bytes = row.size_bytes.map(thousands).unwrap_or_default();
    let change = row.size_bytes.zip(row.size_baseline).map(|(bytes, baseline)| change(bytes, baseline));
    // With the sign that a printed page would have, and a space that does not break.
    (bytes, change.unwrap_or_default().replace('-', "\u{2212}").replace(' ', "\u{a0}"))
}

#[cfg(test)]
mod tests;
