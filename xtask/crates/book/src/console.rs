//! The console blocks of the book: what is typed after `$ `, and what it prints according to the page.
//!
//! A comment on the line above a block says how it is run: `<!-- console: slow, needs cargo-bloat -->`.

use super::facts::Answer;
use crate::prose;
use anyhow::{Result, bail};
use base::diagnostic;
use regex_lite::Regex;
use std::ops::Range;
use std::path::Path;

const DIRECTIVE: &str = "<!-- console: ";

/// A block of commands that share one shell.
#[derive(Debug, PartialEq)]
pub(crate) struct Block {
    /// The commands from top to bottom.
    pub commands: Vec<Command>,
    /// How it is run.
    pub how: How,
    /// The lines between the fences, in bytes of the page.
    pub body: Range<usize>,
    /// What precedes each line of the block if it is part of a list.
    indent: String,
}

/// The directives above a block.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct How {
    /// Takes too long for every run of the tests.
    pub slow: bool,
    /// Builds for minutes: only run when everything is measured again as well.
    pub recorded: bool,
    /// Why it isn't run at all.
    pub not_run: Option<String>,
    /// Programs without which it cannot be run.
    pub needs: Vec<String>,
    /// Folders whose files are laid over the copy of the workspace first.
    pub with: Vec<String>,
}

/// One command.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    /// What is typed; a line that ends with `\` continues on the next.
    pub text: String,
    /// What it prints according to the page.
    pub shown: Vec<String>,
    /// Its line on the page, from 1.
    pub line: usize,
}

/// The console blocks of a page.
///
/// # Errors
/// When a block doesn't begin with a command, or a directive is unknown.
pub(crate) fn blocks(path: &Path, page: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for fence in prose::read(page).fences {
        if fence.language.as_deref() == Some("console") {
            blocks.push(block(path, page, &fence)?);
        }
    }
    Ok(blocks)
}

fn block(path: &Path, page: &str, fence: &prose::Fence) -> Result<Block> {
    let line_start = page[..fence.place.start].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = page[line_start..fence.place.start].to_owned();
    let how = match page[..line_start].lines().next_back().map(str::trim) {
        Some(above) if above.starts_with("<!-- console:") => {
            let at = page[..line_start].rfind("<!-- console:").unwrap_or_default();
            directive(above).map_err(|(message, help)| {
                diagnostic::in_file(path, page, at..at + above.len(), message, "here", Some(help))
            })?
        }
        _ => How::default(),
    };
    let whole = &page[fence.place.clone()];
    let body_start = fence.place.start + whole.find('\n').map_or(whole.len(), |newline| newline + 1);
    let body_end = fence.place.start + whole.rfind('\n').map_or(whole.len(), |newline| newline + 1);
    let body = body_start..body_end.max(body_start);
    let first_line = diagnostic::line_and_column(page, body_start).0;
    let mut commands: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for (index, line) in fence.body.lines().enumerate() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (_, Some(command)) if goes_on => command.text += &format!("\n{line}"),
            (Some(text), _) => {
                commands.push(Command { text: text.to_owned(), shown: Vec::new(), line: first_line + index });
            }
            (None, Some(command)) => command.shown.push(line.to_owned()),
            (None, None) => {
                let help = Some("begin it with `$ ` and what is typed, or call the block `text`");
                let message = "a console block begins with a command";
                bail!(diagnostic::in_file(path, page, body.clone(), message, "no command", help));
            }
        }
        goes_on = (goes_on || line.starts_with("$ ")) && line.ends_with('\\');
    }
    Ok(Block { commands, how, body, indent })
}

fn directive(line: &str) -> Result<How, (&'static str, &'static str)> {
    const HELP: &str =
        "`slow`, `recorded`, `needs PROGRAM …`, `with FOLDER …`, with commas between, or `not run, REASON`";
    let Some(words) = line.strip_prefix(DIRECTIVE).and_then(|rest| rest.strip_suffix(" -->")) else {
        return Err(("this directive isn't closed on its line", "end it with ` -->` on the same line"));
    };
    let mut how = How::default();
    if let Some(reason) = words.strip_prefix("not run, ") {
        how.not_run = Some(reason.to_owned());
        return Ok(how);
    }
    for part in words.split(", ") {
        match part.split_once(' ') {
            None if part == "slow" => how.slow = true,
            None if part == "recorded" => how.recorded = true,
            Some(("needs", programs)) => how.needs.extend(programs.split(' ').map(str::to_owned)),
            Some(("with", folders)) => how.with.extend(folders.split(' ').map(str::to_owned)),
            _ => return Err(("this doesn't say how to run the block", HELP)),
        }
    }
    Ok(how)
}

