//! A page as units that are read together: sentences, table cells with the names of their row and column, and pairs of
//! cells.

use super::super::markers::Part;
use crate::prose::Page;
use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::Range;

/// What replaces a marker in the text that is searched.
const NUMBER: char = '\u{1}';

/// One number of a segment.
pub(super) struct Number<'a> {
    /// Its marker.
    pub part: &'a Part,
    /// Its place in the segment's text.
    pub at: usize,
    /// What its references name.
    pub names: BTreeSet<String>,
    /// The names that are sections.
    pub sections: BTreeSet<String>,
}

/// Ranges of a page that are read together.
pub(super) struct Segment {
    /// Its parts in the order in which they are read.
    pub ranges: Vec<Range<usize>>,
    /// What it is.
    pub kind: Kind,
}

impl Segment {
    fn sentence(place: Range<usize>) -> Self {
        Self { ranges: iter::once(place).collect(), kind: Kind::Sentence }
    }
}

/// What a segment is.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A sentence, or a heading.
    Sentence,
    /// A cell of a table, with the names of its row and column.
    Cell,
    /// Two cells with what distinguishes them.
    Pair,
}

/// The segments of a page.
pub(super) fn segments(text: &str, page: &Page, parts: &[Part]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let tables = tables(text, page);
    for table in &tables {
        for (index, row) in table.rows.iter().enumerate() {
            let (Some(label), columns) = (row.first(), 1..row.len()) else { continue };
            let head = |column: usize| table.head.get(column).cloned().unwrap_or_default();
            for column in columns.clone() {
                let cell = vec![label.clone(), head(column), row[column].clone()];
                segments.push(Segment { ranges: cell, kind: Kind::Cell });
                // Two columns of a row come in the order of their headings, and rows in the order of their labels.
                for next in column + 1..row.len() {
                    let pair = vec![head(column), row[column].clone(), head(next), row[next].clone()];
                    segments.push(Segment { ranges: pair, kind: Kind::Pair });
                }
                for earlier in table.rows[..index].iter().filter(|earlier| earlier.len() > column) {
                    let pair = [&earlier[0], &earlier[column], label, &row[column]];
                    segments.push(Segment { ranges: pair.into_iter().cloned().collect(), kind: Kind::Pair });
                }
            }
        }
    }
    let is_elsewhere = |at: usize| {
        tables.iter().any(|table| table.place.contains(&at))
            || page.fences.iter().any(|fence| fence.place.contains(&at))
            || parts.iter().any(|part| !part.inline && part.body.contains(&at))
    };
    let inline = parts.iter().filter(|part| part.inline).map(|part| whole(text, part));
    let ends: BTreeMap<usize, usize> = inline.map(|place| (place.start, place.end)).collect();
    let mut start = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        // A marker's expression may contain periods.
        if let Some(end) = ends.get(&at) {
            at = *end;
            continue;
        }
        if ends_here(text, at) {
            if !is_elsewhere(start) {
                segments.push(Segment::sentence(start..at + 1));
            }
            start = at + 1;
        }
        at += 1;
    }
    if !is_elsewhere(start) {
        segments.push(Segment::sentence(start..text.len()));
    }
    segments
}

