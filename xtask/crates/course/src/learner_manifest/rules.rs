//! What is wrong with a manifest whatever an exercise requires. Each rule looks only at the file; all problems are
//! found at once.

mod syntax;

use super::known::{self, Fault};
use super::{Manifest, Profile, Setting, Stray};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::names::brings_back;
use base::diagnostic::Source;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeArray, DeTable, DeValue, Error};
use weigh::profiles::is_built_in;
use weigh::workshop::nearest;

/// All problems, the most important first.
pub(super) fn problems(manifest: &Manifest, root: &DeTable<'_>, errors: &[Error]) -> Vec<Diagnostic> {
    let syntax = syntax::problems(manifest, root, errors);
    let broken: Vec<Option<usize>> = syntax.iter().map(line).collect();
    let mut found = Vec::new();
    if errors.is_empty() && root.get("package").is_none() && root.get("workspace").is_none() {
        let message = "the manifest has no [package] or [workspace]";
        let help = format!("the file must begin with [package] and its name; {}", brings_back(&manifest.source.file));
        let problem = Diagnostic::new(Code::ManifestSyntax, message).at(&manifest.source, 0..0, "the file begins here");
        found.push(problem.help(help).refused());
    }
    for strays in grouped(&manifest.strays) {
        found.push(stray_problem(&strays, manifest));
    }
    for (name, profile) in &manifest.profiles {
        found.extend(names(manifest, name));
        if weigh::profiles::reserved(name).is_some() {
            continue;
        }
        let place = format!("profile.{name}");
        let mut settings = profile.settings.clone();
        if let Some(inherit) = misspelled_inherits(name, &profile.settings) {
            settings.remove(inherit);
        }
        found.extend(keys(&manifest.source, &place, &settings, true));
        for (spec, own) in &profile.packages {
            found.extend(keys(&manifest.source, &format!("{place}.package.{spec}"), &own.settings, false));
        }
        found.extend(keys(&manifest.source, &format!("{place}.build-override"), &profile.build_override, false));
    }
    // Where the parser has stumbled, what it made of the rest of the line means nothing.
    found.retain(|problem| !broken.contains(&line(problem)));
    found.extend(syntax);
    found.sort_by_key(|problem| (!problem.refused, problem.code, line(problem)));
    found
}

/// Settings in the same wrong table for the same reason, each group in the order of the file.
fn grouped(strays: &[Stray]) -> Vec<Vec<&Stray>> {
    let mut groups: Vec<Vec<&Stray>> = Vec::new();
    for stray in strays {
        let is_alike = |other: &Stray| {
            (stray.code, &stray.table, &stray.instead, stray.refused)
                == (other.code, &other.table, &other.instead, other.refused)
        };
        match groups.iter_mut().find(|group| is_alike(group[0])) {
            Some(group) => group.push(stray),
            None => groups.push(vec![stray]),
        }
    }
    groups.iter_mut().for_each(|group| group.sort_by_key(|stray| stray.name.start));
    groups
}

/// The key of a custom profile without `inherits` that was most probably meant to be it.
fn misspelled_inherits<'a>(name: &str, settings: &'a BTreeMap<String, Setting>) -> Option<&'a str> {
    if is_built_in(name) || settings.contains_key("inherits") {
        return None;
    }
    settings.keys().map(String::as_str).find(|key| !known::is_key(key) && known::meant_key(key) == Some("inherits"))
}

fn line(problem: &Diagnostic) -> Option<usize> {
    problem.place.as_ref()?.line
}

/// `[[profile.release]]`: two pairs of brackets begin a list entry.
pub(super) fn list_of_tables(profile: &str, place: Range<usize>, tables: &DeArray<'_>) -> Stray {
    let tables = tables.iter().filter_map(|table| table.get_ref().as_table());
    Stray {
        table: format!("[[profile.{profile}]]"),
        name: place,
        settings: tables.flat_map(DeTable::keys).map(|key| key.get_ref().to_string()).collect(),
        code: Code::UnknownTable,
        instead: Some(format!("[profile.{profile}]")),
        refused: true,
    }
}

