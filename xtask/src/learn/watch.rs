//! `cargo xtask watch`: a check at every save. It looks at the files' contents a few times a second instead of waiting
//! for file events: that works on every file system (network, container, WSL), sees an editor that renames a new file
//! over the old one, and cannot drop a save. Plain lines only: nothing is redrawn, so a screen reader can follow.

use super::{check, hint};
use crate::check::Verdict;
use crate::cli;
use crate::diagnostic::shown;
use crate::evidence::Whose;
use crate::exercise::{self, Exercise};
use crate::exit::Exit;
use crate::output;
use crate::proc;
use crate::progress;
use crate::report::receipt::{self, Checked};
use crate::trial::Voice;
use anyhow::Result;
use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the files are looked at. A save is taken when two looks in a row see the same: editors that write in
/// pieces are not caught in the middle.
const LOOK: Duration = Duration::from_millis(120);

/// What the learner types, as a line.
enum Word {
    Again,
    Hint,
    List,
    Next,
    Quit,
    Unknown(String),
}

/// Runs `cargo xtask watch`.
///
/// # Errors
/// When the course cannot be read. What fails in a check is shown, and the watch goes on.
pub fn run(options: &cli::Watch) -> Result<Exit> {
    let cli::Watch { exercise: id } = options;
    let root = super::root()?;
    let named = match id {
        Some(id) => Some(exercise::load(&root, id)?),
        None => exercise::here(&root)?,
    };
    let mut id = match named {
        Some(exercise) => exercise.id,
        None => next_open(&root, None)?.unwrap_or(exercise::all(&root)?.swap_remove(0).id),
    };
    let words = listen();
    loop {
        match watch(&root, &id, &words)? {
            Some(next) => id = next,
            None => return Ok(Exit::Met),
        }
    }
}

/// Watches one exercise until the learner wants another one (its name) or no more.
fn watch(root: &Path, id: &str, words: &Receiver<Word>) -> Result<Option<String>> {
    let exercise = exercise::load(root, id)?;
    let files: Vec<String> =
        exercise.edits().map(|path| shown(&exercise.folder.join(path)).display().to_string()).collect();
    output::message(&format!(
        "watching {id}, {}: {}\nsave to check; or type a letter and Enter: c check again, h hint, n next exercise, l list, q quit\n",
        exercise.data.title,
        files.join(", ")
    ));
    let mut seen = String::new();
    let mut started = None;
    let mut running: Option<JoinHandle<Result<Checked>>> = None;
    loop {
        let now = hint::files_digest(&exercise);
        let settled = now == seen;
        seen = now;
        if settled && started.as_ref() != Some(&seen) {
            if let Some(older) = running.take() {
                cancel(older);
                output::message("saved again: the newer files are checked instead\n");
            }
            started = Some(seen.clone());
            let (root, id) = (root.to_owned(), id.to_owned());
            running = Some(thread::spawn(move || {
                check::one(&root, exercise::load(&root, &id)?, &Whose::Learner, Voice::Lines)
            }));
        }
        if let Some(finished) = running.take_if(|running| running.is_finished()) {
            show(root, finished)?;
        }
        match words.recv_timeout(LOOK) {
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody types here, as under `watch </dev/null`: saves are all there is.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
            Ok(Word::Again) => started = None,
            Ok(Word::Quit) => {
                running.take().into_iter().for_each(cancel);
                return Ok(None);
            }
            Ok(Word::Next) => match next_open(root, Some(id))? {
                Some(next) => {
                    running.take().into_iter().for_each(cancel);
                    return Ok(Some(next));
                }
                None => output::message("there is no other exercise that is not done yet"),
            },
            Ok(Word::Hint) => say(hint::run(&cli::Hint { exercise: Some(id.to_owned()), all: false })),
            Ok(Word::List) => say(super::status::overview()),
            Ok(Word::Unknown(word)) => {
                output::message(&format!("`{word}` is none of c, h, n, l, q (check, hint, next, list, quit)"));
            }
        }
    }
}

/// Ends a check that nobody waits for any more.
fn cancel(running: JoinHandle<Result<Checked>>) {
    proc::cancel();
    let _ = running.join();
    proc::resume();
}

fn show(root: &Path, finished: JoinHandle<Result<Checked>>) -> Result<()> {
    match finished.join() {
        Ok(Ok(checked)) => {
            output::data(&receipt::text(&checked, output::width(), console::colors_enabled()))?;
            if checked.judgement.verdict() == Verdict::Pass
                && let Some(next) = next_open(root, Some(&checked.exercise.id))?
            {
                output::message(&format!("type n and Enter for {next}, or q and Enter to stop here"));
            }
            output::message("\nwatching for the next save");
        }
        Ok(Err(error)) => {
            output::failure(&crate::exit::failure_of(&error), false);
            output::message("\nwatching for the next save");
        }
        Err(_) => output::message("the check ended by a fault of its own; please report what is shown above"),
    }
    Ok(())
}

fn say(result: Result<Exit>) {
    if let Err(error) = result {
        output::failure(&crate::exit::failure_of(&error), false);
    }
}

/// The exercise to do next, from the one after `id` on, then from the beginning.
fn next_open(root: &Path, id: Option<&str>) -> Result<Option<String>> {
    let all: Vec<Exercise> = exercise::all(root)?;
    let (progress, damage) = progress::load(root)?;
    super::say_damage(damage);
    Ok(progress.next(&all, id).map(|exercise| exercise.id.clone()))
}

/// Passes on what is typed, line by line: no key is grabbed, so every terminal and every screen reader works.
fn listen() -> Receiver<Word> {
    let (sender, words) = mpsc::channel();
    thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let word = match line.trim().to_lowercase().as_str() {
                "" | "c" | "check" => Word::Again,
                "h" | "hint" => Word::Hint,
                "l" | "list" => Word::List,
                "n" | "next" => Word::Next,
                "q" | "quit" | "exit" => Word::Quit,
                other => Word::Unknown(other.to_owned()),
            };
            if sender.send(word).is_err() {
                return;
            }
        }
    });
    words
}
