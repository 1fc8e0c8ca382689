//! Nothing is lost and nothing is counted twice: graders that are killed, interrupted, out of room, or not alone, and
//! submissions that change under their hands. Boxes are for Linux.
#![cfg(target_os = "linux")]

use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};
use testbed::browser::left_out;
use testbed::class::{Running, hand_in};
use testbed::class::{has_boxes, records, rows};
use testbed::course::{QUICK_PROFILE, STARTER};
use testbed::project::{Project, stderr};

/// How many students `class` has.
const STUDENTS: usize = 9;

/// Eight submissions that differ, and one that is a copy: right, wrong, not to be built, not to be taken.
fn class() -> Project {
    let project = Project::quick_course();
    for number in 1..=6 {
        hand_in(&project, &format!("s00{number}"), &format!("{STARTER}# {number}\n{QUICK_PROFILE}"));
    }
    hand_in(&project, "s004", STARTER);
    hand_in(&project, "s005", &format!("{STARTER}[profile.release]\nopt-level = \"q\"\n"));
    hand_in(&project, "s007", &format!("{STARTER}{}", QUICK_PROFILE.replace("strip", "stirp")));
    fs::create_dir_all(project.path("class/s008/ex1/Cargo.toml")).unwrap();
    hand_in(&project, "s009", &format!("{STARTER}# 1\n{QUICK_PROFILE}"));
    project
}

/// What a grader has left behind: folders, and processes in boxes that see one of its folders.
fn left_by(project: &Project, grader: u32) -> Vec<String> {
    let name = format!("size-workshop-{grader}");
    let is_its = |file: &str| file == name || file.strip_prefix(&name).is_some_and(|end| end.starts_with('-'));
    let mut left = Vec::new();
    for above in [Path::new("/dev/shm"), &project.path("target/grade")] {
        for entry in fs::read_dir(above).into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            // What stays in the workshop is made from the course alone.
            let is_stray = above != Path::new("/dev/shm") && !file.starts_with("size-workshop-") && file != "warm";
            if is_its(&file) || is_stray {
                left.push(entry.path().display().to_string());
            }
        }
    }
    left.extend(processes_of(&name));
    left
}

/// Processes that see a folder of this name: the mounts of a box tell where they are from.
fn processes_of(place: &str) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let mounts = fs::read_to_string(process.path().join("mountinfo")).unwrap_or_default();
        if mounts.contains(&format!("/{place}/")) || mounts.contains(&format!("/{place}-")) {
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            found.push(format!("{}: {}", process.path().display(), String::from_utf8_lossy(&line).replace('\0', " ")));
        }
    }
    found
}

/// The kernel takes a moment to end what dies with its parent. A box that was being made at that moment may stay: the next
/// grader ends it, and the end of the test looks whether it did.
fn wait_until_dead(place: &str) {
    let end = Instant::now() + Duration::from_secs(2);
    while !processes_of(place).is_empty() && Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
}

/// How many grades each student and exercise has.
fn grades(records: &[Value]) -> BTreeMap<String, usize> {
    let mut grades = BTreeMap::new();
    for record in records.iter().filter(|record| record["status"] != "infra-error") {
        *grades.entry(format!("{} {}", record["student"], record["exercise"])).or_default() += 1;
    }
    grades
}

/// Nothing lost, nothing counted twice, and the same reports as of a run that nobody disturbed.
fn assert_whole(project: &Project, out: &str, undisturbed: &str) {
    let grades = grades(&records(project, out));
    assert_eq!(grades.len(), STUDENTS, "{out}: {grades:#?}");
    assert!(grades.values().all(|&count| count == 1), "{out}: {grades:#?}");
    assert_eq!(project.read(&format!("{out}/grades.csv")), project.read(&format!("{undisturbed}/grades.csv")), "{out}");
    let hidden: Vec<_> = ["", "students", "gradescope"]
        .iter()
        .flat_map(|folder| fs::read_dir(project.path(out).join(folder)).unwrap().flatten())
        .map(|entry| entry.file_name())
        .filter(|name| name.to_string_lossy().starts_with('.'))
        .collect();
    assert!(hidden.is_empty(), "{out}: {hidden:?}");
}

/// Numbers that are the same again for the same seed.
struct Dice(u64);

