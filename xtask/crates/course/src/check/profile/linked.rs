//! The crates that are linked into the program, each with the settings that rustc gets for it. A profile serves a purpose only
//! if they do as well: a table such as `[profile.release.package."*"]` compiles them differently.

use super::data::Crate;
use super::words::{better, what_it_does};
use super::{Case, Right};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Built, Linked};
use crate::exercise::kinds::Profile;
use crate::learner_manifest::effective;
use base::diagnostic::line_and_column;
use base::numbers;
use std::collections::BTreeMap;
use weigh::profiles::canonical;

/// The settings that each crate has for itself; the others are about the whole program.
const PER_CRATE: [&str; 4] = ["opt-level", "codegen-units", "debug-assertions", "overflow-checks"];

/// Crates named in a message; the others are counted.
const NAMED: usize = 4;

/// What is wrong with the crates that are linked in, one problem for each line that causes it. `unmet`: the settings that
/// aren't right for the program itself, which is reported elsewhere.
pub(super) fn problems(
    case: &Case<'_>,
    spec: &Profile,
    required: &BTreeMap<&str, Right>,
    built: &Built,
    unmet: &[String],
) -> Vec<Diagnostic> {
    let mut groups: BTreeMap<(&str, &str, Option<usize>), Vec<&Linked>> = BTreeMap::new();
    for (key, right) in required.iter().filter(|(key, _)| PER_CRATE.contains(key)) {
        for linked in &built.linked {
            let Some(got) = linked.rustc.get(*key).filter(|got| !right.has(key, got)) else { continue };
            let line = written(case, &spec.profile, linked, key, got).map(|(_, setting)| setting.key.start);
            groups.entry((key, got, line)).or_default().push(linked);
        }
    }
    let is_new = |(key, line): (&str, Option<usize>)| {
        let of_program = effective::effective(case.manifest, &spec.profile, key).asked;
        !unmet.iter().any(|other| other == key) || line != of_program.map(|(_, setting)| setting.key.start)
    };
    let groups = groups.into_iter().filter(|((key, _, line), _)| is_new((key, *line)));
    groups.map(|((key, got, _), crates)| problem(case, spec, &required[key], (key, got), &crates)).collect()
}

/// The line that gives a crate this value; `None` if the manifest doesn't.
fn written<'a>(
    case: &Case<'a>,
    profile: &'a str,
    linked: &Linked,
    key: &str,
    got: &str,
) -> Option<(String, &'a crate::learner_manifest::Setting)> {
    let package = (linked.package.as_str(), linked.version.as_str());
    let found = effective::of_dependency(case.manifest, profile, package, key)?;
    (canonical(key, &found.1.value) == got).then_some(found)
}

fn problem(case: &Case<'_>, spec: &Profile, right: &Right, (key, got): (&str, &str), crates: &[&Linked]) -> Diagnostic {
    let mut names: Vec<&str> = crates.iter().map(|linked| linked.package.as_str()).collect();
    names.dedup();
    let more = names.len().saturating_sub(NAMED);
    let more_crates = numbers::plural(more, "more crate");
    if more > 0 {
        names.truncate(NAMED);
        names.push(&more_crates);
    }
    let (who, are) = (numbers::list(&names), if names.len() == 1 { "is" } else { "are" });
    let part = if names.len() == 1 { "it is part of the program" } else { "they are part of the program" };
    let profile = &spec.profile;
    let problem = match written(case, profile, crates[0], key, got) {
        Some((table, setting)) => {
            let value = &setting.value;
            let message = format!("{table} compiles {who} with `{key} = {value}`, although {part}");
            let is_package = table.contains(".package.");
            let other = better(key, right);
            // Where several values would work, what to write is a separate sentence.
            let help = match (is_package, other.starts_with("write")) {
                (true, true) => format!("remove the line, or {other}"),
                (true, false) => "remove the line: the profile's own setting then applies to every crate".to_owned(),
                (false, true) => format!("below {table} {other}"),
                (false, false) => other,
            };
            Diagnostic::new(Code::WrongValue, message)
                .at(&case.manifest.source, setting.span.clone(), what_it_does(key, value))
                .help(help)
        }
        None => {
            let message = format!("{who} {are} compiled with `{key}` set to {got}, although {part}");
            let root = effective::chain(case.manifest, profile).last().copied().unwrap_or_default();
            let is_default = weigh::profiles::default(root, key).is_some_and(|default| canonical(key, &default) == got);
            let help = if is_default {
                format!(
                    "that is the default of `{root}`, from which [profile.{profile}] starts: set `{key}` in [profile.{profile}] for all packages"
                )
            } else {
                format!(
                    "the manifest doesn't set this: look for [profile.{profile}] in Cargo's configuration files, and for RUSTFLAGS in your environment"
                )
            };
            Diagnostic::new(Code::DiffersAtRustc, message).in_file(&case.manifest.source.file).help(help)
        }
    };
    problem.explains([key])
}

/// The crates that are compiled differently from the program itself, a row for each setting.
pub(super) fn rows(case: &Case<'_>, profile: &str, built: &Built) -> Vec<Crate> {
    let Some(program) = &built.rustc else { return Vec::new() };
    let mut rows = Vec::new();
    for linked in &built.linked {
        for key in PER_CRATE {
            let (Some(got), Some(own)) = (linked.rustc.get(key), program.get(key)) else { continue };
            if got == own {
                continue;
            }
            let from = written(case, profile, linked, key, got);
            let line = |start| line_and_column(&case.manifest.source.text, start).0;
            rows.push(Crate {
                name: linked.package.clone(),
                version: linked.version.clone(),
                key,
                rustc: got.clone(),
                program: own.clone(),
                from: from.map(|(table, setting)| (table, line(setting.key.start))),
            });
        }
    }
    rows
}
