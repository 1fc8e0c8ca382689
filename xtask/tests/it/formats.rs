//! Programs, libraries and objects of every format, taken apart by `bloat --file` and `diff`: what is in them, and what
//! is reported for other files.

#[cfg(target_os = "linux")]
mod built;
mod real;

use predicates::str::contains;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use testbed::made::{self, Elf, FUNCTIONS, MachO, Pe, TEXT};
use testbed::project::{Project, json, stderr, stdout};

const ARM64: (u32, u32) = (0x0100_000c, 0);
const X86_64: (u32, u32) = (0x0100_0007, 3);

fn put(project: &Project, name: &str, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    fs::write(project.path(name), bytes).unwrap();
}

/// The document of a file. In any case, its sections add up to the file, and its crates to the code.
fn taken_apart(project: &Project, name: &str, more: &[&str]) -> Value {
    let document = json(&project.run(&[&["bloat", "--file", name, "--format", "json"], more].concat()).success());
    let sum =
        |list: &str| document[list].as_array().unwrap().iter().map(|row| row["bytes"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("sections"), document["file_bytes"].as_u64().unwrap(), "{name}: {document:#}");
    if document["known"] == true {
        assert_eq!(sum("crates"), document["text_bytes"].as_u64().unwrap(), "{name}: {document:#}");
    }
    document
}

/// The bytes of a list by name; of sections with the same name, the last.
fn by_name(document: &Value, list: &str) -> BTreeMap<String, u64> {
    let pair = |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["bytes"].as_u64().unwrap());
    document[list].as_array().unwrap().iter().map(pair).collect()
}

/// The three functions of every file that is made here, by crate.
fn has_owners(document: &Value, name: &str) {
    assert_eq!(
        (document["known"].as_bool(), document["unknown"].is_null()),
        (Some(true), true),
        "{name}: {document:#}"
    );
    assert_eq!(document["text_bytes"], TEXT, "{name}");
    let crates = by_name(document, "crates");
    let expected = [("[other]", 0x80), ("core", 0x180), ("hello", 0x100)].map(|(name, bytes)| (name.to_owned(), bytes));
    assert_eq!(crates, BTreeMap::from(expected), "{name}");
}

#[test]
fn a_program_for_windows_is_taken_apart_to_the_byte() {
    let project = Project::empty();
    let all = Pe { symbols: true, pdb: true, signature: true, overlay: true, narrow: false };
    for (name, with) in [("gnu.exe", all), ("gnu32.exe", Pe { narrow: true, ..all })] {
        put(&project, name, &made::pe(with));
        let document = taken_apart(&project, name, &[]);
        has_owners(&document, name);
        let sections = by_name(&document, "sections");
        // What the file needs for its alignment is padding, not code.
        assert_eq!((sections[".text"], sections[".rdata"], sections[".pdata"]), (0x300, 0x180, 36), "{sections:?}");
        assert_eq!((sections["[symbol table]"], sections["[signature]"], sections["[overlay]"]), (54, 64, 36));
        let names = FUNCTIONS.iter().map(|function| function.0.len()).filter(|bytes| *bytes > 8).map(|bytes| bytes + 1);
        assert_eq!(sections["[string table]"], 4 + names.sum::<usize>() as u64);
        assert!(document["format"].as_str().unwrap().starts_with("PE, "), "{document:#}");
    }
    put(&project, "msvc.dll", &made::pe(Pe { pdb: true, ..Pe::default() }));
    let document = taken_apart(&project, "msvc.dll", &[]);
    assert_eq!((document["known"].as_bool(), document["text_bytes"].as_u64()), (Some(false), Some(TEXT.into())));
    let text = stdout(&project.run(&["bloat", "--file", "msvc.dll"]).success());
    assert!(
        text.contains(
            "can't tell which crates the code comes from: the file has no symbols; the linker put the others into hello.pdb"
        ),
        "{text}"
    );
    assert!(text.contains("768 (") && text.contains("are machine code (.text)"), "{text}");
}

