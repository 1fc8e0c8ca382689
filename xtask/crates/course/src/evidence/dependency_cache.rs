//! Compiled dependencies, kept between submissions: most of a cold build's time goes into what is the same for all of them.
//!
//! Why a copy is sound: what is kept was made from the course's own manifest and lockfile with one profile, never from code
//! that was handed in (where learners may choose crates, from their choice among those that the exercise allows), by the same
//! compiler, in a box at the same paths as the build that takes it. Each build gets its own copy. (A folder that builds share
//! graded 29 of 30 submissions with the program of the first; hard links let a build change what the others get.) Artifacts
//! of the exercise's own package are never kept: Cargo would take them for fresh, because it compares times.

use super::build_settings::How;
use crate::exercise::Exercise;
use crate::learner_manifest::reference;
use anyhow::{Context as _, Result};
use base::files;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use toml::{Table, Value};
use weigh::cargo::record::profile_dir;
use weigh::profiles::chain;

/// Bytes on the disk that are kept from one call to the next; what has been unused the longest goes first.
const KEPT: u64 = 2 << 30;

/// What replaces the package's own sources. Cargo compiles all dependencies first, and stops here.
pub(crate) const STOP: &str = "only the dependencies are wanted";

/// The files that are the root of a package's crates.
const ROOTS: [&str; 2] = ["src/main.rs", "src/lib.rs"];

/// The folder of everything that is kept.
#[derive(Debug)]
pub struct Warm {
    folder: PathBuf,
    /// Two workers never make the same thing at once: the second one waits, and takes the first one's.
    turns: Mutex<BTreeMap<String, Arc<Mutex<()>>>>,
}

impl Warm {
    /// Opens the folder, and frees space in it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(folder: PathBuf) -> Result<Self> {
        fs::create_dir_all(&folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        make_room(&folder, KEPT);
        Ok(Self { folder, turns: Mutex::default() })
    }

    /// Fills a target folder with what is kept under a key. What isn't there yet is made first: `make` returns the
    /// folder that it is in, or that it can't be made, and then nothing is filled in.
    ///
    /// # Errors
    /// When a copy fails; the target folder must not be used then.
    pub(crate) fn fill(
        &self,
        key: &str,
        target_dir: &Path,
        owner: Option<u32>,
        make: impl FnOnce() -> Result<Option<PathBuf>>,
    ) -> Result<()> {
        let kept = self.folder.join(key);
        let mut source = kept.clone();
        {
            let turn =
                Arc::clone(self.turns.lock().unwrap_or_else(PoisonError::into_inner).entry(key.into()).or_default());
            let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.is_dir() {
                let Some(made) = make()? else { return Ok(()) };
                // A full disk costs time later, not a result now.
                if Self::keep(&made, &kept).is_err() {
                    source = made;
                }
            }
        }
        // What is used now is removed last.
        let _ = files::write_atomic(&kept.with_extension("used"), b"");
        copy(&source, target_dir, owner)
    }

    /// Puts a folder in its place, whole or not at all.
    fn keep(made: &Path, kept: &Path) -> Result<()> {
        let half = kept.with_extension(format!("{}.tmp", std::process::id()));
        let result = copy(made, &half, None).and_then(|()| Ok(fs::rename(&half, kept)?));
        if result.is_err() {
            let _ = fs::remove_dir_all(&half);
        }
        // Another grader on this machine may have been faster.
        if kept.is_dir() { Ok(()) } else { result }
    }
}

/// Removes what was used least recently until the rest is small enough, and what a killed grader has left half done.
fn make_room(folder: &Path, limit: u64) {
    let mut kept: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
        if !path.is_dir() {
            continue;
        }
        if path.extension().is_some() {
            let age = changed(&path).ok().and_then(|then| then.elapsed().ok());
            if age.is_some_and(|age| age > Duration::from_hours(24)) {
                let _ = fs::remove_dir_all(&path);
            }
            continue;
        }
        let used = changed(&path.with_extension("used")).unwrap_or(SystemTime::UNIX_EPOCH);
        let files = files::files(&path).unwrap_or_default();
        let bytes = files.iter().filter_map(|file| fs::metadata(path.join(file)).ok()).map(|metadata| metadata.len());
        kept.push((used, bytes.sum(), path));
    }
    kept.sort();
    let mut total: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, bytes, path) in kept {
        if total <= limit {
            break;
        }
        if fs::remove_dir_all(&path).is_ok() {
            let _ = fs::remove_file(path.with_extension("used"));
            total -= bytes;
        }
    }
}

