//! The tests through the real binary, in one program: it is linked once. They build real programs with real Cargo.

#[cfg(target_os = "linux")]
mod boxes;
mod class;
mod faults;
#[cfg(unix)]
mod fleet;
mod grade;
mod guesses;
mod intake;
mod lms;
#[cfg(target_os = "linux")]
mod runs;
mod stalls;
