//! Gives every byte of a file to exactly one part. Sections come first, then tables that only a header points at, then headers,
//! and at last what a rough word covers, such as a whole segment. What is left is padding.

use super::Section;
use std::collections::BTreeMap;

/// A part of a file that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub bytes: u64,
    /// Its name.
    pub name: String,
}

impl Part {
    /// A part with a name.
    pub fn new(offset: u64, bytes: u64, name: &str) -> Self {
        Self { offset, bytes, name: name.to_owned() }
    }

    /// Where it ends.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(self.bytes)
    }
}

/// What the parts of a file are known by. A byte belongs to the first that covers it.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// Sections.
    pub sections: Vec<Part>,
    /// What headers name besides: symbol tables, signatures.
    pub tables: Vec<Part>,
    /// Headers: offset and bytes.
    pub headers: Vec<(u64, u64)>,
    /// What encloses the others: segments, and what follows the program.
    pub rest: Vec<Part>,
    /// Whether parts of one name are one part, as in an object, whose functions have sections of their own.
    pub merge: bool,
}

impl Layers {
    /// Gives every byte of a file to exactly one part: to the first section that covers it, else to a table, to `[headers]`,
    /// to what encloses it, or to `[padding]`. So the parts sum to the file's size whatever the headers claim.
    pub fn account(self, file: u64) -> Vec<Section> {
        let Self { sections, tables, headers, rest, merge } = self;
        let mut gaps = vec![(0, file)];
        let mut parts = fill(sections, &mut gaps);
        // What has a name of its own but no bytes is only shown if it is a section.
        parts.extend(fill(tables, &mut gaps).into_iter().filter(|part| part.bytes > 0));
        let headers = headers.into_iter().map(|(offset, bytes)| Part::new(offset, bytes, "")).collect();
        let headers: u64 = fill(headers, &mut gaps).iter().map(|part| part.bytes).sum();
        parts.extend(fill(rest, &mut gaps).into_iter().filter(|part| part.bytes > 0));
        parts.sort_by_key(|part| part.offset);
        let padding = gaps.iter().map(|(from, to)| to - from).sum();
        let mut sections: Vec<Section> = Vec::new();
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for Part { name, bytes, .. } in parts {
            match seen.get(&name) {
                Some(&at) if merge => sections[at].bytes += bytes,
                _ => {
                    seen.insert(name.clone(), sections.len());
                    sections.push(Section { name, bytes });
                }
            }
        }
        sections.push(Section { name: "[headers]".to_owned(), bytes: headers });
        sections.push(Section { name: "[padding]".to_owned(), bytes: padding });
        sections
    }
}

/// What follows a program: data that an installer or a bundler appended, unless it is no more than the zeros that fill a page.
pub(super) fn overlay(data: &[u8], end: u64) -> Option<Part> {
    let file = data.len() as u64;
    let is_fill = |rest: &[u8]| rest.len() < 4096 && rest.iter().all(|byte| *byte == 0);
    let rest =
        usize::try_from(end).ok().and_then(|end| data.get(end..)).filter(|rest| !rest.is_empty() && !is_fill(rest));
    rest.map(|_| Part::new(end, file - end, "[overlay]"))
}

/// Gives the bytes in the gaps to parts, in the order of the file, and leaves the gaps that remain. Each part comes back with the
/// bytes that it got.
fn fill(mut parts: Vec<Part>, gaps: &mut Vec<(u64, u64)>) -> Vec<Part> {
    parts.sort_by_key(|part| (part.offset, part.bytes));
    let (mut left, mut covered, mut gap) = (Vec::new(), 0, 0);
    for part in &mut parts {
        let (start, end) = (part.offset.max(covered), part.end());
        let mut got = 0;
        while gap < gaps.len() && start < end {
            let (from, to) = gaps[gap];
            if end <= from {
                break;
            }
            let at = start.clamp(from, to);
            let until = end.min(to);
            if at > from {
                left.push((from, at));
            }
            got += until.saturating_sub(at);
            if until < to {
                gaps[gap].0 = until.max(at);
                break;
            }
            gap += 1;
        }
        covered = covered.max(end.max(part.offset));
        part.bytes = got;
    }
    left.extend(gaps.drain(..).skip(gap));
    left.retain(|(from, to)| from < to);
    *gaps = left;
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounted(file: u64, ranges: &[(u64, u64, &str)], headers: &[(u64, u64)]) -> Vec<(String, u64)> {
        let sections = ranges.iter().map(|&(offset, bytes, name)| Part::new(offset, bytes, name)).collect();
        let sections = Layers { sections, headers: headers.to_vec(), ..Layers::default() }.account(file);
        assert_eq!(sections.iter().map(|section| section.bytes).sum::<u64>(), file, "every byte once");
        sections.into_iter().map(|section| (section.name, section.bytes)).collect()
    }

    fn pairs(pairs: &[(&str, u64)]) -> Vec<(String, u64)> {
        pairs.iter().map(|&(name, bytes)| (name.to_owned(), bytes)).collect()
    }

    #[test]
    fn what_is_between_sections_is_padding_and_headers_are_named() {
        assert_eq!(
            accounted(
                1000,
                &[(200, 300, ".text"), (600, 100, ".data"), (700, 0, ".bss")],
                &[(0, 64), (64, 100), (900, 100)]
            ),
            pairs(&[(".text", 300), (".data", 100), (".bss", 0), ("[headers]", 264), ("[padding]", 336)])
        );
    }

    #[test]
    fn a_lying_section_table_counts_no_byte_twice() {
        assert_eq!(
            accounted(
                100,
                &[(10, 50, "a"), (20, 20, "inside"), (40, 40, "b"), (90, u64::MAX, "beyond"), (500, 1, "gone")],
                &[(0, 20), (5, 10)]
            ),
            pairs(&[
                ("a", 50),
                ("inside", 0),
                ("b", 20),
                ("beyond", 10),
                ("gone", 0),
                ("[headers]", 10),
                ("[padding]", 10)
            ])
        );
    }

    #[test]
    fn headers_inside_a_section_are_the_sections() {
        assert_eq!(
            accounted(10, &[(0, 10, "all")], &[(0, 5)]),
            pairs(&[("all", 10), ("[headers]", 0), ("[padding]", 0)])
        );
    }

    #[test]
    fn what_encloses_others_gets_what_they_leave() {
        let layers = || Layers {
            sections: vec![Part::new(0, 10, "a"), Part::new(20, 10, "b")],
            tables: vec![Part::new(5, 10, "table"), Part::new(0, 3, "hidden"), Part::new(28, 4, "table")],
            headers: vec![(14, 3)],
            rest: vec![Part::new(12, 24, "rest")],
            merge: false,
        };
        let of = |layers: Layers| -> Vec<(String, u64)> {
            layers.account(40).into_iter().map(|section| (section.name, section.bytes)).collect()
        };
        let expected =
            [("a", 10), ("table", 5), ("rest", 7), ("b", 10), ("table", 2), ("[headers]", 2), ("[padding]", 4)];
        assert_eq!(of(layers()), pairs(&expected));
        let merged = of(Layers { merge: true, ..layers() });
        assert_eq!(
            merged,
            pairs(&[("a", 10), ("table", 7), ("rest", 7), ("b", 10), ("[headers]", 2), ("[padding]", 4)])
        );
    }
}
