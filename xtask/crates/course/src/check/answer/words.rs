//! What an answer means, apart from how it is written: quotes, capitals, hyphens, parentheses, the file before a line.

use base::numbers::number;

/// Characters around an answer that aren't part of it.
const QUOTES: [char; 14] = ['"', '\'', '`', '´', '“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '*'];

/// An answer without the quotes, spaces and the full stop around it.
pub(super) fn plain(text: &str) -> String {
    let mut text = text;
    loop {
        let trimmed = text.trim_matches(|sign: char| {
            sign.is_whitespace() || QUOTES.contains(&sign) || matches!(sign, '\u{200b}' | '\u{feff}')
        });
        // A dot may be part of what follows it (`.text`), but never of what is before it.
        let trimmed = trimmed.trim_end_matches(['.', ',', ';', '!']);
        if trimmed.len() == text.len() {
            return trimmed.to_owned();
        }
        text = trimmed;
    }
}

/// A name in which case, and the character between its words, don't matter.
pub(super) fn folded(text: &str) -> String {
    let one = |sign: char| if matches!(sign, '_' | ' ' | '\u{2010}' | '\u{2011}' | '–') { '-' } else { sign };
    text.to_lowercase().chars().map(one).collect()
}

/// The option that an answer is, if it is one. `lto = true` means `lto`.
pub(super) fn option<'a>(given: &str, options: &'a [String]) -> Option<&'a String> {
    let is = |given: &str| options.iter().find(|option| folded(option) == folded(&plain(given)));
    is(given).or_else(|| is(given.split_once('=')?.0))
}

/// The only option that an answer mentions, as in "it refuses the manifest".
pub(super) fn named<'a>(given: &str, options: &'a [String]) -> Option<&'a String> {
    let words: Vec<String> = given.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').map(folded).collect();
    let mut found = options.iter().filter(|option| words.contains(&folded(option)));
    found.next().filter(|_| found.next().is_none())
}

/// The option that a misspelled answer most probably is. A short word is a slip of one letter, and words of five letters or more
/// may have two: an answer that was meant as it is written ("fast") is never taken for an option that looks like it ("dist").
pub(super) fn near<'a>(given: &str, options: &'a [String]) -> Option<&'a String> {
    let near = options.iter().map(|option| (strsim::damerau_levenshtein(given, &folded(option)), option)).min()?;
    let letters = given.chars().count().min(near.1.chars().count());
    (near.0 <= if letters < 5 { 1 } else { 2 } && letters > 2).then_some(near.1)
}

/// The name of a crate: its version, and the ? that cargo-bloat puts after a guess, aren't part of it.
pub(super) fn crate_name(given: &str) -> String {
    let given = plain(plain(given).trim_end_matches('?'));
    let (name, version) = given.split_once([' ', '@']).unwrap_or((&given, ""));
    let is_version = version.trim_start_matches('v').starts_with(|digit: char| digit.is_ascii_digit());
    folded(if is_version { name } else { &given }).replace('-', "_")
}

/// The path of a function: `fn transfer(…)`, the path from its crate's root, `ledger::transfer::h0123456789abcdef` and
/// `ledger::transfer+0x1f` name it as well. `package` is the crate at that root.
pub(super) fn function(given: &str, package: &str) -> String {
    let given = plain(given);
    let given = given.strip_prefix("fn ").unwrap_or(&given);
    let end = given.find(['(', '<', '+', ' ']).unwrap_or(given.len());
    let path = plain(&given[..end]);
    // addr2line may leave the hash that a symbol ends with.
    let path = match path.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => path,
        _ => &path,
    };
    let path = match path.strip_prefix("crate").and_then(|rest| rest.strip_prefix("::")) {
        Some(rest) => format!("{package}::{rest}"),
        None => path.trim_start_matches("::").to_owned(),
    };
    folded(&path).replace('-', "_")
}

