//! The main job: build each profile, check what each program does, measure, show the sizes beside the committed ones.

pub(crate) mod budget;
pub mod measured;
mod own;
mod workers;

use crate::committed::{self, Measurement, Verdict};
use crate::compressed;
use crate::measure::{self, Limits};
use crate::options::{self, Format};
use crate::rebuilt;
use crate::report;
use crate::subject::runner::Runner;
use crate::subject::{Expectation, Key, Subject};
use crate::workshop::{Table, Workshop, nearest};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::output;
use measured::{Report, Row, Skipped};
use std::path::Path;
use std::time::Duration;
use workers::{Built, How, Results};

/// Runs `cargo xtask sizes`.
///
/// # Errors
/// When something could not be built or measured; what is not as it should be is an exit code.
pub fn run(options: &options::Sizes) -> Result<Exit> {
    let workshop = Workshop::of(&options.subject)?;
    if options.budget {
        return budget::run(&workshop, options);
    }
    let Some(format) = options.format.of_tables() else {
        bail!(
            Failure::new(Exit::Usage, "--format github reports exceeded budgets, so it works only with --budget")
                .help("add --budget; `--format markdown` prints the tables for GitHub")
        )
    };
    let limits = Limits {
        time: Duration::from_secs(options.run_seconds.unwrap_or(workshop.sizes.run_seconds)),
        output: workshop.sizes.output_bytes,
    };
    let subject = Subject::find(&workshop, &options.subject, options.run.as_deref())?;
    own::tell_overrides(&subject);
    let tables = with_source(&subject, choose_tables(&workshop, options)?, &options.table)?;
    compressed::look_for_programs(options.compressed)?;
    if options.accept {
        committed::check_writable(&workshop.root)?;
    }
    let how = How { limits, compressed: options.compressed };
    let results = workers::build_all(&subject, &tables, options.jobs.map(usize::from), how)?;
    let problems = wrong_outputs(&subject, &tables, &results, limits);
    let identity = Identity::of(&subject, &results)?;
    let committed = match options.subject.is_foreign() {
        false => committed::load(&workshop.root, &identity.target, &identity.toolchain)?,
        true => None,
    };
    let mut report = make_report(&subject, &tables, &results, &identity, committed.as_ref(), limits);
    report.burdens = own::burdens(&subject, &results)?;
    let check = match (options.check, &committed) {
        (false, _) => None,
        (true, None) => bail!(nothing_to_compare(&identity, &workshop.root)),
        (true, Some(committed)) => Some(compare(&workshop, &tables, &results, &identity, committed)?),
    };
    print(&report, format, check.as_deref(), &problems)?;

    own::tell_burdens(&report.burdens);
    if subject.foreign && format == Format::Text {
        output::message(&own::recipe(&subject));
    }
    problems.iter().for_each(|problem| output::not_met(problem));
    if options.accept && problems.is_empty() && report.skipped.is_empty() {
        accept(&workshop, &results, &identity)?;
    }
    if let Some(differences) = &check {
        // rustc writes the paths of that source into programs where it would write names that are the same everywhere.
        if !differences.is_empty() && rebuilt::has_source(&subject.cargo)? {
            output::note(SOURCE_IS_THERE);
        }
        say_verdict(differences, &workshop, &results, &identity, committed.as_ref())?;
    }
    Ok(if !problems.is_empty() || check.is_some_and(|differences| !differences.is_empty()) {
        Exit::NotMet
    } else if !report.skipped.is_empty() && !cfg!(windows) {
        // `strip` isn't a Windows tool: there is nothing to install.
        Exit::Environment
    } else {
        Exit::Met
    })
}

/// What the sizes depend on besides the sources.
struct Identity {
    toolchain: String,
    target: String,
    compiler: Option<String>,
    linker: Option<String>,
    jobs: usize,
}

