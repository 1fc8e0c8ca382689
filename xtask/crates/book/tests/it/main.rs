//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod author;
mod author_new;
mod docs;
mod site;
