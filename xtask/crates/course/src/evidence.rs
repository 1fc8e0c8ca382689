//! Makes the evidence that goals are judged by: builds the learner's files and the course's, runs both, reads both.
//! Nothing is judged here.
//!
//! The learner's builds go where their own `cargo build` puts them. All other builds have their own folders below the
//! workshop's `target/check/`: no build ever meets the artifacts of other sources, which Cargo could take for fresh.

mod again;
mod attributes;
mod bench;
mod build_settings;
mod compiler;
mod course;
pub mod dependency_cache;
mod handed;
mod locked;
mod prepare;
mod program_copy;
mod reference;
pub mod safe;
mod work;

pub(crate) use again::{again, is_same};
pub use compiler::has_std_source;
pub use compiler::toolchain;
use course::with_pristine;
pub use course::{restored, solution_files, starter_files};
pub(crate) use handed::handed;
pub use reference::is_ended;

use crate::diagnostic::Diagnostic;
use crate::exercise::kinds;
use crate::exercise::{Exercise, Tree, inputs};
use crate::learner_manifest::Manifest;
use anyhow::Result;
use base::files;
use base::proc::Status;
use base::proc::sandbox::Sandbox;
use bench::{Room, room};
use compiler::version;
use prepare::prepare;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
use weigh::cargo::{Cargo, Compiled};
use weigh::measure::linking::Linking;
use weigh::measure::work::{Race, Work};
use weigh::measure::{Limits, Run, binary, code};

/// What is in the files that learners edit, by their paths below the exercise's folder.
pub type Edits = Vec<(String, Vec<u8>)>;

/// Whose files are judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The learner's, in their folder.
    Learner,
    /// Other contents for the files that the exercise lets the learner edit, under a name for their folder.
    Other(String, Edits),
}

/// What is known about the builds of an exercise.
#[derive(Debug, Default)]
pub struct Evidence {
    /// The release of rustc.
    pub toolchain: String,
    /// The release that the workshop is pinned to, if it is.
    pub(crate) pinned: Option<String>,
    /// The target triple.
    pub target: String,
    /// Every target that rustc knows, where a goal is about a saved baseline.
    pub(crate) targets: BTreeSet<String>,
    /// Each build that was asked for, by its name.
    pub builds: BTreeMap<String, Attempt>,
    /// What the inputs that are unknown beforehand are made from; none for a learner's own check.
    pub(crate) hidden: Option<String>,
    /// What counts instructions here; none if no goal is about speed, or if nothing can count them.
    pub(crate) counter: Option<String>,
    /// What the learner's sources pass to the linker, beyond what the course's own do; only checked where work is graded.
    pub(crate) handed: Vec<String>,
    /// What was compared by time, by the goal's name.
    pub(crate) races: BTreeMap<String, Race>,
    /// What was set aside while these builds were made, or could not be, and isn't known before: a warning for each.
    pub(crate) aside: Vec<Diagnostic>,
}

/// How a build went.
#[derive(Clone, Debug)]
pub enum Attempt {
    /// It succeeded.
    Built(Box<Built>),
    /// It failed, with Cargo's or rustc's words.
    Failed(Box<Diagnostic>),
}

