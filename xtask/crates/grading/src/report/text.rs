//! Text of students on its way into a report: it does nothing where it is shown, an id stays one that no other student has, and
//! answers that differ in spaces and capitals alone are the same answer.

use base::text::is_invisible;

pub(crate) use base::text::{clean, clean_line};

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
