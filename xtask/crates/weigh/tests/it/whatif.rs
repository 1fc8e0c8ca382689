//! `cargo weigh what-if`: whose profile it takes apart, how many builds that takes, and what is kept when it is killed.

use crate::calls::{plain, weigh};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use testbed::project::{Project, call, in_background, json, stderr, stdout};

/// A crate whose own release profile sets something.
fn own(profile: &str) -> Project {
    let project = plain();
    project.write("Cargo.toml", &(project.read("Cargo.toml") + profile));
    project
}

fn keys(document: &Value) -> Vec<&str> {
    document["settings"].as_array().unwrap().iter().map(|setting| setting["key"].as_str().unwrap()).collect()
}

/// The builds that a call has made.
fn built(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("built ")).count()
}

#[test]
fn a_crates_own_release_profile_is_weighed_against_cargos_default() {
    let project = own("[profile.release]\npanic = \"abort\"\n");
    let assert = weigh(&project).args(["what-if", "--format", "json"]).assert().success();
    let found = json(&assert);
    assert_eq!((&found["profile"], &found["before"]), (&"release".into(), &"release (default)".into()));
    assert_eq!(keys(&found), ["panic"]);
    assert_eq!((&found["mode"], &found["settings"][0]["alone_bytes"]), (&"full".into(), &found["after_bytes"]));
    let said = stderr(&assert);
    assert!(said.contains("note: 1 build: about "), "progress with JSON, and before it how long it takes: {said}");
    // The build that a person makes.
    let mut cargo = call("cargo");
    cargo.args(["build", "--release", "--quiet"]).current_dir(project.path("")).assert().success();
    let bytes = std::fs::metadata(project.path("target/release/plain")).unwrap().len();
    assert_eq!(found["after_bytes"].as_u64(), Some(bytes));
}

#[test]
fn debug_information_keeps_what_cargo_would_keep_of_the_standard_library() {
    let project = own("[profile.release]\ndebug = 1\n");
    let found = json(&weigh(&project).args(["what-if", "--quick", "--format", "json"]).assert().success());
    assert_eq!(keys(&found), ["debug"]);
    let mut cargo = call("cargo");
    cargo.args(["build", "--release", "--quiet"]).current_dir(project.path("")).assert().success();
    let bytes = std::fs::metadata(project.path("target/release/plain")).unwrap().len();
    assert_eq!(found["after_bytes"].as_u64(), Some(bytes));
    assert!(bytes > 2 * found["before_bytes"].as_u64().unwrap(), "{found}");
}

#[test]
fn a_run_that_fails_or_never_ends_is_said_before_minutes_of_building() {
    let project = own("[profile.release]\npanic = \"abort\"\n");
    project.write(
        "src/main.rs",
        "fn main() {\n    match std::env::args().nth(1).as_deref() {\n        Some(\"fail\") => { eprintln!(\"no such file\"); std::process::exit(4) }\n        Some(\"crash\") => std::process::abort(),\n        _ => {}\n    }\n}\n",
    );
    let run = |words: &str| weigh(&project).args(["what-if", "--run", words]).assert();
    if !assert_cmd::Command::new("valgrind").arg("--version").output().is_ok_and(|output| output.status.success()) {
        assert!(stderr(&run("").success()).contains("valgrind isn't installed"));
        return;
    }
    let said = stderr(&run("crash").code(2));
    assert!(said.contains("`plain crash`: terminated by signal 6") && !said.contains("built "), "{said}");
    let said = stderr(&run("fail").success());
    assert!(said.contains("`plain fail` ends with exit code 4 after `no such file`"), "{said}");
    let text = stdout(&run("").success());
    assert!(text.contains("million instructions in a run without arguments"), "{text}");
}

