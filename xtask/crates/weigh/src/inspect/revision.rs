//! The files of a git revision in a folder of their own: what a program weighed before a change. Nothing in the
//! repository, its index or its list of worktrees is touched.

use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::output;
use base::proc::{self, Call, Status};
use std::fs;
use std::path::{Path, PathBuf};

/// Writes the files of a revision below `into`, in a folder with the commit's name; says where the counterpart of
/// `folder` is there.
///
/// # Errors
/// When `folder` is in no git repository, or there is no such revision.
pub(super) fn checkout(folder: &Path, revision: &str, into: &Path) -> Result<PathBuf> {
    let top = PathBuf::from(git(folder, &["rev-parse", "--show-toplevel"], None)?);
    // Not `revision` itself on later calls: it may begin with a dash, or move.
    let commit = git(folder, &["rev-parse", "--verify", "--end-of-options", &format!("{revision}^{{commit}}")], None)?;
    let place = into.join(&commit);
    let inside = canonical(folder)?.strip_prefix(canonical(&top)?).map(Path::to_owned).unwrap_or_default();
    if !place.join(".complete").exists() {
        // An index of its own: the user's staged changes stay as they are.
        let index = into.join(format!("{commit}.index"));
        fs::create_dir_all(&place).with_context(|| format!("cannot make the folder {}", place.display()))?;
        let tree = format!("--work-tree={}", std::path::absolute(&place)?.display());
        git(&top, &[&tree, "checkout", "--force", &commit, "--", "."], Some(&std::path::absolute(&index)?))?;
        let _ = fs::remove_file(&index);
        lend_lockfile(folder, &canonical(&top)?, &place)?;
        base::files::write_atomic(&place.join(".complete"), b"")?;
    }
    Ok(place.join(inside))
}

/// Copies today's Cargo.lock to a revision that committed none: the versions that it was built with then are not known.
fn lend_lockfile(folder: &Path, top: &Path, place: &Path) -> Result<()> {
    let folder = canonical(folder)?;
    let inside = folder.ancestors().take_while(|folder| folder.starts_with(top));
    let Some(lockfile) = inside.map(|folder| folder.join("Cargo.lock")).find(|file| file.is_file()) else {
        return Ok(());
    };
    let counterpart = place.join(lockfile.strip_prefix(top).unwrap_or(&lockfile));
    if counterpart.exists() || !counterpart.parent().is_some_and(Path::is_dir) {
        return Ok(());
    }
    output::note("that revision has no Cargo.lock: it is built with today's");
    fs::copy(&lockfile, &counterpart).with_context(|| format!("cannot write {}", counterpart.display()))?;
    Ok(())
}

fn canonical(path: &Path) -> Result<PathBuf> {
    path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
}

/// The first line that git prints.
fn git(folder: &Path, args: &[&str], index: Option<&Path>) -> Result<String> {
    let mut call = Call::new("git", folder).args(args.iter().copied());
    if let Some(index) = index {
        call.env.insert("GIT_INDEX_FILE".into(), Some(index.into()));
    }
    let finished = proc::run(&call).map_err(|error| {
        Failure::new(Exit::Environment, format!("{error:#}")).help("a revision is read with git: https://git-scm.com")
    })?;
    if finished.status != Status::Exited(0) {
        let words = String::from_utf8_lossy(&finished.stderr).trim().to_owned();
        bail!(
            Failure::new(Exit::Usage, format!("git: {words}"))
                .help("a revision is written as git:HEAD~1, git:main, git:v1.0")
        );
    }
    Ok(String::from_utf8_lossy(&finished.stdout).lines().next().unwrap_or_default().to_owned())
}
