//! The folder in which someone's crate is built: one of ours in the target folder, so that nothing else of the crate is written.

use anyhow::{Context as _, Result};
use base::failure::failure_of;
use base::files;
use std::fs;
use std::path::Path;

/// Makes the folder, if it isn't there.
///
/// # Errors
/// When it can't be written: the crate may be on a read-only disk, or belong to a different user.
pub(super) fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("can't create the folder {}", folder.display()))
        .and_then(|()| files::check_writable(folder))
        .map_err(|error| {
            let failure = failure_of(&error);
            match failure.help {
                Some(_) => failure.into(),
                None => failure.help(ELSEWHERE).into(),
            }
        })
}

/// What to do where the crate's own target folder can't be written.
const ELSEWHERE: &str = "set CARGO_TARGET_DIR to a folder that you can write to; everything is then built there";