/// Whether an answer names one function and nothing else that could be one: `functions` are the last parts of the names of those
/// in the program. What people copy along may follow it: parameters, `+0x1f`, `at src/main.rs:62:5`.
pub(super) fn is_one_function(given: &str, functions: &[&str]) -> bool {
    let given = plain(given);
    let given = given.strip_prefix("fn ").unwrap_or(&given);
    let end = given.find(['(', '<', '+', ' ']).unwrap_or(given.len());
    let (name, rest) = given.split_at(end);
    // What is in brackets is only searched for names; its form doesn't matter.
    let mut depth = 0_usize;
    let mut outside = String::new();
    for char in rest.replace("->", "\u{2192}").chars() {
        match char {
            '(' | '<' | '[' => depth += 1,
            ')' | '>' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(char),
            _ => {}
        }
    }
    let outside = outside.trim().trim_end_matches(['.', ';', ',']);
    let follows = ["at ", "in ", "+", "\u{2192}", "{"];
    let own = name.rsplit("::").next().unwrap_or(name).trim_matches(['`', '"', '\'']).to_lowercase();
    // A file may have a function's name.
    let words = rest.split_whitespace().filter(|word| !word.contains(".rs"));
    let mut names = words.flat_map(|word| word.split(|char: char| !(char.is_alphanumeric() || char == '_')));
    let is_other = |name: &str| name.to_lowercase() != own && functions.contains(&name);
    (outside.is_empty() || follows.iter().any(|word| outside.starts_with(word))) && !names.any(is_other)
}

/// A line of a source file: `62`, `line 62`, `main.rs:62`, `/home/me/src/main.rs:62:5`, `62 (discriminator 3)`; the file as it
/// is written, if it is.
pub(super) fn line(given: &str) -> Option<(Option<String>, u64)> {
    let given = plain(given);
    let given = given.split(" (").next().unwrap_or_default().trim();
    let lower = given.to_lowercase();
    let bare = ["lines", "line", "l.", "l", "no.", "#"].iter().find_map(|word| lower.strip_prefix(word));
    if let Some(line) = number::whole(bare.unwrap_or(&lower)) {
        return Some((None, line));
    }
    let digits = |text: &str| text.trim().parse::<u64>().ok();
    // The last number is the column where there are two.
    let (rest, last) = given.rsplit_once(':')?;
    let last = digits(last)?;
    match rest.rsplit_once(':').and_then(|(file, line)| Some((file, digits(line)?))) {
        Some((file, line)) => Some((Some(file.to_owned()), line)),
        None => match digits(rest) {
            Some(line) => Some((None, line)),
            None => Some((Some(rest.to_owned()).filter(|file| !file.is_empty()), last)),
        },
    }
}

