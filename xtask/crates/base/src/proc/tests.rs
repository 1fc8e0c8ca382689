//! Limits and signals, on real processes.

use super::*;
use std::time::Instant;

fn shell(script: &str) -> Call {
    Call::new("sh", std::env::temp_dir()).args(["-c", script])
}

#[test]
fn output_and_exit_code_are_kept() {
    let finished = run(&shell("echo out; echo err >&2; exit 7")).unwrap();
    assert_eq!(finished.status, Status::Exited(7));
    assert_eq!(finished.stdout, b"out\n");
    assert_eq!(finished.stderr, b"err\n");
}

#[test]
fn input_is_passed_on_even_to_a_program_that_does_not_read_it() {
    let mut call = shell("cat");
    call.stdin = vec![b'x'; 1 << 20];
    assert_eq!(run(&call).unwrap().stdout.len(), 1 << 20);
    let mut deaf = shell("echo done");
    deaf.stdin = vec![b'x'; 1 << 20];
    assert_eq!(run(&deaf).unwrap().stdout, b"done\n");
}

#[test]
fn a_signal_is_not_an_exit_code() {
    assert_eq!(run(&shell("kill -ABRT $$")).unwrap().status, Status::Signaled(6));
}

#[test]
fn a_box_that_somebody_else_ended_says_nothing_of_what_was_in_it() {
    let build = Kind::Build { toolchain: "/t".into(), cargo_home: "/c".into(), own: "/o".into(), copy: "/o".into() };
    for kind in [&build, &Kind::Run] {
        assert_eq!(ended_from_outside(Status::Signaled(15), kind), Some(15));
        assert_eq!(ended_from_outside(Status::Exited(101), kind), None);
    }
    assert_eq!(ended_from_outside(Status::Exited(143), &build), Some(15));
    // A program may end itself like that.
    assert_eq!(ended_from_outside(Status::Exited(143), &Kind::Run), None);
}

#[test]
fn a_program_that_hangs_is_ended_with_its_children() {
    let mut call = shell("sleep 60 & echo $!; wait");
    call.timeout = Some(Duration::from_millis(300));
    let finished = run(&call).unwrap();
    assert_eq!(finished.status, Status::Waited(0));
    let sleeper = String::from_utf8(finished.stdout).unwrap();
    let still_there = (0..100).all(|_| {
        thread::sleep(Duration::from_millis(20));
        // A zombie that nobody has waited for yet is not running any more.
        std::fs::read_to_string(format!("/proc/{}/stat", sleeper.trim())).is_ok_and(|stat| !stat.contains(") Z "))
    });
    assert!(!still_there, "process {sleeper} outlived its group");
}

#[test]
fn a_program_that_closes_its_output_is_still_timed() {
    let mut call = shell("exec >&- 2>&-; sleep 60");
    call.timeout = Some(Duration::from_millis(300));
    assert_eq!(run(&call).unwrap().status, Status::Waited(0));
}

#[test]
fn a_program_that_prints_for_ever_is_ended() {
    let mut call = shell("yes");
    call.output_limit = 100_000;
    let finished = run(&call).unwrap();
    assert_eq!(finished.status, Status::OutputLimit);
    assert_eq!(finished.stdout.len(), 100_000);
}

