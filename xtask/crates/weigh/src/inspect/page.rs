//! `cargo xtask report`: one self-contained HTML file about a program.

use super::floor;
use crate::anatomy::{self, Anatomy};
use crate::compressed::{self, Compressed};
use crate::measure::reasons::Reasons;
use crate::options;
use crate::report::html::{self, Binary, FloorPart, Function, Graph, Ladder, LadderRow, Page, Set};
use crate::subject::{DEFAULT_RELEASE, Key, Program, Subject};
use crate::workshop::{LADDER, Workshop};
use anyhow::Result;
use base::diagnostic::shown;
use base::failure::Exit;
use base::files;
use base::output::{self, Progress};
use std::collections::{BTreeMap, BTreeSet};
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
    let mut anatomies = vec![anatomy::explained(&subject, program, &before)?];
    if after != before {
        anatomies.push(anatomy::explained(&subject, program, &after)?);
    }
    let tuned = &anatomies[anatomies.len() - 1];
    let empty = floor::empty(&subject, program, &after)?;
    let floor = empty.map_or_else(Vec::new, |empty| floor::of(program, tuned, &empty));
    let page = Page {
        title: format!("What {} weighs", program.name),
        toolchain: subject.release.clone().unwrap_or_default(),
        target: subject.built_for().to_owned(),
        tables: ladder.into_iter().collect(),
        floor: floor_parts(floor, subject.shown(&after)),
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
    for (Key { profile, .. }, label) in chosen.into_iter().filter(|(key, _)| !key.strip_command && key.std.is_none()) {
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
                "the rest of the floor".to_owned()
            } else {
                part.name.trim_start_matches("including ").to_owned()
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
    let functions: Vec<Function> = anatomy.code.iter().flat_map(|code| &code.functions).map(function).collect();
    Binary {
        name: anatomy.name.clone(),
        file_bytes: anatomy.file_bytes,
        text_bytes: anatomy.text_bytes(),
        sections: anatomy.sections.clone(),
        graph: anatomy.reasons.as_ref().map(|reasons| graph(reasons, anatomy.file_bytes, &functions)),
        unexplained: anatomy.unexplained.clone(),
        functions,
        note: (!anatomy.notes.is_empty()).then(|| anatomy.notes.join(" ")),
    }
}

/// Why the bytes of a build are there, with what its functions and its modules keep.
fn graph(reasons: &Reasons, file_bytes: u64, functions: &[Function]) -> Graph {
    let nodes = reasons.nodes();
    let mut named: BTreeMap<(&str, &str), Vec<u32>> = BTreeMap::new();
    for (number, node) in (0_u32..).zip(&nodes) {
        named.entry((&node.name, &node.krate)).or_default().push(number);
    }
    let mut sets: BTreeMap<(&str, &str, Option<&str>), BTreeSet<u32>> = BTreeMap::new();
    for Function { name, krate, module, .. } in functions {
        let parts = named.get(&(name.as_str(), krate.as_str())).into_iter().flatten();
        sets.entry((krate, module, Some(name))).or_default().extend(parts.clone());
        if !module.is_empty() {
            sets.entry((krate, module, None)).or_default().extend(parts);
        }
    }
    let set = |((krate, module, name), parts): ((&str, &str, Option<&str>), BTreeSet<u32>)| {
        let parts: Vec<u32> = parts.into_iter().collect();
        let own: u64 = parts.iter().map(|part| nodes[*part as usize].own_bytes).sum();
        // What several parts keep together takes a walk through the whole graph, which isn't made for each of thousands of modules.
        let is_worth_it = parts.len() == 1 || own.saturating_mul(1000) >= file_bytes;
        let retained_bytes = is_worth_it.then(|| reasons.retained_by(&parts));
        Set { name: name.map(str::to_owned), krate: krate.to_owned(), module: module.to_owned(), parts, retained_bytes }
    };
    Graph {
        sets: sets.into_iter().map(set).collect(),
        rest: reasons.rest().map(|(name, bytes)| (name.to_owned(), bytes)).collect(),
        crates: reasons.shares(),
        nodes,
    }
}
