//! Gives the machine code of an executable to the crates it comes from: which dependency is worth a look, and how much
//! of a program is the standard library. The names of the functions tell it, so a stripped file cannot be read.
//!
//! What the compiler copies into its caller counts for the caller, and generic code for the crate that wrote it:
//! `core::ptr::drop_in_place<serde_json::Value>` is `core`.

mod native;
mod symbols;

use super::binary;
use anyhow::Result;
pub use native::Natives;
use std::collections::BTreeMap;
use std::path::Path;
use symbols::Symbol;
pub use symbols::{Owners, owners, owners_apart, owners_with};

/// What the machine code of an executable belongs to. The crates sum to `text_bytes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Bytes of the section `.text` in the file.
    pub text_bytes: u64,
    /// The functions, by address. No byte is in two of them.
    pub functions: Vec<Function>,
}

/// A function, as the symbol table has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its path in the source, without hashes; the name in the symbol table if that is none of Rust's.
    pub name: String,
    /// The crate it belongs to, or [`OTHER`].
    pub krate: String,
    /// Whether the name leaves the crate open: in `<T as serde_core::Serialize>::serialize` only the trait tells one.
    pub guessed: bool,
    /// Where its code begins, counted from where the program is loaded (ELF); in other formats as the file has it.
    pub address: u64,
    /// Bytes of its code that no function before it covers.
    pub bytes: u64,
}

/// Bytes of code that no symbol covers: mostly the padding that aligns functions.
pub const UNATTRIBUTED: &str = "[unattributed]";

/// Functions without a Rust name: the start-up code of C, C libraries, `main`, and what is `#[no_mangle]`. To which
/// crate they belong is in no symbol table; [`Natives`] tell it of those that a build has compiled.
pub const OTHER: &str = "[other]";

/// The crate memchr that comes inside the standard library.
pub(super) const STD_MEMCHR: &str = "memchr [std]";

/// The crates of the standard library, and those that come inside it: what every program has.
const STD: [&str; 15] = [
    STD_MEMCHR,
    "core",
    "alloc",
    "std",
    "gimli",
    "addr2line",
    "miniz_oxide",
    "rustc_demangle",
    "adler2",
    "object",
    "hashbrown",
    "panic_unwind",
    "panic_abort",
    "std_detect",
    "compiler_builtins",
];

/// Whether a crate is the standard library, or comes inside it.
pub fn is_std(krate: &str) -> bool {
    krate.starts_with('[') || STD.contains(&krate)
}

/// Whether a crate of this name comes inside the standard library, so that a program may have two.
pub fn may_be_in_std(name: &str) -> bool {
    name == "memchr" || STD.contains(&name)
}

/// Reads the functions of an executable. `None` if nothing tells whose its code is, as after `strip`.
///
/// # Errors
/// When it cannot be read, or isn't a supported executable.
pub fn read(path: &Path) -> Result<Option<Code>> {
    let data = binary::content(path)?;
    match owners(&data).map_err(|error| binary::not_understood(path, &error))? {
        Owners::Known(code) => Ok(Some(code)),
        Owners::Unknown(_) => Ok(None),
    }
}

impl Code {
    /// The bytes of each crate, [`OTHER`] and [`UNATTRIBUTED`] among them; the largest first, ties by name.
    pub fn crates(&self) -> Vec<(String, u64)> {
        let mut crates: BTreeMap<&str, u64> = BTreeMap::new();
        for function in &self.functions {
            *crates.entry(&function.krate).or_default() += function.bytes;
        }
        let attributed: u64 = crates.values().sum();
        if attributed < self.text_bytes {
            crates.insert(UNATTRIBUTED, self.text_bytes - attributed);
        }
        let mut crates: Vec<_> = crates.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect();
        crates.sort_by_key(|&(_, bytes)| std::cmp::Reverse(bytes));
        crates
    }

