//! Small programs, libraries and objects of every format, written byte by byte. A library for writing them would be
//! compiled a second time by everyone who runs the tests.

mod pe;

pub use pe::{FUNCTIONS, File, Pe, TEXT, pe};

/// What a program for macOS has besides its sections.
#[derive(Clone, Copy, Default)]
pub struct MachO {
    /// For x86-64 instead of arm64.
    pub intel: bool,
    /// All but one exported symbol is removed.
    pub stripped: bool,
    /// The table of function starts is missing.
    pub without_starts: bool,
}

/// A program for macOS, with two sections of the name `__const`, and tables for the loader.
pub fn macho(with: MachO) -> Vec<u8> {
    let mut file = File::default();
    let (cpu, variant) = if with.intel { (0x0100_0007, 3) } else { (0x0100_000c, 0) };
    file.words(0, &[0xfeed_facf, cpu, variant, 2]);
    let (mut at, mut commands) = (32, 0);
    let mut segment =
        |file: &mut File, name: &str, address: u64, range: (u64, u64), sections: &[(&str, u64, u32, u32)]| {
            let bytes = 72 + sections.len() * 80;
            file.words(at, &[0x19, bytes as u32]).put(at + 8, name.as_bytes());
            file.long(at + 24, address).long(at + 32, 0x4000).long(at + 40, range.0).long(at + 48, range.1);
            file.words(at + 56, &[5, 5, sections.len() as u32, 0]);
            for (index, (section, bytes, offset, flags)) in sections.iter().enumerate() {
                let at = at + 72 + index * 80;
                file.put(at, section.as_bytes()).put(at + 16, name.as_bytes());
                file.long(at + 32, address + u64::from(*offset) - range.0).long(at + 40, *bytes).word(at + 48, *offset);
                file.word(at + 64, *flags);
            }
            at += bytes;
            commands += 1;
        };
    let code = [("__text", u64::from(TEXT), 0x1000, 0x8000_0400), ("__const", 0x80, 0x1300, 0)];
    segment(&mut file, "__TEXT", 0x1_0000_0000, (0, 0x2000), &code);
    let data = [("__const", 0x40, 0x2000, 0), ("__bss", 0x7000, 0x2000, 1)];
    segment(&mut file, "__DATA", 0x1_0000_4000, (0x2000, 0x100), &data);
    // The symbols of the crates are local, as a linker makes them of what nothing outside needs.
    let symbols: Vec<(&str, u32, u8)> = match with.stripped {
        true => vec![("_napi_register_module_v1", 0x280, 0x0f)],
        false => FUNCTIONS
            .iter()
            .map(|(name, start, _)| (*name, *start, if *name == "start" { 0x0f } else { 0x0e }))
            .collect(),
    };
    let (table, mut strings) = (0x2140, vec![b' ', 0]);
    for (index, (name, start, kind)) in symbols.iter().enumerate() {
        let at = table + index * 16;
        file.word(at, strings.len() as u32).put(at + 4, &[*kind, 1]).long(at + 8, 0x1_0000_1000 + u64::from(*start));
        strings.extend(format!("_{name}\0").bytes());
    }
    let text = table + symbols.len() * 16;
    file.put(text, &strings);
    let signature = (text + strings.len()).next_multiple_of(16);
    file.put(signature, &[9; 96]);
    segment(&mut file, "__LINKEDIT", 0x1_0000_8000, (0x2100, (signature + 96 - 0x2100) as u64), &[]);
    let mut table_of = |kind: u32, numbers: &[u32], file: &mut File| {
        file.words(at, &[kind, 8 + 4 * numbers.len() as u32]).words(at + 8, numbers);
        at += 8 + 4 * numbers.len();
        commands += 1;
    };
    table_of(0x8000_0034, &[0x2100, 24], &mut file);
    table_of(0x8000_0033, &[0x2118, 8], &mut file);
    if !with.without_starts {
        table_of(0x26, &[0x2120, 16], &mut file);
        // From the beginning of the segment, each from the one before: 0x1000, 0x1100, 0x1280, and 0x1290 in a stripped file.
        file.put(0x2120, &[0x80, 0x20, 0x80, 0x02, 0x80, 0x03, if with.stripped { 0x10 } else { 0 }, 0]);
    }
    table_of(0x02, &[table as u32, symbols.len() as u32, text as u32, strings.len() as u32], &mut file);
    table_of(0x1d, &[signature as u32, 96], &mut file);
    file.words(16, &[commands, (at - 32) as u32]);
    file.put(0x1000, &[0xc0; TEXT as usize]);
    file.0
}

