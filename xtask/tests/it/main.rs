//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod anatomy;
mod author;
mod browser;
mod budget;
mod class;
mod course;
mod docs;
mod exercise_14;
mod exercises;
mod faults;
#[cfg(unix)]
mod fleet;
mod foreign;
mod grade;
mod learner;
mod manifests;
mod project;
mod site;
mod sizes;
mod surroundings;
mod tidy;
mod watch;
mod webdriver;
