//! The verbs that look into a program: whose code is in it (`bloat`), and what has changed between two (`diff`).

pub(crate) mod floor;
pub mod page;
pub mod price;
pub(crate) mod probe;
mod reasons;
mod revision;
mod summary;
pub(crate) mod tally;
pub(crate) mod tiny;
pub mod whatif;

use crate::anatomy::{self, Anatomy, delta};
use crate::compressed::{self, Compressed};
use crate::history::past::Past;
use crate::options::{self, Format};
use crate::report::anatomy as report;
use crate::subject::{Program, Subject, own_name};
use crate::workshop::Workshop;
use anyhow::{Result, bail};
use base::caller;
use base::failure::{Exit, Failure};
use base::numbers;
use base::output;
use base::queue::joined;
use revision::Asked;
use std::path::Path;
use std::thread;
use tally::Weighed;

/// Runs `cargo xtask bloat`.
///
/// # Errors
/// When something cannot be built or read.
pub fn bloat(options: &options::Bloat) -> Result<Exit> {
    let options::Bloat { crates, functions, sections, count, why, without, filter, format, .. } = options;
    let filter = filter.as_deref().map(pattern).transpose()?;
    let all = !(*crates || *functions || *sections || why.is_some() || !without.is_empty());
    let only_sections = *sections && !(*crates || *functions) && *format != Format::Json;
    let (anatomy, program, floor) = taken_apart(options, !only_sections, all)?;
    anatomy.notes.iter().for_each(|note| output::note(note));
    if let Some(why) = &anatomy.unexplained {
        output::note(&format!("can't tell what keeps each part in the program: {why}"));
    }
    let shown = report::Shown { crates: all || *crates, functions: all || *functions, sections: all || *sections };
    let is_whole = *format == Format::Json;
    let weighed = Weighed { crates: is_whole || shown.crates, functions: is_whole || shown.functions };
    let mut tally = tally::Bloat { floor, ..tally::of(&anatomy, &program, filter.as_ref(), weighed) };
    (tally.why, tally.without) = reasons::ask(&anatomy, why.as_deref(), without, count.unwrap_or(1))?;
    let unsure = tally.without.as_ref().and_then(|_| reasons::not_predicted(&anatomy.sections));
    unsure.into_iter().for_each(|note| output::note(&note));
    let is_asked = tally.why.is_some() || tally.without.is_some();
    let count = count.unwrap_or(report::ROWS);
    output::data(&match format {
        Format::Text if is_asked => report::text::colored(report::reasons::text(&tally, output::width())),
        Format::Text => report::text::colored(report::text::bloat(&tally, shown, count, output::width())),
        Format::Markdown if is_asked => report::reasons::markdown(&tally),
        Format::Markdown => report::markdown::bloat(&tally, shown, count),
        Format::Csv if is_asked => report::reasons::csv(&tally)?,
        Format::Csv => report::csv::bloat(&tally, shown)?,
        Format::Json => report::json::bloat(&tally)?,
    })?;
    Ok(Exit::Met)
}

/// The program that is asked for, with its name, and how much of it an empty program has as well, if requested. Whose its parts
/// are may take another build.
fn taken_apart(
    options: &options::Bloat,
    with_owners: bool,
    with_floor: bool,
) -> Result<(Anatomy, String, Vec<floor::FloorPart>)> {
    let options::Bloat { profile, file, arch, symbols, subject, .. } = options;
    if let Some(file) = file {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let anatomy = match symbols {
            Some(symbols) => Anatomy::of_apart("as it is", file, arch.as_deref(), symbols)?,
            None => Anatomy::of_part_with_reasons("as it is", file, arch.as_deref())?,
        };
        return Ok((anatomy, name, Vec::new()));
    }
    let workshop = Workshop::of(subject)?;
    let subject = Subject::find(&workshop, subject, None)?;
    let program = only(&subject)?;
    let profile = subject.resolve(profile.as_deref(), "profile")?;
    tell_burdens(&subject, program, &profile);
    thread::scope(|scope| {
        // It has a folder of its own.
        let empty = with_floor.then(|| scope.spawn(|| floor::empty(&subject, program, &profile)));
        let anatomy = match with_owners {
            true => anatomy::explained(&subject, program, &profile)?,
            false => anatomy::as_built(&subject, program, &profile)?,
        };
        let empty = empty.map(joined);
        let floor = empty.transpose()?.flatten().map(|empty| floor::of(program, &anatomy, &empty));
        Ok((anatomy, program.name.clone(), floor.unwrap_or_default()))
    })
}

