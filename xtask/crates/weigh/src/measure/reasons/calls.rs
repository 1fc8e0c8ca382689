//! Calls that no relocation tells of: where an object in C or assembly has several functions in one section, as without
//! `-ffunction-sections`, its assembler writes the distances between them itself. The functions of Rust have a section each.

use super::cuts::{Pieces, Role, role};
use super::elf::Linked;

/// Which functions call which in this way, by the number of parts: whatever reads like a call of where a function begins, or takes that
/// address.
pub(super) fn local(linked: &Linked<'_>, pieces: &Pieces) -> Vec<(u32, u32)> {
    let mut calls = Vec::new();
    for (number, section) in linked.sections.iter().enumerate().filter(|(_, section)| role(section) == Role::Code) {
        let is_foreign = |part: usize| {
            let name = pieces.all[part].name.map(|name| linked.names[name].symbol);
            name.is_some_and(|name| rustc_demangle::try_demangle(name).is_err())
        };
        for part in pieces.of_section(number).filter(|part| is_foreign(*part)) {
            let piece = &pieces.all[part];
            let from = usize::try_from(piece.address - section.address).unwrap_or(usize::MAX);
            let named = usize::try_from(piece.named_bytes).unwrap_or_default();
            let code = section.data.get(from..from.saturating_add(named)).unwrap_or_default();
            let called = if linked.is_x86 { x86 } else { aarch64 };
            called(code, &mut |at, distance| {
                let to = piece.address.wrapping_add(at as u64).wrapping_add_signed(distance);
                let to = pieces.at(number, to).filter(|at| *at != part && pieces.all[*at].address == to);
                calls.extend(to.filter(|to| is_foreign(*to)).map(|to| (part as u32, to as u32)));
            });
        }
    }
    calls
}

/// The places in some code that distances are counted from, and the distances to what it calls, jumps to or takes the address of:
/// `call`, `jmp`, the conditional jumps and `lea` with four bytes.
///
/// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, "CALL", "JMP", "Jcc", "LEA".
fn x86(code: &[u8], found: &mut dyn FnMut(usize, i64)) {
    for (at, bytes) in code.windows(5).enumerate() {
        let before = at.checked_sub(1).map(|at| code[at]);
        let is_address = before == Some(0x8d) && bytes[0] & 0b1100_0111 == 0b0000_0101;
        let is_jump = matches!(bytes[0], 0xe8 | 0xe9) || (before == Some(0x0f) && matches!(bytes[0], 0x80..=0x8f));
        if is_address || is_jump {
            let distance = i32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
            found(at + 5, i64::from(distance));
        }
    }
}

/// The same for `B` and `BL`: 26 bits of words.
///
/// Arm Architecture Reference Manual for A-profile, C6.2, "B", "BL".
fn aarch64(code: &[u8], found: &mut dyn FnMut(usize, i64)) {
    for (at, bytes) in code.chunks_exact(4).enumerate() {
        // Code has the least significant byte first, whatever the order of data.
        let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        if word & 0x7c00_0000 == 0x1400_0000 {
            let words = (word << 6).cast_signed() >> 6;
            found(at * 4, i64::from(words) * 4);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distances(of: fn(&[u8], &mut dyn FnMut(usize, i64)), code: &[u8]) -> Vec<i64> {
        let mut found = Vec::new();
        of(code, &mut |at, distance| found.push(i64::try_from(at).unwrap() + distance));
        found
    }

    #[test]
    fn a_call_is_a_distance_from_its_own_end() {
        assert_eq!(distances(x86, &[0x90, 0xe8, 0x10, 0, 0, 0, 0xc3]), [0x16]);
        assert_eq!(distances(x86, &[0x0f, 0x85, 0xf0, 0xff, 0xff, 0xff]), [-10]);
        assert_eq!(distances(x86, &[0x48, 0x8d, 0x3d, 0xf0, 0xff, 0xff, 0xff]), [-9]);
        assert!(distances(x86, &[0x85, 1, 2, 3, 4]).is_empty() && distances(x86, &[0xe8, 1, 2, 3]).is_empty());
        let code = [0xd503_201f_u32, 0x9400_0003, 0x17ff_ffff, 0x5400_0040].map(u32::to_le_bytes).concat();
        assert_eq!(distances(aarch64, &code), [16, 4]);
    }
}
