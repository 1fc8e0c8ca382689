//! What a program asks of the kernel.

use super::Attack;
use super::words::FILTER;
use crate::selftest::Must::Full;

/// Its attacks.
pub(super) const ATTACKS: &[Attack] = &[
    program!("types into a terminal", "run/terminal.rs", &[Full], "the run sandbox: it has its own session"),
    program!("sets the clock", "run/clock.rs", &[Full], FILTER),
    program!("creates its own namespaces", "run/namespaces.rs", &[Full], FILTER),
    program!("makes system calls of another architecture", "run/other_architecture.rs", &[Full], FILTER),
    program!("lets the kernel work for it (io_uring)", "run/io_uring.rs", &[Full], FILTER),
    program!("keeps memory that belongs to no process", "run/hidden_memory.rs", &[Full], FILTER),
    program!("loads code into the kernel", "run/kernel_code.rs", &[Full], FILTER),
    program!("looks into other processes", "run/debugger.rs", &[Full], FILTER),
    program!("opens sockets of other families", "run/sockets.rs", &[Full], FILTER),
];
