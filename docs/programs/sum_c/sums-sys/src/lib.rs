//! Two check sums, computed in C.

mod c {
    #[link(name = "sums", kind = "static")]
    unsafe extern "C" {
        pub(crate) fn sums_crc32(bytes: *const u8, count: usize) -> u32;
        pub(crate) fn sums_siphash(bytes: *const u8, count: usize) -> u64;
    }
}

/// The check sum of zip and gzip.
pub fn crc32(bytes: &[u8]) -> u32 {
    // SAFETY: the function reads these bytes, and nothing else.
    unsafe { c::sums_crc32(bytes.as_ptr(), bytes.len()) }
}

/// SipHash-2-4 with a key of zeros.
pub fn siphash(bytes: &[u8]) -> u64 {
    // SAFETY: as above.
    unsafe { c::sums_siphash(bytes.as_ptr(), bytes.len()) }
}
