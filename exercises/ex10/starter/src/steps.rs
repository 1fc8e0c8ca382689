//! The forty steps, each one a closure. A closure has a type of its own, so `apply` is called with forty types. You don't
//! change this file.

use crate::pipeline::{Report, apply};
use std::collections::HashSet;

/// Takes the lines through one step.
pub type Step = fn(Vec<String>, &mut Report) -> Vec<String>;

macro_rules! steps {
    ($($name:literal: $step:expr,)*) => {
        [$(($name, |lines, report| apply($name, lines, report, $step)),)*]
    };
}

/// Every step with its name.
pub const STEPS: [(&str, Step); 40] = steps! {
    "upper": |line| Ok(line.to_uppercase()),
    "lower": |line| Ok(line.to_lowercase()),
    "title": |line| Ok(by_word(line, capitalized)),
    "trim": |line| Ok(line.trim().to_owned()),
    "trim-end": |line| Ok(line.trim_end().to_owned()),
    "squeeze": |line| Ok(by_word(line, str::to_owned)),
    "reverse": |line| Ok(line.chars().rev().collect()),
    "reverse-words": |line| Ok(line.split_whitespace().rev().collect::<Vec<_>>().join(" ")),
    "rot13": |line| Ok(line.chars().map(|letter| turned(letter, 13)).collect()),
    "caesar": |line| Ok(line.chars().map(|letter| turned(letter, 3)).collect()),
    "double": |line| Ok(line.repeat(2)),
    "letters": |line| Ok(line.chars().filter(|letter| letter.is_alphabetic() || *letter == ' ').collect()),
    "digits": |line| Ok(line.chars().filter(char::is_ascii_digit).collect()),
    "ascii": |line| Ok(line.chars().filter(char::is_ascii).collect()),
    "vowels": |line| Ok(line.chars().filter(|letter| "aeiouAEIOU".contains(*letter)).collect()),
    "no-vowels": |line| Ok(line.chars().filter(|letter| !"aeiouAEIOU".contains(*letter)).collect()),
    "dashes": |line| Ok(line.replace(' ', "-")),
    "underscores": |line| Ok(line.replace(' ', "_")),
    "spaces": |line| Ok(line.replace(['-', '_'], " ")),
    "slug": |line| Ok(by_word(&line.to_lowercase(), str::to_owned).replace(' ', "-")),
    "quote": |line| Ok(format!("{line:?}")),
    "brackets": |line| Ok(format!("[{line}]")),
    "bullet": |line| Ok(format!("- {line}")),
    "indent": |line| Ok(format!("    {line}")),
    "right": |line| Ok(format!("{line:>40}")),
    "center": |line| Ok(format!("{line:^40}")),
    "first": |line| line.split_whitespace().next().map(str::to_owned).ok_or_else(|| "no word".to_owned()),
    "last": |line| line.split_whitespace().last().map(str::to_owned).ok_or_else(|| "no word".to_owned()),
    "longest": |line| longest(line).map(str::to_owned).ok_or_else(|| "no word".to_owned()),
    "initials": |line| Ok(line.split_whitespace().filter_map(|word| word.chars().next()).collect()),
    "sort-words": |line| Ok(sorted(line.split_whitespace())),
    "words": |line| Ok(line.split_whitespace().count().to_string()),
    "characters": |line| Ok(line.chars().count().to_string()),
    "bytes": |line| Ok(line.len().to_string()),
    "sum": |line| sum(line).map(|sum| sum.to_string()),
    "hex": |line| Ok(line.bytes().map(|byte| format!("{byte:02x}")).collect()),
    "number": {
        let mut number = 0;
        move |line: &str| {
            number += 1;
            Ok(format!("{number}: {line}"))
        }
    },
    "unique": {
        let mut seen = HashSet::new();
        move |line: &str| if seen.insert(line.to_owned()) { Ok(line.to_owned()) } else { Ok(String::new()) }
    },
    "total": {
        let mut total = 0;
        move |line: &str| {
            total += line.len();
            Ok(format!("{total} {line}"))
        }
    },
    "short": |line| if line.len() < 60 { Ok(line.to_owned()) } else { Err("longer than 60 bytes".to_owned()) },
};

fn by_word(line: &str, change: impl Fn(&str) -> String) -> String {
    line.split_whitespace().map(change).collect::<Vec<_>>().join(" ")
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn turned(letter: char, by: u8) -> char {
    let turned = |first: u8| char::from(first + (letter as u8 - first + by) % 26);
    match letter {
        'a'..='z' => turned(b'a'),
        'A'..='Z' => turned(b'A'),
        _ => letter,
    }
}

fn longest(line: &str) -> Option<&str> {
    line.split_whitespace().max_by_key(|word| word.chars().count())
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<&str> = words.collect();
    words.sort_unstable();
    words.join(" ")
}

/// Adds up the numbers of a line; anything else is refused.
fn sum(line: &str) -> Result<i64, String> {
    line.split_whitespace().try_fold(0, |sum: i64, word| {
        let number: i64 = word.parse().map_err(|_| format!("`{word}` is no number"))?;
        sum.checked_add(number).ok_or_else(|| "too large".to_owned())
    })
}
