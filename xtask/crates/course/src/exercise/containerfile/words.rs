//! The words of a Containerfile's lines, which an engine fills in itself, and the words of a shell's commands: quotes,
//! variables, operators, redirections, here-documents.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// What variables are set to.
pub(super) type Variables = BTreeMap<String, String>;

/// In the place of text that can't be known, such as the output of a command.
pub(super) const UNKNOWN: char = '\u{e010}';

/// In the place of `*`, `?` and `[` that no quote protects: a shell looks for files.
pub(super) const ANY: char = '\u{e000}';
/// See `ANY`.
pub(super) const ONE: char = '\u{e001}';
/// See `ANY`.
pub(super) const SET: char = '\u{e002}';

/// Bytes that a word may grow to by its variables: `A=$A$A` twenty times would fill the memory.
const LONGEST: usize = 1024;

/// How deep `$( )` and `${ }` may be nested.
const DEEPEST: usize = 12;

/// The words of an instruction, as an engine reads them: quotes and variables, and nothing that takes a shell.
pub(super) fn engine(text: &str, variables: &Variables) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some('\''), other) => word.get_or_insert_default().push(other),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (_, '\\') => word.get_or_insert_default().extend(rest.next()),
            (_, '$') => {
                let into = word.get_or_insert_default();
                if rest.peek() == Some(&'{') {
                    rest.next();
                    let inner: String = rest.by_ref().take_while(|&character| character != '}').collect();
                    fill(into, &braces(&inner, |name| variables.get(name).cloned()));
                } else {
                    let mut name = String::new();
                    while let Some(&character) = rest.peek().filter(|c| is_in_name(**c)) {
                        name.push(character);
                        rest.next();
                    }
                    match name.is_empty() {
                        true => into.push('$'),
                        false => fill(into, variables.get(&name).map_or("", String::as_str)),
                    }
                }
            }
            (None, space) if space.is_whitespace() => words.extend(word.take()),
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    words
}

/// The inside of `${…}`.
fn braces(inner: &str, get: impl Fn(&str) -> Option<String>) -> String {
    let end = inner.find(|c| !is_in_name(c)).unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let value = get(name);
    let is_set = value.as_ref().is_some_and(|value| !value.is_empty());
    match operator.as_bytes() {
        [] if !name.is_empty() => value.unwrap_or_default(),
        [b':', b'-' | b'=', ..] => value.filter(|_| is_set).unwrap_or_else(|| operator[2..].to_owned()),
        [b'-' | b'=', ..] => value.unwrap_or_else(|| operator[1..].to_owned()),
        [b':', b'+', ..] => {
            if is_set {
                operator[2..].to_owned()
            } else {
                String::new()
            }
        }
        [b'+', ..] => {
            if value.is_some() {
                operator[1..].to_owned()
            } else {
                String::new()
            }
        }
        [b':', b'?', ..] | [b'?', ..] => value.unwrap_or_default(),
        _ => UNKNOWN.to_string(),
    }
}

fn is_in_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn fill(word: &mut String, value: &str) {
    match word.len() + value.len() <= LONGEST {
        true => word.push_str(value),
        false => word.push(UNKNOWN),
    }
}

/// The here-documents that a line begins: the words that end them, and whether tabs in front are cut off.
pub(super) fn documents(line: &str) -> Vec<(String, bool)> {
    let names = line.split_whitespace().filter_map(|word| {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
        let (cuts_tabs, name) = rest.strip_prefix('-').map_or((false, rest), |name| (true, name));
        let name = name.trim_matches(['\'', '"']);
        (!name.is_empty() && !name.contains(['<', '(', '$'])).then(|| (name.to_owned(), cuts_tabs))
    });
    names.collect()
}

/// A part of a shell's word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Segment {
    /// Text as it is.
    Text(String),
    /// One of `*`, `?`, `[` and a `~` in front, without quotes.
    Active(char),
    /// A quote that begins where a name could still be read: what follows isn't an assignment.
    Quote,
    /// `$NAME` or the inside of `${…}`, and whether it is in quotes.
    Variable(String, bool),
    /// The inside of `$(…)` or of backticks, and whether it is in quotes.
    Command(String, bool),
}

/// A word of a shell.
pub(super) type Word = Vec<Segment>;

