//! The report of a panic, as a user would send it in: what was said, where, and the addresses of the calls. It needs no
//! symbols, so it is the same with and without them. You don't change this file.

use std::backtrace::Backtrace;
use std::panic;

unsafe extern "C" {
    // The linker makes these two: where the program begins in memory, and where its code ends.
    static __ehdr_start: u8;
    static etext: u8;
}

/// Replaces the report of the standard library.
pub fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        eprintln!("ledger has crashed: {panic}\ncalls, the last one first, from where the program was loaded:");
        for address in calls() {
            eprintln!("  ledger+{address:#x}");
        }
    }));
}

/// The addresses of the calls that have not returned yet, relative to where the program was loaded.
fn calls() -> Vec<usize> {
    let (start, end) = ((&raw const __ehdr_start).addr(), (&raw const etext).addr());
    // The standard library tells addresses in its full text only.
    let text = format!("{:#}", Backtrace::force_capture());
    let addresses = text.split_whitespace().filter_map(|word| usize::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    let mut calls: Vec<usize> = addresses.filter(|address| (start..end).contains(address)).collect();
    // With symbols, a function that was copied into its caller is told with the address of that one.
    calls.dedup();
    // Each one is where a call returns to. One less is inside the call.
    calls.iter().map(|address| address - start - 1).collect()
}
