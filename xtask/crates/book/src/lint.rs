//! Finds what no reader should see: dead links, chapters that can't be found, code without a language, unmeasured
//! numbers.

use super::chapters::{MINUTES, TO_LOOK_UP};
use super::console;
use super::markers::Part;
use crate::prose::{self, Page};
use base::diagnostic;
use regex_lite::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

/// Something that is wrong at a place of a page.
#[derive(Debug, PartialEq)]
pub(crate) struct Finding {
    /// From 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub message: String,
}

/// The anchors of the pages that were linked so far.
pub(crate) type Anchors = BTreeMap<PathBuf, Vec<String>>;

/// Every fenced block must name its language.
pub(crate) fn languages(text: &str, page: &Page) -> Vec<Finding> {
    let without = page.fences.iter().filter(|fence| fence.language.as_deref() == Some(""));
    without
        .map(|fence| Finding {
            line: line(text, fence.place.start),
            message: "this code block has no language; write one after the fence, or `text` if it isn't code"
                .to_owned(),
        })
        .collect()
}

/// No line may begin with a marker: Markdown treats such a line as HTML as a whole, and shows no links or code on it.
pub(crate) fn line_starts(text: &str, parts: &[Part]) -> Vec<Finding> {
    let begins = |part: &&Part| {
        let start = text[..part.name.start].rfind('\n').map_or(0, |newline| newline + 1);
        part.inline && text[start..].trim_start_matches(' ').starts_with("<!--")
    };
    let message = "this line begins with a marker, so Markdown treats the whole line as HTML; begin it with a word";
    parts
        .iter()
        .filter(begins)
        .map(|part| Finding { line: line(text, part.name.start), message: message.to_owned() })
        .collect()
}

/// What opens a folded box.
const BOX: &str = "<details";

/// Folded boxes have one of two forms, so that a reader knows when to guess first: `Predict:` and a question, or `Answer` below
/// the question of a practice. What is inside is Markdown only if a blank line is on either side of it.
pub(crate) fn boxes(text: &str, page: &Page) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_code = |at: &usize| {
        page.fences.iter().any(|fence| fence.place.contains(at)) || page.code.iter().any(|code| code.contains(at))
    };
    for (at, _) in text.match_indices(BOX).filter(|(at, _)| !is_code(at)) {
        let mut wrong = |message: &str| found.push(Finding { line: line(text, at), message: message.to_owned() });
        let Some((summary, rest)) =
            text[at..].strip_prefix("<details><summary>").and_then(|rest| rest.split_once("</summary>"))
        else {
            wrong(
                "a folded box begins with `<details><summary>Predict: …?</summary>`, or `<details><summary>Answer</summary>`",
            );
            continue;
        };
        let inside = rest.split_once("</details>").map(|(inside, _)| inside);
        if !text[..at].ends_with("\n\n") {
            wrong("a blank line goes before a folded box");
        }
        match summary.strip_prefix("Predict: ") {
            None if summary == "Answer" => {}
            Some(question) if question.trim_end().ends_with('?') && question.matches('\n').count() < 2 => {}
            Some(_) => wrong("a `Predict:` summary has to be a single question that ends with `?`"),
            None => wrong("a folded box asks first, `Predict: …?`, or is the `Answer` to a practice"),
        }
        match inside {
            None => wrong("this folded box has no `</details>`"),
            Some(inside) if inside.contains(BOX) => wrong("a folded box is inside another, where it can't be seen"),
            Some(inside) if inside.trim().is_empty() => wrong("this folded box is empty"),
            Some(inside) if !inside.starts_with("\n\n") || !inside.ends_with("\n\n") => {
                wrong("in a folded box, put a blank line after the summary and another before `</details>`");
            }
            Some(_) => {}
        }
    }
    found
}

/// Every link must lead to an existing file and heading. `pages` caches what was already read.
pub(crate) fn links(path: &Path, text: &str, page: &Page, pages: &mut Anchors) -> Vec<Finding> {
    let mut found = Vec::new();
    for link in page.links.iter().filter(|link| !link.target.contains("://") && !link.target.starts_with("mailto:")) {
        let mut wrong = |message: String| found.push(Finding { line: line(text, link.place.start), message });
        let (file, anchor) =
            link.target.split_once('#').map_or((link.target.as_str(), None), |(file, anchor)| (file, Some(anchor)));
        let target = if file.is_empty() { path.to_owned() } else { path.parent().unwrap_or(Path::new("")).join(file) };
        if !target.exists() {
            wrong(format!("this links to {file}, which doesn't exist"));
            continue;
        }
        let Some(anchor) = anchor else { continue };
        let anchors = pages.entry(plain(&target)).or_insert_with(|| {
            let text = fs::read_to_string(&target).unwrap_or_default();
            prose::read(&text).headings.into_iter().map(|heading| heading.anchor).collect()
        });
        if !anchors.iter().any(|known| known == anchor) {
            wrong(format!(
                "no heading of {} has the anchor `{anchor}`",
                target.file_name().unwrap_or_default().display()
            ));
        }
    }
    found
}

