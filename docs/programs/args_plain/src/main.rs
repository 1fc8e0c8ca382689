//! The same greeting as `args_clap`, without a dependency.

use std::env;
use std::error::Error;

const USAGE: &str = "Usage: args_plain [--count <COUNT>] [--loud] <NAME>";

fn main() -> Result<(), Box<dyn Error>> {
    let (mut name, mut count, mut loud) = (None, 1_u32, false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--count" => count = arguments.next().ok_or("--count needs a number")?.parse()?,
            "--loud" => loud = true,
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            option if option.starts_with('-') => return Err(format!("unknown option {option}").into()),
            _ => name = Some(argument),
        }
    }
    let greeting = format!("Hello, {}!", name.ok_or(USAGE)?);
    for _ in 0..count {
        println!("{}", if loud { greeting.to_uppercase() } else { greeting.clone() });
    }
    Ok(())
}