/// A universal file of programs for several CPU types: their numbers and bytes.
pub fn universal(parts: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut file = File::default();
    let big = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>();
    file.put(0, &big(&[0xcafe_babe, parts.len() as u32]));
    for (index, (cpu, variant, program)) in parts.iter().enumerate() {
        let at = file.0.len().next_multiple_of(0x1000);
        file.put(8 + index * 20, &big(&[*cpu, *variant, at as u32, program.len() as u32, 12])).put(at, program);
    }
    file.0
}

/// What an ELF file is.
#[derive(Clone, Copy)]
pub struct Elf {
    /// ELFCLASS64.
    pub wide: bool,
    /// The most significant byte comes first.
    pub big: bool,
    /// The CPU: EM_*.
    pub machine: u16,
    /// 1: an object, whose functions have a section each; 2: a program; 3: a shared library.
    pub kind: u16,
    /// The symbol table is removed.
    pub stripped: bool,
}

/// An ELF file with the three functions.
pub fn elf(with: Elf) -> Vec<u8> {
    let Elf { wide, big, machine, kind, stripped } = with;
    let number = |value: u64, bytes: usize| -> Vec<u8> {
        let little = value.to_le_bytes();
        if big { little[..bytes].iter().rev().copied().collect() } else { little[..bytes].to_vec() }
    };
    let word = if wide { 8 } else { 4 };
    let base = if kind == 1 { 0 } else { 0x1_0000 };
    let mut file = File(vec![0; 0x40]);
    // Name, kind (SHT_*), flags, content, link, entry.
    type Section = (String, u64, u64, Vec<u8>, u64, u64);
    let mut sections: Vec<Section> = vec![(String::new(), 0, 0, Vec::new(), 0, 0)];
    let code = |bytes: u32| vec![0x90; bytes as usize];
    if kind == 1 {
        for (name, _, bytes) in FUNCTIONS {
            sections.push((format!(".text.{name}"), 1, 6, code(bytes), 0, 0));
        }
    } else {
        sections.push((".text".to_owned(), 1, 6, code(TEXT), 0, 0));
    }
    sections.push((".rodata".to_owned(), 1, 2, vec![1; 0x40], 0, 0));
    if !stripped {
        let (symbols, strings) = elf_symbols(wide, kind, base, number);
        let link = sections.len() as u64 + 1;
        sections.push((".symtab".to_owned(), 2, 0, symbols, link, if wide { 24 } else { 16 }));
        sections.push((".strtab".to_owned(), 3, 0, strings, 0, 0));
    }
    let names = sections.iter().map(|section| format!("{}\0", section.0)).collect::<String>() + ".shstrtab\0";
    sections.push((".shstrtab".to_owned(), 3, 0, names.into_bytes(), 0, 0));
    let (mut headers, mut name) = (Vec::new(), 0);
    for (title, kind, flags, content, link, entry) in &sections {
        let at = file.0.len();
        file.put(at, content);
        let address = if flags & 4 == 4 { base } else { 0 };
        headers.extend([number(name, 4), number(*kind, 4), number(*flags, word), number(address, word)].concat());
        headers.extend([number(at as u64, word), number(content.len() as u64, word)].concat());
        headers.extend([number(*link, 4), number(1, 4), number(1, word), number(*entry, word)].concat());
        name += title.len() as u64 + 1;
    }
    let table = file.0.len().next_multiple_of(8);
    file.put(table, &headers);
    file.put(0, &[0x7f, b'E', b'L', b'F', if wide { 2 } else { 1 }, if big { 2 } else { 1 }, 1]);
    let start = [number(kind.into(), 2), number(machine.into(), 2), number(1, 4), number(base, word)].concat();
    let rest = [number(0, word), number(table as u64, word), number(0, 4)].concat();
    let sizes = if wide { [64, 56, 0, 64] } else { [52, 32, 0, 40] };
    let sizes: Vec<u8> = sizes
        .iter()
        .chain(&[sections.len() as u64, sections.len() as u64 - 1])
        .flat_map(|size| number(*size, 2))
        .collect();
    file.put(16, &[start, rest, sizes].concat());
    file.0
}

/// The symbol table of the three functions, and the table of their names.
fn elf_symbols(wide: bool, kind: u16, base: u64, number: impl Fn(u64, usize) -> Vec<u8>) -> (Vec<u8>, Vec<u8>) {
    let word = if wide { 8 } else { 4 };
    let (mut strings, mut symbols) = (vec![0], vec![0; if wide { 24 } else { 16 }]);
    for (index, (name, start, bytes)) in FUNCTIONS.iter().enumerate() {
        let section = if kind == 1 { index as u64 + 1 } else { 1 };
        let place = if kind == 1 { 0 } else { base + u64::from(*start) };
        // Local functions, except the last.
        let info = [if *name == "start" { 0x12 } else { 0x02 }, 0];
        symbols.extend(number(strings.len() as u64, 4));
        let (value, size) = (number(place, word), number(u64::from(*bytes), word));
        let section = number(section, 2);
        if wide {
            symbols.extend([info.to_vec(), section, value, size].concat());
        } else {
            symbols.extend([value, size, info.to_vec(), section].concat());
        }
        strings.extend(name.bytes().chain([0]));
    }
    (symbols, strings)
}

