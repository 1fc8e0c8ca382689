//! How ids and names look to a person: letters of other scripts that look Latin, names without their accents, and
//! numbers whose leading zeros a spreadsheet dropped. Ids that only look the same are never the same.

use super::{fold, letters, shown};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Cyrillic, Greek and Armenian letters, each before the Latin one that it looks like.
const TWINS: &str = "\
    аaеeоoрpсcуyхxѕsіiјjһhԁdԛqԝwӏlАAВBЕEКKМMНHОOРPСCТTУYХXЅSІIЈJԌGԚQԜWӀI\
    αaοoρpνvιiκkυuγyΑAΒBΕEΖZΗHΙIΚKΜMΝNΟOΡPΤTΥYΧX\
    օoսuհhոnցgքf";

/// A text with each letter replaced by the Latin one it looks like.
fn skeleton(text: &str) -> String {
    if text.is_ascii() {
        return fold(text);
    }
    let latin = |c: char| {
        let mut all = TWINS.chars();
        while let (Some(twin), Some(latin)) = (all.next(), all.next()) {
            if twin == c {
                return latin;
            }
        }
        c
    };
    fold(&text.nfkc().map(latin).collect::<String>())
}

/// Whether a word mixes Latin letters with Cyrillic, Greek or Armenian ones. Words of different scripts are a name.
fn is_mixed(text: &str) -> bool {
    let is_latin = |c: char| c.is_alphabetic() && matches!(c, '\0'..='\u{24f}' | '\u{1e00}'..='\u{1eff}');
    let is_other = |c: char| {
        c.is_alphabetic() && matches!(c, '\u{370}'..='\u{58f}' | '\u{1c80}'..='\u{1c8f}' | '\u{1f00}'..='\u{1fff}')
    };
    text.split(|c: char| !c.is_alphanumeric()).any(|word| word.contains(is_latin) && word.contains(is_other))
}

/// Ids, by what a person reads.
pub(crate) struct Looks<'a> {
    by_skeleton: BTreeMap<String, BTreeSet<&'a str>>,
}

impl<'a> Looks<'a> {
    /// All ids that an id might be taken for.
    pub(crate) fn of(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_skeleton: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for id in ids {
            by_skeleton.entry(skeleton(id)).or_default().insert(id);
        }
        Self { by_skeleton }
    }

    /// Why a person should look at an id: it can't be told apart from a different one, or mixes letters of different
    /// scripts.
    pub(crate) fn review(&self, id: &str) -> Option<String> {
        if id.is_ascii() {
            return None;
        }
        let twins = self.by_skeleton.get(&skeleton(id));
        let twin = twins.into_iter().flatten().find(|twin| fold(twin) != fold(id));
        match twin {
            Some(twin) => Some(format!("the id looks like {}, but has letters from a different script", shown(twin))),
            None if is_mixed(id) => Some("the id mixes letters from different scripts".to_owned()),
            None => None,
        }
    }
}

/// A name as people without its letters type it: `muller` and `mueller` for `Müller`, `strasse` for `Straße`. Each
/// once.
pub(super) fn plain(name: &str) -> BTreeSet<String> {
    let letters = letters(name);
    let written = |umlauts: bool| {
        let mut plain = String::new();
        for c in letters.chars() {
            match c {
                'ä' if umlauts => plain.push_str("ae"),
                'ö' | 'ø' if umlauts => plain.push_str("oe"),
                'ü' if umlauts => plain.push_str("ue"),
                'å' if umlauts => plain.push_str("aa"),
                'ß' => plain.push_str("ss"),
                'æ' => plain.push_str("ae"),
                'œ' => plain.push_str("oe"),
                'þ' => plain.push_str("th"),
                'ø' => plain.push('o'),
                'ł' => plain.push('l'),
                'đ' | 'ð' => plain.push('d'),
                'ħ' => plain.push('h'),
                'ı' => plain.push('i'),
                // Marks of other scripts are letters of the word.
                c => plain.extend(
                    [c].into_iter().nfkd().filter(|c| !is_combining_mark(*c) || !('\u{300}'..='\u{36f}').contains(c)),
                ),
            }
        }
        plain.nfc().collect::<String>()
    };
    BTreeSet::from([written(false), written(true)])
}

/// A number without its leading zeros; nothing if it isn't one.
pub(super) fn number(id: &str) -> Option<String> {
    let id = fold(id);
    let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.trim_start_matches('0').to_owned())
}

/// What happened to an id that differs from one of these only in leading zeros.
pub(super) fn zeros<'a>(id: &str, of_student: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let wanted = number(id)?;
    let same = of_student.into_iter().find(|own| number(own).as_deref() == Some(&wanted))?;
    Some(if fold(same).len() > fold(id).len() {
        "leading zeros are missing: spreadsheets drop them"
    } else {
        "leading zeros are missing in the roster: spreadsheets drop them"
    })
}

/// A text with a space in place of each kind of space that intake has written out, such as `<U+00A0>`.
pub(super) fn spaced(text: &str) -> Cow<'_, str> {
    let mut parts = text.split("<U+");
    let first = parts.next().unwrap_or_default();
    let mut spaced = Cow::Borrowed(first);
    for part in parts {
        let code = part.split_once('>');
        let c = code.and_then(|(code, _)| char::from_u32(u32::from_str_radix(code, 16).ok()?));
        match code {
            Some((_, rest)) if c.is_some_and(char::is_whitespace) => spaced.to_mut().extend([" ", rest]),
            _ => spaced.to_mut().extend(["<U+", part]),
        }
    }
    spaced
}
