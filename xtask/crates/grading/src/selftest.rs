//! `cargo xtask grade --self-test`: submissions that try to cheat or do harm, graded like any others, and what stopped
//! each one. Everything they try is local and bounded, even if nothing stops it.

mod attacks;

use super::boxes::Recipe;
use super::boxes::canaries::{Inherited, is_running};
use super::journal::{Contents, Journal};
use super::model::{Record, Status};
use super::options::Options;
use super::place::Place;
use super::publish;
use super::run::run as grade;
use anyhow::{Context as _, Result, bail};
use attacks::{Attack, Content};
use base::failure::{Exit, Failure};
use base::files;
use base::output;
use commands::Sandbox;
use course::evidence;
use course::exercise::kinds::Check;
use course::exercise::{self, Exercise};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

/// The small exercise that is attacked. Learners edit its manifest and its program.
const EXERCISE: &str = include_str!("hostile/exercise.toml.txt");
const MANIFEST: &str = include_str!("hostile/starter.toml.txt");
const PROGRAM: &str = include_str!("hostile/starter.rs.txt");
const LOCK: &str = include_str!("hostile/Cargo.lock");

/// What an honest solution adds to the manifest.
const PROFILE: &str = "\n[profile.release]\nopt-level = \"z\"\nstrip = true\n";

/// The student who does not cheat.
const HONEST: &str = "honest";

/// A word that only the grader's own files contain.
const SECRET: &str = "canary-6b1f";

/// Seconds of CPU time for one build: the honest one takes half a second, and some attacks are only over when theirs is
/// up.
const BUILD_SECONDS: u32 = 5;

/// Bytes of the longest record that an attack may leave in the journal.
const LONGEST: usize = 256 << 10;

