//! A number as people write it: `24371`, `24,371`, `24 371`, `22.7`, `22,7`. A comma groups digits in some countries and begins
//! the fraction in others, so a text that could be read in both ways says so instead of being guessed at.

/// A number that was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Number {
    /// What it means, with a comma before three digits taken as grouping them.
    pub value: f64,
    /// What it means where a comma begins the fraction, if that is possible as well: 24.371 for `24,371`.
    pub fraction: Option<f64>,
}

/// Signs that only ever group digits. A point and a comma are looked at more closely.
const GROUPING: [char; 7] = [' ', '\u{a0}', '\u{2009}', '\u{202f}', '\'', '’', '_'];

/// Reads a number that isn't negative; `None` for a text that isn't one.
pub fn parse(text: &str) -> Option<Number> {
    let text = text.trim();
    let plain: String = text.strip_prefix('+').unwrap_or(text).chars().map(neutral).collect();
    // Grouped by a neutral sign: at most the last part has a fraction.
    let parts: Vec<&str> = plain.split('_').collect();
    let (last, before) = parts.split_last()?;
    if before.is_empty() {
        return of_marks(last);
    }
    let (whole, fraction) = last.split_once(['.', ',']).map_or((*last, None), |(whole, rest)| (whole, Some(rest)));
    let groups: Vec<&str> = before.iter().copied().chain([whole]).collect();
    exact(&grouped(&groups)?, fraction)
}

/// A whole number from 0.
pub fn whole(text: &str) -> Option<u64> {
    let Number { value, .. } = parse(text)?;
    (value.fract() == 0.0 && value < 9e15).then_some(value as u64)
}

fn neutral(sign: char) -> char {
    if GROUPING.contains(&sign) { '_' } else { sign }
}

/// Reads digits with points and commas.
fn of_marks(text: &str) -> Option<Number> {
    let last = text.rfind(['.', ',']);
    let Some(last) = last else { return exact(text, None) };
    let mark = &text[last..=last];
    let other = if mark == "," { "." } else { "," };
    let (whole, rest) = (&text[..last], &text[last + 1..]);
    match (whole.contains(other), whole.contains(mark)) {
        // 1,234.5 or 1.234,5
        (true, false) => exact(&grouped(&whole.split(other).collect::<Vec<_>>())?, Some(rest)),
        // 1,234,567 or 1.234.567
        (false, true) => exact(&grouped(&text.split(mark).collect::<Vec<_>>())?, None),
        (true, true) => None,
        (false, false) => {
            let fraction = exact(whole, Some(rest))?;
            match grouped(&[whole, rest]).filter(|_| mark == ",") {
                Some(digits) => Some(Number { fraction: Some(fraction.value), ..exact(&digits, None)? }),
                None => Some(fraction),
            }
        }
    }
}

/// The digits of groups: three in each but the first, which has one to three and doesn't begin with a zero.
fn grouped(groups: &[&str]) -> Option<String> {
    let (first, rest) = groups.split_first()?;
    let is_right =
        (1..=3).contains(&first.len()) && !first.starts_with('0') && rest.iter().all(|group| group.len() == 3);
    let digits = groups.concat();
    (is_right && is_digits(&digits)).then_some(digits)
}

fn exact(whole: &str, fraction: Option<&str>) -> Option<Number> {
    if !is_digits(whole) || !fraction.is_none_or(is_digits) {
        return None;
    }
    let value: f64 = format!("{whole}.{}", fraction.unwrap_or("0")).parse().ok()?;
    value.is_finite().then_some(Number { value, fraction: None })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written_anywhere() {
        for (text, value) in [
            ("0", 0.0),
            ("24371", 24371.0),
            (" +7 ", 7.0),
            ("007", 7.0),
            ("22.7", 22.7),
            ("22,7", 22.7),
            ("0,125", 0.125),
            ("1234,5", 1234.5),
            ("24 371", 24371.0),
            ("24\u{202f}371", 24371.0),
            ("24'371", 24371.0),
            ("24_371.5", 24371.5),
            ("1,234,567", 1_234_567.0),
            ("1.234.567", 1_234_567.0),
            ("1,234.5", 1234.5),
            ("1.234,5", 1234.5),
            ("118.848", 118.848),
        ] {
            assert_eq!(parse(text), Some(Number { value, fraction: None }), "{text}");
        }
    }

    #[test]
    fn a_comma_before_three_digits_has_two_meanings() {
        assert_eq!(parse("24,371"), Some(Number { value: 24371.0, fraction: Some(24.371) }));
        assert_eq!(parse("1,500"), Some(Number { value: 1500.0, fraction: Some(1.5) }));
    }

    #[test]
    fn what_is_not_a_number_is_not_read() {
        for text in [
            "",
            "x",
            "-1",
            "1,",
            ",5",
            ".5",
            "1..2",
            "1,2,3",
            "1.2.3",
            "12,34,567",
            "1 2",
            "1,2.3,4",
            "1e9",
            "٣",
            "inf",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!([whole("62"), whole("1,460"), whole("62.5"), whole("1e3")], [Some(62), Some(1460), None, None]);
    }
}