    /// The bytes of some crates (`gimli`) and modules (`std::backtrace_rs`), no byte twice. The methods of a type are
    /// in the type's module, whatever trait they are of.
    pub fn bytes_of(&self, prefixes: &[String]) -> u64 {
        let is_in = |function: &Function, prefix: &String| match prefix.contains("::") {
            true => home(&function.name).0.strip_prefix(prefix.as_str()).is_some_and(ends_segment),
            false => function.krate == *prefix,
        };
        let chosen = self.functions.iter().filter(|function| prefixes.iter().any(|prefix| is_in(function, prefix)));
        chosen.map(|function| function.bytes).sum()
    }
}

impl Function {
    /// The module that it is in, such as `serde_json::read`: a method is in the module of its type.
    pub fn module(&self) -> &str {
        let path = home(&self.name).0;
        let path = path.split(['<', '{']).next().unwrap_or(path).trim_end_matches("::");
        path.rsplit_once("::").map_or(path, |(module, _)| module)
    }

    /// The name of the generic function that it is a copy of: what stands for type parameters is `_`. The same as the
    /// name for a function that is not generic.
    pub fn generic(&self) -> String {
        generic(&self.name)
    }
}

/// The name of the generic function that it is a copy of: what stands for type parameters is `_`. The same as the
/// name for a function that is not generic.
pub fn generic(name: &str) -> String {
    let mut generic = String::new();
    // For each `<` that is open: whether it holds arguments, which are left out.
    let mut open: Vec<bool> = Vec::new();
    let mut before = ' ';
    for character in name.chars() {
        let hidden = open.contains(&true);
        match character {
            '<' => {
                let arguments = before == ':' || before == '_' || before.is_alphanumeric();
                if !hidden {
                    // The older mangling writes a function's arguments as a type's: `drop_in_place<T>`.
                    let is_function = before != ':' && generic == "core::ptr::drop_in_place";
                    generic.push_str(match arguments {
                        true if is_function => "::<_",
                        true => "<_",
                        false => "<",
                    });
                }
                open.push(arguments);
            }
            '>' if before != '-' => {
                open.pop();
                if !open.contains(&true) {
                    generic.push('>');
                }
            }
            _ if hidden => {}
            other => generic.push(other),
        }
        before = character;
    }
    generic
}

/// Whether a name is in a module, or is a function of this path with whatever type parameters. The methods of a type are below the
/// type's path, whatever trait they are of.
pub fn is_below(name: &str, path: &str) -> bool {
    let whole = plain(name);
    whole.strip_prefix(path).is_some_and(ends_segment) || home(name).0.strip_prefix(path).is_some_and(ends_segment)
}

/// Whether a name ends with these parts of a path, type parameters aside.
pub fn ends_with(name: &str, path: &str) -> bool {
    let whole = generic(&plain(name));
    let whole = whole.replace("::<_>", "").replace("<_>", "");
    whole.strip_suffix(path).is_some_and(|before| before.ends_with("::"))
}

/// A name with the type of a method as a path: `<a::B as c::D>::e` is `a::B::e`.
fn plain(name: &str) -> String {
    let Some(inside) = name.strip_prefix('<') else { return name.to_owned() };
    let (own, of) = self_and_trait(inside);
    let rest = of.map_or(&inside[own.len()..], |of| {
        let (path, _) = self_and_trait(of);
        &of[path.len()..]
    });
    format!("{own}{}", rest.strip_prefix('>').unwrap_or(rest))
}

/// Whether what follows in a path does not continue the name before it.
fn ends_segment(rest: &str) -> bool {
    !rest.starts_with(|next: char| next == '_' || next.is_alphanumeric())
}

/// Gives every byte of a section to the first symbol that covers it. Of several symbols at one address it is the
/// longest, or else the first by name.
fn attribute(start: u64, bytes: u64, mut symbols: Vec<Symbol<'_>>, natives: &Natives) -> Vec<Function> {
    symbols.sort_unstable_by(|a, b| (a.0, b.1, a.2).cmp(&(b.0, a.1, b.2)));
    let mut covered = start;
    let mut functions = Vec::new();
    for (address, claimed, symbol) in symbols {
        let from = address.max(covered);
        let to = address.saturating_add(claimed).min(start.saturating_add(bytes));
        if from < to {
            let (name, krate, guessed) = match natives.owner(symbol, claimed) {
                Some(krate) => (symbol.to_owned(), krate.to_owned(), false),
                None => name(symbol),
            };
            functions.push(Function { name, krate, guessed, address: from, bytes: to - from });
            covered = to;
        }
    }
    functions
}

