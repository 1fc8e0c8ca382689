//! Collects what a process prints, and ends it at a limit. Nothing that it printed is dropped for being late: once its process
//! group is gone, its output is read to the end.

use super::watch::Guard;
use super::{Call, Finished, Status, end_group, status_of};
use std::io::Read;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The pause between two looks at the process at first; it doubles while nothing happens.
const SHORTEST: Duration = Duration::from_micros(200);
/// The longest pause.
const LONGEST: Duration = Duration::from_millis(20);

/// How long the output of a process that has ended is waited for while nothing comes. Its group is gone by then: only a process
/// that has left the group can still hold it open, and no process in a box can leave it.
const HELD_OPEN: Duration = Duration::from_secs(10);

/// Where a chunk was printed.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Out,
    Err,
}

/// Part of what a process prints.
pub(super) type Chunk = (Stream, Vec<u8>);

/// Reads a pipe to its end, in a thread of its own.
pub(super) fn forward(mut pipe: impl Read + Send + 'static, stream: Stream, sender: Sender<Chunk>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match pipe.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            if sender.send((stream, buffer[..read].to_vec())).is_err() {
                return;
            }
        }
    })
}

/// Time as it passes for this process. What passes while it is stopped, or has to wait for a processor, barely counts: a pause
/// that took far longer than it was meant to says nothing about a different process.
pub(super) struct Clock {
    last: Instant,
}

impl Clock {
    /// Starts the clock.
    pub(super) fn new() -> Self {
        Self { last: Instant::now() }
    }

    /// What has passed since the last call, in which a pause of this length was asked for.
    pub(super) fn passed(&mut self, asked: Duration) -> Duration {
        let now = Instant::now();
        let passed = now.duration_since(self.last).min(asked * 2 + SHORTEST);
        self.last = now;
        passed
    }
}

/// Collects what the process prints until it has ended, or until a limit is reached.
pub(super) fn attend(child: &mut Child, call: &Call, chunks: &Receiver<Chunk>) -> std::io::Result<Finished> {
    let mut finished = Finished::empty();
    let mut guard = Guard::new(call, child.id());
    let mut clock = Clock::new();
    let mut pause = SHORTEST;
    let mut pipes_open = true;
    let status = loop {
        let asked = pause;
        if pipes_open {
            match chunks.recv_timeout(pause) {
                Ok(chunk) => {
                    if let Some(limit) = finished.take(chunk, call.output_limit) {
                        finished.status = limit;
                        return Ok(finished);
                    }
                    pause = SHORTEST;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // It is about to end: look again immediately.
                    pipes_open = false;
                    pause = SHORTEST;
                }
            }
        } else {
            thread::sleep(pause);
        }
        if has_ended(child) {
            guard.at_its_end();
        }
        if let Some(status) = child.try_wait()? {
            break status_of(status);
        }
        if let Some(limit) = guard.look(clock.passed(asked)) {
            finished.status = limit;
            (finished.cpu, finished.spent) = (guard.cpu(), guard.spent());
            return Ok(finished);
        }
        pause = (pause * 2).min(LONGEST);
    };
    // Whatever it left behind in its group would go on running, and would hold the pipes open.
    if !call.hands_over {
        end_group(child);
    }
    finished.status = status;
    (finished.cpu, finished.spent) = (guard.cpu(), guard.spent());
    if pipes_open && let Some(limit) = rest(&mut finished, call.output_limit, chunks, HELD_OPEN) {
        finished.status = limit;
    }
    // What was written since the last look counts as well.
    finished.status = guard.last_look().unwrap_or(finished.status);
    Ok(finished)
}

/// Whether a process has ended. It can still be queried until it is waited for.
fn has_ended(child: &Child) -> bool {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        id.is_some_and(|id| matches!(waitid(WaitId::Pid(id), options), Ok(Some(_))))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = child;
        false
    }
}

/// Takes what is still in the pipes; the limit, if that is more than may be printed.
fn rest(finished: &mut Finished, limit: usize, chunks: &Receiver<Chunk>, held_open: Duration) -> Option<Status> {
    let (mut clock, mut silent) = (Clock::new(), Duration::ZERO);
    while silent < held_open {
        match chunks.recv_timeout(LONGEST) {
            Ok(chunk) => {
                if let Some(limit) = finished.take(chunk, limit) {
                    return Some(limit);
                }
                silent = Duration::ZERO;
                clock.passed(LONGEST);
            }
            Err(RecvTimeoutError::Timeout) => silent += clock.passed(LONGEST),
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    None
}

impl Finished {
    /// Keeps part of the output; returns the limit, if it is exceeded.
    fn take(&mut self, (stream, chunk): Chunk, limit: usize) -> Option<Status> {
        let kept = if matches!(stream, Stream::Out) { &mut self.stdout } else { &mut self.stderr };
        let room = limit - kept.len();
        kept.extend_from_slice(&chunk[..chunk.len().min(room)]);
        (chunk.len() > room).then_some(Status::OutputLimit)
    }
}

/// A channel for the output of a process.
pub(super) fn channel() -> (Sender<Chunk>, Receiver<Chunk>) {
    mpsc::channel()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_took_too_long_counts_as_a_short_one() {
        let mut clock = Clock::new();
        thread::sleep(Duration::from_millis(300));
        assert!(clock.passed(Duration::from_millis(20)) < Duration::from_millis(50));
        thread::sleep(Duration::from_millis(20));
        assert!(clock.passed(Duration::from_millis(20)) >= Duration::from_millis(20));
    }

    #[test]
    fn output_that_comes_late_is_kept() {
        let (sender, chunks) = channel();
        thread::spawn(move || {
            for word in ["a", "b", "c"] {
                thread::sleep(Duration::from_millis(700));
                sender.send((Stream::Out, word.into())).unwrap();
            }
        });
        let mut finished = Finished::empty();
        assert_eq!(rest(&mut finished, 100, &chunks, HELD_OPEN), None);
        assert_eq!(finished.stdout, b"abc");
    }

    #[test]
    fn output_that_is_held_open_for_ever_is_waited_for_once() {
        let (sender, chunks) = channel();
        sender.send((Stream::Out, b"a".to_vec())).unwrap();
        let mut finished = Finished::empty();
        assert_eq!(rest(&mut finished, 100, &chunks, Duration::from_millis(100)), None);
        assert_eq!(finished.stdout, b"a");
        drop(sender);
    }
}
