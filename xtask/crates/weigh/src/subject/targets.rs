//! Which target of a crate is measured, and for which machine it is built: as Cargo's own options say it, with Cargo's defaults.
//! What can't be measured is named with what can.

use super::{Expectation, Program, split_words};
use crate::cargo::configuration::{self, Setting};
use crate::cargo::target::Target as Standard;
use crate::cargo::{Cargo, Form, Kind, Metadata, Package, Target, Wanted};
use crate::options;
use crate::workshop::nearest;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure, Kind as Problem};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

/// What was chosen.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// The package of the first one.
    pub package: &'a Package,
    /// What is measured, each with its package.
    pub targets: Vec<(&'a Package, Wanted)>,
    /// What the user should know about it.
    pub notes: Vec<String>,
}

/// A target of a package.
type Candidate<'a> = (&'a Package, &'a Target);

fn usage(message: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, message.into()).help(help.into())
}

/// The targets that are meant: those that are named, else what `cargo run` would run, else the one library that is a file.
///
/// # Errors
/// When there is no such target, when it can't be measured, or when several are possible.
pub(super) fn choose<'a>(metadata: &'a Metadata, manifest: &Path, options: &options::Subject) -> Result<Choice<'a>> {
    let packages = packages(metadata, manifest, options)?;
    let mut notes = Vec::new();
    let mut targets: Vec<(&Package, Wanted)> = Vec::new();
    let lists = [
        (Kind::Bin, &options.bin),
        (Kind::Example, &options.example),
        (Kind::Test, &options.test),
        (Kind::Bench, &options.bench),
    ];
    let named = lists.iter().flat_map(|(kind, names)| names.iter().map(|name| (*kind, name.as_str())));
    let mut found: Vec<Candidate<'_>> = Vec::new();
    for (kind, name) in named {
        found.push(of_name(&packages, kind, name)?);
    }
    // A form is one of the library's, unless it is an example's.
    if options.lib || (options.crate_type.is_some() && options.example.is_empty()) {
        found.push(library(&packages)?);
    }
    if found.is_empty() {
        found.push(by_default(&packages, options, &mut notes)?);
    }
    for (package, target) in found {
        let missing = missing_features(package, target, options);
        if !missing.is_empty() {
            bail!(needs_features(target, &missing));
        }
        let wanted = (package, form(package, target, options, &mut notes)?);
        if !targets.iter().any(|(package, target)| package.id == wanted.0.id && *target == wanted.1) {
            targets.push(wanted);
        }
    }
    let package = targets[0].0;
    notes.extend(targets.iter().filter_map(|(_, wanted)| about(wanted)));
    Ok(Choice { package, targets, notes })
}

/// What must be done with each target.
///
/// # Errors
/// When a library is to be run.
pub(super) fn programs(targets: Vec<(&Package, Wanted)>, run: Option<&str>) -> Result<Vec<Program>> {
    let program = |(package, target): (&Package, Wanted)| {
        let expectation = match run {
            Some(line) => {
                must_run(&target)?;
                Expectation::SameAsFirst(split_words(line)?)
            }
            None => Expectation::NotChecked,
        };
        let (package, package_name) = (package.id.clone(), package.name.clone());
        Ok(Program { name: target.label(), target, package, package_name, expectation })
    };
    targets.into_iter().map(program).collect()
}

/// Refuses `--run` for what can't be started.
///
/// # Errors
/// When it is a library.
pub(crate) fn must_run(target: &Wanted) -> Result<()> {
    if target.form != Form::Executable {
        bail!(usage(
            format!("--run starts a program, and {} isn't one", target.label()),
            "leave --run out, or measure a program that uses the library"
        ));
    }
    Ok(())
}

/// The packages that Cargo would build: the named one, the manifest's own, or the default members of a workspace.
fn packages<'a>(metadata: &'a Metadata, manifest: &Path, options: &options::Subject) -> Result<Vec<&'a Package>> {
    let manifest = manifest.canonicalize().unwrap_or_else(|_| manifest.to_owned());
    let here = |package: &Package| {
        let own = &package.manifest_path;
        own.canonicalize().unwrap_or_else(|_| own.clone()) == manifest
    };
    let of = |wanted: &dyn Fn(&Package) -> bool| -> Vec<&Package> {
        metadata.packages.iter().filter(|package| wanted(package)).collect()
    };
    if let Some(name) = &options.package {
        let found = of(&|package| package.name == *name);
        if found.is_empty() {
            let names: Vec<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
            bail!(usage(
                format!("there is no package `{name}` in this workspace"),
                match near(name, names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("its packages are {}", names.join(", ")),
                }
            ));
        }
        return Ok(found);
    }
    // The manifest of a package means that package, as for Cargo; one of a workspace alone means its default members.
    let own = of(&here);
    if !own.is_empty() {
        return Ok(own);
    }
    let default = of(&|package| metadata.workspace_default_members.contains(&package.id));
    Ok(if default.is_empty() { metadata.packages.iter().collect() } else { default })
}