impl Identity {
    /// Asks the executables first: they cannot be wrong about who made them.
    fn of(subject: &Subject, results: &Results) -> Result<Self> {
        let built: Vec<&Built> = results.built.values().collect();
        let compiler = built.iter().find_map(|built| built.binary.compiler.clone());
        let linker = built.iter().find_map(|built| built.binary.linker.clone());
        let version = match &compiler {
            Some(compiler) => compiler.split(' ').nth(2),
            None => subject.release.as_deref(),
        };
        let toolchain = version.context("can't determine the release of rustc")?.to_owned();
        if !subject.foreign && compiler.is_some() && subject.release.as_deref() != Some(&toolchain) {
            let asked = subject.release.as_deref().unwrap_or("unknown");
            let message = format!("`rustc -vV` is release {asked}, but the programs were compiled by {toolchain}");
            bail!(
                Failure::new(Exit::Environment, message).help("look for `build.rustc` in Cargo's configuration files")
            );
        }
        Ok(Self {
            toolchain,
            target: results.target.clone().unwrap_or_else(|| subject.host.clone()),
            compiler,
            linker,
            jobs: results.jobs,
        })
    }
}

fn choose_tables<'a>(workshop: &'a Workshop, options: &options::Sizes) -> Result<Vec<&'a Table>> {
    let tables = &workshop.sizes.tables;
    let all = options.accept || options.table.iter().any(|name| name == "all");
    let mut chosen = Vec::new();
    for name in options.table.iter().filter(|name| *name != "all") {
        let Some(table) = tables.iter().find(|table| table.name.as_ref() == name) else {
            let names: Vec<&str> = tables.iter().map(|table| table.name.as_ref().as_str()).collect();
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the tables are {}, and `all`", names.join(", ")),
            };
            bail!(Failure::new(Exit::Usage, format!("there is no table `{name}`")).help(help));
        };
        if !chosen.iter().any(|other: &&Table| other.name.as_ref() == name) {
            chosen.push(table);
        }
    }
    if all {
        return Ok(tables.iter().collect());
    }
    if chosen.is_empty() {
        // A foreign crate gets the tables that make sense for any crate.
        let fits = |table: &&Table| table.default && (!options.subject.is_foreign() || table.programs.is_empty());
        chosen = tables.iter().filter(fits).collect();
    }
    Ok(chosen)
}

/// The tables without those that rebuild std, where that can't be done here: a table that was asked for by name is refused.
fn with_source<'a>(subject: &Subject, mut tables: Vec<&'a Table>, named: &[String]) -> Result<Vec<&'a Table>> {
    if !tables.iter().any(|table| table.rebuilds_std()) {
        return Ok(tables);
    }
    let Err(failure) = rebuilt::must_have_source(&subject.cargo) else { return Ok(tables) };
    for table in tables.extract_if(.., |table| table.rebuilds_std()) {
        let name = table.name.as_ref();
        if named.contains(name) {
            return Err(failure);
        }
        output::note(&format!(
            "skipping the table `{name}`: {failure}; to see what to install, run with `--table {name}`"
        ));
    }
    Ok(tables)
}

/// A sentence (and a picture) for each program that did not do its work.
fn wrong_outputs(subject: &Subject, tables: &[&Table], results: &Results, limits: Limits) -> Vec<String> {
    let mut problems = Vec::new();
    for (key, built) in &results.built {
        let (expected, commands) = expected_runs(subject, tables, results, &key.program);
        for (index, (expected, got)) in expected.iter().zip(&built.runs).enumerate() {
            if let Some(difference) = measure::difference(expected, got, limits) {
                let Key { program, profile, strip_command, std } = key;
                let after = if *strip_command { ", after `strip`," } else { "" };
                let with = std.map(|std| format!(" (std: {})", std.name())).unwrap_or_default();
                let command = commands
                    .get(index)
                    .map(|args| args.iter().map(|arg| format!(" {arg:?}")).collect::<String>())
                    .unwrap_or_default();
                problems.push(format!(
                    "{program} built with the profile `{profile}`{with}{after} doesn't behave as expected; to see it yourself, run\n  {}{command}\n{difference}",
                    built.path.display()
                ));
            }
        }
    }
    problems
}

