//! What the book shows about other targets: each with its compiler and what runs it, the ladder on all of them, and a
//! picture. Like every table, it is made from the committed measurements.

use crate::docs::Wanted;
use crate::generate::{Wrong, wrong};
use crate::pictures;
use base::numbers::{change, thousands};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use weigh::committed::{Build, Measurement};
use weigh::report::markdown::escape;
use weigh::sizes::measured;
use weigh::workshop::{LADDER, Workshop};

/// What it is made from.
pub(crate) struct Shown<'a> {
    pub workshop: &'a Workshop,
    /// The measurement that the other chapters show.
    pub reference: &'a Measurement,
    /// Those of other targets, by triple.
    pub others: &'a BTreeMap<String, Measurement>,
}

impl Shown<'_> {
    /// A part of a page.
    ///
    /// # Errors
    /// When nothing was measured for it, or the words are unknown.
    pub(crate) fn part(&self, words: &[&str], page: &Path) -> Result<(String, Vec<Wanted>), Wrong> {
        let Self { workshop, reference, others } = *self;
        let text = match *words {
            ["platforms"] => table(workshop, reference, others),
            ["ladders", program] => ladders(workshop, reference, others, program),
            ["sections-of", target, program, ref profiles @ ..] if !profiles.is_empty() => {
                sections(workshop, others.get(target), program, profiles)
            }
            ["bars-of-platforms"] => return bars(workshop, reference, others, page),
            _ => Err(wrong(
                "nothing can be generated under this name",
                "`platforms`, `ladders PROGRAM`, `sections-of TARGET PROGRAM PROFILE…`, or `bars-of-platforms`",
            )),
        };
        text.map(|text| (text, Vec::new()))
    }
}

/// Whether a part is one of these.
pub(crate) fn is_one(words: &[&str]) -> bool {
    words.first().is_some_and(|first| ["platforms", "ladders", "sections-of", "bars-of-platforms"].contains(first))
}

/// A target with what is known about it.
struct Platform<'a> {
    name: &'a str,
    runs: &'a str,
    measurement: &'a Measurement,
}

/// The reference target, and those that the workshop's manifest names, in its order.
fn all<'a>(
    workshop: &'a Workshop,
    reference: &'a Measurement,
    others: &'a BTreeMap<String, Measurement>,
) -> Result<Vec<Platform<'a>>, Wrong> {
    let mut platforms =
        vec![Platform { name: "Linux, x86-64, glibc", runs: "the machine itself", measurement: reference }];
    for platform in &workshop.sizes.platforms {
        let (target, name, runs) = (&platform.target, &platform.name, &platform.runs);
        let measurement = others.get(target).ok_or_else(|| {
            wrong(
                format!("there is no committed measurement for {target}"),
                format!("`cargo xtask sizes --accept --target {target}` writes one"),
            )
        })?;
        platforms.push(Platform { name, runs, measurement });
    }
    Ok(platforms)
}

fn bytes(platform: &Platform<'_>, program: &str, profile: &str) -> Result<u64, Wrong> {
    let target = &platform.measurement.target;
    platform.measurement.find(program, profile, false).map(|build| build.bytes).ok_or_else(|| {
        wrong(
            format!("`{program}` wasn't measured under `{profile}` for {target}"),
            format!("`cargo xtask sizes --accept --target {target}` measures all"),
        )
    })
}

fn programs(workshop: &Workshop) -> Vec<&str> {
    workshop.sizes.programs.iter().map(|program| program.name.as_ref().as_str()).collect()
}

/// Each target, the compiler and the linker, what runs its programs, and both programs before and after.
fn table(
    workshop: &Workshop,
    reference: &Measurement,
    others: &BTreeMap<String, Measurement>,
) -> Result<String, Wrong> {
    let mut text = "\n| platform | target | rustc | run by |".to_owned();
    for program in programs(workshop) {
        let _ = write!(text, " {}, release | dist | change |", escape(program));
    }
    text.push_str("\n|---|---|---|---|");
    text.push_str(&"--:|--:|--:|".repeat(programs(workshop).len()));
    text.push('\n');
    for platform in all(workshop, reference, others)? {
        let Platform { name, runs, measurement } = &platform;
        let _ = write!(
            text,
            "| {} | `{}` | {} | {} |",
            escape(name),
            measurement.target,
            measurement.toolchain,
            escape(runs)
        );
        for program in programs(workshop) {
            let (before, after) = (bytes(&platform, program, "release")?, bytes(&platform, program, "dist")?);
            let _ = write!(text, " {} | {} | {} |", thousands(before), thousands(after), change(after, before));
        }
        text.push('\n');
    }
    text.push('\n');
    Ok(text)
}

