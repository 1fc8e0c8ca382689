//! Follows the stages of a Containerfile, one instruction after another, as an engine carries them out.

mod run;

use super::super::bases::{self, Base};
use super::super::copy::{self, Other};
use super::super::files::{File, Found, What, join};
use super::super::words::{self, Variables};
use super::super::{Containerfile, Instruction, Stage};
use super::{Kind, Made, Recipe, Start, Trouble};
use std::collections::BTreeSet;

/// What is known of the stages above.
pub(super) struct Stages<'a> {
    pub file: &'a Containerfile,
    pub globals: Variables,
    pub processor: String,
    /// None is a stage that failed, or wasn't followed.
    pub made: Vec<Option<Made>>,
}

impl Stages<'_> {
    /// The index of a stage above another one, by its name or number.
    fn index(&self, name: &str, before: usize) -> Option<usize> {
        let name = name.to_lowercase();
        let stages = &self.file.stages[..before];
        stages
            .iter()
            .rposition(|stage| stage.name.as_deref() == Some(&name))
            .or_else(|| name.parse().ok().filter(|index| *index < before))
    }

    fn base(&self, stage: &Stage) -> String {
        words::engine(&stage.base, &self.globals).concat()
    }

    /// The stages that the last one is made of. An engine leaves the others out.
    pub(super) fn needed(&self, last: usize) -> BTreeSet<usize> {
        let mut needed = BTreeSet::from([last]);
        for index in (0..=last).rev() {
            if !needed.contains(&index) {
                continue;
            }
            let stage = &self.file.stages[index];
            needed.extend(
                self.index(&self.base(stage), index).filter(|_| !stage.base.chars().all(|c| c.is_ascii_digit())),
            );
            for instruction in &stage.instructions {
                let from = instruction.rest.split([' ', '\t', ',']).filter_map(|word| {
                    word.strip_prefix("--from=")
                        .or_else(|| word.strip_prefix("from="))
                        .or_else(|| word.strip_prefix("--mount=from="))
                });
                needed.extend(from.filter_map(|name| self.index(name, index)));
            }
        }
        needed
    }

    /// Follows a stage; what the last one is asked about goes into the recipe.
    pub(super) fn follow(&self, index: usize, stage: &Stage, is_last: bool, recipe: &mut Recipe) -> Option<Made> {
        let base = self.base(stage);
        let mut made = match self.index(&base, index).filter(|_| base.parse::<usize>().is_err()) {
            // A stage that goes on from another one has everything of it.
            Some(above) => self.made[above].clone()?,
            None => Made::of(&base, stage.said.as_ref()),
        };
        if base.is_empty() || base.contains("$(") {
            let help = "write the name of an image, or give its ARG a default above the first FROM";
            let message = format!("FROM {} doesn't name an image", stage.base);
            recipe.troubles.push(Trouble::new(Kind::Fails, stage.span.clone(), message, "no image", help));
            return None;
        }
        // Docker runs these here; an image in the format of OCI has none of them.
        let above = self.index(&base, index).filter(|_| base.parse::<usize>().is_err());
        let mut inherited = above.into_iter().flat_map(|above| &self.file.stages[above].instructions);
        if let Some(trigger) = inherited.find(|instruction| instruction.word == "ONBUILD") {
            let message = format!(
                "the check can't follow ONBUILD in `{base}`, which another stage starts from: engines differ in whether they run it"
            );
            let help = "write the instruction in the stage that needs it";
            let (kind, span) = (Kind::NotFollowed, trigger.span.clone());
            recipe.troubles.push(Trouble::new(kind, span, message, "not followed here", help));
            if !is_last {
                return None;
            }
        }
        if is_last {
            recipe.base.clone_from(&made.root);
        }
        for instruction in &stage.instructions {
            match self.step(index, instruction, &mut made, is_last, recipe) {
                Ok(()) => {}
                Err(trouble) => {
                    recipe.troubles.push(*trouble);
                    if !is_last {
                        return None;
                    }
                }
            }
        }
        Some(made)
    }

    fn step(
        &self,
        index: usize,
        instruction: &Instruction,
        made: &mut Made,
        is_last: bool,
        recipe: &mut Recipe,
    ) -> Result<(), Box<Trouble>> {
        let Instruction { word, rest, span, .. } = instruction;
        if matches!(word.as_str(), "WORKDIR" | "ENV" | "ARG" | "USER") && rest.contains("$(") {
            if word == "USER" {
                made.user = Some((rest.clone(), span.clone()));
            }
            return Err(Box::new(copy::substitution(instruction)));
        }
        match word.as_str() {
            "WORKDIR" => {
                let folder = words::engine(rest, &made.all_variables()).join(" ");
                made.folder = join(&made.folder, &folder);
                let folder = made.folder.clone();
                made.files.make_folder(&folder);
            }
            "ENV" => {
                let known = made.all_variables();
                declare(rest, &mut made.environment, &known);
            }
            "ARG" => self.argument(rest, made),
            "RUN" => {
                if is_last {
                    recipe.commands.push(span.clone());
                }
                if bases::find(&made.root) != Base::Empty || !is_last {
                    self.run(index, instruction, made)?;
                }
            }
            "COPY" | "ADD" => {
                let copied = copy::copy(instruction, made, &self.file.context, |from| self.other(from, index));
                match (is_last, copied.trouble.clone()) {
                    (true, _) => recipe.copied.push(copied),
                    (false, Some(trouble)) => return Err(Box::new(trouble)),
                    (false, None) => {}
                }
            }
            "USER" => {
                let user = words::engine(rest, &made.all_variables()).join(" ");
                made.user = Some((user, span.clone()));
            }
            "ENTRYPOINT" => {
                made.start = if rest.replace(' ', "") == "[]" { None } else { Some((start(rest), span.clone())) };
            }
            "CMD" => made.cmd = if rest.replace(' ', "") == "[]" { None } else { Some((start(rest), span.clone())) },
            "HEALTHCHECK" => made.health = health(rest).map(|start| (start, span.clone())),
            "SHELL" if !is_last => set_shell(instruction, made)?,
            "VOLUME" if !is_last => {
                let message = "the check can't follow a volume in a stage that builds, so it can't tell what the image would contain";
                return not_followed(instruction, message, "remove it");
            }
            _ => {}
        }
        Ok(())
    }

    /// An ARG. Without a value, it gets the value of the ARG above the first FROM.
    fn argument(&self, rest: &str, made: &mut Made) {
        let mut known = made.all_variables();
        for word in words::engine(rest, &known) {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                None => (word.clone(), self.globals.get(&word).cloned()),
            };
            known.extend(value.clone().map(|value| (name.clone(), value)));
            made.arguments.extend(value.map(|value| (name, value)));
        }
    }

    fn other(&self, from: &str, before: usize) -> Other<'_> {
        match self.index(from, before) {
            Some(index) => self.made[index].as_ref().map_or(Other::Broken, Other::Stage),
            None => Other::Image,
        }
    }

    /// What the last stage is in the end.
    pub(super) fn finish(mut self, mut recipe: Recipe) -> Recipe {
        let Some(made) = self.made.pop().flatten() else { return recipe };
        let mut above = self.made.iter().enumerate().rev().filter_map(|(index, made)| Some((index, made.as_ref()?)));
        let with_program = above.find_map(|(index, made)| Some((index, made.found_program()?)));
        let named = |index: usize| self.file.stages[index].name.clone().unwrap_or_else(|| index.to_string());
        recipe.found_in = with_program.as_ref().map(|(index, _)| named(*index));
        recipe.found = with_program.map(|(_, path)| path);
        recipe.placeholder = self.made.iter().flatten().find_map(|made| made.placeholder.clone());
        let own = recipe.copied.iter().find(|copied| copied.program.is_some()).map(|copied| copied.to.clone());
        let own = own.or_else(|| made.found_program());
        let file = own.as_ref().and_then(|path| match made.files.at(path) {
            Found::File(file) => Some(file.clone()),
            _ => None,
        });
        recipe.program = own.zip(file);
        let copied = recipe.copied.iter().find_map(|copied| copied.program.clone());
        recipe.build = copied.or_else(|| match &recipe.program {
            Some((_, File { what: What::Program(build), .. })) => Some((**build).clone()),
            _ => None,
        });
        recipe.path = made.environment.get("PATH").cloned();
        (recipe.user, recipe.start, recipe.arguments, recipe.folder) = (made.user, made.start, made.cmd, made.folder);
        recipe.health = made.health;
        recipe
    }
}

