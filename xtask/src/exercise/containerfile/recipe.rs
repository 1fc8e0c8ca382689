//! What a Containerfile would make, worked out by following it in a model: stage after stage, instruction after instruction, as an
//! engine does it. What an engine would refuse is known with its line, and so is what the model can't follow.

#[cfg(test)]
mod tests;

use super::bases::{self, Base, Said, Toolchain};
pub use super::copy::Copied;
use super::copy::{self, Other};
use super::files::{File, Files, Found, Node, Open, What, join};
use super::shell::{Shell, architecture};
use super::words::{self, Variables};
use super::{Containerfile, Instruction, Stage};
use crate::cargo::target::STATIC;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// How the program is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The profile.
    pub profile: String,
    /// The target, if one is named.
    pub target: Option<String>,
    /// The flags for rustc, one word each.
    pub flags: Vec<String>,
    /// The machine that it is built on has musl, so that a program for it is static without a flag.
    pub is_musl_host: bool,
    /// The flags are for the program alone, and not for what it is built from.
    pub only_the_last: bool,
    /// What else would change the program, and is nothing that the check sets.
    pub others: Vec<String>,
    /// Where that is written.
    pub span: Range<usize>,
}

/// Why an instruction isn't as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An engine ends with an error here.
    Fails,
    /// The same, because a file isn't there.
    Absent,
    /// That can't be said.
    NotFollowed,
}

/// An instruction that an engine can't carry out, or that isn't understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which of these it is.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
    /// The same in a few words, for below the line.
    pub label: String,
    /// What to do.
    pub help: String,
    /// The line.
    pub span: Range<usize>,
}

impl Trouble {
    /// One of them.
    pub fn new(kind: Kind, span: Range<usize>, message: impl Into<String>, label: impl Into<String>, help: impl Into<String>) -> Self {
        Self { kind, message: message.into(), label: label.into(), help: help.into(), span }
    }
}

/// What a program is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// As words: `["/tool"]`.
    Words(Vec<String>),
    /// As a line for a shell.
    Line(String),
}

/// What a Containerfile would make.
#[derive(Debug, Default)]
pub struct Recipe {
    /// How the program was built that reaches the image; in a file with one stage, the program there.
    pub build: Option<Build>,
    /// What the last stage starts from, after all stages in between.
    pub base: String,
    /// Where the program would be found in the stages above.
    pub found: Option<String>,
    /// The stage that has it.
    pub found_in: Option<String>,
    /// What the last stage gets.
    pub copied: Vec<Copied>,
    /// Commands that the last stage runs while the image is made.
    pub commands: Vec<Range<usize>>,
    /// Who runs the program, and where that is written.
    pub user: Option<(String, Range<usize>)>,
    /// ENTRYPOINT.
    pub start: Option<(Start, Range<usize>)>,
    /// CMD.
    pub arguments: Option<(Start, Range<usize>)>,
    /// The folder that the program starts in.
    pub folder: String,
    /// Where a program without a path is looked for.
    pub path: Option<String>,
    /// The program in the image, and its place.
    pub program: Option<(String, File)>,
    /// What an engine can't carry out, or what can't be followed: the first of each stage.
    pub troubles: Vec<Trouble>,
    /// Cargo built a placeholder where the program was wanted.
    pub placeholder: Option<Trouble>,
}

impl Build {
    /// Whether C's library is linked in.
    pub fn is_static(&self) -> bool {
        let is_musl = self.target.as_ref().map_or(self.is_musl_host, |target| target.contains("-unknown-linux-musl"));
        let last = |flag: &&String| flag.contains("crt-static");
        self.flags.iter().rfind(last).map_or(is_musl, |flag| flag.contains("+crt-static"))
    }

    /// Whether the check has to name the target, so that what runs inside of the compiler is built without the flags.
    pub fn is_apart(&self) -> bool {
        let has_flag = self.flags.iter().any(|flag| flag.contains("crt-static"));
        self.target.is_some() || self.only_the_last || (self.is_static() && !has_flag)
    }

    /// Flags other than the one that links C's library in.
    pub fn other_flags(&self) -> Vec<&str> {
        let known = ["-C", "--codegen", STATIC];
        let words =
            self.flags.iter().map(|flag| flag.strip_prefix("-C").filter(|rest| !rest.is_empty()).unwrap_or(flag));
        words.filter(|word| !known.contains(word)).collect()
    }

