//! The documents of the workshop, README.md and the book in docs/src: sizes come from measurements, listings from the
//! files, and a command's output from that command.
//!
//! - `cargo xtask docs` writes the text between markers (`docs/markers`).
//! - `--check` writes nothing, names what is stale, and finds what no reader should see (`docs/lint`).
//! - `--run` runs every command of the book and compares; `--record` runs and measures everything again, and keeps it.

use crate::claims::Claims;
use crate::facts::{Facts, Record};
use crate::generate::Generator;
use crate::lint::{Anchors, Finding};
use crate::prose;
use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use weigh::committed::{self, Measurement, REFERENCE_TARGET};
use weigh::workshop::Workshop;

/// A file as it should be.
pub(crate) struct Wanted {
    pub path: PathBuf,
    pub text: String,
}

/// Runs `cargo xtask docs`.
///
/// # Errors
/// When a marker names nothing, or a file cannot be read or written.
pub(crate) fn run(options: &commands::Docs) -> Result<Exit> {
    let commands::Docs { check, run, record, slow, facts, site, open, preprocess, chapters } = options;
    let workshop = Workshop::find()?;
    if *preprocess {
        return crate::site::preprocess(&workshop.root, chapters);
    }
    if *site || *open {
        return crate::site::build(&workshop.root, *open);
    }
    let book = Book::load(&workshop)?;
    match (check, run, record) {
        (true, ..) => book.check(),
        (_, true, _) => crate::rehearse::run(&book, chapters, *slow, *facts),
        (.., true) => {
            // Generated text may itself contain commands; what can't be generated yet is about to be measured.
            book.write(false)?;
            crate::rehearse::record(&book, chapters)?;
            Book::load(&workshop)?.write(true)
        }
        _ => book.write(true),
    }
}

/// Everything that the documents are made from.
pub(crate) struct Book<'a> {
    pub workshop: &'a Workshop,
    pub measurement: Measurement,
    /// The measurements of other compilers on the same target.
    pub others: Vec<Measurement>,
    /// The same of other targets, by triple.
    pub platforms: BTreeMap<String, Measurement>,
    pub facts: Facts,
    pub claims: Claims,
    pub record: Record,
    /// README.md, and every Markdown file of docs/, the exercises and the solutions.
    pub pages: Vec<PathBuf>,
}

impl<'a> Book<'a> {
    fn load(workshop: &'a Workshop) -> Result<Self> {
        let root = &workshop.root;
        let toolchain = pinned_toolchain(root)?;
        let Some(measurement) = committed::load(root, REFERENCE_TARGET, &toolchain)? else {
            let path = committed::path(root, REFERENCE_TARGET, &toolchain);
            bail!(
                Failure::new(
                    Exit::NotMet,
                    format!("there is no measurement for rustc {toolchain} on {REFERENCE_TARGET}")
                )
                .file(diagnostic::shown(&path))
                .help("run `cargo xtask sizes --accept` on that target")
            );
        };
        let others: Vec<Option<Measurement>> = committed::releases(root, REFERENCE_TARGET)
            .iter()
            .filter(|release| **release != toolchain)
            .map(|release| committed::load(root, REFERENCE_TARGET, release))
            .collect::<Result<_>>()?;
        let others = others.into_iter().flatten().collect();
        let record = crate::facts::recorded(root, REFERENCE_TARGET, &toolchain)?;
        let (facts, claims) = (crate::facts::load(root)?, crate::claims::load(root)?);
        let mut platforms = BTreeMap::new();
        for platform in &workshop.sizes.platforms {
            let measured = committed::load(root, &platform.target, &toolchain)?;
            platforms.extend(measured.map(|measured| (platform.target.clone(), measured)));
        }
        Ok(Self { workshop, measurement, others, platforms, facts, claims, record, pages: markdown_files(root)? })
    }

    /// The folder of the chapters.
    pub(crate) fn folder(&self) -> PathBuf {
        self.workshop.root.join("docs/src")
    }

    /// Whether its numbers and commands are held to the rules of the book.
    fn is_held(&self, page: &Path) -> bool {
        page.starts_with(self.folder()) || page == self.workshop.root.join("README.md")
    }

