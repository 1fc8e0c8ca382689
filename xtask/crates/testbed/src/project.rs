//! Small projects in temporary folders, and `xtask` called there in a clean environment.

use crate::schema;
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use serde_json::Value;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// A project in its own folder. The folder is kept if the test fails.
pub struct Project {
    folder: Option<tempfile::TempDir>,
    root: PathBuf,
}

/// The repository that the tests belong to.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap().to_owned()
}

impl Project {
    /// An empty folder.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // As Cargo names it: macOS has its temporary folder behind a symlink. On Windows a canonical path would be one
        // that Cargo doesn't take as a folder to run in.
        let root = if cfg!(unix) { folder.path().canonicalize().unwrap() } else { folder.path().to_owned() };
        Self { folder: Some(folder), root }
    }

    /// A workshop with one program, `tiny`, and the tables that `sizes` describes.
    pub fn workshop(source: &str, profiles: &str, sizes: &str) -> Self {
        let project = Self::empty();
        project.write(
            "Cargo.toml",
            &format!(
                "[workspace]\nresolver = \"3\"\nmembers = [\"tiny\"]\n\n{profiles}\n\n[workspace.metadata.sizes]\n\
                 run-seconds = 10\noutput-bytes = 100000\n{sizes}\n"
            ),
        );
        project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\n");
        project.write("tiny/Cargo.toml", "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        project.write("tiny/src/main.rs", source);
        fs::copy(repository().join("rust-toolchain.toml"), project.path("rust-toolchain.toml")).unwrap();
        project
    }

    /// A workshop whose program prints "hi", with two profiles in one table.
    pub fn plain_workshop() -> Self {
        Self::workshop("fn main() { println!(\"hi\"); }", PLAIN_PROFILES, PLAIN_SIZES)
    }

    /// A copy of this repository without what was built. The sources of the runner are links: no test changes them, and they are
    /// half of the files, which take as long to make as many a test.
    pub fn copy_of_the_repository() -> Self {
        let project = Self::empty();
        for name in [
            "Cargo.toml",
            "Cargo.lock",
            "rust-toolchain.toml",
            "README.md",
            "LICENSE-MIT",
            "LICENSE-APACHE",
            "CHANGELOG.md",
            "CODE_OF_CONDUCT.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            ".cargo",
            ".ci",
            ".github",
            ".dockerignore",
            "word_freq",
            "config_tool",
            "xtask",
            "docs",
            "exercises",
            "solutions",
        ] {
            copy(&repository().join(name), &project.path(name));
        }
        project
    }

    /// A path in it.
    pub fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// Writes a file, and the folders around it.
    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(path, text).unwrap();
    }

    /// A file as text.
    pub fn read(&self, below: &str) -> String {
        fs::read_to_string(self.path(below)).unwrap()
    }

    /// Replaces a text that must be there.
    pub fn edit(&self, below: &str, from: &str, to: &str) {
        let text = self.read(below);
        assert!(text.contains(from), "{below} does not hold {from:?}:\n{text}");
        self.write(below, &text.replace(from, to));
    }

    /// The program of the test's own package in this folder: `xtask`, or the one behind some of its verbs.
    pub fn xtask(&self) -> Command {
        self.call_here(&crate::own())
    }

    /// The program that implements a verb of `cargo xtask`, in this folder.
    pub fn verb(&self, verb: &str) -> Command {
        self.call_here(&crate::program(verb))
    }

    fn call_here(&self, program: &Path) -> Command {
        let mut command = call(program);
        command.current_dir(&self.root);
        command
    }

    /// Runs `xtask` with these words; the program behind a verb that has one, without the front door.
    pub fn run(&self, words: &[&str]) -> Assert {
        self.verb(words.first().copied().unwrap_or_default()).args(words).assert()
    }

    /// Every file below the folder with its content and its time, except build output.
    pub fn everything(&self) -> Vec<(PathBuf, Vec<u8>, std::time::SystemTime)> {
        let mut files = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let changed = fs::metadata(&path).unwrap().modified().unwrap();
                    files.push((path.clone(), fs::read(&path).unwrap(), changed));
                }
            }
        }
        files.sort();
        files
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        if std::thread::panicking()
            && let Some(folder) = self.folder.take()
        {
            let kept = folder.keep();
            eprintln_kept(&kept);
        }
    }
}

