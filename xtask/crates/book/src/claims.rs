//! Claims by others about binary size and what was found (`docs/claims.toml`): the tables of docs/src/claims.md, and a
//! search for workshop texts that repeat what was found to be untrue.

use super::facts::Facts;
use super::lint::{self, Finding};
use super::{beside, markers};
use crate::prose;
use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use regex_lite::Regex;
use serde::Deserialize;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    claim: Vec<Claim>,
}

/// A sentence of an article, and what was found.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Claim {
    /// Its name, for pages that report it.
    id: Spanned<String>,
    /// The table that it belongs to.
    group: String,
    of: Article,
    /// The claim in one sentence.
    says: String,
    verdict: Verdict,
    /// Figures and chapters, with expressions in braces.
    found: String,
    /// What no text may say.
    #[serde(default)]
    contradicts: Vec<Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Article {
    First,
    Second,
    Both,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Holds,
    InPart,
    DoesNotHold,
    NotTried,
}

impl Verdict {
    fn words(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::InPart => "holds in part",
            Self::DoesNotHold => "**doesn't hold**",
            Self::NotTried => "not tried here",
        }
    }
}

/// All claims, and the file that they are from.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    path: PathBuf,
    text: String,
    all: Vec<Claim>,
    /// What no text may say, for each claim. These patterns are tried on every paragraph of the book.
    contradicts: Vec<Vec<Regex>>,
}

