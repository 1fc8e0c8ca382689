//! The tool `hex` as a program of its own.

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    tools::hex::run(&env::args().skip(1).collect::<Vec<_>>())
}
