//! Judges the settings of a profile: what the manifest sets, and what rustc really gets, for the program and
//! for every crate that is linked into it.

mod linked;
mod words;

use super::data::{self, Setting};
use super::{Case, Data, Finding};
use crate::exercise::kinds::Profile;
use crate::exercise::{Exercise, Tree};
use crate::learner_manifest::effective::{self, Effective, Forgetting, Origin};
use crate::learner_manifest::{known, list};
use base::diagnostic::{Code, Diagnostic};
use std::collections::BTreeMap;
use weigh::profiles::{DEVELOPMENT, SETTINGS, canonical};
use weigh::workshop::nearest;
use words::{better, list_of_features, option, reads, what_it_does};

/// What a goal requires of a setting.
#[derive(Clone, Debug)]
enum Right {
    /// One of these values.
    One(Vec<toml::Value>),
    /// A number up to this one.
    AtMost(i64),
}

impl Right {
    fn holds(&self, key: &str, value: Option<&toml::Value>) -> bool {
        value.is_some_and(|value| self.has(key, &canonical(key, value)))
    }

    /// The same of what rustc gets.
    fn has(&self, key: &str, word: &str) -> bool {
        match self {
            Self::One(right) => right.iter().any(|value| canonical(key, value) == word),
            Self::AtMost(most) => word.parse::<i64>().is_ok_and(|number| number <= *most),
        }
    }
}

/// What a goal requires of each setting. Where it is about optimization, nothing that only helps with development may be on:
/// that costs speed as well as size.
fn required(spec: &Profile) -> BTreeMap<&str, Right> {
    let Profile { profile: _, want, at_most } = spec;
    let off = DEVELOPMENT.map(|key| (key, Right::One(vec![false.into()])));
    let most = at_most.iter().map(|(key, most)| (key.get_ref().as_str(), Right::AtMost(*most)));
    let one = want.iter().map(|(key, right)| (key.get_ref().as_str(), Right::One(right.clone())));
    off.into_iter().chain(most).chain(one).collect()
}

/// Whether a goal is about how the program is optimized. One that isn't leaves it to learners which checks they keep.
fn is_about_optimization(spec: &Profile) -> bool {
    spec.want.keys().any(|key| key.get_ref() == "opt-level")
}

/// The learner's build that proves a profile.
pub(super) fn proof<'a>(exercise: &'a Exercise, profile: &str) -> Option<&'a str> {
    let mut builds = exercise.data.build.iter();
    let found =
        builds.find(|(_, build)| build.tree == Tree::Learner && build.profile == profile && build.set.is_empty());
    found.map(|(name, _)| name.get_ref().as_str())
}

pub(super) fn judge<'a>(case: &Case<'a>, spec: &Profile, lints: &mut Vec<&'a Diagnostic>) -> Finding {
    let profile = &spec.profile;
    if !case.manifest.readable {
        if lints.is_empty() {
            return Finding::NeedsBuild;
        }
        return Finding::NotMet(std::mem::take(lints).into_iter().cloned().collect(), Data::Nothing);
    }
    let built = case.evidence.and_then(|evidence| evidence.built(proof(case.exercise, profile)?));
    let rustc = built.and_then(|built| built.rustc.as_ref());
    // Cargo does not look at these profiles at all.
    let ignored = lints.iter().any(|problem| problem.code == Code::IgnoredInMember);
    let required = required(spec);
    let mut unmet: Vec<String> = Vec::new();
    let mut found: Vec<Diagnostic> = Vec::new();
    for (key, right) in &required {
        let written = effective::effective(case.manifest, profile, key);
        let default = weigh::profiles::default("release", key);
        // A check that a learner keeps on purpose is nothing to a goal about something else.
        if DEVELOPMENT.contains(key) && written.asked.is_some() && !is_about_optimization(spec) {
            continue;
        }
        // What Cargo strips by itself is up to `debug`, which is to be changed in any case.
        if *key == "strip" && written.asked.is_none() && unmet.iter().any(|key| key == "debug") {
            continue;
        }
        if !right.holds(key, written.value.as_ref()) || (ignored && !right.holds(key, default.as_ref())) {
            unmet.push((*key).to_owned());
        } else if let Some(got) = rustc.and_then(|rustc| rustc.get(*key))
            && !right.has(key, got)
        {
            found.push(differs(case, key, got, &written));
        }
    }
    if let (true, Some(built)) = (is_about_optimization(spec), built) {
        found.extend(linked::problems(case, spec, &required, built, &unmet));
    }
    unmet.sort_by_key(|key| SETTINGS.iter().position(|setting| setting == key).unwrap_or(SETTINGS.len()));
    let mut problems = take_lints(lints, &unmet, found.is_empty());
    let explained = |key: &String| problems.iter().any(|problem: &Diagnostic| problem.settings.contains(key));
    let open: Vec<String> = unmet.iter().filter(|key| !explained(key)).cloned().collect();
    problems.extend(found);
    problems.extend(unmet_settings(case, spec, &required, &open));
    problems
        .sort_by_key(|problem| (!problem.refused, problem.code, problem.place.as_ref().and_then(|place| place.line)));
    let crates = built.map_or_else(Vec::new, |built| linked::rows(case, profile, built));
    let settings = settings(case, profile, rustc);
    let data = Data::Profile(data::Profile { profile: profile.clone(), settings, crates });
    if problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(problems, data) }
}

