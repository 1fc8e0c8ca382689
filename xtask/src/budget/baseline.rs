//! The committed measurement that growth is compared with: one JSON file, with an entry for each program, profile and target.
//! What is known of an executable depends on the reader: `sizes --budget` wants all its parts, a check the bytes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What the file says that it is.
pub const SCHEMA: &str = "size-workshop/size-baseline/1";

/// A committed measurement of a package's programs.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline<P> {
    /// Always `SCHEMA`.
    pub schema: String,
    /// The programs that were measured.
    pub builds: Vec<Entry<P>>,
}

/// A program of a profile, on a target.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<P> {
    /// The program.
    pub bin: String,
    /// The package's profile.
    pub profile: String,
    /// The target triple.
    pub target: String,
    /// The release of rustc.
    pub toolchain: String,
    /// The executable.
    pub parts: P,
}

/// As much of an executable as a budget is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Size {
    /// The file.
    pub bytes: u64,
}

/// Why a file is no baseline, and where.
#[derive(Debug)]
pub struct Damaged {
    /// What is wrong with it.
    pub what: String,
    /// Line and column, where they are known.
    pub place: Option<(usize, usize)>,
}

impl<P: DeserializeOwned> Baseline<P> {
    /// Reads the text of a baseline.
    ///
    /// # Errors
    /// When it isn't one.
    pub fn parse(text: &str) -> Result<Self, Damaged> {
        let baseline: Self = serde_json::from_str(text)
            .map_err(|error| Damaged { what: error.to_string(), place: Some((error.line(), error.column())) })?;
        if baseline.schema != SCHEMA {
            return Err(Damaged { what: format!("its schema is `{}`, not `{SCHEMA}`", baseline.schema), place: None });
        }
        Ok(baseline)
    }
}

impl<P> Baseline<P> {
    /// A baseline of nothing.
    pub fn empty() -> Self {
        Self { schema: SCHEMA.to_owned(), builds: Vec::new() }
    }

    /// What was measured of a program with a profile on a target.
    pub fn find(&self, bin: &str, profile: &str, target: &str) -> Option<&Entry<P>> {
        self.builds.iter().find(|entry| entry.is_of(bin, profile, target))
    }

    /// Puts a program in, in place of what was there for it. Those of other targets stay.
    pub fn keep(&mut self, new: Entry<P>) {
        self.builds.retain(|entry| !entry.is_of(&new.bin, &new.profile, &new.target));
        self.builds.push(new);
        self.builds.sort_by(|a, b| (&a.bin, &a.profile, &a.target).cmp(&(&b.bin, &b.profile, &b.target)));
    }
}

impl<P> Entry<P> {
    fn is_of(&self, bin: &str, profile: &str, target: &str) -> bool {
        self.bin == bin && self.profile == profile && self.target == target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bin: &str, target: &str, bytes: u64) -> Entry<Size> {
        let (profile, toolchain) = ("release".to_owned(), "1.95.0".to_owned());
        Entry { bin: bin.to_owned(), profile, target: target.to_owned(), toolchain, parts: Size { bytes } }
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
    fn what_is_no_baseline_is_said_with_its_place() {
        let damaged = |text: &str| Baseline::<Size>::parse(text).expect_err(text);
        assert_eq!(damaged("{\n}").place, Some((2, 1)));
        assert!(damaged("").place.is_some() && damaged("[]").place.is_some());
        let other = damaged("{\"schema\": \"x\", \"builds\": []}");
        assert_eq!(other.what, "its schema is `x`, not `size-workshop/size-baseline/1`");
        assert!(Baseline::<Size>::parse(&format!("{{\"schema\": \"{SCHEMA}\", \"builds\": []}}")).is_ok());
        // However deep it is nested, on the stack of a thread.
        let deep = format!("{{\"schema\": \"{SCHEMA}\", \"builds\": {}", "[".repeat(100_000));
        let work = move || assert!(Baseline::<Size>::parse(&deep).is_err());
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
    }
}
