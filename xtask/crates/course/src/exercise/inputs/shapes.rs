//! Inputs made from a description of a program's interface. It isn't only the values that vary, but which options there are,
//! their order and form, what is missing or wrong, how much there is to read, and where output goes. So a program that has
//! some answers hard-coded, or knows only the usual form of a command line, is noticed.

mod maker;

use super::Input;
use maker::Maker;
use serde::Deserialize;
use std::mem::{Discriminant, discriminant};
use toml::Spanned;

/// How a program can be called, and what it reads.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Interface {
    /// About how many inputs are made, where not all shapes are needed. There is at least one of each kind of shape. Without
    /// it, there is one of each shape, and some usual ones.
    pub cases: Option<usize>,
    /// Options without a value, each with all of its names: `["-i", "--ignore-case"]`.
    pub switches: Vec<Vec<String>>,
    /// Options with a value.
    pub options: Vec<Valued>,
    /// Letters can be written together: `-lw`, `-in5`.
    pub combined: bool,
    /// A letter and its value can be joined by `=`: `-n=5`.
    pub equals: bool,
    /// `--` ends the options.
    pub end: bool,
    /// What else may be an argument, as templates.
    pub words: Vec<Spanned<String>>,
    /// The most of them on a usual command line; three by default.
    pub most_words: Option<usize>,
    /// How many an unusual command line has; forty by default.
    pub many_words: Option<usize>,
    /// What is wrong wherever it appears, as templates.
    pub wrong: Vec<Spanned<String>>,
    /// Usual standard inputs, as templates; the program reads none if there are none.
    pub stdin: Vec<Spanned<String>>,
    /// Any text is an input: one byte, buffers that are just full, and so on.
    pub text: bool,
    /// The most bytes that it may get, where it would print too much otherwise.
    pub most_input: Option<usize>,
    /// Bytes that are not UTF-8 may be in what it reads: the program counts them, or says what is wrong.
    pub odd_bytes: bool,
    /// Likewise in its arguments. A program that uses `env::args()` panics, and a panic's words are not compared.
    pub odd_arguments: bool,
    /// The program says what is wrong if it cannot read.
    pub unreadable: bool,
    /// The program says what is wrong if it cannot write. `println!` panics.
    pub full: bool,
    /// Likewise where its output is a pipe that no process reads any more. Std ignores that signal, C's start code doesn't.
    pub closed: bool,
    /// Other names that it is started under, some of them in a folder of their own: `hex/count`.
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

/// What is special about an input. Shapes with the same name are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Usual,
    NoArguments,
    Nothing,
    Switch(usize),
    AllSwitches,
    TwoSwitches,
    SameSwitch,
    ManySwitches,
    /// The last of many arguments is wrong.
    ManyThenWrong,
    Combined,
    /// More letters in one word than any buffer holds.
    CombinedLong,
    /// An option by one of its names, in one form.
    Named(usize, usize, Form),
    /// A value that is right.
    Value(usize, usize),
    CombinedValue(usize),
    SameValue(usize),
    WrongValue(usize, usize, Form),
    OddValue(usize),
    MissingValue(usize, usize),
    /// The last letter of several is an option without its value.
    CombinedMissing(usize),
    Word(usize),
    Words,
    ManyWords,
    End,
    /// Only what is wrong.
    Wrong(usize),
    /// The same among what is right.
    WrongAmong(usize),
    EmptyArgument,
    LongArgument,
    OddArgument,
    NoVariables,
    /// An unusual text, and how many parts the command line has: one of them may hide what was read.
    Text(Text, usize),
    /// As long as a buffer, or one byte less or more.
    Size(usize, usize),
    Large,
    /// Each read gets one byte, as from a slow pipe.
    Pieces(usize),
    OddBytes(usize),
    Crossed(Read, Parts),
    Full(usize),
    Closed(usize),
    /// A name, and how the program is told it.
    Called(usize, usize),
}

impl Shape {
    /// What shapes have in common that are of one kind.
    fn kind(self) -> (Discriminant<Self>, Option<Read>, Option<Text>, bool) {
        let (read, text, is_wrong) = match self {
            Self::Crossed(read, parts) => (Some(read), None, parts == Parts::Wrong),
            Self::Text(text, _) => (None, Some(text), false),
            _ => (None, None, false),
        };
        (discriminant(&self), read, text, is_wrong)
    }
}

