//! Bad surroundings: the right numbers or a clear message, never a silently different size.

use predicates::prelude::*;
use predicates::str::contains;
use testbed::project::{Project, bytes, json, repository, stderr, stdout};

/// The sizes of the plain workshop, undisturbed.
fn undisturbed(project: &Project) -> Vec<u64> {
    bytes(&json(&project.run(&["sizes", "--format", "json"]).success()), "two")
}

#[test]
fn variables_that_would_change_sizes_are_set_aside_and_named() {
    let project = Project::plain_workshop();
    let expected = undisturbed(&project);
    let variables = [
        ("RUSTFLAGS", "-C opt-level=0 -C prefer-dynamic"),
        ("CARGO_ENCODED_RUSTFLAGS", "-Copt-level=0"),
        ("CARGO_PROFILE_RELEASE_STRIP", "true"),
        ("CARGO_PROFILE_STRIPPED_OPT_LEVEL", "0"),
        ("CARGO_BUILD_RUSTFLAGS", "-C opt-level=0"),
        ("CARGO_BUILD_TARGET", "wasm32-unknown-unknown"),
        ("CARGO_INCREMENTAL", "1"),
        ("RUSTC_WRAPPER", "no-such-wrapper"),
        ("RUSTC", "no-such-rustc"),
    ];
    for (name, value) in variables {
        let assert = project.xtask().args(["sizes", "--format", "json"]).env(name, value).assert().success();
        assert_eq!(bytes(&json(&assert), "two"), expected, "{name}");
        assert!(
            stderr(&assert).contains(&format!("note: {name} is set in your environment (`{value}`): ignored")),
            "{}",
            stderr(&assert)
        );
    }
}

#[test]
fn configuration_files_that_would_change_sizes_are_undone_and_named() {
    let project = Project::plain_workshop();
    let expected = undisturbed(&project);
    let files = [
        ("[profile.release]\nlto = true\nstrip = \"none\"\n", "config.toml:2 sets profile.release.lto"),
        ("[profile.stripped]\nopt-level = 0\n", "config.toml:2 sets profile.stripped.opt-level"),
        ("[build]\nrustflags = [\"-C\", \"opt-level=0\"]\n", "config.toml:2 sets build.rustflags"),
        ("[target.'cfg(all())']\nrustflags = \"-C prefer-dynamic\"\n", "sets target.cfg(all()).rustflags"),
        ("[build]\nrustc-wrapper = \"no-such-wrapper\"\n", "config.toml:2 sets build.rustc-wrapper"),
        ("build.incremental = true\n", "config.toml:1 sets build.incremental"),
    ];
    for (text, note) in files {
        project.write("home/config.toml", text);
        let assert = project
            .xtask()
            .args(["sizes", "--format", "json"])
            .env("CARGO_HOME", project.path("home"))
            .assert()
            .success();
        assert_eq!(bytes(&json(&assert), "two"), expected, "{text}");
        assert!(stderr(&assert).contains(note), "{}", stderr(&assert));
    }
    project.write("home/config.toml", "[profile.release.package.\"*\"]\nopt-level = 0\n");
    project
        .xtask()
        .arg("sizes")
        .env("CARGO_HOME", project.path("home"))
        .assert()
        .code(3)
        .stderr(contains("config.toml:1 sets [profile.release.package]").and(contains("help: ")));
}

#[test]
fn another_target_in_a_configuration_file_is_set_back_to_this_machines() {
    let project = Project::plain_workshop();
    project.write(".cargo/config.toml", "[build]\ntarget = \"wasm32-unknown-unknown\"\n");
    let assert = project.run(&["sizes", "--format", "json"]).success().stderr(contains("sets build.target"));
    assert!(json(&assert)["target"].as_str().unwrap().starts_with(std::env::consts::ARCH), "{}", stdout(&assert));
}

#[test]
fn a_target_folder_elsewhere_is_used() {
    let project = Project::plain_workshop();
    project.xtask().arg("sizes").env("CARGO_TARGET_DIR", project.path("elsewhere")).assert().success();
    assert!(project.path("elsewhere/stripped").is_dir());
    assert!(!project.path("target").exists());
}

#[test]
fn a_target_folder_that_cannot_be_written_is_exit_code_3() {
    let project = Project::plain_workshop();
    project.write("target", "a file where a folder is wanted");
    project.run(&["sizes"]).code(3).stderr(contains("target"));
}

