//! Judges an answer against a truth that is measured now. The truth is never told before the answer is right; what was
//! measured for the learner's own answer is.

use super::{Case, Finding};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Built, group_key};
use crate::exercise::answers::{Answer, Answers};
use crate::exercise::kinds::{
    self, Caller, Choice, CrateSize, GroupSize, LargestCrate, LargestGroup, Shrinks, Smallest, Text, Times, Truth,
    Twins,
};
use crate::manifest::nearest;
use crate::units::{self, change, thousands};
use serde_json::json;
use std::collections::BTreeMap;
use toml::Value;

/// What is said of an answer.
enum Said {
    Right,
    /// Why it is wrong, in words that follow "`key` is not right: ".
    Wrong(String),
    /// What kind of answer belongs here.
    NotANumber(String),
    /// The words there are to choose from.
    NoOption(Vec<String>),
    NeedsBuild,
}

pub fn judge(case: &Case<'_>, answers: &Answers, goal: &str, spec: &kinds::Answer) -> Finding {
    let kinds::Answer { key, truth, told } = spec;
    if let Some(problem) = answers.problems.first() {
        return Finding::NotMet(vec![problem.clone()], serde_json::Value::Null);
    }
    let answer = match answers.get(key, &case.exercise.id) {
        Ok(answer) => answer,
        Err(missing) => return Finding::NotMet(vec![*missing], serde_json::Value::Null),
    };
    let given = match &answer.value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let data = json!({ "key": key, "answer": given, "for_instructor": matches!(truth, Truth::Text(_)) });
    let problem = |code, message: String, label: &str| {
        Diagnostic::new(code, message).at(&answers.source, answer.span.clone(), label)
    };
    let problem = match say(case, goal, truth, answer, &given) {
        Said::Right => return Finding::Met(data),
        Said::NeedsBuild => return Finding::NeedsBuild,
        Said::Wrong(why) => {
            let label = match truth {
                Truth::Text(_) => "too short",
                Truth::Choice(_) => "not this one",
                _ => "not what was measured",
            };
            let problem = problem(Code::AnswerWrong, format!("`{key}` is not right: {why}"), label);
            match told.get(&given) {
                Some(told) => problem.help(told),
                None => problem.help(format!("`cargo xtask hint {}` helps", case.exercise.id)),
            }
        }
        Said::NotANumber(help) => {
            problem(Code::AnswerNotANumber, format!("`{key}` is no number that is understood"), "not understood")
                .help(help)
        }
        Said::NoOption(options) => {
            // Of numbers none is meant by another.
            let word = Some(given.to_lowercase()).filter(|given| given.parse::<f64>().is_err());
            let help = match word.and_then(|word| nearest(&word, options.iter().map(String::as_str))) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("choose one of {}", options.join(", ")),
            };
            problem(Code::AnswerWrong, format!("`{key}` is none of the answers there are"), "not among them").help(help)
        }
    };
    Finding::NotMet(vec![problem], data)
}

