//! The program behind `cargo xtask docs` and `cargo xtask author`: the book kept true, the course proved.
//!
//! Nothing in `docs/src` is copied by hand. Text that comes from elsewhere is between two comments, which no reader sees: a block
//! between `<!-- generated: WHAT -->` and `<!-- end of generated -->`, a number within a sentence between
//! `<!--= bytes word_freq/dist -->` and `<!--/-->`. It is written into the Markdown, not included when a site is built, because
//! GitHub shows the files as they are.
//!
//! | what | comes from | module |
//! |---|---|---|
//! | size tables, bars, numbers of a profile | the committed measurement | `generate`, `pictures`, `values` |
//! | all other numbers | `docs/facts/*.toml`: each has the script that measures it | `facts` |
//! | the verdicts on two articles | `docs/claims.toml`: each claim with its verdict and figures | `claims` |
//! | listings | the file itself, or the part between two `ANCHOR` comments | `listing` |
//! | output of commands | the command, run with bash in a copy of the workspace | `console`, `session`, `rehearse` |
//! | the reference of settings and codes | the tables that the checks use, and checks of broken files in `docs/diagnostics/` | `reference` |
//! | the crates and their arrows | `cargo metadata` | `house` |
//!
//! `docs --record` measures and runs, and keeps the results in `docs/measurements/TARGET/book-rustc-VERSION.json`; `docs` writes the
//! pages from that in a moment, without building anything. `docs --run` runs the commands again and compares; numbers may be off
//! by 2 %, since paths move some of them.
//!
//! A number can be up to date and still be in the wrong place. So `beside` compares each marker with its sentence: the sections,
//! profiles, and programs that it names must be there, in the order of the numbers, and a unit after a number must be what the
//! fact counts. An expression can contradict its sentence: `saved A B` fails where A isn't larger than B, so a claim that a new
//! compiler makes false stops the check. A paragraph that only reports a claim names it: `<!-- claim: ID -->`.

mod author;
mod beside;
mod chapters;
mod claims;
mod console;
mod docs;
mod facts;
mod generate;
mod house;
mod lint;
mod listing;
mod markers;
mod pictures;
mod platforms;
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
