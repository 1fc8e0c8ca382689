//! `cargo xtask grade --self-test`: submissions that try to cheat or to do harm, and what stopped each one. Everything they
//! try is local and bounded, also where nothing stops it.

use super::boxes::Recipe;
use super::model::{Record, Status, Submission};
use super::worker::{self, Bench, Course};
use crate::evidence::target_folder;
use crate::exercise;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::tree;
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

/// The small exercise that is attacked. Learners edit its manifest and its program.
const EXERCISE: &str = include_str!("hostile/exercise.toml.txt");
const MANIFEST: &str = include_str!("hostile/Cargo.toml.txt");
const PROGRAM: &str = include_str!("hostile/main.rs.txt");
const LOCK: &str = include_str!("hostile/Cargo.lock");

/// What an honest solution adds to the manifest.
const PROFILE: &str = "\n[profile.release]\nopt-level = \"z\"\nlto = true\nstrip = true\n";

/// A word that nothing but the grader's own secret holds.
const SECRET: &str = "canary-6b1f";

/// A hostile submission.
struct Attack {
    /// What it tries.
    tries: &'static str,
    /// What it adds to the manifest.
    manifest: String,
    /// Its program.
    program: String,
    /// What kept it from working; an error says that it worked.
    judge: fn(&Record, &World) -> Result<&'static str, String>,
}

/// What an attack could change or reach.
struct World {
    secret: PathBuf,
    outside: PathBuf,
    tcp: TcpListener,
    udp: UdpSocket,
}

/// Runs every attack and prints a table. Exit code 1 if one of them works.
///
/// # Errors
/// When there is no box, or an honest solution does not pass.
pub fn run(root: &Path) -> Result<Exit> {
    let recipe = Recipe::find(root)?;
    recipe.prove(root)?;
    let folder = target_folder(root).join("grade").join(format!("self-test-{}", std::process::id()));
    let result = attack(&recipe, &folder);
    let _ = fs::remove_dir_all(&folder);
    result
}

fn attack(recipe: &Recipe, folder: &Path) -> Result<Exit> {
    let course_root = folder.join("course");
    write_course(&course_root)?;
    let exercise = exercise::load(&course_root, "ex1")?;
    let world = World::new(folder)?;
    let place = folder.join("w0");
    fs::create_dir_all(&place).with_context(|| format!("cannot make the folder {}", place.display()))?;
    let bench = Bench::new(place.clone(), Some(recipe.pair(0, &place)?))?;
    let course = Course { exercise: &exercise, digest: "self-test".to_owned(), reference: None };
    let grade = |manifest: &str, program: &str| {
        let files = [("Cargo.toml", format!("{MANIFEST}{manifest}")), ("src/main.rs", program.to_owned())];
        let submission = Submission {
            student: "s001".to_owned(),
            exercise: exercise.id.clone(),
            files: files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), text.into_bytes()))
                .collect::<BTreeMap<_, _>>(),
            ignored: Vec::new(),
            rejected: None,
            origin: PathBuf::from("self-test"),
        };
        bench.grade(&course_root, &course, &submission, &worker::key(&course, &submission))
    };
    let honest = grade(PROFILE, PROGRAM);
    if (honest.status, honest.points) != (Status::Graded, honest.points_max) {
        bail!(
            Failure::new(
                Exit::Environment,
                format!(
                    "an honest solution gets {} of {} points in a box here: {honest:?}",
                    honest.points, honest.points_max
                )
            )
            .help("nothing can be said about hostile ones")
        );
    }
    let mut text = "an honest submission passes\n\n".to_owned();
    let mut worked = 0;
    for Attack { tries, manifest, program, judge } in attacks(&world) {
        let record = grade(&manifest, &program);
        let verdict = match judge(&record, &world) {
            Ok(stopped) => format!("stopped by {stopped}"),
            Err(why) => {
                worked += 1;
                format!("WORKED: {}", output::one_line(&why))
            }
        };
        let _ = writeln!(text, "  {tries:44} {verdict}");
    }
    let _ = write!(text, "\n{worked} attacks worked\n");
    output::data(&text)?;
    Ok(if worked == 0 { Exit::Met } else { Exit::NotMet })
}