impl Dice {
    /// A number below a bound.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Damages the end of the journal, as a machine that goes down does. True if a record was lost.
fn tear(journal: &Path, dice: &mut Dice) {
    let bytes = fs::read(journal).unwrap_or_default();
    // A grader that was killed before it opened the journal has left it torn: a machine that goes down again writes nothing more.
    let Some(whole) = bytes.strip_suffix(b"\n") else { return };
    let last = whole.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let length = (bytes.len() - last) as u64;
    if length < 2 {
        return;
    }
    let file = File::options().append(true).open(journal).unwrap();
    if dice.below(2) == 0 {
        file.set_len(last as u64 + 1 + dice.below(length - 1)).unwrap();
    } else {
        let half = &bytes[last..last + 1 + dice.below(length - 2) as usize];
        (&file).write_all(half).unwrap();
    }
}

#[test]
#[ignore = "kills twenty graders: .ci/run runs it"]
fn twenty_kills_and_torn_lines_lose_nothing_and_count_nothing_twice() {
    if !has_boxes() {
        return;
    }
    let seed = std::env::var("FAULTS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        now.as_nanos() as u64 | 1
    });
    eprintln_seed(seed);
    let mut dice = Dice(seed);
    let project = class();
    let began = Instant::now();
    project.run(&["grade", "class", "--out", "undisturbed"]).success();
    let whole = began.elapsed();
    assert_whole(&project, "undisturbed", "undisturbed");

    let (mut killed, mut torn, mut folder) = (Vec::new(), 0, 0);
    while killed.len() < 20 {
        folder += 1;
        let out = format!("out-{folder}");
        // Until all is graded: then a kill would have nothing left to hit, and another folder is begun.
        while killed.len() < 20 {
            let mut running = Running::xtask(&project, &["grade", "class", "--out", &out]);
            let grader = running.child.id();
            thread::sleep(whole.mul_f64(dice.below(1000) as f64 / 1000.0));
            let is_over = running.child.try_wait().unwrap().is_some();
            running.child.kill().unwrap();
            let (code, messages) = running.end();
            wait_until_dead(&format!("size-workshop-{grader}"));
            if is_over {
                assert_eq!(code, Some(0), "seed {seed}: {messages}");
                break;
            }
            killed.push(grader);
            if dice.below(2) == 0 {
                tear(&project.path(&out).join("journal.jsonl"), &mut dice);
                torn += 1;
            }
        }
        project.run(&["grade", "class", "--out", &out]).success();
        assert_whole(&project, &out, "undisturbed");
    }
    assert!(torn > 0, "seed {seed}");
    let left: Vec<String> = killed.iter().flat_map(|&grader| left_by(&project, grader)).collect();
    assert!(left.is_empty(), "seed {seed}: {left:#?}");
}

#[expect(clippy::print_stderr, reason = "a failed test says how it can be repeated")]
fn eprintln_seed(seed: u64) {
    eprintln!("FAULTS_SEED={seed}");
}

#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn ctrl_c_and_a_second_grader_leave_what_is_done_and_nothing_else() {
    if !has_boxes() {
        return;
    }
    let project = class();
    let mut first = Running::xtask(&project, &["grade", "class", "--jobs", "1", "--out", "out"]);
    let grader = first.child.id();
    first.wait_for(" ex1: graded ");

    // Nobody else may write there meanwhile; another folder is another matter.
    let second = project.run(&["grade", "class", "--out", "out"]).code(3);
    assert!(stderr(&second).contains("another grader is working in out"), "{}", stderr(&second));
    assert!(stderr(&second).contains("help: wait until it finishes, or give each its own `--out`"));

    rustix::process::kill_process(rustix::process::Pid::from_child(&first.child), rustix::process::Signal::INT)
        .unwrap();
    let (code, messages) = first.end();
    assert_eq!(code, Some(130), "{messages}");
    assert!(messages.contains("interrupted: what is graded is kept; run the same command again"), "{messages}");
    wait_until_dead(&format!("size-workshop-{grader}"));
    assert_eq!(left_by(&project, grader), Vec::<String>::new());
    let done = records(&project, "out").len();
    assert!((1..STUDENTS).contains(&done), "{messages}");

    // Two at once on the same course, each with a folder of its own. One goes on, the other begins.
    let other = Running::xtask(&project, &["grade", "class", "--out", "other"]);
    let words = format!("graded {} submissions, {done} already known", STUDENTS - done);
    project.run(&["grade", "class", "--out", "out"]).success().stderr(contains(words));
    let (code, messages) = other.end();
    assert_eq!(code, Some(0), "{messages}");
    assert_whole(&project, "out", "other");
    assert_whole(&project, "other", "out");
}

