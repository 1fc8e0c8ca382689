//! What a learner's sources pass to the linker, beyond what the course's own do: libraries by path, options, and functions with
//! names from the standard library. No goal can tell what that leads to, so a person looks at it.
//!
//! The sources are read as tokens, before any macro. So wherever one of the file's own macros could assemble an attribute, the
//! bare word is enough.

use crate::exercise::Exercise;
use crate::tokens::{self, Language};
use std::collections::BTreeSet;
use std::path::{Component, Path};

/// Files that learners edit: path and content.
type Files = [(String, Vec<u8>)];

/// How many findings are reported for one file.
const MOST: usize = 8;
/// Tokens in which the item of an attribute must be.
const FAR: usize = 200;
/// How many characters of a name are shown. The name is its author's choice.
const LONGEST: usize = 60;

/// Names of functions that belong to Rust, to its standard library, or to what unwinds the stack.
const NOT_THEIRS: [&str; 5] = ["_Unwind_", "rust_", "__rust", "_R", "_ZN"];

/// A sentence for each file that passes something to the linker, or includes a file, in a way that none of the
/// `course`'s own files does.
pub(super) fn unusual(exercise: &Exercise, files: &Files, course: &[&Files]) -> Vec<String> {
    let own: BTreeSet<&str> = exercise.edits().chain(exercise.data.pristine.keys().map(String::as_str)).collect();
    let all = |files: &Files| {
        let has_macros = files.iter().any(has_macros);
        files.iter().map(|file| found(file, &own, has_macros)).collect::<Vec<_>>()
    };
    let known: BTreeSet<String> = course.iter().flat_map(|files| all(files)).flatten().collect();
    let tell = |(file, found): (&(String, Vec<u8>), Vec<String>)| {
        let mut new: Vec<String> = found.into_iter().filter(|what| !known.contains(what)).collect();
        let more = new.len().saturating_sub(MOST);
        new.truncate(MOST);
        new.extend((more > 0).then(|| format!("{more} more")));
        let path = &file.0;
        (!new.is_empty()).then(|| {
            format!("{path} has {}: the starter and the solution don't; find out what it is for", new.join(", "))
        })
    };
    files.iter().zip(all(files)).filter_map(tell).collect()
}

/// Whether a file defines macros, which can assemble anything from words elsewhere.
fn has_macros((path, content): &(String, Vec<u8>)) -> bool {
    path.ends_with(".rs") && words(&String::from_utf8_lossy(content)).contains(&"macro_rules")
}

fn words(text: &str) -> Vec<&str> {
    tokens::lex(Language::Rust, text).tokens.iter().map(|token| plain(&text[token.start..token.end])).collect()
}

/// What one file has, each once, in the order of the file.
fn found((path, content): &(String, Vec<u8>), own: &BTreeSet<&str>, has_macros: bool) -> Vec<String> {
    if !path.ends_with(".rs") {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(content);
    let source = Source { path, own, has_macros, words: words(&text) };
    let mut known = BTreeSet::new();
    (0..source.words.len()).filter_map(|at| source.finding(at)).filter(|what| known.insert(what.clone())).collect()
}

/// `r#link` is `link`.
fn plain(word: &str) -> &str {
    word.strip_prefix("r#").filter(|rest| !rest.starts_with(['"', '#'])).unwrap_or(word)
}

struct Source<'a> {
    path: &'a str,
    own: &'a BTreeSet<&'a str>,
    has_macros: bool,
    words: Vec<&'a str>,
}