fn say(case: &Case<'_>, goal: &str, truth: &Truth, answer: &Answer, given: &str) -> Said {
    let built = |name: &str| case.evidence.and_then(|evidence| evidence.built(name));
    match truth {
        Truth::Choice(Choice { right, options }) => {
            choose(given, options, |given| match right.iter().any(|right| right == given) {
                true => Ok(()),
                false => Err("another answer fits better".to_owned()),
            })
        }
        Truth::Text(Text { words }) => {
            let count = given.split_whitespace().count();
            if count >= *words {
                Said::Right
            } else {
                Said::Wrong(format!("one sentence has at least {words} words, and this has {count}"))
            }
        }
        Truth::LargestCrate(LargestCrate { build, after_std }) => {
            let Some(built) = built(build.get_ref()) else { return Said::NeedsBuild };
            largest_crate(built, *after_std, given)
        }
        Truth::CrateSize(CrateSize { build, krate, tolerance_percent }) => {
            let Some(size) = Size::parse(&answer.value) else { return Said::NotANumber(SIZES.to_owned()) };
            let Some(built) = built(build.get_ref()) else { return Said::NeedsBuild };
            let bytes = built.crates.iter().find(|(name, _)| name == krate).map_or(0, |(_, bytes)| *bytes);
            code_size(built, bytes, *tolerance_percent, &size)
        }
        Truth::GroupSize(GroupSize { build, group, tolerance_percent }) => {
            let Some(size) = Size::parse(&answer.value) else { return Said::NotANumber(SIZES.to_owned()) };
            let Some(built) = built(build.get_ref()) else { return Said::NeedsBuild };
            let bytes = built.groups.get(&group_key(group)).copied().flatten().unwrap_or_default();
            code_size(built, bytes, *tolerance_percent, &size)
        }
        Truth::LargestGroup(LargestGroup { build, groups }) => {
            let options: Vec<String> = groups.keys().cloned().collect();
            let Some(built) = built(build.get_ref()) else { return known(given, &options) };
            let bytes =
                |group: &Vec<String>| built.groups.get(&group_key(group)).copied().flatten().unwrap_or_default();
            choose(given, &options, |given| {
                let own = bytes(&groups[given]);
                let best = groups.values().map(bytes).max().unwrap_or_default();
                let share = own * 100 / built.part(Some(".text")).unwrap_or(1).max(1);
                if own == best {
                    Ok(())
                } else {
                    Err(format!("these functions are {share} % of the code, others more"))
                }
            })
        }
        Truth::Shrinks(spec) => shrinks(case, spec, given),
        Truth::Caller(Caller { build, of, .. }) => {
            let Some(built) = built(build.get_ref()) else { return Said::NeedsBuild };
            let run = built.runs.get(goal).and_then(|runs| runs.first());
            called_by(built, &run.map(|run| String::from_utf8_lossy(&run.stderr)).unwrap_or_default(), of, given)
        }
        Truth::Twins(Twins { build, same_as, same, different }) => {
            let options = [same.clone(), different.clone()];
            let (Some(own), Some(twin)) = (built(build.get_ref()), built(same_as.get_ref())) else {
                return known(given, &options);
            };
            let right = if own.code.sha256 == twin.code.sha256 { same } else { different };
            choose(given, &options, |given| match given == right {
                true => Ok(()),
                false => Err("the machine code of both builds was compared just now, byte by byte".to_owned()),
            })
        }
        Truth::Times(Times { build, against, tolerance_percent }) => {
            let number = units::number(given.trim_end_matches("times").trim_end_matches('x'), false);
            let Some(given) = number.ok().filter(|number| number.is_finite() && *number > 0.0) else {
                return Said::NotANumber("divide one size by the other, and write the result: 2.5".to_owned());
            };
            let (Some(build), Some(against)) = (built(build.get_ref()), built(against.get_ref())) else {
                return Said::NeedsBuild;
            };
            let truth = build.bytes as f64 / against.bytes.max(1) as f64;
            if (given - truth).abs() <= truth * tolerance_percent / 100.0 {
                Said::Right
            } else {
                let far = if given > truth { "much" } else { "little" };
                Said::Wrong(format!("it is more than {tolerance_percent} % too {far}"))
            }
        }
        Truth::Smallest(Smallest { builds }) => {
            let options: Vec<String> = builds.keys().cloned().collect();
            let sizes: Option<BTreeMap<&String, u64>> =
                builds.iter().map(|(answer, build)| Some((answer, built(build.get_ref())?.bytes))).collect();
            let Some(sizes) = sizes else { return known(given, &options) };
            choose(given, &options, |given| {
                let (own, least) = (sizes[&given.to_owned()], sizes.values().min().copied().unwrap_or_default());
                match own == least {
                    true => Ok(()),
                    false => Err(format!("with it the file has {} bytes, and another one is smaller", thousands(own))),
                }
            })
        }
    }
}

