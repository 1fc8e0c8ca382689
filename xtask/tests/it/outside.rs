//! A verdict is about the files: what the environment, a configuration file or an extra file would change is ignored,
//! for every kind of goal, and the check says so once.

use predicates::str::contains;
use serde_json::Value;
use std::fs;
use testbed::course::{PROFILE, QUICK_PROFILE, STARTER, codes, verdict};
use testbed::project::{Project, json, stderr};

const CONFIG: &str = "exercises/ex1/.cargo/config.toml";

/// The first message of this severity from a check.
fn first(severity: &str, text: &str) -> String {
    let start = text.find(&format!("{severity}[")).unwrap_or_else(|| panic!("no {severity}: {text}"));
    text[start..].split("\n\n").next().unwrap().to_owned()
}

fn bytes_of(document: &Value, name: &str) -> u64 {
    let builds = document["builds"].as_array().unwrap();
    builds.iter().find(|build| build["name"] == name).unwrap()["bytes"].as_u64().unwrap()
}

/// Points and bytes of a check with these variables.
fn checked(project: &Project, variables: &[(&str, &str)]) -> (u64, [u64; 2], Value) {
    let mut xtask = project.xtask();
    let assert = xtask.args(["check", "ex1", "--format", "json"]).envs(variables.iter().copied()).assert();
    let document = json(&assert);
    assert!(document["points"].is_u64(), "{document:#}");
    (document["points"].as_u64().unwrap(), ["before", "after"].map(|name| bytes_of(&document, name)), document)
}