/// A successful build.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Built {
    /// The executable.
    pub(crate) executable: PathBuf,
    /// Bytes of its file.
    pub bytes: u64,
    /// Bytes of its parts.
    pub sections: Vec<binary::Section>,
    /// Bytes of code of each crate, the largest first; empty if the file has no symbols.
    pub(crate) crates: Vec<(String, u64)>,
    /// Bytes of code of each group that a goal names, by the group's members; `None` if the file has no symbols.
    pub(crate) groups: BTreeMap<String, Option<u64>>,
    /// The program's own functions, where a goal asks who called one: address from where the program is loaded, bytes,
    /// name. Empty if the file has no symbols.
    pub(crate) functions: Vec<(u64, u64, String)>,
    /// The runs of the goals that need some, by the goal's name.
    pub runs: BTreeMap<String, Vec<Run>>,
    /// The work of the runs of the speed goals, by the goal's name.
    #[serde(default)]
    pub work: BTreeMap<String, Work>,
    /// For the goals that start the program under another name: where it has that name.
    pub(crate) called: BTreeMap<String, PathBuf>,
    /// Wall seconds of the build.
    pub(crate) seconds: f64,
    /// Seconds of processor time that it took.
    #[serde(default)]
    pub cpu_seconds: f64,
    /// Cargo had nothing to do.
    pub(crate) fresh: bool,
    /// The settings that rustc gets, by Cargo's own answer; `None` if it could not be had.
    pub(crate) rustc: Option<BTreeMap<String, String>>,
    /// The same for every crate that is linked into it, where a goal is about its profile.
    #[serde(default)]
    pub(crate) linked: Vec<Linked>,
    /// What Cargo and rustc warned about.
    pub(crate) warnings: Vec<String>,
    /// What the file needs from the system that starts it.
    pub(crate) linking: Linking,
    /// Its machine code, wherever it is in the file, and what is odd about the file.
    pub(crate) code: code::Code,
    /// Bytes of a container image that contains only this file, as it is pulled, where a goal needs them; `None` also if it
    /// couldn't start there.
    pub(crate) image: Option<u64>,
    /// The packages that were compiled for it, with their features; not the program's own.
    pub(crate) packages: Vec<Compiled>,
}

/// A crate that is linked into a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Linked {
    /// Its package.
    pub(crate) package: String,
    /// The package's version.
    pub(crate) version: String,
    /// The settings that rustc gets.
    pub(crate) rustc: BTreeMap<String, String>,
}

impl Attempt {
    /// It was ended because its time was up.
    fn is_endless(&self) -> bool {
        matches!(self, Self::Failed(problem) if matches!(problem.ended, Some(Status::TimedOut | Status::Waited(_))))
    }
}

impl Evidence {
    /// The build with this name; `None` if it failed, or wasn't requested.
    pub fn built(&self, name: &str) -> Option<&Built> {
        match self.builds.get(name)? {
            Attempt::Built(built) => Some(built),
            Attempt::Failed(_) => None,
        }
    }
}

impl Evidence {
    /// What is odd about a learner's files and the programs that were built from them, a sentence for each: what compilers and
    /// linkers don't usually make, and the course's own builds don't have; what none of the course's sources pass to the
    /// linker.
    pub fn unusual(&self, exercise: &Exercise) -> Vec<String> {
        let of = |tree: Tree| {
            let is_of = move |name: &&String| exercise.build(name).tree == tree;
            self.builds.keys().filter(is_of).filter_map(|name| Some((name, &self.built(name)?.code)))
        };
        let usual: BTreeSet<&str> =
            of(Tree::Starter).flat_map(|(_, code)| &code.odd).map(|odd| odd.what.as_str()).collect();
        let powers: BTreeSet<&String> = of(Tree::Starter).flat_map(|(_, code)| &code.powers).collect();
        // What the standard library needs is only known from the course's own build. And where no source is a learner's,
        // there is no one who could have added a call.
        let compares = !powers.is_empty() && exercise.edits().any(|path| path.ends_with(".rs"));
        let tell = |(name, code): (&String, &code::Code)| {
            let mut odd: Vec<String> =
                code.odd.iter().filter(|odd| !usual.contains(odd.what.as_str())).map(told).collect();
            let new = code.powers.iter().filter(|power| compares && !powers.contains(power));
            odd.extend(new.map(|power| format!("a call of C's `{power}`")));
            let more = odd.len().saturating_sub(MOST_ODD);
            odd.truncate(MOST_ODD);
            odd.extend((more > 0).then(|| format!("{more} more")));
            (!odd.is_empty()).then(|| {
                format!(
                    "the `{name}` executable has {}: no ordinary build of this exercise does; find out why",
                    odd.join(", ")
                )
            })
        };
        of(Tree::Learner).filter_map(tell).chain(self.handed.iter().cloned()).collect()
    }
}

/// How many odd things are reported for one program.
const MOST_ODD: usize = 8;

