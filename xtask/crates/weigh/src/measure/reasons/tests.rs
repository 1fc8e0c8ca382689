//! The graph against what other programs read of the same file: `objdump` disassembles it, and lists what the loader fills in.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod aarch64;

use super::*;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use testbed::project::{Project, call, stdout};

/// The flags of a twin.
const FLAGS: [&str; 4] = ["-C", "symbol-mangling-version=v0", "-C", "link-arg=-Wl,--emit-relocs"];

/// Links a program of one file.
fn linked(project: &Project, source: &str, flags: &[&str]) -> PathBuf {
    project.write("main.rs", source);
    let mut rustc = call("rustc");
    rustc.current_dir(project.path("")).args(["--edition=2024", "main.rs", "-o", "twin"]).args(FLAGS).args(flags);
    rustc.assert().success();
    project.path("twin")
}

fn reasons(data: &[u8]) -> Reasons {
    let binary = binary::parse(data).unwrap();
    Reasons::of(&binary.sections, data, data, &Natives::default(), &Crates::default()).unwrap().unwrap()
}

/// What `objdump` says of a program.
struct Disassembly {
    /// The place of each instruction that refers to something outside of it, and the address of that.
    uses: Vec<(u64, u64)>,
    /// What the loader writes: where, and which address.
    filled_in: Vec<(u64, u64)>,
}

/// A number in base 16 at the beginning of a text.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start_matches("0x");
    let end = text.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(text.len());
    u64::from_str_radix(&text[..end], 16).ok()
}

impl Disassembly {
    fn of(program: &Path) -> Self {
        let objdump = |words: &[&str]| stdout(&call("objdump").args(words).arg(program).assert().success());
        let filled_in: Vec<(u64, u64)> = objdump(&["-R"])
            .lines()
            .filter_map(|line| Some((number(line)?, number(line.split_once("*ABS*+")?.1)?)))
            .collect();
        // Code takes the addresses of some functions and variables out of a table.
        let table = objdump(&["-h"]);
        let table = table.lines().find_map(|line| {
            let mut words = line.split_whitespace().skip_while(|word| *word != ".got").skip(1);
            let (bytes, start) = (number(words.next()?)?, number(words.next()?)?);
            Some(start..start + bytes)
        });
        let is_slot = |place: &u64| table.as_ref().is_some_and(|table| table.contains(place));
        let slots: HashMap<u64, u64> = filled_in.iter().copied().filter(|(place, _)| is_slot(place)).collect();
        let text = objdump(&["-d", "-w", "--no-show-raw-insn"]);
        let uses = text.lines().filter_map(|line| {
            let (place, instruction) = line.trim_start().split_once(":\t")?;
            let target = match instruction.split_once(" # ") {
                Some((_, target)) => number(target.trim_start()),
                None => {
                    let (mnemonic, operand) = instruction.rsplit_once(' ').filter(|_| !instruction.contains('%'))?;
                    let (mnemonic, operand) = match instruction.find(" <") {
                        Some(at) => instruction[..at].rsplit_once(' ')?,
                        None => (mnemonic, operand),
                    };
                    let is_jump = ["call", "j", "bnd", "notrack"].iter().any(|start| mnemonic.starts_with(start));
                    if is_jump { number(operand) } else { None }
                }
            }?;
            Some((number(place)?, slots.get(&target).copied().unwrap_or(target)))
        });
        Self { uses: uses.collect(), filled_in }
    }
}

/// How the graph differs from a disassembly.
#[derive(Debug, Default)]
struct Differences {
    agree: usize,
    functions: usize,
    /// Edges of the disassembly that the graph doesn't have.
    missing: Vec<String>,
    /// Edges of code in the graph that the disassembly doesn't have.
    more: Vec<String>,
    /// Addresses that are no part's beginning.
    inside: Vec<String>,
    /// Parts of constants that begin where nothing points.
    cut: Vec<String>,
    constants: usize,
}

impl Differences {
    fn of(program: &Path) -> Self {
        Self::between(program, &Disassembly::of(program))
    }

