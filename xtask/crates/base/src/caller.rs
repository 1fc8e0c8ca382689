//! What people type to call this program. Several programs give the same advice, and it must name the program that is there.

use std::sync::OnceLock;

static NAME: OnceLock<&str> = OnceLock::new();

/// Says what people type: `cargo weigh`. The first call counts; `main` makes it.
pub fn set(name: &'static str) {
    let _ = NAME.set(name);
}

/// What people type; the workshop's own runner if nothing else was said.
#[must_use]
pub fn name() -> &'static str {
    NAME.get().copied().unwrap_or("cargo xtask")
}

/// Whether this program was called by the workshop's runner, and not by itself.
#[must_use]
pub fn is_workshop() -> bool {
    name() == "cargo xtask"
}
