//! What a learner's Cargo.toml sets: its profiles with the place of every setting, and everything that is wrong with
//! them before anything is built. `rules` finds the problems, `effective` finds which setting wins, `known` has what
//! Cargo itself knows.

pub mod allowed;
pub(crate) mod effective;
pub(crate) mod known;
pub(crate) mod member;
pub(crate) mod packages;
pub mod reference;
mod rules;

pub(crate) use rules::list;

use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::names::brings_back;
use base::diagnostic::Source;
use base::files;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The largest manifest, in bytes. The workshop's largest is 2 % of that.
const LARGEST: u64 = 1 << 20;

/// A manifest as its author wrote it.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The file.
    pub(crate) source: Source,
    /// `package.name`.
    pub(crate) package: Option<String>,
    /// `package.version`.
    pub(crate) version: Option<String>,
    /// `[profile.*]`, including profiles that Cargo doesn't read.
    pub(crate) profiles: BTreeMap<String, Profile>,
    /// Profile settings that aren't in a profile.
    strays: Vec<Stray>,
    /// What is wrong whatever an exercise requires, the most important first.
    pub(crate) problems: Vec<Diagnostic>,
    /// Whether the file is TOML: if not, nothing can be said about what is missing in it.
    pub(crate) readable: bool,
}

/// A `[profile.NAME]`.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Where its name appears first.
    pub(crate) name: Range<usize>,
    /// What it sets.
    pub(crate) settings: BTreeMap<String, Setting>,
    /// What it sets for some packages: `package.SPEC`.
    pub(crate) packages: BTreeMap<String, Override>,
    /// `build-override`: what it sets for build scripts and proc macros.
    build_override: BTreeMap<String, Setting>,
}

/// A `[profile.NAME.package.SPEC]`.
#[derive(Debug)]
pub(crate) struct Override {
    /// Where `SPEC` is written first.
    pub(crate) name: Range<usize>,
    /// What it sets.
    pub(crate) settings: BTreeMap<String, Setting>,
}

/// A setting as it is written in the file.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    /// Where its key is.
    pub(crate) key: Range<usize>,
    /// Where its value is.
    pub(crate) span: Range<usize>,
    /// The value.
    pub(crate) value: toml::Value,
}

/// Profile settings in a table that isn't a profile.
#[derive(Debug)]
struct Stray {
    /// The table as it would be written, such as `[profiles.release]`.
    table: String,
    /// Where the misleading name is.
    name: Range<usize>,
    /// The settings of a profile in it.
    settings: Vec<String>,
    code: Code,
    /// What to write instead, if that is clear.
    instead: Option<String>,
    refused: bool,
}

impl Manifest {
    /// A manifest that isn't on the disk; `path` is its name.
    pub(crate) fn of(path: &Path, content: &[u8]) -> Self {
        let source = Source { file: path.to_owned(), text: String::from_utf8_lossy(content).into() };
        Self::parse(source)
    }

    /// Reads a manifest. Whatever is wrong with the file is among its problems.
    pub(crate) fn read(path: &Path) -> Self {
        match files::read_text(path, LARGEST) {
            Ok(text) => Self::parse(Source { file: path.to_owned(), text: text.into() }),
            Err(files::Unreadable { message, line, help }) => {
                let help = help.unwrap_or_else(|| brings_back(path));
                let mut problem = Diagnostic::new(Code::ManifestSyntax, message).in_file(path).help(help).refused();
                problem.place.iter_mut().for_each(|place| place.line = line);
                Self {
                    source: Source { file: path.to_owned(), text: "".into() },
                    package: None,
                    version: None,
                    profiles: BTreeMap::new(),
                    strays: Vec::new(),
                    problems: vec![problem],
                    readable: false,
                }
            }
        }
    }

    /// Finds what a manifest sets, and what is wrong with it.
    pub(crate) fn parse(source: Source) -> Self {
        let text = source.text.clone();
        let (table, errors) = DeTable::parse_recoverable(&text);
        let table = table.get_ref();
        let of_package =
            |key: &str| table.get("package").and_then(|package| package.get_ref().get(key)?.get_ref().as_str());
        let mut manifest = Self {
            source,
            package: of_package("name").map(str::to_owned),
            version: of_package("version").map(str::to_owned),
            profiles: BTreeMap::new(),
            strays: Vec::new(),
            problems: Vec::new(),
            readable: errors.is_empty() && (table.contains_key("package") || table.contains_key("workspace")),
        };
        manifest.collect(table);
        manifest.problems = rules::problems(&manifest, table, &errors);
        manifest
    }

    /// Whether Cargo would refuse to build.
    pub(crate) fn is_refused(&self) -> bool {
        self.problems.iter().any(|problem| problem.refused)
    }

    fn collect(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let (name, table) = (key.get_ref().as_ref(), value.get_ref().as_table());
            if name == "profile" {
                for (key, value) in table.into_iter().flatten() {
                    let name = key.get_ref().to_string();
                    match value.get_ref() {
                        DeValue::Table(table) => {
                            self.profiles.insert(name, profile(key.span(), table));
                        }
                        DeValue::Array(tables) if tables.iter().any(|table| table.get_ref().is_table()) => {
                            self.strays.push(rules::list_of_tables(&name, key.span(), tables));
                        }
                        _ => self.strays.push(Stray {
                            table: "[profile]".to_owned(),
                            name: key.span(),
                            settings: vec![name],
                            code: Code::WrongTable,
                            instead: None,
                            refused: true,
                        }),
                    }
                }
            } else {
                self.strays.extend(rules::stray(name, key.span(), value.get_ref()));
            }
        }
    }
}

fn profile(name: Range<usize>, table: &DeTable<'_>) -> Profile {
    let mut profile =
        Profile { name, settings: BTreeMap::new(), packages: BTreeMap::new(), build_override: BTreeMap::new() };
    for (key, value) in table {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("package", DeValue::Table(packages)) => {
                for (spec, value) in packages {
                    if let DeValue::Table(table) = value.get_ref() {
                        let own = Override { name: spec.span(), settings: settings(table) };
                        profile.packages.insert(spec.get_ref().to_string(), own);
                    }
                }
            }
            ("build-override", DeValue::Table(table)) => profile.build_override = settings(table),
            (name, other) => {
                let setting = Setting { key: key.span(), span: value.span(), value: plain(other) };
                profile.settings.insert(name.to_owned(), setting);
            }
        }
    }
    profile
}

fn settings(table: &DeTable<'_>) -> BTreeMap<String, Setting> {
    let setting =
        |value: &toml::Spanned<DeValue<'_>>, key| Setting { key, span: value.span(), value: plain(value.get_ref()) };
    table.iter().map(|(key, value)| (key.get_ref().to_string(), setting(value, key.span()))).collect()
}

/// A value without the places of its parts.
fn plain(value: &DeValue<'_>) -> toml::Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(f64::INFINITY.into(), toml::Value::from)
        }
        DeValue::Float(number) => number.as_str().parse().unwrap_or(f64::NAN).into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Datetime(value) => (*value).into(),
        DeValue::Array(values) => toml::Value::Array(values.iter().map(|value| plain(value.get_ref())).collect()),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, value)| (key.get_ref().to_string(), plain(value.get_ref())));
            toml::Value::Table(entries.collect())
        }
    }
}