#[expect(clippy::print_stderr, reason = "a failed test says where to look")]
fn eprintln_kept(folder: &Path) {
    eprintln!("the folder of this test is kept: {}", folder.display());
}

/// Two profiles that differ by one setting.
pub const PLAIN_PROFILES: &str = "[profile.stripped]\ninherits = \"release\"\nstrip = true";
/// One table of them, and what `tiny` must print.
pub const PLAIN_SIZES: &str = r#"
[[workspace.metadata.sizes.programs]]
name = "tiny"
cases = [{ args = [], stdout = "hi\n" }]

[[workspace.metadata.sizes.tables]]
name = "two"
caption = "Two builds"
default = true
rows = [{ profile = "release", label = "default" }, { profile = "stripped", label = "+ strip = true" }]
"#;

/// A call of a program, with only what Cargo and rustup need from the environment.
pub fn call(program: impl AsRef<OsStr>) -> Command {
    let kept = ["PATH", "HOME", "CARGO", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "TMPDIR"];
    let windows = [
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "PROGRAMFILES",
        "PROGRAMFILES(X86)",
        "PROGRAMDATA",
        "COMSPEC",
        "PATHEXT",
        "WINDIR",
    ];
    let mut command = Command::new(program);
    command.env_clear();
    for name in kept.into_iter().chain(windows) {
        if let Some(value) = env::var_os(name) {
            command.env(name, value);
        }
    }
    command
}

/// The same call as one that runs while the test does something: `assert_cmd` waits for the end. It has only the environment
/// that the call was given.
pub fn in_background(call: &Command) -> std::process::Command {
    #[expect(clippy::disallowed_methods, reason = "assert_cmd can't start a program without waiting for it")]
    let mut command = std::process::Command::new(call.get_program());
    command.args(call.get_args()).env_clear();
    command.envs(call.get_envs().filter_map(|(name, value)| Some((name, value?))));
    if let Some(folder) = call.get_current_dir() {
        command.current_dir(folder);
    }
    command
}

/// Runs a script as CI engines do, with bash that ends at the first error: its exit code (none after a signal), and what it
/// printed, data before messages.
pub fn run_step(folder: &Path, script: &str, env: &[(&str, &OsStr)]) -> (Option<i32>, String) {
    let mut bash = call("bash");
    bash.envs(env.iter().copied()).current_dir(folder);
    let output = bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

/// Build output and a learner's progress, which don't belong to the repository.
const NOT_COPIED: [&str; 2] = ["target", ".workshop"];

/// What a command printed as data.
pub fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// What a command printed as messages.
pub fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// What a command printed as its one JSON document, checked against its schema.
pub fn json(assert: &Assert) -> Value {
    schema::document(&stdout(assert))
}

/// The rows of a table in the JSON of `sizes`.
pub fn rows<'a>(document: &'a Value, table: &str) -> &'a Vec<Value> {
    let tables = document["tables"].as_array().unwrap();
    tables.iter().find(|found| found["name"] == table).unwrap()["rows"].as_array().unwrap()
}

/// The bytes of each row.
pub fn bytes(document: &Value, table: &str) -> Vec<u64> {
    rows(document, table).iter().map(|row| row["bytes"].as_u64().unwrap()).collect()
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            if NOT_COPIED.iter().any(|other| name == *other) {
                continue;
            }
            let (from, to) = (from.join(&name), to.join(&name));
            #[cfg(unix)]
            if ["src", "tests"].iter().any(|sources| name == *sources)
                && from.strip_prefix(repository()).is_ok_and(|path| path.starts_with("xtask"))
            {
                std::os::unix::fs::symlink(&from, &to).unwrap();
                continue;
            }
            copy(&from, &to);
        }
    } else {
        fs::copy(from, to).unwrap();
    }
}
