//! The program behind `cargo xtask docs` and `cargo xtask author`: the book kept true, the course proved.

mod author;
mod beside;
mod chapters;
mod claims;
mod console;
mod docs;
mod facts;
mod generate;
mod lint;
mod listing;
mod markers;
mod pictures;
mod prose;
mod reference;
mod rehearse;
mod session;
mod site;
mod values;

use commands::Verb;
use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run(|verb| match verb {
        Some(Verb::Docs(options)) => Some(docs::run(&options)),
        Some(Verb::Author(verb)) => Some(author::run(&verb)),
        _ => None,
    })
}
