//! Which setting wins: the manifest with its inheritance, Cargo's configuration files, the environment, RUSTFLAGS.

use super::{Manifest, Override, Profile, Setting, packages};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Value;
use weigh::profiles::{self, default, is_built_in, scalar, variable};

/// What overrides a manifest in a learner's own builds. A check ignores it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides {
    /// `CARGO_PROFILE_*` of the environment: name and value.
    pub(crate) variables: BTreeMap<String, String>,
    /// `[profile.*]` of Cargo's configuration files, the strongest first.
    pub(crate) configuration: Vec<Configured>,
    /// `-C` flags that come last on rustc's command line, and so override everything.
    pub(crate) flags: Vec<Flag>,
}

/// A setting of a configuration file.
#[derive(Clone, Debug)]
pub(crate) struct Configured {
    /// The profile.
    pub(crate) profile: String,
    /// The setting.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: Value,
    /// `FILE:LINE`.
    pub(crate) place: String,
}

/// A flag for rustc from RUSTFLAGS or `rustflags`.
#[derive(Clone, Debug)]
pub(crate) struct Flag {
    /// The setting that it changes.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: Value,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// It applies only to some targets; rustc's command line shows whether it applies to this one.
    pub(crate) conditional: bool,
}

/// Where a setting comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Origin {
    /// A line of the manifest.
    Manifest,
    /// An environment variable, by name.
    Variable(String),
    /// A configuration file: `FILE:LINE`.
    Configuration(String),
    /// It isn't set.
    Default,
}

/// A setting after everything that may change it.
#[derive(Clone, Debug)]
pub(crate) struct Effective {
    /// The value; `None` for a key that has no default here.
    pub(crate) value: Option<Value>,
    /// What gave it this value.
    pub(crate) origin: Origin,
    /// The line of the manifest that would apply without environment and configuration, and its profile.
    pub(crate) asked: Option<(String, Setting)>,
}

/// A table for the program's own package that makes Cargo drop the profile's `strip`.
#[derive(Clone, Debug)]
pub(crate) struct Forgetting<'a> {
    /// The table, such as `[profile.release.package.p]`.
    pub(crate) table: String,
    /// Where its package is named.
    pub(crate) place: Range<usize>,
    /// The line that is dropped, and its profile.
    pub(crate) line: (&'a str, &'a Setting),
}

/// The profile and the profiles that it inherits from, nearest first.
pub(crate) fn chain<'a>(manifest: &'a Manifest, profile: &'a str) -> Vec<&'a str> {
    profiles::chain(profile, |name| manifest.profiles.get(name)?.settings.get("inherits")?.value.as_str())
}

/// The value of one setting of a profile from the manifest alone, for this package's program.
pub(crate) fn effective(manifest: &Manifest, profile: &str, key: &str) -> Effective {
    effective_under(manifest, &Overrides::default(), profile, key)
}

/// The same where something may override the manifest.
pub(crate) fn effective_under(manifest: &Manifest, overrides: &Overrides, profile: &str, key: &str) -> Effective {
    let chain = chain(manifest, profile);
    let asked = asked(manifest, &chain, key);
    let flag = overrides.flags.iter().rev().find(|flag| flag.key == key && !flag.conditional);
    if let Some(Flag { value, origin, .. }) = flag {
        return Effective { value: Some(value.clone()), origin: origin.clone(), asked };
    }
    // Cargo merges a table for a package as if `strip` were set in it, and treats what isn't there as "not set".
    let forgets = key == "strip" && has_own_table(manifest, &chain) && !has_own_strip(manifest, &chain);
    for name in chain.iter().filter(|_| !forgets) {
        let own = asked.as_ref().filter(|(profile, _)| profile == name);
        // A package's setting overrides the profile's, wherever that is written.
        if let Some((_, setting)) = own
            && manifest.profiles.get(*name).is_some_and(|profile| of_package(manifest, profile, key).is_some())
        {
            return Effective { value: Some(setting.value.clone()), origin: Origin::Manifest, asked };
        }
        let variable = variable(name, key);
        if let Some(text) = overrides.variables.get(&variable) {
            return Effective { value: Some(scalar(text)), origin: Origin::Variable(variable), asked };
        }
        let configured = overrides.configuration.iter().find(|found| found.profile == *name && found.key == key);
        if let Some(Configured { value, place, .. }) = configured {
            let origin = Origin::Configuration(place.clone());
            return Effective { value: Some(value.clone()), origin, asked };
        }
        if let Some((_, setting)) = own {
            return Effective { value: Some(setting.value.clone()), origin: Origin::Manifest, asked };
        }
    }
    let root = chain.last().copied().filter(|root| is_built_in(root)).unwrap_or("release");
    let mut value = default(root, key);
    if key == "strip" {
        // Cargo leaves out the standard library's debug info only where the program has none of its own.
        let has_debug_info = has_debug_info(manifest, overrides, profile);
        value = Some(if has_debug_info { "none" } else { "debuginfo" }.into());
    }
    Effective { value, origin: Origin::Default, asked: asked.filter(|_| forgets) }
}

