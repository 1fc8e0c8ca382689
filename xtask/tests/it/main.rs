//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod docs;
mod foreign;
mod project;
mod sizes;
mod surroundings;
mod tidy;
