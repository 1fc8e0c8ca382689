//! Tests on literal data.

mod builds;
mod details;

use super::super::tests::literal;
use super::*;

fn recipe(text: &str) -> Recipe {
    let file = literal(text);
    assert!(file.problems.is_empty(), "{text}: {:?}", file.problems);
    Recipe::of(&file)
}

/// What is said of a file: nothing if the program, built from its own sources, is all that reaches the image.
fn told(text: &str) -> String {
    let file = literal(text);
    let line = |span: &Range<usize>| file.source.text[..span.start].matches('\n').count() + 1;
    let recipe = recipe(text);
    let copied = recipe.copied.iter().filter_map(|copied| copied.trouble.as_ref());
    if let Some(Trouble { kind, message, span, help, .. }) =
        recipe.troubles.iter().chain(copied).chain(&recipe.placeholder).next()
    {
        // A line always begins somewhere in the file, and something can always be done.
        assert!(!help.is_empty() && span.end <= file.source.text.len(), "{text}");
        return format!("{kind:?} {}: {message}", line(span));
    }
    match recipe.copied.iter().find(|copied| copied.program.is_none()) {
        Some(copied) => format!("other {}: {:?}", line(&copied.span), copied.from),
        None if recipe.copied.is_empty() => "nothing".to_owned(),
        None => String::new(),
    }
}

/// A first stage with these lines, and a last one that takes the program from there.
fn two(build: &str, path: &str) -> String {
    format!("FROM rust:1.95-bookworm AS build\n{build}\nFROM scratch\nCOPY --from=build {path} /tool\n")
}

const SRC: &str = "WORKDIR /src\nCOPY . .\n";

fn in_src(build: &str, path: &str) -> String {
    two(&format!("{SRC}{build}"), path)
}

/// Where a release build in `/src` leaves the program.
const BUILT: &str = "/src/target/release/tool";

const MUSL: &str = "x86_64-unknown-linux-musl";
const GNU: &str = "x86_64-unknown-linux-gnu";

/// Whether each of these builds the program from its own sources and leaves it at the path.
fn assert_followed(cases: &[(&str, &str)]) {
    for (build, path) in cases {
        assert_eq!(told(&in_src(build, path)), "", "{build} {path}");
    }
}

#[test]
fn the_program_is_where_cargo_puts_it() {
    assert_followed(&[
        ("RUN cargo build --release", "/src/target/release/tool"),
        ("RUN cargo build -r --locked", "src/target/release/tool"),
        ("RUN cargo build --release --bin tool", "/src/./target/release/../release/tool"),
        ("RUN cargo +1.95 b", "/src/target/debug/tool"),
        ("RUN [\"cargo\", \"build\", \"--profile\", \"dist\"]", "/src/target/dist/tool"),
        (
            "RUN cargo build --profile=dist --target x86_64-unknown-linux-gnu",
            "/src/target/x86_64-unknown-linux-gnu/dist/tool",
        ),
        ("ENV CARGO_TARGET_DIR=/out\nRUN cargo build --profile dist", "/out/dist/tool"),
        ("RUN CARGO_TARGET_DIR=out cargo build --profile dist", "/src/out/dist/tool"),
        ("RUN cargo build --profile dist --target-dir=/t", "/t/dist/tool"),
        ("RUN cd src && cargo build --profile dist", "/src/target/dist/tool"),
        ("RUN cargo build -p tool -j4 --color never -v --message-format=short --profile dist", "/src/target/dist/tool"),
        (
            "ENV CARGO_BUILD_TARGET=x86_64-unknown-linux-gnu\nRUN cargo build -r",
            "/src/target/x86_64-unknown-linux-gnu/release/tool",
        ),
        ("RUN cargo rustc --profile dist -- -C target-feature=+crt-static", "/src/target/dist/tool"),
        ("RUN cargo build --manifest-path /src/Cargo.toml -r", "/src/target/release/tool"),
        (
            "RUN rustup target add x86_64-unknown-linux-musl && cargo build -r --target x86_64-unknown-linux-musl",
            "/src/target/x86_64-unknown-linux-musl/release/tool",
        ),
        (
            "RUN rustup component add rustfmt && rustup show && cargo --version && rustc --version\nRUN cargo build -r",
            "/src/target/release/tool",
        ),
        // A COPY may name it by a pattern, or by its folder.
        ("RUN cargo build -r", "/src/target/release/too[l]"),
        ("RUN cargo build -r", "/src/target/*/tool"),
        ("RUN cargo build -r && mkdir /out && cp target/release/tool /out", "/out/"),
    ]);
}

