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
    fn every_byte_is_two_hexadecimal_digits() {
        assert_eq!(hex(&[0, 10, 255]), "000aff");
    }
}
