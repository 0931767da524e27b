//! Composition: settings → running servers.
