//! Adds up what the machines of a factory made. Standard input has a reading in each line: a time, a machine, a number of
//! pieces.
//!
//!     08:15 mixer 412
//!
//! Every line that is no reading is reported on standard error. The exit code is 0 if there was none, 1 if there were some,
//! 2 for anything wrong. You don't change this file.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use shift_log::reading::{Fault, Reading};

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("shift_log: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints a line for each machine, and says how many lines of the input were no readings.
fn run() -> io::Result<usize> {
    let mut machines: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut faults = 0;
    for (index, line) in io::stdin().lines().enumerate() {
        let line = line?;
        match Reading::of(&line) {
            Some(reading) => {
                let (readings, pieces) = machines.entry(reading.machine.to_owned()).or_default();
                *readings += 1;
                *pieces += u64::from(reading.pieces);
            }
            None => {
                faults += 1;
                eprintln!("{}", Fault { number: index + 1, line: &line });
            }
        }
    }
    let mut out = io::stdout().lock();
    for (machine, (readings, pieces)) in &machines {
        writeln!(out, "{machine}: {pieces} pieces in {readings} readings")?;
    }
    Ok(faults)
}
