//! What a learner types during `watch`: single keys where that is possible, otherwise lines, as from a pipe, a screen reader's
//! terminal (`TERM=dumb`) or on Windows.

use base::proc::terminal::SingleKeys;
use std::env;
use std::io::{self, IsTerminal as _, Read as _};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// What was typed.
#[derive(Debug, PartialEq)]
pub(super) enum Word {
    /// Check again.
    Again,
    /// The next hint.
    Hint,
    /// The overview.
    List,
    /// The next exercise.
    Next,
    /// Quit.
    Quit,
    /// Show the keys.
    Keys,
    /// Something else.
    Unknown(String),
}

/// What is typed from now on.
pub(super) struct Keys {
    /// The words, in order.
    pub words: Receiver<Word>,
    /// Kept until the watch ends; none where input comes in lines.
    single: Option<SingleKeys>,
}

impl Keys {
    /// Listens to standard input.
    pub(super) fn listen() -> Self {
        let is_plain = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let single = if is_plain || !io::stderr().is_terminal() { None } else { SingleKeys::on() };
        let (sender, words) = mpsc::channel();
        if single.is_some() {
            thread::spawn(move || keys(&sender));
        } else {
            thread::spawn(move || lines(&sender));
        }
        Self { words, single }
    }

    /// Whether a single key is enough, without Enter.
    pub(super) fn are_single(&self) -> bool {
        self.single.is_some()
    }
}

fn lines(sender: &Sender<Word>) {
    for line in io::stdin().lines().map_while(Result::ok) {
        if sender.send(word(&line)).is_err() {
            return;
        }
    }
}

fn keys(sender: &Sender<Word>) {
    let mut bytes = [0; 64];
    while let Ok(count @ 1..) = io::stdin().read(&mut bytes) {
        if pressed(&bytes[..count]).into_iter().any(|word| sender.send(word).is_err()) {
            return;
        }
    }
}

/// The keys in what a terminal sends at once. Arrows, function keys and the like mean nothing here; they begin with Escape.
fn pressed(bytes: &[u8]) -> Vec<Word> {
    let text = String::from_utf8_lossy(bytes);
    let (mut words, mut left) = (Vec::new(), text.as_ref());
    while let Some(next) = left.chars().next() {
        left = &left[next.len_utf8()..];
        if next != '\u{1b}' {
            words.extend(key(next));
        } else if let Some(sequence) = left.strip_prefix('[') {
            // Numbers and their like, up to a letter.
            let end = sequence.find(|c: char| ('@'..='~').contains(&c)).map_or(sequence.len(), |end| end + 1);
            left = &sequence[end..];
        } else if let Some(sequence) = left.strip_prefix('O') {
            left = sequence.get(1..).unwrap_or_default();
        }
    }
    words
}

fn key(key: char) -> Option<Word> {
    match key {
        '\n' | '\r' | ' ' => Some(Word::Again),
        // Ctrl-D ends the input.
        '\u{4}' => Some(Word::Quit),
        key if key.is_control() => None,
        key => Some(word(&key.to_string())),
    }
}

fn word(typed: &str) -> Word {
    match typed.trim().to_lowercase().as_str() {
        "" | "c" | "check" => Word::Again,
        "h" | "hint" => Word::Hint,
        "l" | "list" => Word::List,
        "n" | "next" => Word::Next,
        "q" | "quit" | "exit" => Word::Quit,
        "?" | "help" | "keys" => Word::Keys,
        other => Word::Unknown(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_word_and_an_arrow_is_none() {
        assert_eq!(pressed(b"h"), [Word::Hint]);
        assert_eq!(pressed(b"N?"), [Word::Next, Word::Keys]);
        assert_eq!(pressed(b"\n "), [Word::Again, Word::Again]);
        assert_eq!(pressed(b"\x04"), [Word::Quit]);
        assert_eq!(pressed("é".as_bytes()), [Word::Unknown("é".to_owned())]);
        assert_eq!(pressed(b"\x1b[Ah\x1b[1;5C\x1bOP?"), [Word::Hint, Word::Keys]);
        for silent in [b"\x1b[A".as_slice(), b"\x1b", b"\x1b[", b"\x1bO", b"\x07", b"\x7f"] {
            assert_eq!(pressed(silent), [], "{silent:?}");
        }
    }
}
