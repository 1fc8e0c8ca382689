//! The same for the tutorial's own programs for Windows and macOS, with all symbols: built here, and compared with what
//! these systems' tools report about sections and functions.

use super::{by_name, taken_apart};
use crate::cross::{self, MACOS, WINDOWS};
use regex_lite::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use testbed::browser::left_out;
use testbed::project::{Project, call, json, stderr, stdout};

const PROGRAMS: [&str; 2] = ["word_freq", "config_tool"];

/// What a tool prints.
fn said(program: &Path, words: &[&str], file: &Path) -> String {
    stdout(&call(program).args(words).arg(file).assert().success())
}

fn hexadecimal(digits: &str) -> u64 {
    u64::from_str_radix(digits, 16).unwrap()
}

/// Compares each function that exists once with the distance to the next symbol, and the crate in its name with the owner. What
/// a compiler puts between two functions, so that the next begins at a multiple of 16, is the only difference allowed. The last
/// one reaches to the end of the code.
fn assert_functions(document: &Value, listing: &str, end: u64, name: &str) {
    let line = Regex::new(r"^([0-9a-f]+) ([a-zA-Z]) (.+?)(::h[0-9a-f]{16})?$").unwrap();
    let symbols: Vec<(u64, bool, String)> = listing
        .lines()
        .filter_map(|text| line.captures(text))
        .map(|found| (hexadecimal(&found[1]), found[2].eq_ignore_ascii_case("t"), found[3].to_owned()))
        .collect();
    let starts: BTreeSet<u64> = symbols.iter().map(|symbol| symbol.0).chain([end]).collect();
    let mut sizes: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for (start, is_code, function) in &symbols {
        if let Some(next) = starts.range(start + 1..).next().filter(|_| *is_code) {
            sizes.entry(function).or_default().push(next - start);
        }
    }
    let (mut equal, mut unknown) = (0, Vec::new());
    let path = Regex::new(r"^(\w+)::").unwrap();
    for row in document["functions"].as_array().unwrap().iter().filter(|row| row["copies"] == 1) {
        let (function, bytes) = (row["name"].as_str().unwrap(), row["bytes"].as_u64().unwrap());
        // What the C library starts with has lists and labels among its functions.
        if !function.contains("::") {
            continue;
        }
        let Some(sizes) = sizes.get(function) else {
            unknown.push(function);
            continue;
        };
        let fits = sizes.iter().any(|size| (bytes..bytes + 16).contains(size));
        assert!(fits, "{name}: {function} is {bytes} bytes, and not {sizes:?}");
        equal += 1;
        let owner = row["crate"].as_str().unwrap().trim_end_matches(" [std]");
        if let Some(first) = path.captures(function).filter(|found| &found[1] != "__rustc") {
            assert_eq!(owner, &first[1], "{name}: {function}");
        }
    }
    // Functions of generic types are shown without their arguments, so some names differ from the tool's.
    assert!(equal > 200 && unknown.len() < equal, "{name}: {equal} are equal, and these unknown: {unknown:?}");
    let own = name.split(' ').next().unwrap();
    assert!(by_name(document, "crates")[own] > 1_000, "{name}: {document:#}");
}

#[test]
#[ignore = "builds the programs for Windows: .ci/run windows runs it"]
fn programs_for_windows_agree_with_objdump_and_nm() {
    if !cross::can_build(WINDOWS) {
        return;
    }
    let [objdump, nm] = ["x86_64-w64-mingw32-objdump", "x86_64-w64-mingw32-nm"].map(|name| cross::tool(name).unwrap());
    let built = cross::build(WINDOWS, &["--release", "--package", "word_freq", "--package", "config_tool"]);
    let project = Project::empty();
    let section = Regex::new(r"(?m)^ +\d+ (\.\S+) +([0-9a-f]{8}) +([0-9a-f]{16}) .*\n +(.*)$").unwrap();
    for program in PROGRAMS {
        let file = cross::named(&built, program);
        let document = taken_apart(&project, file.to_str().unwrap(), &["-n", "0"]);
        assert_eq!((document["format"].as_str(), document["known"].as_bool()), (Some("PE, x86-64"), Some(true)));
        let sections = by_name(&document, "sections");
        let headers = said(&objdump, &["-h"], file);
        for found in section.captures_iter(&headers) {
            let bytes = if found[4].contains("CONTENTS") { hexadecimal(&found[2]) } else { 0 };
            assert_eq!(sections[&found[1]], bytes, "{program}: {}", &found[1]);
        }
        assert!(section.captures_iter(&headers).count() >= 8, "{headers}");
        let text = section.captures_iter(&headers).find(|found| &found[1] == ".text").unwrap();
        let end = hexadecimal(&text[2]) + hexadecimal(&text[3]);
        assert_functions(&document, &said(&nm, &["-nC"], file), end, program);
    }
    let [small, large] = PROGRAMS.map(|program| cross::named(&built, program).to_str().unwrap());
    let changes = json(&project.run(&["diff", small, large, "--format", "json"]).success());
    let sum = |list: &str| {
        changes[list]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["b"].as_i64().unwrap() - row["a"].as_i64().unwrap())
            .sum::<i64>()
    };
    let size = |path: &str| i64::try_from(std::fs::metadata(path).unwrap().len()).unwrap();
    assert_eq!(sum("sections"), size(large) - size(small), "{changes:#}");
    let text = stdout(&project.run(&["diff", small, large]).success());
    assert!(text.contains("serde_json") && text.contains("hashbrown"), "{text}");
}

