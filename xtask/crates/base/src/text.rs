//! Text of strangers, such as names in a file or a student's words, on its way to a terminal, a page, or a log of a CI server:
//! nothing in it may move a cursor, hide what is beside it, or be obeyed.

/// On one line, for a terminal: control characters are replaced, and nothing looks like a command to a CI system.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().replace("::", ":\u{200b}:")
}

/// With every control character written as an escape, such as `\u{1b}`.
pub fn escaped(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// With a space in place of every control character.
pub fn spaced(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Without escape sequences of terminals, control characters, changes of the direction of writing, and commands to a CI server.
/// Lines stay lines.
pub fn clean(text: &str) -> String {
    // Nearly all texts are plain; a class of thousands has a million of them.
    let is_plain = text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control());
    if is_plain && !text.contains("::") && !text.contains("##") {
        return text.to_owned();
    }
    let mut cleaned = String::new();
    let text = text.replace("\r\n", "\n");
    // Line by line: a sequence that never ends would take the rest of the text with it.
    let lines: Vec<_> = text.split('\n').map(console::strip_ansi_codes).collect();
    for c in lines.join("\n").chars() {
        match c {
            '\t' => cleaned.push(' '),
            '\r' | '\u{2028}' | '\u{2029}' => cleaned.push('\n'),
            // GitHub obeys a line that begins with two colons, and some program may rewrap lines before any word. A
            // path such as core::fmt stays whole.
            ':' if cleaned.ends_with(':') && !cleaned[..cleaned.len() - 1].ends_with(is_of_a_path) => {
                cleaned.push_str(" :");
            }
            '\n' => cleaned.push(c),
            c if c.is_control() || is_invisible(c) => {}
            c => cleaned.push(c),
        }
    }
    // The same of GitHub's older syntax, of Azure and of TeamCity, which may stand anywhere in a line.
    ["##[", "##vso[", "##teamcity["]
        .iter()
        .fold(cleaned, |text, command| text.replace(command, &command.replacen("##", "# #", 1)))
}

/// The same on one line.
pub fn clean_line(text: &str) -> String {
    let text = clean(text);
    if text.contains('\n') { text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ") } else { text }
}

fn is_of_a_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '>')
}

/// Characters that change how others are shown, and those that XML cannot hold.
pub fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_it_is_obeyed() {
        assert_eq!(one_line("a\x1b[31m\n::error::b"), "a\u{fffd}[31m\u{fffd}:\u{200b}:error:\u{200b}:b");
        assert_eq!(escaped("a\x1b[31m\n"), r"a\u{1b}[31m\n");
        assert_eq!(spaced("a\x1bb\nc"), "a b c");
        assert_eq!(clean("a\x1b[31mb\u{202e}\n::error::c"), "ab\n: :error::c");
        assert_eq!(clean_line("a\n b"), "a b");
    }
}
