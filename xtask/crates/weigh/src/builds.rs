//! Many builds of one program that differ in a few settings: side by side, each one measured once and kept on disk at once.
//!
//! Each build has a profile of its own that inherits the base profile, and so a folder of its own: Cargo locks that folder,
//! not all of `target/`, and nothing overwrites an executable that is being measured. They share one target folder, where the
//! recorder copies proc macros and build scripts from one build to the next.
//!
//! What was measured before is taken again as long as Cargo has nothing to do for the base build: then no source, no dependency,
//! no flag, and no compiler has changed. Nothing is lost when the process is killed but the builds under way.

pub mod counter;
mod estimate;
pub(crate) mod groups;
pub mod tree;

use crate::cargo::{self, Build, Compiled, record};
use crate::measure::binary;
use crate::subject::{Expectation, Made, Program, Subject};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure, failure_of};
use base::files::{self, Stamp};
use base::numbers::{plural, thousands};
use base::output::{self, Progress};
use base::proc;
use base::queue::Queue;
use base::store;
use counter::{Counter, Workload};
use estimate::{Estimate, Lto};
use groups::Groups;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use tree::{Edit, Tree};

/// Settings that don't reach proc macros and build scripts: builds that differ only in these share them.
const ONLY_LINKED: [&str; 3] = ["opt-level", "codegen-units", "panic"];

/// One way to build the program, told by its differences from the base build. The default is the base build itself.
#[derive(Clone, Debug, Default)]
pub struct Variant {
    /// What people call it, such as `lto + strip`.
    pub name: String,
    /// Settings on top of the base profile: key and value. A setting that isn't mentioned is the base profile's.
    pub settings: BTreeMap<String, toml::Value>,
    /// What takes the place of the caller's `--features`, `--no-default-features`, and `--all-features`.
    pub features: Option<Vec<OsString>>,
    /// Further arguments of Cargo, such as `--config build.rustflags=[…]`.
    pub args: Vec<OsString>,
    /// Changes to the environment of Cargo.
    pub env: BTreeMap<OsString, Option<OsString>>,
    /// The dependency whose default features are taken out.
    pub edit: Option<Edit>,
    /// A digest of what this build reads and the base build may not, such as a module that only a feature has.
    pub inputs: String,
}

/// What was measured of a build.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The size of the executable.
    pub bytes: u64,
    /// Wall seconds of rustc for the program and everything that is linked into it, if they are known.
    pub seconds: Option<f64>,
    /// Instructions of one run, where they were asked for and could be counted.
    pub instructions: Option<u64>,
    /// The executable.
    pub executable: PathBuf,
    /// The libraries that were compiled for it, where a dependency's features were taken out.
    pub packages: Vec<Compiled>,
}

/// Why a build failed.
#[derive(Clone, Debug)]
pub struct Refused {
    /// One line.
    pub reason: String,
    /// Whose fault it is, with Cargo's and rustc's words, whole.
    pub failure: Failure,
}

/// What came of a build. One that fails is a row of a table, not the end of the others.
pub type Outcome = Result<Fact, Refused>;

/// What is kept of a build.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    bytes: u64,
    seconds: Option<f64>,
    /// Seconds from the start of Cargo to the end of all measuring.
    took: f64,
    /// Instructions by the digest of the workload; nothing where they could not be counted.
    instructions: BTreeMap<String, Option<u64>>,
    executable: PathBuf,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    packages: Vec<Compiled>,
}

/// All builds of one program, and what is known of them.
#[derive(Debug)]
pub struct Bench<'a> {
    subject: &'a Subject,
    program: &'a Program,
    /// The base profile, as Cargo is told.
    base: String,
    /// The digest of the base profile and of what the caller has Cargo build, such as features: facts about one are none about
    /// another.
    setup: String,
    folder: PathBuf,
    counter: Option<Counter>,
    /// The digest of the workload.
    workload: String,
    /// What the facts depend on.
    identity: String,
    /// The libraries that were compiled for the base build.
    packages: Vec<Compiled>,
    facts: Mutex<BTreeMap<String, Kept>>,
    /// Held as long as this is in use: another process waits.
    _lock: File,
}

