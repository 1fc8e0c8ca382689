//! The strict reading of a number, for what is judged by it later and in silence: what could be read in two ways is refused
//! with both of them. A budget of `1,5 MB` must never be one of 15 MB.

use super::number::{Number, parse};

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

/// The number that a text means: as `number::parse` reads it, but without a decimal comma, and `1,500` only where a whole
/// number alone makes sense.
///
/// # Errors
/// When it isn't a number, or could be two.
pub fn number(text: &str, is_whole: bool) -> Result<f64, Unclear> {
    let Number { value, fraction } = parse(text).ok_or(Unclear::No)?;
    let comma_is_last = text.rfind([',', '.']).is_some_and(|at| text[at..].starts_with(','));
    match fraction {
        Some(fraction) if !is_whole => Err(Unclear::Either(value.to_string(), fraction.to_string())),
        // The only comma, behind every point, and it groups nothing.
        None if comma_is_last && text.matches(',').count() == 1 => Err(Unclear::DecimalComma(value.to_string())),
        _ => Ok(value),
    }
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
    fn a_number_is_what_it_plainly_means() {
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
            ("+1", 1.0),
            ("1'500", 1500.0),
            ("1.500.000", 1_500_000.0),
        ] {
            assert_eq!(number(text, false), Ok(meant), "{text}");
        }
        assert_eq!(number("1,500", true), Ok(1500.0));
    }

    #[test]
    fn a_comma_that_is_or_may_be_a_decimal_point_is_refused() {
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
    }

    #[test]
    fn a_text_in_no_notation_is_no_number() {
        for text in [
            "",
            " ",
            "-1",
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
            "1,500_000",
            "1.5_0",
            "\u{ff11}5",
            "\u{661}",
            "1\u{200b}5",
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
