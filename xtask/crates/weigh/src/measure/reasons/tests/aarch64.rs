//! A real program for AArch64: the owners sum to its file, and the graph is what `aarch64-linux-gnu-objdump` disassembles.

use super::*;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const OBJDUMP: &str = "aarch64-linux-gnu-objdump";

/// What is missing here to make such a program, if something is.
fn missing() -> Option<&'static str> {
    let library = stdout(&call("rustc").args(["--print", "target-libdir", "--target", TARGET]).assert().success());
    let is_missing = |program: &&&str| call(program).arg("--version").ok().is_err();
    if Path::new(library.trim()).is_dir() { [LINKER, OBJDUMP].iter().find(is_missing).copied() } else { Some(TARGET) }
}

/// The registers that hold a page, as `adrp` sets them: what is added in the next instructions completes the address.
#[derive(Default)]
struct Pages(HashMap<String, u64>);

impl Pages {
    /// The address that an instruction completes, if it does.
    fn step(&mut self, mnemonic: &str, operands: &str) -> Option<u64> {
        let words: Vec<&str> = operands.split([',', ' ', '[', ']']).filter(|word| !word.is_empty()).collect();
        let number = |word: &str| match word.strip_prefix('#')? {
            hex if hex.starts_with("0x") => number(hex),
            decimal => decimal.parse().ok(),
        };
        let first = words.first()?.replacen('w', "x", 1);
        if mnemonic == "adrp" {
            let page = self::number(words.get(1)?)?;
            self.0.insert(first, page);
            return None;
        }
        let is_store = mnemonic.starts_with("st");
        let is_access = mnemonic.starts_with("ld") || is_store;
        // `add x1, x0, #8`, `ldr x1, [x0, #8]`, `ldr x1, [x0]`.
        let made = match words[..] {
            ["sp", ..] => None,
            [_, base, offset] if mnemonic == "add" || is_access => Some((base, number(offset))),
            [_, base] if is_access => Some((base, Some(0))),
            _ => None,
        };
        let target = made.and_then(|(base, offset)| Some(self.0.get(base)? + offset?));
        match mnemonic {
            "b" | "br" | "ret" => self.0.clear(),
            // What is called may use these.
            "bl" | "blr" => self.0.retain(|register, _| register[1..].parse::<u32>().is_ok_and(|number| number >= 19)),
            _ if !is_store => {
                self.0.remove(&first);
                // A pair is loaded into two.
                self.0.remove(&words.get(1).copied().unwrap_or_default().replacen(
                    'w',
                    "x",
                    usize::from(mnemonic == "ldp"),
                ));
            }
            _ => {}
        }
        target
    }
}

/// What `objdump` says of a program for AArch64.
fn disassembly(program: &Path) -> Disassembly {
    let objdump = |words: &[&str]| stdout(&call(OBJDUMP).args(words).arg(program).assert().success());
    let filled_in: Vec<(u64, u64)> = objdump(&["-R"])
        .lines()
        .filter_map(|line| Some((number(line)?, number(line.split_once("*ABS*+")?.1)?)))
        .collect();
    let headers = objdump(&["-h"]);
    let range = |name: &str| {
        let line = headers.lines().find(|line| line.split_whitespace().nth(1) == Some(name))?;
        let mut words = line.split_whitespace().skip(2);
        let (bytes, start) = (number(words.next()?)?, number(words.next()?)?);
        Some(start..start + bytes)
    };
    let (slots, stubs) = (range(".got").unwrap_or_default(), range(".plt").unwrap_or_default());
    let in_slot: HashMap<u64, u64> = filled_in.iter().copied().filter(|(place, _)| slots.contains(place)).collect();
    let text = objdump(&["-d", "-w", "--no-show-raw-insn"]);
    let (mut uses, mut pages) = (Vec::new(), Pages::default());
    for line in text.lines() {
        let Some((place, instruction)) = line.trim_start().split_once(":\t") else {
            pages = Pages::default();
            continue;
        };
        let instruction = instruction.split("//").next().unwrap_or_default().trim();
        let (mnemonic, operands) = instruction.split_once('\t').unwrap_or((instruction, ""));
        let is_jump = ["b", "bl", "adr"].contains(&mnemonic)
            || ["b.", "cb", "tb"].iter().any(|start| mnemonic.starts_with(start)) && mnemonic != "tbl";
        let jump = is_jump.then(|| operands.split(" <").next()?.rsplit([' ', ',']).next()).flatten().and_then(number);
        let Some(target) = pages.step(mnemonic, operands).or(jump) else { continue };
        // A slot that something outside of the file fills leads to no part, as a stub does.
        let target = if slots.contains(&target) { in_slot.get(&target).copied() } else { Some(target) };
        if let (Some(place), Some(target)) = (number(place), target.filter(|target| !stubs.contains(target))) {
            uses.push((place, target));
        }
    }
    Disassembly { uses, filled_in }
}

#[test]
fn a_program_for_aarch64_has_the_calls_that_a_disassembler_finds() {
    if let Some(missing) = missing() {
        return base::output::note(&format!("LEFT OUT: no program for AArch64 is made: {missing} isn't installed"));
    }
    let linker = format!("-Clinker={LINKER}");
    for flags in [&["-O"][..], &["-Copt-level=0"], &["-Copt-level=z", "-Cpanic=abort", "-Clto"]] {
        let project = Project::empty();
        let program = linked(&project, PROGRAM, &[&["--target", TARGET, &linker], flags].concat());
        let data = fs::read(&program).unwrap();
        let asked = ask_all(&data, &data).unwrap();
        assert!(!asked.find("core::fmt").is_empty() && asked.crates().any(|name| name == "gimli"), "{flags:?}");
        let found = Differences::between(&program, &disassembly(&program));
        assert!(found.agree > 1000 && found.functions > 300, "{flags:?} {found:?}");
        assert_eq!((&found.missing, &found.inside), (&Vec::new(), &Vec::new()), "{flags:?}");
        // An address whose halves lie on two sides of a jump isn't put together here.
        assert!(found.more.len() * 20 <= found.agree, "{flags:?} {found:#?}");
    }
}
