//! Exercise 12, and the wrong turns on the way: a Containerfile is read and never run.

use predicates::str::contains;
use std::fs;
use testbed::class::{has_boxes, rows};
use testbed::course::{codes, verdict};
use testbed::project::{Project, json, stderr};

const FILE: &str = "exercises/ex12/Containerfile";

/// The exercise with its solution, except for some text of the Containerfile.
fn with(project: &Project, changes: &[(&str, &str)]) {
    for file in ["Containerfile", "answers.toml"] {
        project.write(&format!("exercises/ex12/{file}"), &project.read(&format!("solutions/ex12/{file}")));
    }
    for (from, to) in changes {
        project.edit(FILE, from, to);
    }
}

#[test]
fn wrong_turns_are_told_before_anything_is_built() {
    let project = Project::copy_of_the_repository();
    let told = |changes: &[(&str, &str)]| {
        with(&project, changes);
        stderr(&project.run(&["check", "ex12"]).code(1))
    };
    // One stage: the image is the compiler's.
    project
        .run(&["check", "ex12"])
        .code(1)
        .stderr(contains("the image that ships is rust:1.95-bookworm, including everything"));
    insta::assert_snapshot!("from_the_folder", told(&[("COPY --from=build /src/target", "COPY target")]));
    insta::assert_snapshot!("from_workdir", told(&[("--from=build /src/target", "--from=build target")]));
    insta::assert_snapshot!("line_for_a_shell", told(&[("[\"/config_tool\"]", "/config_tool")]));
    insta::assert_snapshot!("user_by_name", told(&[("65534:65534", "nobody")]));
    for (from, to, words) in [
        ("FROM scratch", "FROM debian:12-slim", "the last stage starts from debian:12-slim"),
        (
            "x86_64-unknown-linux-gnu/dist/",
            "x86_64-unknown-linux-gnu/release/",
            "isn't the `config_tool` that Cargo built",
        ),
        (
            "RUN RUST",
            "RUN --mount=type=cache,target=/src/target RUST",
            "make sure that an earlier stage runs `cargo build`, and that its target folder isn't a cache mount",
        ),
        ("FROM scratch", "FROM scratch\nCOPY . .", "remove it: the program is already copied"),
        ("FROM scratch", "FROM scratch\nRUN strip /config_tool", "an empty image has no shell to run it"),
        ("USER 65534:65534", "USER 0", "the user 0 is root"),
        ("USER 65534:65534\n", "", "the program would run as root"),
        ("[\"/config_tool\"]", "[\"config_tool\"]", "this starts config_tool, but the program is /config_tool"),
        ("ENTRYPOINT", "ENTRIPOINT", "did you mean ENTRYPOINT?"),
        ("FROM scratch\n", "", "the image that ships is rust:1.95-bookworm"),
    ] {
        let text = told(&[(from, to)]);
        assert!(text.contains(words) && text.contains("Containerfile:"), "{from} -> {to}: {text}");
    }
    fs::remove_file(project.path(FILE)).unwrap();
    project.run(&["check", "ex12"]).code(1).stderr(contains("there is no Containerfile"));
    assert!(!project.path("target/check/ex12").exists(), "nothing was built");
    project.run(&["hint", "ex12"]).success();
}

#[test]
fn the_examples_of_the_reference_have_their_codes() {
    let project = Project::copy_of_the_repository();
    for name in ["syntax", "base", "not-the-program", "shell", "user", "build", "not-followed", "flags"] {
        let example = format!("docs/diagnostics/image-{name}/{FILE}");
        project.write(FILE, &project.read(&example));
        let document = json(&project.run(&["check", "ex12", "--format", "json"]).code(1));
        let found: Vec<String> = codes(&document).into_iter().map(|(code, _)| code).collect();
        assert_eq!(found, [&format!("image/{name}"), "answer/missing"], "{example}");
    }
    assert!(!project.path("target/check/ex12").exists(), "nothing was built");
}

#[test]
#[ignore = "builds config_tool half a dozen times: .ci/run runs it"]
fn the_program_is_built_as_the_containerfile_says() {
    if !cfg!(target_os = "linux") {
        return testbed::browser::left_out("exercise 12 is about programs for Linux");
    }
    // One project for both: what is built for one doesn't have to be built again.
    let project = Project::copy_of_the_repository();
    what_is_forgotten_is_named(&project);
    other_ways_are_right(&project);
}

/// How the solution builds the program.
const STATIC_FLAGS: &str = "RUSTFLAGS=\"-C target-feature=+crt-static\" ";
/// The machine that it builds for.
const TARGET: &str = " --target x86_64-unknown-linux-gnu";

/// Checks the solution with some changes: the document, and its text for messages.
fn check(project: &Project, changes: &[(&str, &str)]) -> (serde_json::Value, String) {
    with(project, changes);
    let document = json(&project.run(&["check", "ex12", "--format", "json"]));
    let text = format!("{document:#}");
    (document, text)
}

