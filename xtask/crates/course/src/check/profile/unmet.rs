//! Settings that the manifest doesn't set as a goal requires: which line is at fault, or which table, or that there isn't one.

use super::words::{better, list_of_features, option, reads, what_it_does};
use super::{Case, Right};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::kinds::Profile;
use crate::exercise::{Check, Tree};
use crate::learner_manifest::effective::{self, Effective, Forgetting};
use crate::learner_manifest::{Setting, list};
use std::collections::BTreeMap;
use weigh::profiles::{DEVELOPMENT, is_built_in};
use weigh::workshop::nearest;

/// Why a setting isn't as it should be.
enum Cause<'a> {
    /// A line of the manifest, which the problem names.
    Line(Box<Diagnostic>),
    /// It comes with `dev`, and isn't set anywhere.
    Dev,
    /// This profile, which the build doesn't read, sets it.
    OtherTable(&'a str),
    /// Nothing sets it.
    Missing,
}

/// What to report about settings that the manifest doesn't set in this profile.
pub(super) fn problems(
    case: &Case<'_>,
    spec: &Profile,
    required: &BTreeMap<&str, Right>,
    open: &[String],
) -> Vec<Diagnostic> {
    let profile = &spec.profile;
    let chain = effective::chain(case.manifest, profile);
    let mut problems = Vec::new();
    let (mut missing, mut of_dev) = (Vec::new(), Vec::new());
    let mut elsewhere: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for key in open {
        let Some(right) = required.get(key.as_str()) else { continue };
        match cause(case, profile, &chain, key, right) {
            Cause::Line(problem) => problems.push(*problem),
            Cause::Dev => of_dev.push(key.clone()),
            Cause::OtherTable(name) => elsewhere.entry(name).or_default().push(key.clone()),
            Cause::Missing => missing.push(key.clone()),
        }
    }
    problems.extend(from_dev(case, profile, &chain, &of_dev));
    problems.extend(elsewhere.into_iter().map(|(name, keys)| in_other_table(case, profile, name, &keys)));
    if !missing.is_empty() {
        problems.push(missing_settings(case, profile, &missing));
    }
    problems
}

fn cause<'a>(case: &Case<'a>, profile: &str, chain: &[&str], key: &str, right: &Right) -> Cause<'a> {
    let written = effective::effective(case.manifest, profile, key);
    if key == "strip"
        && let Some(forgetting) = effective::forgets_strip(case.manifest, profile)
        && right.holds(key, Some(&forgetting.line.1.value))
    {
        return Cause::Line(Box::new(forgotten(case, &forgetting)));
    }
    if written.asked.is_none() && DEVELOPMENT.contains(&key) {
        return Cause::Dev;
    }
    if let Some((table, setting)) = effective::of_own_package(case.manifest, profile, key) {
        let message = format!("{table} compiles the program itself with `{key} = {}`", setting.value);
        let help = format!(
            "a package's table overrides the profile and every profile that inherits it: remove this line, and below [profile.{profile}] {}",
            better(key, right)
        );
        return Cause::Line(Box::new(wrong_value(case, key, setting, message, help)));
    }
    if let Some(problem) = wrong_line(case, profile, key, right, written) {
        return Cause::Line(Box::new(problem));
    }
    let is_right = |value: &toml::Value| right.holds(key, Some(value));
    let other = case.manifest.profiles.iter().find(|(name, other)| {
        !chain.contains(&name.as_str()) && other.settings.get(key).is_some_and(|setting| is_right(&setting.value))
    });
    // A profile that a different goal requires has these settings for that goal's sake.
    match other.filter(|(name, _)| !is_wanted_elsewhere(case, name, profile)) {
        Some((name, _)) => Cause::OtherTable(name),
        None => Cause::Missing,
    }
}

/// A line of the profile, or of one that it inherits from, with a wrong value.
fn wrong_line(case: &Case<'_>, profile: &str, key: &str, right: &Right, written: Effective) -> Option<Diagnostic> {
    let Effective { value, asked, .. } = written;
    let (from, setting) = asked?;
    Some(if from == profile {
        let now = value.map(|value| value.to_string()).unwrap_or_default();
        let message = format!("`{key} = {now}` doesn't suit this profile");
        wrong_value(case, key, &setting, message, better(key, right))
    } else {
        // Changing it there would also change that profile, which may be right as it is.
        let message = format!("[profile.{profile}] inherits `{key} = {}` from [profile.{from}]", setting.value);
        let help = format!("a profile's own setting wins: below [profile.{profile}] {}", better(key, right));
        wrong_value(case, key, &setting, message, help)
    })
}

/// A setting that has to have a different value, with what it does now.
fn wrong_value(case: &Case<'_>, key: &str, setting: &Setting, message: String, help: String) -> Diagnostic {
    Diagnostic::new(Code::WrongValue, message)
        .at(&case.manifest.source, setting.span.clone(), what_it_does(key, &setting.value))
        .help(help)
        .explains([key])
}

