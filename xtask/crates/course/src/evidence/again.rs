//! Runs what was built again: a result that would cost points has to appear twice before it counts. What is run is the copy
//! that was measured, so nothing is recompiled.

use super::bench::{Bench, Place, Room, room};
use super::{Attempt, Built, Evidence, Request, prepare};
use crate::exercise::Tree;
use anyhow::{Result, bail};
use base::failure::{Exit, Failure};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use weigh::measure::Run;

/// Whether one input of a goal ends as it did, for each build that the goal runs. `programs` has the copies of the executables;
/// where one is missing, the answer isn't known.
///
/// # Errors
/// When the environment fails.
pub(crate) fn is_same(
    request: &Request<'_>,
    first: &Evidence,
    programs: &Path,
    goal: &str,
    input: usize,
) -> Result<bool> {
    let (bench, _) = prepare(request)?;
    let mut places = Places::new(&bench);
    let repeats = bench.repeats();
    for (name, attempt) in first.builds.iter().filter(|(name, _)| !repeats.contains_key(name)) {
        let Attempt::Built(built) = attempt else { continue };
        let Some(before) = built.runs.get(goal).and_then(|runs| runs.get(input)) else {
            // A run that was ended is the last one; the rest didn't take place.
            if built.runs.contains_key(goal) {
                return Ok(false);
            }
            continue;
        };
        let program = programs.join(bench.taken_name(name));
        if !program.is_file() {
            return Ok(false);
        }
        let now = bench.one(name, &program, places.of(name)?, goal, input)?;
        if !now.is_some_and(|now| is_equal(before, &now)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Two runs that were ended count as equal if the same limit ended them: how far they got is chance.
fn is_equal(before: &Run, now: &Run) -> bool {
    before.status == now.status && (super::reference::is_ended(now.status) || before == now)
}

/// The same evidence with all runs repeated.
///
/// # Errors
/// When the environment fails, or the machine has ended one of the course's own runs.
pub(crate) fn again(request: &Request<'_>, first: &Evidence, programs: &Path) -> Result<Evidence> {
    let (bench, fresh) = prepare(request)?;
    let mut evidence = Evidence { builds: first.builds.clone(), ..fresh };
    let mut places = Places::new(&bench);
    let repeats = bench.repeats();
    for (name, attempt) in first.builds.iter().filter(|(name, _)| !repeats.contains_key(name)) {
        let Attempt::Built(built) = attempt else { continue };
        let is_run = !built.runs.is_empty() || !built.work.is_empty();
        if !is_run {
            continue;
        }
        let place = places.of(name)?;
        let program = programs.join(bench.taken_name(name));
        let now = if program.is_file() {
            let (runs, called) = bench.run(name, &program, place)?;
            Attempt::Built(Box::new(Built {
                runs,
                called,
                work: bench.work(name, &program, place)?,
                ..(**built).clone()
            }))
        } else {
            // Another worker has built it.
            bench.build(name, place)?
        };
        if request.exercise.build(name).tree == Tree::Starter {
            bench.trust(name, &now)?;
            if let Attempt::Built(now) = &now
                && (&now.runs, &now.work) != (&built.runs, &built.work)
            {
                // One of them is wrong, and it may be the result that others would take for granted.
                let _ = fs::remove_file(bench.kept(name));
            }
        }
        evidence.builds.insert(name.clone(), now);
    }
    evidence.races = bench.races(&evidence, &places.all())?;
    if let Some((goal, why)) = evidence.races.iter().find_map(|(goal, race)| Some((goal, race.unsteady.as_ref()?))) {
        let help = "this doesn't affect any submission's grade. Install valgrind, which counts instructions, or close other programs";
        let message =
            format!("the speed for the goal `{goal}` couldn't be measured, even with nothing else to grade: {why}");
        bail!(Failure::new(Exit::Environment, message).help(help));
    }
    for (name, twin) in repeats {
        evidence.builds.extend(evidence.builds.get(twin).cloned().map(|attempt| (name.clone(), attempt)));
    }
    Ok(evidence)
}

/// The folders of the builds that are run, made when they are needed.
struct Places<'a> {
    bench: &'a Bench<'a>,
    made: BTreeMap<Room, Place>,
}

impl<'a> Places<'a> {
    fn new(bench: &'a Bench<'a>) -> Self {
        Self { bench, made: BTreeMap::new() }
    }

    fn of(&mut self, name: &str) -> Result<&Place> {
        let room = room(self.bench.request.exercise, name);
        if let std::collections::btree_map::Entry::Vacant(entry) = self.made.entry(room) {
            entry.insert(self.bench.place(room)?);
        }
        Ok(&self.made[&room])
    }

    fn all(&self) -> Vec<&Place> {
        self.made.values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::proc::Status;

    #[test]
    fn how_much_an_ended_run_has_printed_is_chance_and_every_byte_of_others_counts() {
        let run = |status, stdout: &str| Run { status, stdout: stdout.into(), stderr: Vec::new() };
        assert!(is_equal(&run(Status::TimedOut, "a"), &run(Status::TimedOut, "ab")));
        assert!(!is_equal(&run(Status::TimedOut, "a"), &run(Status::Exited(0), "a")));
        assert!(is_equal(&run(Status::Exited(1), "a"), &run(Status::Exited(1), "a")));
        assert!(!is_equal(&run(Status::Exited(1), "a"), &run(Status::Exited(1), "a\n")));
    }
}
