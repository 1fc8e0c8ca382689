//! The committed measurement that growth is compared with: one JSON file, with an entry for each program, profile and target.
//! `sizes --budget --save` writes it. `sizes --budget` and a check read it in the same way, so neither takes what the other
//! refuses.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the file says that it is.
pub const SCHEMA: &str = "size-workshop/size-baseline/1";

/// A committed measurement of a package's programs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Always `SCHEMA`.
    pub schema: String,
    /// The programs that were measured.
    pub builds: Vec<Entry>,
}

/// A program of a profile, on a target.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The program.
    pub bin: String,
    /// The package's profile.
    pub profile: String,
    /// The target triple.
    pub target: String,
    /// The release of rustc.
    pub toolchain: String,
    /// The executable.
    pub parts: Parts,
}

/// An executable as far as it is compared with another one. All sizes in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// The file.
    pub bytes: u64,
    /// Its machine code.
    pub text_bytes: u64,
    /// Its sections; they sum to `bytes`.
    pub sections: BTreeMap<String, u64>,
    /// Its crates; they sum to `text_bytes`. `None` if it isn't known whose code it is.
    pub crates: Option<BTreeMap<String, u64>>,
    /// Its functions, with the copies of a generic one together; they sum to `text_bytes`.
    pub functions: Option<BTreeMap<String, u64>>,
}

/// Why a file isn't a baseline, and where.
#[derive(Debug)]
pub struct Damaged {
    /// What is wrong with it.
    pub what: String,
    /// Line and column, where they are known.
    pub place: Option<(usize, usize)>,
}

impl Baseline {
    /// Reads the text of a baseline.
    ///
    /// # Errors
    /// When it isn't one.
    pub fn parse(text: &str) -> Result<Self, Damaged> {
        // Some editors on Windows put a byte order mark before the text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let baseline: Self = serde_json::from_str(text)
            .map_err(|error| Damaged { what: error.to_string(), place: Some((error.line(), error.column())) })?;
        if baseline.schema != SCHEMA {
            return Err(Damaged { what: format!("its schema is `{}`, not `{SCHEMA}`", baseline.schema), place: None });
        }
        for Entry { bin, profile, target, parts, .. } in &baseline.builds {
            let sections = parts.sections.values().fold(0, |sum: u64, bytes| sum.saturating_add(*bytes));
            if sections != parts.bytes || parts.text_bytes > parts.bytes {
                let bytes = parts.bytes;
                let sums = match sections == bytes {
                    true => format!("its code is {}", parts.text_bytes),
                    false => format!("its sections add up to {sections}"),
                };
                let what = format!("it lists {bin} with [profile.{profile}] on {target} as {bytes} bytes, but {sums}");
                let place = text.find(&format!("\"bytes\": {bytes}")).map(|start| {
                    let before = &text[..start];
                    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
                    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
                });
                return Err(Damaged { what, place });
            }
        }
        Ok(baseline)
    }
}

impl Baseline {
    /// A baseline of nothing.
    pub fn empty() -> Self {
        Self { schema: SCHEMA.to_owned(), builds: Vec::new() }
    }

    /// What was measured of a program with a profile on a target.
    pub fn find(&self, bin: &str, profile: &str, target: &str) -> Option<&Entry> {
        self.builds.iter().find(|entry| entry.is_of(bin, profile, target))
    }

    /// Puts a program in, in place of what was there for it. Those of other targets stay.
    pub fn keep(&mut self, new: Entry) {
        self.builds.retain(|entry| !entry.is_of(&new.bin, &new.profile, &new.target));
        self.builds.push(new);
        self.builds.sort_by(|a, b| (&a.bin, &a.profile, &a.target).cmp(&(&b.bin, &b.profile, &b.target)));
    }
}

impl Entry {
    fn is_of(&self, bin: &str, profile: &str, target: &str) -> bool {
        self.bin == bin && self.profile == profile && self.target == target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bin: &str, target: &str, bytes: u64) -> Entry {
        let (profile, toolchain) = ("release".to_owned(), "1.95.0".to_owned());
        let sections = BTreeMap::from([(".text".to_owned(), bytes)]);
        let parts = Parts { bytes, text_bytes: bytes, sections, crates: None, functions: None };
        Entry { bin: bin.to_owned(), profile, target: target.to_owned(), toolchain, parts }
    }

    #[test]
    fn a_program_is_kept_once_and_other_targets_stay() {
        let mut baseline = Baseline::empty();
        for (bin, target, bytes) in [("b", "here", 5), ("a", "here", 6), ("b", "there", 7), ("b", "here", 8)] {
            baseline.keep(entry(bin, target, bytes));
        }
        let all: Vec<_> = baseline.builds.iter().map(|entry| (entry.bin.as_str(), entry.parts.bytes)).collect();
        assert_eq!(all, [("a", 6), ("b", 8), ("b", 7)]);
        assert_eq!(baseline.find("b", "release", "there").map(|entry| entry.parts.bytes), Some(7));
        assert!(baseline.find("b", "dist", "here").is_none() && baseline.find("c", "release", "here").is_none());
    }

    #[test]
    fn what_was_saved_is_read_again_also_behind_a_byte_order_mark() {
        let mut baseline = Baseline::empty();
        baseline.keep(entry("a", "here", 5));
        let text = serde_json::to_string_pretty(&baseline).unwrap();
        for text in [text.clone(), format!("\u{feff}{text}")] {
            assert_eq!(Baseline::parse(&text).unwrap().find("a", "release", "here").unwrap().parts.bytes, 5);
        }
        // Written by hand: sections that don't make up the file, or none.
        for (from, to) in [("\"bytes\": 5", "\"bytes\": 1"), ("\".text\": 5", "\".text\": 6"), ("\".text\": 5", "")] {
            let changed = text.replacen(from, to, 1);
            let damaged = Baseline::parse(&changed).expect_err(&changed);
            assert!(damaged.what.contains("its sections add up to") && damaged.place.is_some(), "{damaged:?}");
        }
        assert!(Baseline::parse(&text.replace("\"text_bytes\": 5,", "")).is_err());
        assert!(Baseline::parse(&text.replace("\"text_bytes\": 5,", "\"text_bytes\": 6,")).is_err());
    }

    #[test]
    fn what_is_no_baseline_is_said_with_its_place() {
        let damaged = |text: &str| Baseline::parse(text).expect_err(text);
        assert_eq!(damaged("{\n}").place, Some((2, 1)));
        assert!(damaged("").place.is_some() && damaged("[]").place.is_some());
        let other = damaged("{\"schema\": \"x\", \"builds\": []}");
        assert_eq!(other.what, "its schema is `x`, not `size-workshop/size-baseline/1`");
        assert!(Baseline::parse(&format!("{{\"schema\": \"{SCHEMA}\", \"builds\": []}}")).is_ok());
        // However deep it is nested, on the stack of a thread.
        let deep = format!("{{\"schema\": \"{SCHEMA}\", \"builds\": {}", "[".repeat(100_000));
        let work = move || assert!(Baseline::parse(&deep).is_err());
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    }
}
