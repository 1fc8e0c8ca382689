//! `cargo xtask sizes --budget`: builds a crate with its own profiles, compares each program with what its manifest
//! allows, and says who made it grow. The baseline is a file that is committed beside the manifest; `--save` writes it.

use crate::anatomy::delta::Diff;
use crate::anatomy::{self, delta};
use crate::budget::baseline::{Baseline, Damaged, Entry, Parts};
use crate::budget::{self, Budget, Limit};
use crate::cargo;
use crate::compressed::Method;
use crate::options::{self, SizesFormat};
use crate::report::budget as report;
use crate::subject::{self, Program, Subject};
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::caller;
use base::diagnostic::{self, Source};
use base::failure::{Exit, Failure, Kind};
use base::files;
use base::output;
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Every budget of a manifest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Report {
    /// The manifest, as it would be typed.
    pub manifest: PathBuf,
    /// The release of rustc.
    pub toolchain: String,
    /// The target triple.
    pub target: String,
    /// A row for each budget.
    pub rows: Vec<Row>,
}

/// A program, and what it may be. Sizes in bytes.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// The program.
    pub bin: String,
    /// Its profile.
    pub profile: String,
    /// Whether the budget has to name the program.
    pub is_one_of_several: bool,
    /// The file.
    pub bytes: u64,
    /// The file in the baseline, if there is one.
    pub baseline: Option<u64>,
    /// What is allowed.
    pub limits: Vec<LimitRow>,
    /// What has changed since the baseline, if something has.
    pub movers: Option<Diff>,
}

/// Something that is allowed.
#[derive(Clone, Debug)]
pub(crate) struct LimitRow {
    /// `max`, `max-growth`, `max-gzip`, or `max-zstd`.
    pub key: &'static str,
    /// Its value, without the quotes that the manifest may have around it.
    pub written: String,
    /// The same as the manifest has it.
    pub source: String,
    /// How the file was compressed before it was judged; none for the file itself.
    pub method: Option<Method>,
    /// What is judged: bytes of the file, or of its download.
    pub bytes: u64,
    /// The most bytes that it may have.
    pub allowed: u64,
    /// Whether it has no more.
    pub met: bool,
    /// The line in the manifest, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// Bytes of the manifest.
    pub range: Range<usize>,
}

/// A program that was built for a budget.
struct Measured {
    bin: String,
    profile: String,
    target: String,
    toolchain: String,
    bytes: u64,
    /// Bytes of its download, by each method that the budget names.
    downloads: Vec<(Method, u64)>,
}

