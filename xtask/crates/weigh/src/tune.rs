//! The best profile for one program: a search over the settings that change a program's size, which builds a fifth of all their
//! combinations at most, counts the instructions of the user's own run, and writes the choice into the manifest if it is told to.

pub mod catching;
pub mod choice;
pub mod manifest;
pub mod point;
pub mod search;
mod trial;
mod write;

use crate::builds::{Bench, Fact};
use crate::inspect::percent;
use crate::inspect::whatif::workload;
use crate::options::{self, OnPanic, PlainFormat};
use crate::profiles::{Profiles, canonical};
use crate::report::tune as report;
use crate::subject::{Program, Subject};
use crate::workshop::Workshop;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::{self, plural, thousands};
use base::{caller, files, output};
use choice::{Found, Goal, front};
use point::{Panic, Point};
use search::{Measured, Space};
use std::path::PathBuf;
use std::thread;
use trial::Trial;

/// What came of a search. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The program.
    pub program: String,
    /// The arguments of the run.
    pub workload: Option<String>,
    /// Whether instructions were counted.
    pub counted: bool,
    /// The release build as it is.
    pub release: Release,
    /// What was looked for.
    pub goal: Goal,
    /// What was built.
    pub found: Vec<Found>,
    /// Which of these no other one beats.
    pub front: Vec<bool>,
    /// What doesn't build, and why.
    pub refused: Vec<(Point, String)>,
    /// The choice, by its index. It may be outside of the limits.
    pub chosen: Option<usize>,
    /// What the chosen profile sets on top of `release`, in the manifest's words.
    pub settings: Vec<(String, String)>,
    /// The number of combinations.
    pub possible: usize,
    /// The number of builds, with the release build.
    pub builds: usize,
    /// Where the crate relies on unwinding.
    pub unwinding: Vec<catching::Place>,
    /// What has to be in `.cargo/config.toml` for packed relocations.
    pub packing: String,
    /// It is someone's own crate, whose manifest can be written.
    pub foreign: bool,
    /// What was written.
    pub written: Option<Written>,
}

/// The release build as it is: with the crate's own settings, and with its symbols.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The size of the executable.
    pub bytes: u64,
    /// Instructions of the run.
    pub instructions: Option<u64>,
    /// Seconds of rustc.
    pub seconds: Option<f64>,
    /// What it does at a panic.
    pub panic: Panic,
}

/// A manifest that was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The manifest.
    pub manifest: PathBuf,
    /// The profile.
    pub profile: String,
    /// The size that `cargo build --profile` then gave.
    pub bytes: u64,
}

impl Tuned {
    /// The choice.
    pub fn choice(&self) -> Option<&Found> {
        self.chosen.map(|index| &self.found[index])
    }

    /// The choice, if it is within the limits.
    pub fn met(&self) -> Option<&Found> {
        self.choice().filter(|found| self.goal.excess(found) == 0.0)
    }

    /// The smallest build that does what it should, of those that a closure lets through.
    pub fn smallest(&self, of: impl Fn(Point) -> bool) -> Option<usize> {
        let right = self.found.iter().enumerate().filter(|(_, found)| found.wrong.is_none() && of(found.point));
        right.min_by_key(|(_, found)| (found.bytes, found.point.changes())).map(|(index, _)| index)
    }
}

/// Runs `tune`.
///
/// # Errors
/// When something cannot be built, read, or written. That no build is within the limits is an exit code.
pub fn run(options: &options::Tune) -> Result<Exit> {
    let options::Tune { run, write, svg, format, subject: which, .. } = options;
    let limits = limits(options)?;
    let workshop = Workshop::of(which)?;
    let subject = Subject::find(&workshop, which, None)?;
    let program = subject.only(|names| format!("there are several programs: {names}"))?;
    let workload = workload(&subject, program, run.as_deref())?;
    for (option, is_given) in [("--max-slowdown", limits.0.is_some()), ("--svg", svg.is_some())] {
        if is_given && workload.is_none() {
            let message = format!("{option} needs a run whose instructions are counted");
            let help = "pass the program's arguments: --run \"ARGS\" (--run \"\" for no arguments)";
            bail!(Failure::new(Exit::Usage, message).help(help));
        }
    }
    if let Some(name) = write {
        write::check(&subject, name)?;
    }
    let bench = Bench::open(&subject, program, "release", workload.clone())?;
    if !bench.counts() && (limits.0.is_some() || svg.is_some()) {
        bail!(
            Failure::new(Exit::Environment, "instructions can't be counted: valgrind isn't installed")
                .help("install it (Debian, Ubuntu: apt install valgrind), or leave --max-slowdown and --svg out")
        );
    }
    let trial = Trial::new(&subject, &bench, workload, release_profiles(&subject))?;
    let mut tuned = tuned(options, limits, &bench, &trial)?;
    tuned.program.clone_from(&program.name);
    tuned.unwinding = catching::places(&folder(&workshop, &subject, program));
    let exit = write_if_told(&subject, program, &trial, &mut tuned, write.as_deref())?;
    if let Some(file) = svg {
        files::write_atomic(file, report::picture(&tuned).as_bytes())?;
        output::note(&format!("wrote {}", file.display()));
    }
    output::data(&match format {
        PlainFormat::Text => report::text(&tuned, output::width()),
        PlainFormat::Json => report::json(&tuned)?,
    })?;
    Ok(exit)
}

