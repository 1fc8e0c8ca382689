//! What each feature of a crate costs, and each dependency's default features: taken out by itself, one build each. What doesn't
//! build without is a row with its reason.

mod singles;

use super::chosen::{self, Change, Chosen, Declared};
use super::{NO_COUNTER, workload};
use crate::builds::counter::Workload;
use crate::builds::tree::Edit;
use crate::builds::{Bench, Fact, Outcome, Variant, reason, without_features};
use crate::cargo::{Compiled, Metadata, Package};
use crate::inspect;
use crate::options::{self, PlainFormat};
use crate::report::features as report;
use crate::subject::{Program, Subject};
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure, failure_of};
use base::output;
use base::store;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A program with all of its features, and without each. All sizes in bytes.
#[derive(Clone, Debug)]
pub struct Features {
    /// The program.
    pub program: String,
    /// The profile that everything is built with.
    pub profile: String,
    /// The features that are on, in order.
    pub on: Vec<String>,
    /// The features that are off.
    pub off: Vec<String>,
    /// What was measured with these.
    pub base: Fact,
    /// The arguments of the run whose instructions are counted.
    pub workload: Option<String>,
    /// What was put in or taken out; what saves most comes first.
    pub rows: Vec<Row>,
}

/// What is put in or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A feature of the crate that is on, taken out.
    Without,
    /// A feature of the crate that is off, put in.
    With,
    /// The default features of a dependency, taken out.
    Defaults,
    /// One of them, where the program doesn't build without all of them.
    Default,
}

/// One build.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is different in it.
    pub what: What,
    /// The feature, or the dependency as the manifest calls it; `dependency/feature` for one of its default features.
    pub name: String,
    /// The features that come or go with it.
    pub also: Vec<String>,
    /// What was measured, or in one line why it doesn't build.
    pub outcome: Result<Fact, String>,
    /// A different package keeps the dependency's default features on: nothing has changed.
    pub kept_on: bool,
}

/// Runs `cargo xtask what-if --features`.
///
/// # Errors
/// When the crate doesn't build as it is, or nothing can be taken out of it.
pub(super) fn run(options: &options::WhatIf) -> Result<Exit> {
    let options::WhatIf { profile, quick, each_feature: _, run, jobs, format, subject: asked } = options;
    if *quick {
        bail!(
            Failure::new(Exit::Usage, "--quick applies to settings, but --features without a value measures features")
                .help("remove one of them: each feature already takes only one build")
        );
    }
    let workshop = Workshop::of(asked)?;
    let mut subject = Subject::find(&workshop, asked, None)?;
    let profile = subject.resolve(profile.as_deref(), "profile")?;
    let metadata = subject.cargo.metadata(subject.manifest.as_deref())?;
    let package = package(&metadata, inspect::only(&subject)?)?;
    let declared = Declared(&package.features);
    let mut chosen = declared.chosen(&asked.features, asked.no_default_features, asked.all_features);
    let work = workload(&subject, inspect::only(&subject)?, run.as_deref())?;
    let base = subject.cargo_profile(&profile).into_owned();
    let refused = if asked.all_features { refused(&subject, &base)? } else { None };
    let puts_in = refused.is_some();
    if let Some(reason) = refused {
        output::note(&format!(
            "with all features at once it doesn't build ({reason}): each feature that is off by default is added on its own"
        ));
        chosen = declared.chosen(&asked.features, asked.no_default_features, false);
        subject.extra = [without_features(&subject.extra), chosen::arguments(declared, &chosen)].concat();
    }
    let program = inspect::only(&subject)?;
    let bench = Bench::open(&subject, program, &base, work.clone())?;
    if run.is_some() && !bench.counts() {
        output::note(NO_COUNTER);
    }
    let mut changes = features(declared, &chosen, puts_in);
    changes.extend(defaults(&metadata, package, bench.packages()));
    if changes.is_empty() {
        let message = format!("{} has no feature that is on, and no dependency with default features", package.name);
        bail!(Failure::new(Exit::Usage, message).help("--all-features also tries those that are off by default"));
    }
    let inputs = inputs(&metadata)?;
    let variant = |change: &Planned| change.variant(declared, &inputs);
    let (changes, outcomes) = measure(&subject, &bench, changes, &variant, jobs.map(usize::from))?;
    let on = declared.on(&chosen);
    let off = package.features.keys().filter(|name| *name != "default" && !on.contains(*name)).cloned().collect();
    let found = Features {
        program: program.name.clone(),
        profile: subject.shown(&profile).to_owned(),
        on: on.into_iter().collect(),
        off,
        base: bench.base()?,
        workload: work.as_ref().map(Workload::line).transpose()?,
        rows: rows(changes, outcomes, &bench.base()?),
    };
    output::data(&match format {
        PlainFormat::Text => report::text(&found, output::width()),
        PlainFormat::Json => report::json(&found)?,
    })?;
    Ok(Exit::Met)
}

