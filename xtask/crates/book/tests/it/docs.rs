//! Generated documents: what `cargo xtask docs` writes, and what `--check` finds.

use predicates::prelude::*;
use predicates::str::contains;
use std::fs;
use testbed::project::{Project, stderr};

#[test]
fn what_is_committed_is_up_to_date() {
    Project::copy_of_the_repository().run(&["docs", "--check"]).success().stderr(contains("files are up to date"));
}

#[test]
fn a_number_that_was_changed_by_hand_is_found_with_its_line_and_repaired() {
    let project = Project::copy_of_the_repository();
    let committed = project.read("README.md");
    let row = committed.lines().position(|line| line.starts_with("| + lto = true |")).unwrap();
    let line = committed.lines().nth(row).unwrap();
    project.edit("README.md", line, &line.replacen('0', "1", 1));
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains(format!("error: README.md:{}: stale", row + 1)).and(contains("cargo xtask docs")));
    project.run(&["docs"]).success().stderr(contains("wrote README.md"));
    assert_eq!(project.read("README.md"), committed);
    project.run(&["docs"]).success().stderr(contains("everything was up to date"));
}

#[test]
fn a_picture_that_is_missing_is_found_and_made() {
    let project = Project::copy_of_the_repository();
    let committed = project.read("docs/src/img/ladder-dark.svg");
    fs::remove_file(project.path("docs/src/img/ladder-dark.svg")).unwrap();
    project.run(&["docs", "--check"]).code(1).stderr(contains("docs/src/img/ladder-dark.svg:1: stale"));
    project.run(&["docs"]).success();
    assert_eq!(project.read("docs/src/img/ladder-dark.svg"), committed);
}

#[test]
fn the_picture_of_the_crates_is_made_from_what_cargo_says() {
    let project = Project::copy_of_the_repository();
    let committed = project.read("docs/src/img/house-light.svg");
    let manifest = "xtask/crates/commands/Cargo.toml";
    project.edit(manifest, "cargo-weigh.workspace = true\n", "cargo-weigh.workspace = true\ncourse.workspace = true\n");
    project.run(&["docs", "--check"]).code(1).stderr(
        contains("docs/src/img/house-light.svg:1: stale").or(contains("docs/src/img/house-light.svg:3: stale")),
    );
    project.run(&["docs"]).success().stderr(contains("wrote docs/src/img/house-dark.svg"));
    let drawn = project.read("docs/src/img/house-light.svg");
    assert!(drawn != committed && drawn.contains("commands uses cargo-weigh, course, weigh-base."), "{drawn}");
    // What only tests need is no arrow.
    project.edit(manifest, "course.workspace = true\n", "");
    project.edit(manifest, "[dev-dependencies]\n", "[dev-dependencies]\ncourse.workspace = true\n");
    project.run(&["docs"]).success();
    assert_eq!(project.read("docs/src/img/house-light.svg"), committed);
}

#[test]
fn a_marker_that_names_nothing_is_shown_with_its_line() {
    let project = Project::copy_of_the_repository();
    project.edit("README.md", "<!-- generated: sizes ladder -->", "<!-- generated: sizes lader -->");
    let before = project.read("README.md");
    let message = stderr(&project.run(&["docs"]).code(2));
    assert!(
        message.contains("nothing of this name can be generated") && message.contains("--> README.md:"),
        "{message}"
    );
    assert!(message.contains("the tables are ladder, s-z-3"), "{message}");
    assert_eq!(project.read("README.md"), before);
}

#[test]
fn without_a_measurement_there_is_nothing_to_generate_from() {
    let project = Project::plain_workshop();
    project.write("README.md", "");
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains("there is no measurement for rustc").and(contains("sizes --accept")));
}

#[test]
fn what_a_page_shows_and_does_not_hold_is_found_with_its_line() {
    let project = Project::copy_of_the_repository();
    let page = "docs/src/lto.md";
    let committed = project.read(page);
    let lines = committed.lines().count();
    project.write(
        page,
        &format!(
            "{committed}\nIt has 503,272 bytes.\n\n[nobody](nowhere.md) [nothing](strip.md#nothing)\n\n```\nwhat is this\n```\n\n```console\n$ true\n```\n"
        ),
    );
    let assert = project.run(&["docs", "--check"]).code(1);
    let text = stderr(&assert);
    for said in [
        format!("error: {page}:{}: the number `503,272", lines + 2),
        format!("error: {page}:{}: this links to nowhere.md", lines + 4),
        format!("error: {page}:{}: no heading of strip.md has the anchor `nothing`", lines + 4),
        format!("error: {page}:{}: this code block has no language", lines + 6),
        format!(
            "error: {page}:{}: there is no record of what `true` prints; run `cargo xtask docs --record`",
            lines + 11
        ),
    ] {
        assert!(text.contains(&said), "{said}\n\n{text}");
    }
}

