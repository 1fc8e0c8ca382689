//! Runs what the book shows: the commands of its console blocks and the scripts of its facts, with bash, in a copy of
//! the workspace that is below `target/` and keeps what it has built.

use super::console::{Block, is_progress};
use super::facts::{Answer, Fact};
use anyhow::{Context as _, Result, bail};
use base::failure::{Exit, Failure};
use base::files;
use base::proc::{self, Call, Status};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Separates what one command printed from the next; no program prints this character by accident.
const SEPARATOR: char = '\u{1e}';

/// Longer than any block takes, but not forever.
const LONGEST: Duration = Duration::from_mins(20);

/// Folders that are not part of the workspace: built, kept by git, or the state of a learner.
const LEFT_OUT: [&str; 5] = ["target", ".git", ".workshop", "node_modules", "grades"];

/// The copy of the workspace.
pub(crate) struct Session {
    source: PathBuf,
    copy: PathBuf,
}

/// A file of the workspace.
struct SourceFile {
    /// Relative to the folder of the copy.
    name: PathBuf,
    source: PathBuf,
    content: Vec<u8>,
}

/// The result of a block.
pub(crate) enum Ran {
    /// An answer for each command.
    Answers(Vec<Answer>),
    /// It was not run, because these programs are missing.
    Missing(Vec<String>),
}

impl Session {
    /// Makes the copy, or brings it up to date.
    ///
    /// # Errors
    /// When it can't be written.
    pub(crate) fn start(root: &Path) -> Result<Self> {
        let session = Self { source: root.to_owned(), copy: root.join("target/book/workspace") };
        session.restore(&[])?;
        // This only saves time: what is missing is compiled.
        let _ = session.take_over_dependencies();
        Ok(session)
    }

    /// The book calls `cargo xtask` in the copy, so Cargo compiles the runner there again. Its dependencies, as Cargo
    /// compiled them for the program that is running now, are the same: its fingerprints hold no absolute path.
    fn take_over_dependencies(&self) -> std::io::Result<()> {
        let own = env::current_exe()?;
        let copy = self.copy.join("target/debug");
        let Some(built) = own.parent().filter(|folder| folder.ends_with("debug") && !copy.exists()) else {
            return Ok(());
        };
        // A name with its dash is one crate's; a program's files have no `lib` before it.
        const OF_THE_WORKSPACE: [&str; 15] = [
            "xtask-",
            "word_freq-",
            "config_tool-",
            "it-",
            "cli-",
            "base-",
            "weigh-",
            "weigh-base-",
            "cargo_weigh-",
            "cargo-weigh-",
            "course-",
            "commands-",
            "grading-",
            "book-",
            "testbed-",
        ];
        for folder in ["deps", "build", ".fingerprint"] {
            for file in sources(&built.join(folder)).unwrap_or_default() {
                let name = file.to_string_lossy();
                if OF_THE_WORKSPACE.iter().any(|own| name.trim_start_matches("lib").starts_with(own)) {
                    continue;
                }
                let (from, to) = (built.join(folder).join(&file), copy.join(folder).join(&file));
                fs::create_dir_all(to.parent().unwrap_or(&copy))?;
                fs::copy(&from, &to)?;
                // Cargo compares the times of what it has built.
                fs::File::options().append(true).open(&to)?.set_modified(fs::metadata(&from)?.modified()?)?;
            }
        }
        Ok(())
    }

