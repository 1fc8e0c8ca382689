//! Which manifest is meant.

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The manifest that is meant, as an absolute path.
///
/// # Errors
/// When there is none.
pub fn manifest_file(given: &Path) -> Result<PathBuf> {
    // A folder means the one holding the manifest.
    let file = if given.is_dir() { given.join("Cargo.toml") } else { given.to_owned() };
    fs::metadata(&file).map_err(|error| {
        Failure::new(Exit::Usage, format!("can't find {}: {error}", file.display()))
            .help("--manifest-path takes the path of a Cargo.toml")
    })?;
    // Not the canonical path: on Windows that begins with `\\?\`, which not every program understands.
    let found = std::path::absolute(&file).with_context(|| format!("can't tell where {} is", file.display()))?;
    if found.file_name().is_none_or(|name| name != "Cargo.toml") {
        bail!(
            Failure::new(Exit::Usage, format!("{} isn't a Cargo.toml", given.display()))
                .help("--manifest-path takes the path of a Cargo.toml")
        );
    }
    Ok(found)
}

/// The manifest that Cargo would take: the nearest one, from the current folder upwards.
///
/// # Errors
/// When there is none.
pub fn nearest_manifest() -> Result<PathBuf> {
    let here = env::current_dir().context("can't find the current folder")?;
    let found = here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|manifest| manifest.is_file());
    found.ok_or_else(|| {
        let message = format!("there is no Cargo.toml in {} or above it", here.display());
        Failure::new(Exit::Usage, message)
            .help("go to the folder of a crate, or name its Cargo.toml: --manifest-path PATH")
            .into()
    })
}
