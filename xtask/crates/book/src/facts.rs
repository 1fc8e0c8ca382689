//! Numbers of the book that aren't in a size table: how each one is measured (`docs/facts/*.toml`), and what was
//! measured last (`docs/measurements/TARGET/book-rustc-VERSION.json`).

use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::files;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// The schema of the recorded file.
const SCHEMA: &str = "size-workshop/book/1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fact: BTreeMap<Spanned<String>, Fact>,
    #[serde(default)]
    stack: BTreeMap<String, Stack>,
    #[serde(default)]
    figures: BTreeMap<String, u64>,
    #[serde(default)]
    words: BTreeMap<String, Vec<String>>,
}

/// One number, and how to measure it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    /// What exactly is measured.
    pub about: String,
    /// Its row in the table of its group.
    pub label: Option<String>,
    /// The table that it belongs to.
    pub group: Option<String>,
    /// What the number counts.
    pub unit: Unit,
    /// Programs without which it cannot be measured; the committed number then stays.
    #[serde(default)]
    pub needs: Vec<String>,
    /// A bash script that prints the number and nothing else.
    pub run: String,
    /// Its name.
    #[serde(skip)]
    pub name: String,
    /// The file it is in, without folder and extension.
    #[serde(skip)]
    pub chapter: String,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    /// Bytes of a file or of a part of it: the same on every run, except for the length of some paths.
    Bytes,
    /// CPU instructions: nearly the same on every run.
    Instructions,
    /// Wall time on one machine: only shown as such.
    Milliseconds,
    /// Something that can be counted, such as the frames of a backtrace.
    Count,
}

impl Unit {
    /// By which share a new measurement may differ before the committed one counts as wrong; none for times.
    pub(crate) fn tolerance(self) -> Option<f64> {
        match self {
            Self::Bytes => Some(0.002),
            Self::Instructions => Some(0.05),
            Self::Count => Some(0.0),
            Self::Milliseconds => None,
        }
    }

    /// The unit as a column heading.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Instructions => "instructions",
            Self::Milliseconds => "milliseconds",
            Self::Count => "count",
        }
    }

    /// What follows a difference of two such numbers.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Bytes => "B",
            Self::Instructions => "instructions",
            Self::Milliseconds => "ms",
            Self::Count => "of them",
        }
    }

    /// What is counted, within a sentence.
    pub(crate) fn things(self) -> &'static str {
        if self == Self::Count { "things that have no unit" } else { self.name() }
    }
}

impl Fact {
    /// A fact for tests.
    #[cfg(test)]
    pub(crate) fn example(name: &str, unit: Unit) -> Self {
        let empty = String::new;
        let (label, group) = (None, None);
        Self {
            about: empty(),
            label,
            group,
            unit,
            needs: Vec::new(),
            run: empty(),
            name: name.to_owned(),
            chapter: empty(),
        }
    }
}

/// A picture of bars that are made of parts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stack {
    /// What the picture shows.
    pub caption: String,
    /// Its bars from top to bottom.
    pub bars: Vec<StackBar>,
}

/// One bar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StackBar {
    /// What the bar is.
    pub label: String,
    /// A reference to the bytes of the whole bar.
    pub whole: String,
    /// What is left of the whole after the segments.
    pub rest: String,
    /// Its parts from left to right.
    pub segments: Vec<Segment>,
}

/// A part of a bar.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Segment {
    /// What it is.
    pub label: String,
    /// A reference to its bytes.
    pub bytes: String,
    /// A reference to what is taken off them.
    pub minus: Option<String>,
}

/// Everything in the files of `docs/facts`.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// In the order of their files, and of their lines there.
    #[expect(clippy::struct_field_names, reason = "the other fields are what belongs to the facts")]
    pub facts: Vec<Fact>,
    /// By name.
    pub stacks: BTreeMap<String, Stack>,
    /// Figures that others have measured, by name.
    pub figures: BTreeMap<String, u64>,
    /// Alternative names in sentences for a section, a profile or a part of a fact's name.
    pub words: BTreeMap<String, Vec<String>>,
}

/// Reads `docs/facts`.
///
/// # Errors
/// When a file is malformed, or a name is given twice.
pub(crate) fn load(root: &Path) -> Result<Facts> {
    let folder = root.join("docs/facts");
    let mut all = Facts::default();
    if !folder.is_dir() {
        return Ok(all);
    }
    for file in files::files(&folder)?.into_iter().filter(|file| file.extension().is_some_and(|end| end == "toml")) {
        let path = folder.join(&file);
        let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
        let File { fact, stack, figures, words } =
            toml::from_str(&text).map_err(|error| diagnostic::toml_error(&path, &text, &error))?;
        let mut facts: Vec<(Spanned<String>, Fact)> = fact.into_iter().collect();
        facts.sort_by_key(|(name, _)| name.span().start);
        for (name, mut fact) in facts {
            let span = name.span();
            fact.name = name.into_inner();
            fact.chapter = file.with_extension("").display().to_string();
            if all.facts.iter().any(|other| other.name == fact.name) {
                let help = Some("every fact of the book needs its own name");
                bail!(diagnostic::in_file(
                    &path,
                    &text,
                    span,
                    "this name is taken",
                    "a different file has it as well",
                    help
                ));
            }
            all.facts.push(fact);
        }
        all.stacks.extend(stack);
        all.figures.extend(figures);
        all.words.extend(words);
    }
    Ok(all)
}

/// What was measured and seen when the book was last recorded.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    schema: String,
    /// The facts by name.
    pub facts: BTreeMap<String, u64>,
    /// What the commands printed, by the file name of the chapter, in the order of the page.
    pub consoles: BTreeMap<String, Vec<Answer>>,
}

/// What one command of the book printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The command as it appears after the `$`.
    pub command: String,
    /// What was laid over the workspace before it ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Its exit code.
    pub exit: i32,
    /// What it printed, line by line, without Cargo's progress.
    pub output: Vec<String>,
}

fn path(root: &Path, target: &str, toolchain: &str) -> PathBuf {
    root.join("docs/measurements").join(target).join(format!("book-rustc-{toolchain}.json"))
}

/// The record of a target and a release of rustc; an empty one if there is none.
///
/// # Errors
/// When the file exists but can't be read.
pub(crate) fn recorded(root: &Path, target: &str, toolchain: &str) -> Result<Record> {
    let path = path(root, target, toolchain);
    if !path.exists() {
        return Ok(Record::default());
    }
    let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::new(Exit::Usage, format!("the record of the book is damaged: {error}"))
            .file(diagnostic::shown(&path))
            .help("restore it from git, or record it again with `cargo xtask docs --record`")
            .into()
    })
}

impl Record {
    /// Writes the file.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn save(&mut self, root: &Path, target: &str, toolchain: &str) -> Result<()> {
        SCHEMA.clone_into(&mut self.schema);
        let mut text = serde_json::to_string_pretty(self).context("can't write the record as JSON")?;
        text.push('\n');
        files::write_atomic(&path(root, target, toolchain), text.as_bytes())
    }
}