fn what_is_forgotten_is_named(project: &Project) {
    let check = |changes: &[(&str, &str)]| check(project, changes);
    let codes_of = |document: &serde_json::Value| codes(document).into_iter().map(|(code, _)| code).collect::<Vec<_>>();

    // Forgotten: the flag; the target; the profile. Each of these is really built.
    let (document, text) = check(&[(STATIC_FLAGS, "")]);
    assert_eq!(codes_of(&document), ["binary/dynamically-linked", "binary/dynamically-linked"], "{text}");
    assert!(text.contains("needs the loader") && text.contains("\"file\": \"Containerfile\""), "{text}");
    project.run(&["hint", "ex12"]).success().stdout(contains("Which rustc flag"));
    project.run(&["hint", "ex12"]).success().stdout(contains("each RUN is a separate shell"));
    let (document, text) = check(&[(TARGET, ""), ("/src/target/x86_64-unknown-linux-gnu/", "/src/target/")]);
    assert_eq!(codes_of(&document), ["build/failed"], "{text}");
    assert!(text.contains("cannot produce proc-macro for `serde_derive"), "{text}");
    assert!(text.contains("crt-static\\\" cargo build --profile dist` failed"), "{text}");
    assert!(text.contains("add `--target` with the triple") && text.contains("\"file\": \"Containerfile\""), "{text}");
    let (document, text) = check(&[("--profile dist", "--release"), ("gnu/dist/", "gnu/release/")]);
    assert_eq!(codes_of(&document), ["size/not-small-enough"], "{text}");
    assert!(text.contains("the image of `image` is") && text.contains("`cargo build --profile dist`"), "{text}");
    // Not what the exercise is about, and not something the check would do for a learner.
    for flags in
        ["-C target-feature=+crt-static -C linker=/bin/true", "-C target-feature=+crt-static -C prefer-dynamic"]
    {
        let (document, text) = check(&[("-C target-feature=+crt-static", flags)]);
        assert_eq!(codes_of(&document), ["image/flags"], "{text}");
    }
    let (document, text) =
        check(&[("--profile dist", "--profile ../dist"), ("x86_64-unknown-linux-gnu/dist/", "dist/")]);
    assert_eq!(codes_of(&document), ["image/not-the-program"], "{text}");
}

/// Musl, Alpine without a flag, a copy within the stage, a cache, flags for the program alone.
fn other_ways_are_right(project: &Project) {
    let check = |changes: &[(&str, &str)]| check(project, changes);
    let alpine = [
        ("rust:1.95-bookworm", "rust:1.95-alpine"),
        (STATIC_FLAGS, ""),
        (TARGET, ""),
        ("/src/target/x86_64-unknown-linux-gnu/", "/src/target/"),
    ];
    let (document, text) = check(&alpine);
    assert_eq!(document["points"], 10, "{text}");
    let (document, text) = check(&[
        (STATIC_FLAGS, ""),
        ("cargo build", "cargo rustc"),
        (TARGET, " -- -C target-feature=+crt-static"),
        ("/src/target/x86_64-unknown-linux-gnu/", "/src/target/"),
    ]);
    assert_eq!(document["points"], 10, "{text}");
    let musl = [
        ("WORKDIR /src\n", "RUN rustup target add x86_64-unknown-linux-musl\nWORKDIR /src\n"),
        ("x86_64-unknown-linux-gnu\n", "x86_64-unknown-linux-musl\n"),
        (STATIC_FLAGS, ""),
        ("-gnu/dist", "-musl/dist"),
    ];
    let (document, text) = check(&musl);
    assert_eq!((verdict(&document, "size"), document["points"].as_u64()), ("pass", Some(10)), "{text}");
    let (document, text) = check(&[
        ("RUN RUSTFLAGS", "RUN --mount=type=cache,target=/src/target t=\"$(rustc --print host-tuple)\" && RUSTFLAGS"),
        ("--target x86_64-unknown-linux-gnu\n", "--target $t \\\n    && cp target/$t/dist/config_tool /out\n"),
        ("/src/target/x86_64-unknown-linux-gnu/dist/config_tool", "/out"),
    ]);
    assert_eq!(document["points"], 10, "{text}");
}

#[test]
#[ignore = "builds config_tool in boxes: .ci/run runs it"]
fn the_grader_gives_the_points_of_the_check() {
    if !has_boxes() {
        return;
    }
    let project = Project::copy_of_the_repository();
    for (student, from) in [("s001", "solutions/ex12"), ("s002", "exercises/ex12/starter")] {
        for file in ["Containerfile", "answers.toml"] {
            project.write(&format!("class/{student}/ex12/{file}"), &project.read(&format!("{from}/{file}")));
        }
    }
    // Flags don't lead to a different linker: only the file's profile and linking reach Cargo.
    project.write(
        "class/s003/ex12/Containerfile",
        &project.read("solutions/ex12/Containerfile").replace("+crt-static", "+crt-static -Clinker=/tmp/x"),
    );
    project.write("class/s003/ex12/answers.toml", &project.read("solutions/ex12/answers.toml"));
    project.run(&["grade", "class", "--exercise", "ex12", "--out", "grades"]).success();
    assert_eq!(rows(&project, "grades"), ["s001 10 graded", "s002 0 graded", "s003 1 graded"]);
}
