//! Where an x86-64 instruction points. Its address is counted from where the instruction ends, and the linker only knows where the
//! four bytes of the distance are: what follows them in the instruction has to be read from its code.

/// Bytes of the constant that follows a distance in the instruction: 0, 1, 2 or 4. `code` is the function's code up to the
/// distance.
///
/// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, appendix A: the opcodes with an immediate.
pub(super) fn after_distance(code: &[u8]) -> u64 {
    let byte = |back: usize| code.len().checked_sub(back).map(|at| code[at]);
    // A jump or a call has no byte for operands; what counts from the instruction pointer has this one.
    let (Some(operands), Some(opcode)) = (byte(1), byte(2)) else { return 0 };
    if operands & 0b1100_0111 != 0b0000_0101 {
        return 0;
    }
    let wide = || if has_prefix(code, 0x66) { 2 } else { 4 };
    let is_test = operands >> 3 & 0b111 < 2;
    // Instructions of three bytes, and their newer forms with a prefix of two or three: map 3 has a constant of one byte.
    match (byte(5), byte(4), byte(3), opcode) {
        (_, Some(0x0f), Some(0x3a), _) => 1,
        (_, Some(0x0f), Some(0x38), _) => 0,
        (_, _, Some(0x0f), _) => u64::from(SHORT_WITH_CONSTANT.contains(&opcode)),
        // No newer form has these, so what looks like its prefix is the end of the instruction before.
        (_, _, _, 0x80 | 0x83 | 0xc0 | 0xc1) => 1,
        (_, _, _, 0x81 | 0xc7) => wide(),
        (Some(0xc4), Some(map), ..) if map & 0x1f == 3 => 1,
        (Some(0xc4), ..) | (_, Some(0xc5), ..) => u64::from(SHORT_WITH_CONSTANT.contains(&opcode)),
        (_, _, _, 0x6b | 0xc6) => 1,
        (_, _, _, 0x69) => wide(),
        (_, _, _, 0xf6) if is_test => 1,
        (_, _, _, 0xf7) if is_test => wide(),
        _ => 0,
    }
}

/// Opcodes after 0F with a constant of one byte: shuffles, shifts by a constant, comparisons, inserts, bit tests.
const SHORT_WITH_CONSTANT: [u8; 8] = [0x70, 0xa4, 0xac, 0xba, 0xc2, 0xc4, 0xc5, 0xc6];

/// Whether a prefix stands before the opcode, with at most one other between (REX).
fn has_prefix(code: &[u8], prefix: u8) -> bool {
    let before = &code[..code.len().saturating_sub(2)];
    match before {
        [.., last] if *last == prefix => true,
        [.., first, rex] if rex & 0xf0 == 0x40 => *first == prefix,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_the_distance_is_read_from_the_opcode() {
        for (code, bytes, what) in [
            (&[0x48, 0x8d, 0x05][..], 0, "lea rax, [rip + d]"),
            (&[0x48, 0x8b, 0x0d], 0, "mov rcx, [rip + d]"),
            (&[0xe8], 0, "call d"),
            (&[0x0f, 0x85], 0, "jne d"),
            (&[0x0f, 0x83], 0, "jae d"),
            (&[0x83, 0x3d], 1, "cmp dword ptr [rip + d], 3"),
            (&[0x48, 0x83, 0x3d], 1, "cmp qword ptr [rip + d], 3"),
            (&[0x80, 0x3d], 1, "cmp byte ptr [rip + d], 3"),
            (&[0xc6, 0x05], 1, "mov byte ptr [rip + d], 1"),
            (&[0xc7, 0x05], 4, "mov dword ptr [rip + d], 1"),
            (&[0x48, 0xc7, 0x05], 4, "mov qword ptr [rip + d], 1"),
            (&[0x66, 0xc7, 0x05], 2, "mov word ptr [rip + d], 1"),
            (&[0x66, 0x81, 0x3d], 2, "cmp word ptr [rip + d], 1000"),
            (&[0x81, 0x3d], 4, "cmp dword ptr [rip + d], 1000"),
            (&[0xf6, 0x05], 1, "test byte ptr [rip + d], 1"),
            (&[0xf6, 0x1d], 0, "neg byte ptr [rip + d]"),
            (&[0xf7, 0x05], 4, "test dword ptr [rip + d], 1000"),
            (&[0x0f, 0x10, 0x05], 0, "movups xmm0, [rip + d]"),
            (&[0x66, 0x0f, 0x6f, 0x05], 0, "movdqa xmm0, [rip + d]"),
            (&[0x66, 0x0f, 0x70, 0x05], 1, "pshufd xmm0, [rip + d], 1"),
            (&[0x0f, 0xc6, 0x05], 1, "shufps xmm0, [rip + d], 1"),
            (&[0x66, 0x0f, 0x38, 0x00, 0x05], 0, "pshufb xmm0, [rip + d]"),
            (&[0x66, 0x0f, 0x3a, 0x0f, 0x05], 1, "palignr xmm0, [rip + d], 1"),
            (&[0xc5, 0xf9, 0x6f, 0x05], 0, "vmovdqa xmm0, [rip + d]"),
            (&[0xc5, 0xf9, 0x70, 0x05], 1, "vpshufd xmm0, [rip + d], 1"),
            (&[0xc4, 0xe3, 0x7d, 0x46, 0x05], 1, "vperm2i128 ymm0, ymm0, [rip + d], 1"),
            (&[0xc4, 0xe2, 0x7d, 0x00, 0x05], 0, "vpshufb ymm0, ymm0, [rip + d]"),
            (&[0x89, 0xc5, 0x48, 0x83, 0x3d], 1, "mov ebp, eax; cmp qword ptr [rip + d], 3"),
            (&[0xf0, 0x0f, 0xc1, 0x05], 0, "lock xadd [rip + d], eax"),
            (&[0xf0, 0x48, 0x0f, 0xc7, 0x0d], 0, "lock cmpxchg16b [rip + d]"),
            (&[0xff, 0x15], 0, "call [rip + d]"),
            (&[], 0, "nothing"),
            (&[0x05], 0, "add eax, d"),
        ] {
            assert_eq!(after_distance(code), bytes, "{what}");
        }
    }
}
