//! Gives the linker a flag, for this package alone: `RUSTFLAGS` would compile every dependency again.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    // Addresses that are corrected when the program starts need a bit each, and not 24 bytes. The loader needs glibc 2.36.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
