//! Why the content of a file with the right name isn't the required text: a word processor saved it, a browser saved a
//! page, an editor wrote a different encoding.

/// Files that aren't text, by how they begin.
const FORMATS: [(&[u8], &str); 10] = [
    (b"%PDF", "is a PDF, not the required text file"),
    (b"PK\x03\x04", "is a zip or an Office document under another name; hand in the text file itself"),
    (b"PK\x05\x06", "is an empty zip under another name; hand in the text file itself"),
    (b"\x1f\x8b", "is a gzip archive under another name; hand in the text file itself"),
    (b"7z\xbc\xaf", "is a 7z archive under another name; hand in the text file itself"),
    (b"Rar!", "is a RAR archive under another name; hand in the text file itself"),
    (b"\xd0\xcf\x11\xe0", "is an old Office document under another name; save it as plain text"),
    (b"\x7fELF", "is a program, not the required text file"),
    (b"MZ", "is a Windows program, not the required text file"),
    (b"\x89PNG", "is a picture; hand in the text file itself"),
];
/// How a page begins. TOML and Rust don't begin with any of these.
const PAGES: [&str; 6] = ["<!doctype", "<html", "<head", "<body", "<?xml", "<!--"];

/// Why a text can't be read, as the rest of a sentence that begins with its name.
/// Why a text can't be read, as the rest of a sentence that begins with its name.
pub(super) fn unreadable(bytes: &[u8]) -> Option<String> {
    if let Some(problem) = other_format(bytes) {
        return Some(problem.to_owned());
    }
    let zeros = bytes.iter().filter(|&&byte| byte == 0).count();
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || zeros > 0 && zeros * 3 >= bytes.len() {
        return Some("is UTF-16, as PowerShell's `>` and some editors write it; it has to be UTF-8".to_owned());
    }
    if let Err(error) = std::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() + 1;
        let byte = bytes[at];
        let looks = if byte >= 0xa0 {
            format!(", which is `{}` in Latin-1, as old Windows editors write it", char::from(byte))
        } else {
            String::new()
        };
        return Some(format!("isn't UTF-8: line {line} has the byte 0x{byte:02x}{looks}"));
    }
    let has = |wanted: u8| bytes.contains(&wanted);
    (has(b'\r') && !has(b'\n')).then(|| {
        "ends its lines with carriage returns alone, as very old Mac editors do; Cargo sees a single line".to_owned()
    })
}

/// What a file is instead, if its first bytes show it.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let begin = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).to_ascii_lowercase();
    if begin.starts_with("{\\rtf") {
        return Some("is a rich text (RTF) document, as a word processor saves it; save it as plain text");
    }
    if PAGES.iter().any(|page| begin.starts_with(page)) {
        return Some("is a web page instead of the file; on GitHub, choose `Raw` and save that");
    }
    // Two letters may begin a text as well; a program has a zero byte soon after them.
    let is_binary = |start: &[u8]| start.len() > 2 || bytes.iter().take(64).any(|&byte| byte == 0 || byte > 0x7f);
    FORMATS.iter().find(|(start, _)| bytes.starts_with(start) && is_binary(start)).map(|(_, problem)| *problem)
}

/// Whether a file contains only spaces and line ends.
pub(super) fn is_blank(bytes: &[u8]) -> bool {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii().is_empty()
}
