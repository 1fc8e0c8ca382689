//! `cargo xtask solution`: the solution, why it is one, how it differs from the learner's files, and what other approaches measure.

use anyhow::Result;
use base::failure::Exit;
use base::files;
use base::numbers::wrap;
use base::output;
use course::approaches::{self, Approach};
use course::evidence::{self, Whose};
use course::exercise::{self, Exercise};
use course::progress::{self, State};
use course::report;
use similar::TextDiff;
use std::fs;
use std::path::Path;

/// Runs `cargo xtask solution`.
///
/// # Errors
/// When the course or the learner's records cannot be read.
pub(crate) fn run(options: &commands::Solution) -> Result<Exit> {
    let commands::Solution { exercise: name, reveal } = options;
    let root = super::root()?;
    let exercise = exercise::load_or_here(&root, name.as_deref(), "solution")?;
    let id = &exercise.id;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    let done = progress.exercises.get(&exercise.id).is_some_and(|entry| entry.state == State::Done);
    if !done && !reveal {
        let words = format!(
            "{id} isn't done yet. `cargo xtask hint {id}` gives the next hint; `cargo xtask solution {id} --reveal` shows the solution anyway."
        );
        output::message(&wrap(&words, output::width_of_messages(), 0));
        return Ok(Exit::NotMet);
    }
    let mut text = String::new();
    for (path, solved) in evidence::solution_files(&exercise)? {
        text += &difference(&exercise, &path, &solved);
    }
    let notes = fs::read_to_string(exercise.solution.join("NOTES.md")).unwrap_or_default();
    output::data(&format!("{text}\n{}\n", fit(notes.trim_end(), output::width())))?;
    let approaches = approaches::of(&exercise)?;
    if !approaches.is_empty() {
        let count = approaches.len();
        output::message(&format!("{id}: building and measuring {count} more approaches; press Ctrl-C to skip them"));
        match compared(&root, &exercise, &approaches, done) {
            Ok(table) => output::data(&format!("\n{table}"))?,
            Err(error) => output::note(&format!("the approaches couldn't be compared: {error:#}")),
        }
    }
    Ok(Exit::Met)
}

/// The learner's approach if it is one, the course's, and others, measured on this machine.
fn compared(root: &Path, exercise: &Exercise, approaches: &[Approach], done: bool) -> Result<String> {
    let solution = Whose::Other("solution".to_owned(), evidence::solution_files(exercise)?);
    let mut rows = Vec::new();
    if done {
        rows.push(approaches::measured(root, exercise, "yours", "", &Whose::Learner)?);
    }
    let course = rows.len();
    rows.push(approaches::measured(root, exercise, "the course's", "", &solution)?);
    for approach in approaches {
        rows.push(approaches::tried(root, exercise, approach)?);
    }
    Ok(report::approaches::text(&rows, course, output::width()))
}

/// A Markdown text whose paragraphs fit the terminal; code and tables stay as they are. Without a terminal it is the file's text.
fn fit(markdown: &str, width: Option<usize>) -> String {
    if width.is_none() {
        return markdown.to_owned();
    }
    let (mut lines, mut paragraph, mut is_code) = (Vec::new(), String::new(), false);
    let begins_item = |line: &str| {
        let mark = line.trim_start().split(' ').next().unwrap_or_default();
        matches!(mark, "-" | "*" | "#" | "##" | "###")
            || mark.strip_suffix('.').is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let end = |paragraph: &mut String, lines: &mut Vec<String>| {
        if !paragraph.is_empty() {
            let indent = if begins_item(paragraph) { 2 } else { 0 };
            lines.push(wrap(&std::mem::take(paragraph), width, indent));
        }
    };
    for line in markdown.lines() {
        let is_fence = line.trim_start().starts_with("```");
        let is_kept = is_code || is_fence || line.starts_with(['|', '<']) || line.trim().is_empty();
        if is_kept || begins_item(line) {
            end(&mut paragraph, &mut lines);
        }
        if is_kept {
            lines.push(line.to_owned());
        } else if paragraph.is_empty() {
            line.clone_into(&mut paragraph);
        } else {
            paragraph += &format!(" {}", line.trim());
        }
        is_code ^= is_fence;
    }
    end(&mut paragraph, &mut lines);
    lines.join("\n")
}

/// From the learner's file to the solved one.
fn difference(exercise: &Exercise, path: &str, solved: &[u8]) -> String {
    let own = files::content(&exercise.folder.join(path)).unwrap_or_default();
    let (own, solved) = (String::from_utf8_lossy(&own).replace("\r\n", "\n"), String::from_utf8_lossy(solved));
    let name = format!("exercises/{}/{path}", exercise.id);
    if own == solved {
        return format!("{name}: yours is the same as the solution's\n");
    }
    let (yours, theirs) = (format!("{name} (yours)"), format!("solutions/{}/{path}", exercise.id));
    // Its hundreds of numbers belong to one machine, and would hide what the solution changes.
    if exercise.baseline() == Some(path) {
        return format!(
            "{name}: written by a command (README.md explains when to run it); the solution's version is {theirs}\n"
        );
    }
    let diff = TextDiff::from_lines(own.as_str(), &solved);
    diff.unified_diff().context_radius(3).header(&yours, &theirs).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_fits_the_terminal_and_code_stays_as_it_is() {
        let text = "# A title that is long\n\nOne two three\nfour five.\n\n- an item of\n  some words\n- another\n\n```console\n$ cargo build --release --locked\n```\n\n| a | table of words |\n";
        assert_eq!(fit(text, None), text);
        assert_eq!(
            fit(text, Some(14)),
            "# A title that\n  is long\n\nOne two three\nfour five.\n\n- an item of\n  some words\n- another\n\n```console\n$ cargo build --release --locked\n```\n\n| a | table of words |"
        );
        assert_eq!(fit("One two\nthree", Some(40)), "One two three");
    }
}
