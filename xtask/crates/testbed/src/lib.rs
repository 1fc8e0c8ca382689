//! What the tests share: small projects in temporary folders, the programs of this workspace called there in a clean
//! environment, a browser. Only tests use it.

#![expect(clippy::missing_errors_doc, reason = "the words for what a page is not")]
#![expect(clippy::missing_panics_doc, reason = "a test that can't go on fails")]

pub mod browser;
pub mod class;
pub mod course;
pub mod made;
mod program;
pub mod project;
pub mod schema;
pub mod store;
pub mod webdriver;

pub use program::{own, program};
