//! The profiles of a user's own crate, as Cargo sees them: the manifest of the workspace's root, and over it Cargo's
//! configuration files and the environment. Each setting is known with its place, so that what makes a program larger than it
//! has to be is named with its line.

use crate::cargo::configuration::{self, Setting};
use crate::profiles::{self, Profiles, canonical, is_built_in};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use toml::Value;

/// The settings of a profile that change what a program is made of.
pub const KEYS: [&str; 11] = [
    "opt-level",
    "debug",
    "split-debuginfo",
    "strip",
    "debug-assertions",
    "overflow-checks",
    "lto",
    "panic",
    "incremental",
    "codegen-units",
    "rpath",
];

/// The profiles of a crate, and where each setting stands.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// What Cargo makes of all places together.
    pub profiles: Profiles,
    /// The manifest that may have profiles: the workspace root's.
    pub manifest: PathBuf,
    /// Every setting that counts.
    lines: Vec<Line>,
}

/// A setting of a profile, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The profile.
    pub profile: String,
    /// The package specification of an override, or `build-override`.
    pub scope: Option<String>,
    /// The setting.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// A file with its line, or a variable.
    pub place: String,
}

impl Line {
    /// As it would be written, such as `debug = true`.
    pub fn setting(&self) -> String {
        format!("{} = {}", self.key, self.value)
    }

    /// The table that it is in, such as `profile.release.package.serde`.
    pub fn table(&self) -> String {
        let scope = match self.scope.as_deref() {
            None => String::new(),
            Some("build-override") => ".build-override".to_owned(),
            Some(package) => format!(".package.{}", key(package)),
        };
        format!("profile.{}{scope}", self.profile)
    }

    fn is_of_package(&self, package: &str) -> bool {
        self.scope.as_deref().is_some_and(|spec| spec.split(['@', ':']).next() == Some(package))
    }

    /// Whether a crate has debug information by it.
    fn has_debug(&self) -> bool {
        self.key == "debug" && !matches!(canonical("debug", &self.value).as_str(), "false" | "0" | "none")
    }
}

/// A line of a profile that makes the program larger, which is seldom meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Burden<'a> {
    /// The line.
    pub line: &'a Line,
    /// Why it makes the program larger, in a sentence without a final full stop.
    pub why: &'static str,
    /// What is done about it, behind "the program has … bytes".
    pub remedy: String,
    /// The same, as for `--config`.
    pub without: String,
}

impl Own {
    /// The profiles of the workspace with this root manifest, as Cargo in this folder sees them. `changes` are those that are
    /// made to the environment of Cargo.
    pub fn of(manifest: &Path, folder: &Path, changes: &BTreeMap<OsString, Option<OsString>>) -> Self {
        // What comes later wins: the manifest, then the files from the farthest to the nearest, then the environment.
        let files = configuration::all_settings(folder).into_iter().rev();
        let mut own = Self { manifest: manifest.to_owned(), ..Self::default() };
        for setting in configuration::of_manifest(manifest).into_iter().chain(files) {
            own.take(&setting);
        }
        for name in own.names() {
            for key in KEYS {
                let variable = profiles::variable(&name, key);
                let value = changes.get(&OsString::from(&variable)).cloned().unwrap_or_else(|| env::var_os(&variable));
                if let Some(value) = value.and_then(|value| value.into_string().ok()) {
                    own.put(Line {
                        profile: name.clone(),
                        scope: None,
                        key: key.to_owned(),
                        value: profiles::scalar(&value),
                        place: format!("the environment variable {variable}"),
                    });
                }
            }
        }
        let mut tables = toml::Table::new();
        for line in &own.lines {
            let profile = tables.entry(&line.profile).or_insert_with(|| toml::Table::new().into()).as_table_mut();
            if let (Some(profile), None) = (profile, &line.scope) {
                profile.insert(line.key.clone(), line.value.clone());
            }
        }
        own.profiles = Profiles::from_tables(&tables);
        own
    }

    /// Takes a setting that is one of a profile.
    fn take(&mut self, setting: &Setting) {
        let path: Vec<&str> = setting.path.iter().map(String::as_str).collect();
        let (profile, scope, key) = match path.as_slice() {
            ["profile", profile, key] => (profile, None, key),
            ["profile", profile, "package", package, key] => (profile, Some(*package), key),
            ["profile", profile, scope @ "build-override", key] => (profile, Some(*scope), key),
            _ => return,
        };
        let value = toml::from_str::<toml::Table>(&format!("value = {}", setting.value)).ok();
        if let Some(value) = value.and_then(|mut table| table.remove("value")) {
            self.put(Line {
                profile: (*profile).to_owned(),
                scope: scope.map(str::to_owned),
                key: (*key).to_owned(),
                value,
                place: setting.place(),
            });
        }
    }

