//! `grep_regex` with another crate behind it: the one line that differs is the `use` of `regex_lite`.

use std::error::Error;
use std::{env, io};

use regex_lite::Regex;

/// Prints the lines of standard input that match the first argument.
fn main() -> Result<(), Box<dyn Error>> {
    let pattern = Regex::new(&env::args().nth(1).ok_or("which pattern?")?)?;
    for line in io::stdin().lines() {
        let line = line?;
        if pattern.is_match(&line) {
            println!("{line}");
        }
    }
    Ok(())
}
