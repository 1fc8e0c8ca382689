//! A crate, or the workshop, as it was at a commit: checked out, built with what it had then, and taken apart.

mod refused;

use super::place::Place;
use super::repository::{Commit, PLACES, Repository};
use crate::anatomy::Anatomy;
use crate::cargo::{self, Cargo, configuration};
use crate::options;
use crate::subject::{Program, Subject};
use crate::surroundings::{self, Power};
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure, Kind, failure_of};
use base::numbers::{plural, thousands};
use base::{files, output, store};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The files by which rustup chooses a toolchain, by precedence.
const TOOLCHAIN_FILES: [&str; 2] = ["rust-toolchain", "rust-toolchain.toml"];

/// Bytes of artifacts that are kept between revisions: the dependencies' artifacts, in all the versions that there were.
const MOST_ARTIFACTS: u64 = 4 << 30;

/// Where revisions of a crate are built.
#[derive(Debug)]
pub(crate) struct Past<'a> {
    workshop: &'a Workshop,
    options: options::Subject,
    now: &'a Subject,
    /// The package that is meant today.
    package: Option<String>,
    /// The repository.
    pub(crate) repository: Repository,
    /// Where its revisions are checked out.
    pub(crate) place: Place,
    /// What `rustc -vV` answers, by the toolchain files.
    toolchains: RefCell<BTreeMap<Vec<(PathBuf, String)>, String>>,
}

/// A program as it was.
#[derive(Debug)]
pub(crate) struct Then {
    /// The program, taken apart.
    pub(crate) anatomy: Anatomy,
    /// The release of rustc that it was built with.
    pub(crate) toolchain: Option<String>,
    /// The text of the lock file that it was built with.
    pub(crate) lockfile: Option<String>,
    /// How long the build took.
    pub(crate) seconds: f64,
    /// What the user should know.
    pub(crate) notes: Vec<String>,
}

/// How a program is built and taken apart: [`build`](crate::anatomy::build) or [`explained`](crate::anatomy::explained).
pub(crate) type Way = fn(&Subject, &Program, &str) -> Result<Anatomy>;

impl<'a> Past<'a> {
    /// For the program that a call means. `options` is what it was found by.
    ///
    /// # Errors
    /// When it is in no git repository, or there is no folder to build revisions in.
    pub(crate) fn of(workshop: &'a Workshop, options: &options::Subject, now: &'a Subject) -> Result<Self> {
        let folder = match &now.manifest {
            Some(manifest) => manifest.parent().context("a manifest is in a folder")?,
            None => &workshop.root,
        };
        let repository = Repository::find(folder)?;
        let place = Place::of(&repository.top)?;
        let own_toolchain = chooses_by_folder(now, folder);
        let mut options = options::Subject { own_toolchain, is_copy: true, ..options.clone() };
        let mut package = None;
        if let Some(manifest) = &now.manifest {
            let metadata = now.cargo.metadata(Some(manifest))?;
            let program = only(now)?;
            package =
                metadata.packages.iter().find(|found| found.id == program.package).map(|found| found.name.clone());
            // Today's choice holds, even where there were more to choose from.
            let is_named = options.lib
                || [&options.bin, &options.example, &options.test, &options.bench]
                    .iter()
                    .any(|names| !names.is_empty());
            match program.target.kind {
                cargo::Kind::Bin if !is_named => options.bin = vec![program.target.name.clone()],
                cargo::Kind::Lib if !is_named => options.lib = true,
                _ => {}
            }
        }
        Ok(Self { workshop, options, now, package, repository, place, toolchains: RefCell::default() })
    }

    /// Builds a revision, and takes it apart in this way.
    ///
    /// # Errors
    /// When the crate wasn't there, or does not build.
    pub(crate) fn build(&self, commit: &Commit, profile: &str, way: Way) -> Result<Then> {
        let built = self.try_build(commit, profile, way);
        built.map_err(|error| refused::without_outside(error, &self.place.tree, &self.repository.top))
    }