fn write_course(root: &Path) -> Result<()> {
    let folder = root.join("exercises/ex1");
    let data = EXERCISE.replace("DIGEST", &exercise::digest(LOCK.as_bytes()));
    for (path, text) in [
        ("exercise.toml", data.as_str()),
        ("Cargo.toml", MANIFEST),
        ("Cargo.lock", LOCK),
        ("src/main.rs", PROGRAM),
        ("starter/Cargo.toml", MANIFEST),
        ("starter/src/main.rs", PROGRAM),
        ("README.md", "# A target\n"),
    ] {
        tree::write_atomic(&folder.join(path), text.as_bytes())?;
    }
    Ok(())
}

impl World {
    fn new(folder: &Path) -> Result<Self> {
        let secret = folder.join("secret.txt");
        tree::write_atomic(&secret, SECRET.as_bytes())?;
        let (tcp, udp) = (TcpListener::bind(("127.0.0.1", 0))?, UdpSocket::bind(("127.0.0.1", 0))?);
        tcp.set_nonblocking(true)?;
        udp.set_nonblocking(true)?;
        Ok(Self { secret, outside: folder.join("written-from-inside"), tcp, udp })
    }

    fn was_reached(&self) -> bool {
        self.tcp.accept().is_ok() || self.udp.recv(&mut [0; 16]).is_ok()
    }
}

/// A program that does its honest work, and something else first.
fn program(extra: &str) -> String {
    PROGRAM.replacen("fn main() {", &format!("fn main() {{\n{extra}\n"), 1)
}

fn told(record: &Record) -> String {
    record.goals.iter().flat_map(|goal| &goal.problems).map(|problem| problem.message.as_str()).collect()
}

