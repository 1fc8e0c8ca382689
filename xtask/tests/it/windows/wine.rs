//! Wine with its own C: drive below target/, the Windows runner in it, and a terminal around it.

use crate::cross::{self, WINDOWS};
use assert_cmd::Command;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use testbed::browser::left_out;
use testbed::project::{Project, call, in_background, repository};

/// The Windows library that Wine 8 lacks.
const LACKED: &str = "bcryptprimitives.dll";

/// Its only function that std calls, implemented by a different library's equivalent.
const RANDOM: &str = "#include <windows.h>
BOOLEAN WINAPI SystemFunction036(PVOID, ULONG);
__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T bytes) { return SystemFunction036(data, (ULONG)bytes); }
";

/// Where everything is.
pub(super) struct Wine {
    prefix: PathBuf,
    /// The programs for Windows, with the library that they need.
    programs: PathBuf,
    /// `cargo.exe` and `rustc.exe`.
    pub(super) tools: PathBuf,
}

/// Builds what is missing when a test first needs it. None if something isn't installed, which is reported.
pub(super) fn wine() -> Option<&'static Wine> {
    static WINE: OnceLock<Option<Wine>> = OnceLock::new();
    WINE.get_or_init(Wine::new).as_ref()
}

impl Wine {
    fn new() -> Option<Self> {
        if cross::tool("wine").is_none() {
            left_out("there is no wine: nothing is tried on Windows (.ci/run install-windows)");
            return None;
        }
        if !cross::can_build(WINDOWS) {
            return None;
        }
        let root = repository().join("target/wine");
        let wine = Self { prefix: root.join("prefix"), programs: root.join("programs"), tools: root.join("tools") };
        for folder in [&wine.programs, &wine.tools] {
            fs::create_dir_all(folder).unwrap();
        }
        for program in cross::build(WINDOWS, &["--package", "xtask", "--package", "cargo-weigh"]) {
            fs::copy(&program, wine.programs.join(program.file_name().unwrap())).unwrap();
        }
        let source = root.join("random.c");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&source, RANDOM).unwrap();
        let mut compiler = call("x86_64-w64-mingw32-gcc");
        compiler.args(["-shared", "-Os", "-o"]).arg(root.join(LACKED));
        compiler.arg(source).arg("-ladvapi32").assert().success();
        for folder in [&wine.programs, &wine.tools] {
            fs::copy(root.join(LACKED), folder.join(LACKED)).unwrap();
        }
        let cargo = wine.tools.join("cargo.exe");
        let mut rustc = call("rustc");
        rustc.current_dir(repository()).args(["--edition", "2024", "-Dwarnings", "--target", WINDOWS, "-o"]);
        rustc.arg(&cargo).arg("xtask/tests/it/windows/standin.rs").assert().success();
        fs::copy(&cargo, wine.tools.join("rustc.exe")).unwrap();
        // The first call makes the drive. Two at once would be in each other's way.
        wine.call(Path::new("wineboot"), Path::new("/")).arg("--init").assert().success();
        Some(wine)
    }

    /// A call of a Windows program in a Linux folder.
    pub(super) fn call(&self, program: &Path, folder: &Path) -> Command {
        let mut wine = call("wine");
        // The Cargo that runs this test isn't for Windows.
        wine.current_dir(folder).arg(program).env_remove("CARGO");
        for (name, value) in self.variables() {
            wine.env(name, value);
        }
        wine
    }

    /// What Wine reads from its environment.
    pub(super) fn variables(&self) -> [(&'static str, String); 4] {
        let prefix = self.prefix.to_str().unwrap().to_owned();
        [
            ("WINEPREFIX", prefix),
            ("WINEDEBUG", "-all".to_owned()),
            // No window, no menus of a desktop, and no offer to install what nothing here needs.
            ("WINEDLLOVERRIDES", "winemenubuilder.exe=;mscoree=;mshtml=".to_owned()),
            ("WINEPATH", windows(&self.programs)),
        ]
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.programs.join(name)
    }

    /// The runner for Windows in this folder.
    pub(super) fn xtask(&self, folder: &Path) -> Command {
        self.call(&self.program("xtask.exe"), folder)
    }

    /// The same with the stand-ins for Cargo and rustc in its PATH.
    pub(super) fn xtask_that_builds(&self, folder: &Path) -> Command {
        let mut call = self.xtask(folder);
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        for (name, value) in self.variables() {
            call.env(format!("STANDIN_{name}"), value);
        }
        call.env("WINEPATH", windows(&self.tools));
        call.env("STANDIN_PATH", variable("PATH")).env("STANDIN_HOME", variable("HOME"));
        call.env("STANDIN_C", self.prefix.join("drive_c"));
        call
    }
}

/// A Linux path in Windows form.
pub(super) fn windows(path: &Path) -> String {
    format!("Z:{}", path.to_str().unwrap().replace('/', "\\"))
}

/// Calls a command in a terminal with this many columns, and types these keys, each after the words before it were
/// shown. Returns what was shown, without the terminal's commands, and the exit code.
pub(super) fn in_terminal(wine: &Command, columns: u32, keys: &[(&str, &str)]) -> (String, Option<i32>) {
    let words: Vec<String> = wine.get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("stty cols {columns} rows 60; exec wine {}", words.join(" "));
    let mut script = call("script");
    script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    script.envs(wine.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.env("TERM", "xterm").env("SHELL", "/bin/sh").current_dir(wine.get_current_dir().unwrap());
    let mut script = in_background(&script);
    let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (sender, chunks) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = out.read(&mut bytes) {
            if sender.send(String::from_utf8_lossy(&bytes[..count]).into_owned()).is_err() {
                return;
            }
        }
    });
    let (mut all, end) = (String::new(), Instant::now() + Duration::from_mins(1));
    for (words, key) in keys {
        while !all.contains(words) {
            match chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(chunk) => all += &chunk,
                Err(_) => {
                    let _ = child.kill();
                    panic!("{words:?} was never shown:\n{all}");
                }
            }
        }
        stdin.write_all(key.as_bytes()).unwrap();
        stdin.flush().unwrap();
    }
    while let Ok(chunk) = chunks.recv_timeout(end.saturating_duration_since(Instant::now())) {
        all += &chunk;
    }
    let _ = child.kill();
    let code = child.wait().unwrap().code();
    let commands = regex_lite::Regex::new(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r").unwrap();
    (commands.replace_all(&all, "").into_owned(), code)
}

/// A copy of the course in a folder with a space in its name.
pub(super) fn course() -> (Project, PathBuf) {
    let project = Project::copy_of_the_repository();
    let folder = project.path("my course");
    fs::create_dir(&folder).unwrap();
    for entry in fs::read_dir(project.path("")).unwrap().flatten() {
        if entry.path() != folder {
            fs::rename(entry.path(), folder.join(entry.file_name())).unwrap();
        }
    }
    (project, folder)
}
