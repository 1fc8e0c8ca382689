//! Manifests as people write them: every problem has a code, a line, and a next step, and reports what Cargo would do.
//! What the rules say about Cargo is tested with the real Cargo.

use std::collections::BTreeSet;
use testbed::course::{STARTER, codes, verdict};
use testbed::project::{Project, call, json, stderr};

/// What Cargo does with a manifest.
#[derive(Debug, PartialEq)]
enum Cargo {
    /// It builds and says nothing.
    Silent,
    /// It builds and warns.
    Warns,
    /// It fails.
    Refuses,
}

use Cargo::{Refuses, Silent, Warns};

/// A manifest below the fresh one, the code and the line that it must get, and what Cargo does with it.
const MANIFESTS: &[(&str, &str, &str, u64, Cargo)] = &[
    ("misspelled-key", "[profile.release]\nopt-levl = \"z\"\n", "profile/misspelled-key", 10, Warns),
    ("key-with-underscore", "[profile.release]\nopt_level = \"z\"\n", "profile/misspelled-key", 10, Warns),
    ("wrong-table", "[profile.dev]\nopt-level = \"z\"\nlto = true\nstrip = true\n", "profile/wrong-table", 9, Silent),
    (
        "under-package",
        "[package.metadata.x]\na = 1\n[profile.release.package.tiny]\nlto = true\n",
        "profile/wrong-table",
        12,
        Refuses,
    ),
    ("under-dependencies", "[dependencies]\nlto = true\n", "profile/wrong-table", 10, Refuses),
    ("directly-under-profile", "[profile]\nlto = true\n", "profile/wrong-table", 10, Refuses),
    ("profiles", "[profiles.release]\nopt-level = \"z\"\n", "profile/unknown-table", 9, Warns),
    (
        "profiles-beside-release",
        "[profile.release]\nopt-level = \"z\"\n\n[profiles.release]\nlto = true\n",
        "profile/unknown-table",
        12,
        Warns,
    ),
    ("release-alone", "[release]\nopt-level = \"z\"\n", "profile/unknown-table", 9, Warns),
    ("quoted-table", "[\"profile.release\"]\nlto = true\n", "profile/unknown-table", 9, Warns),
    ("misspelled-profile", "[profile.relase]\nopt-level = \"z\"\n", "profile/unknown-table", 9, Refuses),
    (
        "misspelled-profile-that-inherits",
        "[profile.relase]\ninherits = \"release\"\nopt-level = \"z\"\nlto = true\nstrip = true\n",
        "profile/unknown-table",
        9,
        Silent,
    ),
    ("no-inherits", "[profile.dist]\nlto = true\n", "profile/no-inherits", 9, Refuses),
    ("unknown-parent", "[profile.dist]\ninherits = \"relese\"\n", "profile/wrong-value", 10, Refuses),
    ("root-that-inherits", "[profile.release]\ninherits = \"dev\"\n", "profile/wrong-value", 10, Refuses),
    ("cycle", "[profile.a]\ninherits = \"b\"\n[profile.b]\ninherits = \"a\"\n", "profile/inherits-cycle", 10, Refuses),
    ("reserved-debug", "[profile.debug]\nopt-level = \"z\"\n", "profile/reserved-name", 9, Refuses),
    ("reserved-build", "[profile.build]\ninherits = \"release\"\n", "profile/reserved-name", 9, Refuses),
    ("reserved-package", "[profile.package.tiny]\nopt-level = \"z\"\n", "profile/reserved-name", 9, Refuses),
    ("list-of-tables", "[[profile.release]]\nopt-level = \"z\"\n", "profile/unknown-table", 9, Refuses),
    ("profile-in-a-profile", "[profile.release.dist]\nopt-level = \"z\"\n", "profile/misspelled-key", 9, Warns),
    ("packages", "[profile.release.packages.tiny]\nopt-level = \"z\"\n", "profile/misspelled-key", 9, Warns),
    ("star", "[profile.release.package.*]\nopt-level = \"z\"\n", "manifest/syntax", 9, Refuses),
    ("unquoted", "[profile.release]\nopt-level = z\n", "profile/wrong-type", 10, Refuses),
    ("quoted-number", "[profile.release]\nopt-level = \"3\"\n", "profile/wrong-type", 10, Refuses),
    ("quoted-true", "[profile.release]\nlto = \"true\"\n", "profile/wrong-type", 10, Refuses),
    ("strip-yes", "[profile.release]\nstrip = \"yes\"\n", "profile/wrong-value", 10, Refuses),
    ("lto-yes", "[profile.release]\nlto = \"yes\"\n", "profile/wrong-value", 10, Silent),
    ("capital-true", "[profile.release]\nlto = True\n", "profile/wrong-type", 10, Refuses),
    ("quoted-units", "[profile.release]\ncodegen-units = \"1\"\n", "profile/wrong-type", 10, Refuses),
    ("capital-z", "[profile.release]\nopt-level = \"Z\"\n", "profile/wrong-value", 10, Refuses),
    ("opt-level-4", "[profile.release]\nopt-level = 4\n", "profile/wrong-value", 10, Refuses),
    ("lto-fast", "[profile.release]\nlto = \"fast\"\n", "profile/wrong-value", 10, Refuses),
    ("no-units", "[profile.release]\ncodegen-units = 0\n", "profile/wrong-value", 10, Refuses),
    ("panic-abrt", "[profile.release]\npanic = \"abrt\"\n", "profile/wrong-value", 10, Refuses),
    ("nightly-key", "[profile.release]\ntrim-paths = \"all\"\n", "profile/wrong-value", 10, Refuses),
    (
        "valid-but-not-wanted",
        "[profile.release]\nopt-level = 2\nlto = \"thin\"\nstrip = false\n",
        "profile/wrong-value",
        10,
        Silent,
    ),
    (
        "duplicate-key",
        "[profile.release]\nlto = true\nopt-level = 3\nlto = true\n",
        "profile/duplicate-key",
        12,
        Refuses,
    ),
    (
        "duplicate-table",
        "[profile.release]\nlto = true\n\n[profile.release]\nstrip = true\n",
        "profile/duplicate-key",
        12,
        Refuses,
    ),
    ("colon", "[profile.release]\nopt-level: \"z\"\n", "manifest/syntax", 10, Refuses),
    ("open-table", "[profile.release\nlto = true\n", "manifest/syntax", 9, Refuses),
    ("open-string", "[profile.release]\nopt-level = \"z\n", "manifest/syntax", 10, Refuses),
    ("missing-setting", "[profile.release]\nopt-level = \"z\"\n", "profile/missing-setting", 9, Silent),
    ("smart-quotes", "[profile.release]\nopt-level = “z”\n", "profile/wrong-type", 10, Refuses),
    ("inherit", "[profile.dist]\ninherit = \"release\"\nlto = true\n", "profile/misspelled-key", 10, Refuses),
    ("below-workspace", "opt-level = \"z\"\nlto = true\nstrip = true\n", "profile/wrong-table", 9, Warns),
    (
        "inline-below-workspace",
        "profile.release = { opt-level = \"z\", lto = true, strip = true }\n",
        "profile/unknown-table",
        9,
        Warns,
    ),
    ("comma", "[profile.release]\nlto = true,\n", "manifest/syntax", 10, Refuses),
    ("semicolon", "[profile.release]\nopt-level = \"z\";\n", "manifest/syntax", 10, Refuses),
    ("low-quotes", "[profile.release]\nopt-level = „z“\n", "profile/wrong-type", 10, Refuses),
    ("dotted", "# last in [workspace]\nprofile.release.lto = true\n", "profile/unknown-table", 10, Warns),
];

