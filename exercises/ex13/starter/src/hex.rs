//! `hex [COLUMNS]`: the bytes of standard input as numbers, so many on a line.

use std::fmt::Write as _;
use std::process::ExitCode;

/// Runs the tool.
pub fn run(arguments: &[String]) -> ExitCode {
    let made = crate::input(arguments, 16, 64).map(|(columns, bytes)| {
        let mut text = String::new();
        for (index, line) in bytes.chunks(columns).enumerate() {
            let _ = write!(text, "{:08x} ", index * columns);
            for byte in line {
                let _ = write!(text, " {byte:02x}");
            }
            text.push('\n');
        }
        text
    });
    crate::finish("hex", made)
}
