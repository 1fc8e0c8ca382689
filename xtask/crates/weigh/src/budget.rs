//! `[package.metadata.size-budget]`: how large a package's programs may become. Cargo ignores everything below
//! `package.metadata`, so any crate may say so in its own manifest. Nothing here builds or measures.

pub mod baseline;

use crate::compressed::Method;
use crate::workshop::nearest;
use base::diagnostic::{self, Source};
use base::failure::Failure;
use base::numbers::{Bytes, Percent, parse_percent};
use serde::de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// The table's name below `package.metadata`.
pub const TABLE: &str = "size-budget";
/// The keys of a budget, for people.
const KEYS: [&str; 8] = ["profile", "bin", "max", "max-gzip", "max-zstd", "max-growth", "min-growth", "baseline"];

/// How large one program of one profile may become.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Budget {
    /// The package's own profile, as typed after `--profile`.
    #[serde(default)]
    profile: Option<Spanned<String>>,
    /// The program, where the package has several.
    #[serde(default)]
    pub bin: Option<Spanned<String>>,
    /// Bytes that the file may have.
    #[serde(default)]
    pub max: Option<Spanned<Bytes>>,
    /// Bytes that the file may have after `gzip -9`.
    #[serde(default)]
    pub max_gzip: Option<Spanned<Bytes>>,
    /// Bytes that the file may have after `zstd -19`.
    #[serde(default)]
    pub max_zstd: Option<Spanned<Bytes>>,
    /// By how much the file may be larger than in the baseline.
    #[serde(default)]
    pub max_growth: Option<Spanned<Share>>,
    /// Growth of fewer bytes than this is noise, whatever its share.
    #[serde(default)]
    pub min_growth: Option<Spanned<Bytes>>,
    /// The committed measurement, relative to the manifest.
    #[serde(default)]
    baseline: Option<Spanned<String>>,
}

/// A share as a manifest writes it: `"1 %"` or `"0.5%"`. A [`Percent`] is read from a number, and a manifest's is a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share(pub Percent);

/// What is wrong with a budget, and where.
#[derive(Debug)]
pub struct Wrong {
    /// Bytes of the manifest; the whole file if nothing can be underlined.
    pub range: Option<Range<usize>>,
    /// What is wrong, without a final full stop.
    pub message: String,
    /// What goes beside the underlined part.
    pub label: String,
    /// What to do.
    pub help: String,
    /// There is no budget at all.
    pub missing: bool,
}

/// What a budget allows, in bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// `max`, `max-growth`, `max-gzip`, or `max-zstd`.
    pub key: &'static str,
    /// The most bytes that the file may have.
    pub allowed: u64,
    /// Where the value is in the manifest.
    pub range: Range<usize>,
}

impl Limit {
    /// Whether a file of this size is within it.
    pub fn holds(&self, bytes: u64) -> bool {
        bytes <= self.allowed
    }
}

impl Budget {
    /// The profile that is built.
    pub fn profile(&self) -> &str {
        self.profile.as_ref().map_or("release", |profile| profile.get_ref())
    }

    /// Where the baseline is named, if it is.
    pub fn baseline_range(&self) -> Option<Range<usize>> {
        self.baseline.as_ref().map(Spanned::span)
    }

    /// Where the profile is named, if it is.
    pub fn profile_range(&self) -> Option<Range<usize>> {
        self.profile.as_ref().map(Spanned::span)
    }

    /// The file of the committed measurement, relative to the manifest.
    pub fn baseline(&self) -> &str {
        self.baseline.as_ref().map_or("size-baseline.json", |file| file.get_ref())
    }

    /// What is allowed of the file itself, with the bytes of the baseline where there is one. Without it nothing limits the growth.
    pub fn limits(&self, baseline: Option<u64>) -> Vec<Limit> {
        let mut limits = Vec::new();
        if let Some(max) = &self.max {
            let Bytes(allowed) = *max.get_ref();
            limits.push(Limit { key: "max", allowed, range: max.span() });
        }
        if let (Some(growth), Some(before)) = (&self.max_growth, baseline) {
            let Share(percent) = *growth.get_ref();
            let noise = self.min_growth.as_ref().map_or(0, |bytes| bytes.get_ref().0);
            // Both sides round towards what is written: a byte over is over, and growth of exactly `min-growth` counts.
            let allowed = before.saturating_add(percent.of(before).max(noise.saturating_sub(1)));
            limits.push(Limit { key: "max-growth", allowed, range: growth.span() });
        }
        limits
    }

