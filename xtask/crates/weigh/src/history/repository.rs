//! The git repository around a crate, which is only read. No call here writes to the repository, its index or its list of
//! worktrees, runs one of its hooks, or starts its file monitor.

use crate::workshop::nearest;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::{list, plural};
use base::proc::{self, Call, Finished, Status};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where git looks for a repository, by its environment. A hook of git has these set, for its own repository.
pub(super) const PLACES: [&str; 11] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
];

/// What a user's configuration may not do here: run hooks or a monitor, write a second index file, leave files out, show
/// signatures between the lines that are read.
const SETTINGS: [&str; 6] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "submodule.recurse=false",
    "log.showSignature=false",
];

/// A repository with a working tree.
#[derive(Debug)]
pub(crate) struct Repository {
    /// The folder of the working tree, without symlinks.
    pub(crate) top: PathBuf,
    /// Where the crate's folder is below it.
    pub(crate) inside: PathBuf,
}

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Commit {
    /// Its full hash.
    pub(crate) hash: String,
    /// When it was committed, in seconds since 1970.
    pub(crate) seconds: i64,
    /// The first line of its message.
    pub(crate) subject: String,
    /// The tag that it is shown for.
    pub(crate) tag: Option<String>,
}

impl Commit {
    /// The beginning of the hash, as people write it.
    pub(crate) fn short(&self) -> &str {
        self.hash.get(..9).unwrap_or(&self.hash)
    }

    /// The tag, or the beginning of the hash.
    pub(crate) fn name(&self) -> &str {
        self.tag.as_deref().unwrap_or_else(|| self.short())
    }
}

/// Two revisions as they are written: `A..B`, or `A...B` for what B has added since both went apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// Where it begins.
    pub(crate) from: String,
    /// Where it ends.
    pub(crate) to: String,
    /// It begins where the two went apart.
    pub(crate) from_common: bool,
}

impl Range {
    /// Reads a range; none if it is a single revision. No name of a branch or tag has two dots.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (from, to, from_common) = match text.split_once("...") {
            Some((from, to)) => (from, to, true),
            None => text.split_once("..").map(|(from, to)| (from, to, false))?,
        };
        let or_head = |name: &str| if name.is_empty() { "HEAD".to_owned() } else { name.to_owned() };
        Some(Self { from: or_head(from), to: or_head(to), from_common })
    }
}

/// A call of git that reads only. `index` and `tree` are in place of the repository's own.
pub(super) fn call(folder: &Path) -> Call {
    let mut call = Call::new("git", folder);
    for setting in SETTINGS {
        call = call.args(["-c", setting]);
    }
    call.env.extend(PLACES.map(|name| (name.into(), None)));
    let words = [("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C")];
    call.env.extend(words.map(|(name, value)| (name.into(), Some(value.into()))));
    call
}

/// Runs a call of git.
///
/// # Errors
/// When there is no git on this machine.
pub(super) fn run(call: &Call) -> Result<Finished> {
    proc::run(call).map_err(|error| {
        if !call.cwd.is_dir() {
            return error;
        }
        Failure::new(Exit::Environment, format!("{error:#}"))
            .help("revisions are read with git; install it: https://git-scm.com/downloads")
            .into()
    })
}

/// What git printed; a call that failed is an error with git's words.
pub(super) fn printed(call: &Call) -> Result<String> {
    let finished = run(call)?;
    if finished.status != Status::Exited(0) {
        bail!(refused(&finished));
    }
    Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
}

fn words(finished: &Finished) -> String {
    String::from_utf8_lossy(&finished.stderr).trim().to_owned()
}

fn refused(finished: &Finished) -> Failure {
    let words = words(finished);
    let first = words.lines().next().unwrap_or_default();
    let first = first.trim_start_matches("fatal: ").trim_start_matches("error: ");
    let failure = Failure::new(Exit::Environment, format!("git: {first}"));
    let rest = words.lines().skip(1).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    if rest.is_empty() { failure } else { failure.help(rest) }
}

