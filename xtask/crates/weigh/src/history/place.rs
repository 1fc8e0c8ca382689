//! The folder in which revisions of a repository are checked out, one after the other: outside of every workspace, for a
//! manifest above it would be taken for the workspace's root. One tree is enough, so a hundred revisions take the room of one,
//! and each is built at the same path.

use super::repository::{Repository, call, printed, run};
use crate::cargo::configuration;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::hex;
use base::output;
use base::proc::{self, Call, Status};
use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file with the names of variables that builds have asked for.
const VARIABLES: &str = "variables";

/// The folder of one repository. No second call works in it at the same time; its tree is removed at the end.
#[derive(Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    /// Where the files of a revision are.
    pub(crate) tree: PathBuf,
    /// Held until the end.
    _lock: File,
}

/// The digits of a repository's folder, and the shortest name of a tree in it.
const DIGITS: usize = 12;
const SHORTEST: &str = "t";
/// No file system takes longer names.
const LONGEST_NAME: usize = 200;

impl Place {
    /// The folder for a repository. Waits until no other call works in it.
    ///
    /// # Errors
    /// When there is no folder outside of a workspace that can be written.
    pub(crate) fn of(top: &Path) -> Result<Self> {
        let home = caches();
        let Some(root) =
            home.iter().map(|cache| cache.join("cargo-weigh")).find(|root| is_outside(root) && make(root).is_ok())
        else {
            let tried = home.iter().map(|cache| cache.display().to_string()).collect::<Vec<_>>().join(", ");
            bail!(
                Failure::new(
                    Exit::Environment,
                    format!("there is no folder to check a revision out in (tried: {tried})")
                )
                .help("set XDG_CACHE_HOME to a folder that can be written and has no Cargo.toml above it")
            );
        };
        sweep(&root);
        let digest = hmac_sha256::Hash::hash(top.as_os_str().as_encoded_bytes());
        let folder = root.join(&hex(&digest)[..DIGITS]);
        let length = |path: &Path| path.as_os_str().len();
        let tree = folder.join(name_of_length(length(top).saturating_sub(length(&folder) + 1)));
        make(&folder)?;
        let lock = locked(&folder)?;
        files::write_derived(&folder.join("repository"), top.as_os_str().as_encoded_bytes())?;
        Ok(Self { folder, tree, _lock: lock })
    }

    /// What is known of revisions that were built.
    pub(crate) fn facts(&self) -> PathBuf {
        self.folder.join("facts")
    }

    /// The variables that build scripts and sources of this repository have asked for, as far as they were built.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        let known = fs::read_to_string(self.folder.join(VARIABLES)).unwrap_or_default();
        known.lines().map(str::to_owned).collect()
    }

    /// Notes which variables the builds in a target folder have asked for: a size may depend on each.
    ///
    /// # Errors
    /// When the list can't be written.
    pub(super) fn learn_variables(&self, target: &Path) -> Result<()> {
        let known = self.variables();
        let mut all = known.clone();
        asked_variables(target, 0, &mut all);
        if all != known {
            let list: Vec<String> = all.into_iter().collect();
            files::write_atomic(&self.folder.join(VARIABLES), list.join("\n").as_bytes())?;
        }
        Ok(())
    }

    /// A file that was written when the last build had ended.
    pub(super) fn stamp(&self) -> PathBuf {
        self.folder.join("built")
    }

    /// A folder that holds nothing but these files: to ask which toolchain they choose.
    pub(super) fn with_files(&self, name: &str, files: &[(PathBuf, Vec<u8>)]) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        files::compose(&folder, files)?;
        Ok(folder)
    }

    /// Puts the files of a commit in the tree, and nothing else: every file is written now, so Cargo takes nothing for fresh
    /// that was built from another revision. Returns what the user should know.
    ///
    /// # Errors
    /// When git fails, or the tree cannot be written.
    pub(crate) fn checkout(&self, repository: &Repository, commit: &str) -> Result<Vec<String>> {
        self.clear()?;
        proc::remove_when_interrupted(&self.tree);
        let mut notes = Vec::new();
        let git_dir = printed(&repository.git(["rev-parse", "--absolute-git-dir"]))?;
        let git_dir = PathBuf::from(git_dir.trim_end_matches(['\n', '\r']));
        let source = Source { git_dir, top: Some(repository.top.clone()) };
        source.fill(&self.tree, commit, Path::new(""), &mut notes)?;
        Ok(notes)
    }

    fn clear(&self) -> Result<()> {
        match fs::remove_dir_all(&self.tree) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("can't remove {}", self.tree.display()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.clear();
        proc::keep(&self.tree);
    }
}

/// Folders for what can be made again, the best one first.
fn caches() -> Vec<PathBuf> {
    let variable = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = env::home_dir();
    let mut caches = Vec::from_iter(variable("XDG_CACHE_HOME"));
    match env::consts::OS {
        "macos" => caches.extend(home.iter().map(|home| home.join("Library/Caches"))),
        "windows" => caches.extend(variable("LOCALAPPDATA")),
        _ => {}
    }
    caches.extend(home.map(|home| home.join(".cache")));
    caches.extend(configuration::home());
    caches
}

