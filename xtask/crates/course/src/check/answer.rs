//! Judges an answer against a truth that is measured now. The truth is never shown before the answer is right, but what
//! was measured for the learner's own answer is.

pub(crate) mod size;
mod words;

use super::{Case, Data, Finding, data};
use crate::diagnostic::{Code, Diagnostic};
use crate::evidence::{Built, group_key};
use crate::exercise::answers::{Answer, Answers};
use crate::exercise::kinds::{
    self, Caller, Choice, CrateSize, GroupSize, LargestCrate, LargestGroup, Line, Saved, Shrinks, Smallest, Text,
    Times, Truth, Twins,
};
use base::numbers::{Percent, change, number, plural, thousands};
use size::Size;
use std::collections::BTreeMap;
use toml::Value;
use weigh::measure::crates;

/// The verdict on an answer.
enum Said {
    Right,
    /// Why it is wrong, in words that follow "`key` isn't right: ".
    Wrong(String),
    /// It isn't a number of the required kind: the kind, and what to write.
    NotANumber(&'static str, String),
    /// The possible words.
    NoOption(Vec<String>),
    NeedsBuild,
}

pub(super) fn judge(case: &Case<'_>, answers: &Answers, goal: &str, spec: &kinds::Answer) -> Finding {
    let kinds::Answer { key, truth, told } = spec;
    if let Some(problem) = answers.problems.first() {
        return Finding::NotMet(vec![problem.clone()], Data::Nothing);
    }
    let answer = match answers.get(key, case.exercise) {
        Ok(answer) => answer,
        Err(missing) => return Finding::NotMet(vec![*missing], Data::Nothing),
    };
    let given = match &answer.value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let for_instructor = matches!(truth, Truth::Text(_));
    let data = Data::Answer(data::Answer { key: key.clone(), given: given.clone(), for_instructor });
    let problem = |code, message: String, label: &str| {
        Diagnostic::new(code, message).at(&answers.source, answer.span.clone(), label)
    };
    let problem = match say(case, goal, truth, answer, &given) {
        Said::Right => return Finding::Met(data),
        Said::NeedsBuild => return Finding::NeedsBuild,
        Said::Wrong(why) => {
            let label = match truth {
                Truth::Text(_) => "too short",
                Truth::Choice(_) | Truth::Line(_) => "not this one",
                _ => "not what was measured",
            };
            let problem = problem(Code::AnswerWrong, format!("`{key}` isn't right: {why}"), label);
            match told.iter().find(|(option, _)| means(truth, option, &given)) {
                Some((_, told)) => problem.help(told),
                None => problem.help(format!("for a hint, run `cargo xtask hint {}`", case.exercise.id)),
            }
        }
        Said::NotANumber(kind, help) => {
            let message = format!("`{key}` isn't {kind} in a form that the check understands");
            problem(Code::AnswerNotANumber, message, "not understood").help(help)
        }
        Said::NoOption(options) => {
            // A number is never a misspelled word.
            let word = Some(words::folded(&given)).filter(|given| given.parse::<f64>().is_err());
            let near = word.and_then(|word| words::near(&word, &options));
            let help = match (near, words::named(&given, &options)) {
                (_, Some(one)) => format!("write just the word \"{one}\""),
                (Some(near), None) => format!("did you mean \"{near}\"?"),
                (None, None) => format!("choose one of: {}", options.join(", ")),
            };
            problem(Code::AnswerWrong, format!("`{key}` isn't one of the possible answers"), "not one of them")
                .help(help)
        }
    };
    Finding::NotMet(vec![problem], data)
}

/// Whether the explanation for `option` is about this answer.
fn means(truth: &Truth, option: &str, given: &str) -> bool {
    match truth {
        Truth::Line(_) => words::line(given).is_some_and(|(_, line)| line.to_string() == option),
        _ => words::option(given, &[option.to_owned()]).is_some(),
    }
}

fn say(case: &Case<'_>, goal: &str, truth: &Truth, answer: &Answer, given: &str) -> Said {
    let built = |name: &str| case.evidence.and_then(|evidence| evidence.built(name));
    match truth {
        Truth::Choice(Choice { right, options }) => {
            choose(given, options, |given| match right.iter().any(|right| right == given) {
                true => Ok(()),
                false => Err("a different answer fits better".to_owned()),
            })
        }
        Truth::Line(spec) => line(spec, given),
        Truth::Text(spec) => text(spec, given),
        Truth::LargestCrate(LargestCrate { build, after_std }) => {
            let Some(built) = built(build.get_ref()) else { return Said::NeedsBuild };
            largest_crate(built, *after_std, given)
        }
        Truth::CrateSize(CrateSize { build, krate, tolerance_percent }) => {
            size_of_code(answer, built(build.get_ref()), *tolerance_percent, |built| {
                built.crates.iter().find(|(name, _)| name == krate).map_or(0, |(_, bytes)| *bytes)
            })
        }
        Truth::GroupSize(GroupSize { build, group, tolerance_percent }) => {
            size_of_code(answer, built(build.get_ref()), *tolerance_percent, |built| bytes_of_group(built, group))
        }
        Truth::LargestGroup(spec) => largest_group(built(spec.build.get_ref()), spec, given),
        Truth::Shrinks(spec) => shrinks(case, spec, given),
        Truth::Caller(spec) => {
            let Some(built) = built(spec.build.get_ref()) else { return Said::NeedsBuild };
            caller(case, goal, built, spec, given)
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
        Truth::Times(spec) => ratio(built(spec.build.get_ref()), built(spec.against.get_ref()), spec, given),
        Truth::Saved(spec) => saved(built(spec.build.get_ref()), built(spec.against.get_ref()), spec, answer),
        Truth::Smallest(Smallest { builds }) => {
            let sizes: Option<BTreeMap<&str, u64>> =
                builds.iter().map(|(answer, build)| Some((answer.as_str(), built(build.get_ref())?.bytes))).collect();
            smallest(sizes, &builds.keys().cloned().collect::<Vec<_>>(), given)
        }
    }
}

fn line(Line { file, right }: &Line, given: &str) -> Said {
    match words::line(given) {
        None => {
            Said::NotANumber("a line", "write its number, 12, or the file and the number: \"main.rs:12\"".to_owned())
        }
        Some((Some(other), _)) if !words::is_file(&other, file) => {
            Said::Wrong(format!("the question is about {file}, but this is a line of a different file"))
        }
        Some((_, line)) if line == *right => Said::Right,
        Some((_, line)) => Said::Wrong(format!("it isn't line {line} of {file}")),
    }
}

fn text(Text { words }: &Text, given: &str) -> Said {
    let count = given.split_whitespace().count();
    if count >= *words {
        Said::Right
    } else {
        Said::Wrong(format!("the sentence needs at least {words} words, but it has {}", plural(count, "word")))
    }
}

/// A size of some code of a build. Whether it is a size at all is checked before anything is built.
fn size_of_code(answer: &Answer, built: Option<&Built>, tolerance: Percent, bytes: impl Fn(&Built) -> u64) -> Said {
    match Size::parse(&answer.value) {
        Err(help) => Said::NotANumber("a size", help),
        Ok(size) => built.map_or(Said::NeedsBuild, |built| code_size(built, bytes(built), tolerance, &size)),
    }
}

fn bytes_of_group(built: &Built, group: &[String]) -> u64 {
    built.groups.get(&group_key(group)).copied().flatten().unwrap_or_default()
}

fn largest_group(built: Option<&Built>, LargestGroup { groups, .. }: &LargestGroup, given: &str) -> Said {
    let options: Vec<String> = groups.keys().cloned().collect();
    let Some(built) = built else { return known(given, &options) };
    choose(given, &options, |given| {
        let own = bytes_of_group(built, &groups[given]);
        let best = groups.values().map(|group| bytes_of_group(built, group)).max().unwrap_or_default();
        let share = own * 100 / built.part(Some(".text")).unwrap_or(1).max(1);
        if own == best {
            Ok(())
        } else {
            Err(format!("these functions are {share} % of the code, and a different group is larger"))
        }
    })
}

fn caller(case: &Case<'_>, goal: &str, built: &Built, Caller { of, .. }: &Caller, given: &str) -> Said {
    let run = built.runs.get(goal).and_then(|runs| runs.first());
    let told = run.map(|run| String::from_utf8_lossy(&run.stderr)).unwrap_or_default();
    let last = |(_, _, name): &(u64, u64, String)| name.rsplit("::").next().unwrap_or_default().to_owned();
    let own: Vec<String> = built.functions.iter().map(last).collect();
    if !words::is_one_function(given, &own.iter().map(String::as_str).collect::<Vec<_>>()) {
        return Said::Wrong("it names more than one function, or something besides a function".to_owned());
    }
    called_by(built, &told, of, &words::function(given, &case.exercise.data.package))
}

/// How many times as large one build is as another.
fn ratio(build: Option<&Built>, against: Option<&Built>, spec: &Times, given: &str) -> Said {
    let Some(given) = times(given) else {
        let help =
            percent(given).unwrap_or_else(|| "divide one size by the other, and write the result: 2.5".to_owned());
        return Said::NotANumber("a number of times", help);
    };
    let (Some(build), Some(against)) = (build, against) else { return Said::NeedsBuild };
    let truth = (build.bytes, against.bytes.max(1));
    let tolerance = spec.tolerance_percent;
    if tolerance.reaches(given, truth) {
        Said::Right
    } else {
        Said::Wrong(format!("it is more than {tolerance} % too {}", far(given, truth)))
    }
}

/// By how many bytes one build is smaller than another. Whether the answer is a number of bytes at all is checked before
/// anything is built.
fn saved(build: Option<&Built>, against: Option<&Built>, spec: &Saved, answer: &Answer) -> Said {
    let given = match Size::saved(&answer.value) {
        Ok(given) => given,
        Err(help) => return Said::NotANumber("a number of bytes", help),
    };
    let (Some(build), Some(against)) = (build, against) else { return Said::NeedsBuild };
    let truth = (against.bytes.saturating_sub(build.bytes), 1);
    let tolerance = spec.tolerance_percent;
    if truth.0 == 0 {
        Said::Wrong("the program isn't smaller than it was, so nothing was saved".to_owned())
    } else if tolerance.reaches(given, truth) {
        Said::Right
    } else {
        let (bytes, far) = (thousands(given as u64), far(given, truth));
        Said::Wrong(format!(
            "{bytes} bytes is too {far}: it's more than {tolerance} % away from what your change saves"
        ))
    }
}

/// Which answer gives the smallest file. `sizes`: of each answer's build, once all are there.
fn smallest(sizes: Option<BTreeMap<&str, u64>>, options: &[String], given: &str) -> Said {
    let Some(sizes) = sizes else { return known(given, options) };
    choose(given, options, |given| {
        let (own, least) = (sizes[given], sizes.values().min().copied().unwrap_or_default());
        match own == least {
            true => Ok(()),
            false => Err(format!("with that, the file is {} bytes, and it can be smaller", thousands(own))),
        }
    })
}

/// Judges one word out of several, however it is written; any other word isn't an answer.
fn choose(given: &str, options: &[String], judge: impl Fn(&str) -> Result<(), String>) -> Said {
    let Some(option) = words::option(given, options) else { return Said::NoOption(options.to_vec()) };
    match judge(option) {
        Ok(()) => Said::Right,
        Err(why) => Said::Wrong(why),
    }
}

/// As long as nothing is built, only a word that isn't an option is wrong.
fn known(given: &str, options: &[String]) -> Said {
    match words::option(given, options) {
        Some(_) => Said::NeedsBuild,
        None => Said::NoOption(options.to_vec()),
    }
}

/// How many times, as in `2.5`, `2,5`, `2.5x` or `about 2.5 times`.
fn times(given: &str) -> Option<f64> {
    let given = words::plain(given).to_lowercase();
    let given = given.trim_start_matches("about").trim_start_matches(['~', '≈', 'x', '×', ' ']);
    let number = given.trim_end_matches("as large").trim_end().trim_end_matches("times").trim_end_matches(['x', '×']);
    let number::Number { value, fraction } = number::parse(number)?;
    // A file that is a thousand times as large has a decimal comma.
    Some(fraction.unwrap_or(value)).filter(|number| *number > 0.0)
}

/// How to write a percentage as a number of times: `350 %` of the other size, or 350 % more than it.
fn percent(given: &str) -> Option<String> {
    let given = words::plain(given);
    let number = given.strip_suffix('%').or_else(|| given.strip_suffix("percent"))?.trim();
    let number::Number { value, fraction } = number::parse(number)?;
    // Rounded: 2.8 + 1 isn't 3.8 in binary.
    let times = |percent: f64| (percent * 100.0).round() / 10_000.0;
    let percent = fraction.unwrap_or(value);
    Some(format!(
        "{number} % of the other size is {}, and {number} % more is {}: write the one you mean, without a percent sign",
        times(percent),
        times(percent + 100.0)
    ))
}

fn largest_crate(built: &Built, after_std: bool, given: &str) -> Said {
    let given = words::crate_name(given);
    let counts = |krate: &str| !(krate.starts_with('[') || after_std && crates::is_std(krate));
    let largest = built.crates.iter().find(|(krate, _)| counts(krate));
    match (largest, built.crates.iter().find(|(krate, _)| *krate == given)) {
        (Some((largest, _)), _) if *largest == given => Said::Right,
        (_, Some((krate, _))) if after_std && crates::is_std(krate) => Said::Wrong(
            "that is the standard library, or a part of it; the question is about the largest crate other than std"
                .to_owned(),
        ),
        (_, Some((_, bytes))) => {
            Said::Wrong(format!("it is {} bytes of code, and there is a larger one", thousands(*bytes)))
        }
        (_, None) => Said::Wrong("the program contains no code from a crate with this name".to_owned()),
    }
}

/// Judges who called the function `of`, by the addresses that the program printed when it crashed.
fn called_by(built: &Built, told: &str, of: &str, given: &str) -> Said {
    if built.functions.is_empty() {
        return Said::Wrong("the executable has no function names to compare it with".to_owned());
    }
    let addresses = told.split_whitespace().filter_map(|word| u64::from_str_radix(word.split_once("+0x")?.1, 16).ok());
    let function = |address: u64| {
        let covers = |(start, bytes, _): &&(u64, u64, String)| (*start..start + bytes).contains(&address);
        built.functions.iter().find(covers).map(|(_, _, name)| name.as_str())
    };
    let calls: Vec<&str> = addresses.filter_map(function).collect();
    let caller = calls.iter().skip_while(|name| **name != of).find(|name| **name != of);
    let is_given = |name: &str| {
        let name = words::function(name, "");
        name == given || name.rsplit("::").next() == Some(given)
    };
    match caller {
        Some(caller) if is_given(caller) => Said::Right,
        Some(_) if calls.iter().any(|name| is_given(name)) => {
            Said::Wrong(format!("it is in the crash's call stack, but a different function called `{of}`"))
        }
        Some(_) => Said::Wrong("the crash's call stack has no function by this name".to_owned()),
        None => Said::Wrong(format!("the program didn't crash in `{of}` when it was run just now")),
    }
}

/// Whether an answer that isn't near the truth, a fraction, is too high or too low, as a word.
fn far(given: f64, (part, whole): (u64, u64)) -> &'static str {
    if given > part as f64 / whole as f64 { "high" } else { "low" }
}

fn code_size(built: &Built, bytes: u64, tolerance: Percent, size: &Size) -> Said {
    let text = built.part(Some(".text")).unwrap_or_default().max(1);
    let (given, truth) = match size {
        Size::Bytes(given) => (*given, (bytes, 1)),
        Size::Percent(given) => (*given, (bytes.saturating_mul(100), text)),
    };
    // Two tools never agree to the byte on what belongs to a crate.
    if tolerance.reaches(given, truth) {
        Said::Right
    } else {
        let far = far(given, truth);
        let given = match size {
            Size::Bytes(given) => format!("{} bytes", thousands(*given as u64)),
            Size::Percent(given) => format!("{given} % of the machine code"),
        };
        Said::Wrong(format!("{given} is more than {tolerance} % too {far}"))
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
        // A stripped file has no function names. If it has as much code as the other one, it has the same code.
        let same_code = build.part(Some(".text")) == reference.part(Some(".text"));
        build.groups.get(&key).copied().flatten().or_else(|| same_code.then_some(before))
    };
    let enough = |bytes: u64| bytes <= least_percent.off(before);
    let best =
        builds.keys().filter_map(|answer| Some((after(answer)?, answer))).filter(|(bytes, _)| enough(*bytes)).min();
    choose(given, &options, |given| match best {
        Some((_, best)) if best == given => Ok(()),
        None if nothing == given => Ok(()),
        _ if nothing == given => Err("one of the other answers does have that effect".to_owned()),
        _ => match after(given) {
            Some(bytes) => Err(format!(
                "this code is {} bytes in the default release build, and {} with it ({})",
                thousands(before),
                thousands(bytes),
                change(bytes, before)
            )),
            None => Err("the file is stripped, so it has no function names".to_owned()),
        },
    })
}
