//! Composes Cargo's command lines and reads its answers. `proc` runs them; no other module knows Cargo's JSON.

pub mod configuration;
pub(crate) mod flags;
pub mod lockfile;
mod mirror;
pub mod plan;
pub mod record;
pub mod target;
pub mod unit;
pub mod wanted;
mod words;

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure, SHORT_OF_MEMORY, is_short_of_memory};
use base::files;
use base::proc::sandbox::Sandbox;
use base::proc::{self, Call, Finished, Status};
pub use mirror::serve as serve_mirror;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
pub use wanted::{Form, Kind, Wanted};
pub use words::explain_failure;
use words::{Artifacts, artifacts, limit_of_a_build, warnings};
pub use words::{first_place, is_about_profile, is_compiler_error, is_of_a_kill, is_of_a_signal};

/// What to do on a machine without Rust.
const INSTALL_RUST: &str = "install Rust: https://rustup.rs";

/// Which Cargo is called, from where, and what is taken out of its environment.
#[derive(Clone, Debug)]
pub struct Cargo {
    /// The program.
    pub program: OsString,
    /// The folder that Cargo runs in, from which it looks for its configuration upwards.
    pub cwd: PathBuf,
    /// The environment of every call; see `surroundings`.
    pub env: BTreeMap<OsString, Option<OsString>>,
    /// Further arguments of every build, such as `--config KEY=VALUE`, which wins over files and environment.
    pub args: Vec<OsString>,
    /// The box that it runs in; none for what is trusted.
    pub sandbox: Option<Arc<Sandbox>>,
}

/// What to build.
#[derive(Clone, Debug)]
pub struct Build {
    /// The manifest, if Cargo wouldn't find it from its folder.
    pub manifest: Option<PathBuf>,
    /// The profile's name as typed after `--profile`.
    pub profile: String,
    /// Packages, by name or package ID.
    pub packages: Vec<String>,
    /// The targets of these packages; everything Cargo builds by default if empty.
    pub targets: Vec<Wanted>,
    /// Further arguments, such as `--features`.
    pub extra: Vec<OsString>,
    /// Where the artifacts go, if not where Cargo puts them.
    pub target_dir: Option<PathBuf>,
    /// The folder of intermediate artifacts whose units are to be recorded, and shared between profiles.
    pub record: Option<PathBuf>,
    /// Processor time after which the build is ended, and the time that it may spend asleep.
    pub timeout: Option<Duration>,
}

/// A build that did not succeed.
#[derive(Debug)]
pub struct Refused {
    /// Whose fault it is, with Cargo's and rustc's words, whole.
    pub failure: Failure,
    /// The limit that ended it, if one did.
    pub ended: Option<Status>,
}

/// A successful build.
#[derive(Debug)]
pub struct Built {
    /// The executables and the libraries that are files of their own, as Cargo names them.
    pub executables: Vec<Executable>,
    /// What build scripts tell a linker to take besides.
    pub native: Native,
    /// What Cargo and rustc warned about, each warning whole.
    pub warnings: Vec<String>,
    /// The libraries and proc macros that were compiled, or were there from an earlier build.
    pub packages: Vec<Compiled>,
    /// All crates of these and of the programs, as code knows them, each with its package's name.
    pub crates: BTreeSet<(String, String)>,
    /// Where std was compiled with it: its crates, as code knows them, with their libraries. They are among no others.
    pub std: Vec<(String, PathBuf)>,
    /// The build scripts that have run for it, now or before.
    pub scripts: Vec<Script>,
    /// Processor time of the build.
    pub cpu: Duration,
}

/// What a build script has told Cargo about libraries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Script {
    /// The crate that it belongs to, as its functions name it.
    pub krate: String,
    /// The folder that it writes to.
    pub out_dir: PathBuf,
    /// The libraries that it has named, such as `static=z`.
    pub linked: Vec<String>,
    /// Where they are to be looked for, such as `native=/usr/lib`.
    pub paths: Vec<String>,
}

/// A library or proc macro of a build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Compiled {
    /// The package's name.
    pub name: String,
    /// The package's version.
    pub version: String,
    /// Its features that are on.
    pub features: Vec<String>,
}

/// The C libraries that build scripts name: linking a static Rust library takes them as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Native {
    /// As build scripts write them, such as `dylib=z`.
    pub libraries: Vec<String>,
    /// The folders to look into, such as `native=/opt/lib`.
    pub folders: Vec<String>,
}

/// An executable or a library that Cargo has built.
#[derive(Clone, Debug)]
pub struct Executable {
    /// The name of the target.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// What the file is.
    pub form: Form,
    /// Its package's ID.
    pub package: String,
    /// The file.
    pub path: PathBuf,
    /// Cargo had nothing to do for it.
    pub fresh: bool,
}

