//! A size as a learner writes it: bytes, or a share of all machine code.

use base::numbers::number::{self, Number};
use base::numbers::thousands;
use toml::Value;

/// Bytes, or percent of all code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Size {
    Bytes(f64),
    Percent(f64),
}

/// What counts as a size.
const SIZES: &str = "write bytes (24371), or in quotes a number with its unit: \"23.8KiB\" or \"9.2%\" (of .text)";

/// What counts as a size where a share doesn't.
const BYTES: &str = "write bytes (24371), or in quotes a number with its unit: \"23.8KiB\"";

/// Why a text isn't a size.
enum Unclear {
    /// It has a different form.
    Other,
    /// This number has no unit, and isn't a number of bytes.
    NoUnit(String),
    /// It could be read in two ways: what to write.
    TwoMeanings(String),
}

/// Words before a number that change nothing: two tools never agree to the byte.
const ABOUT: [&str; 7] = ["about", "approx.", "approximately", "around", "circa", "ca.", "roughly"];

impl Size {
    /// What people and cargo-bloat write.
    ///
    /// # Errors
    /// When it isn't a size, or could be read in two ways: what to write.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        Self::read(value).map_err(|unclear| match unclear {
            Unclear::Other => SIZES.to_owned(),
            Unclear::NoUnit(number) => {
                format!("{number} of what? Write the unit, in quotes: \"{number} KiB\", or \"{number} %\" of .text")
            }
            Unclear::TwoMeanings(help) => help,
        })
    }

    /// Bytes by which something is smaller. A minus before them, as in a table of changes, means the same.
    ///
    /// # Errors
    /// When it isn't a number of bytes, or could be read in two ways: what to write.
    pub(super) fn saved(value: &Value) -> Result<f64, String> {
        let value = match value {
            Value::Integer(bytes) => Value::Integer(bytes.saturating_abs()),
            Value::Float(number) => Value::Float(number.abs()),
            Value::String(text) => Value::String(super::words::plain(text).trim_start_matches(['-', '−']).to_owned()),
            other => other.clone(),
        };
        match Self::read(&value) {
            Ok(Self::Bytes(bytes)) => Ok(bytes),
            Ok(Self::Percent(_)) => Err(format!("the answer isn't a percentage: {BYTES}")),
            Err(Unclear::Other) => Err(BYTES.to_owned()),
            Err(Unclear::NoUnit(number)) => {
                Err(format!("{number} of what? Write the unit, in quotes: \"{number} KiB\""))
            }
            Err(Unclear::TwoMeanings(help)) => Err(help),
        }
    }

    /// The same, for a text. None if it isn't a size, or could be read in two ways.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        Self::read(&text.into()).ok()
    }

    fn read(value: &Value) -> Result<Self, Unclear> {
        let text = match value {
            Value::Integer(bytes) if *bytes >= 0 => return Ok(Self::Bytes(*bytes as f64)),
            Value::Float(number) => return Err(no_unit(&number.to_string())),
            Value::String(text) => super::words::plain(text),
            _ => return Err(Unclear::Other),
        };
        let lower = text.to_lowercase();
        let lower = ABOUT.iter().find_map(|word| lower.strip_prefix(word)).unwrap_or(&lower);
        let lower = lower.trim_start_matches(['~', '≈', ' ']);
        let unit_at = lower.find(|c: char| c.is_alphabetic() || c == '%').unwrap_or(lower.len());
        let (number, unit) = lower.split_at(unit_at);
        let (number, unit) = (number.trim(), unit.trim());
        let Number { value, fraction } = number::parse(number).ok_or(Unclear::Other)?;
        let unit = unit.strip_suffix("of .text").unwrap_or(unit).trim_end();
        let factor = match unit {
            // A share of more than everything has a decimal comma.
            "%" | "percent" | "per cent" | "pct" => {
                return Ok(Self::Percent(fraction.filter(|_| value > 100.0).unwrap_or(value)));
            }
            // A byte has no parts.
            "" if value.fract() != 0.0 => return Err(no_unit(number)),
            "b" | "byte" | "bytes" if value.fract() != 0.0 => return Err(Unclear::Other),
            "" | "b" | "byte" | "bytes" => return Ok(Self::Bytes(value)),
            "kib" | "ki" | "k" | "kibibytes" => 1024.0,
            "kb" | "kilobytes" => 1000.0,
            "mib" | "mi" | "m" | "mebibytes" => 1_048_576.0,
            "mb" | "megabytes" => 1_000_000.0,
            _ => return Err(Unclear::Other),
        };
        match fraction {
            Some(fraction) => Err(Unclear::TwoMeanings(format!(
                "`{text}` can mean {} or {fraction} of this unit: write it without the comma",
                thousands(value as u64)
            ))),
            None => Ok(Self::Bytes(value * factor)),
        }
    }
}

