//! A table as a spreadsheet or an LMS saves it, read so that it can be written back byte for byte: with its encoding, its
//! separator, its line ends and its quotes. The csv crate reads such files as well, but doesn't say where a cell is, so a file
//! that went through it would be the same only in content.

use anyhow::Result;
use base::failure::{Exit, Failure, Place};
use base::files::read_bytes;
use base::numbers::plural;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The largest table, in bytes: room for tens of thousands of rows.
const LARGEST: u64 = 16 << 20;

/// How a file's characters are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// With or without a byte order mark.
    Utf8 {
        /// Excel writes one, and needs one.
        marked: bool,
    },
    /// With a byte order mark; Blackboard's tab-separated downloads are.
    Utf16 {
        /// Whether the higher byte comes first.
        big_endian: bool,
    },
}

/// A table.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    /// Where it came from, for messages.
    pub path: PathBuf,
    /// What is between two cells.
    pub separator: char,
    /// The rows; empty lines don't count.
    pub rows: Vec<Line>,
    encoding: Encoding,
    text: String,
}

/// A row.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// The line of the file in which it begins, from 1.
    pub number: usize,
    /// Its cells, without the spaces around them.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// What it holds, without quotes and surrounding space.
    pub text: String,
    /// Where it is in the text, with its quotes.
    at: Range<usize>,
}

impl Line {
    /// The text of a cell; empty if the row is too short.
    pub(crate) fn text(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", |cell| cell.text.as_str())
    }

    /// The texts of all cells.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(|cell| cell.text.as_str())
    }
}

impl Sheet {
    /// Reads a table.
    ///
    /// # Errors
    /// When there is none, its encoding isn't UTF-8 or marked UTF-16, or a quote is never closed.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let bytes = read_bytes(path, LARGEST).map_err(|unreadable| {
            let help = "name a table saved as CSV (UTF-8), or tab-separated as an LMS exports it";
            failure(path, unreadable.line, unreadable.message, help)
        })?;
        Self::parse(path, bytes)
    }

    /// The table that these bytes are; `path` is for messages.
    ///
    /// # Errors
    /// As `read`.
    pub(crate) fn parse(path: &Path, bytes: Vec<u8>) -> Result<Self> {
        let (encoding, text) = decode(path, bytes)?;
        let mut sheet = Self { path: path.to_owned(), separator: separator(&text), rows: Vec::new(), encoding, text };
        sheet.split()?;
        Ok(sheet)
    }

    /// The head line: the first row.
    ///
    /// # Errors
    /// When there is no row at all.
    pub(crate) fn head(&self) -> Result<&Line> {
        let help = "the first line names the columns; export the file again";
        self.rows.first().ok_or_else(|| failure(&self.path, None, "there is nothing in it", help).into())
    }

    /// A message about a line.
    pub(crate) fn failure(&self, line: usize, message: impl Into<String>, help: impl Into<String>) -> Failure {
        failure(&self.path, Some(line), message, help)
    }

    /// Checks that each row has as many cells as the head line.
    ///
    /// # Errors
    /// When one doesn't: a cell that lost its quotes would shift all others.
    pub(crate) fn check_widths(&self) -> Result<()> {
        let wanted = self.head()?.cells.len();
        match self.rows.iter().find(|row| row.cells.len() != wanted) {
            None => Ok(()),
            Some(row) => {
                let message =
                    format!("the line has {}, but the first line has {wanted}", plural(row.cells.len(), "cell"));
                let separator = if self.separator == '\t' { "tab" } else { "separator" };
                let help =
                    format!("put a cell that contains a {separator}, such as a name with a comma, in double quotes");
                Err(self.failure(row.number, message, help).into())
            }
        }
    }

    /// The file with other texts in some cells, by row and column; all other bytes are what they were.
    pub(crate) fn with(&self, changes: &BTreeMap<(usize, usize), String>) -> Vec<u8> {
        let mut text = String::with_capacity(self.text.len() + 8 * changes.len());
        let mut end = 0;
        // Rows and cells are in the order of the text, and so are the keys.
        for (&(row, column), new) in changes {
            let cell = &self.rows[row].cells[column];
            text.push_str(&self.text[end..cell.at.start]);
            let is_quoted = self.text[cell.at.clone()].trim_start().starts_with('"');
            if is_quoted || new.contains([self.separator, '"', '\n', '\r']) {
                text.push('"');
                text.push_str(&new.replace('"', "\"\""));
                text.push('"');
            } else {
                text.push_str(new);
            }
            end = cell.at.end;
        }
        text.push_str(&self.text[end..]);
        encode(self.encoding, &text)
    }

    fn split(&mut self) -> Result<()> {
        let text = self.text.as_str();
        let (mut at, mut line) = (0, 1);
        let (mut cells, mut first_line) = (Vec::new(), 1);
        loop {
            if cells.is_empty() {
                first_line = line;
            }
            let (cell, end) = cell(text, at, self.separator).ok_or_else(|| {
                let help = "close the quote; write a quote inside a quoted cell twice";
                failure(&self.path, Some(line), "a double quote is never closed", help)
            })?;
            line += text[at..end].matches('\n').count();
            cells.push(cell);
            let rest = &text[end..];
            let step = if rest.starts_with(self.separator) {
                at = end + self.separator.len_utf8();
                continue;
            } else if rest.starts_with("\r\n") {
                2
            } else {
                // The end, a newline, or a carriage return alone, as old Macs wrote it.
                usize::from(!rest.is_empty())
            };
            let row = Line { number: first_line, cells: std::mem::take(&mut cells) };
            let is_empty = row.cells.len() == 1 && row.cells[0].at.is_empty();
            if !is_empty {
                self.rows.push(row);
            }
            if rest.is_empty() {
                return Ok(());
            }
            line += 1;
            at = end + step;
        }
    }
}

