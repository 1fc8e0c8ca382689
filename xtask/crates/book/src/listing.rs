//! Listings: a real file, or the part of it between two comments, `ANCHOR: name` and `ANCHOR_END: name`.

use base::files;
use std::path::Path;

/// A file that readers should read isn't longer.
const LARGEST: u64 = 200_000;

/// The fenced block for `PATH` or `PATH#ANCHOR`.
///
/// # Errors
/// What is wrong, in one sentence without a final full stop: no such file, no such anchor, nothing in it.
pub(crate) fn block(root: &Path, what: &str) -> Result<String, String> {
    let (path, anchor) = what.split_once('#').map_or((what, None), |(path, anchor)| (path, Some(anchor)));
    let text =
        files::read_text(&root.join(path), LARGEST).map_err(|unreadable| format!("{path}: {}", unreadable.message))?;
    let lines = match anchor {
        None => text.lines().filter(|line| !is_comment_of_an_anchor(line)).collect(),
        Some(name) => part(&text, name).map_err(|message| format!("{path}: {message}"))?,
    };
    let body = without_indentation(&lines);
    if body.trim().is_empty() {
        return Err(format!("{what} holds nothing"));
    }
    Ok(format!("```{}\n{}\n```\n", language(path), body.trim_end()))
}

fn part<'a>(text: &'a str, name: &str) -> Result<Vec<&'a str>, String> {
    let is = |line: &str, word: &str| {
        line.trim_end().strip_suffix(name).is_some_and(|rest| rest.ends_with(&format!("{word}: ")))
    };
    let begins: Vec<usize> =
        text.lines().enumerate().filter(|(_, line)| is(line, "ANCHOR")).map(|(at, _)| at).collect();
    let [begin] = begins[..] else {
        return Err(format!("there are {} lines with `ANCHOR: {name}`; there must be one", begins.len()));
    };
    let rest: Vec<&str> = text.lines().skip(begin + 1).collect();
    let Some(length) = rest.iter().position(|line| is(line, "ANCHOR_END")) else {
        return Err(format!("no line after `ANCHOR: {name}` has `ANCHOR_END: {name}`"));
    };
    Ok(rest[..length].iter().filter(|line| !is_comment_of_an_anchor(line)).copied().collect())
}

fn is_comment_of_an_anchor(line: &str) -> bool {
    line.contains("ANCHOR: ") || line.contains("ANCHOR_END: ")
}

fn without_indentation(lines: &[&str]) -> String {
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let indent = filled.map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or_default();
    lines.iter().map(|line| line.get(indent..).unwrap_or_default().trim_end()).collect::<Vec<_>>().join("\n")
}

/// The name used for syntax highlighting.
fn language(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit('.').next().unwrap_or_default() {
        "rs" => "rust",
        "toml" => "toml",
        "json" => "json",
        "js" | "mjs" | "cjs" => "javascript",
        "ts" | "mts" => "typescript",
        "sh" => "bash",
        "yml" | "yaml" => "yaml",
        _ if name.starts_with("Dockerfile") => "dockerfile",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, what: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        files::write_atomic(&folder.path().join("src/main.rs"), text.as_bytes()).unwrap();
        block(folder.path(), what)
    }

    const TEXT: &str =
        "fn a() {\n    // ANCHOR: b\n    let b = 1;\n\n    if b {\n        c()\n    }\n    // ANCHOR_END: b\n}\n";

    #[test]
    fn a_part_is_taken_by_its_anchor_without_its_indentation() {
        assert_eq!(of(TEXT, "src/main.rs#b").unwrap(), "```rust\nlet b = 1;\n\nif b {\n    c()\n}\n```\n");
        assert!(of(TEXT, "src/main.rs").unwrap().starts_with("```rust\nfn a() {\n    let b = 1;\n"));
    }

    #[test]
    fn what_is_missing_or_empty_is_an_error() {
        for (text, what, said) in [
            (TEXT, "src/lib.rs", "there is no lib.rs"),
            (TEXT, "src/main.rs#c", "there are 0 lines with `ANCHOR: c`"),
            ("// ANCHOR: a\n// ANCHOR: a\n", "src/main.rs#a", "there are 2 lines"),
            ("// ANCHOR: a\n1\n", "src/main.rs#a", "no line after"),
            ("// ANCHOR: a\n\n// ANCHOR_END: a\n", "src/main.rs#a", "holds nothing"),
            ("", "src/main.rs", "holds nothing"),
        ] {
            assert!(of(text, what).unwrap_err().contains(said), "{what} of {text:?}");
        }
    }
}
