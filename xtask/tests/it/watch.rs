//! `cargo xtask watch`: a check at every save, however it is made, and none for an older one.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, in_background};

/// A running watch; it is stopped with the test.
struct Watch {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    all: String,
}

impl Watch {
    fn start(project: &Project) -> Self {
        let mut plain = in_background(project.xtask().args(["watch", "ex1"]));
        plain.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = plain.spawn().unwrap();
        let (sender, lines) = mpsc::channel();
        let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let copy = sender.clone();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).for_each(|line| drop(copy.send(line)));
        });
        std::thread::spawn(move || {
            BufReader::new(err).lines().map_while(Result::ok).for_each(|line| drop(sender.send(line)));
        });
        let stdin = child.stdin.take().unwrap();
        Self { child, stdin, lines, all: String::new() }
    }

    /// Waits for a line that contains these words.
    fn wait_for(&mut self, words: &str) {
        let end = Instant::now() + Duration::from_mins(2);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line =
                self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no line with {words:?}:\n{}", self.all));
            self.all += &format!("{line}\n");
            if line.contains(words) {
                return;
            }
        }
    }

    fn say(&mut self, words: &str) {
        writeln!(self.stdin, "{words}").unwrap();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn every_save_is_checked_also_one_that_renames_a_new_file_over_the_old_one() {
    let project = Project::quick_course();
    let mut watch = Watch::start(&project);
    watch.wait_for("watching ex1");
    watch.wait_for("next: work on the goal `profile`");
    assert!(watch.all.contains("0/4  profile"), "{}", watch.all);
    // As vim and many others save.
    project.write("exercises/ex1/Cargo.toml.new", &format!("{STARTER}{QUICK_PROFILE}"));
    fs::rename(project.path("exercises/ex1/Cargo.toml.new"), project.path("exercises/ex1/Cargo.toml")).unwrap();
    watch.wait_for("10 of 10 points");
    watch.wait_for("next: `cargo xtask solution ex1`");
    // As the simplest editors do: the file is empty for a moment.
    project.profile("");
    watch.wait_for("2 of 10 points");
    watch.wait_for("next: work on");
    watch.say("h");
    watch.wait_for("nudge");
    watch.say("what?");
    watch.wait_for("`what?` isn't one of");
    watch.say("q");
    assert!(watch.child.wait().unwrap().success());
    assert!(!watch.all.contains('\u{1b}') && !watch.all.contains('\r'), "plain lines only: {:?}", watch.all);
}

#[test]
fn the_latest_save_wins_over_a_check_that_runs() {
    let project = Project::quick_course();
    // The build waits for this program forever: no check of the first files ever ends.
    project.write("exercises/ex1/build.rs", "fn main() { if std::env::var(\"OPT_LEVEL\").as_deref() == Ok(\"1\") { std::thread::sleep(std::time::Duration::from_secs(3600)) } }\n");
    project.run(&["author", "verify", "--write-digests"]).success();
    project.profile("[profile.release]\nopt-level = 1\n[profile.release.build-override]\nopt-level = 0\n");
    let mut watch = Watch::start(&project);
    watch.wait_for("profile/wrong-value");
    std::thread::sleep(Duration::from_millis(500));
    project.profile(QUICK_PROFILE);
    watch.wait_for("saved again");
    watch.wait_for("10 of 10 points");
    watch.wait_for("next: ");
    // The line about the whole course may have come by now, or not.
    let is_receipt = |line: &&str| line.ends_with(" of 10 points") && !line.starts_with("the course: ");
    assert_eq!(watch.all.lines().filter(is_receipt).count(), 1, "the older files got no receipt: {}", watch.all);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_watch_at_once_with_all_that_it_has_started() {
    let project = Project::quick_course();
    project.write("exercises/ex1/build.rs", "fn main() { std::fs::write(\"pid\", std::process::id().to_string()).unwrap(); std::thread::sleep(std::time::Duration::from_secs(3600)) }\n");
    project.run(&["author", "verify", "--write-digests"]).success();
    let mut watch = Watch::start(&project);
    let pid = project.path("exercises/ex1/pid");
    let end = Instant::now() + Duration::from_mins(1);
    while !pid.exists() {
        assert!(Instant::now() < end, "the build script never ran");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    let sleeper = fs::read_to_string(&pid).unwrap();
    let id = watch.child.id().to_string();
    assert_cmd::Command::new("kill").args(["-INT", &id]).assert().success();
    assert_eq!(watch.child.wait().unwrap().code(), Some(130));
    let gone = (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        fs::read_to_string(format!("/proc/{sleeper}/stat")).is_ok_and(|stat| stat.contains(") Z "))
            || !fs::exists(format!("/proc/{sleeper}")).unwrap()
    });
    assert!(gone, "process {sleeper} goes on");
    watch.all.clear();
}
