//! Prints its arguments, one on a line, without std: what is left when there is nothing below you but C's library.
#![no_std]
#![no_main]

use core::ffi::{c_char, c_int};
use core::panic::PanicInfo;

// ANCHOR: libc
#[link(name = "c")]
unsafe extern "C" {
    fn puts(text: *const c_char) -> c_int;
    safe fn abort() -> !;
}
// ANCHOR_END: libc

/// Called by C's startup code.
///
/// # Safety
/// `argv` must hold `argc` pointers to texts that end with a zero byte.
// ANCHOR: main
// SAFETY: the name and the signature are those that C's startup code expects, and there is no other `main`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    for index in 1..usize::try_from(argc).unwrap_or(0) {
        // SAFETY: the caller's promise, and `index` is below `argc`.
        if unsafe { puts(*argv.add(index)) } < 0 {
            return 1;
        }
    }
    0
}
// ANCHOR_END: main

// ANCHOR: panic
#[panic_handler]
fn on_panic(_: &PanicInfo<'_>) -> ! {
    abort()
}
// ANCHOR_END: panic