/// Profile settings in a top-level table that isn't a profile.
pub(super) fn stray(name: &str, place: Range<usize>, value: &DeValue<'_>) -> Vec<Stray> {
    let DeValue::Table(table) = value else {
        let is_setting = known::KEYS.contains(&name);
        let found = found("the top of the file".to_owned(), place, vec![name.to_owned()], Code::WrongTable);
        return Vec::from_iter(is_setting.then_some(found));
    };
    match name {
        "package" | "workspace" => in_package(name, table),
        "dependencies" | "dev-dependencies" | "build-dependencies" | "features" => among_dependencies(name, table),
        _ if known::TABLES.contains(&name) => Vec::new(),
        // `[release]`, `[dist]`, `["profile.release"]`
        _ if !settings_of(table).is_empty() => {
            let profile = name.strip_prefix("profile.").unwrap_or(name);
            let is_release = nearest(profile, ["release"].into_iter()).is_some();
            let instead = format!("[profile.{}]", if is_release { "release" } else { profile });
            let written = if name.contains('.') { format!("[\"{name}\"]") } else { format!("[{name}]") };
            let found = found(written, place, settings_of(table), Code::UnknownTable);
            vec![Stray { instead: Some(instead), ..found }]
        }
        // `[profiles.release]`
        _ if name.to_lowercase().starts_with("profile")
            || nearest(&name.to_lowercase(), ["profile"].into_iter()).is_some() =>
        {
            vec![misspelled_profile(name, place, table)]
        }
        _ => Vec::new(),
    }
}

/// A stray that Cargo only warns about, and that has no replacement.
fn found(table: String, name: Range<usize>, settings: Vec<String>, code: Code) -> Stray {
    Stray { table, name, settings, code, instead: None, refused: false }
}

/// A table's keys that are profile settings, or were meant to be.
fn settings_of(table: &DeTable<'_>) -> Vec<String> {
    let keys = table.keys().map(|key| key.get_ref().to_string());
    keys.filter(|key| known::is_key(key) || known::meant_key(key).is_some()).collect()
}

/// Profiles below `[package]` or `[workspace]`, and settings in them.
fn in_package(name: &str, table: &DeTable<'_>) -> Vec<Stray> {
    let strays = table.iter().filter_map(|(key, value)| {
        let key_name = key.get_ref().as_ref();
        match value.get_ref() {
            DeValue::Table(inner) if key_name == "profile" => {
                let written = format!("[{name}.profile.{}]", inner.keys().next().map_or("…", |key| key.get_ref()));
                let settings = inner.values().filter_map(|value| value.get_ref().as_table()).flat_map(settings_of);
                Some(found(written, key.span(), settings.collect(), Code::UnknownTable))
            }
            _ if known::KEYS.contains(&key_name) => {
                Some(found(format!("[{name}]"), key.span(), vec![key_name.to_owned()], Code::WrongTable))
            }
            _ => None,
        }
    });
    strays.collect()
}

/// Settings in a table where Cargo takes each line for a dependency or a feature, and refuses it as one.
fn among_dependencies(name: &str, table: &DeTable<'_>) -> Vec<Stray> {
    let settings = table.iter().filter(|(key, value)| {
        let key = key.get_ref().as_ref();
        known::KEYS.contains(&key) && known::fault(key, &super::plain(value.get_ref())).is_none()
    });
    let strays = settings.map(|(key, _)| {
        let settings = vec![key.get_ref().to_string()];
        Stray { refused: true, ..found(format!("[{name}]"), key.span(), settings, Code::WrongTable) }
    });
    strays.collect()
}

/// A table with profiles whose name Cargo doesn't know.
fn misspelled_profile(name: &str, place: Range<usize>, table: &DeTable<'_>) -> Stray {
    let inner: Vec<_> =
        table.iter().filter_map(|(key, value)| Some((key.get_ref(), value.get_ref().as_table()?))).collect();
    let settings = inner.iter().flat_map(|(_, table)| settings_of(table)).collect();
    let profile = inner.first().map_or_else(|| name.rsplit('.').next().unwrap_or(name), |(name, _)| name);
    let profile = if profile == name { "release" } else { profile };
    let written = if inner.is_empty() { format!("[{name}]") } else { format!("[{name}.{profile}]") };
    let instead = Some(format!("[profile.{profile}]"));
    Stray { instead, ..found(written, place, settings, Code::UnknownTable) }
}

