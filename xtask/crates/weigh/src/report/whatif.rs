//! What each setting of a profile is worth, and what it costs: for people, and as JSON.

use super::grid::Grid;
use super::{fits, prose};
use crate::inspect::probe::Behaviour;
use crate::inspect::whatif::{Mode, Refusal, Setting, WhatIf};
use base::numbers::{change, thousands, wrap};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::iter;

/// For a terminal.
pub(crate) fn text(what_if: &WhatIf, width: Option<usize>) -> String {
    let WhatIf { program, before, profile, before_bytes, behaviour, settings, refused, .. } = what_if;
    let mut head = format!("{program}: {before} {} -> {profile} ", thousands(*before_bytes));
    head += &match what_if.after_bytes {
        Some(after) => format!("{} bytes ({})", thousands(after), change(after, *before_bytes)),
        None => "doesn't build".to_owned(),
    };
    let mut text = format!("{}\n\n", wrap(&head, width, 2));
    text += &table(what_if, width);
    text += &format!("\n{}\n", prose(legend(what_if.mode), width));
    text += &format!("{}\n", prose(&instructions(what_if), width));
    if !refused.is_empty() {
        text += "\nbuilds that failed:\n";
        for Refusal { name, reason } in refused {
            let _ = writeln!(text, "{}", wrap(&format!("  {name}: {reason}"), width, 4));
        }
    }
    text + &all_costs(behaviour, settings, width)
}

/// What the columns are.
fn legend(mode: Mode) -> &'static str {
    match mode {
        Mode::Full => {
            "added: the change from this setting alone. removed: the change when only this setting is left out. on average: over all orders of adding the settings. build s: seconds that rustc took with this setting alone, while other builds were running."
        }
        Mode::Quick => {
            "added: the change from this setting alone. removed: the change when only this setting is left out. build s: seconds that rustc took with this setting alone, while other builds were running. For averages over all orders, which require every combination, run without --quick."
        }
    }
}

/// A row of the table: its name, and a cell for each column.
struct Line {
    name: String,
    cells: Vec<String>,
    /// What follows the cells: rows that aren't settings have their names there.
    behind: &'static str,
}

/// The settings, one in a row.
fn table(what_if: &WhatIf, width: Option<usize>) -> String {
    let counted = what_if.before_instructions.is_some();
    let mut titles = vec![("added", 11), ("removed", 13)];
    if what_if.mode == Mode::Full {
        titles.push(("on average", 13));
    }
    titles.push(("build s", 9));
    if counted {
        titles.push(("Minstr", 9));
    }
    let lines = lines(what_if, counted);
    let drawn = aligned(&titles, &lines);
    if fits(&drawn, width) {
        return drawn;
    }
    let names: Vec<&str> = iter::once("setting").chain(titles.iter().map(|(title, _)| *title)).collect();
    let mut grid = Grid::new(&names, width);
    (1..names.len()).for_each(|column| grid.right(column));
    for Line { name, cells, behind } in lines {
        let name = if name.is_empty() { behind.to_owned() } else { name };
        grid.add_row(iter::once(name).chain(cells));
    }
    format!("{grid}\n")
}

