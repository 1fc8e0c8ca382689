//! Makes one input of a shape: its arguments, what there is to read, and what is around the program.

use super::super::{Called, Input, Numbers, Stdin, fill};
use super::{FORMS, Form, Interface, LARGE, ODD, Parts, Read, Shape, Text, Valued};
use base::proc::Out;
use toml::Spanned;

/// Bytes of the longest argument.
const LONG: usize = 5000;
/// Bytes of a line that is longer than any buffer, if so much may be read.
const LONG_LINE: usize = 70_000;
/// The way to tell a program its name by the path of its file.
const PATH: usize = 1;
/// Bytes that are read one by one.
const PIECES: usize = 300;

/// Makes inputs of one interface.
pub(super) struct Maker<'a> {
    of: &'a Interface,
    pub numbers: Numbers,
    /// How often the program was told its name: each way in turn.
    told: usize,
}

impl<'a> Maker<'a> {
    /// The same inputs for the same seed.
    pub(super) fn new(of: &'a Interface, seed: u64) -> Self {
        Self { of, numbers: Numbers(seed), told: 0 }
    }

    /// An input of a shape. `called`: the program is started under this name.
    pub(super) fn input(&mut self, shape: Shape, called: Option<&str>) -> Input {
        let called = match shape {
            Shape::Called(index, form) => Some(Self::called(&self.of.called[index], form)),
            _ => called.map(|name| {
                self.told += 1;
                // A bare name is looked for where a variable says.
                Self::called(name, if shape == Shape::NoVariables { PATH } else { self.told })
            }),
        };
        let args = self.args(shape);
        let stdin = self.stdin(shape);
        let stdout = match shape {
            Shape::Full(_) => Out::Full,
            Shape::Closed(_) => Out::Closed,
            _ => Out::Collected,
        };
        Input { args, stdin, stdout, called, no_variables: shape == Shape::NoVariables }
    }

    /// A shell finds a program in `PATH` and hands it the bare name; a path is handed on as it was typed.
    fn called(name: &str, form: usize) -> Called {
        let argv0 = match form % FORMS {
            // What has a folder isn't found by its name.
            0 if !name.contains('/') => Some(name.to_owned()),
            PATH => None,
            _ => Some(format!("../called/{name}")),
        };
        Called { name: name.to_owned(), argv0: argv0.filter(|_| cfg!(unix)) }
    }

    fn args(&mut self, shape: Shape) -> Vec<Vec<u8>> {
        let Interface { switches, options, end, .. } = self.of;
        let mut args = match shape {
            Shape::NoArguments | Shape::Nothing => Vec::new(),
            _ => match self.of_switches(shape) {
                Some(args) => args,
                None => self.of_options(shape).unwrap_or_else(|| self.of_parts(shape)),
            },
        };
        if shape == Shape::End {
            // What looks like an option is none any more.
            let option = switches.iter().flatten().chain(options.iter().flat_map(|option| &option.names)).next();
            args.push("--".to_owned());
            args.extend(option.cloned());
            args.extend(self.words(2));
        }
        let is_alone = matches!(
            shape,
            Shape::Switch(_) | Shape::Combined | Shape::Named(..) | Shape::Value(..) | Shape::CombinedValue(_)
        );
        if is_alone && self.numbers.below(2) == 0 && (*end || switches.is_empty()) {
            let before = self.words(1);
            args.splice(..0, before);
        }
        let mut args: Vec<Vec<u8>> = args.into_iter().map(String::into_bytes).collect();
        if matches!(shape, Shape::OddArgument | Shape::OddValue(_)) {
            let at = if shape == Shape::OddArgument { self.numbers.index(args.len() + 1) } else { args.len() };
            args.insert(at, [b"4".as_slice(), self.numbers.pick(&ODD)].concat());
        }
        args
    }