#[test]
fn an_installed_program_is_in_the_folder_for_programs() {
    assert_followed(&[
        ("RUN cargo install --path . --root /out", "/out/bin/tool"),
        ("RUN cargo install --locked --path .", "/usr/local/cargo/bin/tool"),
        ("ENV CARGO_INSTALL_ROOT=/i\nRUN cargo install --path /src --profile dist --no-track", "/i/bin/tool"),
        ("RUN cargo install --path . --root /out --no-track", "/out/bin/"),
    ]);
}

#[test]
fn variables_of_the_engine_and_of_the_shell_are_filled_in() {
    assert_followed(&[
        (
            "ARG T=x86_64-unknown-linux-gnu\nRUN cargo build -r --target $T",
            "/src/target/x86_64-unknown-linux-gnu/release/tool",
        ),
        ("ENV F=\"--locked --release\"\nRUN cargo build $F", "/src/target/release/tool"),
        ("ARG P=dist\nARG D=/src/target/$P\nRUN cargo build --profile ${P}", "/src/target/dist/tool"),
        ("ARG TARGETARCH\nRUN cargo build -r && echo $TARGETARCH", "/src/target/release/tool"),
        (
            "RUN set -eux; t=\"$(rustc --print host-tuple)\"; cargo build -r --target \"$t\"; cp target/$t/release/tool /it",
            "/it",
        ),
        (
            "RUN cargo build -r --target \"$(rustc --print host-tuple)\"",
            "/src/target/x86_64-unknown-linux-gnu/release/tool",
        ),
        (
            "RUN cargo build -r --target $(uname -m)-unknown-linux-gnu",
            "/src/target/x86_64-unknown-linux-gnu/release/tool",
        ),
        (
            "RUN cargo build -r --target `rustc -vV | sed -n 's/^host: //p'`",
            "/src/target/x86_64-unknown-linux-gnu/release/tool",
        ),
    ]);
}

#[test]
fn a_program_that_is_moved_within_its_stage_is_followed() {
    assert_followed(&[
        ("RUN cargo build -r && mkdir -p /out && cp target/release/tool /out/", "/out/tool"),
        ("RUN cargo build -r && mv target/release/tool /usr/local/bin", "/usr/local/bin/tool"),
        ("RUN cargo build -r\nRUN install -Dm755 target/release/tool /out/tool", "/out/tool"),
        ("RUN cargo build -r\nRUN install -D -m 0755 -t /out target/release/tool", "/out/tool"),
        ("RUN cargo build -r\nRUN ln -s /src/target/release/tool /tool && ls -l /tool", "/tool"),
        ("RUN cargo build -r\nRUN ln target/release/tool /tool", "/tool"),
        ("RUN cargo build -r\nRUN cp target/*/tool /tool && strip /tool && chmod 755 /tool", "/tool"),
        ("RUN cargo build -r && (cd target/release && cp tool /tool) && echo done > /log", "/tool"),
        (
            "RUN cargo build -r 2>&1 | tee /log\nRUN test -x target/release/tool && ./target/release/tool",
            "/src/target/release/tool",
        ),
        ("RUN cargo build -r || exit 1", "/src/target/release/tool"),
        ("RUN true || false && cargo build -r", "/src/target/release/tool"),
        ("RUN sh -c 'cargo build --release && cp target/release/tool /t'", "/t"),
        ("RUN bash -euo pipefail -c \"cargo build -r\"", "/src/target/release/tool"),
        ("RUN env CARGO_TARGET_DIR=/o cargo build -r", "/o/release/tool"),
        ("SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN cargo build -r", "/src/target/release/tool"),
        (
            "RUN apt-get update && apt-get install -y musl-tools && rm -rf /var/lib/apt/lists/*\nRUN cargo build -r",
            "/src/target/release/tool",
        ),
        ("RUN car\\\ngo build \\\n  # a comment\n  --release", "/src/target/release/tool"),
        ("USER root\nRUN cargo test && cargo build -r", "/src/target/release/tool"),
    ]);
}

