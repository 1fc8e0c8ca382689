//! Panics three calls deep when it gets no numbers, so that there is a backtrace to look at.

use std::env;

// ANCHOR: calls
fn main() {
    report(env::args().skip(1));
}

#[inline(never)] // has its own frame at every opt-level, so that backtraces can be compared
fn report(arguments: impl Iterator<Item = String>) {
    let numbers: Vec<u64> = arguments.filter_map(|argument| argument.parse().ok()).collect();
    println!("{}", average(&numbers));
}

#[inline(never)]
fn average(numbers: &[u64]) -> u64 {
    numbers.iter().sum::<u64>() / numbers.len() as u64
}
// ANCHOR_END: calls
