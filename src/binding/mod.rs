//! binding.toml × schema × descriptors → the plan both directions run.

pub mod plan;