#[test]
fn every_slip_has_a_code_a_line_and_a_next_step() {
    let project = Project::course();
    for (name, lines, code, line, cargo) in MANIFESTS {
        project.profile(lines);
        let assert = project.xtask().args(["check", "ex1", "--format", "json"]).assert().code(1);
        let document = json(&assert);
        let found = codes(&document);
        assert!(found.contains(&((*code).to_owned(), Some(*line))), "{name}: {code}:{line} is not among {found:?}");
        assert_eq!(verdict(&document, "profile"), "fail", "{name}");
        for goal in document["goals"].as_array().unwrap() {
            for problem in goal["diagnostics"].as_array().unwrap() {
                assert!(problem["help"].as_str().is_some_and(|help| !help.is_empty()), "{name}: {problem}");
            }
        }
        // What Cargo rejects is reported before anything is built; what it builds is built.
        let skipped = verdict(&document, "size") == "skip";
        assert_eq!(skipped, *cargo == Refuses, "{name}: {document:#}");
        // Each one as people see it.
        let assert = project.check().code(1);
        let text = stderr(&assert);
        let problems: Vec<&str> =
            text.split("\n\n").filter(|part| part.starts_with("error[") || part.starts_with("warning[")).collect();
        let shown = problems
            .iter()
            .filter(|part| !part.contains("[size/"))
            .map(|part| part.trim_end())
            .collect::<Vec<_>>()
            .join("\n\n");
        insta::assert_snapshot!(*name, shown);
    }
}

