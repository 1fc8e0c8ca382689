//! What each setting of a profile is worth, and what it costs: for people, and as JSON.

use crate::inspect::probe::Behaviour;
use crate::inspect::whatif::{Mode, Refusal, Setting, WhatIf};
use base::numbers::{change, thousands};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For a terminal.
pub(crate) fn text(what_if: &WhatIf) -> String {
    let WhatIf { program, before, profile, before_bytes, behaviour, settings, refused, .. } = what_if;
    let mut text = format!("{program}: {before} {} -> {profile} ", thousands(*before_bytes));
    text += &match what_if.after_bytes {
        Some(after) => format!("{} bytes ({})\n\n", thousands(after), change(after, *before_bytes)),
        None => "doesn't build\n\n".to_owned(),
    };
    text += &table(what_if);
    text += if what_if.mode == Mode::Full {
        "\nput in: bytes that it changes alone. taken out: what is added when only it is missing. on average: over all orders in
which the settings could be put in. build s: seconds of rustc with it alone, beside other builds.\n"
    } else {
        "\nput in: bytes that it changes alone. taken out: what is added when only it is missing. build s: seconds of rustc with it
alone, beside other builds. This is --quick: the averages over all orders need every combination, so leave it out.\n"
    };
    text += &instructions(what_if);
    if !refused.is_empty() {
        text += "\nbuilds that failed:\n";
        refused.iter().for_each(|Refusal { name, reason }| text += &format!("  {name}: {reason}\n"));
    }
    text + &all_costs(behaviour, settings)
}

/// The settings, one in a row.
fn table(what_if: &WhatIf) -> String {
    let WhatIf { before_bytes, after_bytes, mode, settings, .. } = what_if;
    let counted = what_if.before_instructions.is_some();
    let is_full = *mode == Mode::Full;
    let name = |setting: &Setting| format!("{} = {}", setting.key, setting.value);
    let width = settings.iter().map(|setting| name(setting).len() + 1).max().unwrap_or(0).max(24);
    let average = |text: &str| if is_full { format!("{text:>13}") } else { String::new() };
    let mut text =
        format!("{:width$}{:>11}{:>13}{}{:>9}", "setting", "put in", "taken out", average("on average"), "build s");
    text += if counted { "   Minstr\n" } else { "\n" };
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let millions = |count: Option<u64>| match count {
        Some(count) if counted => format!("{:>9.2}", count as f64 / 1e6),
        None if counted => format!("{:>9}", "-"),
        _ => String::new(),
    };
    let signed = |bytes: Option<u64>, reference: Option<u64>| match (bytes, reference) {
        (Some(bytes), Some(reference)) => signed(bytes, reference),
        _ => "-".to_owned(),
    };
    for setting in settings {
        let _ = writeln!(
            text,
            "{:width$}{:>11}{:>13}{}{:>9}{}",
            name(setting),
            signed(setting.alone, Some(*before_bytes)),
            signed(setting.without, *after_bytes),
            average(&setting.average.map_or("-".to_owned(), rounded)),
            seconds(setting.seconds_alone),
            millions(setting.instructions_alone)
        );
    }
    if let Some(sum) = settings.iter().map(|setting| setting.average).sum::<Option<f64>>() {
        let _ = writeln!(text, "{:1$}{2:>13}  sum", "", width + 24, rounded(sum));
    }
    let indent = width + if is_full { 37 } else { 24 };
    for (time, count, which) in [
        (what_if.before_seconds, what_if.before_instructions, "none of them"),
        (what_if.after_seconds, what_if.after_instructions, "all of them"),
    ] {
        let _ = writeln!(text, "{:indent$}{:>9}{}  {which}", "", seconds(time), millions(count));
    }
    text
}

/// What the instructions are those of, or why there are none.
fn instructions(what_if: &WhatIf) -> String {
    match &what_if.workload {
        Some(workload) if what_if.before_instructions.is_some() => {
            let how = if workload.is_empty() { "without arguments".to_owned() } else { format!("with: {workload}") };
            format!("Minstr: million instructions of a run {how}\n")
        }
        Some(_) => "instructions weren't counted: valgrind isn't installed (Debian, Ubuntu: `apt install valgrind`), or can't run this program\n"
            .to_owned(),
        None => "instructions weren't counted: --run takes the arguments of a run\n".to_owned(),
    }
}

/// What each setting costs.
fn all_costs(before: &Behaviour, settings: &[Setting]) -> String {
    let mut text = "\nwhat it costs, seen in a program that panics:\n".to_owned();
    let mut none = Vec::new();
    for setting in settings {
        let costs = costs(before, &setting.behaviour);
        if costs.is_empty() {
            none.push(setting.key.as_str());
        } else {
            let _ = writeln!(text, "  {} = {}: {}", setting.key, setting.value, costs.join("; "));
        }
    }
    if !none.is_empty() {
        let _ = writeln!(text, "  {}: nothing", none.join(", "));
    }
    text
}

