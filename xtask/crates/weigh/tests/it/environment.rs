//! What is set in the shell of a crate's owner: their own `cargo build` follows it, so the measurement does as well, and says so.

use crate::calls::{plain, weigh};
use testbed::project::{Project, call, json, stderr, stdout};

#[test]
#[ignore = "builds a crate several times: .ci/run runs it"]
fn the_build_is_the_one_that_cargo_makes_in_this_shell() {
    let project = plain();
    let variables = [
        ("RUSTFLAGS", "-C force-frame-pointers=yes"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"),
        ("RUSTC_WRAPPER", "env"),
    ];
    let mut ours = weigh(&project);
    let ours = ours.envs(variables).args(["bloat", "--sections", "--format", "json"]).assert().success();
    let notes: Vec<String> =
        stderr(&ours).lines().filter(|line| line.contains(" is set in your ")).map(str::to_owned).collect();
    insta::assert_snapshot!(notes.join("\n"), @r"
    note: CARGO_PROFILE_RELEASE_OPT_LEVEL is set in your environment (`z`): part of your own profile, as in your own `cargo build`
    note: RUSTFLAGS is set in your environment (`-C force-frame-pointers=yes`): every build here uses it, as your own `cargo build` does
    ");
    let built = |folder: &str, with: bool| {
        let mut cargo = call("cargo");
        cargo.current_dir(project.path("")).args(["build", "--release", "--target-dir"]).arg(project.path(folder));
        if with {
            cargo.envs(variables);
        }
        cargo.assert().success();
        std::fs::read(project.path(folder).join("release/plain")).unwrap()
    };
    let (theirs, bare) = (built("with", true), built("without", false));
    assert_ne!(theirs, bare);
    let file = project.path(json(&ours)["file"].as_str().unwrap());
    assert!(std::fs::read(file).unwrap() == theirs, "not the bytes of `cargo build --release`");
}

/// Without the sources of std, which rustup doesn't install by itself.
#[test]
fn build_std_is_followed_and_a_missing_component_is_named() {
    let rustc = |words: &[&str]| stdout(&call("rustc").args(words).assert().success());
    let version = rustc(&["-vV"]);
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let sources = std::path::Path::new(rustc(&["--print", "sysroot"]).trim()).join("lib/rustlib/src/rust/library");
    let project: Project = plain();
    project.write(".cargo/config.toml", &format!("[unstable]\nbuild-std = [\"std\"]\n[build]\ntarget = \"{host}\"\n"));
    let said = |variables: &[(&str, &str)], code: i32| {
        let words = ["bloat", "--sections"];
        stderr(&weigh(&project).envs(variables.iter().copied()).args(words).assert().code(code))
    };
    let ignored = said(&[], 0);
    assert!(
        ignored.contains("config.toml:2 sets unstable.build-std = [\"std\"]: a nightly toolchain, or "),
        "{ignored}"
    );
    if !sources.exists() {
        let missing = said(&[("RUSTC_BOOTSTRAP", "1")], 3);
        assert!(missing.contains("config.toml:2 sets unstable.build-std = [\"std\"]: std is built with"), "{missing}");
        assert!(missing.contains("`rustup component add rust-src`"), "{missing}");
    }
}
