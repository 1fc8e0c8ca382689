//! `cargo xtask watch`: a check at every save. It looks at the files' contents a few times a second instead of waiting
//! for file events: that works on every file system (network, container, WSL), sees an editor that renames a new file
//! over the old one, and cannot drop a save. Plain lines only, so a screen reader can follow; where single keys are pressed, one
//! line of status comes last and makes room for what follows.

use super::keys::{Keys, Word};
use super::{check, hint};
use anyhow::Result;
use base::diagnostic::shown;
use base::failure::Exit;
use base::numbers::wrap;
use base::output;
use base::proc::{self, terminal};
use course::check::Verdict;
use course::checking::Voice;
use course::evidence::Whose;
use course::exercise::{self, Exercise};
use course::progress;
use course::report::path;
use course::report::receipt::{self, Checked};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::mpsc::RecvTimeoutError;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often the files are looked at. A save is taken when two looks in a row see the same: editors that write in
/// pieces aren't caught halfway.
const LOOK: Duration = Duration::from_millis(120);

/// Runs `cargo xtask watch`.
///
/// # Errors
/// When the course cannot be read. What fails in a check is shown, and the watch continues.
pub(crate) fn run(options: &commands::Watch) -> Result<Exit> {
    let commands::Watch { exercise: id } = options;
    let root = super::root()?;
    let named = match id {
        Some(id) => Some(exercise::load(&root, id)?),
        None => exercise::here(&root)?,
    };
    let mut id = match named {
        Some(exercise) => exercise.id,
        None => next_open(&root, None)?.unwrap_or(exercise::all(&root)?.swap_remove(0).id),
    };
    let mut desk = Desk { keys: Keys::listen(), status: false };
    if desk.keys.are_single() {
        // The status is on the line where the shell continues.
        proc::say_when_interrupted("");
    }
    loop {
        match watch(&root, &id, &mut desk)? {
            Some(next) => id = next,
            None => return Ok(Exit::Met),
        }
    }
}

/// Where the learner types and reads.
struct Desk {
    keys: Keys,
    /// Whether the last line is the status, which makes room for whatever comes next.
    status: bool,
}

impl Desk {
    /// Makes room for other lines.
    fn clear(&mut self) {
        if std::mem::take(&mut self.status) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    /// What is typed within a moment, if anything is.
    fn word(&self) -> Option<Word> {
        let word = self.keys.words.recv_timeout(LOOK);
        // No one types here, as under `watch </dev/null`: saves are all there is.
        if matches!(word, Err(RecvTimeoutError::Disconnected)) {
            thread::sleep(LOOK);
        }
        word.ok()
    }

    /// Shows where the learner is, in one line, where keys are pressed: there it can be erased.
    fn show_status(&mut self, root: &Path, id: &str) {
        if !self.keys.are_single() || self.status {
            return;
        }
        let (Ok(all), Ok((progress, _))) = (exercise::all(root), progress::load(root)) else { return };
        let line = path::status(&all, &progress, id, output::width_of_messages());
        self.status = write!(io::stderr(), "{line}").and_then(|()| io::stderr().flush()).is_ok();
    }
}

/// Watches one exercise until the learner wants another (its name) or quits.
fn watch(root: &Path, id: &str, desk: &mut Desk) -> Result<Option<String>> {
    let exercise = exercise::load(root, id)?;
    let files: Vec<String> =
        exercise.edits().map(|path| shown(&exercise.folder.join(path)).display().to_string()).collect();
    say(&format!("watching {id}, {}: {}", exercise.data.title, files.join(", ")));
    say(&format!("{}\n", help(desk)));
    let mut seen = String::new();
    let mut started = None;
    let mut running: Option<JoinHandle<Result<Checked>>> = None;
    loop {
        let now = hint::files_digest(&exercise);
        let settled = now == seen;
        seen = now;
        if settled && started.as_ref() != Some(&seen) {
            desk.clear();
            if let Some(older) = running.take() {
                cancel(older);
                output::message("saved again: checking the newer files instead\n");
            }
            started = Some(seen.clone());
            let (root, id) = (root.to_owned(), id.to_owned());
            running = Some(thread::spawn(move || {
                check::one(&root, exercise::load(&root, &id)?, &Whose::Learner, Voice::Lines)
            }));
        }
        if let Some(finished) = running.take_if(|running| running.is_finished()) {
            show(root, finished, desk)?;
        }
        if terminal::has_resumed() {
            desk.status = false;
        }
        if running.is_none() && started.is_some() {
            desk.show_status(root, id);
        }
        let Some(word) = desk.word() else { continue };
        desk.clear();
        match word {
            Word::Again => started = None,
            Word::Quit => {
                running.take().into_iter().for_each(cancel);
                return Ok(None);
            }
            Word::Next => match next_open(root, Some(id))? {
                Some(next) => {
                    running.take().into_iter().for_each(cancel);
                    return Ok(Some(next));
                }
                None => say("every other exercise is done"),
            },
            Word::Hint => fail(hint::run(&commands::Hint { exercise: Some(id.to_owned()), all: false })),
            Word::List => fail(super::status::overview()),
            Word::Keys => say(&help(desk)),
            Word::Unknown(word) => {
                say(&format!(
                    "`{}` isn't one of c, h, n, l, q (check, hint, next, list, quit)",
                    output::one_line(&word)
                ));
            }
        }
    }
}

/// What can be typed.
fn help(desk: &Desk) -> String {
    let how = if desk.keys.are_single() { "press a key" } else { "type a letter and press Enter" };
    format!("save to check; or {how}: c check again, h hint, n next exercise, l list, q quit")
}

/// A message of this verb, wrapped between words.
fn say(text: &str) {
    output::message(&wrap(text, output::width_of_messages(), 0));
}

/// Ends a check that isn't needed any more.
fn cancel(running: JoinHandle<Result<Checked>>) {
    proc::cancel();
    let _ = running.join();
    proc::resume();
}

fn show(root: &Path, finished: JoinHandle<Result<Checked>>, desk: &Desk) -> Result<()> {
    match finished.join() {
        Ok(Ok(checked)) => {
            output::data(&receipt::text(&checked, output::width(), console::colors_enabled()))?;
            let id = &checked.exercise.id;
            if !desk.keys.are_single()
                && let (Ok(all), Ok((progress, _))) = (exercise::all(root), progress::load(root))
            {
                say(&path::course_line(&all, &progress));
            }
            if checked.judgement.verdict() == Verdict::Pass
                && let Some(next) = next_open(root, Some(id))?
            {
                say(&if desk.keys.are_single() {
                    format!("press n for {next}, or q to stop here")
                } else {
                    format!("type n and press Enter for {next}, or q and Enter to stop")
                });
            }
            output::message("\nwatching for the next save");
        }
        Ok(Err(error)) => {
            output::failure(&base::failure::failure_of(&error), false);
            output::message("\nwatching for the next save");
        }
        Err(_) => output::message("this is a bug in the check, not in your work; please report the output above"),
    }
    Ok(())
}

fn fail(result: Result<Exit>) {
    if let Err(error) = result {
        output::failure(&base::failure::failure_of(&error), false);
    }
}

/// The exercise to do next, from the one after `id` on, then from the beginning.
fn next_open(root: &Path, id: Option<&str>) -> Result<Option<String>> {
    let all: Vec<Exercise> = exercise::all(root)?;
    let (progress, damage) = progress::load(root)?;
    super::say_damage(damage);
    Ok(progress.next(&all, id).map(|exercise| exercise.id.clone()))
}
