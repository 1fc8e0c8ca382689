//! Remembers which twin with relocations was built of the same sources as which file. As long as Cargo has nothing to do for the
//! file, and neither has changed, the twin needs no call of Cargo, which takes as long as reading it.

use super::twin::{self, Linked};
use crate::cargo::{Build, Built, Cargo, Form, Script, unit};
use crate::measure::reasons::Crates;
use crate::subject::{Program, Subject};
use base::{files, store};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where it is remembered for one program, one profile, and one way to call Cargo.
pub(super) struct Pair {
    /// None where the twin's file isn't Cargo's.
    file: Option<PathBuf>,
    /// What it depends on, this program included.
    key: String,
    /// Since the beginning of 1970, before Cargo was asked.
    now: Duration,
}

/// What is remembered of a twin.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Kept {
    /// The program's file.
    pub own: Stamp,
    /// Its twin's.
    pub twin: Stamp,
    /// The crates of the twin.
    pub crates: Crates,
    /// The build scripts that have run for the program.
    pub scripts: Vec<Script>,
    /// When Cargo was asked, since the beginning of 1970.
    asked: Duration,
}

/// What tells that a file is still the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Stamp {
    /// Where it is.
    pub path: PathBuf,
    content: files::Stamp,
    /// The number of the file, where the system has one.
    number: Option<u64>,
}

impl Stamp {
    /// None where there is no such file, or its system doesn't tell when it was written.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { path: path.to_owned(), content: files::Stamp::of(path).ok()?, number: number(&metadata) })
    }

    /// Whether the file is as it was.
    fn holds(&self) -> bool {
        Self::of(&self.path).as_ref() == Some(self)
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such number")]
fn number(metadata: &fs::Metadata) -> Option<u64> {
    Some(std::os::unix::fs::MetadataExt::ino(metadata))
}

#[cfg(not(unix))]
fn number(_: &fs::Metadata) -> Option<u64> {
    None
}

impl Kept {
    /// Whether this is the program for which Cargo had nothing to do, and both files are as they were.
    pub(super) fn is_of(&self, path: &Path, scripts: &[Script]) -> bool {
        self.own.path == path && self.scripts == scripts && self.holds()
    }

    fn holds(&self) -> bool {
        self.own.holds() && self.twin.holds()
    }

    /// Whether a source file has changed since Cargo was asked. Cargo alone decides what has to be built; this only says whether to
    /// have it look at both at once.
    fn looks_old(&self, manifest: &Path) -> bool {
        let asked = UNIX_EPOCH + self.asked;
        let manifests = [manifest.to_owned(), manifest.with_file_name("Cargo.lock")];
        let Ok(listed) = fs::read_to_string(self.own.path.with_extension("d")) else { return true };
        let is_newer =
            |file: PathBuf| fs::metadata(file).and_then(|found| found.modified()).is_ok_and(|time| time > asked);
        manifests.into_iter().chain(unit::sources(&listed)).any(is_newer)
    }
}

impl Pair {
    /// For what Cargo is asked for to get the twin.
    pub(super) fn of(subject: &Subject, program: &Program, (order, cargo): &(Build, Cargo)) -> Self {
        let Cargo { program: called, cwd, env, args, .. } = cargo;
        let asked = format!("{:?}", (&subject.compiler, order, called, cwd, env, args));
        let name = store::digest(&[asked.as_bytes()]);
        // What links an archive writes to files of its own.
        let is_cargos = program.target.form != Form::Staticlib;
        let file = || twin::folder(subject, twin::REASONS).join("pairs").join(format!("{}.json", &name[..24]));
        Self {
            file: is_cargos.then(file),
            key: store::key(&[asked.as_bytes()]),
            now: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    /// The twin of an earlier call, if it is there and no source file looks newer.
    pub(super) fn kept(&self, subject: &Subject) -> Option<Kept> {
        let kept: Kept = store::load(self.file.as_ref()?, &self.key)?;
        let manifest = subject.manifest.clone().unwrap_or_else(|| subject.cargo.cwd.join("Cargo.toml"));
        (kept.holds() && !kept.looks_old(&manifest)).then_some(kept)
    }

    /// Remembers a twin. `own` is the program's file as it was before the twin was read. What can't be written is asked for again.
    pub(super) fn keep(&self, own: Option<Stamp>, built: &Built, linked: Linked) {
        // Cargo doesn't look at the source of std.
        let Linked { file, crates: Ok(crates), has_std: false, .. } = linked else { return };
        let (Some(place), Some(own), Some(twin)) = (&self.file, own.filter(Stamp::holds), Stamp::of(&file)) else {
            return;
        };
        let kept = Kept { own, twin, crates, scripts: built.scripts.clone(), asked: self.now };
        let _ = store::save(place, &self.key, &kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_written_again_is_a_different_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        files::write_derived(&file, b"one").unwrap();
        let stamp = Stamp::of(&file).unwrap();
        assert!(stamp.holds());
        let opened = fs::File::options().write(true).open(&file).unwrap();
        opened.set_modified(SystemTime::now() + Duration::from_secs(1)).unwrap();
        assert!(!stamp.holds());
        fs::remove_file(&file).unwrap();
        assert!(!stamp.holds() && Stamp::of(&file).is_none() && Stamp::of(folder.path()).is_none());
    }
}