/// An object for Windows: a section for each function, with a relocation, and symbols.
pub fn coff() -> Vec<u8> {
    let mut file = File::default();
    file.half(0, 0x8664).half(2, 3);
    let mut at = 20 + 3 * 40;
    for (index, (_, _, bytes)) in FUNCTIONS.iter().enumerate() {
        let header = 20 + index * 40;
        let relocations = at + *bytes as usize;
        file.put(header, b".text$mn").words(header + 16, &[*bytes, at as u32, relocations as u32]).half(header + 32, 1);
        file.word(header + 36, 0x6000_0020).put(at, &vec![0xc3; *bytes as usize]).put(relocations, &[0; 10]);
        at = relocations + 10;
    }
    let mut strings = vec![0; 4];
    file.words(8, &[at as u32, 3]);
    for (index, (name, ..)) in FUNCTIONS.iter().enumerate() {
        let at = at + index * 18;
        file.words(at, &[0, strings.len() as u32, 0])
            .half(at + 12, index as u16 + 1)
            .half(at + 14, 0x20)
            .put(at + 16, &[2, 0]);
        strings.extend(name.bytes().chain([0]));
    }
    let size = strings.len() as u32;
    strings[..4].copy_from_slice(&size.to_le_bytes());
    file.put(at + 3 * 18, &strings);
    file.0
}

/// An archive with its own index and table of long names, as GNU ar and rustc write it.
pub fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = b"!<arch>\n".to_vec();
    let mut add = |name: &str, content: &[u8]| {
        all.extend(format!("{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", 0, 0, 0, 644, content.len()).bytes());
        all.extend(content);
        if content.len() % 2 == 1 {
            all.push(b'\n');
        }
    };
    let long: String = members.iter().map(|(name, _)| format!("{name}/\n")).collect();
    add("/", &[0, 0, 0, 0]);
    add("//", long.as_bytes());
    let mut place = 0;
    for (name, content) in members {
        if name.len() < 16 {
            add(&format!("{name}/"), content);
        } else {
            add(&format!("/{place}"), content);
        }
        place += name.len() + 2;
    }
    all
}

/// An archive as Apple's tools write it: names are in front of the content.
pub fn bsd_archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut all = b"!<arch>\n".to_vec();
    for (name, content) in members {
        let room = name.len().next_multiple_of(4);
        let size = room + content.len();
        all.extend(format!("{:<16}{:<12}{:<6}{:<6}{:<8}{size:<10}`\n", format!("#1/{room}"), 0, 0, 0, 644).bytes());
        all.extend(name.bytes().chain(std::iter::repeat_n(0, room - name.len())));
        all.extend(*content);
        if size % 2 == 1 {
            all.push(b'\n');
        }
    }
    all
}

/// A WebAssembly module with an imported function before its own two; with names, if these are given.
pub fn wasm(names: Option<[&str; 2]>) -> Vec<u8> {
    let number = |mut value: usize| {
        let mut bytes = Vec::new();
        loop {
            let byte = (value & 0x7f) as u8;
            value >>= 7;
            bytes.push(if value > 0 { byte | 0x80 } else { byte });
            if value == 0 {
                return bytes;
            }
        }
    };
    let text = |text: &str| [number(text.len()), text.as_bytes().to_vec()].concat();
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    let mut section = |id: u8, content: Vec<u8>| module.extend([vec![id], number(content.len()), content].concat());
    section(1, vec![1, 0x60, 0, 0]);
    section(2, [vec![1], text("env"), text("log"), vec![0, 0]].concat());
    section(3, vec![2, 0, 0]);
    // Each body: no locals, as many `nop` as it takes, `end`.
    let body = |bytes: usize| [number(bytes + 2), vec![0], vec![1; bytes], vec![0x0b]].concat();
    section(10, [vec![2], body(300), body(100)].concat());
    if let Some(names) = names {
        let list = [vec![2, 1], text(names[0]), vec![2], text(names[1])].concat();
        section(0, [text("name"), vec![1], number(list.len()), list].concat());
    }
    let tool = [text("rustc"), text("1.95.0 (59807616e 2026-04-14)")].concat();
    section(0, [text("producers"), vec![1], text("processed-by"), vec![1], tool].concat());
    module
}