/// Judges every budget of a manifest.
///
/// # Errors
/// When a budget or a baseline is malformed or missing, or something cannot be built. What is exceeded is an exit code.
pub(super) fn run(workshop: &Workshop, options: &options::Sizes) -> Result<Exit> {
    takes_no_targets(&options.subject)?;
    let given = options.subject.manifest_path.as_deref();
    let source = match given {
        Some(given) => read(given)?,
        None => read(&subject::nearest_manifest()?)?,
    };
    let budgets = budget::of(&source.text).map_err(|wrong| wrong.failure(&source))?;
    let folder = source.file.parent().context("a manifest is in a folder")?;
    require_programs(&budgets)?;
    // Before the builds: a user without a baseline shouldn't have to wait for them.
    let mut baselines = load_all(&budgets, folder, options.save)?;
    if let Some(budget) = budgets.iter().find(|budget| {
        budget.max_growth.is_some() && !options.save && baselines[&folder.join(budget.baseline())].is_none()
    }) {
        bail!(no_baseline(budget, &source, &folder.join(budget.baseline()), &options.subject, None));
    }
    let mut report = Report { manifest: diagnostic::shown(&source.file), ..Report::default() };
    let mut notes: Vec<String> = Vec::new();
    for budget in &budgets {
        let (subject, measured) = build(workshop, budget, &source, options)?;
        notes.extend(subject.notes.iter().cloned());
        let file = folder.join(budget.baseline());
        let slot = baselines.entry(file.clone()).or_default();
        let before = slot.as_ref().and_then(|baseline| measured.find(baseline)).map(|entry| entry.parts.bytes);
        // To tell whose bytes they are may take a second build, of a twin with symbols.
        let anatomy = if options.save || before.is_some_and(|before| before != measured.bytes) {
            Some(anatomy::build(&subject, only(&subject)?, &subject::own(&measured.profile))?)
        } else {
            None
        };
        let parts = anatomy.as_ref().map(Parts::of);
        notes.extend(anatomy.into_iter().flat_map(|anatomy| anatomy.notes));
        if let (true, Some(parts)) = (options.save, &parts) {
            keep(slot, &measured, parts.clone());
        }
        let entry = slot.as_ref().and_then(|baseline| measured.find(baseline));
        if entry.is_none() && budget.max_growth.is_some() {
            bail!(no_baseline(budget, &source, &file, &options.subject, Some(&measured)));
        }
        report.target.clone_from(&measured.target);
        report.toolchain.clone_from(&measured.toolchain);
        if let Some(other) = entry.map(|entry| &entry.toolchain).filter(|other| **other != measured.toolchain) {
            notes.push(format!(
                "the baseline was compiled by rustc {other}, this by {}: part of a change may be the compiler's",
                measured.toolchain
            ));
        }
        report.rows.push(row(budget, &source, measured, entry, parts.as_ref()));
    }
    notes.dedup();
    notes.iter().for_each(|note| output::note(note));
    if options.save {
        save_all(&baselines)?;
    }
    output::data(&match options.format {
        SizesFormat::Text => report::text(&report, output::width(), console::colors_enabled()),
        SizesFormat::Markdown => report::markdown(&report),
        SizesFormat::Json => report::json(&report)?,
        SizesFormat::Csv => report::csv(&report)?,
        SizesFormat::Github => report::github(&report, &in_repository(&source.file)),
    })?;
    Ok(if tell_exceeded(&report, &source, &options.subject) { Exit::NotMet } else { Exit::Met })
}

/// Ends the call where a program that compresses isn't there, before anything is built.
fn require_programs(budgets: &[Budget]) -> Result<()> {
    let mut limits = budgets.iter().flat_map(Budget::download_limits);
    limits.try_for_each(|(method, limit)| method.require(&format!("`{}`", limit.key)))
}

/// Refuses options that choose what is built: each budget does that itself.
fn takes_no_targets(subject: &options::Subject) -> Result<()> {
    if subject.names_targets() {
        bail!(
            Failure::new(Exit::Usage, "a budget names its program in the manifest, not on the command line").help(
                "set `bin = \"NAME\"` in [package.metadata.size-budget]; for a crate without programs, its library is measured"
            )
        );
    }
    Ok(())
}

/// The baselines that budgets name, as far as they are there. Those that are to be written must be writable.
fn load_all(budgets: &[Budget], folder: &Path, save: bool) -> Result<BTreeMap<PathBuf, Option<Baseline>>> {
    let mut baselines = BTreeMap::new();
    for file in budgets.iter().map(|budget| folder.join(budget.baseline())) {
        let baseline = load(&file)?;
        if save {
            files::check_writable(file.parent().unwrap_or(folder))?;
        }
        baselines.insert(file, baseline);
    }
    Ok(baselines)
}

fn save_all(baselines: &BTreeMap<PathBuf, Option<Baseline>>) -> Result<()> {
    for (file, baseline) in baselines {
        let mut text = serde_json::to_string_pretty(&baseline)?;
        text.push('\n');
        files::write_atomic(file, text.as_bytes())?;
        output::note(&format!("wrote {}; commit it, because `max-growth` compares with it", shown(file)));
    }
    Ok(())
}

