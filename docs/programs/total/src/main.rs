//! One hot loop and nothing else: it shows what each `opt-level` costs where a program really computes.

use std::process::ExitCode;

const USAGE: &str = "usage: total COUNT";

/// Adds up the squares of the numbers below COUNT, a thousand times, and prints the last 32 bits of the sum.
fn main() -> ExitCode {
    let Some(count) = std::env::args().nth(1).and_then(|count| count.parse::<u32>().ok()) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };

    let numbers: Vec<u32> = (0..count).collect();
    let mut total: u32 = 0;
    for round in 0..1000 {
        total = total.wrapping_add(sum_of_squares(&numbers, round));
    }
    println!("{total}");
    ExitCode::SUCCESS
}

// ANCHOR: loop
/// The loop that is measured: a compiler may work on several numbers at once, or on one after the other.
fn sum_of_squares(numbers: &[u32], offset: u32) -> u32 {
    let mut sum: u32 = 0;
    for number in numbers {
        let shifted = number.wrapping_add(offset);
        sum = sum.wrapping_add(shifted.wrapping_mul(shifted));
    }
    sum
}
// ANCHOR_END: loop
