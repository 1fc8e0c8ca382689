//! Composes Cargo's command lines and reads its answers. `proc` runs them; no other module knows Cargo's JSON.

pub mod plan;
pub mod record;
pub mod target;

use crate::exit::{Exit, Failure};
use crate::proc::sandbox::Sandbox;
use crate::proc::{self, Call, Finished, Status};
use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

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
    /// The manifest, where it is not the one that Cargo finds from its folder.
    pub manifest: Option<PathBuf>,
    /// The profile's name as typed after `--profile`.
    pub profile: String,
    /// Packages, by name or package ID.
    pub packages: Vec<String>,
    /// The binaries of these packages; all of them if empty.
    pub bins: Vec<String>,
    /// Further arguments, such as `--features`.
    pub extra: Vec<OsString>,
    /// Where the artifacts go, if not where Cargo puts them.
    pub target_dir: Option<PathBuf>,
    /// The folder of intermediate artifacts whose units are to be recorded, and shared between profiles.
    pub record: Option<PathBuf>,
    /// Wall time after which the build is ended.
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
    /// The executables, as Cargo names them.
    pub executables: Vec<Executable>,
    /// What Cargo and rustc warned about, each warning whole.
    pub warnings: Vec<String>,
    /// The libraries and proc macros that were compiled, or were there from an earlier build.
    pub packages: Vec<Compiled>,
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

/// An executable that Cargo has built.
#[derive(Clone, Debug)]
pub struct Executable {
    /// The name of the binary target.
    pub name: String,
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
    /// Its package ID.
    pub id: String,
    /// Its Cargo.toml.
    pub manifest_path: PathBuf,
    /// Its libraries, binaries, tests, …
    pub targets: Vec<Target>,
}

/// A target of a package.
#[derive(Debug, Deserialize)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// `bin`, `lib`, `proc-macro`, …
    pub kind: Vec<String>,
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
    /// The executable of this name.
    ///
    /// # Errors
    /// When Cargo has built none.
    pub fn executable(&self, name: &str) -> Result<&Executable> {
        let found = self.executables.iter().find(|executable| executable.name == name);
        found.with_context(|| format!("Cargo built no executable `{name}`"))
    }
}

impl Package {
    /// The names of its binaries.
    pub fn bins(&self) -> impl Iterator<Item = &str> {
        self.targets
            .iter()
            .filter(|target| target.kind.iter().any(|kind| kind == "bin"))
            .map(|target| target.name.as_str())
    }
}

impl Cargo {
    fn call(&self, verb: &str) -> Call {
        let mut call = Call::new(&self.program, &self.cwd).arg(verb);
        call.env.clone_from(&self.env);
        call.sandbox.clone_from(&self.sandbox);
        call
    }

    /// Asks Cargo about a workspace. Reads manifests only: no registry, no lockfile is touched.
    ///
    /// # Errors
    /// When a manifest is malformed or missing, with Cargo's words.
    pub fn metadata(&self, manifest: Option<&Path>) -> Result<Metadata> {
        let mut call = self.call("metadata").args(["--no-deps", "--format-version", "1"]);
        if let Some(manifest) = manifest {
            call = call.arg("--manifest-path").arg(manifest);
        }
        let finished = proc::run(&call)?;
        if finished.status != Status::Exited(0) {
            bail!(explain_failure(&finished, "cargo metadata"));
        }
        serde_json::from_slice(&finished.stdout).context("cannot read what `cargo metadata` printed")
    }

    /// The answer of `rustc -vV` as the Cargo in this folder would call it.
    ///
    /// # Errors
    /// When there is no rustc.
    pub fn rustc_version(&self, rustc: &OsStr) -> Result<String> {
        let mut call = Call::new(rustc, &self.cwd).arg("-vV");
        call.env.clone_from(&self.env);
        let finished = proc::run(&call).map_err(|error| {
            Failure::new(Exit::Environment, format!("{error:#}")).help("install Rust: https://rustup.rs")
        })?;
        if finished.status != Status::Exited(0) {
            bail!(explain_failure(&finished, "rustc -vV"));
        }
        Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
    }

