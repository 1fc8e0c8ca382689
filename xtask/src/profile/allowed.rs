//! Which crates a learner may depend on, where an exercise lets them choose. A crate is more than data: its build script
//! and its macros run when it is built. So only named crates, in the versions that the course's Cargo.lock has, from the
//! registry.

use super::plain;
use crate::diagnostic::{Code, Diagnostic, Source};
use crate::manifest::nearest;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A crate that a learner may depend on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Allowed {
    /// The version in the course's Cargo.lock.
    pub version: String,
    /// The features that may be asked for.
    #[serde(default)]
    pub features: Vec<String>,
}

/// The crates that may stand in `[dependencies]`, by name.
pub type List = BTreeMap<String, Allowed>;

/// The keys of a dependency that say no more than which version and which features.
const KEYS: [&str; 4] = ["version", "features", "default-features", "package"];

/// Other places that make Cargo take in crates.
const TABLES: [&str; 7] =
    ["dev-dependencies", "dev_dependencies", "build-dependencies", "build_dependencies", "target", "patch", "replace"];

/// Everything in a manifest that makes Cargo take in what the exercise does not allow. `course`: the manifest that learners
/// start with.
pub fn problems(source: &Source, list: &List, course: &str) -> Vec<Diagnostic> {
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
                let help = "change [dependencies] only; starter/Cargo.toml has this table as it was";
                let message = format!("the exercise does not let you change the table `{name}`");
                // Of several tables below the name, the one that is not as it was.
                let inner = value.get_ref().as_table().into_iter().flatten();
                let other = inner.filter(|(key, value)| {
                    course.get(name).and_then(|table| table.get(key.get_ref().as_ref()))
                        != Some(&plain(value.get_ref()))
                });
                let place = other.map(|(key, _)| key.span()).min_by_key(|span| span.start).unwrap_or(key.span());
                not_allowed(source, place, message, "this is not the course's").help(help)
            }
            None => {
                let message = format!("the table `{name}` of the course is missing");
                let help =
                    "put it back: it holds the versions that the course was measured with (see starter/Cargo.toml)";
                Diagnostic::new(Code::DependencyNotAllowed, message).in_file(&source.file).help(help)
            }
        });
    }
    found
}

/// Whether everything in `[dependencies]` is allowed.
pub fn permits(text: &str, list: &List) -> bool {
    let source = Source { file: "Cargo.toml".into(), text: text.into() };
    let (root, errors) = DeTable::parse_recoverable(text);
    errors.is_empty() && of_dependencies(&source, list, root.get_ref()).is_empty()
}

fn of_dependencies(source: &Source, list: &List, root: &DeTable<'_>) -> Vec<Diagnostic> {
    let Some((key, dependencies)) = root.iter().find(|(key, _)| key.get_ref() == "dependencies") else {
        return Vec::new();
    };
    let DeValue::Table(dependencies) = dependencies.get_ref() else {
        let problem = not_allowed(source, key.span(), "`dependencies` is no table", "crates stand in a table");
        return vec![problem.help("write [dependencies], and each crate on a line of its own below it")];
    };
    let mut found = Vec::new();
    for (key, value) in dependencies {
        found.extend(of_one(source, list, (key.get_ref(), key.span()), value));
    }
    found
}

