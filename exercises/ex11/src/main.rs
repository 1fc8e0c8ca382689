//! Counts the lines, words and bytes of standard input: all of them, or those that `-l`, `-w` and `-c` ask for. This is
//! the file that you change.

mod count;

use count::{Chosen, Counts, Shown};
use std::env;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut chosen = Chosen::default();
    for argument in env::args_os().skip(1) {
        if !chosen.add(argument.as_encoded_bytes()) {
            eprintln!("usage: count [-lwc] <FILE");
            return ExitCode::from(2);
        }
    }
    match count(chosen) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => {
            eprintln!("count: cannot read or write");
            ExitCode::FAILURE
        }
    }
}

fn count(chosen: Chosen) -> io::Result<()> {
    let mut counts = Counts::default();
    let mut buffer = [0; 4096];
    loop {
        match io::stdin().read(&mut buffer)? {
            0 => break,
            length => counts.add(&buffer[..length]),
        }
    }
    write!(io::stdout(), "{}", Shown(chosen, counts))
}
