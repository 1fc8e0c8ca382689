//! A store of what rustc has compiled, for the long tests. They build the same few programs hundreds of times, each in
//! its own folder: without the store, half of their time goes to repeating what another test has just compiled.
//! (sccache keeps only libraries, and most of the time goes to programs, for which all of std is optimized again.)
//!
//! The program replaces rustc in its own toolchain (`.ci/toolchain.sh`), so Cargo and the runner don't know about it:
//!
//! ```text
//! bin/rustc   this program; the others in bin/ are links to the real ones
//! real        a link to the real toolchain
//! units/      the store: a folder for each call, in it one for each state of the sources
//! ```
//!
//! A unit is taken from the store only if the compiler, the linker, each argument, each source file, each variable that
//! the sources read, and each compiled crate that goes into it are identical to the byte. Paths of target folders
//! aren't compared, because they don't get into what is kept. What may hold such a path, or depend on what rustc
//! doesn't list, is always compiled: units with debug information, incremental compilation, libraries in other
//! languages or linker options, units of which an argument isn't known here, and those that use a proc macro which may
//! read files. So is a unit whose sources were changed meanwhile. rustc's messages are printed again. What fails is
//! compiled again, and if the store itself fails, rustc compiles. Sandboxes don't see it: they contain the real
//! toolchain.

use anyhow::{Context as _, Result, bail};
use base::{proc, store};
use serde::{Deserialize, Serialize};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, SystemTime};
use weigh::cargo::unit::{DepInfo, artifacts};

/// The placeholders for the folder of the artifacts, and for the folder of a build script's files.
const OUT: &str = "@artifacts@";
const GENERATED: &str = "@generated@";

/// The file of an entry that describes it.
const ENTRY: &str = "entry.json";

/// Variables that rustc or the linker heed themselves, by how their names begin. What sources read is known from rustc.
const HEEDED: [&str; 7] = ["RUSTC_", "RUST_", "LD_", "GCC_", "COMPILER_PATH", "LIBRARY_PATH", "SOURCE_DATE_EPOCH"];
/// The subset that Cargo, rustup and tests set, and that doesn't change compiled code.
const HARMLESS: [&str; 5] =
    ["LD_LIBRARY_PATH", "RUST_BACKTRACE", "RUST_RECURSION_COUNT", "RUSTC_WRAPPER", "RUSTC_WORKSPACE_WRAPPER"];

/// Prefixes of options that only do what they say. Any other option may name a file, or print.
const OPTIONS: [&str; 14] = [
    "--allow=",
    "--cfg",
    "--check-cfg",
    "--color",
    "--deny=",
    "--diagnostic-width=",
    "--edition=",
    "--emit=",
    "--error-format=",
    "--forbid=",
    "--json=",
    "--target",
    "--test",
    "--warn=",
];
/// The same for lints and the level of optimization.
const SHORT_OPTIONS: [&str; 5] = ["-A", "-D", "-F", "-O", "-W"];
/// The same for what follows `-C`.
const CODEGEN: [&str; 17] = [
    "codegen-units",
    "debug-assertions",
    "debuginfo",
    "embed-bitcode",
    "extra-filename",
    "force-frame-pointers",
    "force-unwind-tables",
    "linker-plugin-lto",
    "lto",
    "metadata",
    "opt-level",
    "overflow-checks",
    "panic",
    "prefer-dynamic",
    "relocation-model",
    "strip",
    "target-feature",
];

/// Proc macros that generate their code only from their input. Others may read files and variables, and rustc isn't
/// told.
const PURE: [&str; 3] = ["serde_derive", "clap_derive", "thiserror_impl"];

/// A file may be stamped this much earlier than it was written, as the kernel's clock for that ticks slowly.
const TICK: Duration = Duration::from_millis(20);

/// What was read: files with the digests of their contents, and variables with their values.
type Read = (Vec<(String, String)>, Vec<(String, Option<String>)>);