    /// A page as it should be, with its pictures. A part that can't be generated stays unchanged, and counts as a
    /// failure.
    fn wanted(&self, page: &Path, old: &str) -> Result<(Vec<Wanted>, Vec<Failure>)> {
        let generator = Generator {
            workshop: self.workshop,
            measurement: &self.measurement,
            others: &self.others,
            platforms: &self.platforms,
            facts: &self.facts,
            claims: &self.claims,
            record: &self.record,
        };
        let mut text = old.to_owned();
        let (mut wanted, mut failures) = (Vec::new(), Vec::new());
        // From the last to the first, so that the places of the others stay as they are.
        for part in crate::markers::parts(page, old)?.into_iter().rev() {
            match generator.part(page, old, &part) {
                Ok((new, pictures)) => {
                    text.replace_range(part.body, &new);
                    wanted.extend(pictures);
                }
                Err(crate::generate::Wrong { message, help, exit }) => {
                    let failure = diagnostic::in_file(page, old, part.name, &message, "asked for here", Some(&help));
                    failures.push(Failure { exit, ..failure });
                }
            }
        }
        failures.reverse();
        if self.is_chapter(page) {
            let blocks = crate::console::blocks(page, &text)?;
            let answers = crate::console::answers(&blocks, self.recorded(page));
            for (block, answers) in blocks.iter().zip(&answers).rev().filter(|(block, _)| block.how.not_run.is_none()) {
                text.replace_range(block.body.clone(), &block.rewritten(answers));
            }
        }
        wanted.push(Wanted { path: page.to_owned(), text });
        Ok((wanted, failures))
    }

    fn is_chapter(&self, page: &Path) -> bool {
        page.starts_with(self.folder())
    }

    fn recorded(&self, page: &Path) -> &[crate::facts::Answer] {
        self.record.consoles.get(&file_name(page)).map_or(&[], Vec::as_slice)
    }

    fn check(&self) -> Result<Exit> {
        let mut told = Told::default();
        let mut known = BTreeMap::new();
        let mut failed = Vec::new();
        let mut files = 0;
        for page in &self.pages {
            let old = read(page)?;
            let (wanted, failures) = self.wanted(page, &old)?;
            failed.extend(failures);
            files += wanted.len();
            wanted.iter().for_each(|wanted| told.if_stale(wanted));
            let mut findings = self.findings(page, &old, &mut known)?;
            findings.sort_by_key(|finding| finding.line);
            told.all(page, findings);
        }
        self.check_claims(&mut told)?;
        if let Ok(summary) = fs::read_to_string(self.folder().join("SUMMARY.md")) {
            for (page, finding) in crate::lint::chapters(&self.folder(), &summary, &self.pages) {
                told.wrong(&page, finding.line, &finding.message);
            }
        }
        let mut exit = if told.count > 0 { Exit::NotMet } else { Exit::Met };
        for failure in &failed {
            output::failure(failure, false);
            exit = worse(exit, failure.exit);
        }
        if exit == Exit::Met {
            output::note(&format!("{files} files are up to date"));
        }
        Ok(exit)
    }

    /// What no reader of this page should see.
    fn findings(&self, page: &Path, text: &str, known: &mut Anchors) -> Result<Vec<Finding>> {
        let parsed = prose::read(text);
        let mut findings = crate::lint::languages(text, &parsed);
        findings.extend(crate::lint::boxes(text, &parsed));
        findings.extend(crate::lint::links(page, text, &parsed, known));
        let parts = crate::markers::parts(page, text)?;
        findings.extend(crate::lint::line_starts(text, &parts));
        findings.extend(crate::beside::names(text, &parsed, &parts, &self.facts));
        findings.extend(crate::beside::units(text, &parsed, &parts, &self.facts));
        if !page.ends_with("docs/src/claims.md") {
            findings.extend(self.claims.contradicted(text));
        }
        if self.is_held(page) {
            findings.extend(crate::lint::numbers(text, &parsed, &parts));
        }
        if self.is_chapter(page) {
            findings.extend(crate::lint::consoles(&crate::console::blocks(page, text)?, self.recorded(page)));
        }
        Ok(findings)
    }

