//! Every setting of a profile for the reference of the book: what it is for, which values it takes, what holds without
//! it. From the Cargo Book, "Profiles"; the values are tried against the rules that judge a learner's manifest.

/// A row of the reference.
pub struct Setting {
    /// The key in `[profile.*]`.
    pub key: &'static str,
    /// What it does, and what that has to do with size.
    pub about: &'static str,
    /// The values as they are written in TOML, with a comment where one needs it.
    pub values: &'static [(&'static str, &'static str)],
    /// The default of `dev`, as written in TOML.
    pub dev: &'static str,
    /// The default of `release`, as written in TOML.
    pub release: &'static str,
    /// The chapter that explains it.
    pub chapter: Option<&'static str>,
}

/// Every setting that Cargo knows on stable, the five of this workshop first.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "opt-level",
        about: "How hard the compiler optimizes, and for what: for speed, for size, or not at all.",
        values: &[
            ("0", "no optimization"),
            ("1", "a little"),
            ("2", "for speed, with care for size"),
            ("3", "for speed"),
            ("\"s\"", "for size: loops are not vectorized, and few calls are inlined"),
            ("\"z\"", "for size, at any price in speed: even fewer calls are inlined"),
        ],
        dev: "0",
        release: "3",
        chapter: Some("opt-level.md"),
    },
    Setting {
        key: "lto",
        about: "Link-time optimization: whether crates are optimized together when the program is linked.",
        values: &[
            ("false", "only between the codegen units of one crate"),
            ("\"off\"", "not at all"),
            ("\"thin\"", "across crates, in parallel, from summaries"),
            ("true", "across crates, as one whole"),
            ("\"fat\"", "the same as true"),
        ],
        dev: "false",
        release: "false",
        chapter: Some("lto.md"),
    },
    Setting {
        key: "codegen-units",
        about: "Into how many parts a crate is split, to be compiled in parallel. What is optimized apart stays larger.",
        values: &[("1", "one part: the slowest build"), ("16", "any number from 1 upwards")],
        dev: "256",
        release: "16",
        chapter: Some("codegen-units.md"),
    },
    Setting {
        key: "panic",
        about: "What a panic does: unwind the stack, so that it can be caught, or end the process at once.",
        values: &[
            ("\"unwind\"", "run destructors on the way out"),
            ("\"abort\"", "end the process; nothing is caught"),
        ],
        dev: "\"unwind\"",
        release: "\"unwind\"",
        chapter: Some("panic.md"),
    },
    Setting {
        key: "strip",
        about: "What is left out of the finished file: nothing, the debug information, or the symbols, too. While \
                `debug` is off, release builds leave out the debug information of the standard library by themselves.",
        values: &[
            ("\"none\"", "nothing"),
            ("\"debuginfo\"", "debug information"),
            ("\"symbols\"", "debug information and symbols"),
            ("true", "the same as \"symbols\""),
            ("false", "the same as \"none\""),
        ],
        dev: "\"none\"",
        release: "\"debuginfo\"",
        chapter: Some("strip.md"),
    },
    Setting {
        key: "debug",
        about: "How much debug information is made: what maps addresses back to files, lines and variables.",
        values: &[
            ("false", "none; also 0 and \"none\""),
            ("\"line-directives-only\"", "only for the assembler's line directives"),
            ("\"line-tables-only\"", "enough for lines in a backtrace"),
            ("1", "also \"limited\": no types, no variables"),
            ("true", "all; also 2 and \"full\""),
        ],
        dev: "true",
        release: "false",
        chapter: Some("debuggable.md"),
    },
    Setting {
        key: "split-debuginfo",
        about: "Whether debug information stays in the file or goes into one beside it. The default depends on the platform.",
        values: &[
            ("\"off\"", "in the file"),
            ("\"packed\"", "in one file beside it"),
            ("\"unpacked\"", "in several files"),
        ],
        dev: "platform",
        release: "platform",
        chapter: Some("debuggable.md"),
    },
    Setting {
        key: "debug-assertions",
        about: "Whether `debug_assert!` checks anything. The checks and their messages take room.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "overflow-checks",
        about: "Whether arithmetic that overflows panics. Each check is a branch and a place to panic from.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "incremental",
        about: "Whether the compiler keeps what it knows for the next build. For builds that are repeated, not for shipping.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "rpath",
        about: "Whether the file carries the folder in which its dynamic libraries lie. Without such libraries it does nothing.",
        values: &[("true", ""), ("false", "")],
        dev: "false",
        release: "false",
        chapter: Some("dynamic.md"),
    },
    Setting {
        key: "inherits",
        about: "Which profile one of your own starts from. `dev` and `release` cannot have it, all others must.",
        values: &[("\"release\"", "or any other profile")],
        dev: "none",
        release: "none",
        chapter: Some("two-profiles.md"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner_manifest::known;
    use weigh::profiles;

    #[test]
    fn every_key_is_there_once() {
        let mut keys: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        keys.sort_unstable();
        let mut known = known::KEYS;
        known.sort_unstable();
        assert_eq!(keys, known);
    }

    #[test]
    fn every_value_is_one_that_the_rules_take() {
        for setting in SETTINGS {
            for (value, _) in setting.values {
                let table: toml::Table = format!("v = {value}").parse().unwrap();
                assert_eq!(known::fault(setting.key, &table["v"]), None, "{} = {value}", setting.key);
            }
        }
    }

    #[test]
    fn the_defaults_are_those_that_the_rules_know() {
        for setting in SETTINGS {
            for (profile, written) in [("dev", setting.dev), ("release", setting.release)] {
                if let Some(known) = profiles::default(profile, setting.key) {
                    let table: toml::Table = format!("v = {written}").parse().unwrap();
                    assert_eq!(table["v"], known, "{} of {profile}", setting.key);
                }
            }
        }
    }
}
