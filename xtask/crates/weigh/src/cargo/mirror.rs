//! A workspace a second time, made of links, so that Cargo finds a lockfile beside the manifest that isn't there. It is for versions
//! of Cargo that can't be told where the lockfile is (before 1.97).
//!
//! A file lies at its own absolute path below the mirror's folder: `../other` is found as well, and what Cargo says of the mirror is
//! true of the original when the folder is cut off. That is also what this program does in rustc's place: rustc runs in the original
//! folder, with original paths in its arguments and variables, so `file!()`, `env!("CARGO_MANIFEST_DIR")` and debug information match
//! a build in the original place. Only build scripts run in the mirror, and see its path.

use anyhow::{Context as _, Result};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

/// The mirror's folder. Where it is set, Cargo works in it.
const MIRROR: &str = "SIZE_WORKSHOP_MIRROR";

/// Where Cargo doesn't look for a workspace any further upwards, so that the folders above the mirror stay out of it.
const BOUNDARY: [&str; 2] = ["target", "package"];

/// What a mirror shows.
pub(super) struct Original {
    /// The workspace's folder, whose lockfile is left out.
    pub root: PathBuf,
    /// The folders of packages elsewhere that the workspace depends on.
    pub others: Vec<PathBuf>,
    /// Folders of artifacts, which are left out.
    pub built: Vec<PathBuf>,
}

/// Whether this system has links for everyone.
pub(super) const POSSIBLE: bool = cfg!(unix);

/// Makes the mirror below a folder, or brings it up to date. Says where it is.
///
/// # Errors
/// When a link can't be made.
pub(super) fn make(original: &Original, below: &Path) -> Result<PathBuf> {
    let mirror = BOUNDARY.iter().fold(below.to_owned(), |path, part| path.join(part));
    fs::create_dir_all(&mirror).with_context(|| format!("can't create the folder {}", mirror.display()))?;
    let mirror = mirror.canonicalize()?;
    let expanded = expanded(original);
    for folder in &expanded {
        show_entries(original, folder, &expanded, &mirror)?;
    }
    let mut linked: Vec<&Path> = Vec::new();
    let mut others: Vec<&PathBuf> = original.others.iter().collect();
    others.sort();
    for other in others {
        let is_there = |shown: &Path| other.starts_with(shown);
        if !expanded.iter().any(|folder| is_there(folder)) && !linked.iter().any(|folder| is_there(folder)) {
            link(other, &below_mirror(&mirror, other))?;
            linked.push(other);
        }
    }
    Ok(mirror)
}

/// The folders that are folders in the mirror as well, and not links: the workspace's own, and those above it up to the top of the
/// repository, or as far as packages are that it depends on.
fn expanded(original: &Original) -> BTreeSet<PathBuf> {
    let root = &original.root;
    let top = root.ancestors().find(|folder| folder.join(".git").exists());
    let tops = original.others.iter().map(PathBuf::as_path).chain(top).filter(|top| root.starts_with(top));
    let top = tops.min_by_key(|top| top.components().count()).unwrap_or(root);
    root.ancestors().take_while(|folder| folder.starts_with(top)).map(Path::to_owned).collect()
}

