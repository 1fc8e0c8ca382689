//! A small program for Windows, written byte by byte; and what the files of all formats share.

/// Writes numbers and texts at places, and makes room for them.
#[derive(Default)]
pub struct File(pub Vec<u8>);

impl File {
    /// Puts bytes at a place.
    pub fn put(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        if self.0.len() < at + bytes.len() {
            self.0.resize(at + bytes.len(), 0);
        }
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Puts four bytes, the least significant first.
    pub fn word(&mut self, at: usize, value: u32) -> &mut Self {
        self.put(at, &value.to_le_bytes())
    }

    /// Puts several of them, one after another.
    pub fn words(&mut self, at: usize, values: &[u32]) -> &mut Self {
        self.put(at, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>())
    }

    /// Puts two bytes, the least significant first.
    pub fn half(&mut self, at: usize, value: u16) -> &mut Self {
        self.put(at, &value.to_le_bytes())
    }

    /// Puts eight bytes, the least significant first.
    pub fn long(&mut self, at: usize, value: u64) -> &mut Self {
        self.put(at, &value.to_le_bytes())
    }
}

/// Three functions of 256, 384 and 128 bytes: of the crate `hello`, of `core`, and of no crate.
pub const FUNCTIONS: [(&str, u32, u32); 3] = [
    ("_ZN5hello4main17h0123456789abcdefE", 0, 0x100),
    ("_ZN4core3fmt5write17h0123456789abcdefE", 0x100, 0x180),
    ("start", 0x280, 0x80),
];

/// Bytes of the machine code in every file that is made here.
pub const TEXT: u32 = 0x300;

/// What a program for Windows has besides its sections.
#[derive(Clone, Copy, Default)]
pub struct Pe {
    /// PE32 instead of PE32+.
    pub narrow: bool,
    /// A COFF symbol table, as windows-gnu leaves one.
    pub symbols: bool,
    /// The name of a PDB, as windows-msvc has it.
    pub pdb: bool,
    /// A signature.
    pub signature: bool,
    /// Something appended.
    pub overlay: bool,
}

/// A program for Windows: `.text`, `.rdata` with an import of KERNEL32.dll, `.pdata`.
pub fn pe(with: Pe) -> Vec<u8> {
    let mut file = File::default();
    file.put(0, b"MZ").word(0x3c, 0x80).put(0x80, b"PE\0\0");
    let optional = if with.narrow { 224 } else { 240 };
    file.half(0x84, if with.narrow { 0x14c } else { 0x8664 }).half(0x86, 3).half(0x94, optional).half(0x96, 0x22);
    let at = 0x98;
    file.half(at, if with.narrow { 0x10b } else { 0x20b }).word(at + 16, 0x1000);
    if with.narrow {
        file.word(at + 28, 0x40_0000);
    } else {
        file.long(at + 24, 0x1_4000_0000);
    }
    file.words(at + 32, &[0x1000, 0x200]).words(at + 56, &[0x4000, 0x400]);
    let directories = at + if with.narrow { 96 } else { 112 };
    file.word(directories - 4, 16);
    // The imports, the table for unwinding, and the debug directory.
    file.words(directories + 8, &[0x2000, 40]).words(directories + 24, &[0x3000, 36]);
    let sections = at + usize::from(optional);
    for (index, (name, memory, address, bytes, offset, flags)) in [
        (".text", TEXT, 0x1000, 0x400, 0x400, 0x6000_0020),
        (".rdata", 0x180, 0x2000, 0x200, 0x800, 0x4000_0040),
        (".pdata", 36, 0x3000, 0x200, 0xa00, 0x4000_0040_u32),
    ]
    .into_iter()
    .enumerate()
    {
        let at = sections + index * 40;
        file.put(at, name.as_bytes()).words(at + 8, &[memory, address, bytes, offset]).word(at + 36, flags);
    }
    file.put(0x400, &[0xc3; TEXT as usize]);
    // An import: the descriptor, the table of one name twice, the names.
    file.words(0x800, &[0x2040, 0, 0, 0x2080, 0x2060]).put(0x880, b"KERNEL32.dll\0").put(0x890, b"\0\0ExitProcess\0");
    file.long(0x840, 0x2090).long(0x860, 0x2090);
    for (index, (_, start, bytes)) in FUNCTIONS.iter().enumerate() {
        file.words(0xa00 + index * 12, &[0x1000 + start, 0x1000 + start + bytes, 0x2170]);
    }
    file.put(0x970, &[1]);
    if with.pdb {
        file.words(directories + 48, &[0x20a0, 28]).words(0x8a0, &[0, 0, 0, 2, 42, 0x20c0, 0x8c0]);
        file.put(0x8c0, b"RSDS").put(0x8d8, b"D:\\a\\ci\\hello.pdb\0");
    }
    file.put(0xbff, &[0]);
    if with.symbols {
        put_symbols(&mut file);
    }
    if with.signature {
        let at = file.0.len().next_multiple_of(8);
        file.words(directories + 32, &[at as u32, 64]).put(at, &[7; 64]);
    }
    if with.overlay {
        let at = file.0.len();
        file.put(at, b"an archive that an installer appends");
    }
    file.0
}

/// The symbol table and its strings, behind the sections.
fn put_symbols(file: &mut File) {
    let (at, mut strings) = (0xc00, vec![0; 4]);
    file.words(0x8c, &[0xc00, FUNCTIONS.len() as u32]);
    for (index, (name, start, _)) in FUNCTIONS.iter().enumerate() {
        let at = at + index * 18;
        if name.len() > 8 {
            file.words(at, &[0, strings.len() as u32]);
            strings.extend(name.bytes().chain([0]));
        } else {
            file.put(at, name.as_bytes());
        }
        // Its section, its kind (a function), and whether it is external or local.
        file.word(at + 8, *start)
            .half(at + 12, 1)
            .half(at + 14, 0x20)
            .put(at + 16, &[if index == 2 { 2 } else { 3 }, 0]);
    }
    let size = strings.len() as u32;
    strings[..4].copy_from_slice(&size.to_le_bytes());
    file.put(at + FUNCTIONS.len() * 18, &strings);
}