    /// A command line that is about switches.
    fn of_switches(&mut self, shape: Shape) -> Option<Vec<String>> {
        let switches = &self.of.switches;
        Some(match shape {
            Shape::Switch(index) => vec![self.name(&switches[index])],
            Shape::AllSwitches | Shape::TwoSwitches => {
                let mut all: Vec<String> = switches.iter().map(|names| self.name(names)).collect();
                self.numbers.shuffle(&mut all);
                all.truncate(if shape == Shape::TwoSwitches { 2 } else { all.len() });
                all
            }
            Shape::SameSwitch => {
                let names = &switches[self.numbers.index(switches.len())];
                vec![self.name(names), self.name(names)]
            }
            Shape::ManySwitches | Shape::ManyThenWrong => {
                let many = 100 + self.numbers.index(200);
                let mut names: Vec<String> = Vec::new();
                for _ in 0..many {
                    let index = self.numbers.index(switches.len());
                    names.push(self.name(&switches[index]));
                }
                names.extend((shape == Shape::ManyThenWrong).then(|| self.one_of(&self.of.wrong)));
                names
            }
            Shape::Combined => vec![self.letters(2)],
            Shape::CombinedLong => {
                let letters = self.letters(1);
                vec![format!("-{}", letters[1..].repeat(LONG / (letters.len() - 1)))]
            }
            _ => return None,
        })
    }

    /// A command line that is about options with a value.
    fn of_options(&mut self, shape: Shape) -> Option<Vec<String>> {
        let options = &self.of.options;
        Some(match shape {
            Shape::CombinedValue(option) => {
                let letter = letters(&options[option].names).next().unwrap_or_default();
                let value = self.one_of(&options[option].values);
                vec![format!("{}{letter}{value}", self.letters(1))]
            }
            Shape::Named(option, name, form) => {
                let Valued { names, values, .. } = &options[option];
                self.valued(&names[name..=name], values, form)
            }
            Shape::Value(option, value) => {
                let Valued { names, values, .. } = &options[option];
                let form = self.form();
                self.valued(names, &values[value..=value], form)
            }
            Shape::SameValue(option) => {
                let Valued { names, values, .. } = &options[option];
                let first = self.valued(names, values, Form::Joined);
                first.into_iter().chain(self.valued(names, values, Form::Apart)).collect()
            }
            Shape::WrongValue(option, value, form) => {
                let Valued { names, wrong, .. } = &options[option];
                self.valued(names, &wrong[value..=value], form)
            }
            Shape::OddValue(option) => vec![self.name(&options[option].names)],
            Shape::MissingValue(option, name) => vec![options[option].names[name].clone()],
            Shape::CombinedMissing(option) => {
                let letter = letters(&options[option].names).next().unwrap_or_default();
                vec![format!("{}{letter}", self.letters(1))]
            }
            _ => return None,
        })
    }

    /// A command line that is about words, or about how many parts of each kind it has.
    fn of_parts(&mut self, shape: Shape) -> Vec<String> {
        let most_words = self.of.most_words.unwrap_or(3);
        match shape {
            Shape::Word(index) => {
                let word = self.one_of(&self.of.words[index..=index]);
                if most_words < 2 { vec![word] } else { self.around(word) }
            }
            Shape::Words => self.words(most_words),
            Shape::ManyWords => {
                let many = self.of.many_words.unwrap_or(40);
                (0..many).map(|_| self.one_of(&self.of.words)).collect()
            }
            Shape::EmptyArgument => self.around(String::new()),
            Shape::LongArgument => {
                let letters = 1000 + self.numbers.index(LONG - 1000);
                self.around("long".repeat(letters / 4))
            }
            Shape::Wrong(index) => vec![self.one_of(&self.of.wrong[index..=index])],
            Shape::WrongAmong(index) => {
                let wrong = self.one_of(&self.of.wrong[index..=index]);
                self.around(wrong)
            }
            Shape::Crossed(_, Parts::Some(count))
            | Shape::Pieces(count)
            | Shape::Full(count)
            | Shape::Closed(count) => self.some(count, most_words),
            Shape::Crossed(_, Parts::Wrong) => {
                let wrong = self.one_of(&self.of.wrong);
                if self.numbers.below(2) == 0 { vec![wrong] } else { self.around(wrong) }
            }
            // What is read is what these are about; some programs read nothing where there are arguments.
            Shape::Text(text, count) => self.some(count, if text == Text::LongLine { 1 } else { most_words }),
            Shape::OddBytes(_) | Shape::Size(..) | Shape::Large => {
                let count = self.numbers.pick(&self.of.counts());
                self.some(count, if matches!(shape, Shape::OddBytes(_)) { most_words } else { 1 })
            }
            _ => self.usual(most_words),
        }
    }

