//! What isn't TOML in a manifest, in the terms of profiles where it is about one, and what to write instead.

use super::line;
use crate::diagnostic::{Code, Diagnostic};
use crate::learner_manifest::{Manifest, known};
use base::diagnostic::Source;
use std::ops::Range;
use toml::de::{DeTable, DeValue, Error};

/// What the parser of TOML found, in the terms of profiles where it is about one.
pub(super) fn problems(manifest: &Manifest, root: &DeTable<'_>, errors: &[Error]) -> Vec<Diagnostic> {
    let source = &manifest.source;
    let text = &*source.text;
    let mut found: Vec<Diagnostic> = Vec::new();
    // No one reads more, and looking up a line takes time in proportion to the file.
    for error in errors.iter().take(100) {
        let span = error.span().unwrap_or(0..0);
        let (message, rest) = error.message().split_once('\n').unwrap_or((error.message(), ""));
        let start = text[..span.start.min(text.len())].rfind('\n').map_or(0, |newline| newline + 1);
        let written = text[start..].lines().next().unwrap_or_default();
        let problem = match unquoted(written) {
            _ if message == "duplicate key" => duplicate(source, root, span),
            Some((key, word)) if message.starts_with("string values must be quoted") => {
                let is_quoted = written.contains(TYPOGRAPHIC);
                let how = if is_quoted { "in quotes that TOML doesn't accept" } else { "without quotes" };
                let label = if is_quoted { "TOML accepts straight quotes only" } else { "text needs quotes" };
                Diagnostic::new(Code::WrongType, format!("the value of `{key}` is text {how}"))
                    .at(source, span, label)
                    .help(format!("write `{key} = \"{word}\"`"))
                    .explains([key])
            }
            Some((key, word)) if !matches!(word, "true" | "false") && is_switch(word) => {
                Diagnostic::new(Code::WrongType, format!("`{word}` isn't a TOML value"))
                    .at(source, span, "true and false are lowercase")
                    .help(format!("write `{key} = {}`", word.to_lowercase()))
                    .explains([key])
            }
            _ => Diagnostic::new(Code::ManifestSyntax, format!("this isn't valid TOML: {message}"))
                .at(source, span, rest.replace('\n', "; "))
                .help(advice(written)),
        };
        // One slip of the pen often makes several errors on its line; the first one says it.
        if !found.iter().any(|other| line(other) == line(&problem)) {
            found.push(problem.refused());
        }
    }
    found
}

fn is_switch(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "true" | "false")
}

/// Quotes that TOML doesn't know, as word processors and web pages have them.
const TYPOGRAPHIC: [char; 11] = ['“', '”', '„', '‟', '‘', '’', '‚', '«', '»', '`', '´'];

/// A word without quotes as the value of a key of a profile: key and word.
fn unquoted(written: &str) -> Option<(&str, &str)> {
    let (key, value) = written.split_once('=')?;
    let key = key.trim().rsplit('.').next()?;
    let word = value.split('#').next()?.trim().trim_end_matches([',', ';']).trim();
    let word = word.trim_matches(TYPOGRAPHIC).trim_matches('\'');
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '-');
    (known::is_key(key) && is_word).then_some((key, word))
}

fn advice(written: &str) -> String {
    let setting = written.split([':', ' ', '=']).next().unwrap_or_default();
    if let Some(line) = mended(written) {
        return line;
    }
    if written.trim_start().starts_with('[') && written.contains('*') {
        "in a table's name, a * needs quotes: [profile.release.package.\"*\"]".to_owned()
    } else if written.trim_start().starts_with('[') {
        "a table header is a name in brackets, on a line of its own, such as [profile.release]".to_owned()
    } else if known::is_key(setting) {
        format!("write each setting on its own line, as `{setting} = value`")
    } else {
        "a line is a [table], a `key = value` or a # comment".to_owned()
    }
}

/// What to write in place of a line with a usual slip in its value.
fn mended(written: &str) -> Option<String> {
    let (key, value) = written.split_once('=')?;
    let (key, value) = (key.trim(), value.split('#').next()?.trim());
    let bare = value.trim_end_matches([',', ';']).trim_end();
    let is_one_line = !key.is_empty() && !key.starts_with('[') && !value.contains(['[', '{']);
    if !is_one_line || bare.is_empty() {
        return None;
    }
    if bare.starts_with(TYPOGRAPHIC) || bare.ends_with(TYPOGRAPHIC) {
        let text = bare.trim_matches(|sign: char| TYPOGRAPHIC.contains(&sign) || matches!(sign, '"' | '\''));
        return Some(format!("TOML accepts straight quotes only: write `{key} = \"{text}\"`"));
    }
    let quotes = |quote: char| bare.matches(quote).count();
    if quotes('"') + quotes('\'') == 1 {
        let text = bare.trim_matches(['"', '\'']).trim_end_matches([',', ';']);
        return Some(format!("put a quote on each side of the text: write `{key} = \"{text}\"`"));
    }
    if bare.starts_with('"') != bare.ends_with('"') && bare.starts_with(['"', '\'']) && bare.ends_with(['"', '\'']) {
        let text = bare.trim_matches(['"', '\'']);
        return Some(format!(
            "end the text with the same kind of quote that it starts with: write `{key} = \"{text}\"`"
        ));
    }
    (bare != value)
        .then(|| format!("a line ends with its value, without a comma or a semicolon: write `{key} = {bare}`"))
}

fn duplicate(source: &Source, root: &DeTable<'_>, span: Range<usize>) -> Diagnostic {
    let text = &*source.text;
    let key = text.get(span.clone()).unwrap_or_default().trim_matches(['"', '\'']).to_owned();
    let start = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
    let header = text[start..].lines().next().unwrap_or_default().trim();
    let problem = if header.starts_with('[') {
        let problem = Diagnostic::new(Code::DuplicateKey, format!("the table {header} is defined twice"));
        let problem = problem
            .at(source, span.clone(), "again here")
            .help("keep only one of these lines, and put all the settings below it");
        // The parser forgets where a table began first.
        match text[..start].find(&format!("{header}\n")) {
            Some(first) => problem.and_at(first..first + header.len(), "first here"),
            None => problem,
        }
    } else {
        let problem = Diagnostic::new(Code::DuplicateKey, format!("`{key}` is set twice in the same table"));
        let problem = problem.at(source, span.clone(), "again here").help("keep one of the two lines");
        match first_place(root, &key, span.start) {
            Some(first) => problem.and_at(first, "first here"),
            None => problem,
        }
    };
    problem.explains([key.as_str()])
}

/// The last place before an offset where a key has this name.
fn first_place(table: &DeTable<'_>, name: &str, before: usize) -> Option<Range<usize>> {
    let mut best: Option<Range<usize>> = None;
    for (key, value) in table {
        let own = (key.get_ref() == name).then(|| key.span());
        let inner = match value.get_ref() {
            DeValue::Table(table) => first_place(table, name, before),
            _ => None,
        };
        for place in own.into_iter().chain(inner).filter(|place| place.end <= before) {
            if best.as_ref().is_none_or(|best| best.start < place.start) {
                best = Some(place);
            }
        }
    }
    best
}
