//! What the tables of a linked ELF file say: sections, names, and the relocations that `--emit-relocs` leaves in it.
//!
//! System V Application Binary Interface, chapter 4, and its supplements for x86-64 and AArch64.

use super::inlined::{self, Inlined};
use super::x86;
use crate::measure::binary::Damaged;
use crate::measure::file::bytes::Bytes;
use object::Endianness;
use object::elf;
use object::read::elf::{
    FileHeader, ProgramHeader as _, Rela as _, SectionHeader as _, SectionTable, Sym as _, SymbolTable,
};

type Header = elf::FileHeader64<Endianness>;

/// A section that is loaded.
#[derive(Clone, Debug)]
pub(super) struct Section<'data> {
    /// Its name.
    pub name: &'data str,
    /// Where it is loaded.
    pub address: u64,
    /// Its bytes in the file; none for one that only takes memory.
    pub data: &'data [u8],
    /// Its bytes when it is loaded.
    pub size: u64,
    /// It holds machine code.
    pub is_code: bool,
    /// What it is: `SHT_…`.
    pub kind: elf::SectionType,
}

impl Section<'_> {
    /// Whether an address is in it.
    pub(super) fn holds(&self, address: u64) -> bool {
        address.checked_sub(self.address).is_some_and(|inside| inside < self.size)
    }
}

/// A name for an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'data> {
    /// As the file has it.
    pub symbol: &'data str,
    /// The number of the loaded section.
    pub section: usize,
    /// Where it begins.
    pub address: u64,
    /// Its bytes; none if unknown.
    pub bytes: u64,
}

/// A place that holds an address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    /// The number of the loaded section that it is in.
    pub section: usize,
    /// Where it is.
    pub place: u64,
    /// The address, or where in a section it is.
    pub target: Target,
}

/// What a place refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// What has a name at this address.
    Named(u64),
    /// What is at this address, whatever its name.
    At(u64),
    /// What is at this address, less by how far the place is behind the start of its table.
    InTable(u64),
    /// All of a section, which has this number.
    Whole(usize),
}

/// What is read of a file.
#[derive(Debug)]
pub(super) struct Linked<'data> {
    /// The loaded sections.
    pub sections: Vec<Section<'data>>,
    /// Names of functions and data.
    pub names: Vec<Name<'data>>,
    /// Which place refers to what.
    pub uses: Vec<Use>,
    /// Where the program begins; none of a library.
    pub entry: Option<u64>,
    /// The addresses that the file lets others use.
    pub exported: Vec<u64>,
    /// Its numbers have the most significant byte first.
    pub is_big: bool,
    /// It is for x86-64, not for AArch64.
    pub is_x86: bool,
    /// The code of functions that were put into others.
    pub inlined: Inlined<'data>,
}

impl Linked<'_> {
    /// The number that eight bytes of the file are; 0 where there are fewer.
    pub(super) fn word(&self, bytes: &[u8]) -> u64 {
        Bytes::new(bytes, self.is_big).u64(0).unwrap_or_default()
    }
}

