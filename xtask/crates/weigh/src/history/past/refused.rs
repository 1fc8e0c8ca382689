//! Why a revision can't be built, where Cargo and rustup name a folder or a toolchain that the user doesn't know about.

use base::failure::{Exit, Failure, Kind, failure_of};
use std::path::{Path, PathBuf};

/// Names the folder outside of the repository that a manifest needs. Cargo names one beside the checkout, where nothing is.
pub(super) fn without_outside(error: anyhow::Error, tree: &Path, top: &Path) -> anyhow::Error {
    let message = failure_of(&error).message;
    let Some(missing) = unread_manifest(&message).filter(|file| !file.starts_with(tree)) else { return error };
    let meant = counterpart(missing.parent().unwrap_or(missing), tree, top);
    if !meant.exists() {
        return error;
    }
    let message = format!("the crate needs {}, which is outside of the repository {}", meant.display(), top.display());
    Failure::new(Exit::Usage, message)
        .kind(Kind::OutsideRepository)
        .help(
            "a revision is built in a checkout, which holds only what was committed: move that folder into the repository, \
             or make it a git dependency; with an absolute path, every revision gets its current sources",
        )
        .into()
}

/// The manifest that isn't there, by the words of Cargo.
fn unread_manifest(words: &str) -> Option<&Path> {
    let (_, rest) = words.split_once("failed to read `")?;
    let (path, _) = rest.split_once('`')?;
    Some(Path::new(path)).filter(|path| path.ends_with("Cargo.toml") && !path.exists())
}

/// The path that is to one folder what `path` is to another.
fn counterpart(path: &Path, from: &Path, to: &Path) -> PathBuf {
    let common = path.components().zip(from.components()).take_while(|(a, b)| a == b).count();
    let mut found = to.to_owned();
    for _ in from.components().skip(common) {
        found.pop();
    }
    found.extend(path.components().skip(common));
    found
}

/// Names the command that installs a toolchain which rustup says is missing.
pub(super) fn without_toolchain(error: anyhow::Error) -> anyhow::Error {
    let failure = failure_of(&error);
    match missing_toolchain(&failure.message).map(str::to_owned) {
        Some(name) => Failure { exit: Exit::Environment, ..failure }
            .help(format!("`rustup toolchain install {name}` installs the toolchain of that revision"))
            .into(),
        None => error,
    }
}

/// The toolchain that isn't there, by the words of rustup.
fn missing_toolchain(words: &str) -> Option<&str> {
    let (before, _) = words.split_once("' is not installed")?;
    before.rsplit_once("toolchain '").map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_beside_the_checkout_is_one_beside_the_repository() {
        let of = |path: &str| counterpart(Path::new(path), Path::new("/cache/12/ttt"), Path::new("/home/x/app"));
        assert_eq!(of("/cache/12/other"), Path::new("/home/x/other"));
        assert_eq!(of("/cache/other"), Path::new("/home/other"));
        assert_eq!(of("/cache/12/ttt/inside"), Path::new("/home/x/app/inside"));
    }

    #[test]
    fn the_toolchain_that_rustup_misses_is_named() {
        let words = "`rustc -vV` failed (exit code 1):\nerror: toolchain '1.70.0-x86_64-unknown-linux-gnu' is not installed\nhelp: run `rustup toolchain install`";
        assert_eq!(missing_toolchain(words), Some("1.70.0-x86_64-unknown-linux-gnu"));
        assert_eq!(missing_toolchain("error: linker 'x' is not installed"), None);
        let failure = failure_of(&without_toolchain(Failure::new(Exit::Usage, words).into()));
        assert_eq!(failure.exit, Exit::Environment);
        assert!(failure.help.unwrap().starts_with("`rustup toolchain install 1.70.0-x86_64-unknown-linux-gnu`"));
    }
}