/// Settings in the same table that isn't a profile. The first one has the words.
fn stray_problem(strays: &[&Stray], manifest: &Manifest) -> Diagnostic {
    let source = &manifest.source;
    let Stray { table, name, code, instead, refused, .. } = strays[0];
    let settings: Vec<String> = strays.iter().flat_map(|stray| stray.settings.iter().cloned()).collect();
    let which = list(&settings);
    // `profile.release = …` and `profile.release.lto = …` belong to the table above them.
    let start = source.text[..name.start].rfind('\n').map_or(0, |newline| newline + 1);
    let below = ["package", "workspace"].into_iter().find(|above| table.starts_with(&format!("[{above}.profile.")));
    let below = below.filter(|_| source.text[start..name.start].trim().is_empty());
    let mut problem = match (code, below) {
        (Code::UnknownTable, Some(above)) => {
            let path = table.trim_matches(['[', ']']);
            let message =
                format!("this line is inside the table [{above}], so Cargo reads it as `{path}`, which doesn't exist");
            Diagnostic::new(*code, message).at(source, name.clone(), "Cargo only warns, and ignores the whole table")
        }
        (Code::UnknownTable, None) => Diagnostic::new(*code, format!("Cargo doesn't know the table {table}")).at(
            source,
            name.clone(),
            match refused {
                true => "double brackets start an array of tables, which Cargo rejects here",
                false => "Cargo only warns, and ignores the whole table",
            },
        ),
        _ => {
            let verb = if settings.len() == 1 { "is" } else { "are" };
            let label = match (refused, settings.len()) {
                (true, _) => "Cargo rejects this here",
                (false, 1) => "Cargo only warns, and ignores it",
                (false, _) => "Cargo only warns, and ignores them",
            };
            let whose = if *table == "the top of the file" { "at".to_owned() } else { "in".to_owned() };
            Diagnostic::new(*code, format!("{which} {verb} {whose} {table}, which isn't a profile")).at(
                source,
                name.clone(),
                label,
            )
        }
    };
    let write = instead.as_deref().unwrap_or("[profile.release]");
    for other in &strays[1..] {
        problem = problem.and_at(other.name.clone(), "");
    }
    // A table of that name is there already: a second one would be refused.
    let there = manifest.profiles.iter().find(|(name, _)| *write == format!("[profile.{name}]"));
    let there = there.map(|(_, profile)| base::diagnostic::line_and_column(&source.text, profile.name.start).0);
    problem = problem.help(match (code, there) {
        _ if below.is_some() => format!("put {write} on a line of its own, with the settings below it, one per line"),
        (_, Some(line)) if settings.is_empty() => format!("line {line} already has {write}: remove this one"),
        (_, Some(line)) => format!("move {which} to {write}, which begins on line {line}"),
        (Code::UnknownTable, None) => format!("did you mean {write}?"),
        _ if settings.len() > 1 => format!("put them below a {write} line"),
        _ => format!("put it below a {write} line"),
    });
    problem.refused = *refused;
    problem.explains(settings.iter().map(|setting| known::meant_key(setting).unwrap_or(setting)))
}

/// The name of a profile, and what it inherits from.
fn names(manifest: &Manifest, name: &str) -> Option<Diagnostic> {
    let profile = &manifest.profiles[name];
    let source = &manifest.source;
    if let Some(help) = weigh::profiles::reserved(name) {
        let problem = Diagnostic::new(Code::ReservedName, format!("a profile can't be named `{name}`"))
            .at(source, profile.name.clone(), "Cargo reserves this name")
            .help(help);
        return Some(problem.refused().explains(profile.settings.keys().cloned()));
    }
    let inherits = profile.settings.get("inherits");
    if matches!(name, "release" | "dev") {
        let message = format!("[profile.{name}] can't have `inherits`: only custom profiles inherit");
        let problem = Diagnostic::new(Code::WrongValue, message);
        return Some(
            problem.at(source, inherits?.key.clone(), "Cargo rejects this line").help("remove the line").refused(),
        );
    }
    if is_built_in(name) {
        return None;
    }
    let Some(inherits) = inherits else { return Some(without_inherits(source, name, profile)) };
    let parent = inherits.value.as_str()?;
    if is_built_in(parent) || manifest.profiles.contains_key(parent) {
        circle(manifest, name, inherits)
    } else {
        Some(unknown_parent(manifest, name, (parent, inherits)))
    }
}

/// A custom profile that doesn't inherit: the name or the key is misspelled, or there is no such line.
fn without_inherits(source: &Source, name: &str, profile: &Profile) -> Diagnostic {
    let lower = name.to_lowercase();
    if let Some(near) = nearest(&lower, ["release", "dev"].into_iter()) {
        let problem = Diagnostic::new(Code::UnknownTable, format!("there is no profile `{name}`"));
        let label = "Cargo treats this as a custom profile";
        let problem = problem.at(source, profile.name.clone(), label).help(format!("did you mean [profile.{near}]?"));
        return problem.refused().explains(profile.settings.keys().cloned());
    }
    let problem = if let Some(key) = misspelled_inherits(name, &profile.settings) {
        let Setting { key: at, value, .. } = &profile.settings[key];
        let message = format!(
            "Cargo doesn't know the key `{key}`, and rejects the profile `{name}` because `inherits` is missing"
        );
        Diagnostic::new(Code::MisspelledKey, message)
            .at(source, at.clone(), "Cargo rejects this profile")
            .help(meant_line("inherits", value))
    } else {
        Diagnostic::new(Code::NoInherits, format!("the profile `{name}` is missing `inherits`"))
            .at(source, profile.name.clone(), "a custom profile has to inherit from another")
            .help("add the line `inherits = \"release\"` to it")
    };
    problem.refused().explains(["inherits"])
}