    fn between(program: &Path, found: &Disassembly) -> Self {
        let data = fs::read(program).unwrap();
        let reasons = reasons(&data);
        let mut parts: Vec<(u64, u64, u32)> = Vec::new();
        for (number, part) in reasons.parts.iter().enumerate() {
            parts.push((part.address, part.address + part.bytes, number as u32));
        }
        parts.sort_unstable();
        let at = |address: u64| {
            let (from, to, number) = *parts.get(parts.partition_point(|part| part.0 <= address).checked_sub(1)?)?;
            (from <= address && address < to).then_some(number)
        };
        let shown = |number: u32| {
            let part = &reasons.parts[number as usize];
            format!("{} {:x}+{} {}", reasons.section_names[part.section as usize], part.address, part.bytes, part.name)
        };
        let is_code = |number: u32| reasons.parts[number as usize].code_bytes > 0;
        // What the compiler has named is one part, wherever in it something points.
        let linked = elf::read(&data).unwrap().unwrap();
        let labels: HashSet<u64> =
            linked.names.iter().filter(|name| names::is_label(name.symbol)).map(|name| name.address).collect();
        let is_found = |part: &Part| part.name.is_empty() && !labels.contains(&part.address);
        let mut differences = Self::default();
        let mut edges: HashSet<(u32, u32)> = HashSet::new();
        let mut targets: HashSet<u64> = HashSet::new();
        let mut functions: HashSet<u32> = HashSet::new();
        for &(place, target) in found.uses.iter().chain(&found.filled_in) {
            targets.insert(target);
            let (Some(from), Some(to)) = (at(place), at(target)) else { continue };
            functions.insert(from);
            // The start-up code of C takes the address of an empty table, where another section begins.
            let is_empty = reasons.parts[from as usize].name.ends_with("tm_clones");
            if from != to && !is_empty && edges.insert((from, to)) {
                if reasons.graph.uses(from).contains(&to) {
                    differences.agree += 1;
                } else {
                    differences.missing.push(format!("{place:x}: {} -> {target:x} {}", shown(from), shown(to)));
                }
            }
            let part = &reasons.parts[to as usize];
            if is_found(part) && part.address != target {
                differences.inside.push(format!("{place:x}: {} -> {target:x} in {}", shown(from), shown(to)));
            }
        }
        differences.functions = functions.len();
        // Where a thread's own data are is no address in an instruction.
        let is_own = |part: u32| reasons.section_names[reasons.parts[part as usize].section as usize] == ".tdata";
        for from in (0..reasons.parts.len() as u32).filter(|part| is_code(*part)) {
            for &to in reasons.graph.uses(from).iter().filter(|to| !is_own(**to) && !edges.contains(&(from, **to))) {
                differences.more.push(format!("{} -> {}", shown(from), shown(to)));
            }
        }
        // What a table of distances points at is in no disassembly.
        for (number, part) in
            reasons.parts.iter().enumerate().filter(|(_, part)| is_found(part) && part.code_bytes == 0)
        {
            let by_table = reasons.graph.users(number as u32).iter().any(|user| !is_code(*user));
            differences.constants += 1;
            if !by_table && !targets.contains(&part.address) {
                differences.cut.push(shown(number as u32));
            }
        }
        differences
    }
}

