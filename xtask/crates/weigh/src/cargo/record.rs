//! The recorder between Cargo and rustc. Cargo calls it in rustc's place (`RUSTC_WRAPPER`); it notes how each unit was
//! compiled and how long that took, beside the unit's artifacts, and copies artifacts from another profile instead of
//! compiling the same thing again.
//!
//! Why the copy is sound: Cargo builds proc macros and build scripts (syn, `serde_derive`, …) again for each profile, yet
//! gives them the same hash wherever `lto` and `strip` agree. The hash covers package, version, features, settings and
//! compiler. A copy is taken only if the hash and every argument are equal, but for the profile's folder. Sources from
//! a registry do not change (Cargo compiles them with `--cap-lints allow`); other sources must be as they were, by the
//! list that rustc writes for Cargo. So must, for every crate, the variables that it reads: one that includes what its build
//! script has written reads `OUT_DIR`, which is another folder in each profile, so it is compiled. And so is one that links a
//! native library, of which no list tells. The crates that it names must be the same in both folders, byte for byte: one of
//! them may have been compiled again, and still has the same hash. Copying a whole profile folder instead does not
//! work: Cargo's fingerprints hold paths that begin with the profile's name, so everything counts as stale.

use super::unit::DepInfo;
use anyhow::Result;
use base::files;
use base::proc::{self, Call, Status};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The folder of intermediate artifacts. Where it is set, this program stands between Cargo and rustc.
pub(super) const BUILD_DIR: &str = "SIZE_WORKSHOP_BUILD_DIR";
const PROFILE_DIR: &str = "SIZE_WORKSHOP_PROFILE_DIR";
/// The end of a record's file name, after the crate's name and hash.
const SUFFIX: &str = ".unit-2.json";

/// How a unit was compiled. One JSON file beside its artifacts.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Record {
    /// The compiler's path.
    rustc: String,
    /// Its arguments; the profile's folder is written as `@`.
    args: Vec<String>,
    /// Wall seconds of rustc.
    seconds: f64,
    /// The files that it made. A file that has changed since was not made by this call.
    outputs: Vec<Stamp>,
    /// The files that it read, and the variables; `None` if they may have changed while it did.
    inputs: Option<Inputs>,
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Inputs {
    /// The sources; none of a package from a registry.
    files: Vec<Stamp>,
    /// The compiled crates, by their paths below the profile's folder.
    externs: Vec<Stamp>,
    /// Name and value; no value where the variable was not set.
    variables: Vec<(String, Option<String>)>,
}

/// A file as it was.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Stamp {
    /// File name of an output, path of an input.
    name: String,
    bytes: u64,
    /// Modification time in nanoseconds since 1970.
    modified: u128,
}

/// Makes Cargo call this program in rustc's place.
///
/// # Errors
/// When this program cannot tell its own path.
pub fn install(call: &mut Call, build_dir: &Path, profile: &str) -> Result<()> {
    let recorder = proc::own_path()?;
    let set = |value: OsString| Some(value);
    call.env.insert("RUSTC_WRAPPER".into(), set(recorder.into()));
    call.env.insert(BUILD_DIR.into(), set(build_dir.into()));
    call.env.insert(PROFILE_DIR.into(), set(profile_dir(profile).into()));
    Ok(())
}

/// The folder of a profile below `target`.
pub fn profile_dir(profile: &str) -> &str {
    match profile {
        "dev" | "test" => "debug",
        "bench" => "release",
        other => other,
    }
}

