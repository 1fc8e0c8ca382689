//! The tests of `cargo weigh` through the real binary, in one program: it is linked once. They build small programs with real
//! Cargo, in folders where there is no workshop.

mod action;
mod calls;
mod downloads;
mod environment;
mod kinds;
mod lockfile;
mod native;
mod places;
mod platforms;
mod price;
mod profiles;
mod reasons;
mod revisions;
mod symbols;
mod tables;
mod targets;
mod tune;
mod verbs;
mod whatif;
