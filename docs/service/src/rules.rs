//! The rules that lines are matched with.

use regex::Regex;
use serde::Deserialize;
use std::error::Error;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A rule as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    name: String,
    pattern: String,
}

/// A rule, and how many lines it has matched.
pub struct Rule {
    /// What the webhook is told.
    pub name: String,
    /// Which lines it matches.
    pub pattern: Regex,
    /// How many it has matched.
    pub count: AtomicU64,
}

/// All rules, in the order of the file.
pub struct Rules(Vec<Rule>);

impl Rules {
    /// Reads and compiles the rules of a file.
    pub fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let sources: Vec<Source> = serde_json::from_str(&fs::read_to_string(path)?)?;
        let rule = |source: Source| {
            let pattern = Regex::new(&source.pattern)?;
            Ok(Rule { name: source.name, pattern, count: AtomicU64::new(0) })
        };
        sources.into_iter().map(rule).collect::<Result<_, _>>().map(Self)
    }

    /// The name of the first rule that matches, which counts the line.
    pub fn first_match(&self, line: &str) -> Option<&str> {
        let rule = self.0.iter().find(|rule| rule.pattern.is_match(line))?;
        rule.count.fetch_add(1, Relaxed);
        Some(&rule.name)
    }
}

impl Deref for Rules {
    type Target = [Rule];

    fn deref(&self) -> &[Rule] {
        &self.0
    }
}
