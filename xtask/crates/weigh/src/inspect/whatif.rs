//! What each setting of a profile is worth: put in alone, taken out alone, and on average over all orders in which the
//! settings could be put in. Every combination is built, so the averages sum to the whole difference.

use super::probe::{self, Behaviour};
use crate::cargo::{Build, record};
use crate::measure::binary;
use crate::options::{self, PlainFormat};
use crate::profiles::{SETTINGS, canonical};
use crate::report::whatif as report;
use crate::subject::{Expectation, Program, Subject, split_words};
use crate::workshop::Workshop;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::thousands;
use base::output::{self, Progress};
use base::proc::{self, Call, Status};
use base::queue::side_by_side;
use base::store;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::UNIX_EPOCH;

/// The name of the file in which `cargo xtask what-if` leaves its result for each program.
pub const RESULT: &str = "what-if.json";

/// A profile, weighed. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The program.
    pub program: String,
    /// The profile.
    pub profile: String,
    /// Bytes with the default release profile.
    pub before_bytes: u64,
    /// Bytes with every setting.
    pub after_bytes: u64,
    /// Seconds of rustc with the default release profile, and with every setting.
    pub before_seconds: Option<f64>,
    /// Seconds of rustc with every setting.
    pub after_seconds: Option<f64>,
    /// Instructions of a run of the default build.
    pub before_instructions: Option<u64>,
    /// Instructions of a run with every setting.
    pub after_instructions: Option<u64>,
    /// The arguments of that run.
    pub workload: Option<String>,
    /// What the default release profile does.
    pub behaviour: Behaviour,
    /// The settings, the most useful first.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, as it would be written.
    pub value: String,
    /// Bytes with this setting alone.
    pub alone: u64,
    /// Bytes with every setting but this one.
    pub without: u64,
    /// What it changes on average over all orders, in bytes; negative is a saving.
    pub average: f64,
    /// Seconds of rustc with this setting alone.
    pub seconds_alone: Option<f64>,
    /// Instructions of a run with this setting alone.
    pub instructions_alone: Option<u64>,
    /// What a program does with this setting alone.
    pub behaviour: Behaviour,
}

/// Which settings are on: one bit for each.
type Combination = usize;

/// A setting of the profile, and what the default release profile has instead.
#[derive(Clone, Debug)]
struct Lever {
    key: &'static str,
    on: toml::Value,
    off: toml::Value,
}

/// What was measured of one combination.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fact {
    bytes: u64,
    /// Wall seconds of rustc for the program and all that is linked into it, if they are known.
    seconds: Option<f64>,
    /// Instructions of one run, where they could be counted.
    instructions: Option<u64>,
}

/// Runs `cargo xtask what-if`.
///
/// # Errors
/// When something cannot be built or read.
pub fn run(options: &options::WhatIf) -> Result<Exit> {
    let options::WhatIf { profile, run, jobs, format, subject } = options;
    let workshop = Workshop::of(subject)?;
    let subject = Subject::find(&workshop, subject, None)?;
    let program = super::only(&subject)?;
    super::known_profile(&workshop, &subject, profile)?;
    let levers = levers(&subject, profile);
    if levers.is_empty() {
        let message = format!("`{profile}` has the settings of the default release profile: there is nothing to weigh");
        bail!(Failure::new(Exit::Usage, message).help("name another one, such as --profile dist"));
    }
    let bench = Bench { subject: &subject, program, levers: &levers, args: workload(program, run.as_deref())? };
    let facts = bench.facts(jobs.map(usize::from), *format == PlainFormat::Text)?;
    let folder = subject.out_dir.join("size-workshop").join("probe");
    let release = subject.cargo_profile("release").into_owned();
    let behave = |on: Combination| {
        // The probe is no part of the crate: it needs the profile, not the features.
        let mut config = bench.config(on);
        if let Some(at) = subject.extra.iter().position(|arg| arg == "--config") {
            config.splice(0..0, subject.extra[at..at + 2].iter().cloned());
        }
        // It runs here, whatever the program is built for.
        config.extend(subject.target.iter().flat_map(|_| ["--target".into(), subject.host.clone().into()]));
        probe::behaviour(&subject.cargo, &folder, &release, &config)
    };
    let before = behave(0)?;
    let mut settings = Vec::new();
    for (index, lever) in levers.iter().enumerate() {
        let bit = 1 << index;
        let all = (1 << levers.len()) - 1;
        settings.push(Setting {
            key: lever.key.to_owned(),
            value: lever.on.to_string(),
            alone: facts[&bit].bytes,
            without: facts[&(all & !bit)].bytes,
            average: average(levers.len(), index, &|on| facts[&on].bytes as f64),
            seconds_alone: facts[&bit].seconds,
            instructions_alone: facts[&bit].instructions,
            behaviour: behave(bit)?,
        });
    }
    // What saves most comes first.
    settings.sort_by(|a, b| a.average.total_cmp(&b.average));
    let all = &facts[&((1 << levers.len()) - 1)];
    let what_if = WhatIf {
        program: program.name.clone(),
        profile: profile.clone(),
        before_bytes: facts[&0].bytes,
        after_bytes: all.bytes,
        before_seconds: facts[&0].seconds,
        after_seconds: all.seconds,
        before_instructions: facts[&0].instructions,
        after_instructions: all.instructions,
        workload: bench.args.as_ref().map(|args| args.join(" ")),
        behaviour: before,
        settings,
    };
    let json = report::json(&what_if)?;
    // `check` looks there for what a setting that is missing would bring.
    files::write_atomic(&bench.folder().join(RESULT), json.as_bytes())?;
    output::data(&match format {
        PlainFormat::Text => report::text(&what_if),
        PlainFormat::Json => json,
    })?;
    Ok(Exit::Met)
}