/// Whether no folder above, or the folder itself, has a manifest.
fn is_outside(folder: &Path) -> bool {
    folder.ancestors().all(|folder| !folder.join("Cargo.toml").exists())
}

/// Makes a folder that no other user can read: it may hold private code.
fn make(folder: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    files::check_writable(folder)
}

/// The name of a folder, or of folders in each other, of so many bytes: a program that holds the path of its sources is as large
/// as in a folder with a path of the same length.
fn name_of_length(length: usize) -> PathBuf {
    let mut name = SHORTEST.repeat(length.max(SHORTEST.len()));
    let mut at = LONGEST_NAME;
    while at + 1 < name.len() {
        name.replace_range(at..=at, "/");
        at += LONGEST_NAME + 1;
    }
    name.into()
}

fn locked(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let failed = || format!("can't write {}", path.display());
    let lock = File::options().create(true).append(true).open(&path).with_context(failed)?;
    if lock.try_lock().is_err() {
        output::note("another process is building revisions of this repository; waiting for it to finish");
        lock.lock().with_context(failed)?;
    }
    Ok(lock)
}

/// Removes what was kept of repositories that aren't there any more.
fn sweep(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let folder = entry.path();
        let Ok(top) = fs::read_to_string(folder.join("repository")) else { continue };
        let is_unused = || File::open(folder.join("lock")).is_ok_and(|lock| lock.try_lock().is_ok());
        if !Path::new(&top).exists() && is_unused() {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Where a repository's or submodule's objects are, and its working tree if there is one.
struct Source {
    git_dir: PathBuf,
    top: Option<PathBuf>,
}

impl Source {
    fn git<const N: usize>(&self, args: [&str; N]) -> Call {
        let mut call = call(&self.git_dir).args(args);
        call.env.insert("GIT_DIR".into(), Some(self.git_dir.clone().into()));
        call
    }

    /// Puts the files of a commit in a folder that isn't there, with its submodules' files. `inside`: where the folder is below
    /// the whole tree.
    fn fill(&self, folder: &Path, commit: &str, inside: &Path, notes: &mut Vec<String>) -> Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        let own = self.lend(folder, commit)?;
        // The repository's own configuration and attributes hold: line ends, filters such as Git LFS. Its index does not.
        let mut call = self.git(["read-tree", "--reset", "-u", commit]);
        call.cwd = folder.to_owned();
        call.env.insert("GIT_WORK_TREE".into(), Some(folder.into()));
        call.env.insert("GIT_INDEX_FILE".into(), Some(own.join("index").into()));
        printed(&call)?;
        let listed = printed(&self.git(["ls-tree", "-r", "-z", "--full-tree", commit]))?;
        let links = listed.split('\0').filter_map(|entry| entry.strip_prefix("160000 commit "));
        for (hash, path) in links.filter_map(|link| link.split_once('\t')) {
            match self.submodule(commit, hash, path)? {
                Some(source) => source.fill(&folder.join(path), hash, &inside.join(path), notes)?,
                None => {
                    let path = inside.join(path);
                    let short = &hash[..hash.len().min(9)];
                    notes.push(format!(
                        "the submodule {} is left empty: its commit {short} isn't here (`git submodule update --init` gets today's)",
                        path.display()
                    ));
                }
            }
        }
        Ok(())
    }

    /// Makes a repository in a folder that lends its objects from this one, at this commit, with the tags. A build script that
    /// asks git for the commit is answered as in a clone, and what it writes goes nowhere near the user's repository.
    fn lend(&self, folder: &Path, commit: &str) -> Result<PathBuf> {
        let own = folder.join(".git");
        let path = |name: &str| -> Result<PathBuf> {
            let text = printed(&self.git(["rev-parse", "--git-path", name]))?;
            Ok(self.git_dir.join(text.trim_end_matches(['\n', '\r'])))
        };
        let objects = path("objects")?;
        let write = |name: &str, content: &[u8]| files::write_derived(&own.join(name), content);
        write("objects/info/alternates", &[objects.as_os_str().as_encoded_bytes(), b"\n"].concat())?;
        for name in ["refs/heads", "refs/tags"] {
            let folder = own.join(name);
            fs::create_dir_all(&folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        }
        write(
            "packed-refs",
            &run(&self.git(["for-each-ref", "--format=%(objectname) %(refname)", "refs/tags"]))?.stdout,
        )?;
        write("HEAD", format!("{commit}\n").as_bytes())?;
        // A hash of SHA-256 is longer.
        let format = match commit.len() {
            64 => "\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectformat = sha256\n",
            _ => "\trepositoryformatversion = 0\n\tbare = false\n",
        };
        write("config", format!("[core]\n{format}").as_bytes())?;
        if let Ok(shallow) = fs::read(path("shallow")?) {
            write("shallow", &shallow)?;
        }
        Ok(own)
    }

    /// Where the objects of a submodule are, if its commit is among them.
    fn submodule(&self, commit: &str, hash: &str, path: &str) -> Result<Option<Self>> {
        let mut sources = Vec::new();
        if let Some(top) = self.top.as_ref().map(|top| top.join(path)).filter(|top| top.join(".git").exists()) {
            let git_dir = printed(&call(&top).args(["rev-parse", "--absolute-git-dir"]))?;
            sources.push(Self { git_dir: git_dir.trim_end_matches(['\n', '\r']).into(), top: Some(top) });
        }
        // One that today's working tree doesn't have any more.
        let blob = format!("{commit}:.gitmodules");
        let names = run(&self.git(["config", "--blob", &blob, "--get-regexp", r"^submodule\..*\.path$"]))?;
        let names = String::from_utf8_lossy(&names.stdout).into_owned();
        let name = names
            .lines()
            .filter_map(|line| line.split_once(".path "))
            .find(|(_, found)| *found == path)
            .and_then(|(name, _)| name.strip_prefix("submodule."));
        if let Some(name) = name {
            let common = printed(&self.git(["rev-parse", "--git-common-dir"]))?;
            let git_dir = self.git_dir.join(common.trim_end_matches(['\n', '\r'])).join("modules").join(name);
            sources.extend(git_dir.is_dir().then_some(Self { git_dir, top: None }));
        }
        for source in sources {
            let found = run(&source.git(["cat-file", "-e"]).arg(format!("{hash}^{{commit}}")))?;
            if found.status == Status::Exited(0) {
                return Ok(Some(source));
            }
        }
        Ok(None)
    }
}

/// What Cargo keeps of the variables that builds in a folder have used: by build scripts in `build/*/output`, and
/// by sources in `deps/*.d`.
fn asked_variables(folder: &Path, depth: usize, all: &mut BTreeSet<String>) {
    // `TRIPLE/PROFILE/build/NAME-HASH/output`
    const DEEPEST: usize = 5;
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap_or_default();
        if depth < DEEPEST && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            asked_variables(&path, depth + 1, all);
        } else if name == "output" || path.extension().is_some_and(|end| end == "d") {
            all.extend(
                fs::read_to_string(&path).unwrap_or_default().lines().filter_map(asked_variable).map(str::to_owned),
            );
        }
    }
}

