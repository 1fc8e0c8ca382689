//! CRC-32, the checksum of zip, PNG and Ethernet.

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

static BYTES: [u32; 256] = bytes();

/// The checksum of some bytes.
pub fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| BYTES[((crc ^ u32::from(*byte)) & 0xff) as usize] ^ (crc >> 8);
    !bytes.iter().fold(u32::MAX, step)
}