    fn try_build(&self, commit: &Commit, profile: &str, way: Way) -> Result<Then> {
        let mut notes = self.place.checkout(&self.repository, &commit.hash)?;
        let manifest = match &self.now.manifest {
            Some(_) => Some(self.manifest(commit, &mut notes)?),
            None => None,
        };
        let folder = manifest.as_deref().and_then(Path::parent).unwrap_or(&self.place.tree).to_owned();
        self.lend_lockfile(&folder, &mut notes)?;
        let then = match &manifest {
            Some(manifest) => self.foreign(manifest, &mut notes)?,
            None => self.workshop_then()?,
        };
        let then = self.in_the_same_surroundings(then);
        self.clean_up(&then)?;
        let profile = &self.profile_then(&then, profile)?;
        let began = Instant::now();
        let anatomy = match way(&then, only(&then)?, profile) {
            Err(error) if failure_of(&error).message.contains("because --locked was passed") => {
                let manifest = manifest.clone().unwrap_or_else(|| self.place.tree.join("Cargo.toml"));
                then.cargo.update_lockfile(&manifest, false)?;
                notes.push("its Cargo.lock was out of date, so it was updated, as `cargo build` would do".to_owned());
                way(&then, only(&then)?, profile)
            }
            result => result,
        };
        self.place.learn_variables(&then.build_dir)?;
        // Written even where it holds the same: its time is what counts.
        files::write_atomic(&self.place.stamp(), commit.hash.as_bytes())?;
        let anatomy = anatomy?;
        notes.extend(self.note_of_paths(&anatomy));
        let lockfile = lockfile_of(&folder, &self.place.tree).and_then(|file| fs::read_to_string(file).ok());
        let seconds = began.elapsed().as_secs_f64();
        Ok(Then { anatomy, toolchain: then.release, lockfile, seconds, notes })
    }

    /// What a profile's name meant then. One of the size tables that isn't a profile of the crate today is reported only once.
    fn profile_then(&self, then: &Subject, asked: &str) -> Result<String> {
        let is_of_tables = !self.now.own.profiles.knows(asked) && !then.own.profiles.knows(asked);
        match then.foreign && is_of_tables && self.workshop.profiles.knows(asked) {
            true => Ok(asked.to_owned()),
            false => then.resolve(Some(asked), "profile"),
        }
    }

    /// The lock file that today's build has.
    pub(crate) fn lockfile_now(&self) -> Option<PathBuf> {
        match &self.now.lockfile {
            Some(ours) => Some(ours.path.clone()),
            None => self.own_lockfile(),
        }
    }

    /// The one of the crate itself.
    fn own_lockfile(&self) -> Option<PathBuf> {
        lockfile_of(&self.repository.top.join(&self.repository.inside), &self.repository.top)
    }

    /// The crate's manifest in the tree: where it is today, or the one of the same package.
    fn manifest(&self, commit: &Commit, notes: &mut Vec<String>) -> Result<PathBuf> {
        let (tree, inside) = (&self.place.tree, &self.repository.inside);
        let usual = tree.join(inside).join("Cargo.toml");
        let name = |manifest: &Path| name_of_package(&fs::read_to_string(manifest).ok()?);
        // A workspace's own manifest has no name, and with `--package` any member may be meant.
        if usual.is_file() && (self.options.package.is_some() || name(&usual).is_none() || name(&usual) == self.package)
        {
            return Ok(usual);
        }
        let others: Vec<PathBuf> =
            files::files(tree)?.into_iter().filter(|file| file.ends_with("Cargo.toml")).collect();
        let same: Vec<&PathBuf> =
            others.iter().filter(|file| self.package.is_some() && name(&tree.join(file)) == self.package).collect();
        if let [moved] = same.as_slice() {
            notes.push(format!(
                "at that revision the package was in {}",
                shown(moved.parent().unwrap_or(Path::new("")))
            ));
            return Ok(tree.join(moved));
        }
        if usual.is_file() {
            notes.push(format!("at that revision the package was called `{}`", name(&usual).unwrap_or_default()));
            return Ok(usual);
        }
        let whose = self.package.as_deref().map_or(String::new(), |package| format!("the package `{package}` or "));
        bail!(
            Failure::new(
                Exit::Usage,
                format!("{} doesn't exist at {}", inside.join("Cargo.toml").display(), commit.name())
            )
            .help(format!("choose a newer revision: {whose}this folder was added later"))
        )
    }