impl Block {
    /// The lines between the fences, with what the commands really printed in place of anything that doesn't match.
    pub(crate) fn rewritten(&self, answers: &[Option<&Answer>]) -> String {
        let mut text = String::new();
        for (command, answer) in self.commands.iter().zip(answers) {
            let typed = format!("$ {}", command.text);
            let shown = match answer {
                Some(answer) if !matches(&command.shown, &answer.output, Numbers::Same) => &answer.output,
                _ => &command.shown,
            };
            for line in typed.lines().chain(shown.iter().map(String::as_str)) {
                let line = format!("{}{line}", self.indent);
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }
}

/// Finds the recorded answer of each command of a page: the same command, in the same order.
pub(crate) fn answers<'a>(blocks: &[Block], recorded: &'a [Answer]) -> Vec<Vec<Option<&'a Answer>>> {
    let mut used = vec![false; recorded.len()];
    let mut answer = |block: &Block, command: &Command| {
        let index = recorded.iter().enumerate().position(|(index, answer)| {
            !used[index] && answer.command == command.text && answer.with == block.how.with
        })?;
        used[index] = true;
        Some(&recorded[index])
    };
    blocks.iter().map(|block| block.commands.iter().map(|command| answer(block, command)).collect()).collect()
}

/// How exactly an output's numbers must match the page's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Numbers {
    /// To the last digit.
    Same,
    /// Allows what paths, other releases of a tool or rounding change: 2 %, or 0.3 for a number with decimals. Small
    /// whole numbers, such as exit codes and lines, must be the same.
    Alike,
}

