//! Asks Cargo how it would call rustc, without compiling anything. Cargo builds into a scratch folder with this program
//! in rustc's place; each call is noted, its output files are made empty, and Cargo goes on. So the flags are Cargo's own
//! answer, after inheritance, configuration, environment and RUSTFLAGS, also where a real build would be fresh and not
//! call it. It takes some milliseconds for each crate.

use super::{Build, Cargo, record};
use anyhow::{Context as _, Result};
use base::failure::Failure;
use base::files;
use base::numbers::hex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::env;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The folder for notes. Where it is set, this program replaces rustc, and for build scripts.
pub(super) const PLAN: &str = "SIZE_WORKSHOP_PLAN";

/// A crate that rustc would compile.
#[derive(Debug, PartialEq)]
pub struct Unit {
    /// Its name, with `_` for `-`.
    pub krate: String,
    /// `bin`, `lib`, `proc-macro`, …; a build script is a `bin` called `build_script_…`.
    pub kind: String,
    /// The name and the version of its package, as Cargo calls them.
    pub package: (String, String),
    /// rustc's arguments.
    pub args: Vec<String>,
    /// The stem of its artifacts' file names.
    stem: String,
}

/// What is noted of a call of rustc.
#[derive(Serialize, Deserialize)]
struct Note {
    package: (String, String),
    args: Vec<String>,
}

/// The crates that are linked into a program, besides its own: every library that it depends on, and those that they depend
/// on. Proc macros and build scripts run when the program is built, and what only they depend on isn't linked.
pub fn linked<'a>(units: &'a [Unit], program: &Unit) -> Vec<&'a Unit> {
    let mut open = record::externs(&program.args);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    while let Some(stem) = open.pop() {
        if seen.insert(stem.clone())
            && let Some(unit) = units.iter().find(|unit| unit.stem == stem)
        {
            open.extend(record::externs(&unit.args));
            found.push(unit);
        }
    }
    found.sort_by(|a, b| (&a.package, &a.args).cmp(&(&b.package, &b.args)));
    found
}

/// The crates that a build would compile, each with rustc's arguments.
///
/// # Errors
/// When Cargo refuses the manifest; then a real build would fail as well.
pub fn units(cargo: &Cargo, build: &Build, scratch: &Path) -> Result<Result<Vec<Unit>, Failure>> {
    // What an earlier plan has left would be fresh, and Cargo would make no call.
    if scratch.exists() {
        fs::remove_dir_all(scratch).with_context(|| format!("can't empty {}", scratch.display()))?;
    }
    let notes = scratch.join("notes");
    fs::create_dir_all(&notes).with_context(|| format!("can't create the folder {}", notes.display()))?;
    if cargo.sandbox.is_some() {
        // The box's user writes there.
        files::open_to_all(scratch)?;
        files::open_to_all(&notes)?;
    }
    let own = base::proc::own_path()?;
    let mut cargo = cargo.clone();
    for (name, value) in [
        ("RUSTC_WRAPPER", own.into()),
        ("RUSTC_WORKSPACE_WRAPPER", OsString::new()),
        (PLAN, notes.clone().into()),
        ("CARGO_BUILD_BUILD_DIR", scratch.into()),
    ] {
        cargo.env.insert(name.into(), Some(value));
    }
    let build = Build { target_dir: Some(scratch.to_owned()), record: None, ..build.clone() };
    match cargo.try_build(&build)? {
        Ok(_) => read(&notes).map(Ok),
        Err(refused) => Ok(Err(refused.failure)),
    }
}

fn read(notes: &Path) -> Result<Vec<Unit>> {
    let mut units = Vec::new();
    for entry in fs::read_dir(notes)? {
        let Note { package, args } = serde_json::from_slice(&fs::read(entry?.path())?)?;
        if let Some(call) = Compile::parse(&args) {
            let (krate, kind) = (call.krate.to_owned(), call.kind.to_owned());
            let stem = format!("{krate}{}", call.extra);
            units.push(Unit { krate, kind, package, args, stem });
        }
    }
    units.sort_by(|a, b| (&a.krate, &a.args).cmp(&(&b.krate, &b.args)));
    Ok(units)
}

/// Does rustc's work, or a build script's, if Cargo called this program in its place; else `None`.
pub fn serve() -> Option<ExitCode> {
    let notes = PathBuf::from(env::var_os(PLAN)?);
    let mut args = env::args_os().skip(1);
    // A build script gets no arguments, and this one has nothing to say.
    let Some(rustc) = args.next() else { return Some(ExitCode::SUCCESS) };
    let rest: Vec<OsString> = args.collect();
    let words: Option<Vec<String>> = rest.iter().map(|arg| arg.clone().into_string().ok()).collect();
    let result = match words.as_deref().and_then(Compile::parse) {
        Some(call) => call.pretend(&notes).map(|()| 0),
        // Cargo asks rustc about itself: the real one answers.
        None => base::proc::relay(&rustc, &rest).map(|status| match status {
            base::proc::Status::Exited(code) => u8::try_from(code).unwrap_or(101),
            _ => 101,
        }),
    };
    Some(result.map_or(ExitCode::from(101), ExitCode::from))
}