/// Reads a file. The end of a sentence says why it has nothing to tell, where it hasn't.
///
/// # Errors
/// When it is damaged.
pub(super) fn read(data: &[u8]) -> Result<Result<Linked<'_>, String>, Damaged> {
    let Ok(header) = Header::parse(data) else {
        return Ok(Err("only 64-bit ELF programs are supported".to_owned()));
    };
    let endian = header.endian()?;
    let machine = header.e_machine(endian);
    if !matches!(machine, elf::EM_X86_64 | elf::EM_AARCH64) {
        return Ok(Err("it's for a processor architecture whose relocations aren't supported".to_owned()));
    }
    if header.e_type(endian) == elf::ET_REL {
        return Ok(Err("an object file isn't linked yet, so it has no entry point".to_owned()));
    }
    let table = header.sections(endian, data)?;
    let (number, sections) = loaded(&table, endian, data)?;
    let loads = header.program_headers(endian, data)?;
    let thread_local = loads.iter().find(|load| load.p_type(endian) == elf::PT_TLS).map(|load| load.p_vaddr(endian));
    let is_x86 = machine == elf::EM_X86_64;
    let reader = Reader { endian, number: &number, sections: &sections, thread_local, is_x86 };
    let symbols = table.symbols(endian, data, elf::SHT_SYMTAB)?;
    let names: Vec<Name<'_>> = symbols.iter().filter_map(|symbol| reader.named(symbol, &symbols)).collect();
    // Linkers let a name be the end of another one, so their bytes may be a little more than there are in the file.
    if names.iter().map(|name| name.symbol.len()).sum::<usize>() / 8 > data.len() {
        return Err(Damaged("its symbols have more names than there are in it".to_owned()));
    }
    let (mut uses, mut any, mut left) = (Vec::new(), false, data.len());
    for section in table.iter().filter(|section| !section.sh_flags(endian).contains(elf::SHF_ALLOC)) {
        let of = usize::try_from(section.sh_info(endian)).ok().and_then(|info| *number.get(info)?);
        let Some((entries, _)) = section.rela(endian, data)? else { continue };
        let Some(of) = of else { continue };
        any = true;
        // A table that lies where another one does is read again and again.
        left = left
            .checked_sub(size_of_val(entries))
            .ok_or_else(|| Damaged("its relocation tables overlap".to_owned()))?;
        uses.extend(entries.iter().filter_map(|entry| reader.of_entry(entry, of, &symbols)));
    }
    if !any {
        return Ok(Err("the file has no relocations; `-C link-arg=-Wl,--emit-relocs` keeps them".to_owned()));
    }
    let exported = table.symbols(endian, data, elf::SHT_DYNSYM)?;
    let exported = exported.iter().filter(|symbol| reader.home(symbol).is_some());
    let entry = header.e_entry(endian);
    Ok(Ok(Linked {
        names,
        exported: exported.filter_map(|symbol| reader.address(symbol)).collect(),
        uses,
        entry: (entry != 0).then_some(entry),
        is_big: header.is_big_endian(),
        is_x86,
        sections,
        inlined: inlined::read(header.is_big_endian(), |name| for_a_debugger(&table, endian, data, name)),
    }))
}

/// The bytes of a section for a debugger; none where the file has none, or they are compressed.
fn for_a_debugger<'data>(
    table: &SectionTable<'data, Header>,
    endian: Endianness,
    data: &'data [u8],
    name: &str,
) -> &'data [u8] {
    let found = table.section_by_name(endian, name.as_bytes());
    let plain = found.filter(|(_, section)| !section.sh_flags(endian).contains(elf::SHF_COMPRESSED));
    plain.and_then(|(_, section)| section.data(endian, data).ok()).unwrap_or_default()
}

/// The sections that are loaded, and for each section of the file which of them it is.
fn loaded<'data>(
    table: &SectionTable<'data, Header>,
    endian: Endianness,
    data: &'data [u8],
) -> Result<(Vec<Option<usize>>, Vec<Section<'data>>), Damaged> {
    let mut number = vec![None; table.len()];
    let mut sections = Vec::new();
    for (index, section) in table.enumerate() {
        let flags = section.sh_flags(endian);
        if !flags.contains(elf::SHF_ALLOC) {
            continue;
        }
        number[index.0] = Some(sections.len());
        sections.push(Section {
            name: std::str::from_utf8(table.section_name(endian, section)?).unwrap_or("?"),
            address: section.sh_addr(endian),
            data: section.data(endian, data)?,
            size: section.sh_size(endian),
            is_code: flags.contains(elf::SHF_EXECINSTR),
            kind: section.sh_type(endian),
        });
    }
    Ok((number, sections))
}

type Symbols<'data> = SymbolTable<'data, Header>;
type Symbol = elf::Sym64<Endianness>;

struct Reader<'a, 'data> {
    endian: Endianness,
    number: &'a [Option<usize>],
    sections: &'a [Section<'data>],
    thread_local: Option<u64>,
    is_x86: bool,
}

