//! What is measured: the workshop's own programs, or a user's crate. It says how Cargo is to be called for it.
//!
//! A foreign crate has profiles of its own, and the profiles of the size tables reach it as well. [`Subject::resolve`] says which
//! one a name means; its answer is what all other functions take for a profile.

pub mod own;

pub(crate) mod consumer;
mod folder;
mod manifest;
pub(crate) mod runner;
mod tables;
pub(crate) mod targets;
mod toolchain;

use crate::cargo::configuration::{self, Setting};
use crate::cargo::flags;
use crate::cargo::{Build, Built, Cargo, Executable, Form, Metadata, Wanted, lockfile};
use crate::options;
use crate::profiles::Profiles;
use crate::rebuilt::Rebuilt;
use crate::surroundings::{self, Surroundings};
use crate::workshop::{Case, LADDER, Table, Workshop, must_know, nearest, no_profile};
use anyhow::{Context as _, Result, bail};
use base::diagnostic;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::hex;
use base::output;
pub use manifest::{manifest_file, nearest_manifest};
use own::Own;
use runner::Runner;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use toolchain::{Version, cargo_program, of_its_toolchain, version, version_and_metadata};

/// Behind the names of a foreign crate's own profiles, where the tables' profiles have names as well; no profile can have a space
/// in its name.
const YOURS: &str = " (yours)";
/// What Cargo's bare default is called where a profile is asked for. The tables know it as `release`.
pub const DEFAULT_RELEASE: &str = "default-release";
/// Which executable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The program.
    pub program: String,
    /// The profile, as the tables name it.
    pub profile: String,
    /// Whether the external command `strip` came after.
    pub strip_command: bool,
    /// Whether std was compiled with it, and how.
    pub std: Option<Rebuilt>,
}

/// What is measured, and how Cargo is to be called for it.
#[derive(Debug)]
pub struct Subject {
    /// Cargo, in the right folder with the right environment.
    pub cargo: Cargo,
    /// The manifest, if Cargo wouldn't find it from its folder.
    pub manifest: Option<PathBuf>,
    /// The programs.
    pub programs: Vec<Program>,
    /// `--target-dir`, if not Cargo's own choice.
    pub target_dir: Option<PathBuf>,
    /// Where Cargo puts executables.
    pub out_dir: PathBuf,
    /// Where Cargo puts what it needs to make them.
    pub build_dir: PathBuf,
    /// The workshop's profiles.
    pub profiles: Profiles,
    /// Further arguments for `cargo build`.
    pub extra: Vec<OsString>,
    /// What the user should know about their surroundings.
    pub notes: Vec<String>,
    /// Where the programs run.
    pub run_cwd: PathBuf,
    /// Whether it is not the workshop's own.
    pub foreign: bool,
    /// The profiles of a foreign crate.
    pub own: Own,
    /// The built-in profile that the tables' profiles inherit from.
    pub base: &'static str,
    /// The release of the rustc on this machine.
    pub release: Option<String>,
    /// Everything this rustc reports about itself (`rustc -vV`): a nightly has a different release's number.
    pub compiler: String,
    /// This machine's target triple.
    pub host: String,
    /// The target triple that it is built for, where `--target` or Cargo's configuration names one.
    pub target: Option<String>,
    /// What starts the programs.
    pub runner: Runner,
    /// When the sources last changed, if that is known: a newer build is up to date.
    pub newest_input: Option<SystemTime>,
    /// The lockfile of ours that it is built with, where its own isn't there or doesn't fit.
    pub lockfile: Option<lockfile::Ours>,
}

/// A program to measure, or a library that is a file of its own.
#[derive(Debug)]
pub struct Program {
    /// What it is called in tables.
    pub name: String,
    /// The target of its package.
    pub target: Wanted,
    /// The package, as for `cargo build --package`.
    pub package: String,
    /// The package's name, as profiles name it.
    pub package_name: String,
    /// What it must do.
    pub expectation: Expectation,
}

/// The file of a program that was built.
#[derive(Clone, Debug)]
pub struct Made {
    /// The file that is measured.
    pub path: PathBuf,
    /// The file that rustc made: the same, unless that is an archive, which a consumer was linked with.
    pub source: PathBuf,
    /// Cargo had nothing to do for it.
    pub fresh: bool,
}

impl Made {
    /// Bytes of the archive, if rustc made one.
    pub fn archive_bytes(&self) -> Option<u64> {
        let metadata = (self.source != self.path).then(|| fs::metadata(&self.source));
        metadata.and_then(Result::ok).map(|metadata| metadata.len())
    }
}