    /// Makes sure that every crate that a lockfile names is on this machine, and that the lockfile needs no change.
    ///
    /// # Errors
    /// When it is not so, and cannot be had: a `Failure` with Cargo's words.
    pub fn fetch(&self, manifest: &Path, offline: bool) -> Result<()> {
        let call = self.call("fetch").args(["--locked", "--manifest-path"]).arg(manifest);
        let finished = proc::run(&call.args(offline.then_some("--offline")))?;
        if finished.status != Status::Exited(0) {
            bail!(explain_failure(&finished, "cargo fetch"));
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
        let Build { manifest, profile, packages, bins, extra, target_dir, record, timeout } = build;
        // Never with -q: it hides what Cargo has to say about the manifest.
        let mut call =
            self.call("build").args(["--locked", "--message-format", "json-render-diagnostics", "--profile"]);
        call = call.arg(profile);
        if let Some(manifest) = manifest {
            call = call.arg("--manifest-path").arg(manifest);
        }
        for package in packages {
            call = call.arg("--package").arg(package);
        }
        for bin in bins {
            call = call.arg("--bin").arg(bin);
        }
        if let Some(target_dir) = target_dir {
            call = call.arg("--target-dir").arg(target_dir);
        }
        call = call.args(&self.args).args(extra);
        if let Some(build_dir) = record {
            record::install(&mut call, build_dir, profile)?;
        }
        call.timeout = *timeout;
        let finished = proc::run(&call)?;
        if finished.status != Status::Exited(0) {
            let failure = explain_failure(&finished, &format!("cargo build --profile {profile}"));
            let ended = limit_of_a_build(&finished, self.sandbox.is_some());
            return Ok(Err(Refused { failure, ended }));
        }
        let Artifacts { mut executables, packages } = artifacts(&finished.stdout)?;
        if let Some(sandbox) = &self.sandbox {
            for executable in &mut executables {
                executable.path = sandbox.outside(&executable.path);
            }
        }
        Ok(Ok(Built { executables, warnings: warnings(&String::from_utf8_lossy(&finished.stderr)), packages }))
    }
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    #[serde(default)]
    fresh: bool,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    features: Vec<String>,
}

#[derive(Default)]
struct Artifacts {
    executables: Vec<Executable>,
    packages: Vec<Compiled>,
}

/// What Cargo's messages name, one JSON document a line. A path is never guessed: a guess finds stale files.
fn artifacts(messages: &[u8]) -> Result<Artifacts> {
    let mut artifacts = Artifacts::default();
    for line in messages.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let message: Message = serde_json::from_slice(line)
            .with_context(|| format!("cannot read Cargo's message {}", String::from_utf8_lossy(line)))?;
        let Message { reason, target: Some(target), executable, fresh, package_id, features } = message else {
            continue;
        };
        if reason != "compiler-artifact" {
            continue;
        }
        if let Some(path) = executable {
            artifacts.executables.push(Executable { name: target.name, path, fresh });
        } else if !target.kind.iter().any(|kind| kind == "bin" || kind == "custom-build") {
            let (name, version) = name_and_version(&package_id);
            artifacts.packages.push(Compiled { name, version, features });
        }
    }
    artifacts.packages.sort();
    artifacts.packages.dedup();
    Ok(artifacts)
}

/// The name and version in a package ID: `registry+https://…#serde@1.0.0`, or `path+file:///w/tiny#0.1.0` where the folder
/// has the package's name.
fn name_and_version(id: &str) -> (String, String) {
    let (url, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    let (name, version) =
        fragment.rsplit_once('@').unwrap_or_else(|| (url.rsplit('/').next().unwrap_or(url), fragment));
    (name.to_owned(), version.to_owned())
}

/// Each warning of Cargo's standard error with the lines that belong to it.
fn warnings(stderr: &str) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut open = false;
    for line in stderr.lines() {
        if line.starts_with("warning:") || line.starts_with("warning[") {
            // The count at the end repeats what was said; unused manifest keys and the like are never counted.
            open = !(line.starts_with("warning: `") && line.contains(" generated "));
            if open {
                warnings.push(line.to_owned());
            }
        } else if open && is_status(line) {
            open = false;
        } else if open && let Some(warning) = warnings.last_mut() {
            warning.push('\n');
            warning.push_str(line);
        }
    }
    for warning in &mut warnings {
        warning.truncate(warning.trim_end().len());
    }
    warnings
}

/// One of Cargo's progress lines: a verb in a column 12 wide, such as `   Compiling`.
fn is_status(line: &str) -> bool {
    let verb = line.trim_start();
    let padding = line.len() - verb.len();
    let word = verb.split(' ').next().unwrap_or_default();
    padding > 0 && padding + word.len() == 12 && word.starts_with(|first: char| first.is_ascii_uppercase())
}

