//! Passes a flag to the linker for this package alone: `RUSTFLAGS` would recompile every dependency.

fn main() {
    println!("cargo::rerun-if-changed=../build.rs");
    // An address that's adjusted when the program starts then takes a bit instead of 24 bytes. The loader needs glibc 2.36.
    println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
}
