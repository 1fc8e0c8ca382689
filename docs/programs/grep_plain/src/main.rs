//! `grep_regex` without regular expressions: what is left when the need for a dependency goes away.

use std::error::Error;
use std::{env, io};

/// Prints the lines of standard input that contain the first argument.
fn main() -> Result<(), Box<dyn Error>> {
    let text = env::args().nth(1).ok_or("which text?")?;
    for line in io::stdin().lines() {
        let line = line?;
        if line.contains(&text) {
            println!("{line}");
        }
    }
    Ok(())
}