    /// Makes the copy contain just the files of the workspace, with some folders laid over them. What is built there
    /// stays.
    fn restore(&self, with: &[String]) -> Result<()> {
        let mut files: Vec<SourceFile> = Vec::new();
        let mut add = |folder: &Path, below: &Path| -> Result<()> {
            for file in sources(folder)? {
                let source = folder.join(&file);
                let content = files::content(&source).with_context(|| format!("can't read {}", source.display()))?;
                let name = below.join(file);
                files.retain(|other| other.name != name);
                files.push(SourceFile { name, source, content });
            }
            Ok(())
        };
        add(&self.source, Path::new(""))?;
        // A learner may have changed an exercise; the book begins at its start.
        for exercise in folders(&self.source.join("exercises"))? {
            let starter = exercise.join("starter");
            if starter.is_dir() {
                add(&starter, exercise.strip_prefix(&self.source).unwrap_or(&exercise))?;
            }
        }
        for folder in with {
            let folder = self.source.join(folder);
            if !folder.is_dir() {
                bail!(
                    Failure::new(Exit::Usage, format!("{} isn't a folder", folder.display()))
                        .help("a console block needs it for `<!-- console: with FOLDER -->`")
                );
            }
            add(&folder, Path::new(""))?;
        }
        for old in sources(&self.copy).unwrap_or_default() {
            if !files.iter().any(|file| file.name == old) {
                fs::remove_file(self.copy.join(&old)).with_context(|| format!("can't remove {}", old.display()))?;
                // And the folders that contained nothing else.
                let mut folders = old.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty());
                while folders.next().is_some_and(|folder| fs::remove_dir(self.copy.join(folder)).is_ok()) {}
            }
        }
        for SourceFile { name, source, content } in &files {
            let path = self.copy.join(name);
            if fs::read(&path).is_ok_and(|there| there == *content) {
                continue;
            }
            // A copy doesn't have to survive a power failure, but a script in it must stay executable.
            path.parent()
                .map_or(Ok(()), fs::create_dir_all)
                .and_then(|()| fs::copy(source, &path))
                .with_context(|| format!("can't copy {} to {}", source.display(), path.display()))?;
        }
        // What a learner's checks leave behind, and where the book's reader tries things out and installs them.
        for litter in [".workshop", "target/book/try", "target/book/installed"] {
            let litter = self.copy.join(litter);
            if litter.exists() {
                fs::remove_dir_all(&litter).with_context(|| format!("can't remove {}", litter.display()))?;
            }
        }
        fs::create_dir_all(self.copy.join("target/book")).context("can't create a folder for what the book builds")
    }

    /// Runs the commands of a block in one shell.
    ///
    /// # Errors
    /// When bash cannot be started, or the shell ends before the last command.
    pub(crate) fn block(&self, block: &Block) -> Result<Ran> {
        let missing: Vec<String> = block.how.needs.iter().filter(|name| !self.is_there(name)).cloned().collect();
        if !missing.is_empty() {
            return Ok(Ran::Missing(missing));
        }
        self.restore(&block.how.with)?;
        let mut script = "exec 2>&1\n".to_owned();
        for command in &block.commands {
            // The last line gives the next command its `$?`.
            script += &format!(
                "{}\n__code=$?; printf '{SEPARATOR}%s{SEPARATOR}' \"$__code\"; (exit \"$__code\")\n",
                command.text
            );
        }
        let finished = proc::run(&self.call(&script))?;
        let printed = String::from_utf8_lossy(&finished.stdout).into_owned();
        let mut answers = Vec::new();
        let mut parts = printed.split(SEPARATOR);
        for command in &block.commands {
            let (Some(output), Some(exit)) = (parts.next(), parts.next().and_then(|code| code.parse().ok())) else {
                let said = printed.lines().rev().take(5).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>();
                bail!("the shell ended in `{}` ({:?}); it said:\n{}", command.text, finished.status, said.join("\n"));
            };
            let output = self.without_paths(output);
            let mut output: Vec<String> =
                output.lines().filter(|line| !is_progress(line)).map(|line| line.trim_end().to_owned()).collect();
            while output.last().is_some_and(String::is_empty) {
                output.pop();
            }
            answers.push(Answer { command: command.text.clone(), with: block.how.with.clone(), exit, output });
        }
        Ok(Ran::Answers(answers))
    }

    /// Measures a fact; `None` where a program for it is missing.
    ///
    /// # Errors
    /// When its script fails or prints something other than a number.
    pub(crate) fn fact(&self, fact: &Fact) -> Result<Option<u64>> {
        if fact.needs.iter().any(|name| !self.is_there(name)) {
            return Ok(None);
        }
        self.restore(&[])?;
        let finished = proc::run(&self.call(&format!("set -euo pipefail\n{}", fact.run)))?;
        let printed = String::from_utf8_lossy(&finished.stdout);
        let number = printed.trim().parse().ok().filter(|_| finished.status == Status::Exited(0));
        number.map(Some).ok_or_else(|| {
            let errors = String::from_utf8_lossy(&finished.stderr);
            Failure::new(
                Exit::NotMet,
                format!(
                    "`{}` printed no number ({:?}): {:?}\n{}",
                    fact.name,
                    finished.status,
                    printed.trim(),
                    errors.trim()
                ),
            )
            .file(PathBuf::from(format!("docs/facts/{}.toml", fact.chapter)))
            .help("run its script by hand in a copy of the workspace")
            .into()
        })
    }

    fn call(&self, script: &str) -> Call {
        let mut call = Call::new("bash", &self.copy).args(["--noprofile", "--norc", "-c", script]);
        call.timeout = Some(LONGEST);
        call.output_limit = 4 << 20;
        // What changes sizes or words isn't passed on, and neither is the library path that Cargo sets for what it
        // runs.
        const KEPT: [&str; 9] = [
            "PATH",
            "HOME",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "TMPDIR",
            "USER",
            "HTTPS_PROXY",
            "SSL_CERT_FILE",
        ];
        for (name, _) in env::vars_os() {
            if !KEPT.iter().any(|kept| name == *kept) {
                call.env.insert(name, None);
            }
        }
        let set = [
            ("LC_ALL", "C.UTF-8"),
            ("COLUMNS", "100"),
            ("TERM", "dumb"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_TERM_PROGRESS_WHEN", "never"),
        ];
        for (name, value) in set {
            call.env.insert(name.into(), Some(value.into()));
        }
        call.env.insert("PATH".into(), Some(self.path()));
        call
    }

    /// Where programs are looked up. `.ci/run` installs cargo-bloat below the target folder.
    fn path(&self) -> OsString {
        let own = self.source.join("target/cargo-bloat/bin");
        let inherited = env::var_os("PATH").unwrap_or_default();
        env::join_paths(std::iter::once(own).chain(env::split_paths(&inherited))).unwrap_or(inherited)
    }

    /// Whether a program is installed, or rustc's standard library for a target: `std:wasm32-wasip1`.
    fn is_there(&self, program: &str) -> bool {
        if let Some(target) = program.strip_prefix("std:") {
            let folder = Call::new("rustc", &self.copy).args(["--print", "target-libdir", "--target", target]);
            let folder = proc::run(&folder).map(|finished| String::from_utf8_lossy(&finished.stdout).trim().to_owned());
            return folder.is_ok_and(|folder| Path::new(&folder).is_dir());
        }
        env::split_paths(&self.path()).any(|folder| folder.join(program).is_file())
    }

    /// Paths of this machine mean nothing to a reader.
    fn without_paths(&self, text: &str) -> String {
        let mut text = text.replace(&self.copy.display().to_string(), "[..]");
        let home = env::var("HOME").ok().filter(|home| home.len() > 1);
        let cargo_home = env::var("CARGO_HOME").ok().or_else(|| home.as_ref().map(|home| format!("{home}/.cargo")));
        for path in [cargo_home, home].into_iter().flatten() {
            text = text.replace(&path, "[..]");
        }
        text
    }
}

/// The files of a workspace, relative to its folder.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(current) = open.pop() {
        for entry in fs::read_dir(&current).with_context(|| format!("can't read {}", current.display()))? {
            let path = entry?.path();
            let is_left_out = path.file_name().is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out));
            if is_left_out || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
