//! Whether a generated number is what the words around it say. A marker is always up to date, even where it is in the wrong
//! place: "`.symtab` and `.strtab` are A and B bytes" with A and B swapped would pass every other check.
//!
//! What a reference names (a section, a profile, a program, the words of a fact's name) is looked for in its sentence, with
//! the other words for it that `docs/facts/words.toml` declares. Two numbers must come in the order of their names, or each
//! must be nearest to its own. A section must be named wherever its bytes are. A unit after a number must be its unit.

use super::facts::{Facts, Unit};
use super::lint::Finding;
use super::markers::Part;
use super::values;
use crate::diagnostic;
use crate::prose::Page;
use std::collections::BTreeSet;
use std::ops::Range;

/// What replaces a marker in the text that is searched.
const NUMBER: char = '\u{1}';

/// One number of a segment.
struct Number<'a> {
    part: &'a Part,
    /// Its place in the segment's text.
    at: usize,
    /// What its references name.
    names: BTreeSet<String>,
    /// Those of the names that are sections.
    sections: BTreeSet<String>,
}

/// Every marker whose sentence contradicts it.
pub fn names(text: &str, page: &Page, parts: &[Part], facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for segment in segments(text, page, parts) {
        let (flat, numbers) = flatten(text, &segment, parts);
        let words = Words { text: &flat, facts };
        let mut wrong = |number: &Number<'_>, message: String| {
            let line = diagnostic::line_and_column(text, number.part.name.start).0;
            found.push(Finding { line, message });
        };
        for (index, number) in numbers.iter().enumerate() {
            if segment.kind != Kind::Pair
                && let Some(message) = words.missing_section(number, &numbers)
            {
                wrong(number, message);
            }
            for earlier in &numbers[..index] {
                if let Some(message) = words.swapped(earlier, number, &segment) {
                    wrong(number, message);
                }
            }
        }
    }
    found.sort_by_key(|finding| finding.line);
    found.dedup();
    found
}

/// Every number that is followed by a unit that isn't its own, or is below such a head of a column.
pub fn units(text: &str, page: &Page, parts: &[Part], facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let heads = tables(text, page);
    for part in parts.iter().filter(|part| part.inline) {
        let Some(own) = values::shown_as(&part.what, facts) else { continue };
        let head = heads.iter().find(|table| table.contains(part.name.start)).map(|table| table.head(part.name.start));
        // Nothing comes after the number in most cells. A head such as "change in bytes" then says what it is.
        let after = words_after(&text[whole(text, part).end..]);
        let word = match head {
            Some(head) if after.is_empty() => words_after(head.rsplit(" in ").next().unwrap_or_default()),
            _ => after,
        };
        if let Some(wanted) = disagrees(own, &word) {
            let line = diagnostic::line_and_column(text, part.name.start).0;
            let said = if word.is_empty() { "nothing".to_owned() } else { format!("`{word}`") };
            found.push(Finding { line, message: format!("`{}` {wanted}, but the text says {said}", part.what) });
        }
    }
    found
}

/// What a number is, where the word after it says something else.
fn disagrees(own: values::Shown, word: &str) -> Option<String> {
    let bytes = ["B", "byte", "bytes"].contains(&word);
    let scaled = ["kB", "KB", "KiB", "MB", "MiB", "GB", "GiB", "kilobytes", "megabytes"].contains(&word);
    let percent = ["%", "percent"].contains(&word);
    let instructions = ["instruction", "instructions"].contains(&word);
    let milliseconds = ["ms", "millisecond", "milliseconds"].contains(&word);
    let seconds = ["s", "seconds", "minutes"].contains(&word);
    let is_unit = bytes || scaled || percent || instructions || milliseconds || seconds;
    let fits = match own {
        values::Shown::WithUnit => !bytes && !scaled && !percent,
        values::Shown::Millions => word == "million",
        values::Shown::Plain(Unit::Bytes) => bytes || !is_unit,
        values::Shown::Plain(Unit::Instructions) => instructions || !is_unit,
        values::Shown::Plain(Unit::Milliseconds) => milliseconds || !is_unit,
        values::Shown::Plain(Unit::Count) => !is_unit,
    };
    (!fits).then(|| match own {
        values::Shown::WithUnit => "has its unit already".to_owned(),
        values::Shown::Millions => "is a number of millions and needs `million` after it".to_owned(),
        values::Shown::Plain(unit) => format!("is a number of {}", unit.things()),
    })
}

