//! XSD files → [`Schema`], or every reason why not.

use std::path::PathBuf;

use super::model::Schema;
use crate::problem::Problems;

/// Reads `files` with all they include and import (local files only, relative to the file that names them).
///
/// All problems of all files are added to `problems`; `None` where any of them is an error.
pub fn load(files: &[PathBuf], problems: &mut Problems) -> Option<Schema> {
    let _ = (files, problems);
    todo!()
}