    /// What is allowed of a download, by the way it is compressed.
    pub fn download_limits(&self) -> Vec<(Method, Limit)> {
        let limit = |method, key, written: &Option<Spanned<Bytes>>| {
            let written = written.as_ref()?;
            Some((method, Limit { key, allowed: written.get_ref().0, range: written.span() }))
        };
        let gzip = limit(Method::Gzip, "max-gzip", &self.max_gzip);
        gzip.into_iter().chain(limit(Method::Zstd, "max-zstd", &self.max_zstd)).collect()
    }

    /// Whether a program that has grown from the baseline to this size would be noticed.
    pub fn notices(&self, baseline: u64, bytes: u64) -> bool {
        self.limits(Some(baseline)).iter().any(|limit| !limit.holds(bytes))
    }

    /// Whether `min-growth` overlooks more than `max-growth` does.
    pub fn noise_decides(&self, baseline: u64) -> bool {
        let (Some(growth), Some(noise)) = (&self.max_growth, &self.min_growth) else { return false };
        noise.get_ref().0.saturating_sub(1) > growth.get_ref().0.of(baseline)
    }

    /// What serde cannot see.
    fn validate(&self, whole: Range<usize>) -> Result<(), Wrong> {
        let wrong = |range: Range<usize>, message: &str, help: &str| Wrong {
            range: Some(range),
            message: message.to_owned(),
            label: String::new(),
            help: help.to_owned(),
            missing: false,
        };
        if self.max.is_none() && self.max_growth.is_none() && self.download_limits().is_empty() {
            let help = "add `max = \"320 KiB\"`, or `max-growth = \"1 %\"`, or both; `max-gzip` and `max-zstd` limit a download";
            return Err(wrong(whole, "this budget limits nothing", help));
        }
        if let (Some(noise), None) = (&self.min_growth, &self.max_growth) {
            let help = "`min-growth` sets which growth `max-growth` ignores: add `max-growth`, or drop this";
            return Err(wrong(noise.span(), "`min-growth` does nothing without `max-growth`", help));
        }
        if let Some(file) = &self.baseline {
            let plain = std::path::Path::new(file.get_ref())
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            if file.get_ref().is_empty() || !plain {
                let help = "write a file beside the manifest or below it, such as `baseline = \"size-baseline.json\"`";
                return Err(wrong(file.span(), "the baseline isn't a file below the package's folder", help));
            }
        }
        Ok(())
    }
}

/// One budget in `[package.metadata.size-budget]`, or several in `[[package.metadata.size-budget]]`.
#[derive(Debug)]
struct Budgets(Vec<Spanned<Budget>>, Option<Budget>);

impl<'de> Deserialize<'de> for Budgets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct One;
        // By hand: an untagged enum would lose the line of every mistake.
        impl<'de> Visitor<'de> for One {
            type Value = Budgets;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table [package.metadata.size-budget], or several [[package.metadata.size-budget]]")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Budgets, A::Error> {
                Budget::deserialize(MapAccessDeserializer::new(map)).map(|one| Budgets(Vec::new(), Some(one)))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Budgets, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Budgets(all, None))
            }
        }
        deserializer.deserialize_any(One)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Value;
        impl Visitor<'_> for Value {
            type Value = Share;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a percentage in quotes, such as \"1 %\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Share, E> {
                parse_percent(text).map(|percent| Share(Percent::of_number(percent))).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Value)
    }
}

#[derive(Deserialize)]
struct File {
    package: Option<Package>,
}

#[derive(Deserialize)]
struct Package {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "size-budget")]
    budgets: Option<Spanned<Budgets>>,
}