/// The cell that begins at a place, and where it ends; none if its quote is never closed.
fn cell(text: &str, start: usize, separator: char) -> Option<(Cell, usize)> {
    let is_end = |c: char| c == separator || c == '\n' || c == '\r';
    let rest = &text[start..];
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    let Some(quoted) = rest[indent..].strip_prefix('"') else {
        let end = start + rest.find(is_end).unwrap_or(rest.len());
        return Some((Cell { text: text[start..end].trim().to_owned(), at: start..end }, end));
    };
    let mut held = String::new();
    let mut left = quoted;
    loop {
        let quote = left.find('"')?;
        held.push_str(&left[..quote]);
        left = &left[quote + 1..];
        if let Some(more) = left.strip_prefix('"') {
            held.push('"');
            left = more;
        } else {
            break;
        }
    }
    // Text between the closing quote and the separator is part of the cell, as in all readers.
    let tail = left.find(is_end).unwrap_or(left.len());
    held.push_str(&left[..tail]);
    let end = text.len() - left.len() + tail;
    Some((Cell { text: held.trim().to_owned(), at: start..end }, end))
}

/// The separator of a table: the most frequent one outside quotes in its first nonempty line.
fn separator(text: &str) -> char {
    let mut counts = [(',', 0), (';', 0), ('\t', 0)];
    let mut is_quoted = false;
    for c in text.trim_start_matches(['\r', '\n']).chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\n' | '\r' if !is_quoted => break,
            _ if is_quoted => {}
            _ => counts.iter_mut().filter(|(separator, _)| *separator == c).for_each(|(_, count)| *count += 1),
        }
    }
    // The first of several is the comma.
    counts.iter().rev().max_by_key(|(_, count)| *count).map_or(',', |(separator, _)| *separator)
}

fn decode(path: &Path, bytes: Vec<u8>) -> Result<(Encoding, String)> {
    let utf16 = |big_endian: bool| {
        let pairs = bytes[2..].chunks_exact(2);
        let odd = !pairs.remainder().is_empty();
        let units = pairs.map(|pair| {
            let pair = [pair[0], pair[1]];
            if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
        });
        let text: Option<String> = char::decode_utf16(units).collect::<Result<_, _>>().ok().filter(|_| !odd);
        let help = "export the file again, or save it as UTF-8";
        let text = text.ok_or_else(|| failure(path, None, "it begins as UTF-16 but contains something else", help));
        Ok((Encoding::Utf16 { big_endian }, text?))
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => return utf16(false),
        [0xfe, 0xff, ..] => return utf16(true),
        // Zip containers and the old binary format: what Excel saves by default.
        [b'P', b'K', 3, 4, ..] | [0xd0, 0xcf, 0x11, 0xe0, ..] => {
            let help = "save it as CSV UTF-8 (File > Save As in Excel), or export it as CSV again";
            return Err(failure(path, None, "it is an Excel workbook, not a CSV file", help).into());
        }
        [0, _, ..] | [_, 0, ..] => {
            let help = "save it as CSV UTF-8, or as UTF-16 with a byte order mark";
            return Err(failure(path, None, "it looks like UTF-16 without a byte order mark", help).into());
        }
        _ => {}
    }
    let marked = bytes.starts_with(&[0xef, 0xbb, 0xbf]);
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|&&byte| byte == b'\n').count() + 1;
        // Reading it as Windows-1252 would be a guess: in Mac Roman or Latin-2 the same byte is a different letter of a
        // name.
        let message = "it isn't UTF-8; in an older encoding, such as Latin-1, letters of names are ambiguous";
        let help = "save it as CSV UTF-8 (Excel: File > Save As, CSV UTF-8), or export it again";
        failure(path, Some(line), message, help)
    })?;
    let text = if marked { text[3..].to_owned() } else { text };
    Ok((Encoding::Utf8 { marked }, text))
}

fn encode(encoding: Encoding, text: &str) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 { marked: false } => text.as_bytes().to_vec(),
        Encoding::Utf8 { marked: true } => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        Encoding::Utf16 { big_endian } => {
            let units = std::iter::once(0xfeff).chain(text.encode_utf16());
            units.flat_map(|unit| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
        }
    }
}

