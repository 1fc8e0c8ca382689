//! The verbs for exercise authors. `new` makes an exercise to start from. `verify` proves the course: every exercise
//! fails where it should and can be solved, and nothing in its solution is superfluous.

mod digests;
mod lists;
mod new;
mod prove;
mod shortcuts;
mod skeleton;
mod tidy;

use anyhow::{Result, bail};
use base::failure::Exit;
use base::numbers::plural;
use base::output;
use course::exercise::{self, Exercise};
use course::machine;

/// Runs `cargo xtask author`.
///
/// # Errors
/// When the environment fails. Problems in the course only set the exit code, and all are reported.
pub(crate) fn run(verb: &commands::Author) -> Result<Exit> {
    match verb {
        commands::Author::New(options) => new::run(options),
        commands::Author::Verify(options) => verify(options),
    }
}

fn verify(options: &commands::Verify) -> Result<Exit> {
    let commands::Verify { exercises, write_digests } = options;
    let root = weigh::workshop::Workshop::find()?.root;
    let chosen: Vec<Exercise> = if exercises.is_empty() {
        exercise::all(&root)?
    } else {
        exercises.iter().map(|id| exercise::load(&root, id)).collect::<Result<_>>()?
    };
    if *write_digests {
        for exercise in &chosen {
            digests::write(&root, exercise)?;
        }
        return Ok(Exit::Met);
    }
    // Even if some are named: the order concerns all of them.
    exercise::all(&root)?;
    let mut problems = Vec::new();
    let mut verified = 0;
    for exercise in &chosen {
        if let Some(lack) = machine::lack(exercise) {
            if chosen.len() == 1 {
                bail!(lack.failure(exercise, "verified"));
            }
            output::note(&lack.line(exercise));
            continue;
        }
        verified += 1;
        let mut found = tidy::problems(&root, exercise)?;
        // A missing exercise can't be built.
        if found.is_empty() {
            found = prove::problems(&root, exercise)?;
        }
        let how = if found.is_empty() { "ok".to_owned() } else { plural(found.len(), "problem") };
        output::message(&format!("verified {}: {how}", exercise.id));
        let marks = skeleton::marks(&root, exercise)?;
        if !marks.is_empty() {
            output::note(&format!("{} still says REPLACE: {}", exercise.id, marks.join(", ")));
        }
        problems.extend(found);
    }
    problems.iter().for_each(|problem| output::not_met(problem));
    output::data(&format!("{} verified, {}\n", plural(verified, "exercise"), plural(problems.len(), "problem")))?;
    Ok(if problems.is_empty() { Exit::Met } else { Exit::NotMet })
}
