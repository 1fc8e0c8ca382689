//! Where `nearest` spends all its time: a separate package, so that a profile can set its level.

// ANCHOR: distance
/// How different two pictures are: the sum of the differences between their pixels.
#[must_use]
pub fn distance(a: &[u8], b: &[u8]) -> u32 {
    a.iter().zip(b).map(|(&a, &b)| u32::from(a.abs_diff(b))).sum()
}
// ANCHOR_END: distance