/// What is lost, in words.
fn costs(before: &Behaviour, after: &Behaviour) -> Vec<String> {
    let mut costs = Vec::new();
    if before.panic_status != after.panic_status {
        costs.push(format!("a panic ends with {}, not {}", after.panic_status, before.panic_status));
    }
    if before.catches && !after.catches {
        costs.push("catch_unwind catches nothing any more".to_owned());
    }
    if before.frames != after.frames {
        costs.push(format!("a backtrace names {} functions, not {}", after.frames, before.frames));
    }
    costs
}

fn signed(bytes: u64, reference: u64) -> String {
    format!("{}{}", if bytes < reference { '-' } else { '+' }, thousands(bytes.abs_diff(reference)))
}

fn rounded(bytes: f64) -> String {
    let sign = if bytes < 0.0 { '-' } else { '+' };
    format!("{sign}{}", thousands(bytes.abs().round() as u64))
}

/// `size-workshop/what-if/1`. Sizes in bytes, times in seconds.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(what_if: &WhatIf) -> serde_json::Result<String> {
    let behaviour = |behaviour: &Behaviour| json!({ "panic": behaviour.panic_status, "catch_unwind": behaviour.catches, "backtrace_frames": behaviour.frames });
    let settings: Vec<Value> = what_if
        .settings
        .iter()
        .map(|setting| {
            json!({
                "key": setting.key, "value": setting.value, "alone_bytes": setting.alone,
                "without_bytes": setting.without, "average_change_bytes": setting.average.map(|bytes| (bytes * 100.0).round() / 100.0),
                "seconds_alone": setting.seconds_alone, "instructions_alone": setting.instructions_alone,
                "behaviour": behaviour(&setting.behaviour),
            })
        })
        .collect();
    let refused: Vec<Value> =
        what_if.refused.iter().map(|Refusal { name, reason }| json!({ "name": name, "reason": reason })).collect();
    super::json::document(&json!({
        "schema": "size-workshop/what-if/1", "program": what_if.program, "profile": what_if.profile,
        "before": what_if.before, "mode": if what_if.mode == Mode::Full { "full" } else { "quick" },
        "before_bytes": what_if.before_bytes, "after_bytes": what_if.after_bytes,
        "before_seconds": what_if.before_seconds, "after_seconds": what_if.after_seconds,
        "before_instructions": what_if.before_instructions, "after_instructions": what_if.after_instructions,
        "workload": what_if.workload, "behaviour": behaviour(&what_if.behaviour), "settings": settings,
        "refused": refused,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> WhatIf {
        let unwinds = Behaviour { panic_status: "exit code 101".to_owned(), catches: true, frames: 9 };
        let aborts = Behaviour { panic_status: "signal 6 (a shell shows 134)".to_owned(), catches: false, frames: 9 };
        let setting = |key: &str, value: &str, alone, without, average, behaviour: &Behaviour| Setting {
            key: key.to_owned(),
            value: value.to_owned(),
            alone: Some(alone),
            without: Some(without),
            average: Some(average),
            seconds_alone: Some(0.5),
            instructions_alone: Some(1_234_567),
            behaviour: behaviour.clone(),
        };
        WhatIf {
            program: "word_freq".to_owned(),
            before: "release".to_owned(),
            profile: "dist".to_owned(),
            mode: Mode::Full,
            before_bytes: 1000,
            after_bytes: Some(700),
            before_seconds: Some(0.4),
            after_seconds: None,
            before_instructions: Some(1_000_000),
            after_instructions: Some(2_000_000),
            workload: Some("a b".to_owned()),
            behaviour: unwinds.clone(),
            settings: vec![
                setting("strip", "true", 800, 900, -200.5, &Behaviour { frames: 0, ..unwinds.clone() }),
                setting("panic", "\"abort\"", 900, 800, -109.5, &aborts),
                setting("opt-level", "\"z\"", 1010, 700, 10.0, &unwinds),
            ],
            refused: Vec::new(),
        }
    }

    /// Each setting alone and each one missing, one of which doesn't build.
    fn quick() -> WhatIf {
        let mut quick = WhatIf { mode: Mode::Quick, before_instructions: None, workload: None, ..sample() };
        quick.settings.iter_mut().for_each(|setting| setting.average = None);
        quick.settings[1].alone = None;
        let reason = "unwinding is needed here".to_owned();
        quick.refused.push(Refusal { name: "panic".to_owned(), reason });
        quick
    }

    #[test]
    fn a_quick_what_if_has_no_averages_and_says_so() {
        insta::assert_snapshot!(text(&quick()));
        let document: Value = serde_json::from_str(&json(&quick()).unwrap()).unwrap();
        assert_eq!((&document["mode"], &document["refused"][0]["name"]), (&json!("quick"), &json!("panic")));
        assert!(document["settings"][1]["alone_bytes"].is_null(), "{document}");
        assert!(document["settings"][0]["average_change_bytes"].is_null(), "{document}");
    }

    #[test]
    fn what_if_as_text() {
        insta::assert_snapshot!(text(&sample()));
    }

    #[test]
    fn what_if_as_json() {
        let text = json(&sample()).unwrap();
        testbed::schema::document(&text);
        insta::assert_snapshot!(text);
    }
}
