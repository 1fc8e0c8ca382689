//! Real programs for other targets, built here: run by Cargo's runner, and taken apart. What isn't installed is left out, and said.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use crate::calls::weigh;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::project::{Project, call, json, repository, stderr, stdout};

const WASM: &str = "wasm32-wasip1";
const ARM: &str = "aarch64-unknown-linux-gnu";

/// Whether all that a test needs is here: the standard library of a target, and programs.
fn has(target: &str, programs: &[&str]) -> bool {
    let library = stdout(&call("rustc").args(["--print", "target-libdir", "--target", target]).assert().success());
    let is_missing = |program: &&&str| call(program).arg("--version").ok().is_err();
    let missing = match Path::new(library.trim()).is_dir() {
        true => programs.iter().find(is_missing).map(|program| (*program).to_owned()),
        false => Some(format!("the standard library for {target}")),
    };
    if let Some(missing) = &missing {
        base::output::note(&format!("LEFT OUT: {missing} isn't installed"));
    }
    missing.is_none()
}

/// A program that prints its arguments, and a dependency that only one call leads to.
fn program() -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[features]\ndefault = [\"heavy\"]\nheavy = [\"dep:heavy\"]\n\
         [dependencies]\nheavy = { path = \"heavy\", optional = true }\n",
    );
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"heavy\",\n]\n\n[[package]]\nname = \"heavy\"\nversion = \"0.1.0\"\n",
    );
    project.write("heavy/Cargo.toml", "[package]\nname = \"heavy\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    project.write(
        "heavy/src/lib.rs",
        "use std::collections::BTreeMap;\n\
         #[inline(never)]\npub fn counted(words: &[String]) -> String {\n    let mut all = BTreeMap::<&str, [u64; 9]>::new();\n    \
         for word in words { all.entry(word).or_default()[word.len() % 9] += 1; }\n    format!(\"{all:#?} {:?}\", all.range(\"b\"..).next_back())\n}\n",
    );
    project.write(
        "src/main.rs",
        "#[cfg(feature = \"heavy\")]\n#[inline(never)]\nfn only_way(words: &[String]) -> String { heavy::counted(words) }\n\
         #[cfg(not(feature = \"heavy\"))]\nfn only_way(words: &[String]) -> String { words.join(\" \") }\n\
         fn main() { let words: Vec<String> = std::env::args().skip(1).collect(); println!(\"{}\", only_way(&words)); }\n",
    );
    project
}

/// What Cargo itself builds.
fn built(project: &Project, target: &str, profile: &[&str]) -> PathBuf {
    let mut cargo = call(env!("CARGO"));
    cargo.args(["build", "--quiet", "--release", "--target", target, "--target-dir"]).arg(project.path("by-cargo"));
    cargo.args(profile).env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    cargo.current_dir(project.path("")).assert().success();
    let name = if target == WASM { "app.wasm" } else { "app" };
    project.path("by-cargo").join(target).join("release").join(name)
}

/// The sum of a column of a list.
fn sum(document: &serde_json::Value, list: &str, column: &str) -> i64 {
    document[list].as_array().unwrap().iter().map(|row| row[column].as_i64().unwrap()).sum()
}

