//! How a build is made where the learner's Containerfile decides that: with which profile, and whether C's library is linked
//! into the program. The file itself is never run, and nothing else in it reaches Cargo.

use super::{Request, Whose, starter_files};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::build_std::{BuildStd, Settings};
use crate::exercise::containerfile::{Containerfile, context::Context, recipe::Recipe};
use crate::exercise::{CONTAINERFILE, Linking, Tree};
use anyhow::Result;
use base::diagnostic::line_and_column;
use base::files;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weigh::measure::linking;
use weigh::oci;

/// How a build is made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct How {
    /// The profile.
    pub(crate) profile: String,
    /// The target, if one is named. It is always this machine's: a program for a different target couldn't be run.
    pub(crate) target: Option<String>,
    /// Whether C's library is linked in.
    pub(crate) is_static: bool,
    /// How std is compiled with the program.
    pub(crate) std: Settings,
    /// The line of a Containerfile that builds it, where there is one.
    pub(crate) run: Option<(PathBuf, usize)>,
}

/// How a build is made, or why the check doesn't make it.
///
/// # Errors
/// When the course is incomplete.
pub(super) fn of(request: &Request<'_>, name: &str, host: &str) -> Result<Result<How, Box<Diagnostic>>> {
    let build = request.exercise.build(name);
    let std = match of_std(request, name, host)? {
        Ok(std) => std,
        Err(problem) => return Ok(Err(problem)),
    };
    let plain = || How {
        profile: build.profile.clone(),
        target: std.target.clone(),
        is_static: false,
        std: std.clone(),
        run: None,
    };
    let how = match build.linking {
        Linking::Default => plain(),
        Linking::Static => How { target: Some(host.to_owned()), is_static: true, ..plain() },
        Linking::Containerfile => {
            let path = request.exercise.folder.join(CONTAINERFILE);
            let context = Arc::new(Context::of(request.exercise));
            let among = |files: &[(String, Vec<u8>)]| {
                let content =
                    files.iter().find(|(path, _)| path == CONTAINERFILE).map(|(_, content)| content.as_slice());
                Containerfile::of(&path, content.unwrap_or_default(), Arc::clone(&context))
            };
            let file = match (build.tree, request.whose) {
                (Tree::Starter, _) => among(&starter_files(request.exercise)?),
                (Tree::Learner, Whose::Other(_, files)) => among(files),
                (Tree::Learner, Whose::Learner) => Containerfile::read(&path, Arc::clone(&context)),
            };
            match Recipe::of(&file).build {
                None => plain(),
                Some(made) => {
                    // A goal may already have reported it. Either way, it never reaches Cargo.
                    if let Some((message, help)) = made.refused() {
                        let problem = Diagnostic::new(Code::ImageFlags, message).at(&file.source, made.span, "");
                        return Ok(Err(Box::new(problem.help(help))));
                    }
                    let is_static = made.is_static();
                    let target = made.is_apart().then(|| host.to_owned());
                    let line = line_and_column(&file.source.text, made.span.start).0;
                    let run = Some((file.source.file.clone(), line));
                    How { profile: made.profile, target, is_static, std: Settings::default(), run }
                }
            }
        }
    };
    Ok(Ok(how))
}

/// How std is compiled for a build, or why the check doesn't make it. Where no file decides that, it isn't.
fn of_std(request: &Request<'_>, name: &str, host: &str) -> Result<Result<Settings, Box<Diagnostic>>> {
    let build = request.exercise.build(name);
    let Some(file) = &build.std else { return Ok(Ok(Settings::default())) };
    let path = request.exercise.folder.join(file.get_ref());
    let among = |files: &[(String, Vec<u8>)]| {
        let content = files.iter().find(|(path, _)| path == file.get_ref()).map(|(_, content)| content.as_slice());
        BuildStd::of(&path, content.unwrap_or_default())
    };
    let read = match (build.tree, request.whose) {
        (Tree::Starter, _) => among(&starter_files(request.exercise)?),
        (Tree::Learner, Whose::Other(_, files)) => among(files),
        (Tree::Learner, Whose::Learner) => BuildStd::read(&path),
    };
    // A goal has already reported it. Either way, it never reaches Cargo.
    if let Some(problem) = read.problems.first() {
        return Ok(Err(Box::new(problem.clone())));
    }
    Ok(read.target(host).map(|target| Settings { target, ..read.settings }))
}

/// Bytes of the image that contains only a program, as it is pulled; none for a program that couldn't start there.
///
/// # Errors
/// When the file cannot be packed.
pub(super) fn image_bytes(name: &str, program: &Path, linking: &linking::Linking) -> Result<Option<u64>> {
    let starts = linking.interpreter.is_none() && linking.libraries.is_empty();
    let Some(content) = files::content(program).filter(|_| starts) else { return Ok(None) };
    let Some(architecture) = oci::architecture(&content) else { return Ok(None) };
    Ok(Some(oci::pack(name, &content, architecture)?.pulled_bytes))
}