/// Does the recorder's work if Cargo called this program in rustc's place; else `None`.
pub fn serve() -> Option<ExitCode> {
    let build_dir = PathBuf::from(env::var_os(BUILD_DIR)?);
    let profile_dir = env::var(PROFILE_DIR).ok()?;
    let mut args: Vec<OsString> = env::args_os().skip(1).collect();
    if args.is_empty() {
        return None;
    }
    let rustc = args.remove(0);
    let words: Option<Vec<String>> = args.iter().map(|arg| arg.clone().into_string().ok()).collect();
    // Cargo also asks rustc for its version and settings; and a path may not be UTF-8. Then there is nothing to note.
    let unit = words.and_then(|words| Unit::parse(words, rustc.to_str()?.to_owned(), &build_dir, &profile_dir));
    if let Some(unit) = &unit
        && unit.copy_from_sibling(&build_dir).is_some()
    {
        return Some(ExitCode::SUCCESS);
    }
    let (began, began_at) = (Instant::now(), SystemTime::now());
    match proc::relay(&rustc, &args) {
        Ok(Status::Exited(0)) => {
            if let Some(unit) = unit {
                // A record that cannot be written costs time later, not a wrong result now.
                let _ = unit.note(began.elapsed().as_secs_f64(), unit.inputs_before(began_at));
            }
            Some(ExitCode::SUCCESS)
        }
        Ok(Status::Exited(code)) => Some(ExitCode::from(u8::try_from(code).unwrap_or(101))),
        Ok(Status::Signaled(signal)) => {
            // Cargo says which signal ended the compiler: a limit on the size of a file, on time.
            proc::end_by(signal);
            Some(ExitCode::from(101))
        }
        Ok(_) => Some(ExitCode::from(101)),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "Cargo shows it as rustc's own words")]
            {
                eprintln!("error: {error:#}");
            }
            Some(ExitCode::from(101))
        }
    }
}

/// A call of rustc that makes artifacts.
struct Unit {
    rustc: String,
    /// As in `Record`.
    args: Vec<String>,
    /// Crate name and hash, as in the artifacts' file names.
    stem: String,
    out_dir: PathBuf,
    /// `out_dir` before and after the profile's folder.
    before: PathBuf,
    after: PathBuf,
    profile_dir: String,
    /// The profile's folder.
    folder: PathBuf,
    /// Its sources come from a registry and do not change.
    unchanging: bool,
}

impl Unit {
    #[expect(clippy::needless_pass_by_value, reason = "the words become the unit's")]
    fn parse(args: Vec<String>, rustc: String, build_dir: &Path, profile_dir: &str) -> Option<Self> {
        let after_flag = |flag: &str| args.windows(2).find(|pair| pair[0] == flag).map(|pair| pair[1].as_str());
        let crate_name = after_flag("--crate-name")?;
        // Cargo gives shared libraries and archives no hash: their names are what people load.
        let extra = args.iter().find_map(|arg| arg.strip_prefix("extra-filename=")).unwrap_or_default();
        let out_dir = PathBuf::from(after_flag("--out-dir")?);
        let stem = format!("{crate_name}{extra}");
        let unchanging = after_flag("--cap-lints") == Some("allow");
        let relative = out_dir.strip_prefix(build_dir).ok()?;
        let mut parts = relative.iter();
        let before = parts.by_ref().take_while(|part| *part != profile_dir).collect::<PathBuf>();
        let after = parts.as_path().to_owned();
        if before == relative {
            return None;
        }
        let folder = build_dir.join(&before).join(profile_dir);
        let shown = folder.to_str()?;
        let args = args.iter().map(|arg| arg.replace(shown, "@")).collect();
        let profile_dir = profile_dir.to_owned();
        Some(Self { rustc, args, stem, out_dir, before, after, profile_dir, folder, unchanging })
    }

    fn note(&self, seconds: f64, inputs: Option<Inputs>) -> Result<()> {
        let outputs = outputs(&self.out_dir, &self.stem)?;
        let record = Record { rustc: self.rustc.clone(), args: self.args.clone(), seconds, outputs, inputs };
        files::write_atomic(&self.out_dir.join(format!("{}{SUFFIX}", self.stem)), &serde_json::to_vec(&record)?)
    }

    /// What rustc has read, if none of it is younger than the start of the compilation.
    fn inputs_before(&self, start: SystemTime) -> Option<Inputs> {
        let list = fs::read_to_string(self.out_dir.join(format!("{}.d", self.stem))).ok()?;
        let start = start.duration_since(UNIX_EPOCH).ok()?.as_nanos();
        let DepInfo { mut files, variables } = DepInfo::parse(&list);
        if self.unchanging {
            files.clear();
        }
        let files = files.iter().map(|file| stamp(Path::new(file), file.clone()).ok()).collect::<Option<Vec<_>>>()?;
        let externs = self.externs().map(|name| stamp(&self.folder.join(name), name.to_owned()).ok());
        let externs = externs.collect::<Option<Vec<_>>>()?;
        files.iter().chain(&externs).all(|file| file.modified < start).then_some(Inputs { files, externs, variables })
    }