impl<'data> Reader<'_, 'data> {
    /// The loaded section that a symbol is in.
    fn home(&self, symbol: &Symbol) -> Option<usize> {
        *self.number.get(usize::from(symbol.st_shndx(self.endian).0))?
    }

    /// Where a symbol is loaded.
    fn address(&self, symbol: &Symbol) -> Option<u64> {
        let value = symbol.st_value(self.endian);
        match symbol.st_type() {
            // Counted from where a thread's own data begin.
            elf::STT_TLS => self.thread_local?.checked_add(value),
            _ => Some(value),
        }
    }

    fn named(&self, symbol: &'data Symbol, symbols: &Symbols<'data>) -> Option<Name<'data>> {
        if !matches!(
            symbol.st_type(),
            elf::STT_NOTYPE | elf::STT_OBJECT | elf::STT_FUNC | elf::STT_TLS | elf::STT_GNU_IFUNC
        ) {
            return None;
        }
        let name = std::str::from_utf8(symbol.name(self.endian, symbols.strings()).ok()?).ok()?;
        let section = self.home(symbol)?;
        let address = self.address(symbol)?;
        // AArch64's marks between code and data aren't names.
        let is_mark = name.starts_with('$');
        (!name.is_empty() && !is_mark && self.sections[section].holds(address)).then(|| Name {
            symbol: name,
            section,
            address,
            bytes: symbol.st_size(self.endian),
        })
    }

    fn of_entry(&self, entry: &elf::Rela64<Endianness>, section: usize, symbols: &Symbols<'data>) -> Option<Use> {
        let (place, addend) = (entry.r_offset(self.endian), entry.r_addend(self.endian));
        let home = &self.sections[section];
        if !home.holds(place) {
            return None;
        }
        let symbol = symbols.symbol(entry.symbol(self.endian, false)?).ok()?;
        let kind = entry.r_type(self.endian, false);
        // What only takes memory isn't a part, and a thread's own may seem to lie where others are.
        let is_in_file = |section: usize| !self.sections[section].data.is_empty();
        let made = |target| Some(Use { section, place, target });
        if symbol.st_type() != elf::STT_SECTION {
            let name = symbol.name(self.endian, symbols.strings()).unwrap_or_default();
            if let Some(whole) = self.encapsulated(name) {
                return made(Target::Whole(whole));
            }
            self.home(symbol).filter(|home| is_in_file(*home))?;
            return made(Target::Named(self.address(symbol)?));
        }
        let base = self.sections[self.home(symbol).filter(|home| is_in_file(*home))?].address;
        let target = base.wrapping_add_signed(addend);
        match (self.is_distance(kind), home.is_code) {
            (false, _) => made(Target::At(target)),
            (true, true) if self.is_x86 => {
                let at = usize::try_from(place - home.address).ok()?;
                let code = &home.data.get(at.saturating_sub(8)..at)?;
                made(Target::At(target.wrapping_add(4 + x86::after_distance(code))))
            }
            (true, true) => made(Target::At(target)),
            (true, false) => made(Target::InTable(target)),
        }
    }

    /// The section that a name made by the linker begins or ends: anything that refers to it may use everything in there.
    fn encapsulated(&self, name: &[u8]) -> Option<usize> {
        let name = name.strip_prefix(b"__start_").or_else(|| name.strip_prefix(b"__stop_"))?;
        self.sections.iter().position(|section| section.name.as_bytes() == name)
    }

    /// Whether a relocation is a distance from its own place.
    fn is_distance(&self, kind: elf::RelocationType) -> bool {
        if self.is_x86 {
            matches!(
                kind,
                elf::R_X86_64_PC32
                    | elf::R_X86_64_PLT32
                    | elf::R_X86_64_PC64
                    | elf::R_X86_64_GOTPCREL
                    | elf::R_X86_64_GOTPCRELX
                    | elf::R_X86_64_REX_GOTPCRELX
                    | elf::R_X86_64_TLSGD
                    | elf::R_X86_64_TLSLD
                    | elf::R_X86_64_GOTTPOFF
            )
        } else {
            matches!(kind, elf::R_AARCH64_PREL32 | elf::R_AARCH64_PREL64 | elf::R_AARCH64_PREL16)
        }
    }
}
