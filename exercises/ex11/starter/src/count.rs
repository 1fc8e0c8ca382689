//! What is counted, and how it is shown. It takes nothing from std that core does not have, too. You don't change this
//! file.

use core::fmt;

/// What the arguments ask for.
#[derive(Default)]
pub struct Chosen {
    lines: bool,
    words: bool,
    bytes: bool,
}

/// Lines, words and bytes so far.
#[derive(Default)]
pub struct Counts {
    lines: u64,
    words: u64,
    bytes: u64,
    in_word: bool,
}

/// The counts that were asked for, as text.
pub struct Shown(pub Chosen, pub Counts);

impl Chosen {
    /// Takes an argument such as `-l` or `-wc`; `false` if it is none that there is.
    pub fn add(&mut self, argument: &[u8]) -> bool {
        let Some((b'-', letters)) = argument.split_first() else { return false };
        for letter in letters {
            match letter {
                b'l' => self.lines = true,
                b'w' => self.words = true,
                b'c' => self.bytes = true,
                _ => return false,
            }
        }
        !letters.is_empty()
    }
}

impl Counts {
    /// Takes the next bytes of the text, wherever it is cut.
    pub fn add(&mut self, text: &[u8]) {
        for byte in text {
            self.bytes += 1;
            self.lines += u64::from(*byte == b'\n');
            let in_word = !byte.is_ascii_whitespace();
            self.words += u64::from(in_word && !self.in_word);
            self.in_word = in_word;
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(chosen, counts) = self;
        let all = !(chosen.lines || chosen.words || chosen.bytes);
        let columns = [(chosen.lines, counts.lines), (chosen.words, counts.words), (chosen.bytes, counts.bytes)];
        for (_, count) in columns.iter().filter(|(chosen, _)| all || *chosen) {
            write!(f, "{count:>8}")?;
        }
        writeln!(f)
    }
}
