//! Programs that bring C's library with them, and the targets that there are libraries for.

use super::Cargo;
use anyhow::Result;
use base::proc::{self, Call, Status};
use std::ffi::OsStr;
use std::path::PathBuf;

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
    /// they also get the flag, and a proc macro can't be built that way.
    pub fn link_statically(&mut self) {
        self.link(STATIC);
    }

    /// Leaves C's library out of what is built, whatever a configuration file says.
    pub fn link_dynamically(&mut self) {
        self.link("target-feature=-crt-static");
    }

    fn link(&mut self, flag: &str) {
        self.force_flags(&["-C", flag]);
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
        Ok(self.library_folder(target)?.is_some())
    }

    /// The folder with the standard library for a target, if it is there.
    ///
    /// # Errors
    /// When there is no rustc.
    pub fn library_folder(&self, target: &str) -> Result<Option<PathBuf>> {
        let mut call = Call::new(OsStr::new("rustc"), &self.cwd).args(["--print", "target-libdir", "--target", target]);
        call.env.clone_from(&self.env);
        let finished = proc::run(&call)?;
        let folder = PathBuf::from(String::from_utf8_lossy(&finished.stdout).trim());
        Ok(Some(folder).filter(|folder| finished.status == Status::Exited(0) && folder.is_dir()))
    }
}
