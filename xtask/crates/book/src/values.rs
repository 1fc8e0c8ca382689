//! Expressions for the numbers of the book: `bytes word_freq/dist`, `change word_freq/release word_freq/dist`.

use super::facts::{Facts, Record, Unit};
use base::numbers::{change_in, thousands};
use std::collections::BTreeMap;
use weigh::committed::Measurement;
use weigh::rebuilt::Rebuilt;

/// Where numbers come from.
pub(crate) struct Values<'a> {
    /// The size tables.
    pub measurement: &'a Measurement,
    /// The size tables of other compilers on the same target.
    pub others: &'a [Measurement],
    /// The size tables of other targets.
    pub platforms: &'a BTreeMap<String, Measurement>,
    /// What the book itself measures, and figures of others.
    pub facts: &'a Facts,
    /// What was measured for it.
    pub record: &'a Record,
}

/// The functions that an expression can begin with, for messages.
pub(crate) const FUNCTIONS: &str = "bytes A, kib A, kb A, mb A, number A, millions A, change A B, saved A B, grown A B, share PART WHOLE, way FROM VIA TO, times A B, \
     minutes, minutes total or measured on";

/// How an expression is shown, which determines what may follow it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shown {
    /// Digits alone, and what they count.
    Plain(Unit),
    /// Digits alone, to be followed by "million".
    Millions,
    /// With a unit, such as `1.5 KiB` or `31 %`; or a factor, which has none.
    WithUnit,
}

/// How an expression is shown; `None` if it isn't a number.
pub(crate) fn shown_as(expression: &str, facts: &Facts) -> Option<Shown> {
    let mut words = expression.split_whitespace();
    match (words.next()?, words.next()) {
        ("bytes" | "number" | "saved" | "grown", Some(reference)) => Some(Shown::Plain(unit(reference, facts))),
        ("millions", Some(_)) => Some(Shown::Millions),
        ("kib" | "kb" | "mb" | "change" | "share" | "way" | "times", Some(_)) => Some(Shown::WithUnit),
        _ => None,
    }
}

/// What a reference counts. Only facts may count something other than bytes.
fn unit(reference: &str, facts: &Facts) -> Unit {
    let name = reference.strip_prefix("fact/");
    let fact = name.and_then(|name| facts.facts.iter().find(|fact| fact.name == name));
    fact.map_or(Unit::Bytes, |fact| fact.unit)
}

