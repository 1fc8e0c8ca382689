//! The builds of one call: where each one is made, and what becomes of it. A build has its own folder unless it is the
//! learner's; what was measured of the course's own files is kept.

mod refused;
pub(super) mod runs;
mod side_builds;

use super::build_settings::{self, How};
use super::program_copy::{self, Unfit};
use super::{Attempt, Built, Edits, Grading, Linked, Request, Whose, group_key, starter_files, with_pristine};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::kinds::{Answer, Caller, Check, Truth};
use crate::exercise::{Build, Exercise, Tree};
use crate::learner_manifest::effective;
use anyhow::Result;
use base::failure::Exit;
use base::files;
use base::proc::Status;
use base::store;
use refused::{out_of_time, refusal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use weigh::cargo::{Build as CargoBuild, Cargo, Refused, Wanted, plan, record};
use weigh::measure::{self, Parts, crates};
use weigh::profiles;

/// What rustc gets, by Cargo's own answer.
#[derive(Serialize, Deserialize)]
struct Flags {
    program: BTreeMap<String, String>,
    linked: Vec<Linked>,
}

/// A separate target folder: builds of different files, and a learner's builds with the exercise's settings, never
/// overwrite each other's executables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Room {
    /// The course's own files.
    Starter,
    /// The files that are judged.
    Plain,
    /// The same, with the exercise's settings.
    Variant,
}

/// The room that a build belongs in.
pub(super) fn room(exercise: &Exercise, name: &str) -> Room {
    let build = exercise.build(name);
    match build.tree {
        Tree::Starter => Room::Starter,
        Tree::Learner if build.set.is_empty() => Room::Plain,
        Tree::Learner => Room::Variant,
    }
}

/// What the builds of one call have in common.
pub(super) struct Bench<'a> {
    /// What is to be built.
    pub(crate) request: &'a Request<'a>,
    /// The folder for everything that is not in the learner's.
    pub(crate) base: PathBuf,
    /// A Cargo without what would change the build.
    pub(crate) cargo: Cargo,
    /// `rustc -vV`.
    pub(crate) version: String,
    /// The target triple.
    pub(crate) target: String,
    /// What counts instructions here.
    pub(crate) counter: Option<String>,
    /// The files as they are built: files given in place of a learner's, and a learner's own where a build in their own folder
    /// would differ. None: they are built where they are.
    pub(crate) handed: Option<Edits>,
}

/// Where something is built, and how.
pub(super) struct Place {
    /// The package.
    pub(crate) folder: PathBuf,
    /// The folder that messages name.
    named: PathBuf,
    target_dir: PathBuf,
    /// Its name there.
    pub(crate) cargo: Cargo,
}