/// The line about the program's own package that decides a setting, and its table: it overrides every profile that inherits it.
pub(crate) fn of_own_package<'a>(manifest: &'a Manifest, profile: &'a str, key: &str) -> Option<(String, &'a Setting)> {
    chain(manifest, profile).into_iter().find_map(|name| {
        let (spec, own) =
            own_tables(manifest, manifest.profiles.get(name)?).find(|(_, own)| own.settings.contains_key(key))?;
        Some((table_of(name, spec), own.settings.get(key)?))
    })
}

/// What makes Cargo drop a `strip` that this profile has: any table for the program's own package that doesn't set it,
/// even an empty table.
pub(crate) fn forgets_strip<'a>(manifest: &'a Manifest, profile: &'a str) -> Option<Forgetting<'a>> {
    let chain = chain(manifest, profile);
    if has_own_strip(manifest, &chain) {
        return None;
    }
    let tables = || chain.iter().filter_map(|name| Some((*name, manifest.profiles.get(*name)?)));
    let (name, (spec, own)) =
        tables().find_map(|(name, profile)| Some((name, own_tables(manifest, profile).next()?)))?;
    let (from, setting) = tables().find_map(|(name, profile)| Some((name, profile.settings.get("strip")?)))?;
    Some(Forgetting { table: table_of(name, spec), place: own.name.clone(), line: (from, setting) })
}

/// The table for some packages as it is written in a manifest.
fn table_of(profile: &str, spec: &str) -> String {
    let is_bare = !spec.is_empty() && spec.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if is_bare {
        format!("[profile.{profile}.package.{spec}]")
    } else {
        format!("[profile.{profile}.package.\"{spec}\"]")
    }
}

/// The line of a manifest that decides a setting of a dependency, and the table that it is in; `None` where nothing is set.
pub(crate) fn of_dependency<'a>(
    manifest: &'a Manifest,
    profile: &'a str,
    (name, version): (&str, &str),
    key: &str,
) -> Option<(String, &'a Setting)> {
    let chain = chain(manifest, profile);
    let tables = || chain.iter().filter_map(|name| Some((*name, manifest.profiles.get(*name)?)));
    let by_name = |spec: &str| packages::is_of(spec, name, Some(version));
    let by_star = |spec: &str| spec == "*";
    let of = |is_it: &dyn Fn(&str) -> bool| {
        tables().find_map(|(profile, table)| {
            let (spec, own) =
                table.packages.iter().find(|(spec, own)| is_it(spec) && own.settings.contains_key(key))?;
            Some((table_of(profile, spec), own.settings.get(key)?))
        })
    };
    let of_profile =
        || tables().find_map(|(name, profile)| Some((format!("[profile.{name}]"), profile.settings.get(key)?)));
    of(&by_name).or_else(|| of(&by_star)).or_else(of_profile)
}

fn has_debug_info(manifest: &Manifest, overrides: &Overrides, profile: &str) -> bool {
    match effective_under(manifest, overrides, profile, "debug").value {
        Some(Value::Boolean(on)) => on,
        Some(Value::Integer(level)) => level > 0,
        Some(Value::String(level)) => level != "none",
        _ => false,
    }
}

/// The line of the manifest that would apply if there were nothing else.
fn asked(manifest: &Manifest, chain: &[&str], key: &str) -> Option<(String, Setting)> {
    let tables = || chain.iter().filter_map(|name| Some((*name, manifest.profiles.get(*name)?)));
    let of_package = tables().find_map(|(name, profile)| Some((name, of_package(manifest, profile, key)?)));
    let found = of_package.or_else(|| tables().find_map(|(name, profile)| Some((name, profile.settings.get(key)?))));
    found.map(|(name, setting)| (name.to_owned(), setting.clone()))
}

/// What a profile sets for the manifest's own package.
fn of_package<'a>(manifest: &Manifest, profile: &'a Profile, key: &str) -> Option<&'a Setting> {
    own_tables(manifest, profile).find_map(|(_, own)| own.settings.get(key))
}

