//! Shows the lines of a log (standard input) in which every pattern is found, with their numbers and each place in
//! brackets. You don't change this file.
//!
//!     log_grep [-i] PATTERN [PATTERN …] < service.log
//!
//! The exit code is 0 if there was such a line, 1 if there was none, 2 for anything wrong.

use std::env;
use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use regex::{Regex, RegexBuilder};

fn main() -> ExitCode {
    match run(env::args().skip(1).collect()) {
        Ok(0) => ExitCode::from(1),
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("log_grep: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints the lines, and says how many there were.
fn run(mut patterns: Vec<String>) -> Result<usize, Box<dyn Error>> {
    let ignore_case = patterns.first().is_some_and(|first| first == "-i");
    if ignore_case {
        patterns.remove(0);
    }
    if patterns.is_empty() {
        return Err("which pattern?".into());
    }
    let compile = |pattern: &String| RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
    let patterns: Vec<Regex> = patterns.iter().map(compile).collect::<Result<_, _>>()?;
    let mut out = io::stdout().lock();
    let mut found = 0;
    for (index, line) in io::stdin().lines().enumerate() {
        let line = line?;
        if patterns.iter().all(|pattern| pattern.is_match(&line)) {
            found += 1;
            let marked = patterns.iter().fold(line, |line, pattern| pattern.replace_all(&line, "[$0]").into_owned());
            writeln!(out, "{}: {marked}", index + 1)?;
        }
    }
    Ok(found)
}