/// What is unusual about a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Text {
    NoLineEnd,
    BlankLines,
    CarriageReturns,
    /// A zero byte ends a text in C, and only there.
    Zeros,
    /// A mark at the start, and spaces that aren't ASCII.
    Foreign,
    LongLine,
}

/// What is read, crossed with what a command line requests: a program that has the answer to an empty input hard-coded has
/// it only for some options.
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

/// How a value is written after an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// `-n 5`, `--top 5`
    Apart,
    /// `-n5`, `--top=5`
    Joined,
    /// `-n=5`, `--top=5`
    Equals,
}

/// Usual inputs besides each shape's.
const USUAL: usize = 4;
/// Buffers of programs and of the system often have these sizes.
const BUFFERS: [usize; 3] = [4096, 8192, 65_536];
/// More than any buffer.
const LARGE: usize = 150_000;
/// Ways to give a program its name.
const FORMS: usize = 3;
/// What is not UTF-8: a byte that never is, a character that is cut off, half of a pair, one that is too long.
const ODD: [&[u8]; 6] = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f", b"\xc0\xaf", b"\x80"];

impl Interface {
    /// All templates.
    pub fn templates(&self) -> impl Iterator<Item = &Spanned<String>> {
        let of_options = self.options.iter().flat_map(|option| option.values.iter().chain(&option.wrong));
        self.words.iter().chain(&self.wrong).chain(&self.stdin).chain(of_options)
    }

    /// Inputs of this interface, the same ones for the same seed. `called`: the program is started under this name.
    pub fn make(&self, called: Option<&str>, seed: u64) -> Vec<Input> {
        let mut maker = Maker::new(self, seed);
        let mut shapes = self.shapes();
        maker.numbers.shuffle(&mut shapes);
        match self.cases {
            // Which one of a kind is chosen is random, but there is always one.
            Some(cases) => {
                let mut seen = Vec::new();
                let (first, rest): (Vec<Shape>, Vec<Shape>) = shapes.into_iter().partition(|shape| {
                    let is_new = !seen.contains(&shape.kind());
                    seen.push(shape.kind());
                    is_new
                });
                let more = cases.saturating_sub(first.len());
                shapes = first.into_iter().chain(rest.into_iter().take(more)).collect();
                shapes.resize(shapes.len().max(cases), Shape::Usual);
            }
            None => shapes.resize(shapes.len() + USUAL, Shape::Usual),
        }
        shapes.into_iter().map(|shape| maker.input(shape, called)).collect()
    }

    /// Every shape that makes sense for the interface, on this system.
    fn shapes(&self) -> Vec<Shape> {
        let mut shapes = self.command_lines();
        shapes.extend(self.texts());
        shapes.extend(self.surroundings());
        shapes
    }

