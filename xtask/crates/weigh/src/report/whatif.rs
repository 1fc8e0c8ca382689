//! What each setting of a profile is worth, and what it costs: for people, and as JSON.

use crate::inspect::probe::Behaviour;
use crate::inspect::whatif::{Setting, WhatIf};
use base::numbers::{change, thousands};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// For a terminal.
pub(crate) fn text(what_if: &WhatIf) -> String {
    let WhatIf { program, profile, before_bytes, after_bytes, behaviour, settings, workload, .. } = what_if;
    let mut text = format!(
        "{program}: release {} -> {profile} {} bytes ({})\n\n",
        thousands(*before_bytes),
        thousands(*after_bytes),
        change(*after_bytes, *before_bytes)
    );
    let counted = what_if.before_instructions.is_some();
    let _ = write!(text, "{:24}{:>11}{:>13}{:>13}{:>9}", "setting", "put in", "taken out", "on average", "build s");
    text += if counted { "   Minstr\n" } else { "\n" };
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let millions = |count: Option<u64>| match count {
        Some(count) if counted => format!("{:>9.2}", count as f64 / 1e6),
        _ => String::new(),
    };
    for setting in settings {
        let name = format!("{} = {}", setting.key, setting.value);
        let _ = writeln!(
            text,
            "{name:24}{:>11}{:>13}{:>13}{:>9}{}",
            signed(setting.alone, *before_bytes),
            signed(setting.without, *after_bytes),
            rounded(setting.average),
            seconds(setting.seconds_alone),
            millions(setting.instructions_alone)
        );
    }
    let _ = writeln!(text, "{:48}{:>13}  sum", "", rounded(settings.iter().map(|setting| setting.average).sum()));
    let _ = writeln!(
        text,
        "{:61}{:>9}{}  none of them\n{:61}{:>9}{}  all of them",
        "",
        seconds(what_if.before_seconds),
        millions(what_if.before_instructions),
        "",
        seconds(what_if.after_seconds),
        millions(what_if.after_instructions)
    );
    text += "\nput in: bytes that it changes alone, on top of the default release profile. taken out: what is added when only it is
missing. on average: over all orders in which the settings could be put in. build s: seconds of rustc with it alone.\n";
    match workload {
        Some(workload) if counted => {
            let _ = writeln!(text, "Minstr: million instructions of a run with: {workload}");
        }
        Some(_) => {
            text += "instructions were not counted: valgrind is not installed (Debian, Ubuntu: apt install valgrind)\n";
        }
        None => text += "instructions were not counted: say with --run what to run\n",
    }
    text + &all_costs(behaviour, settings)
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
                "without_bytes": setting.without, "average_change_bytes": (setting.average * 100.0).round() / 100.0,
                "seconds_alone": setting.seconds_alone, "instructions_alone": setting.instructions_alone,
                "behaviour": behaviour(&setting.behaviour),
            })
        })
        .collect();
    super::json::document(&json!({
        "schema": "size-workshop/what-if/1", "program": what_if.program, "profile": what_if.profile,
        "before_bytes": what_if.before_bytes, "after_bytes": what_if.after_bytes,
        "before_seconds": what_if.before_seconds, "after_seconds": what_if.after_seconds,
        "before_instructions": what_if.before_instructions, "after_instructions": what_if.after_instructions,
        "workload": what_if.workload, "behaviour": behaviour(&what_if.behaviour), "settings": settings,
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
            alone,
            without,
            average,
            seconds_alone: Some(0.5),
            instructions_alone: Some(1_234_567),
            behaviour: behaviour.clone(),
        };
        WhatIf {
            program: "word_freq".to_owned(),
            profile: "dist".to_owned(),
            before_bytes: 1000,
            after_bytes: 700,
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
        }
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
