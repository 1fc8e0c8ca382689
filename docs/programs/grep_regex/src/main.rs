//! The smallest useful grep, with the crate `regex`: how large are that crate and its default features?

use std::error::Error;
use std::{env, io};

use regex::Regex;

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