    fn stdin(&mut self, shape: Shape) -> Stdin {
        let of = self.of;
        if matches!(shape, Shape::Crossed(Read::Unreadable, _)) {
            return Stdin::Unreadable;
        }
        if of.stdin.is_empty() || matches!(shape, Shape::Nothing | Shape::Crossed(Read::Empty, _)) {
            return Stdin::default();
        }
        let usual = self.one_of(&of.stdin).into_bytes();
        match shape {
            Shape::Crossed(Read::OneByte, _) => Stdin::Bytes(vec![self.numbers.pick(b"a \n7\t")]),
            Shape::Crossed(Read::Foreign, _) => {
                let mut bytes: Vec<u8> = (0x80..=0xff).collect();
                self.numbers.shuffle(&mut bytes);
                let at = self.numbers.index(usual.len() + 1);
                Stdin::Bytes([&usual[..at], &bytes, &usual[at..]].concat())
            }
            Shape::Text(text, _) => Stdin::Bytes(self.text(text, &usual)),
            Shape::Size(bytes, more) => Stdin::Repeated(self.line(), bytes - 1 + more),
            // As many bytes as several reads would have got at once.
            Shape::Pieces(_) => {
                let mut bytes = usual;
                bytes.truncate(PIECES);
                Stdin::Pieces(bytes)
            }
            Shape::Large => Stdin::Repeated(self.line(), LARGE + self.numbers.index(1000)),
            Shape::OddBytes(index) => {
                let mut bytes = usual;
                for odd in [ODD[index], self.numbers.pick(&ODD)] {
                    let at = self.numbers.index(bytes.len() + 1);
                    bytes.splice(at..at, odd.iter().copied());
                }
                Stdin::Bytes(bytes)
            }
            _ => Stdin::Bytes(usual),
        }
    }

    /// A short text of a kind, so that a program that shows only some of what it found shows what matters.
    fn text(&mut self, text: Text, usual: &[u8]) -> Vec<u8> {
        match text {
            Text::NoLineEnd => usual.trim_ascii_end().to_vec(),
            Text::BlankLines => [b"\n \t\n".as_slice(), usual, b"\n\n  \n"].concat(),
            Text::CarriageReturns => {
                let lines = usual.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(b"\r\n".as_slice());
                [lines.as_slice(), b"a\rb\x0bc\r\n"].concat()
            }
            Text::Zeros => {
                let words = [self.numbers.word(), self.numbers.word()];
                format!("{0}\0{1} {0} \0\0 {1}\0\n{0}\n\0{0} {1}\n", words[0], words[1]).into_bytes()
            }
            Text::Foreign => {
                let words = [self.numbers.word(), self.numbers.word()];
                let space = self.numbers.pick(&["\u{a0}", "\u{2003}", "\u{85}", "\u{2028}"]);
                format!("\u{feff}{0}{2}{1}{2}{2}{0}\u{200b}{1} {1}{2}\n{2}{0}\n", words[0], words[1], space)
                    .into_bytes()
            }
            Text::LongLine => {
                let most = self.of.most_input.map_or(LONG_LINE, |most| most / 2);
                let letter = self.numbers.pick(b"abcxyz");
                [vec![letter; most], b" b\n".to_vec()].concat()
            }
        }
    }