    /// The compiled crates that it names, by their paths below the profile's folder.
    fn externs(&self) -> impl Iterator<Item = &str> {
        let pairs = self.args.windows(2).filter(|pair| pair[0] == "--extern");
        pairs.filter_map(|pair| Some(pair[1].split_once("=@")?.1.trim_start_matches(['/', '\\'])))
    }

    /// Whether the crates that a unit of this sibling was compiled with are the same in both folders.
    fn has_same_externs(&self, sibling: &Path, externs: &[Stamp]) -> bool {
        externs.iter().all(|known| {
            let theirs = sibling.join(&known.name);
            let is_as_it_was = stamp(&theirs, known.name.clone()).is_ok_and(|now| now == *known);
            is_as_it_was && fs::read(self.folder.join(&known.name)).ok() == fs::read(theirs).ok()
        })
    }

    /// Takes the artifacts of the same unit from another profile's folder, if one has them.
    fn copy_from_sibling(&self, build_dir: &Path) -> Option<()> {
        if self.args.iter().any(|arg| arg.starts_with("-l")) {
            return None;
        }
        let siblings = fs::read_dir(build_dir.join(&self.before)).ok()?;
        let (sibling, record) =
            siblings.flatten().filter(|entry| entry.file_name() != *self.profile_dir).find_map(|entry| {
                let folder = entry.path().join(&self.after);
                let record = read(&folder, &self.stem)?;
                let inputs = record.inputs.as_ref()?;
                let is_same = record.rustc == self.rustc && record.args == self.args && unchanged(inputs);
                (is_same && self.has_same_externs(&entry.path(), &inputs.externs)).then_some((entry.path(), record))
            })?;
        let own = build_dir.join(&self.before).join(&self.profile_dir);
        for output in &record.outputs {
            let source = sibling.join(&self.after).join(&output.name);
            let destination = self.out_dir.join(&output.name);
            // An older artifact may be linked to the executable that people run: it must not change under them.
            let _ = fs::remove_file(&destination);
            if output.name.ends_with(".d") {
                // The list of source files also names the artifacts.
                let text = fs::read_to_string(source).ok()?;
                let text = text.replace(sibling.to_str()?, own.to_str()?);
                files::write_atomic(&destination, text.as_bytes()).ok()?;
            } else {
                fs::copy(source, destination).ok()?;
            }
        }
        self.note(record.seconds, record.inputs).ok()
    }
}

/// Whether everything that rustc has read is as it was then.
fn unchanged(inputs: &Inputs) -> bool {
    let Inputs { files, variables, externs: _ } = inputs;
    files.iter().all(|file| stamp(Path::new(&file.name), file.name.clone()).is_ok_and(|now| now == *file))
        && variables.iter().all(|(name, value)| env::var(name).ok() == *value)
}

fn stamp(path: &Path, name: String) -> Result<Stamp> {
    let files::Stamp { bytes, modified } = files::Stamp::of(path)?;
    Ok(Stamp { name, bytes, modified })
}

/// The artifacts of a unit, but for the record.
fn outputs(folder: &Path, stem: &str) -> Result<Vec<Stamp>> {
    let names = super::unit::artifacts(folder, stem)?.into_iter().filter(|name| !name.ends_with(SUFFIX));
    names.map(|name| stamp(&folder.join(&name), name)).collect()
}

/// A record whose artifacts are still the ones it speaks of.
fn read(folder: &Path, stem: &str) -> Option<Record> {
    let record: Record = serde_json::from_slice(&fs::read(folder.join(format!("{stem}{SUFFIX}"))).ok()?).ok()?;
    let as_made =
        |output: &Stamp| stamp(&folder.join(&output.name), output.name.clone()).is_ok_and(|now| now == *output);
    (!record.outputs.is_empty() && record.outputs.iter().all(as_made)).then_some(record)
}

/// The wall seconds that rustc took for a program: its own crate and every crate that is linked into it, but not proc
/// macros and build scripts, which Cargo may have built for another profile already. `None` if a record is missing
/// because the recorder was not there when Cargo built it.
pub fn seconds(deps: &Path, executable_stem: &str) -> Option<f64> {
    seconds_from(deps, deps, executable_stem)
}

