//! Follows the stages of a Containerfile, one instruction after another, as an engine carries them out.

use super::super::bases::{self, Base};
use super::super::copy::{self, Other};
use super::super::files::{File, Found, Node, What, join};
use super::super::shell::Shell;
use super::super::words::{self, Variables};
use super::super::{Containerfile, Instruction, Stage};
use super::{Kind, Made, Recipe, Start, Tools, Trouble};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

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
            let message = format!("FROM {} names no image", stage.base);
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
            let help = "write the instruction into the stage that needs it";
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
        let not_followed = |what: &str, help: &str| {
            let message = format!("the check can't follow {what}, so it can't tell what the image would hold");
            Err(Box::new(Trouble::new(Kind::NotFollowed, span.clone(), message, "not followed here", help)))
        };
        if matches!(word.as_str(), "WORKDIR" | "ENV" | "ARG" | "USER") && rest.contains("$(") {
            if word == "USER" {
                made.user = Some((rest.clone(), span.clone()));
            }
            return copy::substitution(instruction).map_or(Ok(()), |trouble| Err(Box::new(trouble)));
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
            "ARG" => {
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
            "SHELL" if !is_last && rest.contains("bash") && !made.has_bash() => {
                let message = format!("there is no bash in {}", made.base);
                let help = "install it above this line (`RUN apk add --no-cache bash`), or use /bin/sh";
                return Err(Box::new(Trouble::new(Kind::Fails, span.clone(), message, "not found", help)));
            }
            "SHELL" if !is_last && !rest.contains("sh\"") => {
                return not_followed("this shell", "leave the line out: `/bin/sh` runs the commands");
            }
            "VOLUME" if !is_last => return not_followed("a volume in a stage that builds", "leave it out"),
            _ => {}
        }
        Ok(())
    }

    fn other(&self, from: &str, before: usize) -> Other<'_> {
        match self.index(from, before) {
            Some(index) => self.made[index].as_ref().map_or(Other::Broken, Other::Stage),
            None => Other::Image,
        }
    }

    /// Runs the commands of a RUN.
    fn run(&self, index: usize, instruction: &Instruction, made: &mut Made) -> Result<(), Box<Trouble>> {
        let Instruction { rest, whole, span, .. } = instruction;
        let trouble = |kind, message: String, label: &str, help: &str| {
            Err(Box::new(Trouble::new(kind, span.clone(), message, label, help)))
        };
        if bases::find(&made.root) == Base::Empty {
            let help = format!(
                "begin this stage with an image that has a shell and a Cargo, such as `FROM {}`",
                bases::example()
            );
            return trouble(
                Kind::Fails,
                "scratch is empty: there is no shell to run this, and no Cargo".to_owned(),
                "nothing to run it",
                &help,
            );
        }
        if let Some((user, _)) =
            made.user.as_ref().filter(|(user, _)| !["0", "root", "0:0", "root:root"].contains(&user.as_str()))
        {
            let message = format!(
                "the check can't follow commands that run as user `{user}`: it doesn't know what that user may write"
            );
            return trouble(
                Kind::NotFollowed,
                message,
                "not followed here",
                "build as root: nothing of this stage is shipped but the program",
            );
        }
        // The script of rustup installs more than can be worked out.
        if whole.contains("sh.rustup.rs") {
            made.tools = match &made.said {
                Some(said) => Tools::Some(said.toolchain.clone()),
                None => Tools::Unknown(Some("the script of rustup.rs has run".to_owned())),
            };
            return Ok(());
        }
        let mut options = rest.as_str();
        let mut mounts = Vec::new();
        let mut is_offline = false;
        while let Some(option) = options.strip_prefix("--") {
            let (option, after) = option.split_once(char::is_whitespace).unwrap_or((option, ""));
            match option.split_once('=') {
                Some(("mount", mount)) => mounts.push(mount.to_owned()),
                Some(("network", "none")) => is_offline = true,
                Some(("network" | "security", _)) => {}
                _ => {
                    let message = format!("RUN has no option `--{option}`");
                    return trouble(
                        Kind::Fails,
                        message,
                        "no such option",
                        "the options are --mount=…, --network=… and --security=…",
                    );
                }
            }
            options = after.trim_start();
        }
        let begin = rest.len() - options.len();
        let mounted = self.mount(index, &mounts, made, span)?;
        let mut shell = Shell::new(made, &self.file.context, instruction, &self.processor);
        shell.is_offline = is_offline;
        shell.read_only = mounted.iter().filter(|mount| mount.is_read_only).map(|mount| mount.target.clone()).collect();
        shell.writable = mounted.iter().filter(|mount| !mount.is_read_only).map(|mount| mount.target.clone()).collect();
        let lone =
            words::documents(options).len() == 1 && options.starts_with("<<") && !options.contains(char::is_whitespace);
        let status = match (start(options), instruction.documents.first()) {
            // `RUN <<EOF`: the text is the script, and each line of it may fail but the last one.
            (_, Some(document)) if lone => {
                let body = &whole[document.body.clone()];
                match body.strip_prefix("#!").and_then(|body| body.lines().next()) {
                    Some(program) if !program.contains("sh") => {
                        let help = "write the commands for a shell";
                        return trouble(
                            Kind::NotFollowed,
                            format!("the check can't follow a script for {program}"),
                            "not followed here",
                            help,
                        );
                    }
                    _ => shell.run(body, Some(document.body.start), 0),
                }
            }
            // In words, without a shell.
            (Start::Words(words), _) => {
                shell.is_exec = true;
                let quoted = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''")));
                shell.run(&quoted.collect::<Vec<_>>().join(" "), None, 0)
            }
            (Start::Line(_), _) => shell.run(&whole[begin..], Some(begin), 0),
        };
        let failure = shell.failure.take();
        for mount in mounted.into_iter().rev() {
            let taken = made.files.take(&mount.target);
            if mount.is_cache {
                made.caches.insert(mount.id, taken);
            }
            made.files.put_all(mount.hidden);
        }
        match (status?, failure) {
            (false, Some(failure)) => Err(Box::new(failure)),
            (false, None) => trouble(
                Kind::NotFollowed,
                "the check can't follow this command".to_owned(),
                "not followed here",
                "write it in a simpler way",
            ),
            (true, failure) => {
                made.masked = failure.or_else(|| made.masked.take());
                Ok(())
            }
        }
    }

    /// Puts what is mounted in place.
    fn mount(
        &self,
        index: usize,
        mounts: &[String],
        made: &mut Made,
        span: &Range<usize>,
    ) -> Result<Vec<Mounted>, Box<Trouble>> {
        let mut mounted = Vec::new();
        for mount in mounts {
            let fields: BTreeMap<&str, &str> =
                mount.split(',').map(|field| field.split_once('=').unwrap_or((field, "true"))).collect();
            let field = |names: &[&str]| {
                names
                    .iter()
                    .find_map(|name| fields.get(name))
                    .map(|value| words::engine(value, &made.all_variables()).concat())
            };
            let kind = fields.get("type").copied().unwrap_or("bind");
            if !matches!(kind, "cache" | "tmpfs" | "bind" | "secret" | "ssh") {
                let message = format!("RUN has no mount of the type `{kind}`");
                let help = "the types are bind, cache, tmpfs, secret, and ssh";
                return Err(Box::new(Trouble::new(Kind::Fails, span.clone(), message, "no such type", help)));
            }
            let Some(target) = field(&["target", "dst", "destination"]) else { continue };
            let target = join(&made.folder, &target);
            let is_writable =
                ["rw", "readwrite"].iter().any(|name| fields.get(name).is_some_and(|value| *value != "false"));
            let id = field(&["id"]).unwrap_or_else(|| target.clone());
            let (source, from) = (field(&["source", "src"]), field(&["from"]));
            if !matches!(kind, "cache" | "tmpfs" | "bind") {
                continue;
            }
            let hidden = made.files.take(&target);
            if kind == "bind" {
                // What a mount shows is what a COPY would bring.
                let to = serde_json::to_string(&[source.unwrap_or_else(|| ".".to_owned()), target.clone()])
                    .unwrap_or_default();
                let from = from.map(|from| format!("--from={from} ")).unwrap_or_default();
                let (rest, word) = (format!("{from}{to}"), "COPY".to_owned());
                let copied =
                    Instruction { word, whole: rest.clone(), rest, span: span.clone(), ..Instruction::default() };
                let trouble = copy::copy(&copied, made, &self.file.context, |from| self.other(from, index)).trouble;
                if let Some(trouble) = trouble {
                    return Err(Box::new(trouble));
                }
            } else {
                made.files.make_folder(&target);
                made.files.put_all(made.caches.get(&id).cloned().unwrap_or_default());
            }
            mounted.push(Mounted {
                target,
                is_read_only: kind == "bind" && !is_writable,
                is_cache: kind == "cache",
                id,
                hidden,
            });
        }
        Ok(mounted)
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
        recipe
    }
}

/// Something that is there while a RUN runs.
struct Mounted {
    target: String,
    is_read_only: bool,
    is_cache: bool,
    id: String,
    /// What was there, and can't be seen meanwhile.
    hidden: Vec<(String, Node)>,
}

/// The processor that the file is written for: that of the first image with a platform, of the targets that it names, or of this
/// machine.
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
fn start(rest: &str) -> Start {
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) if !words.is_empty() => Start::Words(words),
        _ => Start::Line(rest.to_owned()),
    }
}
