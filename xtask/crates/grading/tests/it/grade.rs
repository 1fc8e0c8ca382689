//! Grading a class: in boxes where there is bubblewrap, and without where that is asked for.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use testbed::class::{has_boxes, records, rows};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, repository, stderr, stdout};
use testbed::schema;

/// A class for the tiny course: right, untouched, right again, wrong, hostile.
fn class() -> Project {
    let project = Project::quick_course();
    let hand_in = |student: &str, text: &str| project.write(&format!("class/{student}/ex1/Cargo.toml"), text);
    hand_in("s001", &format!("{STARTER}{QUICK_PROFILE}"));
    hand_in("s002", STARTER);
    hand_in("s003", &format!("{STARTER}{QUICK_PROFILE}"));
    hand_in("s004", &format!("{STARTER}{}", QUICK_PROFILE.replace("opt-level", "opt_level")));
    hand_in("s005", &format!("{STARTER}[build-dependencies]\nevil = {{ path = \"/\" }}\n\n{QUICK_PROFILE}"));
    project.write("class/s005/ex1/.cargo/config.toml", "[build]\nrustflags = [\"-Cprefer-dynamic\"]\n");
    project
}

#[test]
#[cfg(unix)]
fn a_class_is_graded_in_boxes_and_a_second_run_builds_nothing() {
    if !has_boxes() {
        return;
    }
    let project = class();
    std::os::unix::fs::symlink("/etc/passwd", project.path("class/s006")).unwrap();
    let assert = project.run(&["grade", "class"]).success();
    assert!(stdout(&assert).is_empty());
    let expected =
        ["s001 10 graded", "s002 2 graded", "s003 10 graded", "s004 6 graded", "s005 10 graded", "s006 0 rejected"];
    let found = rows(&project, "grades");
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        // How small the tiny program gets without opt-level is not what this test is about.
        if expected.starts_with("s004") {
            assert!(found.starts_with("s004 ") && found.ends_with(" graded"), "{found}");
        } else {
            assert_eq!(found, expected);
        }
    }
    let journal = project.read("grades/journal.jsonl");
    assert_eq!(records(&project, "grades").len(), 6);
    assert!(records(&project, "grades").iter().all(|record| record["sandbox"] == "bwrap"));
    assert!(project.read("grades/grades.csv").contains("`build-dependencies`"));
    assert!(journal.contains("profile/misspelled-key"));
    for report in ["grades.json", "junit.xml", "index.html", "students/s001.html", "gradescope/s001.json"] {
        assert!(project.path("grades").join(report).is_file(), "{report}");
    }

    // Nothing has changed: nothing is built, and the reports are the same.
    let csv = project.read("grades/grades.csv");
    fs::remove_file(project.path("grades/grades.csv")).unwrap();
    project.run(&["grade", "class"]).success().stderr(contains("graded 0 submissions, 6 already known"));
    assert_eq!(project.read("grades/grades.csv"), csv);
    assert_eq!(project.read("grades/journal.jsonl"), journal);

    // Nor has it where PATH finds another bwrap, or other tools: boxes are the same, so what was graded counts.
    for tool in ["bwrap", "ldd"] {
        let tool = project.path(&format!("tools/{tool}"));
        fs::create_dir_all(tool.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink("/bin/false", tool).unwrap();
    }
    let path = format!("{}:{}", project.path("tools").display(), std::env::var("PATH").unwrap());
    let again = project.verb("grade").env("PATH", path).args(["grade", "class"]).assert().success();
    again.stderr(contains("graded 0 submissions, 6 already known"));

    // The verdict of a learner's own check is the same.
    project.profile(QUICK_PROFILE);
    assert_eq!(project.check_json().1["points"], 10);

    // A person's word counts, and is not lost by grading again.
    project.write(
        "grades/overrides.toml",
        "[[override]]\nstudent = \"s002\"\nexercise = \"ex1\"\npoints = 5\nreason = \"explained it\"\n",
    );
    project.run(&["grade", "--report", "grades", "--format", "csv"]).success();
    assert!(rows(&project, "grades").contains(&"s002 5 graded".to_owned()));
    assert!(project.read("grades/grades.csv").contains("explained it"));
}

