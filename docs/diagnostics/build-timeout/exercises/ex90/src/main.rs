#![allow(long_running_const_eval)]

const COUNTED: u64 = {
    let mut number = 0;
    while number < 1_000_000_000_000 {
        number += 1;
    }
    number
};

fn main() {
    println!("{COUNTED}");
}
