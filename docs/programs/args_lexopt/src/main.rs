//! The same greeting as `args_clap`, with a crate that only cuts the command line into options and values.

use lexopt::prelude::*;

const USAGE: &str = "Usage: args_lexopt [--count <COUNT>] [--loud] <NAME>";

fn main() -> Result<(), lexopt::Error> {
    let (mut name, mut count, mut loud) = (None, 1_u32, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("count") => count = parser.value()?.parse()?,
            Long("loud") => loud = true,
            Long("help") => {
                println!("{USAGE}");
                return Ok(());
            }
            Value(value) if name.is_none() => name = Some(value.string()?),
            unknown => return Err(unknown.unexpected()),
        }
    }
    let greeting = format!("Hello, {}!", name.ok_or(USAGE)?);
    for _ in 0..count {
        println!("{}", if loud { greeting.to_uppercase() } else { greeting.clone() });
    }
    Ok(())
}
