//! Classes that hand in files for the tiny course, and a grader's results for them.

use crate::browser::left_out;
use crate::project::{Project, call, in_background};
use crate::schema;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// Whether submissions can be graded in boxes here. If they can't, the test says that it is skipped.
pub fn has_boxes() -> bool {
    let there = cfg!(target_os = "linux") && Path::new("/usr/bin/bwrap").is_file();
    if !there {
        left_out("there is no bubblewrap (Debian, Ubuntu: apt install bubblewrap)");
    }
    there
}

/// The records of a journal, without the notes of what each run found, which are between them.
pub fn records(project: &Project, out: &str) -> Vec<serde_json::Value> {
    let text = project.read(&format!("{out}/journal.jsonl"));
    let lines = text.lines().map(schema::document);
    lines.filter(|line| line["schema"] == "size-workshop/grade/1").collect()
}

/// Student, score and status of each row.
pub fn rows(project: &Project, out: &str) -> Vec<String> {
    let text = project.read(&format!("{out}/grades.csv"));
    let mut lines = csv_lines(&text);
    let head = lines.remove(0);
    let at = |name: &str| head.iter().position(|cell| cell == name).unwrap();
    let columns = [at("student_id"), at("score"), at("status")];
    lines.iter().map(|line| columns.map(|column| line[column].as_str()).join(" ")).collect()
}

/// The cells of a CSV that has no quotes.
pub fn csv_lines(text: &str) -> Vec<Vec<String>> {
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// Hands in a manifest for `ex1`.
pub fn hand_in(project: &Project, student: &str, text: &str) {
    project.write(&format!("class/{student}/ex1/Cargo.toml"), text);
}

/// A call that runs while the test does something.
pub struct Running {
    /// The process.
    pub child: Child,
    lines: Receiver<String>,
    all: String,
}

impl Running {
    /// `xtask` with these words.
    pub fn xtask(project: &Project, words: &[&str]) -> Self {
        let program = crate::program(words[0]);
        Self::start(project, &[&[program.to_str().unwrap()], words].concat())
    }

    /// Any program with its arguments.
    pub fn start(project: &Project, words: &[&str]) -> Self {
        let mut command = in_background(call(words[0]).args(&words[1..]).current_dir(project.path("")));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let err = child.stderr.take().unwrap();
        thread::spawn(move || {
            BufReader::new(err).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        Self { child, lines, all: String::new() }
    }

    /// Waits for a message that contains these words.
    pub fn wait_for(&mut self, words: &str) {
        while !self.all.contains(words) {
            match self.lines.recv_timeout(Duration::from_mins(2)) {
                Ok(line) => self.all += &format!("{line}\n"),
                Err(error) => panic!("no line with {words:?} ({error}):\n{}", self.all),
            }
        }
    }

    /// Its exit code (none after a signal), and its messages.
    pub fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.all.extend(self.lines.iter().map(|line| line + "\n"));
        (status.code(), self.all.clone())
    }
}
