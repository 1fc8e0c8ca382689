//! The one place where a number that a person wrote becomes one. What could be read in two ways is refused with both of them:
//! a budget of `1,5 MB` must never be one of 15 MB.

/// Why a text isn't a number.
#[derive(Debug, PartialEq, Eq)]
pub enum Unclear {
    /// It isn't one in any notation.
    No,
    /// A comma is the decimal point; this is the same with a point.
    DecimalComma(String),
    /// The comma may group digits or be a decimal point: one of these.
    Either(String, String),
}

/// Spaces that group digits in print.
const SPACES: [char; 4] = [' ', '\u{a0}', '\u{2009}', '\u{202f}'];

/// The number that a text of ASCII digits means: `1500`, `1_500`, `1 500`, `1.5`, `1,500.5`, and `1,500` where only a whole
/// number makes sense. There is no sign and no exponent.
///
/// # Errors
/// When it isn't a number, or could be two.
pub fn number(text: &str, is_whole: bool) -> Result<f64, Unclear> {
    let text = text.trim();
    let plain = |text: &str| text.parse::<f64>().map_err(|_| Unclear::No);
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_digits(text) {
        return plain(text);
    }
    // `1.500,5`: points group, and the comma is the decimal point.
    if let Some((whole, rest)) = text.rsplit_once(',')
        && whole.contains('.')
    {
        let is_german = is_digits(rest) && grouped(whole, &['.']).is_some();
        return Err(if is_german { comma(&whole.replace('.', ""), rest) } else { Unclear::No });
    }
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, rest)| (whole, Some(rest)));
    if fraction.is_some_and(|fraction| !is_digits(fraction)) {
        return Err(Unclear::No);
    }
    let separator = whole.chars().find(|c| !c.is_ascii_digit());
    let digits = match separator {
        None if is_digits(whole) => whole.to_owned(),
        None => return Err(Unclear::No),
        Some(',') => match (grouped(whole, &[',']), whole.split_once(',')) {
            (Some(digits), _) if is_whole || fraction.is_some() || whole.matches(',').count() > 1 => digits,
            (Some(digits), Some((first, rest))) if first != "0" => {
                return Err(Unclear::Either(digits, point(first, rest)));
            }
            (_, Some((first, rest))) if fraction.is_none() && is_digits(first) && is_digits(rest) => {
                return Err(comma(first, rest));
            }
            _ => return Err(Unclear::No),
        },
        Some('_') => grouped(whole, &['_']).ok_or(Unclear::No)?,
        Some(_) => grouped(whole, &SPACES).ok_or(Unclear::No)?,
    };
    plain(&fraction.map_or(digits.clone(), |fraction| format!("{digits}.{fraction}")))
}

fn comma(whole: &str, rest: &str) -> Unclear {
    Unclear::DecimalComma(point(whole, rest))
}

/// The same with a decimal point, and without zeros at its end.
fn point(whole: &str, rest: &str) -> String {
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

/// The digits of a number in groups of three; `None` if the groups are others.
fn grouped(text: &str, separators: &[char]) -> Option<String> {
    let groups: Vec<&str> = text.split(separators).collect();
    let (first, rest) = groups.split_first()?;
    let is_group = |group: &&str| group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = (1..=3).contains(&first.len()) && first.bytes().all(|byte| byte.is_ascii_digit());
    (is_first && !rest.is_empty() && rest.iter().all(is_group)).then(|| groups.concat())
}

impl Unclear {
    /// What is wrong with a text that holds this number, such as a size with its unit, and what to write; `unit`: what
    /// follows the number. `None` if it isn't a number at all.
    pub fn tell(&self, text: &str, unit: &str) -> Option<String> {
        let with = |number: &str| format!("{number} {unit}").trim_end().to_owned();
        match self {
            Self::No => None,
            Self::DecimalComma(number) => {
                Some(format!("`{text}` has a comma in place of the decimal point: write `{}`", with(number)))
            }
            Self::Either(many, few) => Some(format!(
                "`{text}` could be {} or {}: write the one you mean, without a comma",
                with(many),
                with(few)
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_it_plainly_means_or_is_refused() {
        for (text, meant) in [
            ("0", 0.0),
            ("327680", 327_680.0),
            ("1.5", 1.5),
            ("0.25", 0.25),
            (" 1_500 ", 1500.0),
            ("1 500", 1500.0),
            ("1\u{a0}500", 1500.0),
            ("1\u{202f}500\u{202f}000", 1_500_000.0),
            ("1,500,000", 1_500_000.0),
            ("1,500.25", 1500.25),
            ("12_345_678.5", 12_345_678.5),
        ] {
            assert_eq!(number(text, false), Ok(meant), "{text}");
        }
        assert_eq!(number("1,500", true), Ok(1500.0));
        let decimal = |text: &str| Err(Unclear::DecimalComma(text.to_owned()));
        for (text, same) in [
            ("1,5", "1.5"),
            ("15,25", "15.25"),
            ("0,500", "0.5"),
            ("1500,5", "1500.5"),
            ("1,0", "1"),
            ("1.500,5", "1500.5"),
            ("1.500.000,25", "1500000.25"),
        ] {
            assert_eq!(number(text, false), decimal(same), "{text}");
        }
        assert_eq!(number("1,5", true), decimal("1.5"));
        assert_eq!(number("1,500", false), Err(Unclear::Either("1500".to_owned(), "1.5".to_owned())));
        for text in [
            "",
            " ",
            "-1",
            "+1",
            "1e3",
            "NaN",
            "inf",
            "0x10",
            ".5",
            "5.",
            "1..5",
            "1.2.3",
            "1,,500",
            "1,50,000",
            ",5",
            "1_5",
            "1__500",
            "_500",
            "1_",
            "1 5",
            "1  500",
            "1'500",
            "1,500_000",
            "1_500,000",
            "1.5_0",
            "\u{ff11}5",
            "\u{661}",
            "1\u{200b}5",
            "1.500.000",
            "1.5,5",
            "\u{b2}",
            "1,5.5",
        ] {
            assert_eq!(number(text, false), Err(Unclear::No), "{text}");
        }
    }

    #[test]
    fn what_is_unclear_is_told_with_what_to_write() {
        let told = |text: &str, unit: &str| number(text, false).unwrap_err().tell(&format!("{text} {unit}"), unit);
        assert_eq!(told("1,5", "MB").unwrap(), "`1,5 MB` has a comma in place of the decimal point: write `1.5 MB`");
        assert_eq!(
            told("1,500", "MB").unwrap(),
            "`1,500 MB` could be 1500 MB or 1.5 MB: write the one you mean, without a comma"
        );
        assert_eq!(told("1,5", "%").unwrap(), "`1,5 %` has a comma in place of the decimal point: write `1.5 %`");
        assert_eq!(told("much", "MB"), None);
    }
}
