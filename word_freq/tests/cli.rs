//! The tutorial quotes what this program prints and compares builds of it by size alone. That is fair only if every
//! build does the same job, so these tests pin the output of the real executable, byte for byte.

use assert_cmd::Command;
use predicates::prelude::*;

fn word_freq() -> Command {
    Command::new(env!("CARGO_BIN_EXE_word_freq"))
}

/// Runs the program with `arguments`, requires success with nothing on stderr, and compares the whole stdout.
#[track_caller]
fn assert_prints<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>, expected: &str) {
    word_freq()
        .args(arguments)
        .assert()
        .success()
        .stdout(predicate::str::diff(expected.to_owned()))
        .stderr(predicate::str::is_empty());
}

// The words and their ranking.

#[test]
fn the_line_of_the_tutorial_gives_the_output_of_the_tutorial() {
    assert_prints(["the cat sat on the mat the cat ran"], "the: 3\ncat: 2\nmat: 1\n");
}

#[test]
fn one_argument_per_word_gives_the_same_as_one_argument_for_all() {
    assert_prints("the cat sat on the mat the cat ran".split(' '), "the: 3\ncat: 2\nmat: 1\n");
}

#[test]
fn words_are_counted_over_all_arguments() {
    assert_prints(["the cat", "sat on the", "mat the cat ran"], "the: 3\ncat: 2\nmat: 1\n");
}

#[test]
fn neighbouring_arguments_are_never_glued_to_one_word() {
    assert_prints(["in", "to", "into"], "in: 1\ninto: 1\nto: 1\n");
}

#[test]
fn an_empty_argument_adds_no_word() {
    assert_prints(["", "in", "", "to", ""], "in: 1\nto: 1\n");
}

#[test]
fn arguments_that_look_like_options_are_words() {
    assert_prints(["--help", "-v", "--", "--help"], "--help: 2\n--: 1\n-v: 1\n");
}

#[test]
fn standard_input_is_ignored() {
    word_freq()
        .arg("cat")
        .write_stdin("dog dog dog")
        .assert()
        .success()
        .stdout(predicate::str::diff("cat: 1\n"))
        .stderr(predicate::str::is_empty());
}

#[test]
fn no_arguments_print_nothing() {
    assert_prints([] as [&str; 0], "");
}

#[test]
fn arguments_of_white_space_only_print_nothing() {
    assert_prints(["", " ", "\t\r\n", "\u{a0}\u{2003}\u{3000}"], "");
}

#[test]
fn a_single_word_prints_a_single_line() {
    assert_prints(["cat"], "cat: 1\n");
}

#[test]
fn two_different_words_print_two_lines() {
    assert_prints(["cat dog cat"], "cat: 2\ndog: 1\n");
}

#[test]
fn three_different_words_print_three_lines() {
    assert_prints(["c b b a a a"], "a: 3\nb: 2\nc: 1\n");
}

#[test]
fn of_more_than_three_different_words_only_the_top_three_are_printed() {
    assert_prints(["e d d c c c b b b b a a a a a"], "a: 5\nb: 4\nc: 3\n");
}

#[test]
fn the_count_outranks_the_alphabet() {
    assert_prints(["a b c d z z"], "z: 2\na: 1\nb: 1\n");
}

#[test]
fn counts_are_compared_as_numbers_and_not_as_text() {
    let text = format!("{}{}", "nine ".repeat(9), "ten ".repeat(10));
    assert_prints([text], "ten: 10\nnine: 9\n");
}

#[test]
fn words_of_the_same_count_are_sorted_whatever_the_order_of_the_arguments() {
    for arguments in [["b", "a", "c", "d"], ["d", "c", "b", "a"], ["a", "b", "c", "d"]] {
        assert_prints(arguments, "a: 1\nb: 1\nc: 1\n");
    }
}

#[test]
fn a_prefix_is_sorted_before_the_longer_word() {
    assert_prints(["cats ca cat"], "ca: 1\ncat: 1\ncats: 1\n");
}

