//! The tables that say how to leave a function: which of their bytes belong to which function.
//!
//! DWARF 5, section 6.4, and the Linux Standard Base, "Exception Frames": an entry in `.eh_frame` for each function, which may point
//! at one in `.gcc_except_table`.

use crate::measure::file::bytes::{Bytes, uleb};

/// An entry for a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where the function begins.
    pub function: u64,
    /// Bytes of the entry.
    pub bytes: u64,
    /// Where its landing pads are described, if it has any.
    pub exceptions: Option<u64>,
}

/// How entries write addresses: what a common entry says for those that name it.
#[derive(Clone, Copy, Debug, Default)]
struct Common {
    has_length: bool,
    address: u8,
    exceptions: Option<u8>,
}

/// The most letters that tell what a common entry has.
const LETTERS: usize = 16;

/// No address at all.
const OMIT: u8 = 0xff;

/// The entries of functions in `.eh_frame`, which is loaded at `start`. What makes no sense ends the list.
pub(super) fn frames(data: &[u8], start: u64, big: bool) -> Vec<Frame> {
    let bytes = Bytes::new(data, big);
    let mut frames = Vec::new();
    let mut at = 0;
    // Entries follow the common one that they name: mostly the last one seen.
    let mut common = (u64::MAX, Common::default());
    while let Some((from, end)) = entry(bytes, at) {
        let Some(link) = bytes.u32(from).filter(|_| end > from) else {
            // An empty entry ends a list; a linker may have put another one behind it.
            at = end;
            continue;
        };
        if link != 0 {
            let place = from.checked_sub(u64::from(link));
            if place.is_some_and(|place| place != common.0) {
                let found = place.and_then(|place| common_entry(bytes, place).map(|found| (place, found)));
                common = found.unwrap_or((u64::MAX, Common::default()));
            }
            if common.0 != u64::MAX
                && let Some((function, exceptions)) = of_function(bytes, from + 4, end, start, common.1)
            {
                frames.push(Frame { function, bytes: end - at, exceptions });
            }
        }
        at = end;
    }
    frames
}

/// Where an entry's content begins and ends.
fn entry(bytes: Bytes<'_>, at: u64) -> Option<(u64, u64)> {
    let length = bytes.word(at)?;
    let (from, length) = if length == 0xffff_ffff { (at + 12, bytes.u64(at + 4)?) } else { (at + 4, length) };
    let end = from.checked_add(length)?;
    (end <= bytes.len()).then_some((from, end))
}

fn common_entry(bytes: Bytes<'_>, at: u64) -> Option<Common> {
    let (from, end) = entry(bytes, at)?;
    let content = bytes.get(from, end - from)?;
    let version = *content.get(4)?;
    // There are fewer than ten letters; what has no end isn't looked for at the end of the table for each function.
    let augmentation = content.get(5..)?.iter().take(LETTERS).position(|byte| *byte == 0)?;
    let augmentation = &content[5..5 + augmentation];
    let mut at = 5 + augmentation.len() + 1;
    // The factors of code and data, and the register of the return address.
    at = uleb(content, at)?.1;
    at = uleb(content, at)?.1;
    at = if version == 1 { at + 1 } else { uleb(content, at)?.1 };
    let mut common = Common::default();
    for letter in augmentation {
        match letter {
            b'z' => {
                common.has_length = true;
                at = uleb(content, at)?.1;
            }
            b'R' => {
                common.address = *content.get(at)?;
                at += 1;
            }
            b'L' => {
                common.exceptions = Some(*content.get(at)?).filter(|form| *form != OMIT);
                at += 1;
            }
            b'P' => at += 1 + size_of(*content.get(at)?)?,
            b'S' | b'B' => {}
            _ => break,
        }
    }
    Some(common)
}

