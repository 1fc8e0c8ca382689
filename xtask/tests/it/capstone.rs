//! The capstone: from a sloppy budget to one that holds, and the wrong turns on the way.

use predicates::str::contains;
use testbed::class::has_boxes;
use testbed::course::{codes, verdict};
use testbed::project::{Project, json, stderr, stdout};
use testbed::schema;

const PROFILE: &str = "\n[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n";

/// A check's codes, without the answers', and the document.
fn problems(project: &Project) -> (Vec<String>, serde_json::Value) {
    let document = json(&project.run(&["check", "ex14", "--format", "json"]).code(1));
    let found =
        codes(&document).into_iter().map(|(code, _)| code).filter(|code| !code.starts_with("answer/")).collect();
    (found, document)
}

#[test]
#[ignore = "builds exercise 14 a dozen times: .ci/run runs it"]
fn exercise_14_names_the_wrong_turns() {
    let project = Project::copy_of_the_repository();
    let file = |name: &str| format!("exercises/ex14/{name}");
    let fresh = project.read(&file("Cargo.toml"));
    let tight = fresh.replace("max = \"2 MiB\"", "max = \"310 KiB\"\nmax-growth = \"1 %\"");
    // The budget first: it fits the small program that is still to come.
    project.write(&file("Cargo.toml"), &tight);
    let (found, _) = problems(&project);
    assert_eq!(found, ["profile/missing-setting", "size/not-small-enough", "budget/missing", "budget/exceeded"]);
    // Only the profile, with the budget fitted to it: no baseline to compare with
    project.write(&file("Cargo.toml"), &(tight.replace("310 KiB", "560 KiB") + PROFILE));
    let save = || project.run(&["sizes", "--manifest-path", "exercises/ex14", "--budget", "--save"]);
    assert_eq!(problems(&project).0, ["size/not-small-enough", "budget/missing"]);
    save().success();
    let (found, document) = problems(&project);
    assert_eq!(found, ["size/not-small-enough"]);
    assert_eq!(verdict(&document, "budget"), "pass");
    let text = stderr(&project.run(&["check", "ex14"]).code(1));
    assert!(text.contains("it has to be at least 50 % smaller"), "{text}");
    // A table for single bytes, read as if it still were one for pairs: the checksum is wrong, and nothing else is judged by it.
    let solution = project.read("solutions/ex14/src/crc.rs");
    project.write(&file("src/crc.rs"), &solution.replace("^ (crc >> 8)", "^ (crc >> 16)"));
    let (found, document) = problems(&project);
    assert_eq!((found[0].as_str(), verdict(&document, "size")), ("output/differs", "skip"));
    project.run(&["hint", "ex14"]).success().stdout(contains("cbf43926"));
    // Small, and the old budget: nothing would notice.
    project.write(&file("src/crc.rs"), &solution);
    project.write(&file("Cargo.toml"), &(tight.replace("310 KiB", "560 KiB") + PROFILE));
    save().success();
    assert_eq!(problems(&project).0, ["budget/slack"]);
    let text = stderr(&project.run(&["check", "ex14"]).code(1));
    assert!(text.contains("before this budget fails") && text.contains("max = \"560 KiB\""), "{text}");
    // A unit that could mean two things, a key that does not exist, a budget of another profile.
    for (from, to, code) in [
        ("310 KiB", "310 K", "budget/malformed"),
        ("max-growth", "max_growth", "budget/malformed"),
        ("max = ", "profile = \"dist\"\nmax = ", "budget/missing"),
        ("max-growth = \"1 %\"", "", "budget/missing"),
        ("\"1 %\"", "\"25 %\"", "budget/slack"),
        ("310 KiB", "0,31 MB", "budget/malformed"),
        ("\"1 %\"", "\"1 %\"\nmin-growth = \"1 MiB\"", "budget/slack"),
        ("\"1 %\"", "\"1 %\"\nbaseline = \"target/nowhere.json\"", "budget/missing"),
        ("size-budget", "size-bugdet", "budget/missing"),
    ] {
        project.write(&file("Cargo.toml"), &(tight.replace(from, to) + PROFILE));
        let (found, document) = problems(&project);
        // A table by a different name is the course's no more: it is set aside with a warning.
        let aside: &[&str] = if to == "size-bugdet" { &["edits/other-file-changed"] } else { &[] };
        assert_eq!(found, [&[code], aside].concat(), "{to}");
        assert_eq!(verdict(&document, "size"), "pass", "{to}");
    }
    // Any faster algorithm will do as well.
    project.write(&file("Cargo.toml"), &(tight + PROFILE));
    project.write(&file("answers.toml"), &project.read("solutions/ex14/answers.toml"));
    let bitwise = "pub fn crc32(bytes: &[u8]) -> u32 {\n    let mut crc = u32::MAX;\n    for byte in bytes {\n        crc ^= u32::from(*byte);\n        for _ in 0..8 {\n            crc = (crc >> 1) ^ ((crc & 1) * 0xedb8_8320);\n        }\n    }\n    !crc\n}\n";
    project.write(&file("src/crc.rs"), bitwise);
    save().success();
    project.run(&["check", "ex14"]).success().stdout(contains("10 of 10 points"));
    // The list shows what was saved.
    let listed = json(&project.run(&["list", "--format", "json"]).success());
    let own = listed["exercises"].as_array().unwrap().iter().find(|one| one["id"] == "ex14").unwrap();
    assert!(own["bytes_after"].as_u64().unwrap() * 2 < own["bytes_before"].as_u64().unwrap(), "{own:#}");
}

#[test]
#[ignore = "grades exercise 14 in boxes: .ci/run runs it"]
fn exercise_14_is_graded_with_the_budget_that_was_handed_in() {
    if !has_boxes() {
        return;
    }
    let project = Project::copy_of_the_repository();
    for name in ["Cargo.toml", "src/crc.rs", "answers.toml", "size-baseline.json"] {
        let solved = project.read(&format!("solutions/ex14/{name}"));
        project.write(&format!("class/s001/ex14/{name}"), &solved);
        project.write(&format!("class/s002/ex14/{name}"), &project.read(&format!("exercises/ex14/starter/{name}")));
        // A budget, and with it a build script.
        let smuggled = solved.replace("publish = false", "publish = false\nbuild = \"src/crc.rs\"");
        project.write(&format!("class/s003/ex14/{name}"), if name == "Cargo.toml" { &smuggled } else { &solved });
    }
    project.run(&["grade", "class", "--exercise", "ex14", "--out", "grades"]).success();
    let grades = schema::document(&project.read("grades/grades.json"));
    let text = grades.to_string();
    let of = |student: &str| {
        let rows = grades["rows"].as_array().unwrap();
        rows.iter().find(|row| row["student"] == student).unwrap_or_else(|| panic!("{text}")).clone()
    };
    let score = |student: &str| of(student)["raw_score"].as_f64().unwrap();
    assert_eq!((score("s001"), score("s002"), score("s003")), (10.0, 2.0, 10.0), "{text}");
    let review = |student: &str| of(student)["needs_review"].to_string();
    assert!(!review("s001").contains("Cargo.toml") && review("s003").contains("`package`"), "{text}");
}

#[test]
#[ignore = "builds exercise 14: .ci/run runs it"]
fn the_fresh_capstone_says_what_is_open() {
    let project = Project::copy_of_the_repository();
    let overview = stdout(&project.run(&["list"]).success());
    let row = overview.lines().find(|line| line.starts_with("ex14")).unwrap();
    assert!(row.contains("ex3") && row.contains("capstone") && row.contains("60"), "{row}");
}
