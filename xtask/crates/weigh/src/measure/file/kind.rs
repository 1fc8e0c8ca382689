//! What a file is, by its first bytes: a name to call it by, and what to do about it.

use super::READABLE;
use super::bytes::{BIG, Bytes, LITTLE};
use base::failure::{Exit, Failure};
use std::path::Path;

/// What can be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// ELF.
    Elf,
    /// PE: a program or a library for Windows.
    Pe,
    /// Mach-O for one kind of processor.
    MachO,
    /// Mach-O for several.
    Universal,
    /// An object for Windows.
    Coff,
    /// An archive of objects: a static library, or an rlib.
    Archive,
    /// A WebAssembly module.
    Wasm,
}

/// What cannot be taken apart: the rest of a sentence that begins with the file, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    what: String,
    help: String,
}

impl Other {
    fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { what: what.into(), help: help.into() }
    }

    /// The error for a file of this kind.
    pub fn refused(&self, path: &Path) -> Failure {
        Failure::new(Exit::Usage, format!("{} {}", path.display(), self.what)).help(&*self.help)
    }
}

/// How to get at the program inside of something.
const UNPACK: &str = "unpack it, and pass the path of the program in it";

/// Kinds of files that begin in a way of their own, what they are called, and what to do.
const KNOWN: [(&[u8], &str, &str); 34] = [
    (b"#!", "a script", "pass the program that it starts; a script has no machine code"),
    (b"PK\x03\x04", "a ZIP archive (.zip, .whl, .jar, .apk)", UNPACK),
    (b"PK\x05\x06", "an empty ZIP archive", "pass the path of a program"),
    (b"\x1f\x8b", "gzip-compressed data", UNPACK),
    (b"\xfd7zXZ\0", "xz-compressed data", UNPACK),
    (b"BZh", "bzip2-compressed data", UNPACK),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!", "a RAR archive", UNPACK),
    (b"MSCF", "a cabinet file (.cab)", UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an installer (.msi) or an old Office document", UNPACK),
    (b"\xed\xab\xee\xdb", "an RPM package", UNPACK),
    (
        b"!<arch>\ndebian-binary",
        "a Debian package",
        "unpack it with `dpkg-deb -x FILE FOLDER`, and pass a program in it",
    ),
    (b"!<thin>\n", "a thin archive, which only names its objects", "pass the objects, or make a whole archive"),
    (b"<bigaf>\n", "a library for AIX", READABLE),
    (b"\x01\xdf", "a program for AIX (XCOFF)", READABLE),
    (b"\x01\xf7", "a program for AIX (XCOFF)", READABLE),
    (
        b"Microsoft C/C++ MSF 7.00\r\n",
        "the symbols of a program for Windows (.pdb)",
        "pass the program itself, the .exe or .dll beside it",
    ),
    (
        b"Microsoft C/C++ program database",
        "the symbols of a program for Windows (.pdb)",
        "pass the .exe or .dll beside it",
    ),
    (
        b"BC\xc0\xde",
        "LLVM bitcode, which isn't machine code yet",
        "pass the file that the linker made from it; `-C linker-plugin-lto` and `--emit llvm-bc` leave bitcode",
    ),
    (
        b"\xde\xc0\x17\x0b",
        "LLVM bitcode (wrapped), which isn't machine code yet",
        "pass the file that the linker made from it",
    ),
    (b"rust\0\0\0", "metadata of a Rust crate (.rmeta), which has no machine code", "pass the .rlib, or the program"),
    (b"\0\0\xff\xff\0\0", "an import object: a name in a DLL, without code", "pass the DLL"),
    (b"--- !tapi-tbd", "a text stub for a library (.tbd)", "pass the library (.dylib) itself"),
    (b"/* GNU ld script", "a linker script, which only names libraries", "pass a library that it names"),
    (b"dyld_v1 ", "the shared cache of macOS", "take a library out of it with `ipsw dyld extract`, and give that"),
    (
        b"dex\n",
        "a program for Android's runtime (.dex)",
        "pass a native library, such as lib/arm64-v8a/*.so of an .apk",
    ),
    (b"%PDF-", "a PDF document", READABLE),
    (b"\x89PNG\r\n", "a PNG picture", READABLE),
    (b"\xff\xd8\xff", "a JPEG picture", READABLE),
    (b"SQLite format 3\0", "an SQLite database", READABLE),
    (b"\xfe\xed\xfe\xed", "a Java key store", READABLE),
    (b"hsqs", "a SquashFS image", UNPACK),
    (b"\xe9\xd5\xf1\xa5", "a compiled Erlang module", READABLE),
];

/// What a file is, by its beginning. Some dozens of kilobytes are enough.
///
/// # Errors
/// What it is instead.
pub fn of(head: &[u8]) -> Result<Kind, Other> {
    // A Debian package is an archive of another kind, so these names come first.
    if let Some((_, what, help)) = KNOWN.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err(Other::new(format!("is {what}"), *help));
    }
    let (big, little) = (Bytes::new(head, BIG), Bytes::new(head, LITTLE));
    match head {
        [0x7f, b'E', b'L', b'F', ..] => elf(head),
        [b'M', b'Z', ..] => dos(little),
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => macho(big),
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => macho(little),
        // Java took the same four bytes: a class has a version here, of at least 45, and few files have that many parts.
        [0xca, 0xfe, 0xba, 0xbe, ..] if big.u32(4).is_some_and(|count| count > 42) => Err(Other::new(
            "is a compiled Java class",
            "a class has no machine code; if it loads a native library, give that",
        )),
        [0xca, 0xfe, 0xba, 0xbe | 0xbf, ..] => Ok(Kind::Universal),
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => Ok(Kind::Archive),
        [0, b'a', b's', b'm', rest @ ..] => wasm(rest),
        // The two that Microsoft's compiler writes for more than 65,279 sections.
        [0, 0, 0xff, 0xff, 2, 0, ..] => Ok(Kind::Coff),
        [0x4c | 0xc4, 0x01, ..] | [0x64, 0x86 | 0xaa, ..] | [0x41, 0xa6, ..] if coff(little) => Ok(Kind::Coff),
        _ => Err(unknown(head)),
    }
}

