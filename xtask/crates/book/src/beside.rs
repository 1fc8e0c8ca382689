//! Checks whether a generated number matches the words around it. A marker is always up to date, even in the wrong
//! place: "`.symtab` and `.strtab` are A and B bytes" with A and B swapped would pass every other check.
//!
//! What a reference names (a section, a profile, a program, the words of a fact's name) is looked for in its sentence,
//! with the synonyms that `docs/facts/words.toml` declares. Two numbers must come in the order of their names, or each
//! must be nearest to its own name. A section must be named wherever its bytes appear. A unit after a number must be
//! its unit.

mod segments;

use super::facts::{Facts, Unit};
use super::lint::Finding;
use super::markers::Part;
use super::values;
use crate::prose::Page;
use base::diagnostic;
use segments::{Kind, Number, Segment, flatten, normal, segments, tables, whole};
use std::ops::Range;

/// Every marker whose sentence contradicts it.
pub(crate) fn names(text: &str, page: &Page, parts: &[Part], facts: &Facts) -> Vec<Finding> {
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

/// Every number that is followed by a unit that isn't its own, or is below a column heading with one.
pub(crate) fn units(text: &str, page: &Page, parts: &[Part], facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let heads = tables(text, page);
    for part in parts.iter().filter(|part| part.inline) {
        let Some(own) = values::shown_as(&part.what, facts) else { continue };
        let head = heads.iter().find(|table| table.contains(part.name.start)).map(|table| table.head(part.name.start));
        // In most cells nothing follows the number. A heading such as "change in bytes" then says what it is.
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

/// What a number is, if the word after it says otherwise.
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
        let sections: Vec<&String> = all.iter().flat_map(|number| &number.sections).collect();
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
                    "`{}` is closer to the name of a different section than to `{section}`",
                    number.part.what
                ));
            }
        }
        None
    }

    /// Whether two numbers are in a different order than the names that distinguish them.
    fn swapped(&self, a: &Number<'_>, b: &Number<'_>, segment: &Segment) -> Option<String> {
        if a.part.what == b.part.what {
            return (segment.kind != Kind::Pair)
                .then(|| format!("`{}` is used twice in one sentence; one of them means something else", b.part.what));
        }
        let only = |one: &Number<'_>, other: &Number<'_>| -> Vec<Range<usize>> {
            let mut places: Vec<Range<usize>> =
                one.names.difference(&other.names).flat_map(|name| self.places(name)).collect();
            places.sort_by_key(|place| place.start);
            places
        };
        let (mut of_a, mut of_b) = (only(a, b), only(b, a));
        // A word that means both tells nothing.
        let both: Vec<Range<usize>> = of_a.iter().filter(|place| of_b.contains(place)).cloned().collect();
        of_a.retain(|place| !both.contains(place));
        of_b.retain(|place| !both.contains(place));
        let (first_a, first_b) = (of_a.first()?.start, of_b.first()?.start);
        let is_nearest = |own: &[Range<usize>], others: &[Range<usize>], at| nearest(own, at) <= nearest(others, at);
        let fits = first_a < first_b || is_nearest(&of_a, &of_b, a.at) && is_nearest(&of_b, &of_a, b.at);
        (!fits).then(|| {
            format!(
                "`{}` and `{}` are in a different order than the things that they measure",
                a.part.what, b.part.what
            )
        })
    }
}

/// How many bytes are between a number and the nearest of these places.
fn nearest(places: &[Range<usize>], at: usize) -> usize {
    let distance =
        |place: &Range<usize>| if place.start > at { place.start - at } else { at.saturating_sub(place.end) };
    places.iter().map(distance).min().unwrap_or(usize::MAX)
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
