//! The users that the boxes of a grader who is root become: no two workers of a machine have the same, also when several
//! graders run there, as jobs of a cluster do.

use crate::exit::{Exit, Failure};
use anyhow::{Result, bail};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// The users that boxes of a grader who is root become. Nobody's, and all of them exist in a container that maps 65,536.
const USERS: std::ops::Range<u32> = 64_600..65_000;
/// Where root says which of them are taken. Only root can write there, and it is empty after a start of the machine.
const TAKEN: &str = "/run/size-workshop";

/// A user for the boxes of this worker that no other worker of this machine has. The limit on processes counts for a user:
/// with a shared one, somebody's build would keep another's program from starting.
///
/// # Errors
/// When it cannot be written down that the user is taken, or all are.
pub fn of(worker: u32) -> Result<u32> {
    static OWN: Mutex<BTreeMap<u32, (u32, File)>> = Mutex::new(BTreeMap::new());
    let mut own = OWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((user, _)) = own.get(&worker) {
        return Ok(*user);
    }
    let (user, lock) = claim(Path::new(TAKEN))?;
    own.insert(worker, (user, lock));
    Ok(user)
}

fn claim(folder: &Path) -> Result<(u32, File)> {
    let cannot = |path: &Path, error: &std::io::Error| {
        Failure::new(Exit::Environment, format!("cannot write {}: {error}", path.display()))
            .help("it says which users boxes run as; let root write there, or grade as another user than root")
    };
    fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
    for user in USERS {
        let path = folder.join(user.to_string());
        let lock = File::options().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|error| cannot(&path, &error))?;
        // The operating system lets go of it, however the process ends.
        if lock.try_lock().is_ok() {
            return Ok((user, lock));
        }
    }
    bail!(
        Failure::new(Exit::Environment, format!("all {} users for boxes are taken on this machine", USERS.len()))
            .help("wait for other graders, or use fewer `--jobs`")
    )
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn two_workers_never_become_the_same_user() {
        let folder = tempfile::tempdir().unwrap();
        let taken = folder.path().join("taken");
        let (first, lock) = claim(&taken).unwrap();
        let (second, _lock) = claim(&taken).unwrap();
        assert_eq!([first, second], [USERS.start, USERS.start + 1]);
        drop(lock);
        assert_eq!(claim(&taken).unwrap().0, first, "a user whose worker is gone is free again");

        let held: Vec<_> = (2..USERS.len()).map(|_| claim(&taken).unwrap()).chain([claim(&taken).unwrap()]).collect();
        let error = claim(&taken).unwrap_err();
        assert_eq!(error.to_string(), "all 400 users for boxes are taken on this machine");
        drop(held);

        let file = folder.path().join("file");
        File::create(&file).unwrap();
        let error = claim(&file).unwrap_err();
        let failure = error.downcast_ref::<Failure>().unwrap();
        assert!(failure.message.contains("cannot write") && failure.exit == Exit::Environment, "{error}");
    }
}