#[test]
fn words_beyond_ascii_are_sorted_by_their_utf_8_bytes_and_not_by_any_language() {
    // A dictionary has é next to e; in bytes it comes after z.
    assert_prints(["éclair zebra eclair"], "eclair: 1\nzebra: 1\néclair: 1\n");
    // U+00E9, U+03B1, U+65E5.
    assert_prints(["日 α é"], "é: 1\nα: 1\n日: 1\n");
    // In UTF-16 the order would be the other way round: U+10400 is then a surrogate pair, which begins with 0xD801.
    assert_prints(["\u{10428} \u{ff41}"], "\u{ff41}: 1\n\u{10428}: 1\n");
}

#[test]
fn canonically_equivalent_spellings_are_different_words() {
    // Nothing is normalized: e and a combining acute accent are not the single character é.
    assert_prints(["\u{e9} e\u{301}"], "e\u{301}: 1\n\u{e9}: 1\n");
}

// What separates words, and what does not.

#[test]
fn punctuation_belongs_to_the_word() {
    assert_prints(["cat, cat. cat cat, don't"], "cat,: 2\ncat: 1\ncat.: 1\n");
    assert_prints(["well-known don't (cat)"], "(cat): 1\ndon't: 1\nwell-known: 1\n");
}

#[test]
fn tabs_and_line_ends_separate_words() {
    assert_prints(["a\tb\nc\r\na\u{b}b\u{c}a"], "a: 3\nb: 2\nc: 1\n");
}

#[test]
fn runs_of_white_space_and_white_space_at_the_ends_add_no_word() {
    assert_prints(["  a \t\n  b   ", "\na\n"], "a: 2\nb: 1\n");
}

#[test]
fn every_unicode_white_space_separates_words() {
    // All that have the property White_Space.
    let white_space = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\
                       \u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    assert_eq!(white_space.chars().count(), 25);
    for separator in white_space.chars() {
        assert_prints([format!("a{separator}b")], "a: 1\nb: 1\n");
    }
}

#[test]
fn invisible_characters_that_are_no_white_space_do_not_separate_words() {
    // Zero width space, word joiner, and the byte order mark.
    for joiner in ['\u{200b}', '\u{2060}', '\u{feff}'] {
        assert_prints([format!("a{joiner}b")], &format!("a{joiner}b: 1\n"));
    }
}

// Letter case: words are counted as `str::to_lowercase` spells them.

#[test]
fn words_are_counted_whatever_their_case() {
    assert_prints(["The THE the tHe Cat CAT"], "the: 4\ncat: 2\n");
}

#[test]
fn letters_beyond_ascii_are_lower_cased() {
    assert_prints(["É é École ÉCOLE"], "é: 2\nécole: 2\n");
    assert_prints(["МИР Мир мир"], "мир: 3\n");
    // Deseret, beyond the first 65,536 characters.
    assert_prints(["\u{10400} \u{10428}"], "\u{10428}: 2\n");
}

#[test]
fn the_capital_sharp_s_is_counted_as_the_small_one_but_not_as_a_double_s() {
    assert_prints(["ẞ ß"], "ß: 2\n");
    // Lower-casing is not case folding, which would make all of these one word.
    assert_prints(["STRAẞE straße STRASSE"], "straße: 2\nstrasse: 1\n");
}

#[test]
fn a_capital_sigma_at_the_end_of_a_word_becomes_a_final_sigma() {
    assert_prints(["ΟΔΟΣ οδος"], "οδος: 2\n");
    assert_prints(["ΟΔΥΣΣΕΥΣ"], "οδυσσευς: 1\n");
}

#[test]
fn a_capital_sigma_elsewhere_becomes_an_ordinary_sigma() {
    // At the beginning, and as the whole word.
    assert_prints(["ΣΟΦΟΣ Σ"], "σ: 1\nσοφος: 1\n");
    // The end of an argument ends the word, too.
    assert_prints(["ΟΔΟΣ", "ΑΣ"], "ας: 1\nοδος: 1\n");
}

