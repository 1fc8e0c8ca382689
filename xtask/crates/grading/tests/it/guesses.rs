//! Guesses that a class hands in: shown for the class as a whole, and nothing else depends on them.

use predicates::str::contains;
use serde_json::json;
use testbed::class::{hand_in, records, rows};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::Project;

/// Seven students with the same work. All but the last two have handed in a guess that can be read.
fn class() -> Project {
    let project = Project::asking_course();
    let guesses: [(&str, &str); 7] = [
        ("s001", "strip = \"20 % smaller\"\nown = \"350k\"\n"),
        ("s002", "strip = 5\ncode = \"same\"\n"),
        ("s003", "strip = \"77 %\"\nnote = \"<script>alert(1)</script>\"\n"),
        ("s004", "strip = \"40 percent\"\nown = \"<img src=x>\"\n"),
        ("s005", "strip = \"12.5\"\n"),
        ("s006", "strip = \"=cmd|' /C calc'!A0\"\ncode = [\"same\"]\n"),
        ("s007", &"#".repeat(100_000)),
    ];
    for (student, text) in guesses {
        hand_in(&project, student, &format!("{STARTER}{QUICK_PROFILE}"));
        project.write(&format!("class/{student}/ex1/guesses.toml"), text);
    }
    project
}

fn holds(project: &Project) {
    let found = rows(project, "grades");
    assert!(found.len() == 7 && found.iter().all(|row| row.ends_with(" 10 graded")), "{found:#?}");
    let records = records(project, "grades");
    let of = |student: &str| records.iter().find(|record| record["student"] == student).unwrap();
    assert_eq!(of("s001")["guesses"], json!({"strip": {"saved-percent": 20.0}, "own": {"saved-bytes": 358_400}}));
    assert_eq!(of("s004")["guesses"], json!({"strip": {"saved-percent": 40.0}}));
    assert!(of("s006")["guesses"].is_null() && of("s007")["guesses"].is_null());
    // Each record has what was measured, although only one of them was built.
    assert_eq!(of("s006")["measured"]["code"], json!({"order": "same"}));
    assert!(of("s006")["measured"]["own"]["saved-bytes"].as_i64().unwrap() > 1000, "{}", of("s006"));
    assert!(of("s001")["ignored"].is_null(), "{}", of("s001"));
    assert_eq!(of("s007")["ignored"], json!(["ex1/guesses.toml"]), "too large to be guesses");
    let page = project.read("grades/index.html");
    let section = page.split("id=\"guesses\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(section.contains("5 % smaller to 77 % smaller; the median is 20 % smaller"), "{section}");
    assert_eq!(section.matches("fewer than 5 guesses, so they aren&#39;t shown").count(), 2, "{section}");
    assert!(!section.contains("s00") && !page.contains("<img src=x>") && !page.contains("alert(1)"), "{section}");
    for report in ["grades.csv", "grades.json", "junit.xml", "students/s003.html", "gradescope/s003.json"] {
        let text = project.read(&format!("grades/{report}"));
        assert!(!text.contains("77 %") && !text.contains("saved-percent"), "{report} is about one student");
    }
}

#[test]
fn a_class_page_shows_how_guesses_are_spread_and_no_points_depend_on_them() {
    let project = class();
    project.run(&["grade", "class", "--sandbox", "none"]).success();
    holds(&project);
    // A guess that comes later is taken, and nothing is built for it.
    project.write("class/s007/ex1/guesses.toml", "strip = \"90 %\"\n");
    let grade = ["grade", "class", "--sandbox", "none"];
    project.run(&grade).success().stderr(contains("graded 0 submissions, 7 already known"));
    assert!(project.read("grades/index.html").contains("5 % smaller to 90 % smaller"));
    assert_eq!(rows(&project, "grades").last().unwrap(), "s007 10 graded");
}

#[test]
#[cfg(unix)]
fn in_boxes_it_is_the_same_and_what_no_goal_needs_is_built_once() {
    if !testbed::class::has_boxes() {
        return;
    }
    let project = class();
    // A link isn't a copy of guesses, and what it points to isn't read.
    std::fs::remove_file(project.path("class/s007/ex1/guesses.toml")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", project.path("class/s007/ex1/guesses.toml")).unwrap();
    project.run(&["grade", "class"]).success();
    holds(&project);
}
