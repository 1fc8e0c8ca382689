//! Builds many profiles at once, and measures each program as soon as it is there.

use crate::builds::groups::{self, Groups};
use crate::cargo::{self, Build, Kind, flags, record};
use crate::compressed::Compressed;
use crate::measure::{self, Limits, Run, binary};
use crate::rebuilt::Rebuilt;
use crate::subject::runner::{self, Runner};
use crate::subject::{Expectation, Key, Program, Subject};
use crate::workshop::Table;
use anyhow::Result;
use base::caller;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::thousands;
use base::output::Progress;
use base::queue::Queue;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// An executable that was built and measured.
#[derive(Debug)]
pub(super) struct Built {
    /// The file.
    pub path: PathBuf,
    /// Bytes of the static library, where the file is a consumer of one.
    pub archive_bytes: Option<u64>,
    /// What is in it.
    pub binary: binary::Binary,
    /// What it did: one run for each that the subject expects.
    pub runs: Vec<Run>,
    /// Wall seconds of rustc, if they are known.
    pub seconds: Option<f64>,
    /// What a download of it costs, where that was asked for.
    pub compressed: Option<Compressed>,
}

/// All executables.
#[derive(Debug)]
pub(super) struct Results {
    /// Each executable; one that needs a `strip` command which is not there is missing.
    pub built: BTreeMap<Key, Built>,
    /// How many builds ran at once.
    pub jobs: usize,
    /// The target triple, if it is not this machine's own.
    pub target: Option<String>,
}

/// One call of Cargo: a profile, and the programs that are wanted under it.
#[derive(Debug)]
struct Job {
    profile: String,
    std: Option<Rebuilt>,
    group: String,
    /// The program's place in the subject's list, and whether a copy goes through `strip`.
    programs: BTreeSet<(usize, bool)>,
}

impl Job {
    /// What it is called for people, and told from the others.
    fn name(&self) -> String {
        match self.std {
            Some(std) => format!("{} (std: {})", self.profile, std.name()),
            None => self.profile.clone(),
        }
    }

    /// The folder that it builds in, if not the subject's. A std for each row would otherwise take the place of the last.
    fn folder(&self, subject: &Subject) -> Option<PathBuf> {
        self.std.map(|std| subject.build_dir.join("size-workshop/std").join(std.name()))
    }
}

/// What the workers share.
#[derive(Default)]
struct Shared {
    groups: Groups,
    built: BTreeMap<Key, Built>,
    warnings: BTreeSet<String>,
    target: Option<String>,
    failed: Option<anyhow::Error>,
}

/// What is measured of each executable, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// What a run may take.
    pub limits: Limits,
    /// What a download costs is measured as well.
    pub compressed: bool,
}

/// Builds what the tables name.
///
/// # Errors
/// When a build fails, or an executable cannot be read or started; what runs already comes to its end first.
pub(super) fn build_all(subject: &Subject, tables: &[&Table], jobs: Option<usize>, how: How) -> Result<Results> {
    let waiting = plan(subject, tables);
    let jobs = jobs.unwrap_or_else(groups::at_once).min(waiting.len()).max(1);
    let threads = groups::threads_each(jobs);
    let progress = Progress::new(waiting.len());
    let queue = Queue::new(waiting);
    let shared = Mutex::new(Shared::default());
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| work(subject, &queue, &shared, &progress, threads, how));
        }
    });
    drop(progress);
    let Shared { built, failed, target, .. } = shared.into_inner().unwrap_or_else(PoisonError::into_inner);
    match failed {
        Some(error) => Err(error),
        None => Ok(Results { built, jobs, target }),
    }
}

/// One job for each profile, in the order of the tables.
fn plan(subject: &Subject, tables: &[&Table]) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    for table in tables {
        for (index, program) in subject.programs.iter().enumerate() {
            if !subject.foreign && !table.is_for(&program.name) {
                continue;
            }
            for (key, _) in subject.rows(table, &program.name) {
                let wanted = (index, key.strip_command);
                match jobs.iter_mut().find(|job| (&job.profile, job.std) == (&key.profile, key.std)) {
                    Some(job) => {
                        job.programs.insert(wanted);
                    }
                    None => jobs.push(Job {
                        group: match key.std {
                            // Nothing is shared with it: what it makes is in a folder of its own.
                            Some(std) => std.name().to_owned(),
                            None => subject.group(&key.profile),
                        },
                        profile: key.profile,
                        std: key.std,
                        programs: [wanted].into(),
                    }),
                }
            }
        }
    }
    jobs
}

