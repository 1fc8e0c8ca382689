//! What people and scripts see: data on standard output, progress and messages on standard error.

use crate::cli::Color;
use crate::exit::{Exit, Failure};
use crate::proc::{self, Call, Status};
use crate::report;
pub use crate::units::one_line;
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::time::Duration;

/// Decides about colours for the whole call.
pub fn set_color(color: Color) {
    let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
    let forced = env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let wanted = |terminal: bool| match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            !set("NO_COLOR") && (forced || (terminal && env::var_os("TERM").is_none_or(|term| term != "dumb")))
        }
    };
    console::set_colors_enabled(wanted(io::stdout().is_terminal()));
    console::set_colors_enabled_stderr(wanted(io::stderr().is_terminal()));
}

/// Prints data. A reader that has gone away (`| head`) is no error.
///
/// # Errors
/// When standard output cannot be written, for example on a full disk.
pub fn data(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// The columns of the terminal that data goes to, if it is one.
pub fn width() -> Option<usize> {
    let terminal = console::Term::stdout();
    terminal.size_checked().map(|(_, columns)| usize::from(columns)).filter(|_| terminal.is_term())
}

/// The columns of the terminal that messages go to, if it is one.
pub fn width_of_messages() -> Option<usize> {
    let terminal = console::Term::stderr();
    terminal.size_checked().map(|(_, columns)| usize::from(columns)).filter(|_| terminal.is_term())
}

/// Prints a message that nothing depends on. There is nobody to tell when even that fails.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints something that the user should know.
pub fn note(text: &str) {
    message(&format!("{} {text}", console::style("note:").cyan().bold().for_stderr()));
}

/// Prints what is not met.
pub fn not_met(text: &str) {
    message(&format!("{} {text}", console::style("error:").red().bold().for_stderr()));
}

/// Opens a file with the program that the desktop has for it.
///
/// # Errors
/// When there is none, or it fails.
pub fn show(file: &Path) -> Result<()> {
    let (program, args): (&str, &[&str]) = match env::consts::OS {
        "macos" => ("open", &[]),
        "windows" => ("cmd", &["/C", "start", ""]),
        _ => ("xdg-open", &[]),
    };
    let call =
        Call::new(program, env::current_dir().context("cannot tell the current folder")?).args(args.iter().copied());
    match proc::run(&call.arg(file)) {
        Ok(finished) if finished.status == Status::Exited(0) => Ok(()),
        _ => bail!(
            Failure::new(Exit::Environment, format!("`{program}` could not open the page"))
                .help(format!("open it in a browser by hand: {}", std::path::absolute(file)?.display()))
        ),
    }
}

/// Prints an error that ends the call.
pub fn failure(failure: &Failure, json: bool) {
    if json {
        json_failure(failure);
    }
    let Failure { exit: _, message: what, place, help, snippet } = failure;
    if let Some(snippet) = snippet {
        return message(snippet);
    }
    not_met(what);
    if let Some(place) = place {
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        let column = place.column.map(|column| format!(":{column}")).unwrap_or_default();
        message(&format!("  --> {}{line}{column}", place.file.display()));
    }
    if let Some(help) = help {
        message(&format!("{} {help}", console::style("help:").green().bold().for_stderr()));
    }
}

/// Prints an error as data. If that cannot be written either, the exit code still tells.
fn json_failure(failure: &Failure) {
    let _ = report::json::error(failure).map_err(Into::into).and_then(|text| data(&text));
}

/// Prints what clap says about the command line, also as JSON where that was asked for.
pub fn usage(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // Help was asked for: data.
        return match data(&error.to_string()) {
            Ok(()) => Exit::Met,
            Err(_) => Exit::Environment,
        };
    }
    let args: Vec<_> = env::args_os().collect();
    let json = args.iter().any(|arg| arg == "--format=json")
        || args.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json");
    let text = error.to_string();
    if json {
        let message = text.trim_start_matches("error: ").trim_end().to_owned();
        json_failure(&Failure::new(Exit::Usage, message));
    }
    message(text.trim_end());
    Exit::Usage
}

/// How far the builds are: a bar on a terminal, a line for each finished build elsewhere.
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// For this many things, with the time that the rest will take.
    pub fn of(count: usize, things: &str) -> Self {
        let progress = Self::new(count);
        let template = format!("{{bar:24}} {{pos}}/{{len}} {things}, {{elapsed}}, about {{eta}} to go {{wide_msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        progress
    }

    /// For this many steps.
    pub fn new(steps: usize) -> Self {
        Self::shown(steps, !io::stderr().is_terminal() || env::var_os("TERM").is_some_and(|term| term == "dumb"))
    }

    /// For this many steps, in lines that are never redrawn.
    pub fn lines(steps: usize) -> Self {
        Self::shown(steps, true)
    }

    fn shown(steps: usize, lines: bool) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(steps as u64),
            if lines { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() },
        );
        if let Ok(style) = ProgressStyle::with_template("{bar:24} {pos}/{len} builds, {elapsed} {wide_msg}") {
            bar.set_style(style.progress_chars("=> "));
        }
        if !lines {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar, lines }
    }

    /// Names what is under way.
    pub fn running(&self, what: &[String]) {
        self.bar.set_message(what.join(", "));
    }

    /// One step is done.
    pub fn finished(&self, what: &str) {
        self.bar.inc(1);
        if self.lines {
            message(what);
        }
    }

    /// Says something without tearing the bar.
    pub fn say(&self, text: &str) {
        self.bar.suspend(|| note(text));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.lines && self.bar.position() > 0 {
            message("");
        }
        self.bar.finish_and_clear();
    }
}