/// Points at each limit that is exceeded; says whether there is one.
fn tell_exceeded(report: &Report, source: &Source, asked: &options::Subject) -> bool {
    let mut is_exceeded = false;
    for row in &report.rows {
        for limit in row.limits.iter().filter(|limit| !limit.met) {
            is_exceeded = true;
            let (words, label) = (report::exceeded(row, limit), report::over(row, limit));
            let range = limit.range.clone();
            let help = help(row, limit, asked);
            let failure = diagnostic::in_file(&source.file, &source.text, range, &words, &label, Some(&help));
            output::message(failure.snippet.as_deref().unwrap_or(&words));
        }
    }
    is_exceeded
}

/// What to do about a program that is too large.
fn help(row: &Row, limit: &LimitRow, asked: &options::Subject) -> String {
    match &row.movers {
        // A baseline has no downloads.
        Some(_) if row.baseline < Some(row.bytes) && limit.method.is_some() => {
            "the tables above show what grew; to accept that, raise the limit".to_owned()
        }
        Some(_) if row.baseline < Some(row.bytes) => format!(
            "the tables above show what grew; to accept that, raise the limit or save the new size: `{}`",
            save_command(asked)
        ),
        _ => format!("to see where its bytes come from, run `{}`", bloat_command(row, asked)),
    }
}

/// What people type to take the program apart that was judged.
fn bloat_command(row: &Row, asked: &options::Subject) -> String {
    let Row { bin, profile, is_one_of_several, .. } = row;
    let bin = if *is_one_of_several { format!(" --bin {bin}") } else { String::new() };
    format!("{} bloat{}{bin} --profile {profile}", caller::name(), same_build(asked))
}

/// The words of a command line that mean the same build as this one's: its crate, target, and features. A program or a
/// library is named by the budget itself.
fn same_build(asked: &options::Subject) -> String {
    let options::Subject {
        program: _,
        manifest_path,
        package: _,
        bin: _,
        lib: _,
        crate_type: _,
        example: _,
        test: _,
        bench: _,
        target,
        features,
        no_default_features,
        all_features,
        alone: _,
        own_toolchain: _,
        is_copy: _,
    } = asked;
    let manifest = manifest_path.as_ref().map(|manifest| manifest.to_string_lossy().into_owned());
    let values = [("--manifest-path", manifest.as_slice()), ("--target", target.as_slice()), ("--features", features)];
    let values = values.iter().flat_map(|(option, values)| values.iter().map(move |value| (option, value)));
    let mut words: String = values.map(|(option, value)| format!(" {option} {}", typed(value))).collect();
    for (flag, is_on) in [("--no-default-features", no_default_features), ("--all-features", all_features)] {
        words += &if *is_on { format!(" {flag}") } else { String::new() };
    }
    words
}

