//! Builds a program or a shared library of one file, outside of every workspace: what is measured of it depends on the settings
//! alone.

use crate::cargo::{Build, Cargo, Form, Kind, Wanted, configuration};
use anyhow::{Context as _, Result};
use base::files;
use base::numbers::hex;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

/// A program or a library of one file, and how it is built.
pub(crate) struct Tiny<'a> {
    /// The name of its package.
    pub name: &'a str,
    /// Its only source file.
    pub source: &'a str,
    /// What the file is.
    pub form: Form,
    /// The profile that it is built with.
    pub profile: &'a str,
    /// Cargo's `--config` arguments, and others.
    pub config: &'a [OsString],
}

/// How many built files are kept: more than there are profiles in a manifest, and less than a cache that has to be cleaned.
const KEPT: usize = 32;

/// The variables of the environment that Cargo, rustc, or a linker looks at for an empty program: those that begin so. A shell has
/// many others, of which some differ from call to call.
const OF_A_BUILD: [&str; 14] = [
    "CARGO",
    "RUST",
    "CC",
    "COLLECT_",
    "COMPILER_PATH",
    "GCC_",
    "HOME",
    "LD",
    "LIB",
    "LINK",
    "MACOSX_DEPLOYMENT_TARGET",
    "PATH",
    "SDKROOT",
    "SOURCE_DATE_EPOCH",
];

/// The same as [`build`], or the file that an earlier call has built of the same source with the same compiler, settings,
/// configuration, and environment. Cargo compares no more than these, and takes as long to do so as for a whole crate.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn kept(cargo: &Cargo, compiler: &str, folder: &Path, tiny: &Tiny<'_>) -> Result<PathBuf> {
    kept_in(cargo, compiler, folder, &Room { kept: folder.join("kept"), most: KEPT }, tiny)
}

/// Where built files are kept.
pub(crate) struct Room {
    /// The folder. Builds in several folders may share it.
    pub kept: PathBuf,
    /// How many files are kept at most.
    pub most: usize,
}

/// The same as [`kept`], with the file in a folder that several may share.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn kept_in(cargo: &Cargo, compiler: &str, folder: &Path, room: &Room, tiny: &Tiny<'_>) -> Result<PathBuf> {
    let environment = of_calls(env::vars_os().collect(), cargo);
    let file = room.kept.join(digest(cargo, compiler, &environment, &configuration::all_settings(folder), tiny));
    if file.is_file() {
        return Ok(file);
    }
    let built = build(cargo, folder, tiny)?;
    let bytes = fs::read(&built).with_context(|| format!("can't read {}", built.display()))?;
    make_room(room);
    files::write_derived(&file, &bytes)?;
    Ok(file)
}

/// What the build looks at of the environment that Cargo gets.
fn of_calls(mut environment: BTreeMap<OsString, OsString>, cargo: &Cargo) -> BTreeMap<OsString, OsString> {
    for (name, value) in &cargo.env {
        match value {
            Some(value) => drop(environment.insert(name.clone(), value.clone())),
            None => drop(environment.remove(name)),
        }
    }
    environment.retain(|name, _| {
        let name = name.to_string_lossy();
        OF_A_BUILD.iter().any(|begin| name.starts_with(begin))
    });
    environment
}

