//! The work of builds that a goal requires to be fast. The machine decides how it is judged, not the build: by instructions if
//! the counter can count the course's own program, otherwise by time, for all of them.

use super::bench::{Bench, Place};
use super::{Attempt, Evidence, limits};
use crate::exercise::kinds::{Check, Speed};
use anyhow::{Context as _, Result};
use base::proc::Status;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use weigh::measure::work::{self, Race, Task, Work};

impl Bench<'_> {
    /// The goals that need a build's work.
    pub(super) fn efforts(&self, name: &str) -> Vec<(&str, &Speed)> {
        let goals = self.request.exercise.data.goal.iter();
        let speeds = goals.filter_map(|goal| match &goal.check {
            Check::Speed(speed) => Some((goal.id.get_ref().as_str(), speed)),
            _ => None,
        });
        speeds.filter(|(_, speed)| speed.build.get_ref() == name || speed.against.get_ref() == name).collect()
    }

    /// Whether what was measured before is still enough: a race needs the executable, in one of our folders.
    pub(super) fn has_work(&self, name: &str, known: &BTreeMap<String, Work>) -> bool {
        let is_there = |work: &Work| {
            let kept =
                work.program.as_ref().is_some_and(|program| program.starts_with(&self.base) && program.is_file());
            work.instructions.is_some() || kept
        };
        self.efforts(name).iter().all(|(goal, _)| known.get(*goal).is_some_and(is_there))
    }

    /// Runs a build once for each goal that needs its work.
    pub(super) fn work(&self, name: &str, executable: &Path, place: &Place) -> Result<BTreeMap<String, Work>> {
        let mut found = BTreeMap::new();
        let env = self.run_env();
        for (goal, speed) in self.efforts(name) {
            let task = Task { args: &speed.args, stdin: &speed.stdin, ..self.task(place, &env) };
            let mut work = match &self.counter {
                Some(_) => work::count(executable, &task)?,
                None => work::plain(executable, &task)?,
            };
            // What was disturbed once is counted again. All programs are judged the way the course's own can be; by time
            // would be a different rule.
            if self.counter.is_some() && work.instructions.is_none() && matches!(work.run.status, Status::Exited(_)) {
                work = work::count(executable, &task)?;
            }
            if work.instructions.is_none() {
                // Another build may end up at the same path before the race.
                let copy = self.base.join(format!("race-{}-{name}", place.whose()));
                let failed = || format!("can't copy {} to {}", executable.display(), copy.display());
                fs::copy(executable, &copy).with_context(failed)?;
                work.program = Some(copy);
            }
            found.insert(goal.to_owned(), work);
        }
        Ok(found)
    }

    /// Compares by time what could not be counted, now that nothing else in this call runs.
    pub(super) fn races(&self, evidence: &Evidence, places: &[&Place]) -> Result<BTreeMap<String, Race>> {
        let mut races = BTreeMap::new();
        let env = self.run_env();
        let Some(place) = places.first() else { return Ok(races) };
        for goal in &self.request.exercise.data.goal {
            let Check::Speed(Speed { build, against, by_time, .. }) = &goal.check else { continue };
            let work = |name: &str| match evidence.builds.get(name)? {
                Attempt::Built(built) => built.work.get(goal.id.get_ref()),
                Attempt::Failed(_) => None,
            };
            let (Some(own), Some(reference)) = (work(build.get_ref()), work(against.get_ref())) else { continue };
            if let (None, Some(own), Some(reference)) = (reference.instructions, &own.program, &reference.program) {
                let task = Task { args: &by_time.args, stdin: &by_time.stdin, ..self.task(place, &env) };
                races.extend(work::race(own, reference, &task)?.map(|race| (goal.id.get_ref().clone(), race)));
            }
        }
        Ok(races)
    }

    fn task<'a>(&'a self, place: &'a Place, env: &'a BTreeMap<OsString, Option<OsString>>) -> Task<'a> {
        let sandbox = self.request.grading.and_then(|grading| Some(&grading.boxes.as_ref()?.1));
        let limits = limits(self.request.exercise);
        Task { args: &[], stdin: "", cwd: &place.folder, env, limits, sandbox }
    }
}
