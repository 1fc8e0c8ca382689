//! `cargo xtask doctor`: what this machine has, why it matters, and how to get what is missing.

use anyhow::Result;
use base::diagnostic::shown;
use base::failure::{Exit, failure_of};
use base::numbers::{list, wrap};
use base::output;
use base::proc::{self, Call, Status};
use course::evidence;
use course::exercise;
use course::machine;
use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;
use weigh::surroundings;
use weigh::workshop::Workshop;

/// A tool that may be installed.
struct Tool {
    name: &'static str,
    args: &'static [&'static str],
    /// What it is for.
    why: &'static str,
    /// How to get it.
    install: &'static str,
    required: bool,
}

const TOOLS: [Tool; 7] = [
    Tool {
        name: "cargo",
        args: &["--version"],
        why: "builds everything",
        install: "https://rustup.rs",
        required: true,
    },
    Tool {
        name: "strip",
        args: &["--version"],
        why: "one row of `cargo xtask sizes`: the external command compared with `strip = true`",
        install: "Debian, Ubuntu: apt install binutils; macOS: xcode-select --install",
        required: false,
    },
    Tool {
        name: "cargo-bloat",
        args: &["bloat", "--version"],
        why: "exercises 2 and 8 use its output",
        install: "cargo install cargo-bloat --version 0.12.1 --locked",
        required: false,
    },
    Tool {
        name: "git",
        args: &["--version"],
        why: "for `cargo xtask diff git:REV`, which compares with an older version",
        install: "https://git-scm.com",
        required: false,
    },
    Tool {
        name: "bwrap",
        args: &["--version"],
        why: "for instructors: the sandbox for untrusted submissions (Linux only)",
        install: "Debian, Ubuntu: apt install bubblewrap",
        required: false,
    },
    Tool {
        name: "valgrind",
        args: &["--version"],
        why: "counts instructions for speed goals; without it, the check compares times, and allows a wider margin",
        install: "Debian, Ubuntu: apt install valgrind",
        required: false,
    },
    Tool {
        name: "mdbook",
        args: &["--version"],
        why: "builds the book as a website; you can also read its Markdown files directly",
        install: "cargo install mdbook --version 0.5.4 --locked",
        required: false,
    },
];

/// What was found so far, in lines for a terminal, and whether everything that is needed is there.
struct Findings {
    text: String,
    width: Option<usize>,
    well: bool,
}

impl Findings {
    fn line(&mut self, state: &str, name: &str, words: &str) {
        self.text += &wrap(&format!("{state:8} {name:12} {words}"), self.width, 22);
        self.text.push('\n');
    }

    /// Something without which nothing works.
    fn missing(&mut self, name: &str, words: &str) {
        self.well = false;
        self.line("MISSING", name, words);
    }
}

/// Runs `cargo xtask doctor`.
///
/// # Errors
/// When the call isn't made inside the workshop.
pub(crate) fn run() -> Result<Exit> {
    let workshop = Workshop::find()?;
    let mut findings = Findings { text: String::new(), width: output::width(), well: true };
    let host = compiler(&workshop.root, &mut findings);
    if host.is_some() {
        linker(&workshop.root, &mut findings);
    }
    TOOLS.iter().for_each(|tool| look_for(&workshop.root, tool, &mut findings));
    crates(&workshop.root, &mut findings);
    environment(&workshop, &host.unwrap_or_default(), &mut findings);
    output::data(&findings.text)?;
    if findings.well {
        return Ok(Exit::Met);
    }
    output::not_met("everything marked MISSING is required: install it, then run `cargo xtask doctor` again");
    Ok(Exit::Environment)
}

/// The release of rustc, compared with the pinned one. Returns its host.
fn compiler(root: &Path, findings: &mut Findings) -> Option<String> {
    let pin = fs::read_to_string(root.join("rust-toolchain.toml")).unwrap_or_default();
    let pin = pin.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap_or_default().trim_matches('"');
    let Some(version) = answer(root, "rustc", &["-vV"]) else {
        findings.missing("rustc", "compiles everything. Install: https://rustup.rs");
        return None;
    };
    let release = field(&version, "release:");
    let fits = if release == pin || pin.is_empty() {
        "the pinned release: your sizes can be compared with the workshop's".to_owned()
    } else {
        format!(
            "the workshop is pinned to {pin}. Your sizes will differ, but the checks compare ratios, so their results are still valid"
        )
    };
    findings.line("found", "rustc", &format!("{release}; {fits}"));
    Some(field(&version, "host:"))
}

fn linker(root: &Path, findings: &mut Findings) {
    match can_link(root) {
        Ok(()) => findings.line("found", "linker", "a program was compiled, linked and run"),
        Err(words) => {
            findings.missing("linker", &format!("can't link and run a program: {words}"));
            let install = "install: Debian, Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: the Visual Studio build tools";
            findings.line("", "", install);
        }
    }
}

