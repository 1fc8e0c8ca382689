//! What a Containerfile would make, worked out without running any of it: how Cargo is called, where the program then is, and
//! what of it reaches the image.

use super::words::{self, Part, Variables};
use super::{Containerfile, Instruction, Stage};
use crate::cargo::{record::profile_dir, target::STATIC};
use std::collections::BTreeMap;
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
    /// Where that stands.
    pub span: Range<usize>,
}

/// A file, or several, that an instruction brings into the last stage.
#[derive(Debug, PartialEq, Eq)]
pub struct Copied {
    /// The files as they are named there.
    pub from: Vec<String>,
    /// How it was built, if it is the program, as a stage above has built it, and nothing else.
    pub program: Option<Build>,
    /// Where they go, whole.
    pub to: String,
    /// Where that stands.
    pub span: Range<usize>,
}

/// What a program is started with.
#[derive(Debug, PartialEq, Eq)]
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
    /// Where the program would be found in the stages above.
    pub found: Vec<String>,
    /// What the last stage gets.
    pub copied: Vec<Copied>,
    /// Commands that the last stage runs while the image is made.
    pub commands: Vec<Range<usize>>,
    /// Who runs the program, and where that stands.
    pub user: Option<(String, Range<usize>)>,
    /// What is started, by ENTRYPOINT or else CMD.
    pub start: Option<(Start, Range<usize>)>,
}

impl Build {
    /// Whether C's library is linked in.
    pub fn is_static(&self) -> bool {
        let is_musl = self.target.as_ref().is_some_and(|target| target.contains("-musl"));
        let last = |flag: &&String| flag.contains("crt-static");
        self.flags.iter().rfind(last).map_or(is_musl, |flag| flag.contains("+crt-static"))
    }

    /// Flags other than the one that links C's library in.
    pub fn other_flags(&self) -> Vec<&str> {
        let known = ["-C", "--codegen", STATIC];
        let words =
            self.flags.iter().map(|flag| flag.strip_prefix("-C").filter(|rest| !rest.is_empty()).unwrap_or(flag));
        words.filter(|word| !known.contains(word)).collect()
    }
}

impl Build {
    /// Why the check does not build so, and what to write instead.
    pub fn refused(&self) -> Option<(String, &'static str)> {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_alphabetic())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        };
        if !is_name(&self.profile) {
            return Some((
                format!("`{}` is no name of a profile", self.profile),
                "write the name as it is: `--profile dist`",
            ));
        }
        let others = self.other_flags();
        (!others.is_empty()).then(|| {
            let message = format!("the check does not build with the flags {}", others.join(" "));
            (message, "leave `-C target-feature=+crt-static`, and take the others out")
        })
    }
}

impl Recipe {
    /// Works out what a file would make of a program.
    pub fn of(file: &Containerfile, program: &str) -> Self {
        let mut stages: Vec<Made> = Vec::new();
        let mut last = Self::default();
        for (index, stage) in file.stages.iter().enumerate() {
            let named = |name: &str| file.stages[..index].iter().rposition(|other| other.name.as_deref() == Some(name));
            // A stage that goes on from another one has its files.
            let mut made = named(&stage.base.to_lowercase()).map(|base| stages[base].clone()).unwrap_or_default();
            let recipe = read(stage, program, &mut made, |from| {
                let index = named(&from.to_lowercase()).or_else(|| from.parse().ok().filter(|other| *other < index));
                index.map(|index| &stages[index])
            });
            if index + 1 == file.stages.len() {
                last = recipe;
                last.found = stages.iter().flat_map(|made| made.programs.keys().cloned()).collect();
                let copied = last.copied.iter().find_map(|copied| copied.program.clone());
                last.build = copied.or_else(|| made.programs.values().next().cloned());
            }
            stages.push(made);
        }
        last
    }
}

/// A stage so far.
#[derive(Clone, Default)]
struct Made {
    folder: String,
    variables: Variables,
    /// Paths at which the program is, and how that one was built.
    programs: BTreeMap<String, Build>,
}

/// A path seen from a folder, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let whole = if path.starts_with('/') { path.to_owned() } else { format!("{folder}/{path}") };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Where a file goes: into a folder, which ends in a slash or is one by its name, or to a name of its own.
fn destination(folder: &str, from: &str, to: &str) -> String {
    let is_folder = to.ends_with('/') || matches!(to, "." | ".." | "");
    let name = from.rsplit('/').next().unwrap_or(from);
    if is_folder { join(&join(folder, to), name) } else { join(folder, to) }
}