/// The budgets of a manifest, in their order; there is at least one.
///
/// # Errors
/// When there is none, or something in one of them is not understood. A wrong one never counts as none.
pub fn of(text: &str) -> Result<Vec<Budget>, Wrong> {
    let file: File = toml::from_str(text).map_err(|error| {
        let message = error.message().lines().next().unwrap_or("this isn't valid TOML").to_owned();
        let rest = error.message().lines().skip(1).collect::<Vec<_>>().join("; ");
        let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
        let near = unknown.and_then(|key| nearest(key, KEYS.into_iter()));
        let help = match (near, unknown) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(_)) => format!("the keys of a budget are {}", KEYS.join(", ")),
            (None, None) => "for example `max = \"320 KiB\"` and `max-growth = \"1 %\"`".to_owned(),
        };
        Wrong { range: error.span(), message, label: rest, help, missing: false }
    })?;
    let found = file.package.and_then(|package| package.metadata?.budgets);
    let Some(found) = found else { return Err(none(text)) };
    let whole = found.span();
    let Budgets(several, one) = found.into_inner();
    let mut budgets: Vec<(Range<usize>, Budget)> =
        several.into_iter().map(|budget| (budget.span(), budget.into_inner())).collect();
    budgets.extend(one.map(|budget| (whole.clone(), budget)));
    if budgets.is_empty() {
        return Err(none(text));
    }
    for (range, budget) in &budgets {
        budget.validate(range.clone())?;
    }
    for (index, (range, budget)) in budgets.iter().enumerate() {
        let name = |budget: &Budget| budget.bin.as_ref().map(|bin| bin.get_ref().clone());
        let same = |other: &Budget| name(other) == name(budget) && other.profile() == budget.profile();
        if budgets[..index].iter().any(|(_, other)| same(other)) {
            return Err(Wrong {
                range: Some(range.clone()),
                message: format!("there are two budgets for the same program in [profile.{}]", budget.profile()),
                label: "the second one".to_owned(),
                help: "give each its own `bin` or `profile`, or merge the two".to_owned(),
                missing: false,
            });
        }
    }
    Ok(budgets.into_iter().map(|(_, budget)| budget).collect())
}

/// No budget; perhaps one that would never be found.
fn none(text: &str) -> Wrong {
    let table = text.parse::<toml::Table>().unwrap_or_default();
    let sub = |table: &toml::Table, key: &str| table.get(key).and_then(|value| value.as_table().cloned());
    let package = sub(&table, "package").and_then(|package| sub(&package, "metadata")).unwrap_or_default();
    let help = if let Some(near) = nearest(TABLE, package.keys().map(String::as_str)) {
        format!("there is [package.metadata.{near}]: did you mean [package.metadata.{TABLE}]?")
    } else if sub(&table, "workspace").and_then(|all| sub(&all, "metadata")).is_some_and(|all| all.contains_key(TABLE))
    {
        format!("a budget belongs to a package: write [package.metadata.{TABLE}], not [workspace.metadata.{TABLE}]")
    } else if table.contains_key(TABLE) || sub(&table, "metadata").is_some_and(|all| all.contains_key(TABLE)) {
        format!("the table is called [package.metadata.{TABLE}]")
    } else {
        format!("add to it, for example\n\n[package.metadata.{TABLE}]\nmax = \"320 KiB\"\nmax-growth = \"1 %\"\n")
    };
    let message = format!("the manifest has no [package.metadata.{TABLE}]");
    Wrong { range: None, message, label: String::new(), help, missing: true }
}

