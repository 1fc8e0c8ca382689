//! All three tools in one program: `tools hex`, `tools rank`, `tools wrap`, and each of them under its own name, if the
//! program is installed under it.

use std::env;
use std::path::Path;
use std::process::ExitCode;
use tools::{hex, rank, wrap};

fn main() -> ExitCode {
    let words: Vec<String> = env::args().collect();
    // `/usr/bin/hex` and `hex.exe` are called `hex`.
    let called = words.first().and_then(|path| Path::new(path).file_stem()?.to_str());
    if let Some(run) = called.and_then(tool) {
        return run(&words[1..]);
    }
    if let Some(run) = words.get(1).and_then(|word| tool(word)) {
        return run(&words[2..]);
    }
    usage()
}

/// The tool with this name.
fn tool(name: &str) -> Option<fn(&[String]) -> ExitCode> {
    match name {
        "hex" => Some(hex::run),
        "rank" => Some(rank::run),
        "wrap" => Some(wrap::run),
        _ => None,
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: tools hex|rank|wrap [NUMBER] <FILE");
    ExitCode::from(2)
}