impl<'a> Bench<'a> {
    /// Builds the program with the base profile, unless Cargo has nothing to do, and takes up what was measured before. `base` is
    /// the profile's name as Cargo is told; the workload's instructions are counted where valgrind is installed.
    ///
    /// # Errors
    /// When the base build fails, or the workload's run doesn't end by itself.
    pub fn open(subject: &'a Subject, program: &'a Program, base: &str, workload: Option<Workload>) -> Result<Self> {
        let folder = subject.out_dir.join("size-workshop").join("builds").join(program.target.stem());
        let lock = lock(&folder, &program.name)?;
        let digest = workload
            .as_ref()
            .map(|workload| store::digest(&[format!("{:?} {}", workload.args, workload.cwd.display()).as_bytes()]));
        let mut bench = Self {
            subject,
            program,
            base: base.to_owned(),
            setup: store::digest(&[base.as_bytes(), format!("{:?}", subject.extra).as_bytes()]),
            folder,
            counter: None,
            workload: digest.unwrap_or_default(),
            identity: String::new(),
            packages: Vec::new(),
            facts: Mutex::default(),
            _lock: lock,
        };
        let began = Instant::now();
        let (made, packages) = bench.build(&Variant::default(), 0)?.map_err(|refused| refused.failure)?;
        bench.identity = store::key(&[bench.setup.as_bytes(), format!("{:?}", stamp(&made.path)?).as_bytes()]);
        if let Some(workload) = workload {
            bench.counter = Counter::new(workload, &made.path)?;
        }
        let facts: BTreeMap<String, Kept> = store::load(&bench.file(), &bench.identity).unwrap_or_default();
        *locked(&bench.facts) = facts;
        bench.first(&made, began)?;
        bench.packages = packages;
        proc::say_when_interrupted("interrupted: what's measured is kept; run the same command again to resume");
        Ok(bench)
    }

