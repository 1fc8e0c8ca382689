//! The reference chapters: every setting of a profile, and every diagnostic code with an example that really produces it.

use super::facts::Answer;
use super::listing;
use course::diagnostic::Code;
use course::learner_manifest::reference::{SETTINGS, Setting};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use weigh::report::markdown;

/// Every setting with its values and defaults.
pub(crate) fn settings() -> String {
    let mut text = String::new();
    for Setting { key, about, values, dev, release, chapter } in SETTINGS {
        let code = |value: &str| if value == "platform" { "the platform's".to_owned() } else { format!("`{value}`") };
        let _ = write!(text, "\n### `{key}`\n\n{about}\n\n| value | means |\n|---|---|\n");
        for (value, meaning) in *values {
            let _ = writeln!(text, "| `{key} = {value}` | {meaning} |");
        }
        if *dev == "none" {
            text.push_str("\nThere is no default.");
        } else {
            let _ = write!(text, "\nDefault: {} in `dev`, {} in `release`.", code(dev), code(release));
        }
        if let Some(chapter) = chapter {
            let _ = write!(text, " More: [{key}]({chapter}).");
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

/// The folder with the example of a code, relative to the root.
fn folder(code: Code) -> String {
    format!("docs/diagnostics/{}", code.name().replace('/', "-"))
}

/// Every code with its meaning, the files that produce it, and what the check says about them.
///
/// # Errors
/// The codes without an example, or whose example produces something else, as sentences.
pub(crate) fn codes(root: &Path, recorded: &[Answer]) -> Result<String, String> {
    let mut text = String::new();
    let mut missing = Vec::new();
    for &code in Code::ALL {
        let folder = folder(code);
        let example = match Example::read(root, &folder) {
            Ok(example) => example,
            Err(message) => {
                missing.push(format!("no example of `{}`: {message}", code.name()));
                continue;
            }
        };
        let _ = write!(text, "\n### `{}`\n\n{}\n\n", code.name(), code.meaning());
        if let Some(why) = &example.why {
            let _ = writeln!(text, "{why}\n");
        }
        let mut with = example.with.clone();
        with.push(folder.clone());
        for (path, content, language) in &example.files {
            let _ = writeln!(text, "`{path}`:\n\n```{language}\n{}\n```\n", content.trim_end());
        }
        let Some(command) = &example.command else { continue };
        let answer = recorded.iter().find(|answer| answer.command == *command && answer.with == with);
        let said = answer.map(|answer| diagnostic_in(&answer.output, code));
        if said.as_ref().is_some_and(Vec::is_empty) {
            missing.push(format!("the example in {folder} doesn't produce `{}`", code.name()));
        }
        let exit = recorded.iter().skip_while(|other| answer.is_some_and(|answer| *other != answer)).nth(1);
        let exit = exit.filter(|answer| answer.command == "echo $?").and_then(|answer| answer.output.first());
        let _ = writeln!(
            text,
            "<!-- console: {}with {} -->\n```console\n$ {}\n...\n{}\n...\n$ echo $?\n{}\n```",
            if example.slow { "slow, " } else { "" },
            with.join(" "),
            command,
            said.unwrap_or_default().join("\n"),
            exit.map_or("1", String::as_str)
        );
    }
    text.push('\n');
    if missing.is_empty() { Ok(text) } else { Err(missing.join("; ")) }
}

/// The longest message of the table, in characters.
const LONGEST_MESSAGE: usize = 90;

/// What a check says in the example of each code, with a link to the code; its meaning if there is no such example.
///
/// # Errors
/// The codes that have no example, as sentences.
pub(crate) fn codes_by_message(root: &Path, recorded: &[Answer]) -> Result<String, String> {
    let mut text = String::from("\n| the check says, for example | code |\n|---|---|\n");
    for &code in Code::ALL {
        let folder = folder(code);
        let example =
            Example::read(root, &folder).map_err(|message| format!("no example of `{}`: {message}", code.name()))?;
        let with: Vec<String> = example.with.iter().cloned().chain([folder]).collect();
        let answer =
            recorded.iter().find(|answer| Some(&answer.command) == example.command.as_ref() && answer.with == with);
        let said = answer.and_then(|answer| diagnostic_in(&answer.output, code).into_iter().next());
        let message = match said.as_ref().and_then(|line| line.split_once(&format!("[{}]: ", code.name()))) {
            Some((_, message)) => message.to_owned(),
            None => code.meaning().to_owned(),
        };
        let anchor: String = code.name().chars().filter(|&character| character != '/').collect();
        let _ = writeln!(text, "| {} | [`{}`](#{anchor}) |", markdown::escape(&shortened(&message)), code.name());
    }
    text.push('\n');
    Ok(text)
}

/// A message that fits in a row: it ends after a whole word, and leaves no code span open.
fn shortened(message: &str) -> String {
    if message.chars().count() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    let mut short = String::new();
    for word in message.split(' ') {
        if short.chars().count() + word.chars().count() > LONGEST_MESSAGE {
            break;
        }
        short += if short.is_empty() { "" } else { " " };
        short += word;
    }
    while !short.matches('`').count().is_multiple_of(2) {
        let whole = short.rfind(' ').unwrap_or_default();
        short.truncate(whole);
    }
    format!("{} …", short.trim_end_matches([',', ';', ':']))
}

/// The lines of one diagnostic: from its code to the next empty line.
fn diagnostic_in(output: &[String], code: Code) -> Vec<String> {
    let head = format!("[{}]", code.name());
    let from = output.iter().skip_while(|line| !line.split(": ").next().is_some_and(|start| start.ends_with(&head)));
    from.take_while(|line| !line.is_empty()).cloned().collect()
}

/// Files that produce a diagnostic.
struct Example {
    command: Option<String>,
    slow: bool,
    why: Option<String>,
    with: Vec<String>,
    /// Path, text and language of what the reader should see.
    files: Vec<(String, String, String)>,
}

/// The file next to an example's folder.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    /// What is typed; nothing for a code that no files produce.
    command: Option<String>,
    /// What the reader should know about the example.
    why: Option<String>,
    /// Takes too long for every run of the tests.
    #[serde(default)]
    slow: bool,
    /// Folders that are laid over the workspace before this one.
    #[serde(default)]
    with: Vec<String>,
    /// Files of the example that are shown, as listings.
    #[serde(default)]
    show: Vec<String>,
}

impl Example {
    fn read(root: &Path, folder: &str) -> Result<Self, String> {
        let file = format!("{folder}.toml");
        let text = fs::read_to_string(root.join(&file)).map_err(|error| format!("{file}: {error}"))?;
        let data: Data = toml::from_str(&text).map_err(|error| format!("{file}: {}", error.message()))?;
        let Data { command, why, slow, with, show } = data;
        let mut files = Vec::new();
        for path in show {
            let block = listing::block(&root.join(folder), &path)?;
            let language = block.trim_start_matches('`').lines().next().unwrap_or_default().to_owned();
            let body = block.lines().skip(1).filter(|line| *line != "```").collect::<Vec<_>>().join("\n");
            files.push((path.split('#').next().unwrap_or(&path).to_owned(), body, language));
        }
        Ok(Self { command, slow, why, with, files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diagnostic_ends_at_the_next_empty_line() {
        let output: Vec<String> =
            ["note: a", "error[profile/wrong-table]: x", "  --> Cargo.toml:3:1", "", "error[size/grew]: y"]
                .map(str::to_owned)
                .into();
        assert_eq!(diagnostic_in(&output, Code::WrongTable), output[1..3]);
        assert_eq!(diagnostic_in(&output, Code::SizeGrew), output[4..]);
        assert_eq!(diagnostic_in(&output, Code::RunTimeout), [""; 0]);
    }

    #[test]
    fn a_long_message_ends_after_a_word_and_with_no_code_half_open() {
        assert_eq!(shortened("`lto` is set twice"), "`lto` is set twice");
        let long =
            "the `after` program was stopped because it used more than 1 s of CPU time, and it was given `a b c d e f`";
        assert_eq!(
            shortened(long),
            "the `after` program was stopped because it used more than 1 s of CPU time, and it was given …"
        );
        let code = format!("{} `one two three four five six` is long", "word ".repeat(14).trim_end());
        assert_eq!(shortened(&code), format!("{} …", "word ".repeat(14).trim_end()));
    }

    #[test]
    fn every_setting_has_its_values_and_its_defaults() {
        let text = settings();
        assert!(text.contains("| `lto = \"fat\"` | the same as true |"), "{text}");
        assert!(text.contains("Default: `0` in `dev`, `3` in `release`. More: [opt-level](opt-level.md)."), "{text}");
        assert!(!text.contains("`none`") && text.contains("There is no default."), "{text}");
    }
}
