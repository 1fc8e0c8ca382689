//! `words_plain` with a sorted tree, which needs no hash function, and no random numbers to start one.

use std::collections::BTreeMap;
use std::env;

fn main() {
    // ANCHOR: count
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
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