/// Judges one of some words; another word is no answer.
fn choose(given: &str, options: &[String], judge: impl Fn(&str) -> Result<(), String>) -> Said {
    if !options.iter().any(|option| option == given) {
        return Said::NoOption(options.to_vec());
    }
    match judge(given) {
        Ok(()) => Said::Right,
        Err(why) => Said::Wrong(why),
    }
}

/// As long as nothing is built, only a word that is no answer is wrong.
fn known(given: &str, options: &[String]) -> Said {
    if options.iter().any(|option| option == given) { Said::NeedsBuild } else { Said::NoOption(options.to_vec()) }
}

fn largest_crate(built: &Built, after_std: bool, given: &str) -> Said {
    // cargo-bloat puts a ? behind a name that it had to guess.
    let given = given.trim_end_matches('?').replace('-', "_");
    let counts = |krate: &str| !(krate.starts_with('[') || after_std && kinds::is_std(krate));
    let largest = built.crates.iter().find(|(krate, _)| counts(krate));
    match (largest, built.crates.iter().find(|(krate, _)| *krate == given)) {
        (Some((largest, _)), _) if *largest == given => Said::Right,
        (_, Some((krate, _))) if after_std && kinds::is_std(krate) => Said::Wrong(
            "that is the standard library, or comes inside it; the largest one after it is asked for".to_owned(),
        ),
        (_, Some((_, bytes))) => {
            Said::Wrong(format!("it has {} bytes of code, and another crate more", thousands(*bytes)))
        }
        (_, None) => Said::Wrong("no crate of this name is in the program's code".to_owned()),
    }
}

/// Judges who called the function `of`, by the addresses that the program told when it crashed.
fn called_by(built: &Built, told: &str, of: &str, given: &str) -> Said {
    // addr2line may leave the hash that a symbol ends with.
    let given = match given.rsplit_once("::h") {
        Some((path, hash)) if hash.len() == 16 && hash.bytes().all(|digit| digit.is_ascii_hexdigit()) => path,
        _ => given,
    };
    if built.functions.is_empty() {
        return Said::Wrong("the executable names no functions that it could be compared with".to_owned());
    }
    let addresses = told.split_whitespace().filter_map(|word| u64::from_str_radix(word.split_once("+0x")?.1, 16).ok());
    let function = |address: u64| {
        let covers = |(start, bytes, _): &&(u64, u64, String)| (*start..start + bytes).contains(&address);
        built.functions.iter().find(covers).map(|(_, _, name)| name.as_str())
    };
    let calls: Vec<&str> = addresses.filter_map(function).collect();
    let caller = calls.iter().skip_while(|name| **name != of).find(|name| **name != of);
    let is_given = |name: &str| name == given || name.rsplit("::").next() == Some(given);
    match caller {
        Some(caller) if is_given(caller) => Said::Right,
        Some(_) if calls.iter().any(|name| is_given(name)) => {
            Said::Wrong(format!("it is among the calls of the crash, but another one called `{of}`"))
        }
        Some(_) => Said::Wrong("no call of the crash was in a function of this name".to_owned()),
        None => Said::Wrong(format!("the program did not crash in `{of}` when it was run just now")),
    }
}

/// Bytes, or percent of all code.
#[derive(Debug, PartialEq)]
enum Size {
    Bytes(f64),
    Percent(f64),
}

impl Size {
    /// What people and cargo-bloat write.
    fn parse(value: &Value) -> Option<Self> {
        let text = match value {
            Value::Integer(bytes) => return u32::try_from(*bytes).ok().map(|bytes| Self::Bytes(bytes.into())),
            Value::String(text) => text.trim(),
            _ => return None,
        };
        let unit_at = text.find(|c: char| c.is_alphabetic() || c == '%').unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let unit = unit.to_lowercase();
        // A comma groups digits in whole numbers only: "24,371". "9,2" would be a guess.
        let number = units::number(number, matches!(unit.as_str(), "" | "b" | "bytes")).ok()?;
        let factor = match unit.as_str() {
            "%" => return Some(Self::Percent(number)),
            // A byte has no parts: somebody has left out the unit.
            "" | "b" | "bytes" if number.fract() == 0.0 => 1.0,
            "kib" | "k" => 1024.0,
            "kb" => 1000.0,
            "mib" | "m" => 1_048_576.0,
            "mb" => 1_000_000.0,
            _ => return None,
        };
        (number.is_finite() && number >= 0.0).then_some(Self::Bytes(number * factor))
    }
}

