//! Numbers as people read and write them.

pub mod number;
mod quantity;
mod strict;

pub use crate::text::one_line;
pub use quantity::{Bytes, Percent};
pub use strict::number;

use std::cmp::Ordering;

/// A number with a comma before every three digits.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count of things: `1 record`, `2 records`.
pub fn plural(count: usize, thing: &str) -> String {
    format!("{} {thing}{}", thousands(count as u64), if count == 1 { "" } else { "s" })
}

/// Words as people list them: `a, b and c`.
pub fn list(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// How long something still takes, no more precisely than anyone can know: `about 12 minutes left`.
pub fn about(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match (minutes / 60, minutes) {
        (_, 0) => "less than a minute left".to_owned(),
        (_, 1) => "about a minute left".to_owned(),
        (0, minutes) => format!("about {minutes} minutes left"),
        (1, 60..90) => "about an hour left".to_owned(),
        (hours, minutes) => {
            let hours = if minutes % 60 >= 30 { hours + 1 } else { hours };
            format!("about {hours} hours left")
        }
    }
}

/// A change in percent with its sign, such as `-34.8 %`; one that would be 0.0 percent in bytes, such as `-24 B`.
pub fn change(bytes: u64, reference: u64) -> String {
    change_in(bytes, reference, "B")
}

/// The same for a number that counts something other than bytes: `-24 instructions`.
pub fn change_in(number: u64, reference: u64, unit: &str) -> String {
    let sign = match number.cmp(&reference) {
        Ordering::Less => '-',
        Ordering::Equal => return "same".to_owned(),
        Ordering::Greater => '+',
    };
    let (difference, base) = (number.abs_diff(reference), u128::from(reference));
    // Tenths of a percent, rounded; a change from nothing has none.
    match (2000 * u128::from(difference) + base).checked_div(2 * base) {
        None | Some(0) => format!("{sign}{} {unit}", thousands(difference)),
        Some(tenths) => format!("{sign}{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Breaks lines between words so that they fit a terminal of this many columns; the lines that this adds begin with `indent`
/// spaces. Without a width the text stays as it is. A word that is longer than a line stays whole.
pub fn wrap(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width else { return text.to_owned() };
    text.split('\n').map(|line| wrap_line(line, width, indent)).collect::<Vec<_>>().join("\n")
}

fn wrap_line(line: &str, width: usize, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = 0;
    // Spaces belong to the word after them, so that none is left at the end of a line.
    let mut spaces = 0;
    for (index, word) in line.split(' ').enumerate() {
        spaces += usize::from(index > 0);
        if word.is_empty() {
            continue;
        }
        let length = console::measure_text_width(word);
        if column + spaces + length > width && column > indent {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else {
            wrapped.extend(std::iter::repeat_n(' ', spaces));
            column += spaces;
        }
        spaces = 0;
        wrapped.push_str(word);
        column += length;
    }
    // Nothing but spaces.
    if wrapped.is_empty() { line.to_owned() } else { wrapped }
}

/// The bytes that a text such as `320 KiB` means. A file is a whole number of them.
///
/// # Errors
/// When the text is none, or could be two; the message says what to write.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| c.is_alphabetic()).unwrap_or(trimmed.len());
    let (written, unit) = (trimmed[..split].trim_end(), &trimmed[split..]);
    let no_size =
        || format!("`{text}` isn't a size: write bytes (327680), or a number with a unit, such as \"320 KiB\"");
    let factor = match unit {
        "" | "B" | "byte" | "bytes" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        "GiB" => 1_073_741_824.0,
        // Some take it for 1,000 and some for 1,024.
        "k" | "K" | "M" | "m" | "G" | "g" => {
            let upper = unit.to_uppercase();
            return Err(format!(
                "`{text}` is ambiguous: write {upper}iB (multiples of 1,024) or {upper}B (multiples of 1,000)"
            ));
        }
        _ => return Err(no_size()),
    };
    // Of bytes there are only whole ones: a comma groups them.
    #[expect(clippy::float_cmp, reason = "a constant of ours, not the result of a calculation")]
    let is_whole = factor == 1.0;
    let number = number(written, is_whole).map_err(|unclear| unclear.tell(trimmed, unit).unwrap_or_else(no_size))?;
    if is_whole && number.fract() != 0.0 {
        return Err(format!("`{text}` isn't a size: a file is a whole number of bytes"));
    }
    if number * factor < 9e15 { Ok((number * factor).floor() as u64) } else { Err(no_size()) }
}

/// The share that a text such as `0.5 %` means, in percent.
///
/// # Errors
/// When the text is none, or could be two; the message says what to write.
pub fn parse_percent(text: &str) -> Result<f64, String> {
    let no_share = || format!("`{text}` isn't a percentage: write one such as \"1 %\"");
    let written = text.trim().strip_suffix('%').ok_or_else(no_share)?;
    number(written, false).map_err(|unclear| unclear.tell(text.trim(), "%").unwrap_or_else(no_share))
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_told_as_people_tell_it() {
        let cases = [
            (0.0, "less than a minute left"),
            (29.0, "less than a minute left"),
            (80.0, "about a minute left"),
            (719.0, "about 12 minutes left"),
            (3560.0, "about 59 minutes left"),
            (4000.0, "about an hour left"),
            (5500.0, "about 2 hours left"),
            (9100.0, "about 3 hours left"),
        ];
        for (seconds, words) in cases {
            assert_eq!(about(seconds), words, "{seconds}");
        }
    }

    #[test]
    fn numbers_are_grouped() {
        let grouped: Vec<_> = [0, 999, 1000, 503_360, u64::MAX].map(thousands).into();
        assert_eq!(grouped, ["0", "999", "1,000", "503,360", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn a_small_change_is_said_in_bytes() {
        assert_eq!(change(327_992, 503_360), "-34.8 %");
        assert_eq!(change(507_800, 503_360), "+0.9 %");
        assert_eq!(change(507_776, 507_800), "-24 B");
        assert_eq!(change(5, 5), "same");
        assert_eq!(change(5, 0), "+5 B");
        assert_eq!(change(0, u64::MAX), "-100.0 %");
    }

    #[test]
    fn long_lines_are_broken_between_words() {
        assert_eq!(wrap("one two three four", Some(9), 2), "one two\n  three\n  four");
        assert_eq!(wrap("  pass  a-very-long-word", Some(9), 4), "  pass\n    a-very-long-word");
        assert_eq!(wrap("one two\n\n- three four\n", Some(9), 2), "one two\n\n- three\n  four\n");
        assert_eq!(wrap("\u{1b}[1mone\u{1b}[0m two 三四五", Some(9), 0), "\u{1b}[1mone\u{1b}[0m two\n三四五");
        assert_eq!(wrap("one two", None, 2), "one two");
    }

    #[test]
    fn sizes_are_read_with_their_units_and_unclear_ones_are_refused() {
        let read: Vec<_> = ["327680", "320 KiB", "1.5MiB", "300 kB", "1,024 B", " 2 MB "]
            .map(|text| parse_bytes(text).unwrap())
            .into();
        assert_eq!(read, [327_680, 327_680, 1_572_864, 300_000, 1024, 2_000_000]);
        assert_eq!(
            parse_bytes("320K").unwrap_err(),
            "`320K` is ambiguous: write KiB (multiples of 1,024) or KB (multiples of 1,000)"
        );
        let more: Vec<_> =
            ["1_500 kB", "1 500 kB", "1,500,000 B", "1,500.5 kB", "1 MiB\u{a0}", "1\u{a0}MB", "1.000 GB", "1,500"]
                .map(|text| parse_bytes(text).unwrap())
                .into();
        assert_eq!(more, [1_500_000, 1_500_000, 1_500_000, 1_500_500, 1_048_576, 1_000_000, 1_000_000_000, 1500]);
        for wrong in [
            "",
            "KiB",
            "1.2.3 KiB",
            "-1",
            "1 GiBi",
            "99999999999999999 MiB",
            "1e3",
            "1e3 kB",
            "-1 kB",
            "NaN",
            "inf",
            "0.1 B",
            "1.5",
            "\u{ff11}\u{ff15} MB",
            "\u{661} MB",
            "1 MB 2",
            "1 m\u{b2}",
            "1,50,000 kB",
            "1 5 kB",
            "5 kb",
            "5 mB",
        ] {
            assert!(parse_bytes(wrong).unwrap_err().contains("isn't a size"), "{wrong}");
        }
        // Never 15 MB.
        assert!(parse_bytes("1,5 MB").unwrap_err().ends_with("write `1.5 MB`"));
        assert!(parse_bytes("1.500,5 kB").unwrap_err().ends_with("write `1500.5 kB`"));
        assert!(parse_bytes("1,500 MB").unwrap_err().contains("could be 1500 MB or 1.5 MB"));
    }

    #[test]
    fn shares_are_read_with_their_sign_and_unclear_ones_are_refused() {
        let read: Vec<_> = ["1 %", "0.5%", " 2 % ", "1_000 %"].map(|text| parse_percent(text).unwrap()).into();
        assert_eq!(read, [1.0, 0.5, 2.0, 1000.0]);
        assert!(parse_percent("1,5 %").unwrap_err().ends_with("write `1.5 %`"));
        for wrong in ["", "%", "1", "-1 %", "1e2 %", "NaN %", "inf%", "1 %%", "one %", ".5 %"] {
            assert!(parse_percent(wrong).unwrap_err().contains("isn't a percentage"), "{wrong}");
        }
    }

    #[test]
    fn every_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
