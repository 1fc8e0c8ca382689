//! What a learner hands in, as it would be built when it is graded: the files that the exercise names, and of a manifest what it
//! lets a learner decide. Where the folder holds more that Cargo would take in, a check builds elsewhere, without it.

use super::safe::{self, May};
use super::starter_files;
use crate::cargo::Cargo;
use crate::cargo::release_and_host;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::exercise::Exercise;
use crate::surroundings;
use crate::tree;
use anyhow::Result;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A learner's files.
pub struct Handed {
    /// As they are built.
    pub files: Vec<(String, Vec<u8>)>,
    /// A warning for each thing in the folder that isn't built.
    pub problems: Vec<Diagnostic>,
}

/// Reads a learner's files.
///
/// # Errors
/// When the course is incomplete.
pub fn handed(exercise: &Exercise) -> Result<Handed> {
    let starter = starter_files(exercise)?;
    let (mut files, mut problems, mut sources) = (Vec::new(), Vec::new(), String::new());
    for path in exercise.edits() {
        let Some(content) = tree::content(&exercise.folder.join(path)) else { continue };
        if path.ends_with(".rs") {
            sources += &String::from_utf8_lossy(&content);
        }
        let (built, replaced) = safe::of(path, &content, &starter, May::of(exercise));
        if !replaced.is_empty() {
            let message = format!(
                "{} of {path} isn't as the course has it: this check builds the course's own, as grading does",
                replaced.join(", ")
            );
            let help = format!("your own `cargo build` follows your version; starter/{path} has the course's");
            problems.push(aside(message, &exercise.folder.join(path)).help(help));
        }
        files.push((path.to_owned(), built));
    }
    let edits = exercise.edits().collect::<Vec<_>>().join(" and ");
    for path in extra(exercise, &sources) {
        let message =
            format!("{} isn't part of the exercise: this check builds without it, as grading does", path.display());
        let help = format!("Cargo takes it into your own build; what you hand in is {edits}");
        problems.push(aside(message, &exercise.folder.join(&path)).help(help));
    }
    Ok(Handed { files, problems })
}

fn aside(message: String, file: &Path) -> Diagnostic {
    Diagnostic::new(Code::OtherFileChanged, message).severity(Severity::Warning).in_file(file)
}

/// What lies beside the course's files and those that learners edit, and would become part of the program: what Cargo looks for
/// by itself, and what a learner's sources name.
fn extra(exercise: &Exercise, sources: &str) -> Vec<PathBuf> {
    let known: BTreeSet<PathBuf> =
        exercise.edits().map(PathBuf::from).chain(exercise.data.pristine.keys().map(PathBuf::from)).collect();
    let folders: BTreeSet<&Path> = known.iter().flat_map(|path| path.ancestors().skip(1)).collect();
    let words: BTreeSet<&str> = sources.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut found = Vec::new();
    for folder in &folders {
        let Ok(entries) = fs::read_dir(exercise.folder.join(folder)) else { continue };
        for name in entries.flatten().map(|entry| entry.file_name()) {
            let path = folder.join(&name);
            if known.contains(&path) || folders.contains(path.as_path()) {
                continue;
            }
            let text = name.to_string_lossy();
            let is_folder = exercise.folder.join(&path).is_dir();
            let is_code = text.ends_with(".rs") || is_folder;
            let stem = text.strip_suffix(".rs").unwrap_or(&text);
            let of_cargo = match folder.file_name() {
                _ if known.contains(&folder.join("Cargo.toml")) => text == "build.rs",
                Some(last) if last == "src" => text == "lib.rs" || text == "bin",
                _ => false,
            };
            let is_ours = folder.as_os_str().is_empty()
                && (matches!(&*text, "starter" | "target" | "exercise.toml" | "README.md") || text.starts_with('.'));
            let is_named = if is_code { words.contains(stem) } else { sources.contains(&*text) };
            if of_cargo || is_named && !is_ours {
                found.push(path);
            }
        }
    }
    found.sort();
    found
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
pub fn with_the_pinned(exercise: &Exercise, cargo: &Cargo) -> Option<(Cargo, String)> {
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
/// When rustc answers what isn't understood.
pub fn pinned(
    root: &Path,
    (cargo, version, release, host): (Cargo, String, String, String),
) -> Result<(Cargo, String, String, String, Vec<Diagnostic>)> {
    let Some(pin) = surroundings::pin(root).filter(|pin| *pin != release) else {
        let is_replaced = cargo.env.contains_key(OsStr::new("RUSTUP_TOOLCHAIN"));
        let warning = is_replaced.then(|| {
            let message = format!(
                "the toolchain that is chosen here can't be started: this check builds with Rust {release}, to which the \
                 workshop is pinned, as grading does"
            );
            Diagnostic::new(Code::OtherToolchain, message).severity(Severity::Warning).help(
                "a rust-toolchain file, `rustup override` or `RUSTUP_TOOLCHAIN` chooses one that isn't installed; type `rustup show` \
                 in the exercise's folder to see which of them it is, and take that out",
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
                       your own `cargo build` then follows; `rustup show` tells which of them it is";
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
                "both sides of each comparison are built with it, so goals can be met; to see what grading sees, type \
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