/// What holds for an attack that fails.
pub(crate) enum Must {
    /// Its record has one of these statuses.
    Is(&'static [Status]),
    /// It has full points: what it tried changed nothing.
    Full,
    /// It doesn't have full points.
    NotFull,
    /// Its program is the same size as the honest one.
    SameSize,
    /// A person is told this.
    Reviewed(&'static str),
    /// This file was seen and not taken.
    NotTaken(&'static str),
    /// Its record is no longer than it should be.
    Short,
    /// Nothing was written outside the box.
    NothingWritten,
    /// The secret is unchanged.
    Untouched,
    /// No process of it is left.
    NobodyLeft,
    /// The server that this placeholder names was not reached.
    Unreached(&'static str),
}

/// Runs every attack and prints a table. Exit code 1 if one of them works.
///
/// # Errors
/// When there is no box, or an honest solution does not pass.
pub(crate) fn run(root: &Path) -> Result<Exit> {
    let recipe = Recipe::find(root)?;
    let place = Place::of_attacks(root)?;
    recipe.prove(&place.folder)?;
    attack(&place.folder)
}

fn attack(folder: &Path) -> Result<Exit> {
    fs::create_dir_all(folder).with_context(|| format!("can't create the folder {}", folder.display()))?;
    let folder = &folder.canonicalize().with_context(|| format!("can't find the folder {}", folder.display()))?;
    let course = folder.join("course");
    write_course(&course)?;
    let exercise = exercise::load(&course, "ex1")?;
    let world = World::new(folder, &exercise)?;
    let class = folder.join("class");
    hand_in(&class, HONEST, &[], &world)?;
    for attack in attacks::all() {
        hand_in(&class, attack.tries, attack.files, &world)?;
    }

    // From here on, it is what happens to every class.
    let options = Options {
        out: folder.join("grades"),
        sandbox: Sandbox::Bwrap,
        build_seconds: Some(BUILD_SECONDS),
        ..Options::default()
    };
    let summary = grade(&course, &options, &class)?;
    let contents = Contents { runs: summary.contents.runs, ..Journal::read(&options.out)? };
    publish::write(&course, &options.out, &options, &contents)?;
    let ignored = contents.records.iter().map(|record| (record.student.clone(), record.ignored.clone())).collect();
    let found = Found { records: contents.records, ignored, world };

    let honest = found.record(HONEST)?;
    if (honest.status, honest.points) != (Status::Graded, honest.points_max) {
        bail!(
            Failure::new(
                Exit::Environment,
                format!(
                    "an honest solution gets {} of {} points in the sandbox here: {honest:?}",
                    honest.points, honest.points_max
                )
            )
            .help("fix that first: hostile ones are judged by the same checks")
        );
    }
    table(&found, &reports_are_clean(&options.out)?)
}

/// Prints the outcome of each attack.
fn table(found: &Found, reports: &Result<(), String>) -> Result<Exit> {
    let mut text = "an honest submission passes\n\n".to_owned();
    let mut worked = 0;
    for attack in attacks::all() {
        let record = found.record(attack.tries)?;
        let verdict = match found.judge(record, attack) {
            Ok(()) => format!("stopped by {}", attack.stopped_by),
            Err(why) => {
                worked += 1;
                format!("WORKED: {}", output::one_line(&why))
            }
        };
        let points = format!("{}/{}", record.points, record.points_max);
        let _ = writeln!(text, "  {:42} {:12} {points:>5}  {verdict}", attack.tries, record.status.name());
    }
    if let Err(why) = reports {
        worked += 1;
        let _ = writeln!(text, "  the reports WORKED: {}", output::one_line(why));
    }
    let _ = write!(text, "\n{} attacks, {worked} worked\n", attacks::all().count());
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
        files::write_atomic(&folder.join(path), text.as_bytes())?;
    }
    let solution = root.join("solutions/ex1");
    files::write_atomic(&solution.join("Cargo.toml"), format!("{MANIFEST}{PROFILE}").as_bytes())?;
    files::write_atomic(&solution.join("src/main.rs"), format!("{PROGRAM}// {SECRET}\n").as_bytes())
}

/// Writes a submission to the disk.
fn hand_in(class: &Path, student: &str, files: &[(&str, Content)], world: &World) -> Result<()> {
    let folder = class.join(student).join("ex1");
    let honest = format!("{MANIFEST}{PROFILE}");
    // A line that names the student: no two submissions are the same, so that each of them is tried.
    let program = format!("{PROGRAM}// {student}\n");
    let is_there = |path: &str| files.iter().any(|(own, _)| *own == path);
    for (path, text) in [("Cargo.toml", &honest), ("src/main.rs", &program)] {
        if !is_there(path) {
            files::write_atomic(&folder.join(path), text.as_bytes())?;
        }
    }
    for (path, content) in files {
        let file = folder.join(path);
        let text = match content {
            Content::Whole(text) => (*text).to_owned(),
            Content::Attack(text) => {
                format!("{text}\n{}", program.replacen("fn main() {", "fn main() {\n    attack();", 1))
            }
            Content::After(text) => format!("{honest}{text}"),
            Content::Repeated(before, part, times, after) => format!("{before}{}{after}", part.repeat(*times)),
            Content::Link => {
                link(&world.secret, &file)?;
                continue;
            }
        };
        files::write_atomic(&file, world.fill(&text).as_bytes())?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, file: &Path) -> Result<()> {
    fs::create_dir_all(file.parent().unwrap_or(file))?;
    std::os::unix::fs::symlink(target, file).with_context(|| format!("can't create the link {}", file.display()))
}

/// There are no boxes on systems without such links.
#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Result<()> {
    Ok(())
}

/// What an attack could change or reach.
struct World {
    secret: PathBuf,
    outside: PathBuf,
    /// The placeholders in the programs for this run's paths and numbers.
    words: BTreeMap<&'static str, String>,
    tcp: TcpListener,
    udp: UdpSocket,
    inherited: Inherited,
    #[cfg(target_os = "linux")]
    socket: std::os::unix::net::UnixListener,
}

impl World {
    fn new(folder: &Path, exercise: &Exercise) -> Result<Self> {
        let (secret, outside) = (folder.join("secret.txt"), folder.join("written-from-inside"));
        files::write_atomic(&secret, SECRET.as_bytes())?;
        let (tcp, udp) = (TcpListener::bind(("127.0.0.1", 0))?, UdpSocket::bind(("127.0.0.1", 0))?);
        tcp.set_nonblocking(true)?;
        udp.set_nonblocking(true)?;
        let inherited = Inherited::new(&secret, folder)?;
        let [open_file, open_folder, open_socket] = inherited.numbers();
        let own = std::process::id();
        let socket = format!("size-workshop-{own}");
        let words = BTreeMap::from([
            ("@SECRET@", secret.display().to_string()),
            ("@SOLUTION@", exercise.solution.join("src/main.rs").display().to_string()),
            ("@OUTSIDE@", outside.display().to_string()),
            ("@TCP@", tcp.local_addr()?.port().to_string()),
            ("@UDP@", udp.local_addr()?.port().to_string()),
            ("@SOCKET@", socket.clone()),
            ("@OPEN_FILE@", open_file.to_string()),
            ("@OPEN_FOLDER@", open_folder.to_string()),
            ("@OPEN_SOCKET@", open_socket.to_string()),
            ("@GRADER@", own.to_string()),
            ("@LEFT_BEHIND@", left_behind()),
            ("@HOME@", std::env::var("HOME").unwrap_or_default()),
            ("@ANSWERS@", answers(exercise)),
        ]);
        #[cfg(target_os = "linux")]
        let listener = {
            use std::os::linux::net::SocketAddrExt as _;
            use std::os::unix::net::{SocketAddr, UnixListener};
            let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&socket)?)?;
            listener.set_nonblocking(true)?;
            listener
        };
        Ok(Self {
            secret,
            outside,
            words,
            tcp,
            udp,
            inherited,
            #[cfg(target_os = "linux")]
            socket: listener,
        })
    }

    fn fill(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, (name, word)| text.replace(name, word))
    }

