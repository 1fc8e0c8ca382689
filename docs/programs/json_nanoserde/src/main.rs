//! `json_serde` with nanoserde, which has no dependencies, not even for its macros.

use std::error::Error;
use std::io;

use nanoserde::{DeJson, SerJson};

#[derive(Debug, SerJson, DeJson)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = io::read_to_string(io::stdin())?;
    let config = Config::deserialize_json(&json)?;
    println!("{config:?}");
    println!("{}", config.serialize_json());
    Ok(())
}
