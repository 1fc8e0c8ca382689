//! `cargo xtask bloat` and `diff`: whose bytes they are, and what has changed, to the byte.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;
use std::fs;
use testbed::project::{Project, json, stderr, stdout};
use testbed::schema;

fn sum(document: &Value, list: &str, key: &str) -> i64 {
    document[list].as_array().unwrap().iter().map(|part| part[key].as_i64().unwrap()).sum()
}

#[test]
fn bloat_accounts_for_every_byte() {
    let project = Project::plain_workshop();
    let document = json(&project.run(&["bloat", "--format", "json"]).success());
    assert_eq!(document["schema"], "size-workshop/bloat/1");
    assert_eq!((document["program"].as_str(), document["profile"].as_str()), (Some("tiny"), Some("release")));
    let (file, text) = (document["file_bytes"].as_i64().unwrap(), document["text_bytes"].as_i64().unwrap());
    assert_eq!(fs::metadata(project.path("target/release/tiny")).unwrap().len(), file.unsigned_abs());
    assert_eq!(sum(&document, "sections", "bytes"), file, "sections");
    assert_eq!(sum(&document, "crates", "bytes"), text, "crates");
    let unattributed = document["crates"].as_array().unwrap().iter().find(|row| row["name"] == "[unattributed]");
    let unattributed = unattributed.map_or(0, |row| row["bytes"].as_i64().unwrap());
    assert_eq!(sum(&document, "functions", "bytes") + unattributed, text, "functions");
    let bytes = |name: &str| {
        let row = document["crates"].as_array().unwrap().iter().find(|row| row["name"] == name);
        row.unwrap_or_else(|| panic!("{name}"))["bytes"].as_i64().unwrap()
    };
    assert!(bytes("core") > bytes("tiny") && bytes("std") > bytes("tiny") && bytes("tiny") > 0);
    assert!(document["functions"].as_array().unwrap().iter().any(|row| row["copies"].as_u64().unwrap() > 1));
    // An empty program accounts for most of it, and the parts add up to the file.
    let floor = document["floor"].as_array().unwrap();
    let outside = floor.iter().filter(|part| part["inside"] == false).map(|part| part["bytes"].as_i64().unwrap());
    assert_eq!(outside.clone().sum::<i64>(), file);
    assert!(outside.clone().next().unwrap() > file * 8 / 10, "{floor:?}");
    // For people, the standard library is one row with its parts below.
    project
        .run(&["bloat", "-n", "3"])
        .success()
        .stdout(contains("the standard library, made of").and(contains("smaller functions; -n 0 shows all")))
        .stdout(contains("the whole file"));
    let crates = stdout(&project.run(&["bloat", "--crates"]).success());
    assert!(!crates.contains("function\n") && !crates.contains("section\n"), "{crates}");
}

#[test]
fn a_filter_chooses_and_a_wrong_one_is_explained() {
    let project = Project::plain_workshop();
    let document = json(&project.run(&["bloat", "--filter", "^core::fmt", "--format", "json"]).success());
    let functions = document["functions"].as_array().unwrap();
    assert!(
        !functions.is_empty() && functions.iter().all(|row| row["name"].as_str().unwrap().starts_with("core::fmt"))
    );
    assert_eq!(sum(&document, "crates", "bytes"), sum(&document, "functions", "bytes"));
    project.run(&["bloat", "--filter", "(", "--format", "json"]).code(2).stdout(contains("regular expression"));
    project.run(&["bloat", "--profile", "striped"]).code(2).stderr(contains("did you mean `stripped`?"));
}

#[test]
fn a_stripped_program_is_read_through_its_twin_and_stays_as_it_is() {
    let project = Project::plain_workshop();
    project.run(&["bloat", "--profile", "stripped"]).success();
    let file = project.path("target/stripped/tiny");
    let before = (fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap());
    let assert = project.run(&["bloat", "--profile", "stripped", "--format", "json"]).success();
    assert_eq!((fs::read(&file).unwrap(), fs::metadata(&file).unwrap().modified().unwrap()), before);
    let document = json(&assert);
    assert_eq!(document["file_bytes"].as_u64().unwrap(), before.0.len() as u64);
    assert_eq!(sum(&document, "crates", "bytes"), document["text_bytes"].as_i64().unwrap());
    assert!(document["known"].as_bool().unwrap());
    if cfg!(target_os = "linux") {
        assert!(document["explained"].as_bool().unwrap(), "{}", document["unexplained"]);
        assert_eq!(sum(&document, "crates", "own_bytes"), document["file_bytes"].as_i64().unwrap());
    }
}