    fn was_reached(&self, server: &str) -> bool {
        match server {
            "TCP" => self.tcp.accept().is_ok(),
            "OPEN_SOCKET" => self.inherited.was_reached(),
            "UDP" => self.udp.recv(&mut [0; 16]).is_ok(),
            #[cfg(target_os = "linux")]
            "SOCKET" => self.socket.accept().is_ok(),
            _ => false,
        }
    }
}

/// The argument of the process that an attack leaves behind.
fn left_behind() -> String {
    format!("left-behind-by-{}", std::process::id())
}

/// What the program prints for the inputs that anyone can find out, as arms of a `match`.
fn answers(exercise: &Exercise) -> String {
    let mut arms = String::new();
    for goal in &exercise.data.goal {
        let Check::Output(output) = &goal.check else { continue };
        for input in evidence::inputs_of(exercise, goal.id.get_ref(), output, None) {
            let args: Vec<String> = input.args.iter().map(|arg| String::from_utf8_lossy(arg).into_owned()).collect();
            let printed: String = args.iter().map(|arg| arg.to_uppercase() + "\n").collect();
            let _ = writeln!(arms, "        {args:?} => {printed:?},");
        }
    }
    arms
}

/// What remains after a run.
struct Found {
    records: Vec<Record>,
    ignored: BTreeMap<String, Vec<String>>,
    world: World,
}

impl Found {
    fn record(&self, student: &str) -> Result<&Record> {
        let mut records = self.records.iter().rev();
        records.find(|record| record.student == student).with_context(|| format!("there is no record of `{student}`"))
    }

    /// Whether an attack was stopped; the error says why it wasn't.
    fn judge(&self, record: &Record, attack: &Attack) -> Result<(), String> {
        let whole = serde_json::to_string(record).unwrap_or_default();
        if whole.contains(SECRET) {
            return Err("the secret leaked".to_owned());
        }
        if record.status == Status::InfraError {
            return Err(format!("it is treated as our fault: {:?}", record.message));
        }
        let is_full = record.points == record.points_max;
        let told = || {
            let goals = record.goals.iter().flat_map(|goal| &goal.problems);
            let words: Vec<&str> = goals.map(|problem| problem.message.as_str()).collect();
            words.join("; ").chars().take(400).collect::<String>()
        };
        for must in attack.must {
            let (is_true, why) = match must {
                Must::Is(statuses) => {
                    (statuses.contains(&record.status), format!("its status is {}", record.status.name()))
                }
                Must::Full => (is_full, "it changed something".to_owned()),
                Must::NotFull => (!is_full, "it has all points".to_owned()),
                Must::SameSize => {
                    let honest = self.record(HONEST).map_err(|error| error.to_string())?.size_bytes;
                    (record.size_bytes == honest, format!("{:?} bytes, not {honest:?}", record.size_bytes))
                }
                Must::Reviewed(what) => {
                    (record.review.iter().any(|why| why.contains(what)), format!("{what} isn't reported"))
                }
                Must::NotTaken(path) => {
                    let named = self.ignored.get(attack.tries).into_iter().flatten();
                    (named.into_iter().any(|name| name.ends_with(path)), format!("{path} isn't reported as ignored"))
                }
                Must::Short => (whole.len() <= LONGEST, format!("its record is {} bytes", whole.len())),
                Must::NothingWritten => (!self.world.outside.exists(), "the file is there".to_owned()),
                Must::Untouched => {
                    let secret = fs::read(&self.world.secret).unwrap_or_default();
                    (secret == SECRET.as_bytes(), "the secret was changed".to_owned())
                }
                Must::NobodyLeft => {
                    let mark = left_behind();
                    (!is_running(|words| words.contains(&mark.as_bytes())), "it still runs".to_owned())
                }
                Must::Unreached(server) => (!self.world.was_reached(server), "the server was reached".to_owned()),
            };
            if !is_true {
                return Err(format!("{why}: {}", told()));
            }
        }
        Ok(())
    }
}

/// No report contains what a terminal or a CI server would obey, a student's script, or a secret. The error says which
/// one does.
fn reports_are_clean(out: &Path) -> Result<Result<(), String>> {
    for file in files::files(out)? {
        let bytes = fs::read(out.join(&file)).with_context(|| format!("can't read {}", file.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let is_page = file.extension().is_some_and(|extension| extension == "html");
        let found = [
            ("a control character", text.chars().any(|c| c.is_control() && c != '\n' && c != '\r' && c != '\t')),
            ("a command", text.lines().any(|line| line.trim_start().starts_with("::"))),
            ("a secret", text.contains(SECRET)),
            ("a student's script", is_page && text.contains("<script>alert")),
        ];
        if let Some((what, _)) = found.iter().find(|(_, is_there)| *is_there) {
            return Ok(Err(format!("{what} is in {}", file.display())));
        }
    }
    Ok(Ok(()))
}
