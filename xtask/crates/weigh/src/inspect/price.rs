//! What a line costs (`price`): how much larger an empty program gets with one thing in it, or with one more of the same. What can
//! be priced is data: price.toml.

mod list;

use super::floor;
use super::tiny::{self, Room, Tiny};
use crate::builds::groups;
use crate::cargo::Form;
use crate::options::{self, Format};
use crate::report::price as report;
use crate::subject::Subject;
use crate::workshop::Workshop;
use anyhow::{Context as _, Result};
use base::failure::Exit;
use base::numbers::thousands;
use base::output::{self, Progress};
use base::queue;
use list::List;
pub(crate) use list::{Kind, Row};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// A price list.
#[derive(Clone, Debug)]
pub(crate) struct Prices {
    /// The profile; none where nothing was built.
    pub profile: Option<String>,
    /// The release of rustc, if it is known.
    pub toolchain: Option<String>,
    /// The target triple, where something was built.
    pub target: Option<String>,
    /// Bytes of the empty program.
    pub empty_bytes: Option<u64>,
    /// The rows: lines, pieces, and what shares code, each the most expensive first.
    pub rows: Vec<Price>,
}

/// What one row costs.
#[derive(Clone, Debug)]
pub(crate) struct Price {
    /// What is priced.
    pub row: Row,
    /// The text of a program that has it (once, if it is a piece).
    pub source: String,
    /// Bytes above the empty program, or what one more adds; none where nothing was built. Below zero is a saving.
    pub bytes: Option<i64>,
    /// The sum of what its parts cost, each in a program of its own; only for what is put together.
    pub apart_bytes: Option<i64>,
}

/// How many of a piece are in the smaller of its two programs. The larger one has twice as many.
pub(crate) const PIECES: usize = 16;

/// The default profile of the workshop's programs, where small is the goal.
const SMALL: &str = "dist";

/// How many files are kept: all of several profiles.
const KEPT: usize = 512;

/// The program that every other one is compared with.
const EMPTY: &str = "fn main() {}\n";

/// Bytes of each program, by its text.
type Sizes = BTreeMap<String, u64>;

/// Runs `cargo xtask price`.
///
/// # Errors
/// When there is no such row or profile, or something cannot be built.
pub fn run(options: &options::Price) -> Result<Exit> {
    let options::Price { names, profile, list: only_list, source, jobs, format, subject } = options;
    let list = List::ours()?;
    let rows = list.chosen(names)?;
    if *source {
        let sources: Vec<String> = rows.iter().map(|row| report::source(row, &list.source(row, 1))).collect();
        output::data(&sources.join("\n"))?;
        return Ok(Exit::Met);
    }
    let prices = match only_list {
        true => unpriced(&list, &rows),
        false => priced(&list, &rows, profile.as_deref(), jobs.map(usize::from), subject)?,
    };
    output::data(&match format {
        Format::Text => report::text(&prices, output::width()),
        Format::Markdown => report::markdown(&prices),
        Format::Csv => report::csv(&prices)?,
        Format::Json => report::json(&prices)?,
    })?;
    Ok(Exit::Met)
}

/// The list without any price.
fn unpriced(list: &List, rows: &[&Row]) -> Prices {
    let row = |row: &&Row| Price { row: (*row).clone(), source: list.source(row, 1), bytes: None, apart_bytes: None };
    Prices { profile: None, toolchain: None, target: None, empty_bytes: None, rows: rows.iter().map(row).collect() }
}

fn priced(
    list: &List,
    rows: &[&Row],
    profile: Option<&str>,
    jobs: Option<usize>,
    asked: &options::Subject,
) -> Result<Prices> {
    let workshop = Workshop::of(asked)?;
    let subject = Subject::find(&workshop, asked, None)?;
    let default = if subject.foreign { None } else { Some(SMALL) };
    let profile = subject.resolve(profile.or(default), "profile")?;
    let mut programs = Programs::default();
    programs.add("an empty program", EMPTY.to_owned());
    rows.iter().for_each(|row| programs.of(list, row));
    let sizes = build(&subject, &profile, &programs, jobs)?;
    let empty = signed(&sizes, EMPTY)?;
    let price = |row: &&Row| -> Result<Price> {
        let parts = list.parts(row).map(|part| Ok(signed(&sizes, &list.source(part, 1))? - empty));
        let parts: Vec<i64> = parts.collect::<Result<_>>()?;
        let apart_bytes = (row.kind == Kind::Together).then(|| parts.iter().sum());
        let bytes = cost(list, row, &sizes, empty)?;
        Ok(Price { row: (*row).clone(), source: list.source(row, 1), bytes: Some(bytes), apart_bytes })
    };
    let mut rows = rows.iter().map(price).collect::<Result<Vec<Price>>>()?;
    rows.sort_by(|a, b| (a.row.kind, b.bytes, &a.row.name).cmp(&(b.row.kind, a.bytes, &b.row.name)));
    for price in rows.iter().filter(|price| price.bytes.is_some_and(|bytes| bytes <= 0)) {
        let Row { name, .. } = &price.row;
        output::note(&format!(
            "{name} adds no bytes with this profile; to see its program, run with `--source {name}`"
        ));
    }
    Ok(Prices {
        profile: Some(subject.shown(&profile).to_owned()),
        toolchain: subject.release.clone(),
        target: Some(subject.built_for().to_owned()),
        empty_bytes: sizes.get(EMPTY).copied(),
        rows,
    })
}