    /// Whether the claims agree with the numbers, are all shown, and aren't contradicted by any hint.
    fn check_claims(&self, told: &mut Told) -> Result<()> {
        for (path, finding) in self.claims.numbers(&self.facts)? {
            told.wrong(path, finding.line, &finding.message);
        }
        let page = self.folder().join("claims.md");
        for group in self.claims.not_shown(&fs::read_to_string(&page).unwrap_or_default()) {
            let message =
                format!("the claims of the group `{group}` are on no page; add `<!-- generated: claims {group} -->`");
            told.wrong(&page, 1, &message);
        }
        for path in exercise_files(&self.workshop.root) {
            told.all(&path, self.claims.contradicted(&read(&path)?));
        }
        Ok(())
    }

    /// Writes what is out of date. `complain`: also reports what can't be generated.
    fn write(&self, complain: bool) -> Result<Exit> {
        let mut written = 0;
        let mut exit = Exit::Met;
        for page in &self.pages {
            // Generated text may itself hold commands whose output is recorded: twice is enough for both.
            for _ in 0..2 {
                let old = read(page)?;
                let (wanted, failures) = self.wanted(page, &old)?;
                for Wanted { path, text } in wanted {
                    if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
                        files::write_atomic(&path, text.as_bytes())?;
                        output::note(&format!("wrote {}", diagnostic::shown(&path).display()));
                        written += 1;
                    }
                }
                for failure in failures.iter().filter(|_| complain) {
                    output::failure(failure, false);
                    exit = worse(exit, failure.exit);
                }
                if !failures.is_empty() {
                    break;
                }
            }
        }
        if written == 0 && exit == Exit::Met {
            output::note("everything was up to date");
        }
        Ok(exit)
    }
}

/// What was reported about the documents so far.
#[derive(Default)]
struct Told {
    count: usize,
}

impl Told {
    fn wrong(&mut self, path: &Path, line: usize, message: &str) {
        output::not_met(&format!("{}:{line}: {message}", diagnostic::shown(path).display()));
        self.count += 1;
    }

    fn all(&mut self, path: &Path, findings: Vec<Finding>) {
        for Finding { line, message } in findings {
            self.wrong(path, line, &message);
        }
    }

    fn if_stale(&mut self, Wanted { path, text }: &Wanted) {
        let old = fs::read_to_string(path).unwrap_or_default();
        if old != *text {
            let line = old.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
            self.wrong(path, line, "stale; run `cargo xtask docs` to bring it up to date");
        }
    }
}

fn worse(a: Exit, b: Exit) -> Exit {
    if a as u8 >= b as u8 { a } else { b }
}

pub(crate) fn read(page: &Path) -> Result<String> {
    fs::read_to_string(page).with_context(|| format!("can't read {}", page.display()))
}

/// The name by which the record knows a chapter.
pub(crate) fn file_name(page: &Path) -> String {
    page.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Every Markdown file that the workshop's people read, in a fixed order.
fn markdown_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs"), root.join("exercises"), root.join("solutions")];
    folders.retain(|folder| folder.is_dir());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("can't read the folder {}", folder.display()))? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_dir() {
                if name != "target" && name != "node_modules" {
                    folders.push(entry.path());
                }
            } else if entry.path().extension().is_some_and(|extension| extension == "md") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// What exercises tell learners outside Markdown: hints and messages.
fn exercise_files(root: &Path) -> Vec<PathBuf> {
    let folders = fs::read_dir(root.join("exercises")).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = folders.map(|folder| folder.path().join("exercise.toml")).collect();
    files.retain(|file| file.exists());
    files.sort();
    files
}

/// The release in rust-toolchain.toml.
fn pinned_toolchain(root: &Path) -> Result<String> {
    #[derive(serde::Deserialize)]
    struct File {
        toolchain: Toolchain,
    }
    #[derive(serde::Deserialize)]
    struct Toolchain {
        channel: String,
    }
    let path = root.join("rust-toolchain.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("can't read {}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|error| diagnostic::toml_error(&path, &text, &error))?;
    Ok(file.toolchain.channel)
}