fn look_for(root: &Path, tool: &Tool, findings: &mut Findings) {
    let Tool { name, args, why, install, required } = tool;
    let program = match *name {
        "cargo" => env::var("CARGO").unwrap_or_else(|_| (*name).to_owned()),
        _ => (*name).to_owned(),
    };
    let to_install = || format!("{why}. Install: {install}");
    match answer(root, &program, args) {
        Some(words) => {
            findings.line("found", name, &format!("{}; {why}", words.lines().next().unwrap_or_default().trim()));
        }
        None if *required => findings.missing(name, &to_install()),
        None => findings.line("missing", name, &to_install()),
    }
}

fn crates(root: &Path, findings: &mut Findings) {
    const LATER: &str = "Cargo downloads them when it's online. To work offline later, run this in the folder of each of these exercises: cargo fetch --locked";
    let (missing, why) = missing_crates(root);
    if missing.is_empty() {
        findings.line("found", "crates", "every dependency of the exercises is on this machine");
        return;
    }
    let verb = if missing.len() == 1 { "needs" } else { "need" };
    let words = format!(
        "{} {verb} crates that aren't on this machine yet: {why}",
        list(&missing.iter().map(String::as_str).collect::<Vec<_>>())
    );
    findings.line("missing", "crates", &words);
    findings.line("", "", LATER);
}

fn environment(workshop: &Workshop, host: &str, findings: &mut Findings) {
    let notes = match surroundings::of_workshop(&workshop.root, &workshop.profiles, host) {
        Ok(surroundings) => surroundings.notes,
        Err(error) => {
            findings.well = false;
            vec![failure_of(&error).message]
        }
    };
    for note in &notes {
        findings.line("note", "environment", note);
    }
    if notes.is_empty() {
        findings.line("found", "environment", "no environment variable or configuration file changes sizes");
    } else {
        findings.line("", "", "`sizes` and `check` ignore this; your own `cargo build` uses it");
    }
}

fn field(text: &str, name: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

/// What a tool prints about itself; `None` if it isn't installed.
fn answer(root: &Path, program: &str, args: &[&str]) -> Option<String> {
    let mut call = Call::new(program, root).args(args.iter().copied());
    call.timeout = Some(Duration::from_secs(20));
    call.env = surroundings::of_builds();
    let finished = proc::run(&call).ok()?;
    (finished.status == Status::Exited(0)).then(|| String::from_utf8_lossy(&finished.stdout).into_owned())
}

/// The exercises that can't be built without a network, and what Cargo says about the first of them. An exercise that
/// can't be read isn't among them: every other verb reports it. The same goes for one that this machine can't do: `list` says why.
fn missing_crates(root: &Path) -> (Vec<String>, String) {
    let (mut ids, mut why) = (Vec::new(), String::new());
    let all = exercise::all(root).unwrap_or_default();
    for exercise in all.into_iter().filter(|exercise| machine::lack(exercise).is_none()) {
        let folder = evidence::target_folder(root).join("check").join(&exercise.id).join("doctor");
        let fetched =
            evidence::starter_files(&exercise).and_then(|starter| evidence::fetch(&exercise, &starter, &folder, true));
        if let Err(error) = fetched {
            let message = failure_of(&error).message;
            let said = message
                .lines()
                .find(|line| line.contains("error:"))
                .unwrap_or_else(|| message.lines().next().unwrap_or_default());
            if ids.is_empty() {
                said.clone_into(&mut why);
            }
            ids.push(exercise.id);
        }
    }
    (ids, why)
}

/// Compiles, links and runs a program that does nothing: no list of linkers could know as much.
fn can_link(root: &Path) -> Result<(), String> {
    let folder = evidence::target_folder(root).join("check").join("doctor");
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", shown(&folder).display());
    fs::create_dir_all(&folder).map_err(|error| words(&error))?;
    let program = folder.join(format!("doctor{}", env::consts::EXE_SUFFIX));
    let mut call = Call::new("rustc", &folder).args(["--edition", "2024", "--crate-name", "doctor", "-"]);
    call = call.arg("-o").arg(&program);
    call.stdin = b"fn main() {}\n".to_vec();
    call.timeout = Some(Duration::from_mins(2));
    call.env = surroundings::of_builds();
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().find(|line| line.starts_with("error")).unwrap_or("it was stopped").to_owned()
    };
    let finished = proc::run(&call).map_err(|error| words(&error))?;
    if finished.status != Status::Exited(0) {
        return Err(last(&finished.stderr));
    }
    let mut call = Call::new(&program, &folder);
    call.timeout = Some(Duration::from_secs(20));
    match proc::run(&call) {
        Ok(finished) if finished.status == Status::Exited(0) => Ok(()),
        Ok(finished) => Err(last(&finished.stderr)),
        Err(error) => Err(words(&error)),
    }
}