    /// What the program is part of.
    pub fn subject(&self) -> &'a Subject {
        self.subject
    }

    /// Whether instructions are counted: a workload was given, and valgrind is installed.
    pub fn counts(&self) -> bool {
        self.counter.is_some()
    }

    /// The libraries that were compiled for the base build.
    pub fn packages(&self) -> &[Compiled] {
        &self.packages
    }

    /// The base build.
    ///
    /// # Errors
    /// Never, once it was opened.
    pub fn base(&self) -> Result<Fact> {
        self.known(&Variant::default()).context("the base build is measured first")
    }

    /// What is known of a build, without building.
    pub fn known(&self, variant: &Variant) -> Option<Fact> {
        let facts = locked(&self.facts);
        // An executable that was removed is made again.
        let kept = facts.get(&key(variant)).filter(|kept| kept.executable.is_file())?;
        let Kept { bytes, seconds, instructions, executable, packages, took: _ } = kept;
        let instructions = match &self.counter {
            Some(_) => *instructions.get(&self.workload)?,
            None => None,
        };
        Some(Fact {
            bytes: *bytes,
            seconds: *seconds,
            instructions,
            executable: executable.clone(),
            packages: packages.clone(),
        })
    }

    /// Measures builds side by side, each one once: what is known isn't built again. Says before how many there are and about how
    /// long they take. The outcomes are in the order of the variants.
    ///
    /// # Errors
    /// When Cargo can't be started, or the disk is full. A build that fails is an outcome.
    pub fn measure(&self, variants: &[Variant], jobs: Option<usize>) -> Result<Vec<Outcome>> {
        let mut open: BTreeMap<String, &Variant> = BTreeMap::new();
        for variant in variants.iter().filter(|variant| self.known(variant).is_none()) {
            open.entry(key(variant)).or_insert(variant);
        }
        let jobs = jobs.unwrap_or_else(groups::at_once).min(open.len()).max(1);
        let refused = match open.len() {
            0 => BTreeMap::new(),
            _ => {
                // In the caller's order, which may have a reason.
                let open: Vec<(String, &Variant)> = variants
                    .iter()
                    .filter_map(|variant| open.remove(&key(variant)).map(|variant| (key(variant), variant)))
                    .collect();
                self.announce(variants, &open, jobs);
                self.build_all(open, jobs)?
            }
        };
        let outcome = |variant: &Variant| match self.known(variant) {
            Some(fact) => Ok(Ok(fact)),
            None => refused.get(&key(variant)).cloned().map(Err).context("a build has no outcome"),
        };
        variants.iter().map(outcome).collect()
    }

    /// Says how many builds there are, and about how long they take.
    fn announce(&self, variants: &[Variant], open: &[(String, &Variant)], jobs: usize) {
        let base = Variant::default();
        let measured: Vec<(Lto, f64)> = {
            let facts = locked(&self.facts);
            // Where Cargo had nothing to do for a build, the compiler's own time is what is left of it.
            let time = |kept: &Kept| kept.took.max(kept.seconds.unwrap_or(0.0) / groups::cores() as f64);
            let all = variants.iter().chain([&base]).filter_map(|variant| Some((variant, facts.get(&key(variant))?)));
            all.map(|(variant, kept)| (Lto::of(variant), time(kept))).collect()
        };
        let kinds: Vec<Lto> = open.iter().map(|(_, variant)| Lto::of(variant)).collect();
        let time = Estimate::of(&measured, &kinds).words(jobs);
        let at_once = if jobs > 1 { format!(", {jobs} at once") } else { String::new() };
        let known = variants.iter().filter(|variant| self.known(variant).is_some()).count();
        // The base build is always known by now: it alone is nothing to go on from.
        let is_resumed = known > usize::from(variants.iter().any(|variant| key(variant) == key(&base)));
        let builds = match is_resumed {
            true => format!("{known} of {} measured before, {} to go", plural(known + open.len(), "build"), open.len()),
            false => plural(open.len(), "build"),
        };
        output::note(&format!("{builds}{at_once}: {time}"));
    }

    /// Builds and measures; returns what failed.
    fn build_all(&self, open: Vec<(String, &Variant)>, jobs: usize) -> Result<BTreeMap<String, Refused>> {
        #[derive(Default)]
        struct Shared {
            groups: Groups,
            refused: BTreeMap<String, Refused>,
            failed: Option<anyhow::Error>,
        }
        let threads = groups::threads_each(jobs);
        let keeps_artifacts = self.has_room_for(open.len());
        let progress = Progress::of(open.len(), "builds", jobs);
        let mut shared = Shared::default();
        // The base build has left its proc macros and build scripts for those that are like it.
        shared.groups.end("", &group(&Variant::default()), true);
        let (queue, shared) = (Queue::new(open), Mutex::new(shared));
        let work = || {
            while let Some((key, variant)) =
                queue.next_where(|(key, variant)| locked(&shared).groups.begin(key, &group(variant)))
            {
                let result = self.one(&key, variant, threads);
                {
                    let mut shared = locked(&shared);
                    let is_first = shared.groups.end(&key, &group(variant), matches!(result, Ok(Ok(_))));
                    if !keeps_artifacts && !is_first {
                        // What can't be removed takes room, no more.
                        let _ = fs::remove_dir_all(self.target().join(self.profile(&key)));
                    }
                    match result {
                        Ok(Ok(bytes)) => {
                            progress.finished(&format!("built {}: {} bytes", variant.name, thousands(bytes)));
                        }
                        Ok(Err(refused)) => {
                            progress.finished(&format!("{} doesn't build: {}", variant.name, refused.reason));
                            shared.refused.insert(key, refused);
                        }
                        Err(error) => {
                            shared.failed.get_or_insert(error);
                            queue.stop();
                        }
                    }
                }
                queue.look_again();
            }
        };
        thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(work);
            }
        });
        drop(progress);
        let Shared { refused, failed, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(refused), Err)
    }

    /// Whether the artifacts of so many builds may stay on the disk, where they make the same builds after the next change of the
    /// sources faster: they take at most a quarter of what is free.
    fn has_room_for(&self, builds: usize) -> bool {
        let base = self.target().join(self.profile(&key(&Variant::default())));
        let bytes = |file: PathBuf| base.join(file).metadata().map_or(0, |metadata| metadata.len());
        let each: u64 = files::files(&base).unwrap_or_default().into_iter().map(bytes).sum();
        let fits = files::free(&self.folder).is_none_or(|free| each.saturating_mul(builds as u64) < free / 4);
        if !fits {
            let each = thousands(each >> 20);
            output::note(&format!(
                "each build takes {each} MiB on the disk: its files are removed once it is measured"
            ));
        }
        fits
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Builds one, measures it, and keeps what was found.
    fn one(&self, key: &str, variant: &Variant, threads: usize) -> Result<Result<u64, Refused>> {
        let began = Instant::now();
        let (made, packages) = match self.build(variant, threads)? {
            Ok(built) => built,
            Err(refused) if !files::has_room(&self.folder) => bail!(refused.failure),
            Err(refused) => return Ok(Err(Refused::new(refused))),
        };
        let packages = if variant.edit.is_some() { packages } else { Vec::new() };
        self.keep(key.to_owned(), &made, packages, began).map(Ok)
    }

    /// The name of a build's profile: of the same length for all, because paths with it are in some programs.
    fn profile(&self, key: &str) -> String {
        format!("weigh-{}", &store::digest(&[self.setup.as_bytes(), key.as_bytes()])[..12])
    }

    /// The base build: its number of instructions is counted each time, because what the run reads may have changed. Then no
    /// earlier number belongs to this run.
    fn first(&self, made: &Made, began: Instant) -> Result<()> {
        let key = key(&Variant::default());
        let before = locked(&self.facts).get(&key).cloned();
        let counted = before.as_ref().and_then(|kept| *kept.instructions.get(&self.workload)?);
        if before.is_some() && self.counter.is_none() {
            return Ok(());
        }
        if let (Some(before), Some(counter)) = (counted, &self.counter) {
            let now = counter.count(&made.path).unwrap_or(0);
            // Seeds of hash maps and addresses differ from run to run, by less than this.
            if now.abs_diff(before) * 100 <= before {
                return Ok(());
            }
            for kept in locked(&self.facts).values_mut() {
                kept.instructions.remove(&self.workload);
            }
        }
        self.keep(key, made, Vec::new(), began).map(drop)
    }

    /// Measures an executable, and writes down what was found.
    fn keep(&self, key: String, made: &Made, packages: Vec<Compiled>, began: Instant) -> Result<u64> {
        let path = &made.path;
        let before = stamp(path)?;
        let bytes = binary::read(path)?.bytes;
        let target = self.target();
        let seconds = record::seconds_of(&made.source, &target, &target);
        let counted = self.counter.as_ref().map(|counter| (self.workload.clone(), counter.count(path)));
        if stamp(path)? != before {
            let message = format!("{} changed while it was measured", path.display());
            bail!(
                Failure::new(Exit::Environment, message)
                    .help("another process is building in this folder: wait until it finishes, then try again")
            );
        }
        let mut facts = locked(&self.facts);
        let earlier = facts.remove(&key);
        // A build that was done before takes no time now.
        let took = earlier.as_ref().map_or(0.0, |kept| kept.took).max(began.elapsed().as_secs_f64());
        let mut instructions = earlier.map(|kept| kept.instructions).unwrap_or_default();
        instructions.extend(counted);
        facts.insert(key, Kept { bytes, seconds, took, instructions, executable: path.to_owned(), packages });
        // Within the lock: the file never loses what another thread has just found.
        store::save(&self.file(), &self.identity, &*facts)?;
        Ok(bytes)
    }

    fn file(&self) -> PathBuf {
        self.folder.join(format!("{}.facts.json", &self.setup[..12]))
    }

    /// Calls Cargo for one variant: the file that is measured, and the libraries that were compiled for it.
    fn build(&self, variant: &Variant, threads: usize) -> Result<Result<(Made, Vec<Compiled>), cargo::Refused>> {
        let Self { subject, program, base, folder, .. } = self;
        let profile = self.profile(&key(variant));
        let target = self.target();
        let mut cargo = subject.cargo.clone();
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target.clone().into()));
        cargo.env.extend(variant.env.clone());
        let mut extra = match &variant.features {
            None => subject.extra.clone(),
            Some(features) => [without_features(&subject.extra), features.clone()].concat(),
        };
        let mut set = |key: &str, value: &str| {
            extra.extend(["--config".into(), OsString::from(format!("profile.{profile}.{key}={value}"))]);
        };
        set("inherits", &toml::Value::from(base.as_str()).to_string());
        // What is the base profile's isn't mentioned: even a default that is spelled out gives a crate another hash.
        variant.settings.iter().for_each(|(key, value)| set(key, &value.to_string()));
        extra.extend(variant.args.clone());
        if threads > 0 {
            extra.extend(["--jobs".into(), threads.to_string().into()]);
        }
        let (manifest, package) = match &variant.edit {
            None => (subject.manifest.clone(), program.package.clone()),
            Some(edit) => match tree::make(&cargo, edit, &folder.join("trees")) {
                Ok(Tree { manifest, package }) => (Some(manifest), package),
                Err(error) => return Ok(Err(refused(&error))),
            },
        };
        let built = cargo.try_build(&Build {
            manifest,
            profile,
            packages: vec![package.clone()],
            targets: vec![program.target.clone()],
            extra,
            target_dir: Some(target.clone()),
            record: Some(target.clone()),
            timeout: None,
        })?;
        let built = match built {
            Ok(built) => built,
            Err(refused) => return Ok(Err(refused)),
        };
        let program = Program {
            name: program.name.clone(),
            target: program.target.clone(),
            package,
            package_name: program.package_name.clone(),
            expectation: Expectation::NotChecked,
        };
        // A library may export nothing any more.
        Ok(subject.made(&program, &built, &target).map(|made| (made, built.packages)).map_err(|error| refused(&error)))
    }
}