    /// Puts a line in place of the line it overrides.
    fn put(&mut self, line: Line) {
        self.lines
            .retain(|other| (&other.profile, &other.scope, &other.key) != (&line.profile, &line.scope, &line.key));
        self.lines.push(line);
    }

    /// Whether the crate says anything about a profile.
    pub fn sets(&self, profile: &str) -> bool {
        self.lines.iter().any(|line| line.profile == profile)
    }

    /// The profiles for programs that are shipped: `release`, and those that the crate defines by itself.
    pub fn names(&self) -> Vec<String> {
        let mut names = vec!["release".to_owned()];
        let defined = self.lines.iter().map(|line| &line.profile).filter(|name| !is_built_in(name));
        for name in defined {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// What the names of the tables' profiles begin with in a build of this crate, so that none of its own has such a name.
    pub fn unused_prefix(&self) -> String {
        let mut prefix = "workshop-".to_owned();
        while self.lines.iter().any(|line| line.profile.starts_with(&prefix)) {
            prefix.push('-');
        }
        prefix
    }

    /// The line of this very profile that sets a key.
    pub fn line(&self, profile: &str, key: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.profile == profile && line.scope.is_none() && line.key == key)
    }

    /// The lines along a profile's chain, nearest profile first.
    fn lines_along<'a>(&'a self, profile: &'a str) -> Vec<&'a Line> {
        let of = |name| self.lines.iter().filter(move |line| line.profile == name);
        self.profiles.chain(profile).into_iter().flat_map(of).collect()
    }

    /// The lines of this very profile that say for some packages what it doesn't say for all.
    pub fn overrides_of<'a>(&'a self, profile: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| {
            line.profile == profile && line.scope.as_deref().is_some_and(|scope| scope != "build-override")
        })
    }

    /// What makes a program of this package larger under this profile, and is seldom meant to.
    ///
    /// What Cargo does was measured with Cargo 1.95: its default is `strip = "debuginfo"` only as long as no crate of the
    /// program has debug information, and otherwise the standard library's stays as well; a setting for the program's own
    /// package makes it forget the `strip` of the profile.
    pub fn burdens<'a>(&'a self, profile: &'a str, package: &str) -> Vec<Burden<'a>> {
        let lines = self.lines_along(profile);
        let find = |scope: Option<&str>, key: &str| {
            lines.iter().copied().find(|line| line.key == key && line.scope.as_deref() == scope)
        };
        let burden = |line, why, without: String| {
            let (remedy, without) = ("without it".to_owned(), format!("profile.{profile}.{without}"));
            Burden { line, why, remedy, without }
        };
        let strips = |line: Option<&Line>| line.is_some_and(|line| canonical("strip", &line.value) != "none");
        let (all, own) = (find(None, "strip"), lines.iter().copied().find(|line| line.is_of_package(package)));
        let own_strip = lines.iter().copied().find(|line| line.is_of_package(package) && line.key == "strip");
        let mut found = Vec::new();
        if let (true, Some(own), None) = (strips(all), own, own_strip) {
            let why = "a setting for the program's own package makes Cargo forget the profile's `strip`";
            let value = all.map(|line| line.value.to_string()).unwrap_or_default();
            let strip = burden(own, why, format!("package.{}.strip={value}", key(package)));
            found.push(Burden { remedy: format!("with `strip = {value}` in [{}]", own.table()), ..strip });
        }
        let counts = if own.is_some() { own_strip } else { all };
        if !strips(counts) {
            let why = "a crate with debug information makes Cargo keep the standard library's in the file as well";
            for line in lines.iter().copied().filter(|line| line.has_debug()) {
                match &line.scope {
                    None => found.push(burden(line, why, "debug=false".to_owned())),
                    Some(scope) if scope == "build-override" => {}
                    Some(spec) => found.push(burden(line, why, format!("package.{}.debug=false", key(spec)))),
                }
            }
        }
        if let Some(line) = counts.filter(|line| canonical("strip", &line.value) == "none") {
            let why = "every symbol stays in the file, and the debug information of the standard library";
            found.push(burden(line, why, "strip=\"debuginfo\"".to_owned()));
        }
        for (key, is_heavy, why, without) in HEAVY {
            if let Some(line) = find(None, key).filter(|line| is_heavy(&canonical(key, &line.value))) {
                found.push(burden(line, why, format!("{key}={without}")));
            }
        }
        found
    }
}

