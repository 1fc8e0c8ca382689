//! Questions that a learner answers with a guess before anything is measured: `[[predict]]` in exercise.toml. No goal reads
//! them, so a guess never gives or costs points.

use super::{Data, Tree};
use crate::check::answer::size::Size;
use crate::evidence::Built;
use base::numbers::thousands;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::ops::Range;
use toml::Spanned;

/// A question, and what is measured for it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Question {
    /// Its name, by which a guess is given and kept.
    pub name: Spanned<String>,
    /// The question, in a sentence.
    pub ask: String,
    /// What it is about in a few words, which a receipt begins with: `LTO alone`.
    pub about: String,
    /// The page of the book that explains the result, and maybe its heading: `docs/src/lto.md#alone`.
    pub page: Spanned<String>,
    /// The goals that must be met before the learner's own build counts. A question about only the course's builds has none.
    #[serde(default)]
    pub when_met: Vec<Spanned<String>>,
    /// What is measured.
    pub measure: Measure,
}

/// What is measured for a question, which is also the form of its answers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Measure {
    /// By how many percent one build is smaller than another.
    SavedPercent(Between),
    /// By how many bytes one build is smaller than another.
    SavedBytes(Between),
    /// Bytes of a build.
    Bytes(One),
    /// Whether one build is smaller than another, the same size, or larger.
    Order(Between),
}

/// Two builds that are compared.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Between {
    /// The build.
    pub(crate) build: Spanned<String>,
    /// The build that it is compared with.
    pub(crate) against: Spanned<String>,
    /// Builds whose bytes are added to the bytes of `against`.
    #[serde(default)]
    pub(crate) plus: Vec<Spanned<String>>,
    /// The section that is measured, by its name in ELF. Without one it is the whole file.
    #[serde(default)]
    pub(crate) section: Option<String>,
}

/// One build.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct One {
    /// The build.
    pub(crate) build: Spanned<String>,
}

/// A guess, or what was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// So many percent smaller; below 0, larger.
    SavedPercent(f64),
    /// So many bytes smaller; below 0, larger.
    SavedBytes(i64),
    /// Bytes of a file.
    Bytes(i64),
    /// Smaller, the same, or larger.
    Order(Order),
}

/// How one size compares with another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// It is smaller.
    Smaller,
    /// Not a byte differs in size.
    Same,
    /// It is larger.
    Larger,
}

/// By how many percent of the measured value a guess may be off and still count as close.
pub const CLOSE_PERCENT: f64 = 10.0;

/// By how many percentage points a guess in percent may be off and still count as close: a tenth of very little is nothing.
const CLOSE_POINTS: f64 = 1.0;

/// Bytes beyond which nothing is a guess at a program's size.
const MOST_BYTES: f64 = 1e12;

/// Percent beyond which nothing is a guess at growth.
const MOST_GROWTH: f64 = 10_000.0;

impl Measure {
    /// The builds that it compares.
    pub fn builds(&self) -> Vec<&Spanned<String>> {
        match self {
            Self::SavedPercent(spec) | Self::SavedBytes(spec) | Self::Order(spec) => {
                [&spec.against].into_iter().chain(&spec.plus).chain([&spec.build]).collect()
            }
            Self::Bytes(One { build }) => vec![build],
        }
    }

