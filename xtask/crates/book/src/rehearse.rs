//! Runs the book: compares what its commands print with what its pages show, or keeps what they print.

use super::console::{self, Block, Numbers};
use super::facts::{Answer, Fact};
use super::session::{Ran, Session};
use crate::chapters;
use crate::docs::{Book, file_name, read};
use anyhow::{Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::numbers::thousands;
use base::output;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;
use weigh::cargo::{self, Cargo};
use weigh::committed::REFERENCE_TARGET;

/// Runs the commands of some chapters, or of all, and compares. `slow`: including slow ones; `with_facts`: including
/// the book's measurements.
///
/// # Errors
/// When a command can't be run at all.
pub(crate) fn run(book: &Book<'_>, only: &[String], slow: bool, with_facts: bool) -> Result<Exit> {
    let session = Session::start(&book.workshop.root)?;
    let (mut commands, mut left_out, mut recorded, mut wrong) = (0, 0, 0, 0);
    for page in pages(book, only)? {
        for block in console::blocks(&page, &read(&page)?)? {
            let Some(line) = block.commands.first().map(|command| command.line) else { continue };
            if block.how.not_run.is_some() {
                continue;
            }
            if block.how.recorded && !with_facts {
                recorded += 1;
                continue;
            }
            if block.how.slow && !slow {
                left_out += 1;
                continue;
            }
            let place = format!("{}:{line}", diagnostic::shown(&page).display());
            match timed(&place, || session.block(&block))? {
                Ran::Missing(programs) => {
                    let are = if programs.len() == 1 { "isn't" } else { "aren't" };
                    output::note(&format!("{place}: LEFT OUT, because {} {are} installed", programs.join(", ")));
                }
                Ran::Answers(answers) => {
                    commands += answers.len();
                    for (command, answer) in block.commands.iter().zip(&answers) {
                        if !console::matches(&command.shown, &answer.output, Numbers::Alike) {
                            wrong += 1;
                            let place = format!("{}:{}", diagnostic::shown(&page).display(), command.line);
                            output::not_met(&format!("{place}: `{}` printed something else", command.text));
                            output::message(&difference(&command.shown, &answer.output));
                        }
                    }
                    for message in unsaid(&block, &answers) {
                        wrong += 1;
                        output::not_met(&format!("{}:{message}", diagnostic::shown(&page).display()));
                    }
                }
            }
        }
    }
    if with_facts {
        // Times vary by machine and day: they are recorded, never compared.
        for fact in facts(book, only).filter(|fact| fact.unit.tolerance().is_some()) {
            wrong += usize::from(!holds(book, &session, fact)?);
        }
    }
    if left_out > 0 {
        output::note(&format!("{left_out} slow blocks were skipped; to run them, add `--slow`"));
    }
    if recorded > 0 {
        output::note(&format!("{recorded} blocks that build for minutes were skipped; to run them, add `--facts`"));
    }
    output::note(&format!("{commands} commands were run, {wrong} results differ from the book"));
    Ok(if wrong == 0 { Exit::Met } else { Exit::NotMet })
}

/// Whether a fact still has the number that the book shows.
fn holds(book: &Book<'_>, session: &Session, fact: &Fact) -> Result<bool> {
    let name = &fact.name;
    let Some(now) = timed(name, || session.fact(fact))? else {
        output::note(&format!("{name}: LEFT OUT, because {} isn't installed", fact.needs.join(" or ")));
        return Ok(true);
    };
    let Some(committed) = book.record.facts.get(name).copied() else {
        output::not_met(&format!("{name} was never recorded; run `cargo xtask docs --record {}`", fact.chapter));
        return Ok(false);
    };
    let allowed = fact.unit.tolerance().map(|share| share * committed as f64);
    let holds = allowed.is_none_or(|allowed| now.abs_diff(committed) as f64 <= allowed);
    if !holds {
        output::not_met(&format!(
            "docs/facts/{}.toml: `{name}` is now {}, the book says {}; run `cargo xtask docs --record {}`",
            fact.chapter,
            thousands(now),
            thousands(committed),
            fact.chapter
        ));
    }
    Ok(holds)
}

/// Runs and measures some chapters, or all, and keeps the results.
///
/// # Errors
/// When a command or a measurement fails. What was recorded before stays.
pub(crate) fn record(book: &Book<'_>, only: &[String]) -> Result<()> {
    let root = &book.workshop.root;
    let toolchain = book.measurement.toolchain.clone();
    refuse_other_compilers(root, &toolchain)?;
    let session = Session::start(root)?;
    let mut record = super::facts::recorded(root, REFERENCE_TARGET, &toolchain)?;
    for fact in facts(book, only) {
        match timed(&fact.name, || session.fact(fact))? {
            Some(number) => {
                record.facts.insert(fact.name.clone(), number);
            }
            None => {
                output::note(&format!(
                    "{}: not measured, because {} isn't installed",
                    fact.name,
                    fact.needs.join(" or ")
                ));
            }
        }
        record.save(root, REFERENCE_TARGET, &toolchain)?;
    }
    if only.is_empty() {
        record.facts.retain(|name, _| book.facts.facts.iter().any(|fact| fact.name == *name));
    }
    for page in pages(book, only)? {
        let name = file_name(&page);
        let before = record.consoles.get(&name).cloned().unwrap_or_default();
        let mut answers: Vec<Answer> = Vec::new();
        let blocks = console::blocks(&page, &read(&page)?)?;
        let kept = console::answers(&blocks, &before);
        for (block, kept) in blocks.iter().zip(kept) {
            let Some(line) = block.commands.first().map(|command| command.line) else { continue };
            if block.how.not_run.is_some() {
                continue;
            }
            let place = format!("{}:{line}", diagnostic::shown(&page).display());
            match timed(&place, || session.block(block))? {
                Ran::Answers(new) => answers.extend(new),
                Ran::Missing(programs) => {
                    output::note(&format!("{place}: not run, because there is no {}", programs.join(", ")));
                    answers.extend(kept.into_iter().flatten().cloned());
                }
            }
        }
        record.consoles.insert(name, answers);
        record.consoles.retain(|_, answers| !answers.is_empty());
        record.save(root, REFERENCE_TARGET, &toolchain)?;
    }
    if only.is_empty() {
        let names: Vec<String> = pages(book, &[])?.iter().map(|page| file_name(page)).collect();
        record.consoles.retain(|name, _| names.contains(name));
    }
    record.save(root, REFERENCE_TARGET, &toolchain)
}

/// What is recorded holds for one compiler on one target.
fn refuse_other_compilers(root: &Path, toolchain: &str) -> Result<()> {
    let cargo =
        Cargo { program: "cargo".into(), cwd: root.to_owned(), env: BTreeMap::new(), args: Vec::new(), sandbox: None };
    let (release, host) = cargo::release_and_host(&cargo.rustc_version("rustc".as_ref())?)?;
    if (release.as_str(), host.as_str()) != (toolchain, REFERENCE_TARGET) {
        let message =
            format!("the book is recorded with rustc {toolchain} on {REFERENCE_TARGET}, not with {release} on {host}");
        bail!(Failure::new(Exit::Environment, message).help("run this command on that target, with that compiler"));
    }
    Ok(())
}

/// The chapters in their order, or the requested ones.
fn pages(book: &Book<'_>, only: &[String]) -> Result<Vec<PathBuf>> {
    let folder = book.folder();
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap_or_default();
    let all: Vec<String> = chapters::of(&summary).into_iter().map(|chapter| chapter.file).collect();
    for name in only {
        if !all.contains(&format!("{name}.md")) {
            bail!(
                Failure::new(Exit::Usage, format!("the book has no chapter `{name}`"))
                    .help(format!("its chapters: {}", all.join(", ").replace(".md", "")))
            );
        }
    }
    let wanted = |file: &&String| only.is_empty() || only.iter().any(|name| **file == format!("{name}.md"));
    Ok(all.iter().filter(wanted).map(|file| folder.join(file)).collect())
}

fn facts<'a>(book: &'a Book<'_>, only: &'a [String]) -> impl Iterator<Item = &'a Fact> {
    book.facts.facts.iter().filter(|fact| only.is_empty() || only.contains(&fact.chapter))
}

