//! An empty `main`: all that is in its file is what every program with std brings along.

fn main() {}