/// Links everything in a folder but what is a folder in the mirror itself, what was built, and the lockfile.
fn show_entries(original: &Original, folder: &Path, expanded: &BTreeSet<PathBuf>, mirror: &Path) -> Result<()> {
    let place = below_mirror(mirror, folder);
    fs::create_dir_all(&place).with_context(|| format!("can't create the folder {}", place.display()))?;
    let is_left_out = |path: &Path| {
        let is_lockfile = folder == original.root && path.file_name() == Some(OsStr::new("Cargo.lock"));
        // A repository seen from the mirror would have every folder replaced by a link.
        let is_repository = path.file_name() == Some(OsStr::new(".git"));
        is_lockfile || is_repository || original.built.iter().any(|built| built.starts_with(path))
    };
    let mut wanted = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("can't read the folder {}", folder.display()))? {
        let entry = entry?;
        if !expanded.contains(&entry.path()) && !is_left_out(&entry.path()) {
            link(&entry.path(), &place.join(entry.file_name()))?;
            wanted.insert(entry.file_name());
        }
    }
    // What isn't there any more.
    for entry in fs::read_dir(&place)?.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_symlink()) && !wanted.contains(&entry.file_name()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Makes a link, unless it is there.
fn link(original: &Path, place: &Path) -> Result<()> {
    if fs::read_link(place).is_ok_and(|there| there == original) {
        return Ok(());
    }
    let _ = fs::remove_file(place);
    if let Some(folder) = place.parent() {
        fs::create_dir_all(folder)?;
    }
    #[cfg(unix)]
    let made = std::os::unix::fs::symlink(original, place);
    #[cfg(not(unix))]
    let made: std::io::Result<()> = Err(std::io::ErrorKind::Unsupported.into());
    match made {
        // Another call was quicker.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        made => made.with_context(|| format!("can't create the link {}", place.display())),
    }
}

/// Where a file is in a mirror.
pub(super) fn below_mirror(mirror: &Path, path: &Path) -> PathBuf {
    let mut found = mirror.to_owned();
    for part in path.components() {
        match part {
            Component::Normal(part) => found.push(part),
            Component::ParentDir => {
                found.pop();
            }
            _ => {}
        }
    }
    found
}

/// The changes to the environment that make Cargo work in a mirror.
pub(super) fn variables(mirror: &Path) -> Result<[(OsString, Option<OsString>); 2]> {
    let own = base::proc::own_path()?;
    Ok([(MIRROR.into(), Some(mirror.into())), ("RUSTC_WRAPPER".into(), Some(own.into()))])
}

/// The mirror that an environment names.
fn of(env: &BTreeMap<OsString, Option<OsString>>) -> Option<&Path> {
    env.get(OsStr::new(MIRROR))?.as_deref().map(Path::new)
}

/// Where Cargo is to look for a file. What the mirror doesn't show, such as a program of ours, is where it is.
pub(super) fn inside<'a>(env: &BTreeMap<OsString, Option<OsString>>, path: &'a Path) -> Cow<'a, Path> {
    let shown = of(env).map(|mirror| below_mirror(mirror, path)).filter(|shown| shown.exists());
    shown.map_or(path.into(), Cow::from)
}

/// The package ID that Cargo has for a package where it works.
pub(super) fn package_inside<'a>(env: &BTreeMap<OsString, Option<OsString>>, package: &'a str) -> Cow<'a, str> {
    const FILE: &str = "path+file://";
    match (of(env), package.strip_prefix(FILE)) {
        (Some(mirror), Some(rest)) if is_shown(mirror, rest) => format!("{FILE}{}{rest}", in_url(mirror)).into(),
        _ => package.into(),
    }
}

/// Whether the folder in the rest of a package ID is in a mirror.
fn is_shown(mirror: &Path, rest: &str) -> bool {
    let folder = rest.rsplit_once('#').map_or(rest, |(folder, _)| folder);
    // Cargo writes a path as a URL does; one with other characters is taken as shown.
    folder.contains('%') || below_mirror(mirror, Path::new(folder)).exists()
}

/// What Cargo says, with the paths of the original.
pub(super) fn outside<'a>(env: &BTreeMap<OsString, Option<OsString>>, words: &'a str) -> Cow<'a, str> {
    let Some(mirror) = of(env) else { return words.into() };
    [mirror.display().to_string(), in_url(mirror)].into_iter().fold(words.into(), |words: Cow<'a, str>, mirror| {
        match words.contains(&mirror) {
            true => words.replace(&mirror, "").into(),
            false => words,
        }
    })
}

/// A path as Cargo writes it in a package ID.
fn in_url(path: &Path) -> String {
    path.as_os_str().as_encoded_bytes().iter().fold(String::new(), |mut url, byte| {
        match byte {
            b'!'..=b'~' if !b"\"#%<>?\\^`{}".contains(byte) => url.push(char::from(*byte)),
            _ => {
                let _ = write!(url, "%{byte:02X}");
            }
        }
        url
    })
}