/// Searches, and chooses.
fn tuned(options: &options::Tune, limits: Limits, bench: &Bench<'_>, trial: &Trial<'_>) -> Result<Tuned> {
    let options::Tune { packed_relocations, panic, jobs, .. } = options;
    let profiles = trial.release();
    let Fact { bytes, seconds, instructions, .. } = bench.base()?;
    let release = Release { bytes, instructions, seconds, panic: panic_of(profiles) };
    let space = Space { panic: release.panic, units: has_free_units(profiles), packed: trial.packs() };
    let (max_slowdown, max_bytes) = limits;
    let goal = Goal {
        release_instructions: instructions,
        max_slowdown,
        max_bytes,
        abort: release.panic == Panic::Abort || *panic == Some(OnPanic::Abort),
        packed: *packed_relocations,
    };
    if *packed_relocations && !space.packed {
        output::note(
            "--packed-relocations: the linker or the system here doesn't support them, so the search leaves them out",
        );
    }
    announce(space, seconds);
    let Measured { found, refused } =
        search::search(space, goal, 1, &mut |points| trial.measure(points, jobs.map(usize::from)))?;
    let chosen = goal.best(&found);
    let settings = chosen.map(|index| manifest::on_top_of_release(profiles, &found[index].point.settings()));
    Ok(Tuned {
        program: String::new(),
        workload: trial.line(),
        counted: bench.counts(),
        release,
        goal,
        front: front(&found),
        chosen,
        settings: manifest::in_order(&settings.unwrap_or_default()),
        possible: space.size(),
        builds: found.len() + refused.len() + 1,
        found,
        refused,
        unwinding: Vec::new(),
        packing: trial.packing(),
        foreign: options.subject.is_foreign(),
        written: None,
    })
}

/// The largest slowdown in percent, and the largest size.
type Limits = (Option<f64>, Option<u64>);

/// The limits as numbers.
fn limits(options: &options::Tune) -> Result<Limits> {
    let help = "write a percentage, such as `--max-slowdown 10%`; 0 allows no slowdown at all";
    let slowdown = options.max_slowdown.as_deref().map(|text| percent("--max-slowdown", text, help)).transpose()?;
    let bytes = options.max_bytes.as_deref().map(numbers::parse_bytes).transpose().map_err(|what| {
        Failure::new(Exit::Usage, format!("--max-bytes: {what}")).help("write a size, such as `--max-bytes 300KiB`")
    })?;
    Ok((slowdown, bytes))
}

/// The profiles whose `release` the builds begin with.
fn release_profiles(subject: &Subject) -> &Profiles {
    if subject.foreign { &subject.own.profiles } else { &subject.profiles }
}

/// What the release profile does at a panic.
fn panic_of(profiles: &Profiles) -> Panic {
    match profiles.value("release", "panic") {
        Some(value) if canonical("panic", &value) == "abort" => Panic::Abort,
        _ => Panic::Unwind,
    }
}

/// Whether there is a number of codegen units to choose from: not where the release profile has one already.
fn has_free_units(profiles: &Profiles) -> bool {
    let set = profiles.table("release").and_then(|release| release.get("codegen-units"));
    set.and_then(toml::Value::as_integer) != Some(1)
}

/// The folder of the package's sources.
fn folder(workshop: &Workshop, subject: &Subject, program: &Program) -> PathBuf {
    match &subject.manifest {
        None => workshop.root.join(&program.name),
        Some(manifest) => {
            let packages = subject.cargo.metadata(Some(manifest)).map(|metadata| metadata.packages).unwrap_or_default();
            let package = packages.into_iter().find(|package| package.id == program.package);
            let manifest = package.map_or_else(|| manifest.clone(), |package| package.manifest_path);
            manifest.parent().map(PathBuf::from).unwrap_or_default()
        }
    }
}

/// Says how much is to be done, and why that is enough.
fn announce(space: Space, seconds: Option<f64>) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    // The release build's time is processor time, more or less; builds with LTO take longer.
    let minutes = seconds.map(|seconds| seconds * 1.5 * space.most() as f64 / cores as f64 / 60.0);
    let time = match minutes {
        None => String::new(),
        Some(..1.0) => ", less than a minute".to_owned(),
        Some(minutes) => format!(", about {}", plural(minutes.ceil() as usize, "minute")),
    };
    output::note(&format!(
        "at most {} of {} possible builds{time}. That is enough because the settings barely depend on each other: first each \
         opt-level is built with LTO and one codegen unit, then other kinds of LTO for the best levels, then the neighbors of \
         the winner. `panic` and packed relocations save about the same in any combination, so they're built only for the winners",
        space.most(),
        thousands(space.size() as u64)
    ));
}

/// Writes the choice if it is within the limits, and says what isn't met.
fn write_if_told(
    subject: &Subject,
    program: &Program,
    trial: &Trial<'_>,
    tuned: &mut Tuned,
    profile: Option<&str>,
) -> Result<Exit> {
    let Some(chosen) = tuned.met().cloned() else {
        let what = match tuned.choice() {
            None => "no build behaves like the release build, or none succeeded".to_owned(),
            Some(nearest) => format!(
                "no build is within the limits; the nearest is {}: {}",
                nearest.point,
                report::measured(&tuned.release, nearest)
            ),
        };
        output::not_met(&what);
        return Ok(Exit::NotMet);
    };
    let Some(profile) = profile else { return Ok(Exit::Met) };
    let written = write::profile(subject, program, trial, &chosen, profile)?;
    let Some(written) = written else { return Ok(Exit::NotMet) };
    tuned.written = Some(written);
    Ok(Exit::Met)
}

/// The command that a person would type for this verb.
pub(crate) fn command() -> String {
    format!("{} tune", caller::name())
}
