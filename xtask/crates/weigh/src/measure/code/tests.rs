//! Machine code in files that are made for it, and in this test itself.

use super::*;

fn odd(code: &Code) -> Vec<&str> {
    code.odd.iter().map(|odd| odd.what.as_str()).collect()
}

#[test]
fn ranges_are_united_and_end_with_the_file() {
    assert_eq!(united(vec![(5, 9), (0, 2), (1, 3), (7, 8), (12, 400), (50, 60)], 20), [(0, 3), (5, 9), (12, 20)]);
    assert_eq!(united(vec![(30, 40), (4, 4), (9, 2)], 20), []);
}

#[test]
fn names_of_sections_are_shown_harmlessly() {
    assert_eq!(shown(".code2"), "`.code2`");
    assert_eq!(shown("\u{1b}[31m"), "`\\u{1b}[31m`");
    assert!(shown(&"x".repeat(5000)).ends_with("xxx…`"));
}

#[test]
fn every_usual_section_has_a_source_and_its_name_once() {
    let mut seen = BTreeSet::new();
    for (names, source) in usual::OTHERS.iter().chain(&usual::CODE) {
        assert!(!source.is_empty());
        assert!(names.split_whitespace().all(|name| seen.insert(name)), "{names}");
    }
    assert!(usual::is_known(".debug_line") && usual::is_known(".text") && !usual::is_known(".text.hot"));
    assert!(!usual::is_known("") && !usual::is_code(".rodata"));
}

#[test]
#[cfg(target_os = "linux")]
fn this_test_program_is_usual_but_for_what_std_can_do() {
    let data = binary::content(&std::env::current_exe().unwrap()).unwrap();
    let code = parse(&data).unwrap();
    assert!(code.odd.is_empty() && code.powers.contains(&"mmap64".to_owned()), "{code:?}");
    let file = binary::parse(&data).unwrap();
    let text: u64 = file.sections.iter().filter(|section| section.name == ".text").map(|section| section.bytes).sum();
    assert!(code.bytes >= text && code.bytes < text + 100_000, "{} {text}", code.bytes);
    assert_eq!(code.sha256.len(), 64);
}