/// Commands that fail without the page saying so.
fn unsaid(block: &Block, answers: &[Answer]) -> Vec<String> {
    let mut messages = Vec::new();
    for (index, (command, answer)) in block.commands.iter().zip(answers).enumerate() {
        let is_said = block.commands.get(index + 1).is_some_and(|next| next.text.trim() == "echo $?");
        if answer.exit != 0 && !is_said {
            messages.push(format!(
                "{}: `{}` ended with exit code {}; show it with `$ echo $?` below",
                command.line, command.text, answer.exit
            ));
        }
    }
    messages
}

/// The two outputs, line by line.
fn difference(shown: &[String], printed: &[String]) -> String {
    let (shown, printed) = (shown.join("\n") + "\n", printed.join("\n") + "\n");
    let changes = similar::TextDiff::from_lines(&shown, &printed);
    let lines: Vec<String> =
        changes.iter_all_changes().map(|change| format!("  {} {}", change.tag(), change.value().trim_end())).collect();
    format!("  - the page   + printed now\n{}", lines.join("\n"))
}

/// Reports what is being done, and how long it took where that matters.
fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let start = Instant::now();
    let result = work();
    let seconds = start.elapsed().as_secs_f64();
    if seconds >= 2.0 {
        output::message(&format!("{what}: {seconds:.1} s"));
    }
    result.map_err(|error| error.context(what.to_owned()))
}