impl Values<'_> {
    /// The text of an expression.
    ///
    /// # Errors
    /// What is wrong with it, in one sentence without a final full stop.
    pub(crate) fn text(&self, expression: &str) -> Result<String, String> {
        let words: Vec<&str> = expression.split_whitespace().collect();
        self.units_agree(&words)?;
        match words[..] {
            ["bytes" | "number", a] => Ok(thousands(self.get(a)?)),
            ["kib", a] => Ok(format!("{} KiB", scaled(self.get(a)?, 1024))),
            ["kb", a] => Ok(format!("{} KB", thousands((self.get(a)? + 500) / 1000))),
            ["mb", a] => Ok(format!("{} MB", scaled(self.get(a)?, 1_000_000).trim_end_matches(".0"))),
            ["millions", a] => Ok(thousands((self.get(a)? + 500_000) / 1_000_000)),
            ["change", a, b] => Ok(change_in(self.get(b)?, self.get(a)?, unit(a, self.facts).symbol())),
            ["saved", a, b] => self.difference(a, b).map(thousands),
            ["grown", a, b] => self.difference(b, a).map(thousands),
            ["share", part, whole] => {
                let (part, whole) = (self.get(part)?, self.get(whole)?);
                Ok(format!("{} %", (200 * part + whole) / (2 * whole).max(1)))
            }
            ["way", from, via, to] => {
                let (gone, whole) = (self.difference(from, via)?, self.difference(from, to)?);
                Ok(format!("{} %", (200 * gone + whole) / (2 * whole)))
            }
            ["times", a, b] => {
                let (a, b) = (self.get(a)?, self.get(b)?);
                Ok(scaled(a, b.max(1)))
            }
            _ => Err("this isn't an expression".to_owned()),
        }
    }

    /// Only bytes are shown as bytes, and only numbers of one unit are compared.
    fn units_agree(&self, words: &[&str]) -> Result<(), String> {
        match *words {
            ["bytes" | "kib" | "kb" | "mb", a] if unit(a, self.facts) != Unit::Bytes => {
                Err(format!("`{a}` is a number of {}, not of bytes; write `number {a}`", unit(a, self.facts).things()))
            }
            [_, a, b] | [_, a, _, b] if unit(a, self.facts) != unit(b, self.facts) => Err(format!(
                "`{a}` is a number of {}, and `{b}` of {}",
                unit(a, self.facts).things(),
                unit(b, self.facts).things()
            )),
            _ => Ok(()),
        }
    }

    /// `larger` minus `smaller`. A sentence that says which one is larger must not survive a measurement that says the
    /// opposite.
    fn difference(&self, larger: &str, smaller: &str) -> Result<u64, String> {
        let (a, b) = (self.get(larger)?, self.get(smaller)?);
        a.checked_sub(b).filter(|&difference| difference > 0).ok_or_else(|| {
            format!("the sentence doesn't hold: `{larger}` is {}, `{smaller}` is {}", thousands(a), thousands(b))
        })
    }

    /// What a reference means.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn get(&self, reference: &str) -> Result<u64, String> {
        match reference.split_once('/') {
            Some(("fact", name)) if !self.facts.facts.iter().any(|fact| fact.name == name) => {
                Err(format!("no file in docs/facts says how to measure `{name}`"))
            }
            Some(("fact", name)) => self
                .record
                .facts
                .get(name)
                .copied()
                .ok_or_else(|| format!("`{name}` hasn't been measured yet; `cargo xtask docs --record` does that")),
            Some(("article", name)) => self
                .facts
                .figures
                .get(name)
                .copied()
                .ok_or_else(|| format!("there is no figure `{name}` in docs/facts")),
            Some((compiler, rest)) if compiler.starts_with("rustc-") => {
                let other = self.others.iter().find(|other| compiler == format!("rustc-{}", other.toolchain));
                let measurement = other.ok_or_else(|| format!("docs/measurements has none for {compiler}"))?;
                Values { measurement, others: &[], ..*self }.get(rest)
            }
            Some((program, rest)) => {
                // Of another target: `wasm32-wasip1:word_freq/dist`.
                let (measurement, program) = match program.split_once(':') {
                    None => (self.measurement, program),
                    Some((target, program)) => {
                        let other = self.platforms.get(target);
                        (other.ok_or_else(|| format!("nothing was measured for the target `{target}`"))?, program)
                    }
                };
                let (profile, section) =
                    rest.split_once('/').map_or((rest, None), |(profile, name)| (profile, Some(name)));
                let (profile, strip) =
                    profile.strip_suffix("+strip").map_or((profile, false), |profile| (profile, true));
                let rebuilt = profile.split_once("+std:").map(|(profile, std)| (profile, Rebuilt::of_name(std)));
                let (profile, std) = rebuilt.unwrap_or((profile, None));
                let build = measurement
                    .find_with(program, profile, strip, std)
                    .ok_or_else(|| format!("`{program}` wasn't measured under `{profile}`"))?;
                // A missing section takes no bytes.
                Ok(section.map_or(build.bytes, |name| {
                    build.sections.iter().filter(|section| section.name == name).map(|section| section.bytes).sum()
                }))
            }
            None => Err(format!(
                "`{reference}` isn't a reference; write PROGRAM/PROFILE (for a different target TARGET:PROGRAM/PROFILE), fact/NAME or article/NAME"
            )),
        }
    }
}

