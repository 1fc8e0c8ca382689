//! What gets into a box and out of it: open files, neighbors, the machine's time. By the real grader, on programs that try.

use assert_cmd::Command;
use predicates::str::contains;
use std::fs;
use std::io::Read as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};
use testbed::browser::left_out;
use testbed::class::{has_boxes, rows};
use testbed::course::{QUICK_PROFILE, SOURCE, STARTER};
use testbed::project::{Project, call, in_background, stderr, stdout};

/// The tiny course, in which learners also edit the program.
fn course() -> Project {
    let project = Project::quick_course();
    project.edit(
        "exercises/ex1/exercise.toml",
        "edits = [\"Cargo.toml\"]",
        "edits = [\"Cargo.toml\", \"src/main.rs\"]",
    );
    let data = project.read("exercises/ex1/exercise.toml");
    let pristine: String =
        data.lines().filter(|line| !line.contains("src/main.rs\" =")).map(|line| format!("{line}\n")).collect();
    project.write("exercises/ex1/exercise.toml", &pristine);
    project.write("exercises/ex1/starter/src/main.rs", SOURCE);
    project.write("solutions/ex1/src/main.rs", &format!("{SOURCE}// the solution\n"));
    project.run(&["author", "verify", "--write-digests"]).success();
    project
}

/// A second exercise, which is the first one again.
fn second_exercise(project: &Project) {
    for folder in ["exercises", "solutions"] {
        let from = project.path(folder).join("ex1");
        for (path, text, _) in project.everything() {
            if let Ok(below) = path.strip_prefix(&from)
                && !below.starts_with("target")
            {
                project.write(&format!("{folder}/ex2/{}", below.display()), std::str::from_utf8(&text).unwrap());
            }
        }
    }
    project.edit("exercises/ex2/README.md", "ex1", "ex2");
}

fn hand_in(project: &Project, student: &str, exercise: &str, program: &str) {
    project.write(&format!("class/{student}/{exercise}/Cargo.toml"), &format!("{STARTER}{QUICK_PROFILE}"));
    project.write(&format!("class/{student}/{exercise}/src/main.rs"), program);
}

/// The program with this before it, and a call of `attack` in it.
fn with_attack(attack: &str) -> String {
    format!("{attack}\n{}", SOURCE.replacen("fn main() {", "fn main() {\n    attack();", 1))
}

fn includes(path: &str) -> String {
    with_attack(&format!("fn attack() {{ print!(\"{{}}\", include_str!({path})) }}"))
}

/// Looks at every descriptor that it was started with, writes to it, and prints what it finds.
const LOOKS_AROUND: &str = r#"fn attack() {
    use std::io::{Read, Write};
    use std::os::fd::FromRawFd;
    for number in 3..256 {
        let path = format!("/proc/self/fd/{number}");
        if std::fs::read_link(&path).is_err() {
            continue;
        }
        println!("{number} is open");
        let mut file = std::mem::ManuallyDrop::new(unsafe { std::fs::File::from_raw_fd(number) });
        let _ = file.write_all(b"written from inside");
        let mut text = String::new();
        let _ = file.read_to_string(&mut text);
        println!("{text}");
        for name in ["secret.txt", "etc/passwd"] {
            print!("{}", std::fs::read_to_string(format!("{path}/{name}")).unwrap_or_default());
        }
    }
}"#;

/// What no report may hold.
const SECRET: &str = "canary-of-the-caller";

#[test]
#[ignore = "grades six submissions: .ci/run runs it"]
fn nothing_that_the_caller_has_open_gets_into_a_box() {
    if !has_boxes() {
        return;
    }
    let project = course();
    project.write("private/secret.txt", SECRET);
    for (student, path) in [("s001", "9"), ("s002", "8/secret.txt"), ("s003", "8/../private/secret.txt"), ("s004", "7")]
    {
        hand_in(&project, student, "ex1", &includes(&format!("\"/proc/self/fd/{path}\"")));
    }
    hand_in(&project, "s005", "ex1", &with_attack(LOOKS_AROUND));
    hand_in(&project, "s006", "ex1", SOURCE);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let private = project.path("private");
    let script = format!(
        "exec 8<'{0}' 9<>'{0}/secret.txt' 7<>/dev/tcp/127.0.0.1/{port}; \
         umask 077; test \"$(cat /proc/self/fd/9 8>&- | head -c 6)\" = canary || exit 9; exec '{1}' grade class",
        private.display(),
        env!("CARGO_BIN_EXE_grading")
    );
    let mut bash = call("bash");
    bash.current_dir(project.path("")).args(["-c", &script]).assert().success();
    let failed = ["s001", "s002", "s003", "s004"].map(|student| format!("{student} 4 build-failed"));
    assert_eq!(rows(&project, "grades"), [&failed[..], &["s005 10 graded".into(), "s006 10 graded".into()]].concat());
    assert_eq!(project.read("private/secret.txt"), SECRET, "it was written to");
    for (path, text, _) in project.everything() {
        let is_report = path.starts_with(project.path("grades"));
        assert!(!is_report || !String::from_utf8_lossy(&text).contains(SECRET), "{}", path.display());
    }
    let (mut connection, _) = listener.accept().unwrap();
    connection.set_nonblocking(true).unwrap();
    assert_eq!(connection.read(&mut [0; 16]).unwrap_or(0), 0, "something was sent");
}