/// What a program must do when it runs.
#[derive(Debug)]
pub enum Expectation {
    /// These runs have these results.
    Cases(Vec<Case>),
    /// With these arguments it must do the same as the first build.
    SameAsFirst(Vec<String>),
    /// Unspecified.
    NotChecked,
}

impl Subject {
    /// What is meant: the crate of `--manifest-path`, else the workshop's own programs. Tells what is to be known about them.
    ///
    /// # Errors
    /// When there is no such crate or program.
    pub fn find(workshop: &Workshop, options: &options::Subject, run: Option<&str>) -> Result<Self> {
        let subject = match &options.manifest_path {
            Some(manifest) => Self::foreign(workshop, manifest, options, run)?,
            None if options.alone => Self::foreign(workshop, &nearest_manifest()?, options, run)?,
            None => {
                let subject = Self::workshop(workshop, &options.program)?;
                match options.target.as_deref() {
                    Some(target) => subject.built_for_target(workshop, target)?,
                    None => subject,
                }
            }
        };
        subject.notes.iter().for_each(|note| output::note(note));
        Ok(subject)
    }

    /// The one program that is meant. The closure says of the names of several why they are too many.
    ///
    /// # Errors
    /// When there are several.
    pub fn only(&self, too_many: impl Fn(&str) -> String) -> Result<&Program> {
        match self.programs.as_slice() {
            [one] => Ok(one),
            several => {
                let names: Vec<&str> = several.iter().map(|program| program.name.as_str()).collect();
                let last = several.last().filter(|_| self.foreign);
                let option = last.map_or_else(
                    || format!("--program {}", names[names.len() - 1]),
                    |last| last.target.args().join(" "),
                );
                bail!(
                    Failure::new(Exit::Usage, too_many(&names.join(", ")))
                        .help(format!("choose one, such as {option}"))
                )
            }
        }
    }

    /// The triple of the machine that it is built for.
    pub fn built_for(&self) -> &str {
        self.target.as_deref().unwrap_or(&self.host)
    }

    /// The target, as an argument of Cargo for what is built outside of the crate, where its configuration may not reach.
    pub fn target_args(&self) -> Vec<OsString> {
        let given = self.extra.windows(2).find(|pair| pair[0] == "--target").map(|pair| pair[1].clone());
        let target = given.or_else(|| self.target.as_ref().map(OsString::from));
        target.into_iter().flat_map(|target| ["--target".into(), target]).collect()
    }

    /// What Cargo is asked for to get a program under a profile. An archive is recorded: to link it, what the profile sets for
    /// `strip` must be known.
    pub fn order(&self, program: &Program, profile: &str) -> Build {
        Build {
            manifest: self.manifest.clone(),
            profile: self.cargo_profile(profile).into_owned(),
            packages: vec![program.package.clone()],
            targets: vec![program.target.clone()],
            extra: self.extra.clone(),
            target_dir: self.target_dir.clone(),
            record: (program.target.form == Form::Staticlib).then(|| self.build_dir.clone()),
            timeout: None,
        }
    }

    /// The file of a program among those that Cargo has made below `build_dir`. With an archive a consumer is linked.
    ///
    /// # Errors
    /// When Cargo has made none, or a consumer can't be linked.
    pub fn made(&self, program: &Program, built: &Built, build_dir: &Path) -> Result<Made> {
        self.made_with(program, built, build_dir, &[])
    }

    /// The same, with further options for the linker where it isn't rustc that links.
    ///
    /// # Errors
    /// When Cargo made no such file, or a static library can't be linked.
    pub fn made_with(&self, program: &Program, built: &Built, build_dir: &Path, options: &[&str]) -> Result<Made> {
        // The workshop's packages are given by name, not by ID.
        let package = self.foreign.then_some(program.package.as_str());
        let file = built.file(&program.target, package)?;
        let Executable { path: source, fresh, .. } = file.clone();
        let path = match program.target.form {
            Form::Staticlib => consumer::link(self, &program.target.name, file, &built.native, build_dir, options)?,
            Form::Executable | Form::Cdylib | Form::Dylib => source.clone(),
        };
        Ok(Made { path, source, fresh })
    }

