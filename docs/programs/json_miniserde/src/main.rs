//! `json_serde` with miniserde: no generics over formats, and errors without a place.

use std::error::Error;
use std::io;

use miniserde::{Deserialize, Serialize, json};

#[derive(Debug, Serialize, Deserialize)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = io::read_to_string(io::stdin())?;
    let config: Config = json::from_str(&text)?;
    println!("{config:?}");
    println!("{}", json::to_string(&config));
    Ok(())
}
