//! The embedded dossier service: the ministry's stand-in for trials and pilots.
