//! Anyone's crate: `cargo xtask sizes --manifest-path …`.

use assert_cmd::assert::Assert;
use predicates::prelude::*;
use predicates::str::contains;
use testbed::project::{Project, bytes, json, repository, rows, stderr, stdout};

/// A crate that knows nothing of the workshop.
fn crate_with(manifest: &str, source: &str) -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        &format!("[package]\nname = \"theirs\"\nversion = \"1.0.0\"\nedition = \"2021\"\n{manifest}"),
    );
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\n");
    project.write("src/main.rs", source);
    project
}

/// Measures it from a separate workshop, so that nothing that was built before is found.
fn measure(project: &Project, words: &[&str]) -> Assert {
    let workshop = Project::empty();
    workshop.write("Cargo.toml", &std::fs::read_to_string(repository().join("Cargo.toml")).unwrap());
    for member in ["word_freq", "config_tool", "xtask", "xtask/crates/weigh"] {
        workshop.write(
            &format!("{member}/Cargo.toml"),
            &format!("[package]\nname = \"{}\"\nedition = \"2024\"\n", member.rsplit('/').next().unwrap()),
        );
        workshop.write(&format!("{member}/src/main.rs"), "fn main() {}");
    }
    let manifest = project.path("Cargo.toml");
    workshop.xtask().arg("sizes").args(words).arg("--manifest-path").arg(manifest).assert()
}

#[test]
#[ignore = "builds every profile of a crate: .ci/run runs it"]
fn the_ladder_is_built_on_a_crate_that_knows_nothing_of_it_and_no_file_is_touched() {
    // Its own `dist` and `release` differ from the workshop's.
    let theirs = "[profile.release]\nopt-level = 1\nlto = true\ndebug = true\n[profile.dist]\ninherits = \"dev\"\n";
    let project = crate_with(theirs, "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); }");
    let before = project.everything();
    let document = json(&measure(&project, &["--table", "ladder", "--format", "json"]).success());
    assert_eq!(project.everything(), before);
    let labels: Vec<_> = rows(&document, "ladder").iter().map(|row| row["label"].as_str().unwrap()).collect();
    assert_eq!(
        (labels[0], labels[5], labels[6]),
        ("release (default)", "+ strip = true", "your own [profile.release]")
    );
    let bytes = bytes(&document, "ladder");
    assert!(bytes[0] < 1_000_000, "the first row is Cargo's default, without their debug info: {bytes:?}");
    assert!(bytes[5] * 10 < bytes[0] * 7, "the ladder saves 30 %: {bytes:?}");
    assert!(bytes[6] > bytes[0], "their own profile keeps debug info: {bytes:?}");
    assert_eq!(rows(&document, "ladder")[0]["output_ok"], serde_json::Value::Null);
    assert_eq!(rows(&document, "ladder")[0]["committed_bytes"], serde_json::Value::Null);
}

#[test]
#[ignore = "builds every profile of a crate: .ci/run runs it"]
fn a_proc_macro_and_a_build_script_with_c_are_built_for_every_profile() {
    let project = Project::empty();
    project.write("Cargo.toml", "[package]\nname = \"theirs\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[dependencies]\nshout = { path = \"shout\" }\n[workspace]\n");
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"shout\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"theirs\"\nversion = \"1.0.0\"\ndependencies = [\n \"shout\",\n]\n");
    project.write(
        "shout/Cargo.toml",
        "[package]\nname = \"shout\"\nversion = \"1.0.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
    );
    project.write("shout/src/lib.rs", "use proc_macro::TokenStream;\n#[proc_macro]\npub fn shout(_: TokenStream) -> TokenStream { \"\\\"HELLO\\\"\".parse().unwrap() }\n");
    let c = cfg!(unix);
    let call = if c {
        "extern \"C\" { fn answer() -> i32; }\nfn main() { println!(\"{} {}\", shout::shout!(), unsafe { answer() }); }"
    } else {
        "fn main() { println!(\"{} 42\", shout::shout!()); }"
    };
    project.write("src/main.rs", call);
    project.write("answer.c", "int answer(void) { return 42; }\n");
    let script = "use std::process::Command;\nfn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    let run = |program: &str, args: &[&str]| assert!(Command::new(program).args(args).current_dir(&out).status().unwrap().success());\n    let source = format!(\"{}/answer.c\", std::env::var(\"CARGO_MANIFEST_DIR\").unwrap());\n    run(\"cc\", &[\"-c\", &source, \"-o\", \"answer.o\"]);\n    run(\"ar\", &[\"rcs\", \"libanswer.a\", \"answer.o\"]);\n    println!(\"cargo:rustc-link-search=native={out}\");\n    println!(\"cargo:rustc-link-lib=static=answer\");\n}\n";
    if c {
        project.write("build.rs", script);
    }
    let document = json(&measure(&project, &["--table", "s-z-3", "--run", "", "--format", "json"]).success());
    assert!(rows(&document, "s-z-3").iter().all(|row| row["output_ok"] == true), "{document}");
}