#[test]
fn here_documents_are_scripts() {
    assert_followed(&[
        ("RUN <<EOF\nset -e\ncargo build --release\ncp target/release/tool /tool\nEOF", "/tool"),
        ("RUN <<EOF bash\ncargo build --release\nEOF", "/src/target/release/tool"),
        ("RUN <<'EOF'\n#!/bin/bash\ncargo build --release\nEOF", "/src/target/release/tool"),
    ]);
}

#[test]
fn what_is_mounted_is_there_while_a_command_runs() {
    assert_followed(&[
        ("RUN --mount=type=cache,target=/src/target cargo build -r && cp target/release/tool /tool", "/tool"),
        (
            "RUN --mount=type=cache,target=/src/target cargo build -r\nRUN --mount=type=cache,target=/src/target cp target/release/tool /tool",
            "/tool",
        ),
        (
            "RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked --mount=type=tmpfs,target=/tmp cargo build -r",
            "/src/target/release/tool",
        ),
        ("RUN cargo fetch --locked\nRUN --network=none cargo build -r --frozen", "/src/target/release/tool"),
    ]);
}

#[test]
fn the_package_may_come_in_parts() {
    for build in [
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src ./src\nRUN cargo build -r --locked",
        "WORKDIR /src\nCOPY Cargo.* .\nCOPY src/ src/\nRUN cargo build -r --locked",
        "WORKDIR /src\nCOPY [\"Cargo.toml\", \"Cargo.lock\", \"./\"]\nCOPY src/*.rs src/\nRUN cargo build -r",
        "WORKDIR /\nWORKDIR src\nADD . /src\nRUN cargo build -r",
        "COPY . /src\nRUN cd /src && cargo build -r",
        "COPY . /src/\nWORKDIR /src\nRUN cargo build -r",
        "ARG W=/src\nWORKDIR ${W}\nCOPY . $W\nRUN cargo build -r",
        "ENV W /src\nWORKDIR $W\nCOPY --chown=0:0 --chmod=644 --link . .\nRUN cargo build -r",
        "WORKDIR /src\nCOPY Cargo.toml .\nCOPY src src\nRUN cargo build -r",
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock src/main.rs src/more.rs ./\nRUN mkdir src && mv *.rs src/ && cargo build -r",
        // The dependencies first, with a placeholder; then the sources, newer than what was built.
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo 'fn main() {}' > src/main.rs && cargo build -r\nCOPY src src\nRUN touch src/main.rs && cargo build -r",
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo \"fn main() {}\" > src/main.rs && cargo build --release && rm -rf src target/release/deps/tool*\nCOPY src src\nRUN cargo build -r",
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && printf 'fn main() {}\\n' > src/main.rs && cargo build --release && cargo clean --release -p tool\nCOPY src src\nRUN cargo build -r",
        "RUN cargo new --bin src\nWORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN cargo build --release && rm src/*.rs\nCOPY ./src ./src\nRUN rm ./target/release/deps/tool*\nRUN cargo build --release",
        "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY <<EOF src/main.rs\nfn main() {}\nEOF\nRUN cargo fetch --locked\nCOPY src src\nRUN cargo build --release --offline",
        // What `docker init` writes.
        "WORKDIR /app\nRUN --mount=type=bind,source=src,target=src --mount=type=bind,source=Cargo.toml,target=Cargo.toml --mount=type=bind,source=Cargo.lock,target=Cargo.lock --mount=type=cache,target=/app/target/ cargo build --locked --release && mkdir -p /src/target/release && cp ./target/release/tool /src/target/release/tool",
    ] {
        assert_eq!(told(&two(build, BUILT)), "", "{build}");
    }
    let chef = "FROM rust:1-slim AS chef\nRUN cargo install cargo-chef --locked\nWORKDIR /app\nFROM chef AS planner\nCOPY . .\nRUN cargo chef prepare --recipe-path recipe.json\nFROM chef AS build\nCOPY --from=planner /app/recipe.json recipe.json\nRUN cargo chef cook --release --recipe-path recipe.json\nCOPY . .\nRUN cargo build -r\nFROM scratch\nCOPY --from=build /app/target/release/tool /tool\n";
    assert_eq!(told(chef), "");
    assert!(told(&chef.replace("COPY . .\nRUN cargo build", "RUN cargo build")).contains("a command has written it"));
}