/// Generic functions, trait objects, tables of jumps and of texts, statics, threads, recursion: what code refers to in many ways.
const PROGRAM: &str = r#"
use std::cell::Cell;
use std::fmt::{Debug, Display};
static TABLE: [&str; 3] = ["one", "two", "three"];
static BLOB: [u8; 5000] = [7; 5000];
static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(5);
thread_local! { static DEEP: Cell<u32> = const { Cell::new(3) }; }
trait Shape { fn area(&self, n: u32) -> f64; }
struct Round(f64);
struct Flat(f64, f64);
impl Shape for Round { fn area(&self, n: u32) -> f64 { self.0 * 3.25 + f64::from(n) } }
impl Shape for Flat { fn area(&self, n: u32) -> f64 { self.0 * self.1 - f64::from(n) } }
#[inline(never)] fn show<T: Debug + Display>(value: T) -> String { format!("{value:?} {value}") }
#[inline(never)] fn word(n: u32) -> &'static str {
    match n { 0 => "nought", 1 => "a longer text", 2 => "two", 3 => "third", 4 => "fourth", 5 => "5", 6 => "six", _ => TABLE[n as usize % 3] }
}
#[inline(never)] fn act(n: u32) -> u32 {
    match n { 0 => std::process::id(), 1 => n.count_ones() + word(n).len() as u32, 2 => DEEP.get(), 3 => act(n - 1), 4 => other(n), 5 => 77, _ => n }
}
#[inline(never)] fn other(n: u32) -> u32 { if n > 100 { 0 } else { act(n + 1) ^ u32::from(BLOB[n as usize]) } }
fn main() {
    let n = std::env::args().count() as u32;
    let shapes: [Box<dyn Shape>; 2] = [Box::new(Round(1.5)), Box::new(Flat(2.5, f64::from(n)))];
    let sum: f64 = shapes.iter().map(|shape| shape.area(n)).sum();
    COUNT.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    if COUNT.load(std::sync::atomic::Ordering::Relaxed) == 9 { COUNT.store(1000, std::sync::atomic::Ordering::Relaxed); }
    println!("{sum} {} {} {} {}", show(n), show("text"), word(n), act(n));
}
"#;

#[test]
fn the_graph_is_what_a_disassembler_finds() {
    if call("objdump").arg("--version").ok().is_err() {
        // Without binutils there is nothing to compare with.
        return base::output::note("nothing is disassembled: objdump (binutils) isn't installed");
    }
    for flags in [
        &["-O"][..],
        &["-O", "-Clinker-features=-lld"],
        &["-Copt-level=0"],
        &["-Copt-level=s", "-Cpanic=abort", "-Clto", "-Ctarget-cpu=haswell"],
    ] {
        let project = Project::empty();
        let found = Differences::of(&linked(&project, PROGRAM, flags));
        assert!(found.agree > 1000 && found.functions > 300 && found.constants > 300, "{flags:?} {found:?}");
        assert_eq!((&found.missing, &found.more, &found.inside), (&Vec::new(), &Vec::new(), &Vec::new()), "{flags:?}");
        // GNU ld keeps the strings of a section together, also those that nothing points at.
        assert!(found.cut.len() * 30 <= found.constants, "{flags:?} {found:#?}");
    }
}

/// Asks everything, and tells whether the bytes of the owners are the file's.
fn ask_all(file: &[u8], twin: &[u8]) -> Option<Reasons> {
    let binary = binary::parse(file).ok()?;
    let reasons = Reasons::of(&binary.sections, file, twin, &Natives::default(), &Crates::default()).ok()?.ok()?;
    let shares = reasons.shares();
    assert_eq!(shares.iter().map(|share| share.own_bytes).sum::<i64>(), signed(binary.bytes));
    let groups = reasons.groups();
    assert!(groups.iter().all(|group| group.retained_bytes >= group.own_bytes));
    let nodes = reasons.nodes();
    assert!(nodes.iter().all(|node| node.retained_bytes >= node.own_bytes));
    let names: Vec<String> = reasons.crates().map(str::to_owned).collect();
    for name in names.iter().map(String::as_str).chain([".rodata", "main", "core::fmt"]) {
        let why = reasons.why(name, &reasons.find(name), 3);
        assert!(why.retained_bytes >= why.own_bytes && why.chains.len() <= 3, "{why:?}");
    }
    let without = reasons.without(&names).unwrap();
    assert_eq!(without.sections.iter().map(|section| section.bytes).sum::<u64>(), without.file_bytes);
    Some(reasons)
}