/// Whether a sentence, a paragraph or an item of a list ends with this byte.
fn ends_here(text: &str, at: usize) -> bool {
    let rest = &text.as_bytes()[at + 1..];
    match text.as_bytes()[at] {
        b'\n' => {
            let blanks = rest.iter().take_while(|byte| **byte == b' ').count();
            let line = &rest[blanks..];
            line.is_empty() || line.starts_with(b"\n") || line.starts_with(b"- ") || line.starts_with(b"|")
        }
        b'.' | b'?' | b'!' => {
            let mut next = rest.iter().skip_while(|byte| b"*)\"".contains(byte));
            next.next().is_some_and(u8::is_ascii_whitespace)
                && next.find(|byte| !byte.is_ascii_whitespace()).is_none_or(|byte| !byte.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// A table of Markdown, with the places of its cells.
pub(super) struct Table {
    place: Range<usize>,
    head: Vec<Range<usize>>,
    rows: Vec<Vec<Range<usize>>>,
    names: Vec<String>,
}

impl Table {
    /// Whether a place is in it.
    pub(super) fn contains(&self, at: usize) -> bool {
        self.place.contains(&at)
    }

    /// The head of the column at a place.
    pub(super) fn head(&self, at: usize) -> String {
        let column = self.rows.iter().find_map(|row| row.iter().position(|cell| cell.contains(&at)));
        column.and_then(|column| self.names.get(column)).cloned().unwrap_or_default()
    }
}

/// The tables of a page.
pub(super) fn tables(text: &str, page: &Page) -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    let mut start = 0;
    let mut open = false;
    for line in text.split_inclusive('\n') {
        let place = start..start + line.len();
        start = place.end;
        let is_row = line.starts_with('|') && !page.fences.iter().any(|fence| fence.place.contains(&place.start));
        if !is_row {
            open = false;
        } else if !open {
            let head = cells(line, place.start);
            let names = head.iter().map(|cell| text[cell.clone()].trim().to_owned()).collect();
            tables.push(Table { place, head, rows: Vec::new(), names });
            open = true;
        } else if let Some(table) = tables.last_mut() {
            table.place.end = place.end;
            if !line.starts_with("|--") && !line.starts_with("|:-") && !line.starts_with("| --") {
                table.rows.push(cells(line, place.start));
            }
        }
    }
    tables
}

fn cells(line: &str, start: usize) -> Vec<Range<usize>> {
    let bars: Vec<usize> =
        line.match_indices('|').map(|(at, _)| at).filter(|&at| at == 0 || line.as_bytes()[at - 1] != b'\\').collect();
    bars.windows(2).map(|pair| start + pair[0] + 1..start + pair[1]).collect()
}

/// A marker with both of its comments.
pub(super) fn whole(text: &str, part: &Part) -> Range<usize> {
    let open = text[..part.name.start].rfind("<!--").unwrap_or(part.name.start);
    let close = text[part.body.end..].find("-->").map_or(part.body.end, |at| part.body.end + at + "-->".len());
    open..close
}

/// The words of a segment, with a placeholder for each number.
pub(super) fn flatten<'a>(text: &str, segment: &Segment, parts: &'a [Part]) -> (String, Vec<Number<'a>>) {
    let mut flat = String::new();
    let mut inside = Vec::new();
    for range in &segment.ranges {
        let mut from = range.start;
        for part in parts.iter().filter(|part| part.inline && range.contains(&part.name.start)) {
            let place = whole(text, part);
            flat.push_str(text.get(from..place.start).unwrap_or_default());
            flat.push(NUMBER);
            inside.push(part);
            from = place.end;
        }
        flat.push_str(text.get(from..range.end).unwrap_or_default());
        flat.push('\n');
    }
    let flat = normal(&flat);
    let places = flat.match_indices(NUMBER).map(|(at, _)| at).collect::<Vec<_>>();
    let numbers = inside.into_iter().zip(places).map(|(part, at)| {
        let names = names_in(&part.what);
        let sections = names.iter().filter(|name| name.starts_with('.')).cloned().collect();
        Number { part, at, names, sections }
    });
    let numbers = numbers.filter(|number| number.part.what.contains('/')).collect();
    (flat, numbers)
}

/// Lower case, `-` for `_`, without Markdown markup and link addresses, and with one space between words.
pub(super) fn normal(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        plain.push_str(before);
        plain.push(' ');
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain.push_str(rest);
    let plain = plain.replace(['\\'], "").replace('_', "-").replace(['`', '*', '"', '[', ']'], " ");
    plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the references of an expression name.
fn names_in(expression: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut is_theirs = false;
    for reference in expression.split_whitespace().filter(|word| word.contains('/')) {
        let (kind, rest) = reference.split_once('/').unwrap_or_default();
        if kind == "fact" || kind == "article" {
            is_theirs |= kind == "article";
            let rest = rest.replace('_', "-").replace("word-freq", "word freq").replace("config-tool", "config tool");
            names.extend(
                rest.split('-')
                    .map(|word| word.replace(' ', "-"))
                    .filter(|word| word.len() > 1 || word == "s" || word == "z" || word == "3"),
            );
        } else {
            names.insert(kind.replace('_', "-"));
            names.extend(rest.split('/').map(str::to_owned));
        }
    }
    names.insert(if is_theirs { "theirs" } else { "here" }.to_owned());
    names
}