fn told(code::Odd { what, detail }: &code::Odd) -> String {
    if detail.is_empty() { what.clone() } else { format!("{what} ({detail})") }
}

impl Built {
    /// Bytes of a section; of the whole file for `None`. Names are ELF's: what is `.text` there is `__text` on macOS,
    /// in the segment `__TEXT`.
    pub(crate) fn part(&self, section: Option<&str>) -> Option<u64> {
        let Some(name) = section else { return Some(self.bytes) };
        let is_it = |other: &str| {
            let plain = |name: &str| name.trim_start_matches(['.', '_']).to_owned();
            let other = other.split_once(',').map_or(other, |(_, section)| section);
            other == name || other.starts_with("__") && plain(other) == plain(name)
        };
        self.sections.iter().find(|section| is_it(&section.name)).map(|section| section.bytes)
    }
}

/// The key of a group in `Built::groups`.
pub(crate) fn group_key(group: &[String]) -> String {
    group.join(" ")
}

/// Inputs of a graded run that its author could not know.
const HIDDEN_CASES: u32 = 3;

/// The inputs of an output goal: made from a seed, then the fixed inputs, then one of each shape of the program's interface.
/// A graded submission gets different inputs of each shape, made from its own seed; a few more from the templates; and an
/// empty input.
pub fn inputs_of(exercise: &Exercise, goal: &str, output: &kinds::Output, hidden: Option<&str>) -> Vec<inputs::Input> {
    let args: Vec<&str> = output.args.iter().map(|template| template.get_ref().as_str()).collect();
    let stdin = output.stdin.as_ref().map(|template| template.get_ref().as_str());
    let seed = inputs::seed(&format!("{} {goal}", exercise.id));
    let called = output.called.as_ref().map(|name| name.get_ref().as_str());
    let mut made = inputs::make(&args, stdin, output.cases, seed);
    made.extend(output.fixed.iter().map(inputs::Input::from));
    let own = hidden.map_or(seed, |hidden| inputs::seed(&format!("{} {goal} {hidden}", exercise.id)));
    if hidden.is_some() {
        made.extend(inputs::make(&args, stdin, if output.cases > 0 { HIDDEN_CASES } else { 0 }, own));
        made.push(inputs::Input::default());
    }
    let called_so = called.map(|name| inputs::Called { name: name.to_owned(), argv0: None });
    made.iter_mut().for_each(|input| input.called.clone_from(&called_so));
    made.extend(output.interface.iter().flat_map(|interface| interface.make(called, own)));
    made
}

/// What a run may use.
pub(crate) fn limits(exercise: &Exercise) -> Limits {
    Limits { time: Duration::from_secs(exercise.data.run_seconds), output: exercise.data.output_bytes }
}

/// Something to show while builds run.
pub(crate) trait Watcher: Sync {
    /// A build begins.
    fn began(&self, build: &str);
    /// A build is over.
    fn ended(&self, build: &str, attempt: &Attempt);
}

/// What is to be built.
pub(crate) struct Request<'a> {
    /// The workshop's folder.
    pub(crate) root: &'a Path,
    /// The exercise.
    pub(crate) exercise: &'a Exercise,
    /// Whose files.
    pub(crate) whose: &'a Whose,
    /// Their manifest.
    pub(crate) manifest: &'a Manifest,
    /// What is known to be set aside, so that it overrides nothing: a warning for each.
    pub(crate) aside: &'a [Diagnostic],
    /// The names of the builds.
    pub(crate) builds: &'a BTreeSet<String>,
    /// How untrusted files are built and run; none for a learner's own check.
    pub(crate) grading: Option<&'a Grading>,
}

/// How untrusted files are built and run.
#[derive(Clone, Debug)]
pub struct Grading {
    /// The folder for everything that is built, which a build box sees as its own.
    pub base: PathBuf,
    /// The box for builds, and the box for runs; none if that was requested.
    pub boxes: Option<(Arc<Sandbox>, Arc<Sandbox>)>,
    /// What hidden inputs are made from.
    pub hidden: String,
    /// Compiled dependencies that all workers share; none where builds have no fixed paths.
    pub warm: Option<Arc<dependency_cache::Warm>>,
    /// The folder for what was found about the course's own builds, shared by all workers.
    pub common: PathBuf,
    /// What was found about the course's own builds before isn't taken for granted: they are run again.
    pub is_repeat: bool,
}

