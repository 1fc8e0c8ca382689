//! The chapters of the book as SUMMARY.md names them, and how long each takes to read.

use crate::prose;

/// A chapter.
#[derive(Debug, PartialEq)]
pub(crate) struct Chapter {
    /// Its title in SUMMARY.md.
    pub title: String,
    /// Its file, relative to `docs/src`.
    pub file: String,
    /// The part of the book that it belongs to; empty for the introduction.
    pub part: String,
    /// Whether it belongs to the chapter before it.
    pub is_below: bool,
}

/// The chapters in their order.
pub(crate) fn of(summary: &str) -> Vec<Chapter> {
    let mut chapters = Vec::new();
    let mut part = String::new();
    for line in summary.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            part = if title == "Summary" { String::new() } else { title.to_owned() };
        }
        let Some((title, rest)) = line.split_once("](") else { continue };
        let (Some(at), Some((file, _))) = (title.find('['), rest.split_once(')')) else { continue };
        let is_below = line.starts_with(' ');
        chapters.push(Chapter {
            title: title[at + 1..].to_owned(),
            file: file.to_owned(),
            part: part.clone(),
            is_below,
        });
    }
    chapters
}

/// Minutes that a page takes: its words at a calm pace, and half a minute to look at or type each code block.
pub(crate) fn minutes(text: &str) -> usize {
    const WORDS_A_MINUTE: usize = 180;
    let mut words = 0;
    let mut in_comment = false;
    for word in text.split_whitespace() {
        in_comment |= word.starts_with("<!--");
        words += usize::from(!in_comment && word.chars().any(char::is_alphanumeric));
        in_comment &= !word.contains("-->");
    }
    let fences = prose::read(text).fences;
    let code: usize = fences.iter().map(|fence| fence.body.split_whitespace().count()).sum();
    ((2 * words.saturating_sub(code) + fences.len() * WORDS_A_MINUTE) / (2 * WORDS_A_MINUTE)).max(1)
}

/// What the first line of a chapter contains.
pub(crate) const MINUTES: &str = "<!--= minutes -->";

/// What a page that isn't read from top to bottom begins with, instead of its minutes.
pub(crate) const TO_LOOK_UP: &str = "For reference";

/// Minutes that a chapter takes; none for a reference page.
pub(crate) fn minutes_to_read(text: &str) -> Option<usize> {
    (!text.lines().any(|line| line.starts_with(TO_LOOK_UP))).then(|| minutes(text))
}

/// The exercises that a page names as its practice, from the line with its minutes.
pub(crate) fn practiced_in(text: &str) -> Vec<&str> {
    let line = text.lines().find(|line| line.contains(MINUTES)).unwrap_or_default();
    line.split("[ex").skip(1).filter_map(|rest| rest.split(']').next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_is_chapters_in_parts() {
        let chapters = of("# Summary\n\n[Book](README.md)\n\n# Look\n\n- [Why](why.md)\n  - [Deep](deep.md)\n");
        let found: Vec<_> =
            chapters.iter().map(|c| (c.title.as_str(), c.file.as_str(), c.part.as_str(), c.is_below)).collect();
        let expected =
            [("Book", "README.md", "", false), ("Why", "why.md", "Look", false), ("Deep", "deep.md", "Look", true)];
        assert_eq!(found, expected);
    }

    #[test]
    fn minutes_count_words_but_not_markers() {
        assert_eq!(minutes("word"), 1);
        assert_eq!(minutes(&"word ".repeat(900)), 5);
        assert_eq!(minutes(&"word <!--= bytes a/b -->1<!--/--> ".repeat(180)), 1);
        assert_eq!(
            minutes(&format!("{}\n```text\n{}\n```\n\n```text\n```\n", "word ".repeat(180), "a ".repeat(900))),
            2
        );
    }

    #[test]
    fn exercises_are_read_from_the_line_with_the_minutes() {
        let text = "# A\n\nAbout <!--= minutes -->4<!--/--> minutes. Practised in [ex1](x) and [ex3](y).\n\n[ex2](z)\n";
        assert_eq!(practiced_in(text), ["1", "3"]);
    }
}
