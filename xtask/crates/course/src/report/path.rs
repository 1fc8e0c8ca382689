//! A learner's path: every exercise with its state, what to do next, what is left, what was saved. For a terminal, for
//! programs (version 1: keys are added, never changed), and as a summary to hand in.

use crate::exercise::Exercise;
use crate::exercise::questions::CLOSE_PERCENT;
use crate::machine;
use crate::progress::{Progress, Saved, State};
use base::diagnostic::shown;
use base::numbers::{change, thousands, wrap};
use serde::Serialize;
use std::fmt::Write as _;
use weigh::report::{json, markdown};

/// Where text is shown.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its columns, where they are known.
    pub width: Option<usize>,
    /// Whether states are also shown in color.
    pub color: bool,
}

/// Columns below which the list leaves out what the exercise itself shows.
const NARROW: usize = 80;

/// Columns below which only the title and what changes are listed.
const TINY: usize = 56;

/// `size-workshop/list/1`.
#[derive(Serialize)]
struct List<'a> {
    schema: &'static str,
    exercises: Vec<Listed<'a>>,
    /// For what isn't done.
    minutes_left: u32,
    /// The exercise to do next; null when every one is done.
    next: Option<&'a str>,
    /// Bytes of all exercises that are done and that have a goal about size.
    bytes_before: u64,
    bytes_after: u64,
    /// Measured guesses, and how many of them were close.
    guesses_measured: usize,
    guesses_close: usize,
}

#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    title: &'a str,
    level: &'static str,
    minutes: u32,
    state: State,
    /// The most points of any check; all points if it is done.
    points: u32,
    points_max: u32,
    /// Points of the last check, and whether it passed; null before the first one.
    last_points: Option<u32>,
    last_passed: Option<bool>,
    /// What is better done before it.
    after: Vec<&'a str>,
    /// What of that isn't done.
    missing: Vec<&'a str>,
    /// Why it is skipped: what this machine lacks for it; null where it can be checked, or was done before.
    skipped: Option<String>,
    /// Bytes of the file before and after; null where no goal is about them, or it was never done.
    bytes_before: Option<u64>,
    bytes_after: Option<u64>,
    /// The day on which it was done first, in UTC.
    passed_on: Option<&'a str>,
    toolchain: Option<&'a str>,
}

impl Listed<'_> {
    fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// It isn't done or skipped.
    fn is_open(&self) -> bool {
        !self.is_done() && self.skipped.is_none()
    }

    /// The points of the last check, if it failed although the exercise is done.
    fn failed_since(&self) -> Option<u32> {
        self.last_points.filter(|_| self.is_done() && self.last_passed == Some(false))
    }

    fn saved(&self) -> Option<Saved> {
        Some(Saved { before: self.bytes_before?, after: self.bytes_after? })
    }
}

fn list<'a>(exercises: &'a [Exercise], progress: &'a Progress) -> List<'a> {
    let one = |exercise: &'a Exercise| {
        let entry = progress.exercises.get(&exercise.id);
        let is_done = entry.is_some_and(|entry| entry.state == State::Done);
        let lack = if is_done { None } else { machine::lack(exercise) };
        // Points that aren't available here don't count in any sum.
        let most = if lack.is_some() { 0 } else { exercise.points() };
        // An exercise that was started over isn't done, whatever was there before.
        let passed = entry.filter(|entry| entry.state == State::Done).and_then(|entry| entry.passed.as_ref());
        let saved = passed.and_then(|passed| passed.saved);
        Listed {
            id: &exercise.id,
            title: &exercise.data.title,
            level: exercise.data.level.name(),
            minutes: exercise.data.minutes,
            state: entry.map(|entry| entry.state).unwrap_or_default(),
            points: match entry {
                Some(entry) if entry.state == State::Done => exercise.points(),
                entry => entry.map(|entry| entry.points).unwrap_or_default().min(most),
            },
            points_max: most,
            last_points: entry.and_then(|entry| entry.last).map(|last| last.points),
            last_passed: entry.and_then(|entry| entry.last).map(|last| last.passed),
            after: exercise.after().collect(),
            missing: progress.missing(exercise),
            skipped: lack.map(|lack| lack.line(exercise)),
            bytes_before: saved.map(|saved| saved.before),
            bytes_after: saved.map(|saved| saved.after),
            passed_on: passed.map(|passed| passed.on.as_str()),
            toolchain: passed.map(|passed| passed.toolchain.as_str()).filter(|release| !release.is_empty()),
        }
    };
    let listed: Vec<Listed<'_>> = exercises.iter().map(one).collect();
    List {
        schema: "size-workshop/list/1",
        minutes_left: listed.iter().filter(|one| one.is_open()).map(|one| one.minutes).sum(),
        next: progress.next(exercises, None).map(|exercise| exercise.id.as_str()),
        bytes_before: listed.iter().filter_map(Listed::saved).map(|saved| saved.before).sum(),
        bytes_after: listed.iter().filter_map(Listed::saved).map(|saved| saved.after).sum(),
        guesses_measured: 0,
        guesses_close: 0,
        exercises: listed,
    }
}

