//! Which compiler a check builds with: the workshop's pinned one, whatever the folder or the environment chooses, if it is
//! installed.

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::exercise::Exercise;
use anyhow::Result;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use weigh::cargo::{Cargo, release_and_host};
use weigh::rebuilt;
use weigh::surroundings;

/// The release of rustc and the target triple, for a check that builds nothing.
///
/// # Errors
/// When there is no rustc.
pub fn toolchain(exercise: &Exercise) -> Result<(String, String)> {
    let (_, _, release, host) = version(exercise)?;
    Ok((release, host))
}

/// Whether the compiler that builds an exercise has std's source, and its release. Asked once for all exercises of a folder.
///
/// # Errors
/// When there is no rustc.
pub fn has_std_source(root: &Path, exercise: &Exercise) -> Result<(bool, String)> {
    static KNOWN: Mutex<BTreeMap<PathBuf, (bool, String)>> = Mutex::new(BTreeMap::new());
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(root) {
        return Ok(known.clone());
    }
    let (cargo, _, release, _, _) = pinned(root, version(exercise)?)?;
    let found = (rebuilt::has_source(&cargo)?, release);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(root.to_owned(), found.clone());
    Ok(found)
}

/// Cargo without what the environment would change; the answer of `rustc -vV`, and the release and host in it.
///
/// # Errors
/// When there is no rustc.
pub(super) fn version(exercise: &Exercise) -> Result<(Cargo, String, String, String)> {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let cargo = Cargo {
        program,
        cwd: exercise.folder.clone(),
        env: surroundings::of_builds(),
        args: Vec::new(),
        sandbox: None,
    };
    let (cargo, version) = match cargo.rustc_version("rustc".as_ref()) {
        Ok(version) => (cargo, version),
        // The folder or the environment may choose a toolchain that isn't installed, while the workshop's own is installed.
        Err(error) => with_the_pinned(exercise, &cargo).ok_or(error)?,
    };
    let (release, host) = release_and_host(&version)?;
    Ok((cargo, version, release, host))
}

/// The same for a class: its compiler stays the same, and asking rustc takes longer than a run.
///
/// # Errors
/// When there is no rustc.
pub(super) fn version_once(exercise: &Exercise) -> Result<(Cargo, String, String, String)> {
    static KNOWN: Mutex<BTreeMap<PathBuf, (Cargo, String, String, String)>> = Mutex::new(BTreeMap::new());
    if let Some(known) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&exercise.folder) {
        return Ok(known.clone());
    }
    let found = version(exercise)?;
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).insert(exercise.folder.clone(), found.clone());
    Ok(found)
}

/// Cargo with a release of rustc that rustup has, whatever the folder and the environment choose.
fn pinned_cargo(cargo: &Cargo, pin: &str) -> Cargo {
    let mut pinned = Cargo { program: "cargo".into(), ..cargo.clone() };
    pinned.env.insert("CARGO".into(), None);
    pinned.env.insert("RUSTUP_TOOLCHAIN".into(), Some(pin.into()));
    pinned.env.insert("RUSTUP_AUTO_INSTALL".into(), Some("0".into()));
    pinned
}

/// The same with what it answers to `rustc -vV`, for an exercise whose folder chooses a toolchain that can't be started; none if the
/// workshop around it isn't pinned to a release, or that isn't installed either.
fn with_the_pinned(exercise: &Exercise, cargo: &Cargo) -> Option<(Cargo, String)> {
    let pin = exercise.folder.ancestors().skip(1).find_map(surroundings::pin)?;
    let pinned = pinned_cargo(cargo, &pin);
    let version = pinned.rustc_version("rustc".as_ref()).ok()?;
    let (release, _) = release_and_host(&version).ok()?;
    (release == pin).then_some((pinned, version))
}

/// Cargo with the release of rustc that the workshop is pinned to, where that is installed; and a warning where this process was
/// started with a different one.
///
/// # Errors
/// When rustc's answer isn't understood.
pub(super) fn pinned(
    root: &Path,
    (cargo, version, release, host): (Cargo, String, String, String),
) -> Result<(Cargo, String, String, String, Vec<Diagnostic>)> {
    let Some(pin) = surroundings::pin(root).filter(|pin| *pin != release) else {
        let is_replaced = cargo.env.contains_key(OsStr::new("RUSTUP_TOOLCHAIN"));
        let warning = is_replaced.then(|| {
            let message = format!(
                "the selected toolchain can't be started: this check uses Rust {release}, the workshop's pinned release, as \
                 grading does"
            );
            Diagnostic::new(Code::OtherToolchain, message).severity(Severity::Warning).help(
                "a rust-toolchain file, `rustup override` or `RUSTUP_TOOLCHAIN` chooses one that isn't installed; run `rustup show` \
                 in the exercise's folder to see which one, and remove it",
            )
        });
        return Ok((cargo, version, release, host, warning.into_iter().collect()));
    };
    let theirs = pinned_cargo(&cargo, &pin);
    let found = theirs.rustc_version("rustc".as_ref()).ok();
    let found = found.map(|version| Ok::<_, anyhow::Error>((release_and_host(&version)?, version))).transpose()?;
    let warning = |what: &str, help: String| {
        let message =
            format!("the workshop is pinned to Rust {pin}, and this check was started with {release}: {what}");
        vec![Diagnostic::new(Code::OtherToolchain, message).severity(Severity::Warning).help(help)]
    };
    Ok(match found {
        Some(((now, host), version)) if now == pin => {
            let why = "`RUSTUP_TOOLCHAIN`, `cargo +TOOLCHAIN`, `rustup override` and a rust-toolchain file choose a different one, which \
                       your own `cargo build` then uses; `rustup show` shows which one";
            (
                theirs,
                version,
                pin.clone(),
                host,
                warning("it builds with the pinned one, as grading does", why.to_owned()),
            )
        }
        _ => {
            let help = format!(
                "it builds both sides of each comparison, so you can still meet the goals; to see what grading sees, run \
                 `rustup toolchain install {pin}`"
            );
            (
                cargo,
                version,
                release.clone(),
                host,
                warning("the pinned one isn't installed here, so sizes can differ", help),
            )
        }
    })
}
