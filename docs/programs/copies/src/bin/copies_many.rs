//! A generic function that is called with eight types: the compiler makes eight copies of its machine code.

use std::fmt::Display;

// ANCHOR: generic
/// Two columns, with the second one right-aligned.
fn table<T: Display>(title: &str, rows: &[(&str, T)]) -> String {
    let values: Vec<String> = rows.iter().map(|(_, value)| value.to_string()).collect();
    let left = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let right = values.iter().map(String::len).max().unwrap_or(0);
    let mut table = format!("{title}\n");
    for ((name, _), value) in rows.iter().zip(values) {
        table.push_str(&format!("  {name:left$}  {value:>right$}\n"));
    }
    table
}
// ANCHOR_END: generic

fn main() {
    print!("{}", table("ports", &[("http", 80_u16), ("https", 443)]));
    print!("{}", table("retries", &[("first", 1_u8), ("last", 200)]));
    print!("{}", table("bytes", &[("sent", 9_000_000_000_u64), ("lost", 7)]));
    print!("{}", table("change", &[("up", 12_i32), ("down", -5)]));
    print!("{}", table("seconds", &[("wall", 0.25_f64), ("user", 1.5)]));
    print!("{}", table("flags", &[("loud", true), ("quiet", false)]));
    print!("{}", table("keys", &[("quit", 'q'), ("help", '?')]));
    print!("{}", table("names", &[("host", "example"), ("user", "guest")]));
}
