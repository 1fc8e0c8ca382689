//! Quantities that a verdict rests on. They stay what they are until something prints them, so that bytes are never compared
//! with percent, and no verdict depends on how a fraction is rounded.

use super::{parse_bytes, thousands};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Bytes(pub u64);

impl Add for Bytes {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Bytes {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Self::add)
    }
}

/// As people read it: `503,360`.
impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&thousands(self.0))
    }
}

/// From `327680` or `"320 KiB"`.
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of bytes, such as 327680 or \"320 KiB\"")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Bytes, E> {
                Ok(Bytes(number))
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Bytes, E> {
                u64::try_from(number).map(Bytes).map_err(|_| E::custom("a size can't be negative"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                parse_bytes(text).map(Bytes).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Value)
    }
}

/// A share in percent, exact to a millionth of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(i64);

impl Percent {
    const MILLIONTHS: i64 = 1_000_000;
    /// Everything.
    const ALL: i128 = 100 * Self::MILLIONTHS as i128;

    /// A whole number of percent.
    pub const fn whole(number: u32) -> Self {
        Self(number as i64 * Self::MILLIONTHS)
    }

    /// Hundredths of a percent: 50 are `0.5 %`.
    pub const fn hundredths(number: u32) -> Self {
        Self(number as i64 * (Self::MILLIONTHS / 100))
    }

    /// The share that a number means.
    pub fn of_number(number: f64) -> Self {
        Self((number * Self::MILLIONTHS as f64).round() as i64)
    }

    /// The number, to be printed.
    pub fn number(self) -> f64 {
        self.0 as f64 / Self::MILLIONTHS as f64
    }

    /// This share of a number. A part of one is left out, so a whole number is above the share only if it's above this.
    pub fn of(self, whole: u64) -> u64 {
        Self::share(i128::from(self.0), whole)
    }

    /// What is left of a number without this share, a part of one left out.
    pub fn off(self, whole: u64) -> u64 {
        Self::share(Self::ALL - i128::from(self.0), whole)
    }

    /// A number with this share of it on top, a part of one left out.
    pub fn on_top_of(self, whole: u64) -> u64 {
        Self::share(Self::ALL + i128::from(self.0), whole)
    }

    /// Whether a number that a person has written down is off the truth, a fraction, by no more than this share of it. The
    /// number counts to a millionth.
    pub fn reaches(self, given: f64, (part, whole): (u64, u64)) -> bool {
        let millionths = i128::from(Self::MILLIONTHS);
        let given = ((given * Self::MILLIONTHS as f64).round() as i128).saturating_mul(whole.into());
        let truth = i128::from(part) * millionths;
        let off = given.saturating_sub(truth).saturating_abs();
        off.saturating_mul(Self::ALL) <= truth.saturating_mul(self.0.into())
    }

    fn share(millionths: i128, whole: u64) -> u64 {
        let share = i128::from(whole).saturating_mul(millionths.max(0)) / Self::ALL;
        u64::try_from(share).unwrap_or(u64::MAX)
    }
}

impl Add for Percent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// As people write it: `28`, `0.5`.
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number(), f)
    }
}

/// As a number of percent.
impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.number())
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::of_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_exact_where_a_fraction_in_binary_is_not() {
        // In floating point, 700.0 * (1.0 - 30.0 / 100.0) is a little less than 490, and a file of 490 bytes would be refused.
        assert_eq!(Percent::whole(30).off(700), 490);
        for whole in [0_u64, 1, 7, 100, 2000, 503_360, u64::MAX / 200] {
            for percent in [0_u32, 6, 9, 28, 35, 55, 90, 100] {
                let exact = |share: u32| (u128::from(whole) * u128::from(share) / 100) as u64;
                let share = Percent::whole(percent);
                assert_eq!(share.of(whole), exact(percent), "{percent} % of {whole}");
                assert_eq!(share.off(whole), exact(100 - percent), "{whole} without {percent} %");
                assert_eq!(share.on_top_of(whole), exact(100 + percent), "{whole} and {percent} %");
            }
        }
    }

    #[test]
    fn a_share_that_cannot_be_is_none_and_the_largest_one_is_a_number() {
        assert_eq!(Percent::whole(150).off(100), 0);
        assert_eq!(Percent::of_number(-5.0).of(100), 0);
        assert_eq!(Percent::of_number(-5.0).off(100), 105);
        assert_eq!(Percent::whole(150).of(u64::MAX), u64::MAX);
        assert_eq!(Percent::of_number(f64::INFINITY).of(u64::MAX), u64::MAX);
    }

    #[test]
    fn an_answer_at_the_very_edge_of_what_it_may_be_off_is_right() {
        let tenth = Percent::whole(10);
        for (given, truth, is_near) in [
            (90.0, (100, 1), true),
            (110.0, (100, 1), true),
            (89.999, (100, 1), false),
            (110.001, (100, 1), false),
            (24_371.2, (24_000, 1), true),
            (0.9, (1, 1), true),
            // 2.2 times where it is twice as large: in floating point 2.2 - 2.0 is more than a tenth of 2.
            (2.2, (200, 100), true),
            (2.201, (200, 100), false),
            (0.0, (0, 1), true),
            (1e300, (u64::MAX, 1), false),
            (f64::NAN, (5, 1), false),
        ] {
            assert_eq!(tenth.reaches(given, truth), is_near, "{given} {truth:?}");
        }
    }

    #[test]
    fn quantities_are_read_and_printed_as_the_numbers_that_they_were() {
        for (number, text, json) in [(28.0, "28", "28.0"), (0.5, "0.5", "0.5"), (0.125, "0.125", "0.125")] {
            let percent = Percent::of_number(number);
            assert_eq!((percent.to_string(), serde_json::to_string(&percent).unwrap()), (text.into(), json.into()));
            assert_eq!(serde_json::from_str::<Percent>(json).unwrap(), percent);
        }
        assert_eq!(serde_json::from_str::<Percent>("28").unwrap(), Percent::whole(28));
        assert_eq!(Percent::hundredths(50), Percent::of_number(0.5));
        let bytes = Bytes(503_360);
        assert_eq!((bytes.to_string(), serde_json::to_string(&bytes).unwrap()), ("503,360".into(), "503360".into()));
        assert_eq!(serde_json::from_str::<Bytes>("503360").unwrap(), bytes);
        assert_eq!(serde_json::from_str::<Bytes>("\"320 KiB\"").unwrap(), Bytes(327_680));
        assert_eq!([bytes, Bytes(40)].into_iter().sum::<Bytes>(), Bytes(503_400));
    }
}
