//! Reads what Cargo says: its messages for machines, its warnings, and whose fault a failure is.

use super::{Compiled, Executable, Form, Kind, Native, Script, Target};
use anyhow::{Context as _, Result};
use base::failure::{Exit, Failure, SHORT_OF_MEMORY};
use base::proc::{Finished, Status};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    linked_libs: Vec<String>,
    #[serde(default)]
    linked_paths: Vec<String>,
    #[serde(default)]
    fresh: bool,
    #[serde(default)]
    package_id: String,
    #[serde(default)]
    features: Vec<String>,
    /// Of a build script.
    out_dir: Option<PathBuf>,
}

/// What a build has made.
#[derive(Default)]
pub(super) struct Artifacts {
    /// The executables, and the libraries that are files of their own.
    pub executables: Vec<Executable>,
    /// What build scripts tell a linker.
    pub native: Native,
    /// The libraries and proc macros.
    pub packages: Vec<Compiled>,
    /// The crates, as code knows them, each with its package's name.
    pub crates: BTreeSet<(String, String)>,
    /// The crates of a std that was compiled with the program, each with its library.
    pub std: Vec<(String, PathBuf)>,
    /// The build scripts.
    pub scripts: Vec<Script>,
}

/// What Cargo's messages name, one JSON document a line. A path is never guessed: a guess finds stale files.
pub(super) fn artifacts(messages: &[u8]) -> Result<Artifacts> {
    let mut artifacts = Artifacts::default();
    // The name by which a package's code is known: its library's, or else its program's.
    let mut crates: BTreeMap<String, String> = BTreeMap::new();
    for line in messages.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{")) {
        let message: Message = serde_json::from_slice(line)
            .with_context(|| format!("can't read Cargo's message {}", String::from_utf8_lossy(line)))?;
        let Message { reason, target, executable, filenames, fresh, package_id, features, out_dir, .. } = message;
        let (linked, paths) = (message.linked_libs, message.linked_paths);
        artifacts.native.libraries.extend(linked.iter().cloned());
        artifacts.native.folders.extend(paths.iter().cloned());
        artifacts.scripts.extend(out_dir.map(|out_dir| Script { krate: package_id.clone(), out_dir, linked, paths }));
        let Some(target) = target.filter(|_| reason == "compiler-artifact") else { continue };
        let is_of_kind = |wanted: &str| target.kind.iter().any(|kind| kind == wanted);
        let name = || target.name.replace('-', "_");
        if is_part_of_std(&package_id, &features) {
            let library = filenames.iter().find(|file| file.extension().is_some_and(|end| end == "rlib"));
            artifacts.std.extend(library.map(|library| (name(), library.clone())));
            continue;
        }
        if !is_of_kind("custom-build") {
            artifacts.crates.insert((name(), name_and_version(&package_id).0));
        }
        if !["bin", "custom-build", "example", "test", "bench"].into_iter().any(is_of_kind) {
            crates.insert(package_id.clone(), name());
        } else if !is_of_kind("custom-build") {
            crates.entry(package_id.clone()).or_insert_with(name);
        }
        let is_executable = executable.is_some();
        if let Some(kind) = Kind::of(&target) {
            let file = |form: Form| Some((form, form.file(executable.as_deref(), &filenames)?));
            // The tests of a library are an executable.
            let forms = if is_executable { vec![Form::Executable] } else { Form::of(&target) };
            artifacts.executables.extend(forms.into_iter().filter_map(file).map(|(form, path)| Executable {
                name: target.name.clone(),
                kind,
                form,
                package: package_id.clone(),
                path,
                fresh,
            }));
        }
        if !(is_executable || is_of_kind("bin") || is_of_kind("custom-build")) {
            let (name, version) = name_and_version(&package_id);
            artifacts.packages.push(Compiled { name, version, features });
        }
    }
    for script in &mut artifacts.scripts {
        script.krate = match crates.get(&script.krate) {
            Some(krate) => krate.clone(),
            None => name_and_version(&script.krate).0.replace('-', "_"),
        };
    }
    artifacts.packages.sort();
    artifacts.packages.dedup();
    Ok(artifacts)
}

/// Whether Cargo compiles a package as a part of std (`-Z build-std`): one of std's own, from the toolchain's sources, or one from
/// a registry, with the feature that each of these has for it.
fn is_part_of_std(package_id: &str, features: &[String]) -> bool {
    package_id.contains("/rustlib/src/rust/library/") || features.iter().any(|feature| feature == "rustc-dep-of-std")
}

