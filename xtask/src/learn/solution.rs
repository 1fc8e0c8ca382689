//! `cargo xtask solution`: the solution, why it is one, and how it differs from the learner's files.

use crate::cli;
use crate::evidence;
use crate::exercise::{self, Exercise};
use crate::exit::Exit;
use crate::output;
use crate::progress::{self, State};
use crate::tree;
use anyhow::Result;
use similar::TextDiff;
use std::fs;

/// Runs `cargo xtask solution`.
///
/// # Errors
/// When the course or the learner's records cannot be read.
pub fn run(options: &cli::Solution) -> Result<Exit> {
    let cli::Solution { exercise: name, reveal } = options;
    let root = super::root()?;
    let exercise = exercise::load_or_here(&root, name.as_deref(), "solution")?;
    let id = &exercise.id;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    let done = progress.exercises.get(&exercise.id).is_some_and(|entry| entry.state == State::Done);
    if !done && !reveal {
        output::message(&format!(
            "{id} is not done yet. `cargo xtask hint {id}` gives the next hint; `cargo xtask solution {id} --reveal` shows the solution all the same."
        ));
        return Ok(Exit::NotMet);
    }
    let mut text = String::new();
    for (path, solved) in evidence::solution_files(&exercise)? {
        text += &difference(&exercise, &path, &solved);
    }
    let notes = fs::read_to_string(exercise.solution.join("NOTES.md")).unwrap_or_default();
    output::data(&format!("{text}\n{}\n", notes.trim_end()))?;
    Ok(Exit::Met)
}

/// From the learner's file to the solved one.
fn difference(exercise: &Exercise, path: &str, solved: &[u8]) -> String {
    let own = tree::content(&exercise.folder.join(path)).unwrap_or_default();
    let (own, solved) = (String::from_utf8_lossy(&own).replace("\r\n", "\n"), String::from_utf8_lossy(solved));
    let name = format!("exercises/{}/{path}", exercise.id);
    if own == solved {
        return format!("{name}: yours is the same as the solution's\n");
    }
    let diff = TextDiff::from_lines(own.as_str(), &solved);
    let (yours, theirs) = (format!("{name} (yours)"), format!("solutions/{}/{path}", exercise.id));
    diff.unified_diff().context_radius(3).header(&yours, &theirs).to_string()
}
