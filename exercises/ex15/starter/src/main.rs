//! Adds up what the sensors of a greenhouse counted. Standard input has a reading in each line: a sensor, and a value with at
//! most two decimals.
//!
//!     WATER 12.5
//!
//! Every line that is no reading is reported on standard error. The exit code is 0 if there was none, 1 if there were some, 2 if
//! the input can't be read.

use std::collections::HashMap;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

/// The sensors, by name.
const SENSORS: [&str; 10] = ["air", "co2", "dew", "door", "lamp", "leaf", "pump", "soil", "vent", "water"];

fn main() -> ExitCode {
    // The input is read elsewhere, so that nothing here has to wait.
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || sender.send(io::read_to_string(io::stdin())).expect("main waits for the input"));
    let input = receiver.recv().expect("the reader sends the input");
    reader.join().expect("the reader never panics");
    match input {
        Ok(input) => ExitCode::from(report(&input)),
        Err(error) => {
            eprintln!("greenhouse: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints a line for each sensor that counted something, and returns the exit code.
fn report(input: &str) -> u8 {
    let mut totals: HashMap<String, f64> = SENSORS.iter().map(|name| (name.to_string(), 0.0)).collect();
    let mut exit = 0;
    for (index, line) in input.lines().enumerate() {
        let Some((sensor, value)) = reading(line) else {
            eprintln!("line {}: no reading", index + 1);
            exit = 1;
            continue;
        };
        if totals.contains_key(&sensor.to_lowercase()) {
            *totals.get_mut(&sensor.to_lowercase()).expect("the sensor is in the map") += value;
        } else {
            eprintln!("line {}: no sensor has the name {sensor}", index + 1);
            exit = 1;
        }
    }
    let mut names: Vec<String> = totals.keys().cloned().collect();
    names.sort();
    let mut out = io::stdout().lock();
    for name in names {
        let total = *totals.get(&name).expect("every name is in the map");
        if total > 0.0 {
            writeln!(out, "{name:<5} {total:>12.2}").expect("standard output can be written");
        }
    }
    exit
}

/// A sensor and a value. A sensor has letters and digits of ASCII. A value has one to four digits, then maybe a point and one or two
/// more.
fn reading(line: &str) -> Option<(&str, f64)> {
    let (sensor, value) = line.split_once(' ')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, "0"));
    let is_sensor = !sensor.is_empty() && sensor.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let are_digits =
        |text: &str, most| !text.is_empty() && text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_reading = is_sensor && are_digits(whole, 4) && are_digits(decimals, 2);
    is_reading.then(|| (sensor, value.parse().expect("digits and a point are a number")))
}