/// The name and version in a package ID: `registry+https://…#serde@1.0.0`, or `path+file:///w/tiny#0.1.0` where the folder
/// has the package's name.
fn name_and_version(id: &str) -> (String, String) {
    let (url, fragment) = id.rsplit_once('#').unwrap_or((id, ""));
    let (name, version) =
        fragment.rsplit_once('@').unwrap_or_else(|| (url.rsplit('/').next().unwrap_or(url), fragment));
    (name.to_owned(), version.to_owned())
}

/// Each warning of Cargo's standard error with the lines that belong to it.
pub(super) fn warnings(stderr: &str) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    let mut open = false;
    for line in stderr.lines() {
        if is_about_configuration(line) {
            open = false;
        } else if line.starts_with("warning:") || line.starts_with("warning[") {
            // The count at the end repeats what was said; unused manifest keys and the like are never counted.
            open = !(line.starts_with("warning: `") && line.contains(" generated "));
            if open {
                warnings.push(line.to_owned());
            }
        } else if open && is_status(line) {
            open = false;
        } else if open && let Some(warning) = warnings.last_mut() {
            warning.push('\n');
            warning.push_str(line);
        }
    }
    for warning in &mut warnings {
        warning.truncate(warning.trim_end().len());
    }
    warnings
}

/// Words about a machine's own configuration, not about what is built.
fn is_about_configuration(line: &str) -> bool {
    const BEGINNINGS: [&str; 4] = [
        "warning: user-defined alias `",
        "warning: unused config key `",
        "warning: both `",
        "warning: environment variables are expected to use uppercase letters",
    ];
    let lower = line.to_lowercase();
    BEGINNINGS.iter().any(|beginning| lower.starts_with(beginning))
        || lower.starts_with("warning: `") && lower.contains("is deprecated in favor of `config.toml`")
}

