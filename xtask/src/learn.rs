//! The verbs for learners. Each is a file; what they share is here.

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod doctor;
pub(crate) mod hint;
mod keys;
pub(crate) mod predict;
pub(crate) mod reset;
pub(crate) mod solution;
pub(crate) mod status;
pub(crate) mod watch;

use anyhow::Result;
use base::diagnostic;
use base::output;
use std::path::PathBuf;
use weigh::workshop::Workshop;

/// The folder of the course.
///
/// # Errors
/// When the call isn't made inside it.
pub(crate) fn root() -> Result<PathBuf> {
    let root = Workshop::find()?.root;
    diagnostic::set_home(&root);
    Ok(root)
}

/// Reports what was wrong with the learner's own records, if anything was.
fn say_damage(damage: Option<String>) {
    if let Some(words) = damage {
        output::note(&words);
    }
}
