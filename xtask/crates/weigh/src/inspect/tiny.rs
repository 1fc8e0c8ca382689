//! Builds a program or a shared library of one file, outside of every workspace: what is measured of it depends on the settings
//! alone.

use crate::cargo::{Build, Cargo, Form, Kind, Wanted};
use anyhow::Result;
use base::files;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Builds it in a folder of its own, and says where the file is. `config` holds Cargo's `--config` arguments, and others.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn build(
    cargo: &Cargo,
    folder: &Path,
    name: &str,
    source: &str,
    form: Form,
    profile: &str,
    config: &[OsString],
) -> Result<PathBuf> {
    let (kind, main) = match form {
        Form::Executable => (Kind::Bin, "src/main.rs"),
        Form::Cdylib | Form::Dylib | Form::Staticlib => (Kind::Lib, "src/lib.rs"),
    };
    let types = match kind {
        Kind::Lib => format!("[lib]\ncrate-type = [\"{}\"]\n\n", form.name()),
        _ => String::new(),
    };
    let package =
        format!("[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\n{types}[workspace]\n");
    let lock = format!("version = 4\n\n[[package]]\nname = \"{name}\"\nversion = \"0.0.0\"\n");
    let file = |path: &str, text: &str| (PathBuf::from(path), text.as_bytes().to_vec());
    let place = folder.join("source");
    files::compose(&place, &[file("Cargo.toml", &package), file("Cargo.lock", &lock), file(main, source)])?;
    let mut cargo = cargo.clone();
    cargo.cwd.clone_from(&place);
    let target = folder.join("target");
    cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target.clone().into()));
    let built = cargo.build(&Build {
        manifest: Some(place.join("Cargo.toml")),
        profile: profile.to_owned(),
        packages: Vec::new(),
        targets: Vec::new(),
        extra: config.to_vec(),
        target_dir: Some(target),
        record: None,
        timeout: None,
    })?;
    Ok(built.file(&Wanted { kind, form, name: name.to_owned() }, None)?.path.clone())
}