/// A path without `..`, so that one file has one name.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Numbers written by hand: bytes, percentages, and numbers so large that they must have been measured.
pub(crate) fn numbers(text: &str, page: &Page, parts: &[Part]) -> Vec<Finding> {
    // The output of a command is compared with what it really prints.
    let consoles = page.fences.iter().filter(|fence| fence.language.as_deref() == Some("console"));
    let generated: Vec<Range<usize>> =
        parts.iter().map(|part| part.body.clone()).chain(consoles.map(|fence| fence.place.clone())).collect();
    let patterns = [
        // With a unit: code within a sentence may hold such words as `--fail-if-grows 1%`.
        (
            r"[0-9][0-9.,]*[ \u{a0}]?(?:bytes?|B|kB|KB|KiB|MB|MiB|GB|GiB|kilobytes?|megabytes?|%|percent)(?:[^A-Za-z0-9]|$)",
            true,
        ),
        // Large numbers are measured ones, wherever they are. Years, versions, and addresses aren't.
        (r"(?:^|[^0-9.,x])(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{5,})(?:[^0-9,]|$)", false),
    ];
    let mut found = BTreeMap::new();
    for (pattern, code_is_free) in patterns {
        let pattern = Regex::new(pattern).expect("the pattern is fixed");
        for hit in pattern.find_iter(text) {
            let place = hit.range();
            let digits = place.start + hit.as_str().find(|c: char| c.is_ascii_digit()).unwrap_or_default();
            let is_in = |ranges: &[Range<usize>]| ranges.iter().any(|range| range.contains(&digits));
            let number = text[digits..place.end].trim_end_matches(|c: char| !c.is_ascii_alphanumeric() && c != '%');
            let is_link = page.links.iter().any(|link| link.place.contains(&digits) && link.target.contains(number));
            let is_marker = parts.iter().any(|part| part.name.contains(&digits));
            if is_in(&generated) || is_marker || is_link || code_is_free && is_in(&page.code) {
                continue;
            }
            found.entry(line(text, digits)).or_insert_with(|| number.to_owned());
        }
    }
    found
        .into_iter()
        .map(|(line, number)| Finding {
            line,
            message: format!(
                "the number `{number}` is written by hand; write `<!--= bytes PROGRAM/PROFILE -->?<!--/-->` and run `cargo xtask docs`"
            ),
        })
        .collect()
}

/// Every chapter must be in SUMMARY.md, and begin with its title and its minutes.
pub(crate) fn chapters(folder: &Path, summary: &str, files: &[PathBuf]) -> Vec<(PathBuf, Finding)> {
    let named: Vec<PathBuf> =
        super::chapters::of(summary).into_iter().map(|chapter| folder.join(chapter.file)).collect();
    let mut found = Vec::new();
    for (index, line) in summary.lines().enumerate() {
        for chapter in super::chapters::of(line).iter().filter(|chapter| !folder.join(&chapter.file).exists()) {
            let message = format!("this names {}, which doesn't exist", chapter.file);
            found.push((folder.join("SUMMARY.md"), Finding { line: index + 1, message }));
        }
    }
    for file in files.iter().filter(|file| file.starts_with(folder) && !file.ends_with("SUMMARY.md")) {
        if !named.contains(file) {
            let message = "SUMMARY.md doesn't list this chapter, so no reader finds it".to_owned();
            found.push((file.clone(), Finding { line: 1, message }));
        }
        let text = fs::read_to_string(file).unwrap_or_default();
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let title = lines.next().is_some_and(|line| line.starts_with("# "));
        if !title || !lines.next().is_some_and(|line| line.contains(MINUTES) || line.starts_with(TO_LOOK_UP)) {
            let message = "a chapter begins with its title, and then says how long it takes: `About <!--= minutes -->?<!--/--> minutes.`";
            found.push((file.clone(), Finding { line: 1, message: message.to_owned() }));
        }
    }
    found
}