    /// The workshop's own programs; all of them if none is named.
    ///
    /// # Errors
    /// When there is no program of a name.
    pub fn workshop(workshop: &Workshop, names: &[String]) -> Result<Self> {
        let known: Vec<&str> = workshop.sizes.programs.iter().map(|program| program.name.as_ref().as_str()).collect();
        for name in names {
            if workshop.program(name).is_none() {
                let help = match nearest(name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        format!("the programs are {}; measure a different crate with --manifest-path", known.join(", "))
                    }
                };
                bail!(Failure::new(Exit::Usage, format!("there is no program `{name}`")).help(help));
            }
        }
        let chosen =
            workshop.sizes.programs.iter().filter(|program| names.is_empty() || names.contains(program.name.as_ref()));
        let programs = chosen.map(|program| Program {
            name: program.name.as_ref().clone(),
            target: Wanted::bin(program.name.as_ref()),
            package: program.name.as_ref().clone(),
            package_name: program.name.as_ref().clone(),
            expectation: Expectation::Cases(program.cases.clone()),
        });
        let programs: Vec<Program> = programs.collect();
        let root = workshop.root.clone();
        let mut cargo = Cargo {
            program: cargo_program(),
            cwd: root.clone(),
            // Whatever a variable names in its place, the workshop's programs are compiled by the toolchain's own rustc.
            env: BTreeMap::from([("RUSTC".into(), None)]),
            args: Vec::new(),
            sandbox: None,
        };
        let Version { release, host, compiler } = version(&cargo)?;
        let Surroundings { env, args, notes } = surroundings::of_workshop(&root, &workshop.profiles, &host)?;
        (cargo.env, cargo.args) = (env, args);
        let Metadata { target_directory, build_directory, .. } = cargo.metadata(None)?;
        let newest_input = newest_input(&root, &programs);
        Ok(Self {
            cargo,
            manifest: None,
            programs,
            target_dir: None,
            build_dir: build_directory.unwrap_or_else(|| target_directory.clone()),
            out_dir: target_directory,
            profiles: workshop.profiles.clone(),
            extra: Vec::new(),
            notes,
            run_cwd: root,
            foreign: false,
            own: Own::default(),
            base: "release",
            release: Some(release),
            compiler,
            host,
            target: None,
            runner: Runner::Itself,
            newest_input,
            lockfile: None,
        })
    }

    /// The workshop's own programs, built for a different target.
    fn built_for_target(mut self, workshop: &Workshop, target: &str) -> Result<Self> {
        let triple = targets::triple(&self.cargo, Some(target))?;
        let name = triple.name.unwrap_or_else(|| target.to_owned());
        let platform = workshop.platform(&name).filter(|_| name != self.host);
        // What a configuration file says of the target is overridden by the command line.
        let mut args = std::mem::take(&mut self.cargo.args).into_iter();
        while let Some(arg) = args.next() {
            if arg == "--target" { drop(args.next()) } else { self.cargo.args.push(arg) }
        }
        if let Some(linker) = platform.and_then(|platform| platform.linker.as_ref()) {
            let variable = flags::variable(&name, "LINKER");
            let is_set = |setting: &Setting| setting.path == ["target", &name, "linker"];
            if env::var_os(&variable).is_none() && !configuration::settings(&self.cargo.cwd).iter().any(is_set) {
                let linker = runner::located(OsStr::new(linker), &workshop.root);
                self.cargo.env.insert(variable.into(), Some(linker));
            }
        }
        self.runner = Runner::of(&name, &self.host, &self.cargo.cwd, platform);
        self.notes.extend(self.runner.note(&name));
        self.extra.extend(triple.args);
        self.target = Some(name);
        Ok(self)
    }

    /// A user's crate: the workshop's profiles reach it through a configuration file of ours.
    ///
    /// # Errors
    /// When there is no such crate, or no program in it.
    pub fn foreign(
        workshop: &Workshop,
        manifest: &Path,
        options: &options::Subject,
        run: Option<&str>,
    ) -> Result<Self> {
        let manifest = manifest_file(manifest)?;
        let folder = manifest.parent().context("a manifest is in a folder")?.to_owned();
        let Surroundings { env, args, mut notes } = surroundings::of_foreign(&folder);
        let cargo = Cargo { program: cargo_program(), cwd: folder, env, args, sandbox: None };
        let mut cargo = of_its_toolchain(cargo, workshop, options.own_toolchain);
        let (Version { release, host, compiler }, metadata) = version_and_metadata(&cargo, &manifest)?;
        let targets::Choice { package, targets, notes: about } = targets::choose(&metadata, &manifest, options)?;
        let programs = targets::programs(targets, run)?;
        let triple = targets::triple(&cargo, options.target.as_deref())?;
        let (runner, note) = Runner::of_crate(triple.name.as_deref(), &host, &cargo.cwd, run.is_some());
        notes.extend(about.into_iter().chain(triple.notes).chain(note));
        // The same crate is found again by its path; two crates never share a folder.
        let canonical = manifest.canonicalize().unwrap_or_else(|_| manifest.clone());
        let digest = hex(&hmac_sha256::Hash::hash(canonical.as_os_str().as_encoded_bytes())[..6]);
        let ours = match workshop.root == cargo.cwd {
            true => metadata.target_directory.clone(),
            false => Cargo { cwd: workshop.root.clone(), ..cargo.clone() }.metadata(None)?.target_directory,
        };
        let target_dir = ours.join("size-workshop").join(format!("{}-{digest}", package.name));
        folder::make(&target_dir)?;
        // A `build.build-dir` in the user's configuration may point into their project.
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target_dir.clone().into()));
        let settled = (!options.is_copy).then(|| lockfile::settle(&mut cargo, &manifest, &metadata, &target_dir));
        let (lockfile, note) = settled.transpose()?.flatten().unzip();
        notes.extend(note);
        let profiles_file = target_dir.join("profiles.toml");
        let own = Own::of(&metadata.workspace_root.join("Cargo.toml"), &cargo.cwd, &cargo.env);
        let base = tables::base_of_default(&own, &metadata.packages);
        let profiles = tables::as_configuration(workshop, &own, base);
        files::write_atomic(&profiles_file, profiles.as_bytes())?;

        let mut extra: Vec<OsString> = vec!["--config".into(), profiles_file.into()];
        extra.extend(feature_arguments(options));
        extra.extend(triple.args);
        Ok(Self {
            cargo,
            manifest: Some(manifest),
            programs,
            build_dir: target_dir.clone(),
            out_dir: target_dir.clone(),
            target_dir: Some(target_dir),
            profiles: workshop.profiles.clone(),
            extra,
            notes,
            run_cwd: env::current_dir().context("can't find the current folder")?,
            foreign: true,
            own,
            base,
            release: Some(release),
            compiler,
            host,
            target: triple.name,
            runner,
            newest_input: None,
            lockfile,
        })
    }

    /// Which profile a name means: of a foreign crate its own one if it has one of this name, and without a name its own `release`;
    /// otherwise one of the size tables. Tells where that isn't what a reader of the manifest would expect.
    ///
    /// # Errors
    /// When there is no such profile. `what` is said not to be there, such as `profile`.
    pub fn resolve(&self, asked: Option<&str>, what: &str) -> Result<String> {
        let name = asked.unwrap_or("release");
        if !self.foreign {
            return must_know(&self.profiles, name, what, "").map(|()| name.to_owned());
        }
        if self.own.profiles.knows(name) {
            return Ok(own(name));
        }
        if name == DEFAULT_RELEASE {
            return Ok("release".to_owned());
        }
        if !self.profiles.knows(name) {
            let own = self.own.names();
            let theirs: Vec<&str> = own.iter().map(String::as_str).chain(["dev"]).collect();
            let tables: Vec<&str> = self.profiles.names().filter(|name| !theirs.contains(name)).collect();
            let list = || format!("the crate has {}; the size tables have {}", theirs.join(", "), tables.join(", "));
            bail!(no_profile(name, what, &[&theirs[..], &tables[..]].concat(), list));
        }
        let manifest = diagnostic::shown(&self.own.manifest);
        output::note(&format!(
            "{} has no [profile.{name}], so the profile of that name in the size tables is used",
            manifest.display()
        ));
        Ok(name.to_owned())
    }

    /// What a profile is called for people.
    pub fn shown<'a>(&self, profile: &'a str) -> &'a str {
        match profile.strip_suffix(YOURS) {
            Some(own) => own,
            None if self.foreign && profile == "release" => "release (default)",
            None => profile,
        }
    }

    /// The name of a profile as Cargo is to be told.
    pub fn cargo_profile<'a>(&self, profile: &'a str) -> Cow<'a, str> {
        if let Some(own) = profile.strip_suffix(YOURS) {
            return own.into();
        }
        match profile {
            _ if !self.foreign => profile.into(),
            "dev" => "dev".into(),
            // The default is what the crate has, as long as it says nothing.
            "release" if !self.own.sets("release") => "release".into(),
            _ => format!("{}{profile}", self.own.unused_prefix()).into(),
        }
    }

    /// What Cargo makes of one key of a profile.
    pub fn value(&self, profile: &str, key: &str) -> Option<toml::Value> {
        match profile.strip_suffix(YOURS) {
            Some(own) => self.own.profiles.value(own, key),
            None => self.profiles.value(profile, key),
        }
    }

    /// The rows of a table for a program: which executable, and what it is called. A crate's own profiles are beside the ladder.
    pub fn rows(&self, table: &Table, program: &str) -> Vec<(Key, String)> {
        let key = |profile: &str, strip_command, std| Key {
            program: program.to_owned(),
            profile: profile.to_owned(),
            strip_command,
            std,
        };
        let listed = table.rows.iter();
        let mut rows: Vec<_> =
            listed.map(|row| (key(row.profile.as_ref(), row.strip_command, row.std), row.label.clone())).collect();
        // The machine's own `strip` knows its own files.
        if self.target.as_ref().is_some_and(|target| *target != self.host) {
            rows.retain(|(key, _)| !key.strip_command);
        }
        if self.foreign && table.name.as_ref() == LADDER {
            let own_names = self.own.names().into_iter().filter(|name| self.own.sets(name));
            rows.extend(own_names.map(|name| (key(&own(&name), false, None), format!("your own [profile.{name}]"))));
        }
        rows
    }

    /// Builds of one group may share the crates that run at build time: Cargo gives these the same hash wherever `lto`
    /// and `strip` agree.
    pub fn group(&self, profile: &str) -> String {
        let value = |key| self.value(profile, key).map(|value| value.to_string()).unwrap_or_default();
        match profile {
            "dev" => "dev".to_owned(),
            // What it says of them may be anything.
            _ if profile.ends_with(YOURS) => profile.to_owned(),
            _ => format!("{} {}", value("lto"), value("strip")),
        }
    }
}

