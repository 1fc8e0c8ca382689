//! Keeps the generated parts of README.md and docs/ equal to the committed measurement, so that no number is copied by
//! hand.
//!
//! A generated part of a Markdown file stands between two comments:
//! `<!-- generated: WHAT -->` and `<!-- end of generated -->`. WHAT is `sizes TABLE` (a table of every program),
//! `bars TABLE` (its picture), or `measured on` (compiler, target and linker).

use crate::cli;
use crate::diagnostic;
use crate::exit::{Exit, Failure};
use crate::manifest::Workshop;
use crate::measurement::{self, Measurement, REFERENCE_TARGET};
use crate::output;
use crate::report::{self, markdown, svg};
use crate::tree;
use crate::units;
use anyhow::{Context as _, Result, bail};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

const OPEN: &str = "<!-- generated: ";
const CLOSE: &str = "<!-- end of generated -->";

/// A file as it should be.
struct Wanted {
    path: PathBuf,
    text: String,
}

/// Runs `cargo xtask docs`.
///
/// # Errors
/// When a marker names nothing, or a file cannot be read or written.
pub fn run(options: &cli::Docs) -> Result<Exit> {
    let workshop = Workshop::find()?;
    let toolchain = pinned_toolchain(&workshop.root)?;
    let Some(measurement) = measurement::load(&workshop.root, REFERENCE_TARGET, &toolchain)? else {
        let path = measurement::path(&workshop.root, REFERENCE_TARGET, &toolchain);
        bail!(
            Failure::new(Exit::NotMet, format!("there is no measurement for rustc {toolchain} on {REFERENCE_TARGET}"))
                .file(diagnostic::shown(&path))
                .help("run `cargo xtask sizes --accept` there")
        );
    };
    let generator = Generator { workshop: &workshop, measurement: &measurement };
    let mut wanted = Vec::new();
    for path in markdown_files(&workshop.root)? {
        let old = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut text = old.clone();
        // From the last to the first, so that the places of the others stay as they are.
        for Part { what, body } in parts(&path, &old)?.into_iter().rev() {
            let (new, pictures) = generator.part(&path, &old, &what)?;
            text.replace_range(body, &new);
            wanted.extend(pictures);
        }
        wanted.push(Wanted { path, text });
    }
    if options.check { check(&wanted) } else { write(&wanted) }
}

fn check(wanted: &[Wanted]) -> Result<Exit> {
    let mut stale = 0;
    for Wanted { path, text } in wanted {
        let old = fs::read_to_string(path).unwrap_or_default();
        if old != *text {
            let line = old.lines().zip(text.lines()).take_while(|(old, new)| old == new).count() + 1;
            output::not_met(&format!(
                "{}:{line}: stale; run `cargo xtask docs` to bring it up to date",
                diagnostic::shown(path).display()
            ));
            stale += 1;
        }
    }
    if stale == 0 {
        output::note(&format!("{} files are up to date", wanted.len()));
    }
    Ok(if stale == 0 { Exit::Met } else { Exit::NotMet })
}

fn write(wanted: &[Wanted]) -> Result<Exit> {
    let mut written = 0;
    for Wanted { path, text } in wanted {
        if fs::read_to_string(path).ok().as_ref() != Some(text) {
            tree::write_atomic(path, text.as_bytes())?;
            output::note(&format!("wrote {}", diagnostic::shown(path).display()));
            written += 1;
        }
    }
    if written == 0 {
        output::note("everything was up to date");
    }
    Ok(Exit::Met)
}

/// README.md and every Markdown file below docs/, in a fixed order.
fn markdown_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot read the folder {}", folder.display()))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|extension| extension == "md") {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

/// A generated part: what it is, and where its text is (in bytes).
#[derive(Debug, PartialEq)]
struct Part {
    what: String,
    body: Range<usize>,
}

fn parts(path: &Path, text: &str) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(open) = text[from..].find(OPEN).map(|at| from + at) {
        let error = |message: &str, help: &str| {
            diagnostic::in_file(path, text, open..open + OPEN.len(), message, "it begins here", Some(help))
        };
        let line = text[open..].lines().next().unwrap_or_default();
        let Some(what) = line.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(" -->")) else {
            bail!(error("this marker is not closed on its line", "end the line with ` -->`"));
        };
        let start = open + line.len() + 1;
        let end = text.get(start..).and_then(|rest| rest.find(CLOSE)).map(|at| start + at);
        let Some(end) = end.filter(|&end| !text[start..end].contains(OPEN)) else {
            bail!(error(
                "this generated part has no end",
                "add `<!-- end of generated -->` on a line of its own below it"
            ));
        };
        parts.push(Part { what: what.to_owned(), body: start..end });
        from = end + CLOSE.len();
    }
    Ok(parts)
}

struct Generator<'a> {
    workshop: &'a Workshop,
    measurement: &'a Measurement,
}