#[test]
fn an_instruction_that_an_engine_refuses_is_told_with_its_line() {
    for (build, expected) in [
        ("WORKDIR /src\nRUN cargo build -r", "Fails 3: Cargo finds no Cargo.toml in /src"),
        ("WORKDIR /src\nRUN cargo build -r\nCOPY . .", "Fails 3: Cargo finds no Cargo.toml"),
        ("WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN cargo build -r", "Fails 4: there is no /src/src/main.rs"),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock src ./\nRUN cargo build -r",
            "Fails 4: there is no /src/src/main.rs",
        ),
        (
            "WORKDIR /src\nCOPY Cargo.toml .\nCOPY src src\nRUN cargo build -r --locked",
            "Fails 5: `--locked` needs a Cargo.lock",
        ),
        (
            "WORKDIR /src\nCOPY Cargo.toml .\nCOPY src src\nRUN cargo build -r --frozen",
            "Fails 5: `--locked` needs a Cargo.lock",
        ),
        ("WORKDIR /src\nCOPY Cargo.lock .\nCOPY src src\nRUN cargo build -r", "Fails 5: Cargo finds no Cargo.toml"),
        ("COPY src /src\nWORKDIR /src\nRUN cargo build", "Fails 4: Cargo finds no Cargo.toml"),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nCOPY src/main.rs src/\nRUN cargo build -r",
            "Fails 5: there is no /src/src/more.rs",
        ),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock src/main.rs manifest\nRUN true",
            "Fails 3: several files can't be copied to manifest",
        ),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && touch src/main.rs && cargo build -r",
            "Fails 4: /src/src/main.rs has no function `main`",
        ),
        ("WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN cargo fetch", "Fails 4: there is no /src/src/main.rs"),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN echo 'fn main() {}' > src/main.rs && cargo build -r\nCOPY src src\nRUN cargo build -r",
            "Fails 6: Cargo doesn't build `tool` again here",
        ),
        (
            "WORKDIR /src\nCOPY Cargo.toml Cargo.lock ./\nRUN mkdir src && echo 'fn main() {}' > src/main.rs && cargo build -r",
            "Fails 4: `tool` is built from a placeholder",
        ),
        ("COPY nothing /src", "Absent 2: nothing isn't one of the course's files"),
        ("COPY README.md /src", "Absent 2: .dockerignore excludes README.md, so it isn't in the build context"),
        ("COPY $(pwd) /src", "Fails 2: COPY doesn't run `$(pwd)`"),
        ("WORKDIR /$(uname -m)", "Fails 2: WORKDIR doesn't run `$(uname -m)`"),
        ("COPY --fro=build . /src", "Fails 2: COPY has no option `--fro`"),
        ("COPY --from build . /src", "Fails 2: COPY has no option `--from`"),
        ("COPY .", "Fails 2: COPY needs a file and a destination"),
        ("COPY --chmod=rwx . /src", "Fails 2: `--chmod=rwx` isn't a mode"),
        ("RUN --mont=type=cache,target=/x true", "Fails 2: RUN has no option"),
    ] {
        let told = told(&two(build, BUILT));
        assert!(told.starts_with(expected), "{build}: {told}");
    }
}

