//! Points in time as a roster has them. A library for these few lines would be the runner's slowest.

/// A point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    /// As it was written.
    pub text: String,
    /// Seconds since 1970-01-01T00:00:00Z; negative before that. Parts of a second are cut off.
    pub seconds: i64,
}

impl Time {
    /// The time that a text is, if it is one.
    pub(crate) fn parse(text: String) -> Option<Self> {
        seconds(&text).map(|seconds| Self { text, seconds })
    }
}

/// Seconds since 1970 of a time as RFC 3339 has it, `2026-05-31T23:59:00Z` or with an offset instead of Z. A time without an
/// offset could be any of 38 hours, so it isn't accepted.
fn seconds(text: &str) -> Option<i64> {
    // The digits of a number at a place; `-3` is not a number of two digits.
    let number = |at: usize, digits: usize| {
        let digits = text.get(at..at + digits).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        digits.parse::<i64>().ok()
    };
    let is = |at: usize, wanted: u8| text.as_bytes().get(at) == Some(&wanted);
    if !(is(4, b'-') && is(7, b'-') && is(10, b'T') && is(13, b':') && is(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if is_leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok()?.checked_sub(1)?;
    let length = *lengths.get(before)?;
    if !(1..=length).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        (rest.len() < fraction.len()).then_some(())?;
    }
    let offset = if rest == "Z" {
        0
    } else {
        let at = text.len() - rest.len();
        let (hours, minutes) = (number(at + 1, 2)?, number(at + 4, 2)?);
        if rest.len() != 6 || !is(at + 3, b':') || hours > 23 || minutes > 59 {
            return None;
        }
        match rest.as_bytes()[0] {
            b'+' => hours * 3600 + minutes * 60,
            b'-' => -(hours * 3600 + minutes * 60),
            _ => return None,
        }
    };
    // Days from 0001-01-01, which would be day 1, to the year's first, then to the day; 1970-01-01 is day 719163.
    let past = year - 1;
    let days = past * 365 + past.div_euclid(4) - past.div_euclid(100)
        + past.div_euclid(400)
        + lengths[..before].iter().sum::<i64>()
        + day
        - 719_163;
    Some(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_rfc_3339_and_nothing_else() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("2000-02-29T12:00:00Z", 951_825_600),
            ("2026-05-31T23:59:00+02:00", 1_780_264_740),
            ("2026-05-31T21:59:00.999Z", 1_780_264_740),
            ("2026-05-31T16:29:00-05:30", 1_780_264_740),
            ("2038-01-19T03:14:08-00:00", 1 << 31),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-05-31",
            "2026-05-31T23:59:00",
            "2026-05-31 23:59:00Z",
            "2026-05-31t23:59:00z",
            "2026-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2026-00-10T00:00:00Z",
            "2026-13-10T00:00:00Z",
            "2026-05-00T00:00:00Z",
            "2026-05-31T24:00:00Z",
            "2026-05-31T23:60:00Z",
            "2026-05-31T23:59:60Z",
            "2026-05-31T23:59:00.Z",
            "2026-05-31T23:59:00+0200",
            "2026-05-31T23:59:00+24:00",
            "2026-05-31T23:59:00+02:00x",
            "2026-05-31T23:59:00 02:00",
            "+026-05-31T23:59:00Z",
            "2026-05-31T23:59:-1Z",
            "２０２６-05-31T23:59:00Z",
            "2026-05-31T23:59:00é1:00",
            "31.05.2026 23:59",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