#[test]
#[ignore = "builds every profile of a crate: .ci/run runs it"]
fn with_run_a_profile_that_changes_the_program_fails() {
    let source = "fn main() { assert_eq!(std::env::args().nth(1).as_deref(), Some(\"two words\")); println!(\"{}\", cfg!(panic = \"unwind\")); }";
    let project = crate_with("", source);
    let assert = measure(&project, &["--table", "ladder", "--run", "'two words' --flag"]).code(1);
    let message = stderr(&assert);
    assert!(
        message.contains("theirs built with the profile `ladder-4-panic-abort` doesn't behave as expected"),
        "{message}"
    );
    assert!(message.contains("expected, exit code 0:\n  | true\ngot, exit code 0:\n  | false"), "{message}");
    assert!(!message.contains("`ladder-3-codegen-units-1` doesn't"), "{message}");
}

#[test]
#[ignore = "takes long: .ci/run runs it"]
fn a_workspace_member_is_chosen_by_its_manifest_or_by_name() {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "[workspace]\nresolver = \"2\"\nmembers = [\"one\", \"two\", \"lib\"]\n[profile.release]\nstrip = true\n",
    );
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"lib\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"one\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"two\"\nversion = \"1.0.0\"\n");
    for name in ["one", "two", "lib"] {
        project.write(
            &format!("{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
        );
    }
    project.write("one/src/main.rs", "fn main() {}");
    project.write("two/src/bin/a.rs", "fn main() {}");
    project.write("two/src/bin/b.rs", "fn main() {}");
    project.write("lib/src/lib.rs", "");
    measure(&project, &[]).code(2).stderr(
        contains("there are several binaries: a (package two), b (package two), one (package one)")
            .or(contains("one (package one), a (package two), b (package two)"))
            .and(contains("--bin NAME")),
    );
    measure(&project, &["--package", "lib"]).code(2).stderr(contains("lib builds no program").and(contains("help: ")));
    measure(&project, &["--package", "three"]).code(2).stderr(contains("there is no package `three`"));
    measure(&project, &["--bin", "c"])
        .code(2)
        .stderr(contains("there is no binary `c`").and(contains("the binaries are")));
    let document = json(&measure(&project, &["--bin", "b", "--table", "ladder", "--format", "json"]).success());
    assert_eq!(document["tables"][0]["program"], "b");
    let bytes = bytes(&document, "ladder");
    assert!(bytes[0] > bytes[6], "the first row has their symbols, although their root manifest strips: {bytes:?}");
}

#[test]
fn other_targets_than_binaries_are_measured_and_need_a_crate_of_ones_own() {
    let project = crate_with("", "fn main() {}");
    project.write("examples/theirs.rs", "fn main() { println!(\"example\"); }");
    let words = ["--example", "theirs", "--table", "s-z-3", "--format", "json"];
    let document = json(&measure(&project, &words).success());
    assert_eq!(document["tables"][0]["program"], "theirs (example)");
    measure(&project, &["--example", "other"]).code(2).stderr(contains("there is no example `other`"));
    measure(&project, &["--lib"]).code(2).stderr(contains("it has --bin theirs, --example theirs"));
    measure(&project, &["--budget", "--bench", "b"]).code(2).stderr(contains("cannot be used with"));
    let workshop = Project::plain_workshop();
    workshop.xtask().args(["sizes", "--example", "x"]).assert().code(2).stderr(contains("--manifest-path"));
}

#[test]
fn a_missing_lockfile_is_not_written() {
    let project = crate_with("", "fn main() {}");
    std::fs::remove_file(project.path("Cargo.lock")).unwrap();
    let before = project.everything();
    measure(&project, &["--table", "strip"])
        .success()
        .stderr(contains("Cargo.lock: measured with a generated one").and(contains("cargo generate-lockfile")));
    assert_eq!(project.everything(), before);
}

#[test]
fn a_manifest_that_is_missing_or_malformed_is_exit_code_2() {
    let project = crate_with("[profile.release]\nopt-level = \"Z\"\n", "fn main() {}");
    measure(&project, &[])
        .code(2)
        .stderr(contains("Cargo.toml").and(contains("must be `0`, `1`, `2`, `3`, `s` or `z`")));
    Project::plain_workshop()
        .run(&["sizes", "--manifest-path", "no/Cargo.toml"])
        .code(2)
        .stderr(contains("can't find no/Cargo.toml"));
    Project::plain_workshop()
        .run(&["sizes", "--manifest-path", "tiny/src/main.rs"])
        .code(2)
        .stderr(contains("isn't a Cargo.toml"));
}

#[test]
fn code_that_does_not_compile_is_exit_code_1_with_rustcs_words() {
    let project = crate_with("", "fn main() { nowhere(); }");
    measure(&project, &["--table", "ladder"])
        .code(1)
        .stderr(contains("error[E0425]").and(contains("src/main.rs:1:13")));
}

#[test]
#[ignore = "takes long: .ci/run runs it"]
fn features_are_passed_on() {
    let source = "fn main() { println!(\"{}\", cfg!(feature = \"big\")); }";
    let project = crate_with("[features]\nbig = []\n", source);
    let small = measure(&project, &["--table", "s-z-3", "--features", "big", "--run", ""]).success();
    let text = stdout(&small);
    assert!(text.contains("theirs: s, z or 3"), "{text}");
    assert!(
        stderr(&small).contains("[profile.dist]\ninherits = \"release\"\nopt-level = \"z\"\nlto = true\n"),
        "{}",
        stderr(&small)
    );
    measure(&project, &["--features", "bigg"]).code(2).stderr(contains("bigg"));
}