#[test]
fn a_command_that_fails_is_told_with_its_line() {
    for (build, expected) in [
        (
            "RUN cargo build -r --target x86_64-unknown-linux-musl",
            "Fails 4: the standard library for x86_64-unknown-linux-musl isn't installed in rust:1.95-bookworm",
        ),
        ("RUN cargo build -r --target x86_64-linux-musl", "Fails 4: there is no target x86_64-linux-musl"),
        ("RUN rustup target add x86_64-unknown-linux-mulsl", "Fails 4: there is no target"),
        (
            "RUN cargo build --release --profile dist",
            "Fails 4: `--release` and `--profile dist` can't be used together",
        ),
        ("RUN cargo build --profile disk", "Fails 4: Cargo.toml has no profile `disk`"),
        ("RUN cargo build -r --bin other", "Fails 4: Cargo.toml has no program `other`"),
        ("RUN cargo build -r --offline", "Fails 4: Cargo isn't allowed to use the network here"),
        ("RUN --network=none cargo build -r", "Fails 4: Cargo isn't allowed to use the network here"),
        ("RUN cargo install", "Fails 4: `cargo install` without a path"),
        ("RUN cargo install --path . --release", "Fails 4: `cargo install` has no `--release`"),
        ("RUN cargo chef cook", "Fails 4: there is no `cargo chef`"),
        (
            "RUN cargo build -r \\\n && cp target/dist/tool /out",
            "Fails 5: there is no /src/target/dist/tool in this stage",
        ),
        ("RUN cargo build -r && cp target/release/tool /out/bin/tool", "Fails 4: there is no folder /out/bin"),
        ("RUN cd nowhere && cargo build -r", "Fails 4: there is no folder /src/nowhere"),
        ("RUN mkdir a/b", "Fails 4: there is no folder /src/a"),
        ("RUN rm target", "Fails 4: there is no /src/target"),
        ("RUN apk add musl-dev", "Fails 4: there is no `apk` in rust:1.95-bookworm"),
        ("RUN cargo build -r; false", "Fails 4: `false` makes"),
        ("RUN set -e; false; cargo build -r", "Fails 4: `false` makes"),
        (
            "RUN <<EOF\nset -e\ncargo build --release\n\ncp target/dist/tool /tool\nEOF",
            "Fails 8: there is no /src/target/dist/tool",
        ),
        ("ENV PATH=/usr/bin\nRUN cargo build -r", "Fails 5: PATH is set to /usr/bin"),
        ("RUN --mount=type=bind,target=/ro cd /ro && cargo build -r", "Fails 4: Cargo can't write to /ro/target"),
        ("RUN t=1 cargo build -r --target $t", "Fails 4: `--target` has no value"),
        ("ENV RUSTFLAGS=x\nRUN cargo build -r --target \"$NONE\"", "Fails 5: `--target` has no value"),
    ] {
        let told = told(&in_src(build, BUILT));
        assert!(told.starts_with(expected), "{build}: {told}");
    }
}

#[test]
fn what_fails_unnoticed_is_why_there_is_nothing_to_copy() {
    let masked = in_src("RUN cargo build -r --target x86_64-unknown-linux-musl || true", BUILT);
    assert!(told(&masked).starts_with("Fails 4: the standard library"), "{}", told(&masked));
    let masked = in_src("RUN <<EOF\ncargo build --locked --profile disk\necho done\nEOF", BUILT);
    assert!(told(&masked).starts_with("Fails 5: Cargo.toml has no profile `disk`"), "{}", told(&masked));
}

/// A stage on a base that builds for a target, if one is named, after further lines.
fn on(base: &str, before: &str, target: &str) -> String {
    let target_dir = if target.is_empty() { String::new() } else { format!("{target}/") };
    let option = if target.is_empty() { String::new() } else { format!(" --target {target}") };
    format!(
        "FROM {base} AS build\nWORKDIR /src\nCOPY . .\n{before}RUN cargo build -r{option}\nFROM scratch\nCOPY --from=build /src/target/{target_dir}release/tool /tool\n"
    )
}