impl Source<'_> {
    fn word(&self, at: usize) -> &str {
        self.words.get(at).copied().unwrap_or_default()
    }

    /// Whether an attribute can be at a place: after `#[`, `unsafe(`, or the comma of `cfg_attr`. Where there are macros, it
    /// can be anywhere.
    fn is_attribute(&self, at: usize) -> bool {
        let before = at.checked_sub(1).map(|at| self.word(at)).unwrap_or_default();
        self.has_macros || matches!(before, "[" | "(" | ",")
    }

    /// What to report about the word at a place.
    fn finding(&self, at: usize) -> Option<String> {
        let word = self.word(at);
        match word {
            "link" => self.link(at),
            "link_args" | "link_ordinal" | "linkage" => {
                self.is_attribute(at).then(|| format!("the attribute `{word}`"))
            }
            "no_mangle" => self.no_mangle(at),
            "export_name" => self.export_name(at),
            "asm" | "global_asm" | "naked_asm" => Some(format!("assembly by `{word}!`")),
            "include" | "include_str" | "include_bytes" if self.word(at + 1) == "!" => {
                self.include(word, self.word(at + 3), self.is_closed(at + 4))
            }
            "include" | "include_str" | "include_bytes" if self.has_macros || matches!(self.word(at + 1), "as") => {
                Some(format!("`{word}!` by another name"))
            }
            "path" if self.word(at + 1) == "=" && self.is_attribute(at) => {
                let is_whole = matches!(self.word(at + 3), "]" | ")" | "}" | ",");
                self.include(word, self.word(at + 2), is_whole)
            }
            _ => (self.has_macros && is_not_theirs(word)).then(|| format!("the name {} beside a macro", shown(word))),
        }
    }

    /// Whether a macro's arguments end at a place, at most after a comma.
    fn is_closed(&self, at: usize) -> bool {
        let at = if self.word(at) == "," { at + 1 } else { at };
        matches!(self.word(at), ")" | "]" | "}")
    }

    /// `link` with anything but a plain name, and a kind that is a shared library's.
    fn link(&self, at: usize) -> Option<String> {
        if self.has_macros {
            return Some("the word `link` beside a macro".to_owned());
        }
        // A function with this name is called with something else.
        if !matches!(self.word(at + 1), "(" | "[" | "{") || self.word(at + 3) != "=" {
            return None;
        }
        let (mut next, mut name) = (at + 2, None);
        loop {
            let (key, sign, value) = (self.word(next), self.word(next + 1), self.word(next + 2));
            match literal(value) {
                Some(value) if key == "name" && sign == "=" && is_plain(value) => name = Some(value),
                Some("dylib") if key == "kind" && sign == "=" => {}
                _ => {
                    let end = self.words[next..].iter().take(LONGEST).position(|word| matches!(*word, ")" | "]" | "}"));
                    let end = next + end.unwrap_or(0).max(usize::from(next < self.words.len()));
                    return Some(format!("`link` with {}", shown(&self.words[next..end].join(" "))));
                }
            }
            next += 3;
            if self.is_closed(next) {
                return name.is_none().then(|| "`link` without a name".to_owned());
            }
            if self.word(next) != "," {
                return Some("`link` with more than a name".to_owned());
            }
            next += 1;
        }
    }

    /// `no_mangle` on something whose name the file may not define, or that can't be seen.
    fn no_mangle(&self, at: usize) -> Option<String> {
        if !self.is_attribute(at) {
            return None;
        }
        // Anything farther away isn't found, so it is reported.
        let rest = &self.words[at..self.words.len().min(at + FAR)];
        let mut item =
            rest.iter().position(|word| matches!(*word, "fn" | "static")).map_or(rest.len(), |item| item + 1);
        item += usize::from(rest.get(item) == Some(&"mut"));
        let name = rest.get(item).copied().unwrap_or_default();
        is_doubtful(name).then(|| format!("`no_mangle` for {}", shown(name)))
    }

    fn export_name(&self, at: usize) -> Option<String> {
        if !self.is_attribute(at) {
            return None;
        }
        let value = self.word(at + 2);
        let is_whole = self.word(at + 1) == "=" && matches!(self.word(at + 3), "]" | ")" | "}" | ",");
        let name = literal(value).filter(|_| is_whole);
        name.is_none_or(is_doubtful).then(|| format!("`export_name` for {}", shown(name.unwrap_or(value))))
    }

    /// Something that includes a file: a file of the exercise is as good as its content.
    fn include(&self, word: &str, value: &str, is_whole: bool) -> Option<String> {
        let file = literal(value).filter(|_| is_whole).and_then(|value| beside(self.path, value));
        // What is read as Rust is checked here only if its name is a Rust file's.
        let is_read = |file: &str| file.ends_with(".rs") || matches!(word, "include_str" | "include_bytes");
        let is_own = file.is_some_and(|file| self.own.contains(file.as_str()) && is_read(&file));
        (!is_own).then(|| format!("`{word}` of {}", shown(value)))
    }
}

/// A file's path from the exercise's folder, if it is inside.
fn beside(source: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = source.split('/').collect();
    parts.pop();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                parts.pop()?;
            }
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

/// The text of a literal without escapes.
fn literal(word: &str) -> Option<&str> {
    let text = match word.strip_prefix('r') {
        Some(raw) => raw.trim_matches('#').strip_prefix('"')?.strip_suffix('"')?,
        None => word.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))?,
    };
    Some(text)
}

/// Whether a library's name is only a name: no path, no `:file`, no option.
fn is_plain(name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_+-".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(is_name)
}

/// Whether the name of a function may be one that belongs to Rust, or can't be read here.
fn is_doubtful(name: &str) -> bool {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    !is_name || is_not_theirs(name)
}

fn is_not_theirs(name: &str) -> bool {
    NOT_THEIRS.iter().any(|start| name.starts_with(start))
}

/// Text that can't affect the page that shows it.
fn shown(text: &str) -> String {
    let safe: String = text.chars().take(LONGEST).flat_map(char::escape_default).collect();
    let more = if text.chars().count() > LONGEST { "…" } else { "" };
    format!("`{safe}{more}`")
}

#[cfg(test)]
mod tests;