/// The part of `cargo metadata --no-deps` that is used here.
#[derive(Debug, Deserialize)]
pub struct Metadata {
    /// The packages of the workspace.
    pub packages: Vec<Package>,
    /// The IDs of those that are meant in the workspace's root where none is named (Cargo 1.71 and later).
    #[serde(default)]
    pub workspace_default_members: Vec<String>,
    /// The folder of the root manifest.
    pub workspace_root: PathBuf,
    /// Where executables go.
    pub target_directory: PathBuf,
    /// Where intermediate artifacts go (Cargo 1.91 and later).
    pub build_directory: Option<PathBuf>,
}

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Its package ID.
    pub id: String,
    /// Its Cargo.toml.
    pub manifest_path: PathBuf,
    /// Its libraries, binaries, tests, …
    pub targets: Vec<Target>,
    /// What its manifest names as dependencies.
    pub dependencies: Vec<Dependency>,
    /// The binary that `cargo run` takes where there are several.
    #[serde(default)]
    pub default_run: Option<String>,
    /// Its features, each with what it switches on.
    #[serde(default)]
    pub features: BTreeMap<String, Vec<String>>,
}

/// A dependency of a package.
#[derive(Debug, Deserialize)]
pub struct Dependency {
    /// The package's name.
    pub name: String,
    /// `dev` or `build`; none for a normal one.
    pub kind: Option<String>,
    /// What the manifest calls it, where that isn't the package's name.
    #[serde(default)]
    pub rename: Option<String>,
    /// Its default features are on.
    #[serde(default)]
    pub uses_default_features: bool,
    /// Its folder, where the manifest names one.
    #[serde(default)]
    pub path: Option<PathBuf>,
}

/// A target of a package.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `bin`, `lib`, `proc-macro`, …
    pub kind: Vec<String>,
    /// What rustc makes of it: `bin`, `rlib`, `cdylib`, …
    #[serde(default)]
    pub crate_types: Vec<String>,
    /// The features without which Cargo doesn't build it.
    #[serde(default, rename = "required-features")]
    pub required_features: Vec<String>,
    /// Its first source file; not told of what was built.
    #[serde(default)]
    pub src_path: PathBuf,
}

/// The release and the host that an answer of `rustc -vV` names.
///
/// # Errors
/// When it names none.
pub fn release_and_host(version: &str) -> Result<(String, String)> {
    let field = |name: &str| {
        let value = version.lines().find_map(|line| line.strip_prefix(name));
        value
            .map(|value| value.trim().to_owned())
            .with_context(|| format!("`rustc -vV` names no {}", name.trim_end_matches(':')))
    };
    Ok((field("release:")?, field("host:")?))
}

impl Built {
    /// The binary of this name.
    ///
    /// # Errors
    /// When Cargo has built none.
    pub fn executable(&self, name: &str) -> Result<&Executable> {
        self.file(&Wanted::bin(name), None)
    }

    /// The file of a target; of this package, where that is known.
    ///
    /// # Errors
    /// When Cargo has built none.
    pub fn file(&self, wanted: &Wanted, package: Option<&str>) -> Result<&Executable> {
        let Wanted { kind, form, name } = wanted;
        let is_wanted = |made: &&Executable| {
            (made.kind, made.form, &made.name) == (*kind, *form, name)
                && package.is_none_or(|package| made.package == package)
        };
        self.executables.iter().find(is_wanted).with_context(|| match form {
            Form::Executable => format!("Cargo built no executable `{name}`"),
            _ => format!("Cargo built no {} of `{name}`", form.name()),
        })
    }
}

impl Package {
    /// The source of its build script, if it has one.
    pub fn build_scripts(&self) -> impl Iterator<Item = &Path> {
        let is_script = |target: &&Target| target.kind.iter().any(|kind| kind == "custom-build");
        self.targets.iter().filter(is_script).map(|target| target.src_path.as_path())
    }
}

/// Takes out a library that was built for a test, so that Cargo rebuilds it for a program. A test unwinds whatever the profile
/// says; so Cargo compiles the library for the test and for the programs beside it, in no fixed order, and a library whose type
/// gives it no hash is the same file both times. Cargo may then mistake the test's for the program's.
fn forget(library: &Executable) {
    let Some(name) = library.path.file_name() else { return };
    let folder = library.path.parent().unwrap_or(Path::new(""));
    for folder in [folder.to_owned(), folder.join("deps")] {
        let file = folder.join(name);
        // What isn't there needn't be taken out.
        let _ = std::fs::remove_file(file.with_extension("rlib"));
        let _ = std::fs::remove_file(file);
    }
}