/// A profile of the crate's own, whatever else has its name.
pub fn own(name: &str) -> String {
    format!("{name}{YOURS}")
}

/// The name of a crate's own profile, if it is one.
pub fn own_name(profile: &str) -> Option<&str> {
    profile.strip_suffix(YOURS)
}

/// The features that are asked for, as Cargo is to be told.
fn feature_arguments(options: &options::Subject) -> Vec<OsString> {
    let options::Subject { features, no_default_features, all_features, .. } = options;
    let mut args: Vec<OsString> = features.iter().flat_map(|list| ["--features".into(), list.into()]).collect();
    args.extend(no_default_features.then(|| "--no-default-features".into()));
    args.extend(all_features.then(|| "--all-features".into()));
    args
}

/// When the manifests, the lockfile or a source file last changed.
fn newest_input(root: &Path, programs: &[Program]) -> Option<SystemTime> {
    let mut files: Vec<PathBuf> =
        ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml"].map(|name| root.join(name)).into();
    for program in programs {
        let folder = root.join(&program.name);
        files.push(folder.join("Cargo.toml"));
        files.extend(fs::read_dir(folder.join("src")).ok()?.flatten().map(|entry| entry.path()));
    }
    files
        .iter()
        .map(|file| fs::metadata(file).and_then(|metadata| metadata.modified()).ok())
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .max()
}

