//! Std compiled with the program instead of taken as the toolchain brings it. Cargo can do that on a nightly, or where
//! `RUSTC_BOOTSTRAP` lets a stable toolchain take what is unstable, and only where the toolchain has std's source.

use crate::cargo::{Cargo, release_and_host};
use anyhow::Result;
use base::failure::{Exit, Failure};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::Path;

/// How std is compiled with a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rebuilt {
    /// By the program's profile.
    ByProfile,
    /// The same, without std's feature `backtrace`, which finds names and lines.
    WithoutBacktrace,
    /// The same, and a panic ends the process without a word.
    SilentPanics,
}

impl Rebuilt {
    /// Its name in the manifest, in measurements, and in references of the book.
    pub fn name(self) -> &'static str {
        match self {
            Self::ByProfile => "by-profile",
            Self::WithoutBacktrace => "without-backtrace",
            Self::SilentPanics => "silent-panics",
        }
    }

    /// The one of this name.
    pub fn of_name(name: &str) -> Option<Self> {
        [Self::ByProfile, Self::WithoutBacktrace, Self::SilentPanics].into_iter().find(|std| std.name() == name)
    }

    /// What Cargo is told. It rebuilds std only for a target that is named: this one, if nothing else names one.
    pub fn args(self, target: Option<&str>) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["-Z".into(), "build-std=std,panic_abort".into()];
        if self != Self::ByProfile {
            // The list replaces std's default features, and `backtrace` is one of them.
            args.extend(["-Z".into(), "build-std-features=optimize_for_size".into()]);
        }
        args.extend(target.into_iter().flat_map(|target| ["--target".into(), target.into()]));
        args
    }

    /// The same Cargo, with what it needs to take the unstable options.
    pub fn cargo(self, cargo: &Cargo) -> Cargo {
        let mut cargo = cargo.clone();
        cargo.env.insert("RUSTC_BOOTSTRAP".into(), Some("1".into()));
        if self == Self::SilentPanics {
            cargo.force_flags(&["-Zunstable-options", "-Cpanic=immediate-abort"]);
        }
        cargo
    }
}

/// Finds out whether the toolchain has std's source: the place where Cargo looks for it.
///
/// # Errors
/// When it hasn't: a failure that says how to get it. Or when there is no rustc.
pub fn must_have_source(cargo: &Cargo) -> Result<()> {
    if has_source(cargo)? {
        return Ok(());
    }
    let (release, _) = release_and_host(&cargo.rustc_version("rustc".as_ref())?)?;
    let message =
        format!("the source of std isn't installed for rustc {release}, so std can't be built with the program");
    Err(Failure::new(Exit::Environment, message).help(GET_SOURCE).into())
}

/// What adds the source of std to a toolchain.
pub const GET_SOURCE: &str = "`rustup component add rust-src` adds it to a toolchain of rustup; a distribution has it as a package, \
     such as Debian's rust-web-src beside rustc-web and cargo-web";

/// Whether the toolchain has std's source, in the place where Cargo looks for it.
///
/// # Errors
/// When there is no rustc.
pub fn has_source(cargo: &Cargo) -> Result<bool> {
    let sysroot = cargo.sysroot("rustc".as_ref())?;
    Ok(Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn the_name_is_the_one_of_the_manifest() {
        for std in [Rebuilt::ByProfile, Rebuilt::WithoutBacktrace, Rebuilt::SilentPanics] {
            assert_eq!(serde_json::to_value(std).unwrap(), std.name());
            assert_eq!(Rebuilt::of_name(std.name()), Some(std));
        }
    }

    #[test]
    fn a_target_is_named_once() {
        let shown = |std: Rebuilt, target| std.args(target).join(OsStr::new(" "));
        assert_eq!(shown(Rebuilt::ByProfile, Some("here")), "-Z build-std=std,panic_abort --target here");
        assert_eq!(
            shown(Rebuilt::SilentPanics, None),
            "-Z build-std=std,panic_abort -Z build-std-features=optimize_for_size"
        );
    }
}