/// The processor that the file is written for, from the first image with a platform, from the targets that it names, or this
/// machine's.
pub(super) fn processor(file: &Containerfile) -> String {
    let platform = file.stages.iter().find_map(|stage| match stage.platform.as_deref()? {
        "linux/amd64" => Some("x86_64"),
        "linux/arm64" | "linux/arm64/v8" => Some("aarch64"),
        _ => None,
    });
    let all = file.arguments.iter().chain(file.stages.iter().flat_map(|stage| &stage.instructions));
    let named =
        || all.enumerate().filter_map(|(index, one)| target_of(one).map(|(rank, name)| (rank, index, name))).min();
    platform.or_else(|| named().map(|(_, _, name)| name)).unwrap_or(std::env::consts::ARCH).to_owned()
}

/// The processor of a target that an instruction names, and how much that says: an option of Cargo more than a variable or a path, and
/// these more than what is only installed. Comments and other words say nothing.
fn target_of(instruction: &Instruction) -> Option<(usize, &'static str)> {
    let known = ["x86_64", "aarch64", "armv7", "i686", "riscv64gc", "loongarch64", "powerpc64le", "s390x"];
    if !matches!(instruction.word.as_str(), "ARG" | "ENV" | "RUN" | "COPY") {
        return None;
    }
    let lines = instruction.whole.lines().filter(|line| !line.trim_start().starts_with('#'));
    let lines = lines.map(|line| line.split(" #").next().unwrap_or(line));
    let text = lines.collect::<Vec<_>>().join("\n");
    let rank = |at: usize| {
        let before = text[..at].trim_end_matches(['"', '\'', ' ', ',', '=']);
        let is_value = text[..at].trim_end_matches(['"', '\'', ' ']).ends_with('=');
        let command = before.rsplit(['&', ';', '|', '\n']).next().unwrap_or(before);
        let installs = ["add", "install"].iter().any(|verb| command.contains(&format!("target {verb}")));
        match () {
            () if before.ends_with("--target") || before.ends_with("CARGO_BUILD_TARGET") => Some(0),
            () if is_value || before.ends_with('/') => Some(1),
            () if installs => Some(2),
            () => None,
        }
    };
    let found = known.into_iter().flat_map(|name| text.match_indices(name).map(move |(at, _)| (at, name)));
    let triples = found.filter(|(at, name)| text[at + name.len()..].starts_with('-'));
    triples.filter_map(|(at, name)| Some((rank(at)?, at, name))).min().map(|(rank, _, name)| (rank, name))
}

