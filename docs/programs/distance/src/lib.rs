//! The part of `nearest` that all the time goes into: a package of its own, so that a profile can treat it alone.

// ANCHOR: distance
/// How different two pictures are: the sum of the differences of their pixels.
#[must_use]
pub fn distance(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum()
}
// ANCHOR_END: distance
