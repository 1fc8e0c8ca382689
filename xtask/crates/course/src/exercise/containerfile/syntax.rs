//! The instructions that an engine refuses as they are written, before it carries out any. The check reports them as well: a
//! file that no engine accepts makes no image.

use super::words::{self, Variables};

/// Linux signals, without the `SIG`.
const SIGNALS: [&str; 35] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
    "PROF", "PWR", "QUIT", "RTMAX", "RTMIN", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU",
];

/// `# NAME=VALUE`: a directive for the engine, if it is one that engines know. Its name, in lower case, and its value.
pub(super) fn directive(line: &str) -> Option<(&'static str, &str)> {
    let (name, value) = line.strip_prefix('#')?.split_once('=')?;
    let known = ["syntax", "escape", "check"].into_iter().find(|known| name.trim().eq_ignore_ascii_case(known))?;
    Some((known, value.trim())).filter(|(_, value)| !value.is_empty())
}

/// Why an engine refuses an instruction, and what to write.
pub(super) fn refused(word: &str, rest: &str) -> Option<(String, &'static str)> {
    match word {
        "FROM" => from(rest),
        "ENV" | "LABEL" => pairs(word, rest),
        "HEALTHCHECK" => health(rest),
        "STOPSIGNAL" => signal(rest),
        "EXPOSE" => rest
            .split_whitespace()
            .find(|port| !port.contains('$') && !is_port(port))
            .map(|port| (format!("EXPOSE {port} isn't a port"), "write a number, such as `EXPOSE 8080`")),
        "SHELL" if serde_json::from_str::<Vec<String>>(rest).is_err() => Some((
            "SHELL isn't a list of words".to_owned(),
            "write it in brackets and double quotes: `SHELL [\"/bin/sh\", \"-c\"]`",
        )),
        "ONBUILD" => {
            let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            let word = word.to_uppercase();
            match super::INSTRUCTIONS.contains(&word.as_str()) {
                true if !matches!(word.as_str(), "FROM" | "ONBUILD" | "MAINTAINER") => {
                    refused(&word, rest.trim_start())
                }
                _ => Some((format!("ONBUILD can't be used with {word}"), "remove the line")),
            }
        }
        _ => None,
    }
}

fn from(rest: &str) -> Option<(String, &'static str)> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let first = words.iter().position(|word| !word.starts_with("--")).unwrap_or(words.len());
    let (flags, words) = words.split_at(first);
    if let Some(flag) = flags.iter().find(|flag| !flag.starts_with("--platform=")) {
        return Some((format!("FROM has no option `{flag}`"), "its only option is --platform=…"));
    }
    if let Some(flag) = words.iter().find(|word| word.starts_with("--")) {
        return Some((format!("`{flag}` comes after the image"), "options come first: `FROM --platform=… IMAGE`"));
    }
    let [_, _, name] = words else { return None };
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if !is_name || name.eq_ignore_ascii_case("scratch") {
        let help = "begin with a letter, followed by letters, digits, `-`, `_`, and `.`: `AS build`";
        return Some((format!("a stage can't be named `{name}`"), help));
    }
    None
}

/// `ENV A=1 B=2`, or `ENV A 1`.
fn pairs(word: &str, rest: &str) -> Option<(String, &'static str)> {
    // A variable's value isn't split into words here.
    let words = words::engine(&rest.replace('$', "_"), &Variables::new());
    let (first, more) = words.split_first()?;
    let help = "write `NAME=VALUE`, with quotes around a value that has spaces";
    if !first.contains('=') {
        return more.is_empty().then(|| (format!("{word} gives {first} no value"), help));
    }
    let without = words.iter().find(|word| !word.contains('=') || word.starts_with('='))?;
    Some((format!("{word} gives {without} no value"), help))
}

