//! What a static library adds to a program: an empty C program that refers to everything that the library exports, linked with
//! `--gc-sections`. The archive itself holds the whole standard library, most of which no linker takes.

use super::Subject;
use crate::cargo::{Executable, Native, configuration, record};
use crate::measure::binary::{self, archive};
use anyhow::{Context as _, Result, bail};
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files::{self, Stamp};
use base::proc::{self, Call, Status};
use base::store;
use object::{Object as _, ObjectSymbol as _, SymbolScope};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The program. It is the same for every library: what it refers to is on the linker's command line.
const SOURCE: &str = "int main(void) { return 0; }\n";

/// Crates of the standard library that export names for the compiler and the linker, not for C.
const RUNTIME: [&str; 6] = ["std", "core", "alloc", "compiler_builtins", "panic_unwind", "panic_abort"];

/// Names that the compiler gives to functions of its own.
const OF_THE_COMPILER: [&str; 4] = ["rust_eh_", "__rust", "__rdl_", "_Unwind_"];

/// Links the program with a library, if it wasn't linked with this one already, and says where it is. `name` is the library's;
/// the linker gets further options.
///
/// # Errors
/// When the archive can't be read or exports nothing, or there is no C compiler, or it fails.
pub(super) fn link(
    subject: &Subject,
    name: &str,
    library: &Executable,
    native: &Native,
    build_dir: &Path,
    options: &[&str],
) -> Result<PathBuf> {
    let place = library.path.parent().context("an archive is in a folder")?;
    let out = place.join(format!("consumer-of-{name}{}", env::consts::EXE_SUFFIX));
    let content = binary::content(&library.path)?;
    let exports = exports(&content).map_err(|error| binary::not_understood(&library.path, &error))?;
    if exports.is_empty() {
        let message = format!("{} exports nothing that a C program could refer to", shown(&library.path).display());
        bail!(Failure::new(Exit::Usage, message).help(
            "export its functions with `#[unsafe(no_mangle)] pub extern \"C\" fn …`; the linker drops all other code"
        ));
    }
    let apple = subject.built_for().contains("apple");
    let mut args: Vec<OsString> = Vec::new();
    args.extend(exports.iter().map(|export| format!("-Wl,-u,{export}").into()));
    args.push(library.path.clone().into());
    args.push(if apple { "-Wl,-dead_strip" } else { "-Wl,--gc-sections" }.into());
    args.extend(options.iter().map(OsString::from));
    // Cargo's setting is about what rustc links, and a consumer does that here.
    let strip = strip(library, build_dir);
    args.extend(strip.as_deref().and_then(linkers_word).map(OsString::from));
    args.extend(libraries(native));
    args.extend(own_libraries(subject, place)?);
    let key = store::key(&[format!("{args:?} {:?}", Stamp::of(&library.path).ok()).as_bytes()]);
    let noted = place.join(format!("consumer-of-{name}.json"));
    let is_fresh =
        store::load::<Stamp>(&noted, &key).is_some_and(|stamp| Stamp::of(&out).is_ok_and(|now| now == stamp));
    if !is_fresh {
        compile(subject, place, &out, &args, Some(&library.path))?;
        store::save(&noted, &key, &Stamp::of(&out).context("the linker wrote no file")?)?;
    }
    Ok(out)
}

/// The program without any library: what is left of the measured file is the library's.
///
/// # Errors
/// When there is no C compiler.
pub(crate) fn empty(subject: &Subject) -> Result<PathBuf> {
    let place = &subject.out_dir.join("size-workshop").join("consumer");
    let out = place.join(format!("consumer-of-nothing{}", env::consts::EXE_SUFFIX));
    let gc = if subject.built_for().contains("apple") { "-Wl,-dead_strip" } else { "-Wl,--gc-sections" };
    compile(subject, place, &out, &[gc.into(), "-Wl,-S".into()], None)?;
    Ok(out)
}

