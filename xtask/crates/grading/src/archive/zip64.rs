//! The second directory end that a zip has for more than 65,534 files or 4 GiB, and that some programs write for a single file.
//! The library allocates room for as many files as the record names before it reads any, so the number is checked
//! first.

use super::{damaged, too_many};
use std::io::{Read, Seek, SeekFrom};

/// The record at the very end, the longest comment, the locator of the second record, and a little more than the library reads.
const TAIL: u64 = 22 + 65_535 + 20 + 1_024;
/// The second record, where nothing is appended to it. It is right before its locator.
const RECORD: usize = 56;
const LOCATOR: usize = 20;

/// Looks at every place where the library could find such a record.
///
/// # Errors
/// Why the archive is refused: too many files, or a record that isn't where the usual programs write it.
pub(super) fn check(file: &mut (impl Read + Seek), most: usize) -> Result<(), String> {
    let length = file.seek(SeekFrom::End(0)).map_err(damaged)?;
    let start = length.saturating_sub(TAIL + RECORD as u64);
    file.seek(SeekFrom::Start(start)).map_err(damaged)?;
    let mut tail = Vec::new();
    file.take(TAIL + RECORD as u64).read_to_end(&mut tail).and_then(|_| file.rewind()).map_err(damaged)?;
    let is_locator = |bytes: &[u8]| bytes.starts_with(b"PK\x06\x07") && bytes.ends_with(b"PK\x05\x06");
    for (at, _) in tail.windows(LOCATOR + 4).enumerate().filter(|(_, bytes)| is_locator(bytes)) {
        let number = |from: usize| {
            let bytes = tail.get(from..from + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map_or(u64::MAX, u64::from_le_bytes)
        };
        let record = at.checked_sub(RECORD).filter(|&record| tail[record..].starts_with(b"PK\x06\x06"));
        match record.filter(|&record| number(at + 8) == start + record as u64) {
            None => return Err(damaged("its zip64 record isn't where it should be")),
            Some(record) if number(record + 24).max(number(record + 32)) > most as u64 => return Err(too_many(most)),
            Some(_) => {}
        }
    }
    Ok(())
}