#[test]
fn a_program_for_macos_is_taken_apart_with_its_segments_and_tables() {
    let project = Project::empty();
    put(&project, "tool", &made::macho(MachO::default()));
    let document = taken_apart(&project, "tool", &[]);
    has_owners(&document, "tool");
    let sections = by_name(&document, "sections");
    assert_eq!((sections["__TEXT,__const"], sections["__DATA,__const"], sections["__DATA,__bss"]), (0x80, 0x40, 0));
    for (table, bytes) in [
        ("[chained fixups]", 24),
        ("[exports trie]", 8),
        ("[function starts]", 16),
        ("[symbol table]", 48),
        ("[code signature]", 96),
    ] {
        assert_eq!(sections[table], bytes, "{table}: {sections:?}");
    }
    // Only what is between the tables has no name of its own.
    assert!(sections["[linkedit]"] < 48, "{sections:?}");
    let text = stdout(&project.run(&["bloat", "--file", "tool"]).success());
    assert!(text.contains("are machine code (__TEXT,__text)"), "{text}");
    assert!(text.contains("of code  crate"), "{text}");
    assert_eq!(
        json(&project.run(&["bloat", "--file", "tool", "--arch", "aarch64", "--format", "json"]).success()),
        document
    );
    let other = project.run(&["bloat", "--file", "tool", "--arch", "x86_64"]).code(2);
    assert!(stderr(&other).contains("tool is for arm64 only, not for `x86_64`"), "{}", stderr(&other));
}

#[test]
fn what_strip_leaves_of_a_library_owns_no_more_than_itself() {
    let project = Project::empty();
    for (name, without_starts, why) in [
        ("bounded.dylib", false, "only exported symbols are left (1), which name 2.1 % of its code"),
        ("open.dylib", true, "only exported symbols are left (1), which say only where they begin"),
    ] {
        put(&project, name, &made::macho(MachO { stripped: true, without_starts, intel: false }));
        let document = taken_apart(&project, name, &[]);
        assert_eq!((document["known"].as_bool(), document["unknown"].as_str()), (Some(false), Some(why)), "{name}");
        assert_eq!(
            by_name(&document, "crates"),
            BTreeMap::from([("[unattributed]".to_owned(), TEXT.into())]),
            "{name}"
        );
        let text = stdout(&project.run(&["bloat", "--file", name]).success());
        assert!(text.contains(&format!("can't tell which crates the code comes from: {why}")), "{text}");
        let text = stdout(&project.run(&["bloat", "--file", name, "--format", "markdown"]).success());
        assert!(text.contains(&format!("Can't tell which crates the code comes from: {why}.")), "{text}");
    }
    // All symbols, with and without the table that says where functions begin.
    put(&project, "whole", &made::macho(MachO { without_starts: true, ..MachO::default() }));
    has_owners(&taken_apart(&project, "whole", &[]), "whole");
}