#[test]
fn diff_sums_to_the_byte_in_both_directions() {
    let project = Project::plain_workshop();
    let there = json(&project.run(&["diff", "release", "stripped", "--format", "json"]).success());
    assert_eq!(there["schema"], "size-workshop/diff/1");
    let difference =
        |document: &Value, key: &str| document["b"][key].as_i64().unwrap() - document["a"][key].as_i64().unwrap();
    let changed = |document: &Value, list: &str| sum(document, list, "b") - sum(document, list, "a");
    let back = json(&project.run(&["diff", "stripped", "release", "--format", "json"]).success());
    for document in [&there, &back] {
        assert_eq!(changed(document, "sections"), difference(document, "bytes"));
        assert_eq!(changed(document, "crates"), difference(document, "text_bytes"));
        assert_eq!(changed(document, "functions"), difference(document, "text_bytes"));
    }
    assert_eq!(difference(&there, "bytes"), -difference(&back, "bytes"));
    if cfg!(target_os = "linux") {
        let symbols = there["sections"].as_array().unwrap().iter().find(|part| part["name"] == ".symtab").unwrap();
        assert_eq!(symbols["b"], 0);
    }
    // A profile against itself, and two files.
    project.run(&["diff", "release", "release"]).success().stdout(contains("nothing"));
    let (a, b) = (project.path("target/release/tiny"), project.path("target/stripped/tiny"));
    let outside = Project::empty();
    outside
        .run(&["diff", a.to_str().unwrap(), b.to_str().unwrap()])
        .success()
        .stdout(contains("can't tell which crates changed, because that requires the symbols of both files"))
        .stderr(contains("can't tell which crates the code comes from: the file has no symbols"));
}

#[test]
fn growth_beyond_a_budget_is_exit_code_1() {
    let project = Project::plain_workshop();
    let grow = |more: &[&str]| {
        let mut words = vec!["diff", "stripped", "release", "-n", "1"];
        words.extend(more);
        project.xtask().args(words).assert()
    };
    grow(&[]).success();
    grow(&["--fail-if-grows", "1%"]).code(1).stderr(contains("larger than stripped; 1 % is allowed"));
    grow(&["--fail-if-grows", "1%", "--min-bytes", "100000000"]).success();
    grow(&["--fail-if-grows", "1000%"]).success();
    grow(&["--fail-if-grows", "some"]).code(2).stderr(contains("--fail-if-grows: `some` isn't a percentage"));
    project.run(&["diff", "release", "stripped", "--fail-if-grows", "0"]).success();
    grow(&["--github-summary"]).code(2).stderr(contains("GITHUB_STEP_SUMMARY isn't set"));
    project.write("summary.md", "before\n");
    let summary = project.path("summary.md");
    let words = ["diff", "stripped", "release", "--github-summary", "--fail-if-grows", "1%"];
    project.xtask().args(words).env("GITHUB_STEP_SUMMARY", &summary).assert().code(1);
    let text = project.read("summary.md");
    let once = text.strip_prefix("before\n").unwrap();
    assert!(once.starts_with("\n\n### Size: stripped → release\n\n**`stripped` → `release`**"), "{text}");
    assert!(once.contains("| `.symtab` |"), "{text}");
    // A second section in the same job is separate.
    project.xtask().args(words).env("GITHUB_STEP_SUMMARY", &summary).assert().code(1);
    assert_eq!(project.read("summary.md"), format!("before\n{once}{once}"));
    // GitHub drops what is larger than 1 MiB.
    let almost = "x".repeat(1024 * 1024 - once.len() + 1);
    for (there, note) in
        [(almost, " of each list, because GitHub drops"), ("x".repeat(1024 * 1024), "doesn't fit in the job's summary")]
    {
        project.write("summary.md", &there);
        let call = project.xtask().args(words).env("GITHUB_STEP_SUMMARY", &summary).assert().code(1);
        assert!(stderr(&call).contains(note), "{}", stderr(&call));
        assert!(project.read("summary.md").len() <= 1024 * 1024);
    }
}

