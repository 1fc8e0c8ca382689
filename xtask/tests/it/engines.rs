//! Compares what the check says about a Containerfile with what an engine makes of it: podman really builds good and
//! bad ones and runs the results. Its base images contain only /etc/passwd; this machine's toolchain is mounted into
//! them, so nothing is downloaded.

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::browser::left_out;
use testbed::project::{Project, call, json, stderr, stdout};

/// A program that says who runs it, and with what.
const MAIN: &str = r#"
fn main() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let id = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()).unwrap();
    println!("{}:{} {:?}", id("Uid:"), id("Gid:"), std::env::args().skip(1).collect::<Vec<_>>());
}
"#;

const MANIFEST: &str = r#"
[package]
name = "config_tool"
version = "0.1.0"
edition = "2024"
[workspace]
[profile.dist]
inherits = "release"
strip = true
"#;

const LOCK: &str = "version = 4\n\n[[package]]\nname = \"config_tool\"\nversion = \"0.1.0\"\n";

/// A Containerfile, as what is between the first stage's FROM and the last one's, and what the last one holds.
struct Row {
    what: &'static str,
    base: &'static str,
    build: &'static str,
    ship: &'static str,
    is_good: bool,
}

const BASE: &str = "rust:1.95-bookworm";
const BUILD: &str = "RUN RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --locked --profile dist --target HOST";
const COPY: &str = "COPY --from=build /src/target/HOST/dist/config_tool /config_tool";
const END: &str = "USER 65534:65534\nENTRYPOINT [\"/config_tool\"]";

