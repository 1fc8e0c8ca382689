//! What engines, shells, and Cargo do in places that are easily overlooked.

use super::*;

const BUILT: &str = "/src/target/release/tool";

/// What is said of a first stage with these lines.
fn of(build: &str) -> String {
    told(&in_src(build, BUILT))
}

fn starts(build: &str, expected: &str) {
    let told = of(build);
    assert!(told.starts_with(expected) && told.is_empty() == expected.is_empty(), "{build}: {told}");
}

#[test]
fn the_processor_is_that_of_the_target_that_is_built_for() {
    let processor = |lines: &str| processor(&literal(lines));
    let own = std::env::consts::ARCH;
    for (lines, expected) in [
        (
            "# On ARM, write aarch64-unknown-linux-gnu.\nFROM a\nRUN cargo build --target x86_64-unknown-linux-gnu\n",
            "x86_64",
        ),
        ("# also for aarch64-unknown-linux-musl\nFROM a\nRUN cargo build\n", own),
        ("FROM a\nRUN true \\\n # s390x-unknown-linux-gnu\n && cargo build\n", own),
        ("FROM a\nRUN <<E\n# s390x-unknown-linux-gnu\ncargo build # riscv64gc-unknown-linux-gnu\nE\n", own),
        ("FROM a\nLABEL a=\"not for s390x-unknown-linux-gnu\"\nRUN echo s390x-unknown-linux-gnu\n", own),
        ("FROM a\nRUN [\"cargo\", \"build\", \"--target\", \"s390x-unknown-linux-gnu\"]\n", "s390x"),
        ("ARG T=s390x-unknown-linux-gnu\nFROM a\nRUN cargo build --target $T\n", "s390x"),
        ("FROM a\nENV CARGO_BUILD_TARGET=\"s390x-unknown-linux-gnu\"\nRUN cargo build\n", "s390x"),
        ("FROM a\nRUN cargo build\nCOPY --from=a /src/target/s390x-unknown-linux-gnu/release/tool /\n", "s390x"),
        (
            "FROM a\nRUN rustup target add s390x-unknown-linux-gnu x86_64-unknown-linux-musl && cargo build --target=x86_64-unknown-linux-musl\n",
            "x86_64",
        ),
        ("FROM a\nRUN rustup target add s390x-unknown-linux-gnu\n", "s390x"),
        ("FROM --platform=linux/arm64 a\nRUN cargo build --target x86_64-unknown-linux-gnu\n", "aarch64"),
    ] {
        assert_eq!(processor(lines), expected, "{lines}");
    }
}

#[test]
fn umask_takes_permissions_from_what_is_made() {
    let mode = |lines: &str, path: &str| {
        let recipe = recipe(&in_src(lines, path));
        assert_eq!(recipe.troubles, [], "{lines}");
        recipe.program.unwrap_or_else(|| panic!("{lines}")).1.mode
    };
    for (lines, path, expected) in [
        ("RUN umask 077 && cargo build -r", BUILT, 0o700),
        ("RUN umask 0027; cargo build -r", BUILT, 0o750),
        ("RUN cargo build -r && umask 077 && cp target/release/tool /t", "/t", 0o700),
        ("RUN cargo build -r && umask 077 && cp -p target/release/tool /t", "/t", 0o755),
        ("RUN cargo build -r && umask 077 && mv target/release/tool /t", "/t", 0o755),
        ("RUN cargo build -r && umask 077 && install target/release/tool /t", "/t", 0o755),
        ("RUN umask 077\nRUN cargo build -r", BUILT, 0o755),
        ("RUN (umask 077) && cargo build -r", BUILT, 0o755),
        ("RUN sh -c 'umask 077' && cargo build -r", BUILT, 0o755),
        ("RUN umask 077 && cargo install --path . --root /o", "/o/bin/tool", 0o700),
    ] {
        assert_eq!(mode(lines, path), expected, "{lines}");
    }
    starts("RUN umask u=rwx,go= && cargo build -r", "NotFollowed 4: the check can't follow this umask");
}

#[test]
fn a_link_is_copied_as_a_link_with_its_folder() {
    let link = "RUN cargo build -r && mkdir /out && ln -s /src/target/release/tool /out/tool";
    for (lines, path) in [
        (link.to_owned(), "/out/tool"),
        (format!("{link} && cp /out/tool /t"), "/t"),
        (format!("{link} && mkdir /o && cp -L /out/tool /o"), "/o/"),
        (format!("{link} && chmod 755 /out/tool && install /out/tool /t"), "/t"),
        ("RUN cargo build -r && ln -s release/tool target/here".to_owned(), "/src/target/here"),
        ("RUN mkdir /out && ln -s /src/target/release/tool /out/tool && cargo build -r".to_owned(), "/out/tool"),
    ] {
        assert_eq!(told(&in_src(&lines, path)), "", "{lines} {path}");
    }
    for (lines, path) in [
        (link.to_owned(), "/out/"),
        (format!("{link} && mkdir /o && cp -a /out/tool /o"), "/o/"),
        (format!("{link} && mkdir /o && cp -P /out/tool /o/"), "/o/"),
        (format!("{link} && mkdir /o && cp -d /out/tool /o/"), "/o/"),
        (format!("{link} && cp -r /out /o"), "/o/"),
        (format!("{link} && mkdir /o && mv /out/tool /o/"), "/o/"),
        (format!("{link} && rm target/release/tool"), "/out/tool"),
        ("RUN cargo build -r && ln -s target/release/tool /o".to_owned(), "/o"),
        ("RUN cargo build -r && ln -s /src/target/dist/tool /o".to_owned(), "/o"),
        (format!("{link} && ln -s /etc/passwd /out/tool"), "/out/tool"),
    ] {
        assert_ne!(told(&in_src(&lines, path)), "", "{lines} {path}");
    }
}

