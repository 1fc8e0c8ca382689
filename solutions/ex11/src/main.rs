//! Counts the lines, words and bytes of standard input: all of them, or those that `-l`, `-w` and `-c` ask for. It
//! uses nothing but core and C's library.
#![no_std]
#![no_main]

mod count;

use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt::{self, Write as _};
use core::panic::PanicInfo;
use count::{Chosen, Counts, Shown};

#[link(name = "c")]
unsafe extern "C" {
    fn read(file: c_int, buffer: *mut c_void, length: usize) -> isize;
    fn write(file: c_int, text: *const c_void, length: usize) -> isize;
    safe fn abort() -> !;
}

/// A file by its number: 1 is standard output, 2 is standard error.
struct File(c_int);

impl fmt::Write for File {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the pointer and the length come from `text`, which is only read.
        let written = unsafe { write(self.0, text.as_ptr().cast(), text.len()) };
        if usize::try_from(written) == Ok(text.len()) { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Called by C's startup code.
///
/// # Safety
/// `argv` must hold `argc` pointers to texts that end with a zero byte.
// SAFETY: the name and the signature are those that C's startup code expects, and there is no other `main`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let mut chosen = Chosen::default();
    for index in 1..usize::try_from(argc).unwrap_or(0) {
        // SAFETY: the caller's promise, and `index` is below `argc`.
        let argument = unsafe { CStr::from_ptr(*argv.add(index)) };
        if !chosen.add(argument.to_bytes()) {
            return fail(2, "usage: count [-lwc] <FILE\n");
        }
    }
    let mut counts = Counts::default();
    let mut buffer = [0; 4096];
    loop {
        // SAFETY: the pointer and the length come from `buffer`, which nothing else uses meanwhile.
        let length = unsafe { read(0, buffer.as_mut_ptr().cast(), buffer.len()) };
        match usize::try_from(length) {
            Ok(0) => break,
            Ok(length) => counts.add(&buffer[..length]),
            Err(_) => return fail(1, "count: cannot read or write\n"),
        }
    }
    match write!(File(1), "{}", Shown(chosen, counts)) {
        Ok(()) => 0,
        Err(_) => fail(1, "count: cannot read or write\n"),
    }
}

/// Reports what is wrong. If that can't be written, there's nothing left to do.
fn fail(code: c_int, message: &str) -> c_int {
    let _ = File(2).write_str(message);
    code
}

#[panic_handler]
fn on_panic(_: &PanicInfo<'_>) -> ! {
    abort()
}
