//! All three tools in one program: `tools hex`, `tools rank`, `tools wrap`, and each of them under its own name, if the
//! program is installed under it. This is the file that you change.

use std::process::ExitCode;

fn main() -> ExitCode {
    usage()
}

fn usage() -> ExitCode {
    eprintln!("usage: tools hex|rank|wrap [NUMBER] <FILE");
    ExitCode::from(2)
}
