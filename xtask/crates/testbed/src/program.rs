//! Where the programs of this workspace are. Cargo tells a test where its own package's program is; others are built by
//! Cargo when a test first needs them, with the test's environment, so nothing is compiled twice.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The verbs of `cargo xtask` that have a program of their own.
const PROGRAMS: [(&str, &str); 3] = [("grade", "grading"), ("author", "book"), ("docs", "book")];

/// The program of the package whose test this is.
///
/// # Panics
/// Where no test of a package with a program runs.
pub fn own() -> PathBuf {
    let names = ["xtask", "grading", "book", "cargo-weigh"];
    let own = names.iter().find_map(|name| env::var_os(format!("CARGO_BIN_EXE_{name}")));
    own.expect("Cargo says where the program of a test's package is").into()
}

/// The program that implements a verb of `cargo xtask`.
///
/// # Panics
/// When it can't be built.
pub fn program(verb: &str) -> PathBuf {
    let package = PROGRAMS.iter().find(|(name, _)| *name == verb).map_or("xtask", |(_, package)| package);
    if let Some(own) = env::var_os(format!("CARGO_BIN_EXE_{package}")) {
        return own.into();
    }
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(package.to_owned()).or_insert_with(|| build(package)).clone()
}

fn build(package: &str) -> PathBuf {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut call = assert_cmd::Command::new(cargo);
    call.current_dir(crate::project::repository());
    call.args([
        "build",
        "--quiet",
        "--message-format",
        "json-render-diagnostics",
        "--package",
        package,
        "--bin",
        package,
    ]);
    let output = call.assert().success().get_output().stdout.clone();
    let messages = String::from_utf8(output).expect("Cargo writes UTF-8");
    let executable = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        (message["target"]["name"] == package).then(|| message["executable"].as_str().map(PathBuf::from))?
    });
    executable.unwrap_or_else(|| panic!("Cargo names no program `{package}`:\n{messages}"))
}