#[test]
fn what_is_no_program_is_refused_in_words() {
    let project = Project::plain_workshop();
    project.write("text", "#!/bin/sh\necho hi\n");
    project.write("empty", "");
    project.write("cut", "\u{7f}ELF\u{2}\u{1}\u{1}");
    for (file, what) in [("text", "is a script"), ("empty", "is empty"), ("cut", "is cut off in its header")] {
        project.run(&["diff", file, "text"]).code(2).stderr(contains(what));
    }
    project.run(&["diff", "release", "relaese"]).code(2).stderr(contains("did you mean `release`?"));
    #[cfg(unix)]
    {
        // A file of a gigabyte that is all holes, and something that isn't a file.
        let huge = fs::File::create(project.path("huge")).unwrap();
        huge.set_len(1 << 30).unwrap();
        project.run(&["diff", "huge", "text"]).code(2).stderr(contains("huge begins with zeros, not like a program"));
    }
}

#[test]
fn several_programs_want_a_choice() {
    let project = Project::copy_of_the_repository();
    project.run(&["bloat"]).code(2).stderr(contains("choose one, such as --program config_tool"));
    let text = stderr(&project.run(&["bloat", "--program", "config_tol"]).code(2));
    assert!(text.contains("did you mean `config_tool`?"), "{text}");
}

#[test]
fn somebody_elses_crate_is_taken_apart_without_touching_it() {
    let workshop = Project::plain_workshop();
    let other = Project::empty();
    other.write("Cargo.toml", "[package]\nname = \"mine\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    other.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"mine\"\nversion = \"0.1.0\"\n");
    other.write("src/main.rs", "fn main() { println!(\"{:?}\", std::env::args().collect::<Vec<_>>()); }");
    let before = other.everything();
    let manifest = other.path("Cargo.toml");
    let manifest = manifest.to_str().unwrap();
    workshop
        .run(&["bloat", "--manifest-path", manifest, "--profile", "stripped", "--crates"])
        .success()
        .stdout(contains("mine, stripped:").and(contains("  mine")));
    workshop.run(&["diff", "release", "stripped", "--manifest-path", manifest]).success().stdout(contains("sum"));
    assert_eq!(other.everything(), before);
}

/// A workshop whose profile `small` has two settings, one of which costs something.
fn two_settings() -> Project {
    let project = Project::plain_workshop();
    project.edit(
        "Cargo.toml",
        "[workspace.metadata.sizes]",
        "[profile.small]\ninherits = \"release\"\npanic = \"abort\"\nstrip = true\n\n[workspace.metadata.sizes]",
    );
    project
}