/// Splits a line into words as a shell does: spaces, quotes, backslashes; nothing is expanded.
///
/// # Errors
/// When a quote is never closed.
pub fn split_words(line: &str) -> Result<Vec<String>> {
    if let Some(words) = shlex::split(line) {
        return Ok(words);
    }
    // What would make it whole is what is missing.
    let is_whole_with = |end: char| shlex::split(&format!("{line}{end}")).is_some();
    let what = match is_whole_with('\\') {
        true => "--run: there is nothing after the last backslash".to_owned(),
        false => {
            let quote = if is_whole_with('\'') { '\'' } else { '"' };
            format!("--run: a {quote} is opened and never closed")
        }
    };
    bail!(
        Failure::new(Exit::Usage, what).help("quote the arguments as in a shell, for example --run '\"two words\" -v'")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_in_a_shell() {
        assert_eq!(split_words(r#"a  "b c" 'd "e' f\ g "" "#).unwrap(), ["a", "b c", "d \"e", "f g", ""]);
        assert_eq!(split_words("").unwrap(), Vec::<String>::new());
        assert_eq!(split_words("'open").unwrap_err().to_string(), "--run: a ' is opened and never closed");
        assert_eq!(split_words("a \"it's").unwrap_err().to_string(), "--run: a \" is opened and never closed");
        assert!(split_words("a \\").unwrap_err().to_string().contains("last backslash"));
    }
}
