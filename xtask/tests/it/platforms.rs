//! `sizes --target`: the workshop's programs for a different target, run by what Cargo's settings or the workshop name, and compared
//! with that target's own measurement.

use predicates::prelude::*;
use predicates::str::contains;
use testbed::project::{Project, call, json, rows, stderr, stdout};

/// This machine's target triple.
fn host() -> String {
    let said = stdout(&call("rustc").arg("-vV").assert().success());
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// The variable in which Cargo reads this machine's runner.
#[cfg(unix)]
fn variable() -> String {
    format!("CARGO_TARGET_{}_RUNNER", host().to_uppercase().replace('-', "_"))
}

#[test]
fn a_target_without_its_standard_library_is_exit_code_3_and_an_unknown_one_is_2() {
    let project = Project::plain_workshop();
    let assert = project.run(&["sizes", "--target", "sparc64-unknown-netbsd"]).code(3);
    insta::assert_snapshot!(stderr(&assert), @r"
    error: the standard library for sparc64-unknown-netbsd isn't installed
    help: install it: `rustup target add sparc64-unknown-netbsd`
    ");
    project.run(&["sizes", "--target", "x86_64-unknown-linux-mussel"]).code(2).stderr(contains("did you mean"));
}

#[cfg(unix)]
#[test]
fn a_runner_of_cargos_settings_runs_each_program_and_what_it_prints_is_compared() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::plain_workshop();
    let script = |text: &str| {
        project.write("tools/run.sh", text);
        std::fs::set_permissions(project.path("tools/run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let host = host();
    script("#!/bin/sh\necho \"$1 $2\" >> \"$SEEN\"\nshift\nexec \"$@\"\n");
    let sizes = || {
        let mut call = project.xtask();
        call.args(["sizes", "--format", "json", "--target", &host]).env("SEEN", project.path("seen"));
        call
    };
    // Relative to where the setting is: here the configuration file's folder.
    project.write(".cargo/config.toml", &format!("[target.{host}]\nrunner = [\"tools/run.sh\", \"through\"]\n"));
    let assert = sizes().assert().success();
    assert!(stderr(&assert).contains("/tools/run.sh through`"), "{}", stderr(&assert));
    let document = json(&assert);
    assert_eq!(document["target"], *host);
    assert!(rows(&document, "two").iter().all(|row| row["output_ok"] == true), "{document}");
    let seen = project.read("seen");
    assert!(seen.lines().all(|line| line.starts_with("through ") && line.contains(&host)), "{seen}");
    assert_eq!(seen.lines().count(), 2, "each of the two builds ran once: {seen}");

    // The environment takes precedence, as for Cargo, and what a runner changes is seen.
    script("#!/bin/sh\necho ho\n");
    let variable = variable();
    let wrong = sizes().env(&variable, project.path("tools/run.sh")).assert().code(1);
    assert!(stderr(&wrong).contains("doesn't behave as expected"), "{}", stderr(&wrong));
    let missing = sizes().env(&variable, "no-such-emulator -L /nowhere").assert().code(3);
    assert!(
        stderr(&missing).contains("no-such-emulator")
            && stderr(&missing).contains(&format!("{variable} sets it as the runner")),
        "{}",
        stderr(&missing)
    );
}

#[test]
fn each_target_has_a_measurement_of_its_own() {
    let project = Project::plain_workshop();
    let host = host();
    project.run(&["sizes", "--check", "--target", &host]).code(1).stderr(contains("there is no committed measurement"));
    project.run(&["sizes", "--accept", "--target", &host]).success();
    project.run(&["sizes", "--check", "--target", &host]).success().stderr(contains("builds match"));
    // What is accepted for one target says nothing about another.
    let file =
        std::fs::read_dir(project.path("docs/measurements").join(&host)).unwrap().next().unwrap().unwrap().path();
    let there = project.path("docs/measurements/elsewhere");
    std::fs::create_dir(&there).unwrap();
    std::fs::rename(&file, there.join(file.file_name().unwrap())).unwrap();
    project.run(&["sizes", "--check", "--target", &host]).code(1).stderr(contains(format!("on {host}")));
}

#[test]
fn what_cannot_be_run_is_measured_and_never_shown_as_right() {
    let others = ["wasm32-wasip1", "wasm32-unknown-unknown"];
    let installed = |target: &&str| {
        let folder = stdout(&call("rustc").args(["--print", "target-libdir", "--target", target]).assert().success());
        std::path::Path::new(folder.trim()).is_dir()
    };
    let Some(target) = others.into_iter().find(installed) else {
        base::output::note("LEFT OUT: no wasm target is installed: `rustup target add wasm32-wasip1`");
        return;
    };
    let project = Project::plain_workshop();
    let text = project.read("Cargo.toml");
    let platform =
        format!("\n[[workspace.metadata.sizes.platforms]]\ntarget = \"{target}\"\nname = \"w\"\nruns = \"not run\"\n");
    project.write("Cargo.toml", &(text + &platform));
    let assert = project.run(&["sizes", "--format", "json", "--target", target]).success();
    assert!(stderr(&assert).contains("what they print is NOT checked"), "{}", stderr(&assert));
    assert!(rows(&json(&assert), "two").iter().all(|row| row["output_ok"].is_null()));
    project
        .run(&["what-if", "--profile", "stripped", "--run", "a", "--target", target])
        .code(2)
        .stderr(contains("counts instructions").and(contains("leave --run out")));
}
