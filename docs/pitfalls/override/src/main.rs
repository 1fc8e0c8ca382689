//! The code does not matter here: look at Cargo.toml.

fn main() {
    println!("hello");
}
