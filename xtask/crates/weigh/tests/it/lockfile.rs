//! Crates without a lockfile, or with one that no longer fits: measured as `cargo build` would build them, and nothing written there.

use crate::calls::{plain, weigh};
use serde_json::Value;
use std::fs;
use std::path::Path;
use testbed::project::{Project, json, stderr};

/// `bloat` with its artifacts in `elsewhere`: what it found, and its notes.
fn measure(project: &Project, elsewhere: &Path) -> (Value, String) {
    let mut call = weigh(project);
    call.env("CARGO_TARGET_DIR", elsewhere).args(["bloat", "--format", "json"]);
    let call = call.assert().success();
    let notes = stderr(&call)
        .lines()
        .filter(|line| line.starts_with("note: "))
        .fold(String::new(), |all, line| all + line + "\n");
    (json(&call), notes.replace(project.path("").to_str().unwrap(), "HERE/"))
}

/// The same crate with a second package beside it, which its lockfile may not know, and paths in what is compiled.
fn with_path_dependency() -> Project {
    let project = plain();
    project.edit(
        "Cargo.toml",
        "edition = \"2021\"\n",
        "edition = \"2021\"\n\n[dependencies]\nbeside = { path = \"beside\" }\n",
    );
    project.write("beside/Cargo.toml", "[package]\nname = \"beside\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
    project.write("beside/src/lib.rs", "pub const TEXT: &str = include_str!(\"../../text.txt\");\n");
    project.write("text.txt", "text");
    project.write(
        "build.rs",
        "fn main() { println!(\"cargo:rustc-env=BESIDE={}\", std::fs::read_to_string(\"text.txt\").unwrap()); }\n",
    );
    project.write(
        "src/main.rs",
        "fn main() {\n    let n = std::env::args().count();\n    let all = [env!(\"CARGO_MANIFEST_DIR\"), file!(), beside::TEXT, env!(\"BESIDE\")];\n    println!(\"{}\", all[n]);\n}\n",
    );
    project
}

#[test]
#[ignore = "builds a crate several times: .ci/run runs it"]
fn without_a_lockfile_the_build_is_the_one_of_cargo_and_nothing_is_written() {
    let (project, elsewhere) = (with_path_dependency(), Project::empty());
    fs::remove_file(project.path("Cargo.lock")).unwrap();
    let before = project.everything();
    let (first, notes) = measure(&project, &elsewhere.path("t"));
    assert_eq!(project.everything(), before, "no lockfile, no target folder, no other time");
    insta::assert_snapshot!(notes, @"note: there is no Cargo.lock: measured with a generated one, which is reused next time; `cargo generate-lockfile` creates one to keep");
    // The second call has nothing to find out, and says the same.
    let (second, again) = measure(&project, &elsewhere.path("t"));
    assert_eq!((second["sections"].clone(), again), (first["sections"].clone(), notes));
    assert_eq!(project.everything(), before);

    let mut cargo = testbed::project::call("cargo");
    cargo.current_dir(project.path("")).env("CARGO_TARGET_DIR", elsewhere.path("plain")).args(["build", "--release"]);
    cargo.assert().success();
    let plain = fs::read(elsewhere.path("plain/release/plain")).unwrap();
    let ours = find(&elsewhere.path("t"), "plain");
    assert_eq!(plain.len() as u64, first["file_bytes"].as_u64().unwrap());
    assert!(fs::read(ours).unwrap() == plain, "not the bytes of `cargo build --release`");
}

/// The program below a target folder.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let crates = fs::read_dir(folder.join("size-workshop")).unwrap().flatten();
    let file = crates.map(|entry| entry.path().join("release").join(name)).find(|file| file.is_file());
    file.unwrap()
}

#[test]
#[ignore = "builds a crate several times: .ci/run runs it"]
fn a_lockfile_that_no_longer_fits_is_left_as_it_is() {
    let (project, elsewhere) = (with_path_dependency(), Project::empty());
    let before = project.everything();
    let (found, notes) = measure(&project, &elsewhere.path("t"));
    insta::assert_snapshot!(notes, @"note: Cargo.lock no longer fits the manifest: measured with a copy that Cargo has updated; the next `cargo build` updates yours");
    assert!(found["file_bytes"].as_u64().unwrap() > 0);
    assert_eq!(project.everything(), before);
    // With one that fits, it is theirs, and there is nothing to say.
    project.write(
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"beside\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"plain\"\nversion = \"0.1.0\"\n\
         dependencies = [\n \"beside\",\n]\n",
    );
    let before = project.everything();
    let (fits, notes) = measure(&project, &elsewhere.path("t"));
    assert_eq!((fits["file_bytes"].clone(), notes.as_str()), (found["file_bytes"].clone(), ""));
    assert_eq!(project.everything(), before);
}
