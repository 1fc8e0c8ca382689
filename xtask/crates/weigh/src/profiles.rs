//! Cargo's rules for profiles: which ones there are, what they inherit, what is the default, and what a value means. And what
//! rustc really got of them, read from its command line.

use serde::Deserialize;
use std::collections::BTreeMap;
use toml::Value;

/// `[profile.*]` of a manifest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Profiles(BTreeMap<String, toml::Table>);

/// The settings of a profile that the tutorial is about, in the order in which it introduces them.
pub const SETTINGS: [&str; 5] = ["opt-level", "lto", "codegen-units", "panic", "strip"];

impl Profiles {
    /// The profiles of any manifest; none if it is malformed.
    pub fn of(manifest: &str) -> Self {
        #[derive(Deserialize)]
        struct Manifest {
            #[serde(default)]
            profile: Profiles,
        }
        toml::from_str(manifest).map(|Manifest { profile }| profile).unwrap_or_default()
    }

    /// The profiles of a table whose keys are their names.
    pub fn from_tables(tables: &toml::Table) -> Self {
        let profile = |(name, value): (&String, &Value)| Some((name.clone(), value.as_table()?.clone()));
        Self(tables.iter().filter_map(profile).collect())
    }

    /// The table of one profile, as written.
    pub fn table(&self, name: &str) -> Option<&toml::Table> {
        self.0.get(name)
    }

    /// The names of the profiles that the manifest defines.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether `--profile name` can work: it is Cargo's own, or the manifest defines it.
    pub fn knows(&self, name: &str) -> bool {
        is_built_in(name) || self.0.contains_key(name)
    }

    /// The profile and its ancestors, nearest first, ending in a built-in one.
    pub fn chain<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        chain(name, |profile| self.0.get(profile)?.get("inherits")?.as_str())
    }

    /// What Cargo makes of one key of a profile: the nearest value along the chain, else Cargo's default.
    pub fn value(&self, name: &str, key: &str) -> Option<Value> {
        let chain = self.chain(name);
        let written = chain.iter().find_map(|profile| self.0.get(*profile)?.get(key)).cloned();
        written.or_else(|| default(chain.last()?, key))
    }

    /// The five settings of a profile, in the order of `SETTINGS`, each as it would be written in TOML.
    pub fn settings(&self, name: &str) -> BTreeMap<String, String> {
        let setting = |key: &&str| Some(((*key).to_owned(), self.value(name, key)?.to_string()));
        SETTINGS.iter().filter_map(setting).collect()
    }
}

/// Whether Cargo has a profile of this name without any manifest.
pub fn is_built_in(name: &str) -> bool {
    matches!(name, "dev" | "release" | "test" | "bench")
}

/// Why a profile may not have this name, if so.
pub fn reserved(name: &str) -> Option<&'static str> {
    let lower = name.to_lowercase();
    match lower.as_str() {
        "debug" => Some("`cargo build` without `--release` uses the profile `dev`: write [profile.dev]"),
        "build-override" => Some("write [profile.release.build-override] for build scripts and proc macros"),
        "package" => Some("settings for one package go inside a profile: write [profile.release.package.NAME]"),
        "build" | "check" | "clean" | "config" | "fetch" | "fix" | "install" | "metadata" | "publish" | "report"
        | "root" | "run" | "rust" | "rustc" | "rustdoc" | "target" | "tmp" | "uninstall" => {
            Some("choose a different name, such as [profile.small]")
        }
        _ if lower.starts_with("cargo") => Some("choose a different name, such as [profile.small]"),
        _ if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') => {
            Some("use letters, digits, `_` and `-`")
        }
        _ => None,
    }
}

/// A profile and its ancestors, nearest first, ending in a built-in one unless `inherits` is missing or goes in
/// a circle. The closure tells what a profile's own table says for `inherits`.
pub fn chain<'a>(profile: &'a str, inherits: impl Fn(&str) -> Option<&'a str>) -> Vec<&'a str> {
    let mut chain = vec![profile];
    loop {
        let last = chain[chain.len() - 1];
        let parent = match last {
            "dev" | "release" => None,
            "test" => Some("dev"),
            "bench" => Some("release"),
            _ => inherits(last),
        };
        match parent {
            Some(parent) if !chain.contains(&parent) => chain.push(parent),
            _ => return chain,
        }
    }
}

/// Cargo's default for a key of `release` or `dev`, from the Cargo Book, "Profiles".
pub fn default(built_in: &str, key: &str) -> Option<Value> {
    let release = built_in == "release";
    Some(match key {
        "opt-level" => Value::Integer(if release { 3 } else { 0 }),
        "debug" | "debug-assertions" | "overflow-checks" | "incremental" => Value::Boolean(!release),
        "lto" | "rpath" => Value::Boolean(false),
        "codegen-units" => Value::Integer(if release { 16 } else { 256 }),
        "panic" => "unwind".into(),
        // Not "none": without debug info of its own, Cargo leaves out the standard library's as well.
        "strip" => if release { "debuginfo" } else { "none" }.into(),
        _ => return None,
    })
}

/// The settings that help with development and cost a shipped program speed or bytes: `dev` has all of them.
pub const DEVELOPMENT: [&str; 3] = ["debug-assertions", "overflow-checks", "incremental"];

