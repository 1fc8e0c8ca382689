//! The verbs that measure, as a command line. `S` is how a program says what is measured: the workshop has programs of its own,
//! everyone else means the crate of the current folder. The comments here are the help text.

use crate::options::{self, Format, PlainFormat};
use crate::subject::DEFAULT_RELEASE;
use base::failure::{self, Exit, Failure};
use base::{output, proc};
use clap::{Arg, Args};
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

/// Where the bytes of a program come from.
#[derive(Debug, Args)]
pub struct Bloat<S: Args> {
    /// The profile; if it strips, names come from an otherwise identical build that doesn't [default: release]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Use Cargo's built-in release profile, and ignore the crate's own [profile.release]
    #[arg(long, conflicts_with = "profile")]
    pub default_release: bool,
    /// Show the crates only
    #[arg(long)]
    pub crates: bool,
    /// Show the functions only; all copies of a generic function are one row
    #[arg(long)]
    pub functions: bool,
    /// Show the sections only
    #[arg(long)]
    pub sections: bool,
    /// How many crates and functions to show, or paths for --why; 0 for all [default: 15, and one path]
    #[arg(short = 'n', long = "count", value_name = "N")]
    pub count: Option<usize>,
    /// Show what keeps a crate, a module, a function, or a section: the calls from the program's entry to it
    #[arg(long, value_name = "NAME", conflicts_with_all = ["crates", "functions", "sections", "filter"])]
    pub why: Option<String>,
    /// Predict the file without these crates, such as `--without clap,regex`
    #[arg(long, value_name = "CRATE", value_delimiter = ',', num_args = 1.., conflicts_with_all = ["crates", "functions", "sections", "filter", "why"])]
    pub without: Vec<String>,
    /// Analyze this file instead of building a program
    #[arg(long, value_name = "PATH", conflicts_with_all = ["profile", "default_release", "subject"])]
    pub file: Option<PathBuf>,
    /// The part of a universal Mach-O file to analyze, such as arm64 or x86_64
    #[arg(long, value_name = "NAME", requires = "file")]
    pub arch: Option<String>,
    /// The symbols of a stripped file: the output of `objcopy --only-keep-debug` for the same build, or a dSYM bundle
    #[arg(long, value_name = "PATH", requires = "file")]
    pub symbols: Option<PathBuf>,
    /// Only functions whose name or crate matches this regular expression
    #[arg(long, value_name = "REGEX")]
    pub filter: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// What has changed between two programs.
#[derive(Debug, Args)]
pub struct Diff<S: Args> {
    /// A profile (`default-release`: Cargo's built-in release profile), an executable file, `git:REV` for the program at a git
    /// revision, or `git:REV..REV` for both sides
    #[arg(value_name = "A")]
    pub a: String,
    /// The other side [default: the working tree's `release`, where A is a revision]
    #[arg(value_name = "B")]
    pub b: Option<String>,
    /// The part of universal Mach-O files to compare, such as arm64 or x86_64
    #[arg(long, value_name = "NAME")]
    pub arch: Option<String>,
    /// Exit with code 1 if B is larger than A by more than this, such as `1%`
    #[arg(long, value_name = "PERCENT")]
    pub fail_if_grows: Option<String>,
    /// Never fail for growth of fewer bytes than this
    #[arg(long, value_name = "BYTES", requires = "fail_if_grows", default_value_t = 0)]
    pub min_bytes: u64,
    /// How many changes of each kind to show; 0 for all
    #[arg(short = 'n', long = "count", value_name = "N", default_value_t = 15)]
    pub count: usize,
    /// Add the changes to the summary of a GitHub Actions job
    #[arg(long)]
    pub github_summary: bool,
    /// Also compare download sizes: bytes after gzip -9 and zstd -19
    #[arg(long, conflicts_with = "arch")]
    pub compressed: bool,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// Means `--features` without a value; no feature can have this name.
const EACH: &str = "each of them";

/// `--features`, which `what-if` also takes without a value.
fn or_each(features: Arg) -> Arg {
    features.num_args(0..=1).default_missing_value(EACH).help(
        "Without a value: remove each feature, and each dependency's default features, in turn. With one: as for `cargo build`",
    )
}

/// What each setting of a profile saves and costs.
#[derive(Debug, Args)]
#[command(mut_arg("features", or_each))]
pub struct WhatIf<S: Args> {
    /// The profile whose settings are weighed against Cargo's default [default: a crate's own release; dist for the workshop's
    /// programs]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Build each setting only alone, and with only that one missing: 12 builds for five settings, not 32
    #[arg(long)]
    pub quick: bool,
    /// Count the instructions of a run with these arguments, where valgrind is installed
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub run: Option<String>,
    /// How many builds run at once [default: depends on the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// What lines of code cost.
#[derive(Debug, Args)]
pub struct Price<S: Args> {
    /// What to price, by name [default: the whole list]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The profile that everything is built with [default: a crate's own release; dist in the workshop]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Use Cargo's built-in release profile, and ignore the crate's own [profile.release]
    #[arg(long, conflicts_with = "profile")]
    pub default_release: bool,
    /// Show the names, and build nothing
    #[arg(long, conflicts_with = "source")]
    pub list: bool,
    /// Show the programs that would be built, and build nothing
    #[arg(long, conflicts_with = "format")]
    pub source: bool,
    /// How many builds run at once [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Whose profiles are meant
    #[command(flatten)]
    pub subject: S,
}

/// The best profile for one program.
#[derive(Debug, Args)]
pub struct Tune<S: Args> {
    /// Run each build with these arguments: it must do what the release build does, and its instructions are counted where
    /// valgrind is installed
    #[arg(long, value_name = "ARGS", allow_hyphen_values = true)]
    pub run: Option<String>,
    /// Choose the smallest build whose instruction count exceeds the release build's by at most this much, such as `10%`
    #[arg(long, value_name = "PERCENT")]
    pub max_slowdown: Option<String>,
    /// Choose a build of at most this size, such as `300KiB`; with --run, the fastest one
    #[arg(long, value_name = "SIZE")]
    pub max_bytes: Option<String>,
    /// What the chosen build may do on a panic; `abort` allows both [default: what your release profile does]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub panic: Option<options::OnPanic>,
    /// Also consider packed relative relocations, which require a linker flag in addition to the profile, and glibc 2.36 or later where the program runs
    #[arg(long)]
    pub packed_relocations: bool,
    /// Write the choice into this profile of the workspace's root manifest, after showing the difference [without NAME: dist]
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "dist")]
    pub write: Option<String>,
    /// Plot bytes against instructions into this SVG file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// How many builds run at once [default: depends on the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// Everything on one page.
#[derive(Debug, Args)]
pub struct Report<S: Args> {
    /// The profile that is compared with `release` [default: dist]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Compare it with Cargo's built-in release profile, not the crate's own [profile.release]
    #[arg(long)]
    pub default_release: bool,
    /// Where the page is written [default: below target/size-workshop/]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Open it in the browser
    #[arg(long)]
    pub open: bool,
    /// Show what a download of each row costs: its bytes after gzip -9 and zstd -19
    #[arg(long)]
    pub compressed: bool,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// The size at each revision.
#[derive(Debug, Args)]
pub struct History<S: Args> {
    /// The revisions, such as `v1.0..HEAD`; or the one to end with [default: the newest]
    #[arg(value_name = "REV..REV")]
    pub range: Option<String>,
    /// Measure only every N-th revision, and the oldest one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    pub every: usize,
    /// Measure tags instead of commits
    #[arg(long)]
    pub tags: bool,
    /// Measure at most the N newest revisions; 0 for all [default: 10 where no range is given, 100 with --bisect]
    #[arg(short = 'n', long = "count", value_name = "N")]
    pub count: Option<usize>,
    /// Find the commit that made the program this much larger, such as `5%` or `20 kB`, with few builds; exit code 1 if there is none
    #[arg(long, value_name = "GROWTH")]
    pub bisect: Option<String>,
    /// The profile that each revision is built with, as defined at that revision [default: release]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Use Cargo's built-in release profile, and ignore the crate's own [profile.release]
    #[arg(long, conflicts_with = "profile")]
    pub default_release: bool,
    /// Draw the sizes into this SVG file
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// What is measured
    #[command(flatten)]
    pub subject: S,
}

/// A container image that holds one program.
#[derive(Debug, Args)]
pub struct Image<S: Args> {
    /// The profile that the program is built with [default: a crate's own release; dist for the workshop's programs]
    #[arg(long, value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Use Cargo's built-in release profile, and ignore the crate's own [profile.release]
    #[arg(long, conflicts_with = "profile")]
    pub default_release: bool,
    /// Pack this file instead of building a program
    #[arg(long, value_name = "PATH", conflicts_with_all = ["profile", "default_release", "subject"])]
    pub file: Option<PathBuf>,
    /// Where the archive is written [default: below target/size-workshop/, or beside the file]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub format: PlainFormat,
    /// What is packed
    #[command(flatten)]
    pub subject: S,
}

/// The profile that two options ask for.
fn chosen(profile: Option<String>, default_release: bool) -> Option<String> {
    if default_release { Some(DEFAULT_RELEASE.to_owned()) } else { profile }
}

// Every field is named, so that a new flag can't be forgotten.

impl<S: Args + Into<options::Subject>> From<Bloat<S>> for options::Bloat {
    fn from(asked: Bloat<S>) -> Self {
        let Bloat {
            profile,
            default_release,
            crates,
            functions,
            sections,
            count,
            why,
            without,
            file,
            arch,
            symbols,
            filter,
            format,
            subject,
        } = asked;
        let (profile, subject) = (chosen(profile, default_release), subject.into());
        Self { profile, crates, functions, sections, count, why, without, file, arch, symbols, filter, format, subject }
    }
}

impl<S: Args + Into<options::Subject>> From<Diff<S>> for options::Diff {
    fn from(asked: Diff<S>) -> Self {
        let Diff { a, b, arch, fail_if_grows, min_bytes, count, github_summary, compressed, format, subject } = asked;
        let subject = subject.into();
        Self { a, b, arch, fail_if_grows, min_bytes, count, github_summary, compressed, format, subject }
    }
}

impl<S: Args + Into<options::Subject>> From<WhatIf<S>> for options::WhatIf {
    fn from(asked: WhatIf<S>) -> Self {
        let WhatIf { profile, quick, run, jobs, format, subject } = asked;
        let mut subject: options::Subject = subject.into();
        let each_feature = subject.features.iter().any(|list| list == EACH);
        subject.features.retain(|list| list != EACH);
        Self { profile, quick, each_feature, run, jobs, format, subject }
    }
}

impl<S: Args + Into<options::Subject>> From<Price<S>> for options::Price {
    fn from(asked: Price<S>) -> Self {
        let Price { names, profile, default_release, list, source, jobs, format, subject } = asked;
        let (profile, subject) = (chosen(profile, default_release), subject.into());
        Self { names, profile, list, source, jobs, format, subject }
    }
}

impl<S: Args + Into<options::Subject>> From<Tune<S>> for options::Tune {
    fn from(asked: Tune<S>) -> Self {
        let Tune { run, max_slowdown, max_bytes, panic, packed_relocations, write, svg, jobs, format, subject } = asked;
        let subject = subject.into();
        Self { run, max_slowdown, max_bytes, panic, packed_relocations, write, svg, jobs, format, subject }
    }
}

impl<S: Args + Into<options::Subject>> From<Report<S>> for options::Report {
    fn from(asked: Report<S>) -> Self {
        let Report { profile, default_release, out, open, compressed, subject } = asked;
        Self { profile, default_release, out, open, compressed, subject: subject.into() }
    }
}

impl<S: Args + Into<options::Subject>> From<History<S>> for options::History {
    fn from(asked: History<S>) -> Self {
        let History { range, every, tags, count, bisect, profile, default_release, svg, format, subject } = asked;
        let profile = chosen(profile, default_release);
        Self { range, every, tags, count, bisect, profile, svg, format, subject: subject.into() }
    }
}

impl<S: Args + Into<options::Subject>> From<Image<S>> for options::Image {
    fn from(asked: Image<S>) -> Self {
        let Image { profile, default_release, file, out, format, subject } = asked;
        let profile = chosen(profile, default_release);
        let mut subject: options::Subject = subject.into();
        // An image has a default of its own: one that needs no shared library.
        let target = subject.target.take();
        Self { profile, target, file, out, format, subject }
    }
}

/// Prints what clap says about the command line, also as JSON where that was asked for.
fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // Help was asked for: data.
        return match output::data(&error.to_string()) {
            Ok(()) => Exit::Met,
            Err(_) => Exit::Environment,
        };
    }
    let args: Vec<OsString> = env::args_os().collect();
    let json = args.iter().any(|arg| arg == "--format=json")
        || args.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    let text = error.to_string();
    if json {
        let message = text.trim_start_matches("error: ").trim_end().to_owned();
        output::json_failure(&Failure::new(Exit::Usage, message));
    }
    output::message(text.trim_end());
    Exit::Usage
}

/// Runs a program from its command line to its exit code. `parse` gives the choice of color and what is asked for, `wants_json`
/// says whether the answer to that is a JSON document, also if it is an error.
pub fn run<T>(
    parse: impl FnOnce() -> Result<(output::Color, T), clap::Error>,
    wants_json: impl FnOnce(&T) -> bool,
    work: impl FnOnce(T) -> anyhow::Result<Exit>,
) -> ExitCode {
    // Cargo may have called this program in rustc's place.
    if let Some(code) =
        crate::cargo::serve_mirror().or_else(crate::cargo::plan::serve).or_else(crate::cargo::record::serve)
    {
        return code;
    }
    let (color, asked) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => return usage(&error).into(),
    };
    output::set_color(color);
    let json = wants_json(&asked);
    let result = proc::end_children_on_signal().and_then(|()| work(asked));
    let exit = result.unwrap_or_else(|error| {
        let failure = failure::failure_of(&error);
        output::failure(&failure, json);
        failure.exit
    });
    exit.into()
}
