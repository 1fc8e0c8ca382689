//! What comes from the store is what rustc would have produced.

#![cfg(unix)]

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use testbed::project::call;

/// A program, a library that it links, and a warning of the compiler.
const FILES: [(&str, &str); 4] = [
    (
        "Cargo.toml",
        "[package]\nname = \"tiny\"\nedition = \"2024\"\n[dependencies]\nbelow = { path = \"below\" }\n[workspace]\n[profile.release]\nopt-level = 1\n",
    ),
    ("src/main.rs", "fn unused() {}\nfn main() { print!(\"{}\", below::text()) }\n"),
    ("below/Cargo.toml", "[package]\nname = \"below\"\nedition = \"2024\"\n"),
    ("below/src/lib.rs", "pub fn text() -> &'static str { file!() }\n"),
];

/// A build: the program's bytes, and what Cargo said.
struct Built(Vec<u8>, String);

/// Builds it in a folder of its own.
fn build(folder: &Path, path: &str, change: impl Fn(&str) -> String) -> Built {
    for (name, text) in FILES {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        base::files::write_atomic(&file, change(text).as_bytes()).unwrap();
    }
    let mut cargo = call("cargo");
    cargo.args(["build", "--release"]).env("PATH", path).current_dir(folder);
    let assert = cargo.assert().success();
    let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    Built(fs::read(folder.join("target/release/tiny")).unwrap(), said)
}

#[test]
fn what_is_taken_from_the_store_is_what_rustc_makes() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let sysroot = call("rustc").args(["--print", "sysroot"]).output().unwrap().stdout;
    let real = PathBuf::from(String::from_utf8(sysroot).unwrap().trim());
    symlink(&real, at("real")).unwrap();
    fs::create_dir_all(at("bin")).unwrap();
    fs::create_dir_all(at("units")).unwrap();
    symlink(real.join("bin/cargo"), at("bin/cargo")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_rustc-store"), at("bin/rustc")).unwrap();
    let system = env::var("PATH").unwrap();
    let path = format!("{}:{system}", at("bin").display());
    let kept =
        || fs::read_dir(at("units")).unwrap().flat_map(|unit| fs::read_dir(unit.unwrap().path()).unwrap()).count();

    let Built(without, _) = build(&at("without"), &system, str::to_owned);
    assert_eq!(kept(), 0);
    let Built(first, warned) = build(&at("first"), &path, str::to_owned);
    assert_eq!(kept(), 2, "{warned}");
    let Built(again, warned_again) = build(&at("again"), &path, str::to_owned);
    assert_eq!(kept(), 2, "{warned_again}");
    assert!(without == first && first == again);
    for said in [warned, warned_again] {
        assert!(said.contains("function `unused` is never used"), "{said}");
    }

    // A different source for the program alone, then for what it links.
    let Built(other, _) = build(&at("other"), &path, |text| text.replace("\"{}\"", "\"<{}>\""));
    assert!(other != first);
    assert_eq!(kept(), 3);
    let Built(below, _) = build(&at("below"), &path, |text| text.replace("file!()", "\"a text\""));
    assert!(below != first);
    assert_eq!(kept(), 5);
    // What a program is linked with counts as well.
    let Built(unwound, _) = build(&at("aborts"), &path, |text| text.replace("= 1\n", "= 1\npanic = \"abort\"\n"));
    assert!(unwound != first);
    assert_eq!(kept(), 7);

    // A mistake is reported as rustc reports it, each time.
    for name in ["wrong", "wrong-again"] {
        let mut cargo = call("cargo");
        build(&at(name), &path, str::to_owned);
        base::files::write_atomic(&at(name).join("src/main.rs"), b"fn main() { nowhere() }\n").unwrap();
        let assert = cargo.args(["build", "--release"]).env("PATH", &path).current_dir(at(name)).assert().code(101);
        let said = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(said.contains("cannot find function `nowhere`"), "{said}");
    }
    assert_eq!(kept(), 7);
}