/// Paths at which another exercise, another student or the course might be, as a build of `ex2` could name them.
const NEIGHBORS: [&str; 11] = [
    "/grade/ex1/submission/Cargo.toml",
    "/grade/ex1/submission/src/main.rs",
    "/grade/ex2/submission/../../ex1/submission/Cargo.toml",
    "/grade/ex2/submission-variant-target/CACHEDIR.TAG",
    "/grade/ex2/starter/src/main.rs",
    "/grade/ex2/starter-target/CACHEDIR.TAG",
    "/grade/ex2/solution/src/main.rs",
    "/grade/ex2/fetched/Cargo.toml",
    "/grade/common/ex2-starter-before.json",
    "/grade/../common/ex2-starter-before.json",
    "/box/../grade/ex1/starter/Cargo.toml",
];

#[test]
#[ignore = "grades thirteen submissions: .ci/run runs it"]
fn a_build_sees_no_other_exercise_student_or_run() {
    if !has_boxes() {
        return;
    }
    let project = course();
    second_exercise(&project);
    hand_in(&project, "s001", "ex1", SOURCE);
    for (number, path) in NEIGHBORS.iter().enumerate() {
        hand_in(&project, &format!("s1{number:02}"), "ex2", &includes(&format!("{path:?}")));
    }
    // So much is seen: what is its own.
    let own = "fn attack() { assert!(include_str!(\"/grade/ex2/submission/Cargo.toml\").len() > 10) }";
    hand_in(&project, "s200", "ex2", &with_attack(own));
    // One worker, so that the folders of all that were graded before are beside it. It is killed in the middle.
    let mut grader = start(&project, &["grade", "class", "--jobs", "1"]);
    until(|| {
        project.path("grades/journal.jsonl").is_file() && project.read("grades/journal.jsonl").lines().count() > 2
    });
    let place = Path::new("/dev/shm").join(format!("size-workshop-{}", grader.id()));
    grader.kill().unwrap();
    grader.wait().unwrap();
    if place.is_dir() {
        hand_in(&project, "s300", "ex2", &includes(&format!("\"{}/w0/ex1/starter/Cargo.toml\"", place.display())));
    }
    project.run(&["grade", "class", "--jobs", "1"]).success();
    assert!(!place.exists());
    for row in rows(&project, "grades") {
        let expected = if row.starts_with("s001") || row.starts_with("s200") { "10 graded" } else { "4 build-failed" };
        if !row.ends_with(" not-handed-in") {
            assert_eq!(row[5..], *expected, "{row}");
        }
    }
    let text = project.read("grades/journal.jsonl");
    let refused = text.lines().filter(|line| line.contains("couldn't read")).count();
    assert!(refused >= NEIGHBORS.len(), "{refused} were refused");
}

/// `xtask` with these words, which goes on while the test does something.
fn start(project: &Project, words: &[&str]) -> std::process::Child {
    let mut command = in_background(project.xtask().args(words));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(2), "it takes too long");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "stops a grader for seconds: .ci/run runs it"]
fn a_grader_that_is_suspended_takes_no_points() {
    if !has_boxes() {
        return;
    }
    let project = course();
    // It runs for a while, as something that is suspended in the middle.
    let works = "fn attack() { let began = std::time::Instant::now(); while began.elapsed().as_millis() < 300 {} }";
    for number in 1..=6 {
        hand_in(&project, &format!("s00{number}"), "ex1", &format!("{}// {number}\n", with_attack(works)));
    }
    let mut grader = start(&project, &["grade", "class", "--jobs", "3"]);
    let process = grader.id().to_string();
    let signal = |name: &str| Command::new("kill").args([name, &process]).assert().success();
    until(|| project.path("grades/journal.jsonl").is_file());
    // Longer than any limit of a run, which is two seconds of work and five of sleep.
    for pause in [100, 700] {
        thread::sleep(Duration::from_millis(pause));
        if grader.try_wait().unwrap().is_none() {
            signal("-STOP");
            thread::sleep(Duration::from_secs(if pause == 100 { 3 } else { 7 }));
            signal("-CONT");
        }
    }
    assert!(grader.wait().unwrap().success());
    let expected: Vec<String> = (1..=6).map(|number| format!("s00{number} 10 graded")).collect();
    assert_eq!(rows(&project, "grades"), expected);
}

