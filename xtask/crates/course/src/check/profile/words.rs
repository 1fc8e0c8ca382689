//! The words for the settings of a profile: which build reads a table, what a value does, and what to write instead.

use super::Right;
use weigh::profiles::canonical;

/// The option that makes Cargo read a profile.
pub(super) fn option(profile: &str) -> String {
    match profile {
        "dev" => String::new(),
        "release" => "--release".to_owned(),
        other => format!("--profile {other}"),
    }
}

/// Which build reads a table.
pub(super) fn reads(profile: &str) -> String {
    match profile {
        "dev" => "`cargo build` without `--release` reads this".to_owned(),
        "test" => "`cargo test` reads this".to_owned(),
        "bench" => "`cargo bench` reads this".to_owned(),
        other => format!("only `--profile {other}` reads this"),
    }
}

/// What an unwanted value does.
pub(super) fn what_it_does(key: &str, value: &toml::Value) -> &'static str {
    match (key, canonical(key, value).as_str()) {
        ("opt-level", "3" | "2") => "this optimizes for speed",
        ("opt-level", "1") => "this optimizes only a little",
        ("opt-level", "0") => "this doesn't optimize at all",
        ("opt-level", "s" | "z") => "this optimizes for size",
        ("lto", "off") => "this optimizes each codegen unit separately",
        ("lto", "thin-local") => "this optimizes every crate separately",
        ("lto", "thin") => "this is the lighter, faster LTO",
        ("strip", "debuginfo") => "this removes only debug info, and keeps the symbol table",
        ("strip", "symbols") => "this removes the symbol table and all debug info",
        ("debug", _) => "this sets different debug information, or none",
        ("strip", "none") => "this keeps the symbol table and all debug info in the file",
        ("panic", "unwind") => "this keeps the unwinding machinery",
        ("panic", "abort") => "this ends the process on a panic",
        ("codegen-units", _) => "this splits a crate into several codegen units",
        ("debug-assertions", _) => "this keeps checks that are meant for development",
        ("overflow-checks", _) => "this checks arithmetic for overflow, at a cost in code and time",
        ("incremental", _) => "this splits a crate into many parts, for faster rebuilds",
        _ => "this exercise needs a different value",
    }
}

/// What to write instead.
pub(super) fn better(key: &str, right: &Right) -> String {
    match (key, right) {
        (_, Right::AtMost(most)) => format!("write at most `{key} = {most}`"),
        ("opt-level", Right::One(values)) if values.len() > 1 => {
            // More would give the exercise away.
            "try the two levels that optimize for size".to_owned()
        }
        (_, Right::One(values)) => values.first().map(|value| format!("write `{key} = {value}`")).unwrap_or_default(),
    }
}

/// Settings for development, as what they turn on.
pub(super) fn list_of_features(keys: &[String]) -> String {
    let words: Vec<&str> = keys
        .iter()
        .map(|key| match key.as_str() {
            "debug-assertions" => "debug assertions",
            "overflow-checks" => "overflow checks",
            "incremental" => "incremental compilation",
            other => other,
        })
        .collect();
    base::numbers::list(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_listed_as_people_list_them() {
        let keys = ["debug-assertions", "overflow-checks", "incremental"].map(str::to_owned);
        assert_eq!(list_of_features(&keys), "debug assertions, overflow checks and incremental compilation");
        assert_eq!(list_of_features(&keys[..1]), "debug assertions");
    }
}