/// The rows in columns of fixed widths.
fn aligned(titles: &[(&str, usize)], lines: &[Line]) -> String {
    let width = lines.iter().map(|line| line.name.len() + 1).max().unwrap_or(0).max(24);
    let mut text = format!("{:width$}", "setting");
    titles.iter().for_each(|(title, room)| text += &format!("{title:>room$}"));
    text += "\n";
    for Line { name, cells, behind } in lines {
        let mut line = format!("{name:width$}");
        let filled = if *behind == SUM {
            cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |at| at + 1)
        } else {
            cells.len()
        };
        for (cell, (_, room)) in cells.iter().zip(titles).take(filled) {
            let _ = write!(line, "{cell:>room$}");
        }
        if !behind.is_empty() {
            let _ = write!(line, "  {behind}");
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The name of the row of sums.
const SUM: &str = "sum";

/// The settings, the sum of what they save on average, and the builds with none and all of them.
fn lines(what_if: &WhatIf, counted: bool) -> Vec<Line> {
    let WhatIf { before_bytes, after_bytes, mode, settings, .. } = what_if;
    let is_full = *mode == Mode::Full;
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    let millions = |count: Option<u64>| count.map_or("-".to_owned(), |count| format!("{:.2}", count as f64 / 1e6));
    let signed = |bytes: Option<u64>, reference: Option<u64>| match (bytes, reference) {
        (Some(bytes), Some(reference)) => signed(bytes, reference),
        _ => "-".to_owned(),
    };
    let cells = |alone: String, without: String, average: String, time: Option<f64>, count: Option<u64>| {
        let mut cells = vec![alone, without];
        cells.extend(is_full.then_some(average));
        cells.push(seconds(time));
        cells.extend(counted.then(|| millions(count)));
        cells
    };
    let of = |setting: &Setting| Line {
        name: format!("{} = {}", setting.key, setting.value),
        cells: cells(
            signed(setting.alone, Some(*before_bytes)),
            signed(setting.without, *after_bytes),
            setting.average.map_or("-".to_owned(), rounded),
            setting.seconds_alone,
            setting.instructions_alone,
        ),
        behind: "",
    };
    let mut lines: Vec<Line> = settings.iter().map(of).collect();
    let empty = String::new;
    if let Some(sum) = settings.iter().map(|setting| setting.average).sum::<Option<f64>>() {
        let mut cells = vec![empty(), empty(), rounded(sum), empty()];
        cells.extend(counted.then(empty));
        lines.push(Line { name: empty(), cells, behind: SUM });
    }
    for (time, count, behind) in [
        (what_if.before_seconds, what_if.before_instructions, "none of them"),
        (what_if.after_seconds, what_if.after_instructions, "all of them"),
    ] {
        lines.push(Line { name: empty(), cells: cells(empty(), empty(), empty(), time, count), behind });
    }
    lines
}

/// What the instructions were counted in, or why there are none.
fn instructions(what_if: &WhatIf) -> String {
    match &what_if.workload {
        Some(workload) if what_if.before_instructions.is_some() => {
            let how = if workload.is_empty() { "without arguments".to_owned() } else { format!("with: {workload}") };
            format!("Minstr: million instructions in a run {how}")
        }
        Some(_) => "instructions weren't counted: valgrind isn't installed (Debian, Ubuntu: `apt install valgrind`), or can't run this program"
            .to_owned(),
        None => "instructions weren't counted: pass --run \"ARGS\" to count them".to_owned(),
    }
}

/// What each setting costs.
fn all_costs(before: &Behaviour, settings: &[Setting], width: Option<usize>) -> String {
    let mut text = format!("\n{}\n", wrap("what each setting costs, shown by a program that panics:", width, 0));
    let mut add = |line: String| text += &(wrap(&line, width, 4) + "\n");
    let mut none = Vec::new();
    for setting in settings {
        let costs = costs(before, &setting.behaviour);
        if costs.is_empty() {
            none.push(setting.key.as_str());
        } else {
            add(format!("  {} = {}: {}", setting.key, setting.value, costs.join("; ")));
        }
    }
    if !none.is_empty() {
        add(format!("  {}: nothing", none.join(", ")));
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
        costs.push("catch_unwind no longer catches anything".to_owned());
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
    use crate::report::tests::assert_fits;

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
        insta::assert_snapshot!(text(&quick(), None));
        let document: Value = serde_json::from_str(&json(&quick()).unwrap()).unwrap();
        assert_eq!((&document["mode"], &document["refused"][0]["name"]), (&json!("quick"), &json!("panic")));
        assert!(document["settings"][1]["alone_bytes"].is_null(), "{document}");
        assert!(document["settings"][0]["average_change_bytes"].is_null(), "{document}");
    }

    #[test]
    fn what_if_as_text() {
        insta::assert_snapshot!(text(&sample(), None));
    }

    #[test]
    fn a_what_if_fits_every_terminal() {
        for what_if in [sample(), quick()] {
            for width in [40, 60, 80, 120] {
                assert_fits(&text(&what_if, Some(width)), width);
            }
        }
        insta::assert_snapshot!("what-if-text-40", text(&sample(), Some(40)));
        insta::assert_snapshot!("what-if-text-60", text(&sample(), Some(60)));
        assert_eq!(text(&quick(), Some(200)), text(&quick(), None));
    }

    #[test]
    fn what_if_as_json() {
        let text = json(&sample()).unwrap();
        testbed::schema::document(&text);
        insta::assert_snapshot!(text);
    }
}
