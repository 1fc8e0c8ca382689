//! The same greeting as `args_clap`, with a crate that looks for each option by its name.

const USAGE: &str = "Usage: args_pico [--count <COUNT>] [--loud] <NAME>";

fn main() -> Result<(), pico_args::Error> {
    let mut arguments = pico_args::Arguments::from_env();
    if arguments.contains("--help") {
        println!("{USAGE}");
        return Ok(());
    }
    let loud = arguments.contains("--loud");
    let count: u32 = arguments.opt_value_from_str("--count")?.unwrap_or(1);
    let name: String = arguments.free_from_str()?;

    let greeting = format!("Hello, {name}!");
    for _ in 0..count {
        println!("{}", if loud { greeting.to_uppercase() } else { greeting.clone() });
    }
    Ok(())
}
