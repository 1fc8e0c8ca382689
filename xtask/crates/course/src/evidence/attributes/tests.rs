//! What is told of sources that hand something to the linker, and of those that don't.

use super::*;
use crate::exercise::tests::{GOOD, literal};

fn of(path: &str, text: &str) -> Vec<String> {
    let own = BTreeSet::from(["src/main.rs", "src/count.rs", "src/count/odd.rs", "answers.toml"]);
    let file = (path.to_owned(), text.as_bytes().to_vec());
    found(&file, &own, has_macros(&file))
}

#[test]
fn what_hands_a_file_or_an_option_to_the_linker_is_told() {
    for (text, words) in [
        ("#[link(name = \":../../proc/self/cwd/src/main.rs\")] unsafe extern \"C\" {}", "`link` with `name = "),
        ("# [ r#link /* x */ ( r#name = r#\"/lib/a.so\"# ) ] extern {}", "`link` with"),
        ("#[cfg_attr(all(), link(name = \"\\x3afile\"))] extern {}", "`link` with"),
        (
            "#[cfg_attr(all(), cfg_attr(all(), link(name = concat!(\":\", \"a\"))))] extern {}",
            "`link` with `name = concat",
        ),
        ("#[link(name = \"a\", kind = \"static\")] extern {}", "`link` with `kind = \\\"static\\\"`"),
        ("#[link(name = \"a\", modifiers = \"+verbatim\")] extern {}", "`link` with `modifiers"),
        ("#[link(kind = \"dylib\", name = \"-lfoo\")] extern {}", "`link` with"),
        ("#[link(name = \"a\", name = \"b/c\")] extern {}", "`link` with"),
        ("#![link_args = \"-T x\"]", "`link_args`"),
        ("extern { #[link_ordinal(3)] fn a(); }", "`link_ordinal`"),
        ("#[linkage = \"weak\"] fn a() {}", "`linkage`"),
        ("#[unsafe(no_mangle)] pub extern \"C\" fn _Unwind_Resume() {}", "`no_mangle` for `_Unwind_Resume`"),
        ("#[no_mangle] #[inline(never)] static mut __rust_no_alloc: u8 = 0;", "`no_mangle` for `__rust_no_alloc`"),
        ("#[unsafe(no_mangle)] fn r#rust_begin_unwind() {}", "`no_mangle` for `rust_begin_unwind`"),
        ("#[unsafe(export_name = \"_RNvNtCs_3std9panicking12default_hook\")] fn a() {}", "`export_name` for `_RNv"),
        ("#[export_name = \"\\x5fUnwind_Resume\"] fn a() {}", "`export_name` for"),
        ("#[unsafe(export_name = concat!(\"_Unwind\", \"_Resume\"))] fn a() {}", "`export_name` for"),
        ("core::arch::global_asm!(\".globl _Unwind_Resume\");", "assembly by `global_asm!`"),
        ("use core::arch::asm as a;", "assembly by `asm!`"),
        ("include!(\"/etc/passwd\");", "`include` of"),
        ("include!(\"../answers.toml\");", "`include` of"),
        ("const A: &str = include_str!(concat!(\"a\", \"b\"));", "`include_str` of"),
        ("const A: &[u8] = include_bytes! { \"../../ex1/src/main.rs\" };", "`include_bytes` of"),
        ("use core::include as bring; bring!(\"/a\");", "by another name"),
        ("#[path = \"../answers.toml\"] mod a;", "`path` of"),
        ("#[cfg_attr(all(), path = \"/a.rs\")] mod a;", "`path` of"),
        (
            "macro_rules! m { ($a:ident $b:tt) => { #[$a $b] extern {} } } m!(link (name = \"c\"));",
            "`link` beside a macro",
        ),
        ("macro_rules! m { ($a:ident) => { #[$a(name = \":a\")] extern {} } } m!(link);", "`link` beside a macro"),
        (
            "macro_rules! m { ($a:ident) => { #[unsafe(no_mangle)] fn $a() {} } } m!(_Unwind_Resume);",
            "the name `_Unwind_R",
        ),
        ("macro_rules! m { ($a:ident) => { $a!(\"/a\"); } } m!(include);", "by another name"),
        ("#!/bin/sh \" /*\n#[link(name = \":a\")] extern {}", "`link` with"),
        ("#! /* \n */ [allow(unused)] #[link(name = \":a\")] extern {}", "`link` with"),
        ("/* /* */ // */ #[link(name = \":a\")] extern {}", "`link` with"),
        ("const A: char = '\"'; #[link(name = \":a\")] extern {} const B: char = '\"';", "`link` with"),
    ] {
        let found = of("src/main.rs", text);
        assert!(found.iter().any(|what| what.contains(words)), "{text}: {found:?}");
    }
}

#[test]
fn what_honest_files_have_is_not_told() {
    for text in [
        "#[link(name = \"c\")] unsafe extern \"C\" { fn read(); }",
        "#[link(name = \"stdc++\", kind = \"dylib\",)] extern {}",
        "#[unsafe(no_mangle)] pub unsafe extern \"C\" fn main() {}",
        "#[unsafe(export_name = \"main\")] fn start() {}",
        "// #[link(name = \":a\")]\n/* include!(\"/a\") */ const A: &str = \"#[link(name = \\\":a\\\")]\";",
        "const A: &str = r#\"#[link(name = \":a\")] \"#; /* \" */",
        "let link = std::fs::hard_link(a, b)?; link(a, b); x.link(name); let path = \"/a\";",
        "if path == \"/a\" { path = \"b\"; } let include = 1; let rust_version = 3;",
        "include!(\"count.rs\"); #[path = \"./count/odd.rs\"] mod odd; const A: &str = include_str!(\"../answers.toml\");",
        "macro_rules! m { ($a:expr) => { [$a, $a] } } fn main() { m!(1); }",
    ] {
        assert_eq!(of("src/main.rs", text), [""; 0], "{text}");
    }
    assert_eq!(of("answers.toml", "#[link(name = \":a\")]"), [""; 0]);
}

#[test]
fn a_macro_in_one_file_counts_for_all_and_the_course_s_own_is_known() {
    let exercise = literal(&GOOD.replace("edits = [\"Cargo.toml\"]", "edits = [\"src/a.rs\", \"src/b.rs\"]"));
    let file = |path: &str, text: &str| (path.to_owned(), text.as_bytes().to_vec());
    let files = [file("src/a.rs", "macro_rules! m { () => {} }"), file("src/b.rs", "#[link(name = \"c\")] extern {}")];
    let told = unusual(&exercise, &files, &[]);
    assert_eq!(
        told,
        ["src/b.rs has the word `link` beside a macro: the starter and the solution don't; find out what it is for"]
    );
    assert_eq!(unusual(&exercise, &files, &[&files]), [""; 0]);
    let many: String = (0..20).map(|n| format!("#[link(name = \":{n}\")] extern {{}}\n")).collect();
    let told = unusual(&exercise, &[file("src/a.rs", &many)], &[]);
    assert!(told[0].contains(", 12 more: "), "{told:?}");
}

#[test]
fn damaged_sources_are_read_to_their_end() {
    for text in [
        "link",
        "link(",
        "#[link(name",
        "no_mangle",
        "[no_mangle",
        "[export_name",
        "include!",
        "[path =",
        "link(name =",
        "r#",
    ] {
        of("src/main.rs", text);
        of("src/main.rs", &format!("macro_rules {text}"));
        let before = std::time::Instant::now();
        of("src/main.rs", &format!("{text} ").repeat(2_000));
        assert!(before.elapsed().as_secs() < 10, "{text}");
    }
}