#[test]
#[ignore = "builds 12 combinations of settings: .ci/run runs it"]
fn what_was_measured_outlives_a_kill() {
    let project = plain();
    let mut what_if = weigh(&project);
    what_if.args(["what-if", "--quick", "--jobs", "2"]);
    let mut child = in_background(&what_if).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let facts = || {
        let entries = |folder: PathBuf| Some(std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()));
        let ours = entries(project.path("target/size-workshop"))?.find(|path| path.is_dir())?;
        let mut kept = entries(ours.join("size-workshop/builds/plain"))?;
        let kept = std::fs::read(kept.find(|path| path.to_string_lossy().ends_with(".facts.json"))?).ok()?;
        Some(serde_json::from_slice::<Value>(&kept).ok()?["fact"].as_object()?.len())
    };
    let began = Instant::now();
    while facts().unwrap_or(0) < 4 {
        assert!(began.elapsed() < Duration::from_mins(5), "nothing is kept");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = facts().unwrap();
    assert!((4..12).contains(&kept), "{kept}");
    let assert = weigh(&project).args(["what-if", "--quick", "--format", "json"]).assert().success();
    let said = stderr(&assert);
    assert!(said.contains(&format!("note: {kept} of 12 builds measured before, {} to go", 12 - kept)), "{said}");
    assert_eq!(built(&said), 12 - kept, "{said}");
    assert_eq!((&json(&assert)["mode"], keys(&json(&assert)).len()), (&"quick".into(), 5));
    assert_eq!(built(&stderr(&weigh(&project).args(["what-if", "--quick"]).assert().success())), 0);
}

/// A workspace: a program with features, a library that has default features and is used by it alone, and one that a different
/// library uses as well.
fn workspace() -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"app\", \"words\"]\n\n[workspace.dependencies]\nwords = { path = \"words\" }\n",
    );
    project.write(
        "app/Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\ndefault = [\"loud\"]\nloud = []\nquiet = []\n\n[dependencies]\nwords.workspace = true\nshared = { path = \"../shared\" }\n",
    );
    project.write(
        "app/src/main.rs",
        "#[cfg(all(feature = \"loud\", feature = \"quiet\"))]\ncompile_error!(\"loud and quiet exclude each other\");\n#[cfg(not(feature = \"loud\"))]\nmod still;\nfn main() {\n    println!(\"{} {}\", words::table().len(), shared::table().len());\n    #[cfg(not(feature = \"loud\"))]\n    still::say();\n}\n",
    );
    project.write("app/src/still.rs", "pub fn say() {}\n");
    for (name, uses) in [("words", "[dependencies]\nshared = { path = \"../shared\" }\n"), ("shared", "")] {
        project.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[features]\ndefault = [\"big\"]\nbig = []\n\n{uses}"),
        );
        project.write(
            &format!("{name}/src/lib.rs"),
            "pub fn table() -> &'static [u8] {\n    #[cfg(feature = \"big\")]\n    static TABLE: [u8; 100_000] = [7; 100_000];\n    #[cfg(not(feature = \"big\"))]\n    static TABLE: [u8; 1] = [7; 1];\n    std::hint::black_box(&TABLE)\n}\n",
        );
    }
    let mut cargo = call("cargo");
    cargo.args(["generate-lockfile", "--offline", "--quiet"]).current_dir(project.path("")).assert().success();
    project
}

/// The row of a feature or a dependency.
fn row<'a>(found: &'a Value, kind: &str, name: &str) -> &'a Value {
    let rows = found["features"].as_array().unwrap();
    rows.iter().find(|row| row["kind"] == kind && row["name"] == name).unwrap_or_else(|| panic!("{name}: {found}"))
}

#[test]
#[ignore = "builds a program six times: .ci/run runs it"]
fn each_feature_and_each_dependencys_default_features_are_taken_out() {
    let project = workspace();
    let before = project.everything();
    let what_if = |more: &[&str]| {
        let mut call = weigh(&project);
        call.args(["what-if", "--features", "--manifest-path", "app", "--format", "json"]).args(more);
        call.assert().success()
    };
    let assert = what_if(&[]);
    let found = json(&assert);
    assert!(stderr(&assert).contains("note: 3 builds, "), "{}", stderr(&assert));
    assert_eq!((&found["schema"], &found["profile"]), (&"size-workshop/features/1".into(), &"release".into()));
    let change = |kind, name| row(&found, kind, name)["change_bytes"].as_i64().unwrap();
    assert!(change("default-features", "words") < -90_000, "{found}");
    // The program and a library both name it: it is in the way of neither, and says why nothing has changed.
    assert_eq!(change("default-features", "shared"), 0, "{found}");
    assert_eq!(row(&found, "default-features", "shared")["kept_on"], true);
    assert!(change("feature", "loud").abs() < 10_000, "{found}");
    let target = project.path("target");
    let now: Vec<_> = project.everything().into_iter().filter(|(path, ..)| !path.starts_with(&target)).collect();
    assert_eq!(now, before, "nothing of the crate is written");
    // A module that only a build without the feature reads.
    assert_eq!(built(&stderr(&what_if(&[]))), 0);
    project.write("app/src/still.rs", "pub fn say() { println!(\"still\"); }\n");
    assert!(built(&stderr(&what_if(&[]))) > 0, "a source that the base build doesn't read has changed");
    // Features that exclude each other are no end: those that are off are put in by themselves.
    let assert = what_if(&["--all-features"]);
    let said = stderr(&assert);
    assert!(said.contains("with all features at once it doesn't build (loud and quiet exclude each other)"), "{said}");
    let found = json(&assert);
    let quiet = row(&found, "feature", "quiet");
    assert_eq!((&quiet["change"], &quiet["bytes"]), (&"in".into(), &Value::Null));
    assert_eq!(quiet["reason"], "loud and quiet exclude each other");
}