/// The settings in which a profile differs from the default release profile.
fn levers(subject: &Subject, profile: &str) -> Vec<Lever> {
    let lever = |key: &'static str| {
        let on = subject.profiles.value(profile, key)?;
        let off = subject.profiles.value("release", key)?;
        (canonical(key, &on) != canonical(key, &off)).then_some(Lever { key, on, off })
    };
    SETTINGS.into_iter().filter_map(lever).collect()
}

/// What is run to count instructions: what was asked for, else the first run whose result is known.
fn workload(program: &Program, run: Option<&str>) -> Result<Option<Vec<String>>> {
    Ok(match (run, &program.expectation) {
        (Some(line), _) => Some(split_words(line)?),
        (None, Expectation::Cases(cases)) => cases.first().map(|case| case.args.clone()),
        _ => None,
    })
}

/// The average, over all orders in which the settings could be put in, of what one of them changes (the Shapley value).
/// These averages sum to the difference between all and none.
fn average(count: usize, index: usize, bytes: &dyn Fn(Combination) -> f64) -> f64 {
    let factorial = |n: usize| (1..=n).map(|n| n as f64).product::<f64>();
    let bit = 1 << index;
    let without = (0..1_usize << count).filter(|on| on & bit == 0);
    let weighed = without.map(|on| {
        let others = on.count_ones() as usize;
        let weight = factorial(others) * factorial(count - others - 1) / factorial(count);
        weight * (bytes(on | bit) - bytes(on))
    });
    weighed.sum()
}

/// All that the builds of one call have in common.
struct Bench<'a> {
    subject: &'a Subject,
    program: &'a Program,
    levers: &'a [Lever],
    args: Option<Vec<String>>,
}

