//! Which builds may run at once. Builds of one group need the same proc macros and build scripts: the first one compiles them,
//! and the recorder copies them for the others. Two first ones would both compile them.

use std::collections::BTreeSet;
use std::thread;

/// The processors that there are.
pub(crate) fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How many builds run at once where no option sets it. One more than there are cores fills the gaps: a fat LTO is one thread, and
/// the ends of two builds seldom meet. More than four gain nothing, and fat LTO takes memory.
pub(crate) fn at_once() -> usize {
    (cores() + 1).min(4)
}

/// How many compilers each of so many builds may run.
pub(crate) fn threads_each(jobs: usize) -> usize {
    (2 * cores()).div_ceil(jobs)
}

/// The groups of the builds that run, and of those that are done.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    /// Name and group of what is being built.
    running: Vec<(String, String)>,
    /// Groups with a finished build.
    ready: BTreeSet<String>,
}

impl Groups {
    /// Begins a build, if it may start now.
    pub(crate) fn begin(&mut self, name: &str, group: &str) -> bool {
        let may_start = self.ready.contains(group) || !self.running.iter().any(|(_, running)| running == group);
        if may_start {
            self.running.push((name.to_owned(), group.to_owned()));
        }
        may_start
    }

    /// Ends a build, and says whether it is the first one of its group, which the others copy from. One that failed leaves nothing
    /// that others could copy.
    pub(crate) fn end(&mut self, name: &str, group: &str, is_built: bool) -> bool {
        self.running.retain(|(running, _)| running != name);
        is_built && self.ready.insert(group.to_owned())
    }

    /// The names of what is being built.
    pub(crate) fn running(&self) -> Vec<String> {
        self.running.iter().map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_build_of_a_group_waits_for_the_first_and_the_third_for_neither() {
        let mut groups = Groups::default();
        assert!(groups.begin("a", "lto") && groups.begin("b", "strip") && !groups.begin("c", "lto"));
        assert!(groups.end("a", "lto", true));
        assert!(groups.begin("c", "lto") && groups.begin("d", "lto"));
        assert_eq!(groups.running(), ["b", "c", "d"]);
        assert!(!groups.end("c", "lto", true), "the others copy from the first one");
    }

    #[test]
    fn a_build_that_failed_has_nothing_for_the_next_one() {
        let mut groups = Groups::default();
        assert!(groups.begin("a", "lto"));
        groups.end("a", "lto", false);
        assert!(groups.begin("b", "lto") && !groups.begin("c", "lto"));
    }
}
