//! Compiles sums.c into a static library with the system's own C compiler, as the crate cc would.

#![expect(clippy::disallowed_methods, reason = "a build script has no runner of processes")]

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let out = env::var("OUT_DIR").expect("Cargo sets OUT_DIR");
    let object = Path::new(&out).join("sums.o");
    let library = Path::new(&out).join("libsums.a");
    let compiler = env::var("CC").unwrap_or_else(|_| String::from("cc"));
    let flags = ["-Os", "-fPIC", "-ffunction-sections", "-fdata-sections"];
    run(Command::new(compiler).args(flags).args(["-c", "sums.c", "-o"]).arg(&object));
    run(Command::new("ar").arg("crs").arg(&library).arg(&object));
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rerun-if-changed=sums.c");
}

/// Only linking needs the library: where there is no C compiler, everything else can still be checked.
fn run(command: &mut Command) {
    if !command.status().is_ok_and(|status| status.success()) {
        println!("cargo::warning={command:?} failed");
    }
}