#[test]
fn a_number_and_a_listing_that_were_changed_by_hand_are_found_and_repaired() {
    let project = Project::copy_of_the_repository();
    let page = "docs/src/profile.md";
    let committed = project.read(page);
    let number = committed.split("<!--= bytes ").nth(1).and_then(|rest| rest.split(['>', '<']).nth(1)).unwrap();
    assert!(number.contains(','), "{number}");
    project.edit(page, &format!("-->{number}<!--/-->"), "-->1,234<!--/-->");
    project.run(&["docs", "--check"]).code(1).stderr(contains(format!("error: {page}:")).and(contains("stale")));
    project.run(&["docs"]).success().stderr(contains(format!("wrote {page}")));
    assert_eq!(project.read(page), committed);

    // The listing follows the file, and its anchor must be there.
    project.edit("Cargo.toml", "lto = true        # optimize across", "lto = true        # Optimize across");
    project.run(&["docs", "--check"]).code(1).stderr(contains("stale; run `cargo xtask docs`"));
    project.edit("Cargo.toml", "# ANCHOR: dist\n", "");
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains("there are 0 lines with `ANCHOR: dist`").and(contains("--> docs/src/")));
}

#[test]
fn a_chapter_that_nobody_names_and_a_name_without_a_chapter_are_found() {
    let project = Project::copy_of_the_repository();
    project.write("docs/src/secret.md", "# Secret\n\nFor reference.\n");
    project.edit("docs/src/SUMMARY.md", "(lto.md)", "(ltoo.md)");
    let text = stderr(&project.run(&["docs", "--check"]).code(1));
    for said in [
        "docs/src/secret.md:1: SUMMARY.md doesn't list this chapter",
        "docs/src/lto.md:1: SUMMARY.md doesn't list this chapter",
        "this names ltoo.md, which doesn't exist",
    ] {
        assert!(text.contains(said), "{said}\n\n{text}");
    }
}

#[test]
fn a_sentence_that_a_measurement_contradicts_is_an_error() {
    let project = Project::copy_of_the_repository();
    let page = "docs/src/lto.md";
    let text = project.read(page);
    project
        .write(page, &format!("{text}\nIt saves <!--= saved word_freq/dist word_freq/release -->1<!--/--> bytes.\n"));
    project
        .run(&["docs", "--check"])
        .code(1)
        .stderr(contains("the sentence doesn't hold: `word_freq/dist` is 328,").and(contains(format!("--> {page}:"))));
}

#[test]
fn a_record_that_is_damaged_is_named_with_what_to_do() {
    let project = Project::copy_of_the_repository();
    project.write("docs/measurements/x86_64-unknown-linux-gnu/book-rustc-1.95.0.json", "{");
    project
        .run(&["docs", "--check"])
        .code(2)
        .stderr(contains("the record of the book is damaged").and(contains("cargo xtask docs --record")));
}

#[test]
fn flags_that_exclude_each_other_and_unknown_chapters_are_refused() {
    let project = Project::copy_of_the_repository();
    project.run(&["docs", "--check", "--run"]).code(2).stderr(contains("cannot be used with"));
    project.run(&["docs", "--slow"]).code(2).stderr(contains("--run"));
    project
        .run(&["docs", "--run", "no-such"])
        .code(2)
        .stderr(contains("the book has no chapter `no-such`").and(contains("measuring, ")));
}

/// A workshop with one chapter.
#[cfg(unix)]
fn book(chapter: &str) -> Project {
    let project = Project::copy_of_the_repository();
    project.write("docs/src/SUMMARY.md", "# Summary\n\n- [Try](try.md)\n");
    project.write("docs/src/try.md", &format!("# Try\n\nAbout <!--= minutes -->1<!--/--> minutes.\n\n{chapter}"));
    project
}

#[test]
#[cfg(unix)]
fn commands_are_run_and_what_they_print_is_compared() {
    let project = book(
        "```console\n$ cd exercises\n$ echo $((500 * 1000 + 7))\n500999\n$ ls ex1 | head -n 1\n[..]\n$ false\n$ echo $?\n1\n```\n\n\
         <!-- console: not run, it would never end -->\n```console\n$ sleep 1000000\n```\n\n\
         <!-- console: slow -->\n```console\n$ echo slow\nfast\n```\n\n\
         <!-- console: recorded -->\n```console\n$ echo long\nshort\n```\n\n\
         <!-- console: needs no-such-program -->\n```console\n$ no-such-program\n```\n",
    );
    project.run(&["docs", "--run", "try"]).success().stderr(
        contains("LEFT OUT, because no-such-program isn't installed")
            .and(contains("1 slow blocks were skipped; to run them, add `--slow`"))
            .and(contains("1 blocks that build for minutes were skipped; to run them, add `--facts`"))
            .and(contains("5 commands were run, 0 results differ from the book")),
    );
    project.edit("docs/src/try.md", "500999", "600999");
    project.edit("docs/src/try.md", "\n$ echo $?\n1\n", "\n");
    let text = stderr(&project.run(&["docs", "--run", "--slow", "try"]).code(1));
    for said in [
        "docs/src/try.md:7: `echo $((500 * 1000 + 7))` printed something else",
        "  - 600999\n  + 500007",
        "docs/src/try.md:11: `false` ended with exit code 1; show it with `$ echo $?` below",
        "`echo slow` printed something else",
    ] {
        assert!(text.contains(said), "{said}\n\n{text}");
    }
    assert!(!text.contains("echo long"), "{text}");
    let text = stderr(&project.run(&["docs", "--run", "--facts", "try"]).code(1));
    assert!(text.contains("`echo long` printed something else") && !text.contains("echo slow"), "{text}");
    // Nothing of this touched the files themselves.
    assert!(!project.path("target/book/workspace/docs/src/no").exists());
}