/// A word as it is typed in a shell.
fn typed(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./,:+=@\\".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What people type to save a measurement.
fn save_command(asked: &options::Subject) -> String {
    let (caller, build) = (caller::name(), same_build(asked));
    if caller::is_workshop() {
        format!("{caller} sizes{build} --budget --save")
    } else {
        format!("{caller} budget{build} --save")
    }
}

fn read(given: &Path) -> Result<Source> {
    let file = subject::manifest_file(given)?;
    let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
    Ok(Source { file, text: text.into() })
}

/// Builds the program of a budget, and takes it apart.
fn build(
    workshop: &Workshop,
    budget: &Budget,
    source: &Source,
    options: &options::Sizes,
) -> Result<(Subject, Measured)> {
    let subject = options::Subject {
        program: Vec::new(),
        manifest_path: Some(source.file.clone()),
        package: None,
        bin: budget.bin.iter().map(|bin| bin.get_ref().clone()).collect(),
        lib: false,
        example: Vec::new(),
        test: Vec::new(),
        bench: Vec::new(),
        ..options.subject.clone()
    };
    let subject = Subject::foreign(workshop, &source.file, &subject, None);
    let subject = subject.map_err(|error| at_bin(budget, source, error))?;
    let program = only(&subject)?;
    let profile = budget.profile().to_owned();
    let (file, bytes) = anatomy::file_built(&subject, program, &subject::own(&profile))
        .map_err(|error| at_profile(budget, source, error))?;
    let downloads = budget.download_limits().into_iter().map(|(method, _)| Ok((method, method.required(&file)?)));
    let downloads = downloads.collect::<Result<_>>()?;
    let bin = program.name.clone();
    let toolchain = subject.release.clone().context("can't determine the release of rustc")?;
    let measured = Measured { bin, profile, target: subject.built_for().to_owned(), toolchain, bytes, downloads };
    Ok((subject, measured))
}

/// The program of a subject that was chosen by its budget.
fn only(subject: &Subject) -> Result<&Program> {
    subject.programs.first().context("a budget is about one program")
}

/// Points at the `bin` that does not exist, or says that one is needed.
fn at_bin(budget: &Budget, source: &Source, error: anyhow::Error) -> anyhow::Error {
    let Some(failure) = error.downcast_ref::<Failure>() else { return error };
    if failure.kind != Kind::WhichBinary {
        return error;
    }
    match &budget.bin {
        Some(bin) => {
            let message = failure.message.lines().next().unwrap_or_default();
            diagnostic::in_file(&source.file, &source.text, bin.span(), message, "", failure.help.as_deref()).into()
        }
        None => Failure::new(Exit::Usage, failure.message.clone())
            .file(diagnostic::shown(&source.file))
            .help("a budget is about one program: add `bin = \"NAME\"` to [package.metadata.size-budget], and a budget for each")
            .into(),
    }
}

/// Points at the profile that Cargo does not know.
fn at_profile(budget: &Budget, source: &Source, error: anyhow::Error) -> anyhow::Error {
    let is_unknown = |failure: &Failure| cargo::is_about_profile(&failure.message, budget.profile());
    let is_unknown = error.downcast_ref::<Failure>().is_some_and(is_unknown);
    match budget.profile_range().filter(|_| is_unknown) {
        Some(range) => {
            let name = budget.profile();
            let help =
                format!("add [profile.{name}] to the manifest of the workspace's root, or name one that is there");
            let message = format!("there is no profile `{name}`");
            diagnostic::in_file(&source.file, &source.text, range, &message, "Cargo knows no such profile", Some(&help))
                .into()
        }
        None => error,
    }
}

/// The file from the root of the repository, as far as GitHub Actions says where that is.
fn in_repository(file: &Path) -> PathBuf {
    let real = |path: &Path| path.canonicalize().ok();
    let root = std::env::var_os("GITHUB_WORKSPACE").and_then(|root| real(Path::new(&root)));
    let below = real(file).zip(root).and_then(|(file, root)| Some(file.strip_prefix(root).ok()?.to_owned()));
    below.unwrap_or_else(|| diagnostic::shown(file))
}

/// The file as it would be typed.
fn shown(file: &Path) -> String {
    diagnostic::shown(file).display().to_string()
}

/// A baseline, if there is one.
fn load(file: &Path) -> Result<Option<Baseline>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", file.display())),
    };
    Baseline::parse(&text).map(Some).map_err(|Damaged { what, place }| {
        let mut failure = Failure::new(Exit::Usage, format!("the baseline is damaged: {what}"))
            .help(match caller::is_workshop() {
                true => "restore it from git, or remove it and measure again with `--budget --save`".to_owned(),
                false => format!(
                    "restore it from git, or remove it and measure again with `{} budget --save`",
                    caller::name()
                ),
            })
            .file(diagnostic::shown(file));
        if let (Some(found), Some((line, column))) = (&mut failure.place, place) {
            (found.line, found.column) = (Some(line), Some(column));
        }
        failure.into()
    })
}

