//! The search for the best profile, by real builds of crates that are small enough for it.

use crate::calls::{plain, weigh};
use testbed::project::{Project, json, stderr, stdout};

/// What a call says that builds nothing, because something is in the way.
fn refused(project: &Project, code: i32, words: &[&str]) -> String {
    let call = weigh(project).arg("tune").args(words).assert().code(code);
    let said = stderr(&call).replace(project.path("").to_str().unwrap(), "HERE/");
    assert!(!said.contains("built ") && !said.contains("possible builds"), "{said}");
    said.lines().filter(|line| !line.starts_with("note: ")).collect::<Vec<_>>().join("\n")
}

/// A crate that builds in a moment, because it does without std. Its release profile aborts: unwinding needs std.
#[cfg(target_os = "linux")]
fn bare(profiles: &str) -> Project {
    let project = plain();
    project.write("Cargo.toml", &(project.read("Cargo.toml") + profiles));
    project.write(
        "src/main.rs",
        "#![no_std]\n#![no_main]\n\
         #[panic_handler]\nfn panic(_: &core::panic::PanicInfo) -> ! { loop {} }\n\
         #[link(name = \"c\")]\nextern \"C\" { fn putchar(c: i32) -> i32; }\n\
         #[no_mangle]\npub extern \"C\" fn main(_: i32, _: *const *const u8) -> i32 {\n    \
         for c in b\"hi\\n\" { unsafe { putchar(i32::from(*c)); } }\n    0\n}\n",
    );
    project
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_built() {
    let project = plain();
    insta::assert_snapshot!(refused(&project, 2, &["--max-slowdown", "10%"]), @r#"
    error: --max-slowdown needs a run whose instructions are counted
    help: pass the program's arguments: --run "ARGS" (--run "" for no arguments)
    "#);
    insta::assert_snapshot!(refused(&project, 2, &["--max-bytes", "300k"]), @r"
    error: --max-bytes: `300k` is ambiguous: write KiB (multiples of 1,024) or KB (multiples of 1,000)
    help: write a size, such as `--max-bytes 300KiB`
    ");
    insta::assert_snapshot!(refused(&project, 2, &["--run", "", "--max-slowdown", "1,5"]), @r"
    error: --max-slowdown: `1,5` has a comma in place of the decimal point: write `1.5 %`
    help: write a percentage, such as `--max-slowdown 10%`; 0 allows no slowdown at all
    ");
    insta::assert_snapshot!(refused(&project, 2, &["--write", "dev"]), @r"
    error: [profile.dev] isn't a profile to ship a program with
    help: write a different one: `--write` (means dist), `--write release`, or `--write NAME`
    ");
    project
        .write("Cargo.toml", &(project.read("Cargo.toml") + "\n[profile.dist]\ninherits = \"release\"\ndebug = 1\n"));
    insta::assert_snapshot!(refused(&project, 2, &["--write"]), @r"
    error: [profile.dist] sets `debug`, which none of the builds had
      --> Cargo.toml:8
    help: write a profile with a different name: `--write small`
    ");
    let answer = json(&weigh(&project).args(["tune", "--write", "--format", "json"]).assert().code(2));
    assert_eq!((answer["schema"].as_str(), answer["line"].as_u64()), (Some("size-workshop/error/1"), Some(8)));
}

#[cfg(unix)]
#[test]
fn a_manifest_that_is_read_only_stays_as_it_is() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = plain();
    std::fs::set_permissions(project.path("Cargo.toml"), std::fs::Permissions::from_mode(0o444)).unwrap();
    insta::assert_snapshot!(refused(&project, 3, &["--write"]), @r"
    error: Cargo.toml can't be written: it is read-only
    help: make it writable, or leave --write out
    ");
}

#[cfg(target_os = "linux")]
#[test]
fn a_profile_is_chosen_written_and_proved_and_a_second_call_builds_nothing() {
    let profiles = "\n# Never unwinds.\n[profile.release]\npanic = \"abort\" # no std\n";
    let project = bare(profiles);
    let manifest = project.read("Cargo.toml");
    let call = weigh(&project).args(["tune", "--run", "", "--write", "small", "--format", "json"]).assert().success();
    let (answer, said) = (json(&call), stderr(&call));
    assert_eq!(answer["schema"], "size-workshop/tune/1");
    assert!(answer["made_builds"].as_u64().unwrap() * 5 <= answer["possible_builds"].as_u64().unwrap(), "{answer}");
    let builds = answer["builds"].as_array().unwrap();
    let chosen = &builds[answer["chosen"].as_u64().unwrap() as usize];
    let least = builds.iter().filter(|build| build["settings"]["packed-relocations"] == false);
    assert_eq!(chosen["bytes"].as_u64(), least.map(|build| build["bytes"].as_u64().unwrap()).min());
    assert!(builds.iter().all(|build| build["wrong"].is_null() && build["settings"]["panic"] == "abort"), "{answer}");
    assert!(said.contains("+[profile.small]") && said.contains(" # Never unwinds."), "{said}");
    let written = project.read("Cargo.toml");
    assert!(written.starts_with(&format!("{manifest}\n[profile.small]\ninherits = \"release\"\n")), "{written}");
    assert_eq!(written.matches("panic").count(), 1, "`release` has it already: {written}");
    // What Cargo itself makes of it.
    let mut cargo = testbed::project::call("cargo");
    cargo.args(["build", "--profile", "small", "--target-dir", "elsewhere"]).current_dir(project.path(""));
    cargo.env_remove("CARGO_INCREMENTAL").assert().success();
    let bytes = std::fs::metadata(project.path("elsewhere/small/plain")).unwrap().len();
    assert_eq!((Some(bytes), answer["written"]["bytes"].as_u64()), (chosen["bytes"].as_u64(), Some(bytes)));

    let again = weigh(&project).args(["tune", "--run", "", "--write", "small"]).assert().success();
    assert!(!stderr(&again).contains("\nbuilt "), "{}", stderr(&again));
    assert!(stderr(&again).contains("Cargo.toml already has this [profile.small]"), "{}", stderr(&again));
    assert!(stdout(&again).contains("`cargo build --profile small` produces"), "{}", stdout(&again));
    assert_eq!(project.read("Cargo.toml"), written);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "makes 20 builds: .ci/run runs it"]
fn a_profile_that_something_else_sets_too_is_taken_back() {
    let project = bare("\n[profile.release]\npanic = \"abort\"\n");
    let manifest = project.read("Cargo.toml");
    project.write(".cargo/config.toml", "[profile.dist]\nstrip = \"none\"\n");
    let call = weigh(&project).args(["tune", "--write"]).assert().code(1);
    assert!(stderr(&call).contains("something else sets this profile as well"), "{}", stderr(&call));
    assert_eq!(project.read("Cargo.toml"), manifest);
}

#[test]
#[ignore = "makes 20 builds: .ci/run runs it"]
fn a_build_that_does_something_else_is_never_chosen() {
    let project = plain();
    project.write(
        "src/main.rs",
        "fn main() { std::panic::catch_unwind(|| panic!()).unwrap_err(); println!(\"caught\"); }\n",
    );
    let words = ["tune", "--run", "", "--panic", "abort", "--format", "json"];
    let answer = json(&weigh(&project).args(words).assert().success());
    let builds = answer["builds"].as_array().unwrap();
    let aborts: Vec<_> = builds.iter().filter(|build| build["settings"]["panic"] == "abort").collect();
    assert!(!aborts.is_empty() && aborts.iter().all(|build| !build["wrong"].is_null()), "{answer}");
    let chosen = &builds[answer["chosen"].as_u64().unwrap() as usize];
    assert_eq!((&chosen["settings"]["panic"], chosen["wrong"].is_null()), (&"unwind".into(), true));
    let call = weigh(&project).args(["tune", "--run", "", "--max-bytes", "1000"]).assert().code(1);
    assert!(stderr(&call).contains("no build is within the limits; the nearest is opt-level"), "{}", stderr(&call));
    assert!(
        stdout(&call).contains("WRONG: terminated by signal 6, not exit code 0")
            || !stdout(&call).contains("[profile.")
    );
    assert!(stdout(&call).contains("`catch_unwind` in src/main.rs:1"), "{}", stdout(&call));
}
