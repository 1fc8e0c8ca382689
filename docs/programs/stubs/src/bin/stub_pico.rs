//! `args_pico` with constants in place of pico-args.

use std::fmt::Error;
use std::hint::black_box;

const USAGE: &str = "Usage: args_pico [--count <COUNT>] [--loud] <NAME>";

fn main() -> Result<(), Error> {
    if black_box(false) {
        println!("{USAGE}");
        return Ok(());
    }
    let loud = black_box(false);
    let count: u32 = black_box(Ok::<Option<u32>, Error>(None))?.unwrap_or(1);
    let name: String = black_box(Ok::<_, Error>(String::new()))?;

    let greeting = format!("Hello, {name}!");
    for _ in 0..count {
        println!("{}", if loud { greeting.to_uppercase() } else { greeting.clone() });
    }
    Ok(())
}