/// Every target of a kind.
fn of_kind<'a>(packages: &[&'a Package], kind: Kind) -> Vec<Candidate<'a>> {
    let targets = |package: &'a Package| {
        package.targets.iter().filter(move |target| Kind::of(target) == Some(kind)).map(move |target| (package, target))
    };
    packages.iter().flat_map(|package| targets(package)).collect()
}

/// The name that was probably meant. Of names as short as `a` all are near, and none is.
fn near<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest(name, known).filter(|_| name.chars().count() > 2)
}

/// Names with their packages, as a person has to choose among them.
fn listed(candidates: &[Candidate<'_>]) -> String {
    let name = |(package, target): &Candidate<'_>| format!("{} (package {})", target.name, package.name);
    candidates.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The names alone, each once.
fn names<'a>(candidates: &[Candidate<'a>]) -> BTreeSet<&'a str> {
    candidates.iter().map(|(_, target)| target.name.as_str()).collect()
}

/// The package names in a sentence.
fn whose(packages: &[&Package]) -> String {
    packages.iter().map(|package| package.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// The target of a kind and a name.
fn of_name<'a>(packages: &[&'a Package], kind: Kind, name: &str) -> Result<Candidate<'a>> {
    let all = of_kind(packages, kind);
    let fits: Vec<Candidate<'_>> = all.iter().filter(|(_, target)| target.name == name).copied().collect();
    match fits.as_slice() {
        [one] => Ok(*one),
        [] => bail!(no_such(packages, kind, name, &all).kind(Problem::WhichBinary)),
        several => bail!(
            usage(
                format!("several packages have the {} `{name}`: {}", kind.noun(), listed(several)),
                "choose one with --package NAME"
            )
            .kind(Problem::WhichBinary)
        ),
    }
}

/// There is no target of that name. It may be misspelled, or of a different kind.
fn no_such(packages: &[&Package], kind: Kind, name: &str, all: &[Candidate<'_>]) -> Failure {
    let message = format!("there is no {} `{name}`", kind.noun());
    if ["build-script-build", "build_script_build", "build"].contains(&name) && has_build_script(packages) {
        return usage(
            message,
            "a build script runs while the crate is built, and none of it ends up in a program: there's nothing to measure",
        );
    }
    let other = Kind::ALL.into_iter().find(|other| {
        *other != kind && *other != Kind::Lib && of_kind(packages, *other).iter().any(|(_, target)| target.name == name)
    });
    let help = match (other, near(name, names(all).into_iter())) {
        (Some(other), _) => format!("`{name}` is one of the {}: --{} {name}", other.plural(), other.name()),
        (None, Some(near)) => format!("did you mean `{near}`?"),
        (None, None) if all.is_empty() => {
            format!("{} has no {}; {}", whose(packages), kind.plural(), what_there_is(packages))
        }
        (None, None) => format!("the {} are {}", kind.plural(), listed(all)),
    };
    usage(message, help)
}

fn has_build_script(packages: &[&Package]) -> bool {
    let targets = packages.iter().flat_map(|package| &package.targets);
    targets.flat_map(|target| &target.kind).any(|kind| kind == "custom-build")
}

/// What can be measured, as options.
fn what_there_is(packages: &[&Package]) -> String {
    let mut options = Vec::new();
    for kind in Kind::ALL {
        let candidates = of_kind(packages, kind);
        match kind {
            Kind::Lib if candidates.iter().any(|(_, target)| !Form::of(target).is_empty()) => {
                options.push("--lib".to_owned());
            }
            Kind::Lib => {}
            _ => options.extend(names(&candidates).into_iter().map(|name| format!("--{} {name}", kind.name()))),
        }
    }
    const MOST: usize = 8;
    let more = options.len().saturating_sub(MOST);
    options.truncate(MOST);
    match (options.is_empty(), more) {
        (true, _) => "nothing in it is a file to measure".to_owned(),
        (false, 0) => format!("it has {}", options.join(", ")),
        (false, more) => format!("it has {}, and {more} more", options.join(", ")),
    }
}

/// The one library of the packages that is a file.
fn library<'a>(packages: &[&'a Package]) -> Result<Candidate<'a>> {
    let all = of_kind(packages, Kind::Lib);
    let files: Vec<Candidate<'_>> = all.iter().filter(|(_, target)| !Form::of(target).is_empty()).copied().collect();
    match (files.as_slice(), all.is_empty()) {
        ([one], _) => Ok(*one),
        ([], true) => match is_proc_macro(packages) {
            true => bail!(of_proc_macro(packages)),
            false => bail!(usage(
                format!("{} has no library", whose(packages)),
                format!("leave --lib out; {}", what_there_is(packages))
            )),
        },
        ([], false) => bail!(without_file(packages)),
        (several, _) => bail!(
            usage(format!("there are several libraries: {}", listed(several)), "choose one with --package NAME")
                .kind(Problem::WhichBinary)
        ),
    }
}