/// A program without the standard library: a few kilobytes with all kinds of tables.
fn tiny() -> Vec<u8> {
    let source = r#"#![no_std] #![no_main]
        use core::fmt::Write;
        struct Out(u64);
        impl Write for Out { fn write_str(&mut self, text: &str) -> core::fmt::Result { self.0 += text.len() as u64; Ok(()) } }
        trait Act { fn act(&self, n: u64) -> u64; }
        impl Act for u8 { fn act(&self, n: u64) -> u64 { n + u64::from(*self) } }
        impl Act for u32 { fn act(&self, n: u64) -> u64 { n * u64::from(*self) } }
        static ACTS: [&(dyn Act + Sync); 2] = [&7_u8, &8_u32];
        #[unsafe(link_section = "my_set")] #[used] static FIRST: u64 = 1;
        unsafe extern "C" { static __start_my_set: u64; }
        #[panic_handler] fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
        #[unsafe(no_mangle)] extern "C" fn rust_eh_personality() {}
        #[inline(never)] fn word(n: u64) -> &'static str { match n { 0 => "a", 1 => "long", 2 => "text", 3 => "no", 4 => "yes", _ => "?" } }
        #[unsafe(no_mangle)] pub extern "C" fn _start(n: u64) -> u64 {
            let mut out = Out(n);
            let _ = write!(out, "{n} {}", word(n));
            ACTS[n as usize].act(out.0) + unsafe { __start_my_set }
        }"#;
    let flags =
        ["-O", "-Cpanic=abort", "-Clink-arg=-nostartfiles", "-Clink-arg=-nostdlib", "-Cforce-unwind-tables=yes"];
    let project = Project::empty();
    fs::read(linked(&project, source, &flags)).unwrap()
}

#[test]
fn damage_is_refused_or_read_and_never_a_crash() {
    let whole = tiny();
    let reasons = ask_all(&whole, &whole).unwrap();
    let set = reasons.why("my_set", &reasons.find("my_set"), 1);
    assert!(set.chains[0].iter().any(|step| step.name == "__start_my_set"), "{set:?}");
    // Each truncation at a place where something may begin; and the same damage in every run.
    for end in (0..whole.len()).step_by(97) {
        ask_all(&whole, &whole[..end]);
    }
    let mut state = 17_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let headers = usize::try_from(u64::from_le_bytes(whole[40..48].try_into().unwrap())).unwrap();
    let mut read = 0;
    for _ in 0..250 {
        let mut damaged = whole.clone();
        for _ in 0..=next(6) {
            // The table of sections, its neighborhood, or anything.
            let at = match next(3) {
                0 => headers + next(whole.len() - headers),
                1 => next(256),
                _ => next(whole.len()),
            };
            let value = [0, 1, 4, 0x7f, 0x80, 0xff, u8::try_from(next(256)).unwrap()][next(7)];
            damaged.iter_mut().skip(at).take([1, 2, 8][next(3)]).for_each(|byte| *byte = value);
        }
        read += usize::from(ask_all(&whole, &damaged).is_some());
        ask_all(&damaged, &damaged);
    }
    assert!(read > 50, "{read} of 250 could still be read");
}

/// A section of a made file: name, kind, flags, address, content, link, what it is about, and bytes of an entry.
type Made<'a> = (&'a str, u64, u64, u64, Vec<u8>, u64, u64, u64);

