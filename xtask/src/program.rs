//! Starts the programs behind some verbs. Most people never grade a class or write the book, so what that takes is built by
//! Cargo when it is first needed. Then the program replaces this one: it has the same terminal, standard input, and
//! environment, and its exit code is the call's.

use anyhow::{Context as _, Result};
use base::failure::{Exit, Failure};
use base::output;
use base::proc::{self, descriptors::Inherited};
use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use weigh::cargo::{Build, Built, Cargo, Refused, Wanted};

/// The folder of this package in the checkout that it was compiled from.
const SOURCES: &str = env!("CARGO_MANIFEST_DIR");

/// A build that takes longer than this has something to do, and announces it.
const AT_ONCE: Duration = Duration::from_millis(700);

/// Runs a verb's program in place of this one. Returns only where the system can't do that.
///
/// # Errors
/// When the program can't be built or started.
pub(crate) fn run(package: &str, verb: &str) -> Result<Exit> {
    let inherited = Inherited::now();
    let program = build(package, verb)?;
    proc::become_program(&program, env::args_os().skip(1), &inherited)
}

/// Builds it, or finds that there is nothing to do.
fn build(package: &str, verb: &str) -> Result<PathBuf> {
    let root = sources(verb)?;
    let (profile, target_dir) = built_like_this()?;
    let cargo = Cargo {
        program: env::var_os("CARGO").unwrap_or_else(|| "cargo".into()),
        cwd: root.to_owned(),
        env: BTreeMap::new(),
        args: Vec::new(),
        sandbox: None,
    };
    let build = Build {
        manifest: None,
        profile,
        packages: vec![package.to_owned()],
        targets: vec![Wanted::bin(package)],
        extra: Vec::new(),
        target_dir,
        record: None,
        timeout: None,
    };
    let built = announced(verb, move || cargo.try_build(&build))?;
    let built = built.map_err(|refused| not_built(refused, package, verb))?;
    Ok(built.executable(package)?.path.clone())
}

/// The folder of the workshop, if its sources are still there.
fn sources(verb: &str) -> Result<&'static Path> {
    let root = Path::new(SOURCES).parent().context("the sources are in a folder of the workshop")?;
    if !root.join("Cargo.toml").is_file() {
        let message = format!("`{verb}` is a separate program, and its sources are no longer in {}", root.display());
        return Err(Failure::new(Exit::Environment, message)
            .help("run `cargo xtask` from inside the workshop's folder; Cargo then builds what's missing")
            .into());
    }
    Ok(root)
}

/// Builds, and announces it in one line if that takes a while.
fn announced(
    verb: &str,
    build: impl FnOnce() -> Result<Result<Built, Refused>> + Send + 'static,
) -> Result<Result<Built, Refused>> {
    let (done, built) = mpsc::channel();
    thread::spawn(move || drop(done.send(build())));
    let built = built.recv_timeout(AT_ONCE).or_else(|_| {
        output::note(&format!("{}{verb}` needs: about a minute, the first time only", commands::BUILDING));
        built.recv()
    });
    built.context("the build ended without reporting a result")?
}

/// A verb whose program isn't there has judged nothing. So this is never exit code 1, even if the sources are at fault.
fn not_built(refused: Refused, package: &str, verb: &str) -> Failure {
    let Failure { exit, kind, message, place, help, snippet } = refused.failure;
    let help = match exit {
        Exit::Environment => help,
        _ => Some(format!("its sources are in xtask/crates/{package}; `git status` lists what has changed there")),
    };
    let message = format!("the program behind `cargo xtask {verb}` can't be built: {message}");
    Failure { exit: Exit::Environment, kind, message, place, help, snippet }
}

/// The profile of this program, and its target folder, according to its path: what it shares with the other program is compiled
/// once.
fn built_like_this() -> Result<(String, Option<PathBuf>)> {
    let own = proc::own_path()?;
    let folder = own.parent().context("a program is in a folder")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        None | Some("debug") => "dev",
        Some(name) => name,
    };
    // Cargo marks its target folders. A program that was copied elsewhere isn't below one.
    let target_dir = folder.parent().filter(|target| target.join("CACHEDIR.TAG").is_file());
    match target_dir {
        Some(target) => Ok((profile.to_owned(), Some(target.to_owned()))),
        None => Ok(("dev".to_owned(), None)),
    }
}
