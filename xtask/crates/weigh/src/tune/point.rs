//! One way to build the program: a value for each setting that `tune` searches over, and what it gives up compared with Cargo's
//! release profile.

use std::collections::BTreeMap;
use std::fmt;
use toml::Value;

/// `opt-level`. Level 0 is left out: it is larger and slower than every other one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptLevel {
    /// All optimizations: Cargo's default for `release`.
    Three,
    /// Most of them.
    Two,
    /// The basic ones.
    One,
    /// For size.
    S,
    /// For size, loops not vectorized.
    Z,
}

/// `lto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lto {
    /// `false`, Cargo's default: only between the codegen units of each crate.
    Local,
    /// Not even that.
    Off,
    /// Across crates, in parallel.
    Thin,
    /// Across crates, as one.
    Fat,
}

/// `codegen-units`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Units {
    /// Cargo's default, for which nothing is written: a written `16` gives a different file.
    Default,
    /// Each crate is compiled as a whole.
    One,
}

/// `panic`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Panic {
    /// A panic unwinds the stack: Cargo's default.
    Unwind,
    /// A panic ends the process.
    Abort,
}

/// A point of the search. `strip = "symbols"` belongs to each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// `opt-level`.
    pub opt_level: OptLevel,
    /// `lto`.
    pub lto: Lto,
    /// `codegen-units`.
    pub units: Units,
    /// `panic`.
    pub panic: Panic,
    /// The linker packs relative relocations. Not a setting of any profile.
    pub packed: bool,
}

impl OptLevel {
    /// Every level, Cargo's default first.
    pub const ALL: [Self; 5] = [Self::Three, Self::Two, Self::One, Self::S, Self::Z];

    /// As it is written in a manifest.
    pub fn value(self) -> Value {
        match self {
            Self::Three => 3.into(),
            Self::Two => 2.into(),
            Self::One => 1.into(),
            Self::S => "s".into(),
            Self::Z => "z".into(),
        }
    }
}

impl Lto {
    /// Every kind, Cargo's default first.
    pub const ALL: [Self; 4] = [Self::Local, Self::Off, Self::Thin, Self::Fat];

    /// As it is written in a manifest.
    pub fn value(self) -> Value {
        match self {
            Self::Local => false.into(),
            Self::Off => "off".into(),
            Self::Thin => "thin".into(),
            Self::Fat => "fat".into(),
        }
    }
}

impl Panic {
    /// As it is written in a manifest.
    pub fn value(self) -> Value {
        match self {
            Self::Unwind => "unwind".into(),
            Self::Abort => "abort".into(),
        }
    }
}

impl Point {
    /// The release profile without symbols.
    pub fn release(panic: Panic) -> Self {
        Self { opt_level: OptLevel::Three, lto: Lto::Local, units: Units::Default, panic, packed: false }
    }

    /// What a profile has to set. Where the number of codegen units is Cargo's default, nothing is.
    pub fn settings(self) -> BTreeMap<String, Value> {
        let Self { opt_level, lto, units, panic, packed: _ } = self;
        let mut settings = vec![
            ("opt-level", opt_level.value()),
            ("lto", lto.value()),
            ("panic", panic.value()),
            ("strip", "symbols".into()),
        ];
        settings.extend((units == Units::One).then(|| ("codegen-units", 1.into())));
        settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// With one codegen unit there is nothing for thin-local LTO to do: the same file as without it.
    #[must_use]
    pub fn canonical(self) -> Self {
        match (self.lto, self.units) {
            (Lto::Local, Units::One) => Self { lto: Lto::Off, ..self },
            _ => self,
        }
    }

    /// How many settings differ from the release profile: of two points that are equally good, the plainer one is chosen.
    pub fn changes(self) -> usize {
        let Self { opt_level, lto, units, panic, packed } = self;
        [
            opt_level != OptLevel::Three,
            lto != Lto::Local,
            units != Units::Default,
            panic != Panic::Unwind,
            packed,
            packed, // The only one that no profile can hold.
        ]
        .into_iter()
        .filter(|differs| *differs)
        .count()
    }

    /// What people lose with this point, compared with a release profile that does this at a panic: speed and build time are
    /// numbers of their own, and the symbols are gone from every point.
    pub fn gives_up(self, release: Panic) -> Vec<&'static str> {
        let mut lost = Vec::new();
        lost.extend((self.panic == Panic::Abort && release == Panic::Unwind).then_some("unwinding"));
        lost.extend(self.packed.then_some("glibc before 2.36"));
        lost
    }
}

/// `opt-level z, lto fat, 1 unit, abort, packed`: what differs from the release profile, with the level always said.
impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { opt_level, lto, units, panic, packed } = self;
        let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        write!(f, "opt-level {}", plain(opt_level.value()))?;
        if *lto != Lto::Local {
            write!(f, ", lto {}", plain(lto.value()))?;
        }
        if *units == Units::One {
            f.write_str(", 1 unit")?;
        }
        if *panic == Panic::Abort {
            f.write_str(", abort")?;
        }
        if *packed { f.write_str(", packed") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_sets_what_the_point_is_and_nothing_about_units_where_they_are_cargos() {
        let release = Point::release(Panic::Unwind);
        let written = |point: Point| {
            point.settings().iter().map(|(key, value)| format!("{key} = {value}")).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(written(release), "lto = false; opt-level = 3; panic = \"unwind\"; strip = \"symbols\"");
        let small =
            Point { opt_level: OptLevel::Z, lto: Lto::Fat, units: Units::One, panic: Panic::Abort, packed: true };
        assert_eq!(
            written(small),
            "codegen-units = 1; lto = \"fat\"; opt-level = \"z\"; panic = \"abort\"; strip = \"symbols\""
        );
        assert_eq!(release.to_string(), "opt-level 3");
        assert_eq!(small.to_string(), "opt-level z, lto fat, 1 unit, abort, packed");
        assert_eq!(small.gives_up(Panic::Unwind), ["unwinding", "glibc before 2.36"]);
        assert_eq!(small.gives_up(Panic::Abort), ["glibc before 2.36"]);
        assert!(release.gives_up(Panic::Unwind).is_empty() && release.changes() == 0);
    }
}