impl Place {
    /// A name for what belongs to the place: its target folder's.
    pub(super) fn whose(&self) -> String {
        self.target_dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Bench<'_> {
    fn exercise(&self) -> &Exercise {
        self.request.exercise
    }

    /// The name of the folder for these files.
    fn whose(&self) -> &str {
        match self.request.whose {
            Whose::Learner => "learner",
            Whose::Other(whose, _) => whose,
        }
    }

    /// The name of the folder for the files of a build.
    fn whose_is(&self, name: &str) -> &str {
        if self.exercise().build(name).tree == Tree::Starter { "starter" } else { self.whose() }
    }

    /// Makes the folder that a room's builds use.
    pub(super) fn place(&self, room: Room) -> Result<Place> {
        match (room, self.request.whose) {
            (Room::Starter, _) => self.starter_place(),
            (_, Whose::Learner) => {
                let own = self.exercise().folder.clone();
                if let Some(files) = &self.handed {
                    let end = if room == Room::Plain { "target" } else { "variant-target" };
                    let place = self.compose("apart", files, self.base.join(format!("apart-{end}")))?;
                    return Ok(Place { named: own, ..place });
                }
                let target_dir = match room {
                    Room::Plain => own.join("target"),
                    _ => self.base.join("learner-variant-target"),
                };
                Ok(Place { folder: own.clone(), named: own, target_dir, cargo: self.cargo.clone() })
            }
            (_, Whose::Other(whose, files)) => {
                let end = if room == Room::Plain { "target" } else { "variant-target" };
                self.compose(whose, self.handed.as_ref().unwrap_or(files), self.base.join(format!("{whose}-{end}")))
            }
        }
    }

    /// The course's own files.
    fn starter_place(&self) -> Result<Place> {
        let files = starter_files(self.exercise())?;
        let place = self.compose("starter", &files, self.base.join("starter-target"))?;
        if let Some(sandbox) = &place.cargo.sandbox {
            // A box has none of the grader's surroundings.
            let sandbox = Some(Arc::new(sandbox.of_the_course()));
            return Ok(Place { cargo: Cargo { sandbox, ..place.cargo }, ..place });
        }
        Ok(place)
    }

    /// A folder with the files of the package, and these in place of the learner's.
    fn compose(&self, whose: &str, files: &[(String, Vec<u8>)], target_dir: PathBuf) -> Result<Place> {
        let folder = self.base.join(whose);
        files::compose(&folder, &with_pristine(self.exercise(), files)?)?;
        let mut cargo = self.cargo.clone();
        if cargo.cwd == self.exercise().folder {
            cargo.cwd.clone_from(&folder);
        }
        Ok(Place { cargo, target_dir, named: folder.clone(), folder })
    }

    /// The learner's build that a build with its own settings would repeat, because the learner has chosen the same.
    pub(super) fn twin(&self, name: &str) -> Option<&str> {
        let manifest = self.request.manifest;
        let build = self.exercise().build(name);
        let same = build.set.iter().all(|(key, value)| {
            let chosen = effective::effective(manifest, &build.profile, key).value;
            chosen.is_some_and(|chosen| profiles::canonical(key, &chosen) == profiles::canonical(key, value))
        });
        let is_plain = |other: &Build| other.profile == build.profile && other.bin == build.bin && other.set.is_empty();
        let repeats = same && build.tree == Tree::Learner && !build.set.is_empty();
        let mut builds = self.exercise().data.build.iter();
        let plain = builds.find(|(_, other)| other.tree == Tree::Learner && is_plain(other));
        plain.filter(|_| repeats).map(|(name, _)| name.get_ref().as_str())
    }

    /// The builds that would only repeat another requested build, by that build's name.
    pub(super) fn repeats(&self) -> BTreeMap<&String, &str> {
        let wanted = self.request.builds;
        wanted.iter().filter_map(|name| Some((name, self.twin(name).filter(|twin| wanted.contains(*twin))?))).collect()
    }

    /// The name of the copy of a graded build's executable, which is what is measured and run.
    pub(super) fn taken_name(&self, name: &str) -> String {
        format!("{}-taken-{name}", self.whose_is(name))
    }

    /// The file that keeps what was found about one of the course's own builds.
    pub(super) fn kept(&self, name: &str) -> PathBuf {
        match self.request.grading {
            Some(Grading { common, boxes: Some(_), .. }) => {
                common.join(format!("{}-starter-{name}.json", self.exercise().id))
            }
            _ => self.base.join(format!("starter-{name}.json")),
        }
    }

    /// Builds. What was measured of the course's own files is reused as long as nothing that it depends on has changed:
    /// no other files use their folder. What the machine has spoiled isn't kept or judged.
    pub(super) fn attempt(&self, name: &str, room: Room, place: &Place) -> Result<Attempt> {
        if room != Room::Starter {
            return self.build(name, place);
        }
        // A box has the same paths for every worker, and nothing of the surroundings.
        let around = match place.cargo.sandbox {
            Some(_) => String::new(),
            None => format!(
                "{} {} {:?}",
                place.folder.display(),
                crate::theirs::fingerprint(&place.folder),
                (&place.cargo.args, &place.cargo.env)
            ),
        };
        let key = store::key_by(
            crate::CODE,
            &[
                format!("{:?} {:?} {:?}", self.exercise().build(name), self.jobs(name), self.groups(name)).as_bytes(),
                format!("{:?} {:?}", self.efforts(name), self.counter).as_bytes(),
                &[self.wants_image(name).into()],
                self.version.as_bytes(),
                around.as_bytes(),
                &store::everything_in(&place.folder)?,
            ],
        );
        let file = self.kept(name);
        let is_repeat = self.request.grading.is_some_and(|grading| grading.is_repeat);
        if !is_repeat
            && let Some(built) = store::load::<Built>(&file, &key).filter(|built| self.has_work(name, &built.work))
        {
            return Ok(Attempt::Built(Box::new(Built { fresh: true, ..built })));
        }
        let attempt = self.build(name, place)?;
        self.trust(name, &attempt)?;
        if let Attempt::Built(built) = &attempt {
            store::save(&file, &key, built)?;
        }
        Ok(attempt)
    }

    /// Builds, whatever was found before.
    pub(super) fn build(&self, name: &str, place: &Place) -> Result<Attempt> {
        let package = &self.exercise().data.package;
        let how = match build_settings::of(self.request, name, &self.target)? {
            Ok(how) => how,
            Err(problem) => return Ok(Attempt::Failed(problem)),
        };
        let target = how.target.as_deref();
        let (cargo, order) = self.order(name, place, &how);
        self.warm(place, &cargo, &order, &how)?;
        let began = Instant::now();
        let made = match self.make(name, place, &how, &cargo, &order)? {
            Ok(made) => made,
            Err(failed) => return Ok(failed),
        };
        let seconds = began.elapsed().as_secs_f64();
        let executable = made.executable(self.exercise().bin(name))?.clone();
        let program = match self.program(name, place, &executable.path)? {
            Ok(program) => program,
            Err(problem) => return Ok(Attempt::Failed(problem)),
        };
        // Before the program runs: what the recorder has noted is matched by the file's time.
        let noted = self.noted(name, place, &order, target, &executable.path);
        let Parts { binary, linking, machine, crates: code } = measure::parts(&program, self.wants_code(name))?;
        let (runs, called) = self.run(name, &program, place)?;
        let groups = self.groups(name);
        let (rustc, linked) = match noted {
            Some(args) => (Some(profiles::of_rustc(&args)), Vec::new()),
            // Cargo would compile std just to answer that.
            None if how.std.rebuilds() => (None, Vec::new()),
            None => match self.flags(name, &cargo, &order)? {
                Some(Flags { program, linked }) => (Some(program), linked),
                None => (None, Vec::new()),
            },
        };
        Ok(Attempt::Built(Box::new(Built {
            bytes: binary.bytes,
            sections: binary.sections,
            crates: code.as_ref().map(crates::Code::crates).unwrap_or_default(),
            groups: groups
                .iter()
                .map(|group| (group_key(group), code.as_ref().map(|code| code.bytes_of(group))))
                .collect(),
            functions: code.filter(|_| self.wants_functions(name)).map(|code| self.own(code)).unwrap_or_default(),
            runs,
            called,
            work: self.work(name, &program, place)?,
            seconds,
            cpu_seconds: made.cpu.as_secs_f64(),
            fresh: executable.fresh,
            rustc,
            linked,
            warnings: made.warnings,
            image: if self.wants_image(name) {
                build_settings::image_bytes(package, &program, &linking)?
            } else {
                None
            },
            linking,
            code: machine,
            packages: made.packages,
            executable: executable.path.clone(),
        })))
    }

    /// How Cargo is called for a build, and what it is to build.
    fn order(&self, name: &str, place: &Place, how: &How) -> (Cargo, CargoBuild) {
        let data = &self.exercise().data;
        let build = self.exercise().build(name);
        let mut extra: Vec<OsString> = Vec::new();
        extra.extend(how.target.iter().flat_map(|target| ["--target".into(), target.into()]));
        for (key, value) in &build.set {
            extra.extend(["--config".into(), format!("profile.{}.{key}={value}", build.profile).into()]);
        }
        let mut cargo = place.cargo.clone();
        // A user's `build.build-dir` would let several packages with one name share artifacts.
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(place.target_dir.clone().into()));
        if how.is_static {
            cargo.link_statically();
        }
        extra.extend(how.std.args());
        how.std.allow(&mut cargo);
        let order = CargoBuild {
            manifest: Some(place.folder.join("Cargo.toml")),
            profile: how.profile.clone(),
            packages: vec![data.package.clone()],
            targets: vec![Wanted::bin(self.exercise().bin(name))],
            extra,
            target_dir: Some(place.target_dir.clone()),
            // A graded build is never fresh, so the compiler's arguments can be noted while it is made.
            record: place.cargo.sandbox.as_ref().map(|_| place.target_dir.clone()),
            timeout: Some(Duration::from_secs(data.build_seconds)),
        };
        (cargo, order)
    }

