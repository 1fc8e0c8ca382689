//! What is in the images that a stage starts from. The list is data (`bases.toml`); an image that isn't in it can be described
//! in a comment above its FROM: `# check: cargo 1.97`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// How to describe an image that isn't in the list.
pub const HOW_TO_SAY: &str = "if this image includes Cargo, describe the image in a comment above its FROM: `# check: cargo 1.95`, then `musl` if it uses musl, then the targets that it has installed";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct List {
    rust: Rust,
    without_cargo: Names,
    packaged: BTreeMap<String, BTreeMap<String, u32>>,
    targets: Names,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rust {
    names: Vec<String>,
    newest: u32,
    suites: BTreeMap<String, (u32, u32)>,
    alpine: BTreeMap<String, (u32, u32)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    names: Vec<String>,
}

static LIST: LazyLock<List> = LazyLock::new(|| toml::from_str(include_str!("bases.toml")).expect("a test reads it"));

/// What an image is, as far as a Rust program is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `scratch`: no file at all.
    Empty,
    /// A toolchain is installed.
    Cargo(Toolchain),
    /// A system without Cargo, and what its package manager would install.
    System {
        /// The command, such as `apt-get`.
        manager: Option<&'static str>,
        /// What its packages provide.
        packaged: Option<Toolchain>,
    },
    /// It isn't in the list.
    Unknown,
}

/// A toolchain in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Toolchain {
    /// The release, after the `1.`.
    pub minor: u32,
    /// Whether its host has musl instead of glibc.
    pub is_musl: bool,
    /// It comes from a distribution: no rustup, and a different name for the host on Alpine.
    pub is_packaged: bool,
    /// The targets whose standard library is there, besides the host's.
    pub targets: BTreeSet<String>,
}

impl Toolchain {
    /// The host's triple on a processor such as `x86_64`.
    pub fn host(&self, processor: &str) -> String {
        match (self.is_packaged, self.is_musl) {
            (true, true) => format!("{processor}-alpine-linux-musl"),
            (_, is_musl) => format!("{processor}-unknown-linux-{}", if is_musl { "musl" } else { "gnu" }),
        }
    }
}

/// What a comment says about an image.
#[derive(Clone, Debug)]
pub struct Said {
    /// The toolchain in it.
    pub toolchain: Toolchain,
}

impl Said {
    /// Reads `cargo 1.97 musl x86_64-unknown-linux-musl`.
    ///
    /// # Errors
    /// What to write instead.
    pub fn parse(comment: &str) -> Result<Self, &'static str> {
        const FORM: &str = "write it as `# check: cargo 1.95`, then `musl` if the image uses musl, then the targets that are installed";
        let mut words = comment.split_whitespace();
        if words.next() != Some("cargo") {
            return Err(FORM);
        }
        let minor = words.next().and_then(minor).ok_or(FORM)?;
        let mut toolchain = Toolchain { minor, ..Toolchain::default() };
        for word in words {
            match word {
                "musl" => toolchain.is_musl = true,
                "glibc" => {}
                target if is_target(target) => drop(toolchain.targets.insert(target.to_owned())),
                _ => return Err(FORM),
            }
        }
        Ok(Self { toolchain })
    }
}

/// `1.95` or `1.95.0`: 95.
fn minor(version: &str) -> Option<u32> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?.parse().ok()?);
    let patch = parts.next().is_none_or(|patch| patch.parse::<u32>().is_ok());
    (major == "1" && patch && parts.next().is_none()).then_some(minor)
}

/// Whether rustup has a standard library for a target.
pub fn is_target(name: &str) -> bool {
    LIST.targets.names.iter().any(|target| target == name)
}

/// All such targets.
pub fn targets() -> impl Iterator<Item = &'static str> {
    LIST.targets.names.iter().map(String::as_str)
}

/// An image to start a first stage from.
pub fn example() -> String {
    format!("rust:1.{}-bookworm", LIST.rust.newest)
}

/// What an image is, by its name.
pub fn find(image: &str) -> Base {
    if image == "scratch" {
        return Base::Empty;
    }
    // What a digest names can't be seen, but the tag before it shows what it was.
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    let (name, tag) = match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ if digest.is_some() => return Base::Unknown,
        _ => (image, "latest"),
    };
    if LIST.rust.names.iter().any(|known| known == name) {
        return rust(tag).map_or(Base::Unknown, Base::Cargo);
    }
    let is_official = !name.contains('/')
        || ["docker.io/library/", "library/", "gcr.io/distroless/", "public.ecr.aws/docker/library/", "docker.io/"]
            .iter()
            .any(|registry| name.strip_prefix(registry).is_some_and(|rest| !rest.contains('/')));
    let short = name.rsplit('/').next().unwrap_or(name);
    if !is_official || !LIST.without_cargo.names.iter().any(|known| known == short) {
        return Base::Unknown;
    }
    let manager = match short {
        "alpine" => Some("apk"),
        "debian" | "ubuntu" | "buildpack-deps" | "gcc" | "python" | "node" | "golang" if !tag.contains("alpine") => {
            Some("apt-get")
        }
        _ => None,
    };
    let release = tag.strip_suffix("-slim").unwrap_or(tag);
    // `3.22.1` is a release of 3.22.
    let releases = LIST.packaged.get(short);
    let short_release = release.match_indices('.').nth(1).map_or(release, |(at, _)| &release[..at]);
    let minor = releases.and_then(|releases| releases.get(release).or_else(|| releases.get(short_release)));
    let is_musl = short == "alpine";
    let packaged = minor.map(|&minor| Toolchain { minor, is_musl, is_packaged: true, targets: BTreeSet::new() });
    Base::System { manager, packaged }
}