/// Every command of a page must have been run, and the page must show what it printed.
pub(crate) fn consoles(blocks: &[console::Block], recorded: &[super::facts::Answer]) -> Vec<Finding> {
    let mut found = Vec::new();
    let answers = console::answers(blocks, recorded);
    let is_used =
        |answer: &&super::facts::Answer| answers.iter().flatten().flatten().any(|used| std::ptr::eq(*used, *answer));
    // The output of a removed command would be taken for the next identical command's, such as `echo $?`.
    if let Some(left) = recorded.iter().find(|answer| !is_used(answer)) {
        let message = format!(
            "`{}` was recorded for this page one more time than the page shows it; run `cargo xtask docs --record`",
            first_line(&left.command)
        );
        found.push(Finding { line: 1, message });
    }
    for (block, answers) in blocks.iter().zip(answers) {
        if block.how.not_run.is_some() {
            continue;
        }
        for (index, (command, answer)) in block.commands.iter().zip(answers).enumerate() {
            let mut wrong = |message: String| found.push(Finding { line: command.line, message });
            let Some(answer) = answer else {
                wrong(format!(
                    "there is no record of what `{}` prints; run `cargo xtask docs --record`",
                    first_line(&command.text)
                ));
                continue;
            };
            if !console::matches(&command.shown, &answer.output, console::Numbers::Same) {
                wrong(format!(
                    "`{}` printed something else when it was recorded; run `cargo xtask docs`",
                    first_line(&command.text)
                ));
            }
            let is_said = block.commands.get(index + 1).is_some_and(|next| next.text.trim() == "echo $?");
            if answer.exit != 0 && !is_said {
                wrong(format!(
                    "`{}` ended with exit code {}; show it with `$ echo $?` below",
                    first_line(&command.text),
                    answer.exit
                ));
            }
        }
    }
    found
}

fn first_line(command: &str) -> &str {
    command.lines().next().unwrap_or_default()
}

fn line(text: &str, at: usize) -> usize {
    diagnostic::line_and_column(text, at).0
}

#[cfg(test)]
mod tests {
    use super::super::markers;
    use super::*;

