//! Inputs made from a description of a program's interface. What varies is not only the values: it is which options there
//! are, their order and their form, what is missing or wrong, how much there is to read, and where output goes. So a program
//! that knows some answers by heart, or only the usual form of a command line, is noticed.

use super::{Called, Input, Numbers, Stdin, fill};
use crate::proc::Out;
use serde::Deserialize;
use toml::Spanned;

/// How a program can be called, and what it reads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Interface {
    /// How many inputs are made, each of another shape as long as there are some; all shapes, and some usual inputs, if none
    /// is named.
    pub cases: Option<usize>,
    /// Options without a value, each with all of its names: `["-i", "--ignore-case"]`.
    pub switches: Vec<Vec<String>>,
    /// Options with a value.
    pub options: Vec<Valued>,
    /// Letters can be written together: `-lw`, `-in5`.
    pub combined: bool,
    /// `--` ends the options.
    pub end: bool,
    /// What else may be an argument, as templates.
    pub words: Vec<Spanned<String>>,
    /// How many of them a usual command line has at most; three if nothing is said.
    pub most_words: Option<usize>,
    /// How many an unusual one has; forty if nothing is said.
    pub many_words: Option<usize>,
    /// What is wrong wherever it appears, as templates.
    pub wrong: Vec<Spanned<String>>,
    /// Usual standard inputs, as templates; the program reads none if there are none.
    pub stdin: Vec<Spanned<String>>,
    /// Any text is an input: one byte, buffers that are just full, and so on.
    pub text: bool,
    /// Bytes that it may be given at most, where what it prints would be too much otherwise.
    pub most_input: Option<usize>,
    /// Bytes that are not UTF-8 may be in what it reads: the program counts them, or says what is wrong.
    pub odd_bytes: bool,
    /// Likewise in its arguments. A program that uses `env::args()` panics, and a panic's words are not compared.
    pub odd_arguments: bool,
    /// The program says what is wrong if it cannot read.
    pub unreadable: bool,
    /// The program says what is wrong if it cannot write. `println!` panics.
    pub full: bool,
    /// Other names that it is started under.
    pub called: Vec<String>,
}

/// An option with a value.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Valued {
    /// Its names.
    pub names: Vec<String>,
    /// Values that are right, as templates.
    pub values: Vec<Spanned<String>>,
    /// Values that are wrong, as templates.
    pub wrong: Vec<Spanned<String>>,
}

/// What is special about an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Usual,
    NoArguments,
    Nothing,
    Switch(usize),
    AllSwitches,
    TwoSwitches,
    SameSwitch,
    Combined,
    Value(usize, Form),
    CombinedValue(usize),
    SameValue(usize),
    WrongValue(usize, usize),
    MissingValue(usize),
    Words,
    ManyWords,
    End,
    Wrong(usize),
    EmptyArgument,
    LongArgument,
    OddArgument,
    NoLineEnd,
    BlankLines,
    Size(usize),
    Large,
    OddBytes,
    Crossed(Read, Parts),
    Full,
    /// A name, and how the program is told it.
    Called(usize, usize),
}

/// What is read, crossed with what a command line asks for: a program that knows the answer to an empty input by heart knows
/// it for some options only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Empty,
    OneByte,
    /// Every byte that ASCII doesn't have, so no text.
    Foreign,
    Unreadable,
}

/// What a command line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parts {
    /// So many switches, options with a value and words, each once at most.
    Some(usize),
    /// Something wrong.
    Wrong,
}

/// How a value is written behind an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `-n 5`, `--top 5`
    Apart,
    /// `-n5`, `--top=5`
    Joined,
}

/// Usual inputs besides those of each shape.
const USUAL: usize = 4;
/// Buffers of programs and of the system often have these sizes.
const BUFFERS: [usize; 3] = [4096, 8192, 65_536];
/// More than any buffer.
const LARGE: usize = 150_000;
/// Ways to tell a program its name.
const FORMS: usize = 3;
/// Bytes of the longest argument.
const LONG: u64 = 5000;
/// What is not UTF-8, and what text seldom has.
const ODD: [&[u8]; 7] = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"\0", b"\r", b"\x0b"];

