//! What learners see: a check, and their path through the exercises.

pub mod approaches;
pub mod learner;
pub mod path;
pub mod receipt;
