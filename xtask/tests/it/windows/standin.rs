//! `cargo.exe` and `rustc.exe` for Wine, where neither is available: each calls the Linux one for the Windows target,
//! with every path as the other side writes it. Built by the tests with rustc alone.
//!
//! A Windows program that reads from a pipe doesn't get what a Linux program prints, and it can't wait for one. So a shell lets the
//! Linux program write into files, the last of which holds its exit code, and this copies them. The tests give, in variables, what a Linux program needs and Windows has differently:
//! `STANDIN_PATH`, `STANDIN_HOME`, and `STANDIN_C`, the folder that is drive C.

use std::env;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

const TARGET: &str = "x86_64-pc-windows-gnu";

/// Verbs of Cargo that compile for a target.
const BUILDING: [&str; 5] = ["build", "check", "rustc", "run", "test"];

/// Variables that mean something else on the other side.
const OWN: [&str; 8] = ["PATH", "HOME", "TEMP", "TMP", "TMPDIR", "PWD", "SHLVL", "RUSTC_WRAPPER"];

fn main() -> ExitCode {
    let own = env::current_exe().expect("this program has a path");
    let args: Vec<String> = env::args().skip(1).collect();
    if args.first().is_some_and(|first| first == "--wrap") {
        return wrapped(&own, &args[1..]);
    }
    let name = own.file_stem().expect("a program has a name").to_string_lossy().into_owned();
    let folder = scratch();
    let code = run(&own, &name, &args, &folder);
    let _ = fs::remove_dir_all(&folder);
    code
}

