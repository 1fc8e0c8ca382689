//! Which of the measured points is the best within the limits, and which ones no other point beats.

use super::point::{Panic, Point};
use std::cmp::Ordering;

/// What was measured of a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The point.
    pub point: Point,
    /// The size of the executable.
    pub bytes: u64,
    /// Instructions of the run, where they were counted.
    pub instructions: Option<u64>,
    /// Seconds of rustc for the program and everything linked into it.
    pub seconds: Option<f64>,
    /// What its run does differently from the release build's. Such a point is never chosen.
    pub wrong: Option<String>,
}

/// What is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Goal {
    /// Instructions of the release build's run.
    pub release_instructions: Option<u64>,
    /// How many percent more instructions than that are allowed.
    pub max_slowdown: Option<f64>,
    /// The largest size allowed.
    pub max_bytes: Option<u64>,
    /// A panic may abort, because the caller said so or because it does in the release build.
    pub abort: bool,
    /// Relative relocations may be packed.
    pub packed: bool,
}

/// Runs whose numbers of instructions are closer than this are equally fast: seeds of hash maps and addresses differ from one
/// run to the next.
const NOISE: f64 = 0.005;

impl Goal {
    /// Whether a point could be chosen at all.
    pub fn permits(&self, point: Point) -> bool {
        (self.abort || point.panic == Panic::Unwind) && (self.packed || !point.packed)
    }

    /// How far a point is outside of the limits: 0.1 is ten percent too much of something. 0 is within all of them.
    pub fn excess(&self, found: &Found) -> f64 {
        let over = |value: u64, limit: f64| (value as f64 / limit.max(1.0) - 1.0).max(0.0);
        let bytes = self.max_bytes.map_or(0.0, |limit| over(found.bytes, limit as f64));
        let instructions = match (self.max_slowdown, self.release_instructions, found.instructions) {
            (Some(percent), Some(release), Some(count)) => over(count, release as f64 * (1.0 + percent / 100.0)),
            (Some(_), ..) => f64::INFINITY,
            (None, ..) => 0.0,
        };
        bytes.max(instructions)
    }

    /// Whether the fastest point within the limits is looked for. That is so where only bytes have a limit; else it is the
    /// smallest one.
    fn wants_speed(&self) -> bool {
        self.max_bytes.is_some() && self.max_slowdown.is_none() && self.release_instructions.is_some()
    }

    /// The better of two points comes first.
    pub fn compare(&self, a: &Found, b: &Found) -> Ordering {
        let excess = self.excess(a).total_cmp(&self.excess(b));
        let bytes = a.bytes.cmp(&b.bytes);
        let instructions = a.instructions.cmp(&b.instructions);
        let changes = a.point.changes().cmp(&b.point.changes());
        let by_speed = |a: &Found, b: &Found| match a.instructions.zip(b.instructions) {
            Some((a, b)) if a.abs_diff(b) as f64 <= NOISE * a.min(b) as f64 => Ordering::Equal,
            _ => instructions,
        };
        match self.wants_speed() {
            true => excess.then(by_speed(a, b)).then(bytes).then(changes),
            false => excess.then(bytes).then(changes).then(instructions),
        }
    }

    /// The best point that may be chosen, by its index. It may be outside of the limits, if none is within.
    pub fn best(&self, found: &[Found]) -> Option<usize> {
        let candidates =
            found.iter().enumerate().filter(|(_, found)| found.wrong.is_none() && self.permits(found.point));
        candidates
            .reduce(|best, next| if self.compare(next.1, best.1).is_lt() { next } else { best })
            .map(|(index, _)| index)
    }
}