/// Whether a file is named by this path, from any folder above it, with either kind of slash.
pub(super) fn is_file(given: &str, path: &str) -> bool {
    let parts = |text: &str| text.split(['/', '\\']).rev().map(str::to_lowercase).collect::<Vec<_>>();
    parts(given).iter().zip(parts(path)).all(|(given, path)| *given == path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Vec<String> {
        ["opt-level", "lto", "refuses", "none"].map(str::to_owned).into()
    }

    #[test]
    fn one_function_is_named_whatever_is_copied_along() {
        let functions = ["transfer", "main", "cents"];
        for given in [
            "ledger::transfer",
            "`transfer`",
            "fn transfer(from: &str) -> u64 {",
            "ledger::transfer+0x1f",
            "ledger::transfer at ./src/main.rs:62:5",
            "ledger::transfer (src/main.rs:62)",
            "transfer::<u8>()",
            "ledger::transfer::h0123456789abcdef",
        ] {
            assert!(is_one_function(given, &functions), "{given}");
        }
        for given in [
            "ledger::transfer ledger::main",
            "transfer or cents",
            "transfer, deposit",
            "transfer(), main()",
            "transfer (or main)",
            "transfer(cents)",
            "transfer deposit",
            "transfer at main or in ledger::cents",
        ] {
            assert!(!is_one_function(given, &functions), "{given}");
        }
    }

    #[test]
    fn an_option_may_be_written_in_many_ways() {
        for (given, expected) in [
            ("opt-level", "opt-level"),
            ("Opt_Level", "opt-level"),
            (" `opt level`. ", "opt-level"),
            ("opt-level = \"z\"", "opt-level"),
            ("“LTO”", "lto"),
            ("lto = true", "lto"),
            ("None.", "none"),
        ] {
            assert_eq!(option(given, &options()).map(String::as_str), Some(expected), "{given}");
        }
        for given in ["", "l", "lt o", "optlevel", "not lto", "none, lto"] {
            assert_eq!(option(given, &options()), None, "{given}");
        }
        assert_eq!(named("it refuses the manifest", &options()).map(String::as_str), Some("refuses"));
        assert_eq!(named("lto or none", &options()), None);
        assert_eq!(named("nothing", &options()), None);
    }

    #[test]
    fn only_a_slip_of_the_pen_is_taken_for_an_option() {
        let options = ["dist", "release", "s", "opt-level", "lto"].map(str::to_owned);
        for (given, expected) in [
            ("dits", Some("dist")),
            ("dst", Some("dist")),
            ("relaese", Some("release")),
            ("reelase-", Some("release")),
            ("optlevel", Some("opt-level")),
            ("lot", Some("lto")),
            // Words of their own.
            ("fast", None),
            ("debug", None),
            ("least", None),
            ("z", None),
            ("no", None),
            ("", None),
        ] {
            assert_eq!(near(given, &options).map(String::as_str), expected, "{given}");
        }
    }

    #[test]
    fn a_crate_has_one_name() {
        for given in
            ["serde_json", "serde-json", "Serde_JSON", "`serde_json`?", "serde_json v1.0.145", "serde_json@1.0.145"]
        {
            assert_eq!(crate_name(given), "serde_json", "{given}");
        }
        assert_eq!(crate_name("serde json"), "serde_json");
        assert_eq!(crate_name("serde"), "serde");
    }

    #[test]
    fn a_function_has_one_path() {
        for given in [
            "ledger::transfer",
            "`ledger::transfer`",
            "ledger::transfer()",
            "ledger::transfer(accounts, from, to)",
            "fn ledger::transfer",
            "ledger::transfer::h0123456789abcdef",
            "ledger::transfer+0x1f",
            "Ledger::Transfer",
            "ledger::transfer at src/main.rs:62",
        ] {
            assert_eq!(function(given, "ledger"), "ledger::transfer", "{given}");
        }
        assert_eq!(function("transfer()", "ledger"), "transfer");
        assert_eq!(function(&["crate", "transfer"].join("::"), "ledger"), "ledger::transfer");
        assert_eq!(function("ledger::transfer::help", "ledger"), "ledger::transfer::help");
    }

    #[test]
    fn a_line_may_have_its_file_and_column() {
        let file = |name: &str| Some(name.to_owned());
        for (given, expected) in [
            ("62", Some((None, 62))),
            ("line 62", Some((None, 62))),
            ("Line 62.", Some((None, 62))),
            ("L62", Some((None, 62))),
            ("#62", Some((None, 62))),
            ("62:5", Some((None, 62))),
            (":62", Some((None, 62))),
            ("main.rs:62", Some((file("main.rs"), 62))),
            ("src/main.rs:62:5", Some((file("src/main.rs"), 62))),
            ("/home/me/ex7/src/main.rs:62 (discriminator 3)", Some((file("/home/me/ex7/src/main.rs"), 62))),
            (r"C:\ex7\src\main.rs:62", Some((file(r"C:\ex7\src\main.rs"), 62))),
            ("main.rs", None),
            ("sixty-two", None),
            ("62-63", None),
            ("-62", None),
            ("", None),
        ] {
            assert_eq!(line(given), expected, "{given}");
        }
        for given in ["main.rs", "src/main.rs", "/a/ex7/src/main.rs", r"C:\a\src\Main.rs"] {
            assert!(is_file(given, "src/main.rs"), "{given}");
        }
        for given in ["crash.rs", "src/crash.rs", "lib/main.rs"] {
            assert!(!is_file(given, "src/main.rs"), "{given}");
        }
    }
}