#[test]
#[ignore = "builds for WebAssembly: .ci/run runs it"]
fn a_module_is_taken_apart_by_crate_until_its_names_are_gone() {
    if !has(WASM, &["node"]) {
        return;
    }
    let project = program();
    let file = built(&project, WASM, &[]);
    let apart = |file: &Path| {
        json(&weigh(&project).args(["bloat", "-n", "0", "--format", "json", "--file"]).arg(file).assert().success())
    };
    let found = apart(&file);
    let bytes = i64::try_from(file.metadata().unwrap().len()).unwrap();
    assert_eq!((sum(&found, "sections", "bytes"), found["file_bytes"].as_i64()), (bytes, Some(bytes)));
    assert_eq!(Some(sum(&found, "crates", "bytes")), found["text_bytes"].as_i64());
    let crates: Vec<&str> =
        found["crates"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(["app", "heavy", "core", "std", "alloc"].iter().all(|name| crates.contains(name)), "{crates:?}");
    assert!(!crates.contains(&"gimli"), "std prints no backtrace there: {crates:?}");
    let function = |name: &str| {
        let rows = found["functions"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("no {name} in {rows:?}"))
    };
    assert_eq!(
        (function("app::only_way")["crate"].as_str(), function("heavy::counted")["crate"].as_str()),
        (Some("app"), Some("heavy"))
    );

    // What Node reads of the same file: how long the names are, and how many functions come from outside.
    let script = "const m = new WebAssembly.Module(require('fs').readFileSync(process.argv[1])); \
                  console.log(WebAssembly.Module.customSections(m, 'name')[0].byteLength, WebAssembly.Module.customSections(m, 'producers')[0].byteLength)";
    let node = stdout(&call("node").args(["-e", script]).arg(&file).assert().success());
    let read: Vec<i64> = node.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let section = |name: &str| {
        found["sections"].as_array().unwrap().iter().find(|row| row["name"] == name).unwrap()["bytes"].as_i64().unwrap()
    };
    // Without the section's own name, which has its length before it.
    assert_eq!(read, [section("name") - 5, section("producers") - 10]);

    // A stripped one has sections, and a word; its build has a twin.
    let stripped = built(&project, WASM, &["--config", "profile.release.strip=true"]);
    let found = apart(&stripped);
    assert_eq!(
        (found["known"].as_bool(), sum(&found, "sections", "bytes")),
        (Some(false), found["file_bytes"].as_i64().unwrap())
    );
    let said = stdout(&weigh(&project).args(["bloat", "--file"]).arg(&stripped).assert().success());
    assert!(said.contains("the file has no symbols") || said.contains("strip"), "{said}");
    let twin = json(
        &weigh(&project).args(["bloat", "--target", WASM, "--profile", "dist", "--format", "json"]).assert().success(),
    );
    assert!(twin["crates"].as_array().unwrap().iter().any(|row| row["name"] == "heavy"), "{twin}");

    // A damaged one is refused.
    let whole = fs::read(&file).unwrap();
    for end in [9, 1000, whole.len() / 2, whole.len() - 1] {
        base::files::write_atomic(&project.path("cut.wasm"), &whole[..end]).unwrap();
        let refused = weigh(&project).args(["bloat", "--file", "cut.wasm"]).assert().code(2);
        assert!(stderr(&refused).contains("it is cut off"), "{end}: {}", stderr(&refused));
    }
}

#[test]
#[ignore = "builds for WebAssembly with six profiles: .ci/run runs it"]
fn the_ladder_of_a_module_is_run_by_the_runner_of_cargos_settings() {
    if !has(WASM, &["node"]) {
        return;
    }
    let project = program();
    let ladder = || {
        let mut call = weigh(&project);
        call.args(["ladder", "--table", "s-z-3", "--target", WASM, "--format", "json", "--run", "one 'two three' one"]);
        call
    };
    let none = ladder().assert().code(3);
    assert!(stderr(&none).contains("name one in CARGO_TARGET_WASM32_WASIP1_RUNNER"), "{}", stderr(&none));
    let script = repository().join("docs/platforms/wasi.mjs");
    let runner = format!("node --no-warnings {}", script.display());
    let right = ladder().env("CARGO_TARGET_WASM32_WASIP1_RUNNER", runner).assert().success();
    assert!(stderr(&right).contains("are run by `node --no-warnings"), "{}", stderr(&right));
    let document = json(&right);
    let rows = document["tables"][0]["rows"].as_array().unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row["output_ok"] == true), "{document}");
}

#[test]
#[ignore = "builds for AArch64: .ci/run runs it"]
fn each_byte_of_a_program_for_aarch64_has_an_owner_and_a_reason() {
    if !has(ARM, &["aarch64-linux-gnu-gcc", "qemu-aarch64"]) {
        return;
    }
    let project = program();
    let bloat = |words: &[&str]| {
        let mut call = weigh(&project);
        call.args(["bloat", "--target", ARM, "--format", "json", "-n", "0"]).args(words);
        call.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
        json(&call.assert().success())
    };
    for profile in [&[][..], &["--profile", "dist"]] {
        let found = bloat(profile);
        assert_eq!(Some(sum(&found, "crates", "own_bytes")), found["file_bytes"].as_i64(), "{profile:?}");
        assert!(found["format"].as_str().is_none_or(|format| format.contains("aarch64")), "{found}");
    }
    // The shortest way to the dependency is the one call.
    let why = bloat(&["--why", "heavy"]);
    let text = why.to_string();
    assert!(text.contains("app::only_way") && text.contains("heavy::counted"), "{why:#}");
    // What a build without it is. Padding aside: the linker aligns the parts of the file for the largest pages, so a byte less may save
    // none, or thousands.
    let without = bloat(&["--without", "heavy"]);
    let real = bloat(&["--no-default-features"]);
    let unpadded = |sections: &serde_json::Value| {
        let rows = sections.as_array().unwrap().iter().filter(|row| row["name"] != "[padding]");
        rows.map(|row| row["bytes"].as_i64().unwrap()).sum::<i64>()
    };
    let whole = unpadded(&without["sections"]);
    let predicted = whole - unpadded(&without["without"]["sections"]);
    let saved = whole - unpadded(&real["sections"]);
    assert!(saved > 3000 && (predicted - saved).abs() * 20 < saved, "{predicted} predicted, {saved} saved");

    // It runs, and so does each row of the ladder.
    let mut ladder = weigh(&project);
    ladder.args(["ladder", "--table", "s-z-3", "--target", ARM, "--format", "json", "--run", "one two"]);
    ladder.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    ladder.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", "qemu-aarch64 -L /usr/aarch64-linux-gnu");
    let document = json(&ladder.assert().success());
    assert!(document["tables"][0]["rows"].as_array().unwrap().iter().all(|row| row["output_ok"] == true), "{document}");
}