/// The ladder of a program, a column for each target.
fn ladders(
    workshop: &Workshop,
    reference: &Measurement,
    others: &BTreeMap<String, Measurement>,
    program: &str,
) -> Result<String, Wrong> {
    let ladder = workshop.sizes.tables.iter().find(|table| table.name.as_ref() == LADDER);
    let ladder = ladder.filter(|_| programs(workshop).contains(&program)).ok_or_else(|| {
        wrong(
            format!("there is no ladder of `{program}`"),
            format!("the programs are {}", programs(workshop).join(", ")),
        )
    })?;
    let platforms = all(workshop, reference, others)?;
    let mut text = "\n| build |".to_owned();
    text.extend(platforms.iter().map(|platform| format!(" {} |", escape(platform.name))));
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(platforms.len()));
    text.push('\n');
    for row in &ladder.rows {
        let _ = write!(text, "| {} |", escape(&row.label));
        for platform in &platforms {
            let _ = write!(text, " {} |", thousands(bytes(platform, program, row.profile.as_ref())?));
        }
        text.push('\n');
    }
    text.push_str("| all five settings |");
    let ends = [ladder.rows.first(), ladder.rows.last()].map(|row| row.map_or("release", |row| row.profile.as_ref()));
    for platform in &platforms {
        let [first, last] = [bytes(platform, program, ends[0])?, bytes(platform, program, ends[1])?];
        let _ = write!(text, " {} |", change(last, first));
    }
    text.push_str("\n\n");
    Ok(text)
}

/// The sections of a program for a different target under some profiles, the largest first.
fn sections(
    workshop: &Workshop,
    measurement: Option<&Measurement>,
    program: &str,
    profiles: &[&str],
) -> Result<String, Wrong> {
    let names: Vec<&str> = workshop.sizes.platforms.iter().map(|platform| platform.target.as_str()).collect();
    let measurement = measurement.ok_or_else(|| {
        wrong("nothing was measured for this target", format!("the targets are {}", names.join(", ")))
    })?;
    let mut builds = Vec::new();
    for profile in profiles {
        let build = measurement.find(program, profile, false);
        builds.push(build.ok_or_else(|| {
            wrong(format!("`{program}` wasn't measured under `{profile}`"), "`sections-of TARGET PROGRAM PROFILE`")
        })?);
    }
    let bytes_of = |build: &Build, name: &str| -> u64 {
        build.sections.iter().filter(|section| section.name == name).map(|section| section.bytes).sum()
    };
    let mut rows: Vec<(&str, Vec<u64>)> = Vec::new();
    for section in builds.iter().flat_map(|build| &build.sections) {
        if rows.iter().all(|(name, _)| *name != section.name) {
            rows.push((&section.name, builds.iter().map(|build| bytes_of(build, &section.name)).collect()));
        }
    }
    rows.retain(|(_, bytes)| bytes.iter().any(|bytes| *bytes > 0));
    rows.sort_by(|(a, a_bytes), (b, b_bytes)| b_bytes.cmp(a_bytes).then(a.cmp(b)));
    let mut text = "\n| section |".to_owned();
    text.extend(profiles.iter().map(|profile| format!(" {} |", escape(profile))));
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(profiles.len()));
    text.push('\n');
    rows.push(("the whole file", builds.iter().map(|build| build.bytes).collect()));
    for (name, bytes) in rows {
        let _ = write!(text, "| {} |", escape(name));
        text.extend(bytes.iter().map(|bytes| format!(" {} |", thousands(*bytes))));
        text.push('\n');
    }
    text.push('\n');
    Ok(text)
}

/// `dist` on each target.
fn bars(
    workshop: &Workshop,
    reference: &Measurement,
    others: &BTreeMap<String, Measurement>,
    page: &Path,
) -> Result<(String, Vec<Wanted>), Wrong> {
    let platforms = all(workshop, reference, others)?;
    let mut tables = Vec::new();
    for program in programs(workshop) {
        let mut rows = Vec::new();
        for platform in &platforms {
            rows.push(measured::Row {
                profile: "dist".to_owned(),
                label: platform.name.to_owned(),
                bytes: bytes(platform, program, "dist")?,
                output_ok: None,
                seconds: None,
                sections: Vec::new(),
                committed: None,
                compressed: None,
            });
        }
        tables.push(measured::Table {
            name: "platforms".to_owned(),
            caption: "The profile `dist` on each platform".to_owned(),
            program: program.to_owned(),
            rows,
        });
    }
    Ok(pictures::bars("platforms", &tables, &workshop.root, page))
}
