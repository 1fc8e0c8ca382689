//! A class of sixty invented students is graded for real. Every row must be what docs/grading/class.py has put in, and every
//! report must be read by programs that others wrote.

use assert_cmd::assert::Assert;
use predicates::str::contains;
use std::path::Path;
use testbed::browser::{self, Check, ensure, left_out};
use testbed::class::has_boxes;
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, call, repository, stdout};
use testbed::webdriver::Browser;

fn python(words: &[&str]) -> Assert {
    let mut command = call("python3");
    command.current_dir(repository()).env("PYTHONPATH", repository().join("target/consumers")).args(words).assert()
}

/// `xtask` in the repository: the real course.
fn xtask(words: &[&str]) -> Assert {
    let mut command = call(env!("CARGO_BIN_EXE_grading"));
    command.current_dir(repository()).args(words).assert()
}

fn nothing_of_a_name_is_an_element(browser: &Browser) -> Result<(), String> {
    let found = browser.run("return [...document.querySelectorAll('img, script, iframe, form')].map(e => e.outerHTML)");
    // The page's own script is allowed by its digest: it would not run if it were another one.
    let own = |tag: &serde_json::Value| tag.as_str().is_some_and(|tag| tag.starts_with("<script>\"use strict\";"));
    let found = found.as_array().cloned().unwrap_or_default();
    ensure(found.iter().filter(|tag| own(tag)).count() <= 1 && found.iter().all(own), format!("{found:?}"))
}

const ROWS: &str = "return document.querySelectorAll('#all tbody tr').length";
const COUNT: &str = "return document.querySelector('#all [role=status]').textContent";

fn rows_shown(browser: &Browser) -> u64 {
    browser.run(ROWS).as_u64().unwrap_or_default()
}

/// Chooses a value of a filter as a person does, and gives the number of rows then.
fn choose(browser: &Browser, name: &str, value: &str) -> u64 {
    browser.run(&format!(
        "const control = document.querySelector('#all [name={name}]'); control.value = '{value}';
         control.dispatchEvent(new Event('input', {{ bubbles: true }}))"
    ));
    rows_shown(browser)
}

/// Waits until the count is told: it waits until the keys rest.
fn told(browser: &Browser, wanted: &str) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..100 {
        last = browser.run(COUNT).as_str().unwrap_or_default().to_owned();
        if last.contains(wanted) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    ensure(false, format!("the count says {last:?}, not {wanted:?}"))
}

fn the_rows_can_be_filtered_and_searched(browser: &Browser) -> Result<(), String> {
    told(browser, "60 submissions.")?;
    browser.run("document.querySelector('#all [name=q]').focus()");
    browser.press("s01");
    ensure(rows_shown(browser) == 10, format!("{} rows for s01", rows_shown(browser)))?;
    told(browser, "10 submissions of 60.")?;
    choose(browser, "q", "");
    for (name, value, text) in [
        ("status", "rejected", "rejected"),
        ("flag", "review", "needs review"),
        ("goal", "ex1/profile", "ex1"),
        ("code", "profile/wrong-table", "ex1"),
    ] {
        let rows = choose(browser, name, value);
        ensure(rows > 0 && rows < 60, format!("{rows} rows for {name} {value}"))?;
        let all = browser.run(&format!(
            "return [...document.querySelectorAll('#all tbody tr')].every(row => row.textContent.includes('{text}'))"
        ));
        ensure(all == true, format!("a row does not fit {name} {value}"))?;
        choose(browser, name, "");
    }
    choose(browser, "q", "nothing at all");
    told(browser, "No submissions match.")?;
    browser.click("#all [data-reset]");
    ensure(rows_shown(browser) == 60, "the filters are not cleared")
}

fn every_column_sorts(browser: &Browser) -> Result<(), String> {
    let columns = browser.run("return document.querySelectorAll('#all thead th').length").as_u64().unwrap_or_default();
    ensure(columns == 8, format!("{columns} columns"))?;
    for column in 0..columns {
        let head = format!("document.querySelectorAll('#all thead th')[{column}]");
        let state = |browser: &Browser| browser.run(&format!("return {head}.getAttribute('aria-sort') || 'none'"));
        browser.run(&format!("{head}.querySelector('button').focus()"));
        let first = state(browser);
        ensure(first == "none", format!("{first} before"))?;
        browser.press("\u{E007}");
        let second = state(browser);
        ensure(second != "none", "Enter sorts nothing")?;
        browser.press(" ");
        ensure(state(browser) != "none" && state(browser) != second, "the space bar turns nothing round")?;
        browser.press(" ");
        ensure(state(browser) == "none", "the first order does not come back")?;
    }
    browser.run("[...document.querySelectorAll('#all thead button')].find(b => b.textContent === 'points').click()");
    let points = browser.run("return [...document.querySelectorAll('#all tbody tr')].map(row => parseFloat(row.cells[4].textContent)).filter(n => !isNaN(n))");
    let points: Vec<f64> = points.as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
    browser.run("const b = [...document.querySelectorAll('#all thead button')].find(b => b.textContent === 'points'); b.click(); b.click()");
    ensure(points.len() > 40 && points.is_sorted_by(|a, b| a >= b), format!("{points:?}"))
}