#[test]
#[cfg(unix)]
fn what_a_block_makes_is_gone_for_the_next_one_with_its_folders() {
    let project = book(
        "```console\n$ mkdir -p exercises/ex99/src && touch exercises/ex99/src/main.rs\n```\n\n\
         ```console\n$ ls exercises | grep ex99\n$ echo $?\n1\n```\n",
    );
    project.run(&["docs", "--run", "try"]).success().stderr(contains("3 commands were run, 0 results differ"));
}

#[test]
#[cfg(unix)]
fn a_shell_that_ends_early_or_a_folder_that_is_missing_is_an_error() {
    let project = book("```console\n$ echo before\nbefore\n$ exit 3\n$ echo after\nafter\n```\n");
    project
        .run(&["docs", "--run"])
        .code(3)
        .stderr(contains("docs/src/try.md:6").and(contains("the shell ended in `exit 3`")));
    let project = book("<!-- console: with docs/no-such -->\n```console\n$ true\n```\n");
    project.run(&["docs", "--run"]).code(2).stderr(contains("docs/no-such isn't a folder"));
}

#[test]
fn without_mdbook_it_is_said_how_to_install_it() {
    let project = Project::copy_of_the_repository();
    let mut xtask = project.xtask();
    // Cargo's folder may hold mdbook, so only the compiler's own is left.
    xtask.env("PATH", project.path("no-such-folder"));
    xtask.args(["docs", "--open"]).assert().code(3).stderr(contains("cargo install mdbook"));
}

#[test]
fn mdbook_is_answered_as_a_preprocessor() {
    let project = Project::copy_of_the_repository();
    project.run(&["docs", "--preprocess", "supports", "html"]).success();
    let chapter = "# A\n\n[ex1](../../exercises/ex1/README.md) and [`Cargo.toml`](../../Cargo.toml)\n";
    let book =
        serde_json::json!([{}, { "items": [{ "Chapter": { "name": "A", "content": chapter, "sub_items": [] } }] }]);
    let mut xtask = project.xtask();
    let assert = xtask.args(["docs", "--preprocess"]).write_stdin(book.to_string()).assert().success();
    let answer: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    assert_eq!(
        answer["items"][0]["Chapter"]["content"],
        "# A\n\n[ex1](ex1.md) and [`Cargo.toml`](files/Cargo.toml.txt)\n"
    );
    let names: Vec<&str> =
        answer["items"].as_array().unwrap().iter().filter_map(|item| item["Chapter"]["path"].as_str()).collect();
    let all = fs::read_dir(project.path("exercises")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = all.filter(|path| path.is_dir()).map(|path| path.file_name().unwrap().to_owned()).collect();
    all.sort_by_key(|name| (name.len(), name.clone()));
    let all: Vec<String> = all.iter().map(|name| format!("{}.md", name.display())).collect();
    assert_eq!(names, all);
    // Pages of exercises have links as well, and none of them becomes plain text.
    for item in answer["items"].as_array().unwrap().iter().filter(|item| item["Chapter"]["path"].is_string()) {
        let id = item["Chapter"]["path"].as_str().unwrap().trim_end_matches(".md");
        let source = fs::read_to_string(project.path(&format!("exercises/{id}/README.md"))).unwrap();
        let content = item["Chapter"]["content"].as_str().unwrap();
        let links = source.matches("](").count();
        assert!(links > 0, "{id} links nowhere");
        assert_eq!(content.matches("](").count(), links, "{id}");
        assert_eq!(content.matches("](..").count(), 0, "{id}: a link leads out of the site");
    }
    project
        .xtask()
        .args(["docs", "--preprocess"])
        .write_stdin("no JSON")
        .assert()
        .code(2)
        .stderr(contains("this isn't what mdBook sends"));
}

/// The commands of the book that take long, and its measurements, are run by `.ci/run`.
#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[ignore = "takes a minute or two: .ci/run runs every command of the book by `cargo xtask docs --run --slow`"]
fn every_command_of_the_book_prints_what_its_page_shows() {
    // In the repository itself, whose target folder keeps what the book builds: the next time it takes seconds.
    let mut xtask = testbed::project::call(env!("CARGO_BIN_EXE_book"));
    xtask
        .current_dir(testbed::project::repository())
        .args(["docs", "--run"])
        .assert()
        .success()
        .stderr(contains("0 results differ from the book"));
}
