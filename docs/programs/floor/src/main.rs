//! An empty `main`: everything in its file is in every program that uses std.

fn main() {}
