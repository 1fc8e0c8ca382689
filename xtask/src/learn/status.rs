//! `cargo xtask` and `cargo xtask list`: where the learner is, and what to type next.

use crate::cli;
use crate::exercise;
use crate::exit::Exit;
use crate::output;
use crate::progress;
use crate::report::learner;
use anyhow::Result;

/// Runs `cargo xtask` without a verb.
///
/// # Errors
/// When the course or the learner's records cannot be read.
pub fn overview() -> Result<Exit> {
    let root = super::root()?;
    let exercises = exercise::all(&root)?;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    output::data(&learner::overview(&exercises, &progress))?;
    Ok(Exit::Met)
}

/// Runs `cargo xtask list`.
///
/// # Errors
/// When the course or the learner's records cannot be read.
pub fn list(options: &cli::List) -> Result<Exit> {
    let cli::List { format } = options;
    let root = super::root()?;
    let exercises = exercise::all(&root)?;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    output::data(&match format {
        cli::PlainFormat::Text => learner::list_text(&exercises, &progress),
        cli::PlainFormat::Json => learner::list_json(&exercises, &progress)?,
    })?;
    Ok(Exit::Met)
}
