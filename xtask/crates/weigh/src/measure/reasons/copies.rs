//! What the copies of a generic function have in common: the part that could be one function for all types.

use super::elf::Linked;
use std::collections::HashSet;

/// Bytes of code that must be the same to count: some four instructions of x86-64, and exactly four of AArch64.
const ALIKE: usize = 16;
/// Bytes that a relocation fills in, at most.
const FILLED_IN: usize = 4;

/// The machine code of a file without the addresses in it, which differ wherever a copy lies.
#[derive(Clone, Debug, Default)]
pub(super) struct Code {
    /// For each section with code where it is loaded, and its bytes.
    sections: Vec<(u64, Vec<u8>)>,
}

impl Code {
    /// The code of a file.
    pub(super) fn of(linked: &Linked<'_>) -> Self {
        let mut numbers = vec![None; linked.sections.len()];
        let mut code = Self::default();
        for (number, section) in linked.sections.iter().enumerate().filter(|(_, section)| section.is_code) {
            numbers[number] = Some(code.sections.len());
            code.sections.push((section.address, section.data.to_vec()));
        }
        for used in &linked.uses {
            let Some(number) = numbers[used.section] else { continue };
            let (start, bytes) = &mut code.sections[number];
            let at = usize::try_from(used.place.wrapping_sub(*start)).unwrap_or(usize::MAX);
            if let Some(rest) = bytes.get_mut(at..) {
                rest.iter_mut().take(FILLED_IN).for_each(|byte| *byte = 0);
            }
        }
        code
    }

    /// The bytes from an address on.
    fn at(&self, address: u64, bytes: u64) -> &[u8] {
        let inside =
            |(start, data): &&(u64, Vec<u8>)| address.checked_sub(*start).is_some_and(|at| at < data.len() as u64);
        let Some((start, data)) = self.sections.iter().find(inside) else { return &[] };
        let from = usize::try_from(address - start).unwrap_or(usize::MAX);
        let length = usize::try_from(bytes).unwrap_or(usize::MAX);
        let rest = data.get(from..).unwrap_or_default();
        &rest[..rest.len().min(length)]
    }

    /// How many bytes of some functions, each by address and bytes, are in one of them before it as well. The largest comes first.
    pub(super) fn repeated(&self, functions: &[(u64, u64)]) -> u64 {
        let mut functions = functions.to_vec();
        functions.sort_unstable_by_key(|&(address, bytes)| (std::cmp::Reverse(bytes), address));
        let mut seen: HashSet<&[u8]> = HashSet::new();
        let mut sum = 0;
        for (address, bytes) in functions {
            let code = self.at(address, bytes);
            let mut counted = 0;
            for (at, piece) in code.windows(ALIKE).enumerate() {
                if seen.contains(piece) {
                    sum += (at + ALIKE - at.max(counted)) as u64;
                    counted = at + ALIKE;
                }
            }
            seen.extend(code.windows(ALIKE));
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_counts_once_for_each_further_copy() {
        let first: Vec<u8> = (0..100).collect();
        // The second one has 40 bytes of the first, in another place; the third is too short to be alike.
        let second = [&[200; 10][..], &first[30..70], &[201; 5]].concat();
        let third = &first[..10];
        let bytes = [&first[..], &second, third, &first].concat();
        let code = Code { sections: vec![(0x1000, bytes)] };
        let all = [(0x1000, 100), (0x1000 + 100, 55), (0x1000 + 155, 10)];
        assert_eq!(code.repeated(&all[..1]), 0);
        assert_eq!(code.repeated(&all), 40);
        assert_eq!(code.repeated(&[all[0], (0x1000 + 165, 100)]), 100, "a copy without a difference");
        assert_eq!(code.repeated(&[(0x1000, u64::MAX), (0, 50)]), 0, "what is not there is not alike");
    }
}
