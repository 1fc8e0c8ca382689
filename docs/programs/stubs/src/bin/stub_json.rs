//! `json_serde` and its like with a constant in place of the crate: whatever is read, the same configuration comes out.

use std::error::Error;
use std::hint::black_box;
use std::{fmt, io};

#[derive(Debug)]
#[expect(dead_code, reason = "only printed")]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

fn from_str(json: &str) -> Result<Config, fmt::Error> {
    black_box(json);
    black_box(Ok(Config { name: String::new(), retries: black_box(3), verbose: black_box(true) }))
}

fn to_string(config: &Config) -> Result<String, fmt::Error> {
    black_box(config);
    black_box(Ok(String::new()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let json = io::read_to_string(io::stdin())?;
    let config = from_str(&json)?;
    println!("{config:?}");
    println!("{}", to_string(&config)?);
    Ok(())
}