fn the_address_holds_what_is_chosen(browser: &Browser) -> Result<(), String> {
    let rows = choose(browser, "status", "rejected");
    browser.run("[...document.querySelectorAll('#all thead button')].find(b => b.textContent === 'points').click()");
    let mut address = String::new();
    for _ in 0..100 {
        address = browser.run("return location.href").as_str().unwrap_or_default().to_owned();
        if address.contains("order=down") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    ensure(address.ends_with("#all?status=rejected&sort=points&order=down"), &address)?;
    browser.open("about:blank");
    browser.open(&address);
    ensure(rows_shown(browser) == rows, "the address brings other rows")?;
    let sorted = browser.run("return document.querySelector('#all [aria-sort]').textContent");
    ensure(sorted == "points", format!("sorted by {sorted}"))?;
    browser.click("#all [data-reset]");
    browser.run("location.hash = '#all?code=profile/wrong-table'");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let of_code = rows_shown(browser);
    ensure(of_code > 0 && of_code < 60, format!("{of_code} rows by the address"))?;
    browser.click("#all [data-reset]");
    ensure(rows_shown(browser) == 60, "the filters are not cleared")
}

fn paper_has_every_row(browser: &Browser) -> Result<(), String> {
    browser.run("dispatchEvent(new Event('beforeprint'))");
    let printed = rows_shown(browser);
    browser.run("dispatchEvent(new Event('afterprint'))");
    ensure(printed >= 60, format!("{printed} rows on paper"))
}

const CHECKS: [(&str, Check); 5] = [
    ("console", browser::nothing_is_wrong_in_the_console),
    ("names", nothing_of_a_name_is_an_element),
    ("themes", browser::there_are_two_themes),
    ("narrow", browser::a_narrow_window_needs_no_sideways_scrolling),
    ("axe", browser::axe_finds_nothing),
];

/// What only the page of the class can do.
const OF_THE_CLASS: [(&str, Check); 4] = [
    ("filter", the_rows_can_be_filtered_and_searched),
    ("sort", every_column_sorts),
    ("address", the_address_holds_what_is_chosen),
    ("paper", paper_has_every_row),
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
        // A fragment alone would not load it again.
        browser.open("about:blank");
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
    pages.extend(["index.html", "changes.html"].map(|name| folder.join(name)));
    let mut wrong = Vec::new();
    for page in &pages {
        open(page);
        let of_the_class: &[_] = if page.ends_with("index.html") { &OF_THE_CLASS } else { &[] };
        for (name, check) in CHECKS.iter().chain(of_the_class) {
            if let Err(words) = check(&browser) {
                wrong.push(format!("{}: {name}: {words}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let page = project.read(&format!("{grades}/index.html"));
    // Without its policy, so that a script that was changed runs.
    let policy = page.split("<meta http-equiv").nth(1).unwrap().split('>').next().unwrap();
    let free = page.replace(&format!("<meta http-equiv{policy}>"), "");
    let controls = [
        ("console", page.replace("\"use strict\";", "\"use strict\"; "), true),
        ("names", page.replace("&lt;img ", "<img "), true),
        ("themes", page.replace("prefers-color-scheme", "prefers-nothing"), true),
        ("narrow", page.replace("<main>", &format!("<main><p class=\"whole\">{}</p>", "x".repeat(500))), true),
        ("axe", page.replace("<html lang=\"en\">", "<html>"), browser::axe().is_some()),
        ("filter", free.replace("value.toLowerCase().split", "\"\".split"), true),
        ("sort", free.replace("head.setAttribute(\"aria-sort\"", "head.setAttribute(\"data-sort\""), true),
        ("address", free.replace("history.replaceState", "void "), true),
        ("paper", free.replace("const FIRST = 200", "const FIRST = 20").replace("\"beforeprint\"", "\"never\""), true),
    ];
    for (name, broken, is_noticed) in controls {
        assert_ne!(broken, page, "{name} is not broken");
        project.write(&format!("{grades}/broken.html"), &broken);
        open(&folder.join("broken.html"));
        let check = CHECKS.iter().chain(&OF_THE_CLASS).find(|(check, _)| *check == name).unwrap().1;
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
    assert!(page.contains("Files that were ignored") && page.contains("ex1/.cargo/config.toml"), "{page}");
    let index = project.read("class/grades/index.html");
    assert!(index.contains("59 of 60") && index.contains("settings are in a table"), "{index}");

    // The same report again changes no byte, and says nothing of changes.
    let before = contents(&project, "class/grades");
    xtask(&["grade", "--report", &grades, "--exercise", "ex1", "--roster", &roster]).success();
    assert_eq!(contents(&project, "class/grades"), before);
    assert!(!project.path("class/grades/changes.html").exists());
    // A decision changes one row; the report before is kept.
    let csv_before = project.read("class/grades/grades.csv");
    let decision = "\n[[override]]\nstudent = \"s001\"\nexercise = \"ex1\"\npoints = 9\nreason = \"asked for help\"\n";
    let overrides = project.read("class/overrides.toml");
    project.write("class/overrides.toml", &format!("{overrides}{decision}"));
    for _ in 0..2 {
        xtask(&["grade", "--report", &grades, "--exercise", "ex1", "--roster", &roster]).success();
        let changes = project.read("class/grades/changes.csv");
        assert_eq!(
            changes.lines().skip(1).collect::<Vec<_>>(),
            ["s001,ex1,score,10,9,an instructor decided: asked for help"]
        );
        let kept: Vec<_> = contents(&project, "class/grades/earlier");
        assert_eq!(
            kept.iter().map(|(_, text)| String::from_utf8_lossy(text)).collect::<Vec<_>>(),
            [csv_before.as_str()]
        );
    }
    assert!(project.read("class/grades/index.html").contains("1 changed score"));
    the_pages_work_in_a_browser(&project, "class/grades");
    no_anonymous_page_names_a_student(&project, &submissions, &grades, &roster);

    if !repository().join("target/consumers/junitparser").is_dir() {
        return left_out("python3 -m pip install --target target/consumers junitparser jsonschema");
    }
    let read = python(&["docs/grading/consume.py", &grades]).success();
    assert!(stdout(&read).contains("60 rows of CSV and JSON, 60 results for Gradescope"), "{}", stdout(&read));
}

/// A class of six for the tiny course. Two have the same unusual settings, in another order; the others have what is right.
fn class_with_a_pair() -> Project {
    let project = Project::quick_course();
    let unusual: Vec<String> = (1..=9)
        .map(|number| format!("[profile.own-{number}]\ninherits = \"dev\"\ncodegen-units = {number}7\n"))
        .collect();
    for student in 1..=6 {
        let mut settings = unusual.clone();
        match student {
            1 => {}
            2 => settings.reverse(),
            _ => settings.clear(),
        }
        let text = format!("{STARTER}{QUICK_PROFILE}# By Ada Lovelace, s00{student}\n{}", settings.concat());
        project.write(&format!("class/s00{student}/ex1/Cargo.toml"), &text);
    }
    project.write("roster.csv", "student_id,first_name,last_name\ns001,Ada,Lovelace\ns002,Grace,Hopper\n");
    project
}

fn n_goes_to_the_next_passage(browser: &Browser) -> Result<(), String> {
    const CURRENT: &str = "return document.querySelector('mark.current')?.dataset.passage || ''";
    browser.run("document.querySelector('[data-side]').focus()");
    let mut seen = Vec::new();
    for key in ["n", "n", "p"] {
        browser.press(key);
        seen.push(browser.run(CURRENT).as_str().unwrap_or_default().to_owned());
    }
    ensure(seen == ["1", "2", "1"], format!("{seen:?}"))?;
    browser.click("[data-go='1']");
    let status = browser.run("return document.querySelector('[role=status]').textContent");
    ensure(status.as_str().is_some_and(|status| status.starts_with("Passage 2 of")), format!("{status}"))
}

#[test]
#[ignore = "starts a browser: .ci/run runs it"]
fn similar_submissions_are_shown_side_by_side() {
    let project = class_with_a_pair();
    project.run(&["grade", "class", "--similar"]).success().stderr(contains("1 similar pair"));
    let csv = project.read("grades/similar/similar.csv");
    let pair = csv.lines().find(|line| line.contains("similar")).unwrap();
    assert!(pair.starts_with("ex1,similar,s001,s002,"), "{csv}");
    assert!(!project.path("grades/journal.jsonl").exists(), "nothing is graded");
    let before = contents(&project, "grades");
    project.run(&["grade", "class", "--similar"]).success();
    assert_eq!(contents(&project, "grades"), before);

    if let Some(browser) = Browser::start() {
        let checks = || CHECKS.into_iter().chain([("keys", n_goes_to_the_next_passage as Check)]);
        let open = |name: &str| {
            browser.console();
            browser.open(&format!("file://{}", project.path("grades/similar").join(name).display()));
            browser.resize(1200, 900);
        };
        for (page, count) in [("index.html", CHECKS.len()), ("ex1-1.html", CHECKS.len() + 1)] {
            open(page);
            for (name, check) in checks().take(count) {
                check(&browser).unwrap_or_else(|words| panic!("{page}: {name}: {words}"));
            }
        }
        let page = project.read("grades/similar/ex1-1.html");
        for (name, broken) in [
            ("console", page.replace("let current = 0", "let current = 1")),
            ("keys", page.replace("let current = 0", "let current = 1")),
            (
                "axe",
                page.replace("aria-label=\"passage", "aria-labelledby=\"none\" aria-lable=\"passage")
                    .replace("<html lang=\"en\">", "<html>"),
            ),
        ] {
            assert_ne!(broken, page, "{name} is not broken");
            project.write("grades/similar/broken.html", &broken);
            open("broken.html");
            let check = checks().find(|(check, _)| *check == name).unwrap().1;
            assert!(check(&browser).is_err() || name == "axe" && browser::axe().is_none(), "{name} did not notice");
        }
        std::fs::remove_file(project.path("grades/similar/broken.html")).unwrap();
    } else {
        left_out("there is no chromedriver (Debian, Ubuntu: apt install chromium chromium-driver)");
    }

    project.run(&["grade", "class", "--similar", "--anonymous", "--roster", "roster.csv"]).success();
    for (path, text) in contents(&project, "grades/similar") {
        let text = String::from_utf8(text).unwrap().to_lowercase();
        for secret in ["s001", "s002", "s003", "lovelace", "hopper"] {
            assert!(!text.contains(secret), "{path} names {secret}");
        }
    }
}

/// All pages are written again without names. The students' ids and names are in none of them, nor in their files' names.
fn no_anonymous_page_names_a_student(project: &Project, submissions: &str, grades: &str, roster: &str) {
    let similar = ["grade", submissions, "--similar", "--exercise", "ex1", "--out", grades, "--roster", roster];
    xtask(&similar).success();
    assert!(project.path("class/grades/similar/index.html").is_file());
    let report = ["grade", "--report", grades, "--exercise", "ex1", "--roster", roster];
    let csv = project.read("class/grades/grades.csv");
    xtask(&[&report[..], &["--anonymous"]].concat()).success();
    assert_eq!(contents(project, "class/grades/similar").len(), 0, "those had names");
    xtask(&[&similar[..], &["--anonymous"]].concat()).success();
    xtask(&[&report[..], &["--anonymous"]].concat()).success();
    assert!(project.read("class/grades/index.html").contains("similar/index.html"));
    let mapping = project.read("class/grades/anonymous.csv");
    assert_eq!(mapping.lines().count(), 61);
    assert_eq!(project.read("class/grades/grades.csv"), csv, "the table is for the course platform, and keeps its ids");
    let ids: Vec<String> = csv.lines().skip(1).map(|line| line.split(',').nth(3).unwrap().to_owned()).collect();
    let mut pages = 0;
    for (path, text) in contents(project, "class/grades").into_iter().filter(|(path, _)| path.ends_with(".html")) {
        if path == "broken.html" {
            continue;
        }
        pages += 1;
        let text = String::from_utf8(text).unwrap();
        for id in ids.iter().filter(|id| id.starts_with('s')) {
            assert!(!path.contains(id.as_str()) && !text.contains(id.as_str()), "{path} names {id}");
        }
        assert!(!text.contains("@example.org") && !text.contains("Student 0"), "{path} has a name");
    }
    assert!(pages > 61, "{pages}");
    let again = contents(project, "class/grades");
    xtask(&[&report[..], &["--anonymous"]].concat()).success();
    assert_eq!(contents(project, "class/grades"), again, "the codes stay");
    xtask(&report).success();
    assert!(project.path("class/grades/students/s001.html").is_file());
    assert_eq!(contents(project, "class/grades/students").len(), 60, "no page without a name is left");
}

/// Every file below a folder of the project, by its path in it.
fn contents(project: &Project, folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = project.path(folder);
    let all = project.everything().into_iter().filter(|(path, ..)| path.starts_with(&root));
    all.map(|(path, text, _)| (path.strip_prefix(&root).unwrap().display().to_string(), text)).collect()
}
