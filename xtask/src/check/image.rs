//! Judges what a Containerfile makes, by its text.

use super::{Case, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::containerfile::recipe::{Copied, Kind, Recipe, Start, Trouble};
use crate::exercise::containerfile::{Containerfile, Stage};
use crate::exercise::kinds::{Image, Want};
use crate::profile::list;
use serde_json::json;
use std::ops::Range;

/// Where engines look for a program without a path, if the image doesn't say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The largest number of a user or group that engines take.
const LARGEST_ID: u32 = i32::MAX as u32;

pub fn judge(case: &Case<'_>, file: &Containerfile, Image { wants }: &Image) -> Finding {
    if !file.problems.is_empty() {
        return Finding::NotMet(file.problems.clone(), serde_json::Value::Null);
    }
    let Some(last) = file.stages.last() else { return Finding::NeedsBuild };
    let program = &case.exercise.data.package;
    let recipe = Recipe::of(file);
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
    let data = json!({ "base": recipe.base, "program": path, "build": build });
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

    fn trouble(&mut self, trouble: &Trouble) {
        let Trouble { kind, message, label, help, span } = trouble;
        let code = match kind {
            Kind::Fails | Kind::Absent => Code::ImageBuild,
            Kind::NotFollowed => Code::ImageNotFollowed,
        };
        self.add(code, span, message, label, help);
    }

    fn base(&mut self) {
        let (base, stages) = (&self.recipe.base, self.file.stages.len());
        // What names no image is told with the build.
        if (stages > 1 && base == "scratch") || base.is_empty() {
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
        let recipe = self.recipe;
        // Of a stage that ends with an error, nothing can be copied. So this comes first, and alone.
        recipe.troubles.iter().for_each(|trouble| self.trouble(trouble));
        let is_broken = !recipe.troubles.is_empty();
        for span in &recipe.commands {
            // In a file with one stage it is the build, and the base is what is wrong.
            if self.file.stages.len() > 1 {
                let message = "the last stage runs a command, and an empty image has nothing to run";
                let help = "run it in the stage above, and copy the result";
                self.add(Code::ImageNotTheProgram, span, message, "here", help);
            }
        }
        let wrong: Vec<&Copied> = recipe.copied.iter().filter(|copied| copied.program.is_none()).collect();
        for copied in &wrong {
            match (&copied.trouble, &recipe.placeholder) {
                (Some(trouble), _) if trouble.kind != Kind::Absent => self.trouble(trouble),
                _ if is_broken => {}
                (None, Some(placeholder)) if recipe.found.is_none() => self.trouble(placeholder),
                _ => {
                    let message = format!(
                        "this brings {} into the image, and that is not `{}` as Cargo has built it",
                        list(&copied.from),
                        self.program
                    );
                    let help = self.where_it_is();
                    self.add(Code::ImageNotTheProgram, &copied.span, message, "not the program", help);
                }
            }
        }
        let programs: Vec<&Copied> = recipe.copied.iter().filter(|copied| copied.program.is_some()).collect();
        match programs.as_slice() {
            [] if recipe.copied.is_empty() && !is_broken => {
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
        let build = recipe.build.as_ref();
        if let Some((build, (message, help))) = build.and_then(|build| Some((build, build.refused()?))) {
            self.add(Code::ImageFlags, &build.span, message, "built here", help);
        }
    }

    /// Where the program is to be copied from.
    fn where_it_is(&self) -> String {
        let named = self.file.stages.iter().rev().skip(1).find_map(|stage| stage.name.as_deref()).unwrap_or("build");
        match (&self.recipe.found, &self.recipe.found_in) {
            (Some(path), Some(stage)) => format!(
                "it is at {path} in the stage that builds it; paths behind --from begin at the root of that stage: `COPY --from={stage} {path} /{}`",
                self.program
            ),
            _ => format!(
                "no stage above builds it where it would stay: look for `cargo build` in a stage above, and for a cache mount over its target folder; then `COPY --from={named} PATH /{}`",
                self.program
            ),
        }
    }

    /// Where the program is in the image.
    fn place(&self) -> Option<&str> {
        self.recipe.program.as_ref().map(|(path, _)| path.as_str())
    }

    fn start(&mut self) {
        let path = self.place().map_or_else(|| format!("/{}", self.program), str::to_owned);
        let help = format!("write it as words, in brackets and double quotes: `ENTRYPOINT [\"{path}\"]`");
        let Some((start, span)) = &self.recipe.start else {
            match &self.recipe.arguments {
                Some((Start::Line(_), span)) => self.line(span, help),
                Some((Start::Words(_), span)) => {
                    let message = "CMD is only a default: what is written behind the image's name replaces it, and an argument for the program would be started in its place";
                    let help = format!("write ENTRYPOINT in place of CMD: `ENTRYPOINT [\"{path}\"]`");
                    self.add(Code::ImageShell, span, message, "replaced by arguments", help);
                }
                None => {
                    let message = "the last stage starts nothing";
                    self.add(Code::ImageShell, &self.last.span, message, "no ENTRYPOINT below it", help);
                }
            }
            return self.permission();
        };
        match start {
            Start::Line(_) => self.line(span, help),
            Start::Words(words) if !self.starts(&words[0], &path) => {
                let message = format!("this starts {}, and the program is {path}", words[0]);
                self.add(Code::ImageShell, span, message, "not the program's path", help);
            }
            Start::Words(words) if words.len() > 1 => {
                let message = format!(
                    "this starts the program with arguments, which are then part of every start: {}",
                    words[1..].join(" ")
                );
                let help = format!(
                    "start the program alone: `ENTRYPOINT [\"{path}\"]`; arguments come from whoever runs the image"
                );
                self.add(Code::ImageShell, span, message, "not the program alone", help);
            }
            Start::Words(_) => match &self.recipe.arguments {
                Some((Start::Line(_), span)) => {
                    let message = "CMD as a line hands `/bin/sh`, `-c` and the line to the program, as its arguments";
                    self.add(Code::ImageShell, span, message, "three arguments", "take it out");
                }
                Some((Start::Words(words), span)) if self.starts(&words[0], &path) => {
                    let message =
                        "CMD holds arguments for the ENTRYPOINT: the program would get its own path as an argument";
                    self.add(Code::ImageShell, span, message, "the program again", "take it out");
                }
                _ => {}
            },
        }
        self.permission();
    }

    fn line(&mut self, span: &Range<usize>, help: String) {
        let message = "what is started is a line for a shell (`/bin/sh -c`), and an empty image has no shell";
        self.add(Code::ImageShell, span, message, "needs /bin/sh", help);
    }

    /// Whether a word starts the program: its path, from the root or from WORKDIR, or its name where it is looked for.
    fn starts(&self, word: &str, path: &str) -> bool {
        if word.starts_with('/') {
            return word == path;
        }
        if word.contains('/') {
            let word = word.strip_prefix("./").unwrap_or(word);
            return format!("{}/{word}", self.recipe.folder.trim_end_matches('/')) == path;
        }
        let folders = self.recipe.path.as_deref().unwrap_or(PATH);
        folders.split(':').any(|folder| format!("{}/{word}", folder.trim_end_matches('/')) == path)
    }

    /// Whether the user may execute the program.
    fn permission(&mut self) {
        let Some((path, file)) = &self.recipe.program else { return };
        let user = self.recipe.user.as_ref().map_or("0", |(user, _)| user.as_str());
        let mut numbers = user.split(':').map(|number| number.parse::<u32>().unwrap_or(u32::MAX));
        let (user, group) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        if file.can_be_executed_by(user, group) {
            return;
        }
        let copied = self.recipe.copied.iter().find(|copied| copied.program.is_some());
        let span = copied.map_or_else(|| self.last.span.clone(), |copied| copied.span.clone());
        let message = format!("user {user} can't execute {path}: its permissions are {:04o}", file.mode);
        let help = "Cargo makes a program with the permissions 0755, which COPY keeps: take `--chmod` out, or write `--chmod=0755`";
        self.add(Code::ImageShell, &span, message, "can't be started", help);
    }

    fn user(&mut self) {
        const HELP: &str = "give a number, of the user and of the group: `USER 65534:65534`";
        let Some((user, span)) = &self.recipe.user else {
            let message = "the program would run as root";
            return self.add(Code::ImageUser, &self.last.span, message, "no USER below it", HELP);
        };
        // What no engine fills in is told with the build.
        if user.contains("$(") {
            return;
        }
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = user.split(':').collect();
        if let Some(name) = parts.iter().find(|part| !is_number(part)) {
            let message = match name.is_empty() {
                true => format!("`{user}` lacks a number"),
                false => format!("`{name}` is a name, and an empty image has no /etc/passwd to look it up in"),
            };
            return self.add(Code::ImageUser, span, message, "not a number", HELP);
        }
        let numbers: Option<Vec<u32>> =
            parts.iter().map(|part| part.parse().ok().filter(|id| *id <= LARGEST_ID)).collect();
        match numbers.as_deref() {
            Some([0, ..]) => self.add(Code::ImageUser, span, "the user 0 is root", "root", HELP),
            Some([_, 0]) => self.add(Code::ImageUser, span, "the group 0 is root's", "root's group", HELP),
            Some([_, _]) => {}
            Some([_]) => {
                let message = "the user has a number, and the group has none: without one, the program runs in group 0, which is root's";
                self.add(Code::ImageUser, span, message, "no group", HELP);
            }
            _ => self.add(Code::ImageUser, span, format!("`{user}` isn't a user and a group"), "not two numbers", HELP),
        }
    }
}