fn is_proc_macro(packages: &[&Package]) -> bool {
    let targets = packages.iter().flat_map(|package| &package.targets);
    targets.flat_map(|target| &target.kind).any(|kind| kind == "proc-macro")
}

fn of_proc_macro(packages: &[&Package]) -> Failure {
    usage(
        format!("{} is a procedural macro: it runs inside the compiler, and no program contains it", whose(packages)),
        "measure a program that uses the macro: the generated code is part of that program",
    )
}

/// A library without a file: its code is measured where it ends up.
fn without_file(packages: &[&Package]) -> Failure {
    let message =
        format!("{} builds no program: a library for other Rust crates has no executable to measure", whose(packages));
    let examples = of_kind(packages, Kind::Example);
    let programs: Vec<Candidate<'_>> =
        examples.into_iter().filter(|(_, target)| Form::of(target).contains(&Form::Executable)).collect();
    let names: Vec<&str> = names(&programs).into_iter().collect();
    let elsewhere =
        "a program that uses the library: pass its Cargo.toml with --manifest-path, or its name with --package";
    let help = match names.as_slice() {
        [] => format!("measure {elsewhere}"),
        [one] => format!("measure its example with --example {one}, or {elsewhere}"),
        several => format!("measure one of its examples ({}) with --example NAME, or {elsewhere}", several.join(", ")),
    };
    usage(message, help)
}

/// What is measured where no target is named.
fn by_default<'a>(
    packages: &[&'a Package],
    options: &options::Subject,
    notes: &mut Vec<String>,
) -> Result<Candidate<'a>> {
    let all = of_kind(packages, Kind::Bin);
    // Cargo leaves out what needs a feature that is off.
    let (built, off): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|(package, target)| missing_features(package, target, options).is_empty());
    match (built.as_slice(), off.as_slice()) {
        ([one], _) => Ok(*one),
        ([], []) => {
            let files = of_kind(packages, Kind::Lib).into_iter().filter(|(_, target)| !Form::of(target).is_empty());
            let files: Vec<Candidate<'_>> = files.collect();
            match files.as_slice() {
                [one] => {
                    notes.push(format!("{} builds no program: its library is measured, as with --lib", one.0.name));
                    Ok(*one)
                }
                [] if is_proc_macro(packages) && of_kind(packages, Kind::Lib).is_empty() => {
                    bail!(of_proc_macro(packages))
                }
                [] => bail!(without_file(packages)),
                several => bail!(
                    usage(
                        format!("there is no program, but several libraries: {}", listed(several)),
                        "choose one with --package NAME --lib"
                    )
                    .kind(Problem::WhichBinary)
                ),
            }
        }
        ([], [(package, target)]) => bail!(needs_features(target, &missing_features(package, target, options))),
        ([], several) => {
            let needs = several.iter().map(|(package, target)| {
                format!("{} needs {}", target.name, missing_features(package, target, options).join(", "))
            });
            bail!(usage(
                format!("every binary needs a feature that is off: {}", needs.collect::<Vec<_>>().join("; ")),
                "switch one on with --features, and choose with --bin NAME"
            ))
        }
        (several, _) => {
            let is_default = |(package, target): &&Candidate<'_>| package.default_run.as_ref() == Some(&target.name);
            let default: Vec<Candidate<'_>> = several.iter().filter(is_default).copied().collect();
            if let [one] = default.as_slice() {
                let others: Vec<&str> = names(several).into_iter().filter(|name| *name != one.1.name).collect();
                notes.push(format!(
                    "`{}` is measured, the crate's `default-run`; others are chosen with --bin: {}",
                    one.1.name,
                    others.join(", ")
                ));
                return Ok(*one);
            }
            bail!(
                usage(
                    format!("there are several binaries: {}", listed(several)),
                    "choose one with --bin NAME (and --package NAME)"
                )
                .kind(Problem::WhichBinary)
            )
        }
    }
}