/// Runs `cargo xtask diff`.
///
/// # Errors
/// When something cannot be built or read. A program that grew more than it may is an exit code.
pub fn diff(options: &options::Diff) -> Result<Exit> {
    let options::Diff { a, b, arch, fail_if_grows, min_bytes, count, github_summary, compressed, format, subject } =
        options;
    let limit = fail_if_grows.as_deref().map(growth).transpose()?;
    compressed::look_for_programs(*compressed)?;
    let asked = revision::asked(a, b.as_deref())?;
    let (a, b) = sides(&asked, arch.as_deref(), *compressed, subject)?;
    let ((a, a_compressed), (b, b_compressed)) = (a, b);
    for anatomy in [&a, &b] {
        anatomy.notes.iter().for_each(|note| output::note(&format!("{}: {note}", anatomy.name)));
        if let (None, Some(why)) = (&anatomy.code, &anatomy.unknown) {
            output::note(&format!("{}: can't tell which crates the code comes from: {why}", anatomy.name));
        }
    }
    let mut delta = delta::of(&a, &b);
    (delta.a.compressed, delta.b.compressed) = (a_compressed, b_compressed);
    output::data(&match format {
        Format::Text => report::text::colored(report::text::diff(&delta, *count, output::width())),
        Format::Markdown => report::markdown::diff(&delta, *count),
        Format::Csv => report::csv::diff(&delta)?,
        Format::Json => report::json::diff(&delta)?,
    })?;
    if *github_summary {
        let heading = format!("Size: {} → {}", delta.a.name, delta.b.name);
        summary::add(&heading, *count, |count| report::markdown::diff(&delta, count))?;
    }
    let Some(limit) = limit else { return Ok(Exit::Met) };
    let grown = b.file_bytes.saturating_sub(a.file_bytes);
    let share = grown as f64 * 100.0 / a.file_bytes.max(1) as f64;
    if grown > 0 && share > limit && grown >= *min_bytes {
        output::not_met(&format!(
            "{} is {} bytes ({share:.2} %) larger than {}; {limit} % is allowed",
            b.name,
            numbers::thousands(grown),
            a.name
        ));
        return Ok(Exit::NotMet);
    }
    Ok(Exit::Met)
}

/// A program of a comparison, and its compressed size where that is wanted.
type Side = (Anatomy, Option<Compressed>);

/// What a program is as a download, if that is wanted. The next revision may take the file's place.
fn with_compressed(anatomy: Anatomy, wanted: bool) -> Result<Side> {
    let compressed = wanted.then(|| Compressed::of(&anatomy.path)).transpose()?;
    Ok((anatomy, compressed))
}

/// Both programs of a comparison. Cargo is asked only where one of them is a profile.
fn sides(asked: &Asked<'_>, arch: Option<&str>, compressed: bool, options: &options::Subject) -> Result<(Side, Side)> {
    let of_file = |name: &str| with_compressed(Anatomy::of_part_with_reasons(name, Path::new(name), arch)?, compressed);
    let names = match *asked {
        Asked::Two(a, b) => [a, b],
        Asked::Range(_) => [""; 2],
    };
    let [a, b] = names;
    if is_file(a) && is_file(b) {
        return Ok((of_file(a)?, of_file(b)?));
    }
    if arch.is_some() && !is_file(a) && !is_file(b) {
        bail!(
            Failure::new(Exit::Usage, "--arch chooses a part of a universal file, and neither side is a file")
                .help("pass two files, or remove --arch")
        );
    }
    let workshop = Workshop::of(options).map_err(|error| without_crate(error, names, options))?;
    let subject = Subject::find(&workshop, options, None)?;
    let program = only(&subject)?;
    if matches!(asked, Asked::Range(_)) || names.into_iter().any(revision::is_one) {
        let past = Past::of(&workshop, options, &subject)?;
        return revision::sides(&past, &subject, asked, arch, compressed);
    }
    let side = |name: &str| {
        if is_file(name) {
            return of_file(name);
        }
        let profile = subject.resolve(Some(name), "profile or file")?;
        with_compressed(anatomy::explained(&subject, program, &profile)?, compressed)
    };
    // Both at once where nothing is likely to be compiled, but asking Cargo takes its time. Else one build follows the other, and
    // the first one tells what is wrong.
    if a != b && anatomy::was_explained(&subject, program) {
        return thread::scope(|scope| {
            let a = scope.spawn(|| side(a));
            let b = side(b);
            let a = joined(a)?;
            Ok((a, b?))
        });
    }
    Ok((side(a)?, side(b)?))
}