/// The rules' findings that explain why a setting is not in force, or why nothing can be built. They are said once.
fn take_lints(lints: &mut Vec<&Diagnostic>, unmet: &[String], all_found: bool) -> Vec<Diagnostic> {
    // A profile in a manifest that Cargo refuses builds nothing, whatever stands in it.
    if unmet.is_empty() && all_found && !lints.iter().any(|problem| problem.refused) {
        return Vec::new();
    }
    let explains =
        |problem: &&Diagnostic| problem.refused || problem.settings.iter().any(|setting| unmet.contains(setting));
    let (taken, left): (Vec<_>, Vec<_>) = lints.iter().copied().partition(explains);
    *lints = left;
    taken.into_iter().cloned().collect()
}

/// What to say about settings that the manifest does not ask for in this profile.
fn unmet_settings(
    case: &Case<'_>,
    spec: &Profile,
    required: &BTreeMap<&str, Right>,
    open: &[String],
) -> Vec<Diagnostic> {
    let profile = &spec.profile;
    let source = &case.manifest.source;
    let mut problems = Vec::new();
    let mut missing = Vec::new();
    let chain = effective::chain(case.manifest, profile);
    // A table that this build does not read, with settings that it should.
    let mut elsewhere: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    // What comes with `dev`, and is set nowhere.
    let mut inherited: Vec<String> = Vec::new();
    for key in open {
        let Some(right) = required.get(key.as_str()) else { continue };
        let Effective { value, asked, .. } = effective::effective(case.manifest, profile, key);
        if key == "strip"
            && let Some(forgetting) = effective::forgets_strip(case.manifest, profile)
            && right.holds(key, Some(&forgetting.line.1.value))
        {
            problems.push(forgotten(case, &forgetting));
            continue;
        }
        if asked.is_none() && DEVELOPMENT.contains(&key.as_str()) {
            inherited.push(key.clone());
            continue;
        }
        if let Some((table, setting)) = effective::of_own_package(case.manifest, profile, key) {
            let message = format!("{table} compiles the program itself with `{key} = {}`", setting.value);
            let help = format!(
                "a table for a package wins over the profile, and over each one that inherits it: take this line out, and below [profile.{profile}] {}",
                better(key, right)
            );
            let problem = Diagnostic::new(Code::WrongValue, message);
            let problem = problem.at(source, setting.span.clone(), what_it_does(key, &setting.value)).help(help);
            problems.push(problem.explains([key.as_str()]));
            continue;
        }
        let is_right = |value: &toml::Value| right.holds(key, Some(value));
        let other = case.manifest.profiles.iter().find(|(name, other)| {
            !chain.contains(&name.as_str()) && other.settings.get(key).is_some_and(|setting| is_right(&setting.value))
        });
        // A profile that another goal wants has these settings for that goal's sake.
        let other = other.filter(|(name, _)| !is_wanted_elsewhere(case, name, profile));
        match (asked, other) {
            (Some((from, setting)), _) if from != *profile => {
                // To change it there would change that profile, too, which may be right as it is.
                let problem = Diagnostic::new(
                    Code::WrongValue,
                    format!("[profile.{profile}] gets `{key} = {}` from [profile.{from}]", setting.value),
                );
                let own = better(key, right);
                let help = format!("what a profile sets itself wins: below [profile.{profile}] {own}");
                let problem = problem.at(source, setting.span, what_it_does(key, &setting.value)).help(help);
                problems.push(problem.explains([key.as_str()]));
            }
            (Some((_, setting)), _) => {
                let now = value.map(|value| value.to_string()).unwrap_or_default();
                let problem =
                    Diagnostic::new(Code::WrongValue, format!("`{key} = {now}` is not what this profile is for"))
                        .at(source, setting.span.clone(), what_it_does(key, &setting.value))
                        .help(better(key, right));
                problems.push(problem.explains([key.as_str()]));
            }
            (None, Some((name, _))) => elsewhere.entry(name).or_default().push(key.clone()),
            (None, None) => missing.push(key.clone()),
        }
    }
    problems.extend(from_dev(case, profile, &chain, &inherited));
    for (name, keys) in elsewhere {
        let table = &case.manifest.profiles[name];
        if let Some(near) = nearest(name, [profile.as_str()].into_iter()) {
            let message =
                format!("[profile.{name}] is a profile of its own, and no build asks for it; Cargo says nothing");
            let problem =
                Diagnostic::new(Code::UnknownTable, message).at(source, table.name.clone(), "nobody reads this");
            problems.push(problem.help(format!("did you mean [profile.{near}]?")).explains(keys));
            continue;
        }
        let verb = if keys.len() == 1 { "stands" } else { "stand" };
        let message = format!("{} {verb} in [profile.{name}], which this build does not read", list(&keys));
        let first = keys.first().and_then(|key| table.settings.get(key)).map(|setting| setting.key.clone());
        let it = if keys.len() == 1 { "it" } else { "them" };
        let reader = format!("`cargo build {}` reads [profile.{profile}]", option(profile));
        let is_needed =
            case.exercise.data.build.values().any(|build| build.tree == Tree::Learner && build.profile == *name);
        let is_there = weigh::profiles::is_built_in(profile) || case.manifest.profiles.contains_key(profile);
        let mut problem = Diagnostic::new(Code::WrongTable, message)
            .at(source, table.name.clone(), reads(name))
            .help(if is_there {
                format!("{reader}: move {it} there")
            } else if is_needed {
                format!("{reader}, which is not in the file yet: begin it, with `inherits = \"release\"`, and move {it} there")
            } else {
                format!("{reader}: give this one that name")
            });
        if let Some(first) = first {
            let label = if is_needed {
                format!("has no effect on `cargo build {}`", option(profile))
            } else {
                "has no effect there".to_owned()
            };
            problem = problem.and_at(first, label);
        }
        problems.push(problem.explains(keys));
    }
    if !missing.is_empty() {
        problems.push(missing_settings(case, profile, &missing));
    }
    problems
}

