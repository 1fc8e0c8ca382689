//! What `cargo xtask check` is made of: exercises as data, evidence from builds and runs, verdicts, progress, and receipts.
//! Everything that judges a submission (a learner's check, grading, verifying the course) calls the same functions.

/// A digest of the code that makes evidence (this crate and those below it), from its build script.
pub(crate) const CODE: &str = env!("DIGEST_OF_THE_CODE");

pub mod approaches;
pub mod check;
pub mod checking;
pub mod diagnostic;
pub mod edits;
pub mod evidence;
pub mod exercise;
mod kept;
pub mod learner_manifest;
pub mod machine;
mod outside;
pub mod predictions;
pub mod progress;
pub mod report;
mod theirs;
pub mod tokens;
