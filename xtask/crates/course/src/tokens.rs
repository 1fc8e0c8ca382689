//! Files as sequences of tokens, without what is changed first when work is passed on: names, comments, spaces, and layout.
//! Every token has its place as well, for whom the text matters. The lexers read anything, even damaged and hostile files: each
//! reads every byte once.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// How a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// By tokens; all names are one, as are all numbers and all strings.
    Rust,
    /// By settings: a key and its value. Long text is read by words.
    Toml,
    /// By words.
    Words,
}

impl Language {
    /// By the ending of the file's name.
    pub fn of(path: &str) -> Self {
        match path.rsplit('.').next() {
            Some("rs") => Self::Rust,
            Some("toml") => Self::Toml,
            _ => Self::Words,
        }
    }
}

/// A word, a literal or a symbol of a file: what it is, and where, without its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Token {
    /// What it is: equal for equal tokens.
    pub kind: u64,
    /// Its first byte in the text.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// How many units it counts.
    pub units: u8,
    /// How many tokens in a row are compared at once.
    pub gram: u8,
}

/// What a file contains.
#[derive(Debug, Default)]
pub struct Lexed {
    /// Its tokens, in order.
    pub tokens: Vec<Token>,
    /// The words of its comments, in lowercase.
    pub remarks: Vec<String>,
}

/// Reads the whole text, whatever it contains.
pub fn lex(language: Language, text: &str) -> Lexed {
    let mut lexer = Lexer { text, at: 0, lexed: Lexed::default() };
    match language {
        Language::Rust => lexer.rust(),
        Language::Toml => lexer.toml(),
        Language::Words => lexer.words_of_lines(),
    }
    lexer.lexed
}

fn hash(kind: &str, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, text).hash(&mut hasher);
    hasher.finish()
}

const KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "dyn", "else", "enum", "extern", "false", "fn", "for", "if",
    "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self", "static",
    "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];

/// The fewest words in a text that is read word by word.
const LONG: usize = 4;

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    lexed: Lexed,
}

