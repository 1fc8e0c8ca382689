//! Cargo's configuration files, with the place of each setting: `.cargo/config.toml` in a folder and in the folders above it,
//! and the one in Cargo's home. Cargo itself only tells which value wins, on nightly, and never where it is written.

use base::diagnostic;
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// A setting in one of Cargo's configuration files.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The key's parts, such as `profile`, `release`, `lto`.
    pub path: Vec<String>,
    /// The same as one dotted key.
    pub key: String,
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The value as it is written.
    pub value: String,
    /// The value is a table that is not looked into.
    pub is_table: bool,
    /// The file is the one in Cargo's home, or included by it.
    pub is_home: bool,
}

impl Setting {
    /// `FILE:LINE`.
    pub fn place(&self) -> String {
        format!("{}:{}", diagnostic::shown(&self.file).display(), self.line)
    }

    /// The folder that relative paths in the file begin at.
    pub fn base(&self) -> &Path {
        self.file.parent().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    /// The value on one line, and no more of it than a message can hold.
    pub fn short_value(&self) -> String {
        const LONGEST: usize = 60;
        let value = self.value.split_whitespace().collect::<Vec<_>>().join(" ");
        match value.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &value[..end]),
            None => value,
        }
    }
}

/// Cargo's home, where its last configuration file is.
pub fn home() -> Option<PathBuf> {
    match env::var_os("CARGO_HOME").filter(|home| !home.is_empty()) {
        // Cargo reads a relative one from where it is called.
        Some(home) => Some(env::current_dir().map_or_else(|_| home.clone().into(), |here| here.join(&home))),
        None => Some(env::home_dir()?.join(".cargo")),
    }
}

/// The folder of a path's file system that has none above it.
pub fn top(folder: &Path) -> &Path {
    folder.ancestors().last().unwrap_or(folder)
}

/// Every setting of Cargo's configuration as seen from a folder, nearest file first.
pub fn settings(folder: &Path) -> Vec<Setting> {
    of_folder(folder, Overrides::AsTables)
}

/// The same, with each line of a profile's `package` and `build-override` by itself.
pub fn all_settings(folder: &Path) -> Vec<Setting> {
    of_folder(folder, Overrides::ByLine)
}

/// How a profile's tables `package` and `build-override` are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Overrides {
    /// Each as one setting.
    AsTables,
    /// What is in them.
    ByLine,
}

fn of_folder(folder: &Path, overrides: Overrides) -> Vec<Setting> {
    let home = home();
    let mut folders: Vec<PathBuf> = folder.ancestors().map(|ancestor| ancestor.join(".cargo")).collect();
    folders.extend(home.clone().filter(|home| !folders.contains(home)));
    let mut settings = Vec::new();
    for folder in folders {
        // `config` without an ending is the old name; where both exist, Cargo reads the old one.
        let file = ["config", "config.toml"].iter().map(|name| folder.join(name)).find(|file| file.is_file());
        if let Some(file) = file {
            read(&file, home.as_ref() == Some(&folder), overrides, &mut settings, 0);
        }
    }
    settings
}

/// The settings of one configuration file, and of the files that it includes.
pub fn of_file(file: &Path) -> Vec<Setting> {
    let mut settings = Vec::new();
    read(file, false, Overrides::AsTables, &mut settings, 0);
    settings
}

/// The lines of a manifest, which has profiles in the same form.
pub fn of_manifest(file: &Path) -> Vec<Setting> {
    let mut settings = Vec::new();
    read(file, false, Overrides::ByLine, &mut settings, 0);
    settings
}

/// Reads a file and those that it includes. One that Cargo can't read is a single setting without a key.
fn read(file: &Path, is_home: bool, overrides: Overrides, settings: &mut Vec<Setting>, depth: usize) {
    let unreadable = |line, value: String| Setting {
        path: Vec::new(),
        key: String::new(),
        file: file.to_owned(),
        line,
        value,
        is_table: false,
        is_home,
    };
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return settings.push(unreadable(1, error.to_string())),
    };
    let table = match DeTable::parse(&text) {
        Ok(table) => table,
        Err(error) => {
            let line = diagnostic::line_and_column(&text, error.span().unwrap_or_default().start).0;
            return settings.push(unreadable(line, error.message().lines().next().unwrap_or_default().to_owned()));
        }
    };
    let before = settings.len();
    flatten(table.get_ref(), overrides, &mut Vec::new(), &mut |path, value, range: Range<usize>| {
        settings.push(Setting {
            path: path.to_vec(),
            key: path.join("."),
            file: file.to_owned(),
            line: diagnostic::line_and_column(&text, range.start).0,
            value: text.get(range).unwrap_or_default().to_owned(),
            is_table: matches!(value, DeValue::Table(_)),
            is_home,
        });
    });
    let included: Vec<PathBuf> = settings[before..]
        .iter()
        .filter(|setting| setting.key == "include")
        .flat_map(|setting| setting.value.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .map(|path| file.parent().unwrap_or(Path::new("")).join(path))
        // An include may be optional.
        .filter(|file| file.exists())
        .collect();
    // Cargo refuses includes in a circle, and five levels are deeper than real files go.
    if depth < 5 {
        included.iter().for_each(|file| read(file, is_home, overrides, settings, depth + 1));
    }
}