impl Cargo {
    fn call(&self, verb: &str) -> Call {
        let mut call = Call::new(&self.program, &self.cwd).arg(verb);
        call.env.clone_from(&self.env);
        call.sandbox.clone_from(&self.sandbox);
        call
    }

    /// Runs a call of Cargo. On a machine without Cargo, the error says how to get it.
    fn run(&self, call: &Call) -> Result<Finished> {
        proc::run(call).map_err(|error| {
            if self.sandbox.is_none() && self.cwd.is_dir() && proc::is_not_found(&error) {
                Failure::new(Exit::Environment, format!("{error:#}")).help(INSTALL_RUST).into()
            } else {
                error
            }
        })
    }

    /// What a failed call means for the caller. A program in rustc's place that can't be started is named with the place that
    /// names it.
    fn explain(&self, finished: &Finished, what: &str) -> Failure {
        let failure = explain_failure(finished, what);
        let failure = Failure { message: mirror::outside(&self.env, &failure.message).into_owned(), ..failure };
        if self.sandbox.is_some() {
            return failure;
        }
        let stderr = String::from_utf8_lossy(&finished.stderr);
        let origin = words::not_started(&stderr)
            .and_then(|command| configuration::origin_of_a_wrapper(command, &self.cwd, &self.env));
        match origin {
            None => failure,
            Some((place, program)) => Failure { exit: Exit::Environment, ..failure }.help(format!(
                "{place} tells Cargo to start `{program}`, which can't be started on this machine: install it, correct the path, or remove the setting"
            )),
        }
    }

    /// Asks Cargo about a workspace. Reads manifests only: no registry, no lockfile is touched.
    ///
    /// # Errors
    /// When a manifest is malformed or missing, with Cargo's words.
    pub fn metadata(&self, manifest: Option<&Path>) -> Result<Metadata> {
        self.metadata_by(manifest, &["--no-deps"])
    }

    /// The same with every package that the workspace depends on.
    ///
    /// # Errors
    /// When the manifest cannot be read, or a package isn't there and can't be fetched.
    pub fn metadata_of_all(&self, manifest: Option<&Path>) -> Result<Metadata> {
        self.metadata_by(manifest, &[])
    }