    fn bare(text: &str) -> Vec<usize> {
        let parts = markers::parts(Path::new("a.md"), text).unwrap();
        numbers(text, &prose::read(text), &parts).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn an_answer_of_a_command_that_is_gone_is_found() {
        let page = "```console\n$ true\n$ echo $?\n0\n```\n";
        let blocks = console::blocks(Path::new("a.md"), page).unwrap();
        let answer = |command: &str, output: &[&str]| crate::facts::Answer {
            command: command.to_owned(),
            with: Vec::new(),
            exit: 0,
            output: output.iter().map(|line| (*line).to_owned()).collect(),
        };
        let (first, second) = (answer("true", &[]), answer("echo $?", &["0"]));
        assert!(consoles(&blocks, &[answer("true", &[]), answer("echo $?", &["0"])]).is_empty());
        let found = consoles(&blocks, &[first, second, answer("echo $?", &["3"])]);
        assert!(
            found.len() == 1 && found[0].message.contains("`echo $?` was recorded for this page one more time"),
            "{found:?}"
        );
    }

    #[test]
    fn numbers_by_hand_are_found() {
        for text in [
            "It has 503,272 of them.",
            "It has 503272 of them.",
            "a 4 KiB page",
            "7.5 % less",
            "87% of it",
            "3 bytes.",
            "about 110 MB",
            "code `503,272`",
            "| a | 503,272 |",
            "```text\n503,272\n```",
        ] {
            assert_eq!(bare(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "<!--= bytes word_freq/release -->503,272<!--/--> bytes",
            "rustc 1.95.0 of 2024, exit code 134, opt-level 3, UTF-8, four settings, 20 minutes",
            "`--fail-if-grows 1%`, `0x555555554000`",
            "```console\n$ a\n503,272\n```",
            "[issue](https://example.org/12345678)",
            "<!-- generated: listing Cargo.toml -->\n```toml\na = 1_000_000 # 10 %\n```\n<!-- end of generated -->",
        ] {
            assert_eq!(bare(text), [0; 0], "{text}");
        }
        assert_eq!(bare("one\n\nof <!--= bytes a/b -->1<!--/--> and 5 %\n"), [3]);
    }

    #[test]
    fn no_line_begins_with_a_marker() {
        let text = "It has <!--= bytes a/b -->1<!--/--> and\n<!--= bytes a/c -->2<!--/--> [bytes](x).\n\n- a\n  <!--= bytes a/c -->2<!--/-->\n";
        let found = line_starts(text, &markers::parts(Path::new("a.md"), text).unwrap());
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn folded_boxes_have_one_form() {
        let found = |text: &str| {
            let all = boxes(text, &prose::read(text));
            all.into_iter()
                .map(|finding| format!("{}: {}", finding.line, finding.message))
                .collect::<Vec<_>>()
                .join("\n")
        };
        for good in [
            "# A\n\n<details><summary>Predict: is <code>z</code> smaller?</summary>\n\nNo.\n\n</details>\n",
            "# A\n\n<details><summary>Predict: which of these\ndoes nothing?</summary>\n\n- a\n\n</details>\n",
            "Which?\n\n<details><summary>Answer</summary>\n\nThis one.\n\n</details>\n\nText\n",
            "```html\n<details>\n```\n\n`<details>`\n",
        ] {
            assert_eq!(found(good), "", "{good}");
        }
        for (bad, words) in [
            ("# A\n\n<details>\n<summary>Predict: a?</summary>\n\nb\n\n</details>\n", "3: a folded box begins with"),
            ("# A\n\n<details open><summary>Predict: a?</summary>\n\nb\n\n</details>\n", ""),
            ("# A\n\n<details><summary>Guess: a?</summary>\n\nb\n\n</details>\n", "asks first"),
            ("# A\n\n<details><summary>Predict: order them.</summary>\n\nb\n\n</details>\n", "ends with `?`"),
            ("# A\n\n<details><summary>Predict: a?</summary>\nb\n\n</details>\n", "put a blank line after"),
            ("# A\n\n<details><summary>Predict: a?</summary>\n\nb\n</details>\n", "another before"),
            ("# A\n\n<details><summary>Predict: a?</summary>\n\n</details>\n", "is empty"),
            ("# A\n\n<details><summary>Predict: a?</summary>\n\nb\n", "has no `</details>`"),
            ("# A\n<details><summary>Predict: a?</summary>\n\nb\n\n</details>\n", "goes before"),
            ("# A\n\n<details><summary>Predict: a?</summary>\n\n<details>\n\n</details>\n", "is inside another"),
        ] {
            assert!(found(bad).contains(words) && !found(bad).is_empty(), "{bad}: {}", found(bad));
        }
    }

    #[test]
    fn links_and_anchors_must_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| base::files::write_atomic(&folder.path().join(name), text.as_bytes()).unwrap();
        write("b.md", "# The `b` page\n");
        let text = "# A\n\n[b](b.md) [b](b.md#the-b-page) [a](#a) [web](https://example.org/x#y)\n\n[c](c.md)\n[b](b.md#c)\n[a](#b)\n<img src=\"no.svg\">\n";
        write("a.md", text);
        let found = links(&folder.path().join("a.md"), text, &prose::read(text), &mut BTreeMap::new());
        let said: Vec<_> = found.iter().map(|finding| (finding.line, finding.message.as_str())).collect();
        let expected = [
            (5, "this links to c.md, which doesn't exist"),
            (6, "no heading of b.md has the anchor `c`"),
            (7, "no heading of a.md has the anchor `b`"),
            (8, "this links to no.svg, which doesn't exist"),
        ];
        assert_eq!(said, expected);
    }

    #[test]
    fn code_needs_a_language() {
        let text = "```toml\n```\n\n```\n```\n\n    indented\n";
        let found = languages(text, &prose::read(text));
        assert_eq!(found.iter().map(|finding| finding.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn chapters_and_the_summary_name_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let good = "# A\n\nAbout <!--= minutes -->1<!--/--> minutes.\n";
        base::files::write_atomic(&path("a.md"), good.as_bytes()).unwrap();
        base::files::write_atomic(&path("b.md"), b"# B\n\nText\n").unwrap();
        let summary = "# Summary\n\n- [A](a.md)\n- [C](c.md)\n";
        let found = chapters(folder.path(), summary, &[path("SUMMARY.md"), path("a.md"), path("b.md")]);
        let said: Vec<_> = found
            .iter()
            .map(|(file, finding)| (file.file_name().unwrap().to_str().unwrap(), finding.line, &finding.message[..15]))
            .collect();
        let expected =
            [("SUMMARY.md", 4, "this names c.md"), ("b.md", 1, "SUMMARY.md does"), ("b.md", 1, "a chapter begin")];
        assert_eq!(said, expected);
    }
}