/// The readable name behind a symbol, its crate, and whether the crate is a guess.
pub(super) fn name(symbol: &str) -> (String, String, bool) {
    let name = match rustc_demangle::try_demangle(symbol) {
        Ok(demangled) => format!("{demangled:#}"),
        Err(_) => match readable(symbol) {
            Some(name) => name,
            None => return (symbol.to_owned(), OTHER.to_owned(), false),
        },
    };
    let (krate, guessed) = match written_in(symbol) {
        Some(krate) => (krate, false),
        None => {
            let (path, guessed) = home(&name);
            (krate_of(path).unwrap_or(OTHER), guessed)
        }
    };
    // The compiler's own crate name for functions of std that any crate may call, such as `__rust_alloc`.
    let krate = match krate {
        "__rustc" => "std",
        // Many programs have a memchr of their own. The standard library's has the newer form throughout.
        "memchr" if written_in(symbol).is_some() => STD_MEMCHR,
        krate => krate,
    }
    .to_owned();
    (name, krate, guessed)
}

/// The name of a Rust function that another tool has made half readable, as linkers do for WebAssembly: it leaves the hash, and in
/// the older form what stands for brackets.
fn readable(name: &str) -> Option<String> {
    let is_hash = |text: &str| text.len() > 8 && text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if let Some((_, hash)) = name.rsplit_once("::h")
        && hash.len() == 16
        && is_hash(hash)
    {
        let parts = name.split("::").map(|part| format!("{}{part}", part.len())).collect::<String>();
        return rustc_demangle::try_demangle(&format!("_ZN{parts}E")).ok().map(|name| format!("{name:#}"));
    }
    // The newer form: `core[846817f741e54dfd]::fmt::write`.
    let (mut clean, mut rest, mut found) = (String::new(), name, false);
    while let Some(at) = rest.find('[') {
        let after = &rest[at + 1..];
        let hash = after.split_once(']').filter(|(hash, after)| is_hash(hash) && after.starts_with("::"));
        clean.push_str(&rest[..at]);
        match hash {
            Some((_, after)) => (rest, found) = (after, true),
            None => {
                clean.push('[');
                rest = after;
            }
        }
    }
    found.then(|| clean + rest)
}

/// The crate where a function is written, if its symbol has the newer form ("v0", as all of std has) and tells it: that
/// form also names the crate of an `impl` block. It does not for a method that a type has from its trait.
///
/// <https://doc.rust-lang.org/rustc/symbol-mangling/v0.html>
fn written_in(symbol: &str) -> Option<&str> {
    crate_in(symbol).map(|(name, _)| name)
}

/// The same crate with the number that tells it from others of the same name.
pub fn crate_in(symbol: &str) -> Option<(&str, u64)> {
    let mut rest = symbol.trim_start_matches('_').strip_prefix('R')?;
    loop {
        let inner = match rest.as_bytes().first()? {
            b'I' => 1,
            b'N' => 2,
            b'M' | b'X' => 1 + numbered(&rest[1..])?.1,
            b'C' => break,
            _ => return None,
        };
        rest = rest.get(inner..)?;
    }
    let (number, length) = numbered(&rest[1..])?;
    let rest = &rest[1..][length..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let name = &rest[digits..];
    Some((name.strip_prefix('_').unwrap_or(name).get(..rest[..digits].parse().ok()?)?, number))
}

/// The number that a part of a symbol may begin with, in base 62, and the bytes that it takes there.
fn numbered(rest: &str) -> Option<(u64, usize)> {
    let Some(number) = rest.strip_prefix('s') else { return Some((0, 0)) };
    let end = number.find('_')?;
    let mut value = 0_u64;
    for digit in number[..end].bytes() {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'z' => digit - b'a' + 10,
            b'A'..=b'Z' => digit - b'A' + 36,
            _ => return None,
        };
        value = value.wrapping_mul(62).wrapping_add(digit.into());
    }
    // No digits are 0, `0` is 1; and a number that is there at all is one more.
    let value = if end == 0 { 0 } else { value.wrapping_add(1) };
    Some((value.wrapping_add(1), rest.len() - number.len() + end + 1))
}