impl Repository {
    /// The repository that a folder is in.
    ///
    /// # Errors
    /// When there is none, or it has no working tree.
    pub(crate) fn find(folder: &Path) -> Result<Self> {
        let finished = run(&call(folder).args(["rev-parse", "--show-toplevel"]))?;
        let said = words(&finished);
        if said.contains("not a git repository") {
            bail!(
                Failure::new(Exit::Usage, format!("{} isn't in a git repository", folder.display()))
                    .help("revisions come from the repository that the crate is in; `git init` makes one")
            );
        }
        if said.contains("must be run in a work tree") {
            bail!(
                Failure::new(Exit::Usage, format!("the git repository of {} has no working tree", folder.display()))
                    .help("clone it, and run this command in the clone")
            );
        }
        if finished.status != Status::Exited(0) {
            bail!(refused(&finished));
        }
        let printed = String::from_utf8_lossy(&finished.stdout);
        let top = canonical(Path::new(printed.trim_end_matches(['\n', '\r'])))?;
        let inside = canonical(folder)?.strip_prefix(&top).map(Path::to_owned).unwrap_or_default();
        Ok(Self { top, inside })
    }

    /// A call in the working tree's folder.
    pub(super) fn git<const N: usize>(&self, args: [&str; N]) -> Call {
        call(&self.top).args(args)
    }

    /// The first line that a call prints.
    fn line<const N: usize>(&self, args: [&str; N]) -> Result<String> {
        Ok(printed(&self.git(args))?.lines().next().unwrap_or_default().to_owned())
    }

    /// Whether older commits are cut off.
    pub(crate) fn is_shallow(&self) -> bool {
        self.line(["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer == "true")
    }

    /// The commit that a revision names now.
    ///
    /// # Errors
    /// When there is no such revision: the message has the nearest names.
    pub(crate) fn commit(&self, revision: &str) -> Result<Commit> {
        // A dash at the beginning would be an option of git.
        let finished = match revision.starts_with('-') || revision.is_empty() {
            true => None,
            false => Some(run(&self.git(["rev-parse", "--verify"]).arg(format!("{revision}^{{commit}}")))?),
        };
        let Some(finished) = finished.as_ref().filter(|finished| finished.status == Status::Exited(0)) else {
            bail!(self.unknown(revision, &finished.as_ref().map(words).unwrap_or_default())?);
        };
        let hash = String::from_utf8_lossy(&finished.stdout).trim().to_owned();
        let found = self.log(&["--no-walk", &hash])?;
        found.into_iter().next().with_context(|| format!("git log shows nothing for {hash}"))
    }

    /// Why a revision names no commit, and what to write.
    fn unknown(&self, revision: &str, words: &str) -> Result<Failure> {
        let failure = |message: String| Failure::new(Exit::Usage, message);
        if words.contains("is ambiguous") {
            return Ok(failure(format!("`{revision}` is the beginning of several hashes"))
                .help(format!("write more of it, or a name\n{words}")));
        }
        // A branch can't have a colon in its name.
        if words.contains("expected commit type") || revision.contains(':') {
            return Ok(failure(format!("`{revision}` names a file or a folder in git, not a commit")));
        }
        let failure = failure(format!("there is no git revision `{revision}`"));
        if run(&self.git(["rev-parse", "--verify", "--quiet", "HEAD"]))?.status != Status::Exited(0) {
            return Ok(failure.help("the repository has no commit yet"));
        }
        if self.is_shallow() {
            return Ok(failure.help(
                "this clone is shallow: older commits aren't here. `git fetch --unshallow --tags` gets them; in GitHub Actions, \
                 give actions/checkout `fetch-depth: 0`",
            ));
        }
        let names = printed(&self.git([
            "for-each-ref",
            "--sort=-creatordate",
            "--format=%(refname:short)",
            "refs/tags",
            "refs/heads",
            "refs/remotes",
        ]))?;
        let names: Vec<&str> = names.lines().collect();
        // What comes after the name is a way from it.
        let meant = revision.split(['~', '^', '@']).next().unwrap_or(revision);
        let on_a_remote = names.iter().find(|name| name.split_once('/').is_some_and(|(_, branch)| branch == meant));
        if let Some(near) = on_a_remote.copied().or_else(|| nearest(meant, names.iter().copied())) {
            return Ok(failure.help(format!("did you mean `{near}`?")));
        }
        if meant == revision || !names.contains(&meant) && meant != "HEAD" {
            let some: Vec<&str> = names.iter().take(5).copied().collect();
            return Ok(failure.help(format!(
                "a revision is a tag, a branch, a hash, or HEAD~1; the newest names are {}",
                list(&some)
            )));
        }
        Ok(failure.help("the history is shorter than that"))
    }

    /// The commits that `git log` shows for these arguments, newest first.
    fn log(&self, args: &[&str]) -> Result<Vec<Commit>> {
        let call =
            self.git(["log", "-z", "--no-color", "--encoding=UTF-8", "--format=%H %ct %s"]).args(args.iter().copied());
        let text = printed(&call)?;
        text.split('\0').filter(|record| !record.is_empty()).map(commit_of).collect()
    }

    /// The newest commits on the way that a branch itself went: of a merge, only the first parent counts.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn newest(&self, to: &Commit, count: usize) -> Result<Vec<Commit>> {
        let mut commits = self.log(&["--first-parent", &format!("--max-count={count}"), &to.hash])?;
        commits.reverse();
        Ok(commits)
    }

    /// A commit, which has its own row, and those after it on the way that the branch of another one went; oldest first.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn between(&self, from: &Commit, to: &Commit) -> Result<Vec<Commit>> {
        let mut commits = self.log(&["--first-parent", &to.hash, &format!("^{}", from.hash)])?;
        commits.push(from.clone());
        commits.reverse();
        Ok(commits)
    }