/// Reads `docs/claims.toml`.
///
/// # Errors
/// When it is malformed, a name is given twice, or a pattern is invalid.
pub(crate) fn load(root: &Path) -> Result<Claims> {
    let path = root.join("docs/claims.toml");
    if !path.exists() {
        return Ok(Claims::default());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let File { claim: all } = toml::from_str(&text).map_err(|error| diagnostic::toml_error(&path, &text, &error))?;
    let mut contradicts = Vec::new();
    for (index, claim) in all.iter().enumerate() {
        if all[..index].iter().any(|other| other.id.as_ref() == claim.id.as_ref()) {
            let help = Some("every claim needs its own id");
            bail!(diagnostic::in_file(&path, &text, claim.id.span(), "this id is taken", "used above as well", help));
        }
        let mut patterns = Vec::new();
        for pattern in &claim.contradicts {
            match Regex::new(pattern.as_ref()) {
                Ok(compiled) => patterns.push(compiled),
                Err(error) => {
                    let message = format!("this isn't a regular expression: {error}");
                    bail!(diagnostic::in_file(&path, &text, pattern.span(), &message, "here", None));
                }
            }
        }
        contradicts.push(patterns);
    }
    Ok(Claims { path, text, all, contradicts })
}

impl Claims {
    /// The table of a group; `value` gives the text of an expression.
    ///
    /// # Errors
    /// When there is no such group, or an expression is wrong.
    pub(crate) fn table(&self, group: &str, value: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
        let mut text = "\n| claim | of | verdict | what was found |\n|---|---|---|---|\n".to_owned();
        let mut claims = self.all.iter().filter(|claim| claim.group == group).peekable();
        if claims.peek().is_none() {
            return Err(format!("no claim of docs/claims.toml is in the group `{group}`"));
        }
        for claim in claims {
            let of = match claim.of {
                Article::First => "1",
                Article::Second => "2",
                Article::Both => "1, 2",
            };
            let (says, found) = (filled(&claim.says, value)?, filled(&claim.found, value)?);
            let _ = writeln!(text, "| {says} | {of} | {} | {found} |", claim.verdict.words());
        }
        text.push('\n');
        Ok(text)
    }

    /// The groups without a table on any page.
    pub(crate) fn not_shown(&self, page: &str) -> Vec<String> {
        let mut groups: Vec<String> = self.all.iter().map(|claim| claim.group.clone()).collect();
        groups.dedup();
        groups.retain(|group| !page.contains(&format!("<!-- generated: claims {group} -->")));
        groups
    }

    /// Numbers in claims that are typed by hand, or contradicted by the text around them.
    pub(crate) fn numbers(&self, facts: &Facts) -> Result<Vec<(&Path, Finding)>> {
        let mut found = Vec::new();
        for claim in &self.all {
            let line = diagnostic::line_and_column(&self.text, claim.id.span().start).0;
            for words in [&claim.says, &claim.found] {
                let text = with_markers(words);
                let page = prose::read(&text);
                let parts = markers::parts(&self.path, &text)?;
                let mut findings = beside::names(&text, &page, &parts, facts);
                findings.extend(beside::units(&text, &page, &parts, facts));
                // An article may be quoted as it is.
                if std::ptr::eq(words, &raw const claim.found) {
                    findings.extend(lint::numbers(&text, &page, &parts));
                }
                found.extend(findings.into_iter().map(|Finding { message, .. }| {
                    let message = format!("claim `{}`: {message}", claim.id.as_ref());
                    (self.path.as_path(), Finding { line, message })
                }));
            }
        }
        Ok(found)
    }

    /// Where a text says what a claim's verdict denies. A paragraph that only reports the claim names it.
    pub(crate) fn contradicted(&self, text: &str) -> Vec<Finding> {
        let mut found = Vec::new();
        for paragraph in paragraphs(text) {
            let line = diagnostic::line_and_column(text, paragraph.start).0;
            let raw = &text[paragraph];
            let words = plain(raw);
            // A comment that is shown as code is text.
            let comments = raw.match_indices("<!-- claim: ").filter(|(at, _)| !raw[..*at].ends_with('`'));
            for name in comments.filter_map(|(at, open)| raw[at + open.len()..].split(" -->").next()) {
                if !self.all.iter().any(|claim| claim.id.as_ref() == name) {
                    found.push(Finding { line, message: format!("docs/claims.toml has no claim `{name}`") });
                }
            }
            for (claim, contradicts) in self.all.iter().zip(&self.contradicts) {
                let id = claim.id.as_ref();
                let is_said = |pattern: &Regex| pattern.find_iter(&words).any(|hit| !is_denied(&words, hit.range()));
                if !raw.contains(&format!("<!-- claim: {id} -->")) && contradicts.iter().any(is_said) {
                    let verdict = claim.verdict.words().replace('*', "");
                    let message = format!(
                        "this paragraph contradicts docs/claims.toml: `{id}` {verdict}. Correct it, or, if it only reports the claim, add `<!-- claim: {id} -->`"
                    );
                    found.push(Finding { line, message });
                }
            }
        }
        found
    }
}

/// Whether a "not" is in a match, or in the words just before it.
fn is_denied(words: &str, hit: Range<usize>) -> bool {
    let sentence = words[..hit.start].rfind(". ").map_or(0, |end| end + 2);
    let from = words[sentence..hit.start].char_indices().rev().nth(40).map_or(sentence, |(at, _)| sentence + at);
    let said = &words[from..hit.end];
    said.split(|c: char| !c.is_alphanumeric() && c != '\'').any(|word| {
        ["not", "no", "never", "neither", "none", "nothing", "cannot"].contains(&word)
            && !hit_is_the_no(words, &hit, word)
            || word.ends_with("n't")
    })
}

/// A pattern such as "no runtime" has its own "no", which denies nothing.
fn hit_is_the_no(words: &str, hit: &Range<usize>, word: &str) -> bool {
    word == "no" && words[hit.clone()].split(' ').any(|inside| inside == "no")
}

/// Places of the paragraphs of a text; a table is one.
fn paragraphs(text: &str) -> Vec<Range<usize>> {
    let mut paragraphs = Vec::new();
    let mut start = 0;
    for (at, gap) in text.match_indices("\n\n") {
        paragraphs.push(start..at);
        start = at + gap.len();
    }
    paragraphs.push(start..text.len());
    paragraphs
}

/// Lower case, without Markdown markup, comments and link targets, and with one space between words.
fn plain(text: &str) -> String {
    static COMMENTS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)<!--.*?-->").expect("the pattern is fixed"));
    static TARGETS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\([^)]*\)").expect("the pattern is fixed"));
    let text = COMMENTS.replace_all(text, "");
    let text = TARGETS.replace_all(&text, " ");
    let words = text.replace(['`', '*', '"', '[', ']', '|', '\\', '='], " ").to_lowercase();
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with every `{expression}` as a marker, for the checks of the book.
fn with_markers(text: &str) -> String {
    text.replace('{', "<!--= ").replace('}', " -->?<!--/-->")
}

