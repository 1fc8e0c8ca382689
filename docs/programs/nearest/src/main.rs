//! Computes a lot and prints little: shows what `opt-level = "z"` costs a program that is bound by the processor.

const PICTURES: usize = 256;
const PIXELS: usize = 1024;

fn main() {
    let pictures: Vec<Vec<u8>> = (1..=PICTURES).map(|seed| noise(seed as u64)).collect();
    let (distance, a, b) = nearest(&pictures);
    println!("pictures {a} and {b} differ by {distance}");
}

/// Compares every picture with every other one.
fn nearest(pictures: &[Vec<u8>]) -> (u32, usize, usize) {
    let mut best = (u32::MAX, 0, 0);
    for (a, picture) in pictures.iter().enumerate() {
        for (b, other) in pictures.iter().enumerate().skip(a + 1) {
            best = best.min((distance::distance(picture, other), a, b));
        }
    }
    best
}

/// A picture made of numbers that look random (xorshift), the same for the same seed.
fn noise(seed: u64) -> Vec<u8> {
    let mut state = seed;
    (0..PIXELS)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}
