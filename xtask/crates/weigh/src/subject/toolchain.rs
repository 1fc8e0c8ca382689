//! Which Cargo and which rustc a subject is built with.

use crate::cargo::{Cargo, Metadata};
use crate::surroundings;
use crate::workshop::Workshop;
use anyhow::Result;
use base::queue::joined;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::thread;

/// Whether a folder, or one above it, chooses a toolchain.
fn has_toolchain_file(folder: &Path) -> bool {
    folder
        .ancestors()
        .any(|folder| ["rust-toolchain.toml", "rust-toolchain"].iter().any(|name| folder.join(name).is_file()))
}

/// The Cargo that runs this program, so that both are of one toolchain.
pub(super) fn cargo_program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// The Cargo of the toolchain that a crate's own folder chooses, or the user's default one, where this one was only chosen by the
/// workshop.
pub(super) fn of_its_toolchain(cargo: Cargo, workshop: &Workshop, always: bool) -> Cargo {
    let pin = fs::read_to_string(workshop.root.join("rust-toolchain.toml")).unwrap_or_default();
    if !always && !surroundings::toolchain_is_our_pin(env::var_os("RUSTUP_TOOLCHAIN").as_deref(), &pin) {
        return cargo;
    }
    let mut theirs = Cargo { program: "cargo".into(), ..cargo.clone() };
    theirs.env.extend(["RUSTUP_TOOLCHAIN", "CARGO"].map(|name| (name.into(), None)));
    // Someone who came for the workshop may have no default toolchain.
    if has_toolchain_file(&cargo.cwd) || version(&theirs).is_ok() { theirs } else { cargo }
}

/// What rustc says of itself.
pub(super) struct Version {
    /// The release.
    pub release: String,
    /// The target triple of this machine.
    pub host: String,
    /// The whole answer.
    pub compiler: String,
}

pub(super) fn version(cargo: &Cargo) -> Result<Version> {
    let change = cargo.env.get(OsStr::new("RUSTC")).cloned();
    let rustc = change.unwrap_or_else(|| env::var_os("RUSTC")).filter(|rustc| !rustc.is_empty());
    let compiler = cargo.rustc_version(&rustc.unwrap_or_else(|| "rustc".into()))?;
    let (release, host) = crate::cargo::release_and_host(&compiler)?;
    Ok(Version { release, host, compiler })
}

/// Asks rustc and Cargo at the same time: each takes as long as reading a program.
pub(super) fn version_and_metadata(cargo: &Cargo, manifest: &Path) -> Result<(Version, Metadata)> {
    thread::scope(|scope| {
        let asked = scope.spawn(|| version(cargo));
        let metadata = cargo.metadata(Some(manifest));
        let version = joined(asked)?;
        Ok((version, metadata?))
    })
}
