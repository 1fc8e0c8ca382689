//! Judges what a Containerfile makes, by its text.

use super::data::{self, ImageBuild};
use super::{Case, Data, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::exercise::containerfile::recipe::{Copied, Kind, Recipe, Start, Trouble};
use crate::exercise::containerfile::{Containerfile, Stage};
use crate::exercise::kinds::{Image, Want};
use crate::learner_manifest::list;
use std::ops::Range;
use weigh::workshop::nearest;

/// Where engines look for a program without a path, if the image doesn't say.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The largest number of a user or group that engines take.
const LARGEST_ID: u32 = i32::MAX as u32;

pub(super) fn judge(case: &Case<'_>, file: &Containerfile, Image { wants }: &Image) -> Finding {
    if !file.problems.is_empty() {
        return Finding::NotMet(file.problems.clone(), Data::Nothing);
    }
    let Some(last) = file.stages.last() else { return Finding::NeedsBuild };
    let program = &case.exercise.data.package;
    let recipe = Recipe::of(file);
    let mut found = Found { file, last, recipe: &recipe, program, is_whole_build: false, problems: Vec::new() };
    for want in wants {
        match want.get_ref() {
            Want::EmptyBase => found.base(),
            Want::OnlyTheProgram => found.files(),
            Want::NoShell => {
                found.start();
                found.health();
            }
            Want::NotRoot => found.user(),
        }
    }
    let path = recipe.copied.iter().find(|copied| copied.program.is_some()).map(|copied| copied.to.clone());
    let build = recipe.build.as_ref().map(|build| ImageBuild {
        profile: build.profile.clone(),
        target: build.target.clone(),
        is_static: build.is_static(),
    });
    let data = Data::Image(data::Image { base: recipe.base.clone(), program: path, build });
    if found.problems.is_empty() { Finding::Met(data) } else { Finding::NotMet(found.problems, data) }
}

/// What was found so far.
struct Found<'a> {
    file: &'a Containerfile,
    last: &'a Stage,
    recipe: &'a Recipe,
    program: &'a str,
    /// The image is the stage that builds, with everything in it. That is reported; reporting each of its files would
    /// only repeat it.
    is_whole_build: bool,
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
        // A FROM that names no image is reported with the build.
        if (stages > 1 && base == "scratch") || base.is_empty() {
            return;
        }
        self.is_whole_build = stages == 1 && base != "scratch";
        let (message, help) = if stages == 1 {
            (
                format!("the image that ships is {base}, including everything that only the build needed"),
                "give this stage a name (`FROM … AS build`), and begin a second one below it: `FROM scratch`. Only the last stage is shipped".to_owned(),
            )
        } else {
            (
                format!("the last stage starts from {base}, which has files of its own"),
                "start it from `scratch`, the empty image; a program that needs nothing but the kernel runs there"
                    .to_owned(),
            )
        };
        self.add(Code::ImageBase, &self.last.span, message, "everything in it is shipped", help);
    }

    fn files(&mut self) {
        let recipe = self.recipe;
        // Nothing can be copied from a stage that ends with an error. So this is reported first, and alone.
        recipe.troubles.iter().for_each(|trouble| self.trouble(trouble));
        let is_broken = !recipe.troubles.is_empty();
        for span in &recipe.commands {
            // In a file with one stage it is the build, and the base is what is wrong.
            if self.file.stages.len() > 1 {
                let message = "the last stage runs a command, but an empty image has no shell to run it";
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
                _ if self.is_whole_build => {}
                _ => self.not_the_program(copied),
            }
        }
        let programs: Vec<&Copied> = recipe.copied.iter().filter(|copied| copied.program.is_some()).collect();
        match programs.as_slice() {
            [] if recipe.copied.is_empty() && !is_broken && !self.is_whole_build => {
                let message = format!("the last stage has no `{}`", self.program);
                let help = self.where_it_is(None);
                self.add(Code::ImageNotTheProgram, &self.last.span, message, "nothing is copied into it", help);
            }
            [_, second, ..] => {
                let help = "one copy is enough: each one adds a layer";
                self.add(Code::ImageNotTheProgram, &second.span, "the program is copied twice", "again", help);
            }
            _ => {}
        }
        let build = recipe.build.as_ref();
        if let Some((build, (message, help))) = build.and_then(|build| Some((build, build.refused()?))) {
            self.add(Code::ImageFlags, &build.span, message, "built here", help);
        }
    }

    /// What an instruction copies in place of the program, and why: what matters first is where it is read from.
    fn not_the_program(&mut self, copied: &Copied) {
        let own = self.last.instructions.iter().find(|instruction| instruction.span == copied.span);
        let flags =
            own.map_or("", |own| own.rest.as_str()).split_whitespace().take_while(|word| word.starts_with("--"));
        let from = flags.filter_map(|flag| flag.strip_prefix("--from=")).last();
        let above = &self.file.stages[..self.file.stages.len() - 1];
        let stage = |name: &str| {
            let name = name.to_lowercase();
            let named = above.iter().rposition(|stage| stage.name.as_deref() == Some(&name));
            named.or_else(|| name.parse().ok().filter(|index| *index < above.len()))
        };
        let program = self.program;
        let (message, label, help) = match from {
            // A name with one of these is an image's name, or isn't known before the build.
            Some(from) if stage(from).is_none() && !from.contains([':', '/', '.', '$']) => {
                let names: Vec<&str> = above.iter().filter_map(|stage| stage.name.as_deref()).collect();
                let help = match (nearest(&from.to_lowercase(), names.iter().copied()), names.as_slice()) {
                    (Some(near), _) => format!("did you mean `--from={near}`?"),
                    (None, []) => format!("give the stage that builds this name: `FROM … AS {from}`"),
                    (None, names) => {
                        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
                        let are = if names.len() == 1 { "the stage above is" } else { "the stages above are" };
                        format!("{are} {}", list(&names))
                    }
                };
                let message = format!(
                    "no stage above is called `{from}`, so an engine would look for an image by this name, not for what you built"
                );
                (message, "no such stage", help)
            }
            _ if self.recipe.copied.iter().any(|other| other.program.is_some()) => {
                let message = format!("this also copies {} into the image, not only `{program}`", list(&copied.from));
                (message, "more than the program", "remove it: the program is already copied".to_owned())
            }
            None => {
                let message = format!(
                    "without `--from`, this copies from the build context, your own folder, not from a stage that built `{program}`"
                );
                (message, "from your folder", self.where_it_is(None))
            }
            Some(from) => {
                let found_in = self.recipe.found_in.as_deref().and_then(stage);
                let is_it = |path: &&String| {
                    let path = format!("/{}", path.trim_start_matches('/'));
                    self.recipe.found.as_deref() == Some(path.as_str())
                };
                let others: Vec<String> = copied.from.iter().filter(|path| !is_it(path)).cloned().collect();
                if others.len() < copied.from.len() && !others.is_empty() && stage(from) == found_in {
                    let message = format!("this also copies {} into the image, not only `{program}`", list(&others));
                    (message, "more than the program", "copy the program alone".to_owned())
                } else {
                    let what = list(&copied.from);
                    let message =
                        format!("this copies {what} into the image, and that isn't the `{program}` that Cargo built");
                    let place = others.is_empty().then_some(from);
                    (message, "not the program", self.where_it_is(place))
                }
            }
        };
        self.add(Code::ImageNotTheProgram, &copied.span, message, label, help);
    }

    /// Where the program is to be copied from. `wrong`: the right path was written, after this stage's name.
    fn where_it_is(&self, wrong: Option<&str>) -> String {
        let named = self.file.stages.iter().rev().skip(1).find_map(|stage| stage.name.as_deref()).unwrap_or("build");
        match (&self.recipe.found, &self.recipe.found_in) {
            (Some(_), Some(stage)) if wrong.is_some_and(|wrong| wrong != stage) => {
                format!("the stage `{stage}` builds it: write `--from={stage}`")
            }
            (Some(path), Some(stage)) => format!(
                "the program is at {path} in the stage that builds it; paths after --from start at that stage's root: `COPY --from={stage} {path} /{}`",
                self.program
            ),
            _ => format!(
                "no earlier stage keeps the program: make sure that an earlier stage runs `cargo build`, and that its target folder isn't a cache mount; then write `COPY --from={named} PATH /{}`",
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
        let help = format!("write it in exec form, in brackets and double quotes: `ENTRYPOINT [\"{path}\"]`");
        let Some((start, span)) = &self.recipe.start else {
            match &self.recipe.arguments {
                Some((Start::Line(_), span)) => self.line(span, help),
                Some((Start::Words(_), span)) => {
                    let message = "CMD is only a default: anything after the image's name replaces it, so an argument for the program would be started instead";
                    let help = format!("replace CMD with ENTRYPOINT: `ENTRYPOINT [\"{path}\"]`");
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
                let message = format!("this starts {}, but the program is {path}", words[0]);
                let help = match self.place() {
                    Some(path) => {
                        format!("the path must match where COPY puts the program: `ENTRYPOINT [\"{path}\"]`")
                    }
                    None => help,
                };
                self.add(Code::ImageShell, span, message, "not the program's path", help);
            }
            Start::Words(words) if words.len() > 1 => {
                let message = format!(
                    "this starts the program with arguments, which then apply to every run: {}",
                    words[1..].join(" ")
                );
                let help = format!(
                    "start the program alone: `ENTRYPOINT [\"{path}\"]`; arguments are passed when the image is run"
                );
                self.add(Code::ImageShell, span, message, "not the program alone", help);
            }
            Start::Words(_) => match &self.recipe.arguments {
                Some((Start::Line(_), span)) => {
                    let message = "CMD in shell form passes `/bin/sh`, `-c` and the line to the program as arguments";
                    self.add(Code::ImageShell, span, message, "three arguments", "remove it");
                }
                Some((Start::Words(words), span)) if self.starts(&words[0], &path) => {
                    let message =
                        "CMD holds arguments for the ENTRYPOINT: the program would get its own path as an argument";
                    self.add(Code::ImageShell, span, message, "the program again", "remove it");
                }
                _ => {}
            },
        }
        self.permission();
    }

    /// A health check that can only fail, so that engines restart a healthy program.
    fn health(&mut self) {
        let path = self.place().map_or_else(|| format!("/{}", self.program), str::to_owned);
        // What else a different image has isn't checked.
        if self.recipe.base != "scratch" {
            return;
        }
        let help = format!("let it start the program, in exec form: `HEALTHCHECK CMD [\"{path}\"]`; or remove it");
        match &self.recipe.health {
            Some((Start::Line(_), span)) => {
                let message = "the health check is in shell form (`/bin/sh -c`), but an empty image has no shell";
                self.add(Code::ImageShell, span, message, "needs /bin/sh", help);
            }
            Some((Start::Words(words), span)) if !self.starts(&words[0], &path) => {
                let message = format!("the health check starts {}, and the image contains only the program", words[0]);
                self.add(Code::ImageShell, span, message, "isn't in the image", help);
            }
            _ => {}
        }
    }

    fn line(&mut self, span: &Range<usize>, help: String) {
        let message = "the program is started in shell form (`/bin/sh -c`), but an empty image has no shell";
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
        let help = "Cargo creates programs with the permissions 0755, and COPY keeps them: remove `--chmod`, or write `--chmod=0755`";
        self.add(Code::ImageShell, &span, message, "can't be started", help);
    }

    fn user(&mut self) {
        const HELP: &str = "give numbers for the user and the group: `USER 65534:65534`";
        let Some((user, span)) = &self.recipe.user else {
            let message = "the program would run as root";
            return self.add(Code::ImageUser, &self.last.span, message, "no USER below it", HELP);
        };
        // What no engine fills in is reported with the build.
        if user.contains("$(") {
            return;
        }
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<&str> = user.split(':').collect();
        if let Some(name) = parts.iter().find(|part| !is_number(part)) {
            let message = match name.is_empty() {
                true => format!("`{user}` lacks a number"),
                false => format!("`{name}` is a name, but an empty image has no /etc/passwd to look it up in"),
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
                let message = "USER sets no group, so the program runs in group 0, which is root's";
                self.add(Code::ImageUser, span, message, "no group", HELP);
            }
            _ => self.add(Code::ImageUser, span, format!("`{user}` isn't a user and a group"), "not two numbers", HELP),
        }
    }
}
