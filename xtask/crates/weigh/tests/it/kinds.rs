//! Crates of ten kinds: each release build is what `cargo build --release` makes in the crate's folder, to the byte.

use crate::calls::weigh;
use std::fs;
use std::path::Path;
use testbed::project::{Project, call, json};

/// A kind of crate: what is special about it, its files, and the folder of the package below the top.
type Kind = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const MANIFEST: &str = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
const MAIN: (&str, &str) = ("src/main.rs", "fn main() { println!(\"{}\", std::env::args().count()); }");
const LOCK: (&str, &str) = ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n");

const KINDS: [Kind; 12] = [
    ("no profile", &[("Cargo.toml", ""), MAIN], ""),
    (
        "a release profile with everything",
        &[
            (
                "Cargo.toml",
                "[profile.release]\nopt-level = \"s\"\nlto = \"fat\"\ncodegen-units = 1\npanic = \"abort\"\nstrip = true\n",
            ),
            MAIN,
        ],
        "",
    ),
    ("debug information", &[("Cargo.toml", "[profile.release]\ndebug = true\n"), MAIN], ""),
    (
        "overrides for packages",
        &[("Cargo.toml", "[profile.release]\nstrip = true\n[profile.release.package.app]\nopt-level = 1\n"), MAIN],
        "",
    ),
    (
        "edition 2015",
        &[
            ("Cargo.toml", "[package]\nname = \"app\"\nversion = \"0.1.0\"\n"),
            ("src/main.rs", "mod part;\nfn main() { println!(\"{}\", part::two(std::env::args().count())); }"),
            ("src/part/mod.rs", "pub fn two(of: usize) -> usize { ::std::cmp::max(of, 2) }"),
        ],
        "",
    ),
    (
        "a build script that asks for the profile",
        &[
            ("Cargo.toml", "[profile.release]\ncodegen-units = 1\n"),
            ("build.rs", "fn main() { println!(\"cargo:rustc-env=BUILT={}\", std::env::var(\"PROFILE\").unwrap()); }"),
            ("src/main.rs", "fn main() { println!(\"{}\", env!(\"BUILT\")); }"),
        ],
        "",
    ),
    (
        "a library and a program of one package",
        &[
            ("Cargo.toml", ""),
            ("src/lib.rs", "pub fn two() -> Vec<String> { std::env::args().skip(2).collect() }"),
            ("src/main.rs", "fn main() { println!(\"{:?}\", app::two()); }"),
        ],
        "",
    ),
    (
        "a path dependency, and a procedural macro",
        &[
            ("Cargo.toml", "[dependencies]\npart = { path = \"part\" }\nmake = { path = \"make\" }\n"),
            (
                "Cargo.lock",
                "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"make\",\n \"part\",\n]\n\n[[package]]\nname = \"make\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"part\"\nversion = \"0.1.0\"\n",
            ),
            ("part/Cargo.toml", "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
            ("part/src/lib.rs", "pub fn two(of: usize) -> String { format!(\"{of:>2}\") }"),
            (
                "make/Cargo.toml",
                "[package]\nname = \"make\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n",
            ),
            (
                "make/src/lib.rs",
                "#[proc_macro]\npub fn seven(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"7\".parse().unwrap() }",
            ),
            ("src/main.rs", "fn main() { println!(\"{}\", part::two(make::seven!())); }"),
        ],
        "",
    ),
    (
        "a member of a workspace whose root has the profile",
        &[
            ("../Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"2\"\n[profile.release]\nopt-level = 1\n"),
            ("../Cargo.lock", LOCK.1),
            ("Cargo.toml", ""),
            MAIN,
        ],
        "app",
    ),
    (
        "flags, a target, and a profile in Cargo's configuration",
        &[
            ("Cargo.toml", "[profile.release]\nlto = true\n"),
            (
                ".cargo/config.toml",
                "[build]\nrustflags = [\"-C\", \"force-frame-pointers=yes\"]\ntarget = \"HOST\"\n[profile.release]\nlto = \"thin\"\n[target.HOST]\nlinker = \"cc\"\n",
            ),
            MAIN,
        ],
        "",
    ),
    (
        "features",
        &[
            ("Cargo.toml", "[features]\ndefault = [\"long\"]\nlong = []\n"),
            ("src/main.rs", "fn main() { if cfg!(feature = \"long\") { println!(\"{:?}\", std::env::vars()); } }"),
        ],
        "",
    ),
    (
        "a name with a dash, and a program with another name",
        &[("Cargo.toml", "[[bin]]\nname = \"the-app\"\npath = \"src/main.rs\"\n"), MAIN],
        "",
    ),
];

/// Makes a crate of a kind.
fn project((_, files, below): &Kind, host: &str) -> Project {
    let project = Project::empty();
    let place = |name: &str| match name.strip_prefix("../") {
        Some(above) => above.to_owned(),
        None if below.is_empty() => name.to_owned(),
        None => format!("{below}/{name}"),
    };
    if files.iter().all(|(name, _)| !name.ends_with("Cargo.lock")) {
        project.write(&place(LOCK.0), LOCK.1);
    }
    for (name, text) in *files {
        let text = match *name {
            "Cargo.toml" if !text.starts_with("[package]") => format!("{MANIFEST}{text}"),
            _ => text.replace("HOST", host),
        };
        project.write(&place(name), &text);
    }
    project
}

/// This machine's target triple.
pub(crate) fn host() -> String {
    let said = call("rustc").arg("-vV").assert().success();
    let said = String::from_utf8(said.get_output().stdout.clone()).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

#[test]
#[ignore = "builds twelve crates twice: .ci/run runs it"]
fn a_release_build_is_what_cargo_makes_to_the_byte() {
    let host = host();
    for kind in &KINDS {
        let project = project(kind, &host);
        let folder = project.path(kind.2);
        let before = project.everything();
        let mut bloat = weigh(&project);
        bloat.current_dir(&folder).args(["bloat", "--sections", "--format", "json"]);
        let answer = json(&bloat.assert().success());
        let measured = fs::read(folder.join(answer["file"].as_str().unwrap())).unwrap();
        let target = ["target", "app/target"].map(|name| project.path(name));
        let is_ours = |path: &Path| target.iter().any(|target| path.starts_with(target));
        let kept: Vec<_> = project.everything().into_iter().filter(|(path, ..)| !is_ours(path)).collect();
        assert!(kept == before, "{}: it was written to", kind.0);

        let mut cargo = call(env!("CARGO"));
        let by_cargo = project.path("by-cargo");
        cargo.args(["build", "--quiet", "--release", "--target-dir"]).arg(&by_cargo).current_dir(&folder);
        cargo.assert().success();
        let name = answer["program"].as_str().unwrap();
        let files = [by_cargo.join("release").join(name), by_cargo.join(&host).join("release").join(name)];
        let made = files.iter().find_map(|file| fs::read(file).ok()).unwrap();
        assert!(measured == made, "{}: {} bytes, and Cargo makes {}", kind.0, measured.len(), made.len());
    }
}