#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn what_is_graded_is_what_was_read_and_a_change_is_graded_again() {
    use std::os::unix::fs::symlink;
    if !has_boxes() {
        return;
    }
    let project = Project::quick_course();
    let texts: Vec<String> = (1..=5).map(|number| format!("{STARTER}# {number}\n{QUICK_PROFILE}")).collect();
    for (text, student) in texts.iter().zip(["s001", "s002", "s003", "s004", "s005"]) {
        hand_in(&project, student, text);
    }
    let digests = |out: &str| -> Vec<(String, String)> {
        // The order is that of keys, which nobody foresees.
        let record = |record: &Value| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (text(&record["student"]), record["files"]["Cargo.toml"].as_str().unwrap_or("none").to_owned())
        };
        let mut digests: Vec<_> = records(&project, out).iter().map(record).collect();
        digests.sort();
        digests
    };
    project.run(&["grade", "class", "--out", "quiet"]).success();

    let mut running = Running::xtask(&project, &["grade", "class", "--jobs", "1", "--out", "out"]);
    running.wait_for(" ex1: graded ");
    // What was read counts, whatever becomes of the files.
    hand_in(&project, "s001", STARTER);
    hand_in(&project, "s002", STARTER);
    fs::remove_dir_all(project.path("class/s003")).unwrap();
    fs::remove_dir_all(project.path("class/s004")).unwrap();
    symlink("/etc", project.path("class/s004")).unwrap();
    fs::remove_file(project.path("class/s005/ex1/Cargo.toml")).unwrap();
    symlink("/etc/passwd", project.path("class/s005/ex1/Cargo.toml")).unwrap();
    let (code, messages) = running.end();
    assert_eq!(code, Some(0), "{messages}");
    assert_eq!(digests("out"), digests("quiet"));
    assert_eq!(project.read("out/grades.csv"), project.read("quiet/grades.csv"));

    // The next run sees the changes. Only the newest counts, and nobody is forgotten.
    project.run(&["grade", "class", "--out", "out"]).success();
    let expected = ["s001 2 graded", "s002 2 graded", "s003 10 graded", "s004 0 rejected", "s005 0 rejected"];
    assert_eq!(rows(&project, "out"), expected);
    let all = records(&project, "out");
    assert_eq!(all.len(), 9, "{all:#?}");
    let keys: std::collections::BTreeSet<_> =
        all.iter().filter(|record| record["student"] == "s001").map(|record| record["key"].to_string()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(digests("out").iter().filter(|(student, _)| student == "s001").count(), 2);
    // And back again: an old result is taken again, not built.
    hand_in(&project, "s001", &texts[0]);
    project.run(&["grade", "class", "--out", "out"]).success().stderr(contains("graded 0 submissions"));
    assert_eq!(rows(&project, "out")[0], "s001 10 graded");

    // A file that cannot be read is its student's matter. Root can read all.
    if rustix::process::geteuid().is_root() {
        left_out("root can read every file");
        return;
    }
    fs::set_permissions(project.path("class/s002/ex1/Cargo.toml"), std::os::unix::fs::PermissionsExt::from_mode(0o000))
        .unwrap();
    project.run(&["grade", "class", "--out", "out"]).success();
    assert_eq!(rows(&project, "out")[1], "s002 0 rejected");
}

/// Whether a test can mount a file system that nobody else sees.
fn has_mounts() -> bool {
    let tries = ["--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"];
    let works = rustix::process::geteuid().is_root() && assert_cmd::Command::new("unshare").args(tries).ok().is_ok();
    if !works {
        left_out("only root can mount a disk that is full");
    }
    works
}

/// A shell script with mounts of its own; `$xtask` is the program.
fn with_mounts(project: &Project, script: &str) -> Running {
    let script = format!("set -eu\nxtask='{}'\n{script}", env!("CARGO_BIN_EXE_grading"));
    Running::start(project, &["unshare", "--mount", "sh", "-c", &script])
}

#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn a_full_disk_costs_nothing_but_time() {
    if !has_boxes() || !has_mounts() {
        return;
    }
    let project = class();
    project.run(&["grade", "class", "--out", "undisturbed"]).success();
    fs::create_dir(project.path("out")).unwrap();
    let script = "
        mount -t tmpfs -o size=64k tmpfs out
        # Room for some records, and not for all.
        head -c 49152 /dev/zero > out/ballast
        status=0; $xtask grade class --jobs 1 --out out || status=$?
        echo \"first: $status, records: $(grep -c '/grade/1\"' out/journal.jsonl)\" >&2
        ls -A out >&2
        # Enough for the journal, and not for the reports.
        rm out/ballast; mount -o remount,size=40k out
        status=0; $xtask grade class --out out || status=$?
        echo \"second: $status, records: $(grep -c '/grade/1\"' out/journal.jsonl)\" >&2
        mount -o remount,size=10m out
        $xtask grade class --out out
        # A report is there whole, or as it was before.
        cp out/grades.csv old.csv
        printf '[[override]]\\nstudent = \"s001\"\\nexercise = \"ex1\"\\npoints = 1\\nreason = \"%s\"\\n' \\
            \"$(head -c 9000 /dev/zero | tr '\\0' x)\" > out/overrides.toml
        mount -o remount,size=$(($(du -sk out | cut -f1) + 4))k out
        status=0; $xtask grade --report out || status=$?
        echo \"third: $status\" >&2
        cmp out/grades.csv old.csv
        rm out/overrides.toml
        mkdir after; cp -r out/. after/
    ";
    let (code, messages) = with_mounts(&project, script).end();
    assert_eq!(code, Some(0), "{messages}");
    assert!(messages.contains("first: 3, records: ") && !messages.contains("first: 3, records: 0"), "{messages}");
    assert!(messages.contains("second: 3, records: 9") && messages.contains("third: 3"), "{messages}");
    assert!(messages.contains("graded 0 submissions, 9 already known"), "{messages}");
    assert_eq!(messages.matches("help: the disk is full: make room").count(), 3, "{messages}");
    assert_whole(&project, "after", "undisturbed");
}

