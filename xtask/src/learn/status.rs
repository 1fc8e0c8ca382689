//! `cargo xtask` and `cargo xtask list`: where the learner is, and what to type next.

use crate::cli;
use crate::exercise;
use crate::exit::Exit;
use crate::output;
use crate::progress;
use crate::report::path::{self, Screen};
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
    output::data(&path::overview(&exercises, &progress, screen()))?;
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
        cli::ListFormat::Text => path::text(&exercises, &progress, screen()),
        cli::ListFormat::Json => path::json(&exercises, &progress)?,
        cli::ListFormat::Markdown => path::markdown(&exercises, &progress),
    })?;
    Ok(Exit::Met)
}

fn screen() -> Screen {
    Screen { width: output::width(), color: console::colors_enabled() }
}
