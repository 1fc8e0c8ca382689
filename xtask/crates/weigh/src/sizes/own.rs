//! What a table says of a foreign crate's own profiles: which of their lines cost bytes, and how its owner gets the small build.

use super::measured::Burden;
use super::workers::Results;
use crate::anatomy;
use crate::profiles::{SETTINGS, canonical};
use crate::subject::own::{self, KEYS, Line, Own};
use crate::subject::{Subject, own_name};
use anyhow::Result;
use base::diagnostic;
use base::numbers::thousands;
use base::output::{self, Progress};
use std::fmt::Write as _;

/// The profile of the tables that every row leads to.
const SMALL: &str = "dist";

/// Builds the crate's own profiles once more without each of the lines that make programs larger, and once without all of them.
///
/// # Errors
/// When one of these builds fails.
pub(super) fn burdens(subject: &Subject, results: &Results) -> Result<Vec<Burden>> {
    let of_programs = results.built.iter().filter_map(|(key, built)| {
        let name = own_name(&key.profile)?;
        let program = subject.programs.iter().find(|program| program.name == key.program)?;
        let burdens = subject.own.burdens(name, &program.package_name);
        (!burdens.is_empty()).then_some((program, name, &key.profile, built.binary.bytes, burdens))
    });
    let of_programs: Vec<_> = of_programs.collect();
    let builds = of_programs.iter().map(|(.., burdens)| burdens.len() + usize::from(burdens.len() > 1)).sum();
    if builds == 0 {
        return Ok(Vec::new());
    }
    let progress = Progress::new(builds);
    let mut found = Vec::new();
    for (program, name, profile, bytes, burdens) in of_programs {
        let mut add = |burdens: &[own::Burden<'_>]| -> Result<()> {
            let settings: Vec<&str> = burdens.iter().map(|burden| burden.without.as_str()).collect();
            let bytes_then = anatomy::file_bytes_with(subject, program, profile, &settings)?;
            progress.finished(&format!("built {name} with {}: {} bytes", settings.join(" "), thousands(bytes_then)));
            let join = |text: &dyn Fn(&own::Burden<'_>) -> String| {
                let mut texts: Vec<String> = burdens.iter().map(text).collect();
                texts.dedup();
                texts.join("; ")
            };
            found.push(Burden {
                program: program.name.clone(),
                profile: name.to_owned(),
                place: join(&|burden| burden.line.place.clone()),
                setting: join(&|burden| burden.line.setting()),
                why: join(&|burden| burden.why.to_owned()),
                remedy: join(&|burden| burden.remedy.clone()),
                bytes,
                bytes_then,
            });
            Ok(())
        };
        for burden in &burdens {
            add(std::slice::from_ref(burden))?;
        }
        if burdens.len() > 1 {
            add(&burdens)?;
        }
    }
    found.retain(|burden| burden.bytes_then < burden.bytes);
    // What costs most comes first.
    found.sort_by_key(|burden| burden.bytes_then);
    Ok(found)
}

/// Tells the overrides that no table's profile can set back.
pub(super) fn tell_overrides(subject: &Subject) {
    for line in subject.own.overrides_of(subject.base) {
        let (place, setting, table) = (&line.place, line.setting(), line.table());
        output::note(&format!("{place} sets {setting} in [{table}]: it is part of every row of a size table"));
    }
}

/// Tells each line that costs bytes.
pub(super) fn tell_burdens(burdens: &[Burden]) {
    for burden in burdens {
        let Burden { program, profile, place, setting, why, remedy, bytes, bytes_then } = burden;
        output::note(&format!(
            "{place}: `{setting}` makes {program} {} bytes larger with [profile.{profile}]: {why}; {remedy} it has {} bytes, not {}",
            thousands(bytes - bytes_then),
            thousands(*bytes_then),
            thousands(*bytes),
        ));
    }
}

/// How the owner of a crate gets the row with every setting: a profile to add, or what to change in the one that is there.
pub(super) fn recipe(subject: &Subject) -> String {
    let own = &subject.own;
    let manifest = diagnostic::shown(&own.manifest).display().to_string();
    let small = |key: &str| subject.profiles.value(SMALL, key);
    let mut text = if own.profiles.table(SMALL).is_some() { change(own, &small) } else { add(own, &manifest, &small) };
    // The tables' profiles inherit from `dev` where `release` has overrides.
    let overrides = ["release", SMALL].map(|name| own.overrides_of(name).collect::<Vec<_>>());
    let in_the_way = overrides.iter().flatten().filter(|line| line.profile != subject.base);
    let in_the_way: Vec<String> =
        in_the_way.map(|line| format!("{} ({} in [{}])", line.place, line.setting(), line.table())).collect();
    if !in_the_way.is_empty() {
        let _ = write!(text, "\nTake out what holds for some packages only: {}\n", in_the_way.join(", "));
    }
    text
}

/// A new profile. Besides the settings, it sets back what it would inherit from the crate's own `release`.
fn add(own: &Own, manifest: &str, small: &dyn Fn(&str) -> Option<toml::Value>) -> String {
    let mut settings = String::new();
    for key in SETTINGS {
        if let Some(value) = small(key) {
            let _ = writeln!(settings, "{key} = {value}");
        }
    }
    for key in KEYS.into_iter().filter(|key| !SETTINGS.contains(key)) {
        let Some(value) = small(key) else { continue };
        let inherited = own.profiles.value("release", key);
        if let Some(place) = own.line("release", key).filter(|_| differs(key, inherited.as_ref(), &value)) {
            let _ = writeln!(settings, "{key} = {value} # {} in {}", place.setting(), place.place);
        }
    }
    format!(
        "\nFor the row with every setting put this into {manifest}, and build with `cargo build --profile {SMALL}`:\n\n\
         [profile.{SMALL}]\ninherits = \"release\"\n{settings}"
    )
}

/// The lines to change in a profile that is there already.
fn change(own: &Own, small: &dyn Fn(&str) -> Option<toml::Value>) -> String {
    let mut changes = String::new();
    for key in KEYS {
        let Some(value) = small(key) else { continue };
        if !differs(key, own.profiles.value(SMALL, key).as_ref(), &value) {
            continue;
        }
        let _ = match own.line(SMALL, key) {
            Some(line @ Line { place, .. }) => {
                writeln!(changes, "  {key} = {value} in place of {} ({place})", line.setting())
            }
            None => writeln!(changes, "  {key} = {value} added to [profile.{SMALL}]"),
        };
    }
    match changes.is_empty() {
        true => format!(
            "\nYour own [profile.{SMALL}] has every setting of the ladder: `cargo build --profile {SMALL}` builds it.\n"
        ),
        false => format!(
            "\nFor the row with every setting change your own [profile.{SMALL}], and build with `cargo build --profile {SMALL}`:\n\n{changes}"
        ),
    }
}

fn differs(key: &str, value: Option<&toml::Value>, wanted: &toml::Value) -> bool {
    value.map(|value| canonical(key, value)) != Some(canonical(key, wanted))
}