    /// What to answer, in a few words.
    pub fn form(&self) -> &'static str {
        match self {
            Self::SavedPercent(_) => "percent",
            Self::SavedBytes(_) | Self::Bytes(_) => "bytes",
            Self::Order(_) => "smaller, same or larger",
        }
    }

    /// What is accepted as an answer.
    pub fn accepts(&self) -> &'static str {
        match self {
            Self::SavedPercent(_) => {
                "write how many percent smaller, 0 to 100: `20` or `20 %`. If you expect growth, write `5 % larger`"
            }
            Self::SavedBytes(_) => {
                "write how many bytes smaller: `350000`, `350,000`, `350k` or `350 KB`. If you expect growth, write `5000 larger`"
            }
            Self::Bytes(_) => "write a number of bytes: `350000`, `350,000`, `350k`, `350 KB` or `1.2 MB`",
            Self::Order(_) => "write one of `smaller`, `same` and `larger`",
        }
    }

    /// Whether a value is one of this measure: an exercise may have changed since it was kept.
    pub fn fits(&self, value: Value) -> bool {
        matches!(
            (self, value),
            (Self::SavedPercent(_), Value::SavedPercent(_))
                | (Self::SavedBytes(_), Value::SavedBytes(_))
                | (Self::Bytes(_), Value::Bytes(_))
                | (Self::Order(_), Value::Order(_))
        )
    }

    /// A guess as people write it. None if it isn't understood, or can't be: a file that is 120 % smaller.
    pub fn read(&self, text: &str) -> Option<Value> {
        let text = text.trim().to_lowercase();
        match self {
            Self::Order(_) => order(&text).map(Value::Order),
            Self::Bytes(_) => bytes(&text).filter(|bytes| *bytes > 0.0).map(|bytes| Value::Bytes(bytes.round() as i64)),
            Self::SavedBytes(_) => {
                let (sign, number) = signed(&text)?;
                Some(Value::SavedBytes((sign * bytes(number)?).round() as i64))
            }
            Self::SavedPercent(_) => {
                let (sign, number) = signed(&text)?;
                let percent = percent(number)?;
                let most = if sign < 0.0 { MOST_GROWTH } else { 100.0 };
                (percent <= most).then_some(Value::SavedPercent(sign * percent))
            }
        }
    }

    /// What was measured, from the builds that are there. None while one of them is missing.
    pub(crate) fn measured<'a>(&self, built: impl Fn(&str) -> Option<&'a Built>) -> Option<Value> {
        let (Self::SavedPercent(spec) | Self::SavedBytes(spec) | Self::Order(spec)) = self else {
            let Self::Bytes(One { build }) = self else { return None };
            return Some(Value::Bytes(i64::try_from(built(build.get_ref())?.bytes).ok()?));
        };
        let Between { build, against, plus, section } = spec;
        let part = |name: &Spanned<String>| built(name.get_ref())?.part(section.as_deref());
        let own = part(build)?;
        let before = [against].into_iter().chain(plus).map(part).sum::<Option<u64>>()?;
        Some(match self {
            Self::Order(_) => Value::Order(match own.cmp(&before) {
                std::cmp::Ordering::Less => Order::Smaller,
                std::cmp::Ordering::Equal => Order::Same,
                std::cmp::Ordering::Greater => Order::Larger,
            }),
            Self::SavedBytes(_) => Value::SavedBytes(i64::try_from(before).ok()? - i64::try_from(own).ok()?),
            _ if before == 0 => return None,
            _ => {
                let percent = (before as f64 - own as f64) * 100.0 / before as f64;
                Value::SavedPercent((percent * 100.0).round() / 100.0)
            }
        })
    }
}

impl Value {
    /// Whether a guess is close to what was measured: the same word, within 10 %, or within one percentage point.
    pub fn is_close(self, measured: Self) -> bool {
        let within = |guess: f64, truth: f64| (guess - truth).abs() <= truth.abs() * CLOSE_PERCENT / 100.0;
        match (self, measured) {
            (Self::SavedPercent(guess), Self::SavedPercent(truth)) => {
                within(guess, truth) || (guess - truth).abs() <= CLOSE_POINTS
            }
            (Self::SavedBytes(guess), Self::SavedBytes(truth)) | (Self::Bytes(guess), Self::Bytes(truth)) => {
                within(guess as f64, truth as f64)
            }
            (Self::Order(guess), Self::Order(truth)) => guess == truth,
            _ => false,
        }
    }

    /// Whether a guess is off by half of what was measured, or more: that is a surprise.
    pub fn is_far(self, measured: Self) -> bool {
        match (self.number(), measured.number()) {
            (Some(guess), Some(truth)) => !self.is_close(measured) && (guess - truth).abs() >= truth.abs() / 2.0,
            _ => self != measured,
        }
    }

    /// The number; none for a word.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::SavedPercent(number) => Some(number),
            Self::SavedBytes(number) | Self::Bytes(number) => Some(number as f64),
            Self::Order(_) => None,
        }
    }
}

impl Order {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Smaller => "smaller",
            Self::Same => "same",
            Self::Larger => "larger",
        }
    }
}

/// As people read it, and as `Measure::read` understands it.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let how = |is_growth: bool| if is_growth { "larger" } else { "smaller" };
        match *self {
            Self::SavedPercent(0.0) => f.write_str("0 %"),
            Self::SavedPercent(percent) => {
                // A change that would be rounded away is still a change.
                let size = percent.abs();
                let number = if size < 0.05 { format!("{size:.2}") } else { format!("{size:.1}") };
                write!(f, "{} % {}", number.trim_end_matches(".0"), how(percent < 0.0))
            }
            Self::SavedBytes(0) => f.write_str("0 bytes"),
            Self::SavedBytes(bytes) => write!(f, "{} bytes {}", thousands(bytes.unsigned_abs()), how(bytes < 0)),
            Self::Bytes(bytes) => write!(f, "{} bytes", thousands(bytes.unsigned_abs())),
            Self::Order(Order::Same) => f.write_str("the same size"),
            Self::Order(order) => f.write_str(order.word()),
        }
    }
}

