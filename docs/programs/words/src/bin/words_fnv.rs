//! `words_plain` with another hash function: shorter code, and an attacker who knows it can make every word collide.

use std::collections::HashMap;
use std::env;
use std::hash::{BuildHasherDefault, Hasher};

// ANCHOR: hasher
/// FNV-1a: one multiplication for each byte.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
// ANCHOR_END: hasher

fn main() {
    // ANCHOR: count
    let mut counts: HashMap<String, u32, BuildHasherDefault<Fnv>> = HashMap::default();
    for argument in env::args().skip(1) {
        for word in argument.split_whitespace() {
            *counts.entry(word.to_lowercase()).or_default() += 1;
        }
    }
    // ANCHOR_END: count
    let mut ranking: Vec<(String, u32)> = counts.into_iter().collect();
    ranking.sort_by(|(word_a, count_a), (word_b, count_b)| count_b.cmp(count_a).then_with(|| word_a.cmp(word_b)));
    for (word, count) in ranking.iter().take(3) {
        println!("{word}: {count}");
    }
}
