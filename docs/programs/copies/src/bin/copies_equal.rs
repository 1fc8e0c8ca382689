//! Two generic functions, each called with four types. The copies of one are identical, but not those of the other.

use std::env;

trait Unit {
    const NAME: &'static str;
    fn value(&self) -> u64;
}

macro_rules! units {
    ($($unit:ident $name:literal)*) => {
        $(
            struct $unit(u64);
            impl Unit for $unit {
                const NAME: &'static str = $name;
                fn value(&self) -> u64 { self.0 }
            }
        )*
    };
}

units! { Meters "m" Feet "ft" Miles "mi" Yards "yd" }

// ANCHOR: functions
/// The four types differ only in their names, which this function doesn't use.
#[inline(never)]
fn plain<U: Unit>(units: &[U]) -> String {
    let mut text = String::new();
    for unit in units {
        text.push_str(&unit.value().to_string());
        text.push(' ');
    }
    text
}

/// The unit's name is part of the code.
#[inline(never)]
fn labelled<U: Unit>(units: &[U]) -> String {
    let mut text = String::new();
    for unit in units {
        text.push_str(&unit.value().to_string());
        text.push_str(U::NAME);
    }
    text
}
// ANCHOR_END: functions

fn main() {
    let count = env::args().count() as u64;
    println!("{}{}", plain(&[Meters(count), Meters(1)]), labelled(&[Meters(count), Meters(1)]));
    println!("{}{}", plain(&[Feet(count), Feet(2)]), labelled(&[Feet(count), Feet(2)]));
    println!("{}{}", plain(&[Miles(count), Miles(3)]), labelled(&[Miles(count), Miles(3)]));
    println!("{}{}", plain(&[Yards(count), Yards(4)]), labelled(&[Yards(count), Yards(4)]));
}
