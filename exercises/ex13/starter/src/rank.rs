//! `rank [MOST]`: the words of standard input, those that come most often first.

use std::collections::HashMap;
use std::process::ExitCode;

/// Runs the tool.
pub fn run(arguments: &[String]) -> ExitCode {
    let made = crate::input(arguments, 10, 1000).map(|(most, bytes)| {
        let text = String::from_utf8_lossy(&bytes);
        let mut counts: HashMap<&str, u32> = HashMap::new();
        text.split_whitespace().for_each(|word| *counts.entry(word).or_default() += 1);
        let mut ranked: Vec<(&str, u32)> = counts.into_iter().collect();
        ranked.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        ranked.iter().take(most).map(|(word, count)| format!("{count:>6} {word}\n")).collect()
    });
    crate::finish("rank", made)
}
