//! Reads a configuration as JSON from its first argument (without one it takes a default) and shows it twice: as JSON,
//! and as Rust sees it. You don't change this file.

use serde::{Deserialize, Serialize};
use std::env;
use std::process::ExitCode;

#[derive(Debug, Serialize, Deserialize)]
struct Config {
    name: String,
    retries: u32,
    verbose: bool,
}

fn main() -> ExitCode {
    match run(env::args().nth(1)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("config_tool: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(json: Option<String>) -> Result<String, serde_json::Error> {
    let config: Config = match json {
        Some(json) => serde_json::from_str(&json)?,
        None => Config { name: "service".to_owned(), retries: 3, verbose: true },
    };
    let json = serde_json::to_string_pretty(&config)?;
    Ok(format!("{json}\n{config:?}"))
}
