//! `cargo xtask`, the one front door of the workshop: learners' verbs are here, those that measure in a library, and the others
//! in separate programs, which are built when they are first needed.

mod learn;
mod program;

use commands::Verb;
use std::process::ExitCode;
use weigh::{history, image, inspect, sizes, tune};

fn main() -> ExitCode {
    commands::run(|verb| {
        Some(match verb {
            None => learn::status::overview(),
            Some(Verb::List(options)) => learn::status::list(&options),
            Some(Verb::Predict(options)) => learn::predict::run(&options),
            Some(Verb::Check(options)) => learn::check::run(&options),
            Some(Verb::Watch(options)) => learn::watch::run(&options),
            Some(Verb::Hint(options)) => learn::hint::run(&options),
            Some(Verb::Solution(options)) => learn::solution::run(&options),
            Some(Verb::Reset(options)) => learn::reset::run(&options),
            Some(Verb::Doctor) => learn::doctor::run(),
            Some(Verb::Completions(options)) => learn::completions::run(&options),
            Some(Verb::Sizes(options)) => sizes::run(&options.into()),
            Some(Verb::Bloat(options)) => inspect::bloat(&options.into()),
            Some(Verb::Diff(options)) => inspect::diff(&options.into()),
            Some(Verb::WhatIf(options)) => inspect::whatif::run(&options.into()),
            Some(Verb::Price(options)) => inspect::price::run(&options.into()),
            Some(Verb::Tune(options)) => tune::run(&options.into()),
            Some(Verb::Report(options)) => inspect::page::run(&options.into()),
            Some(Verb::History(options)) => history::run(&options.into()),
            Some(Verb::Image(options)) => image::run(&options.into()),
            Some(Verb::Grade(_)) => program::run("grading", "grade"),
            Some(Verb::Author(_)) => program::run("book", "author"),
            Some(Verb::Docs(_)) => program::run("book", "docs"),
        })
    })
}
