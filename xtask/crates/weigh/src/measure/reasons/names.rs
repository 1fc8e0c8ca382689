//! Which crates a symbol names. The newer form of symbols ("v0") has the crate where a function is written, and the crates of all
//! types that a generic function was compiled for, each with a number that tells it from others of its name.
//!
//! <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>

use crate::measure::crates::{self, crate_in, self_and_trait};
use serde::{Deserialize, Serialize};

/// A crate, as symbols know it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
pub struct CrateId {
    /// Its name in code.
    pub name: String,
    /// What tells it from other crates of that name, such as another version; 0 where the symbol doesn't tell.
    pub number: u64,
}

/// A Rust function or static, read from its symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Symbol {
    /// Its path in the source.
    pub readable: String,
    /// The crate where it is written.
    pub krate: CrateId,
    /// Whether that is a guess.
    pub guessed: bool,
    /// All crates that it can't be there without.
    pub named: Vec<CrateId>,
}

/// What a symbol tells; nothing for one that is none of Rust's.
pub(super) fn read(symbol: &str) -> Option<Symbol> {
    let (readable, krate, guessed) = crates::name(symbol);
    if krate == crates::OTHER {
        return None;
    }
    let demangled =
        rustc_demangle::try_demangle(symbol).ok().filter(|_| symbol.trim_start_matches('_').starts_with('R'));
    let Some(with_numbers) = demangled.map(|demangled| demangled.to_string()) else {
        let krate = CrateId { name: krate, number: 0 };
        return Some(Symbol { readable, named: vec![krate.clone()], krate, guessed });
    };
    let mut named = numbered(&with_numbers);
    let (krate, guessed) = match crate_in(symbol) {
        Some((name, number)) => (CrateId { name: name.to_owned(), number }, false),
        None => {
            // A method that a type has from its trait is written where the trait is.
            let of = with_numbers.strip_prefix('<').and_then(|inside| self_and_trait(inside).1);
            match of.and_then(|of| numbered(of).into_iter().next()) {
                Some(krate) => (krate, false),
                None => (CrateId { name: krate, number: 0 }, guessed),
            }
        }
    };
    named.push(krate.clone());
    named.sort_unstable();
    named.dedup();
    Some(Symbol { readable, krate, guessed, named })
}

/// The crates that a symbol names, where it has their numbers.
pub(super) fn crates_of(symbol: &str) -> Vec<CrateId> {
    let demangled = rustc_demangle::try_demangle(symbol).ok().filter(|_| symbol.starts_with("_R"));
    demangled.map(|demangled| numbered(&demangled.to_string())).unwrap_or_default()
}

/// Whether a name is what the compiler calls a constant that has none in the source, such as `.Lanon.58ba….1`, `.LCPI4_0`, or
/// `anon.4027….0.llvm.1066…`.
pub(super) fn is_label(symbol: &str) -> bool {
    symbol.starts_with(".L") || symbol.starts_with("anon.") && symbol.contains(".llvm.")
}

/// The crates in a readable name, as in `serde_json[846817f741e54dfd]::read`.
fn numbered(name: &str) -> Vec<CrateId> {
    let is_of_name = |letter: char| letter == '_' || letter.is_alphanumeric();
    let mut found = Vec::new();
    for (at, _) in name.match_indices('[') {
        let before = &name[..at];
        let start = before
            .rfind(|letter| !is_of_name(letter))
            .map_or(0, |end| end + before[end..].chars().next().map_or(0, char::len_utf8));
        let number = name[at + 1..].split_once(']').and_then(|(number, _)| u64::from_str_radix(number, 16).ok());
        if let (false, Some(number)) = (before[start..].is_empty(), number) {
            found.push(CrateId { name: before[start..].to_owned(), number });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(symbol: &str) -> (String, Vec<String>) {
        let symbol = read(symbol).unwrap();
        (symbol.krate.name, symbol.named.into_iter().map(|krate| krate.name).collect())
    }

    #[test]
    fn the_crates_of_type_parameters_are_named_too() {
        // core::ptr::drop_in_place::<regex::Regex>
        let symbol = "_RINvNtCs1_4core3ptr13drop_in_placeNtCs2_5regex5RegexEB4_";
        assert_eq!(names(symbol), ("core".to_owned(), vec!["core".to_owned(), "regex".to_owned()]));
        // <regex::Regex as core::fmt::Debug>::fmt, written in regex.
        let symbol = "_RNvXCs2_5regexNtB2_5RegexNtNtCs1_4core3fmt5Debug3fmt";
        assert_eq!(names(symbol).0, "regex");
        // <tool::Cli as clap::Parser>::parse, which the trait has.
        let symbol = "_RNvYNtCs3_4tool3CliNtCs4_4clap6Parser5parse";
        assert_eq!(names(symbol), ("clap".to_owned(), vec!["clap".to_owned(), "tool".to_owned()]));
        assert_eq!(names("_ZN10serde_json5error10make_error17h6a463655f476203aE").0, "serde_json");
        assert_eq!(read("_start"), None);
    }

    #[test]
    fn what_only_the_compiler_has_named_is_nobodys_by_its_name() {
        for label in
            [".Lanon.58baeeae7d5fe476157d296c9f08f803.1", ".LCPI4_0", "anon.402749103035efd6.0.llvm.106617781557"]
        {
            assert!(is_label(label), "{label}");
        }
        assert!(!is_label("anon.table") && !is_label("_RNvCs1_6memchr6memchr") && !is_label("crc_table"));
    }

    #[test]
    fn two_crates_of_one_name_have_numbers() {
        let number = |symbol: &str| read(symbol).unwrap().krate.number;
        let [a, b] = ["_RNvCsgY6Mt91CT9J_6memchr6memchr", "_RNvCs1_6memchr6memchr"].map(number);
        assert_ne!(a, b);
        let demangled = rustc_demangle::demangle("_RNvCsgY6Mt91CT9J_6memchr6memchr").to_string();
        assert_eq!(numbered(&demangled), [CrateId { name: "memchr".to_owned(), number: a }]);
        assert_eq!(numbered("<[u8; 3] as a[1f]::B<c::D[x]>>::f"), [CrateId { name: "a".to_owned(), number: 0x1f }]);
    }
}
