//! Shows what `panic = "abort"` does to `catch_unwind`, to destructors, and to threads.

use std::panic;
use std::thread;

/// Reports when it's dropped: a destructor runs while a panic unwinds the stack, but not when the process aborts.
struct TemporaryFile;

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        println!("the temporary file is deleted");
    }
}

// ANCHOR: plugin
/// Simulates third-party code with a bug in it.
fn plugin(numbers: &[u32]) -> u32 {
    let _file = TemporaryFile;
    numbers[3]
}

fn main() {
    let caught = panic::catch_unwind(|| plugin(&[1, 2, 3]));
    println!("the plugin failed: {}", caught.is_err());

    let joined = thread::spawn(|| plugin(&[4, 5, 6])).join();
    println!("the thread failed: {}", joined.is_err());
}
// ANCHOR_END: plugin

#[cfg(test)]
mod tests {
    // ANCHOR: test
    #[test]
    #[should_panic(expected = "out of bounds")]
    fn a_plugin_without_numbers_panics() {
        super::plugin(&[]);
    }
    // ANCHOR_END: test
}