/// Settings that a profile has only because it starts from `dev`.
fn from_dev(case: &Case<'_>, profile: &str, chain: &[&str], inherited: &[String]) -> Option<Diagnostic> {
    if inherited.is_empty() {
        return None;
    }
    // The line that leads there, which may be in a profile between the two.
    let leads = |name: &&str| {
        let inherits = case.manifest.profiles.get(*name)?.settings.get("inherits")?;
        matches!(inherits.value.as_str(), Some("dev" | "test")).then_some(inherits)
    };
    let message = format!("[profile.{profile}] starts from `dev`, which turns on {}", list_of_features(inherited));
    let problem = Diagnostic::new(Code::WrongValue, message).explains(inherited.iter());
    Some(match chain.iter().find_map(leads) {
        Some(inherits) => problem
            .at(&case.manifest.source, inherits.span.clone(), "this is the profile for development")
            .help("write `inherits = \"release\"`"),
        None => problem.in_file(&case.manifest.source.file).help("turn them off in this profile"),
    })
}

/// A table for the program's own package, which makes Cargo forget the profile's `strip`.
fn forgotten(case: &Case<'_>, forgetting: &Forgetting<'_>) -> Diagnostic {
    let Forgetting { table, place, line: (from, setting) } = forgetting;
    let value = &setting.value;
    let message = format!("Cargo forgets `strip = {value}` of [profile.{from}] because of {table}");
    Diagnostic::new(Code::DiffersAtRustc, message)
        .at(
            &case.manifest.source,
            place.clone(),
            "this table doesn't set `strip`, so for its package it isn't set at all",
        )
        .and_at(setting.key.start..setting.span.end, "this doesn't reach the program")
        .help(format!("add `strip = {value}` to {table}, or take that table out"))
        .explains(["strip"])
}