#[test]
fn triggers_for_other_stages_are_not_followed() {
    let text = |stage: &str, base: &str| {
        format!("FROM rust AS a\nCOPY . .\nRUN cargo build\n{stage}FROM {base}\nCOPY --from=a /target/debug/tool /t\n")
    };
    let stage = "FROM scratch AS b\nONBUILD COPY --from=a /etc /etc\n";
    assert!(told(&text(stage, "b")).starts_with("NotFollowed 5: the check can't follow ONBUILD in `b`"));
    assert_eq!(told(&text(stage, "scratch")), "");
    let build = "FROM rust AS a\nONBUILD COPY . .\nFROM a AS b\nRUN cargo build\nFROM scratch\nCOPY --from=b /target/debug/tool /t\n";
    assert!(told(build).starts_with("NotFollowed 2: "), "{}", told(build));
}

#[test]
fn quoted_words_and_words_without_a_shell_assign_nothing() {
    starts("RUN [\"A=1\", \"cargo\", \"build\", \"-r\"]", "Fails 4: there is no command `A=1`");
    starts("RUN 'A=1' cargo build -r", "Fails 4: there is no command `A=1`");
    starts("RUN A\"=1\" cargo build -r", "Fails 4: there is no command `A=1`");
    starts("RUN [\"cd\", \"src\"]\nRUN cargo build -r", "Fails 4: `cd` is built into shells");
    starts("RUN [\"cargo\", \"build\", \"-r\", \"&&\", \"true\"]", "Fails 4: `cargo build` has no argument `&&`");
    starts("RUN [\"env\", \"A=1\", \"cargo\", \"build\", \"-r\"]", "");
    starts("RUN [\"sh\", \"-c\", \"cd src && A=1 cargo build -r\"]", "");
    starts("RUN A='1' B=\"2\" C= cargo build -r", "");
    starts("RUN \"cargo\" 'build' -\"r\"", "");
}

#[test]
fn a_redirection_empties_its_file() {
    for command in [
        ": > target/release/tool",
        "> target/release/tool",
        "ls > target/release/tool",
        "true 2> target/release/tool",
        "(ls) > target/release/tool",
        "cargo --version >| target/release/tool",
        "ls >> target/release/tool",
        "cat target/release/tool > target/release/tool",
        "ln -s /src/target/release/tool /l && : > /l",
        "ls > target/release/tool > /log",
    ] {
        assert_ne!(of(&format!("RUN cargo build -r && {command}")), "", "{command}");
    }
    starts("RUN cargo build -r > /log 2> /errors && ls > /dev/null 2>&1 && : >> target/release/tool", "");
    starts("RUN > /log cargo build -r", "");
    assert_eq!(told(&in_src("RUN cargo build -r && cat target/release/tool > /t && chmod +x /t", "/t")), "");
}