/// What is wrong where no crate is found, but one side is a file: the other one is probably meant as a file as well.
fn without_crate(error: anyhow::Error, sides: [&str; 2], options: &options::Subject) -> anyhow::Error {
    let there_is_none = options.alone && options.manifest_path.is_none();
    match sides.into_iter().find(|name| !is_file(name)) {
        Some(name) if there_is_none && sides.into_iter().any(is_file) => {
            let message = format!("there's no file {name}, and no crate here that could have a profile of that name");
            Failure::new(Exit::Usage, message)
                .help("pass two files, or name the crate's Cargo.toml: --manifest-path PATH")
                .into()
        }
        _ => error,
    }
}

/// Whether a side of a comparison is meant as a path. A folder is never one; a pipe is, and reading it says so.
/// No profile has a slash in its name.
fn is_file(name: &str) -> bool {
    let path = Path::new(name);
    !revision::is_one(name) && (name.contains(['/', '\\']) || (path.symlink_metadata().is_ok() && !path.is_dir()))
}

/// Tells the lines of a crate's own profile that make programs larger, and how to find out by how much.
fn tell_burdens(subject: &Subject, program: &Program, profile: &str) {
    let ladder = if caller::is_workshop() { "sizes" } else { "ladder" };
    for burden in own_name(profile).into_iter().flat_map(|name| subject.own.burdens(name, &program.package_name)) {
        let (place, setting, why) = (&burden.line.place, burden.line.setting(), burden.why);
        output::note(&format!("{place} `{setting}`: {why}; `{} {ladder}` measures what that costs", caller::name()));
    }
}

/// The one program that is meant.
fn only(subject: &Subject) -> Result<&Program> {
    subject.only(|names| format!("there are several programs: {names}"))
}

fn pattern(text: &str) -> Result<regex_lite::Regex> {
    regex_lite::Regex::new(text).map_err(|error| {
        Failure::new(Exit::Usage, format!("--filter: {error}"))
            .help(
                "a filter is a regular expression over the names of functions and crates, such as 'gimli::|addr2line'",
            )
            .into()
    })
}

/// `1%`, `0.5 %`, `1`.
fn growth(text: &str) -> Result<f64> {
    percent("--fail-if-grows", text, "write a percentage, such as `--fail-if-grows 1%`; 0 allows no growth at all")
}

/// A share in percent, as an option takes it: with its sign or without.
pub(crate) fn percent(option: &str, text: &str, help: &str) -> Result<f64> {
    let written = text.trim();
    let with_sign = if written.ends_with('%') { written.to_owned() } else { format!("{written}%") };
    numbers::parse_percent(&with_sign).map_err(|what| {
        // In the user's own words, without the sign that was added.
        let what = what.replace(&format!("`{with_sign}`"), &format!("`{written}`"));
        Failure::new(Exit::Usage, format!("{option}: {what}")).help(help).into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_with_or_without_its_sign() {
        assert_eq!(growth("1%").unwrap().to_bits(), 1.0_f64.to_bits());
        assert_eq!(growth(" 0.5 % ").unwrap().to_bits(), 0.5_f64.to_bits());
        assert!(growth("1,5").unwrap_err().to_string().contains("write `1.5 %`"));
        for wrong in ["", "%", "-1%", "one", "inf", "1e2", "1%%"] {
            assert!(growth(wrong).unwrap_err().to_string().contains("isn't a percentage"), "{wrong}");
        }
    }
}