/// An ELF file for x86-64 with one segment, mapped executable at the offset 0x1000, and sections of these names, flags,
/// offsets and bytes.
fn elf(segment_flags: u32, sections: &[(&str, u64, u64, u64)]) -> Vec<u8> {
    let mut data = vec![0xcc; 0x3000];
    let mut put = |at: usize, bytes: &[u8]| data[at..at + bytes.len()].copy_from_slice(bytes);
    let names: Vec<u8> = sections.iter().flat_map(|(name, ..)| [name.as_bytes(), b"\0"].concat()).collect();
    let names = [b"\0".as_slice(), b".shstrtab\0", &names].concat();
    put(0, b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let count = if sections.is_empty() { 0_u16 } else { 2 + sections.len() as u16 };
    put(16, &[2, 0, 62, 0, 1, 0, 0, 0]);
    put(24, &[0; 40]);
    put(32, &64_u64.to_le_bytes());
    put(40, &if count == 0 { 0_u64 } else { 0x2000 }.to_le_bytes());
    put(52, &[64, 0, 56, 0, 2, 0, 64, 0]);
    put(60, &count.to_le_bytes());
    put(62, &u16::from(count > 0).to_le_bytes());
    let mut header = |at: usize, kind: u32, flags: u32, offset: u64, bytes: u64| {
        let words = [offset, offset, offset, bytes, bytes, 0x1000].map(u64::to_le_bytes).concat();
        put(at, &[&kind.to_le_bytes(), &flags.to_le_bytes(), words.as_slice()].concat());
    };
    header(64, 1, segment_flags, 0x1000, 0x800);
    header(120, 0x6474_e551, 6, 0, 0);
    let mut section = |index: usize, name: u32, kind: u32, flags: u64, offset: u64, bytes: u64| {
        let words = [flags, 0, offset, bytes].map(u64::to_le_bytes).concat();
        let entry = [&name.to_le_bytes(), &kind.to_le_bytes(), words.as_slice(), &[0; 24]].concat();
        put(0x2000 + 64 * index, &entry);
    };
    if count > 0 {
        section(0, 0, 0, 0, 0, 0);
        section(1, 1, 3, 0, 0x2800, names.len() as u64);
        let mut name = 11;
        for (index, (text, flags, offset, bytes)) in sections.iter().enumerate() {
            section(index + 2, name, 1, *flags, *offset, *bytes);
            name += text.len() as u32 + 1;
        }
    }
    put(0x2800, &names);
    data
}

const READ_EXECUTE: u32 = 5;
const ALLOCATED: u64 = 2;
const CODE: u64 = 6;

#[test]
fn code_is_what_can_be_executed_whatever_it_is_called() {
    let usual = parse(&elf(READ_EXECUTE, &[(".text", CODE, 0x1000, 0x800)])).unwrap();
    assert_eq!((usual.bytes, odd(&usual)), (0x800, Vec::new()));
    // Moved to a section of another name; split; merged into data; without a name.
    for (sections, what) in [
        (vec![(".text", CODE, 0x1000, 0x400), (".code2", CODE, 0x1400, 0x400)], "the executable section `.code2`"),
        (vec![(".text", CODE, 0x1000, 0x400), (".text.2", CODE, 0x1400, 0x400)], "the executable section `.text.2`"),
        (vec![(".text", CODE, 0x1000, 0x400), (".rodata", CODE, 0x1400, 0x400)], "the executable section `.rodata`"),
        (
            vec![(".text", CODE, 0x1000, 0x400), (".data", 7, 0x1400, 0x400)],
            "the section `.data`, which can be written and executed",
        ),
        (vec![(".text", CODE, 0x1000, 0x400), ("", CODE, 0x1400, 0x400)], "a section without a name"),
        (vec![(".text", CODE, 0x1000, 0), (".x", CODE, 0x1000, 0x800)], "no usual section with machine code"),
    ] {
        let code = parse(&elf(READ_EXECUTE, &sections)).unwrap();
        assert_eq!(code.bytes, 0x800, "{what}");
        assert_eq!(code.sha256, usual.sha256, "{what}");
        assert!(odd(&code).contains(&what), "{what}: {:?}", code.odd);
    }
}

#[test]
fn what_is_mapped_executable_is_code_with_no_section_or_none_at_all() {
    let gap = parse(&elf(READ_EXECUTE, &[(".text", CODE, 0x1000, 0x400)])).unwrap();
    assert_eq!(gap.bytes, 0x800);
    let none = parse(&elf(READ_EXECUTE, &[])).unwrap();
    assert_eq!(none.bytes, 0x800);
    assert_eq!(odd(&none), ["no table of sections", "no usual section with machine code"]);
    // A segment that linkers share between code and constants: the constants are not code.
    let shared =
        parse(&elf(READ_EXECUTE, &[(".rodata", ALLOCATED, 0x1000, 0x300), (".text", CODE, 0x1300, 0x500)])).unwrap();
    assert_eq!((shared.bytes, odd(&shared)), (0x500, Vec::new()));
    let both = parse(&elf(7, &[(".text", CODE, 0x1000, 0x800)])).unwrap();
    assert_eq!(odd(&both), ["a segment that can be written and executed"]);
}

#[test]
fn sections_that_overlap_count_no_byte_twice() {
    let sections = [(".text", CODE, 0x1000, 0x800), (".init", CODE, 0x1200, 0x100), (".fini", CODE, 0x1700, 0x100)];
    assert_eq!(parse(&elf(READ_EXECUTE, &sections)).unwrap().bytes, 0x800);
}

#[test]
fn what_is_not_an_executable_is_refused() {
    assert!(parse(b"#!/bin/sh\n").is_err());
    assert!(parse(b"\x7fELF\x02\x01\x01").is_err());
}
