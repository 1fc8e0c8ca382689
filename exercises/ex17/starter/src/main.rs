//! Says how many boxes an order needs, and how many pieces are left over.

use std::collections::BTreeMap;
use std::env;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let size = match (args.next().map(|text| text.parse()), args.next()) {
        (Some(Ok(size)), None) => size,
        _ => {
            eprintln!("usage: pack_boxes PIECES-PER-BOX < ORDERS");
            return ExitCode::from(2);
        }
    };
    match pack(size, io::stdin().lock(), io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pack_boxes: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Adds up the orders for each thing, and prints what they need.
fn pack(size: u64, orders: impl BufRead, mut out: impl Write) -> io::Result<()> {
    let mut pieces: BTreeMap<String, u64> = BTreeMap::new();
    for line in orders.lines() {
        let line = line?;
        let mut words = line.split_whitespace();
        match (words.next(), words.next().map(str::parse::<u32>), words.next()) {
            (None, ..) => {}
            (Some(thing), Some(Ok(count)), None) => *pieces.entry(thing.to_owned()).or_default() += u64::from(count),
            _ => eprintln!("not an order: {line:?}"),
        }
    }
    for (thing, pieces) in pieces {
        writeln!(out, "{thing}: {} boxes, {} left over", boxes(pieces, size), pieces - boxes(pieces, size) * size)?;
    }
    out.flush()
}

/// How many boxes are full.
fn boxes(pieces: u64, size: u64) -> u64 {
    pieces / size
}