/// What a file of symbols is, by its beginning: anything a program can be, and what is made for debuggers alone.
///
/// # Errors
/// What it is instead.
pub fn of_symbols(head: &[u8]) -> Result<Kind, Other> {
    let is_pdb = head.starts_with(b"Microsoft C/C++ ");
    match (Bytes::new(head, BIG), Bytes::new(head, LITTLE), head) {
        (data, _, [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..]) | (_, data, [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..])
            if data.u32(12) == Some(10) =>
        {
            Ok(Kind::MachO)
        }
        _ if is_pdb => Err(Other::new(
            "is a .pdb, which isn't read here",
            "a build for a windows-gnu target keeps its symbols in the program; `objcopy --only-keep-debug` takes them out of \
             it into a file that is read",
        )),
        _ => of(head),
    }
}

fn elf(head: &[u8]) -> Result<Kind, Other> {
    let data = Bytes::new(head, head.get(5) == Some(&2));
    let (kind, machine) = (data.u16(16), data.u16(18));
    match (kind, machine) {
        (Some(4), _) => {
            Err(Other::new("is a core dump: the memory of a program that crashed", "pass the program itself"))
        }
        (Some(kind), Some(machine)) if kind != 0 && machine != 0 && head.len() >= 52 => Ok(Kind::Elf),
        (Some(_), Some(_)) if head.len() >= 52 => Err(Other::new(
            "begins like an ELF program, but its header is empty: it names no kind of file and no processor",
            "build or copy it again",
        )),
        _ => Err(cut("an ELF program")),
    }
}

/// A program for Windows, or one for the systems before it, with the same two bytes.
fn dos(head: Bytes<'_>) -> Result<Kind, Other> {
    let Some(at) = head.word(0x3c) else { return Err(cut("a program for DOS or Windows")) };
    match head.get(at, 4) {
        Some(b"PE\0\0") if matches!(head.u16(at + 24), Some(0x10b | 0x20b)) => Ok(Kind::Pe),
        Some(b"PE\0\0") => Err(cut("a program for Windows")),
        Some([b'N' | b'L', b'E' | b'X', ..]) => Err(Other::new("is a program for 16-bit Windows or OS/2", READABLE)),
        // What follows is a table of zeros in every linker's output; a program for Windows ends before its header only when cut.
        None if (0x40..0x1000).contains(&at) && head.len() < at + 4 => Err(cut("a program for Windows")),
        _ => Err(Other::new("is a program for DOS", READABLE)),
    }
}