/// Whether a command printed what the page shows. `[..]` in a line stands for anything, a line `...` for any lines.
pub(crate) fn matches(shown: &[String], printed: &[String], numbers: Numbers) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((first, rest)), _) if first.trim() == "..." => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..], numbers))
        }
        (Some((first, rest)), Some((line, others))) => {
            line_matches(first, line, numbers) && matches(rest, others, numbers)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn line_matches(shown: &str, printed: &str, numbers: Numbers) -> bool {
    if shown.trim_end() == printed.trim_end() {
        return true;
    }
    let number = r"[0-9][0-9,]*(?:\.[0-9]+)?";
    let token = Regex::new(&format!(r"\[\.\.\]|{number}|\s+")).expect("the pattern is fixed");
    let (mut pattern, mut expected, mut from) = ("^".to_owned(), Vec::new(), 0);
    let shown = shown.trim_end();
    for found in token.find_iter(shown) {
        pattern += &regex_lite::escape(&shown[from..found.start()]);
        pattern += &match found.as_str() {
            "[..]" => ".*?".to_owned(),
            space if space.trim().is_empty() => r"\s+".to_owned(),
            digits => {
                expected.push(digits.to_owned());
                format!("({number})")
            }
        };
        from = found.end();
    }
    pattern += &regex_lite::escape(&shown[from..]);
    let Ok(pattern) = Regex::new(&format!("{pattern}$")) else { return false };
    let Some(found) = pattern.captures(printed.trim_end()) else { return false };
    expected
        .iter()
        .enumerate()
        .all(|(index, expected)| found.get(index + 1).is_some_and(|printed| alike(expected, printed.as_str(), numbers)))
}

fn alike(shown: &str, printed: &str, numbers: Numbers) -> bool {
    if shown == printed {
        return true;
    }
    let value = |text: &str| text.replace(',', "").parse::<f64>().ok();
    let (Some(a), Some(b)) = (value(shown), value(printed)) else { return false };
    let has_decimals = shown.contains('.');
    let allowed = if has_decimals { f64::max(0.3, 0.02 * a) } else { 0.02 * a };
    numbers == Numbers::Alike && (has_decimals || a >= 1000.0) && (a - b).abs() <= allowed
}

/// Whether a line only tells how far Cargo is: a word, right-aligned at column 12. Or that `cargo xtask` builds a program, which
/// depends on what was built before.
pub(crate) fn is_progress(line: &str) -> bool {
    const WORDS: [&str; 17] = [
        "Compiling",
        "Finished",
        "Running",
        "Fresh",
        "Blocking",
        "Downloading",
        "Downloaded",
        "Updating",
        "Locking",
        "Adding",
        "Checking",
        "Installing",
        "Installed",
        "Replacing",
        "Replaced",
        "Dirty",
        "Removed",
    ];
    let is_building = line.strip_prefix("note: ").is_some_and(|note| note.starts_with(commands::BUILDING));
    is_building || WORDS.iter().any(|word| line.strip_prefix(&format!("{word:>12} ")).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    fn alike(shown: &str, printed: &str) -> bool {
        matches(&lines(shown), &lines(printed), Numbers::Alike)
    }

    #[test]
    fn a_block_is_commands_and_what_they_print() {
        let page = "a\n\n<!-- console: slow, needs node npm -->\n```console\n$ a \\\n    b\none\n\ntwo\n$ c\n```\n";
        let [block] = &blocks(Path::new("a.md"), page).unwrap()[..] else { panic!("one block") };
        assert!(block.how.slow && block.how.not_run.is_none());
        assert_eq!(block.how.needs, ["node", "npm"]);
        let [a, c] = &block.commands[..] else { panic!("two commands") };
        assert_eq!((a.text.as_str(), a.line, a.shown.as_slice()), ("a \\\n    b", 5, &lines("one\n\ntwo")[..]));
        assert_eq!((c.text.as_str(), c.line, c.shown.len()), ("c", 10, 0));
        assert_eq!(&page[block.body.clone()], "$ a \\\n    b\none\n\ntwo\n$ c\n");
    }

    #[test]
    fn a_block_that_cannot_be_run_is_refused_with_its_line() {
        for (page, said) in [
            ("\n```console\nls\n```\n", "begins with a command"),
            ("\n<!-- console: fast -->\n```console\n$ ls\n```\n", "doesn't say how to run"),
            ("\n<!-- console: slow\n```console\n$ ls\n```\n", "not closed"),
        ] {
            // The third one swallows the block: an HTML comment ends with `-->`.
            let Err(error) = blocks(Path::new("a.md"), page) else {
                assert!(said == "not closed");
                continue;
            };
            let failure = error.downcast::<base::failure::Failure>().unwrap();
            assert!(failure.message.contains(said), "{page}");
            assert!(failure.place.unwrap().line >= Some(2), "{page}");
        }
    }

    #[test]
    fn a_block_in_a_list_keeps_its_indentation() {
        let page = "1. one\n\n   ```console\n   $ a\n   old\n   ```\n";
        let [block] = &blocks(Path::new("a.md"), page).unwrap()[..] else { panic!("one block") };
        let answer = Answer { command: "a".to_owned(), with: Vec::new(), exit: 0, output: lines("new\n\nnewer") };
        assert_eq!(block.rewritten(&[Some(&answer)]), "   $ a\n   new\n\n   newer\n");
        assert_eq!(block.rewritten(&[None]), "   $ a\n   old\n");
    }

    #[test]
    fn what_may_vary_is_written_with_dots() {
        assert!(alike("a\n[..]: warning: b", "a\n/x/y.toml: warning: b"));
        assert!(alike("a\n...\nd", "a\nb\nc\nd") && alike("...", "") && alike("a\n...", "a"));
        assert!(!alike("a\n...\nd", "a\nb") && !alike("a", "a\nb") && !alike("a\nb", "a") && !alike("a", "b"));
    }

    #[test]
    fn numbers_may_differ_a_little_and_exit_codes_may_not() {
        assert!(alike("| a | 503,272 | -34.8 % |", "|  a | 503,360 |  -34.7 % |"));
        assert!(!alike("503,272", "603,272") && !alike("134", "101") && !alike("main.rs:12:5", "main.rs:13:5"));
        assert!(!matches(&lines("503,272"), &lines("503,360"), Numbers::Same));
    }

    #[test]
    fn an_answer_is_found_by_its_command_in_order() {
        let page = "```console\n$ a\n$ b\n$ a\n```\n";
        let blocks = blocks(Path::new("a.md"), page).unwrap();
        let answer =
            |command: &str, exit| Answer { command: command.to_owned(), with: Vec::new(), exit, output: Vec::new() };
        let recorded = [answer("a", 1), answer("a", 2)];
        let found: Vec<_> =
            answers(&blocks, &recorded)[0].iter().map(|answer| answer.map(|answer| answer.exit)).collect();
        assert_eq!(found, [Some(1), None, Some(2)]);
    }

    #[test]
    fn cargos_progress_is_told_from_its_warnings() {
        assert!(is_progress("   Compiling word_freq v0.1.0 (/x)") && is_progress("    Finished `release` profile"));
        assert!(is_progress(&format!("note: {}docs` needs: a minute", commands::BUILDING)));
        assert!(!is_progress("note: kept") && !is_progress("building what"));
        assert!(!is_progress("warning: unused manifest key") && !is_progress("Running late"));
    }
}