    /// Lets Cargo build. What could be the machine's fault is tried again, or ends the check; every other failure is a failed
    /// attempt.
    fn make(
        &self,
        name: &str,
        place: &Place,
        how: &How,
        cargo: &Cargo,
        order: &CargoBuild,
    ) -> Result<Result<weigh::cargo::Built, Attempt>> {
        let tree = self.exercise().build(name).tree;
        let mut made = cargo.try_build(order)?;
        let theirs = self.request.grading.is_some() && tree == Tree::Learner;
        if let Err(refused) = &made
            && theirs
            && Self::is_in_doubt(refused)
        {
            // What a submission makes the compiler print is its author's choice. So the course's own solution shows
            // whether this machine can build at all; if it can, the build is tried again.
            self.try_in_doubt(refused, order, cargo)?;
            made = cargo.try_build(order)?;
        }
        match made {
            Ok(made) => Ok(Ok(made)),
            Err(Refused { ended: Some(ended @ (Status::TimedOut | Status::Waited(_))), .. }) => {
                let problem = out_of_time(name, ended, self.exercise().data.build_seconds, place);
                Ok(Err(Attempt::Failed(Box::new(problem))))
            }
            Err(mut refused) => {
                if self.request.grading.is_none() {
                    self.ask_whose(tree, &refused, order, cargo)?;
                }
                let theirs = theirs && files::has_room(&self.base);
                // On a full disk, or with the course's own files, it can't be a submission's fault.
                if self.request.grading.is_some() && !theirs && Self::is_in_doubt(&refused) {
                    refused.failure.exit = Exit::Environment;
                }
                refusal(how, self.request, place, refused, theirs).map(Err)
            }
        }
    }