/// A key, whether a value of it makes programs larger, why, and the value of Cargo's default release profile.
type Heavy = (&'static str, fn(&str) -> bool, &'static str, &'static str);

const HEAVY: [Heavy; 5] = [
    (
        "overflow-checks",
        is_on,
        "every addition, subtraction, and multiplication is checked when the program runs",
        "false",
    ),
    ("debug-assertions", is_on, "the checks of `debug_assert!` are compiled in", "false"),
    ("incremental", is_on, "each crate is compiled in many small codegen units", "false"),
    ("lto", |value| value == "off", "not even one crate's codegen units are optimized together", "false"),
    (
        "codegen-units",
        |value| value.parse::<u32>().is_ok_and(|units| units > 16),
        "the optimizer sees less of the crate at once",
        "16",
    ),
];

fn is_on(value: &str) -> bool {
    value == "true"
}

/// A key of TOML that may be any text.
fn key(text: &str) -> String {
    let is_bare = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_bare { text.to_owned() } else { Value::from(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The profiles of a manifest, with a configuration file beside it.
    fn own(manifest: &str, configuration: &str) -> Own {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        base::files::write_atomic(&path("Cargo.toml"), manifest.as_bytes()).unwrap();
        base::files::write_atomic(&path(".cargo/config.toml"), configuration.as_bytes()).unwrap();
        Own::of(&path("Cargo.toml"), folder.path(), &BTreeMap::new())
    }

    fn burdens(manifest: &str) -> Vec<String> {
        let own = own(manifest, "");
        let line = |place: &str| place.rsplit(':').next().unwrap().to_owned();
        own.burdens("release", "app")
            .into_iter()
            .map(|burden| format!("{} {}: {}", line(&burden.line.place), burden.line.setting(), burden.without))
            .collect()
    }

    #[test]
    fn the_nearest_place_wins_and_is_named() {
        let own = own("[profile.release]\nlto = true\nstrip = true\n", "[profile.release]\nlto = \"thin\"\n");
        assert_eq!(own.profiles.value("release", "lto"), Some("thin".into()));
        assert!(own.line("release", "lto").unwrap().place.ends_with("config.toml:2"));
        assert!(own.line("release", "strip").unwrap().place.ends_with("Cargo.toml:3"));
    }

    #[test]
    fn profiles_of_their_own_are_found_wherever_they_are_and_however_they_are_written() {
        let own = own(
            "[profile.dist]\ninherits = \"release\"\n[profile]\ntiny = { inherits = \"dist\", opt-level = \"z\" }\n[profile.dev]\nopt-level = 1\n",
            "profile.\"ci\".inherits = \"dev\"\n",
        );
        assert_eq!(own.names(), ["release", "dist", "tiny", "ci"]);
        assert!(own.sets("dev") && !own.sets("release"));
        assert_eq!(own.profiles.chain("tiny"), ["tiny", "dist", "release"]);
    }

    #[test]
    fn no_profile_of_the_tables_gets_the_name_of_an_own_one() {
        assert_eq!(own("[profile.dist]\ninherits = \"release\"\n", "").unused_prefix(), "workshop-");
        let named = "[profile.workshop-dist]\ninherits = \"release\"\n";
        assert_eq!(own(named, "[profile.workshop--x]\ninherits = \"dev\"\n").unused_prefix(), "workshop---");
    }

    #[test]
    fn debug_information_that_stays_is_named_wherever_it_is_switched_on() {
        assert_eq!(burdens("[profile.release]\ndebug = 1\n"), ["2 debug = 1: profile.release.debug=false"]);
        assert_eq!(
            burdens("[profile.release.package.\"a:b@1.0\"]\ndebug = true\n"),
            ["2 debug = true: profile.release.package.\"a:b@1.0\".debug=false"]
        );
        for without in [
            "[profile.release]\ndebug = 1\nstrip = true\n",
            "[profile.release]\ndebug = 1\nstrip = \"debuginfo\"\n",
            "[profile.release]\ndebug = \"none\"\n",
            "[profile.release.build-override]\ndebug = true\n",
            "[profile.dev]\ndebug = true\n",
            "",
        ] {
            assert_eq!(burdens(without), Vec::<String>::new(), "{without}");
        }
    }

    #[test]
    fn an_override_for_the_programs_package_forgets_the_strip_of_the_profile() {
        let text = "[profile.release]\nstrip = true\n[profile.release.package.app]\nopt-level = 3\n";
        assert_eq!(burdens(text), ["4 opt-level = 3: profile.release.package.app.strip=true"]);
        assert_eq!(burdens(&format!("{text}strip = true\n")), Vec::<String>::new());
        let other = text.replace("package.app", "package.other");
        assert_eq!(burdens(&other), Vec::<String>::new());
        let debug = format!("{text}debug = true\n");
        assert_eq!(burdens(&debug).len(), 2, "{:?}", burdens(&debug));
    }

    #[test]
    fn what_helps_with_development_is_named() {
        let text = "[profile.release]\noverflow-checks = true\nlto = \"off\"\nincremental = true\ncodegen-units = 256\nstrip = \"none\"\n";
        let keys: Vec<String> =
            burdens(text).iter().map(|burden| burden.split(' ').nth(1).unwrap().to_owned()).collect();
        assert_eq!(keys, ["strip", "overflow-checks", "incremental", "lto", "codegen-units"]);
        assert!(burdens("[profile.release]\nlto = false\ncodegen-units = 16\noverflow-checks = false\n").is_empty());
    }
}
