//! Where the standard input of a process comes from, and where its standard output goes: a program under test also meets
//! what cannot be read, and what cannot be written.

use super::Call;
use anyhow::{Context as _, Result};
use std::io::{PipeWriter, Write as _};
use std::process::{Child, Stdio};
use std::thread;

/// Where a process gets its standard input from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum In {
    /// The call's bytes.
    #[default]
    Bytes,
    /// The same, but each read gets one byte (Linux; elsewhere, whatever arrives).
    Pieces,
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
    /// To a pipe that no process reads any more.
    Closed,
}

/// What a process reads from, and the other end of it where the caller has to keep that.
///
/// # Errors
/// When it cannot be made.
pub(super) fn input(call: &Call) -> Result<(Stdio, Option<PipeWriter>)> {
    let stdio = match call.input {
        In::Bytes | In::Pieces if call.stdin.is_empty() => Stdio::null(),
        In::Pieces => {
            let (reader, writer) = std::io::pipe().context("can't create a pipe")?;
            // A pipe of packets: what was written at once is read at once, and no more of it.
            #[cfg(target_os = "linux")]
            rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::DIRECT).context("can't create a pipe of packets")?;
            return Ok((reader.into(), Some(writer)));
        }
        In::Bytes => Stdio::piped(),
        // Reading from it is an error, it cannot be opened again, and nothing is behind it.
        #[cfg(target_os = "linux")]
        In::Unreadable => {
            let empty = rustix::event::epoll::create(rustix::event::epoll::CreateFlags::CLOEXEC);
            empty.map(Stdio::from).context("can't create an unreadable input")?
        }
        _ => std::fs::File::open("/").map(Stdio::from).context("can't open the folder /")?,
    };
    Ok((stdio, None))
}

/// Writes what a process reads, in a thread of its own: a process may print before it has read all. One that never reads ends
/// with its pipe.
pub(super) fn feed(child: &mut Child, call: &Call, pieces: Option<PipeWriter>) {
    let input = call.stdin.clone();
    if let Some(mut pipe) = pieces {
        thread::spawn(move || input.iter().try_for_each(|byte| pipe.write_all(&[*byte])));
    } else if let Some(mut pipe) = child.stdin.take() {
        thread::spawn(move || pipe.write_all(&input));
    }
}

/// What a process writes to.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn output(call: &Call) -> Result<Stdio> {
    const FULL: &str = "/dev/full";
    match call.output {
        Out::Full if cfg!(target_os = "linux") => {
            let full = std::fs::OpenOptions::new().write(true).open(FULL);
            full.map(Stdio::from).with_context(|| format!("can't open {FULL}"))
        }
        // Its reader is gone before the process starts, so every write fails.
        Out::Closed => std::io::pipe().map(|(_, writer)| Stdio::from(writer)).context("can't create a pipe"),
        _ => Ok(Stdio::piped()),
    }
}