fn health(rest: &str) -> Option<(String, &'static str)> {
    const HELP: &str = "write `HEALTHCHECK CMD …`, or `HEALTHCHECK NONE`";
    let mut words = rest.split_whitespace().skip_while(|word| word.starts_with("--"));
    let known = ["--interval=", "--timeout=", "--start-period=", "--start-interval=", "--retries="];
    let flags = rest.split_whitespace().take_while(|word| word.starts_with("--"));
    if let Some(flag) = flags.into_iter().find(|flag| !known.iter().any(|known| flag.starts_with(known))) {
        return Some((format!("HEALTHCHECK has no option `{flag}`"), HELP));
    }
    let (kind, more) = (words.next().unwrap_or_default().to_uppercase(), words.next());
    match (kind.as_str(), more) {
        ("CMD", Some(_)) | ("NONE", None) => None,
        ("CMD", None) => Some(("HEALTHCHECK CMD names no command".to_owned(), HELP)),
        ("NONE", Some(_)) => Some(("HEALTHCHECK NONE takes no arguments".to_owned(), HELP)),
        _ => Some((format!("HEALTHCHECK doesn't know `{kind}`"), HELP)),
    }
}

fn signal(rest: &str) -> Option<(String, &'static str)> {
    let name = rest.trim_matches(['"', '\'']).to_uppercase();
    let name = name.strip_prefix("SIG").unwrap_or(&name);
    let base = name.split(['+', '-']).next().unwrap_or_default();
    let is_number = name.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
    let is_real_time = base.starts_with("RT") || base == name;
    let is_known = rest.contains('$') || is_number || (SIGNALS.contains(&base) && is_real_time) || name == "XFSZ";
    (!is_known).then(|| (format!("there is no signal {rest}"), "write one such as `STOPSIGNAL SIGTERM`"))
}

/// `80`, `80/tcp`, `8000-8010/udp`.
fn is_port(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let ports = ports.rsplit(':').next().unwrap_or(ports);
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let numbers = first.parse::<u16>().ok().zip(last.parse::<u16>().ok());
    numbers.is_some_and(|(first, last)| first <= last)
        && ["tcp", "udp", "sctp"].contains(&protocol.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_engines_refuse_is_refused() {
        for line in [
            "ENV FOO",
            "ENV A=1 B",
            "ENV =1",
            "LABEL foo",
            "HEALTHCHECK foo",
            "HEALTHCHECK CMD",
            "HEALTHCHECK NONE x",
            "HEALTHCHECK --every=1s CMD x",
            "STOPSIGNAL NOPE",
            "STOPSIGNAL 99",
            "EXPOSE abc",
            "EXPOSE 80/foo",
            "EXPOSE 80 99999",
            "SHELL /bin/sh -c",
            "ONBUILD FROM a",
            "ONBUILD NOTHING",
            "ONBUILD ENV FOO",
            "FROM --foo=bar scratch",
            "FROM scratch --platform=linux/amd64",
            "FROM --platform scratch",
            "FROM scratch AS 1x",
            "FROM scratch AS scratch",
        ] {
            let (word, rest) = line.split_once(' ').unwrap();
            let (message, help) = refused(word, rest).unwrap_or_else(|| panic!("{line}"));
            assert!(!message.is_empty() && !help.is_empty(), "{line}");
        }
        for line in [
            "ENV A=1 B=\"2 3\"",
            "ENV A 1 2",
            "ENV A=$B C=${D:-x}",
            "ENV RUSTFLAGS=\"-C target-feature=+crt-static\"",
            "LABEL a=b \"c d\"='e f'",
            "LABEL a b",
            "HEALTHCHECK NONE",
            "HEALTHCHECK --interval=5m --timeout=3s CMD [\"/tool\"]",
            "healthcheck cmd x",
            "STOPSIGNAL SIGTERM",
            "STOPSIGNAL term",
            "STOPSIGNAL 9",
            "STOPSIGNAL SIGRTMIN+3",
            "STOPSIGNAL $S",
            "EXPOSE 80 443/tcp 8000-8010/UDP $PORT",
            "SHELL [\"/bin/sh\", \"-c\"]",
            "ONBUILD RUN true",
            "FROM --platform=$BUILDPLATFORM rust AS Build-1.x_y",
            "FROM scratch",
        ] {
            let (word, rest) = line.split_once(' ').unwrap();
            assert_eq!(refused(&word.to_uppercase(), rest), None, "{line}");
        }
    }

    #[test]
    fn directives_are_those_that_engines_know() {
        assert_eq!(directive("# escape=`"), Some(("escape", "`")));
        assert_eq!(directive("#SYNTAX = docker/dockerfile:1"), Some(("syntax", "docker/dockerfile:1")));
        for line in ["# a comment", "# check: cargo 1.95", "# other=1", "# escape=", ""] {
            assert_eq!(directive(line), None, "{line}");
        }
    }
}
