//! Counts the words of its standard input, the most frequent first. Its command line is read with lexopt.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use lexopt::prelude::*;

const USAGE: &str = "usage: tally [-i | --ignore-case] [-n COUNT | --top COUNT] [--] [SKIPPED WORD …]";

/// What the command line asks for.
struct Options {
    /// `É` and `é` are the same letter.
    ignore_case: bool,
    /// How many words are shown.
    top: usize,
    /// Words that are not counted.
    skipped: Vec<String>,
}

/// Reads the command line; `None` if there is anything wrong with it.
fn options() -> Option<Options> {
    parse().ok()
}

fn parse() -> Result<Options, lexopt::Error> {
    let mut options = Options { ignore_case: false, top: 10, skipped: Vec::new() };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Short('i') | Long("ignore-case") => options.ignore_case = true,
            Short('n') | Long("top") => options.top = parser.value()?.parse()?,
            Value(word) => options.skipped.push(word.string()?),
            unknown => return Err(unknown.unexpected()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match tally(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tally: {error}");
            ExitCode::from(1)
        }
    }
}

/// Reads, counts and prints.
fn tally(options: &Options) -> io::Result<()> {
    let plain = |word: &str| if options.ignore_case { word.to_lowercase() } else { word.to_owned() };
    let skipped: Vec<String> = options.skipped.iter().map(|word| plain(word)).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for word in io::read_to_string(io::stdin())?.split_whitespace().map(plain) {
        if !skipped.contains(&word) {
            *counts.entry(word).or_default() += 1;
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    // The sort is stable: words with the same count stay in alphabetical order.
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut out = io::stdout().lock();
    for (word, count) in counts.iter().take(options.top) {
        writeln!(out, "{count} {word}")?;
    }
    Ok(())
}