fn filled(text: &str, value: &dyn Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (expression, after) = after.split_once('}').ok_or_else(|| format!("`{text}` has a `{{` without `}}`"))?;
        filled.push_str(before);
        filled.push_str(&value(expression)?);
        rest = after;
    }
    Ok(filled + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        let folder = tempfile::tempdir().unwrap();
        let text = r#"
            [[claim]]
            id = "loops"
            group = "a"
            of = "first"
            says = "z also stops"
            verdict = "does-not-hold"
            found = "`.symtab` is {bytes a/release/.strtab} bytes, and `.strtab` {bytes a/release/.symtab}"
            contradicts = ["\\bz\\b[^.]{0,40}also[^.]{0,30}(without|leaves)[^.]{0,30}loops", "no runtime"]
            [[claim]]
            id = "third"
            group = "a"
            of = "both"
            says = "a third"
            verdict = "in-part"
            found = "123,456 bytes"
        "#;
        fs::create_dir(folder.path().join("docs")).unwrap();
        base::files::write_atomic(&folder.path().join("docs/claims.toml"), text.as_bytes()).unwrap();
        load(folder.path()).unwrap()
    }

    #[test]
    fn each_claim_is_a_row_with_its_verdict() {
        let table = claims().table("a", &|expression| Ok(format!("<{expression}>"))).unwrap();
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 4);
        assert!(
            rows[2].starts_with("| z also stops | 1 | **doesn't hold** | `.symtab` is <bytes a/release/.strtab> bytes")
        );
        assert!(rows[3].starts_with("| a third | 1, 2 | holds in part |"));
        assert!(claims().table("b", &|_| Ok(String::new())).is_err());
        assert_eq!(claims().not_shown("<!-- generated: claims b -->"), ["a"]);
    }

    #[test]
    fn numbers_of_claims_are_held_to_the_rules_of_the_book() {
        let claims = claims();
        let found = claims.numbers(&Facts::default()).unwrap();
        let said: Vec<&str> = found.iter().map(|(_, finding)| finding.message.as_str()).collect();
        assert!(said.iter().any(|said| said.contains("in a different order")), "{said:?}");
        assert!(said.iter().any(|said| said.contains("claim `third`") && said.contains("123,456")), "{said:?}");
    }

    #[test]
    fn a_text_that_says_the_opposite_is_found() {
        let claims = claims();
        for text in [
            "Both aim at small\ncode: `\"z\"` also leaves\nloops as they are.",
            "| value | means |\n|---|---|\n| `opt-level = \"z\"` | for size, also without vectorizing loops |\n",
            "It needs no runtime.",
        ] {
            assert_eq!(claims.contradicted(text).len(), 1, "{text}");
        }
        for text in [
            "`\"z\"` is for size. It also takes long, and leaves what loops do.",
            "It isn't true that `\"z\"` also leaves loops alone.",
            "Write `<!-- claim: ID -->`.",
            "<!-- claim: loops -->\nThe article says that `\"z\"` also leaves loops alone.",
        ] {
            assert_eq!(claims.contradicted(text), [], "{text}");
        }
        assert!(claims.contradicted("<!-- claim: lops -->\nText").iter().any(|found| found.message.contains("`lops`")));
    }
}
