//! What `cargo weigh` and the workshop are built on: processes that are always ended, files that are written whole, errors that
//! say what to do next, numbers and text as people read them. Nothing here knows about sizes or courses.

pub mod caller;
pub mod dates;
pub mod diagnostic;
pub mod failure;
pub mod files;
pub mod numbers;
pub mod output;
pub mod proc;
pub mod queue;
pub mod store;
pub mod text;
