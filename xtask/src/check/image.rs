//! Judges what a Containerfile makes, by its text.

use super::{Case, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::containerfile::recipe::{Copied, Recipe, Start};
use crate::exercise::containerfile::{Containerfile, Stage};
use crate::exercise::kinds::{Image, Want};
use crate::profile::list;
use serde_json::json;
use std::ops::Range;

pub fn judge(case: &Case<'_>, file: &Containerfile, Image { wants }: &Image) -> Finding {
    if !file.problems.is_empty() {
        return Finding::NotMet(file.problems.clone(), serde_json::Value::Null);
    }
    let Some(last) = file.stages.last() else { return Finding::NeedsBuild };
    let program = &case.exercise.data.package;
    let recipe = Recipe::of(file, program);
    let mut found = Found { file, last, recipe: &recipe, program, problems: Vec::new() };
    for want in wants {
        match want.get_ref() {
            Want::EmptyBase => found.base(),
            Want::OnlyTheProgram => found.files(),
            Want::NoShell => found.start(),
            Want::NotRoot => found.user(),
        }
    }
    let path = recipe.copied.iter().find(|copied| copied.program.is_some()).map(|copied| copied.to.as_str());
    let build = recipe
        .build
        .as_ref()
        .map(|build| json!({ "profile": build.profile, "target": build.target, "static": build.is_static() }));
    let data = json!({ "base": last.base, "program": path, "build": build });
    if found.problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(found.problems, data) }
}

/// What was found so far.
struct Found<'a> {
    file: &'a Containerfile,
    last: &'a Stage,
    recipe: &'a Recipe,
    program: &'a str,
    problems: Vec<Diagnostic>,
}

impl Found<'_> {
    fn add(
        &mut self,
        code: Code,
        span: &Range<usize>,
        message: impl Into<String>,
        label: &str,
        help: impl Into<String>,
    ) {
        let problem = Diagnostic::new(code, message).at(&self.file.source, span.clone(), label).help(help);
        self.problems.push(problem);
    }

    fn base(&mut self) {
        let (base, stages) = (&self.last.base, self.file.stages.len());
        if stages > 1 && base == "scratch" {
            return;
        }
        let (message, help) = if stages == 1 {
            (
                format!("the image is {base}, with everything that was needed to build"),
                "give this stage a name (`FROM … AS build`), and begin a second one below it: `FROM scratch`. Only the last stage is shipped".to_owned(),
            )
        } else {
            (
                format!("the last stage starts from {base}, which brings files of its own"),
                "start it from `scratch`, the empty image; a program that needs nothing but the kernel runs there"
                    .to_owned(),
            )
        };
        self.add(Code::ImageBase, &self.last.span, message, "all of it is shipped", help);
    }

    fn files(&mut self) {
        for span in &self.recipe.commands.clone() {
            // In a file with one stage it is the build, and the base is what is wrong.
            if self.file.stages.len() > 1 {
                let message = "the last stage runs a command, and an empty image has nothing to run";
                self.add(
                    Code::ImageNotTheProgram,
                    span,
                    message,
                    "here",
                    "run it in the stage above, and copy what came of it",
                );
            }
        }
        let wrong: Vec<&Copied> = self.recipe.copied.iter().filter(|copied| copied.program.is_none()).collect();
        for Copied { from, span, .. } in wrong {
            let message = format!(
                "this brings {} into the image, and that is not `{}` as Cargo has built it",
                list(from),
                self.program
            );
            let help = self.where_it_is();
            self.add(Code::ImageNotTheProgram, span, message, "not the program", help);
        }
        let programs: Vec<&Copied> = self.recipe.copied.iter().filter(|copied| copied.program.is_some()).collect();
        match programs.as_slice() {
            [] if self.recipe.copied.is_empty() => {
                let message = format!("the last stage has no `{}`", self.program);
                let help = self.where_it_is();
                self.add(Code::ImageNotTheProgram, &self.last.span, message, "nothing is copied into it", help);
            }
            [_, second, ..] => {
                let help = "one copy is enough: each one is a layer of its own";
                self.add(Code::ImageNotTheProgram, &second.span, "the program is copied twice", "again", help);
            }
            _ => {}
        }
        let build = self.recipe.build.as_ref();
        if let Some((build, (message, help))) = build.and_then(|build| Some((build, build.refused()?))) {
            self.add(Code::ImageFlags, &build.span, message, "built here", help);
        }
    }

    /// Where the program is to be copied from.
    fn where_it_is(&self) -> String {
        let named = self.file.stages.iter().rev().skip(1).find_map(|stage| stage.name.as_deref()).unwrap_or("build");
        match self.recipe.found.first() {
            Some(path) => format!(
                "it is at {path} in the stage that builds it; paths behind --from begin at the root of that stage: `COPY --from={named} {path} /{}`",
                self.program
            ),
            None => format!(
                "no stage above builds it where it would stay: look for `cargo build` in a stage above, and for a cache mount over its target folder; then `COPY --from={named} PATH /{}`",
                self.program
            ),
        }
    }

    fn start(&mut self) {
        let path = self.recipe.copied.iter().find(|copied| copied.program.is_some()).map(|copied| copied.to.clone());
        let Some((start, span)) = &self.recipe.start else {
            let path = path.unwrap_or_else(|| format!("/{}", self.program));
            let help = format!("say what the image starts: `ENTRYPOINT [\"{path}\"]`");
            return self.add(
                Code::ImageShell,
                &self.last.span,
                "the last stage starts nothing",
                "no ENTRYPOINT below it",
                help,
            );
        };
        let path = path.unwrap_or_else(|| format!("/{}", self.program));
        let help = format!("write it as words, in brackets and double quotes: `ENTRYPOINT [\"{path}\"]`");
        match start {
            Start::Line(_) => {
                let message = "what is started is a line for a shell (`/bin/sh -c`), and an empty image has no shell";
                self.add(Code::ImageShell, span, message, "needs /bin/sh", help);
            }
            Start::Words(words) if words[0] != path => {
                let message = format!("this starts {}, and the program is {path}", words[0]);
                self.add(Code::ImageShell, span, message, "not the program's path", help);
            }
            Start::Words(_) => {}
        }
    }

    fn user(&mut self) {
        const HELP: &str = "give a number, of the user and of the group: `USER 65534:65534`";
        let Some((user, span)) = &self.recipe.user else {
            let message = "the program would run as root";
            return self.add(Code::ImageUser, &self.last.span, message, "no USER below it", HELP);
        };
        let name = user.split(':').next().unwrap_or_default();
        match name.parse::<u32>() {
            Ok(0) => self.add(Code::ImageUser, span, "the user 0 is root", "root", HELP),
            Ok(_) if user.split(':').skip(1).all(|group| group.parse::<u32>().is_ok()) => {}
            _ => {
                let message = format!("`{user}` is a name, and an empty image has no /etc/passwd to look it up in");
                self.add(Code::ImageUser, span, message, "not a number", HELP);
            }
        }
    }
}
