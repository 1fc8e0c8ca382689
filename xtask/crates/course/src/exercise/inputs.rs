//! Inputs for a program under test, made from a seed. So no output can be stored beforehand, and the same seed makes
//! the same inputs everywhere.

mod shapes;

use base::proc::{In, Out};
use serde::Deserialize;
pub use shapes::Interface;

/// An input as exercise.toml writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fixed {
    /// The arguments.
    pub args: Vec<String>,
    /// Standard input.
    pub stdin: String,
    /// How often `stdin`, which is one line then, is repeated; 0 where it is as it is.
    pub lines: usize,
}

/// The most lines that a fixed input may have: a megabyte of short ones.
pub const MOST_LINES: usize = 50_000;

/// What a program is run with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Input {
    /// The arguments. On Unix any bytes but zero can be in one.
    pub args: Vec<Vec<u8>>,
    /// Standard input.
    pub stdin: Stdin,
    /// Where standard output goes.
    pub stdout: Out,
    /// The name that the program is started under, if not its own.
    pub called: Option<Called>,
    /// It finds no environment variable, or as few as there can be.
    pub no_variables: bool,
}

/// Standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stdin {
    /// These bytes; nothing at all if there are none.
    Bytes(Vec<u8>),
    /// A repeated line, cut off after so many bytes: what `yes LINE | head -c BYTES` prints.
    Repeated(String, usize),
    /// These bytes, one for each read.
    Pieces(Vec<u8>),
    /// A folder: it exists, but can't be read.
    Unreadable,
}

impl Default for Stdin {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Stdin {
    /// The bytes that can be read.
    pub fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) | Self::Pieces(bytes) => bytes.clone(),
            Self::Repeated(line, bytes) => line.bytes().chain([b'\n']).cycle().take(*bytes).collect(),
            Self::Unreadable => Vec::new(),
        }
    }

    /// Where the process gets it from.
    pub fn source(&self) -> In {
        match self {
            Self::Bytes(_) | Self::Repeated(..) => In::Bytes,
            Self::Pieces(_) => In::Pieces,
            Self::Unreadable => In::Folder,
        }
    }
}

/// The name that a program is started under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    /// The name of its file.
    pub name: String,
    /// What `argv[0]` is, if not the path of the file.
    pub argv0: Option<String>,
}

impl Called {
    /// The file below the folder for such names. A name with its own folder is kept apart: that folder may have a
    /// program's name.
    pub fn file(&self) -> String {
        if self.name.contains('/') { format!("in/{}", self.name) } else { self.name.clone() }
    }
}

impl From<&Fixed> for Input {
    fn from(fixed: &Fixed) -> Self {
        Self {
            args: fixed.args.iter().map(|arg| arg.clone().into_bytes()).collect(),
            stdin: match fixed.lines {
                0 => Stdin::Bytes(fixed.stdin.clone().into_bytes()),
                lines => Stdin::Repeated(fixed.stdin.clone(), lines * (fixed.stdin.len() + 1)),
            },
            ..Self::default()
        }
    }
}

/// The placeholders of templates.
const PLACEHOLDERS: [&str; 5] = ["words", "word", "number", "small", "bool"];

/// Words in several scripts and cases, some of them several times as likely: what counts words must group them.
const WORDS: [&str; 16] = [
    "the", "the", "The", "cat", "cat", "CAT", "sat", "mat", "Straße", "éclair", "ÉCLAIR", "Ωmega", "ωmega", "naïve",
    "42", "x86-64",
];

/// A small random number generator, `SplitMix64`: its whole state is the seed, and its output is fixed for all time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn word(&mut self) -> &'static str {
        self.pick(&WORDS)
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap_or_default()
    }

    /// One of several, of which there must be at least one.
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.index(last + 1));
        }
    }
}

/// Makes inputs from templates, in which `{words}` stands for some words, `{word}` for one, `{number}` for a number
/// below 2^32, `{small}` for one up to 12 and `{bool}` for `true` or `false`.
pub fn make(args: &[&str], stdin: Option<&str>, cases: u32, seed: u64) -> Vec<Input> {
    let mut numbers = Numbers(seed);
    (0..cases)
        .map(|_| Input {
            args: args.iter().map(|template| fill(template, &mut numbers).into_bytes()).collect(),
            stdin: Stdin::Bytes(stdin.map(|template| fill(template, &mut numbers)).unwrap_or_default().into_bytes()),
            ..Input::default()
        })
        .collect()
}

/// A seed from any text.
pub fn seed(text: &str) -> u64 {
    let digest = hmac_sha256::Hash::hash(text.as_bytes());
    digest[..8].iter().fold(0, |seed, &byte| seed << 8 | u64::from(byte))
}

/// Looks for placeholders that don't exist.
///
/// # Errors
/// Names the first one.
pub fn check(template: &str) -> Result<(), String> {
    for (at, _) in template.match_indices('{') {
        let rest = &template[at + 1..];
        let name: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
        if rest[name.len()..].starts_with('}') && !PLACEHOLDERS.contains(&name.as_str()) {
            return Err(format!("there is no placeholder `{{{name}}}`; there are {}", PLACEHOLDERS.join(", ")));
        }
    }
    Ok(())
}

fn fill(template: &str, numbers: &mut Numbers) -> String {
    let mut filled = String::new();
    let mut rest = template;
    'text: while let Some(at) = rest.find('{') {
        filled.push_str(&rest[..at]);
        rest = &rest[at..];
        for name in PLACEHOLDERS {
            if let Some(after) = rest.strip_prefix('{').and_then(|rest| rest.strip_prefix(name)?.strip_prefix('}')) {
                match name {
                    "words" => {
                        let count = 5 + numbers.below(60);
                        let words: Vec<&str> = (0..count).map(|_| numbers.word()).collect();
                        filled.push_str(&words.join(" "));
                    }
                    "word" => filled.push_str(numbers.word()),
                    "small" => filled.push_str(&numbers.below(13).to_string()),
                    "number" => filled.push_str(&numbers.below(1 << 32).to_string()),
                    _ => filled.push_str(if numbers.below(2) == 0 { "true" } else { "false" }),
                }
                rest = after;
                continue 'text;
            }
        }
        // A brace of the text itself.
        filled.push('{');
        rest = &rest[1..];
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_inputs_for_all_time() {
        let made = make(&["{word}", "-n{number}"], Some("{\"on\": {bool}}"), 2, 7);
        assert_eq!(made, make(&["{word}", "-n{number}"], Some("{\"on\": {bool}}"), 2, 7));
        assert_ne!(made, make(&["{word}", "-n{number}"], Some("{\"on\": {bool}}"), 2, 8));
        assert_eq!(made[0].args, [b"mat".to_vec(), b"-n4097599004".to_vec()]);
    }

    #[test]
    fn a_line_is_repeated_whole() {
        let fixed = |lines| Fixed { stdin: "air 1".to_owned(), lines, ..Fixed::default() };
        assert_eq!(Input::from(&fixed(3)).stdin.bytes(), b"air 1\nair 1\nair 1\n");
        assert_eq!(Input::from(&fixed(0)).stdin.bytes(), b"air 1");
    }

    #[test]
    fn braces_of_the_text_stay_and_unknown_placeholders_are_named() {
        assert_eq!(make(&[], Some("{ \"a\": [{}] }"), 1, 1)[0].stdin.bytes(), b"{ \"a\": [{}] }");
        assert!(check("{ \"a\": {number} }").is_ok());
        assert_eq!(
            check("{nubmer}").unwrap_err(),
            "there is no placeholder `{nubmer}`; there are words, word, number, small, bool"
        );
    }
}