/// Which points no other one beats: none is smaller and as fast, and none is as small and faster. Without counted instructions
/// that is the smallest one. Of points that are equally good the one with the fewest settings is left.
pub fn front(found: &[Found]) -> Vec<bool> {
    let beats = |a: &Found, b: &Found| {
        let counts = a.instructions.zip(b.instructions);
        let is_as_fast = counts.is_none_or(|(a, b)| a as f64 <= b as f64 * (1.0 + NOISE));
        let is_faster = counts.is_some_and(|(a, b)| (a as f64) * (1.0 + NOISE) < b as f64);
        // Of equally good ones the plainest is left.
        let is_plainer = (a.point.changes(), a.point) < (b.point.changes(), b.point);
        match a.bytes.cmp(&b.bytes) {
            Ordering::Less => is_as_fast,
            Ordering::Equal => is_faster || (is_as_fast && is_plainer),
            Ordering::Greater => false,
        }
    };
    let right = |found: &Found| found.wrong.is_none();
    found.iter().map(|b| right(b) && !found.iter().any(|a| right(a) && beats(a, b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::point::{Lto, OptLevel, Units};

    fn found(bytes: u64, instructions: u64) -> Found {
        let point = Point { opt_level: OptLevel::S, lto: Lto::Fat, ..Point::release(Panic::Unwind) };
        Found { point, bytes, instructions: Some(instructions), seconds: None, wrong: None }
    }

    fn aborts(found: Found) -> Found {
        Found { point: Point { panic: Panic::Abort, ..found.point }, ..found }
    }

    fn wrong(bytes: u64, instructions: u64) -> Found {
        Found { wrong: Some("prints something else".to_owned()), ..found(bytes, instructions) }
    }

    #[test]
    fn nothing_beats_a_point_of_the_front() {
        let points =
            [found(100, 900), found(90, 1000), found(80, 2100), found(95, 1001), found(80, 2000), found(70, 9999)];
        assert_eq!(front(&points), [true, true, false, false, true, true]);
        let with_wrong = [found(100, 900), wrong(50, 100)];
        assert_eq!(front(&with_wrong), [true, false], "what does something else beats nothing");
        let unknown = [100, 90].map(|bytes| Found { instructions: None, ..found(bytes, 0) });
        assert_eq!(front(&unknown), [false, true]);
        assert_eq!(front(&[found(100, 100_000), found(90, 100_400)]), [false, true], "no faster than the noise");
    }

    #[test]
    fn of_equal_points_the_plainest_is_in_front() {
        let plain = Found { point: Point::release(Panic::Unwind), ..found(80, 1004) };
        assert_eq!(
            front(&[found(80, 1000), plain.clone(), plain.clone()]),
            [false, true, true],
            "one point has one build"
        );
        assert_eq!(front(&[found(80, 900), plain]), [true, false], "faster is better than plainer");
    }

    #[test]
    fn the_smallest_is_chosen_within_the_limit_on_speed_and_the_fastest_within_one_on_bytes() {
        let points = [found(100, 900), found(90, 1000), found(80, 1100), found(70, 2000)];
        let goal = Goal { release_instructions: Some(1000), ..Goal::default() };
        assert_eq!(goal.best(&points), Some(3), "without limits bytes decide");
        let slow = Goal { max_slowdown: Some(10.0), ..goal };
        assert_eq!(slow.best(&points), Some(2), "exactly 10 % is within");
        let small = Goal { max_bytes: Some(90), ..goal };
        assert_eq!(small.best(&points), Some(1));
        let both = Goal { max_bytes: Some(90), max_slowdown: Some(0.0), ..goal };
        assert_eq!(both.best(&points), Some(1));
        let none = Goal { max_bytes: Some(60), ..goal };
        let nearest = none.best(&points).unwrap();
        assert_eq!(
            (nearest, none.excess(&points[nearest]) > 0.0),
            (3, true),
            "the nearest, and it says that it's outside"
        );
    }

    #[test]
    fn what_changes_behavior_is_chosen_only_where_it_was_allowed() {
        let points = [found(100, 900), aborts(found(80, 900)), wrong(50, 900)];
        assert_eq!(Goal::default().best(&points), Some(0));
        assert_eq!(Goal { abort: true, ..Goal::default() }.best(&points), Some(1));
        let packed = Found { point: Point { packed: true, ..points[0].point }, ..found(70, 900) };
        assert_eq!(Goal::default().best(&[points[0].clone(), packed.clone()]), Some(0));
        assert_eq!(Goal { packed: true, ..Goal::default() }.best(&[points[0].clone(), packed]), Some(1));
        assert_eq!(Goal::default().best(&points[2..]), None);
    }

    #[test]
    fn of_two_equal_points_the_plainer_one_is_chosen() {
        let plain = Found { point: Point::release(Panic::Unwind), ..found(80, 900) };
        let one = Found { point: Point { units: Units::One, ..plain.point }, ..plain.clone() };
        assert_eq!(Goal::default().best(&[one, plain]), Some(1));
    }
}
