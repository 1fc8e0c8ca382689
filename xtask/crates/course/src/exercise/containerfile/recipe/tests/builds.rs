//! How the program is built, and who may execute it.

use super::*;

#[test]
fn how_it_is_built_is_read_from_options_and_variables() {
    let build = |lines: &str| {
        let recipe = recipe(&in_src(lines, "/src/target/debug/tool"));
        assert_eq!(recipe.troubles, [], "{lines}");
        recipe.copied[0].program.clone().unwrap_or_else(|| panic!("{lines}: {:?}", recipe.found))
    };
    let flags = |flags: &str| build(&format!("RUN RUSTFLAGS='{flags}' cargo build"));
    assert_eq!(flags("-C target-feature=+crt-static -C prefer-dynamic").other_flags(), ["prefer-dynamic"]);
    assert!(!flags("-C target-feature=-crt-static").is_static());
    assert!(!flags("-Ctarget-feature=+crt-static -Ctarget-feature=-crt-static").is_static());
    assert_eq!(flags("-Clinker=/evil").other_flags(), ["linker=/evil"]);
    for right in [
        "-C target-feature=+crt-static",
        "--codegen target-feature=+crt-static",
        "--codegen=target-feature=+crt-static",
    ] {
        assert_eq!(flags(right).other_flags(), [""; 0], "{right}");
        assert!(flags(right).is_static(), "{right}");
    }
    // Without quotes, ENV takes these for two variables.
    let unquoted = build("ENV RUSTFLAGS=-C target-feature=+crt-static\nRUN cargo build");
    assert_eq!(unquoted.refused().unwrap().0, "the flag `-C` has no value, so rustc rejects it");
    let alone = flags("target-feature=+crt-static");
    assert!(alone.refused().unwrap().0.starts_with("without `-C`, rustc treats `target-feature=+crt-static`"));
    for lines in [
        "ENV RUSTFLAGS=\"-C target-feature=+crt-static\"\nRUN cargo build",
        "ENV RUSTFLAGS -C target-feature=+crt-static\nRUN cargo build",
        "ARG RUSTFLAGS=\"-C target-feature=+crt-static\"\nRUN cargo build",
        "RUN export RUSTFLAGS='-C target-feature=+crt-static' && cargo build",
        "ENV CARGO_BUILD_RUSTFLAGS=\"-C target-feature=+crt-static\"\nRUN cargo build",
        "RUN CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS='-C target-feature=+crt-static' cargo build",
        "RUN env RUSTFLAGS='-C target-feature=+crt-static' cargo build",
        "RUN sh -c 'export RUSTFLAGS=\"-C target-feature=+crt-static\"; cargo build'",
    ] {
        assert!(build(lines).is_static(), "{lines}");
    }
    for lines in [
        "RUN cargo build",
        "RUN export RUSTFLAGS='-C target-feature=+crt-static'\nRUN cargo build",
        "RUN RUSTFLAGS='-C target-feature=+crt-static' && cargo build",
        "ENV CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_RUSTFLAGS='-C target-feature=+crt-static'\nRUN cargo build",
        "ENV RUSTFLAGS=-Copt-level=3 CARGO_BUILD_RUSTFLAGS=-Ctarget-feature=+crt-static\nRUN cargo build",
        "RUN (export RUSTFLAGS='-C target-feature=+crt-static') && cargo build",
    ] {
        assert!(!build(lines).is_static(), "{lines}");
    }
    for lines in [
        "ENV CARGO_PROFILE_DEV_OPT_LEVEL=z\nRUN cargo build",
        "RUN cargo build --config profile.dev.opt-level=3",
        "RUN cargo build --features x",
        "ENV RUSTC_WRAPPER=sccache\nRUN cargo build",
    ] {
        assert!(build(lines).refused().is_some(), "{lines}");
    }
    assert!(build("RUN cargo build").refused().is_none());
}

#[test]
fn permissions_follow_the_file() {
    let mode = |build: &str, copy: &str| {
        let text = format!(
            "FROM rust AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build -r{build}\nFROM scratch\nCOPY --from=build {copy}\n"
        );
        recipe(&text).program.unwrap_or_else(|| panic!("{text}")).1
    };
    let path = "/src/target/release/tool /tool";
    for (build, copy, expected) in [
        ("", path.to_owned(), 0o755),
        ("", format!("--chmod=0644 {path}"), 0o644),
        ("", format!("--chmod=755 {path}"), 0o755),
        ("", format!("--chmod=u=rx,go= {path}"), 0o500),
        (" && chmod -x target/release/tool", path.to_owned(), 0o644),
        (" && install -m 600 target/release/tool /x", "/x /tool".to_owned(), 0o600),
        (" && cp target/release/tool /x", "/x /tool".to_owned(), 0o755),
    ] {
        assert_eq!(mode(build, &copy).mode, expected, "{build} {copy}");
    }
    assert_eq!(mode("", &format!("--chown=7:8 {path}")).owner, (7, 8));
}