#[test]
fn what_the_rules_say_of_cargo_is_what_cargo_does() {
    let project = Project::empty();
    project.write("src/main.rs", "fn main() {}\n");
    for (name, lines, _, _, expected) in MANIFESTS {
        project.write("Cargo.toml", &format!("{STARTER}{lines}"));
        let mut cargo = call("cargo");
        let assert = cargo.current_dir(project.path("")).args(["build", "--release"]).assert();
        let text = stderr(&assert);
        let got = match (assert.get_output().status.success(), text.contains("warning: ")) {
            (false, _) => Refuses,
            (true, true) => Warns,
            (true, false) => Silent,
        };
        assert_eq!(got, *expected, "{name}:\n{text}");
    }
}

#[test]
fn all_problems_are_said_at_once_and_the_ones_that_stop_cargo_come_first() {
    let project = Project::course();
    project.profile("[profile.release]\nopt-levl = \"z\"\nlto = \"true\"\n\n[profile.dist]\nstrip = true\n\n[profile.dev]\nstrip = true\n");
    let (code, document) = project.check_json();
    assert_eq!(code, 1);
    let found = codes(&document);
    let names: Vec<&str> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(
        names,
        ["profile/wrong-type", "profile/no-inherits", "profile/misspelled-key", "profile/wrong-table"],
        "{document:#}"
    );
    assert!(!project.was_built());
}

#[test]
fn manifests_are_understood_however_they_are_written() {
    let project = Project::course();
    let good = [
        (
            "dotted keys",
            "profile.release.opt-level = \"z\"\nprofile.release.lto = true\nprofile.release.strip = true\n".to_owned()
                + STARTER,
        ),
        (
            "an inline table",
            "profile = { release = { opt-level = \"s\", lto = \"fat\", strip = \"symbols\" } }\n".to_owned() + STARTER,
        ),
        (
            "CRLF",
            format!("{STARTER}[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n").replace('\n', "\r\n"),
        ),
        ("a BOM", format!("\u{feff}{STARTER}[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n")),
        (
            "tabs, comments, Unicode",
            format!(
                "{STARTER}[ profile . release ]\t# größe\n\t\"opt-level\"\t=\t'z' # z\n\tlto=true\nstrip =   true\n# ende"
            ),
        ),
        (
            "inherits what is right",
            format!(
                "{STARTER}[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n[profile.x]\ninherits = \"release\"\n"
            ),
        ),
        (
            "for this package",
            format!(
                "{STARTER}[profile.release]\nlto = true\n[profile.release.package.tiny]\nopt-level = \"z\"\nstrip = true\n"
            ),
        ),
    ];
    for (name, text) in good {
        project.write("exercises/ex1/Cargo.toml", &text);
        let (code, document) = project.check_json();
        assert_eq!(code, 0, "{name}: {document:#}");
        assert_eq!(document["points"], 10, "{name}");
        for row in document["goals"][0]["data"]["settings"].as_array().unwrap() {
            if row["key"] == "lto" {
                assert_eq!(row["rustc"], "fat", "{name}");
            }
        }
    }
}

