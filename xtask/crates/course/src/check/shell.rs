//! The input of a run as a line that can be pasted into bash.

use crate::exercise::inputs::{Input, Stdin};
use base::proc::Out;
use std::fmt::Write as _;

/// The run of a program on an input, as a line for bash. `first`: arguments that come before the input's.
pub(super) fn line(executable: &str, first: &[String], input: &Input) -> String {
    let mut line = word(executable.as_bytes());
    for arg in first.iter().map(String::as_bytes).chain(input.args.iter().map(Vec::as_slice)) {
        line += &format!(" {}", word(arg));
    }
    if let Some(argv0) = input.called.as_ref().and_then(|called| called.argv0.as_deref()) {
        line = format!("(exec -a {} {line})", word(argv0.as_bytes()));
    } else if input.no_variables {
        line = format!("env -i {line}");
    }
    match input.stdout {
        Out::Full => line += " > /dev/full",
        // The reader is gone by then, and the shell doesn't show the exit code of a program in the middle.
        Out::Closed => line = format!("(sleep 1; {line}; echo $? >&2) | true"),
        Out::Collected => {}
    }
    match &input.stdin {
        Stdin::Unreadable => line + " < /",
        Stdin::Repeated(text, bytes) => format!("yes {} | head -c {bytes} | {line}", word(text.as_bytes())),
        Stdin::Bytes(bytes) if bytes.is_empty() => line,
        Stdin::Bytes(bytes) => format!("{} | {line}", printed(bytes)),
        // A pipe of single bytes, most of which are read one by one.
        Stdin::Pieces(bytes) => format!("{} | dd bs=1 status=none | {line}", printed(bytes)),
    }
}

/// Bytes as bash's `printf` prints them.
fn printed(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_plain(text) => format!("printf %s {}", word(bytes)),
        _ => format!("printf '{}'", escaped(bytes).replace('%', "%%").replace('\'', r"'\''")),
    }
}

/// Text that is shown as it is. Control characters other than a line end and a tab can't be seen, or move the cursor.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() && c != '\n' && c != '\t')
}

/// A word in bash's quoting.
fn word(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:".contains(c)) => {
            text.to_owned()
        }
        Ok(text) if is_plain(text) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => format!("$'{}'", escaped(bytes).replace('\'', r"\'")),
    }
}

/// Every byte that is not a visible character as `\xff`, which `printf` and `$'…'` both read.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\\' => text.push_str(r"\\"),
                '\n' => text.push_str(r"\n"),
                '\t' => text.push_str(r"\t"),
                character if character.is_control() => {
                    character.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| hexadecimal(&mut text, byte));
                }
                character => text.push(character),
            }
        }
        chunk.invalid().iter().for_each(|&byte| hexadecimal(&mut text, byte));
    }
    text
}

fn hexadecimal(text: &mut String, byte: u8) {
    let _ = write!(text, r"\x{byte:02x}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercise::inputs::Called;

    fn input(args: &[&[u8]], stdin: &[u8]) -> Input {
        Input {
            args: args.iter().map(|arg| arg.to_vec()).collect(),
            stdin: Stdin::Bytes(stdin.to_vec()),
            ..Input::default()
        }
    }

    #[test]
    fn a_run_is_shown_as_it_is_typed() {
        for (input, expected) in [
            (input(&[], b""), "./p"),
            (input(&[b"-n", b"", b"it's", b"*"], b"a b\n"), "printf %s 'a b\n' | ./p -n '' 'it'\\''s' '*'"),
            (input(&[b"caf\xff"], b""), r"./p $'caf\xff'"),
            (input(&[b"it's \x1b\\"], b""), r"./p $'it\'s \x1b\\'"),
            (input(&[], b"5 % of 'a'\xc3\0\r\n"), r"printf '5 %% of '\''a'\''\xc3\x00\x0d\n' | ./p"),
            (Input { stdin: Stdin::Unreadable, ..Input::default() }, "./p < /"),
            (
                Input { stdin: Stdin::Repeated("the cat".to_owned(), 4097), ..Input::default() },
                "yes 'the cat' | head -c 4097 | ./p",
            ),
            (Input { stdout: Out::Full, ..input(&[b"-l"], b"a") }, "printf %s a | ./p -l > /dev/full"),
            (
                Input { stdout: Out::Closed, ..input(&[b"-l"], b"a") },
                "printf %s a | (sleep 1; ./p -l; echo $? >&2) | true",
            ),
            (Input { no_variables: true, ..input(&[b"-l"], b"") }, "env -i ./p -l"),
            (
                Input { stdin: Stdin::Pieces(b"a b".to_vec()), ..Input::default() },
                "printf %s 'a b' | dd bs=1 status=none | ./p",
            ),
            (
                Input {
                    called: Some(Called { name: "hex".to_owned(), argv0: Some(String::new()) }),
                    ..input(&[b"3"], b"")
                },
                "(exec -a '' ./p 3)",
            ),
            (
                Input {
                    called: Some(Called { name: "hex".to_owned(), argv0: Some("hex".to_owned()) }),
                    ..input(&[b"3"], b"")
                },
                "(exec -a hex ./p 3)",
            ),
        ] {
            assert_eq!(line("./p", &[], &input), expected);
        }
        assert_eq!(line("./p", &["hex".to_owned()], &input(&[b"3"], b"")), "./p hex 3");
    }
}