/// Copies a folder with the times of its files, by which Cargo knows what is fresh. `owner` is the user that may change
/// the copy.
fn copy(from: &Path, to: &Path, owner: Option<u32>) -> Result<()> {
    let failed = || format!("can't copy {} to {}", from.display(), to.display());
    let give = |path: &Path| -> Result<()> {
        #[cfg(unix)]
        if owner.is_some() {
            std::os::unix::fs::chown(path, owner, owner)?;
        }
        #[cfg(not(unix))]
        let _ = (path, owner);
        Ok(())
    };
    fs::create_dir_all(to).with_context(failed)?;
    give(to).with_context(failed)?;
    for entry in fs::read_dir(from).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let (source, destination) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata().with_context(failed)?;
        if metadata.is_dir() {
            copy(&source, &destination, owner)?;
        } else if metadata.is_file() {
            let _ = fs::remove_file(&destination);
            fs::copy(&source, &destination).with_context(failed)?;
            let modified = metadata.modified().with_context(failed)?;
            fs::File::options()
                .write(true)
                .open(&destination)
                .and_then(|file| file.set_modified(modified))
                .with_context(failed)?;
            give(&destination).with_context(failed)?;
        }
    }
    Ok(())
}

/// The files from which the dependencies of a build are made, std among them where it is compiled as well. None where there is
/// nothing to gain or nothing to build: no dependencies, or a manifest that isn't TOML.
pub(super) fn files(
    exercise: &Exercise,
    composed: &[(PathBuf, Vec<u8>)],
    starter: &[u8],
    how: &How,
) -> Option<Vec<(PathBuf, Vec<u8>)>> {
    let of = |name: &str| composed.iter().find(|(path, _)| path == Path::new(name)).map(|(_, text)| text.as_slice());
    let table = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<Table>().ok();
    let packages = table(of("Cargo.lock")?)?;
    // Where std is compiled as well, it is a dependency like any other, and the largest.
    if packages.get("package")?.as_array()?.len() < 2 && !how.std.rebuilds() {
        return None;
    }
    let manifest = canonical(table(of("Cargo.toml")?)?, &table(starter)?, &how.profile)?;
    let mut files = vec![(PathBuf::from("Cargo.toml"), manifest.into_bytes())];
    for path in exercise.data.pristine.keys().filter(|path| *path != "Cargo.toml") {
        files.push((path.into(), of(path)?.to_vec()));
    }
    for root in ROOTS.iter().filter(|root| of(root).is_some()) {
        files.retain(|(path, _)| path != Path::new(root));
        files.push((root.into(), format!("compile_error!(\"{STOP}\");\n").into_bytes()));
    }
    Some(files)
}

/// A manifest with only what the dependencies depend on: the course's tables, and only the profile that is built, with the
/// profiles that it inherits from. Manifests that differ only in comments, order, or other profiles become the same.
fn canonical(mut manifest: Table, course: &Table, profile: &str) -> Option<String> {
    let mut profiles = Table::new();
    if let Some(Value::Table(all)) = manifest.remove("profile") {
        for name in chain(profile, |name| all.get(name)?.get("inherits")?.as_str()) {
            let Some(Value::Table(settings)) = all.get(name) else { continue };
            let is_known = |key: &str| {
                matches!(key, "inherits" | "package" | "build-override")
                    || reference::SETTINGS.iter().any(|setting| setting.key == key)
            };
            let kept: Table = settings
                .iter()
                .filter(|(key, _)| is_known(key))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            profiles.insert(name.to_owned(), kept.into());
        }
    }
    manifest.retain(|key, _| course.contains_key(key));
    if !profiles.is_empty() {
        manifest.insert("profile".to_owned(), profiles.into());
    }
    toml::to_string(&manifest).ok()
}

