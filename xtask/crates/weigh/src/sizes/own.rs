//! What a table says of a foreign crate's own profiles: which of their lines cost bytes, and how its owner gets the small build.

use super::measured::{Burden, Line};
use super::workers::Results;
use crate::anatomy;
use crate::profiles::{SETTINGS, canonical};
use crate::subject::own::{self, KEYS, Own};
use crate::subject::{Program, Subject, own_name};
use anyhow::Result;
use base::diagnostic;
use base::numbers::thousands;
use base::output::{self, Progress};
use std::fmt::Write as _;

/// The profile of the tables that every row leads to.
const SMALL: &str = "dist";

/// Builds the crate's own profiles again without each of the lines that make programs larger, and once without all of them.
///
/// # Errors
/// When one of these builds fails.
pub(super) fn burdens(subject: &Subject, results: &Results) -> Result<Vec<Burden>> {
    let mut changes = Vec::new();
    for (key, built) in &results.built {
        let program = subject.programs.iter().find(|program| program.name == key.program);
        let (Some(name), Some(program)) = (own_name(&key.profile), program) else { continue };
        let burdens = subject.own.burdens(name, &program.package_name);
        let change = |burdens: Vec<own::Burden<'_>>| Change {
            program,
            profile: &key.profile,
            settings: burdens.iter().map(|burden| burden.without.clone()).collect(),
            burden: burden(&program.name, name, built.binary.bytes, &burdens),
        };
        let singles = burdens.iter().cloned().map(|burden| change(vec![burden]));
        let first = changes.len();
        changes.extend(singles);
        if changes[first..].iter().any(|change| change.burden.lines != changes[first].burden.lines) {
            changes.push(change(burdens));
        }
    }
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let progress = Progress::new(changes.len());
    let mut found = Vec::new();
    for Change { program, profile, settings, burden } in changes {
        let bytes_then = anatomy::file_bytes_with(subject, program, profile, &settings)?;
        progress.finished(&format!("built {profile} with {}: {} bytes", settings.join(" "), thousands(bytes_then)));
        found.push(Burden { bytes_then, ..burden });
    }
    Ok(worth_telling(found))
}

/// A build with some lines changed.
struct Change<'a> {
    program: &'a Program,
    profile: &'a str,
    settings: Vec<String>,
    burden: Burden,
}

