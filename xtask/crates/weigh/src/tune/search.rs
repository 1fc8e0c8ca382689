//! The search: a few rounds of builds, each of which goes on from what won the round before. It knows nothing of Cargo, so it can
//! be tried on tables of measurements.
//!
//! Not every combination is built, because the settings are nearly independent of each other: the level that wins with fat LTO
//! and one codegen unit wins with everything else, `panic` and packed relocations save about the same anywhere. Nearly is not
//! quite: the best two or three levels go into the second round, and in the end every neighbor of the winner is built, until none
//! is better.

use super::choice::{Found, Goal, front};
use super::point::{Lto, OptLevel, Panic, Point, Units};
use anyhow::Result;

/// What can be varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What the release build does at a panic. Where it aborts, nothing is gained by unwinding again.
    pub panic: Panic,
    /// The release profile leaves the number of codegen units to Cargo, so that there are two of them to choose from.
    pub units: bool,
    /// The linker and the target know packed relative relocations.
    pub packed: bool,
}

impl Space {
    /// The number of combinations.
    pub fn size(self) -> usize {
        let two = |both: bool| if both { 2 } else { 1 };
        OptLevel::ALL.len() * Lto::ALL.len() * two(self.units) * two(self.panic == Panic::Unwind) * two(self.packed)
    }

    /// The largest number of builds: a fifth of all of them, and never more than a coffee break.
    pub fn most(self) -> usize {
        (self.size() / 5).min(24)
    }

    fn units(self, wanted: Units) -> Units {
        if self.units { wanted } else { Units::One }
    }

    /// The corner that the search begins with.
    fn corner(self, opt_level: OptLevel) -> Point {
        Point { opt_level, lto: Lto::Fat, units: Units::One, panic: self.panic, packed: false }
    }

    /// Every point that differs in one of the settings that change the code.
    fn neighbors(self, point: Point) -> Vec<Point> {
        let mut near: Vec<Point> =
            [Units::Default, Units::One].map(|units| Point { units: self.units(units), ..point }).into();
        near.extend(Lto::ALL.map(|lto| Point { lto, ..point }));
        near.extend(OptLevel::ALL.map(|opt_level| Point { opt_level, ..point }));
        near
    }
}

/// What came of a point: what was measured, or in one line why it doesn't build.
pub type Outcome = Result<Found, String>;

/// Builds and measures points. The outcomes are in the order of the points.
pub type Measure<'a> = dyn FnMut(&[Point]) -> Result<Vec<Outcome>> + 'a;

/// Everything that was built.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// What was measured, in the order of the builds.
    pub found: Vec<Found>,
    /// What doesn't build, and why.
    pub refused: Vec<(Point, String)>,
}

struct Search<'a, 'b> {
    space: Space,
    goal: Goal,
    measure: &'a mut Measure<'b>,
    measured: Measured,
    /// Builds left.
    left: usize,
}

/// Searches. `spent`: how many builds were made before, which count.
///
/// # Errors
/// When measuring fails as a whole. A point that doesn't build is an outcome.
pub fn search(space: Space, goal: Goal, spent: usize, measure: &mut Measure<'_>) -> Result<Measured> {
    let left = space.most().saturating_sub(spent);
    let mut search = Search { space, goal, measure, measured: Measured::default(), left };
    search.levels()?;
    search.shapes()?;
    search.descend()?;
    search.aborting()?;
    search.packing()?;
    Ok(search.measured)
}

impl Search<'_, '_> {
    /// Builds those points that are new, as many as are left.
    fn round(&mut self, points: impl IntoIterator<Item = Point>) -> Result<()> {
        let mut new: Vec<Point> = Vec::new();
        for point in points.into_iter().map(Point::canonical) {
            if !self.knows(point) && !new.contains(&point) {
                new.push(point);
            }
        }
        new.truncate(self.left);
        if new.is_empty() {
            return Ok(());
        }
        self.left -= new.len();
        for (point, outcome) in new.iter().zip((self.measure)(&new)?) {
            match outcome {
                Ok(found) => self.measured.found.push(found),
                Err(reason) => self.measured.refused.push((*point, reason)),
            }
        }
        Ok(())
    }

    fn knows(&self, point: Point) -> bool {
        let Measured { found, refused } = &self.measured;
        found.iter().any(|found| found.point == point) || refused.iter().any(|(refused, _)| *refused == point)
    }

