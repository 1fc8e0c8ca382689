//! Prints the CRC-32 checksum and the length of each argument; without arguments, of the standard input. With
//! `--check SUM TEXT` it says whether the text has this checksum. You don't change this file.

mod crc;

use crc::crc32;
use std::env;
use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("crc_sum: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(args: &[String]) -> Result<bool, String> {
    let mut out = io::stdout().lock();
    let mut row = |bytes: &[u8], name: &str| {
        writeln!(out, "{:08x} {:>8}  {name}", crc32(bytes), bytes.len()).map_err(|error| error.to_string())
    };
    match args {
        [] => {
            let mut input = Vec::new();
            io::stdin().lock().read_to_end(&mut input).map_err(|error| error.to_string())?;
            row(&input, "-").map(|()| true)
        }
        [flag, rest @ ..] if flag == "--check" => {
            let [sum, text] = rest else { return Err("--check takes a checksum and a text".to_owned()) };
            let sum = u32::from_str_radix(sum, 16).map_err(|error| format!("`{sum}` is no checksum: {error}"))?;
            row(text.as_bytes(), text)?;
            Ok(crc32(text.as_bytes()) == sum)
        }
        texts => texts.iter().try_for_each(|text| row(text.as_bytes(), text)).map(|()| true),
    }
}
