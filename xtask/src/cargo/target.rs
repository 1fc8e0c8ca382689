//! Programs that bring C's library with them, and the targets that there are libraries for.

use super::Cargo;
use crate::proc::{self, Call, Status};
use anyhow::Result;
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The flag that links C's library into a program, as rustc takes it.
pub const STATIC: &str = "target-feature=+crt-static";

impl Cargo {
    /// Links C's library into what is built. With `--target`, build scripts and proc macros are left as they are; without it
    /// they get the flag, too, and a proc macro cannot be built so.
    pub fn link_statically(&mut self) {
        // This variable wins over all other places that flags may come from; 0x1f stands between two of them.
        self.env.insert("CARGO_ENCODED_RUSTFLAGS".into(), Some(OsString::from(format!("-C\u{1f}{STATIC}"))));
    }

    /// Whether the standard library is there for a target.
    ///
    /// # Errors
    /// When there is no rustc.
    pub fn has_target(&self, target: &str) -> Result<bool> {
        let mut call = Call::new(OsStr::new("rustc"), &self.cwd).args(["--print", "target-libdir", "--target", target]);
        call.env.clone_from(&self.env);
        let finished = proc::run(&call)?;
        let folder = String::from_utf8_lossy(&finished.stdout).into_owned();
        Ok(finished.status == Status::Exited(0) && Path::new(folder.trim()).is_dir())
    }
}
