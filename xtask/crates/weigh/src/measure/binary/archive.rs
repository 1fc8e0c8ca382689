//! An archive of objects (`ar`): a static library, an import library, or an rlib. Its sections are the sums over its members.

use super::{Binary, Damaged, Section};
use crate::measure::file::kind::{self, Kind};
use std::collections::BTreeMap;

/// A file in an archive.
#[derive(Debug)]
pub struct Member<'data> {
    /// Its name.
    pub name: String,
    /// Its bytes.
    pub data: &'data [u8],
    /// Bytes of its header, with a name that was too long for it.
    header: u64,
}

/// What an archive says about its members, in members of its own.
const TABLES: [(&str, &str); 8] = [
    ("/", "[symbol index]"),
    ("/SYM64/", "[symbol index]"),
    ("__.SYMDEF", "[symbol index]"),
    ("__.SYMDEF SORTED", "[symbol index]"),
    ("__.SYMDEF_64", "[symbol index]"),
    ("__.SYMDEF_64 SORTED", "[symbol index]"),
    ("/<ECSYMBOLS>/", "[symbol index]"),
    ("//", "[member names]"),
];

/// Everything in an archive, its own tables as well.
///
/// # Errors
/// When a header is damaged, or a member ends beyond the file.
pub fn members(data: &[u8]) -> Result<Vec<Member<'_>>, Damaged> {
    let mut at = 8;
    let mut members: Vec<Member<'_>> = Vec::new();
    let mut long_names: &[u8] = &[];
    while at + 60 <= data.len() {
        let header = &data[at..at + 60];
        let field = |from: usize, to: usize| String::from_utf8_lossy(&header[from..to]).trim_end().to_owned();
        let bytes: usize = field(48, 58).parse().map_err(|_| Damaged(format!("no member header at byte {at}")))?;
        if &header[58..] != b"`\n" {
            return Err(Damaged(format!("no member header at byte {at}")));
        }
        let mut name = field(0, 16);
        let mut start = at + 60;
        let end = start.checked_add(bytes).filter(|end| *end <= data.len()).ok_or_else(|| {
            Damaged(format!("it is cut off: its member {name} should end at byte {}", start.saturating_add(bytes)))
        })?;
        // Long names are in front of the content (BSD, macOS), or in a table (GNU, Windows).
        if let Some(length) = name.strip_prefix("#1/").and_then(|length| length.parse::<usize>().ok()) {
            let after = start.checked_add(length).filter(|after| *after <= end);
            let after = after.ok_or_else(|| Damaged(format!("no member name at byte {start}")))?;
            String::from_utf8_lossy(&data[start..after]).trim_end_matches('\0').clone_into(&mut name);
            start = after;
        } else if let Some(place) = name.strip_prefix('/').and_then(|place| place.parse::<usize>().ok()) {
            let rest = long_names.get(place..).unwrap_or_default();
            let length = rest.iter().position(|byte| matches!(byte, b'\n' | 0)).unwrap_or(rest.len());
            String::from_utf8_lossy(&rest[..length]).trim_end_matches('/').clone_into(&mut name);
        } else if !is_table(&name) {
            name.truncate(name.trim_end_matches('/').len());
        }
        if name == "//" {
            long_names = &data[start..end];
        }
        members.push(Member { name, data: &data[start..end], header: (start - at) as u64 });
        at = end + (end & 1);
    }
    if at < data.len() && data.len() - at < 60 && data[at..].iter().any(|byte| *byte != b'\n') {
        return Err(Damaged(format!("it is cut off: a header of 60 bytes should begin at byte {at}")));
    }
    Ok(members)
}

fn is_table(name: &str) -> bool {
    TABLES.iter().any(|(table, _)| *table == name)
}

/// The objects of an archive, and whatever else it holds but its own tables.
///
/// # Errors
/// When the archive is damaged.
pub fn objects(data: &[u8]) -> Result<Vec<Member<'_>>, Damaged> {
    Ok(members(data)?.into_iter().filter(|member| !is_table(&member.name)).collect())
}

/// Refuses an archive that is not whole.
///
/// # Errors
/// When the file is damaged.
pub fn check_whole(data: &[u8]) -> Result<(), Damaged> {
    members(data).map(|_| ())
}

/// The sums over all members.
///
/// # Errors
/// When the file is damaged.
pub fn parse(data: &[u8]) -> Result<Binary, Damaged> {
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    let mut add = |name: &str, bytes: u64| *sums.entry(name.to_owned()).or_default() += bytes;
    let (mut objects, mut text, mut compiler) = (Vec::new(), Section::default(), None);
    // Its own first eight bytes.
    add("[headers]", 8.min(data.len() as u64));
    for member in members(data)? {
        let bytes = member.data.len() as u64;
        add("[headers]", member.header);
        if let Some((_, what)) = TABLES.iter().find(|(table, _)| *table == member.name) {
            add(what, bytes);
            continue;
        }
        match object(member.data) {
            Some(object) => {
                object.sections.iter().for_each(|section| add(&section.name, section.bytes));
                text.bytes += object.text.bytes;
                text.name = if text.name.is_empty() || text.name == object.text.name {
                    object.text.name
                } else {
                    "code".to_owned()
                };
                compiler = compiler.or(object.compiler);
            }
            None => add(other(&member), bytes),
        }
        objects.push(Section { name: member.name, bytes });
    }
    let (headers, padding) =
        (sums.remove("[headers]").unwrap_or_default(), sums.remove("[padding]").unwrap_or_default());
    let mut sections: Vec<Section> = sums.into_iter().map(|(name, bytes)| Section { name, bytes }).collect();
    sections.sort_by_key(|section| std::cmp::Reverse(section.bytes));
    // Between members is a byte where the one before has an odd size.
    let named: u64 = sections.iter().map(|section| section.bytes).sum::<u64>() + headers + padding;
    let between = (data.len() as u64).saturating_sub(named);
    sections.push(Section { name: "[headers]".to_owned(), bytes: headers });
    sections.push(Section { name: "[padding]".to_owned(), bytes: padding + between });
    let plural = if objects.len() == 1 { "" } else { "s" };
    Ok(Binary {
        bytes: data.len() as u64,
        sections,
        text,
        format: format!("an archive of {} object{plural}", objects.len()),
        members: objects,
        compiler,
        linker: None,
    })
}

/// A member that can be read, and isn't itself an archive.
fn object(data: &[u8]) -> Option<Binary> {
    match kind::of(data) {
        Ok(Kind::Archive | Kind::Universal) | Err(_) => None,
        Ok(_) => super::parse(data).ok(),
    }
}

/// What a member is that has no sections.
fn other(member: &Member<'_>) -> &'static str {
    match member.data {
        [0, 0, 0xff, 0xff, 0, 0, ..] => "[import objects]",
        [b'B', b'C', 0xc0, 0xde, ..] | [0xde, 0xc0, 0x17, 0x0b, ..] => "[LLVM bitcode]",
        [b'r', b'u', b's', b't', 0, ..] => "[crate metadata]",
        _ => "[other members]",
    }
}
