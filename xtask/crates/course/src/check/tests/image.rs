//! Goals about images, and about files that are built as a Containerfile says.

use super::kinds::{judged, with_goal};
use super::*;
use crate::exercise::containerfile::{Containerfile, context::Context};
use std::sync::Arc;
use weigh::measure::linking::Linking;

const RIGHT: &str = "FROM rust AS build
WORKDIR /src
COPY . .
RUN RUSTFLAGS='-C target-feature=+crt-static' cargo build --release --target x86_64-unknown-linux-gnu
FROM scratch
COPY --from=build /src/target/x86_64-unknown-linux-gnu/release/tiny /tiny
USER 65534:65534
ENTRYPOINT [\"/tiny\"]
";

fn file(text: &str) -> Option<Containerfile> {
    let context = Context::literal("tiny", &["Cargo.toml", "Cargo.lock", "src/main.rs"], 2024);
    Some(Containerfile::parse(Source { file: "Containerfile".into(), text: text.into() }, Arc::new(context)))
}

const ALL: &str = r#"check.image = { wants = ["empty-base", "only-the-program", "no-shell", "not-root"] }"#;

#[test]
fn a_containerfile_is_judged_by_what_reaches_the_image() {
    let mut known = with_goal(ALL);
    assert!(matches!(judge(&known.case()).outcomes[0].verdict, Verdict::Skip), "there is none");
    known.containerfile = file(RIGHT);
    judged(&known, "");
    for (from, to, codes) in [
        ("FROM scratch", "FROM debian:12", "image/base"),
        ("/src/target/x86_64-unknown-linux-gnu/", "/src/target/", "image/not-the-program"),
        ("COPY --from=build", "ADD --from=build", "image/build"),
        ("USER", "COPY . /\nUSER", "image/not-the-program"),
        (
            "USER",
            "COPY --from=build /src/target/x86_64-unknown-linux-gnu/release/tiny /two\nUSER",
            "image/not-the-program",
        ),
        ("FROM scratch\n", "FROM scratch\nRUN true\n", "image/not-the-program"),
        ("ENTRYPOINT [\"/tiny\"]\n", "", "image/shell"),
        ("ENTRYPOINT [\"/tiny\"]", "ENTRYPOINT /tiny", "image/shell"),
        ("ENTRYPOINT [\"/tiny\"]", "ENTRYPOINT [\"/bin/sh\", \"-c\", \"/tiny\"]", "image/shell"),
        ("USER 65534:65534\n", "", "image/user"),
        ("USER 65534:65534", "USER 0", "image/user"),
        ("USER 65534:65534", "USER 65534:nogroup", "image/user"),
        ("USER 65534:65534", "USR 65534", "image/syntax"),
        ("+crt-static'", "+crt-static -C link-arg=-s'", "image/flags"),
        ("--release", "--release --profile=--config", "image/build"),
        // The first stage.
        ("COPY . .\n", "", "image/build"),
        ("COPY . .", "COPY Cargo.toml .", "image/build"),
        ("FROM rust AS", "FROM debian:12 AS", "image/build"),
        ("FROM rust AS", "FROM rust:1.60 AS", "image/build"),
        ("FROM rust AS", "FROM my/rust AS", "image/not-followed"),
        ("RUN RUST", "RUN if true; then RUST", "image/not-followed"),
        ("x86_64-unknown-linux-gnu\n", "x86_64-unknown-linux-musl\n", "image/build"),
        ("/src/target/x86_64-unknown-linux-gnu/", "/src/target/$(rustc --print host-tuple)/", "image/build"),
        // What is started.
        ("COPY --from", "COPY --chmod=0644 --from", "image/shell"),
        ("COPY --from", "COPY --chmod=0700 --from", "image/shell"),
        ("\"/tiny\"]", "\"/tiny\", \"--help\"]", "image/shell"),
        ("\"/tiny\"]\n", "\"/tiny\"]\nCMD tiny\n", "image/shell"),
        ("\"/tiny\"]\n", "\"/tiny\"]\nCMD [\"/tiny\"]\n", "image/shell"),
        ("\"/tiny\"]", "\"tiny\"]", "image/shell"),
        ("\"/tiny\"]\n", "\"/tiny\"]\nENTRYPOINT []\n", "image/shell"),
        ("ENTRYPOINT", "HEALTHCHECK CMD curl localhost\nENTRYPOINT", "image/shell"),
        ("ENTRYPOINT", "HEALTHCHECK --interval=5s  CMD [\"curl\"]\nENTRYPOINT", "image/shell"),
        ("ENTRYPOINT", "CMD", "image/shell"),
        ("[\"/tiny\"]", "['/tiny']", "image/shell"),
        ("USER 65534:65534", "USER 65534", "image/user"),
        ("USER 65534:65534", "USER 65534:0", "image/user"),
        ("USER 65534:65534", "USER 00:1", "image/user"),
        ("USER 65534:65534", "USER 65534:", "image/user"),
        ("USER 65534:65534", "USER +5:5", "image/user"),
        ("USER 65534:65534", "USER 4294967295:1", "image/user"),
        ("USER 65534:65534", "USER 1:1\nUSER 0:0", "image/user"),
        ("USER 65534:65534", "USER $(id -u)", "image/build"),
    ] {
        assert!(RIGHT.contains(from), "{from}");
        known.containerfile = file(&RIGHT.replace(from, to));
        judged(&known, codes);
    }
}

#[test]
fn an_image_that_holds_the_program_alone_passes_however_it_is_written() {
    let mut known = with_goal(ALL);
    for (from, to) in [
        ("USER 65534:65534", "USER 1000:1000"),
        ("USER 65534:65534", "ARG ID=65534\nUSER $ID:${ID}"),
        ("COPY --from", "COPY --chmod=0755 --from"),
        ("COPY --from", "COPY --chmod=0500 --chown=65534 --from"),
        ("\"/tiny\"]", "\"./tiny\"]"),
        ("FROM scratch\n", "FROM scratch\nWORKDIR /bin\n"),
        ("release/tiny /tiny\n", "release/tiny /bin/\n"),
        ("\"/tiny\"]\n", "\"/tiny\"]\nCMD [\"--help\"]\nLABEL a=b\nEXPOSE 80\nSTOPSIGNAL SIGINT\n"),
        ("ENTRYPOINT", "HEALTHCHECK CMD curl localhost\nHEALTHCHECK --retries=2 CMD [\"/tiny\"]\nENTRYPOINT"),
        ("ENTRYPOINT", "HEALTHCHECK CMD curl localhost\nHEALTHCHECK NONE\nENTRYPOINT"),
        ("ENTRYPOINT", "CMD [\"x\"]\nENTRYPOINT [\"/other\"]\nENTRYPOINT"),
        ("--target x86_64-unknown-linux-gnu", "--target \"$(rustc --print host-tuple)\""),
        ("FROM scratch", "FROM scratch AS empty\nFROM empty"),
    ] {
        assert!(RIGHT.contains(from), "{from}");
        let mut text = RIGHT.replace(from, to);
        // Wherever the program goes, that is what is started.
        text = text.replace("[\"/tiny\"]", if to.contains("/bin/\n") { "[\"tiny\"]" } else { "[\"/tiny\"]" });
        known.containerfile = file(&text);
        judged(&known, "");
    }
}

#[test]
fn a_goal_may_ask_for_one_property_of_an_image() {
    let mut known = with_goal(r#"check.image = { wants = ["not-root"] }"#);
    known.containerfile = file("FROM rust\nUSER 7:7\n");
    judged(&known, "");
}

#[test]
fn what_is_copied_is_told_by_where_it_is_read_from() {
    const FROM: &str = "COPY --from=build /src/target/x86_64-unknown-linux-gnu/release/tiny /tiny";
    let path = FROM.split(' ').nth(2).unwrap();
    let told = |changes: &[(&str, &str)]| {
        let mut known = with_goal(ALL);
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{from}");
            text.replace(from, to)
        };
        known.containerfile = file(&changes.iter().fold(RIGHT.to_owned(), change));
        let judgement = judge(&known.case());
        let problem = &judgement.outcomes[0].diagnostics[0];
        (problem.message.clone(), problem.help.clone().unwrap_or_default(), judgement.outcomes[0].diagnostics.len())
    };
    for (from, to, message, help) in [
        ("--from=build", "--from=builder", "no stage above is called `builder`", "did you mean `--from=build`?"),
        ("--from=build", "--from=compiler", "no stage above is called `compiler`", "the stage above is `build`"),
        (" AS build", "", "no stage above is called `build`", "`FROM … AS build`"),
        ("--from=build ", "", "without `--from`, this copies from", "`COPY --from=build /src/target/"),
        ("COPY --from=build ", "ADD ", "without `--from`, this copies from", "`COPY --from=build /src/"),
        (
            "release/tiny /tiny",
            "release/tiny /src/Cargo.toml /",
            "this also copies `/src/Cargo.toml` into the image",
            "alone",
        ),
        (
            "FROM scratch\nCOPY --from=build",
            "FROM rust AS other\nFROM scratch\nCOPY --from=other",
            "isn't the `tiny` that Cargo built",
            "the stage `build` builds it: write `--from=build`",
        ),
        ("release/tiny /tiny", "release/tinny /tiny", "the `tiny` that Cargo built", "program is at /src/target/"),
        // The program is there, and something else as well.
        ("USER", "COPY Cargo.toml /\nUSER", "this also copies `Cargo.toml` into the image", "is already copied"),
        (
            "USER",
            "COPY --from=build /src/Cargo.toml /\nUSER",
            "this also copies `/src/Cargo.toml` into",
            "is already copied",
        ),
        ("ENTRYPOINT [\"/tiny\"]", "ENTRYPOINT [\"/tyni\"]", "this starts /tyni", "where COPY puts the program"),
    ] {
        let (said, next, _) = told(&[(from, to)]);
        assert!(said.contains(message) && next.contains(help), "{to}: {said}\n{next}");
    }
    // What was written is never told as the place where it would be, unless another stage is the cause.
    let (_, help, _) = told(&[(" AS build", ""), ("--from=build", "--from=1")]);
    assert!(!help.contains(&format!("the program is at {path}")), "{help}");
    // In the stage that builds, every file would be wrong, and one thing is.
    let one = told(&[("FROM scratch\n", ""), (FROM, "")]);
    assert!(one.0.contains("the image that ships is rust") && one.1.contains("FROM scratch"), "{one:?}");
    let stage = [("FROM scratch\n", ""), (FROM, ""), ("USER 65534:65534\n", ""), ("ENTRYPOINT", "CMD")];
    let codes = |changes: &[(&str, &str)]| {
        let mut known = with_goal(r#"check.image = { wants = ["empty-base", "only-the-program"] }"#);
        known.containerfile = file(&changes.iter().fold(RIGHT.to_owned(), |text, (from, to)| text.replace(from, to)));
        judge(&known.case()).codes().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(codes(&stage), [Code::ImageBase]);
}

#[test]
fn a_dynamic_program_is_shown_where_the_containerfile_builds_it() {
    let mut known = with_goal(r#"check.binary = { build = "after", interpreter = false, libraries = [] }"#);
    known.exercise.data.build.iter_mut().for_each(|(_, build)| build.linking = crate::exercise::Linking::Containerfile);
    known.containerfile = file(RIGHT);
    known.built("after").linking = Linking { interpreter: Some("/lib/ld.so".to_owned()), ..Linking::default() };
    let problem = judge(&known.case()).outcomes[0].diagnostics[0].clone();
    assert_eq!(problem.code, Code::DynamicallyLinked);
    let place = problem.place.unwrap();
    assert_eq!((place.file.to_str(), place.line), (Some("Containerfile"), Some(4)));
}

#[test]
fn an_image_is_judged_by_what_a_pull_loads() {
    let size = r#"check.size = { build = "after", against = "before", shrink-percent = 10, image = true }"#;
    let mut known = with_goal(size);
    assert_eq!(judge(&known.case()).outcomes[0].verdict, Verdict::Skip, "no image is known");
    known.built("before").image = Some(1000);
    for (bytes, codes) in [(900, ""), (901, "size/not-small-enough"), (1001, "size/grew")] {
        known.built("after").image = Some(bytes);
        judged(&known, codes);
    }
    let problem = judge(&known.case()).outcomes[0].diagnostics[0].clone();
    assert!(problem.message.contains("the image of `after` is 1,001 bytes, 0.1 % larger than"), "{}", problem.message);
    // The Containerfile builds something else than the exercise has a profile for.
    known.exercise.data.build.iter_mut().for_each(|(_, build)| {
        (build.linking, build.profile) = (crate::exercise::Linking::Containerfile, "dist".to_owned());
    });
    known.containerfile = file(RIGHT);
    let help = judge(&known.case()).outcomes[0].diagnostics[0].help.clone().unwrap();
    assert!(help.contains("`cargo build --profile dist`"), "{help}");
}

#[test]
fn how_many_times_is_a_number_with_some_room() {
    let times = r#"check.answer = { key = "times", truth.times = { build = "before", against = "after", tolerance-percent = 10 } }"#;
    let mut known = with_goal(times);
    // 2000 by 1400 is 1.43.
    for (answer, codes) in [
        ("1.43", ""),
        ("1.5", ""),
        ("\"1.4 times\"", ""),
        ("\"1.4x\"", ""),
        ("1.6", "answer/wrong"),
        ("1.2", "answer/wrong"),
        ("\"twice\"", "answer/not-a-number"),
        ("\"-1\"", "answer/not-a-number"),
        ("\"\"", "answer/missing"),
    ] {
        known.answers(&format!("times = {answer}\n"));
        judged(&known, codes);
    }
}