/// Splits off the part that says whether a file gets smaller (1) or larger (-1). A minus before a number means smaller, as in a
/// table of changes; a plus could mean either.
fn signed(text: &str) -> Option<(f64, &str)> {
    let end = |words: &[&str]| words.iter().find_map(|word| text.strip_suffix(word)).map(str::trim_end);
    if let Some(number) = end(&["larger", "bigger", "more"]) {
        return Some((-1.0, number)).filter(|_| !number.starts_with(['-', '−', '+']));
    }
    let number = end(&["smaller", "less"]).unwrap_or(text);
    Some((1.0, number.trim_start_matches(['-', '−']).trim_start())).filter(|(_, number)| !number.starts_with('+'))
}

fn percent(text: &str) -> Option<f64> {
    let is_unit =
        text.ends_with('%') || text.ends_with("percent") || text.ends_with("per cent") || text.ends_with("pct");
    let text = if is_unit { text.to_owned() } else { format!("{text} %") };
    match Size::of_text(&text)? {
        Size::Percent(percent) => Some(percent),
        Size::Bytes(_) => None,
    }
}

fn bytes(text: &str) -> Option<f64> {
    match Size::of_text(text)? {
        Size::Bytes(bytes) => Some(bytes).filter(|bytes| *bytes <= MOST_BYTES),
        Size::Percent(_) => None,
    }
}

fn order(text: &str) -> Option<Order> {
    Some(match text.trim_matches(['.', '"', '\'', '`']) {
        "smaller" | "sm" | "less" | "<" => Order::Smaller,
        "same" | "sa" | "the same" | "the same size" | "same size" | "equal" | "=" => Order::Same,
        "larger" | "l" | "bigger" | "more" | ">" => Order::Larger,
        _ => return None,
    })
}

/// A place in exercise.toml (in bytes), and what is wrong there.
type Wrong = (Range<usize>, String);

