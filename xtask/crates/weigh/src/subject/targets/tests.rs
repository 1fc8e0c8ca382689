//! Which target is meant, on literal metadata.

use super::*;
use crate::options::CrateType;
use std::path::PathBuf;

/// The metadata of packages, each with a line for each target: kinds, name, required features.
fn metadata(packages: &[(&str, &str, &[&str])]) -> Metadata {
    let package = |(name, more, targets): &(&str, &str, &[&str])| {
        let target = |line: &&str| {
            let mut words = line.split(' ');
            let kinds: Vec<&str> = words.next().unwrap().split(',').collect();
            let name = words.next().unwrap();
            let required: Vec<&str> = words.collect();
            let types = match kinds[0] {
                "bin" | "example" | "test" | "bench" | "custom-build" => vec!["bin"],
                _ => kinds.clone(),
            };
            serde_json::json!({"kind": kinds, "crate_types": types, "name": name, "required-features": required})
        };
        let targets: Vec<_> = targets.iter().map(target).collect();
        let mut package = serde_json::json!({
            "name": name, "id": format!("path+file:///w/{name}#0.1.0"), "manifest_path": format!("/w/{name}/Cargo.toml"),
            "targets": targets, "dependencies": []
        });
        let more: serde_json::Value = serde_json::from_str(more).unwrap();
        package.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        package
    };
    let packages: Vec<_> = packages.iter().map(package).collect();
    serde_json::from_value(serde_json::json!({
        "packages": packages, "workspace_root": "/w", "target_directory": "/w/target", "build_directory": null
    }))
    .unwrap()
}

/// What is chosen, with the notes; or the message and the help.
fn chosen(metadata: &Metadata, options: &options::Subject) -> String {
    match choose(metadata, &PathBuf::from("/w/Cargo.toml"), options) {
        Ok(Choice { targets, notes, .. }) => {
            let labels = targets.iter().map(|(package, wanted)| format!("{}: {}", package.name, wanted.label()));
            labels.chain(notes.into_iter().map(|note| format!("note: {note}"))).collect::<Vec<_>>().join("\n")
        }
        Err(error) => {
            let failure = base::failure::failure_of(&error);
            assert_eq!(failure.exit, Exit::Usage);
            format!("error: {}\nhelp: {}", failure.message, failure.help.unwrap_or_default())
        }
    }
}

fn any() -> options::Subject {
    options::Subject::default()
}

fn bin(name: &str) -> options::Subject {
    options::Subject { bin: vec![name.to_owned()], ..any() }
}