    /// Why the check does not build so, and what to write instead.
    pub fn refused(&self) -> Option<(String, &'static str)> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !is_name(&self.profile) {
            return Some((
                format!("`{}` can't be the name of a profile", self.profile),
                "write the name as it is: `--profile dist`",
            ));
        }
        let flags = self.other_flags();
        if !flags.is_empty() {
            let message = format!("the check does not build with the flags {}", flags.join(" "));
            return Some((message, "leave `-C target-feature=+crt-static`, and take the others out"));
        }
        (!self.others.is_empty()).then(|| {
            let message = format!("the check does not build with {}", self.others.join(", "));
            (message, "take it out: Cargo.toml has the profile that is asked for")
        })
    }
}

/// Whether there is a Cargo in a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tools {
    /// This one.
    Some(Toolchain),
    /// None.
    None,
    /// That isn't known; after what.
    Unknown(Option<String>),
}

/// A stage so far.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its files.
    pub files: Files,
    /// Its WORKDIR.
    pub folder: String,
    /// Its ENV.
    pub environment: Variables,
    /// Its ARG.
    pub arguments: Variables,
    /// The image that its FROM names.
    pub base: String,
    /// The image that it starts from in the end.
    pub root: String,
    /// Its Cargo.
    pub tools: Tools,
    /// What a comment says about its image.
    pub said: Option<Said>,
    /// Tools that were installed by Cargo.
    pub installed: Vec<String>,
    /// The crates have been downloaded.
    pub has_crates: bool,
    /// What caches hold between two RUN, by their places.
    pub caches: BTreeMap<String, Vec<(String, Node)>>,
    /// When a unit was built, by its path and flags.
    pub built: BTreeMap<String, u32>,
    /// Where Cargo has put the program.
    pub programs: Vec<String>,
    /// A command that failed, in a RUN that didn't.
    pub masked: Option<Trouble>,
    /// See `Recipe`.
    pub placeholder: Option<Trouble>,
    /// Commands so far.
    pub commands: usize,
    user: Option<(String, Range<usize>)>,
    start: Option<(Start, Range<usize>)>,
    cmd: Option<(Start, Range<usize>)>,
    clock: u32,
}

impl Made {
    fn of(image: &str, said: Option<&Said>) -> Self {
        let base = bases::find(image);
        let open = match base {
            Base::Empty => Open::Closed,
            Base::Cargo(_) | Base::System { .. } => Open::System,
            Base::Unknown => Open::Open,
        };
        let mut environment = Variables::new();
        let tools = match base {
            Base::Cargo(toolchain) => {
                let path = "/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
                let minor = format!("1.{}.0", toolchain.minor);
                let all = [("PATH", path), ("CARGO_HOME", "/usr/local/cargo"), ("RUSTUP_HOME", "/usr/local/rustup"), ("RUST_VERSION", &minor), ("HOME", "/root")];
                environment.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
                Tools::Some(toolchain)
            }
            Base::Unknown => said.map_or(Tools::Unknown(None), |said| Tools::Some(said.toolchain.clone())),
            Base::Empty | Base::System { .. } => Tools::None,
        };
        if open != Open::Closed {
            let path = "/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            environment.entry("PATH".to_owned()).or_insert_with(|| path.to_owned());
            environment.entry("HOME".to_owned()).or_insert_with(|| "/root".to_owned());
        }
        Self {
            files: Files::new(open),
            folder: "/".to_owned(),
            environment,
            arguments: Variables::new(),
            base: image.to_owned(),
            root: image.to_owned(),
            tools,
            said: said.cloned(),
            installed: Vec::new(),
            has_crates: false,
            caches: BTreeMap::new(),
            built: BTreeMap::new(),
            programs: Vec::new(),
            masked: None,
            placeholder: None,
            commands: 0,
            user: None,
            start: None,
            cmd: None,
            clock: 0,
        }
    }

    /// The time of a change.
    pub fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// What an instruction may name.
    pub fn all_variables(&self) -> Variables {
        let mut all = self.arguments.clone();
        all.extend(self.environment.clone());
        all
    }

    /// Where the program is, if it is anywhere: the place that was written last.
    pub fn found_program(&self) -> Option<String> {
        let all = self.files.files_below("/").into_iter();
        let is_own = |(path, file): &(String, File)| matches!(file.what, What::Program(_)) && !path.contains("/deps/");
        let mut own: Vec<(String, File)> = all.filter(is_own).collect();
        own.sort_by_key(|(path, file)| (self.programs.iter().rposition(|known| known == path).is_none(), file.time));
        own.pop().map(|(path, _)| path)
    }
}

