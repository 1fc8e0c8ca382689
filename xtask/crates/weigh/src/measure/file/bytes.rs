//! Numbers in the bytes of a file, by place and byte order. What lies beyond the end is `None`, whatever a header claims.

/// Bytes with their order.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'data> {
    data: &'data [u8],
    big: bool,
}

/// The order with the most significant byte first.
pub const BIG: bool = true;

/// The order with the least significant byte first.
pub const LITTLE: bool = false;

impl<'data> Bytes<'data> {
    /// Bytes, read in an order.
    pub fn new(data: &'data [u8], big: bool) -> Self {
        Self { data, big }
    }

    /// Some bytes from a place on.
    pub fn get(self, at: u64, bytes: u64) -> Option<&'data [u8]> {
        let (start, end) = (usize::try_from(at).ok()?, usize::try_from(at.checked_add(bytes)?).ok()?);
        self.data.get(start..end)
    }

    /// How many there are.
    pub fn len(self) -> u64 {
        self.data.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.data.is_empty()
    }

    /// One byte.
    pub fn u8(self, at: u64) -> Option<u8> {
        self.get(at, 1).map(|bytes| bytes[0])
    }

    /// Two bytes.
    pub fn u16(self, at: u64) -> Option<u16> {
        let bytes = self.get(at, 2)?.try_into().ok()?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    /// Four bytes.
    pub fn u32(self, at: u64) -> Option<u32> {
        let bytes = self.get(at, 4)?.try_into().ok()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    /// Eight bytes.
    pub fn u64(self, at: u64) -> Option<u64> {
        let bytes = self.get(at, 8)?.try_into().ok()?;
        Some(if self.big { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) })
    }

    /// Four bytes as a place or a size.
    pub fn word(self, at: u64) -> Option<u64> {
        self.u32(at).map(u64::from)
    }
}

/// A number of variable length (ULEB128), and where it ends.
pub fn uleb(data: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let (mut value, mut shift) = (0_u64, 0_u32);
    loop {
        let byte = *data.get(at)?;
        at += 1;
        if shift >= 64 {
            return None;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value, at));
        }
        shift += 7;
    }
}

/// A text that ends with a zero, or with the bytes.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_in_their_order_and_never_beyond_the_end() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8];
        let (big, little) = (Bytes::new(&data, BIG), Bytes::new(&data, LITTLE));
        assert_eq!((big.u16(0), little.u16(0)), (Some(0x0102), Some(0x0201)));
        assert_eq!((big.u32(4), little.u32(4)), (Some(0x0506_0708), Some(0x0807_0605)));
        assert_eq!((big.u64(0), little.u64(1)), (Some(0x0102_0304_0506_0708), None));
        assert_eq!((big.u32(u64::MAX), big.get(6, 3)), (None, None));
        assert_eq!(
            (uleb(&[0xe5, 0x8e, 0x26], 0), uleb(&[0x80], 0), uleb(&[0xff; 20], 0)),
            (Some((624_485, 3)), None, None)
        );
        assert_eq!(text(b"ab\0c"), "ab");
    }
}