/// One of Cargo's progress lines: a verb in a column 12 wide, such as `   Compiling`.
pub(super) fn is_status(line: &str) -> bool {
    let verb = line.trim_start();
    let padding = line.len() - verb.len();
    let word = verb.split(' ').next().unwrap_or_default();
    padding > 0 && padding + word.len() == 12 && word.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The file, line and column that the first error of rustc is about, or else the first warning, where it is a file below
/// the folder of the call.
pub fn first_place(words: &str) -> Option<(&str, usize, usize)> {
    let errors = words.lines().position(|line| line.starts_with("error")).unwrap_or(0);
    let place = words.lines().skip(errors).find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let mut parts = place.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let is_below = Path::new(file).components().all(|part| matches!(part, Component::Normal(_)));
    is_below.then_some((file, line, column))
}

/// What a failed call of Cargo means for the caller: whose fault it is, and what to do next.
pub fn explain_failure(finished: &Finished, what: &str) -> Failure {
    let stderr = String::from_utf8_lossy(&finished.stderr);
    let words: String =
        stderr.lines().filter(|line| !is_status(line)).fold(String::new(), |all, line| all + line + "\n");
    let how = match finished.status {
        Status::Exited(code) => format!("exit code {code}"),
        Status::Signaled(signal) => format!("terminated by signal {signal}"),
        Status::TimedOut => "out of CPU time".to_owned(),
        Status::Waited(seconds) => format!("not finished after {seconds} s, most of it spent waiting"),
        Status::NotStarted(seconds) => format!("not started after {seconds} s"),
        Status::OutputLimit => "it printed too much".to_owned(),
        Status::MemoryLimit => "it used too much memory".to_owned(),
        Status::DiskLimit => "it wrote too much".to_owned(),
    };
    let (exit, help) = match finished.status {
        Status::Exited(_) => cause(&stderr),
        _ => (Exit::Environment, None),
    };
    let message = format!("`{what}` failed ({how}):\n{}", words.trim_end());
    let failure = Failure::new(exit, message);
    match help {
        Some(help) => failure.help(help),
        None => failure,
    }
}

/// The command line that Cargo could not start, where one of the first things that it starts isn't there.
pub(super) fn not_started(stderr: &str) -> Option<&str> {
    let after = |words: &str| stderr.split_once(words).map(|(_, rest)| rest);
    let by_cargo = after("could not execute process `").and_then(|rest| rest.split_once("` (never executed)"));
    // Our recorder, which is in rustc's place and starts what Cargo would have started.
    let by_us = || after("error: can't start `").and_then(|rest| rest.split_once('`'));
    by_cargo.or_else(by_us).map(|(command, _)| command)
}

/// The limit that ended a build. In a box the kernel's limits end rustc or the linker, and Cargo tells how they ended. Making
/// the compiler print these words only gives a failed build a different name.
pub(super) fn limit_of_a_build(finished: &Finished, is_boxed: bool) -> Option<Status> {
    const SIGNS: [(&[&str], Status); 6] = [
        (&["(signal: 24", "terminated with signal 24"], Status::TimedOut),
        (&["(signal: 25", "terminated with signal 25", "File too large"], Status::DiskLimit),
        (&["memory allocation of ", "LLVM ERROR: out of memory", "LLVM ERROR: Allocation failed"], Status::MemoryLimit),
        (&["Cannot allocate memory", "tried to allocate more memory than available"], Status::MemoryLimit),
        (&["terminate called after throwing an instance of 'std::bad_alloc'"], Status::MemoryLimit),
        (&[": out of memory", "memory exhausted"], Status::MemoryLimit),
    ];
    match finished.status {
        Status::Exited(_) if is_boxed => {
            let words = String::from_utf8_lossy(&finished.stderr);
            let is_said = |signs: &[&str]| signs.iter().any(|sign| words.contains(sign));
            SIGNS.iter().find(|(signs, _)| is_said(signs)).map(|&(_, limit)| limit)
        }
        Status::Exited(_) | Status::Signaled(_) => None,
        limit => Some(limit),
    }
}

/// Whether a failed build shows that something ended rustc or the linker with SIGKILL, as the kernel does for want of memory.
/// Cargo writes it with a colon; gcc, which calls the linker, writes it without one.
pub fn is_of_a_kill(words: &str) -> bool {
    words.contains("signal: 9") || words.contains("signal 9")
}

/// Whether a failed build shows that a signal ended rustc or the linker. A linker writes into a mapped file, so a full disk
/// ends it with SIGBUS instead of an error.
pub fn is_of_a_signal(words: &str) -> bool {
    words.contains("(signal: ") || words.contains("terminated with signal ")
}

/// Whether it was rustc that refused a package, and not Cargo itself, which builds nothing then.
pub fn is_compiler_error(words: &str) -> bool {
    words.contains("could not compile")
}

/// Whether Cargo doesn't know this profile.
pub fn is_about_profile(words: &str, profile: &str) -> bool {
    words.contains(&format!("profile `{profile}` is not defined"))
}

/// What Cargo or rustc say, the exit code that it means, and what helps. The first one that fits is it.
const CAUSES: &[(&[&str], Exit, Option<&str>)] = &[
    (
        &["No space left on device", "os error 28", "Disk quota exceeded"],
        Exit::Environment,
        Some("the disk is full: make room (`cargo clean` empties target/) and try again"),
    ),
    (
        // Not the words of a limit of ours: a build in a box is looked at for these before.
        &[
            "(os error 11)",
            "(os error 12)",
            "Cannot allocate memory",
            "memory allocation of ",
            "failed to spawn helper thread",
        ],
        Exit::Environment,
        Some(SHORT_OF_MEMORY),
    ),
    (
        &["cannot update the lock file", "because --locked was passed"],
        Exit::Usage,
        Some(
            "Cargo.lock is missing or out of date, and this command doesn't change the project that it measures; \
             run `cargo generate-lockfile` (or `cargo update --workspace`) there, then try again",
        ),
    ),
    (
        &[
            "Could not resolve host",
            "Couldn't resolve host",
            "failed to download",
            "you may want to try running with",
            "offline was specified",
            "using offline mode",
            "failed to fetch",
            "nable to update registry",
            "download of config.json failed",
            "spurious network error",
        ],
        Exit::Environment,
        Some("a dependency isn't on this machine yet; run `cargo fetch` once while it is online"),
    ),
    (
        &["unable to build with the standard library"],
        Exit::Environment,
        Some(
            "`build-std` needs the sources of std: `rustup component add rust-src` (for another toolchain with `--toolchain NAME`), \
             or remove `build-std` from the configuration",
        ),
    ),
    (
        &["target may not be installed"],
        Exit::Environment,
        Some(
            "the standard library for the target isn't installed: `rustup target add TRIPLE`, as rustc says above; a \
             configuration file of Cargo or CARGO_BUILD_TARGET may have chosen the target",
        ),
    ),
    (
        &["linker `"],
        Exit::Environment,
        Some(
            "rustc needs a linker: on Debian and Ubuntu `apt install gcc`, on macOS `xcode-select --install`, on Windows the Visual Studio build tools",
        ),
    ),
    (
        &["is not installed", "no default toolchain", "could not choose a version of", "could not execute process"],
        Exit::Environment,
        Some("install the toolchain that rustup names: https://rustup.rs"),
    ),
    (
        &[
            "Permission denied",
            "Read-only file system",
            "failed to create ",
            "failed to write ",
            "failed to open:",
            "failed to link or copy",
        ],
        Exit::Environment,
        Some("make the folder writable, or, for `sizes`, set CARGO_TARGET_DIR to a different one"),
    ),
    (
        &["is not supported by the following package", "cannot be built because it requires rustc"],
        Exit::Environment,
        Some("a newer toolchain builds it: `rustup update`"),
    ),
    (
        &["could not compile", "failed to run custom build command"],
        Exit::NotMet,
        Some("fix the build first: only code that compiles can be measured"),
    ),
];

/// Cargo ends with 101 whatever the cause; the difference is only in its words.
fn cause(stderr: &str) -> (Exit, Option<&'static str>) {
    if is_chosen_linker(stderr) {
        return (Exit::Environment, Some(CHOSEN_LINKER));
    }
    CAUSES
        .iter()
        .find(|(signs, ..)| signs.iter().any(|sign| stderr.contains(sign)))
        // What is left are Cargo's complaints about what it was told: a manifest, a feature, a package.
        .map_or((Exit::Usage, None), |&(_, exit, help)| (exit, help))
}

const CHOSEN_LINKER: &str = "a setting names this linker, and it isn't on this machine: look for `linker` in Cargo's configuration files, \
                             for CARGO_TARGET_…_LINKER in the environment, and for `-C linker` in rustflags; correct it, or install that linker";

/// Whether rustc missed a linker that isn't one of those that it takes by itself.
fn is_chosen_linker(stderr: &str) -> bool {
    const USUAL: [&str; 4] = ["cc", "gcc", "link.exe", "rust-lld"];
    let name = stderr.split("linker `").nth(1).and_then(|rest| rest.split_once("` not found"));
    name.is_some_and(|(name, _)| !USUAL.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn words_of_cargo_and_the_linker_are_told_apart() {
        let by_cargo = "error: could not compile `tiny` (bin \"tiny\")\n\nCaused by:\n  process didn't exit successfully: `rustc` (signal: 9, SIGKILL: kill)";
        assert!(is_of_a_kill(by_cargo) && is_compiler_error(by_cargo));
        assert!(is_of_a_kill("collect2: fatal error: ld terminated with signal 9 [Killed]"));
        let crash = "collect2: fatal error: ld terminated with signal 7 [Bus error]";
        assert!(is_of_a_signal(by_cargo) && is_of_a_signal(crash) && !is_of_a_kill(crash));
        assert!(!is_of_a_signal("error: signal handling isn't available on this target"));
        let unknown = "error: profile `dst` is not defined";
        assert!(is_about_profile(unknown, "dst") && !is_about_profile(unknown, "dist"));
        assert!(!is_of_a_kill(unknown) && !is_compiler_error(unknown));
    }

    #[test]
    fn executables_are_read_from_cargos_messages() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"a","target":{"kind":["lib"],"name":"serde"},"executable":null,"fresh":true}
{"reason":"build-script-executed","package_id":"b"}
{"reason":"compiler-artifact","package_id":"c","target":{"kind":["bin"],"name":"word_freq"},"executable":"/t/dist/word_freq","fresh":false}
{"reason":"build-finished","success":true}
"#;
        let found = artifacts(messages).unwrap().executables;
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].name.as_str(), found[0].fresh), ("word_freq", false));
        assert_eq!(found[0].path, Path::new("/t/dist/word_freq"));
    }

    #[test]
    fn the_crates_of_a_std_that_is_compiled_with_the_program_are_not_its_dependencies() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"path+file:///usr/lib/rustlib/src/rust/library/std#0.0.0","target":{"kind":["lib"],"name":"std"},"filenames":["/t/libstd-0a.rlib","/t/libstd-0a.rmeta"],"executable":null}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#gimli@0.32.3","target":{"kind":["lib"],"name":"gimli"},"features":["read","rustc-dep-of-std"],"filenames":["/t/libgimli-0b.rlib"],"executable":null}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#gimli@0.32.3","target":{"kind":["lib"],"name":"gimli"},"features":["read"],"filenames":["/t/libgimli-0c.rlib"],"executable":null}
