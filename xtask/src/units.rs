//! Numbers as people read them.

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

/// How long something still takes, no more exactly than anybody can know: `about 12 minutes left`.
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
    let sign = match bytes.cmp(&reference) {
        Ordering::Less => '-',
        Ordering::Equal => return "same".to_owned(),
        Ordering::Greater => '+',
    };
    let (difference, base) = (bytes.abs_diff(reference), u128::from(reference));
    // Tenths of a percent, rounded; a change from nothing has none.
    match (2000 * u128::from(difference) + base).checked_div(2 * base) {
        None | Some(0) => format!("{sign}{} B", thousands(difference)),
        Some(tenths) => format!("{sign}{}.{} %", tenths / 10, tenths % 10),
    }
}

/// Breaks lines between words so that they fit a terminal of this many columns; the lines after the first one begin with
/// `indent` spaces. Without a width the text stays as it is. A word that is longer than a line stays whole.
pub fn wrap(text: &str, width: Option<usize>, indent: usize) -> String {
    let Some(width) = width else { return text.to_owned() };
    let mut wrapped = String::new();
    let mut column = 0;
    for (index, word) in text.split(' ').enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length > width && column > indent {
            wrapped.push('\n');
            wrapped.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if index > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped.push_str(word);
        column += length;
    }
    wrapped
}

/// The bytes that a text such as `320 KiB` means. A file has a whole number of them.
///
/// # Errors
/// When the text is none; the message says what to write.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '_')).unwrap_or(trimmed.len());
    let (number, unit) = (trimmed[..split].replace([',', '_'], ""), trimmed[split..].trim());
    let factor = match unit {
        "" | "B" | "byte" | "bytes" => 1.0,
        "kB" | "KB" => 1e3,
        "MB" => 1e6,
        "KiB" => 1024.0,
        "MiB" => 1_048_576.0,
        // Some take it for 1,000 and some for 1,024.
        "k" | "K" | "M" | "m" => {
            let upper = unit.to_uppercase();
            return Err(format!("`{text}` is unclear: write {upper}iB (of 1,024) or {upper}B (of 1,000)"));
        }
        _ => return Err(format!("`{text}` is no size: write bytes (327680) or a text such as \"320 KiB\"")),
    };
    match number.parse::<f64>() {
        Ok(number) if number * factor < 9e15 => Ok((number * factor).floor() as u64),
        _ => Err(format!("`{text}` is no size: write bytes (327680) or a text such as \"320 KiB\"")),
    }
}

/// The day of a number of seconds since 1970, in UTC, such as `2026-03-01`.
pub fn date(seconds: u64) -> String {
    // The calendar begins anew every 400 years; a year that begins in March has its odd day at the end.
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{of_month:02}", era * 400 + year + next)
}

/// Text of a stranger on one line: nothing in it can move a cursor, or look like a command to a CI system.
pub fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().replace("::", ":\u{200b}:")
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
        assert_eq!(wrap("  pass  a-very-long-word", Some(9), 4), "  pass \n    a-very-long-word");
        assert_eq!(wrap("one two", None, 2), "one two");
    }

    #[test]
    fn sizes_are_read_with_their_units_and_unclear_ones_are_refused() {
        let read: Vec<_> = ["327680", "320 KiB", "1.5MiB", "300 kB", "1,024 B", " 2 MB "]
            .map(|text| parse_bytes(text).unwrap())
            .into();
        assert_eq!(read, [327_680, 327_680, 1_572_864, 300_000, 1024, 2_000_000]);
        assert_eq!(parse_bytes("320K").unwrap_err(), "`320K` is unclear: write KiB (of 1,024) or KB (of 1,000)");
        for wrong in ["", "KiB", "1.2.3 KiB", "-1", "1 GiBi", "99999999999999999 MiB"] {
            assert!(parse_bytes(wrong).unwrap_err().contains("is no size"), "{wrong}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let days = [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (1_772_323_200, "2026-03-01"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, day) in days {
            assert_eq!(date(seconds), day);
        }
    }

    #[test]
    fn every_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