    /// Both ends of a range.
    ///
    /// # Errors
    /// When one of them isn't a commit, or they have nothing in common.
    pub(crate) fn ends(&self, range: &Range) -> Result<(Commit, Commit)> {
        let (from, to) = (self.commit(&range.from)?, self.commit(&range.to)?);
        if !range.from_common {
            return Ok((from, to));
        }
        let finished = run(&self.git(["merge-base", &from.hash, &to.hash]))?;
        match String::from_utf8_lossy(&finished.stdout).lines().next() {
            Some(base) => Ok((self.commit(base)?, to)),
            None => {
                let failure =
                    Failure::new(Exit::Usage, format!("`{}` and `{}` have no commit in common", range.from, range.to));
                match self.is_shallow() {
                    true => {
                        bail!(failure.help("this clone is shallow: `git fetch --unshallow` gets the older commits"))
                    }
                    false => bail!(failure.help("write both as `A..B`")),
                }
            }
        }
    }

    /// The tags whose commits are in the history of `to`, but not in `from`'s, which counts itself; oldest first.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn tags(&self, from: Option<&Commit>, to: &Commit) -> Result<Vec<Commit>> {
        let mut call = self.git([
            "for-each-ref",
            "--sort=creatordate",
            "--format=%(refname:short) %(objectname) %(*objectname)",
            "--merged",
        ]);
        call = call.arg(&to.hash);
        if let Some(from) = from {
            call = call.arg("--no-merged").arg(&from.hash);
        }
        let text = printed(&call.arg("refs/tags"))?;
        let mut commits: Vec<Commit> = Vec::new();
        if let Some(from) = from {
            commits.push(from.clone());
        }
        for line in text.lines() {
            let mut parts = line.split(' ');
            let (Some(name), Some(object)) = (parts.next(), parts.next()) else { continue };
            // An annotated tag is an object of its own, which names the commit.
            let hash = parts.next().filter(|peeled| !peeled.is_empty()).unwrap_or(object);
            let Some(commit) = self.log(&["--no-walk", hash])?.into_iter().next() else { continue };
            commits.push(Commit { tag: Some(name.to_owned()), ..commit });
        }
        commits.sort_by_key(|commit| commit.seconds);
        commits.dedup_by(|later, earlier| later.hash == earlier.hash);
        Ok(commits)
    }

    /// How many tracked files aren't as HEAD has them, where there are such.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn changed_files(&self) -> Result<Option<String>> {
        let text = printed(&self.git(["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"]))?;
        let count = text.split('\0').filter(|entry| !entry.is_empty()).count();
        Ok((count > 0).then(|| plural(count, "changed file")))
    }

    /// Which of some files there are at a commit, and the hash of each one's content.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn blobs(&self, commit: &str, paths: &[PathBuf]) -> Result<Vec<(PathBuf, String)>> {
        let call =
            self.git(["ls-tree", "-z", "--full-tree", commit, "--"]).args(paths.iter().map(|path| slashed(path)));
        let text = printed(&call)?;
        let entries = text.split('\0').filter_map(|entry| entry.split_once('\t'));
        let files =
            entries.filter_map(|(facts, path)| Some((PathBuf::from(path), facts.split(' ').nth(2)?.to_owned())));
        Ok(files.collect())
    }

    /// The content of a file by its hash.
    ///
    /// # Errors
    /// When git fails.
    pub(crate) fn content(&self, blob: &str) -> Result<Vec<u8>> {
        let finished = run(&self.git(["cat-file", "blob", blob]))?;
        match finished.status {
            Status::Exited(0) => Ok(finished.stdout),
            _ => bail!(refused(&finished)),
        }
    }
}