/// Which file of a target is meant.
fn form(package: &Package, target: &Target, options: &options::Subject, notes: &mut Vec<String>) -> Result<Wanted> {
    // What was found has a kind; a library that has no file was refused before.
    let kind = Kind::of(target).unwrap_or(Kind::Bin);
    let forms = Form::of(target);
    let types = if target.crate_types.is_empty() { &target.kind } else { &target.crate_types };
    let asked = options.crate_type.filter(|_| forms.iter().any(|form| *form != Form::Executable)).map(Form::from);
    let form = match (asked, forms.as_slice()) {
        (Some(form), _) if forms.contains(&form) => form,
        (Some(form), _) => bail!(usage(
            format!("`{}` isn't built as a {}: its crate-type is {}", target.name, form.name(), types.join(", ")),
            format!("add it to `crate-type` in {}'s Cargo.toml, or leave --crate-type out", package.name)
        )),
        (None, [first, others @ ..]) => {
            if let [_, ..] = others {
                let others: Vec<String> = others.iter().map(|form| format!("--crate-type {}", form.name())).collect();
                notes.push(format!(
                    "`{}` is built in several forms; the {} is measured, others with {}",
                    target.name,
                    first.name(),
                    others.join(" or ")
                ));
            }
            *first
        }
        (None, []) => bail!(without_file(&[package])),
    };
    notes.extend(without_lto(target, form, types));
    Ok(Wanted { kind, form, name: target.name.clone() })
}

/// Why settings of `lto` change nothing, if they don't: rustc can't optimize across crates what other crates of Rust are compiled
/// against, and Cargo calls it once for all the forms of a library.
fn without_lto(target: &Target, form: Form, types: &[String]) -> Option<String> {
    let name = &target.name;
    let for_rust = types.iter().find(|own| ["lib", "rlib", "dylib"].contains(&own.as_str()))?;
    match form {
        Form::Executable => None,
        Form::Dylib => Some(format!(
            "Cargo sets no `lto` for `{name}`: a dylib keeps everything that other crates may use, and rows with LTO are no smaller"
        )),
        Form::Cdylib | Form::Staticlib => Some(format!(
            "Cargo sets no `lto` for `{name}`, because its crate-type has `{for_rust}`: rows with LTO are no smaller; \
             `cargo rustc --lib --crate-type {} --release` builds it alone, with LTO",
            form.name()
        )),
    }
}

/// What a reader of the numbers has to know about a target's kind.
fn about(wanted: &Wanted) -> Option<String> {
    let Wanted { kind, form, name } = wanted;
    match (kind, form) {
        (Kind::Test | Kind::Bench, _) => Some(format!(
            "`{name}` holds the test harness (the crate `test`, unless it has `harness = false`) and dev-dependencies; Cargo builds it with unwinding, whatever `panic` is set to"
        )),
        (_, Form::Staticlib) => Some(format!(
            "an archive isn't what users get: `{name}` is measured as linked into an empty C program that refers to everything \
             that it exports"
        )),
        _ => None,
    }
}

