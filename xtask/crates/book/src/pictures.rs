//! Pictures for the documents: an SVG for light and one for dark pages, and the HTML that chooses between them.

use crate::docs::Wanted;
use crate::house::{self, House};
use base::numbers;
use std::path::Path;
use weigh::committed::Build;
use weigh::report::svg;
use weigh::sizes::measured;

/// Where pictures are: mdBook takes only what is below `src`.
const FOLDER: &str = "docs/src/img";

/// A size table as bars.
pub(crate) fn bars(name: &str, tables: &[measured::Table], root: &Path, page: &Path) -> (String, Vec<Wanted>) {
    let caption = tables.first().map(|table| table.caption.clone()).unwrap_or_default().replace('`', "");
    let sentences = tables.iter().filter_map(|table| {
        let (first, last) = (table.rows.first()?, table.rows.last()?);
        let change = numbers::change(last.bytes, first.bytes);
        let (from, to) = (numbers::thousands(first.bytes), numbers::thousands(last.bytes));
        Some(format!("{}: {} {from} bytes, {} {to} bytes ({change}).", table.program, first.label, last.label))
    });
    let description = sentences.collect::<Vec<_>>().join(" ");
    let rows: Vec<Vec<svg::Bar<'_>>> = tables
        .iter()
        .map(|table| table.rows.iter().map(|row| svg::Bar { label: &row.label, bytes: row.bytes }).collect())
        .collect();
    let panels: Vec<svg::Panel<'_>> =
        tables.iter().zip(&rows).map(|(table, bars)| svg::Panel { program: &table.program, bars }).collect();
    both(name, &caption, &description, root, page, |theme| svg::bars(&caption, &description, &panels, theme))
}

/// A bar that is made of parts.
pub(crate) struct Stacked {
    /// What the whole bar is.
    pub label: String,
    /// Its parts from left to right, in bytes.
    pub parts: Vec<(String, u64)>,
}

/// Bars that are made of parts.
pub(crate) fn stack(name: &str, caption: &str, bars: &[Stacked], root: &Path, page: &Path) -> (String, Vec<Wanted>) {
    let sentences = bars.iter().map(|bar| {
        let parts = bar.parts.iter().map(|(label, bytes)| format!("{label} {}", numbers::thousands(*bytes)));
        let whole = numbers::thousands(bar.parts.iter().map(|(_, bytes)| bytes).sum());
        format!("{}: {whole} bytes; {}.", bar.label, parts.collect::<Vec<_>>().join(", "))
    });
    let description = sentences.collect::<Vec<_>>().join(" ");
    let drawn: Vec<svg::stack::Bar<'_>> = bars
        .iter()
        .map(|bar| svg::stack::Bar {
            label: &bar.label,
            parts: bar.parts.iter().map(|(label, bytes)| (label.as_str(), *bytes)).collect(),
        })
        .collect();
    both(name, caption, &description, root, page, |theme| svg::stack::draw(caption, &description, &drawn, theme))
}

/// The crates of the workshop's tools.
pub(crate) fn house(house: &House, root: &Path, page: &Path) -> (String, Vec<Wanted>) {
    const TITLE: &str = "The crates, each above the crates it uses";
    both("house", TITLE, &house::description(house), root, page, |theme| house::draw(TITLE, house, theme))
}

/// The sections of some files in groups that make sense to readers. A section that only one of the files has is shown
/// for all.
pub(crate) fn sections(builds: &[&Build]) -> Vec<Stacked> {
    let mut bars: Vec<Stacked> = builds.iter().map(|build| sections_of(build)).collect();
    let groups = bars.first().map_or(0, |bar| bar.parts.len());
    let empty: Vec<bool> = (0..groups).map(|group| bars.iter().all(|bar| bar.parts[group].1 == 0)).collect();
    for bar in &mut bars {
        let mut group = empty.iter();
        bar.parts.retain(|_| !group.next().is_some_and(|empty| *empty));
    }
    bars
}

fn sections_of(build: &Build) -> Stacked {
    const GROUPS: [(&str, &[&str]); 4] = [
        ("machine code", &[".text", ".init", ".fini", ".plt"]),
        ("constants", &[".rodata"]),
        ("tables for unwinding", &[".eh_frame", ".eh_frame_hdr", ".gcc_except_table"]),
        ("symbol names", &[".symtab", ".strtab"]),
    ];
    let mut parts: Vec<(String, u64)> = GROUPS
        .iter()
        .map(|(label, names)| {
            let own = build.sections.iter().filter(|section| names.contains(&section.name.as_str()));
            ((*label).to_owned(), own.map(|section| section.bytes).sum())
        })
        .collect();
    let debug = build.sections.iter().filter(|section| section.name.starts_with(".debug"));
    parts.push(("debug information".to_owned(), debug.map(|section| section.bytes).sum()));
    let known: u64 = parts.iter().map(|(_, bytes)| bytes).sum();
    parts.push(("data, relocations, headers and padding".to_owned(), build.bytes.saturating_sub(known)));
    Stacked { label: format!("{}, {}", build.program, build.profile), parts }
}

fn both(
    name: &str,
    caption: &str,
    description: &str,
    root: &Path,
    page: &Path,
    draw: impl Fn(svg::Theme) -> String,
) -> (String, Vec<Wanted>) {
    let picture =
        |theme, suffix: &str| Wanted { path: root.join(format!("{FOLDER}/{name}-{suffix}.svg")), text: draw(theme) };
    let below = page.strip_prefix(root).unwrap_or(page);
    let link = |suffix: &str| match below.strip_prefix("docs/src") {
        Ok(_) => format!("img/{name}-{suffix}.svg"),
        Err(_) => format!("{}{FOLDER}/{name}-{suffix}.svg", "../".repeat(below.components().count().saturating_sub(1))),
    };
    let alternative =
        format!("{caption}. {description}").replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let html = format!(
        "<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"{}\">\n  <img alt=\"{alternative}\" src=\"{}\">\n</picture>\n",
        link("dark"),
        link("light"),
    );
    (html, vec![picture(svg::Theme::Light, "light"), picture(svg::Theme::Dark, "dark")])
}