/// Builds all changes; and where a program needs some of a dependency's default features, each of these by itself.
fn measure(
    subject: &Subject,
    bench: &Bench<'_>,
    mut changes: Vec<Planned>,
    variant: &dyn Fn(&Planned) -> Variant,
    jobs: Option<usize>,
) -> Result<(Vec<Planned>, Vec<Outcome>)> {
    let measured = |changes: &[Planned]| bench.measure(&changes.iter().map(variant).collect::<Vec<_>>(), jobs);
    let mut outcomes = measured(&changes)?;
    let singles = singles::of(subject, &changes, &outcomes, bench.packages())?;
    outcomes.extend(measured(&singles)?);
    changes.extend(singles);
    Ok((changes, outcomes))
}

/// Why the program doesn't build as it is asked for, in one line.
///
/// # Errors
/// When that has nothing to do with its features.
fn refused(subject: &Subject, base: &str) -> Result<Option<String>> {
    let Err(error) = Bench::open(subject, inspect::only(subject)?, base, None) else { return Ok(None) };
    let failure = failure_of(&error);
    match failure.exit {
        Exit::Environment => Err(error),
        _ => Ok(Some(reason(&failure.message))),
    }
}

/// What is to be built.
struct Planned {
    what: What,
    name: String,
    /// The choice of features, where it is one of this package.
    change: Option<Change>,
    edit: Option<Edit>,
    /// The name of the dependency's package.
    package: String,
    /// The feature of the dependency; `default` means all default features.
    feature: String,
}

impl Planned {
    fn variant(&self, declared: Declared<'_>, inputs: &str) -> Variant {
        let name = match self.what {
            What::Without => format!("without {}", self.name),
            What::With => format!("with {}", self.name),
            What::Defaults => format!("without the default features of {}", self.name),
            What::Default => format!("without the default feature {}", self.name),
        };
        let features = self.change.as_ref().map(|change| chosen::arguments(declared, &change.chosen));
        Variant { name, features, edit: self.edit.clone(), inputs: inputs.to_owned(), ..Variant::default() }
    }
}

/// Each feature that is on, taken out; and each one that is off, put in, if that is asked for.
fn features(declared: Declared<'_>, chosen: &Chosen, puts_in: bool) -> Vec<Planned> {
    let on = declared.on(chosen);
    let planned = |what, name: &str, change| Planned {
        what,
        name: name.to_owned(),
        change: Some(change),
        edit: None,
        package: String::new(),
        feature: String::new(),
    };
    let out = on.iter().map(|name| planned(What::Without, name, declared.without(chosen, name)));
    let off = declared.0.keys().filter(|name| puts_in && *name != "default" && !on.contains(*name));
    out.chain(off.map(|name| planned(What::With, name, declared.with(chosen, name)))).collect()
}

