//! The search for the best profile: for people, as JSON, and as a picture.

use super::grid::Grid;
use super::svg::Theme;
use super::svg::scatter::{self, Dot};
use crate::tune::choice::{Found, Goal};
use crate::tune::point::{Panic, Point};
use crate::tune::{self, Release, Tuned, Written};
use base::diagnostic;
use base::numbers::{change, change_in, list, plural, thousands, wrap};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The size of a build and the instructions of its run, beside the release build's.
pub(crate) fn measured(release: &Release, found: &Found) -> String {
    let bytes = format!("{} bytes ({})", thousands(found.bytes), change(found.bytes, release.bytes));
    match found.instructions.zip(release.instructions) {
        Some((count, before)) => format!("{bytes}, {} instructions ({})", thousands(count), slower(count, before)),
        None => bytes,
    }
}

fn slower(count: u64, before: u64) -> String {
    change_in(count, before, "")
}

/// Why a build is shown: what it is the best at.
fn marks(tuned: &Tuned, index: usize) -> Vec<&'static str> {
    let is = |found: Option<usize>| found == Some(index);
    let fastest = tuned.found.iter().enumerate().filter(|(_, found)| found.wrong.is_none());
    let fastest = fastest.filter_map(|(index, found)| Some((found.instructions?, index))).min().map(|(_, index)| index);
    let unwinds = |point: Point| point.panic == Panic::Unwind;
    let smallest = tuned.smallest(|_| true);
    let unwinding = tuned.smallest(unwinds).filter(|_| tuned.release.panic == Panic::Unwind);
    let plain = tuned.smallest(|point| unwinds(point) && !point.packed).filter(|found| Some(*found) != unwinding);
    let mut marks = Vec::new();
    let chosen = if tuned.met().is_some() { "chosen" } else { "nearest" };
    marks.extend(is(tuned.chosen).then_some(chosen));
    marks.extend(is(smallest).then_some("smallest"));
    marks.extend((is(unwinding) && unwinding != smallest).then_some("smallest that unwinds"));
    marks.extend((is(plain) && tuned.release.panic == Panic::Unwind).then_some("smallest that unwinds, not packed"));
    marks.extend(is(fastest).then_some("fastest"));
    marks
}

/// The builds that are shown, in order of their sizes: those that no other one beats, those that are best at something, and those
/// that do something else.
fn shown(tuned: &Tuned) -> Vec<usize> {
    let is_shown =
        |index: &usize| tuned.front[*index] || !marks(tuned, *index).is_empty() || tuned.found[*index].wrong.is_some();
    let mut shown: Vec<usize> = (0..tuned.found.len()).filter(is_shown).collect();
    shown.sort_by_key(|index| (tuned.found[*index].bytes, tuned.found[*index].instructions));
    shown
}

/// For a terminal of so many columns.
pub(crate) fn text(tuned: &Tuned, width: Option<usize>) -> String {
    let lines = |text: &str| format!("{}\n", wrap(text, width, 0));
    let mut text = lines(&format!(
        "{}: release {} bytes; {} of {} possible builds",
        tuned.program,
        thousands(tuned.release.bytes),
        tuned.builds,
        thousands(tuned.possible as u64)
    ));
    text += &format!("\n{}\n\n", table(tuned, width));
    for note in notes(tuned) {
        text += &lines(&note);
    }
    if let Some(chosen) = tuned.met() {
        text += &format!("\n{}", lines(&format!("chosen: {}: {}", chosen.point, measured(&tuned.release, chosen))));
        text += &format!("\n{}", profile(tuned));
        if chosen.point.packed {
            text += &format!(
                "\n{}\n{}",
                lines("Packed relocations can't be set in a profile. In .cargo/config.toml beside the manifest:"),
                tuned.packing
            );
        }
        let next = next(tuned);
        if !next.is_empty() {
            text += &format!("\n{}", lines(&next));
        }
    }
    text
}