#[test]
fn the_base_decides_what_is_there() {
    for (base, before, target, expected) in [
        ("rust", "", "", ""),
        ("docker.io/library/rust:1.95-slim-trixie", "", GNU, ""),
        ("rust:1.85", "", GNU, ""),
        ("rust:1.95-alpine", "", "", ""),
        ("rust:1.95-alpine", "RUN apk add --no-cache musl-dev\n", MUSL, ""),
        ("rust:1.95-alpine", "", GNU, "Fails 4: the standard library for x86_64-unknown-linux-gnu isn't installed"),
        ("rust:1.60", "", "", "Fails 4: Cargo 1.60 in rust:1.60 doesn't know edition 2024"),
        ("rust:1.84-slim", "", "", "Fails 4: Cargo 1.84"),
        ("debian:12", "", "", "Fails 4: there is no Cargo in debian:12"),
        ("alpine", "", "", "Fails 4: there is no Cargo in alpine"),
        ("scratch", "", "", "Fails 4: scratch is empty"),
        ("debian:12", "RUN apt-get update && apt-get install -y cargo\n", "", "Fails 5: Cargo 1.65 in debian:12"),
        ("debian:13", "RUN apt-get update && apt-get install -y cargo\n", "", ""),
        (
            "debian:13",
            "RUN apt-get update && apt-get install -y cargo\n",
            MUSL,
            "Fails 5: the standard library for x86_64-unknown-linux-musl",
        ),
        ("alpine:3.22", "RUN apk add cargo\n", "", ""),
        ("debian:13", "RUN apk add cargo\n", "", "Fails 4: there is no `apk`"),
        (
            "ubuntu:25.10",
            "RUN apt-get update && apt-get install -y cargo\n",
            "",
            "NotFollowed 5: the check can't tell which version of Cargo ubuntu:25.10 has after `apt-get` has installed cargo",
        ),
        (
            "debian:13",
            "RUN curl -sSf https://sh.rustup.rs | sh -s -- -y\n",
            "",
            "NotFollowed 5: the check can't tell which version of Cargo debian:13 has after the script",
        ),
        ("somewhere/rust:1.95", "", "", "NotFollowed 4: the check doesn't recognize the image somewhere/rust:1.95"),
        ("rust:1.99", "", "", "NotFollowed 4: the check doesn't recognize"),
        ("${NONE}", "", "", "Fails 1: FROM ${NONE} doesn't name an image"),
    ] {
        let told = told(&on(base, before, target));
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{base} {before}: {told}");
    }
}

#[test]
fn what_isnt_known_of_a_base_can_be_said_and_what_is_known_stays_so() {
    for (said, base, before, expected) in [
        ("cargo 1.97", "somewhere/rust:1.97", "", ""),
        ("cargo 1.70", "somewhere/rust:1.70", "", "Fails 5: Cargo 1.70"),
        ("cargo 1.95", "debian:12", "", "Fails 5: there is no Cargo in debian:12"),
        ("cargo 1.95", "debian:13", "RUN curl -sSf https://sh.rustup.rs | sh -s -- -y\n", ""),
        ("cargo 1.95", "rust:1.60", "", "Fails 5: Cargo 1.60"),
    ] {
        let told = told(&format!("# check: {said}\n{}", on(base, before, "")));
        assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{said} {base}: {told}");
    }
    let said = recipe(&format!("# check: cargo 1.97 musl\n{}", on("me/rust", "", ""))).build.unwrap();
    assert!(said.is_static());
}

#[test]
fn an_image_with_musl_links_statically() {
    let musl = recipe(&on("rust:1.95-alpine", "", "")).build.unwrap();
    assert!(musl.is_static() && musl.is_apart());
    let packaged = recipe(&on("alpine:3.22", "RUN apk add cargo\n", "")).build.unwrap();
    assert!(!packaged.is_static(), "Alpine's own package links dynamically");
}