/// A call of rustc that would make artifacts.
struct Compile<'a> {
    args: &'a [String],
    krate: &'a str,
    kind: &'a str,
    /// What is added to the crate's name in file names.
    extra: &'a str,
    out_dir: &'a Path,
}

impl<'a> Compile<'a> {
    fn parse(args: &'a [String]) -> Option<Self> {
        let after = |flag: &str| args.windows(2).find(|pair| pair[0] == flag).map(|pair| pair[1].as_str());
        Some(Self {
            args,
            krate: after("--crate-name")?,
            kind: after("--crate-type")?,
            extra: args.iter().find_map(|arg| arg.strip_prefix("extra-filename=")).unwrap_or_default(),
            out_dir: Path::new(after("--out-dir")?),
        })
    }

    /// Notes the call, and makes the files that Cargo then looks for.
    fn pretend(&self, notes: &Path) -> Result<()> {
        let of_cargo = |name: &str| env::var(name).unwrap_or_default();
        let package = (of_cargo("CARGO_PKG_NAME"), of_cargo("CARGO_PKG_VERSION"));
        let note = serde_json::to_vec(&Note { package, args: self.args.to_vec() })?;
        let digest = hex(&hmac_sha256::Hash::hash(&note)[..8]);
        files::write_atomic(&notes.join(format!("{}-{digest}.json", self.krate)), &note)?;
        let name = format!("{}{}", self.krate, self.extra);
        let files = match self.kind {
            "bin" => vec![format!("{name}{EXE_SUFFIX}")],
            "proc-macro" | "dylib" | "cdylib" => vec![format!("{DLL_PREFIX}{name}{DLL_SUFFIX}")],
            "staticlib" => vec![format!("lib{name}.a")],
            _ => vec![format!("lib{name}.rlib"), format!("lib{name}.rmeta")],
        };
        for file in files.iter().map(|file| self.out_dir.join(file)) {
            if self.krate.starts_with("build_script_") {
                // Cargo runs it: it is this program again.
                let own = env::current_exe()?;
                fs::hard_link(&own, &file).or_else(|_| fs::copy(&own, &file).map(drop))?;
            } else {
                fs::File::create(&file)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_calls_that_make_artifacts_are_compilations() {
        let args =
            words("--crate-name a --crate-type bin -C opt-level=z -C extra-filename=-0a1b --out-dir /t/release/deps");
        let call = Compile::parse(&args).unwrap();
        assert_eq!((call.krate, call.kind, call.extra), ("a", "bin", "-0a1b"));
        assert!(Compile::parse(&words("- --crate-name ___ --print=file-names --crate-type bin")).is_none());
        assert!(Compile::parse(&words("-vV")).is_none());
    }

    #[test]
    fn a_pretended_compilation_leaves_empty_artifacts_and_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().to_str().unwrap();
        let args = words(&format!("--crate-name a --crate-type lib -C extra-filename=-0a1b --out-dir {out}"));
        let notes = folder.path().join("notes");
        Compile::parse(&args).unwrap().pretend(&notes).unwrap();
        assert!(folder.path().join("liba-0a1b.rmeta").is_file());
        let units = read(&notes).unwrap();
        assert_eq!((units[0].krate.as_str(), units[0].kind.as_str(), units[0].stem.as_str()), ("a", "lib", "a-0a1b"));
        assert_eq!(units[0].args, args);
    }

    #[test]
    fn linked_are_libraries_of_libraries_and_nothing_of_proc_macros() {
        let unit = |krate: &str, kind: &str, externs: &str| Unit {
            krate: krate.to_owned(),
            kind: kind.to_owned(),
            package: (krate.to_owned(), "1.0.0".to_owned()),
            args: words(&format!("--crate-name {krate} {externs}")),
            stem: format!("{krate}-0a1b"),
        };
        let units = [
            unit("p", "bin", "--extern renamed=/t/liba-0a1b.rlib --extern derive=/t/libderive-0a1b.so"),
            unit("a", "lib", "--extern b=/t/libb-0a1b.rmeta"),
            unit("b", "lib", "--extern noprelude:a=/t/liba-0a1b.rmeta"),
            unit("derive", "proc-macro", "--extern syn=/t/libsyn-0a1b.rlib"),
            unit("syn", "lib", ""),
            unit("build_script_build", "bin", "--extern cc=/t/libcc-0a1b.rlib"),
            unit("cc", "lib", ""),
        ];
        let names: Vec<&str> = linked(&units, &units[0]).iter().map(|unit| unit.krate.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