/// A folder for this call alone.
fn scratch() -> PathBuf {
    let folder = env::temp_dir().join(format!("standin-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder can be written");
    folder
}

/// Runs the Linux program with this name to its end, and prints its output.
fn run(own: &Path, name: &str, args: &[String], folder: &Path) -> ExitCode {
    let mut words: Vec<String> = args.iter().map(|arg| to_linux(arg)).collect();
    let verb = words.iter().position(|word| BUILDING.contains(&word.as_str()));
    let has_target = words.iter().any(|word| word == "--target" || word.starts_with("--target="));
    if name == "cargo"
        && let Some(verb) = verb
        && !has_target
    {
        words.splice(verb + 1..verb + 1, ["--target".to_owned(), TARGET.to_owned()]);
    }
    // A call by Cargo has a target where it needs one: a build script is for the machine that builds.
    let compiles = words.iter().any(|word| word == "--crate-name") && env::var_os("STANDIN_WRAPPED").is_none();
    if name == "rustc" && compiles && !has_target {
        words.splice(0..0, ["--target".to_owned(), TARGET.to_owned()]);
    }
    let mut script = format!("cd {} || exit 97\n", quoted(&to_linux(&env::current_dir().unwrap().to_string_lossy())));
    for (name, value) in environment(own, folder) {
        script += &format!("export {name}={}\n", quoted(&value));
    }
    script += &format!("chmod -f +x {}\n", quoted(&to_linux(&folder.join("wrapper").to_string_lossy())));
    let input = folder.join("in");
    let mut given = Vec::new();
    if words.iter().any(|word| word == "-") {
        let _ = io::stdin().read_to_end(&mut given);
    }
    fs::write(&input, given).expect("the scratch folder can be written");
    let file = |name: &str| quoted(&to_linux(&folder.join(name).to_string_lossy()));
    let line: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    script += &format!("{name} {} < {} > {} 2> {}\n", line.join(" "), file("in"), file("out"), file("err"));
    script += &format!("echo $? > {0}\nmv {0} {1}\n", file("code.new"), file("code"));
    fs::write(folder.join("script"), script).expect("the scratch folder can be written");
    linux("/usr/bin/env", &["-i", "/bin/sh", &to_linux(&folder.join("script").to_string_lossy())]);
    let code = loop {
        match fs::read_to_string(folder.join("code")) {
            Ok(code) => break code.trim().parse().unwrap_or(98),
            Err(_) => thread::sleep(Duration::from_millis(5)),
        }
    };
    let said = |name: &str| String::from_utf8_lossy(&fs::read(folder.join(name)).unwrap_or_default()).into_owned();
    let _ = io::stderr().write_all(to_windows(&said("err")).as_bytes());
    let _ = io::stdout().write_all(to_windows(&said("out")).as_bytes());
    ExitCode::from(code)
}

/// Starts a Linux program. Wine has no handle for it, which std treats as an error; whether it runs shows later.
fn linux(program: &str, args: &[&str]) {
    let _ = Command::new(program).args(args).spawn();
}

/// The environment of the Linux program: what the runner left in its own, with paths of the other side.
fn environment(own: &Path, folder: &Path) -> Vec<(String, String)> {
    let var = |name: &str| env::var(name).unwrap_or_default();
    let mut found = vec![("PATH".to_owned(), var("STANDIN_PATH")), ("HOME".to_owned(), var("STANDIN_HOME"))];
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for (name, value) in env::vars() {
        let is_windows = OWN.contains(&name.to_uppercase().as_str()) || !is_name(&name);
        if !is_windows && !name.starts_with("WINE") {
            found.push((name, to_linux(&value)));
        }
    }
    // Wine finds its own files by these.
    for name in ["WINEPREFIX", "WINEDEBUG", "WINEDLLOVERRIDES"] {
        found.push((name.to_owned(), var(&format!("STANDIN_{name}"))));
    }
    // A program in rustc's place is a Windows program, and Linux's Cargo has to start it.
    if let Ok(wrapper) = env::var("RUSTC_WRAPPER")
        && !wrapper.is_empty()
    {
        let script = folder.join("wrapper");
        let line = format!(
            "#!/bin/sh\nexec wine {} --wrap {} \"$@\"\n",
            quoted(&to_linux(&own.to_string_lossy())),
            quoted(&wrapper)
        );
        fs::write(&script, line).expect("the scratch folder can be written");
        let linux = to_linux(&script.to_string_lossy());
        // The script that calls Cargo makes it executable.
        found.push(("RUSTC_WRAPPER".to_owned(), linux));
    }
    found
}

/// Called by Linux's Cargo as rustc's wrapper: calls the real wrapper as Cargo for Windows would.
fn wrapped(own: &Path, args: &[String]) -> ExitCode {
    let rest: Vec<String> = args[2..].iter().map(|arg| to_windows(arg).trim_end().to_owned()).collect();
    let status =
        Command::new(&args[0]).env("STANDIN_WRAPPED", "1").arg(own.with_file_name("rustc.exe")).args(rest).status();
    let code = status.ok().and_then(|status| status.code()).unwrap_or(98);
    ExitCode::from(u8::try_from(code).unwrap_or(99))
}

/// A word with every path as a Linux path.
fn to_linux(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(at) = drive(rest) {
        out += &rest[..at];
        if rest[at..].starts_with(['C', 'c']) {
            out += &env::var("STANDIN_C").unwrap_or_default();
        }
        // To the end, or to the quote that it is in.
        let tail = &rest[at + 2..];
        let end = tail.find(['"', '\'', ';']).unwrap_or(tail.len());
        out += &tail[..end].replace("\\\\", "/").replace('\\', "/");
        rest = &tail[end..];
    }
    out += rest;
    // A path without a drive is a separate word.
    let is_path = !out.contains(['"', '\'', '{', '\n']);
    if is_path { out.replace('\\', "/") } else { out }
}

/// Where a drive's letter begins.
fn drive(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    (0..bytes.len().saturating_sub(2)).find(|&at| {
        bytes[at].is_ascii_alphabetic()
            && bytes[at + 1] == b':'
            && matches!(bytes[at + 2], b'\\' | b'/')
            && (at == 0 || !bytes[at - 1].is_ascii_alphanumeric())
    })
}

/// What a program printed, with Windows paths: whole lines, whole JSON strings, and what comes after `=` or is in
/// brackets.
fn to_windows(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let json = line.starts_with('{');
        let separator = if json { "\\\\" } else { "\\" };
        let host = line.strip_prefix("host: ").map(|_| format!("host: {TARGET}\n"));
        if let Some(host) = host {
            out += &host;
            continue;
        }
        let mut rest = line;
        let mut before = '\n';
        while let Some(first) = rest.chars().next() {
            let begins = matches!(before, '\n' | '"' | '=' | '(' | '`') && is_path(rest);
            if begins {
                let end = rest.find(['"', ')', '\n', '`', '\r']).unwrap_or(rest.len());
                out += &format!("Z:{}", rest[..end].replace('/', separator));
                rest = &rest[end..];
                before = ' ';
            } else if let Some(tail) = rest.strip_prefix("file:///") {
                out += "file:///Z:/";
                rest = tail;
                before = '/';
            } else {
                out.push(first);
                before = first;
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// Whether a text begins with a path from the root.
fn is_path(text: &str) -> bool {
    let first = text.strip_prefix('/').and_then(|rest| rest.split('/').next()).unwrap_or_default();
    !first.is_empty() && Path::new(&format!("Z:\\{first}")).is_dir()
}

/// A word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
