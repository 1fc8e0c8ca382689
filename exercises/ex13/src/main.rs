//! All three tools in one program: `tools hex`, `tools rank`, `tools wrap`, and each of them under its own name, if the
//! program is installed under it. This is the file that you change.

use std::process::ExitCode;

fn main() -> ExitCode {
    // TODO: run the tool that has the name under which this program was started.
    // TODO: otherwise, run the tool that the first argument names, without that argument.
    usage()
}

fn usage() -> ExitCode {
    eprintln!("usage: tools hex|rank|wrap [NUMBER] <FILE");
    ExitCode::from(2)
}
