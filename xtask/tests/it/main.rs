//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod anatomy;
mod blame;
mod browser;
mod budget;
mod desk;
mod engines;
mod exercise_12;
mod exercise_14;
mod exercises;
mod exercises_10_11_13;
mod exercises_4_5;
mod exercises_6_7;
mod exercises_8_9;
mod foreign;
mod formats;
mod front_door;
mod image;
mod learner;
mod manifests;
mod outside;
mod sizes;
mod surroundings;
mod tidy;
mod turns;
mod watch;