#[test]
fn without_a_box_that_is_asked_for_and_stamped_on_everything() {
    let project = class();
    let assert = project.run(&["grade", "class", "--sandbox", "none", "--out", "open"]).success();
    assert!(stderr(&assert).contains("SANDBOX: NONE"));
    assert_eq!(rows(&project, "open")[0], "s001 10 graded");
    assert!(records(&project, "open").iter().all(|record| record["sandbox"] == "none"));
    for report in ["index.html", "students/s001.html"] {
        assert!(project.read(&format!("open/{report}")).contains("none"), "{report}");
    }

    // Two halves make a whole.
    for part in ["1/2", "2/2"] {
        let out = format!("part-{}", &part[..1]);
        project.run(&["grade", "class", "--sandbox", "none", "--partition", part, "--out", &out]).success();
    }
    project.run(&["grade", "--merge", "part-1", "part-2", "--out", "whole"]).success();
    assert_eq!(rows(&project, "whole"), rows(&project, "open"));
}

#[test]
fn a_folder_that_cannot_be_graded_is_explained() {
    let project = Project::quick_course();
    project.run(&["grade"]).code(2).stderr(contains("DIR"));
    project.run(&["grade", "nowhere"]).code(2).stderr(contains("nowhere").and(contains("help:")));
    fs::create_dir(project.path("empty")).unwrap();
    project.run(&["grade", "empty"]).code(2).stderr(contains("help:"));
    project.run(&["grade", "empty", "--partition", "3/2"]).code(2);
    project.run(&["grade", "--report", "nowhere"]).failure().stderr(contains("nowhere"));
}

/// What the self-test must try. A new attack is named here, too: none can be lost unseen.
const ATTACKS: &str = include_str!("grade/attacks.txt");

#[test]
#[ignore = "grades a hundred hostile programs: .ci/run runs it"]
fn no_hostile_submission_gets_through() {
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    let assert = project.run(&["grade", "--self-test"]).success();
    let text = stdout(&assert);
    assert!(text.contains("an honest submission passes") && text.contains(" 0 worked\n"), "{text}");
    let rows: Vec<&str> = text.lines().filter(|line| line.contains("  stopped by ")).collect();
    let named: Vec<&str> = ATTACKS.lines().collect();
    for name in &named {
        assert!(rows.iter().any(|row| row.trim_start().starts_with(name)), "`{name}` was not tried:\n{text}");
    }
    assert_eq!(rows.len(), named.len(), "{text}");
    for (name, status) in [
        ("compiles forever", "timeout"),
        ("includes an endless file", "oom"),
        ("fills the disk while it is built", "output-limit"),
        ("sleeps forever", "timeout"),
        ("takes 1.2 GiB in six processes", "oom"),
        ("prints 100 MB", "output-limit"),
        ("includes a secret while it is built", "build-failed"),
        ("hands in a link to a secret", "rejected"),
        ("lets the compiler wait for itself", "timeout"),
        ("stops itself", "timeout"),
        ("lets uncounted children do the work", "timeout"),
        ("includes a file that the grader has open", "build-failed"),
    ] {
        let row = rows.iter().find(|row| row.trim_start().starts_with(name)).unwrap();
        assert!(row.contains(&format!(" {status} ")), "{row}");
    }
    // Nothing of it is left.
    let left = fs::read_dir(project.path("target/grade")).into_iter().flatten().count();
    assert_eq!(left, 0, "something is left in target/grade");
}

