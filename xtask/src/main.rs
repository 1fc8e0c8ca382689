//! `cargo xtask`, the runner of the workshop: parse, dispatch, exit code.

mod cargo;
mod cli;
mod diagnostic;
mod docs;
mod exit;
mod manifest;
mod measure;
mod measurement;
mod output;
mod proc;
mod report;
mod sizes;
mod surroundings;
mod tree;
mod units;

use clap::Parser as _;
use cli::{Cli, Format, Verb};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo may have called this program in rustc's place.
    if let Some(code) = cargo::record::serve() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error).into(),
    };
    let Cli { color, verb } = cli;
    output::set_color(color);
    let format = match &verb {
        Verb::Sizes(sizes) => sizes.format,
        Verb::Docs(_) => Format::Text,
    };
    let result = proc::end_children_on_signal().and_then(|()| match verb {
        Verb::Sizes(options) => sizes::run(&options),
        Verb::Docs(options) => docs::run(&options),
    });
    let exit = result.unwrap_or_else(|error| {
        let failure = exit::failure_of(&error);
        output::failure(&failure, format == Format::Json);
        failure.exit
    });
    exit.into()
}