/// A unit in the store.
#[derive(Serialize, Deserialize)]
struct Entry {
    /// The source files, with the digests of their contents.
    files: Vec<(String, String)>,
    /// The variables that the sources ask for.
    variables: Vec<(String, Option<String>)>,
    /// The names of the artifacts.
    artifacts: Vec<String>,
    /// rustc's messages, one per line.
    said: Vec<String>,
}

/// A call of rustc whose result may be kept.
#[derive(Debug)]
struct Unit {
    /// Crate name and hash, as in the artifacts' file names.
    stem: String,
    /// The folder of the artifacts.
    out_dir: String,
    /// The folder of what the package's build script has written, for a package from a registry: its sources are read from there.
    generated: Option<String>,
    /// The arguments that are compared as they are.
    compared: Vec<String>,
    /// Compiled crates, by the paths of their files.
    crates: Vec<PathBuf>,
    /// The folders of those that come with them.
    indirect: Vec<PathBuf>,
    /// Whether it is linked, from the code of all crates below it.
    is_linked: bool,
}

impl Unit {
    /// Reads the arguments of a call. None if it produces nothing, or something that isn't kept.
    fn of(args: &[String], variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let (mut name, mut extra, mut out_dir) = (None, None, None);
        let (mut compared, mut crates, mut indirect) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_linked, mut is_from_a_registry) = (false, false);
        let mut words = args.iter().map(String::as_str);
        while let Some(word) = words.next() {
            // Some options have their value in a separate word. Flags of a configuration may be written in one.
            let (word, value) = match word {
                "--crate-name" | "--crate-type" | "--out-dir" | "-C" | "-L" | "--extern" | "--cap-lints" => {
                    (word, words.next()?)
                }
                _ if word.starts_with("-C") || word.starts_with("-L") => word.split_at(2),
                _ if !is_known(word) => return None,
                _ => {
                    is_linked |= word == "--test";
                    compared.push(word.to_owned());
                    continue;
                }
            };
            match (word, value.split_once('=')) {
                ("--out-dir", _) => out_dir = Some(value.to_owned()),
                ("-C", Some(("debuginfo", level))) if level != "0" => return None,
                ("-C", Some(("linker-plugin-lto", _))) => return None,
                ("-C", setting) if !CODEGEN.contains(&setting.map_or(value, |(name, _)| name)) => return None,
                ("-L", Some(("dependency", folder))) => indirect.push(folder.into()),
                ("-L", _) => return None,
                ("--extern", Some((_, path))) => {
                    crates.push(path.into());
                    compared.push(value.replace(Path::new(path).parent()?.to_str()?, ""));
                }
                _ => {
                    match (word, value) {
                        ("--crate-name", _) => name = Some(value),
                        ("--crate-type", "bin" | "cdylib" | "dylib" | "staticlib") => is_linked = true,
                        ("--cap-lints", "allow") => is_from_a_registry = true,
                        _ => extra = value.strip_prefix("extra-filename=").or(extra),
                    }
                    compared.extend([word.to_owned(), value.to_owned()]);
                }
            }
        }
        let generated = is_from_a_registry.then(|| variable("OUT_DIR")).flatten();
        let stem = format!("{}{}", name?, extra?);
        Some(Self { stem, out_dir: out_dir?, generated, compared, crates, indirect, is_linked })
    }

    /// Everything that is known before the compiler has read the sources.
    fn key(&self, tools: &[String]) -> Result<String> {
        let mut parts: Vec<String> = self.compared.iter().chain(tools).cloned().collect();
        for file in &self.crates {
            parts.push(digest(file)?);
        }
        for folder in self.indirect.iter().filter(|_| !self.crates.is_empty()) {
            let mut files: Vec<PathBuf> =
                folder.read_dir()?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
            if let Some(file) = files.iter().find(|file| may_read_anything(file)) {
                bail!("{} is a proc macro that may read files", file.display());
            }
            // What is linked gets the code of crates that only its crates name.
            files.retain(|file| self.is_linked && file.extension().is_some_and(|extension| extension == "rlib"));
            files.sort();
            for file in files {
                parts.push(file.file_name().unwrap_or_default().to_string_lossy().into_owned());
                parts.push(digest(&file)?);
            }
        }
        for (name, value) in env::vars_os() {
            let name = name.to_string_lossy();
            if HEEDED.iter().any(|heeded| name.starts_with(heeded)) && !HARMLESS.contains(&&*name) {
                parts.extend([name.into_owned(), value.to_string_lossy().into_owned()]);
            }
        }
        Ok(store::digest(&parts.iter().map(String::as_bytes).collect::<Vec<_>>()))
    }

    /// What rustc has read since it was started, in the words of the store.
    fn read(&self, started: SystemTime) -> Result<Read> {
        let list = fs::read_to_string(Path::new(&self.out_dir).join(format!("{}.d", self.stem)))?;
        let DepInfo { files, mut variables } = DepInfo::parse(&list);
        let mut read = Vec::new();
        for file in files {
            let path = Path::new(&file);
            // A build script has ended before its package is compiled.
            let is_generated = self.generated.as_ref().is_some_and(|generated| path.starts_with(generated));
            if !is_generated && changed(path)? + TICK >= started {
                bail!("{file} was changed while it was compiled");
            }
            if self.generated.is_some() && may_hold_its_path(&fs::read_to_string(path)?, is_generated) {
                bail!("{file} may put the path of its folder into what is compiled");
            }
            read.push((self.kept(&file), digest(path)?));
        }
        if self.generated.is_some() {
            variables.retain(|(name, _)| name != "OUT_DIR");
        }
        Ok((read, variables))
    }

    /// A text as it is kept, without the folders of this call.
    fn kept(&self, text: &str) -> String {
        let text = text.replace(&self.out_dir, OUT);
        match &self.generated {
            Some(generated) => text.replace(generated, GENERATED),
            None => text,
        }
    }

    /// A kept text with the folders of this call.
    fn own(&self, text: &str) -> String {
        text.replace(OUT, &self.out_dir).replace(GENERATED, self.generated.as_deref().unwrap_or(GENERATED))
    }

    /// Whether an entry matches these sources and variables.
    fn is_of(&self, entry: &Entry) -> bool {
        let is_same = |(file, of): &(String, String)| digest(Path::new(&self.own(file))).is_ok_and(|now| now == *of);
        entry.files.iter().all(is_same) && entry.variables.iter().all(|(name, value)| env::var(name).ok() == *value)
    }

    /// Takes the artifacts from the store, and prints rustc's messages. False if there are none for these sources.
    fn take(&self, kept: &Path) -> Result<bool> {
        for folder in kept.read_dir().into_iter().flatten() {
            let folder = folder?;
            // Another call is at work in it, and renames it.
            if folder.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let folder = folder.path();
            let Ok(text) = fs::read(folder.join(ENTRY)) else { continue };
            let entry: Entry = serde_json::from_slice(&text)?;
            if !self.is_of(&entry) {
                continue;
            }
            for name in &entry.artifacts {
                let to = Path::new(&self.out_dir).join(name);
                // Cargo links an older one to the program that people run.
                let _ = fs::remove_file(&to);
                if name.ends_with(".d") {
                    base::files::write_atomic(&to, self.own(&fs::read_to_string(folder.join(name))?).as_bytes())?;
                } else {
                    fs::copy(folder.join(name), &to)?;
                }
            }
            let mut messages = io::stderr().lock();
            for line in &entry.said {
                writeln!(messages, "{}", self.own(line))?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Keeps what was made: whole, or not at all.
    fn keep(&self, kept: &Path, said: &[String], started: SystemTime) -> Result<()> {
        let (files, variables) = self.read(started)?;
        let artifacts = artifacts(Path::new(&self.out_dir), &self.stem)?;
        let name = store::digest(&[&serde_json::to_vec(&(&files, &variables))?]);
        fs::create_dir_all(kept)?;
        let half = tempfile::tempdir_in(kept)?;
        // The recorder's own note is beside them, and isn't rustc's.
        let artifacts: Vec<String> = artifacts.into_iter().filter(|name| !name.ends_with(".json")).collect();
        for name in &artifacts {
            let from = Path::new(&self.out_dir).join(name);
            if name.ends_with(".d") {
                base::files::write_atomic(&half.path().join(name), self.kept(&fs::read_to_string(from)?).as_bytes())?;
            } else {
                fs::copy(from, half.path().join(name))?;
            }
        }
        let said = said.iter().map(|line| self.kept(line)).collect();
        let entry = Entry { files, variables, artifacts, said };
        base::files::write_atomic(&half.path().join(ENTRY), &serde_json::to_vec(&entry)?)?;
        // Another call may have been quicker.
        let _ = fs::rename(half.path(), kept.join(name));
        Ok(())
    }
}

/// Does what rustc was asked to do, with the store if possible.
pub fn serve() -> ExitCode {
    let args: Vec<OsString> = env::args_os().skip(1).collect();
    compile_or_take(&args).unwrap_or_else(|error| {
        // Cargo shows it as rustc's own words.
        let _ = writeln!(io::stderr(), "error: {error:#}");
        ExitCode::from(101)
    })
}

fn compile_or_take(args: &[OsString]) -> Result<ExitCode> {
    let home = proc::own_path()?.parent().and_then(Path::parent).context("no toolchain")?;
    let real = home.join("real/bin/rustc");
    let words: Option<Vec<String>> = args.iter().map(|arg| arg.clone().into_string().ok()).collect();
    let Some(unit) = words.and_then(|words| Unit::of(&words, |name| env::var(name).ok())) else {
        return ended(rustc(&real, args, |_| ())?);
    };
    // If the store fails, rustc compiles: that costs time, but changes nothing.
    let Ok(key) = tools(&real).and_then(|tools| unit.key(&tools)) else {
        return ended(rustc(&real, args, |_| ())?);
    };
    let kept = home.join("units").join(key);
    if unit.take(&kept).unwrap_or(false) {
        return Ok(ExitCode::SUCCESS);
    }
    let mut said = Vec::new();
    let started = SystemTime::now();
    let status = rustc(&real, args, |line| said.push(line.to_owned()))?;
    if status.success() {
        let _ = unit.keep(&kept, &said, started);
    }
    ended(status)
}

/// Whether an argument only does what it says. Source files and option values are separate words.
fn is_known(word: &str) -> bool {
    let has_known_start = || OPTIONS.iter().chain(&SHORT_OPTIONS).any(|option| word.starts_with(option));
    // A kind of artifact may come with a path.
    let is_elsewhere = word.strip_prefix("--emit=").is_some_and(|kinds| kinds.contains('='));
    !word.starts_with('@') && (!word.starts_with('-') || has_known_start()) && !is_elsewhere
}

/// Whether it is a proc macro whose code depends on more than its input.
fn may_read_anything(file: &Path) -> bool {
    let is_dynamic = file.extension().is_some_and(|extension| extension == env::consts::DLL_EXTENSION);
    let stem = file.file_stem().unwrap_or_default().to_string_lossy();
    let name = stem.strip_prefix(env::consts::DLL_PREFIX).unwrap_or(&stem);
    is_dynamic && !name.rsplit_once('-').is_some_and(|(name, _)| PURE.contains(&name))
}

/// Whether the code of a source file from a registry may get the path of the folder that its build script writes to. A function or
/// a macro there may: a panic names its file.
fn may_hold_its_path(text: &str, is_generated: bool) -> bool {
    if is_generated {
        return text.contains("fn ") || text.contains('!');
    }
    text.matches("OUT_DIR").count() != text.matches("include!(concat!(env!(\"OUT_DIR\")").count()
}

/// When a file, or its metadata, was last changed: an older file may have been moved to its place.
fn changed(file: &Path) -> Result<SystemTime> {
    let metadata = file.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let nanoseconds = metadata.ctime_nsec().try_into()?;
        Ok(SystemTime::UNIX_EPOCH + Duration::new(metadata.ctime().try_into()?, nanoseconds))
    }
    #[cfg(not(unix))]
    Ok(metadata.modified()?)
}

/// Runs the real compiler; its messages are passed on at once.
fn rustc(real: &Path, args: &[OsString], mut hear: impl FnMut(&str)) -> Result<ExitStatus> {
    #[expect(clippy::disallowed_methods, reason = "it must be in the group of the compiler that it stands for")]
    let mut child = Command::new(real).args(args).stderr(Stdio::piped()).spawn().context("cannot start rustc")?;
    let mut said = BufReader::new(child.stderr.take().context("no standard error")?);
    let mut line = Vec::new();
    while said.read_until(b'\n', &mut line)? > 0 {
        io::stderr().write_all(&line)?;
        hear(String::from_utf8_lossy(&line).trim_end_matches('\n'));
        line.clear();
    }
    Ok(child.wait()?)
}

/// Exits as the compiler did.
fn ended(status: ExitStatus) -> Result<ExitCode> {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        proc::end_by(signal);
    }
    match status.code() {
        Some(code) => Ok(ExitCode::from(u8::try_from(code)?)),
        None => bail!("rustc was ended: {status}"),
    }
}