/// A dependency: its name with its place, and what is asked for.
fn of_one(
    source: &Source,
    list: &List,
    (name, place): (&str, Range<usize>),
    value: &Spanned<DeValue<'_>>,
) -> Vec<Diagnostic> {
    let none = DeTable::new();
    let table = value.get_ref().as_table().unwrap_or(&none);
    let renamed = table.get("package").and_then(|package| Some((package.get_ref().as_str()?, package.span())));
    let (name, place) = renamed.unwrap_or((name, place));
    let Some(allowed) = list.get(name) else {
        let names: Vec<&str> = list.keys().map(String::as_str).collect();
        // Names of crates look alike: only a slip of the keyboard is taken for one.
        let near = nearest(name, names.iter().copied()).filter(|near| strsim::damerau_levenshtein(name, near) < 3);
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "take this line out, and solve the exercise with what is allowed".to_owned(),
        };
        let message = format!("the exercise does not let you depend on `{name}`");
        let label = format!("allowed: {}", names.join(", "));
        return vec![not_allowed(source, place, message, label).help(help)];
    };
    let mut found = Vec::new();
    for (key, _) in table {
        let (key, place) = (key.get_ref().as_ref(), key.span());
        if !KEYS.contains(&key) {
            let help = match nearest(&key.replace('_', "-"), KEYS.into_iter()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("take {name} from the registry, by its version: `version = \"{}\"`", short(allowed)),
            };
            let message = format!("the exercise does not let you say `{key}` of a dependency");
            found.push(not_allowed(source, place, message, format!("allowed: {}", KEYS.join(", "))).help(help));
        }
    }
    let version = if value.get_ref().is_str() { Some(value) } else { table.get("version") };
    if let Some(version) = version
        && !version.get_ref().as_str().is_some_and(|requirement| fits(requirement, &allowed.version))
    {
        let message = format!("the course has {name} {}, and this asks for another version", allowed.version);
        let help = format!("write \"{}\": a size can be compared only with the same version", short(allowed));
        found.push(not_allowed(source, version.span(), message, "another version").help(help));
    }
    for (key, form) in [
        ("default-features", "true or false, without quotes"),
        ("features", "a list in brackets: `features = [\"…\", \"…\"]`"),
    ] {
        let is_right = |value: &DeValue<'_>| if key == "features" { value.is_array() } else { value.is_bool() };
        if let Some(value) = table.get(key).filter(|value| !is_right(value.get_ref())) {
            let message = format!("`{key}` of {name} has a wrong type");
            found.push(not_allowed(source, value.span(), message, "Cargo refuses this").help(format!("it is {form}")));
        }
    }
    let features = table.get("features").and_then(|features| features.get_ref().as_array());
    for feature in features.into_iter().flatten() {
        let word = feature.get_ref().as_str().unwrap_or_default();
        if !allowed.features.iter().any(|known| known == word) {
            let known = allowed.features.iter().map(String::as_str);
            // The last word of a name says more than how many letters it has in common with another one.
            let part = known.clone().find(|known| known.rsplit_once('-').is_some_and(|(_, last)| last == word));
            let help = match part.or_else(|| nearest(word, known.clone())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", known.collect::<Vec<_>>().join(", ")),
            };
            let message = format!("the exercise knows no feature `{word}` of {name}");
            found.push(not_allowed(source, feature.span(), message, "not known").help(help));
        }
    }
    found
}

/// What a manifest asks of a crate.
pub struct Asked {
    /// Where its name stands.
    pub place: Range<usize>,
    /// Whether its default features are on.
    pub defaults: bool,
    /// The features that are named, and where.
    pub features: Vec<(String, Range<usize>)>,
}