#[test]
fn what_if_weighs_every_setting_and_says_what_it_costs() {
    let project = two_settings();
    let assert = project.run(&["what-if", "--profile", "small", "--format", "json"]).success();
    let document = json(&assert);
    assert_eq!(document["schema"], "size-workshop/what-if/1");
    let number = |value: &Value| value.as_f64().unwrap();
    let (before, after) = (number(&document["before_bytes"]), number(&document["after_bytes"]));
    let settings = document["settings"].as_array().unwrap();
    let keys: Vec<_> = settings.iter().map(|setting| setting["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["strip", "panic"], "what saves most comes first");
    let sum: f64 = settings.iter().map(|setting| number(&setting["average_change_bytes"])).sum();
    assert!((sum - (after - before)).abs() < 0.1, "{sum} is not {}", after - before);
    // With two settings, the average is over the two orders.
    let strip = &settings[0];
    let both = f64::midpoint(number(&strip["alone_bytes"]) - before, after - number(&strip["without_bytes"]));
    assert!((number(&strip["average_change_bytes"]) - both).abs() < 0.01);
    // The same file as `sizes` measures.
    let sizes = json(&project.run(&["sizes", "--format", "json"]).success());
    let rows = &sizes["tables"][0]["rows"];
    assert!((number(&rows[0]["bytes"]) - before).abs() < 0.5);
    assert!((number(&rows[1]["bytes"]) - number(&strip["alone_bytes"])).abs() < 0.5);
    if cfg!(target_os = "linux") {
        let behaviour = |value: &Value| {
            (
                value["panic"].as_str().unwrap().to_owned(),
                value["catch_unwind"] == true,
                value["backtrace_frames"].as_u64().unwrap(),
            )
        };
        let (status, catches, frames) = behaviour(&document["behaviour"]);
        assert_eq!((status.as_str(), catches), ("exit code 101", true));
        assert!(frames > 3, "{frames}");
        let (status, catches, _) = behaviour(&settings[1]["behaviour"]);
        assert_eq!((status.as_str(), catches), ("signal 6 (a shell shows 134)", false));
        assert_eq!(behaviour(&strip["behaviour"]), ("exit code 101".to_owned(), true, 0));
    }
}

#[test]
fn a_second_what_if_builds_nothing_and_a_changed_source_is_noticed() {
    let project = two_settings();
    let what_if = || project.run(&["what-if", "--profile", "small"]).success();
    let first = what_if();
    assert!(stderr(&first).contains("built panic + strip"), "{}", stderr(&first));
    let second = what_if();
    assert!(!stderr(&second).contains("built "), "{}", stderr(&second));
    assert_eq!(stdout(&first), stdout(&second));
    // It is left where `check` looks for what a missing setting would save.
    let result = schema::document(&project.read("target/size-workshop/what-if/tiny/what-if.json"));
    assert_eq!(result["settings"][0]["key"], "strip");
    assert!(stdout(&first).contains("what each setting costs, shown by a program that panics"));
    project.write("tiny/src/main.rs", "fn main() { println!(\"hi {:?}\", std::env::args().collect::<Vec<_>>()); }");
    assert!(stderr(&what_if()).contains("built panic + strip"));
}

#[test]
fn what_if_needs_a_profile_that_differs() {
    let project = two_settings();
    project.run(&["what-if", "--profile", "release"]).code(2).stderr(contains("nothing to weigh"));
    project.run(&["what-if", "--profile", "smal"]).code(2).stderr(contains("did you mean `small`?"));
}

#[test]
fn a_program_is_compared_with_what_it_was_at_a_git_revision() {
    let project = Project::plain_workshop();
    project.write(".gitignore", "/target/\n");
    let git = |words: &[&str]| {
        let mut git = testbed::project::call("git");
        let who = ["-c", "user.name=s001", "-c", "user.email=s001@example.org", "-c", "commit.gpgsign=false"];
        git.current_dir(project.path("")).args(who).args(words).assert().success()
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "first"]);
    project.write(
        "tiny/src/main.rs",
        "fn main() { println!(\"hi\"); for (k, v) in std::env::vars() { println!(\"{k:?} {v:?}\"); } }",
    );
    project.write("staged", "x");
    git(&["add", "staged"]);
    let status = stdout(&git(&["status", "--porcelain"]));
    let cache = Project::empty();
    let run = |words: &[&str]| project.xtask().env("XDG_CACHE_HOME", cache.path("")).args(words).assert();
    let document = json(&run(&["diff", "git:HEAD", "stripped", "--format", "json"]).success());
    assert_eq!(document["a"]["name"], "HEAD (stripped)");
    let difference = document["b"]["text_bytes"].as_i64().unwrap() - document["a"]["text_bytes"].as_i64().unwrap();
    assert!(difference > 0, "{document:#}");
    assert_eq!(sum(&document, "functions", "b") - sum(&document, "functions", "a"), difference);
    assert_eq!(stdout(&git(&["status", "--porcelain"])), status, "nothing in the repository has changed");
    // As a budget in CI.
    run(&["diff", "git:HEAD", "--fail-if-grows", "0.1%"]).code(1);
    run(&["diff", "git:no-such-branch", "release"]).code(2).stderr(contains("a revision is a tag, a branch, a hash"));
    let history = json(&run(&["history", "--format", "json", "--profile", "stripped"]).success());
    assert_eq!(history["revisions"][0]["bytes"], document["a"]["bytes"]);
    assert_eq!(stdout(&git(&["status", "--porcelain"])), status, "nothing in the repository has changed");
}

#[test]
fn a_report_is_one_file_that_can_load_nothing() {
    let project = two_settings();
    let assert = project.run(&["report", "--profile", "small", "--out", "pages/report.html"]).success();
    assert!(stdout(&assert).starts_with("wrote pages/report.html ("), "{}", stdout(&assert));
    let page = project.read("pages/report.html");
    assert!(page.len() < 300_000, "{} bytes", page.len());
    assert!(page.contains("default-src 'none'"), "the policy");
    for outside in ["src=\"http", "href=\"http", "url(http", "@import", "fetch(", "XMLHttpRequest"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("What tiny weighs"));
    // The numbers match the other verbs'.
    let bloat = json(&project.run(&["bloat", "--profile", "small", "--format", "json"]).success());
    for key in ["file_bytes", "text_bytes"] {
        assert!(page.contains(&bloat[key].to_string()), "{key}");
    }
    // A place that can't be written is noticed before anything is built.
    let fresh = two_settings();
    fresh.write("file", "in the way");
    fresh.run(&["report", "--profile", "small", "--out", "file/report.html"]).code(3).stderr(contains("file"));
    assert!(!fresh.path("target/release").exists());
}

/// A browser, if there is one.
fn browser() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| {
        let mut call = assert_cmd::Command::new(name);
        call.arg("--version").output().is_ok_and(|output| output.status.success())
    })
}