#[test]
fn a_full_stop_or_an_apostrophe_after_a_capital_sigma_leaves_it_final() {
    assert_prints(["ΟΔΟΣ."], "οδος.: 1\n");
    assert_prints(["ΟΔΟΣ’"], "οδος’: 1\n");
    // A letter that follows ends the exception.
    assert_prints(["ΟΔΟΣ.Α"], "οδοσ.α: 1\n");
}

#[test]
fn small_sigmas_stay_as_they_are_written() {
    assert_prints(["οδοσ οδος"], "οδος: 1\nοδοσ: 1\n");
}

#[test]
fn the_capital_i_with_a_dot_becomes_an_i_and_a_combining_dot() {
    // Two characters, in any language: no locale is asked.
    assert_prints(["İ i I ı"], "i: 2\ni\u{307}: 1\nı: 1\n");
    assert_prints(["İSTANBUL"], "i\u{307}stanbul: 1\n");
}

// Much input.

#[test]
fn many_thousand_words_are_counted_exactly() {
    // Linux allows 128 KiB for one argument; Windows 32,767 characters for the whole command line.
    let (arguments, words_each) = if cfg!(windows) { (10, 500) } else { (10, 5_000) };
    let argument = |start: usize| {
        // Of ten words, four are "a", three "b", two "c", and one is a number that occurs nowhere else.
        (start..start + words_each)
            .map(|index| match index % 10 {
                0..4 => "a ".to_owned(),
                4..7 => "B ".to_owned(),
                7..9 => "c ".to_owned(),
                _ => format!("{index} "),
            })
            .collect::<String>()
    };
    let texts: Vec<String> = (0..arguments).map(|number| argument(number * words_each)).collect();
    assert!(texts.iter().all(|text| text.len() < 128 * 1024));

    let tenth = arguments * words_each / 10;
    assert_prints(texts, &format!("a: {}\nb: {}\nc: {}\n", 4 * tenth, 3 * tenth, 2 * tenth));
}

#[test]
fn a_single_word_may_be_many_thousand_letters_long() {
    let letters = 20_000;
    assert_prints(["X".repeat(letters)], &format!("{}: 1\n", "x".repeat(letters)));
}

// Arguments that are no text. Windows passes UTF-16, so that these bytes exist only on Unix.

#[cfg(unix)]
mod not_utf_8 {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use predicates::prelude::*;

    use super::word_freq;

    /// Runs the program with `arguments` and requires the error that names argument `number`, and nothing else.
    #[track_caller]
    fn assert_rejects(arguments: &[&[u8]], number: usize) {
        let message =
            format!("word_freq: argument {number} is not valid UTF-8; words are counted in UTF-8 text only\n");
        word_freq()
            .args(arguments.iter().map(|bytes| OsStr::from_bytes(bytes)))
            .assert()
            .code(2)
            .stdout(predicate::str::is_empty())
            .stderr(predicate::str::diff(message));
    }

    #[test]
    fn an_argument_that_is_not_utf_8_is_rejected() {
        assert_rejects(&[b"caf\xe9"], 1);
    }

    #[test]
    fn the_error_names_the_argument_by_its_number() {
        assert_rejects(&[b"the cat", b"sat", b"\xff", b"mat"], 3);
    }

    #[test]
    fn the_error_names_the_first_of_several_such_arguments() {
        assert_rejects(&[b"the", b"\xff", b"\xfe"], 2);
    }

    #[test]
    fn an_argument_that_ends_within_a_character_is_rejected() {
        // The next argument begins with the missing byte of é. Arguments are not joined before they are decoded.
        assert_rejects(&[b"caf\xc3", b"\xa9"], 1);
    }

    #[test]
    fn an_encoded_surrogate_is_rejected() {
        assert_rejects(&[b"\xed\xa0\x80"], 1);
    }
}
