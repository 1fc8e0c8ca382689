//! `cargo xtask predict`: asks what a learner believes before anything is measured, and keeps the answers. The first check of
//! an exercise asks as well, where there is a terminal. Each answer is written as soon as it is given, so nothing is lost
//! however the questions end.

use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use base::numbers::{list, plural, wrap};
use base::output;
use course::exercise::questions::{Question, Value};
use course::exercise::{self, Exercise};
use course::predictions::{self, Guess, HANDED_IN, Predicted, Predictions};
use course::progress::{self, State};
use course::report::receipt;
use std::env;
use std::io::{self, BufRead, IsTerminal as _, stderr, stdin};
use std::path::Path;
use weigh::workshop::nearest;

/// The environment variable that turns the questions of `check` off.
const VARIABLE: &str = "WORKSHOP_PREDICT";

/// Runs `cargo xtask predict`.
///
/// # Errors
/// When a guess isn't understood, or there are questions and nothing to answer them with.
pub(crate) fn run(options: &commands::Predict) -> Result<Exit> {
    let commands::Predict { exercise: name, answer } = options;
    let root = super::root()?;
    let exercise = exercise::load_or_here(&root, name.as_deref(), "predict")?;
    let id = &exercise.id;
    if exercise.data.predict.is_empty() {
        output::data(&format!("{id} has nothing to guess; run `cargo xtask check {id}`\n"))?;
        return Ok(Exit::Met);
    }
    if !answer.is_empty() {
        given(&root, &exercise, answer)?;
    } else if is_terminal() {
        ask(&root, &exercise, &mut stdin().lock())?;
    }
    let (kept, damage) = predictions::load(&root)?;
    super::say_damage(damage);
    output::data(&overview(&exercise, &kept, output::width()))?;
    let open = unanswered(&exercise, &kept);
    if answer.is_empty() && !is_terminal() && !open.is_empty() {
        let names: Vec<&str> = open.iter().map(|question| question.name.get_ref().as_str()).collect();
        let message =
            format!("{} still have no guess, and there's no terminal to prompt in", plural(open.len(), "question"));
        bail!(
            Failure::new(Exit::Usage, message).help(format!(
                "answer with `cargo xtask predict {id} --answer NAME=VALUE`; NAME is {}",
                names.join(", ")
            ))
        );
    }
    Ok(Exit::Met)
}

fn is_terminal() -> bool {
    stdin().is_terminal() && stderr().is_terminal()
}

/// Asks before the first check of an exercise, where someone is there to answer. Whatever goes wrong, the check continues.
pub(crate) fn before_check(root: &Path, exercise: &Exercise) {
    let is_off = env::var(VARIABLE).is_ok_and(|value| matches!(value.as_str(), "off" | "no" | "0" | "false"));
    let is_ci = env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    if exercise.data.predict.is_empty() || is_off || is_ci || !is_terminal() {
        return;
    }
    if let Err(error) = first_time(root, exercise) {
        output::note(&format!("your guesses couldn't be saved, so the check continues without them: {error:#}"));
    }
}

fn first_time(root: &Path, exercise: &Exercise) -> Result<()> {
    let (kept, damage) = predictions::load(root)?;
    super::say_damage(damage);
    let is_offered = kept.exercises.get(&exercise.id).is_some_and(|asked| asked.offered || !asked.guesses.is_empty());
    let (progress, _) = progress::load(root)?;
    let is_begun = progress.exercises.get(&exercise.id).is_some_and(|entry| entry.state != State::Todo);
    if is_offered || is_begun {
        return Ok(());
    }
    ask(root, exercise, &mut stdin().lock())?;
    predictions::update(root, |kept| kept.exercises.entry(exercise.id.clone()).or_default().offered = true)?;
    Ok(())
}

/// Asks every question that is open, one line for each.
fn ask(root: &Path, exercise: &Exercise, input: &mut dyn BufRead) -> Result<()> {
    let (kept, damage) = predictions::load(root)?;
    super::say_damage(damage);
    let open: Vec<&Question> =
        exercise.data.predict.iter().filter(|question| kept.is_open(&exercise.id, question)).collect();
    if open.is_empty() {
        return Ok(());
    }
    let say = |text: &str| output::message(&wrap(text, output::width_of_messages(), 0));
    say(
        "Guess before you measure. Guesses don't affect your points, and you can't change one once its answer has been measured.",
    );
    say("Enter skips a question, Ctrl-D skips the rest.");
    say("");
    for (index, question) in open.iter().enumerate() {
        let old =
            kept.guess(&exercise.id, question).map_or(String::new(), |Guess { guess, .. }| format!("; now {guess}"));
        let prompt = format!("{}/{} {} ({}{old}): ", index + 1, open.len(), question.ask, question.measure.form());
        match answer_of(question, input, &prompt, &say)? {
            Answer::Guess(guess) => {
                keep(root, exercise, question, guess)?;
                // As it was understood: some write a minus sign for a smaller file.
                say(&format!("  {guess}"));
            }
            Answer::Skipped => {}
            Answer::End => {
                say("");
                break;
            }
        }
    }
    Ok(())
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Guess(Value),
    Skipped,
    /// There is no more input.
    End,
}

/// The answer to a question, which is asked until it is understood.
fn answer_of(question: &Question, input: &mut dyn BufRead, prompt: &str, say: &impl Fn(&str)) -> io::Result<Answer> {
    loop {
        output::prompt(&wrap(prompt, output::width_of_messages(), 0));
        let mut line = Vec::new();
        // What isn't UTF-8 isn't understood, and is asked again; an error would end the questions.
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(Answer::End);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if line.is_empty() {
            return Ok(Answer::Skipped);
        }
        match question.measure.read(line) {
            Some(guess) => return Ok(Answer::Guess(guess)),
            None => say(&format!("That isn't a valid guess: {}.", question.measure.accepts())),
        }
    }
}

