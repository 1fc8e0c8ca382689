//! Sends the lines of standard input through the steps that its arguments name, as in `pipe trim upper number`.
//! You don't change this file.

mod pipeline;
mod steps;

use pipeline::Report;
use std::env;
use std::io::{self, Read as _};
use std::process::ExitCode;
use steps::{STEPS, Step};

fn main() -> ExitCode {
    let chosen = match env::args().skip(1).map(|name| find(&name)).collect::<Result<Vec<Step>, String>>() {
        Ok(chosen) if !chosen.is_empty() => chosen,
        Ok(_) => return usage("name at least one step"),
        Err(message) => return usage(&message),
    };
    let mut text = String::new();
    if let Err(error) = io::stdin().read_to_string(&mut text) {
        return usage(&error.to_string());
    }
    let mut report = Report::default();
    let lines = text.lines().map(str::to_owned).collect();
    let lines = chosen.iter().fold(lines, |lines, step| step(lines, &mut report));
    for line in lines {
        println!("{line}");
    }
    for line in report.steps.iter().chain(&report.refused) {
        eprintln!("{line}");
    }
    if report.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(name: &str) -> Result<Step, String> {
    let found = STEPS.iter().find(|(known, _)| *known == name);
    found.map(|(_, step)| *step).ok_or_else(|| format!("there is no step `{name}`"))
}

fn usage(message: &str) -> ExitCode {
    eprintln!("pipe: {message}");
    eprintln!("the steps are {}", STEPS.map(|(name, _)| name).join(", "));
    ExitCode::from(2)
}
