//! Which crates a learner may depend on, where an exercise lets them choose. A crate is more than data: its build script
//! and its macros run when it is built. So only named crates, in the versions that the course's Cargo.lock has, from the
//! registry.

use super::plain;
use crate::diagnostic::{Code, Diagnostic};
use base::diagnostic::Source;
use semver::{Version, VersionReq};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use weigh::workshop::nearest;

/// A crate that a learner may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allowed {
    /// The version in the course's Cargo.lock.
    pub version: String,
    /// The features that may be requested.
    #[serde(default)]
    pub features: Vec<String>,
}

/// The crates that are allowed in `[dependencies]`, by name.
pub(crate) type List = BTreeMap<String, Allowed>;

/// The keys of a dependency that set only its version and its features.
const KEYS: [&str; 5] = ["version", "features", "default-features", "package", "optional"];

/// Other places that make Cargo pull in crates.
const TABLES: [&str; 7] =
    ["dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies", "target", "patch", "replace"];

/// Everything in a manifest that makes Cargo pull in what the exercise doesn't allow. `course`: the manifest that learners
/// start with.
pub(crate) fn problems(source: &Source, list: &List, course: &str) -> Vec<Diagnostic> {
    let (root, _) = DeTable::parse_recoverable(&source.text);
    let root = root.get_ref();
    let mut found = of_dependencies(source, list, root);
    let course: toml::Table = course.parse().unwrap_or_default();
    for name in TABLES {
        let theirs = root.iter().find(|(key, _)| key.get_ref() == name);
        let same = theirs.map(|(_, value)| plain(value.get_ref())).as_ref() == course.get(name);
        if same {
            continue;
        }
        found.push(match theirs {
            Some((key, value)) => {
                let help = "change only [dependencies]; to restore this table, copy it from starter/Cargo.toml";
                let message = format!("the exercise doesn't let you change the table `{name}`");
                // Of several tables below the name, the table that was changed.
                let inner = value.get_ref().as_table().into_iter().flatten();
                let other = inner.filter(|(key, value)| {
                    course.get(name).and_then(|table| table.get(key.get_ref().as_ref()))
                        != Some(&plain(value.get_ref()))
                });
                let place = other.map(|(key, _)| key.span()).min_by_key(|span| span.start).unwrap_or(key.span());
                not_allowed(source, place, message, "differs from the course's version").help(help)
            }
            None => {
                let message = format!("the course's table `{name}` is missing");
                let help =
                    "put it back: it sets the versions that the course was measured with (see starter/Cargo.toml)";
                Diagnostic::new(Code::DependencyNotAllowed, message).in_file(&source.file).help(help)
            }
        });
    }
    found
}

/// Whether everything in `[dependencies]` is allowed.
pub(crate) fn permits(text: &str, list: &List) -> bool {
    let source = Source { file: "Cargo.toml".into(), text: text.into() };
    let (root, errors) = DeTable::parse_recoverable(text);
    errors.is_empty() && of_dependencies(&source, list, root.get_ref()).is_empty()
}

fn of_dependencies(source: &Source, list: &List, root: &DeTable<'_>) -> Vec<Diagnostic> {
    let Some((key, dependencies)) = root.iter().find(|(key, _)| key.get_ref() == "dependencies") else {
        return Vec::new();
    };
    let DeValue::Table(dependencies) = dependencies.get_ref() else {
        let problem = not_allowed(source, key.span(), "`dependencies` isn't a table", "crates go in a table");
        return vec![problem.help("write [dependencies], and each crate on its own line below it")];
    };
    let mut found = Vec::new();
    for (key, value) in dependencies {
        found.extend(of_one(source, list, (key.get_ref(), key.span()), value));
    }
    found
}

/// A dependency: its name with its place, and what is requested.
fn of_one(
    source: &Source,
    list: &List,
    (name, place): (&str, Range<usize>),
    value: &Spanned<DeValue<'_>>,
) -> Vec<Diagnostic> {
    let none = DeTable::new();
    let table = value.get_ref().as_table().unwrap_or(&none);
    if !matches!(value.get_ref(), DeValue::String(_) | DeValue::Table(_)) {
        let message = format!("the value of `{name}` in [dependencies] isn't a version in quotes");
        let problem = not_allowed(source, value.span(), message, "Cargo rejects this");
        return vec![problem.help(match list.get(name) {
            Some(allowed) => format!("write `{name} = \"{}\"`, or a table with `version`", short(allowed)),
            None => "write the version in quotes, or a table with `version`".to_owned(),
        })];
    }
    let renamed = table.get("package").and_then(|package| Some((package.get_ref().as_str()?, package.span())));
    let (name, place) = renamed.unwrap_or((name, place));
    let Some(allowed) = list.get(name) else { return vec![not_listed(source, list, name, place)] };
    let version = if value.get_ref().is_str() { Some(value) } else { table.get("version") };
    let dependency = Dependency { source, name, place, allowed, table };
    let mut found: Vec<Diagnostic> = dependency.keys().collect();
    found.extend(dependency.version(version));
    found.extend(dependency.types());
    found.extend(dependency.features());
    found
}