#[test]
fn a_universal_file_wants_a_choice() {
    let project = Project::empty();
    let (arm, intel) = (made::macho(MachO::default()), made::macho(MachO { intel: true, ..MachO::default() }));
    let both = made::universal(&[(X86_64.0, X86_64.1, &intel), (ARM64.0, ARM64.1, &arm)]);
    put(&project, "both", &both);
    let text = stderr(&project.run(&["bloat", "--file", "both"]).code(2));
    assert!(
        text.contains("both is a universal file: it contains a separate program for each of x86_64, arm64"),
        "{text}"
    );
    assert!(text.contains("choose with --arch, such as --arch arm64"), "{text}");
    for (arch, bytes, other) in [("arm64", arm.len(), "aarch64"), ("x86_64", intel.len(), "amd64")] {
        let document = taken_apart(&project, "both", &["--arch", arch]);
        has_owners(&document, arch);
        assert_eq!(document["file_bytes"], bytes);
        assert_eq!(taken_apart(&project, "both", &["--arch", other]), document);
    }
    let note = format!("note: this is the arm64 part of a universal file of {} bytes", thousands(both.len()));
    project.run(&["bloat", "--file", "both", "--arch", "arm64"]).success().stderr(contains(note));
    let text = stderr(&project.run(&["bloat", "--file", "both", "--arch", "ppc"]).code(2));
    assert!(text.contains("both has no part for `ppc`") && text.contains("--arch: x86_64, arm64"), "{text}");
    project.run(&["bloat", "--arch", "arm64"]).code(2).stderr(contains("--file"));

    // One part needs no choice; a thin file is compared with the part of another.
    put(&project, "one", &made::universal(&[(ARM64.0, ARM64.1, &arm)]));
    has_owners(&taken_apart(&project, "one", &[]), "one");
    put(&project, "thin", &arm);
    let document = json(&project.run(&["diff", "thin", "both", "--arch", "arm64", "--format", "json"]).success());
    assert_eq!(document["sections"].as_array().unwrap().len(), 0, "{document:#}");
    project.run(&["diff", "thin", "both"]).code(2).stderr(contains("choose with --arch"));
    let cut = &both[..both.len() - 100];
    put(&project, "cut", cut);
    project
        .run(&["bloat", "--file", "cut", "--arch", "arm64"])
        .code(2)
        .stderr(contains("cut is truncated: its part for arm64"));
}

fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let (head, tail) = digits.split_at(digits.len() - 3);
    format!("{head},{tail}")
}

#[test]
fn programs_for_other_processors_are_read_in_their_byte_order() {
    let project = Project::empty();
    // EM_AARCH64, EM_ARM, EM_RISCV, EM_PPC, EM_S390, EM_386.
    for (machine, wide, big, name) in [
        (183, true, false, "aarch64"),
        (40, false, false, "arm"),
        (243, true, false, "riscv64"),
        (20, false, true, "powerpc"),
        (22, true, true, "s390x"),
        (3, false, false, "i386"),
    ] {
        for kind in [2, 3] {
            let with = Elf { wide, big, machine, kind, stripped: false };
            put(&project, name, &made::elf(with));
            let document = taken_apart(&project, name, &[]);
            has_owners(&document, name);
            assert_eq!(document["format"], format!("ELF, {name}"));
            put(&project, name, &made::elf(Elf { stripped: true, ..with }));
            let document = taken_apart(&project, name, &[]);
            assert_eq!(document["unknown"], "the file has no symbols", "{name}");
            assert_eq!(document["text_bytes"], TEXT, "{name}");
        }
    }
}