    /// A usual command line, or one without anything.
    fn usual(&mut self, most_words: usize) -> Vec<String> {
        let Interface { switches, options, .. } = self.of;
        let mut parts: Vec<Vec<String>> = Vec::new();
        for names in switches {
            if self.numbers.below(3) == 0 {
                parts.push(vec![self.name(names)]);
            }
        }
        for Valued { names, values, .. } in options {
            if self.numbers.below(2) == 0 {
                let form = self.form();
                parts.push(self.valued(names, values, form));
            }
        }
        parts.extend(self.words(most_words).into_iter().map(|word| vec![word]));
        self.numbers.shuffle(&mut parts);
        parts.concat()
    }

    /// So many different parts of a command line, in any order.
    fn some(&mut self, count: usize, most_words: usize) -> Vec<String> {
        let Interface { switches, options, .. } = self.of;
        let mut parts: Vec<Vec<String>> = switches.iter().map(|names| vec![self.name(names)]).collect();
        for Valued { names, values, .. } in options {
            let form = self.form();
            parts.push(self.valued(names, values, form));
        }
        let words = self.words(most_words);
        parts.extend((!words.is_empty()).then_some(words));
        self.numbers.shuffle(&mut parts);
        parts.truncate(count);
        parts.concat()
    }

    /// Something unusual somewhere in a usual command line.
    fn around(&mut self, unusual: String) -> Vec<String> {
        let mut args = self.usual(self.of.most_words.unwrap_or(3).min(2));
        let at = self.numbers.index(args.len() + 1);
        args.insert(at, unusual);
        args
    }

    /// Some words, where there are some; at least one.
    fn words(&mut self, most: usize) -> Vec<String> {
        let count = if self.of.words.is_empty() { 0 } else { 1 + self.numbers.index(most.max(1)) };
        (0..count).map(|_| self.one_of(&self.of.words)).collect()
    }

    fn one_of(&mut self, templates: &[Spanned<String>]) -> String {
        if templates.is_empty() {
            return String::new();
        }
        fill(templates[self.numbers.index(templates.len())].get_ref(), &mut self.numbers)
    }

    fn form(&mut self) -> Form {
        self.numbers.pick(&[Form::Apart, Form::Joined])
    }

    fn name(&mut self, names: &[String]) -> String {
        names[self.numbers.index(names.len())].clone()
    }

    fn valued(&mut self, names: &[String], values: &[Spanned<String>], form: Form) -> Vec<String> {
        let (name, value) = (self.name(names), self.one_of(values));
        match form {
            Form::Apart => vec![name, value],
            Form::Joined if name.starts_with("--") => vec![format!("{name}={value}")],
            Form::Equals => vec![format!("{name}={value}")],
            Form::Joined => vec![format!("{name}{value}")],
        }
    }

    /// Several letters in one word, at least so many, in any order; one may come twice.
    fn letters(&mut self, least: usize) -> String {
        let mut all: Vec<char> = self.of.switches.iter().flat_map(|names| letters(names)).collect();
        self.numbers.shuffle(&mut all);
        all.truncate(least.max(1 + self.numbers.index(all.len())));
        if self.numbers.below(4) == 0 {
            all.push(all[0]);
        }
        format!("-{}", all.iter().collect::<String>())
    }

    /// A line of words, in ASCII: wherever it is cut, it is text.
    fn line(&mut self) -> String {
        let mut line = String::new();
        while line.len() < 24 || self.numbers.below(4) != 0 {
            let word = self.numbers.word();
            if word.is_ascii() {
                line.push_str(word);
                line.push_str(self.numbers.pick(&[" ", " ", "  ", "\t"]));
            }
        }
        line.trim_end().to_owned()
    }
}

/// The letters among the names of an option.
pub(super) fn letters(names: &[String]) -> impl Iterator<Item = char> {
    names.iter().filter_map(|name| {
        let mut letters = name.strip_prefix('-')?.chars();
        letters.next().filter(|letter| *letter != '-' && letters.next().is_none())
    })
}