/// Removes everything of the exercise's own package from a target folder.
///
/// # Errors
/// When a file cannot be removed.
pub(crate) fn without_own(target_dir: &Path, package: &str, profile: &str) -> Result<()> {
    let krate = package.replace('-', "_");
    for below in [".fingerprint", "deps", "build", "incremental", "."] {
        let folder = target_dir.join(profile_dir(profile)).join(below);
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let bare = name.strip_prefix("lib").unwrap_or(&name);
            let is_own = [name.as_str(), bare].iter().any(|name| {
                [package, &krate].iter().any(|own| {
                    name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '.']))
                })
            });
            if is_own {
                let path = entry.path();
                if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                    .with_context(|| format!("can't remove {}", path.display()))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().unwrap()
    }

    #[test]
    fn manifests_that_build_the_same_dependencies_are_one() {
        let course = table("[package]\nname = \"p\"\n[dependencies]\nserde = \"1\"\n");
        let one = "[package]\nname = \"p\"\n[dependencies]\nserde = \"1\"\n[profile.dist]\ninherits = \"release\"\nlto = true\n";
        let same = canonical(table(one), &course, "dist").unwrap();
        for addition in
            ["# a comment\n", "opt_level = 3\n", "[profile.dev]\nopt-level = 1\n", "[profiles.dist]\nlto = 1\n"]
        {
            assert_eq!(canonical(table(&format!("{one}{addition}")), &course, "dist").unwrap(), same, "{addition}");
        }
        for other in
            ["opt-level = 3\n", "[profile.release]\nopt-level = 3\n", "[profile.dist.package.serde]\nopt-level = 3\n"]
        {
            assert_ne!(canonical(table(&format!("{one}{other}")), &course, "dist").unwrap(), same, "{other}");
        }
        let cycle = "[profile.dist]\ninherits = \"dist\"\n";
        assert_eq!(canonical(table(cycle), &course, "dist").unwrap(), cycle);
    }

    #[test]
    fn what_is_filled_in_has_its_times_and_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let warm = Warm::open(folder.path().join("warm")).unwrap();
        let made = folder.path().join("made");
        fs::create_dir_all(made.join("release/deps")).unwrap();
        let artifact = made.join("release/deps/liba-1.rlib");
        files::write_atomic(&artifact, b"a").unwrap();
        let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        fs::File::options().write(true).open(&artifact).unwrap().set_modified(then).unwrap();
        for (target, make) in [("one", true), ("two", false)] {
            let target = folder.path().join(target);
            warm.fill("0a", &target, None, || {
                assert!(make, "it is made once");
                Ok(Some(made.clone()))
            })
            .unwrap();
            let copied = target.join("release/deps/liba-1.rlib");
            assert_eq!(fs::read_to_string(&copied).unwrap(), "a");
            assert_eq!(fs::metadata(&copied).unwrap().modified().unwrap(), then);
            // Nothing that a build does to its copy reaches the next one.
            files::write_atomic(&copied, b"changed").unwrap();
        }
        let nothing = folder.path().join("three");
        warm.fill("0b", &nothing, None, || Ok(None)).unwrap();
        assert!(!nothing.exists());
    }

    #[test]
    fn room_is_made_by_last_use() {
        let folder = tempfile::tempdir().unwrap();
        for (name, age) in [("old", 300), ("new", 100)] {
            let path = folder.path().join(name);
            fs::create_dir(&path).unwrap();
            files::write_atomic(&path.join("file"), &[0; 100]).unwrap();
            let used = fs::File::create(path.with_extension("used")).unwrap();
            used.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        make_room(folder.path(), 150);
        assert!(!folder.path().join("old").exists() && folder.path().join("new/file").exists());
    }

    #[test]
    fn nothing_of_the_package_itself_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let deps = folder.path().join("dist/deps");
        fs::create_dir_all(folder.path().join("dist/.fingerprint/config_tool-1")).unwrap();
        fs::create_dir_all(&deps).unwrap();
        for name in ["config_tool-1", "config_tool-1.d", "libconfig_tool-1.rlib", "libserde-1.rlib", "config_toolkit-1"]
        {
            files::write_atomic(&deps.join(name), b"").unwrap();
        }
        files::write_atomic(&folder.path().join("dist/config_tool"), b"").unwrap();
        without_own(folder.path(), "config_tool", "dist").unwrap();
        let mut left = files::files(folder.path()).unwrap();
        left.sort();
        assert_eq!(left, [Path::new("dist/deps/config_toolkit-1"), Path::new("dist/deps/libserde-1.rlib")]);
    }
}