#[test]
fn variables_of_cargo_are_known_or_not_followed() {
    let flags = |lines: &str| recipe(&in_src(lines, BUILT)).copied[0].program.clone().unwrap().flags;
    const STATIC: &str = "-Ctarget-feature=+crt-static";
    for lines in [
        "ENV CARGO_ENCODED_RUSTFLAGS=\"\"\nRUN RUSTFLAGS=-Ctarget-feature=+crt-static cargo build -r",
        "ENV CARGO_BUILD_RUSTFLAGS=-Ctarget-feature=+crt-static\nRUN RUSTFLAGS= cargo build -r",
        "RUN RUSTFLAGS= cargo build -r --config 'build.rustflags=[\"-Ctarget-feature=+crt-static\"]'",
    ] {
        assert!(flags(lines).is_empty(), "{lines}");
    }
    for lines in [
        "ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS= CARGO_BUILD_RUSTFLAGS=-Ctarget-feature=+crt-static\nRUN cargo build -r",
        "RUN cargo build -r --config 'build.rustflags=[\"-Ctarget-feature=+crt-static\"]'",
        "RUN cargo build -r --config='build.rustflags=\"-Ctarget-feature=+crt-static\"'",
        "RUN cargo build -r --config \"build = { rustflags = ['-Ctarget-feature=+crt-static'] }\"",
    ] {
        assert_eq!(flags(lines), [STATIC], "{lines}");
    }
    let refused = |lines: &str| recipe(&in_src(lines, BUILT)).copied[0].program.clone().unwrap().refused();
    assert!(refused("ENV CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER=/none\nRUN cargo build -r").is_some());
    for (variable, expected) in [
        ("RUSTUP_HOME=/none", "Fails 5: RUSTUP_HOME is set to /none"),
        ("RUSTUP_TOOLCHAIN=1.60", "NotFollowed 5: the check can't follow RUSTUP_TOOLCHAIN=1.60"),
        ("RUSTUP_TOOLCHAIN=nightly", "NotFollowed"),
        (
            "CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS=allow",
            "NotFollowed 5: the check can't follow what the variable CARGO_",
        ),
        ("RUSTC_SOMETHING=1", "NotFollowed"),
        ("RUSTUP_OTHER=1", "NotFollowed"),
        ("CARGO_INCREMENTAL=1", "NotFollowed"),
        ("CARGO_INCREMENTAL=0", ""),
        ("RUSTUP_TOOLCHAIN=1.95.0", ""),
        ("RUSTUP_TOOLCHAIN=stable-x86_64-unknown-linux-gnu", "NotFollowed"),
        ("RUSTUP_HOME=/usr/local/rustup", ""),
        ("CARGO_TERM_COLOR=always CARGO_NET_RETRY=3 CARGO_REGISTRIES_CRATES_IO_PROTOCOL=sparse CARGO_HOME=/c", ""),
        ("RUST_BACKTRACE=1 MY_CARGO_FLAGS=x", ""),
    ] {
        starts(&format!("ENV {variable}\nRUN cargo build -r"), expected);
    }
}

#[test]
fn commands_may_fail_where_that_matters() {
    let cargo = "cargo build -r";
    for line in [
        format!("RUN grep -q x Cargo.toml && {cargo}"),
        format!("RUN which sccache && {cargo}"),
        format!("RUN command -v sccache && {cargo}"),
        format!("RUN which sccache || {cargo}"),
        format!("RUN {cargo} && ls | grep x"),
        format!("RUN set -e; grep x Cargo.toml; {cargo}"),
        format!("RUN printenv X && {cargo}"),
    ] {
        starts(&line, "NotFollowed 4: the check can't follow whether `");
    }
    for line in [
        format!("RUN command -v cargo && {cargo}"),
        format!("RUN which cargo rustc rustup && {cargo}"),
        format!("RUN grep -q x Cargo.toml || true; {cargo}"),
        format!("RUN grep -q x Cargo.toml; {cargo}"),
        format!("RUN grep x Cargo.toml | head && {cargo}"),
        format!("RUN id && {cargo}"),
        format!("RUN cat Cargo.toml && {cargo}"),
        format!("RUN (exit 0); {cargo}"),
        format!("RUN exec {cargo}"),
        format!("RUN apt-get update -qq && apt-get -y install --no-install-recommends bash && {cargo}"),
        format!("RUN apt update\nRUN apt install -qq musl-tools && {cargo}"),
    ] {
        starts(&line, "");
    }
    starts(&format!("RUN cat missing && {cargo}"), "Fails 4: there is no /src/missing");
    starts(&format!("RUN apt-get install -y musl-tools && {cargo}"), "Fails 4: `apt-get` finds no packages");
    starts(
        &format!("RUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN apt-get install -y musl-tools && {cargo}"),
        "Fails 5: `apt-get` finds no packages",
    );
    starts(
        &format!("RUN apt-get update && apt-get install musl-tools && {cargo}"),
        "NotFollowed 4: the check can't follow `apt-get install` without `-y`",
    );
    for line in [format!("RUN exec true; {cargo}"), format!("RUN exec true\nRUN exec true && {cargo}")] {
        assert_ne!(of(&line), "", "{line}");
    }
}

#[test]
fn alpine_has_no_bash_of_its_own() {
    let alpine = |lines: &str| told(&in_src(lines, BUILT).replace("rust:1.95-bookworm", "rust:1.95-alpine"));
    assert!(alpine("RUN bash -c 'cargo build -r'").starts_with("Fails 4: there is no bash in rust:1.95-alpine"));
    let shell = "SHELL [\"/bin/bash\", \"-c\"]\nRUN cargo build -r";
    assert!(alpine(shell).starts_with("Fails 4: there is no bash"), "{}", alpine(shell));
    assert_eq!(alpine("RUN apk add --no-cache bash musl-dev && bash -c 'cargo build -r'"), "");
    assert_eq!(alpine("RUN ash -c 'cargo build -r'"), "");
}

#[test]
fn a_user_is_one_word_and_a_mount_has_a_type() {
    let user = |line: &str| recipe(&format!("FROM scratch\nUSER {line}\n")).user.unwrap().0;
    assert_eq!(user("65534: 65534"), "65534: 65534");
    assert_eq!(user("\"65534:65534\""), "65534:65534");
    starts("RUN --mount=type=foo,target=/x cargo build -r", "Fails 4: RUN has no mount of the type `foo`");
    starts("RUN --mount=type=secret,id=x cargo build -r", "");
}