#[test]
fn what_wins_over_a_manifest_elsewhere_is_set_aside_and_named() {
    let project = Project::course();
    project.profile(PROFILE);
    let said = |name: &str, value: &str| {
        let assert = project.xtask().args(["check", "ex1"]).env(name, value).assert().success();
        stderr(&assert)
    };
    insta::assert_snapshot!("variable", first("warning", &said("CARGO_PROFILE_RELEASE_LTO", "false")));
    insta::assert_snapshot!("rustflags", first("warning", &said("RUSTFLAGS", "-C opt-level=1")));
    insta::assert_snapshot!("linker", first("warning", &said("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "cc")));
    // A variable that changes no setting is reported as well.
    let text = said("RUSTFLAGS", "--cfg mine");
    assert!(text.contains("warning[profile/overridden-by-env]: `RUSTFLAGS` is set") && !text.contains("-->"), "{text}");
    project.write(CONFIG, "[profile.release]\nstrip = \"none\"\n");
    insta::assert_snapshot!("configuration", first("warning", &stderr(&project.check().success())));
    project.write(CONFIG, "[build\n");
    insta::assert_snapshot!("unreadable", first("warning", &stderr(&project.check().success())));
}

#[test]
fn no_variable_changes_points_or_sizes() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let (points, sizes, document) = checked(&project, &[]);
    assert_eq!((points, document["diagnostics"].as_array().unwrap().len()), (10, 0));
    let own = fs::metadata(project.path("exercises/ex1/target/release/tiny")).unwrap().modified().unwrap();
    // Each of them would change the build, or break it; the last three the program's run.
    let variables = [
        ("RUSTFLAGS", "-C opt-level=1 -C prefer-dynamic"),
        ("CARGO_ENCODED_RUSTFLAGS", "-Copt-level=1"),
        ("CARGO_BUILD_RUSTFLAGS", "-C opt-level=1"),
        ("CARGO_BUILD_TARGET", ""),
        ("CARGO_PROFILE_RELEASE_STRIP", "none"),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", ""),
        ("CARGO_PROFILE_RELEASE_DEBUG", "true"),
        ("CARGO_PROFILE_DEV_PANIC", "abort"),
        ("CARGO_INCREMENTAL", "1"),
        ("CARGO_UNSTABLE_BUILD_STD", "core"),
        ("RUSTC_BOOTSTRAP", "1"),
        ("RUSTC", "no-such-rustc"),
        ("RUSTC_WRAPPER", "no-such-wrapper"),
        ("RUSTC_WORKSPACE_WRAPPER", "no-such-wrapper"),
        ("LD_PRELOAD", "/no/such.so"),
        ("LD_RUN_PATH", "/opt/lib"),
    ];
    for chunk in variables.chunks(5) {
        let (points, now, document) = checked(&project, chunk);
        assert_eq!((points, now), (10, sizes), "{chunk:?}");
        let named = document["diagnostics"].as_array().unwrap();
        assert_eq!(named.len(), chunk.len(), "each once: {document:#}");
        for (name, _) in chunk {
            let begins = |problem: &Value| problem["message"].as_str().unwrap().starts_with(&format!("`{name}` "));
            let problem =
                named.iter().find(|problem| begins(problem)).unwrap_or_else(|| panic!("{name}: {document:#}"));
            assert_eq!(problem["code"], "profile/overridden-by-env");
            assert_eq!(problem["severity"], "warning");
        }
    }
    // What is empty and so means nothing, what Cargo doesn't read, and what only a run could notice: no message.
    let silent = [
        ("RUSTFLAGS", ""),
        ("RUSTC_WRAPPER", ""),
        ("cargo_profile_release_strip", "none"),
        ("CARGO_TARGET_DIR", "elsewhere"),
        ("RUST_BACKTRACE", "full"),
        ("MALLOC_PERTURB_", "7"),
        ("LC_ALL", "xx_XX"),
        ("CARGO_TERM_VERBOSE", "true"),
    ];
    let (points, now, document) = checked(&project, &silent);
    assert_eq!((points, now, document["diagnostics"].as_array().unwrap().len()), (10, sizes, 0), "{document:#}");
    // The learner's own artifact wasn't touched, and is still fresh.
    assert_eq!(fs::metadata(project.path("exercises/ex1/target/release/tiny")).unwrap().modified().unwrap(), own);
}

#[test]
fn what_only_the_surroundings_set_is_not_the_learners() {
    let project = Project::quick_course();
    let (points, sizes, _) = checked(&project, &[]);
    let given = [("CARGO_PROFILE_RELEASE_STRIP", "true"), ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z")];
    let (now, now_sizes, document) = checked(&project, &given);
    assert_eq!((now, now_sizes), (points, sizes), "{document:#}");
    assert_eq!(codes(&document)[0].0, "profile/missing-setting");
    project.write(CONFIG, "[profile.release]\nopt-level = \"z\"\nstrip = true\n");
    let (now, now_sizes, document) = checked(&project, &[]);
    assert_eq!((now, now_sizes), (points, sizes), "{document:#}");
    assert!(codes(&document).iter().any(|(code, line)| code == "profile/overridden-by-config" && *line == Some(2)));
    // A hint is about what is wrong, not about what was set aside.
    project.run(&["hint", "ex1"]).success().stdout(contains("nudge"));
}

#[test]
fn no_configuration_file_changes_points_or_sizes_wherever_it_is() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let (points, sizes, _) = checked(&project, &[]);
    assert_eq!(points, 10);
    let everything = "[profile.release]\nopt-level = 1\ndebug = true\n[profile.release.package.\"*\"]\nopt-level = 0\n\
        [build]\nrustc-wrapper = \"no-such-wrapper\"\ntarget = \"wasm32-unknown-unknown\"\nincremental = true\n\
        rustflags = [\"-C\", \"opt-level=1\"]\n[target.'cfg(all())']\nrustflags = \"-C prefer-dynamic\"\n\
        [env]\nRUSTC_BOOTSTRAP = { value = \"1\", force = true }\n[patch.crates-io]\nserde = { path = \"nowhere\" }\n\
        [unstable]\nbuild-std = [\"core\"]\n[alias]\nbuild = \"check\"\nb = \"build\"\n";
    let home = project.path("home").display().to_string();
    let places = [
        ("exercises/ex1/.cargo/config.toml", ""),
        ("exercises/ex1/.cargo/config", ""),
        ("exercises/.cargo/config.toml", ""),
        (".cargo/config.toml", ""),
        ("home/config.toml", home.as_str()),
    ];
    for (file, home) in places {
        project.write(file, everything);
        let given = [("CARGO_HOME", home)];
        let given: &[_] = if home.is_empty() { &[] } else { &given };
        let (points, now, document) = checked(&project, given);
        assert_eq!((points, now), (10, sizes), "{file}: {document:#}");
        let named = document["diagnostics"].as_array().unwrap();
        assert_eq!(named.len(), 12, "{file}: {document:#}");
        assert!(named.iter().all(|problem| problem["code"] == "profile/overridden-by-config"), "{document:#}");
        assert!(named.iter().all(|problem| problem["line"].as_u64().unwrap() > 1), "{document:#}");
        fs::remove_file(project.path(file)).unwrap();
    }
    // What Cargo says about its configuration isn't about the program.
    project.write(CONFIG, "[alias]\nbuild = \"check\"\n");
    project.write("exercises/ex1/.cargo/config", "[term]\nverbose = true\n[alias]\nbuild = \"check\"\n");
    let (points, now, document) = checked(&project, &[]);
    assert_eq!((points, now, document["diagnostics"].as_array().unwrap().len()), (10, sizes, 0), "{document:#}");
    // Settings that are included.
    fs::remove_file(project.path("exercises/ex1/.cargo/config")).unwrap();
    project.write(CONFIG, "include = [{ path = \"more.toml\", optional = true }]\n");
    project.write("exercises/ex1/.cargo/more.toml", "profile.release.strip = \"none\"\n");
    let (points, now, document) = checked(&project, &[]);
    assert_eq!((points, now), (10, sizes));
    assert!(document["diagnostics"][0]["message"].as_str().unwrap().contains("more.toml:1 sets"), "{document:#}");
}

#[cfg(unix)]
#[test]
fn what_a_machine_needs_is_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    // A linker that leaves a trace, named by a path that is valid only from its file.
    project.write("exercises/ex1/tools/cc", "#!/bin/sh\necho x >> \"$0.log\"\nexec cc \"$@\"\n");
    fs::set_permissions(project.path("exercises/ex1/tools/cc"), fs::Permissions::from_mode(0o755)).unwrap();
    let host =
        json(&project.run(&["check", "ex1", "--format", "json"]).success())["target"].as_str().unwrap().to_owned();
    project.write(
        CONFIG,
        &format!("[target.{host}]\nlinker = \"tools/cc\"\nrustflags = \"-C opt-level=0\"\n[net]\noffline = true\n"),
    );
    let assert = project.check().success();
    let text = stderr(&assert);
    assert!(text.contains("sets the linker to `tools/cc`") && text.contains("this check uses it anyway"), "{text}");
    assert_eq!(project.read("exercises/ex1/tools/cc.log").lines().count(), 2, "both sides are linked with it: {text}");
}

#[test]
fn a_file_beside_the_exercise_is_not_built() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let (_, sizes, _) = checked(&project, &[]);
    let build = "fn main() { println!(\"cargo:rustc-link-arg=-Wl,--no-such-flag\"); }\n";
    for (file, text) in [("build.rs", build), ("src/lib.rs", "fn a() -> nothing {}\n"), ("src/bin/tiny.rs", "?")] {
        let file = format!("exercises/ex1/{file}");
        project.write(&file, text);
        let (points, now, document) = checked(&project, &[]);
        assert_eq!((points, now), (10, sizes), "{document:#}");
        let problem = &document["diagnostics"][0];
        assert_eq!((&problem["code"], &problem["severity"]), (&"edits/other-file-changed".into(), &"warning".into()));
        fs::remove_file(project.path(&file)).unwrap();
        let _ = fs::remove_dir(project.path("exercises/ex1/src/bin"));
    }
    // Notes and an editor's copies change nothing.
    for file in ["notes.md", "src/main.rs~", "src/main_old.rs", "old/build.rs"] {
        project.write(&format!("exercises/ex1/{file}"), "?");
    }
    let (points, now, document) = checked(&project, &[]);
    assert_eq!((points, now, document["diagnostics"].as_array().unwrap().len()), (10, sizes, 0), "{document:#}");
    // An exercise lets a learner decide only the profiles in the manifest, and the same is graded.
    project.write(
        "exercises/ex1/Cargo.toml",
        &format!("{}{QUICK_PROFILE}", STARTER.replace("edition", "build = \"old/build.rs\"\nedition")),
    );
    let (points, now, document) = checked(&project, &[]);
    assert_eq!((points, now), (10, sizes), "{document:#}");
    assert!(document["diagnostics"][0]["message"].as_str().unwrap().starts_with("`package` in Cargo.toml"));
}