/// The toolchain that a tag of the official image means: `1.95-slim-bookworm`.
fn rust(tag: &str) -> Option<Toolchain> {
    let Rust { newest, suites, alpine, .. } = &LIST.rust;
    let mut parts = tag.split('-').peekable();
    let minor = match *parts.peek()? {
        "1" | "latest" => {
            parts.next();
            *newest
        }
        version => match minor(version) {
            Some(minor) => {
                parts.next();
                minor
            }
            None => *newest,
        },
    };
    let within = |range: Option<&(u32, u32)>| range.is_some_and(|(first, last)| (*first..=*last).contains(&minor));
    let is_known = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) | (Some("slim"), None, _) => true,
        (Some("alpine"), None, _) => true,
        (Some("slim"), Some(suite), None) => within(suites.get(suite)),
        (Some(variant), None, _) => match variant.strip_prefix("alpine") {
            Some(release) => within(alpine.get(release)),
            None => within(suites.get(variant)),
        },
        _ => false,
    };
    let toolchain = Toolchain { minor, is_musl: tag.contains("alpine"), ..Toolchain::default() };
    (is_known && minor <= *newest && tag != "latest-slim").then_some(toolchain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn official_tags_are_known_by_their_parts() {
        for (image, expected) in [
            ("rust", Some((95, false))),
            ("rust:latest", Some((95, false))),
            ("rust:1", Some((95, false))),
            ("rust:1.95", Some((95, false))),
            ("rust:1.95.0-bookworm", Some((95, false))),
            ("rust:1.95-slim", Some((95, false))),
            ("rust:slim-trixie", Some((95, false))),
            ("rust:trixie", Some((95, false))),
            ("rust:1.90-slim-trixie", Some((90, false))),
            ("rust:alpine", Some((95, true))),
            ("rust:1-alpine3.22", Some((95, true))),
            ("docker.io/library/rust:1.60", Some((60, false))),
            ("rust:1.95-bookworm@sha256:abc", Some((95, false))),
            ("public.ecr.aws/docker/library/rust:1.95", Some((95, false))),
            ("rust:1.950", None),
            ("rust:1.99", None),
            ("rust:2", None),
            ("rust:1.95-stretch", None),
            ("rust:1.80-trixie", None),
            ("rust:1.95-alpine3.9", None),
            ("rust:1.95-slim-bookworm-x", None),
            ("rust:bookwurm", None),
            ("rust@sha256:abc", None),
            ("localhost:5000/rust", None),
            ("somewhere/rust:1.95", None),
        ] {
            let found = match find(image) {
                Base::Cargo(Toolchain { minor, is_musl, .. }) => Some((minor, is_musl)),
                Base::Unknown => None,
                other => panic!("{image}: {other:?}"),
            };
            assert_eq!(found, expected, "{image}");
        }
    }

    #[test]
    fn systems_have_no_cargo_of_their_own() {
        let packaged = |image: &str| match find(image) {
            Base::System { packaged, .. } => packaged.map(|toolchain| toolchain.minor),
            other => panic!("{image}: {other:?}"),
        };
        for (image, minor) in [
            ("debian:12", Some(65)),
            ("debian:trixie-slim", Some(85)),
            ("docker.io/library/ubuntu:24.04", Some(75)),
            ("alpine:3.22.1", Some(87)),
            ("alpine", None),
            ("gcr.io/distroless/static-debian12", None),
        ] {
            assert_eq!(packaged(image), minor, "{image}");
        }
        assert_eq!(find("scratch"), Base::Empty);
        assert_eq!(find("quay.io/me/debian"), Base::Unknown);
    }

    #[test]
    fn the_newest_release_is_that_of_the_workshop() {
        let pinned = include_str!("../../../../../../rust-toolchain.toml");
        assert!(pinned.contains(&format!("channel = \"1.{}.", LIST.rust.newest)), "{pinned}");
        assert!(matches!(find(&example()), Base::Cargo(_)));
    }

    #[test]
    fn a_comment_describes_an_image() {
        let said = |text: &str| Said::parse(text).map(|said| said.toolchain);
        let toolchain = said("cargo 1.97.1 musl aarch64-unknown-linux-musl").unwrap();
        assert_eq!((toolchain.minor, toolchain.is_musl, toolchain.targets.len()), (97, true, 1));
        for wrong in ["cargo", "cargo 2", "cargo 1", "rust 1.95", "cargo 1.95 x86-linux", "cargo 1.95.0.1"] {
            assert!(said(wrong).is_err(), "{wrong}");
        }
    }
}