impl List<'_> {
    /// Points, and the points of all goals.
    fn points(&self) -> (u32, u32) {
        self.exercises.iter().fold((0, 0), |(points, most), one| (points + one.points, most + one.points_max))
    }

    fn done(&self) -> usize {
        self.exercises.iter().filter(|one| one.is_done()).count()
    }

    /// The exercises that can be done here.
    fn count(&self) -> usize {
        self.exercises.iter().filter(|one| one.skipped.is_none()).count()
    }

    fn measured(&self) -> usize {
        self.exercises.iter().filter(|one| one.saved().is_some()).count()
    }
}

/// The exercises as one document, with how many guesses were close, and how many were measured.
///
/// # Errors
/// Never in practice: every value can be written as JSON.
pub fn json(
    exercises: &[Exercise],
    progress: &Progress,
    (close, measured): (usize, usize),
) -> serde_json::Result<String> {
    json::document(&List { guesses_measured: measured, guesses_close: close, ..list(exercises, progress) })
}

/// How good the learner's guesses are, in a sentence; none until one was measured.
pub fn calibration((close, measured): (usize, usize)) -> Option<String> {
    let percent = CLOSE_PERCENT;
    (measured > 0).then(|| format!("your guesses: {close} of {measured} within {percent} %"))
}

/// The exercises as a table. On a narrow terminal, long titles wrap.
pub fn text(exercises: &[Exercise], progress: &Progress, screen: Screen) -> String {
    table(&list(exercises, progress), screen)
}

fn table(list: &List<'_>, Screen { width, color }: Screen) -> String {
    let narrow = width.is_some_and(|width| width < NARROW);
    let tiny = width.is_some_and(|width| width < TINY);
    let ordered = list.exercises.iter().any(|one| !one.missing.is_empty());
    let cells = |one: &Listed<'_>| -> [String; 7] {
        [
            one.id.to_owned(),
            match one.skipped {
                Some(_) => "skipped".to_owned(),
                None => format!("{}{}", one.state.name(), if one.failed_since().is_some() { "*" } else { "" }),
            },
            if one.skipped.is_some() { "-".to_owned() } else { format!("{}/{}", one.points, one.points_max) },
            one.minutes.to_string(),
            one.missing.join(", "),
            one.level.to_owned(),
            one.title.to_owned(),
        ]
    };
    let heads = ["exercise", "state", "points", "min", "do first", "level", "title"].map(str::to_owned);
    let heads = if narrow { ["", "state", "points", "min", "do first", "", "title"].map(str::to_owned) } else { heads };
    let rows: Vec<[String; 7]> = list.exercises.iter().map(cells).collect();
    let shown = |column: usize| match column {
        3 => !tiny,
        4 => ordered && !tiny,
        5 => !narrow,
        _ => true,
    };
    let all = || [&heads].into_iter().chain(&rows);
    let widths: [usize; 7] =
        std::array::from_fn(|column| all().map(|row| row[column].chars().count()).max().unwrap_or_default());
    let before_title: usize = (0..6).filter(|column| shown(*column)).map(|column| widths[column] + 2).sum();
    let mut text = String::new();
    for (index, row) in all().enumerate() {
        let mut line = String::new();
        for column in (0..6).filter(|column| shown(*column)) {
            let (cell, width) = (&row[column], widths[column]);
            // Numbers are right-aligned.
            let cell = if matches!(column, 2 | 3) { format!("{cell:>width$}") } else { format!("{cell:width$}") };
            let state = index.checked_sub(1).map(|index| list.exercises[index].state);
            line += &if column == 1 { paint(&cell, state, color) } else { cell };
            line += "  ";
        }
        let room = width.map(|width| width.saturating_sub(before_title).max(12));
        let title = wrap(&row[6], room, 0).replace('\n', &format!("\n{}", " ".repeat(before_title)));
        line += &title;
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for one in &list.exercises {
        if let Some(skipped) = &one.skipped {
            let _ = writeln!(text, "{}", wrap(skipped, width, 2));
        }
        if let Some(points) = one.failed_since() {
            let id = one.id;
            let words = format!(
                "* the last check of {id} failed, with {points} of {} points. The exercise still counts as done; to try again, run `cargo xtask check {id}`",
                one.points_max
            );
            let _ = writeln!(text, "{}", wrap(&words, width, 2));
        }
    }
    text
}