    fn metadata_by(&self, manifest: Option<&Path>, args: &[&str]) -> Result<Metadata> {
        let mut call = self.call("metadata").args(["--format-version", "1"]).args(args.iter().copied());
        if let Some(manifest) = manifest {
            call = call.arg("--manifest-path").arg(manifest);
        }
        let finished = self.run(&call)?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "cargo metadata"));
        }
        serde_json::from_slice(&finished.stdout).context("can't read what `cargo metadata` printed")
    }

    /// The answer of `rustc -vV` as the Cargo in this folder would call it.
    ///
    /// # Errors
    /// When there is no rustc.
    pub fn rustc_version(&self, rustc: &OsStr) -> Result<String> {
        let mut call = Call::new(rustc, &self.cwd).arg("-vV");
        call.env.clone_from(&self.env);
        let finished = proc::run(&call).map_err(|error| match is_short_of_memory(&error) {
            true => Failure::new(Exit::Environment, format!("{error:#}")).help(SHORT_OF_MEMORY),
            false => Failure::new(Exit::Environment, format!("{error:#}")).help(INSTALL_RUST),
        })?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "rustc -vV"));
        }
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    /// The folder of the toolchain.
    ///
    /// # Errors
    /// When there is no rustc, or it doesn't name the folder.
    pub fn sysroot(&self, rustc: &OsStr) -> Result<PathBuf> {
        let mut call = Call::new(rustc, &self.cwd).args(["--print", "sysroot"]);
        call.env.clone_from(&self.env);
        let finished = self.run(&call)?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "rustc --print sysroot"));
        }
        Ok(PathBuf::from(String::from_utf8_lossy(&finished.stdout).trim()))
    }

    /// Every target that rustc knows.
    ///
    /// # Errors
    /// When there is no rustc, or it doesn't list them.
    pub fn targets(&self, rustc: &OsStr) -> Result<BTreeSet<String>> {
        let mut call = Call::new(rustc, &self.cwd).args(["--print", "target-list"]);
        call.env.clone_from(&self.env);
        let finished = self.run(&call)?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "rustc --print target-list"));
        }
        Ok(String::from_utf8_lossy(&finished.stdout).lines().map(str::to_owned).collect())
    }

    /// Makes sure that every crate that a lockfile names is on this machine, and that the lockfile needs no change.
    ///
    /// # Errors
    /// When it is not so, and cannot be had: a `Failure` with Cargo's words.
    pub fn fetch(&self, manifest: &Path, offline: bool) -> Result<()> {
        let call = self.call("fetch").args(&self.args).args(["--locked", "--manifest-path"]).arg(manifest);
        let finished = proc::run(&call.args(offline.then_some("--offline")))?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "cargo fetch"));
        }
        Ok(())
    }

    /// Brings a lock file up to date with its manifests; versions that it has already stay. For a copy of a crate, never for
    /// the user's own.
    ///
    /// # Errors
    /// When it can't be resolved: a `Failure` with Cargo's words.
    pub fn update_lockfile(&self, manifest: &Path, offline: bool) -> Result<()> {
        let call = self.call("update").args(["--workspace", "--manifest-path"]).arg(manifest);
        let finished = self.run(&call.args(offline.then_some("--offline")))?;
        if finished.status != Status::Exited(0) {
            bail!(self.explain(&finished, "cargo update --workspace"));
        }
        Ok(())
    }

    /// Builds, and says which executables there are now.
    ///
    /// # Errors
    /// When the build fails: a `Failure` with Cargo's and rustc's words, whole.
    pub fn build(&self, build: &Build) -> Result<Built> {
        self.try_build(build)?.map_err(|refused| refused.failure.into())
    }

    /// Builds; what Cargo or rustc refuses is a value, not an error.
    ///
    /// # Errors
    /// When Cargo cannot be started, or its answer is not understood.
    pub fn try_build(&self, build: &Build) -> Result<Result<Built, Refused>> {
        let Build { manifest, profile, packages, targets, extra, target_dir, record, timeout } = build;
        // Never with -q: it hides what Cargo has to say about the manifest.
        let mut call =
            self.call("build").args(["--locked", "--message-format", "json-render-diagnostics", "--profile"]);
        call = call.arg(profile);
        if let Some(manifest) = manifest {
            call = call.arg("--manifest-path").arg(mirror::inside(&self.env, manifest).into_owned());
        }
        for package in packages {
            call = call.arg("--package").arg(mirror::package_inside(&self.env, package).into_owned());
        }
        for target in targets {
            call = call.args(target.args());
        }
        if let Some(target_dir) = target_dir {
            call = call.arg("--target-dir").arg(target_dir);
            if self.sandbox.is_some() {
                let failed = || format!("can't create the folder {}", target_dir.display());
                std::fs::create_dir_all(target_dir).with_context(failed)?;
                files::open_to_all(target_dir)?;
                files::show_to_all(&self.cwd)?;
            }
        }
        call.writes.clone_from(target_dir);
        call = call.args(&self.args).args(extra);
        if let Some(build_dir) = record {
            record::install(&mut call, build_dir, profile)?;
        }
        call.timeout = *timeout;
        call.cpu = *timeout;
        let finished = self.run(&call)?;
        if finished.status != Status::Exited(0) {
            let failure = self.explain(&finished, &format!("cargo build --profile {profile}"));
            let ended = limit_of_a_build(&finished, self.sandbox.is_some());
            return Ok(Err(Refused { failure, ended }));
        }
        let stdout = String::from_utf8_lossy(&finished.stdout);
        let Artifacts { mut executables, packages, crates, std, native, scripts } =
            artifacts(mirror::outside(&self.env, &stdout).as_bytes())?;
        if let Some(sandbox) = &self.sandbox {
            for executable in &mut executables {
                executable.path = sandbox.outside(&executable.path);
            }
        }
        if targets.iter().any(|target| matches!(target.kind, Kind::Test | Kind::Bench)) {
            executables.iter().filter(|made| made.kind == Kind::Lib).for_each(forget);
        }
        Ok(Ok(Built {
            executables,
            native,
            warnings: warnings(&mirror::outside(&self.env, &String::from_utf8_lossy(&finished.stderr))),
            packages,
            crates,
            std,
            scripts,
            cpu: finished.cpu,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_cargo_the_error_says_how_to_get_it() {
        let cargo = |cwd: &str| Cargo {
            program: "no-such-cargo".into(),
            cwd: cwd.into(),
            env: BTreeMap::new(),
            args: Vec::new(),
            sandbox: None,
        };
        let help = |cwd: &str| base::failure::failure_of(&cargo(cwd).metadata(None).unwrap_err()).help;
        assert_eq!(help(".").as_deref(), Some(INSTALL_RUST));
        assert_eq!(help("no-such-folder"), None, "that it is the folder which isn't there");
    }
}
