//! What `cargo xtask check` is made of: exercises as data, evidence from builds and runs, verdicts, progress, and receipts.
//! Whoever judges a submission (a learner's check, a class, the proof of the course) calls the same functions.

pub mod check;
pub mod checking;
pub mod evidence;
pub mod exercise;
pub mod learner_manifest;
pub mod outside;
pub mod progress;
pub mod report;
pub mod theirs;
pub mod tokens;
