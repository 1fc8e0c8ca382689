//! Splits a Containerfile into its instructions, as engines do: lines that continue are joined with nothing between them, and
//! here-documents belong to the instruction above them.

use super::{Document, Instruction, syntax, words};
use std::ops::Range;
use std::str::SplitInclusive;

/// What a text consists of, besides empty lines and comments that only people read.
pub(super) enum Part<'a> {
    Instruction(Instruction),
    /// A comment for the check, without its mark.
    Said(&'a str, Range<usize>),
    /// A here-document that doesn't end.
    Open(String, Range<usize>),
}

/// The parts of a text, in its order.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let mut current: Option<Instruction> = None;
    let mut directives = Directives { escape: '\\', can_follow: true };
    let mut lines = Lines { lines: text.split_inclusive('\n'), start: 0 };
    while let Some((start, line)) = lines.next() {
        let trimmed = line.trim();
        let from = start + (line.len() - line.trim_start().len());
        let span = from..from + trimmed.len();
        // Inside an instruction that continues, both are left out as well.
        if trimmed.is_empty() || trimmed.starts_with('#') {
            directives.read(trimmed);
            let comment = trimmed.trim_start_matches('#').trim();
            if let Some(said) = comment.strip_prefix("check:").filter(|_| current.is_none()) {
                found.push(Part::Said(said.trim(), span));
            }
            continue;
        }
        directives.can_follow = false;
        let (part, goes_on) = match line.trim_end().strip_suffix(directives.escape) {
            Some(part) => (part, true),
            None => (line.trim_end(), false),
        };
        let mut instruction = match current.take() {
            Some(instruction) => instruction.joined(part, span),
            None => Instruction::begun(part, span),
        };
        if goes_on {
            current = Some(instruction);
            continue;
        }
        finish(&mut instruction);
        let open = take_documents(&mut instruction, &mut lines);
        found.push(Part::Instruction(instruction));
        found.extend(open);
    }
    if let Some(mut instruction) = current {
        finish(&mut instruction);
        found.push(Part::Instruction(instruction));
    }
    found
}

/// Lines with their ends, and where each begins in the text.
struct Lines<'a> {
    lines: SplitInclusive<'a, char>,
    start: usize,
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        let start = self.start;
        self.start += line.len();
        Some((start, line))
    }
}

/// What the comments at the very top tell an engine.
struct Directives {
    /// The character at the end of a line that continues.
    escape: char,
    /// A directive is one only above everything else, other comments and empty lines as well.
    can_follow: bool,
}

impl Directives {
    fn read(&mut self, comment: &str) {
        let directive = syntax::directive(comment);
        self.can_follow &= directive.is_some();
        if let Some(("escape", value)) = directive.filter(|_| self.can_follow) {
            self.escape = value.chars().next().unwrap_or(self.escape);
        }
    }
}

impl Instruction {
    fn begun(line: &str, span: Range<usize>) -> Self {
        let line = line.trim_start();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let lines = vec![(0, span.clone())];
        Self { word: word.to_uppercase(), rest: rest.trim_start().to_owned(), span, lines, ..Self::default() }
    }

    fn joined(mut self, line: &str, span: Range<usize>) -> Self {
        self.lines.push((self.rest.len(), span));
        self.rest.push_str(line);
        self
    }
}

fn finish(instruction: &mut Instruction) {
    instruction.rest.truncate(instruction.rest.trim_end().len());
    instruction.whole.clone_from(&instruction.rest);
}

/// Moves the lines of an instruction's here-documents into it; one that doesn't end is the result.
fn take_documents<'a>(instruction: &mut Instruction, lines: &mut Lines<'_>) -> Option<Part<'a>> {
    if !matches!(instruction.word.as_str(), "RUN" | "COPY" | "ADD") {
        return None;
    }
    let mut open = None;
    for (name, cuts_tabs) in words::documents(&instruction.rest) {
        instruction.whole.push('\n');
        let body = instruction.whole.len();
        let mut end = None;
        for (start, line) in lines.by_ref() {
            let bare = line.trim_end_matches(['\n', '\r']);
            let bare = if cuts_tabs { bare.trim_start_matches('\t') } else { bare };
            if bare == name {
                end = Some(instruction.whole.len());
                instruction.whole.push_str(bare);
                break;
            }
            instruction.lines.push((instruction.whole.len(), start..start + line.trim_end().len()));
            instruction.whole.push_str(bare);
            instruction.whole.push('\n');
        }
        if end.is_none() {
            open = Some(Part::Open(name.clone(), instruction.span.clone()));
        }
        let end = end.unwrap_or(instruction.whole.len());
        instruction.documents.push(Document { name, body: body..end });
    }
    open
}
