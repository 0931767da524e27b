//! XSD files → [`Schema`], or every reason why not.

mod attributes;
mod builtin;
mod complex;
mod grammar;
mod index;
mod particles;
mod simple;
mod source;

use std::path::PathBuf;

use super::model::Schema;
use crate::problem::Problems;

/// Reads `files` with all they include and import (local files only, relative to the file that names them).
///
/// Supported is what exchange schemas use of XML Schema 1.0; anything else is an error that names the
/// construct, never skipped. All problems of all files are added to `problems`; `None` where any of them is an error.
/// Limits: 256 files of 16 MiB.
pub fn load(files: &[PathBuf], problems: &mut Problems) -> Option<Schema> {
    let mut found = Problems::new();
    let sources = source::read(files, &mut found);
    let schema = index::Builder::new(&sources, &mut found).build();
    let good = !found.has_errors();
    problems.append(found);
    good.then_some(schema)
}