    /// The file that is measured and run. The linker can be told to leave a link, and following it would measure a different
    /// file, so a graded program is copied. A learner's own check looks where their own Cargo has built.
    fn program(&self, name: &str, place: &Place, built: &Path) -> Result<Result<PathBuf, Box<Diagnostic>>> {
        if self.request.grading.is_none() {
            return Ok(Ok(built.to_owned()));
        }
        let copy = self.base.join(self.taken_name(name));
        Ok(program_copy::take(&self.base, built, copy)?.map_err(|why| {
            let message = format!("the executable of the build `{name}` {why}");
            let file = place.folder.join("Cargo.toml");
            let mut problem = Diagnostic::new(Code::BuildFailed, message).in_file(file);
            problem.help = Some(String::from(match why {
                Unfit::TooLarge => "make it smaller before anything else: look at what `cargo xtask bloat` lists first",
                Unfit::Strange(_) => "let Cargo and the linker write the program themselves",
            }));
            problem.ended = (why == Unfit::TooLarge).then_some(Status::DiskLimit);
            Box::new(problem)
        }))
    }

    /// The arguments of rustc for the program, where the recorder has noted them while it was compiled. That covers only the
    /// program, as its dependencies may have been compiled before: it's no use where a goal is about them as well.
    fn noted(
        &self,
        name: &str,
        place: &Place,
        order: &CargoBuild,
        target: Option<&str>,
        executable: &Path,
    ) -> Option<Vec<String>> {
        let target_dir = order.record.as_ref().filter(|_| !self.wants_linked(name, &place.folder))?;
        let deps = target_dir.join(target.unwrap_or_default()).join(record::profile_dir(&order.profile)).join("deps");
        record::arguments(&deps, executable)
    }