impl Interface {
    /// All templates.
    pub fn templates(&self) -> impl Iterator<Item = &Spanned<String>> {
        let of_options = self.options.iter().flat_map(|option| option.values.iter().chain(&option.wrong));
        self.words.iter().chain(&self.wrong).chain(&self.stdin).chain(of_options)
    }

    /// Inputs of this interface, the same ones for the same seed. `called`: the program is started under this name.
    pub fn make(&self, called: Option<&str>, seed: u64) -> Vec<Input> {
        let mut maker = Maker { of: self, numbers: Numbers(seed) };
        let mut shapes = self.shapes();
        maker.numbers.shuffle(&mut shapes);
        let cases = self.cases.unwrap_or(shapes.len() + USUAL);
        shapes.resize(cases, Shape::Usual);
        shapes.into_iter().map(|shape| maker.input(shape, called)).collect()
    }

    /// Every shape that makes sense for the interface, on this system.
    fn shapes(&self) -> Vec<Shape> {
        let Self { switches, options, combined, end, words, wrong, stdin, called, .. } = self;
        let has_arguments = !(switches.is_empty() && options.is_empty() && words.is_empty());
        let (many, several) = (self.many_words != Some(0), switches.len() > 1);
        let mut shapes = Vec::new();
        let mut add = |is: bool, more: &[Shape]| shapes.extend(more.iter().filter(|_| is));
        add(true, &[Shape::Nothing]);
        add(has_arguments, &[Shape::NoArguments]);
        (0..switches.len()).for_each(|index| add(true, &[Shape::Switch(index)]));
        add(several, &[Shape::AllSwitches, Shape::TwoSwitches]);
        add(!switches.is_empty(), &[Shape::SameSwitch]);
        add(*combined && several, &[Shape::Combined, Shape::Combined]);
        for (option, Valued { wrong, .. }) in options.iter().enumerate() {
            add(*combined && !switches.is_empty(), &[Shape::CombinedValue(option)]);
            add(true, &[Shape::SameValue(option), Shape::MissingValue(option)]);
            add(true, &[Shape::Value(option, Form::Apart), Shape::Value(option, Form::Joined)]);
            // Each of them is an error of its own.
            (0..wrong.len()).for_each(|value| add(true, &[Shape::WrongValue(option, value)]));
        }
        add(!words.is_empty(), &[Shape::Words, Shape::EmptyArgument]);
        add(!words.is_empty() && many, &[Shape::ManyWords, Shape::LongArgument]);
        add(*end, &[Shape::End, Shape::End]);
        (0..wrong.len()).for_each(|index| add(true, &[Shape::Wrong(index)]));
        add(self.odd_arguments && cfg!(unix), &[Shape::OddArgument]);
        let most = self.most_input.unwrap_or(usize::MAX);
        for count in self.counts() {
            let parts = Parts::Some(count);
            // An empty input without arguments is `Nothing`.
            add(!stdin.is_empty() && count > 0, &[Shape::Crossed(Read::Empty, parts)]);
            add(self.text, &[Shape::Crossed(Read::OneByte, parts)]);
            add(self.odd_bytes, &[Shape::Crossed(Read::Foreign, parts)]);
            add(self.unreadable && cfg!(unix) && count < 2, &[Shape::Crossed(Read::Unreadable, parts)]);
        }
        add(!stdin.is_empty() && !wrong.is_empty(), &[Shape::Crossed(Read::Empty, Parts::Wrong)]);
        add(self.text, &[Shape::NoLineEnd, Shape::BlankLines]);
        add(self.text && most > LARGE + 1000, &[Shape::Large]);
        BUFFERS.iter().for_each(|bytes| add(self.text && *bytes < most, &[Shape::Size(*bytes)]));
        add(self.odd_bytes, &[Shape::OddBytes]);
        add(self.full && cfg!(target_os = "linux"), &[Shape::Full]);
        (0..called.len()).for_each(|index| add(true, &[Shape::Called(index, index)]));
        shapes
    }