/// A profile that inherits from one that doesn't exist.
fn unknown_parent(manifest: &Manifest, name: &str, (parent, inherits): (&str, &Setting)) -> Diagnostic {
    let bare = parent.trim_start_matches('[').trim_end_matches(']').trim_start_matches("profile.");
    let known_names = manifest.profiles.keys().map(String::as_str).filter(|other| *other != name);
    let help = nearest(bare, known_names.chain(["release", "dev"])).map_or_else(
        || "most profiles start from \"release\"".to_owned(),
        |near| format!("did you mean `inherits = \"{near}\"`?"),
    );
    let message = format!("`{name}` inherits from the profile `{parent}`, which doesn't exist");
    let problem = Diagnostic::new(Code::WrongValue, message);
    problem.at(&manifest.source, inherits.span.clone(), "not defined").help(help).refused().explains(["inherits"])
}

/// Profiles that inherit from each other. Each of them could report it; the first one by name does.
fn circle(manifest: &Manifest, name: &str, inherits: &Setting) -> Option<Diagnostic> {
    let parent = |name: &str| manifest.profiles.get(name)?.settings.get("inherits")?.value.as_str();
    let mut chain = vec![name];
    while let Some(next) = parent(chain[chain.len() - 1]) {
        if let Some(start) = chain.iter().position(|seen| *seen == next) {
            if start > 0 || chain.iter().any(|other| *other < name) {
                return None;
            }
            let circle = [chain.as_slice(), &[next]].concat().join(" -> ");
            let problem = Diagnostic::new(Code::InheritsCycle, format!("profiles inherit in a cycle: {circle}"));
            let problem = problem.at(&manifest.source, inherits.span.clone(), "this closes the cycle");
            return Some(
                problem.help("write `inherits = \"release\"` in one of them").refused().explains(["inherits"]),
            );
        }
        chain.push(next);
    }
    None
}

/// The keys of a table of settings, and their values.
fn keys(source: &Source, place: &str, settings: &BTreeMap<String, Setting>, whole: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (key, Setting { key: at, span, value }) in settings {
        if known::is_nightly_key(key) {
            let message = format!("`{key}` needs a nightly Cargo");
            let problem = Diagnostic::new(Code::WrongValue, message).at(source, at.clone(), "not on stable");
            let problem = problem.help("remove the line");
            found.push(if key == "hint-mostly-unused" { problem } else { problem.refused() });
        } else if !known::is_key(key) {
            let meant = known::meant_key(key);
            let problem = Diagnostic::new(Code::MisspelledKey, format!("Cargo doesn't know the key `{key}`")).at(
                source,
                at.clone(),
                "Cargo only warns, and builds without it",
            );
            found.push(match meant {
                Some(meant) => problem.help(meant_line(meant, value)).explains([meant]),
                // `[profile.release.packages.kernel]`
                None if value.is_table() && nearest(key, ["package"].into_iter()).is_some() => {
                    problem.help(format!("did you mean [{place}.package.NAME]?"))
                }
                // `[profile.release.kernel]`, `[profile.release.dist]`
                None if whole && value.is_table() => problem.help(format!(
                    "one package's settings go in [{place}.package.{key}]; a custom profile is [profile.{key}], with an `inherits` line"
                )),
                None => problem.help(format!("the keys of a profile are {}", known::KEYS.join(", "))),
            });
        } else if !whole && known::WHOLE_PROGRAM_KEYS.contains(&key.as_str()) {
            let message = format!("`{key}` isn't allowed in [{place}]: it applies to the whole program");
            let problem = Diagnostic::new(Code::WrongTable, message).at(source, at.clone(), "Cargo rejects this line");
            let profile = place.split('.').nth(1).unwrap_or("release");
            found.push(
                problem
                    .help(format!("move it to [profile.{profile}], where it applies to every package, or remove it"))
                    .refused()
                    .explains([key.as_str()]),
            );
        } else if let Some(Fault { code, label, help, refused }) = known::fault(key, value) {
            let what = if code == Code::WrongType { "the wrong type" } else { "an invalid value" };
            let mut problem = Diagnostic::new(code, format!("`{key}` has {what}: {value}"));
            problem = problem.at(source, span.clone(), label).explains([key.as_str()]);
            problem.help = help;
            problem.refused = refused;
            found.push(problem);
        }
    }
    found
}

/// What to write for a misspelled key. Cargo hasn't read its value yet, which may be wrong as well.
fn meant_line(meant: &str, value: &toml::Value) -> String {
    match known::fault(meant, value).and_then(|fault| Some((fault.label, fault.help?))) {
        None => format!("did you mean `{meant} = {value}`?"),
        Some((label, help)) => format!("did you mean `{meant}`? Its value is also wrong ({label}): {help}"),
    }
}

/// Names as people list them: "`a`, `b` and `c`".
pub(crate) fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    base::numbers::list(&quoted.iter().map(String::as_str).collect::<Vec<_>>())
}