#[test]
fn a_file_that_is_no_manifest_is_described_and_nothing_is_built() {
    let project = Project::course();
    let path = project.path("exercises/ex1/Cargo.toml");
    let mut said = BTreeSet::new();
    let mut check = |name: &str, place: Option<u64>| {
        let (code, document) = project.check_json();
        assert_eq!(code, 1, "{name}");
        let found = codes(&document);
        assert_eq!(found, [("manifest/syntax".to_owned(), place)], "{name}");
        let goals = document["goals"].as_array().unwrap();
        let waits =
            goals.iter().filter(|goal| goal["verdict"] == "skip").map(|goal| goal["waits_for"].as_str().unwrap());
        assert!(
            waits.clone().count() == 2 && waits.clone().any(|waits| waits.contains("Cargo accepts")),
            "{document:#}"
        );
        said.insert(goals[0]["diagnostics"][0]["message"].as_str().unwrap().to_owned());
    };
    project.write("exercises/ex1/Cargo.toml", "");
    check("empty", Some(1));
    project.write("exercises/ex1/Cargo.toml", &"# a comment that goes on and on\n".repeat(170_000));
    check("5 MB", None);
    fs_write(&path, b"[package]\nname = \"t\xffny\"\n");
    check("not UTF-8", Some(2));
    std::fs::remove_file(&path).unwrap();
    check("missing", None);
    std::fs::create_dir(&path).unwrap();
    check("a folder", None);
    assert_eq!(said.len(), 5, "{said:?}");
    assert!(!project.was_built());
    // No matter what is there, reset restores the file, and saves what can be saved.
    project.run(&["reset", "ex1"]).success();
    assert_eq!(project.read("exercises/ex1/Cargo.toml"), STARTER);
}

