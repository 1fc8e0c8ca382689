//! Why each byte of a program is there: the owners sum to the file however it is built, what is asked is answered from the calls
//! that are there, and what can't be known is said.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use crate::calls::weigh;
use crate::kinds::host;
use assert_cmd::Command;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt as _;
use testbed::project::{Project, json, stderr, stdout};

/// Bytes of each of the two files that are included.
const INCLUDED: usize = 100_000;

const MAIN: &str = r#"use std::cell::Cell;

#[cfg(feature = "heavy")]
#[inline(never)]
fn only_way(n: usize) -> String { heavy::start(n) }
#[cfg(not(feature = "heavy"))]
fn only_way(n: usize) -> String { n.to_string() }

thread_local! { static DEPTH: Cell<usize> = const { Cell::new(7) }; }

#[unsafe(link_section = "my_set")]
#[used]
static MEMBER: fn(usize) -> usize = in_the_set;
#[inline(never)]
fn in_the_set(n: usize) -> usize { n.pow(3) ^ 0x5eed }
unsafe extern "C" { static __start_my_set: [fn(usize) -> usize; 1]; }

#[unsafe(link_section = ".init_array")]
#[used]
static BEFORE: extern "C" fn() = before_main;
extern "C" fn before_main() { inside_before(std::process::id()) }
#[inline(never)]
fn inside_before(id: u32) { if id == 1 { println!("the first of all"); } }

#[inline(never)]
fn even(n: usize) -> usize { if n == 0 { 1 } else { odd(n - 1) ^ 3 } }
#[inline(never)]
fn odd(n: usize) -> usize { if n == 0 { 2 } else { even(n - 1).wrapping_mul(5) } }

#[inline(never)]
fn shown<T: std::fmt::Debug>(list: &[T]) -> String { format!("{list:#?} of {}", list.len()) }

#[cfg(marked)]
#[inline(never)]
fn only_with_the_flag(n: usize) -> usize { n.rotate_left(9) ^ 0xf1a6 }
#[cfg(not(marked))]
fn only_with_the_flag(n: usize) -> usize { n }

fn main() {
    let n = std::env::args().count();
    DEPTH.set(DEPTH.get() + n);
    println!("{} {} {} {}", only_way(n), even(n), shown(&[n]), shown(&["text"]));
    println!("{} {} {}", DEPTH.get(), unsafe { __start_my_set[0] }(n), only_with_the_flag(n));
}
"#;

/// Text of so many bytes in which no part is like another one.
fn filling(start: usize) -> String {
    let letter = |at: usize| char::from(b'a' + u8::try_from((at * at / 7 + at / 13 + start) % 26).unwrap());
    (0..INCLUDED).map(letter).collect()
}

