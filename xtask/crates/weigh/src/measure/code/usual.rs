//! The sections that compilers, linkers and C libraries make, and the functions of the C library by which a program can run
//! other code than its own. What a build of the course's own has is usual as well; that is known where builds are compared.

/// Sections with machine code, and who makes them.
pub(super) const CODE: [(&str, &str); 11] = [
    (".text", "System V gABI, Special Sections"),
    (".init", "System V gABI, Special Sections"),
    (".fini", "System V gABI, Special Sections"),
    (".plt", "System V gABI, Special Sections"),
    (".plt.got", "GNU ld and LLD, x86; seen with GNU ld 2.40"),
    (".plt.sec", "GNU ld and LLD with -z ibtplt"),
    (".iplt", "LLD; seen in a static program, rust-lld of rustc 1.95.0"),
    ("__libc_freeres_fn", "glibc, static; seen with glibc 2.36"),
    ("__text", "Mach-O, Apple's ld and LLD"),
    ("__stubs", "Mach-O, Apple's ld and LLD"),
    ("__stub_helper", "Mach-O, Apple's ld"),
];

/// Other sections, and who makes them. A name that ends with `*` means every name that begins like it.
pub(super) const OTHERS: [(&str, &str); 17] = [
    (
        ".bss .comment .data .data1 .dynamic .dynstr .dynsym .fini_array .got .hash .init_array .interp .preinit_array \
         .rodata .rodata1 .shstrtab .strtab .symtab .symtab_shndx .tbss .tdata",
        "System V gABI, Special Sections",
    ),
    (
        ".ctors .data.rel.ro .dtors .eh_frame .eh_frame_hdr .gcc_except_table .gnu.version .gnu.version_d .gnu.version_r \
         .got.plt .jcr .note.ABI-tag .rela.dyn .rela.plt .rel.dyn .rel.plt",
        "LSB Core 5.0, Additional Special Sections",
    ),
    (".gnu.hash .note.gnu.build-id .note.gnu.property", "GNU ld 2.40, and rust-lld of rustc 1.95.0"),
    (".relro_padding .bss.rel.ro .relr.dyn", "LLD; seen with rust-lld of rustc 1.95.0"),
    (".igot .igot.plt .rela.iplt .rel.iplt .dynbss .dynrelro", "GNU ld"),
    (".tm_clone_table", "GCC's crtbegin.o; seen with GCC 12"),
    (".gnu_debuglink .gnu_debugaltlink .note.package .note.stapsdt .stapsdt.base", "objcopy, distributions, SystemTap"),
    (
        "__libc_subfreeres __libc_IO_vtables __libc_atexit __libc_freeres_ptrs __libc_thread_subfreeres .gnu.warning.*",
        "glibc, static; seen with glibc 2.36",
    ),
    (".debug_* .zdebug_*", "DWARF 5, 7.2; `.debug_gdb_scripts` is rustc's"),
    (".ARM.exidx .ARM.extab .ARM.attributes .riscv.attributes .sdata .sbss .srodata", "the ABIs of Arm and RISC-V"),
    (
        "__const __cstring __literal4 __literal8 __literal16 __gcc_except_tab __unwind_info __eh_frame __data __bss \
         __common __got __la_symbol_ptr __nl_symbol_ptr __mod_init_func __init_offsets __thread_vars __thread_data \
         __thread_bss __thread_ptrs",
        "Mach-O, Apple's ld and LLD",
    ),
    ("__debug_* __objc_* __swift*", "Mach-O, with debug information or Apple's frameworks"),
    (".rdata .pdata .xdata .reloc .rsrc .tls .idata .edata .didat .00cfg", "PE, link.exe and LLD"),
    (".CRT .eh_fram .gcc_exc .buildid", "PE, MinGW"),
    ("_RDATA .gfids .giats .gehcont .voltbl .msvcjmc .fptable .retplne", "PE, Microsoft's C runtime"),
    ("/4 /14 /19 /29 /31 /41 /45 /55 /57 /67 /78 /80 /81 /91 /92 /97 /102 /107 /112 /123", "PE, MinGW: long names"),
    (".hexagon.attributes .gnu.attributes .mips_abi* .MIPS.*", "ABIs of other processors"),
];

/// Functions of the C library that start another program, load code, or make data executable. Std uses some of them, so
/// they count only where the course's own build has none.
const POWERS: [&str; 29] = [
    "clone",
    "dlmopen",
    "dlopen",
    "dlsym",
    "execl",
    "execle",
    "execlp",
    "execv",
    "execve",
    "execveat",
    "execvp",
    "execvpe",
    "fexecve",
    "fork",
    "memfd_create",
    "mmap",
    "mmap64",
    "mprotect",
    "pkey_mprotect",
    "popen",
    "posix_spawn",
    "posix_spawnp",
    "process_vm_writev",
    "ptrace",
    "remap_file_pages",
    "socket",
    "syscall",
    "system",
    "vfork",
];

/// Whether machine code is usually in a section of this name.
pub(super) fn is_code(name: &str) -> bool {
    CODE.iter().any(|(known, _)| *known == name)
}

/// Whether programs usually have a section of this name.
pub(super) fn is_known(name: &str) -> bool {
    let is = |known: &str| match known.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == known,
    };
    is_code(name) || OTHERS.iter().flat_map(|(names, _)| names.split_whitespace()).any(is)
}

/// The name, if it belongs to a function by which a program can run other code than its own.
pub(super) fn power(name: &[u8]) -> Option<&'static str> {
    POWERS.into_iter().find(|power| power.as_bytes() == name)
}