/// The features that a target needs and that are off.
fn missing_features<'a>(package: &Package, target: &'a Target, options: &options::Subject) -> Vec<&'a str> {
    if options.all_features {
        return Vec::new();
    }
    let asked = options.features.iter().flat_map(|list| list.split([',', ' '])).filter(|name| !name.is_empty());
    let own = format!("{}/", package.name);
    let mut open: Vec<&str> = asked.map(|name| name.strip_prefix(&own).unwrap_or(name)).collect();
    if !options.no_default_features {
        open.push("default");
    }
    let mut on = BTreeSet::new();
    while let Some(name) = open.pop() {
        if on.insert(name) {
            // `a/b` switches `a` on, if that is a feature.
            open.extend(name.split_once('/').map(|(dependency, _)| dependency).filter(|name| !name.ends_with('?')));
            open.extend(package.features.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    target.required_features.iter().map(String::as_str).filter(|name| !on.contains(name)).collect()
}

fn needs_features(target: &Target, missing: &[&str]) -> Failure {
    let kind = Kind::of(target).map_or("target", Kind::noun);
    let features = if missing.len() == 1 { "a feature that is off" } else { "features that are off" };
    usage(
        format!("the {kind} `{}` needs {features}: {}", target.name, missing.join(", ")),
        format!("add --features {}", missing.join(",")),
    )
    .kind(Problem::WhichBinary)
}

/// For which machine a crate is built.
#[derive(Debug, Default)]
pub(super) struct Triple {
    /// Its name; this machine's own if there is none.
    pub name: Option<String>,
    /// What Cargo is to be told.
    pub args: Vec<OsString>,
    /// Where it was set, if not on the command line.
    pub notes: Vec<String>,
}

/// The requested target, or else the one in Cargo's configuration.
///
/// # Errors
/// When there is no such target, or its standard library is missing, or the configuration names several.
pub(super) fn triple(cargo: &Cargo, asked: Option<&str>) -> Result<Triple> {
    let settings = configuration::settings(&cargo.cwd);
    let builds_std = settings.iter().any(|setting| setting.key == "unstable.build-std");
    let check = |name: &str, place: Option<&str>| match builds_std {
        true => Ok(()),
        false => must_be_installed_for(cargo, name, place),
    };
    if let Some(asked) = asked {
        // Cargo runs in the crate's folder, and a path is relative to the caller's.
        let path = Path::new(asked);
        if asked.ends_with(".json") {
            let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
            if !absolute.is_file() {
                bail!(usage(
                    format!("there is no target file {asked}"),
                    "--target takes the name of a target, such as x86_64-unknown-linux-musl, or a file that describes one"
                ));
            }
            return Ok(Triple {
                name: Some(name_of(asked)),
                args: vec!["--target".into(), absolute.into()],
                notes: Vec::new(),
            });
        }
        check(asked, None)?;
        return Ok(Triple {
            name: Some(asked.to_owned()),
            args: vec!["--target".into(), asked.into()],
            notes: Vec::new(),
        });
    }
    let Some(setting) = settings.iter().find(|setting| setting.key == "build.target") else {
        return Ok(Triple::default());
    };
    let place = setting.place();
    match targets_of(setting).as_slice() {
        [] => Ok(Triple::default()),
        [one] => {
            check(one, Some(&place))?;
            Ok(Triple {
                name: Some(name_of(one)),
                args: Vec::new(),
                notes: vec![format!("{place} sets build.target, so the crate is built for {one}")],
            })
        }
        several => bail!(usage(
            format!("{place} sets several targets in build.target: {}", several.join(", ")),
            format!("choose one, such as --target {}", several[0])
        )),
    }
}

/// A target's name as folders have it: a file's without its ending.
fn name_of(target: &str) -> String {
    let stem = Path::new(target).file_stem().filter(|_| target.ends_with(".json"));
    stem.map_or_else(|| target.to_owned(), |stem| stem.to_string_lossy().into_owned())
}

/// The value of `build.target`: a string or a list.
fn targets_of(setting: &Setting) -> Vec<String> {
    let Ok(table) = format!("target = {}", setting.value).parse::<toml::Table>() else { return Vec::new() };
    match table.get("target") {
        Some(toml::Value::String(one)) => vec![one.clone()],
        Some(toml::Value::Array(list)) => list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

/// Ends the call where a target's standard library is missing.
///
/// # Errors
/// When it is missing, or rustc knows no such target.
pub(crate) fn must_be_installed(cargo: &Cargo, target: &str) -> Result<()> {
    must_be_installed_for(cargo, target, None)
}

/// The same; `place` has set it, if not the command line.
fn must_be_installed_for(cargo: &Cargo, target: &str, place: Option<&str>) -> Result<()> {
    let set = place.map(|place| format!(" ({place} sets it in build.target)")).unwrap_or_default();
    match cargo.target(target)? {
        Standard::Installed => Ok(()),
        Standard::NotInstalled => {
            let message = format!("the standard library for {target} isn't installed{set}");
            let help = match place {
                None => format!("install it: `rustup target add {target}`"),
                Some(_) => format!("install it: `rustup target add {target}`, or choose a different one with --target"),
            };
            bail!(Failure::new(Exit::Environment, message).help(help))
        }
        Standard::Unknown(known) => {
            let help = match nearest(target, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean {near}?"),
                None => "`rustc --print target-list` shows the targets".to_owned(),
            };
            bail!(Failure::new(Exit::Usage, format!("rustc doesn't know the target {target}{set}")).help(help))
        }
    }
}

#[cfg(test)]
mod tests;