/// A program with a dependency that one call leads to; beside it the things that a graph may get wrong.
fn program() -> Project {
    let project = Project::empty();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[features]\ndefault = [\"heavy\"]\nheavy = [\"dep:heavy\"]\n\
         [dependencies]\nheavy = { path = \"heavy\", optional = true }\n[lints.rust]\nunexpected_cfgs = \"allow\"\n",
    );
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"heavy\",\n]\n\n[[package]]\nname = \"heavy\"\nversion = \"0.1.0\"\n",
    );
    project.write("src/main.rs", MAIN);
    project.write("heavy/Cargo.toml", "[package]\nname = \"heavy\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    let mut source = "pub mod parts;\n\
         pub static NAMED: [u8; 100_000] = *include_bytes!(\"named.txt\");\n\
         #[inline(never)]\npub fn of_named(n: usize) -> u8 { NAMED[n * 7] }\n\
         #[inline(never)]\npub fn of_inline(n: usize) -> u8 { include_bytes!(\"inline.txt\")[n * 11] }\n\
         #[inline(never)]\npub fn start(n: usize) -> String { format!(\"{}{}{}\", parts::all(n), of_named(n), of_inline(n)) }\n"
        .to_owned();
    project.write("heavy/src/lib.rs", &source);
    source = "use std::collections::BTreeMap;\n".to_owned();
    for number in 0..60 {
        source += &format!(
            "#[inline(never)]\nfn part_{number}(n: usize, all: &mut BTreeMap<String, [u8; {}]>) {{\n    \
             all.insert(format!(\"part {number} of {{n}}, {{:?}}\", n.checked_mul({number})), [n as u8; {}]);\n}}\n",
            number % 6 + 1,
            number % 6 + 1
        );
    }
    source += "pub fn all(n: usize) -> usize {\n    let mut sum = 0;\n";
    for size in 1..=6 {
        source += &format!("    let mut all = BTreeMap::<String, [u8; {size}]>::new();\n");
        for number in (0..60).filter(|number| number % 6 + 1 == size) {
            source += &format!("    part_{number}(n, &mut all);\n");
        }
        source += "    sum += all.range(n.to_string()..).count();\n";
    }
    project.write("heavy/src/parts.rs", &(source + "    sum\n}\n"));
    project.write("heavy/src/named.txt", &filling(0));
    project.write("heavy/src/inline.txt", &filling(11));
    project
}

fn bloat(call: &mut Command, words: &[&str]) -> Value {
    json(&call.arg("bloat").args(words).args(["--format", "json"]).assert().success())
}

/// The bytes of a crate.
fn share(found: &Value, name: &str) -> (i64, i64) {
    let rows = found["crates"].as_array().unwrap();
    let row = rows.iter().find(|row| row["name"] == name).unwrap_or_else(|| panic!("{name} in {found:#}"));
    (row["own_bytes"].as_i64().unwrap(), row["retained_bytes"].as_i64().unwrap())
}

/// That the own bytes of the crates are all of the file, and the name of each that isn't known is small.
fn sums(what: &str, found: &Value) {
    assert_eq!((&found["explained"], &found["unexplained"]), (&Value::Bool(true), &Value::Null), "{what}");
    let rows = found["crates"].as_array().unwrap();
    let sum: i64 = rows.iter().map(|row| row["own_bytes"].as_i64().unwrap()).sum();
    assert_eq!(found["file_bytes"].as_i64(), Some(sum), "{what}: {found:#}");
    let bytes = found["file_bytes"].as_i64().unwrap();
    for row in rows.iter().filter(|row| row["name"] == "[differs in the twin]") {
        assert!(row["own_bytes"].as_i64().unwrap().abs() * 100 < bytes, "{what}: {row}");
    }
}

/// What keeps something, by the names on the first way.
fn why(project: &Project, name: &str) -> (Vec<String>, Value) {
    let mut found = bloat(&mut weigh(project), &["--why", name]);
    let names = found["why"][0].as_array().unwrap_or_else(|| panic!("{name}: {found:#}")).clone();
    (names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(), found["asked"].take())
}

fn bytes(asked: &Value) -> (usize, usize) {
    let number = |key: &str| usize::try_from(asked[key].as_u64().unwrap()).unwrap();
    (number("own_bytes"), number("retained_bytes"))
}

#[test]
fn what_keeps_a_part_is_found_by_crate_module_function_and_section() {
    let project = program();
    let found = bloat(&mut weigh(&project), &["--crates"]);
    sums("release", &found);
    let (own, retained) = share(&found, "heavy");
    assert!(own > 200_000 && retained >= own, "{found:#}");

    for name in ["heavy", "heavy::parts", "heavy::start"] {
        let (chain, asked) = why(&project, name);
        assert!(chain.iter().any(|step| step == "app::only_way"), "{name}: {chain:?}");
        assert!(asked["keepers"].as_array().unwrap().iter().any(|step| step["name"] == "app::only_way"), "{asked}");
    }
    // By its name, and through the function that has it in its code.
    let (chain, asked) = why(&project, "heavy::NAMED");
    assert_eq!(chain.last().map(String::as_str), Some("heavy::NAMED"));
    // With its symbol, and the name of that.
    let (own, retained) = bytes(&asked);
    assert_eq!((chain[chain.len() - 2].as_str(), own), ("heavy::of_named", retained));
    assert!((INCLUDED + 24..INCLUDED + 100).contains(&own), "{asked}");
    let (_, asked) = why(&project, "heavy::of_inline");
    let (own, retained) = bytes(&asked);
    assert!(own < 500 && (INCLUDED..INCLUDED + 1000).contains(&retained), "{asked}");
    // Both copies.
    let (chain, asked) = why(&project, "app::shown");
    assert!(chain.last().unwrap().starts_with("app::shown::<"), "{chain:?}");
    assert_eq!(asked["steps"][0].as_array().unwrap().len(), chain.len());
    // Cycles, sections with a beginning that the linker names, threads, and what is called before `main`.
    for (name, before) in
        [("app::odd", "app::even"), ("app::in_the_set", "app::MEMBER"), ("app::MEMBER", "__start_my_set")]
    {
        let (chain, _) = why(&project, name);
        assert_eq!(chain[chain.len() - 2..], [before, name]);
    }
    let (chain, _) = why(&project, "app::inside_before");
    assert_eq!(chain, ["app::BEFORE", "app::before_main", "app::inside_before"]);
    // Of a section the way to its largest part.
    let (chain, asked) = why(&project, ".rodata");
    assert!(chain.contains(&"app::only_way".to_owned()), "{chain:?}");
    assert!(bytes(&asked).0 > 2 * INCLUDED, "{asked}");
    let (chain, _) = why(&project, "app::main");
    assert!(chain.len() > 1 && !chain.contains(&"app::only_way".to_owned()), "{chain:?}");
    let all = bloat(&mut weigh(&project), &["--why", "heavy", "-n", "0"]);
    assert_eq!(all["why"].as_array().unwrap().len() as u64, all["asked"]["users"].as_u64().unwrap());

    for (words, said) in [
        (["--why", "haevy"], "nothing in the program is called `haevy`"),
        (["--why", "heavy::nothing"], "nothing in the program is called `heavy::nothing`"),
        (["--why", " "], "nothing in the program is called ` `"),
        (["--why", ".rela.dyn"], "`.rela.dyn` is a table, and nothing in the program uses a table as a whole"),
        (["--why", ".eh_frame"], "`.eh_frame` is a table"),
        (["--without", "haevy"], "there is no crate `haevy` in the program"),
    ] {
        let told = stderr(&weigh(&project).arg("bloat").args(words).assert().code(2));
        assert!(told.contains(said), "{told}");
        assert!(words[1] != "haevy" || told.contains("did you mean `heavy`?"), "{told}");
    }
}

#[test]
fn a_package_is_found_by_its_own_name_and_by_its_library_s() {
    let project = Project::empty();
    let member = |folder: &str, more: &str, source: &str| {
        let head = format!("[package]\nname = \"{folder}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        project.write(&format!("{folder}/Cargo.toml"), &(head + more));
        project.write(&format!("{folder}/src/lib.rs"), source);
    };
    project.write(
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [dependencies]\nmy-sum = { path = \"my-sum\" }\nidle = { path = \"idle\" }\n",
    );
    project.write(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"idle\",\n \"my-sum\",\n]\n\n\
         [[package]]\nname = \"idle\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"my-sum\"\nversion = \"0.1.0\"\n",
    );
    // A library with the name of one that comes inside std.
    let sum = "#[inline(never)]\npub fn sum(n: usize) -> String { format!(\"{n:?} of {:?}\", n.checked_pow(3)) }\n";
    member("my-sum", "[lib]\nname = \"adler2\"\n", sum);
    member("idle", "", "pub fn idle() {}\n");
    project.write("src/main.rs", "fn main() { println!(\"{}\", adler2::sum(std::env::args().count())); }\n");

    let found = bloat(&mut weigh(&project), &["--crates", "-n", "0"]);
    sums("a library with a name of its own", &found);
    let rows = found["crates"].as_array().unwrap();
    let is_standard = |name: &str| rows.iter().find(|row| row["name"] == name).map(|row| row["standard"] == true);
    assert_eq!((is_standard("adler2"), is_standard("adler2 [std]")), (Some(false), Some(true)), "{found:#}");

    let (_, retained) = share(&found, "adler2");
    for name in ["adler2", "my-sum"] {
        let (chain, asked) = why(&project, name);
        assert_eq!(chain.last().map(String::as_str), Some("adler2::sum"), "{name}");
        assert_eq!(i64::try_from(bytes(&asked).1).unwrap(), retained, "{name}");
        let without = bloat(&mut weigh(&project), &["--without", &format!("{name},{name}")]);
        let left = without["without"]["file_bytes"].as_i64().unwrap();
        assert_eq!(left, found["file_bytes"].as_i64().unwrap() - retained, "{name}");
        assert_eq!(without["without"]["crates"], serde_json::json!(["adler2"]), "{name}");
    }
    for (name, said) in
        [("idle", "`idle` was compiled, but none of it is in the program"), ("", "nothing in the program is called ``")]
    {
        let told = stderr(&weigh(&project).args(["bloat", "--why", name]).assert().code(2));
        assert!(told.contains(said), "{told}");
    }
}

#[test]
#[ignore = "builds a crate twelve times: .ci/run runs it"]
fn the_owners_sum_to_the_file_in_whatever_way_it_is_built() {
    let project = program();
    let manifest = project.read("Cargo.toml");
    let host = host();
    let flags = |flags: &str| format!("[target.{host}]\nrustflags = [{flags}]\n");
    let x86 = cfg!(target_arch = "x86_64");
    for (profile, settings, config) in [
        ("release", "strip = true", String::new()),
        ("release", "debug = 1", String::new()),
        ("release", "panic = \"abort\"\nopt-level = \"z\"\nlto = true\ncodegen-units = 1\nstrip = true", String::new()),
        ("dev", "", String::new()),
        ("release", "", flags("\"-Crelocation-model=static\"")),
        ("release", "", flags("\"-Clink-arg=-Wl,-z,pack-relative-relocs\"")),
        ("release", "strip = true", flags("\"-Ctarget-feature=+crt-static\"")),
        // GNU ld, where rustc has LLD of its own.
        ("release", "", flags(if x86 { "\"-Clinker-features=-lld\"" } else { "" })),
    ] {
        let what = format!("{profile}, {settings}, {config}");
        project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\n{settings}\n"));
        project.write(".cargo/config.toml", &config);
        sums(&what, &bloat(&mut weigh(&project), &["--crates", "--profile", profile]));
        let found = bloat(&mut weigh(&project), &["--profile", profile, "--why", "heavy::NAMED"]);
        let chain = found["why"][0].to_string();
        assert!(
            chain.contains("app::only_way\",") && chain.contains("heavy::of_named\",\"heavy::NAMED"),
            "{what}: {chain}"
        );
        assert_eq!(bytes(&found["asked"]).0 / 100, INCLUDED / 100, "{what}: {found:#}");
    }
}

#[test]
#[ignore = "builds the workshop's programs in two profiles, twice each: .ci/run runs it"]
fn the_owners_of_the_workshops_programs_sum_to_their_files() {
    let project = Project::copy_of_the_repository();
    for program in ["word_freq", "config_tool"] {
        for profile in ["release", "dist"] {
            let found = bloat(&mut weigh(&project), &["--crates", "-p", program, "--profile", profile]);
            sums(&format!("{program}, {profile}"), &found);
        }
    }
}

#[test]
#[ignore = "builds a crate with and without a dependency: .ci/run runs it"]
fn a_prediction_is_what_doing_without_saves() {
    let project = program();
    // Without the large files, which are easy.
    project.edit("heavy/src/lib.rs", "of_named(n), of_inline(n)", "n, n");
    for settings in ["", "strip = true\nlto = true\nopt-level = \"z\"\npanic = \"abort\"\ncodegen-units = 1\n"] {
        let manifest = project.read("Cargo.toml");
        project.write("Cargo.toml", &format!("{manifest}[profile.release]\n{settings}"));
        let found = bloat(&mut weigh(&project), &["--without", "heavy"]);
        let before = found["file_bytes"].as_i64().unwrap();
        let predicted = before - found["without"]["file_bytes"].as_i64().unwrap();
        let sections = found["without"]["sections"].as_array().unwrap();
        let sum: i64 = sections.iter().map(|section| section["bytes"].as_i64().unwrap()).sum();
        assert_eq!(before - predicted, sum, "{found:#}");
        assert_eq!(predicted, share(&bloat(&mut weigh(&project), &["--crates"]), "heavy").1);
        let left = bloat(&mut weigh(&project), &["--crates", "--no-default-features"]);
        let saved = before - left["file_bytes"].as_i64().unwrap();
        assert!(saved > 20_000 && (predicted - saved).abs() * 20 < saved, "{predicted} predicted, {saved} saved");
        project.write("Cargo.toml", &manifest);
    }
}

#[test]
fn code_that_was_put_into_others_goes_with_its_crate() {
    let project = Project::empty();
    let manifest = "[package]\nname = \"outer\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let feature = "[features]\ndefault = [\"inner\"]\ninner = []\n[profile.release]\npanic = \"abort\"\nstrip = true\n";
    project.write("Cargo.toml", &format!("{manifest}[dependencies]\ninner = {{ path = \"inner\" }}\n{feature}"));
    project.write("inner/Cargo.toml", &manifest.replace("outer", "inner"));
    let packages =
        ["inner\"\nversion = \"0.1.0\"\n", "outer\"\nversion = \"0.1.0\"\ndependencies = [\n \"inner\",\n]\n"];
    let packages = packages.map(|package| format!("\n[[package]]\nname = \"{package}")).concat();
    project.write("Cargo.lock", &format!("version = 4\n{packages}"));
    let steps: String =
        (0..400_u32).map(|n| format!("    h = (h ^ {n}).rotate_left(h & 7).wrapping_mul({});\n", n * 2 + 3)).collect();
    // Through a function of a function, one of which is the standard library's.
    let inner = format!(
        "#[inline(always)]\nfn mixed(mut h: u32) -> u32 {{\n{steps}    h\n}}\n\
         #[inline(always)]\npub fn mix(h: Option<u32>) -> Option<u32> {{ h.map(|h| mixed(h) + WORDS[h as usize % WORDS.len()].len() as u32) }}\n\
         static WORDS: [&str; 3] = [\"{}\", \"b\", \"c\"];\n",
        "a".repeat(700)
    );
    project.write("inner/src/lib.rs", &inner);
    project.write(
        "src/main.rs",
        "#[cfg(feature = \"inner\")] use inner::mix;\n\
         #[cfg(not(feature = \"inner\"))] fn mix(h: Option<u32>) -> Option<u32> { std::hint::black_box(h) }\n\
         fn main() { println!(\"{:?}\", mix(std::env::args().len().try_into().ok())); }\n",
    );
    let found = bloat(&mut weigh(&project), &["--without", "inner"]);
    let before = found["file_bytes"].as_i64().unwrap();
    let predicted = before - found["without"]["file_bytes"].as_i64().unwrap();
    sums("inlined", &bloat(&mut weigh(&project), &["--crates"]));
    let (own, retained) = share(&bloat(&mut weigh(&project), &["--crates"]), "inner");
    // Only the text is its own.
    assert!(own < 1_000 && retained == predicted, "{own} {retained} {predicted}");
    let saved =
        before - bloat(&mut weigh(&project), &["--crates", "--no-default-features"])["file_bytes"].as_i64().unwrap();
    assert!(saved > 5_000 && (predicted - saved).abs() * 10 < saved, "{predicted} predicted, {saved} saved");
    // With nothing of its own left, too. Its caller is one step, whatever was put into it.
    project.edit("inner/src/lib.rs", " + WORDS[h as usize % WORDS.len()].len() as u32", "");
    let (chain, asked) = why(&project, "inner");
    assert_eq!(chain.last().map(String::as_str), Some("outer::main"), "{chain:?}");
    assert_eq!(chain.iter().filter(|step| *step == "outer::main").count(), 1, "{chain:?}");
    assert!(bytes(&asked).1 > 5_000, "{asked:#}");
}

#[test]
#[ignore = "builds a crate in three ways: .ci/run runs it"]
fn a_linker_without_the_option_leaves_the_plain_view_and_is_named() {
    let project = program();
    let refusing = project.path("refusing-linker");
    project.write(
        "refusing-linker",
        "#!/bin/sh\ncase \"$*\" in *--emit-relocs*) echo 'unknown option: --emit-relocs' >&2; exit 1 ;; esac\nexec cc \"$@\"\n",
    );
    std::fs::set_permissions(&refusing, std::fs::Permissions::from_mode(0o755)).unwrap();
    project.write(".cargo/config.toml", &format!("[target.{}]\nlinker = \"{}\"\n", host(), refusing.display()));
    let call = weigh(&project).args(["bloat", "--crates"]).assert().success();
    let said = stderr(&call);
    let line = said.lines().find(|line| line.contains("can't tell what keeps each part")).unwrap();
    assert!(line.contains("`-C link-arg=-Wl,--emit-relocs` failed (LLD, GNU ld, and mold know this option)"), "{line}");
    assert!(line.ends_with(": unknown option: --emit-relocs"), "{line}");
    assert!(stdout(&call).contains("heavy") && stdout(&call).contains("of .text"), "{}", stdout(&call));
    for words in [["--why", "heavy"], ["--without", "heavy"]] {
        let said = stderr(&weigh(&project).arg("bloat").args(words).assert().code(3));
        assert!(said.contains(&format!("{} can't be answered: ", words[0])) && said.contains("GNU ld"), "{said}");
    }
}

#[test]
#[ignore = "builds a crate with flags from five places: .ci/run runs it"]
fn a_persons_own_flags_stay_in_force_in_the_twin() {
    let project = program();
    let host = host();
    let of_target = format!("CARGO_TARGET_{}_RUSTFLAGS", host.to_uppercase().replace('-', "_"));
    let flags = "rustflags = [\"--cfg\", \"marked\"]\n";
    for (config, variable) in [
        (format!("[build]\n{flags}"), None),
        (format!("[target.{host}]\n{flags}"), None),
        (format!("[build]\n{flags}[target.wasm32-wasip1]\nrustflags = [\"--cfg\", \"other\"]\n"), None),
        (String::new(), Some("RUSTFLAGS")),
        (String::new(), Some("CARGO_BUILD_RUSTFLAGS")),
        (String::new(), Some(of_target.as_str())),
    ] {
        project.write(".cargo/config.toml", &config);
        let mut call = weigh(&project);
        if let Some(name) = variable {
            call.env(name, "--cfg marked");
        }
        let found = bloat(&mut call, &["--why", "app::only_with_the_flag"]);
        let chain = found["why"][0].to_string();
        assert!(chain.contains("app::main\",\"app::only_with_the_flag"), "{config} {variable:?}: {chain}");
    }
}

#[test]
#[ignore = "builds libraries and C, twice each: .ci/run runs it"]
fn what_a_library_exports_is_there_by_itself_and_c_belongs_to_its_crate() {
    let project = Project::empty();
    let manifest = "[package]\nname = \"kept\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
    project.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"kept\"\nversion = \"0.1.0\"\n");
    project.write(
        "src/lib.rs",
        "#[inline(never)]\nfn inner(n: u32) -> String { format!(\"{n:?} of {:?}\", std::thread::current().id()) }\n\
         #[unsafe(no_mangle)]\npub extern \"C\" fn first(n: u32) -> usize { inner(n).len() }\n\
         #[unsafe(no_mangle)]\npub extern \"C\" fn second(n: u32) -> u32 { unsafe { from_c(n) } }\n\
         unsafe extern \"C\" { fn from_c(n: u32) -> u32; }\n",
    );
    // Its functions are in one section, so the assembler knows how far the call of `local` goes.
    project.write(
        "from_c.c",
        "static const unsigned table[64] = { 1, 2, 3 };\n\
         __attribute__((noinline)) static unsigned local(unsigned n) { return table[n % 64] * 31 + n / 7; }\n\
         unsigned from_c(unsigned n) { unsigned s = 0; for (unsigned i = 0; i < n; i++) s += local(i); return s; }\n",
    );
    project.write(
        "build.rs",
        "use std::process::Command;\nfn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
         let run = |c: &mut Command| assert!(c.status().unwrap().success());\n    \
         run(Command::new(\"cc\").args([\"-O2\", \"-fPIC\", \"-c\", \"from_c.c\", \"-o\"]).arg(format!(\"{out}/c.o\")));\n    \
         run(Command::new(\"ar\").arg(\"crs\").arg(format!(\"{out}/libfrom_c.a\")).arg(format!(\"{out}/c.o\")));\n    \
         println!(\"cargo:rustc-link-search=native={out}\");\n    println!(\"cargo:rustc-link-lib=static=from_c\");\n}\n",
    );
    for kind in ["cdylib", "staticlib"] {
        project.write("Cargo.toml", &format!("{manifest}[lib]\ncrate-type = [\"{kind}\"]\n"));
        let found = bloat(&mut weigh(&project), &["--crates", "--lib"]);
        sums(kind, &found);
        let asked = |name: &str| {
            let found = bloat(&mut weigh(&project), &["--lib", "--why", name]);
            (found["why"].clone(), found["asked"].clone())
        };
        let (chain, of_first) = asked("first");
        assert_eq!(chain[0].as_array().unwrap().last().unwrap(), "first", "{kind}: {chain}");
        let (chain, of_inner) = asked("kept::inner");
        let names: Vec<&str> = chain[0].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(names.ends_with(&["first", "kept::inner"]), "{kind}: {names:?}");
        assert!(bytes(&of_first).1 > bytes(&of_inner).1, "{kind}: {of_first} {of_inner}");
        let (chain, of_c) = asked("local");
        let names: Vec<&str> = chain[0].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert!(names.ends_with(&["second", "from_c", "local"]), "{kind}: {names:?}");
        assert_eq!(of_c["steps"][0].as_array().unwrap().last().unwrap()["crate"], "kept", "{of_c}");
        // The table is the crate's, too.
        assert!(bytes(&asked("from_c").1).1 >= 256 + bytes(&of_c).0, "{kind}");
    }
}

/// A program whose function `work` prints so many lines.
fn working(lines: usize) -> String {
    let lines = (0..lines).map(|n| format!("    println!(\"{{}}\", std::hint::black_box({n}_usize) * n);\n"));
    format!(
        "#[inline(never)]\nfn work(n: usize) {{\n{}}}\nfn main() {{ work(std::env::args().count()) }}\n",
        lines.collect::<String>()
    )
}

/// The bytes of `work`, and how often Cargo was asked for a twin.
fn ask(project: &Project, tools: &Project, words: &[&str], variables: &[(&str, &str)]) -> (u64, usize) {
    let _ = std::fs::remove_file(tools.path("calls"));
    let mut command = weigh(project);
    command.env("CARGO", tools.path("cargo")).envs(variables.iter().copied());
    let found = json(&command.args(["bloat", "--format", "json"]).args(words).assert().success());
    assert!(found["unexplained"].is_null(), "{found:#}");
    let functions = found["functions"].as_array().unwrap();
    let work = functions.iter().find(|function| function["name"] == "plain::work").unwrap();
    let calls = tools.read("calls");
    let twins = calls.lines().filter(|line| line.contains("size-workshop/reasons")).count();
    (work["bytes"].as_u64().unwrap(), twins)
}

/// A Cargo that writes down what it is asked for, in the file `calls` beside it.
fn listening(folder: &Project) {
    let script = format!(
        "#!/bin/sh\necho \"$CARGO_BUILD_BUILD_DIR $*\" >> '{}'\nexec '{}' \"$@\"\n",
        folder.path("calls").display(),
        env!("CARGO")
    );
    folder.write("cargo", &script);
    std::fs::set_permissions(folder.path("cargo"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[ignore = "builds a crate in many states: .ci/run runs it"]
fn a_twin_is_built_again_whenever_its_program_is() {
    let (project, tools) = (crate::calls::plain(), Project::empty());
    listening(&tools);
    let ask = |words: &[&str], variables: &[(&str, &str)]| ask(&project, &tools, words, variables);
    project.write("src/main.rs", &working(1));
    let (first, asked) = ask(&[], &[]);
    assert!(first > 0 && asked == 1, "{first} {asked}");
    assert_eq!(ask(&[], &[]), (first, 0));
    // The source changes, and goes back to what it was.
    project.write("src/main.rs", &working(4));
    let (second, asked) = ask(&[], &[]);
    assert!(second > first + 50 && asked == 1, "{second} {asked}");
    project.write("src/main.rs", &working(1));
    assert_eq!(ask(&[], &[]).0, first);
    ask(&[], &[]);
    assert_eq!(ask(&[], &[]), (first, 0));
    // What is there for one profile, one set of flags, or one set of features says nothing about another one.
    assert_eq!(ask(&["--profile", "dist"], &[]).1, 1);
    let flags = [("RUSTFLAGS", "--cfg marked")];
    assert_eq!(ask(&[], &flags).1, 1);
    assert_eq!(ask(&[], &[]).0, first);
    let manifest = project.read("Cargo.toml");
    project.write("Cargo.toml", &format!("{manifest}\n[profile.release]\nopt-level = 0\n"));
    let slow = ask(&[], &[]);
    assert!(slow.0 != first && slow.1 == 1, "{slow:?}");
    project.write("Cargo.toml", &manifest);
    ask(&[], &[]);
    ask(&[], &[]);
    // A twin that is gone, or is another file, is made again.
    let twins = walk(&project.path("target"));
    let twin = twins.iter().find(|path| path.ends_with("reasons/release/plain")).unwrap();
    std::fs::remove_file(twin).unwrap();
    assert_eq!(ask(&[], &[]), (first, 1));
    // What was remembered can't be read, or says something else.
    let remembered = twins.iter().filter(|path| path.parent().is_some_and(|folder| folder.ends_with("pairs")));
    for (path, text) in remembered.zip(["", "{"].iter().cycle()) {
        base::files::write_derived(path, text.as_bytes()).unwrap();
    }
    assert_eq!(ask(&[], &[]), (first, 1));
    assert_eq!(ask(&[], &[]), (first, 0));
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut open = vec![folder.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    files
}