/// An error that only this build has.
fn refused(error: &anyhow::Error) -> cargo::Refused {
    cargo::Refused { failure: failure_of(error), ended: None }
}

impl Refused {
    fn new(refused: cargo::Refused) -> Self {
        Self { reason: reason(&refused.failure.message), failure: refused.failure }
    }
}

/// The first error of a build's words, on one line.
pub(crate) fn reason(words: &str) -> String {
    let is_error = |line: &&str| line.starts_with("error") && !line.starts_with("error: could not compile");
    let error = words.lines().find(is_error).or_else(|| words.lines().find(|line| line.starts_with("error")));
    let error = error.unwrap_or_else(|| words.lines().next_back().unwrap_or_default());
    let text = error.split_once(": ").map_or(error, |(_, text)| text);
    // A process that was ended by a signal has often said nothing.
    text.trim().trim_end_matches(':').trim_end_matches('.').to_owned()
}

/// Waits until no other process builds for this program.
fn lock(folder: &Path, program: &str) -> Result<File> {
    fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| format!("can't write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {
            output::note(&format!("another process is measuring builds of {program}: waiting until it's done"));
            file.lock()
        }
        // A file system without locks: two processes at once would only do some work twice.
        Err(TryLockError::Error(_)) => return Ok(file),
    }
    .with_context(|| format!("can't lock {}", path.display()))?;
    Ok(file)
}