#[test]
fn objects_and_archives_are_sums_over_their_functions_and_members() {
    let project = Project::empty();
    let object = made::elf(Elf { wide: true, big: false, machine: 62, kind: 1, stripped: false });
    let coff = made::coff();
    for (name, object, text) in [("hello.o", &object, ".text"), ("hello.obj", &coff, ".text")] {
        put(&project, name, object);
        let document = taken_apart(&project, name, &[]);
        has_owners(&document, name);
        // A function has its own section: they are one row.
        assert_eq!(by_name(&document, "sections")[text], u64::from(TEXT), "{document:#}");
    }
    assert_eq!(by_name(&taken_apart(&project, "hello.obj", &[]), "sections")["[relocations]"], 30);

    let long = "hello-0123456789abcdef.hello.rcgu.o";
    let metadata = b"rust\0\0\0\x0aand more".as_slice();
    let members: [(&str, &[u8]); 3] = [(long, &object), ("start.o", &object), ("lib.rmeta", metadata)];
    for (name, bytes) in [("libhello.rlib", made::archive(&members)), ("libhello.a", made::bsd_archive(&members))] {
        put(&project, name, &bytes);
        let document = taken_apart(&project, name, &[]);
        let of_one =
            BTreeMap::from([("[other]", 0x80), ("core", 0x180), ("hello", 0x100)].map(|(k, v)| (k.to_owned(), 2 * v)));
        assert_eq!(
            (by_name(&document, "crates"), document["text_bytes"].as_u64()),
            (of_one, Some(2 * u64::from(TEXT)))
        );
        assert_eq!(document["format"], "an archive of 3 objects");
        let sizes = by_name(&document, "members");
        assert_eq!((sizes[long], sizes["start.o"], sizes["lib.rmeta"]), (object.len() as u64, object.len() as u64, 16));
        assert_eq!(by_name(&document, "sections")["[crate metadata]"], 16);
        let run = project.run(&["bloat", "--file", name, "-n", "1"]).success();
        let text = stdout(&run);
        assert!(text.contains("of file  member") && text.contains("and 2 smaller members; -n 0 shows all"), "{text}");
        assert!(
            stderr(&run).contains("this is an archive of 3 objects: the totals cover all of them"),
            "{}",
            stderr(&run)
        );
    }
    let csv = stdout(&project.run(&["bloat", "--file", "libhello.a", "--sections", "--format", "csv"]).success());
    assert!(csv.contains("\nmember,start.o,,,"), "{csv}");
    // The objects of Windows and others side by side, and one that is only a name in a DLL.
    let import = [&[0, 0, 0xff, 0xff, 0, 0, 0x64, 0x86][..], &[0; 12]].concat();
    put(&project, "mixed.lib", &made::archive(&[("hello.obj", &coff), ("KERNEL32.dll", &import)]));
    let document = taken_apart(&project, "mixed.lib", &[]);
    has_owners(&document, "mixed.lib");
    assert_eq!(by_name(&document, "sections")["[import objects]"], 20);
    let mut cut = made::archive(&members);
    cut.truncate(cut.len() - 10);
    put(&project, "cut.a", &cut);
    project.run(&["bloat", "--file", "cut.a"]).code(2).stderr(contains("it is cut off: its member lib.rmeta"));
    let grown = json(&project.run(&["diff", "hello.o", "libhello.a", "--format", "json"]).success());
    assert_eq!(grown["known"], true, "{grown:#}");
}

#[test]
fn a_webassembly_module_is_sections_and_functions() {
    let project = Project::empty();
    let mangled = ["_ZN5hello4main17h0123456789abcdefE", "core::fmt::write::h0123456789abcdef"];
    put(&project, "named.wasm", &made::wasm(Some(mangled)));
    let document = taken_apart(&project, "named.wasm", &[]);
    let crates = by_name(&document, "crates");
    // A body of 300 instructions and 3 bytes of frame with a size of two bytes; one of 100 with a size of one.
    assert_eq!((crates["hello"], crates["core"], crates["[unattributed]"]), (304, 103, 1), "{document:#}");
    let sections = by_name(&document, "sections");
    assert_eq!((sections["code"], sections["type"], sections["import"]), (408, 4, 11), "{sections:?}");
    assert!(sections["name"] > 60 && sections["producers"] > 30 && sections["[padding]"] == 0, "{sections:?}");
    put(&project, "stripped.wasm", &made::wasm(None));
    let document = taken_apart(&project, "stripped.wasm", &[]);
    assert!(document["unknown"].as_str().unwrap().contains("the module has no names"), "{document:#}");
    let whole = made::wasm(Some(mangled));
    for end in [9, 20, 100, whole.len() - 1] {
        put(&project, "cut.wasm", &whole[..end]);
        project.run(&["bloat", "--file", "cut.wasm"]).code(2).stderr(contains("it is cut off"));
    }
}

