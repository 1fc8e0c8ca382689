//! Where the standard input of a process comes from, and where its standard output goes: a program under test also meets
//! what cannot be read, and what cannot be written.

use super::Call;
use anyhow::{Context as _, Result};
use std::process::Stdio;

/// Where a process gets its standard input from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum In {
    /// The bytes of the call.
    #[default]
    Bytes,
    /// A folder, which cannot be read. A box gets something else: from a folder of the grader's a program could go
    /// wherever the grader can.
    Folder,
    /// Something that cannot be read, and leads nowhere.
    Unreadable,
}

/// Where a process's standard output goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Out {
    /// It is collected.
    #[default]
    Collected,
    /// To `/dev/full`, where nothing can be written (Linux; collected elsewhere).
    Full,
}

/// What a process reads from.
///
/// # Errors
/// When it cannot be made.
pub fn input(call: &Call) -> Result<Stdio> {
    match call.input {
        In::Bytes if call.stdin.is_empty() => Ok(Stdio::null()),
        In::Bytes => Ok(Stdio::piped()),
        // Reading from it is an error, it cannot be opened again, and nothing is behind it.
        #[cfg(target_os = "linux")]
        In::Unreadable => {
            let empty = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC);
            empty.map(Stdio::from).context("cannot make an input that cannot be read")
        }
        _ => std::fs::File::open("/").map(Stdio::from).context("cannot open the folder /"),
    }
}

/// What a process writes to.
///
/// # Errors
/// When it cannot be opened.
pub fn output(call: &Call) -> Result<Stdio> {
    const FULL: &str = "/dev/full";
    match call.output {
        Out::Full if cfg!(target_os = "linux") => {
            let full = std::fs::OpenOptions::new().write(true).open(FULL);
            full.map(Stdio::from).with_context(|| format!("cannot open {FULL}"))
        }
        _ => Ok(Stdio::piped()),
    }
}
