//! `cargo xtask image`: a program in a container image that holds nothing else. A program that needs a loader cannot
//! start there, so it is refused, and the message says why.

use crate::cargo::{Cargo, Form};
use crate::measure::{self, binary, linking};
use crate::oci;
use crate::options::{self, PlainFormat};
use crate::report::image as report;
use crate::subject::targets::must_be_installed;
use crate::subject::{Program, Subject};
use crate::workshop::Workshop;
use anyhow::{Context as _, Result, bail};
use base::caller;
use base::diagnostic::shown;
use base::failure::{Exit, Failure};
use base::files;
use base::numbers::thousands;
use base::output;
use std::path::{Path, PathBuf};

/// Runs `cargo xtask image`.
///
/// # Errors
/// When the program cannot be built or read, or is not one that can start in an empty image.
pub fn run(options: &options::Image) -> Result<Exit> {
    let options::Image { profile, target, file, out, format, subject } = options;
    let made = match file {
        Some(file) => Made::of_file(file)?,
        None => build(subject, profile.as_deref(), target.as_deref())?,
    };
    // What cannot be read as an executable at all says so first: a pipe would never end.
    let content = binary::content(&made.path)?;
    let architecture = startable(&made, &content)?;
    let image = oci::pack(&made.name, &content, architecture)?;
    let out = match out {
        Some(out) => out.clone(),
        None => made.folder.join(format!("{}.tar", made.name)),
    };
    files::write_derived(&out, &image.archive)?;
    let sizes = |bytes: &[u8]| -> Result<Sizes> {
        Ok(Sizes { bytes: bytes.len() as u64, compressed: oci::compressed(bytes)?.len() as u64 })
    };
    let dynamic = match &made.dynamic {
        Some(content) => Some(sizes(content)?),
        None => None,
    };
    let report = Image {
        program: made.name,
        profile: made.profile,
        target: made.target,
        architecture,
        file: sizes(&content)?,
        dynamic,
        image: Sizes { bytes: image.unpacked_bytes, compressed: image.pulled_bytes },
        layer_bytes: image.layer_bytes,
        archive_bytes: image.archive.len() as u64,
        digest: image.digest,
        out: shown(&out),
    };
    output::data(&match format {
        PlainFormat::Text => report::text(&report, output::width()),
        PlainFormat::Json => report::json(&report)?,
    })?;
    Ok(Exit::Met)
}

/// A file or an image, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// As it lies on a disk.
    pub bytes: u64,
    /// As it is sent and stored: compressed by gzip.
    pub compressed: u64,
}

/// An image that was made.
#[derive(Debug)]
pub struct Image {
    /// The program.
    pub program: String,
    /// The profile that it was built with; none for a file that was there.
    pub profile: Option<String>,
    /// The target that it was built for; none for a file that was there.
    pub target: Option<String>,
    /// The architecture, as images name it.
    pub architecture: &'static str,
    /// The program in the image.
    pub file: Sizes,
    /// The same program, linked dynamically.
    pub dynamic: Option<Sizes>,
    /// The image: unpacked, and as it is pulled.
    pub image: Sizes,
    /// Bytes of the compressed layer.
    pub layer_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// The image's name by its content.
    pub digest: String,
    /// The archive.
    pub out: PathBuf,
}

/// A program that is to be packed.
struct Made {
    path: PathBuf,
    /// What it is called in the image.
    name: String,
    profile: Option<String>,
    target: Option<String>,
    /// The same program linked dynamically, to compare.
    dynamic: Option<Vec<u8>>,
    /// Where the image goes by default.
    folder: PathBuf,
}

impl Made {
    /// Someone else's work.
    fn of_file(file: &Path) -> Result<Self> {
        let name = file.file_name().and_then(|name| name.to_str()).context("a program has a name")?.to_owned();
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Self { path: file.to_owned(), name, profile: None, target: None, dynamic: None, folder })
    }
}

/// Builds the program for the image, and as usual to compare.
fn build(options: &options::Subject, profile: Option<&str>, target: Option<&str>) -> Result<Made> {
    let workshop = Workshop::of(options)?;
    let subject = Subject::find(&workshop, options, None)?;
    let program = subject.only(|names| format!("an image holds one program, and there are several: {names}"))?;
    if program.target.form != Form::Executable {
        bail!(
            Failure::new(Exit::Usage, format!("an image holds a program, and {} isn't one", program.name))
                .help("name one with --bin or --example")
        );
    }
    let usual = if subject.foreign { None } else { Some("dist") };
    let profile = &subject.resolve(profile.or(usual), "profile")?;
    let target = match target {
        Some(target) => {
            must_be_installed(&subject.cargo, target)?;
            target.to_owned()
        }
        None => target_for(&subject)?,
    };
    let dynamic = dynamic(&subject, program, profile)?;
    let path = executable(&subject, program, profile, Some(&target), Cargo::link_statically)?;
    let folder = subject.out_dir.join("size-workshop").join("image").join(subject.shown(profile));
    Ok(Made {
        path,
        name: program.target.name.clone(),
        profile: Some(subject.shown(profile).to_owned()),
        target: Some(target),
        dynamic,
        folder,
    })
}