"#;
        let found = artifacts(messages).unwrap();
        let of_std = [("std", "/t/libstd-0a.rlib"), ("gimli", "/t/libgimli-0b.rlib")];
        assert_eq!(found.std, of_std.map(|(name, file)| (name.to_owned(), PathBuf::from(file))));
        assert_eq!(found.crates, BTreeSet::from([("gimli".to_owned(), "gimli".to_owned())]));
        assert_eq!(found.packages.len(), 1, "{:?}", found.packages);
    }

    #[test]
    fn packages_are_named_with_their_features() {
        let messages = br#"{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#regex@1.12.2","target":{"kind":["lib"],"name":"regex"},"features":["perf","std"],"executable":null,"fresh":true}
{"reason":"compiler-artifact","package_id":"registry+https://example.org/index#serde@1.0.0","target":{"kind":["custom-build"],"name":"build-script-build"},"executable":null}
{"reason":"compiler-artifact","package_id":"path+file:///w/helper#0.1.0","target":{"kind":["lib"],"name":"helper-lib"},"executable":null}
"#;
        let Artifacts { packages: found, crates, .. } = artifacts(messages).unwrap();
        let crates: Vec<_> = crates.iter().map(|(krate, package)| (krate.as_str(), package.as_str())).collect();
        assert_eq!(crates, [("helper_lib", "helper"), ("regex", "regex")], "a library may have a name of its own");
        let names: Vec<_> = found.iter().map(|found| format!("{} {}", found.name, found.version)).collect();
        assert_eq!(names, ["helper 0.1.0", "regex 1.12.2"]);
        assert_eq!(found[1].features, ["perf", "std"]);
    }

    #[test]
    fn what_a_machine_lacks_is_told_by_what_was_seen() {
        let of = |words: &str| {
            let (exit, help) = cause(words);
            (exit, help.unwrap_or_default())
        };
        let (exit, help) = of("error: linker `cc` not found\n  |\nerror: could not compile `a`");
        assert!(exit == Exit::Environment && help.contains("apt install gcc"), "{help}");
        let (exit, help) = of("error: linker `no-such-ld` not found\n  |\nerror: could not compile `a`");
        assert!(exit == Exit::Environment && help.contains("a setting names this linker"), "{help}");
        let missing = "error[E0463]: can't find crate for `std`\n = note: the `aarch64-unknown-linux-musl` target may not be installed";
        let (exit, help) = of(&format!("{missing}\nerror: could not compile `a`"));
        assert!(exit == Exit::Environment && help.contains("rustup target add"), "{help}");
    }

    #[test]
    fn a_command_that_could_not_be_started_is_named() {
        let words = "error: could not execute process `no such/w /r/bin/rustc -vV` (never executed)\n\nCaused by:\n  x";
        assert_eq!(not_started(words), Some("no such/w /r/bin/rustc -vV"));
        assert_eq!(not_started("error: can't start `no such/w`: No such file or directory"), Some("no such/w"));
        assert_eq!(not_started("error: could not compile `a`"), None);
    }

    #[test]
    fn what_is_about_this_machines_configuration_is_not_about_the_build() {
        let about = "warning: both `/h/.cargo/config` and `/h/.cargo/config.toml` exist. Using `/h/.cargo/config`
warning: `/h/.cargo/config` is deprecated in favor of `config.toml`
  |
  = help: if you need to support cargo 1.38 or earlier, you can symlink `config` to `config.toml`
warning: user-defined alias `build` is ignored, because it is shadowed by a built-in command
warning: unused config key `build.bar` in `/h/.cargo/config`
warning: Environment variables are expected to use uppercase letters and underscores, the variable `cargo_profile_dev_lto` will be ignored and have no effect
";
        assert_eq!(warnings(&format!("{about}warning: unused manifest key: a\n")), ["warning: unused manifest key: a"]);
    }

    #[test]
    fn warnings_are_kept_whole_and_progress_is_not() {
        let stderr = "warning: unused manifest key: profile.dist.opt-levl\n   Compiling word_freq v0.1.0\nwarning: unused variable: `x`\n --> src/main.rs:2:9\n  |\n2 |     let x = 1;\n\nwarning: `word_freq` (bin \"word_freq\") generated 1 warning\n    Finished `dist` profile [optimized] target(s) in 0.06s\n";
        assert_eq!(
            warnings(stderr),
            [
                "warning: unused manifest key: profile.dist.opt-levl",
                "warning: unused variable: `x`\n --> src/main.rs:2:9\n  |\n2 |     let x = 1;"
            ]
        );
    }

    #[test]
    fn the_first_error_has_a_place() {
        let warning = "warning: unused\n --> src/a.rs:1:1\n\n";
        let error = "error[E0425]: cannot find value `x`\n  --> src/main.rs:3:24\n   |\n";
        assert_eq!(first_place(&format!("{warning}{error}")), Some(("src/main.rs", 3, 24)));
        assert_eq!(first_place(warning), Some(("src/a.rs", 1, 1)));
        assert_eq!(first_place("error: linking with `cc` failed"), None);
        for elsewhere in ["/home/s001/.cargo/registry/src/a/lib.rs:1:1", "../a.rs:1:1", "src/main.rs"] {
            assert_eq!(first_place(&format!("error: a\n --> {elsewhere}\n")), None, "{elsewhere}");
        }
    }

    #[test]
    fn the_limit_that_ended_a_build_is_told() {
        let of = |status, stderr: &str, is_boxed| {
            limit_of_a_build(
                &Finished {
                    status,
                    stdout: Vec::new(),
                    stderr: stderr.into(),
                    cpu: Duration::ZERO,
                    spent: Duration::ZERO,
                },
                is_boxed,
            )
        };
        let abort = "memory allocation of 8 bytes failed\nerror: could not compile `a` (signal: 6, SIGABRT)";
        assert_eq!(of(Status::Exited(101), abort, true), Some(Status::MemoryLimit));
        assert_eq!(of(Status::Exited(101), abort, false), None, "without a box there is no limit");
        assert_eq!(of(Status::Exited(101), "(signal: 25 (SIGXFSZ))", true), Some(Status::DiskLimit));
        assert_eq!(of(Status::Exited(101), "(signal: 24 (SIGXCPU))", true), Some(Status::TimedOut));
        assert_eq!(of(Status::Exited(101), "error[E0425]: cannot find value", true), None);
        assert_eq!(of(Status::TimedOut, "", false), Some(Status::TimedOut));
    }

    #[test]
    fn the_words_tell_whose_fault_a_failure_is() {
        let exit = |stderr| cause(stderr).0;
        assert_eq!(exit("error: failed to write `x.o`: No space left on device (os error 28)"), Exit::Environment);
        assert_eq!(exit("error: cannot create the lock file /x/Cargo.lock because --locked was passed"), Exit::Usage);
        assert_eq!(exit("error: failed to download from `https://…`\n  Could not resolve host"), Exit::Environment);
        assert_eq!(exit("error: linker `cc` not found\nerror: could not compile `a`"), Exit::Environment);
        assert_eq!(exit("error[E0425]: cannot find value\nerror: could not compile `a` (bin \"a\")"), Exit::NotMet);
        assert_eq!(exit("error: failed to create directory `/x/target/release`\n  Not a directory"), Exit::Environment);
        assert_eq!(exit("error: failed to parse manifest at `/x/Cargo.toml`"), Exit::Usage);
        assert_eq!(exit("error: profile `dist` is missing an `inherits` directive"), Exit::Usage);
        let short =
            "error: could not execute process `rustc -vV` (never executed)\n  Cannot allocate memory (os error 12)";
        assert_eq!(cause(short), (Exit::Environment, Some(SHORT_OF_MEMORY)), "not that a toolchain is missing");
        let missing = "error: could not execute process `rustc -vV` (never executed)\n  No such file (os error 2)";
        assert!(cause(missing).1.unwrap().starts_with("install the toolchain"));
    }
}