/// Rows, with HOST in the place of this machine's target, BUILD of the usual build, COPY and END of the usual last stage.
const ROWS: [Row; 24] = [
    Row { what: "the solution", base: BASE, build: "WORKDIR /src\nCOPY . .\nBUILD", ship: "COPY\nEND", is_good: true },
    Row {
        what: "the host's target asked of rustc, and its name in COPY",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nRUN RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --locked --profile dist --target \"$(rustc --print host-tuple)\"",
        ship: "COPY\nEND",
        is_good: true,
    },
    Row {
        what: "parts, wildcards and relative paths",
        base: BASE,
        build: "WORKDIR src\nCOPY Cargo.* ./\nCOPY src/ src/\nBUILD",
        ship: "WORKDIR /app\nCOPY --from=build src/target/HOST/dist/config_too? ./\nUSER 65534:65534\nENTRYPOINT [\"./config_tool\"]",
        is_good: true,
    },
    Row {
        what: "cargo install, flags in ENV, a folder with one file",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nARG OUT=/out\nENV RUSTFLAGS=\"-C target-feature=+crt-static\"\nRUN cargo install --locked --path . --target HOST --root $OUT",
        ship: "COPY --from=build /out/bin/ /\nEND",
        is_good: true,
    },
    Row {
        what: "a cache over the target folder, and a copy out of it",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nRUN --mount=type=cache,target=/src/target t=\"$(rustc --print host-tuple)\" \\\n    && RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --locked --profile dist --target \"$t\" \\\n    && cp \"target/$t/dist/config_tool\" /config_tool",
        ship: "COPY --chmod=0755 --from=build /config_tool /\nEND",
        is_good: true,
    },
    Row {
        what: "the package mounted, as docker init writes it",
        base: BASE,
        build: "WORKDIR /app\nRUN --mount=type=bind,source=src,target=/app/src --mount=type=bind,source=Cargo.toml,target=/app/Cargo.toml --mount=type=bind,source=Cargo.lock,target=/app/Cargo.lock cargo rustc --locked --profile dist -- -C target-feature=+crt-static && cp target/dist/config_tool /out",
        ship: "COPY --from=build /out /config_tool\nEND",
        is_good: true,
    },
    Row {
        what: "a placeholder first, and then the sources, made new",
        base: BASE,
        build: "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo 'fn main() {}' > src/main.rs\nBUILD\nCOPY src src\nRUN touch src/main.rs\nBUILD",
        ship: "COPY\nEND",
        is_good: true,
    },
    Row {
        what: "the engine's variables, and default arguments",
        base: BASE,
        build: "ARG P=dist\nWORKDIR /src\nCOPY . .\nENV CARGO_TARGET_DIR=/t CARGO_BUILD_TARGET=HOST RUSTFLAGS=\"-C target-feature=+crt-static\"\nRUN cargo build --profile=$P && install -Dm755 /t/HOST/$P/config_tool /o/bin/config_tool",
        ship: "COPY --from=build /o/bin /bin\nUSER 65534:65534\nENTRYPOINT [\"config_tool\"]\nCMD [\"hello\"]",
        is_good: true,
    },
    Row { what: "nothing to build", base: BASE, build: "WORKDIR /src\nBUILD", ship: "COPY\nEND", is_good: false },
    Row {
        what: "the sources after the build",
        base: BASE,
        build: "WORKDIR /src\nBUILD\nCOPY . .",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "the manifest alone",
        base: BASE,
        build: "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "what is in src, and not src",
        base: BASE,
        build: "WORKDIR /src\nCOPY Cargo.toml Cargo.lock src ./\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "no lock file",
        base: BASE,
        build: "WORKDIR /src\nCOPY Cargo.toml ./\nCOPY src src\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "an image without Cargo",
        base: "debian:12",
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "the empty image to build in",
        base: "scratch",
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "a file that can't be executed",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY --chmod=0644 --from=build /src/target/HOST/dist/config_tool /\nEND",
        is_good: false,
    },
    Row {
        what: "a command in COPY",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY --from=build /src/target/$(rustc --print host-tuple)/dist/config_tool /config_tool\nEND",
        is_good: false,
    },
    Row {
        what: "arguments in ENTRYPOINT",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY\nUSER 1:1\nENTRYPOINT [\"/config_tool\", \"x\"]",
        is_good: false,
    },
    Row {
        what: "CMD in the place of ENTRYPOINT",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY\nUSER 1:1\nCMD [\"/config_tool\"]",
        is_good: false,
    },
    Row {
        what: "a user without a group",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY\nUSER 1000\nENTRYPOINT [\"/config_tool\"]",
        is_good: false,
    },
    Row {
        what: "the file's list of sources as well",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nBUILD",
        ship: "COPY --from=build /src/target/HOST/dist/config_tool* /\nEND",
        is_good: false,
    },
    Row {
        what: "linked dynamically",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nRUN cargo build --locked --profile dist --target HOST",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "a placeholder first, and then the sources, as old as they are",
        base: BASE,
        build: "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo 'fn main() {}' > src/main.rs\nBUILD\nCOPY src src\nBUILD",
        ship: "COPY\nEND",
        is_good: false,
    },
    Row {
        what: "a cache over the target folder, and no copy",
        base: BASE,
        build: "WORKDIR /src\nCOPY . .\nRUN --mount=type=cache,target=/src/target cargo build --release",
        ship: "COPY --from=build /src/target/release/config_tool /\nEND",
        is_good: false,
    },
];

impl Row {
    fn text(&self, host: &str) -> String {
        let lines = |text: &str| {
            let line = |line: &str| match line {
                "BUILD" => BUILD.to_owned(),
                "COPY" => COPY.to_owned(),
                "END" => END.to_owned(),
                other => other.to_owned(),
            };
            text.lines().map(line).collect::<Vec<_>>().join("\n").replace("HOST", host)
        };
        format!("FROM {} AS build\n{}\n\nFROM scratch\n{}\n", self.base, lines(self.build), lines(self.ship))
    }
}

/// podman, with its own images and this machine's toolchain.
struct Engine {
    store: PathBuf,
    sysroot: String,
    /// A folder with a Cargo that isn't there.
    no_rust: String,
}

impl Engine {
    fn podman(&self) -> Command {
        let mut podman = call("podman");
        let folder = |name: &str| self.store.join(name).display().to_string();
        podman.args([
            "--root",
            &folder("root"),
            "--runroot",
            &folder("run"),
            "--storage-driver",
            "vfs",
            "--runtime",
            "runc",
        ]);
        podman.timeout(std::time::Duration::from_mins(2));
        podman
    }

    /// An engine with its base images; none where it can't build.
    fn start(project: &Project) -> Option<Self> {
        let has = |name: &str| Command::new(name).arg("--version").ok().is_ok();
        if !cfg!(target_os = "linux") || !has("podman") || !has("runc") {
            left_out(
                "no Containerfile is built: there is no podman or no runc (Debian, Ubuntu: apt install podman runc)",
            );
            return None;
        }
        let mut rustc = call("rustc");
        let sysroot = stdout(&rustc.args(["--print", "sysroot"]).assert().success()).trim().to_owned();
        let no_rust = project.path("no-rust").display().to_string();
        let engine = Self { store: project.path("engine"), sysroot, no_rust };
        for folder in
            ["usr", "bin", "sbin", "lib", "lib64", "etc/alternatives", "opt/rust", "tmp", "dev", "proc", "sys", "root"]
        {
            fs::create_dir_all(project.path("base").join(folder)).unwrap();
        }
        project.write("base/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        // All images have this machine's /usr, where there may be a Cargo: those that have none find this before it.
        let no_cargo = project.path("no-rust/cargo");
        project.write("no-rust/cargo", "#!/bin/sh\necho 'cargo: not found' >&2\nexit 127\n");
        call("chmod").arg("+x").arg(&no_cargo).assert().success();
        let path = "/usr/local/cargo/bin:/opt/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        for (image, path) in
            [("rust:1.95-bookworm", path), ("debian:12", "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin")]
        {
            project.write(
                "base.Containerfile",
                &format!("FROM scratch\nCOPY . /\nENV PATH={path} CARGO_HOME=/root/cargo\n"),
            );
            let name = format!("docker.io/library/{image}");
            let built = engine.build(&project.path("base.Containerfile"), &project.path("base"), &name);
            if let Err(words) = built {
                left_out(&format!("no Containerfile is built: podman can't build here: {words}"));
                return None;
            }
        }
        Some(engine)
    }

    /// Builds an image; an error is what podman says.
    fn build(&self, file: &Path, context: &Path, name: &str) -> Result<(), String> {
        let mut podman = self.podman();
        // Machines without systemd, and those that are containers themselves, need the first ones.
        podman.args(["build", "--isolation", "chroot", "--network", "host", "--pull=never", "--no-hosts"]);
        let mut mount = |from: &str, to: &str| {
            if Path::new(from).exists() {
                podman.args(["--volume", &format!("{from}:{to}:ro")]);
            }
        };
        for folder in ["/usr", "/bin", "/lib", "/lib64", "/etc/alternatives"] {
            mount(folder, folder);
        }
        mount(&self.sysroot, "/opt/rust");
        mount(&self.no_rust, "/usr/local/sbin");
        let built = podman.arg("--file").arg(file).args(["--tag", name]).arg(context).assert();
        match built.get_output().status.success() {
            true => Ok(()),
            false => Err(stderr(&built)),
        }
    }

    /// Whether an image contains one file, which does what it should when run alone.
    fn is_right(&self, name: &str) -> Result<(), String> {
        let mounted = stdout(&self.podman().args(["image", "mount", name]).assert().success());
        let files = files(Path::new(mounted.trim()));
        if files.len() != 1 {
            return Err(format!("it holds {files:?}"));
        }
        let mut podman = self.podman();
        podman.args([
            "run",
            "--rm",
            "--network",
            "none",
            "--ulimit",
            "nofile=1024:1024",
            "--ulimit",
            "nproc=1024:1024",
        ]);
        let run = podman.args([name, "hello"]).assert();
        let said = stdout(&run);
        let (ids, arguments) = said.trim().split_once(' ').unwrap_or_default();
        let is_root = ids.split(':').any(|id| id == "0");
        match run.get_output().status.success() && arguments == "[\"hello\"]" && !is_root {
            true => Ok(()),
            false => Err(format!("it prints {said:?} {}", stderr(&run))),
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() && !path.is_symlink() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found
}

#[test]
#[ignore = "builds two dozen images with podman: .ci/run runs it"]
fn an_engine_and_the_check_agree() {
    let project = Project::copy_of_the_repository();
    let Some(engine) = Engine::start(&project) else { return };
    project.write("context/Cargo.toml", MANIFEST);
    project.write("context/Cargo.lock", LOCK);
    project.write("context/src/main.rs", MAIN);
    project.write("context/.dockerignore", &project.read("exercises/ex12/.dockerignore"));
    // The goals that the file alone decides, so that nothing is built for them here.
    let course = project.read("exercises/ex12/exercise.toml");
    let (goals, _) = course.split_once("[[goal]]\nid = \"static\"").unwrap();
    project.write("exercises/ex12/exercise.toml", &goals.replace("points = 2", "points = 5"));
    let mut rustc = call("rustc");
    let host = stdout(&rustc.args(["--print", "host-tuple"]).assert().success()).trim().to_owned();
    let mut disagreements = Vec::new();
    for (index, row) in ROWS.iter().enumerate() {
        let text = row.text(&host);
        project.write("exercises/ex12/Containerfile", &text);
        project.write("context.Containerfile", &text);
        let name = format!("localhost/row-{index}");
        let built = engine.build(&project.path("context.Containerfile"), &project.path("context"), &name);
        let engine_says = built.and_then(|()| engine.is_right(&name));
        let checked = project.run(&["check", "ex12", "--format", "json"]);
        let document = json(&checked);
        let goals = document["goals"].as_array().unwrap_or_else(|| panic!("{document:#}"));
        let passes = |id: &str| goals.iter().any(|goal| goal["id"] == id && goal["verdict"] == "pass");
        let is_static = goals.iter().any(|goal| goal["data"]["build"]["static"] == true);
        let we_say = passes("contents") && passes("start") && is_static;
        if engine_says.is_ok() != row.is_good || we_say != row.is_good {
            disagreements.push(format!("{}: the engine says {engine_says:?}, the check {goals:#?}", row.what));
        }
    }
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
}