/// What a failed call of Cargo means for the caller: whose fault it is, and what to do next.
fn explain_failure(finished: &Finished, what: &str) -> Failure {
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let words: String =
        stderr.lines().filter(|line| !is_status(line)).fold(String::new(), |all, line| all + line + "\n");
    let how = match finished.status {
        Status::Exited(code) => format!("exit code {code}"),
        Status::Signaled(signal) => format!("ended by signal {signal}"),
        Status::TimedOut => "out of time".to_owned(),
        Status::OutputLimit => "it printed too much".to_owned(),
        Status::MemoryLimit => "it took too much memory".to_owned(),
        Status::DiskLimit => "it wrote too much".to_owned(),
    };
    let (exit, help) = match finished.status {
        Status::Exited(_) => cause(&stderr),
        _ => (Exit::Environment, None),
    };
    let message = format!("`{what}` failed ({how}); it says:\n{}", words.trim_end());
    let failure = Failure::new(exit, message);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The limit that ended a build. In a box the kernel's limits end rustc or the linker, and Cargo tells how they ended. Who makes
/// the compiler print these words gets another word for a build that has failed, no more.
fn limit_of_a_build(finished: &Finished, is_boxed: bool) -> Option<Status> {
    const SIGNS: [(&[&str], Status); 6] = [
        (&["(signal: 24", "terminated with signal 24"], Status::TimedOut),
        (&["(signal: 25", "terminated with signal 25", "File too large"], Status::DiskLimit),
        (&["memory allocation of ", "LLVM ERROR: out of memory", "LLVM ERROR: Allocation failed"], Status::MemoryLimit),
        (&["Cannot allocate memory", "tried to allocate more memory than available"], Status::MemoryLimit),
        (&["terminate called after throwing an instance of 'std::bad_alloc'"], Status::MemoryLimit),
        (&[": out of memory", "memory exhausted"], Status::MemoryLimit),
    ];
    match finished.status {
        Status::Exited(_) if is_boxed => {
            let words = String::from_utf8_lossy(&finished.stderr);
            let is_said = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
            SIGNS.iter().find(|(signs, _)| is_said(signs)).map(|&(_, limit)| limit)
        }
        Status::Exited(_) | Status::Signaled(_) => None,
        limit => Some(limit),
    }
}

/// Cargo ends with 101 whatever the cause; the difference is only in its words.
fn cause(stderr: &str) -> (Exit, Option<&'static str>) {
    const CAUSES: &[(&[&str], Exit, Option<&str>)] = &[
        (
            &["No space left on device", "os error 28", "Disk quota exceeded"],
            Exit::Environment,
            Some("the disk is full: make room (`cargo clean` empties target/) and try again"),
        ),
        (
            &["cannot update the lock file", "because --locked was passed"],
            Exit::Usage,
            Some(
                "Cargo.lock is missing or out of date, and this command writes no file of the project it measures; \
                 run `cargo generate-lockfile` (or `cargo update --workspace`) there, then try again",
            ),
        ),
        (
            &[
                "Could not resolve host",
                "Couldn't resolve host",
                "failed to download",
                "you may want to try running with",
                "offline was specified",
                "using offline mode",
                "failed to fetch",
                "nable to update registry",
                "download of config.json failed",
                "spurious network error",
            ],
            Exit::Environment,
            Some("a dependency is not on this machine yet; run `cargo fetch` once while it is online"),
        ),
        (
            &["linker `"],
            Exit::Environment,
            Some(
                "rustc needs a linker: on Debian and Ubuntu `apt install gcc`, on macOS `xcode-select --install`, on Windows the Visual Studio build tools",
            ),
        ),
        (
            &["is not installed", "no default toolchain", "could not choose a version of", "could not execute process"],
            Exit::Environment,
            Some("install the toolchain that rustup names: https://rustup.rs"),
        ),
        (
            &[
                "Permission denied",
                "Read-only file system",
                "failed to create ",
                "failed to write ",
                "failed to open:",
                "failed to link or copy",
            ],
            Exit::Environment,
            Some("make the folder writable (`sizes` also takes another one, by CARGO_TARGET_DIR)"),
        ),
        (
            &["could not compile", "failed to run custom build command"],
            Exit::NotMet,
            Some("repair the build first: sizes are measured on code that compiles"),
        ),
    ];
    CAUSES
        .iter()
        .find(|(signs, ..)| signs.iter().any(|sign| stderr.contains(sign)))
        // What is left are Cargo's complaints about what it was told: a manifest, a feature, a package.
        .map_or((Exit::Usage, None), |&(_, exit, help)| (exit, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn executables_are_read_from_cargos_messages() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"a","target":{"kind":["lib"],"name":"serde"},"executable":null,"fresh":true}
{"reason":"build-script-executed","package_id":"b"}
{"reason":"compiler-artifact","package_id":"c","target":{"kind":["bin"],"name":"word_freq"},"executable":"/t/dist/word_freq","fresh":false}
{"reason":"build-finished","success":true}
"#;
        let found = artifacts(messages).unwrap().executables;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].fresh), ("word_freq", false));
        assert_eq!(found[0].path, Path::new("/t/dist/word_freq"));
    }

    #[test]
    fn packages_are_named_with_their_features() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#regex@1.12.2","target":{"kind":["lib"],"name":"regex"},"features":["perf","std"],"executable":null,"fresh":true}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#serde@1.0.0","target":{"kind":["custom-build"],"name":"build-script-build"},"executable":null}
{"reason":"compiler-artifact","package_id":"path+file:///w/helper#0.1.0","target":{"kind":["lib"],"name":"helper"},"executable":null}
"#;
        let found = artifacts(messages).unwrap().packages;
        let names: Vec<_> = found.iter().map(|found| format!("{} {}", found.name, found.version)).collect();
        assert_eq!(names, ["helper 0.1.0", "regex 1.12.2"]);
        assert_eq!(found[1].features, ["perf", "std"]);
    }

    #[test]
    fn warnings_are_kept_whole_and_progress_is_not() {
        let stderr = "warning: unused manifest key: profile.dist.opt-levl\n   Compiling word_freq v0.1.0\nwarning: unused variable: `x`\n --> src/main.rs:2:9\n  |\n2 |     let x = 1;\n\nwarning: `word_freq` (bin \"word_freq\") generated 1 warning\n    Finished `dist` profile [optimized] target(s) in 0.06s\n";
        assert_eq!(
            warnings(stderr),
            [
                "warning: unused manifest key: profile.dist.opt-levl",
                "warning: unused variable: `x`\n --> src/main.rs:2:9\n  |\n2 |     let x = 1;"
            ]
        );
    }

    #[test]
    fn the_limit_that_ended_a_build_is_told() {
        let of = |status, stderr: &str, is_boxed| {
            limit_of_a_build(&Finished { status, stdout: Vec::new(), stderr: stderr.into() }, is_boxed)
        };
        let abort = "memory allocation of 8 bytes failed\nerror: could not compile `a` (signal: 6, SIGABRT)";
        assert_eq!(of(Status::Exited(101), abort, true), Some(Status::MemoryLimit));
        assert_eq!(of(Status::Exited(101), abort, false), None, "without a box there is no limit");
        assert_eq!(of(Status::Exited(101), "(signal: 25 (SIGXFSZ))", true), Some(Status::DiskLimit));
        assert_eq!(of(Status::Exited(101), "(signal: 24 (SIGXCPU))", true), Some(Status::TimedOut));
        assert_eq!(of(Status::Exited(101), "error[E0425]: cannot find value", true), None);
        assert_eq!(of(Status::TimedOut, "", false), Some(Status::TimedOut));
    }

    #[test]
    fn the_words_tell_whose_fault_a_failure_is() {
        let exit = |stderr| cause(stderr).0;
        assert_eq!(exit("error: failed to write `x.o`: No space left on device (os error 28)"), Exit::Environment);
        assert_eq!(exit("error: cannot create the lock file /x/Cargo.lock because --locked was passed"), Exit::Usage);
        assert_eq!(exit("error: failed to download from `https://…`\n  Could not resolve host"), Exit::Environment);
        assert_eq!(exit("error: linker `cc` not found\nerror: could not compile `a`"), Exit::Environment);
        assert_eq!(exit("error[E0425]: cannot find value\nerror: could not compile `a` (bin \"a\")"), Exit::NotMet);
        assert_eq!(exit("error: failed to create directory `/x/target/release`\n  Not a directory"), Exit::Environment);
        assert_eq!(exit("error: failed to parse manifest at `/x/Cargo.toml`"), Exit::Usage);
        assert_eq!(exit("error: profile `dist` is missing an `inherits` directive"), Exit::Usage);
    }
}