/// The tables for the manifest's own package. `package."*"` means the dependencies.
fn own_tables<'a>(manifest: &Manifest, profile: &'a Profile) -> impl Iterator<Item = (&'a String, &'a Override)> {
    let is_own = move |spec: &str| {
        manifest.package.as_deref().is_some_and(|own| packages::is_of(spec, own, manifest.version.as_deref()))
    };
    profile.packages.iter().filter(move |(spec, _)| is_own(spec))
}

fn has_own_table(manifest: &Manifest, chain: &[&str]) -> bool {
    let mut profiles = chain.iter().filter_map(|name| manifest.profiles.get(*name));
    profiles.any(|profile| own_tables(manifest, profile).next().is_some())
}

fn has_own_strip(manifest: &Manifest, chain: &[&str]) -> bool {
    let mut profiles = chain.iter().filter_map(|name| manifest.profiles.get(*name));
    profiles.any(|profile| of_package(manifest, profile, "strip").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::diagnostic::Source;
    use weigh::profiles::canonical;

    fn manifest(text: &str) -> Manifest {
        let text = format!("[package]\nname = \"a\"\n{text}");
        Manifest::parse(Source { file: "Cargo.toml".into(), text: text.into() })
    }

    fn value(manifest: &Manifest, overrides: &Overrides, profile: &str, key: &str) -> (String, Origin) {
        let Effective { value, origin, .. } = effective_under(manifest, overrides, profile, key);
        (canonical(key, &value.unwrap()), origin)
    }

    const SMALL: &str =
        "[profile.release]\nlto = true\nstrip = true\n[profile.dist]\ninherits = \"release\"\nlto = \"thin\"\n";

    #[test]
    fn a_profile_inherits_what_it_does_not_set() {
        let (manifest, none) = (manifest(SMALL), Overrides::default());
        assert_eq!(value(&manifest, &none, "dist", "lto"), ("thin".to_owned(), Origin::Manifest));
        assert_eq!(value(&manifest, &none, "dist", "strip"), ("symbols".to_owned(), Origin::Manifest));
        assert_eq!(value(&manifest, &none, "dist", "panic"), ("unwind".to_owned(), Origin::Default));
        assert_eq!(effective(&manifest, "dist", "strip").asked.unwrap().0, "release");
    }

    #[test]
    fn the_environment_wins_over_configuration_and_that_over_the_manifest() {
        let manifest = manifest(SMALL);
        let configured = |profile: &str, key: &str, value: Value| Configured {
            profile: profile.to_owned(),
            key: key.to_owned(),
            value,
            place: "config.toml:2".to_owned(),
        };
        let mut overrides = Overrides {
            configuration: vec![configured("release", "strip", "none".into()), configured("dist", "lto", false.into())],
            ..Overrides::default()
        };
        let config = Origin::Configuration("config.toml:2".to_owned());
        assert_eq!(value(&manifest, &overrides, "dist", "strip"), ("none".to_owned(), config.clone()));
        assert_eq!(value(&manifest, &overrides, "dist", "lto"), ("thin-local".to_owned(), config));
        overrides.variables.insert("CARGO_PROFILE_RELEASE_LTO".to_owned(), "off".to_owned());
        let variable = Origin::Variable("CARGO_PROFILE_RELEASE_LTO".to_owned());
        assert_eq!(value(&manifest, &overrides, "release", "lto"), ("off".to_owned(), variable));
        // `dist` sets it itself: what is said for `release` does not reach it.
        assert_eq!(value(&manifest, &overrides, "dist", "lto").0, "thin-local");
    }

    #[test]
    fn a_package_of_a_profile_wins_and_the_dependencies_do_not_count() {
        let text = "[profile.release]\nopt-level = 3\n[profile.release.package.a]\nopt-level = 1\n[profile.release.package.\"*\"]\nstrip = true";
        let (manifest, none) = (manifest(text), Overrides::default());
        assert_eq!(value(&manifest, &none, "release", "opt-level").0, "1");
        assert_eq!(value(&manifest, &none, "release", "strip"), ("debuginfo".to_owned(), Origin::Default));
    }

    #[test]
    fn debug_info_keeps_cargo_from_stripping() {
        let manifest = manifest("[profile.release]\ndebug = \"line-tables-only\"");
        assert_eq!(value(&manifest, &Overrides::default(), "release", "strip").0, "none");
    }
}
