//! A WebAssembly module: its sections, and its functions by the section `name`. Both are lists of numbers of variable length, so
//! no library is needed.
//!
//! <https://webassembly.github.io/spec/core/binary/modules.html>

use super::layers::{Layers, Part};
use super::{Binary, Damaged, Section};
use crate::measure::file::bytes::uleb;
use std::collections::BTreeMap;

/// The sections that a module may have, by number. The first has a name of its own.
const SECTIONS: [&str; 14] = [
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
    "data",
    "data count",
    "tag",
];

/// The part of a module with its machine-independent code.
const CODE: u8 = 10;

/// A section: its number, its name, where it begins with its header, and its content.
struct Raw<'data> {
    id: u8,
    name: String,
    begin: usize,
    start: usize,
    content: &'data [u8],
}

/// A function: where it is in the file, its bytes, and its name where the module has one.
pub struct Function {
    /// Where it begins in the file.
    pub offset: u64,
    /// Bytes of its code, with its size in front.
    pub bytes: u64,
    /// Its name.
    pub name: Option<String>,
}

fn sections(data: &[u8]) -> Result<Vec<Raw<'_>>, Damaged> {
    let (mut at, mut sections) = (8, Vec::new());
    while at < data.len() {
        let broken = || Damaged(format!("it is cut off, or no section begins at byte {at}"));
        let id = data[at];
        let (bytes, start) = uleb(data, at + 1).ok_or_else(broken)?;
        let end = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes));
        let content = end.and_then(|end| data.get(start..end)).ok_or_else(broken)?;
        let name = match SECTIONS.get(usize::from(id)) {
            Some(&"custom") => name(content, 0).ok_or_else(broken)?.0,
            Some(name) => (*name).to_owned(),
            None => return Err(Damaged(format!("no section has the number {id}, as the one at byte {at} does"))),
        };
        sections.push(Raw { id, name, begin: at, start, content });
        at = start + content.len();
    }
    Ok(sections)
}

/// A name with its length in front, and where it ends.
fn name(data: &[u8], at: usize) -> Option<(String, usize)> {
    let (length, start) = uleb(data, at)?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    Some((String::from_utf8_lossy(data.get(start..end)?).into_owned(), end))
}

/// The parts of a module.
///
/// # Errors
/// When the file is damaged.
pub fn parse(data: &[u8]) -> Result<Binary, Damaged> {
    let sections = sections(data)?;
    let mut layers = Layers { headers: vec![(0, 8)], merge: true, ..Layers::default() };
    for Raw { id: _, name, begin, start, content } in &sections {
        layers.headers.push((*begin as u64, (start - begin) as u64));
        layers.sections.push(Part::new(*start as u64, content.len() as u64, name));
    }
    let code = sections.iter().find(|section| section.id == CODE).map_or(0, |section| section.content.len());
    let producers = sections.iter().find(|section| section.id == 0 && section.name == "producers");
    Ok(Binary {
        bytes: data.len() as u64,
        sections: layers.account(data.len() as u64),
        text: Section { name: "code".to_owned(), bytes: code as u64 },
        format: "WebAssembly".to_owned(),
        members: Vec::new(),
        compiler: producers.and_then(|section| rustc(section.content)),
        linker: None,
    })
}

/// The version of rustc in the section `producers`.
fn rustc(content: &[u8]) -> Option<String> {
    let (_, at) = name(content, 0)?;
    let (fields, mut at) = uleb(content, at)?;
    for _ in 0..fields.min(16) {
        let (_, next) = name(content, at)?;
        let (values, next) = uleb(content, next)?;
        at = next;
        for _ in 0..values.min(64) {
            let (tool, next) = name(content, at)?;
            let (version, next) = name(content, next)?;
            at = next;
            if tool == "rustc" {
                return Some(format!("rustc version {version}"));
            }
        }
    }
    None
}