    /// Round 1: each level with the settings that are best nearly always, and the release profile without symbols, where a search
    /// from the other end begins.
    fn levels(&mut self) -> Result<()> {
        let release = Point { units: self.space.units(Units::Default), ..Point::release(self.space.panic) };
        let corners = OptLevel::ALL.map(|level| self.space.corner(level));
        self.round(corners.into_iter().chain([release]))
    }

    /// Round 2: the other kinds of LTO and codegen units, for the levels that won.
    fn shapes(&mut self) -> Result<()> {
        let most = self.left.saturating_sub(self.reserve());
        let leaders = self.leaders(if self.counts() && most >= 9 { 3 } else { 2 });
        let space = self.space;
        let around = move |point: Point| {
            let thin = Point { lto: Lto::Thin, ..point };
            let off = Point { lto: Lto::Off, ..point };
            [thin, Point { units: space.units(Units::Default), ..point }, off]
        };
        // First what is most promising: the number of builds is limited.
        let rounds: Vec<[Point; 3]> = leaders.into_iter().map(around).collect();
        let points: Vec<Point> = (0..3).flat_map(|nth| rounds.iter().map(move |round| round[nth])).collect();
        self.round(points.into_iter().take(most))
    }

    /// Round 3: from the winner to a better neighbor, as long as there is one.
    fn descend(&mut self) -> Result<()> {
        loop {
            let Some(best) = self.best(|_| true) else { return Ok(()) };
            let near = self.space.neighbors(best);
            let new = near.into_iter().map(Point::canonical).filter(|point| !self.knows(*point));
            let new: Vec<Point> = new.take(self.left.saturating_sub(self.reserve())).collect();
            self.round(new)?;
            if self.best(|_| true) == Some(best) {
                return Ok(());
            }
        }
    }

    /// Round 4: a panic that aborts, where that is new.
    fn aborting(&mut self) -> Result<()> {
        if self.space.panic == Panic::Abort {
            return Ok(());
        }
        let count = if self.goal.abort { 3 } else { 2 };
        let points = self.leaders(count).into_iter().map(|point| Point { panic: Panic::Abort, ..point });
        let points: Vec<Point> = points.collect();
        self.round(points)
    }

    /// Round 5: packed relocations for the point that is chosen without them, and for the smallest that unwinds and that aborts.
    fn packing(&mut self) -> Result<()> {
        if !self.space.packed {
            return Ok(());
        }
        let smallest = |panic: Panic| {
            let of_kind = self.right().filter(|found| found.point.panic == panic);
            of_kind.min_by_key(|found| (found.bytes, found.point.changes())).map(|found| found.point)
        };
        let chosen = self.best(|_| true);
        let points = [chosen, smallest(Panic::Unwind), smallest(Panic::Abort)];
        let points: Vec<Point> = points.into_iter().flatten().map(|point| Point { packed: true, ..point }).collect();
        self.round(points)
    }

    /// How many builds the last rounds need: what they try saves more than the neighbors of a point that is good already.
    fn reserve(&self) -> usize {
        let aborting = if self.space.panic == Panic::Abort { 0 } else { 2 };
        aborting + if self.space.packed { 3 } else { 0 }
    }

    fn counts(&self) -> bool {
        self.goal.release_instructions.is_some()
    }

    fn right(&self) -> impl Iterator<Item = &Found> {
        self.measured.found.iter().filter(|found| found.wrong.is_none())
    }

    /// The best point so far by what is looked for, of those that may be chosen.
    fn best(&self, of: impl Fn(&Found) -> bool) -> Option<Point> {
        let candidates = self.right().filter(|found| self.goal.permits(found.point) && of(found));
        candidates.min_by(|a, b| self.goal.compare(a, b)).map(|found| found.point)
    }

