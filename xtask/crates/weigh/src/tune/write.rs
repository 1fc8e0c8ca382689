//! The choice written into the manifest of the workspace's root, where alone Cargo reads profiles, and the proof that Cargo then
//! makes the build that was printed.

use super::choice::Found;
use super::manifest::{self, on_top_of_release, with_profile};
use super::point::{Panic, Point};
use super::trial::Trial;
use super::{Written, release_profiles};
use crate::measure::binary;
use crate::subject::{self, Program, Subject};
use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure, Place};
use base::files;
use base::numbers::thousands;
use base::output;
use similar::TextDiff;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use toml::Value;

/// A manifest larger than this was written by a program.
const LARGEST: u64 = 4 << 20;

/// Makes sure that the profile can be written, before anything is built for it.
///
/// # Errors
/// When it can't.
pub(super) fn check(subject: &Subject, name: &str) -> Result<()> {
    if !subject.foreign {
        bail!(
            Failure::new(
                Exit::Usage,
                "--write is for your own crate: the workshop's profiles are the subject of its book"
            )
            .help("name your crate's Cargo.toml: --manifest-path PATH")
        );
    }
    let (file, text) = read(&subject.own.manifest)?;
    edited(&file, &text, name, &Point::release(Panic::Unwind).settings())?;
    // A read-only disk isn't seen in the file's permissions.
    let is_writable = File::options().append(true).open(&file).is_ok()
        && file.parent().is_none_or(|folder| files::check_writable(folder).is_ok());
    if is_writable { Ok(()) } else { bail!(read_only(&subject.own.manifest)) }
}

/// The file behind a manifest, which may be a link, and its text.
fn read(manifest: &Path) -> Result<(PathBuf, String)> {
    let shown = diagnostic::shown(manifest);
    let file = manifest.canonicalize().with_context(|| format!("can't find {}", shown.display()))?;
    let text = files::read_text(&file, LARGEST).map_err(|what| {
        let place = Place { file: shown.clone(), line: what.line, column: None };
        Failure { place: Some(place), help: what.help, ..Failure::new(Exit::Usage, what.message) }
    })?;
    let is_readonly = fs::metadata(&file).is_ok_and(|metadata| metadata.permissions().readonly());
    if is_readonly {
        bail!(read_only(manifest));
    }
    Ok((file, text))
}

fn read_only(manifest: &Path) -> Failure {
    let message = format!("{} can't be written: it is read-only", diagnostic::shown(manifest).display());
    Failure::new(Exit::Environment, message).help("make it writable, or leave --write out")
}

fn edited(file: &Path, text: &str, name: &str, settings: &BTreeMap<String, Value>) -> Result<String> {
    with_profile(text, name, settings).map_err(|manifest::Refused { message, line, help }| {
        let place = line.map(|line| Place { file: diagnostic::shown(file), line: Some(line), column: None });
        Failure { place, ..Failure::new(Exit::Usage, message) }.help(help).into()
    })
}

/// Writes the profile after showing the difference, and builds with it. If that isn't the build that was printed, everything is as
/// it was, and there is nothing to return.
///
/// # Errors
/// When the manifest can't be edited safely, or can't be written.
pub(super) fn profile(
    subject: &Subject,
    program: &Program,
    trial: &Trial<'_>,
    chosen: &Found,
    name: &str,
) -> Result<Option<Written>> {
    let settings = on_top_of_release(release_profiles(subject), &chosen.point.settings());
    let (file, before) = read(&subject.own.manifest)?;
    let after = edited(&file, &before, name, &settings)?;
    let shown = diagnostic::shown(&subject.own.manifest);
    if after == before {
        output::note(&format!("{} already has this [profile.{name}]", shown.display()));
    } else {
        output::message(diff(&shown, &before, &after).trim_end());
        replace(&file, &after)?;
    }
    let built = build(subject, program, trial, chosen.point, name);
    match built {
        Ok(bytes) if bytes == chosen.bytes => {
            Ok(Some(Written { manifest: subject.own.manifest.clone(), profile: name.to_owned(), bytes }))
        }
        other => {
            if after != before {
                replace(&file, &before)?;
            }
            let bytes = other?;
            output::not_met(&format!(
                "with [profile.{name}] in {}, `cargo build --profile {name}` gives {} bytes, not {}: something else sets this \
                 profile as well, such as an environment variable or .cargo/config.toml. The manifest was restored",
                shown.display(),
                thousands(bytes),
                thousands(chosen.bytes)
            ));
            Ok(None)
        }
    }
}

/// Replaces a file, and keeps who may read it.
fn replace(file: &Path, text: &str) -> Result<()> {
    let permissions = fs::metadata(file).map(|metadata| metadata.permissions());
    files::write_atomic(file, text.as_bytes())?;
    if let Ok(permissions) = permissions {
        fs::set_permissions(file, permissions)
            .with_context(|| format!("can't restore the mode of {}", file.display()))?;
    }
    Ok(())
}

fn diff(file: &Path, before: &str, after: &str) -> String {
    let name = file.display().to_string();
    TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(&name, &name).to_string()
}

/// The size of the build that `cargo build --profile NAME` makes.
fn build(subject: &Subject, program: &Program, trial: &Trial<'_>, point: Point, name: &str) -> Result<u64> {
    let (args, env) = trial.flags(point);
    let mut cargo = subject.cargo.clone();
    cargo.env.extend(env.map(|(name, value)| (name, Some(value))));
    let mut order = subject.order(program, &subject::own(name));
    order.extra.extend(args);
    let built = cargo.build(&order)?;
    Ok(binary::read(&subject.made(program, &built, &subject.build_dir)?.path)?.bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_difference_is_shown_as_a_patch() {
        let before = "[package]\nname = \"a\"\n";
        let after = with_profile(before, "dist", &BTreeMap::from([("lto".to_owned(), "fat".into())])).unwrap();
        insta::assert_snapshot!(diff(Path::new("Cargo.toml"), before, &after), @r#"
        --- Cargo.toml
        +++ Cargo.toml
        @@ -1,2 +1,6 @@
         [package]
         name = "a"
        +
        +[profile.dist]
        +inherits = "release"
        +lto = "fat"
        "#);
    }

    #[cfg(unix)]
    #[test]
    fn the_file_behind_a_link_is_written_and_keeps_its_mode() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.toml"), folder.path().join("Cargo.toml"));
        files::write_atomic(&real, b"a = 1\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&real, &link).unwrap();
        let (file, text) = read(&link).unwrap();
        assert_eq!((file.file_name().unwrap().to_str(), text.as_str()), (Some("real.toml"), "a = 1\n"));
        replace(&file, "a = 2\n").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&link).unwrap(), "a = 2\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o640);
        fs::set_permissions(&real, fs::Permissions::from_mode(0o440)).unwrap();
        assert!(read(&link).unwrap_err().to_string().ends_with("can't be written: it is read-only"));
    }
}