#[test]
fn the_baseline_is_fair_whatever_surrounds_it() {
    let project = Project::quick_course();
    project.profile(QUICK_PROFILE);
    let (_, sizes, _) = checked(&project, &[]);
    let other = Project::quick_course();
    other.profile(QUICK_PROFILE);
    other.write(
        ".cargo/config.toml",
        "[profile.release]\nopt-level = 1\n[build]\nrustflags = [\"-C\", \"prefer-dynamic\"]\n",
    );
    assert_eq!(checked(&other, &[("CARGO_PROFILE_RELEASE_STRIP", "true")]).1, sizes);
}

#[test]
fn the_course_proves_itself_and_a_class_is_graded_whatever_surrounds_it() {
    let project = Project::quick_course();
    project.write(".cargo/config.toml", "[profile.release]\nstrip = \"none\"\n");
    let verify =
        project.verb("author").args(["author", "verify"]).env("RUSTFLAGS", "-C opt-level=1").assert().success();
    assert_eq!(stderr(&verify).matches("`RUSTFLAGS` is set in your environment").count(), 1, "{}", stderr(&verify));
    project.write("class/s001/ex1/Cargo.toml", &format!("{STARTER}{QUICK_PROFILE}"));
    let grade = ["grade", "class", "--sandbox", "none"];
    project.verb("grade").args(grade).env("RUSTFLAGS", "-C opt-level=1").assert().success();
    assert!(project.read("grades/grades.csv").contains(",10,"), "{}", project.read("grades/grades.csv"));
}