#[test]
fn of_several_binaries_default_run_is_taken_as_by_cargo_run() {
    let two = ["bin a-tool", "bin helper"];
    insta::assert_snapshot!(chosen(&metadata(&[("p", "{}", &two)]), &any()), @r"
    error: there are several binaries: a-tool (package p), helper (package p)
    help: choose one with --bin NAME (and --package NAME)
    ");
    let default = metadata(&[("p", r#"{"default_run": "a-tool"}"#, &two)]);
    insta::assert_snapshot!(chosen(&default, &any()), @r"
    p: a-tool
    note: `a-tool` is measured, the crate's `default-run`; others are chosen with --bin: helper
    ");
    assert_eq!(chosen(&default, &bin("helper")), "p: helper");
    let both = options::Subject { bin: vec!["helper".into(), "a-tool".into(), "helper".into()], ..any() };
    assert_eq!(chosen(&default, &both), "p: helper\np: a-tool", "each once, in this order");
    insta::assert_snapshot!(chosen(&default, &bin("a_tool")), @r"
    error: there is no binary `a_tool`
    help: did you mean `a-tool`?
    ");
}

#[test]
fn a_binary_whose_features_are_off_is_left_out_and_says_what_it_needs_when_named() {
    let features =
        r#"{"features": {"default": ["cli"], "cli": ["dep:clap"], "dev": ["extra/deep"], "extra": ["dep:extra"]}}"#;
    let found = metadata(&[("p", features, &["bin main cli", "bin bench dev extra"])]);
    assert_eq!(chosen(&found, &any()), "p: main");
    insta::assert_snapshot!(chosen(&found, &bin("bench")), @r"
    error: the binary `bench` needs features that are off: dev, extra
    help: add --features dev,extra
    ");
    let with = |features: &str| options::Subject { features: vec![features.to_owned()], ..bin("bench") };
    assert_eq!(chosen(&found, &with("dev")), "p: bench", "`extra/deep` switches `extra` on");
    assert_eq!(chosen(&found, &with("p/dev")), "p: bench");
    assert_eq!(chosen(&found, &options::Subject { all_features: true, ..bin("bench") }), "p: bench");
    let off = options::Subject { no_default_features: true, ..any() };
    insta::assert_snapshot!(chosen(&found, &off), @r"
    error: every binary needs a feature that is off: main needs cli; bench needs dev, extra
    help: switch one on with --features, and choose with --bin NAME
    ");
}

#[test]
fn one_name_may_be_a_binary_an_example_and_a_test() {
    let found =
        metadata(&[("p", "{}", &["bin x", "example x", "test x", "bench y", "custom-build build-script-build"])]);
    assert_eq!(chosen(&found, &any()), "p: x");
    let example = options::Subject { example: vec!["x".into()], ..any() };
    assert_eq!(chosen(&found, &example), "p: x (example)");
    let test = chosen(&found, &options::Subject { test: vec!["x".into()], ..any() });
    assert!(test.starts_with("p: x (test)\nnote: `x` holds the test harness"), "{test}");
    insta::assert_snapshot!(chosen(&found, &bin("y")), @r"
    error: there is no binary `y`
    help: `y` is one of the benchmarks: --bench y
    ");
    insta::assert_snapshot!(chosen(&found, &bin("build-script-build")), @r"
    error: there is no binary `build-script-build`
    help: a build script runs while the crate is built, and none of it ends up in a program: there's nothing to measure
    ");
    insta::assert_snapshot!(chosen(&found, &options::Subject { lib: true, ..any() }), @r"
    error: p has no library
    help: leave --lib out; it has --bin x, --example x, --test x, --bench y
    ");
    let none = metadata(&[("p", "{}", &["bin x"])]);
    insta::assert_snapshot!(chosen(&none, &options::Subject { example: vec!["far".into()], ..any() }), @r"
    error: there is no example `far`
    help: p has no examples; it has --bin x
    ");
}

#[test]
fn two_packages_may_have_a_binary_of_the_same_name() {
    let found = metadata(&[("a", "{}", &["bin tool"]), ("b", "{}", &["bin tool", "bin other"])]);
    insta::assert_snapshot!(chosen(&found, &bin("tool")), @r"
    error: several packages have the binary `tool`: tool (package a), tool (package b)
    help: choose one with --package NAME
    ");
    assert_eq!(chosen(&found, &options::Subject { package: Some("b".into()), ..bin("tool") }), "b: tool");
    insta::assert_snapshot!(chosen(&found, &options::Subject { package: Some("bb".into()), ..any() }), @r"
    error: there is no package `bb` in this workspace
    help: its packages are a, b
    ");
}

#[test]
fn a_workspace_alone_means_its_default_members() {
    let mut found = metadata(&[("a", "{}", &["bin a"]), ("b", "{}", &["bin b"])]);
    found.workspace_default_members = vec![found.packages[1].id.clone()];
    assert_eq!(chosen(&found, &any()), "b: b");
}

#[test]
fn a_library_is_measured_if_it_is_a_file() {
    let lib = || options::Subject { lib: true, ..any() };
    let found = metadata(&[("p", "{}", &["cdylib my_p"])]);
    insta::assert_snapshot!(chosen(&found, &any()), @r"
    p: my_p (cdylib)
    note: p builds no program: its library is measured, as with --lib
    ");
    assert_eq!(chosen(&found, &lib()), "p: my_p (cdylib)");
    let found = metadata(&[("p", "{}", &["staticlib,cdylib,rlib my_p", "bin p"])]);
    assert_eq!(chosen(&found, &any()), "p: p");
    let by_type = |lib| options::Subject { crate_type: Some(CrateType::Staticlib), lib, ..any() };
    assert_eq!(chosen(&found, &by_type(false)), chosen(&found, &by_type(true)), "only a library has forms");
    insta::assert_snapshot!(chosen(&found, &lib()));
    insta::assert_snapshot!(chosen(&found, &options::Subject { crate_type: Some(CrateType::Staticlib), ..lib() }));
    insta::assert_snapshot!(chosen(&found, &options::Subject { crate_type: Some(CrateType::Dylib), ..lib() }), @r"
    error: `my_p` isn't built as a dylib: its crate-type is staticlib, cdylib, rlib
    help: add it to `crate-type` in p's Cargo.toml, or leave --crate-type out
    ");
}

#[test]
fn a_library_for_rust_alone_names_its_examples() {
    let found = metadata(&[("p", "{}", &["lib p", "example one", "example two"])]);
    insta::assert_snapshot!(chosen(&found, &any()), @r"
    error: p builds no program: a library for other Rust crates has no executable to measure
    help: measure one of its examples (one, two) with --example NAME, or a program that uses the library: pass its Cargo.toml with --manifest-path, or its name with --package
    ");
    let macros = metadata(&[("p", "{}", &["proc-macro p", "test t"])]);
    assert_eq!(chosen(&macros, &any()), chosen(&macros, &options::Subject { lib: true, ..any() }));
    insta::assert_snapshot!(chosen(&macros, &any()), @r"
    error: p is a procedural macro: it runs inside the compiler, and no program contains it
    help: measure a program that uses the macro: the generated code is part of that program
    ");
}

#[test]
fn a_library_is_not_run() {
    let found = metadata(&[("p", "{}", &["cdylib p"])]);
    let targets = choose(&found, Path::new("/w/Cargo.toml"), &any()).unwrap().targets;
    let error = programs(targets, Some("--help")).unwrap_err();
    assert_eq!(error.to_string(), "--run starts a program, and p (cdylib) isn't one");
}

#[test]
fn the_configured_target_is_a_string_or_a_list() {
    let of = |text: &str| {
        let settings = configuration::tests::of(text);
        targets_of(settings.iter().find(|setting| setting.key == "build.target").unwrap())
    };
    assert_eq!(of("[build]\ntarget = \"a-b-c\"\n"), ["a-b-c"]);
    assert_eq!(of("[build]\ntarget = [\n  'a-b-c',\n  \"d\", # two\n]\n"), ["a-b-c", "d"]);
    assert_eq!(name_of("targets/own-none.json"), "own-none");
    assert_eq!(name_of("thumbv7em-none-eabi"), "thumbv7em-none-eabi");
}