    /// The points to go on from, at most so many: the best, the smallest, and, where speed counts, the fastest; then the others by
    /// rank.
    fn leaders(&self, count: usize) -> Vec<Point> {
        let mut ranked: Vec<&Found> = self.right().filter(|found| found.point.panic == self.space.panic).collect();
        ranked.sort_by(|a, b| self.goal.compare(a, b));
        let mut leaders: Vec<Point> = ranked.first().map(|found| found.point).into_iter().collect();
        leaders.extend(ranked.iter().min_by_key(|found| found.bytes).map(|found| found.point));
        if self.counts() {
            leaders.extend(ranked.iter().min_by_key(|found| found.instructions).map(|found| found.point));
        }
        let is_in_front = front(&self.measured.found);
        let in_front = self.measured.found.iter().zip(is_in_front).filter(|(_, is)| *is).map(|(found, _)| found.point);
        leaders.extend(in_front);
        leaders.extend(ranked.iter().map(|found| found.point));
        let mut unique: Vec<Point> = Vec::new();
        for point in leaders {
            if !unique.contains(&point) && point.panic == self.space.panic {
                unique.push(point);
            }
        }
        unique.truncate(count);
        unique
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const SPACE: Space = Space { panic: Panic::Unwind, units: true, packed: true };

    /// Every combination of three programs, as it was measured (`docs/benchmarks/tune.sh` makes such tables), and what was varied. The
    /// third one computes: its smallest builds take three times as many instructions as `release`.
    /// Relocations were not all packed for the second one.
    const TABLES: [(&str, Space); 3] = [
        (include_str!("measured/word_freq.tsv"), SPACE),
        (include_str!("measured/config_tool.tsv"), Space { packed: false, ..SPACE }),
        (include_str!("measured/total.tsv"), SPACE),
    ];

    fn table(text: &str) -> BTreeMap<Point, Found> {
        let row = |line: &str| {
            let cells: Vec<&str> = line.split('\t').collect();
            let [opt_level, lto, units, panic, packed, bytes, instructions] = cells[..] else { panic!("{line}") };
            let opt_level = match opt_level {
                "3" => OptLevel::Three,
                "2" => OptLevel::Two,
                "1" => OptLevel::One,
                "s" => OptLevel::S,
                _ => OptLevel::Z,
            };
            let lto = match lto {
                "off" => Lto::Off,
                "false" => Lto::Local,
                "thin" => Lto::Thin,
                _ => Lto::Fat,
            };
            let units = if units == "1" { Units::One } else { Units::Default };
            let panic = if panic == "abort" { Panic::Abort } else { Panic::Unwind };
            let point = Point { opt_level, lto, units, panic, packed: packed == "yes" };
            let (bytes, instructions) = (bytes.parse().unwrap(), instructions.parse().ok());
            (point, Found { point, bytes, instructions, seconds: None, wrong: None })
        };
        text.lines().map(row).collect()
    }

    /// What the search chooses, what the best of all is, and the number of builds.
    fn against(all: &BTreeMap<Point, Found>, space: Space, goal: Goal) -> (Found, Found, usize) {
        let measured =
            search(space, goal, 1, &mut |points| Ok(points.iter().map(|point| Ok(all[point].clone())).collect()));
        let found = measured.unwrap().found;
        let everything: Vec<Found> = all.values().cloned().collect();
        let chosen = found[goal.best(&found).unwrap()].clone();
        (chosen, everything[goal.best(&everything).unwrap()].clone(), found.len() + 1)
    }

    fn goals(all: &BTreeMap<Point, Found>, space: Space) -> Vec<Goal> {
        let release = &all[&Point::release(Panic::Unwind)];
        let mut goals = Vec::new();
        for (abort, packed) in [(false, false), (true, false), (false, true), (true, true)] {
            if packed && !space.packed {
                continue;
            }
            let bytes = Goal { abort, packed, ..Goal::default() };
            let counted = Goal { release_instructions: release.instructions, ..bytes };
            goals.extend([bytes, counted]);
            goals.extend([0.0, 5.0, 10.0, 50.0].map(|percent| Goal { max_slowdown: Some(percent), ..counted }));
        }
        goals
    }

    #[test]
    fn the_tables_hold_every_combination() {
        for (text, space) in TABLES {
            let all = table(text);
            let in_space = made(|_| 0).into_keys().filter(|point| space.packed || !point.packed);
            assert!(in_space.map(Point::canonical).all(|point| all[&point].instructions.is_some()));
        }
    }

    #[test]
    fn with_one_codegen_unit_thin_local_lto_changes_nothing() {
        let all = table(TABLES[0].0);
        for (point, found) in all.iter().filter(|(point, _)| **point != point.canonical()) {
            assert_eq!(found.bytes, all[&point.canonical()].bytes, "{point}");
        }
    }

    #[test]
    fn the_choice_is_at_most_half_a_percent_off_the_best_of_all_in_a_fifth_of_the_builds() {
        for (text, space) in TABLES {
            let all: BTreeMap<Point, Found> =
                table(text).into_iter().filter(|(point, _)| space.packed || !point.packed).collect();
            for goal in goals(&all, space) {
                let (chosen, best, builds) = against(&all, space, goal);
                assert!(builds * 5 <= space.size(), "{builds} builds for {goal:?}");
                assert!(goal.excess(&chosen) <= goal.excess(&best), "{goal:?}: {chosen:?} instead of {best:?}");
                let off = chosen.bytes as f64 / best.bytes as f64 - 1.0;
                assert!(off <= 0.005, "{off:.4} off for {goal:?}: {chosen:?} instead of {best:?}");
            }
        }
    }

    /// A made-up program: the size of each setting, and something extra where two of them meet.
    fn made(bytes: impl Fn(Point) -> u64) -> BTreeMap<Point, Found> {
        let mut all = BTreeMap::new();
        for opt_level in OptLevel::ALL {
            for lto in Lto::ALL {
                for units in [Units::Default, Units::One] {
                    for panic in [Panic::Unwind, Panic::Abort] {
                        for packed in [false, true] {
                            let point = Point { opt_level, lto, units, panic, packed };
                            let bytes = bytes(point.canonical());
                            all.insert(point, Found { point, bytes, instructions: None, seconds: None, wrong: None });
                        }
                    }
                }
            }
        }
        all
    }

    #[test]
    fn where_the_best_is_far_from_where_the_search_begins_it_is_found_step_by_step() {
        let odd =
            Point { opt_level: OptLevel::Two, lto: Lto::Local, units: Units::Default, ..Point::release(Panic::Unwind) };
        let all = made(|point| {
            let Point { opt_level, lto, units, .. } = point;
            let level = [20, 0, 30, 10, 40][OptLevel::ALL.iter().position(|level| *level == opt_level).unwrap()];
            let kind = [0, 10, 20, 30][Lto::ALL.iter().position(|kind| *kind == lto).unwrap()];
            1000 + level + kind + if units == Units::One { 7 } else { 0 }
        });
        let (chosen, best, builds) = against(&all, SPACE, Goal::default());
        assert_eq!((chosen.point, best.point), (odd, odd));
        assert!(builds <= SPACE.most());
    }

    #[test]
    fn a_space_is_searched_in_a_fifth_of_its_builds_whatever_fails() {
        let spaces = [
            SPACE,
            Space { packed: false, ..SPACE },
            Space { panic: Panic::Abort, ..SPACE },
            Space { units: false, packed: false, ..SPACE },
        ];
        assert_eq!(spaces.map(Space::size), [160, 80, 80, 40]);
        for space in spaces {
            for broken in [OptLevel::Z, OptLevel::Three] {
                let mut builds = 1;
                let measured = search(space, Goal::default(), 1, &mut |points| {
                    builds += points.len();
                    assert!(points.iter().all(|point| *point == point.canonical()));
                    let outcome = |point: &Point| match point.opt_level == broken {
                        true => Err("out of memory".to_owned()),
                        false => Ok(Found { point: *point, bytes: 9, instructions: None, seconds: None, wrong: None }),
                    };
                    Ok(points.iter().map(outcome).collect())
                })
                .unwrap();
                assert!(builds * 5 <= space.size(), "{builds} of {}", space.size());
                assert!(!measured.refused.is_empty() && !measured.found.is_empty());
                let points: Vec<Point> = measured.found.iter().map(|found| found.point).collect();
                assert!(points.iter().all(|point| space.packed || !point.packed), "{points:?}");
                assert!(points.iter().all(|point| space.units || point.units == Units::One), "{points:?}");
            }
        }
    }

    #[test]
    fn a_build_that_does_something_else_is_neither_chosen_nor_gone_on_from() {
        let all = table(TABLES[0].0);
        let measured = search(SPACE, Goal::default(), 1, &mut |points| {
            let outcome = |point: &Point| {
                let wrong = (point.opt_level == OptLevel::Z).then(|| "prints something else".to_owned());
                Ok(Found { wrong, ..all[point].clone() })
            };
            Ok(points.iter().map(outcome).collect())
        });
        let found = measured.unwrap().found;
        let of_z = found.iter().filter(|found| found.point.opt_level == OptLevel::Z).count();
        assert_eq!(
            of_z,
            1 + found
                .iter()
                .filter(|found| found.point.opt_level == OptLevel::Z && found.point.lto != Lto::Fat)
                .count()
        );
        assert_ne!(found[Goal::default().best(&found).unwrap()].point.opt_level, OptLevel::Z);
    }
}
