//! CRC-32, the checksum of zip, PNG and Ethernet. It takes two bytes at a time, "for speed".

/// What eight steps make of each byte.
const fn bytes() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < table.len() {
        let mut value = index as u32;
        let mut step = 0;
        while step < 8 {
            value = (value >> 1) ^ ((value & 1) * 0xedb8_8320);
            step += 1;
        }
        table[index] = value;
        index += 1;
    }
    table
}

/// What sixteen steps make of each pair of bytes.
const fn pairs() -> [u32; 65_536] {
    let bytes = bytes();
    let mut table = [0; 65_536];
    let mut index = 0;
    while index < table.len() {
        let half = bytes[index & 0xff] ^ (index >> 8) as u32;
        table[index] = bytes[(half & 0xff) as usize] ^ (half >> 8);
        index += 1;
    }
    table
}

static PAIRS: [u32; 65_536] = pairs();

/// The checksum of some bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    let mut pairs = bytes.chunks_exact(2);
    for pair in &mut pairs {
        let pair = u32::from(pair[0]) | u32::from(pair[1]) << 8;
        crc = PAIRS[((crc ^ pair) & 0xffff) as usize] ^ (crc >> 16);
    }
    for byte in pairs.remainder() {
        // An entry of the small table is in the large one, too: the first byte of its pair is zero.
        crc = PAIRS[(((crc ^ u32::from(*byte)) & 0xff) << 8) as usize] ^ (crc >> 8);
    }
    !crc
}
