//! What each setting of a profile is worth: put in alone, taken out alone, and on average over all orders in which the
//! settings could be put in. For the averages every combination is built, so that they sum to the whole difference.

mod chosen;
mod features;
mod plan;

use super::probe::{self, Behaviour};
use crate::builds::counter::Workload;
use crate::builds::{Bench, Outcome, Variant};
use crate::options::{self, PlainFormat};
use crate::report::whatif as report;
use crate::subject::runner::Runner;
use crate::subject::targets::must_run;
use crate::subject::{Expectation, Program, Subject, split_words};
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::output;
pub use features::{Features, Row, What};
use plan::{Lever, Plan};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::iter;
use std::panic::resume_unwind;
use std::thread::{self, ScopedJoinHandle};

/// The name of the file in which `cargo xtask what-if` leaves its result for each program.
pub const RESULT: &str = "what-if.json";

/// A profile, weighed. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct WhatIf {
    /// The program.
    pub program: String,
    /// What the profile without any of the settings is called.
    pub before: String,
    /// The profile.
    pub profile: String,
    /// Which builds were made.
    pub mode: Mode,
    /// Bytes with none of the settings.
    pub before_bytes: u64,
    /// Bytes with every setting, if that builds.
    pub after_bytes: Option<u64>,
    /// Seconds of rustc with none of the settings.
    pub before_seconds: Option<f64>,
    /// Seconds of rustc with every setting.
    pub after_seconds: Option<f64>,
    /// Instructions of a run of the build with none of the settings.
    pub before_instructions: Option<u64>,
    /// Instructions of a run with every setting.
    pub after_instructions: Option<u64>,
    /// The arguments of that run.
    pub workload: Option<String>,
    /// What a program does with none of the settings.
    pub behaviour: Behaviour,
    /// The settings, the most useful first.
    pub settings: Vec<Setting>,
    /// The builds that failed.
    pub refused: Vec<Refusal>,
}

/// Which builds were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Every combination of the settings.
    Full,
    /// None, all, each one alone, and each one missing.
    Quick,
}

/// One setting.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, as it would be written.
    pub value: String,
    /// Bytes with this setting alone, if that builds.
    pub alone: Option<u64>,
    /// Bytes with every setting but this one, if that builds.
    pub without: Option<u64>,
    /// What it changes on average over all orders, in bytes; negative is a saving. Known where every combination was built.
    pub average: Option<f64>,
    /// Seconds of rustc with this setting alone.
    pub seconds_alone: Option<f64>,
    /// Instructions of a run with this setting alone.
    pub instructions_alone: Option<u64>,
    /// What a program does with this setting alone.
    pub behaviour: Behaviour,
}

/// A build that failed.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What was on.
    pub name: String,
    /// Why, in one line.
    pub reason: String,
}

/// Which settings are on: one bit for each.
type Combination = usize;

/// Runs `cargo xtask what-if`.
///
/// # Errors
/// When something cannot be built or read.
pub fn run(options: &options::WhatIf) -> Result<Exit> {
    let options::WhatIf { profile, quick, each_feature, run, jobs, format, subject } = options;
    if *each_feature {
        return features::run(options);
    }
    let workshop = Workshop::of(subject)?;
    let subject = Subject::find(&workshop, subject, None)?;
    let program = super::only(&subject)?;
    let plan = plan::of(&subject, profile.as_deref())?;
    let mode = if *quick && spares(plan.levers.len()) { Mode::Quick } else { Mode::Full };
    let workload = workload(&subject, program, run.as_deref())?;
    let bench = Bench::open(&subject, program, &plan.base, workload.clone())?;
    if run.is_some() && !bench.counts() {
        output::note(NO_COUNTER);
    }
    let (built, seen) = build(&bench, &plan, mode, jobs.map(usize::from))?;
    let line = workload.as_ref().map(Workload::line).transpose()?;
    let what_if = WhatIf { workload: line, ..weigh(program, &plan, mode, &built, &seen)? };
    let json = report::json(&what_if)?;
    // `check` looks there for what a setting that is missing would save.
    if what_if.settings.iter().all(|setting| setting.alone.is_some()) {
        let folder = subject.out_dir.join("size-workshop").join("what-if").join(program.target.stem());
        files::write_atomic(&folder.join(RESULT), json.as_bytes())?;
    }
    output::data(&match format {
        PlainFormat::Text => report::text(&what_if, output::width()),
        PlainFormat::Json => json,
    })?;
    Ok(Exit::Met)
}