#[test]
fn what_is_cut_off_or_lies_is_refused() {
    let project = Project::empty();
    let elf = made::elf(Elf { wide: true, big: false, machine: 62, kind: 2, stripped: false });
    let files = [
        ("elf", elf),
        ("pe", made::pe(Pe { symbols: true, ..Pe::default() })),
        ("macho", made::macho(MachO::default())),
        ("coff", made::coff()),
    ];
    for (name, whole) in &files {
        for end in (0..whole.len()).step_by(whole.len() / 23) {
            put(&project, name, &whole[..end]);
            let run = project.run(&["bloat", "--file", name]).code(2);
            assert!(!stderr(&run).contains("panicked"), "{name} {end}");
        }
        put(&project, name, &whole[..whole.len() * 3 / 4]);
        project
            .run(&["bloat", "--file", name])
            .code(2)
            .stderr(contains("isn't an executable that can be read: it is cut off"));
    }
}

#[test]
fn other_files_are_called_by_their_names_with_a_way_out() {
    let project = Project::empty();
    let class = [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 65, 0, 10];
    let mut tar = vec![b'a'; 512];
    tar[257..262].copy_from_slice(b"ustar");
    tar[300] = 0;
    let mut core = made::elf(Elf { wide: true, big: false, machine: 62, kind: 4, stripped: false });
    core.truncate(3000);
    let mut dsym = made::macho(MachO::default());
    dsym[12] = 10;
    let mut dos = vec![0; 200];
    dos[..2].copy_from_slice(b"MZ");
    for (name, bytes, what, way) in [
        ("script", b"#!/bin/sh\necho\n".as_slice(), "is a script", "the program that it starts"),
        ("a.whl", b"PK\x03\x04\x14\0\0\0", "is a ZIP archive", "unpack it"),
        ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\0", "is gzip-compressed data", "unpack it"),
        ("notes.txt", "notes, é".as_bytes(), "is a text", "ELF (Linux)"),
        ("a.class", &class, "is a compiled Java class", "native library"),
        ("a.bc", b"BC\xc0\xde\x35\x14\0\0", "is LLVM bitcode", "the file that the linker made from it"),
        ("a.rmeta", b"rust\0\0\0\x0a\x01\x02\x03\x04", "is metadata of a Rust crate", "the .rlib"),
        ("a.pdb", b"Microsoft C/C++ MSF 7.00\r\n\x1aDS\0", "the symbols of a program for Windows", "the .exe or .dll"),
        ("a.dwarf", &dsym, "is debug information of a Mach-O program (dSYM)", "pass the program"),
        (
            "a.deb",
            b"!<arch>\ndebian-binary   1342943816  0     0     100644  4         `\n2.0\n",
            "is a Debian package",
            "dpkg-deb -x",
        ),
        ("thin.a", b"!<thin>\n", "is a thin archive", "pass the objects"),
        ("a.tar", &tar, "is a tar archive", "unpack it"),
        ("core", &core, "is a core dump", "the program itself"),
        ("a.com", &dos, "is a program for DOS", "ELF (Linux)"),
        ("component.wasm", b"\0asm\x0d\0\x01\0\0\0", "is a WebAssembly component", "wasm-tools component unbundle"),
        (
            "noise",
            b"\x01\x02\x03\x04\x05\x06\x07\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7",
            "with the bytes 01 02 03 04",
            "ELF (Linux)",
        ),
        ("empty", b"", "is empty", "build or copy it"),
        ("zeros", &[0; 100], "begins with zeros", "build or copy it"),
    ] {
        put(&project, name, bytes);
        let run = project.run(&["bloat", "--file", name]).code(2);
        let text = stderr(&run);
        assert!(
            text.contains(&format!("error: {name} ")) && text.contains(what) && text.contains(way),
            "{name}: {text}"
        );
        let document = json(&project.run(&["bloat", "--file", name, "--format", "json"]).code(2));
        assert_eq!(document["exit"], 2, "{name}");
        assert!(document["message"].as_str().unwrap().contains(what), "{name}: {document:#}");
    }
    // As an image they are rejected as well, before anything is written.
    project.run(&["image", "--file", "script"]).code(2).stderr(contains("is a script"));
    put(&project, "hello.exe", &made::pe(Pe::default()));
    project.run(&["image", "--file", "hello.exe"]).code(2).stderr(contains("isn't a program for Linux"));
    put(&project, "hello.o", &made::elf(Elf { wide: true, big: false, machine: 62, kind: 1, stripped: false }));
    project.run(&["image", "--file", "hello.o"]).code(2).stderr(contains("isn't a program"));
    assert!(!project.path("hello.exe.tar").exists() && !project.path("hello.o.tar").exists());
}