/// Builds what is requested, several builds at once where they don't share a folder.
///
/// # Errors
/// When the environment fails: no Cargo, a full disk, a folder that cannot be written. A build that Cargo or rustc
/// refuses is evidence.
pub(crate) fn collect(request: &Request<'_>, watcher: &dyn Watcher) -> Result<Evidence> {
    let Request { exercise, builds, .. } = request;
    let (bench, mut evidence) = prepare(request)?;
    let repeats = bench.repeats();
    // Builds that share a target folder run one after the other.
    let mut groups: BTreeMap<Room, Vec<&String>> = BTreeMap::new();
    for name in builds.iter().filter(|name| !repeats.contains_key(name)) {
        groups.entry(room(exercise, name)).or_default().push(name);
    }
    let places = groups.keys().map(|room| Ok((*room, bench.place(*room)?))).collect::<Result<BTreeMap<_, _>>>()?;
    let found: Mutex<Vec<(String, Result<Attempt>)>> = Mutex::default();
    thread::scope(|scope| {
        for (room, names) in &groups {
            let (bench, found, place) = (&bench, &found, &places[room]);
            scope.spawn(move || {
                for name in names {
                    watcher.began(name);
                    let attempt = bench.attempt(name, *room, place);
                    if let Ok(attempt) = &attempt {
                        watcher.ended(name, attempt);
                    }
                    let failed = attempt.is_err();
                    // Files that keep the compiler busy for ever do so in each build. They hold up a worker once.
                    let endless =
                        attempt.as_ref().ok().filter(|attempt| request.grading.is_some() && attempt.is_endless());
                    let rest = endless.map(|attempt| {
                        names
                            .iter()
                            .skip_while(|other| *other != name)
                            .skip(1)
                            .map(|other| ((*other).clone(), Ok(attempt.clone())))
                            .collect()
                    });
                    let is_over = failed || rest.is_some();
                    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                    found.extend(rest.unwrap_or_else(Vec::new));
                    found.push(((*name).clone(), attempt));
                    if is_over {
                        return;
                    }
                }
            });
        }
    });
    for (name, attempt) in found.into_inner().unwrap_or_else(PoisonError::into_inner) {
        evidence.builds.insert(name, attempt?);
    }
    evidence.races = bench.races(&evidence, &places.values().collect::<Vec<_>>())?;
    for (name, twin) in repeats {
        evidence.builds.extend(evidence.builds.get(twin).cloned().map(|attempt| (name.clone(), attempt)));
    }
    Ok(evidence)
}

/// The folder for the workshop's artifacts: `target`, or what `CARGO_TARGET_DIR` names.
pub fn target_folder(root: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

/// Makes sure that every crate that an exercise can need is on this machine, including crates that learners may choose, and
/// that Cargo.lock has a version of each. `files`: the files that learners edit; `folder`: for a copy of the exercise.
///
/// # Errors
/// When a crate is missing and cannot be had, or Cargo.lock would have to change: a `Failure` with Cargo's words.
pub fn fetch(exercise: &Exercise, files: &[(String, Vec<u8>)], folder: &Path, offline: bool) -> Result<()> {
    files::compose(folder, &with_pristine(exercise, files)?)?;
    let (mut cargo, _, _, host) = version(exercise)?;
    if !exercise.std_files().is_empty() {
        // The crates that std itself is made of. Cargo fetches them for a build that compiles std, and therefore for an
        // explicit target.
        cargo.args.extend(["-Z", "build-std", "--target", &host].map(OsString::from));
        cargo.env.insert("RUSTC_BOOTSTRAP".into(), Some("1".into()));
    }
    Cargo { cwd: folder.to_owned(), ..cargo }.fetch(&folder.join("Cargo.toml"), offline)
}