/// A crate that isn't among the allowed ones.
fn not_listed(source: &Source, list: &List, name: &str, place: Range<usize>) -> Diagnostic {
    let names: Vec<&str> = list.keys().map(String::as_str).collect();
    // Names of crates look alike: only a typing slip is taken for one.
    let near = nearest(name, names.iter().copied()).filter(|near| strsim::damerau_levenshtein(name, near) < 3);
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "remove this line, and solve the exercise with what is allowed".to_owned(),
    };
    let message = format!("the exercise doesn't let you depend on `{name}`");
    not_allowed(source, place, message, format!("allowed: {}", names.join(", "))).help(help)
}

/// A dependency on an allowed crate.
struct Dependency<'a> {
    source: &'a Source,
    name: &'a str,
    /// Where the crate is named.
    place: Range<usize>,
    allowed: &'a Allowed,
    /// What is requested; empty where it is only a version.
    table: &'a DeTable<'a>,
}

impl Dependency<'_> {
    /// Keys that set more than the version and the features, and misspelled keys.
    fn keys(&self) -> impl Iterator<Item = Diagnostic> {
        let Self { source, name, allowed, table, .. } = self;
        table.keys().filter(|key| !KEYS.contains(&key.get_ref().as_ref())).map(move |key| {
            let (key, place) = (key.get_ref().as_ref(), key.span());
            let near = nearest(&key.replace('_', "-"), KEYS.into_iter());
            let (message, help) = match near {
                Some(near) if key.contains('_') => (
                    format!("Cargo doesn't accept the key `{key}`, which needs a hyphen"),
                    format!("did you mean `{near}`?"),
                ),
                Some(near) => {
                    (format!("Cargo doesn't know the key `{key}` of a dependency"), format!("did you mean `{near}`?"))
                }
                None => (
                    format!("the exercise doesn't allow `{key}` in a dependency"),
                    format!("use {name} from the registry, and give its version: `version = \"{}\"`", short(allowed)),
                ),
            };
            not_allowed(source, place, message, format!("allowed: {}", KEYS.join(", "))).help(help)
        })
    }

    /// A version that is refused, or none at all.
    fn version(&self, version: Option<&Spanned<DeValue<'_>>>) -> Option<Diagnostic> {
        let Self { source, name, place, allowed, table } = self;
        let Some(version) = version else {
            // A dependency with a different kind of source is refused for that.
            let is_plain = table.iter().all(|(key, _)| KEYS.contains(&key.get_ref().as_ref()));
            return is_plain.then(|| {
                let message = format!("{name} has no version");
                let problem = not_allowed(source, place.clone(), message, "Cargo rejects this");
                problem.help(format!("add `version = \"{}\"`", short(allowed)))
            });
        };
        let (message, label) = refusal(name, version.get_ref(), allowed)?;
        let help = format!("write \"{}\"", short(allowed));
        Some(not_allowed(source, version.span(), message, label).help(help))
    }

    /// Values that are of the wrong type.
    fn types(&self) -> impl Iterator<Item = Diagnostic> {
        let Self { source, name, table, .. } = self;
        let forms = [
            ("default-features", "true or false, without quotes"),
            ("optional", "true or false, without quotes"),
            ("features", "a list in brackets: `features = [\"…\", \"…\"]`"),
        ];
        forms.into_iter().filter_map(move |(key, form)| {
            let is_right = |value: &DeValue<'_>| if key == "features" { value.is_array() } else { value.is_bool() };
            let value = table.get(key).filter(|value| !is_right(value.get_ref()))?;
            let message = format!("`{key}` of {name} has the wrong type");
            Some(not_allowed(source, value.span(), message, "Cargo rejects this").help(format!("it is {form}")))
        })
    }

    /// Features that the exercise doesn't know.
    fn features(&self) -> impl Iterator<Item = Diagnostic> {
        let Self { source, name, allowed, table, .. } = self;
        let features = table.get("features").and_then(|features| features.get_ref().as_array());
        features.into_iter().flatten().filter_map(move |feature| {
            let word = feature.get_ref().as_str().unwrap_or_default();
            let known = allowed.features.iter().map(String::as_str);
            if known.clone().any(|known| known == word) {
                return None;
            }
            // The last word of a name says more than the number of letters it has in common with another name.
            let part = known.clone().find(|known| known.rsplit_once('-').is_some_and(|(_, last)| last == word));
            let help = match part.or_else(|| nearest(word, known.clone())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
            };
            let message = format!("the exercise doesn't list a feature `{word}` of {name}");
            Some(not_allowed(source, feature.span(), message, "not known").help(help))
        })
    }
}

