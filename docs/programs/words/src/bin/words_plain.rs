//! Counts the words of its arguments, like `word_freq`: what the other three programs are compared with.

use std::collections::HashMap;
use std::env;

fn main() {
    // ANCHOR: count
    let mut counts: HashMap<String, u32> = HashMap::new();
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