/// What is known of the stages above.
struct Stages<'a> {
    file: &'a Containerfile,
    globals: Variables,
    processor: String,
    /// None is a stage that failed, wasn't followed, or isn't needed.
    made: Vec<Option<Made>>,
}

impl Recipe {
    /// Works out what a file would make.
    pub fn of(file: &Containerfile) -> Self {
        let Some(last) = file.stages.len().checked_sub(1) else { return Self::default() };
        let processor = processor(file);
        let mut globals = Variables::from([
            ("TARGETPLATFORM".to_owned(), format!("linux/{}", architecture(&processor))),
            ("BUILDPLATFORM".to_owned(), format!("linux/{}", architecture(&processor))),
            ("TARGETARCH".to_owned(), architecture(&processor).to_owned()),
            ("BUILDARCH".to_owned(), architecture(&processor).to_owned()),
            ("TARGETOS".to_owned(), "linux".to_owned()),
        ]);
        for instruction in &file.arguments {
            declare(&instruction.rest, &mut globals, &Variables::new());
        }
        let mut stages = Stages { file, globals, processor, made: Vec::new() };
        let needed = stages.needed(last);
        let mut recipe = Self::default();
        for (index, stage) in file.stages.iter().enumerate() {
            let made = match needed.contains(&index) {
                true => stages.follow(index, stage, index == last, &mut recipe),
                false => None,
            };
            stages.made.push(made);
        }
        stages.finish(recipe)
    }
}