/// The function of an entry, and where its landing pads are described.
fn of_function(bytes: Bytes<'_>, at: u64, end: u64, start: u64, common: Common) -> Option<(u64, Option<u64>)> {
    let function = pointer(bytes, at, start, common.address)?;
    let size = size_of(common.address)? as u64;
    let after = at + 2 * size;
    let described = || {
        let form = common.exceptions.filter(|_| common.has_length)?;
        let content = bytes.get(after, end.checked_sub(after)?)?;
        let place = after + uleb(content, 0)?.1 as u64;
        pointer(bytes, place, start, form)
    };
    Some((function, described()))
}

/// Bytes that a form of address takes.
fn size_of(form: u8) -> Option<usize> {
    match form & 0x0f {
        0x00 | 0x04 | 0x0c => Some(8),
        0x02 | 0x0a => Some(2),
        0x03 | 0x0b => Some(4),
        _ => None,
    }
}

/// The address at a place; none where it is zero, which says that there is none.
fn pointer(bytes: Bytes<'_>, at: u64, start: u64, form: u8) -> Option<u64> {
    let value = match form & 0x0f {
        0x00 | 0x04 | 0x0c => bytes.u64(at)?,
        0x02 => bytes.u16(at)?.into(),
        0x0a => i64::from(bytes.u16(at)?.cast_signed()).cast_unsigned(),
        0x03 => bytes.u32(at)?.into(),
        0x0b => i64::from(bytes.u32(at)?.cast_signed()).cast_unsigned(),
        _ => return None,
    };
    match form & 0x70 {
        _ if value == 0 => None,
        0x00 => Some(value),
        // From where it is written.
        0x10 => Some(value.wrapping_add(start).wrapping_add(at)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::file::bytes::LITTLE;

    /// A common entry as rustc's programs have it, and two functions; one has landing pads.
    fn table() -> Vec<u8> {
        let mut table = Vec::new();
        // Common: version 1, "zPLR", factors 1 and -8, register 16; a personality of 4 bytes, then both forms.
        let mut common = vec![0, 0, 0, 0, 1];
        common.extend(b"zPLR\0");
        common.extend([1, 0x78, 16, 7, 0x9b, 1, 2, 3, 4, 0x1b, 0x1b, 0, 0]);
        let mut function = |common_at: Option<u32>, content: &[u8]| {
            let link = common_at.map(|at| (table.len() as u32 + 4 - at).to_le_bytes());
            let content = [link.map_or(Vec::new(), |link| link.to_vec()), content.to_vec()].concat();
            table.extend((content.len() as u32).to_le_bytes());
            table.extend(content);
        };
        function(None, &common);
        // At 28: function at 0x1000 + 36 + 100, 5 bytes; landing pads at its own place + 8.
        function(
            Some(0),
            &[&100_i32.to_le_bytes()[..], &5_u32.to_le_bytes(), &[4], &8_i32.to_le_bytes(), &[0; 3]].concat(),
        );
        function(Some(0), &[&(-20_i32).to_le_bytes()[..], &5_u32.to_le_bytes(), &[4], &[0; 4], &[0; 3]].concat());
        table.extend([0; 4]);
        table
    }

    #[test]
    fn each_function_has_its_entry() {
        let table = table();
        let found = frames(&table, 0x1000, LITTLE);
        let first = u64::from(u32::from_le_bytes(table[0..4].try_into().unwrap())) + 4;
        let place = 0x1000 + first;
        assert_eq!(
            found,
            [
                Frame { function: place + 8 + 100, bytes: 24, exceptions: Some(place + 17 + 8) },
                Frame { function: place + 24 + 8 - 20, bytes: 24, exceptions: None },
            ]
        );
    }

    #[test]
    fn damage_ends_the_list_without_a_panic() {
        let table = table();
        for end in 0..table.len() {
            assert!(frames(&table[..end], 0x1000, LITTLE).len() <= 2);
        }
        for place in 0..table.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut table = table.clone();
                table[place] = value;
                assert!(frames(&table, u64::MAX - 10, LITTLE).len() <= table.len() / 4);
            }
        }
    }
}