impl Bench<'_> {
    fn folder(&self) -> PathBuf {
        self.subject.out_dir.join("size-workshop").join("what-if").join(self.program.target.stem())
    }

    /// Cargo's arguments for a combination, on top of the default release profile.
    fn config(&self, on: Combination) -> Vec<OsString> {
        let profile = self.subject.cargo_profile("release");
        // What is off is not mentioned: even a default that is spelled out gives a crate another hash.
        let is_on = |(index, _): &(usize, &Lever)| on & (1 << index) != 0;
        let values = self.levers.iter().enumerate().filter(is_on);
        let values = values.map(|(_, Lever { key, on, .. })| format!("profile.{profile}.{key}={on}"));
        values.flat_map(|value| ["--config".into(), value.into()]).collect()
    }

    /// Builds of one group share a target folder: Cargo gives the crates that run at build time the same hash wherever
    /// `lto` and `strip` agree.
    fn group(&self, on: Combination) -> Combination {
        let shared =
            |(index, lever): (usize, &Lever)| if matches!(lever.key, "lto" | "strip") { on & (1 << index) } else { 0 };
        self.levers.iter().enumerate().map(shared).sum()
    }

    /// Every combination. What was measured before is taken again as long as Cargo has nothing to do for the default
    /// build: then no source, no dependency and no compiler has changed.
    fn facts(&self, jobs: Option<usize>, aloud: bool) -> Result<BTreeMap<Combination, Fact>> {
        let file = self.folder().join("facts.json");
        let (base, path) = self.measure(0)?;
        let modified = fs::metadata(&path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let settings: Vec<String> =
            self.levers.iter().map(|lever| format!("{} {} {}", lever.key, lever.on, lever.off)).collect();
        let key = store::key(&[format!("{settings:?} {:?} {modified}", self.args).as_bytes()]);
        let mut facts: BTreeMap<Combination, Fact> = store::load(&file, &key).unwrap_or_default();
        facts.insert(0, base);
        let mut open: BTreeMap<Combination, Vec<Combination>> = BTreeMap::new();
        for on in (0..1 << self.levers.len()).filter(|on| !facts.contains_key(on)) {
            open.entry(self.group(on)).or_default().push(on);
        }
        if open.is_empty() {
            return Ok(facts);
        }
        let count = open.values().map(Vec::len).sum();
        let progress = aloud.then(|| Progress::new(count));
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let done = Mutex::new((facts, None));
        side_by_side(jobs.unwrap_or(cores), open.into_values(), |group| self.work(group, &done, progress.as_ref()));
        drop(progress);
        let (facts, failed) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What is done need not be done again, also if something failed or was stopped.
        store::save(&file, &key, &facts)?;
        match failed {
            Some(error) => Err(error),
            None => Ok(facts),
        }
    }

    /// Measures the combinations of a group; stops all groups at the first build that fails.
    fn work(
        &self,
        group: Vec<Combination>,
        done: &Mutex<(BTreeMap<Combination, Fact>, Option<anyhow::Error>)>,
        progress: Option<&Progress>,
    ) -> ControlFlow<()> {
        for on in group {
            let result = self.measure(on);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match result {
                Ok((fact, _)) => {
                    if let Some(progress) = progress {
                        progress.finished(&format!("built {}: {} bytes", self.name(on), thousands(fact.bytes)));
                    }
                    done.0.insert(on, fact);
                }
                Err(error) => {
                    done.1.get_or_insert(error);
                }
            }
            if done.1.is_some() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    fn name(&self, on: Combination) -> String {
        let keys =
            self.levers.iter().enumerate().filter(|(index, _)| on & (1 << index) != 0).map(|(_, lever)| lever.key);
        let keys: Vec<&str> = keys.collect();
        if keys.is_empty() { "release".to_owned() } else { keys.join(" + ") }
    }

    fn measure(&self, on: Combination) -> Result<(Fact, PathBuf)> {
        let Self { subject, program, .. } = self;
        let target = self.folder().join(format!("group-{}", self.group(on)));
        let profile = subject.cargo_profile("release").into_owned();
        let mut cargo = subject.cargo.clone();
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target.clone().into()));
        let mut extra = subject.extra.clone();
        extra.extend(self.config(on));
        let built = cargo.build(&Build {
            manifest: subject.manifest.clone(),
            profile: profile.clone(),
            packages: vec![program.package.clone()],
            targets: vec![program.target.clone()],
            extra,
            target_dir: Some(target.clone()),
            record: Some(target.clone()),
            timeout: None,
        })?;
        let made = subject.made(program, &built, &target)?;
        let path = made.path;
        let seconds = record::seconds_of(&made.source, &target, &target);
        let instructions = self.args.as_ref().and_then(|args| instructions(&path, args, &self.folder()));
        Ok((Fact { bytes: binary::read(&path)?.bytes, seconds, instructions }, path))
    }
}

/// The instructions of one run, counted by valgrind: repeatable, whatever else the machine does. `None` without it.
fn instructions(program: &Path, args: &[String], folder: &Path) -> Option<u64> {
    let mut call = Call::new("valgrind", folder).args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    call = call.arg(program).args(args);
    call.timeout = Some(std::time::Duration::from_mins(1));
    let finished = proc::run(&call).ok().filter(|finished| matches!(finished.status, Status::Exited(_)))?;
    let text = String::from_utf8_lossy(&finished.stderr).into_owned();
    let line = text.lines().find_map(|line| line.split_once("Collected :"))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_over_all_orders_sum_to_the_whole_difference() {
        // The second setting is worth more once the first one is on.
        let bytes = |on: Combination| [100.0, 90.0, 95.0, 60.0, 100.0, 90.0, 95.0, 61.0][on];
        let averages: Vec<f64> = (0..3).map(|index| average(3, index, &bytes)).collect();
        assert!((averages.iter().sum::<f64>() - (61.0 - 100.0)).abs() < 1e-9, "{averages:?}");
        assert!(averages[0] < averages[1] && averages[1] < 0.0, "{averages:?}");
        assert!(averages[2] > 0.0, "a setting that only ever costs");
        assert!((average(1, 0, &|on| [10.0, 4.0][on]) + 6.0).abs() < 1e-9);
    }
}