fn fs_write(path: &std::path::Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn a_profile_in_a_member_of_a_workspace_is_said_to_be_ignored() {
    let project = Project::course();
    project.edit("Cargo.toml", "exclude = [\"exercises\", \"solutions\"]", "exclude = [\"solutions\"]");
    project.edit("Cargo.toml", "members = [\"tiny\"]", "members = [\"exercises/ex1\"]");
    project.write(
        "exercises/ex1/Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n",
    );
    let (code, document) = project.check_json();
    assert_eq!(code, 1);
    assert!(codes(&document).contains(&("profile/ignored-in-member".to_owned(), Some(6))), "{document:#}");
    let text = stderr(&project.check());
    insta::assert_snapshot!(text.split("\n\n").next().unwrap());
}

/// The `-C` flags with which Cargo calls rustc for a crate.
fn flags(cargo_says: &str, krate: &str) -> Vec<String> {
    let call =
        cargo_says.lines().find(|line| line.contains("Running") && line.contains(&format!("--crate-name {krate} ")));
    let words: Vec<&str> = call.unwrap_or_else(|| panic!("{cargo_says}")).split_whitespace().collect();
    words.windows(2).filter(|pair| pair[0] == "-C").map(|pair| pair[1].to_owned()).collect()
}

#[test]
fn what_is_said_of_tables_for_packages_is_what_cargo_does() {
    let project = Project::empty();
    project.write(
        "helper/Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.2\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    project.write("helper/src/lib.rs", "pub fn f() -> u8 {\n    7\n}\n");
    project.write("tiny/src/main.rs", "fn main() {\n    println!(\"{}\", helper::f());\n}\n");
    let strip = "[profile.release]\nstrip = true\n";
    for (profile, tables, krate, expected) in [
        // A table for the program's package makes Cargo drop `strip`, even if it is empty; a table for other packages
        // doesn't.
        ("release", "[profile.release.package.tiny]\n", "tiny", "strip=debuginfo"),
        ("release", "[profile.release.package.\"tiny@0.1\"]\nopt-level = 3\n", "tiny", "strip=debuginfo"),
        ("release", "[profile.release.package.tiny]\nstrip = \"symbols\"\n", "tiny", "strip=symbols"),
        ("release", "[profile.release.package.\"*\"]\nopt-level = \"z\"\n", "tiny", "strip=symbols"),
        ("release", "[profile.release.build-override]\nopt-level = \"z\"\n", "tiny", "strip=symbols"),
        ("release", "[profile.release.package.\"*\"]\nopt-level = \"z\"\n", "helper", "opt-level=z"),
        ("release", "[profile.release.package.\"helper@0.1.2\"]\nopt-level = \"z\"\n", "helper", "opt-level=z"),
        (
            "release",
            "[profile.release.package.\"*\"]\nopt-level = \"z\"\n[profile.release.package.helper]\nopt-level = 2\n",
            "helper",
            "opt-level=2",
        ),
        (
            "dist",
            "[profile.release.package.tiny]\nopt-level = 1\n[profile.dist]\ninherits = \"release\"\nopt-level = \"z\"\n",
            "tiny",
            "opt-level=1",
        ),
        ("dist", "[profile.dist]\ninherits = \"dev\"\nopt-level = \"z\"\n", "helper", "debug-assertions=on"),
    ] {
        let dependency = "[dependencies]\nhelper = { path = \"../helper\" }\n";
        project.write("tiny/Cargo.toml", &format!("{STARTER}{dependency}{strip}{tables}"));
        let _ = std::fs::remove_dir_all(project.path("tiny/target"));
        let mut cargo = call("cargo");
        cargo.current_dir(project.path("tiny")).args(["build", "-v", "--profile", profile]);
        let found = flags(&stderr(&cargo.assert().success()), krate);
        assert!(found.iter().any(|flag| flag == expected), "{tables}: {found:?}");
    }
}

#[test]
#[ignore = "builds a program with a dependency: .ci/run runs it"]
fn a_dependency_that_is_compiled_differently_is_named_and_shown() {
    let project = Project::quick_course();
    project.write(
        "helper/Cargo.toml",
        "[package]\nname = \"helper\"\nversion = \"0.1.2\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    project.write("helper/src/lib.rs", "pub fn f() -> u8 {\n    7\n}\n");
    let dependency = format!("[dependencies]\nhelper = {{ path = {:?} }}\n", project.path("helper"));
    let profile = "[profile.release]\nopt-level = \"z\"\nstrip = true\n";
    let lock = "version = 4\n\n[[package]]\nname = \"helper\"\nversion = \"0.1.2\"\n\n[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\ndependencies = [\n \"helper\",\n]\n";
    project.write("exercises/ex1/Cargo.lock", lock);
    project.write("exercises/ex1/starter/Cargo.toml", &format!("{STARTER}{dependency}"));
    project.write("solutions/ex1/Cargo.toml", &format!("{STARTER}{dependency}{profile}"));
    project.profile(&dependency);
    project.run(&["author", "verify", "--write-digests"]).success();
    project.profile(&format!("{dependency}{profile}[profile.release.package.\"*\"]\nopt-level = 3\n"));
    let (_, document) = project.check_json();
    assert_eq!(codes(&document), [("profile/wrong-value".to_owned(), Some(15))], "{document:#}");
    let crates = &document["goals"][0]["data"]["crates"];
    assert_eq!((crates[0]["crate"].as_str(), crates[0]["rustc"].as_str()), (Some("helper"), Some("3")), "{crates}");
    let assert = project.check().code(1);
    assert!(
        testbed::project::stdout(&assert).contains("differs from the program"),
        "{}",
        testbed::project::stdout(&assert)
    );
    assert!(stderr(&assert).contains("[profile.release.package.\"*\"] compiles helper with `opt-level = 3`"));
    // The other level for size also optimizes for size.
    project.profile(&format!("{dependency}{profile}[profile.release.package.helper]\nopt-level = \"s\"\n"));
    assert_eq!(project.check_json().0, 0);
}
