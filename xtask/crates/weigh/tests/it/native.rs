//! C in a crate: whose it is, with real static libraries that a build script makes with the compiler of the system.
#![cfg(target_os = "linux")]

use crate::calls::{plain, weigh};
use serde_json::Value;
use testbed::project::{Project, json};

/// A program and two crates that wrap C, without anything from a registry.
fn with_c() -> Project {
    let project = plain();
    project.write(
        "Cargo.toml",
        "[package]\nname = \"plain\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\none-sys = { path = \"one\" }\n\
         two-sys = { path = \"two\" }\n\n[profile.release]\nstrip = true\n",
    );
    project.write(
        "Cargo.lock",
        "version = 3\n\n[[package]]\nname = \"one-sys\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"plain\"\nversion = \"0.1.0\"\n\
         dependencies = [\n \"one-sys\",\n \"two-sys\",\n]\n\n[[package]]\nname = \"two-sys\"\nversion = \"0.1.0\"\n",
    );
    project.write(
        "src/main.rs",
        "fn main() {\n    let n = std::env::args().count() as i32;\n    println!(\"{}\", unsafe { one_sys::one(n) + two_sys::two(n) });\n}\n",
    );
    for name in ["one", "two"] {
        let other = if name == "one" { "x * 3" } else { "x * 3 - 7" };
        project.write(
            &format!("{name}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}-sys\"\nversion = \"0.1.0\"\nedition = \"2021\"\nbuild = \"build.rs\"\n"
            ),
        );
        project.write(
            &format!("{name}/src/lib.rs"),
            &format!("#[link(name = \"{name}\", kind = \"static\")]\nextern \"C\" {{\n    pub fn {name}(x: i32) -> i32;\n}}\n"),
        );
        // `same` is alike in both; `own` has one name and two sizes.
        project.write(
            &format!("{name}/{name}.c"),
            &format!(
                "__attribute__((noinline)) static int same(int x) {{ return x * 31 + 5; }}\n\
                 __attribute__((noinline)) static int own(int x) {{ return {other}; }}\n\
                 int {name}(int x) {{ int s = 0; for (int i = 0; i < x; i++) s += same(own(i)); return s; }}\n"
            ),
        );
        project.write(
            &format!("{name}/build.rs"),
            &format!(
                "use std::process::Command;\nfn main() {{\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
                 let run = |c: &mut Command| assert!(c.status().unwrap().success());\n    \
                 run(Command::new(\"cc\").args([\"-O2\", \"-fPIC\", \"-ffunction-sections\", \"-c\", \"{name}.c\", \"-o\"]).arg(format!(\"{{out}}/{name}.o\")));\n    \
                 run(Command::new(\"ar\").arg(\"crs\").arg(format!(\"{{out}}/lib{name}.a\")).arg(format!(\"{{out}}/{name}.o\")));\n    \
                 println!(\"cargo:rustc-link-search=native={{out}}\");\n    println!(\"cargo:rerun-if-changed={name}.c\");\n}}\n"
            ),
        );
    }
    project
}

fn bytes_of(found: &Value, list: &str, name: &str) -> Option<(u64, String)> {
    let row = found[list].as_array().unwrap().iter().find(|row| row["name"] == name)?;
    Some((row["bytes"].as_u64().unwrap(), row["crate"].as_str().unwrap_or_default().to_owned()))
}

#[test]
#[ignore = "compiles C and links across all crates: .ci/run runs it"]
fn c_belongs_to_the_crate_that_compiled_it_and_the_sum_is_exact() {
    let project = with_c();
    // The file is stripped, and read through its twin.
    let found = json(&weigh(&project).args(["bloat", "--format", "json", "-n", "0"]).assert().success());
    let sum: u64 = found["crates"].as_array().unwrap().iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
    assert_eq!(found["text_bytes"].as_u64(), Some(sum));
    for (function, krate) in [("one", "one_sys"), ("two", "two_sys")] {
        let (bytes, owner) = bytes_of(&found, "functions", function).unwrap();
        assert_eq!(owner, krate);
        assert!(bytes_of(&found, "crates", krate).unwrap().0 > bytes, "`own` is in it as well: {found}");
    }
    // Nothing tells which of the two it is from.
    assert_eq!(bytes_of(&found, "functions", "same").unwrap().1, "[other]");
    assert_eq!(bytes_of(&found, "functions", "_start").unwrap().1, "[other]");
}
