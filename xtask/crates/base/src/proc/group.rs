//! A process and everything that it starts, to be ended at once: a process group on Unix, a job on Windows. And Ctrl-C on Windows,
//! which arrives there as a call and not as a signal.

use std::process::Child;

/// A process with its descendants.
pub(super) struct Group {
    #[cfg(unix)]
    leader: u32,
    /// None where the system refuses to make one: then only the process itself can be ended, by its own handle.
    #[cfg(windows)]
    job: Option<windows::Job>,
}

impl Group {
    /// The group of a child that has just started.
    pub(super) fn of(child: &Child) -> Self {
        Self {
            #[cfg(unix)]
            leader: child.id(),
            #[cfg(windows)]
            job: windows::Job::of(child),
        }
    }

    /// Ends all of them. It fails when all have ended already, which is what is wanted.
    pub(super) fn end(&self) {
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.leader).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        #[cfg(windows)]
        if let Some(job) = &self.job {
            job.end();
        }
    }
}

#[cfg(windows)]
pub(super) mod windows {
    use std::ffi::c_void;
    use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
    use std::process::Child;
    use std::sync::OnceLock;

    #[expect(unsafe_code, reason = "the system's own functions, as its headers declare them")]
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn CreateJobObjectW(attributes: *const c_void, name: *const u16) -> *mut c_void;
        fn AssignProcessToJobObject(job: *mut c_void, process: *mut c_void) -> i32;
        fn TerminateJobObject(job: *mut c_void, code: u32) -> i32;
        fn SetConsoleCtrlHandler(handler: Option<extern "system" fn(u32) -> i32>, add: i32) -> i32;
    }

    /// What a process started, and what that started, from the moment on at which it was put in here.
    pub(in super::super) struct Job(OwnedHandle);

    impl Job {
        pub(super) fn of(child: &Child) -> Option<Self> {
            #[expect(unsafe_code, reason = "std has no jobs")]
            // SAFETY: both pointers may be null: default security, and no name. What is not null is a handle that only this
            // process has. The child's handle is open as long as the child is borrowed.
            unsafe {
                let job = CreateJobObjectW(std::ptr::null(), std::ptr::null());
                if job.is_null() {
                    return None;
                }
                let job = OwnedHandle::from_raw_handle(job);
                (AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) != 0).then_some(Self(job))
            }
        }

        pub(super) fn end(&self) {
            #[expect(unsafe_code, reason = "std has no jobs")]
            // SAFETY: the handle is open as long as this value lives.
            unsafe {
                TerminateJobObject(self.0.as_raw_handle(), 1);
            }
        }
    }

    /// What Ctrl-C does, with the exit code that it has on other systems.
    static ON_CTRL_C: OnceLock<fn(i32)> = OnceLock::new();

    /// The system calls it in a thread of its own, so it may wait for locks, as no signal handler may.
    extern "system" fn pressed(event: u32) -> i32 {
        // Ctrl-C and Ctrl-Break; a console that is closed; the end of a session.
        let code = match event {
            0 | 1 => 130,
            2 => 129,
            _ => 143,
        };
        if let Some(work) = ON_CTRL_C.get() {
            work(code);
        }
        0
    }

    /// Lets a function answer to Ctrl-C from now on. False where the system refuses.
    pub(in super::super) fn on_ctrl_c(work: fn(i32)) -> bool {
        if ON_CTRL_C.set(work).is_err() {
            return true;
        }
        #[expect(unsafe_code, reason = "std doesn't answer to Ctrl-C")]
        // SAFETY: the function lives as long as the program, and doesn't unwind: what it calls ends the process.
        unsafe {
            SetConsoleCtrlHandler(Some(pressed), 1) != 0
        }
    }
}

#[cfg(all(test, windows))]
mod tests {
    use crate::proc::{Call, Status, run};
    use std::time::{Duration, Instant};

    /// The program of the test below: it writes a file, and a second one if it isn't ended.
    #[test]
    #[ignore = "the test below starts it"]
    fn sleeps() {
        let Some(folder) = std::env::var_os("SLEEPS_IN").map(std::path::PathBuf::from) else { return };
        crate::files::write_atomic(&folder.join("began"), b"").unwrap();
        std::thread::sleep(Duration::from_secs(8));
        crate::files::write_atomic(&folder.join("ended"), b"").unwrap();
    }

    #[test]
    fn what_a_program_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        let mut call = Call::new("cmd", folder.path()).arg("/C").arg(own);
        call = call.args(["--ignored", "--exact", "proc::group::tests::sleeps"]);
        call.env.insert("SLEEPS_IN".into(), Some(folder.path().into()));
        call.timeout = Some(Duration::from_secs(4));
        let began = Instant::now();
        let finished = run(&call).unwrap();
        assert!(matches!(finished.status, Status::Waited(_)), "{finished:?}");
        assert!(folder.path().join("began").exists(), "{finished:?}");
        std::thread::sleep(Duration::from_secs(13).saturating_sub(began.elapsed()));
        assert!(!folder.path().join("ended").exists());
    }
}
