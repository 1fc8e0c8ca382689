//! The program behind `cargo xtask grade`: a class of untrusted submissions in boxes, a journal, gradebooks.

mod adopt;
mod alone;
mod archive;
mod attempts;
mod beside;
mod boxes;
mod class;
mod doubt;
mod export;
mod gather;
mod grade;
mod identity;
mod journal;
mod list;
mod lms;
mod model;
mod options;
mod partition;
mod place;
mod policy;
mod publish;
mod report;
mod roster;
mod run;
mod secret;
mod selftest;
mod settle;
mod sheet;
mod similar;
mod submissions;
mod users;
mod worker;

use commands::Verb;
use std::process::ExitCode;

fn main() -> ExitCode {
    commands::run(|verb| match verb {
        Some(Verb::Grade(options)) => Some(grade::run(&options)),
        _ => None,
    })
}
