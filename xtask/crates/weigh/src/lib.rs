//! Where the bytes of a Rust program come from, and what each setting of a Cargo profile saves and costs: executables of every
//! format taken apart by section, crate, and function; profiles by Cargo's own rules; many builds at once; tables, budgets,
//! reports. The program `cargo weigh` is a thin layer on top of it. Nothing here knows of a course.
//!
//! # Profiles, by Cargo's rules
//!
//! What a profile inherits, and what Cargo's defaults are, without asking Cargo:
//!
//! ```
//! use weigh::profiles::Profiles;
//!
//! let profiles = Profiles::of("[profile.dist]\ninherits = \"release\"\nlto = true\n");
//! assert_eq!(profiles.chain("dist"), ["dist", "release"]);
//! assert_eq!(profiles.value("dist", "lto"), Some(true.into()));
//! assert_eq!(profiles.value("dist", "codegen-units"), Some(16.into()));
//! ```
//!
//! # Where an executable's bytes come from
//!
//! By section, which add up to the file, and by crate, which add up to its machine code:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use weigh::anatomy::Anatomy;
//!
//! let this = Anatomy::of_file("this program", &std::env::current_exe()?)?;
//! assert_eq!(this.sections.iter().map(|section| section.bytes).sum::<u64>(), this.file_bytes);
//! # Ok(())
//! # }
//! ```
//!
//! # A ladder of settings
//!
//! [`sizes::run`] builds the rows of the tables side by side, and prints them. The tables for any crate come with the library:
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use weigh::{options, workshop::Workshop};
//!
//! let subject = options::Subject { manifest_path: Some("Cargo.toml".into()), alone: true, ..Default::default() };
//! let tables = Workshop::of(&subject)?.sizes.tables;
//! let ladder = tables.iter().find(|table| table.name.as_ref() == "ladder").ok_or("no ladder")?;
//! assert_eq!(ladder.rows[1].label, "+ opt-level = \"z\"");
//!
//! let options = options::Sizes { table: vec!["ladder".to_owned()], subject, ..Default::default() };
//! # fn minutes(options: &options::Sizes) -> Result<(), Box<dyn std::error::Error>> {
//! weigh::sizes::run(&options)?; // builds six profiles
//! # Ok(())
//! # }
//! # assert_eq!(options.table.len(), 1);
//! # Ok(())
//! # }
//! ```

pub mod anatomy;
pub mod budget;
pub mod builds;
pub mod cargo;
#[cfg(feature = "cli")]
pub mod cli;
pub mod committed;
pub mod compressed;
pub mod history;
pub mod image;
pub mod inspect;
pub mod measure;
pub mod oci;
pub mod options;
pub mod profiles;
pub mod rebuilt;
pub mod report;
pub mod sizes;
pub mod subject;
pub mod surroundings;
pub mod tune;
pub mod workshop;
