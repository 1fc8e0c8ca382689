//! A lockfile of our own for a foreign crate that has none, or whose lockfile no longer fits its manifest. `cargo build` would write
//! one there; measuring writes nothing of the crate. Cargo chooses the versions just as it would for the crate, once, so that later
//! calls measure the same.

use super::mirror::{self, Original};
use super::{Cargo, Metadata, configuration};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::hex;
use base::proc::Status;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The first Cargo that takes `resolver.lockfile-path` from its configuration.
const TAKES_A_PATH: (u32, u32) = (1, 97);

/// What Cargo says where a lockfile would have to change.
const WOULD_CHANGE: [&str; 2] = ["cannot update the lock file", "because --locked was passed"];

/// What was found out about a lockfile, so that it isn't asked again as long as nothing has changed.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Found {
    /// A digest of the manifests and the crate's lockfile.
    inputs: String,
    /// A digest of the crate's own lockfile alone.
    theirs: String,
    /// The crate's own lockfile can't be used as it is.
    needs_ours: bool,
}

/// A lockfile of our own.
#[derive(Clone, Debug)]
pub struct Ours {
    /// The file.
    pub path: PathBuf,
    /// The crate's own, which isn't there or doesn't fit.
    pub instead_of: PathBuf,
}

/// Makes Cargo build a workspace with a lockfile below `folder` where its own can't be used as it is. Returns that lockfile, and what
/// the user should know.
///
/// # Errors
/// When Cargo can't choose the versions, such as without a network.
pub fn settle(
    cargo: &mut Cargo,
    manifest: &Path,
    metadata: &Metadata,
    folder: &Path,
) -> Result<Option<(Ours, String)>> {
    // They have told Cargo where it is.
    if configuration::settings(&cargo.cwd).iter().any(|setting| setting.key == "resolver.lockfile-path") {
        return Ok(None);
    }
    let theirs = metadata.workspace_root.join("Cargo.lock");
    let (text, inputs) = (fs::read(&theirs).ok(), inputs(metadata, &theirs));
    let digest = digest(&text.clone().unwrap_or_default());
    let state = folder.join("lockfile.json");
    let before: Option<Found> = fs::read(&state).ok().and_then(|state| serde_json::from_slice(&state).ok());
    let known = before.as_ref().filter(|found| found.inputs == inputs).map(|found| found.needs_ours);
    let needs_ours = match (known, &text) {
        (Some(known), _) => known,
        (None, None) => true,
        (None, Some(_)) => match cargo.resolve(manifest, true)? {
            Ok(()) => false,
            Err(failure) if WOULD_CHANGE.iter().any(|words| failure.message.contains(words)) => true,
            // The build itself says it better.
            Err(_) => return Ok(None),
        },
    };
    let found = Found { inputs, theirs: digest, needs_ours };
    let mut path = None;
    if needs_ours {
        let ours = redirect(cargo, metadata, folder)?;
        // One that was made for another lockfile of theirs is none of this one.
        let is_of_theirs = before.as_ref().is_some_and(|before| before.theirs == found.theirs) && ours.is_file();
        match &text {
            Some(text) if !is_of_theirs => files::write_atomic(&ours, text)?,
            None if !is_of_theirs => drop(fs::remove_file(&ours)),
            _ => {}
        }
        if known.is_none() || !ours.is_file() {
            // Never without the redirection: Cargo writes the file here.
            cargo.resolve(manifest, false)?.map_err(anyhow::Error::from)?;
        }
        if !ours.is_file() {
            bail!(cannot("Cargo didn't write the lockfile"));
        }
        path = Some(ours);
    }
    files::write_atomic(&state, &serde_json::to_vec(&found)?)?;
    let name = shown(&theirs);
    let name = name.display();
    let note = match text {
        None => format!(
            "there is no {name}: measured with a generated one, which is reused next time; `cargo generate-lockfile` creates one to keep"
        ),
        Some(_) => format!(
            "{name} no longer fits the manifest: measured with a copy that Cargo has updated; the next `cargo build` \
             updates yours"
        ),
    };
    Ok(path.map(|path| (Ours { path, instead_of: theirs.clone() }, note)))
}

/// Makes Cargo read and write the lockfile elsewhere. Says where.
fn redirect(cargo: &mut Cargo, metadata: &Metadata, folder: &Path) -> Result<PathBuf> {
    if takes_a_path(&cargo.version()?) {
        let ours = std::path::absolute(folder.join("lockfile").join("Cargo.lock"))?;
        cargo.env.insert("CARGO_RESOLVER_LOCKFILE_PATH".into(), Some(ours.clone().into()));
        return Ok(ours);
    }
    if !mirror::POSSIBLE {
        bail!(cannot(
            "this version of Cargo writes a lockfile only beside the manifest (1.97 and later can be told where)"
        ));
    }
    let root = metadata.workspace_root.clone();
    let built = vec![metadata.target_directory.clone(), std::path::absolute(folder)?];
    let original = Original { others: others(cargo, metadata), root, built };
    let mirror = mirror::make(&original, &folder.join("lockfile"))?;
    cargo.env.extend(mirror::variables(&mirror)?);
    Ok(mirror::below_mirror(&mirror, &original.root.join("Cargo.lock")))
}