/// What a manifest requests from a crate.
pub(crate) struct Asked {
    /// Where its name is.
    pub(crate) place: Range<usize>,
    /// Whether its default features are on.
    pub(crate) defaults: bool,
    /// The features that are named, and where.
    pub(crate) features: Vec<(String, Range<usize>)>,
}

/// What `[dependencies]` sets for a crate, if it names it.
pub(crate) fn asked(text: &str, name: &str) -> Option<Asked> {
    let (root, _) = DeTable::parse_recoverable(text);
    let dependencies = root.get_ref().get("dependencies")?.get_ref().as_table()?;
    let package = |value: &DeValue<'_>| Some(value.as_table()?.get("package")?.get_ref().as_str()?.to_owned());
    let (key, value) = dependencies
        .iter()
        .find(|(key, value)| package(value.get_ref()).unwrap_or_else(|| key.get_ref().to_string()) == name)?;
    let table = value.get_ref().as_table();
    let features = table.and_then(|table| table.get("features")?.get_ref().as_array());
    let named = |feature: &Spanned<DeValue<'_>>| Some((feature.get_ref().as_str()?.to_owned(), feature.span()));
    Some(Asked {
        place: key.span(),
        defaults: table.and_then(|table| table.get("default-features")?.get_ref().as_bool()) != Some(false),
        features: features.into_iter().flatten().filter_map(named).collect(),
    })
}

fn not_allowed(
    source: &Source,
    place: Range<usize>,
    message: impl Into<String>,
    label: impl Into<String>,
) -> Diagnostic {
    Diagnostic::new(Code::DependencyNotAllowed, message).at(source, place, label)
}

/// The shortest requirement that means this version and those that are compatible with it.
fn short(allowed: &Allowed) -> String {
    let parts: Vec<&str> = allowed.version.split('.').collect();
    let end = parts.iter().position(|part| *part != "0").map_or(parts.len(), |first| first + 1);
    parts[..end].join(".")
}

