//! `args_clap` with a constant in place of clap: what is saved without that crate, by measurement.

use std::hint::black_box;

struct Options {
    name: String,
    count: u32,
    loud: bool,
}

impl Options {
    fn parse() -> Self {
        Self { name: black_box("world").to_owned(), count: black_box(1), loud: black_box(false) }
    }
}

fn main() {
    let options = Options::parse();
    let greeting = format!("Hello, {}!", options.name);
    for _ in 0..options.count {
        println!("{}", if options.loud { greeting.to_uppercase() } else { greeting.clone() });
    }
}
