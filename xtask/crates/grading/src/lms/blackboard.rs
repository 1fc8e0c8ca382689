//! Finds where the assignment's title ends and the login begins in a name that Blackboard chose: both may contain a
//! `_`.

use super::{Lms, Meaning, Name};
use std::collections::BTreeSet;

/// What follows the login.
const ATTEMPT: &str = "_attempt_";

/// Gives each of Blackboard's names every login that it may hold, the surest first: what is left without the title that all of
/// them begin with, then what follows the last `_`, then longer ones. A roster tells which one is a student.
pub(super) fn tell_logins(names: &[Name], meanings: &mut [Meaning]) {
    let heads: Vec<Option<String>> = names.iter().zip(&*meanings).map(|(name, meaning)| head(name, meaning)).collect();
    let title = title(&heads.iter().flatten().map(String::as_str).collect());
    for (head, meaning) in heads.iter().zip(meanings) {
        let Some(head) = head else { continue };
        let splits = head.match_indices('_').map(|(at, _)| at + 1).filter(|&at| at > 1 && at < head.len());
        // A login has no space in it; a title has.
        let mut splits: Vec<usize> = splits.rev().filter(|&at| !head[at..].contains(' ')).collect();
        splits.sort_by_key(|&at| at != title);
        if let Some(&first) = splits.first() {
            meaning.title = Some(head[..first - 1].to_owned());
            meaning.handles[0].ids = splits.iter().map(|&at| head[at..].to_owned()).collect();
        }
    }
}

/// What comes before the attempt: the title and the login.
fn head(name: &Name, meaning: &Meaning) -> Option<String> {
    let at = name.text.rfind(ATTEMPT).filter(|_| meaning.lms == Some(Lms::Blackboard))?;
    Some(name.text[..at].to_owned())
}

/// How many bytes of the heads are the title with its `_`; 0 where a single student leaves it open.
fn title(heads: &BTreeSet<&str>) -> usize {
    let (Some(first), Some(last)) = (heads.first(), heads.last()) else { return 0 };
    if heads.len() < 2 {
        return 0;
    }
    // In order, so what the first and the last have in common, all have.
    let common = first.bytes().zip(last.bytes()).take_while(|(a, b)| a == b).count();
    first.as_bytes()[..common].iter().rposition(|&byte| byte == b'_').map_or(0, |at| at + 1)
}
