//! A greeting with two options: what does clap weigh?

use clap::Parser;

/// Greets somebody
#[derive(Parser)]
struct Options {
    /// Whom to greet
    name: String,
    /// How many times
    #[arg(long, default_value_t = 1)]
    count: u32,
    /// In capital letters
    #[arg(long)]
    loud: bool,
}

fn main() {
    let options = Options::parse();
    let greeting = format!("Hello, {}!", options.name);
    for _ in 0..options.count {
        println!("{}", if options.loud { greeting.to_uppercase() } else { greeting.clone() });
    }
}
