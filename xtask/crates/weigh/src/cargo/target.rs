//! Programs that bring C's library with them, and the targets that there are libraries for.

use super::Cargo;
use anyhow::Result;
use base::proc::{self, Call, Status};
use std::ffi::{OsStr, OsString};
use std::path::Path;

/// The flag that links C's library into a program, as rustc takes it.
pub const STATIC: &str = "target-feature=+crt-static";

/// What there is for a target.
#[derive(Debug)]
pub enum Target {
    /// Its standard library.
    Installed,
    /// Nothing yet.
    NotInstalled,
    /// rustc doesn't know it, but these.
    Unknown(Vec<String>),
}

impl Cargo {
    /// Links C's library into what is built. With `--target`, build scripts and proc macros are left as they are; without it
    /// they get the flag, too, and a proc macro cannot be built so.
    pub fn link_statically(&mut self) {
        // This variable wins over all other places that flags may come from; 0x1f stands between two of them.
        self.env.insert("CARGO_ENCODED_RUSTFLAGS".into(), Some(OsString::from(format!("-C\u{1f}{STATIC}"))));
    }

    /// Leaves C's library out of what is built, whatever a configuration file says.
    pub fn link_dynamically(&mut self) {
        self.env.insert("CARGO_ENCODED_RUSTFLAGS".into(), Some(OsString::from("-C\u{1f}target-feature=-crt-static")));
    }

    /// What there is for a target.
    ///
    /// # Errors
    /// When there is no rustc.
    pub fn target(&self, name: &str) -> Result<Target> {
        // What describes a target itself is a file, and its standard library is built with it.
        if name.ends_with(".json") || self.has_target(name)? {
            return Ok(Target::Installed);
        }
        let mut call = Call::new(OsStr::new("rustc"), &self.cwd).args(["--print", "target-list"]);
        call.env.clone_from(&self.env);
        let list = proc::run(&call)?.stdout;
        let list: Vec<String> = String::from_utf8_lossy(&list).lines().map(str::to_owned).collect();
        Ok(if list.iter().any(|known| known == name) { Target::NotInstalled } else { Target::Unknown(list) })
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
