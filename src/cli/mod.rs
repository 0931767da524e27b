//! The command line.

pub mod call;