    /// What command lines there are.
    fn command_lines(&self) -> Vec<Shape> {
        let Self { switches, options, combined, end, words, wrong, .. } = self;
        let has_arguments = !(switches.is_empty() && options.is_empty() && words.is_empty());
        let (many, several) = (self.many_words != Some(0), switches.len() > 1);
        let is_odd = self.odd_arguments && cfg!(unix);
        let mut shapes = vec![Shape::Nothing];
        let mut add = |is: bool, more: &[Shape]| shapes.extend(more.iter().filter(|_| is));
        add(has_arguments, &[Shape::NoArguments]);
        (0..switches.len()).for_each(|index| add(true, &[Shape::Switch(index)]));
        add(several, &[Shape::AllSwitches, Shape::TwoSwitches]);
        add(!switches.is_empty(), &[Shape::SameSwitch, Shape::ManySwitches]);
        add(!switches.is_empty() && !wrong.is_empty(), &[Shape::ManyThenWrong]);
        add(*combined && several, &[Shape::Combined, Shape::Combined]);
        add(*combined && !switches.is_empty(), &[Shape::CombinedLong]);
        for (option, Valued { names, values, wrong }) in options.iter().enumerate() {
            let is_letter = maker::letters(names).next().is_some();
            let is_combined = *combined && is_letter && !switches.is_empty();
            add(is_combined, &[Shape::CombinedValue(option), Shape::CombinedMissing(option)]);
            add(is_odd, &[Shape::OddValue(option)]);
            add(true, &[Shape::SameValue(option)]);
            for (name, text) in names.iter().enumerate() {
                add(true, &[Shape::MissingValue(option, name)]);
                add(true, &[Form::Apart, Form::Joined].map(|form| Shape::Named(option, name, form)));
                add(self.equals && !text.starts_with("--"), &[Shape::Named(option, name, Form::Equals)]);
            }
            (0..values.len()).for_each(|value| add(true, &[Shape::Value(option, value)]));
            // Each of them is an error of its own.
            for value in 0..wrong.len() {
                add(true, &[Form::Apart, Form::Joined].map(|form| Shape::WrongValue(option, value, form)));
            }
        }
        add(!words.is_empty(), &[Shape::Words, Shape::EmptyArgument]);
        (0..words.len()).for_each(|index| add(true, &[Shape::Word(index)]));
        add(!words.is_empty() && many, &[Shape::ManyWords, Shape::LongArgument]);
        add(*end, &[Shape::End, Shape::End]);
        (0..wrong.len()).for_each(|index| add(true, &[Shape::Wrong(index), Shape::WrongAmong(index)]));
        add(is_odd, &[Shape::OddArgument]);
        shapes
    }

    /// What there is to read.
    fn texts(&self) -> Vec<Shape> {
        let Self { wrong, stdin, text, .. } = self;
        let most = self.most_input.unwrap_or(usize::MAX);
        let mut shapes = Vec::new();
        let mut add = |is: bool, more: &[Shape]| shapes.extend(more.iter().filter(|_| is));
        for count in self.counts() {
            let parts = Parts::Some(count);
            // An empty input without arguments is `Nothing`.
            add(!stdin.is_empty() && count > 0, &[Shape::Crossed(Read::Empty, parts)]);
            add(*text, &[Shape::Crossed(Read::OneByte, parts)]);
            add(self.odd_bytes, &[Shape::Crossed(Read::Foreign, parts)]);
            add(self.unreadable && cfg!(unix) && count < 2, &[Shape::Crossed(Read::Unreadable, parts)]);
            let short = [Text::NoLineEnd, Text::BlankLines, Text::CarriageReturns, Text::Zeros, Text::Foreign];
            add(*text && count < 2, &short.map(|text| Shape::Text(text, count)));
            add(*text && count < 2, &[Shape::Text(Text::LongLine, count)]);
        }
        let is_wrong = !stdin.is_empty() && !wrong.is_empty();
        add(is_wrong, &[Shape::Crossed(Read::Empty, Parts::Wrong)]);
        add(is_wrong && self.unreadable && cfg!(unix), &[Shape::Crossed(Read::Unreadable, Parts::Wrong)]);
        add(*text && most > LARGE + 1000, &[Shape::Large]);
        for bytes in BUFFERS.into_iter().filter(|bytes| *text && *bytes < most) {
            add(true, &[0, 1, 2].map(|more| Shape::Size(bytes, more)));
        }
        let has_arguments = self.counts().len() > 1;
        add(!stdin.is_empty(), &[Shape::Pieces(0)]);
        add(!stdin.is_empty() && has_arguments, &[Shape::Pieces(1)]);
        (0..ODD.len()).for_each(|index| add(self.odd_bytes, &[Shape::OddBytes(index)]));
        shapes
    }

    /// What is around a program.
    fn surroundings(&self) -> Vec<Shape> {
        let is_unix = cfg!(unix);
        let mut shapes = Vec::new();
        let mut add = |is: bool, more: &[Shape]| shapes.extend(more.iter().filter(|_| is));
        add(is_unix, &[Shape::NoVariables]);
        for count in self.counts().into_iter().take(2) {
            add(self.full && cfg!(target_os = "linux"), &[Shape::Full(count)]);
            add(self.closed && is_unix, &[Shape::Closed(count)]);
        }
        (0..self.called.len()).for_each(|index| add(true, &[Shape::Called(index, index)]));
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

#[cfg(test)]
mod tests;