fn stamp(path: &Path) -> Result<Stamp> {
    Stamp::of(path).with_context(|| format!("can't read {}", path.display()))
}

/// The digest of everything in which a variant differs from the base build.
fn key(variant: &Variant) -> String {
    let Variant { name: _, settings, features, args, env, edit, inputs } = variant;
    let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    store::digest(&[format!("{settings:?} {features:?} {args:?} {env:?} {edit:?} {inputs}").as_bytes()])
}

/// Builds of one group share their proc macros and build scripts.
fn group(variant: &Variant) -> String {
    let Variant { name: _, settings, features: _, args, env, edit: _, inputs: _ } = variant;
    let settings = settings.iter().filter(|(key, _)| !ONLY_LINKED.contains(&key.as_str()));
    let settings: Vec<String> = settings.map(|(key, value)| format!("{key}={value}")).collect();
    format!("{settings:?} {args:?} {env:?}")
}

/// Cargo's arguments without those that choose features.
pub(crate) fn without_features(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.iter();
    let mut kept = Vec::new();
    while let Some(arg) = args.next() {
        match arg.to_str() {
            Some("--features") => drop(args.next()),
            Some("--no-default-features" | "--all-features") => {}
            _ => kept.push(arg.clone()),
        }
    }
    kept
}

/// How long something takes, no more exactly than it can be known.
fn about(seconds: f64) -> String {
    match seconds {
        ..90.0 => format!("about {} s", thousands((seconds / 5.0).ceil().max(1.0) as u64 * 5)),
        _ => format!("about {} min", thousands((seconds / 60.0).round() as u64)),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(settings: &[(&str, toml::Value)]) -> Variant {
        let settings = settings.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect();
        Variant { settings, ..Variant::default() }
    }

    #[test]
    fn a_name_is_no_part_of_what_a_build_is() {
        let one = variant(&[("lto", true.into())]);
        assert_eq!(key(&one), key(&Variant { name: "lto".to_owned(), ..one.clone() }));
        assert_ne!(key(&one), key(&variant(&[("lto", "true".into())])), "Cargo may read them differently");
        assert_ne!(key(&one), key(&Variant { args: vec!["-v".into()], ..one.clone() }));
        assert_ne!(key(&one), key(&Variant { features: Some(Vec::new()), ..one.clone() }), "none is not the caller's");
    }

    #[test]
    fn builds_share_what_runs_at_build_time_unless_a_setting_reaches_it() {
        let base = group(&Variant::default());
        assert_eq!(group(&variant(&[("opt-level", "z".into()), ("panic", "abort".into())])), base);
        assert_ne!(group(&variant(&[("strip", true.into())])), base);
    }

    #[test]
    fn only_features_are_taken_out_of_the_arguments() {
        let args = ["--config", "a", "--features", "b", "--no-default-features", "--all-features", "--offline"];
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        assert_eq!(without_features(&args), ["--config", "a", "--offline"]);
    }

    #[test]
    fn the_reason_is_the_first_error_and_not_that_there_was_one() {
        let words = "`cargo build` failed (exit code 101):\nwarning: unused\nerror[E0432]: unresolved import `a::b`\n --> src/main.rs:1\nerror: could not compile `x` (bin \"x\") due to 1 previous error";
        assert_eq!(reason(words), "unresolved import `a::b`");
        assert_eq!(reason("error: could not compile `x`"), "could not compile `x`");
        assert_eq!(
            reason("`cargo build` failed (terminated by signal 9):\n"),
            "`cargo build` failed (terminated by signal 9)"
        );
    }

    #[test]
    fn times_are_rounded() {
        assert_eq!(about(0.4), "about 5 s");
        assert_eq!(about(61.0), "about 65 s");
        assert_eq!(about(130.0), "about 2 min");
    }
}
