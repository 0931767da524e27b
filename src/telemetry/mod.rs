//! Names of metrics, spans and log fields, and where they go.