/// Names that people and systems stumble over.
#[cfg(target_os = "linux")]
fn hostile_names() -> Vec<std::ffi::OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    let mut names: Vec<std::ffi::OsString> = [
        "two\nlines",
        "..%2f..%2fetc",
        "..\\..\\up",
        "...",
        "-rf",
        "--out=elsewhere",
        "Jose\u{301}",
        "Jos\u{e9}",
        "=HYPERLINK(\"http:,,example.org\",\"grade\")",
        "@SUM(1+1)*cmd",
        "<script>alert(1)<",
        "]]><!--&quot;",
        "::error::owned",
        "\u{1b}[31mred",
        "\u{202e}txt.exe",
        "a,b;\"c\"",
        "CON",
        "s001",
        "S001",
    ]
    .iter()
    .map(Into::into)
    .collect();
    names.push("x".repeat(255).into());
    names.push(std::ffi::OsString::from_vec(b"not-utf-8-\xff\xfe".to_vec()));
    names
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "grades a dozen submissions: .ci/run runs it"]
fn names_of_students_and_files_do_no_harm() {
    let project = Project::quick_course();
    let names = hostile_names();
    for name in &names {
        let folder = project.path("class").join(name).join("ex1");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(project.path("solutions/ex1/Cargo.toml"), folder.join("Cargo.toml")).unwrap();
        // Files of such names beside what is taken.
        for stray in &names {
            fs::File::create(folder.join(stray)).unwrap();
        }
    }
    let before = project.everything();
    let assert = project.run(&["grade", "class", "--sandbox", "none", "--out", "results/grades"]).success();
    assert!(!stderr(&assert).contains('\u{1b}') && !stderr(&assert).lines().any(|line| line.starts_with("::")));

    // Nothing is written outside, but for what is built.
    let written = |path: &std::path::Path| {
        !path.starts_with(project.path("results")) && !path.starts_with(project.path("target"))
    };
    let outside = |all: Vec<(std::path::PathBuf, Vec<u8>, std::time::SystemTime)>| -> Vec<_> {
        all.into_iter().map(|(path, ..)| path).filter(|path| written(path)).collect()
    };
    assert_eq!(outside(before), outside(project.everything()));

    // Everyone has a row, a page and a file of their own, all of them in their folders.
    assert_eq!(records(&project, "results/grades").len(), names.len());
    for (folder, end) in [("students", ".html"), ("gradescope", ".json")] {
        let files: Vec<String> = fs::read_dir(project.path("results/grades").join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        assert_eq!(files.len(), names.len(), "{files:?}");
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        assert!(files.iter().all(|file| file.ends_with(end) && file.chars().all(is_plain)), "{files:?}");
        assert!(files.iter().all(|file| file.len() < 128 && !file.starts_with(['-', '.'])), "{files:?}");
    }
    for entry in fs::read_dir(project.path("results/grades/students")).unwrap() {
        assert_harmless(&fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    assert_harmless(&project.read("results/grades/index.html"));

    let junit = project.read("results/grades/junit.xml");
    assert!(!junit.contains("<script") && junit.contains("&lt;script"), "{junit}");
    assert_eq!(junit.matches("<testcase").count(), 3 * names.len());
    let csv = project.read("results/grades/grades.csv");
    assert!(!csv.contains('\u{1b}') && !csv.lines().any(|line| line.starts_with("::")), "{csv}");
    read_by_python(&project, names.len());
}

#[cfg(target_os = "linux")]
fn assert_harmless(page: &str) {
    assert!(!page.contains("<script>alert") && !page.contains("<script>alert(1)<"), "{page}");
    assert!(!page.contains(['\u{1b}', '\u{202e}']), "{page}");
}

/// Another reader of CSV and XML finds as many rows, and no cell that a spreadsheet would compute.
#[cfg(target_os = "linux")]
fn read_by_python(project: &Project, rows: usize) {
    let script = "\
import csv, json, sys, xml.etree.ElementTree as tree\n\
rows = list(csv.DictReader(open(sys.argv[1], newline='', encoding='utf-8')))\n\
ids = [row['student_id'] for row in rows]\n\
assert len(set(ids)) == len(ids), ids\n\
bad = [cell for row in rows for cell in row.values() if cell and cell[0] in '=+@\\t\\r' or cell and cell[0] == '-' and not cell[1:].isdigit()]\n\
assert not bad, bad\n\
assert all(None not in row and row['score'] == '10' for row in rows), rows\n\
tree.parse(sys.argv[2])\n\
print(len(rows))\n";
    let mut python = assert_cmd::Command::new("python3");
    python.args(["-c", script]).arg(project.path("results/grades/grades.csv"));
    python.arg(project.path("results/grades/junit.xml"));
    if std::path::Path::new("/usr/bin/python3").is_file() {
        python.assert().success().stdout(format!("{rows}\n"));
    } else {
        testbed::browser::left_out("there is no python3 to read the CSV with");
    }
}

/// The quick course with a program that needs a crate, and a manifest with these profiles.
fn course_with_a_dependency() -> (Project, impl Fn(&str) -> String) {
    let project = Project::quick_course();
    let manifest =
        |profiles: &str| STARTER.replace("[workspace]\n", "[workspace]\n\n[dependencies]\nitoa = \"1\"\n") + profiles;
    // As this repository has it: it is on the machine already.
    let lock = fs::read_to_string(repository().join("Cargo.lock")).unwrap();
    let itoa = lock.split("[[package]]\n").find(|package| package.starts_with("name = \"itoa\"\n")).unwrap();
    let own = "[[package]]\nname = \"tiny\"\nversion = \"0.1.0\"\ndependencies = [\n \"itoa\",\n]\n";
    project.write("exercises/ex1/Cargo.lock", &format!("version = 4\n\n[[package]]\n{itoa}{own}"));
    project.write("exercises/ex1/Cargo.toml", &manifest(""));
    project.write("exercises/ex1/starter/Cargo.toml", &manifest(""));
    project.write("solutions/ex1/Cargo.toml", &manifest(QUICK_PROFILE));
    let counted = "println!(\"{} {}\", itoa::Buffer::new().format(word.len()), word.to_uppercase());";
    project.edit("exercises/ex1/src/main.rs", "println!(\"{}\", word.to_uppercase());", counted);
    project.run(&["author", "verify", "--write-digests"]).success();
    (project, manifest)
}

#[test]
fn dependencies_are_compiled_once_and_programs_each_time() {
    if !has_boxes() {
        return;
    }
    let (project, manifest) = course_with_a_dependency();
    let hand_in = |student: &str, profiles: &str| {
        project.write(&format!("class/{student}/ex1/Cargo.toml"), &manifest(profiles));
    };
    hand_in("s001", QUICK_PROFILE);
    hand_in("s002", &QUICK_PROFILE.replace("\"z\"", "\"s\""));
    hand_in("s003", &format!("{QUICK_PROFILE}# Of mine.\n\n[profile.dev]\nopt-level = 1\n"));
    let assert = project.run(&["grade", "class"]).success();
    assert_eq!(rows(&project, "grades"), ["s001 10 graded", "s002 10 graded", "s003 10 graded"], "{}", stderr(&assert));
    let records = project.read("grades/journal.jsonl");
    let size = |student: &str| -> u64 {
        let mine = |line: &serde_json::Value| line["student"] == student;
        let mut lines = records.lines().map(schema::document);
        lines.find(mine).unwrap()["size_bytes"].as_u64().unwrap()
    };
    // The same program at the same paths is the same to the byte, and another one is not taken for it.
    assert_eq!(size("s001"), size("s003"));
    assert_ne!(size("s001"), size("s002"));

    let kept = |project: &Project| -> Vec<String> {
        let folder = project.path("target/grade/warm");
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.contains('.')).collect()
    };
    // With s, with z, and as nobody has changed it: whoever has the same profiles adds nothing.
    assert_eq!(kept(&project).len(), 3);
    for key in kept(&project) {
        for below in ["deps", ".fingerprint"] {
            let folder = project.path("target/grade/warm").join(&key).join("release").join(below);
            let names = fs::read_dir(folder).unwrap();
            let names: Vec<String> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            assert!(names.iter().any(|name| name.contains("itoa")), "{names:?}");
            assert!(!names.iter().any(|name| name.contains("tiny")), "{names:?}");
        }
    }

    // What is kept is used again, and the result is the same.
    project.run(&["grade", "class", "--out", "again"]).success();
    assert_eq!(kept(&project).len(), 3);
    assert_eq!(rows(&project, "again"), rows(&project, "grades"));
}