/// Why a requirement is refused, and a label, if it is: it can't be read, or the version in the course's Cargo.lock doesn't
/// meet it, so that Cargo would have to change that file.
fn refusal(name: &str, requirement: &DeValue<'_>, allowed: &Allowed) -> Option<(String, &'static str)> {
    let Some(requirement) = requirement.as_str() else {
        return Some((format!("the version of {name} has the wrong type"), "a version is in quotes"));
    };
    let wanted = match VersionReq::parse(requirement) {
        Ok(wanted) => wanted,
        Err(error) => {
            return Some((format!("`{requirement}` isn't a version requirement: {error}"), "Cargo rejects this"));
        }
    };
    let is_met = Version::parse(&allowed.version).is_ok_and(|version| wanted.matches(&version));
    (!is_met).then(|| {
        let message = format!(
            "`{requirement}` doesn't include {name} {}, the version in the course's Cargo.lock. The check builds with `--locked`, which keeps that file unchanged so that sizes can be compared",
            allowed.version
        );
        (message, "a different version")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = "[dependencies]\nregex = \"1\"\n\n[target.'cfg(any())'.dependencies]\nregex = \"1\"\n";

    fn list() -> List {
        let allowed = |version: &str, features: &[&str]| Allowed {
            version: version.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        BTreeMap::from([
            ("regex".to_owned(), allowed("1.13.1", &["std", "unicode-perl"])),
            ("regex-lite".to_owned(), allowed("0.1.9", &[])),
        ])
    }

    fn said(dependencies: &str) -> Vec<String> {
        let text = COURSE.replace("[dependencies]\nregex = \"1\"\n", dependencies);
        let source = Source { file: "Cargo.toml".into(), text: text.as_str().into() };
        let found = problems(&source, &list(), COURSE);
        assert_eq!(found.is_empty(), permits(&text, &list()), "{text}");
        found
            .iter()
            .map(|problem| {
                assert_eq!(problem.code, Code::DependencyNotAllowed);
                let line = problem.place.as_ref().and_then(|place| place.line);
                format!("{}: {}; {}", line.unwrap(), problem.message, problem.help.as_deref().unwrap())
            })
            .collect()
    }

    #[test]
    fn versions_and_features_of_allowed_crates_are_free() {
        for dependencies in [
            "",
            "[dependencies]\n",
            "[dependencies]\nregex = \"1\"\n",
            "[dependencies]\nregex-lite = \"0.1.9\"\n",
            "[dependencies]\nregex = { version = \"1.10\", default-features = false, features = [\"std\", \"unicode-perl\"] }\n",
            "[dependencies.regex]\nversion = \"1\"\ndefault-features = false\n",
            "[dependencies]\nregex.version = \"1\"\nregex.default-features = false\n",
            "[dependencies]\nregex = { package = \"regex-lite\", version = \"0.1\" }\n",
            "[dependencies]\nre = { package = \"regex\", version = \">=1.13, <2\", optional = true }\n\n[features]\ndefault = [\"dep:re\"]\n",
            "[dependencies.regex]\nversion = \"1.*\"\noptional = false\n",
        ] {
            assert_eq!(said(dependencies), [""; 0], "{dependencies}");
        }
    }

    #[test]
    fn whatever_else_cargo_would_take_in_is_named_with_its_line() {
        let found = [
            "[dependencies]\nregex = \"1\"\nmemchr = \"2\"\n",
            "[dependencies]\nregex_lite = \"0.1\"\n",
            "[dependencies]\nregex = { path = \"../x\" }\n",
            "[dependencies]\nregex = { version = \"1\", git = \"https://example.org/x\", registry = \"x\" }\n",
            "[dependencies]\nregex = { package = \"evil\", version = \"1\" }\n",
            "[dependencies]\nregex = { version = \"1\", default_features = false }\n",
            "[dependencies]\nregex = \"1.99\"\n",
            "[dependencies]\nregex-lite = \"=0.1.8\"\n",
            "[dependencies]\nregex = \"latest\"\n",
            "[dependencies]\nregex = 1\n",
            "[dependencies]\nregex = { version = 1 }\n",
            "[dependencies]\nregex = { workspace = true }\n",
            "[dependencies]\nregex = { version = \"1\", default-feature = false, optional = \"yes\" }\n",
            "[dependencies]\nregex = { default-features = false }\n",
            "[dependencies]\nregex = { version = \"1\", features = [\"unicode-prel\", \"perl\", \"logging\"] }\n",
            "[dependencies]\nregex = { version = \"1\", default-features = \"false\", features = \"std\" }\n",
            "dependencies = 1\n",
        ];
        insta::assert_snapshot!(found.map(said).concat().join("\n"), @r#"
        3: the exercise doesn't let you depend on `memchr`; remove this line, and solve the exercise with what is allowed
        2: the exercise doesn't let you depend on `regex_lite`; did you mean `regex-lite`?
        2: the exercise doesn't allow `path` in a dependency; use regex from the registry, and give its version: `version = "1"`
        2: the exercise doesn't allow `git` in a dependency; use regex from the registry, and give its version: `version = "1"`
        2: the exercise doesn't allow `registry` in a dependency; use regex from the registry, and give its version: `version = "1"`
        2: the exercise doesn't let you depend on `evil`; remove this line, and solve the exercise with what is allowed
        2: Cargo doesn't accept the key `default_features`, which needs a hyphen; did you mean `default-features`?
        2: `1.99` doesn't include regex 1.13.1, the version in the course's Cargo.lock. The check builds with `--locked`, which keeps that file unchanged so that sizes can be compared; write "1"
        2: `=0.1.8` doesn't include regex-lite 0.1.9, the version in the course's Cargo.lock. The check builds with `--locked`, which keeps that file unchanged so that sizes can be compared; write "0.1"
        2: `latest` isn't a version requirement: unexpected character 'l' while parsing major version number; write "1"
        2: the value of `regex` in [dependencies] isn't a version in quotes; write `regex = "1"`, or a table with `version`
        2: the version of regex has the wrong type; write "1"
        2: the exercise doesn't allow `workspace` in a dependency; use regex from the registry, and give its version: `version = "1"`
        2: Cargo doesn't know the key `default-feature` of a dependency; did you mean `default-features`?
        2: `optional` of regex has the wrong type; it is true or false, without quotes
        2: regex has no version; add `version = "1"`
        2: the exercise doesn't list a feature `unicode-prel` of regex; did you mean `unicode-perl`?
        2: the exercise doesn't list a feature `perl` of regex; did you mean `unicode-perl`?
        2: the exercise doesn't list a feature `logging` of regex; there are std, unicode-perl
        2: `default-features` of regex has the wrong type; it is true or false, without quotes
        2: `features` of regex has the wrong type; it is a list in brackets: `features = ["…", "…"]`
        1: `dependencies` isn't a table; write [dependencies], and each crate on its own line below it
        "#);
    }

    #[test]
    fn what_is_asked_of_a_crate_has_its_place() {
        let text = COURSE.replacen("\"1\"", "{ version = \"1\", default-features = false, features = [\"std\"] }", 1);
        let Asked { place, defaults, features } = asked(&text, "regex").unwrap();
        assert_eq!((&text[place], defaults), ("regex", false));
        assert_eq!((features[0].0.as_str(), &text[features[0].1.clone()]), ("std", "\"std\""));
        let renamed = "[dependencies]\nre = { package = \"regex\", version = \"1\" }\n";
        assert!(asked(renamed, "regex").is_some_and(|asked| asked.defaults && &renamed[asked.place] == "re"));
        assert!(asked(renamed, "re").is_none() && asked("[", "re").is_none());
    }

    #[test]
    fn other_tables_are_the_courses_and_no_matter_for_what_is_graded() {
        let found = [
            "[patch.crates-io]\nregex = { path = \"/\" }\n",
            "[build-dependencies]\ncc = \"1\"\n",
            "[target.x86_64-unknown-linux-gnu.dependencies]\ncc = \"1\"\n",
        ];
        let found = found.map(|table| {
            let text = format!("{COURSE}{table}");
            assert!(permits(&text, &list()));
            let source = Source { file: "Cargo.toml".into(), text: text.as_str().into() };
            let found = problems(&source, &list(), COURSE);
            assert_eq!(found.len(), 1);
            format!("{:?}: {}", found[0].place.as_ref().and_then(|place| place.line), found[0].message)
        });
        insta::assert_snapshot!(found.join("\n"), @r"
        Some(6): the exercise doesn't let you change the table `patch`
        Some(7): the exercise doesn't let you change the table `build-dependencies`
        Some(6): the exercise doesn't let you change the table `target`
        ");
    }

    #[test]
    fn the_table_that_keeps_the_versions_must_stay() {
        let source = Source { file: "Cargo.toml".into(), text: "[dependencies]\nregex = \"1\"\n".into() };
        let found = problems(&source, &list(), COURSE);
        assert_eq!(found[0].message, "the course's table `target` is missing");
    }

    #[test]
    fn a_requirement_is_read_as_cargo_reads_it() {
        let refused = |requirement: &str, version: &str| {
            let allowed = Allowed { version: version.to_owned(), features: Vec::new() };
            refusal("a", &DeValue::String(requirement.into()), &allowed).map(|(message, _)| message)
        };
        for (requirement, version) in [
            ("1", "1.13.1"),
            ("1.*", "1.13.1"),
            ("1.13.*", "1.13.1"),
            ("*", "0.1.9"),
            ("1.13.1", "1.13.1"),
            ("^1", "1.13.1"),
            ("^1.2", "1.13.1"),
            ("~1.13", "1.13.1"),
            ("~1", "1.13.1"),
            ("=1.13", "1.13.1"),
            ("= 1.13.1", "1.13.1"),
            (" 1 ", "1.13.1"),
            (">=1.13, <2", "1.13.1"),
            (">1.12,<1.14", "1.13.1"),
            ("<=1.13.1", "1.13.1"),
            ("0.1", "0.1.9"),
            ("0", "0.1.9"),
        ] {
            assert_eq!(refused(requirement, version), None, "{requirement} {version}");
        }
        for (requirement, version) in [
            ("1.13.2", "1.13.1"),
            ("1.14", "1.13.1"),
            ("2", "1.13.1"),
            ("~1.2", "1.13.1"),
            ("1.12.*", "1.13.1"),
            ("=1.13.0", "1.13.1"),
            ("<1.13", "1.13.1"),
            (">=1.10, <1.13", "1.13.1"),
            ("0.2", "0.1.9"),
            // A pre-release is asked for by name only, and is before its release.
            ("=1.13.1-rc.1", "1.13.1"),
        ] {
            let why = refused(requirement, version).unwrap_or_default();
            assert!(why.contains(&format!("doesn't include a {version}")), "{requirement}: {why}");
        }
        for requirement in ["", "1.13.1.0", "latest", "1.13 <2", "01", "v1"] {
            let why = refused(requirement, "1.13.1").unwrap_or_default();
            assert!(why.contains("isn't a version requirement: "), "{requirement}: {why}");
        }
        let shortest = |version: &str| short(&Allowed { version: version.to_owned(), features: Vec::new() });
        assert_eq!(["1.13.1", "0.3.2", "0.0.4"].map(shortest), ["1", "0.3", "0.0.4"]);
    }
}