fn cannot(why: &str) -> Failure {
    Failure::new(Exit::Usage, format!("the crate has no up-to-date Cargo.lock, and {why}"))
        .help("run `cargo generate-lockfile` (or `cargo update --workspace`) there, then try again")
}

/// Whether a Cargo that says this about itself can be told where a lockfile is.
fn takes_a_path(version: &str) -> bool {
    let number = version.split(' ').nth(1).unwrap_or_default();
    // In a nightly of that version it may still be a feature that has to be switched on.
    let is_stable = !number.contains('-');
    let mut parts = number.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let release = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if is_stable { release >= TAKES_A_PATH } else { release > TAKES_A_PATH }
}

/// The folders elsewhere that the workspace's packages depend on, and those that they depend on.
fn others(cargo: &Cargo, metadata: &Metadata) -> Vec<PathBuf> {
    let paths_of = |metadata: &Metadata| -> Vec<PathBuf> {
        let dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
        let own = metadata.packages.iter().filter_map(|package| Some(package.manifest_path.parent()?.to_owned()));
        let patched = patched(&metadata.workspace_root);
        dependencies.filter_map(|dependency| dependency.path.clone()).chain(own).chain(patched).collect()
    };
    let mut open = paths_of(metadata);
    let mut found = BTreeSet::new();
    while let Some(folder) = open.pop() {
        let is_there = |shown: &Path| folder.starts_with(shown);
        if is_there(&metadata.workspace_root) || !found.insert(folder.clone()) {
            continue;
        }
        // What it inherits is in the workspace that it belongs to.
        if let Ok(other) = cargo.metadata(Some(&folder.join("Cargo.toml"))) {
            found.insert(other.workspace_root.clone());
            open.extend(paths_of(&other));
        }
    }
    found.into_iter().collect()
}

/// The folders that a workspace takes packages from in place of the registry's.
fn patched(root: &Path) -> Vec<PathBuf> {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let Ok(manifest) = manifest.parse::<toml::Table>() else { return Vec::new() };
    let sources = manifest.get("patch").and_then(toml::Value::as_table).into_iter().flat_map(toml::Table::values);
    let tables = sources.chain(manifest.get("replace")).filter_map(toml::Value::as_table).flat_map(toml::Table::values);
    let paths = tables.filter_map(|package| package.get("path")?.as_str());
    paths.map(|path| by_names(&root.join(path))).collect()
}

/// A path without `..`, which Cargo takes out by the names alone, whatever is a link.
fn by_names(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

/// A digest of everything that a lockfile follows from, as far as it is in the workspace.
fn inputs(metadata: &Metadata, lockfile: &Path) -> String {
    let manifests = metadata.packages.iter().map(|package| package.manifest_path.clone());
    let files: BTreeSet<PathBuf> =
        manifests.chain([metadata.workspace_root.join("Cargo.toml"), lockfile.to_owned()]).collect();
    let all = files.iter().fold(Vec::new(), |mut all, file| {
        all.extend(digest(file.as_os_str().as_encoded_bytes()).bytes());
        all.extend(fs::read(file).map_or_else(|_| "-".to_owned(), |text| digest(&text)).bytes());
        all
    });
    digest(&all)
}

fn digest(bytes: &[u8]) -> String {
    hex(&hmac_sha256::Hash::hash(bytes)[..12])
}

impl Cargo {
    /// What Cargo says about its version.
    fn version(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.run(&self.call("--version"))?.stdout).into_owned())
    }

    /// Chooses the versions of all packages as a build does, and writes the lockfile if it may and must.
    fn resolve(&self, manifest: &Path, locked: bool) -> Result<Result<(), Failure>> {
        // The verb that reads no more packages than a build does.
        let mut call = self.call("tree").args(["--depth", "0", "--edges", "normal,build", "--manifest-path"]);
        call = call.arg(mirror::inside(&self.env, manifest).into_owned()).args(locked.then_some("--locked"));
        let finished = self.run(&call).context("can't ask Cargo for the versions of packages")?;
        Ok(match finished.status {
            Status::Exited(0) => Ok(()),
            _ => Err(self.explain(&finished, "cargo tree")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_can_be_told_a_place_since_1_97() {
        for (version, can) in [
            ("cargo 1.95.0 (f2d3ce0bd 2026-03-21)", false),
            ("cargo 1.97.0-nightly (4d1f98451 2026-05-15)", false),
            ("cargo 1.97.0 (0123abcd 2026-07-09)\n", true),
            ("cargo 1.98.0-nightly (0123abcd 2026-07-09)", true),
            ("cargo 2.0.1", true),
            ("", false),
        ] {
            assert_eq!(takes_a_path(version), can, "{version}");
        }
    }

    #[test]
    fn packages_in_place_of_the_registry_s_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[patch.crates-io]\na = { path = \"../a\" }\nb = { git = \"https://example.com\" }\n[replace]\n\"c:1.0.0\" = { path = \"c\" }\n";
        files::write_atomic(&folder.path().join("w/Cargo.toml"), manifest.as_bytes()).unwrap();
        let found = patched(&folder.path().join("w"));
        assert_eq!(found, [folder.path().join("a"), folder.path().join("w/c")]);
    }
}
