//! `cargo xtask doctor`: what this machine has, why it matters, how to get what is missing.

use anyhow::Result;
use base::diagnostic::shown;
use base::failure::{Exit, failure_of};
use base::numbers::wrap;
use base::output;
use base::proc::{self, Call, Status};
use course::evidence;
use course::exercise;
use std::env;
use std::fs;
use std::path::Path;
use std::time::Duration;
use weigh::surroundings;
use weigh::workshop::Workshop;

/// A tool that may be there.
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
        why: "one row of `cargo xtask sizes`: the external command against `strip = true`",
        install: "Debian, Ubuntu: apt install binutils; macOS: xcode-select --install",
        required: false,
    },
    Tool {
        name: "cargo-bloat",
        args: &["bloat", "--version"],
        why: "exercises 2 and 8 read what it prints",
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
        why: "for instructors: the sandbox of untrusted submissions (Linux only)",
        install: "Debian, Ubuntu: apt install bubblewrap",
        required: false,
    },
    Tool {
        name: "valgrind",
        args: &["--version"],
        why: "counts instructions, where a goal is about speed; without it times are compared, with a wider limit",
        install: "Debian, Ubuntu: apt install valgrind",
        required: false,
    },
    Tool {
        name: "mdbook",
        args: &["--version"],
        why: "shows the tutorial as a site; it also reads well as plain files",
        install: "cargo install mdbook --version 0.5.4 --locked",
        required: false,
    },
];

/// Runs `cargo xtask doctor`.
///
/// # Errors
/// When the call is not made inside the workshop.
pub(crate) fn run() -> Result<Exit> {
    let workshop = Workshop::find()?;
    let mut text = String::new();
    let mut well = true;
    let width = output::width();
    let mut line = |state: &str, name: &str, words: &str| {
        text += &wrap(&format!("{state:8} {name:12} {words}"), width, 22);
        text.push('\n');
    };

    let pin = fs::read_to_string(workshop.root.join("rust-toolchain.toml")).unwrap_or_default();
    let pin =
        pin.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap_or_default().trim_matches('"').to_owned();
    let rustc = answer(&workshop.root, "rustc", &["-vV"]);
    let host = match &rustc {
        Some(version) => {
            let release = field(version, "release:");
            let fits = if release == pin || pin.is_empty() {
                "the pinned release: your sizes can be compared with the workshop's".to_owned()
            } else {
                format!("the workshop is pinned to {pin}: sizes differ, verdicts are by ratio and hold")
            };
            line("found", "rustc", &format!("{release}; {fits}"));
            field(version, "host:")
        }
        None => {
            well = false;
            line("MISSING", "rustc", "compiles everything. Install: https://rustup.rs");
            String::new()
        }
    };
    match rustc.as_ref().map(|_| can_link(&workshop.root)) {
        Some(Ok(())) => line("found", "linker", "a program was compiled, linked and run"),
        Some(Err(words)) => {
            well = false;
            line("MISSING", "linker", &format!("no program can be linked and run: {words}"));
            let install = "install: Debian, Ubuntu: apt install gcc; macOS: xcode-select --install; Windows: the Visual Studio build tools";
            line("", "", install);
        }
        None => {}
    }
    for Tool { name, args, why, install, required } in &TOOLS {
        let program = if *name == "cargo" {
            env::var("CARGO").unwrap_or_else(|_| (*name).to_owned())
        } else {
            (*name).to_owned()
        };
        match answer(&workshop.root, &program, args) {
            Some(words) => line("found", name, &format!("{}; {why}", words.lines().next().unwrap_or_default().trim())),
            None => {
                well &= !required;
                line(if *required { "MISSING" } else { "missing" }, name, &format!("{why}. Install: {install}"));
            }
        }
    }
    let (missing, why) = missing_crates(&workshop.root);
    match missing.as_slice() {
        [] => line("found", "crates", "everything that the exercises are built from is on this machine"),
        ids => {
            line(
                "missing",
                "crates",
                &format!("{} need crates that are not on this machine yet: {why}", ids.join(", ")),
            );
            line(
                "",
                "",
                "Cargo gets them by itself while there is a network. To work without one later, run in the folder of each of these exercises: cargo fetch --locked",
            );
        }
    }
    let notes = match surroundings::of_workshop(&workshop.root, &workshop.profiles, &host) {
        Ok(surroundings) => surroundings.notes,
        Err(error) => {
            well = false;
            vec![failure_of(&error).message]
        }
    };
    for note in &notes {
        line("note", "environment", note);
    }
    if notes.is_empty() {
        line("found", "environment", "no variable and no configuration file changes sizes");
    } else {
        line("", "", "`sizes` and `check` set this aside; your own `cargo build` follows it");
    }
    output::data(&text)?;
    if !well {
        output::not_met("what is MISSING above is needed: install it, then run `cargo xtask doctor` again");
    }
    Ok(if well { Exit::Met } else { Exit::Environment })
}

fn field(text: &str, name: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

/// What a tool says of itself; `None` if it is not there.
fn answer(root: &Path, program: &str, args: &[&str]) -> Option<String> {
    let mut call = Call::new(program, root).args(args.iter().copied());
    call.timeout = Some(Duration::from_secs(20));
    call.env = surroundings::of_builds();
    let finished = proc::run(&call).ok()?;
    (finished.status == Status::Exited(0)).then(|| String::from_utf8_lossy(&finished.stdout).into_owned())
}

/// The exercises that cannot be built without a network, and what Cargo says of the first of them. One that cannot be read
/// is not among them: every other verb says so.
fn missing_crates(root: &Path) -> (Vec<String>, String) {
    let (mut ids, mut why) = (Vec::new(), String::new());
    for exercise in exercise::all(root).unwrap_or_default() {
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
        text.lines().find(|line| line.starts_with("error")).unwrap_or("it was ended").to_owned()
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