#[cfg(unix)]
#[test]
fn without_the_strip_command_everything_else_is_measured() {
    let sizes = testbed::project::PLAIN_SIZES
        .replace("{ profile = \"stripped\"", "{ profile = \"release\", strip-command = true");
    let project = Project::workshop("fn main() { println!(\"hi\"); }", testbed::project::PLAIN_PROFILES, &sizes);
    let both = bytes(&json(&project.run(&["sizes", "--format", "json"]).success()), "two");
    assert!(both[1] < both[0], "{both:?}");
    // Every tool of this machine but that one.
    std::fs::create_dir(project.path("bin")).unwrap();
    for folder in std::env::split_paths(&std::env::var_os("PATH").unwrap()) {
        for entry in
            std::fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.file_name() != "strip")
        {
            let _ = std::os::unix::fs::symlink(entry.path(), project.path("bin").join(entry.file_name()));
        }
    }
    let assert = project.xtask().args(["sizes", "--format", "json"]).env("PATH", project.path("bin")).assert().code(3);
    let document = json(&assert);
    assert_eq!(bytes(&document, "two"), [both[0]]);
    assert!(document["skipped"][0]["reason"].as_str().unwrap().contains("apt install binutils"), "{document}");
    project.xtask().args(["sizes", "--accept"]).env("PATH", project.path("bin")).assert().code(3);
    assert!(!project.path("docs").exists(), "an incomplete measurement is not kept");
}

#[test]
fn a_machine_that_is_offline_is_told_to_fetch_first() {
    let project = Project::plain_workshop();
    // The entry of a real package that this machine's empty CARGO_HOME doesn't contain.
    let lock = std::fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let itoa = lock.split("\n\n").find(|entry| entry.contains("name = \"itoa\"")).unwrap().trim();
    project.edit(
        "Cargo.lock",
        "[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"",
        &format!("{itoa}\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n]"),
    );
    project.write("tiny/Cargo.toml", &(project.read("tiny/Cargo.toml") + "[dependencies]\nitoa = \"1\"\n"));
    std::fs::create_dir(project.path("home")).unwrap();
    let mut command = project.xtask();
    command.arg("sizes").env("CARGO_NET_OFFLINE", "true").env("CARGO_HOME", project.path("home"));
    command.assert().code(3).stderr(contains("itoa").and(contains("help: ").and(contains("`cargo fetch`"))));
}

/// Through a wrapper around the C compiler, as `linker = "clang"` or mold would be set.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn another_linker_is_named_and_not_taken_for_a_change_of_the_sources() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::plain_workshop();
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    project.run(&["sizes", "--accept"]).success();
    project.write("linker", "#!/bin/sh\nexec cc \"$@\" -fuse-ld=bfd\n");
    std::fs::set_permissions(project.path("linker"), std::fs::Permissions::from_mode(0o755)).unwrap();
    project
        .write(".cargo/config.toml", &format!("[target.{host}]\nlinker = \"{}\"\n", project.path("linker").display()));
    let assert = project.run(&["sizes", "--check"]);
    let message = stderr(&assert);
    assert!(message.contains(&format!(".cargo/config.toml:2 sets target.{host}.linker")), "{message}");
    if std::env::consts::ARCH == "x86_64" {
        // There rustc links with its own LLD, which leaves its name; GNU ld leaves none.
        assert!(message.contains("note: linked by an unidentified one, the committed measurement by LLD"), "{message}");
        assert.code(1);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_standard_output_is_exit_code_3() {
    let project = Project::plain_workshop();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    #[expect(clippy::disallowed_methods, reason = "assert_cmd cannot give a file as standard output")]
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let output = command
        .arg("sizes")
        .current_dir(project.path(""))
        .stdout(full)
        .stderr(std::process::Stdio::piped())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("can't write to standard output: No space left on device")
            && message.contains("the disk is full"),
        "{message}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_in_the_middle_of_a_build_ends_every_child_and_leaves_nothing_half_written() {
    use std::time::{Duration, Instant};
    let project = Project::plain_workshop();
    // A build that takes a minute, and says that it has begun.
    project.write("tiny/build.rs", "fn main() { std::fs::write(\"begun\", std::process::id().to_string()).unwrap(); std::thread::sleep(std::time::Duration::from_secs(60)) }");
    #[expect(clippy::disallowed_methods, reason = "assert_cmd waits for the end of a command")]
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_xtask"));
    let mut child = command
        .args(["sizes", "--accept"])
        .current_dir(project.path(""))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let script = loop {
        if let Some(id) = std::fs::read_to_string(project.path("tiny/begun")).ok().filter(|id| !id.is_empty()) {
            break id;
        }
        assert!(begun.elapsed() < Duration::from_mins(1), "the build has not begun");
        std::thread::sleep(Duration::from_millis(20));
    };
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let id = script.parse().ok().and_then(rustix::process::Pid::from_raw).unwrap();
        rustix::process::test_kill_process(id).is_err()
    });
    assert!(gone, "the build script {script} outlived Ctrl-C");
    assert!(!project.path("docs").exists());
    // And the next call finds nothing in its way.
    std::fs::remove_file(project.path("tiny/build.rs")).unwrap();
    project.run(&["sizes"]).success();
}