/// A name for everything the built file depends on.
fn digest(
    cargo: &Cargo,
    compiler: &str,
    environment: &BTreeMap<OsString, OsString>,
    configuration: &[configuration::Setting],
    tiny: &Tiny<'_>,
) -> String {
    let mut hash = hmac_sha256::Hash::new();
    // With its length before it, no text can look like the end of one and the beginning of the next.
    let mut add = |text: &OsStr| {
        let bytes = text.as_encoded_bytes();
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    [compiler, tiny.name, tiny.source, tiny.form.name(), tiny.profile].iter().for_each(|text| add(text.as_ref()));
    add(&cargo.program);
    cargo.args.iter().chain([&"".into()]).chain(tiny.config).chain([&"".into()]).for_each(|arg| add(arg));
    environment.iter().for_each(|(name, value)| [name, value].into_iter().for_each(|text| add(text)));
    for configuration::Setting { file, key, value, .. } in configuration {
        [file.as_os_str(), key.as_ref(), value.as_ref()].into_iter().for_each(&mut add);
    }
    hex(&hash.finalize()[..12])
}

/// Takes out the oldest files if there are many. What can't be taken out stays.
fn make_room(room: &Room) {
    let entries = fs::read_dir(&room.kept).into_iter().flatten().flatten();
    let mut files: Vec<_> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    files.sort_unstable();
    let too_many = (files.len() + 1).saturating_sub(room.most);
    for (_, file) in files.into_iter().take(too_many) {
        let _ = fs::remove_file(file);
    }
}

/// Builds it in a folder of its own, and says where the file is.
///
/// # Errors
/// When it cannot be built.
pub(crate) fn build(cargo: &Cargo, folder: &Path, tiny: &Tiny<'_>) -> Result<PathBuf> {
    let Tiny { name, source, form, profile, config } = *tiny;
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    fn cargo() -> Cargo {
        let env = BTreeMap::from([("RUSTFLAGS".into(), None), ("CARGO_TERM_COLOR".into(), Some("never".into()))]);
        Cargo { program: "cargo".into(), cwd: "/crate".into(), env, args: vec!["--config".into()], sandbox: None }
    }

    fn environment(variables: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
        of_calls(variables.iter().map(|&(name, value)| (name.into(), value.into())).collect(), &cargo())
    }

    #[test]
    fn what_may_change_the_file_changes_its_name() {
        let config = ["--config".into(), "profile.release.lto=true".into()];
        let tiny =
            Tiny { name: "floor", source: "fn main() {}", form: Form::Executable, profile: "dev", config: &config };
        let home = environment(&[("HOME", "/home/a")]);
        let setting = |value: &str| configuration::Setting {
            path: vec!["build".into(), "rustflags".into()],
            key: "build.rustflags".into(),
            file: "/crate/.cargo/config.toml".into(),
            line: 2,
            value: value.into(),
            is_table: false,
            is_home: false,
        };
        let mut others = cargo();
        others.args.push("profile.release.lto=true".into());
        let digests = [
            digest(&cargo(), "rustc 1", &home, &[], &tiny),
            digest(&cargo(), "rustc 2", &home, &[], &tiny),
            digest(&cargo(), "rustc 1", &environment(&[("CC", "clang")]), &[], &tiny),
            digest(&cargo(), "rustc 1", &home, &[setting("[\"-g\"]")], &tiny),
            digest(&cargo(), "rustc 1", &home, &[setting("[]")], &tiny),
            digest(&cargo(), "rustc 1", &home, &[], &Tiny { config: &config[..1], ..tiny }),
            digest(&others, "rustc 1", &home, &[], &Tiny { config: &[], ..tiny }),
            digest(&cargo(), "rustc 1", &home, &[], &Tiny { form: Form::Cdylib, ..tiny }),
            digest(&cargo(), "rustc 1", &home, &[], &Tiny { source: "fn main() { }", ..tiny }),
            digest(&cargo(), "rustc 1", &home, &[], &Tiny { profile: "release", ..tiny }),
        ];
        for (index, digest) in digests.iter().enumerate() {
            assert!(!digests[..index].contains(digest), "{index}: {digests:?}");
        }
        // What Cargo doesn't see, or no build looks at.
        let same = environment(&[("HOME", "/home/a"), ("RUSTFLAGS", "-g"), ("PWD", "/crate/src"), ("TERM", "dumb")]);
        assert_eq!(digest(&cargo(), "rustc 1", &same, &[], &tiny), digests[0]);
    }

    #[test]
    fn the_newest_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        for age in 0..40_u64 {
            let file = fs::File::create(folder.path().join(age.to_string())).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age * 60)).unwrap();
        }
        let room = |kept: &Path| Room { kept: kept.to_owned(), most: KEPT };
        make_room(&room(folder.path()));
        let mut left: Vec<u64> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap())
            .collect();
        left.sort_unstable();
        assert_eq!(left, (0..31).collect::<Vec<_>>());
        make_room(&room(&folder.path().join("nothing")));
    }
}
