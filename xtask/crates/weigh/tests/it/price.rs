//! `cargo weigh price`: the list, its programs, what they cost, and that each of them does what its row is about.

use crate::calls::{plain, weigh};
use serde_json::Value;
use std::fs;
use testbed::project::{call, json, stderr, stdout};

fn rows(document: &Value) -> &[Value] {
    document["rows"].as_array().unwrap()
}

fn bytes(document: &Value, name: &str) -> i64 {
    let row = rows(document).iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name}: {document:#}"));
    row["bytes"].as_i64().unwrap()
}

#[test]
fn the_list_and_its_programs_are_shown_without_a_build() {
    let project = plain();
    let listed = json(&weigh(&project).args(["price", "--list", "--format", "json"]).assert().success());
    assert!(rows(&listed).len() >= 40 && listed["empty_bytes"].is_null(), "{listed:#}");
    let assert = weigh(&project).args(["price", "--source", "each-unwrap", "print-f64"]).assert().success();
    insta::assert_snapshot!(stdout(&assert), @r#"
    // print-f64: print a floating-point number
    use std::hint::black_box;

    fn main() {
        println!("{}", black_box(0.1_f64));
    }

    // each-unwrap: an unwrap of an Option, in place of unwrap_or(0)
    use std::hint::black_box;

    fn main() {
        black_box(black_box(Some(0_u32)).unwrap());
    }
    "#);
    let said = stderr(&weigh(&project).args(["price", "print-f46"]).assert().code(2));
    assert!(said.contains("the price list has no row `print-f46`"), "{said}");
    assert!(said.contains("did you mean `print-f64`?"), "{said}");
    assert!(!project.path("target").exists(), "something was built");
}

#[test]
fn a_price_is_what_a_person_would_measure_and_is_kept() {
    let project = plain();
    let price = || {
        let mut weigh = weigh(&project);
        weigh.args(["price", "print-text", "hash-map", "each-expect", "--format", "json"]);
        weigh
    };
    let found = json(&price().assert().success());
    // By hand: two programs, built with the same profile.
    let mut by_hand = [0, 0];
    for (index, name) in ["", "print-text"].into_iter().enumerate() {
        let source = match name {
            "" => "fn main() {}\n".to_owned(),
            _ => stdout(&weigh(&project).args(["price", "--source", name]).assert().success()),
        };
        project.write("src/main.rs", &source);
        call("cargo").args(["build", "--release", "--quiet"]).current_dir(project.path("")).assert().success();
        by_hand[index] = i64::try_from(fs::metadata(project.path("target/release/plain")).unwrap().len()).unwrap();
    }
    // The program's name is in its symbols.
    let [empty, printing] = by_hand;
    let (mine, theirs) = (printing - empty, bytes(&found, "print-text"));
    assert!((mine - theirs).abs() <= 64, "{mine} by hand, {theirs} by price: {found:#}");
    assert!(bytes(&found, "hash-map") > bytes(&found, "each-expect"), "{found:#}");
    assert!((20..400).contains(&bytes(&found, "each-expect")), "{found:#}");
    // What was built is not built again: no Cargo is needed for it.
    let again = price().assert().success();
    assert_eq!(json(&again), found);
    let took = stderr(&again).lines().filter(|line| line.starts_with("built ")).all(|line| line.ends_with("(0.0 s)"));
    assert!(took, "{}", stderr(&again));
}

#[test]
fn a_second_thing_that_shares_code_is_cheaper() {
    let project = plain();
    let found = json(&weigh(&project).args(["price", "text-and-int", "--format", "json"]).assert().success());
    let row = &rows(&found)[0];
    assert!(row["bytes"].as_i64() < row["apart_bytes"].as_i64(), "{row:#}");
}

/// What runs, with its symbols.
#[cfg(target_os = "linux")]
fn built(project: &testbed::project::Project, source: &str) -> (std::path::PathBuf, Vec<(String, String, u64)>) {
    project.write("src/main.rs", source);
    call("cargo").args(["build", "--release", "--quiet"]).current_dir(project.path("")).assert().success();
    let file = project.path("target/release/plain");
    let mut bloat = weigh(project);
    bloat.args(["bloat", "--format", "json", "--file"]).arg(&file);
    let found = json(&bloat.assert().success());
    let functions = found["functions"].as_array().unwrap_or_else(|| panic!("{found:#}")).iter().map(|function| {
        let text = |key: &str| function[key].as_str().unwrap_or_default().to_owned();
        (text("name"), text("crate"), function["bytes"].as_u64().unwrap())
    });
    let functions = functions.collect();
    (file, functions)
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "builds every program of the price list: .ci/run runs it"]
fn every_row_does_what_it_is_about() {
    let project = plain();
    let settings =
        "[profile.release]\nopt-level = \"z\"\nlto = true\ncodegen-units = 1\npanic = \"abort\"\nstrip = false\n";
    project.write("Cargo.toml", &(project.read("Cargo.toml") + settings));
    let listed = json(&weigh(&project).args(["price", "--list", "--format", "json"]).assert().success());
    let own = |functions: &[(String, String, u64)]| -> u64 {
        functions.iter().filter(|(_, krate, _)| krate == "plain").map(|(.., bytes)| bytes).sum()
    };
    let (_, empty) = built(&project, "fn main() {}\n");
    let mut wrong = Vec::new();
    for row in rows(&listed).iter().filter(|row| row["kind"] != "together") {
        let name = row["name"].as_str().unwrap();
        let (file, functions) = built(&project, row["source"].as_str().unwrap());
        let output = call(&file).current_dir(project.path("")).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || printed != row["prints"].as_str().unwrap_or_default() {
            wrong.push(format!("{name}: {} and {printed:?}", output.status));
        }
        let has =
            |functions: &[(String, String, u64)], part: &str| functions.iter().any(|(name, ..)| name.contains(part));
        if let Some(part) = row["keeps"].as_str() {
            let new: Vec<&String> = functions.iter().map(|(name, ..)| name).filter(|name| !has(&empty, name)).collect();
            if has(&empty, part) || !has(&functions, part) {
                wrong.push(format!("{name}: `{part}` (empty: {}); it has these: {new:?}", has(&empty, part)));
            }
        }
        if row["own"] == true && own(&functions) < own(&empty) + 8 {
            wrong.push(format!("{name}: {} bytes of its own, an empty one {}", own(&functions), own(&empty)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