fn missing_settings(case: &Case<'_>, profile: &str, missing: &[String]) -> Diagnostic {
    let source = &case.manifest.source;
    let message = format!("[profile.{profile}] does not set {}", list(missing));
    let problem = Diagnostic::new(Code::MissingSetting, message).explains(missing.iter());
    let it = if missing.len() == 1 { "it" } else { "them" };
    // A [profile.NAME.package.SPEC] alone is no place for settings of the profile.
    match case.manifest.profiles.get(profile).filter(|table| table.packages.is_empty() || !table.settings.is_empty()) {
        Some(table) => problem
            .at(source, table.name.clone(), format!("Cargo's defaults hold for {it}"))
            .help(format!("add {it} below this line; `cargo xtask hint {}` helps with the values", case.exercise.id)),
        None => {
            let problem = problem.in_file(&source.file);
            let first = if known::reserved(profile).is_none() && !weigh::profiles::is_built_in(profile) {
                format!("begin a table [profile.{profile}] with `inherits = \"release\"`, and set {it} there")
            } else {
                format!("there is no [profile.{profile}] in the file yet: add that line at the end, and set {it} below")
            };
            problem.help(format!("{first}; `cargo xtask hint {}` helps with the values", case.exercise.id))
        }
    }
}

fn is_wanted_elsewhere(case: &Case<'_>, name: &str, own: &str) -> bool {
    case.exercise.data.goal.iter().any(|goal| {
        matches!(&goal.check, crate::exercise::Check::Profile(other) if other.profile == name && other.profile != own)
    })
}

/// The manifest is right, and yet rustc gets something else.
fn differs(case: &Case<'_>, key: &str, got: &str, written: &Effective) -> Diagnostic {
    let problem =
        Diagnostic::new(Code::DiffersAtRustc, format!("rustc gets `{key}` as {got}, not as the manifest says"));
    match &written.asked {
        Some((_, setting)) => problem.at(&case.manifest.source, setting.key.start..setting.span.end, "asked for here"),
        None => problem.in_file(&case.manifest.source.file),
    }
    .help("`cargo build -v` shows how rustc is called: compare its `-C` flags with the manifest, line by line")
    .explains([key])
}

/// The five settings: what is asked for and where, what holds, what rustc gets.
fn settings(case: &Case<'_>, profile: &str, rustc: Option<&BTreeMap<String, String>>) -> Vec<Setting> {
    let rows = SETTINGS.iter().map(|key| {
        let now = effective::effective(case.manifest, profile, key);
        let line = |start| base::diagnostic::line_and_column(&case.manifest.source.text, start).0;
        let (from, line) = match (&now.origin, &now.asked) {
            (Origin::Manifest, Some((name, setting))) => (format!("[profile.{name}]"), Some(line(setting.key.start))),
            _ => ("Cargo's default".to_owned(), None),
        };
        Setting {
            key,
            asked: now.asked.as_ref().map(|(_, setting)| setting.value.clone()),
            effective: now.value,
            from,
            line,
            rustc: rustc.and_then(|rustc| rustc.get(*key)).cloned(),
        }
    });
    rows.collect()
}
