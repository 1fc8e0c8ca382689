//! Three tools. Each one takes its arguments, reads standard input, and returns an exit code. You don't change this file.

pub mod hex;
pub mod rank;
pub mod wrap;

use std::io::{self, Read as _};
use std::process::ExitCode;

/// The one number that a tool takes, and all of standard input.
fn input(arguments: &[String], default: usize, most: usize) -> Result<(usize, Vec<u8>), String> {
    let number = match arguments {
        [] => default,
        [number] => number.parse().map_err(|_| format!("`{number}` is no number"))?,
        [_, other, ..] => return Err(format!("`{other}` is one argument too many")),
    };
    if !(1..=most).contains(&number) {
        return Err(format!("{number} is not from 1 to {most}"));
    }
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text).map_err(|error| error.to_string())?;
    Ok((number, text))
}

/// Prints what a tool has made, or what is wrong.
fn finish(tool: &str, made: Result<String, String>) -> ExitCode {
    match made {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{tool}: {message}");
            ExitCode::from(2)
        }
    }
}
