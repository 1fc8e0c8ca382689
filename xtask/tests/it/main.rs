//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod anatomy;
mod author;
mod author_new;
mod blame;
#[cfg(target_os = "linux")]
mod boxes;
mod browser;
mod budget;
mod class;
mod course;
mod desk;
mod docs;
mod engines;
mod exercise_12;
mod exercise_14;
mod exercises;
mod exercises_10_11_13;
mod exercises_4_5;
mod exercises_6_7;
mod exercises_8_9;
mod faults;
#[cfg(unix)]
mod fleet;
mod foreign;
mod formats;
mod grade;
mod image;
mod intake;
mod learner;
mod lms;
mod manifests;
mod outside;
mod project;
#[cfg(unix)]
mod runs;
mod site;
mod sizes;
mod stalls;
mod surroundings;
mod tidy;
mod turns;
mod watch;
mod webdriver;