#[test]
fn a_browser_draws_the_report_without_an_error() {
    let Some(browser) = browser() else {
        #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
        {
            eprintln!("LEFT OUT: there is no Chromium here; install it (Debian, Ubuntu: apt install chromium)");
        }
        return;
    };
    let project = two_settings();
    project.run(&["report", "--profile", "small", "--out", "report.html"]).success();
    let dump = |file: &str| {
        let profile = tempfile::tempdir().unwrap();
        let mut call = assert_cmd::Command::new(browser);
        call.args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]);
        call.args(["--disable-component-update", "--disable-sync", "--disable-quic", "--enable-logging=stderr"]);
        call.arg(format!("--user-data-dir={}", profile.path().display()));
        call.arg("--dump-dom").arg(format!("file://{}", project.path(file).display()));
        let assert = call.timeout(std::time::Duration::from_mins(1)).assert().success();
        (stdout(&assert), stderr(&assert))
    };
    let (dom, log) = dump("report.html");
    assert!(!log.contains("CONSOLE"), "{log}");
    // What only the script can have made: boxes, rows, sums.
    assert!(dom.matches("<button").count() > 50, "boxes of the treemap");
    let bloat = json(&project.run(&["bloat", "--format", "json"]).success());
    let bytes = bloat["text_bytes"].to_string();
    let grouped = format!("{},{}", &bytes[..bytes.len() - 3], &bytes[bytes.len() - 3..]);
    assert!(dom.contains(&format!("{grouped} bytes")), "{grouped}");
    // A page that was changed on purpose: its script no longer has the digest that the policy allows.
    let broken = project.read("report.html").replace("\"use strict\";", "\"use strict\"; ");
    project.write("broken.html", &broken);
    let (dom, log) = dump("broken.html");
    assert!(dom.matches("<button").count() == 0 && log.contains("CONSOLE"), "{log}");
}

#[test]
fn a_damaged_program_is_refused_or_read_and_never_a_crash() {
    let project = Project::plain_workshop();
    project.run(&["bloat"]).success();
    let whole = fs::read(project.path("target/release/tiny")).unwrap();
    // SplitMix64: the same damage in every run, so a fault that was found once is found again.
    let mut state = 4_u64;
    let mut next = |below: usize| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    };
    for round in 0..150 {
        let mut damaged = whole.clone();
        if round % 5 == 0 {
            damaged.truncate(next(whole.len()));
        }
        for _ in 0..=next(30) {
            // Headers at the beginning, the section table at the end, and anything between.
            let length = damaged.len().max(1);
            let at = match next(3) {
                0 => next(length.min(1024)),
                1 => length - 1 - next(length.min(4096)),
                _ => next(length),
            };
            let value = [0, 1, 0x7f, 0x80, 0xff, u8::try_from(next(256)).unwrap()][next(6)];
            damaged.iter_mut().skip(at).take(1 + next(8)).for_each(|byte| *byte = value);
        }
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(project.path("damaged"), &damaged).unwrap();
        let assert = project.run(&["bloat", "--file", "damaged"]);
        let code = assert.get_output().status.code();
        assert!(matches!(code, Some(0 | 2)), "round {round}: {code:?}\n{}", stderr(&assert));
    }
    // Names from a symbol table reach the terminal only escaped.
    let hostile = |from: &[u8], to: &[u8]| {
        let mut bytes = whole.clone();
        let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
        assert!(!places.is_empty());
        places.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to));
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        fs::write(project.path("hostile"), &bytes).unwrap();
    };
    if cfg!(target_os = "linux") {
        hostile(b"_ZN", b"\x1b[7");
        let text = stdout(&project.run(&["bloat", "--file", "hostile", "-n", "0", "--functions"]).success());
        assert!(!text.contains('\u{1b}') && text.contains("\\u{1b}[7"), "{text}");
    }
}