/// The variable that a line names, unless Cargo sets it by itself.
fn asked_variable(line: &str) -> Option<&str> {
    let by_script = ["cargo:rerun-if-env-changed=", "cargo::rerun-if-env-changed="];
    let name = by_script.iter().find_map(|start| line.strip_prefix(start));
    let name = name.or_else(|| line.strip_prefix("# env-dep:").map(|rest| rest.split('=').next().unwrap_or(rest)))?;
    let is_cargos = name == "OUT_DIR" || name.starts_with("CARGO_") || name == "CARGO";
    (!is_cargos && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_length_that_makes_two_paths_equally_long() {
        for length in [1, 2, 199, 200, 201, 202, 203, 401, 402, 403, 1000] {
            let name = name_of_length(length);
            assert_eq!(name.as_os_str().len(), length);
            assert!(name.iter().all(|part| (1..=LONGEST_NAME + 1).contains(&part.len())), "{}", name.display());
        }
        assert_eq!(name_of_length(0), Path::new("t"), "the other path is too short");
    }

    #[test]
    fn a_folder_below_a_manifest_is_not_outside() {
        let folder = tempfile::tempdir().unwrap();
        assert!(is_outside(&folder.path().join("a/b")));
        files::write_atomic(&folder.path().join("Cargo.toml"), b"").unwrap();
        assert!(!is_outside(&folder.path().join("a/b")));
    }

    #[test]
    fn what_is_kept_of_a_repository_goes_with_it() {
        let root = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| files::write_atomic(&root.path().join(name), text.as_bytes()).unwrap();
        write("gone/repository", "/no/such/folder");
        write("gone/lock", "");
        write("there/repository", root.path().to_str().unwrap());
        write("there/lock", "");
        write("used/repository", "/no/such/folder");
        let used = locked(&root.path().join("used")).unwrap();
        sweep(root.path());
        let mut left: Vec<_> = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["there", "used"]);
        drop(used);
    }

    #[test]
    fn variables_that_builds_have_asked_for_are_known() {
        let list = "cargo:rerun-if-env-changed=FOO\ncargo::rerun-if-env-changed=BAR\n# env-dep:BAZ=1\n# env-dep:QUX\n# env-dep:OUT_DIR=/t\n# env-dep:CARGO_PKG_NAME=a\ncargo:rustc-env=X=1\n";
        let found: Vec<&str> = list.lines().filter_map(asked_variable).collect();
        assert_eq!(found, ["FOO", "BAR", "BAZ", "QUX"]);
    }
}