/// The same for a unit whose artifacts may be in a folder of their own, beside the folder of the crates linked into it.
fn seconds_from(own: &Path, deps: &Path, stem: &str) -> Option<f64> {
    let first = read(own, stem)?;
    let mut seconds = first.seconds;
    let mut seen = BTreeSet::from([stem.to_owned()]);
    let mut open = externs(&first.args);
    while let Some(stem) = open.pop() {
        if seen.insert(stem.clone()) {
            let record = read(deps, &stem)?;
            seconds += record.seconds;
            open.extend(externs(&record.args));
        }
    }
    Some(seconds)
}

/// The wall seconds that rustc took for a file that Cargo has made in `out_dir`, an example or a test as well.
pub fn seconds_of(file: &Path, out_dir: &Path, build_dir: &Path) -> Option<f64> {
    let folder = build_dir.join(folder_of(file, out_dir));
    let deps = folder.join("deps");
    [&deps, &folder.join("examples")]
        .into_iter()
        .find_map(|own| executable_stem(own, file).and_then(|stem| seconds_from(own, &deps, &stem)))
}

/// The profile's folder below `out_dir` that a file that Cargo has made belongs to: `release`, or `TARGET/release`.
pub fn folder_of<'a>(file: &'a Path, out_dir: &Path) -> &'a Path {
    let folder = file.parent().and_then(|folder| folder.strip_prefix(out_dir).ok()).unwrap_or(Path::new(""));
    // Examples and tests are one level below.
    match folder.parent() {
        Some(above) if folder.ends_with("deps") || folder.ends_with("examples") => above,
        _ => folder,
    }
}

/// The arguments with which rustc has made an executable; `None` if the recorder was not there.
pub fn arguments(deps: &Path, executable: &Path) -> Option<Vec<String>> {
    read(deps, &executable_stem(deps, executable)?).map(|record| record.args)
}

/// The stems of the libraries that rustc's arguments name.
pub fn externs(args: &[String]) -> Vec<String> {
    args.iter().filter_map(|arg| linked_crate(arg)).collect()
}

/// The stem in an argument such as `serde=@/deps/libserde-0123456789abcdef.rmeta` (after `--extern`).
fn linked_crate(arg: &str) -> Option<String> {
    let (_, path) = arg.split_once('=')?;
    let path = Path::new(path);
    let is_library = path.extension().is_some_and(|extension| extension == "rlib" || extension == "rmeta");
    let stem = path.file_stem()?.to_str()?.strip_prefix("lib")?;
    is_library.then(|| stem.to_owned())
}

