//! A class of sixty invented students is graded for real. Every row must be what docs/grading/class.py has put in, and every
//! report must be read by programs that others wrote.

use crate::browser::{self, Check, ensure, left_out};
use crate::grade::has_boxes;
use crate::project::{Project, clean, repository, stdout};
use crate::webdriver::Browser;
use assert_cmd::Command;
use assert_cmd::assert::Assert;
use std::path::Path;

fn python(words: &[&str]) -> Assert {
    let mut command = Command::new("python3");
    clean(&mut command);
    command.current_dir(repository()).env("PYTHONPATH", repository().join("target/consumers")).args(words).assert()
}

/// `xtask` in the repository: the real course.
fn xtask(words: &[&str]) -> Assert {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    clean(&mut command);
    command.current_dir(repository()).args(words).assert()
}

fn nothing_of_a_name_is_an_element(browser: &Browser) -> Result<(), String> {
    let found = browser.run("return [...document.querySelectorAll('img, script, iframe, form')].map(e => e.outerHTML)");
    ensure(found.as_array().is_some_and(Vec::is_empty), format!("{found}"))
}

const CHECKS: [(&str, Check); 5] = [
    ("console", browser::nothing_is_wrong_in_the_console),
    ("names", nothing_of_a_name_is_an_element),
    ("themes", browser::there_are_two_themes),
    ("narrow", browser::a_narrow_window_needs_no_sideways_scrolling),
    ("axe", browser::axe_finds_nothing),
];

fn the_pages_work_in_a_browser(project: &Project, grades: &str) {
    let Some(browser) = Browser::start() else {
        return left_out("there is no chromedriver (Debian, Ubuntu: apt install chromium chromium-driver)");
    };
    if browser::axe().is_none() {
        left_out("accessibility: npm install --prefix target/axe axe-core");
    }
    let open = |path: &Path| {
        browser.console();
        browser.open(&format!("file://{}", path.display()));
        browser.resize(1200, 900);
    };
    let folder = project.path(grades);
    let students = std::fs::read_dir(folder.join("students")).unwrap();
    // One who is right, one who was refused, one who handed in too much, and whoever has a name that is none.
    let wanted = |name: &str| ["s002.html", "s011.html", "s025.html"].contains(&name) || name.matches('.').count() > 1;
    let mut pages: Vec<_> = students.map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| wanted(&path.file_name().unwrap().to_string_lossy()));
    assert_eq!(pages.len(), 6, "{pages:?}");
    pages.push(folder.join("index.html"));
    let mut wrong = Vec::new();
    for page in &pages {
        open(page);
        for (name, check) in CHECKS {
            if let Err(words) = check(&browser) {
                wrong.push(format!("{}: {name}: {words}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let page = project.read(&format!("{grades}/index.html"));
    let controls = [
        ("names", page.replace("&lt;img ", "<img "), true),
        ("narrow", page.replace("<main>", &format!("<main><p class=\"whole\">{}</p>", "x".repeat(500))), true),
        ("axe", page.replace("<html lang=\"en\">", "<html>"), browser::axe().is_some()),
    ];
    for (name, broken, is_noticed) in controls {
        assert_ne!(broken, page, "{name} is not broken");
        project.write(&format!("{grades}/broken.html"), &broken);
        open(&folder.join("broken.html"));
        let check = CHECKS.iter().find(|(check, _)| *check == name).unwrap().1;
        assert_eq!(check(&browser).is_err(), is_noticed, "{name} did not notice");
    }
}

#[test]
#[ignore = "grades sixty submissions for ex1: .ci/run runs it"]
fn a_class_gets_what_was_put_in_and_its_reports_can_be_read() {
    if !has_boxes() {
        return;
    }
    let project = Project::empty();
    let at = |path: &str| project.path(path).display().to_string();
    python(&["docs/grading/class.py", &at("class"), "ex1"]).success();
    python(&["docs/grading/class.py", &at("again"), "ex1"]).success();
    assert_eq!(contents(&project, "class"), contents(&project, "again"), "the same class, to the byte");

    let (submissions, grades, roster) = (at("class/submissions"), at("class/grades"), at("class/roster.csv"));
    xtask(&["grade", &submissions, "--out", &grades, "--exercise", "ex1", "--roster", &roster]).success();
    let csv = at("class/grades/grades.csv");
    let compared = python(&["docs/grading/class.py", "--compare", &csv]);
    assert!(stdout(&compared.success()).contains("60 of 60 rows are right"));
    // The comparison notices a single point.
    project.edit("class/expected.csv", "s001,ex1,10,graded", "s001,ex1,9,graded");
    python(&["docs/grading/class.py", "--compare", &csv]).code(1);

    let journal = project.read("class/grades/journal.jsonl");
    assert!(journal.contains("\"ignored\":[\"ex1/.cargo/config.toml\"]"), "what was not taken is on record");
    let page = project.read("class/grades/students/s011.html");
    assert!(page.contains("What was not taken") && page.contains("ex1/.cargo/config.toml"), "{page}");
    let index = project.read("class/grades/index.html");
    assert!(index.contains("59 of 60") && index.contains("settings stand in a table"), "{index}");
    the_pages_work_in_a_browser(&project, "class/grades");

    if !repository().join("target/consumers/junitparser").is_dir() {
        return left_out("python3 -m pip install --target target/consumers junitparser jsonschema");
    }
    let read = python(&["docs/grading/consume.py", &grades]).success();
    assert!(stdout(&read).contains("60 rows of CSV and JSON, 60 results for Gradescope"), "{}", stdout(&read));
}

/// Every file below a folder of the project, by its path in it.
fn contents(project: &Project, folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = project.path(folder);
    let all = project.everything().into_iter().filter(|(path, ..)| path.starts_with(&root));
    all.map(|(path, text, _)| (path.strip_prefix(&root).unwrap().display().to_string(), text)).collect()
}