/// Calls rustc as Cargo would call it in the original place, if Cargo called this program in its place; else `None`.
#[cfg(unix)]
pub fn serve() -> Option<ExitCode> {
    use std::env;
    let mirror = env::var_os(MIRROR)?;
    let mut words: Vec<OsString> = env::args_os().skip(1).map(|word| without(&word, &mirror)).collect();
    // A build script that a plan has replaced gets no arguments.
    let rustc = words.first()?.clone();
    let mut changes: BTreeMap<OsString, Option<OsString>> = env::vars_os()
        .map(|(name, value)| (name, without(&value, &mirror), value))
        .filter(|(_, original, value)| original != value)
        .map(|(name, original, _)| (name, Some(original)))
        .collect();
    changes.insert(MIRROR.into(), None);
    let folder = env::current_dir().ok()?;
    let folder = PathBuf::from(without(folder.as_os_str(), &mirror));
    // The recorder and the plan do their own work on what rustc gets.
    let is_ours = [super::record::BUILD_DIR, super::plan::PLAN].iter().any(|name| env::var_os(name).is_some());
    let program = if is_ours { base::proc::own_path().ok()?.into() } else { words.remove(0) };
    Some(match base::proc::relay_from(&program, &words, Some(&folder), &changes) {
        Ok(base::proc::Status::Exited(code)) => ExitCode::from(u8::try_from(code).unwrap_or(101)),
        Ok(base::proc::Status::Signaled(signal)) => {
            base::proc::end_by(signal);
            ExitCode::from(101)
        }
        Ok(_) => ExitCode::from(101),
        Err(_) => {
            #[expect(clippy::print_stderr, reason = "Cargo shows it as rustc's own words")]
            {
                eprintln!("error: can't start `{}`", rustc.display());
            }
            ExitCode::from(101)
        }
    })
}

/// There is no mirror on this system.
#[cfg(not(unix))]
pub fn serve() -> Option<ExitCode> {
    None
}

/// A word with every path of the mirror replaced by the original's.
#[cfg(unix)]
fn without(word: &OsStr, mirror: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let (mut rest, mirror) = (word.as_bytes(), mirror.as_bytes());
    let mut found = Vec::with_capacity(rest.len());
    while let Some((&first, after)) = rest.split_first() {
        match rest.strip_prefix(mirror).filter(|_| !mirror.is_empty()) {
            // The mirror of `/` itself.
            Some([]) if found.is_empty() => return "/".into(),
            Some(after) => rest = after,
            None => {
                found.push(first);
                rest = after;
            }
        }
    }
    OsString::from_vec(found)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_a_mirror_becomes_the_original_s() {
        let mirror = OsStr::new("/t/target/package");
        for (word, original) in [
            ("/t/target/package/w/src/main.rs", "/w/src/main.rs"),
            ("--remap-path-prefix=/t/target/package/w=/t/target/package/v", "--remap-path-prefix=/w=/v"),
            ("/t/target/packages/w", "s/w"),
            ("src/main.rs", "src/main.rs"),
            ("/t/target/package", "/"),
            ("", ""),
        ] {
            assert_eq!(without(OsStr::new(word), mirror), OsStr::new(original), "{word}");
        }
    }

    #[test]
    fn a_package_id_is_that_of_the_mirror_and_back() {
        let mirror = Path::new("/t x/é");
        let env = BTreeMap::from([(MIRROR.into(), Some(mirror.into()))]);
        let inside = package_inside(&env, "path+file:///a%20b#c@1.0.0").into_owned();
        assert_eq!(inside, "path+file:///t%20x/%C3%A9/a%20b#c@1.0.0");
        assert_eq!(outside(&env, &format!("{inside} in /t x/é/a b")), "path+file:///a%20b#c@1.0.0 in /a b");
        let elsewhere = "path+file:///nothing-there#c@1.0.0";
        assert_eq!(package_inside(&env, elsewhere), elsewhere, "it isn't in the mirror");
        assert_eq!(outside(&BTreeMap::new(), "as it is"), "as it is");
    }

    #[test]
    fn a_mirror_shows_what_is_needed_at_its_own_path_and_follows_changes() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        for file in
            ["repo/.git/HEAD", "repo/shared/x", "repo/w/Cargo.toml", "repo/w/Cargo.lock", "repo/w/target/y", "other/z"]
        {
            base::files::write_atomic(&top.join(file), b"").unwrap();
        }
        let root = top.join("repo/w");
        let original =
            Original { built: vec![root.join("target/deep")], others: vec![top.join("other")], root: root.clone() };
        let mirror = make(&original, &top.join("ours")).unwrap();
        let shown = |file: &str| below_mirror(&mirror, &top.join(file)).exists();
        assert!(shown("repo/w/Cargo.toml") && shown("other/z"));
        assert!(shown("repo/w/../shared/x"), "a build script may look there");
        assert!(!shown("repo/w/Cargo.lock") && !shown("repo/w/target") && !shown("repo/.git"));
        fs::remove_file(root.join("Cargo.toml")).unwrap();
        base::files::write_atomic(&root.join("src/main.rs"), b"").unwrap();
        assert_eq!(make(&original, &top.join("ours")).unwrap(), mirror);
        assert!(shown("repo/w/src/main.rs"));
        assert!(below_mirror(&mirror, &root.join("Cargo.toml")).symlink_metadata().is_err());
    }
}
