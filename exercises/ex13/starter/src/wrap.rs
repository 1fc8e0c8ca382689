//! `wrap [WIDTH]`: the words of standard input in lines that are no longer, a paragraph for each line of the input.

use std::process::ExitCode;

/// Runs the tool.
pub fn run(arguments: &[String]) -> ExitCode {
    let made = crate::input(arguments, 60, 500).map(|(width, bytes)| {
        let mut text = String::new();
        for paragraph in String::from_utf8_lossy(&bytes).lines() {
            let mut column = 0;
            for word in paragraph.split_whitespace() {
                let length = word.chars().count();
                if column > 0 && column + 1 + length > width {
                    text.push('\n');
                    column = 0;
                } else if column > 0 {
                    text.push(' ');
                    column += 1;
                }
                text.push_str(word);
                column += length;
            }
            text.push('\n');
        }
        text
    });
    crate::finish("wrap", made)
}
