//! Finds generated text in a Markdown file: it is between two comments that no reader sees.
//!
//! A block: `<!-- generated: WHAT -->`, lines, `<!-- end of generated -->`. A word or a number within a sentence:
//! `<!--= WHAT -->text<!--/-->`. In a block of code, or in code within a sentence, a marker is only text.

use crate::prose;
use anyhow::{Result, bail};
use base::diagnostic;
use base::failure::Failure;
use std::ops::Range;
use std::path::Path;

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- end of generated -->";
const OPEN_INLINE: &str = "<!--= ";
const CLOSE_INLINE: &str = "<!--/-->";

/// A generated part: what it is, and where its text is (in bytes).
#[derive(Debug, PartialEq)]
pub(crate) struct Part {
    /// What should be there.
    pub what: String,
    /// Where `what` itself is, to point at it.
    pub name: Range<usize>,
    /// The text between the markers.
    pub body: Range<usize>,
    /// Whether it is within a sentence.
    pub inline: bool,
}

/// The generated parts of a page from top to bottom.
///
/// # Errors
/// When a marker has no end.
pub(crate) fn parts(path: &Path, text: &str) -> Result<Vec<Part>> {
    let page = prose::read(text);
    let is_code = |at: usize| {
        page.code.iter().any(|code| code.contains(&at)) || page.fences.iter().any(|fence| fence.place.contains(&at))
    };
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some((open, inline)) = next(text, from) {
        // A listing that was generated is code, but its marker is not.
        if is_code(open) {
            from = open + 1;
            continue;
        }
        let part = part(path, text, open, inline)?;
        from = part.body.end;
        parts.push(part);
    }
    Ok(parts)
}

fn next(text: &str, from: usize) -> Option<(usize, bool)> {
    let block = text[from..].find(OPEN).map(|at| (from + at, false));
    let inline = text[from..].find(OPEN_INLINE).map(|at| (from + at, true));
    [block, inline].into_iter().flatten().min()
}

fn part(path: &Path, text: &str, open: usize, inline: bool) -> Result<Part> {
    let (opening, closing) = if inline { (OPEN_INLINE, CLOSE_INLINE) } else { (OPEN, CLOSE) };
    let error = |message: &str, help: &str| -> Failure {
        diagnostic::in_file(path, text, open..open + opening.len(), message, "it begins here", Some(help))
    };
    let line = text[open..].lines().next().unwrap_or_default();
    let after = &line[opening.len()..];
    let Some(length) = after.find(" -->").filter(|&at| inline || at + " -->".len() == after.len()) else {
        bail!(error("this marker isn't closed on its line", "end it with ` -->` on the same line"));
    };
    let name = open + opening.len()..open + opening.len() + length;
    // A block's text begins on the next line.
    let start = name.end + " -->".len() + usize::from(!inline);
    let rest = text.get(start..).unwrap_or_default();
    let end = rest.find(closing).map(|at| start + at);
    let Some(end) = end.filter(|&end| !inside(&text[start..end], inline)) else {
        let help = if inline {
            "add `<!--/-->` after the number"
        } else {
            "add `<!-- end of generated -->` on a line of its own below it"
        };
        bail!(error("this generated part has no end", help));
    };
    Ok(Part { what: text[name.clone()].to_owned(), name, body: start..end, inline })
}

/// Whether the text contains what can't be between two markers: another marker, or another paragraph.
fn inside(body: &str, inline: bool) -> bool {
    if inline { body.contains("<!--") || body.contains("\n\n") } else { body.contains(OPEN) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_parts_are_found_by_their_markers() {
        let text = "a\n<!-- generated: sizes ladder -->\nold\n<!-- end of generated -->\nb <!--= bytes a/b -->1<!--/--> c\n<!-- generated: measured on -->\n<!-- end of generated -->\n";
        let parts = parts(Path::new("README.md"), text).unwrap();
        let found: Vec<_> =
            parts.iter().map(|part| (part.what.as_str(), &text[part.body.clone()], part.inline)).collect();
        assert_eq!(found, [("sizes ladder", "old\n", false), ("bytes a/b", "1", true), ("measured on", "", false)]);
    }

    #[test]
    fn a_marker_that_is_shown_as_code_is_text() {
        let text = "`<!--= bytes a -->`\n\n```text\n<!-- generated: x -->\n```\n\n<!-- generated: y -->\n```toml\na = 1\n```\n<!-- end of generated -->\n";
        let parts = parts(Path::new("README.md"), text).unwrap();
        assert_eq!(parts.iter().map(|part| part.what.as_str()).collect::<Vec<_>>(), ["y"]);
    }

    #[test]
    fn a_part_without_an_end_is_named_with_its_line() {
        for text in [
            "a\n<!-- generated: sizes ladder -->\nold\n",
            "a\n<!-- generated: sizes ladder -->\n<!-- generated: b -->\n<!-- end of generated -->\n",
            "a\n<!-- generated: sizes ladder",
            "a\n<!--= bytes a -->12",
            "a\n<!--= bytes a -->12 and <!--= bytes b -->13<!--/-->",
        ] {
            let error = parts(Path::new("README.md"), text).unwrap_err();
            let failure = error.downcast_ref::<Failure>().unwrap();
            assert_eq!(failure.place.as_ref().unwrap().line, Some(2), "{text}");
        }
    }
}
