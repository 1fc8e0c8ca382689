//! The tool `wrap` as a program of its own.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    tools::wrap::run(&env::args().skip(1).collect::<Vec<_>>())
}
