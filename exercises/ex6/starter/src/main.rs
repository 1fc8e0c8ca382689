//! Sends each line of standard input through plugins, and prints what comes out. A plugin that panics costs one line: the
//! others are printed all the same, and the exit code tells. You don't change this file.

mod plugins;

use plugins::Plugin;
use std::env;
use std::io;
use std::panic;
use std::process::ExitCode;

fn main() -> ExitCode {
    // The report of a panic, instead of that of the standard library.
    panic::set_hook(Box::new(|panic| eprintln!("line_mill: {panic}")));
    let names: Vec<String> = env::args().skip(1).collect();
    match run(&names) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(lost) => {
            eprintln!("line_mill: a plugin failed, lines lost: {lost}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("line_mill: {error}");
            ExitCode::from(2)
        }
    }
}

/// Prints every line, and returns how many were lost.
fn run(names: &[String]) -> Result<usize, String> {
    let chosen = names.iter().map(|name| plugins::find(name)).collect::<Result<Vec<Plugin>, String>>()?;
    if chosen.is_empty() {
        return Err(format!("usage: line_mill PLUGIN... < TEXT (plugins: {})", plugins::names()));
    }
    let mut lost = 0;
    for line in io::stdin().lines() {
        let line = line.map_err(|error| error.to_string())?;
        // A plugin is somebody else's code. What it does to its own line must not cost the others.
        match panic::catch_unwind(|| chosen.iter().fold(line, |text, plugin| plugin(&text))) {
            Ok(text) => println!("{text}"),
            Err(_) => lost += 1,
        }
    }
    Ok(lost)
}
