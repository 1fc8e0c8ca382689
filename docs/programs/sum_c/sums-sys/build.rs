//! Compiles sums.c into a static library, as the crate cc would: with the system's own C compiler.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    let out = env::var("OUT_DIR").expect("Cargo sets OUT_DIR");
    let object = Path::new(&out).join("sums.o");
    let library = Path::new(&out).join("libsums.a");
    let compiler = env::var("CC").unwrap_or_else(|_| String::from("cc"));
    run(Command::new(compiler).args(["-c", "-Os", "-fPIC", "-ffunction-sections", "-fdata-sections", "sums.c", "-o"]).arg(&object));
    run(Command::new("ar").arg("crs").arg(&library).arg(&object));
    println!("cargo::rustc-link-search=native={out}");
    println!("cargo::rustc-link-lib=static=sums");
    println!("cargo::rerun-if-changed=sums.c");
}

fn run(command: &mut Command) {
    assert!(command.status().is_ok_and(|status| status.success()), "{command:?} failed");
}