impl Wrong {
    /// As an error that ends the call, with the line underlined.
    pub fn failure(&self, source: &Source) -> Failure {
        let Self { range, message, label, help, missing: _ } = self;
        match range {
            Some(range) => diagnostic::in_file(&source.file, &source.text, range.clone(), message, label, Some(help)),
            None => Failure::new(base::failure::Exit::Usage, message.clone())
                .file(diagnostic::shown(&source.file))
                .help(help.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[package]\nname = \"p\"\n\n";

    fn wrong(text: &str) -> String {
        let text = format!("{HEAD}{text}");
        let source = Source { file: "Cargo.toml".into(), text: text.clone().into() };
        let failure = of(&text).expect_err(&text).failure(&source);
        assert_eq!(failure.exit, base::failure::Exit::Usage);
        failure.snippet.unwrap_or_else(|| format!("{}\nhelp: {}", failure.message, failure.help.unwrap()))
    }

    fn budget(keys: &str) -> Budget {
        of(&format!("{HEAD}[package.metadata.size-budget]\n{keys}\n")).unwrap().remove(0)
    }

    #[test]
    fn one_budget_or_several_are_read() {
        let one = budget("max = \"1.5 KiB\"\nmax-growth = \"0.5%\"");
        assert_eq!((one.profile(), one.baseline()), ("release", "size-baseline.json"));
        assert_eq!(one.max.unwrap().into_inner(), Bytes(1536));
        let all = of("[[package.metadata.size-budget]]\nbin = \"a\"\nmax = 7\n[[package.metadata.size-budget]]\nbin = \"b\"\nprofile = \"dist\"\nmax-growth = \"0 %\"\nbaseline = \"sizes/b.json\"\n").unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[1].profile(), all[1].baseline()), ("dist", "sizes/b.json"));
    }

    #[test]
    fn a_byte_over_is_over_and_noise_is_not() {
        let allowed = |keys: &str, before| {
            budget(keys).limits(before).iter().map(|limit| (limit.key, limit.allowed)).collect::<Vec<_>>()
        };
        assert_eq!(allowed("max = 1000\nmax-growth = \"1 %\"", Some(950)), [("max", 1000), ("max-growth", 959)]);
        assert_eq!(allowed("max = 1000\nmax-growth = \"1 %\"", None), [("max", 1000)]);
        assert_eq!(allowed("max-growth = \"1 %\"\nmin-growth = 64", Some(950)), [("max-growth", 1013)]);
        assert_eq!(allowed("max-growth = \"0 %\"", Some(950)), [("max-growth", 950)]);
        assert_eq!(allowed("max-growth = \"0 %\"", Some(u64::MAX)), [("max-growth", u64::MAX)]);
        let download: Vec<_> = budget("max-gzip = \"1 KiB\"\nmax-zstd = 900").download_limits();
        let download: Vec<_> = download.iter().map(|(method, limit)| (*method, limit.key, limit.allowed)).collect();
        assert_eq!(download, [(Method::Gzip, "max-gzip", 1024), (Method::Zstd, "max-zstd", 900)]);
        // What a download may cost says nothing about the file.
        assert!(budget("max-gzip = 1").limits(Some(950)).is_empty() && budget("max = 1").download_limits().is_empty());
        let limit = &budget("max = 1000").limits(None)[0];
        assert!(limit.holds(1000) && !limit.holds(1001));
    }

    #[test]
    fn every_mistake_is_shown_with_its_line() {
        let head = "[package.metadata.size-budget]\n";
        let all = [
            "max-grow = \"1 %\"\n",
            "max = \"320 K\"\n",
            "max = -1\n",
            "max = \"a lot\"\n",
            "max = \"1,5 MB\"\n",
            "max = \"1,500 kB\"\n",
            "max-growth = \"1,5 %\"\n",
            "max = 320000\nmax-growth = \"1 %\"\nmin-growth = \"0.5 B\"\n",
            "max-growth = 1\n",
            "max-growth = \"1\"\n",
            "profile = \"dist\"\n",
            "max = 1000\nmin-growth = 10\n",
            "max = 1000\nbaseline = \"../b.json\"\n",
        ];
        let texts: Vec<String> = all.iter().map(|keys| wrong(&format!("{head}{keys}"))).collect();
        insta::assert_snapshot!(texts.join("\n\n"));
        insta::assert_snapshot!(wrong(
            "[[package.metadata.size-budget]]\nmax = 1\n[[package.metadata.size-budget]]\nmax = 2\n"
        ));
        assert!(
            wrong("[package.metadata]\nsize-budget = 300\n")
                .contains("expected a table [package.metadata.size-budget]")
        );
    }

    #[test]
    fn a_hostile_manifest_is_refused_on_the_stack_of_a_thread() {
        let deep = |before: &str, part: &str, after: &str| format!("{before}{}{after}", part.repeat(100_000));
        let texts = [
            deep("[package.metadata.size-budget]\nmax = ", "[", ""),
            deep("[package.metadata.size-budget]\n", "a.", "a = 1"),
            deep("[package.metadata.size-budget.", "a.", "a]"),
            deep("package.metadata.size-budget = { ", "a.", "a = 1 }"),
            deep("[metadata.", "a.", "a]"),
        ];
        let work = move || texts.iter().for_each(|text| assert!(of(text).is_err(), "{text:.80}"));
        std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap().join().unwrap();
        let budget = budget("max = \"8,000,000,000 MB\"\nmax-growth = \"999999999999999999999999 %\"");
        assert!(budget.limits(Some(u64::MAX / 2)).iter().all(|limit| limit.holds(8_000_000_000_000_000)));
    }

    #[test]
    fn a_missing_budget_is_looked_for_where_people_put_it() {
        for (text, help) in [
            ("", "add to it, for example"),
            ("[package.metadata.size-bugdet]\nmax = 1\n", "did you mean [package.metadata.size-budget]?"),
            ("[workspace.metadata.size-budget]\nmax = 1\n", "belongs to a package"),
            ("[metadata.size-budget]\nmax = 1\n", "the table is called [package.metadata.size-budget]"),
        ] {
            let text = wrong(text);
            assert!(
                text.starts_with("the manifest has no [package.metadata.size-budget]") && text.contains(help),
                "{text}"
            );
        }
    }
}
