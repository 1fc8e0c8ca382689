//! A program that C's startup code calls: it can use std, but std's own code before `main` is left out.
#![no_main]

use std::ffi::{c_char, c_int};
use std::io::Write as _;

/// Called by C's startup code.
// SAFETY: the name and the signature are those that C's startup code expects, and there is no other `main`.
#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    match std::io::stdout().write_all(b"hi\n") {
        Ok(()) => 0,
        Err(_) => 1,
    }
}