impl Measured {
    /// What a baseline has of this program.
    fn find<'a>(&self, baseline: &'a Baseline) -> Option<&'a Entry> {
        baseline.find(&self.bin, &self.profile, &self.target)
    }
}

/// Puts a program into a baseline, in place of what was there for it. Those of other targets stay.
fn keep(slot: &mut Option<Baseline>, measured: &Measured, parts: Parts) {
    let Measured { bin, profile, target, toolchain, .. } = measured;
    let (bin, profile) = (bin.clone(), profile.clone());
    let (target, toolchain) = (target.clone(), toolchain.clone());
    slot.get_or_insert_with(Baseline::empty).keep(Entry { bin, profile, target, toolchain, parts });
}

fn no_baseline(
    budget: &Budget,
    source: &Source,
    file: &Path,
    asked: &options::Subject,
    measured: Option<&Measured>,
) -> Failure {
    let what = match measured {
        None => format!("there is no baseline {}", shown(file)),
        Some(Measured { bin, profile, target, .. }) => {
            format!("{} has no measurement of {bin} with [profile.{profile}] on {target}", shown(file))
        }
    };
    let help = format!("to save one, run `{}`, then commit that file", save_command(asked));
    let range = budget.max_growth.as_ref().map(toml::Spanned::span).unwrap_or_default();
    let message = format!("{what}, so growth can't be measured");
    diagnostic::in_file(&source.file, &source.text, range, &message, "no baseline to compare with", Some(&help))
}

fn row(budget: &Budget, source: &Source, measured: Measured, entry: Option<&Entry>, parts: Option<&Parts>) -> Row {
    let Measured { bin, profile, bytes, downloads, .. } = measured;
    let baseline = entry.map(|entry| entry.parts.bytes);
    let limit_row = |method, bytes, limit: Limit| {
        let (line, column) = diagnostic::line_and_column(&source.text, limit.range.start);
        let written = source.text.get(limit.range.clone()).unwrap_or_default();
        LimitRow {
            key: limit.key,
            written: written.trim_matches(['"', '\'']).to_owned(),
            source: written.to_owned(),
            method,
            bytes,
            allowed: limit.allowed,
            met: limit.holds(bytes),
            line,
            column,
            range: limit.range,
        }
    };
    let of_file = budget.limits(baseline).into_iter().map(|limit| limit_row(None, bytes, limit));
    let of_downloads = budget.download_limits().into_iter().zip(downloads);
    let of_downloads = of_downloads.map(|((method, limit), (_, bytes))| limit_row(Some(method), bytes, limit));
    let limits = of_file.chain(of_downloads);
    let movers = entry
        .zip(parts)
        .filter(|(entry, _)| entry.parts.bytes != bytes)
        .map(|(entry, parts)| delta::between(("baseline", &entry.parts), ("now", parts)));
    Row { bin, profile, is_one_of_several: budget.bin.is_some(), bytes, baseline, limits: limits.collect(), movers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_means_the_build_that_was_judged() {
        let row = Row {
            bin: "tool".to_owned(),
            profile: "dist".to_owned(),
            is_one_of_several: true,
            bytes: 1,
            baseline: None,
            limits: Vec::new(),
            movers: None,
        };
        let asked = options::Subject {
            manifest_path: Some("my crate/Cargo.toml".into()),
            target: Some("x86_64-unknown-linux-musl".to_owned()),
            features: vec!["a,b".to_owned(), "it's".to_owned()],
            no_default_features: true,
            ..options::Subject::default()
        };
        let caller = caller::name();
        assert_eq!(
            bloat_command(&row, &asked),
            format!(
                "{caller} bloat --manifest-path 'my crate/Cargo.toml' --target x86_64-unknown-linux-musl --features a,b --features 'it'\\''s' --no-default-features --bin tool --profile dist"
            )
        );
        let plain = Row { is_one_of_several: false, ..row };
        assert_eq!(bloat_command(&plain, &options::Subject::default()), format!("{caller} bloat --profile dist"));
    }
}