/// What `[dependencies]` says of a crate, if it names it.
pub fn asked(text: &str, name: &str) -> Option<Asked> {
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

/// Whether a requirement means this version, among others. Only the forms that are usual in manifests are understood
/// (`1`, `^1.2`, `~1.2.3`, `=1.2.3`, `*`); any other one counts as another version.
fn fits(requirement: &str, version: &str) -> bool {
    let numbers = |text: &str| text.split('.').map(|part| part.trim().parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let requirement = requirement.trim();
    if requirement == "*" {
        return true;
    }
    let (how, rest) = match requirement.split_at_checked(1) {
        Some((how @ ("^" | "~" | "="), rest)) => (how, rest),
        _ => ("^", requirement),
    };
    let (Some(asked), Some(version)) = (numbers(rest), numbers(version)) else { return false };
    if asked.is_empty() || asked.len() > version.len() {
        return false;
    }
    // What may not differ: all that is written; at most the minor number; up to the first number that is not 0.
    let fixed = match how {
        "=" => asked.len(),
        "~" => asked.len().min(2),
        _ => asked.iter().position(|&number| number != 0).map_or(asked.len(), |first| first + 1),
    };
    asked[..fixed] == version[..fixed] && version[..asked.len()] >= asked[..]
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
            "[dependencies]\nregex = { version = \"1\", features = [\"unicode-prel\", \"perl\", \"logging\"] }\n",
            "[dependencies]\nregex = { version = \"1\", default-features = \"false\", features = \"std\" }\n",
            "dependencies = 1\n",
        ];
        insta::assert_snapshot!(found.map(said).concat().join("\n"), @r#"
        3: the exercise does not let you depend on `memchr`; take this line out, and solve the exercise with what is allowed
        2: the exercise does not let you depend on `regex_lite`; did you mean `regex-lite`?
        2: the exercise does not let you say `path` of a dependency; take regex from the registry, by its version: `version = "1"`
        2: the exercise does not let you say `git` of a dependency; take regex from the registry, by its version: `version = "1"`
        2: the exercise does not let you say `registry` of a dependency; take regex from the registry, by its version: `version = "1"`
        2: the exercise does not let you depend on `evil`; take this line out, and solve the exercise with what is allowed
        2: the exercise does not let you say `default_features` of a dependency; did you mean `default-features`?
        2: the course has regex 1.13.1, and this asks for another version; write "1": a size can be compared only with the same version
        2: the course has regex-lite 0.1.9, and this asks for another version; write "0.1": a size can be compared only with the same version
        2: the exercise knows no feature `unicode-prel` of regex; did you mean `unicode-perl`?
        2: the exercise knows no feature `perl` of regex; did you mean `unicode-perl`?
        2: the exercise knows no feature `logging` of regex; there are std, unicode-perl
        2: `default-features` of regex has a wrong type; it is true or false, without quotes
        2: `features` of regex has a wrong type; it is a list in brackets: `features = ["…", "…"]`
        1: `dependencies` is no table; write [dependencies], and each crate on a line of its own below it
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
        Some(6): the exercise does not let you change the table `patch`
        Some(7): the exercise does not let you change the table `build-dependencies`
        Some(6): the exercise does not let you change the table `target`
        ");
    }

    #[test]
    fn the_table_that_keeps_the_versions_must_stay() {
        let source = Source { file: "Cargo.toml".into(), text: "[dependencies]\nregex = \"1\"\n".into() };
        let found = problems(&source, &list(), COURSE);
        assert_eq!(found[0].message, "the table `target` of the course is missing");
    }

    #[test]
    fn a_requirement_means_versions() {
        for (requirement, version, expected) in [
            ("1", "1.13.1", true),
            ("1.13.1", "1.13.1", true),
            ("1.13.2", "1.13.1", false),
            ("1.14", "1.13.1", false),
            ("2", "1.13.1", false),
            ("^1.2", "1.13.1", true),
            ("~1.13", "1.13.1", true),
            ("~1.2", "1.13.1", false),
            ("~1", "1.13.1", true),
            ("=1.13", "1.13.1", true),
            ("= 1.13.1", "1.13.1", true),
            ("=1.13.0", "1.13.1", false),
            ("0.1", "0.1.9", true),
            ("0.2", "0.1.9", false),
            ("0", "0.1.9", true),
            ("*", "0.1.9", true),
            (">=1, <2", "1.13.1", false),
            ("", "1.13.1", false),
            ("1.13.1.0", "1.13.1", false),
        ] {
            assert_eq!(fits(requirement, version), expected, "{requirement} {version}");
        }
        let shortest = |version: &str| short(&Allowed { version: version.to_owned(), features: Vec::new() });
        assert_eq!(["1.13.1", "0.3.2", "0.0.4"].map(shortest), ["1", "0.3", "0.0.4"]);
    }
}
