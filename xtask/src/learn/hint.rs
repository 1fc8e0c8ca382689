//! `cargo xtask hint`: the next hint, for what is wrong now before anything general; from a nudge to what to write.

use anyhow::Result;
use base::failure::Exit;
use base::files;
use base::numbers::wrap;
use base::output;
use course::check::{self, Verdict};
use course::checking::Files;
use course::diagnostic::Code;
use course::evidence::Whose;
use course::exercise::{self, Exercise};
use course::progress::{self, Entry};

/// A hint and the name by which it is remembered.
struct Hint<'a> {
    name: String,
    text: &'a str,
}

/// Runs `cargo xtask hint`.
///
/// # Errors
/// When the course or the learner's records cannot be read or written.
pub(crate) fn run(options: &commands::Hint) -> Result<Exit> {
    let commands::Hint { exercise: name, all } = options;
    let root = super::root()?;
    let exercise = exercise::load_or_here(&root, name.as_deref(), "hint")?;
    let id = &exercise.id;
    let (progress, damage) = progress::load(&root)?;
    super::say_damage(damage);
    let entry = progress.exercises.get(&exercise.id).cloned().unwrap_or_default();
    if *all {
        return every(&exercise);
    }
    if entry.passed_last() && entry.files == files_digest(&exercise) {
        let words = format!(
            "{id} is done, as of the last check. `cargo xtask solution {id}` shows the course's own solution.\n"
        );
        output::data(&wrap(&words, output::width(), 0))?;
        return Ok(Exit::Met);
    }
    let codes = wrong_now(&exercise, &entry);
    let hints = hints(&exercise, &codes);
    let open: Vec<&Hint<'_>> = hints.iter().filter(|hint| !entry.hints.contains(&hint.name)).collect();
    let (hint, left) = match open.as_slice() {
        [first, rest @ ..] => (*first, rest.len()),
        [] => match hints.last() {
            Some(last) => (last, 0),
            None => {
                output::data(&format!("there are no hints for {id}; its README.md says what to do\n"))?;
                return Ok(Exit::Met);
            }
        },
    };
    let about = hint.name.split_once('#').and_then(|(code, _)| Code::of(code));
    let width = output::width();
    let about =
        about.map(|code| format!(" for {}\n\n{}", code.name(), wrap(&format!("  {}", code.meaning()), width, 2)));
    let about = about.unwrap_or_default();
    let more = match left {
        0 => format!(
            "That was the last hint. `cargo xtask hint {id} --all` shows them all again; `cargo xtask solution {id} --reveal` shows the solution."
        ),
        _ => format!("{left} more to come: run `cargo xtask hint {id}` again."),
    };
    let text = wrap(&format!("  {}", hint.text), width, 2);
    output::data(&format!("{id}, a hint{about}\n\n{text}\n\n{}\n", wrap(&more, width, 0)))?;
    let name = hint.name.clone();
    let shown = progress::update(&root, |progress| {
        progress.exercises.entry(exercise.id.clone()).or_default().hints.insert(name);
    });
    if let Err(error) = shown {
        output::note(&format!("couldn't record that you have seen this hint: {error:#}"));
    }
    Ok(Exit::Met)
}

/// The codes of what is wrong: what the files show at once, or else what the last check of these same files found.
fn wrong_now(exercise: &Exercise, entry: &Entry) -> Vec<Code> {
    let files = Files::read(exercise, &Whose::Learner);
    let judgement = check::judge(&files.case(exercise));
    let failed = judgement.outcomes.iter().filter(|outcome| outcome.verdict == Verdict::Fail);
    let mut codes: Vec<Code> = failed.flat_map(|outcome| &outcome.diagnostics).map(|problem| problem.code).collect();
    // The check reports what was set aside, which isn't what is wrong.
    codes.extend(judgement.diagnostics.iter().filter(|problem| !problem.is_aside()).map(|problem| problem.code));
    if entry.files == files_digest(exercise) {
        codes.extend(entry.codes.iter().filter_map(|code| Code::of(code)));
    }
    // A line of answers.toml that isn't read isn't a reason to explain the questions.
    let is_open = judgement.codes().contains(&Code::AnswerMissing);
    codes.retain(|code| *code != Code::AnswerMissing || is_open);
    // What is wrong comes before what is still to be written.
    codes.sort_by_key(|code| *code == Code::AnswerMissing);
    let mut seen = Vec::new();
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(*code);
            true
        }
    });
    codes
}

/// The hints in the order in which they are shown.
fn hints<'a>(exercise: &'a Exercise, codes: &[Code]) -> Vec<Hint<'a>> {
    let named = |name: &str, texts: &'a [String]| -> Vec<Hint<'a>> {
        let hint = |(index, text): (usize, &'a String)| Hint { name: format!("{name}#{index}"), text };
        texts.iter().enumerate().map(hint).collect()
    };
    let special = codes.iter().flat_map(|code| match (exercise.hints_for(*code), common(*code)) {
        ([], Some(text)) => vec![Hint { name: format!("{}#0", code.name()), text }],
        (own, _) => named(code.name(), own),
    });
    special.chain(named("general", &exercise.data.hints)).collect()
}

/// What helps with a typo, whatever the exercise is about.
fn common(code: Code) -> Option<&'static str> {
    match code {
        Code::ManifestSyntax => Some(
            "The message names the line and the column where Cargo stops reading; the mistake is there or just before. A line is a table, as in [profile.release], a setting, as in lto = true, or a comment after a #.",
        ),
        Code::DuplicateKey => Some(
            "Search the file for the name in the message: it is there twice. A table may appear only once, and a setting only once in its table.",
        ),
        Code::WrongType => Some("In TOML, text goes in quotes; numbers, true and false don't."),
        Code::MisspelledKey => Some(
            "Cargo builds anyway, and only warns: read the first lines that it prints. The check's message has the right spelling.",
        ),
        Code::AnswersSyntax => Some(
            "Each line of answers.toml is a question, an equals sign and your answer, all on that one line. Put text in double quotes, with no double quotes inside it. Whole numbers need no quotes.",
        ),
        _ => None,
    }
}

fn every(exercise: &Exercise) -> Result<Exit> {
    let mut text = format!("{}, every hint\n", exercise.id);
    for (index, hint) in exercise.data.hints.iter().enumerate() {
        text += &wrap(&format!("\n{}. {hint}\n", index + 1), output::width(), 3);
    }
    for (code, hints) in &exercise.data.hints_for {
        text += &format!("\nfor {}:\n", code.get_ref());
        text.extend(hints.iter().map(|hint| wrap(&format!("- {hint}\n"), output::width(), 2)));
    }
    output::data(&text)?;
    Ok(Exit::Met)
}

/// The digest of the learner's files: whether what the last check found is still about them.
pub(crate) fn files_digest(exercise: &Exercise) -> String {
    let mut all = Vec::new();
    for path in exercise.edits() {
        all.extend(files::content(&exercise.folder.join(path)).unwrap_or_default());
        all.push(0);
    }
    exercise::digest(&all)
}
