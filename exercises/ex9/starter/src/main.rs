//! Counts the words of its standard input, the most frequent first. Its command line is read with clap.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

const USAGE: &str = "usage: tally [-i | --ignore-case] [-n COUNT | --top COUNT] [--] [SKIPPED WORD …]";

/// What the command line asks for.
#[derive(Parser)]
#[command(disable_help_flag = true, args_override_self = true)]
struct Options {
    /// `É` and `é` are the same letter.
    #[arg(short, long)]
    ignore_case: bool,
    /// How many words are shown.
    #[arg(short = 'n', long, default_value_t = 10)]
    top: usize,
    /// Words that are not counted.
    skipped: Vec<String>,
}

/// Reads the command line; `None` if there is anything wrong with it.
fn options() -> Option<Options> {
    Options::try_parse().ok()
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