fn attacks(world: &World) -> Vec<Attack> {
    let secret = world.secret.display();
    let outside = world.outside.display();
    let port = |addr: std::io::Result<std::net::SocketAddr>| addr.map_or(0, |addr| addr.port());
    let (tcp, udp) = (port(world.tcp.local_addr()), port(world.udp.local_addr()));
    let attack =
        |tries, manifest: &str, program: String, judge| Attack { tries, manifest: manifest.to_owned(), program, judge };
    vec![
        attack("reads a secret while it runs", PROFILE, program(&format!("    if let Ok(text) = std::fs::read_to_string({secret:?}) {{ println!(\"{{text}}\"); }}", secret = secret.to_string())), |record, _| {
            if told(record).contains(SECRET) { Err("the secret came out".to_owned()) } else { Ok("the run box: no file of the grader is in it") }
        }),
        attack("includes a secret while it is built", PROFILE, format!("const S: &str = include_str!({:?});\nfn main() {{ print!(\"{{S}}\") }}\n", secret.to_string()), |record, _| {
            if told(record).contains(SECRET) { return Err("the secret came out".to_owned()); }
            if record.status == Status::BuildFailed { Ok("the build box: no file of the grader is in it") } else { Err("it was built".to_owned()) }
        }),
        attack("writes outside of its box", PROFILE, program(&format!("    let _ = std::fs::write({:?}, \"x\");", outside.to_string())), |_, world| {
            if world.outside.exists() { Err("the file is there".to_owned()) } else { Ok("the run box: nothing in it can be written but /tmp") }
        }),
        attack("talks to a server of this machine (TCP)", PROFILE, program(&format!("    let _ = std::net::TcpStream::connect(\"127.0.0.1:{tcp}\");")), |_, world| {
            if world.was_reached() { Err("the server was reached".to_owned()) } else { Ok("the run box: it has no network") }
        }),
        attack("talks to a server of this machine (UDP)", PROFILE, program(&format!("    let _ = std::net::UdpSocket::bind(\"127.0.0.1:0\").and_then(|socket| socket.send_to(b\"x\", \"127.0.0.1:{udp}\"));")), |_, world| {
            if world.was_reached() { Err("the server was reached".to_owned()) } else { Ok("the run box: it has no network") }
        }),
        attack("starts a shell", PROFILE, "fn main() {\n    let words: Vec<String> = std::env::args().skip(1).collect();\n    let script = \"for w in \\\"$@\\\"; do echo \\\"$w\\\" | tr a-z A-Z; done\";\n    let status = std::process::Command::new(\"/bin/sh\").args([\"-c\", script, \"sh\"]).args(words).status();\n    std::process::exit(status.map_or(3, |s| s.code().unwrap_or(4)));\n}\n".to_owned(), |record, _| {
            if record.points == record.points_max { Err("it has all points".to_owned()) } else { Ok("the run box: there is no shell in it") }
        }),
        attack("starts 200 threads", PROFILE, program("    let threads: Vec<_> = (0..200).map(|_| std::thread::Builder::new().spawn(|| std::thread::sleep(std::time::Duration::from_secs(1)))).collect();\n    if threads.iter().all(Result::is_ok) { println!(\"all of them\"); }"), |record, _| {
            if told(record).contains("all of them") { Err("all of them ran".to_owned()) } else { Ok("the limit on processes and threads") }
        }),
        attack("takes 8 GiB of memory", PROFILE, program("    let mut all: Vec<Vec<u8>> = Vec::new();\n    for _ in 0..64 { let mut part: Vec<u8> = Vec::new(); if part.try_reserve_exact(1 << 27).is_err() { break; } part.resize(1 << 27, 1); all.push(part); }\n    if all.len() == 64 { println!(\"all of it\"); }"), |record, _| {
            if told(record).contains("all of it") { Err("it got all of it".to_owned()) } else { Ok("the limit on memory") }
        }),
        attack("never ends", PROFILE, "fn main() { loop { std::thread::sleep(std::time::Duration::from_secs(60)); } }\n".to_owned(), |record, _| {
            if told(record).contains("ended") { Ok("the limit on time") } else { Err(told(record)) }
        }),
        attack("prints for ever", PROFILE, "fn main() { loop { println!(\"more\"); } }\n".to_owned(), |record, _| {
            if told(record).contains("ended") { Ok("the limit on output") } else { Err(told(record)) }
        }),
        attack("leaves a process behind", PROFILE, program("    let _ = std::process::Command::new(std::env::current_exe().unwrap()).arg0_none();").replace(".arg0_none()", ".env(\"LEFT\", \"1\").spawn()").replacen("fn main() {", "fn main() {\n    if std::env::var_os(\"LEFT\").is_some() { std::thread::sleep(std::time::Duration::from_secs(3599)); }", 1), |_, _| {
            let left = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|process| fs::read(process.path().join("environ")).ok()).any(|environ| environ.split(|&byte| byte == 0).any(|word| word == b"LEFT=1"));
            if left { Err("it still runs".to_owned()) } else { Ok("the box: what it started ends with it") }
        }),
        attack("fills the disk", PROFILE, program("    let mut written = 0u64;\n    for n in 0..64 { if std::fs::write(format!(\"/tmp/{n}\"), vec![1u8; 8 << 20]).is_ok() { written += 8; } }\n    if written >= 64 { println!(\"{written} MiB\"); }"), |record, _| {
            if told(record).contains(" MiB") { Err(told(record)) } else { Ok("the size of the run box's /tmp") }
        }),
        attack("prints what it was seen to be asked", PROFILE, "fn main() { println!(\"THE\\n42\"); }\n".to_owned(), |record, _| {
            if record.points == record.points_max { Err("it has all points".to_owned()) } else { Ok("inputs that nobody knows beforehand") }
        }),
        attack("adds a build script", &format!("\n[package.metadata]\n{PROFILE}"), PROGRAM.to_owned(), |record, _| {
            let said = record.review.iter().any(|why| why.contains("`package`"));
            if said { Ok("the course's own [package], which is built instead") } else { Err("it was taken".to_owned()) }
        }),
        attack("takes a crate from a path", &format!("\n[dependencies]\nevil = {{ path = \"../..\" }}\n{PROFILE}"), PROGRAM.to_owned(), |record, _| {
            let said = record.review.iter().any(|why| why.contains("`dependencies`"));
            if said { Ok("the course's own [dependencies]") } else { Err(format!("{:?}", record.status)) }
        }),
        attack("lets a file of another folder be its module", PROFILE, format!("#[path = {:?}]\nmod stolen;\n{PROGRAM}", secret.to_string()), |record, _| {
            if record.status == Status::BuildFailed { Ok("the build box: no file of the grader is in it") } else { Err(format!("{:?}", record.status)) }
        }),
    ]
}