fn paint(cell: &str, state: Option<State>, color: bool) -> String {
    let style = console::Style::new().force_styling(true);
    match state.filter(|_| color) {
        Some(State::Done) => style.green().apply_to(cell).to_string(),
        Some(State::Started) => style.yellow().apply_to(cell).to_string(),
        Some(State::Todo) | None => cell.to_owned(),
    }
}

/// `45 minutes`, `3 h`, `3 h 20 min`.
fn duration(minutes: u32) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} minutes"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// What was saved so far, in a sentence; none where nothing was measured yet.
fn saved(list: &List<'_>) -> Option<String> {
    let (before, after, count) = (list.bytes_before, list.bytes_after, list.measured());
    let exercises = if count == 1 { "exercise" } else { "exercises" };
    (count > 0 && before > 0).then(|| {
        format!(
            "saved so far: {} bytes in {count} {exercises}, {} -> {} ({})",
            thousands(before.saturating_sub(after)),
            thousands(before),
            thousands(after),
            change(after, before)
        )
    })
}

/// Everything a learner needs to start or continue.
pub fn overview(exercises: &[Exercise], progress: &Progress, screen: Screen) -> String {
    let list = list(exercises, progress);
    let (points, most) = list.points();
    let left = match list.minutes_left {
        0 => String::new(),
        minutes => format!(", about {} left", duration(minutes)),
    };
    let head = format!(
        "The workshop on Rust binary size: {} of {} exercises done, {points} of {most} points{left}",
        list.done(),
        list.count()
    );
    let mut text = wrap(&head, screen.width, 0) + "\n";
    text.extend(saved(&list).map(|saved| wrap(&saved, screen.width, 0) + "\n"));
    let _ = write!(text, "\n{}\n", table(&list, screen));
    match list.exercises.iter().find(|one| Some(one.id) == list.next) {
        Some(Listed { id, title, .. }) => {
            let folder = exercises.iter().find(|exercise| exercise.id == *id).map(|exercise| &exercise.folder);
            let readme = folder.map(|folder| shown(&folder.join("README.md")).display().to_string());
            let next = wrap(&format!("next: {id}, {title}"), screen.width, 6);
            let lines = [
                format!("read   {}", readme.unwrap_or_default()),
                format!("check  cargo xtask check {id}    (or at every save: cargo xtask watch {id})"),
                format!("stuck  cargo xtask hint {id}"),
            ];
            let _ = writeln!(text, "{next}");
            lines.iter().for_each(|line| {
                text += &format!("  {}\n", wrap(line, screen.width.map(|width| width.saturating_sub(2)), 9));
            });
        }
        None => text += "Every exercise is done. Measure your own crate: cargo xtask sizes --manifest-path PATH\n",
    }
    let last = "all commands: cargo xtask --help    missing tools: cargo xtask doctor";
    text + "\n" + &wrap(last, screen.width, 0) + "\n"
}

/// How much of the course is done, in a line.
pub fn course_line(exercises: &[Exercise], progress: &Progress) -> String {
    let list = list(exercises, progress);
    let (points, most) = list.points();
    format!("the course: {} of {} exercises done, {points} of {most} points", list.done(), list.count())
}

/// The status of a learner who watches an exercise, in one line of the terminal.
pub fn status(exercises: &[Exercise], progress: &Progress, id: &str, width: Option<usize>) -> String {
    let list = list(exercises, progress);
    let (points, most) = list.points();
    let (done, count) = (list.done(), list.count());
    let own = list.exercises.iter().find(|one| one.id == id);
    let own = own
        .map_or_else(String::new, |one| format!("{}/{} points", one.last_points.unwrap_or(one.points), one.points_max));
    let keys = "c check, h hint, n next, l list, q quit";
    let lines = [
        format!("[{id}: {own} | course: {done}/{count} done, {points}/{most} points | {keys}]"),
        format!("[{id}: {own} | {done}/{count} done | {keys}]"),
        format!("[{id}: {own} | {done}/{count} done | c h n l q ?]"),
        format!("[{id}: {own} | {done}/{count}]"),
    ];
    // The last column stays free: some terminals wrap after it.
    let fits = |line: &&String| width.is_none_or(|width| line.chars().count() < width);
    lines.iter().find(fits).or(lines.last()).cloned().unwrap_or_default()
}

