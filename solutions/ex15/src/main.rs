//! Adds up what the sensors of a greenhouse counted. Standard input has a reading in each line: a sensor, and a value with at
//! most two decimals.
//!
//!     WATER 12.5
//!
//! Every line that is no reading is reported on standard error. The exit code is 0 if there was none, 1 if there were some, 2 if
//! the input can't be read.

use std::io::{self, Write};
use std::process::ExitCode;

/// The sensors, by name.
const SENSORS: [&str; 10] = ["air", "co2", "dew", "door", "lamp", "leaf", "pump", "soil", "vent", "water"];

fn main() -> ExitCode {
    let result = io::read_to_string(io::stdin()).and_then(|input| report(&input));
    match result {
        Ok(exit) => ExitCode::from(exit),
        Err(error) => {
            eprintln!("greenhouse: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints a line for each sensor that counted something, and returns the exit code.
fn report(input: &str) -> io::Result<u8> {
    // In hundredths, in the order of the sensors.
    let mut totals = [0_u64; SENSORS.len()];
    let mut exit = 0;
    for (index, line) in input.lines().enumerate() {
        let Some((sensor, hundredths)) = reading(line) else {
            eprintln!("line {}: no reading", index + 1);
            exit = 1;
            continue;
        };
        match SENSORS.iter().zip(&mut totals).find(|(name, _)| name.eq_ignore_ascii_case(sensor)) {
            Some((_, total)) => *total += hundredths,
            None => {
                eprintln!("line {}: no sensor has the name {sensor}", index + 1);
                exit = 1;
            }
        }
    }
    let mut out = io::stdout().lock();
    for (name, total) in SENSORS.iter().zip(totals) {
        if total > 0 {
            writeln!(out, "{name:<5} {:>9}.{:02}", total / 100, total % 100)?;
        }
    }
    Ok(exit)
}

/// A sensor and a value in hundredths. A sensor has letters and digits of ASCII. A value has one to four digits, then maybe a point
/// and one or two more.
fn reading(line: &str) -> Option<(&str, u64)> {
    let (sensor, value) = line.split_once(' ')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    let is_sensor = !sensor.is_empty() && sensor.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let number = |text: &str, most| {
        let digits = text.bytes().map(|byte| byte.is_ascii_digit().then(|| u64::from(byte - b'0')));
        let number = digits.reduce(|number, digit| Some(number? * 10 + digit?))?;
        number.filter(|_| text.len() <= most)
    };
    let (whole, part) = (number(whole, 4)?, number(decimals, 2)?);
    let hundredths = if decimals.len() == 1 { part * 10 } else { part };
    is_sensor.then_some((sensor, whole * 100 + hundredths))
}
