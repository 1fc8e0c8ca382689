//! What keeps something in a program, and what the program would be without some crates.

use super::text::cut;
use super::{percent, signed};
use crate::inspect::tally::{Asked, Bloat};
use crate::measure::crates::generic;
use crate::measure::reasons::{Step, Why, Without};
use crate::report::csv::harmless;
use anyhow::Result;
use base::numbers::{change, thousands, wrap};
use base::text::spaced;
use std::fmt::Write as _;

/// Steps of a way that are all shown. On a longer one, those in the middle of what is in one crate are only counted.
const SHOWN: usize = 24;
/// Rows of what keeps something before the rest is only counted.
const KEEPERS: usize = 12;
/// What a prediction is worth.
const PREDICTION: &str = "a prediction: your own code changes as well, and a replacement may need some of these bytes; only a build shows the real size";

/// The answers, for a terminal.
pub(crate) fn text(bloat: &Bloat, width: Option<usize>) -> String {
    let mut text = String::new();
    if let Some(Asked { name, why }) = &bloat.why {
        let head = format!("why {} is in {}, {}", base::text::escaped(name), bloat.program, bloat.profile);
        let _ = writeln!(text, "{head}\n{}", wrap(&sum(bloat, why), width, 2));
        let room = width.unwrap_or(super::WIDE);
        for (index, chain) in why.chains.iter().enumerate() {
            let _ = writeln!(text, "\n{}", wrap(&title(why, index), width, 2));
            add_chain(&mut text, chain, room);
        }
        let _ = writeln!(text, "\n{}", wrap(&users(why), width, 2));
        add_keepers(&mut text, why, room);
    }
    if let Some(without) = &bloat.without {
        let _ = writeln!(text, "{}\n", wrap(&prediction(bloat, without), width, 2));
        add_sections(&mut text, bloat, without);
        for words in remarks(without) {
            let _ = writeln!(text, "{}", wrap(&words, width, 2));
        }
    }
    text
}

/// The answers, for GitHub and mdBook.
pub(crate) fn markdown(bloat: &Bloat) -> String {
    let mut text = String::new();
    let escaped = |name: &str| base::text::escaped(&spaced(name)).replace('|', r"\|").replace('<', "&lt;");
    if let Some(Asked { name, why }) = &bloat.why {
        let _ = writeln!(
            text,
            "**Why {} is in {}, {}:** {}",
            escaped(name),
            escaped(&bloat.program),
            bloat.profile,
            sum(bloat, why)
        );
        for (index, chain) in why.chains.iter().enumerate() {
            let _ = writeln!(text, "\n{}\n", title(why, index));
            chain.iter().for_each(|step| {
                let _ = writeln!(text, "1. {} ({})", escaped(&step.name), escaped(&step.krate));
            });
        }
        let _ = writeln!(text, "\n{}", users(why));
        if !why.keepers.is_empty() {
            text += "\n| removing any one of these removes it entirely | retained |\n|---|--:|\n";
            why.keepers.iter().for_each(|step| {
                let _ = writeln!(text, "| {} | {} |", escaped(&step.name), thousands(step.retained_bytes));
            });
        }
    }
    if let Some(without) = &bloat.without {
        let _ =
            write!(text, "{}\n\n| section | before | after |\n|---|--:|--:|\n", escaped(&prediction(bloat, without)));
        for (name, before, after) in changed(bloat, without) {
            let _ = writeln!(text, "| {} | {} | {} |", escaped(name), thousands(before), thousands(after));
        }
        let (before, after) = (thousands(bloat.file_bytes), thousands(without.file_bytes));
        let _ = writeln!(text, "| the whole file | {before} | {after} |");
        for words in remarks(without) {
            let _ = writeln!(text, "\n{}", escaped(&words));
        }
    }
    text
}

