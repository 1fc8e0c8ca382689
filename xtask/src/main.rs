//! `cargo xtask`, the runner of the workshop: parse, dispatch, exit code.

mod anatomy;
mod author;
mod budget;
mod cargo;
mod check;
mod cli;
mod diagnostic;
mod dissect;
mod docs;
mod evidence;
mod exercise;
mod exit;
mod grade;
mod image;
mod learn;
mod manifest;
mod measure;
mod measurement;
mod oci;
mod output;
mod proc;
mod profile;
mod profiles;
mod progress;
mod prose;
mod report;
mod sizes;
mod store;
mod subject;
mod surroundings;
mod tokens;
mod tree;
mod trial;
mod units;

use cli::{Cli, Verb};
use std::process::ExitCode;

fn main() -> ExitCode {
    // Cargo may have called this program in rustc's place.
    if let Some(code) = cargo::plan::serve().or_else(cargo::record::serve) {
        return code;
    }
    let cli = match cli::help::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error).into(),
    };
    let Cli { color, verb } = cli;
    output::set_color(color);
    let json = verb.as_ref().is_some_and(Verb::wants_json);
    let result = proc::end_children_on_signal().and_then(|()| match verb {
        None => learn::status::overview(),
        Some(Verb::List(options)) => learn::status::list(&options),
        Some(Verb::Check(options)) => learn::check::run(&options),
        Some(Verb::Watch(options)) => learn::watch::run(&options),
        Some(Verb::Hint(options)) => learn::hint::run(&options),
        Some(Verb::Solution(options)) => learn::solution::run(&options),
        Some(Verb::Reset(options)) => learn::reset::run(&options),
        Some(Verb::Doctor) => learn::doctor::run(),
        Some(Verb::Bloat(options)) => anatomy::bloat(&options),
        Some(Verb::Diff(options)) => anatomy::diff(&options),
        Some(Verb::WhatIf(options)) => anatomy::whatif::run(&options),
        Some(Verb::Report(options)) => anatomy::page::run(&options),
        Some(Verb::Image(options)) => image::run(&options),
        Some(Verb::Grade(options)) => grade::run(&options),
        Some(Verb::Author(verb)) => author::run(&verb),
        Some(Verb::Sizes(options)) => sizes::run(&options),
        Some(Verb::Docs(options)) => docs::run(&options),
        Some(Verb::Completions(options)) => learn::completions::run(&options),
    });
    let exit = result.unwrap_or_else(|error| {
        let failure = exit::failure_of(&error);
        output::failure(&failure, json);
        failure.exit
    });
    exit.into()
}