#[test]
fn what_is_no_file_ends_at_once() {
    let project = Project::empty();
    let refused = |name: &str, what: &str| {
        for verb in [vec!["bloat", "--file", name], vec!["image", "--file", name], vec!["diff", name, name]] {
            let start = Instant::now();
            let text = stderr(&project.run(&verb).code(2));
            assert!(text.contains(what) && text.contains("help: "), "{verb:?}: {text}");
            assert!(start.elapsed() < Duration::from_secs(10), "{verb:?}");
        }
    };
    refused("./nonexistent", "there is no file ./nonexistent");
    refused("no/such/file", "there is no file no/such/file");
    fs::create_dir(project.path("folder.app")).unwrap();
    refused("./folder.app", "./folder.app is a folder");
    put(&project, "file", b"text");
    refused("file/below", "there is no file file/below");
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        use std::os::unix::net::UnixListener;
        refused("/dev/zero", "/dev/zero is a device");
        refused("/dev/null", "/dev/null is a device");
        symlink("loop", project.path("loop")).unwrap();
        refused("./loop", "./loop can't be read: ");
        // The path of a socket is short on every system.
        let place = tempfile::tempdir().unwrap();
        let socket = place.path().join("s");
        let _listener = UnixListener::bind(&socket).unwrap();
        refused(socket.to_str().unwrap(), " is a socket");
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        mknodat(CWD, project.path("pipe"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        refused("pipe", "pipe is a named pipe");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_of_gigabytes_that_is_mostly_holes_takes_little_memory_and_time() {
    let project = Project::empty();
    let grow = |name: &str, bytes: &[u8], size: u64| {
        put(&project, name, bytes);
        fs::OpenOptions::new().write(true).open(project.path(name)).unwrap().set_len(size).unwrap();
    };
    let elf = made::elf(Elf { wide: true, big: false, machine: 62, kind: 2, stripped: false });
    grow("padded", &elf, 2 << 30);
    grow("header", b"\x7fELF\x02\x01\x01", 2 << 30);
    grow("zeros", b"", 2 << 30);
    grow("huge", &elf, 1 << 40);
    let start = Instant::now();
    let document = taken_apart(&project, "padded", &[]);
    has_owners(&document, "padded");
    assert_eq!(by_name(&document, "sections")["[overlay]"], (2 << 30) - elf.len() as u64);
    project.run(&["bloat", "--file", "header"]).code(2).stderr(contains("its header is empty"));
    project.run(&["bloat", "--file", "zeros"]).code(2).stderr(contains("begins with zeros"));
    project
        .run(&["bloat", "--file", "huge"])
        .code(2)
        .stderr(contains("is too large to analyze: 1,099,511,627,776 bytes"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // The peak memory that the system reports, in kilobytes.
    let script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let program = env!("CARGO_BIN_EXE_xtask");
    let words = ["-c", script, program, "bloat", "--file", "padded"];
    match assert_cmd::Command::new("python3").args(words).current_dir(project.path("")).output() {
        Ok(output) => {
            let kilobytes: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
            assert!(kilobytes < 200_000, "{kilobytes} KB");
        }
        Err(_) => testbed::browser::left_out("there is no Python, which would tell how much memory was taken"),
    }
}
