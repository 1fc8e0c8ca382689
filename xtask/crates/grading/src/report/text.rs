//! Text of students on its way into a report: it does nothing where it is shown, an id stays one that no other student has, and
//! answers that differ in spaces and capitals alone are the same answer.

/// Text of a student that does nothing where it is shown: without escape sequences of terminals, control characters,
/// changes of the direction of writing, and commands to a CI server. Lines stay lines.
pub(crate) fn clean(text: &str) -> String {
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
            // GitHub obeys a line that begins with two colons, and some program may break lines anew before any word. A
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
pub(crate) fn clean_line(text: &str) -> String {
    let text = clean(text);
    if text.contains('\n') { text.split('\n').map(str::trim).collect::<Vec<_>>().join(" ") } else { text }
}

fn is_of_a_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '>')
}

/// Characters that change how others are shown, and those that XML cannot hold.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}')
        || matches!(c, '\u{feff}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

/// A student's id, of which no two look the same: what `clean` would leave out or change is written as an escape, such as
/// `s\u{200b}001`.
pub(crate) fn id(text: &str) -> String {
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@ ".contains(&byte)) {
        return text.to_owned();
    }
    let mut shown = String::new();
    let mut rest = text.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let is_plain = |c: Option<char>| c.is_none_or(|c| c.is_ascii());
        let hides = c.is_control()
            || is_invisible(c)
            || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
            || matches!(c, '\u{180b}'..='\u{180f}' | '\u{2028}' | '\u{2029}' | '\u{3164}' | '\u{ffa0}')
            || matches!(c, '\u{fff9}'..='\u{fffb}' | '\u{e0100}'..='\u{e01ef}')
            // Joiners and variants are part of words and of pictures, but never of a Latin id.
            || matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}') && (is_plain(before) || is_plain(next));
        // What `clean` would take for a command, and what looks like an escape.
        let is_command = c == ':' && before == Some(':') || c == '[' && shown.ends_with("##");
        let is_escape = c == '\\' && next == Some('u');
        if hides || is_command || is_escape {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        before = Some(c);
    }
    // `##vso[` and the like have a word before the bracket.
    for command in ["##vso[", "##teamcity["] {
        shown = shown.replace(command, &command.replace('[', "\\u{5b}"));
    }
    shown
}

/// An answer without what makes no difference between two people who say the same: capitals, and how words are spaced.
pub(crate) fn normalized(answer: &str) -> String {
    clean(answer).split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ids_never_look_the_same() {
        let ids = [
            "s001",
            "s\u{200b}001",
            "s\u{ad}001",
            "s\u{7}001",
            "s\u{1b}[1m001",
            "s001\n",
            "s\\u{200b}001",
            "a::b",
            "a: :b",
            ":::",
            "##[x",
            "# #[x",
            "##vso[x",
            "# #vso[x",
            "a\tb",
            "a b",
        ];
        let shown: std::collections::BTreeSet<String> = ids.iter().map(|text| id(text)).collect();
        assert_eq!(shown.len(), ids.len(), "{shown:?}");
        for text in &shown {
            assert_eq!(clean_line(text), *text, "nothing is left to clean");
        }
        assert_eq!(id("s\u{200b}001"), "s\\u{200b}001");
        for plain in ["s001", "Müller, Ada", "漢", "👩\u{200d}👧", "a:b", "C#[1]", "می\u{200c}خواهم"] {
            assert_eq!(id(plain), plain);
        }
    }

    #[test]
    fn the_same_words_are_the_same_answer() {
        assert_eq!(normalized("  LTO drops\n\tunused code. "), "lto drops unused code.");
        assert_eq!(normalized(&normalized("A::b  C")), normalized("A::b  C"));
        assert_ne!(normalized("it grows"), normalized("it grows not"));
    }
}