fn no_unit(number: &str) -> Unclear {
    Unclear::NoUnit(number.replace(',', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Size, String> {
        Size::parse(&text.into())
    }

    #[test]
    fn what_people_and_cargo_bloat_write_is_a_size() {
        for (text, bytes) in [
            ("23.8KiB", 24371.2),
            ("23.8 kib", 24371.2),
            ("23,8 KiB", 24371.2),
            ("~ 23.8 KiB.", 24371.2),
            ("about 116 kB", 116_000.0),
            ("118 KiB", 120_832.0),
            ("316B", 316.0),
            ("24,371", 24371.0),
            ("24,371 bytes", 24371.0),
            ("24 371 B", 24371.0),
            ("24_371", 24371.0),
            ("`24371`", 24371.0),
            ("1.5 MB", 1_500_000.0),
            ("1,5 MB", 1_500_000.0),
        ] {
            assert_eq!(parse(text), Ok(Size::Bytes(bytes)), "{text}");
        }
        for (text, percent) in
            [("9.2 %", 9.2), ("9,2%", 9.2), ("22.7 percent", 22.7), ("22,727 %", 22.727), ("9.2% of .text", 9.2)]
        {
            assert_eq!(parse(text), Ok(Size::Percent(percent)), "{text}");
        }
        assert_eq!(Size::parse(&24371.into()), Ok(Size::Bytes(24371.0)));
    }

    #[test]
    fn what_has_no_unit_or_two_meanings_is_asked_about() {
        assert!(parse("22.7").unwrap_err().starts_with("22.7 of what?"));
        assert!(parse("22,7").unwrap_err().starts_with("22.7 of what?"));
        assert!(Size::parse(&9.2.into()).unwrap_err().starts_with("9.2 of what?"));
        assert!(parse("23,812 KiB").unwrap_err().contains("can mean 23,812 or 23.812 of this unit"));
        for text in ["much", "", "-3", "1e999", "24 parsecs", "22.7 bytes", "23.1KiB 9.2%"] {
            assert_eq!(parse(text), Err(SIZES.to_owned()), "{text}");
        }
        for value in [Value::Boolean(true), Value::Integer(-1)] {
            assert_eq!(Size::parse(&value), Err(SIZES.to_owned()));
        }
    }

    #[test]
    fn a_saving_is_bytes_with_or_without_a_minus() {
        for (text, bytes) in [
            ("65,822", 65822.0),
            ("-65,822", 65822.0),
            ("−65 822 bytes", 65822.0),
            ("65_822 B", 65822.0),
            ("94 kB", 94_000.0),
            ("64.3KiB", 65843.2),
            ("about 64.3 KiB", 65843.2),
        ] {
            assert_eq!(Size::saved(&text.into()), Ok(bytes), "{text}");
        }
        assert_eq!(Size::saved(&65822.into()), Ok(65822.0));
        assert_eq!(Size::saved(&(-65822).into()), Ok(65822.0));
        for (text, help) in [
            ("17.8 %", "the answer isn't a percentage: write bytes"),
            ("64.3", "64.3 of what? Write the unit, in quotes: \"64.3 KiB\""),
            ("65,822 KiB", "can mean 65,822 or 65.822 of this unit"),
            ("1KiB to 1MiB", BYTES),
            ("much", BYTES),
            ("", BYTES),
        ] {
            let said = Size::saved(&text.into()).unwrap_err();
            assert!(said.contains(help) && !said.contains(".text"), "{text}: {said}");
        }
        assert_eq!(Size::saved(&Value::Boolean(true)), Err(BYTES.to_owned()));
    }
}
