//! A line of the input. You don't change this file.

use std::fmt;

use crate::texts;

/// A time, a machine, a number of pieces.
pub struct Reading<'a> {
    pub machine: &'a str,
    pub pieces: u32,
}

impl<'a> Reading<'a> {
    /// What a line says, if it is a reading.
    pub fn of(line: &'a str) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (time, machine, pieces) = (words.next()?, words.next()?, words.next()?);
        let (hours, minutes) = time.split_once(':')?;
        let is_time = texts::below(hours, 24) && texts::below(minutes, 60);
        (is_time && words.next().is_none()).then_some(Self { machine, pieces: pieces.parse().ok()? })
    }
}

/// A line that is no reading.
pub struct Fault<'a> {
    pub number: usize,
    pub line: &'a str,
}

impl fmt::Display for Fault<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "line {}: {}", self.number, explain(self.line))
    }
}

/// Why a line is no reading. That is rare, so it is kept apart from what runs for every line.
#[cold]
#[inline(never)]
fn explain(line: &str) -> &'static str {
    if line.is_empty() {
        "it is empty"
    } else if texts::is_comment(line) {
        "it is a comment"
    } else if texts::is_rule(line) {
        "it is the line between two shifts"
    } else {
        "it is no reading"
    }
}
