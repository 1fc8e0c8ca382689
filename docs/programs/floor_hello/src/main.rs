//! Prints one line: the smallest program that anybody would call one.

fn main() {
    println!("hi");
}
