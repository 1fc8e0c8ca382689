//! `cargo xtask` and `cargo xtask list`: where the learner is, and what to type next.

use anyhow::Result;
use base::failure::Exit;
use base::output;
use course::exercise;
use course::predictions;
use course::progress;
use course::report::path::{self, Screen};

/// Runs `cargo xtask` without a verb.
///
/// # Errors
/// When the course or the learner's records cannot be read.
pub(crate) fn overview() -> Result<Exit> {
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
pub(crate) fn list(options: &commands::List) -> Result<Exit> {
    let commands::List { format } = options;
    let root = super::root()?;
    let exercises = exercise::all(&root)?;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    let (predictions, damage) = predictions::load(&root)?;
    super::say_damage(damage);
    let calibration = predictions.calibration();
    let guesses = path::calibration(calibration).map_or(String::new(), |words| format!("\n{words}\n"));
    output::data(&match format {
        commands::ListFormat::Text => path::text(&exercises, &progress, screen()) + &guesses,
        commands::ListFormat::Json => path::json(&exercises, &progress, calibration)?,
        commands::ListFormat::Markdown => path::markdown(&exercises, &progress),
    })?;
    Ok(Exit::Met)
}

fn screen() -> Screen {
    Screen { width: output::width(), color: console::colors_enabled() }
}
