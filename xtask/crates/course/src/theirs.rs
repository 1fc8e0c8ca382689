//! What surrounds a learner's own `cargo build`, and overrides their manifest there. No verdict depends on it; it only lets a
//! check report which line of the manifest their own build doesn't follow.

use crate::learner_manifest::effective::{Configured, Flag, Origin, Overrides};
use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use weigh::cargo::configuration::{Setting, settings as configuration};
use weigh::profiles;
use weigh::surroundings::set_by_cargo_run;

/// What in this environment, and in the configuration files as seen from a folder, overrides a manifest.
pub(crate) fn overrides(folder: &Path) -> Overrides {
    let variables: BTreeMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let settings = configuration(folder);
    let mut overrides = Overrides { flags: rustflags(&variables, &settings), ..Overrides::default() };
    for setting in settings {
        if let [profile, name, key] = setting.path.as_slice()
            && profile == "profile"
        {
            overrides.configuration.push(Configured {
                profile: name.clone(),
                key: key.clone(),
                value: setting.value.parse().unwrap_or_else(|_| setting.value.as_str().into()),
                place: setting.place(),
            });
        }
    }
    overrides.variables = variables.into_iter().filter(|(name, _)| name.starts_with("CARGO_PROFILE_")).collect();
    overrides
}

/// Everything in the environment and the configuration files that Cargo may use, as one text.
pub(crate) fn fingerprint(folder: &Path) -> String {
    let mut variables: Vec<_> = env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            (name.starts_with("CARGO") && !set_by_cargo_run(&name)) || name.starts_with("RUST")
        })
        .collect();
    variables.sort();
    let settings = configuration(folder).into_iter().map(|setting| (setting.key, setting.value));
    format!("{variables:?} {:?}", settings.collect::<Vec<_>>())
}

/// Flags for rustc. The sources exclude each other, in this order.
fn rustflags(variables: &BTreeMap<String, String>, settings: &[Setting]) -> Vec<Flag> {
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
    let made = |args: &[String], origin: &Origin, conditional| {
        let flags = profiles::flags(args).into_iter();
        flags.map(|(key, value)| Flag { key, value, origin: origin.clone(), conditional }).collect::<Vec<_>>()
    };
    if let Some(text) = variables.get("CARGO_ENCODED_RUSTFLAGS") {
        let args: Vec<String> = text.split('\x1f').map(str::to_owned).collect();
        return made(&args, &Origin::Variable("CARGO_ENCODED_RUSTFLAGS".to_owned()), false);
    }
    if let Some(text) = variables.get("RUSTFLAGS") {
        return made(&words(text), &Origin::Variable("RUSTFLAGS".to_owned()), false);
    }
    let mut flags = Vec::new();
    for (name, text) in variables {
        if name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS") {
            flags.extend(made(&words(text), &Origin::Variable(name.clone()), true));
        }
    }
    let in_files = |from: &str| {
        settings
            .iter()
            .filter(|setting| setting.key.ends_with("rustflags") && setting.key.starts_with(from))
            .collect::<Vec<_>>()
    };
    let for_targets = in_files("target.");
    for (found, conditional) in
        [(&for_targets, true), (&in_files("build."), !for_targets.is_empty() || !flags.is_empty())]
    {
        for setting in found {
            let args: Vec<String> = match setting.value.parse() {
                Ok(toml::Value::Array(values)) => {
                    values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect()
                }
                Ok(toml::Value::String(text)) => words(&text),
                _ => continue,
            };
            flags.extend(made(&args, &Origin::Configuration(setting.place()), conditional));
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(variables: &[(&str, &str)], settings: &[(&str, &str)]) -> Vec<(String, String, Origin, bool)> {
        let variables = variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let setting = |&(key, value): &(&str, &str)| Setting {
            path: Vec::new(),
            key: key.to_owned(),
            file: "config.toml".into(),
            line: 1,
            value: value.to_owned(),
            is_table: false,
            is_home: false,
        };
        let settings: Vec<Setting> = settings.iter().map(setting).collect();
        let flags = rustflags(&variables, &settings).into_iter();
        flags.map(|flag| (flag.key, flag.value.to_string(), flag.origin, flag.conditional)).collect()
    }

    #[test]
    fn the_sources_of_flags_exclude_each_other() {
        let configured = [("build.rustflags", "[\"-C\", \"opt-level=1\"]")];
        let of_file = Origin::Configuration("config.toml:1".to_owned());
        assert_eq!(flags(&[], &configured), [("opt-level".to_owned(), "1".to_owned(), of_file, false)]);
        let found = flags(&[("RUSTFLAGS", "-C strip=none --cfg x")], &configured);
        let of_variable = Origin::Variable("RUSTFLAGS".to_owned());
        assert_eq!(found, [("strip".to_owned(), "\"none\"".to_owned(), of_variable, false)]);
        assert_eq!(flags(&[("RUSTFLAGS", "")], &configured), [], "even an empty one");
        let encoded = [("CARGO_ENCODED_RUSTFLAGS", "-C\u{1f}lto=off"), ("RUSTFLAGS", "-C strip=none")];
        assert_eq!(flags(&encoded, &[])[0].0, "lto");
    }

    #[test]
    fn flags_for_some_targets_are_conditional() {
        let found =
            flags(&[], &[("target.cfg(unix).rustflags", "\"-C panic=abort\""), ("build.rustflags", "[\"-O\"]")]);
        let kinds: Vec<_> = found.iter().map(|(key, _, _, conditional)| (key.as_str(), *conditional)).collect();
        assert_eq!(kinds, [("panic", true), ("opt-level", true)]);
    }
}
