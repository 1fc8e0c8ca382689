//! Crates with profiles of their own: their builds are what a person gets from Cargo, to the byte.

use crate::calls::{plain, weigh};
use serde_json::Value;
use std::fs;
use testbed::project::{Project, call, json, stderr, stdout};

/// The same small crate with these profiles.
fn with(profiles: &str) -> Project {
    let project = plain();
    project.write("Cargo.toml", &format!("{}{profiles}", project.read("Cargo.toml")));
    project
}

fn answer(project: &Project, words: &[&str]) -> Value {
    json(&weigh(project).args(words).args(["--format", "json"]).assert().success())
}

fn notes(project: &Project, words: &[&str]) -> String {
    let said = stderr(&weigh(project).args(words).assert());
    said.lines().filter(|line| line.starts_with("note: ")).fold(String::new(), |all, line| all + line + "\n")
}

/// What Cargo itself makes, as a person would call it.
fn by_cargo(project: &Project, profile: &str) -> Vec<u8> {
    let folder = project.path("by-cargo");
    let mut cargo = call(env!("CARGO"));
    cargo.args(["build", "--quiet", "--profile", profile, "--target-dir"]).arg(&folder);
    cargo.current_dir(project.path("")).assert().success();
    fs::read(folder.join(profile).join("plain")).unwrap()
}

/// The file that an answer is about.
fn file_of(project: &Project, answer: &Value) -> Vec<u8> {
    fs::read(project.path("").join(answer["file"].as_str().unwrap())).unwrap()
}

#[test]
fn without_a_word_it_is_the_crates_own_release_build_to_the_byte() {
    let project = with("[profile.release]\ndebug = 1\nopt-level = 2\ncodegen-units = 1\n");
    let own = answer(&project, &["bloat", "--sections"]);
    assert_eq!(own["profile"], "release");
    assert!(file_of(&project, &own) == by_cargo(&project, "release"), "another build than `cargo build --release`");
    let default = answer(&project, &["bloat", "--sections", "--default-release"]);
    assert_eq!(default["profile"], "release (default)");
    project.write("Cargo.toml", project.read("Cargo.toml").split("[profile").next().unwrap());
    assert!(file_of(&project, &default) == by_cargo(&project, "release"), "another build than Cargo's default");
}

#[test]
#[ignore = "builds three profiles twice: .ci/run runs it"]
fn every_profile_of_the_manifest_and_of_the_configuration_can_be_taken_apart() {
    let project = with(
        "[profile.dist]\ninherits = \"release\"\ncodegen-units = 1\n[profile.tiny]\ninherits = \"dist\"\nopt-level = \"s\"\n",
    );
    project.write(".cargo/config.toml", "[profile.field]\ninherits = \"tiny\"\npanic = \"abort\"\n");
    for profile in ["dist", "tiny", "field"] {
        let own = answer(&project, &["bloat", "--sections", "--profile", profile]);
        assert_eq!(own["profile"], profile);
        assert!(
            file_of(&project, &own) == by_cargo(&project, profile),
            "another build than `cargo build --profile {profile}`"
        );
    }
    assert_eq!(notes(&project, &["bloat", "--sections", "--profile", "dist"]), "");
}

#[test]
fn a_profile_that_only_the_tables_have_is_said_to_be_theirs() {
    let project = with("[profile.release]\nopt-level = 1\n");
    let said = notes(&project, &["bloat", "--sections", "--profile", "only-opt-level-s"]);
    let whose =
        "note: Cargo.toml has no [profile.only-opt-level-s], so the profile of that name in the size tables is used\n";
    assert!(said.starts_with(whose), "{said}");
    let compared = answer(&project, &["diff", "default-release", "release"]);
    assert_eq!((&compared["a"]["name"], &compared["b"]["name"]), (&"release (default)".into(), &"release".into()));
}