/// The stem of the unit that made an executable: its artifact in `deps` has the executable's length and time, because
/// Cargo links the one to the other.
pub fn executable_stem(deps: &Path, executable: &Path) -> Option<String> {
    let name = executable.file_stem()?.to_str()?.replace('-', "_");
    let names = [Some(name.as_str()), name.strip_prefix("lib")];
    // A test is where rustc has put it, with the hash in its name; a shared library has none at all.
    let fits = |stem: &str| {
        let plain = stem.replace('-', "_");
        names
            .iter()
            .flatten()
            .any(|name| plain == *name || stem.strip_prefix(name).is_some_and(|rest| rest.starts_with('-')))
    };
    let files::Stamp { bytes, modified } = files::Stamp::of(executable).ok()?;
    fs::read_dir(deps).ok()?.flatten().find_map(|entry| {
        let file = entry.file_name().into_string().ok()?;
        let stem = file.strip_suffix(SUFFIX).filter(|stem| fits(stem))?;
        let record = read(deps, stem)?;
        let made = record.outputs.iter().any(|output| output.bytes == bytes && output.modified == modified);
        made.then(|| stem.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(args: &[&str]) -> Option<Unit> {
        // As Cargo writes a path on this system.
        let native = |text: &str| text.replace('/', std::path::MAIN_SEPARATOR_STR);
        let args = args.iter().map(|&arg| native(arg)).collect();
        Unit::parse(args, "/bin/rustc".to_owned(), Path::new(&native("/w/target")), "dist")
    }

    const SYN: [&str; 8] = [
        "--crate-name",
        "syn",
        "-C",
        "extra-filename=-0a1b",
        "--out-dir",
        "/w/target/dist/deps",
        "--cap-lints",
        "allow",
    ];

    #[test]
    fn a_unit_is_the_same_in_every_profile_but_for_the_folder() {
        let unit = unit(&SYN).unwrap();
        assert_eq!((unit.stem.as_str(), unit.unchanging), ("syn-0a1b", true));
        assert_eq!((unit.before.as_path(), unit.after.as_path()), (Path::new(""), Path::new("deps")));
        assert_eq!(Path::new(&unit.args[5]), Path::new("@/deps"));
    }

    #[test]
    fn questions_to_rustc_and_other_folders_are_no_units() {
        assert!(unit(&["-vV"]).is_none());
        let mut elsewhere = SYN;
        elsewhere[5] = "/elsewhere/dist/deps";
        assert!(unit(&elsewhere).is_none());
    }

    #[test]
    fn a_file_is_found_in_its_profiles_folder_whatever_its_kind() {
        let of = |file: &str| folder_of(Path::new(file), Path::new("/t")).to_str().unwrap().to_owned();
        assert_eq!(of("/t/release/a"), "release");
        assert_eq!(of("/t/release/examples/a"), "release");
        assert_eq!(of("/t/x86_64-unknown-linux-musl/dist/deps/it-0a1b"), "x86_64-unknown-linux-musl/dist");
        assert_eq!(of("/elsewhere/release/a"), "");
    }

    #[test]
    fn the_unit_of_a_library_without_a_hash_and_of_a_test_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let note = |stem: &str, file: &str| {
            fs::File::create(folder.path().join(file)).unwrap();
            let mut unit = unit(&SYN).unwrap();
            (unit.out_dir, unit.stem) = (folder.path().to_owned(), stem.to_owned());
            unit.note(1.5, None).unwrap();
            executable_stem(folder.path(), &folder.path().join(file))
        };
        assert_eq!(note("a_b", "liba_b.so").as_deref(), Some("a_b"));
        assert_eq!(note("it_b-0a1b", "it_b-0a1b").as_deref(), Some("it_b-0a1b"));
        assert_eq!(note("a_b-0a1b", "a_b-0a1b").as_deref(), Some("a_b-0a1b"));
    }

    #[test]
    fn linked_crates_are_libraries_only() {
        assert_eq!(linked_crate("serde=@/deps/libserde-0a1b.rmeta").as_deref(), Some("serde-0a1b"));
        assert_eq!(linked_crate("serde_derive=@/deps/libserde_derive-0a1b.so"), None);
        assert_eq!(linked_crate("opt-level=z"), None);
    }

    #[test]
    fn a_changed_source_or_variable_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("main.rs");
        fs::File::create(&source).unwrap();
        let file = stamp(&source, source.to_str().unwrap().to_owned()).unwrap();
        let files = || vec![stamp(&source, file.name.clone()).unwrap()];
        let inputs = |variables| Inputs { files: files(), externs: Vec::new(), variables };
        assert!(unchanged(&inputs(vec![("NO_SUCH_VARIABLE_IS_SET".to_owned(), None)])));
        assert!(!unchanged(&inputs(vec![("PATH".to_owned(), Some("another".to_owned()))])));
        let before = inputs(Vec::new());
        fs::File::options()
            .append(true)
            .open(&source)
            .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
            .unwrap();
        assert!(!unchanged(&before));
    }

    #[test]
    fn a_record_does_not_outlive_its_artifacts() {
        let folder = tempfile::tempdir().unwrap();
        let artifact = folder.path().join("libsyn-0a1b.rlib");
        fs::File::create(&artifact).unwrap();
        let mut unit = unit(&SYN).unwrap();
        unit.out_dir = folder.path().to_owned();
        unit.note(1.5, None).unwrap();
        assert_eq!(seconds(folder.path(), "syn-0a1b"), Some(1.5));
        fs::File::options()
            .append(true)
            .open(&artifact)
            .and_then(|mut file| std::io::Write::write_all(&mut file, b"x"))
            .unwrap();
        assert_eq!(seconds(folder.path(), "syn-0a1b"), None);
    }
}