/// A quotient with one decimal, rounded.
fn scaled(number: u64, unit: u64) -> String {
    let tenths = (u128::from(number) * 20 + u128::from(unit)) / (2 * u128::from(unit));
    let whole = thousands(u64::try_from(tenths / 10).unwrap_or(u64::MAX));
    format!("{whole}.{}", tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use weigh::committed::{Build, Lock};
    use weigh::measure::binary::Section;

    fn text(expression: &str) -> Result<String, String> {
        let lock = Lock { sha256: String::new(), packages: Vec::new() };
        let mut measurement = Measurement::new("1.95.0", "x86_64-unknown-linux-gnu", None, None, lock);
        for (profile, strip_command, bytes) in
            [("release", false, 2000), ("release", true, 1500), ("dist", false, 1000)]
        {
            measurement.builds.push(Build {
                program: "p".to_owned(),
                profile: profile.to_owned(),
                strip_command,
                std: None,
                settings: BTreeMap::new(),
                bytes,
                sections: vec![Section { name: ".text".to_owned(), bytes: bytes / 2 }],
            });
        }
        let mut facts = Facts::default();
        facts.figures.insert("node".to_owned(), 110_000_000);
        let lock = || Lock { sha256: String::new(), packages: Vec::new() };
        // A second compiler makes other bytes of the same program, with a std of its own for one of them.
        let mut second = Measurement::new("1.96.0", "x86_64-unknown-linux-gnu", None, None, lock());
        for (std, bytes) in [(None, 500), (Some(Rebuilt::WithoutBacktrace), 100)] {
            let build = measurement.builds.iter().find(|build| build.profile == "dist").unwrap().clone();
            second.builds.push(Build { std, bytes, ..build });
        }
        let mut other = Measurement::new("1.95.0", "wasm32-wasip1", None, None, lock());
        other.builds.push(Build { bytes: 700, ..measurement.builds[0].clone() });
        let platforms = BTreeMap::from([("wasm32-wasip1".to_owned(), other)]);
        let (others, record) = (&[second], &Record::default());
        Values { measurement: &measurement, others, platforms: &platforms, facts: &facts, record }.text(expression)
    }

    #[test]
    fn expressions_are_texts() {
        let of = |expression: &str| text(expression).unwrap();
        assert_eq!(of("bytes p/release"), "2,000");
        assert_eq!(of("bytes p/release+strip"), "1,500");
        assert_eq!(of("bytes p/dist/.text"), "500");
        assert_eq!(of("bytes p/dist/.symtab"), "0");
        assert_eq!(of("kib p/release"), "2.0 KiB");
        assert_eq!(of("kb p/release+strip"), "2 KB");
        assert_eq!(of("mb article/node"), "110 MB");
        assert_eq!(of("change p/release p/dist"), "-50.0 %");
        assert_eq!(of("saved p/release p/dist"), "1,000");
        assert_eq!(of("grown p/dist p/release"), "1,000");
        assert_eq!(of("share p/dist p/release"), "50 %");
        assert_eq!(of("way p/release p/release+strip p/dist"), "50 %");
        assert_eq!(of("times p/release+strip p/dist"), "1.5");
        assert_eq!(of("bytes wasm32-wasip1:p/release"), "700");
        assert_eq!(of("saved p/release wasm32-wasip1:p/release"), "1,300");
    }

    #[test]
    fn a_sentence_that_no_longer_holds_is_an_error() {
        assert!(text("saved p/dist p/release").unwrap_err().contains("the sentence doesn't hold"));
        assert!(text("grown p/dist p/dist").is_err());
        assert!(text("way p/release p/dist p/release").is_err());
    }

    #[test]
    fn another_compiler_is_named_before_the_program_and_its_std_behind_the_profile() {
        assert_eq!(text("bytes rustc-1.96.0/p/dist").unwrap(), "500");
        assert_eq!(text("change rustc-1.96.0/p/dist rustc-1.96.0/p/dist+std:without-backtrace").unwrap(), "-80.0 %");
        assert!(text("bytes rustc-1.97.0/p/dist").unwrap_err().contains("none for rustc-1.97.0"));
        assert!(text("bytes rustc-1.96.0/p/dist+std:silent-panics").unwrap_err().contains("wasn't measured"));
    }

    #[test]
    fn only_bytes_are_shown_as_bytes() {
        let measurement = Measurement::new(
            "1.95.0",
            "x86_64-unknown-linux-gnu",
            None,
            None,
            Lock { sha256: String::new(), packages: Vec::new() },
        );
        let mut facts = Facts::default();
        let mut record = Record::default();
        for (name, unit, number) in [("work", Unit::Instructions, 27_003_979), ("less", Unit::Instructions, 27_000_000)]
        {
            facts.facts.push(super::super::facts::Fact::example(name, unit));
            record.facts.insert(name.to_owned(), number);
        }
        facts.facts.push(super::super::facts::Fact::example("file", Unit::Bytes));
        record.facts.insert("file".to_owned(), 1000);
        let platforms = BTreeMap::new();
        let values =
            Values { measurement: &measurement, others: &[], platforms: &platforms, facts: &facts, record: &record };
        assert_eq!(values.text("change fact/less fact/work").unwrap(), "+3,979 instructions");
        assert_eq!(values.text("number fact/work").unwrap(), "27,003,979");
        for expression in ["bytes fact/work", "kb fact/work", "mb fact/work", "kib fact/work"] {
            assert!(values.text(expression).unwrap_err().contains("a number of instructions"), "{expression}");
        }
        for expression in ["change fact/work fact/file", "times fact/work fact/file", "saved fact/work fact/file"] {
            assert!(values.text(expression).unwrap_err().contains("and `fact/file` of bytes"), "{expression}");
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (expression, said) in [
            ("bites p/dist", "isn't an expression"),
            ("bytes p", "isn't a reference"),
            ("bytes q/dist", "`q` wasn't measured under `dist`"),
            ("bytes wasm64:p/dist", "nothing was measured for the target `wasm64`"),
            ("bytes fact/floor", "no file in docs/facts"),
            ("bytes article/deno", "no figure `deno`"),
        ] {
            assert!(text(expression).unwrap_err().contains(said), "{expression}");
        }
    }
}
