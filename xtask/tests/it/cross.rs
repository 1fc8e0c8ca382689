//! Programs of this workspace for other systems, built on this one by a cross compiler. What isn't installed here is
//! reported.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::browser::left_out;
use testbed::project::{call, repository};

/// Windows, with its GNU toolchain, which has a cross compiler everywhere.
pub(crate) const WINDOWS: &str = "x86_64-pc-windows-gnu";

/// macOS on both of its CPU types.
pub(crate) const MACOS: [&str; 2] = ["aarch64-apple-darwin", "x86_64-apple-darwin"];

/// Whether everything needed to build for a target is there; reports what isn't.
pub(crate) fn can_build(target: &str) -> bool {
    let output = call("rustc").args(["--print", "target-libdir", "--target", target]).output().unwrap();
    let libraries = PathBuf::from(String::from_utf8(output.stdout).unwrap().trim());
    let linker = if target == WINDOWS { tool("x86_64-w64-mingw32-gcc") } else { zig() };
    match (libraries.is_dir(), linker) {
        (true, Some(_)) => true,
        (false, _) => {
            left_out(&format!("the standard library for {target} isn't installed (rustup target add {target})"));
            false
        }
        (true, None) => {
            left_out(&format!(
                "there is no linker for {target} (.ci/run install-{})",
                if target == WINDOWS { "windows" } else { "macos" }
            ));
            false
        }
    }
}

/// A program in PATH, or where Debian puts what has a version in its name.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    let versions = (14..30).rev().map(|version| PathBuf::from(format!("/usr/bin/{name}-{version}")));
    found.chain(versions).find(|path| path.is_file())
}

fn zig() -> Option<PathBuf> {
    Some(repository().join("target/zig/ziglang/zig")).filter(|path| path.is_file())
}

/// Builds packages of the workspace, and fails when Cargo or rustc warns. Returns the programs.
pub(crate) fn build(target: &str, words: &[&str]) -> Vec<PathBuf> {
    let mut cargo = call("cargo");
    cargo.current_dir(repository()).args(["build", "--message-format", "json", "--target", target]).args(words);
    if target != WINDOWS {
        let name = target.to_uppercase().replace('-', "_");
        cargo.env(format!("CARGO_TARGET_{name}_LINKER"), linker(target));
        // rustc looks for a folder that only Xcode has, unless it is told one; nothing is read from it.
        cargo.env("SDKROOT", repository().join("target/zig"));
    }
    let assert = cargo.assert().success();
    let output = assert.get_output();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(!words.contains("warning"), "{target}: {words}");
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = messages.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said: Vec<&str> = messages.iter().filter_map(|message| message["message"]["rendered"].as_str()).collect();
    assert!(said.is_empty(), "{target}: {}", said.join("\n"));
    messages.iter().filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect()
}

/// The program of this name.
pub(crate) fn named<'a>(programs: &'a [PathBuf], name: &str) -> &'a Path {
    programs.iter().find(|path| path.file_stem().is_some_and(|stem| stem == name)).unwrap()
}

/// zig is the linker for macOS: it has the system's symbols with it. What rustc passes only to Apple's own linker is
/// left out.
fn linker(target: &str) -> PathBuf {
    let processor = target.split('-').next().unwrap();
    let script = format!(
        "#!/bin/sh\nset -f\nskip=\nfor word; do\n    shift\n    if [ -n \"$skip\" ]; then skip=; continue; fi\n    \
         case $word in\n        -isysroot | --target) skip=1 ;;\n        \
         -lobjc | -lresolv | -liconv | --target=* | -Wl,-exported_symbols_list* | *.exp | *symbols.txt) ;;\n        \
         *) set -- \"$@\" \"$word\" ;;\n    esac\ndone\nexec '{}' cc -target {processor}-macos.11.0-none \"$@\"\n",
        zig().unwrap().display()
    );
    let path = repository().join("target/zig").join(format!("link-{processor}"));
    // Two tests may want it at once, and a script that is being written can't be run.
    if !fs::read_to_string(&path).is_ok_and(|there| there == script) {
        use std::os::unix::fs::PermissionsExt as _;
        let new = path.with_extension(std::thread::current().name().unwrap_or("new").replace("::", "-"));
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(&new, script).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, &path).unwrap();
    }
    path
}
