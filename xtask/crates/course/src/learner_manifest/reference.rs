//! Every profile setting, for the book's reference: what it is for, which values it takes, and its default.
//! From the Cargo Book, "Profiles"; a test tries the values against the rules that judge a learner's manifest.

/// A row of the reference.
pub struct Setting {
    /// The key in `[profile.*]`.
    pub key: &'static str,
    /// What it does, and how that affects size.
    pub about: &'static str,
    /// The values as written in TOML, with a comment where needed.
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
        about: "How hard the compiler optimizes, and whether for speed or for size.",
        values: &[
            ("0", "no optimization"),
            ("1", "basic optimizations; the build stays fast"),
            ("2", "for speed; loops are vectorized"),
            ("3", "for speed, with more inlining than 2"),
            ("\"s\"", "for size: loops aren't vectorized, and few calls are inlined"),
            ("\"z\"", "for size, however slow the code gets: even fewer calls are inlined"),
        ],
        dev: "0",
        release: "3",
        chapter: Some("opt-level.md"),
    },
    Setting {
        key: "lto",
        about: "Link-time optimization: whether crates are optimized together at link time.",
        values: &[
            ("false", "only across the codegen units of one crate"),
            ("\"off\"", "not at all"),
            ("\"thin\"", "across crates, in parallel, from summaries"),
            ("true", "across crates, as a single unit"),
            ("\"fat\"", "the same as true"),
        ],
        dev: "false",
        release: "false",
        chapter: Some("lto.md"),
    },
    Setting {
        key: "codegen-units",
        about: "How many parts a crate is split into, so that they can be compiled in parallel. Parts that are \
                optimized separately \
                stay larger.",
        values: &[("1", "one part: the slowest build"), ("16", "any number from 1 up")],
        dev: "256",
        release: "16",
        chapter: Some("codegen-units.md"),
    },
    Setting {
        key: "panic",
        about: "What a panic does: unwind the stack, so that the panic can be caught, or end the process at once.",
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
        about: "What is stripped from the finished file: nothing, the debug information, or the symbols as well. While \
                `debug` is off, release builds strip the standard library's debug information by default.",
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
        about: "How much debug information is generated. It maps addresses back to files, lines and variables.",
        values: &[
            ("false", "none; also 0 and \"none\""),
            ("\"line-directives-only\"", "just the assembler's line directives"),
            ("\"line-tables-only\"", "enough for line numbers in a backtrace"),
            ("1", "also \"limited\": no types, no variables"),
            ("true", "everything; also 2 and \"full\""),
        ],
        dev: "true",
        release: "false",
        chapter: Some("debuggable.md"),
    },
    Setting {
        key: "split-debuginfo",
        about: "Whether debug information stays in the binary or goes in separate files. The default depends on the \
                platform.",
        values: &[
            ("\"off\"", "in the binary"),
            ("\"packed\"", "in one separate file"),
            ("\"unpacked\"", "in several separate files"),
        ],
        dev: "platform",
        release: "platform",
        chapter: Some("debuggable.md"),
    },
    Setting {
        key: "debug-assertions",
        about: "Whether `debug_assert!` checks anything. The checks and their messages take up space.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "overflow-checks",
        about: "Whether arithmetic panics on overflow. Each check adds a branch and a place to panic from.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "incremental",
        about: "Whether the compiler saves its results for the next build. Useful while you edit and rebuild, not for \
                what you ship.",
        values: &[("true", ""), ("false", "")],
        dev: "true",
        release: "false",
        chapter: None,
    },
    Setting {
        key: "rpath",
        about: "Whether the binary records the folder of its dynamic libraries. Without such libraries it has no \
                effect.",
        values: &[("true", ""), ("false", "")],
        dev: "false",
        release: "false",
        chapter: Some("dynamic.md"),
    },
    Setting {
        key: "inherits",
        about: "Which profile a custom profile starts from. `dev` and `release` can't have it; every custom profile \
                must.",
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