/// A summary that a learner can hand in. It states that it proves nothing.
pub fn markdown(exercises: &[Exercise], progress: &Progress) -> String {
    let list = list(exercises, progress);
    let (points, most) = list.points();
    let mut text = format!(
        "# The workshop on Rust binary size: my progress\n\n{} of {} exercises done, {points} of {most} points.\n\n\
         | exercise | state | points | bytes before | after | | rustc | passed on |\n|---|---|--:|--:|--:|--:|---|---|\n",
        list.done(),
        list.count()
    );
    let number = |bytes: Option<u64>| bytes.map(thousands).unwrap_or_default();
    let mut lines = String::new();
    let change_of = |saved: Saved| change(saved.after, saved.before);
    for one in &list.exercises {
        let _ = writeln!(
            text,
            "| {}: {} | {} | {} | {} | {} | {} | {} | {} |",
            one.id,
            markdown::escape(one.title),
            if one.skipped.is_some() { "skipped" } else { one.state.name() },
            if one.skipped.is_some() { "-".to_owned() } else { format!("{}/{}", one.points, one.points_max) },
            number(one.bytes_before),
            number(one.bytes_after),
            one.saved().map(change_of).unwrap_or_default(),
            markdown::escape(one.toolchain.unwrap_or_default()),
            markdown::escape(one.passed_on.unwrap_or_default())
        );
    }
    for skipped in list.exercises.iter().filter_map(|one| one.skipped.as_ref()) {
        lines += &format!("\n{}\n", markdown::escape(skipped));
    }
    if list.measured() > 0 {
        let total = Saved { before: list.bytes_before, after: list.bytes_after };
        let _ = writeln!(
            text,
            "| **total** | | {points}/{most} | {} | {} | {} | | |",
            thousands(total.before),
            thousands(total.after),
            change_of(total)
        );
    }
    text + &lines
        + "\nSelf-reported: `cargo xtask list --format markdown` wrote this from the learner's own records in\n\
        `.workshop/progress.json`, which anyone can edit. `cargo xtask grade` judges the files themselves.\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::tests::literal;
    use crate::progress::{Entry, Passed};

    /// As many exercises as the course has, with long titles, and a learner in the middle of it.
    fn course() -> (Vec<Exercise>, Progress) {
        let titles = [
            ("Four lines that shrink a binary", "beginner", 15, ""),
            ("Find the biggest contributor", "intermediate", 30, "\"ex1\""),
            ("One manifest: a fast build and a small one", "advanced", 40, "\"ex1\""),
            ("The setting that did nothing", "beginner", 15, "\"ex1\""),
            ("s, z or 3?", "intermediate", 40, "\"ex3\""),
            ("A size budget for your own crate", "capstone", 60, "\"ex3\", \"ex2\""),
        ];
        let exercises = titles.iter().enumerate().map(|(index, (title, level, minutes, after))| {
            let mut exercise = literal(&format!(
                "title = \"{title}\"\nlevel = \"{level}\"\nminutes = {minutes}\nafter = [{after}]\nteaches = []\n\
                 package = \"p\"\nedits = []\nstarter-fails-with = []\nhints = []\npristine = {{}}\n\
                 build.a.profile = \"release\"\n[[goal]]\nid = \"g\"\npoints = 10\ntext = \"t\"\n\
                 [goal.check.warnings]\nbuild = \"a\"\n"
            ));
            exercise.id = format!("ex{}", index + 1);
            exercise.folder = std::env::current_dir().unwrap().join("exercises").join(&exercise.id);
            exercise
        });
        let mut progress = Progress::default();
        let passed = |on: &str, saved| Some(Passed { on: on.to_owned(), toolchain: "1.95.0".to_owned(), saved });
        let saved = Some(Saved { before: 503_360, after: 327_992 });
        for (id, state, points, passed) in [
            ("ex1", State::Done, 10, passed("2026-03-01", saved)),
            ("ex2", State::Started, 4, passed("2026-03-02", Some(Saved { before: 7, after: 1 }))),
            ("ex4", State::Done, 10, passed("2026-03-02", None)),
        ] {
            progress.exercises.insert(id.to_owned(), Entry { state, points, passed, ..Entry::default() });
        }
        // It was done, and the last check failed.
        progress.exercises.entry("ex4".to_owned()).or_default().checked(false, 3);
        (exercises.collect(), progress)
    }

    fn screen(width: usize) -> Screen {
        Screen { width: Some(width), color: false }
    }

    #[test]
    fn the_path_on_a_wide_terminal_on_a_narrow_one_and_on_paper() {
        let (exercises, progress) = course();
        // With the slash of every other system, on Windows as well.
        let overview = |width| overview(&exercises, &progress, screen(width)).replace('\\', "/");
        insta::assert_snapshot!("path-100", overview(100));
        insta::assert_snapshot!("path-60", overview(60));
        insta::assert_snapshot!("path-40", overview(40));
        insta::assert_snapshot!("path-markdown", markdown(&exercises, &progress));
        insta::assert_snapshot!("path-json", json(&exercises, &progress, (5, 12)).unwrap());
        for width in [40, 50, 60, 80, 100, 200] {
            let text = overview(width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
        }
        let colored = text(&exercises, &progress, Screen { width: None, color: true });
        assert!(colored.contains("\u{1b}[32mdone"), "{colored}");
        assert_eq!(
            console::strip_ansi_codes(&colored),
            text(&exercises, &progress, Screen { width: None, color: false })
        );
    }

    #[test]
    fn the_next_exercise_is_one_for_which_nothing_is_missing() {
        let (exercises, mut progress) = course();
        let next = |progress: &Progress, current| progress.next(&exercises, current).map(|one| one.id.clone());
        assert_eq!(next(&progress, None).as_deref(), Some("ex2"));
        assert_eq!(next(&progress, Some("ex4")).as_deref(), Some("ex2"), "ex5 and ex6 miss ex3");
        progress.exercises.clear();
        assert_eq!(next(&progress, Some("ex3")).as_deref(), Some("ex1"));
        for exercise in &exercises {
            progress.exercises.insert(exercise.id.clone(), Entry { state: State::Done, ..Entry::default() });
        }
        assert_eq!(next(&progress, None), None);
        assert!(overview(&exercises, &progress, screen(80)).contains("Every exercise is done"));
    }

    #[test]
    fn beginners_exercises_come_first_and_each_after_those_it_builds_on() {
        let (exercises, mut progress) = course();
        progress.exercises.clear();
        let mut order = Vec::new();
        while let Some(next) = progress.next(&exercises, order.last().map(String::as_str)) {
            order.push(next.id.clone());
            progress.exercises.entry(next.id.clone()).or_default().checked(true, 10);
        }
        assert_eq!(order, ["ex1", "ex4", "ex2", "ex3", "ex5", "ex6"]);
        // Who leaves one that is not done gets another one each time.
        progress.exercises.retain(|id, _| id == "ex1");
        let next = |current| progress.next(&exercises, Some(current)).unwrap().id.clone();
        assert_eq!([next("ex1"), next("ex4"), next("ex2"), next("ex3")], ["ex4", "ex2", "ex3", "ex4"]);
    }

    #[test]
    fn the_status_is_one_line_at_any_width() {
        let (exercises, progress) = course();
        let line = |width| status(&exercises, &progress, "ex2", width);
        assert_eq!(
            line(None),
            "[ex2: 4/10 points | course: 2/6 done, 24/60 points | c check, h hint, n next, l list, q quit]"
        );
        assert_eq!(line(Some(40)), "[ex2: 4/10 points | 2/6 done]".replace(" done", ""));
        for width in [40, 60, 80, 100] {
            assert!(line(Some(width)).chars().count() < width, "{}", line(Some(width)));
        }
        assert_eq!(course_line(&exercises, &progress), "the course: 2 of 6 exercises done, 24 of 60 points");
    }

    #[test]
    fn guesses_are_counted_once_some_are_measured() {
        assert_eq!(calibration((0, 0)), None);
        assert_eq!(calibration((5, 12)).unwrap(), "your guesses: 5 of 12 within 10 %");
    }

    #[test]
    fn minutes_are_told_as_people_tell_them() {
        assert_eq!([45, 60, 200].map(duration), ["45 minutes", "1 h", "3 h 20 min"]);
    }
}
