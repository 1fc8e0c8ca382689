//! Which target is built, and for which machine: libraries, examples and tests are the files that Cargo makes, and what can't be
//! measured is refused with what can.

use crate::calls::weigh;
use crate::kinds::host;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use testbed::project::{Project, bytes, call, json, stderr};

const LIB: &str = "pub fn unused() -> String { format!(\"{:?}\", std::env::vars().collect::<Vec<_>>()) }
#[no_mangle]
pub extern \"C\" fn add_up(a: u32, b: u32) -> u32 { a.wrapping_add(b) }
#[no_mangle]
pub extern \"C\" fn show_it(a: u32) { println!(\"{a}\"); }
";

/// A crate with a target of each kind, two of them of one name; its library is of these types.
fn crate_with(types: &str) -> Project {
    let project = Project::empty();
    let manifest = "[package]\nname = \"kin-ds\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    project.write("Cargo.toml", &format!("{manifest}[lib]\nname = \"my_kinds\"\ncrate-type = [{types}]\n"));
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"kin-ds\"\nversion = \"0.1.0\"\n");
    project.write("src/lib.rs", LIB);
    project.write("src/main.rs", "fn main() { println!(\"bin\"); }\n");
    project.write("examples/kin-ds.rs", "fn main() { println!(\"example {}\", std::env::args().count()); }\n");
    project.write("tests/it.rs", "#[test]\nfn works() {}\n");
    project
}

/// What `bloat` says about a target.
fn answer(project: &Project, words: &[&str]) -> Value {
    json(&weigh(project).arg("bloat").args(words).args(["--format", "json"]).assert().success())
}

/// What a call says that ends with this exit code.
fn refused(project: &Project, code: i32, words: &[&str]) -> String {
    let said = stderr(&weigh(project).args(words).assert().code(code));
    said.replace(project.path("").to_str().unwrap(), "HERE/").replace(&host(), "HOST")
}

/// The file that Cargo makes with these options, in a folder of its own.
fn made_by_cargo(project: &Project, words: &[&str], begins: &str) -> PathBuf {
    let mut cargo = call(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--target-dir", "by-cargo"]).args(words).current_dir(project.path(""));
    cargo.assert().success();
    let places = ["", "deps", "examples"].map(|below| project.path("by-cargo/release").join(below));
    let files =
        places.iter().filter_map(|place| fs::read_dir(place).ok()).flatten().flatten().map(|entry| entry.path());
    let is_made = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(begins) && !name.ends_with(".d") && file.is_file()
    };
    files.filter(is_made).find(|file| file.extension().is_none_or(|end| end != "rlib")).unwrap()
}