/// What is understood as a size.
const SIZES: &str =
    "write bytes (24371), or in quotes what cargo-bloat prints, with the unit: \"23.8KiB\" or \"9.2%\" (of .text)";

fn code_size(built: &Built, bytes: u64, tolerance: f64, size: &Size) -> Said {
    let bytes = bytes as f64;
    let text = built.part(Some(".text")).unwrap_or_default().max(1) as f64;
    let (given, truth) = match size {
        Size::Bytes(given) => (*given, bytes),
        Size::Percent(given) => (*given, bytes * 100.0 / text),
    };
    // Two tools never agree to the byte on what belongs to a crate.
    if (given - truth).abs() <= truth * tolerance / 100.0 {
        Said::Right
    } else {
        let far = if given > truth { "much" } else { "little" };
        let given = match size {
            Size::Bytes(given) => format!("{} bytes", thousands(*given as u64)),
            Size::Percent(given) => format!("{given} % of the machine code"),
        };
        Said::Wrong(format!("it says {given}, more than {tolerance} % too {far}"))
    }
}

fn shrinks(case: &Case<'_>, spec: &Shrinks, given: &str) -> Said {
    let Shrinks { group, from, builds, least_percent, nothing } = spec;
    let options: Vec<String> = builds.keys().chain([nothing]).cloned().collect();
    let built = |name: &str| case.evidence.and_then(|evidence| evidence.built(name));
    let all = [from].into_iter().chain(builds.values()).all(|build| built(build.get_ref()).is_some());
    let Some(reference) = built(from.get_ref()).filter(|_| all) else { return known(given, &options) };
    let key = group_key(group);
    let before = reference.groups.get(&key).copied().flatten().unwrap_or_default();
    let after = |answer: &str| {
        let build = built(builds.get(answer)?.get_ref())?;
        // A stripped file names no functions. As long as it has as much code as the other one, it has the same.
        let same_code = build.part(Some(".text")) == reference.part(Some(".text"));
        build.groups.get(&key).copied().flatten().or_else(|| same_code.then_some(before))
    };
    let enough = |bytes: u64| bytes as f64 <= before as f64 * (1.0 - least_percent / 100.0);
    let best =
        builds.keys().filter_map(|answer| Some((after(answer)?, answer))).filter(|(bytes, _)| enough(*bytes)).min();
    choose(given, &options, |given| match best {
        Some((_, best)) if best == given => Ok(()),
        None if nothing == given => Ok(()),
        _ if nothing == given => Err("there is one that does".to_owned()),
        _ => match after(given) {
            Some(bytes) => Err(format!(
                "this code has {} bytes in the default release build, and {} with it ({})",
                thousands(before),
                thousands(bytes),
                change(bytes, before)
            )),
            None => Err("the file is stripped, so it names no functions".to_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_bloat_prints_is_a_size() {
        let parse = |text: &str| Size::parse(&text.into());
        assert_eq!(parse("23.8KiB"), Some(Size::Bytes(24371.2)));
        assert_eq!(parse("316B"), Some(Size::Bytes(316.0)));
        assert_eq!(parse("9.2 %"), Some(Size::Percent(9.2)));
        assert_eq!(parse("24,371"), Some(Size::Bytes(24371.0)));
        assert_eq!(Size::parse(&24371.into()), Some(Size::Bytes(24371.0)));
        for no_number in ["9,2%", "much", "", "-3", "1e999", "24 parsecs", "22.7", "23,8KiB", "1 5 KiB", "1,500 KiB"] {
            assert_eq!(parse(no_number), None, "{no_number}");
        }
        assert_eq!(Size::parse(&9.2.into()), None, "of what?");
    }
}