/// Looks for what `deny_unknown_fields` can't catch. Whether the builds and goals exist is checked elsewhere.
///
/// # Errors
/// What is wrong, with its place.
pub(super) fn validate(data: &Data) -> Result<(), Wrong> {
    let mut names = BTreeSet::new();
    let by_goals: BTreeSet<&str> =
        data.goal.iter().flat_map(|goal| goal.check.builds()).map(|build| build.get_ref().as_str()).collect();
    for question in &data.predict {
        let wrong = |at: &Spanned<String>, message: String| Err((at.span(), message));
        let name = question.name.get_ref();
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(is_plain) {
            return wrong(
                &question.name,
                format!("a question can't be named `{name}`: use lowercase letters, digits, and hyphens"),
            );
        }
        if !names.insert(name) {
            return wrong(&question.name, format!("there are two questions `{name}`"));
        }
        if question.ask.trim().is_empty() || question.about.trim().is_empty() {
            return wrong(&question.name, format!("the question `{name}` needs words in `ask` and `about`"));
        }
        for build in question.measure.builds() {
            let is_own = data.build[build.get_ref().as_str()].tree == Tree::Learner;
            if is_own && question.when_met.is_empty() {
                let message = format!(
                    "`{}` is the learner's build: name the goals that must be met, in `when-met`",
                    build.get_ref()
                );
                return wrong(build, message);
            }
            if is_own && !by_goals.contains(build.get_ref().as_str()) {
                return wrong(build, format!("`{}` is the learner's build, and no goal builds it", build.get_ref()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between() -> Between {
        let name = |name: &str| Spanned::new(0..0, name.to_owned());
        Between { build: name("after"), against: name("before"), plus: Vec::new(), section: None }
    }

    #[test]
    fn what_people_write_is_understood_and_what_is_shown_is_read_again() {
        let percent = Measure::SavedPercent(between());
        for (text, value) in [
            ("20", 20.0),
            ("20 %", 20.0),
            ("20%", 20.0),
            (" 20.5 percent ", 20.5),
            ("20,5", 20.5),
            ("-20 %", 20.0),
            ("−20", 20.0),
            ("about 20%", 20.0),
            ("~20", 20.0),
            ("20 % smaller", 20.0),
            ("5 % larger", -5.0),
            ("5 bigger", -5.0),
            ("0", 0.0),
            ("100 %", 100.0),
        ] {
            let read = percent.read(text);
            assert_eq!(read, Some(Value::SavedPercent(value)), "{text}");
            assert_eq!(percent.read(&read.unwrap().to_string()), read, "{text}");
        }
        for text in [
            "",
            "much",
            "20 KB",
            "350k",
            "101",
            "1000 %",
            "+5 %",
            "-5 larger",
            "99999999 larger",
            "20 30",
            "1e999",
            "smaller",
        ] {
            assert_eq!(percent.read(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_and_words_are_understood() {
        let saved = Measure::SavedBytes(between());
        let bytes = Measure::Bytes(One { build: Spanned::new(0..0, "after".to_owned()) });
        for (text, value) in [
            ("350k", 358_400),
            ("350 KB", 350_000),
            ("350,000", 350_000),
            ("350000 bytes", 350_000),
            ("1.2 MB", 1_200_000),
        ] {
            assert_eq!(saved.read(text), Some(Value::SavedBytes(value)), "{text}");
            assert_eq!(bytes.read(text), Some(Value::Bytes(value)), "{text}");
        }
        assert_eq!(saved.read("5,000 bytes larger"), Some(Value::SavedBytes(-5000)));
        assert_eq!(saved.read(&Value::SavedBytes(-5000).to_string()), Some(Value::SavedBytes(-5000)));
        assert_eq!(bytes.read(&Value::Bytes(287_336).to_string()), Some(Value::Bytes(287_336)));
        for text in ["20 %", "-350k", "0", "9e99", "12345678901234567890", "22.7"] {
            assert_eq!(bytes.read(text), None, "{text}");
        }
        let order = Measure::Order(between());
        for (text, word) in
            [("Smaller", Order::Smaller), ("same", Order::Same), ("l", Order::Larger), ("=", Order::Same)]
        {
            assert_eq!(order.read(text), Some(Value::Order(word)), "{text}");
        }
        for word in [Order::Smaller, Order::Same, Order::Larger].map(Value::Order) {
            assert_eq!(order.read(&word.to_string()), Some(word), "{word}");
        }
        for text in ["s", "", "20 %", "smaller or same"] {
            assert_eq!(order.read(text), None, "{text}");
        }
    }

    #[test]
    fn close_is_within_a_tenth_or_a_percentage_point() {
        let percent = |guess, truth| Value::SavedPercent(guess).is_close(Value::SavedPercent(truth));
        assert!(percent(30.0, 33.0) && !percent(29.0, 33.0) && percent(1.0, 0.1) && !percent(20.0, -0.1));
        let bytes = |guess, truth| Value::Bytes(guess).is_close(Value::Bytes(truth));
        assert!(bytes(90, 100) && bytes(110, 100) && !bytes(111, 100));
        let far = |guess, truth| Value::SavedPercent(guess).is_far(Value::SavedPercent(truth));
        assert!(far(20.0, -0.1) && far(5.0, 10.0) && !far(8.0, 10.0) && !far(0.5, 0.1));
        assert!(!Value::Order(Order::Same).is_close(Value::Order(Order::Larger)));
        assert!(!Value::Bytes(5).is_close(Value::SavedBytes(5)), "an exercise may have changed");
    }

    #[test]
    fn what_was_measured_is_told_with_its_sign() {
        let build = |bytes| Built { bytes, ..Built::default() };
        let (before, after) = (build(1000), build(900));
        let built = |name: &str| Some(if name == "after" { &after } else { &before });
        assert_eq!(Measure::SavedPercent(between()).measured(built), Some(Value::SavedPercent(10.0)));
        assert_eq!(Measure::SavedBytes(between()).measured(built), Some(Value::SavedBytes(100)));
        assert_eq!(Measure::Order(between()).measured(built), Some(Value::Order(Order::Smaller)));
        let twice = Between { plus: vec![Spanned::new(0..0, "before".to_owned())], ..between() };
        assert_eq!(Measure::SavedPercent(twice).measured(built), Some(Value::SavedPercent(55.0)));
        assert_eq!(Measure::Order(between()).measured(|name| built(name).filter(|_| name == "after")), None);
        assert_eq!(Value::SavedPercent(-0.02).to_string(), "0.02 % larger");
        assert_eq!(Value::SavedPercent(-3.44).to_string(), "3.4 % larger");
    }
}
