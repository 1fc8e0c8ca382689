//! One queue that several threads take jobs from, and what comes of a thread.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ScopedJoinHandle};

/// Jobs that wait for a thread. A lock is never held while a job is worked on: held for so long, it would let one thread work alone.
#[derive(Debug)]
pub struct Queue<T> {
    waiting: Mutex<VecDeque<T>>,
    changed: Condvar,
}

/// What came of a thread; its panic goes on here.
pub fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

impl<T> Queue<T> {
    /// A queue that holds these jobs.
    pub fn new(jobs: impl IntoIterator<Item = T>) -> Self {
        Self { waiting: Mutex::new(jobs.into_iter().collect()), changed: Condvar::new() }
    }

    /// The next job; none if there are no more.
    pub fn next(&self) -> Option<T> {
        self.next_where(|_| true)
    }

    /// The first job that may start. While none of those that are left may, waits until [`Self::look_again`] is called.
    pub fn next_where(&self, mut may_start: impl FnMut(&T) -> bool) -> Option<T> {
        let mut waiting = self.locked();
        while !waiting.is_empty() {
            if let Some(job) = waiting.iter().position(&mut may_start).and_then(|next| waiting.remove(next)) {
                return Some(job);
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Tells the threads that wait that a job may start now which could not before.
    pub fn look_again(&self) {
        // With the lock, so that no thread is between looking and waiting.
        let _waiting = self.locked();
        self.changed.notify_all();
    }

    /// Drops what is left, so that every thread comes to an end.
    pub fn stop(&self) {
        self.locked().clear();
        self.changed.notify_all();
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands each job to one of several threads, until none is left or one of them says that the others may stop as well.
pub fn side_by_side<T: Send>(
    threads: usize,
    jobs: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> ControlFlow<()> + Sync,
) {
    let queue = Queue::new(jobs);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(job) = queue.next() {
                    if work(job).is_break() {
                        queue.stop();
                    }
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn jobs_are_done_at_once_and_each_one_once() {
        let (meeting, done) = (Barrier::new(2), AtomicUsize::new(0));
        side_by_side(2, 1..=2, |job| {
            meeting.wait();
            done.fetch_add(job, Ordering::Relaxed);
            ControlFlow::Continue(())
        });
        assert_eq!(done.into_inner(), 3);
    }

    #[test]
    fn nothing_begins_after_a_stop() {
        let done = AtomicUsize::new(0);
        side_by_side(1, 0..9, |job| {
            done.fetch_add(1, Ordering::Relaxed);
            if job == 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(done.into_inner(), 2);
    }

    #[test]
    fn a_job_that_may_not_start_yet_waits_for_the_one_before_it() {
        let (queue, ready) = (Queue::new(["second", "first"]), Mutex::new(false));
        let may_start = |job: &&str| *job == "first" || *ready.lock().unwrap();
        assert_eq!(queue.next_where(may_start), Some("first"));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.next_where(may_start));
            *ready.lock().unwrap() = true;
            queue.look_again();
            assert_eq!(waiting.join().unwrap(), Some("second"));
        });
        assert_eq!(queue.next(), None);
    }
}
