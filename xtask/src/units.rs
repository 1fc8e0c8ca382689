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

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn every_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