#[test]
fn a_wrapper_that_is_not_there_is_named_and_not_a_missing_toolchain() {
    let project = Project::plain_workshop();
    project
        .write("crate/Cargo.toml", "[package]\nname = \"c\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    project.write("crate/src/main.rs", "fn main() {}\n");
    project.write("crate/Cargo.lock", "version = 4\n\n[[package]]\nname = \"c\"\nversion = \"0.1.0\"\n");
    for (verb, key) in [("bloat", "rustc-wrapper"), ("sizes", "rustc-workspace-wrapper")] {
        project.write("crate/.cargo/config.toml", &format!("[build]\n{key} = \"no-such-wrapper\"\n"));
        let assert = project.run(&[verb, "--manifest-path", "crate/Cargo.toml"]).code(3);
        let text = stderr(&assert);
        let named = format!("`build.{key}` in crate/.cargo/config.toml:2 tells Cargo to start `no-such-wrapper`");
        assert!(text.contains(&named) && !text.contains("install the toolchain"), "{verb}: {text}");
    }
}

/// The untouched starter of exercise 10 with settings that would have made it pass, and a correct exercise 13 that
/// still passes.
#[test]
#[ignore = "builds exercises 10 and 13: .ci/run runs it"]
fn exercises_without_a_profile_goal_are_judged_by_their_files_as_well() {
    let project = Project::copy_of_the_repository();
    let alias = project.read("exercises/ex10/.cargo/config.toml");
    project.write("exercises/ex10/answers.toml", &project.read("solutions/ex10/answers.toml"));
    let points = |variables: &[(&str, &str)]| {
        let mut xtask = project.xtask();
        xtask.args(["check", "ex10", "--format", "json"]).envs(variables.iter().copied());
        json(&xtask.assert().code(1))
    };
    let fresh = points(&[]);
    assert_eq!(verdict(&fresh, "size"), "fail", "{fresh:#}");
    project
        .write("exercises/ex10/.cargo/config.toml", &format!("{alias}[profile.release]\nopt-level=\"z\"\nlto=true\n"));
    let by_file = points(&[]);
    project.write("exercises/ex10/.cargo/config.toml", &alias);
    let by_variable = points(&[("CARGO_PROFILE_RELEASE_OPT_LEVEL", "z"), ("RUSTFLAGS", "-C opt-level=z")]);
    let line = format!("config.toml:{} sets", alias.lines().count() + 2);
    for (document, named) in [(&by_file, line.as_str()), (&by_variable, "`RUSTFLAGS` is set")] {
        assert_eq!((&document["points"], verdict(document, "size")), (&fresh["points"], "fail"), "{document:#}");
        assert!(document["diagnostics"].to_string().contains(named), "{document:#}");
    }
    project.write("exercises/ex13/src/main.rs", &project.read("solutions/ex13/src/main.rs"));
    let mut xtask = project.xtask();
    let assert = xtask.args(["check", "ex13"]).env("CARGO_PROFILE_DIST_STRIP", "false").assert().success();
    assert!(stderr(&assert).contains("`CARGO_PROFILE_DIST_STRIP` is set"), "{}", stderr(&assert));
    assert.stdout(contains("10 of 10 points"));
}
