//! Prints two check sums of standard input. C computes them, in a package of its own: who has its bytes?

use std::io::{self, Read};

fn main() -> io::Result<()> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    println!("{:08x} {:016x}", sums_sys::crc32(&bytes), sums_sys::siphash(&bytes));
    Ok(())
}
