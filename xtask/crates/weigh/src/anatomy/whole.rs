//! What has changed between two programs in their whole files, by crate, and through which call it came in.

use super::Anatomy;
use crate::measure::crates::generic;
use crate::measure::reasons::{Reasons, Share, Step};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// A crate, or what else has bytes, that isn't the same in both files. All sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeChange {
    /// The crate, or what is in brackets.
    pub name: String,
    /// Its own bytes of the first file.
    pub own_a: i64,
    /// Its own bytes of the second one.
    pub own_b: i64,
    /// What the first file would not have without it.
    pub retained_a: i64,
    /// What the second one would not have without it.
    pub retained_b: i64,
    /// The function that uses it in the second file and didn't in the first, where it is new or has grown.
    pub through: Option<String>,
}

/// The changes, the largest first; their own bytes sum to the difference of the files. Nothing where one of the files doesn't tell
/// what uses what.
pub(super) fn changes(a: &Anatomy, b: &Anatomy) -> Vec<WholeChange> {
    let (Some(a), Some(b)) = (&a.reasons, &b.reasons) else { return Vec::new() };
    let by_name = |reasons: &Reasons| -> BTreeMap<String, Share> {
        reasons.shares().into_iter().map(|share| (share.name.clone(), share)).collect()
    };
    let (before, after) = (by_name(a), by_name(b));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let own = |shares: &BTreeMap<String, Share>, name| {
        shares.get(name).map_or((0, 0), |share| (share.own_bytes, share.retained_bytes))
    };
    let mut changes: Vec<WholeChange> = names
        .into_iter()
        .map(|name| {
            let ((own_a, retained_a), (own_b, retained_b)) = (own(&before, name), own(&after, name));
            WholeChange { name: name.clone(), own_a, own_b, retained_a, retained_b, through: None }
        })
        .filter(|change| change.own_a != change.own_b)
        .collect();
    changes.sort_by_key(|change| Reverse((change.own_b - change.own_a).abs()));
    for change in changes.iter_mut().filter(|change| change.own_b > change.own_a && !change.name.starts_with('[')) {
        change.through = through(a, b, &change.name, &before);
    }
    changes
}

/// The nearest function on a way to a crate that was in the first program already, if its part of the way is new.
fn through(a: &Reasons, b: &Reasons, name: &str, before: &BTreeMap<String, Share>) -> Option<String> {
    let ways = |reasons: &Reasons| reasons.why(name, &reasons.find(name), 0).chains;
    let user = |chain: &[Step]| -> Option<String> {
        let outside = &chain[..chain.len().checked_sub(1)?];
        let known = outside.iter().rev().find(|step| before.contains_key(&step.krate))?;
        Some(generic(&known.name))
    };
    let old: BTreeSet<String> = ways(a).iter().filter_map(|chain| user(chain)).collect();
    ways(b).iter().filter_map(|chain| user(chain)).find(|user| !old.contains(user))
}