/// A file for a kind of processor with these sections after the empty one.
fn made(machine: u16, sections: &[Made<'_>]) -> Vec<u8> {
    let number = |value: u64, bytes: usize| value.to_le_bytes()[..bytes].to_vec();
    let mut names = vec![0];
    let (mut content, mut headers) = (vec![0; 64], vec![0; 64]);
    let strings = (".shstrtab", 3, 0, 0, Vec::new(), 0, 0, 0);
    for (name, kind, flags, address, data, link, info, entry) in sections.iter().chain([&strings]) {
        let at = names.len() as u64;
        names.extend(name.bytes().chain([0]));
        let data = if *name == ".shstrtab" { &names } else { data };
        headers.extend([number(at, 4), number(*kind, 4), number(*flags, 8), number(*address, 8)].concat());
        headers.extend([number(content.len() as u64, 8), number(data.len() as u64, 8)].concat());
        headers.extend([number(*link, 4), number(*info, 4), number(8, 8), number(*entry, 8)].concat());
        content.extend(data);
    }
    let table = content.len() as u64;
    let count = sections.len() as u64 + 2;
    let start =
        [&b"\x7fELF\x02\x01\x01"[..], &[0; 9], &number(2, 2), &number(machine.into(), 2), &number(1, 4)].concat();
    let rest = [number(TEXT, 8), number(0, 8), number(table, 8), number(0, 4)].concat();
    let sizes = [64, 56, 0, 64, count, count - 1].map(|size| number(size, 2)).concat();
    content[..64].copy_from_slice(&[start, rest, sizes].concat());
    content.extend(headers);
    content
}

const TEXT: u64 = 0x1000;
const X86: u16 = 62;
const ARM: u16 = 183;

/// A symbol: where its name is, kind and binding, section, address, bytes.
fn symbol((name, info, section, address, bytes): (u32, u8, u16, u64, u64)) -> Vec<u8> {
    let section = section.to_le_bytes();
    [&name.to_le_bytes()[..], &[info, 0], &section, &address.to_le_bytes(), &bytes.to_le_bytes()].concat()
}

/// A relocation: place, symbol, kind, addend.
fn relocation((place, symbol, kind, addend): (u64, u64, u64, i64)) -> Vec<u8> {
    [place.to_le_bytes(), (symbol << 32 | kind).to_le_bytes(), addend.to_le_bytes()].concat()
}

fn code(address: u64, bytes: usize) -> Made<'static> {
    (".text", 1, 6, address, vec![0x90; bytes], 0, 0, 0)
}

/// The tables after two loaded sections: symbols, their names, and relocations of the first and the second section.
fn tables(
    symbols: &[(u32, u8, u16, u64, u64)],
    names: &[u8],
    first: &[(u64, u64, u64, i64)],
    second: &[(u64, u64, u64, i64)],
) -> Vec<Made<'static>> {
    let entries = |list: &[(u64, u64, u64, i64)]| list.iter().flat_map(|entry| relocation(*entry)).collect::<Vec<u8>>();
    let symbols = [vec![0; 24], symbols.iter().flat_map(|of| symbol(*of)).collect()].concat();
    vec![
        (".symtab", 2, 0, 0, symbols, 4, 0, 24),
        (".strtab", 3, 0, 0, names.to_vec(), 0, 0, 0),
        (".rela.text", 4, 0, 0, entries(first), 3, 1, 24),
        (".rela.rodata", 4, 0, 0, entries(second), 3, 2, 24),
    ]
}

/// Kinds of symbols: a section, a function.
const SECTION: u8 = 3;
const FUNCTION: u8 = 2;

#[test]
fn the_relocations_of_aarch64_are_read() {
    let names = b"\0start\0used\0far\0$x\0";
    let symbols = [
        (0, SECTION, 1, TEXT, 0),
        (0, SECTION, 2, 0x2000, 0),
        (1, FUNCTION, 1, TEXT, 16),
        (7, FUNCTION, 1, TEXT + 16, 16),
        (12, FUNCTION, 1, TEXT + 32, 16),
        (16, 0, 1, TEXT + 16, 0),
    ];
    // start: BL used; ADRP and ADD of .rodata + 8. used: LDR of .rodata + 16. The constant at 8: an address of far. That at 16: a
    // table of two distances, to far and to itself.
    let [page, low, call, absolute, load, distance] = [275, 277, 283, 257, 286, 261];
    let text = [(TEXT, 4, call, 0), (TEXT + 4, 2, page, 8), (TEXT + 8, 2, low, 8), (TEXT + 16, 2, load, 16)];
    let rodata = [(0x2008, 5, absolute, 0), (0x2010, 1, distance, 32), (0x2014, 2, distance, 16 + 4)];
    let mut sections = vec![code(TEXT, 48), (".rodata", 1, 2, 0x2000, vec![1; 32], 0, 0, 0)];
    sections.extend(tables(&symbols, names, &text, &rodata));
    let file = made(ARM, &sections);
    let reasons = ask_all(&file, &file).unwrap();
    let shown = |part: u32| (reasons.parts[part as usize].address, reasons.parts[part as usize].bytes);
    let parts: Vec<_> = (0..reasons.parts.len() as u32).map(shown).collect();
    assert_eq!(parts, [(TEXT, 16), (TEXT + 16, 16), (TEXT + 32, 16), (0x2000, 8), (0x2008, 8), (0x2010, 16)]);
    let uses: Vec<_> = (0..6).map(|part| reasons.graph.uses(part).to_vec()).collect();
    assert_eq!(uses, [vec![1, 4], vec![5], vec![], vec![], vec![2], vec![2]]);
}

