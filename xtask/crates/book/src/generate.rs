//! The text between the markers: tables, pictures, listings, numbers.

use super::chapters::{self, Chapter};
use super::claims::Claims;
use super::facts::{Facts, Record, Stack, Unit};
use super::markers::Part;
use super::values::{self, Values};
use crate::docs::{Wanted, file_name};
use crate::{house, listing, pictures, platforms, reference};
use base::failure::Exit;
use base::numbers;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use weigh::committed::Measurement;
use weigh::report::markdown;
use weigh::sizes::measured;
use weigh::workshop::Workshop;

/// Everything that generated text comes from.
pub(crate) struct Generator<'a> {
    /// The workshop whose documents these are.
    pub workshop: &'a Workshop,
    /// The size tables.
    pub measurement: &'a Measurement,
    /// The size tables of other compilers on the same target.
    pub others: &'a [Measurement],
    /// The size tables of other targets, by triple.
    pub platforms: &'a BTreeMap<String, Measurement>,
    /// What the book measures.
    pub facts: &'a Facts,
    /// What others say.
    pub claims: &'a Claims,
    /// The measurements and outputs recorded for it.
    pub record: &'a Record,
}

/// Why a part cannot be generated.
pub(crate) struct Wrong {
    /// What is wrong, without a final full stop.
    pub message: String,
    /// What to do.
    pub help: String,
    /// `NotMet` if the page or what it is made from is out of date, `Usage` if the marker is wrong.
    pub exit: Exit,
}