/// What is said where instructions are asked for and can't be counted.
const NO_COUNTER: &str = "instructions aren't counted: valgrind isn't installed (Debian, Ubuntu: `apt install valgrind`; Fedora: `dnf install valgrind`)";

/// The outcome of each combination that was built.
type Outcomes = BTreeMap<Combination, Outcome>;

/// How many builds `--quick` makes for so many settings.
fn quick(settings: usize) -> usize {
    2 * settings + 2
}

/// Whether that is fewer than every combination.
fn spares(settings: usize) -> bool {
    quick(settings) < 1 << settings
}

/// Builds the combinations of a mode, and beside them a program that panics, for what each setting costs.
fn build(bench: &Bench<'_>, plan: &Plan, mode: Mode, jobs: Option<usize>) -> Result<(Outcomes, Behaviours)> {
    let combinations = combinations(plan, mode);
    let variants: Vec<Variant> = combinations.iter().map(|&on| plan::variant(&plan.levers, on, &plan.before)).collect();
    let open = variants.iter().filter(|variant| bench.known(variant).is_none()).count();
    let count = plan.levers.len();
    if mode == Mode::Full && spares(count) && open > quick(count) {
        output::note(&format!("--quick makes {} builds, not {}, and no averages", quick(count), variants.len()));
    }
    // Builds that are timed undisturbed are alone.
    let is_alone = jobs == Some(1);
    let subject = bench.subject();
    let (outcomes, seen) = thread::scope(|scope| {
        let beside = (!is_alone).then(|| scope.spawn(|| behaviours(subject, plan)));
        let outcomes = bench.measure(&variants, jobs)?;
        let seen = match beside.map(ScopedJoinHandle::join) {
            Some(seen) => seen.unwrap_or_else(|panic| resume_unwind(panic)),
            None => behaviours(subject, plan),
        };
        anyhow::Ok((outcomes, seen?))
    })?;
    Ok((combinations.into_iter().zip(outcomes).collect(), seen))
}

/// The combinations that a mode needs. Those with LTO come first: they take longest, mostly on one processor, and at the end
/// nothing would be left to fill the others with.
fn combinations(plan: &Plan, mode: Mode) -> Vec<Combination> {
    let count = plan.levers.len();
    let all = (1_usize << count) - 1;
    let mut combinations: Vec<Combination> = match mode {
        Mode::Full => (0..=all).collect(),
        Mode::Quick => (0..count).flat_map(|index| [1 << index, all & !(1 << index)]).chain([0, all]).collect(),
    };
    let has_lto = |on: Combination| {
        let is_on = |(index, lever): (usize, &Lever)| on & (1 << index) != 0 && lever.is_lto();
        plan.levers.iter().enumerate().any(is_on)
    };
    combinations.sort_by_key(|&on| (!has_lto(on), on));
    combinations.dedup();
    combinations
}

/// What a program that panics does: with none of the settings, and with each one alone.
type Behaviours = BTreeMap<Combination, Behaviour>;

fn behaviours(subject: &Subject, plan: &Plan) -> Result<Behaviours> {
    let each = (0..plan.levers.len()).map(|index| 1 << index);
    let seen = |on| Ok((on, behaviour(subject, &plan::variant(&plan.levers, on, &plan.before))?));
    iter::once(0).chain(each).map(seen).collect()
}

