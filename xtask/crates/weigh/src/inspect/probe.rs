//! What a profile does to a program's behavior, proved by running one that panics on purpose.

use super::tiny::{self, Tiny};
use crate::cargo::{Cargo, Form};
use crate::measure::{self, Limits, Run};
use anyhow::Result;
use base::proc::Status;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// What a program that panics does, as it was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Behaviour {
    /// How a panic ends it.
    pub panic_status: String,
    /// `catch_unwind` catches.
    pub catches: bool,
    /// How many functions a backtrace names.
    pub frames: usize,
}

/// The functions are not inlined: each one is a frame of the backtrace.
const SOURCE: &str = r#"#[inline(never)]
fn inner(depth: u32) -> u32 {
    if depth == 0 { panic!("on purpose") } else { std::hint::black_box(inner(depth - 1)) + 1 }
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("catch") => match std::panic::catch_unwind(|| inner(2)) {
            Ok(_) => println!("no panic"),
            Err(_) => println!("caught"),
        },
        _ => println!("{}", inner(2)),
    }
}
"#;

/// Builds the probe with some settings, and looks at what it does.
///
/// # Errors
/// When it cannot be built or run.
pub(super) fn behaviour(cargo: &Cargo, folder: &Path, profile: &str, config: &[OsString]) -> Result<Behaviour> {
    let path =
        tiny::build(cargo, folder, &Tiny { name: "probe", source: SOURCE, form: Form::Executable, profile, config })?;
    let limits = Limits { time: Duration::from_secs(20), output: 1 << 20 };
    let run = |args: &[&str], backtrace: &str| -> Result<Run> {
        let mut env = cargo.env.clone();
        env.insert("RUST_BACKTRACE".into(), Some(backtrace.into()));
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        measure::run(&path, &args, "", folder, &env, limits)
    };
    let panicked = run(&[], "0")?;
    let traced = run(&[], "1")?;
    let caught = run(&["catch"], "0")?;
    Ok(Behaviour {
        panic_status: match panicked.status {
            Status::Exited(code) => format!("exit code {code}"),
            // A shell adds 128 to the number of a signal.
            Status::Signaled(signal) => format!("signal {signal} (a shell shows {})", 128 + signal),
            other => measure::ending(other, limits),
        },
        catches: caught.stdout == b"caught\n",
        frames: frames(&String::from_utf8_lossy(&traced.stderr)),
    })
}

/// The functions that a backtrace names: lines such as `   4: probe::inner`.
fn frames(stderr: &str) -> usize {
    let is_frame = |line: &&str| {
        let (number, name) = line.trim_start().split_once(": ").unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) && !name.contains("<unknown>")
    };
    stderr.lines().filter(is_frame).count()
}

#[cfg(test)]
mod tests {
    #[test]
    fn named_frames_are_counted() {
        let stderr = "thread 'main' panicked at src/main.rs:3:24:\non purpose\nstack backtrace:\n   0: __rustc::rust_begin_unwind\n             at /rustc/1/library/std/src/panicking.rs:689:5\n   1: probe::inner\n   2: <unknown>\nnote: Some details are omitted\n";
        assert_eq!(super::frames(stderr), 2);
        assert_eq!(super::frames(""), 0);
    }
}
