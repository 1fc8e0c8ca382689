//! Takes names and ids out of texts: thousands of them in one pass over each text.

use std::collections::HashMap;

/// What a needle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    /// One word of a name, which may be a word of the language as well: only where it is a word that begins with a capital.
    Name,
    /// An id, an address, a whole name, in any case. One with letters and digits also within other words.
    Id,
}

#[derive(Default)]
struct Node {
    next: HashMap<u8, u32>,
    /// What ends here: its sort, and what takes its place.
    end: Option<(Sort, String)>,
}

/// Names and ids, each with what takes its place.
#[derive(Default)]
pub(super) struct Scrubber {
    nodes: Vec<Node>,
    /// The nodes after the first byte.
    first: Vec<u32>,
}

/// What takes the place of a name that two students have.
const SEVERAL: &str = "[name]";

impl Scrubber {
    /// Adds a text that must not be shown.
    pub(super) fn add(&mut self, needle: &str, sort: Sort, instead: &str) {
        let needle = needle.trim();
        let letters = needle.chars().filter(|c| c.is_alphanumeric()).count();
        // A single letter or a number by itself identifies no one, and is everywhere.
        let says_nothing = letters < 2 || sort == Sort::Name && !needle.chars().any(char::is_alphabetic);
        if says_nothing {
            return;
        }
        if self.nodes.is_empty() {
            self.nodes.push(Node::default());
            self.first = vec![0; 256];
        }
        let mut at = 0;
        for byte in needle.bytes().map(|byte| byte.to_ascii_lowercase()) {
            let new = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
            let next = *self.nodes[at as usize].next.entry(byte).or_insert(new);
            if next == new {
                self.nodes.push(Node::default());
            }
            if at == 0 {
                self.first[usize::from(byte)] = next;
            }
            at = next;
        }
        let end = &mut self.nodes[at as usize].end;
        *end = Some(match end.take() {
            None => (sort, instead.to_owned()),
            Some((other, same)) if same == instead => (other.max(sort), same),
            Some((other, _)) => (other.max(sort), SEVERAL.to_owned()),
        });
    }

    /// The text without them.
    pub(super) fn scrub(&self, text: &str) -> String {
        if self.nodes.is_empty() {
            return text.to_owned();
        }
        let bytes = text.as_bytes();
        let mut scrubbed = String::new();
        let (mut kept, mut at) = (0, 0);
        while at < bytes.len() {
            match self.longest(text, at) {
                Some((end, instead)) => {
                    scrubbed.push_str(&text[kept..at]);
                    scrubbed.push_str(instead);
                    (kept, at) = (end, end);
                }
                None => at += 1,
            }
        }
        scrubbed.push_str(&text[kept..]);
        scrubbed
    }

    /// The longest needle at a place: its end, and what takes its place.
    fn longest(&self, text: &str, start: usize) -> Option<(usize, &str)> {
        let bytes = text.as_bytes();
        let mut at = self.first[usize::from(bytes[start].to_ascii_lowercase())];
        if at == 0 || !text.is_char_boundary(start) {
            return None;
        }
        let mut found = None;
        let mut end = start + 1;
        loop {
            let node = &self.nodes[at as usize];
            if let Some((sort, instead)) = &node.end
                && fits(text, start, end, *sort)
            {
                found = Some((end, instead.as_str()));
            }
            let Some(&next) = bytes.get(end).and_then(|byte| node.next.get(&byte.to_ascii_lowercase())) else { break };
            at = next;
            end += 1;
        }
        found
    }
}

fn fits(text: &str, start: usize, end: usize, sort: Sort) -> bool {
    let word = &text[start..end];
    let is_within = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let is_whole = !is_within(text[..start].chars().next_back()) && !is_within(text[end..].chars().next());
    match sort {
        Sort::Name => is_whole && !word.starts_with(|c: char| c.is_lowercase()),
        // `s001` says who it is wherever it is; `anna` is also within `Johanna`, and `1234` within a number of bytes.
        Sort::Id => {
            let has = |kind: fn(char) -> bool| word.chars().any(kind);
            is_whole || has(char::is_alphabetic) && has(char::is_numeric) && word.chars().count() >= 4
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_and_words_stay() {
        let mut scrubber = Scrubber::default();
        for (needle, sort, instead) in [
            ("s001", Sort::Id, "A"),
            ("s0012", Sort::Id, "B"),
            ("anna", Sort::Id, "C"),
            ("1234", Sort::Id, "D"),
            ("Will", Sort::Name, "E"),
            ("Grace Hopper", Sort::Id, "F"),
            ("Grace", Sort::Name, "F"),
            ("Kim", Sort::Name, "A"),
            ("Kim", Sort::Name, "B"),
            ("Søren", Sort::Name, "G"),
            ("x", Sort::Id, "X"),
            ("001", Sort::Name, "X"),
            ("", Sort::Id, "X"),
        ] {
            scrubber.add(needle, sort, instead);
        }
        for (text, wanted) in [
            ("s001, S001/ex1, work_s001.zip, xs001y", "A, A/ex1, work_A.zip, xAy"),
            ("s0012", "B"),
            ("Johanna and Anna", "Johanna and C"),
            ("51,234 or 12345 or 1234", "51,234 or 12345 or D"),
            ("it will, Will will", "it will, E will"),
            ("by Grace Hopper (GRACE), with grace", "by F (F), with grace"),
            ("Kim", "[name]"),
            ("Søren, éSøren, x 001", "G, éSøren, x 001"),
            ("", ""),
        ] {
            assert_eq!(scrubber.scrub(text), wanted);
        }
        assert_eq!(Scrubber::default().scrub("s001"), "s001");
    }
}
