//! What a Containerfile would make, worked out by following it in a model: stage after stage, instruction after instruction, as an
//! engine does it. What an engine would refuse is known with its line, and so is what the model can't follow.

mod stages;
#[cfg(test)]
mod tests;

use super::Containerfile;
use super::bases::{self, Base, Said, Toolchain};
pub use super::copy::Copied;
use super::files::{Contents, File, Files, Node, What};
use super::shell::architecture;
use super::words::Variables;
use stages::{Stages, declare, processor};
use std::collections::BTreeMap;
use std::ops::Range;
use weigh::cargo::target::STATIC;

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
    pub fn new(
        kind: Kind,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
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
    /// The user that runs the program, and where that is written.
    pub user: Option<(String, Range<usize>)>,
    /// ENTRYPOINT.
    pub start: Option<(Start, Range<usize>)>,
    /// CMD.
    pub arguments: Option<(Start, Range<usize>)>,
    /// What an engine starts now and then to see whether the program is well, by the last HEALTHCHECK.
    pub health: Option<(Start, Range<usize>)>,
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

    /// Flags other than the flag that links C's library in. `-C` takes the next word as its value, so without one, or with the value
    /// alone, it's a different flag.
    pub fn other_flags(&self) -> Vec<&str> {
        let mut others = Vec::new();
        let mut words = self.flags.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let value = match word {
                "-C" | "--codegen" => words.next(),
                _ => word.strip_prefix("--codegen=").or_else(|| word.strip_prefix("-C")),
            };
            match value {
                Some(STATIC) => {}
                Some(value) => others.push(value),
                None => others.push(word),
            }
        }
        others
    }

    /// Why the check does not build so, and what to write instead.
    pub fn refused(&self) -> Option<(String, &'static str)> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !is_name(&self.profile) {
            return Some((
                format!("a profile can't be named `{}`", self.profile),
                "write the profile's name literally: `--profile dist`",
            ));
        }
        let flags = self.other_flags();
        if let Some(flag) = flags.iter().find(|flag| ["-C", "--codegen", STATIC].contains(flag)) {
            let message = match *flag {
                STATIC => format!("without `-C`, rustc treats `{STATIC}` as a file name"),
                flag => format!("the flag `{flag}` has no value, so rustc rejects it"),
            };
            return Some((
                message,
                "write both in one value, in quotes: `RUSTFLAGS=\"-C target-feature=+crt-static\"`; without quotes, it ends at the space",
            ));
        }
        if !flags.is_empty() {
            let message = format!("the check doesn't accept these flags: {}", flags.join(" "));
            return Some((message, "write `-C target-feature=+crt-static`, and remove any other flags"));
        }
        (!self.others.is_empty()).then(|| {
            let message = format!("the check doesn't accept {} here", self.others.join(", "));
            (message, "remove it: Cargo.toml already has the required profile settings")
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
    /// `apt-get update` has downloaded what can be installed.
    pub has_lists: bool,
    /// Commands so far.
    pub commands: usize,
    user: Option<(String, Range<usize>)>,
    start: Option<(Start, Range<usize>)>,
    cmd: Option<(Start, Range<usize>)>,
    health: Option<(Start, Range<usize>)>,
    clock: u32,
}

impl Made {
    fn of(image: &str, said: Option<&Said>) -> Self {
        let base = bases::find(image);
        let open = match base {
            Base::Empty => Contents::Known,
            Base::Cargo(_) | Base::System { .. } => Contents::System,
            Base::Unknown => Contents::Any,
        };
        let mut environment = Variables::new();
        let tools = match base {
            Base::Cargo(toolchain) => {
                let path = "/usr/local/cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
                let minor = format!("1.{}.0", toolchain.minor);
                let all = [
                    ("PATH", path),
                    ("CARGO_HOME", "/usr/local/cargo"),
                    ("RUSTUP_HOME", "/usr/local/rustup"),
                    ("RUST_VERSION", &minor),
                    ("HOME", "/root"),
                ];
                environment.extend(all.map(|(name, value)| (name.to_owned(), value.to_owned())));
                Tools::Some(toolchain)
            }
            Base::Unknown => said.map_or(Tools::Unknown(None), |said| Tools::Some(said.toolchain.clone())),
            Base::Empty | Base::System { .. } => Tools::None,
        };
        if open != Contents::Known {
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
            has_lists: false,
            commands: 0,
            user: None,
            start: None,
            cmd: None,
            health: None,
            clock: 0,
        }
    }

    /// The time of a change.
    pub fn tick(&mut self) -> u32 {
        self.clock += 1;
        self.clock
    }

    /// Whether bash is there, as far as that is known: Alpine has none of its own.
    pub fn has_bash(&self) -> bool {
        let is_alpine = match bases::find(&self.root) {
            Base::Cargo(toolchain) => toolchain.is_musl,
            Base::System { manager, .. } => manager == Some("apk"),
            Base::Empty | Base::Unknown => false,
        };
        !is_alpine || self.installed.iter().any(|name| name == "bash")
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
            // An engine leaves out what nothing comes from. Where the program would be is told all the same.
            let mut unused = Self::default();
            let into = if needed.contains(&index) { &mut recipe } else { &mut unused };
            let made = stages.follow(index, stage, index == last, into);
            stages.made.push(made);
        }
        stages.finish(recipe)
    }
}
