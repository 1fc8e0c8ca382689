//! A size as a learner writes it down: bytes, or a share of all machine code.

use base::numbers::number::{self, Number};
use base::numbers::thousands;
use toml::Value;

/// Bytes, or percent of all code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Size {
    Bytes(f64),
    Percent(f64),
}

/// What is understood as a size.
const SIZES: &str = "write bytes (24371), or in quotes a number with its unit: \"23.8KiB\" or \"9.2%\" (of .text)";

/// Words before a number that change nothing: two tools never agree to the byte.
const ABOUT: [&str; 7] = ["about", "approx.", "approximately", "around", "circa", "ca.", "roughly"];

impl Size {
    /// What people and cargo-bloat write.
    ///
    /// # Errors
    /// When it isn't a size, or could be read in two ways: what to write.
    pub(super) fn parse(value: &Value) -> Result<Self, String> {
        let text = match value {
            Value::Integer(bytes) if *bytes >= 0 => return Ok(Self::Bytes(*bytes as f64)),
            Value::Float(number) => return Err(no_unit(&number.to_string())),
            Value::String(text) => super::words::plain(text),
            _ => return Err(SIZES.to_owned()),
        };
        let lower = text.to_lowercase();
        let lower = ABOUT.iter().find_map(|word| lower.strip_prefix(word)).unwrap_or(&lower);
        let lower = lower.trim_start_matches(['~', '≈', ' ']);
        let unit_at = lower.find(|c: char| c.is_alphabetic() || c == '%').unwrap_or(lower.len());
        let (number, unit) = lower.split_at(unit_at);
        let (number, unit) = (number.trim(), unit.trim());
        let Number { value, fraction } = number::parse(number).ok_or_else(|| SIZES.to_owned())?;
        let unit = unit.strip_suffix("of .text").unwrap_or(unit).trim_end();
        let factor = match unit {
            // A share of more than everything is one with a decimal comma.
            "%" | "percent" | "per cent" | "pct" => {
                return Ok(Self::Percent(fraction.filter(|_| value > 100.0).unwrap_or(value)));
            }
            // A byte has no parts.
            "" if value.fract() != 0.0 => return Err(no_unit(number)),
            "b" | "byte" | "bytes" if value.fract() != 0.0 => return Err(SIZES.to_owned()),
            "" | "b" | "byte" | "bytes" => return Ok(Self::Bytes(value)),
            "kib" | "ki" | "k" | "kibibytes" => 1024.0,
            "kb" | "kilobytes" => 1000.0,
            "mib" | "mi" | "m" | "mebibytes" => 1_048_576.0,
            "mb" | "megabytes" => 1_000_000.0,
            _ => return Err(SIZES.to_owned()),
        };
        match fraction {
            Some(fraction) => Err(format!(
                "`{text}` can mean {} or {fraction} of this unit: write it without the comma",
                thousands(value as u64)
            )),
            None => Ok(Self::Bytes(value * factor)),
        }
    }
}

fn no_unit(number: &str) -> String {
    let number = number.replace(',', ".");
    format!("{number} of what? Write the unit, in quotes: \"{number} KiB\", or \"{number} %\" of .text")
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
}
