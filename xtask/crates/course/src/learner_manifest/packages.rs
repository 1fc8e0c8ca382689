//! Which package a table such as `[profile.release.package."serde_json@1"]` is about. Cargo takes a package ID specification
//! there: a name, with a version or part of one, or an address. Each form was tested with Cargo 1.95.

/// A specification, parsed.
#[derive(Debug, PartialEq)]
struct Spec<'a> {
    name: &'a str,
    version: Option<&'a str>,
}

/// Whether a specification means a package. `"*"` isn't handled here: it means every dependency.
pub(crate) fn is_of(spec: &str, name: &str, version: Option<&str>) -> bool {
    let spec = parse(spec);
    let same = |asked: &str| version.is_none_or(|version| is_part(asked, version));
    spec.name == name && spec.version.is_none_or(same)
}

fn parse(spec: &str) -> Spec<'_> {
    let Some((_, address)) = spec.split_once("://") else { return named(spec) };
    let (path, fragment) = address.split_once('#').map_or((address, None), |(path, rest)| (path, Some(rest)));
    let path = path.split('?').next().unwrap_or(path).trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or(path);
    let last = last.strip_suffix(".git").unwrap_or(last);
    match fragment {
        None => Spec { name: last, version: None },
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            Spec { name: last, version: Some(version) }
        }
        Some(fragment) => named(fragment),
    }
}

fn named(text: &str) -> Spec<'_> {
    match text.split_once(['@', ':']) {
        Some((name, version)) => Spec { name, version: Some(version) },
        None => Spec { name: text, version: None },
    }
}

/// Whether `1`, `1.0` or `1.0.2` is how a version begins.
fn is_part(asked: &str, version: &str) -> bool {
    version.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_cargo_is_understood() {
        for spec in [
            "a-b",
            "a-b@1",
            "a-b@1.0",
            "a-b@1.0.2",
            "a-b:1.0.2",
            "https://github.com/rust-lang/crates.io-index#a-b@1.0",
            "registry+https://github.com/rust-lang/crates.io-index#a-b",
            "https://example.org/them/a-b.git",
            "git+https://example.org/them/a-b?branch=x#1.0.2",
            "path+file:///home/them/a-b#1.0.2",
            "file:///home/them/a-b/",
        ] {
            assert!(is_of(spec, "a-b", Some("1.0.2")), "{spec}");
            assert!(is_of(spec, "a-b", None), "{spec}");
            assert!(!is_of(spec, "a", Some("1.0.2")), "{spec}");
        }
        for spec in ["a-b@2", "a-b@1.0.20", "a-b@1.0.2.1", "a_b", "*", "https://example.org/a-b#other", "file:///a-b#2"]
        {
            assert!(!is_of(spec, "a-b", Some("1.0.2")), "{spec}");
        }
    }
}
