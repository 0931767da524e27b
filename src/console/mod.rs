//! The operator's view: health and metrics.
