//! The verbs with their own program: built when first called, and then as if they were in `cargo xtask`.

#![cfg(unix)]

use predicates::prelude::*;
use predicates::str::contains;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::time::{Duration, Instant};
use testbed::project::{Project, call, in_background, json};

const BUILDING: &str = "note: building what `cargo xtask grade` needs: about a minute, the first time only\n";

/// A Cargo that is a shell script, and the program that it claims to have built.
fn cargo_that(does: &str) -> Project {
    let project = Project::empty();
    let message = format!(
        r#"{{"reason":"compiler-artifact","target":{{"name":"grading","kind":["bin"]}},"executable":"{}"}}"#,
        project.path("grading").display()
    );
    script(&project, "cargo", &format!("printf '%s\\n' \"$@\" >arguments-of-cargo\n{does}\necho '{message}'"));
    script(&project, "grading", "echo \"arguments: $*\"\necho \"input: $(cat)\"\necho told >&2\nexit 7");
    project
}

fn script(project: &Project, name: &str, lines: &str) {
    project.write(name, &format!("#!/bin/sh\ncd '{}'\n{lines}\n", project.path("").display()));
    std::fs::set_permissions(project.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn xtask(project: &Project) -> assert_cmd::Command {
    let mut command = project.xtask();
    command.env("CARGO", project.path("cargo"));
    command
}

#[test]
fn help_and_usage_are_answered_with_nothing_built() {
    let project = cargo_that("exit 1");
    for verb in ["grade", "docs", "author"] {
        let usage = format!("Usage: cargo xtask {verb}");
        xtask(&project).args([verb, "--help"]).assert().success().stdout(contains(usage));
    }
    xtask(&project).args(["grade", "--nonsense"]).assert().code(2).stderr(contains("--nonsense"));
    assert!(!project.path("arguments-of-cargo").exists());
}

#[test]
fn the_program_gets_arguments_and_input_and_its_exit_code_is_the_calls() {
    let project = cargo_that("");
    let call = xtask(&project).args(["grade", "--list", "a folder"]).write_stdin("from a pipe").assert().code(7);
    // Nothing was printed before: there was nothing to build.
    call.stdout("arguments: grade --list a folder\ninput: from a pipe\n").stderr("told\n");
    let arguments = project.read("arguments-of-cargo");
    assert!(arguments.starts_with("build\n--locked\n"), "{arguments}");
    assert!(arguments.contains("--profile\ndev\n--package\ngrading\n--bin\ngrading\n"), "{arguments}");
}

#[test]
fn a_build_that_takes_a_while_is_announced_in_one_line_on_standard_error() {
    let project = cargo_that("sleep 1.5");
    let call = xtask(&project).args(["grade", "--list", "x"]).assert().code(7);
    call.stdout("arguments: grade --list x\ninput: \n").stderr(format!("{BUILDING}told\n"));
}

#[test]
fn a_program_that_cannot_be_built_is_no_verdict() {
    let project = cargo_that("echo 'error: could not compile `grading` (bin \"grading\")' >&2\nexit 101");
    let says = "error: the program behind `cargo xtask grade` can't be built: `cargo build --profile dev` failed";
    let help = "help: its sources are in xtask/crates/grading; `git status` lists what has changed there";
    let call = xtask(&project).args(["grade", "--list", "x"]).assert().code(3).stdout("");
    call.stderr(contains(says).and(contains("could not compile")).and(contains(help)));
    let call = xtask(&project).args(["grade", "--list", "x", "--format", "json"]).assert().code(3);
    let json = json(&call);
    assert_eq!((&json["schema"], &json["exit"]), (&"size-workshop/error/1".into(), &3.into()));
}

#[test]
fn ctrl_c_ends_the_build_and_the_call() {
    let project = cargo_that("echo $$ >pid\nexec sleep 60");
    let mut call = in_background(xtask(&project).args(["grade", "--list", "x"]));
    let mut child = call.stderr(Stdio::null()).spawn().unwrap();
    let started = Instant::now();
    let cargo = loop {
        let pid = std::fs::read_to_string(project.path("pid")).ok().and_then(|pid| pid.trim().parse().ok());
        if let Some(pid) = pid.and_then(rustix::process::Pid::from_raw) {
            break pid;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "no Cargo was started");
        std::thread::sleep(Duration::from_millis(10));
    };
    let own = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(own, rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let started = Instant::now();
    while rustix::process::test_kill_process(cargo).is_ok() {
        assert!(started.elapsed() < Duration::from_secs(30), "Cargo goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// The real program, which this builds if Cargo doesn't have it yet.
#[test]
fn a_program_has_the_descriptors_of_the_call_and_the_folder_that_it_was_called_in() {
    let project = Project::copy_of_the_repository();
    project.write("class/ann/ex1/Cargo.toml", "[package]\nname = \"ex1\"\n");
    project.write("roster.csv", "student_id,first_name\nann,Ann\nbob,Bob\n");
    let mut command = call("sh");
    command.args(["-c", "exec \"$0\" grade --list class --roster /dev/fd/9 9<roster.csv"]);
    let call = command.arg(testbed::own()).current_dir(project.path("")).assert().success();
    call.stdout(contains("nothing handed in: 1 (bob)"));
}