/// What the runs of a program must be, and their arguments.
fn expected_runs(
    subject: &Subject,
    tables: &[&Table],
    results: &Results,
    program: &str,
) -> (Vec<measure::Run>, Vec<Vec<String>>) {
    let Some(found) = subject.programs.iter().find(|candidate| candidate.name == program) else {
        return Default::default();
    };
    match &found.expectation {
        _ if subject.runner == Runner::Nothing => Default::default(),
        Expectation::Cases(cases) => {
            (cases.iter().map(measure::Run::expected).collect(), cases.iter().map(|case| case.args.clone()).collect())
        }
        Expectation::SameAsFirst(args) => {
            let first = tables.iter().find_map(|table| table.rows.first()).map(|row| row.profile.as_ref().clone());
            let key =
                first.map(|profile| Key { program: program.to_owned(), profile, strip_command: false, std: None });
            (
                key.and_then(|key| results.built.get(&key)).map(|built| built.runs.clone()).unwrap_or_default(),
                vec![args.clone()],
            )
        }
        Expectation::NotChecked => Default::default(),
    }
}

fn make_report(
    subject: &Subject,
    tables: &[&Table],
    results: &Results,
    identity: &Identity,
    committed: Option<&Measurement>,
    limits: Limits,
) -> Report {
    let mut made = Vec::new();
    let mut skipped = Vec::new();
    for table in tables {
        for program in subject.programs.iter().filter(|program| subject.foreign || table.is_for(&program.name)) {
            let (expected, _) = expected_runs(subject, tables, results, &program.name);
            let mut rows = Vec::new();
            for (key, label) in subject.rows(table, &program.name) {
                let Some(built) = results.built.get(&key) else {
                    skipped.push(Skipped {
                        table: table.name.as_ref().clone(),
                        program: program.name.clone(),
                        label,
                        reason: "there is no `strip` command here; it is part of binutils (Debian, Ubuntu: `apt install binutils`)".to_owned(),
                    });
                    continue;
                };
                let right = expected
                    .iter()
                    .zip(&built.runs)
                    .all(|(expected, got)| measure::difference(expected, got, limits).is_none());
                rows.push(Row {
                    committed: committed
                        .and_then(|committed| {
                            committed.find_with(&key.program, &key.profile, key.strip_command, key.std)
                        })
                        .map(|build| build.bytes),
                    profile: key.profile,
                    label,
                    bytes: built.binary.bytes,
                    output_ok: (!expected.is_empty()).then_some(right),
                    seconds: if key.strip_command { None } else { built.seconds },
                    sections: built.binary.sections.clone(),
                    compressed: built.compressed,
                });
            }
            made.push(measured::Table {
                name: table.name.as_ref().clone(),
                caption: table.caption.clone(),
                program: program.name.clone(),
                rows,
            });
        }
    }
    Report {
        toolchain: identity.toolchain.clone(),
        target: identity.target.clone(),
        linker: identity.linker.clone(),
        jobs: identity.jobs,
        has_committed: (!subject.foreign).then_some(committed.is_some()),
        tables: made,
        skipped,
        burdens: Vec::new(),
    }
}

fn print(report: &Report, format: Format, check: Option<&[String]>, problems: &[String]) -> Result<()> {
    let text = match format {
        Format::Text => report::text::sizes(report, output::width(), console::colors_enabled()),
        Format::Markdown => report::markdown::sizes(report),
        Format::Csv => report::csv::sizes(report)?,
        Format::Json => report::json::sizes(report, problems, check)?,
    };
    output::data(&text)
}

/// The builds as they would be committed.
fn builds<'a>(workshop: &'a Workshop, results: &'a Results) -> impl Iterator<Item = committed::Build> + 'a {
    results.built.iter().map(|(key, built)| committed::Build {
        program: key.program.clone(),
        profile: key.profile.clone(),
        strip_command: key.strip_command,
        std: key.std,
        settings: workshop.profiles.settings(&key.profile),
        bytes: built.binary.bytes,
        sections: built.binary.sections.clone(),
    })
}