#[test]
fn a_daemon_left_behind_does_not_hold_the_call() {
    let began = Instant::now();
    let finished = run(&shell("sleep 60 & echo done")).unwrap();
    assert_eq!(finished.status, Status::Exited(0));
    assert_eq!(finished.stdout, b"done\n");
    assert!(began.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_program_that_is_missing_is_named() {
    let error = run(&Call::new("no-such-program-here", std::env::temp_dir())).unwrap_err();
    assert!(format!("{error:#}").contains("can't start `no-such-program-here`"), "{error:#}");
}

/// A call that may use so many milliseconds of processor time, and sleep as long as others.
#[cfg(target_os = "linux")]
fn limited(script: &str, cpu: u64, asleep: u64) -> Status {
    let mut call = shell(script);
    (call.cpu, call.timeout) = (Some(Duration::from_millis(cpu)), Some(Duration::from_millis(asleep)));
    run(&call).unwrap().status
}

#[test]
#[cfg(target_os = "linux")]
fn processor_time_of_all_processes_counts_together_and_also_that_of_those_that_have_ended() {
    let spin = "while :; do :; done";
    assert_eq!(limited(&format!("({spin}) & ({spin}) & {spin}"), 600, 60_000), Status::TimedOut);
    let many = "while :; do sh -c 'i=0; while [ $i -lt 9000 ]; do i=$((i+1)); done'; done";
    assert_eq!(limited(many, 600, 60_000), Status::TimedOut);
    assert_eq!(limited("echo", 600, 60_000), Status::Exited(0));
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_that_only_waits_is_ended_and_that_is_said() {
    for script in ["sleep 60", "kill -STOP $$; sleep 60", "read line < /dev/tty; sleep 60"] {
        assert!(matches!(limited(script, 5000, 300), Status::Waited(_)), "{script}");
    }
    // It works all the time, however long that takes here: what counts is the work.
    let works = "i=0; while [ $i -lt 150000 ]; do i=$((i+1)); done";
    assert_eq!(limited(works, 30_000, 1), Status::Exited(0));
}

#[test]
fn what_cannot_be_read_or_written_is_an_error_of_the_program() {
    let sh = |script: &str, input: In, output: Out| {
        let mut call = Call::new("sh", "/").arg("-c").arg(script);
        (call.input, call.output) = (input, output);
        run(&call).unwrap()
    };
    for input in [In::Folder, In::Unreadable] {
        let read = sh("cat >/dev/null 2>&1; echo $?", input, Out::Collected);
        assert_eq!(read.stdout, b"1\n", "{input:?}");
    }
    // Nothing is behind it: it is no folder to start from, and cannot be opened again.
    let behind = sh("ls /proc/self/fd/0/ && echo there", In::Unreadable, Out::Collected);
    assert!(!cfg!(target_os = "linux") || behind.stdout.is_empty());
    let full = sh("echo x 2>/dev/null; echo $? >&2", In::Bytes, Out::Full);
    if cfg!(target_os = "linux") {
        assert_eq!((full.stdout.as_slice(), full.stderr.as_slice()), (b"".as_slice(), b"1\n".as_slice()));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn each_read_gets_one_byte_of_an_input_in_pieces() {
    let text = "ab".repeat(1500);
    let mut call = Call::new("dd", "/").args(["bs=4096", "of=/dev/null"]);
    (call.stdin, call.input) = (text.clone().into_bytes(), In::Pieces);
    let words = String::from_utf8(run(&call).unwrap().stderr).unwrap();
    assert!(words.starts_with("0+3000 records in\n"), "{words}");
    // All of it, in its order; and a process that reads none of it ends.
    call.args = Vec::new();
    assert_eq!(run(&call).unwrap().stdout, text.as_bytes());
    let mut idle = Call::new("true", "/");
    (idle.stdin, idle.input) = (vec![b'a'; 100_000], In::Pieces);
    assert_eq!(run(&idle).unwrap().status, Status::Exited(0));
}

#[test]
#[cfg(unix)]
fn every_write_to_a_pipe_without_a_reader_fails() {
    let mut call = Call::new("sh", "/").arg("-c").arg("trap '' PIPE; echo x 2>/dev/null; echo $? >&2");
    call.output = Out::Closed;
    for _ in 0..20 {
        let finished = run(&call).unwrap();
        assert_eq!((finished.stdout.as_slice(), finished.stderr.as_slice()), (b"".as_slice(), b"1\n".as_slice()));
    }
}

#[test]
#[cfg(unix)]
fn a_program_may_find_no_variable() {
    let mut call = Call::new("/usr/bin/env", "/");
    call.no_variables = true;
    call.env.insert("A".into(), Some("b".into()));
    assert_eq!(run(&call).unwrap().stdout, b"");
}

#[test]
fn a_program_is_told_another_name() {
    let mut call = Call::new("sh", "/").arg("-c").arg("echo $0");
    call.argv0 = Some("../called/hex".to_owned());
    assert_eq!(run(&call).unwrap().stdout, b"../called/hex\n");
}