/// The answers, for spreadsheets: each step of each way, each keeper, each section.
///
/// # Errors
/// Never in practice: it is written to memory.
pub(crate) fn csv(bloat: &Bloat) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some(Asked { why, .. }) = &bloat.why {
        writer.write_record(["kind", "way", "step", "name", "crate", "retained_bytes"])?;
        let mut row = |kind: &str, way: &str, at: usize, step: &Step| {
            let (name, krate) = (harmless(&step.name), harmless(&step.krate));
            writer.write_record([kind, way, &at.to_string(), &name, &krate, &step.retained_bytes.to_string()])
        };
        for (way, chain) in why.chains.iter().enumerate() {
            let way = (way + 1).to_string();
            chain.iter().enumerate().try_for_each(|(at, step)| row("step", &way, at + 1, step))?;
        }
        why.keepers.iter().enumerate().try_for_each(|(at, step)| row("keeper", "", at + 1, step))?;
    }
    if let Some(without) = &bloat.without {
        writer.write_record(["kind", "name", "before_bytes", "after_bytes"])?;
        for (name, before, after) in changed(bloat, without) {
            writer.write_record(["section", &harmless(name), &before.to_string(), &after.to_string()])?;
        }
        let (before, after) = (bloat.file_bytes.to_string(), without.file_bytes.to_string());
        writer.write_record(["file", &harmless(&bloat.file), &before, &after])?;
    }
    Ok(String::from_utf8(writer.into_inner()?)?)
}

fn sum(bloat: &Bloat, why: &Why) -> String {
    format!(
        "its own code and data are {} bytes; without it, the file would be {} bytes smaller ({} of {})",
        thousands(why.own_bytes),
        thousands(why.retained_bytes),
        percent(why.retained_bytes, bloat.file_bytes),
        thousands(bloat.file_bytes)
    )
}

fn title(why: &Why, index: usize) -> String {
    match (index, why.chains.len()) {
        (0, 1) if why.is_section => "the shortest path from an entry point to its largest part".to_owned(),
        (0, _) if why.is_section => "1. the shortest path from an entry point to its largest part".to_owned(),
        (index, _) if why.is_section => format!("{}. to the next largest part", index + 1),
        (0, 1) => "the shortest path from an entry point to it".to_owned(),
        (0, _) => "1. the shortest path from an entry point to it".to_owned(),
        (index, _) => format!("{}. another path", index + 1),
    }
}

fn users(why: &Why) -> String {
    // A way of one step begins with what was asked for.
    let by_itself = why.chains.first().is_some_and(|chain| chain.len() == 1);
    match why.users {
        1 if by_itself => "one function or table outside it also uses it; -n 0 shows that path".to_owned(),
        0 => "nothing in the program uses it: it's an entry point, or exported".to_owned(),
        1 => "this is the only path in: nothing else outside it uses it".to_owned(),
        users if why.is_section => {
            format!(
                "{} functions or tables outside it use it; -n 3 shows the paths to its three largest parts",
                thousands(users as u64)
            )
        }
        users => {
            format!(
                "{} functions or tables outside it use it; -n 0 shows a path through each of them",
                thousands(users as u64)
            )
        }
    }
}

/// One step for each line, with `_` for type parameters.
fn add_chain(text: &mut String, chain: &[Step], width: usize) {
    let widest = chain.iter().map(|step| step.krate.chars().count()).max().unwrap_or_default().clamp(5, 20);
    let room = width.saturating_sub(widest + 4).max(20);
    let mut line = |krate: &str, name: &str| {
        let _ = writeln!(text, "  {:widest$}  {}", cut(krate, widest), cut(name, room));
    };
    for group in chain.chunk_by(|a, b| a.krate == b.krate) {
        let krate = &group[0].krate;
        match group {
            [first, middle @ .., last] if chain.len() > SHOWN && group.len() > 3 => {
                line(krate, &generic(&first.name));
                line("", &format!("… {} more in {krate}", middle.len()));
                line("", &generic(&last.name));
            }
            [first, rest @ ..] => {
                line(krate, &generic(&first.name));
                rest.iter().for_each(|step| line("", &generic(&step.name)));
            }
            [] => {}
        }
    }
}

fn add_keepers(text: &mut String, why: &Why, width: usize) {
    let Why { keepers, .. } = why;
    if keepers.is_empty() {
        let words = "removing a single function wouldn't remove it entirely: there are several paths to it, or it's an entry point";
        let _ = writeln!(text, "{}", wrap(words, Some(width), 2));
        return;
    }
    let words = "removing any one of these removes it entirely; the nearest to it is listed first";
    let _ = write!(text, "\n{}\n{:>11}  function or table\n", wrap(words, Some(width), 2), "retained");
    for step in keepers.iter().take(KEEPERS) {
        let name = cut(&generic(&step.name), width.saturating_sub(13).max(20));
        let _ = writeln!(text, "{:>11}  {name}", thousands(step.retained_bytes));
    }
    if let Some(more) = keepers.len().checked_sub(KEEPERS).filter(|more| *more > 0) {
        let line = format!("{:>11}  and {more} more, nearer to the entry point", "");
        let _ = writeln!(text, "{}", wrap(&line, Some(width), 13));
    }
}