/// Names that the crates in an archive export to C. Rust's own names are mangled, and the standard library's are for the
/// compiler.
fn exports(content: &[u8]) -> Result<Vec<String>, binary::Damaged> {
    let mut exports = Vec::new();
    for member in archive::objects(content)? {
        // Objects of C, and what isn't Rust besides, are there for the Rust code.
        if !member.name.contains(".rcgu.") || RUNTIME.contains(&krate(&member.name)) {
            continue;
        }
        let Ok(file) = object::File::parse(member.data) else { continue };
        for symbol in file.symbols() {
            let is_exported = symbol.is_definition()
                && symbol.is_global()
                && !symbol.is_weak()
                && symbol.scope() == SymbolScope::Dynamic;
            if let Some(name) = symbol.name().ok().filter(|_| is_exported) {
                let plain =
                    name.strip_prefix('_').filter(|_| file.format() == object::BinaryFormat::MachO).unwrap_or(name);
                let is_mangled = rustc_demangle::try_demangle(name).is_ok();
                if !is_mangled && !OF_THE_COMPILER.iter().any(|start| plain.starts_with(start)) {
                    exports.push(name.to_owned());
                }
            }
        }
    }
    exports.sort();
    exports.dedup();
    Ok(exports)
}

/// The crate of a member, such as `std` of `std-0a1b….std.….rcgu.o`.
fn krate(member: &str) -> &str {
    let first = member.split('.').next().unwrap_or_default();
    first.rsplit_once('-').map_or(first, |(name, _)| name)
}

/// What the profile sets for `strip`, as Cargo has passed it; Cargo's default where that isn't known.
fn strip(library: &Executable, build_dir: &Path) -> Option<String> {
    let folder = build_dir.join(record::folder_of(&library.path, build_dir));
    let noted = ["deps", "examples"].iter().find_map(|below| record::arguments(&folder.join(below), &library.path));
    match noted {
        Some(args) => args.iter().find_map(|arg| arg.strip_prefix("strip=")).map(str::to_owned),
        None => Some("debuginfo".to_owned()),
    }
}

/// The linker's option for a value of `strip`.
fn linkers_word(strip: &str) -> Option<&'static str> {
    match strip {
        "debuginfo" => Some("-Wl,-S"),
        "symbols" => Some("-Wl,-s"),
        _ => None,
    }
}

/// The C libraries that build scripts name. Those called static are in the archive already.
fn libraries(native: &Native) -> Vec<OsString> {
    let mut args = Vec::new();
    for folder in &native.folders {
        let (kind, path) = folder.split_once('=').unwrap_or(("all", folder));
        if ["native", "all"].contains(&kind) {
            args.push(format!("-L{path}").into());
        }
    }
    for library in &native.libraries {
        let (kind, name) = library.split_once('=').unwrap_or(("dylib", library));
        let is_bundled = kind.starts_with("static") && !kind.contains("-bundle");
        if kind == "framework" {
            args.extend(["-framework".into(), name.into()]);
        } else if !is_bundled {
            args.push(format!("-l{name}").into());
        }
    }
    args
}

/// The C libraries that the standard library needs, in rustc's words.
fn own_libraries(subject: &Subject, place: &Path) -> Result<Vec<OsString>> {
    let source = place.join("consumer-of-std.rs");
    files::write_derived(&source, b"")?;
    let mut call =
        Call::new("rustc", &subject.cargo.cwd).args(["--crate-type", "staticlib", "--crate-name", "nothing"]);
    call = call.args(["--print", "native-static-libs", "-o"]).arg(place.join("consumer-of-std.a"));
    if let Some(target) = &subject.target {
        call = call.args(["--target", target]);
    }
    call.env.clone_from(&subject.cargo.env);
    let finished = proc::run(&call.arg(&source))?;
    let _ = fs::remove_file(place.join("consumer-of-std.a"));
    let words = String::from_utf8_lossy(&finished.stderr).into_owned();
    let list = words.lines().find_map(|line| line.split_once("native-static-libs:")).map(|(_, list)| list);
    Ok(list.unwrap_or_default().split_whitespace().map(OsString::from).collect())
}