/// Calls `found` for every value that isn't a table, and for a profile's overrides where these are told as tables.
fn flatten(
    table: &DeTable<'_>,
    overrides: Overrides,
    path: &mut Vec<String>,
    found: &mut impl FnMut(&[String], &DeValue<'_>, Range<usize>),
) {
    for (key, value) in table {
        let name = key.get_ref();
        let is_whole = overrides == Overrides::AsTables
            && path.first().is_some_and(|first| first == "profile")
            && path.len() == 2
            && matches!(name.as_ref(), "package" | "build-override");
        path.push(name.to_string());
        match value.get_ref() {
            DeValue::Table(inner) if !is_whole => flatten(inner, overrides, path, found),
            // The key's place, not the value's: a table's value may begin lines later.
            other @ DeValue::Table(_) => found(path, other, key.span()),
            other => found(path, other, value.span()),
        }
        path.pop();
    }
}

/// The variables and keys that put a program in rustc's place, or around it.
const WRAPPERS: [(&str, &str); 3] =
    [("RUSTC_WRAPPER", "rustc-wrapper"), ("RUSTC_WORKSPACE_WRAPPER", "rustc-workspace-wrapper"), ("RUSTC", "rustc")];

/// What made Cargo start a command in rustc's place, or around it, and the program that it names: a variable among these
/// changes to the environment or of this process, or else a line of a configuration file.
pub fn origin_of_a_wrapper(
    command: &str,
    folder: &Path,
    changes: &BTreeMap<OsString, Option<OsString>>,
) -> Option<(String, String)> {
    let ends = |rest: &str| rest.is_empty() || rest.starts_with(' ');
    let starts = |program: &str| !program.is_empty() && command.strip_prefix(program).is_some_and(ends);
    let files = settings(folder);
    for (name, key) in WRAPPERS {
        for name in [name.to_owned(), format!("CARGO_BUILD_{name}")] {
            let value = match changes.get(&OsString::from(&name)) {
                Some(change) => change.clone(),
                None => env::var_os(&name),
            };
            if let Some(value) = value.and_then(|value| value.into_string().ok()).filter(|value| starts(value)) {
                return Some((format!("the environment variable `{name}`"), value));
            }
        }
        let key = format!("build.{key}");
        for setting in files.iter().filter(|setting| setting.key == key) {
            let value = setting.value.trim_matches(['"', '\'']);
            // A path in a file is relative to the folder that its `.cargo` is in.
            if starts(value) || starts(&setting.base().join(value).to_string_lossy()) {
                return Some((format!("`{key}` in {}", setting.place()), value.to_owned()));
            }
        }
    }
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The settings of a file with this text.
    pub(crate) fn of(text: &str) -> Vec<Setting> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        base::files::write_atomic(&file, text.as_bytes()).unwrap();
        of_file(&file)
    }

    #[test]
    fn a_key_with_a_dot_in_it_is_one_part() {
        let found = of("[target.'cfg(feature = \"a.b\")']\nlinker = \"ld\"\n");
        assert_eq!(found[0].path, ["target", "cfg(feature = \"a.b\")", "linker"]);
        assert_eq!((found[0].line, found[0].value.as_str()), (2, "\"ld\""));
    }

    #[test]
    fn a_file_that_is_not_toml_is_a_setting_without_a_key() {
        let found = of("[net]\noffline = true\n[build\n");
        assert_eq!((found.len(), found[0].key.as_str(), found[0].line), (1, "", 3));
        assert!(!found[0].value.is_empty());
    }

    #[test]
    fn a_wrapper_that_is_not_there_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| {
            base::files::write_atomic(&folder.path().join(".cargo/config.toml"), text.as_bytes()).unwrap();
        };
        let origin = |command: &str, changes: &[(&str, &str)]| {
            let changes = changes.iter().map(|(name, value)| (name.into(), Some(value.into()))).collect();
            origin_of_a_wrapper(command, folder.path(), &changes)
                .map(|(origin, program)| format!("{program}: {origin}"))
        };
        let found = origin("no such /r/rustc -vV", &[("RUSTC_WRAPPER", "no such")]);
        assert_eq!(found.unwrap(), "no such: the environment variable `RUSTC_WRAPPER`");
        assert_eq!(origin("rustc -vV", &[("RUSTC_WRAPPER", "")]), None);
        write("[build]\nrustc-wrapper = \"tools/w\"\n");
        let command = format!("{} /r/rustc -vV", folder.path().join("tools/w").display());
        let found = origin(&command, &[]).unwrap();
        assert!(found.starts_with("tools/w: `build.rustc-wrapper` in ") && found.ends_with("config.toml:2"), "{found}");
    }

    #[test]
    fn a_long_value_is_cut_and_one_on_several_lines_is_joined() {
        let found = of("build.rustflags = [\n  \"-C\",\n  \"opt-level=1\",\n]\n");
        assert_eq!(found[0].short_value(), "[ \"-C\", \"opt-level=1\", ]");
        let found = of(&format!("a = \"{}\"\n", "é".repeat(100)));
        assert_eq!(found[0].short_value().chars().count(), 61);
    }
}
