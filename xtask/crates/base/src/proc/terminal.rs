//! A terminal that passes on each key at once, instead of a line behind Enter. The mode that it was in comes back however this
//! process ends or pauses: by itself, by a panic, by Ctrl-C and other signals, and by Ctrl-Z until it goes on.

/// Keys come one by one until this is dropped.
#[must_use]
pub struct SingleKeys(());

impl SingleKeys {
    /// Switches standard input to single keys. None where it isn't a terminal of this process, and on Windows.
    pub fn on() -> Option<Self> {
        #[cfg(unix)]
        return unix::switch_on().then_some(Self(()));
        #[cfg(not(unix))]
        None
    }
}

impl Drop for SingleKeys {
    fn drop(&mut self) {
        restore();
    }
}

/// Puts the terminal back as it was; nothing happens where it was not changed.
pub fn restore() {
    #[cfg(unix)]
    unix::switch_off();
}

/// Whether this process has gone on after a pause, since this was last asked.
pub fn has_resumed() -> bool {
    #[cfg(unix)]
    return unix::RESUMED.swap(false, std::sync::atomic::Ordering::Relaxed);
    #[cfg(not(unix))]
    false
}

#[cfg(unix)]
mod unix {
    use rustix::process::{Signal, getpgrp, getpid, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
    use signal_hook::consts::{SIGCONT, SIGTSTP};
    use std::io::{IsTerminal as _, stdin};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, MutexGuard, PoisonError};
    use std::thread;

    pub(super) static RESUMED: AtomicBool = AtomicBool::new(false);

    /// How the terminal was, while it is in another mode.
    fn before() -> MutexGuard<'static, Option<Termios>> {
        static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
        BEFORE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn switch_on() -> bool {
        if !stdin().is_terminal() || !is_in_front() {
            return false;
        }
        let Ok(found) = tcgetattr(stdin()) else { return false };
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGTSTP, SIGCONT]) else { return false };
        let mut before = before();
        if !set(&single(&found)) {
            return false;
        }
        *before = Some(found);
        drop(before);
        thread::spawn(move || signals.forever().for_each(pause_or_go_on));
        true
    }

    pub(super) fn switch_off() {
        let taken = before().take();
        if let Some(before) = taken {
            set(&before);
        }
    }

    fn pause_or_go_on(signal: i32) {
        let before = before();
        if signal == SIGTSTP {
            if let Some(before) = &*before {
                set(before);
            }
            drop(before);
            // What the signal does where no handler is set.
            let _ = kill_process(getpid(), Signal::STOP);
        } else if let Some(before) = &*before
            && is_in_front()
        {
            set(&single(before));
            RESUMED.store(true, Ordering::Relaxed);
        }
    }

    /// Without lines and without an echo. Signals by keys and what is printed stay as they are.
    fn single(before: &Termios) -> Termios {
        let mut termios = before.clone();
        termios.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        termios.special_codes[SpecialCodeIndex::VMIN] = 1;
        termios.special_codes[SpecialCodeIndex::VTIME] = 0;
        termios
    }

    fn set(termios: &Termios) -> bool {
        tcsetattr(stdin(), OptionalActions::Now, termios).is_ok()
    }

    /// A process in the background that changes its terminal is stopped for it.
    fn is_in_front() -> bool {
        tcgetpgrp(stdin()).is_ok_and(|front| front == getpgrp())
    }
}
