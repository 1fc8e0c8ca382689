//! What Cargo 1.95 knows about profiles: keys, values, names. Each line was tested with the real Cargo, and the tests in
//! `tests/it/manifests.rs` try it again.

use crate::diagnostic::Code;
use toml::Value;
use weigh::workshop::nearest;

/// The keys of a profile, without the two tables `package` and `build-override`.
pub(crate) const KEYS: [&str; 12] = [
    "opt-level",
    "lto",
    "codegen-units",
    "panic",
    "strip",
    "inherits",
    "debug",
    "split-debuginfo",
    "debug-assertions",
    "overflow-checks",
    "incremental",
    "rpath",
];

/// Keys that need a nightly Cargo. `hint-mostly-unused` is only warned about, the others are refused.
const NIGHTLY_KEYS: [&str; 4] = ["codegen-backend", "rustflags", "trim-paths", "hint-mostly-unused"];

/// Keys that aren't allowed in `package.SPEC` or `build-override`.
pub(crate) const WHOLE_PROGRAM_KEYS: [&str; 3] = ["lto", "panic", "rpath"];

/// The tables that Cargo knows at the top of a manifest.
pub(crate) const TABLES: [&str; 17] = [
    "package",
    "dependencies",
    "dev-dependencies",
    "build-dependencies",
    "features",
    "profile",
    "workspace",
    "lib",
    "bin",
    "example",
    "test",
    "bench",
    "target",
    "patch",
    "replace",
    "lints",
    "badges",
];

/// Words that people write for a key of a profile, and what they mean.
const OTHER_WORDS: [(&str, &str); 7] = [
    ("link-time-optimization", "lto"),
    ("codegen-unit", "codegen-units"),
    ("cgu", "codegen-units"),
    ("optimization", "opt-level"),
    ("debuginfo", "debug"),
    ("debug-info", "debug"),
    ("panic-strategy", "panic"),
];

/// The words for `debug`. Part of a word most probably means the first.
const DEBUG_WORDS: [&str; 5] = ["line-tables-only", "line-directives-only", "limited", "full", "none"];

/// What is wrong with a value, and what to write instead.
#[derive(Debug, PartialEq)]
pub(crate) struct Fault {
    /// `WrongType` or `WrongValue`.
    pub(crate) code: Code,
    /// What is wrong, as a label for the value.
    pub(crate) label: String,
    /// The line to write.
    pub(crate) help: Option<String>,
    /// Cargo, or rustc when it compiles, refuses it.
    pub(crate) refused: bool,
}

/// Whether Cargo takes this key in a profile on stable.
pub(crate) fn is_key(key: &str) -> bool {
    KEYS.contains(&key) || matches!(key, "package" | "build-override")
}

/// Whether Cargo takes this key on nightly only.
pub(crate) fn is_nightly_key(key: &str) -> bool {
    NIGHTLY_KEYS.contains(&key)
}

/// The key that was probably meant.
pub(crate) fn meant_key(key: &str) -> Option<&'static str> {
    let plain = key.to_lowercase().replace(['_', ' '], "-");
    let other = OTHER_WORDS.iter().find(|(word, _)| *word == plain).map(|&(_, key)| key);
    let same =
        || KEYS.iter().copied().find(|known| *known == plain || known.replace('-', "") == plain.replace('-', ""));
    other.or_else(same).or_else(|| nearest(&plain, KEYS.into_iter()))
}

/// What is wrong with the value of a known key; `None` if Cargo and rustc take it.
pub(crate) fn fault(key: &str, value: &Value) -> Option<Fault> {
    let text = value.as_str();
    match key {
        "opt-level" => match value {
            Value::Integer(0..=3) => None,
            Value::Integer(_) => Some(wrong_value("the values are 0, 1, 2, 3, \"s\" and \"z\"", None)),
            _ => match text {
                Some("s" | "z") => None,
                Some(digit @ ("0" | "1" | "2" | "3")) => {
                    Some(wrong_type("numbers are written without quotes", &format!("opt-level = {digit}")))
                }
                Some(other) => Some(choice(key, other, &["s", "z"], "the values are 0, 1, 2, 3, \"s\" and \"z\"")),
                None => Some(wrong_type("this isn't a number or text", "opt-level = \"z\"")),
            },
        },
        "lto" => switch(key, value, &["fat", "thin", "off"]),
        "strip" => switch(key, value, &["symbols", "debuginfo", "none"]),
        "panic" => match text {
            Some("abort" | "unwind") => None,
            Some("immediate-abort") => Some(wrong_value("this needs a nightly Cargo", Some("panic = \"abort\""))),
            Some(other) => Some(choice(key, other, &["abort", "unwind"], "the values are \"abort\" and \"unwind\"")),
            None => Some(wrong_type("this must be a word in quotes: \"abort\" or \"unwind\"", "panic = \"abort\"")),
        },
        "codegen-units" => match value {
            Value::Integer(1..=0xffff_ffff) => None,
            Value::Integer(_) => Some(wrong_value("it must be at least 1", Some("codegen-units = 1"))),
            _ => Some(wrong_type("this must be a number, without quotes", "codegen-units = 1")),
        },
        "debug" => match (value, text) {
            (Value::Boolean(_) | Value::Integer(0..=2), _) => None,
            (_, Some(word)) if DEBUG_WORDS.contains(&word) => None,
            (_, Some("true" | "false" | "0" | "1" | "2")) => {
                let help = format!("debug = {}", text.unwrap_or_default());
                Some(wrong_type("true, false and numbers are written without quotes", &help))
            }
            (_, text) => {
                let label = format!("the values are true, false, 0, 1, 2, {}", quoted(&DEBUG_WORDS));
                Some(choice(key, text.unwrap_or_default(), &DEBUG_WORDS, &label))
            }
        },
        "inherits" | "split-debuginfo" => {
            text.is_none().then(|| wrong_type("this must be a word in quotes", &format!("{key} = \"…\"")))
        }
        "incremental" | "debug-assertions" | "overflow-checks" | "rpath" => match text {
            Some(word @ ("true" | "false")) => {
                Some(wrong_type("true and false are written without quotes", &format!("{key} = {word}")))
            }
            _ => (!value.is_bool()).then(|| wrong_type("this must be true or false", &format!("{key} = true"))),
        },
        _ => None,
    }
}