fn accept(workshop: &Workshop, results: &Results, identity: &Identity) -> Result<()> {
    let lock = committed::lock(workshop)?;
    let Identity { toolchain, target, compiler, linker, jobs: _ } = identity;
    let mut measurement = Measurement::new(toolchain, target, compiler.clone(), linker.clone(), lock);
    measurement.builds.extend(builds(workshop, results));
    let path = measurement.save(&workshop.root)?;
    let path = base::diagnostic::shown(&path);
    output::note(&format!(
        "wrote {} ({} builds); `cargo xtask docs` updates README.md and docs/",
        path.display(),
        measurement.builds.len()
    ));
    Ok(())
}

/// A sentence for each build that is not as committed.
fn compare(
    workshop: &Workshop,
    tables: &[&Table],
    results: &Results,
    identity: &Identity,
    committed: &Measurement,
) -> Result<Vec<String>> {
    let mut differences = Vec::new();
    for build in builds(workshop, results) {
        if let Verdict::Differs(how) = committed::compare(&build, committed, &workshop.profiles) {
            let rows = tables.iter().filter(|table| table.is_for(&build.program)).filter_map(|table| {
                let row = table.rows.iter().find(|row| {
                    *row.profile.as_ref() == build.profile
                        && (row.strip_command, row.std) == (build.strip_command, build.std)
                })?;
                Some(format!("{}: {}", table.name.as_ref(), row.label))
            });
            let rows = rows.collect::<Vec<_>>().join("; ");
            let after = if build.strip_command { " and `strip`" } else { "" };
            differences.push(format!("{}, profile `{}`{after} ({rows}): {how}", build.program, build.profile));
        }
    }
    if !differences.is_empty() {
        let lock = committed::lock(workshop)?;
        committed
            .changes_since(identity.compiler.as_deref(), identity.linker.as_deref(), &lock)
            .iter()
            .for_each(|change| output::note(change));
    }
    Ok(differences)
}

/// Why sizes may differ where std's source is installed. Seen with rustc 1.95.0: up to 1,300 bytes in the programs of the exercises.
const SOURCE_IS_THERE: &str = "the source of std (rust-src) is installed here, so programs contain the full paths of its files instead of shorter names, which adds up to about 1,300 bytes; to remove it, run `rustup component remove rust-src`";

fn say_verdict(
    differences: &[String],
    workshop: &Workshop,
    results: &Results,
    identity: &Identity,
    committed: Option<&Measurement>,
) -> Result<()> {
    differences.iter().for_each(|difference| output::not_met(difference));
    let path = committed::path(&workshop.root, &identity.target, &identity.toolchain);
    let path = base::diagnostic::shown(&path);
    if differences.is_empty() {
        let dev = builds(workshop, results)
            .filter(|build| {
                committed.is_some_and(|committed| {
                    committed::compare(build, committed, &workshop.profiles) == Verdict::NotCompared
                })
            })
            .count();
        let compared = results.built.len() - dev;
        let shown = if dev == 0 {
            String::new()
        } else {
            format!("; {dev} debug builds weren't compared, because their size depends on the checkout's path")
        };
        output::note(&format!("{compared} builds match {} (to 0.1 %){shown}", path.display()));
    } else {
        let count = differences.len();
        output::message(&format!(
            "{count} of {} builds don't match {}; if that is intended, `cargo xtask sizes --accept` replaces it",
            results.built.len(),
            path.display()
        ));
    }
    Ok(())
}

fn nothing_to_compare(identity: &Identity, root: &Path) -> Failure {
    let Identity { toolchain, target, .. } = identity;
    Failure::new(
        Exit::NotMet,
        format!(
            "there is no committed measurement for rustc {toolchain} on {target}, so there is nothing to compare with"
        ),
    )
    .help(match committed::releases(root, target).as_slice() {
        [] => "`cargo xtask sizes --accept` writes one".to_owned(),
        there => format!(
            "for this target, there's only one from rustc {}; to record one for this compiler, run `cargo xtask sizes --accept`",
            there.join(" and ")
        ),
    })
}
