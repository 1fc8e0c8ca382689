//! The program of `copies_many`, with the part of its generic function that needs no type moved into an inner function.

use std::fmt::Display;

// ANCHOR: outlined
/// Two columns, with the second one right-aligned.
fn table<T: Display>(title: &str, rows: &[(&str, T)]) -> String {
    /// What doesn't depend on the type: compiled once.
    fn aligned(title: &str, names: &[&str], values: &[String]) -> String {
        let left = names.iter().map(|name| name.len()).max().unwrap_or(0);
        let right = values.iter().map(String::len).max().unwrap_or(0);
        let mut table = format!("{title}\n");
        for (name, value) in names.iter().zip(values) {
            table.push_str(&format!("  {name:left$}  {value:>right$}\n"));
        }
        table
    }

    let (names, values): (Vec<&str>, Vec<String>) = rows.iter().map(|(name, value)| (*name, value.to_string())).unzip();
    aligned(title, &names, &values)
}
// ANCHOR_END: outlined

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
