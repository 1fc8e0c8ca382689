//! What each setting of a profile is worth: put in alone, taken out alone, and on average over all orders in which the
//! settings could be put in. Every combination is built, so the averages sum to the whole difference.

use super::probe::{self, Behaviour};
use crate::builds::counter::Workload;
use crate::builds::{Bench, Fact, Refused, Variant};
use crate::options::{self, PlainFormat};
use crate::profiles::{SETTINGS, canonical};
use crate::report::whatif as report;
use crate::subject::{Expectation, Program, Subject, split_words};
use crate::workshop::{Workshop, must_know};
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use std::collections::BTreeMap;
use std::ffi::OsString;

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

/// A setting of the profile that differs from the default release profile's.
#[derive(Clone, Debug)]
struct Lever {
    key: &'static str,
    on: toml::Value,
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
    must_know(&subject.profiles, profile, "profile", "")?;
    let levers = levers(&subject, profile);
    if levers.is_empty() {
        let message = format!("`{profile}` has the settings of the default release profile: there is nothing to weigh");
        bail!(Failure::new(Exit::Usage, message).help("name another one, such as --profile dist"));
    }
    let workload = workload(&subject, program, run.as_deref())?;
    let release = subject.cargo_profile("release").into_owned();
    let bench = Bench::open(&subject, program, &release, workload.clone())?;
    let facts = bench.measure(&combinations(&levers), jobs.map(usize::from))?;
    let facts = facts.into_iter().collect::<Result<Vec<Fact>, Refused>>().map_err(|refused| refused.failure)?;
    let behave = |on| behaviour(&subject, &release, &variant(&levers, on));
    let before = behave(0)?;
    let mut settings = Vec::new();
    for (index, lever) in levers.iter().enumerate() {
        let bit = 1 << index;
        let all = (1 << levers.len()) - 1;
        settings.push(Setting {
            key: lever.key.to_owned(),
            value: lever.on.to_string(),
            alone: facts[bit].bytes,
            without: facts[all & !bit].bytes,
            average: average(levers.len(), index, &|on| facts[on].bytes as f64),
            seconds_alone: facts[bit].seconds,
            instructions_alone: facts[bit].instructions,
            behaviour: behave(bit)?,
        });
    }
    // What saves most comes first.
    settings.sort_by(|a, b| a.average.total_cmp(&b.average));
    let all = &facts[(1 << levers.len()) - 1];
    let what_if = WhatIf {
        program: program.name.clone(),
        profile: profile.clone(),
        before_bytes: facts[0].bytes,
        after_bytes: all.bytes,
        before_seconds: facts[0].seconds,
        after_seconds: all.seconds,
        before_instructions: facts[0].instructions,
        after_instructions: all.instructions,
        workload: workload.map(|workload| workload.args.join(" ")),
        behaviour: before,
        settings,
    };
    let json = report::json(&what_if)?;
    // `check` looks there for what a setting that is missing would bring.
    let folder = subject.out_dir.join("size-workshop").join("what-if").join(&program.name);
    files::write_atomic(&folder.join(RESULT), json.as_bytes())?;
    output::data(&match format {
        PlainFormat::Text => report::text(&what_if),
        PlainFormat::Json => json,
    })?;
    Ok(Exit::Met)
}

/// What a program that panics does with these settings.
fn behaviour(subject: &Subject, release: &str, variant: &Variant) -> Result<Behaviour> {
    let settings = variant.settings.iter().map(|(key, value)| format!("profile.{release}.{key}={value}"));
    let mut config: Vec<OsString> = settings.flat_map(|value| ["--config".into(), value.into()]).collect();
    // The probe is no part of the crate: it needs the profile, not the features.
    if let Some(at) = subject.extra.iter().position(|arg| arg == "--config") {
        config.splice(0..0, subject.extra[at..at + 2].iter().cloned());
    }
    probe::behaviour(&subject.cargo, &subject.out_dir.join("size-workshop").join("probe"), release, &config)
}

/// The settings in which a profile differs from the default release profile.
fn levers(subject: &Subject, profile: &str) -> Vec<Lever> {
    let lever = |key: &'static str| {
        let on = subject.profiles.value(profile, key)?;
        let off = subject.profiles.value("release", key)?;
        (canonical(key, &on) != canonical(key, &off)).then_some(Lever { key, on })
    };
    SETTINGS.into_iter().filter_map(lever).collect()
}

/// What is run to count instructions: what was asked for, else the first run whose result is known.
pub(crate) fn workload(subject: &Subject, program: &Program, run: Option<&str>) -> Result<Option<Workload>> {
    let of = |args, exit| Workload { args, exit, cwd: subject.run_cwd.clone(), env: subject.cargo.env.clone() };
    Ok(match (run, &program.expectation) {
        (Some(line), _) => Some(of(split_words(line)?, 0)),
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

/// Every combination of the levers, as a build.
fn combinations(levers: &[Lever]) -> Vec<Variant> {
    (0..1 << levers.len()).map(|on| variant(levers, on)).collect()
}

/// A combination as a build. What is off isn't mentioned.
fn variant(levers: &[Lever], on: Combination) -> Variant {
    let on = levers.iter().enumerate().filter(|(index, _)| on & (1 << index) != 0).map(|(_, lever)| lever);
    let settings: BTreeMap<String, toml::Value> = on.map(|lever| (lever.key.to_owned(), lever.on.clone())).collect();
    let keys: Vec<&str> = settings.keys().map(String::as_str).collect();
    let name = if keys.is_empty() { "release".to_owned() } else { keys.join(" + ") };
    Variant { name, settings, ..Variant::default() }
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
