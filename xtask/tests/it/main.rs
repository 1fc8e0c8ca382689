//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

mod anatomy;
mod blame;
mod browser;
mod budget;
mod capstone;
mod containerfile;
mod contracts;
#[cfg(target_os = "linux")]
mod cross;
mod dependencies;
mod desk;
mod doors;
mod engines;
mod exercises;
mod foreign;
mod formats;
mod front_door;
mod image;
mod learner;
mod manifests;
mod optional;
mod outside;
mod panics_and_backtraces;
mod platforms;
mod schemas;
mod settings_and_speed;
mod sizes;
mod surroundings;
mod tidy;
mod turns;
mod watch;
#[cfg(target_os = "linux")]
mod windows;
