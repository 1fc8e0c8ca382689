//! Controls who may use the machine: many submissions side by side, or one of them alone, to see whether its result was
//! its own fault.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Lets many in, or one alone.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// How many are inside, side by side.
    inside: usize,
    /// One is inside, alone.
    is_alone: bool,
    /// How many want to be alone. They go first, or those who come and go side by side would keep them out forever.
    waiting: usize,
}

/// Being inside; dropping it means leaving.
pub(crate) struct Inside<'a> {
    gate: &'a Gate,
    is_alone: bool,
}

impl Gate {
    /// Waits until no other worker is alone or wants to be.
    pub(crate) fn beside_others(&self) -> Inside<'_> {
        let closed = |state: &mut State| state.is_alone || state.waiting > 0;
        let mut state = self.changed.wait_while(self.state(), closed).unwrap_or_else(PoisonError::into_inner);
        state.inside += 1;
        Inside { gate: self, is_alone: false }
    }

    /// Waits until all others have left. A worker that is inside must leave first, or it would wait for itself.
    pub(crate) fn alone(&self) -> Inside<'_> {
        let mut state = self.state();
        state.waiting += 1;
        let taken = |state: &mut State| state.is_alone || state.inside > 0;
        let mut state = self.changed.wait_while(state, taken).unwrap_or_else(PoisonError::into_inner);
        state.waiting -= 1;
        state.is_alone = true;
        Inside { gate: self, is_alone: true }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.state();
        if self.is_alone {
            state.is_alone = false;
        } else {
            state.inside -= 1;
        }
        drop(state);
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    #[test]
    fn one_that_is_alone_is_alone_and_all_get_in() {
        let gate = Gate::default();
        let (inside, together, alone) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for worker in 0..8 {
                let (gate, inside, together, alone) = (&gate, &inside, &together, &alone);
                scope.spawn(move || {
                    for turn in 0..50 {
                        if (turn + worker) % 5 == 0 {
                            let _alone = gate.alone();
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                            thread::yield_now();
                            assert_eq!(inside.fetch_sub(1, Ordering::SeqCst), 1);
                            alone.fetch_add(1, Ordering::SeqCst);
                        } else {
                            let _inside = gate.beside_others();
                            together.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                            thread::sleep(Duration::from_micros(200));
                            inside.fetch_sub(1, Ordering::SeqCst);
                        }
                    }
                });
            }
        });
        assert_eq!(alone.load(Ordering::SeqCst), 8 * 10);
        assert!(together.load(Ordering::SeqCst) > 1, "the others do not wait for each other");
    }

    #[test]
    fn those_who_come_and_go_do_not_keep_one_out_who_wants_to_be_alone() {
        let gate = Gate::default();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        let _inside = gate.beside_others();
                        thread::sleep(Duration::from_millis(1));
                    }
                });
            }
            for _ in 0..20 {
                drop(gate.alone());
            }
            is_over.store(true, Ordering::SeqCst);
        });
    }

    #[test]
    fn a_panic_inside_leaves_the_gate_open() {
        let gate = Gate::default();
        for is_alone in [true, false] {
            let panicked = thread::scope(|scope| {
                let inside = || {
                    let _inside = if is_alone { gate.alone() } else { gate.beside_others() };
                    panic!("on purpose");
                };
                scope.spawn(inside).join().is_err()
            });
            assert!(panicked);
        }
        drop(gate.alone());
        drop(gate.beside_others());
    }
}