/// Makes one result of all builds.
fn weigh(program: &Program, plan: &Plan, mode: Mode, built: &Outcomes, seen: &Behaviours) -> Result<WhatIf> {
    let Plan { base: _, before, after, levers } = plan;
    let fact = |on: Combination| built.get(&on).and_then(|outcome| outcome.as_ref().ok());
    let all = (1 << levers.len()) - 1;
    let behave = |on| seen.get(&on).cloned().context("each setting was tried alone");
    let is_whole = (0..=all).all(|on| fact(on).is_some());
    let setting = |(index, lever): (usize, &Lever)| -> Result<Setting> {
        let bit = 1 << index;
        let bytes = |on| fact(on).map_or(0.0, |fact| fact.bytes as f64);
        Ok(Setting {
            key: lever.key.clone(),
            value: lever.value.to_string(),
            alone: fact(bit).map(|fact| fact.bytes),
            without: fact(all & !bit).map(|fact| fact.bytes),
            average: is_whole.then(|| average(levers.len(), index, &bytes)),
            seconds_alone: fact(bit).and_then(|fact| fact.seconds),
            instructions_alone: fact(bit).and_then(|fact| fact.instructions),
            behaviour: behave(bit)?,
        })
    };
    let mut settings = levers.iter().enumerate().map(setting).collect::<Result<Vec<Setting>>>()?;
    let none = fact(0).context("the base build is measured first")?;
    // What saves most comes first.
    let saves = |setting: &Setting| {
        setting.average.unwrap_or_else(|| setting.alone.map_or(0.0, |bytes| bytes as f64 - none.bytes as f64))
    };
    settings.sort_by(|a, b| saves(a).total_cmp(&saves(b)));
    let refused = built.iter().filter_map(|(&on, outcome)| {
        let name = plan::variant(levers, on, before).name;
        outcome.as_ref().err().map(|refused| Refusal { name, reason: refused.reason.clone() })
    });
    Ok(WhatIf {
        program: program.name.clone(),
        before: before.clone(),
        profile: after.clone(),
        mode,
        before_bytes: none.bytes,
        after_bytes: fact(all).map(|fact| fact.bytes),
        before_seconds: none.seconds,
        after_seconds: fact(all).and_then(|fact| fact.seconds),
        before_instructions: none.instructions,
        after_instructions: fact(all).and_then(|fact| fact.instructions),
        workload: None,
        behaviour: behave(0)?,
        settings,
        refused: refused.collect(),
    })
}

/// What a program that panics does with these settings, on top of Cargo's default release profile.
fn behaviour(subject: &Subject, variant: &Variant) -> Result<Behaviour> {
    let release = subject.cargo_profile("release");
    // The probe isn't part of the crate: it has no packages that a setting could be for, and needs none of the features.
    let settings = variant.settings.iter().filter(|(key, _)| !key.starts_with("package."));
    let settings = settings.map(|(key, value)| format!("profile.{release}.{key}={value}"));
    let mut config: Vec<OsString> = settings.flat_map(|value| ["--config".into(), value.into()]).collect();
    if let Some(at) = subject.extra.iter().position(|arg| arg == "--config") {
        config.splice(0..0, subject.extra[at..at + 2].iter().cloned());
    }
    // It runs here, whatever the program is built for.
    config.extend(subject.target.iter().flat_map(|_| ["--target".into(), subject.host.clone().into()]));
    probe::behaviour(&subject.cargo, &subject.out_dir.join("size-workshop").join("probe"), &release, &config)
}

/// What is run to count instructions: what was asked for, else the first run whose result is known.
pub(crate) fn workload(subject: &Subject, program: &Program, run: Option<&str>) -> Result<Option<Workload>> {
    let of = |args, exit| Workload { args, exit, cwd: subject.run_cwd.clone(), env: subject.cargo.env.clone() };
    Ok(match (run, &program.expectation) {
        (Some(_), _) if subject.runner != Runner::Itself => bail!(
            Failure::new(
                Exit::Usage,
                format!(
                    "--run counts instructions, but this machine can't run programs for {} directly",
                    subject.built_for()
                )
            )
            .help("leave --run out: sizes need no run")
        ),
        (None, _) if subject.runner != Runner::Itself => None,
        (Some(line), _) => {
            must_run(&program.target)?;
            Some(of(split_words(line)?, 0))
        }
        (None, Expectation::Cases(cases)) => cases.first().map(|case| of(case.args.clone(), case.exit)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn builds_with_lto_come_first_and_each_one_once() {
        let lever = |key: &str, value: toml::Value| Lever { key: key.to_owned(), value, also: None };
        let levers = vec![lever("lto", true.into()), lever("strip", true.into())];
        let mut plan = Plan { base: "release".into(), before: "release".into(), after: "dist".into(), levers };
        assert_eq!(combinations(&plan, Mode::Full), [1, 3, 0, 2]);
        assert_eq!(combinations(&plan, Mode::Quick), [1, 3, 0, 2]);
        plan.levers[0].value = "off".into();
        assert_eq!(combinations(&plan, Mode::Full), [0, 1, 2, 3]);
    }

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
