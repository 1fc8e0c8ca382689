//! What people and scripts see: data on standard output, progress and messages on standard error.

use crate::failure::{Exit, Failure};
use crate::numbers;
use crate::proc::{self, Call, Status};
pub use crate::text::one_line;
use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::env;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When to use color.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// Color if the output is a terminal.
    #[default]
    Auto,
    /// Color in pipes and files as well.
    Always,
    /// No color.
    Never,
}

/// Decides about colors for the whole call.
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

/// Prints data. A reader that has gone away (`| head`) isn't an error.
///
/// # Errors
/// When standard output cannot be written, for example on a full disk.
pub fn data(text: &str) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("can't write to standard output"),
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

/// Prints a message that nothing depends on. When even that fails, there is no way to report it.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Prints a question; the answer is typed on the same line.
pub fn prompt(text: &str) {
    let mut stderr = io::stderr();
    let _ = write!(stderr, "{text}").and_then(|()| stderr.flush());
}

/// Prints something that the user should know.
pub fn note(text: &str) {
    labeled(console::style("note:").cyan(), text);
}

/// Prints a goal or size that isn't met.
pub fn not_met(text: &str) {
    labeled(console::style("error:").red(), text);
}

/// Prints a message after its label, wrapped between words where the terminal is too narrow for it.
fn labeled(label: console::StyledObject<&str>, text: &str) {
    message(&numbers::wrap(&format!("{} {text}", label.bold().for_stderr()), width_of_messages(), 0));
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
    let mut call =
        Call::new(program, env::current_dir().context("can't find the current folder")?).args(args.iter().copied());
    call.hands_over = true;
    match proc::run(&call.arg(file)) {
        Ok(finished) if finished.status == Status::Exited(0) => Ok(()),
        _ => bail!(
            Failure::new(Exit::Environment, format!("`{program}` couldn't open the page"))
                .help(format!("open it in a browser yourself: {}", std::path::absolute(file)?.display()))
        ),
    }
}

/// Prints an error that ends the call.
pub fn failure(failure: &Failure, json: bool) {
    if json {
        json_failure(failure);
    }
    let Failure { exit: _, kind: _, message: what, place, help, snippet } = failure;
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
        labeled(console::style("help:").green(), help);
    }
}

/// Prints an error as data. If that can't be written either, the exit code still shows it.
pub fn json_failure(failure: &Failure) {
    let _ = as_json(failure).map_err(Into::into).and_then(|text| data(&text));
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    exit: u8,
    message: &'a str,
    file: Option<String>,
    line: Option<usize>,
    help: Option<&'a str>,
}

/// An error as one JSON document.
fn as_json(failure: &Failure) -> serde_json::Result<String> {
    let Failure { exit, kind: _, message, place, help, snippet: _ } = failure;
    let document = Document {
        schema: "size-workshop/error/1",
        exit: *exit as u8,
        message,
        file: place.as_ref().map(|place| place.file.display().to_string()),
        line: place.as_ref().and_then(|place| place.line),
        help: help.as_deref(),
    };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// The builds' progress: a bar on a terminal, a line for each finished build elsewhere.
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
    /// How long the rest takes, where that is shown.
    pace: Option<Mutex<Pace>>,
}

/// Estimates how long the rest takes.
struct Pace {
    things: &'static str,
    began: Instant,
    /// How many run at once.
    workers: usize,
    count: usize,
    done: usize,
    /// When that was last printed in a line, and after how many.
    told: (Instant, usize),
}

impl Pace {
    /// Such lines are this far apart, or this share of the whole: few enough among thousands of results.
    const EVERY: Duration = Duration::from_secs(30);
    const SHARE: usize = 20;

    /// How far it is and how long the rest takes, if a line is due now.
    fn due(&mut self, now: Instant) -> Option<String> {
        let (then, before) = self.told;
        let is_late = now.duration_since(then) >= Self::EVERY;
        let is_far = (self.done - before) * Self::SHARE >= self.count;
        // One after each result would say nothing that the results don't.
        let is_due = is_late || is_far && self.done - before > 1;
        (is_due && self.done < self.count).then(|| {
            self.told = (now, self.done);
            format!("{} of {} {}, {}", self.done, self.count, self.things, self.left(now))
        })
    }

    /// Builds that are running are half done, on average.
    fn left(&self, now: Instant) -> String {
        let left = self.count - self.done;
        if self.done == 0 {
            return "the time left isn't known yet".to_owned();
        }
        let half_done = left.min(self.workers) as f64 / 2.0;
        let rate = (self.done as f64 + half_done) / now.duration_since(self.began).as_secs_f64().max(0.001);
        numbers::about((left as f64 - half_done).max(0.0) / rate)
    }
}

impl Progress {
    /// For this many things, some of them at once, with the time that the rest will take.
    pub fn of(count: usize, things: &'static str, workers: usize) -> Self {
        let mut progress = Self::new(count);
        let template = format!("{{bar:24}} {{pos}} of {{len}} {things}, {{wide_msg}}");
        if let Ok(style) = ProgressStyle::with_template(&template) {
            progress.bar.set_style(style.progress_chars("=> "));
        }
        let now = Instant::now();
        let pace = Pace { things, began: now, workers, count, done: 0, told: (now, 0) };
        progress.bar.set_message(pace.left(now));
        progress.pace = Some(Mutex::new(pace));
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
        Self { bar, lines, pace: None }
    }

    /// Names the current step.
    pub fn running(&self, what: &[String]) {
        self.bar.set_message(what.join(", "));
    }

    /// One step is done.
    pub fn finished(&self, what: &str) {
        let mut due = None;
        if let Some(pace) = &self.pace {
            let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            pace.done += 1;
            self.bar.set_message(pace.left(now));
            due = pace.due(now);
        }
        self.bar.inc(1);
        if self.lines {
            message(what);
            due.iter().for_each(|line| message(line));
        }
    }

    /// Prints a line without breaking the bar.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_that_is_left_is_told_now_and_then() {
        let began = Instant::now();
        let mut pace = Pace { things: "submissions", began, workers: 2, count: 240, done: 0, told: (began, 0) };
        let mut lines = Vec::new();
        for done in 1..=240 {
            pace.done = done;
            lines.extend(pace.due(began + Duration::from_secs(3 * done as u64)));
        }
        assert_eq!(lines[0], "10 of 240 submissions, about 10 minutes left");
        assert_eq!(lines.len(), 23, "{lines:#?}");
        assert_eq!(lines.last().unwrap(), "230 of 240 submissions, less than a minute left");
        // A few submissions tell it themselves, and slow ones have half a minute between two lines.
        let mut pace = Pace { things: "submissions", began, workers: 2, count: 4, done: 1, told: (began, 0) };
        assert_eq!(pace.due(began + Duration::from_secs(1)), None);
        assert_eq!(pace.due(began + Duration::from_secs(31)).unwrap(), "1 of 4 submissions, about a minute left");
    }

    #[test]
    fn nothing_is_promised_before_there_is_a_result() {
        let began = Instant::now();
        let pace = Pace { things: "submissions", began, workers: 2, count: 9, done: 0, told: (began, 0) };
        assert_eq!(pace.left(began), "the time left isn't known yet");
    }
}