/// The first word of a text: a unit, if one comes next.
fn words_after(text: &str) -> String {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{a0}' || c == '`');
    if let Some(percent) = text.strip_prefix('%') {
        return text[..text.len() - percent.len()].to_owned();
    }
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

/// The text that is searched for names, and what they are called.
struct Words<'a> {
    text: &'a str,
    facts: &'a Facts,
}

impl Words<'_> {
    /// Where a name is mentioned, by itself or by another word for it.
    fn places(&self, name: &str) -> Vec<Range<usize>> {
        let others = self.facts.words.get(name).into_iter().flatten().map(|word| normal(word));
        let mut places: Vec<Range<usize>> = [normal(name)]
            .into_iter()
            .chain(others)
            .flat_map(|word| {
                let found: Vec<usize> = self.text.match_indices(word.trim()).map(|(at, _)| at).collect();
                let places = found.into_iter().map(move |at| at..at + word.trim().len());
                places.filter(|place| self.is_whole(place))
            })
            .collect();
        places.sort_by_key(|place| place.start);
        places
    }

    /// Whether a place isn't a part of a longer word, such as `.data` in `.data.rel.ro`.
    fn is_whole(&self, place: &Range<usize>) -> bool {
        let is_part = |c: char| c.is_alphanumeric() || c == '-';
        let after = &self.text[place.end..];
        let goes_on = after.strip_prefix('.').is_some_and(|rest| rest.starts_with(char::is_alphanumeric));
        !self.text[..place.start].ends_with(is_part) && !after.starts_with(is_part) && !goes_on
    }

    /// Bytes of a section need the section's name in the same sentence, and no other section's name nearer by.
    fn missing_section(&self, number: &Number<'_>, all: &[Number<'_>]) -> Option<String> {
        let sections: BTreeSet<&String> = all.iter().flat_map(|number| &number.sections).collect();
        for section in &number.sections {
            // A share of `.text` may be called a share of the code; that is a declared word.
            let own = self.places(section);
            if own.is_empty() {
                return Some(format!(
                    "`{}` is about `{section}`, which its sentence doesn't name; name it, or add the word that does to docs/facts/words.toml",
                    number.part.what
                ));
            }
            let others: Vec<Range<usize>> = self
                .facts
                .words
                .keys()
                .filter(|name| name.starts_with('.') && !sections.contains(name))
                .flat_map(|name| self.places(name))
                .collect();
            if nearest(&own, number.at) > nearest(&others, number.at) {
                return Some(format!(
                    "`{}` is nearer to the name of another section than to `{section}`",
                    number.part.what
                ));
            }
        }
        None
    }

    /// Whether two numbers come in the other order than the names that tell them apart.
    fn swapped(&self, a: &Number<'_>, b: &Number<'_>, segment: &Segment) -> Option<String> {
        if a.part.what == b.part.what {
            return (segment.kind != Kind::Pair)
                .then(|| format!("`{}` is twice in one sentence; one of them means something else", b.part.what));
        }
        let only = |one: &Number<'_>, other: &Number<'_>| -> Vec<Range<usize>> {
            let mut places: Vec<Range<usize>> =
                one.names.difference(&other.names).flat_map(|name| self.places(name)).collect();
            places.sort_by_key(|place| place.start);
            places
        };
        let (mut of_a, mut of_b) = (only(a, b), only(b, a));
        // A word that stands for both tells nothing.
        let both: Vec<Range<usize>> = of_a.iter().filter(|place| of_b.contains(place)).cloned().collect();
        of_a.retain(|place| !both.contains(place));
        of_b.retain(|place| !both.contains(place));
        let (first_a, first_b) = (of_a.first()?.start, of_b.first()?.start);
        let is_nearest = |own: &[Range<usize>], others: &[Range<usize>], at| nearest(own, at) <= nearest(others, at);
        let fits = first_a < first_b || is_nearest(&of_a, &of_b, a.at) && is_nearest(&of_b, &of_a, b.at);
        (!fits).then(|| {
            format!("`{}` and `{}` come in the other order than what they are about", a.part.what, b.part.what)
        })
    }
}

/// How many bytes are between a number and the nearest of these places.
fn nearest(places: &[Range<usize>], at: usize) -> usize {
    let distance =
        |place: &Range<usize>| if place.start > at { place.start - at } else { at.saturating_sub(place.end) };
    places.iter().map(distance).min().unwrap_or(usize::MAX)
}

/// Ranges of a page that are read together.
struct Segment {
    ranges: Vec<Range<usize>>,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Sentence,
    /// A cell of a table, with the names of its row and column.
    Cell,
    /// Two cells with what tells them apart.
    Pair,
}

fn segments(text: &str, page: &Page, parts: &[Part]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let tables = tables(text, page);
    for table in &tables {
        for (index, row) in table.rows.iter().enumerate() {
            let (Some(label), columns) = (row.first(), 1..row.len()) else { continue };
            let head = |column: usize| table.head.get(column).cloned().unwrap_or_default();
            for column in columns.clone() {
                let cell = vec![label.clone(), head(column), row[column].clone()];
                segments.push(Segment { ranges: cell, kind: Kind::Cell });
                // Two columns of a row come in the order of their heads, and the rows in that of their labels.
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
    let mut start = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        // A marker's expression may hold full stops.
        if let Some(part) = parts.iter().find(|part| part.inline && whole(text, part).start == at) {
            at = whole(text, part).end;
            continue;
        }
        if ends_here(text, at) {
            if !is_elsewhere(start) {
                segments.push(Segment { ranges: [start..at + 1].into(), kind: Kind::Sentence });
            }
            start = at + 1;
        }
        at += 1;
    }
    if !is_elsewhere(start) {
        segments.push(Segment { ranges: [start..text.len()].into(), kind: Kind::Sentence });
    }
    segments
}

/// Whether a sentence, a paragraph or an item of a list ends with this byte.
fn ends_here(text: &str, at: usize) -> bool {
    let rest = &text.as_bytes()[at + 1..];
    match text.as_bytes()[at] {
        b'\n' => {
            let line = rest.iter().skip_while(|byte| **byte == b' ').copied().collect::<Vec<u8>>();
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
struct Table {
    place: Range<usize>,
    head: Vec<Range<usize>>,
    rows: Vec<Vec<Range<usize>>>,
    names: Vec<String>,
}

impl Table {
    fn contains(&self, at: usize) -> bool {
        self.place.contains(&at)
    }

    /// The head of the column at a place.
    fn head(&self, at: usize) -> String {
        let column = self.rows.iter().find_map(|row| row.iter().position(|cell| cell.contains(&at)));
        column.and_then(|column| self.names.get(column)).cloned().unwrap_or_default()
    }
}

fn tables(text: &str, page: &Page) -> Vec<Table> {
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
fn whole(text: &str, part: &Part) -> Range<usize> {
    let open = text[..part.name.start].rfind("<!--").unwrap_or(part.name.start);
    let close = text[part.body.end..].find("-->").map_or(part.body.end, |at| part.body.end + at + "-->".len());
    open..close
}

/// The words of a segment, with a sign in the place of each number.
fn flatten<'a>(text: &str, segment: &Segment, parts: &'a [Part]) -> (String, Vec<Number<'a>>) {
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

/// Lower case, `-` for `_`, no marks of Markdown, no addresses of links, and one space between words.
fn normal(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::markers;
    use super::*;
    use crate::prose;
    use std::path::Path;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        for (name, words) in [
            (".text", &["machine code", "code"][..]),
            (".symtab", &["symbols"]),
            (".strtab", &["names"]),
            (".eh_frame", &[]),
            (".eh_frame_hdr", &[]),
            ("only-strip", &["strip"]),
            ("only-lto", &["lto"]),
            ("theirs", &["article"]),
        ] {
            facts.words.insert(name.to_owned(), words.iter().map(|word| (*word).to_owned()).collect());
        }
        let fact = |name: &str, unit: Unit| super::super::facts::Fact::example(name, unit);
        facts.facts.push(fact("work", Unit::Instructions));
        facts.facts.push(fact("time", Unit::Milliseconds));
        facts.facts.push(fact("frames", Unit::Count));
        facts.facts.push(fact("tool", Unit::Bytes));
        facts
    }

    fn said(text: &str, check: fn(&str, &Page, &[Part], &Facts) -> Vec<Finding>) -> Vec<String> {
        // `{bytes a/b}` is a marker here, so that the sentences can be read.
        let text = text.replace('{', "<!--= ").replace('}', " -->1<!--/-->");
        let parts = markers::parts(Path::new("a.md"), &text).unwrap();
        check(&text, &prose::read(&text), &parts, &facts()).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn numbers_in_the_order_of_their_names_are_right() {
        for text in [
            "In `a`, `.symtab` and `.strtab` are {bytes a/release/.symtab} and {bytes a/release/.strtab} bytes.",
            "It is {bytes a/release/.symtab} bytes in `.symtab` and {bytes a/release/.strtab} in `.strtab`.",
            "Of {bytes a/release}, {bytes a/release/.text} bytes are machine\ncode.",
            "Alone, LTO saves {saved a/release a/only-lto}, `strip` {saved a/release a/only-strip}.",
            "`word\\_freq` is {bytes word_freq/dist}, `config_tool` {bytes config_tool/dist}.",
            "Theirs: {bytes article/word_freq-dist}. Here: {bytes word_freq/dist}.",
            "| | release | dist |\n|---|--:|--:|\n| `.text` | {bytes a/release/.text} | {bytes a/dist/.text} |\n| `.strtab` | {bytes a/release/.strtab} | {bytes a/dist/.strtab} |\n",
            "| section | bytes |\n|---|--:|\n| `.eh_frame`, `.eh_frame_hdr` | {bytes a/release/.eh_frame}, {bytes a/release/.eh_frame_hdr} |\n",
        ] {
            assert_eq!(said(text, names), [""; 0], "{text}");
        }
    }

    #[test]
    fn numbers_that_are_swapped_are_found() {
        for text in [
            // The sentence that was wrong in the book for months.
            "In `a`, `.symtab` and `.strtab` have {bytes a/release/.strtab}\nand {bytes a/release/.symtab} bytes.",
            "`.symtab` is {bytes a/release/.strtab} bytes, and `.strtab` is {bytes a/release/.symtab} bytes.",
            "There are {bytes a/release/.strtab} bytes in `.symtab` and {bytes a/release/.symtab} in `.strtab`.",
            "Alone, LTO saves {saved a/release a/only-strip}, `strip` {saved a/release a/only-lto}.",
            "`word\\_freq` is {bytes config_tool/dist}, `config_tool` {bytes word_freq/dist}.",
            "The article has {bytes word_freq/dist}, and here it is {bytes article/word_freq-dist}.",
            "The bundle is {bytes fact/node-source} and the source {bytes fact/node-bundle}.",
            "| | release | dist |\n|---|--:|--:|\n| `.text` | {bytes a/dist/.text} | {bytes a/release/.text} |\n",
            "| | bytes |\n|---|--:|\n| strip | {saved a/release a/only-lto} |\n| lto | {saved a/release a/only-strip} |\n",
            "| | release |\n|---|--:|\n| `.text` | {bytes a/release/.strtab} |\n| `.strtab` | {bytes a/release/.text} |\n",
            "| section | bytes |\n|---|--:|\n| `.eh_frame`, `.eh_frame_hdr` | {bytes a/release/.eh_frame_hdr}, {bytes a/release/.eh_frame} |\n",
        ] {
            assert!(!said(text, names).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_section_is_named_where_its_bytes_are() {
        for text in [
            "The file has {bytes a/release/.strtab} of them.",
            "`.symtab` is {bytes a/release/.strtab} bytes; `.strtab` was stripped.",
            "`.symtab` and `.strtab` are {bytes a/release/.symtab} and {bytes a/release/.symtab} bytes.",
        ] {
            assert!(!said(text, names).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_unit_belongs_to_its_number() {
        for text in [
            "{bytes a/b} bytes, {number fact/work} instructions, {number fact/time} ms, {number fact/frames} frames",
            "{millions fact/work} million, {kb a/b} of it, {share a/b a/c} of it, {saved a/b a/c} B",
            "| a | change in bytes |\n|---|--:|\n| b | {saved a/b a/c} |\n",
            "| a | million instructions |\n|---|--:|\n| b | {millions fact/work} |\n",
            "{change fact/work fact/work} instructions",
        ] {
            assert_eq!(said(text, units), [""; 0], "{text}");
        }
        for text in [
            "{number fact/work} bytes",
            "{number fact/work} B",
            "{number fact/time} instructions",
            "{number fact/frames} KB",
            "{bytes a/b} KB",
            "{bytes a/b} instructions",
            "{bytes a/b} %",
            "{kb a/b} bytes",
            "{share a/b a/c} %",
            "{millions fact/work} instructions",
            "{saved fact/work fact/work} bytes",
            "| a | bytes |\n|---|--:|\n| b | {number fact/work} |\n",
            "| a | instructions |\n|---|--:|\n| b | {bytes a/b} |\n",
        ] {
            assert_eq!(said(text, units).len(), 1, "{text}");
        }
    }
}
