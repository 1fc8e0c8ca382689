//! What `shift_log` and its sister programs share. You don't change this file.

pub mod reading;
pub mod texts;