/// A SHELL in a stage that builds.
fn set_shell(instruction: &Instruction, made: &Made) -> Result<(), Box<Trouble>> {
    let Instruction { rest, span, .. } = instruction;
    if rest.contains("bash") && !made.has_bash() {
        let message = format!("there is no bash in {}", made.base);
        let help = "install it above this line (`RUN apk add --no-cache bash`), or use /bin/sh";
        return Err(Box::new(Trouble::new(Kind::Fails, span.clone(), message, "not found", help)));
    }
    if !rest.contains("sh\"") {
        let message = "the check can't follow this shell, so it can't tell what the image would contain";
        return not_followed(instruction, message, "leave the line out: `/bin/sh` runs the commands");
    }
    Ok(())
}

fn not_followed<T>(instruction: &Instruction, message: impl Into<String>, help: &str) -> Result<T, Box<Trouble>> {
    Err(Box::new(Trouble::new(Kind::NotFollowed, instruction.span.clone(), message, "not followed here", help)))
}

/// `ENV A=1 B=2`, and the old `ENV A 1`.
pub(super) fn declare(rest: &str, into: &mut Variables, known: &Variables) {
    let words: Vec<String> = words::engine(rest, known);
    let pairs: Vec<(String, String)> = words
        .iter()
        .filter_map(|word| word.split_once('=').filter(|(name, _)| words::is_name(name)))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match (pairs.is_empty(), words.split_first()) {
        (true, Some((name, value))) if !value.is_empty() => drop(into.insert(name.clone(), value.join(" "))),
        _ => into.extend(pairs),
    }
}

/// What an ENTRYPOINT or CMD starts.
/// What a HEALTHCHECK starts, behind its options; NONE starts nothing.
fn health(rest: &str) -> Option<Start> {
    let mut rest = rest.trim_start();
    while rest.starts_with("--") {
        rest = rest.split_once(char::is_whitespace)?.1.trim_start();
    }
    let (kind, command) = rest.split_once(char::is_whitespace)?;
    kind.eq_ignore_ascii_case("CMD").then(|| start(command.trim()))
}

fn start(rest: &str) -> Start {
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) if !words.is_empty() => Start::Words(words),
        _ => Start::Line(rest.to_owned()),
    }
}