#[test]
fn each_kind_is_the_file_that_cargo_makes() {
    let project = crate_with("\"cdylib\"");
    let shared = format!("{}my_kinds{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    for (words, begins, label) in [
        (&["--lib"][..], shared.as_str(), "my_kinds (cdylib)"),
        (&["--test", "it"], "it-", "it (test)"),
        (&["--example", "kin-ds"], "kin-ds", "kin-ds (example)"),
    ] {
        let found = answer(&project, words);
        assert_eq!(found["program"], label);
        let measured = fs::read(project.path(found["file"].as_str().unwrap())).unwrap();
        let made = fs::read(made_by_cargo(&project, words, begins)).unwrap();
        assert!(measured == made, "{label}: {} bytes, and Cargo makes {}", measured.len(), made.len());
        assert_eq!(found["file_bytes"].as_u64(), Some(measured.len() as u64));
        let sum: u64 = found["floor"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["inside"] == false)
            .map(|part| part["bytes"].as_i64().unwrap())
            .sum::<i64>()
            .try_into()
            .unwrap();
        assert_eq!(sum, measured.len() as u64, "{label}");
        fs::remove_dir_all(project.path("by-cargo")).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_static_library_is_what_a_consumer_of_all_its_exports_gets() {
    let project = crate_with("\"staticlib\"");
    let call = weigh(&project).args(["bloat", "--lib", "--format", "json"]).assert().success();
    let (found, said) = (json(&call), stderr(&call));
    assert_eq!(found["program"], "my_kinds (staticlib)");
    let file = project.path(found["file"].as_str().unwrap());
    let archive = file.with_file_name("libmy_kinds.a").metadata().unwrap().len();
    let bytes = file.metadata().unwrap().len();
    assert!(bytes < archive / 10, "{bytes} of {archive}");
    let functions: Vec<&str> =
        found["functions"].as_array().unwrap().iter().map(|function| function["name"].as_str().unwrap()).collect();
    assert!(functions.contains(&"add_up") && functions.contains(&"show_it"), "{functions:?}");
    assert!(!functions.iter().any(|name| name.contains("unused")), "nothing refers to it: {functions:?}");
    let names = found["sections"].as_array().unwrap().iter().map(|section| section["name"].as_str().unwrap());
    assert!(!names.clone().any(|name| name.starts_with(".debug")), "Cargo's default strips debug information");
    assert!(names.clone().any(|name| name == ".symtab"), "but no symbols");
    assert!(said.contains("linked into a C program (1"), "{said}");
    // Linked again only if the archive has changed.
    let before = file.metadata().unwrap().modified().unwrap();
    answer(&project, &["--lib"]);
    assert_eq!(file.metadata().unwrap().modified().unwrap(), before);
    let stripped = answer(&project, &["--lib", "--profile", "only-strip", "--sections"]);
    assert!(stripped["file_bytes"].as_u64().unwrap() < bytes, "{stripped}");
    assert_eq!(stripped["known"], true, "a twin has the symbols");

    // Without a C compiler, the archive is still built.
    let mut call = weigh(&project);
    let rust_alone = std::path::Path::new(env!("CARGO")).parent().unwrap();
    let assert =
        call.args(["bloat", "--lib", "--profile", "only-opt-level-z"]).env("PATH", rust_alone).assert().code(3);
    assert!(stderr(&assert).contains("there is no C compiler"), "{}", stderr(&assert));
    project.write("src/lib.rs", "pub fn unused() {}\n");
    let said = refused(&project, 2, &["bloat", "--lib"]);
    assert!(said.contains("exports nothing that a C program could refer to"), "{said}");
}

#[test]
fn a_target_is_built_where_it_is_installed_and_named_where_it_is_not() {
    let project = crate_with("\"cdylib\"");
    insta::assert_snapshot!(refused(&project, 3, &["bloat", "--target", "sparc64-unknown-netbsd"]), @r"
    error: the standard library for sparc64-unknown-netbsd isn't installed
    help: install it: `rustup target add sparc64-unknown-netbsd`
    ");
    insta::assert_snapshot!(refused(&project, 2, &["bloat", "--target", "x86_64-unknown-linux-mussel"]), @r"
    error: rustc doesn't know the target x86_64-unknown-linux-mussel
    help: did you mean x86_64-unknown-linux-musl?
    ");
    insta::assert_snapshot!(refused(&project, 2, &["bloat", "--target", "own.json"]), @r"
    error: there is no target file own.json
    help: --target takes the name of a target, such as x86_64-unknown-linux-musl, or a file that describes one
    ");
    project.write(".cargo/config.toml", "[build]\ntarget = [\"sparc64-unknown-netbsd\", \"wasm32-wasip1\"]\n");
    insta::assert_snapshot!(refused(&project, 2, &["bloat"]), @r"
    error: .cargo/config.toml:2 sets several targets in build.target: sparc64-unknown-netbsd, wasm32-wasip1
    help: choose one, such as --target sparc64-unknown-netbsd
    ");
    project.write(".cargo/config.toml", "[build]\ntarget = \"sparc64-unknown-netbsd\"\n");
    insta::assert_snapshot!(refused(&project, 3, &["ladder"]), @r"
    error: the standard library for sparc64-unknown-netbsd isn't installed (.cargo/config.toml:2 sets it in build.target)
    help: install it: `rustup target add sparc64-unknown-netbsd`, or choose a different one with --target
    ");
    let found = answer(&project, &["--bin", "kin-ds", "--target", &host()]);
    let file = found["file"].as_str().unwrap();
    assert!(file.contains(&host()) && file.contains("kin-ds"), "{file}");
}

#[test]
fn one_verb_shows_one_target_and_a_library_is_not_run() {
    let project = crate_with("\"cdylib\"");
    insta::assert_snapshot!(refused(&project, 2, &["bloat", "--bin", "kin-ds", "--example", "kin-ds"]), @r"
    error: there are several programs: kin-ds, kin-ds (example)
    help: choose one, such as --example kin-ds
    ");
    insta::assert_snapshot!(refused(&project, 2, &["ladder", "--lib", "--run", "--help"]), @r"
    error: --run starts a program, and my_kinds (cdylib) isn't one
    help: leave --run out, or measure a program that uses the library
    ");
    insta::assert_snapshot!(refused(&project, 2, &["budget", "--lib"]), @r#"
    error: a budget names its program in the manifest, not on the command line
    help: set `bin = "NAME"` in [package.metadata.size-budget]; for a crate without programs, its library is measured
    "#);
    insta::assert_snapshot!(refused(&project, 2, &["image", "--lib"]), @r"
    error: an image holds a program, and my_kinds (cdylib) isn't one
    help: name one with --bin or --example
    ");
}

#[test]
#[ignore = "builds four targets with six profiles: .ci/run runs it"]
fn targets_that_are_shown_together_are_as_large_as_each_alone() {
    let project = crate_with("\"cdylib\", \"rlib\"");
    // Before the tests had a call of their own, the test's library overwrote that of the binary: one unwinds, one doesn't.
    let words = ["--table", "ladder", "--lib", "--bin", "kin-ds", "--example", "kin-ds", "--test", "it"];
    let assert = weigh(&project).arg("ladder").args(words).args(["--format", "json"]).assert().success();
    assert!(stderr(&assert).contains("Cargo sets no `lto` for `my_kinds`"), "{}", stderr(&assert));
    let found = json(&assert);
    let tables = found["tables"].as_array().unwrap();
    let programs: Vec<&str> = tables.iter().map(|table| table["program"].as_str().unwrap()).collect();
    assert_eq!(programs, ["kin-ds", "kin-ds (example)", "it (test)", "my_kinds (cdylib)"]);
    for (table, words) in [(0, &["--bin", "kin-ds"][..]), (3, &["--lib"]), (2, &["--test", "it"])] {
        let alone = json(
            &weigh(&project).args(["ladder", "--table", "ladder", "--format", "json"]).args(words).assert().success(),
        );
        let rows: Vec<u64> =
            tables[table]["rows"].as_array().unwrap().iter().map(|row| row["bytes"].as_u64().unwrap()).collect();
        assert_eq!(rows, bytes(&alone, "ladder"), "{words:?}");
    }
    // As the note says: LTO does nothing for a library that is also one for Rust.
    let library = &tables[3]["rows"];
    assert_eq!(library[1]["bytes"], library[2]["bytes"], "{library}");
}