impl Generator<'_> {
    fn values(&self) -> Values<'_> {
        Values {
            measurement: self.measurement,
            others: self.others,
            platforms: self.platforms,
            facts: self.facts,
            record: self.record,
        }
    }

    /// The text of a part of this page, with the pictures that it shows.
    ///
    /// # Errors
    /// When nothing of this name can be generated.
    pub(crate) fn part(&self, page: &Path, text: &str, part: &Part) -> Result<(String, Vec<Wanted>), Wrong> {
        if part.inline {
            return self.inline(text, &part.what).map(|text| (text, Vec::new()));
        }
        let only = |text: String| Ok((text, Vec::new()));
        let root = &self.workshop.root;
        match part.what.split(' ').collect::<Vec<_>>().as_slice() {
            words if platforms::is_one(words) => self.of_platforms(words, page),
            ["sizes", name, ..] | ["compilers", name, _] if self.tables(name).is_some() => {
                self.sizes(&part.what, name).and_then(only)
            }
            ["bars", name] if self.tables(name).is_some() => {
                Ok(pictures::bars(name, &self.tables(name).unwrap_or_default(), root, page))
            }
            ["sections", program, profiles @ ..] if !profiles.is_empty() => self.sections(page, program, profiles),
            ["stack", name] => {
                let stack = self.facts.stacks.get(*name).ok_or_else(|| {
                    wrong(
                        format!("no file of docs/facts has a picture `stack.{name}`"),
                        "write one, or correct the name",
                    )
                })?;
                self.stack(page, name, stack)
            }
            ["facts", group] => self.group(group).and_then(only),
            ["claims", group] => {
                let value = |expression: &str| self.values().text(expression);
                let table = self.claims.table(group, &value);
                table.map_err(|message| wrong(message, "correct docs/claims.toml")).and_then(only)
            }
            ["facts"] => self.all_facts().and_then(only),
            ["listing", what] => listing::block(root, what)
                .map_err(|message| {
                    wrong(message, "`listing PATH` or `listing PATH#ANCHOR`, from the folder of the workspace")
                })
                .and_then(only),
            ["chapters"] => self.chapters().and_then(only),
            ["house"] => self.house(page),
            ["settings"] => only(reference::settings()),
            ["codes", part @ ..] if matches!(part, [] | ["by-message"]) => {
                let recorded = self.record.consoles.get(&file_name(page)).map_or(&[][..], Vec::as_slice);
                let codes = if part.is_empty() { reference::codes } else { reference::codes_by_message };
                codes(root, recorded)
                    .map_err(|message| {
                        wrong(message, "each code needs docs/diagnostics/GROUP-NAME.toml and a folder of that name")
                    })
                    .and_then(only)
            }
            _ => Err(self.no_part()),
        }
    }

    /// What can be generated, if something else was requested.
    fn no_part(&self) -> Wrong {
        let names: Vec<&str> = self.workshop.sizes.tables.iter().map(|table| table.name.as_ref().as_str()).collect();
        Wrong {
            message: "nothing of this name can be generated".to_owned(),
            help: format!(
                "`sizes TABLE`, `sizes TABLE of RELEASE`, `compilers TABLE RELEASE`, `bars TABLE`, `sections PROGRAM PROFILE…`, `sections-of TARGET PROGRAM PROFILE…`, `stack NAME`, `platforms`, `ladders PROGRAM`, `bars-of-platforms`, `facts` or `facts GROUP`, `claims GROUP`, `listing PATH#ANCHOR`, `chapters`, `house`, `settings`, `codes` or `codes by-message`; the tables are {}",
                names.join(", ")
            ),
            exit: Exit::Usage,
        }
    }

    fn inline(&self, text: &str, what: &str) -> Result<String, Wrong> {
        match what {
            // Within a sentence, because a block would be a paragraph of its own and cut the sentence in two.
            "measured on" => {
                let Measurement { toolchain, target, linker, .. } = self.measurement;
                let linker = linker.as_ref().map(|linker| format!(", linked by {linker}")).unwrap_or_default();
                Ok(format!("rustc {toolchain} for {target}{linker}"))
            }
            _ if what.starts_with("measured on ") => {
                let other = self.other(what.trim_start_matches("measured on "))?;
                Ok(format!("rustc {} for {}", other.toolchain, other.target))
            }
            "minutes" => Ok(chapters::minutes(text).to_string()),
            "minutes total" => {
                let chapters = self.pages()?;
                Ok(chapters.iter().filter_map(|(_, text)| chapters::minutes_to_read(text)).sum::<usize>().to_string())
            }
            _ => self.values().text(what).map_err(|message| wrong(message, values::FUNCTIONS)),
        }
    }

    fn of_platforms(&self, words: &[&str], page: &Path) -> Result<(String, Vec<Wanted>), Wrong> {
        let Self { workshop, measurement: reference, platforms: others, .. } = *self;
        platforms::Shown { workshop, reference, others }.part(words, page)
    }

    fn get(&self, reference: &str) -> Result<u64, Wrong> {
        self.values().get(reference).map_err(|message| wrong(message, values::FUNCTIONS))
    }

    /// The measurement of another compiler.
    fn other(&self, release: &str) -> Result<&Measurement, Wrong> {
        self.others.iter().find(|other| other.toolchain == release).ok_or_else(|| {
            wrong(
                format!("there is no measurement of rustc {release}"),
                "run `cargo xtask sizes --accept` with that compiler, or correct the release",
            )
        })
    }

    /// A table as the book's compiler produces it, or a different one does, or both side by side.
    fn sizes(&self, what: &str, name: &str) -> Result<String, Wrong> {
        let of = |measurement| self.tables_of(name, measurement).unwrap_or_default();
        let text = match what.split(' ').collect::<Vec<_>>().as_slice() {
            ["compilers", _, release] => {
                let releases = [self.measurement.toolchain.as_str(), release];
                markdown::two_compilers(releases, &of(self.measurement), &of(self.other(release)?))
            }
            ["sizes", _, "of", release] => markdown::side_by_side(&of(self.other(release)?)),
            ["sizes", _] => markdown::side_by_side(&of(self.measurement)),
            _ => return Err(wrong("this doesn't say which compiler", "`sizes TABLE of RELEASE`")),
        };
        Ok(format!("\n{text}\n"))
    }

    /// A table for each program that it is made for.
    fn tables(&self, name: &str) -> Option<Vec<measured::Table>> {
        self.tables_of(name, self.measurement)
    }

    fn tables_of(&self, name: &str, measurement: &Measurement) -> Option<Vec<measured::Table>> {
        let table = self.workshop.sizes.tables.iter().position(|table| table.name.as_ref() == name)?;
        let programs: Vec<&str> =
            self.workshop.sizes.programs.iter().map(|program| program.name.as_ref().as_str()).collect();
        Some(measured::tables_of(measurement, &self.workshop.sizes.tables[table..=table], &programs))
    }

    /// The facts of a group as a table, with the change against the first.
    fn group(&self, group: &str) -> Result<String, Wrong> {
        let facts: Vec<_> = self.facts.facts.iter().filter(|fact| fact.group.as_deref() == Some(group)).collect();
        let Some(first) = facts.first() else {
            return Err(wrong(
                format!("no fact of docs/facts is in the group `{group}`"),
                "correct the name, or add `group` to a fact",
            ));
        };
        let unit = first.unit;
        let start = self.get(&format!("fact/{}", first.name))?;
        let mut text = format!("\n| build | {} | change |\n|---|--:|--:|\n", unit.name());
        for fact in &facts {
            let number = self.get(&format!("fact/{}", fact.name))?;
            if fact.unit != unit {
                return Err(wrong(
                    format!(
                        "`{}` is in the group `{group}`, but counts something different from `{}`",
                        fact.name, first.name
                    ),
                    "the facts of a group share one column, so they need the same unit",
                ));
            }
            let change =
                if fact.name == first.name { String::new() } else { numbers::change_in(number, start, unit.symbol()) };
            let label = markdown::escape(fact.label.as_deref().unwrap_or(&fact.name));
            // Instructions are not counted to the last one twice.
            let shown = if unit == Unit::Instructions {
                format!("{} million", numbers::thousands((number + 500_000) / 1_000_000))
            } else {
                numbers::thousands(number)
            };
            let _ = writeln!(text, "| {label} | {shown} | {change} |");
        }
        text.push('\n');
        Ok(text)
    }

    /// Every fact: what it is, the number, and the script that measures it.
    fn all_facts(&self) -> Result<String, Wrong> {
        let mut text = String::new();
        for fact in &self.facts.facts {
            let number = numbers::thousands(self.get(&format!("fact/{}", fact.name))?);
            let needs =
                if fact.needs.is_empty() { String::new() } else { format!(" Needs {}.", fact.needs.join(", ")) };
            let _ = write!(
                text,
                "\n### `{}`\n\n{}: {number} {}.{needs}\n\n```bash\n{}\n```\n",
                fact.name,
                fact.about,
                fact.unit.name(),
                fact.run.trim()
            );
        }
        text.push('\n');
        Ok(text)
    }

    fn sections(&self, page: &Path, program: &str, profiles: &[&str]) -> Result<(String, Vec<Wanted>), Wrong> {
        let mut builds = Vec::new();
        for profile in profiles {
            let build = self.measurement.find(program, profile, false).ok_or_else(|| {
                wrong(format!("`{program}` wasn't measured under `{profile}`"), "`sections PROGRAM PROFILE PROFILE`")
            })?;
            builds.push(build);
        }
        let caption = format!("What {program}'s file consists of");
        let name = format!("sections-{program}-{}", profiles.join("-"));
        Ok(pictures::stack(&name, &caption, &pictures::sections(&builds), &self.workshop.root, page))
    }

    fn stack(&self, page: &Path, name: &str, stack: &Stack) -> Result<(String, Vec<Wanted>), Wrong> {
        let mut bars = Vec::new();
        for bar in &stack.bars {
            let mut left = self.get(&bar.whole)?;
            let mut parts = Vec::new();
            for segment in &bar.segments {
                let minus = segment.minus.as_ref().map(|minus| self.get(minus)).transpose()?.unwrap_or_default();
                let bytes = self.get(&segment.bytes)?.saturating_sub(minus);
                left = left.checked_sub(bytes).ok_or_else(|| {
                    wrong(
                        format!("the parts of `{}` are more than the whole", bar.label),
                        "correct the picture's segments",
                    )
                })?;
                parts.push((segment.label.clone(), bytes));
            }
            parts.push((bar.rest.clone(), left));
            bars.push(pictures::Stacked { label: bar.label.clone(), parts });
        }
        Ok(pictures::stack(&format!("stack-{name}"), &stack.caption, &bars, &self.workshop.root, page))
    }

    /// The crates that the workshop's tools are made of.
    fn house(&self, page: &Path) -> Result<(String, Vec<Wanted>), Wrong> {
        let house = house::ask(&self.workshop.root).map_err(|error| {
            wrong(format!("`cargo metadata` failed: {error:#}"), "to see what's wrong, run `cargo metadata`")
        })?;
        Ok(pictures::house(&house, &self.workshop.root, page))
    }

    /// The chapters that SUMMARY.md names, with their texts.
    fn pages(&self) -> Result<Vec<(Chapter, String)>, Wrong> {
        let folder = self.workshop.root.join("docs/src");
        let read = |file: &str| {
            fs::read_to_string(folder.join(file))
                .map_err(|error| wrong(format!("can't read docs/src/{file}: {error}"), "correct docs/src/SUMMARY.md"))
        };
        let chapters = chapters::of(&read("SUMMARY.md")?);
        chapters.into_iter().map(|chapter| read(&chapter.file).map(|text| (chapter, text))).collect()
    }

    /// All chapters with their minutes and exercises.
    fn chapters(&self) -> Result<String, Wrong> {
        let mut text = "\n| chapter | minutes | exercise |\n|---|--:|---|\n".to_owned();
        let mut part = String::new();
        for (chapter, page) in self.pages()?.iter().filter(|(chapter, _)| !chapter.part.is_empty()) {
            if chapter.part != part {
                let _ = writeln!(text, "| **{}** | | |", chapter.part);
                part.clone_from(&chapter.part);
            }
            let indent = if chapter.is_below { "– " } else { "" };
            let exercises: Vec<String> = chapters::practiced_in(page)
                .iter()
                .map(|number| format!("[ex{number}](../../exercises/ex{number}/README.md)"))
                .collect();
            let minutes = chapters::minutes_to_read(page).map(|minutes| minutes.to_string()).unwrap_or_default();
            let (title, file) = (markdown::escape(&chapter.title), &chapter.file);
            let _ = writeln!(text, "| {indent}[{title}]({file}) | {minutes} | {} |", exercises.join(", "));
        }
        text.push('\n');
        Ok(text)
    }
}

pub(crate) fn wrong(message: impl Into<String>, help: impl Into<String>) -> Wrong {
    Wrong { message: message.into(), help: help.into(), exit: Exit::NotMet }
}