fn table(tuned: &Tuned, width: Option<usize>) -> String {
    let seconds = |seconds: Option<f64>| seconds.map_or("-".to_owned(), |seconds| format!("{seconds:.1}"));
    // A number and its unit stay on one line.
    let joined = |text: &str| text.replace(' ', "\u{a0}");
    let mut titles = vec!["build", "bytes", "change"];
    if tuned.counted {
        titles.extend(["Minstr", "change"]);
    }
    titles.extend(["build\u{a0}s", "gives up", "note"]);
    let mut grid = Grid::new(&titles, width);
    (1..=if tuned.counted { 5 } else { 3 }).for_each(|column| grid.right(column));
    let mut add =
        |name: String, bytes: u64, instructions: Option<u64>, time: Option<f64>, lost: String, marks: String| {
            let Release { bytes: before, instructions: before_instructions, .. } = &tuned.release;
            let mut cells = vec![name, thousands(bytes), joined(&change(bytes, *before))];
            if tuned.counted {
                cells.push(instructions.map_or("-".to_owned(), |count| format!("{:.2}", count as f64 / 1e6)));
                let both = instructions.zip(*before_instructions);
                cells.push(both.map_or("-".to_owned(), |(count, before)| joined(&slower(count, before))));
            }
            cells.extend([seconds(time), lost, marks]);
            grid.add_row(cells);
        };
    let Release { bytes, instructions, seconds, .. } = tuned.release;
    add("release, as it is".to_owned(), bytes, instructions, seconds, String::new(), String::new());
    for index in shown(tuned) {
        let Found { point, bytes, instructions, seconds, wrong } = &tuned.found[index];
        let marks = match wrong {
            Some(wrong) => format!("WRONG: {wrong}"),
            None => marks(tuned, index).join(", "),
        };
        add(point.to_string(), *bytes, *instructions, *seconds, point.gives_up(tuned.release.panic).join(", "), marks);
    }
    let drawn = grid.to_string().replace('\u{a0}', " ");
    drawn.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What the table doesn't say by itself, each one a paragraph.
fn notes(tuned: &Tuned) -> Vec<String> {
    let mut notes = Vec::new();
    notes.push("Every build is stripped (strip = \"symbols\"): a backtrace names no functions.".to_owned());
    if tuned.found.iter().any(|found| found.point.panic == Panic::Abort) && tuned.release.panic == Panic::Unwind {
        let mut note =
            "abort (panic = \"abort\") gives up unwinding: a panic ends the process with a signal (a shell shows 134) \
                        instead of exit code 101, destructors don't run, and catch_unwind catches nothing."
                .to_owned();
        if let Some(first) = tuned.unwinding.first() {
            let more = match tuned.unwinding.len() - 1 {
                0 => String::new(),
                more => format!(" and {}", plural(more, "other line")),
            };
            let _ = write!(
                note,
                " This crate relies on it: `{}` in {}:{}{more}. `cargo test` wouldn't notice, because tests are always \
                 built with unwinding.",
                first.call,
                first.file.display(),
                first.line
            );
        }
        notes.push(note);
    }
    if tuned.found.iter().any(|found| found.point.packed) {
        notes.push(
            "packed (-z pack-relative-relocs, a linker flag) drops support for systems with a glibc older than 2.36 (2022)."
                .to_owned(),
        );
    }
    match (&tuned.workload, tuned.counted) {
        (Some(run), true) => notes.push(format!(
            "Minstr: million instructions in a run with: {}",
            if run.is_empty() { "(no arguments)" } else { run }
        )),
        (Some(_), false) => notes
            .push("Speed wasn't measured: valgrind isn't installed (Debian, Ubuntu: apt install valgrind).".to_owned()),
        (None, _) => notes.push(
            "Speed wasn't measured, and no build was run: pass --run \"ARGS\" to see what each one costs.".to_owned(),
        ),
    }
    let rest = tuned.found.len() - shown(tuned).len();
    if rest > 0 {
        let kind = if tuned.counted { "Beaten in size and speed" } else { "Larger" };
        notes
            .push(format!("{kind}, so not shown: {}. To see all of them, use `--format json`.", plural(rest, "build")));
    }
    for (point, reason) in &tuned.refused {
        notes.push(format!("{point} doesn't build: {reason}"));
    }
    notes
}

/// The choice as a table of the manifest.
fn profile(tuned: &Tuned) -> String {
    let name = tuned.written.as_ref().map_or("dist", |written| written.profile.as_str());
    let mut text = format!("[profile.{name}]\n");
    if name != "release" {
        text += "inherits = \"release\"\n";
    }
    for (key, value) in &tuned.settings {
        let _ = writeln!(text, "{key} = {value}");
    }
    text
}

/// What to do next.
fn next(tuned: &Tuned) -> String {
    if let Some(Written { manifest, profile, bytes }) = &tuned.written {
        let is_packed = tuned.met().is_some_and(|found| found.point.packed);
        let with = if is_packed { " with that flag" } else { "" };
        return format!(
            "Written to {}, and verified by building it: `cargo build --profile {profile}`{with} produces {} bytes.",
            diagnostic::shown(manifest).display(),
            thousands(*bytes)
        );
    }
    let mut allowed = Vec::new();
    let chosen = tuned.met().map_or(u64::MAX, |found| found.bytes);
    let saves = |of: &dyn Fn(Point) -> bool| {
        let smaller = tuned.smallest(of).map(|index| &tuned.found[index]);
        smaller.filter(|found| found.bytes < chosen && tuned.goal.excess(found) == 0.0)
    };
    let Goal { abort, packed, .. } = tuned.goal;
    if !abort && saves(&|point| packed || !point.packed).is_some_and(|found| found.point.panic == Panic::Abort) {
        allowed.push("`--panic abort`");
    }
    if !packed && saves(&|point| abort || point.panic == Panic::Unwind).is_some_and(|found| found.point.packed) {
        allowed.push("`--packed-relocations`");
    }
    let mut sentences = Vec::new();
    if tuned.foreign {
        sentences.push(format!("To add it to the manifest, run `{} --write`.", tune::command()));
    }
    if !allowed.is_empty() {
        sentences.push(format!("It's smaller still if you allow what the table shows: {}.", list(&allowed)));
    }
    sentences.join(" ")
}

/// Bytes against instructions.
pub(crate) fn picture(tuned: &Tuned) -> String {
    let builds = tuned.found.len() + usize::from(tuned.release.instructions.is_some());
    let title = format!("{}: bytes and instructions of {}", tuned.program, plural(builds, "build"));
    let mut dots: Vec<Dot> = Vec::new();
    if let Some(instructions) = tuned.release.instructions {
        let Release { bytes, .. } = tuned.release;
        dots.push(Dot {
            label: Some("release, as it is".to_owned()),
            bytes,
            instructions,
            front: false,
            chosen: false,
        });
    }
    for (index, found) in tuned.found.iter().enumerate() {
        let Some(instructions) = found.instructions.filter(|_| found.wrong.is_none()) else { continue };
        let (front, chosen) = (tuned.front[index], tuned.chosen == Some(index));
        let label = (front || chosen).then(|| found.point.to_string());
        dots.push(Dot { label, bytes: found.bytes, instructions, front, chosen });
    }
    let front: Vec<String> = dots
        .iter()
        .filter(|dot| dot.front)
        .map(|dot| {
            let name = dot.label.as_deref().unwrap_or_default();
            format!("{name}: {} bytes, {} instructions", thousands(dot.bytes), thousands(dot.instructions))
        })
        .collect();
    let description = format!("No other build is both smaller and faster than these: {}.", front.join("; "));
    scatter::draw(&title, &description, &dots, Theme::Light)
}

/// `size-workshop/tune/1`. Sizes in bytes, times in seconds; `chosen` and the others are indices into `builds`.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub(crate) fn json(tuned: &Tuned) -> serde_json::Result<String> {
    let settings = |point: Point| {
        let mut settings = serde_json::Map::new();
        for (key, value) in point.settings() {
            let value = match value {
                toml::Value::Integer(number) => number.into(),
                toml::Value::Boolean(is) => is.into(),
                other => Value::from(other.as_str().unwrap_or_default()),
            };
            settings.insert(key, value);
        }
        settings.insert("packed-relocations".to_owned(), point.packed.into());
        Value::from(settings)
    };
    let builds: Vec<Value> = tuned
        .found
        .iter()
        .zip(&tuned.front)
        .map(|(found, front)| {
            let Found { point, bytes, instructions, seconds, wrong } = found;
            json!({
                "settings": settings(*point), "bytes": bytes, "instructions": instructions, "seconds": seconds,
                "pareto": front, "gives_up": point.gives_up(tuned.release.panic), "wrong": wrong,
            })
        })
        .collect();
    let failed: Vec<Value> =
        tuned.refused.iter().map(|(point, reason)| json!({ "settings": settings(*point), "reason": reason })).collect();
    let Release { bytes, instructions, seconds, panic } = &tuned.release;
    let unwinds = |point: Point| point.panic == Panic::Unwind;
    let written = tuned.written.as_ref().map(|Written { manifest, profile, bytes }| {
        json!({ "file": diagnostic::shown(manifest).display().to_string(), "profile": profile, "bytes": bytes })
    });
    super::json::document(&json!({
        "schema": "size-workshop/tune/1", "program": tuned.program, "workload": tuned.workload,
        "release": {
            "bytes": bytes, "instructions": instructions, "seconds": seconds, "panic": panic.value().as_str(),
        },
        "possible_builds": tuned.possible, "made_builds": tuned.builds,
        "builds": builds, "failed": failed,
        "chosen": tuned.met().and(tuned.chosen), "nearest": tuned.chosen,
        "smallest": tuned.smallest(|_| true), "smallest_unwinding": tuned.smallest(unwinds),
        "profile": tuned.settings.iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>(),
        "written": written,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tune::catching::Place;
    use crate::tune::choice::front;
    use crate::tune::manifest;
    use crate::tune::point::{Lto, OptLevel, Units};

    fn sample() -> Tuned {
        let found = |opt_level, lto, panic, packed, bytes, instructions| Found {
            point: Point { opt_level, lto, units: Units::One, panic, packed },
            bytes,
            instructions: Some(instructions),
            seconds: Some(1.25),
            wrong: None,
        };
        let mut found = vec![
            found(OptLevel::Three, Lto::Fat, Panic::Unwind, false, 352_448, 300_000),
            found(OptLevel::Z, Lto::Fat, Panic::Unwind, false, 330_000, 420_000),
            found(OptLevel::S, Lto::Fat, Panic::Unwind, false, 332_368, 312_000),
            found(OptLevel::S, Lto::Off, Panic::Unwind, false, 382_368, 312_000),
            found(OptLevel::S, Lto::Fat, Panic::Abort, false, 329_400, 311_000),
            found(OptLevel::S, Lto::Fat, Panic::Abort, true, 321_000, 311_100),
            found(OptLevel::One, Lto::Fat, Panic::Unwind, false, 310_000, 311_000),
        ];
        found[6].wrong = Some("prints something else".to_owned());
        let goal = Goal { release_instructions: Some(310_000), max_slowdown: Some(5.0), ..Goal::default() };
        let chosen = goal.best(&found);
        let settings = found[chosen.unwrap()].point.settings();
        Tuned {
            program: "word_freq".to_owned(),
            workload: Some("a b".to_owned()),
            counted: true,
            release: Release { bytes: 503_272, instructions: Some(310_000), seconds: Some(0.5), panic: Panic::Unwind },
            goal,
            front: front(&found),
            chosen,
            settings: manifest::in_order(&manifest::on_top_of_release(
                &crate::profiles::Profiles::default(),
                &settings,
            )),
            possible: 160,
            builds: 9,
            found,
            refused: vec![(Point::release(Panic::Abort), "out of memory".to_owned())],
            unwinding: vec![
                Place { file: "src/main.rs".into(), line: 12, call: "catch_unwind" },
                Place { file: "tests/t.rs".into(), line: 3, call: "should_panic" },
            ],
            packing: "[target.x]\nrustflags = []\n".to_owned(),
            foreign: true,
            written: None,
        }
    }

    #[test]
    fn tune_as_text_fits_the_terminal() {
        insta::assert_snapshot!("tune-120", text(&sample(), Some(120)));
        insta::assert_snapshot!("tune-80", text(&sample(), Some(80)));
        insta::assert_snapshot!("tune-40", text(&sample(), Some(40)));
        for width in [40, 60, 80, 120] {
            let text = text(&sample(), Some(width));
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn without_a_run_only_bytes_are_shown() {
        let mut tuned = sample();
        for found in &mut tuned.found {
            (found.instructions, found.wrong) = (None, None);
        }
        tuned.found.truncate(6);
        tuned.goal = Goal { packed: true, abort: true, ..Goal::default() };
        (tuned.counted, tuned.workload, tuned.unwinding) = (false, None, Vec::new());
        (tuned.front, tuned.chosen) = (front(&tuned.found), tuned.goal.best(&tuned.found));
        insta::assert_snapshot!(text(&tuned, Some(100)));
    }

    #[test]
    fn where_no_build_is_within_the_limits_the_nearest_is_named_and_nothing_is_advised() {
        let mut tuned = sample();
        tuned.goal.max_bytes = Some(1000);
        let text = text(&tuned, None);
        assert!(text.contains("nearest") && !text.contains("[profile") && !text.contains("chosen"), "{text}");
        let json: Value = serde_json::from_str(&json(&tuned).unwrap()).unwrap();
        assert_eq!(
            (json["chosen"].is_null(), json["nearest"].as_u64()),
            (true, tuned.chosen.map(|index| index as u64))
        );
    }

    #[test]
    fn a_written_profile_is_told_with_its_proof() {
        let written = Written { manifest: "/x/Cargo.toml".into(), profile: "small".to_owned(), bytes: 332_368 };
        let text = text(&Tuned { written: Some(written), ..sample() }, None);
        assert!(text.contains("[profile.small]\ninherits"), "{text}");
        assert!(text.contains("`cargo build --profile small` produces 332,368 bytes."), "{text}");
    }

    #[test]
    fn tune_as_json() {
        insta::assert_snapshot!(json(&sample()).unwrap());
    }

    #[test]
    fn tune_as_a_picture() {
        insta::assert_snapshot!(picture(&sample()));
    }
}
