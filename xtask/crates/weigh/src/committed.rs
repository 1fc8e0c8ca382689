//! The committed measurement of a (target, rustc): exact bytes, and everything that they depend on.

use crate::measure::binary::Section;
use crate::profiles::Profiles;
use crate::rebuilt::Rebuilt;
use crate::workshop::Workshop;
use anyhow::{Context as _, Result};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::{hex, thousands};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What the file says that it is.
const SCHEMA: &str = "size-workshop/measurement/1";

/// The target whose committed measurement README and tutorial quote.
pub const REFERENCE_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Sizes of a release-like build may be off by this share: the length of `CARGO_HOME`'s path moves programs with
/// dependencies by about 130 bytes, since panic locations carry it.
pub const TOLERANCE: f64 = 0.001;

/// The sizes of every build on one target with one compiler.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// `size-workshop/measurement/1`.
    pub schema: String,
    /// The release of rustc, such as `1.95.0`.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// The compiler as the executables name it.
    pub compiler: Option<String>,
    /// The linker as the executables name it.
    pub linker: Option<String>,
    /// SHA-256 over the lockfile's entries of `packages`: one line `name version checksum` each.
    pub lockfile_sha256: String,
    /// Every package that the programs are built from, as `name version`.
    pub packages: Vec<String>,
    /// The builds, by program, profile, whether the external `strip` came after, and how std was compiled.
    pub builds: Vec<Build>,
}

/// One executable.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The program.
    pub program: String,
    /// The profile.
    pub profile: String,
    /// Whether the external command `strip` came after.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub strip_command: bool,
    /// Whether std was compiled with it, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub std: Option<Rebuilt>,
    /// The five settings of the profile, as written in TOML.
    pub settings: BTreeMap<String, String>,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of each part of the file; they sum to `bytes`.
    pub sections: Vec<Section>,
}

/// The versions that the programs are built from.
#[derive(Debug, PartialEq, Eq)]
pub struct Lock {
    /// As in `Measurement`.
    pub sha256: String,
    /// As in `Measurement`.
    pub packages: Vec<String>,
}