impl Stages<'_> {
    /// The index of a stage above another one, by its name or number.
    fn index(&self, name: &str, before: usize) -> Option<usize> {
        let name = name.to_lowercase();
        let stages = &self.file.stages[..before];
        stages.iter().rposition(|stage| stage.name.as_deref() == Some(&name)).or_else(|| name.parse().ok().filter(|index| *index < before))
    }

    fn base(&self, stage: &Stage) -> String {
        words::engine(&stage.base, &self.globals).concat()
    }

    /// The stages that the last one is made of. An engine leaves the others out.
    fn needed(&self, last: usize) -> BTreeSet<usize> {
        let mut needed = BTreeSet::from([last]);
        for index in (0..=last).rev() {
            if !needed.contains(&index) {
                continue;
            }
            let stage = &self.file.stages[index];
            needed.extend(self.index(&self.base(stage), index).filter(|_| !stage.base.chars().all(|c| c.is_ascii_digit())));
            for instruction in &stage.instructions {
                let from = instruction.rest.split([' ', '\t', ',']).filter_map(|word| {
                    word.strip_prefix("--from=").or_else(|| word.strip_prefix("from=")).or_else(|| word.strip_prefix("--mount=from="))
                });
                needed.extend(from.filter_map(|name| self.index(name, index)));
            }
        }
        needed
    }

    /// Follows a stage; what the last one is asked about goes into the recipe.
    fn follow(&self, index: usize, stage: &Stage, is_last: bool, recipe: &mut Recipe) -> Option<Made> {
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
                let user = words::engine(rest, &made.all_variables()).concat();
                made.user = Some((user, span.clone()));
            }
            "ENTRYPOINT" => {
                made.start = if rest.replace(' ', "") == "[]" { None } else { Some((start(rest), span.clone())) };
            }
            "CMD" => made.cmd = if rest.replace(' ', "") == "[]" { None } else { Some((start(rest), span.clone())) },
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
        let trouble = |kind, message: String, label: &str, help: &str| Err(Box::new(Trouble::new(kind, span.clone(), message, label, help)));
        if bases::find(&made.root) == Base::Empty {
            let help = format!("begin this stage with an image that has a shell and a Cargo, such as `FROM {}`", bases::example());
            return trouble(Kind::Fails, "scratch is empty: there is no shell to run this, and no Cargo".to_owned(), "nothing to run it", &help);
        }
        if let Some((user, _)) = made.user.as_ref().filter(|(user, _)| !["0", "root", "0:0", "root:root"].contains(&user.as_str())) {
            let message = format!("the check can't follow commands that run as user `{user}`: it doesn't know what that user may write");
            return trouble(Kind::NotFollowed, message, "not followed here", "build as root: nothing of this stage is shipped but the program");
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
                    return trouble(Kind::Fails, message, "no such option", "the options are --mount=…, --network=… and --security=…");
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
        let lone = words::documents(options).len() == 1 && options.starts_with("<<") && !options.contains(char::is_whitespace);
        let status = match (start(options), instruction.documents.first()) {
            // `RUN <<EOF`: the text is the script, and each line of it may fail but the last one.
            (_, Some(document)) if lone => {
                let body = &whole[document.body.clone()];
                match body.strip_prefix("#!").and_then(|body| body.lines().next()) {
                    Some(program) if !program.contains("sh") => {
                        let help = "write the commands for a shell";
                        return trouble(Kind::NotFollowed, format!("the check can't follow a script for {program}"), "not followed here", help);
                    }
                    _ => shell.run(body, Some(document.body.start), 0),
                }
            }
            // In words, without a shell.
            (Start::Words(words), _) => {
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
            (false, None) => trouble(Kind::NotFollowed, "the check can't follow this command".to_owned(), "not followed here", "write it in a simpler way"),
            (true, failure) => {
                made.masked = failure.or_else(|| made.masked.take());
                Ok(())
            }
        }
    }

    /// Puts what is mounted in place.
    fn mount(&self, index: usize, mounts: &[String], made: &mut Made, span: &Range<usize>) -> Result<Vec<Mounted>, Box<Trouble>> {
        let mut mounted = Vec::new();
        for mount in mounts {
            let fields: BTreeMap<&str, &str> = mount.split(',').map(|field| field.split_once('=').unwrap_or((field, "true"))).collect();
            let field = |names: &[&str]| names.iter().find_map(|name| fields.get(name)).map(|value| words::engine(value, &made.all_variables()).concat());
            let Some(target) = field(&["target", "dst", "destination"]) else { continue };
            let target = join(&made.folder, &target);
            let kind = fields.get("type").copied().unwrap_or("bind");
            let is_writable = ["rw", "readwrite"].iter().any(|name| fields.get(name).is_some_and(|value| *value != "false"));
            let id = field(&["id"]).unwrap_or_else(|| target.clone());
            let (source, from) = (field(&["source", "src"]), field(&["from"]));
            if !matches!(kind, "cache" | "tmpfs" | "bind") {
                continue;
            }
            let hidden = made.files.take(&target);
            if kind == "bind" {
                // What a mount shows is what a COPY would bring.
                let to = serde_json::to_string(&[source.unwrap_or_else(|| ".".to_owned()), target.clone()]).unwrap_or_default();
                let from = from.map(|from| format!("--from={from} ")).unwrap_or_default();
                let (rest, word) = (format!("{from}{to}"), "COPY".to_owned());
                let copied = Instruction { word, whole: rest.clone(), rest, span: span.clone(), ..Instruction::default() };
                let trouble = copy::copy(&copied, made, &self.file.context, |from| self.other(from, index)).trouble;
                if let Some(trouble) = trouble {
                    return Err(Box::new(trouble));
                }
            } else {
                made.files.make_folder(&target);
                made.files.put_all(made.caches.get(&id).cloned().unwrap_or_default());
            }
            mounted.push(Mounted { target, is_read_only: kind == "bind" && !is_writable, is_cache: kind == "cache", id, hidden });
        }
        Ok(mounted)
    }

    /// What the last stage is in the end.
    fn finish(mut self, mut recipe: Recipe) -> Recipe {
        let Some(made) = self.made.pop().flatten() else { return recipe };
        let above = self.made.iter().enumerate().rev().filter_map(|(index, made)| Some((index, made.as_ref()?)));
        let with_program = above.filter_map(|(index, made)| Some((index, made.found_program()?))).next();
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

/// The processor that the file is written for: the first one that it names, or that of this machine.
fn processor(file: &Containerfile) -> String {
    let text = &file.source.text;
    let known = ["x86_64", "aarch64", "armv7", "i686", "riscv64gc", "loongarch64", "powerpc64le", "s390x"];
    let named = known.into_iter().filter_map(|name| text.find(&format!("{name}-")).map(|at| (at, name))).min();
    let platform = file.stages.iter().find_map(|stage| match stage.platform.as_deref()? {
        "linux/amd64" => Some("x86_64"),
        "linux/arm64" | "linux/arm64/v8" => Some("aarch64"),
        _ => None,
    });
    platform.or(named.map(|(_, name)| name)).unwrap_or(std::env::consts::ARCH).to_owned()
}

/// `ENV A=1 B=2`, and the old `ENV A 1`.
fn declare(rest: &str, into: &mut Variables, known: &Variables) {
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
