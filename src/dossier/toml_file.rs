//! Reading a TOML file of the operator's: the first syntax error with its line.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::problem::{Place, Problems};

/// The file's content as `T`, or the problem that keeps it from being read.
pub(super) fn read<T: DeserializeOwned>(text: &str, file: &Path, problems: &mut Problems) -> Option<T> {
    match toml::from_str(text) {
        Ok(written) => Some(written),
        Err(error) => {
            let place = error.span().map_or(Place::file(file), |span| Place::at(file, text, span.start));
            problems.error(place, error.message(), "correct the file");
            None
        }
    }
}