/// What distinguishes one compiler and one linker from another.
fn tools(real: &Path) -> Result<Vec<String>> {
    let path = env::var_os("PATH").unwrap_or_default();
    let linker = env::split_paths(&path).map(|folder| folder.join("cc")).find(|file| file.is_file());
    [Some(real.to_owned()), linker]
        .into_iter()
        .map(|tool| tool.map_or(Ok("none".to_owned()), |tool| stamp(&tool)))
        .collect()
}

fn stamp(file: &Path) -> Result<String> {
    let file = file.canonicalize()?;
    let metadata = file.metadata()?;
    Ok(format!("{} {} {:?}", file.display(), metadata.len(), metadata.modified()?))
}

fn digest(file: &Path) -> Result<String> {
    Ok(store::digest(&[&fs::read(file).with_context(|| format!("can't read {}", file.display()))?]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::files::write_atomic;

    const PROGRAM: [&str; 12] = [
        "--crate-name",
        "tiny",
        "src/main.rs",
        "--crate-type",
        "bin",
        "-C",
        "extra-filename=-0a1b",
        "--out-dir",
        "/one/target/release/deps",
        "-C",
        "opt-level=z",
        "--emit=dep-info,link",
    ];

    fn unit(change: impl Fn(&str) -> String) -> Option<Unit> {
        let args: Vec<String> = PROGRAM.iter().map(|arg| change(arg)).collect();
        Unit::of(&args, |_| None)
    }

    #[test]
    fn the_folder_does_not_matter_and_every_setting_does() {
        let tools = ["rustc".to_owned()];
        let one = unit(str::to_owned).unwrap().key(&tools).unwrap();
        assert_eq!(unit(|arg| arg.replace("/one/", "/two/")).unwrap().key(&tools).unwrap(), one);
        for (from, to) in [("=z", "=s"), ("main", "lib"), ("0a1b", "0a1c"), ("link", "metadata")] {
            assert_ne!(unit(|arg| arg.replace(from, to)).unwrap().key(&tools).unwrap(), one, "{to}");
        }
        assert_ne!(unit(str::to_owned).unwrap().key(&["another".to_owned()]).unwrap(), one);
    }

    #[test]
    fn what_may_hold_a_path_is_not_kept() {
        for setting in [
            "debuginfo=2",
            "incremental=/one",
            "link-arg=-Wl,-Map=map",
            "link_arg=-Wl,-Map=map",
            "linker=lld",
            "save-temps",
            "profile-use=/one",
            "linker-plugin-lto=/one",
        ] {
            assert!(unit(|arg| arg.replace("opt-level=z", setting)).is_none(), "{setting}");
            assert!(unit(|arg| arg.replace("--emit=dep-info,link", &format!("-C{setting}"))).is_none(), "-C{setting}");
        }
        for word in [
            "-g",
            "-",
            "@arguments",
            "-Zself-profile",
            "-lstatic=c",
            "-Lnative=/one",
            "--print=link-args",
            "--emit=asm=/one",
        ] {
            assert!(unit(|arg| arg.replace("--emit=dep-info,link", word)).is_none(), "{word}");
        }
        for word in
            ["-Clinker-plugin-lto", "-Cprefer-dynamic", "-Ldependency=/one", "-Dwarnings", "--test", "--emit=asm"]
        {
            assert!(unit(|arg| arg.replace("--emit=dep-info,link", word)).is_some(), "{word}");
        }
        assert!(Unit::of(&["-vV".to_owned()], |_| None).is_none());
    }

    #[test]
    fn a_proc_macro_that_is_not_known_may_read_anything() {
        let file =
            |name: &str| PathBuf::from(format!("{}{name}-1{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX));
        assert!(!may_read_anything(&file("serde_derive")));
        assert!(may_read_anything(&file("askama_derive")));
        assert!(!may_read_anything(Path::new("libaskama-1.rlib")));
    }

    #[test]
    fn the_path_of_generated_files_gets_into_what_runs_there_or_is_asked_for() {
        for (text, is_generated, may) in [
            ("#[doc(hidden)]\npub mod __private {\n    pub use crate::private::*;\n}\n", true, false),
            ("pub fn first(of: &[u8]) -> u8 { of[0] }", true, true),
            ("pub const FIRST: u8 = unreachable!();", true, true),
            ("include!(concat!(env!(\"OUT_DIR\"), \"/private.rs\"));", false, false),
            ("pub const FOLDER: &str = env!(\"OUT_DIR\");", false, true),
            ("pub fn main() {}", false, false),
        ] {
            assert_eq!(may_hold_its_path(text, is_generated), may, "{text}");
        }
    }

    #[test]
    fn what_is_changed_while_it_is_compiled_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().to_str().unwrap();
        let unit = unit(|arg| arg.replace("/one/target/release/deps", at)).unwrap();
        let source = folder.path().join("main.rs");
        write_atomic(&source, b"fn main() {}").unwrap();
        write_atomic(&folder.path().join("tiny-0a1b.d"), format!("{}:\n", source.display()).as_bytes()).unwrap();
        let now = changed(&source).unwrap();
        assert_eq!(unit.read(now + Duration::from_secs(1)).unwrap().0.len(), 1);
        assert!(unit.read(now - Duration::from_secs(1)).is_err());
    }

    #[test]
    fn a_unit_that_is_being_kept_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let (out, kept) = (folder.path().join("out"), folder.path().join("kept"));
        let unit = unit(|arg| arg.replace("/one/target/release/deps", out.to_str().unwrap())).unwrap();
        let entry = Entry {
            files: Vec::new(),
            variables: Vec::new(),
            artifacts: vec!["tiny-0a1b".to_owned()],
            said: Vec::new(),
        };
        for (name, is_taken) in [(".half", false), ("whole", true)] {
            fs::create_dir_all(kept.join(name)).unwrap();
            fs::create_dir_all(&out).unwrap();
            write_atomic(&kept.join(name).join(ENTRY), &serde_json::to_vec(&entry).unwrap()).unwrap();
            write_atomic(&kept.join(name).join("tiny-0a1b"), name.as_bytes()).unwrap();
            assert_eq!(unit.take(&kept).unwrap(), is_taken, "{name}");
        }
        assert_eq!(fs::read_to_string(out.join("tiny-0a1b")).unwrap(), "whole");
    }
}
