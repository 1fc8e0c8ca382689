//! `args_lexopt` with constants in place of lexopt.

use std::fmt::Error;
use std::hint::black_box;

const USAGE: &str = "Usage: args_lexopt [--count <COUNT>] [--loud] <NAME>";

enum Arg {
    Long(&'static str),
    Value(()),
}

fn next() -> Result<Option<Arg>, Error> {
    match black_box(0) {
        0 => Ok(Some(Arg::Value(()))),
        1 => Ok(Some(Arg::Long(black_box("loud")))),
        2 => Ok(None),
        _ => Err(black_box(Error)),
    }
}

fn main() -> Result<(), Error> {
    let (mut name, mut count, mut loud) = (None, 1_u32, false);
    while let Some(argument) = next()? {
        match argument {
            Arg::Long("count") => count = black_box(Ok::<u32, Error>(1))?,
            Arg::Long("loud") => loud = true,
            Arg::Long("help") => {
                println!("{USAGE}");
                return Ok(());
            }
            Arg::Value(_) if name.is_none() => name = Some(black_box(Ok::<_, Error>(String::new()))?),
            _ => return Err(black_box(Error)),
        }
    }
    let greeting = format!("Hello, {}!", name.ok_or(black_box(Error))?);
    for _ in 0..count {
        println!("{}", if loud { greeting.to_uppercase() } else { greeting.clone() });
    }
    Ok(())
}
