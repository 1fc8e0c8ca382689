//! The users that a root grader's boxes run as. The kernel counts processes by user, over all graders of a machine: so
//! no two boxes that work at once may share one, or one student's build would use up what another's run may have.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The first of them, above what systems give to people and services, and below `nobody`.
const FIRST: u32 = 65_100;

/// How many pairs there are.
const PAIRS: u32 = 217;

/// A pair that this process has, and the lock that reserves it.
struct Taken {
    first: u32,
    #[cfg(target_os = "linux")]
    _claim: Option<std::os::unix::net::UnixListener>,
}

/// The users that a worker of this process builds as and runs as; always the same ones.
///
/// If every pair is taken, two graders share one. Then a box may fail to start, which is an error of ours and not a
/// grade.
pub(crate) fn of_worker(worker: u32) -> (u32, u32) {
    static TAKEN: Mutex<BTreeMap<u32, Taken>> = Mutex::new(BTreeMap::new());
    let mut taken = TAKEN.lock().unwrap_or_else(PoisonError::into_inner);
    let used: Vec<u32> = taken.values().map(|taken| taken.first).collect();
    let pair = taken.entry(worker).or_insert_with(|| take(&used, worker));
    (pair.first, pair.first + 1)
}

#[cfg(target_os = "linux")]
fn take(used: &[u32], worker: u32) -> Taken {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixListener};
    let free = (0..PAIRS).map(pair).filter(|first| !used.contains(first)).find_map(|first| {
        // A name without a file: the kernel releases it when the process ends, however it ends.
        let name = SocketAddr::from_abstract_name(format!("size-workshop-user-{first}")).ok()?;
        Some((first, UnixListener::bind_addr(&name).ok()?))
    });
    match free {
        Some((first, claim)) => Taken { first, _claim: Some(claim) },
        None => Taken { first: pair(worker), _claim: None },
    }
}

/// Elsewhere there are no boxes.
#[cfg(not(target_os = "linux"))]
fn take(_used: &[u32], worker: u32) -> Taken {
    Taken { first: pair(worker) }
}

fn pair(number: u32) -> u32 {
    FIRST + 2 * (number % PAIRS)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn no_two_boxes_have_the_same_user() {
        let (one, two) = (of_worker(0), of_worker(1));
        assert_eq!(of_worker(0), one);
        let all = std::collections::BTreeSet::from([one.0, one.1, two.0, two.1]);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|user| (FIRST..65_534).contains(user)));
        // A different grader gets its own.
        let other = take(&[], 0);
        assert!(!all.contains(&other.first));
        assert!(pair(u32::MAX) + 1 < 65_534);
    }
}