/// Takes jobs until there are none, or one of them has failed.
fn work(subject: &Subject, queue: &Queue<Job>, shared: &Mutex<Shared>, progress: &Progress, threads: usize, how: How) {
    while let Some(job) = queue.next_where(|job| locked(shared).groups.begin(&job.name(), &job.group)) {
        let running = locked(shared).groups.running();
        progress.running(&running);
        let began = Instant::now();
        match build(subject, &job, threads, how) {
            Ok(done) => locked(shared).end(&job, done, began, progress),
            Err(error) => {
                locked(shared).failed.get_or_insert(error);
                queue.stop();
            }
        }
        queue.look_again();
    }
}

fn locked(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Keeps what a job has made, and tells it.
    fn end(&mut self, job: &Job, done: Done, began: Instant, progress: &Progress) {
        let Done { built, warnings, target, fresh } = done;
        self.groups.end(&job.name(), &job.group, true);
        let mut sizes: Vec<String> = built
            .iter()
            .filter(|(key, _)| !key.strip_command)
            .map(|(key, built)| {
                let archive = built.archive_bytes.map(|bytes| format!(" (the archive {})", thousands(bytes)));
                format!("{} {}{}", key.program, thousands(built.binary.bytes), archive.unwrap_or_default())
            })
            .collect();
        sizes.dedup();
        let took = if fresh { "unchanged".to_owned() } else { format!("{:.1} s", began.elapsed().as_secs_f64()) };
        progress.finished(&format!("built {}: {} ({took})", job.name(), sizes.join(", ")));
        self.built.extend(built);
        self.target = self.target.take().or(target);
        for warning in warnings {
            // Every build repeats them.
            if self.warnings.insert(warning.clone()) {
                progress.say(&format!("Cargo says\n{warning}"));
            }
        }
    }
}

/// What one job has made.
struct Done {
    built: Vec<(Key, Built)>,
    warnings: Vec<String>,
    target: Option<String>,
    fresh: bool,
}

fn build(subject: &Subject, job: &Job, threads: usize, how: How) -> Result<Done> {
    let profile = subject.cargo_profile(&job.profile);
    let folder = job.folder(subject);
    let build_dir = folder.as_ref().unwrap_or(&subject.build_dir);
    let cargo = job.std.map(|std| std.cargo(&subject.cargo));
    let mut done = Done { built: Vec::new(), warnings: Vec::new(), target: None, fresh: true };
    for programs in calls(subject, job) {
        let mut extra = subject.extra.clone();
        extra.extend(["--jobs".into(), threads.to_string().into()]);
        let of_target = subject.target.iter().fold(build_dir.clone(), |folder, target| folder.join(target));
        let stamp = of_target.join(record::profile_dir(&profile)).join(".size-workshop");
        let record = needs_recorder(subject, &stamp);
        let of = |index: &usize| &subject.programs[*index];
        if let Some(std) = job.std {
            let is_named = subject.extra.iter().any(|arg| arg == "--target");
            extra.extend(std.args((!is_named).then(|| subject.built_for())));
        }
        let made = cargo.as_ref().unwrap_or(&subject.cargo).build(&Build {
            manifest: subject.manifest.clone(),
            profile: profile.to_string(),
            packages: programs.iter().map(|index| of(index).package.clone()).collect(),
            targets: programs.iter().map(|index| of(index).target.clone()).collect(),
            extra,
            target_dir: folder.clone().or_else(|| subject.target_dir.clone()),
            record: record.then(|| build_dir.clone()),
            timeout: None,
        })?;
        if record {
            let text = format!("The units here were recorded by `{}`.\n", caller::name());
            files::write_atomic(&stamp, text.as_bytes())?;
        }
        done.warnings.extend(made.warnings.iter().cloned());
        // The next call may write to the same files.
        for wanted in job.programs.iter().filter(|(index, _)| programs.contains(index)) {
            measure(subject, job, *wanted, &made, how, &mut done)?;
        }
    }
    Ok(done)
}