/// `lto` and `strip`: true, false, or one of some words.
fn switch(key: &str, value: &Value, words: &[&str]) -> Option<Fault> {
    match value {
        Value::Boolean(_) => None,
        Value::String(word) if words.contains(&word.as_str()) => None,
        Value::String(word) => {
            let on = matches!(word.as_str(), "true" | "yes" | "on" | "y");
            let off = matches!(word.as_str(), "false" | "no" | "off" | "n" | "none");
            // Cargo takes these for "off", or passes them to rustc, which understands them.
            let refused = !(key == "lto" && matches!(word.as_str(), "yes" | "on" | "y" | "no" | "n" | "none"));
            if on || off {
                let line = format!("{key} = {on}");
                // Text is an accepted type here. What is wrong is quotes around true and false, or the word.
                if matches!(word.as_str(), "true" | "false") {
                    return Some(wrong_type("true and false are written without quotes", &line));
                }
                let label = format!("the values are true, false, {}", quoted(words));
                return Some(Fault { refused, help: Some(format!("write `{line}`")), ..wrong_value(&label, None) });
            }
            Some(choice(key, word, words, &format!("the values are true, false, {}", quoted(words))))
        }
        _ => Some(wrong_type("this must be true, false or a word in quotes", &format!("{key} = true"))),
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn choice(key: &str, word: &str, words: &[&str], label: &str) -> Fault {
    let lower = word.trim().to_lowercase();
    let near = words.iter().copied().find(|known| *known == lower).or_else(|| nearest(&lower, words.iter().copied()));
    let near = near.or_else(|| words.iter().copied().find(|known| lower.len() > 3 && known.starts_with(&lower)));
    wrong_value(label, near.map(|near| format!("{key} = \"{near}\"")).as_deref())
}

/// Cargo's own page on profiles.
const BOOK: &str = "https://doc.rust-lang.org/cargo/reference/profiles.html";

fn wrong_type(label: &str, line: &str) -> Fault {
    Fault { code: Code::WrongType, label: label.to_owned(), help: Some(format!("write `{line}`")), refused: true }
}

fn wrong_value(label: &str, line: Option<&str>) -> Fault {
    let help = line.map(|line| format!("did you mean `{line}`?"));
    let help = help.or_else(|| Some(format!("for all settings and their values, see {BOOK}")));
    Fault { code: Code::WrongValue, label: label.to_owned(), help, refused: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelled_key_is_recognized() {
        let meant: Vec<_> =
            ["opt-levl", "opt_level", "OptLevel", "lot", "codegen_units", "strips", "link-time-optimization"]
                .map(meant_key)
                .into();
        let keys = ["opt-level", "opt-level", "opt-level", "lto", "codegen-units", "strip", "lto"];
        assert_eq!(meant, keys.map(Some));
        assert_eq!(meant_key("colour"), None);
    }

    #[test]
    fn the_line_to_write_is_said() {
        let help = |key, value: Value| fault(key, &value).unwrap().help;
        assert_eq!(help("opt-level", "3".into()).as_deref(), Some("write `opt-level = 3`"));
        assert_eq!(help("opt-level", "Z".into()).as_deref(), Some("did you mean `opt-level = \"z\"`?"));
        assert_eq!(help("strip", "yes".into()).as_deref(), Some("write `strip = true`"));
        assert_eq!(help("strip", "symbol".into()).as_deref(), Some("did you mean `strip = \"symbols\"`?"));
        assert_eq!(help("lto", "no".into()).as_deref(), Some("write `lto = false`"));
        assert_eq!(help("panic", "abrt".into()).as_deref(), Some("did you mean `panic = \"abort\"`?"));
        assert_eq!(
            help("debug", "line-tables".into()).as_deref(),
            Some("did you mean `debug = \"line-tables-only\"`?")
        );
        assert!(help("opt-level", 4.into()).unwrap().contains(BOOK));
    }
}