    /// The crate at this manifest. Its binary may have had another name.
    fn foreign(&self, manifest: &Path, notes: &mut Vec<String>) -> Result<Subject> {
        let find = |options: &options::Subject| {
            Subject::foreign(self.workshop, manifest, options, None).map_err(refused::without_toolchain)
        };
        let is_choice = |error: &anyhow::Error| failure_of(error).kind == Kind::WhichBinary;
        match find(&self.options) {
            Err(error) if is_choice(&error) => {
                let any = options::Subject { bin: Vec::new(), ..self.options.clone() };
                match find(&any) {
                    Ok(then) => {
                        notes.push(format!("at that revision the binary was called `{}`", only(&then)?.name));
                        Ok(then)
                    }
                    Err(_) => Err(error),
                }
            }
            result => result,
        }
    }

    /// The workshop's own programs, in the tree.
    fn workshop_then(&self) -> Result<Subject> {
        let workshop = Workshop::read(&self.place.tree)?;
        let mut then = Subject::workshop(&workshop, &self.options.program)?;
        // Never where the current tree's artifacts are: Cargo could take them for fresh.
        let target = self.now.out_dir.join("size-workshop").join("git");
        then.cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target.clone().into()));
        (then.out_dir, then.build_dir) = (target.clone(), target.clone());
        then.target_dir = Some(target);
        Ok(then)
    }

    /// Cargo's configuration files above the repository hold for its revisions as well, wherever these are built.
    fn in_the_same_surroundings(&self, mut then: Subject) -> Subject {
        then.cargo.env.extend(PLACES.map(|name| (name.into(), None)));
        if then.foreign {
            for file in self.configurations_above() {
                then.cargo.args.extend([OsString::from("--config"), file.into()]);
            }
        }
        then
    }

    /// The farthest first: of two arguments the last one wins.
    fn configurations_above(&self) -> Vec<PathBuf> {
        let home = configuration::home();
        let above = self.repository.top.ancestors().skip(1).map(|folder| folder.join(".cargo"));
        let hold_anyway = |folder: &PathBuf| {
            home.as_ref() == Some(folder) || folder.parent().is_some_and(|parent| self.place.tree.starts_with(parent))
        };
        let files = above.filter(|folder| !hold_anyway(folder)).filter_map(|folder| {
            ["config", "config.toml"].iter().map(|name| folder.join(name)).find(|file| file.is_file())
        });
        let mut files: Vec<PathBuf> = files.collect();
        files.reverse();
        files
    }

    /// Removes what earlier revisions left in the target folder where Cargo could take it for new, or where it is too much.
    ///
    /// Cargo tells old from new by the time of a file. That fails where the clock went back since the last build, or is coarse.
    fn clean_up(&self, then: &Subject) -> Result<()> {
        let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let (built, now) = (time(&self.place.stamp()), time(&self.place.tree.join(".git/HEAD")));
        let is_doubtful = built.zip(now).is_some_and(|(built, now)| built >= now);
        if !then.build_dir.is_dir() || !is_doubtful && bytes_in(&then.build_dir) <= MOST_ARTIFACTS {
            return Ok(());
        }
        for entry in fs::read_dir(&then.build_dir)?.flatten() {
            let folder = entry.path();
            if folder.is_dir() {
                fs::remove_dir_all(&folder).with_context(|| format!("can't remove {}", folder.display()))?;
            }
        }
        Ok(())
    }

    /// Copies today's Cargo.lock to a revision that committed none: the versions that it was built with then are not known.
    fn lend_lockfile(&self, folder: &Path, notes: &mut Vec<String>) -> Result<()> {
        if lockfile_of(folder, &self.place.tree).is_some() {
            return Ok(());
        }
        let Some(lockfile) = self.lockfile_now() else { return Ok(()) };
        let theirs = match &self.now.lockfile {
            Some(ours) => Some(ours.instead_of.clone()),
            None => self.own_lockfile(),
        };
        let Some(inside) = theirs.as_deref().and_then(|file| file.strip_prefix(&self.repository.top).ok()) else {
            return Ok(());
        };
        let counterpart = self.place.tree.join(inside);
        if !counterpart.parent().is_some_and(Path::is_dir) {
            return Ok(());
        }
        notes.push("that revision has no Cargo.lock, so it's built with today's dependency versions".to_owned());
        fs::copy(&lockfile, &counterpart).with_context(|| format!("can't write {}", counterpart.display()))?;
        Ok(())
    }

    /// How much of the size comes from the path that the program was built at, where that isn't as long as the crate's own.
    fn note_of_paths(&self, anatomy: &Anatomy) -> Option<String> {
        let length = |path: &Path| path.as_os_str().len();
        let (here, there) = (length(&self.repository.top), length(&self.place.tree));
        if here == there {
            return None;
        }
        let file = fs::read(&anatomy.path).ok()?;
        let times = count(&file, self.place.tree.as_os_str().as_encoded_bytes());
        (times > 0).then(|| {
            format!(
                "the program contains the path of its sources {}, and it was built at a path that is {} bytes {}: that much of the difference doesn't come from the code",
                if times == 1 { "once".to_owned() } else { format!("{} times", thousands(times as u64)) },
                here.abs_diff(there),
                if there > here { "longer" } else { "shorter" }
            )
        })
    }

    /// Everything that the size of a program at a commit depends on: what is known under this key holds.
    ///
    /// # Errors
    /// When git fails, or the toolchain isn't installed.
    pub(crate) fn key(&self, commit: &Commit, profile: &str) -> Result<String> {
        // The manifest's own path is a part of where it is built.
        let asked = format!("{profile:?} {:?}", options::Subject { manifest_path: None, ..self.options.clone() });
        let where_to = format!(
            "{}\n{}\n{}",
            self.place.tree.display(),
            self.repository.inside.display(),
            self.now.target_dir.as_deref().unwrap_or(&self.now.out_dir).display()
        );
        let profiles = fs::read(self.now.build_dir.join("profiles.toml")).unwrap_or_default();
        let mut surroundings = String::new();
        let above = self.configurations_above();
        let settings = above.iter().flat_map(|file| configuration::of_file(file));
        for setting in settings.chain(configuration::settings(self.place.tree.parent().unwrap_or(&self.place.tree))) {
            surroundings += &format!("{} = {}\n", setting.key, setting.value);
        }
        let variables = self.place.variables();
        let is_read = |name: &str| is_read_by_builds(name) || variables.contains(name);
        for (name, value) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(is_read)) {
            surroundings += &format!("{} {}\n", name.display(), value.display());
        }
        let names = ["Cargo.lock", TOOLCHAIN_FILES[0], TOOLCHAIN_FILES[1]];
        let folders = self.repository.inside.ancestors();
        let paths: Vec<PathBuf> = folders.flat_map(|folder| names.map(|name| folder.join(name))).collect();
        let (locks, chooses): (Vec<_>, Vec<_>) = self
            .repository
            .blobs(&commit.hash, &paths)?
            .into_iter()
            .partition(|(path, _)| path.ends_with("Cargo.lock"));
        let lockfile = match locks.is_empty() {
            true => self.lockfile_now().and_then(|file| fs::read(file).ok()).unwrap_or_default(),
            false => Vec::new(),
        };
        let toolchain = self.toolchain(&chooses)?;
        let parts = [commit.hash.as_str(), &asked, &where_to, &toolchain, &surroundings].map(str::as_bytes);
        let code = concat!("history 2 ", env!("CARGO_PKG_VERSION"));
        Ok(store::key_by(code, &[&parts[..], &[&profiles, &lockfile]].concat()))
    }

    /// What `rustc -vV` answers where these toolchain files are, by path and hash.
    fn toolchain(&self, files: &[(PathBuf, String)]) -> Result<String> {
        if let Some(known) = self.toolchains.borrow().get(files) {
            return Ok(known.clone());
        }
        let content = |(path, blob): &(PathBuf, String)| Ok((path.clone(), self.repository.content(blob)?));
        let files_there: Vec<_> = files.iter().map(content).collect::<Result<_>>()?;
        let folder = self.place.with_files("toolchain", &files_there)?.join(&self.repository.inside);
        fs::create_dir_all(&folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
        let mut cargo = Cargo { cwd: folder, ..self.now.cargo.clone() };
        if self.options.own_toolchain {
            cargo.env.extend(["RUSTUP_TOOLCHAIN", "CARGO"].map(|name| (name.into(), None)));
        }
        let found = cargo.rustc_version("rustc".as_ref()).map_err(refused::without_toolchain)?;
        self.toolchains.borrow_mut().insert(files.to_vec(), found.clone());
        Ok(found)
    }
}