/// What a shell's script consists of, with the places in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A word.
    Word(Word, usize),
    /// `&&`, `||`, `;`, `|`, `&`, `(`, `)`; the end of a line is a `;`.
    Operator(&'static str, usize),
    /// The operator, and what follows it: a file, or the text of a here-document.
    Redirect(&'static str, Word),
}

/// The tokens of a script.
pub(super) fn tokens(script: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut waiting: Vec<(usize, String, bool)> = Vec::new();
    let mut reader = Reader { script, at: 0 };
    // A redirection takes the next word.
    let mut redirect: Option<&'static str> = None;
    while let Some(character) = reader.peek() {
        let place = reader.at;
        if character == '\n' {
            reader.at += 1;
            for (index, name, cuts_tabs) in waiting.drain(..) {
                let text = reader.document(&name, cuts_tabs);
                tokens[index] = Token::Redirect("<<", vec![Segment::Text(text)]);
            }
            tokens.push(Token::Operator(";", place));
        } else if character.is_whitespace() {
            reader.at += character.len_utf8();
        } else if reader.starts("\\\n") {
            reader.at += 2;
        } else if character == '#' {
            reader.at += reader.rest().find('\n').unwrap_or(reader.rest().len());
        } else if let Some(operator) = ["&>>", "&>"].into_iter().find(|operator| reader.starts(operator)) {
            reader.at += operator.len();
            redirect = Some(">");
        } else if let Some(operator) =
            ["&&", "||", ";;", "|&", ";", "|", "&", "(", ")"].into_iter().find(|operator| reader.starts(operator))
        {
            reader.at += operator.len();
            tokens.push(Token::Operator(operator, place));
        } else if let Some((skipped, operator)) = reader.redirection() {
            reader.at += skipped;
            match operator {
                "2>&1" => {}
                _ => redirect = Some(operator),
            }
        } else {
            let word = reader.word();
            match redirect.take() {
                Some(operator @ ("<<" | "<<-")) => {
                    let name = plain(&word);
                    waiting.push((tokens.len(), name, operator == "<<-"));
                    tokens.push(Token::Redirect("<<", Vec::new()));
                }
                Some(operator) => tokens.push(Token::Redirect(operator, word)),
                None => tokens.push(Token::Word(word, place)),
            }
        }
    }
    tokens
}

/// The text of a word, without what a shell would fill in.
fn plain(word: &Word) -> String {
    let text = word.iter().map(|segment| match segment {
        Segment::Text(text) => text.clone(),
        Segment::Active(character) => character.to_string(),
        Segment::Quote => String::new(),
        Segment::Variable(..) | Segment::Command(..) => UNKNOWN.to_string(),
    });
    text.collect()
}

struct Reader<'a> {
    script: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.script[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    /// A redirection's length, without the word behind it, and its operator.
    fn redirection(&self) -> Option<(usize, &'static str)> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let rest = &self.rest()[digits..];
        if let Some(target) = rest.strip_prefix(">&") {
            let to = target.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
            return Some((digits + 2 + to, if to == 0 { ">" } else { "2>&1" }));
        }
        let operator =
            ["<<<", "<<-", "<<", "<", ">>", ">|", ">"].into_iter().find(|operator| rest.starts_with(operator))?;
        let is_errors = self.rest().starts_with('2');
        let shown = match operator {
            ">>" | ">|" | ">" if is_errors => "2>",
            ">|" => ">",
            other => other,
        };
        Some((digits + operator.len(), shown))
    }

    /// The lines up to a line with just the name, from the beginning of a line.
    fn document(&mut self, name: &str, cuts_tabs: bool) -> String {
        let mut text = String::new();
        while self.at < self.script.len() {
            let rest = self.rest();
            let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
            let line = rest[..length].to_owned();
            self.at += length;
            let bare = line.trim_end_matches('\n');
            let bare = if cuts_tabs { bare.trim_start_matches('\t') } else { bare };
            if bare == name {
                break;
            }
            text.push_str(bare);
            text.push('\n');
        }
        text
    }

    fn word(&mut self) -> Word {
        let mut word = Word::new();
        let mut is_quoted = false;
        while let Some(character) = self.peek() {
            let at_end = character.is_whitespace() || "&|;()<>".contains(character);
            if at_end && !is_quoted {
                break;
            }
            let is_first = word.is_empty();
            self.next();
            let is_name_open = match word.first() {
                None => true,
                Some(Segment::Text(name)) => word.len() == 1 && !name.contains('='),
                Some(_) => false,
            };
            let is_line_end = character == '\\' && self.starts("\n");
            if is_name_open && matches!(character, '"' | '\'' | '\\') && !is_line_end {
                word.push(Segment::Quote);
            }
            match character {
                '"' => {
                    is_quoted = !is_quoted;
                    text(&mut word, "");
                }
                '\'' if !is_quoted => {
                    let rest = self.rest();
                    let end = rest.find('\'').unwrap_or(rest.len());
                    let inner = rest[..end].to_owned();
                    self.at = (self.at + end + 1).min(self.script.len());
                    text(&mut word, &inner);
                }
                '\\' => match self.next() {
                    Some('\n') | None => {}
                    Some(escaped) if is_quoted && !"$`\"\\".contains(escaped) => {
                        text(&mut word, &format!("\\{escaped}"));
                    }
                    Some(escaped) => text(&mut word, escaped.encode_utf8(&mut [0; 4])),
                },
                '`' => {
                    let rest = self.rest();
                    let end = rest.find('`').unwrap_or(rest.len());
                    word.push(Segment::Command(rest[..end].to_owned(), is_quoted));
                    self.at = (self.at + end + 1).min(self.script.len());
                }
                '$' => self.dollar(&mut word, is_quoted),
                '*' | '?' | '[' if !is_quoted => word.push(Segment::Active(character)),
                '~' if !is_quoted && is_first => word.push(Segment::Active('~')),
                other => text(&mut word, other.encode_utf8(&mut [0; 4])),
            }
        }
        word
    }

    fn dollar(&mut self, word: &mut Word, is_quoted: bool) {
        match self.peek() {
            Some('(') => {
                let inner = self.enclosed('(', ')');
                word.push(Segment::Command(inner, is_quoted));
            }
            Some('{') => {
                let inner = self.enclosed('{', '}');
                word.push(Segment::Variable(inner, is_quoted));
            }
            Some(first) if is_in_name(first) && !first.is_ascii_digit() => {
                let rest = self.rest();
                let end = rest.find(|c| !is_in_name(c)).unwrap_or(rest.len());
                word.push(Segment::Variable(rest[..end].to_owned(), is_quoted));
                self.at += end;
            }
            Some(first) if first.is_ascii_digit() || "?!@*#$-".contains(first) => {
                self.next();
                text(word, UNKNOWN.encode_utf8(&mut [0; 4]));
            }
            _ => text(word, "$"),
        }
    }

    /// What is between a bracket and its closing bracket.
    fn enclosed(&mut self, open: char, close: char) -> String {
        let from = self.at + 1;
        let mut depth = 0_usize;
        while let Some(character) = self.next() {
            if character == open {
                depth += 1;
            } else if character == close {
                depth -= 1;
                if depth == 0 {
                    return self.script[from..self.at - 1].to_owned();
                }
            }
        }
        self.script[from.min(self.script.len())..].to_owned()
    }
}

/// Adds to the text at a word's end.
fn text(word: &mut Word, more: &str) {
    match word.last_mut() {
        Some(Segment::Text(text)) => text.push_str(more),
        _ => word.push(Segment::Text(more.to_owned())),
    }
}

/// What a shell looks things up in.
pub(super) trait Lookup {
    /// What a variable is set to.
    fn variable(&self, name: &str) -> Option<String>;
    /// What a command prints, if that is known.
    fn output(&self, command: &str, depth: usize) -> Option<String>;
}

/// A word with everything filled in: none, one or several, because what has no quotes is split.
pub(super) fn expand(word: &Word, lookup: &dyn Lookup, depth: usize) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field: Option<String> = None;
    for segment in word {
        let (value, is_quoted) = match segment {
            Segment::Text(text) => {
                fill(field.get_or_insert_default(), text);
                continue;
            }
            Segment::Active(character) => {
                match character {
                    '*' => field.get_or_insert_default().push(ANY),
                    '?' => field.get_or_insert_default().push(ONE),
                    '[' => field.get_or_insert_default().push(SET),
                    _ => fill(field.get_or_insert_default(), &lookup.variable("HOME").unwrap_or_default()),
                }
                continue;
            }
            Segment::Quote => {
                field.get_or_insert_default();
                continue;
            }
            Segment::Variable(inner, is_quoted) if inner.contains('$') => (UNKNOWN.to_string(), *is_quoted),
            Segment::Variable(inner, is_quoted) => {
                (braces(&inner.replace(['"', '\''], ""), |name| lookup.variable(name)), *is_quoted)
            }
            Segment::Command(inner, is_quoted) => {
                let output = if depth < DEEPEST { lookup.output(inner, depth + 1) } else { None };
                (output.unwrap_or_else(|| UNKNOWN.to_string()), *is_quoted)
            }
        };
        if is_quoted {
            fill(field.get_or_insert_default(), &value);
            continue;
        }
        let mut parts = value.split_whitespace();
        if value.starts_with(char::is_whitespace) {
            fields.extend(field.take());
        }
        if let Some(first) = parts.next() {
            fill(field.get_or_insert_default(), first);
        }
        for part in parts {
            fields.extend(field.replace(part.to_owned()));
        }
        if value.ends_with(char::is_whitespace) {
            fields.extend(field.take());
        }
    }
    fields.extend(field);
    fields
}

/// A word with everything filled in, as one: the value of an assignment.
pub(super) fn value(word: &Word, lookup: &dyn Lookup, depth: usize) -> String {
    let quoted: Word = word
        .iter()
        .map(|segment| match segment {
            Segment::Variable(name, _) => Segment::Variable(name.clone(), true),
            Segment::Command(command, _) => Segment::Command(command.clone(), true),
            other => other.clone(),
        })
        .collect();
    literal(&expand(&quoted, lookup, depth).concat())
}

/// A field whose wildcards find nothing is taken as it is written.
pub(super) fn literal(field: &str) -> String {
    field.replace(ANY, "*").replace(ONE, "?").replace(SET, "[")
}

/// `NAME=VALUE` at a word's beginning: the name, and the word of the value.
pub(super) fn assignment(word: &Word) -> Option<(String, Word)> {
    let Some(Segment::Text(first)) = word.first() else { return None };
    let (name, value) = first.split_once('=')?;
    if !is_name(name) {
        return None;
    }
    let rest = word[1..].iter().cloned();
    Some((name.to_owned(), std::iter::once(Segment::Text(value.to_owned())).chain(rest).collect()))
}

/// Whether a text may name a variable.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) && name.chars().all(is_in_name)
}