/// A message about a table.
pub(crate) fn failure(
    path: &Path,
    line: Option<usize>,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Failure {
    let place = Place { file: path.to_owned(), line, column: None };
    Failure { place: Some(place), ..Failure::new(Exit::Usage, message).help(help) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::failure::failure_of;

    fn sheet(bytes: &[u8]) -> Sheet {
        Sheet::parse(Path::new("class.csv"), bytes.to_vec()).unwrap()
    }

    fn texts(sheet: &Sheet) -> Vec<Vec<&str>> {
        sheet.rows.iter().map(|row| row.texts().collect()).collect()
    }

    #[test]
    fn quotes_line_ends_and_separators_are_read_and_written_back() {
        for (text, separator, expected) in [
            ("a,b\n1,2\n", ',', vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a;b\r\n\"x;y\"; 2 \r\n", ';', vec![vec!["a", "b"], vec!["x;y", "2"]]),
            ("a\tb\r1\t\"two\rlines\"", '\t', vec![vec!["a", "b"], vec!["1", "two\rlines"]]),
            ("\n\n\"a,a,a\";b\n\n\"say \"\"hi\"\"\",\n", ';', vec![vec!["a,a,a", "b"], vec!["say \"hi\","]]),
            ("a\n", ',', vec![vec!["a"]]),
            ("Student,ID\n\"Doe, Jo\",1\n,\n", ',', vec![vec!["Student", "ID"], vec!["Doe, Jo", "1"], vec!["", ""]]),
            ("a, \"b,c\" ,d\n", ',', vec![vec!["a", "b,c", "d"]]),
            ("", ',', vec![]),
        ] {
            for mark in ["", "\u{feff}"] {
                let bytes = format!("{mark}{text}").into_bytes();
                let sheet = sheet(&bytes);
                assert_eq!(texts(&sheet), expected, "{text:?}");
                assert_eq!(sheet.separator, separator, "{text:?}");
                assert_eq!(sheet.with(&BTreeMap::new()), bytes);
            }
        }
    }

    #[test]
    fn lines_are_counted_as_an_editor_does() {
        let sheet = sheet(b"a,b\r\n\r\n\"1\n2\",x\n3,4\r\n");
        assert_eq!(sheet.rows.iter().map(|row| row.number).collect::<Vec<_>>(), [1, 3, 5]);
    }

    #[test]
    fn a_filled_cell_keeps_its_quotes_and_all_others_their_bytes() {
        let sheet = sheet(b"Student, ID ,Grade\r\n\"Doe, Jo\",  1 ,\"\"\r\nLee,2,\r\nKim,3,9.5");
        let change = |row, text: &str| ((row, 2), text.to_owned());
        let changes = BTreeMap::from([change(1, "7.5"), change(2, "8"), change(3, "1,5")]);
        let filled = String::from_utf8(sheet.with(&changes)).unwrap();
        assert_eq!(filled, "Student, ID ,Grade\r\n\"Doe, Jo\",  1 ,\"7.5\"\r\nLee,2,8\r\nKim,3,\"1,5\"");
    }

    #[test]
    fn utf_16_is_read_and_written_back() {
        for big_endian in [false, true] {
            let bytes = encode(Encoding::Utf16 { big_endian }, "Name\tGrade\r\nZoë 𝒵\t\r\n");
            let sheet = sheet(&bytes);
            assert_eq!(texts(&sheet), [["Name", "Grade"], ["Zoë 𝒵", ""]]);
            assert_eq!(sheet.with(&BTreeMap::new()), bytes);
            let filled = sheet.with(&BTreeMap::from([((1, 1), "10".to_owned())]));
            assert_eq!(filled, encode(Encoding::Utf16 { big_endian }, "Name\tGrade\r\nZoë 𝒵\t10\r\n"));
        }
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_reason_and_what_to_do() {
        for (bytes, line, message) in [
            (b"a,b\nJos\xe9,1\n".as_slice(), Some(2), "older encoding"),
            (b"PK\x03\x04rest", None, "Excel workbook"),
            (b"\xd0\xcf\x11\xe0rest", None, "Excel workbook"),
            (b"a\0,\0b\0", None, "without a byte order mark"),
            (b"\xff\xfea\0b", None, "something else"),
            (b"a,b\n\n1,\"2\n3,4\n", Some(3), "never closed"),
        ] {
            let error = Sheet::parse(Path::new("class.csv"), bytes.to_vec()).unwrap_err();
            let failure = failure_of(&error);
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.contains(message), "{}", failure.message);
            assert!(failure.help.is_some());
            assert_eq!(failure.place.unwrap().line, line, "{message}");
        }
        let ragged = failure_of(&sheet(b"a,b\n1\n").check_widths().unwrap_err());
        assert_eq!(ragged.message, "the line has 1 cell, but the first line has 2");
    }
}