/// The one program that is meant.
fn only(subject: &Subject) -> Result<&Program> {
    subject.only(|names| format!("there are several programs: {names}"))
}

/// Variables that change what Cargo and rustc build, or what is built of C code: compilers, flags, the linker, the SDK.
fn is_read_by_builds(name: &str) -> bool {
    const BEGINNINGS: [&str; 8] = ["CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "CARGO_TARGET_", "PKG_CONFIG", "AR"];
    surroundings::power(name).is_some_and(|power| power != Power::Words)
        || matches!(name, "SDKROOT" | "MACOSX_DEPLOYMENT_TARGET" | "SOURCE_DATE_EPOCH")
        || BEGINNINGS.iter().any(|beginning| {
            name.strip_prefix(beginning)
                .is_some_and(|rest| beginning.ends_with('_') || rest.is_empty() || rest.starts_with('_'))
        })
}

/// Whether today's build has the toolchain that the crate's folder chooses, and not one that the caller chose for this call. rustup
/// sets the same variable for both.
fn chooses_by_folder(now: &Subject, folder: &Path) -> bool {
    const VARIABLE: &str = "RUSTUP_TOOLCHAIN";
    if now.cargo.env.get(OsString::from(VARIABLE).as_os_str()) == Some(&None) {
        return true;
    }
    if env::var_os(VARIABLE).is_none() {
        return false;
    }
    let here = Cargo { cwd: folder.to_owned(), ..now.cargo.clone() };
    let mut by_folder = here.clone();
    by_folder.env.insert(VARIABLE.into(), None);
    match (here.rustc_version("rustc".as_ref()), by_folder.rustc_version("rustc".as_ref())) {
        (Ok(here), Ok(by_folder)) => here == by_folder,
        _ => false,
    }
}

/// The lock file that Cargo takes for a manifest's folder: the nearest one, up to the top.
fn lockfile_of(folder: &Path, top: &Path) -> Option<PathBuf> {
    let folders = folder.ancestors().take_while(|folder| folder.starts_with(top));
    folders.map(|folder| folder.join("Cargo.lock")).find(|file| file.is_file())
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

/// The name of the package that a manifest is of.
fn name_of_package(manifest: &str) -> Option<String> {
    toml::from_str::<Manifest>(manifest).ok()?.package.map(|package| package.name)
}

fn shown(folder: &Path) -> String {
    if folder.as_os_str().is_empty() { "the repository's top folder".to_owned() } else { folder.display().to_string() }
}

/// Bytes of the files below a folder.
fn bytes_in(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let bytes = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_in(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(bytes).sum()
}

/// How often some bytes are in others.
fn count(all: &[u8], wanted: &[u8]) -> usize {
    let Some(first) = wanted.first() else { return 0 };
    let mut times = 0;
    let mut rest = all;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        rest = &rest[at..];
        if rest.starts_with(wanted) {
            times += 1;
            rest = &rest[wanted.len()..];
        } else {
            rest = &rest[1..];
        }
    }
    times
}

#[derive(Deserialize)]
struct Lockfile {
    #[serde(default)]
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    /// None for the repository's own packages, whose versions aren't chosen.
    source: Option<String>,
}

/// How the dependencies of two lock files differ, with the first few by name; none if they are the same.
pub(crate) fn difference_of_lockfiles(a: &str, b: &str) -> Option<String> {
    const SHOWN: usize = 3;
    let versions = |text: &str| {
        let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let lockfile: Lockfile = toml::from_str(text).unwrap_or(Lockfile { package: Vec::new() });
        for Locked { name, version, source } in lockfile.package {
            if source.is_some() {
                all.entry(name).or_default().push(version);
            }
        }
        all
    };
    let (a, b) = (versions(a), versions(b));
    let mut names: Vec<&String> = a.keys().chain(b.keys()).filter(|name| a.get(*name) != b.get(*name)).collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let side = |all: &BTreeMap<String, Vec<String>>, name: &str| {
        all.get(name).map_or("none".to_owned(), |all| all.join(" and "))
    };
    let some: Vec<String> =
        names.iter().take(SHOWN).map(|name| format!("{name} {} -> {}", side(&a, name), side(&b, name))).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    Some(format!("{} ({}{more})", plural(names.len(), "package"), some.join(", ")))
}

/// Tells notes about a revision, with its name.
pub(crate) fn tell(name: &str, notes: &[String]) {
    notes.iter().for_each(|note| output::note(&format!("{name}: {note}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lock_files_differ_by_their_dependencies_alone() {
        let package = |name: &str, version: &str, source: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}\n")
        };
        let registry = "source = \"registry\"";
        let a = package("app", "0.1.0", "") + &package("clap", "4.4.1", registry) + &package("syn", "1.0.0", registry);
        let b = package("app", "0.2.0", "")
            + &package("clap", "4.5.0", registry)
            + &package("syn", "1.0.0", registry)
            + &package("syn", "2.0.0", registry);
        assert_eq!(difference_of_lockfiles(&a, &a), None);
        assert_eq!(difference_of_lockfiles(&a, &a.replace("app", "other")), None);
        let found = difference_of_lockfiles(&a, &b).unwrap();
        assert_eq!(found, "2 packages (clap 4.4.1 -> 4.5.0, syn 1.0.0 -> 1.0.0 and 2.0.0)");
        assert_eq!(difference_of_lockfiles("", &a).unwrap(), "2 packages (clap none -> 4.4.1, syn none -> 1.0.0)");
    }

    #[test]
    fn bytes_are_found_as_often_as_they_are_there() {
        assert_eq!(count(b"/a/t/src /a/t/x /a/", b"/a/t"), 2);
        assert_eq!(count(b"aaaa", b"aa"), 2);
        assert_eq!(count(b"", b"aa"), 0);
        assert_eq!(count(b"a//a/t", b"/a/t"), 1);
    }

    #[test]
    fn variables_that_reach_a_build_are_part_of_the_key() {
        for name in ["CC", "CC_x86_64_unknown_linux_gnu", "CFLAGS", "CARGO_TARGET_X86_64_LINKER", "SDKROOT"] {
            assert!(is_read_by_builds(name), "{name}");
        }
        for name in ["CCACHE_DIR", "ARCH", "PATH", "HOME", "CARGO_HOME"] {
            assert!(!is_read_by_builds(name), "{name}");
        }
    }
}