#[test]
#[ignore = "grades three submissions twice: .ci/run runs it"]
fn a_build_that_never_ends_frees_its_worker_and_the_limit_can_be_set() {
    if !has_boxes() {
        return;
    }
    let project = course();
    let counts = "#![allow(long_running_const_eval)]\nconst COUNTED: u64 = { let mut n = 0_u64; while n < 1 << 50 { n += 1 } n };\nfn attack() { println!(\"{COUNTED}\") }";
    let repeats = "#![recursion_limit = \"100000\"]\nmacro_rules! again { ($($all:tt)*) => { again!($($all)* x) } }\nfn attack() { again!(x) }";
    hand_in(&project, "s001", "ex1", &with_attack(counts));
    hand_in(&project, "s002", "ex1", &with_attack(repeats));
    hand_in(&project, "s003", "ex1", SOURCE);
    // A folder for temporary files that isn't there is no reason to stop, nor are a job server's descriptors that aren't.
    let limited = || {
        let mut xtask = project.xtask();
        xtask.env("TMPDIR", "/no/such/folder").env("MAKEFLAGS", "-j2 --jobserver-auth=8,9");
        xtask.env("CARGO_MAKEFLAGS", "-j --jobserver-fds=8,9 --jobserver-auth=8,9");
        xtask
    };
    let began = Instant::now();
    let assert = limited().args(["grade", "class", "--build-seconds", "2", "--jobs", "1"]).assert().success();
    assert!(!stderr(&assert).contains("jobserver"), "{}", stderr(&assert));
    assert_eq!(rows(&project, "grades")[2], "s003 10 graded");
    for row in &rows(&project, "grades")[..2] {
        assert!(row.ends_with(" timeout") || row.ends_with(" oom"), "{row}");
    }
    assert!(began.elapsed() < Duration::from_secs(100), "{:?}", began.elapsed());
    let journal = project.read("grades/journal.jsonl");
    assert!(journal.contains("the `after` build used more than 2 s of CPU time"), "{journal}");
    assert!(!journal.contains("jobserver"), "{journal}");

    // What was found with one limit says nothing about another one; with the same one it is known.
    limited()
        .args(["grade", "class", "--build-seconds", "2"])
        .assert()
        .success()
        .stderr(contains("graded 0 submissions"));
    fs::remove_dir_all(project.path("class/s001")).unwrap();
    fs::remove_dir_all(project.path("class/s002")).unwrap();
    limited().args(["grade", "class"]).assert().success().stderr(contains("graded 1 submission,"));
}

#[test]
#[ignore = "grades a hundred hostile programs: .ci/run runs it"]
fn no_hostile_submission_of_an_ordinary_user_gets_through() {
    if !has_boxes() {
        return;
    }
    let own = Command::new("id").arg("-u").assert().success();
    if stdout(&own).trim() != "0" {
        return left_out("the tests run as an ordinary user already");
    }
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).assert().success();
    let project = Project::quick_course();
    for folder in ["toolchain", "home"] {
        fs::create_dir(project.path(folder)).unwrap();
    }
    fs::copy(env!("CARGO_BIN_EXE_grading"), project.path("xtask")).unwrap();
    // The compiler may lie where only root can look, so it is seen elsewhere, by this process and its children alone.
    let script = "\
        chown -R 65534:65534 . && chmod 755 . && mount --bind \"$1\" toolchain || exit 9\n\
        exec setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH=\"$PWD/toolchain/bin:/usr/bin:/bin\" \
        HOME=\"$PWD/home\" CARGO_HOME=\"$PWD/home/.cargo\" \"$PWD/xtask\" grade --self-test";
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", script, "sh", stdout(&sysroot).trim()])
        .current_dir(project.path(""))
        .output()
        .unwrap();
    let (text, words) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.code() == Some(9) {
        return left_out("this container doesn't allow mounts");
    }
    if words.contains("bwrap can't create a sandbox here") {
        return left_out("this kernel lets only root make namespaces");
    }
    assert!(output.status.success() && text.contains(" 0 worked\n"), "{text}{words}");
}