/// The default features of each dependency that has some, and has them on.
fn defaults(metadata: &Metadata, package: &Package, compiled: &[Compiled]) -> Vec<Planned> {
    let mut found: Vec<Planned> = Vec::new();
    for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.is_none()) {
        let name = dependency.rename.as_ref().unwrap_or(&dependency.name);
        let is_on = dependency.uses_default_features && has_feature(compiled, &dependency.name, "default");
        if is_on && found.iter().all(|planned| planned.name != *name) {
            let edit = Edit {
                root: metadata.workspace_root.clone(),
                manifests: metadata.packages.iter().map(|package| package.manifest_path.clone()).collect(),
                manifest: package.manifest_path.clone(),
                package: package.name.clone(),
                dependency: name.clone(),
                kept: Vec::new(),
            };
            found.push(Planned {
                what: What::Defaults,
                name: name.clone(),
                change: None,
                edit: Some(edit),
                package: dependency.name.clone(),
                feature: "default".to_owned(),
            });
        }
    }
    found
}

fn has_feature(compiled: &[Compiled], package: &str, feature: &str) -> bool {
    compiled.iter().any(|unit| unit.name == package && unit.features.iter().any(|on| on == feature))
}

fn rows(planned: Vec<Planned>, outcomes: Vec<Outcome>, base: &Fact) -> Vec<Row> {
    let row = |(planned, outcome): (Planned, Outcome)| {
        let Planned { what, name, change, edit, package, feature } = planned;
        let outcome = outcome.map_err(|refused| refused.reason);
        let is_same = |fact: &Fact| fact.bytes == base.bytes && has_feature(&fact.packages, &package, &feature);
        let kept_on = edit.is_some() && outcome.as_ref().is_ok_and(is_same);
        Row { what, name, also: change.map(|change| change.also).unwrap_or_default(), outcome, kept_on }
    };
    let mut rows: Vec<Row> = planned.into_iter().zip(outcomes).map(row).collect();
    rows.sort_by_key(|row| row.outcome.as_ref().map_or(u64::MAX, |fact| fact.bytes));
    rows
}

/// The package of a program.
fn package<'a>(metadata: &'a Metadata, program: &Program) -> Result<&'a Package> {
    metadata
        .packages
        .iter()
        .find(|package| package.id == program.package || package.name == program.package)
        .context("the program has a package")
}

/// A digest of every file of the workspace's packages, what was built left out: a module that only some features have isn't part
/// of the base build, and Cargo doesn't notice that it has changed.
fn inputs(metadata: &Metadata) -> Result<String> {
    let mut folders: Vec<&Path> =
        metadata.packages.iter().filter_map(|package| package.manifest_path.parent()).collect();
    folders.push(&metadata.workspace_root);
    let dependencies = metadata.packages.iter().flat_map(|package| &package.dependencies);
    folders.extend(dependencies.filter_map(|dependency| dependency.path.as_deref()));
    folders.sort_unstable();
    let mut seen: Vec<&Path> = Vec::new();
    let mut stamps = Vec::new();
    for folder in folders {
        if !seen.iter().any(|above| folder.starts_with(above)) {
            seen.push(folder);
            stamp(folder, &metadata.target_directory, &mut stamps)?;
        }
    }
    Ok(store::digest(&stamps.iter().map(Vec::as_slice).collect::<Vec<_>>()))
}

/// Path, length, and time of each file below a folder.
fn stamp(folder: &Path, built: &Path, stamps: &mut Vec<Vec<u8>>) -> Result<()> {
    let failed = || format!("can't read {}", folder.display());
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).with_context(failed)? {
        let entry = entry.with_context(failed)?;
        let name: OsString = entry.file_name();
        let is_passed_over = name.as_encoded_bytes().starts_with(b".") || name == "target" || entry.path() == built;
        if !is_passed_over {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    for path in paths {
        // A link that leads nowhere is nothing that can be read.
        let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            stamp(&path, built, stamps)?;
            continue;
        }
        let time = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        stamps.push(format!("{} {} {time:?}", path.display(), metadata.len()).into_bytes());
    }
    Ok(())
}
