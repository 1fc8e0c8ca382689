//! The tutorial's second program: a small job with two well-known dependencies, to see what they weigh.

#![expect(clippy::print_stdout, reason = "printing is what the program is for")]

use serde::{Deserialize, Serialize};

/// What a service might be started with.
#[derive(Debug, Serialize, Deserialize)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

/// Prints a configuration as JSON, then the value that is read back from that JSON.
fn main() -> Result<(), serde_json::Error> {
    let config = Config { name: "service".to_owned(), retries: 3, verbose: true };
    let json = serde_json::to_string_pretty(&config)?;
    println!("{json}");

    let parsed: Config = serde_json::from_str(&json)?;
    println!("{parsed:?}");
    Ok(())
}