/// The variable of the environment that Cargo reads a setting of a profile from.
pub fn variable(profile: &str, key: &str) -> String {
    let upper = |text: &str| text.to_uppercase().replace('-', "_");
    format!("CARGO_PROFILE_{}_{}", upper(profile), upper(key))
}

/// The value of a variable, typed as Cargo types it.
pub fn scalar(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
    }
}

/// One spelling for each meaning: `true` and `"fat"` are the same LTO.
pub fn canonical(key: &str, value: &Value) -> String {
    let word = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match (key, word.as_str(), value.is_bool()) {
        ("lto", "true" | "yes" | "on" | "y", _) => "fat".to_owned(),
        ("lto", "false", true) => "thin-local".to_owned(),
        ("lto", "no" | "n" | "none" | "false", _) => "off".to_owned(),
        ("strip", "true", true) => "symbols".to_owned(),
        ("strip", "false", true) => "none".to_owned(),
        ("debug-assertions" | "overflow-checks", "on" | "yes" | "y", _) => "true".to_owned(),
        ("debug-assertions" | "overflow-checks", "off" | "no" | "n", _) => "false".to_owned(),
        _ => word,
    }
}

/// The five settings as rustc got them, and whether it checks assertions and overflow: the last flag of each kind wins, and
/// what is not said has rustc's default.
pub fn of_rustc(args: &[String]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = SETTINGS
        .into_iter()
        .zip(["0", "thin-local", "16", "unwind", "none"])
        .map(|(key, default)| (key.to_owned(), default.to_owned()))
        .collect();
    for (key, value) in flags(args) {
        let value = canonical(if DEVELOPMENT.contains(&key.as_str()) { &key } else { "" }, &value);
        found.insert(key, value);
    }
    let is_unoptimized = found["opt-level"] == "0";
    let assertions = found.entry("debug-assertions".to_owned()).or_insert_with(|| is_unoptimized.to_string()).clone();
    found.entry("overflow-checks".to_owned()).or_insert(assertions);
    found
}

/// The `-C` flags of rustc that match a profile setting which changes the program, in their order.
pub fn flags(args: &[String]) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        let option = match arg {
            "-C" | "--codegen" => args.next(),
            "-O" => Some("opt-level=3"),
            _ => arg.strip_prefix("--codegen=").or_else(|| arg.strip_prefix("-C")),
        };
        let Some(option) = option else { continue };
        // rustc takes `_` for `-`.
        let key = option.split('=').next().unwrap_or(option).replace('_', "-");
        let without = if key == "lto" { "fat" } else { "on" };
        let value = option.split_once('=').map_or(without, |(_, value)| value);
        if matches!(key.as_str(), "debug-assertions" | "overflow-checks") {
            found.push((key, value.into()));
        } else if SETTINGS.contains(&key.as_str()) {
            let value = if key == "lto" { canonical("lto", &value.into()).into() } else { scalar(value) };
            found.push((key, value));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profiles(text: &str) -> Profiles {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_setting_comes_from_the_nearest_profile_of_the_chain() {
        let profiles = profiles(
            "[small]\ninherits = \"release\"\nopt-level = \"z\"\nlto = true\n[smaller]\ninherits = \"small\"\nlto = \"thin\"",
        );
        assert_eq!(profiles.chain("smaller"), ["smaller", "small", "release"]);
        let settings = profiles.settings("smaller");
        let written: Vec<_> = SETTINGS.iter().map(|key| settings[*key].as_str()).collect();
        assert_eq!(written, ["\"z\"", "\"thin\"", "16", "\"unwind\"", "\"debuginfo\""]);
    }

    #[test]
    fn a_loop_of_inherits_ends() {
        let profiles = profiles("[a]\ninherits = \"b\"\n[b]\ninherits = \"a\"");
        assert_eq!(profiles.chain("a"), ["a", "b"]);
    }

    #[test]
    fn only_built_in_profiles_inherit_without_saying_so() {
        let profiles = profiles("[mine]\ninherits = \"bench\"\n[release]\nlto = true\n[lost]\nlto = true");
        assert_eq!(profiles.chain("mine"), ["mine", "bench", "release"]);
        assert_eq!(profiles.value("mine", "lto"), Some(true.into()));
        assert_eq!(profiles.chain("test"), ["test", "dev"]);
        assert_eq!(profiles.chain("lost"), ["lost"]);
    }

    #[test]
    fn values_that_mean_the_same_are_spelled_the_same() {
        let same = |key, a: Value, b: Value| assert_eq!(canonical(key, &a), canonical(key, &b), "{key}");
        same("lto", true.into(), "fat".into());
        same("strip", true.into(), "symbols".into());
        same("strip", false.into(), "none".into());
        same("opt-level", "3".into(), 3.into());
        assert_ne!(
            canonical("lto", &false.into()),
            canonical("lto", &"off".into()),
            "Cargo's thin-local LTO is not off"
        );
    }

    #[test]
    fn rustcs_last_flag_wins() {
        let args =
            "--crate-name a -C opt-level=3 -C lto -C panic=abort -C embed-bitcode=no -Copt-level=z -C codegen_units=1";
        let args: Vec<String> = args.split(' ').map(str::to_owned).collect();
        let got = of_rustc(&args);
        let settings: Vec<_> = SETTINGS.iter().map(|key| got[*key].as_str()).collect();
        assert_eq!(settings, ["z", "fat", "1", "abort", "none"]);
        assert_eq!(of_rustc(&[])["lto"], "thin-local");
    }
}
