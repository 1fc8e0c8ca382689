//! What comes before the first build: the compiler, a Cargo that doesn't follow what surrounds this process, and the files that
//! are handed over.

use super::bench::Bench;
use super::compiler::{self, version, version_once};
use super::{
    Edits, Evidence, Grading, Request, Whose, attributes, handed, solution_files, starter_files, target_folder,
};
use crate::diagnostic::Diagnostic;
use crate::exercise::{Check, Goal};
use crate::outside::outside;
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;
use weigh::cargo::Cargo;
use weigh::measure::work as effort;
use weigh::surroundings;

/// What all builds of a call have in common, and evidence with no build in it yet.
pub(super) fn prepare<'a>(request: &'a Request<'a>) -> Result<(Bench<'a>, Evidence)> {
    let Request { root, exercise, .. } = request;
    let (cargo, version, toolchain, target, mut aside) = match request.grading {
        None => compiler::pinned(root, version(exercise)?)?,
        Some(_) => {
            let (cargo, version, toolchain, target) = version_once(exercise)?;
            (cargo, version, toolchain, target, Vec::new())
        }
    };
    let targets = match exercise.baseline() {
        Some(_) => cargo.targets("rustc".as_ref())?,
        None => BTreeSet::new(),
    };
    let base = match request.grading {
        None => target_folder(root).join("check").join(&exercise.id),
        Some(Grading { base, .. }) => base.clone(),
    };
    let Detached { cargo, is_apart, aside: of_surroundings } = detached(request, cargo, &base, &toolchain)?;
    aside.extend(of_surroundings);
    let handed = handed_files(request, is_apart)?;
    let evidence = Evidence {
        pinned: surroundings::pin(root),
        toolchain,
        target: target.clone(),
        targets,
        hidden: request.grading.map(|grading| grading.hidden.clone()),
        counter: counter(request),
        handed: unusual_files(request)?,
        aside,
        ..Evidence::default()
    };
    let bench = Bench { request, base, cargo, version, target, counter: evidence.counter.clone(), handed };
    Ok((bench, evidence))
}

/// A Cargo that doesn't follow what surrounds this process.
struct Detached {
    cargo: Cargo,
    /// The learner's files need a different folder: in their own, this Cargo and theirs would build in turn.
    is_apart: bool,
    /// What was set aside, and isn't reported already.
    aside: Vec<Diagnostic>,
}

/// Keeps Cargo away from the environment and the configuration files, or puts it in the box for builds. `base`: the folder for
/// everything that is built.
fn detached(request: &Request<'_>, mut cargo: Cargo, base: &Path, toolchain: &str) -> Result<Detached> {
    let Request { root, exercise, .. } = request;
    // With the pinned toolchain in place of theirs.
    let is_pinned = cargo.env.contains_key(OsStr::new("RUSTUP_TOOLCHAIN"));
    if let Some(Grading { boxes: Some((build, _)), .. }) = request.grading {
        let cargo = Cargo { program: "cargo".into(), env: BTreeMap::new(), sandbox: Some(Arc::clone(build)), ..cargo };
        return Ok(Detached { cargo, is_apart: is_pinned, aside: Vec::new() });
    }
    let outside = outside(&[&exercise.folder, base]);
    outside.set_aside(&mut cargo, base)?;
    let has_moved = cargo.cwd != exercise.folder;
    if has_moved && env::var_os("RUSTUP_TOOLCHAIN").is_none() && surroundings::pin(root).as_deref() == Some(toolchain) {
        // The file that sets it is found only from the workshop.
        cargo.env.entry("RUSTUP_TOOLCHAIN".into()).or_insert_with(|| Some(toolchain.into()));
    }
    let is_known = |problem: &Diagnostic| {
        request.grading.is_some() || request.aside.iter().any(|other| other.message == problem.message)
    };
    let aside = outside.found.into_iter().map(|(_, problem)| problem).filter(|problem| !is_known(problem)).collect();
    Ok(Detached { cargo, is_apart: is_pinned || outside.is_apart, aside })
}

/// The files that are built in a separate folder; none if the learner's folder itself is built.
fn handed_files(request: &Request<'_>, is_apart: bool) -> Result<Option<Edits>> {
    let exercise = request.exercise;
    Ok(match request.whose {
        Whose::Learner => {
            let handed::Handed { files, problems } = handed(exercise)?;
            (is_apart || !problems.is_empty()).then_some(files)
        }
        Whose::Other(_, files) => Some(handed::built(exercise, files, &starter_files(exercise)?)),
    })
}

/// What counts instructions, where a goal is about speed and this machine, or the box for runs, has it.
fn counter(request: &Request<'_>) -> Option<String> {
    let is_speed = |goal: &Goal| matches!(goal.check, Check::Speed(_));
    let run_box = request.grading.and_then(|grading| Some(&grading.boxes.as_ref()?.1));
    request.exercise.data.goal.iter().any(is_speed).then(|| effort::counter(run_box)).flatten()
}

/// What a submission's sources have that none of the course's sources have.
fn unusual_files(request: &Request<'_>) -> Result<Vec<String>> {
    let exercise = request.exercise;
    match request.whose {
        Whose::Other(_, files) if request.grading.is_some() => {
            Ok(attributes::unusual(exercise, files, &[&starter_files(exercise)?, &solution_files(exercise)?]))
        }
        _ => Ok(Vec::new()),
    }
}