fn read<'a>(stage: &Stage, program: &str, made: &mut Made, other: impl Fn(&str) -> Option<&'a Made>) -> Recipe {
    let mut recipe = Recipe::default();
    for instruction in &stage.instructions {
        let Instruction { word, rest, span } = instruction;
        match word.as_str() {
            "WORKDIR" => made.folder = join(&made.folder, &expanded(rest, &made.variables)),
            "ENV" | "ARG" => declare(rest, &mut made.variables),
            "RUN" => {
                recipe.commands.push(span.clone());
                run(rest, span, program, made);
            }
            "COPY" | "ADD" => recipe.copied.extend(copy(instruction, made, &other)),
            "USER" => recipe.user = Some((expanded(rest, &made.variables), span.clone())),
            "ENTRYPOINT" => recipe.start = Some((start(rest), span.clone())),
            "CMD" if !matches!(recipe.start, Some((_, ref place)) if is_entrypoint(stage, place)) => {
                recipe.start = Some((start(rest), span.clone()));
            }
            _ => {}
        }
    }
    recipe
}

fn is_entrypoint(stage: &Stage, place: &Range<usize>) -> bool {
    stage.instructions.iter().any(|instruction| instruction.word == "ENTRYPOINT" && instruction.span == *place)
}

fn expanded(text: &str, variables: &Variables) -> String {
    let words = words::split(text, variables).into_iter().filter_map(|part| match part {
        Part::Word(word) => Some(word),
        Part::End => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

/// `ENV A=1 B=2`, and the old `ENV A 1`.
fn declare(rest: &str, variables: &mut Variables) {
    let words: Vec<String> = words::split(rest, variables)
        .into_iter()
        .filter_map(|part| match part {
            Part::Word(word) => Some(word),
            Part::End => None,
        })
        .collect();
    let pairs: Vec<(String, String)> = words
        .iter()
        .filter_map(|word| words::assignment(word).map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    match (pairs.is_empty(), words.split_first()) {
        (true, Some((name, value))) if !value.is_empty() => drop(variables.insert(name.clone(), value.join(" "))),
        _ => variables.extend(pairs),
    }
}

/// What an ENTRYPOINT or CMD starts.
fn start(rest: &str) -> Start {
    match serde_json::from_str::<Vec<String>>(rest) {
        Ok(words) if !words.is_empty() => Start::Words(words),
        _ => Start::Line(rest.to_owned()),
    }
}

/// What a COPY or ADD brings.
fn copy<'a>(instruction: &Instruction, made: &mut Made, other: &impl Fn(&str) -> Option<&'a Made>) -> Option<Copied> {
    let Instruction { word, rest, span } = instruction;
    let mut from_stage = None;
    let mut paths: Vec<String> = Vec::new();
    let in_words = serde_json::from_str::<Vec<String>>(rest.trim_start_matches(|c| c != '[')).ok();
    for part in words::split(rest, &made.variables) {
        let Part::Word(word) = part else { continue };
        match word.strip_prefix("--") {
            Some(option) => from_stage = option.strip_prefix("from=").map(str::to_owned).or(from_stage),
            None => paths.push(word),
        }
    }
    if let Some(words) = in_words {
        paths = words;
    }
    let to = paths.pop()?;
    let source = from_stage.as_deref().and_then(other);
    // ADD fetches and unpacks, and has no business here.
    // What a stage is asked for is named from its root, whatever its WORKDIR.
    let build = |path: &String| source.filter(|_| word == "COPY")?.programs.get(&join("", path)).cloned();
    let program = paths.iter().map(build).collect::<Option<Vec<_>>>().and_then(|builds| builds.into_iter().next());
    let to = destination(&made.folder, paths.first().map_or("", String::as_str), &to);
    made.programs.extend(program.clone().map(|build| (to.clone(), build)));
    Some(Copied { from: paths, program, to, span: span.clone() })
}

/// What the commands of a RUN make of the program.
fn run(rest: &str, span: &Range<usize>, program: &str, made: &mut Made) {
    let mut mounted = Vec::new();
    let mut line = rest;
    while let Some(option) = line.strip_prefix("--") {
        let (option, after) = option.split_once(char::is_whitespace).unwrap_or((option, ""));
        if let Some(mount) = option.strip_prefix("mount=") {
            let target = mount.split(',').find_map(|field| {
                field.split_once('=').filter(|(key, _)| matches!(*key, "target" | "dst" | "destination"))
            });
            mounted.extend(target.map(|(_, path)| join(&made.folder, path)));
        }
        line = after.trim_start();
    }
    // The form with words has no shell in it.
    let line = match start(line) {
        Start::Words(words) => words.join(" "),
        Start::Line(line) => line,
    };
    let before = made.folder.clone();
    let mut exported = made.variables.clone();
    for command in words::split(&line, &made.variables).split(|part| *part == Part::End) {
        let mut words: Vec<&str> = command
            .iter()
            .filter_map(|part| match part {
                Part::Word(word) => Some(word.as_str()),
                Part::End => None,
            })
            .collect();
        let mut own = exported.clone();
        while let Some((name, value)) = words.first().and_then(|word| words::assignment(word)) {
            own.insert(name.to_owned(), value.to_owned());
            words.remove(0);
        }
        if words.first() == Some(&"env") {
            words.remove(0);
            while let Some((name, value)) = words.first().and_then(|word| words::assignment(word)) {
                own.insert(name.to_owned(), value.to_owned());
                words.remove(0);
            }
        }
        match words.as_slice() {
            ["export", assignments @ ..] => {
                exported.extend(
                    assignments
                        .iter()
                        .filter_map(|word| words::assignment(word))
                        .map(|(name, value)| (name.to_owned(), value.to_owned())),
                );
            }
            ["cd", folder] => made.folder = join(&made.folder, folder),
            ["cp" | "mv" | "install", arguments @ ..] => {
                let paths: Vec<&&str> = arguments.iter().filter(|word| !word.starts_with('-')).collect();
                if let [.., from, to] = paths.as_slice()
                    && let Some(build) = made.programs.get(&join(&made.folder, from)).cloned()
                {
                    made.programs.insert(destination(&made.folder, from, to), build);
                }
            }
            ["cargo", arguments @ ..] => cargo(arguments, &own, span, program, made),
            _ => {}
        }
    }
    made.folder = before;
    // What is below a mount is no part of any layer.
    made.programs.retain(|path, _| !mounted.iter().any(|folder| path.starts_with(&format!("{folder}/"))));
}

/// What a call of Cargo builds, and where.
fn cargo(arguments: &[&str], variables: &Variables, span: &Range<usize>, program: &str, made: &mut Made) {
    let arguments: Vec<&str> = arguments.iter().copied().skip_while(|word| word.starts_with('+')).collect();
    let Some((verb @ ("build" | "b" | "install"), arguments)) =
        arguments.split_first().map(|(verb, rest)| (*verb, rest))
    else {
        return;
    };
    let value = |names: &[&str]| {
        let found = arguments.iter().enumerate().rev().find_map(|(index, word)| {
            let long = word.split_once('=').filter(|(name, _)| names.contains(name)).map(|(_, value)| value);
            long.or_else(|| names.contains(word).then(|| arguments.get(index + 1).copied()).flatten())
        });
        found.map(str::to_owned)
    };
    let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
    let is_install = verb == "install";
    let is_release = arguments.iter().any(|word| matches!(*word, "--release" | "-r")) || is_install;
    let profile = value(&["--profile"]).unwrap_or_else(|| if is_release { "release" } else { "dev" }.to_owned());
    let target = value(&["--target"]).or_else(|| variable("CARGO_BUILD_TARGET"));
    let for_target = target.as_ref().map(|target| {
        let name = target.to_uppercase().replace(['-', '.'], "_");
        format!("CARGO_TARGET_{name}_RUSTFLAGS")
    });
    let flags = variable("RUSTFLAGS")
        .or_else(|| for_target.and_then(|name| variable(&name)))
        .or_else(|| variable("CARGO_BUILD_RUSTFLAGS"))
        .unwrap_or_default();
    let path = if is_install {
        format!(
            "{}/bin/{program}",
            value(&["--root"])
                .or_else(|| variable("CARGO_INSTALL_ROOT"))
                .unwrap_or_else(|| "/usr/local/cargo".to_owned())
        )
    } else {
        let folder =
            value(&["--target-dir"]).or_else(|| variable("CARGO_TARGET_DIR")).unwrap_or_else(|| "target".to_owned());
        let below = target.iter().map(|target| format!("{target}/")).collect::<String>();
        format!("{folder}/{below}{}/{program}", profile_dir(&profile))
    };
    let flags = flags.split_whitespace().map(str::to_owned).collect();
    made.programs.insert(join(&made.folder, &path), Build { profile, target, flags, span: span.clone() });
}

#[cfg(test)]
mod tests {
    use super::super::tests::literal;
    use super::*;

    fn recipe(text: &str) -> Recipe {
        let file = literal(text);
        assert!(file.problems.is_empty(), "{:?}", file.problems);
        Recipe::of(&file, "tool")
    }

    /// A first stage with this, and a last one that takes the program from there.
    fn two_stages(build: &str, path: &str) -> Recipe {
        recipe(&format!(
            "FROM rust AS build\nWORKDIR /src\nCOPY . .\n{build}\nFROM scratch\nCOPY --from=build {path} /tool\n"
        ))
    }

    #[test]
    fn the_program_is_where_cargo_puts_it() {
        let static_flags = "RUSTFLAGS=\"-C target-feature=+crt-static\"";
        for (build, path, profile, is_static) in [
            ("RUN cargo build --release", "/src/target/release/tool", "release", false),
            ("RUN cargo build -r --locked", "src/target/release/tool", "release", false),
            ("RUN cargo +1.95 b", "/src/target/debug/tool", "dev", false),
            ("RUN cargo build --profile=dist --target x-musl", "/src/target/x-musl/dist/tool", "dist", true),
            ("RUN [\"cargo\", \"build\", \"--profile\", \"dist\"]", "/src/target/dist/tool", "dist", false),
            ("ENV CARGO_TARGET_DIR=/out\nRUN cd sub && cargo build --profile dist", "/out/dist/tool", "dist", false),
            ("RUN cd sub && cargo build --profile dist", "/src/sub/target/dist/tool", "dist", false),
            ("RUN cargo install --path . --root /out", "/out/bin/tool", "release", false),
            (
                "ARG T=x-gnu\nENV RUSTFLAGS \"-C target-feature=+crt-static\"\nRUN cargo build --target $T",
                "/src/target/x-gnu/debug/tool",
                "dev",
                true,
            ),
            (
                "RUN export CARGO_TARGET_X_GNU_RUSTFLAGS=-Ctarget-feature=+crt-static && cargo build -r --target x-gnu && mkdir /out && cp target/x-gnu/release/tool /out/",
                "/out/tool",
                "release",
                true,
            ),
        ] {
            let recipe = two_stages(build, path);
            assert!(recipe.copied[0].program.is_some(), "{build}: {:?}", recipe.found);
            let made = recipe.build.unwrap();
            assert_eq!((made.profile.as_str(), made.is_static()), (profile, is_static), "{build}");
            assert!(made.other_flags().is_empty(), "{build}");
        }
        let recipe = two_stages(
            &format!(
                "RUN t=\"$(rustc --print host-tuple)\" && {static_flags} cargo build --profile dist --target \"$t\" && mv target/$t/dist/tool /it"
            ),
            "/it",
        );
        assert!(recipe.copied[0].program.as_ref().is_some_and(Build::is_static));
        assert_eq!(recipe.copied[0].to, "/tool");
    }

    #[test]
    fn where_it_is_not_it_is_not_found() {
        for (build, path) in [
            ("RUN cargo build --release", "/src/target/dist/tool"),
            ("RUN cargo build --release", "target/release/tool"),
            ("RUN cargo build --release", "/src/target/release"),
            ("RUN cargo build --release --target x", "/src/target/release/tool"),
            ("RUN cargo test --release", "/src/target/release/tool"),
            ("RUN --mount=type=cache,target=/src/target cargo build -r", "/src/target/release/tool"),
        ] {
            assert!(two_stages(build, path).copied[0].program.is_none(), "{build} {path}");
        }
        let out = "RUN --mount=type=cache,target=/src/target cargo build -r && cp target/release/tool /tool";
        assert!(two_stages(out, "/tool").copied[0].program.is_some());
        for from in ["--from=b ", ""] {
            let text = format!("FROM rust AS a\nRUN cargo build\nFROM scratch\nCOPY {from}target/debug/tool /t\n");
            assert!(recipe(&text).copied[0].program.is_none(), "{text}");
        }
    }

    #[test]
    fn a_stage_has_the_files_of_the_one_that_it_goes_on_from() {
        let recipe = recipe(
            "FROM rust AS base\nWORKDIR /w\nFROM base AS build\nRUN cargo build\nFROM scratch\nWORKDIR /app\nCOPY --from=1 /w/target/debug/tool .\nUSER 1\nENTRYPOINT [\"/app/tool\"]\nCMD [\"--help\"]\n",
        );
        assert!(recipe.copied[0].program.is_some());
        assert_eq!(recipe.copied[0].to, "/app/tool");
        assert_eq!(recipe.start.unwrap().0, Start::Words(vec!["/app/tool".to_owned()]));
        assert_eq!(recipe.user.unwrap().0, "1");
    }

    #[test]
    fn flags_that_do_something_else_are_told() {
        let build = |flags: &str| {
            two_stages(&format!("RUN RUSTFLAGS='{flags}' cargo build"), "/src/target/debug/tool").build.unwrap()
        };
        assert_eq!(build("-C target-feature=+crt-static -C prefer-dynamic").other_flags(), ["prefer-dynamic"]);
        assert!(!build("-C target-feature=-crt-static").is_static());
        assert!(!build("-Ctarget-feature=+crt-static -Ctarget-feature=-crt-static").is_static());
        assert_eq!(build("-Clinker=/evil").other_flags(), ["linker=/evil"]);
    }
}
