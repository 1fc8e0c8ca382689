//! The code doesn't matter here: look at Cargo.toml.

fn main() {
    println!("hello");
}