#[test]
fn what_cannot_be_followed_is_called_that() {
    for build in [
        "RUN for t in a b; do cargo build -r; done",
        "RUN if true; then cargo build -r; fi",
        "RUN cargo build -r & wait",
        "RUN make",
        "RUN ./build.sh",
        "RUN upx target/release/tool",
        "RUN cargo build -r --target $(cat triple)",
        "RUN cargo build -r --target $1",
        "RUN cargo zigbuild -r",
        "RUN cargo +nightly build -r",
        "RUN cargo build -r --crazy",
        "RUN sed -i s/a/b/ Cargo.toml",
        "RUN echo '[profile.release]' >> Cargo.toml && cargo build -r",
        "RUN mkdir .cargo && echo '[build]' > .cargo/config.toml && cargo build -r",
        "RUN curl https://example.org | sh",
        "RUN sh build.sh",
        "RUN cp $(find . -name tool) /tool",
        "RUN rustup default nightly",
        "USER 1000\nRUN cargo build -r",
        "RUN cargo build -r --target aarch64-unknown-linux-gnu && cargo build --target x86_64-unknown-linux-gnu",
        "RUN <<EOF python3\nprint(1)\nEOF",
        "RUN [ -f /etc/passwd ] && cargo build -r",
        "ADD https://example.org/x.tar.gz /x",
        "COPY --exclude=*.md . .",
    ] {
        let told = told(&in_src(build, BUILT));
        let is_wrong_first = build.contains("build.sh") && told.starts_with("Fails");
        let is_target = build.contains("aarch64") && told.starts_with("Fails 4: the standard library");
        assert!(told.starts_with("NotFollowed") || is_wrong_first || is_target, "{build}: {told}");
    }
}

#[test]
fn something_else_than_the_program_is_no_program() {
    for (build, path) in [
        ("RUN cargo build --release", "/src/target/dist/tool"),
        ("RUN cargo build --release", "target/release/tool"),
        ("RUN cargo build --release", "/src/target/release"),
        ("RUN cargo build --release", "/src/target/release/tool*"),
        ("RUN cargo build --release --target x86_64-unknown-linux-gnu", "/src/target/release/tool"),
        ("RUN cargo test --release", "/src/target/release/tool"),
        ("RUN cargo install --path . --root /out", "/out/"),
        ("RUN cargo build -r && cp /etc/passwd /out", "/out"),
        ("RUN cargo build -r", "/etc"),
        ("RUN cargo build -r", "/lib64/ld-linux-x86-64.so.2"),
        ("RUN cargo build -r && echo hi > /out", "/out"),
        ("RUN --mount=type=cache,target=/src/target cargo build -r", "/src/target/release/tool"),
        (
            "RUN --mount=type=cache,target=/src/target cargo build -r\nRUN cp -r target /t || true",
            "/src/target/release/tool",
        ),
    ] {
        assert_ne!(told(&in_src(build, path)), "", "{build} {path}");
    }
    let from = |from: &str| {
        format!("FROM rust AS a\nCOPY . .\nRUN cargo build\nFROM scratch\nCOPY {from}/target/debug/tool /t\n")
    };
    assert_eq!(told(&from("--from=a ")), "");
    assert_eq!(told(&from("--from=0 ")), "");
    for other in ["--from=b ", "", "--from=1 "] {
        assert_ne!(told(&from(other)), "", "{other}");
    }
    assert_ne!(told(&from("--from=a ").replace("FROM scratch\nCOPY", "FROM scratch\nADD")), "");
}

#[test]
fn a_stage_has_everything_of_the_one_that_it_goes_on_from() {
    let recipe = recipe(
        "FROM rust AS base\nWORKDIR /w\nENV A=1\nFROM base AS build\nCOPY . .\nRUN cargo build\nFROM never:1 AS unused\nRUN rubbish\nFROM scratch AS empty\nUSER 1:1\nFROM empty\nWORKDIR /app\nCOPY --from=build /w/target/debug/tool .\nENTRYPOINT [\"/app/tool\"]\nCMD [\"--help\"]\n",
    );
    assert_eq!(recipe.troubles, [], "a stage that nothing comes from isn't built");
    assert!(recipe.copied[0].program.is_some());
    assert_eq!((recipe.copied[0].to.as_str(), recipe.base.as_str()), ("/app/tool", "scratch"));
    assert_eq!(recipe.start.unwrap().0, Start::Words(vec!["/app/tool".to_owned()]));
    assert_eq!(recipe.arguments.unwrap().0, Start::Words(vec!["--help".to_owned()]));
    assert_eq!(recipe.user.unwrap().0, "1:1");
}
