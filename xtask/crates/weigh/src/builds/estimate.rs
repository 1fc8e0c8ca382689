//! About how long builds take, estimated from measured ones. A build with LTO takes longer than one without, and how much longer
//! differs from program to program: where no such build was measured, the estimate leaves that open.

use super::Variant;
use crate::profiles::canonical;
use base::numbers::thousands;

/// What a build sets `lto` to; none where it is the base profile's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lto(Option<String>);

impl Lto {
    pub(super) fn of(variant: &Variant) -> Self {
        Self(variant.settings.get("lto").map(|value| canonical("lto", value)))
    }

    fn is_on(&self) -> bool {
        matches!(self.0.as_deref(), Some("fat" | "thin"))
    }
}

/// How long the open builds take one after the other, and which part of that isn't known.
#[derive(Debug, PartialEq)]
pub(super) struct Estimate {
    seconds: f64,
    builds: usize,
    /// Builds with LTO, where none like them was measured.
    unknown: usize,
}

impl Estimate {
    /// `measured`: builds that are known, with the seconds that each one took.
    pub(super) fn of(measured: &[(Lto, f64)], open: &[Lto]) -> Self {
        let mean = |kind: &dyn Fn(&Lto) -> bool| {
            let seconds: Vec<f64> = measured.iter().filter(|(lto, _)| kind(lto)).map(|(_, seconds)| *seconds).collect();
            (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / seconds.len() as f64)
        };
        let mut estimate = Self { seconds: 0.0, builds: open.len(), unknown: 0 };
        for lto in open {
            let alike = mean(&|other| other == lto);
            estimate.unknown += usize::from(alike.is_none() && lto.is_on());
            estimate.seconds += alike.or_else(|| mean(&|other| !other.is_on())).unwrap_or(0.0);
        }
        estimate
    }

    /// The estimate where so many builds run at once.
    pub(super) fn words(&self, jobs: usize) -> String {
        let Self { seconds, builds, unknown } = self;
        let time = super::about(seconds / jobs as f64);
        match unknown {
            0 => time,
            _ if unknown == builds => format!("{time}, longer with LTO"),
            _ => format!("{time}, longer for the {} with LTO", thousands(*unknown as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lto(value: Option<&str>) -> Lto {
        Lto(value.map(str::to_owned))
    }

    #[test]
    fn a_build_with_lto_is_estimated_by_others_with_lto_or_said_to_take_longer() {
        let open = [lto(None), lto(Some("fat")), lto(Some("fat"))];
        let estimate = Estimate::of(&[(lto(None), 2.0)], &open);
        assert_eq!(estimate, Estimate { seconds: 6.0, builds: 3, unknown: 2 });
        assert_eq!(estimate.words(1), "about 10 s, longer for the 2 with LTO");
        let estimate = Estimate::of(&[(lto(None), 2.0), (lto(Some("fat")), 20.0)], &open);
        assert_eq!(estimate.words(2), "about 25 s");
        assert_eq!(Estimate::of(&[(lto(None), 2.0)], &open[1..]).words(1), "about 5 s, longer with LTO");
        let without = Estimate::of(&[(lto(None), 2.0)], &[lto(Some("off"))]);
        assert_eq!(without.words(1), "about 5 s", "no LTO takes no longer");
    }
}
