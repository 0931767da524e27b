//! Certificates, keys and lists made on the spot; chains and files in, verdicts and problems out.

mod files;
mod paper;
mod verdicts;
