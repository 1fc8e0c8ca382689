//! Takes its arguments for numbers, and survives it if one is none.

use std::process::ExitCode;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| eprintln!("parts: {panic}")));
    let sum = || std::env::args().skip(1).map(|text| text.parse::<u64>().unwrap()).sum::<u64>();
    match std::panic::catch_unwind(sum) {
        Ok(sum) => {
            println!("{sum}");
            ExitCode::SUCCESS
        }
        Err(_) => ExitCode::FAILURE,
    }
}
