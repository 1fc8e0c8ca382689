//! A build that fails because of the machine is never the learner's failure, and a missing toolchain doesn't end a
//! check.

use predicates::prelude::PredicateBooleanExt as _;
use predicates::str::contains;
use testbed::course::QUICK_PROFILE;
use testbed::project::{Project, json, stderr, stdout};

#[test]
fn what_no_build_on_this_machine_survives_is_exit_code_3_and_named() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    for (name, value) in [
        ("CARGO_BUILD_JOBS", "0"),
        ("CARGO_BUILD_JOBS", "many"),
        ("RUST_MIN_STACK", "abc"),
        ("COMPILER_PATH", "/nonexistent"),
        ("GCC_EXEC_PREFIX", "/nonexistent"),
        ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "false"),
    ] {
        // A build from scratch is what fails.
        let _ = std::fs::remove_dir_all(project.path("target/check"));
        let _ = std::fs::remove_dir_all(project.path("exercises/ex1/target"));
        let assert = project.xtask().args(["check", "ex1"]).env(name, value).assert();
        // A C compiler may find its parts on its own, and not every machine has this target.
        if assert.get_output().status.code() == Some(0) {
            assert!(!name.starts_with("CARGO_BUILD") && name != "RUST_MIN_STACK", "{name}");
            continue;
        }
        let assert = assert.code(3).stdout(contains("of 10 points").not());
        let text = stderr(&assert);
        assert!(text.contains(name) && text.contains(value) && !text.contains("build/failed"), "{name}: {text}");
        // The same where the course's build is known already, so that only the learner's is made.
        let _ = project.run(&["check", "ex1"]).success();
        let _ = std::fs::remove_dir_all(project.path("exercises/ex1/target"));
        let text = stderr(&project.xtask().args(["check", "ex1"]).env(name, value).assert().code(3));
        assert!(text.contains(name) && !text.contains("build/failed"), "{name}: {text}");
    }
}

#[test]
fn a_toolchain_that_is_not_installed_is_set_aside() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    for file in ["[toolchain]\nchannel = \"1.60.0\"\n", "[toolchain]\nchannel = 7\n"] {
        project.write("exercises/ex1/rust-toolchain.toml", file);
        for folder in ["", "exercises/ex1", "exercises"] {
            let mut call = project.xtask();
            call.args(["check", "ex1"]).current_dir(project.path(folder));
            // As when `target/debug/xtask` is called directly: nothing has chosen a toolchain yet.
            for name in ["RUSTUP_TOOLCHAIN", "CARGO"] {
                call.env_remove(name);
            }
            let assert = call.env("RUSTUP_AUTO_INSTALL", "0").assert().success();
            assert!(stdout(&assert).contains("10 of 10 points"), "{folder}");
            let text = stderr(&assert);
            assert!(text.contains("warning[toolchain/not-pinned]") && text.contains("rustup show"), "{folder}: {text}");
        }
    }
    let mut call = project.xtask();
    call.args(["check", "ex1", "--format", "json"]).env("RUSTUP_TOOLCHAIN", "1.60.0").env("RUSTUP_AUTO_INSTALL", "0");
    let document = json(&call.env_remove("CARGO").assert().success());
    assert!(document.to_string().contains("toolchain/not-pinned"), "{document:#}");
}