fn macho(head: Bytes<'_>) -> Result<Kind, Other> {
    match head.u32(12) {
        Some(4) => Err(Other::new("is a core dump: the memory of a program that crashed", "pass the program itself")),
        Some(10) => {
            Err(Other::new("is debug information of a Mach-O program (dSYM)", "pass the program that it belongs to"))
        }
        Some(_) if head.len() >= 28 => Ok(Kind::MachO),
        _ => Err(cut("a Mach-O program")),
    }
}

fn wasm(version: &[u8]) -> Result<Kind, Other> {
    match version {
        [1, 0, 0, 0, ..] => Ok(Kind::Wasm),
        [_, _, 1, 0, ..] => Err(Other::new(
            "is a WebAssembly component, which wraps modules",
            "take the modules out with `wasm-tools component unbundle FILE --module-dir FOLDER`, and give one of them",
        )),
        [_, _, _, _, ..] => Err(Other::new("is a WebAssembly file of an unknown version", READABLE)),
        _ => Err(cut("a WebAssembly module")),
    }
}

/// Whether the header of an object for Windows makes sense: two bytes alone are found in any file.
fn coff(head: Bytes<'_>) -> bool {
    let sections = head.u16(2).unwrap_or_default();
    let (optional, flags) = (head.u16(16).unwrap_or(u16::MAX), head.u16(18).unwrap_or(u16::MAX));
    sections > 0 && head.len() >= 20 + 40 && optional <= 240 && flags & 0x7fff < 0x4000 && head.u32(8) != Some(u32::MAX)
}

fn cut(what: &str) -> Other {
    Other::new(format!("begins like {what}, and is cut off in its header"), "build or copy it again")
}

/// A file whose first bytes nothing above knows: a text, or what can only be shown.
fn unknown(head: &[u8]) -> Other {
    if head.get(257..262) == Some(b"ustar") {
        return Other::new("is a tar archive", UNPACK);
    }
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Other::new("is a text file (UTF-16), not a program", READABLE);
    }
    let is_text = |text: &str| !text.chars().any(|c| c.is_control() && !"\n\r\t\u{c}\u{1b}".contains(c));
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        // A character may be cut where the part that was read ends.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&head[..error.valid_up_to()]).ok(),
        Err(_) => None,
    };
    if text.is_some_and(is_text) {
        return Other::new("is a text file, not a program", READABLE);
    }
    if head.iter().all(|byte| *byte == 0) {
        return Other::new("begins with zeros, not like a program", "build or copy it again");
    }
    let first: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    Other::new(
        format!("isn't a program that can be read: no known format begins with the bytes {}", first.join(" ")),
        READABLE,
    )
}

/// The kind of processor of a Mach-O file, as Apple's tools call it.
pub fn processor(kind: u32, variant: u32) -> String {
    match (kind, variant & 0x00ff_ffff) {
        (0x0100_0007, 8) => "x86_64h",
        (0x0100_0007, _) => "x86_64",
        (0x0100_000c, 2) => "arm64e",
        (0x0100_000c, _) => "arm64",
        (0x0200_000c, _) => "arm64_32",
        (7, _) => "i386",
        (12, 9) => "armv7",
        (12, 11) => "armv7s",
        (12, 12) => "armv7k",
        (12, _) => "arm",
        (18, _) => "ppc",
        (0x0100_0012, _) => "ppc64",
        _ => return format!("cpu-{kind}-{}", variant & 0x00ff_ffff),
    }
    .to_owned()
}

/// The kind of processor of a Mach-O file that has one part; `None` for other files.
pub fn thin(data: &[u8]) -> Option<String> {
    let big = match data {
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] => BIG,
        [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => LITTLE,
        _ => return None,
    };
    let data = Bytes::new(data, big);
    Some(processor(data.u32(4)?, data.u32(8)?))
}