/// Finds out before the builds whether a measurement can be written after them.
///
/// # Errors
/// When it cannot.
pub fn check_writable(root: &Path) -> Result<()> {
    files::check_writable(&root.join("docs/measurements")).map_err(not_writable)
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` gives it")]
fn not_writable(error: anyhow::Error) -> anyhow::Error {
    Failure::new(Exit::Environment, format!("{error:#}")).help("make docs/measurements writable").into()
}

/// Where the measurement of a target and a release of rustc is kept.
pub fn path(root: &Path, target: &str, toolchain: &str) -> PathBuf {
    root.join("docs/measurements").join(target).join(format!("rustc-{toolchain}.json"))
}

/// The releases of rustc that a target has a measurement of, by name.
pub fn releases(root: &Path, target: &str) -> Vec<String> {
    let files = fs::read_dir(root.join("docs/measurements").join(target)).into_iter().flatten().flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let mut releases: Vec<String> =
        names.filter_map(|name| Some(name.strip_prefix("rustc-")?.strip_suffix(".json")?.to_owned())).collect();
    releases.sort();
    releases
}

/// The measurement of a target and a release, if there is one.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn load(root: &Path, target: &str, toolchain: &str) -> Result<Option<Measurement>> {
    let path = path(root, target, toolchain);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", path.display())),
    };
    let measurement: Measurement = serde_json::from_str(&text).map_err(|error| {
        let mut failure = Failure::new(Exit::Usage, format!("the committed measurement is damaged: {error}"))
            .help("restore it from git, or measure again with `cargo xtask sizes --accept`")
            .file(diagnostic::shown(&path));
        if let Some(place) = &mut failure.place {
            (place.line, place.column) = (Some(error.line()), Some(error.column()));
        }
        failure
    })?;
    Ok(Some(measurement))
}

impl Measurement {
    /// A measurement with no builds yet.
    pub fn new(toolchain: &str, target: &str, compiler: Option<String>, linker: Option<String>, lock: Lock) -> Self {
        let Lock { sha256, packages } = lock;
        let (toolchain, target) = (toolchain.to_owned(), target.to_owned());
        Self {
            schema: SCHEMA.to_owned(),
            toolchain,
            target,
            compiler,
            linker,
            lockfile_sha256: sha256,
            packages,
            builds: Vec::new(),
        }
    }

    /// The build of a program under a profile, with std as the toolchain brings it.
    pub fn find(&self, program: &str, profile: &str, strip_command: bool) -> Option<&Build> {
        self.find_with(program, profile, strip_command, None)
    }

    /// The build of a program under a profile, with std compiled in this way.
    pub fn find_with(&self, program: &str, profile: &str, strip_command: bool, std: Option<Rebuilt>) -> Option<&Build> {
        self.builds.iter().find(|build| {
            (build.program.as_str(), build.profile.as_str()) == (program, profile)
                && (build.strip_command, build.std) == (strip_command, std)
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written; an older file stays as it was.
    pub fn save(&self, root: &Path) -> Result<PathBuf> {
        let path = path(root, &self.target, &self.toolchain);
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        files::write_atomic(&path, text.as_bytes()).map_err(not_writable)?;
        Ok(path)
    }

    /// What else has changed since the measurement, one sentence each: reasons for sizes to differ.
    pub fn changes_since(&self, compiler: Option<&str>, linker: Option<&str>, lock: &Lock) -> Vec<String> {
        let mut changes = Vec::new();
        let named = |name: Option<&str>| name.unwrap_or("an unidentified one").to_owned();
        if self.compiler.as_deref() != compiler {
            changes.push(format!(
                "compiled by {}, the committed measurement by {}",
                named(compiler),
                named(self.compiler.as_deref())
            ));
        }
        if self.linker.as_deref() != linker {
            changes.push(format!(
                "linked by {}, the committed measurement by {}",
                named(linker),
                named(self.linker.as_deref())
            ));
        }
        if self.lockfile_sha256 != lock.sha256 {
            let missing = |from: &[String], other: &[String]| {
                from.iter().filter(|name| !other.contains(name)).cloned().collect::<Vec<_>>().join(", ")
            };
            let (new, old) = (missing(&lock.packages, &self.packages), missing(&self.packages, &lock.packages));
            let list = |names: String| if names.is_empty() { "nothing".to_owned() } else { names };
            changes.push(format!("Cargo.lock has {} where the committed measurement had {}", list(new), list(old)));
        }
        changes
    }
}

/// How a build compares with the committed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Equal, or within the tolerance.
    Same,
    /// `dev` moves with the checkout's path, and is not compared.
    NotCompared,
    /// Not as committed; the sentence says how.
    Differs(String),
}

/// Compares a build with the committed measurement.
pub fn compare(build: &Build, committed: &Measurement, profiles: &Profiles) -> Verdict {
    if profiles.chain(&build.profile).last().is_some_and(|&root| root == "dev") {
        return Verdict::NotCompared;
    }
    let Some(before) = committed.find_with(&build.program, &build.profile, build.strip_command, build.std) else {
        return Verdict::Differs("it isn't in the committed measurement".to_owned());
    };
    let changed: Vec<String> = build
        .settings
        .iter()
        .filter(|(key, value)| before.settings.get(*key) != Some(value))
        .map(|(key, value)| {
            format!("{key} is {value}, was {}", before.settings.get(key).map_or("not set", String::as_str))
        })
        .collect();
    let off = build.bytes.abs_diff(before.bytes);
    let settings = if changed.is_empty() { String::new() } else { format!(" ({})", changed.join("; ")) };
    if off as f64 > before.bytes as f64 * TOLERANCE {
        let direction = if build.bytes > before.bytes { "larger" } else { "smaller" };
        let (now, then) = (thousands(build.bytes), thousands(before.bytes));
        let off = thousands(off);
        return Verdict::Differs(format!("{now} bytes, {off} {direction} than the committed {then}{settings}"));
    }
    if changed.is_empty() {
        Verdict::Same
    } else {
        Verdict::Differs(format!("the size matches the committed one, but the profile doesn't{settings}"))
    }
}

#[derive(Deserialize)]
struct LockFile {
    package: Vec<LockPackage>,
}

#[derive(Deserialize)]
struct LockPackage {
    name: String,
    version: String,
    checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

#[derive(Deserialize)]
struct MemberManifest {
    #[serde(default)]
    dependencies: BTreeMap<String, toml::Value>,
}

/// The part of the lockfile that the programs are built from: what else the workspace uses does not matter to them.
///
/// # Errors
/// When Cargo.lock or a member's manifest cannot be read.
pub fn lock(workshop: &Workshop) -> Result<Lock> {
    let path = workshop.root.join("Cargo.lock");
    let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let file: LockFile = toml::from_str(&text).map_err(|error| diagnostic::toml_error(&path, &text, &error))?;
    let mut direct = Vec::new();
    for program in &workshop.sizes.programs {
        let manifest = workshop.root.join(program.name.as_ref()).join("Cargo.toml");
        let text = fs::read_to_string(&manifest).with_context(|| format!("can't read {}", manifest.display()))?;
        let member: MemberManifest =
            toml::from_str(&text).map_err(|error| diagnostic::toml_error(&manifest, &text, &error))?;
        direct.extend(member.dependencies.into_keys());
    }
    Ok(reachable(&file.package, direct))
}

fn reachable(packages: &[LockPackage], mut open: Vec<String>) -> Lock {
    let mut lines = BTreeSet::new();
    // An entry is a name, followed by a version only where several are in the lockfile.
    while let Some(entry) = open.pop() {
        let mut words = entry.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next());
        for package in packages
            .iter()
            .filter(|package| package.name == name && version.is_none_or(|version| package.version == version))
        {
            let line = format!("{} {} {}", package.name, package.version, package.checksum.as_deref().unwrap_or("-"));
            if lines.insert(line) {
                open.extend(package.dependencies.iter().cloned());
            }
        }
    }
    let text: String = lines.iter().fold(String::new(), |all, line| all + line + "\n");
    let sha256 = hex(&hmac_sha256::Hash::hash(text.as_bytes()));
    let packages =
        lines.iter().map(|line| line.rsplit_once(' ').map_or(line.as_str(), |(name, _)| name).to_owned()).collect();
    Lock { sha256, packages }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(profile: &str, bytes: u64, lto: &str) -> Build {
        let settings = [("lto".to_owned(), lto.to_owned())].into();
        Build {
            program: "word_freq".to_owned(),
            profile: profile.to_owned(),
            strip_command: false,
            std: None,
            settings,
            bytes,
            sections: Vec::new(),
        }
    }

    fn committed(bytes: u64) -> Measurement {
        let lock = Lock { sha256: "00".to_owned(), packages: vec!["serde 1.0.0".to_owned()] };
        let mut measurement = Measurement::new("1.95.0", REFERENCE_TARGET, None, Some("LLD 22.1.2".to_owned()), lock);
        measurement.builds.push(build("dist", bytes, "true"));
        measurement
    }

    fn verdict(build: &Build) -> Verdict {
        compare(build, &committed(400_000), &Profiles::default())
    }

    #[test]
    fn a_thousandth_is_tolerated_and_a_byte_more_is_not() {
        assert_eq!(verdict(&build("dist", 400_400, "true")), Verdict::Same);
        assert_eq!(verdict(&build("dist", 399_600, "true")), Verdict::Same);
        let off = Verdict::Differs("400,401 bytes, 401 larger than the committed 400,000".to_owned());
        assert_eq!(verdict(&build("dist", 400_401, "true")), off);
    }

    #[test]
    fn a_changed_setting_is_named_even_where_the_size_is_the_same() {
        let Verdict::Differs(how) = verdict(&build("dist", 400_000, "false")) else { panic!("a change was missed") };
        assert_eq!(how, "the size matches the committed one, but the profile doesn't (lto is false, was true)");
    }

    #[test]
    fn dev_is_not_compared_and_an_unknown_row_is_not_the_same() {
        assert_eq!(verdict(&build("dev", 1, "false")), Verdict::NotCompared);
        assert_eq!(
            verdict(&build("new", 1, "true")),
            Verdict::Differs("it isn't in the committed measurement".to_owned())
        );
    }

    #[test]
    fn other_reasons_for_a_difference_are_named() {
        let lock = Lock { sha256: "01".to_owned(), packages: vec!["serde 1.0.1".to_owned()] };
        assert_eq!(
            committed(1).changes_since(None, None, &lock),
            [
                "linked by an unidentified one, the committed measurement by LLD 22.1.2",
                "Cargo.lock has serde 1.0.1 where the committed measurement had serde 1.0.0"
            ]
        );
    }

    #[test]
    fn the_digest_covers_what_is_reachable_and_nothing_else() {
        let lock = |text: &str| reachable(&toml::from_str::<LockFile>(text).unwrap().package, vec!["a".to_owned()]);
        let base = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"aa\"\ndependencies = [\"b 2.0.0\"]\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\ndependencies = [\"a\"]\n";
        assert_eq!(lock(base).packages, ["a 1.0.0", "b 2.0.0"]);
        assert_eq!(
            lock(base).sha256,
            lock(&format!("{base}[[package]]\nname = \"clap\"\nversion = \"4.0.0\"\n")).sha256
        );
        assert_ne!(lock(base).sha256, lock(&base.replace("aa", "ab")).sha256);
    }
}
