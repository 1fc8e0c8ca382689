//! Two builds in addition to the requested one: the dependencies alone, before it; and the course's own solution, to see
//! whether this machine can build at all.

use super::{Bench, How, Place};
use crate::evidence::{Grading, dependency_cache, solution_files, starter_files, with_pristine};
use crate::exercise::{Build, Linking, Tree};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::proc::sandbox::Sandbox;
use base::store;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use weigh::cargo::{self, Build as CargoBuild, Cargo, Refused};
use weigh::surroundings;

impl Bench<'_> {
    /// Fills the target folder of a box with the compiled dependencies of a build, so that only the package itself is
    /// compiled. The same artifacts would come out without it.
    pub(super) fn warm(&self, place: &Place, cargo: &Cargo, order: &CargoBuild, how: &How) -> Result<()> {
        let target = how.target.as_deref();
        let (Some(Grading { warm: Some(warm), .. }), Some(sandbox), Some(built)) =
            (self.request.grading, &place.cargo.sandbox, &self.handed)
        else {
            return Ok(());
        };
        let starter = starter_files(self.exercise())?;
        let is_starter = place.folder.ends_with("starter");
        let composed = with_pristine(self.exercise(), if is_starter { &starter } else { built })?;
        let manifest =
            with_pristine(self.exercise(), &starter)?.into_iter().find(|(path, _)| path == Path::new("Cargo.toml"));
        let Some(files) = dependency_cache::files(self.exercise(), &composed, &manifest.unwrap_or_default().1, how)
        else {
            return Ok(());
        };
        let relative = |path: &Path| path.strip_prefix(&sandbox.shared).map(Path::to_owned);
        let (folder, target_dir) = (relative(&place.folder)?, relative(&place.target_dir)?);
        let flags = cargo.env.get(OsStr::new("CARGO_ENCODED_RUSTFLAGS"));
        #[expect(clippy::unnecessary_debug_formatting, reason = "a digest is made of it: it must tell any two apart")]
        let made_of = format!("{folder:?} {target_dir:?} {} {:?} {flags:?} {files:?}", order.profile, order.extra);
        let key = store::digest(&[made_of.as_bytes(), self.version.as_bytes()]);
        warm.fill(&key, &place.target_dir, sandbox.user, || {
            // A separate box, which has the same paths and nothing from any submission.
            let shared = sandbox.shared.join(format!("warming-{}", target_dir.display()).replace('/', "-"));
            if shared.exists() {
                fs::remove_dir_all(&shared).with_context(|| format!("can't empty {}", shared.display()))?;
            }
            let (folder, target_dir) = (shared.join(&folder), shared.join(&target_dir));
            fs::create_dir_all(&target_dir).with_context(|| format!("can't create {}", target_dir.display()))?;
            files::compose(&folder, &files)?;
            for folder in [&shared, &target_dir] {
                files::open_to_all(folder)?;
            }
            let sandbox = Arc::new(Sandbox { shared, ..sandbox.of_the_course() });
            let mut cargo = Cargo { cwd: folder.clone(), sandbox: Some(sandbox), ..cargo.clone() };
            cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target_dir.clone().into()));
            let order = CargoBuild {
                manifest: Some(folder.join("Cargo.toml")),
                target_dir: Some(target_dir.clone()),
                record: None,
                ..order.clone()
            };
            let made = match cargo.try_build(&order)? {
                Err(refused) => refused.ended.is_none() && refused.failure.message.contains(dependency_cache::STOP),
                Ok(_) => false,
            };
            for below in ["", target.unwrap_or_default()] {
                dependency_cache::without_own(&target_dir.join(below), &self.exercise().data.package, &order.profile)?;
            }
            Ok(made.then_some(target_dir))
        })
    }

    /// Whose failure a check's refused build is. A failed build of the course's own files is never the learner's failure,
    /// and a failed build of the learner's isn't where the course's own solution fails as well.
    pub(super) fn ask_whose(&self, tree: Tree, refused: &Refused, order: &CargoBuild, cargo: &Cargo) -> Result<()> {
        let Refused { failure, ended } = refused;
        // What the environment is to blame for, and a limit that was reached, are reported as such.
        if failure.exit == Exit::Environment || ended.is_some() {
            return Ok(());
        }
        if tree == Tree::Starter {
            bail!(of_the_environment(&format!(
                "the course's own files don't build on this machine: {}",
                failure.message
            )));
        }
        if is_about_a_file(&failure.message) || self.is_their_way() || solution_files(self.exercise()).is_err() {
            return Ok(());
        }
        // Both of a learner's rooms may ask at once.
        static TURN: Mutex<()> = Mutex::new(());
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        self.try_solution(order, cargo).map_err(|error| match error.downcast::<Failure>() {
            Ok(failure) => of_the_environment(&failure.message).into(),
            Err(error) => error,
        })
    }

    /// Whether a graded build failed in a way that says nothing about the submission: the environment is to blame by the words
    /// of Cargo or rustc, or a tool failed without an error in any file. A linker that crashes on a full disk looks like this, and
    /// so does a submission that can't be linked.
    pub(super) fn is_in_doubt(refused: &Refused) -> bool {
        let Failure { exit, message, .. } = &refused.failure;
        let is_of_a_tool = cargo::is_compiler_error(message) && !is_about_a_file(message);
        refused.ended.is_none() && (*exit == Exit::Environment || is_of_a_tool)
    }

    /// Whether the machine can make a build in doubt: by a build of the course's own solution.
    ///
    /// # Errors
    /// With [`Exit::Environment`] if the solution doesn't build, either.
    pub(super) fn try_in_doubt(&self, refused: &Refused, order: &CargoBuild, cargo: &Cargo) -> Result<()> {
        if refused.failure.exit != Exit::Environment
            && (self.is_their_way() || solution_files(self.exercise()).is_err())
        {
            return Ok(());
        }
        self.try_solution(order, cargo)
    }

    /// Whether the way that a program is built is the learner's choice, because a Containerfile or settings for std decide it: the
    /// solution built that way would fail as well.
    fn is_their_way(&self) -> bool {
        let decides = |build: &Build| build.linking == Linking::Containerfile || build.std.is_some();
        self.exercise().data.build.values().any(decides)
    }

    /// Makes the same build of the course's own solution, from nothing.
    pub(super) fn try_solution(&self, order: &CargoBuild, cargo: &Cargo) -> Result<()> {
        let target_dir = self.base.join("solution-target");
        let solution = self.compose("solution", &solution_files(self.exercise())?, target_dir.clone())?;
        let sandbox = cargo.sandbox.as_ref().map(|sandbox| Arc::new(sandbox.of_the_course()));
        let mut cargo = Cargo { cwd: solution.folder.clone(), sandbox, ..cargo.clone() };
        cargo.env.insert("CARGO_BUILD_BUILD_DIR".into(), Some(target_dir.clone().into()));
        let manifest = Some(solution.folder.join("Cargo.toml"));
        let target = Some(target_dir.clone());
        let built = cargo.try_build(&CargoBuild { manifest, target_dir: target, record: None, ..order.clone() });
        let _ = fs::remove_dir_all(&target_dir);
        match built? {
            Ok(_) => Ok(()),
            Err(refused) => {
                let Failure { message, .. } = refused.failure;
                bail!(Failure::new(
                    Exit::Environment,
                    format!("the course's own solution doesn't build either: {message}")
                ))
            }
        }
    }
}

/// Whether rustc or Cargo shows an error in a file of the package: then the error is about that file.
fn is_about_a_file(message: &str) -> bool {
    cargo::first_place(message).is_some()
}

/// A failed build of the course's own files, with what in the environment may be the cause.
fn of_the_environment(message: &str) -> Failure {
    let set = surroundings::of_failed_builds();
    let help = if set.is_empty() {
        "that isn't your program's fault; `cargo xtask doctor` checks the tools that a build needs".to_owned()
    } else {
        format!(
            "that isn't your program's fault. Your environment sets variables that builds read: {}. Remove what isn't needed here \
             (`unset NAME`; in PowerShell `Remove-Item Env:NAME`), and try again; `cargo xtask doctor` checks the tools",
            set.join(", ")
        )
    };
    Failure::new(Exit::Environment, message).help(help)
}