/// The programs of a job by calls of Cargo. For someone's crate each call builds what a person would build in one: packages that are
/// built together share their features, and examples and tests add features of dev-dependencies. A test also has a library of its own
/// beside the binaries' own, and where libraries have no hash in their names, both are the same file.
fn calls(subject: &Subject, job: &Job) -> Vec<BTreeSet<usize>> {
    let mut calls: BTreeMap<(&str, Option<Kind>), BTreeSet<usize>> = BTreeMap::new();
    for &(index, _) in &job.programs {
        let Program { package, target, .. } = &subject.programs[index];
        let key = match target.kind {
            _ if !subject.foreign => ("", None),
            Kind::Bin | Kind::Lib => (package.as_str(), None),
            Kind::Example | Kind::Test | Kind::Bench => (package.as_str(), Some(target.kind)),
        };
        calls.entry(key).or_default().insert(index);
    }
    calls.into_values().collect()
}

/// Measures and runs one program of a job, or its copy after `strip`.
fn measure(
    subject: &Subject,
    job: &Job,
    (index, strip_command): (usize, bool),
    made: &cargo::Built,
    how: How,
    done: &mut Done,
) -> Result<()> {
    let program = &subject.programs[index];
    let of = subject.made(program, made, &subject.build_dir)?;
    let path = &of.path;
    done.fresh &= of.fresh;
    done.target = done.target.take().or_else(|| target(subject, path));
    let mut file = path.clone();
    if strip_command {
        let folder = subject.out_dir.join("size-workshop/stripped").join(&job.profile);
        let name = format!("{}{}", program.target.stem(), std::env::consts::EXE_SUFFIX);
        match measure::strip(path, folder.join(name))? {
            Some(copy) => file = copy,
            None => return Ok(()),
        }
    }
    let (out_dir, build_dir) = match job.folder(subject) {
        Some(folder) => (folder.clone(), folder),
        None => (subject.out_dir.clone(), subject.build_dir.clone()),
    };
    let seconds = record::seconds_of(&of.source, &out_dir, &build_dir);
    let binary = binary::read(&file)?;
    let runs = run(subject, program, &file, how.limits)?;
    let compressed = if how.compressed { Some(Compressed::of(&file)?) } else { None };
    let key = Key { program: program.name.clone(), profile: job.profile.clone(), strip_command, std: job.std };
    let archive_bytes = of.archive_bytes();
    done.built.push((key, Built { path: file, archive_bytes, binary, runs, seconds, compressed }));
    Ok(())
}

/// Calling the recorder makes Cargo query rustc again, which takes longer than a build in which nothing
/// has changed: it is left out where the last recorded build is newer than every input.
fn needs_recorder(subject: &Subject, stamp: &Path) -> bool {
    let recorded = fs::metadata(stamp).and_then(|metadata| metadata.modified()).ok();
    match (recorded, subject.newest_input) {
        (Some(recorded), Some(input)) => recorded <= input,
        _ => true,
    }
}

/// The triple that an executable was built for, if the target folder has a folder for it.
fn target(subject: &Subject, executable: &Path) -> Option<String> {
    let folder = record::folder_of(executable, &subject.out_dir);
    let mut parts = folder.iter();
    let triple = (parts.clone().count() == 2).then(|| parts.next()).flatten();
    triple.map(|triple| triple.to_string_lossy().into_owned())
}

fn run(subject: &Subject, program: &Program, executable: &Path, limits: Limits) -> Result<Vec<Run>> {
    let args: Vec<&[String]> = match &program.expectation {
        Expectation::Cases(cases) => cases.iter().map(|case| case.args.as_slice()).collect(),
        Expectation::SameAsFirst(args) => vec![args],
        Expectation::NotChecked => Vec::new(),
    };
    if subject.runner == Runner::Nothing {
        return Ok(Vec::new());
    }
    let run = |args: &[String]| subject.runner.run(executable, args, &subject.run_cwd, &subject.cargo.env, limits);
    args.into_iter().map(run).collect::<Result<_>>().map_err(|error| match subject.target.as_deref() {
        _ if error.is::<Failure>() => error,
        Some(target) if !runner::runs_here(target, &subject.host) => Failure::new(
            Exit::Environment,
            format!("{error:#}"),
        )
        .help(format!(
            "running a program for {target} requires a runner: name one in {}, or as `runner` in Cargo's configuration",
            flags::variable(target, "RUNNER")
        ))
        .into(),
        _ => Failure::new(Exit::Environment, format!("{error:#}"))
            .help("is it built for a different machine? look for `build.target` in Cargo's configuration files")
            .into(),
    })
}
