//! The words of a shell's command line, as far as a Containerfile needs them: quotes, variables, separators.

use std::collections::BTreeMap;

/// What a variable is worth.
pub type Variables = BTreeMap<String, String>;

/// A part of a command line.
#[derive(Debug, PartialEq)]
pub enum Part {
    /// A word with its variables filled in. `$(…)` stays as it is written: nobody runs it.
    Word(String),
    /// `&&`, `||`, `;`, `|` or `&`: another command begins.
    End,
}

/// Bytes that a word may grow to by its variables: `A=$A$A` twenty times would fill the memory.
const LONGEST: usize = 1024;

/// One word after another. A variable that nobody knows is empty, as in a shell. What a word assigns is known to those behind
/// it: `a=1 && b=$a`.
pub fn split(line: &str, variables: &Variables) -> Vec<Part> {
    let mut known = variables.clone();
    let mut parts = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = line.chars().peekable();
    let finish = |word: &mut Option<String>, parts: &mut Vec<Part>, known: &mut Variables| {
        if let Some(word) = word.take() {
            if let Some((name, value)) = assignment(&word) {
                known.insert(name.to_owned(), value.to_owned());
            }
            parts.push(Part::Word(word));
        }
    };
    while let Some(character) = rest.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), other) => word.get_or_insert_default().push(other),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, '\\') => word.get_or_insert_default().extend(rest.next()),
            (_, '$') => {
                let into = word.get_or_insert_default();
                match rest.peek() {
                    Some('(') => {
                        into.push('$');
                        let mut depth = 0_usize;
                        for character in rest.by_ref() {
                            into.push(character);
                            depth = match character {
                                '(' => depth + 1,
                                ')' => depth.saturating_sub(1),
                                _ => depth,
                            };
                            if depth == 0 {
                                break;
                            }
                        }
                    }
                    Some('{') => {
                        rest.next();
                        let name: String = rest.by_ref().take_while(|&character| character != '}').collect();
                        // `${NAME:-default}`
                        let (name, default) = name.split_once(":-").unwrap_or((&name, ""));
                        fill(into, known.get(name).map_or(default, String::as_str));
                    }
                    _ => {
                        let mut name = String::new();
                        while let Some(&character) = rest.peek().filter(|c| c.is_ascii_alphanumeric() || **c == '_') {
                            name.push(character);
                            rest.next();
                        }
                        match name.is_empty() {
                            true => into.push('$'),
                            false => fill(into, known.get(&name).map_or("", String::as_str)),
                        }
                    }
                }
            }
            (None, '&' | '|' | ';') => {
                finish(&mut word, &mut parts, &mut known);
                if parts.last() != Some(&Part::End) {
                    parts.push(Part::End);
                }
            }
            (None, space) if space.is_whitespace() => finish(&mut word, &mut parts, &mut known),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    finish(&mut word, &mut parts, &mut known);
    parts
}

fn fill(word: &mut String, value: &str) {
    if word.len() + value.len() <= LONGEST {
        word.push_str(value);
    }
}

/// `NAME=VALUE`.
pub fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    is_name(name).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        let known = Variables::from([("HOST".to_owned(), "x86".to_owned())]);
        let told = |part| match part {
            Part::Word(word) => word,
            Part::End => "//".to_owned(),
        };
        split(line, &known).into_iter().map(told).collect()
    }

    #[test]
    fn words_are_those_of_a_shell() {
        assert_eq!(words(r#"a "b c"'d'e\ f "" && g;h"#), ["a", "b cde f", "", "//", "g", "//", "h"]);
        assert_eq!(words("$HOST/${HOST}-${NONE}${NONE:-y}'$HOST'$"), ["x86/x86-y$HOST$"]);
        assert_eq!(
            words("t=\"$(rustc --print (x))\" && c $t/a"),
            ["t=$(rustc --print (x))", "//", "c", "$(rustc --print (x))/a"]
        );
        assert_eq!(words("'open $("), ["open $("]);
        assert_eq!(words("$("), ["$("]);
    }

    #[test]
    fn variables_do_not_grow_without_end() {
        let line = format!("A=aaaaaaaa && {}", "A=$A$A && ".repeat(100));
        let longest = words(&line).iter().map(String::len).max().unwrap();
        assert!((500..1100).contains(&longest), "{longest}");
    }

    #[test]
    fn an_assignment_has_a_name() {
        assert_eq!(assignment("A_1=b=c"), Some(("A_1", "b=c")));
        for word in ["--config=a", "=a", "1=a", "a"] {
            assert_eq!(assignment(word), None, "{word}");
        }
    }
}
