//! Symbols in a file of their own: split off by `objcopy`, and macOS' bundles.

use crate::calls::weigh;
use testbed::made::{self, MachO};
use testbed::project::{Project, json, stderr};

/// What `bloat` finds, apart from what the file itself is.
fn owners(project: &Project, words: &[&str]) -> serde_json::Value {
    let call = weigh(project).arg("bloat").args(words).args(["--format", "json"]).assert().success();
    let mut found = json(&call);
    assert!(found["known"].as_bool().unwrap_or(true), "{found}");
    serde_json::json!([found["crates"].take(), found["functions"].take()])
}

fn put(project: &Project, name: &str, bytes: &[u8]) {
    base::files::write_atomic(&project.path(name), bytes).unwrap();
}

fn refused(project: &Project, words: &[&str]) -> String {
    stderr(&weigh(project).arg("bloat").args(words).assert().code(2))
}

#[cfg(target_os = "linux")]
#[test]
fn what_objcopy_kept_of_the_same_build_names_the_functions_of_a_stripped_program() {
    let project = crate::calls::plain();
    let tool = |program: &str, words: &[&str]| {
        assert_cmd::Command::new(program).args(words).current_dir(project.path("")).assert().success();
    };
    let mut cargo = testbed::project::call("cargo");
    cargo.current_dir(project.path("")).args(["build", "--release"]).assert().success();
    for (program, words) in [
        ("cp", &["target/release/plain", "whole"][..]),
        ("objcopy", &["--only-keep-debug", "whole", "kept"]),
        ("strip", &["-o", "stripped", "whole"]),
        // As a linker leaves it that writes no build ID.
        ("objcopy", &["--remove-section=.note.gnu.build-id", "kept", "kept-without"]),
        ("objcopy", &["--remove-section=.note.gnu.build-id", "stripped", "stripped-without"]),
    ] {
        tool(program, words);
    }
    let whole = owners(&project, &["--file", "whole"]);
    assert_eq!(owners(&project, &["--file", "stripped", "--symbols", "kept"]), whole);
    assert_eq!(owners(&project, &["--file", "stripped-without", "--symbols", "kept-without"]), whole);
    let call = weigh(&project).args(["bloat", "--file", "stripped", "--symbols", "kept"]).assert().success();
    assert!(stderr(&call).contains("note: the symbols are from kept"), "{}", stderr(&call));

    let another = env!("CARGO_BIN_EXE_cargo-weigh");
    let said = refused(&project, &["--file", "stripped-without", "--symbols", another]);
    assert!(
        said.contains("isn't from the same build as stripped-without: its sections of code lie elsewhere"),
        "{said}"
    );
    // The same code with another ID.
    put(&project, "id", &[4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, b'G', b'N', b'U', 0, 1, 2, 3, 4]);
    for (from, to) in [("stripped-without", "other-stripped"), ("kept-without", "other-kept")] {
        tool(
            "objcopy",
            &[
                "--add-section",
                ".note.gnu.build-id=id",
                "--set-section-flags",
                ".note.gnu.build-id=alloc,readonly",
                from,
                to,
            ],
        );
    }
    let mut notes = std::fs::read(project.path("id")).unwrap();
    notes[19] = 5;
    put(&project, "id", &notes);
    tool("objcopy", &["--update-section", ".note.gnu.build-id=id", "other-kept", "other-kept"]);
    let said = refused(&project, &["--file", "other-stripped", "--symbols", "other-kept"]);
    assert!(said.contains("its build ID is 01020305, and the program's is 01020304"), "{said}");

    tool("objcopy", &["--strip-all", "--add-section", ".debug_info.dwo=id", "kept", "tool.dwp"]);
    let said = refused(&project, &["--file", "stripped", "--symbols", "tool.dwp"]);
    assert!(said.contains("tool.dwp has split debug information (.dwo, .dwp): lines and types"), "{said}");
    let said = refused(&project, &["--file", "stripped", "--symbols", "stripped"]);
    assert!(
        said.contains("stripped has no symbols") && said.contains("`objcopy --only-keep-debug PROGRAM FILE`"),
        "{said}"
    );
    put(&project, "a.pdb", b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0\0\0");
    let said = refused(&project, &["--file", "stripped", "--symbols", "a.pdb"]);
    assert!(said.contains("a.pdb is a .pdb, which isn't read here") && said.contains("windows-gnu"), "{said}");
    let said = refused(&project, &["--symbols", "kept"]);
    assert!(said.contains("--file <PATH>"), "{said}");
}

#[test]
fn a_bundle_of_macos_names_the_functions_of_its_program() {
    let project = Project::empty();
    let whole = made::macho(MachO::default());
    let debug = |mut bytes: Vec<u8>| {
        // The kind of file.
        bytes[12] = 10;
        bytes
    };
    let intel = made::macho(MachO { intel: true, ..MachO::default() });
    put(&project, "whole", &whole);
    put(&project, "tool", &made::macho(MachO { stripped: true, ..MachO::default() }));
    put(&project, "tool.dSYM/Contents/Resources/DWARF/tool", &debug(whole.clone()));
    let both = made::universal(&[(0x0100_0007, 3, &debug(intel.clone())), (0x0100_000c, 0, &debug(whole))]);
    put(&project, "both.dSYM/Contents/Resources/DWARF/tool", &both);
    put(&project, "intel.dSYM/Contents/Resources/DWARF/tool", &debug(intel));
    // The stripped file has a table of its own of where functions begin, so what follows the last name may be less.
    let rust = |words: &[&str]| {
        let found = owners(&project, words)[1].take();
        let rows = found.as_array().unwrap().iter().filter(|row| row["crate"] != "[other]");
        rows.map(|row| (row["name"].to_string(), row["bytes"].to_string())).collect::<Vec<_>>()
    };
    let expected = rust(&["--file", "whole"]);
    assert_eq!(expected.len(), 2, "{expected:?}");
    for bundle in ["tool.dSYM", "tool.dSYM/Contents/Resources/DWARF/tool", "both.dSYM"] {
        assert_eq!(rust(&["--file", "tool", "--symbols", bundle]), expected, "{bundle}");
    }
    let said = refused(&project, &["--file", "tool", "--symbols", "intel.dSYM"]);
    assert!(said.contains("isn't from the same build as tool: it is MachO for X86_64"), "{said}");
    let said = refused(&project, &["--file", "tool", "--symbols", "nothing.dSYM"]);
    assert!(said.contains("there is no file nothing.dSYM"), "{said}");
}
