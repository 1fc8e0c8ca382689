//! Says how long a number of seconds is: `span 93784` prints `93784 s = 1 d 2 h 3 min 4 s`. You don't change this file.

use std::env;
use std::process::ExitCode;

/// The units from the longest to the shortest, with their seconds.
const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)];

fn main() -> ExitCode {
    let numbers: Vec<String> = env::args().skip(1).collect();
    if numbers.is_empty() {
        eprintln!("usage: span SECONDS...");
        return ExitCode::from(1);
    }
    let mut all_right = true;
    for number in &numbers {
        match number.parse() {
            Ok(seconds) => println!("{seconds} s = {}", in_units(seconds)),
            Err(error) => {
                eprintln!("span: {number:?} is no number of seconds: {error}");
                all_right = false;
            }
        }
    }
    if all_right { ExitCode::SUCCESS } else { ExitCode::from(2) }
}

/// The same time in whole units, without those that there are none of.
fn in_units(seconds: u64) -> String {
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (name, length) in UNITS {
        if rest >= length {
            parts.push(format!("{} {name}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0 s".to_owned() } else { parts.join(" ") }
}
