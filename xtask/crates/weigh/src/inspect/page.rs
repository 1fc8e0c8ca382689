//! `cargo xtask report`: one self-contained HTML file about a program.

use super::floor;
use crate::anatomy::{self, Anatomy};
use crate::compressed::{self, Compressed};
use crate::options;
use crate::report::html::{self, Binary, FloorPart, Function, Ladder, LadderRow, Page};
use crate::subject::{DEFAULT_RELEASE, Key, Program, Subject};
use crate::workshop::{LADDER, Workshop};
use anyhow::Result;
use base::diagnostic::shown;
use base::failure::Exit;
use base::files;
use base::output::{self, Progress};
use std::path::Path;

/// Runs `cargo xtask report`.
///
/// # Errors
/// When something cannot be built, read or written.
pub fn run(options: &options::Report) -> Result<Exit> {
    let options::Report { profile, default_release, out, open, compressed, subject } = options;
    compressed::look_for_programs(*compressed)?;
    let workshop = Workshop::of(subject)?;
    let subject = Subject::find(&workshop, subject, None)?;
    let program = super::only(&subject)?;
    let before = subject.resolve(default_release.then_some(DEFAULT_RELEASE), "profile")?;
    let after = subject.resolve(Some(profile.as_deref().unwrap_or("dist")), "profile")?;
    let default = subject.out_dir.join("size-workshop").join(format!("{}.html", program.target.stem()));
    let out = out.clone().unwrap_or(default);
    // Found out before minutes of building.
    files::check_writable(out.parent().unwrap_or(Path::new(".")))?;
    let ladder = ladder(&workshop, &subject, program, *compressed)?;
    let mut anatomies = vec![anatomy::build(&subject, program, &before)?];
    if after != before {
        anatomies.push(anatomy::build(&subject, program, &after)?);
    }
    let tuned = &anatomies[anatomies.len() - 1];
    let page = Page {
        title: format!("What {} weighs", program.name),
        toolchain: subject.release.clone().unwrap_or_default(),
        target: subject.built_for().to_owned(),
        tables: ladder.into_iter().collect(),
        floor: floor_parts(floor::of(&subject, program, &after, tuned)?, subject.shown(&after)),
        binaries: anatomies.iter().map(binary).collect(),
    };
    let text = html::page(&page)?;
    files::write_atomic(&out, text.as_bytes())?;
    output::data(&format!(
        "wrote {} ({} bytes)\n",
        shown(&out).display(),
        base::numbers::thousands(text.len() as u64)
    ))?;
    if *open {
        output::show(&out)?;
    }
    Ok(Exit::Met)
}

/// The sizes of the table `ladder`, where the workshop has one.
fn ladder(workshop: &Workshop, subject: &Subject, program: &Program, compressed: bool) -> Result<Option<Ladder>> {
    let Some(table) = workshop
        .sizes
        .tables
        .iter()
        .find(|table| table.name.as_ref() == LADDER)
        .or_else(|| workshop.sizes.tables.iter().find(|table| table.default))
    else {
        return Ok(None);
    };
    let chosen = subject.rows(table, &program.name);
    let progress = Progress::new(chosen.len());
    let mut rows = Vec::new();
    for (Key { profile, .. }, label) in chosen.into_iter().filter(|(key, _)| !key.strip_command) {
        progress.running(std::slice::from_ref(&profile));
        let (file, bytes) = anatomy::file_built(subject, program, &profile)?;
        let compressed = if compressed { Some(Compressed::of(&file)?) } else { None };
        progress.finished(&format!("built {}: {} bytes", subject.shown(&profile), base::numbers::thousands(bytes)));
        rows.push(LadderRow { label, profile, bytes, compressed });
    }
    Ok(Some(Ladder { caption: format!("{}: {}", program.name, table.caption), rows }))
}

/// The parts beside each other: what is inside of another one is taken out of it.
fn floor_parts(parts: Vec<floor::FloorPart>, profile: &str) -> Vec<FloorPart> {
    let inside: i64 = parts.iter().filter(|part| part.inside).map(|part| part.bytes).sum();
    let mut beside: Vec<FloorPart> = Vec::new();
    for (index, part) in parts.into_iter().enumerate() {
        let is_floor = index == 0 || part.inside;
        let bytes = if index == 0 { part.bytes - inside } else { part.bytes };
        beside.push(FloorPart {
            name: if index == 0 {
                "the floor, without that".to_owned()
            } else {
                part.name.trim_start_matches("of it: ").to_owned()
            },
            bytes: u64::try_from(bytes).unwrap_or_default(),
            what: format!("{} ({profile}).", part.what),
            removable: !is_floor,
        });
    }
    // "Without that" needs something before it.
    if beside.len() > 1 {
        beside.swap(0, 1);
    }
    beside
}

fn binary(anatomy: &Anatomy) -> Binary {
    let function = |function: &crate::measure::crates::Function| {
        let below = function.module().strip_prefix(function.krate.as_str()).map(|path| path.trim_start_matches("::"));
        Function {
            name: function.name.clone(),
            krate: function.krate.clone(),
            module: below.unwrap_or_default().to_owned(),
            bytes: function.bytes,
            guessed: function.guessed,
        }
    };
    Binary {
        name: anatomy.name.clone(),
        file_bytes: anatomy.file_bytes,
        text_bytes: anatomy.text_bytes(),
        sections: anatomy.sections.clone(),
        functions: anatomy.code.iter().flat_map(|code| &code.functions).map(function).collect(),
        note: (!anatomy.notes.is_empty()).then(|| anatomy.notes.join(" ")),
    }
}
