//! Reads a configuration and writes it again: the crates of `json_*` are compared by what this job weighs with each.

use std::error::Error;
use std::io;

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = io::read_to_string(io::stdin())?;
    let config: Config = serde_json::from_str(&json)?;
    println!("{config:?}");
    println!("{}", serde_json::to_string(&config)?);
    Ok(())
}