/// Keeps a guess; returns whether it was open.
fn keep(root: &Path, exercise: &Exercise, question: &Question, guess: Value) -> Result<()> {
    let (is_kept, damage) = predictions::keep(root, exercise, question, guess)?;
    super::say_damage(damage);
    if !is_kept {
        let name = question.name.get_ref();
        output::note(&format!("`{name}` is closed: it has since been measured, and your earlier guess stays"));
    }
    Ok(())
}

/// Keeps the guesses of the command line: all of them, or none if one is wrong.
fn given(root: &Path, exercise: &Exercise, answers: &[String]) -> Result<()> {
    let (kept, _) = predictions::load(root)?;
    let mut guesses = Vec::new();
    let names: Vec<&str> = exercise.data.predict.iter().map(|question| question.name.get_ref().as_str()).collect();
    for answer in answers {
        let (name, value) = answer.split_once('=').unwrap_or((answer, ""));
        let name = name.trim();
        let Some(question) = exercise.question(name) else {
            let help = match nearest(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{} asks about {}", exercise.id, list(&names)),
            };
            bail!(Failure::new(Exit::Usage, format!("{} has no question `{name}`", exercise.id)).help(help));
        };
        let why = match kept.guess(&exercise.id, question) {
            Some(Guess { guess, measured: Some(measured) }) => {
                Some(format!("you guessed {guess}, and the measurement is {measured}"))
            }
            _ => kept.is_shown(&exercise.id, question).then(|| "a check has already shown the answer".to_owned()),
        };
        if let Some(why) = why {
            bail!(
                Failure::new(Exit::Usage, format!("`{name}` is closed: {why}"))
                    .help("remove it from the command line: you can't guess after the answer has been measured")
            );
        }
        let Some(guess) = question.measure.read(value) else {
            let message = format!("the guess for `{name}` can't be read: `{}`", value.trim().escape_debug());
            bail!(Failure::new(Exit::Usage, message).help(question.measure.accepts()));
        };
        guesses.push((question, guess));
    }
    guesses.into_iter().try_for_each(|(question, guess)| keep(root, exercise, question, guess))
}

/// The questions that could have a guess and don't.
fn unanswered<'a>(exercise: &'a Exercise, kept: &Predictions) -> Vec<&'a Question> {
    let has_guess = |question: &&Question| kept.guess(&exercise.id, question).is_some();
    exercise
        .data
        .predict
        .iter()
        .filter(|question| !has_guess(question) && kept.is_open(&exercise.id, question))
        .collect()
}

/// Every question, with the guess so far and what was measured.
fn overview(exercise: &Exercise, kept: &Predictions, width: Option<usize>) -> String {
    let id = &exercise.id;
    let mut text = format!("{id}  {}\n\n", exercise.data.title);
    let predicted = kept.of(exercise);
    text += &receipt::guesses(&predicted.iter().collect::<Vec<&Predicted>>(), width);
    let without = exercise.data.predict.iter().filter(|question| kept.guess(id, question).is_none());
    for question in without {
        let (name, ask) = (question.name.get_ref(), &question.ask);
        let line = match kept.is_shown(id, question) {
            true => format!("closed    {name}: {ask} (measured before you guessed)"),
            false => format!("no guess  {name}: {ask} ({})", question.measure.form()),
        };
        let line = wrap(&line, width.map(|width| width.saturating_sub(2)), 10).replace('\n', "\n  ");
        text += &format!("  {line}\n");
    }
    let closed = predicted.iter().filter(|predicted| predicted.measured.is_some()).count();
    let note = match (predicted.len() - closed, closed) {
        (0, 0) => format!("to be prompted for each guess, run `cargo xtask predict {id}` in a terminal"),
        (0, _) => "you can't change guesses that have been measured".to_owned(),
        (_, 0) => format!(
            "`cargo xtask check {id}` measures what you guessed. {HANDED_IN} in the exercise's folder is a copy to hand in"
        ),
        _ => format!(
            "you can't change guesses that have been measured; `cargo xtask check {id}` measures the others, some of them only once your goal is met"
        ),
    };
    text + "\n" + &wrap(&note, width, 0) + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::io::Cursor;

    fn question() -> Question {
        toml::from_str(
            "name = \"lto\"\nask = \"How much?\"\nabout = \"LTO\"\npage = \"docs/src/lto.md\"\n\
             measure.saved-percent = { build = \"lto\", against = \"before\" }",
        )
        .unwrap()
    }

    #[test]
    fn what_is_not_understood_is_asked_again_with_a_word() {
        let said = RefCell::new(String::new());
        let say = |text: &str| said.borrow_mut().push_str(text);
        let read = |typed: &[u8]| answer_of(&question(), &mut Cursor::new(typed.to_vec()), "lto: ", &say).unwrap();
        assert_eq!(read(b"much\n\xff\xff\n 20 %\n"), Answer::Guess(Value::SavedPercent(20.0)));
        assert_eq!(said.borrow().matches("That isn't a valid guess: write how many percent smaller").count(), 2);
        assert_eq!((read(b"\n"), read(b""), read(b"nothing")), (Answer::Skipped, Answer::End, Answer::End));
        assert_eq!(read(b"20"), Answer::Guess(Value::SavedPercent(20.0)), "the last line may lack its end");
    }
}
