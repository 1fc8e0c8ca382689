//! What learners see: a check, and the way through all exercises.

pub mod approaches;
pub mod learner;
pub mod path;
pub mod receipt;