/// Compares the sections of a Mach-O file with what `llvm-size -m -l` prints. Returns the address at which the code ends.
fn assert_segments(document: &Value, listing: &str, name: &str) -> u64 {
    let sections = by_name(document, "sections");
    let row = Regex::new(r"(?m)^(?:Segment (\w+)|\tSection (\w+): (\d+) \(addr 0x([0-9a-f]+) )").unwrap();
    let (mut segment, mut compared, mut end) = (String::new(), 0, 0);
    for found in row.captures_iter(listing) {
        if let Some(name) = found.get(1) {
            name.as_str().clone_into(&mut segment);
            continue;
        }
        let bytes: u64 = found[3].parse().unwrap();
        if &found[2] == "__text" {
            end = hexadecimal(&found[4]) + bytes;
        }
        let only_memory = ["__bss", "__common", "__thread_bss"].contains(&&found[2]);
        let section = format!("{segment},{}", &found[2]);
        assert_eq!(sections.get(&section), Some(&if only_memory { 0 } else { bytes }), "{name}: {section}");
        compared += 1;
    }
    assert!(compared >= 10 && end > 0, "{name}: {listing}");
    end
}

#[test]
#[ignore = "builds the programs for macOS: .ci/run windows runs it"]
fn programs_for_macos_agree_with_llvms_tools_thin_and_universal() {
    if !MACOS.iter().all(|target| cross::can_build(target)) {
        return;
    }
    let tools = ["llvm-nm", "llvm-size", "llvm-lipo"].map(cross::tool);
    let [Some(nm), Some(size), Some(lipo)] = &tools else {
        return left_out("there is no llvm-nm, llvm-size or llvm-lipo");
    };
    let project = Project::empty();
    let release = "profile.release.strip=\"none\"";
    let words = ["--release", "--config", release, "--package", "word_freq", "--package", "config_tool"];
    let built: Vec<(&str, Vec<PathBuf>)> = MACOS.iter().map(|target| (*target, cross::build(target, &words))).collect();
    for program in PROGRAMS {
        let both = project.path(program);
        let mut thin = Vec::new();
        for (target, programs) in &built {
            let file = cross::named(programs, program);
            let name = format!("{program} {target}");
            let document = taken_apart(&project, file.to_str().unwrap(), &["-n", "0"]);
            assert_eq!(document["known"], true, "{name}");
            let end = assert_segments(&document, &said(size, &["-m", "-l"], file), &name);
            assert_functions(&document, &said(nm, &["-nC"], file), end, &name);
            thin.push((target.split('-').next().unwrap(), file, document));
        }
        call(lipo).arg("-create").args(thin.iter().map(|part| part.1)).arg("-output").arg(&both).assert().success();
        let refused = project.run(&["bloat", "--file", program]).code(2);
        assert!(stderr(&refused).contains("a universal file"), "{}", stderr(&refused));
        for (processor, _, mut document) in thin {
            let mut part = taken_apart(&project, program, &["-n", "0", "--arch", processor]);
            // Only the name of the file differs.
            for document in [&mut part, &mut document] {
                for key in ["file", "program"] {
                    document[key] = Value::Null;
                }
            }
            assert_eq!(part, document, "{program} {processor}");
        }
    }
}

#[test]
#[ignore = "builds the runner for macOS: .ci/run windows runs it"]
fn the_runner_is_built_for_macos_and_taken_apart() {
    if !cross::can_build(MACOS[0]) {
        return;
    }
    let project = Project::empty();
    for program in cross::build(MACOS[0], &["--package", "xtask", "--package", "cargo-weigh"]) {
        let document = taken_apart(&project, program.to_str().unwrap(), &["-n", "0"]);
        assert_eq!((document["format"].as_str(), document["known"].as_bool()), (Some("Mach-O, aarch64"), Some(true)));
        let crates = by_name(&document, "crates");
        assert!(["weigh", "base", "core", "object"].iter().all(|name| crates[*name] > 10_000), "{crates:?}");
    }
}