fn prediction(bloat: &Bloat, without: &Without) -> String {
    let Without { crates, file_bytes, .. } = without;
    let saved = bloat.file_bytes.saturating_sub(*file_bytes);
    format!(
        "{}, {}, without {}: about {} of {} bytes, {} ({}) less",
        bloat.program,
        bloat.profile,
        crates.join(", "),
        thousands(*file_bytes),
        thousands(bloat.file_bytes),
        thousands(saved),
        percent(saved, bloat.file_bytes)
    )
}

/// What a prediction leaves open.
fn remarks(without: &Without) -> Vec<String> {
    let mut remarks = vec![PREDICTION.to_owned()];
    if !without.absent.is_empty() {
        let (names, have) = (without.absent.join(", "), if without.absent.len() == 1 { "has" } else { "have" });
        remarks.push(format!(
            "{names} {have} no code here. A crate that only re-exports others has none of its own: name those crates as well; `cargo tree` lists them"
        ));
    }
    remarks
}

/// The sections that would change: name, bytes before and after.
fn changed<'a>(bloat: &'a Bloat, without: &'a Without) -> impl Iterator<Item = (&'a str, u64, u64)> {
    let both = bloat.sections.iter().zip(&without.sections);
    both.filter(|(a, b)| a.bytes != b.bytes).map(|(a, b)| (a.name.as_str(), a.bytes, b.bytes))
}

fn add_sections(text: &mut String, bloat: &Bloat, without: &Without) {
    let _ = writeln!(text, "{:>11}  {:>11}  {:>11}  section", "change", "before", "after");
    let mut line = |name: &str, before: u64, after: u64| {
        let _ = writeln!(
            text,
            "{:>11}  {:>11}  {:>11}  {name}",
            signed(before, after),
            thousands(before),
            thousands(after)
        );
    };
    for (name, before, after) in changed(bloat, without) {
        line(&cut(name, 40), before, after);
    }
    line("the whole file", bloat.file_bytes, without.file_bytes);
    let _ = writeln!(text, "{:>11}", change(without.file_bytes, bloat.file_bytes));
}

#[cfg(test)]
mod tests {
    use super::super::tests;
    use super::*;

    /// A program of which only one of the two was asked.
    fn asked() -> [Bloat; 2] {
        [Bloat { without: None, ..tests::explained() }, Bloat { why: None, ..tests::explained() }]
    }

    #[test]
    fn answers_as_text_fit_their_terminal() {
        let widths = [Some(56), Some(80), None];
        let texts = asked().map(|bloat| widths.map(|width| text(&bloat, width)).join("---\n"));
        insta::assert_snapshot!(texts.join("======\n"));
        for line in text(&tests::explained(), Some(56)).lines() {
            assert!(line.chars().count() <= 56 && line.trim_end() == line, "{line:?}");
        }
    }

    #[test]
    fn answers_as_markdown_and_csv() {
        insta::assert_snapshot!(asked().map(|bloat| markdown(&bloat)).join("\n"));
        insta::assert_snapshot!("answers-csv", asked().map(|bloat| csv(&bloat).unwrap()).join("\n"));
    }

    #[test]
    fn a_long_way_counts_what_is_in_the_middle_of_a_crate() {
        let step =
            |krate: &str, at| Step { name: format!("{krate}::f{at}"), krate: krate.to_owned(), retained_bytes: 1 };
        let chain: Vec<Step> = (0..20).map(|at| step("std", at)).chain((0..6).map(|at| step("gimli", at))).collect();
        let mut text = String::new();
        add_chain(&mut text, &chain, 60);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_the_program_begins_with_has_no_keeper_and_no_user() {
        let [mut bloat, _] = asked();
        let asked = bloat.why.as_mut().unwrap();
        (asked.why.users, asked.why.keepers) = (0, Vec::new());
        asked.why.chains.truncate(1);
        asked.why.chains[0].truncate(1);
        insta::assert_snapshot!(text(&bloat, None));
        // What a library exports may be called from inside, too.
        let why = &mut bloat.why.as_mut().unwrap().why;
        why.users = 1;
        assert_eq!(users(why), "one function or table outside it also uses it; -n 0 shows that path");
    }
}