/// Settings that are right, in a profile that this build doesn't read.
fn in_other_table(case: &Case<'_>, profile: &str, name: &str, keys: &[String]) -> Diagnostic {
    let source = &case.manifest.source;
    let table = &case.manifest.profiles[name];
    if let Some(near) = nearest(name, [profile].into_iter()) {
        let message = format!("[profile.{name}] defines a custom profile that no build uses; Cargo doesn't warn");
        let problem =
            Diagnostic::new(Code::UnknownTable, message).at(source, table.name.clone(), "no build reads this");
        return problem.help(format!("did you mean [profile.{near}]?")).explains(keys);
    }
    let (verb, it) = if keys.len() == 1 { ("is", "it") } else { ("are", "them") };
    let message = format!("{} {verb} in [profile.{name}], which this build doesn't read", list(keys));
    let reader = format!("`cargo build {}` reads [profile.{profile}]", option(profile));
    let is_needed =
        case.exercise.data.build.values().any(|build| build.tree == Tree::Learner && build.profile == *name);
    let is_there = is_built_in(profile) || case.manifest.profiles.contains_key(profile);
    let mut problem =
        Diagnostic::new(Code::WrongTable, message).at(source, table.name.clone(), reads(name)).help(if is_there {
            format!("{reader}: move {it} there")
        } else if is_needed {
            format!("{reader}, which isn't in the file yet: add it, with `inherits = \"release\"`, and move {it} there")
        } else {
            format!("{reader}: give this profile that name")
        });
    if let Some(first) = keys.first().and_then(|key| table.settings.get(key)) {
        let label = if is_needed {
            format!("has no effect on `cargo build {}`", option(profile))
        } else {
            "has no effect there".to_owned()
        };
        problem = problem.and_at(first.key.clone(), label);
    }
    problem.explains(keys)
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
            .at(&case.manifest.source, inherits.span.clone(), "this is the development profile")
            .help("write `inherits = \"release\"`"),
        None => problem.in_file(&case.manifest.source.file).help("turn them off in this profile"),
    })
}

/// A table for the program's own package, which makes Cargo drop the profile's `strip`.
fn forgotten(case: &Case<'_>, forgetting: &Forgetting<'_>) -> Diagnostic {
    let Forgetting { table, place, line: (from, setting) } = forgetting;
    let value = &setting.value;
    let message = format!("Cargo drops the `strip = {value}` in [profile.{from}] because of {table}");
    Diagnostic::new(Code::DiffersAtRustc, message)
        .at(&case.manifest.source, place.clone(), "this table doesn't set `strip`, so its package is built without it")
        .and_at(setting.key.start..setting.span.end, "this has no effect on the program")
        .help(format!("add `strip = {value}` to {table}, or remove that table"))
        .explains(["strip"])
}

fn missing_settings(case: &Case<'_>, profile: &str, missing: &[String]) -> Diagnostic {
    let source = &case.manifest.source;
    let message = format!("[profile.{profile}] doesn't set {}", list(missing));
    let problem = Diagnostic::new(Code::MissingSetting, message).explains(missing.iter());
    let it = if missing.len() == 1 { "it" } else { "them" };
    // The profile's settings don't go in a [profile.NAME.package.SPEC] alone, or below a longer header that is misspelled.
    let is_longer = |name: &std::ops::Range<usize>| {
        let (before, after) = (&source.text[..name.start], &source.text[name.end..]);
        before.lines().last().is_some_and(|line| line.trim_start().starts_with('['))
            && after.trim_start_matches(['"', '\'', ' ']).starts_with('.')
    };
    let table = case.manifest.profiles.get(profile);
    let table = table.filter(|table| table.packages.is_empty() || !table.settings.is_empty());
    match table.filter(|table| !is_longer(&table.name)) {
        Some(table) => problem.at(source, table.name.clone(), format!("Cargo's defaults apply to {it}")).help(format!(
            "add {it} below this line; for hints about the values, run `cargo xtask hint {}`",
            case.exercise.id
        )),
        None => {
            let problem = problem.in_file(&source.file);
            let first = if weigh::profiles::reserved(profile).is_none() && !is_built_in(profile) {
                format!("add a table [profile.{profile}] with `inherits = \"release\"`, and set {it} there")
            } else {
                format!("the file has no [profile.{profile}] yet: add that line at the end, and set {it} below it")
            };
            problem.help(format!("{first}; for hints about the values, run `cargo xtask hint {}`", case.exercise.id))
        }
    }
}

fn is_wanted_elsewhere(case: &Case<'_>, name: &str, own: &str) -> bool {
    case.exercise
        .data
        .goal
        .iter()
        .any(|goal| matches!(&goal.check, Check::Profile(other) if other.profile == name && other.profile != own))
}
