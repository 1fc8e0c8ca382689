//! Counts the words of its arguments, whatever their case, and prints the three most frequent ones. You don't change
//! this file: the exercise is about what Cargo makes of it.

use std::collections::HashMap;
use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut text = String::new();
    for (index, argument) in env::args_os().enumerate().skip(1) {
        let Some(words) = argument.to_str() else {
            eprintln!("word_freq: argument {index} is not valid UTF-8; words are counted in UTF-8 text only");
            return ExitCode::from(2);
        };
        text.push_str(words);
        text.push(' ');
    }

    let mut counts: HashMap<String, u32> = HashMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word.to_lowercase()).or_default() += 1;
    }

    let mut ranking: Vec<(String, u32)> = counts.into_iter().collect();
    ranking.sort_by(|(word_a, count_a), (word_b, count_b)| count_b.cmp(count_a).then_with(|| word_a.cmp(word_b)));
    for (word, count) in ranking.iter().take(3) {
        println!("{word}: {count}");
    }
    ExitCode::SUCCESS
}
