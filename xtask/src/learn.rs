//! The verbs for learners. Each one is a file; what they share is here.

pub mod check;
pub mod completions;
pub mod doctor;
pub mod hint;
mod keys;
pub mod reset;
pub mod solution;
pub mod status;
pub mod watch;

use crate::diagnostic;
use crate::manifest::Workshop;
use crate::output;
use anyhow::Result;
use std::path::PathBuf;

/// The folder of the course.
///
/// # Errors
/// When the call is not made inside of it.
pub fn root() -> Result<PathBuf> {
    let root = Workshop::find()?.root;
    diagnostic::set_home(&root);
    Ok(root)
}

/// Says what was wrong with the learner's own records, if anything was.
fn say_damage(damage: Option<String>) {
    damage.iter().for_each(|words| output::note(words));
}