    /// What rustc gets for the program and for every crate that is linked into it, by Cargo's own answer. It is asked again
    /// when anything has changed that Cargo may use.
    fn flags(&self, name: &str, cargo: &Cargo, order: &CargoBuild) -> Result<Option<Flags>> {
        let folder = order.manifest.as_deref().and_then(Path::parent).unwrap_or(self.request.root);
        let read = |file: &str| fs::read(folder.join(file)).unwrap_or_default();
        let key = store::key_by(
            crate::CODE,
            &[
                format!("{order:?} {:?} {:?}", cargo.env, cargo.args).as_bytes(),
                self.version.as_bytes(),
                crate::theirs::fingerprint(folder).as_bytes(),
                &read("Cargo.toml"),
                &read("Cargo.lock"),
            ],
        );
        let whose = self.whose_is(name);
        let file = self.base.join(format!("flags-{whose}-{name}.json"));
        if let Some(flags) = store::load(&file, &key) {
            return Ok(Some(flags));
        }
        let scratch = self.base.join(format!("plan-{whose}-{name}"));
        let units = plan::units(cargo, order, &scratch)?;
        let _ = fs::remove_dir_all(&scratch);
        // The real build has succeeded, so a refusal here comes from the pretended build, and nothing is known.
        let Ok(units) = units else { return Ok(None) };
        let krate = self.exercise().bin(name).replace('-', "_");
        let Some(unit) = units.iter().find(|unit| unit.krate == krate && unit.kind == "bin") else { return Ok(None) };
        let of = |unit: &plan::Unit| {
            let (package, version) = unit.package.clone();
            Linked { package, version, rustc: profiles::of_rustc(&unit.args) }
        };
        let flags = Flags {
            program: profiles::of_rustc(&unit.args),
            linked: plan::linked(&units, unit).into_iter().map(of).collect(),
        };
        store::save(&file, &key, &flags)?;
        Ok(Some(flags))
    }

    /// Whether a goal is about the profile of a build of a program with dependencies: then each of them counts.
    fn wants_linked(&self, name: &str, folder: &Path) -> bool {
        let exercise = self.exercise();
        let profile = &exercise.build(name).profile;
        let is_judged = |check: &Check| matches!(check, Check::Profile(of) if of.profile == *profile);
        let lock = fs::read_to_string(folder.join("Cargo.lock")).unwrap_or_default();
        exercise.data.goal.iter().any(|goal| is_judged(&goal.check)) && lock.matches("[[package]]").count() > 1
    }

    /// What a build is run with, by goal.
    fn groups(&self, name: &str) -> Vec<&[String]> {
        let goals = self.exercise().data.goal.iter().map(|goal| &goal.check);
        let own = goals.filter(|check| check.builds().iter().any(|build| build.get_ref() == name));
        own.flat_map(Check::groups).collect()
    }

    /// Whether an answer is about the calls of a build.
    fn wants_functions(&self, name: &str) -> bool {
        self.exercise().data.goal.iter().any(|goal| {
            matches!(&goal.check, Check::Answer(Answer { truth: Truth::Caller(Caller { build, .. }), .. })
                if build.get_ref() == name)
        })
    }

    /// The functions of the program itself.
    fn own(&self, code: crates::Code) -> Vec<(u64, u64, String)> {
        let krate = self.exercise().data.package.replace('-', "_");
        let own = code.functions.into_iter().filter(|function| function.krate == krate);
        own.map(|function| (function.address, function.bytes, function.name)).collect()
    }

    /// Whether a goal is about the image that contains a build.
    fn wants_image(&self, name: &str) -> bool {
        let mut goals = self.exercise().data.goal.iter().map(|goal| &goal.check);
        goals.any(|check| {
            matches!(check, Check::Size(size) if size.image)
                && check.builds().iter().any(|build| build.get_ref() == name)
        })
    }

    /// Whether an answer is about the crates of a build.
    fn wants_code(&self, name: &str) -> bool {
        self.exercise().data.goal.iter().any(|goal| {
            matches!(&goal.check, Check::Answer(_)) && goal.check.builds().iter().any(|build| build.get_ref() == name)
        })
    }
}