/// The size of a program that was built.
fn signed(sizes: &Sizes, source: &str) -> Result<i64> {
    Ok(i64::try_from(*sizes.get(source).context("every program of the list is built")?)?)
}

/// What a row costs, in bytes.
fn cost(list: &List, row: &Row, sizes: &Sizes, empty: i64) -> Result<i64> {
    if row.kind != Kind::Piece {
        return Ok(signed(sizes, &list.source(row, 1))? - empty);
    }
    let more = |source: &dyn Fn(usize) -> String| -> Result<i64> {
        Ok(signed(sizes, &source(2 * PIECES))? - signed(sizes, &source(PIECES))?)
    };
    let with = more(&|count| list.source(row, count))?;
    let without = if row.instead.is_some() { more(&|count| list::instead(row, count))? } else { 0 };
    Ok(((with - without) as f64 / PIECES as f64).round() as i64)
}

/// The programs to build, each once, by what they are called in a line of progress.
#[derive(Default)]
struct Programs(Vec<(String, String)>);

impl Programs {
    fn add(&mut self, name: impl Into<String>, source: String) {
        if !self.0.iter().any(|(_, known)| *known == source) {
            self.0.push((name.into(), source));
        }
    }

    /// Adds a row's.
    fn of(&mut self, list: &List, row: &Row) {
        for part in list.parts(row) {
            self.add(&part.name, list.source(part, 1));
        }
        if row.kind != Kind::Piece {
            return self.add(&row.name, list.source(row, 1));
        }
        for count in [PIECES, 2 * PIECES] {
            self.add(format!("{} ({count} times)", row.name), list.source(row, count));
            if row.instead.is_some() {
                self.add(format!("{} ({count} times the other)", row.name), list::instead(row, count));
            }
        }
    }
}

/// Builds every program that no earlier call has built, several at once.
fn build(subject: &Subject, profile: &str, programs: &Programs, jobs: Option<usize>) -> Result<Sizes> {
    // With one unit of code and LTO, as in most small profiles, a build keeps one processor busy.
    let jobs = jobs.unwrap_or_else(groups::cores).min(programs.0.len()).max(1);
    let folder = subject.out_dir.join("size-workshop").join("price");
    let config = floor::settings(subject, profile, None, &folder);
    let progress = Progress::of(programs.0.len(), "programs", jobs);
    let (sizes, failed) = (Mutex::new(Sizes::new()), Mutex::new(None));
    // As many folders as there are builds at once: Cargo locks a target folder.
    let places: Mutex<Vec<usize>> = Mutex::new((0..jobs).collect());
    queue::side_by_side(jobs, &programs.0, |(name, source)| {
        let place = places.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or(jobs);
        let began = Instant::now();
        let room = Room { kept: folder.join("kept"), most: KEPT };
        let result = size(subject, &config, &folder.join(place.to_string()), &room, source);
        places.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        match result.with_context(|| format!("can't price {name}")) {
            Ok(bytes) => {
                let took = began.elapsed().as_secs_f64();
                progress.finished(&format!("built {name}: {} bytes ({took:.1} s)", thousands(bytes)));
                sizes.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), bytes);
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                ControlFlow::Break(())
            }
        }
    });
    drop(progress);
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(error) => Err(error),
        None => Ok(sizes.into_inner().unwrap_or_else(PoisonError::into_inner)),
    }
}

fn size(subject: &Subject, config: &[OsString], folder: &Path, room: &Room, source: &str) -> Result<u64> {
    let tiny = Tiny { name: "price", source, form: Form::Executable, profile: "release", config };
    let file = tiny::kept_in(&subject.cargo, &subject.compiler, folder, room, &tiny)?;
    Ok(fs::metadata(&file).with_context(|| format!("can't read {}", file.display()))?.len())
}

/// A short list with a number of each kind.
#[cfg(test)]
pub(crate) fn sample() -> Prices {
    let list = List::ours().expect("it is ours");
    let names = ["print-text", "string-push", "each-unwrap", "both-sorts"].map(str::to_owned);
    let rows = list.chosen(&names).expect("they are in it");
    let mut prices = unpriced(&list, &rows);
    prices.profile = Some("dist".to_owned());
    prices.toolchain = Some("1.95.0".to_owned());
    prices.target = Some("x86_64-unknown-linux-gnu".to_owned());
    prices.empty_bytes = Some(284_136);
    for (price, bytes) in prices.rows.iter_mut().zip([3048, -16, 50, 15_000]) {
        price.bytes = Some(bytes);
    }
    prices.rows[3].apart_bytes = Some(18_500);
    prices
}