/// A path as git writes it.
fn slashed(path: &Path) -> OsString {
    if cfg!(windows) { path.to_string_lossy().replace('\\', "/").into() } else { path.as_os_str().to_owned() }
}

/// Hash, seconds and subject, with spaces between them.
fn commit_of(record: &str) -> Result<Commit> {
    let mut parts = record.trim_start_matches('\n').splitn(3, ' ');
    let (hash, seconds) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let seconds = seconds.parse().with_context(|| format!("can't read what `git log` printed: {record}"))?;
    Ok(Commit { hash: hash.to_owned(), seconds, subject: parts.next().unwrap_or_default().to_owned(), tag: None })
}

fn canonical(path: &Path) -> Result<PathBuf> {
    let found = path.canonicalize().with_context(|| format!("can't find {}", path.display()))?;
    // On Windows a canonical path begins with `\\?\`, which not every program understands.
    Ok(found.to_str().and_then(|text| text.strip_prefix(r"\\?\")).map_or(found.clone(), PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_two_or_three_dots_and_what_is_left_out_is_head() {
        let range = |text| Range::parse(text).map(|range| (range.from, range.to, range.from_common));
        let of = |from: &str, to: &str, common| Some((from.to_owned(), to.to_owned(), common));
        assert_eq!(range("v1.0..v1.1"), of("v1.0", "v1.1", false));
        assert_eq!(range("main...HEAD"), of("main", "HEAD", true));
        assert_eq!(range("v1.0.."), of("v1.0", "HEAD", false));
        assert_eq!(range("..topic"), of("HEAD", "topic", false));
        assert_eq!(range("v1.0"), None);
    }

    #[test]
    fn a_commit_is_read_with_any_subject() {
        let commit = commit_of("8eb6d47f0a 1764329200 Fix a  b: \"c\"").unwrap();
        assert_eq!(
            (commit.name(), commit.seconds, commit.subject.as_str()),
            ("8eb6d47f0", 1_764_329_200, "Fix a  b: \"c\"")
        );
        assert_eq!(commit_of("8eb6 5 ").unwrap().subject, "");
        assert!(commit_of("warning: x").is_err());
    }
}
