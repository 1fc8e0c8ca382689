//! Which settings are weighed, and against what. A crate's own profile is compared with Cargo's bare default; where it is that
//! already, the size tables' `dist` is weighed on top of it.

use crate::builds::Variant;
use crate::profiles::{SETTINGS, canonical};
use crate::subject::own::{KEYS, Line};
use crate::subject::{Subject, own_name};
use anyhow::{Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::output;
use std::collections::BTreeMap;

/// What is weighed for a crate whose own profile sets nothing.
const SMALL: &str = "dist";

/// The builds to compare.
#[derive(Debug)]
pub(super) struct Plan {
    /// The profile without any of the settings, as Cargo is told.
    pub base: String,
    /// The same for people.
    pub before: String,
    /// What the profile with all of the settings is called.
    pub after: String,
    /// The settings.
    pub levers: Vec<Lever>,
}

/// A setting that is put in and taken out.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lever {
    /// Its key, such as `lto` or `package.serde.opt-level`.
    pub key: String,
    /// Its value.
    pub value: toml::Value,
    /// What it makes Cargo do besides: key and value.
    pub also: Option<(String, toml::Value)>,
}

impl Lever {
    /// Whether it lets the linker optimize over all crates.
    pub(super) fn is_lto(&self) -> bool {
        self.key == "lto" && matches!(canonical("lto", &self.value).as_str(), "fat" | "thin")
    }
}

/// What is weighed for a profile; a foreign crate's own `release` if none is named.
///
/// # Errors
/// When there is no such profile, or nothing to weigh in it.
pub(super) fn of(subject: &Subject, profile: Option<&str>) -> Result<Plan> {
    let default = if subject.foreign { None } else { Some(SMALL) };
    let after = subject.resolve(profile.or(default), "profile")?;
    let base = subject.cargo_profile("release").into_owned();
    let before = subject.shown("release").to_owned();
    let levers = match own_name(&after) {
        Some(name) => own(subject, name),
        None => differences(subject, &after),
    };
    if !levers.is_empty() {
        return Ok(Plan { base, before, after: subject.shown(&after).to_owned(), levers });
    }
    let whose = format!("`{}` has the settings of Cargo's default release profile", subject.shown(&after));
    if !subject.foreign || own_name(&after).is_none() {
        bail!(
            Failure::new(Exit::Usage, format!("{whose}: there is nothing to weigh"))
                .help("name a different one, such as --profile dist")
        );
    }
    output::note(&format!("{whose}, so the settings of the size tables' `{SMALL}` are weighed on top of it"));
    let (base, before) = (subject.cargo_profile(&after).into_owned(), subject.shown(&after).to_owned());
    Ok(Plan { base, before, after: SMALL.to_owned(), levers: differences(subject, SMALL) })
}

/// In which settings a profile of the tables differs from Cargo's default release profile.
fn differences(subject: &Subject, profile: &str) -> Vec<Lever> {
    let lever = |key: &'static str| {
        let (on, off) = (subject.profiles.value(profile, key)?, subject.profiles.value("release", key)?);
        (canonical(key, &on) != canonical(key, &off)).then(|| Lever { key: key.to_owned(), value: on, also: None })
    };
    SETTINGS.into_iter().filter_map(lever).collect()
}

/// In which settings a crate's own profile differs from Cargo's default release profile, overrides for packages included.
fn own(subject: &Subject, name: &str) -> Vec<Lever> {
    let profiles = &subject.own.profiles;
    let sets_strip = profiles.chain(name).iter().any(|profile| subject.own.line(profile, "strip").is_some());
    let lever = |key: String, setting: &str, value: toml::Value| {
        // With debug information in any crate, Cargo's default strips nothing, not even the standard library's.
        let keeps = setting == "debug" && !matches!(canonical("debug", &value).as_str(), "false" | "0" | "none");
        let also = (keeps && !sets_strip).then(|| ("strip".to_owned(), "none".into()));
        Lever { key, value, also }
    };
    let mut levers = Vec::new();
    for key in KEYS {
        // What has no default is set by a line or not at all.
        let Some(on) = profiles.value(name, key) else { continue };
        let off = crate::profiles::default("release", key);
        if off.is_none_or(|off| canonical(key, &off) != canonical(key, &on)) {
            levers.push(lever(key.to_owned(), key, on));
        }
    }
    let overrides: Vec<&Line> =
        profiles.chain(name).into_iter().flat_map(|profile| subject.own.overrides_of(profile)).collect();
    for line in overrides {
        let table = line.table();
        let scope = table.strip_prefix(&format!("profile.{}.", line.profile)).unwrap_or(&table);
        let key = format!("{scope}.{}", line.key);
        if line.profile == "release" && subject.base == "release" {
            let manifest = diagnostic::shown(&subject.own.manifest);
            output::note(&format!("{}: `{key}` of [profile.release] is part of every build here", manifest.display()));
        } else if levers.iter().all(|lever| lever.key != key) {
            levers.push(lever(key, &line.key, line.value.clone()));
        }
    }
    levers
}

/// Some of the levers as a build: one bit for each that is on. What is off isn't mentioned.
pub(super) fn variant(levers: &[Lever], on: usize, before: &str) -> Variant {
    let on: Vec<&Lever> =
        levers.iter().enumerate().filter(|(index, _)| on & (1 << index) != 0).map(|(_, lever)| lever).collect();
    let mut settings: BTreeMap<String, toml::Value> = on.iter().filter_map(|lever| lever.also.clone()).collect();
    settings.extend(on.iter().map(|lever| (lever.key.clone(), lever.value.clone())));
    let keys: Vec<&str> = on.iter().map(|lever| lever.key.as_str()).collect();
    let name = if keys.is_empty() { before.to_owned() } else { keys.join(" + ") };
    Variant { name, settings, ..Variant::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_brings_what_cargo_does_with_it_unless_that_is_set() {
        let debug = Lever { key: "debug".to_owned(), value: 1.into(), also: Some(("strip".to_owned(), "none".into())) };
        let strip = Lever { key: "strip".to_owned(), value: true.into(), also: None };
        let levers = [debug, strip];
        assert_eq!(variant(&levers, 1, "release").settings["strip"], "none".into());
        assert_eq!(variant(&levers, 3, "release").settings["strip"], true.into());
        assert_eq!(variant(&levers, 3, "release").name, "debug + strip");
        assert_eq!(variant(&levers, 0, "release").name, "release");
    }
}