impl Lexer<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// Advances while it matches.
    fn skip(&mut self, fits: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !fits(c)).unwrap_or(rest.len());
    }

    /// Advances past a text, or to the end.
    fn behind(&mut self, text: &str) {
        let rest = self.rest();
        self.at += rest.find(text).map_or(rest.len(), |at| at + text.len());
    }

    /// Advances past the quote that ends a string whose quotes may be escaped.
    fn behind_quote(&mut self, quote: char) {
        let mut is_escaped = false;
        for (at, c) in self.rest().char_indices() {
            if is_escaped {
                is_escaped = false;
            } else if c == '\\' {
                is_escaped = true;
            } else if c == quote {
                self.at += at + 1;
                return;
            }
        }
        self.at = self.text.len();
    }

    fn push(&mut self, start: usize, kind: u64, units: u8, gram: u8) {
        self.lexed.tokens.push(Token { kind, start, end: self.at, units, gram });
    }

    fn remark(&mut self, start: usize) {
        let words = self.text[start..self.at].split(|c: char| !c.is_alphanumeric()).filter(|word| word.len() > 1);
        self.lexed.remarks.extend(words.map(str::to_lowercase));
    }

    fn rust(&mut self) {
        const GRAM: u8 = 12;
        self.line_for_the_shell();
        while let Some(c) = self.peek() {
            let start = self.at;
            let rest = self.rest();
            if c.is_whitespace() {
                self.skip(char::is_whitespace);
            } else if rest.starts_with("//") {
                self.skip(|c| c != '\n');
                self.remark(start);
            } else if rest.starts_with("/*") {
                self.block_comment();
                self.remark(start);
            } else if let Some(hashes) = raw_string(rest) {
                self.at += rest.find('"').unwrap_or_default() + 1;
                self.behind(&format!("\"{}", "#".repeat(hashes)));
                self.push(start, hash("literal", "string"), 1, GRAM);
            } else if c == '"' || ["b\"", "c\""].iter().any(|open| rest.starts_with(open)) {
                self.behind("\"");
                self.behind_quote('"');
                self.push(start, hash("literal", "string"), 1, GRAM);
            } else if c == '\'' {
                self.quote(start);
            } else if c.is_ascii_digit() {
                self.number();
                self.push(start, hash("literal", "number"), 1, GRAM);
            } else if c == '_' || c.is_alphabetic() {
                if rest.starts_with("r#") {
                    self.at += 2;
                }
                self.skip(|c| c == '_' || c.is_alphanumeric());
                let word = &self.text[start..self.at];
                let kind = if KEYWORDS.contains(&word) { hash("keyword", word) } else { hash("name", "") };
                self.push(start, kind, 1, GRAM);
            } else {
                self.at += c.len_utf8();
                let kind = hash("sign", &self.text[start..self.at]);
                self.push(start, kind, 1, GRAM);
            }
        }
    }

    /// Advances past a first line such as `#!/usr/bin/env …`, which rustc leaves out. Comments may be between `#!` and the `[`
    /// of an attribute.
    fn line_for_the_shell(&mut self) {
        let start = if self.rest().starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        if !self.text[start..].starts_with("#!") {
            return;
        }
        self.at = start + 2;
        let is_attribute = loop {
            self.skip(char::is_whitespace);
            let rest = self.rest();
            let is_documentation = rest.starts_with("/**")
                && !["/***", "/**/"].iter().any(|open| rest.starts_with(open))
                || rest.starts_with("/*!");
            if rest.starts_with("//") {
                self.skip(|c| c != '\n');
            } else if rest.starts_with("/*") && !is_documentation {
                self.block_comment();
            } else {
                break rest.starts_with('[');
            }
        };
        self.at = start;
        if !is_attribute {
            self.skip(|c| c != '\n');
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let Some(at) = rest.find(['/', '*']) else {
                self.at = self.text.len();
                return;
            };
            let here = &rest[at..];
            let step = if here.starts_with("/*") {
                depth += 1;
                2
            } else if here.starts_with("*/") {
                depth = depth.saturating_sub(1);
                2
            } else {
                1
            };
            self.at += at + step;
            if depth == 0 {
                return;
            }
        }
    }

    /// A character or a lifetime.
    fn quote(&mut self, start: usize) {
        self.at += 1;
        let mut next = self.rest().chars();
        match (next.next(), next.next()) {
            (Some('\\'), _) => {
                self.behind_quote('\'');
                self.push(start, hash("literal", "character"), 1, 12);
            }
            (Some(c), Some('\'')) => {
                self.at += c.len_utf8() + 1;
                self.push(start, hash("literal", "character"), 1, 12);
            }
            _ => {
                self.skip(|c| c == '_' || c.is_alphanumeric());
                self.push(start, hash("lifetime", ""), 1, 12);
            }
        }
    }

    fn number(&mut self) {
        self.skip(|c| c == '_' || c.is_alphanumeric());
        // `1.5`, but not `1..5` or `1.max(2)`.
        let mut next = self.rest().chars();
        if next.next() == Some('.') && next.next().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
            self.skip(|c| c == '_' || c.is_alphanumeric());
        }
    }

    /// Each setting is one token. A text with several words is a token for each word.
    fn toml(&mut self) {
        while self.at < self.text.len() {
            self.setting();
        }
    }

    fn setting(&mut self) {
        let start = self.at;
        let (mut depth, mut shown, mut end) = (0_usize, String::new(), start);
        let mut long: Vec<(usize, usize)> = Vec::new();
        while let Some(c) = self.peek() {
            let from = self.at;
            match c {
                '#' => {
                    self.skip(|c| c != '\n');
                    self.remark(from);
                    continue;
                }
                '\n' if depth == 0 => {
                    self.at += 1;
                    break;
                }
                '"' | '\'' => {
                    let triple = if c == '"' { "\"\"\"" } else { "'''" };
                    if self.rest().starts_with(triple) {
                        self.at += 3;
                        self.behind(triple);
                    } else {
                        self.at += 1;
                        self.string_of_line(c);
                    }
                    let text = &self.text[from..self.at];
                    if words(text).count() >= LONG {
                        long.push((from, self.at));
                    }
                    // Both kinds of quotes mean the same.
                    shown.push('"');
                    shown.push_str(text.trim_matches(c));
                    shown.push('"');
                }
                _ => {
                    depth = match c {
                        '[' | '{' => depth + 1,
                        ']' | '}' => depth.saturating_sub(1),
                        _ => depth,
                    };
                    self.at += c.len_utf8();
                    if c.is_whitespace() {
                        continue;
                    }
                    shown.push(c);
                }
            }
            end = self.at;
        }
        if shown.is_empty() {
            return;
        }
        let after = self.at;
        if long.is_empty() {
            self.at = end;
            let first = start + (self.text[start..end].len() - self.text[start..end].trim_start().len());
            self.push(first, hash("setting", &shown), 10, 1);
        }
        for (from, to) in long {
            self.words_within(from, to);
        }
        self.at = after;
    }

    /// A string that ends on its line; a string that doesn't is damaged, and ends with the line.
    fn string_of_line(&mut self, quote: char) {
        let mut is_escaped = false;
        for (at, c) in self.rest().char_indices() {
            match c {
                '\n' => {
                    self.at += at;
                    return;
                }
                _ if is_escaped => is_escaped = false,
                '\\' if quote == '"' => is_escaped = true,
                _ if c == quote => {
                    self.at += at + 1;
                    return;
                }
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    fn words_within(&mut self, from: usize, to: usize) {
        let text = self.text;
        for (at, word) in words(&text[from..to]) {
            self.at = from + at + word.len();
            let kind = hash("word", &word.to_lowercase());
            self.push(from + at, kind, 3, 4);
        }
    }

    /// A Containerfile and the like: a line that begins with `#` is a comment.
    fn words_of_lines(&mut self) {
        while self.at < self.text.len() {
            let start = self.at;
            self.skip(|c| c != '\n');
            let end = self.at;
            if self.text[start..end].trim_start().starts_with('#') {
                self.remark(start);
            } else {
                self.words_within(start, end);
            }
            self.at = (end + 1).min(self.text.len());
        }
    }
}

/// How many `#` a raw string begins with; none if it isn't a raw string.
fn raw_string(rest: &str) -> Option<usize> {
    let after = ["br", "cr", "r"].iter().find_map(|open| rest.strip_prefix(open))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// The words of a text, each with its place.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    parts.map(move |word| (word.as_ptr() as usize - text.as_ptr() as usize, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(language: Language, text: &str) -> Vec<u64> {
        lex(language, text).tokens.iter().map(|token| token.kind).collect()
    }

    #[test]
    fn names_literals_comments_and_layout_make_no_difference() {
        let one = "fn main() { let count = 1.5; // sum\n print(\"a\", 'b', r#\"\"c\"\"#, b'\\'', &'a str); }";
        let other = "fn  start () {\n/* x /* y */ z */ let n=7;\nshow(\"\\\"\",'\\n',\"x\",b'x', & 'long str ) ; }";
        assert_eq!(kinds(Language::Rust, one), kinds(Language::Rust, other));
        assert_ne!(kinds(Language::Rust, "let mut a = b;"), kinds(Language::Rust, "let a = b;"));
        assert_ne!(kinds(Language::Rust, "1..5"), kinds(Language::Rust, "1.5"));
        assert_eq!(lex(Language::Rust, "// Sum it up\nx").remarks, ["sum", "it", "up"]);
    }

    #[test]
    fn a_line_for_the_shell_is_left_out_and_an_attribute_is_not() {
        let names = |text: &str| lex(Language::Rust, text).tokens.len();
        assert_eq!(names("#!/bin/sh \" /*\nlet a"), 2);
        assert_eq!(names("\u{feff}#! \"\nlet a"), 2);
        assert_eq!(names("#!/** x */ [ \"\nlet a"), 2);
        assert_eq!(names("#! /* \n */ // x\n [a]"), 5);
        assert_eq!(names(" #!\"\""), 3);
    }

    #[test]
    fn settings_are_keys_with_their_values() {
        let one = "[profile.release]\nlto=true # all of it\npanic = 'abort'\n";
        let other = "[ profile.release ]\n\n  lto = true\n  panic = \"abort\"";
        assert_eq!(kinds(Language::Toml, one), kinds(Language::Toml, other));
        assert_eq!(kinds(Language::Toml, one).len(), 3);
        assert_eq!(kinds(Language::Toml, "a = [\n 1, # one\n 2,\n]\nb = 2").len(), 2);
        let answer = "why = \"Because LTO drops unused code\"\ncrate = \"serde\"\n";
        let lexed = lex(Language::Toml, answer);
        assert_eq!(lexed.tokens.iter().filter(|token| token.units == 3).count(), 5);
        let first = lexed.tokens[0];
        assert_eq!(&answer[first.start..first.end], "Because");
    }

    #[test]
    fn places_are_those_of_the_text() {
        for (language, text) in [
            (Language::Rust, "fn é() { 'x' } /* é */ \"ü\""),
            (Language::Toml, "é = 1\n  [a]\nb = '''é\nü x y z'''\n"),
            (Language::Words, "# no\nRUN cargo build --release\n\nCOPY é ü\n"),
        ] {
            let tokens = lex(language, text).tokens;
            assert!(!tokens.is_empty());
            for pair in tokens.windows(2) {
                assert!(pair[0].start < pair[0].end && pair[0].end <= pair[1].start, "{language:?} {pair:?}");
            }
            for token in tokens {
                assert!(!text[token.start..token.end].trim().is_empty());
            }
        }
    }

    #[test]
    fn damaged_and_hostile_files_are_read_to_their_end() {
        for text in [
            "\"",
            "r##\"",
            "/* /* */",
            "'",
            "'\\",
            "b'",
            "[",
            "a = \"\"\"",
            "a = '",
            "\\",
            "\u{0}",
            "é'é",
            "r#",
            "0.",
            "🙂",
        ] {
            for language in [Language::Rust, Language::Toml, Language::Words] {
                lex(language, text);
                lex(language, &text.repeat(1000));
            }
        }
        let before = std::time::Instant::now();
        for text in ["/*", "[", "\"", "'", "r#\"", "*/", "a"] {
            lex(Language::Rust, &text.repeat(300_000));
            lex(Language::Toml, &text.repeat(300_000));
        }
        assert!(before.elapsed().as_secs() < 20, "{:?}: no lexer is quadratic", before.elapsed());
    }
}