/// The target that links everything into the program: the host's with musl where it is installed, else the host's own
/// with `crt-static`.
fn target_for(subject: &Subject) -> Result<String> {
    let host = &subject.host;
    if !host.contains("-linux-") {
        bail!(
            Failure::new(Exit::Environment, format!("a container runs programs for Linux, and this machine builds for {host}"))
                .help("pass a target that is installed here and has a linker, such as --target x86_64-unknown-linux-musl, or build the image with config_tool/Dockerfile")
        );
    }
    let musl = host.replace("-linux-gnu", "-linux-musl");
    if musl == *host || subject.cargo.has_target(&musl)? {
        return Ok(musl);
    }
    output::note(&format!(
        "{musl} isn't installed, so glibc is linked in; for a C library designed for static linking, run `rustup target add {musl}`"
    ));
    Ok(host.clone())
}

/// The same program, linked dynamically; none where that can't be, as on a machine with musl.
fn dynamic(subject: &Subject, program: &Program, profile: &str) -> Result<Option<Vec<u8>>> {
    // Read at once: with a target in a configuration file, the static one is built over it.
    let read = |path: PathBuf| files::content(&path).with_context(|| format!("can't read {}", path.display()));
    let is_dynamic = |path: &PathBuf| -> Result<bool> {
        let linking::Linking { interpreter, libraries, .. } = measure::parts(path, false)?.linking;
        Ok(interpreter.is_some() || !libraries.is_empty())
    };
    let usual = executable(subject, program, profile, None, |_| {})?;
    if is_dynamic(&usual)? {
        return read(usual).map(Some);
    }
    // A configuration file may have chosen another target, or the flag that links statically.
    let host = Some(subject.host.as_str());
    let other = executable(subject, program, profile, host, Cargo::link_dynamically)?;
    let found = is_dynamic(&other)?;
    if !found {
        output::note("there is nothing to compare with: this machine links every program statically");
    }
    found.then(|| read(other)).transpose()
}

/// Builds; with a target as `link` says.
fn executable(
    subject: &Subject,
    program: &Program,
    profile: &str,
    target: Option<&str>,
    link: impl Fn(&mut Cargo),
) -> Result<PathBuf> {
    let mut order = subject.order(program, profile);
    let mut cargo = subject.cargo.clone();
    if let Some(target) = target {
        // An explicit target keeps the flags off build scripts and proc macros, which cannot be static.
        order.extra.extend(["--target".into(), target.into()]);
        link(&mut cargo);
    }
    let built = cargo.build(&order)?;
    Ok(built.file(&program.target, None)?.path.clone())
}

/// The architecture of a program that needs nothing but a kernel.
fn startable(made: &Made, content: &[u8]) -> Result<&'static str> {
    let path = &made.path;
    let format = binary::parse(content).map_err(|error| binary::not_understood(path, &error))?.format;
    if binary::is_object(content) {
        bail!(
            Failure::new(
                Exit::Usage,
                format!(
                    "{} isn't a program, but {format}, which the linker turns into a program",
                    shown(path).display()
                )
            )
            .help("pass the path of the program itself, such as target/release/NAME")
        )
    }
    let Some(architecture) = oci::architecture(content) else {
        bail!(
            Failure::new(Exit::Usage, format!("{} isn't a program for Linux, but {format}", shown(path).display()))
                .help("a container uses the host's Linux kernel; build for a target with `-linux-` in its name")
        )
    };
    let linking::Linking { interpreter, libraries, .. } =
        linking::parse(content).map_err(|error| binary::not_understood(path, &error))?;
    if interpreter.is_none() && libraries.is_empty() {
        return Ok(architecture);
    }
    let mut needs = Vec::new();
    needs.extend(interpreter.map(|loader| format!("the loader {loader}")));
    if !libraries.is_empty() {
        needs.push(libraries.join(", "));
    }
    let message = format!(
        "{} ({} bytes) is linked dynamically: it needs {}, and an image with only the program has none of that. Starting it would fail with \"No such file or directory\", which refers to the missing loader",
        shown(path).display(),
        thousands(content.len() as u64),
        needs.join(" and ")
    );
    let help = format!(
        "link the C library into it: RUSTFLAGS=\"-C target-feature=+crt-static\" cargo build --profile PROFILE --target \"$(rustc --print host-tuple)\"; the file is then in target/TARGET/PROFILE/. (In a Containerfile, only RUN understands `$(…)`: COPY needs the target's name.) Or let `{} image` build it: without --file",
        caller::name()
    );
    bail!(Failure::new(Exit::Usage, message).help(help))
}
