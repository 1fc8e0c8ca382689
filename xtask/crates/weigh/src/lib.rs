//! Where the bytes of a Rust program come from, and what each setting of a Cargo profile saves and costs: executables of every
//! format taken apart by section, crate, and function; profiles by Cargo's own rules; many builds at once; tables, budgets,
//! reports. The program `cargo weigh` is a thin layer on top of it. Nothing here knows of a course.

pub mod anatomy;
pub mod budget;
pub mod cargo;
#[cfg(feature = "cli")]
pub mod cli;
pub mod committed;
pub mod dissect;
pub mod image;
pub mod measure;
pub mod oci;
pub mod options;
pub mod profiles;
pub mod report;
pub mod sizes;
pub mod subject;
pub mod surroundings;
pub mod workshop;