/// Bytes of the code, and its functions.
///
/// # Errors
/// When the file is damaged.
pub fn functions(data: &[u8]) -> Result<(u64, Vec<Function>), Damaged> {
    let sections = sections(data)?;
    let Some(code) = sections.iter().find(|section| section.id == CODE) else { return Ok((0, Vec::new())) };
    let imported = sections.iter().find(|section| section.id == 2).map_or(Some(0), |section| imports(section.content));
    let names = sections.iter().find(|section| section.id == 0 && section.name == "name");
    let mut names = names.and_then(|section| function_names(section.content)).unwrap_or_default();
    // Without the number of imports no name belongs to a function for sure.
    let Some(imported) = imported else { return Ok((code.content.len() as u64, Vec::new())) };
    let mut functions = Vec::new();
    let (count, mut at) = uleb(code.content, 0).unwrap_or_default();
    for index in 0..count {
        let Some((bytes, start)) = uleb(code.content, at) else { break };
        let Some(end) = usize::try_from(bytes).ok().and_then(|bytes| start.checked_add(bytes)) else { break };
        if end > code.content.len() {
            break;
        }
        let offset = (code.start + at) as u64;
        functions.push(Function { offset, bytes: (end - at) as u64, name: names.remove(&(imported + index)) });
        at = end;
    }
    Ok((code.content.len() as u64, functions))
}

/// How many functions come from outside: their numbers come before the module's own. Nothing where an import is described in a
/// way that isn't known here: names would go to the wrong functions.
fn imports(content: &[u8]) -> Option<u64> {
    let (count, mut at) = uleb(content, 0)?;
    let mut functions = 0;
    for _ in 0..count {
        (_, at) = name(content, at)?;
        (_, at) = name(content, at)?;
        let kind = *content.get(at)?;
        at += 1;
        let limits = |at: usize| {
            // A bound, shared, 64 bits wide; a size of its pages would be one more number.
            let flags = *content.get(at).filter(|flags| **flags < 8)?;
            let (_, mut at) = uleb(content, at + 1)?;
            if flags & 1 != 0 {
                (_, at) = uleb(content, at)?;
            }
            Some(at)
        };
        // A type of one byte: those that refer to another type are longer.
        let is_short = |at: usize| content.get(at).is_some_and(|kind| !matches!(kind, 0x63 | 0x64));
        match kind {
            0 => {
                (_, at) = uleb(content, at)?;
                functions += 1;
            }
            1 if is_short(at) => at = limits(at + 1)?,
            2 => at = limits(at)?,
            3 if is_short(at) => at += 2,
            4 => (_, at) = uleb(content, at + 1)?,
            _ => return None,
        }
    }
    Some(functions)
}

/// The names of functions by their numbers.
fn function_names(content: &[u8]) -> Option<BTreeMap<u64, String>> {
    let (_, mut at) = name(content, 0)?;
    while at < content.len() {
        let id = content[at];
        let (bytes, start) = uleb(content, at + 1)?;
        at = start.checked_add(usize::try_from(bytes).ok()?)?;
        if id == 1 {
            let (count, mut place) = uleb(content, start)?;
            let mut names = BTreeMap::new();
            for _ in 0..count {
                let (index, next) = uleb(content, place)?;
                let (function, next) = name(content, next)?;
                place = next;
                names.insert(index, function);
            }
            return Some(names);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::imports;

    /// `a.b`, of a kind with a description.
    fn import(description: &[u8]) -> Vec<u8> {
        [&[1, b'a', 1, b'b'], description].concat()
    }

    #[test]
    fn only_functions_are_counted_and_what_is_not_known_gives_no_number() {
        let list = |imports: &[Vec<u8>]| [vec![imports.len() as u8], imports.concat()].concat();
        let known = [
            import(&[0, 5]),
            import(&[1, 0x70, 0, 9]),
            import(&[2, 1, 1, 0x80, 2]),
            import(&[3, 0x7f, 1]),
            import(&[4, 0, 3]),
            import(&[0, 0x81, 1]),
        ];
        assert_eq!(imports(&list(&known)), Some(2));
        // A table of typed references, pages of a size of their own, and a kind that is none.
        for unknown in [&[1, 0x64, 0, 0, 9][..], &[2, 8, 1, 0], &[3, 0x63, 0, 1], &[9, 0]] {
            assert_eq!(imports(&list(&[import(unknown), import(&[0, 5])])), None, "{unknown:?}");
        }
        assert_eq!(imports(&list(&known)[..20]), None);
    }
}