#[test]
#[ignore = "builds a program five times: .ci/run runs it"]
fn default_features_are_taken_out_one_by_one_where_the_program_needs_some() {
    let project = workspace();
    // Without `std` there is no `name`, which the program calls.
    project.edit(
        "words/Cargo.toml",
        "default = [\"big\"]\nbig = []",
        "default = [\"big\", \"std\"]\nbig = []\nstd = []",
    );
    let library = project.read("words/src/lib.rs");
    let name = "#[cfg(feature = \"std\")]\npub fn name() -> String {\n    String::from(\"words\")\n}\n";
    project.write("words/src/lib.rs", &(library + name));
    project.edit("app/src/main.rs", "words::table().len()", "words::table().len() + words::name().len()");
    let mut call = weigh(&project);
    call.args(["what-if", "--features", "--manifest-path", "app", "--format", "json"]);
    let found = json(&call.assert().success());
    assert!(row(&found, "default-features", "words")["bytes"].is_null(), "{found}");
    assert!(row(&found, "default-feature", "words/big")["change_bytes"].as_i64().unwrap() < -90_000, "{found}");
    assert!(row(&found, "default-feature", "words/std")["reason"].as_str().unwrap().contains("name"), "{found}");
    assert_eq!(found["features"].as_array().unwrap().len(), 5, "those of `shared` can go as a whole: {found}");
}

#[test]
fn features_are_weighed_or_settings_and_not_both() {
    let project = plain();
    let said = stderr(&weigh(&project).args(["what-if", "--features", "--quick"]).assert().code(2));
    assert!(said.contains("--quick applies to settings"), "{said}");
    let said = stderr(&weigh(&project).args(["what-if", "--features"]).assert().code(2));
    assert!(said.contains("plain has no feature that is on, and no dependency with default features"), "{said}");
    // With a value it is Cargo's own option.
    let said = stderr(&weigh(&project).args(["what-if", "--features", "no-such-feature"]).assert().code(2));
    assert!(said.contains("no-such-feature") && !said.contains("built "), "{said}");
}

#[test]
#[ignore = "builds a program four times: .ci/run runs it"]
fn two_builds_really_are_under_way_at_once() {
    let project = own("build = \"build.rs\"\n\n[profile.release]\npanic = \"abort\"\nopt-level = \"s\"\n");
    // The build script of each build waits until that of a second one has begun. The base build is alone.
    project.write(
        "build.rs",
        "use std::{env, fs, path::Path, thread, time::Duration};\nfn main() {\n    println!(\"cargo:rerun-if-changed=build.rs\");\n    let meet = Path::new(&env::var(\"CARGO_MANIFEST_DIR\").unwrap()).join(\"target/meet\");\n    if fs::create_dir_all(meet.parent().unwrap()).is_ok() && fs::create_dir(&meet).is_ok() {\n        return;\n    }\n    fs::write(meet.join(std::process::id().to_string()), \"\").unwrap();\n    for _ in 0..600 {\n        if fs::read_dir(&meet).unwrap().count() > 1 {\n            return;\n        }\n        thread::sleep(Duration::from_millis(50));\n    }\n    panic!(\"no second build has begun\");\n}\n",
    );
    let found = json(&weigh(&project).args(["what-if", "--jobs", "2", "--format", "json"]).assert().success());
    assert_eq!((&found["refused"], keys(&found).len()), (&serde_json::json!([]), 2), "{found}");
    // The test can fail: one at a time, the first build waits in vain.
    std::fs::remove_dir_all(project.path("target")).unwrap();
    project.edit("build.rs", "0..600", "0..6");
    let found = json(&weigh(&project).args(["what-if", "--jobs", "1", "--format", "json"]).assert().success());
    assert!(found["refused"][0]["reason"].as_str().unwrap().contains("build command"), "{found}");
}