/// The path that a readable name is under, and whether that is a guess: for `<T as Trait>::f` the path of `T`. It is
/// the trait's if `T` is in no crate (`u8`, `[T]`, a parameter), or if only `T` is in the standard library: then
/// Rust wants the `impl` block beside the trait.
fn home(name: &str) -> (&str, bool) {
    let Some(inside) = name.strip_prefix('<') else { return (name, false) };
    let (mut own, of) = self_and_trait(inside);
    // Also for Rust's rules, a reference belongs where the type behind it does.
    while let Some(behind) = ["&", "mut ", "dyn "].iter().find_map(|before| own.strip_prefix(before)) {
        own = behind;
    }
    let (own, guessed) = home(own);
    let is_standard = |path: &str| krate_of(path).is_some_and(|krate| ["alloc", "core", "std"].contains(&krate));
    match (krate_of(own), of) {
        (Some(_), Some(of)) if is_standard(own) && !is_standard(of) => (of, true),
        (Some(_), _) => (own, guessed),
        (None, Some(of)) => (of, true),
        (None, None) => ("core::", true),
    }
}

/// Splits `T as Trait>::f` or `T>::f`.
pub(super) fn self_and_trait(inside: &str) -> (&str, Option<&str>) {
    let mut depth = 0_u32;
    let mut before = ' ';
    for (at, character) in inside.char_indices() {
        match character {
            '>' if before == '-' => {}
            '>' if depth == 0 => return (&inside[..at], None),
            ' ' if depth == 0 && inside[at..].starts_with(" as ") => return (&inside[..at], Some(&inside[at + 4..])),
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = character;
    }
    (inside, None)
}

/// The first name of a path that has at least two.
fn krate_of(path: &str) -> Option<&str> {
    let (krate, _) = path.split_once("::")?;
    (!krate.is_empty() && krate.chars().all(|letter| letter == '_' || letter.is_alphanumeric())).then_some(krate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_readable_name_tells_a_crate() {
        for (name, krate, guessed) in [
            ("serde_json::read::error", "serde_json", false),
            ("core::ptr::drop_in_place<serde_json::error::Error>", "core", false),
            ("serde_core::de::impls::<impl serde_core::de::Deserialize for u32>::deserialize", "serde_core", false),
            ("<serde_json::error::Error as serde_core::de::Error>::custom", "serde_json", false),
            ("<&mut serde_json::de::Deserializer<R> as serde_core::de::Deserializer>::f", "serde_json", false),
            ("<gimli::read::abbrev::Attributes>::push", "gimli", false),
            ("<dyn serde_core::de::Expected as core::fmt::Display>::fmt", "serde_core", false),
            ("<<a::F<fn() -> u8> as b::G>::go::{closure#0} as core::ops::FnOnce<()>>::call_once", "a", false),
            ("<T as serde_core::de::Expected>::fmt", "serde_core", true),
            ("<&T as core::fmt::Display>::fmt", "core", true),
            ("<[(a::B, C)] as d::E>::f", "d", true),
            ("<core::marker::PhantomData<T> as serde_core::de::DeserializeSeed>::deserialize", "serde_core", true),
            ("<[u8]>::to_vec", "core", true),
        ] {
            let (path, is_guessed) = home(name);
            assert_eq!((krate_of(path), is_guessed), (Some(krate), guessed), "{name}");
        }
    }

    #[test]
    fn a_symbol_tells_a_name_and_a_crate() {
        for (symbol, readable, krate) in [
            ("_ZN10serde_json5error10make_error17h6a463655f476203aE", "serde_json::error::make_error", "serde_json"),
            ("_RNvCsgY6Mt91CT9J_14rustc_demangle8demangle", "rustc_demangle::demangle", "rustc_demangle"),
            (
                "__RNvXs0_NtNtCs1_4core3str7patternReNtB5_7Pattern5is_in",
                "<&str as core::str::pattern::Pattern>::is_in",
                "core",
            ),
            ("_RNvCs4X4t9plMPHF_7___rustc12___rust_alloc", "__rustc::__rust_alloc", "std"),
            ("_start", "_start", OTHER),
            ("_Render", "_Render", OTHER),
            ("core::fmt::write::h0123456789abcdef", "core::fmt::write", "core"),
            (
                "_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..fmt..Debug$GT$::fmt::h0123456789abcdef",
                "<alloc::vec::Vec<T> as core::fmt::Debug>::fmt",
                "alloc",
            ),
            ("serde_json[846817f741e54dfd]::read::error", "serde_json::read::error", "serde_json"),
            ("std::vector<int>::push_back", "std::vector<int>::push_back", OTHER),
            ("f[2]::g", "f[2]::g", OTHER),
        ] {
            assert_eq!(name(symbol), (readable.to_owned(), krate.to_owned(), false));
        }
    }

    #[test]
    fn a_function_is_in_a_module_and_may_be_a_copy_of_a_generic_one() {
        for (name, module, generic) in [
            ("serde_json::read::error", "serde_json::read", "serde_json::read::error"),
            ("core::ptr::drop_in_place::<a::B<u8>>", "core::ptr", "core::ptr::drop_in_place::<_>"),
            ("core::ptr::drop_in_place<a::B<u8>>", "core::ptr", "core::ptr::drop_in_place::<_>"),
            ("<alloc::vec::Vec<u8>>::push", "alloc::vec", "<alloc::vec::Vec<_>>::push"),
            ("<a::b::C<R> as d::E<fn(u8) -> u8>>::f", "a::b", "<a::b::C<_> as d::E<_>>::f"),
            ("a::f::{closure#0}", "a", "a::f::{closure#0}"),
            ("main", "main", "main"),
        ] {
            let function =
                Function { name: name.to_owned(), krate: String::new(), guessed: false, address: 0, bytes: 1 };
            assert_eq!((function.module(), function.generic().as_str()), (module, generic), "{name}");
        }
    }

    #[test]
    fn symbols_that_overlap_count_no_byte_twice() {
        let mut symbols = vec![(150, 100, "d"), (90, 20, "a"), (110, 30, "c"), (110, 30, "b"), (120, 50, "e")];
        let functions = attribute(90, 100, symbols.clone(), &Natives::default());
        let pairs: Vec<_> = functions.iter().map(|function| (function.name.as_str(), function.bytes)).collect();
        assert_eq!(pairs, [("a", 20), ("b", 30), ("e", 30), ("d", 20)]);
        assert_eq!(functions.iter().map(|function| function.address).collect::<Vec<_>>(), [90, 110, 140, 170]);
        symbols::until_next(&mut symbols, &[], 200);
        assert_eq!(symbols.iter().map(|symbol| symbol.1).collect::<Vec<_>>(), [50, 30, 10, 10, 20]);
        // A function without a name, at 125 and 170, ends the one before it.
        symbols::until_next(&mut symbols, &[90, 110, 125, 170], 200);
        assert_eq!(symbols.iter().map(|symbol| symbol.1).collect::<Vec<_>>(), [20, 5, 10, 10, 20]);
    }

    #[test]
    fn this_test_program_is_attributed_to_the_byte() {
        let path = std::env::current_exe().unwrap();
        // The symbols of a program for Windows may be in a file of their own.
        let Some(code) = read(&path).unwrap() else { return assert_eq!(std::env::consts::OS, "windows") };
        let crates = code.crates();
        assert_eq!(crates.iter().map(|krate| krate.1).sum::<u64>(), code.text_bytes);
        let bytes_of = |prefixes: &[&str]| code.bytes_of(&prefixes.iter().map(|&name| name.into()).collect::<Vec<_>>());
        for name in ["core", "weigh"] {
            assert_eq!(Some(&(name.to_owned(), bytes_of(&[name]))), crates.iter().find(|krate| krate.0 == name));
        }
        let module = bytes_of(&["weigh::measure::crates"]);
        assert!((1..bytes_of(&["weigh"])).contains(&module), "{module}");
        assert_eq!(bytes_of(&["weigh", "weigh::measure", "weigh::measure::crates"]), bytes_of(&["weigh"]));
        assert_eq!(bytes_of(&["weigh::meas", "weig"]), 0, "not whole names");
    }
}