/// Grades with one worker; after the first record `breaks` is run, and `mends` before the same command again.
fn broken_meanwhile(prepare: &str, breaks: &str, mends: &str) -> (Project, String) {
    let project = class();
    project.run(&["grade", "class", "--out", "undisturbed"]).success();
    let script = format!(
        "{prepare}
        $xtask grade class --jobs 1 --out out & grader=$!
        until grep -q '/grade/1\"' out/journal.jsonl 2> /dev/null; do sleep 0.05; done
        {breaks}
        status=0; wait $grader || status=$?
        echo \"first: $status\" >&2
        cp out/grades.csv broken.csv
        {mends}
        $xtask grade class --out out"
    );
    let (code, messages) = with_mounts(&project, &script).end();
    assert_eq!(code, Some(0), "{messages}");
    assert!(messages.contains("first: 3"), "{messages}");
    assert!(messages.contains("couldn't be graded, for reasons that aren't the students' fault"), "{messages}");
    assert!(messages.contains("run the same command again: only these are retried"), "{messages}");
    // Nobody got a grade that was not theirs, and the same command made it good.
    let undisturbed = project.read("undisturbed/grades.csv");
    let failed = records(&project, "out").iter().filter(|record| record["status"] == "infra-error").count();
    assert!((1..STUDENTS).contains(&failed), "{messages}");
    let mut apart = 0;
    for (broken, right) in project.read("broken.csv").lines().zip(undisturbed.lines()) {
        if broken.contains(",infra-error,") {
            apart += 1;
            assert!(broken.starts_with("ex1,,,s00") && broken.contains(",,0,,10,infra-error,"), "{broken}");
        } else {
            assert_eq!(broken, right, "{messages}");
        }
    }
    assert_eq!(apart, failed, "{messages}");
    assert!(messages.contains(&format!("graded {failed} submission")), "{messages}");
    assert_whole(&project, "out", "undisturbed");
    (project, messages)
}

#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn a_full_place_to_build_in_is_no_grade() {
    if !has_boxes() || !has_mounts() {
        return;
    }
    let prepare = "mkdir -p target/grade
        mount -t tmpfs -o size=1m tmpfs /dev/shm
        mount -t tmpfs -o size=200m tmpfs target/grade";
    let breaks = "head -c 300m /dev/zero > target/grade/ballast 2> /dev/null || true";
    let (project, _) = broken_meanwhile(prepare, breaks, "rm target/grade/ballast");
    let failed = records(&project, "out").into_iter().find(|record| record["status"] == "infra-error").unwrap();
    assert!(failed["message"].as_str().unwrap().contains("No space left on device"), "{failed}");
}

#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn a_linker_that_is_gone_for_a_while_is_no_grade() {
    if !has_boxes() || !has_mounts() {
        return;
    }
    // A file in its place that isn't a program, for the boxes as well.
    let breaks = "touch empty; mount --bind empty \"$(readlink -f /usr/bin/cc)\"";
    let (project, _) = broken_meanwhile("", breaks, "umount \"$(readlink -f /usr/bin/cc)\"");
    let failed = records(&project, "out").into_iter().find(|record| record["status"] == "infra-error").unwrap();
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("the course's own solution doesn't build either"), "{message}");
}

/// Its words name no cause: LLD writes into a mapped file, so a disk that is full for a moment ends it with SIGBUS.
#[test]
#[ignore = "grades a small class several times: .ci/run runs it"]
fn a_linker_that_crashes_for_a_while_is_no_grade() {
    if !has_boxes() || !has_mounts() {
        return;
    }
    let breaks = "printf '%s\\n' '#!/bin/sh' 'echo \"collect2: fatal error: ld terminated with signal 7 [Bus error]\" >&2' 'exit 1' > crash
        chmod +x crash; mount --bind crash \"$(readlink -f /usr/bin/cc)\"";
    let (project, _) = broken_meanwhile("", breaks, "umount \"$(readlink -f /usr/bin/cc)\"");
    let failed = records(&project, "out").into_iter().find(|record| record["status"] == "infra-error").unwrap();
    let message = failed["message"].as_str().unwrap();
    assert!(message.contains("the course's own solution doesn't build either"), "{message}");
    assert!(message.contains("signal 7"), "{message}");
}