#[test]
fn what_lies_in_its_tables_is_no_panic() {
    let names = b"\0a\0b\0";
    let rodata = |address: u64| (".rodata", 1, 2, address, vec![1; 64], 0, 0, 0);
    let text = [
        (TEXT, 2, 2, -4),
        (u64::MAX, 1, 2, i64::MIN),
        (TEXT + 8, 2, 2, i64::MAX),
        (TEXT + 12, u64::from(u32::MAX), 2, 0),
    ];
    for address in [0x2000, TEXT, TEXT + 3, u64::MAX - 60, u64::MAX, 0] {
        for bytes in [0, 1, 63, u64::MAX] {
            let symbols = [
                (0, SECTION, 1, TEXT, 0),
                (0, SECTION, 2, address, 0),
                (1, FUNCTION, 1, TEXT + 1, bytes),
                (3, 1, 2, address.wrapping_add(7), bytes),
            ];
            let of_rodata =
                [(address, 1, 2, 5), (address.wrapping_add(60), 2, 1, 40), (address.wrapping_add(8), 2, 2, 90)];
            for at in [TEXT, u64::MAX - 20] {
                let mut sections = vec![code(at, 64), rodata(address)];
                sections.extend(tables(&symbols, names, &text, &of_rodata));
                let file = made(X86, &sections);
                assert!(ask_all(&file, &file).is_some());
            }
        }
    }
    // The same table a thousand times over.
    let mut sections = vec![code(TEXT, 64), rodata(0x2000)];
    sections.extend(tables(&[(0, SECTION, 2, 0x2000, 0)], names, &vec![(TEXT, 1, 2, 0); 1000], &[]));
    let mut file = made(X86, &sections);
    let header = file.len() - 64 * 3;
    let again = file[header..header + 64].to_vec();
    let end = file.len();
    (0..40).for_each(|_| file.extend(&again));
    let count = u16::from_le_bytes([file[60], file[61]]) + 40;
    file[60..62].copy_from_slice(&count.to_le_bytes());
    assert!(end < file.len());
    let binary = binary::parse(&file[..]).unwrap();
    let error = Reasons::of(&binary.sections, &file, &file, &Natives::default(), &Crates::default()).unwrap_err();
    assert_eq!(error.0, "its relocation tables overlap");
}

#[test]
fn very_many_symbols_and_a_set_that_all_use_take_little() {
    // All at one address; and each constant of a set used through the name of the whole set, by each function.
    let count = 100_000_u32;
    let mut symbols = vec![(0, SECTION, 1, TEXT, 0), (0, SECTION, 2, 0x200_0000, 0), (3, 1, 2, 0x200_0000, 0)];
    symbols.extend((0..count).map(|_| (1, FUNCTION, 1, TEXT, 16)));
    symbols.extend((0..4000).map(|number| (1, FUNCTION, 1, TEXT + 16 * number, 16)));
    let names = b"\0f\0__start_set\0";
    let text: Vec<_> = (0..4000).map(|number| (TEXT + 16 * number + 3, 3, 2, -4)).collect();
    let set: Vec<_> =
        (0..4000).map(|number| (0x200_0000 + 8 * number, 2, 1, 8 * i64::try_from(number).unwrap())).collect();
    let mut sections = vec![code(TEXT, 64_000), ("set", 1, 2, 0x200_0000, vec![0; 32_000], 0, 0, 0)];
    sections.extend(tables(&symbols, names, &text, &set));
    let file = made(X86, &sections);
    let reasons = ask_all(&file, &file).unwrap();
    assert_eq!(reasons.parts.len(), 8001);
    let edges: usize = (0..8001).map(|part| reasons.graph.uses(part).len()).sum();
    assert_eq!(edges, 8000);
}