/// What is known of lines before they are changed.
fn burden(program: &str, profile: &str, bytes: u64, burdens: &[own::Burden<'_>]) -> Burden {
    let each = |text: &dyn Fn(&own::Burden<'_>) -> String, between: &str| {
        let mut texts: Vec<String> = burdens.iter().map(text).collect();
        texts.dedup();
        texts.join(between)
    };
    let mut lines: Vec<Line> = burdens
        .iter()
        .map(|burden| Line { place: burden.line.place.clone(), setting: burden.line.setting() })
        .collect();
    lines.dedup();
    let remedy = if lines.len() > 1 {
        "with all of them changed".to_owned()
    } else {
        each(&|burden| burden.remedy.clone(), " and ")
    };
    Burden {
        program: program.to_owned(),
        profile: profile.to_owned(),
        lines,
        why: each(&|burden| burden.why.to_owned(), "; "),
        remedy,
        bytes,
        bytes_then: bytes,
    }
}

/// What costs most comes first, each line once for a profile, and all lines together only where that is noticeably better than
/// the best of them.
fn worth_telling(mut found: Vec<Burden>) -> Vec<Burden> {
    const NOTICEABLE: f64 = 0.01;
    found.retain(|burden| burden.bytes_then < burden.bytes);
    found.sort_by_key(|burden| (burden.lines.len() > 1, burden.bytes_then));
    let mut kept: Vec<Burden> = Vec::new();
    for burden in found {
        let same = |other: &&Burden| other.profile == burden.profile && other.program == burden.program;
        let best = kept.iter().filter(same).map(|other| other.bytes_then).min();
        let is_better = best.is_none_or(|best| (burden.bytes_then as f64) < best as f64 * (1.0 - NOTICEABLE));
        let is_new = kept.iter().filter(same).all(|other| other.lines != burden.lines);
        if is_new && (burden.lines.len() == 1 || is_better) {
            kept.push(burden);
        }
    }
    kept.sort_by_key(|burden| std::cmp::Reverse(burden.bytes - burden.bytes_then));
    kept
}

/// Tells the overrides that no table's profile can set back.
pub(super) fn tell_overrides(subject: &Subject) {
    for line in subject.own.overrides_of(subject.base) {
        let (place, setting, table) = (&line.place, line.setting(), line.table());
        output::note(&format!("{place} sets {setting} in [{table}], so it applies to every row of a size table"));
    }
}

/// Tells each line that costs bytes.
pub(super) fn tell_burdens(burdens: &[Burden]) {
    for burden in burdens {
        let Burden { program, profile, lines, why, remedy, bytes, bytes_then } = burden;
        let lines: Vec<String> = lines.iter().map(|line| format!("{} `{}`", line.place, line.setting)).collect();
        output::note(&format!(
            "{}: with [profile.{profile}], {program} is {} bytes, and {} {remedy} ({why})",
            lines.join(", "),
            thousands(*bytes),
            thousands(*bytes_then),
        ));
    }
}

/// How the owner of a crate gets the row with every setting: a profile to add, or what to change in the existing one.
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
        let _ = write!(text, "\nRemove the settings that apply only to some packages: {}\n", in_the_way.join(", "));
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
        "\nTo get the row with every setting, add this to {manifest}, and build with `cargo build --profile {SMALL}`:\n\n\
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
            Some(line) => {
                writeln!(changes, "  {key} = {value} in place of {} ({})", line.setting(), line.place)
            }
            None => writeln!(changes, "  {key} = {value} added to [profile.{SMALL}]"),
        };
    }
    match changes.is_empty() {
        true => format!(
            "\nYour own [profile.{SMALL}] has every setting of the ladder: `cargo build --profile {SMALL}` builds it.\n"
        ),
        false => format!(
            "\nTo get the row with every setting, change your own [profile.{SMALL}], and build with `cargo build --profile {SMALL}`:\n\n{changes}"
        ),
    }
}

fn differs(key: &str, value: Option<&toml::Value>, wanted: &toml::Value) -> bool {
    value.map(|value| canonical(key, value)) != Some(canonical(key, wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burden(lines: &[&str], bytes_then: u64) -> Burden {
        let lines = lines.iter().map(|line| Line { place: (*line).to_owned(), setting: "debug = 1".to_owned() });
        let (program, profile) = ("app".to_owned(), "release".to_owned());
        let (why, remedy) = (String::new(), String::new());
        Burden { program, profile, lines: lines.collect(), why, remedy, bytes: 1000, bytes_then }
    }

    fn told(found: &[(&[&str], u64)]) -> Vec<(usize, u64)> {
        let found = found.iter().map(|(lines, bytes_then)| burden(lines, *bytes_then)).collect();
        worth_telling(found).iter().map(|burden| (burden.lines.len(), burden.bytes_then)).collect()
    }

    #[test]
    fn each_line_is_told_once_and_the_worst_first() {
        assert_eq!(told(&[(&["a"], 900), (&["b"], 700), (&["a"], 500)]), [(1, 500), (1, 700)]);
        assert_eq!(told(&[(&["a"], 1000), (&["b"], 1200)]), [], "it costs nothing");
    }

    #[test]
    fn all_lines_together_are_told_where_none_alone_does_it() {
        assert_eq!(told(&[(&["a"], 999), (&["b"], 1000), (&["a", "b"], 100)]), [(2, 100), (1, 999)]);
        assert_eq!(told(&[(&["a"], 100), (&["b"], 1000), (&["a", "b"], 100)]), [(1, 100)]);
    }
}
