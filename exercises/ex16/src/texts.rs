//! Small questions about texts.

use regex_lite::Regex;

/// Whether a text has one or two digits, and as a number is smaller than `limit`.
pub fn below(text: &str, limit: u8) -> bool {
    text.len() <= 2
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|number: u8| number < limit)
}

/// Whether a line is for people only.
pub fn is_comment(line: &str) -> bool {
    line.starts_with('#')
}

/// Whether a line is a date, such as 2026-01-31, and nothing else.
#[inline(never)]
pub fn is_date(line: &str) -> bool {
    matches(r"^\d{4}-\d{2}-\d{2}$", line)
}

/// Whether a line is one that people draw between two shifts: three hyphens or more, maybe with spaces around them.
#[inline(never)]
pub fn is_rule(line: &str) -> bool {
    matches("^ *-{3,} *$", line)
}

/// A line in which every number is a `#`, so that lines of the same kind can be counted.
#[inline(never)]
pub fn masked(line: &str) -> String {
    Regex::new("[0-9]+").expect("a valid pattern").replace_all(line, "#").into_owned()
}

/// Whether a pattern fits.
fn matches(pattern: &str, line: &str) -> bool {
    Regex::new(pattern).expect("a valid pattern").is_match(line)
}
