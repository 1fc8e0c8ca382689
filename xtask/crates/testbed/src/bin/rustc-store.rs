//! Replaces rustc in the long tests: takes a unit that was compiled before from a store. `.ci/toolchain.sh` puts it
//! there.

use std::process::ExitCode;

fn main() -> ExitCode {
    testbed::store::serve()
}