impl Generator<'_> {
    /// The text of a part, with the pictures that it shows.
    fn part(&self, path: &Path, text: &str, what: &str) -> Result<(String, Vec<Wanted>)> {
        match what.split(' ').collect::<Vec<_>>().as_slice() {
            ["sizes", name] if self.tables(name).is_some() => {
                let tables = self.tables(name).unwrap_or_default();
                Ok((format!("\n{}\n", markdown::side_by_side(&tables)), Vec::new()))
            }
            ["bars", name] if self.tables(name).is_some() => {
                let tables = self.tables(name).unwrap_or_default();
                let folder = path.parent().unwrap_or(Path::new(""));
                Ok(pictures(name, &tables, &self.workshop.root, folder))
            }
            ["measured", "on"] => {
                let Measurement { toolchain, target, linker, .. } = self.measurement;
                let linker = linker.as_ref().map(|linker| format!(", linked by {linker}")).unwrap_or_default();
                Ok((format!("rustc {toolchain}, {target}{linker}.\n"), Vec::new()))
            }
            _ => {
                let at = text.find(&format!("{OPEN}{what}")).unwrap_or_default() + OPEN.len();
                let names: Vec<&str> =
                    self.workshop.sizes.tables.iter().map(|table| table.name.as_ref().as_str()).collect();
                let help = format!("`sizes TABLE`, `bars TABLE` or `measured on`; the tables are {}", names.join(", "));
                bail!(diagnostic::in_file(
                    path,
                    text,
                    at..at + what.len(),
                    "nothing of this name can be generated",
                    "not known",
                    Some(&help)
                ))
            }
        }
    }

    /// A table for each program that it is made for.
    fn tables(&self, name: &str) -> Option<Vec<report::Table>> {
        let table = self.workshop.sizes.tables.iter().position(|table| table.name.as_ref() == name)?;
        let programs: Vec<&str> =
            self.workshop.sizes.programs.iter().map(|program| program.name.as_ref().as_str()).collect();
        Some(report::tables_of(self.measurement, &self.workshop.sizes.tables[table..=table], &programs))
    }
}

/// A table as a picture for light and for dark pages, and the HTML that chooses between them.
fn pictures(name: &str, tables: &[report::Table], root: &Path, folder: &Path) -> (String, Vec<Wanted>) {
    let caption = tables.first().map(|table| table.caption.clone()).unwrap_or_default().replace('`', "");
    let sentences = tables.iter().filter_map(|table| {
        let (first, last) = (table.rows.first()?, table.rows.last()?);
        let change = units::change(last.bytes, first.bytes);
        let (from, to) = (units::thousands(first.bytes), units::thousands(last.bytes));
        Some(format!("{}: {} {from} bytes, {} {to} bytes ({change}).", table.program, first.label, last.label))
    });
    let description = sentences.collect::<Vec<_>>().join(" ");
    let rows: Vec<Vec<svg::Bar<'_>>> = tables
        .iter()
        .map(|table| table.rows.iter().map(|row| svg::Bar { label: &row.label, bytes: row.bytes }).collect())
        .collect();
    let panels: Vec<svg::Panel<'_>> =
        tables.iter().zip(&rows).map(|(table, bars)| svg::Panel { program: &table.program, bars }).collect();
    let picture = |theme, suffix: &str| {
        let path = root.join(format!("docs/img/{name}-{suffix}.svg"));
        Wanted { path, text: svg::bars(&caption, &description, &panels, theme) }
    };
    let up = folder.strip_prefix(root).map_or(0, |below| below.components().count());
    let link = |suffix: &str| format!("{}docs/img/{name}-{suffix}.svg", "../".repeat(up));
    let alternative =
        format!("{caption}. {description}").replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let html = format!(
        "<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"{}\">\n  <img alt=\"{alternative}\" src=\"{}\">\n</picture>\n",
        link("dark"),
        link("light"),
    );
    (html, vec![picture(svg::Theme::Light, "light"), picture(svg::Theme::Dark, "dark")])
}

/// The release in rust-toolchain.toml.
fn pinned_toolchain(root: &Path) -> Result<String> {
    #[derive(serde::Deserialize)]
    struct File {
        toolchain: Toolchain,
    }
    #[derive(serde::Deserialize)]
    struct Toolchain {
        channel: String,
    }
    let path = root.join("rust-toolchain.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|error| diagnostic::toml_error(&path, &text, &error))?;
    Ok(file.toolchain.channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_parts_are_found_by_their_markers() {
        let text = "a\n<!-- generated: sizes ladder -->\nold\n<!-- end of generated -->\nb\n<!-- generated: measured on -->\n<!-- end of generated -->\n";
        let parts = parts(Path::new("README.md"), text).unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((parts[0].what.as_str(), &text[parts[0].body.clone()]), ("sizes ladder", "old\n"));
        assert_eq!((parts[1].what.as_str(), &text[parts[1].body.clone()]), ("measured on", ""));
    }

    #[test]
    fn a_part_without_an_end_is_named_with_its_line() {
        for text in [
            "a\n<!-- generated: sizes ladder -->\nold\n",
            "a\n<!-- generated: sizes ladder -->\n<!-- generated: b -->\n<!-- end of generated -->\n",
            "a\n<!-- generated: sizes ladder",
        ] {
            let error = parts(Path::new("README.md"), text).unwrap_err();
            let failure = error.downcast_ref::<Failure>().unwrap();
            assert_eq!(failure.place.as_ref().unwrap().line, Some(2), "{text}");
        }
    }
}