/// Calls the C compiler.
fn compile(subject: &Subject, place: &Path, out: &Path, args: &[OsString], library: Option<&Path>) -> Result<()> {
    let compiler = compiler(subject)?;
    let source = place.join("consumer.c");
    files::write_derived(&source, SOURCE.as_bytes())?;
    // A large library exports more names than a command line may hold.
    let list =
        args.iter().map(|arg| format!("\"{}\"\n", arg.to_string_lossy().replace('\\', "\\\\").replace('"', "\\\"")));
    let response = place.join("consumer.args");
    files::write_derived(&response, list.collect::<String>().as_bytes())?;
    let mut at = OsString::from("@");
    at.push(&response);
    let mut call = Call::new(&compiler, &subject.cargo.cwd).arg("-o").arg(out).arg(&source).arg(at);
    call.env.clone_from(&subject.cargo.env);
    let install = "on Debian and Ubuntu `apt install gcc`, on macOS `xcode-select --install`";
    let finished = proc::run(&call).map_err(|error| {
        Failure::new(
            Exit::Environment,
            format!(
                "a static library is measured by linking it into a C program, and there is no C compiler: {error:#}"
            ),
        )
        .help(format!("install one: {install}"))
    })?;
    if finished.status != Status::Exited(0) {
        let words = String::from_utf8_lossy(&finished.stderr).trim_end().to_owned();
        let what =
            library.map_or_else(|| "an empty C program".to_owned(), |library| shown(library).display().to_string());
        bail!(
            Failure::new(Exit::Environment, format!("{} can't link {what}:\n{words}", compiler.display())).help(
                "if the error names a library, install its development files (`apt install lib…-dev`); a build script requests such a library with `cargo::rustc-link-lib`"
            )
        );
    }
    Ok(())
}

/// The C compiler for the target: the linker that Cargo's configuration names for it, else this machine's.
fn compiler(subject: &Subject) -> Result<OsString> {
    let target = subject.built_for();
    let variable = format!("CARGO_TARGET_{}_LINKER", target.to_uppercase().replace(['-', '.'], "_"));
    if let Some(linker) = env::var_os(variable).filter(|linker| !linker.is_empty()) {
        return Ok(linker);
    }
    let key = format!("target.{target}.linker");
    if let Some(setting) = configuration::settings(&subject.cargo.cwd).iter().find(|setting| setting.key == key) {
        let value = setting.value.trim_matches(['"', '\'']);
        // A path in a file is relative to the folder that its `.cargo` is in.
        return Ok(if value.contains('/') { setting.base().join(value).into() } else { value.into() });
    }
    if target == subject.host {
        return Ok("cc".into());
    }
    let message = format!(
        "a static library is measured by linking it into a C program, which requires a C compiler for {target}"
    );
    bail!(
        Failure::new(Exit::Environment, message).help(format!(
            "install one, and name it in .cargo/config.toml: `[target.{target}]` with `linker = \"…-gcc\"`"
        ))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_name_their_crates() {
        assert_eq!(krate("std-d1237ef7159db0a2.std.e28293b1aa0f68bd-cgu.0.rcgu.o"), "std");
        assert_eq!(krate("my_kinds.my_kinds.d9efdc976b25a545-cgu.0.rcgu.o"), "my_kinds");
        assert_eq!(krate("compiler_builtins-0a1b.compiler_builtins.0a1b-cgu.000.rcgu.o"), "compiler_builtins");
    }

    #[test]
    fn what_build_scripts_name_is_linked_unless_it_is_in_the_archive() {
        let list = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        let native = Native {
            libraries: list(&["z", "dylib=ssl", "static=own", "static:-bundle=far", "framework=Security"]),
            folders: list(&["native=/opt/lib", "/usr/own", "dependency=/t/deps"]),
        };
        assert_eq!(libraries(&native), ["-L/opt/lib", "-L/usr/own", "-lz", "-lssl", "-lfar", "-framework", "Security"]);
    }

    #[test]
    fn a_consumer_is_stripped_as_the_profile_says() {
        assert_eq!(["none", "debuginfo", "symbols"].map(linkers_word), [None, Some("-Wl,-S"), Some("-Wl,-s")]);
    }
}