    /// How many of its parts a command line may have: none, one, two, and all.
    fn counts(&self) -> Vec<usize> {
        let all = self.switches.len() + self.options.len() + usize::from(!self.words.is_empty());
        let mut counts: Vec<usize> = [0, 1, 2, all].into_iter().filter(|count| *count <= all).collect();
        counts.sort_unstable();
        counts.dedup();
        counts
    }
}

struct Maker<'a> {
    of: &'a Interface,
    numbers: Numbers,
}

impl Maker<'_> {
    fn input(&mut self, shape: Shape, called: Option<&str>) -> Input {
        let called = match shape {
            Shape::Called(index, form) => Some(self.called(&self.of.called[index], form)),
            _ => called.map(|name| {
                let form = self.numbers.index(FORMS);
                self.called(name, form)
            }),
        };
        let args = self.args(shape);
        let stdin = self.stdin(shape);
        let stdout = if shape == Shape::Full { Out::Full } else { Out::Collected };
        Input { args, stdin, stdout, called }
    }

    /// A shell finds a program in `PATH` and hands it the bare name; a path is handed on as it was typed.
    fn called(&self, name: &str, form: usize) -> Called {
        let argv0 = match form % FORMS {
            0 => Some(name.to_owned()),
            1 => None,
            _ => Some(format!("../called/{name}")),
        };
        Called { name: name.to_owned(), argv0: argv0.filter(|_| cfg!(unix)) }
    }

    fn args(&mut self, shape: Shape) -> Vec<Vec<u8>> {
        let Interface { switches, options, end, .. } = self.of;
        let mut args: Vec<String> = match shape {
            Shape::NoArguments | Shape::Nothing => Vec::new(),
            Shape::Switch(index) => vec![self.name(&switches[index])],
            Shape::AllSwitches => {
                let mut all: Vec<String> = switches.iter().map(|names| self.name(names)).collect();
                self.numbers.shuffle(&mut all);
                all
            }
            Shape::TwoSwitches => {
                let mut all: Vec<String> = switches.iter().map(|names| self.name(names)).collect();
                self.numbers.shuffle(&mut all);
                all.truncate(2);
                all
            }
            Shape::SameSwitch => {
                let names = &switches[self.numbers.index(switches.len())];
                vec![self.name(names), self.name(names)]
            }
            Shape::Combined => vec![self.letters(2)],
            Shape::CombinedValue(option) => {
                let letter = letters(&options[option].names).next().unwrap_or_default();
                let value = self.one_of(&options[option].values);
                vec![format!("{}{letter}{value}", self.letters(1))]
            }
            Shape::Value(option, form) => self.valued(&options[option].names, &options[option].values, form),
            Shape::SameValue(option) => {
                let Valued { names, values, .. } = &options[option];
                let first = self.valued(names, values, Form::Joined);
                first.into_iter().chain(self.valued(names, values, Form::Apart)).collect()
            }
            Shape::WrongValue(option, value) => {
                let Valued { names, wrong, .. } = &options[option];
                let form = self.numbers.pick(&[Form::Apart, Form::Apart, Form::Joined]);
                self.valued(names, &wrong[value..=value], form)
            }
            Shape::MissingValue(option) => vec![self.name(&options[option].names)],
            Shape::Words => self.words(self.of.most_words.unwrap_or(3)),
            Shape::ManyWords => {
                let many = self.of.many_words.unwrap_or(40);
                (0..many).map(|_| self.one_of(&self.of.words)).collect()
            }
            Shape::EmptyArgument => self.around(String::new()),
            Shape::LongArgument => {
                let letters = 1000 + self.numbers.index(LONG as usize - 1000);
                self.around("long".repeat(letters / 4))
            }
            Shape::Wrong(index) => {
                let wrong = self.one_of(&self.of.wrong[index..=index]);
                if self.numbers.below(2) == 0 { vec![wrong] } else { self.around(wrong) }
            }
            Shape::Crossed(_, Parts::Some(count)) => self.some(count, self.of.most_words.unwrap_or(3)),
            Shape::Crossed(_, Parts::Wrong) => {
                let wrong = self.one_of(&self.of.wrong);
                if self.numbers.below(2) == 0 { vec![wrong] } else { self.around(wrong) }
            }
            // What is read is what these are about; some programs read nothing where there are arguments.
            Shape::NoLineEnd | Shape::BlankLines | Shape::Size(_) | Shape::Large | Shape::OddBytes => {
                let most_words = match shape {
                    Shape::Size(_) | Shape::Large => 1,
                    _ => self.of.most_words.unwrap_or(3),
                };
                let count = self.numbers.pick(&self.of.counts());
                self.some(count, most_words)
            }
            _ => self.usual(self.of.most_words.unwrap_or(3)),
        };
        if shape == Shape::End {
            // What looks like an option is none any more.
            let option = switches.iter().flatten().chain(options.iter().flat_map(|option| &option.names)).next();
            args.push("--".to_owned());
            args.extend(option.cloned());
            args.extend(self.words(2));
        }
        let is_alone = matches!(shape, Shape::Switch(_) | Shape::Combined | Shape::Value(..) | Shape::CombinedValue(_));
        if is_alone && self.numbers.below(2) == 0 && (*end || switches.is_empty()) {
            let before = self.words(1);
            args.splice(..0, before);
        }
        let mut args: Vec<Vec<u8>> = args.into_iter().map(String::into_bytes).collect();
        if shape == Shape::OddArgument {
            let at = self.numbers.index(args.len() + 1);
            args.insert(at, [b"caf".as_slice(), self.numbers.pick(&ODD[..4])].concat());
        }
        args
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
            Shape::NoLineEnd => Stdin::Bytes(usual.trim_ascii_end().to_vec()),
            Shape::BlankLines => Stdin::Bytes([b"\n \t\n".as_slice(), &usual, b"\n\n  \n"].concat()),
            Shape::Size(bytes) => Stdin::Repeated(self.line(), bytes - 1 + self.numbers.index(3)),
            Shape::Large => Stdin::Repeated(self.line(), LARGE + self.numbers.index(1000)),
            Shape::OddBytes => {
                let mut bytes = usual;
                for _ in 0..1 + self.numbers.below(3) {
                    let at = self.numbers.index(bytes.len() + 1);
                    bytes.splice(at..at, self.numbers.pick(&ODD).iter().copied());
                }
                Stdin::Bytes(bytes)
            }
            _ => Stdin::Bytes(usual),
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
                let form = self.numbers.pick(&[Form::Apart, Form::Joined]);
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
            let form = self.numbers.pick(&[Form::Apart, Form::Joined]);
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

    fn name(&mut self, names: &[String]) -> String {
        names[self.numbers.index(names.len())].clone()
    }

    fn valued(&mut self, names: &[String], values: &[Spanned<String>], form: Form) -> Vec<String> {
        let (name, value) = (self.name(names), self.one_of(values));
        match form {
            Form::Apart => vec![name, value],
            Form::Joined if name.starts_with("--") => vec![format!("{name}={value}")],
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
fn letters(names: &[String]) -> impl Iterator<Item = char> {
    names.iter().filter_map(|name| {
        let mut letters = name.strip_prefix('-')?.chars();
        letters.next().filter(|letter| *letter != '-' && letters.next().is_none())
    })
}

#[cfg(test)]
mod tests;