#[test]
fn a_line_that_costs_bytes_is_named_where_its_build_is_taken_apart() {
    let project = with("[profile.release]\ndebug = 1\n");
    insta::assert_snapshot!(notes(&project, &["bloat", "--sections"]), @r"
    note: Cargo.toml:6 `debug = 1`: a crate with debug information makes Cargo keep the standard library's in the file as well; `cargo weigh ladder` measures what that costs
    ");
    assert_eq!(notes(&project, &["bloat", "--sections", "--default-release"]), "");
}

#[test]
fn an_unknown_profile_is_answered_with_a_name_that_the_crate_has() {
    let project = with("[profile.field]\ninherits = \"release\"\n");
    let said = stderr(&weigh(&project).args(["bloat", "--profile", "feild"]).assert().code(2));
    assert!(said.contains("did you mean `field`?"), "{said}");
}

#[test]
fn the_default_row_passes_nothing_that_cargo_would_not() {
    let release = |profiles: &str, script: Option<&str>| -> (String, String) {
        let project = with(profiles);
        if let Some(script) = script {
            project.write("build.rs", script);
        }
        let said = stderr(&weigh(&project).args(["ladder", "--table", "none"]).assert().code(2));
        let mut folders = fs::read_dir(project.path("target/size-workshop")).unwrap();
        let written = fs::read_to_string(folders.next().unwrap().unwrap().path().join("profiles.toml")).unwrap();
        (written.split("\n\n").find(|table| table.contains("[profile.workshop-release]")).unwrap().to_owned(), said)
    };
    const UNITS: &str = "[profile.release]\ncodegen-units = 1\n";
    const SCRIPT: &str = "fn main() { println!(\"cargo:rustc-env=P={}\", std::env::var(\"PROFILE\").unwrap()); }";
    let (table, _) = release("", None);
    assert!(table.contains("inherits = \"release\"") && !table.contains("codegen-units"), "{table}");
    let (table, _) = release(UNITS, None);
    assert!(table.contains("inherits = \"dev\"") && !table.contains("codegen-units"), "{table}");
    // Where nothing else is right, the number is set back.
    let (table, _) = release(UNITS, Some(SCRIPT));
    assert!(table.contains("inherits = \"release\"") && table.contains("codegen-units = 16"), "{table}");
    let (table, _) = release(&format!("{UNITS}[profile.dev]\ncodegen-units = 1\n"), None);
    assert!(table.contains("inherits = \"release\"") && table.contains("codegen-units = 16"), "{table}");
    let (table, said) = release("[profile.release.package.plain]\nopt-level = 1\n", None);
    assert!(table.contains("inherits = \"dev\"") && !said.contains("applies to every row"), "{table} {said}");
    let both = "[profile.release.package.plain]\nopt-level = 1\n[profile.dev.package.plain]\nopt-level = 1\n";
    let (_, said) = release(both, None);
    let note = "Cargo.toml:6 sets opt-level = 1 in [profile.release.package.plain], so it applies to every row";
    assert!(said.contains(note), "{said}");
}

/// The size of the ladder's last setting, and what else is said, as data and for people.
fn ladder(project: &Project) -> (u64, Value, String) {
    let said = stdout(&weigh(project).args(["ladder", "--table", "ladder", "--format", "json"]).assert().success());
    let found = testbed::schema::document(&said);
    let rows = found["tables"][0]["rows"].as_array().unwrap();
    let last = rows.iter().rfind(|row| !row["profile"].as_str().unwrap().ends_with("(yours)")).unwrap();
    let shown = stderr(&weigh(project).args(["ladder", "--table", "ladder"]).assert().success());
    (last["bytes"].as_u64().unwrap(), found.clone(), shown)
}

/// Bytes of what `cargo build --profile dist` makes.
fn dist(project: &Project) -> u64 {
    by_cargo(project, "dist").len() as u64
}

#[test]
#[ignore = "builds ten profiles, some of them twice"]
fn the_advice_gives_the_size_that_is_shown_whatever_the_crates_own_release_sets() {
    let release = "[profile.release]\ndebug = 1\noverflow-checks = true\nincremental = true\nrpath = true\n";
    let project = with(release);
    let (bytes, _, shown) = ladder(&project);
    let (_, advice) = shown.split_once("[profile.dist]\n").unwrap();
    assert!(advice.contains("debug = false # debug = 1 in Cargo.toml:6"), "{shown}");
    project.write("Cargo.toml", &format!("{}[profile.dist]\n{advice}", project.read("Cargo.toml")));
    assert_eq!(dist(&project), bytes, "{shown}");
    let (_, _, shown) = ladder(&project);
    assert!(shown.contains("Your own [profile.dist] has every setting of the ladder"), "{shown}");
}

#[test]
#[ignore = "builds nine profiles, some of them twice"]
fn the_advice_says_what_to_change_in_a_dist_profile_that_is_there() {
    let project = with(
        "[profile.dist]\ninherits = \"release\"\nopt-level = 3\ndebug = true\nlto = \"thin\"\n[profile.dist.package.plain]\nopt-level = 3\n",
    );
    let (bytes, _, shown) = ladder(&project);
    insta::assert_snapshot!(shown.split_once("To get the row").unwrap().1);
    let mut lines: Vec<String> = project.read("Cargo.toml").lines().map(str::to_owned).collect();
    let (changes, overrides) = shown.split_once("Remove").unwrap();
    let mut added = Vec::new();
    for change in changes.lines() {
        if let Some((setting, place)) = change.split_once(" in place of ") {
            let line: usize = place.trim_end_matches(')').rsplit(':').next().unwrap().parse().unwrap();
            setting.trim().clone_into(&mut lines[line - 1]);
        } else if let Some((setting, _)) = change.split_once(" added to ") {
            added.push(setting.trim().to_owned());
        }
    }
    assert!(overrides.contains("Cargo.toml:11 (opt-level = 3 in [profile.dist.package.plain])"), "{shown}");
    let keep = lines.iter().position(|line| line.contains("package.plain")).unwrap();
    project.write("Cargo.toml", &format!("{}\n{}\n", lines[..keep].join("\n"), added.join("\n")));
    assert_eq!(dist(&project), bytes, "{shown}");
}

#[test]
#[ignore = "builds ten profiles"]
fn what_costs_most_in_a_profile_is_named_with_its_line_and_its_bytes() {
    let project = with("[profile.release]\nstrip = true\n[profile.release.package.plain]\nopt-level = 3\ndebug = 1\n");
    let (_, found, shown) = ladder(&project);
    let burdens = found["burdens"].as_array().unwrap();
    let all = burdens.first().unwrap();
    assert!(all["bytes"].as_u64().unwrap() > 10 * all["bytes_then"].as_u64().unwrap(), "{found}");
    let own = found["tables"][0]["rows"].as_array().unwrap().last().unwrap();
    assert_eq!((&own["profile"], &own["bytes"]), (&"release (yours)".into(), &all["bytes"]));
    let remedy = "with `strip = true` in [profile.release.package.plain]";
    let strip = burdens.iter().find(|burden| burden["remedy"] == remedy).unwrap();
    assert!(shown.contains("makes Cargo forget the profile's `strip`"), "{shown}");
    assert_eq!(strip["lines"][0]["place"], "Cargo.toml:9");
    // What is said is so.
    let remedied = format!("{}strip = true\n", project.read("Cargo.toml"));
    project.write("Cargo.toml", &remedied);
    assert_eq!(by_cargo(&project, "release").len() as u64, strip["bytes_then"].as_u64().unwrap());
}

#[test]
#[ignore = "builds seven profiles three times"]
fn what_a_dependencys_build_script_wrote_for_another_profile_is_not_taken() {
    let project = with("[dependencies]\npart = \"1.0.0\"\n[profile.release]\npanic = \"unwind\"\n");
    // As from a registry: Cargo takes its sources for unchanging.
    project.write(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"beside\"\n[source.beside]\ndirectory = \"vendor\"\n",
    );
    project.write("vendor/part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"1.0.0\"\nedition = \"2021\"\n");
    project.write("vendor/part/.cargo-checksum.json", "{\"files\":{}}");
    project.write("vendor/part/build.rs", "fn main() { println!(\"cargo:rerun-if-env-changed=FOO\"); let n: usize = std::env::var(\"FOO\").unwrap().parse().unwrap(); let all: Vec<String> = (0..n).map(|i| (i * 7919 % 251).to_string()).collect(); std::fs::write(std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).join(\"g.rs\"), format!(\"pub static X: [u8; {n}] = [{}];\", all.join(\",\"))).unwrap(); }\n");
    project.write("vendor/part/src/lib.rs", "include!(concat!(env!(\"OUT_DIR\"), \"/g.rs\"));\n");
    project
        .write("src/main.rs", "fn main() { println!(\"{}\", part::X[std::env::args().count() % part::X.len()]); }\n");
    let lock = "version = 4\n\n[[package]]\nname = \"part\"\nversion = \"1.0.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\nchecksum = \"0000000000000000000000000000000000000000000000000000000000000000\"\n\n[[package]]\nname = \"plain\"\nversion = \"0.1.0\"\ndependencies = [\n \"part\",\n]\n";
    project.write("Cargo.lock", lock);
    project.write(
        "vendor/part/.cargo-checksum.json",
        "{\"files\":{},\"package\":\"0000000000000000000000000000000000000000000000000000000000000000\"}",
    );
    // Cargo gives the dependency one hash in the default and in the crate's own profile.
    let sizes = |value: &str| -> Vec<u64> {
        let mut call = weigh(&project);
        let found =
            json(&call.args(["ladder", "--table", "ladder", "--format", "json"]).env("FOO", value).assert().success());
        let rows = found["tables"][0]["rows"].as_array().unwrap();
        [&rows[0], &rows[rows.len() - 1]].map(|row| row["bytes"].as_u64().unwrap()).into()
    };
    let small = sizes("1000");
    assert!(sizes("90000").iter().zip(&small).all(|(large, small)| *large > small + 80_000));
    assert_eq!(sizes("1000"), small);
}
