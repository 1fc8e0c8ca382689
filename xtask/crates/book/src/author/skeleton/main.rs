//! Prints the words of its arguments from the last to the first: `backwards "one two" three` prints `three two one`.
//!
//! REPLACE it by a program that your exercise needs. It must turn its input into its output: one that always prints the
//! same can be faked. It should build in a few seconds, because learners build it often.

use std::env;

fn main() {
    let text = env::args().skip(1).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = text.split_whitespace().rev().collect();
    println!("{}", words.join(" "));
}
